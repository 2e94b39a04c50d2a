import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

/// Pages touched, not time: what a plan costs is the same on every machine.
@Suite("What calls cost", .serialized)
struct PlanTests {
    @Test(
        "claim, finish and enqueue touch as much with 300,000 waiting jobs and a million ended ones as with 10,000",
        .timeLimit(.minutes(4)))
    func flat() async throws {
        try await Bed.with(connectionsMax: 1) { bed in
            let connection = try await bed.addConnection("a")
            try await Self.addWaiting(bed, connection, lanes: 1...1000, jobsPerLane: 10)
            let few = try await Cost.measured(bed, connection)
            // Most of it in lanes of their own, a good part in one: deep or wide makes no difference.
            try await Self.addWaiting(bed, connection, lanes: 1001...20_000, jobsPerLane: 10)
            try await Self.addWaiting(bed, connection, lanes: 1...1, jobsPerLane: 100_000)
            let many = try await Cost.measured(bed, connection)
            try await Self.addEnded(bed, connection, count: 1_000_000)
            let old = try await Cost.measured(bed, connection)
            print("pages touched: \(few); with 300,000 waiting: \(many); with 1,000,000 ended: \(old)")
            for cost in [few, many, old] {
                #expect(cost.claim > 0 && cost.claim <= 40, "a claim of one lane: \(cost)")
                // An index may have grown by a level; anything in proportion to the rows would be thousands.
                #expect(
                    cost.claim <= few.claim + 12 && cost.finish <= few.finish + 24 && cost.enqueue <= few.enqueue + 16)
                #expect(cost.finish <= 160 && cost.enqueue <= 120)
            }
        }
    }

    /// Nobody's long transaction may make claims walk over everything that has been claimed since.
    @Test(
        "behind an open snapshot 5,000 runs do not make a claim that begins at its floor dear", .timeLimit(.minutes(2)))
    func pinned() async throws {
        try await Bed.with(connectionsMax: 2) { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            _ = try await bed.queue.enqueue((0..<1000).map { Bed.sync(connection, family: "f\($0)") })
            for table in ["jobs", "lanes", "leases"] {
                try await bed.pool.query(
                    SQL(unsafeText: "alter table portolan.\(table) set (autovacuum_enabled = off)"))
            }
            try await bed.pool.withTransaction(isolation: .repeatableRead, readOnly: true) { session in
                try await session.query("select count(*) from portolan.lanes")
                var floor = Date.distantPast
                let before = try await Cost.claim(bed, floor: floor)
                for _ in 0..<500 {
                    let jobs = try await bed.queue.claim(Bed.wanting(worker, bands: [.incremental], lanes: 10))
                    try #require(jobs.count == 10)
                    floor = max(floor, jobs.map(\.ticket).min() ?? floor)
                    _ = try await bed.queue.finish(jobs.map { Report($0, .yield) }, waits: true)
                }
                let after = try await Cost.claim(bed, floor: floor)
                let without = try await Cost.claim(bed, floor: .distantPast)
                print(
                    "pages touched behind a snapshot: \(before), after 5,000 runs \(after), without a floor \(without)"
                )
                #expect(after < 4 * before)
            }
        }
    }

    // MARK: Filling

    /// As enqueue would have put them there, but in bulk; all due, the lanes ready.
    private static func addWaiting(
        _ bed: Bed, _ connection: Int64, lanes: ClosedRange<Int64>, jobsPerLane: Int64
    ) async throws {
        try await bed.pool.query(
            """
            with made as (
              insert into portolan.lanes (connection_id, family, platform, state, band, head_at, next_at)
              select $1, 'f' || g, 'toy', 'ready', 'incremental', now() - interval '1 h', now() - interval '1 h' + g
                * interval '1 ms'
              from generate_series($2::bigint, $3) g on conflict do nothing returning 1)
            select count(*) from made
            """, [connection, lanes.lowerBound, lanes.upperBound])
        try await bed.pool.query(
            """
            insert into portolan.jobs (connection_id, lane_id, run_at, kind, band, dedupe_key, args)
            select l.connection_id, l.lane_id, now() - interval '1 h' + g * interval '1 ms', 'sync', 'incremental',
              'k' || l.lane_id || '.' || g, '{"resource": "orders"}'
            from portolan.lanes l cross join generate_series(0::bigint, $4 - 1) g
            where l.connection_id = $1 and l.family in (select 'f' || f from generate_series($2::bigint, $3) f)
            """, [connection, lanes.lowerBound, lanes.upperBound, jobsPerLane])
        for table in ["jobs", "lanes"] {
            try await bed.pool.query(SQL(unsafeText: "vacuum analyze portolan.\(table)"), timeLimit: .seconds(120))
        }
    }

    private static func addEnded(_ bed: Bed, _ connection: Int64, count: Int64) async throws {
        try await bed.pool.query(
            """
            insert into portolan.job_history (job_id, connection_id, lane_id, created_at, finished_at, attempt,
              snoozes, rescues, outcome, band, kind, args)
            select -g, $1, 1 + g % 20000, now(), now(), 1, 0, 0, 'done', 'incremental', 'sync', '{}' from
              generate_series(1, $2::bigint) g
            """, [connection, count], timeLimit: .seconds(120))
    }
}

/// Pages touched by calls that are rolled back; the least of some, because the first ones fill caches.
private struct Cost {
    let claim: Int
    let finish: Int
    let enqueue: Int

    private struct Undone: Error {}

    static func measured(_ bed: Bed, _ connection: Int64) async throws -> Cost {
        let worker = try await bed.addWorker()
        var least = Cost(claim: .max, finish: .max, enqueue: .max)
        for _ in 0..<6 {
            try await undoing(bed) { session in
                let claim = try await pages(session, Self.claimOne, [worker, Date.distantPast], rows: 1)
                let finish = try await pages(
                    session,
                    """
                    select f.* from portolan.leases le, portolan.finish(array[le.lane_id], array[le.token],
                      le.job_ids, array['done']) f where le.worker_id = $1
                    """, [worker], rows: 1)
                let enqueue = try await pages(
                    session,
                    """
                    select portolan.enqueue($1, 'sync', '{"resource": "orders"}', 'urgent', null, 'new', 'f7')
                    """, [connection], rows: 1)
                least = Cost(
                    claim: min(least.claim, claim), finish: min(least.finish, finish),
                    enqueue: min(least.enqueue, enqueue))
            }
        }
        return least
    }

    /// Of a claim of one lane that looks from this ticket on.
    static func claim(_ bed: Bed, floor: Date) async throws -> Int {
        var least = Int.max
        for _ in 0..<5 {
            try await undoing(bed) { session in
                least = min(least, try await pages(session, claimOne, [UUID(), floor], rows: 1))
            }
        }
        return least
    }

    private static let claimOne: SQL = """
        select * from portolan.claim_lanes($1, array['toy'], array['incremental'], 1, 1, array[$2::timestamptz],
          array['sync'], array[1])
        """

    private static func undoing(_ bed: Bed, _ body: (PostgresConnection) async throws -> Void) async throws {
        do throws(PostgresTransactionError) {
            try await bed.pool.withTransaction { session in
                try await body(session)
                throw Undone()
            }
        } catch {
            guard error.body is Undone else { throw error }
        }
    }

    private static func pages(
        _ session: PostgresConnection, _ sql: SQL, _ parameters: [any PostgresEncodable], rows: Int
    ) async throws -> Int {
        let explain = SQL(unsafeText: "explain (analyze, buffers, timing off) " + sql.text)
        let plan = try await session.query(explain, parameters).map { try $0.decode(at: 0, as: String.self) }
        try #require(plan.first?.contains("actual rows=\(rows) ") == true, "\(plan)")
        let line = try #require(plan.first { $0.contains("Buffers:") })
        let counts = line.split(whereSeparator: { $0 == " " || $0 == "," }).compactMap { word -> Int? in
            guard word.hasPrefix("hit=") || word.hasPrefix("read=") else { return nil }
            return Int(word.drop { $0 != "=" }.dropFirst())
        }
        return counts.reduce(0, +)
    }
}
