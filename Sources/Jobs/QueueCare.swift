package import Logging

/// Keeps the queue in shape: takes the leases of the dead, makes and drops history's days, counts, vacuums, clusters
/// errors, tells alerts.
///
/// Not jobs, so that jobs can neither starve nor stall it. Every worker and every scheduler runs it; what is due is done
/// by whoever comes first, and nothing waits for a particular process. If all stop, leases of dead workers stay where
/// they are and nothing else goes wrong for days.
package struct QueueCare: Sendable {
    private let queue: PostgresQueue
    private let reapInterval: Duration
    private let maintainInterval: Duration
    private let logger: Logger

    package init(
        queue: PostgresQueue, reapInterval: Duration = .seconds(2), maintainInterval: Duration = .seconds(5),
        logger: Logger
    ) {
        self.queue = queue
        self.reapInterval = reapInterval
        self.maintainInterval = maintainInterval
        self.logger = logger
    }

    /// Runs until cancelled.
    ///
    /// - Parameter onLeasesTaken: called when there is work again that a dead worker held.
    package func run(onLeasesTaken: @escaping @Sendable () -> Void = {}) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reap(onLeasesTaken: onLeasesTaken) }
            group.addTask { await maintain() }
        }
    }

    private func reap(onLeasesTaken: @Sendable () -> Void) async {
        while await pause(reapInterval) {
            do throws(QueueError) {
                let count = try await queue.reap()
                guard count > 0 else { continue }
                logger.notice("leases taken from the dead and the stalled", metadata: ["count": "\(count)"])
                onLeasesTaken()
            } catch {
                logger.debug("reap failed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func maintain() async {
        repeat {
            do throws(QueueError) {
                let tables = try await queue.maintain()
                if !tables.isEmpty { logger.debug("vacuumed", metadata: ["tables": "\(tables)"]) }
                for alert in try await queue.takeAlerts() { tell(alert) }
            } catch {
                logger.debug("maintenance failed", metadata: ["error": "\(error)"])
            }
        } while await pause(maintainInterval)
    }

    private func tell(_ alert: Alert) {
        let level: Logger.Level =
            switch alert.severity {
            case "info": .notice
            case "warning": .warning
            case "error": .error
            default: .critical
            }
        logger.log(
            level: level, "alert: \(alert.message)", metadata: ["rule": "\(alert.rule)", "subject": "\(alert.subject)"])
    }

    /// False when cancelled. The jitter keeps a fleet that was started at once from asking at once.
    private func pause(_ interval: Duration) async -> Bool {
        do {
            try await Task.sleep(for: interval * Double.random(in: 0.8...1.2))
            return true
        } catch {
            return false
        }
    }
}
