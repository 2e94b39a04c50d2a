import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

@Suite("Amazon: refusals and limits") struct AmazonErrorTests {
    private func error(
        _ status: Int, _ body: String, _ operation: AmazonOperation = .getOrders, isXML: Bool = false
    ) -> UnifiedError {
        let exchange = Exchange(
            request: operation.request(purpose: "test"),
            response: answer(status, body, [("Content-Type", isXML ? "application/xml" : "application/json")]))
        return AmazonAnswer.failure(exchange, AmazonPlatform().ownRules, resource: "orders")
    }

    @Test("each refusal of the catalogue means what it should")
    func catalogue() {
        func unauthorised(_ details: String) -> String {
            #"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":"\#(details)"}]}"#
        }
        let cases: [(status: Int, body: String, code: ErrorCode, rule: String)] = [
            (403, unauthorised("The access token you provided has expired."), .authTokenExpired, "amazon.token"),
            (
                403, unauthorised("The access token you provided is revoked, malformed or invalid."), .authTokenExpired,
                "amazon.token"
            ),
            (403, unauthorised(""), .authScopeMissing, "amazon.role"),
            (403, "<html>Forbidden</html>", .platformUnavailable, "amazon.gateway_403"),
            (403, "", .platformUnavailable, "amazon.gateway_403"),
            (
                429,
                #"{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota for the requested resource.","details":""}]}"#,
                .rateLimited, "amazon.quota"
            ),
            (
                400, #"{"errors":[{"message":null,"code":"InvalidInput"}]}"#, .requestInvalidNoReason,
                "amazon.input_unexplained"
            ),
            (
                400,
                #"{"errors":[{"code":"InvalidInput","message":"We could not decode your NextToken. Possible reasons include: a transmission error, improper quoting or a truncation problem."}]}"#,
                .requestCursorExpired, "amazon.next_token"
            ),
            (
                400,
                #"{"errors":[{"code":"InvalidInput","message":"Request for report type 1118 is not allowed at this time"}]}"#,
                .platformEndpointGone, "amazon.report_type"
            ),
            (400, #"{"errors":[{"code":"400","message":"Invalid input"}]}"#, .requestInvalid, "amazon.input"),
            (
                404,
                #"{"errors":[{"code":"NotFound","message":"One or more of the provided ReportRequestIds could not be found."}]}"#,
                .dataNotFound, "amazon.not_found"
            ),
            (
                500, #"{"errors":[{"code":"InternalFailure","message":"We encountered an internal error."}]}"#,
                .platformInternal, "amazon.internal"
            ),
            (503, "", .platformUnavailable, "amazon.unavailable"), (504, "", .platformTimeout, "amazon.timeout"),
            (502, "<html></html>", .platformUnavailable, "amazon.gateway"),
            (
                403,
                "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
                .reportDocumentExpired, "amazon.link_expired"
            ),
        ]
        for (status, body, code, rule) in cases {
            let found = error(status, body)
            #expect(found.code == code, "\(status) \(body): \(found)")
            #expect(found.ruleID == rule, "\(status) \(body)")
        }
    }

    @Test("what is not told is waited for: one token's time, whatever the operation")
    func waits() {
        let body = #"{"errors":[{"code":"QuotaExceeded","message":"x"}]}"#
        #expect(error(429, body, .getOrders).retryAfter == .milliseconds(59_881))
        #expect(error(429, body, .getOrderItems).retryAfter == .seconds(2))
        #expect(error(429, body, .getReports).retryAfter == .milliseconds(45_046))
    }

    @Test("the rate in the header is learned where it is another than the published one")
    func rates() throws {
        func lessons(_ rate: String?) throws -> [LimitLesson] {
            let headers = rate.map { [(name: "x-amzn-RateLimit-Limit", value: $0)] } ?? []
            let exchange = Exchange(
                request: AmazonOperation.getOrderItems.request(id: "1", purpose: "test"),
                response: answer(200, "{}", headers))
            return try AmazonAnswer(exchange, AmazonPlatform().ownRules, resource: "orders").lessons
        }
        for same in [nil, "0.5", "much", "-1", "0", "1e9"] { #expect(try lessons(same).isEmpty) }
        guard case .level("getOrderItems", 30, nil, 1.5)? = try lessons("1.5").first else {
            Issue.record("no lesson")
            return
        }
    }

    @Test("with the real limits a merchant is read without a single refusal by who waits for tokens")
    func limits() throws {
        let seller = AmazonSeller(orders: 40, limitFactor: 1)
        var spent: [String: (tokens: Double, at: Date)] = [:]
        for resource in ["orders", "financial_events", "financial_event_groups", "listings", "settlement_reports"] {
            for _ in 0..<400 {
                let read = StreamRead(
                    resource: resource, cursor: seller.cursors[resource], settings: seller.settings, now: seller.now)
                for demand in try seller.platform.nextStep(in: read).requests.flatMap(\.demands) {
                    guard let limit = AmazonOperation(rawValue: demand.bucket)?.limit else { continue }
                    var bucket = spent[demand.bucket] ?? (limit.burst, seller.now)
                    let passed = max(0, seller.now.timeIntervalSince(bucket.at))
                    bucket.tokens = min(limit.burst, bucket.tokens + passed * limit.rate)
                    bucket.at = seller.now
                    if bucket.tokens < 1 {
                        seller.now += (1 - bucket.tokens) / limit.rate + 0.01
                        bucket = (1, seller.now)
                    }
                    bucket.tokens -= 1
                    spent[demand.bucket] = bucket
                }
                if try seller.step(resource) { break }
            }
            #expect(seller.isTrue(resource), "\(resource)")
        }
        #expect(seller.store.counters.throttled == 0)
    }

    @Test("a role that is missing stops the streams that need it and no other")
    func roles() throws {
        let seller = AmazonSeller(orders: 20, quirks: ["no_role": "finances,sales"])
        #expect(throws: ReadFailure.self) { try seller.run("financial_events") }
        #expect(seller.failures.last?.code == .authScopeMissing)
        try seller.run("orders")
        #expect(seller.isTrue("orders"))
        // Where nobody may be asked what was sold, all windows are.
        try seller.run("all_orders_report")
        #expect(seller.isTrue("all_orders_report"))
        let wrong = AmazonSeller(orders: 20, quirks: ["region_mismatch": "yes"])
        #expect(throws: ReadFailure.self) { try wrong.run("orders") }
        #expect(wrong.failures.last?.policy == .blockStream)
    }

    @Test("tokens: they expire, stay the same refresh token, and an authorisation lapses after a year")
    func tokens() throws {
        func ask(_ store: AmazonSandboxStore, _ fields: String) -> (status: Int, text: String) {
            let answer = store.respond(
                to: SandboxRequest(method: "POST", path: "/auth/o2/token", body: Array(fields.utf8)),
                now: MerchantWalk.start)
            return (answer.status, String(decoding: answer.body, as: UTF8.self))
        }
        let fields = "grant_type=refresh_token&refresh_token=test_refresh&client_id=test_id&client_secret=test_secret"
        let seller = AmazonSeller()
        for _ in 0..<3 {
            let answer = ask(seller.store, fields)
            #expect(answer.status == 200 && answer.text.contains(#""refresh_token":"test_refresh""#))
        }
        #expect(ask(seller.store, fields.replacing("test_secret", with: "x")).text.contains("invalid_client"))
        let lapsed = AmazonSeller(quirks: ["authorisation": "lapsed"])
        #expect(ask(lapsed.store, fields).text.contains("invalid_grant"))
        #expect(ask(lapsed.store, fields).status == 400)
    }

    @Test("the storage refuses who shows it a token, and what it gives calls itself not packed")
    func storage() throws {
        let seller = AmazonSeller(orders: 20, sizes: ["listings": 20])
        var url = ""
        seller.spoil = { request, response in
            if let found = request.url {
                url = found
                #expect(response.header("Content-Encoding") == "identity")
                #expect(response.header("Content-Type") == "text/plain; charset=Cp1252")
                #expect(response.body.bytes.starts(with: [0x1F, 0x8B]))
            }
            return response
        }
        try seller.run("listings")
        let parts = try #require(URLComponents(string: url))
        let answer = seller.store.respond(
            to: SandboxRequest(
                method: "GET", path: parts.path, query: (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") },
                headers: [(AmazonAuthentication.header, "Atza|x")]), now: seller.now)
        #expect(answer.status == 400)
    }
}
