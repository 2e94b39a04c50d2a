import Foundation
import Postgres
import TestKit
import Testing

@testable import Schema

/// A fleet in one session, whose clock stands where the test puts it. Everything in it is made by the functions that
/// programs call.
struct OpsLab {
    let pool: PostgresPool
    static let worker = "00000000-0000-0000-0000-00000000000a"

    static func with(_ body: (OpsLab) async throws -> Void) async throws {
        try await withDatabase(connectionsMax: 1) { pool, _ in
            let lab = OpsLab(pool: pool)
            try await lab.setTime("2030-01-01 00:00+00")
            try await body(lab)
        }
    }

    func setTime(_ text: String) async throws {
        try await pool.query("select set_config('portolan.now', $1, false)", [text])
    }

    /// Runs any statement; for those that answer one value: that.
    @discardableResult
    func run(_ sql: String) async throws -> PostgresRows { try await pool.query(SQL(unsafeText: sql)) }

    func texts(_ sql: String) async throws -> [String] {
        try await run(sql).map { try $0.decode(at: 0) }
    }

    func text(_ sql: String) async throws -> String {
        try #require(try await texts(sql).first, "\(sql)")
    }

    func number(_ sql: String) async throws -> Int64 {
        try #require(try await run("select (\(sql))::bigint").first).decode(at: 0)
    }

    /// A connection with streams, caught up at `synced` where that is given.
    @discardableResult
    func addConnection(
        _ name: String, platform: String = "toy", streams: [String] = ["orders"], synced: String? = nil
    ) async throws -> Int64 {
        let id: Int64 = try await run(
            """
            with c as (insert into portolan.connections (platform, name, base_url, state)
              values ('\(platform)', '\(name)', 'https://\(name).example', 'healthy') returning connection_id) select connection_id from c
            """)[0].decode(at: 0)
        for stream in streams {
            try await pool.query(
                """
                insert into portolan.streams (connection_id, resource, platform, interval, next_due_at, synced_through)
                values ($1, $2, $3, '5 min', portolan.now(), $4::text::timestamptz)
                """, [id, stream, platform, synced])
        }
        return id
    }

    func enqueue(
        _ connection: Int64, kind: String = "sync", band: String = "incremental", at: String? = nil, key: String? = nil,
        parent: Int64? = nil
    ) async throws -> Int64 {
        let arguments = kind == "probe" ? "{}" : #"{"resource": "orders"}"#
        return try await pool.query(
            """
            select portolan.enqueue($1, $2, $3::text::jsonb, $4, $5::text::timestamptz, $6, p_parent => $7)
            """, [connection, kind, arguments, band, at, key, parent])[0].decode(at: 0)
    }

    func beat(_ worker: String = OpsLab.worker) async throws {
        try await run("select portolan.beat('\(worker)', 'host-a', '1.0')")
    }

    struct Held {
        let lane: Int64
        let token: UUID
        let job: Int64
    }

    @discardableResult
    func claim(
        _ platform: String = "toy", bands: [String] = ["incremental"], lanes: Int = 1, jobs: Int = 1,
        kinds: [String]? = nil
    ) async throws -> [Held] {
        try await pool.query(
            """
            select lane_id, token, job_id from portolan.claim($1::text::uuid, array_fill($2::text, array[cardinality($3::text[])]), $3,
              $4, $5, p_kinds => $6)
            """, [Self.worker, platform, bands, Int32(lanes), Int32(jobs), kinds]
        ).map { row in
            let (lane, token, job) = try row.decode(Int64.self, UUID.self, Int64.self)
            return Held(lane: lane, token: token, job: job)
        }
    }

    @discardableResult
    func finish(_ held: Held, _ outcome: String, delay: String? = nil, detail: String? = nil) async throws -> String {
        let result: [String] = try await pool.query(
            """
            select portolan.finish_many(array[$1::bigint], array[$2::uuid], array[$3::bigint], array[$4::text],
              array[$5::text::interval], array[$6::text::jsonb])
            """, [held.lane, held.token, held.job, outcome, delay, detail])[0].decode(at: 0)
        return result[0]
    }

    func page(_ held: Held, records: Int = 10) async throws {
        let rows = try await pool.query(
            "select cancel from portolan.prove($1, $2, $3, $4)", [held.lane, held.token, held.job, Int32(records)])
        #expect(rows.count == 1)
    }

    struct Why: Equatable {
        let code: String
        let subject: String?
        let ahead: Int32?
        let sentence: String
        let remedy: String?
        let byJob: Int64?
    }

    func why(_ job: Int64) async throws -> Why {
        let row = try await pool.query(
            "select code, subject, ahead_count, sentence, remedy, by_job_id from ops.why_waiting($1)", [job])[0]
        return Why(
            code: try row.decode("code"), subject: try row.decode("subject"), ahead: try row.decode("ahead_count"),
            sentence: try row.decode("sentence"), remedy: try row.decode("remedy"), byJob: try row.decode("by_job_id"))
    }

    /// Every view of schema ops.
    func views() async throws -> [String] {
        try await texts("select viewname::text from pg_views where schemaname = 'ops' order by 1")
    }

    /// Some of everything that there can be.
    func fill() async throws {
        let shop = try await addConnection("shop", synced: "2029-12-31 23:58+00")
        let late = try await addConnection("late", platform: "tin", streams: ["orders", "items"])
        let down = try await addConnection("down", platform: "ore")
        try await beat()
        let failing = try await enqueue(late, key: "sync:orders")
        let held = try #require(try await claim("tin").first)
        #expect(held.job == failing)
        try await finish(
            held, "failed", detail: #"{"code": "platform.internal", "message": "it said 500", "fault": "platform"}"#)
        _ = try await enqueue(shop, band: "urgent")
        let done = try #require(try await claim(bands: ["urgent"]).first)
        try await setTime("2030-01-01 00:00:02+00")
        try await page(done, records: 40)
        try await finish(done, "done")
        for _ in 1...3 { _ = try await enqueue(shop) }
        try await claim(jobs: 2)
        _ = try await enqueue(late, at: "2030-01-01 01:00+00")
        _ = try await enqueue(down, band: "backfill")
        try await run(
            """
            select portolan.connection_event(\(down), 'auth', 'auth.credentials_invalid', 'the platform refused the password',
              portolan.record_errors(\(down), 'orders', null, null, array['{"code": "auth.credentials_invalid", "fault": "merchant",
                "policy": "needs_reauth", "message": "refused", "customer_code": "reconnect_2fa"}'::jsonb]))
            """)
        try await run("select portolan.fold_errors()")
        try await run("select portolan.pause('band', 'report', 'the target is full')")
        try await run("select portolan.close_gate('tin', 'it answers 503')")
        try await run("select portolan.schedule('nightly', \(shop), 'sync', '{\"resource\": \"orders\"}', '0 3 * * *')")
        try await run("select portolan.draw_quota('toy', 'app', 'daily', '00:00', 'UTC', null, 1000, 50)")
        try await run("select portolan.block_bucket('toy', 'connection:\(shop)', 'requests', '1 min')")
        try await run(
            "update portolan.connections set limits = '{\"requests\": {\"capacity\": 5}}' where name = 'late'")
        try await run("select portolan.refresh_stats(), portolan.fold_jobs()")
    }
}
