import Foundation
import Postgres
import TestKit
import Testing

/// What people and scripts see: each test calls the program as they do.
@Suite("The queue's commands")
struct JobsCommandTests {
    private static let error = #"{"code": "platform.server_error", "message": "the platform answered 503"}"#

    @Test("jobs list shows what waits, newest first, and each filter narrows it")
    func list() async throws {
        try await CommandHarness.with { harness in
            try await harness.addConnection("toy-2")
            let first = try await harness.enqueue("--args", #"{"day": "monday"}"#)
            let second = try await harness.enqueue(
                "--args", #"{"day": "tuesday"}"#, "--delay", "3600", "--band", "backfill")
            let all = try await harness.portolan("jobs", "list")
            #expect(all.status == 0)
            #expect(all.lines.count == 3)
            #expect(all.lines[0].hasPrefix("JOB"))
            #expect(all.output.contains("toy-1") && all.output.contains(#"{"day": "monday"}"#))
            func found(_ filter: String...) async throws -> [Int64] {
                let answer = try await harness.portolan(["jobs", "list", "--json"] + filter)
                #expect(answer.status == 0, "\(filter): \(answer.errors)")
                return try answer.json(as: [[String: Any]].self).map { try #require($0["job_id"] as? Int64) }
            }
            #expect(try await found() == [second, first])
            #expect(try await found("--state", "scheduled") == [second])
            #expect(try await found("--state", "queued") == [first])
            #expect(try await found("--band", "backfill") == [second])
            #expect(try await found("--kind", "sync") == [])
            #expect(try await found("--platform", "toy", "--connection", "toy-1") == [second, first])
            #expect(try await found("--platform", "shopify") == [])
            #expect(try await found("--connection", "toy-2") == [])
            #expect(try await found("--limit", "1") == [second])
            #expect(try await found("--ended") == [])
            let held = try #require(try await harness.claim())
            #expect(try await found("--state", "running") == [first])
            #expect(try await harness.finish(held, "failed", detail: Self.error) == "failed")
            #expect(try await found("--failed") == [first])
            #expect(try await found("--failed", "--connection", "toy-1") == [first])
            #expect(try await found("--failed", "--connection", "toy-2") == [])
            #expect(try await found("--state", "failed") == [first])
            #expect(try await found("--ended", "--state", "done") == [])
            let failures = try await harness.portolan("jobs", "list", "--failed")
            #expect(failures.output.contains("platform.server_error"))
            let none = try await harness.portolan("jobs", "list", "--state", "poison")
            #expect(none.output == "no such jobs")
        }
    }

    @Test("a long queue is not read to its end: what was not looked at is said, and a connection finds its own")
    func longQueue() async throws {
        try await CommandHarness.with { harness in
            try await harness.addConnection("toy-2")
            let old = try await harness.portolan("enqueue", "sync", "toy-2", "orders")
            _ = try await harness.enqueue("--args", #"{"day": "monday"}"#)
            try await harness.pool.query(
                """
                insert into portolan.jobs (connection_id, lane_id, run_at, kind, args)
                select c.connection_id, l.lane_id, portolan.now(), 'export', '{"day": "monday"}'
                from portolan.connections c join portolan.lanes l using (connection_id), generate_series(1, 100000)
                where c.name = 'toy-1'
                """)
            let searched = try await harness.portolan("jobs", "list", "--kind", "sync")
            #expect(searched.status == 0)
            #expect(searched.output == "no such jobs")
            #expect(searched.errors.hasPrefix("only the newest 100000 jobs were looked at"))
            let found = try await harness.portolan("jobs", "list", "--kind", "sync", "--connection", "toy-2")
            #expect(found.lines.count == 2)
            #expect(found.lines.last?.hasPrefix(String(old.output.dropFirst("job ".count))) == true)
            #expect(found.errors.isEmpty)
        }
    }

    @Test("jobs show tells the story of a job and what to do about it")
    func show() async throws {
        try await CommandHarness.with { harness in
            let job = try await harness.enqueue("--args", #"{"day": "monday"}"#, "--key", "monday")
            try await harness.run("retry", detail: Self.error)
            try await harness.run("snooze", detail: #"{"why": "no token was free"}"#)
            try await harness.run("retry", delay: "1 hour", detail: Self.error)
            let waiting = try await harness.portolan("jobs", "show", "\(job)")
            #expect(waiting.status == 0)
            for part in [
                "job \(job): export for toy-1 (toy)", "scheduled", "2 of 8, 3 runs, 1 snooze, 0 rescues",
                #"{"day": "monday"}"#, "monday", "platform.server_error: the platform answered 503",
                "no token was free",
                "it is due in", "portolan jobs retry \(job)",
                "portolan jobs cancel \(job)",
            ] {
                #expect(waiting.output.contains(part), "\(part) is not in:\n\(waiting.output)")
            }
            // How wide the times are depends on them.
            for event in [/ago +enqueued/, /ago +retry/, /ago +snooze/] {
                #expect(waiting.output.contains(event), "\(waiting.output)")
            }
            #expect(try await harness.portolan("jobs", "retry", "\(job)").output == "job \(job): brought forward")
            try await harness.run("failed", detail: #"{"code": "ours.bad_day", "message": "monday is not a day"}"#)
            let failed = try await harness.portolan("jobs", "show", "\(job)")
            #expect(failed.output.contains("ours.bad_day: monday is not a day"))
            #expect(failed.output.hasSuffix("next:\n  portolan jobs retry \(job)"))
            let object = try await harness.portolan("jobs", "show", "\(job)", "--json").json(as: [String: Any].self)
            #expect(object["state"] as? String == "failed")
            #expect(object["runs"] as? Int == 4)
            #expect((object["args"] as? [String: String]) == ["day": "monday"])
            #expect(object["next"] as? [String] == ["portolan jobs retry \(job)"])
            let story = try #require(object["story"] as? [[String: Any]])
            #expect(story.map { $0["event"] as? String } == ["enqueued", "retry", "snooze", "retry", "failed"])
        }
    }

    @Test("a job that is not there is an error that says how long jobs are kept")
    func showNothing() async throws {
        try await CommandHarness.with { harness in
            for arguments in [["jobs", "show", "77"], ["jobs", "show", "77", "--json"]] {
                let answer = try await harness.portolan(arguments)
                #expect(answer.status == 1)
                #expect(answer.output.isEmpty)
                #expect(answer.errors.hasPrefix("Error: there is no job 77"))
                #expect(answer.errors.contains("30 d"))
            }
        }
    }

    @Test("cancel ends what waits, asks what runs, and says so of the rest")
    func cancel() async throws {
        try await CommandHarness.with { harness in
            let waiting = try await harness.enqueue("--args", #"{"day": "monday"}"#, "--delay", "3600")
            let running = try await harness.enqueue("--args", #"{"day": "tuesday"}"#)
            let held = try #require(try await harness.claim())
            #expect(held.job == running)
            let answer = try await harness.portolan("jobs", "cancel", "\(waiting)", "\(running)", "77")
            #expect(answer.status == 0)
            #expect(
                answer.lines == [
                    "job \(waiting): cancelled", "job \(running): asked to stop", "job 77: not waiting",
                ])
            let list = try await harness.portolan("jobs", "list")
            #expect(list.output.contains("running, to stop"))
            let again = try await harness.portolan("jobs", "cancel", "\(waiting)", "--json")
            #expect(again.output == #"[{"job_id":\#(waiting),"result":"not waiting"}]"#)
            #expect(try await harness.finish(held, "yield") == "cancelled")
        }
    }

    @Test("retry enqueues anew what ended, and says of each job what it did")
    func retry() async throws {
        try await CommandHarness.with { harness in
            let job = try await harness.enqueue("--args", #"{"day": "monday"}"#, "--key", "monday")
            let waits = try await harness.portolan("jobs", "retry", "\(job)")
            #expect(waits.output == "job \(job): waits for its turn already")
            let held = try #require(try await harness.claim())
            #expect(try await harness.portolan("jobs", "retry", "\(job)").output == "job \(job): runs already")
            #expect(try await harness.finish(held, "failed", detail: Self.error) == "failed")
            let answer = try await harness.portolan("jobs", "retry", "\(job)", "77")
            #expect(answer.status == 1)
            let new: Int64 = try await harness.value("select job_id from portolan.jobs")
            #expect(new != job)
            #expect(answer.output == "job \(job): runs again as job \(new)")
            #expect(answer.errors.hasPrefix("job 77: there is no job 77"))
            // The equal one that waits already is the answer.
            let twice = try await harness.portolan("jobs", "retry", "\(job)", "--json").json(as: [[String: Any]].self)
            #expect(twice.first?["new_job_id"] as? Int64 == new)
        }
    }

    @Test("a parent shows how its children stand, in show and in watch")
    func parents() async throws {
        try await CommandHarness.with { harness in
            let parent = try await harness.enqueue("--args", #"{"day": "all"}"#)
            for day in 1...4 {
                _ = try await harness.enqueue("--args", #"{"day": "\#(day)"}"#, "--parent", "\(parent)")
            }
            #expect(try await harness.run("await") == (parent, "awaiting"))
            try await harness.run("done")
            let failed = try await harness.run("failed", detail: Self.error)
            let shown = try await harness.portolan("jobs", "show", "\(parent)")
            #expect(shown.output.contains("2 live, 1 done, 1 failed, 0 cancelled"))
            #expect(shown.output.contains("portolan jobs list --parent \(parent) --failed"))
            let children = try await harness.portolan("jobs", "list", "--parent", "\(parent)", "--failed", "--json")
            #expect(try children.json(as: [[String: Any]].self).map { $0["job_id"] as? Int64 } == [failed.job])
            #expect(try await harness.portolan("jobs", "list", "--parent", "\(parent)").lines.count == 3)

            try await harness.pool.query("select portolan.refresh_stats()")
            let watched = try await harness.portolan("jobs", "watch", "--times", "2")
            #expect(watched.status == 0)
            #expect(watched.lines.count == 2)
            #expect(watched.lines.allSatisfy { $0.contains("job \(parent) 2/4") })
            let glance = try await harness.portolan("jobs", "watch", "--times", "1", "--json").json(
                as: [String: Any].self)
            let progress = try #require((glance["parents"] as? [[String: Any]])?.first)
            #expect(progress["live"] as? Int == 2)
            #expect(progress["failed"] as? Int == 1)
            let counts = try #require(glance["counts"] as? [[String: Any]])
            #expect(Set(counts.compactMap { $0["state"] as? String }) == ["awaiting", "queued"])

            // No lease is out: the children end at once, and the parent with them, as failed: one of them had.
            let cancelled = try await harness.portolan("jobs", "cancel", "\(parent)")
            #expect(cancelled.output == "job \(parent): cancelled")
            #expect(
                try await harness.portolan("jobs", "show", "\(parent)").output.contains(
                    "0 live, 1 done, 1 failed, 2 cancelled"))
        }
    }

    @Test("enqueue job answers the job, and the equal one that waits already")
    func enqueue() async throws {
        try await CommandHarness.with { harness in
            let job = try await harness.enqueue(
                "--args", #"{"day": "monday", "rows": 3}"#, "--key", "monday", "--band", "report", "--delay", "90")
            #expect(try await harness.enqueue("--args", #"{"day": "monday"}"#, "--key", "monday") == job)
            let other = try await harness.enqueue("--args", #"{"day": "monday"}"#, "--parent", "\(job)")
            let band: String = try await harness.value("select band from portolan.jobs where job_id = $1", [job])
            let parent: Int64 = try await harness.value(
                "select parent_job_id from portolan.jobs where job_id = $1", [other])
            #expect(band == "incremental", "the more urgent band of the two")
            #expect(parent == job)
        }
    }

    @Test(
        "what cannot be enqueued is one line that names the field and the fix",
        arguments: [
            (
                ["export", "--args", #"{"dya": "monday"}"#],
                "args.dya: kind export has no such field; it has: day, rows"
            ),
            (["export", "--args", #"{"day": 1}"#], "args.day: must be of type string, is number"),
            (["export"], "args.day: kind export needs it"),
            (["exprot"], "kind: 'exprot' is not known; there are: backfill, export, probe, report, sync"),
            (["export", "--args", "{day: 1}"], "args: is not JSON"),
            (["export", "--args", "[1]"], "args: must be an object, is array"),
            (["export", "--args", #"{"day": "monday"}"#, "--parent", "77"], "parent_job_id: job 77 has ended"),
        ])
    func refusals(_ arguments: [String], _ line: String) async throws {
        try await CommandHarness.with { harness in
            let answer = try await harness.portolan(["enqueue", "job", "--connection", "toy-1"] + arguments)
            #expect(answer.status == 1)
            #expect(answer.output.isEmpty)
            #expect(answer.errors.hasPrefix("Error: \(line)"), "\(answer.errors)")
            #expect(!answer.errors.contains("\n"))
            let count: Int64 = try await harness.value("select count(*) from portolan.jobs")
            #expect(count == 0)
        }
    }

    @Test("kinds lists the kinds with their fields")
    func kinds() async throws {
        try await CommandHarness.with { harness in
            let answer = try await harness.portolan("kinds")
            #expect(answer.output.contains("day* string, rows number"))
            let kinds = try await harness.portolan("kinds", "--json").json(as: [[String: Any]].self)
            #expect(kinds.map { $0["kind"] as? String } == ["backfill", "export", "probe", "report", "sync"])
            #expect(kinds[1]["required"] as? [String] == ["day"])
        }
    }

    @Test("a database without the schema says what to do")
    func noSchema() async throws {
        let url = try await TestPostgres.shared.makeDatabase(isMigrated: false)
        let harness = CommandHarness(
            url: url,
            pool: PostgresPool(try PostgresConfiguration(url: url), limits: .init(), logger: TestPostgres.logger))
        let answer = try await harness.portolan("jobs", "list")
        await harness.pool.shutdown(within: .seconds(2))
        #expect(answer.status == 1)
        #expect(answer.errors.hasSuffix("run: portolan migrate"))
        try await TestPostgres.shared.drop(url)
    }
}
