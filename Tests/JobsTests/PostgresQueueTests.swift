import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

/// What the queue in the database has beyond the one in memory: rows, transactions, and people who write SQL.
@Suite("The queue in the database", .serialized)
struct PostgresQueueTests {
    // MARK: Enqueueing

    @Test("a job is stored with what it was given, and its lane is ready")
    func columns() async throws {
        try await TestQueue.with { test in
            let connection = try await test.lab.addConnection()
            let job = try await test.lab.enqueue(connection, band: .report, key: "k", attemptsMax: 3)
            let row = try await test.pool.query(
                """
                select band, rank::integer, dedupe_key, max_attempts, args->>'resource', run_at = portolan.now()
                from portolan.jobs where job_id = $1
                """, [job])[0]
            let read = try row.decode(String.self, Int32.self, String.self, Int32.self, String.self, Bool.self)
            #expect(read == ("report", 2, "k", 3, "orders", true))
            let lane: String = try await test.value("select state || ' ' || band from portolan.lanes")
            #expect(lane == "ready report")
        }
    }

    @Test("a job enqueued in a transaction that is rolled back leaves nothing")
    func rolledBack() async throws {
        struct Refused: Error {}
        try await TestQueue.with { test in
            let connection = try await test.lab.addConnection()
            await #expect(throws: PostgresTransactionError.self) {
                try await test.pool.withTransaction { transaction in
                    _ = try await PostgresQueue.enqueue(
                        [NewJob(connectionID: connection, kind: "twice")], in: transaction)
                    throw Refused()
                }
            }
            #expect(
                try await test.count(
                    "select (select count(*) from portolan.jobs) + (select count(*) from portolan.lanes)") == 0)
            #expect(try await test.lab.claim().isEmpty)
        }
    }

    @Test("a job enqueued in the caller's transaction can be claimed from its commit on")
    func callersTransaction() async throws {
        try await TestQueue.with { test in
            let connection = try await test.lab.addConnection()
            let ids = try await test.pool.withTransaction { transaction in
                try await PostgresQueue.enqueue([NewJob(connectionID: connection, kind: "twice")], in: transaction)
            }
            #expect(try await test.lab.claim().map(\.jobID) == ids)
        }
    }

    @Test("a sync is enqueued by the names people use, and a name that does not exist is said")
    func byName() async throws {
        try await TestQueue.with { test in
            let connection: Int64 = try await test.value(
                """
                select portolan.add_connection('toy', 'shop', 'https://shop.example', '{}', array['orders'],
                  array['main'], array[interval '60 s'])
                """)
            let job = try await test.queue.enqueueSync(connection: "shop", resource: "orders", band: .urgent)
            #expect(try await test.queue.enqueueSync(connection: "shop", resource: "orders", band: .urgent) == job)
            let claimed = try await test.lab.claimOne()
            #expect(claimed.jobID == job && claimed.connectionID == connection && claimed.band == .urgent)
            let arguments = try JSONDecoder().decode(SyncArguments.self, from: Data(claimed.arguments.utf8))
            #expect(arguments == SyncArguments(resource: "orders"))
            let message = try await test.lab.refusal {
                _ = try await test.queue.enqueueSync(connection: "shop", resource: "moons", band: .urgent)
            }
            #expect(message.contains("'moons'"))
        }
    }

    @Test("a kind whose arguments would hold a secret, or are not understood, cannot be declared")
    func kinds() async throws {
        try await TestQueue.with { test in
            for (fields, required) in [
                (#"{"api_key": "string"}"#, []), (#"{"when": "date"}"#, []), (#"{"n": "number"}"#, ["m"]),
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await test.pool.query(
                        "select portolan.define_kind('bad', $1, $2)", [PostgresJSON(fields), required])
                }
                #expect(error?.sqlState == "22023")
            }
        }
    }

    @Test("words that do not exist are refused by every function that takes them")
    func unknownWords() async throws {
        try await TestQueue.with { test in
            let connection = try await test.lab.addConnection()
            try await test.lab.enqueue(connection)
            let lease = try await test.lab.claimOne().lease
            for (sql, parameters) in [
                ("select portolan.enqueue($1, 'twice', '{}', 'soon')", [connection]),
                ("select portolan.enqueue($1, 'twice', '{}', 'urgent', 'infinity')", [connection]),
                ("select portolan.pause('planet', 'mars')", []), ("select portolan.pause('band', 'soon')", []),
                (
                    "select portolan.finish(array[$1::bigint], array[$2::uuid], array[1::bigint], array['poison'])",
                    [lease.laneID, lease.token]
                ),
            ] as [(SQL, [any PostgresEncodable])] {
                let error = await #expect(throws: PostgresError.self) { try await test.pool.query(sql, parameters) }
                #expect(error?.sqlState == "22023")
            }
            let bands: [String] = try await test.value(
                "select array_agg(b order by portolan.band_rank(b)) from unnest($1::text[]) b",
                [Band.allCases.map(\.rawValue)])
            #expect(bands == Band.allCases.map(\.rawValue))
        }
    }

    // MARK: Workers

    @Test("a worker is asked to drain through its row, and hears it at its next beat and its next page")
    func drain() async throws {
        try await TestQueue.with { test in
            try await test.lab.enqueue(try await test.lab.addConnection())
            let lease = try await test.lab.claimOne()
            try await test.pool.query("update portolan.workers set draining = true")
            #expect(try await test.lab.beat(test.worker))
            #expect(try await test.lab.prove(lease) == Proof(isDraining: true))
        }
    }

    @Test("the row of a worker that died goes once nothing is leased to it; one that leaves takes its own along")
    func workerRows() async throws {
        try await TestQueue.with { test in
            try await test.lab.enqueue(try await test.lab.addConnection())
            let dead = try await test.lab.mortal()
            _ = try await test.lab.claimOne(worker: dead)
            let leaving = try await test.lab.mortal()
            try await test.queue.leave(worker: leaving)
            func workers() async throws -> Int64 {
                try await test.pool.query("update portolan.maintenance set next_at = '-infinity'")
                _ = try await test.queue.maintain()
                return try await test.count("select count(*) from portolan.workers")
            }
            try await test.lab.setTime(seconds: 81)
            #expect(try await workers() == 2, "who still holds something stays")
            #expect(try await test.queue.reap() == 1)
            #expect(try await workers() == 1)
        }
    }

    @Test("a dead worker's row has a grace of a minute")
    func grace() async throws {
        try await TestQueue.with { test in
            _ = try await test.lab.mortal()
            for (second, left) in [(80.0, Int64(2)), (81, 1)] {
                try await test.lab.setTime(seconds: second)
                try await test.pool.query("update portolan.maintenance set next_at = '-infinity'")
                _ = try await test.queue.maintain()
                #expect(try await test.count("select count(*) from portolan.workers") == left)
            }
        }
    }
}
