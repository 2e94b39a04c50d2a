import Foundation
import Postgres
import Testing

/// The commands about causes of errors, and what people should know of them.
@Suite("The errors and alerts commands")
struct ErrorsCommandTests {
    /// Writes errors that the fleet met, and counts them into their clusters.
    private static func record(
        _ harness: CommandHarness, _ count: Int = 1, code: String = "request.invalid", fault: String = "ours",
        saying message: String, connection: String = "toy-1"
    ) async throws {
        let object: [String: Any] = [
            "code": code, "fault": fault, "policy": "fail", "message": "the answer makes no sense", "http_status": 422,
            "platform_message": message, "route": "/orders/{id}", "rule_id": "toy-7", "platform_request_id": "req_9",
            "operation": "list",
        ]
        let text = PostgresJSON(String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self))
        try await harness.pool.query(
            """
            select portolan.record_errors(c.connection_id, 'orders', 1, null, $1)
            from portolan.connections c where c.name = $2
            """, [Array(repeating: text, count: count), connection])
        try await harness.pool.query("select portolan.fold_errors()")
    }

    private static func cluster(_ harness: CommandHarness, _ title: String) async throws -> Int64 {
        try await harness.value("select cluster_id from portolan.error_clusters where title = $1", [title])
    }

    private static func state(_ harness: CommandHarness, _ cluster: Int64) async throws -> String {
        try await harness.value("select state from portolan.error_clusters where cluster_id = $1", [cluster])
    }

    @Test("list shows one line a cause, the newest first, and finds by state, platform and connection")
    func list() async throws {
        try await CommandHarness.with { harness in
            #expect(try await harness.portolan("errors").lines.count == 1, "the table's head")
            #expect(try await harness.portolan("errors", "--json").output == "[]")
            try await harness.addConnection("toy-2")
            try await Self.record(harness, 3, saying: "no such order")
            try await Self.record(harness, saying: "no such order", connection: "toy-2")
            try await Self.record(harness, code: "data.malformed", fault: "platform", saying: "half an object")

            let all = try await harness.portolan("errors", "list")
            #expect(all.status == 0, "\(all.errors)")
            #expect(all.lines.count == 3, "\(all.output)")
            #expect(all.lines[0].hasPrefix("ID  STATE  CODE"))
            let newest = all.lines[1].split(separator: " ").prefix(7).map(String.init)
            #expect(newest.dropFirst() == ["open", "data.malformed", "platform", "toy/orders", "1", "1"])
            #expect(all.lines[1].hasSuffix("half an object"))
            let other = all.lines[2].split(separator: " ").prefix(7).map(String.init)
            #expect(other.dropFirst() == ["open", "request.invalid", "ours", "toy/orders", "4", "2"])
            #expect(all.output == (try await harness.portolan("errors").output))

            func count(_ arguments: String...) async throws -> Int {
                let answer = try await harness.portolan(["errors", "list"] + arguments)
                #expect(answer.status == 0, "\(answer.errors)")
                return answer.lines.count - 1
            }
            #expect(try await count("--limit", "1") == 1)
            #expect(try await count("--connection", "toy-2") == 1)
            #expect(try await count("--platform", "toy") == 2)
            #expect(try await count("--platform", "other") == 0)
            #expect(try await count("--state", "open") == 2)
            #expect(try await count("--state", "resolved") == 0)

            let objects = try await harness.portolan("errors", "list", "--json").json(as: [[String: Any]].self)
            #expect(objects.map { $0["code"] as? String } == ["data.malformed", "request.invalid"])
            #expect(objects.map { $0["errors_count"] as? Int } == [1, 4])
            #expect(objects[1]["connections_count"] as? Int == 2)
            #expect(objects[1]["title"] as? String == "no such order")
            #expect(objects[1]["state_by"] is NSNull)
        }
    }

    @Test("show says what a cause means, whom it concerns, and gives samples")
    func show() async throws {
        try await CommandHarness.with { harness in
            try await harness.addConnection("toy-2")
            try await Self.record(harness, 7, saying: "no such order 12345")
            try await Self.record(harness, saying: "no such order 77", connection: "toy-2")
            let id = try await Self.cluster(harness, "no such order <n>")
            let shown = try await harness.portolan("errors", "show", "\(id)")
            #expect(shown.status == 0, "\(shown.errors)")
            #expect(shown.lines[0] == "request.invalid: no such order <n>")
            #expect(shown.lines.contains("state:       open"))
            #expect(shown.lines.contains("fault:       ours"))
            #expect(shown.lines.contains("errors:      8, of 2 connections"))
            for word in ["means:", "done:"] {
                #expect(shown.lines.contains { $0.hasPrefix(word) && $0.count > word.count + 2 }, "\(word)")
            }
            let connections = shown.lines.filter { $0.hasPrefix("toy-") }
                .map { $0.split(separator: " ").prefix(2).map(String.init) }
            #expect(Set(connections) == [["toy-2", "1"], ["toy-1", "7"]])
            let samples = shown.lines.filter { $0.contains("HTTP 422") }
            #expect(samples.count == 5)
            #expect(
                samples.allSatisfy {
                    $0.contains("/orders/{id}  toy-7  request req_9  the answer makes no sense")
                }, "\(samples)")

            let object = try await harness.portolan("errors", "show", "\(id)", "--json").json(as: [String: Any].self)
            #expect((object["cluster"] as? [String: Any])?["cluster_id"] as? Int64 == id)
            let rows = try #require(object["samples"] as? [[String: Any]])
            #expect(rows.count == 5)
            #expect(rows.allSatisfy { $0["http_status"] as? Int == 422 })
            #expect(rows.allSatisfy { $0["platform_request_id"] as? String == "req_9" })
            let concerned = try #require(object["connections"] as? [[String: Any]])
            #expect(Set(concerned.compactMap { $0["name"] as? String }) == ["toy-1", "toy-2"])
            #expect(concerned.compactMap { $0["errors_count"] as? Int }.reduce(0, +) == 8)
        }
    }

    @Test("what is resolved leaves the list, and is regressed when it comes back; reopen takes it back")
    func resolve() async throws {
        try await CommandHarness.with { harness in
            try await Self.record(harness, saying: "no such order")
            let id = try await Self.cluster(harness, "no such order")
            let resolved = try await harness.portolan("errors", "resolve", "\(id)", "--note", "the id was ours")
            #expect(resolved.status == 0 && resolved.output == "resolved \(id)", "\(resolved.errors)")
            #expect(try await harness.portolan("errors").lines.count == 1)
            #expect(try await harness.portolan("errors", "list", "--state", "resolved").lines.count == 2)
            let shown = try await harness.portolan("errors", "show", "\(id)")
            #expect(shown.lines.contains("state:       resolved"))
            #expect(shown.lines.contains("note:        the id was ours"))

            try await Self.record(harness, saying: "no such order")
            #expect(try await Self.state(harness, id) == "regressed")
            #expect(try await harness.portolan("errors").output.contains("regressed"))
            let alert = try await harness.portolan("alerts")
            #expect(alert.output.contains("regression") && alert.output.contains("cluster:\(id)"), "\(alert.output)")

            #expect(try await harness.portolan("errors", "resolve", "\(id)").output == "resolved \(id)")
            #expect(try await harness.portolan("alerts").output == "no alert is open", "the answer to it ends it")
            let reopened = try await harness.portolan("errors", "reopen", "\(id)")
            #expect(reopened.status == 0 && reopened.output == "reopened \(id)", "\(reopened.errors)")
            #expect(try await Self.state(harness, id) == "open")
            #expect(
                try await harness.portolan("errors", "show", "\(id)").lines.contains("note:        the id was ours"),
                "what was said stays")
        }
    }

    @Test(
        "what is ignored is until its condition is met",
        arguments: [["--errors", "2"], ["--connections", "1"], ["--hours", "1"]])
    func ignore(_ condition: [String]) async throws {
        try await CommandHarness.with { harness in
            try await Self.record(harness, saying: "no such order")
            let id = try await Self.cluster(harness, "no such order")
            let ignored = try await harness.portolan(
                ["errors", "ignore", "\(id)", "--note", "they know"] + condition)
            #expect(ignored.status == 0 && ignored.output == "ignored \(id)", "\(ignored.errors)")
            #expect(try await harness.portolan("errors").lines.count == 1)
            #expect(try await harness.portolan("errors", "list", "--state", "ignored").lines.count == 2)
            #expect(try await harness.portolan("alerts").output == "no alert is open")
            let isTimed = condition[0] == "--hours"
            // One it concerned before, one more that is within the condition, and one too many.
            for connection in ["toy-1", "toy-2", "toy-3"] {
                if connection != "toy-1" { try await harness.addConnection(connection) }
                try await Self.record(harness, saying: "no such order", connection: connection)
                let expected = connection == "toy-3" && !isTimed ? "open" : "ignored"
                #expect(try await Self.state(harness, id) == expected, "after \(connection)")
            }
            if isTimed {
                try await harness.pool.query(
                    "update portolan.error_clusters set ignored_until = portolan.now() - interval '1 second'")
                try await Self.record(harness, saying: "no such order")
                #expect(try await Self.state(harness, id) == "open")
            }
        }
    }

    @Test("alerts shows the open ones, the newest first, and with --all those that are over")
    func alerts() async throws {
        try await CommandHarness.with { harness in
            #expect(try await harness.portolan("alerts").output == "no alert is open")
            #expect(try await harness.portolan("alerts", "--json").output == "[]")
            try await Self.record(harness, code: "unknown.unclassified", fault: "unknown", saying: "who knows")
            try await Self.record(harness, saying: "no such order")
            try await Self.record(harness, code: "platform.down", fault: "platform", saying: "not our business")
            let open = try await harness.portolan("alerts")
            #expect(open.lines.count == 3, "\(open.output)")
            #expect(open.lines[0].hasPrefix("SINCE"))
            #expect(open.lines[1].contains("warning   new_cluster"))
            #expect(open.lines[1].hasSuffix("new: request.invalid on toy: no such order"))
            #expect(open.lines[2].contains("unclassified"))

            let id = try await Self.cluster(harness, "no such order")
            #expect(try await harness.portolan("errors", "resolve", "\(id)").status == 0)
            #expect(try await harness.portolan("alerts").lines.count == 2)
            #expect(try await harness.portolan("alerts", "--all").lines.count == 3)
            let objects = try await harness.portolan("alerts", "--all", "--json").json(as: [[String: Any]].self)
            #expect(objects.map { $0["rule"] as? String } == ["new_cluster", "unclassified"])
            #expect(objects[0]["resolved_at"] is String && objects[1]["resolved_at"] is NSNull)
            #expect((objects[0]["detail"] as? [String: Any])?["cluster_id"] as? Int64 == id)
        }
    }

    @Test(
        "what is not there is one line that says where to look",
        arguments: [
            (["errors", "show", "99"], "there is no cluster 99; see: portolan errors list"),
            (["errors", "resolve", "99"], "there is no cluster 99; see: portolan errors list"),
            (["errors", "ignore", "99", "--hours", "1"], "there is no cluster 99; see: portolan errors list"),
            (["errors", "reopen", "99"], "there is no cluster 99; see: portolan errors list"),
            (
                ["errors", "list", "--connection", "toy-9"],
                "there is no connection toy-9; see: portolan connections list"
            ),
            (["alerts", "--log-level", "loud"], "`loud` is not a log level"),
        ])
    func refusals(_ arguments: [String], _ line: String) async throws {
        try await CommandHarness.with { harness in
            let answer = try await harness.portolan(arguments)
            #expect(answer.status == 1)
            #expect(answer.output.isEmpty)
            #expect(answer.errors.hasPrefix("Error: \(line)"), "\(answer.errors)")
            #expect(!answer.errors.contains("\n"))
        }
    }

    @Test(
        "a wrong call ends with 64 and changes nothing",
        arguments: [
            ["errors", "show"], ["errors", "show", "x"], ["errors", "resolve"], ["errors", "reopen", "1", "2"],
            ["errors", "list", "--state", "closed"], ["errors", "list", "--limit", "0"],
            ["errors", "list", "--limit", "10001"], ["errors", "ignore", "1"],
            ["errors", "ignore", "1", "--note", "no end"], ["errors", "ignore", "1", "--hours", "0"],
            ["errors", "ignore", "1", "--errors", "-1"], ["errors", "ignore", "1", "--connections", "x"],
            ["errors", "forget", "1"], ["alerts", "1"], ["alerts", "--open"],
        ])
    func usage(_ arguments: [String]) async throws {
        try await CommandHarness.with { harness in
            try await Self.record(harness, saying: "no such order")
            let answer = try await harness.portolan(arguments)
            #expect(answer.status == 64, "\(answer.output) \(answer.errors)")
            #expect(try await harness.value("select state from portolan.error_clusters") == "open")
        }
    }
}
