import Foundation
import RawJSON
import Testing

@testable import Platforms

@Suite struct StripeErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var status: Int
        var body: String
        var headers: [String: String] = [:]
        var code: ErrorCode
        var testDescription: String { "\(status) \(code.name) \(body.prefix(60))" }
    }

    static func envelope(_ code: String?, _ message: String, type: String = "invalid_request_error") -> String {
        let code = code.map { "\"code\":\"\($0)\"," } ?? ""
        return "{\"error\":{\(code)\"message\":\"\(message)\",\"type\":\"\(type)\"}}"
    }

    static let cases: [Case] = [
        Case(
            status: 401,
            body: envelope("platform_api_key_expired", "The API key provided by your Connect platform has expired."),
            code: .authCredentialsInvalid),
        Case(
            status: 401,
            body: envelope(
                nil, "You did not provide an API key. You need to provide your API key in the Authorization header."),
            code: .authCredentialsInvalid),
        Case(
            status: 401, body: envelope(nil, "Invalid API Key provided: sk_test_***1234"), code: .authCredentialsInvalid
        ),
        Case(
            status: 401,
            body: envelope("secret_key_required", "This API call cannot be made with a publishable API key."),
            code: .authCredentialsInvalid),
        Case(status: 401, body: "Unauthorized", code: .authCredentialsInvalid),
        Case(
            status: 403,
            body: envelope(
                "account_invalid",
                "The provided key does not have access to account 'acct_1' (or that account does not exist). Application access may have been revoked."
            ), code: .authAppRevoked),
        Case(
            status: 403, body: envelope(nil, "The API key provided does not allow requests from your IP address."),
            code: .blockedIP),
        Case(
            status: 403, body: envelope(nil, "Only Stripe Connect platforms can work with other accounts."),
            code: .configInvalid),
        Case(
            status: 403,
            body: envelope(
                nil,
                "The provided key 'rk_test_***' does not have the required permissions for this endpoint on account 'acct_1'. Having the 'rak_charge_read' permission would allow this request to continue."
            ), code: .authScopeMissing),
        Case(status: 403, body: "<html><body>Denied</body></html>", code: .blockedWAF),
        Case(
            status: 400, body: envelope("parameter_unknown", "Received unknown parameter: foo"), code: .requestInvalid),
        Case(
            status: 402, body: envelope("card_declined", "Your card was declined.", type: "card_error"),
            code: .requestInvalid),
        Case(
            status: 404,
            body: envelope(
                "resource_missing",
                "No such customer: 'cus_1'; a similar object exists in live mode, but a test mode key was used to make this request."
            ), code: .authCredentialsInvalid),
        Case(
            status: 409,
            body: envelope(nil, "There is currently another in-progress request.", type: "idempotency_error"),
            code: .rateConcurrency),
        Case(
            status: 424, body: envelope(nil, "An external dependency failed.", type: "api_error"),
            code: .platformUnavailable),
        Case(
            status: 429, body: envelope("lock_timeout", "This object cannot be accessed right now."),
            code: .rateConcurrency),
        Case(status: 429, body: envelope("rate_limit", "Request rate limit exceeded."), code: .rateLimitedNoHint),
        Case(status: 500, body: envelope(nil, "Sorry!", type: "api_error"), code: .platformInternal),
        Case(status: 502, body: "<html><h1>502 Bad Gateway</h1></html>", code: .platformUnavailable),
        Case(status: 503, body: "", code: .platformUnavailable),
        Case(status: 504, body: "", code: .platformTimeout),
        Case(status: 200, body: "<html>maintenance</html>", code: .dataMalformed),
        Case(status: 200, body: "", code: .dataMalformed),
        Case(status: 200, body: #"{"object":"list","data":[{"id":"cus_1""#, code: .dataMalformed),
        Case(status: 200, body: "[]", code: .dataMalformed),
        Case(
            status: 400, body: envelope(nil, "Try again."), headers: ["Stripe-Should-Retry": "true"],
            code: .requestInvalidNoReason),
    ]

    func failure(_ one: Case, resource: String = "charges") throws -> ReadFailure {
        let platform = StripePlatform()
        let read = StreamRead(resource: resource, cursor: nil, now: StripeDriver.start)
        let request = try platform.nextStep(in: read).requests[0]
        let response = PlatformResponse(
            status: one.status, headers: [("Request-Id", "req_7")] + one.headers.map { ($0.key, $0.value) },
            body: PaddedBytes(one.body), requestedAt: StripeDriver.start)
        do throws(ReadFailure) {
            _ = try platform.page(from: [Exchange(request: request, response: response)], in: read)
        } catch {
            return error
        }
        throw Missing()
    }

    struct Missing: Error {}

    @Test("each refusal means what the table says", arguments: cases)
    func table(one: Case) throws {
        let failure = try failure(one)
        #expect(failure.error.code == one.code)
        #expect(failure.error.platformRequestID == "req_7")
        #expect(failure.error.httpStatus == one.status)
        #expect(failure.error.route == "/v1/charges")
    }

    @Test("an expired key, as recorded, asks for a new one")
    func expiredKey() throws {
        let body = try StripeFixtures.text("error_expired_key_401")
        let failure = try failure(Case(status: 401, body: body, code: .authCredentialsInvalid))
        #expect(failure.error.code == .authCredentialsInvalid)
        #expect(failure.error.platformCode == "api_key_expired")
    }

    @Test(
        "429 blocks the bucket its reason names",
        arguments: [
            ("endpoint-rate", "GET /v1/charges", 1), ("endpoint-concurrency", "GET /v1/charges", 2),
            ("global-rate", "account", 1), ("global-concurrency", "account", 2),
            ("resource-specific", "GET /v1/charges", 1), ("", "account", 1),
        ])
    func rateLimit(reason: String, bucket: String, seconds: Int) throws {
        let headers = reason.isEmpty ? [:] : ["Stripe-Rate-Limited-Reason": reason]
        let failure = try failure(
            Case(
                status: 429, body: Self.envelope("rate_limit", "Slow down"), headers: headers, code: .rateLimitedNoHint)
        )
        #expect(failure.error.retryAfter == .seconds(seconds))
        guard case .blocked(let name, let duration)? = failure.lessons.first else {
            Issue.record("no lesson")
            return
        }
        #expect(name == bucket)
        #expect(duration == .seconds(seconds))
    }

    @Test("no error shows a key, however the server echoes it")
    func keysAreMasked() throws {
        let failure = try failure(
            Case(
                status: 401, body: Self.envelope(nil, "Invalid API Key provided: sk_live_51AbcDEF9876"),
                code: .authCredentialsInvalid))
        #expect(failure.error.platformMessage == "Invalid API Key provided: sk_live_***")
        let page = try self.failure(
            Case(status: 500, body: "<p>rk_test_51AbcDEF and whsec_0123</p>", code: .platformInternal))
        #expect(page.error.evidence == "<p>rk_test_*** and whsec_***</p>")
    }

    @Test("the sandbox refuses as Stripe does, and the connector understands it")
    func sandboxRefusals() throws {
        let driver = StripeDriver(credentials: ["api_key": "rk_test_a", "permissions": "customers, events"])
        try driver.sync("customers")
        #expect(throws: ReadFailure.self) { try driver.sync("charges") }
        do { _ = try driver.page("charges", nil) } catch let failure as ReadFailure {
            #expect(failure.error.code == .authScopeMissing)
            #expect(failure.error.platformMessage?.contains("rak_charge_read") == true)
        }
        driver.key = "rk_test_b"
        do { _ = try driver.page("customers", nil) } catch let failure as ReadFailure {
            #expect(failure.error.code == .authCredentialsInvalid)
        }
        #expect(driver.store.counters.refused == 3)
    }

    @Test("the sandbox lets a second's worth through and then says which limit was hit")
    func limiter() {
        let store = StripeSandboxStore(
            SandboxOptions(seed: 1, credentials: ["api_key": "rk_test_a"], startsAt: StripeDriver.start))
        func ask(_ path: String, _ seconds: Double) -> SandboxResponse {
            store.respond(
                to: SandboxRequest(method: "GET", path: path, headers: [("Authorization", "Bearer rk_test_a")]),
                now: StripeDriver.start + seconds)
        }
        let statuses = (0..<26).map { _ in ask("/v1/customers", 0).status }
        #expect(statuses == Array(repeating: 200, count: 25) + [429])
        let refused = ask("/v1/customers", 0)
        #expect(refused.headers.contains { $0 == ("Stripe-Rate-Limited-Reason", "endpoint-rate") })
        #expect(!refused.headers.contains { $0.name == "Retry-After" })
        #expect(ask("/v1/charges", 0).headers.contains { $0 == ("Stripe-Rate-Limited-Reason", "global-rate") })
        #expect(ask("/v1/customers", 0.05).status == 200)
        #expect(ask("/v1/customers", 0.05).status == 429)
        #expect(store.counters.throttled == 4)
        #expect(store.counters.requests == 30)
    }

    @Test("the sandbox knows Stripe's parameters and no others")
    func parameters() {
        let driver = StripeDriver()
        func ask(_ path: String, _ query: [(name: String, value: String)]) -> (Int, String) {
            let response = driver.store.respond(
                to: SandboxRequest(
                    method: "GET", path: path, query: query, headers: [("Authorization", "Bearer rk_test_driver")]),
                now: driver.now)
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }
        #expect(ask("/v1/customers", [("limit", "101")]).1.contains("parameter_invalid_integer"))
        #expect(ask("/v1/customers", [("page", "2")]).1.contains("parameter_unknown"))
        #expect(ask("/v1/customers", [("starting_after", "cus_nobody")]).0 == 400)
        #expect(ask("/v1/customers/cus_nobody", []).0 == 404)
        #expect(ask("/v1/nothing", []).1.contains("Unrecognized request URL"))
        #expect(ask("/v1/customers", []).1.components(separatedBy: "\"object\":\"customer\"").count == 11)
        #expect(ask("/v1/invoices/\(driver.store.records.id(.invoice, 3))", []).1.contains("\"has_more\":true"))
        #expect(!ask("/v1/subscriptions", [("limit", "100")]).1.contains("\"status\":\"canceled\""))
        #expect(ask("/v1/subscriptions", [("limit", "100"), ("status", "all")]).1.contains("\"status\":\"canceled\""))
    }
}

enum StripeFixtures {
    static func text(_ name: String, file: String = #filePath) throws -> String {
        let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let url = root.appendingPathComponent("Sources/Platforms/Stripe/Fixtures/\(name).json")
        return try String(contentsOf: url, encoding: .utf8)
    }
}
