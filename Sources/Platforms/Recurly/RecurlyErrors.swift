import FoundationEssentials

extension RecurlyPlatform {
    /// What Recurly's refusals mean: the first rule that fits decides. `error.type` says what it is, in no language.
    package var errorRules: [ErrorRule] { Self.rules }
    package var ownRules: RuleBook { Self.book }

    package var errorShape: ErrorShape {
        ErrorShape(
            codes: ["error.type", "error.transaction_error.code"], messages: ["error.message"],
            requestIDHeaders: ["x-request-id", "cf-ray"],
            headers: [
                "recurly-version", "recurly-deprecated", "recurly-sunset-date", "x-ratelimit-limit",
                "x-ratelimit-remaining", "x-ratelimit-reset", "cf-ray",
            ])
    }

    private static let book = RuleBook(of: RecurlyPlatform())

    static let rules: [ErrorRule] = accessRules + requestRules + laterRules

    /// Who asks, and what for.
    private static let accessRules: [ErrorRule] = [
        .init(
            "recurly.key", statuses: [401, 403], codes: ["unauthorized", "invalid_api_key"], .authCredentialsInvalid,
            "The API key is wrong, was deleted, or is one of the other region."),
        .init("recurly.401", statuses: [401], .authCredentialsInvalid, "The API key was not accepted."),
        .init(
            "recurly.permissions", statuses: [403], codes: ["invalid_permissions"], .authScopeMissing,
            "The API key may not read this resource."),
        .init(
            "recurly.unpaid", statuses: [402], .accountSuspended, "The site is suspended until Recurly is paid."),
        .init(
            "recurly.feature", statuses: [422, 403, 404], codes: ["missing_feature"], .permissionPlanRequired,
            "The site's plan does not have the feature that this resource belongs to."),
    ]

    /// What was asked.
    private static let requestRules: [ErrorRule] = [
        .init(
            "recurly.version", statuses: [406],
            codes: ["invalid_api_version", "unknown_api_version", "unavailable_in_api_version"],
            .platformVersionSunset, "The version of the interface is not accepted, or does not have this resource."),
        .init(
            "recurly.406", statuses: [406], .platformVersionSunset, "The version that was asked for is not accepted."),
        .init(
            "recurly.cursor", operations: ["list"], statuses: [400, 404, 410, 422], texts: ["en": ["cursor"]],
            .requestCursorExpired, "The place in the list is not known any more.", remedy: .restartWindow),
        .init(
            "recurly.no_list", operations: ["list"], statuses: [404], .platformEndpointGone,
            "The site has no such list."),
        .init("recurly.missing", statuses: [404], codes: ["not_found"], .dataNotFound, "The object does not exist."),
        .init(
            "recurly.transaction", statuses: [422], codes: ["transaction"], .requestInvalid,
            "A payment was declined, which nothing that reads can cause."),
        .init(
            "recurly.immutable", statuses: [422], codes: ["immutable_subscription"], .requestInvalid,
            "The subscription cannot be changed, which nothing that reads tries."),
        .init(
            "recurly.invalid", statuses: [400, 412, 422],
            codes: ["bad_request", "invalid_content_type", "validation", "invalid_token"], .requestInvalid,
            "The request was understood and refused."),
        .init("recurly.precondition", statuses: [412], .requestInvalid, "A precondition of the request failed."),
    ]

    /// Not now.
    private static let laterRules: [ErrorRule] = [
        .init(
            "recurly.rate", statuses: [429], .rateLimited, "The site's requests of the last five minutes are used up.",
            waits: [WaitSource(.header("x-ratelimit-reset"), .epoch, max: .seconds(600))]),
        .init(
            "recurly.simultaneous", statuses: [409, 422], codes: ["simultaneous_request"], .rateConcurrency,
            "Another request is at work on the same object.", fixedWait: .seconds(2)),
        .init(
            "recurly.tax_service", statuses: [422], codes: ["tax_service_error"], .platformUnavailable,
            "A tax service that Recurly depends on failed."),
        .init(
            "recurly.internal", statuses: [500], codes: ["internal_server_error"], .platformInternal,
            "Recurly failed inside."),
        .init(
            "recurly.unavailable", statuses: [502, 503], codes: ["service_not_available"], .platformUnavailable,
            "Recurly is not available."),
        // Without this the page would be taken for one that a firewall refuses with.
        .init(
            "recurly.edge", statuses: [.range(502...504), .range(520...527)], headers: [.init("cf-ray", "*")],
            bodies: [.html, .text, .empty], .platformUnavailable,
            "The network in front of Recurly has no answer from it."),
    ]
}
