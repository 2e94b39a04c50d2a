import Logging
import Platforms
import Redis
import Synchronization
import TestKit

@testable import Limits

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// A clock that stands until a test moves it.
final class ManualClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var sinceStart: Duration
        func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }
        func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }
        static func < (one: Instant, other: Instant) -> Bool { one.sinceStart < other.sinceStart }
    }

    private let instant = Mutex(Instant(sinceStart: .zero))

    var now: Instant { instant.withLock { $0 } }
    var minimumResolution: Duration { .microseconds(1) }

    func advance(by duration: Duration) { instant.withLock { $0 = $0.advanced(by: duration) } }

    /// Nothing here waits for a clock; asking for it moves the clock there.
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        instant.withLock { $0 = max($0, deadline) }
    }
}

/// Both limiters, for the conformance suite.
enum Implementation: CaseIterable, Sendable {
    case local
    case redis
}

/// A limiter on a clock that a test moves.
func withLimiter(
    _ implementation: Implementation, _ body: (any Limiter, ManualClock) async throws -> Void
) async throws {
    let clock = ManualClock()
    switch implementation {
    case .local: try await body(LocalLimiter(clock: clock), clock)
    case .redis:
        let server = try await RedisServer()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let limiter = RedisLimiter(
            redis, observe: { event in preconditionFailure("Redis was lost: \(event)") },
            time: { ManualClock.Instant(sinceStart: .zero).duration(to: clock.now).limiterMicroseconds })
        do {
            try await body(limiter, clock)
        } catch {
            await redis.shutdown()
            throw error
        }
        await redis.shutdown()
    }
}

/// One platform and its buckets, to keep tests short.
struct Shop: Sendable {
    var buckets: [Bucket]
    var platform = "shop"

    func take(
        _ tokens: Double = 1, of bucket: String, by connectionID: Int64 = 1, _ limiter: any Limiter
    ) async -> Admission {
        await limiter.acquire(
            [BucketDemand(bucket, tokens: tokens)], buckets: buckets, connectionID: connectionID, platform: platform)
    }

    func teach(_ lesson: LimitLesson, by connectionID: Int64 = 1, _ limiter: any Limiter) async {
        await limiter.settle([lesson], buckets: buckets, connectionID: connectionID, platform: platform)
    }
}

/// A small seeded generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From the environment variable SEED, else by chance; printed either way.
    static func seeded(_ test: String, environment: String?) -> SplitMix {
        let seed = environment.flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
        print("\(test): SEED=\(seed)")
        return SplitMix(state: seed)
    }
}
