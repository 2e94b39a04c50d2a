import FoundationEssentials
import Jobs
import Logging
import Postgres
import ServiceLifecycle
import TestKit
import Testing

@testable import Scheduler

@Suite("Scheduling", .serialized)
struct SchedulerTests {
    private static func addConnections(_ count: Int32, interval: String = "60 s", _ pool: PostgresPool) async throws {
        try await pool.query(
            """
            select portolan.add_connection('toy', 'c' || n, 'https://shop.example', '{}', array['orders', 'products'],
              array['main', 'main'], array[$2::text::interval, $2::text::interval])
            from generate_series(1, $1) n
            """, [count, interval])
    }

    private static func value<Value: PostgresDecodable>(
        _ sql: SQL, _ pool: PostgresPool, as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql).first).decode(at: 0)
    }

    /// How many streams were due, and how many jobs that made.
    private static func tick(_ pool: PostgresPool, _ limit: Int = 10) async throws -> [Int] {
        let (due, enqueued) = try await PostgresQueue(pool: pool).enqueueDue(limit: limit)
        return [due, enqueued]
    }

    @Test("schedulers side by side enqueue each due stream exactly once", .timeLimit(.minutes(1)), arguments: [2, 10])
    func exactlyOnce(_ schedulers: Int) async throws {
        try await withPool(connectionsMax: 12) { pool in
            try await Self.addConnections(500, pool)
            let enqueued = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<schedulers {
                    group.addTask {
                        var sum = 0
                        while try await Self.value(
                            "select exists (select from portolan.streams where next_due_at <= now())", pool,
                            as: Bool.self)
                        {
                            sum += try await PostgresQueue(pool: pool).enqueueDue(limit: 37).enqueued
                        }
                        return sum
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(enqueued == 1000)
            let jobs = try await pool.query(
                """
                select count(*), count(distinct (connection_id, args->>'resource')) from portolan.jobs where kind
                = 'sync' and band = 'incremental'
                """
            )[0]
            .decode(Int64.self, Int64.self)
            #expect(jobs == (1000, 1000))
            #expect(
                try await Self.value(
                    "select count(*) from portolan.streams where enqueued_at is null", pool, as: Int64.self) == 0)
            #expect(try await Self.tick(pool, 1000) == [0, 0])
        }
    }

    @Test("a stream whose sync still waits or runs is only moved on")
    func busy() async throws {
        try await withPool(connectionsMax: 1) { pool in
            let queue = PostgresQueue(pool: pool)
            try await Self.addConnections(1, pool)
            #expect(try await Self.tick(pool, 10) == [2, 2])
            let worker = UUID()
            _ = try await queue.beat(worker: worker, host: "h", version: "1", ttl: .seconds(600))
            let running = try await queue.claim(
                Claim(
                    worker: worker, wishes: [.init(platform: "toy", band: .incremental)], lanes: 1, kinds: ["sync": 1]))
            #expect(running.count == 1)
            try await pool.query(
                "update portolan.streams set next_due_at = now() - interval '1 s', enqueued_at = 'epoch'")
            #expect(try await Self.tick(pool, 10) == [2, 0])
            #expect(try await Self.value("select count(*) from portolan.jobs", pool, as: Int64.self) == 2)
            #expect(
                try await Self.value(
                    "select bool_and(next_due_at > now() and enqueued_at = 'epoch') from portolan.streams", pool)
                    == true)
            #expect(try await queue.finish(running[0], .done) == .done)
            try await pool.query("update portolan.streams set next_due_at = now() - interval '1 s'")
            #expect(try await Self.tick(pool, 10) == [2, 1], "the one that is done is enqueued again")
        }
    }

    @Test(
        "streams of a connection that is not active are not enqueued",
        arguments: ["needs_reauth", "blocked", "disabled"])
    func notActive(_ state: String) async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await Self.addConnections(2, pool)
            try await pool.query("update portolan.connections set state = $1 where name = 'c1'", [state])
            #expect(try await Self.tick(pool, 10) == [4, 2])
            let names: [String] = try await Self.value(
                """
                select array_agg(distinct c.name) from portolan.jobs join portolan.connections c using
                (connection_id)
                """,
                pool)
            #expect(names == ["c2"])
        }
    }

    @Test("a stream that has no due time, such as a blocked one, is left alone")
    func neverDue() async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await Self.addConnections(1, pool)
            try await pool.query(
                "update portolan.streams set state = 'blocked', next_due_at = null where resource = 'orders'")
            #expect(try await Self.tick(pool, 10) == [1, 1])
            #expect(
                try await Self.value("select next_due_at is null from portolan.streams where resource = 'orders'", pool)
                    == true)
        }
    }

    @Test(
        "the next due time is never later than the interval and spreads the load; a first interval may be any part",
        arguments: ["1 second", "60 s", "1 day"])
    func jitter(_ interval: String) async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await Self.addConnections(250, interval: interval, pool)
            for (now, least, isFirst) in [("2030-01-01 00:00+00", 0.1, true), ("2030-02-01 00:00+00", 0.8, false)] {
                // Due for long: the delay is not made up for.
                try await pool.query("select set_config('portolan.now', $1, false)", [now])
                #expect(try await PostgresQueue(pool: pool).enqueueDue(limit: 1000) == (500, isFirst ? 500 : 0))
                let row = try await pool.query(
                    """
                    select count(*) filter (where s.share between $1 and 1), count(distinct s.share),
                           count(*) filter (where s.next_due_at > portolan.now()), avg(s.share)::double precision
                    from (select next_due_at,
                                 extract(epoch from next_due_at - portolan.now()) / extract(epoch from interval) as share
                          from portolan.streams) s
                    """, [least])[0]
                let (within, different, future, average) = try row.decode(
                    Int64.self, Int64.self, Int64.self, Double.self)
                #expect(within == 500 && future == 500)
                #expect(different > 400)
                #expect(abs(average - (1 + least) / 2) < 0.05)
            }
        }
    }

    @Test("the service enqueues what is due, tick after tick, and stops when it is asked to", .timeLimit(.minutes(1)))
    func service() async throws {
        try await withPool { pool in
            try await Self.addConnections(10, pool)
            var configuration = SchedulerService.Configuration()
            configuration.tickInterval = .milliseconds(5)
            configuration.streamsPerTick = 3
            let service = SchedulerService(
                pool: pool, redis: nil, configuration: configuration, logger: TestPostgres.logger)
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [.init(service: service)], logger: TestPostgres.logger))
            let running = Task { try await group.run() }
            func waitForJobs(_ count: Int64) async throws {
                while try await Self.value("select count(*) from portolan.jobs", pool, as: Int64.self) < count {
                    await Task.yield()
                }
            }
            try await waitForJobs(20)
            try await pool.query(
                """
                select portolan.add_connection('toy', 'late', 'https://shop.example', '{}', array['orders'],
                array['main'], array[interval '60 s'])
                """
            )
            try await waitForJobs(21)
            await group.triggerGracefulShutdown()
            try await running.value
        }
    }

    @Test("a service whose database is gone goes on trying, and stops all the same", .timeLimit(.minutes(1)))
    func withoutDatabase() async throws {
        var limits = PostgresPool.Limits()
        limits.waitTimeLimit = .milliseconds(50)
        let pool = PostgresPool(
            try PostgresConfiguration(url: "postgresql:///nowhere?host=/nonexistent"), limits: limits,
            logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
        let service = SchedulerService(
            pool: pool, redis: nil, logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: service)], logger: TestPostgres.logger))
        let running = Task { try await group.run() }
        while pool.status.connectingCount == 0 { await Task.yield() }
        await group.triggerGracefulShutdown()
        try await running.value
        await pool.shutdown(within: .zero)
    }
}
