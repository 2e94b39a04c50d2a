import Synchronization

/// Ends a subscription from outside its thread.
///
/// Thread-safety: an atomic flag, an eventfd, and a signal with its own lock.
final class SubscriptionControl: Sendable {
    let wakeUp = WakeUp()
    private let stopping = Atomic(false)
    private let closing = CloseSignal()

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    func stop() {
        stopping.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    func close() { closing.close() }

    func waitUntilClosed() async { await closing.wait() }
}
