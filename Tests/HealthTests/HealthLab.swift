import Foundation
import Jobs
import Postgres
import TestKit

/// One connection with two streams in a database of its own, whose clock stands where the test puts it.
struct HealthLab {
    let pool: PostgresPool
    let queue: PostgresQueue
    let connection: Int64
    private let worker = UUID()

    static func with(_ body: (HealthLab) async throws -> Void) async throws {
        // One session: the clock is a setting of it.
        try await withDatabase(connectionsMax: 1) { pool, _ in
            try await pool.query("set portolan.now = '2030-01-01 00:00+00'")
            let id: Int64 = try await pool.query(
                """
                select portolan.add_connection('toy', 'shop', 'https://x.example', '{}', array['orders', 'items'],
                                               array['main', 'main'], array[interval '5 min', '5 min']) as id
                """)[0].decode("id")
            let lab = HealthLab(pool: pool, queue: PostgresQueue(pool: pool), connection: id)
            try await pool.query(
                "insert into portolan.lanes (connection_id, family, platform) values ($1, 'main', 'toy')", [id])
            _ = try await lab.queue.beat(worker: lab.worker, host: "here", version: "1", ttl: .seconds(1_000_000_000))
            try await body(lab)
        }
    }

    static func error(_ code: String, fault: String = "merchant", message: String = "no") -> PostgresJSON {
        PostgresJSON(#"{"code": "\#(code)", "fault": "\#(fault)", "policy": "fail", "message": "\#(message)"}"#)
    }

    func setTime(minutes: Int) async throws {
        try await pool.query(
            "select set_config('portolan.now', ('2030-01-01 00:00+00'::timestamptz + $1 * interval '1 min')::text, false)",
            [Int32(minutes)])
    }

    func setTime(_ time: String) async throws {
        try await pool.query("select set_config('portolan.now', $1, false)", [time])
    }

    func value<Value: PostgresDecodable>(
        _ statement: SQL, _ parameters: [any PostgresEncodable] = [], as type: Value.Type = Value.self
    ) async throws -> Value {
        try await pool.query(statement, parameters)[0].decode(at: 0)
    }

    func state() async throws -> String {
        try await value("select state from portolan.connections where name = 'shop'")
    }

    func event(_ event: String) async throws -> String {
        try await value("select portolan.connection_event($1, $2, 'x.y', 'a reason')", [connection, event])
    }

    func switched(_ event: String) async throws -> String {
        try await value("select portolan.switch_connection('shop', $1)", [event])
    }

    func openAlerts() async throws -> [String] {
        try await pool.query("select rule from portolan.alerts where resolved_at is null order by alert_id").map {
            try $0.decode(at: 0)
        }
    }

    func enqueueSyncs() async throws { _ = try await queue.enqueueDue(limit: 100) }

    func claim(lanes: Int = 1) async throws -> [LeasedJob] {
        var claim = Claim(
            worker: worker, wishes: Band.allCases.map { Claim.Wish(platform: "toy", band: $0) }, lanes: lanes,
            kinds: ["sync": 1, "probe": 1])
        claim.jobsPerLane = 1
        claim.leaseMax = .seconds(1_000_000_000)
        claim.stallMax = .seconds(1_000_000_000)
        return try await queue.claim(claim)
    }
}
