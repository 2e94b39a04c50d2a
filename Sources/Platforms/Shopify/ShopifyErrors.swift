import FoundationEssentials
import RawJSON

/// What Shopify's refusals mean, as a table: the first rule that matches decides.
///
/// A GraphQL error comes with status 200, so a rule names a status, a code of the error's extensions, words of its
/// message, or several of these. Texts are English whatever the shop's language.
struct ShopifyErrorRule: Sendable {
    enum Next: Sendable {
        /// Nothing but what the error's code says.
        case none
        /// The same again with fewer records.
        case smallerPage
        /// The same again without the page cursor.
        case restart
    }

    var status: ClosedRange<Int> = 100...999
    /// Codes of `errors[].extensions.code`; empty for a rule that does not look at it.
    var codes: [String] = []
    /// Lower-case words of which one must be in the message; empty for a rule that does not look at it.
    var words: [String] = []
    /// Whether the body must be (or must not be) HTML or empty; nil where it does not matter.
    var isMarkup: Bool?
    let meaning: ErrorCode
    let sentence: String
    var next = Next.none
    var retryAfter: Duration?

    func matches(_ refusal: ShopifyRefusal) -> Bool {
        status.contains(refusal.status) && (codes.isEmpty || codes.contains(refusal.code ?? ""))
            && (words.isEmpty || words.contains { refusal.message.lowercased().contains($0) })
            && (isMarkup == nil || isMarkup == refusal.isMarkup)
    }

    static let all: [ShopifyErrorRule] = [
        // Answers of GraphQL, status 200.
        .init(
            status: 200...200, codes: ["THROTTLED"], meaning: .rateLimited, sentence: "the shop's points are used up"),
        .init(
            status: 200...200, codes: ["MAX_COST_EXCEEDED"], meaning: .quotaQueryCost,
            sentence: "the query costs more points than one query may", next: .smallerPage),
        .init(
            status: 200...200, codes: ["TIMEOUT"], meaning: .platformTimeout,
            sentence: "the query took Shopify too long",
            next: .smallerPage),
        .init(
            status: 200...200, codes: ["INTERNAL_SERVER_ERROR"], words: ["timeout", "timed out"],
            meaning: .platformTimeout, sentence: "the query took Shopify too long", next: .smallerPage),
        .init(
            status: 200...200, codes: ["INTERNAL_SERVER_ERROR"], meaning: .platformInternal,
            sentence: "Shopify failed inside"),
        .init(
            status: 200...200, codes: ["ACCESS_DENIED"], words: ["protected-customer-data"], meaning: .authScopeMissing,
            sentence: "the app is not approved for protected customer data of this kind"),
        .init(
            status: 200...200, codes: ["ACCESS_DENIED"], meaning: .authScopeMissing,
            sentence: "the merchant has not granted the access scope this needs"),
        .init(
            status: 200...200, codes: ["SHOP_INACTIVE"], meaning: .accountClosed, sentence: "the shop is not active"),
        .init(
            words: [
                "invalid cursor", "cursor is invalid", "cursor is not valid", "malformed cursor", "expired cursor",
            ],
            meaning: .requestCursorExpired, sentence: "the page cursor was refused", next: .restart),
        .init(
            status: 200...200,
            codes: [
                "undefinedField", "undefinedType", "undefinedDirective", "undefinedEnumValue", "argumentNotAccepted",
                "argumentLiteralsIncompatible", "missingRequiredArguments", "selectionMismatch", "variableMismatch",
                "fragmentOnNonCompositeType", "cannotSpreadFragment", "fieldConflict",
            ], meaning: .requestInvalid, sentence: "the schema has no longer what the query asks for"),
        .init(
            status: 200...200, codes: ["INVALID_VARIABLE", "BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "parseError"],
            meaning: .requestInvalid, sentence: "Shopify does not accept the query"),
        .init(
            status: 200...200, words: ["throttled"], meaning: .rateLimited, sentence: "the shop's points are used up"),
        .init(
            status: 200...200, words: ["timeout", "timed out"], meaning: .platformTimeout,
            sentence: "the query took Shopify too long", next: .smallerPage),
        .init(
            status: 200...200, isMarkup: true, meaning: .dataMalformed, sentence: "the answer is a page, not data"),

        // Everything else is told by its status.
        .init(status: 300...399, meaning: .redirectRefused, sentence: "the shop has been renamed or moved"),
        .init(
            status: 401...401, meaning: .authCredentialsInvalid,
            sentence: "the access token is not valid: the app was removed, or the token revoked or expired"),
        .init(
            status: 402...402, meaning: .accountSuspended, sentence: "the shop is frozen until its bill is paid",
            retryAfter: .seconds(86400)),
        .init(
            status: 403...403, words: ["protected customer data"], meaning: .authScopeMissing,
            sentence: "the app is not approved for protected customer data"),
        .init(
            status: 403...403, words: ["merchant approval", "does not have access", "scope"],
            meaning: .authScopeMissing,
            sentence: "the merchant has not granted the access scope this needs"),
        .init(
            status: 403...403, isMarkup: true, meaning: .blockedWAF,
            sentence: "something in front of Shopify refuses us"),
        .init(status: 403...403, meaning: .authScopeMissing, sentence: "access is not granted"),
        .init(
            status: 404...404, isMarkup: true, meaning: .storeAPIMissing,
            sentence: "there is no shop of this name at Shopify"),
        .init(
            status: 404...404, meaning: .platformEndpointGone, sentence: "the address or the version does not exist"),
        .init(status: 400...400, meaning: .requestInvalid, sentence: "Shopify does not accept the request"),
        .init(
            status: 413...413, meaning: .dataTooLarge, sentence: "the page is too large", next: .smallerPage),
        .init(status: 405...417, meaning: .requestInvalid, sentence: "Shopify does not accept the request"),
        .init(status: 422...422, meaning: .requestInvalid, sentence: "Shopify does not accept the request"),
        .init(
            status: 423...423, meaning: .accountSuspended, sentence: "the shop is locked", retryAfter: .seconds(3600)),
        .init(status: 429...429, meaning: .rateLimited, sentence: "too many requests"),
        .init(
            status: 430...430, meaning: .blockedWAF, sentence: "Shopify's security refuses the request",
            retryAfter: .seconds(900)),
        .init(
            status: 500...500, meaning: .platformInternal, sentence: "Shopify failed inside, perhaps over a heavy page",
            next: .smallerPage),
        .init(
            status: 501...501, meaning: .platformEndpointGone, sentence: "Shopify does not offer this"),
        .init(
            status: 504...504, meaning: .platformTimeout, sentence: "Shopify took too long", next: .smallerPage),
        .init(status: 502...503, meaning: .platformUnavailable, sentence: "Shopify is overloaded"),
        .init(
            status: 530...530, meaning: .platformUnavailable, sentence: "the edge in front of Shopify cannot reach it"),
        .init(
            status: 540...540, meaning: .platformUnavailable, sentence: "Shopify has switched this off for a time",
            retryAfter: .seconds(600)),
        .init(status: 783...783, meaning: .requestInvalid, sentence: "Shopify cannot read the request"),
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
    /// Empty, or a page where data was asked for.
    let isMarkup: Bool
    /// What the error says the query costs.
    var cost: Double?

    func error(_ response: PlatformResponse, route: String) -> (error: UnifiedError, next: ShopifyErrorRule.Next) {
        let requestID = response.header("x-request-id")
        guard let rule = ShopifyErrorRule.all.first(where: { $0.matches(self) }) else {
            let meaning =
                status == 200 ? .unclassified : ErrorCode.forStatus(status, isHTML: isMarkup) ?? .unclassified
            return (
                UnifiedError(
                    meaning, "Shopify answered something no rule knows", httpStatus: status, platformCode: code,
                    platformMessage: message, platformRequestID: requestID, route: route,
                    evidence: Self.evidence(response.body)), .none
            )
        }
        var meaning = rule.meaning
        var retryAfter = rule.retryAfter ?? Self.retryAfter(response)
        if meaning == .rateLimited, status != 200 {
            retryAfter = Self.retryAfter(response)
            if retryAfter == nil { meaning = .rateLimitedNoHint }
        }
        return (
            UnifiedError(
                meaning, "\(rule.sentence)\(path.map { " (\($0))" } ?? "")", httpStatus: status, platformCode: code,
                platformMessage: message.isEmpty ? nil : message, platformRequestID: requestID, route: route,
                retryAfter: retryAfter,
                evidence: isMarkup || meaning == .dataMalformed ? Self.evidence(response.body) : nil), rule.next
        )
    }

    /// `Retry-After` in seconds; Shopify writes it with a decimal point: `2.0`.
    static func retryAfter(_ response: PlatformResponse) -> Duration? {
        guard let text = response.header("retry-after"), let seconds = Double(text), (0...86400).contains(seconds)
        else { return nil }
        return .milliseconds(Int64(seconds * 1000))
    }

    /// The first bytes of an answer, for whoever has to write the missing rule.
    static func evidence(_ body: PaddedBytes) -> String {
        String(decoding: body.bytes.prefix(UnifiedError.evidenceBytesMax), as: UTF8.self)
    }
}
