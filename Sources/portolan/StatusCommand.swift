internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Postgres

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Every stream: its state, how fresh it is, and what is wrong with it.")

    @Flag(help: "One JSON array instead of a table.")
    var json = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var log: LogOptions

    private struct Line: Encodable {
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
        let pool = try database.pool(
            applicationName: "portolan status", connectionsMax: 1, logger: try log.logger("portolan.status"))
        let lines = try await pool.query(
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
        await pool.shutdown(within: .seconds(2))
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
    }
}
