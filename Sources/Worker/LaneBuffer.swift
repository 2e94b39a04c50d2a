internal import DequeModule
internal import Jobs
internal import Synchronization

/// The jobs of one lane, under one lease, in the order they are to be run.
struct HandedLane: Sendable {
    let lease: Lease
    let jobs: [LeasedJob]
    let claimedAt: ContinuousClock.Instant

    /// Parts what a claim handed over: jobs of one lane stand together.
    static func all(of jobs: [LeasedJob], at now: ContinuousClock.Instant) -> [HandedLane] {
        var lanes: [HandedLane] = []
        var start = jobs.startIndex
        while start < jobs.endIndex {
            let lease = jobs[start].lease
            let end = jobs[start...].firstIndex { $0.lease.token != lease.token } ?? jobs.endIndex
            lanes.append(HandedLane(lease: lease, jobs: Array(jobs[start..<end]), claimedAt: now))
            start = end
        }
        return lanes
    }
}

/// Claimed lanes on their way to a free slot.
final class LaneBuffer: Sendable {
    private struct State {
        var lanes: Deque<HandedLane> = []
        var waiters: Deque<CheckedContinuation<HandedLane?, Never>> = []
        var isClosed = false
    }

    private let state = Mutex(State())

    var isEmpty: Bool { state.withLock { $0.lanes.isEmpty } }

    func put(_ lanes: [HandedLane]) {
        for lane in lanes {
            let waiter = state.withLock { state -> CheckedContinuation<HandedLane?, Never>? in
                if let waiter = state.waiters.popFirst() { return waiter }
                state.lanes.append(lane)
                return nil
            }
            waiter?.resume(returning: lane)
        }
    }

    /// The next lane; nil when the buffer is closed and empty. Waits for one otherwise.
    func next() async -> HandedLane? {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> HandedLane?? in
                if let lane = state.lanes.popFirst() { return .some(lane) }
                if state.isClosed { return .some(nil) }
                state.waiters.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Takes out what has waited for longer than that; with zero, all.
    func takeOut(waitingFor limit: Duration, now: ContinuousClock.Instant) -> [HandedLane] {
        state.withLock { state in
            var out: [HandedLane] = []
            while let lane = state.lanes.first, lane.claimedAt.duration(to: now) >= limit {
                out.append(state.lanes.removeFirst())
            }
            return out
        }
    }

    /// Nothing more will be put in.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }
}
