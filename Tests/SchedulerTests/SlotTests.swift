import FoundationEssentials
import Postgres
import TestKit
import Testing

@Suite("Slots of streams", .serialized)
struct SlotTests {
    private static let logging: SQL = """
        create table portolan.slot_log (connection_id bigint, resource text, slot timestamptz, primary key (connection_id, resource, slot));
        create function log_slot() returns trigger language plpgsql security definer as $$ begin
          insert into portolan.slot_log values (old.connection_id, old.resource, old.next_due_at);
          return null;
        end $$;
        create trigger log_slot after update of next_due_at on portolan.streams for each row execute function log_slot();
        create table portolan.job_log as select connection_id, args from portolan.jobs;
        create function log_job() returns trigger language plpgsql security definer as $$ begin
          insert into portolan.job_log values (new.connection_id, new.args);
          return null;
        end $$;
        create trigger log_job after insert on portolan.jobs for each row execute function log_job();
        """

    @Test(
        "none is taken twice: many schedulers at once, clocks that jump both ways, schedulers that die in a tick",
        .timeLimit(.minutes(3)))
    func once() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("slots seed \(seed)")
        var random = SeededRandom(seed: seed)
        try await withPool(connectionsMax: 8) { pool in
            try await pool.query(
                """
                select portolan.add_connection('toy', 'c' || n, 'https://shop.example', '{}', array['a', 'b', 'c'],
                  array['main', 'main', 'main'], array[interval '5 min', interval '1 hour', interval '1 day'])
                from generate_series(1, 60) n
                """)
            try await pool.query("update portolan.streams set next_due_at = '2030-01-01 00:00Z'")
            try await pool.query("update portolan.scheduler_pace set least_per_s = 1e6")
            try await pool.withConnection { try await $0.executeScript(Self.logging) }
            var clock: Int64 = 1_893_456_000
            var enqueued = 0
            for _ in 0..<150 {
                clock += Int64.random(in: -4000...7200, using: &random)
                // Each has a clock of its own; one in eight dies before its commit.
                let ticks = (0..<6).map { _ in
                    (
                        now: clock + Int64.random(in: -90...90, using: &random),
                        limit: Int32.random(in: 1...80, using: &random),
                        dies: Int.random(in: 0..<8, using: &random) == 0
                    )
                }
                enqueued += try await withThrowingTaskGroup(of: Int.self) { group in
                    for tick in ticks {
                        group.addTask { try await Self.tick(pool, now: tick.now, limit: tick.limit, dies: tick.dies) }
                    }
                    return try await group.reduce(0, +)
                }
                // Some have been read.
                try await pool.query("delete from portolan.jobs where hashint8(job_id) % 3 <> 0")
            }
            let jobs: Int64 = try await pool.query("select count(*) from portolan.job_log")[0].decode(at: 0)
            #expect(Int(jobs) == enqueued, "seed \(seed)")
            let slots: Int64 = try await pool.query("select count(*) from portolan.slot_log")[0].decode(at: 0)
            #expect(slots > 1000 && slots >= jobs, "seed \(seed)")
            let doubled: Int64 = try await pool.query(
                """
                select count(*) from (select connection_id, dedupe_key from portolan.jobs group by 1, 2 having count(*) > 1) d
                """)[0].decode(at: 0)
            #expect(doubled == 0, "seed \(seed)")
        }
    }

    /// One tick; one that dies leaves nothing.
    private static func tick(_ pool: PostgresPool, now: Int64, limit: Int32, dies: Bool) async throws -> Int {
        let sql: SQL = """
            select d.enqueued from set_config('portolan.now', to_timestamp($1::bigint)::text, false), portolan.enqueue_due($2) d
            """
        guard dies else {
            return Int(try await pool.query(sql, [now, limit])[0].decode(at: 0, as: Int32.self))
        }
        struct Death: Error {}
        do {
            try await pool.withTransaction { connection in
                try await connection.query(sql, [now, limit])
                throw Death()
            }
        } catch {}
        return 0
    }
}
