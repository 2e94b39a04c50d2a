internal import Synchronization

/// A port that many may wait for and that is announced once.
///
/// **Thread**: any.
final class Announcement: Sendable {
    private enum State {
        case awaited([CheckedContinuation<Int?, Never>])
        case announced(Int?)
    }

    private let state = Mutex(State.awaited([]))

    /// The port; nil when it was announced that there will be none.
    var value: Int? {
        get async {
            await withCheckedContinuation { continuation in
                let known: Int?? = state.withLock { state in
                    switch state {
                    case .announced(let port): return .some(port)
                    case .awaited(let waiting):
                        state = .awaited(waiting + [continuation])
                        return nil
                    }
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }

    /// Tells everybody who waits. Only the first announcement counts.
    func announce(_ port: Int?) {
        let waiting: [CheckedContinuation<Int?, Never>] = state.withLock { state in
            guard case .awaited(let waiting) = state else { return [] }
            state = .announced(port)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: port) }
    }
}
