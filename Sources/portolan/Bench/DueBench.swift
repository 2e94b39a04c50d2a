internal import Postgres

/// Finding ten thousand due streams and enqueueing a job for each, as the scheduler's ticks do.
struct DueBench {
    let pool: PostgresPool

    struct Figures {
        var milliseconds: Double
        var floor: Double
    }

    static let dueCount = 10_000
    private static let rounds = 5

    /// Streams that are in sync and due some time later, with their lanes.
    func fill(connections: Int, resources: [String]) async throws {
        try await pool.query(
            """
            insert into portolan.connections (platform, name, base_url, state)
            select 'bench', 'shop-' || n, 'https://shop.example', 'healthy' from generate_series(1, $1) n
            """, [Int64(connections)])
        try await pool.query(
            """
            insert into portolan.lanes (connection_id, platform) select connection_id, 'bench' from portolan.connections
            """)
        try await pool.query(
            """
            insert into portolan.streams (connection_id, resource, platform, interval, next_due_at, state, first_caught_up_at,
                                          caught_up_at, enqueued_at)
            select c.connection_id, r.resource, 'bench', r.target, now() + interval '2 hours' + random() * r.target, 'in_sync',
                   now(), now(), now()
            from portolan.connections c
            cross join unnest($1::text[], array[interval '5 min', '1 hour', '6 hours', '1 day']) r(resource, target)
            where r.resource is not null
            """, [resources])
        // What is measured is how fast the work can be done, not how fast it is let.
        try await pool.query("update portolan.scheduler_pace set least_per_s = 1e8")
        for table in ["connections", "lanes", "streams"] {
            try await pool.query(SQL(unsafeText: "vacuum (freeze, analyze) portolan.\(table)"))
        }
        try await pool.withConnection { connection in
            try await connection.executeScript(
                "create schema bench; create table bench.jobs (job_id bigserial primary key, connection_id bigint, args jsonb)"
            )
        }
        try await pool.query("checkpoint")
    }

    /// The median of some rounds, each with streams of other connections where there are enough.
    func measure() async throws -> Figures {
        var times: [Double] = []
        var floors: [Double] = []
        let connections: Int64 = try await pool.query("select max(connection_id) from portolan.connections")[0].decode(
            at: 0)
        let step = connections / Int64(Self.dueCount)
        for round in 0..<Self.rounds {
            let first = Int64(round) % step
            try await makeDue(first, step: step)
            let start = ContinuousClock.now
            var enqueued = 0
            while case let count:Int32 = try await pool.query("select enqueued from portolan.enqueue_due(1000)")[0]
                .decode(at: 0), count > 0
            { enqueued += Int(count) }
            times.append(start.duration(to: .now).seconds * 1000)
            guard enqueued == Self.dueCount else { throw SettingsError("\(enqueued) jobs were made of 10000") }
            try await pool.query("truncate portolan.jobs")
            try await pool.query("update portolan.lanes set state = 'idle' where state <> 'idle'")
            try await makeDue(first, step: step)
            floors.append(try await floor())
            try await pool.query("vacuum portolan.lanes")
            try await pool.query("vacuum portolan.streams")
            try await pool.query("checkpoint")
        }
        return Figures(milliseconds: times.sorted()[Self.rounds / 2], floor: floors.sorted()[Self.rounds / 2])
    }

    private func makeDue(_ first: Int64, step: Int64) async throws {
        try await pool.query(
            """
            update portolan.streams set next_due_at = now() - random() * interval '1 min'
            where resource = 'orders' and connection_id % $1 = $2
            """, [step, first])
    }

    /// The barest way: the due rows by an index, a row for each in a table that nobody else has, and the next time; no
    /// lanes, no look at what waits already, no pace.
    private func floor() async throws -> Double {
        let start = ContinuousClock.now
        while case let count:Int64 = try await pool.query(
            """
            with due as (
              update portolan.streams s set next_due_at = now() + s.interval, enqueued_at = now()
              from (select ctid from portolan.streams where urgency = 1 and next_due_at <= now() and paused_at is null
                    order by next_due_at limit 1000 for update skip locked) d
              where s.ctid = d.ctid returning s.connection_id, s.resource),
            made as (
              insert into bench.jobs (connection_id, args)
              select connection_id, jsonb_build_object('resource', resource) from due returning 1)
            select count(*) from made
            """)[0].decode(at: 0), count > 0
        {}
        return start.duration(to: .now).seconds * 1000
    }
}
