import Connections
import FoundationEssentials
import HTTP
import Jobs
import Limits
import Platforms
import Postgres
import ServiceLifecycle
import TestKit
import Testing

@testable import Worker

@Suite("Running jobs", .serialized, .timeLimit(.minutes(2)))
struct SliceTests {
    @Test("a job is run page by page to its end")
    func toTheEnd() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 5) }
            #expect(try await fleet.runToEnd(job, transport) == "done")
            #expect(transport.pages == [1, 2, 3, 4, 5])
            #expect(try await fleet.recordCount() == 15)
            #expect(try await fleet.streamState() == "in_sync")
            let counted: String = try await fleet.value(
                "select pages_count || ' ' || records_count || ' ' || attempt from portolan.job_history")
            #expect(counted == "5 15 1")
            #expect(
                try await fleet.value("select count(*) from portolan.workers", as: Int64.self) == 0,
                "a drained worker leaves nothing")
        }
    }

    @Test("the next job goes on where the last one ended")
    func goesOn() async throws {
        try await Fleet.with { fleet in
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 2) }
            for _ in 0..<2 {
                let job = try await fleet.enqueue()
                #expect(try await fleet.runToEnd(job, transport) == "done")
            }
            #expect(transport.pages == [1, 2, 3])
        }
    }

    @Test("a worker that dies between two pages is followed by one that goes on at the last committed page")
    func crash() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let first = UUID()
            let doomed = ScriptedTransport { page, _ throws(HTTPError) in
                if page < 3 { return ScriptedTransport.answer(page, of: 5) }
                // Answers never: until the worker is gone.
                try? await Task.sleep(for: .seconds(3600))
                throw HTTPError(code: .cancelled, message: "cancelled")
            }
            let dying = Task { try await fleet.worker(doomed, id: first).run() }
            try await waitUntil("two pages") { doomed.pages.count == 3 }
            dying.cancel()
            _ = try? await dying.value
            #expect(try await fleet.recordCount() == 6)
            #expect(
                try await fleet.value("select count(*) from portolan.leases", as: Int64.self) == 1, "death tells nobody"
            )

            // Its time to live passes.
            try await fleet.pool.query(
                "update portolan.workers set beat_at = '-infinity' where worker_id = $1", [first])
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 5) }
            #expect(try await fleet.runToEnd(job, transport) == "done")
            #expect(transport.pages == [3, 4, 5])
            #expect(try await fleet.recordCount() == 15)
            #expect(
                try await fleet.value("select attempt from portolan.job_history", as: Int32.self) == 1,
                "a death is no attempt")
        }
    }

    @Test("a platform that asks to go on with another cursor gets it at once, and what it was leaves a flag")
    func goOnWith() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ in
                page == 2 ? ScriptedTransport.refusal(418) : ScriptedTransport.answer(page, of: 103)
            }
            #expect(try await fleet.runToEnd(job, transport) == "done")
            #expect(transport.pages == [1, 2, 102, 103])
            #expect(try await fleet.errorCodes() == ["data.too_large"])
        }
    }

    @Test("what does not answer in time is asked for less, where its platform knows how; a server that is away is not")
    func silence() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ throws(HTTPError) in
                if page == 2 { throw HTTPError(code: .timeoutFirstByte, message: "no answer", host: "shop.example") }
                return ScriptedTransport.answer(page, of: 103)
            }
            #expect(try await fleet.runToEnd(job, transport) == "done")
            #expect(transport.pages == [1, 2, 102, 103])
            #expect(try await fleet.errorCodes() == ["platform.timeout"])

            let again = try await fleet.enqueue()
            let away = ScriptedTransport { _, _ throws(HTTPError) in
                throw HTTPError(code: .timeoutConnect, message: "no connection", host: "shop.example")
            }
            try await fleet.runOnce(again, away)
            #expect(away.pages == [104])
        }
    }

    @Test("a platform that asks for nothing else is followed a bounded number of times, then it is a failure")
    func goOnForEver() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { _, _ in ScriptedTransport.refusal(418) }
            #expect(try await fleet.runToEnd(job, transport) { $0.goOnsMax = 3 } == "failed")
            #expect(transport.pages == [1, 101, 201, 301])
            #expect(try await fleet.errorCodes().last == "data.too_large")
        }
    }

    @Test("a platform that says wait is waited for without counting an attempt")
    func waits() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { _, _ in ScriptedTransport.refusal(429, [("Retry-After", "3600")]) }
            try await fleet.runOnce(job, transport)
            let row = try await fleet.pool.query(
                """
                select attempt, snoozes, run_at > now() + interval '59 minutes', last_error->>'code' from
                portolan.jobs
                """
            )[0]
            let read = try row.decode(Int32.self, Int32.self, Bool.self, String.self)
            #expect(read == (0, 1, true, "rate.limited_no_hint"))
            #expect(transport.pages == [1])
            #expect(try await fleet.streamState() == "new")
        }
    }

    @Test("a failure that may pass counts an attempt and comes back later")
    func retries() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { _, _ in ScriptedTransport.refusal(500) }
            try await fleet.runOnce(job, transport)
            let row = try await fleet.pool.query(
                "select attempt, snoozes, last_error->>'http_status' from portolan.jobs")[0]
            let read = try row.decode(Int32.self, Int32.self, String.self)
            #expect(read == (1, 0, "500"))
            #expect(try await fleet.errorCodes() == ["platform.internal"])
        }
    }

    @Test("the last attempt fails for good, but not when a page got through since")
    func lastAttempt() async throws {
        try await Fleet.with { fleet in
            let progressing = try await fleet.enqueue()
            try await fleet.pool.query("update portolan.jobs set attempt = 7")
            let later = ScriptedTransport { page, _ in
                page == 1 ? ScriptedTransport.answer(1, of: 5) : ScriptedTransport.refusal(500)
            }
            try await fleet.runOnce(progressing, later)
            #expect(try await fleet.value("select attempt from portolan.jobs", as: Int32.self) == 1)

            try await fleet.pool.query("update portolan.jobs set attempt = 7, run_at = now()")
            try await fleet.pool.query("update portolan.lanes set next_at = now(), head_at = '-infinity'")
            let never = ScriptedTransport { _, _ in ScriptedTransport.refusal(500) }
            #expect(try await fleet.runToEnd(progressing, never) == "failed")
            #expect(try await fleet.streamState() == "failing")
        }
    }

    @Test(
        "what stops a stream or a connection sets their states, and the job ends",
        arguments: [
            (401, "needs_reauth", "auth.credentials_invalid"), (402, "blocked", "account.suspended"),
            (404, "degraded", "platform.endpoint_gone"),
        ])
    func blocks(_ status: Int, _ connection: String, _ code: String) async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            #expect(
                try await fleet.runToEnd(job, ScriptedTransport { _, _ in ScriptedTransport.refusal(status) })
                    == "failed")
            #expect(try await fleet.streamState() == "blocked")
            #expect(try await fleet.connectionState() == connection)
            #expect(try await fleet.errorCodes() == [code])
            #expect(
                try await fleet.value("select next_due_at > portolan.now() + interval '5 hours' from portolan.streams")
                    == true, "it is tried again, but not soon")
        }
    }

    @Test(
        "a transport that fails is told in the one vocabulary",
        arguments: [
            (HTTPError.Code.timeoutConnect, "network.timeout"), (.dns, "network.dns"), (.tlsUntrusted, "tls.untrusted"),
        ])
    func transportErrors(_ code: HTTPError.Code, _ name: String) async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { _, _ throws(HTTPError) in
                throw HTTPError(code: code, message: "it broke", host: "shop.example")
            }
            try await fleet.runOnce(job, transport)
            #expect(try await fleet.errorCodes() == [name])
            #expect(try await fleet.value("select route from portolan.errors") == "/orders")
        }
    }

    @Test("a slice that used up its pages yields, and the job goes on in the next")
    func slices() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 5) }
            #expect(try await fleet.runToEnd(job, transport) { $0.slicePagesMax = 2 } == "done")
            #expect(transport.pages == [1, 2, 3, 4, 5])
            let words = fleet.logs.text.split(separator: "\n").filter { $0.hasPrefix("slice ended") }
            #expect(words.filter { $0.contains("yield") }.count == 2)
        }
    }

    @Test("a worker that is asked to drain commits the page under way, gives the job back and leaves")
    func drain() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let group = Shared<ServiceGroup?>(nil)
            let transport = ScriptedTransport { page, _ in
                if page == 2 {
                    await group.value?.triggerGracefulShutdown()
                    // Heard here after the worker, which has asked before.
                    try? await gracefulShutdown()
                }
                return ScriptedTransport.answer(page, of: 50)
            }
            let made = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [.init(service: fleet.worker(transport))], logger: TestPostgres.logger))
            group.update { $0 = made }
            try await made.run()
            #expect(transport.pages == [1, 2])
            #expect(try await fleet.recordCount() == 6)
            let state: String = try await fleet.value("select state from portolan.jobs_now where job_id = $1", [job])
            #expect(state == "queued")
            #expect(try await fleet.value("select attempt + snoozes from portolan.jobs", as: Int32.self) == 0)
            #expect(try await fleet.value("select count(*) from portolan.workers", as: Int64.self) == 0)
        }
    }

    @Test("a running job that is cancelled or whose lane is paused stops after its page")
    func cancelled() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ in
                if page == 2 { _ = try? await fleet.pool.query("select portolan.cancel($1)", [job]) }
                return ScriptedTransport.answer(page, of: 50)
            }
            #expect(try await fleet.runToEnd(job, transport) == "cancelled")
            #expect(transport.pages == [1, 2])
            #expect(try await fleet.recordCount() == 6)
        }
    }

    @Test("a worker whose lease was taken writes nothing and reports nothing")
    func leaseTaken() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ in
                if page == 2 {
                    _ = try? await fleet.pool.query(
                        "update portolan.leases set token = gen_random_uuid(), deadline = now() + interval '1 hour'")
                }
                return ScriptedTransport.answer(page, of: 50)
            }
            try await fleet.run(transport) { _ in
                try await waitUntil("the slice to end") { fleet.logs.text.contains("slice abandoned") }
            }
            #expect(try await fleet.recordCount() == 3)
            #expect(try await fleet.ending(job) == nil)
            #expect(try await fleet.errorCodes().isEmpty)
            #expect(transport.pages == [1, 2])
        }
    }
}
