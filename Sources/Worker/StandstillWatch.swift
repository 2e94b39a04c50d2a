internal import Limits
internal import Platforms
internal import Synchronization

/// Knows which platforms have nothing for anybody at the moment: a look at the app's buckets before a claim, so that no
/// lane is claimed only to be put off again.
///
/// *Thread-safety notes*: what is known is in one mutex, never held across a look.
final class StandstillWatch: Sendable {
    private struct Known {
        var lookAt: ContinuousClock.Instant
        var isStanding = false
    }

    private let limiter: any Limiter
    private let buckets: [String: [Bucket]]
    private let known = Mutex<[String: Known]>([:])

    /// A platform is looked at once in this time, and not before what it said is over.
    private static let interval = Duration.seconds(1)
    /// Nor is it believed for longer.
    private static let intervalMax = Duration.seconds(60)

    init(limiter: any Limiter, platforms: [any Platform]) {
        self.limiter = limiter
        let pairs = platforms.map { ($0.key, $0.buckets.filter { $0.scope == .app && !$0.isTemplate }) }
        // Where nothing is shared by all there is nothing to see.
        buckets = Dictionary(pairs.filter { !$0.1.isEmpty }, uniquingKeysWith: { first, _ in first })
    }

    /// Platforms whose lanes are better left to wait.
    func platforms(now: ContinuousClock.Instant = .now) async -> Set<String> {
        var standing: Set<String> = []
        for (platform, buckets) in buckets {
            let last = known.withLock { $0[platform] }
            if let last, last.lookAt > now {
                if last.isStanding { standing.insert(platform) }
                continue
            }
            let standstill = await limiter.peek(platform: platform, buckets: buckets).standstill
            let pause = min(max(standstill ?? .zero, Self.interval), Self.intervalMax)
            known.withLock { $0[platform] = Known(lookAt: now + pause, isStanding: standstill != nil) }
            if standstill != nil { standing.insert(platform) }
        }
        return standing
    }
}
