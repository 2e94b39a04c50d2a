import Foundation
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("What a page of schema ops costs", .serialized)
struct OpsPlanTests {
    /// A million ended jobs over thirty days, a thousand connections, two thousand live jobs.
    private static let ground: [SQL] = [
        """
        insert into portolan.connections (platform, name, base_url, state)
        select (array['toy', 'tin'])[1 + i % 2], 'shop-' || i, 'https://shop.example', 'healthy' from generate_series(1, 1000) i
        """,
        """
        insert into portolan.streams (connection_id, resource, platform, interval, synced_through)
        select c.connection_id, r, c.platform, '5 min', now() from portolan.connections c, unnest(array['orders', 'items']) r
        """,
        """
        do $$ declare d date; begin
          for d in select generate_series((now() at time zone 'UTC')::date - 31, (now() at time zone 'UTC')::date - 1, '1 day') loop
            execute format('create table portolan.job_history_%s partition of portolan.job_history for values from (%L) to (%L)',
              to_char(d, 'YYYYMMDD'), d::timestamp at time zone 'UTC', (d + 1)::timestamp at time zone 'UTC');
          end loop;
        end $$
        """,
        """
        select portolan.enqueue_many(array_agg(c.connection_id), array_agg('sync'::text),
        array_agg('{\"resource\": \"orders\"}'::jsonb)) from portolan.connections c, generate_series(1, 2)
        """,
    ]

    private static let live: [SQL] = [
        "select setval('portolan.jobs_job_id_seq', 2000000)",
        "select portolan.beat('00000000-0000-0000-0000-00000000000a', 'host-a', '1')",
        "select count(*) from portolan.claim('00000000-0000-0000-0000-00000000000a', array['toy', 'tin'], array['incremental', 'incremental'], 64)",
        """
        insert into portolan.job_minutes select date_trunc('minute', now()) - m * interval '1 min', p, k, 9, 1,
        0, 0, 0, 10, 30, 99, array_fill(1, array[24]), array_fill(1, array[20]) from generate_series(0, 11519)
        m, unnest(array['toy', 'tin']) p, unnest(array['sync', 'report']) k
        """,
        "select portolan.refresh_stats()", "vacuum analyze portolan.job_history", "analyze",
    ]

    /// Jobs from one number to another.
    private static let ended: SQL = """
        insert into portolan.job_history (job_id, connection_id, lane_id, created_at, started_at, finished_at, attempt, snoozes,
          rescues, outcome, pages_count, records_count, band, kind, args, error, runs)
        select i, l.connection_id, l.lane_id, t.at - interval '3 s', t.at - interval '2 s', t.at, 1, 0, 0,
          case when i % 5000 = 7 then 'failed' else 'done' end, 3, 250, 'incremental',
          case when i % 40000 = 11 then 'probe' else 'sync' end, '{}',
          case when i % 5000 = 7 then '{"code": "platform.internal"}'::jsonb end, 1
        from generate_series($1::bigint, $2::bigint) i
        cross join lateral (select now() - (1000000 - i) * interval '2.592 s' as at) t
        join (select lane_id, connection_id, row_number() over (order by lane_id) as n from portolan.lanes) l
          on l.n = 1 + (i * 7919) % 1000
        """

    @Test(
        "a page touches a bounded number of blocks, whatever the history: nothing is counted and nothing is scanned",
        .timeLimit(.minutes(5)))
    func blocks() async throws {
        try await withDatabase(connectionsMax: 1) { pool, _ in
            for sql in Self.ground { try await pool.query(sql) }
            for part in 0..<20 {
                try await pool.query(Self.ended, [Int64(part) * 50_000 + 1, Int64(part + 1) * 50_000])
            }
            for sql in Self.live { try await pool.query(sql) }
            let size: Int64 = try await pool.query(
                "select (sum(total_bytes) / 8192)::bigint from ops.storage where table_name = 'job_history'")[0].decode(
                    at: 0)
            #expect(size > 20_000, "blocks of history")
            let shop: Int64 = try await pool.query(
                "select connection_id from portolan.connections where name = 'shop-77'")[0].decode(at: 0)
            let newest = "order by job_id desc limit 50"
            let pages: [(sql: String, most: Int64)] = [
                ("select * from ops.jobs \(newest)", 2000), ("select * from ops.jobs where ended \(newest)", 1000),
                ("select * from ops.jobs where job_id < 500000 \(newest)", 1000),
                ("select * from ops.jobs where job_id = 500000", 500),
                ("select * from ops.jobs where connection_id = \(shop) \(newest)", 2000),
                (
                    "select * from ops.jobs where connection_id = \(shop) and ended and finished_at > now() - interval '2 days' \(newest)",
                    1000
                ),
                ("select * from ops.jobs where state = 'failed' \(newest)", 2000),
                ("select * from ops.jobs where ended and state in ('failed', 'poison') \(newest)", 2000),
                ("select * from ops.jobs where ended and state = 'poison' \(newest)", 1000),
                ("select * from ops.jobs where state = 'running' \(newest)", 2000),
                ("select * from ops.jobs where kind = 'probe' \(newest)", 2000),
                ("select * from ops.jobs where kind = 'sync' \(newest)", 2000),
                (
                    "select * from ops.jobs where finished_at >= now() - interval '10 days 5 min' and finished_at < now() - interval '10 days'",
                    2000
                ),
                ("select * from ops.jobs where finished_at >= now() - interval '5 min' \(newest)", 2000),
                ("select * from ops.waiting order by job_id limit 50", 20000),
                ("select * from ops.why_waiting((select max(job_id) from portolan.jobs))", 2000),
                ("select * from ops.lanes limit 50", 2000), ("select * from ops.backlog", 500),
                ("select * from ops.workers limit 50", 500),
                ("select * from ops.connections order by connection limit 50", 3000),
                ("select * from ops.freshness limit 50", 1000),
                ("select * from ops.error_clusters order by last_seen_at desc limit 50", 1000),
                ("select * from ops.limits limit 50", 1000), ("select * from ops.schedules limit 50", 500),
                ("select * from ops.storage order by total_bytes desc limit 50", 3000),
                ("select * from ops.throughput where minute > now() - interval '1 hour'", 500),
                ("select * from ops.throughput order by minute desc limit 50", 500),
                ("select * from ops.latency", 3000),
            ]
            for page in pages {
                let touched = try await Self.blocks(page.sql, pool)
                #expect(touched <= page.most, "\(page.sql): \(touched) blocks")
            }
        }
    }

    private static func blocks(_ sql: String, _ pool: PostgresPool) async throws -> Int64 {
        let text: String = try await pool.query(
            SQL(unsafeText: "explain (analyze, buffers, timing off, format json) \(sql)"))[0].decode(
                at: 0, as: PostgresJSON.self
            ).text
        let plans = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        let plan = try #require(plans?.first?["Plan"] as? [String: Any])
        return ["Shared Hit Blocks", "Shared Read Blocks"].reduce(0) { $0 + ((plan[$1] as? NSNumber)?.int64Value ?? 0) }
    }
}
