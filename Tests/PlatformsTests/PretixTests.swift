import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

@Suite("pretix") struct PretixTests {
    private func shop(_ sizes: [String: Int] = [:], quirks: [String: String] = [:]) -> MerchantWalk {
        MerchantWalk(PretixPlatform(), sizes: MerchantWalk.sizes.merging(sizes) { $1 }, quirks: quirks)
    }

    private func answer(_ step: Step, _ status: Int = 200, at now: Date, _ body: String) -> [Exchange] {
        [
            Exchange(
                request: step.requests[0],
                response: PlatformResponse(
                    status: status, headers: [("X-Page-Generated", PlatformTime.format(now))],
                    body: PaddedBytes(Array(body.utf8)), requestedAt: now))
        ]
    }

    private func read(_ resource: String, _ cursor: Cursor?, at now: Date = MerchantWalk.start) -> StreamRead {
        StreamRead(resource: resource, cursor: cursor, settings: ["organizer": "harbour"], now: now)
    }

    private func list(_ records: [String], count: Int, next: String? = nil) -> String {
        let next = next.map { #""http://elsewhere.example/?\#($0)""# } ?? "null"
        return #"{"count":\#(count),"next":\#(next),"previous":null,"results":[\#(records.joined(separator: ","))]}"#
    }

    private func order(_ code: String, isTest: Bool = false) -> String {
        #"{"code":"\#(code)","testmode":\#(isTest),"last_modified":"2026-09-01T00:00:00.250000Z"}"#
    }

    // MARK: - Traps

    @Test("everything is walked newest first; what changed is asked for by time, inclusive, with an overlap")
    func requests() throws {
        let platform = PretixPlatform()
        let whole = try platform.nextStep(in: read("orders", nil))
        #expect(whole.requests[0].path == "/api/v1/organizers/harbour/orders/")
        #expect(whole.requests[0].query.filter { $0.name == "ordering" }.map(\.value) == ["-datetime"])
        #expect(whole.requests[0].query.filter { $0.name == "exclude" }.map(\.value).contains("payments"))
        let page = try platform.page(
            from: answer(whole, at: MerchantWalk.start, list([], count: 0)), in: read("orders", nil))
        let changes = try platform.nextStep(in: read("orders", page.cursor, at: MerchantWalk.start + 300))
        #expect(changes.requests[0].query.filter { $0.name == "ordering" }.map(\.value) == ["-last_modified"])
        #expect(changes.requests[0].query.last?.value == PlatformTime.format(MerchantWalk.start - 300))
    }

    @Test("a payment or refund does not move its order's time of change; the sweep of an hour finds it")
    func money() throws {
        let shop = shop()
        try shop.run("order_payments")
        shop.store.change(count: 300, now: shop.now)
        shop.pass(300)
        try shop.run("order_payments")
        #expect(shop.held != shop.truth("order_payments"), "what changed cannot be asked for")
        shop.pass(3600)
        try shop.run("order_payments")
        #expect(shop.held == shop.truth("order_payments"))
    }

    @Test("what opens an order is not held", arguments: ["orders", "order_payments"])
    func secrets(resource: String) throws {
        let shop = shop()
        try shop.run(resource)
        #expect(!shop.held.isEmpty)
        for (key, payload) in shop.held {
            let text = String(decoding: payload, as: UTF8.self)
            #expect(!text.contains("sesame") && !text.contains("pay/open") && !text.contains("pseudonym"), "\(key)")
        }
    }

    @Test("a permission that is taken away is no deletion: the empty list is refused, and the stream says so")
    func hidden() throws {
        let platform = PretixPlatform()
        var read = read("orders", nil)
        let records = [order("A"), order("B"), order("T", isTest: true)]
        var page = try platform.page(
            from: answer(try platform.nextStep(in: read), at: read.now, list(records, count: 3)), in: read)
        #expect(page.sweep?.isComplete == true && page.degradation == nil)
        for left in [[], [order("B")], [order("B"), order("T", isTest: true)]] {
            read = self.read("orders", page.cursor, at: read.now + 90_000)
            page = try platform.page(
                from: answer(try platform.nextStep(in: read), at: read.now, list(left, count: left.count)), in: read)
            #expect(page.sweep?.isComplete == false && page.isCaughtUp, "\(left)")
            #expect(page.degradation?.code == .authScopeMissing)
            // It stays said until a walk meets them again.
            read = self.read("orders", page.cursor, at: read.now + 300)
            page = try platform.page(
                from: answer(try platform.nextStep(in: read), at: read.now, list([], count: 0)), in: read)
            #expect(page.sweep == nil && page.degradation?.code == .authScopeMissing)
        }
        // An order in test mode can be deleted.
        read = self.read("orders", page.cursor, at: read.now + 90_000)
        page = try platform.page(
            from: answer(try platform.nextStep(in: read), at: read.now, list([order("A"), order("B")], count: 2)),
            in: read)
        #expect(page.sweep?.isComplete == true && page.degradation == nil)
    }

    @Test("an order that a new one pushed onto the next page is counted once")
    func pushed() throws {
        let platform = PretixPlatform()
        let begin = try platform.nextStep(in: read("orders", nil))
        let first = try platform.page(
            from: answer(
                begin, at: MerchantWalk.start, list([order("C"), order("B")], count: 3, next: "page=2")),
            in: read("orders", nil))
        let last = try platform.page(
            from: answer(
                try platform.nextStep(in: read("orders", first.cursor)), at: MerchantWalk.start,
                list([order("B"), order("A")], count: 4)), in: read("orders", first.cursor))
        #expect(last.coverage.first?.distinctCount == 3)
        // Three are enough in the next sweep.
        let later = read("orders", last.cursor, at: MerchantWalk.start + 90_000)
        let swept = try platform.page(
            from: answer(
                try platform.nextStep(in: later), at: later.now, list([order("A"), order("B"), order("C")], count: 3)),
            in: later)
        #expect(swept.sweep?.isComplete == true)
    }

    @Test(
        "a list that got shorter than the page asked for is walked again",
        arguments: ["Invalid page.", "Ungültige Seite."])
    func shorter(text: String) throws {
        let platform = PretixPlatform()
        let begin = try platform.nextStep(in: read("orders", nil))
        let first = try platform.page(
            from: answer(begin, at: MerchantWalk.start, list([order("A")], count: 2, next: "page=2")),
            in: read("orders", nil))
        let there = read("orders", first.cursor)
        let gone = answer(
            try platform.nextStep(in: there), 404, at: MerchantWalk.start, #"{"detail":"\#(text)"}"#)
        guard case .failure(let failure) = platform.meaning(of: gone, in: there) else {
            Issue.record("a page that is not there is no page")
            return
        }
        #expect(failure.error.code == .requestCursorExpired)
        let again = try platform.nextStep(in: there.going(on: try #require(failure.goOnWith)))
        #expect(again.requests[0].query.map(\.name) == begin.requests[0].query.map(\.name))
    }

    @Test("without permission the orders are an empty list and all else is refused")
    func permission() throws {
        let shop = shop(quirks: ["permission": "none"])
        try shop.run("orders")
        #expect(shop.held.isEmpty)
        for resource in ["items", "customers", "events"] {
            #expect {
                try shop.run(resource)
            } throws: { ($0 as? ReadFailure)?.error.code == .authScopeMissing }
        }
    }

    @Test("new orders, and orders that change, while the pages are walked: none is missed", arguments: [1, 2, 3])
    func drift(seed: UInt64) throws {
        for resource in ["orders", "order_payments"] {
            let shop = MerchantWalk(PretixPlatform(), seed: seed, sizes: MerchantWalk.sizes)
            for _ in 0..<3 {
                while try !shop.step(resource) { shop.store.change(count: 30, now: shop.now) }
                shop.pass(400)
            }
            shop.pass(90_000)
            try shop.run(resource)
            #expect(shop.held == shop.truth(resource), "\(resource), seed \(seed)")
            #expect(shop.flags.allSatisfy { $0.code == .requestCursorExpired })
        }
    }

    // MARK: - Products

    @Test("the products of every event are read, over several pages of both lists")
    func items() throws {
        let shop = shop(["events": 70, "items": 400])
        try shop.run("items")
        #expect(shop.held.count == 400 && shop.held == shop.truth("items"))
        #expect(shop.records["items event-1:1"] != nil)
        shop.change(count: 60)
        try shop.run("items")
        #expect(shop.held == shop.truth("items"), "deletions too")
    }

    @Test("an event that is refused is skipped; then nothing counts as deleted, and the stream says why")
    func refusedEvent() throws {
        let platform = PretixPlatform()
        var cursor: Cursor?
        var pages: [Page] = []
        for (status, body) in [
            (200, list([#"{"slug":"a"}"#, #"{"slug":"b"}"#], count: 2)),
            (403, #"{"detail":"You do not have permission to perform this action."}"#),
            (200, list([#"{"id":7}"#], count: 1)),
        ] {
            let read = read("items", cursor)
            let page = try platform.page(
                from: answer(try platform.nextStep(in: read), status, at: MerchantWalk.start, body), in: read)
            cursor = page.cursor
            pages.append(page)
        }
        #expect(pages[1].flags.map(\.code) == [.authScopeMissing] && !pages[1].isCaughtUp)
        #expect(pages[2].records.map(\.id) == ["b:7"] && pages[2].isCaughtUp)
        #expect(pages[2].sweep?.isComplete == false && pages[2].degradation?.code == .authScopeMissing)
    }

    @Test("a shop without events has no products; one whose events all went has kept them")
    func noEvents() throws {
        let shop = shop(["events": 0, "items": 0])
        try shop.run("items")
        #expect(shop.held.isEmpty && shop.flags.isEmpty)

        let platform = PretixPlatform()
        var cursor: Cursor?
        var last: Page?
        for body in [
            list([#"{"slug":"a"}"#], count: 1), list([#"{"id":7}"#], count: 1), list([], count: 0),
        ] {
            let read = read("items", cursor)
            last = try platform.page(
                from: answer(try platform.nextStep(in: read), at: MerchantWalk.start, body), in: read)
            cursor = last?.cursor
        }
        #expect(last?.sweep?.isComplete == false && last?.degradation?.code == .authScopeMissing)
    }

    @Test("a crash after any page loses nothing: the cursor is all there is to go on with")
    func deterministic() throws {
        let one = shop(["events": 5])
        try one.run("items")
        let other = shop(["events": 5])
        while try !other.step("items") {}
        #expect(one.held == other.held)
    }
}
