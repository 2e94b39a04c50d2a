import Foundation
import Postgres
import Testing

/// The command that shows the log of requests.
@Suite("The requests command")
struct RequestsCommandTests {
    private static func write(
        _ harness: CommandHarness, route: String, status: Int32?, error: String? = nil, ago: String = "1 min",
        connection: String = "toy-1", platform: String = "toy"
    ) async throws {
        try await harness.pool.query(
            """
            insert into portolan.requests (sent_at, platform, connection_id, resource, job_id, method, route, status, error_code,
              request_id, bytes_sent, bytes_received, dns_ms, first_byte_ms, total_ms, token_wait_ms, http_version)
            select now() - $1::text::interval, $2, c.connection_id, 'orders', 1, 'GET', $3, $4, $5, 'req_9', 0, 4000, 2, 80, 100,
                   250, '2'
            from portolan.connections c where c.name = $6
            """, [ago, platform, route, status, error, connection])
    }

    @Test("it lists the newest first, and finds by connection, platform, failure and age")
    func list() async throws {
        try await CommandHarness.with { harness in
            #expect(try await harness.portolan("requests").output == "no such requests")
            try await harness.addConnection("toy-2")
            try await Self.write(harness, route: "/fine/{id}", status: 200)
            try await Self.write(harness, route: "/refused", status: 403, ago: "2 min", connection: "toy-2")
            try await Self.write(harness, route: "/gone", status: nil, error: "network.dns", ago: "3 min")
            try await Self.write(harness, route: "/old", status: 200, ago: "3 hours")

            let all = try await harness.portolan("requests")
            #expect(all.lines.count == 4, "\(all.output)\(all.errors)")
            #expect(all.lines[1].contains("GET /fine/{id}") && all.lines[1].contains("toy-1"))
            #expect(all.lines[1].contains("200") && all.lines[1].contains("100 ms") && all.lines[1].contains("req_9"))
            #expect(all.lines[3].contains("network.dns"))
            #expect(try await harness.portolan("requests", "--since", "1d").lines.count == 5)
            #expect(try await harness.portolan("requests", "--since", "90s").lines.count == 2)
            #expect(try await harness.portolan("requests", "--limit", "1").lines.count == 2)
            let failed = try await harness.portolan("requests", "--failed")
            #expect(failed.lines.count == 3 && !failed.output.contains("/fine"))
            let second = try await harness.portolan("requests", "--connection", "toy-2", "--platform", "toy")
            #expect(second.lines.count == 2 && second.output.contains("/refused"))

            let objects = try await harness.portolan("requests", "--json").json(as: [[String: Any]].self)
            #expect(objects.map { $0["route"] as? String } == ["/fine/{id}", "/refused", "/gone"])
            #expect(objects[0]["token_wait_ms"] as? Double == 250 && objects[0]["connection"] as? String == "toy-1")
            #expect(objects[2]["status"] is NSNull && objects[0]["key"] == nil)
        }
    }

    @Test("watching shows each request once, the newest last")
    func watch() async throws {
        try await CommandHarness.with { harness in
            for number in 0..<3 {
                try await Self.write(harness, route: "/\(number)", status: 200, ago: "\(10 - number) s")
            }
            let text = try await harness.portolan("requests", "--watch", "--times", "3")
            #expect(text.lines.count == 3, "\(text.output)\(text.errors)")
            #expect(text.lines.first?.contains("/0") == true && text.lines.last?.contains("/2") == true)
            let json = try await harness.portolan("requests", "--watch", "--times", "2", "--json")
            #expect(json.lines.count == 3)
            #expect(json.lines.allSatisfy { $0.hasPrefix("{") && !$0.contains("\"key\"") })
        }
    }

    @Test("a wrong call says what is wrong")
    func wrong() async throws {
        try await CommandHarness.with { harness in
            for (arguments, status, part) in [
                (["--since", "yesterday"], Int32(64), "since"), (["--limit", "0"], 64, "--limit"),
                (["--times", "2"], 64, "--watch"), (["--connection", "none"], 1, "there is no connection none"),
                (["--platform", "none"], 1, "there is no platform none"),
            ] {
                let answer = try await harness.portolan(["requests"] + arguments)
                #expect(answer.status == status, "\(arguments): \(answer.errors)")
                #expect(answer.errors.contains(part), "\(arguments): \(answer.errors)")
            }
        }
    }
}
