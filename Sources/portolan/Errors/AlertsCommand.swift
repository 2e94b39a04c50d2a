internal import ArgumentParser
internal import Foundation
internal import Postgres

struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "What people should know of: open alerts, the newest first.",
        discussion: "The same in SQL: select * from portolan.alerts where resolved_at is null order by alert_id desc;")

    @Flag(help: "Those that are over, too.")
    var all = false

    @Flag(help: "One JSON array instead of a table.")
    var json = false

    @OptionGroup var queue: QueueOptions

    func run() async throws {
        try await queue.withQueue("alerts") { open in
            let sql = """
                select alert_id, severity, rule, subject, message, opened_at, resolved_at, detail from portolan.alerts
                where $1 or resolved_at is null order by alert_id desc limit 200
                """
            if json { return print(try await open.array(sql, [all])) }
            var table = Table(["SINCE", "SEVERITY", "RULE", "SUBJECT", "OVER", "WHAT"])
            var isEmpty = true
            for row in try await open.rows(SQL(unsafeText: sql), [all]) {
                isEmpty = false
                table.add([
                    try row.decode("opened_at", as: Date.self).formatted(.iso8601), try row.decode("severity"),
                    try row.decode("rule"), try row.decode("subject"),
                    try row.decode("resolved_at", as: Date?.self)?.formatted(.iso8601) ?? "",
                    try row.decode("message", as: String.self).cell(160),
                ])
            }
            print(isEmpty ? "no alert is open" : table.text)
        }
    }
}
