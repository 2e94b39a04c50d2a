internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Postgres

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Every stream: its state, how fresh it is, and what is wrong with it.")

    @Flag(help: "One JSON array instead of a table.")
    var json = false

    @OptionGroup var queue: QueueOptions

    fileprivate struct Line: Encodable {
        let connection: String
        let resource: String
        let state: String
        let records: Int64
        let freshnessSeconds: Double?
        let code: String?
        let message: String?

        enum CodingKeys: String, CodingKey {
            case connection, resource, state, records, code, message
            case freshnessSeconds = "freshness_seconds"
        }
    }

    func run() async throws {
        let (lines, queueLines) = try await queue.withQueue("status") { open in
            (try await Self.streams(in: open), json ? [] : try await Self.queueLines(in: open))
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(lines), as: UTF8.self))
            return
        }
        var table = Table(["CONNECTION", "RESOURCE", "STATE", "RECORDS", "SYNCED THROUGH", ""])
        for line in lines {
            let age = line.freshnessSeconds.map { "\(Duration.seconds($0).clock) ago" } ?? "-"
            let why = [line.code, line.message].compactMap { $0 }.joined(separator: ": ")
            table.add([line.connection, line.resource, line.state, "\(line.records)", age, why])
        }
        print(table.text)
        print("\n" + queueLines.joined(separator: "\n"))
    }

    private static func streams(in open: OpenQueue) async throws -> [Line] {
        try await open.rows(
            """
            select c.name, s.resource, s.state, s.records_count, s.state_code, s.state_message,
                   extract(epoch from portolan.now() - s.synced_through)::float8 as age
            from portolan.streams s join portolan.connections c using (connection_id) order by 1, 2
            """
        ).map { row in
            Line(
                connection: try row.decode("name"), resource: try row.decode("resource"),
                state: try row.decode("state"),
                records: try row.decode("records_count"), freshnessSeconds: try row.decode("age"),
                code: try row.decode("state_code"), message: try row.decode("state_message"))
        }
    }

    /// How the queue is, in a line; and what stands still because somebody said so.
    private static func queueLines(in open: OpenQueue) async throws -> [String] {
        let glance = try await QueueGlance.read(in: open)
        var jobs = glance.summary.hasPrefix("jobs") ? glance.summary : "jobs: " + glance.summary
        if let oldest = glance.oldestDue { jobs += "; the oldest is due for \(oldest.inWords)" }
        if let doubt = glance.doubt { jobs += " (\(doubt))" }
        let obstacles = try await open.rows(
            """
            select 'paused: ' || p.scope || ' ' || coalesce(c.name, p.name) || coalesce(', ' || p.reason, '')
            from portolan.pauses p
            left join portolan.connections c on p.scope = 'connection' and p.name = c.connection_id::text
            union all
            select 'gate closed: ' || g.platform || ', ' || g.reason from portolan.gates g order by 1
            """
        ).map { row in try row.decode(at: 0, as: String.self).cell() }
        return [jobs] + obstacles
    }
}
