internal import Postgres

/// Adaptive cadence against fixed intervals over simulated time, with the rule itself: `portolan.next_cadence`. For each
/// target all streams of it take as many pages together one way as the other.
///
/// Streams change at random, with log-normal rates (sigma 2, median 10 a day), by the hours of a shop's day in the
/// merchant's zone. Two in a hundred are of very large stores without a filter, where each read takes 20 pages. Targets
/// are 5 minutes, 15 minutes and an hour. Staleness is the age of the oldest change that was not read yet, 0 where there
/// is none, over time and streams; its mean and percentiles are computed from when changes came and were read, not
/// sampled.
struct CadenceSimulation {
    let pool: PostgresPool
    let streams: Int
    let seed: Int
    var days = 8
    /// Days at the beginning that are not counted: the rule is learning.
    var warmDays = 4
    /// Of how many streams one is a very large store's; 0: none.
    var largeEvery = 50

    struct Outcome {
        /// Seconds.
        var mean: Double
        var p95: Double
        /// A stream and day.
        var pages: Double
    }

    func run() async throws -> [BenchReport.Figure] {
        let (fixed, adaptive) = try await compare()
        // Small stores alone, where every read costs the same.
        var small = self
        small.largeEvery = 0
        try await pool.query("drop schema bench cascade")
        let (smallFixed, smallAdaptive) = try await small.compare()
        return [
            .init("adaptive_staleness_factor", fixed.mean / adaptive.mean, "times", aim: "2"),
            .init("adaptive_p95_factor", fixed.p95 / max(adaptive.p95, 1), "times"),
            .init("adaptive_small_stores_factor", smallFixed.mean / smallAdaptive.mean, "times"),
            .init("adaptive_mean_staleness_s", adaptive.mean, "s", floor: fixed.mean),
            .init("adaptive_p95_staleness_s", adaptive.p95, "s", floor: max(fixed.p95, 1)),
            .init("adaptive_pages_per_day", adaptive.pages, "pages", floor: fixed.pages),
        ]
    }

    func compare() async throws -> (fixed: Outcome, adaptive: Outcome) {
        try await pool.withConnection { try await $0.executeScript(SQL(unsafeText: Self.script)) }
        try await pool.query(
            "select setseed($1), bench.make_streams($2, $3)",
            [Double(seed % 1_000_000) / 1_000_000, Int32(streams), Int32(largeEvery)])
        try await pool.query("select bench.simulate_all($1, $2)", [Int32(days), Int32(warmDays)])
        let adaptive = try await outcome()
        // For each target the fixed interval whose reads take as many pages.
        try await pool.query(
            """
            update bench.streams s set fixed = f.seconds
            from (select s.target, sum(s.base / 0.9) * $1 / sum(r.base_pages) as seconds
                  from bench.streams s join bench.results r using (n) group by 1) f
            where f.target = s.target
            """, [Double(days - warmDays) * 86_400])
        try await pool.query("select bench.simulate_all($1, $2)", [Int32(days), Int32(warmDays)])
        return (try await outcome(), adaptive)
    }

    private func outcome() async throws -> Outcome {
        let row = try await pool.query(
            """
            with total as (select $1::float8 * count(*) as seconds, sum(pages) as pages from bench.results),
            lags as (select l::float8 as l, sum(l::float8) over w as sum, row_number() over w as k
                     from bench.results r cross join unnest(r.lags) l window w as (order by l desc rows unbounded preceding))
            select coalesce((select sum(l * l / 2) from lags), 0) / t.seconds,
                   -- Where the time for which it is older is a twentieth of all time.
                   coalesce((select greatest(0, (g.sum - g.l - 0.05 * t.seconds) / greatest(g.k - 1, 1)) from lags g
                             where g.sum - g.k * g.l >= 0.05 * t.seconds order by g.k limit 1), 0),
                   t.pages / (t.seconds / 86400)
            from total t
            """, [Double(days - warmDays) * 86_400])[0]
        let (mean, p95, pages) = try row.decode(Double.self, Double.self, Double.self)
        return Outcome(mean: mean, p95: p95, pages: pages)
    }

    private static let script = """
        create schema if not exists bench;
        create unlogged table bench.streams (n integer, rate float8, zone integer, base integer, target interval, fixed float8);
        create unlogged table bench.results (n integer, base_pages float8, pages float8, lags real[]);

        -- Standard normal, and so many of what comes at random.
        create function bench.normal() returns float8 language sql volatile as $$
          select sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) $$;
        create function bench.poisson(p_mean float8) returns integer language plpgsql volatile as $$
        declare v_limit float8; v_product float8 := 1; v_count integer := -1;
        begin
          if p_mean > 30 then return greatest(0, round(p_mean + sqrt(p_mean) * bench.normal())); end if;
          v_limit := exp(-p_mean);
          loop v_product := v_product * random(); v_count := v_count + 1; exit when v_product <= v_limit; end loop;
          return v_count;
        end $$;

        -- Hours of the shop's average activity up to a time, and back.
        create function bench.activity(p_hours float8) returns float8 language plpgsql immutable as $$
        declare c_sum constant float8[] := \(cumulative);
          v_day float8 := floor(p_hours / 24); v_hour float8 := p_hours - 24 * v_day; h integer := floor(v_hour);
        begin return 24 * v_day + c_sum[h + 1] + (v_hour - h) * (c_sum[h + 2] - c_sum[h + 1]); end $$;
        create function bench.activity_at(p_sum float8) returns float8 language plpgsql immutable as $$
        declare c_sum constant float8[] := \(cumulative);
          v_day float8 := floor(p_sum / 24); v_rest float8 := p_sum - 24 * v_day; h integer := 0;
        begin
          while h < 23 and c_sum[h + 2] <= v_rest loop h := h + 1; end loop;
          return 24 * v_day + h + (v_rest - c_sum[h + 1]) / (c_sum[h + 2] - c_sum[h + 1]);
        end $$;

        create function bench.make_streams(p_count integer, p_large_every integer) returns void language sql as $$
          insert into bench.streams
          select n, 10 * exp(2 * bench.normal()) / 24, (array[-8, -6, -5, -5, 0, 0, 1, 1, 1, 2, 9, 10])[1 + floor(12 * random())::integer],
                 case when n % nullif(p_large_every, 0) = 0 then 20 else 1 end, (array[interval '5 min', '15 min', '1 hour'])[1 + n % 3]
          from generate_series(1, p_count) n $$;

        -- One stream's life: reads, each with what came since the one before. p_fixed: the interval; NULL: as the rule says.
        create function bench.simulate(s bench.streams, p_fixed float8, p_days integer, p_warm integer, out base_pages float8, out pages float8,
            out lags real[]) language plpgsql as $$
        declare
          c_begin constant timestamptz := '2026-01-05 00:00+00'; v_at float8 := 0; v_next float8; v_before float8; v_now float8;
          v_first float8; v_count integer; v_pages integer; v_seconds float8;
          m record; v_large boolean := s.base > 1;
        begin
          base_pages := 0; pages := 0; lags := '{}';
          select 0::real as change_count, 0::real as change_span, 0::real as change_cos, 0::real as change_sin, s.base::real as read_cost into m;
          v_seconds := coalesce(p_fixed, extract(epoch from s.target));
          v_next := v_seconds * random();
          -- A large store is a busy one.
          s.rate := s.rate * case when v_large then 10 else 1 end;
          v_before := bench.activity(s.zone + 24);
          while v_next < p_days * 86400.0 loop
            v_now := bench.activity(s.zone + 24 + v_next / 3600);
            v_count := bench.poisson(s.rate * (v_now - v_before));
            -- Where each read sees all there is, that is its cost; elsewhere there are a hundred changes on a page.
            v_pages := greatest(s.base, ceil(v_count / 100.0));
            if v_at >= p_warm * 86400.0 then
              base_pages := base_pages + s.base;
              pages := pages + v_pages;
              if v_count > 0 then
                -- The first of so many.
                v_first := v_before + (v_now - v_before) * (1 - power(random(), 1.0 / v_count));
                lags := lags || (v_next - (bench.activity_at(v_first) - s.zone - 24) * 3600)::real;
              end if;
            end if;
            if p_fixed is null then
              select r.* into m from portolan.next_cadence(s.target, c_begin + make_interval(secs => v_next), v_count,
                case when v_large then 2000 else v_count end, v_pages, v_next - v_at, null, m.change_count,
                m.change_span, m.change_cos, m.change_sin, m.read_cost) r;
              v_seconds := m.seconds;
            end if;
            v_at := v_next;
            v_before := v_now;
            v_next := v_next + v_seconds * (0.8 + 0.2 * random());
          end loop;
        end $$;
        create function bench.simulate_all(p_days integer, p_warm integer) returns void language sql as $$
          delete from bench.results;
          insert into bench.results
          select s.n, r.* from bench.streams s cross join lateral bench.simulate(s, s.fixed, p_days, p_warm) r $$;
        """

    /// How busy a shop is by the hours of its day, added up.
    private static let cumulative: String = {
        let hours = [
            0.35, 0.2, 0.12, 0.08, 0.08, 0.12, 0.25, 0.5, 0.8, 1.1, 1.3, 1.4, 1.5, 1.45, 1.4, 1.4, 1.45, 1.5, 1.6, 1.75,
            1.85, 1.7, 1.25, 0.75,
        ]
        let scale = 24 / hours.reduce(0, +)
        var sums = [0.0]
        for hour in hours { sums.append((sums.last ?? 0) + hour * scale) }
        sums[24] = 24
        return "array[\(sums.map { "\($0)" }.joined(separator: ", "))]::float8[]"
    }()
}
