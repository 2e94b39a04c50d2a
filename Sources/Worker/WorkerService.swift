package import Connections
package import FoundationEssentials
internal import Ingest
internal import Jobs
package import Limits
package import Logging
package import Platforms
package import Postgres
package import Redis
internal import ServiceLifecycle

/// A worker: claims lanes, runs their jobs page by page, beats, reaps the leases of the dead, drains on SIGTERM.
///
/// It keeps nothing that matters: any number run side by side, and any may be killed at any moment. If all stop,
/// jobs wait; nothing is lost.
package struct WorkerService: Service, CustomStringConvertible {
    /// The life cycle logs its services: a name, and nothing of what they hold.
    package var description: String { "worker" }

    private let context: SliceContext
    private let bell: Bell
    private let redis: RedisClient?
    private let worker: UUID
    private let wishes: WishList

    /// What a worker stands on.
    package struct Dependencies: Sendable {
        package let postgres: PostgresConfiguration
        package let pool: PostgresPool
        /// For wake-up hints; without it the worker polls.
        package let redis: RedisClient?
        package let limiter: any Limiter
        package let transport: any Transport
        package let vault: Vault
        package let platforms: [any Platform]

        package init(
            postgres: PostgresConfiguration, pool: PostgresPool, redis: RedisClient?, limiter: any Limiter,
            transport: any Transport, vault: Vault, platforms: [any Platform]
        ) {
            self.postgres = postgres
            self.pool = pool
            self.redis = redis
            self.limiter = limiter
            self.transport = transport
            self.vault = vault
            self.platforms = platforms
        }
    }

    /// - Parameters:
    ///   - worker: new for every start of a process.
    ///   - wallClock: the time platforms are told; leases go by the database's.
    package init(
        _ dependencies: Dependencies, configuration: WorkerConfiguration = WorkerConfiguration(), worker: UUID = UUID(),
        host: String, version: String, wallClock: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        var logger = logger
        logger[metadataKey: "worker"] = "\(worker.uuidString.prefix(8))"
        let bell = Bell()
        self.bell = bell
        redis = dependencies.redis
        self.worker = worker
        wishes = WishList(platforms: dependencies.platforms.map(\.key))
        let heart = Heart(
            postgres: dependencies.postgres, worker: worker, host: host, version: version, configuration: configuration,
            logger: logger)
        context = SliceContext(
            pool: dependencies.pool, queue: Queue(pool: dependencies.pool), store: PageStore(pool: dependencies.pool),
            limiter: dependencies.limiter, transport: dependencies.transport, vault: dependencies.vault,
            platforms: Dictionary(uniqueKeysWithValues: dependencies.platforms.map { ($0.key, $0) }),
            configuration: configuration, wallClock: wallClock, heart: heart, drain: Drain(bell: bell), logger: logger)
    }

    /// Runs until asked to drain and drained, or cancelled.
    package func run() async throws {
        let drain = context.drain
        context.logger.info("worker started", metadata: ["slots": "\(context.configuration.slots)"])
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await context.heart.run(onDrainAsked: { drain.ask() }) }
                group.addTask { await reap() }
                group.addTask { await listen() }
                await dispatch()
                group.cancelAll()
            }
            await context.heart.stop()
        } onGracefulShutdown: {
            drain.ask()
        }
        context.logger.info("worker drained")
    }

    /// Claims as many lanes as there are free slots, until asked to drain; then waits for what is running.
    private func dispatch() async {
        let leases = RunningLeases(slots: context.configuration.slots)
        await withDiscardingTaskGroup { group in
            var turn = 0
            var failures = 0
            while !context.drain.isAsked, !Task.isCancelled {
                let free = leases.free
                guard free > 0, context.heart.isConfirmed, await isCertain(of: leases) else {
                    await bell.wait(atMost: context.configuration.pollInterval, clock: ContinuousClock())
                    continue
                }
                var jobs: [LeasedJob] = []
                do throws(PostgresError) {
                    jobs = try await context.queue.claim(
                        worker: worker, wishes: wishes.ordered(turn: turn), lanes: free,
                        leaseMax: context.configuration.leaseMax)
                    failures = 0
                    turn += 1
                } catch {
                    // The answer may have been lost behind a claim that was committed.
                    leases.doubt()
                    failures += 1
                    if failures == 1 { context.logger.warning("claim failed", metadata: ["error": "\(error)"]) }
                }
                for job in jobs {
                    leases.begin(job.lease)
                    group.addTask {
                        var slice = Slice(job, in: context)
                        let isReported = await slice.run()
                        leases.end(job.lease, isReported: isReported)
                        bell.ring()
                    }
                }
                if jobs.isEmpty { await bell.wait(atMost: pause(failures: failures), clock: ContinuousClock()) }
            }
        }
    }

    /// Whether what the database says this worker holds is what it knows of; makes it so where there was doubt.
    private func isCertain(of leases: RunningLeases) async -> Bool {
        guard leases.isInDoubt else { return true }
        do throws(PostgresError) {
            let count = try await context.queue.releaseUnknown(worker: worker, known: leases.tokens)
            leases.settle()
            if count > 0 {
                context.logger.notice("leases given back that nobody was running", metadata: ["count": "\(count)"])
            }
            return true
        } catch {
            context.logger.debug("leases could not be compared", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func pause(failures: Int) -> Duration {
        min(context.configuration.pollInterval * (1 << min(failures, 4)), .seconds(5)) * Double.random(in: 0.8...1.2)
    }

    /// Takes the leases of workers that are gone. Every worker does this, so nothing waits for a particular one.
    private func reap() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: context.configuration.reapInterval * Double.random(in: 0.8...1.2))
            do throws(PostgresError) {
                let count = try await context.queue.reap()
                guard count > 0 else { continue }
                context.logger.notice("leases taken from dead workers", metadata: ["count": "\(count)"])
                bell.ring()
            } catch {
                context.logger.debug("reap failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Hints that there is work. Losing them costs a poll interval, nothing else.
    private func listen() async {
        guard let redis else { return }
        for await _ in redis.subscribe([Wake.channel]) { bell.ring() }
    }
}

/// In which order a worker asks for platforms and bands.
///
/// Urgent work first; but every seventh claim begins with one of the other bands, in turn, so that each keeps a share
/// however much there is above it: every band comes first within 28 claims. Platforms take turns.
struct WishList: Sendable {
    private let platforms: [String]

    init(platforms: [String]) { self.platforms = platforms.sorted() }

    func ordered(turn: Int) -> [(platform: String, band: Band)] {
        var bands = Band.allCases
        if turn % 7 == 6 { bands.insert(bands.remove(at: bands.count - 1 - (turn / 7) % (bands.count - 1)), at: 0) }
        let start = platforms.isEmpty ? 0 : turn % platforms.count
        let rotated = platforms[start...] + platforms[..<start]
        return bands.flatMap { band in rotated.map { ($0, band) } }
    }
}
