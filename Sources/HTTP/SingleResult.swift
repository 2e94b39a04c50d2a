internal import Synchronization

/// Brings one value to one waiter, whichever comes first; decides, and touches no continuation itself.
///
/// The loop's result, the caller's cancellation and the client's end race for each request. The first value wins,
/// later ones are dropped, and the waiter is handed out exactly once.
struct SingleResultState<Value, Waiter> {
    private enum State {
        case idle
        case waiting(Waiter)
        case resolved(Value)
        case done
    }

    private var state = State.idle

    /// Whether a value has arrived: further work for this result is wasted.
    var isResolved: Bool {
        switch state {
        case .idle, .waiting: false
        case .resolved, .done: true
        }
    }

    /// Takes a value; returns the waiter to resume with it, if one is waiting and this is the first value.
    mutating func valueArrived(_ value: Value) -> Waiter? {
        switch state {
        case .idle:
            state = .resolved(value)
            return nil
        case .waiting(let waiter):
            state = .done
            return waiter
        case .resolved, .done:
            return nil
        }
    }

    /// Takes the waiter; returns the value to resume it with at once, if it came before.
    mutating func waiterArrived(_ waiter: Waiter) -> Value? {
        switch state {
        case .idle:
            state = .waiting(waiter)
            return nil
        case .resolved(let value):
            state = .done
            return value
        case .waiting, .done:
            preconditionFailure("a result was awaited twice")
        }
    }
}

/// A `SingleResultState` behind a mutex, with a continuation as its waiter.
final class SingleResult<Success: Sendable>: Sendable {
    typealias Value = Result<Success, HTTPError>

    private let state = Mutex(SingleResultState<Value, CheckedContinuation<Value, Never>>())

    /// Whether a value has arrived.
    var isResolved: Bool { state.withLock { $0.isResolved } }

    /// Offers a value; all but the first are dropped. Never blocks longer than the mutex's few instructions.
    func resolve(_ value: Value) {
        let waiter = state.withLock { $0.valueArrived(value) }
        waiter?.resume(returning: value)
    }

    /// Waits for the value; may be called once.
    func value() async throws(HTTPError) -> Success {
        let result = await withCheckedContinuation { (waiter: CheckedContinuation<Value, Never>) in
            if let value = state.withLock({ $0.waiterArrived(waiter) }) { waiter.resume(returning: value) }
        }
        return try result.get()
    }
}
