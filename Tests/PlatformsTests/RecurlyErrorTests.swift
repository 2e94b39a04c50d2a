import Foundation
import RawJSON
import Testing

@testable import Platforms

@Suite("Recurly's refusals") struct RecurlyErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var status: Int
        var body: String
        var headers: [String: String] = [:]
        var code: ErrorCode
        var rule: String
        var testDescription: String { "\(status) \(rule)" }
    }

    private static func envelope(_ type: String, more: String = "") -> String {
        #"{"error":{"type":"\#(type)","message":"No."\#(more)}}"#
    }

    private static let page = "<!DOCTYPE html><html><body><div class=\"cf-error-details\">Error</div></body></html>"

    private static let declined = #","transaction_error":{"category":"fraud","code":"fraud_security_code"}"#

    static let cases: [Case] = [
        Case(status: 400, body: envelope("bad_request"), code: .requestInvalid, rule: "recurly.invalid"),
        Case(
            status: 400, body: #"{"error":{"type":"bad_request","message":"Invalid cursor"}}"#,
            code: .requestCursorExpired, rule: "recurly.cursor"),
        Case(status: 401, body: envelope("unauthorized"), code: .authCredentialsInvalid, rule: "recurly.key"),
        Case(status: 401, body: "", code: .authCredentialsInvalid, rule: "recurly.401"),
        Case(status: 403, body: envelope("invalid_api_key"), code: .authCredentialsInvalid, rule: "recurly.key"),
        Case(status: 403, body: envelope("invalid_permissions"), code: .authScopeMissing, rule: "recurly.permissions"),
        Case(status: 402, body: "", code: .accountSuspended, rule: "recurly.unpaid"),
        Case(status: 404, body: envelope("not_found"), code: .platformEndpointGone, rule: "recurly.no_list"),
        Case(
            status: 406, body: envelope("unavailable_in_api_version"), code: .platformVersionSunset,
            rule: "recurly.version"),
        Case(status: 406, body: "", code: .platformVersionSunset, rule: "recurly.406"),
        Case(status: 412, body: "{}", code: .requestInvalid, rule: "recurly.precondition"),
        Case(status: 422, body: envelope("validation"), code: .requestInvalid, rule: "recurly.invalid"),
        Case(status: 422, body: envelope("invalid_token"), code: .requestInvalid, rule: "recurly.invalid"),
        Case(
            status: 422, body: envelope("missing_feature"), code: .permissionPlanRequired, rule: "recurly.feature"),
        Case(
            status: 422, body: envelope("simultaneous_request"), code: .rateConcurrency, rule: "recurly.simultaneous"),
        Case(
            status: 422, body: envelope("immutable_subscription"), code: .requestInvalid, rule: "recurly.immutable"),
        Case(
            status: 422, body: envelope("transaction", more: declined), code: .requestInvalid,
            rule: "recurly.transaction"),
        Case(
            status: 422, body: envelope("tax_service_error"), code: .platformUnavailable, rule: "recurly.tax_service"),
        Case(status: 429, body: envelope("rate_limited"), code: .rateLimitedNoHint, rule: "recurly.rate"),
        Case(
            status: 500, body: envelope("internal_server_error"), code: .platformInternal, rule: "recurly.internal"),
        Case(
            status: 503, body: envelope("service_not_available"), code: .platformUnavailable,
            rule: "recurly.unavailable"),
        Case(
            status: 502, body: page, headers: ["cf-ray": "8a-FRA"], code: .platformUnavailable, rule: "recurly.edge"),
        Case(
            status: 504, body: "error code: 504", headers: ["cf-ray": "8a-FRA"], code: .platformUnavailable,
            rule: "recurly.edge"),
    ]

    private func failure(_ refusal: Case) -> UnifiedError? {
        let type = refusal.body.hasPrefix("{") ? "application/json" : "text/html"
        let answer = SandboxResponse(
            status: refusal.status, headers: [("Content-Type", type)] + refusal.headers.map { ($0.key, $0.value) },
            body: Array(refusal.body.utf8))
        return RecurlySite.failure(answer)
    }

    @Test("each refusal has its rule", arguments: cases)
    func rules(refusal: Case) throws {
        let error = try #require(failure(refusal))
        #expect(error.code == refusal.code && error.ruleID == refusal.rule, "\(error.ruleID ?? "none")")
    }

    @Test("every rule is hit by a case, but one for objects that no list asks for")
    func allRules() {
        let hit = Set(Self.cases.map(\.rule))
        #expect(Set(RecurlyPlatform.rules.map(\.id)).subtracting(hit) == ["recurly.missing"])
    }

    @Test("the wait of a refusal ends at the reset, which is in seconds since 1970")
    func wait() throws {
        let reset = Int(RecurlySite.now.timeIntervalSince1970) + 42
        let error = try #require(
            failure(
                Case(
                    status: 429, body: Self.envelope("rate_limited"), headers: ["X-RateLimit-Reset": "\(reset)"],
                    code: .rateLimited, rule: "")))
        #expect(error.code == .rateLimited && error.retryAfter == .seconds(42))
    }

    @Test("a feature that is not there stops its stream and no other")
    func feature() {
        #expect(ErrorCode.permissionPlanRequired.policy == .blockStream)
        #expect(ErrorCode.permissionPlanRequired.health == .degraded)
        #expect(ErrorCode.authScopeMissing.policy == .blockStream)
    }

    @Test("the published body of a refused version is read")
    func published() throws {
        let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Sources/Platforms/Recurly/Fixtures/error_api_version_406.json")
        let answer = SandboxResponse(status: 406, headers: [], body: [UInt8](try Data(contentsOf: fixture)))
        let error = try #require(RecurlySite.failure(answer))
        #expect(error.code == .platformVersionSunset && error.platformCode == "invalid_api_version")
    }
}
