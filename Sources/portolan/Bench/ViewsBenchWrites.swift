internal import Foundation
internal import Postgres

/// What a page of changed records costs to store: alone, with its changes noted for the copies, and with the copies
/// written in the same transaction; and what the keeper needs afterwards.
struct ViewsBenchWrites {
    let pool: PostgresPool

    private static let pages = 60
    private static let pageSize = 100
    private static let rounds = 3

    /// Each way of writing in turn, several times, of which the best counts: other work on the machine comes and goes.
    func measure() async throws -> [BenchReport.Figure] {
        let triggers = try await pool.query(
            """
            select pg_get_triggerdef(oid) from pg_trigger
            where tgrelid = 'portolan.raw_records'::regclass and tgname like 'copies%'
            """
        ).map { try $0.decode(at: 0, as: String.self) }
        var best = (plain: Double.infinity, noted: Double.infinity, kept: Double.infinity, byPage: Double.infinity)
        for round in 0..<Self.rounds {
            try await drop()
            best.plain = min(best.plain, try await run("before \(round)", after: nil))
            for trigger in triggers { try await pool.query(SQL(unsafeText: trigger)) }
            best.noted = min(best.noted, try await run("noted \(round)", after: nil))
            let start = ContinuousClock.now
            var isMore = true
            while isMore {
                isMore = try await pool.query("select has_more from portolan.keep_copies()")[0].decode(at: 0)
            }
            best.kept = min(best.kept, start.duration(to: .now).seconds * 1e6 / Double(Self.pages * Self.pageSize))
            let byPage = try await run("by page \(round)", after: "select portolan.keep_connection($1)")
            best.byPage = min(best.byPage, byPage)
            try await drop()
            best.plain = min(best.plain, try await run("after \(round)", after: nil))
            for trigger in triggers { try await pool.query(SQL(unsafeText: trigger)) }
        }
        return [
            .init("copy_write_overhead", best.noted, "us/record", floor: best.plain, aim: "1.1"),
            .init("copy_write_by_page", best.byPage, "us/record", floor: best.plain),
            .init("copy_keep_afterwards", best.kept, "us/record", floor: best.plain),
        ]
    }

    /// Nothing is noted any more.
    private func drop() async throws {
        for name in ["insert", "update", "delete", "truncate"] {
            try await pool.query(SQL(unsafeText: "drop trigger copies_\(name) on portolan.raw_records"))
        }
    }

    /// Microseconds a record.
    ///
    /// - Parameter keep: run in the page's transaction, with the connection as its parameter.
    private func run(_ word: String, after keep: SQL?) async throws -> Double {
        try await pool.withConnection { connection in
            _ = try await connection.query("drop table if exists bench.pages")
            // The largest connections in turn, as if each had a worker.
            _ = try await connection.query(
                """
                create table bench.pages as
                select r.page, r.connection_id, r.resource, r.platform, array_agg(r.external_id order by r.external_id) as ids,
                       array_agg((r.payload || jsonb_build_object('bench', $1::text))::text order by r.external_id) as payloads
                from (
                  select r.*, row_number() over (partition by r.connection_id order by r.external_id) / 100 * 12
                              + dense_rank() over (order by r.connection_id) as page
                  from portolan.raw_records r
                  where r.connection_id in (
                    select c.connection_id from bench.connections c order by c.rows desc, 1 limit 12)) r
                group by 1, 2, 3, 4 having count(*) = $2
                """, [word, Int32(Self.pageSize)])
            let pages = try await connection.query(
                "select page, connection_id from bench.pages order by page limit $1", [Int32(Self.pages)]
            ).map { try $0.decode(Int64.self, Int64.self) }
            _ = try await connection.query("checkpoint")
            let start = ContinuousClock.now
            for (page, connectionID) in pages {
                if keep != nil { _ = try await connection.query("begin") }
                _ = try await connection.query(Self.upsert, [page])
                if let keep {
                    _ = try await connection.query(keep, [connectionID])
                    _ = try await connection.query("commit")
                }
            }
            return start.duration(to: .now).seconds * 1e6 / Double(max(1, pages.count) * Self.pageSize)
        }
    }

    /// As a page is committed, without the proof of the lease.
    private static let upsert: SQL = """
        insert into portolan.raw_records as t
          (connection_id, resource, external_id, platform, payload, payload_hash, changed_at, fetched_at)
        select p.connection_id, p.resource, u.id, p.platform, u.payload::jsonb, sha256(convert_to(u.payload, 'UTF8')), now(), now()
        from bench.pages p cross join lateral unnest(p.ids, p.payloads) u(id, payload) where p.page = $1
        on conflict (connection_id, resource, external_id) do update set payload = excluded.payload,
          payload_hash = excluded.payload_hash, changed_at = excluded.changed_at, fetched_at = excluded.fetched_at
        """
}
