internal import Jobs
package import Logging
package import Postgres
package import Redis
internal import ServiceLifecycle

/// The scheduler: finds streams and schedules that are due and enqueues a job for each.
///
/// Any number run side by side with no leader: what is due is shared by row locks, and each is enqueued once. If all
/// stop, nothing new becomes due; jobs that wait are still run.
package struct SchedulerService: Service, CustomStringConvertible {
    /// The life cycle logs its services: a name, and nothing of what they hold.
    package var description: String { "scheduler" }

    /// How the scheduler behaves.
    package struct Configuration: Sendable {
        /// How often it looks when nothing was due last time.
        package var tickInterval: Duration = .seconds(1)
        /// How many streams one tick takes; a full tick is followed by another at once.
        package var streamsPerTick: Int = 1000
        /// How many schedules one tick takes; as with streams.
        package var schedulesPerTick: Int = 100
        /// How many broken connections one tick probes: they wait for one another, so that what heals at once is not
        /// taken up at once.
        package var probesPerTick: Int = 20

        package init() {}
    }

    private let queue: PostgresQueue
    private let redis: (any RedisScripting)?
    private let configuration: Configuration
    private let logger: Logger

    package init(
        pool: PostgresPool, redis: (any RedisScripting)?, configuration: Configuration = Configuration(), logger: Logger
    ) {
        queue = PostgresQueue(pool: pool)
        self.redis = redis
        self.configuration = configuration
        self.logger = logger
    }

    /// Ticks until asked to stop.
    package func run() async throws {
        logger.info("scheduler started")
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await QueueCare(queue: queue, logger: logger).run() }
                await schedule()
            }
        }
        logger.info("scheduler stopped")
    }

    private func schedule() async {
        var failures = 0
        while !Task.isCancelled {
            do throws(QueueError) {
                let isFull = try await tick()
                failures = 0
                if isFull { continue }
            } catch {
                failures += 1
                if failures == 1 { logger.warning("tick failed", metadata: ["error": "\(error)"]) }
            }
            let pause = min(configuration.tickInterval * (1 << min(failures, 4)), .seconds(15))
            try? await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
        }
    }

    /// True when there may be more that is due already.
    private func tick() async throws(QueueError) -> Bool {
        let (due, enqueued) = try await queue.enqueueDue(limit: configuration.streamsPerTick)
        let slots = try await queue.enqueueSchedules(limit: configuration.schedulesPerTick)
        let probes = try await queue.enqueueProbes(limit: configuration.probesPerTick)
        let isFull = due == configuration.streamsPerTick || slots == configuration.schedulesPerTick
        guard enqueued + slots + probes > 0 else { return isFull }
        logger.debug(
            "enqueued",
            metadata: ["due": "\(due)", "jobs": "\(enqueued)", "slots": "\(slots)", "probes": "\(probes)"])
        // A hint, after the commit; workers poll, so a lost one costs a moment.
        _ = try? await redis?.publish("1", on: Wake.channel)
        return isFull
    }
}
