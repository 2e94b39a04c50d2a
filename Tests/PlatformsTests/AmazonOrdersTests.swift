import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

@Suite("Amazon: orders and finances") struct AmazonOrdersTests {
    @Test("orders with their items are read and change; pending ones gain their amounts")
    func orders() throws {
        let seller = AmazonSeller(orders: 250, quirks: ["marketplaces": "several"])
        try seller.run("orders")
        #expect(seller.isTrue("orders"))
        #expect(seller.count("order_items") > 250)
        #expect(seller.settings["marketplaces"] == "A2EUQ1WTGCTBG2,ATVPDKIKX0DER")
        #expect(seller.flags.map(\.code) == [.requestHistoryLimit])
        let pending = seller.held.values.filter { $0.payload.text.contains("\"Pending\"") }
        #expect(!pending.isEmpty && pending.allSatisfy { !$0.payload.text.contains("OrderTotal") })
        seller.now += 3600
        seller.store.change(count: 200, now: seller.now)
        let before = seller.requests.count
        try seller.run("orders")
        #expect(seller.isTrue("orders"))
        // Only what changed is asked for: at most 200 orders and the pages they are on.
        #expect(seller.requests.count - before < 280)
        #expect(seller.store.counters.refused == 0)
    }

    @Test("two minutes are kept, a token goes with the parameters of its first request, long orders have more pages")
    func requests() throws {
        let seller = AmazonSeller(orders: 250)
        try seller.run("orders")
        let pages = seller.requests.filter { $0.purpose == AmazonOrders.pagePurpose }
        #expect(pages.count == 3)
        for page in pages {
            let values = Dictionary(page.query.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            #expect(values["LastUpdatedAfter"] == pages[0].query[1].value)
            #expect(values["LastUpdatedBefore"] == pages[0].query[2].value)
            #expect(values["MarketplaceIds"] == "ATVPDKIKX0DER")
        }
        #expect(AmazonTime.parse(pages[0].query[2].value).map { $0 <= MerchantWalk.start - 120 } == true)
        let more = seller.requests.filter { $0.purpose == AmazonOrders.itemsPurpose && !$0.query.isEmpty }
        #expect(!more.isEmpty)
    }

    @Test("a token that cannot be read restarts the walk where it was, and loses nothing")
    func token() throws {
        let seller = AmazonSeller(orders: 250)
        var refusals = 0
        seller.spoil = { request, response in
            guard request.purpose == AmazonOrders.pagePurpose,
                request.query.contains(where: { $0.name == "NextToken" }),
                refusals < 2
            else { return response }
            refusals += 1
            return answer(400, #"{"errors":[{"message":null,"code":"InvalidInput"}]}"#)
        }
        try seller.run("orders")
        #expect(refusals == 2 && seller.failures.count == 2)
        #expect(seller.isTrue("orders"))
    }

    @Test("of a step in which some items fail, the others count and the failed ones are asked for again")
    func someItemsFail() throws {
        let seller = AmazonSeller(orders: 40)
        var number = 0
        seller.spoil = { request, response in
            guard request.purpose == AmazonOrders.itemsPurpose else { return response }
            number += 1
            return number % 3 == 0 ? answer(503, "") : response
        }
        try seller.run("orders")
        #expect(seller.isTrue("orders"))
    }

    @Test("a marketplace that is new has its history read")
    func newMarketplace() throws {
        let seller = AmazonSeller(orders: 80, quirks: ["marketplaces": "several"])
        seller.settings = ["marketplaces": "ATVPDKIKX0DER"]
        try seller.run("orders")
        let first = seller.count("orders")
        #expect(first < 80 && first > 0)
        seller.settings["marketplaces"] = "A2EUQ1WTGCTBG2,ATVPDKIKX0DER"
        try seller.run("orders")
        #expect(seller.isTrue("orders"))
    }

    @Test("events: late ones, pages that are empty and go on, fees that are alike in everything")
    func events() throws {
        let seller = AmazonSeller(orders: 900)
        try seller.run("financial_events")
        #expect(seller.isTrue("financial_events"))
        #expect(
            seller.held.keys.contains { $0.hasPrefix("financial_events ServiceFeeEventList") && $0.hasSuffix(":2") })
        #expect(seller.pages.contains { $0.records.isEmpty && !$0.isCaughtUp })
        let before = seller.count("financial_events")
        seller.now += 60 * 3600
        try seller.run("financial_events")
        #expect(seller.count("financial_events") > before)
        #expect(seller.isTrue("financial_events"))
        try seller.run("financial_event_groups")
        #expect(seller.isTrue("financial_event_groups"))
        seller.now += 15 * 86_400
        try seller.run("financial_event_groups")
        #expect(seller.isTrue("financial_event_groups"))
        for request in seller.requests where request.purpose == "financial_events" {
            let values = Dictionary(request.query.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            let from = try #require(AmazonTime.parse(values["PostedAfter"]))
            let to = try #require(AmazonTime.parse(values["PostedBefore"]))
            #expect(to.timeIntervalSince(from) <= 180 * 86_400)
        }
    }

    @Test("an answer that would be too large is asked for in smaller pages")
    func largeAnswers() throws {
        let seller = AmazonSeller(orders: 300)
        seller.spoil = { request, response in
            let size = request.query.first { $0.name == "MaxResultsPerPage" }.flatMap { Int($0.value) } ?? 100
            guard request.purpose == "financial_events", size > 30 else { return response }
            return answer(400, #"{"errors":[{"code":"InvalidInput","message":"Input not valid."}]}"#)
        }
        try seller.run("financial_events")
        #expect(seller.isTrue("financial_events"))
    }

    @Test("an event's key does not depend on the order of its members, and on everything else")
    func hashes() throws {
        func hash(_ text: String) -> UInt64? { AmazonJSON.hash(of: ByteSlice(copying: Array(text.utf8))) }
        let first = hash(#"{"a":1,"b":[{"c":"x","d":null},2.50],"e":{}}"#)
        #expect(first != nil)
        #expect(hash(#"{ "e" : {}, "b":[{"d":null,"c":"x"},2.50],"a":1 }"#) == first)
        for other in [
            #"{"a":2,"b":[{"c":"x","d":null},2.50],"e":{}}"#, #"{"a":1,"b":[2.50,{"c":"x","d":null}],"e":{}}"#,
            #"{"a":1,"b":[{"c":"x","d":null},2.50],"e":[]}"#, #"{"a":"1","b":[{"c":"x","d":null},2.50],"e":{}}"#,
            #"{"a":1,"b":[{"c":"x"},2.50],"e":{}}"#,
        ] { #expect(hash(other) != first, "\(other)") }
        for broken in ["", "{", #"{"a"}"#, #"{"a":}"#, "[1,", #"{"a":1"#, "\""] { #expect(hash(broken) == nil) }
    }
}
