import FoundationEssentials
import RawJSON

extension StripePlatform {
    /// What Stripe's refusals mean: the first rule that fits decides. Texts are English.
    package var errorRules: [ErrorRule] { Self.rules }
    package var ownRules: RuleBook { Self.book }

    /// OAuth's errors are flat: `{"error": "invalid_grant", "error_description": "…"}`.
    package var errorShape: ErrorShape {
        ErrorShape(
            codes: ["error.code", "error", "error.type"], messages: ["error.message", "error_description"],
            requestIDHeaders: ["request-id"],
            headers: ["stripe-rate-limited-reason", "stripe-should-retry", "stripe-version"])
    }

    private static let book = RuleBook(of: StripePlatform())

    static let rules: [ErrorRule] = keyRules + permissionRules + requestRules + laterRules

    /// 401: the key itself.
    private static let keyRules: [ErrorRule] = [
        .init(
            "stripe.key_expired", statuses: [401], codes: ["api_key_expired"], .authCredentialsInvalid,
            "The API key has expired."),
        .init(
            "stripe.platform_key_expired", statuses: [401], codes: ["platform_api_key_expired"],
            .authCredentialsInvalid, "The platform's API key has expired."),
        .init(
            "stripe.no_key", statuses: [401], texts: ["en": ["did not provide an API key"]], .authCredentialsInvalid,
            "No API key was sent."),
        .init(
            "stripe.publishable_key", statuses: [401, 403], codes: ["secret_key_required"], .authCredentialsInvalid,
            "A publishable key was given where a secret or restricted key is needed."),
        .init(
            "stripe.key_invalid", statuses: [401], texts: ["en": ["Invalid API Key"]], .authCredentialsInvalid,
            "The API key is wrong, or was rolled or deleted."),
        .init("stripe.401", statuses: [401], .authCredentialsInvalid, "The API key was not accepted."),
    ]

    /// 403: what the key may do, from where, and for whom.
    private static let permissionRules: [ErrorRule] = [
        .init(
            "stripe.account_invalid", statuses: [403], codes: ["account_invalid"], .authAppRevoked,
            "The key has no access to the account any more: the merchant disconnected the application."),
        .init(
            "stripe.access_revoked", statuses: [403], texts: ["en": ["access may have been revoked"]], .authAppRevoked,
            "The key has no access to the account any more: the merchant disconnected the application."),
        .init(
            "stripe.address", statuses: [403], texts: ["en": ["IP address"]], .blockedIP,
            "The key may only be used from IP addresses that ours is not one of."),
        .init(
            "stripe.no_platform", statuses: [403], texts: ["en": ["Connect platforms"]], .configInvalid,
            "A connected account is named, but the key is not that of a Connect platform."),
        .init(
            "stripe.permission", statuses: [403], texts: ["en": ["rak_", "permission"]], .authScopeMissing,
            "The restricted key lacks a permission that this stream needs; the platform's message names it."),
    ]

    /// What was asked for.
    private static let requestRules: [ErrorRule] = [
        .init(
            "stripe.mode", statuses: [400, 403, 404], codes: ["livemode_mismatch"], .authCredentialsInvalid,
            "The key is of the other mode (live or test) than the data."),
        .init(
            "stripe.other_mode", statuses: [404], texts: ["en": ["similar object exists"]], .authCredentialsInvalid,
            "The key is of the other mode (live or test) than the data."),
        .init(
            "stripe.missing", statuses: [400, 404], codes: ["resource_missing"], .dataNotFound,
            "The object does not exist."),
        .init(
            "stripe.no_endpoint", statuses: [404], texts: ["en": ["Unrecognized request URL"]], .platformEndpointGone,
            "This server has no such endpoint."),
        .init(
            "stripe.gone", statuses: [410], .platformEndpointGone, "The endpoint was taken out of the interface."),
        .init("stripe.402", statuses: [402], .requestInvalid, "The request was understood and refused."),
    ]

    /// Not now.
    private static let laterRules: [ErrorRule] = [
        .init(
            "stripe.lock", statuses: [400, 409, 429], codes: ["lock_timeout"], .rateConcurrency,
            "The object is locked by another request of the merchant's.", fixedWait: .seconds(1)),
        .init("stripe.rate", statuses: [429], .rateLimitedNoHint, "The rate limit was reached."),
        .init(
            "stripe.conflict", statuses: [409], .rateConcurrency, "Another request is at work on the same object.",
            fixedWait: .seconds(2)),
        .init("stripe.dependency", statuses: [424], .platformUnavailable, "A service that Stripe depends on failed."),
    ]
}

extension StripeReply {
    /// The failure an answer stands for that was expected to be a success.
    var failure: ReadFailure {
        if isSuccess {
            return ReadFailure(
                error(.dataMalformed, "The answer is not what this endpoint is documented to send.", showsBody: true))
        }
        let evidence = ErrorEvidence(
            response, shape: rules.shape, now: response.requestedAt, operation: "list", resource: resource,
            route: request.route)
        let error = rules.error(evidence)
        return error.code == .rateLimitedNoHint ? limited(error) : honouringShouldRetry(error)
    }

    /// A unified error with all that the answer says of it.
    func error(_ code: ErrorCode, _ sentence: String, showsBody: Bool = false, id: String? = nil) -> UnifiedError {
        UnifiedError(
            code, sentence, httpStatus: response.status, platformCode: self.code ?? type, platformMessage: message,
            platformRequestID: requestID, route: request.route, externalID: id,
            evidence: showsBody ? response.body.start : nil)
    }

    /// 429 says which limit it was in a header, and never how long to wait.
    private func limited(_ error: UnifiedError) -> ReadFailure {
        let reason = response.header("Stripe-Rate-Limited-Reason") ?? ""
        let wait: Duration = reason.hasSuffix("concurrency") ? .seconds(2) : .seconds(1)
        let bucket =
            reason.hasPrefix("endpoint") || reason == "resource-specific"
            ? StripeReading.endpointBucket(request.route) : StripeStream.accountBucket
        var error = error
        let asked = error.retryAfter.map { min(max($0, .seconds(1)), .seconds(3600)) }
        error.retryAfter = asked ?? wait
        return ReadFailure(error, lessons: [.blocked(bucket: bucket, for: asked ?? wait)])
    }

    /// `Stripe-Should-Retry` overrides what the status suggests.
    private func honouringShouldRetry(_ error: UnifiedError) -> ReadFailure {
        var error = error
        switch response.header("Stripe-Should-Retry")?.lowercased() {
        case "true" where error.policy == .fail:
            error = self.error(.requestInvalidNoReason, "The platform refused the request for now.", showsBody: true)
            error.policyOverride = .backoff
            error.retryAfter = .seconds(1)
        case "false" where error.policy == .backoff:
            // Asking again at once is pointless by the platform's own word.
            error.retryAfter = .seconds(300)
        default: break
        }
        return ReadFailure(error)
    }
}
