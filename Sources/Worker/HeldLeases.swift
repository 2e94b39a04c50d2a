internal import FoundationEssentials
internal import Jobs
internal import Synchronization

/// Which leases the worker holds.
///
/// What the worker believes and what the queue knows can come apart: the answer to a claim may be lost, or a slice may
/// have had to fall silent. Then there is doubt, and the worker gives back whatever it holds and does not know of.
/// Without that, a lane would stay with a worker that is alive and does nothing for it, until the lease's hard limit.
final class HeldLeases: Sendable {
    private struct State {
        /// How many jobs of each lease are still to be reported.
        var left: [UUID: Int] = [:]
        /// How often there was reason for doubt, and up to which of them it was settled.
        var doubts = 0
        var settled = 0
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.left.count } }

    /// What is to be compared with the queue, where there is doubt. Doubt that comes up meanwhile is not settled by it.
    struct Census: Sendable {
        let tokens: [UUID]
        fileprivate let doubts: Int
    }

    /// Nil: there is no doubt.
    var census: Census? {
        state.withLock { state in
            state.doubts > state.settled ? Census(tokens: Array(state.left.keys), doubts: state.doubts) : nil
        }
    }

    func begin(_ lanes: [HandedLane]) {
        state.withLock { state in for lane in lanes { state.left[lane.lease.token] = lane.jobs.count } }
    }

    /// So many of the lease's jobs have been reported. The lease ends with the last of them.
    func reported(_ lease: Lease, jobs: Int = 1) {
        state.withLock { state in
            guard let left = state.left[lease.token] else { return }
            state.left[lease.token] = left > jobs ? left - jobs : nil
        }
    }

    func isHeld(_ lease: Lease) -> Bool { state.withLock { $0.left[lease.token] != nil } }

    /// The lease is another's.
    func lost(_ lease: Lease) { state.withLock { $0.left[lease.token] = nil } }

    /// Nobody runs the lease any more, and the queue may still hold it for this worker.
    func abandon(_ lease: Lease) {
        state.withLock { state in
            state.left[lease.token] = nil
            state.doubts += 1
        }
    }

    func doubt() { state.withLock { $0.doubts += 1 } }
    /// The queue holds no lease for this worker that the census does not name.
    func settle(_ census: Census) { state.withLock { $0.settled = max($0.settled, census.doubts) } }
}
