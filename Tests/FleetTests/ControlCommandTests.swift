import Foundation
import Postgres
import Testing

/// The commands that stop a part of the work and let it go on.
@Suite("The queue's controls")
struct ControlCommandTests {
    @Test(
        "what is paused is not claimed until it is resumed",
        arguments: [("connection", "toy-1"), ("platform", "toy"), ("kind", "export"), ("band", "incremental")])
    func pause(_ scope: String, _ name: String) async throws {
        try await CommandHarness.with { harness in
            _ = try await harness.enqueue("--args", #"{"day": "monday"}"#)
            let paused = try await harness.portolan("pause", scope, name, "--reason", "a bad release")
            #expect(paused.status == 0)
            #expect(paused.output == "paused \(scope) \(name)")
            #expect(try await harness.claim() == nil)
            let again = try await harness.portolan("pause", scope, name)
            #expect(again.output.hasPrefix("\(scope) \(name) was paused already"))
            #expect(again.output.hasSuffix("a bad release"))

            let table = try await harness.portolan("pauses")
            #expect(table.lines.count == 2)
            #expect(table.output.contains(name) && table.output.contains("a bad release"))
            let object = try await harness.portolan("pauses", "--json").json(as: [String: [[String: Any]]].self)
            #expect(object["pauses"]?.first?["scope"] as? String == scope)
            #expect(object["pauses"]?.first?["name"] as? String == name)
            #expect(object["gates"]?.isEmpty == true)
            let job: Int64 = try await harness.value("select job_id from portolan.jobs")
            let shown = try await harness.portolan("jobs", "show", "\(job)")
            #expect(shown.output.contains("portolan resume \(scope) \(name)"))
            let status = try await harness.portolan("status")
            #expect(status.output.contains("paused: \(scope) \(name), a bad release"))

            #expect(try await harness.portolan("resume", scope, name).output == "resumed \(scope) \(name)")
            #expect(try await harness.portolan("resume", scope, name).output == "\(scope) \(name) was not paused")
            #expect(try await harness.claim()?.job == job)
            #expect(try await harness.portolan("pauses").output == "nothing is paused, and no gate is closed")
        }
    }

    @Test("connections pause and resume: resume lifts the pause and switches the connection on")
    func connections() async throws {
        try await CommandHarness.with { harness in
            _ = try await harness.enqueue("--args", #"{"day": "monday"}"#)
            let paused = try await harness.portolan("connections", "pause", "toy-1", "--reason", "asked to")
            #expect(paused.output == "paused connection toy-1")
            try await harness.pool.query("update portolan.connections set state = 'blocked'")
            #expect(try await harness.claim() == nil)
            let resumed = try await harness.portolan("connections", "resume", "toy-1")
            #expect(resumed.output == "resumed toy-1; its pause is lifted")
            #expect(try await harness.value("select state from portolan.connections") == "pending")
            #expect(try await harness.claim() != nil)
            #expect(try await harness.portolan("connections", "resume", "toy-1").output == "resumed toy-1")
        }
    }

    @Test(
        "what is not there cannot be paused, and the line says what is",
        arguments: [
            (["pause", "connection", "toy-9"], "there is no connection toy-9; see: portolan connections list"),
            (["connections", "pause", "toy-9"], "there is no connection toy-9"),
            (["connections", "resume", "toy-9"], "there is no connection toy-9"),
            (["resume", "connection", "toy-9"], "there is no connection toy-9"),
            (["pause", "platform", "toys"], "there is no platform toys; there are"),
            (["gates", "close", "toys", "--reason", "down"], "there is no platform toys; there are"),
            (
                ["pause", "kind", "exprot"],
                "kind: 'exprot' is not known; there are: backfill, export, probe, report, sync"
            ),
            (["pause", "band", "urgnt"], "there is no band urgnt; there are urgent, incremental"),
            (["jobs", "list", "--connection", "toy-9"], "there is no connection toy-9"),
            (["workers", "drain", "99"], "there is no worker 99; see: portolan workers"),
        ])
    func refusals(_ arguments: [String], _ line: String) async throws {
        try await CommandHarness.with { harness in
            let answer = try await harness.portolan(arguments)
            #expect(answer.status == 1)
            #expect(answer.output.isEmpty)
            #expect(answer.errors.hasPrefix("Error: \(line)"), "\(answer.errors)")
            #expect(!answer.errors.contains("\n"))
        }
    }

    @Test(
        "a wrong call is told from a refusal by its status",
        arguments: [
            ["pause", "conection", "toy-1"], ["jobs", "show"], ["jobs", "show", "x"], ["jobs", "cancel"],
            ["jobs", "list", "--limit", "0"], ["jobs", "list", "--ended", "--state", "queued"],
            ["jobs", "list", "--failed", "--state", "done"], ["gates", "close", "toy"],
            ["gates", "close", "toy", "--reason", "down", "--probe", "0"], ["workers", "drain", "somebody"],
            ["enqueue", "job", "export", "--connection", "toy-1", "--delay", "-1"], ["jobs", "watch", "--times", "0"],
        ])
    func usage(_ arguments: [String]) async throws {
        try await CommandHarness.with { harness in
            let answer = try await harness.portolan(arguments)
            #expect(answer.status == 64, "\(answer.output) \(answer.errors)")
        }
    }

    @Test("a closed gate lets one lane through, is shown, and opens")
    func gates() async throws {
        try await CommandHarness.with { harness in
            #expect(try await harness.portolan("gates").output == "no gate is closed")
            let closed = try await harness.portolan(
                "gates", "close", "toy", "--reason", "their page says so", "--probe", "3600")
            #expect(closed.output == "closed the gate of toy; one lane every 3600 s is let through")
            try await harness.addConnection("toy-2")
            _ = try await harness.enqueue("--args", #"{"day": "monday"}"#)
            _ = try await harness.portolan(
                "enqueue", "job", "export", "--connection", "toy-2", "--args", #"{"day": "monday"}"#)
            #expect(try await harness.claim() != nil, "the first lane is the probe")
            #expect(try await harness.claim() == nil)
            let listed = try await harness.portolan("gates", "list")
            #expect(listed.output.contains("their page says so"))
            let gates = try await harness.portolan("gates", "list", "--json").json(as: [[String: Any]].self)
            #expect(gates.first?["platform"] as? String == "toy")
            #expect(gates.first?["probe_interval_seconds"] as? Double == 3600)
            #expect(try await harness.portolan("status").output.contains("gate closed: toy, their page says so"))
            #expect(try await harness.portolan("pauses").output.contains("their page says so"))
            #expect(try await harness.portolan("gates", "open", "toy").output == "opened the gate of toy")
            #expect(try await harness.portolan("gates", "open", "toy").output == "the gate of toy was not closed")
            #expect(try await harness.claim() != nil)
        }
    }

    @Test("workers shows who is alive and what each holds; drain asks one to leave")
    func workers() async throws {
        try await CommandHarness.with { harness in
            let empty = try await harness.portolan("workers")
            #expect(empty.lines.count == 2)
            #expect(empty.lines[1].hasPrefix("11111111  toyhost  1        alive"))
            try await harness.pool.query(
                """
                insert into portolan.workers (worker_id, host, version, beat_at)
                values ('11110000-2222-3333-4444-555555555555', 'gonehost', '1', portolan.now() - interval '1 hour')
                """)
            _ = try await harness.enqueue("--args", #"{"day": "monday"}"#)
            #expect(try await harness.claim() != nil)
            let workers = try await harness.portolan("workers", "--json").json(as: [[String: Any]].self)
            #expect(workers.map { $0["state"] as? String } == ["silent", "alive"])
            #expect(workers.map { $0["lanes_count"] as? Int } == [0, 1])
            let both = try await harness.portolan("workers", "drain", "1111")
            #expect(both.status == 1)
            #expect(both.errors == "Error: 2 workers begin with 1111; give more of it")
            let drained = try await harness.portolan("workers", "drain", "11111111")
            #expect(drained.output == "worker \(CommandHarness.worker) is asked to drain")
            let draining: Bool = try await harness.value(
                "select portolan.beat($1::text::uuid, 'toyhost', '1')", [CommandHarness.worker])
            #expect(draining)
            #expect(try await harness.portolan("workers").output.contains("draining"))
        }
    }

    @Test("status sums up the queue below the streams; its JSON stays an array of streams")
    func status() async throws {
        try await CommandHarness.with { harness in
            let uncounted = try await harness.portolan("status")
            #expect(uncounted.lines.last?.hasPrefix("jobs not counted yet") == true)
            _ = try await harness.enqueue("--args", #"{"day": "monday"}"#)
            _ = try await harness.enqueue("--args", #"{"day": "tuesday"}"#, "--delay", "3600")
            try await harness.pool.query("select portolan.maintain()")
            let counted = try await harness.portolan("status")
            #expect(counted.lines.last?.hasPrefix("jobs: 1 queued, 1 scheduled; the oldest is due for") == true)
            let streams = try await harness.portolan("status", "--json").json(as: [[String: Any]].self)
            #expect(streams.first?["connection"] as? String == "toy-1")
        }
    }
}
