import Foundation
import Health
import Platforms
import RawJSON
import Testing

/// A recorded answer and what it has to come to.
struct AnswerCase: Sendable, CustomTestStringConvertible {
    /// `shopify`, `stripe`, or `shop` for a merchant's own server without rules of its own.
    let platform: String
    let status: Int
    let headers: [String: String]
    let body: String
    let code: ErrorCode
    let policy: ErrorCode.Policy
    let customer: CustomerCode
    let wait: Duration?

    init(
        _ platform: String, _ status: Int, _ headers: [String: String], _ body: String, _ code: ErrorCode,
        _ policy: ErrorCode.Policy, _ customer: CustomerCode, wait: Duration? = nil
    ) {
        self.platform = platform
        self.status = status
        self.headers = headers
        self.body = body
        self.code = code
        self.policy = policy
        self.customer = customer
        self.wait = wait
    }

    init(
        _ platform: String, _ status: Int, _ body: String, _ code: ErrorCode, _ policy: ErrorCode.Policy,
        _ customer: CustomerCode, wait: Duration? = nil
    ) {
        self.init(platform, status, [:], body, code, policy, customer, wait: wait)
    }

    init(
        _ status: Int, _ headers: [String: String], _ body: String, _ code: ErrorCode, _ policy: ErrorCode.Policy,
        _ customer: CustomerCode, wait: Duration? = nil
    ) {
        self.init("shop", status, headers, body, code, policy, customer, wait: wait)
    }

    init(
        _ status: Int, _ body: String, _ code: ErrorCode, _ policy: ErrorCode.Policy, _ customer: CustomerCode,
        wait: Duration? = nil
    ) {
        self.init("shop", status, [:], body, code, policy, customer, wait: wait)
    }

    var testDescription: String { "\(platform) \(status) \(body.prefix(50)) is \(code.name)" }

    static let now = Date(timeIntervalSince1970: 1_445_412_480)

    var book: RuleBook {
        allPlatforms.first { $0.key == platform }?.ownRules ?? RuleBook(rules: [], hosting: .selfHosted)
    }

    var evidence: ErrorEvidence {
        let pairs = headers.map { (name: $0.key, value: $0.value) }
        let response = PlatformResponse(
            status: status, headers: pairs, body: PaddedBytes(body), requestedAt: Self.now)
        return ErrorEvidence(response, shape: book.shape, now: Self.now, operation: "list", route: "/orders")
    }
}

@Suite("What answers mean")
struct ClassificationTests {
    private static let html = "<!DOCTYPE html><html><head><title>Oops</title></head><body>Sorry</body></html>"

    /// Any platform: statuses, headers, bodies.
    static let common: [AnswerCase] = [
        .init(401, "{}", .authCredentialsInvalid, .needsReauthorisation, .reconnect),
        .init(403, #"{"message":"Missing scope: read_orders"}"#, .authScopeMissing, .blockStream, .grantPermission),
        .init(403, #"{"code":"nope"}"#, .authScopeMissing, .blockStream, .grantPermission),
        .init(404, #"{"message":"No such thing"}"#, .platformEndpointGone, .blockStream, .platformTrouble),
        .init(429, ["Retry-After": "7"], "", .rateLimited, .waitUntil, .slowDown, wait: .seconds(7)),
        .init(
            429, ["Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT"], "", .rateLimited, .waitUntil, .slowDown,
            wait: .seconds(30)),
        .init(429, html, .rateLimitedNoHint, .backoff, .slowDown),
        .init(400, "", .requestInvalidNoReason, .retryNow, .ourFault),
        .init(400, "{}", .requestInvalidNoReason, .retryNow, .ourFault),
        .init(400, #"{"message":"per_page must be between 1 and 100"}"#, .requestInvalid, .fail, .ourFault),
        .init(402, "{}", .accountSuspended, .blockConnection, .shopInactive),
        .init(418, #"{"message":"teapot"}"#, .unclassified, .backoff, .ourFault),
        .init(200, #"{"errors":[{"what":"new"}]}"#, .unclassified, .backoff, .ourFault),
        // Servers that are down.
        .init(500, html, .storeCrash, .backoff, .shopUnreachable),
        .init(500, #"{"message":"boom"}"#, .platformInternal, .backoff, .platformTrouble),
        .init(502, html, .storeCrash, .backoff, .shopUnreachable),
        .init(503, "", .platformUnavailable, .backoff, .shopUnreachable),
        .init(503, ["Retry-After": "120"], html, .platformUnavailable, .backoff, .shopUnreachable, wait: .seconds(120)),
        .init(504, html, .platformTimeout, .backoff, .platformTrouble),
        .init(526, html, .tlsUntrusted, .backoff, .certificate),
        .init(200, html, .storeAPIMissing, .blockConnection, .pluginMissing),
        .init(404, html, .storeAPIMissing, .blockConnection, .pluginMissing),
        .init(301, ["Location": "https://other.example/"], "", .redirectRefused, .blockConnection, .pluginMissing),
        .init(200, #"{"id":1,"#, .dataMalformed, .retryNow, .ourFault),
        .init(200, "", .dataMalformed, .retryNow, .ourFault),
        .init(200, "\u{1F}\u{8B}\u{8}\0\0\0", .dataMalformed, .retryNow, .ourFault),
        // Firewalls and walls.
        .init(
            503, ["cf-mitigated": "challenge", "Server": "cloudflare"], "<title>Just a moment...</title>", .blockedWAF,
            .backoff, .firewall),
        .init(
            403, ["CF-RAY": "1"], "<title>Attention Required! | Cloudflare</title>", .blockedWAF, .backoff, .firewall),
        .init(202, ["SG-Captcha": "challenge"], html, .blockedWAF, .backoff, .firewall),
        .init(
            202, "<html><meta http-equiv=\"refresh\" content=\"0;/.well-known/sgcaptcha/?r=1\"></html>", .blockedWAF,
            .backoff, .firewall),
        .init(403, "<html>Sucuri WebSite Firewall - Access Denied</html>", .blockedWAF, .backoff, .firewall),
        .init(406, "<html><h1>Not Acceptable!</h1></html>", .blockedWAF, .backoff, .firewall),
        .init(
            302, ["Location": "https://shop.example/password?x=1"], "", .blockedPasswordPage, .blockConnection,
            .firewall),
        // Crashes, in the shop's language.
        .init(
            200, "<br />\n<b>Fatal error</b>:  Uncaught Error in /x.php", .storeCrash, .backoff, .shopUnreachable),
        .init(
            500,
            #"{"code":"internal_server_error","message":"<p>There has been a critical error on this website.</p>","data":{"status":500}}"#,
            .storeCrash, .backoff, .shopUnreachable),
        .init(
            500, "<h1>Error estableciendo una conexión con la base de datos</h1>", .storeCrash, .backoff,
            .shopUnreachable),
        .init(
            500, "<p>Erreur lors de la connexion &agrave; la base de donn&eacute;es</p>", .storeCrash, .backoff,
            .shopUnreachable),
        // Maintenance.
        .init(
            503, ["Retry-After": "600"], "<title>Maintenance</title>Briefly unavailable for scheduled maintenance.",
            .platformMaintenance, .waitUntil, .platformTrouble, wait: .seconds(600)),
        .init(
            503, "<p>Indisponibilité temporaire pour cause de maintenance.</p>", .platformMaintenance, .waitUntil,
            .platformTrouble, wait: .seconds(600)),
        .init(
            503, #"{"message":"Loja em manutenção programada"}"#, .platformMaintenance, .waitUntil, .platformTrouble,
            wait: .seconds(600)),
    ]

    /// Where the status says little, the words do; in any language.
    static let words: [AnswerCase] = [
        .init(400, #"{"message":"Votre jeton d’accès a expiré."}"#, .authTokenExpired, .refreshThenRetry, .none),
        .init(
            403, #"{"message":"D&eacute;sol&eacute;, acc&egrave;s refus&eacute;"}"#, .authScopeMissing, .blockStream,
            .grantPermission),
        .init(
            403, #"{"message":"La clé utilisateur est non valide."}"#, .authCredentialsInvalid, .needsReauthorisation,
            .reconnect),
        .init(400, #"{"message":"Trop de requêtes, réessayez plus tard"}"#, .rateLimitedNoHint, .backoff, .slowDown),
        .init(400, #"{"message":"Limite de requisições excedido"}"#, .rateLimitedNoHint, .backoff, .slowDown),
        .init(
            400, ["Retry-After": "3"], #"{"message":"Muitas solicitações"}"#, .rateLimited, .waitUntil, .slowDown,
            wait: .seconds(3)),
        .init(
            403, #"{"message":"Você não tem permissão para isto"}"#, .authScopeMissing, .blockStream, .grantPermission),
        .init(
            403, #"{"message":"Conta suspensa por falta de pagamento"}"#, .accountSuspended, .blockConnection,
            .shopInactive),
        .init(400, #"{"error_description":"token expirado"}"#, .authTokenExpired, .refreshThenRetry, .none),
        .init(403, #"{"message":"Zugriff verweigert"}"#, .authScopeMissing, .blockStream, .grantPermission),
        .init(400, #"{"message":"El cursor ha caducado"}"#, .requestCursorExpired, .restartWindow, .none),
        .init(422, #"{"message":"Date range is too large"}"#, .requestWindowTooLarge, .split, .ourFault),
        .init(403, #"{"message":"Please upgrade your plan"}"#, .permissionPlanRequired, .blockStream, .upgradePlan),
        .init(400, #"{"message":"2FA is required"}"#, .authMFARequired, .needsReauthorisation, .reconnectSecondFactor),
        .init(
            403, #"{"message":"متاسفانه نمی توانید منابع را لیست کنید."}"#, .authScopeMissing, .blockStream,
            .grantPermission),
    ]

    /// Platforms with rules of their own, and a hosted one.
    static let platforms: [AnswerCase] = [
        .init(
            "shopify", 401, #"{"errors":"[API] Invalid API key or access token"}"#, .authCredentialsInvalid,
            .needsReauthorisation, .reconnect),
        .init(
            "shopify", 403, #"{"errors":"[API] This action requires merchant approval for read_orders scope."}"#,
            .authScopeMissing, .blockStream, .grantPermission),
        .init(
            "shopify", 402, #"{"errors":"Unavailable Shop"}"#, .accountSuspended, .blockConnection, .shopInactive,
            wait: .seconds(86_400)),
        .init("shopify", 404, html, .storeAPIMissing, .blockConnection, .pluginMissing),
        .init("shopify", 429, ["Retry-After": "2.0"], "{}", .rateLimited, .waitUntil, .slowDown, wait: .seconds(2)),
        .init("shopify", 430, "", .blockedWAF, .backoff, .firewall, wait: .seconds(900)),
        .init("shopify", 503, ["cf-mitigated": "challenge"], html, .blockedWAF, .backoff, .firewall),
        .init("shopify", 500, html, .platformInternal, .backoff, .platformTrouble),
        .init(
            "stripe", 401, #"{"error":{"code":"api_key_expired","message":"Expired API Key provided"}}"#,
            .authCredentialsInvalid, .needsReauthorisation, .reconnect),
        .init(
            "stripe", 403, #"{"error":{"message":"Having the 'rak_charge_read' permission would allow this"}}"#,
            .authScopeMissing, .blockStream, .grantPermission),
        .init(
            "stripe", 429, #"{"error":{"code":"rate_limit","message":"Too many"}}"#, .rateLimitedNoHint, .backoff,
            .slowDown),
        .init("stripe", 400, "", .requestInvalidNoReason, .retryNow, .ourFault),
        .init("stripe", 500, html, .platformInternal, .backoff, .platformTrouble),
        .init("stripe", 502, html, .platformUnavailable, .backoff, .platformTrouble),
    ]

    @Test(
        "each has its code, its policy, its wait and what the merchant is told", arguments: common + words + platforms)
    func classified(answer: AnswerCase) throws {
        let error = answer.book.error(answer.evidence)
        #expect(error.code == answer.code, "\(error.ruleID ?? "-")")
        #expect(error.policy == answer.policy)
        #expect(error.customerCode == answer.customer)
        #expect(error.retryAfter == answer.wait)
        #expect(error.httpStatus == answer.status && error.operation == "list" && error.route == "/orders")
        #expect((Texts.english.merchant(error.customerCode) == nil) == (answer.customer == .none))
    }

    @Test(
        "what is explained is what is decided, and the last rule asked is the one",
        arguments: common + words + platforms)
    func explained(answer: AnswerCase) {
        let finding = answer.book.classify(answer.evidence)
        let explanation = answer.book.explain(answer.evidence)
        #expect(explanation.finding.ruleID == finding.ruleID && explanation.finding.code == finding.code)
        if finding.part == .none {
            #expect(explanation.steps.allSatisfy { $0.mismatch != nil })
        } else {
            #expect(explanation.steps.last?.ruleID == finding.ruleID && explanation.steps.last?.mismatch == nil)
            #expect(explanation.steps.dropLast().allSatisfy { $0.mismatch?.isEmpty == false })
        }
    }

    @Test("what nobody knows keeps enough to write the rule from, and nothing that it should not")
    func unclassified() throws {
        let body = #"{"fault":{"kind":"Z9","access_token":"hunter2"},"to":"jane@example.com"}"#
        let answer = AnswerCase(
            418, ["X-RateLimit-Left": "0", "Set-Cookie": "s=1", "CF-Ray": "abc", "Content-Type": "application/json"],
            body, .unclassified, .backoff, .ourFault)
        let error = answer.book.error(answer.evidence)
        #expect(error.code == .unclassified && error.ruleID == "unclassified")
        #expect(error.evidence == #"{"fault":{"kind":"Z9","access_token":"***"},"to":"***@***"}"#)
        #expect(Set(error.evidenceHeaders.map(\.name)) == ["x-ratelimit-left", "cf-ray", "content-type"])
    }

    @Test("a success is none of its business, unless the body says that it is none")
    func successes() {
        let shape = ErrorShape(codes: ["Fault.Error.*.code"], marks: ["Fault"])
        let book = RuleBook(rules: [], shape: shape, hosting: .shared(baseURL: "https://api.example.com"))
        func failure(_ status: Int, _ body: String) -> ErrorCode? {
            let request = PlatformRequest(.get, path: "/x", route: "/x", purpose: "list", demands: [])
            let response = PlatformResponse(
                status: status, headers: [], body: PaddedBytes(body), requestedAt: AnswerCase.now)
            return book.failure(in: Exchange(request: request, response: response), now: AnswerCase.now)?.code
        }
        #expect(failure(200, #"{"data":[1]}"#) == nil && failure(204, "") == nil)
        #expect(failure(200, #"{"Fault":{"Error":[{"code":"6240"}]}}"#) == .unclassified)
        #expect(failure(200, "<html>hi</html>") == .dataMalformed && failure(200, "") == .dataMalformed)
        #expect(failure(200, #"{"Fault":null}"#) == nil)
    }

    @Test("a request without an answer keeps what the client says, and libcurl's number decides where nobody does")
    func transports() {
        let book = RuleBook(rules: [], hosting: .shared(baseURL: "https://api.example.com"))
        let told = ErrorEvidence(
            transport: "dns", curlCode: 6, means: .networkDNS, "no such name", now: AnswerCase.now, route: "/x")
        let error = book.error(told)
        #expect(error.code == .networkDNS && error.ruleID == "transport.dns" && error.curlCode == 6)
        #expect(error.fault == .platform && error.customerCode == .platformTrouble, "the host is the platform's")
        let numbers: [(Int, ErrorCode)] = [
            (6, .networkDNS), (7, .networkRefused), (16, .networkReset), (18, .networkPartial), (28, .networkTimeout),
            (35, .tlsHandshake), (47, .redirectLoop), (52, .networkReset), (58, .tlsHandshake), (60, .tlsUntrusted),
            (61, .dataMalformed), (92, .networkReset), (999, .unclassified),
        ]
        for (number, code) in numbers {
            let bare = ErrorEvidence(transport: "curl", curlCode: number, means: nil, "", now: AnswerCase.now)
            #expect(book.classify(bare).code == code, "\(number)")
        }
    }
}
