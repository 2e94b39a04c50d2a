import Foundation
import PlatformKit
import Testing

@testable import Platforms

@Suite("Recurly's simulated site") struct RecurlySandboxTests {
    private static let oldestFirst = [(name: "sort", value: "updated_at"), (name: "order", value: "asc")]

    @Test("without the header that names a version nothing is answered, whatever the key")
    func version() throws {
        let site = RecurlySite()
        for accept in [nil, "application/json", "application/vnd.recurly.v2019-10-10"] {
            #expect(site.ask("/plans", accept: accept).status == 406)
        }
        #expect(site.ask("/plans", key: "wrong", accept: nil).status == 406)
        #expect(site.ask("/plans", accept: RecurlySite.version + "+json").status == 200)
        let answer = site.ask("/plans")
        #expect(answer.status == 200 && answer.header("Recurly-Version") == "recurly.v2021-02-25")
    }

    @Test("a key is known in its own region only")
    func regions() throws {
        let american = RecurlySite()
        let european = RecurlySite(quirks: ["region": "eu"])
        #expect(european.ask("/plans", host: "v3.eu.recurly.com").status == 200)
        let refused = [
            american.ask("/plans", key: "other"), european.ask("/plans"),
            RecurlySite(quirks: ["region": "us"]).ask(
                "/plans", host: "v3.eu.recurly.com"),
        ]
        for answer in refused {
            #expect(answer.status == 401 && RecurlySite.failure(answer)?.code == .authCredentialsInvalid)
        }
    }

    @Test("pages are as long as is said, 20 where nothing is, never more than 200")
    func pages() throws {
        let site = RecurlySite(sizes: ["accounts": 450])
        #expect(try site.ask("/accounts").records.count == 20)
        #expect(try site.ask("/accounts", [("limit", "900")]).records.count == 200)
        let next = try #require(
            try site.ask("/accounts", [("limit", "200")] + Self.oldestFirst).object["next"] as? String)
        #expect(next.hasPrefix("/accounts?") && next.contains("limit=200") && next.contains("order=asc"))
        #expect(site.ask("/accounts", [("page", "2")]).status == 400)
        #expect(site.ask("/nothing").status == 404)
    }

    @Test("a request for the headers counts what the same request would list; both ends are inclusive")
    func counts() throws {
        let site = RecurlySite(sizes: ["invoices": 300])
        let all = try walk(site, "/invoices", Self.oldestFirst + [("limit", "100")])
        let times = try all.map { try #require($0["updated_at"] as? String) }
        #expect(times == times.sorted() && Set(all.compactMap { $0["id"] as? String }).count == 300)
        for (from, to) in [(0, 299), (100, 200), (120, 120)] {
            let query = Self.oldestFirst + [("begin_time", times[from]), ("end_time", times[to]), ("limit", "200")]
            let head = site.ask("/invoices", query, method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.header("Recurly-Total-Records") == "\(to - from + 1)")
            #expect(try walk(site, "/invoices", query).count == to - from + 1)
        }
        #expect(site.ask("/invoices").header("Recurly-Total-Records") == nil)
    }

    private func walk(
        _ site: RecurlySite, _ path: String, _ query: [(name: String, value: String)], meanwhile: () -> Void = {}
    ) throws -> [[String: Any]] {
        var found: [[String: Any]] = []
        var query: [(name: String, value: String)]? = query
        while let next = query {
            let answer = site.ask(path, next)
            found += try answer.records
            query = try answer.next
            meanwhile()
        }
        return found
    }

    @Test("newest first, a record that changes meanwhile is missed; oldest first it is not")
    func lostRows() throws {
        for (order, isSafe) in [("desc", false), ("asc", true)] {
            let site = RecurlySite(sizes: ["subscriptions": 400])
            let query = [(name: "sort", value: "updated_at"), (name: "order", value: order), ("limit", "100")]
            var now = RecurlySite.now
            var seen: [String: String] = [:]
            let found = try walk(site, "/subscriptions", query) {
                now += 60
                if now < RecurlySite.now + 200 { site.store.change(count: 300, now: now) }
            }
            for record in found {
                let id = try #require(record["id"] as? String)
                seen[id] = max(seen[id] ?? "", try #require(record["updated_at"] as? String))
            }
            let truth = try site.store.truth(resource: "subscriptions").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.payload)) as? [String: Any])
            }
            let missed = truth.filter { seen[$0["id"] as? String ?? ""] != $0["updated_at"] as? String }
            #expect(missed.isEmpty == isSafe, "\(order): \(missed.count)")
        }
        // The usual order is by creation, newest first.
        let times = try RecurlySite().ask("/invoices").records.compactMap { $0["created_at"] as? String }
        #expect(times == times.sorted(by: >) && times.count == 20)
    }

    @Test("so many requests in any five minutes, told with every answer", arguments: [(nil, 500), ("sandbox", 200)])
    func limit(mode: String?, most: Int) throws {
        // A tenth of the real limits.
        let site = RecurlySite(sizes: ["items": 1], quirks: mode.map { ["mode": $0] } ?? [:], limitFactor: 0.1)
        let start = RecurlySite.now
        for number in 1...most {
            let answer = site.ask("/items", at: start + Double(number) / 10)
            #expect(answer.status == 200)
            if number % 100 == 1 { #expect(answer.header("X-RateLimit-Remaining") == "\(most - number)") }
        }
        let refused = site.ask("/items", at: start + 100)
        #expect(refused.status == 429 && site.store.counters.throttled == 1)
        let error = try #require(RecurlySite.failure(refused, at: start + 100))
        let wait = try #require(error.retryAfter)
        #expect(wait >= .seconds(200) && wait <= .seconds(202))
        // The window slides: what is 300 s old does not count any more.
        #expect(site.ask("/items", at: start + 299).status == 429)
        #expect(site.ask("/items", at: start + 300.5).status == 200)
    }

    @Test("what the site has no feature for, or the key may not read, is refused, and nothing else")
    func refusedLists() throws {
        let site = RecurlySite(quirks: ["missing_feature": "items,coupons", "forbidden": "transactions"])
        for list in ["items", "coupons"] {
            let answer = site.ask("/" + list)
            #expect(answer.status == 422 && RecurlySite.failure(answer)?.code == .permissionPlanRequired)
        }
        #expect(RecurlySite.failure(site.ask("/transactions"))?.code == .authScopeMissing)
        #expect(site.ask("/plans").status == 200)
    }

    @Test("the odd records of real sites are among the sound ones")
    func oddities() throws {
        let store = RecurlySite().store
        let texts = ["accounts", "plans", "subscriptions", "invoices", "line_items", "transactions"].flatMap {
            store.truth(resource: $0).map { String(decoding: $0.payload, as: UTF8.self) }
        }
        let wanted: [[String]] = [
            [#""unit_amount":null"#, #""unit_amount_decimal":"0.000150000""#],
            [#""email":null"#, #""object":"account""#],
            [#""code":"acme/unit "#], [#""code":"user1@example.com""#], [#""number":"US-1000""#],
            [#""type":"legacy""#], [#""type":"credit""#, #""total":-"#, #""balance":-"#],
            [#""has_more_line_items":true"#], [#""quantity":1,"quantity_decimal":"1.5""#],
            [#""type":"verify""#, #""amount":0.0"#, #""invoice":null"#],
            [#""status":"declined""#, #""success":false"#],
            [#""pending_change":{"#, #""remaining_billing_cycles":0"#, #""total_billing_cycles":null"#],
            [#""state":"failed""#], [#""interval_unit":"days","interval_length":28"#], [#""currency":"GBP""#],
            [#""state":"active","deleted_at":"2"#], [#""remaining_pause_cycles":2"#], [#""state":"future""#],
            [#""pricing_model":"ramp""#], [#""price_segment_id":"#],
        ]
        for parts in wanted {
            #expect(texts.contains { text in parts.allSatisfy { text.contains($0) } }, "\(parts)")
        }
    }
}
