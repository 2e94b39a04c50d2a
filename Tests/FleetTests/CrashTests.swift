import Foundation
import LocalFleet
import LocalServers
import Platforms
import Postgres
import Sandbox
import TestKit
import Testing

/// Real processes, really killed.
@Suite("A fleet of processes survives whatever is done to it", .serialized)
struct CrashTests {
    private static func shops(_ count: Int, orders: Int, faults: [Fault] = []) -> [SandboxPlan.Store] {
        (0..<count).map {
            SandboxPlan.Store(
                platform: "shopify", name: "shop-\($0)", sizes: ["orders": orders, "products": 5, "customers": 20],
                limitFactor: 1000, faults: faults)
        }
    }

    @Test("fifty workers killed at any moment: every order is there once and equal to the source")
    func killAnyWorkerAtAnyMoment() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("killAnyWorkerAtAnyMoment: seed \(seed)")
        var random = Lottery(seed: seed)
        // A little latency, so that the sync lasts while it is shot at.
        let stores = Self.shops(4, orders: 5000, faults: [Fault(.latency(milliseconds: 40, jitterMilliseconds: 40))])
        try await FleetHarness.with("kill", stores: stores) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores()
            try await harness.schedule(only: ["orders"])
            let scheduler = try await fleet.startScheduler()
            var workers: [ChildProcess] = []
            for _ in 0..<3 { workers.append(try await fleet.startWorker(slots: 2, beatTTL: 2)) }
            try await harness.eventually("something is being read") {
                try await harness.count("select count(*) from portolan.raw_records") > 0
            }
            for kill in 1...50 {
                let victim = random.pick(workers.count)
                workers[victim].kill(SIGKILL)
                _ = await workers[victim].waitForExit()
                workers[victim] = try await fleet.startWorker(slots: 2, beatTTL: 2)
                // The next shot falls at another point of the protocol: after some more pages, or at once.
                let pages = try await harness.count("select sum(pages_count)::int8 from portolan.streams")
                let wanted = pages + Int64(random.pick(4))
                if kill % 10 == 0 { try await Self.giveWork(harness) }
                // A dead worker's lanes are taken after its time to live and a reaper's round; the rest is for a busy machine.
                let stuck = try await harness.count(
                    """
                    select count(*) from portolan.leases le left join portolan.workers w using (worker_id)
                    where w.worker_id is null or w.beat_at < portolan.now() - w.ttl - interval '15 s'
                    """)
                #expect(stuck == 0, "a lane is still held for a worker that died long ago")
                try await harness.eventually("\(wanted) pages are committed after kill \(kill)") {
                    if try await harness.isIdle() { try await Self.giveWork(harness) }
                    return try await harness.count("select sum(pages_count)::int8 from portolan.streams") >= wanted
                }
            }
            try await harness.syncNow("orders")
            try await harness.eventually("every stream is in sync and nothing is left to do") {
                let caughtUp = try await harness.allCaughtUp()
                let isIdle = try await harness.isIdle()
                return caughtUp && isIdle
            }
            #expect(try await harness.count("select count(*) from portolan.leases") == 0)
            try await harness.expectEqualToTruth(["orders"])
            let poisoned = try await harness.count(
                "select count(*) from portolan.job_history where outcome not in ('done', 'merged')")
            #expect(poisoned == 0, "no job was given up because its worker died")
            await harness.stop(workers + [scheduler])
        }
    }

    /// More to read, so that kills never fall on an idle fleet.
    private static func giveWork(_ harness: FleetHarness) async throws {
        for store in try await harness.fleet.sandbox.stores() {
            try await harness.fleet.sandbox.change(store, count: 100)
        }
        try await harness.syncNow("orders")
    }

    @Test("a worker paused past its lease and resumed writes nothing")
    func pausedWorkerWritesNothing() async throws {
        let stores = Self.shops(1, orders: 600, faults: [Fault(.latency(milliseconds: 150, jitterMilliseconds: 0))])
        try await FleetHarness.with("pause", stores: stores) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores()
            try await harness.schedule(only: ["orders"])
            let scheduler = try await fleet.startScheduler()
            let sleeper = try await fleet.startWorker(slots: 1, beatTTL: 2)
            try await harness.eventually("the first worker is in the middle of the read") {
                try await harness.count("select pages_count from portolan.streams where resource = 'orders'") >= 2
            }
            sleeper.kill(SIGSTOP)
            let heir = try await fleet.startWorker(slots: 1, beatTTL: 2)
            try await harness.eventually("another worker has finished the read") {
                let caughtUp = try await harness.allCaughtUp()
                let isIdle = try await harness.isIdle()
                return caughtUp && isIdle
            }
            await harness.stop([scheduler])
            let state: SQL = """
                select md5((select string_agg(r.xmin::text || r.external_id || r.changed_at, ',' order by r.external_id) from portolan.raw_records r)
                  || (select string_agg(s.xmin::text || s.cursor::text, ',' order by s.resource) from portolan.streams s where cursor is not null)
                  || (select count(*) from portolan.job_history))
                """
            let before = try await harness.text(state)
            sleeper.kill(SIGCONT)
            try await harness.eventually("the paused worker is awake and beats again") {
                try await harness.count(
                    "select count(*) from portolan.workers where beat_at > portolan.now() - interval '1 s'") == 2
            }
            // Drained means: it has said its last word about the slice it slept in.
            await harness.stop([sleeper, heir])
            #expect(try await harness.text(state) == before)
            try await harness.expectEqualToTruth(["orders"])
        }
    }

    @Test("Postgres, Redis and the platform are restarted in the middle: the fleet goes on by itself")
    func serversRestarted() async throws {
        let stores = Self.shops(3, orders: 1500, faults: [Fault(.latency(milliseconds: 60, jitterMilliseconds: 20))])
        try await FleetHarness.with("restart", stores: stores) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores()
            try await harness.schedule(only: ["orders", "customers"])
            let scheduler = try await fleet.startScheduler()
            let workers = [try await fleet.startWorker(slots: 2), try await fleet.startWorker(slots: 2)]
            func pages(_ wanted: Int64) async throws {
                try await harness.eventually("\(wanted) pages are committed") {
                    try await harness.count("select sum(pages_count)::int8 from portolan.streams") >= wanted
                }
            }
            try await pages(4)
            try await fleet.postgres.restart(.immediate)
            try await pages(10)
            await fleet.redis.kill()
            try await pages(14)
            try await fleet.redis.restart()
            try await pages(18)
            fleet.sandbox.process.kill(SIGKILL)
            _ = await fleet.sandbox.process.waitForExit()
            try await fleet.sandbox.restart()
            // Jobs that met the dead platform wait out a back-off; a person would do this, too.
            try await harness.eventually("every stream is in sync") {
                try await harness.hurry()
                return try await harness.allCaughtUp()
            }
            for role in workers + [scheduler] { #expect(role.exitStatus == nil, "no process ended by itself") }
            await harness.stop(workers + [scheduler])
            try await harness.expectEqualToTruth(["orders", "customers"])
        }
    }

    @Test("a database that stops answering for longer than a worker may be silent holds no stream up afterwards")
    func databaseSilent() async throws {
        let stores = Self.shops(2, orders: 900, faults: [Fault(.latency(milliseconds: 100, jitterMilliseconds: 0))])
        try await FleetHarness.with("silent", stores: stores) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores()
            try await harness.schedule(only: ["orders"])
            let scheduler = try await fleet.startScheduler()
            let worker = try await fleet.startWorker(slots: 2, beatTTL: 2)
            try await harness.eventually("the reads are under way") {
                try await harness.count("select sum(pages_count)::int8 from portolan.streams") >= 4
            }
            let lastPages = try await harness.count("select sum(pages_count)::int8 from portolan.streams")
            await fleet.postgres.pause()
            // Longer than the time to live; the only worker has nobody to take its leases from it.
            try await Task.sleep(for: .seconds(5))
            await fleet.postgres.resume()
            try await harness.eventually("the same worker has finished both reads", within: .seconds(90)) {
                let caughtUp = try await harness.allCaughtUp()
                let isIdle = try await harness.isIdle()
                return caughtUp && isIdle
            }
            #expect(try await harness.count("select sum(pages_count)::int8 from portolan.streams") > lastPages)
            #expect(worker.exitStatus == nil)
            await harness.stop([worker, scheduler])
            try await harness.expectEqualToTruth(["orders"])
        }
    }

    @Test("a platform that answers with all kinds of rubbish loses no record")
    func faultyPlatform() async throws {
        let faults = [
            Fault(.status(500, body: .html, retryAfterSeconds: nil), .next(1)), Fault(.truncate, .next(1)),
            Fault(.cut, .next(1)), Fault(.html, .next(1)), Fault(.drop, .next(1)),
            Fault(.hugeString(bytes: 5_000_000), .next(1)),
            Fault(.nulEscape, .share(0.3)), Fault(.loneSurrogate, .share(0.3)), Fault(.invalidUTF8, .share(0.3)),
        ]
        let stores = Self.shops(1, orders: 900, faults: faults)
        try await FleetHarness.with("faults", stores: stores) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores()
            try await harness.schedule(only: ["orders"])
            let scheduler = try await fleet.startScheduler()
            let worker = try await fleet.startWorker(slots: 2)
            try await harness.eventually("the stream is in sync") {
                // Back-offs are waited out by hand: what is tested is what is lost, not how long it takes.
                try await harness.hurry()
                return try await harness.allCaughtUp()
            }
            await harness.stop([worker, scheduler])
            let stores = try await fleet.sandbox.stores()
            let truth = try await fleet.sandbox.truth(of: stores[0], resource: "orders").filter {
                $0.resource == "orders"
            }
            #expect(
                try await harness.count("select count(*) from portolan.raw_records where resource = 'orders'")
                    == Int64(truth.count))
            let flagged = try await harness.count(
                "select count(*) from portolan.errors where code in ('data.sanitised', 'data.record_rejected')")
            let errors = try await harness.text(
                "select string_agg(code || ' ' || coalesce(message, ''), E'\\n') from portolan.errors")
            #expect(flagged >= 3, "each spoilt record has its flag; errors were:\n\(errors)")
            #expect(try await harness.count("select count(*) from portolan.raw_exact") >= 3)
            #expect(try await harness.count("select count(*) from portolan.errors where code = 'data.malformed'") >= 1)
        }
    }
}

/// SplitMix64, for tests that print their seed.
struct Lottery {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
}
