internal import ArgumentParser
internal import Foundation
internal import Jobs
internal import Postgres

extension SchedulesCommand {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Declares a schedule, or replaces the one of that name.",
            discussion: """
                Example: portolan schedules add mondays --connection my-shop --cron '0 6 * * MON' --zone \
                Europe/Berlin --kind sync --args '{"resource": "orders"}'. The same in SQL: select \
                portolan.schedule('mondays', 1, 'sync', '{"resource": "orders"}', '0 6 * * MON', 'Europe/Berlin');
                """)

        @Argument(help: "What to call it: letters, digits, dots, dashes, underscores.")
        var name: String

        @Option(help: "Name of the connection.")
        var connection: String

        @Option(help: "Five fields in quotes, or @hourly, @daily, @weekly, @monthly.")
        var cron: String

        @Option(help: "Whose clocks it goes by, e.g. Europe/Berlin.")
        var zone: String = "UTC"

        @Option(help: "Kind of the jobs, e.g. sync.")
        var kind: String = "sync"

        @Option(help: "The kind's arguments, a JSON object.")
        var args: String = "{}"

        @Option(help: "urgent, incremental, report, backfill or housekeeping.")
        var band: Band = .report

        @Option(help: "Which of the connection's lanes.")
        var family: String = "main"

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            if (try? JSONSerialization.jsonObject(with: Data(args.utf8), options: .fragmentsAllowed)) == nil {
                throw SettingsError(
                    "args: is not JSON; write an object like {\"resource\": \"orders\"}, in single quotes")
            }
            let next = try await queue.withQueue("schedules") { open in
                let id = try await open.connectionID(named: connection)
                _ = try await open.rows(
                    "select portolan.schedule($1, $2, $3, $4::text::jsonb, $5, $6, $7, $8)",
                    [name, id, kind, args, cron, zone, band.rawValue, family])
                return try SchedulesCommand.next(try await SchedulesCommand.row(name, in: open))
            }
            print("schedule \(name): next \(next)")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Ends a schedule; a job of it that waits stays.",
            discussion: "The same in SQL: select portolan.unschedule('mondays');")

        @Argument(help: "Name of the schedule.")
        var name: String

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("schedules") { open in
                _ = try await SchedulesCommand.row(name, in: open)
                _ = try await open.rows("select portolan.unschedule($1)", [name])
            }
            print("removed \(name)")
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause", abstract: "Lets the slots of a schedule pass until it is resumed.",
            discussion: "The same in SQL: select portolan.pause_schedule('mondays');")

        @Argument(help: "Name of the schedule.")
        var name: String

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            let isNew = try await queue.withQueue("schedules") { open in
                try await open.rows("select portolan.pause_schedule($1)", [name])[0].decode(at: 0, as: Bool.self)
            }
            print(isNew ? "paused \(name)" : "\(name) was paused already")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Lets a schedule go on with its next slot.",
            discussion:
                "What passed meanwhile is not made up for. The same in SQL: select portolan.resume_schedule('mondays');"
        )

        @Argument(help: "Name of the schedule.")
        var name: String

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            let next = try await queue.withQueue("schedules") { open in
                try await open.rows("select portolan.resume_schedule($1)", [name])[0].decode(at: 0, as: Date.self)
            }
            print("resumed \(name): next \(next.formatted(.iso8601))")
        }
    }

    struct Next: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "next", abstract: "The next slots of a schedule, or of an expression that is to be tried.",
            discussion: "The same in SQL: select portolan.next_slots('0 6 * * MON', 'Europe/Berlin');")

        @Argument(help: "Name of the schedule.")
        var name: String?

        @Option(help: "An expression instead.")
        var cron: String?

        @Option(help: "Whose clocks, with --cron.")
        var zone: String = "UTC"

        @Option(help: "How many.")
        var count: Int = 10

        @Flag(help: "One JSON array instead of lines.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func validate() throws {
            guard (name == nil) != (cron == nil) else {
                throw ValidationError("name a schedule, or give --cron 'MINUTE HOUR DAY MONTH WEEKDAY'")
            }
            guard (1...1000).contains(count) else { throw ValidationError("--count is a number from 1 to 1000") }
        }

        func run() async throws {
            let slots = try await queue.withQueue("schedules") { open in
                guard let name else {
                    return try await SchedulesCommand.slots(cron ?? "", zone, count, in: open)
                }
                let row = try await SchedulesCommand.row(name, in: open)
                return try await SchedulesCommand.slots(try row.decode("cron"), try row.decode("zone"), count, in: open)
            }
            print(json ? "[\(slots.map { "\"\($0)\"" }.joined(separator: ","))]" : slots.joined(separator: "\n"))
        }
    }
}
