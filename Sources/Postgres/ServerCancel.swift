internal import CLibPQ
internal import Dispatch
internal import Synchronization

/// The right to ask the server to cancel what one connection is doing.
///
/// Thread-safety notes: `PQcancel` only reads the structure, which is why another thread may use it; it holds its own
/// copy of the address and key, so it outlives the connection. Freed when the last holder lets go.
// @unchecked: the structure is never written after it was made; see the notes above.
final class ServerCancel: @unchecked Sendable {
    // Immutable after init; see above for why sharing it is safe.
    private let cancel: OpaquePointer

    init(owning cancel: OpaquePointer) {
        self.cancel = cancel
    }

    deinit {
        PQfreeCancel(cancel)
    }

    /// A stopped server leaves `PQcancel` waiting, as libpq 15 gives it no time limit: past this many at once, none is
    /// sent any more and connections are simply dropped.
    private static let inFlightMax = 16
    private static let inFlight = Mutex(0)
    private static let queue = DispatchQueue(label: "portolan.postgres.cancel", attributes: .concurrent)

    /// Sends the request from a queue of its own, because `PQcancel` blocks until the server has taken it.
    ///
    /// - Returns: false when too many are under way; `completion` is then never called.
    func send(completion: @escaping @Sendable () -> Void) -> Bool {
        let isAdmitted = Self.inFlight.withLock { count in
            guard count < Self.inFlightMax else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { return false }
        Self.queue.async {
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                _ = PQcancel(self.cancel, message.baseAddress, Int32(message.count))
            }
            Self.inFlight.withLock { $0 -= 1 }
            completion()
        }
        return true
    }
}
