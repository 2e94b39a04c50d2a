import Jobs
import Postgres
import TestKit
import Testing

@Suite("The pace of due streams", .serialized)
struct PaceTests {
    /// Streams of these targets in sync, one connection each, due at a time; and the pace so many a second.
    private static func fill(
        _ pool: PostgresPool, _ streams: [(target: String, due: String)], count: Int32 = 1, perSecond: Double
    ) async throws {
        for (index, stream) in streams.enumerated() {
            try await pool.query(
                """
                with made as (insert into portolan.connections (platform, name, base_url, state)
                              select 'toy', 'c' || $1 || '-' || n, 'https://shop.example', 'healthy'
                              from generate_series(1, $2) n returning connection_id)
                insert into portolan.streams (connection_id, resource, platform, interval, next_due_at, state, first_caught_up_at,
                                              caught_up_at, enqueued_at)
                select connection_id, 'orders', 'toy', $3::text::interval, $4::text::timestamptz, 'in_sync', '2029-01-01', '2029-01-01', '2029-01-01'
                from made
                """, [Int32(index), count, stream.target, stream.due])
        }
        try await pool.query("update portolan.scheduler_pace set least_per_s = $1", [perSecond])
        try await pool.query("update portolan.scheduler_permits set tokens = 0, refilled_at = '2030-01-01 00:00Z'")
    }

    /// Ticks by a clock of its own; answers how many were enqueued.
    private static func tick(_ pool: PostgresPool, at now: String, limit: Int32 = 1000) async throws -> Int {
        Int(
            try await pool.query(
                "select d.enqueued from set_config('portolan.now', $1, false), portolan.enqueue_due($2) d",
                [now, limit])[
                    0
                ].decode(at: 0, as: Int32.self))
    }

    private static func enqueued(_ pool: PostgresPool) async throws -> [String] {
        try await pool.query(
            """
            select c.name from portolan.jobs j join portolan.connections c using (connection_id) order by j.job_id
            """
        ).map { try $0.decode(at: 0) }
    }

    @Test("a minute brings no more than the pace, and goes on to bring as much")
    func rate() async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await Self.fill(pool, [("1 hour", "2029-12-31 23:00Z")], count: 400, perSecond: 1)
            var minutes: [Int] = []
            for minute in 0..<5 {
                var sum = 0
                for second in stride(from: 0, to: 60, by: 7) {
                    let stamp = "2030-01-01 00:0\(minute):\(second < 10 ? "0" : "")\(second)Z"
                    sum += try await Self.tick(pool, at: stamp)
                }
                minutes.append(sum)
            }
            #expect(minutes.allSatisfy { $0 <= 60 }, "\(minutes)")
            #expect(minutes.dropFirst().allSatisfy { $0 >= 45 }, "\(minutes)")
        }
    }

    @Test("of what is due the earliest deadlines go first, whatever the class")
    func deadlines() async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await Self.fill(
                pool,
                [
                    ("1 day", "2029-12-31 22:00Z"), ("6 hours", "2029-12-31 10:00Z"), ("1 hour", "2029-12-31 22:30Z"),
                    ("5 min", "2029-12-31 23:50Z"), ("10 min", "2029-12-31 23:30Z"),
                ], perSecond: 1)
            // Eight permits are there; each tick takes one.
            for _ in 0..<5 { #expect(try await Self.tick(pool, at: "2030-01-01 00:10Z", limit: 1) == 1) }
            #expect(try await Self.enqueued(pool) == ["c1-1", "c2-1", "c4-1", "c3-1", "c0-1"])
        }
    }

    @Test("streams never read go at once, and run_streams does, whatever the pace")
    func newOnes() async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await Self.fill(pool, [("1 hour", "2029-12-31 23:00Z")], count: 5, perSecond: 0)
            try await pool.query("select set_config('portolan.now', '2030-01-01 00:00Z', false)")
            try await pool.query(
                """
                select portolan.add_connection('toy', 'new', 'https://shop.example', '{}', array['orders', 'products'],
                  array['main', 'main'], array[interval '1 day', interval '1 day'])
                """)
            #expect(try await Self.tick(pool, at: "2030-01-01 00:10Z") == 2)
            #expect(try await Self.enqueued(pool) == ["new", "new"])
            try await pool.query("select portolan.run_streams('c0-3')")
            #expect(try await Self.enqueued(pool).last == "c0-3")
        }
    }

    @Test("several schedulers at once share one pace, and use all of it", .timeLimit(.minutes(2)))
    func shared() async throws {
        try await withPool(connectionsMax: 8) { pool in
            try await Self.fill(pool, [("1 hour", "2029-12-31 23:00Z")], count: 900, perSecond: 10)
            var total = 0
            for minute in 1...10 {
                // Ten seconds apart.
                let now = "2030-01-01 00:0\(minute / 6):\(minute % 6)0Z"
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<6 {
                        group.addTask {
                            var sum = 0
                            while case let count = try await Self.tick(pool, at: now, limit: 7), count > 0 {
                                sum += count
                            }
                            return sum
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(sum <= 100, "at \(now)")
                total += sum
            }
            #expect(total > 700)
        }
    }

    @Test("what a tick reads follows how many are due, not how many there are", .timeLimit(.minutes(2)))
    func cost() async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await Self.fill(pool, [("1 hour", "2030-02-01 00:00Z")], count: 100, perSecond: 1000)
            func pages() async throws -> Int {
                try await pool.query("select set_config('portolan.now', '2030-01-01 01:00Z', false)")
                _ = try await pool.query("select portolan.enqueue_due()")
                let plan = try await pool.query("explain (analyze, buffers, timing off) select portolan.enqueue_due()")
                let lines: [String] = try plan.map { try $0.decode(at: 0) }
                let hit = lines.first { $0.contains("Buffers: shared hit=") }?.split(separator: "=").last
                return try #require(hit.flatMap { Int($0.prefix { $0.isNumber }) })
            }
            let few = try await pages()
            try await pool.query(
                """
                insert into portolan.streams (connection_id, resource, platform, interval, next_due_at, state)
                select connection_id, 'r' || n, 'toy', (array[interval '5 min', '1 hour', '6 hours', '1 day'])[1 + n % 4],
                       '2030-02-01 00:00Z', 'in_sync'
                from portolan.connections cross join generate_series(1, 400) n
                """)
            let many = try await pages()
            #expect(many <= few + 40, "\(few) pages of 100 streams, \(many) of 40,100")
        }
    }

    @Test("the steady rate counts streams that run; what a clock that was ahead put off is drawn in")
    func refresh() async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await Self.fill(
                pool, [("100 s", "2030-01-01 00:00Z"), ("1 hour", "2031-01-01 00:00Z")], count: 9, perSecond: 0)
            try await pool.query("select set_config('portolan.now', '2030-01-01 00:00Z', false)")
            try await pool.query(
                "update portolan.connections set state = 'needs_reauth' where name in ('c0-1', 'c1-1')")
            try await pool.query("update portolan.streams set cadence = '50 s' where interval = '100 s'")
            try await pool.query(
                """
                update portolan.streams set state = 'blocked' where connection_id =
                  (select connection_id from portolan.connections where name = 'c1-2')
                """)
            try await pool.query("update portolan.maintenance set next_at = '-infinity' where task = 'pace'")
            try await pool.query("select portolan.maintain()")
            let row = try await pool.query("select steady_per_s::float8, streams_count from portolan.scheduler_pace")[0]
            let (rate, count) = try row.decode(Double.self, Int64.self)
            #expect(abs(rate - (8 / 45.0 + 7 / 3240.0)) < 1e-4 && count == 15)
            let late = try await pool.query(
                """
                select c.name from portolan.streams join portolan.connections c using (connection_id)
                where next_due_at > portolan.now() + interval '1 hour' order by 1
                """)
            #expect(try late.map { try $0.decode(at: 0, as: String.self) } == ["c1-2"], "blocked: for its own reasons")
        }
    }
}
