internal import ArgumentParser
internal import FoundationEssentials
internal import Postgres

struct BackfillsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfills", abstract: "Backfills and how they come on.",
        discussion: "`portolan backfill CONNECTION` begins one. In SQL: select * from portolan.backfill_progress;",
        subcommands: [List.self, Show.self, Watch.self, Pause.self, Resume.self, Cancel.self, Retry.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "Backfills, the newest first.")

        @Option(help: "Of this connection only.")
        var connection: String?

        @Option(help: "How many.")
        var limit: Int = 20

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func validate() throws {
            if limit < 1 { throw ValidationError("--limit is a number from 1 on") }
        }

        func run() async throws {
            let sql = """
                select * from portolan.backfill_progress where $1::text is null or connection = $1
                order by backfill_id desc limit $2
                """
            try await queue.withQueue("backfills") { open in
                if let connection { _ = try await open.connectionID(named: connection) }
                if json { return Environment.print(try await open.array(sql, [connection, Int64(limit)])) }
                let rows = try await open.rows(
                    """
                    select backfill_id, connection, state, array_to_string(resources, ' ') as resources,
                      coalesce(window_from::text, 'the beginning') || ' to ' || window_to as window,
                      round(100 * coalesce(share_done, 0), 1)::text || ' %' as share, chunks_count, chunks_failed,
                      records_count
                    from portolan.backfill_progress where $1::text is null or connection = $1
                    order by backfill_id desc limit $2
                    """, [connection, Int64(limit)])
                var table = Table([
                    "BACKFILL", "CONNECTION", "STATE", "READ", "CHUNKS", "FAILED", "RECORDS", "WINDOW", "RESOURCES",
                ])
                for row in rows {
                    table.add([
                        "\(try row.decode("backfill_id", as: Int64.self))", try row.decode("connection"),
                        try row.decode("state"), try row.decode("share"),
                        "\(try row.decode("chunks_count", as: Int32.self))",
                        "\(try row.decode("chunks_failed", as: Int32.self))",
                        "\(try row.decode("records_count", as: Int64.self))", try row.decode("window"),
                        try row.decode("resources", as: String.self).cell(60),
                    ])
                }
                Environment.print(table.text)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "One backfill, resource by resource.")

        @Argument(help: "Its number.")
        var backfill: Int64

        @Flag(help: "One JSON object instead of text.")
        var json = false

        @OptionGroup var queue: QueueOptions

        private static let parts = """
            select resource, state, chunks_count, pages_count, records_count, chunk::text as reading, done::text as done,
                   failed::text as failed, width::text as width, notes
            from portolan.backfill_parts where backfill_id = $1 order by resource
            """

        func run() async throws {
            try await queue.withQueue("backfills") { open in
                let view = BackfillView(open: open, number: backfill)
                let progress = try await view.progress()
                if json {
                    let parts = try await open.array(Self.parts, [backfill])
                    return Environment.print("{\"backfill\":\(try await view.object()),\"resources\":\(parts)}")
                }
                Environment.print("backfill \(backfill) of \(progress.connection): \(progress.line())")
                var table = Table([
                    "RESOURCE", "STATE", "CHUNKS", "PAGES", "RECORDS", "NEXT WIDTH", "READING", "FAILED",
                ])
                for row in try await open.rows(SQL(unsafeText: Self.parts), [backfill]) {
                    let failed: String = try row.decode("failed")
                    table.add([
                        try row.decode("resource"), try row.decode("state"),
                        "\(try row.decode("chunks_count", as: Int32.self))",
                        "\(try row.decode("pages_count", as: Int64.self))",
                        "\(try row.decode("records_count", as: Int64.self))",
                        try row.decode("width", as: String?.self) ?? "",
                        try row.decode("reading", as: String?.self) ?? "",
                        failed == "{}" ? "" : failed,
                    ])
                }
                Environment.print(table.text)
                for note in progress.notes { Environment.print("note: \(note)") }
            }
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "watch", abstract: "Shows the progress until it has ended.")

        @Argument(help: "Its number.")
        var backfill: Int64

        @Flag(help: "One JSON object for each change.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("backfills") { open in
                try await BackfillView(open: open, number: backfill).watch(json: json)
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause", abstract: "Stops one after its page.",
            discussion: "The same in SQL: select portolan.pause_backfill(7);")

        @Argument(help: "Its number.")
        var backfill: Int64

        @OptionGroup var queue: QueueOptions

        func run() async throws { try await BackfillsCommand.tell(.pause, backfill, queue) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Lets one go on, within half a minute.",
            discussion: "The same in SQL: select portolan.resume_backfill(7);")

        @Argument(help: "Its number.")
        var backfill: Int64

        @OptionGroup var queue: QueueOptions

        func run() async throws { try await BackfillsCommand.tell(.resume, backfill, queue) }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "Ends one after its page; what was read stays.",
            discussion: "The same in SQL: select portolan.cancel_backfill(7);")

        @Argument(help: "Its number.")
        var backfill: Int64

        @OptionGroup var queue: QueueOptions

        func run() async throws { try await BackfillsCommand.tell(.cancel, backfill, queue) }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry", abstract: "Reads what of one failed, or was not reached before it was cancelled.",
            discussion: "The same in SQL: select portolan.retry_backfill(7);")

        @Argument(help: "Its number.")
        var backfill: Int64

        @OptionGroup var queue: QueueOptions

        func run() async throws { try await BackfillsCommand.tell(.retry, backfill, queue) }
    }

    private enum Word { case pause, resume, cancel, retry }

    private static func tell(_ word: Word, _ backfill: Int64, _ queue: QueueOptions) async throws {
        let sql: SQL =
            switch word {
            case .pause: "select portolan.pause_backfill($1) as answer"
            case .resume: "select portolan.resume_backfill($1) as answer"
            case .cancel: "select portolan.cancel_backfill($1) as answer"
            case .retry: "select portolan.retry_backfill($1) as answer"
            }
        try await queue.withQueue("backfills") { open in
            let answer: String = try await open.rows(sql, [backfill]).first?.decode("answer") ?? ""
            Environment.print("backfill \(backfill): \(answer)")
        }
    }
}
