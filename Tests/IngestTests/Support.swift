import Crypto
import FoundationEssentials
import Jobs
import Platforms
import Postgres
import RawJSON
import TestKit
import Testing

@testable import Ingest

/// A platform that is only a name: pages are made by the tests.
struct NamedPlatform: Platform {
    let key = "toy"
    let name = "Toy"
    let apiVersion = "2030-01"
    let hosting = Hosting.selfHosted
    let authentication = Authentication(fields: [], placement: .bearer(field: "token"))
    let resources = [Resource("orders", freshnessTarget: .seconds(60))]
    let buckets: [Bucket] = []

    func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        preconditionFailure("pages are made by the tests")
    }
    func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        preconditionFailure("pages are made by the tests")
    }
    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        preconditionFailure("pages are made by the tests")
    }
}

/// A stream whose job is leased, and the store that its pages go to.
struct LeasedStream {
    let pool: PostgresPool
    let store: PageStore
    let job: LeasedJob

    static func with(connectionsMax: Int = 4, _ body: (LeasedStream) async throws -> Void) async throws {
        try await withDatabase(connectionsMax: connectionsMax) { pool, _ in
            try await body(try await lease(pool, connection: nil, family: "main"))
        }
    }

    /// Leases a job in a lane of the connection, which is made when there is none.
    static func lease(_ pool: PostgresPool, connection: Int64?, family: String) async throws -> LeasedStream {
        let queue = PostgresQueue(pool: pool)
        let id: Int64
        if let connection {
            id = connection
        } else {
            id = try await pool.query(
                """
                select portolan.add_connection('toy', 'a', 'https://shop.example', '{}', array['orders'],
                array['main'], array[interval '60 s'])
                """
            )[0]
            .decode(at: 0)
        }
        try await pool.query(
            "select portolan.enqueue($1, 'sync', '{\"resource\": \"orders\"}', p_family => $2)", [id, family])
        let worker = UUID()
        _ = try await queue.beat(worker: worker, host: "h", version: "1", ttl: .seconds(3600))
        let jobs = try await queue.claim(
            Claim(
                worker: worker, wishes: [.init(platform: "toy", band: .incremental)], lanes: 1, kinds: ["sync": 1]))
        return LeasedStream(pool: pool, store: PageStore(pool: pool), job: try #require(jobs.first))
    }

    @discardableResult
    func commit(
        _ records: [Record] = [], deletions: [Deletion] = [], cursor: String = #"{"n": 1}"#, isCaughtUp: Bool = false,
        syncedThrough: Date? = nil, degradation: UnifiedError? = nil
    ) async throws -> PageAnswer {
        let page = Page(
            records: records, deletions: deletions, cursor: Cursor(json: cursor), isCaughtUp: isCaughtUp,
            syncedThrough: syncedThrough, degradation: degradation)
        return try await store.commit(page, of: job, stream: "orders", platform: NamedPlatform())
    }

    /// One value of one row.
    func value<Value: PostgresDecodable>(
        _ sql: SQL, _ parameters: [any PostgresEncodable] = [], as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql, parameters).first).decode(at: 0)
    }

    func payload(_ id: String) async throws -> String? {
        try await pool.query("select payload::text from portolan.raw_records where external_id = $1", [id]).first?
            .decode(at: 0)
    }

    func flags(_ id: String) async throws -> [String] {
        try await value("select coalesce(array_agg(code), '{}') from portolan.errors where external_id = $1", [id])
    }
}

/// Seconds after 2030-01-01 00:00 UTC.
func time(_ seconds: Double) -> Date { Date(timeIntervalSince1970: 1_893_456_000 + seconds) }

func record(
    _ id: String, _ json: String = "{}", updated: Double? = 0, fetched: Double = 100, resource: String = "orders"
) -> Record {
    record(id, Array(json.utf8), updated: updated, fetched: fetched, resource: resource)
}

func record(_ id: String, _ bytes: [UInt8], updated: Double? = 0, fetched: Double = 100, resource: String = "orders")
    -> Record
{
    Record(
        resource: resource, id: id, updatedAt: updated.map(time), createdAt: time(-100),
        payload: ByteSlice(copying: bytes),
        fetchedAt: time(fetched))
}

extension PageAnswer {
    /// The counts, in the order new, changed, unchanged, stale, deleted.
    var counts: [Int] { [inserted, changed, unchanged, stale, deleted] }
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
