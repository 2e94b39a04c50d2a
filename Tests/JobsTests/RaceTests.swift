import FoundationEssentials
import LocalServers
import Postgres
import Testing

@testable import Jobs

extension Storms {
    /// Everything at once on one queue: the claim that nothing is lost, doubled, or written by who may not.
    @Suite("The race", .serialized)
    struct RaceTests {
        /// A lock that is waited for that long is a fault: deadlocks are noticed within a second.
        private static let settings = ["lock_timeout=20s"]

        @Test(
            "fourteen clients do everything at once, the server dies in the middle, and no job is lost or doubled",
            .timeLimit(.minutes(4)))
        func race() async throws {
            let seed = UInt64.random(in: .min ... .max)
            print("race seed \(seed)")
            try await Bed.withServer(connectionsMax: 20, settings: Self.settings) { bed, server in
                let field = try await RaceField.lay(on: bed, connections: 24, mayBeLost: true)
                try await Race.run(field, clients: 14, seed: seed, seconds: 16) {
                    // Deaths are counted while the counters last: they go with the server.
                    try await Race.expectNoDeadlocks(bed, seed: seed)
                    try await server.restart(.immediate)
                }
                try await Race.settle(field, seed: seed)
                #expect(
                    field.ledger.read { $0.counts["lost", default: 0] } > 0, "nobody noticed the death of the server")
            }
        }
    }
}

/// The parts of a race.
enum Race {
    /// Lets clients loose for some seconds; `interruption` is called half way.
    static func run(
        _ field: RaceField, clients: Int, seed: UInt64, seconds: Double,
        interruption: @escaping @Sendable () async throws -> Void = {}
    ) async throws {
        let (begins, ledger) = (ContinuousClock.now, field.ledger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await RaceChecker(pool: field.bed.pool).run(until: ledger) }
            group.addTask {
                try await Task.sleep(until: begins + .seconds(seconds / 2), clock: .continuous)
                try await interruption()
            }
            group.addTask {
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<clients {
                        group.addTask {
                            var client = RaceClient(field: field, seed: seed &+ UInt64(number))
                            await client.run(until: begins + .seconds(seconds))
                        }
                    }
                }
                ledger.update { $0.isOver = true }
            }
            try await group.waitForAll()
        }
        #expect(ledger.read { $0.faults } == [], "seed \(seed)")
    }

    /// Ends what is left and balances the books.
    static func settle(_ field: RaceField, seed: UInt64) async throws {
        try await expectNoDeadlocks(field.bed, seed: seed)
        try await expectStatsTrue(field.bed)
        try await field.bed.withOneSession { try await drain(field, through: $0) }
        try await expectNothingLeft(field.bed, seed: seed)
        try await expectEndings(field, seed: seed)
        try await expectParentsEndedAsTheirChildren(field, seed: seed)
        try await expectStories(field.bed, seed: seed)
        try await expectPages(field.bed, seed: seed)
        try await expectStatsTrue(field.bed)
        let counts = field.ledger.read { $0.counts }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print("race: \(counts.joined(separator: ", "))")
    }

    static func expectNoDeadlocks(_ bed: Bed, seed: UInt64) async throws {
        let deadlocks = try await bed.count("select deadlocks from pg_stat_database where datname = current_database()")
        #expect(deadlocks == 0, "seed \(seed)")
    }

    /// The counted statistics against a count of their own, in one transaction and so at one moment.
    static func expectStatsTrue(_ bed: Bed) async throws {
        let wrong = try await bed.pool.withTransaction(isolation: .repeatableRead) { connection in
            try await connection.query("select portolan.refresh_stats()")
            return try await connection.query(
                """
                with stats as (select platform, band, kind, state, jobs_count, oldest_at from portolan.queue_stats),
                truth as (
                  select l.platform, j.band, j.kind,
                    case when j.run_at = 'infinity' then 'awaiting' when le.running = j.job_id then 'running'
                         when j.job_id = any (le.job_ids) then 'handed over' when j.run_at > portolan.now() then
                           'scheduled'
                         else 'queued' end as state, count(*), min(j.run_at)
                  from portolan.jobs j join portolan.lanes l using (lane_id) left join portolan.leases le using
                    (lane_id)
                  group by 1, 2, 3, 4)
                select 'counted ' || row_to_json(x) from (select * from stats except select * from truth) x
                union all select 'not counted ' || row_to_json(x) from (select * from truth except select * from
                  stats) x
                """
            ).map { try $0.decode(at: 0, as: String.self) }
        }
        #expect(wrong == [])
    }
}
