import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

@Suite("Finishing", .serialized)
struct FinishTests {
    @Test(
        "what ends here moves to history, with everything that was known of it",
        arguments: [(Outcome.done, "done"), (.failed, "failed")])
    func ends(_ outcome: Outcome, _ word: String) async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"), key: "k")
            let lease = try await test.claimOne()
            #expect(try await test.prove(lease, records: 7) != nil)
            #expect(try await test.finish(lease, outcome) == word)
            #expect(try await test.ending(of: job) == word)
            #expect(try await !test.isLive(job))
            let row = try #require(
                try await test.pool.query(
                    """
                    select attempt, pages_count, records_count, dedupe_key, worker_id, started_at is not null
                    from portolan.job_history
                    """
                ).first)
            let read = try row.decode(Int32.self, Int32.self, Int64.self, String.self, UUID.self, Bool.self)
            #expect(read == (1, 1, 7, "k", test.worker, true))
            #expect(try await test.count("select count(*) from portolan.leases") == 0)
            let state: String = try await test.value("select state from portolan.lanes")
            #expect(state == "idle")
        }
    }

    @Test("a retry counts an attempt and waits for its time")
    func retry() async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"))
            #expect(try await test.finish(try await test.claimOne(), .retry(after: .seconds(30))) == "retry")
            #expect(try await test.job(job, "attempt", as: Int32.self) == 1)
            try await test.setTime(seconds: 29)
            #expect(try await test.claim().isEmpty)
            try await test.setTime(seconds: 30)
            #expect(try await test.claimOne().attempt == 2)
        }
    }

    @Test("attempts are counted by retries alone")
    func onlyRetriesCount() async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"))
            for outcome in [Outcome.snooze(for: .zero), .yield, .release] {
                let lease = try await test.claimOne()
                #expect(lease.attempt == 1)
                #expect(try await test.finish(lease, outcome) == outcome.word)
            }
            #expect(try await test.job(job, "attempt", as: Int32.self) == 0)
            #expect(try await test.job(job, "snoozes", as: Int32.self) == 1)
        }
    }

    @Test("a page that got through resets the attempts")
    func progressResets() async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"), attemptsMax: 3)
            for round in 1...4 {
                #expect(try await test.finish(try await test.claimOne(), .retry(after: .zero)) == "retry")
                #expect(
                    try await test.finish(try await test.claimOne(), .retry(after: .zero)) == "retry", "round \(round)")
                let lease = try await test.claimOne()
                #expect(lease.attempt == 3)
                #expect(try await test.prove(lease, records: 10, checkpoint: #"{"page": 2}"#) != nil)
                #expect(try await test.finish(lease, .yield) == "yield")
                #expect(try await test.job(job, "attempt", as: Int32.self) == 0)
            }
            #expect(try await test.job(job, "pages_count", as: Int32.self) == 4)
            #expect(try await test.job(job, "records_count", as: Int64.self) == 40)
            #expect(try await test.job(job, "checkpoint->>'page'", as: String.self) == "2")
        }
    }

    @Test("the last attempt fails for good")
    func attemptsMax() async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"), attemptsMax: 2)
            #expect(try await test.finish(try await test.claimOne(), .retry(after: .zero)) == "retry")
            #expect(try await test.finish(try await test.claimOne(), .retry(after: .zero)) == "failed")
            #expect(try await test.ending(of: job) == "failed")
            #expect(try await test.count("select attempt::bigint from portolan.job_history") == 2)
        }
    }

    @Test("a snooze waits for its time however often, and never runs out of attempts")
    func snooze() async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"), attemptsMax: 1)
            for round in 1...20 {
                #expect(try await test.finish(try await test.claimOne(), .snooze(for: .seconds(10))) == "snooze")
                try await test.setTime(seconds: Double(round) * 10 - 1)
                #expect(try await test.claim().isEmpty)
                try await test.setTime(seconds: Double(round) * 10)
            }
            #expect(try await test.job(job, "snoozes", as: Int32.self) == 20)
        }
    }

    @Test("a job that yields goes behind its lane's other jobs; one that is released stays before them")
    func yieldAndRelease() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let first = try await test.enqueue(connection)
            try await test.setTime(seconds: 1)
            let second = try await test.enqueue(connection)
            try await test.setTime(seconds: 2)
            #expect(try await test.finish(try await test.claimOne(), .release) == "release")
            let again = try await test.claimOne()
            #expect(again.jobID == first)
            #expect(try await test.finish(again, .yield) == "yield")
            #expect(try await test.claimOne().jobID == second)
        }
    }

    @Test("whoever lost the lease changes nothing, whatever they report")
    func stale() async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"))
            let lost = try await test.claimOne()
            #expect(try await test.finish(lost, .yield) == "yield")
            let held = try await test.claimOne()
            for outcome in [Outcome.done, .failed, .retry(after: .zero), .snooze(for: .zero), .yield, .release] {
                #expect(try await test.finish(lost, outcome) == "stale")
            }
            let forged = LeasedJob(
                lease: Lease(laneID: held.lease.laneID, token: UUID()), jobID: job, kind: "sync", attempt: 1,
                arguments: "{}", connectionID: held.connectionID, platform: "toy", band: .incremental)
            #expect(try await test.finish(forged, .done) == "stale")
            #expect(try await test.prove(lost) == nil)
            #expect(try await test.job(job, "attempt", as: Int32.self) == 0)
            #expect(try await test.finish(held, .done) == "done")
            #expect(try await test.finish(held, .done) == "stale", "a second report")
        }
    }

    @Test("many leases end in one call, each with its own outcome, answered in the order given")
    func batch() async throws {
        try await TestQueue.with { test in
            for number in 0..<4 { try await test.enqueue(try await test.addConnection("c\(number)")) }
            let jobs = try await test.claim()
            let outcomes: [Outcome] = [.done, .retry(after: .seconds(5)), .failed, .yield]
            let gone = jobs[2]
            #expect(try await test.finish(gone, .yield) == "yield")
            #expect(
                try await test.queue.finish(Array(zip(jobs, outcomes)).map { (job: $0, outcome: $1) })
                    == ["done", "retry", "stale", "yield"])
        }
    }

    @Test("an outcome that does not exist is refused")
    func unknownOutcome() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a"))
            let lease = try await test.claimOne()
            let error = await #expect(throws: PostgresError.self) {
                try await test.pool.query(
                    "select portolan.finish(array[$1::bigint], array[$2::uuid], array[$3::bigint], array['poison'])",
                    [lease.lease.laneID, lease.lease.token, lease.jobID])
            }
            #expect(error?.sqlState == "22023")
        }
    }

    @Test("every outcome in Swift is one that the database takes")
    func words() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            for outcome in [Outcome.done, .failed, .retry(after: .zero), .snooze(for: .zero), .yield, .release] {
                try await test.enqueue(connection)
                #expect(try await test.finish(try await test.claimOne(), outcome) == outcome.word)
            }
            let bands: [String] = try await test.value(
                "select array_agg(b order by portolan.band_rank(b)) from unnest($1::text[]) b",
                [Band.allCases.map(\.rawValue)])
            #expect(bands == Band.allCases.map(\.rawValue))
        }
    }

    @Test("a job that is cancelled while it waits is gone at once")
    func cancelQueued() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection)
            let other = try await test.enqueue(connection, band: .backfill)
            #expect(try await test.value("select portolan.cancel($1)", [job]) == "cancelled")
            #expect(try await test.ending(of: job) == "cancelled")
            #expect(try await test.value("select portolan.cancel($1)", [job]) == "not waiting")
            // The lane still stands under the band of the head it lost; a claim finds out and corrects it.
            var claimed = try await test.claim()
            if claimed.isEmpty {
                try await test.setTime(seconds: 2)
                claimed = try await test.claim()
            }
            #expect(claimed.map(\.jobID) == [other])
        }
    }

    @Test("a running job is told to stop at its next page, and ends as cancelled unless it was done first")
    func cancelRunning() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection)
            let lease = try await test.claimOne()
            #expect(try await test.prove(lease)?.isCancelled == false)
            #expect(try await test.value("select portolan.cancel($1)", [job]) == "asked to stop")
            #expect(try await test.prove(lease)?.isCancelled == true)
            #expect(try await test.finish(lease, .yield) == "cancelled")
            #expect(try await test.ending(of: job) == "cancelled")

            let second = try await test.enqueue(connection)
            let quick = try await test.claimOne()
            #expect(try await test.value("select portolan.cancel($1)", [second]) == "asked to stop")
            #expect(try await test.finish(quick, .done) == "done")
        }
    }

    @Test("a page tells that the lane was paused, that the worker should drain, and that something more urgent waits")
    func answers() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            try await test.enqueue(connection, band: .backfill)
            let lease = try await test.claimOne()
            try await test.enqueue(connection, band: .urgent, delay: 60)
            #expect(try await test.prove(lease) == TestQueue.Proof())
            try await test.setTime(seconds: 60)
            #expect(try await test.prove(lease) == TestQueue.Proof(isYieldWanted: true))
            try await test.pool.query("select portolan.pause_lane($1)", [lease.lease.laneID])
            try await test.pool.query("update portolan.workers set draining = true")
            #expect(
                try await test.prove(lease) == TestQueue.Proof(isPaused: true, isDraining: true, isYieldWanted: true))
        }
    }

    @Test("a paused lane is not claimed, and stays paused through finish and reap")
    func pause() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            try await test.enqueue(connection)
            let lease = try await test.claimOne()
            try await test.pool.query("select portolan.pause_lane($1)", [lease.lease.laneID])
            #expect(try await test.finish(lease, .yield) == "yield")
            #expect(try await test.claim().isEmpty)
            try await test.pool.query("select portolan.pause_lane($1, false)", [lease.lease.laneID])
            _ = try await test.claimOne(worker: UUID())
            try await test.pool.query("select portolan.pause_lane($1)", [lease.lease.laneID])
            #expect(try await test.queue.reap() == 1)
            try await test.enqueue(connection, band: .urgent)
            #expect(try await test.claim().isEmpty)
            try await test.pool.query("select portolan.pause_lane($1, false)", [lease.lease.laneID])
            #expect(try await test.claim().count == 1)
        }
    }

    @Test("finishing with an error keeps the error and tells stream and connection, in one go")
    func finishWithError() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection)
            let lease = try await test.claimOne()
            let error = PostgresJSON(
                """
                {"code": "auth.credentials_invalid", "fault": "merchant", "policy": "needs_reauth", "message": "no",
                 "http_status": 401, "retry_after_ms": 1500}
                """)
            let result = try await test.queue.finish(
                lease, .failed, error: error, resource: "orders", streamState: "blocked",
                connectionState: "needs_reauth")
            #expect(result == "failed")
            let row = try #require(
                try await test.pool.query(
                    """
                    select e.code, e.http_status, e.job_id, e.worker_id, e.retry_after, e.resource, s.state, s.state_code,
                           s.next_due_at is null, c.state, h.error->>'code'
                    from portolan.errors e join portolan.connections c using (connection_id)
                    join portolan.streams s on s.connection_id = c.connection_id and s.resource = e.resource
                    join portolan.job_history h on h.job_id = e.job_id
                    """
                ).first)
            let read = try row.decode(
                String.self, Int32.self, Int64.self, UUID.self, Duration.self, String.self, String.self, String.self,
                Bool.self, String.self, String.self)
            #expect(read.0 == "auth.credentials_invalid" && read.1 == 401 && read.2 == job && read.3 == test.worker)
            #expect(read.4 == .milliseconds(1500) && read.5 == "orders" && read.6 == "blocked")
            #expect(read.7 == "auth.credentials_invalid" && read.8 && read.9 == "needs_reauth")
            #expect(read.10 == "auth.credentials_invalid")
            let other: String = try await test.value("select state from portolan.streams where resource = 'products'")
            #expect(other == "new", "another stream is left as it was")
        }
    }

    @Test("finishing with an error under a lost lease leaves neither error nor state")
    func finishWithErrorStale() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a"))
            let lease = try await test.claimOne()
            #expect(try await test.finish(lease, .yield) == "yield")
            let error = PostgresJSON(#"{"code": "x.y", "fault": "ours", "policy": "fail", "message": "no"}"#)
            let result = try await test.queue.finish(
                lease, .failed, error: error, resource: "orders", streamState: "blocked", connectionState: "blocked")
            #expect(result == "stale")
            #expect(try await test.count("select count(*) from portolan.errors") == 0)
            #expect(try await test.count("select count(*) from portolan.streams where state <> 'new'") == 0)
            #expect(try await test.count("select count(*) from portolan.connections where state <> 'active'") == 0)
        }
    }

    @Test("a connection that a person switched off stays off, whatever its last job says")
    func disabledStays() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a"))
            let lease = try await test.claimOne()
            try await test.pool.query("update portolan.connections set state = 'disabled'")
            let error = PostgresJSON(#"{"code": "x.y", "fault": "ours", "policy": "fail", "message": "no"}"#)
            _ = try await test.queue.finish(
                lease, .failed, error: error, resource: "orders", streamState: "blocked", connectionState: "blocked")
            let state: String = try await test.value("select state from portolan.connections")
            #expect(state == "disabled")
        }
    }
}
