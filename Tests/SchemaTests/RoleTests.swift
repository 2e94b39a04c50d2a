import Foundation
import Platforms
import Postgres
import TestKit
import Testing

@testable import Schema

/// A database with a login of each role.
private struct RoleLab {
    let owner: PostgresPool
    let worker: PostgresPool
    let console: PostgresPool
    let oper: PostgresPool

    static func with(_ body: (RoleLab) async throws -> Void) async throws {
        try await withDatabase { owner, _ in
            let lab = RoleLab(
                owner: owner, worker: try await TestLogin.pool("portolan_worker", to: owner),
                console: try await TestLogin.pool("portolan_console", to: owner),
                oper: try await TestLogin.pool("portolan_operator", to: owner))
            try await owner.query(
                "insert into portolan.connections (platform, name, base_url) values ('stripe', 'shop', 'https://api.example')"
            )
            try await owner.query(
                """
                insert into portolan.streams (connection_id, resource, platform, interval, next_due_at)
                select connection_id, 'charges', platform, '1 minute', now() from portolan.connections
                """)
            try await owner.query(
                """
                insert into portolan.connection_credentials (connection_id, key_id, sealed)
                select connection_id, 'k1', '\\x01' from portolan.connections
                """)
            do {
                try await body(lab)
                await lab.shutdown()
            } catch {
                await lab.shutdown()
                throw error
            }
        }
    }

    private func shutdown() async {
        for pool in [worker, console, oper] { await pool.shutdown(within: .seconds(2)) }
    }
}

@Suite("The database's roles", .serialized)
struct RoleTests {
    private static let denied = "42501"

    private func isDenied(_ pool: PostgresPool, _ sql: String) async throws -> Bool {
        do throws(PostgresError) {
            _ = try await pool.query(SQL(unsafeText: sql))
            return false
        } catch {
            if error.sqlState == Self.denied { return true }
            Issue.record("\(sql): \(error)")
            return false
        }
    }

    @Test("a worker runs a job from tick to page to end through the functions alone, and maintains")
    func worker() async throws {
        try await RoleLab.with { lab in
            let pool = lab.worker
            let worker = "'00000000-0000-0000-0000-000000000001'::uuid"
            try await pool.query(SQL(unsafeText: "select portolan.beat(\(worker), 'h', '1')"))
            let made: Int32 = try await pool.query("select enqueued from portolan.enqueue_due()")[0].decode(at: 0)
            #expect(made == 1)
            let claimed = try await pool.query(
                SQL(
                    unsafeText: """
                        select lane_id, token, job_id, connection_id
                        from portolan.claim(\(worker), array['stripe'], array['incremental'], 1)
                        """))
            let (lane, token, job, connection) = try #require(claimed.first).decode(
                Int64.self, UUID.self, Int64.self, Int64.self)
            let opened = try await pool.query(
                "select key_id, sealed from portolan.open_slice($1, $2, $3, 'charges')", [lane, token, job])[0]
            #expect(try opened.decode(String.self, [UInt8].self) == ("k1", [UInt8(1)]))
            let page = try await pool.query(
                """
                select held, inserted from portolan.commit_page($1, $2, $3, $4, 'charges', 'stripe', '1', array['charges'],
                  array['ch_1'], array[now()], array[now()], array[now()], array['\\x00'::bytea], array['{"id": "ch_1"}'], array[false],
                  '{}', '{}', '{}', '{}', '{}', '{}', true, now(), null)
                """, [lane, token, job, connection])[0]
            #expect(try page.decode(Bool.self, Int32.self) == (true, Int32(1)))
            let result: [String] = try await pool.query(
                "select portolan.finish_many(array[$1::bigint], array[$2::uuid], array[$3::bigint], array['done'])",
                [lane, token, job])[0].decode(at: 0)
            #expect(result == ["done"])
            // Partitions are made and dropped by maintenance, which owns them whoever calls.
            try await lab.owner.query("update portolan.maintenance set next_at = '-infinity'")
            try await lab.owner.query("drop table portolan.job_history_default")
            try await lab.owner.query(
                "create table portolan.job_history_default partition of portolan.job_history default")
            _ = try await pool.query("select portolan.maintain()")
            let problems = try await lab.owner.query("select error from portolan.maintenance where error is not null")
            #expect(problems.isEmpty)
            let owners = try await lab.owner.query(
                """
                select distinct relowner::regrole::text from pg_class where relnamespace = 'portolan'::regnamespace
                  and relname ~ '^job_(history|events)_2'
                """)
            #expect(try owners.map { try $0.decode(at: 0, as: String.self) } == ["portolan_migrator"])
            try await pool.query(SQL(unsafeText: "select portolan.leave(\(worker))"))
        }
    }

    @Test("a worker may seal anew and reads no payload, no view of merchants' data, and alters and drops nothing")
    func workerMayNot() async throws {
        try await RoleLab.with { lab in
            let sealed = try await lab.worker.query("select sealed from portolan.connection_credentials for update")
            #expect(sealed.count == 1)
            try await lab.worker.query("update portolan.connection_credentials set sealed = '\\x02', key_id = 'k2'")
            for sql in [
                "select payload from portolan.raw_records", "select * from portolan.raw_records",
                "select bytes from portolan.raw_exact", "select * from unified.commerce_orders",
                "delete from portolan.raw_records", "update portolan.streams set cursor = null",
                "delete from portolan.jobs", "insert into portolan.leases (lane_id) values (1)",
                "update portolan.connections set base_url = 'https://elsewhere.example'",
                "delete from portolan.connection_credentials", "drop table portolan.jobs", "truncate portolan.errors",
                "alter table portolan.connections add column x integer", "create table portolan.x (x integer)",
                "create function portolan.x() returns integer language sql as 'select 1'",
                "select portolan.make_days('job_history')", "select portolan.drop_days('job_history')",
                "select portolan.pause('band', 'backfill')", "select portolan.cancel(1)",
                "select portolan.apply_grants()", "set role portolan_migrator",
            ] {
                #expect(try await isDenied(lab.worker, sql), "\(sql)")
            }
        }
    }

    @Test("the console reads how things are and every view, and neither secrets nor payloads; it changes nothing")
    func console() async throws {
        try await RoleLab.with { lab in
            let views = try await lab.owner.query(
                """
                select format('%I.%I', schemaname, viewname) from pg_views
                where schemaname in ('portolan', 'unified', 'shopify', 'stripe') order by 1
                """)
            #expect(views.count > 20)
            for view in views {
                let name: String = try view.decode(at: 0)
                _ = try await lab.console.query(SQL(unsafeText: "select * from \(name) limit 1"))
            }
            for table in [
                "connections", "streams", "jobs_now", "parents_now", "job_history", "job_events", "lanes", "leases",
                "workers",
                "errors", "pauses", "gates", "queue_stats", "maintenance", "retention", "schedules", "migrations",
            ] {
                _ = try await lab.console.query(SQL(unsafeText: "select * from portolan.\(table) limit 1"))
            }
            _ = try await lab.console.query("select count(*), max(changed_at) from portolan.raw_records")
            _ = try await lab.console.query("select connection_id, reason from portolan.raw_exact")
            _ = try await lab.console.query(
                "select connection_id, key_id, changed_at from portolan.connection_credentials")
            _ = try await lab.console.query("select * from portolan.job_story(1)")
            _ = try await lab.console.query("select portolan.why_waiting(1)")
            for sql in [
                "select sealed from portolan.connection_credentials", "select * from portolan.connection_credentials",
                "select payload from portolan.raw_records", "select bytes from portolan.raw_exact",
                "select k from portolan.connection_credentials k", "table portolan.raw_records",
                "select portolan.open_slice(1, gen_random_uuid(), 1, 'x')", "delete from portolan.jobs",
                "update portolan.streams set interval = '1 s'", "insert into portolan.pauses values ('band', 'urgent')",
                "update portolan.connections set state = 'disabled'", "select portolan.pause('band', 'backfill')",
                "select portolan.enqueue_sync('shop', 'charges')", "select portolan.maintain()",
                "select portolan.claim('00000000-0000-0000-0000-000000000001', array['stripe'], array['urgent'], 1)",
                "create view unified.x as select 1", "set role portolan_worker",
                "copy portolan.connection_credentials to '/tmp/x'", "select pg_read_file('/etc/passwd')",
            ] {
                #expect(try await isDenied(lab.console, sql), "\(sql)")
            }
        }
    }

    @Test(
        "an operator acts through the functions, sets credentials without reading any, and does not move a connection")
    func operators() async throws {
        try await RoleLab.with { lab in
            let pool = lab.oper
            for sql in [
                "select portolan.pause('band', 'backfill', 'why')", "select portolan.resume('band', 'backfill')",
                "select portolan.close_gate('stripe', 'down')", "select portolan.open_gate('stripe')",
                "select portolan.cancel(portolan.enqueue_sync('shop', 'charges'))",
                "select portolan.retry(portolan.enqueue_sync('shop', 'charges'))",
                "select portolan.schedule('s', connection_id, 'sync', '{\"resource\": \"charges\"}', '@daily') from portolan.connections",
                "select portolan.unschedule('s')", "select portolan.define_kind('toy', '{\"a\": \"string\"}')",
                "select portolan.resume_connection('shop')", "select portolan.cancel_many(array[1, 2])",
                "select portolan.add_connection('stripe', 'other', 'https://api.example', '{}', array['charges'], array['main'], array['1 min'::interval])",
                "select portolan.set_credentials(connection_id, 'k2', '\\x02') from portolan.connections",
                "update portolan.streams set interval = '15 min', next_due_at = now(), cursor = null",
                "select portolan.switch_connection('shop', 'off', 'ann', 'asked')",
                "update portolan.retention set keep = '90 days'", "update portolan.workers set draining = true",
                "select * from unified.commerce_orders", "select * from portolan.jobs_now",
            ] {
                _ = try await pool.query(SQL(unsafeText: sql))
            }
            for sql in [
                "select sealed from portolan.connection_credentials",
                "update portolan.connection_credentials set key_id = 'x'",
                "insert into portolan.connection_credentials values (1, 'k', '\\x01') returning sealed",
                "delete from portolan.connection_credentials", "select payload from portolan.raw_records",
                "update portolan.connections set base_url = 'https://elsewhere.example'",
                "update portolan.connections set settings = '{}'", "delete from portolan.jobs",
                "insert into portolan.jobs (connection_id) values (1)", "delete from portolan.job_history",
                "select portolan.open_slice(1, gen_random_uuid(), 1, 'x')", "select portolan.maintain()",
                "select portolan.finish_many('{1}', array[gen_random_uuid()], '{1}', '{done}')",
                "drop view unified.commerce_orders",
            ] {
                #expect(try await isDenied(pool, sql), "\(sql)")
            }
        }
    }

    @Test("what a caller names does not get between a function and what it means")
    func searchPath() async throws {
        try await RoleLab.with { lab in
            let loose = try await lab.owner.query(
                """
                select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'portolan'::regnamespace and p.prosecdef
                  and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)
                """)
            #expect(loose.isEmpty)
            try await lab.owner.query("update portolan.maintenance set next_at = '-infinity'")
            try await lab.worker.withTransaction { connection in
                try await connection.query("create temporary table pg_inherits (x integer)")
                try await connection.query("create temporary table pg_class (x integer)")
                try await connection.query("set local search_path = pg_temp, portolan")
                try await connection.query("select portolan.maintain()")
            }
            let problems = try await lab.owner.query("select error from portolan.maintenance where error is not null")
            #expect(problems.isEmpty)
        }
    }
}
