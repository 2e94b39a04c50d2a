import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

@Suite("Enqueueing", .serialized)
struct EnqueueTests {
    @Test("an enqueued job waits with what it was given, and its lane is ready")
    func single() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, band: .report, key: "k", attemptsMax: 3)
            let row = try #require(
                try await test.pool.query(
                    """
                    select kind, band, rank::integer, dedupe_key, max_attempts, attempt, args->>'resource', run_at = portolan.now()
                    from portolan.jobs where job_id = $1
                    """, [job]
                ).first)
            let read = try row.decode(
                String.self, String.self, Int32.self, String.self, Int32.self, Int32.self, String.self, Bool.self)
            #expect(read.0 == "sync" && read.1 == "report" && read.2 == 2 && read.3 == "k" && read.4 == 3)
            #expect(read.5 == 0 && read.6 == "orders" && read.7)
            #expect(try await test.stateNow(job) == "queued")
            let lane: String = try await test.value("select state || ' ' || band from portolan.lanes")
            #expect(lane == "ready report")
        }
    }

    @Test("many jobs are enqueued at once, their ids in the order given, each connection with its lane")
    func many() async throws {
        try await TestQueue.with { test in
            let first = try await test.addConnection("a")
            let second = try await test.addConnection("b")
            let ids: [Int64] = try await test.value(
                "select portolan.enqueue_many($1, $2, $3, $4)",
                [
                    [second, first, second], ["sync", "other", "sync"],
                    [PostgresJSON(#"{"n": 0}"#), PostgresJSON(#"{"n": 1}"#), PostgresJSON(#"{"n": 2}"#)],
                    ["incremental", "urgent", "backfill"],
                ])
            #expect(Set(ids).count == 3)
            for (index, id) in ids.enumerated() {
                #expect(try await test.job(id, "(args->>'n')::integer", as: Int32.self) == Int32(index))
            }
            #expect(try await test.count("select count(*) from portolan.lanes where state = 'ready'") == 2)
            #expect(try await test.job(ids[0], "connection_id", as: Int64.self) == second)
        }
    }

    @Test("an equal job that waits is the answer, and nothing is added")
    func dedupeWhileQueued() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, key: "k")
            #expect(try await test.enqueue(connection, key: "k") == job)
            #expect(try await test.enqueue(connection, key: "other") != job)
            #expect(try await test.enqueue(connection, key: "k", family: "bulk") != job, "another lane")
            let ids: [Int64] = try await test.value(
                "select portolan.enqueue_many($1, $2, $3, null, null, $4)",
                [
                    [connection, connection], ["sync", "sync"], [PostgresJSON("{}"), PostgresJSON("{}")],
                    ["new", "new"],
                ])
            #expect(ids[0] == ids[1], "twins within one call")
            #expect(try await test.count("select count(*) from portolan.jobs") == 4)
        }
    }

    @Test("an equal job enqueued more urgently and sooner lifts the one that waits")
    func dedupeLifts() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, band: .backfill, delay: 600, key: "k")
            #expect(try await test.enqueue(connection, band: .urgent, key: "k") == job)
            #expect(try await test.job(job, "band", as: String.self) == "urgent")
            #expect(try await test.claimOne().jobID == job)
        }
    }

    @Test("an equal job enqueued less urgently and later changes nothing")
    func dedupeNeverDemotes() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, band: .urgent, key: "k")
            #expect(try await test.enqueue(connection, band: .backfill, delay: 600, key: "k") == job)
            #expect(try await test.job(job, "band", as: String.self) == "urgent")
            #expect(try await test.claimOne().jobID == job)
        }
    }

    @Test("a running job never swallows a follow-up")
    func followUp() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let running = try await test.enqueue(connection, key: "k")
            let lease = try await test.claimOne()
            let followUp = try await test.enqueue(connection, key: "k")
            #expect(followUp != running)
            #expect(try await test.enqueue(connection, key: "k") == followUp, "the follow-up swallows the next")
            #expect(try await test.finish(lease, .done) == "done")
            #expect(try await test.claimOne().jobID == followUp)
        }
    }

    @Test("a job that comes back to wait merges with its twin and keeps the more urgent band")
    func mergeOnRequeue() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, band: .backfill, key: "k")
            let lease = try await test.claimOne()
            let twin = try await test.enqueue(connection, band: .urgent, key: "k")
            #expect(try await test.finish(lease, .retry(after: .seconds(30))) == "retry")
            #expect(try await test.ending(of: twin) == "merged")
            #expect(try await test.job(job, "band", as: String.self) == "urgent")
            #expect(try await test.count("select count(*) from portolan.jobs") == 1)
            try await test.setTime(seconds: 31)
            #expect(try await test.claimOne().band == .urgent)
        }
    }

    @Test("a job enqueued in a transaction that is rolled back leaves nothing")
    func rolledBack() async throws {
        struct Refused: Error {}
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            await #expect(throws: PostgresTransactionError.self) {
                try await test.pool.withTransaction { transaction in
                    try await transaction.query("select portolan.enqueue($1, 'sync')", [connection])
                    throw Refused()
                }
            }
            #expect(
                try await test.count(
                    "select (select count(*) from portolan.jobs) + (select count(*) from portolan.lanes)") == 0)
            #expect(try await test.claim().isEmpty)
        }
    }

    @Test("a job enqueued in the caller's transaction can be claimed from its commit on")
    func callersTransaction() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            try await test.pool.withTransaction { transaction in
                try await transaction.query("select portolan.enqueue($1, 'sync')", [connection])
            }
            #expect(try await test.claim().count == 1)
        }
    }

    @Test("enqueueing for a connection that does not exist is refused")
    func unknownConnection() async throws {
        try await TestQueue.with { test in
            let error = await #expect(throws: PostgresError.self) { try await test.enqueue(999) }
            #expect(error?.sqlState == "23503")
        }
    }

    @Test("a sync is enqueued by the names people use, and a name that does not exist is said")
    func byName() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("shop")
            let job = try await test.queue.enqueueSync(connection: "shop", resource: "orders", band: .urgent)
            #expect(try await test.queue.enqueueSync(connection: "shop", resource: "orders", band: .urgent) == job)
            let claimed = try await test.claimOne()
            #expect(claimed.jobID == job && claimed.connectionID == connection && claimed.band == .urgent)
            let arguments = try JSONDecoder().decode(SyncArguments.self, from: Data(claimed.arguments.utf8))
            #expect(arguments == SyncArguments(resource: "orders"))
            let error = await #expect(throws: PostgresError.self) {
                try await test.queue.enqueueSync(connection: "shop", resource: "moons", band: .urgent)
            }
            #expect(error?.serverMessage?.contains("'moons'") == true)
        }
    }
}
