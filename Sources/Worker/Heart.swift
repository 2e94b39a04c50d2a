internal import Dispatch
internal import FoundationEssentials
internal import Jobs
internal import Logging
internal import Postgres
internal import Synchronization

/// The worker's beat, on a thread of its own: a runtime that is busy to the brim never looks dead.
///
/// It also fences: a worker that could not confirm its beat for most of its time to live must assume that its leases
/// are being taken. It then makes no further request until a beat gets through. (Writes need no such care: the
/// database refuses a token that is no longer current.)
///
/// If it stops, the worker's leases run out and other workers take its jobs.
final class Heart: Sendable {
    private let queue: PostgresQueue
    private let pool: PostgresPool
    private let worker: UUID
    private let host: String
    private let version: String
    private let configuration: WorkerConfiguration
    private let logger: Logger
    private let executor = ThreadExecutor(label: "portolan.heart")
    private let lastBeat: Mutex<ContinuousClock.Instant?> = Mutex(nil)

    /// - Parameter postgres: the heart makes its one connection from it, so that a crowded pool never delays a beat.
    init(
        postgres: PostgresConfiguration, worker: UUID, host: String, version: String,
        configuration: WorkerConfiguration, logger: Logger
    ) {
        var postgres = postgres
        // A connection that has gone dead must be given up in time for another beat to save the leases.
        postgres.connectTimeLimit = configuration.beatInterval
        postgres.statementTimeLimit = configuration.beatInterval
        var limits = PostgresPool.Limits()
        limits.connectionsMax = 1
        limits.waitTimeLimit = configuration.beatInterval
        pool = PostgresPool(postgres, limits: limits, logger: logger)
        queue = PostgresQueue(pool: pool)
        self.worker = worker
        self.host = host
        self.version = version
        self.configuration = configuration
        self.logger = logger
    }

    /// Whether the last confirmed beat is recent enough to go on working. Half of the time to live is left as margin
    /// for a request that is under way.
    var isConfirmed: Bool {
        guard let last = lastBeat.withLock({ $0 }) else { return false }
        return last.duration(to: .now) < configuration.beatTTL * 0.75
    }

    /// Beats once: true when it got through. Before the first one, the worker claims nothing.
    @discardableResult
    func beat(onDrainAsked: () -> Void) async -> Bool {
        let sent = ContinuousClock.now
        do {
            let isAskedToDrain = try await queue.beat(
                worker: worker, host: host, version: version, ttl: configuration.beatTTL)
            lastBeat.withLock { $0 = sent }
            if isAskedToDrain { onDrainAsked() }
            return true
        } catch {
            logger.warning("beat failed", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Beats until cancelled; more often while beats fail.
    func run(onDrainAsked: @Sendable () -> Void) async {
        await withTaskExecutorPreference(executor) {
            while !Task.isCancelled {
                let isAlive = await beat(onDrainAsked: onDrainAsked)
                try? await Task.sleep(for: isAlive ? configuration.beatInterval : .milliseconds(500))
            }
        }
    }

    /// Takes the worker's row away and closes the connection.
    func stop() async {
        try? await queue.leave(worker: worker)
        await pool.shutdown(within: .seconds(2))
    }
}

/// Runs a task's jobs one after another on a queue of its own, off Swift's shared pool.
final class ThreadExecutor: TaskExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
