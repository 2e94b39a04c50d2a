import Foundation
import RawJSON
import Testing

@testable import Platforms

@Suite("The simulated shop")
struct ShopifySandboxTests {
    private func ask(
        _ store: any SandboxStore, _ query: String, variables: String = "{}", token: String = "shpat_test",
        path: String = "/admin/api/2026-01/graphql.json", now: Date = shopStart
    ) -> SandboxResponse {
        var body = Array("{\"query\":\"".utf8)
        body += Array(query.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ").utf8)
        body += Array("\",\"variables\":\(variables)}".utf8)
        return store.respond(
            to: SandboxRequest(
                method: "POST", path: path, headers: [("X-Shopify-Access-Token", token)], body: body), now: now)
    }

    private func text(_ response: SandboxResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    private func header(_ response: SandboxResponse, _ name: String) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test("answers exactly what is asked, by the names it is asked by")
    func selection() throws {
        let response = ask(
            makeShop(),
            """
            { newest: orders(first: 2, sortKey: UPDATED_AT, reverse: true) { nodes { number: name test __typename
              customer { id } totalPriceSet { presentmentMoney { currencyCode } } } }
              ordersCount(limit: 10) { count precision } shop { currencyCode } }
            """)
        let root = try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
        let data = try #require(root?["data"] as? [String: Any])
        let nodes = try #require((data["newest"] as? [String: Any])?["nodes"] as? [[String: Any]])
        #expect(nodes.count == 2)
        #expect(Set(nodes[0].keys) == ["number", "test", "__typename", "customer", "totalPriceSet"])
        #expect(nodes[0]["number"] as? String == "#1400")
        #expect((data["ordersCount"] as? [String: Any])?["precision"] as? String == "AT_LEAST")
    }

    @Test("an unknown field is refused as the real one refuses it")
    func unknownField() {
        let store = makeShop()
        let answer = text(ask(store, "{orders(first:1){nodes{id foo}}}"))
        #expect(answer.contains(#""message":"Field 'foo' doesn't exist on type 'Order'""#))
        #expect(answer.contains(#""code":"undefinedField","typeName":"Order","fieldName":"foo""#))
        #expect(store.counters.refused == 1)
    }

    @Test("keys, paths and versions are checked")
    func access() {
        let store = makeShop()
        let denied = ask(store, "{shop{name}}", token: "shpat_wrong")
        #expect(denied.status == 401)
        #expect(
            text(denied)
                == #"{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}"#)
        let lost = ask(store, "{shop{name}}", path: "/api/2026-01/graphql.json")
        #expect(lost.status == 404)
        #expect(text(lost).hasPrefix("<!DOCTYPE html>"))
        let never = ask(store, "{shop{name}}", path: "/admin/api/2026-02/graphql.json")
        #expect(never.status == 404)
        let old = ask(store, "{shop{name}}", path: "/admin/api/2024-10/graphql.json")
        #expect(old.status == 200)
        #expect(header(old, "x-shopify-api-version") == "2025-10")
        #expect(header(old, "x-shopify-api-version-warning") != nil)
        #expect(store.counters.requests == 4)
    }

    @Test("points are reserved, given back and restored as in the documents")
    func bucket() throws {
        let store = makeShop(orders: 2000)
        var now = shopStart
        func cost(_ response: SandboxResponse) throws -> (requested: Double, actual: Double?, available: Double) {
            let document = try JSONDocument(PaddedBytes(response.body))
            let cost = try #require(document.root.at("extensions", "cost"))
            return (
                try #require(cost["requestedQueryCost"]?.approximate), cost["actualQueryCost"]?.approximate,
                try #require(cost.at("throttleStatus", "currentlyAvailable")?.approximate)
            )
        }
        let variables = #"{"first":90,"after":null,"query":null}"#
        let first = try cost(ask(store, ShopifyQuery.orders.text, variables: variables, now: now))
        #expect(first.requested == 970)
        let actual = try #require(first.actual)
        #expect(actual > 100 && actual < 970)
        #expect(first.available == 2000 - actual)
        var available = first.available
        while available >= 970 {
            available = try cost(ask(store, ShopifyQuery.orders.text, variables: variables, now: now)).available
        }
        let throttled = ask(store, ShopifyQuery.orders.text, variables: variables, now: now)
        #expect(throttled.status == 200)
        #expect(text(throttled).contains(#""code":"THROTTLED""#))
        #expect(try cost(throttled).actual == nil)
        #expect(store.counters.throttled == 1)
        now += (970 - available) / 100
        #expect(try cost(ask(store, ShopifyQuery.orders.text, variables: variables, now: now)).actual != nil)
    }

    @Test("a query above 1000 points is refused with its cost")
    func maxCost() {
        let answer = text(
            ask(makeShop(), ShopifyQuery.orders.text, variables: #"{"first":250,"after":null,"query":null}"#))
        #expect(answer.contains(#""code":"MAX_COST_EXCEEDED","cost":1333,"maxCost":1000"#))
    }

    @Test(
        "pages by every sort key, both ways, hold each record once", arguments: ["UPDATED_AT", "ID", "CREATED_AT"],
        [false, true])
    func paging(sortKey: String, isReversed: Bool) throws {
        let store = makeShop(orders: 300, limitFactor: 100)
        store.change(count: 60, now: shopStart)
        var ids: [String] = []
        var after = "null"
        for _ in 0..<100 {
            let response = ask(
                store,
                "query($after:String){orders(first:17,after:$after,sortKey:\(sortKey),reverse:\(isReversed)){pageInfo{hasNextPage endCursor}nodes{legacyResourceId}}}",
                variables: #"{"after":\#(after)}"#)
            let orders = try #require(try JSONDocument(PaddedBytes(response.body)).root.at("data", "orders"))
            ids += try #require(try orders["nodes"]?.elements()).compactMap { $0["legacyResourceId"]?.string }
            guard orders.at("pageInfo", "hasNextPage")?.bool == true else { break }
            after = "\"\(try #require(orders.at("pageInfo", "endCursor")?.string))\""
        }
        #expect(Set(ids).count == ids.count)
        #expect(ids.count == store.truth(resource: "orders").count { $0.resource == "orders" })
    }

    @Test("the same seed makes the same shop, another seed another")
    func determinism() {
        func all(_ seed: UInt64) -> [[UInt8]] {
            let store = makeShop(seed: seed, orders: 40)
            store.change(count: 20, now: shopStart)
            return store.truth(resource: "orders").map(\.payload)
        }
        #expect(all(1) == all(1))
        #expect(all(1) != all(2))
    }

    @Test("orders are padded to the size asked for and stay valid")
    func padding() throws {
        for record in makeShop(orders: 60, recordBytes: 9000).truth(resource: "orders")
        where record.resource == "orders" {
            #expect(record.payload.count >= 9000)
            #expect((try? JSONSerialization.jsonObject(with: Data(record.payload))) != nil)
        }
    }

    @Test("every record is valid JSON, spoilt ones too", arguments: ["orders", "products", "customers"])
    func validity(resource: String) throws {
        for share in [0, 1.0] {
            for record in makeShop(orders: 120, products: 45, spoiltShare: share).truth(resource: resource) {
                // Lone surrogates are no JSON to Foundation; to the scanner they are what was received.
                #expect((try? JSONDocument(PaddedBytes(record.payload))) != nil)
            }
        }
    }

    @Test("recorded shapes are read: identifiers, times, nested pages", arguments: ["order", "product", "customer"])
    func fixtures(name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Platforms/Shopify/Fixtures")
        let node = try String(contentsOf: folder.appending(path: "\(name).json"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let platform = ShopifyPlatform()
        let read = StreamRead(resource: name + "s", cursor: nil, now: shopStart)
        let body = #"{"data":{"\#(name)s":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[\#(node)]}}}"#
        let exchange = Exchange(
            request: try platform.nextStep(in: read).requests[0],
            response: PlatformResponse(status: 200, headers: [], body: PaddedBytes(body), requestedAt: shopStart))
        let page = try platform.page(from: [exchange], in: read)
        let record = try #require(page.records.first)
        #expect(record.payload.text == node)
        #expect(record.updatedAt == PlatformTime.parse("2026-06-04T08:49:57Z"))
        #expect(node.contains("\"legacyResourceId\":\"\(record.id)\""))
        #expect(page.isCaughtUp == (name != "order"))
        let pending = try #require(page.cursor.decode(ShopifyCursor.self)).pending
        #expect(pending.map(\.i) == (name == "order" ? ["5900000098304"] : []))
        // And the sandbox gives the same fields in the same order.
        let mine = try #require(makeShop(orders: 1, products: 1, customers: 1).truth(resource: name + "s").first)
        func names(_ payload: [UInt8]) throws -> Set<String> {
            Set(try #require(try JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any]).keys)
        }
        #expect(try names(mine.payload) == names(Array(node.utf8)))
    }
}
