import Foundation
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("The views of schema ops", .serialized)
struct OpsViewTests {
    /// One session as a role; `set role` takes it back at the end.
    private func asRole(_ role: String, _ lab: OpsLab, _ body: () async throws -> Void) async throws {
        try await lab.run("set role \(role)")
        do {
            try await body()
        } catch {
            try await lab.run("reset role")
            throw error
        }
        try await lab.run("reset role")
    }

    @Test(
        "every view can be read by whoever looks, acts or works, and has rows when there is something to show",
        arguments: ["portolan_console", "portolan_operator", "portolan_worker"])
    func readable(_ role: String) async throws {
        try await OpsLab.with { lab in
            try await lab.fill()
            _ = try await lab.run("select portolan.backfill('shop', p_from => portolan.now() - interval '1 day')")
            let views = try await lab.views()
            #expect(views.count >= 15)
            try await asRole(role, lab) {
                for view in views {
                    let rows = try await lab.run("select * from ops.\(view) limit 50")
                    #expect(!rows.isEmpty, "ops.\(view)")
                }
                _ = try await lab.run("select * from ops.jobs j cross join lateral ops.why_waiting(j.job_id) limit 50")
                _ = try await lab.run("select portolan.why_waiting(job_id) from ops.jobs")
            }
        }
    }

    @Test("jobs: live and ended in one list, newest first, each in its state")
    func jobs() async throws {
        try await OpsLab.with { lab in
            try await lab.fill()
            let all = try await lab.texts(
                """
                select concat_ws(' ', connection, platform, kind, band, state, ended, error_code, records_count) from ops.jobs order by job_id desc
                """)
            #expect(
                all == [
                    "down ore sync backfill queued f 0", "late tin sync incremental scheduled f 0",
                    "shop toy sync incremental queued f 0", "shop toy sync incremental handed over f 0",
                    "shop toy sync incremental running f 0", "shop toy sync urgent done t 40",
                    "late tin sync incremental failed t platform.internal 0",
                ])
            let found = try await lab.texts(
                "select concat_ws(' ', dedupe_key, args, finished_at, error_message) from ops.jobs where ended and state = 'failed'"
            )
            #expect(found == [#"sync:orders {"resource": "orders"} 2030-01-01 00:00:00+00 it said 500"#])
            let workers = try await lab.texts("select worker_id::text from ops.jobs where state = 'running'")
            #expect(workers == [OpsLab.worker])
            // Who is gone leaves its history behind.
            try await lab.run("delete from portolan.connections where name = 'late'")
            #expect(
                try await lab.number("select count(*) from ops.jobs where connection is null and state = 'failed'") == 1
            )
        }
    }

    @Test("the fleet: workers, lanes, connections with what heals them and what merchants are told, freshness")
    func fleet() async throws {
        try await OpsLab.with { lab in
            try await lab.fill()
            #expect(
                try await lab.texts(
                    "select concat_ws(' ', host, state, lanes_count, jobs_count, oldest_claim_at) from ops.workers")
                    == ["host-a alive 1 2 2030-01-01 00:00:02+00"])
            #expect(
                try await lab.texts(
                    "select concat_ws(' ', connection, state, worker, jobs_count) from ops.lanes order by lane_id")
                    == ["late waiting", "shop held host-a 2", "down parked"])
            let connections = try await lab.run("select * from ops.connections order by connection")
            let (down, shop) = (connections[0], connections[2])
            #expect(try down.decode("state", as: String.self) == "needs_reauth")
            #expect(try down.decode("remedy", as: String.self) == "new credentials: portolan connections renew down")
            // What the error said is more than what the state says.
            #expect(
                try down.decode("merchant_message", as: String.self)
                    == """
                    Your shop now asks for a second sign-in step that an integration cannot complete. No new data has come in since \
                    2030-01-01 00:00 UTC. What we have is safe and stays available. Create an integration token for us in the platform \
                    and enter it at the connection's page.
                    """)
            #expect(try shop.decode("merchant_message", as: String?.self) == nil)
            #expect(try shop.decode("late_count", as: Int32.self) == 0)
            #expect(
                try await lab.texts(
                    """
                    select concat_ws(' ', connection, resource, age, target, round(age_in_targets::numeric, 2),
                    is_late, is_running) from ops.freshness where connection <> 'late' order by 1
                    """
                )
                    == ["down orders 00:00:02 00:05:00 0.01 f f", "shop orders 00:02:02 00:05:00 0.41 f t"])
            try await lab.setTime("2030-01-01 00:15+00")
            #expect(try await lab.texts("select connection from ops.freshness where is_late") == ["shop"])
            #expect(try await lab.texts("select connection from ops.connections where late_count > 0") == ["shop"])
            #expect(try await lab.texts("select state from ops.workers") == ["silent"])
        }
    }

    @Test("what is wrong and what is held up: clusters, limits, pauses, gates, schedules, backlog")
    func troubles() async throws {
        try await OpsLab.with { lab in
            try await lab.fill()
            #expect(
                try await lab.texts(
                    """
                    select concat_ws(' ', code, platform, state, errors_count, last_hour_count, last_day_count,
                    connections_count) from ops.error_clusters
                    """
                )
                    == ["auth.credentials_invalid ore open 1 1 1 1"])
            #expect(
                try await lab.texts(
                    """
                    select concat_ws(' ', platform, owner = 'app', connection, bucket, drawn, allowed, rest,
                    is_blocked, override) from ops.limits order by bucket, connection
                    """
                )
                    == [
                        "toy t daily 50 1000 950 f", #"tin f late requests f {"capacity": 5}"#,
                        "toy f shop requests t",
                    ])
            // A quota's day ends, and what was drawn of it no longer counts; a wait is over.
            try await lab.setTime("2030-01-02 00:01+00")
            #expect(
                try await lab.texts("select concat_ws(' ', drawn, rest) from ops.limits where bucket = 'daily'") == [
                    "0 1000"
                ])
            #expect(try await lab.number("select count(*) from ops.limits where is_blocked") == 0)
            try await lab.setTime("2030-01-01 00:00:02+00")
            #expect(
                try await lab.texts("select concat_ws(' ', scope, name, reason, remedy) from ops.pauses")
                    == ["band report the target is full select portolan.resume('band', 'report')"])
            #expect(
                try await lab.texts("select concat_ws(' ', platform, state, reason) from ops.gates") == [
                    "tin closed it answers 503"
                ])
            #expect(
                try await lab.texts(
                    "select concat_ws(' ', name, connection, platform, next_at, is_paused) from ops.schedules")
                    == ["nightly shop toy 2030-01-01 03:00:00+00 f"])
            #expect(
                try await lab.texts(
                    "select concat_ws(' ', platform, band, state, jobs_count, oldest_age, gate_closed_at is not null) from ops.backlog order by 1"
                )
                    == [
                        "ore backfill queued 1 00:00:00 f", "tin incremental scheduled 1 t",
                        "toy incremental handed over 1 f", "toy incremental queued 1 00:00:00 f",
                        "toy incremental running 1 f",
                    ])
            #expect(
                try await lab.number(
                    """
                    select count(*) from ops.storage where table_name = 'job_history' and partition_name is not
                    null and keep = '30 days' and total_bytes > 0
                    """
                )
                    >= 8)
            #expect(
                try await lab.number(
                    "select count(*) from ops.storage where table_name = 'raw_records' and partition_name is null") == 1
            )
        }
    }

    @Test(
        "a rule of another's schema cannot get between: every view and function is the owner's, and reads as its owner")
    func owned() async throws {
        try await OpsLab.with { lab in
            let others = try await lab.texts(
                """
                select c.relname::text from pg_class c where c.relnamespace = 'ops'::regnamespace and c.relkind =
                'v' and c.relowner <> 'portolan_migrator'::regrole
                union all select p.proname::text from pg_proc p where p.pronamespace = 'ops'::regnamespace and
                (p.proowner <> 'portolan_migrator'::regrole or p.prosecdef)
                """)
            #expect(others == [])
        }
    }
}
