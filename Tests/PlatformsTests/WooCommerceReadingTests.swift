import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// Shops in every state of repair are read to the last record.
@Suite("WooCommerce: reading") struct WooCommerceReadingTests {
    static let shops: [[String: String]] = [
        [:], ["version": "8.0.0"], ["version": "10.7.0"], ["version": "5.5.0"], ["version": "3.3.0"],
        ["ties": "60", "version": "8.0.0"], ["ties": "60"],
        ["time_zone": "Europe/Paris"], ["time_zone": "America/New_York", "version": "8.0.0"],
        ["time_zone": "Asia/Kolkata"], ["time_zone": "Europe/Paris", "dates": "zoned"],
        ["bom": "yes"], ["php_warnings": "yes"], ["wrapped": "yes"], ["bom": "yes", "php_warnings": "yes"],
        ["totals": "none"], ["strips_authorization": "yes"], ["subfolder": "/shop"], ["permalinks": "plain_keys"],
        ["security_plugin": "closed"], ["refunds": "absent"], ["variations": "present"],
        ["clock_ahead": "240"], ["clock_ahead": "-3000"], ["language": "fr"],
        ["memory": "25", "crash": "html"], ["memory": "10", "crash": "cut"], ["memory": "60", "crash": "empty"],
    ]

    @Test("everything is read, then what changed, then what was deleted without a trace", arguments: shops)
    func everything(quirks: [String: String]) throws {
        let shop = try WooCommerceShop(quirks)
        try shop.read()
        shop.expectTruth(place: "at first")
        shop.walk.change(count: 120)
        try shop.read()
        // What is deleted leaves no trace, and customers do not say what changed: the sweep finds out.
        for resource in ["orders", "products"] {
            #expect(shop.difference(resource).missing == [], "\(quirks)")
        }
        shop.walk.pass(25 * 3600)
        try shop.read()
        // A refund that is taken back does not move its order, so the order's own list of refunds is as it was.
        for resource in WooCommerceShop.resources { shop.expectIdentifiers(resource) }
        shop.walk.change(count: 60)
        shop.walk.pass(8 * 86_400)
        try shop.read()
        shop.expectTruth(place: "after a week")
    }

    @Test("a shop that does not answer in time is asked for smaller pages, down to one record")
    func silence() throws {
        let platform = WooCommercePlatform()
        func read(_ cursor: WooCommerceCursor) throws -> StreamRead {
            StreamRead(
                resource: "orders", cursor: try Cursor(encoding: cursor),
                now: Date(timeIntervalSince1970: 1_790_000_000))
        }
        var cursor = WooCommerceCursor(pageSizeMax: 100)
        #expect(platform.cursorAfterSilence(in: try read(cursor)) == nil, "while the shop is searched for")
        cursor.server = WooCommerceServer(settings: [
            WooCommerceServer.rootName: "/wp-json", WooCommerceServer.namespaceName: "wc/v3",
        ])
        var sizes: [String] = []
        for _ in 0..<10 {
            guard cursor.server != nil, let next = platform.cursorAfterSilence(in: try read(cursor)) else { break }
            cursor = try #require(next.decode())
            let step = try platform.nextStep(in: try read(cursor))
            sizes.append(step.requests[0].query.first { $0.name == "per_page" }?.value ?? "none")
        }
        #expect(sizes == ["50", "25", "10", "1"])
    }

    @Test("a page of a walk is followed whatever was edited, deleted, trashed or added since", arguments: 1...8)
    func changesDuringTheFirstWalk(seed: Int) throws {
        print("seed \(seed)")
        var random = SeededRandom(seed: UInt64(seed))
        let shop = try WooCommerceShop(["version": seed % 2 == 0 ? "8.0.0" : "9.9.5"], sizes: ["orders": 700])
        var touched: Set<Int> = []
        let before = Set(shop.ids)
        while try !shop.walk.step("orders") {
            for _ in 0..<Int.random(in: 0..<12, using: &random) {
                guard let id = shop.ids.randomElement(using: &random) else { break }
                touched.insert(id)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: shop.store.delete(.orders, id)
                case 1: shop.store.trash(id, .orders, at: shop.seconds)
                default: shop.store.edit(id, .orders, at: shop.seconds)
                }
            }
        }
        let held = Set(shop.walk.records.values.compactMap { Int($0.id) })
        #expect(before.subtracting(touched).subtracting(held).isEmpty, "a record nobody touched is missing")
        // What was touched behind us is in the next window; what was deleted behind us, in the next sweep.
        shop.walk.pass(400)
        try shop.read(["orders"])
        #expect(shop.difference("orders").missing == [])
        shop.walk.pass(25 * 3600)
        try shop.read(["orders"])
        shop.expectTruth(["orders"])
    }

    @Test("a window loses nothing while its records are edited out of it at every page", arguments: 1...8)
    func changesDuringAWindow(seed: Int) throws {
        print("seed \(seed)")
        var random = SeededRandom(seed: UInt64(seed))
        let shop = try WooCommerceShop(["ties": seed % 2 == 0 ? "60" : "3"], sizes: ["orders": 600])
        try shop.read(["orders"])
        shop.walk.pass(3600)
        for id in shop.ids { shop.store.edit(id, .orders, at: shop.seconds) }
        shop.walk.pass(60)
        var touched: Set<Int> = []
        while try !shop.walk.step("orders") {
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                guard let id = shop.ids.randomElement(using: &random) else { break }
                touched.insert(id)
                if Int.random(in: 0..<10, using: &random) == 0 {
                    shop.store.delete(.orders, id)
                } else {
                    shop.store.edit(id, .orders, at: shop.seconds)
                }
            }
        }
        let wrong = shop.difference("orders").wrong.compactMap { Int($0.dropFirst("orders ".count)) }
        #expect(Set(wrong).subtracting(touched).isEmpty, "a record nobody touched was left as it was")
        shop.walk.pass(400)
        try shop.read(["orders"])
        shop.walk.pass(25 * 3600)
        try shop.read(["orders"])
        shop.expectTruth(["orders"])
    }

    @Test("what goes into the trash is gone with the next read, what is deleted with the next sweep")
    func deletions() throws {
        let shop = try WooCommerceShop()
        try shop.read()
        shop.walk.pass(600)
        let (trashed, deleted) = (shop.ids[5], shop.ids[50])
        shop.store.trash(trashed, .orders, at: shop.seconds)
        shop.store.delete(.orders, deleted)
        shop.walk.pass(60)
        try shop.read(["orders"])
        #expect(shop.walk.records["orders \(trashed)"] == nil)
        #expect(shop.walk.records["orders \(deleted)"] != nil)
        shop.walk.pass(25 * 3600)
        try shop.read()
        #expect(shop.walk.records["orders \(deleted)"] == nil)
        shop.expectTruth()
    }

    @Test("nothing has changed: two requests say so")
    func nothingChanged() throws {
        let shop = try WooCommerceShop()
        try shop.read(["orders"])
        shop.walk.pass(900)
        let before = shop.store.counters.requests
        try shop.read(["orders"])
        #expect(shop.store.counters.requests - before == 2)
    }

    @Test("what was read is proven: the shop's count beside our own")
    func coverage() throws {
        let shop = try WooCommerceShop()
        try shop.read()
        for coverage in shop.walk.coverage {
            #expect(coverage.platformCount == coverage.distinctCount, "\(coverage)")
            #expect(coverage.from == nil && coverage.to == nil)
        }
        #expect(Set(shop.walk.coverage.map(\.resource)) == Set(WooCommerceShop.resources))
        let count = shop.walk.coverage.count
        shop.walk.change(count: 80)
        try shop.read(["orders"])
        let window = try #require(shop.walk.coverage.dropFirst(count).first { $0.resource == "orders" })
        #expect(window.platformCount == window.distinctCount && window.distinctCount > 0)
        #expect(window.from != nil && window.to != nil)
    }

    @Test(
        "records on which the shop crashes are left out with a word, and nothing else is",
        arguments: [
            ["poison_id": "0"], ["poison_id": "57"], ["poison_id": "57,58,59"], ["poison_id": "259"],
            ["poison_id": "57", "crash": "html"], ["poison_id": "100", "crash": "empty"],
            ["poison_id": "199", "crash": "cut"], ["poison_id": "57", "poison_thin": "yes"],
            ["poison_id": "3,120,121,240", "version": "8.0.0", "language": "es"],
        ])
    func poison(quirks: [String: String]) throws {
        let shop = try WooCommerceShop(quirks)
        try shop.read(["orders"])
        shop.expectTruth(["orders"])
        let flags = shop.walk.flags.filter { $0.code == .dataRecordRejected }
        #expect(flags.count == quirks["poison_id"]?.split(separator: ",").count)
        if quirks["poison_thin"] == nil { #expect(flags.allSatisfy { $0.externalID != nil }) }
        // The next reads go on beside it.
        shop.walk.change(count: 40)
        try shop.read(["orders"])
        #expect(shop.difference("orders").missing == [])
    }

    @Test("a list that shows less than it counts is said to, and proves no deletion")
    func hiddenRows() throws {
        let shop = try WooCommerceShop(["hidden_rows": "7"])
        try shop.read(["orders"])
        shop.expectTruth(["orders"])
        #expect(shop.codes.contains("permission.object"))
    }

    @Test("a shop without anything, and its first order")
    func firstOrder() throws {
        let shop = try WooCommerceShop(["time_zone": "America/New_York"], sizes: ["orders": 0, "products": 0])
        try shop.read()
        shop.walk.change(count: 200)
        try shop.read()
        shop.expectTruth(["orders"])
        #expect(shop.ids.count > 1)
    }

    @Test("the day on which clocks are set back hides nothing")
    func clockChange() throws {
        // 2026-10-25T01:00:00Z, when 03:00 becomes 02:00 in Paris.
        for quirk in ["gmt", "zoned"] {
            let shop = try WooCommerceShop(["time_zone": "Europe/Paris", "dates": quirk])
            try shop.read(["orders"])
            let change = 1_792_890_000
            shop.walk.pass(Double(change - 5400 - shop.seconds))
            for _ in 0..<18 {
                shop.walk.pass(600)
                shop.store.change(count: 8, now: shop.walk.now)
                shop.walk.pass(15)
                try shop.read(["orders"])
                if quirk == "gmt" { #expect(shop.difference("orders").missing == []) }
            }
            shop.walk.pass(25 * 3600)
            try shop.read(["orders"])
            shop.expectIdentifiers("orders")
        }
    }

    @Test("a version that cannot be asked for changes says so, and is read again every hour")
    func oldVersion() throws {
        let shop = try WooCommerceShop(["version": "5.5.0"])
        try shop.read(["orders"])
        #expect(shop.codes.contains("platform.endpoint_gone"))
        shop.walk.pass(300)
        let before = shop.store.counters.requests
        try shop.read(["orders"])
        #expect(shop.store.counters.requests - before == 1)
        shop.walk.change(count: 50)
        shop.walk.pass(3600)
        try shop.read(["orders"])
        shop.expectTruth(["orders"])
    }

    @Test("a version with other lists is found within a week, and one without them at once")
    func update() throws {
        let shop = try WooCommerceShop(["refunds": "absent", "variations": "absent"])
        let resources = ["refunds", "variations"]
        func purposes() -> Set<String> {
            Set(shop.walk.steps.suffix(2).map { $0.exchanges[0].request.purpose })
        }
        try shop.read(resources)
        shop.expectTruth(resources)
        #expect(purposes().contains("children"))
        shop.store.quirks.hasRefunds = true
        shop.store.quirks.hasVariations = true
        shop.walk.change(count: 60)
        shop.walk.pass(8 * 86_400)
        try shop.read(resources)
        for resource in resources { shop.expectIdentifiers(resource) }
        #expect(!purposes().contains("children"))
        shop.store.quirks.hasRefunds = false
        shop.store.quirks.hasVariations = false
        shop.walk.change(count: 60)
        try shop.read(resources)
        for resource in resources { shop.expectIdentifiers(resource) }
        #expect(purposes().contains("children"))
    }

    @Test("the plugin switched off stops the reading and not more; on again, it goes on")
    func switchedOff() throws {
        let shop = try WooCommerceShop()
        try shop.read()
        shop.walk.change(count: 30)
        shop.store.quirks.isOff = true
        for resource in WooCommerceShop.resources {
            #expect(Result { try shop.walk.run(resource) }.code == "store.api_missing", "\(resource)")
        }
        shop.store.quirks.isOff = false
        try shop.read()
        #expect(shop.difference("orders").missing == [] && shop.difference("refunds").missing == [])
        #expect(shop.walk.steps.last?.exchanges[0].request.route == "/wc/v3/customers")
    }

    @Test("a thousand variations of one product, and refunds of orders with many, are all read")
    func longChildren() throws {
        let shop = try WooCommerceShop(sizes: ["orders": 20, "products": 4, "variations": 900, "refunds": 60])
        try shop.read(["variations", "refunds"])
        shop.expectTruth(["variations", "refunds"])
    }
}
