internal import CLibPQ
internal import Glibc

/// One exchange with the server, from sending a statement to its last result, on the connection's own thread.
///
/// This is the only place that waits, always in poll(2) on the socket and the event descriptor together, and always
/// with an end: the deadline, and after it the grace within which a cancelled statement must end.
struct Operation {
    enum StopReason {
        case cancelled, timedOut

        var error: PostgresError {
            switch self {
            case .cancelled: PostgresError(.cancelled, "the calling task was cancelled")
            case .timedOut: PostgresError(.timedOut, "the time limit passed")
            }
        }
    }

    private struct Stop {
        let reason: StopReason
        let giveUpAt: ContinuousClock.Instant
        /// When to ask again: a request that overtakes its statement finds an idle server and is forgotten there.
        var askAgainAt: ContinuousClock.Instant
        var requestCount = 1
    }

    private static let askAgainAfter: Duration = .milliseconds(100)

    private let id: UInt64
    private let signals: ConnectionSignals
    private let deadline: ContinuousClock.Instant?
    private let grace: Duration
    private let link: ServerLink
    /// Whether the server can be asked to cancel; otherwise stopping means dropping the connection at once.
    private let canCancel: Bool
    private var stop: Stop?

    init(
        id: UInt64, link: ServerLink, signals: ConnectionSignals, timeLimit: Duration?, grace: Duration, canCancel: Bool
    ) {
        self.id = id
        self.link = link
        self.signals = signals
        self.grace = grace
        self.canCancel = canCancel
        deadline = timeLimit.map { ContinuousClock.now + $0 }
    }

    /// Set once the server was asked to cancel.
    var stopReason: StopReason? { stop?.reason }
    /// How often the server was asked to cancel.
    var cancelRequestCount: Int { stop?.requestCount ?? 0 }
    /// The server was left with its answer outstanding: the connection is beyond use.
    private(set) var hasGivenUp = false

    /// The next result, nil at the end of a statement; sends what is still unsent meanwhile.
    ///
    /// **Errors**: `connectionLost`; `cancelled` or `timedOut` when the server did not answer even to a cancel.
    mutating func nextResult() throws(PostgresError) -> ServerResult? {
        while true {
            guard link.isAlive else {
                // What the server said last, before the connection broke, is worth more than that it broke.
                if let last = link.takeResult() { return last }
                throw PostgresError(.connectionLost, "the connection to the server was lost")
            }
            let flushed = link.flush()
            if !link.isBusy { return link.takeResult() }
            try wait(for: flushed == .pending ? [.read, .write] : .read)
            _ = link.consumeInput()  // a failure shows as a dead link above
        }
    }

    /// Sends everything libpq holds, reading meanwhile so that a server that writes cannot block us.
    mutating func flushAll() throws(PostgresError) {
        while true {
            switch link.flush() {
            case .done: return
            case .failed: throw PostgresError(.connectionLost, "the connection to the server was lost")
            case .pending: try wait(for: [.read, .write])
            }
            guard link.consumeInput() else {
                throw PostgresError(.connectionLost, "the connection to the server was lost")
            }
        }
    }

    /// Drives the connect to its end.
    mutating func connect() throws(PostgresError) {
        // libpq's rule: before the first step, behave as if it had asked to wait until the socket is writable.
        var step = ServerLink.ConnectStep.wantsWrite
        while true {
            switch step {
            case .connected: return
            case .failed: throw ConnectFailure.error(for: link.errorMessage)
            case .wantsRead, .wantsWrite:
                guard link.socket >= 0 else { throw ConnectFailure.error(for: link.errorMessage) }
                try wait(for: step == .wantsRead ? .read : .write)
            }
            step = link.connectStep()
        }
    }

    private struct Readiness: OptionSet {
        let rawValue: Int16
        static let read = Readiness(rawValue: Int16(POLLIN))
        static let write = Readiness(rawValue: Int16(POLLOUT))
    }

    /// Waits until the socket is ready; throws when this operation has to be given up.
    private mutating func wait(for readiness: Readiness) throws(PostgresError) {
        while true {
            try checkStop()
            let limit = stop.map { min($0.giveUpAt, $0.askAgainAt) } ?? deadline
            if pollOnce(link.socket, readiness, until: limit) { return }
        }
    }

    /// Reacts to the deadline, to a cancellation, and to the end of the grace.
    private mutating func checkStop() throws(PostgresError) {
        guard !signals.isAborted else {
            throw PostgresError(.connectionLost, "the connection was closed while in use")
        }
        let now = ContinuousClock.now
        if let stop {
            guard now < stop.giveUpAt else { throw giveUp(stop.reason) }
            if now >= stop.askAgainAt { try askAgain(now) }
            return
        }
        if signals.isCancelRequested {
            try ask(.cancelled, now)
        } else if let deadline, now >= deadline {
            try ask(.timedOut, now)
        }
    }

    private mutating func ask(_ reason: StopReason, _ now: ContinuousClock.Instant) throws(PostgresError) {
        guard canCancel, sendCancel() else { throw giveUp(reason) }
        stop = Stop(reason: reason, giveUpAt: now + grace, askAgainAt: now + Self.askAgainAfter)
    }

    /// Asks once more, but only after the previous request has arrived: never are two under way.
    private mutating func askAgain(_ now: ContinuousClock.Instant) throws(PostgresError) {
        let pause = Self.askAgainAfter * (1 << min(cancelRequestCount, 6))
        stop?.askAgainAt = now + pause
        guard signals.isCancelDelivered else { return }
        signals.expectAnotherDelivery()
        guard sendCancel() else { throw giveUp(stop?.reason ?? .cancelled) }
        stop?.requestCount += 1
    }

    private func sendCancel() -> Bool {
        guard let cancel = link.makeCancel() else { return false }
        let (id, signals) = (id, signals)
        return cancel.send(completion: { signals.cancelDelivered(for: id) })
    }

    private mutating func giveUp(_ reason: StopReason) -> PostgresError {
        hasGivenUp = true
        return reason.error
    }

    /// Waits until the cancel request has reached the server, so that it cannot hit what is sent next, and sends no
    /// further one.
    ///
    /// - Returns: false when that is still unknown at the end of the grace, or no cancel was sent.
    mutating func awaitCancelDelivery() -> Bool {
        guard let stop else { return false }
        self.stop?.askAgainAt = stop.giveUpAt
        while !signals.isCancelDelivered {
            guard ContinuousClock.now < stop.giveUpAt, !signals.isAborted else { return false }
            _ = pollOnce(-1, .read, until: stop.giveUpAt)
        }
        return true
    }

    /// Polls the socket and the event descriptor once; true when the socket is ready.
    private func pollOnce(_ socket: Int32, _ readiness: Readiness, until limit: ContinuousClock.Instant?) -> Bool {
        var entries = (
            pollfd(fd: socket, events: readiness.rawValue, revents: 0),
            pollfd(fd: signals.wakeDescriptor, events: Int16(POLLIN), revents: 0)
        )
        let ready = withUnsafeMutableBytes(of: &entries) { buffer in
            poll(buffer.baseAddress!.assumingMemoryBound(to: pollfd.self), 2, Self.milliseconds(until: limit))
        }
        // Interrupted by a signal, or the limit: the caller looks at both again.
        guard ready > 0 else { return false }
        if entries.1.revents != 0 { signals.drain() }
        return entries.0.revents != 0
    }

    /// Rounded up, so that the last millisecond is not spun away; -1 for no limit.
    private static func milliseconds(until limit: ContinuousClock.Instant?) -> Int32 {
        guard let limit else { return -1 }
        let (seconds, attoseconds) = (limit - ContinuousClock.now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return Int32(
            clamping: Int64(clamping: seconds).multipliedReportingOverflow(by: 1000).partialValue
                + attoseconds / 1_000_000_000_000_000 + 1)
    }
}

/// Reads what can be known of a refused connect out of libpq's text, its only form.
enum ConnectFailure {
    static func error(for text: String) -> PostgresError {
        let message = text.split(separator: "\n").joined(separator: " ")
        return PostgresError(
            .connectFailed, "connecting failed", sqlState: sqlState(in: text),
            server: PostgresError.ServerFields(message: message))
    }

    /// The five characters between "FATAL:  " (in whatever language) and the next colon.
    private static func sqlState(in text: String) -> String? {
        for part in text.split(separator: ":").map({ $0.drop { $0 == " " } }) where part.utf8.count == 5 {
            if part.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }),
                part.utf8.contains(where: { (48...57).contains($0) })
            {
                return String(part)
            }
        }
        return nil
    }
}
