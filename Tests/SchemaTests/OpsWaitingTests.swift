import Foundation
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("Why a job waits", .serialized)
struct OpsWaitingTests {
    @Test("without a worker, with one that drains, and in its turn")
    func turn() async throws {
        try await OpsLab.with { lab in
            let (a, b) = (try await lab.addConnection("a"), try await lab.addConnection("b"))
            let first = try await lab.enqueue(a)
            var why = try await lab.why(first)
            #expect(why.code == "no_worker" && why.remedy == "start one: portolan worker")
            try await lab.beat()
            try await lab.run("update portolan.workers set draining = true")
            why = try await lab.why(first)
            #expect(why.code == "workers_drain" && why.sentence.contains("all 1 workers"))
            try await lab.run("update portolan.workers set draining = false")
            why = try await lab.why(first)
            #expect(why.code == "turn" && why.subject == "toy incremental" && why.ahead == 0)
            try await lab.setTime("2030-01-01 00:00:01+00")
            let second = try await lab.enqueue(b)
            why = try await lab.why(second)
            #expect(why.code == "turn" && why.ahead == 1)
            #expect(why.sentence == "its lane waits for its turn: 1 lanes of toy, band incremental, are before it")
            // A worker that fell silent is none.
            try await lab.setTime("2030-01-01 01:00+00")
            #expect(try await lab.why(first).code == "no_worker")
        }
    }

    @Test("behind others of its lane: while it is free, while it is held, and handed over")
    func lane() async throws {
        try await OpsLab.with { lab in
            let shop = try await lab.addConnection("shop")
            try await lab.beat()
            let running = try await lab.enqueue(shop)
            try await lab.setTime("2030-01-01 00:00:01+00")
            let next = try await lab.enqueue(shop)
            let last = try await lab.enqueue(shop)
            let lazy = try await lab.enqueue(shop, band: "backfill")
            var why = try await lab.why(last)
            #expect(why.code == "behind_in_lane" && why.subject == "main" && why.ahead == 2)
            #expect(try await lab.why(lazy).ahead == 3, "more urgent ones are before it")
            #expect(try await lab.why(running).code == "turn")
            let held = try #require(try await lab.claim(jobs: 2).first)
            why = try await lab.why(running)
            #expect(why.code == "running" && why.subject == "host-a" && why.byJob == running)
            why = try await lab.why(next)
            #expect(why.code == "handed_over" && why.ahead == 1 && why.byJob == running)
            why = try await lab.why(last)
            #expect(why.code == "lane_held" && why.subject == "host-a" && why.byJob == running && why.ahead == 2)
            #expect(why.sentence.contains("held on host-a since 2030-01-01 00:00:01+00, by job \(running)"))
            // Somebody asks the running one to stop.
            #expect(try await lab.text("select portolan.cancel(\(running))") == "asked to stop")
            why = try await lab.why(running)
            #expect(why.sentence.hasSuffix("it is to stop at its next page") && why.remedy == nil)
            #expect(try await lab.finish(held, "done") == "done")
            why = try await lab.why(running)
            #expect(why.code == "ended" && why.subject == "done" && why.remedy == nil)
            #expect(try await lab.why(next).code == "running", "the lease goes on with the next")
        }
    }

    @Test("for its time: enqueued for later, tried again, put off until a bucket has tokens, put off by an error")
    func time() async throws {
        try await OpsLab.with { lab in
            let (a, b) = (try await lab.addConnection("a"), try await lab.addConnection("b"))
            let (c, d) = (try await lab.addConnection("c"), try await lab.addConnection("d"))
            try await lab.beat()
            let later = try await lab.enqueue(a, at: "2030-01-01 02:00+00")
            var why = try await lab.why(later)
            #expect(why.code == "scheduled" && why.subject == nil)
            #expect(why.sentence == "it is due in 02:00:00, at 2030-01-01 02:00:00+00")
            let bad = try await lab.enqueue(b)
            let failed = try #require(try await lab.claim().first)
            try await lab.finish(
                failed, "retry", delay: "30 s", detail: #"{"code": "platform.internal", "message": "it said 500"}"#)
            why = try await lab.why(bad)
            #expect(why.code == "retry" && why.subject == "platform.internal")
            #expect(why.sentence.hasSuffix("attempt 1 of 8 failed with platform.internal: it said 500"))
            #expect(why.remedy == "select portolan.retry(\(bad))")
            let thirsty = try await lab.enqueue(c)
            let dry = try #require(try await lab.claim().first)
            try await lab.finish(
                dry, "snooze", delay: "40 s", detail: #"{"why": "no token free in bucket app:daily"}"#)
            why = try await lab.why(thirsty)
            #expect(why.code == "snoozed" && why.subject == "app:daily")
            #expect(
                why.sentence.contains("at 2030-01-01 00:00:40+00; it was put off: no token free in bucket app:daily"))
            let refused = try await lab.enqueue(d)
            let limited = try #require(try await lab.claim().first)
            try await lab.finish(
                limited, "snooze", delay: "1 min", detail: #"{"code": "rate.limited", "message": "slow down"}"#)
            why = try await lab.why(refused)
            #expect(why.code == "snoozed" && why.subject == "rate.limited")
            #expect(why.sentence.hasSuffix("it was put off with rate.limited: slow down"))
            // The old function says the same.
            #expect(try await lab.text("select portolan.why_waiting(\(refused))") == why.sentence)
        }
    }

    @Test(
        "for what somebody said: a pause of each scope, a connection that does not run, a gate that is closed, then opening"
    )
    func said() async throws {
        try await OpsLab.with { lab in
            let shop = try await lab.addConnection("shop")
            try await lab.beat()
            let job = try await lab.enqueue(shop)
            for (scope, name) in [
                ("connection", "\(shop)"), ("platform", "toy"), ("kind", "sync"), ("band", "incremental"),
            ] {
                try await lab.run("select portolan.pause('\(scope)', '\(name)', 'because')")
                let why = try await lab.why(job)
                #expect(
                    why.code == "paused" && why.subject == "\(scope) \(name)" && why.sentence.hasSuffix(": because"))
                // What it says helps.
                try await lab.run(try #require(why.remedy))
                #expect(try await lab.why(job).code == "turn", "\(scope)")
            }
            try await lab.run("select portolan.switch_connection('shop', 'off', 'ann', 'asked')")
            var why = try await lab.why(job)
            #expect(why.code == "connection_stopped" && why.subject == "shop")
            #expect(why.sentence == "its connection is disabled since 2030-01-01 00:00:00+00: asked")
            #expect(why.remedy == "portolan connections resume shop")
            try await lab.run("select portolan.resume_connection('shop')")
            #expect(try await lab.why(job).code == "turn")
            try await lab.run("select portolan.close_gate('toy', 'it answers 503', '30 s')")
            why = try await lab.why(job)
            #expect(why.code == "gate_closed" && why.subject == "toy" && why.sentence.contains("it answers 503"))
            // One lane is let through; its first page begins to open the gate.
            let held = try #require(try await lab.claim().first)
            let second = try await lab.enqueue(try await lab.addConnection("other"))
            #expect(try await lab.why(second).code == "gate_closed")
            try await lab.page(held)
            why = try await lab.why(second)
            #expect(why.code == "gate_opening" && why.sentence.contains("2 lanes at"))
            #expect(why.remedy?.contains("select portolan.open_gate('toy')") == true)
        }
    }

    @Test("for its children, for a worker that knows its kind, for a lane somebody parked by hand; and what has ended")
    func others() async throws {
        try await OpsLab.with { lab in
            let (a, b) = (try await lab.addConnection("a"), try await lab.addConnection("b"))
            try await lab.beat()
            let parent = try await lab.enqueue(a)
            let held = try #require(try await lab.claim().first)
            for _ in 1...2 { _ = try await lab.enqueue(b, band: "report", parent: parent) }
            try await lab.finish(held, "await")
            var why = try await lab.why(parent)
            #expect(why.code == "children" && why.ahead == 2)
            #expect(try await lab.run(try #require(why.remedy)).count == 2)
            let strange = try await lab.enqueue(a, kind: "report")
            #expect(try await lab.claim(kinds: ["sync"]).isEmpty)
            why = try await lab.why(strange)
            #expect(why.code == "lane_put_off" && why.subject == "report")
            #expect(why.remedy == "start a worker that knows kind report, version 1")
            try await lab.setTime("2030-01-01 00:00:05+00")
            try await lab.run("update portolan.lanes set paused_at = portolan.now() where connection_id = \(a)")
            why = try await lab.why(strange)
            #expect(why.code == "lane_parked")
            try await lab.run(try #require(why.remedy))
            #expect(try await lab.why(strange).code == "turn")
            try await lab.run("select portolan.cancel(\(strange))")
            why = try await lab.why(strange)
            #expect(why.code == "ended" && why.subject == "cancelled")
            #expect(why.remedy == "select portolan.retry(\(strange))")
            #expect(try await lab.why(987_654_321).code == "not_found")
            #expect(try await lab.run("select from ops.why_waiting(987654321)").count == 1)
        }
    }

    @Test("every code that the function can answer with is in docs/ops.md")
    func documented() async throws {
        let text = try String(contentsOfFile: Places.package + "/docs/ops.md", encoding: .utf8)
        try await OpsLab.with { lab in
            let source = try await lab.text(
                "select prosrc from pg_proc where proname = 'why_waiting' and pronamespace = 'ops'::regnamespace")
            let codes = Set(
                source.matches(of: /'([a-z_]+)'/).map { String($0.output.1) }
            ).intersection([
                "not_found", "ended", "running", "handed_over", "children", "scheduled", "retry", "snoozed", "paused",
                "connection_stopped", "lane_parked", "gate_closed", "gate_opening", "lane_held", "no_worker",
                "workers_drain", "behind_in_lane", "lane_put_off", "turn",
            ])
            #expect(codes.count == 19)
            for code in codes { #expect(text.contains("| `\(code)` |"), "\(code)") }
        }
    }
}
