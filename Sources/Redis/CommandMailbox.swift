import Synchronization

/// Where callers hand in their calls, with the bounds on how many.
///
/// Thread-safety: the mutex protects everything; the connection's thread takes all calls at once.
final class CommandMailbox: Sendable {
    private struct State {
        var calls: [PendingCall] = []
        /// Calls handed in and not yet ended, whether or not their caller still waits.
        var inFlight = 0
        /// Bytes handed in and not yet given to the socket.
        var queuedBytes = 0
        var isStopping = false
        /// Who answers on the live connection; nil while there is none.
        var server: RedisServer?
        var isClusterNode = false
    }

    let wakeUp = WakeUp()
    private let closing = CloseSignal()
    private let inFlightMax: Int
    private let queuedBytesMax: Int
    private let state = Mutex(State())

    init(inFlightMax: Int, queuedBytesMax: Int) {
        self.inFlightMax = inFlightMax
        self.queuedBytesMax = queuedBytesMax
    }

    /// Takes a call, or fails it at once when there is no room or no connection to come.
    func submit(_ call: PendingCall) {
        var wasEmpty = false
        let refusal: RedisError? = state.withLock { state in
            if state.isStopping { return Self.shutDownError }
            guard state.inFlight < inFlightMax else {
                return RedisError(.overloaded, "over \(inFlightMax) commands are in flight")
            }
            guard state.queuedBytes + call.bytes.count <= queuedBytesMax else {
                return RedisError(.overloaded, "over \(queuedBytesMax) bytes are waiting to be sent")
            }
            state.inFlight += 1
            state.queuedBytes += call.bytes.count
            wasEmpty = state.calls.isEmpty
            state.calls.append(call)
            return nil
        }
        if let refusal { return call.fail(refusal) }
        if wasEmpty { wakeUp.signal() }
    }

    func take() -> (calls: [PendingCall], isStopping: Bool) {
        state.withLock { state in
            defer { state.calls = [] }
            return (state.calls, state.isStopping)
        }
    }

    /// Who answers on the live connection; nil while there is none.
    var server: RedisServer? { state.withLock { $0.server } }

    /// Whether the server that answered last is a node of a cluster.
    var isClusterNode: Bool { state.withLock { $0.isClusterNode } }

    /// Told by the connection's thread.
    func connected(to server: RedisServer, isClusterNode: Bool) {
        state.withLock { state in
            state.server = server
            state.isClusterNode = isClusterNode
        }
    }

    /// Told by the connection's thread.
    func disconnected() { state.withLock { $0.server = nil } }

    /// Makes room: called before a caller is resumed, so that its next call finds it.
    func release(calls: Int = 0, bytes: Int = 0) {
        state.withLock { state in
            state.inFlight -= calls
            state.queuedBytes -= bytes
        }
    }

    /// Refuses new calls; the thread ends when those taken have ended.
    func stop() {
        state.withLock { $0.isStopping = true }
        wakeUp.signal()
    }

    /// Returns when the connection's thread has ended.
    func waitUntilClosed() async { await closing.wait() }

    /// Tells the waiters that the thread has ended.
    func close() { closing.close() }

    static let shutDownError = RedisError(.unavailable, "the client has been shut down")
}
