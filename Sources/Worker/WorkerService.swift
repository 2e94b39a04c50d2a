package import Connections
package import FoundationEssentials
package import Health
internal import Ingest
internal import Jobs
package import Limits
package import Logging
package import Platforms
package import Postgres
package import Redis
internal import ServiceLifecycle

/// A worker: claims lanes, runs their jobs, beats, takes part in the queue's care, drains on SIGTERM.
///
/// It keeps nothing that matters: any number run side by side, and any may be killed at any moment. If all stop,
/// jobs wait; nothing is lost.
package struct WorkerService: Service, CustomStringConvertible {
    /// The life cycle logs its services: a name, and nothing of what they hold.
    package var description: String { "worker" }

    private let runner: JobRunner
    private let care: QueueCare
    private let signs: WorkerSigns
    private let bell: Bell
    private let redis: (any RedisService)?
    private let alongside: Alongside
    private let slots: Int
    private let logger: Logger

    /// What every worker stands on, whatever its jobs do.
    package struct Ground: Sendable {
        package let postgres: PostgresConfiguration
        package let pool: PostgresPool
        /// For wake-up hints; without it the worker polls.
        package let redis: (any RedisService)?

        package init(postgres: PostgresConfiguration, pool: PostgresPool, redis: (any RedisService)?) {
            self.postgres = postgres
            self.pool = pool
            self.redis = redis
        }
    }

    /// What runs beside the jobs.
    package struct Alongside: Sendable {
        /// Where handlers leave the traces of their requests.
        package var requests: RequestLog?
        /// Where handlers get access tokens.
        package var tokens: TokenKeeper?
        /// Runs until cancelled.
        package var refreshIdleTokens: @Sendable () async -> Void = {}
        /// Platforms that have nothing for anybody at the moment, whose lanes are better left to wait.
        package var standstills: @Sendable () async -> Set<String> = { [] }

        package init() {}
    }

    /// - Parameters:
    ///   - platforms: keys of the platforms whose lanes it claims.
    ///   - worker: new for every start of a process.
    ///   - alongside: what runs beside the jobs, until the worker has drained.
    ///   - handlers: one for each kind of job it knows, made from the signs it gives them.
    package init(
        on ground: Ground, platforms: [String], configuration: WorkerConfiguration = WorkerConfiguration(),
        worker: UUID = UUID(), host: String, version: String, alongside: Alongside = Alongside(), logger: Logger,
        handlers: (WorkerSigns) -> [String: any JobHandler]
    ) {
        var logger = logger
        logger[metadataKey: "worker"] = "\(worker.uuidString.prefix(8))"
        self.logger = logger
        let queue = PostgresQueue(pool: ground.pool)
        bell = Bell()
        redis = ground.redis
        self.alongside = alongside
        slots = configuration.slots
        signs = WorkerSigns(
            heart: Heart(
                postgres: ground.postgres, worker: worker, host: host, version: version, configuration: configuration,
                logger: logger),
            drain: Drain(bell: bell))
        care = QueueCare(queue: queue, reapInterval: configuration.reapInterval, logger: logger)
        runner = JobRunner(
            queue: queue, handlers: handlers(signs), platforms: platforms, worker: worker, configuration: configuration,
            isAlive: { [signs] in signs.isConfirmed }, standstills: alongside.standstills, drain: signs.drain,
            bell: bell, logger: logger)
    }

    /// Runs until asked to drain and drained, or cancelled.
    package func run() async throws {
        let drain = signs.drain
        logger.info("worker started", metadata: ["slots": "\(slots)"])
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await signs.heart.run(onDrainAsked: { drain.ask() }) }
                group.addTask { await care.run(onLeasesTaken: { bell.ring() }) }
                group.addTask { await listen() }
                if let requests = alongside.requests { group.addTask { await requests.run() } }
                group.addTask { await alongside.refreshIdleTokens() }
                await runner.run()
                // A token endpoint that was asked must be heard: the answer is the only one there will be.
                _ = await alongside.tokens?.drain(within: .seconds(35))
                // Cancelled, the log of requests still writes what it has.
                group.cancelAll()
            }
            await signs.heart.stop()
        } onGracefulShutdown: {
            drain.ask()
        }
        logger.info("worker drained")
    }

    /// Hints that there is work. Losing them costs a poll interval, nothing else.
    private func listen() async {
        guard let redis else { return }
        for await _ in redis.subscribe([Wake.channel]) { bell.ring() }
    }
}

/// What handlers must heed: whether the worker can still prove that it is alive, and whether it is to leave.
package struct WorkerSigns: Sendable {
    let heart: Heart
    let drain: Drain

    /// False: the leases may be another's, make no further request.
    package var isConfirmed: Bool { heart.isConfirmed }
    /// End with the page under way.
    package var isDrainAsked: Bool { drain.isAsked }
}

extension WorkerService {
    /// What a worker of the product needs to run `sync` jobs.
    package struct Dependencies: Sendable {
        package let ground: Ground
        package let limiter: any Limiter
        package let transport: any Transport
        package let vault: Vault
        package let platforms: [any Platform]

        package init(
            ground: Ground, limiter: any Limiter, transport: any Transport, vault: Vault, platforms: [any Platform]
        ) {
            self.ground = ground
            self.limiter = limiter
            self.transport = transport
            self.vault = vault
            self.platforms = platforms
        }
    }

    /// A worker that runs every kind of job this program knows.
    ///
    /// - Parameter wallClock: the time platforms are told; leases go by the database's.
    package init(
        _ dependencies: Dependencies, configuration: WorkerConfiguration = WorkerConfiguration(), worker: UUID = UUID(),
        host: String, version: String, wallClock: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        let pool = dependencies.ground.pool
        var alongside = Alongside()
        let requests = RequestLog(pool: pool, worker: worker, logger: logger)
        let tokens = TokenKeeper(
            pool: pool, vault: dependencies.vault, transport: TokenCalls(transport: dependencies.transport),
            workerID: worker, logger: logger)
        alongside.requests = requests
        alongside.tokens = tokens
        let idle = IdleTokens(
            pool: pool, vault: dependencies.vault, platforms: dependencies.platforms, tokens: tokens, worker: worker,
            logger: logger)
        alongside.refreshIdleTokens = { await idle.run() }
        let watch = StandstillWatch(limiter: dependencies.limiter, platforms: dependencies.platforms)
        alongside.standstills = { await watch.platforms() }
        self.init(
            on: dependencies.ground, platforms: dependencies.platforms.map(\.key), configuration: configuration,
            worker: worker, host: host, version: version, alongside: alongside, logger: logger
        ) { signs in
            var logger = logger
            logger[metadataKey: "worker"] = "\(worker.uuidString.prefix(8))"
            let context = SliceContext(
                pool: pool, queue: PostgresQueue(pool: pool), store: PageStore(pool: pool),
                limiter: dependencies.limiter, transport: dependencies.transport, vault: dependencies.vault,
                tokens: tokens, rules: ErrorRuleStore(pool: pool, platforms: dependencies.platforms),
                requests: requests,
                platforms: Dictionary(uniqueKeysWithValues: dependencies.platforms.map { ($0.key, $0) }),
                configuration: configuration, wallClock: wallClock, signs: signs, logger: logger)
            return [
                JobKind.sync.rawValue: StreamHandler(context: context, kind: .sync),
                JobKind.report.rawValue: StreamHandler(context: context, kind: .report),
                JobKind.backfill.rawValue: BackfillHandler(context: context),
                JobKind.probe.rawValue: ProbeHandler(context: context),
            ]
        }
    }
}
