package import Jobs
package import Platforms

/// What a failure means for the job, its stream and its connection: the policy of its code, put into the queue's verbs.
package struct Verdict: Sendable, Equatable {
    package let outcome: Outcome
    /// State the stream comes into; nil leaves it.
    package let streamState: String?
    /// State the connection comes into; nil leaves it.
    package let connectionState: String?

    /// An outcome that says nothing about stream and connection.
    package init(outcome: Outcome) {
        (self.outcome, streamState, connectionState) = (outcome, nil, nil)
    }

    /// However long a platform asks to be left alone, it is asked again once a day.
    private static let waitMax = Duration.seconds(86_400)

    /// - Parameters:
    ///   - attempt: the attempt that failed, counted from 1.
    ///   - attemptsMax: after so many without progress the job fails for good; the next scheduled one starts afresh.
    ///   - random: draws the jitter.
    package init(
        on error: UnifiedError, attempt: Int, attemptsMax: Int = 8, backoff: Backoff = Backoff(),
        using random: inout some RandomNumberGenerator
    ) {
        switch error.code.policy {
        case .waitUntil:
            // A tenth more than asked for, so that a fleet told the same instant does not come back as one.
            let asked = max(min(error.retryAfter ?? .seconds(2), Self.waitMax), .milliseconds(100))
            outcome = .snooze(for: asked * Double.random(in: 1...1.1, using: &random))
            (streamState, connectionState) = (nil, nil)
        case .backoff where attempt < attemptsMax:
            let delay = backoff.delay(afterAttempt: attempt, using: &random)
            outcome = .retry(after: max(delay, min(error.retryAfter ?? .zero, Self.waitMax)))
            // The first failure is no news; the second says so.
            (streamState, connectionState) = (attempt > 1 ? "failing" : nil, nil)
        case .backoff, .fail, .flag:
            (outcome, streamState, connectionState) = (.failed, "failing", nil)
        case .blockStream:
            (outcome, streamState, connectionState) = (.failed, "blocked", nil)
        case .needsReauthorisation:
            (outcome, streamState, connectionState) = (.failed, "blocked", "needs_reauth")
        case .blockConnection:
            (outcome, streamState, connectionState) = (.failed, "blocked", "blocked")
        case .abandon:
            (outcome, streamState, connectionState) = (.release, nil, nil)
        }
    }
}
