import FoundationEssentials
import Jobs
import Postgres
import TestKit
import Testing

@Suite("Control of streams and schedules", .serialized)
struct ControlTests {
    private static func withShop(_ body: (PostgresPool) async throws -> Void) async throws {
        try await withPool(connectionsMax: 2) { pool in
            try await pool.query(
                """
                select portolan.add_connection('toy', 'shop', 'https://shop.example', '{}', array['orders', 'products'],
                  array['main', 'main'], array[interval '1 hour', interval '1 hour'])
                """)
            try await body(pool)
        }
    }

    private static func refusal(_ pool: PostgresPool, _ sql: SQL) async -> String {
        do {
            try await pool.query(sql)
            return "nothing was refused"
        } catch {
            return QueueError(error).message
        }
    }

    private static func value<Value: PostgresDecodable>(
        _ sql: SQL, _ pool: PostgresPool, as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql).first).decode(at: 0)
    }

    @Test("a paused stream is not enqueued, what waits of it is gone, what runs is asked to stop; resumed, it goes on")
    func pause() async throws {
        try await Self.withShop { pool in
            let queue = PostgresQueue(pool: pool)
            #expect(try await queue.enqueueDue(limit: 10) == (2, 2))
            let worker = UUID()
            _ = try await queue.beat(worker: worker, host: "h", version: "1", ttl: .seconds(600))
            let job = try #require(
                try await queue.claim(
                    Claim(
                        worker: worker, wishes: [.init(platform: "toy", band: .incremental)], lanes: 1,
                        kinds: ["sync": 1])
                ).first)
            let running: String = try await Self.value(
                "select args->>'resource' from portolan.jobs order by job_id", pool)
            let other = running == "orders" ? "products" : "orders"
            #expect(try await queue.prove(job, records: 0, checkpoint: nil)?.isCancelled == false)
            for resource in [running, other] {
                let isNew: Bool = try await pool.query(
                    "select portolan.pause_stream('shop', $1, 'they asked us to')", [resource])[0].decode(at: 0)
                #expect(isNew)
            }
            #expect(try await Self.value("select portolan.pause_stream('shop', 'orders')", pool) == false)
            #expect(try await queue.prove(job, records: 0, checkpoint: nil)?.isCancelled == true)
            #expect(try await queue.finish(job, .done) == .done)
            #expect(try await Self.value("select count(*) from portolan.jobs", pool, as: Int64.self) == 0)
            try await pool.query("update portolan.streams set next_due_at = now() - interval '1 min'")
            #expect(try await queue.enqueueDue(limit: 10) == (0, 0))
            let why: String = try await Self.value("select portolan.why_interval('shop', 'orders')", pool)
            #expect(why.contains("they asked us to"))
            #expect(
                await Self.refusal(pool, "select portolan.run_streams('shop', '{orders}')").contains(
                    "resource: stream 'orders' of shop is paused"))
            #expect(
                await Self.refusal(pool, "select portolan.run_streams('shop')").contains(
                    "every stream of shop is paused"))
            #expect(try await Self.value("select portolan.resume_stream('shop', 'orders')", pool) == true)
            #expect(try await Self.value("select portolan.resume_stream('shop', 'orders')", pool) == false)
            #expect(try await queue.enqueueDue(limit: 10) == (1, 1))
        }
    }

    @Test("pausing while pages are committed neither waits for them for long nor stops them", .timeLimit(.minutes(1)))
    func pauseMeanwhile() async throws {
        try await Self.withShop { pool in
            let queue = PostgresQueue(pool: pool)
            let worker = UUID()
            _ = try await queue.beat(worker: worker, host: "h", version: "1", ttl: .seconds(600))
            for _ in 0..<40 {
                try await pool.query("update portolan.streams set next_due_at = now() - interval '1 s', state = 'new'")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await pool.query("select portolan.pause_stream('shop', 'orders')")
                        try await pool.query("select portolan.resume_stream('shop', 'orders')")
                    }
                    group.addTask {
                        _ = try await queue.enqueueDue(limit: 10)
                        let wish = Claim.Wish(platform: "toy", band: .incremental)
                        for job in try await queue.claim(
                            Claim(worker: worker, wishes: [wish], lanes: 1, kinds: ["sync": 1]))
                        {
                            _ = try await queue.prove(job, records: 1, checkpoint: nil)
                            try await pool.query("update portolan.streams set last_page_at = now()")
                            _ = try await queue.finish(job, .done)
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("a target is set and given back, and what is due later than it comes sooner")
    func target() async throws {
        try await Self.withShop { pool in
            try await pool.query(
                "update portolan.streams set next_due_at = now() + interval '1 hour', cadence = '30 min'")
            #expect(
                try await Self.value("select portolan.set_target('shop', 'orders', '10 min')::text", pool) == "00:10:00"
            )
            let held: Bool = try await Self.value(
                """
                select interval = '10 min' and cadence = '10 min' and next_due_at <= now() + interval '10 min' and urgency = 0
                from portolan.streams where resource = 'orders'
                """, pool)
            #expect(held)
            try await pool.query("select portolan.set_target('shop', 'orders', '2 days')")
            let words: SQL = """
                select target || ' ' || target_source || ' ' || target_default from portolan.stream_cadence where resource = 'orders'
                """
            #expect(try await Self.value(words, pool) == "2 days connection 01:00:00")
            #expect(
                try await Self.value("select portolan.set_target('shop', 'orders', null)::text", pool) == "01:00:00")
            #expect(try await Self.value(words, pool) == "01:00:00 platform 01:00:00")
        }
    }

    @Test("what cannot be is refused, naming the field and the fix")
    func refusals() async throws {
        try await Self.withShop { pool in
            let refusals: [(SQL, String)] = [
                (
                    "select portolan.set_target('shop', 'orders', '0')",
                    "target: '00:00:00' is not from 1 second to 30 days"
                ),
                ("select portolan.set_target('shop', 'orders', '-5 min')", "target: "),
                ("select portolan.set_target('shop', 'orders', '31 days')", "target: "),
                (
                    "select portolan.set_target('shop', 'ordrs', '1 h')",
                    "resource: connection shop has no stream 'ordrs'; it has: orders, products"
                ),
                ("select portolan.set_target('chop', 'orders', '1 h')", "connection: there is none named 'chop'"),
                ("select portolan.pause_stream(null, 'orders')", "connection: there is none named NULL"),
                ("select portolan.pause_connection('chop')", "connection: there is none named 'chop'"),
                ("select portolan.unpause_connection('chop')", "connection: there is none named 'chop'"),
                ("select portolan.run_streams('chop')", "connection: there is none named 'chop'"),
                ("select portolan.why_interval('shop', 'x')", "resource: connection shop has no stream 'x'"),
                ("select portolan.next_slots('0 0 31 2 *')", "cron: '0 0 31 2 *' does not fire within 8 years"),
                ("select portolan.next_slots('@daily', 'Mars')", "zone: 'Mars' is not known"),
                ("select portolan.next_slots('@daily', 'UTC', 0)", "count: 0 is not from 1 to 1000"),
                ("select portolan.pause_schedule('x')", "name: there is no schedule 'x'; there are: none"),
                ("select portolan.resume_schedule('x')", "name: there is no schedule 'x'"),
            ]
            for (sql, words) in refusals {
                let message = await Self.refusal(pool, sql)
                #expect(message.contains(words), "\(message)")
            }
        }
    }

    @Test("a connection is paused and resumed by its name")
    func connections() async throws {
        try await Self.withShop { pool async throws in
            #expect(try await Self.value("select portolan.pause_connection('shop', 'why not')", pool) == true)
            #expect(try await Self.value("select portolan.pause_connection('shop')", pool) == false)
            #expect(
                try await Self.value("select why from portolan.stream_cadence limit 1", pool)
                    == "its connection is paused: why not")
            #expect(try await Self.value("select portolan.unpause_connection('shop')", pool) == true)
            #expect(try await Self.value("select portolan.unpause_connection('shop')", pool) == false)
        }
    }

    @Test("a paused schedule lets its slots pass and goes on with the next; slots can be looked at beforehand")
    func schedules() async throws {
        try await Self.withShop { pool in
            let script: SQL = """
                set portolan.now = '2030-01-01 00:00Z';
                select portolan.schedule('daily', connection_id, 'sync', '{"resource": "orders"}', '@daily') from portolan.connections;
                select portolan.pause_schedule('daily');
                set portolan.now = '2030-01-05 12:00Z';
                """
            try await pool.withConnection { connection in
                try await connection.executeScript(script)
                #expect(
                    try await connection.query("select portolan.enqueue_schedules()")[0].decode(at: 0, as: Int32.self)
                        == 0)
                #expect(
                    try await connection.query("select portolan.resume_schedule('daily') = '2030-01-06 00:00Z'")[0]
                        .decode(
                            at: 0, as: Bool.self))
                let slots = try await connection.query(
                    """
                    select to_char(s at time zone 'UTC', 'DD HH24:MI')
                    from portolan.next_slots('30 2 * * *', 'Europe/Berlin', 3, '2030-03-29 12:00Z') s
                    """
                ).map { try $0.decode(at: 0, as: String.self) }
                #expect(slots == ["30 01:30", "31 01:00", "01 00:30"], "the clock skips half past two on the 31st")
            }
        }
    }
}
