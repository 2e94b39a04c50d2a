internal import ArgumentParser
internal import Foundation
internal import Health
internal import Platforms
internal import Postgres

/// Errors with one cause, and what people say of them.
enum Clusters {
    static let columns = """
        c.cluster_id, c.state, c.code, c.fault, c.platform, c.resource, c.operation, c.title, c.errors_count,
        c.connections_count, c.first_seen_at, c.last_seen_at, c.state_since, c.state_by, c.note, c.sample_ids
        """

    /// Says what a person said of a cluster.
    static func set(
        _ cluster: Int64, _ state: String, note: String?, hours: Int? = nil, errors: Int64? = nil,
        connections: Int32? = nil, in queue: QueueOptions
    ) async throws {
        let isFound = try await queue.withQueue("errors") { open in
            try await open.rows(
                """
                select portolan.set_cluster_state($1, $2, null, $3, portolan.now() + $4 * interval '1 hour', $5, $6)
                """, [cluster, state, note, hours.map(Int32.init(clamping:)), errors, connections])[0].decode(
                    at: 0, as: Bool.self)
        }
        guard isFound else { throw SettingsError("there is no cluster \(cluster); see: portolan errors list") }
    }
}

extension ErrorsCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Errors by cause, the newest first.",
            discussion: "The same in SQL: select * from portolan.error_clusters order by last_seen_at desc;")

        @Option(help: "Only open, resolved, ignored or regressed ones. Without it, those that are open or came back.")
        var state: String?

        @Option(help: "Only on this platform.")
        var platform: String?

        @Option(help: "Only what concerned this connection.")
        var connection: String?

        @Option(help: "How many at most.")
        var limit: Int = 50

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func validate() throws {
            guard (1...10_000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 10000") }
            if let state, !["open", "resolved", "ignored", "regressed"].contains(state) {
                throw ValidationError("--state is open, resolved, ignored or regressed")
            }
        }

        func run() async throws {
            try await queue.withQueue("errors") { open in
                let id = if let connection { try await open.connectionID(named: connection) } else { Int64?.none }
                let sql = """
                    select \(Clusters.columns) from portolan.error_clusters c
                    where case when $1::text is null then c.state in ('open', 'regressed') else c.state = $1 end
                      and ($2::text is null or c.platform = $2)
                      and ($3::bigint is null or exists (select from portolan.error_cluster_connections x
                                                         where x.cluster_id = c.cluster_id and x.connection_id = $3))
                    order by c.last_seen_at desc, c.cluster_id desc limit $4
                    """
                let parameters: [any PostgresEncodable] = [state, platform, id, Int32(limit)]
                if json { return print(try await open.array(sql, parameters)) }
                var table = Table(["ID", "STATE", "CODE", "FAULT", "WHERE", "ERRORS", "CONNECTIONS", "LAST", "WHAT"])
                for row in try await open.rows(SQL(unsafeText: sql), parameters) {
                    let place = [
                        try row.decode("platform", as: String?.self), try row.decode("resource", as: String?.self),
                    ].compactMap { $0 }.joined(separator: "/")
                    table.add([
                        "\(try row.decode("cluster_id", as: Int64.self))", try row.decode("state"),
                        try row.decode("code"), try row.decode("fault"), place,
                        "\(try row.decode("errors_count", as: Int64.self))",
                        "\(try row.decode("connections_count", as: Int32.self))",
                        try row.decode("last_seen_at", as: Date.self).formatted(.iso8601),
                        try row.decode("title", as: String.self).cell(80),
                    ])
                }
                print(table.text)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "One cause: what it means, whom it concerns, and samples.")

        @Argument(help: "Number of the cluster.")
        var cluster: Int64

        @Flag(help: "One JSON object instead of text.")
        var json = false

        @OptionGroup var queue: QueueOptions

        private static let samples = """
            select e.* from portolan.errors e join portolan.error_clusters c on c.fingerprint = e.fingerprint
            where c.cluster_id = $1 order by e.occurred_at desc limit 5
            """
        private static let connections = """
            select n.name, x.errors_count, x.first_seen_at, x.last_seen_at
            from portolan.error_cluster_connections x join portolan.connections n using (connection_id)
            where x.cluster_id = $1 order by x.last_seen_at desc limit 20
            """

        func run() async throws {
            try await queue.withQueue("errors") { open in
                let sql = "select \(Clusters.columns) from portolan.error_clusters c where c.cluster_id = $1"
                guard let row = try await open.rows(SQL(unsafeText: sql), [cluster]).first else {
                    throw SettingsError("there is no cluster \(cluster); see: portolan errors list")
                }
                if json {
                    let whole = try await open.objects(sql, [cluster])[0]
                    let names =
                        "error_id, occurred_at, connection_id, job_id, http_status, rule_id, platform_code, "
                        + "platform_message, platform_request_id, route, message, evidence, evidence_headers"
                    let samples = try await open.array("select \(names) from (\(Self.samples)) s", [cluster])
                    let connections = try await open.array(Self.connections, [cluster])
                    return print(#"{"cluster":\#(whole),"samples":\#(samples),"connections":\#(connections)}"#)
                }
                print(try await Self.text(row, cluster, open))
            }
        }

        private static func text(_ row: PostgresRow, _ cluster: Int64, _ open: OpenQueue) async throws -> String {
            let code: String = try row.decode("code")
            let known = ErrorCode.named(code)
            var lines = [
                "\(code): \(try row.decode("title", as: String.self).cell(200))",
                "state:       \(try row.decode("state", as: String.self))",
                "fault:       \(try row.decode("fault", as: String.self))",
                "errors:      \(try row.decode("errors_count", as: Int64.self)), of "
                    + (try row.decode("connections_count", as: Int32.self)).of("connection"),
                "first, last: \(try row.decode("first_seen_at", as: Date.self).formatted(.iso8601)), "
                    + "\(try row.decode("last_seen_at", as: Date.self).formatted(.iso8601))",
            ]
            if let known {
                lines.append("means:       \(Texts.english.engineer(known))")
                lines.append("done:        \(known.policy.rawValue)")
                if let merchant = Texts.english.merchant(known.customerCode) {
                    lines.append("merchant:    \(merchant.happened) \(merchant.action)")
                }
            }
            if let note = try row.decode("note", as: String?.self) { lines.append("note:        \(note.cell(200))") }
            var table = Table(["CONNECTION", "ERRORS", "LAST"])
            for one in try await open.rows(SQL(unsafeText: connections), [cluster]) {
                table.add([
                    try one.decode("name"), "\(try one.decode("errors_count", as: Int64.self))",
                    try one.decode("last_seen_at", as: Date.self).formatted(.iso8601),
                ])
            }
            lines += ["", table.text, "", "samples:"]
            for one in try await open.rows(SQL(unsafeText: samples), [cluster]) {
                let parts = [
                    "\(try one.decode("error_id", as: Int64.self))",
                    try one.decode("occurred_at", as: Date.self).formatted(.iso8601),
                    try one.decode("http_status", as: Int32?.self).map { "HTTP \($0)" },
                    try one.decode("route", as: String?.self), try one.decode("rule_id", as: String?.self),
                    try one.decode("platform_request_id", as: String?.self).map { "request \($0)" },
                    try one.decode("message", as: String.self).cell(160),
                ]
                lines.append("  " + parts.compactMap { $0 }.joined(separator: "  "))
            }
            return lines.joined(separator: "\n")
        }
    }

    struct Resolve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resolve", abstract: "Says that a cause is mended. Should it come back, it is regressed.")

        @Argument(help: "Number of the cluster.")
        var cluster: Int64

        @Option(help: "What was done, for people.")
        var note: String?

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await Clusters.set(cluster, "resolved", note: note, in: queue)
            print("resolved \(cluster)")
        }
    }

    struct Ignore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ignore", abstract: "Nobody wants to hear of a cause, until a condition is met.")

        @Argument(help: "Number of the cluster.")
        var cluster: Int64

        @Option(help: "For so many hours.")
        var hours: Int?

        @Option(help: "Until so many more errors.")
        var errors: Int64?

        @Option(help: "Until so many more connections.")
        var connections: Int32?

        @Option(help: "Why, for people.")
        var note: String?

        @OptionGroup var queue: QueueOptions

        func validate() throws {
            guard hours != nil || errors != nil || connections != nil else {
                throw ValidationError("what is ignored needs an end: --hours, --errors or --connections")
            }
            guard (hours ?? 1) > 0, (errors ?? 1) > 0, (connections ?? 1) > 0 else {
                throw ValidationError("--hours, --errors and --connections are numbers from 1 on")
            }
        }

        func run() async throws {
            try await Clusters.set(
                cluster, "ignored", note: note, hours: hours, errors: errors, connections: connections, in: queue)
            print("ignored \(cluster)")
        }
    }

    struct Reopen: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "reopen", abstract: "Takes either back.")

        @Argument(help: "Number of the cluster.")
        var cluster: Int64

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await Clusters.set(cluster, "open", note: nil, in: queue)
            print("reopened \(cluster)")
        }
    }
}
