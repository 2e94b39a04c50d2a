import Synchronization

typealias CallResults = [Result<RedisReply, RedisError>]

/// One call of a caller: the bytes of its commands, and whom to tell the answers.
///
/// Thread-safety: `finish` may race from the connection's thread and a cancellation handler; the
/// mutex lets exactly one of them resume the caller.
final class PendingCall: Sendable {
    private enum State {
        case created
        case waiting(CheckedContinuation<CallResults, Never>)
        case finished(CallResults?)
    }

    /// Empty for a call that only waits until there is a connection.
    let bytes: [UInt8]
    let replyCount: Int
    let deadline: Instant
    /// The only server this may be sent to; nil for any.
    let server: RedisServer?
    private let state = Mutex<State>(.created)

    init(bytes: [UInt8], replyCount: Int, deadline: Instant, server: RedisServer?) {
        self.server = server
        self.bytes = bytes
        self.replyCount = replyCount
        self.deadline = deadline
    }

    /// Whether nobody waits any more, because the caller was cancelled.
    var isFinished: Bool {
        state.withLock { state in
            if case .finished = state { true } else { false }
        }
    }

    /// Takes the caller's continuation; resumes it at once when the call has finished before.
    func wait(_ continuation: CheckedContinuation<CallResults, Never>) {
        let results: CallResults? = state.withLock { state in
            switch state {
            case .created:
                state = .waiting(continuation)
                return nil
            case .finished(let results):
                state = .finished(nil)
                return results
            case .waiting: preconditionFailure("a call has one waiter")
            }
        }
        if let results { continuation.resume(returning: results) }
    }

    /// Ends the call. Only the first end counts.
    func finish(_ results: CallResults) {
        let waiter: CheckedContinuation<CallResults, Never>? = state.withLock { state in
            switch state {
            case .created:
                state = .finished(results)
                return nil
            case .waiting(let continuation):
                state = .finished(nil)
                return continuation
            case .finished: return nil
            }
        }
        waiter?.resume(returning: results)
    }

    func fail(_ error: RedisError, after replies: CallResults = []) {
        finish(replies + Array(repeating: .failure(error), count: replyCount - replies.count))
    }
}
