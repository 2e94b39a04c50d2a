import FoundationEssentials
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Jobs

/// Everything at once on one queue: the schema's claim that nothing is lost, doubled, or written by who may not.
@Suite("The race", .serialized)
struct RaceTests {
    @Test(
        "fourteen clients doing everything at once lose no job, double none, and never deadlock",
        .timeLimit(.minutes(3)))
    func race() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("race seed \(seed)")
        try await withPool(connectionsMax: 18) { pool in
            let connections = try await Self.addConnections(24, pool)
            let ledger = RaceLedger()
            let ends = ContinuousClock.now + .seconds(15)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await RaceChecker(pool: pool).run(until: ledger) }
                group.addTask {
                    await withTaskGroup(of: Void.self) { clients in
                        for number in 0..<14 {
                            clients.addTask {
                                var client = RaceClient(
                                    pool: pool, connections: connections, ledger: ledger, seed: seed &+ UInt64(number))
                                await client.run(operationsMax: 3000, until: ends)
                            }
                        }
                    }
                    ledger.update { $0.isOver = true }
                }
                try await group.waitForAll()
            }
            #expect(ledger.read { $0.faults } == [], "seed \(seed)")
            try await Self.drain(pool, ledger)
            try await Self.settle(pool, ledger, seed: seed)
        }
    }

    private static func addConnections(_ count: Int, _ pool: PostgresPool) async throws -> [Int64] {
        var ids: [Int64] = []
        for number in 0..<count {
            let rows = try await pool.query(
                """
                select portolan.add_connection('toy', $1, 'https://shop.example', '{}', array['orders', 'products'],
                  array['main', 'bulk'], array[interval '1 s', interval '1 s'])
                """, ["c\(number)"])
            ids.append(try rows[0].decode(at: 0))
        }
        return ids
    }

    /// Runs what is left, an hour later by the clock of the one session that is used.
    private static func drain(_ pool: PostgresPool, _ ledger: RaceLedger) async throws {
        let worker = UUID()
        try await pool.withConnection { connection in
            try await connection.query("select set_config('portolan.now', (now() + interval '1 hour')::text, false)")
            try await connection.query("update portolan.lanes set paused_at = null")
            while try await connection.query("select portolan.reap() as n")[0].decode("n", as: Int32.self) > 0 {}
            try await connection.query("select portolan.beat($1, 'drain', '1')", [worker])
            for _ in 0..<100_000 {
                let jobs = try await connection.query(
                    """
                    select lane_id, token, job_id from portolan.claim($1, array['toy', 'toy', 'toy', 'toy', 'toy'],
                      array['urgent', 'incremental', 'report', 'backfill', 'housekeeping'], 100, 20)
                    """, [worker])
                if jobs.isEmpty {
                    let left = try await connection.query("select count(*) from portolan.jobs")[0].decode(
                        at: 0, as: Int64.self)
                    if left == 0 { break }
                    try await connection.query(
                        "select set_config('portolan.now', (portolan.now() + interval '1 minute')::text, false)")
                    continue
                }
                let handed = try jobs.map { try $0.decode(Int64.self, UUID.self, Int64.self) }
                let results = try await connection.query(
                    "select result from portolan.finish($1, $2, $3, $4)",
                    [handed.map(\.0), handed.map(\.1), handed.map(\.2), handed.map { _ in "done" }])
                for (one, row) in zip(handed, results) { ledger.ended(one.2, try row.decode(at: 0)) }
            }
            try await connection.query("select set_config('portolan.now', '', false)")
        }
    }

    /// The books: what was enqueued against what history says, and what clients were told against both.
    private static func settle(_ pool: PostgresPool, _ ledger: RaceLedger, seed: UInt64) async throws {
        func count(_ sql: SQL) async throws -> Int64 { try await pool.query(sql)[0].decode(at: 0) }
        #expect(try await count("select count(*) from portolan.jobs") == 0, "jobs left; seed \(seed)")
        #expect(try await count("select count(*) from portolan.leases") == 0, "leases left; seed \(seed)")
        #expect(
            try await count("select count(*) from portolan.lanes where state <> 'idle'") == 0,
            "lanes left; seed \(seed)")
        #expect(
            try await count("select count(*) - count(distinct job_id) from portolan.job_history") == 0,
            "ended twice; seed \(seed)")
        #expect(
            try await count("select deadlocks from pg_stat_database where datname = current_database()") == 0,
            "deadlocks; seed \(seed)")
        var endings: [Int64: String] = [:]
        for row in try await pool.query("select job_id, outcome from portolan.job_history") {
            let (id, outcome) = try row.decode(Int64.self, String.self)
            endings[id] = outcome
        }
        let (enqueued, told) = ledger.read { ($0.enqueued, $0.endings) }
        #expect(enqueued.filter { endings[$0] == nil }.isEmpty, "lost; seed \(seed)")
        for (id, outcomes) in told {
            #expect(
                outcomes.count == 1 && outcomes[0] == endings[id],
                "job \(id): told \(outcomes), is \(endings[id] ?? "none"); seed \(seed)")
        }
        #expect(enqueued.count > 500 && told.count > 500, "the race was none: \(enqueued.count) enqueued; seed \(seed)")
        let counts = ledger.read { $0.counts }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print("race: \(enqueued.count) jobs; \(counts.joined(separator: ", "))")
    }
}

/// What the clients know together.
final class RaceLedger: Sendable {
    struct Books {
        var enqueued: Set<Int64> = []
        var endings: [Int64: [String]] = [:]
        var counts: [String: Int] = [:]
        var faults: [String] = []
        var isOver = false
    }

    private let books = Mutex(Books())

    func update(_ change: (inout Books) -> Void) {
        books.withLock { books in
            var copy = Books()
            swap(&copy, &books)
            change(&copy)
            swap(&copy, &books)
        }
    }

    func read<Value: Sendable>(_ value: (borrowing Books) -> Value) -> Value { books.withLock { value($0) } }

    func fault(_ text: String) { update { $0.faults.append(text) } }
    func count(_ what: String, _ number: Int = 1) { update { $0.counts[what, default: 0] += number } }

    func ended(_ job: Int64, _ result: String) {
        guard ["done", "failed", "cancelled", "poison"].contains(result) else { return }
        update { $0.endings[job, default: []].append(result) }
    }
}

/// Looks, as long as the race runs, for what must never be seen, each look at one snapshot.
struct RaceChecker {
    let pool: PostgresPool

    private static let violations: SQL = """
        select 'an idle lane has a job: ' || l.lane_id from portolan.lanes l where l.state = 'idle'
          and exists (select from portolan.jobs j where j.lane_id = l.lane_id)
        union all
        select 'lane ' || l.lane_id || ' is ' || l.state || ', its lease says otherwise' from portolan.lanes l
          left join portolan.leases le using (lane_id) where (l.state = 'leased') <> (le.lane_id is not null)
        union all
        select 'waiting twins in lane ' || j.lane_id || ' of ' || j.dedupe_key from portolan.jobs j
          left join portolan.leases le using (lane_id)
          where j.dedupe_key is not null and (le.lane_id is null or j.job_id <> all (le.job_ids))
          group by j.lane_id, j.dedupe_key having count(*) > 1
        union all
        select 'job ' || x || ' is leased and does not exist' from portolan.leases le cross join unnest(le.job_ids) x
          where not exists (select from portolan.jobs j where j.job_id = x)
        union all
        select 'job ' || j.job_id || ' is live and has ended' from portolan.jobs j join portolan.job_history h using (job_id)
        """

    func run(until ledger: RaceLedger) async throws {
        var looks = 0
        while !ledger.read({ $0.isOver }) {
            for row in try await pool.query(Self.violations) { ledger.fault(try row.decode(at: 0)) }
            looks += 1
            await Task.yield()
        }
        ledger.count("looks", looks)
    }
}
