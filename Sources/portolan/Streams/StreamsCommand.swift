internal import ArgumentParser
internal import Foundation
internal import Postgres

struct StreamsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streams", abstract: "What is read how often: list, show, pause, resume, run now, set a target.",
        discussion: """
            A stream is one resource of one connection. Its target is how old its newest fact may get; how often it is \
            read follows from that, from how often it changes, and from the connection's quota. The same in SQL: \
            portolan.stream_cadence.
            """,
        subcommands: [List.self, Show.self, Pause.self, Resume.self, Run.self, SetTarget.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Streams with target, cadence and when they are due next.",
            discussion: "The most overdue first. The same in SQL: select * from portolan.stream_cadence;")

        @Argument(help: "Only those of this connection.")
        var connection: String?

        @Option(help: "Only those of this platform.")
        var platform: String?

        @Option(help: "Only those in this state: new, reading, in_sync, degraded, failing, blocked.")
        var state: String?

        @Flag(help: "Only those that are paused.")
        var paused = false

        @Option(help: "At most so many.")
        var limit: Int = 100

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions

        static let states = ["new", "reading", "in_sync", "degraded", "failing", "blocked"]

        func validate() throws {
            guard (1...100_000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 100000") }
            if let state, !Self.states.contains(state) {
                throw ValidationError(
                    "--state: there is no state \(state); there are \(Self.states.joined(separator: ", "))")
            }
        }

        func run() async throws {
            try await queue.withQueue("streams") { open in
                if let connection { _ = try await open.connectionID(named: connection) }
                if let platform { try await PlatformName.check(platform, in: open) }
                let parameters: [any PostgresEncodable] = [connection, platform, state, paused, Int64(limit)]
                if json { return print(try await open.array(StreamRow.sql, parameters)) }
                let rows = try await open.rows(SQL(unsafeText: StreamRow.sql), parameters)
                if rows.isEmpty { return print("no stream; add a connection with: portolan connections add") }
                var table = Table(["CONNECTION", "STREAM", "STATE", "TARGET", "EVERY", "NEXT", "SYNCED THROUGH", ""])
                for row in rows { table.add(try StreamRow.cells(row)) }
                print(table.text)
                if rows.count == limit { print("\nthere may be more: --limit \(limit * 10)") }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "How a stream is, how often it is read and why.",
            discussion: "The same in SQL: select portolan.why_interval('my-shop', 'orders');")

        @OptionGroup var stream: StreamArguments

        @Flag(help: "One JSON object instead of text.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("streams") { open in
                try await stream.check(in: open)
                let parameters = [stream.connection, stream.resource]
                if json { return print(try await open.objects(StreamRow.one, parameters)[0]) }
                print(try StreamRow.text(try await open.rows(SQL(unsafeText: StreamRow.one), parameters)[0]))
            }
        }
    }
}

/// A stream by the names of its connection and resource.
struct StreamArguments: ParsableArguments {
    @Argument(help: "Name of the connection.")
    var connection: String

    @Argument(help: "Resource, e.g. orders.")
    var resource: String

    /// - Throws: ``PostgresError`` in the words of the database where there is none: they say what there is.
    func check(in open: OpenQueue) async throws {
        _ = try await open.rows("select portolan.why_interval($1, $2)", [connection, resource])
    }
}

/// A row of `portolan.stream_cadence`, for people.
enum StreamRow {
    private static let columns = """
        select v.*, extract(epoch from v.target)::float8 as target_seconds,
               extract(epoch from v.target_default)::float8 as default_seconds,
               extract(epoch from v.cadence)::float8 as cadence_seconds,
               extract(epoch from v.next_due_at - portolan.now())::float8 as due_seconds
        from portolan.stream_cadence v
        """

    static let sql =
        columns + """

            where ($1::text is null or v.connection = $1) and ($2::text is null or v.platform = $2)
              and ($3::text is null or v.state = $3) and (not $4::boolean or v.paused_at is not null)
            order by v.next_due_at nulls last, v.connection, v.resource limit $5
            """

    static let one = columns + " where v.connection = $1 and v.resource = $2"

    static func cells(_ row: PostgresRow) throws -> [String] {
        [
            try row.decode("connection"), try row.decode("resource"), try row.decode("state"),
            try target(row), words(try row.decode("cadence_seconds")), try next(row),
            try row.decode("synced_through", as: Date?.self)?.formatted(.iso8601) ?? "",
            try row.decode("paused_reason", as: String?.self)?.cell(60) ?? "",
        ]
    }

    static func text(_ row: PostgresRow) throws -> String {
        func time(_ column: String) throws -> String {
            try row.decode(column, as: Date?.self)?.formatted(.iso8601) ?? "never"
        }
        let name: String = try row.decode("connection")
        let platform: String = try row.decode("platform")
        var lines: [(String, String)] = [("state", try row.decode("state"))]
        lines.append(("last read", try time("caught_up_at")))
        lines.append(("synced", "through " + (try time("synced_through"))))
        lines.append(("target", try target(row)))
        lines.append(("every", words(try row.decode("cadence_seconds"))))
        lines.append(("why", try row.decode("why", as: String.self).cell()))
        lines.append(("next due", try next(row)))
        let rows = lines.map { "  " + $0 + String(repeating: " ", count: max(1, 11 - $0.count)) + $1 }
        return (["\(name) \(try row.decode("resource", as: String.self)) (\(platform))"] + rows).joined(separator: "\n")
    }

    static func words(_ seconds: Double) -> String { Duration.seconds(max(0, seconds)).inWords }

    private static func target(_ row: PostgresRow) throws -> String {
        let target = words(try row.decode("target_seconds"))
        guard try row.decode("target_source", as: String.self) == "connection" else { return target }
        return target + " (default \(words(try row.decode("default_seconds"))))"
    }

    private static func next(_ row: PostgresRow) throws -> String {
        if let scope = try row.decode("paused_scope", as: String?.self) {
            return scope == "stream" ? "paused" : "\(scope) paused"
        }
        guard let due = try row.decode("due_seconds", as: Double?.self) else { return "never" }
        return due <= 0 ? "due for \(words(-due))" : "in \(words(due))"
    }
}
