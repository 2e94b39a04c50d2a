internal import Postgres

/// A fleet whose schedulers stood still for three hours, and the hours after: the real `enqueue_due`, on simulated time.
///
/// Every job is done at once. What is counted is how many are enqueued in each simulated minute, beside the steady rate;
/// and how long each class of urgency takes until everything that was overdue has been read again.
struct OutageSimulation {
    let pool: PostgresPool
    var connections = 5000
    /// Simulated time between two ticks.
    var tickSeconds = 5
    var outageMinutes = 180
    var minutesAfter = 240

    struct Outcome {
        /// Reads a minute that the cadences add up to.
        var steadyPerMinute: Double
        var factor: Double
        /// Enqueued in each minute after the outage.
        var minutes: [Int]
        /// How many were overdue when it ended, by class of urgency.
        var overdue: [Int16: Int] = [:]
        /// The minute after its end in which the last but one in a hundred of these was enqueued, by class.
        var caughtUp: [Int16: Int] = [:]

        var peak: Double { Double(minutes.max() ?? 0) / steadyPerMinute }
    }

    func run() async throws -> [BenchReport.Figure] {
        let outcome = try await simulate()
        var figures: [BenchReport.Figure] = [
            .init("outage_peak_factor", outcome.peak, "times steady", aim: "at most \(Int(outcome.factor))"),
            .init("outage_steady_per_minute", outcome.steadyPerMinute, "jobs/min"),
            .init("outage_overdue", Double(outcome.overdue.values.reduce(0, +)), "streams"),
        ]
        for (urgency, minute) in outcome.caughtUp.sorted(by: { $0.key < $1.key }) {
            figures.append(.init("outage_class_\(urgency)_caught_up_min", Double(minute), "min"))
        }
        return figures
    }

    func simulate() async throws -> Outcome {
        try await pool.withConnection { connection in
            try await connection.query("select set_config('portolan.now', '2027-03-01 00:00+00', false)")
            try await fill(connection)
            // As it is in ordinary operation: an hour of it.
            try await play(connection, minutes: 60, from: 0)
            let row = try await connection.query(
                "select factor::float8, steady_per_s::float8 from portolan.scheduler_pace")[
                    0]
            let (factor, steady) = try row.decode(Double.self, Double.self)
            try await connection.query("truncate bench.log")
            let resumes = 60 + outageMinutes
            try await set(connection, minute: resumes)
            try await connection.query(
                """
                insert into bench.overdue select connection_id, resource, urgency from portolan.streams
                where next_due_at <= portolan.now()
                """)
            try await play(connection, minutes: minutesAfter, from: resumes)
            return try await outcome(connection, Outcome(steadyPerMinute: 60 * steady, factor: factor, minutes: []))
        }
    }

    private func fill(_ connection: PostgresConnection) async throws {
        try await connection.executeScript(
            """
            create schema if not exists bench;
            create unlogged table bench.log (minute integer, connection_id bigint, args jsonb);
            create index on bench.log (connection_id);
            create unlogged table bench.overdue (connection_id bigint, resource text collate "C", urgency smallint);
            """)
        try await connection.query(
            """
            insert into portolan.connections (platform, name, base_url, state)
            select 'bench', 'shop-' || n, 'https://shop.example', 'healthy' from generate_series(1, $1) n
            """, [Int64(connections)])
        try await connection.query(
            """
            insert into portolan.streams (connection_id, resource, platform, interval, next_due_at, state, first_caught_up_at,
                                          caught_up_at, enqueued_at)
            select c.connection_id, r.resource, 'bench', r.target, portolan.now() + random() * r.target, 'in_sync',
                   portolan.now(), portolan.now(), portolan.now()
            from portolan.connections c cross join (values ('orders', interval '10 min'), ('products', '1 hour'),
              ('customers', '6 hours'), ('refunds', '1 day')) r(resource, target)
            """)
        // A fleet of millions in small: it has no pace of its own below its steady rate.
        try await connection.query("update portolan.scheduler_pace set least_per_s = 0")
        try await connection.query("analyze portolan.streams")
        try await connection.query("select portolan.refresh_pace()")
    }

    private func play(_ connection: PostgresConnection, minutes: Int, from first: Int) async throws {
        for minute in first..<(first + minutes) {
            for second in stride(from: 0, to: 60, by: tickSeconds) {
                try await set(connection, minute: minute, second: second)
                while try await connection.query("select due > 0 from portolan.enqueue_due(1000)")[0].decode(at: 0) {}
            }
            try await connection.query(
                "insert into bench.log select $1, connection_id, args from portolan.jobs", [Int32(minute)])
            try await connection.query("truncate portolan.jobs")
            try await connection.query("update portolan.lanes set state = 'idle' where state <> 'idle'")
        }
    }

    private func set(_ connection: PostgresConnection, minute: Int, second: Int = 0) async throws {
        try await connection.query(
            "select set_config('portolan.now', (timestamptz '2027-03-01 00:00+00' + make_interval(mins => $1, secs => $2))::text, false)",
            [Int32(minute), Double(second)])
    }

    private func outcome(_ connection: PostgresConnection, _ outcome: Outcome) async throws -> Outcome {
        var outcome = outcome
        for row in try await connection.query("select count(*) from bench.log group by minute order by minute") {
            outcome.minutes.append(Int(try row.decode(at: 0, as: Int64.self)))
        }
        let rows = try await connection.query(
            """
            with first as (select o.urgency, (select min(l.minute) from bench.log l
                                              where l.connection_id = o.connection_id and l.args->>'resource' = o.resource) as minute
                           from bench.overdue o)
            select urgency, count(*), coalesce(percentile_disc(0.99) within group (order by minute), -1) - $1 + 1
            from first group by 1
            """, [Int32(60 + outageMinutes)])
        for row in rows {
            let (urgency, count, minute) = try row.decode(Int16.self, Int64.self, Int32.self)
            outcome.overdue[urgency] = Int(count)
            outcome.caughtUp[urgency] = Int(minute)
        }
        return outcome
    }
}
