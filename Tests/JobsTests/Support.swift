import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import Jobs

/// The queue in a database, for what only the database shows.
struct TestQueue {
    let pool: PostgresPool
    let lab: QueueLab

    var queue: PostgresQueue { PostgresQueue(pool: pool) }
    var worker: UUID { lab.worker }

    /// Runs `body` at 2030-01-01 00:00 of the database's clock, on one connection.
    static func with(_ body: (TestQueue) async throws -> Void) async throws {
        try await PostgresBench.with { bench in
            try await QueueLab.open(bench) { lab in try await body(TestQueue(pool: bench.pool, lab: lab)) }
        }
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
