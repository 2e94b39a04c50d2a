import Platforms
import Testing

@testable import Limits

@Suite("Buckets of tokens")
struct LimiterConformanceTests {
    @Test("a bucket is empty when the epoch begins, and fills up", arguments: Implementation.allCases)
    func startsEmpty(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("rest", scope: .connection, capacity: 4, refillPerSecond: 2)])
        try await withLimiter(implementation) { limiter, clock in
            #expect(await shop.take(of: "rest", limiter) == .wait(.milliseconds(500), bucket: "rest"))
            clock.advance(by: .milliseconds(500))
            #expect(await shop.take(of: "rest", limiter).isGranted)
            #expect(await shop.take(of: "rest", limiter) == .wait(.milliseconds(500), bucket: "rest"))
            clock.advance(by: .seconds(86_400))
            for _ in 0..<4 { #expect(await shop.take(of: "rest", limiter).isGranted) }
            #expect(await shop.take(3, of: "rest", limiter) == .wait(.milliseconds(1500), bucket: "rest"))
            // One that nobody has used yet has had as long to fill.
            #expect(await shop.take(4, of: "rest", by: 2, limiter).isGranted)
        }
    }

    @Test("waits that are told follow one another at the bucket's speed", arguments: Implementation.allCases)
    func spread(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .app, capacity: 4, refillPerSecond: 2)])
        try await withLimiter(implementation) { limiter, clock in
            for turn in 1...5 {
                #expect(
                    await shop.take(of: "b", limiter) == .wait(.milliseconds(500 * turn), bucket: "b"))
            }
            // Those who come when they were told to get what they came for.
            for _ in 1...5 {
                clock.advance(by: .milliseconds(500))
                #expect(await shop.take(of: "b", limiter).isGranted)
            }
        }
    }

    @Test("all buckets of a request give, or none does", arguments: Implementation.allCases)
    func allOrNone(implementation: Implementation) async throws {
        let buckets = [
            Bucket("app", scope: .app, capacity: 10, refillPerSecond: 10),
            Bucket("slow", scope: .connection, capacity: 10, refillPerSecond: 1),
        ]
        let shop = Shop(buckets: buckets)
        try await withLimiter(implementation) { limiter, clock in
            func both() async -> Admission {
                await limiter.acquire(
                    [BucketDemand("app", tokens: 8), BucketDemand("slow", tokens: 2)], band: .urgent,
                    buckets: buckets, connectionID: 1, platform: "shop")
            }
            #expect(await both() == .wait(.seconds(2), bucket: "slow"))
            clock.advance(by: .seconds(1))
            // Were the app's tokens taken by the refusal, they would not be there now.
            #expect(await shop.take(10, of: "app", limiter).isGranted)
            clock.advance(by: .seconds(1))
            #expect(await both().isGranted)
            #expect(await shop.take(2, of: "app", limiter).isGranted)
            #expect(await shop.take(1, of: "app", limiter) == .wait(.milliseconds(100), bucket: "app"))
        }
    }

    @Test(
        "an app's bucket is shared, a connection's and a template's are each its own",
        arguments: Implementation.allCases)
    func scopes(implementation: Implementation) async throws {
        let shop = Shop(buckets: [
            Bucket("app", scope: .app, capacity: 1, refillPerSecond: 1),
            Bucket("GET /*", scope: .connection, capacity: 1, refillPerSecond: 1),
            Bucket("POST /*", scope: .app, capacity: 1, refillPerSecond: 1),
            Bucket("GET /special", scope: .connection, capacity: 5, refillPerSecond: 5),
        ])
        try await withLimiter(implementation) { limiter, clock in
            clock.advance(by: .seconds(5))
            for name in ["app", "POST /a", "POST /b"] {
                #expect(await shop.take(of: name, by: 1, limiter).isGranted)
                #expect(await !shop.take(of: name, by: 2, limiter).isGranted)
            }
            for bucket in ["GET /a", "GET /b"] {
                for connection: Int64 in 1...2 {
                    #expect(await shop.take(of: bucket, by: connection, limiter).isGranted)
                    #expect(await !shop.take(of: bucket, by: connection, limiter).isGranted)
                }
            }
            #expect(await shop.take(5, of: "GET /special", limiter).isGranted)
        }
    }

    @Test("the same bucket demanded twice gives the sum; no demand needs nothing", arguments: Implementation.allCases)
    func sums(implementation: Implementation) async throws {
        let buckets = [Bucket("b", scope: .connection, capacity: 4, refillPerSecond: 1)]
        try await withLimiter(implementation) { limiter, clock in
            #expect(await limiter.acquire([], buckets: buckets, connectionID: 1, platform: "shop").isGranted)
            let twice = [BucketDemand("b", tokens: 2), BucketDemand("b", tokens: 2)]
            #expect(
                await limiter.acquire(twice, band: .urgent, buckets: buckets, connectionID: 1, platform: "shop")
                    == .wait(.seconds(4), bucket: "b"))
            clock.advance(by: .seconds(4))
            #expect(await limiter.acquire(twice, buckets: buckets, connectionID: 1, platform: "shop").isGranted)
        }
    }

    @Test(
        "a demand over the capacity is granted by a full bucket and leaves a debt", arguments: Implementation.allCases)
    func debt(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .connection, capacity: 10, refillPerSecond: 1)])
        try await withLimiter(implementation) { limiter, clock in
            #expect(await shop.take(25, of: "b", limiter) == .wait(.seconds(10), bucket: "b"))
            clock.advance(by: .seconds(10))
            #expect(await shop.take(25, of: "b", limiter).isGranted)
            clock.advance(by: .seconds(1))
            #expect(await shop.take(of: "b", limiter) == .wait(.seconds(15), bucket: "b"))
        }
    }

    @Test("only the share of capacity and rate is used", arguments: Implementation.allCases)
    func share(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .connection, capacity: 20, refillPerSecond: 4, share: 0.5)])
        try await withLimiter(implementation) { limiter, clock in
            #expect(await shop.take(2, of: "b", limiter) == .wait(.seconds(1), bucket: "b"))
            clock.advance(by: .seconds(100))
            #expect(await shop.take(10, of: "b", limiter).isGranted)
            #expect(await shop.take(1, of: "b", limiter) == .wait(.milliseconds(500), bucket: "b"))
            clock.advance(by: .seconds(100))
            // 13 of 20 left means that others used 7: half of the 20 is theirs, so 3 are ours.
            await shop.teach(.level(bucket: "b", available: 13, capacity: nil, refillPerSecond: nil), limiter)
            #expect(await shop.take(3, of: "b", limiter).isGranted)
            #expect(await shop.take(1, of: "b", limiter) == .wait(.milliseconds(500), bucket: "b"))
        }
    }

    @Test(
        "a refund gives back what the request did not cost, and never more than full",
        arguments: Implementation.allCases)
    func refund(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("cost", scope: .connection, capacity: 1000, refillPerSecond: 100)])
        try await withLimiter(implementation) { limiter, clock in
            // A bucket without history may have lost the very tokens that are given back.
            await shop.teach(.refund(bucket: "cost", tokens: 500), limiter)
            #expect(await shop.take(1, of: "cost", limiter) == .wait(.milliseconds(10), bucket: "cost"))
            clock.advance(by: .seconds(10))
            #expect(await shop.take(762, of: "cost", limiter).isGranted)
            await shop.teach(.refund(bucket: "cost", tokens: 700), limiter)
            #expect(await shop.take(938, of: "cost", limiter).isGranted)
            #expect(await shop.take(1, of: "cost", limiter) == .wait(.milliseconds(10), bucket: "cost"))
            await shop.teach(.refund(bucket: "cost", tokens: 5000), limiter)
            #expect(await shop.take(1000, of: "cost", limiter).isGranted)
        }
    }

    @Test(
        "what the platform teaches goes before what was declared; a level only lowers",
        arguments: Implementation.allCases)
    func learning(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("cost", scope: .connection, capacity: 2000, refillPerSecond: 100)])
        try await withLimiter(implementation) { limiter, clock in
            await shop.teach(.level(bucket: "cost", available: 3998, capacity: 4000, refillPerSecond: 200), limiter)
            #expect(await shop.take(400, of: "cost", limiter) == .wait(.seconds(2), bucket: "cost"))
            clock.advance(by: .seconds(60))
            #expect(await shop.take(4000, of: "cost", limiter).isGranted)
            clock.advance(by: .seconds(10))
            await shop.teach(.level(bucket: "cost", available: 300, capacity: nil, refillPerSecond: nil), limiter)
            await shop.teach(.level(bucket: "cost", available: 4000, capacity: nil, refillPerSecond: nil), limiter)
            #expect(await shop.take(301, of: "cost", limiter) == .wait(.milliseconds(5), bucket: "cost"))
            // A plan that shrank takes the surplus away; nonsense is not learned.
            clock.advance(by: .seconds(60))
            await shop.teach(.level(bucket: "cost", available: 4000, capacity: 1000, refillPerSecond: 50), limiter)
            await shop.teach(.level(bucket: "cost", available: 4000, capacity: 0, refillPerSecond: -1), limiter)
            #expect(await shop.take(1000, of: "cost", limiter).isGranted)
            #expect(await shop.take(100, of: "cost", limiter) == .wait(.seconds(2), bucket: "cost"))
            // Other buckets have learned nothing, and a lesson about none of ours is ignored.
            await shop.teach(.blocked(bucket: "no such", for: .seconds(1)), limiter)
            #expect(await shop.take(2000, of: "cost", by: 2, limiter).isGranted)
        }
    }

    @Test(
        "a block holds for its time, the longer of two counts, and the bucket is empty before it",
        arguments: Implementation.allCases)
    func blocks(implementation: Implementation) async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .connection, capacity: 100, refillPerSecond: 1)])
        try await withLimiter(implementation) { limiter, clock in
            clock.advance(by: .seconds(1000))
            await shop.teach(.blocked(bucket: "b", for: .seconds(30)), limiter)
            #expect(await shop.take(of: "b", limiter) == .wait(.seconds(30), bucket: "b"))
            clock.advance(by: .seconds(10))
            await shop.teach(.blocked(bucket: "b", for: .seconds(5)), limiter)
            clock.advance(by: .seconds(19))
            #expect(await !shop.take(of: "b", limiter).isGranted)
            clock.advance(by: .seconds(1))
            // The second block emptied it again twenty seconds ago.
            #expect(await shop.take(20, of: "b", limiter).isGranted)
            #expect(await !shop.take(of: "b", limiter).isGranted)
        }
    }
}
