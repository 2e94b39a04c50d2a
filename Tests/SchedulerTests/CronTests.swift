import Postgres
import TestKit
import Testing

@Suite("Slots of cron expressions", .serialized)
struct CronTests {
    /// Clocks of all sorts: changed at 2 and at midnight, by half an hour, around Ramadan, never.
    static let zones = [
        "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago",
        "Asia/Kolkata",
    ]

    private static func value<Value: PostgresDecodable>(
        _ sql: SQL, _ parameters: [any PostgresEncodable], _ pool: PostgresPool, as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql, parameters).first).decode(at: 0)
    }

    @Test("slots of random expressions are those of a walk by minutes", .timeLimit(.minutes(2)), arguments: zones)
    func walk(_ zone: String) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("\(zone) seed \(seed)")
        var random = SeededRandom(seed: seed)
        try await withPool(connectionsMax: 1) { pool in
            let days: [Int64] = try await Self.value(
                """
                select array_agg(extract(epoch from d)::bigint order by d)
                from generate_series('2024-01-01 00:00Z'::timestamptz, '2033-01-01 00:00Z', '24 hours') d
                where $1 = 'Asia/Kolkata' or (d at time zone $1 - d at time zone 'UTC')
                   <> ((d + '24 hours') at time zone $1 - (d + '24 hours') at time zone 'UTC')
                """, [zone], pool)
            for _ in 0..<12 {
                let start = try #require(days.randomElement(using: &random)) - 36 * 3600
                let clock = try await Self.clock(of: zone, from: start, minutes: 4 * 1440, pool)
                for _ in 0..<12 {
                    let model = CronModel(random: &random)
                    let slots = model.slots(walking: clock)
                    let end = clock[clock.count - 1].instant
                    var after = slots.shuffled(using: &random).prefix(40).map { $0 }
                    for _ in 0..<20 { after.append(Int64.random(in: start...end, using: &random)) }
                    let answers: [Int64?] = try await Self.value(
                        """
                        select array_agg(extract(epoch from portolan.cron_next($1, $2, to_timestamp(a)))::bigint order by o)
                        from unnest($3::bigint[]) with ordinality u(a, o)
                        """, [model.text, zone, after], pool)
                    for (after, answer) in zip(after, answers) {
                        let isRight =
                            slots.first { $0 > after }.map { $0 == answer } ?? answer.map { $0 > end } ?? true
                        #expect(
                            isRight,
                            "seed \(seed): '\(model.text)' in \(zone) after \(after): \(String(describing: answer))")
                    }
                }
            }
        }
    }

    private static func clock(
        of zone: String, from start: Int64, minutes: Int, _ pool: PostgresPool
    ) async throws -> [(instant: Int64, local: Int64)] {
        let shown: [Int64] = try await value(
            """
            select array_agg(extract(epoch from to_timestamp($2 + 60 * m) at time zone $1)::bigint order by m)
            from generate_series(0::bigint, $3) m
            """, [zone, start, Int64(minutes)], pool)
        return shown.enumerated().map { (start + Int64($0) * 60, $1) }
    }

    struct Policy {
        let rule: String
        let cron: String
        let zone: String
        let after: String
        /// The slots that follow, in UTC.
        let slots: [String]
    }

    static let policies = [
        Policy(
            rule: "a skipped time fires at the end of the gap", cron: "30 2 * * *", zone: "America/New_York",
            after: "2026-03-07 12:00Z", slots: ["03-08 07:00", "03-09 06:30"]),
        Policy(
            rule: "skipped times together fire once", cron: "*/15 2,3 * * *", zone: "Europe/Berlin",
            after: "2026-03-29 00:00Z",
            slots: ["03-29 01:00", "03-29 01:15", "03-29 01:30", "03-29 01:45", "03-30 00:00"]),
        Policy(
            rule: "a gap of half an hour", cron: "15 2 * * *", zone: "Australia/Lord_Howe", after: "2026-10-02 16:00Z",
            slots: ["10-03 15:30", "10-04 15:15"]),
        Policy(
            rule: "a gap at midnight", cron: "@daily", zone: "America/Santiago", after: "2026-09-05 12:00Z",
            slots: ["09-06 04:00", "09-07 03:00"]),
        Policy(
            rule: "a day that never was", cron: "0 12 30 12 *", zone: "Pacific/Apia", after: "2011-12-29 00:00Z",
            slots: ["12-30 10:00"]),
        Policy(
            rule: "a time that comes twice fires the first time", cron: "30 1 * * *", zone: "America/New_York",
            after: "2026-10-31 12:00Z", slots: ["11-01 05:30", "11-02 06:30"]),
        Policy(
            rule: "minutes of a named hour fire the first time", cron: "*/30 2 * * *", zone: "Europe/Berlin",
            after: "2026-10-24 12:00Z", slots: ["10-25 00:00", "10-25 00:30", "10-26 01:00"]),
        Policy(
            rule: "a doubled half hour", cron: "45 1 * * *", zone: "Australia/Lord_Howe", after: "2026-04-04 00:00Z",
            slots: ["04-04 14:45", "04-05 15:15"]),
        Policy(
            rule: "every hour is every hour of real time in spring", cron: "@hourly", zone: "America/New_York",
            after: "2026-03-08 05:30Z", slots: ["03-08 06:00", "03-08 07:00", "03-08 08:00"]),
        Policy(
            rule: "and in autumn", cron: "0 * * * *", zone: "America/New_York", after: "2026-11-01 04:30Z",
            slots: ["11-01 05:00", "11-01 06:00", "11-01 07:00"]),
        Policy(
            rule: "a step of hours passes over a skipped one", cron: "0 */2 * * *", zone: "Europe/Berlin",
            after: "2026-03-28 22:30Z", slots: ["03-28 23:00", "03-29 02:00"]),
        Policy(
            rule: "a step of hours fires in both of a doubled one", cron: "0 */2 * * *", zone: "Europe/Berlin",
            after: "2026-10-24 22:30Z", slots: ["10-25 00:00", "10-25 01:00", "10-25 03:00"]),
        Policy(
            rule: "day of month or day of week", cron: "0 0 13 * FRI", zone: "UTC", after: "2026-01-30 12:00Z",
            slots: ["02-06 00:00", "02-13 00:00", "02-20 00:00", "02-27 00:00", "03-06 00:00", "03-13 00:00"]),
        Policy(
            rule: "day of month and day of week where one is any", cron: "0 0 */2 * MON", zone: "UTC",
            after: "2026-01-01 00:00Z", slots: ["01-05 00:00", "01-19 00:00", "02-09 00:00"]),
        Policy(
            rule: "7 is Sunday, and a week may end on it by name", cron: "0 9 * * 7,sat-sun", zone: "Asia/Kolkata",
            after: "2026-01-02 12:00Z", slots: ["01-03 03:30", "01-04 03:30", "01-10 03:30"]),
        Policy(
            rule: "a leap day, over a century that has none", cron: "0 0 29 FEB *", zone: "UTC",
            after: "2096-03-01 00:00Z", slots: ["02-29 00:00"]),
        Policy(
            rule: "weekly and monthly", cron: "@weekly", zone: "UTC", after: "2026-01-01 00:00Z",
            slots: ["01-04 00:00", "01-11 00:00"]),
        Policy(
            rule: "monthly", cron: " @Monthly ", zone: "UTC", after: "2026-01-01 00:00Z",
            slots: ["02-01 00:00", "03-01 00:00"]),
        Policy(
            rule: "an odd second is rounded up to the minute", cron: "* * * * *", zone: "UTC",
            after: "2026-01-01 00:00:00.5Z", slots: ["01-01 00:01", "01-01 00:02"]),
    ]

    @Test("what the clock's changes do to slots, whatever the session's zone", arguments: ["UTC", "America/New_York"])
    func policy(session: String) async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await pool.query("select set_config('timezone', $1, false)", [session])
            for policy in Self.policies {
                let slots: [String] = try await Self.value(
                    """
                    with recursive s(at, n) as (
                      select portolan.cron_next($1, $2, $3::text::timestamptz), 1
                      union all select portolan.cron_next($1, $2, at), n + 1 from s where n < $4)
                    select array_agg(to_char(at at time zone 'UTC', 'MM-DD HH24:MI') order by n) from s
                    """, [policy.cron, policy.zone, policy.after, Int32(policy.slots.count)], pool)
                #expect(slots == policy.slots, "\(policy.rule)")
            }
        }
    }
}
