internal import Synchronization

/// One errand that several tasks wait for. It goes on when they stop waiting: whoever has asked a token endpoint must
/// hear its answer.
final class TokenFlight: Sendable {
    typealias Landing = Result<AccessToken, any Error>

    private enum State {
        case flying(Waiters)
        case landed(Landing)
    }

    private struct Waiters {
        var waiting: [Int: CheckedContinuation<Landing?, Never>] = [:]
        /// Those who gave up before they stood in line.
        var gone: Set<Int> = []
        var next = 0
    }

    private let state = Mutex(State.flying(Waiters()))

    /// The result, or nil when the time is up or the caller was cancelled.
    func wait(within limit: Duration, clock: TokenClock) async -> Landing? {
        let id = state.withLock { state -> Int? in
            guard case .flying(var waiters) = state else { return nil }
            waiters.next += 1
            state = .flying(waiters)
            return waiters.next
        }
        guard let id else { return landing }
        let alarm = Task {
            try? await clock.sleep(limit)
            giveUp(id)
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let ready = stand(continuation, id) { continuation.resume(returning: ready.landing) }
            }
        } onCancel: {
            giveUp(id)
        }
    }

    /// What the caller need not wait for: the landing, or nothing when it has given up already.
    private func stand(
        _ continuation: CheckedContinuation<Landing?, Never>, _ id: Int
    ) -> (landing: Landing?, isGone: Bool)? {
        state.withLock { state in
            switch state {
            case .landed(let landing): return (landing, false)
            case .flying(var waiters):
                if waiters.gone.remove(id) == nil { waiters.waiting[id] = continuation }
                let isGone = waiters.waiting[id] == nil
                state = .flying(waiters)
                return isGone ? (nil, true) : nil
            }
        }
    }

    func land(_ landing: Landing) {
        let waiters = state.withLock { state -> [CheckedContinuation<Landing?, Never>] in
            guard case .flying(let waiters) = state else { return [] }
            state = .landed(landing)
            return Array(waiters.waiting.values)
        }
        for waiter in waiters { waiter.resume(returning: landing) }
    }

    private var landing: Landing? {
        state.withLock { if case .landed(let landing) = $0 { landing } else { nil } }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Landing?, Never>? in
            guard case .flying(var waiters) = state else { return nil }
            let waiter = waiters.waiting.removeValue(forKey: id)
            if waiter == nil { waiters.gone.insert(id) }
            state = .flying(waiters)
            return waiter
        }
        waiter?.resume(returning: nil)
    }
}
