import Foundation
import Platforms
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("Owners and rights", .serialized)
struct GrantTests {
    private func texts(_ pool: PostgresPool, _ sql: SQL) async throws -> [String] {
        try await pool.query(sql).map { try $0.decode(at: 0) }
    }

    @Test("every function of schema portolan has its place in function_rights, or is called by others of ours only")
    func everyFunction() async throws {
        // What is called by nobody but the functions themselves. A new function goes here or into zz_grants.sql.
        let inner: Set<String> = [
            "apply_grants", "begin_part", "close_gates", "connection_event", "copy_columns", "copy_rows", "drop_days",
            "end_alert", "end_chunk", "end_parents", "error_fingerprint", "error_rule_problem", "error_title",
            "filter_problem", "fold_errors", "fold_jobs", "fold_minutes",
            "function_rights", "given_rights", "health_event_due", "hold_copies", "hold_permits",
            "is_better_head", "is_text_list", "jitter", "job_problem", "keep_connection", "lane_head", "make_copy",
            "make_days", "next_cadence", "note_copy_changes", "note_coverage", "note_progress", "note_sources",
            "note_sweep", "plan_backfill", "probe_pause", "quota_period", "raise_alert", "refresh_pace",
            "refresh_pause", "refresh_stats", "schedule_named", "seed_copies", "store_records", "stream_named",
            "table_rights", "wanted_rights",
        ]
        try await withPool { pool in
            let all = Set(
                try await texts(
                    pool, "select distinct proname::text from pg_proc where pronamespace = 'portolan'::regnamespace"))
            let placed = Set(try await texts(pool, "select name from portolan.function_rights()"))
            #expect(all.subtracting(placed).subtracting(inner).sorted() == [], "neither granted nor inner")
        }
    }

    @Test(
        "portolan_migrator owns all of it, and everybody has no right but to the clock, the bands and the views' helpers"
    )
    func owners() async throws {
        try await withPool { pool in
            let others = try await texts(
                pool,
                """
                select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('portolan', 'unified', 'shopify', 'stripe') and c.relkind in ('r', 'p', 'v') and c.relowner <> 'portolan_migrator'::regrole
                union all
                select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                where n.nspname in ('portolan', 'unified', 'shopify', 'stripe') and p.proowner <> 'portolan_migrator'::regrole
                """)
            #expect(others == [])
            let open = try await texts(
                pool,
                """
                select p.proname::text from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                where p.pronamespace = 'portolan'::regnamespace and a.grantee = 0 order by 1
                """)
            #expect(open == ["band_rank", "now"])
        }
    }

    @Test("no role reads a column that holds secrets or payloads, whichever table has one")
    func columns() async throws {
        try await withPool { pool in
            try await pool.query(
                "create table portolan.keepsakes (connection_id bigint, sealed text, sealed_access bytea, note text, payload jsonb)"
            )
            try await pool.query("create table portolan.plain (note text)")
            let changes: Int32 = try await pool.query("select portolan.apply_grants()")[0].decode(at: 0)
            #expect(changes > 0)
            let readable = try await texts(
                pool,
                """
                select r || ' ' || c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
                cross join unnest(array['portolan_worker', 'portolan_console', 'portolan_operator']) r
                where c.relnamespace = 'portolan'::regnamespace and c.relkind in ('r', 'p', 'v') and has_column_privilege(r, c.oid, a.attnum, 'SELECT')
                  and (a.attname like '%sealed%' or a.attname = 'payload' or a.atttypid = 'bytea'::regtype and a.attname !~ '(hash|fingerprint)$') order by 1
                """)
            #expect(
                readable == [
                    "portolan_worker connection_credentials.sealed", "portolan_worker connection_tokens.sealed",
                ])
            let notes = try await texts(
                pool,
                """
                select c.relname::text from pg_class c where c.relname in ('keepsakes', 'plain')
                  and has_column_privilege('portolan_console', c.oid, 'note', 'SELECT') order by 1
                """)
            #expect(notes == ["keepsakes", "plain"])
        }
    }

    @Test("what is right is left alone; what somebody changed, and what was made anew, is put right")
    func repair() async throws {
        try await withPool { pool in
            func apply() async throws -> Int32 {
                try await pool.query("select portolan.apply_grants()")[0].decode(at: 0)
            }
            func rights() async throws -> [String] {
                try await texts(
                    pool,
                    "select class || ' ' || target || ' ' || coalesce(columns::text, '') || grantee || ' ' || privilege from portolan.wanted_rights('{unified,shopify,stripe}') order by 1"
                )
            }
            // A database made from a template has not its rights to make schemas; the rest is as it was.
            #expect(try await apply() <= 1)
            #expect(try await apply() == 0)
            try await pool.query("grant select on portolan.connection_credentials to portolan_console")
            try await pool.query("grant all on portolan.raw_records to public")
            try await pool.query("revoke select on unified.commerce_orders from portolan_console")
            try await pool.query("grant execute on function portolan.maintain() to public")
            try await pool.query("alter function portolan.claim_lanes security invoker")
            try await pool.query("create role test_bystander")
            try await pool.query("grant select on portolan.jobs to test_bystander")
            #expect(try await apply() > 0)
            #expect(try await apply() == 0)
            let bad: Bool = try await pool.query(
                """
                select has_table_privilege('portolan_console', 'portolan.connection_credentials', 'SELECT')
                  or has_column_privilege('portolan_console', 'portolan.connection_credentials', 'sealed', 'SELECT')
                  or has_table_privilege('portolan_console', 'portolan.raw_records', 'DELETE')
                  or has_function_privilege('portolan_console', 'portolan.maintain()', 'EXECUTE')
                  or not has_table_privilege('portolan_console', 'unified.commerce_orders', 'SELECT')
                  or not has_column_privilege('portolan_console', 'portolan.connection_credentials', 'key_id', 'SELECT')
                  or not (select bool_and(prosecdef) from pg_proc where proname = 'claim_lanes')
                """)[0].decode(at: 0)
            #expect(!bad)
            // Rights of other roles are their owner's business.
            let kept: Bool = try await pool.query(
                "select has_table_privilege('test_bystander', 'portolan.jobs', 'SELECT')")[0]
                .decode(at: 0)
            #expect(kept)
            try await pool.query("drop owned by test_bystander")
            try await pool.query("drop role test_bystander")
            let before = try await rights()
            // Views made afresh have their rights when the transaction that made them ends.
            try await pool.query("drop view unified.commerce_orders")
            try await pool.query("update portolan.applied_views set checksum = ''")
            let report = try await Migrator(pool: pool, logger: TestPostgres.logger).migrate()
            #expect(report.functionsChanged && report.viewsChanged && report.grantsChanged == 0)
            #expect(try await rights() == before)
            let again: Bool = try await pool.query(
                "select has_table_privilege('portolan_console', 'unified.commerce_orders', 'SELECT')")[0].decode(at: 0)
            #expect(again)
        }
    }

    @Test(
        "a user that may make no roles migrates all the same and owns what it made; with the roles there, it is granted"
    )
    func ordinaryUser() async throws {
        try await withPool(isMigrated: false) { pool in
            let login = "test_plain_owner"
            try await pool.query(SQL(unsafeText: "create role \(login) login"))
            let database: String = try await pool.query("select current_database()::text")[0].decode(at: 0)
            try await pool.query(SQL(unsafeText: "alter database \(database) owner to \(login)"))
            let plain = PostgresPool(
                try PostgresConfiguration(url: try await TestLogin.url(login, to: pool, isMember: false)),
                limits: .init(),
                logger: TestPostgres.logger)
            let first = try await Migrator(pool: plain, logger: TestPostgres.logger).migrate()
            // Other tests have made the roles in this server.
            #expect(first.missingRoles.isEmpty && first.applied.contains("0009_roles"))
            let owner: String = try await pool.query(
                "select relowner::regrole::text from pg_class where relname = 'raw_records'")[0]
                .decode(at: 0)
            #expect(owner == login)
            let reads: Bool = try await pool.query(
                "select has_table_privilege('portolan_console', 'unified.commerce_orders', 'SELECT')")[0].decode(at: 0)
            #expect(reads)
            // Once it is a member, all of it is handed over, and it migrates as before.
            try await pool.query(SQL(unsafeText: "grant portolan_migrator to \(login)"))
            let second = try await Migrator(pool: plain, logger: TestPostgres.logger).migrate()
            #expect(second.grantsChanged > 0)
            let migrator: String = try await pool.query(
                "select relowner::regrole::text from pg_class where relname = 'raw_records'")[
                    0
                ].decode(at: 0)
            #expect(migrator == "portolan_migrator")
            try await plain.query("update portolan.applied_views set checksum = ''")
            try await plain.query("drop view unified.commerce_orders")
            let third = try await Migrator(pool: plain, logger: TestPostgres.logger).migrate()
            #expect(third.functionsChanged && third.viewsChanged && third.grantsChanged == 0)
            await plain.shutdown(within: .seconds(2))
            try await pool.query(SQL(unsafeText: "reassign owned by \(login) to current_user"))
            try await pool.query(SQL(unsafeText: "drop owned by \(login)"))
            try await pool.query(SQL(unsafeText: "drop role \(login)"))
        }
    }
}
