/// A code of the error taxonomy: stable, part of the interface, each with whose fault it is, what is done, what it does
/// to the connection and what the merchant is told.
///
/// Codes may be added; they are never renamed and never change their meaning. The table of them all is in
/// `ErrorCode+All.swift`, and for people in docs/errors.md.
package struct ErrorCode: Sendable, Hashable {
    package enum Fault: String, Sendable, CaseIterable { case ours, platform, merchant, network, quota, none, unknown }

    /// For example `rate.limited`; the part before the dot is the family.
    package let name: String
    /// On a merchant's own server. ``fault(on:)`` has the answer for both kinds of hosting.
    package let fault: Fault
    /// The same in the words of gRPC, for interfaces that use those.
    package let canonical: Canonical
    /// What is done first.
    package let policy: Policy
    /// How many attempts in a row ``policy`` holds for; nil for as long as a job has attempts.
    package let tries: Int?
    /// What follows ``policy``, in order: the first that can be done. Empty: the job fails.
    package let afterwards: [Policy]
    /// Waits between attempts are long: asking again soon makes it worse, or can do nothing.
    package let isSlow: Bool
    /// Whether a failure of this kind counts as an attempt of its job.
    package let countsAttempt: Bool
    package let health: HealthEffect
    /// On a merchant's own server. ``customerCode(on:)`` has the answer for both kinds of hosting.
    package let customerCode: CustomerCode
    /// The server, its name and its certificate are the merchant's or the platform's, by who runs it.
    package let dependsOnHosting: Bool
    /// The code that took its place. A code that is not made any more stays in the table, for the rows that have it.
    package let supersededBy: String?

    init(
        _ name: String, _ fault: Fault, _ canonical: Canonical, _ policy: Policy, tries: Int? = nil,
        then afterwards: [Policy] = [], isSlow: Bool = false, attempt countsAttempt: Bool, _ health: HealthEffect,
        _ customerCode: CustomerCode, dependsOnHosting: Bool = false, supersededBy: String? = nil
    ) {
        self.name = name
        self.fault = fault
        self.canonical = canonical
        self.policy = policy
        self.tries = tries
        self.afterwards = afterwards
        self.isSlow = isSlow
        self.countsAttempt = countsAttempt
        self.health = health
        self.customerCode = customerCode
        self.dependsOnHosting = dependsOnHosting
        self.supersededBy = supersededBy
    }

    package static func == (left: ErrorCode, right: ErrorCode) -> Bool { left.name == right.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The part of the name before the dot.
    package var family: Substring { name.prefix { $0 != "." } }

    /// Whose fault it is on a platform of that hosting: a shop's own server is the merchant's, a hosted one the
    /// platform's.
    package func fault(on hosting: Hosting?) -> Fault {
        guard dependsOnHosting, fault == .merchant, let hosting, !hosting.isSelfHosted else { return fault }
        return .platform
    }

    /// What the merchant is told: of trouble on the way to a hosted platform, that the platform has it.
    package func customerCode(on hosting: Hosting?) -> CustomerCode {
        guard dependsOnHosting, let hosting, !hosting.isSelfHosted else { return customerCode }
        return .platformTrouble
    }

    /// The code of that name; nil for one that this version does not know.
    package static func named(_ name: String) -> ErrorCode? { byName[name] }

    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}

extension ErrorCode {
    /// What is done about a failure. The raw values are the words of `portolan.errors.policy`.
    package enum Policy: String, Sendable, CaseIterable {
        /// The same request on a new connection, at once.
        case retryNow = "retry_now"
        /// Again after a growing, jittered wait.
        case backoff
        /// Again at the platform's own time, and a little later.
        case waitUntil = "wait_until"
        /// Like waiting, and no error at all: what was asked for is not ready.
        case snooze
        /// The access token is refreshed, then the request sent once more.
        case refreshThenRetry = "refresh_then_retry"
        /// Our stored state (token, link) is read again, then the request sent once more.
        case reloadThenRetry = "reload_then_retry"
        /// The same with half the window or half the page.
        case split
        /// The window's lower bound moves to what the platform still has.
        case clampWindow = "clamp_window"
        /// The window is read again from its last checkpoint.
        case restartWindow = "restart_window"
        /// The object is left out and counted; the rest goes on.
        case skipObject = "skip_object"
        /// The payload is set aside with the code; the rest goes on.
        case discardRecord = "discard_record"
        /// The record is marked deleted.
        case tombstone
        /// The record is stored as it is; its unified row carries the issue.
        case storeRawAndFlag = "store_raw_and_flag"
        /// The exact bytes are kept aside, a cleaned copy is stored and flagged.
        case sanitise
        /// The stream stops until a person or a probe changes something; other streams go on.
        case blockStream = "block_stream"
        /// Every stream of the connection stops: the merchant has to sign in again.
        case needsReauthorisation = "needs_reauth"
        /// Every stream of the connection stops until what is wrong outside is mended.
        case blockConnection = "block_connection"
        /// What was read is committed; the rest follows in a job of its own.
        case continueInNewJob = "continue_in_new_job"
        /// The worker takes no more work until a health check passes.
        case stopLeasing = "stop_leasing"
        /// The worker's own conservative share of the limit, until the shared limiter answers.
        case fallBackLocal = "fall_back_local"
        /// The job fails for good; it can be run again by hand, and the next scheduled one starts afresh.
        case fail
        /// The work is dropped without a word: somebody else owns it.
        case abandon
        /// The lease is given back at once.
        case release
        /// The job ends as done, or as cancelled where that was asked for.
        case succeed
    }

    /// What a failure does to the state of its connection.
    package enum HealthEffect: String, Sendable, CaseIterable {
        case none
        case degraded
        case degradedIfRepeated = "degraded_if_repeated"
        case limited
        case limitedIfRepeated = "limited_if_repeated"
        case needsReauthorisation = "needs_reauth"
        case blocked
        case blockedIfRepeated = "blocked_if_repeated"
        case unreachableIfRepeated = "unreachable_if_repeated"
    }

    /// Source: googleapis, `google/rpc/code.proto`.
    package enum Canonical: String, Sendable {
        case ok = "OK"
        case cancelled = "CANCELLED"
        case unknown = "UNKNOWN"
        case invalidArgument = "INVALID_ARGUMENT"
        case deadlineExceeded = "DEADLINE_EXCEEDED"
        case notFound = "NOT_FOUND"
        case permissionDenied = "PERMISSION_DENIED"
        case resourceExhausted = "RESOURCE_EXHAUSTED"
        case failedPrecondition = "FAILED_PRECONDITION"
        case aborted = "ABORTED"
        case outOfRange = "OUT_OF_RANGE"
        case unimplemented = "UNIMPLEMENTED"
        case internalError = "INTERNAL"
        case unavailable = "UNAVAILABLE"
        case dataLoss = "DATA_LOSS"
        case unauthenticated = "UNAUTHENTICATED"
    }
}

/// Key of the text that a merchant or our customer reads when a state changes because of a failure.
package enum CustomerCode: String, Sendable, CaseIterable {
    case reconnect
    case reconnectSecondFactor = "reconnect_2fa"
    case grantPermission = "grant_permission"
    case upgradePlan = "upgrade_plan"
    case shopInactive = "shop_inactive"
    case shopUnreachable = "shop_unreachable"
    case addressRefused = "address_refused"
    case certificate
    case firewall
    case pluginMissing = "plugin_missing"
    case slowDown = "slow_down"
    case historyLimited = "history_limited"
    case platformTrouble = "platform_trouble"
    case ourFault = "our_fault"
    /// Nothing is said.
    case none
}

extension Hosting {
    /// Whether the server is the merchant's own.
    package var isSelfHosted: Bool {
        if case .selfHosted = self { return true }
        return false
    }
}
