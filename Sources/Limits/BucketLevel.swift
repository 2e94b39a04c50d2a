import Platforms

/// The state of one bucket in memory, and its arithmetic: the twin of `LimiterScript`.
///
/// Times are microseconds of whatever clock the caller keeps.
struct BucketLevel: Equatable {
    /// Tokens held at the instant `at`; negative while in debt.
    var level = 0.0
    var at: Int64
    /// As the platform taught them, before our share; nil while only the declaration is known.
    var capacity: Double?
    var refillPerSecond: Double?
    var blockedUntil: Int64 = 0
    var blockedFor: Int64 = 0

    /// A bucket without history: empty.
    init(at now: Int64) { at = now }

    /// Refills up to `now` and applies what the turn brings, all but its take.
    mutating func apply(_ turn: BucketTurn, at now: Int64, isNew: Bool) {
        let share = turn.declared.share
        let gained = Double(max(0, now - at)) * speed(turn) / 1_000_000
        level = min(full(turn), level + gained)
        if !isNew { level = min(full(turn), level + turn.lesson.refund) }
        level -= turn.charge
        // A clock that was set back must not freeze the bucket until it catches up.
        at = now
        capacity = turn.lesson.capacity ?? capacity
        refillPerSecond = turn.lesson.refillPerSecond ?? refillPerSecond
        level = min(level, full(turn))
        if let available = turn.lesson.available {
            let others = (1 - share) * (capacity ?? turn.declared.capacity)
            level = min(level, max(0, available - others))
        }
        if turn.lesson.blockMicroseconds > 0 {
            level = min(level, 0)
            if turn.lesson.blockMicroseconds > blocked(at: now) {
                blockedFor = turn.lesson.blockMicroseconds
                blockedUntil = now + blockedFor
            }
        }
    }

    /// How long the take is not possible; 0 when it is.
    func wait(_ turn: BucketTurn, at now: Int64) -> Int64 {
        guard turn.take > 0 else { return 0 }
        let short = min(turn.take, full(turn)) - level
        var wait: Int64 = 0
        if short > Self.rounding {
            let speed = speed(turn)
            wait = speed > 0 ? Int64(min(short / speed * 1_000_000, Self.waitMax).rounded(.up)) : Int64(Self.waitMax)
        }
        return max(wait, blocked(at: now))
    }

    /// Whether forgetting it gives nothing away: it is full, and not blocked.
    func isIdle(_ declared: Bucket, at now: Int64) -> Bool {
        let turn = BucketTurn(key: "", name: "", declared: declared)
        let gained = Double(max(0, now - at)) * speed(turn) / 1_000_000
        return level + gained >= full(turn) && blocked(at: now) == 0
    }

    /// Bounded by what was taught, in case the clock was set back.
    private func blocked(at now: Int64) -> Int64 { min(max(0, blockedUntil - now), blockedFor) }

    private func full(_ turn: BucketTurn) -> Double { (capacity ?? turn.declared.capacity) * turn.declared.share }

    private func speed(_ turn: BucketTurn) -> Double {
        (refillPerSecond ?? turn.declared.refillPerSecond) * turn.declared.share
    }

    /// Less than any token; what adding fractions up may lose.
    private static let rounding = 1e-9
    /// An hour: the longest wait worth telling for tokens, in microseconds. Blocks may be longer.
    private static let waitMax = 3_600_000_000.0
}
