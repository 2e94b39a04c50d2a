import Foundation
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("How much was done in each minute", .serialized)
struct OpsThroughputTests {
    private static let sums = """
        select concat_ws(' ', to_char(minute at time zone 'UTC', 'HH24:MI'), platform, kind, done_count,
        failed_count, cancelled_count, merged_count, runs_count, pages_count, records_count)
        from ops.throughput order by minute, platform, kind
        """

    /// What the history says, counted at once.
    private static let truth = """
        select concat_ws(' ', to_char(date_trunc('minute', h.finished_at) at time zone 'UTC', 'HH24:MI'), coalesce(l.platform, 'removed'), h.kind,
          count(*) filter (where h.outcome = 'done'), count(*) filter (where h.outcome = 'failed'), count(*) filter (where h.outcome = 'cancelled'),
          count(*) filter (where h.outcome = 'merged'), sum(h.runs), sum(h.pages_count), sum(h.records_count))
        from portolan.job_history h left join portolan.lanes l using (lane_id)
        group by date_trunc('minute', h.finished_at), l.platform, h.kind order by date_trunc('minute', h.finished_at), 1
        """

    @Test("the minutes are what the history says, folded as often as one likes, with how long jobs waited and ran")
    func minutes() async throws {
        try await OpsLab.with { lab in
            try await lab.run(
                "update portolan.job_minutes_state set final_until = '2029-12-31 23:00+00', folded_at = '2029-12-31 23:59+00'"
            )
            let (toy, tin) = (try await lab.addConnection("a"), try await lab.addConnection("b", platform: "tin"))
            for minute in 0..<4 {
                try await lab.setTime("2030-01-01 00:0\(minute):10+00")
                try await lab.beat()
                for shop in [toy, tin] { _ = try await lab.enqueue(shop) }
                let cancelled = try await lab.enqueue(toy, at: "2030-01-01 05:00+00")
                try await lab.setTime("2030-01-01 00:0\(minute):11+00")
                let held = try await lab.claim() + (try await lab.claim("tin"))
                #expect(held.count == 2)
                try await lab.setTime("2030-01-01 00:0\(minute):15+00")
                for lease in held { try await lab.page(lease, records: 7) }
                try await lab.finish(held[0], "done")
                try await lab.finish(
                    held[1], minute == 2 ? "failed" : "done", detail: #"{"code": "platform.internal"}"#)
                try await lab.run("select portolan.cancel(\(cancelled))")
                for _ in 1...2 { try await lab.run("select portolan.fold_jobs()") }
            }
            let folded = try await lab.texts(Self.sums)
            #expect(folded == (try await lab.texts(Self.truth)))
            #expect(
                folded.contains("00:02 tin sync 0 1 0 0 1 1 7") && folded.contains("00:03 toy sync 1 0 1 0 1 1 7"),
                "\(folded)")
            // One second of waiting, four of running; a bucket is half an octave wide.
            let row = try await lab.run(
                "select run_p50_ms, run_p95_ms, wait_p50_ms from ops.throughput where platform = 'tin' limit 1")[0]
            let (half, most, wait) = try row.decode(Double.self, Double.self, Double.self)
            #expect(
                (4000 / 1.42...4000 * 1.42).contains(half) && half <= most
                    && (1000 / 1.42...1000 * 1.42).contains(wait), "\(half) \(most) \(wait)")
            let spans = try await lab.texts(
                "select concat_ws(' ', span, platform, done_count, failed_count) from ops.latency order by 1")
            #expect(spans == ["1 hour tin 3 1", "1 hour toy 4 0", "5 minutes tin 3 1", "5 minutes toy 4 0"])
            // Much later nothing has changed, and what is older than eight days goes.
            try await lab.setTime("2030-01-01 02:00+00")
            for _ in 1...4 { try await lab.run("select portolan.fold_jobs()") }
            #expect(try await lab.texts(Self.sums) == folded)
            try await lab.setTime("2030-01-10 02:00+00")
            try await lab.run("select portolan.fold_jobs()")
            #expect(try await lab.number("select count(*) from ops.throughput") == 0)
        }
    }

    @Test(
        "what was seen late is found: a transaction that ends minutes after it began, and hours in which nobody folded")
    func late() async throws {
        try await OpsLab.with { lab in
            let toy = try await lab.addConnection("a")
            func end(at time: String) async throws {
                try await lab.setTime(time)
                try await lab.beat()
                _ = try await lab.enqueue(toy)
                try await lab.finish(try #require(try await lab.claim().first), "done")
            }
            try await lab.run(
                "update portolan.job_minutes_state set final_until = '2029-12-31 23:50+00', folded_at = '2030-01-01 00:00+00'"
            )
            try await end(at: "2030-01-01 00:05+00")
            // Its transaction began at 00:05 and ends after 00:09 was folded.
            try await lab.run("create table public.held as select * from portolan.job_history")
            try await lab.run("delete from portolan.job_history")
            try await lab.setTime("2030-01-01 00:09+00")
            try await lab.run("select portolan.fold_jobs()")
            try await lab.run("insert into portolan.job_history select * from public.held")
            try await lab.setTime("2030-01-01 00:13+00")
            try await lab.run("select portolan.fold_jobs()")
            #expect(try await lab.number("select count(*) from ops.throughput") == 0)
            try await lab.setTime("2030-01-01 00:16+00")
            try await lab.run("select portolan.fold_jobs()")
            #expect(
                try await lab.texts(Self.sums) == ["00:05 toy sync 1 0 0 0 1 0 0"],
                "ten minutes after its end a minute is looked at once more")
            // Three hours without a process: made up for an hour a call.
            try await end(at: "2030-01-01 00:30+00")
            try await end(at: "2030-01-01 02:30+00")
            try await lab.setTime("2030-01-01 03:30+00")
            var calls = 0
            while try await lab.run("select portolan.fold_jobs()")[0].decode(at: 0, as: Bool.self) { calls += 1 }
            #expect(calls == 3)
            #expect(try await lab.texts(Self.sums) == (try await lab.texts(Self.truth)))
        }
    }

    @Test("maintenance folds, and says so when it cannot")
    func maintained() async throws {
        try await OpsLab.with { lab in
            try await lab.fill()
            try await lab.run("delete from portolan.job_minutes")
            try await lab.run("update portolan.maintenance set next_at = '-infinity' where task = 'throughput'")
            try await lab.run("select portolan.maintain()")
            #expect(try await lab.number("select count(*) from ops.throughput") == 2)
            #expect(
                try await lab.number(
                    "select count(*) from portolan.maintenance where task = 'throughput' and error is null and ran_at is not null"
                ) == 1)
        }
    }

    @Test("a percentile lies in the bucket that holds it, between the shares beside it; of nothing there is none")
    func percentiles() async throws {
        try await OpsLab.with { lab in
            #expect(
                try await lab.number("select count(ops.percentile('{}', 0.5)) + count(ops.percentile('{0,0}', 0.5))")
                    == 0)
            for seed in 1...20 {
                // Durations over seven orders of magnitude, against the exact value.
                let wrong = try await lab.texts(
                    """
                    with d as materialized (select exp(17 * ((hashint4(i * 31 + \(seed)) & 65535) / 65536.0)) as ms from generate_series(1, 500) i),
                    b as (select ops.duration_bucket(ms * interval '1 ms') as i, count(*) as n from d group by 1),
                    a as (select array(select coalesce(b.n, 0) from generate_series(1, 52) g(i) left join b using (i) order by g.i) as buckets)
                    select concat_ws(' ', s, ops.percentile(a.buckets, s), e.exact) from a, unnest(array[0.05, 0.5, 0.95, 0.99]) s
                    cross join lateral (select percentile_disc(s) within group (order by ms) as exact from d) e
                    where not ops.percentile(a.buckets, s) between e.exact / 1.43 and e.exact * 1.43
                    """)
                #expect(wrong == [], "seed \(seed)")
            }
        }
    }
}
