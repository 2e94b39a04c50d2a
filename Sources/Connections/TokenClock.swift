package import FoundationEssentials

/// The times that keeping tokens needs, so that tests can have their own.
package struct TokenClock: Sendable {
    /// Time since some instant; never goes back.
    package var uptime: @Sendable () -> Duration
    package var wall: @Sendable () -> Date
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        uptime: @escaping @Sendable () -> Duration, wall: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.uptime = uptime
        self.wall = wall
        self.sleep = sleep
    }

    /// The machine's clocks.
    package static var system: TokenClock {
        let start = ContinuousClock.now
        return TokenClock(
            uptime: { ContinuousClock.now - start }, wall: { Date() }, sleep: { try await Task.sleep(for: $0) })
    }
}
