import Platforms

/// What one call does to one bucket: what it has learned about it, then what it wants of it.
struct BucketTurn {
    /// The Redis key, and the key in memory.
    let key: String
    /// The bucket's own name, or the demand's where the bucket is a template.
    let name: String
    let declared: Bucket
    var lesson = Lesson()
    /// Tokens spent elsewhere that this bucket has not been told of.
    var charge = 0.0
    /// Tokens wanted; 0 when the call only teaches.
    var take = 0.0

    /// Lessons about one bucket, merged.
    struct Lesson: Equatable {
        var refund = 0.0
        var available: Double?
        var capacity: Double?
        var refillPerSecond: Double?
        var blockMicroseconds: Int64 = 0
    }

    /// One turn for each bucket demanded, in the order of the demands.
    static func turns(
        for demands: [BucketDemand], buckets: [Bucket], connectionID: Int64, platform: String
    ) -> [BucketTurn] {
        var turns: [BucketTurn] = []
        for demand in demands where demand.tokens > 0 {
            guard let declared = bucket(serving: demand.bucket, in: buckets) else {
                preconditionFailure("\(platform) demands of the bucket \(demand.bucket), which it does not declare")
            }
            let index = index(of: demand.bucket, declared, connectionID, platform, in: &turns)
            turns[index].take += demand.tokens
        }
        return turns
    }

    /// One turn for each bucket the lessons are about.
    static func turns(
        teaching lessons: [LimitLesson], buckets: [Bucket], connectionID: Int64, platform: String
    ) -> [BucketTurn] {
        var turns: [BucketTurn] = []
        for lesson in lessons {
            guard let declared = bucket(serving: lesson.bucketName, in: buckets) else { continue }
            let index = index(of: lesson.bucketName, declared, connectionID, platform, in: &turns)
            turns[index].lesson.merge(lesson)
        }
        return turns
    }

    /// An exact name goes before a template.
    private static func bucket(serving name: String, in buckets: [Bucket]) -> Bucket? {
        buckets.first { $0.name == name } ?? buckets.first { $0.serves(name) }
    }

    private static func index(
        of name: String, _ declared: Bucket, _ connectionID: Int64, _ platform: String,
        in turns: inout [BucketTurn]
    ) -> Int {
        // The platform is the hash tag: an app's bucket is shared by all connections, and one script
        // call may touch keys of one tag only.
        let owner =
            switch declared.scope {
            case .app: "app"
            case .connection: "connection:\(connectionID)"
            }
        let key = "portolan:limit:{\(platform)}:\(owner):\(name)"
        if let known = turns.firstIndex(where: { $0.key == key }) { return known }
        turns.append(BucketTurn(key: key, name: name, declared: declared))
        return turns.count - 1
    }
}

extension BucketTurn.Lesson {
    mutating func merge(_ lesson: LimitLesson) {
        switch lesson {
        case .refund(_, let tokens): refund += max(0, tokens)
        case .level(_, let available, let capacity, let refillPerSecond):
            self.available = min(self.available ?? available, available)
            self.capacity = capacity.flatMap { $0 > 0 ? $0 : nil } ?? self.capacity
            self.refillPerSecond = refillPerSecond.flatMap { $0 > 0 ? $0 : nil } ?? self.refillPerSecond
        case .blocked(_, let duration):
            blockMicroseconds = max(blockMicroseconds, duration.limiterMicroseconds)
        }
    }
}

extension LimitLesson {
    var bucketName: String {
        switch self {
        case .level(let bucket, _, _, _), .refund(let bucket, _), .blocked(let bucket, _): bucket
        }
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
