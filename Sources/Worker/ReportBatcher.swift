internal import Jobs
internal import Logging
internal import Synchronization

/// Reports the ends of runs, as many at a time as have come in while the last report was under way.
///
/// A report alone costs a commit; so do five hundred together. Nothing is held back to make a batch larger: an idle
/// worker reports each end at once.
struct ReportBatcher: Sendable {
    let queue: any Queue
    let leases: HeldLeases
    /// Whether the worker can still prove that it is alive.
    let isAlive: @Sendable () -> Bool
    /// Rung when leases have ended, so that the worker claims anew.
    let bell: Bell
    let logger: Logger
    private let inbox = ReportInbox()

    /// How many reports one call carries at most.
    static let batchMax = 2000

    init(queue: any Queue, leases: HeldLeases, isAlive: @escaping @Sendable () -> Bool, bell: Bell, logger: Logger) {
        self.queue = queue
        self.leases = leases
        self.isAlive = isAlive
        self.bell = bell
        self.logger = logger
    }

    func submit(_ reports: [Report]) { inbox.put(reports) }

    /// No more will come: ``run()`` returns when all have been reported.
    func close() { inbox.close() }

    func run() async {
        await withDiscardingTaskGroup { group in
            while let batch = await inbox.next(max: Self.batchMax) {
                let busy = await report(batch, waits: false)
                // Their lanes are held by somebody's open transaction: that must not hold up the others.
                if !busy.isEmpty { group.addTask { _ = await report(busy, waits: true) } }
            }
        }
    }

    /// Reports until the queue has it; gives up what it refuses, and all when the beats fail too, or when cancelled.
    /// Answers those that were busy.
    private func report(_ batch: [Report], waits: Bool) async -> [Report] {
        var delay = Duration.milliseconds(100)
        while true {
            do throws(QueueError) {
                return take(try await queue.finish(batch, waits: waits), for: batch)
            } catch {
                logger.warning("finish interrupted", metadata: ["error": "\(error)"])
                if error.code != .unavailable, batch.count > 1 { break }
                guard error.code == .unavailable, isAlive(), !Task.isCancelled else {
                    return await giveUp(batch, waits: waits, because: error)
                }
            }
            try? await Task.sleep(for: delay)
            delay = min(delay * 2, .seconds(2))
        }
        // One report that the queue will not have must not take the others along.
        let middle = batch.count / 2
        var busy: [Report] = []
        for half in [batch[..<middle], batch[middle...]] { busy += await report(Array(half), waits: waits) }
        return busy
    }

    /// What is free in a report is its detail: an end that is refused with it is reported without. Otherwise the job would
    /// run again and again, with no attempt counted.
    private func giveUp(_ batch: [Report], waits: Bool, because error: QueueError) async -> [Report] {
        if error.code != .unavailable, batch.count == 1, batch[0].detail != nil {
            return await report([Report(batch[0].job, batch[0].outcome)], waits: waits)
        }
        for report in batch {
            logger.error(
                "the end of a job could not be reported; it runs again",
                metadata: ["job": "\(report.job.jobID)", "outcome": "\(report.outcome.word)", "error": "\(error)"])
            leases.abandon(report.job.lease)
        }
        bell.ring()
        return []
    }

    private func take(_ results: [Finish], for batch: [Report]) -> [Report] {
        var busy: [Report] = []
        for (report, result) in zip(batch, results) {
            switch result {
            case .busy: busy.append(report)
            case .stale:
                logger.notice(
                    "the lease was lost before the end was reported", metadata: ["job": "\(report.job.jobID)"])
                leases.lost(report.job.lease)
            default: leases.reported(report.job.lease)
            }
        }
        bell.ring()
        return busy
    }
}

/// Reports on their way, with one reader.
private final class ReportInbox: Sendable {
    private struct State {
        var reports: [Report] = []
        var waiter: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    func put(_ reports: [Report]) {
        wake { $0.reports.append(contentsOf: reports) }
    }

    func close() { wake { $0.isClosed = true } }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// What has come in, oldest first; nil when the inbox is closed and empty.
    func next(max: Int) async -> [Report]? {
        while true {
            let batch = state.withLock { state -> [Report]?? in
                if state.reports.isEmpty { return state.isClosed ? .some(nil) : nil }
                let batch = Array(state.reports.prefix(max))
                state.reports.removeFirst(batch.count)
                return batch
            }
            if let batch { return batch }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.reports.isEmpty || state.isClosed { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }
}
