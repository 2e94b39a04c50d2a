import Foundation
import LocalServers
import Logging
import Platforms
import Redis
import Synchronization
import TestKit
import Testing

@testable import Limits

@Suite("Losing Redis breaks no limit")
struct RedisLossTests {
    private func simulate(
        _ name: String, workers: Int = 8, _ body: (TestRedis, RedisClient, FleetSimulation) async throws -> Void
    ) async throws {
        let server = try await TestRedis()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let fleet = FleetSimulation(server.configuration(), workers: workers, random: SplitMix.seeded(name))
        do {
            try await body(server, redis, fleet)
        } catch {
            await fleet.shutdown()
            await redis.shutdown()
            throw error
        }
        print("\(name): \(fleet.usage)")
        #expect(fleet.judge.violations == [])
        #expect(fleet.judge.requests > 300)
        await fleet.shutdown()
        await redis.shutdown()
    }

    @Test("an undisturbed run", .timeLimit(.minutes(1)))
    func undisturbed() async throws {
        try await simulate("undisturbed") { _, _, fleet in await fleet.run(moves: 12_000) }
    }

    @Test("FLUSHALL in the middle, again and again", .timeLimit(.minutes(1)))
    func flushed() async throws {
        try await simulate("flushed") { _, redis, fleet in
            await fleet.run(moves: 6_000)
            for _ in 0..<4 {
                _ = try await redis.command(["FLUSHALL"])
                await fleet.run(moves: 2_500)
            }
        }
    }

    @Test("killed, and started again with what it had saved long before", .timeLimit(.minutes(1)))
    func staleSnapshot() async throws {
        try await simulate("stale snapshot") { server, redis, fleet in
            await fleet.run(moves: 6_000)
            _ = try await redis.command(["SAVE"])
            for _ in 0..<2 {
                await fleet.run(moves: 3_000)
                fleet.cutAll()
                server.kill()
                await fleet.run(moves: 1_500)
                try await server.start()
                await fleet.restore(over: 400)
                await fleet.run(moves: 3_000)
            }
        }
    }

    @Test("out of reach for a while, with all that it holds", .timeLimit(.minutes(1)))
    func unreachable() async throws {
        try await simulate("unreachable") { _, _, fleet in
            await fleet.run(moves: 6_000)
            for moves in [100, 2_000, 6_000] {
                fleet.cutAll()
                await fleet.run(moves: moves)
                await fleet.restore(over: 400)
                await fleet.run(moves: 3_000)
            }
        }
    }

    @Test("failover to a replica that is behind", .timeLimit(.minutes(1)))
    func staleReplica() async throws {
        let folder = "/tmp/portolan-limits-\(UInt64.random(in: 0...UInt64.max))"
        let primary = try await LocalRedis.start(in: folder + "/1", listensOnLoopback: true, logger: .silent)
        let replica = try await LocalRedis.startReplica(of: primary, in: folder + "/2", logger: .silent)
        let path = folder + "/current"
        func point(to server: LocalRedis) throws {
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: server.socketPath)
        }
        try point(to: primary)
        var configuration = RedisConfiguration(.unix(path: path))
        (configuration.reconnectDelayMin, configuration.reconnectDelayMax) = (.milliseconds(5), .milliseconds(50))
        (configuration.connectTimeLimit, configuration.commandTimeLimit) = (.seconds(20), .seconds(20))
        let fleet = FleetSimulation(configuration, workers: 8, random: SplitMix.seeded("stale replica"))
        await fleet.run(moves: 6_000)
        try await replica.cutOff()
        await fleet.run(moves: 3_000)
        fleet.cutAll()
        await primary.kill()
        await fleet.run(moves: 500)
        try await replica.promote()
        try point(to: replica)
        await fleet.restore(over: 400)
        await fleet.run(moves: 4_000)
        print("stale replica: \(fleet.usage)")
        #expect(fleet.judge.violations == [])
        await fleet.shutdown()
        await replica.stop()
        await primary.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    @Test("a block is kept by a worker, and by the ledger for others", .timeLimit(.minutes(1)))
    func blocksSurvive() async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .app, capacity: 10, refillPerSecond: 1000)])
        let server = try await TestRedis()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let ledger = MemoryLedger(now: { Date().timeIntervalSince1970 * 1e6 })
        let first = RedisLimiter(redis, ledger: ledger, grace: .milliseconds(1))
        await shop.teach(.blocked(bucket: "b", for: .seconds(3600)), first)
        _ = try await redis.command(["FLUSHALL"])
        for limiter in [first, RedisLimiter(redis, ledger: ledger, grace: .milliseconds(1))] {
            // The call that begins the epoch gets nothing anyway.
            _ = await shop.take(of: "b", limiter)
            let wait = try #require(await shop.take(of: "b", limiter).seconds)
            #expect(wait > 3500)
            _ = try await redis.command(["FLUSHALL"])
        }
        await redis.shutdown()
    }

    @Test("many tasks together get no more than the rate on Redis's own clock", .timeLimit(.minutes(1)))
    func rate() async throws {
        let shop = Shop(buckets: [Bucket("b", scope: .app, capacity: 40, refillPerSecond: 400)])
        let server = try await TestRedis()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let limiter = RedisLimiter(redis, grace: .milliseconds(50))
        let grants = Instants()
        try await withThrowingTaskGroup { group in
            for index in 0..<8 {
                group.addTask {
                    while !Task.isCancelled {
                        let band = LimitBand.allCases[index % 5]
                        switch await shop.take(of: "b", band: band, limiter) {
                        case .granted(let grant): grants.add(grant.at)
                        case .wait: await Task.yield()
                        }
                    }
                }
            }
            for flush in 1...5 {
                while grants.all.count < flush * 60 { await Task.yield() }
                _ = try await redis.command(["FLUSHALL"])
            }
            while grants.all.count < 400 { await Task.yield() }
            group.cancelAll()
            try await group.waitForAll()
        }
        let times = grants.all.sorted()
        var judge = Judge(start: Double(times.first ?? 0))
        for time in times {
            judge.arrive([BucketDemand("b")], shop.buckets, connectionID: 1, at: Double(time))
        }
        #expect(judge.violations == [])
        await redis.shutdown()
    }

    @Test("without Redis a small share is granted, and blocks are kept and told on return", .timeLimit(.minutes(1)))
    func away() async throws {
        let shop = Shop(buckets: [
            Bucket("b", scope: .app, capacity: 40, refillPerSecond: 200),
            Bucket("small", scope: .app, capacity: 5, refillPerSecond: 5),
            Bucket("few", scope: .connection, .slots(limit: 2, holdMax: .seconds(1))),
            Bucket("seldom", scope: .connection, .window(limit: 9, length: .seconds(1))),
        ])
        let server = try await TestRedis()
        let client = RedisClient(server.configuration(), logger: .silent)
        let redis = CuttableRedis(client)
        redis.cut(true)
        let clock = ManualClock()
        let events = Mutex<[String]>([])
        let limiter = RedisLimiter(
            redis, ledger: NoLedger(), grace: .seconds(2), time: { clock.microseconds },
            observe: { event in events.withLock { $0.append("\(event)") } })
        var granted = 0
        for _ in 0..<1000 {
            clock.advance(by: .milliseconds(10))
            if await shop.take(of: "b", limiter).isGranted { granted += 1 }
            for bucket in ["small", "few", "seldom"] {
                #expect(await !shop.take(of: bucket, limiter).isGranted, "a twentieth of it is less than one")
            }
        }
        #expect((95...100).contains(granted))
        await shop.teach(.blocked(bucket: "b", for: .seconds(3600)), limiter)
        #expect(await (shop.take(of: "b", limiter).seconds ?? 0) > 3500)
        redis.cut(false)
        #expect(await (shop.take(of: "b", limiter).seconds ?? 0) > 3500)
        clock.advance(by: .seconds(3))
        #expect(
            await
                (shop.take(
                    of: "b",
                    RedisLimiter(
                        client, ledger: NoLedger(), grace: .seconds(2), time: { clock.microseconds }, observe: { _ in })
                ).seconds ?? 0) > 3400)
        #expect(events.withLock { $0.count } == 2)
        await client.shutdown()
    }
}

/// Instants of grants, from many tasks.
private final class Instants: Sendable {
    private let instants = Mutex<[Int64]>([])

    var all: [Int64] { instants.withLock { $0 } }

    func add(_ instant: Int64) { instants.withLock { $0.append(instant) } }
}
