import Foundation
import RawJSON
import Testing

@testable import Platforms

/// Answers written down from Shopify's documents and from clients' tests, one for each rule.
struct ShopifyErrorCase: Sendable, CustomTestStringConvertible {
    let status: Int
    let body: String
    var headers: [(name: String, value: String)] = []
    let code: ErrorCode
    var retryAfterMilliseconds: Int64?
    var goesOn = false

    var testDescription: String { "\(status) \(body.prefix(60)) is \(code.name)" }
}

private func graphQL(_ code: String, _ message: String, extra: String = "") -> String {
    #"{"errors":[{"message":"\#(message)","extensions":{"code":"\#(code)"\#(extra)}}],"data":null}"#
}

@Suite("Shopify's refusals")
struct ShopifyErrorTests {
    static let cases: [ShopifyErrorCase] = [
        .init(
            status: 200,
            body: """
                {"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED","documentation":"https://shopify.dev/api/usage/rate-limits"}}],"extensions":{"cost":{"requestedQueryCost":762,"actualQueryCost":null,"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":212,"restoreRate":100.0}}}}
                """, code: .rateLimited, retryAfterMilliseconds: 5500),
        .init(
            status: 200,
            body: graphQL(
                "INTERNAL_SERVER_ERROR",
                "Internal error. Looks like something went wrong on our end.\\nRequest ID: 3b2e"),
            code: .platformInternal),
        .init(
            status: 200,
            body: graphQL(
                "MAX_COST_EXCEEDED", "Query cost is 1382, which exceeds the single query max cost limit (1000).",
                extra: #","cost":1382,"maxCost":1000"#),
            code: .quotaQueryCost, goesOn: true),
        .init(status: 200, body: graphQL("TIMEOUT", "Timeout"), code: .platformTimeout, goesOn: true),
        .init(
            status: 200,
            body: graphQL(
                "ACCESS_DENIED",
                "This app is not approved to access the Order object. See https://shopify.dev/docs/apps/launch/protected-customer-data for more details."
            ),
            code: .authScopeMissing),
        .init(status: 200, body: graphQL("ACCESS_DENIED", "Access denied for orders field."), code: .authScopeMissing),
        .init(status: 200, body: graphQL("SHOP_INACTIVE", "Shop is inactive"), code: .accountClosed),
        .init(
            status: 200,
            body:
                #"{"errors":[{"message":"Field 'foo' doesn't exist on type 'Order'","locations":[{"line":1,"column":30}],"path":["query","orders","nodes","foo"],"extensions":{"code":"undefinedField","typeName":"Order","fieldName":"foo"}}]}"#,
            code: .requestInvalid),
        .init(status: 200, body: graphQL("SOMETHING_NEW", "We have never seen this"), code: .unclassified),
        .init(status: 200, body: "<html><body>Just a moment...</body></html>", code: .dataMalformed),
        .init(status: 200, body: "", code: .dataMalformed),
        .init(status: 200, body: #"{"data":{"orders":{"nodes":[{"id":"gid"#, code: .dataMalformed),
        .init(status: 200, body: #"{"extensions":{}}"#, code: .dataMalformed),
        .init(status: 302, body: "", code: .redirectRefused),
        .init(
            status: 400, body: #"{"errors":{"created_at_min":"created_at_min cannot be passed."}}"#,
            code: .requestInvalid),
        .init(
            status: 400,
            body:
                #"{"error":"invalid_request","error_description":"The authorization code was not found or was already used"}"#,
            code: .requestInvalid),
        .init(
            status: 401,
            body: #"{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}"#,
            code: .authCredentialsInvalid),
        .init(
            status: 402, body: #"{"errors":"Unavailable Shop"}"#, code: .accountSuspended,
            retryAfterMilliseconds: 86_400_000),
        .init(
            status: 403, body: #"{"errors":"[API] This action requires merchant approval for read_orders scope."}"#,
            code: .authScopeMissing),
        .init(
            status: 403,
            body:
                #"{"errors":"[API] This app is not approved to access REST endpoints with protected customer data."}"#,
            code: .authScopeMissing),
        .init(status: 403, body: "<html>Access denied</html>", code: .blockedWAF),
        .init(status: 404, body: #"{"errors":"Not Found"}"#, code: .platformEndpointGone),
        .init(status: 404, body: "<!DOCTYPE html><title>Not found</title>", code: .storeAPIMissing),
        .init(status: 406, body: #"{"errors":""}"#, code: .requestInvalid),
        .init(status: 413, body: "", code: .dataTooLarge, goesOn: true),
        .init(status: 422, body: #"{"errors":{"title":["can't be blank"]}}"#, code: .requestInvalid),
        .init(status: 422, body: #"{"errors":["body is too long"]}"#, code: .requestInvalid),
        .init(
            status: 423, body: #"{"errors":"Shop is locked"}"#, code: .accountSuspended,
            retryAfterMilliseconds: 3_600_000),
        .init(
            status: 429, body: #"{"errors":"Exceeded 2 calls per second for api client."}"#,
            headers: [("Retry-After", "2.0")], code: .rateLimited, retryAfterMilliseconds: 2000),
        .init(status: 429, body: #"{"errors":"Exceeded 2 calls per second"}"#, code: .rateLimitedNoHint),
        .init(status: 430, body: "", code: .blockedWAF, retryAfterMilliseconds: 900_000),
        .init(status: 500, body: #"{"errors":"Internal Server Error"}"#, code: .platformInternal, goesOn: true),
        .init(status: 501, body: "", code: .platformEndpointGone),
        .init(status: 502, body: "<html></html>", code: .platformUnavailable),
        .init(status: 503, body: "<html></html>", code: .platformUnavailable),
        .init(status: 504, body: "", code: .platformTimeout, goesOn: true),
        .init(
            status: 530, body: "<!DOCTYPE html><title>Error 1016 | shop.myshopify.com | Cloudflare</title>",
            code: .platformUnavailable),
        .init(status: 540, body: "", code: .platformUnavailable, retryAfterMilliseconds: 600_000),
        .init(status: 783, body: "", code: .requestInvalid),
        .init(status: 418, body: "{}", code: .unclassified),
    ]

    @Test("each refusal has its meaning", arguments: cases)
    func meaning(of refusal: ShopifyErrorCase) throws {
        let failure = try #require(self.failure(refusal.status, refusal.body, refusal.headers))
        #expect(failure.error.code == refusal.code)
        #expect(failure.error.retryAfter == refusal.retryAfterMilliseconds.map { .milliseconds($0) })
        #expect((failure.goOnWith != nil) == refusal.goesOn)
        #expect(failure.error.route == "graphql orders")
        if refusal.code == .dataMalformed, !refusal.body.isEmpty { #expect(failure.error.evidence?.isEmpty == false) }
        if let next = failure.goOnWith {
            let before = try page(nil).first
            let after = try page(next).first
            #expect(after < before)
        }
    }

    @Test("a rule is not hidden by one before it")
    func everyRuleIsHit() throws {
        let hit = Set(Self.cases.compactMap { failure($0.status, $0.body, $0.headers)?.error.ruleID })
        let unhit = ShopifyPlatform.rules.map(\.id).filter { !hit.contains($0) }
        // Those for texts, or statuses, that no recorded answer has.
        #expect(
            unhit == [
                "shopify.internal_timeout", "shopify.cursor", "shopify.query", "shopify.throttled_text",
                "shopify.timeout_text", "shopify.forbidden",
            ])
    }

    @Test("a throttled answer teaches the level of the bucket")
    func throttledTeaches() throws {
        let failure = try #require(self.failure(200, Self.cases[0].body, []))
        guard case .level(let bucket, let available, let capacity, let refill) = failure.lessons.first else {
            Issue.record("no lesson")
            return
        }
        #expect((bucket, available) == ("graphql", 212))
        #expect((capacity, refill) == (2000, 100))
    }

    @Test("an answer with a denied branch is stored and says so")
    func partialData() throws {
        let body = """
            {"errors":[{"message":"This app is not approved to access the Customer object. See https://shopify.dev/docs/apps/launch/protected-customer-data for more details.","locations":[{"line":13,"column":33}],"extensions":{"code":"ACCESS_DENIED"},"path":["orders","nodes",0,"customer"]},{"message":"This app is not approved to access the Customer object. See https://shopify.dev/docs/apps/launch/protected-customer-data for more details.","locations":[{"line":13,"column":33}],"extensions":{"code":"ACCESS_DENIED"},"path":["orders","nodes",1,"customer"]}],"data":{"orders":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[{"id":"gid://shopify/Order/1","legacyResourceId":"1","updatedAt":"2026-06-04T08:49:57Z","customer":null},{"id":"gid://shopify/Order/2","legacyResourceId":"2","updatedAt":"2026-06-04T08:49:57Z","customer":null}]}},"extensions":{"cost":{"requestedQueryCost":15,"actualQueryCost":6,"throttleStatus":{"maximumAvailable":4000,"currentlyAvailable":3994,"restoreRate":200}}}}
            """
        let page = try self.page(body)
        #expect(page.records.map(\.id) == ["1", "2"])
        #expect(page.flags.map(\.code) == [.authScopeMissing])
        #expect(page.degradation?.code == .authScopeMissing)
        #expect(page.isCaughtUp)
    }

    @Test("data beside an internal error is not taken for the truth")
    func internalErrorWithData() throws {
        let body = """
            {"errors":[{"message":"Internal error.","extensions":{"code":"INTERNAL_SERVER_ERROR"},"path":["orders","nodes",0,"refunds"]}],"data":{"orders":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[]}}}
            """
        #expect(failure(200, body, [])?.error.code == .platformInternal)
    }

    @Test("an expired version is flagged once a walk")
    func fallForward() throws {
        let body = #"{"data":{"orders":{"pageInfo":{"hasNextPage":true,"endCursor":"c1"},"nodes":[]}}}"#
        let headers = [("X-Shopify-API-Version", "2026-07"), ("x-shopify-api-deprecated-reason", "Order.totalPrice")]
        let first = try page(body, headers: headers)
        #expect(first.flags.map(\.code) == [.platformVersionSunset, .platformContractChanged])
        let second = try page(body.replacing("c1", with: "c2"), headers: headers, cursor: first.cursor)
        #expect(second.flags.isEmpty)
    }

    @Test("a record without identifier is flagged and the others are kept")
    func rejectedRecord() throws {
        let body = """
            {"data":{"orders":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[null,{"id":"gid://shopify/Order/"},{"id":"gid://shopify/Order/7?x=1"},{"legacyResourceId":8},{"id":[]}]}}}
            """
        let page = try self.page(body)
        #expect(page.records.map(\.id) == ["7", "8"])
        #expect(page.flags.map(\.code) == [.dataRecordRejected, .dataRecordRejected, .dataRecordRejected])
    }

    @Test(
        "a page that does not say where it goes on is malformed",
        arguments: [
            #"{"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":null}}"#,
            #"{"nodes":null,"pageInfo":{"hasNextPage":false}}"#,
            #"{"nodes":[]}"#, #"{"nodes":[],"pageInfo":{"hasNextPage":"no"}}"#, "[]",
        ])
    func noWayOn(connection: String) {
        #expect(failure(200, #"{"data":{"orders":\#(connection)}}"#, [])?.error.code == .dataMalformed)
    }

    // MARK: Helpers

    private let platform = ShopifyPlatform()

    private func exchange(_ cursor: Cursor?, _ status: Int, _ body: String, _ headers: [(String, String)]) throws
        -> Exchange
    {
        let step = try platform.nextStep(in: StreamRead(resource: "orders", cursor: cursor, now: shopStart))
        return Exchange(
            request: step.requests[0],
            response: PlatformResponse(
                status: status, headers: headers.map { (name: $0.0, value: $0.1) }, body: PaddedBytes(body),
                requestedAt: shopStart))
    }

    private func failure(_ status: Int, _ body: String, _ headers: [(name: String, value: String)]) -> ReadFailure? {
        do {
            let exchange = try exchange(nil, status, body, headers.map { ($0.name, $0.value) })
            _ = try platform.page(from: [exchange], in: StreamRead(resource: "orders", cursor: nil, now: shopStart))
            return nil
        } catch {
            return error as? ReadFailure
        }
    }

    private func page(_ body: String, headers: [(String, String)] = [], cursor: Cursor? = nil) throws -> Page {
        let exchange = try exchange(cursor, 200, body, headers)
        return try platform.page(from: [exchange], in: StreamRead(resource: "orders", cursor: cursor, now: shopStart))
    }

    /// The page length asked for with a cursor.
    private func page(_ cursor: Cursor?) throws -> (first: Int, request: PlatformRequest) {
        let request = try platform.nextStep(in: StreamRead(resource: "orders", cursor: cursor, now: shopStart))
            .requests[0]
        let document = try JSONDocument(PaddedBytes(request.body ?? []))
        return (Int(document.root["variables"]?["first"]?.int64 ?? 0), request)
    }
}
