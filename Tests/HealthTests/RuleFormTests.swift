import Foundation
import Platforms
import RawJSON
import Testing

/// Answers of platforms of every kind, each with rules as its folder would have them: the form has to hold them all.
@Suite("Rules as data")
struct RuleFormTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let shape: ErrorShape
        let rules: [ErrorRule]
        let status: Int
        var headers: [String: String] = [:]
        let body: String
        let code: ErrorCode
        var platformCode: String?
        var requestID: String?
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "eBay: id and domain together",
            shape: ErrorShape(
                codes: [.init("errors.*", joining: ["domain", "errorId"]), "errors.*.errorId"],
                messages: ["errors.*.longMessage", "errors.*.message"]),
            rules: [.init("ebay.not_found", codes: ["API_FULFILLMENT/32100"], .dataNotFound, "no such order")],
            status: 400,
            body: #"{"errors":[{"errorId":32100,"domain":"API_FULFILLMENT","message":"Ungültige Bestellung"}]}"#,
            code: .dataNotFound, platformCode: "API_FULFILLMENT/32100"),
        Case(
            name: "PrestaShop: XML with CDATA",
            shape: ErrorShape(
                codes: ["prestashop.errors.error.code"], messages: ["prestashop.errors.error.message"], answers: .xml),
            rules: [.init("prestashop.disabled", statuses: [503], codes: ["22"], .storeAPIMissing, "switched off")],
            status: 503,
            body: """
                <?xml version="1.0"?><!-- x --><prestashop xmlns:xlink="http://www.w3.org/1999/xlink"><errors><error>
                <code><![CDATA[22]]></code><message><![CDATA[The PrestaShop webservice is disabled.]]></message>
                </error></errors></prestashop>
                """, code: .storeAPIMissing, platformCode: "22"),
        Case(
            name: "PrestaShop: an empty 404 is an unknown id",
            shape: ErrorShape(answers: .xml),
            rules: [
                .init("prestashop.gone", operations: ["get"], statuses: [404], bodies: [.empty], .dataNotFound, "gone")
            ],
            status: 404, body: "", code: .dataNotFound),
        Case(
            name: "Magento: message not filled in, told by its parameters",
            shape: ErrorShape(codes: [], messages: ["message"]),
            rules: [
                .init(
                    "magento.gone", statuses: [404], paths: [.init("parameters.fieldName", .present)], .dataNotFound,
                    "no such entity")
            ], status: 404,
            body:
                #"{"message":"Pas d’entité ayant %fieldName = %fieldValue","parameters":{"fieldName":"id","fieldValue":9}}"#,
            code: .dataNotFound),
        Case(
            name: "WooCommerce: a 404 that comes as 500",
            shape: ErrorShape(codes: ["code"], messages: ["message"]),
            rules: [
                .init(
                    "woo.order_gone", statuses: [500], codes: ["woocommerce_rest_invalid_order_id"], .dataNotFound,
                    "gone")
            ], status: 500,
            body: #"{"code":"woocommerce_rest_invalid_order_id","message":"ID commande non valide.","data":404}"#,
            code: .dataNotFound, platformCode: "woocommerce_rest_invalid_order_id"),
        Case(
            name: "QuickBooks: a fault inside 200",
            shape: ErrorShape(
                codes: ["Fault.Error.*.code"], messages: ["Fault.Error.*.Message"],
                requestIDHeaders: ["intuit_tid"], marks: ["Fault"]),
            rules: [.init("quickbooks.token", codes: ["3200", "003200"], .authTokenExpired, "expired")],
            status: 200, headers: ["intuit_tid": "1-abc"],
            body:
                #"{"Fault":{"Error":[{"Message":"message=AuthenticationFailed","code":"003200"}],"type":"AUTHENTICATION"}}"#,
            code: .authTokenExpired, platformCode: "003200", requestID: "1-abc"),
        Case(
            name: "PayPal: name, issue, request id in the body",
            shape: ErrorShape(
                codes: ["details.*.issue", "name"], messages: ["message"], requestIDHeaders: ["paypal-debug-id"],
                requestIDPaths: ["debug_id"]),
            rules: [
                .init(
                    "paypal.too_early", codes: ["INVALID_REQUEST"],
                    texts: ["en": ["Data for the given start date is not available"]], .requestHistoryLimit, "not yet"),
                .init("paypal.too_large", codes: ["RESULTSET_TOO_LARGE"], .requestWindowTooLarge, "too many"),
            ], status: 400,
            body:
                #"{"name":"INVALID_REQUEST","message":"Data for the given start date is not available.","debug_id":"f00"}"#,
            code: .requestHistoryLimit, platformCode: "INVALID_REQUEST", requestID: "f00"),
        Case(
            name: "Amazon: details tell a token from a role",
            shape: ErrorShape(codes: ["errors.*.code"], messages: ["errors.*.message"]),
            rules: [
                .init(
                    "amazon.token", statuses: [403], codes: ["Unauthorized"],
                    paths: [.init("errors.*.details", .contains(["expired", "malformed"]))], .authTokenExpired,
                    "expired"),
                .init("amazon.role", statuses: [403], codes: ["Unauthorized"], .authScopeMissing, "role"),
            ], status: 403,
            body:
                #"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":""}]}"#,
            code: .authScopeMissing, platformCode: "Unauthorized"),
        Case(
            name: "Amazon: a document's link has expired, S3's XML",
            shape: ErrorShape(codes: ["errors.*.code", "Error.Code"], messages: ["Error.Message"]),
            rules: [
                .init(
                    "amazon.link", operations: ["get"], statuses: [403], bodies: [.xml], .reportDocumentExpired,
                    "expired")
            ], status: 403, headers: ["Content-Type": "application/xml"],
            body: "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
            code: .reportDocumentExpired, platformCode: "AccessDenied"),
        Case(
            name: "Mercado Libre: status and error, never the message",
            shape: ErrorShape(codes: ["error", "code"], messages: ["message"]),
            rules: [.init("meli.scope", statuses: [403], codes: ["Invalid scopes"], .authScopeMissing, "scope")],
            status: 403, body: #"{"status":403,"error":"Invalid scopes","code":"FORBIDDEN","cause":null}"#,
            code: .authScopeMissing, platformCode: "Invalid scopes"),
        Case(
            name: "Square: any of several errors",
            shape: ErrorShape(codes: ["errors.*.code"], messages: ["errors.*.detail"]),
            rules: [
                .init(
                    "square.cursor", codes: ["INVALID_CURSOR"], .requestCursorExpired, "cursor", remedy: .restartWindow)
            ],
            status: 400,
            body: #"{"errors":[{"category":"X","code":"BAD_REQUEST"},{"code":"INVALID_CURSOR","detail":"d"}]}"#,
            code: .requestCursorExpired, platformCode: "BAD_REQUEST"),
        Case(
            name: "Recurly: a missing feature is no bad request",
            shape: ErrorShape(codes: ["error.type"], messages: ["error.message"]),
            rules: [
                .init("recurly.feature", statuses: [422], codes: ["missing_feature"], .permissionPlanRequired, "plan")
            ],
            status: 422, body: #"{"error":{"type":"missing_feature","message":"Not enabled"}}"#,
            code: .permissionPlanRequired, platformCode: "missing_feature"),
        Case(
            name: "Xero: the kind of limit is in a header",
            shape: ErrorShape(codes: ["ErrorNumber"], messages: ["Message"], headers: ["x-rate-limit-problem"]),
            rules: [
                .init(
                    "xero.day", statuses: [429], headers: [.init("X-Rate-Limit-Problem", "day*")], .quotaExhausted,
                    "day")
            ],
            status: 429, headers: ["x-rate-limit-problem": "Daily"], body: "", code: .rateLimitedNoHint),
    ]

    private static func error(_ one: Case) -> UnifiedError {
        let book = RuleBook(rules: one.rules, shape: one.shape, hosting: .selfHosted)
        let response = PlatformResponse(
            status: one.status, headers: one.headers.map { (name: $0.key, value: $0.value) },
            body: PaddedBytes(one.body), requestedAt: AnswerCase.now)
        return book.error(ErrorEvidence(response, shape: one.shape, now: AnswerCase.now, operation: "get"))
    }

    @Test("the form holds what the platforms need", arguments: cases)
    func expressible(one: Case) {
        let error = Self.error(one)
        #expect(error.code == one.code, "\(error.ruleID ?? "")")
        #expect(error.platformCode == one.platformCode)
        #expect(error.platformRequestID == one.requestID)
    }

    private static var everyRule: [ErrorRule] {
        allPlatforms.flatMap(\.errorRules) + CommonRules.all + cases.flatMap(\.rules)
    }

    @Test("a rule is the same after a journey through JSON")
    func roundTrip() throws {
        for rule in Self.everyRule {
            var sorted = rule
            sorted.texts.sort { ($0.language, $0.pattern) < ($1.language, $1.pattern) }
            var again = try ErrorRule(id: rule.id, definition: rule.definition)
            again.texts.sort { ($0.language, $0.pattern) < ($1.language, $1.pattern) }
            #expect(again == sorted, "\(rule.id)")
        }
    }

    @Test("the rules that are compiled in have names of their own, conditions and sentences")
    func lint() {
        let rules = allPlatforms.flatMap(\.errorRules) + CommonRules.all
        #expect(Set(rules.map(\.id)).count == rules.count)
        for rule in rules {
            #expect(rule.hasConditions && !rule.sentence.isEmpty, "\(rule.id)")
            #expect(rule.id.wholeMatch(of: /[a-z0-9][a-z0-9._-]{0,99}/) != nil, "\(rule.id)")
        }
        for platform in allPlatforms {
            #expect(platform.errorRules.allSatisfy { $0.id.hasPrefix(platform.key + ".") }, "\(platform.key)")
        }
    }

    /// The JSON of a rule, and the field that is to blame.
    static let badDefinitions: [(String, String)] = [
        ("", "definition"), ("[]", "definition"), (#"{"code":"rate.limited"}"#, "sentence"),
        (#"{"code":"rate.unheard","sentence":"s","statuses":[429]}"#, "code"),
        (#"{"code":"rate.limited","sentence":"s"}"#, "definition"),
        (#"{"code":"rate.limited","sentence":"s","statuses":[99]}"#, "statuses"),
        (#"{"code":"rate.limited","sentence":"s","statuses":["599-500"]}"#, "statuses"),
        (#"{"code":"rate.limited","sentence":"s","statuses":[429],"status":429}"#, "status"),
        (#"{"code":"rate.limited","sentence":"s","bodies":["pdf"]}"#, "bodies"),
        (#"{"code":"rate.limited","sentence":"s","codes":"x"}"#, "codes"),
        (#"{"code":"rate.limited","sentence":"s","codes":["x"],"policy":"wait"}"#, "policy"),
        (#"{"code":"rate.limited","sentence":"s","codes":["x"],"remedy":"pray"}"#, "remedy"),
        (#"{"code":"rate.limited","sentence":"s","codes":["x"],"customer_code":"x"}"#, "customer_code"),
        (#"{"code":"rate.limited","sentence":"s","codes":["x"],"fixed_wait_s":-1}"#, "fixed_wait_s"),
        (#"{"code":"rate.limited","sentence":"s","headers":[{"name":"x"}]}"#, "headers"),
        (#"{"code":"rate.limited","sentence":"s","paths":[{"path":"a"}]}"#, "paths"),
        (#"{"code":"rate.limited","sentence":"s","paths":[{"path":"a","present":true,"any_of":["x"]}]}"#, "paths"),
        (#"{"code":"rate.limited","sentence":"s","codes":["x"],"waits":[{"unit":"seconds"}]}"#, "waits"),
        (#"{"code":"rate.limited","sentence":"s","codes":["x"],"waits":[{"header":"x","unit":"weeks"}]}"#, "waits"),
    ]

    @Test("a definition that is none is refused with the field's name", arguments: badDefinitions)
    func refused(definition: String, field: String) {
        let problem = #expect(throws: ErrorRule.Problem.self) { _ = try ErrorRule(id: "x", definition: definition) }
        #expect(problem.map { $0.field.hasPrefix(field) } == true, "\(problem?.description ?? "")")
    }

    @Test("the bodies of hostile servers are looked at in time and without harm")
    func hostile() {
        var seeder = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &seeder)
        var random = Seeded(state: seed)
        let pieces = [
            "<", ">", "</a>", "<a>", "<![CDATA[", "]]>", "<!--", "<?xml", "&#", ";", "&#x110000;", "{", "}", "[", "]",
            "\"",
            ":", "errors", "code", "\\u0000", "\u{FEFF}", "\0", "é", "*", "token", " ",
        ]
        for round in 0..<400 {
            let body = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let one = Self.cases[round % Self.cases.count]
            let error = Self.error(
                Case(
                    name: "", shape: one.shape, rules: one.rules, status: [200, 400, 403, 500][round % 4], body: body,
                    code: .unclassified))
            #expect(!error.code.name.isEmpty && error.evidence?.contains("\0") != true, "seed \(seed)")
        }
        let deep = String(repeating: "<a>", count: 20_000)
        #expect(
            Self.error(
                Case(
                    name: "", shape: ErrorShape(answers: .xml), rules: [], status: 500,
                    headers: ["content-type": "text/xml"], body: deep, code: .unclassified)
            ).code == .platformInternal)
    }
}
