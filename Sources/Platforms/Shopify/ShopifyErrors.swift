import FoundationEssentials
import RawJSON

extension ShopifyPlatform {
    /// What Shopify's refusals mean: the first rule that fits decides.
    ///
    /// A GraphQL error comes with status 200, so a rule names a status, a code of the error's extensions, words of its
    /// message, or several of these. Texts are English whatever the shop's language.
    package var errorRules: [ErrorRule] { Self.rules }
    package var ownRules: RuleBook { Self.book }

    /// `errors` is a text, a list of texts, an object of lists, or a list of GraphQL's errors; of the other endpoints
    /// `error` with `error_description`.
    package var errorShape: ErrorShape {
        ErrorShape(
            codes: ["errors.*.extensions.code", "error"],
            messages: ["errors.*.message", "errors.*", "errors", "error_description"],
            requestIDHeaders: ["x-request-id"],
            headers: ["x-shopify-api-version", "x-shopify-shop-api-call-limit", "x-shopify-api-deprecated-reason"])
    }

    private static let book = RuleBook(of: ShopifyPlatform())

    static let rules: [ErrorRule] = graphQLRules + statusRules

    /// Answers of GraphQL.
    private static let graphQLRules: [ErrorRule] = [
        .init(
            "shopify.throttled", statuses: [200], codes: ["THROTTLED"], .rateLimited, "the shop's points are used up",
            fixedWait: .seconds(2)),
        .init(
            "shopify.max_cost", statuses: [200], codes: ["MAX_COST_EXCEEDED"], .quotaQueryCost,
            "the query costs more points than one query may", remedy: .smallerPage),
        .init(
            "shopify.timeout", statuses: [200], codes: ["TIMEOUT"], .platformTimeout, "the query took Shopify too long",
            remedy: .smallerPage),
        .init(
            "shopify.internal_timeout", statuses: [200], codes: ["INTERNAL_SERVER_ERROR"],
            texts: ["en": ["timeout", "timed out"]], .platformTimeout, "the query took Shopify too long",
            remedy: .smallerPage),
        .init(
            "shopify.internal", statuses: [200], codes: ["INTERNAL_SERVER_ERROR"], .platformInternal,
            "Shopify failed inside"),
        .init(
            "shopify.protected_data", statuses: [200], codes: ["ACCESS_DENIED"],
            texts: ["en": ["protected-customer-data"]], .authScopeMissing,
            "the app is not approved for protected customer data of this kind"),
        .init(
            "shopify.access_denied", statuses: [200], codes: ["ACCESS_DENIED"], .authScopeMissing,
            "the merchant has not granted the access scope this needs"),
        .init("shopify.inactive", statuses: [200], codes: ["SHOP_INACTIVE"], .accountClosed, "the shop is not active"),
        .init(
            "shopify.cursor",
            texts: [
                "en": [
                    "invalid cursor", "cursor is invalid", "cursor is not valid", "malformed cursor", "expired cursor",
                ]
            ], .requestCursorExpired, "the page cursor was refused", remedy: .restartWindow),
        .init(
            "shopify.schema", statuses: [200],
            codes: [
                "undefinedField", "undefinedType", "undefinedDirective", "undefinedEnumValue", "argumentNotAccepted",
                "argumentLiteralsIncompatible", "missingRequiredArguments", "selectionMismatch", "variableMismatch",
                "fragmentOnNonCompositeType", "cannotSpreadFragment", "fieldConflict",
            ], .requestInvalid, "the schema has no longer what the query asks for"),
        .init(
            "shopify.query", statuses: [200],
            codes: ["INVALID_VARIABLE", "BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "parseError"], .requestInvalid,
            "Shopify does not accept the query"),
        .init(
            "shopify.throttled_text", statuses: [200], texts: ["en": ["throttled"]], .rateLimited,
            "the shop's points are used up", fixedWait: .seconds(2)),
        .init(
            "shopify.timeout_text", statuses: [200], texts: ["en": ["timeout", "timed out"]], .platformTimeout,
            "the query took Shopify too long", remedy: .smallerPage),
        .init(
            "shopify.page", statuses: [200], bodies: [.html, .xml, .empty], .dataMalformed,
            "the answer is a page, not data"),
    ]

    /// Everything else is told by its status.
    private static let statusRules: [ErrorRule] = [
        .init("shopify.moved", statuses: [.range(300...399)], .redirectRefused, "the shop has been renamed or moved"),
        .init(
            "shopify.token", statuses: [401], .authCredentialsInvalid,
            "the access token is not valid: the app was removed, or the token revoked or expired"),
        .init(
            "shopify.frozen", statuses: [402], .accountSuspended, "the shop is frozen until its bill is paid",
            fixedWait: .seconds(86_400)),
        .init(
            "shopify.protected_data_rest", statuses: [403], texts: ["en": ["protected customer data"]],
            .authScopeMissing, "the app is not approved for protected customer data"),
        .init(
            "shopify.scope", statuses: [403], texts: ["en": ["merchant approval", "does not have access", "scope"]],
            .authScopeMissing, "the merchant has not granted the access scope this needs"),
        .init(
            "shopify.blocked", statuses: [403], bodies: [.html, .xml, .empty], .blockedWAF,
            "something in front of Shopify refuses us"),
        .init("shopify.forbidden", statuses: [403], .authScopeMissing, "access is not granted"),
        .init(
            "shopify.no_shop", statuses: [404], bodies: [.html, .xml, .empty], .storeAPIMissing,
            "there is no shop of this name at Shopify"),
        .init(
            "shopify.no_endpoint", statuses: [404], .platformEndpointGone,
            "the address or the version does not exist"),
        .init(
            "shopify.too_large", statuses: [413], .dataTooLarge, "the page is too large", remedy: .smallerPage),
        .init(
            "shopify.refused", statuses: [400, .range(405...417), 422], .requestInvalid,
            "Shopify does not accept the request"),
        .init(
            "shopify.locked", statuses: [423], .accountSuspended, "the shop is locked", fixedWait: .seconds(3600)),
        .init("shopify.rate", statuses: [429], .rateLimited, "too many requests"),
        .init(
            "shopify.security", statuses: [430], .blockedWAF, "Shopify's security refuses the request",
            fixedWait: .seconds(900)),
        .init(
            "shopify.500", statuses: [500], .platformInternal, "Shopify failed inside, perhaps over a heavy page",
            remedy: .smallerPage),
        .init("shopify.501", statuses: [501], .platformEndpointGone, "Shopify does not offer this"),
        .init("shopify.504", statuses: [504], .platformTimeout, "Shopify took too long", remedy: .smallerPage),
        .init("shopify.overloaded", statuses: [502, 503], .platformUnavailable, "Shopify is overloaded"),
        .init(
            "shopify.edge", statuses: [530], .platformUnavailable, "the edge in front of Shopify cannot reach it"),
        .init(
            "shopify.switched_off", statuses: [540], .platformUnavailable, "Shopify has switched this off for a time",
            fixedWait: .seconds(600)),
        .init("shopify.unreadable", statuses: [783], .requestInvalid, "Shopify cannot read the request"),
    ]
}

/// What an answer says went wrong, before it is known what that means.
struct ShopifyRefusal {
    let status: Int
    /// Code of the first error that decides.
    var code: String?
    var message: String
    /// The field it is about, without positions in lists: `orders.nodes.billingAddress`.
    var path: String?
    /// What the error says the query costs.
    var cost: Double?

    /// What it means. Of several errors in an answer this is one, so the rules see its code and message alone.
    ///
    /// - Parameter evidence: the answer's.
    func error(_ evidence: ErrorEvidence, _ rules: RuleBook) -> (error: UnifiedError, remedy: ErrorRule.Remedy) {
        var evidence = evidence
        evidence.codes = code.map { [$0] } ?? []
        evidence.messages = message.isEmpty ? [] : [message]
        let finding = rules.classify(evidence)
        var error = UnifiedError(finding, evidence, shape: rules.shape, hosting: rules.hosting)
        if let path { error.message += " (\(Redaction.sanitised(path, bytesMax: 200)))" }
        return (error, finding.remedy)
    }
}
