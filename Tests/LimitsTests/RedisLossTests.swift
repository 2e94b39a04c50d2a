import Logging
import Platforms
import Redis
import Synchronization
import TestKit
import Testing

@testable import Limits

@Suite struct RedisLossTests {
    private let shop = Shop(buckets: [Bucket("b", scope: .app, capacity: 40, refillPerSecond: 200)])

    /// A limiter on Redis's own clock, and what it observes.
    private func withRedisLimiter(
        _ body: (RedisServer, RedisClient, RedisLimiter, AsyncStream<RedisLimiter.Event>) async throws -> Void
    ) async throws {
        let server = try await RedisServer()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let (events, continuation) = AsyncStream.makeStream(of: RedisLimiter.Event.self)
        let limiter = RedisLimiter(redis, observe: { continuation.yield($0) })
        do {
            try await body(server, redis, limiter, events)
        } catch {
            await redis.shutdown()
            throw error
        }
        await redis.shutdown()
    }

    /// Many tasks take whatever they get while `disturb` runs; gives the tokens granted and the time it
    /// took at least.
    private func hammer(
        _ limiter: RedisLimiter, _ disturb: (Tally) async throws -> Void
    ) async throws -> (Int, Duration) {
        let shop = shop
        let tally = Tally()
        let start = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    while !Task.isCancelled {
                        if await shop.take(of: "b", limiter) == .granted { tally.add() } else { await Task.yield() }
                    }
                }
            }
            try await disturb(tally)
            group.cancelAll()
            try await group.waitForAll()
        }
        return (tally.count, start.duration(to: .now))
    }

    /// The bucket began empty, so the rate alone is the bound; the refill counts as if not a burst.
    private func expectWithinRate(_ granted: Int, _ time: Duration) {
        #expect(Double(granted) <= time / .seconds(1) * 200 + 1)
    }

    @Test("many tasks together get no more than the rate on Redis's own clock", .timeLimit(.minutes(1)))
    func rate() async throws {
        try await withRedisLimiter { _, _, limiter, _ in
            let (granted, time) = try await hammer(limiter) { tally in await tally.waitFor(100) }
            expectWithinRate(granted, time)
        }
    }

    @Test("FLUSHALL in the middle costs tokens and gives none away", .timeLimit(.minutes(1)))
    func flushed() async throws {
        try await withRedisLimiter { _, redis, limiter, _ in
            // Full, so that a bucket that came back full would show.
            _ = await shop.take(of: "b", limiter)
            try await waitUntil(redis, microseconds: 300_000)
            let (granted, time) = try await hammer(limiter) { tally in
                for _ in 0..<10 {
                    await tally.waitFor(5)
                    _ = try await redis.command(["FLUSHALL"])
                }
            }
            // One burst for the bucket that was full at the start; none for the ten that were lost.
            #expect(Double(granted) <= 40 + time / .seconds(1) * 200 + 1)
        }
    }

    @Test(
        "with Redis killed in the middle a small local share goes on, and Redis is returned to", .timeLimit(.minutes(1))
    )
    func killed() async throws {
        try await withRedisLimiter { server, _, limiter, events in
            let (granted, time) = try await hammer(limiter) { tally in
                await tally.waitFor(20)
                server.kill()
                for await case .fellBack in events { break }
                try await server.start()
                for await case .returned in events { break }
                await tally.waitFor(20)
            }
            expectWithinRate(granted, time)
        }
    }

    @Test("without Redis the share is granted at a twentieth of the rate, and blocks are kept", .timeLimit(.minutes(1)))
    func away() async throws {
        let redis = RedisClient(
            RedisConfiguration(.unix(path: "/tmp/portolan-no-such-socket")), logger: .silent)
        let limiter = RedisLimiter(redis)
        let (granted, time) = try await hammer(limiter) { tally in await tally.waitFor(5) }
        #expect(Double(granted) <= time / .seconds(1) * 200 * RedisLimiter.outageShare + 1)
        await shop.teach(.blocked(bucket: "b", for: .seconds(3600)), limiter)
        guard case .wait(let wait, "b") = await shop.take(of: "b", limiter) else { throw Unexpected() }
        #expect(wait > .seconds(3000))
        await redis.shutdown()
    }

    @Test("what was spent and blocked without Redis is told to it on return", .timeLimit(.minutes(1)))
    func carriedOver() async throws {
        let slow = Shop(buckets: [
            Bucket("spent", scope: .app, capacity: 1000, refillPerSecond: 0.001),
            Bucket("blocked", scope: .app, capacity: 1000, refillPerSecond: 1000),
        ])
        try await withRedisLimiter { server, redis, limiter, events in
            server.kill()
            // Over what the local share can hold: granted only when that is full, so it waits long.
            guard case .wait = await slow.take(of: "spent", limiter) else { throw Unexpected() }
            for await case .fellBack in events { break }
            await slow.teach(.blocked(bucket: "blocked", for: .seconds(3600)), limiter)
            let spending = Shop(buckets: [Bucket("spent", scope: .app, capacity: 1000, refillPerSecond: 1_000_000)])
            while await spending.take(900, of: "spent", limiter) != .granted {}
            try await server.start()
            while (try? await redis.command(["PING"])) == nil {}
            guard case .wait(let blocked, "blocked") = await slow.take(of: "blocked", limiter) else {
                throw Unexpected()
            }
            #expect(blocked > .seconds(3000))
            guard case .wait = await slow.take(of: "spent", limiter) else { throw Unexpected() }
            let key = "portolan:limit:{shop}:app:spent"
            let level = try #require(Double(try await redis.command(["HGET", RedisArgument(key), "level"]).string))
            #expect(level <= -899)
            // Neither the debt nor the block expires before it is paid or over.
            for key in [key, "portolan:limit:{shop}:app:blocked"] {
                #expect(try await redis.command(["TTL", RedisArgument(key)]).integer > 3600 + 80_000)
            }
        }
    }

    /// Returns when Redis's clock has moved so far.
    private func waitUntil(_ redis: RedisClient, microseconds: Int64) async throws {
        func now() async throws -> Int64 {
            let time = try await redis.command(["TIME"]).array
            return try time[0].integer * 1_000_000 + time[1].integer
        }
        let start = try await now()
        while try await now() < start + microseconds {}
    }
}

/// Counts grants across tasks.
private final class Tally: Sendable {
    private let grants = Atomic(0)

    var count: Int { grants.load(ordering: .relaxed) }

    func add() { grants.add(1, ordering: .relaxed) }

    /// Returns when so many more have been granted.
    func waitFor(_ more: Int) async {
        let wanted = count + more
        while count < wanted, !Task.isCancelled { await Task.yield() }
    }
}

private struct Unexpected: Error {}
