import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

/// What keeps the queue in shape: days of history, statistics, the tidying of workers, vacuum.
@Suite("History and care", .serialized)
struct HistoryTests {
    @Test("the days to come are made ahead, with today, and a second call makes none")
    func daysAhead() async throws {
        try await Self.on("2030-01-01 12:00+00") { bed in
            let made: Int32 = try await bed.value("select portolan.make_days('job_history', 3)")
            #expect(made == 4)
            #expect(
                try await Self.days(bed, "job_history") == [
                    "job_history_20300101", "job_history_20300102", "job_history_20300103", "job_history_20300104",
                ])
            #expect(try await bed.value("select portolan.make_days('job_history', 3)", as: Int32.self) == 0)
            #expect(try await Self.days(bed, "job_events") == [])
        }
    }

    @Test("what ended before its day was made moves to the day, and nothing is lost or doubled")
    func strays() async throws {
        try await Self.on("2030-01-01 23:59:59+00") { bed in
            let connection = try await bed.addConnection("a")
            try await Self.runSome(bed, connection, 5)
            try await Self.setTime(bed, "2030-01-02 00:00:00+00")
            try await Self.runSome(bed, connection, 7)
            #expect(try await bed.count("select count(*) from only portolan.job_history_default") == 12)
            _ = try await bed.value("select portolan.make_days('job_history', 1)", as: Int32.self)
            // The first of January is not to come any more: what ended then stays where it is, and is found.
            #expect(try await bed.count("select count(*) from only portolan.job_history_default") == 5)
            #expect(try await bed.count("select count(*) from only portolan.job_history_20300102") == 7)
            #expect(try await bed.count("select count(distinct job_id) from portolan.job_history") == 12)
            try await Self.runSome(bed, connection, 3)
            #expect(try await bed.count("select count(*) from only portolan.job_history_20300102") == 10)
        }
    }

    @Test("two that make the same days at once make each once, and neither fails", .timeLimit(.minutes(1)))
    func twoMakers() async throws {
        try await Bed.with { bed in
            for round in 8...17 as ClosedRange<Int32> {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            _ = try await bed.value(
                                "select portolan.make_days('job_history', $1)", [round], as: Int32.self)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try await Self.days(bed, "job_history").count == 18)
        }
    }

    @Test("two that drop the same days at once drop each once, and neither fails", .timeLimit(.minutes(1)))
    func twoDroppers() async throws {
        try await Bed.with { bed in
            try await bed.pool.query("select portolan.make_days('job_events', 10)")
            let dropped = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        let answer = try await bed.pool.withTransaction { session in
                            try await session.query(
                                "select set_config('portolan.now', (now() + interval '60 days')::text, true)")
                            return try await session.query("select portolan.drop_days('job_events')")
                        }
                        return try answer[0].decode(at: 0)
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(dropped == 11)
        }
    }

    @Test("a day is dropped when all of it is older than the retention, and no sooner")
    func retention() async throws {
        try await Self.on("2030-01-01 12:00+00") { bed in
            _ = try await bed.value("select portolan.make_days('job_events', 1)", as: Int32.self)
            try await bed.pool.query("update portolan.retention set keep = '2 days' where table_name = 'job_events'")
            try await Self.setTime(bed, "2030-01-03 23:59:59+00")
            #expect(try await bed.value("select portolan.drop_days('job_events')", as: Int32.self) == 0)
            try await Self.setTime(bed, "2030-01-04 00:00:00+00")
            #expect(try await bed.value("select portolan.drop_days('job_events')", as: Int32.self) == 1)
            #expect(try await Self.days(bed, "job_events") == ["job_events_20300102"])
        }
    }

    @Test("a day with a child of a live parent is kept until the parent has ended")
    func neededDay() async throws {
        try await Self.on("2030-01-01 12:00+00") { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await Self.worker(bed))
            _ = try await bed.value("select portolan.make_days('job_history', 0)", as: Int32.self)
            let parent = try await bed.queue.enqueue(Bed.sync(connection))
            let running = try await bed.claimOne(worker)
            _ = try await bed.queue.enqueue(Bed.sync(connection, family: "bulk", parent: parent))
            _ = try await bed.queue.enqueue(Bed.sync(connection, family: "bulk", parent: parent))
            _ = try await bed.queue.finish(running, .awaitChildren)
            _ = try await bed.queue.finish(try await bed.claimOne(worker), .failed)
            try await Self.setTime(bed, "2030-03-01 12:00+00")
            #expect(try await bed.value("select portolan.drop_days('job_history')", as: Int32.self) == 0)
            _ = try await bed.queue.finish(try await bed.claimOne(worker), .done)
            // It ended as its children did, the one of two months ago included.
            #expect(try await bed.queue.describe(parent)?.state == .failed)
            #expect(try await bed.value("select portolan.drop_days('job_history')", as: Int32.self) == 1)
        }
    }

    // MARK: Maintenance

    @Test("of eight that maintain at once one does each task that is due, and the next not before its time")
    func oneMaintainer() async throws {
        try await Bed.with(connectionsMax: 8) { bed in
            try await bed.pool.query("update portolan.maintenance set next_at = 'infinity' where task <> 'partitions'")
            // Whoever does the task counts in a sequence, which no rollback hides.
            try await bed.pool.query("create sequence rounds")
            try await bed.pool.query("grant usage on sequence rounds to public")
            try await bed.pool.query(
                "alter table portolan.maintenance add check (task <> 'partitions' or nextval('rounds') > 0)")
            let before = try await bed.count("select last_value from rounds")
            for _ in 0..<5 {
                try await bed.pool.query(
                    "update portolan.maintenance set next_at = '-infinity' where task = 'partitions'")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 { group.addTask { _ = try await bed.queue.maintain() } }
                    try await group.waitForAll()
                }
            }
            // One update of the test's own and one of the maintainer's, each round.
            #expect(try await bed.count("select last_value from rounds") - before == 10)
            #expect(try await bed.count("select count(*) from portolan.maintenance where error is not null") == 0)
            #expect(try await Self.days(bed, "job_history").count == 8)
            #expect(try await Self.days(bed, "job_events").count == 8)
        }
    }

    @Test("a task that fails says why in its row and holds up no other")
    func failingTask() async throws {
        try await Self.on("2030-01-01 12:00+00") { bed in
            try await bed.pool.query(
                """
                create function spoil() returns trigger language plpgsql as
                $$ begin raise exception 'spoilt' using errcode = 'PT001'; end $$
                """)
            try await bed.pool.query(
                "create trigger spoil before insert on portolan.queue_stats for each row execute function spoil()")
            let connection = try await bed.addConnection("a")
            _ = try await bed.queue.enqueue(Bed.sync(connection))
            try await bed.pool.query("update portolan.maintenance set next_at = portolan.now()")
            _ = try await bed.queue.maintain()
            #expect(
                try await bed.texts("select task || ' ' || error from portolan.maintenance where error is not null")
                    == ["stats PT001 spoilt"])
            #expect(try await bed.count("select count(*) from portolan.maintenance where ran_at = portolan.now()") >= 4)
            #expect(try await Self.days(bed, "job_history").count == 8)
            // It is tried again, and what is mended is no longer complained of.
            try await bed.pool.query("drop trigger spoil on portolan.queue_stats")
            try await Self.setTime(bed, "2030-01-01 12:02+00")
            _ = try await bed.queue.maintain()
            #expect(try await bed.count("select count(*) from portolan.maintenance where error is not null") == 0)
            #expect(try await bed.count("select sum(jobs_count)::bigint from portolan.queue_stats") == 1)
        }
    }

    @Test("what nobody knows how to do is told, too")
    func unknownTask() async throws {
        try await Self.on("2030-01-01 12:00+00") { bed in
            try await bed.pool.query("insert into portolan.maintenance (task, interval) values ('polish', '1 hour')")
            _ = try await bed.queue.maintain()
            #expect(
                try await bed.texts("select task || ': ' || error from portolan.maintenance where error is not null")
                    == ["polish: no such task"])
        }
    }

    @Test("rows of workers that are long dead and hold nothing are removed; those with a lease are not")
    func deadWorkers() async throws {
        try await Self.on("2030-01-01 12:00+00") { bed in
            let connection = try await bed.addConnection("a")
            let (holder, idler) = (try await Self.worker(bed), try await Self.worker(bed))
            _ = try await bed.queue.enqueue(Bed.sync(connection))
            _ = try await bed.claimOne(holder)
            try await bed.pool.query("update portolan.workers set ttl = '20 s'")
            try await Self.setTime(bed, "2030-01-01 12:05+00")
            _ = try await bed.queue.maintain()
            let left = try await bed.texts("select worker_id::text from portolan.workers")
            #expect(left == [holder.uuidString.lowercased()] && !left.contains(idler.uuidString.lowercased()))
        }
    }

    @Test("a hot table full of dead rows is named and vacuumed, and not again right after", .timeLimit(.minutes(1)))
    func vacuum() async throws {
        try await Bed.with(connectionsMax: 2) { bed in
            let connection = try await bed.addConnection("a")
            try await bed.pool.query("alter table portolan.jobs set (autovacuum_enabled = off)")
            try await bed.pool.query(
                """
                select cardinality(portolan.enqueue_many(array_fill($1::bigint, array[3000]),
                  array_fill('sync'::text, array[3000]),
                  array_fill('{"resource": "orders"}'::jsonb, array[3000])))
                """, [connection])
            try await bed.pool.query("delete from portolan.jobs")
            // Sessions tell the statistics what they did when they fall idle, or when they are told to.
            let patience = ContinuousClock.now + .seconds(30)
            var tables: [String] = []
            while !tables.contains("jobs"), ContinuousClock.now < patience {
                try await bed.pool.query("select pg_stat_force_next_flush()")
                try await bed.pool.query("update portolan.maintenance set next_at = '-infinity' where task = 'vacuum'")
                tables = try await bed.queue.maintain()
            }
            #expect(tables.contains("jobs"))
            try await bed.pool.query("update portolan.maintenance set next_at = '-infinity' where task = 'vacuum'")
            #expect(try await !bed.queue.maintain().contains("jobs"))
        }
    }

    @Test("history stands with the day it ended on, and the latest failures of a connection are found")
    func failures() async throws {
        try await Self.on("2030-01-01 12:00+00") { bed in
            _ = try await bed.value("select portolan.make_days('job_history', 1)", as: Int32.self)
            let (connection, worker) = (try await bed.addConnection("a"), try await Self.worker(bed))
            let job = try await bed.queue.enqueue(Bed.sync(connection))
            _ = try await bed.queue.finish(try await bed.claimOne(worker), .failed)
            #expect(try await bed.count("select job_id from only portolan.job_history_20300101") == job)
            #expect(try await bed.queue.describe(job)?.state == .failed)
        }
    }

    // MARK: Tools

    /// Runs `body` on one session whose clock stands at `time`, before any day has been made.
    private static func on(_ time: String, _ body: (Bed) async throws -> Void) async throws {
        try await Bed.with(connectionsMax: 1) { bed in
            try await setTime(bed, time)
            try await bed.pool.query("select portolan.drop_days(t) from unnest(array['job_history', 'job_events']) t")
            try await body(bed)
        }
    }

    private static func setTime(_ bed: Bed, _ time: String) async throws {
        try await bed.pool.query("select set_config('portolan.now', $1, false)", [time])
    }

    /// A worker whose beat outlasts any jump of the clock.
    private static func worker(_ bed: Bed) async throws -> UUID {
        let worker = UUID()
        _ = try await bed.queue.beat(worker: worker, host: "here", version: "1", ttl: .seconds(3600 * 24 * 3650))
        return worker
    }

    private static func runSome(_ bed: Bed, _ connection: Int64, _ count: Int) async throws {
        let worker = try await worker(bed)
        _ = try await bed.queue.enqueue((0..<count).map { _ in Bed.sync(connection) })
        let jobs = try await bed.queue.claim(Bed.wanting(worker, jobsPerLane: count))
        #expect(try await bed.queue.finish(jobs.map { Report($0, .done) }, waits: true).count == count)
    }

    private static func days(_ bed: Bed, _ table: String) async throws -> [String] {
        try await bed.texts(
            """
            select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = ('portolan.' || $1)::regclass and c.relname ~ '[0-9]{8}$' order by 1
            """, [table])
    }
}
