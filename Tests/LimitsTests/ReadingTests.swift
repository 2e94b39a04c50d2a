import Foundation
import Logging
import Platforms
import Redis
import TestKit
import Testing

@testable import Limits

@Suite("Buckets as people look at them")
struct ReadingTests {
    /// Redis tells the time to whoever looks; so the limiter's clock is the real one, which a test sets back to let
    /// time pass.
    private struct Lab {
        let redis: RedisClient
        let limiter: RedisLimiter
        let shop: Shop
        let clock: FleetSimulation.ClockBox

        static var now: Double { Date().timeIntervalSince1970 * 1e6 }

        /// The epoch began two hours ago: all that fills by itself is full, nothing waits for the epoch's sake.
        static func with(_ buckets: [Bucket], _ body: (Lab) async throws -> Void) async throws {
            let server = try await TestRedis()
            let redis = RedisClient(server.configuration(), logger: .silent)
            let clock = FleetSimulation.ClockBox(value: now - 7200e6)
            let limiter = RedisLimiter(
                redis, ledger: MemoryLedger(now: { clock.now }), grace: .zero, time: { clock.now }, observe: { _ in })
            let first = Bucket("first", scope: .app, capacity: 1, refillPerSecond: 1)
            let lab = Lab(redis: redis, limiter: limiter, shop: Shop(buckets: buckets + [first]), clock: clock)
            do {
                _ = await lab.shop.take(of: "first", limiter)
                lab.clock.advance(by: Lab.now - lab.clock.now)
                try await body(lab)
            } catch {
                await redis.shutdown()
                throw error
            }
            await redis.shutdown()
        }

        func read(_ bucket: String, platform: String? = nil) async throws -> BucketReading {
            let all = try await BucketReading.all(in: redis, platform: platform)
            return try #require(all.first { $0.bucket == bucket }, "\(all.map(\.bucket))")
        }

        func take(_ tokens: Double = 1, of bucket: String, band: LimitBand = .urgent) async -> Admission {
            await shop.take(tokens, of: bucket, band: band, limiter)
        }
    }

    @Test("tokens: what is there, what it is full with, what comes back; less than nothing while in debt")
    func tokens() async throws {
        try await Lab.with([
            Bucket("b", scope: .app, capacity: 40, refillPerSecond: 0.01),
            Bucket("half", scope: .connection, capacity: 40, refillPerSecond: 0.01, share: 0.5),
        ]) { lab in
            #expect(await lab.take(10, of: "b").isGranted)
            let some = try await lab.read("b")
            #expect(some.owner == .app && some.platform == "shop" && some.kind == "tokens")
            #expect((30..<31).contains(some.free) && some.full == 40 && some.perSecond == 0.01)
            #expect(some.blockedFor == nil && some.resetsIn == nil && some.waiting.isEmpty)
            // More than it can hold is granted when it is full.
            #expect(await lab.take(100, of: "half").isGranted)
            let debt = try await lab.read("half")
            #expect(debt.owner == .connection(1))
            #expect((-80 ..< -79).contains(debt.free) && debt.full == 20 && debt.perSecond == 0.005)
            // The platform's own numbers replace the declared ones.
            await lab.shop.teach(.level(bucket: "b", available: 7, capacity: 80, refillPerSecond: 0.02), lab.limiter)
            let taught = try await lab.read("b")
            #expect((7..<8).contains(taught.free) && taught.full == 80 && taught.perSecond == 0.02)
        }
    }

    @Test("a rate that is found out")
    func adaptive() async throws {
        try await Lab.with([
            Bucket("a", scope: .app, .adaptive(startPerSecond: 8, min: 2, max: 20, increasePerSecond: 0.01))
        ]) { lab in
            #expect(await lab.take(of: "a").isGranted)
            let before = try await lab.read("a")
            #expect(before.kind == "adaptive" && (8...8.1).contains(before.perSecond ?? 0))
            #expect((7...8.1).contains(before.free) && (8...8.1).contains(before.full))
            await lab.shop.teach(.throttled(bucket: "a"), lab.limiter)
            let after = try await lab.read("a")
            #expect((4...4.1).contains(after.perSecond ?? 0))
            #expect(after.free <= after.full && after.full < 4.1)
        }
    }

    @Test("a quota: what the ledger has left, and when it begins anew")
    func quota() async throws {
        try await Lab.with([
            Bucket("q", scope: .app, .quota(limit: 1000, resets: .every(.seconds(7200))), share: 0.5)
        ]) { lab in
            #expect(await lab.take(3, of: "q").isGranted)
            let some = try await lab.read("q")
            #expect(some.kind == "quota" && some.free == 497 && some.full == 500 && some.perSecond == nil)
            let left = try #require(some.resetsIn)
            #expect(left > .seconds(7000) && left <= .seconds(7200))
            // Of the platform's remaining 600 only what is above its own half is ours.
            await lab.shop.teach(.remaining(bucket: "q", count: 600, resetsIn: nil), lab.limiter)
            #expect(try await lab.read("q").free == 100)
        }
        // One that was last drawn from in a period that is over has nothing to show.
        try await Lab.with([Bucket("q", scope: .app, .quota(limit: 100, resets: .every(.seconds(60))))]) { lab in
            lab.clock.advance(by: -600e6)
            #expect(await lab.take(of: "q").isGranted)
            let over = try await lab.read("q")
            #expect(over.free == 0 && over.full == 100 && over.resetsIn == nil)
        }
    }

    @Test("a window: what is not in use in its last stretch")
    func window() async throws {
        try await Lab.with([Bucket("w", scope: .app, .window(limit: 10, length: .seconds(1800)))]) { lab in
            for _ in 0..<4 { #expect(await lab.take(of: "w").isGranted) }
            let some = try await lab.read("w")
            #expect(some.kind == "window" && some.free == 6 && some.full == 10 && some.perSecond == nil)
            await lab.shop.teach(.remaining(bucket: "w", count: 2, resetsIn: nil), lab.limiter)
            #expect(try await lab.read("w").free == 2)
        }
        try await Lab.with([Bucket("w", scope: .app, .window(limit: 10, length: .seconds(1800)))]) { lab in
            lab.clock.advance(by: -3000e6)
            for _ in 0..<4 { #expect(await lab.take(of: "w").isGranted) }
            let old = try await lab.read("w")
            #expect(old.free == 10, "they are too long ago to count")
        }
    }

    @Test("slots: those nobody holds")
    func slots() async throws {
        try await Lab.with([Bucket("s", scope: .connection, .slots(limit: 7, holdMax: .seconds(1800)))]) { lab in
            let held = await lab.take(3, of: "s")
            #expect(held.isGranted)
            let some = try await lab.read("s")
            #expect(some.kind == "slots" && some.free == 4 && some.full == 7 && some.perSecond == nil)
            await lab.shop.giveBack(held, lab.limiter)
            #expect(try await lab.read("s").free == 7)
            lab.clock.advance(by: -3000e6)
            #expect(await lab.take(3, of: "s").isGranted)
            #expect(try await lab.read("s").free == 7, "whoever held them is gone")
        }
    }

    @Test(
        "until when the platform said to wait",
        arguments: [
            Bucket.Kind.tokens(capacity: 40, refillPerSecond: 1), .window(limit: 10, length: .seconds(600)),
            .slots(limit: 7, holdMax: .seconds(600)), .quota(limit: 100, resets: .every(.seconds(7200))),
            .adaptive(startPerSecond: 8, min: 2, max: 20, increasePerSecond: 1),
        ])
    func blocked(_ kind: Bucket.Kind) async throws {
        try await Lab.with([Bucket("b", scope: .app, kind)]) { lab in
            #expect(await lab.take(of: "b").isGranted)
            #expect(try await lab.read("b").blockedFor == nil)
            await lab.shop.teach(.blocked(bucket: "b", for: .seconds(3600)), lab.limiter)
            let blocked = try #require(try await lab.read("b").blockedFor)
            #expect(blocked > .seconds(3500) && blocked <= .seconds(3600))
            // The longer wait is the one that holds.
            await lab.shop.teach(.blocked(bucket: "b", for: .seconds(60)), lab.limiter)
            let still = try #require(try await lab.read("b").blockedFor)
            #expect(still > .seconds(3400))
        }
    }

    @Test("who waits, and until when the last of them is told to")
    func waiting() async throws {
        try await Lab.with([
            Bucket("b", scope: .app, capacity: 10, refillPerSecond: 0.01),
            Bucket("q", scope: .app, .quota(limit: 10, resets: .every(.seconds(7200)))),
            Bucket("w", scope: .app, .window(limit: 10, length: .seconds(600))),
            Bucket("a", scope: .app, .adaptive(startPerSecond: 0.02, min: 0.01, max: 1, increasePerSecond: 0.01)),
        ]) { lab in
            for bucket in ["b", "q", "w", "a"] {
                #expect(await lab.take(10, of: bucket).isGranted)
                #expect(try await lab.read(bucket).waiting.isEmpty)
                let wait = try #require(await lab.take(2, of: bucket, band: .report).seconds)
                let waiting = try await lab.read(bucket).waiting
                #expect(waiting.keys.sorted { $0.rawValue < $1.rawValue } == [.report], "\(bucket)")
                let shown = (waiting[.report] ?? .zero) / .seconds(1)
                #expect(shown <= wait + 1 && shown > wait - 60, "\(bucket): told \(wait), shown \(shown)")
                #expect(await !lab.take(1, of: bucket, band: .urgent).isGranted)
                #expect(try await Set(lab.read(bucket).waiting.keys) == [.urgent, .report])
            }
        }
    }

    @Test("in a new epoch what was remembered counts for nothing, and nothing is granted while it is too young")
    func epochs() async throws {
        try await Lab.with([
            Bucket("b", scope: .app, capacity: 40, refillPerSecond: 0.01),
            Bucket("q", scope: .app, .quota(limit: 100, resets: .every(.seconds(7200)))),
            Bucket("w", scope: .app, .window(limit: 10, length: .seconds(600))),
        ]) { lab in
            for bucket in ["b", "q"] { #expect(await lab.take(of: bucket).isGranted) }
            #expect(await lab.take(10, of: "w").isGranted)
            #expect(await !lab.take(of: "w", band: .backfill).isGranted)
            let key = RedisArgument(BucketTurn.epochKey(platform: "shop"))
            _ = try await lab.redis.command(["DEL", key])
            // Another worker notices.
            let other = RedisLimiter(lab.redis, ledger: NoLedger(), grace: .seconds(1800))
            #expect(await !lab.shop.take(of: "first", other).isGranted)
            for bucket in ["b", "q", "w"] {
                let young = try await lab.read(bucket)
                #expect((young.blockedFor ?? .zero) > .seconds(1700), "\(bucket)")
                #expect(young.waiting.isEmpty)
            }
            #expect(try await lab.read("b").free <= 0)
            #expect(try await lab.read("q").free == 0)
        }
    }

    @Test("a window longer than the epoch is old gives nothing, and says for how long")
    func youngWindow() async throws {
        try await Lab.with([Bucket("w", scope: .app, .window(limit: 10, length: .seconds(14_400)))]) { lab in
            let wait = try #require(await lab.take(of: "w").seconds)
            #expect(wait > 7000)
            let blocked = try #require(try await lab.read("w").blockedFor) / .seconds(1)
            #expect(blocked <= wait + 1 && blocked > wait - 60, "told \(wait), shown \(blocked)")
        }
    }

    @Test("slots that may be held since before the epoch are not free, unless nobody can have been there")
    func youngSlots() async throws {
        let slots = Bucket("s", scope: .connection, .slots(limit: 7, holdMax: .seconds(14_400)))
        let window = Bucket("w", scope: .connection, .window(limit: 9, length: .seconds(14_400)))
        try await Lab.with([slots, window]) { lab in
            for (bucket, full) in [("s", 7.0), ("w", 9)] {
                let wait = try #require(await lab.take(of: bucket).seconds)
                #expect(wait > 7000)
                let young = try await lab.read(bucket)
                #expect(young.free == 0 && young.full == full)
                let blocked = try #require(young.blockedFor) / .seconds(1)
                #expect(blocked <= wait + 1 && blocked > wait - 60, "told \(wait), shown \(blocked)")
                let admission = await lab.limiter.acquire(
                    [BucketDemand(bucket, tokens: 2)], band: .urgent, buckets: lab.shop.buckets, connectionID: 1,
                    platform: "shop", firstUse: .never)
                #expect(admission.isGranted)
                let known = try await lab.read(bucket)
                #expect(known.free == full - 2 && known.blockedFor == nil)
            }
            // Another epoch: what was written in the last one says how long a hold is, and no more.
            _ = try await lab.redis.command(["DEL", RedisArgument(BucketTurn.epochKey(platform: "shop"))])
            _ = await lab.take(of: "first")
            for bucket in ["s", "w"] {
                let lost = try await lab.read(bucket)
                #expect(lost.free == 0)
                #expect((lost.blockedFor ?? .zero) > .seconds(14_000), "\(bucket)")
            }
        }
    }

    @Test("platforms and owners apart, in the order of their names; other keys are passed over")
    func names() async throws {
        try await Lab.with([
            Bucket("b", scope: .connection, capacity: 40, refillPerSecond: 1),
            Bucket("GET *", scope: .app, capacity: 40, refillPerSecond: 1),
        ]) { lab in
            for connection: Int64 in [12, 7] {
                #expect(await lab.shop.take(of: "b", by: connection, lab.limiter).isGranted)
            }
            #expect(await lab.take(of: "GET /v1/{id}:all").isGranted)
            var second = lab.shop
            second.platform = "bazaar"
            #expect(await !second.take(of: "b", lab.limiter).isGranted, "its epoch begins")
            for key in ["app:junk", "nobody:b", "connection:x:b", "connection:7", "b"] {
                _ = try await lab.redis.command(["SET", RedisArgument("portolan:limit:{shop}:" + key), "x"])
            }
            _ = try await lab.redis.command(["SET", "portolan:limit:{none}:app:b", "x"])
            _ = try await lab.redis.command(["SET", "portolan:limits", "x"])
            let all = try await BucketReading.all(in: lab.redis)
            #expect(
                all.map { "\($0.platform) \($0.owner) \($0.bucket)" } == [
                    "bazaar connection:1 b", "shop app GET /v1/{id}:all", "shop app first", "shop connection:12 b",
                    "shop connection:7 b",
                ])
            let one = try await BucketReading.all(in: lab.redis, platform: "shop")
            #expect(one.map(\.bucket) == all.dropFirst().map(\.bucket))
            #expect(try await BucketReading.all(in: lab.redis, platform: "sho").isEmpty)
        }
    }

    @Test("a Redis that is gone is an error, not an empty list")
    func gone() async throws {
        let server = try await TestRedis()
        let redis = RedisClient(server.configuration(), logger: .silent)
        #expect(try await BucketReading.all(in: redis).isEmpty)
        server.kill()
        await #expect(throws: RedisError.self) { try await BucketReading.all(in: redis) }
        await redis.shutdown()
    }
}
