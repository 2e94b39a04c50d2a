internal import FoundationEssentials
internal import Jobs
internal import Synchronization

/// Which leases the worker is running, and so how many more it may take on.
///
/// What the worker believes and what the database holds can come apart: the answer to a claim may be lost, or a slice
/// may have had to fall silent. Then there is doubt, and the worker gives back whatever it holds and does not know of.
/// Without that, a lane would stay with a worker that is alive and does nothing for it, until the lease's hard limit.
final class RunningLeases: Sendable {
    private struct State {
        var tokens: Set<UUID> = []
        var isInDoubt = false
    }

    private let slots: Int
    private let state = Mutex(State())

    init(slots: Int) { self.slots = slots }

    var free: Int { state.withLock { slots - $0.tokens.count } }
    var tokens: [UUID] { state.withLock { Array($0.tokens) } }
    var isInDoubt: Bool { state.withLock { $0.isInDoubt } }

    func begin(_ lease: Lease) { state.withLock { _ = $0.tokens.insert(lease.token) } }

    /// - Parameter isReported: false when nobody knows whether the database heard of the end.
    func end(_ lease: Lease, isReported: Bool) {
        state.withLock { state in
            state.tokens.remove(lease.token)
            if !isReported { state.isInDoubt = true }
        }
    }

    func doubt() { state.withLock { $0.isInDoubt = true } }
    func settle() { state.withLock { $0.isInDoubt = false } }
}
