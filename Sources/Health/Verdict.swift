package import Jobs
package import Platforms

/// What a failure means for the job, its stream and its connection: the policy of its code, put into the queue's verbs.
package struct Verdict: Sendable, Equatable {
    package let outcome: Outcome
    /// State the stream comes into; nil leaves it.
    package let streamState: String?
    /// What the connection's state machine is told; nil for nothing.
    package let healthEvent: HealthEvent?

    /// An outcome that says nothing about stream and connection.
    package init(outcome: Outcome) {
        self.init(outcome, nil)
    }

    private init(
        _ outcome: Outcome, _ streamState: String?, _ healthEvent: HealthEvent? = nil
    ) {
        self.outcome = outcome
        self.streamState = streamState
        self.healthEvent = healthEvent
    }

    /// - Parameters:
    ///   - attempt: the attempt that failed, counted from 1.
    ///   - attemptsMax: after so many without progress the job fails for good; the next scheduled one starts afresh.
    ///   - random: draws the jitter.
    package init(
        on error: UnifiedError, attempt: Int, attemptsMax: Int = 8, backoff: Backoff = Backoff(),
        using random: inout some RandomNumberGenerator
    ) {
        let policy = Self.policy(for: error, attempt: attempt, attemptsMax: attemptsMax)
        let waits = Waits(error: error, attempt: attempt, backoff: error.code.isSlow ? .slow : backoff)
        switch policy {
        case .succeed:
            // A cancellation is the queue's to record: given back, the job ends as it was asked to.
            self.init(error.code == .cancelled ? .release : .done, nil)
        case .continueInNewJob:
            self.init(.yield, nil)
        case .abandon, .release:
            self.init(.release, nil)
        case .snooze, .fallBackLocal:
            self.init(.snooze(for: waits.asked(using: &random)), nil)
        case .stopLeasing:
            self.init(.snooze(for: waits.growing(using: &random)), nil)
        case .waitUntil:
            let wait = waits.asked(using: &random)
            self = Self.again(error, attempt: attempt, counted: .retry(after: wait), free: .snooze(for: wait))
        case .retryNow:
            let wait = waits.short(using: &random)
            self = Self.again(error, attempt: attempt, counted: .retry(after: wait), free: .snooze(for: wait))
        case .backoff:
            let retry = Outcome.retry(after: waits.growing(using: &random))
            let snooze = Outcome.snooze(for: waits.withoutHint(using: &random))
            self = Self.again(error, attempt: attempt, counted: retry, free: snooze)
        case .refreshThenRetry, .reloadThenRetry, .restartWindow, .sanitise:
            // The slice has tried that. The next one reads everything anew; that it comes again counts, so that it ends.
            let isNews = attempt > 1
            self.init(.retry(after: waits.growing(using: &random)), isNews ? "failing" : nil)
        case .split, .clampWindow, .skipObject, .discardRecord, .tombstone, .storeRawAndFlag, .fail:
            self.init(.failed, "failing", HealthEvent(error.code.health, isRepeated: true))
        case .blockStream:
            self.init(.failed, "blocked", HealthEvent(error.code.health, isRepeated: true))
        case .needsReauthorisation:
            self.init(.failed, "blocked", .auth)
        case .blockConnection:
            self.init(.failed, "blocked", .block)
        }
    }

    /// Which of the code's policies this attempt has come to.
    ///
    /// What a slice can do itself (a smaller page, a record set aside) it has done before it ends with an error: here it
    /// counts as done in vain, so the next policy is looked for.
    private static func policy(for error: UnifiedError, attempt: Int, attemptsMax: Int) -> ErrorCode.Policy {
        let code = error.code
        if let override = error.policyOverride { return bounded(override, code, attempt: attempt, max: attemptsMax) }
        if let tries = code.tries, attempt > tries {
            let next = code.afterwards.first { $0.isForJobs } ?? .fail
            return bounded(next, code, attempt: attempt, max: attemptsMax)
        }
        return bounded(code.policy, code, attempt: attempt, max: attemptsMax)
    }

    /// `policy`, or the end of it when the job has no attempts left.
    private static func bounded(
        _ policy: ErrorCode.Policy, _ code: ErrorCode, attempt: Int, max attemptsMax: Int
    ) -> ErrorCode.Policy {
        let isEndless: Bool
        switch policy {
        case .backoff, .retryNow, .waitUntil: isEndless = !code.countsAttempt
        case .refreshThenRetry, .reloadThenRetry, .restartWindow, .sanitise: isEndless = false
        default: return policy
        }
        if isEndless || attempt < attemptsMax { return policy }
        return code.afterwards.last.flatMap { $0.isFinal ? $0 : nil } ?? .fail
    }

    /// Once more, as an attempt or without one. The first failure is no news; the second says so.
    private static func again(_ error: UnifiedError, attempt: Int, counted: Outcome, free: Outcome) -> Verdict {
        guard error.code.countsAttempt else {
            return Verdict(free, nil, HealthEvent(error.code.health, isRepeated: false))
        }
        let isNews = attempt > 1
        return Verdict(
            counted, isNews ? "failing" : nil, HealthEvent(error.code.health, isRepeated: false))
    }
}

/// What the state machine of a connection is told. Raw values are the words of its table of transitions.
package enum HealthEvent: String, Sendable, CaseIterable {
    /// A read or a probe succeeded.
    case ok
    /// A stream has used up its attempts with something that may pass.
    case soft
    /// Limits hold progress.
    case limit
    /// The merchant has to sign in again.
    case auth
    /// Something outside has to be mended first.
    case block
    /// The shop's server did not answer.
    case net

    /// What an effect comes to; nil for none, or not yet.
    ///
    /// The two that the machine itself counts, `limit` and `net`, are told each time.
    package init?(_ effect: ErrorCode.HealthEffect, isRepeated: Bool) {
        switch effect {
        case .none: return nil
        case .degraded: self = .soft
        case .degradedIfRepeated:
            guard isRepeated else { return nil }
            self = .soft
        case .limited, .limitedIfRepeated: self = .limit
        case .needsReauthorisation: self = .auth
        case .blocked: self = .block
        case .blockedIfRepeated:
            guard isRepeated else { return nil }
            self = .block
        case .unreachableIfRepeated: self = .net
        }
    }
}

/// The waits of one failure.
private struct Waits {
    /// However long a platform asks to be left alone, it is asked again once a day.
    static let max = Duration.seconds(86_400)

    let error: UnifiedError
    let attempt: Int
    let backoff: Backoff

    /// A tenth more than asked for, so that a fleet told the same instant does not come back as one.
    func asked(using random: inout some RandomNumberGenerator) -> Duration {
        let asked = Swift.max(min(error.retryAfter ?? .seconds(2), Self.max), .milliseconds(100))
        return asked * Double.random(in: 1...1.1, using: &random)
    }

    /// At once for a machine: long enough that a pool has dropped the dead connection.
    func short(using random: inout some RandomNumberGenerator) -> Duration {
        let jitter = Duration.milliseconds(Int64.random(in: 200...1000, using: &random))
        return Swift.max(jitter, min(error.retryAfter ?? .zero, Self.max))
    }

    func growing(using random: inout some RandomNumberGenerator) -> Duration {
        Swift.max(backoff.delay(afterAttempt: attempt, using: &random), min(error.retryAfter ?? .zero, Self.max))
    }

    /// For waits that are no attempts and so cannot grow: what was asked for, else a few seconds.
    func withoutHint(using random: inout some RandomNumberGenerator) -> Duration {
        if error.retryAfter != nil { return asked(using: &random) }
        return .milliseconds(Int64.random(in: 2000...6000, using: &random))
    }
}

extension Backoff {
    /// For what gets worse by asking: a firewall that counts, a certificate that somebody has to renew.
    fileprivate static let slow = Backoff(base: .seconds(900), cap: .seconds(21_600))
}

extension ErrorCode.Policy {
    /// Whether a job that has failed can do it.
    fileprivate var isForJobs: Bool {
        switch self {
        case .split, .clampWindow, .skipObject, .discardRecord, .tombstone, .storeRawAndFlag: false
        default: true
        }
    }

    fileprivate var isFinal: Bool {
        switch self {
        case .blockStream, .blockConnection, .needsReauthorisation, .fail: true
        default: false
        }
    }
}
