import Platforms

/// The limiter's decisions, in memory: the twin of ``LimitScript``, which says the same in Lua.
///
/// The operations stand in the script's order, so that both come to the same digits.
struct LimitArithmetic {
    /// Since when what is remembered can be relied upon, and since when nobody grants by himself.
    struct Epoch: Equatable, Sendable {
        var born: Double
        var calm: Double
        /// How long whoever granted by himself did so.
        var away = 0.0
    }

    static let reserve = [0, 0.05, 0.1, 0.2, 0.3]
    static let slack = 250_000.0
    static let hour = 3_600_000_000.0

    let now: Double
    let epoch: Epoch
    let header: TurnHeader
    /// Refuses what is more than a bucket can hold, which is granted with a debt otherwise.
    var hasNoDebts = false

    /// One bucket in a call.
    struct Bucket {
        let turn: BucketTurn
        var state: BucketState
        let isValid: Bool
        var full = 0.0
        var speed = 0.0
        var free = 0.0
        var lock = 0.0
        var blocked = 0.0
        var wait = 0.0
        var isCredited = false
        var needsDraw = false
    }

    /// Decides about all turns; the states are those to be kept.
    func run(_ turns: [(BucketTurn, BucketState?)]) -> (TurnAnswer, [BucketState]) {
        var answer = TurnAnswer()
        answer.now = Int64(now)
        answer.born = Int64(epoch.born)
        var longest = 0.0
        var draw: Int?
        var buckets: [Bucket] = []
        for (index, (turn, known)) in turns.enumerated() {
            var bucket = opened(turn, known)
            if let rest = learn(&bucket) { (answer.reports, answer.rest) = (index, Int64(rest)) }
            if turn.take > 0 {
                decide(&bucket, mayDraw: draw == nil && !header.isDry)
                if bucket.needsDraw { draw = index }
                if bucket.wait > longest { (longest, answer.slowest) = (bucket.wait, index) }
            }
            bucket.state.born = epoch.born
            bucket.state.at = now
            bucket.state.full = bucket.full
            bucket.state.speed = bucket.speed
            buckets.append(bucket)
        }
        if header.isDry {
            (answer.slowest, answer.reports, answer.rest) = (nil, nil, 0)
            answer.waits = buckets.map { Int64($0.wait) }
            return (answer, [])
        }
        answer.wait = Int64(longest)
        if longest == 0 { answer.draws = draw }
        for index in buckets.indices {
            if answer.draws == index { buckets[index].state.e = now + 1_000_000 }
            if answer.isGranted, buckets[index].turn.take > 0 { take(&buckets[index]) }
        }
        return (answer, buckets.map(\.state))
    }

    private func opened(_ turn: BucketTurn, _ known: BucketState?) -> Bucket {
        let isSameKind = known?.kind == turn.kind.rawValue
        let isValid = isSameKind && known?.born == epoch.born
        var state = BucketState(turn, born: epoch.born)
        if let known, isValid {
            state = known
        } else if let known, isSameKind {
            // What the platform said of itself holds in any epoch; what was counted does not.
            (state.blockedUntil, state.blockedFor) = (known.blockedUntil, known.blockedFor)
            switch turn.kind {
            case .tokens: (state.a, state.b) = (known.a, known.b)
            case .adaptive: state.a = min(known.a, turn.p1)
            case .quota, .window, .slots: break
            }
        }
        var bucket = Bucket(turn: turn, state: state, isValid: isValid)
        // Bounded by what was told, in case the clock was set back.
        bucket.blocked = min(max(0, state.blockedUntil - now), state.blockedFor)
        let block = Double(turn.lesson.blockMicroseconds)
        if block > bucket.blocked { bucket.blocked = block }
        if bucket.blocked > 0 {
            bucket.state.blockedUntil = now + bucket.blocked
            if block >= bucket.blocked { bucket.state.blockedFor = bucket.blocked }
        } else {
            (bucket.state.blockedUntil, bucket.state.blockedFor) = (0, 0)
        }
        return bucket
    }

    /// How long the take is not possible, spread over those who wait.
    private func decide(_ bucket: inout Bucket, mayDraw: Bool) {
        let (turn, band) = (bucket.turn, header.band.rawValue)
        var reserve = Self.reserve[band] * bucket.full
        if turn.kind == .quota { reserve = reserve * min(1, max(0, bucket.state.a - now) / turn.p2) }
        if turn.kind == .slots { reserve = reserve.rounded(.down) }
        var (kept, ahead) = (0.0, 0.0)
        for other in 0..<BucketState.bands {
            if bucket.state.due[other] + Self.slack <= now {
                bucket.state.due[other] = 0
                if other > 0 { bucket.state.credit[other - 1] = 0 }
            } else if other < band {
                ahead = max(ahead, bucket.state.due[other])
            } else if other > band {
                kept += bucket.state.credit[other - 1]
            }
        }
        let mine = band > 0 ? bucket.state.credit[band - 1] : 0
        var need = turn.take + reserve + kept
        if mine > 0, mine >= min(turn.take, bucket.full) { (need, bucket.isCredited) = (turn.take, true) }
        need = min(need, bucket.full)
        bucket.wait = shortage(&bucket, Need(amount: need, kept: kept), mayDraw: mayDraw)
        if turn.kind != .tokens, turn.kind != .adaptive { bucket.wait = max(bucket.wait, bucket.lock) }
        bucket.wait = max(bucket.wait, bucket.blocked)
        if !bucket.isCredited, ahead > 0, bucket.free < bucket.full - 1e-9 {
            bucket.wait = max(bucket.wait, ahead - now, 50_000)
        }
        if bucket.wait > 0, !header.isDry { queue(&bucket) }
    }

    /// Told waits of one bucket follow one another at its speed, so that those who wait do not all come at once.
    private func queue(_ bucket: inout Bucket) {
        let band = header.band.rawValue
        let last = bucket.state.due[...band].reduce(0, max)
        var due = now + bucket.wait
        // Of a share that is less than one there is never anything to follow.
        let step = bucket.speed > 0 ? bucket.turn.take / bucket.speed * 1_000_000 : 0
        if last > now, last + step > due, last + step <= due + max(60_000_000, 16 * step) { due = last + step }
        due = due.rounded(.up)
        bucket.state.due[band] = due
        bucket.wait = due - now
    }

    private func take(_ bucket: inout Bucket) {
        let (turn, band) = (bucket.turn, header.band.rawValue)
        if bucket.isCredited {
            bucket.state.credit[band - 1] = max(0, bucket.state.credit[band - 1] - turn.take)
        } else {
            for other in (band + 1)..<max(band + 1, BucketState.bands) where bucket.state.due[other] > 0 {
                bucket.state.credit[other - 1] = min(
                    bucket.full, bucket.state.credit[other - 1] + turn.take * 0.1)
            }
        }
        switch turn.kind {
        case .window:
            bucket.state.count(turn.take, in: bucket.state.a)
            bucket.state.level += turn.take
        case .slots:
            for _ in 0..<Int(turn.take) {
                bucket.state.tail.append(BucketState.Pair(key: turn.takerID, value: now + turn.p2))
            }
        case .tokens, .quota, .adaptive: bucket.state.level -= turn.take
        }
        if turn.kind == .adaptive {
            bucket.state.a = min(turn.p4, bucket.state.a + turn.p2 * turn.take / bucket.state.a)
        }
    }
}

extension BucketState {
    /// Adds to a time slice of a window.
    mutating func count(_ amount: Double, in slice: Double) {
        if let last = tail.indices.last, tail[last].key == slice {
            tail[last].value += amount
        } else {
            tail.append(Pair(key: slice, value: amount))
        }
    }
}
