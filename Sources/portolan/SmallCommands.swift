internal import ArgumentParser
internal import Connections
internal import Jobs
internal import Logging
internal import Platforms
internal import Postgres
internal import Redis
internal import Schema

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database to the schema of this version; safe to run at any time.",
        discussion: "Forward only. Twenty at once do no harm. Views are re-applied when their text has changed.")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let logger = try log.logger("portolan.migrate")
        let pool = try database.pool(applicationName: "portolan migrate", connectionsMax: 1, logger: logger)
        let report = try await Migrator(pool: pool, logger: logger).migrate()
        await pool.shutdown(within: .seconds(2))
        for name in report.applied { print("applied \(name)") }
        if report.viewsChanged { print("views applied") }
        if report.applied.isEmpty && !report.viewsChanged { print("nothing to do") }
    }
}

struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue", abstract: "Enqueues a job now.", subcommands: [Sync.self])

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

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var redis: RedisOptions
        @OptionGroup var log: LogOptions

        func run() async throws {
            let logger = try log.logger("portolan.enqueue")
            let pool = try database.pool(applicationName: "portolan enqueue", connectionsMax: 1, logger: logger)
            let job = try await Queue(pool: pool).enqueueSync(connection: connection, resource: resource, band: band)
            await pool.shutdown(within: .seconds(2))
            // Workers poll; the hint only makes it instant, so a missing Redis is no error here.
            if let client = try? redis.client(logger: logger) {
                _ = try? await client.command(["PUBLISH", RedisArgument(Wake.channel), "1"])
                await client.shutdown()
            }
            print("job \(job)")
        }
    }
}

extension Band: ExpressibleByArgument {}

struct PlatformsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platforms", abstract: "Which platforms there are.", subcommands: [List.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "Platforms and their resources.")

        func run() async throws {
            for platform in allPlatforms {
                print("\(platform.key)  (\(platform.name), interface \(platform.apiVersion))")
                print("  resources    \(platform.resources.map(\.name).joined(separator: ", "))")
                for field in platform.authentication.fields { print("  credential   \(field.name): \(field.help)") }
                switch platform.hosting {
                case .shared(let url): print("  base URL     \(url)")
                case .perMerchant(let pattern): print("  base URL     \(pattern)")
                case .selfHosted: print("  base URL     the store's own address")
                }
            }
        }
    }
}

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "The key that credentials are sealed with.", subcommands: [Make.self])

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "make", abstract: "Prints a new random master key.")

        func run() async throws { print(Vault.makeMasterKey().reveal()) }
    }
}
