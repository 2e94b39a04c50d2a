import Foundation
import Postgres
import Testing

/// The commands that show how a connection is and switch it off.
@Suite("The connections commands")
struct ConnectionsCommandTests {
    private static func happened(
        _ harness: CommandHarness, _ event: String, code: String, _ message: String
    ) async throws {
        try await harness.pool.query(
            """
            select portolan.connection_event(connection_id, $1, $2, $3) from portolan.connections where name = 'toy-1'
            """, [event, code, message])
    }

    @Test("show says how a connection is, why, what heals it, and how it came to that")
    func show() async throws {
        try await CommandHarness.with { harness in
            let fresh = try await harness.portolan("connections", "show", "toy-1")
            #expect(fresh.status == 0, "\(fresh.errors)")
            #expect(fresh.lines[0].hasPrefix("toy-1 on toy: pending since "))
            #expect(!fresh.output.contains("why:"))
            #expect(fresh.lines.contains { $0.hasPrefix("STREAM") })
            #expect(fresh.lines.contains { $0.hasPrefix("orders") })
            #expect(fresh.lines.last?.hasPrefix("WHEN") == true, "nothing has happened to it")

            try await Self.happened(harness, "auth", code: "auth.revoked", "the token\nis revoked")
            let broken = try await harness.portolan("connections", "show", "toy-1")
            #expect(broken.lines[0].hasPrefix("toy-1 on toy: needs_reauth since "))
            #expect(broken.lines.contains("why:    auth.revoked: the token is revoked"))
            #expect(broken.lines.contains { $0.hasPrefix("heals:  ") && $0.count > 20 }, "\(broken.output)")
            let history = try #require(broken.lines.last)
            #expect(history.contains("auth") && history.contains("pending") && history.contains("needs_reauth"))
            #expect(history.hasSuffix("the token is revoked"))

            let object = try await harness.portolan("connections", "show", "toy-1", "--json").json(
                as: [String: Any].self)
            let health = try #require(object["health"] as? [String: Any])
            #expect(health["state"] as? String == "needs_reauth" && health["state_code"] as? String == "auth.revoked")
            #expect(((object["streams"] as? [[String: Any]])?.map { $0["resource"] as? String }) == ["orders"])
            let events = try #require(object["history"] as? [[String: Any]])
            #expect(events.map { $0["to_state"] as? String } == ["needs_reauth"])
            #expect(events[0]["changed_by"] is NSNull, "nobody did it")
            #expect(try await harness.portolan("alerts").output.contains("connection toy-1 is needs_reauth"))
        }
    }

    @Test("what is disabled is neither run nor enqueued by itself until it is resumed")
    func disable() async throws {
        try await CommandHarness.with { harness in
            let job = try await harness.enqueue("--args", #"{"day": "monday"}"#)
            let disabled = try await harness.portolan("connections", "disable", "toy-1", "--reason", "left us")
            #expect(disabled.status == 0 && disabled.output == "disabled toy-1", "\(disabled.errors)")
            #expect(try await harness.claim() == nil)
            let shown = try await harness.portolan("connections", "show", "toy-1")
            #expect(shown.lines[0].hasPrefix("toy-1 on toy: disabled since "))
            #expect(shown.output.contains("left us"))
            let row = try #require(
                try await harness.portolan("connections", "list", "--json").json(as: [[String: Any]].self).first)
            #expect(row["state"] as? String == "disabled")
            let due: Int64 = try await harness.value(
                """
                select count(*) from portolan.streams s join portolan.connections c using (connection_id)
                where s.next_due_at is not null and portolan.runs(c.state)
                """)
            #expect(due == 0)
            #expect(try await harness.portolan("alerts").output == "no alert is open", "somebody wanted it so")

            // Said again it changes nothing.
            #expect(try await harness.portolan("connections", "disable", "toy-1").output == "disabled toy-1")
            let events: Int64 = try await harness.value("select count(*) from portolan.connection_events")
            #expect(events == 1)

            #expect(try await harness.portolan("connections", "resume", "toy-1").output == "resumed toy-1")
            #expect(try await harness.claim()?.job == job)
            let history = try await harness.portolan("connections", "show", "toy-1").lines.suffix(2)
            #expect(history.first?.contains("disabled") == true && history.first?.contains("pending") == true)
        }
    }

    @Test(
        "what is not there, or is called wrongly, changes nothing",
        arguments: [
            (["show", "toy-9"], Int32(1), "there is no connection toy-9; see: portolan connections list"),
            (["disable", "toy-9"], 1, "there is no connection toy-9; see: portolan connections list"),
            (["disable", ""], 1, "there is no connection ; see: portolan connections list"),
            (["show"], 64, "Missing expected argument"), (["disable"], 64, "Missing expected argument"),
            (["disable", "toy-1", "toy-2"], 64, "Unexpected argument"),
            (["disable", "toy-1", "--reason"], 64, "Missing value"),
            (["show", "toy-1", "--csv"], 64, "Unknown option"),
        ])
    func refusals(_ arguments: [String], _ status: Int32, _ line: String) async throws {
        try await CommandHarness.with { harness in
            let answer = try await harness.portolan(["connections"] + arguments)
            #expect(answer.status == status)
            #expect(answer.output.isEmpty)
            #expect(answer.errors.hasPrefix("Error: \(line)"), "\(answer.errors)")
            #expect(try await harness.value("select state from portolan.connections") == "pending")
        }
    }
}
