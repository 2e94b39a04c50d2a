import Platforms
import Testing

@testable import Limits

@Suite("Quotas, windows, slots and rates that are found out")
struct KindTests {
    @Test("a quota gives its limit and no more until it begins anew", arguments: Implementation.allCases)
    func quota(implementation: Implementation) async throws {
        let shop = Shop(buckets: [
            Bucket("day", scope: .app, .quota(limit: 300, resets: .daily(hour: 1, minute: 0, timeZone: "GMT")))
        ])
        try await withLimiter(implementation) { limiter, clock in
            // The clock begins at midnight, an hour before the reset.
            for _ in 0..<300 { #expect(await shop.take(of: "day", limiter).isGranted) }
            let wait = try #require(await shop.take(of: "day", limiter).seconds)
            #expect((3600...3603).contains(wait))
            clock.advance(by: .seconds(3599))
            #expect(await !shop.take(of: "day", limiter).isGranted)
            clock.advance(by: .seconds(3.5))
            for _ in 0..<300 { #expect(await shop.take(of: "day", limiter).isGranted) }
            #expect(await !shop.take(of: "day", limiter).isGranted)
        }
    }

    @Test("nothing is sent close to the hour at which a quota begins anew", arguments: Implementation.allCases)
    func edge(implementation: Implementation) async throws {
        let shop = Shop(buckets: [
            Bucket("day", scope: .app, .quota(limit: 300, resets: .daily(hour: 1, minute: 0, timeZone: "GMT")))
        ])
        try await withLimiter(implementation) { limiter, clock in
            clock.advance(by: .seconds(3590))
            #expect(await shop.take(of: "day", limiter).isGranted)
            clock.advance(by: .seconds(8.5))
            let wait = try #require(await shop.take(of: "day", limiter).seconds)
            #expect(wait > 3 && wait <= 3.6)
            clock.advance(by: .seconds(3))
            #expect(await !shop.take(of: "day", limiter).isGranted)
            clock.advance(by: .seconds(0.6))
            #expect(await shop.take(of: "day", limiter).isGranted)
        }
    }

    @Test("lower bands leave a part of a quota, less and less of it", arguments: Implementation.allCases)
    func quotaReserve(implementation: Implementation) async throws {
        let shop = Shop(buckets: [
            Bucket("q", scope: .app, .quota(limit: 1000, resets: .every(.seconds(1000))))
        ])
        try await withLimiter(implementation) { limiter, clock in
            var granted = 0
            while await shop.take(of: "q", band: .backfill, limiter).isGranted { granted += 1 }
            #expect((790...810).contains(granted))
            clock.advance(by: .seconds(500))
            while await shop.take(of: "q", band: .backfill, limiter).isGranted { granted += 1 }
            #expect((890...910).contains(granted))
            while await shop.take(of: "q", band: .urgent, limiter).isGranted { granted += 1 }
            // A little is kept for those of the lower band, who wait.
            #expect((985...1000).contains(granted))
        }
    }

    @Test("the platform's count lowers a quota, in the ledger too", arguments: Implementation.allCases)
    func remaining(implementation: Implementation) async throws {
        let shop = Shop(buckets: [
            Bucket("q", scope: .connection, .quota(limit: 5000, resets: .every(.seconds(86_400))))
        ])
        try await withLimiter(implementation) { limiter, clock in
            #expect(await shop.take(of: "q", limiter).isGranted)
            await shop.teach(.remaining(bucket: "q", count: 70, resetsIn: .seconds(600)), limiter)
            for _ in 0..<70 { #expect(await shop.take(of: "q", limiter).isGranted) }
            // The platform's own hour of reset is learned as well.
            let wait = try #require(await shop.take(of: "q", limiter).seconds)
            #expect((600...605).contains(wait))
            clock.advance(by: .seconds(610))
            for _ in 0..<100 { #expect(await shop.take(of: "q", limiter).isGranted) }
        }
    }

    @Test("without a ledger nothing is granted from a quota", arguments: Implementation.allCases)
    func noLedger(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("q", scope: .app, .quota(limit: 10, resets: .every(.seconds(60))))])
        try await withLimiter(implementation, ledger: NoLedger()) { limiter, _ in
            #expect(await shop.take(of: "q", limiter) == .wait(.seconds(5), bucket: "q"))
        }
    }

    @Test("a window never holds more than its limit, and uses nearly all of it", arguments: Implementation.allCases)
    func window(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("w", scope: .connection, .window(limit: 60, length: .seconds(60)))])
        try await withLimiter(implementation) { limiter, clock in
            // What was sent before the epoch is not known: a whole window must pass.
            let first = try #require(await shop.take(of: "w", limiter).seconds)
            #expect((60...61).contains(first))
            clock.advance(by: .seconds(61))
            for _ in 0..<60 { #expect(await shop.take(of: "w", limiter).isGranted) }
            let wait = try #require(await shop.take(of: "w", limiter).seconds)
            #expect((60...61).contains(wait))
            var grants: [Double] = []
            let start = clock.microseconds
            while clock.microseconds < start + 600_000_000 {
                clock.advance(by: .milliseconds(100))
                if await shop.take(of: "w", limiter).isGranted { grants.append(clock.microseconds) }
            }
            for (index, time) in grants.enumerated() where index >= 60 {
                #expect(time - grants[index - 60] >= 60_000_000)
            }
            #expect(grants.count >= 530)
        }
    }

    @Test("the platform's count lowers a window", arguments: Implementation.allCases)
    func windowLesson(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("w", scope: .connection, .window(limit: 60, length: .seconds(60)))])
        try await withLimiter(implementation) { limiter, clock in
            clock.advance(by: .seconds(61))
            await shop.teach(.remaining(bucket: "w", count: 2, resetsIn: nil), limiter)
            for _ in 0..<2 { #expect(await shop.take(of: "w", limiter).isGranted) }
            #expect(await !shop.take(of: "w", limiter).isGranted)
        }
    }

    @Test("slots are held until given back, or until their holder must be dead", arguments: Implementation.allCases)
    func slots(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("s", scope: .connection, .slots(limit: 3, holdMax: .seconds(60)))])
        try await withLimiter(implementation) { limiter, clock in
            // Whoever held slots before the epoch may hold them still.
            let first = try #require(await shop.take(of: "s", limiter).seconds)
            #expect((60...60.5).contains(first))
            clock.advance(by: .seconds(60))
            var held: [Admission] = []
            for _ in 0..<3 { held.append(await shop.take(of: "s", limiter)) }
            for admission in held { #expect(admission.isGranted) }
            #expect(await !shop.take(of: "s", limiter).isGranted)
            await shop.giveBack(held[1], limiter)
            await shop.giveBack(held[1], limiter)
            #expect(await shop.take(of: "s", limiter).isGranted)
            #expect(await !shop.take(of: "s", limiter).isGranted)
            clock.advance(by: .seconds(60))
            for _ in 0..<3 { #expect(await shop.take(of: "s", limiter).isGranted) }
            #expect(await shop.take(4, of: "s", limiter) == .wait(.seconds(3600), bucket: "s"))
        }
    }

    @Test(
        "a rate that is not published grows, and is halved by a refusal, once a second",
        arguments: Implementation.allCases)
    func adaptive(implementation: Implementation) async throws {
        let shop = Shop(buckets: [
            Bucket(
                "a", scope: .connection,
                .adaptive(startPerSecond: 5, min: 1, max: 20, increasePerSecond: 0.5))
        ])
        try await withLimiter(implementation) { limiter, clock in
            func perSecond(_ seconds: Double) async -> Double {
                var granted = 0.0
                for _ in 0..<Int(seconds * 100) {
                    clock.advance(by: .milliseconds(10))
                    if await shop.take(of: "a", limiter).isGranted { granted += 1 }
                }
                return granted / seconds
            }
            #expect((4...7).contains(await perSecond(2)))
            _ = await perSecond(40)
            #expect((19...20.5).contains(await perSecond(5)))
            for _ in 0..<5 { await shop.teach(.throttled(bucket: "a"), limiter) }
            #expect((9...11.5).contains(await perSecond(2)))
            for _ in 0..<10 {
                clock.advance(by: .seconds(1))
                await shop.teach(.throttled(bucket: "a"), limiter)
            }
            #expect(await perSecond(3) < 3)
        }
    }

    @Test(
        "a peek tells which of the app's buckets stand still, and changes nothing", arguments: Implementation.allCases)
    func peek(implementation: Implementation) async throws {
        let shop = Shop(buckets: [
            Bucket("app", scope: .app, capacity: 10, refillPerSecond: 10),
            Bucket("GET /*", scope: .app, capacity: 10, refillPerSecond: 10),
            Bucket("own", scope: .connection, capacity: 10, refillPerSecond: 10),
        ])
        try await withLimiter(implementation) { limiter, clock in
            clock.advance(by: .seconds(10))
            #expect(await limiter.peek(platform: "shop", buckets: shop.buckets) == .none)
            #expect(await shop.take(10, of: "GET /orders", limiter).isGranted)
            await shop.teach(.blocked(bucket: "own", for: .seconds(100)), limiter)
            #expect(await limiter.peek(platform: "shop", buckets: shop.buckets) == .none)
            await shop.teach(.blocked(bucket: "GET /orders", for: .seconds(100)), limiter)
            var peek = await limiter.peek(platform: "shop", buckets: shop.buckets)
            #expect(peek.short == ["GET /orders": .seconds(100)] && peek.standstill == nil)
            await shop.teach(.blocked(bucket: "app", for: .seconds(50)), limiter)
            peek = await limiter.peek(platform: "shop", buckets: shop.buckets)
            #expect(peek.standstill == .seconds(50))
            clock.advance(by: .seconds(100))
            #expect(await shop.take(10, of: "app", limiter).isGranted)
        }
    }
}
