extension ErrorCode {
    // Name, fault, gRPC's word, policy, whether it counts an attempt, effect on the connection, the merchant's text.
    package static let authTokenExpired = ErrorCode(
        "auth.token_expired", .none, .unauthenticated, .refreshThenRetry, attempt: false, .none, .none)
    package static let authRefreshUnavailable = ErrorCode(
        "auth.refresh_unavailable", .platform, .unavailable, .backoff, attempt: true, .degradedIfRepeated,
        .platformTrouble)
    package static let authRefreshRejected = ErrorCode(
        "auth.refresh_rejected", .merchant, .unauthenticated, .needsReauthorisation, attempt: false,
        .needsReauthorisation, .reconnect)
    package static let authRefreshRaced = ErrorCode(
        "auth.refresh_raced", .ours, .aborted, .reloadThenRetry, attempt: false, .none, .none)
    package static let authCredentialsInvalid = ErrorCode(
        "auth.credentials_invalid", .merchant, .unauthenticated, .needsReauthorisation, attempt: false,
        .needsReauthorisation, .reconnect)
    package static let authAppRevoked = ErrorCode(
        "auth.app_revoked", .merchant, .unauthenticated, .needsReauthorisation, attempt: false, .needsReauthorisation,
        .reconnect)
    package static let authMFARequired = ErrorCode(
        "auth.mfa_required", .merchant, .unauthenticated, .needsReauthorisation, attempt: false, .needsReauthorisation,
        .reconnectSecondFactor)
    package static let authScopeMissing = ErrorCode(
        "auth.scope_missing", .merchant, .permissionDenied, .blockStream, attempt: false, .degraded, .grantPermission)
    package static let authClockSkew = ErrorCode(
        "auth.clock_skew", .ours, .invalidArgument, .fail, attempt: true, .degradedIfRepeated, .ourFault)
    package static let authMethodRemoved = ErrorCode(
        "auth.method_removed", .ours, .failedPrecondition, .blockConnection, attempt: false, .blocked, .ourFault)

    package static let permissionObject = ErrorCode(
        "permission.object", .merchant, .permissionDenied, .skipObject, attempt: false, .none, .grantPermission)
    package static let permissionPlanRequired = ErrorCode(
        "permission.plan_required", .merchant, .failedPrecondition, .blockStream, attempt: false, .degraded,
        .upgradePlan)

    package static let accountSuspended = ErrorCode(
        "account.suspended", .merchant, .failedPrecondition, .blockConnection, attempt: false, .blocked, .shopInactive)
    package static let accountClosed = ErrorCode(
        "account.closed", .merchant, .notFound, .blockConnection, attempt: false, .blocked, .shopInactive)

    package static let rateLimited = ErrorCode(
        "rate.limited", .quota, .resourceExhausted, .waitUntil, attempt: false, .limitedIfRepeated, .slowDown)
    package static let rateLimitedNoHint = ErrorCode(
        "rate.limited_no_hint", .quota, .resourceExhausted, .backoff, attempt: false, .limitedIfRepeated, .slowDown)
    package static let rateConcurrency = ErrorCode(
        "rate.concurrency", .quota, .resourceExhausted, .backoff, attempt: false, .limitedIfRepeated, .slowDown)

    package static let quotaExhausted = ErrorCode(
        "quota.exhausted", .quota, .resourceExhausted, .waitUntil, attempt: false, .limited, .slowDown)
    package static let quotaQueryCost = ErrorCode(
        "quota.query_cost", .ours, .invalidArgument, .split, attempt: false, .none, .ourFault)

    package static let platformInternal = ErrorCode(
        "platform.internal", .platform, .internalError, .backoff, attempt: true, .degradedIfRepeated, .platformTrouble)
    package static let platformUnavailable = ErrorCode(
        "platform.unavailable", .platform, .unavailable, .backoff, attempt: true, .degradedIfRepeated, .platformTrouble)
    package static let platformMaintenance = ErrorCode(
        "platform.maintenance", .platform, .unavailable, .waitUntil, attempt: false, .degradedIfRepeated,
        .platformTrouble)
    package static let platformTimeout = ErrorCode(
        "platform.timeout", .platform, .deadlineExceeded, .backoff, then: [.split], attempt: true, .degradedIfRepeated,
        .platformTrouble)
    package static let platformEndpointGone = ErrorCode(
        "platform.endpoint_gone", .ours, .unimplemented, .blockStream, attempt: false, .degraded, .platformTrouble)
    package static let platformVersionSunset = ErrorCode(
        "platform.version_sunset", .ours, .unimplemented, .fail, attempt: false, .degraded, .platformTrouble)
    package static let platformContractChanged = ErrorCode(
        "platform.contract_changed", .ours, .dataLoss, .storeRawAndFlag, attempt: false, .none, .platformTrouble)

    package static let blockedWAF = ErrorCode(
        "blocked.waf", .merchant, .permissionDenied, .backoff, then: [.blockConnection], isSlow: true, attempt: true,
        .blockedIfRepeated, .firewall)
    package static let blockedIP = ErrorCode(
        "blocked.ip", .merchant, .permissionDenied, .blockConnection, attempt: false, .blocked, .firewall)
    package static let blockedPasswordPage = ErrorCode(
        "blocked.password_page", .merchant, .permissionDenied, .blockConnection, attempt: false, .blocked, .firewall)

    package static let storeAPIMissing = ErrorCode(
        "store.api_missing", .merchant, .failedPrecondition, .blockConnection, attempt: false, .blocked, .pluginMissing)
    package static let storeVersionUnsupported = ErrorCode(
        "store.version_unsupported", .merchant, .failedPrecondition, .blockConnection, attempt: false, .blocked,
        .pluginMissing)
    package static let storeCrash = ErrorCode(
        "store.crash", .merchant, .internalError, .backoff, attempt: true, .unreachableIfRepeated, .shopUnreachable)

    package static let networkDNS = ErrorCode(
        "network.dns", .merchant, .unavailable, .backoff, attempt: true, .unreachableIfRepeated, .shopUnreachable,
        dependsOnHosting: true)
    package static let networkRefused = ErrorCode(
        "network.refused", .merchant, .unavailable, .backoff, attempt: true, .unreachableIfRepeated, .shopUnreachable,
        dependsOnHosting: true)
    package static let networkReset = ErrorCode(
        "network.reset", .network, .unavailable, .retryNow, tries: 1, then: [.backoff], attempt: true,
        .unreachableIfRepeated, .shopUnreachable, dependsOnHosting: true)
    package static let networkTimeout = ErrorCode(
        "network.timeout", .network, .deadlineExceeded, .backoff, attempt: true, .unreachableIfRepeated,
        .shopUnreachable, dependsOnHosting: true)
    package static let networkPartial = ErrorCode(
        "network.partial", .network, .unavailable, .retryNow, tries: 1, then: [.backoff], attempt: true, .none,
        .shopUnreachable, dependsOnHosting: true)
    package static let networkEgressDenied = ErrorCode(
        "network.egress_denied", .merchant, .permissionDenied, .blockConnection, attempt: false, .blocked,
        .addressRefused)

    package static let tlsUntrusted = ErrorCode(
        "tls.untrusted", .merchant, .failedPrecondition, .backoff, then: [.blockConnection], isSlow: true,
        attempt: true, .unreachableIfRepeated, .certificate, dependsOnHosting: true)
    package static let tlsHandshake = ErrorCode(
        "tls.handshake", .merchant, .unavailable, .backoff, attempt: true, .unreachableIfRepeated, .certificate,
        dependsOnHosting: true)

    package static let redirectLoop = ErrorCode(
        "redirect.loop", .merchant, .failedPrecondition, .blockConnection, attempt: false, .blocked, .pluginMissing)
    package static let redirectRefused = ErrorCode(
        "redirect.refused", .merchant, .failedPrecondition, .blockConnection, attempt: false, .blocked, .pluginMissing)

    package static let requestInvalid = ErrorCode(
        "request.invalid", .ours, .invalidArgument, .fail, attempt: true, .degradedIfRepeated, .ourFault)
    package static let requestInvalidNoReason = ErrorCode(
        "request.invalid_no_reason", .unknown, .unknown, .retryNow, tries: 1, then: [.split], attempt: true,
        .degradedIfRepeated, .ourFault)
    package static let requestWindowTooLarge = ErrorCode(
        "request.window_too_large", .ours, .outOfRange, .split, attempt: false, .none, .ourFault)
    package static let requestHistoryLimit = ErrorCode(
        "request.history_limit", .none, .outOfRange, .clampWindow, attempt: false, .none, .historyLimited)
    package static let requestCursorExpired = ErrorCode(
        "request.cursor_expired", .none, .aborted, .restartWindow, attempt: false, .none, .none)

    package static let dataMalformed = ErrorCode(
        "data.malformed", .platform, .dataLoss, .retryNow, tries: 1, then: [.split, .skipObject, .backoff],
        attempt: true, .degradedIfRepeated, .ourFault)
    package static let dataTooLarge = ErrorCode(
        "data.too_large", .ours, .outOfRange, .split, attempt: false, .none, .ourFault)
    package static let dataRecordRejected = ErrorCode(
        "data.record_rejected", .ours, .dataLoss, .discardRecord, attempt: false, .none, .ourFault)
    package static let dataSanitised = ErrorCode(
        "data.sanitised", .platform, .dataLoss, .sanitise, attempt: false, .none, .none)
    package static let dataNotFound = ErrorCode(
        "data.not_found", .none, .notFound, .tombstone, attempt: false, .none, .none)
    package static let dataMapping = ErrorCode(
        "data.mapping", .ours, .internalError, .storeRawAndFlag, attempt: false, .none, .ourFault)

    package static let reportPending = ErrorCode("report.pending", .none, .ok, .snooze, attempt: false, .none, .none)
    package static let reportFailed = ErrorCode(
        "report.failed", .platform, .internalError, .waitUntil, attempt: true, .degradedIfRepeated, .platformTrouble)
    package static let reportEmpty = ErrorCode("report.empty", .none, .ok, .succeed, attempt: false, .none, .none)
    package static let reportDocumentExpired = ErrorCode(
        "report.document_expired", .none, .aborted, .reloadThenRetry, attempt: false, .none, .none)

    package static let webhookSignatureInvalid = ErrorCode(
        "webhook.signature_invalid", .unknown, .unauthenticated, .discardRecord, attempt: false, .none, .none)
    package static let webhookUnknownConnection = ErrorCode(
        "webhook.unknown_connection", .none, .notFound, .discardRecord, attempt: false, .none, .none)

    package static let databaseConflict = ErrorCode(
        "db.conflict", .ours, .aborted, .retryNow, tries: 5, then: [.backoff], attempt: false, .none, .ourFault)
    package static let databaseUnavailable = ErrorCode(
        "db.unavailable", .ours, .unavailable, .backoff, attempt: false, .none, .ourFault)
    package static let databaseFull = ErrorCode(
        "db.full", .ours, .resourceExhausted, .stopLeasing, attempt: false, .none, .ourFault)
    package static let databaseValueRefused = ErrorCode(
        "db.value_refused", .ours, .dataLoss, .sanitise, then: [.discardRecord], attempt: false, .none, .ourFault)

    package static let redisUnavailable = ErrorCode(
        "redis.unavailable", .ours, .unavailable, .fallBackLocal, attempt: false, .none, .none)

    package static let leaseLost = ErrorCode(
        "internal.lease_lost", .ours, .aborted, .abandon, attempt: false, .none, .none)
    package static let shutdown = ErrorCode(
        "internal.shutdown", .none, .cancelled, .release, attempt: false, .none, .none)
    package static let cancelled = ErrorCode(
        "internal.cancelled", .none, .cancelled, .succeed, attempt: false, .none, .none)
    package static let deadline = ErrorCode(
        "internal.deadline", .none, .deadlineExceeded, .continueInNewJob, attempt: false, .none, .none)
    package static let internalBug = ErrorCode(
        "internal.bug", .ours, .internalError, .backoff, tries: 2, then: [.fail], attempt: true, .degradedIfRepeated,
        .ourFault)

    package static let configInvalid = ErrorCode(
        "config.invalid", .ours, .invalidArgument, .blockConnection, attempt: false, .blocked, .ourFault)

    package static let unclassified = ErrorCode(
        "unknown.unclassified", .unknown, .unknown, .backoff, tries: 2, then: [.fail], attempt: true,
        .degradedIfRepeated, .ourFault)

    /// Every code there is, in the order of docs/errors.md.
    package static let all: [ErrorCode] = [
        .authTokenExpired, .authRefreshUnavailable, .authRefreshRejected, .authRefreshRaced, .authCredentialsInvalid,
        .authAppRevoked, .authMFARequired, .authScopeMissing, .authClockSkew, .authMethodRemoved, .permissionObject,
        .permissionPlanRequired, .accountSuspended, .accountClosed, .rateLimited, .rateLimitedNoHint,
        .rateConcurrency, .quotaExhausted, .quotaQueryCost, .platformInternal, .platformUnavailable,
        .platformMaintenance, .platformTimeout, .platformEndpointGone, .platformVersionSunset,
        .platformContractChanged, .blockedWAF, .blockedIP, .blockedPasswordPage, .storeAPIMissing,
        .storeVersionUnsupported, .storeCrash, .networkDNS, .networkRefused, .networkReset, .networkTimeout,
        .networkPartial, .networkEgressDenied, .tlsUntrusted, .tlsHandshake, .redirectLoop, .redirectRefused,
        .requestInvalid, .requestInvalidNoReason, .requestWindowTooLarge, .requestHistoryLimit, .requestCursorExpired,
        .dataMalformed, .dataTooLarge, .dataRecordRejected, .dataSanitised, .dataNotFound, .dataMapping,
        .reportPending, .reportFailed, .reportEmpty, .reportDocumentExpired, .webhookSignatureInvalid,
        .webhookUnknownConnection, .databaseConflict, .databaseUnavailable, .databaseFull, .databaseValueRefused,
        .redisUnavailable, .leaseLost, .shutdown, .cancelled, .deadline, .internalBug, .configInvalid, .unclassified,
    ]
}
