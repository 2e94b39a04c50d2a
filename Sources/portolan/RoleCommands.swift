internal import ArgumentParser
internal import Connections
internal import HTTP
internal import Limits
internal import Logging
internal import Platforms
internal import Postgres
internal import Redis
internal import Scheduler
internal import ServiceLifecycle
internal import UnixSignals
internal import Worker

struct SchedulerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler", abstract: "Runs a scheduler: enqueues a sync for every stream that is due.",
        discussion: "Start as many as you like; they share the due streams. SIGTERM stops it at once.")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var redis: RedisOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let logger = try log.logger("portolan.scheduler", standard: .info)
        let pool = try database.pool(applicationName: "portolan scheduler", connectionsMax: 2, logger: logger)
        let redis = try redis.client(logger: logger)
        let scheduler = SchedulerService(pool: pool, redis: redis, logger: logger)
        let declaring = Task { await ResourceDeclarer(pool: pool, platforms: allPlatforms, logger: logger).run() }
        defer { declaring.cancel() }
        try await RoleRunner.run(scheduler, logger: logger)
        await redis.shutdown()
        await pool.shutdown(within: .seconds(2))
    }
}

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Runs a worker: leases jobs and runs them page by page.",
        discussion: """
            Start as many as you like, anywhere; they share nothing but the database and Redis. SIGTERM drains: \
            the page under way is finished, the rest waits for another worker. It may be killed at any moment.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var redis: RedisOptions
    @OptionGroup var log: LogOptions

    @Option(help: "Jobs that run at once.")
    var slots: Int = 16

    @Option(
        name: .customLong("allow-address"), parsing: .singleValue,
        help: "A range, e.g. 127.0.0.0/8, that stores may be at although it is not public. May be given again.")
    var allowedAddresses: [String] = []

    @Option(name: .customLong("beat-ttl"), help: "Seconds without a beat after which the worker counts as dead.")
    var beatTTL: Int = 20

    func validate() throws {
        guard (1...1000).contains(slots) else { throw ValidationError("--slots is a number from 1 to 1000") }
        guard (2...300).contains(beatTTL) else {
            throw ValidationError("--beat-ttl is a number of seconds from 2 to 300")
        }
    }

    func run() async throws {
        let logger = try log.logger("portolan.worker", standard: .info)
        let postgres = try database.configuration(applicationName: "portolan worker")
        let pool = try database.pool(
            applicationName: "portolan worker", connectionsMax: min(slots, 10) + 2, logger: logger)
        let redis = try redis.client(logger: logger)
        let http = try HTTPClient(try httpConfiguration(logger: logger))
        var configuration = WorkerConfiguration()
        configuration.slots = slots
        configuration.beatTTL = .seconds(beatTTL)
        configuration.beatInterval = .milliseconds(beatTTL * 250)
        let worker = WorkerService(
            WorkerService.Dependencies(
                ground: WorkerService.Ground(postgres: postgres, pool: pool, redis: redis),
                limiter: Self.limiter(redis, pool, logger: logger), transport: http, vault: try MasterKey.vault(),
                platforms: allPlatforms),
            configuration: configuration, host: Environment.hostName, version: Build.version, logger: logger)
        try await RoleRunner.run(worker, logger: logger)
        await http.shutdown(within: .seconds(1))
        await redis.shutdown()
        await pool.shutdown(within: .seconds(2))
    }

    private static func limiter(
        _ redis: any RedisScripting, _ pool: PostgresPool, logger: Logger
    ) -> RedisLimiter {
        RedisLimiter(redis, ledger: PostgresLedger(pool: pool)) { event in
            switch event {
            case .fellBack(let error):
                logger.warning(
                    "limits are kept locally, at a small share, until Redis answers", metadata: ["error": "\(error)"])
            case .returned:
                logger.notice("limits are kept in Redis again")
            case .newEpoch(let platform):
                logger.notice(
                    "what Redis held of limits may be lost: buckets begin empty", metadata: ["platform": "\(platform)"])
            case .ledgerFailed(let error):
                logger.warning(
                    "quotas give nothing until the database answers", metadata: ["error": "\(error)"])
            case .ledgerReturned:
                logger.notice("quotas are drawn again")
            }
        }
    }

    private func httpConfiguration(logger: Logger) throws -> HTTPClientConfiguration {
        var ranges: [CIDR] = []
        for text in allowedAddresses
            + (Environment.value("PORTOLAN_ALLOW_ADDRESSES")?.split(separator: ",").map(String.init) ?? [])
        {
            guard let range = CIDR(text) else {
                throw SettingsError("`\(text)` is not a range of addresses; write one like 10.0.0.0/8")
            }
            ranges.append(range)
        }
        var configuration = HTTPClientConfiguration()
        configuration.userAgent = "portolan/\(Build.version)"
        configuration.addressPolicy = .publicOnly(allow: ranges)
        configuration.logger = logger
        return configuration
    }
}

/// Runs one role until it is done, or told to stop by SIGTERM or Ctrl-C.
enum RoleRunner {
    static func run(_ service: some Service, logger: Logger) async throws {
        // A role that ends by itself, e.g. a worker drained through its row, has done what it was asked.
        let member = ServiceGroupConfiguration.ServiceConfiguration(
            service: service, successTerminationBehavior: .gracefullyShutdownGroup)
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [member], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        ).run()
    }
}
