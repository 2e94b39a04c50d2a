internal import ArgumentParser
internal import Foundation
internal import Postgres

extension ConnectionsCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "How a connection is, since when, why, what would heal it, and its history.",
            discussion: "The same in SQL: portolan.connection_health and portolan.connection_events.")

        @Argument(help: "Name of the connection.")
        var name: String

        @Flag(help: "One JSON object instead of text.")
        var json = false

        @OptionGroup var queue: QueueOptions

        private static let health = "select * from portolan.connection_health where connection_id = $1"
        private static let history = """
            select occurred_at, event, from_state, to_state, code, message, changed_by from portolan.connection_events
            where connection_id = $1 order by event_id desc limit 20
            """
        private static let streams = """
            select resource, state, state_code, state_since, synced_through, next_due_at from portolan.streams
            where connection_id = $1 order by resource
            """

        func run() async throws {
            try await queue.withQueue("connections") { open in
                let id = try await open.connectionID(named: name)
                if json {
                    let health = try await open.objects(Self.health, [id])[0]
                    let history = try await open.array(Self.history, [id])
                    let streams = try await open.array(Self.streams, [id])
                    return print(#"{"health":\#(health),"streams":\#(streams),"history":\#(history)}"#)
                }
                let row = try await open.rows(SQL(unsafeText: Self.health), [id])[0]
                print(try Self.text(row))
                var streams = Table(["STREAM", "STATE", "SINCE", "SYNCED THROUGH", "NEXT", ""])
                for row in try await open.rows(SQL(unsafeText: Self.streams), [id]) {
                    streams.add([
                        try row.decode("resource"), try row.decode("state"), try Self.time("state_since", in: row),
                        try Self.time("synced_through", in: row), try Self.time("next_due_at", in: row),
                        try row.decode("state_code", as: String?.self) ?? "",
                    ])
                }
                print("\n" + streams.text)
                var history = Table(["WHEN", "EVENT", "FROM", "TO", "BY", "WHY"])
                for row in try await open.rows(SQL(unsafeText: Self.history), [id]) {
                    history.add([
                        try Self.time("occurred_at", in: row), try row.decode("event"), try row.decode("from_state"),
                        try row.decode("to_state"), try row.decode("changed_by", as: String?.self) ?? "",
                        try row.decode("message", as: String?.self)?.cell(120) ?? "",
                    ])
                }
                print("\n" + history.text)
            }
        }

        private static func time(_ column: String, in row: PostgresRow) throws -> String {
            try row.decode(column, as: Date?.self)?.formatted(.iso8601) ?? ""
        }

        private static func text(_ row: PostgresRow) throws -> String {
            var lines = [
                "\(try row.decode("name", as: String.self)) on \(try row.decode("platform", as: String.self)): "
                    + "\(try row.decode("state", as: String.self)) since \(try time("state_since", in: row))"
            ]
            if let code = try row.decode("state_code", as: String?.self) {
                lines.append("why:    \(code): \(try row.decode("state_message", as: String?.self)?.cell(200) ?? "")")
            }
            if let heals = try row.decode("heals", as: String?.self) { lines.append("heals:  \(heals)") }
            return lines.joined(separator: "\n")
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "disable",
            abstract: "Switches a connection off: nothing of it is run or enqueued until it is resumed.",
            discussion:
                "Its jobs wait and its data stay. The same in SQL: select portolan.switch_connection('NAME', 'off');")

        @Argument(help: "Name of the connection.")
        var name: String

        @Option(help: "Why, for people.")
        var reason: String?

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            let state = try await queue.withQueue("connections") { open in
                try await open.rows("select portolan.switch_connection($1, 'off', null, $2)", [name, reason])[0].decode(
                    at: 0, as: String?.self)
            }
            guard state != nil else {
                throw SettingsError("there is no connection \(name); see: portolan connections list")
            }
            print("disabled \(name)")
        }
    }
}
