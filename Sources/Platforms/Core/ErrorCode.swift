/// A code of the error taxonomy: stable, part of the interface, each with whose fault it is and what is done.
///
/// Codes may be added; they are never renamed and never change their meaning.
package struct ErrorCode: Sendable, Hashable {
    package enum Fault: String, Sendable { case ours, platform, merchant, network, quota, none, unknown }

    /// What the worker does, in the words of the queue.
    package enum Policy: String, Sendable {
        /// Back to the queue with growing, jittered delay; counts an attempt.
        case backoff
        /// Back to the queue until the platform's own time; does not count an attempt.
        case waitUntil = "wait_until"
        /// The stream stops until a person or a probe changes something; other streams go on.
        case blockStream = "block_stream"
        /// Every stream of the connection stops: the merchant has to sign in again.
        case needsReauthorisation = "needs_reauth"
        /// Every stream of the connection stops until what is wrong outside is mended.
        case blockConnection = "block_connection"
        /// The record is stored or set aside with a flag; the page goes on.
        case flag
        /// The job fails for good.
        case fail
        /// The work is dropped without a word: somebody else owns it, or nobody wants it any more.
        case abandon
    }

    package let name: String
    package let fault: Fault
    package let policy: Policy

    private init(_ name: String, _ fault: Fault, _ policy: Policy) {
        self.name = name
        self.fault = fault
        self.policy = policy
    }

    package static func == (left: ErrorCode, right: ErrorCode) -> Bool { left.name == right.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }

    package static let authCredentialsInvalid = ErrorCode("auth.credentials_invalid", .merchant, .needsReauthorisation)
    package static let authAppRevoked = ErrorCode("auth.app_revoked", .merchant, .needsReauthorisation)
    package static let authScopeMissing = ErrorCode("auth.scope_missing", .merchant, .blockStream)
    package static let permissionPlanRequired = ErrorCode("permission.plan_required", .merchant, .blockStream)
    package static let accountSuspended = ErrorCode("account.suspended", .merchant, .blockConnection)
    package static let accountClosed = ErrorCode("account.closed", .merchant, .blockConnection)
    package static let rateLimited = ErrorCode("rate.limited", .quota, .waitUntil)
    package static let rateLimitedNoHint = ErrorCode("rate.limited_no_hint", .quota, .waitUntil)
    package static let rateConcurrency = ErrorCode("rate.concurrency", .quota, .waitUntil)
    package static let quotaExhausted = ErrorCode("quota.exhausted", .quota, .waitUntil)
    package static let quotaQueryCost = ErrorCode("quota.query_cost", .ours, .fail)
    package static let platformInternal = ErrorCode("platform.internal", .platform, .backoff)
    package static let platformUnavailable = ErrorCode("platform.unavailable", .platform, .backoff)
    package static let platformMaintenance = ErrorCode("platform.maintenance", .platform, .waitUntil)
    package static let platformTimeout = ErrorCode("platform.timeout", .platform, .backoff)
    package static let platformEndpointGone = ErrorCode("platform.endpoint_gone", .ours, .blockStream)
    package static let platformVersionSunset = ErrorCode("platform.version_sunset", .ours, .flag)
    package static let platformContractChanged = ErrorCode("platform.contract_changed", .ours, .flag)
    package static let blockedWAF = ErrorCode("blocked.waf", .merchant, .backoff)
    package static let blockedIP = ErrorCode("blocked.ip", .merchant, .blockConnection)
    package static let storeAPIMissing = ErrorCode("store.api_missing", .merchant, .blockConnection)
    package static let storeCrash = ErrorCode("store.crash", .merchant, .backoff)
    package static let networkDNS = ErrorCode("network.dns", .network, .backoff)
    package static let networkRefused = ErrorCode("network.refused", .network, .backoff)
    package static let networkReset = ErrorCode("network.reset", .network, .backoff)
    package static let networkTimeout = ErrorCode("network.timeout", .network, .backoff)
    package static let networkPartial = ErrorCode("network.partial", .network, .backoff)
    package static let networkEgressDenied = ErrorCode("network.egress_denied", .merchant, .blockConnection)
    package static let tlsUntrusted = ErrorCode("tls.untrusted", .merchant, .backoff)
    package static let tlsHandshake = ErrorCode("tls.handshake", .merchant, .backoff)
    package static let redirectRefused = ErrorCode("redirect.refused", .merchant, .blockConnection)
    package static let requestInvalid = ErrorCode("request.invalid", .ours, .fail)
    package static let requestInvalidNoReason = ErrorCode("request.invalid_no_reason", .unknown, .backoff)
    package static let requestHistoryLimit = ErrorCode("request.history_limit", .none, .flag)
    package static let requestCursorExpired = ErrorCode("request.cursor_expired", .none, .backoff)
    package static let dataMalformed = ErrorCode("data.malformed", .platform, .backoff)
    package static let dataTooLarge = ErrorCode("data.too_large", .ours, .backoff)
    package static let dataRecordRejected = ErrorCode("data.record_rejected", .ours, .flag)
    package static let dataSanitised = ErrorCode("data.sanitised", .platform, .flag)
    package static let dataNotFound = ErrorCode("data.not_found", .none, .flag)
    package static let databaseUnavailable = ErrorCode("db.unavailable", .ours, .backoff)
    package static let databaseValueRefused = ErrorCode("db.value_refused", .ours, .backoff)
    package static let redisUnavailable = ErrorCode("redis.unavailable", .ours, .flag)
    package static let configInvalid = ErrorCode("config.invalid", .ours, .blockConnection)
    package static let leaseLost = ErrorCode("internal.lease_lost", .ours, .abandon)
    package static let cancelled = ErrorCode("internal.cancelled", .none, .abandon)
    package static let internalBug = ErrorCode("internal.bug", .ours, .backoff)
    package static let unclassified = ErrorCode("unknown.unclassified", .unknown, .backoff)
}

extension ErrorCode {
    /// What a bare HTTP status means where no rule of the platform says more. Nil for success.
    ///
    /// HTML where JSON was asked for decides between the platform's trouble and something in front of it.
    package static func forStatus(_ status: Int, isHTML: Bool) -> ErrorCode? {
        switch status {
        case 200..<300: isHTML ? .dataMalformed : nil
        case 300..<400: .redirectRefused
        case 400, 405, 406, 409, 411, 413, 414, 415, 422: .requestInvalid
        case 401: .authCredentialsInvalid
        case 402: .accountSuspended
        case 403: isHTML ? .blockedWAF : .authScopeMissing
        case 404, 410: .platformEndpointGone
        case 408, 504: .platformTimeout
        case 423: .accountSuspended
        case 425, 429: .rateLimitedNoHint
        case 430: .blockedWAF
        case 500, 501, 520...527: .platformInternal
        case 502, 503, 530, 540: .platformUnavailable
        default: .unclassified
        }
    }
}
