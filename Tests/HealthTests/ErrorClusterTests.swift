import Foundation
import Jobs
import Postgres
import TestKit
import Testing

@Suite("Errors with one cause", .serialized)
struct ErrorClusterTests {
    private static func row(
        _ code: String, _ message: String, fault: String = "ours", platformCode: String? = nil,
        operation: String? = nil,
        record: String? = nil
    ) throws -> PostgresJSON {
        var fields = ["code": code, "fault": fault, "policy": "fail", "message": "ours", "platform_message": message]
        fields["platform_code"] = platformCode
        fields["operation"] = operation
        fields["external_id"] = record
        return PostgresJSON(String(decoding: try JSONEncoder().encode(fields), as: UTF8.self))
    }

    private static func record(
        _ lab: HealthLab, _ rows: [PostgresJSON], connection: Int64? = nil, resource: String = "orders"
    ) async throws {
        try await lab.pool.query(
            "select portolan.record_errors($1, $2, null, null, $3)", [connection ?? lab.connection, resource, rows])
    }

    private static func fold(_ lab: HealthLab) async throws {
        try await lab.pool.query("select portolan.fold_errors()")
    }

    @Test(
        "numbers, ids, dates, addresses and names do not split a cause",
        arguments: [
            ("Order 123456 not found", "Order 7 not found"),
            (
                "order gid://shopify/Order/1 changed at 2026-01-02T03:04:05Z",
                "order gid://shopify/Order/99 changed at 2025-12-31"
            ),
            ("cannot reach https://a.example/x?y=1 (took 120ms)", "cannot reach http://b.example/ (took 3ms)"),
            ("no such user jane@a.example", "no such user j.doe+1@b.example"),
            (
                "request 5f2c1a9e-1b2c-4d5e-8f90-aabbccddeeff failed",
                "request 0f2c1a9e-1b2c-4d5e-8f90-aabbccddee00 failed"
            ),
            ("no such customer: 'cus_NffrFeUfNV2Hib'", "no such customer: 'cus_AbC123dEf456gH'"),
            ("charge ch_3MmlLrLkdIwHu7ix belongs to nobody", "charge ch_9ZmlLrLkdIwHu7iy belongs to nobody"),
            ("the order of Jane Doe is locked", "the order of John Smith is locked"),
            ("shop answers too late", "shop answers too late"),
            ("Bestellung „A-1“ fehlt", "Bestellung „B-22“ fehlt"),
            ("host 10.0.0.1 refused", "host 192.168.7.44 refused"),
            ("amount 1,234.50 is odd", "amount 9.99 is odd"),
        ])
    func same(_ one: String, _ other: String) async throws {
        try await HealthLab.with { lab in
            try await Self.record(lab, [try Self.row("request.invalid", one), try Self.row("request.invalid", other)])
            try await Self.fold(lab)
            let title: String = try await lab.value("select string_agg(title, ' | ') from portolan.error_clusters")
            #expect(try await lab.value("select count(*) from portolan.error_clusters") == Int64(1), "\(title)")
            #expect(try await lab.value("select errors_count from portolan.error_clusters") == Int64(2))
        }
    }

    @Test("a different cause does; where the platform has a code, and where the code says all, words do not")
    func different() async throws {
        try await HealthLab.with { lab in
            let rows = [
                try Self.row("request.invalid", "Order 1 not found"),
                try Self.row("request.invalid", "Customer 1 not found"),
                try Self.row("data.malformed", "Order 1 not found"),
                try Self.row("request.invalid", "Order 1 not found", operation: "probe"),
                try Self.row("request.invalid", "in English", platformCode: "6240"),
                try Self.row("request.invalid", "auf Deutsch", platformCode: "6240"),
                try Self.row("request.invalid", "auf Deutsch", platformCode: "6210"),
                try Self.row("network.dns", "cannot find a"), try Self.row("network.dns", "unknown host"),
            ]
            try await Self.record(lab, rows)
            try await Self.record(lab, [rows[0]], resource: "items")
            try await Self.fold(lab)
            #expect(try await lab.value("select count(*) from portolan.error_clusters") == Int64(8))
            #expect(try await lab.value("select sum(errors_count)::bigint from portolan.error_clusters") == Int64(10))
            // The name of the connection is nobody's cause, whatever words surround it.
            try await Self.record(lab, [try Self.row("request.invalid", "for shop nothing is there")])
            try await lab.pool.query("update portolan.connections set name = 'boutique'")
            try await Self.record(lab, [try Self.row("request.invalid", "for boutique nothing is there")])
            try await Self.fold(lab)
            #expect(try await lab.value("select count(*) from portolan.error_clusters") == Int64(9))
        }
    }

    @Test("what was resolved and comes back is regressed; what is ignored is until its condition is met")
    func states() async throws {
        try await HealthLab.with { lab in
            func again() async throws -> String {
                try await Self.record(lab, [try Self.row("request.invalid", "no")])
                try await Self.fold(lab)
                return try await lab.value("select state from portolan.error_clusters")
            }
            func set(_ state: String, hours: Int32? = nil, errors: Int64? = nil) async throws -> Bool {
                try await lab.value(
                    """
                    select portolan.set_cluster_state((select cluster_id from portolan.error_clusters), $1, 'me', 'why',
                      portolan.now() + $2 * interval '1 hour', $3)
                    """, [state, hours, errors])
            }
            #expect(try await again() == "open")
            #expect(try await lab.openAlerts() == ["new_cluster"])
            #expect(try await set("resolved"))
            #expect(try await lab.openAlerts().isEmpty)
            try await lab.setTime(minutes: 1)
            #expect(try await again() == "regressed")
            #expect(try await lab.openAlerts() == ["regression"])

            await #expect(throws: (any Error).self) { try await set("ignored") }
            #expect(try await set("ignored", errors: 2))
            try await lab.setTime(minutes: 2)
            for expected in ["ignored", "ignored", "open"] { #expect(try await again() == expected) }
            #expect(try await set("ignored", hours: 1))
            try await lab.setTime(minutes: 50)
            #expect(try await again() == "ignored")
            try await lab.setTime(minutes: 70)
            #expect(try await again() == "open")
            #expect(try await lab.value("select portolan.set_cluster_state(4711, 'resolved')") == false)
        }
    }

    @Test("every unclassified error is an alert, told once; nobody's fault is none")
    func alerts() async throws {
        try await HealthLab.with { lab in
            try await Self.record(
                lab,
                [
                    try Self.row("unknown.unclassified", "¿qué?", fault: "unknown"),
                    try Self.row("rate.limited", "slow down", fault: "quota"),
                    try Self.row("account.closed", "gone", fault: "merchant"),
                ])
            try await Self.fold(lab)
            #expect(try await lab.openAlerts() == ["unclassified"])
            #expect(try await lab.queue.takeAlerts().map(\.rule) == ["unclassified"])
            #expect(try await lab.queue.takeAlerts().isEmpty)
            try await Self.record(lab, [try Self.row("unknown.unclassified", "¿qué?", fault: "unknown")])
            try await Self.fold(lab)
            #expect(try await lab.queue.takeAlerts().isEmpty, "one open alert for one cause")
        }
    }

    @Test("a hundred rows of a cause are kept in an hour, all are counted, and those about records are kept")
    func samples() async throws {
        try await HealthLab.with { lab in
            for _ in 0..<5 {
                try await Self.record(lab, try (0..<50).map { try Self.row("request.invalid", "no \($0)") })
                try await Self.fold(lab)
            }
            try await Self.record(
                lab, try (0..<50).map { try Self.row("request.invalid", "no 7", record: "\($0)") })
            try await Self.fold(lab)
            #expect(try await lab.value("select errors_count from portolan.error_clusters") == Int64(300))
            #expect(try await lab.value("select count(*) from portolan.errors") == Int64(150))
            #expect(try await lab.value("select count(*) from portolan.error_inbox") == Int64(0))
            #expect(try await lab.value("select connections_count from portolan.error_clusters") == Int32(1))
            try await lab.setTime(minutes: 61)
            try await Self.record(lab, [try Self.row("request.invalid", "no 7")])
            #expect(try await lab.value("select count(*) from portolan.errors") == Int64(151), "a new hour")
            #expect(
                try await lab.value(
                    """
                    select cardinality(sample_ids) between 1 and 5 and sample_ids <@ (select array_agg(error_id) from portolan.errors)
                    from portolan.error_clusters
                    """))
        }
    }

    @Test("writing an error waits for nobody, not even for the counting")
    func doesNotBlock() async throws {
        try await withPool { pool in
            let id: Int64 = try await pool.query(
                "select portolan.add_connection('toy', 'shop', 'https://x.example', '{}', '{}', '{}', '{}') as id")[0]
                .decode("id")
            let error = try Self.row("request.invalid", "no")
            let write: SQL = "select portolan.record_errors($1, null, null, null, $2)"
            try await pool.query(write, [id, [error]])
            try await pool.query("select portolan.fold_errors()")
            try await pool.query(write, [id, [error]])
            try await pool.withTransaction { connection in
                // Holds every lock of the counting until the end.
                try await connection.query("select portolan.fold_errors()")
                for _ in 0..<20 {
                    try await pool.withTransaction { other in
                        try await other.query("set local lock_timeout = '1ms'")
                        try await other.query(write, [id, [error]])
                    }
                }
            }
            try await pool.query("select portolan.fold_errors()")
            let count: Int64 = try await pool.query("select errors_count from portolan.error_clusters")[0].decode(at: 0)
            #expect(count == 22)
        }
    }

    @Test("a job that fails for a cause of which no more rows are kept ends all the same, in any session")
    func beyondTheSample() async throws {
        try await withPool { pool in
            let id: Int64 = try await pool.query(
                """
                select portolan.add_connection('toy', 'shop', 'https://x.example', '{}', array['orders'], array['main'],
                                               array[interval '5 min']) as id
                """)[0].decode("id")
            let queue = PostgresQueue(pool: pool)
            let worker = UUID()
            _ = try await queue.beat(worker: worker, host: "here", version: "1", ttl: .seconds(3600))
            _ = try await queue.enqueueSync(connection: "shop", resource: "orders", band: .incremental)
            let error = try Self.row("request.invalid", "no")
            // As many as are kept of a cluster in an hour, counted.
            for _ in 0..<2 {
                try await pool.query(
                    "select portolan.record_errors($1, 'orders', null, null, array_fill($2::jsonb, array[101]))",
                    [id, error])
                try await pool.query("select portolan.fold_errors()")
            }
            let before: Int64 = try await pool.query("select count(*) from portolan.errors")[0].decode(at: 0)
            let job = try #require(
                try await queue.claim(
                    Claim(
                        worker: worker, wishes: [.init(platform: "toy", band: .incremental)], lanes: 1,
                        kinds: ["sync": 1])
                ).first)
            let result: String = try await pool.query(
                "select portolan.finish_with($1, $2, $3, 'failed', interval '0', $4, 'orders', 'failing', 'auth')",
                [job.lease.laneID, job.lease.token, job.jobID, error])[0].decode(at: 0)
            #expect(result == "failed")
            let after: Int64 = try await pool.query("select count(*) from portolan.errors")[0].decode(at: 0)
            #expect(after == before, "its row was one too many")
            let state: String = try await pool.query(
                "select state || ' ' || coalesce(state_error_id::text, 'none') from portolan.connections")[0].decode(
                    at: 0)
            #expect(state == "needs_reauth none")
        }
    }

    @Test("a connection's name is left out of a title where it stands for itself, and stays inside other words")
    func names() async throws {
        try await HealthLab.with { lab in
            try await lab.pool.query("update portolan.connections set name = 'shop.a'")
            try await Self.record(
                lab, [try Self.row("request.invalid", "the shop.a is not the workshop.ab, nor shopxa")])
            try await lab.pool.query("select portolan.fold_errors()")
            #expect(
                try await lab.value("select title from portolan.error_clusters")
                    == "the <name> is not the <host>, nor shopxa")
        }
    }
}
