import FoundationEssentials
import Jobs
import Postgres
import ServiceLifecycle
import TestKit
import Testing

@testable import Scheduler

@Suite("Wall-clock schedules", .serialized)
struct WallClockTests {
    /// A connection `shop` with the id 1, and a kind `export`.
    private static func withShop(
        connectionsMax: Int = 1, _ body: (PostgresPool, PostgresQueue) async throws -> Void
    ) async throws {
        try await withPool(connectionsMax: connectionsMax) { pool in
            try await pool.query(
                "select portolan.add_connection('toy', 'shop', 'https://shop.example', '{}', '{}', '{}', '{}')")
            try await pool.query("select portolan.define_kind('export', '{\"table\": \"string\"}', '{table}')")
            try await body(pool, PostgresQueue(pool: pool))
        }
    }

    private static func value<Value: PostgresDecodable>(
        _ sql: SQL, _ parameters: [any PostgresEncodable] = [], _ pool: PostgresPool, as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql, parameters).first).decode(at: 0)
    }

    private static func schedule(
        _ name: String, _ cron: String, zone: String = "UTC", connection: Int64 = 1, _ pool: PostgresPool
    ) async throws {
        try await pool.query(
            "select portolan.schedule($1, $2, 'export', '{\"table\": \"orders\"}', $3, $4)",
            [name, connection, cron, zone])
    }

    /// Sets the session's clock. For pools of one connection.
    private static func set(now: String, _ pool: PostgresPool) async throws {
        try await pool.query("select set_config('portolan.now', $1, false)", [now])
    }

    private static func tick(at now: String, _ pool: PostgresPool) async throws -> Int {
        try await set(now: now, pool)
        return try await PostgresQueue(pool: pool).enqueueSchedules(limit: 100)
    }

    /// Of a schedule: the slot to come, the last one and the problem.
    private static func standing(_ name: String, _ pool: PostgresPool) async throws -> [String?] {
        try await value(
            """
            select array[to_char(next_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
              to_char(slot_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), problem] from portolan.schedules where name = $1
            """, [name], pool)
    }

    @Test("tickers side by side enqueue each slot of a year exactly once", .timeLimit(.minutes(3)))
    func year() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("year seed \(seed)")
        var random = SeededRandom(seed: seed)
        try await Self.withShop(connectionsMax: 8) { pool, _ in
            try await pool.query("create table portolan.job_log as select dedupe_key, created_at from portolan.jobs")
            try await pool.query("create table portolan.slot_log (name text, slot timestamptz)")
            try await pool.withConnection { connection in
                try await connection.executeScript(Self.logging)
                try await connection.query("select set_config('portolan.now', '2027-01-01 00:00Z', false)")
                for (index, zone) in CronTests.zones.enumerated() {
                    for (name, cron) in [("two", "30 2 * * *"), ("one", "45 1 * * *"), ("midnight", "@daily")] {
                        try await connection.query(
                            "select portolan.schedule($1, 1, 'export', '{\"table\": \"a\"}', $2, $3, 'report', $4)",
                            ["\(index)-\(name)", cron, zone, name])
                    }
                    try await connection.query(
                        "select portolan.schedule($1, 1, 'export', '{\"table\": \"a\"}', '30 5-17/12 * * *', $2)",
                        ["\(index)-real", zone])
                }
            }
            // Slots lie further apart than a step of 8 hours. In each step one clock has come to its end; the others
            // are anywhere in it.
            let start: Int64 = 1_798_761_600
            for step in 0..<(365 * 3) {
                let end = start + Int64(step + 1) * 8 * 3600
                let clocks = [end] + (0..<7).map { _ in end - Int64.random(in: 0..<(8 * 3600), using: &random) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for now in clocks.shuffled(using: &random) {
                        group.addTask { while try await Self.take(5, at: now, pool) == 5 {} }
                    }
                    try await group.waitForAll()
                }
                try await pool.query("delete from portolan.jobs")
            }
            let rows = try await pool.query(Self.differences, [start, start + 365 * 86400])
            let differences = try rows.map { try $0.decode(at: 0, as: String.self) }
            #expect(differences == [], "seed \(seed)")
            let counts = try await pool.query(
                "select count(*) filter (where name not like '%real'), count(*) from portolan.slot_log")[0]
                .decode(Int64.self, Int64.self)
            #expect(counts.0 == 365 * 18, "each named time once a day; seed \(seed)")
            let jobs: Int64 = try await Self.value("select count(*) from portolan.job_log", [], pool)
            #expect(jobs == counts.1, "seed \(seed)")
        }
    }

    /// Takes up to so many slots by a clock of its own.
    private static func take(_ limit: Int32, at now: Int64, _ pool: PostgresPool) async throws -> Int32 {
        try await value(
            """
            select portolan.enqueue_schedules($1)
            from set_config('portolan.now', to_timestamp($2::bigint)::text, false)
            """, [limit, now], pool)
    }

    private static let logging: SQL = """
        create function log_slot() returns trigger language plpgsql security definer as $$ begin
          insert into portolan.slot_log values (new.name, new.slot_at);
          return null;
        end $$;
        create trigger log_slot after update of slot_at on portolan.schedules for each row execute function log_slot();
        create function log_job() returns trigger language plpgsql security definer as $$ begin
          insert into portolan.job_log values (new.dedupe_key, new.created_at);
          return null;
        end $$;
        create trigger log_job after insert on portolan.jobs for each row execute function log_job();
        """

    /// Slots that were had and should not have been, or the other way round, and schedules with another number of jobs.
    private static let differences: SQL = """
        with recursive wanted(name, cron, zone, slot) as (
          select name, cron, zone, portolan.cron_next(cron, zone, to_timestamp($1::bigint)) from portolan.schedules
          union all select name, cron, zone, portolan.cron_next(cron, zone, slot) from wanted
          where slot < to_timestamp($2::bigint))
        select 'more: ' || name || ' ' || slot as what from (
          select name, slot from portolan.slot_log
          except all select name, slot from wanted where slot <= to_timestamp($2::bigint)) more
        union all select 'less: ' || name || ' ' || slot from (
          select name, slot from wanted where slot <= to_timestamp($2::bigint)
          except all select name, slot from portolan.slot_log) less
        union all select 'jobs: ' || s.name from portolan.schedules s
        where (select count(*) from portolan.job_log j where j.dedupe_key = 'schedule:' || s.name)
           <> (select count(*) from portolan.slot_log l where l.name = s.name)
        limit 20
        """

    @Test("after ten days without a ticker one job is enqueued, and then the next slot")
    func downtime() async throws {
        try await Self.withShop { pool, _ in
            try await Self.set(now: "2026-03-01 12:00Z", pool)
            try await Self.schedule("nightly", "0 3 * * *", zone: "Europe/Berlin", pool)
            try await Self.schedule("often", "*/5 * * * *", pool)
            #expect(try await Self.tick(at: "2026-03-11 12:02Z", pool) == 2)
            #expect(try await Self.value("select count(*) from portolan.jobs", [], pool, as: Int64.self) == 2)
            #expect(try await Self.standing("nightly", pool) == ["2026-03-12 02:00", "2026-03-02 02:00", nil])
            #expect(try await Self.standing("often", pool) == ["2026-03-11 12:05", "2026-03-01 12:05", nil])
            #expect(try await Self.tick(at: "2026-03-11 12:02Z", pool) == 0)
        }
    }

    @Test("a job is as its schedule says; the next slot's is merged while it waits and follows while it runs")
    func jobs() async throws {
        try await Self.withShop { pool, queue in
            try await Self.set(now: "2026-03-01 12:00Z", pool)
            try await pool.query(
                "select portolan.schedule('x', 1, 'export', '{\"table\": \"a\"}', '@hourly', 'UTC', 'urgent', 'slow')")
            #expect(try await Self.tick(at: "2026-03-01 13:00Z", pool) == 1)
            let job: String = try await Self.value(
                """
                select concat_ws(' ', j.kind, j.band, l.family, j.dedupe_key, j.args, j.args_version, j.run_at = portolan.now())
                from portolan.jobs j join portolan.lanes l using (lane_id)
                """, [], pool)
            #expect(job == #"export urgent slow schedule:x {"table": "a"} 1 t"#)
            #expect(try await Self.tick(at: "2026-03-01 14:00Z", pool) == 1)
            #expect(try await Self.value("select count(*) from portolan.jobs", [], pool, as: Int64.self) == 1)
            let worker = UUID()
            _ = try await queue.beat(worker: worker, host: "h", version: "1", ttl: .seconds(86400))
            let claim = Claim(
                worker: worker, wishes: [.init(platform: "toy", band: .urgent)], lanes: 1, kinds: ["export": 1])
            #expect(try await queue.claim(claim).count == 1)
            #expect(try await Self.tick(at: "2026-03-01 15:00Z", pool) == 1)
            #expect(try await Self.value("select count(*) from portolan.jobs", [], pool, as: Int64.self) == 2)
        }
    }

    @Test("slots pass without a job while the connection is not active", arguments: ["needs_reauth", "disabled"])
    func notActive(_ state: String) async throws {
        try await Self.withShop { pool, _ in
            try await Self.set(now: "2026-03-01 12:00Z", pool)
            try await Self.schedule("x", "@hourly", pool)
            try await pool.query("update portolan.connections set state = $1", [state])
            #expect(try await Self.tick(at: "2026-03-01 13:00Z", pool) == 0)
            #expect(
                try await Self.standing("x", pool) == [
                    "2026-03-01 14:00", "2026-03-01 13:00", "connection: is \(state)",
                ])
            try await pool.query("update portolan.connections set state = 'healthy'")
            #expect(try await Self.tick(at: "2026-03-01 13:30Z", pool) == 0)
            #expect(try await Self.tick(at: "2026-03-01 14:00Z", pool) == 1)
            #expect(try await Self.standing("x", pool) == ["2026-03-01 15:00", "2026-03-01 14:00", nil])
        }
    }

    @Test("a schedule that has become impossible says so and holds up no other")
    func impossible() async throws {
        try await Self.withShop { pool, _ in
            try await Self.set(now: "2026-03-01 12:00Z", pool)
            for name in ["args", "zone", "sound"] { try await Self.schedule(name, "@hourly", pool) }
            try await pool.query("update portolan.schedules set args = '{}' where name = 'args'")
            try await pool.query("update portolan.schedules set zone = 'Mars/Olympus' where name = 'zone'")
            #expect(try await Self.tick(at: "2026-03-01 13:00Z", pool) == 2)
            #expect(
                try await Self.standing("args", pool)
                    == ["2026-03-01 14:00", "2026-03-01 13:00", "args.table: kind export needs it"])
            #expect(
                try await Self.standing("zone", pool)
                    == [nil, "2026-03-01 13:00", "time zone \"Mars/Olympus\" not recognized"])
            #expect(try await Self.standing("sound", pool) == ["2026-03-01 14:00", "2026-03-01 13:00", nil])
        }
    }

    @Test("a schedule said again keeps its slot, or gets that of its new times; a pause stays; unschedule ends it")
    func again() async throws {
        try await Self.withShop { pool, _ in
            try await Self.set(now: "2026-03-01 12:00Z", pool)
            try await Self.schedule("x", "@daily", pool)
            try await Self.set(now: "2026-03-02 00:01Z", pool)
            try await Self.schedule("x", "@daily", pool)
            #expect(try await Self.standing("x", pool)[0] == "2026-03-02 00:00", "a due slot is not lost")
            try await Self.schedule("x", "0 1 * * *", pool)
            #expect(try await Self.standing("x", pool)[0] == "2026-03-02 01:00")
            #expect(try await Self.tick(at: "2026-03-02 01:00Z", pool) == 1)
            try await Self.set(now: "2026-03-02 00:59Z", pool)
            try await Self.schedule("x", "0 1,2 * * *", pool)
            #expect(try await Self.standing("x", pool)[0] == "2026-03-02 02:00", "a slot that was had is not had again")
            try await pool.query("update portolan.schedules set next_at = null")
            try await Self.schedule("x", "@daily", pool)
            #expect(try await Self.tick(at: "2026-04-01 00:00Z", pool) == 0)
            let gone: [Bool] = try await Self.value(
                "select array[portolan.unschedule('x'), portolan.unschedule('x')]", [], pool)
            #expect(gone == [true, false])
            #expect(try await Self.value("select count(*) from portolan.jobs", [], pool, as: Int64.self) == 1)
        }
    }

    static let refusals: [(call: String, message: String)] = [
        ("'x!', 1, 'export', '{}', '@daily'", "name: 'x!' is none"),
        ("null, 1, 'export', '{}', '@daily'", "name: NULL is none"),
        ("'x', 99, 'export', '{}', '@daily'", "connection_id: there is no connection 99"),
        ("'x', null, 'export', '{}', '@daily'", "connection_id: there is no connection NULL"),
        ("'x', 1, 'nothing', '{}', '@daily'", "kind: 'nothing' is not known"),
        ("'x', 1, 'export', '{}', '@daily'", "args.table: kind export needs it"),
        ("'x', 1, 'export', '{\"table\": 1}', '@daily'", "args.table: must be of type string"),
        ("'x', 1, 'sync', '{\"resource\": \"a\"}', '@daily', 'UTC', 'now'", "band: 'now' is none"),
        ("'x', 1, 'sync', '{\"resource\": \"a\"}', '@daily', 'Berlin'", "zone: 'Berlin' is not known"),
        ("'x', 1, 'sync', '{\"resource\": \"a\"}', null", "cron: must be given"),
    ]

    static let badCrons: [(cron: String, message: String)] = [
        ("", "cron: '' has 1 fields"), ("@never", "cron: '@never' has 1 fields"),
        ("0 0 * * * *", "cron: '0 0 * * * *' has 6 fields"),
        ("60 * * * *", "cron.minute: '60' is not one of 0 to 59"), ("* 24 * * *", "cron.hour: '24' is not one of"),
        ("* * 0 * *", "cron.day_of_month: '0' is not one of 1 to 31"),
        ("* * * JUNE *", "cron.month: 'JUNE' is none of"),
        ("* * * XYZ *", "cron.month: 'XYZ' is not one of 1 to 12 or JAN"),
        ("* * * * 8", "cron.day_of_week: '8' is not one of 0 to 7 or SUN"), ("* MON * * *", "cron.hour: 'MON' is not"),
        ("*/0 * * * *", "cron.minute: '*/0' has a step that is not one of 1 to 59"),
        ("*/90 * * * *", "cron.minute: '*/90' has a step"),
        ("5/15 * * * *", "cron.minute: '5/15' has a step and no range; write 5-59/15"),
        ("* 22-2 * * *", "cron.hour: '22-2' runs backwards; write 22-23,0-2"),
        ("1,,2 * * * *", "cron.minute: '' is none of"),
        ("-1 * * * *", "cron.minute: '-1' is none of"), ("? * * * *", "cron.minute: '?' is none of"),
        ("0 0 30 2 *", "cron: '0 0 30 2 *' does not fire"),
        ("0 0 31 4,6,9,11 *", "cron: '0 0 31 4,6,9,11 *' does not fire"),
    ]

    @Test("what cannot be is refused, naming the field")
    func refused() async throws {
        try await Self.withShop { pool, _ in
            let cronCalls = Self.badCrons.map {
                ("'x', 1, 'sync', '{\"resource\": \"a\"}', '\($0.cron)'", $0.message)
            }
            for (call, message) in Self.refusals + cronCalls {
                do throws(PostgresError) {
                    try await pool.query(SQL(unsafeText: "select portolan.schedule(\(call))"))
                    Issue.record("not refused: \(call)")
                } catch {
                    let isRight = error.sqlState == "22023" && error.serverMessage?.hasPrefix(message) ?? false
                    #expect(isRight, "\(call): \(error)")
                }
            }
            let kept: Int64 = try await Self.value("select count(*) from portolan.schedules", [], pool)
            #expect(kept == 0)
        }
    }

    @Test("the service enqueues the slots that are due", .timeLimit(.minutes(1)))
    func service() async throws {
        try await Self.withShop(connectionsMax: 4) { pool, _ in
            for name in ["a", "b", "c"] { try await Self.schedule(name, "0 0 1 1 *", pool) }
            try await pool.query("update portolan.schedules set next_at = now()")
            var configuration = SchedulerService.Configuration()
            configuration.schedulesPerTick = 2
            let service = SchedulerService(
                pool: pool, redis: nil, configuration: configuration, logger: TestPostgres.logger)
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [.init(service: service)], logger: TestPostgres.logger))
            let running = Task { try await group.run() }
            while try await Self.value("select count(*) from portolan.jobs", [], pool, as: Int64.self) < 3 {
                await Task.yield()
            }
            await group.triggerGracefulShutdown()
            try await running.value
        }
    }
}
