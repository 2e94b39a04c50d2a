internal import Synchronization

/// Wakes one waiter: `ring` is remembered until somebody waits, so that no ring is lost and many are one.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiter = state.withLock { state in
            state.isRung = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when the bell is rung; at once when it was rung before, or when the task is cancelled. One task waits at a
    /// time.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isRung || Task.isCancelled {
                        state.isRung = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }

    /// Rings at intervals, until cancelled: what waits on the bell then polls. A timer of its own for each wait would put
    /// its making and unmaking between the ring and the waiter.
    func tick(every interval: Duration, clock: some Clock<Duration>) async {
        while (try? await clock.sleep(for: interval * Double.random(in: 0.8...1.2))) != nil { ring() }
    }
}
