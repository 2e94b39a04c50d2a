import Logging
import Platforms
import Postgres
import Redis
import TestKit
import Testing

@testable import Limits

@Suite("What cannot have been used is not waited for")
struct FirstUseTests {
    private static let shop = Shop(buckets: [
        Bucket("window", scope: .connection, .window(limit: 10, length: .seconds(300))),
        Bucket("slots", scope: .connection, .slots(limit: 4, holdMax: .seconds(300))),
        Bucket("all", scope: .app, .window(limit: 10, length: .seconds(300))),
    ])

    private func take(
        _ tokens: Double = 1, of bucket: String, by connectionID: Int64 = 1, _ firstUse: FirstUse,
        _ limiter: any Limiter
    ) async -> Admission {
        await limiter.acquire(
            [BucketDemand(bucket, tokens: tokens)], band: .urgent, buckets: Self.shop.buckets,
            connectionID: connectionID, platform: Self.shop.platform, firstUse: firstUse)
    }

    private func epoch(_ admission: Admission) throws -> FirstUse {
        guard case .granted(let grant) = admission else { throw Refused(admission: admission) }
        return .epoch(try #require(grant.epoch))
    }

    private struct Refused: Error { let admission: Admission }

    @Test(
        "in a new epoch a host that was never asked is asked at once, and so on within that epoch",
        arguments: Implementation.allCases, ["window", "slots"])
    func never(implementation: Implementation, bucket: String) async throws {
        try await withLimiter(implementation) { limiter, clock in
            #expect(await (take(of: bucket, by: 2, .unknown, limiter).seconds ?? 0) > 299)
            let first = try epoch(await take(of: bucket, .never, limiter))
            clock.advance(by: .seconds(1))
            #expect(await take(of: bucket, first, limiter).isGranted)
            // What one who knows less is told is for one's own take only.
            #expect(await (take(of: bucket, .unknown, limiter).seconds ?? 0) > 290)
            #expect(await take(of: bucket, first, limiter).isGranted)
        }
    }

    @Test("what was granted is counted all the same", arguments: Implementation.allCases)
    func counted(implementation: Implementation) async throws {
        try await withLimiter(implementation) { limiter, _ in
            for _ in 0..<10 { #expect(await take(of: "window", .never, limiter).isGranted) }
            #expect(await (take(of: "window", .never, limiter).seconds ?? 0) > 299)
            for _ in 0..<4 { #expect(await take(of: "slots", .never, limiter).isGranted) }
            #expect(await !take(of: "slots", .never, limiter).isGranted)
        }
    }

    @Test("what all connections share is waited for", arguments: Implementation.allCases)
    func shared(implementation: Implementation) async throws {
        try await withLimiter(implementation) { limiter, _ in
            #expect(await (take(of: "all", .never, limiter).seconds ?? 0) > 299)
        }
    }

    @Test("a host that was asked in an epoch that is over is waited for; one that never was, for the grace only")
    func otherEpoch() async throws {
        let server = try await TestRedis()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let clock = ManualClock()
        clock.advance(by: .seconds(1000))
        let limiter = RedisLimiter(
            redis, ledger: NoLedger(), grace: .seconds(2), time: { clock.microseconds }, observe: { _ in })
        let wait = try #require(await take(of: "window", .never, limiter).seconds)
        #expect(wait > 1.9 && wait < 2.1, "others may not have noticed yet that Redis is another")
        clock.advance(by: .seconds(2))
        let first = try epoch(await take(10, of: "window", .never, limiter))
        _ = try await redis.command(["FLUSHALL"])
        for bucket in ["window", "slots"] {
            #expect(await (take(of: bucket, first, limiter).seconds ?? 0) > 299, "\(bucket)")
            #expect(await (take(of: bucket, by: 2, .never, limiter).seconds ?? 9) < 2.1, "\(bucket)")
        }
        clock.advance(by: .seconds(2))
        let second = try epoch(await take(of: "window", by: 2, .never, limiter))
        #expect(second != first)
        #expect(await !take(of: "window", first, limiter).isGranted)
        clock.advance(by: .seconds(310))
        #expect(await take(of: "window", first, limiter).isGranted, "it is over")
        await redis.shutdown()
    }

    @Test("a grant without Redis is of no epoch, and nothing is believed then")
    func away() async throws {
        let buckets = [
            Bucket("t", scope: .connection, capacity: 40, refillPerSecond: 400),
            Bucket("w", scope: .connection, .window(limit: 100, length: .seconds(300))),
        ]
        let server = try await TestRedis()
        let client = RedisClient(server.configuration(), logger: .silent)
        let redis = CuttableRedis(client)
        redis.cut(true)
        let clock = ManualClock()
        let limiter = RedisLimiter(
            redis, ledger: NoLedger(), grace: .seconds(2), time: { clock.microseconds }, observe: { _ in })
        func take(_ bucket: String) async -> Admission {
            await limiter.acquire(
                [BucketDemand(bucket)], band: .urgent, buckets: buckets, connectionID: 1, platform: "shop",
                firstUse: .never)
        }
        #expect(await (take("w").seconds ?? 0) > 299)
        _ = await take("t")
        clock.advance(by: .seconds(1))
        guard case .granted(let grant) = await take("t") else {
            Issue.record("a twentieth of it is two")
            return
        }
        #expect(grant.epoch == 0 && FirstUse(noted: grant.epoch) == .unknown)
        await client.shutdown()
    }

    // MARK: - What is noted

    @Test("the first note of a host holds: for every connection to it, and for one that is added again")
    func notes() async throws {
        try await withDatabase(connectionsMax: 8) { pool, _ in
            func add(_ name: String, _ url: String, platform: String = "shop") async throws -> Int64 {
                try await pool.query(
                    "select portolan.add_connection($1, $2, $3, '{}', '{orders}', '{main}', '{1h}')",
                    [platform, name, url])[0].decode(at: 0)
            }
            func first(_ id: Int64) async throws -> Int64? {
                try await pool.query("select portolan.first_use($1)", [id])[0].decode(at: 0)
            }
            func note(_ id: Int64, _ epoch: Int64) async throws -> Int64? {
                try await pool.query("select portolan.note_first_use($1, $2)", [id, epoch])[0].decode(at: 0)
            }
            let shop = try await add("shop", "https://shop.example/api")
            #expect(try await first(shop) == nil)
            let answers = try await withThrowingTaskGroup(of: Int64?.self) { group in
                for epoch in 1...Int64(8) { group.addTask { try await note(shop, epoch) } }
                return try await group.reduce(into: Set<Int64?>()) { $0.insert($1) }
            }
            let epoch = try #require(try await first(shop))
            #expect(answers == [epoch], "whoever notes it at once with others gets the one answer")
            let twins = ["http://shop.example", "https://WWW.shop.example:8443/other"]
            for (index, url) in twins.enumerated() {
                #expect(try await first(add("twin\(index)", url)) == epoch)
            }
            #expect(try await first(add("other", "https://shop2.example/api")) == nil)
            #expect(try await first(add("elsewhere", "https://shop.example/api", platform: "bazaar")) == nil)
            try await pool.query("delete from portolan.connections where connection_id = $1", [shop])
            #expect(try await note(shop, 9) == nil, "there is no such connection any more")
            #expect(try await first(add("shop", "https://shop.example/api")) == epoch)
        }
    }
}
