import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

/// What ending a run leaves in the database.
@Suite("Finishing in the database", .serialized)
struct PostgresFinishTests {
    @Test("what ends moves to history, and nothing of it stays behind")
    func history() async throws {
        try await TestQueue.with { test in
            try await test.lab.enqueue(try await test.lab.addConnection(), key: "k")
            let lease = try await test.lab.claimOne()
            #expect(try await test.queue.prove(lease, records: 7, checkpoint: #"{"page": 2}"#) != nil)
            #expect(
                try await test.value("select checkpoint->>'page' from portolan.jobs", as: String.self) == "2")
            #expect(try await test.lab.finish(lease, .done) == .done)
            let row = try await test.pool.query(
                """
                select attempt, pages_count, records_count, dedupe_key, worker_id, started_at is not null
                from portolan.job_history
                """)[0]
            let read = try row.decode(Int32.self, Int32.self, Int64.self, String.self, UUID.self, Bool.self)
            #expect(read == (1, 1, 7, "k", test.worker, true))
            #expect(
                try await test.count(
                    "select (select count(*) from portolan.jobs) + (select count(*) from portolan.leases)") == 0)
            #expect(try await test.value("select state from portolan.lanes", as: String.self) == "idle")
        }
    }

    @Test("who will not wait is told that a lane is held by an open transaction, and nothing is changed")
    func busy() async throws {
        try await withPool(connectionsMax: 2) { pool in
            let lab = QueueLab(bench: PostgresBench(pool: pool))
            _ = try await lab.beat(lab.worker)
            var connections: [Int64] = []
            for _ in 0..<2 {
                connections.append(try await lab.addConnection())
                try await lab.enqueue(connections[connections.count - 1])
            }
            let leases = try await lab.claim(kinds: ["sync": 1])
            try #require(leases.map(\.connectionID) == connections)
            let before = try await lab.describe(leases[0].jobID)
            let reports = leases.map { Report($0, .done) }
            try await pool.withTransaction { transaction in
                try await transaction.query(
                    "select from portolan.lanes where lane_id = $1 for update", [leases[0].lease.laneID])
                #expect(try await lab.queue.finish(reports, waits: false) == [.busy, .done])
                #expect(try await lab.queue.finish(reports, waits: false) == [.busy, .stale])
            }
            #expect(try await lab.describe(leases[0].jobID) == before)
            #expect(try await lab.queue.finish(reports, waits: false) == [.done, .stale])
        }
    }

    // MARK: With an error

    private static let fatal = PostgresJSON(#"{"code": "x.y", "fault": "ours", "policy": "fail", "message": "no"}"#)

    @Test("finishing with an error keeps the error and tells stream and connection, in one go")
    func finishWithError() async throws {
        try await TestQueue.with { test in
            let connection: Int64 = try await test.value(
                """
                select portolan.add_connection('toy', 'shop', 'https://shop.example', '{}', array['orders', 'products'],
                  array['main', 'main'], array[interval '60 s', interval '60 s'])
                """)
            let job = try await test.lab.enqueue(connection)
            let error = PostgresJSON(
                """
                {"code": "auth.credentials_invalid", "fault": "merchant", "policy": "needs_reauth", "message": "no",
                 "http_status": 401, "retry_after_ms": 1500}
                """)
            let result = try await test.queue.finish(
                try await test.lab.claimOne(), .failed, error: error, resource: "orders", streamState: "blocked",
                event: "auth")
            #expect(result == .failed)
            #expect(try await test.lab.describe(job).errorCode == "auth.credentials_invalid")
            let row = try await test.pool.query(
                """
                select e.code, e.http_status, e.job_id, e.worker_id, e.retry_after, e.resource, s.state, s.state_code,
                       s.next_due_at > portolan.now() + interval '5 hours', c.state
                from portolan.errors e join portolan.connections c using (connection_id)
                join portolan.streams s on s.connection_id = c.connection_id and s.resource = e.resource
                """)[0]
            let read = try row.decode(
                String.self, Int32.self, Int64.self, UUID.self, Duration.self, String.self, String.self, String.self,
                Bool.self, String.self)
            #expect(read.0 == "auth.credentials_invalid" && read.1 == 401 && read.2 == job && read.3 == test.worker)
            #expect(read.4 == .milliseconds(1500) && read.5 == "orders" && read.6 == "blocked")
            #expect(read.7 == "auth.credentials_invalid" && read.8 && read.9 == "needs_reauth")
            let other: String = try await test.value("select state from portolan.streams where resource = 'products'")
            #expect(other == "new", "another stream is left as it was")
        }
    }

    @Test("finishing with an error under a lost lease leaves neither error nor state")
    func finishWithErrorStale() async throws {
        try await TestQueue.with { test in
            try await test.lab.enqueue(try await test.lab.addConnection())
            let lease = try await test.lab.claimOne()
            #expect(try await test.lab.finish(lease, .yield) == .yield)
            let result = try await test.queue.finish(
                lease, .failed, error: Self.fatal, resource: "orders", streamState: "blocked",
                event: "block")
            #expect(result == .stale)
            #expect(try await test.count("select count(*) from portolan.errors") == 0)
            #expect(try await test.count("select count(*) from portolan.streams where state <> 'new'") == 0)
            #expect(
                try await test.count("select count(*) from portolan.connections where not portolan.runs(state)") == 0)
        }
    }

    @Test("a connection that a person switched off stays off, whatever its last job says")
    func disabledStays() async throws {
        try await TestQueue.with { test in
            try await test.lab.enqueue(try await test.lab.addConnection())
            let lease = try await test.lab.claimOne()
            try await test.pool.query("update portolan.connections set state = 'disabled'")
            _ = try await test.queue.finish(
                lease, .failed, error: Self.fatal, resource: "orders", streamState: "blocked",
                event: "block")
            #expect(
                try await test.value("select state from portolan.connections", as: String.self) == "disabled")
        }
    }
}
