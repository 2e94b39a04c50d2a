package import FoundationEssentials
import Synchronization

/// The queue in memory: what ``PostgresQueue`` is measured against, and what simulations of a whole fleet run on.
///
/// It is written to be read: one call after another, under one mutex, looking through everything there is. A queue of
/// some thousand jobs is as much as it is good for.
package final class MemoryQueue: Queue, Sendable {
    private let tables: Mutex<Tables>
    private let now: @Sendable () -> Date
    private let newToken: @Sendable () -> UUID

    /// - Parameters:
    ///   - kinds: what may be enqueued.
    ///   - now: the queue's clock.
    ///   - newToken: makes the token of each lease; no two may be equal.
    package init(
        kinds: [String: JobKindRule] = ["sync": .sync], now: @escaping @Sendable () -> Date = { Date() },
        newToken: @escaping @Sendable () -> UUID = { UUID() }
    ) {
        tables = Mutex(Tables(kinds: kinds))
        self.now = now
        self.newToken = newToken
    }

    /// Makes a connection that jobs can be enqueued for; answers its id.
    package func addConnection(platform: String) -> Int64 { tables.withLock { $0.addConnection(platform: platform) } }

    package func enqueue(_ jobs: [NewJob]) async throws(QueueError) -> [Int64] {
        let now = now()
        return try tables.withLock { tables throws(QueueError) in try tables.enqueue(jobs, at: now) }
    }

    package func claim(_ claim: Claim) async throws(QueueError) -> [LeasedJob] {
        let now = now()
        return tables.withLock { $0.claim(claim, at: now, newToken: newToken) }
    }

    package func prove(_ job: LeasedJob, records: Int, checkpoint: String?) async throws(QueueError) -> Proof? {
        let now = now()
        return tables.withLock { $0.prove(job, records: records, at: now) }
    }

    /// - Parameter waits: means nothing here, where nobody's transaction is ever open.
    package func finish(_ reports: [Report], waits: Bool) async throws(QueueError) -> [Finish] {
        let now = now()
        return tables.withLock { $0.finish(reports, at: now) }
    }

    package func beat(worker: UUID, host: String, version: String, ttl: Duration) async throws(QueueError) -> Bool {
        let now = now()
        return tables.withLock { $0.beat(worker, ttl: ttl, at: now) }
    }

    package func leave(worker: UUID) async throws(QueueError) { tables.withLock { $0.leave(worker) } }

    package func releaseUnknown(worker: UUID, known: [UUID]) async throws(QueueError) -> Int {
        let now = now()
        return tables.withLock { $0.releaseUnknown(worker, known: known, at: now) }
    }

    package func reap() async throws(QueueError) -> Int {
        let now = now()
        return tables.withLock { $0.reap(at: now) }
    }

    package func cancel(_ jobs: [Int64]) async throws(QueueError) -> [Cancellation] {
        let now = now()
        return tables.withLock { $0.cancel(jobs, at: now) }
    }

    package func pause(_ scope: PauseScope, reason: String?) async throws(QueueError) {
        try tables.withLock { tables throws(QueueError) in try tables.pause(scope) }
    }

    package func resume(_ scope: PauseScope) async throws(QueueError) -> Bool {
        let now = now()
        return tables.withLock { $0.resume(scope, at: now) }
    }

    package func closeGate(platform: String, reason: String, probeInterval: Duration) async throws(QueueError) {
        let now = now()
        tables.withLock { $0.closeGate(platform, probeInterval: probeInterval, at: now) }
    }

    package func openGate(platform: String) async throws(QueueError) -> Bool {
        tables.withLock { $0.openGate(platform) }
    }

    package func describe(_ job: Int64) async throws(QueueError) -> JobDescription? {
        let now = now()
        return tables.withLock { $0.describe(job, at: now) }
    }
}
