internal import ArgumentParser
internal import Postgres

struct CopiesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copies", abstract: "Typed copies of unified views, for sums over many connections.",
        discussion: """
            A copy is store.<entity>, with the columns of unified.<entity>. Workers and schedulers keep it, seconds \
            behind. It is derived data: switching it off loses nothing.
            """,
        subcommands: [List.self, Enable.self, Disable.self, Rebuild.self, Keep.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Every entity, what to read for it, and how fresh that is.",
            discussion: """
                READ: the copy where there is one and it is whole, else the view. STALE: connections whose rows are \
                missing or made by an older view. WAITING: pages that were stored and are not in the copy yet.
                """)

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("copies") { open in
                if json { return print(try await open.array(Self.sql)) }
                var table = Table(
                    ["ENTITY", "READ", "ROWS", "SIZE", "CONNECTIONS", "STALE", "FAILING", "WAITING", "BEHIND"])
                for row in try await open.rows(SQL(unsafeText: "select q.*, \(Self.words) from (\(Self.sql)) q")) {
                    func count(_ column: String) throws -> String {
                        try row.decode(column, as: Int64?.self).map { "\($0)" } ?? "-"
                    }
                    table.add([
                        try row.decode("entity"), try row.decode("relation"), try count("rows_count"),
                        try row.decode("size", as: String?.self) ?? "-", try count("connections_count"),
                        try count("stale_count"), try count("failing_count"), try count("changes_count"),
                        try row.decode("seconds_behind", as: Double?.self).map { Duration.seconds($0).inWords } ?? "-",
                    ])
                }
                print(table.text)
            }
        }

        private static let words = "pg_size_pretty(q.bytes) as size"

        private static let sql = """
            select r.entity, r.relation, r.is_enabled, r.is_whole, s.as_of,
                   extract(epoch from portolan.now() - s.as_of)::float8 as seconds_behind,
                   case when r.is_enabled then greatest(c.reltuples, 0)::bigint end as rows_count,
                   case when r.is_enabled then pg_total_relation_size(c.oid) end as bytes,
                   s.connections_count, s.stale_count, s.failing_count, s.changes_count
            from store.readers r
            left join pg_class c on c.relnamespace = 'store'::regnamespace and c.relname = r.entity and c.relkind = 'r'
            left join lateral (
              select min(t.as_of) as as_of, sum(t.connections_count)::bigint as connections_count,
                     sum(t.stale_count)::bigint as stale_count, sum(t.failing_count)::bigint as failing_count,
                     sum(t.changes_count)::bigint as changes_count
              from store.state t where t.entity = r.entity) s on true
            order by r.is_enabled desc, r.entity
            """
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Switches copies on; workers fill them, from what is stored.",
            discussion: "The same in SQL: select portolan.enable_copy('commerce_orders');")

        @OptionGroup var options: ChangeOptions

        func run() async throws {
            try await options.run("select portolan.enable_copy($1) as pairs") { entity, row in
                let pairs = try row.decode("pairs", as: Int32.self)
                return (pairs, "\(entity): on, \(pairs.of("connection")) to fill")
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Switches copies off and drops them; readers go back to the views.",
            discussion: "The same in SQL: select portolan.disable_copy('commerce_orders');")

        @Argument(help: "Entities, e.g. commerce_orders.")
        var entities: [String]

        @Flag(help: "One JSON object a line.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("copies") { open in
                for entity in entities {
                    let rows = try await open.rows("select portolan.disable_copy($1)", [entity])
                    let was: Bool = try rows.first?.decode(at: 0) ?? false
                    print(
                        json
                            ? "{\"entity\":\(entity.jsonText),\"was_enabled\":\(was)}"
                            : "\(entity): \(was ? "off" : "was not on")")
                }
            }
        }
    }

    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rebuild", abstract: "Makes copies anew from the stored records, connection by connection.",
            discussion: """
                No platform is asked. Until all are done readers see each connection's old rows or its new ones; \
                `copies list` tells. The same in SQL: select portolan.rebuild_copy('commerce_orders');
                """)

        @OptionGroup var options: ChangeOptions

        @Option(help: "Only this connection.")
        var connection: String?

        func run() async throws {
            try await options.run("select portolan.rebuild_copy($1, $2) as pairs", of: .some(connection)) {
                entity, row in
                let pairs = try row.decode("pairs", as: Int32.self)
                return (pairs, "\(entity): \(pairs.of("connection")) to do")
            }
        }
    }

    struct Keep: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "keep", abstract: "Does here what is to be done, until nothing is left.",
            discussion: "Helps the one keeper that the workers and schedulers share. Run several at once if need be.")

        @Flag(help: "One JSON object.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("copies") { open in try await Self.work(open, json: json) }
        }

        /// Each turn is a transaction of its own, so stopping loses one turn at most.
        static func work(_ open: OpenQueue, json: Bool) async throws {
            var written: Int64 = 0
            let start = ContinuousClock.now
            while true {
                let rows = try await open.pool.query(
                    "select connections, rows_written, has_more from portolan.keep_copies('2 s')",
                    timeLimit: .seconds(86_400))
                guard let row = rows.first else { return }
                let (connections, more, isMore) = try row.decode(Int32.self, Int64.self, Bool.self)
                written += more
                if !isMore {
                    let elapsed = start.duration(to: .now)
                    return print(
                        json
                            ? "{\"rows\":\(written),\"seconds\":\(elapsed.seconds)}"
                            : "\(written.of("row")) written in \(elapsed.inWords)")
                }
                if !json { print("\(written.of("row")) written") }
                // Others have the rest in hand.
                if connections == 0 { try await Task.sleep(for: .milliseconds(200)) }
            }
        }
    }

    /// What switching on and making anew have in common.
    struct ChangeOptions: ParsableArguments {
        @Argument(help: "Entities, e.g. commerce_orders.")
        var entities: [String]

        @Flag(help: "Do the work here, without a time limit, rather than leave it to the workers.")
        var now = false

        @Flag(help: "One JSON object a line.")
        var json = false

        @OptionGroup var queue: QueueOptions

        /// - Parameter connection: the statement's second parameter, where it has one: a connection's name, or all.
        func run(
            _ sql: SQL, of connection: String?? = nil,
            _ told: (String, PostgresRow) throws -> (pairs: Int32, words: String)
        ) async throws {
            try await queue.withQueue("copies") { open in
                var more: [any PostgresEncodable] = []
                if let connection {
                    var connectionID: Int64?
                    if let connection { connectionID = try await open.connectionID(named: connection) }
                    more = [connectionID]
                }
                for entity in entities {
                    guard let row = try await open.rows(sql, [entity] + more).first else { continue }
                    let (pairs, words) = try told(entity, row)
                    print(json ? "{\"entity\":\(entity.jsonText),\"connections\":\(pairs)}" : words)
                }
                if now { try await Keep.work(open, json: json) }
            }
        }
    }
}

extension String {
    /// As a JSON string. Names of entities hold nothing that JSON must escape but what somebody mistyped.
    fileprivate var jsonText: String { "\"" + replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }
}
