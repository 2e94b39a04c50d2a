package import FoundationEssentials
package import Logging
package import Postgres
internal import Synchronization

/// Keeps traces of requests for a moment and writes them together, about once a second.
///
/// Leaving a trace takes a lock for a few instructions: it never waits, and never fails the request. What there is no
/// room for while the database is slow or away is dropped and counted. Traces are a log, not a ledger: after a
/// connection lost in the middle of a write some may be there twice, and a killed process loses the last second.
///
/// *Thread-safety notes*: all state is in one mutex, never held across a wait.
package final class RequestLog: Sendable {
    /// Writes a batch; what it throws decides whether the batch is tried again.
    package typealias Writer = @Sendable ([RequestTrace]) async throws -> Void

    package struct Limits: Sendable {
        /// Traces kept at most; about half a kilobyte each.
        package var capacity = 20_000
        /// Traces written by one statement at most.
        package var batchMax = 2000
        package var interval: Duration = .seconds(1)
        /// A write that takes longer is given up.
        package var writeTimeMax: Duration = .seconds(5)

        package init() {}
    }

    private struct State {
        var traces: [RequestTrace] = []
        var dropped = 0
        var droppedUnsaid = 0
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?

        mutating func drop(_ count: Int) {
            dropped += count
            droppedUnsaid += count
        }
    }

    private let state = Mutex(State())
    private let limits: Limits
    private let logger: Logger
    private let writer: Writer

    package init(limits: Limits = Limits(), logger: Logger, writer: @escaping Writer) {
        self.limits = limits
        self.logger = logger
        self.writer = writer
    }

    /// A log that writes to `portolan.requests`.
    ///
    /// - Parameter worker: whose requests they are.
    package convenience init(pool: PostgresPool, worker: UUID, limits: Limits = Limits(), logger: Logger) {
        self.init(limits: limits, logger: logger) { traces in
            _ = try await pool.query(RequestRows.statement, RequestRows(traces).parameters(worker: worker))
        }
    }

    /// How many traces were dropped since the start.
    package var droppedCount: Int { state.withLock { $0.dropped } }

    /// Takes a trace, or drops it when there is no room.
    package func record(_ trace: RequestTrace) {
        state.withLock { state in
            if state.traces.count < limits.capacity { state.traces.append(trace) } else { state.drop(1) }
        }
    }

    /// Writes until closed or cancelled, then once more what is left.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.tick() }
            await waitForClose()
            group.cancelAll()
        }
        await flush()
        reportDropped()
    }

    /// Asks ``run()`` to write what is left and to return. Traces that come later are not written.
    package func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private func waitForClose() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isClosed = state.withLock { state in
                    if !state.isClosed { state.waiter = continuation }
                    return state.isClosed
                }
                if isClosed { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }

    private func tick() async {
        var ticks = 0
        while (try? await Task.sleep(for: limits.interval)) != nil {
            await flush()
            ticks += 1
            // Once in a while: whoever cannot write will not be able to soon.
            if ticks % 60 == 0 { reportDropped() }
        }
    }

    /// Writes what there is now, a batch at a time, until all is written or a write fails.
    package func flush() async {
        var left = state.withLock { $0.traces.count }
        while left > 0 {
            let batch = state.withLock { state in
                let batch = Array(state.traces.prefix(limits.batchMax))
                state.traces.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty, await write(batch) else { return }
            left -= batch.count
        }
    }

    /// In a task of its own, so that who is cancelled still gets its last traces written.
    private func write(_ batch: [RequestTrace]) async -> Bool {
        let task = Task { [writer] in try await writer(batch) }
        let timer = Task { [limits] in
            try await Task.sleep(for: limits.writeTimeMax)
            task.cancel()
        }
        defer { timer.cancel() }
        do {
            try await task.value
            return true
        } catch {
            logger.debug("traces of requests could not be written", metadata: ["error": "\(error)"])
            // What the database refuses it will refuse again.
            if let error = error as? PostgresError, !error.isConnectionFailure, !error.isTransient {
                state.withLock { $0.drop(batch.count) }
            } else {
                putBack(batch)
            }
            return false
        }
    }

    private func putBack(_ batch: [RequestTrace]) {
        state.withLock { state in
            let room = max(0, limits.capacity - state.traces.count)
            state.traces.insert(contentsOf: batch.suffix(room), at: 0)
            if batch.count > room { state.drop(batch.count - room) }
        }
    }

    private func reportDropped() {
        let count = state.withLock { state in
            defer { state.droppedUnsaid = 0 }
            return state.droppedUnsaid
        }
        guard count > 0 else { return }
        logger.warning("traces of requests were dropped", metadata: ["count": "\(count)"])
    }
}
