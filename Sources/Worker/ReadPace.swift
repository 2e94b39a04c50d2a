internal import Platforms

/// How close reads may follow one another within what a connection is allowed.
enum ReadPace {
    /// How much of a bucket regular reads may use between them: the rest is for backfills, and for what is urgent.
    static let share = 0.5

    /// How far apart pages like this one may be when all streams of the connection are read alike; zero where nothing
    /// counts them.
    ///
    /// A bucket that all connections share allows nobody more than their target: how many of them there are is not
    /// known here.
    static func pageInterval(of demands: [BucketDemand], buckets: [Bucket], streams: Int) -> Duration {
        var longest = Duration.zero
        for demand in demands {
            guard let bucket = buckets.first(where: { $0.serves(demand.bucket) }) else { continue }
            if bucket.scope == .app { return never }
            let total = demands.reduce(0) { $0 + ($1.bucket == demand.bucket ? $1.tokens : 0) }
            guard let rate = bucket.perSecond else { continue }
            let sharers = Double(bucket.isTemplate ? 1 : max(streams, 1))
            let seconds = rate > 0 ? total * sharers / (rate * bucket.share * share) : .infinity
            longest = max(longest, seconds < never.seconds ? .seconds(seconds) : never)
        }
        return longest
    }

    /// Longer than any target.
    static let never = Duration.seconds(31 * 86_400)
}

extension Bucket {
    /// What it allows in the long run; nil where it counts requests under way. A rate that is found out is taken for
    /// the one it begins with.
    fileprivate var perSecond: Double? {
        switch kind {
        case .tokens(_, let refillPerSecond): refillPerSecond
        case .quota(let limit, let resets): limit / resets.length.seconds
        case .window(let limit, let length): limit / length.seconds
        case .slots: nil
        case .adaptive(let startPerSecond, _, _, _): startPerSecond
        }
    }
}
