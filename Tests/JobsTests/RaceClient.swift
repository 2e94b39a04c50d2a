import FoundationEssentials
import Postgres

@testable import Jobs

/// One client of the race: enqueues, claims, proves, finishes in every way, dies and goes on writing, cancels, pauses,
/// schedules and reaps, as its random numbers say.
struct RaceClient {
    private let pool: PostgresPool
    private let connections: [Int64]
    private let ledger: RaceLedger
    private var random: SeededRandom
    private var worker = UUID()
    private var held: [Handed] = []
    /// Reported already, or lost: every further word about them must be answered `stale`.
    private var spent: [Handed] = []

    private struct Handed: Sendable {
        let lane: Int64
        let token: UUID
        let job: Int64
        let connection: Int64
        let family: String
        let key: String?
    }

    init(pool: PostgresPool, connections: [Int64], ledger: RaceLedger, seed: UInt64) {
        self.pool = pool
        self.connections = connections
        self.ledger = ledger
        random = SeededRandom(seed: seed)
    }

    mutating func run(operationsMax: Int, until end: ContinuousClock.Instant) async {
        do {
            try await register()
            for _ in 0..<operationsMax where ContinuousClock.now < end {
                try await operate()
            }
            try await finish(held)
        } catch {
            ledger.fault("\(error)")
        }
    }

    private mutating func operate() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<12: try await enqueue(1)
        case 12..<18: try await enqueue(Int.random(in: 2...12, using: &random))
        case 18..<45: try await claim()
        case 45..<55: try await prove()
        case 55..<80: try await finishSome()
        case 80..<84: try await reportAgain()
        case 84..<87: try await die()
        case 87..<90: try await cancel()
        case 90..<93: try await pause()
        case 93..<96: try await schedule()
        default: try await pool.query("select portolan.reap()")
        }
    }

    private func register() async throws {
        try await pool.query("select portolan.beat($1, 'race', '1', interval '1 hour')", [worker])
    }

    // MARK: Enqueueing

    private mutating func enqueue(_ count: Int) async throws {
        var wanted: [(connection: Int64, key: String?, family: String, band: String, delay: Duration)] = []
        for _ in 0..<count {
            let key = ["x", "y", "z", nil][Int.random(in: 0..<4, using: &random)]
            let delay =
                Bool.random(using: &random) ? Duration.zero : .milliseconds(Int.random(in: 0...20, using: &random))
            wanted.append(
                (
                    connections.randomElement(using: &random)!, key, ["main", "bulk"].randomElement(using: &random)!,
                    Band.allCases.randomElement(using: &random)!.rawValue, delay
                ))
        }
        // Now and then for a lane that this client is running a job in.
        if let mine = held.randomElement(using: &random) {
            wanted[0].connection = mine.connection
            (wanted[0].key, wanted[0].family) = (mine.key, mine.family)
        }
        let rows = try await pool.query(
            """
            select portolan.enqueue_many($1, $2, $3, $4,
              (select array_agg(now() + d order by o) from unnest($5::interval[]) with ordinality u(d, o)), $6, $7, $8)
            """,
            [
                wanted.map(\.connection), wanted.map { _ in "sync" }, wanted.map { _ in PostgresJSON("{}") },
                wanted.map(\.band),
                wanted.map(\.delay), wanted.map(\.key), wanted.map(\.family), wanted.map { _ in Int32(1000) },
            ])
        let ids: [Int64] = try rows[0].decode(at: 0)
        let running = Set(held.map(\.job))
        for id in ids where running.contains(id) { ledger.fault("job \(id) runs and swallowed a follow-up") }
        ledger.update { $0.enqueued.formUnion(ids) }
        ledger.count("enqueued", ids.count)
    }

    /// A scheduler beside all this, which locks streams first and then lanes.
    private mutating func schedule() async throws {
        try await pool.query(
            """
            with due as materialized (
              select ctid as at from portolan.streams where connection_id = $1 and next_due_at is not null
              order by resource for update skip locked)
            update portolan.streams s set next_due_at = now() from due where s.ctid = due.at
            """,
            [connections.randomElement(using: &random)!])
        try await pool.query("select portolan.enqueue_due(20)")
    }

    // MARK: Holding

    private mutating func claim() async throws {
        guard held.count < 12 else { return try await finish(held) }
        let rows: PostgresRows
        do throws(PostgresError) {
            rows = try await pool.query(
                """
                select c.lane_id, c.token, c.job_id, c.connection_id, l.family, j.dedupe_key
                from portolan.claim($1, array_fill('toy'::text, array[5]),
                  (select array_agg(b order by random()) from unnest(array['urgent', 'incremental', 'report', 'backfill', 'housekeeping']) b),
                  $2, $3) c
                join portolan.lanes l using (lane_id) left join portolan.jobs j using (job_id)
                """,
                [worker, Int32.random(in: 1...6, using: &random), Int32.random(in: 1...4, using: &random)])
        } catch {
            // Claim gives way rather than wait: see its lock_timeout.
            guard error.isLockNotAvailable else { throw error }
            return ledger.count("gave way")
        }
        for row in rows {
            let (lane, token, job, connection, family, key) = try row.decode(
                Int64.self, UUID.self, Int64.self, Int64.self, String.self, String?.self)
            held.append(Handed(lane: lane, token: token, job: job, connection: connection, family: family, key: key))
        }
        ledger.count("handed", rows.count)
    }

    private mutating func prove() async throws {
        if let mine = held.randomElement(using: &random) {
            let rows = try await pool.query(
                "select * from portolan.prove($1, $2, $3)", [mine.lane, mine.token, mine.job])
            if rows.isEmpty { ledger.fault("a lease in good standing was not proven") }
        }
        if let old = spent.randomElement(using: &random), !isStillLeased(old) {
            let rows = try await pool.query("select * from portolan.prove($1, $2, $3)", [old.lane, old.token, old.job])
            if !rows.isEmpty { ledger.fault("a lease that had ended was proven") }
        }
    }

    /// A lease goes on after a partial report; only the reported jobs are out of it.
    private func isStillLeased(_ old: Handed) -> Bool { held.contains { $0.token == old.token && $0.job == old.job } }

    // MARK: Finishing

    private mutating func finishSome() async throws {
        if held.isEmpty { return }
        if Int.random(in: 0..<4, using: &random) == 0 { return try await finishWithError() }
        let share = held.shuffled(using: &random).prefix(Int.random(in: 1...held.count, using: &random))
        try await finish(Array(share))
    }

    private mutating func finish(_ some: [Handed]) async throws {
        if some.isEmpty { return }
        var outcomes: [String] = []
        var delays: [Duration] = []
        for _ in some {
            outcomes.append(
                ["done", "done", "done", "done", "done", "retry", "snooze", "yield", "release", "failed"].randomElement(
                    using: &random)!)
            delays.append(.milliseconds(Int.random(in: 0...20, using: &random)))
        }
        let results = try await report(some, outcomes, delays)
        for (one, result) in zip(some, results) {
            if result == "stale" { ledger.fault("a report in good standing was stale") }
            ledger.ended(one.job, result)
        }
        retire(some)
    }

    private mutating func finishWithError() async throws {
        let one = held.randomElement(using: &random)!
        let rows = try await pool.query(
            "select portolan.finish_with($1, $2, $3, $4, interval '5 ms', $5, $6, $7, $8)",
            [
                one.lane, one.token, one.job, ["failed", "retry"].randomElement(using: &random)!,
                PostgresJSON(#"{"code": "x.y", "fault": "ours", "policy": "backoff", "message": "raced"}"#),
                one.family == "main" ? "orders" : "products", ["failing", nil].randomElement(using: &random)!,
                [nil, "active"].randomElement(using: &random)!,
            ])
        let result: String = try rows[0].decode(at: 0)
        if result == "stale" { ledger.fault("an error in good standing was stale") }
        ledger.ended(one.job, result)
        ledger.count("errors")
        retire([one])
    }

    private mutating func retire(_ some: [Handed]) {
        held.removeAll { one in some.contains { $0.token == one.token && $0.job == one.job } }
        spent.append(contentsOf: some)
        if spent.count > 100 { spent.removeFirst(spent.count - 100) }
    }

    private func report(_ some: [Handed], _ outcomes: [String], _ delays: [Duration]) async throws -> [String] {
        let rows = try await pool.query(
            """
            select result from portolan.finish($1, $2, $3, $4,
              (select array_agg(now() + d order by o) from unnest($5::interval[]) with ordinality u(d, o)))
            """, [some.map(\.lane), some.map(\.token), some.map(\.job), outcomes, delays])
        return try rows.map { try $0.decode(at: 0, as: String.self) }
    }

    private mutating func reportAgain() async throws {
        let old = spent.shuffled(using: &random).prefix(5)
        if old.isEmpty { return }
        let results = try await report(Array(old), old.map { _ in "done" }, old.map { _ in .zero })
        for result in results where result != "stale" { ledger.fault("a second report was taken: \(result)") }
        ledger.count("stale", results.count)
    }

    // MARK: Interfering

    /// Presumed dead: its leases are taken, and it goes on writing as if nothing were.
    private mutating func die() async throws {
        if held.isEmpty { return }
        try await pool.query("update portolan.workers set beat_at = '-infinity' where worker_id = $1", [worker])
        while try await pool.query("select count(*) from portolan.leases where worker_id = $1", [worker])[0]
            .decode(at: 0, as: Int64.self) > 0
        {
            try await pool.query("select portolan.reap()")
        }
        ledger.count("taken", held.count)
        retire(held)
        try await reportAgain()
        worker = UUID()
        try await register()
    }

    private mutating func cancel() async throws {
        let rows = try await pool.query(
            "select job_id from portolan.jobs where connection_id = $1 limit 5",
            [connections.randomElement(using: &random)!])
        guard let row = rows.randomElement(using: &random) else { return }
        let job: Int64 = try row.decode(at: 0)
        let answer: String = try await pool.query("select portolan.cancel($1)", [job])[0].decode(at: 0)
        if answer == "cancelled" { ledger.ended(job, answer) }
        ledger.count("cancels")
    }

    private mutating func pause() async throws {
        try await pool.query(
            """
            select portolan.pause_lane(lane_id, $1) from portolan.lanes where connection_id = $2 and family = $3
            """,
            [
                Int.random(in: 0..<4, using: &random) == 0, connections.randomElement(using: &random)!,
                ["main", "bulk"].randomElement(using: &random)!,
            ])
    }
}
