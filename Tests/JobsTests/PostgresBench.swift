import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import Jobs

/// The queue in a database of its own, on one connection whose clock is set.
struct PostgresBench: QueueLab.Bench {
    let pool: PostgresPool

    var queue: any Queue { PostgresQueue(pool: pool) }

    static func with(_ body: (PostgresBench) async throws -> Void) async throws {
        try await withDatabase(connectionsMax: 1) { pool, _ in
            for (kind, rule) in QueueLab.kinds {
                for (version, fields) in rule.versions { try await define(kind, version, fields, rule, pool) }
            }
            try await body(PostgresBench(pool: pool))
        }
    }

    private static func define(
        _ kind: String, _ version: Int, _ fields: [String: JobKindRule.Field], _ rule: JobKindRule, _ pool: PostgresPool
    ) async throws {
        let types = try JSONEncoder().encode(fields.mapValues(\.type.rawValue))
        try await pool.query(
            "select portolan.define_kind($1, $2, $3, $4, $5)",
            [
                kind, PostgresJSON(String(decoding: types, as: UTF8.self)),
                fields.filter(\.value.isRequired).map(\.key), Int32(version), Int32(rule.attemptsMax),
            ])
    }

    func setTime(_ time: Date) async throws {
        try await pool.query(
            "select set_config('portolan.now', to_timestamp($1)::text, false)", [time.timeIntervalSince1970])
    }

    func addConnection(platform: String) async throws -> Int64 {
        try await pool.query(
            """
            select portolan.add_connection($1, gen_random_uuid()::text, 'https://shop.example', '{}', array['orders'],
              array['main'], array[interval '60 s'])
            """, [platform])[0].decode(at: 0)
    }

    func clear() async throws {
        try await pool.query(
            """
            truncate portolan.jobs, portolan.lanes, portolan.leases, portolan.job_history, portolan.job_events,
              portolan.pauses, portolan.gates, portolan.workers
            """)
    }
}
