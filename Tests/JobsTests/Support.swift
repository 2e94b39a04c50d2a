import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import Jobs

/// A queue on a database of its own, on one connection whose clock the test sets.
struct TestQueue {
    let pool: PostgresPool
    let configuration: PostgresConfiguration
    let queue: Queue
    /// Beats once at the start and is then as alive as the clock lets it be.
    let worker = UUID()

    /// Runs `body` at 2030-01-01 00:00 of the database's clock.
    static func with(_ body: (TestQueue) async throws -> Void) async throws {
        try await withDatabase(connectionsMax: 1) { pool, configuration in
            let test = TestQueue(pool: pool, configuration: configuration, queue: Queue(pool: pool))
            try await test.setTime(seconds: 0)
            _ = try await test.queue.beat(
                worker: test.worker, host: "here", version: "1", ttl: .seconds(3600 * 24 * 365))
            try await body(test)
        }
    }

    /// Sets the clock to so many seconds after 2030-01-01 00:00 UTC.
    func setTime(seconds: Double) async throws {
        try await pool.query(
            """
            select set_config('portolan.now', (timestamptz '2030-01-01 00:00+00' + make_interval(secs =>
            $1))::text, false)
            """,
            [seconds])
    }

    @discardableResult
    func addConnection(_ name: String, platform: String = "toy") async throws -> Int64 {
        try await value(
            """
            select portolan.add_connection($1, $2, 'https://shop.example', '{}', array['orders', 'products'],
              array['main', 'bulk'], array[interval '60 s', interval '60 s'])
            """, [platform, name])
    }

    /// - Parameter delay: seconds from the test's now; nil is at once.
    @discardableResult
    func enqueue(
        _ connection: Int64, kind: String = "sync", band: Band = .incremental, delay: Double? = nil, key: String? = nil,
        family: String? = nil, attemptsMax: Int32? = nil
    ) async throws -> Int64 {
        try await value(
            """
            select portolan.enqueue($1, $2, '{"resource": "orders"}', $3, portolan.now() + make_interval(secs => $4), $5, $6, $7)
            """, [connection, kind, band.rawValue, delay, key, family, attemptsMax])
    }

    func claim(
        lanes: Int = 10, bands: [Band] = Band.allCases, worker: UUID? = nil, leaseMax: Duration = .seconds(900)
    ) async throws -> [LeasedJob] {
        try await queue.claim(
            worker: worker ?? self.worker, wishes: bands.map { ("toy", $0) }, lanes: lanes, leaseMax: leaseMax)
    }

    /// Claims exactly one job.
    func claimOne(worker: UUID? = nil) async throws -> LeasedJob {
        let jobs = try await claim(lanes: 1, worker: worker)
        return try #require(jobs.first, "nothing to claim")
    }

    func finish(_ job: LeasedJob, _ outcome: Outcome) async throws -> String {
        try #require(try await queue.finish([(job, outcome)]).first)
    }

    /// One value of one row.
    func value<Value: PostgresDecodable>(
        _ sql: SQL, _ parameters: [any PostgresEncodable] = [], as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql, parameters).first).decode(at: 0)
    }

    func count(_ sql: SQL, _ parameters: [any PostgresEncodable] = []) async throws -> Int64 {
        try await value(sql, parameters)
    }

    /// One column of the waiting or running job.
    func job<Value: PostgresDecodable>(_ id: Int64, _ column: String, as type: Value.Type = Value.self) async throws
        -> Value
    {
        try await value(SQL(unsafeText: "select \(column) from portolan.jobs where job_id = $1"), [id])
    }

    func isLive(_ id: Int64) async throws -> Bool {
        try await value("select exists (select from portolan.jobs where job_id = $1)", [id])
    }

    /// How the job ended; nil while it has not.
    func ending(of id: Int64) async throws -> String? {
        try await pool.query("select outcome from portolan.job_history where job_id = $1", [id]).first?.decode(at: 0)
    }

    func stateNow(_ id: Int64) async throws -> String {
        try await value("select state from portolan.jobs_now where job_id = $1", [id])
    }

    /// What a committed page proves; nil when the lease is lost.
    func prove(_ job: LeasedJob, records: Int32 = 0, checkpoint: String? = nil) async throws -> Proof? {
        let rows = try await pool.query(
            "select cancel, paused, draining, yield_wanted from portolan.prove($1, $2, $3, $4, $5)",
            [job.lease.laneID, job.lease.token, job.jobID, records, checkpoint.map { PostgresJSON($0) }])
        guard let row = rows.first else { return nil }
        let (cancel, paused, draining, yieldWanted) = try row.decode(Bool.self, Bool.self, Bool.self, Bool.self)
        return Proof(isCancelled: cancel, isPaused: paused, isDraining: draining, isYieldWanted: yieldWanted)
    }

    struct Proof: Equatable {
        var isCancelled = false
        var isPaused = false
        var isDraining = false
        var isYieldWanted = false
    }
}

/// Random numbers that a seed repeats (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Runs `body` with a pool on a fresh database.
func withPool(
    isMigrated: Bool = true, connectionsMax: Int = 8, _ body: (PostgresPool) async throws -> Void
) async throws {
    try await withDatabase(isMigrated: isMigrated, connectionsMax: connectionsMax) { pool, _ in try await body(pool) }
}
