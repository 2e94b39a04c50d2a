import Foundation
import LocalFleet
import LocalServers
import Postgres
import Sandbox
import TestKit
import Testing

/// A platform that counts for itself, and a fleet whose Redis is taken away in every way.
@Suite("A fleet that loses Redis is never refused for being too fast", .serialized)
struct LimitLossTests {
    /// Merchants whose platforms allow so little that every request of the run has to wait for its turn.
    private static let stores = [
        SandboxPlan.Store(platform: "stripe", name: "slow", count: 2, sizes: ["charges": 2500], limitFactor: 0.2),
        SandboxPlan.Store(platform: "shopify", name: "real", sizes: ["orders": 60, "products": 5, "customers": 20]),
    ]

    /// What a test does to the fleet's Redis.
    private struct Run {
        let harness: FleetHarness
        let workers: [ChildProcess]
        var redis: LocalRedis { harness.fleet.redis }

        /// Waits until so many more pages have been read.
        func read(_ pages: Int64) async throws {
            let before = try await committed()
            try await harness.eventually("\(pages) more pages are committed", within: .seconds(60)) {
                try await harness.hurry()
                if try await committed() >= before + pages { return true }
                return try await harness.allCaughtUp()
            }
        }

        private func committed() async throws -> Int64 {
            try await harness.count("select sum(pages_count)::int8 from portolan.streams")
        }

        /// How often the workers have logged the sentence.
        func logged(_ sentence: String) throws -> Int {
            let folder = harness.fleet.folder
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("worker-") }
                .reduce(0) { count, name in
                    count
                        + (try String(contentsOfFile: folder + "/" + name, encoding: .utf8)).ranges(of: sentence).count
                }
        }

        /// Waits until the workers say so again.
        func heard(_ sentence: String, after count: Int) async throws {
            try await harness.eventually("a worker says: \(sentence)", within: .seconds(60)) {
                try await harness.hurry()
                return try logged(sentence) > count
            }
        }
    }

    private static let isLost = "what Redis held of limits may be lost"
    private static let isAway = "limits are kept locally"
    private static let isBack = "limits are kept in Redis again"

    private func run(_ name: String, _ body: (Run) async throws -> Void) async throws {
        try await FleetHarness.with(name, stores: Self.stores) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores()
            try await harness.schedule(only: ["charges", "orders"])
            // As much as the simulated platform allows, but for a tenth: requests may arrive closer than they were sent.
            try await fleet.pool.query(
                """
                update portolan.connections
                set limits = '{"account": {"capacity": 5, "refill_per_second": 5, "share": 0.9},
                               "GET /v1/*": {"capacity": 5, "refill_per_second": 5, "share": 0.9}}'
                where platform = 'stripe'
                """)
            let scheduler = try await fleet.startScheduler()
            let workers = [try await fleet.startWorker(slots: 2), try await fleet.startWorker(slots: 2)]
            let run = Run(harness: harness, workers: workers)
            try await run.read(4)
            try await body(run)
            try await harness.eventually("every stream is in sync") {
                try await harness.hurry()
                return try await harness.allCaughtUp()
            }
            for role in workers + [scheduler] { #expect(role.exitStatus == nil, "no process ended by itself") }
            await harness.stop(workers + [scheduler])
            for store in try await fleet.sandbox.counters() {
                #expect(store.throttled == 0, "\(store.platform) \(store.name), of \(store.requests) requests")
                #expect(store.requests > 1)
            }
            let refused = try await harness.count("select count(*) from portolan.errors where code like 'rate.%'")
            #expect(refused == 0)
            let waited = try await harness.count("select count(*) from portolan.requests where token_wait_ms > 0")
            #expect(waited > 20, "the limits were what held the fleet up")
            try await harness.expectEqualToTruth(["charges", "orders"])
        }
    }

    @Test("emptied again and again")
    func flushed() async throws {
        try await run("limit-flush") { run in
            for pages: Int64 in [6, 2, 1, 1, 4] {
                let before = try run.logged(Self.isLost)
                try await run.redis.command(["flushall"])
                try await run.heard(Self.isLost, after: before)
                try await run.read(pages)
            }
        }
    }

    @Test("killed, and started again empty")
    func restarted() async throws {
        try await run("limit-restart") { run in
            for _ in 0..<2 {
                let (away, lost) = (try run.logged(Self.isAway), try run.logged(Self.isLost))
                await run.redis.kill()
                try await run.heard(Self.isAway, after: away)
                try await run.redis.restart()
                try await run.heard(Self.isLost, after: lost)
                try await run.read(5)
            }
        }
    }

    @Test("killed, and started again with what it had saved long before")
    func stale() async throws {
        try await run("limit-stale") { run in
            try await run.redis.command(["save"])
            try await run.read(8)
            for _ in 0..<2 {
                let (away, lost) = (try run.logged(Self.isAway), try run.logged(Self.isLost))
                await run.redis.kill()
                try await run.heard(Self.isAway, after: away)
                try await run.redis.restart()
                #expect(try await run.redis.command(["dbsize"]) != ["0"], "it has its old data")
                try await run.heard(Self.isLost, after: lost)
                try await run.read(5)
            }
        }
    }

    @Test("stopped where it is, and let go on")
    func silent() async throws {
        try await run("limit-silent") { run in
            for _ in 0..<2 {
                let (away, back) = (try run.logged(Self.isAway), try run.logged(Self.isBack))
                await run.redis.pause()
                try await run.heard(Self.isAway, after: away)
                await run.redis.resume()
                try await run.heard(Self.isBack, after: back)
                try await run.read(5)
            }
        }
    }
}
