internal import DequeModule

/// The pool's bookkeeping: who has a connection, who waits. No I/O, no clock, no lock; the pool wraps it in a mutex.
///
/// A *slot* is the right to have one connection. It is held by an idle connection, by a lease, or by a caller who is
/// connecting. Free connections and free slots go to the longest waiting caller, never past the queue.
struct PoolState<Connection: AnyObject & Sendable, Waiter: Sendable> {
    typealias Instant = ContinuousClock.Instant

    enum Phase {
        case open, draining
    }

    struct Idle {
        let connection: Connection
        let since: Instant
    }

    private struct Waiting {
        let id: UInt64
        let waiter: Waiter
        let expiresAt: Instant
    }

    enum Acquired {
        /// An idle connection, and since when it was.
        case connection(Connection, idleSince: Instant)
        /// The caller holds a slot and is to connect.
        case slot
        /// The caller is to enqueue itself.
        case mustWait
        case overloaded
        case closed
    }

    /// What to hand to a waiter.
    enum Grant {
        case connection(Connection, Waiter)
        case slot(Waiter)
    }

    let connectionsMax: Int
    let waitersMax: Int

    private(set) var phase = Phase.open
    /// Most recently used last, which is where they are taken from, so that a quiet pool shrinks.
    private(set) var idle: [Idle] = []
    private(set) var leased: [ObjectIdentifier: Connection] = [:]
    /// Slots held by callers who are connecting.
    private(set) var connectingCount = 0
    private var waiters = Deque<Waiting>()
    /// Consecutive failures to connect, for the back-off.
    private(set) var connectFailureCount = 0
    private(set) var connectNotBefore: Instant?

    init(connectionsMax: Int, waitersMax: Int) {
        precondition(connectionsMax > 0 && waitersMax >= 0, "a pool needs room for at least one connection")
        self.connectionsMax = connectionsMax
        self.waitersMax = waitersMax
    }

    var waitingCount: Int { waiters.count }
    var slotCount: Int { idle.count + leased.count + connectingCount }
    /// The earliest instant at which a waiter's patience ends.
    var nextExpiry: Instant? { waiters.lazy.map(\.expiresAt).min() }

    // MARK: Acquiring

    mutating func acquire() -> Acquired {
        guard phase == .open else { return .closed }
        if waiters.isEmpty {
            if let free = takeIdle() { return .connection(free.connection, idleSince: free.since) }
            if slotCount < connectionsMax {
                connectingCount += 1
                return .slot
            }
        }
        return waiters.count < waitersMax ? .mustWait : .overloaded
    }

    /// Puts a caller at the end of the queue, or answers at once if things have changed since `acquire`.
    mutating func enqueue(id: UInt64, _ waiter: Waiter, expiresAt: Instant) -> Acquired {
        let again = acquire()
        if case .mustWait = again { waiters.append(Waiting(id: id, waiter: waiter, expiresAt: expiresAt)) }
        return again
    }

    /// For a caller who holds a slot and waits out the back-off: gives the slot up for a connection that became free.
    mutating func exchangeSlotForIdle() -> Idle? {
        guard let free = takeIdle() else { return nil }
        connectingCount -= 1
        return free
    }

    private mutating func takeIdle() -> Idle? {
        guard let free = idle.popLast() else { return nil }
        leased[ObjectIdentifier(free.connection)] = free.connection
        return free
    }

    // MARK: Connecting

    /// The slot's holder has connected; the connection is leased to it. Returns false if the pool has closed meanwhile.
    mutating func connected(_ connection: Connection) -> Bool {
        connectingCount -= 1
        connectFailureCount = 0
        connectNotBefore = nil
        guard phase == .open else { return false }
        leased[ObjectIdentifier(connection)] = connection
        return true
    }

    /// The slot's holder failed and keeps the slot for its next attempt, which may not start before then.
    mutating func connectFailed(retryAt: (_ failureCount: Int) -> Instant) {
        connectFailureCount += 1
        connectNotBefore = retryAt(connectFailureCount)
    }

    /// A slot without a connection is free again.
    mutating func releaseSlot() -> Grant? {
        connectingCount -= 1
        return grantSlot()
    }

    /// A leased connection turned out dead: its holder keeps the slot and is to connect.
    mutating func exchangeConnectionForSlot(_ connection: Connection) {
        leased[ObjectIdentifier(connection)] = nil
        connectingCount += 1
    }

    private mutating func grantSlot() -> Grant? {
        guard phase == .open, slotCount < connectionsMax, let next = waiters.popFirst() else { return nil }
        connectingCount += 1
        return .slot(next.waiter)
    }

    // MARK: Releasing

    enum Released {
        case granted(Grant)
        /// Kept, idle.
        case kept
        /// To be closed; the slot may go to a waiter.
        case discard(Grant?)
    }

    mutating func release(_ connection: Connection, isReusable: Bool, now: Instant) -> Released {
        leased[ObjectIdentifier(connection)] = nil
        guard isReusable, phase == .open else { return .discard(grantSlot()) }
        if let next = waiters.popFirst() {
            leased[ObjectIdentifier(connection)] = connection
            return .granted(.connection(connection, next.waiter))
        }
        idle.append(Idle(connection: connection, since: now))
        return .kept
    }

    // MARK: Leaving the queue

    mutating func removeWaiter(id: UInt64) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index).waiter
    }

    mutating func removeExpired(now: Instant) -> [Waiter] {
        let expired = waiters.filter { $0.expiresAt <= now }
        if !expired.isEmpty { waiters.removeAll { $0.expiresAt <= now } }
        return expired.map(\.waiter)
    }

    /// Removes connections idle since before then, the longest idle first.
    mutating func removeIdle(since limit: Instant) -> [Connection] {
        let stale = idle.prefix { $0.since <= limit }.map(\.connection)
        idle.removeFirst(stale.count)
        return stale
    }

    /// Closes the pool to new callers; returns those who wait and the idle connections, both to be sent home.
    mutating func drain() -> (waiters: [Waiter], idle: [Connection]) {
        phase = .draining
        defer {
            waiters.removeAll()
            idle.removeAll()
        }
        return (waiters.map(\.waiter), idle.map(\.connection))
    }
}
