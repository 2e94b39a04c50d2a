import FoundationEssentials

extension AmazonPlatform {
    /// What Amazon's refusals mean: the first rule that fits decides. Texts are English whatever the marketplace.
    package var errorRules: [ErrorRule] { Self.rules }
    package var ownRules: RuleBook { Self.book }

    /// `{"errors":[{"code":…,"message":…,"details":…}]}`, where message may be null and details missing or empty; XML
    /// from the storage that holds documents.
    package var errorShape: ErrorShape {
        ErrorShape(
            codes: ["errors.*.code", "error", "Error.Code"],
            messages: ["errors.*.message", "errors.*.details", "error_description", "Error.Message"],
            requestIDHeaders: ["x-amzn-requestid", "x-amz-request-id", "x-amz-rid"],
            headers: ["x-amzn-errortype", "x-amzn-ratelimit-limit"])
    }

    private static let book = RuleBook(of: AmazonPlatform())

    static let rules: [ErrorRule] = documentRules + accessRules + requestRules + serverRules

    /// Answers of the storage.
    private static let documentRules: [ErrorRule] = [
        .init(
            "amazon.link_expired", statuses: [403], bodies: [.xml], texts: ["en": ["request has expired"]],
            .reportDocumentExpired, "the signed address has expired after its five minutes", remedy: .reload),
        .init(
            "amazon.link_refused", statuses: [400, 403], bodies: [.xml], .reportDocumentExpired,
            "the storage does not accept the signed address", remedy: .reload),
        .init(
            "amazon.document_gone", statuses: [404], bodies: [.xml], .dataNotFound,
            "the storage has no such document any more"),
    ]

    private static let accessRules: [ErrorRule] = [
        .init(
            "amazon.token", statuses: [401, 403],
            texts: [
                "en": [
                    "the access token you provided has expired",
                    "the access token you provided is revoked, malformed or invalid",
                    "access token is missing in the request header",
                ]
            ], .authTokenExpired, "the access token has expired or is not accepted", remedy: .refreshToken),
        .init(
            "amazon.token_missing", statuses: [401, 403], codes: ["MissingAuthenticationToken"], .authTokenExpired,
            "the gateway saw no access token", remedy: .refreshToken),
        // The same answer for a role that is missing, a marketplace the seller has not, and the wrong region.
        .init(
            "amazon.role", statuses: [403], bodies: [.json], codes: ["Unauthorized", "AccessDenied", "Forbidden"],
            .authScopeMissing,
            "the application lacks the role for this operation, or the account is of another region or marketplace",
            remedy: .refreshToken),
        .init(
            "amazon.gateway_403", statuses: [403], bodies: [.html, .text, .empty], .platformUnavailable,
            "the gateway answered in place of the interface"),
        .init(
            "amazon.quota", statuses: [429], .rateLimited, "the operation's tokens are used up",
            fixedWait: .seconds(60)),
        .init(
            "amazon.quota_code", codes: ["QuotaExceeded", "RateLimited", "TooManyRequests"], .rateLimited,
            "the operation's tokens are used up", fixedWait: .seconds(60)),
    ]

    private static let requestRules: [ErrorRule] = [
        .init(
            "amazon.report_type", statuses: [400],
            texts: ["en": ["request for report type * is not allowed", "is not allowed at this time"]],
            .platformEndpointGone, "this kind of report cannot be requested"),
        .init(
            "amazon.next_token", statuses: [400],
            texts: ["en": ["could not decode your nexttoken", "invalid nexttoken", "nexttoken is invalid"]],
            .requestCursorExpired, "the page token was refused", remedy: .restartWindow),
        .init(
            "amazon.input_unexplained", statuses: [400], codes: ["InvalidInput"],
            paths: [.init("errors.*.message", .absent)], .requestInvalidNoReason,
            "Amazon does not accept a parameter and does not say which", remedy: .restartWindow),
        .init(
            "amazon.not_found", statuses: [404], codes: ["NotFound", "ResourceNotFound"], .dataNotFound,
            "there is no such thing, or it belongs to another region"),
        .init(
            "amazon.input", statuses: [400], codes: ["InvalidInput", "400", "InvalidParameterValue", "BadRequest"],
            .requestInvalid, "Amazon does not accept the request"),
        .init(
            "amazon.request", statuses: [405, 409, 413, 415, 422], .requestInvalid, "Amazon does not accept the request"
        ),
    ]

    private static let serverRules: [ErrorRule] = [
        .init(
            "amazon.internal", statuses: [500], codes: ["InternalFailure", "InternalError", "InternalServerError"],
            .platformInternal, "Amazon failed inside"),
        .init(
            "amazon.unavailable", statuses: [503], .platformUnavailable, "the interface is not available"),
        .init("amazon.timeout", statuses: [504], .platformTimeout, "the interface took too long"),
        .init(
            "amazon.gateway", statuses: [500, 502], bodies: [.html, .text, .empty], .platformUnavailable,
            "the gateway answered in place of the interface"),
    ]
}
