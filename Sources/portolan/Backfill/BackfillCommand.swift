internal import ArgumentParser
internal import FoundationEssentials
internal import Platforms
internal import Postgres

struct BackfillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill", abstract: "Reads a window of a connection's past.",
        discussion: """
            The window is half-open, [from, to), and either end may be open: without --from it begins at the beginning, \
            without --to it ends now. It is read in chunks, newest first, beside what the streams read, and goes on after \
            crashes and restarts where it was. `portolan backfills` lists, pauses and cancels. The same in SQL: \
            select portolan.backfill('my-shop', array['orders'], '2024-01-01', '2025-01-01');
            """)

    @Argument(help: "Name of the connection.")
    var connection: String

    @Option(
        name: .customLong("resource"), parsing: .singleValue,
        help: "A resource, e.g. orders. May be given again; all of them otherwise.")
    var resources: [String] = []

    @Option(help: "Inclusive: a date, a time (2024-01-31T12:00:00Z), or how long ago (90d).")
    var from: PastTime?

    @Option(help: "Exclusive, in the same forms.")
    var to: PastTime?

    @Flag(help: "Begin with the oldest chunk.")
    var oldestFirst = false

    @Flag(help: "Shows the progress until it has ended; Ctrl-C ends the showing, not the backfill.")
    var watch = false

    @Flag(help: "JSON instead of sentences.")
    var json = false

    @OptionGroup var queue: QueueOptions
    @OptionGroup var redis: WakeOptions

    func run() async throws {
        try await queue.withQueue("backfill") { open in
            let rows = try await open.rows(
                "select portolan.backfill($1, $2, $3, $4, $5) as id",
                [
                    connection, resources.isEmpty ? nil : resources, from?.date(before: Date()),
                    to?.date(before: Date()), !oldestFirst,
                ])
            guard let number = try rows.first?.decode("id", as: Int64.self) else { return }
            await redis.wake()
            let view = BackfillView(open: open, number: number)
            if watch { return try await view.watch(json: json) }
            if json { return Environment.print(try await view.object()) }
            Environment.print("backfill \(number); see how it comes on: portolan backfills watch \(number)")
        }
    }
}

/// A time in the past as people type it.
struct PastTime: ExpressibleByArgument {
    private enum Form {
        case at(Date)
        case ago(Double)
    }

    private let form: Form

    /// `2024-01-31`, `2024-01-31T12:00:00Z`, or a whole number with `h`, `d` or `y`.
    init?(argument: String) {
        let units: [Character: Double] = ["h": 3600, "d": 86_400, "y": 365.25 * 86_400]
        if let unit = argument.last.flatMap({ units[$0] }), let count = UInt32(argument.dropLast()) {
            form = .ago(Double(count) * unit)
        } else if let date = PlatformTime.parse(argument.count == 10 ? argument + "T00:00:00Z" : argument) {
            form = .at(date)
        } else {
            return nil
        }
    }

    func date(before now: Date) -> Date {
        switch form {
        case .at(let date): date
        case .ago(let seconds): now.addingTimeInterval(-seconds)
        }
    }
}
