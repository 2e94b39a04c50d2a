internal import ArgumentParser
internal import Foundation
internal import Postgres

struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules", abstract: "Jobs at wall-clock times of a zone, e.g. reports on Mondays.",
        discussion: """
            Cron expressions: minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly. A \
            time the clock skips fires when it has skipped it, one that comes twice fires once; slots missed while no \
            scheduler ran make one job together.
            """,
        subcommands: [List.self, Show.self, Add.self, Remove.self, Pause.self, Resume.self, Next.self],
        defaultSubcommand: List.self)

    static let sql = """
        select s.name, c.name as connection, s.kind, s.args, s.band, s.family, s.cron, s.zone, s.next_at, s.slot_at,
               s.next_at is null as is_paused, s.problem
        from portolan.schedules s join portolan.connections c using (connection_id)
        """

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Every schedule with its next slot.")

        @Option(help: "Only those of this connection.")
        var connection: String?

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("schedules") { open in
                if let connection { _ = try await open.connectionID(named: connection) }
                let sql = SchedulesCommand.sql + " where $1::text is null or c.name = $1 order by s.next_at, s.name"
                if json { return print(try await open.array(sql, [connection])) }
                let rows = try await open.rows(SQL(unsafeText: sql), [connection])
                if rows.isEmpty { return print("no schedule; add one with: portolan schedules add") }
                var table = Table(["NAME", "CONNECTION", "KIND", "CRON", "ZONE", "NEXT", "LAST", "PROBLEM"])
                for row in rows {
                    table.add([
                        try row.decode("name"), try row.decode("connection"), try row.decode("kind"),
                        try row.decode("cron"), try row.decode("zone"), try SchedulesCommand.next(row),
                        try SchedulesCommand.time("slot_at", in: row) ?? "",
                        try row.decode("problem", as: String?.self)?.cell(80) ?? "",
                    ])
                }
                print(table.text)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "One schedule, with its next slots.")

        @Argument(help: "Name of the schedule.")
        var name: String

        @Flag(help: "One JSON object instead of text.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("schedules") { open in
                let row = try await SchedulesCommand.row(name, in: open)
                if json {
                    return print(try await open.objects(SchedulesCommand.sql + " where s.name = $1", [name])[0])
                }
                let connection: String = try row.decode("connection")
                var lines: [(String, String)] = [
                    ("job", "\(try row.decode("kind", as: String.self)) for \(connection)"),
                    ("arguments", try row.decode("args", as: PostgresJSON.self).text.cell()),
                    ("band", try row.decode("band")), ("cron", try row.decode("cron")),
                    ("zone", try row.decode("zone")),
                    ("last slot", try SchedulesCommand.time("slot_at", in: row) ?? "none"),
                ]
                if let problem = try row.decode("problem", as: String?.self) {
                    lines.append(("problem", problem.cell()))
                }
                if try row.decode("is_paused", as: Bool.self) {
                    lines.append(("next", "paused; portolan schedules resume \(name)"))
                } else {
                    let first: Date = try row.decode("next_at")
                    let slots = try await SchedulesCommand.slots(
                        try row.decode("cron"), try row.decode("zone"), 4, after: first, in: open)
                    for (index, slot) in ([first.formatted(.iso8601)] + slots).enumerated() {
                        lines.append((index == 0 ? "next" : "", slot))
                    }
                }
                print(name)
                for (title, text) in lines {
                    print("  " + title + String(repeating: " ", count: max(1, 11 - title.count)) + text)
                }
            }
        }
    }

    static func row(_ name: String, in open: OpenQueue) async throws -> PostgresRow {
        guard let row = try await open.rows(SQL(unsafeText: sql + " where s.name = $1"), [name]).first else {
            throw SettingsError("there is no schedule \(name); see: portolan schedules")
        }
        return row
    }

    static func time(_ column: String, in row: PostgresRow) throws -> String? {
        try row.decode(column, as: Date?.self)?.formatted(.iso8601)
    }

    static func next(_ row: PostgresRow) throws -> String { try time("next_at", in: row) ?? "paused" }

    static func slots(
        _ cron: String, _ zone: String, _ count: Int, after: Date? = nil, in open: OpenQueue
    ) async throws -> [String] {
        try await open.rows(
            "select s from portolan.next_slots($1, $2, $3, $4) s", [cron, zone, Int32(clamping: count), after]
        ).map { row in try row.decode(at: 0, as: Date.self).formatted(.iso8601) }
    }
}
