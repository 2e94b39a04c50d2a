/// How long to wait before the next attempt: exponential, with full jitter.
///
/// Source: Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015): full jitter spreads the retries
/// of a fleet best for the least total work.
package struct Backoff: Sendable {
    package let base: Duration
    package let cap: Duration

    /// - Parameters: the longest possible wait after the first failure, and after any number of them.
    package init(base: Duration = .seconds(30), cap: Duration = .seconds(3600)) {
        self.base = base
        self.cap = cap
    }

    /// The upper end of the range the wait is drawn from.
    package func longestDelay(afterAttempt attempt: Int) -> Duration {
        // Beyond 30 doublings the cap has long been reached; the bound keeps the product from overflowing.
        let doubled = base * (1 << min(max(attempt, 1) - 1, 30))
        return min(cap, doubled)
    }

    /// A wait between a tenth of the longest and all of it: never at once, so that a failing platform is not hammered.
    package func delay(afterAttempt attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        longestDelay(afterAttempt: attempt) * Double.random(in: 0.1...1, using: &random)
    }
}
