internal import CLibPQ
internal import Synchronization

/// What other threads may tell a connection while its own thread waits for the server.
///
/// Thread-safety notes: everything here is guarded by one mutex, and every change that the waiting thread must see
/// is followed by a write to the event descriptor it polls. A cancellation names the operation it means; one that
/// comes late finds another operation, or none, and changes nothing.
final class ConnectionSignals: Sendable {
    private struct State {
        var operation: UInt64 = 0
        var isRunning = false
        var isCancelRequested = false
        var isCancelDelivered = false
        var isAborted = false
        var isReusable = false
    }

    private let state = Mutex(State())
    /// Readable whenever something was signalled; -1 when the process is out of descriptors.
    let wakeDescriptor: Int32

    init() {
        wakeDescriptor = portolan_eventfd_open()
    }

    deinit {
        if wakeDescriptor >= 0 { close(wakeDescriptor) }
    }

    /// Reserves the id of an operation that is about to run, before its cancellation handler exists.
    func begin() -> UInt64 {
        state.withLock { state in
            state.operation += 1
            state.isRunning = true
            state.isCancelRequested = false
            state.isCancelDelivered = false
            return state.operation
        }
    }

    /// Ends the operation: from here on its cancellation changes nothing.
    func end(_ operation: UInt64) {
        state.withLock { state in
            precondition(state.operation == operation, "operations of one connection must not overlap")
            state.isRunning = false
        }
    }

    /// Asks for the operation to be cancelled, if it is still the one that runs.
    func requestCancel(of operation: UInt64) {
        state.withLock { state in
            guard state.operation == operation, state.isRunning else { return }
            state.isCancelRequested = true
            portolan_eventfd_signal(wakeDescriptor)
        }
    }

    /// Tells that the cancel request of this operation has reached the server, or failed to.
    func cancelDelivered(for operation: UInt64) {
        state.withLock { state in
            guard state.operation == operation else { return }
            state.isCancelDelivered = true
            portolan_eventfd_signal(wakeDescriptor)
        }
    }

    /// Before another cancel request of the same operation is sent.
    func expectAnotherDelivery() {
        state.withLock { $0.isCancelDelivered = false }
    }

    /// Makes the running operation, and every later one, give up at once. For shutting down.
    func abort() {
        state.withLock { state in
            state.isAborted = true
            portolan_eventfd_signal(wakeDescriptor)
        }
    }

    var isCancelRequested: Bool { state.withLock { $0.isCancelRequested } }
    var isCancelDelivered: Bool { state.withLock { $0.isCancelDelivered } }
    var isAborted: Bool { state.withLock { $0.isAborted } }

    /// Whether the connection is connected, idle, outside any transaction, pipeline or COPY. Kept up to date after
    /// every operation, so that the pool can judge a returned connection without a hop to its thread.
    var isReusable: Bool {
        get { state.withLock { $0.isReusable && !$0.isAborted && !$0.isRunning } }
        set { state.withLock { $0.isReusable = newValue } }
    }

    /// Empties the event descriptor; the flags, read afterwards, say what happened.
    func drain() {
        portolan_eventfd_drain(wakeDescriptor)
    }
}
