import Foundation
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("Acting on many jobs", .serialized)
struct OpsActionTests {
    private struct Did: Equatable {
        let result: String
        let count: Int32
        let ids: [Int64]
        let more: Bool
    }

    private func did(_ lab: OpsLab, _ call: String) async throws -> [Did] {
        try await lab.run("select result, jobs_count, job_ids, is_more from portolan.\(call)").map { row in
            let (result, count, ids, more) = try row.decode(String.self, Int32.self, [Int64].self, Bool.self)
            return Did(result: result, count: count, ids: ids, more: more)
        }
    }

    /// Jobs that failed, each with its code.
    private func fail(
        _ lab: OpsLab, _ connection: Int64, _ codes: [String], platform: String = "toy", key: String? = nil
    )
        async throws -> [Int64]
    {
        var failed: [Int64] = []
        for code in codes {
            failed.append(try await lab.enqueue(connection, key: key))
            let held = try #require(try await lab.claim(platform).first)
            try await lab.finish(held, "failed", detail: #"{"code": "\#(code)", "message": "no"}"#)
        }
        return failed
    }

    @Test("failed jobs are run again by code, family, connection, kind, platform and time; each once")
    func retried() async throws {
        try await OpsLab.with { lab in
            let (a, b) = (try await lab.addConnection("a"), try await lab.addConnection("b", platform: "tin"))
            try await lab.beat()
            let first = try await fail(lab, a, ["platform.internal", "platform.timeout", "auth.app_revoked"])
            let other = try await fail(lab, b, ["platform.internal"], platform: "tin")
            // Looking changes nothing.
            var answer = try await did(lab, "retry_where(p_code => 'platform.*', p_dry_run => true)")
            #expect(answer == [Did(result: "would be retried", count: 3, ids: first[..<2] + other, more: false)])
            #expect(try await lab.number("select count(*) from portolan.jobs") == 0)
            answer = try await did(lab, "retry_where(p_code => 'platform.internal', p_connection => 'a')")
            #expect(answer == [Did(result: "enqueued", count: 1, ids: [first[0]], more: false)])
            let again = try await lab.number("select job_id from portolan.jobs")
            #expect(try await lab.number("select retried_as from ops.jobs where job_id = \(first[0])") == again)
            answer = try await did(lab, "retry_where(p_code => 'platform.internal', p_connection => 'a')")
            #expect(answer == [Did(result: "nothing matched", count: 0, ids: [], more: false)], "once")
            // It fails again: that is another job.
            let held = try #require(try await lab.claim().first)
            try await lab.finish(held, "failed", detail: #"{"code": "platform.internal"}"#)
            answer = try await did(lab, "retry_where(p_code => 'platform.internal', p_connection => 'a')")
            #expect(answer.map(\.ids) == [[again]])
            answer = try await did(lab, "retry_where(p_platform => 'tin')")
            #expect(answer.map(\.ids) == [other])
            try await lab.setTime("2030-01-02 00:00+00")
            #expect(try await did(lab, "retry_where(p_since => '2030-01-01 12:00+00')").map(\.count) == [0])
            // A limit, and the rest by calling again.
            answer = try await did(lab, "retry_where(p_kind => 'sync', p_limit => 1)")
            #expect(answer == [Did(result: "enqueued", count: 1, ids: [first[1]], more: true)])
            answer = try await did(lab, "retry_where(p_kind => 'sync', p_limit => 1)")
            #expect(answer == [Did(result: "enqueued", count: 1, ids: [first[2]], more: false)])
            // What was retried by itself is not retried by a filter.
            let single = try await fail(
                lab, try await lab.addConnection("c", platform: "ore"), ["platform.internal"], platform: "ore")[0]
            try await lab.run("select portolan.retry(\(single))")
            #expect(try await did(lab, "retry_where(p_platform => 'ore')").map(\.count) == [0])
        }
    }

    @Test("those of one key become one job; what can no longer be run is left, and says why")
    func merged() async throws {
        try await OpsLab.with { lab in
            let (a, gone) = (try await lab.addConnection("a"), try await lab.addConnection("gone"))
            try await lab.beat()
            let same = try await fail(lab, a, ["platform.internal", "platform.internal"], key: "sync:orders")
            let lost = try await fail(lab, gone, ["platform.internal"])
            try await lab.run("select portolan.define_kind('toy', '{\"a\": \"string\"}')")
            let odd = try await lab.number(
                "with j as (select portolan.enqueue(\(a), 'toy', '{\"a\": \"x\"}') as id) select id from j")
            let held = try #require(try await lab.claim().first)
            try await lab.finish(held, "failed", detail: #"{"code": "platform.internal"}"#)
            try await lab.run("select portolan.define_kind('toy', '{\"b\": \"string\"}')")
            try await lab.run("delete from portolan.connections where name = 'gone'")
            let rows = try await lab.run(
                "select result, job_ids, new_job_ids from portolan.retry_where() order by result")
            let answers = try rows.map { try $0.decode(String.self, [Int64].self, [Int64].self) }
            #expect(
                answers.map(\.0) == [
                    "enqueued", "not possible: args.a: kind toy has no such field; it has: b",
                    "not possible: its connection was removed",
                ])
            #expect(answers.map(\.1) == [same, [odd], lost])
            #expect(answers[0].2.count == 1)
            #expect(try await lab.number("select count(*) from portolan.jobs where dedupe_key = 'sync:orders'") == 1)
        }
    }

    @Test("live jobs are cancelled by connection, platform, kind, band, state and age")
    func cancelled() async throws {
        try await OpsLab.with { lab in
            let (a, b) = (try await lab.addConnection("a"), try await lab.addConnection("b", platform: "tin"))
            try await lab.beat()
            let running = try await lab.enqueue(a)
            try await lab.claim()
            try await lab.setTime("2030-01-01 00:01+00")
            let (queued, later) = (try await lab.enqueue(a), try await lab.enqueue(a, at: "2030-01-01 05:00+00"))
            let lazy = try await lab.enqueue(a, band: "backfill")
            let others = [try await lab.enqueue(b), try await lab.enqueue(b, kind: "report"), try await lab.enqueue(b)]
            #expect(
                try await did(lab, "cancel_where(p_connection => 'a', p_dry_run => true)")
                    == [Did(result: "would be cancelled", count: 4, ids: [running, queued, later, lazy], more: false)])
            #expect(
                try await did(lab, "cancel_where(p_band => 'backfill')") == [
                    Did(result: "cancelled", count: 1, ids: [lazy], more: false)
                ])
            #expect(try await did(lab, "cancel_where(p_states => '{scheduled}')").map(\.ids) == [[later]])
            #expect(try await did(lab, "cancel_where(p_kind => 'report')").map(\.ids) == [[others[1]]])
            #expect(
                try await did(lab, "cancel_where(p_created_before => '2030-01-01 00:00:30+00', p_dry_run => true)").map(
                    \.ids)
                    == [[running]])
            #expect(
                try await did(lab, "cancel_where(p_connection => 'a')")
                    == [
                        Did(result: "asked to stop", count: 1, ids: [running], more: false),
                        Did(result: "cancelled", count: 1, ids: [queued], more: false),
                    ])
            #expect(
                try await did(lab, "cancel_where(p_connection => 'a')").map(\.result) == ["nothing matched"],
                "who was asked is not asked again")
            #expect(
                try await did(lab, "cancel_where(p_platform => 'tin', p_limit => 1)") == [
                    Did(result: "cancelled", count: 1, ids: [others[0]], more: true)
                ])
            #expect(
                try await did(lab, "cancel_where(p_platform => 'tin', p_limit => 1)") == [
                    Did(result: "cancelled", count: 1, ids: [others[2]], more: false)
                ])
        }
    }

    @Test("what is wrong is refused, with the field, what it is, and the fix; nothing is changed")
    func refused() async throws {
        try await OpsLab.with { lab in
            let a = try await lab.addConnection("a")
            try await lab.beat()
            _ = try await fail(lab, a, ["platform.internal"])
            _ = try await lab.enqueue(a)
            for (call, said) in [
                (
                    "retry_where(p_connection => 'b')",
                    "connection: there is none with the name 'b'; names are in ops.connections"
                ),
                ("retry_where(p_platform => 'tin')", "platform: no connection is on 'tin'; there are: toy"),
                ("retry_where(p_kind => 'x')", "kind: 'x' is not known; there are: "),
                (
                    "retry_where(p_code => 'oops')",
                    "code: 'oops' is no error code; use one like rate.limited, or a family: rate.*"
                ),
                ("retry_where(p_states => '{done}')", "states: 'done' is none of failed, poison, cancelled"),
                ("retry_where(p_states => '{}')", "states: must be words, is an array that is empty or holds NULL"),
                (
                    "retry_where(p_states => null)",
                    "states: must be given, is NULL; use some of failed, poison, cancelled"
                ),
                ("retry_where(p_limit => 0)", "limit: must be from 1 to 10000, is 0"),
                (
                    "retry_where(p_since => '2030-01-02', p_until => '2030-01-01')",
                    "until: must be after since, is 2030-01-01"
                ),
                (
                    "cancel_where()",
                    "filter: must be given, all of it is NULL; name a connection, platform, kind, band, states or created_before"
                ),
                ("cancel_where(p_band => 'x')", "band: 'x' is none; use urgent"),
                (
                    "cancel_where(p_states => '{failed}')",
                    "states: 'failed' is none of queued, scheduled, handed over, running, awaiting"
                ),
                (
                    "cancel_where(p_kind => 'sync', p_limit => 20000)",
                    "limit: must be from 1 to 10000, is 20000; call again while is_more"
                ),
            ] {
                let error = await #expect(throws: PostgresError.self, "\(call)") {
                    try await lab.run("select * from portolan.\(call)")
                }
                #expect(error?.sqlState == "22023")
                #expect(error?.server?.message?.hasPrefix(said) == true, "\(call): \(error?.server?.message ?? "")")
            }
            #expect(
                try await lab.number(
                    "select (select count(*) from portolan.jobs) * 10 + (select count(*) from portolan.job_retries)")
                    == 10)
        }
    }

    @Test("an operator may do both; who only looks may not")
    func roles() async throws {
        try await OpsLab.with { lab in
            let a = try await lab.addConnection("a")
            try await lab.beat()
            _ = try await fail(lab, a, ["platform.internal"])
            try await lab.run("set role portolan_console")
            for call in ["retry_where()", "cancel_where(p_kind => 'sync')"] {
                let error = await #expect(throws: PostgresError.self) {
                    try await lab.run("select * from portolan.\(call)")
                }
                #expect(error?.sqlState == "42501")
            }
            try await lab.run("set role portolan_operator")
            #expect(try await did(lab, "retry_where()").map(\.result) == ["enqueued"])
            #expect(try await did(lab, "cancel_where(p_kind => 'sync')").map(\.result) == ["cancelled"])
            try await lab.run("reset role")
        }
    }

    @Test("two who retry the same at once make each job once", .timeLimit(.minutes(1)))
    func together() async throws {
        try await withDatabase(connectionsMax: 8) { pool, _ in
            try await pool.query(
                """
                insert into portolan.connections (platform, name, base_url, state) select 'toy', 'shop-' || i,
                'https://shop.example', 'healthy' from generate_series(1, 20) i
                """
            )
            try await pool.query(
                """
                select portolan.enqueue_many(array_agg(connection_id), array_agg('sync'::text),
                array_agg('{\"resource\": \"orders\"}'::jsonb)) from portolan.connections, generate_series(1,
                10)
                """
            )
            try await pool.query("select portolan.beat('00000000-0000-0000-0000-00000000000a', 'host-a', '1')")
            try await pool.query(
                """
                with c as materialized (select * from portolan.claim('00000000-0000-0000-0000-00000000000a',
                array['toy'], array['incremental'], 100, 10)),
                a as (select array_agg(lane_id) as l, array_agg(token) as t, array_agg(job_id) as j from c)
                select portolan.finish_many(a.l, a.t, a.j, array_fill('failed'::text, array[cardinality(a.j)])) from a
                """)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        for _ in 0..<10 { try await pool.query("select * from portolan.retry_where(p_limit => 50)") }
                    }
                }
                try await group.waitForAll()
            }
            let counts = try await pool.query(
                """
                select (select count(*) from portolan.jobs), (select count(*) from portolan.job_retries where
                new_job_id is not null), (select count(*) from portolan.job_history)
                """
            )[0]
            let (live, noted, ended) = try counts.decode(Int64.self, Int64.self, Int64.self)
            #expect([live, noted, ended] == [200, 200, 200])
        }
    }
}
