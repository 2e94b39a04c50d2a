internal import ArgumentParser
internal import Foundation
internal import Jobs
internal import Postgres

/// What is paused or resumed: a stream, a whole connection, or a platform.
struct PauseTarget: ParsableArguments {
    @Argument(help: "Name of the connection.")
    var connection: String?

    @Argument(help: "Resource, e.g. orders; without it the whole connection.")
    var resource: String?

    @Option(help: "All of a platform, instead of a connection.")
    var platform: String?

    func validate() throws {
        guard (connection == nil) != (platform == nil) else {
            throw ValidationError("name a connection, or --platform PLATFORM")
        }
    }

    var words: String {
        if let platform { return "platform \(platform)" }
        return resource.map { "\(connection ?? "") \($0)" } ?? "connection \(connection ?? "")"
    }
}

extension StreamsCommand {
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause", abstract: "Stops a stream, a whole connection or a platform until it is resumed.",
            discussion: """
                Of a stream nothing is enqueued any more, and what waits is cancelled; of a connection or platform \
                nothing is run, and what waits stays. What runs stops after its page. Cursors stay. The same in SQL: \
                select portolan.pause_stream('my-shop', 'orders', 'why'); portolan.pause_connection('my-shop', 'why'); \
                portolan.pause('platform', 'shopify', 'why');
                """)

        @OptionGroup var target: PauseTarget

        @Option(help: "Why, for people.")
        var reason: String?

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            let isNew = try await queue.withQueue("streams") { open -> Bool in
                if let platform = target.platform {
                    let word = try await PauseCommand.pause(.platform, platform, reason: reason, in: open)
                    return word.hasPrefix("paused")
                }
                guard let resource = target.resource else {
                    return try await open.rows(
                        "select portolan.pause_connection($1, $2)", [target.connection, reason])[0].decode(at: 0)
                }
                return try await open.rows(
                    "select portolan.pause_stream($1, $2, $3)", [target.connection, resource, reason])[0].decode(at: 0)
            }
            print(isNew ? "paused \(target.words)" : "\(target.words) was paused already")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Lets a stream, connection or platform go on from where it was.",
            discussion: """
                A connection that is needs_reauth, blocked or disabled is switched on by `portolan connections \
                resume`. The same in SQL: select portolan.resume_stream('my-shop', 'orders'); \
                portolan.unpause_connection('my-shop'); portolan.resume('platform', 'shopify');
                """)

        @OptionGroup var target: PauseTarget
        @OptionGroup var queue: QueueOptions
        @OptionGroup var redis: WakeOptions

        func run() async throws {
            let wasPaused = try await queue.withQueue("streams") { open -> Bool in
                if let platform = target.platform {
                    try await PlatformName.check(platform, in: open)
                    return try await open.queue.resume(.platform(platform))
                }
                guard let resource = target.resource else {
                    return try await open.rows(
                        "select portolan.unpause_connection($1)", [target.connection])[0].decode(at: 0)
                }
                return try await open.rows(
                    "select portolan.resume_stream($1, $2)", [target.connection, resource])[0].decode(at: 0)
            }
            await redis.wake()
            print(wasPaused ? "resumed \(target.words)" : "\(target.words) was not paused")
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Reads streams now, whatever their cadence.",
            discussion: "The same in SQL: select * from portolan.run_streams('my-shop', '{orders}');")

        @Argument(help: "Name of the connection.")
        var connection: String

        @Argument(help: "Resources, e.g. orders; without any all that are not paused.")
        var resources: [String] = []

        @Option(help: "urgent, incremental, report, backfill or housekeeping.")
        var band: Band = .urgent

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions
        @OptionGroup var redis: WakeOptions

        func run() async throws {
            let sql = "select resource, job_id from portolan.run_streams($1, $2::text[], $3)"
            let wanted: [String]? = resources.isEmpty ? nil : resources
            try await queue.withQueue("streams") { open in
                let parameters: [any PostgresEncodable] = [connection, wanted, band.rawValue]
                if json { return print(try await open.array(sql, parameters)) }
                var table = Table(["STREAM", "JOB"])
                for row in try await open.rows(SQL(unsafeText: sql), parameters) {
                    table.add([try row.decode("resource"), "\(try row.decode("job_id", as: Int64.self))"])
                }
                print(table.text)
            }
            await redis.wake()
        }
    }

    struct SetTarget: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Sets how old a stream's newest fact may get.",
            discussion: """
                It is read at least that often, more often while it changes much and the connection's quota has room. \
                The same in SQL: select portolan.set_target('my-shop', 'orders', '10 min');
                """)

        @OptionGroup var stream: StreamArguments

        @Option(help: "A time such as 90s, 10m, 2h or 1d, from 1s to 30d; `default` for what the platform declares.")
        var target: String

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            let wanted = try TimeWords.duration(target, field: "--target", or: "default")
            let holds = try await queue.withQueue("streams") { open in
                try await open.rows(
                    "select extract(epoch from portolan.set_target($1, $2, $3))::float8",
                    [stream.connection, stream.resource, wanted])[0].decode(at: 0, as: Double.self)
            }
            print(
                "\(stream.connection) \(stream.resource): target \(StreamRow.words(holds))"
                    + (wanted == nil ? ", as the platform declares" : ""))
        }
    }
}

/// Lengths of time as people give them to a command.
enum TimeWords {
    /// - Parameter word: what stands for none.
    /// - Throws: ``SettingsError`` naming the field and the fix.
    static func duration(_ text: String, field: String, or word: String) throws -> Duration? {
        if text == word { return nil }
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()), number.isFinite,
            (0...1e9).contains(number)
        else {
            throw SettingsError(
                "\(field): \(text.cell(40)) is not a length of time; write one such as 90s, 10m, 2h or 1d, or \(word)")
        }
        return .seconds(number * unit)
    }
}
