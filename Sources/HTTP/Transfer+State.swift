/// Knows which phase a transfer is in and which time limit therefore counts; reads no clock.
struct TransferState {
    /// A point in time, on the monotonic clock.
    typealias Instant = ContinuousClock.Instant

    private enum Phase {
        /// In line for a connection, or connecting. libcurl measures the connect limit: only it knows which of both.
        case connecting
        /// The request is on its way, or out; `since` moves while its body makes progress.
        case awaitingAnswer(since: Instant)
        /// Bytes of the answer are arriving.
        case receiving(lastByte: Instant)
        /// We stopped reading because the consumer is behind; silence is our own doing.
        case paused
        case ended
    }

    private let limits: HTTPTimeLimits
    private let totalDeadline: Instant
    private var phase = Phase.connecting

    init(limits: HTTPTimeLimits, started: Instant) {
        self.limits = limits
        totalDeadline = started + limits.total
    }

    /// Whether the request waits for its answer, so that progress of its body matters.
    var isAwaitingAnswer: Bool {
        if case .awaitingAnswer = phase { true } else { false }
    }

    /// A connection is ready and the request is about to be written.
    mutating func connectionReady(at now: Instant) {
        switch phase {
        case .connecting, .awaitingAnswer: phase = .awaitingAnswer(since: now)
        case .receiving, .paused, .ended: break
        }
    }

    /// More of the request's body left.
    mutating func bodyProgressed(at now: Instant) {
        switch phase {
        case .awaitingAnswer: phase = .awaitingAnswer(since: now)
        case .connecting, .receiving, .paused, .ended: break
        }
    }

    /// Bytes of the answer arrived.
    mutating func bytesArrived(at now: Instant) {
        switch phase {
        case .connecting, .awaitingAnswer, .receiving: phase = .receiving(lastByte: now)
        case .paused, .ended: break
        }
    }

    /// Reading was stopped for the consumer's sake.
    mutating func paused() {
        switch phase {
        case .connecting, .awaitingAnswer, .receiving, .paused: phase = .paused
        case .ended: break
        }
    }

    /// Reading goes on; returns whether it had been stopped.
    mutating func resumed(at now: Instant) -> Bool {
        switch phase {
        case .paused:
            phase = .receiving(lastByte: now)
            return true
        case .connecting, .awaitingAnswer, .receiving, .ended: return false
        }
    }

    /// A redirect is followed: another connection may be needed, and a new answer is due.
    mutating func redirected() {
        switch phase {
        case .connecting, .awaitingAnswer, .receiving, .paused: phase = .connecting
        case .ended: preconditionFailure("a transfer that ended cannot be redirected")
        }
    }

    /// The transfer is over; returns false if it was already.
    mutating func ended() -> Bool {
        switch phase {
        case .connecting, .awaitingAnswer, .receiving, .paused:
            phase = .ended
            return true
        case .ended: return false
        }
    }

    /// When the transfer must end if nothing else happens, and with which code.
    var deadline: (at: Instant, code: HTTPError.Code) {
        switch phase {
        case .awaitingAnswer(let since) where since + limits.firstByte < totalDeadline:
            (since + limits.firstByte, .timeoutFirstByte)
        case .receiving(let lastByte) where lastByte + limits.stall < totalDeadline:
            (lastByte + limits.stall, .timeoutStall)
        case .connecting, .awaitingAnswer, .receiving, .paused, .ended:
            (totalDeadline, .timeoutTotal)
        }
    }
}
