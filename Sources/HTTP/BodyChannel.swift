internal import Synchronization

/// Carries one body from the loop thread to its reader.
///
/// *Thread-safety notes*: the state is behind a mutex held for a few instructions; continuations are resumed and
/// commands posted after it is released.
final class BodyChannel: Sendable {
    private typealias Waiter = CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>

    private let state: Mutex<BodyState<Waiter>>
    private let transfer: UInt64
    private let loop: EventLoop

    init(transfer: UInt64, loop: EventLoop, bufferBytesMax: Int) {
        self.transfer = transfer
        self.loop = loop
        state = Mutex(BodyState(bufferBytesMax: bufferBytesMax))
    }

    /// Where the time went, once the body has ended.
    var timings: HTTPTimings? { state.withLock { $0.timings } }

    // MARK: Loop thread

    /// Hands over bytes; returns whether the transfer must pause.
    func push(_ bytes: [UInt8]) -> Bool {
        let arrival = state.withLock { $0.bytesArrived(bytes) }
        Self.wake(arrival)
        return arrival.pause
    }

    /// Ends a body that is complete.
    func finish(_ timings: HTTPTimings) {
        Self.wake(state.withLock { $0.ended(.complete(timings)) })
    }

    /// Ends a body that failed.
    func fail(_ error: HTTPError) {
        Self.wake(state.withLock { $0.ended(.failed(error)) })
    }

    // MARK: Reader

    /// The next bytes, or nil at the end; throws `.cancelled` as soon as the calling task is cancelled.
    func next() async throws(HTTPError) -> [UInt8]? {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let demand = state.withLock { $0.demanded(waiter) }
                if demand.resume { loop.post(.resume(transfer)) }
                if let delivery = demand.delivery { waiter.resume(returning: Self.result(delivery)) }
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// The reader has gone: the transfer ends unless it has already.
    func abandon() {
        if !state.withLock({ $0.hasEnded }) { cancel() }
    }

    private func cancel() {
        let error = HTTPError(code: .cancelled, message: "the body is no longer read")
        Self.wake(state.withLock { $0.cancelled(error) })
        loop.post(.cancel(transfer))
    }

    private static func wake(_ arrival: BodyState<Waiter>.Arrival) {
        if let (waiter, delivery) = arrival.wake { waiter.resume(returning: result(delivery)) }
    }

    private static func result(_ delivery: BodyState<Waiter>.Delivery) -> Result<[UInt8]?, HTTPError> {
        switch delivery {
        case .chunk(let bytes): .success(bytes)
        case .end: .success(nil)
        case .failure(let error): .failure(error)
        }
    }
}
