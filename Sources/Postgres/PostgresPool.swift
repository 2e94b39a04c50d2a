internal import Dispatch
package import Logging
internal import Synchronization

/// A bounded set of connections to one database, lent out one caller at a time, first come first served.
///
/// Connections are made when they are needed, by the caller who needs one. A connection that comes back broken, inside
/// a transaction, or doubtful after a cancel is closed and its place given to the next caller; failures to connect are
/// followed by a pause with jitter that grows, shared by all callers, who keep trying until their patience ends.
///
/// Thread-safety notes: all state is in one mutex, held for bookkeeping only and never across a wait. Closures run in
/// the caller's isolation.
package final class PostgresPool: Sendable {
    package struct Limits: Sendable {
        package var connectionsMax = 10
        /// Callers beyond this many that would have to wait are refused with `poolOverloaded`.
        package var waitersMax = 10_000
        /// How long a caller waits for a connection, connecting included.
        package var waitTimeLimit: Duration = .seconds(10)
        /// A connection idle for longer answers a small statement before it is lent out.
        package var idleCheckAfter: Duration = .seconds(30)
        /// A connection idle for longer is closed.
        package var idleTimeLimit: Duration = .seconds(300)
        /// The first pause after a failure to connect; doubled with each further one.
        package var backoffBase: Duration = .milliseconds(100)
        package var backoffMax: Duration = .seconds(5)

        package init() {}
    }

    /// A snapshot for metrics.
    package struct Status: Sendable, Equatable {
        package let leasedCount: Int
        package let idleCount: Int
        package let connectingCount: Int
        package let waitingCount: Int
    }

    enum Grant: Sendable {
        case connection(PostgresConnection)
        case slot
    }
    typealias Waiter = CheckedContinuation<Result<Grant, PostgresError>, Never>

    private struct Shared {
        var pool: PoolState<PostgresConnection, Waiter>
        var nextWaiterID: UInt64 = 0
        /// When the timer fires next, if it is set.
        var timerAt: ContinuousClock.Instant?
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    package let limits: Limits
    private let configuration: PostgresConfiguration
    private let traits = ServerTraits()
    private let logger: Logger
    private let shared: Mutex<Shared>
    private let timerQueue = DispatchQueue(label: "portolan.postgres.pool")

    package init(_ configuration: PostgresConfiguration, limits: Limits = Limits(), logger: Logger) {
        self.configuration = configuration
        self.limits = limits
        self.logger = logger
        shared = Mutex(
            Shared(pool: PoolState(connectionsMax: limits.connectionsMax, waitersMax: limits.waitersMax)))
    }

    package var status: Status {
        shared.withLock {
            Status(
                leasedCount: $0.pool.leased.count, idleCount: $0.pool.idle.count,
                connectingCount: $0.pool.connectingCount, waitingCount: $0.pool.waitingCount)
        }
    }

    // MARK: Lending

    /// Lends a connection to the closure; it must not be used after the closure's end.
    ///
    /// - Parameter waitTimeLimit: overrides the pool's.
    ///
    /// **Errors**: what the closure throws; `poolTimedOut`, `poolOverloaded`, `poolClosed`, `cancelled`;
    /// `connectFailed` or `timedOut` when the wait ended while the server could not be reached, or at once when it
    /// refused for good.
    @discardableResult
    package func withConnection<T>(
        waitTimeLimit: Duration? = nil, _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        let connection = try await lease(waitTimeLimit: waitTimeLimit)
        defer { giveBack(connection) }
        return try await body(connection)
    }

    /// Runs one statement on a connection of the pool.
    @discardableResult
    package func query(
        _ sql: SQL, _ parameters: [any PostgresEncodable] = [], timeLimit: Duration? = nil
    ) async throws(PostgresError) -> PostgresRows {
        let connection = try await lease(waitTimeLimit: nil)
        defer { giveBack(connection) }
        return try await connection.query(sql, parameters, timeLimit: timeLimit)
    }

    /// Sends many statements in one round trip on a connection of the pool.
    package func queryAll(
        _ list: [PostgresStatement], grouping: PostgresPipelineGrouping = .together, timeLimit: Duration? = nil
    ) async throws(PostgresError) -> [Result<PostgresRows, PostgresError>] {
        let connection = try await lease(waitTimeLimit: nil)
        defer { giveBack(connection) }
        return try await connection.queryAll(list, grouping: grouping, timeLimit: timeLimit)
    }

    func lease(waitTimeLimit: Duration?) async throws(PostgresError) -> PostgresConnection {
        let patienceEnds = ContinuousClock.now + (waitTimeLimit ?? limits.waitTimeLimit)
        if Task.isCancelled { throw Operation.StopReason.cancelled.error }
        switch shared.withLock({ $0.pool.acquire() }) {
        case .connection(let connection, let idleSince):
            return try await checked(connection, idleSince: idleSince, until: patienceEnds)
        case .slot: return try await connectInSlot(until: patienceEnds)
        case .closed: throw Self.closedError
        case .overloaded: throw Self.overloadedError
        case .mustWait:
            switch try await wait(until: patienceEnds) {
            case .connection(let connection): return connection
            case .slot: return try await connectInSlot(until: patienceEnds)
            }
        }
    }

    func giveBack(_ connection: PostgresConnection) {
        let isReusable = connection.signals.isReusable
        let now = ContinuousClock.now
        let released = shared.withLock { shared in
            defer { Self.resumeDrainedIfEmpty(&shared) }
            return shared.pool.release(connection, isReusable: isReusable, now: now)
        }
        switch released {
        case .granted(let grant): hand(grant)
        case .kept: schedule(now + limits.idleTimeLimit)
        case .discard(let grant):
            logger.debug("pooled connection discarded", metadata: ["reason": "not reusable when returned"])
            connection.abandon()
            if let grant { hand(grant) }
        }
    }

    private func hand(_ grant: PoolState<PostgresConnection, Waiter>.Grant) {
        switch grant {
        case .connection(let connection, let waiter): waiter.resume(returning: .success(.connection(connection)))
        case .slot(let waiter): waiter.resume(returning: .success(.slot))
        }
    }

    private static var closedError: PostgresError { PostgresError(.poolClosed, "the pool was shut down") }
    private static var overloadedError: PostgresError {
        PostgresError(.poolOverloaded, "too many callers wait for a connection")
    }
    private static var patienceError: PostgresError {
        PostgresError(.poolTimedOut, "no connection became free within the wait limit")
    }

    // MARK: Waiting

    private func wait(until patienceEnds: ContinuousClock.Instant) async throws(PostgresError) -> Grant {
        let id = shared.withLock { shared in
            shared.nextWaiterID += 1
            return shared.nextWaiterID
        }
        let result: Result<Grant, PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                enqueue(id: id, waiter, until: patienceEnds)
                // A cancellation that came before the line above found nobody in the queue.
                if Task.isCancelled { cancelWaiter(id) }
            }
        } onCancel: {
            cancelWaiter(id)
        }
        return try result.get()
    }

    private func enqueue(id: UInt64, _ waiter: Waiter, until patienceEnds: ContinuousClock.Instant) {
        switch shared.withLock({ $0.pool.enqueue(id: id, waiter, expiresAt: patienceEnds) }) {
        case .mustWait: schedule(patienceEnds)
        case .connection(let connection, _): waiter.resume(returning: .success(.connection(connection)))
        case .slot: waiter.resume(returning: .success(.slot))
        case .overloaded: waiter.resume(returning: .failure(Self.overloadedError))
        case .closed: waiter.resume(returning: .failure(Self.closedError))
        }
    }

    private func cancelWaiter(_ id: UInt64) {
        let waiter = shared.withLock { $0.pool.removeWaiter(id: id) }
        waiter?.resume(returning: .failure(Operation.StopReason.cancelled.error))
    }

    // MARK: Connecting

    /// Connects in the caller's own task, pausing after failures, until its patience ends.
    ///
    /// The caller holds a slot; whatever the outcome, the slot is turned into a lease or released.
    private func connectInSlot(until patienceEnds: ContinuousClock.Instant) async throws(PostgresError)
        -> PostgresConnection
    {
        var lastFailure: PostgresError?
        while true {
            do throws(PostgresError) {
                if let free = try await awaitBackoff(until: patienceEnds) { return free }
                guard ContinuousClock.now < patienceEnds else { throw lastFailure ?? Self.patienceError }
                if shared.withLock({ $0.pool.phase != .open }) { throw Self.closedError }
            } catch {
                releaseSlot()
                throw error.code == .poolTimedOut ? lastFailure ?? error : error
            }
            let connection = PostgresConnection(configuration, traits: traits, logger: logger)
            do throws(PostgresError) {
                let patience = patienceEnds - ContinuousClock.now
                try await connection.connect(timeLimit: min(patience, configuration.connectTimeLimit))
            } catch {
                connection.abandon()
                guard error.isTransient, !Task.isCancelled else {
                    releaseSlot()
                    throw error
                }
                lastFailure = error
                noteConnectFailure(error)
                continue
            }
            guard shared.withLock({ $0.pool.connected(connection) }) else {
                connection.abandon()
                shared.withLock { Self.resumeDrainedIfEmpty(&$0) }
                throw Self.closedError
            }
            return connection
        }
    }

    /// Sleeps until connecting is allowed again; returns a connection if one became idle instead.
    private func awaitBackoff(until patienceEnds: ContinuousClock.Instant) async throws(PostgresError)
        -> PostgresConnection?
    {
        guard let notBefore = shared.withLock({ $0.pool.connectNotBefore }), notBefore > .now else { return nil }
        do {
            try await Task.sleep(until: min(notBefore, patienceEnds), clock: .continuous)
        } catch {
            throw Operation.StopReason.cancelled.error
        }
        guard let free = shared.withLock({ $0.pool.exchangeSlotForIdle() }) else { return nil }
        guard await free.connection.isQuietlyAlive() else {
            exchangeForSlot(free.connection)
            return nil
        }
        return free.connection
    }

    private func noteConnectFailure(_ error: PostgresError) {
        let count = shared.withLock { shared in
            shared.pool.connectFailed { count in
                let doubled = limits.backoffBase * Double(1 << min(count - 1, 16))
                return .now + min(doubled, limits.backoffMax) * Double.random(in: 0.5...1)
            }
            return shared.pool.connectFailureCount
        }
        logger.warning("connecting to Postgres failed", metadata: ["failures": "\(count)", "error": "\(error)"])
    }

    private func releaseSlot() {
        let grant = shared.withLock { shared in
            defer { Self.resumeDrainedIfEmpty(&shared) }
            return shared.pool.releaseSlot()
        }
        if let grant { hand(grant) }
    }

    private func exchangeForSlot(_ connection: PostgresConnection) {
        shared.withLock { $0.pool.exchangeConnectionForSlot(connection) }
        connection.abandon()
    }

    /// Makes sure that a connection that lay idle still works; connects anew in its place if not.
    private func checked(
        _ connection: PostgresConnection, idleSince: ContinuousClock.Instant,
        until patienceEnds: ContinuousClock.Instant
    ) async throws(PostgresError) -> PostgresConnection {
        var isAlive = await connection.isQuietlyAlive()
        if isAlive, ContinuousClock.now - idleSince > limits.idleCheckAfter {
            let patience = min(patienceEnds - .now, configuration.connectTimeLimit)
            do throws(PostgresError) {
                try await connection.query("select 1", timeLimit: patience)
            } catch {
                isAlive = false
            }
        }
        if isAlive { return connection }
        exchangeForSlot(connection)
        return try await connectInSlot(until: patienceEnds)
    }

    // MARK: Time

    /// Makes sure that the timer fires by then. One timer serves all waiters and idle connections.
    private func schedule(_ instant: ContinuousClock.Instant) {
        let isNeeded = shared.withLock { shared in
            if let set = shared.timerAt, set <= instant { return false }
            shared.timerAt = instant
            return true
        }
        guard isNeeded else { return }
        let delay = max(.zero, instant - .now).components
        let nanoseconds = Int(clamping: delay.seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let interval =
            nanoseconds.overflow ? Int.max : nanoseconds.partialValue + Int(delay.attoseconds / 1_000_000_000)
        timerQueue.asyncAfter(deadline: .now() + .nanoseconds(interval)) { [weak self] in
            self?.timerFired(setFor: instant)
        }
    }

    private func timerFired(setFor instant: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        let (expired, stale, next) = shared.withLock { shared in
            // Only the latest setting counts; an earlier one superseded this.
            if shared.timerAt == instant { shared.timerAt = nil }
            let expired = shared.pool.removeExpired(now: now)
            let stale = shared.pool.removeIdle(since: now - limits.idleTimeLimit)
            let idleEnd = shared.pool.idle.first.map { $0.since + limits.idleTimeLimit }
            return (expired, stale, [shared.pool.nextExpiry, idleEnd].compactMap { $0 }.min())
        }
        for waiter in expired { waiter.resume(returning: .failure(Self.patienceError)) }
        for connection in stale { connection.abandon() }
        if let next { schedule(next) }
    }

    // MARK: Ending

    /// Refuses new callers, sends those who wait home, lets leases end, and closes everything.
    ///
    /// - Parameter timeLimit: how long leases may take; after that their connections are closed under them. Their
    ///   statements then fail with `connectionLost`.
    package func shutdown(within timeLimit: Duration = .seconds(30)) async {
        let (waiters, idle) = shared.withLock { $0.pool.drain() }
        for waiter in waiters { waiter.resume(returning: .failure(Self.closedError)) }
        for connection in idle { connection.abandon() }
        let delay = timeLimit.components
        timerQueue.asyncAfter(deadline: .now() + .seconds(Int(clamping: delay.seconds))) { [weak self] in
            self?.abandonLeases()
        }
        await withCheckedContinuation { continuation in
            shared.withLock { shared in
                shared.drained.append(continuation)
                Self.resumeDrainedIfEmpty(&shared)
            }
        }
    }

    private func abandonLeases() {
        let leased = shared.withLock { Array($0.pool.leased.values) }
        for connection in leased { connection.abandon() }
    }

    private static func resumeDrainedIfEmpty(_ shared: inout Shared) {
        guard shared.pool.phase == .draining, shared.pool.slotCount == 0 else { return }
        for continuation in shared.drained { continuation.resume() }
        shared.drained.removeAll()
    }
}
