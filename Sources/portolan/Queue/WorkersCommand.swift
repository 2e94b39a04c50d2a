internal import ArgumentParser
internal import Foundation
internal import Jobs
internal import Postgres

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "The workers: who is alive, and what each holds.",
        subcommands: [List.self, Drain.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Every worker with its last beat and what it holds.",
            discussion: """
                alive: its last beat is younger than its time to live. silent: it is not, and its leases are taken by \
                the others. draining: it finishes what it holds and leaves.
                """)

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("workers") { open in
                if json { return print(try await open.array(Self.sql)) }
                let rows = try await open.rows(SQL(unsafeText: Self.sql))
                if rows.isEmpty { return print("no worker is registered; start one with: portolan worker") }
                var table = Table(["WORKER", "HOST", "VERSION", "STATE", "LAST BEAT", "LANES", "JOBS", "UP"])
                for row in rows {
                    table.add([
                        String(try row.decode("worker_id", as: String.self).prefix(8)),
                        try row.decode("host", as: String?.self)?.cell() ?? "",
                        try row.decode("version", as: String?.self)?.cell() ?? "", try row.decode("state"),
                        Duration.seconds(max(0, try row.decode("beat_seconds", as: Double.self))).inWords + " ago",
                        "\(try row.decode("lanes_count", as: Int64.self))",
                        "\(try row.decode("jobs_count", as: Int64.self))",
                        Duration.seconds(max(0, try row.decode("up_seconds", as: Double.self))).inWords,
                    ])
                }
                print(table.text)
            }
        }

        private static let sql = """
            select w.worker_id::text as worker_id, w.host, w.version,
                   case when w.beat_at < portolan.now() - w.ttl then 'silent'
                        when w.draining then 'draining' else 'alive' end as state,
                   w.draining, w.started_at, extract(epoch from portolan.now() - w.started_at)::float8 as up_seconds,
                   w.beat_at, extract(epoch from portolan.now() - w.beat_at)::float8 as beat_seconds,
                   extract(epoch from w.ttl)::float8 as ttl_seconds, le.lanes_count, le.jobs_count
            from portolan.workers w cross join lateral (
              select count(*) as lanes_count, coalesce(sum(cardinality(le.job_ids)), 0)::bigint as jobs_count
              from portolan.leases le where le.worker_id = w.worker_id) le
            order by w.host, w.started_at
            """
    }

    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drain", abstract: "Asks a worker to finish what it holds and leave.",
            discussion: "It hears of it at its next beat. A supervisor that restarts what ended starts a new one.")

        @Argument(help: "Its id, or as many of the first digits as tell it from the others.")
        var id: String

        @OptionGroup var queue: QueueOptions

        func validate() throws {
            guard !id.isEmpty, id.allSatisfy({ $0.isHexDigit || $0 == "-" }) else {
                throw ValidationError("a worker's id looks like 5f1c2f9e-…; see: portolan workers")
            }
        }

        func run() async throws {
            try await queue.withQueue("workers") { open in
                let rows = try await open.rows(
                    "select worker_id::text from portolan.workers where worker_id::text like $1 || '%'",
                    [id.lowercased()])
                guard let row = rows.first else {
                    throw SettingsError("there is no worker \(id); see: portolan workers")
                }
                guard rows.count == 1 else {
                    throw SettingsError("\(rows.count) workers begin with \(id); give more of it")
                }
                let worker: String = try row.decode(at: 0)
                _ = try await open.rows(
                    "update portolan.workers set draining = true where worker_id = $1::text::uuid", [worker])
                print("worker \(worker) is asked to drain")
            }
        }
    }
}
