import Foundation
import Jobs
import Postgres
import TestKit
import Testing

@Suite("Adaptive cadence", .serialized)
struct CadenceTests {
    private static func seconds(
        _ pool: PostgresPool, target: String = "1 hour", changesPerDay: Double, cost: Double = 1, least: Double? = nil
    ) async throws -> Double {
        try await pool.query(
            """
            select r.seconds from (select least(64, 14 * $2::float8) as n) x cross join lateral portolan.next_cadence(
              $1::text::interval, '2026-01-01 00:00Z', 0, 1000, $3::integer, null, $4, x.n::real,
              (case when x.n > 0 then x.n / $2 * 86400 else 14 * 86400 end)::real, 0, 0, $3::real) r
            """, [target, changesPerDay, cost, least])[0].decode(at: 0)
    }

    @Test("busy streams are read more often, dear ones less, none past its target or its quota")
    func rule() async throws {
        try await withPool(connectionsMax: 1) { pool in
            var before = Double.infinity
            for (changes, expected) in [
                (0, 3600), (0.5, 3600), (1, 2981), (3, 2075), (10, 1407), (24, 1079), (100, 752), (1000, 575),
                (10_000, 550),
            ] as [(Double, Double)] {
                let seconds = try await Self.seconds(pool, changesPerDay: changes)
                #expect(abs(seconds - expected) < 1, "\(changes) a day: \(seconds)")
                #expect(seconds <= before)
                before = seconds
            }
            // Eight times the cost: between twice and the root of eight times the interval.
            let dear = try await Self.seconds(pool, changesPerDay: 1000, cost: 8)
            #expect((2...2.9).contains(dear / 575))
            #expect(try await Self.seconds(pool, changesPerDay: 1000, least: 1200) == 1200)
            #expect(try await Self.seconds(pool, changesPerDay: 1000, least: 7200) == 3600, "the target is more")
            #expect(try await Self.seconds(pool, target: "1 second", changesPerDay: 1e6) == 1)
            let month = try await Self.seconds(pool, target: "30 days", changesPerDay: 1000)
            #expect((86_400...900_000).contains(month))
        }
    }

    /// The exact optimum, by halving: I² (1/2 - (1 - (1 + x) e^-x) / x²) = m c T², with x = rI.
    private static func exact(rate: Double, target: Double) -> Double {
        var (low, high) = (0.0, target)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            let x = rate * middle
            let share: Double = x < 1e-4 ? x / 3 : 0.5 - (1 - (1 + x) * exp(-x)) / (x * x)
            let gain = middle * middle * share
            if gain < target * target / 128 { low = middle } else { high = middle }
        }
        return high
    }

    @Test("the closed form is within 6 % of the optimum it stands for", arguments: [1.5, 5, 20, 80, 300, 1000, 20_000])
    func closedForm(_ changesPerDay: Double) async throws {
        try await withPool(connectionsMax: 1) { pool in
            let seconds = try await Self.seconds(pool, changesPerDay: changesPerDay)
            // The rule leans on what it assumes of a stream it does not know, a little.
            let prior = 0.1 + min(64, 14 * changesPerDay)
            let span = min(64 / changesPerDay, 14) * 86_400 + 0.1 * 3600 * 128 / 3
            let exact = Self.exact(rate: prior / span, target: 3600)
            #expect(abs(seconds / exact - 1) < 0.06, "\(changesPerDay) a day: \(seconds) beside \(exact)")
        }
    }

    @Test("a shop that sleeps at night is read less then, and as often as ever in the morning")
    func nights() async throws {
        try await withPool(connectionsMax: 1) { pool in
            // Six changes an hour from 8 to 20 o'clock, read twice an hour for ten days.
            let rows = try await pool.query(
                """
                with recursive life as (
                  select 0 as n, 1800::float8 as seconds, 0::real as k, 0::real as t, 0::real as c, 0::real as s, null::real as cost
                  union all
                  select l.n + 1, r.seconds, r.change_count, r.change_span, r.change_cos, r.change_sin, r.read_cost
                  from life l cross join lateral portolan.next_cadence('1 hour', timestamptz '2026-01-01 00:00Z' + (l.n + 1) * interval '30 min',
                    case when (l.n + 1) / 2 % 24 between 8 and 19 then 3 else 0 end, 3, 1, 1800, null, l.k, l.t, l.c, l.s, l.cost) r
                  where l.n < 480)
                select (n / 2 % 24), avg(seconds) from life where n > 240 and n % 2 = 1 and n / 2 % 24 in (2, 14) group by 1 order by 1
                """)
            let (night, day) = (
                try rows[0].decode(at: 1, as: Double.self), try rows[1].decode(at: 1, as: Double.self)
            )
            #expect(night > 1.5 * day, "night \(night), day \(day)")
            #expect(day < 900)
        }
    }

    /// One read: enqueued, claimed, its pages committed, done.
    private static func read(
        _ pool: PostgresPool, at now: String, pages: [[String]], resource: String = "orders",
        pageInterval: String? = "0"
    ) async throws {
        let worker = UUID()
        let queue = PostgresQueue(pool: pool)
        try await pool.query("select set_config('portolan.now', $1, false)", [now])
        _ = try await queue.beat(worker: worker, host: "h", version: "1", ttl: .seconds(600))
        try await pool.query("select portolan.run_streams('c1', array[$1::text])", [resource])
        let kinds = ["sync": 1, "report": 1]
        let job = try #require(
            try await queue.claim(
                Claim(worker: worker, wishes: [.init(platform: "toy", band: .urgent)], lanes: 1, kinds: kinds)
            ).first)
        for (index, ids) in pages.enumerated() {
            let rows = try await pool.query(
                """
                select held from portolan.commit_page($1, $2, $3, $4, $5, 'toy', '1', array_fill($5, array[cardinality($6::text[])]),
                  $6::text[], array_fill(portolan.now(), array[cardinality($6)]), array_fill(portolan.now(), array[cardinality($6)]),
                  array_fill(portolan.now(), array[cardinality($6)]), array(select sha256((i || portolan.now())::bytea) from unnest($6) i),
                  array(select '{}'::text from unnest($6)), array_fill(false, array[cardinality($6)]), '{}', '{}', '{}', '{}', '{}', '{}',
                  $7, portolan.now(), null, p_interval_min => $8::text::interval)
                """,
                [
                    job.lease.laneID, job.lease.token, job.jobID, job.connectionID, resource, ids.sorted(),
                    index == pages.count - 1, pageInterval,
                ])
            #expect(try rows[0].decode(at: 0, as: Bool.self))
        }
        #expect(try await queue.finish(job, .done) == .done)
    }

    private static func withShop(_ body: (PostgresPool) async throws -> Void) async throws {
        try await withPool(connectionsMax: 1) { pool in
            try await pool.query("select set_config('portolan.now', '2030-01-01 00:00Z', false)")
            try await pool.query(
                """
                select portolan.add_connection('toy', 'c1', 'https://shop.example', '{}', array['orders', 'sales'],
                  array['main', 'main'], array[interval '1 hour', interval '1 hour'], array['sync', 'report'])
                """)
            try await body(pool)
        }
    }

    private static func text(_ sql: SQL, _ pool: PostgresPool) async throws -> String {
        try await pool.query(sql)[0].decode(at: 0)
    }

    @Test("the first read teaches nothing; later ones do, over all their pages, and draw the next one nearer")
    func pages() async throws {
        try await Self.withShop { pool in
            try await pool.query("update portolan.streams set next_due_at = portolan.now() + interval '50 min'")
            try await Self.read(pool, at: "2030-01-01 00:01Z", pages: [["a", "b"], ["c"]])
            let first: SQL = """
                select concat_ws(' ', coalesce(cadence, interval), change_count, change_span, read_pages, read_records, read_changes,
                                 next_due_at - timestamptz '2030-01-01 00:00Z') from portolan.streams where resource = 'orders'
                """
            #expect(try await Self.text(first, pool) == "01:00:00 0 0 0 0 0 00:50:00")
            let counted: SQL =
                "select change_count || ' ' || read_pages from portolan.streams where resource = 'orders'"
            for hour in 1...8 {
                let ids = (0..<3).map { "\(hour)-\($0)" }
                try await Self.read(pool, at: "2030-01-01 0\(hour):00Z", pages: [ids, ["\(hour)"], []])
                #expect(try await Self.text(counted, pool) == "\(4 * hour) 0")
            }
            let sooner: Bool = try await pool.query(
                """
                select cadence between interval '8 min' and interval '25 min' and next_due_at <= portolan.now() + cadence
                from portolan.streams where resource = 'orders'
                """)[0].decode(at: 0)
            #expect(sooner)
            let why = try await Self.text("select portolan.why_interval('c1', 'orders')", pool)
            #expect(why.contains("96 changes a day lately, 1 page a read that finds nothing"), "\(why)")
        }
    }

    @Test("the quota of the connection bounds it, and what it says names the quota")
    func quota() async throws {
        try await Self.withShop { pool in
            for hour in 0...5 {
                let ids = (0..<8).map { "\(hour)-\($0)" }
                try await Self.read(pool, at: "2030-01-01 0\(hour):00Z", pages: [ids, []], pageInterval: "20 min")
            }
            let words: SQL = "select least_interval || ' ' || cadence from portolan.streams where resource = 'orders'"
            #expect(try await Self.text(words, pool) == "00:40:00 00:40:00")
            let why = try await Self.text("select portolan.why_interval('c1', 'orders')", pool)
            #expect(why.hasSuffix("as often as half of the connection's quota allows"), "\(why)")
        }
    }

    @Test("streams that are read from documents keep to their target")
    func reports() async throws {
        try await Self.withShop { pool in
            for hour in 0...3 {
                let ids = (0..<8).map { "\(hour)-\($0)" }
                try await Self.read(pool, at: "2030-01-01 0\(hour):00Z", pages: [ids], resource: "sales")
            }
            #expect(
                try await pool.query("select cadence is null from portolan.streams where resource = 'sales'")[0]
                    .decode(at: 0, as: Bool.self))
        }
    }

    @Test("whatever a stream has seen, its cadence lies between a second and its target, and nothing runs away")
    func bounds() async throws {
        try await withPool(connectionsMax: 1) { pool in
            let seed = Double.random(in: 0..<1)
            print("bounds seed \(seed)")
            try await pool.query("select setseed($1)", [seed])
            let bad: Int64 = try await pool.query(
                """
                with recursive life as (
                  select n as stream, 0 as step, interval '1 s' * (1 + exp(random() * 14)) as target, 1::float8 as seconds,
                         0::real as k, 0::real as t, 0::real as c, 0::real as s, null::real as cost
                  from generate_series(1, 200) n
                  union all
                  select l.stream, l.step + 1, l.target, r.seconds, r.change_count, r.change_span, r.change_cos, r.change_sin, r.read_cost
                  from life l cross join lateral portolan.next_cadence(l.target, timestamptz '2030-01-01' + l.step * interval '7 h',
                    (exp(random() * 15) * greatest(0, random() - 0.3))::integer, (random() * 1e6)::integer, (random() * 1e3)::integer,
                    case when random() < 0.9 then exp(random() * 18) end, case when random() < 0.2 then random() * 1e6 end,
                    l.k, l.t, l.c, l.s, l.cost) r
                  where l.step < 60)
                select count(*) from life where step > 0 and (seconds is null or seconds < 1 or seconds > extract(epoch from target)
                  or k > 64.001 or t > 14.001 * 86400 or k < -0.001 or cost < 1)
                """)[0].decode(at: 0)
            #expect(bad == 0, "seed \(seed)")
        }
    }
}
