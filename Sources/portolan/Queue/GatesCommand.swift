internal import ArgumentParser
internal import Jobs
internal import Postgres

struct GatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gates", abstract: "Gates of platforms: closed while a platform is down.",
        discussion: """
            While a gate is closed one lane per interval is let through, failures count against no job, and the first \
            page that gets through opens it.
            """,
        subcommands: [List.self, Close.self, Open.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Gates that are closed.")

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("gates") { open in
                if json { return print(try await open.array(Gates.sql)) }
                print(try await Gates.table(in: open)?.text ?? "no gate is closed")
            }
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "close", abstract: "Says that a platform is down.",
            discussion: "The same in SQL: select portolan.close_gate('shopify', 'their status page says so', '30 s');")

        @Argument(help: "Key of the platform.")
        var platform: String

        @Option(help: "Why, for people.")
        var reason: String

        @Option(help: "Seconds between the lanes that are let through to see whether it is up again.")
        var probe: Int = 30

        @OptionGroup var queue: QueueOptions

        func validate() throws {
            guard (1...86_400).contains(probe) else {
                throw ValidationError("--probe is a number of seconds from 1 to 86400")
            }
        }

        func run() async throws {
            try await queue.withQueue("gates") { open in
                try await PlatformName.check(platform, in: open)
                try await open.queue.closeGate(
                    platform: platform, reason: reason, probeInterval: .seconds(probe))
            }
            print("closed the gate of \(platform); one lane every \(probe) s is let through")
        }
    }

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "open", abstract: "Says that a platform is up again.",
            discussion: "The same in SQL: select portolan.open_gate('shopify');")

        @Argument(help: "Key of the platform.")
        var platform: String

        @OptionGroup var queue: QueueOptions
        @OptionGroup var redis: WakeOptions

        func run() async throws {
            let wasClosed = try await queue.withQueue("gates") { open in
                try await PlatformName.check(platform, in: open)
                return try await open.queue.openGate(platform: platform)
            }
            await redis.wake()
            print(wasClosed ? "opened the gate of \(platform)" : "the gate of \(platform) was not closed")
        }
    }
}

/// Closed gates, for people.
enum Gates {
    static let sql = """
        select g.platform, g.closed_at, extract(epoch from portolan.now() - g.closed_at)::float8 as closed_seconds,
               g.probe_at, extract(epoch from g.probe_at - portolan.now())::float8 as probe_in_seconds,
               extract(epoch from g.probe_interval)::float8 as probe_interval_seconds, g.reason
        from portolan.gates g order by g.platform
        """

    /// Nil when none is.
    static func table(in open: OpenQueue) async throws -> Table? {
        let rows = try await open.rows(SQL(unsafeText: sql))
        if rows.isEmpty { return nil }
        var table = Table(["GATE CLOSED", "FOR", "NEXT TRY", "EVERY", "REASON"])
        for row in rows {
            let next: Double = try row.decode("probe_in_seconds")
            table.add([
                try row.decode("platform"),
                Duration.seconds(max(0, try row.decode("closed_seconds", as: Double.self))).inWords,
                next > 0 ? "in " + Duration.seconds(next).inWords : "at once",
                Duration.seconds(try row.decode("probe_interval_seconds", as: Double.self)).inWords,
                try row.decode("reason", as: String.self).cell(),
            ])
        }
        return table
    }
}
