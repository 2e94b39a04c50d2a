package import Platforms

/// Whether a request may be sent now.
package enum Admission: Sendable, Hashable {
    /// The tokens of every bucket have been taken. What the grant holds is given back with `settle` or `release`.
    case granted(Grant)
    /// Nothing has been taken. `bucket` is the one that is short the longest; the time is one of its own for each who
    /// waits there, so that they do not all come at once.
    case wait(Duration, bucket: String)

    /// A grant of nothing, for what demands nothing.
    package static var granted: Admission { .granted(.nothing) }

    package var isGranted: Bool { if case .granted = self { true } else { false } }
}

/// Since when a connection's host may have been sent requests that buckets of an earlier epoch counted.
///
/// A new epoch has to assume that windows and slots were used to the full just before it began, and so gives nothing
/// until that would be over; unless it is known that nothing had been sent.
package enum FirstUse: Sendable, Hashable {
    case unknown
    /// Nothing was ever sent. Whoever says so notes the grant's epoch, lastingly and before anything is sent, and gives
    /// the grant back if somebody else was first in another epoch.
    case never
    /// The epoch of the grant that the very first request had.
    case epoch(Int64)

    /// - Parameter epoch: as it was noted; nil for never, 0 for an epoch that does not count all requests.
    package init(noted epoch: Int64?) { self = epoch.map { $0 == 0 ? .unknown : .epoch($0) } ?? .never }

    /// As the script reads it.
    var number: Double {
        switch self {
        case .unknown: -1
        case .never: -2
        case .epoch(let epoch): Double(epoch)
        }
    }
}

/// What a granted request holds until its answer is there: slots, where a platform counts requests under way.
package struct Grant: Sendable, Hashable {
    /// When it was granted, in microseconds of the clock that decided.
    package let at: Int64
    /// The epoch in which it is counted; 0 when it was granted without Redis, nil when there was nothing to count.
    package let epoch: Int64?
    let slots: [HeldSlot]

    /// Holds nothing.
    package static let nothing = Grant(at: 0, epoch: nil, slots: [])
}

/// A slot, or several of one bucket, and who has them.
struct HeldSlot: Sendable, Hashable {
    let key: String
    let owner: BucketOwner
    let name: String
    let declared: Bucket
    let id: Double
    /// Whether this limiter granted it by itself.
    let isLocal: Bool

    /// The turn that gives it back.
    var release: BucketTurn {
        var turn = BucketTurn(key: key, owner: owner, name: name, declared: declared)
        turn.releaseID = id
        return turn
    }
}

/// Keeps requests within what platforms allow, over the whole fleet.
///
/// A bucket allows the platform's numbers (declared, or as the platform last taught them) times the bucket's share.
/// A bucket nobody has used yet is as if it had been empty when the present epoch began; an epoch begins when what
/// is remembered may have been lost. So losing state can cost a wait and never a violation.
///
/// Lower bands leave a reserve in every bucket. While a higher band waits, lower ones do not take, but for a tenth of
/// what higher ones take, which is kept for them.
///
/// Of tokens, a demand for more than a bucket can hold is granted when the bucket is full, and leaves a debt. Of the
/// other kinds it is never granted.
package protocol Limiter: Sendable {
    /// Takes the tokens of all demands or of none.
    ///
    /// Every demand must be served by one of `buckets`; a platform that demands what it did not
    /// declare is a programming error. Never suspends for long: it does not wait for tokens.
    ///
    /// - Parameter firstUse: of the connection's host.
    func acquire(
        _ demands: [BucketDemand], band: LimitBand, buckets: [Bucket], connectionID: Int64, platform: String,
        firstUse: FirstUse
    ) async -> Admission

    /// Applies what an answer taught, and gives back what the request held.
    ///
    /// A taught level or remaining count only ever lowers ours: the platform counted before requests that are under way
    /// had reached it, so raising would hand their tokens out twice. A block also empties a bucket of tokens,
    /// because a refusal means that our count was too high. Refunds to a bucket whose state was lost, and lessons
    /// about buckets that were not declared, do nothing.
    func settle(
        _ lessons: [LimitLesson], grant: Grant, buckets: [Bucket], connectionID: Int64, platform: String
    ) async

    /// Which of the app's buckets have nothing for anybody for more than a second. One round trip, nothing is changed.
    func peek(platform: String, buckets: [Bucket]) async -> LimitPeek
}

/// The app's buckets that are short.
package struct LimitPeek: Sendable, Hashable {
    /// How long each of them has nothing, by name.
    package let short: [String: Duration]
    /// How long the platform has nothing for anybody: every bucket of the app is short for that long. Nil when some
    /// request may go.
    package let standstill: Duration?

    package static let none = LimitPeek(short: [:], standstill: nil)

    init(short: [String: Duration], standstill: Duration?) {
        self.short = short
        self.standstill = standstill
    }

    /// - Parameter waits: microseconds for each of the app's buckets.
    init(_ waits: [(name: String, microseconds: Int64)]) {
        let short = waits.filter { $0.microseconds > Self.shortestTold }
        self.short = Dictionary(short.map { ($0.name, .microseconds($0.microseconds)) }) { first, _ in first }
        let isAll = !waits.isEmpty && short.count == waits.count
        standstill = isAll ? short.map(\.microseconds).min().map { .microseconds($0) } : nil
    }

    private static let shortestTold: Int64 = 1_000_000
}

extension Limiter {
    /// Gives back what a request held that was not sent, or whose answer taught nothing.
    package func release(_ grant: Grant, platform: String) async {
        if grant.slots.isEmpty { return }
        await settle([], grant: grant, buckets: [], connectionID: 0, platform: platform)
    }

    /// As `acquire` where nothing is known of the host.
    package func acquire(
        _ demands: [BucketDemand], band: LimitBand, buckets: [Bucket], connectionID: Int64, platform: String
    ) async -> Admission {
        await acquire(
            demands, band: band, buckets: buckets, connectionID: connectionID, platform: platform, firstUse: .unknown)
    }

    /// As `acquire` of band `incremental`.
    package func acquire(
        _ demands: [BucketDemand], buckets: [Bucket], connectionID: Int64, platform: String
    ) async -> Admission {
        await acquire(
            demands, band: .incremental, buckets: buckets, connectionID: connectionID, platform: platform)
    }

    /// As `settle` of a request that held nothing.
    package func settle(
        _ lessons: [LimitLesson], buckets: [Bucket], connectionID: Int64, platform: String
    ) async {
        await settle(
            lessons, grant: .nothing, buckets: buckets, connectionID: connectionID, platform: platform)
    }
}
