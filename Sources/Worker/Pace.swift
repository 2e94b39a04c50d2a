internal import Synchronization

/// How much a worker takes on at a time, from how long its jobs have taken.
///
/// Jobs that take seconds are claimed one for each free slot: nothing waits here that another worker could be running.
/// Jobs that take microseconds are claimed and finished by the hundred, because a claim costs a commit however many
/// lanes it takes. Between the two, a worker holds what its slots get through in a twentieth of a second.
final class Pace: Sendable {
    /// How much work is held ahead, in time.
    static let horizon: Double = 0.05
    static let jobsPerLaneMax = 20
    static let lanesMax = 200

    private let slots: Int
    /// Moving average of what a job takes, in seconds; nil before the first one has ended.
    private let average: Mutex<Double?> = Mutex(nil)

    init(slots: Int) { self.slots = slots }

    /// A job that takes longer than expected counts at once, one that takes less only little by little: to hold too
    /// much is worse than to ask once more.
    func note(_ taken: Duration) {
        let seconds = taken.seconds
        average.withLock { average in
            guard let known = average else { return average = seconds }
            average = seconds > known ? (known + seconds) / 2 : known * 0.9 + seconds * 0.1
        }
    }

    /// How many due jobs of one lane to take under one lease.
    var jobsPerLane: Int { Self.count(Self.horizon, of: average.withLock { $0 }, 1...Self.jobsPerLaneMax) }

    /// How many lanes to hold, running and waiting for a slot.
    var lanes: Int {
        let jobs = Self.count(
            Double(slots) * Self.horizon, of: average.withLock { $0 },
            slots...max(slots, Self.lanesMax * Self.jobsPerLaneMax))
        return min(max(jobs / jobsPerLane, slots), max(slots, Self.lanesMax))
    }

    private static func count(_ time: Double, of one: Double?, _ range: ClosedRange<Int>) -> Int {
        guard let one else { return range.lowerBound }
        let fitting = time / max(one, 1e-9)
        return fitting >= Double(range.upperBound) ? range.upperBound : max(range.lowerBound, Int(fitting))
    }
}

extension Duration {
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
