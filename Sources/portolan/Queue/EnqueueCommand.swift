internal import ArgumentParser
internal import Foundation
internal import Jobs
internal import Postgres

struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue", abstract: "Enqueues a job now.", subcommands: [Sync.self, Job.self])

    struct Sync: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sync", abstract: "Reads a stream now, whatever its schedule.",
            discussion: "The same in SQL: select portolan.enqueue_sync('my-shop', 'orders');")

        @Argument(help: "Name of the connection.")
        var connection: String

        @Argument(help: "Resource, e.g. orders.")
        var resource: String

        @Option(help: "urgent, incremental, report, backfill or housekeeping.")
        var band: Band = .urgent

        @OptionGroup var queue: QueueOptions
        @OptionGroup var redis: WakeOptions

        func run() async throws {
            let job = try await queue.withQueue("enqueue") { open in
                try await open.queue.enqueueSync(connection: connection, resource: resource, band: band)
            }
            await redis.wake()
            print("job \(job)")
        }
    }

    struct Job: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "job", abstract: "Enqueues a job of any kind.",
            discussion: """
                `portolan kinds` says which kinds there are and what they take. Answers the job, or the equal one that \
                waits already where --key says so. The same in SQL: \
                select portolan.enqueue(1, 'sync', '{"resource": "orders"}');
                """)

        @Argument(help: "Kind of the job, e.g. sync.")
        var kind: String

        @Option(help: "Name of the connection it is for.")
        var connection: String

        @Option(help: "The kind's arguments, a JSON object. They are stored in the open: never secrets.")
        var args: String = "{}"

        @Option(help: "urgent, incremental, report, backfill or housekeeping.")
        var band: Band = .incremental

        @Option(help: "Seconds from now before which it does not run.")
        var delay: Double = 0

        @Option(help: "Of jobs with the same key, one at most waits in a lane.")
        var key: String?

        @Option(help: "Which of the connection's lanes.")
        var family: String = "main"

        @Option(help: "The job it is a part of.")
        var parent: Int64?

        @OptionGroup var queue: QueueOptions
        @OptionGroup var redis: WakeOptions

        func validate() throws {
            guard (0...315_360_000).contains(delay) else {
                throw ValidationError("--delay is a number of seconds from 0 to 315360000 (ten years)")
            }
        }

        func run() async throws {
            // The server would say it too, but not where to look.
            if (try? JSONSerialization.jsonObject(with: Data(args.utf8), options: .fragmentsAllowed)) == nil {
                throw SettingsError(
                    "args: is not JSON; write an object like {\"resource\": \"orders\"}, in single quotes")
            }
            let job = try await queue.withQueue("enqueue") { open in
                try await open.queue.enqueue(
                    NewJob(
                        connectionID: try await open.connectionID(named: connection), kind: kind, arguments: args,
                        band: band, delay: .seconds(delay), dedupeKey: key, family: family, parentID: parent))
            }
            await redis.wake()
            print("job \(job)")
        }
    }
}

extension Band: ExpressibleByArgument {}
