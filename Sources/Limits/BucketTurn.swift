import Platforms

/// The kinds of buckets as numbers, which both the script and the states hold.
enum BucketKind: Double, Sendable {
    case tokens = 1
    case quota, window, slots, adaptive
}

/// What one call does to one bucket: what it has learned about it, then what it wants of it.
struct BucketTurn: Sendable {
    /// The Redis key, and the key in memory.
    let key: String
    let owner: BucketOwner
    /// The bucket's own name, or the demand's where the bucket is a template.
    let name: String
    let declared: Bucket
    let kind: BucketKind
    /// The numbers of the kind: capacity, limit or starting rate …
    let p1: Double
    /// … refill a second, length of the period or of the window, longest hold, or increase a second …
    let p2: Double
    /// … length of a time slice, or lowest rate …
    let p3: Double
    /// … and highest rate. Times in microseconds.
    let p4: Double
    /// Of a connection's window or slots: since when it may be in use.
    var firstUse = FirstUse.unknown
    /// How much of the platform's numbers is used, the outage's part included.
    var share: Double
    var lesson = Lesson()
    /// Tokens spent elsewhere that this bucket has not been told of.
    var charge = 0.0
    /// Tokens wanted; 0 when the call only teaches.
    var take = 0.0
    /// Who holds the slots that are taken.
    var takerID = 0.0
    /// Whose slots are given back; 0 for nobody's.
    var releaseID = 0.0
    /// What was drawn from the ledger.
    var deposit: QuotaDraw?
    /// When the platform said that the quota begins anew, kept for the ledger.
    var toldResetsIn: Duration?

    /// Lessons about one bucket, merged.
    struct Lesson: Equatable, Sendable {
        var refund = 0.0
        var available: Double?
        var capacity: Double?
        var refillPerSecond: Double?
        var resetsInMicroseconds: Double?
        var blockMicroseconds: Int64 = 0
        var isThrottled = false
    }

    init(key: String, owner: BucketOwner, name: String, declared: Bucket) {
        self.key = key
        self.owner = owner
        self.name = name
        self.declared = declared
        share = declared.share
        switch declared.kind {
        case .tokens(let capacity, let refillPerSecond):
            (kind, p1, p2, p3, p4) = (.tokens, capacity, refillPerSecond, 0, 0)
        case .quota(let limit, let resets):
            (kind, p1, p2, p3, p4) = (.quota, limit, Double(resets.length.limiterMicroseconds), 0, 0)
        case .window(let limit, let length):
            let microseconds = Double(length.limiterMicroseconds)
            let slice = max(1, (microseconds / Self.windowSlices).rounded(.up))
            (kind, p1, p2, p3, p4) = (.window, limit, microseconds, slice, 0)
        case .slots(let limit, let holdMax):
            (kind, p1, p2, p3, p4) = (.slots, limit, Double(holdMax.limiterMicroseconds), 0, 0)
        case .adaptive(let start, let low, let high, let increase):
            (kind, p1, p2, p3, p4) = (.adaptive, start, increase, low, high)
        }
    }

    /// Into how many time slices a window is cut. A slice counts until all of it is a whole slice past the window, so
    /// at most 2 in 130 go unused, and requests that arrive up to a slice apart from when they were granted do no harm.
    static let windowSlices = 128.0

    /// The platform is the hash tag: an app's bucket is shared by all connections, and one script call may touch keys
    /// of one tag only.
    static func key(platform: String, owner: BucketOwner, name: String) -> String {
        "portolan:limit:{" + platform + "}:" + owner.description + ":" + name
    }

    /// The key of what is known about the server that keeps the platform's buckets.
    static func epochKey(platform: String) -> String { "portolan:limit:{\(platform)}:epoch" }

    /// In the order in which the script reads them; only the first of them where nothing is taught or told.
    var numbers: [Double] {
        let last = kind == .window || kind == .slots ? firstUse.number : p4
        if isPlain { return [kind.rawValue, share, p1, p2, p3, last, take, takerID] }
        return [
            kind.rawValue, share, p1, p2, p3, last, take, charge, lesson.refund, lesson.available ?? -1,
            lesson.capacity ?? -1, lesson.refillPerSecond ?? -1, Double(lesson.blockMicroseconds),
            lesson.isThrottled ? 1 : 0, takerID, releaseID, deposit.map { Double($0.drawn) } ?? -1,
            deposit?.period ?? 0, deposit?.closesIn ?? 0, deposit?.opensIn ?? 0, deposit.map { Double($0.rest) } ?? 0,
            lesson.resetsInMicroseconds ?? -1,
        ]
    }

    /// Whether something is learned, told or wanted.
    var isNeeded: Bool { take > 0 || !isPlain }

    /// Whether nothing is learned or told.
    private var isPlain: Bool { charge == 0 && releaseID == 0 && deposit == nil && lesson == Lesson() }
}

/// Whose a bucket is, as its keys and the ledger's rows say it.
package enum BucketOwner: Sendable, Hashable, CustomStringConvertible {
    case app
    case connection(Int64)

    package var description: String {
        switch self {
        case .app: "app"
        case .connection(let id): "connection:" + String(id)
        }
    }

    /// Nil for what no bucket's owner is called.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":")
        if text == "app" {
            self = .app
        } else if parts.count == 2, parts[0] == "connection", let id = Int64(parts[1]) {
            self = .connection(id)
        } else {
            return nil
        }
    }
}

/// Whose turns these are.
struct TurnMaker {
    let platform: String
    let connectionID: Int64
    let buckets: [Bucket]
    var firstUse = FirstUse.unknown

    /// One turn for each bucket demanded, in the order of the demands.
    func turns(for demands: [BucketDemand]) -> [BucketTurn] {
        var turns: [BucketTurn] = []
        for demand in demands where demand.tokens > 0 {
            guard let declared = bucket(serving: demand.bucket) else {
                preconditionFailure("\(platform) demands of the bucket \(demand.bucket), which it does not declare")
            }
            turns[index(of: demand.bucket, declared, in: &turns)].take += demand.tokens
        }
        // There are no parts of a slot.
        for index in turns.indices where turns[index].kind == .slots {
            turns[index].take.round(.up)
            // Exact as a double.
            turns[index].takerID = Double(Int64.random(in: 1...(1 << 52)))
        }
        return turns
    }

    /// One turn for each bucket named.
    func turns(naming names: some Sequence<String>) -> [BucketTurn] {
        var turns: [BucketTurn] = []
        for name in names {
            guard let declared = bucket(serving: name) else { continue }
            _ = index(of: name, declared, in: &turns)
        }
        return turns
    }

    /// The turn of a bucket that the ledger names; nil when the platform does not declare it.
    func turn(_ ledger: LedgerKey) -> BucketTurn? {
        guard let declared = bucket(serving: ledger.bucket) else { return nil }
        return BucketTurn(
            key: BucketTurn.key(platform: platform, owner: ledger.owner, name: ledger.bucket), owner: ledger.owner,
            name: ledger.bucket, declared: declared)
    }

    /// One turn for each bucket the lessons are about.
    func turns(teaching lessons: [LimitLesson]) -> [BucketTurn] {
        var turns: [BucketTurn] = []
        for lesson in lessons {
            guard let declared = bucket(serving: lesson.bucket) else { continue }
            turns[index(of: lesson.bucket, declared, in: &turns)].lesson.merge(lesson, declared.kind)
        }
        return turns.filter(\.isNeeded)
    }

    /// An exact name goes before a template.
    private func bucket(serving name: String) -> Bucket? {
        buckets.first { $0.name == name } ?? buckets.first { $0.serves(name) }
    }

    private func index(of name: String, _ declared: Bucket, in turns: inout [BucketTurn]) -> Int {
        let owner: BucketOwner = declared.scope == .app ? .app : .connection(connectionID)
        let key = BucketTurn.key(platform: platform, owner: owner, name: name)
        if let known = turns.firstIndex(where: { $0.key == key }) { return known }
        var turn = BucketTurn(key: key, owner: owner, name: name, declared: declared)
        // What all connections share may have been used by any of them.
        if owner != .app { turn.firstUse = firstUse }
        turns.append(turn)
        return turns.count - 1
    }
}

extension BucketTurn.Lesson {
    /// What a bucket of that kind can learn; the rest does nothing.
    mutating func merge(_ lesson: LimitLesson, _ kind: Bucket.Kind) {
        switch (lesson, kind) {
        case (.refund(_, let tokens), .tokens), (.refund(_, let tokens), .adaptive), (.refund(_, let tokens), .quota):
            refund += max(0, tokens)
        case (.level(_, let available, let capacity, let refillPerSecond), .tokens):
            learn(available: available)
            self.capacity = capacity.flatMap { $0 > 0 ? $0 : nil } ?? self.capacity
            self.refillPerSecond = refillPerSecond.flatMap { $0 > 0 ? $0 : nil } ?? self.refillPerSecond
        case (.level(_, let available, _, _), .adaptive):
            learn(available: available)
        case (.remaining(_, let count, let resetsIn), .quota(_, let resets)):
            learn(available: count)
            if case .every = resets, let resetsIn { resetsInMicroseconds = Double(resetsIn.limiterMicroseconds) }
        case (.remaining(_, let count, _), .window):
            learn(available: count)
        case (.throttled, .adaptive): isThrottled = true
        case (.blocked(_, let duration), _):
            blockMicroseconds = max(blockMicroseconds, duration.limiterMicroseconds)
        case (.refund, _), (.level, _), (.remaining, _), (.throttled, _): break
        }
    }

    private mutating func learn(available: Double) {
        self.available = min(self.available ?? .infinity, max(0, available))
    }
}

extension Duration {
    /// Whole microseconds, rounded up, between none and ten years: times that limits know of.
    var limiterMicroseconds: Int64 {
        let bounded = min(max(self, .zero), .seconds(315_360_000))
        let (seconds, attoseconds) = bounded.components
        return seconds * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    }
}
