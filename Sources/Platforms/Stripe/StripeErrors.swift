import FoundationEssentials
import RawJSON

/// What Stripe's refusals mean, as a table: the first rule that fits decides.
struct StripeErrorRule: Sendable {
    /// Statuses it holds for; nil for any.
    var statuses: Set<Int>?
    var code: String?
    /// Part of the message, in any case.
    var message: String?
    var meaning: ErrorCode
    var sentence: String
    var retryAfter: Duration?

    init(
        _ statuses: Set<Int>?, code: String? = nil, message: String? = nil, _ meaning: ErrorCode, _ sentence: String,
        retryAfter: Duration? = nil
    ) {
        self.statuses = statuses
        self.code = code
        self.message = message
        self.meaning = meaning
        self.sentence = sentence
        self.retryAfter = retryAfter
    }

    func fits(_ reply: StripeReply) -> Bool {
        if let statuses, !statuses.contains(reply.response.status) { return false }
        if let code, code != reply.code { return false }
        if let message, !reply.says(message) { return false }
        return true
    }

    static let all: [StripeErrorRule] = [
        // 401: the key itself.
        .init([401], code: "api_key_expired", .authCredentialsInvalid, "The API key has expired."),
        .init([401], code: "platform_api_key_expired", .authCredentialsInvalid, "The platform's API key has expired."),
        .init([401], message: "did not provide an API key", .authCredentialsInvalid, "No API key was sent."),
        .init(
            [401, 403], code: "secret_key_required", .authCredentialsInvalid,
            "A publishable key was given where a secret or restricted key is needed."),
        .init(
            [401], message: "Invalid API Key", .authCredentialsInvalid,
            "The API key is wrong, or was rolled or deleted."),
        .init([401], .authCredentialsInvalid, "The API key was not accepted."),
        // 403: what the key may do, from where, and for whom.
        .init(
            [403], code: "account_invalid", .authAppRevoked,
            "The key has no access to the account any more: the merchant disconnected the application."),
        .init(
            [403], message: "access may have been revoked", .authAppRevoked,
            "The key has no access to the account any more: the merchant disconnected the application."),
        .init(
            [403], message: "IP address", .blockedIP,
            "The key may only be used from IP addresses that ours is not one of."),
        .init(
            [403], message: "Connect platforms", .configInvalid,
            "A connected account is named, but the key is not that of a Connect platform."),
        .init(
            [403], message: "rak_", .authScopeMissing,
            "The restricted key lacks a permission that this stream needs; the platform's message names it."),
        .init(
            [403], message: "permission", .authScopeMissing,
            "The restricted key lacks a permission that this stream needs; the platform's message names it."),
        // 400 and 404: what was asked for.
        .init(
            [400, 403, 404], code: "livemode_mismatch", .authCredentialsInvalid,
            "The key is of the other mode (live or test) than the data."),
        .init(
            [404], message: "similar object exists", .authCredentialsInvalid,
            "The key is of the other mode (live or test) than the data."),
        .init([400, 404], code: "resource_missing", .dataNotFound, "The object does not exist."),
        .init([404], message: "Unrecognized request URL", .platformEndpointGone, "This server has no such endpoint."),
        .init([410], .platformEndpointGone, "The endpoint was taken out of the interface."),
        .init([402], .requestInvalid, "The request was understood and refused."),
        // Not now.
        .init(
            [400, 409, 429], code: "lock_timeout", .rateConcurrency,
            "The object is locked by another request of the merchant's.", retryAfter: .seconds(1)),
        .init([429], .rateLimitedNoHint, "The rate limit was reached."),
        .init(
            [409], .rateConcurrency, "Another request is at work on the same object.", retryAfter: .seconds(2)),
        .init([424], .platformUnavailable, "A service that Stripe depends on failed."),
    ]
}

extension StripeReply {
    /// The failure an answer stands for that was expected to be a success.
    var failure: ReadFailure {
        let status = response.status
        if isSuccess {
            return ReadFailure(
                error(.dataMalformed, "The answer is not what this endpoint is documented to send.", showsBody: true))
        }
        if let rule = StripeErrorRule.all.first(where: { $0.fits(self) }) {
            var error = self.error(rule.meaning, rule.sentence, showsBody: !hasEnvelope)
            error.retryAfter = rule.retryAfter
            if rule.meaning == .rateLimitedNoHint { return limited(error) }
            return honouringShouldRetry(error)
        }
        let meaning = ErrorCode.forStatus(status, isHTML: isHTML) ?? .unclassified
        return honouringShouldRetry(
            error(meaning, "The platform answered with HTTP status \(status).", showsBody: !hasEnvelope))
    }

    /// A unified error with all that the answer says of it.
    func error(_ code: ErrorCode, _ sentence: String, showsBody: Bool = false, id: String? = nil) -> UnifiedError {
        UnifiedError(
            code, sentence, httpStatus: response.status, platformCode: self.code ?? type,
            platformMessage: message.map(StripeReply.masked), platformRequestID: requestID, route: request.route,
            externalID: id, evidence: showsBody ? evidence : nil)
    }

    private var isHTML: Bool {
        if response.header("Content-Type")?.lowercased().contains("html") == true { return true }
        let start = response.body.bytes.first { $0 > 0x20 }
        return start == UInt8(ascii: "<")
    }

    /// 429 says which limit it was in a header, and never how long to wait.
    private func limited(_ error: UnifiedError) -> ReadFailure {
        let reason = response.header("Stripe-Rate-Limited-Reason") ?? ""
        let wait: Duration = reason.hasSuffix("concurrency") ? .seconds(2) : .seconds(1)
        let bucket =
            reason.hasPrefix("endpoint") || reason == "resource-specific"
            ? StripeReading.endpointBucket(request.route) : StripeStream.accountBucket
        var error = error
        let asked = response.header("Retry-After").flatMap(Int.init).map { Duration.seconds(max(1, min($0, 3600))) }
        error.retryAfter = asked ?? wait
        return ReadFailure(error, lessons: [.blocked(bucket: bucket, for: asked ?? wait)])
    }

    /// `Stripe-Should-Retry` overrides what the status suggests.
    private func honouringShouldRetry(_ error: UnifiedError) -> ReadFailure {
        var error = error
        switch response.header("Stripe-Should-Retry")?.lowercased() {
        case "true" where error.code.policy == .fail:
            error = self.error(.requestInvalidNoReason, "The platform refused the request for now.", showsBody: true)
            error.retryAfter = .seconds(1)
        case "false" where error.code.policy == .backoff:
            // Asking again at once is pointless by the platform's own word.
            error.retryAfter = .seconds(300)
        default: break
        }
        return ReadFailure(error)
    }
}
