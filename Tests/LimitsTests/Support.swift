import Foundation
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
    var microseconds: Double { Double(now.sinceStart.limiterMicroseconds) }

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

/// A limiter on a clock that a test moves. Its epoch begins now, without grace.
func withLimiter(
    _ implementation: Implementation, ledger: (any LimitLedger)? = nil,
    _ body: (any Limiter, ManualClock) async throws -> Void
) async throws {
    let clock = ManualClock()
    // A midnight of 2025.
    let memory = MemoryLedger(now: { clock.microseconds + 1_750_032_000_000_000 })
    switch implementation {
    case .local: try await body(LocalLimiter(clock: clock, ledger: ledger ?? memory), clock)
    case .redis:
        let server = try await TestRedis()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let limiter = RedisLimiter(
            redis, ledger: ledger ?? memory, grace: .zero, time: { clock.microseconds },
            observe: { event in
                if case .fellBack(let error) = event { preconditionFailure("Redis was lost: \(error)") }
            })
        // Its epoch begins with the first call.
        _ = await limiter.acquire(
            [BucketDemand("first")], buckets: [Bucket("first", scope: .app, capacity: 1, refillPerSecond: 1)],
            connectionID: 0, platform: "shop")
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
        _ tokens: Double = 1, of bucket: String, by connectionID: Int64 = 1, band: LimitBand = .urgent,
        _ limiter: any Limiter
    ) async -> Admission {
        await limiter.acquire(
            [BucketDemand(bucket, tokens: tokens)], band: band, buckets: buckets, connectionID: connectionID,
            platform: platform)
    }

    func teach(
        _ lesson: LimitLesson, by connectionID: Int64 = 1, _ limiter: any Limiter
    ) async {
        await limiter.settle(
            [lesson], grant: .nothing, buckets: buckets, connectionID: connectionID, platform: platform)
    }

    func giveBack(_ admission: Admission, _ limiter: any Limiter) async {
        if case .granted(let grant) = admission { await limiter.release(grant, platform: platform) }
    }
}

extension Admission {
    /// The wait in seconds; nil when granted.
    var seconds: Double? {
        guard case .wait(let wait, _) = self else { return nil }
        return wait / .seconds(1)
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
    static func seeded(_ test: String) -> SplitMix {
        let seed = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
        print("\(test): SEED=\(seed)")
        return SplitMix(state: seed)
    }
}
