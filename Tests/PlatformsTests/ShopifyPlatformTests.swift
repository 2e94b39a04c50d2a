import Foundation
import RawJSON
import Testing

@testable import Platforms

@Suite("Shopify reads a shop")
struct ShopifyPlatformTests {
    @Test("a first read holds every record, nested pages included", arguments: ["orders", "products", "customers"])
    func firstRead(resource: String) throws {
        let driver = ShopifyDriver(makeShop(products: 200), resource, now: shopStart)
        try driver.run()
        #expect(driver.differences() == [])
        #expect(driver.flags.isEmpty)
        #expect(driver.syncedThrough == shopStart)
        if resource != "customers" { #expect(driver.records.keys.contains { $0.contains("/0001") }) }
        if resource == "orders" { #expect(driver.records.keys.contains { $0.hasPrefix("refund_line_items ") }) }
        if resource == "products" { #expect(driver.records.keys.contains { $0.contains("/0002") }) }
    }

    @Test("changes during a walk lose nothing", arguments: ["orders", "products", "customers"])
    func changesDuringTheWalk(resource: String) throws {
        let driver = ShopifyDriver(makeShop(), resource, now: shopStart)
        driver.afterStep = { driver in
            driver.now += 3
            driver.store.change(count: 7, now: driver.now)
        }
        try driver.run()
        driver.afterStep = { _ in }
        driver.now += 60
        try driver.run()
        #expect(driver.differences() == [])
    }

    @Test("the next walk asks for what changed since the last, and an overlap")
    func incremental() throws {
        let driver = ShopifyDriver(makeShop(), "orders", now: shopStart)
        try driver.run()
        let before = driver.records.count
        driver.now += 3600
        let bound = PlatformTime.format(shopStart.addingTimeInterval(-120))
        driver.store.change(count: 40, now: driver.now)
        driver.now += 600
        driver.requests = []
        try driver.run()
        #expect(driver.differences() == [])
        #expect(driver.records.count >= before)
        let first = try #require(driver.requests.first?.body)
        #expect(String(decoding: first, as: UTF8.self).contains("updated_at:>='\(bound)' updated_at:<='"))
        #expect(driver.requests.count <= 12)
        // Nothing changed: one request, nothing but the overlap.
        driver.now += 600
        driver.requests = []
        try driver.run()
        #expect(driver.requests.count == 1)
    }

    @Test("a crash after any page loses nothing and repeats at most that page", arguments: ["orders", "products"])
    func crashAnywhere(resource: String) throws {
        let driver = ShopifyDriver(makeShop(), resource, now: shopStart)
        for _ in 0..<2000 {
            // The page is stored or not; its cursor is not committed; everything is asked again.
            try driver.step(commit: false)
            driver.cursor = driver.cursor.map { Cursor(json: $0.json) }
            if try driver.step()?.isCaughtUp == true { break }
        }
        #expect(driver.syncedThrough == shopStart)
        #expect(driver.differences() == [])
    }

    @Test("a cursor that cannot be read starts the stream over")
    func unreadableCursor() throws {
        let driver = ShopifyDriver(makeShop(orders: 50), "orders", now: shopStart)
        driver.cursor = Cursor(json: #"{"walk":"from another version"}"#)
        try driver.run()
        #expect(driver.differences() == [])
    }

    @Test("a page cursor that is refused or old restarts the walk at the newest change seen")
    func staleCursor() throws {
        for spoil in [true, false] {
            let driver = ShopifyDriver(makeShop(limitFactor: 100), "orders", now: shopStart)
            try driver.step()
            while var cursor = driver.cursor?.decode(ShopifyCursor.self),
                !cursor.pending.isEmpty || cursor.walk?.after == nil
            {
                try driver.step()
                cursor = ShopifyCursor()
            }
            var cursor = try #require(driver.cursor?.decode(ShopifyCursor.self))
            let newest = try #require(cursor.walk?.newest)
            if spoil {
                cursor.walk?.after = "bm90IGEgY3Vyc29y"
                driver.cursor = try Cursor(encoding: cursor)
            } else {
                driver.now += 5 * 86400
            }
            driver.requests = []
            try driver.run()
            #expect(driver.failures.map(\.code) == (spoil ? [.requestCursorExpired] : []))
            let bodies = driver.requests.map { String(decoding: $0.body ?? [], as: UTF8.self) }
            #expect(
                bodies.contains {
                    $0.contains("\"after\":null") && $0.contains("updated_at:>='\(PlatformTime.format(newest))'")
                })
            #expect(driver.syncedThrough == shopStart)
            #expect(driver.differences() == [])
        }
    }

    @Test("a refused cursor of a nested page reads its parent's page again")
    func staleNestedCursor() throws {
        let driver = ShopifyDriver(makeShop(), "orders", now: shopStart)
        try driver.step()
        var cursor = try #require(driver.cursor?.decode(ShopifyCursor.self))
        #expect(!cursor.pending.isEmpty)
        let body =
            #"{"errors":[{"message":"Invalid cursor for current pagination sort.","extensions":{"code":"BAD_REQUEST"}}]}"#
        let read = StreamRead(resource: "orders", cursor: driver.cursor, now: driver.now)
        let requests = try driver.platform.nextStep(in: read).requests
        let exchanges = requests.map {
            Exchange(
                request: $0,
                response: PlatformResponse(status: 200, headers: [], body: PaddedBytes(body), requestedAt: driver.now))
        }
        do {
            _ = try driver.platform.page(from: exchanges, in: read)
            Issue.record("the cursor should be refused")
        } catch {
            driver.cursor = error.goOnWith
        }
        cursor = try #require(driver.cursor?.decode(ShopifyCursor.self))
        #expect(cursor.pending.isEmpty)
        try driver.run()
        #expect(driver.differences() == [])
    }

    @Test("pages get smaller when a query costs too much, and larger again after a while")
    func adaptivePages() throws {
        var cursor = ShopifyCursor()
        #expect(cursor.first(for: .orders) == 90)
        #expect(cursor.first(for: .products) == 250)
        #expect(cursor.first(for: .customers) == 250)
        cursor.nodeCost = 300
        #expect(cursor.first(for: .orders) == 7)
        cursor.nodeCost = 80
        #expect(cursor.first(for: .orders) == 250)
        cursor = try #require(cursor.withSmallerPages(than: 250, halved: true))
        #expect(cursor.firstMax == 90)
        for _ in 0..<16 { cursor.noteGoodPage() }
        #expect(cursor.firstMax == 148)
        var smallest = ShopifyCursor()
        while let smaller = smallest.withSmallerPages(than: smallest.firstMax) { smallest = smaller }
        #expect(smallest.firstMax == 1)
    }

    @Test("more nested pages than a cursor holds means fewer parents a page")
    func tooManyFollowUps() throws {
        let orders = (1...90).map { number in
            let refunds = (0..<4).map {
                #"{"id":"gid://shopify/Refund/\#(number)\#($0)","refundLineItems":{"pageInfo":{"hasNextPage":true,"endCursor":"r"},"nodes":[]}}"#
            }
            return """
                {"id":"gid://shopify/Order/\(number)","updatedAt":"2026-06-04T08:49:57Z","refunds":[\(refunds.joined(separator: ","))]}
                """
        }
        let body =
            #"{"data":{"orders":{"pageInfo":{"hasNextPage":true,"endCursor":"c"},"nodes":[\#(orders.joined(separator: ","))]}}}"#
        let read = StreamRead(resource: "orders", cursor: nil, now: shopStart)
        let platform = ShopifyPlatform()
        let request = try platform.nextStep(in: read).requests[0]
        let exchange = Exchange(
            request: request,
            response: PlatformResponse(status: 200, headers: [], body: PaddedBytes(body), requestedAt: shopStart))
        do {
            _ = try platform.page(from: [exchange], in: read)
            Issue.record("the page should not fit")
        } catch {
            let cursor = try #require(error.goOnWith?.decode(ShopifyCursor.self))
            #expect(cursor.firstMax < 90)
            #expect(cursor.pending.isEmpty)
        }
    }

    @Test("limits are kept, learned and given back")
    func limits() throws {
        let store = makeShop(orders: 1500)
        let driver = ShopifyDriver(store, "orders", now: shopStart)
        // Only 0.7 s pass between two steps here: the shop's 100 points a second cannot keep up.
        try driver.run()
        #expect(driver.differences() == [])
        #expect(store.counters.throttled > 0)
        #expect(driver.failures.allSatisfy { $0.code == .rateLimited && ($0.retryAfter ?? .zero) > .zero })
        var refunds = 0
        for case .refund(let bucket, let tokens) in driver.lessons {
            #expect(bucket == "graphql" && tokens > 0)
            refunds += 1
        }
        #expect(refunds > 0)
        for request in driver.requests { #expect(request.demands.map(\.tokens).reduce(0, +) <= 1000) }
        // What is taken beforehand is what the shop counts.
        let cursor = try #require(driver.cursor?.decode(ShopifyCursor.self))
        #expect(cursor.nodeCost == ShopifyQuery.orders.nodeCost)
    }

    @Test("a step of follow-ups costs at most what one query may, and is one of ten at most")
    func followUpSteps() throws {
        let driver = ShopifyDriver(makeShop(orders: 1200, limitFactor: 100), "orders", now: shopStart)
        driver.afterStep = { driver in
            guard let cursor = driver.cursor?.decode(ShopifyCursor.self), !cursor.pending.isEmpty else { return }
            let step = cursor.followUpsOfNextStep
            #expect((1...10).contains(step.count))
            #expect(step.reduce(0) { $0 + $1.k.query.estimatedCost(first: $1.k.first) } <= 1000)
        }
        try driver.run()
        #expect(driver.differences() == [])
    }

    @Test("the declared costs are the sandbox's", arguments: [ShopifyQuery.orders, .products, .customers])
    func declaredCosts(query: ShopifyQuery) throws {
        let compiled = try ShopifySandboxQuery(query.text)
        for first in [1, 7, 50, 90, 250] {
            let cost = ShopifySandboxCost.requested(compiled.root, variables: ["first": .int(first)])
            #expect(cost == query.estimatedCost(first: first))
        }
    }

    @Test("the declared costs of follow-ups are the sandbox's", arguments: ShopifyOverflow.allCases)
    func declaredFollowUpCosts(kind: ShopifyOverflow) throws {
        let compiled = try ShopifySandboxQuery(kind.query.text)
        let cost = ShopifySandboxCost.requested(compiled.root, variables: ["first": .int(kind.first)])
        #expect(cost == kind.query.estimatedCost(first: kind.first))
    }

    @Test("the weight of a connection is that of recorded answers")
    func recordedCosts() {
        // locations(first:250){nodes{id}} 13; products(first:50){nodes{scalars}} 9; lineItems(first:3|10) of ten points.
        #expect(2 + ShopifyQuery.weight(of: 250) == 13)
        #expect(2 + ShopifyQuery.weight(of: 50) == 9)
        #expect(3 + ShopifyQuery.weight(of: 3) * 10 == 23)
        #expect(3 + ShopifyQuery.weight(of: 10) * 10 == 43)
        for first in 2...250 {
            #expect(ShopifyQuery.weight(of: first) == (2 * log(Double(first))).rounded(.down))
        }
    }

    @Test("spoilt records are stored as they came, like all others", arguments: ["orders", "products", "customers"])
    func spoiltRecords(resource: String) throws {
        let driver = ShopifyDriver(makeShop(spoiltShare: 0.6), resource, now: shopStart)
        try driver.run()
        #expect(driver.differences() == [])
    }

    @Test("a walk restarts before the platform stops paging")
    func longWalk() throws {
        var cursor = ShopifyCursor()
        let newest = shopStart.addingTimeInterval(-50)
        cursor.walk = .init(
            from: nil, upTo: shopStart, after: "c", newest: newest, seen: 24_000, askedAt: shopStart)
        let walk = cursor.currentWalk(now: shopStart.addingTimeInterval(1))
        #expect(walk.after == nil)
        #expect(walk.from == newest)
        #expect(walk.upTo == shopStart)
        // A whole result within one second cannot be told apart by time: go on as far as it goes.
        cursor.walk?.from = newest
        #expect(cursor.currentWalk(now: shopStart.addingTimeInterval(1)).after == "c")
    }

    @Test("an order that vanished between two requests is marked as gone")
    func vanished() throws {
        let driver = ShopifyDriver(makeShop(), "orders", now: shopStart)
        try driver.step()
        let read = StreamRead(resource: "orders", cursor: driver.cursor, now: driver.now)
        let requests = try driver.platform.nextStep(in: read).requests
        let exchanges = requests.map { request in
            let root = request.route == "graphql order_line_items" ? "order" : "refund"
            return Exchange(
                request: request,
                response: PlatformResponse(
                    status: 200, headers: [], body: PaddedBytes(#"{"data":{"\#(root)":null}}"#), requestedAt: driver.now
                ))
        }
        let page = try driver.platform.page(from: exchanges, in: read)
        #expect(page.deletions.count + page.flags.count == requests.count)
        #expect(page.deletions.allSatisfy { $0.resource == "orders" && $0.source == .notFoundOnFetch })
        #expect(page.records.isEmpty)
    }
}
