import Platforms

extension LimitArithmetic {
    /// Brings a bucket up to now, with what its turn has learned. Gives what the ledger should have left of a quota,
    /// where the platform's word differs from ours.
    func learn(_ bucket: inout Bucket) -> Double? {
        switch bucket.turn.kind {
        case .tokens, .adaptive: learnTokens(&bucket)
        case .quota: return learnQuota(&bucket)
        case .window: learnWindow(&bucket)
        case .slots: learnSlots(&bucket)
        }
        return nil
    }

    private func learnTokens(_ bucket: inout Bucket) {
        let (turn, isAdaptive) = (bucket.turn, bucket.turn.kind == .adaptive)
        var (capacity, rate) = (turn.p1, turn.p2)
        func rated() { (bucket.full, bucket.speed) = (capacity * turn.share, rate * turn.share) }
        if isAdaptive {
            rate = bucket.state.a
            capacity = max(1, rate)
        } else {
            if bucket.state.a > 0 { capacity = bucket.state.a }
            if bucket.state.b > 0 { rate = bucket.state.b }
        }
        rated()
        var (level, at) = (bucket.state.level, bucket.state.at)
        if at < epoch.calm { (level, at) = (min(level, 0), epoch.calm) }
        level = min(bucket.full, level + max(0, now - at) * bucket.speed / 1_000_000)
        if bucket.isValid { level = min(bucket.full, level + turn.lesson.refund) }
        if turn.charge > 0 {
            let (most, fastest) = isAdaptive ? (max(1, turn.p4), turn.p4) : (turn.p1, turn.p2)
            let alone = max(0, now - epoch.calm + header.graceMicroseconds)
            level -= min(turn.charge, header.outageShare * turn.share * (most + fastest * alone / 1_000_000))
        }
        if !isAdaptive {
            if let taught = turn.lesson.capacity { (bucket.state.a, capacity) = (taught, taught) }
            if let taught = turn.lesson.refillPerSecond { (bucket.state.b, rate) = (taught, taught) }
            rated()
        } else if turn.lesson.isThrottled {
            if now - bucket.state.b >= 1_000_000 || now < bucket.state.b {
                rate = max(turn.p3, rate / 2)
                capacity = max(1, rate)
                (bucket.state.a, bucket.state.b) = (rate, now)
                rated()
            }
            level = min(level, 0)
        }
        level = min(level, bucket.full)
        if let available = turn.lesson.available {
            level = min(level, max(0, available - (1 - turn.share) * capacity))
        }
        // A refusal means that our count was too high.
        if turn.lesson.blockMicroseconds > 0 { level = min(level, 0) }
        bucket.state.level = level
        bucket.free = level
        bucket.lock = max(0, epoch.calm - now)
    }

    private func learnQuota(_ bucket: inout Bucket) -> Double? {
        let turn = bucket.turn
        bucket.full = (turn.p1 * turn.share).rounded(.down)
        bucket.speed = 20
        var report: Double?
        if let deposit = turn.deposit {
            if deposit.period == bucket.state.d {
                bucket.state.level += Double(deposit.drawn)
            } else if deposit.period > bucket.state.d {
                (bucket.state.level, bucket.state.d) = (Double(deposit.drawn), deposit.period)
            }
            if deposit.period == bucket.state.d {
                (bucket.state.a, bucket.state.b) = (now + deposit.closesIn, now + deposit.opensIn)
                (bucket.state.c, bucket.state.e) = (Double(deposit.rest), 0)
            }
        }
        if now < bucket.state.a {
            if bucket.isValid { bucket.state.level += turn.lesson.refund }
            if let available = turn.lesson.available {
                let left = max(0, (available - (1 - turn.share) * turn.p1).rounded(.down))
                bucket.state.level = min(bucket.state.level, left)
                if bucket.state.level + bucket.state.c > left {
                    let lower = left - bucket.state.level
                    if lower == 0 || bucket.state.c - lower > bucket.full / 100 { report = lower }
                    bucket.state.c = lower
                }
            }
            if let resetsIn = turn.lesson.resetsInMicroseconds {
                let (closes, opens) = (bucket.state.a, bucket.state.b)
                if abs(now + resetsIn - (closes + opens) / 2) > (opens - closes) / 2 + 1_000_000 {
                    report = bucket.state.c
                }
            }
        } else {
            bucket.state.level = 0
        }
        bucket.free = bucket.state.level + max(0, bucket.state.c)
        return report
    }

    private func learnWindow(_ bucket: inout Bucket) {
        let turn = bucket.turn
        bucket.full = (turn.p1 * turn.share).rounded(.down)
        bucket.speed = bucket.full / turn.p2 * 1_000_000
        let slice = (now / turn.p3).rounded(.down)
        let remembered = bucket.state.tail
        bucket.state.tail = []
        var used = 0.0
        for pair in remembered {
            // A clock that was set back must not keep what was counted for longer than it counts.
            let key = min(pair.key, slice)
            guard slice - key < Self.slicesKept else { continue }
            used += pair.value
            bucket.state.count(pair.value, in: key)
        }
        let alone = max(0, now - epoch.calm + header.graceMicroseconds)
        var add = min(turn.charge, header.outageShare * bucket.full * (1 + alone / turn.p2))
        if let available = turn.lesson.available {
            add += max(0, bucket.full - max(0, available - (1 - turn.share) * turn.p1) - used - add)
        }
        if add > 0 {
            bucket.state.count(add, in: slice)
            used += add
        }
        (bucket.state.level, bucket.state.a, bucket.state.b) = (used, slice, turn.p3)
        bucket.free = bucket.full - used
        holdBack(&bucket, more: 2 * turn.p3)
    }

    /// What may have been used before the epoch is waited for, where it may be at all.
    private func holdBack(_ bucket: inout Bucket, more: Double) {
        let turn = bucket.turn
        let opens =
            if turn.firstUse == .never {
                epoch.calm
            } else if epoch.away >= turn.p2 {
                epoch.calm + turn.p2 + more
            } else if turn.firstUse.number == epoch.born {
                epoch.born
            } else {
                epoch.born + turn.p2 + more
            }
        bucket.lock = max(0, opens - now)
        if turn.take > 0 || !bucket.isValid { bucket.state.c = bucket.lock > 0 ? now + bucket.lock : 0 }
    }

    private static let slicesKept = BucketTurn.windowSlices + 2

    private func learnSlots(_ bucket: inout Bucket) {
        let turn = bucket.turn
        bucket.full = (turn.p1 * turn.share).rounded(.down)
        let remembered = bucket.state.tail
        bucket.state.tail = []
        for pair in remembered {
            let expiry = min(pair.value, now + turn.p2)
            if pair.key == turn.releaseID {
                bucket.state.level = bucket.state.level * 0.8 + (turn.p2 - (expiry - now)) * 0.2
            } else if expiry > now {
                bucket.state.tail.append(BucketState.Pair(key: pair.key, value: expiry))
            }
        }
        bucket.speed = bucket.full * 1_000_000 / max(1000, bucket.state.level)
        bucket.free = bucket.full - Double(bucket.state.tail.count)
        bucket.state.b = turn.p2
        holdBack(&bucket, more: 0)
    }

    /// What a take needs in its bucket.
    struct Need {
        /// With what stays for others.
        var amount: Double
        /// What is kept for lower bands.
        var kept: Double
    }

    /// How long until there is enough; 0 when there is.
    func shortage(_ bucket: inout Bucket, _ need: Need, mayDraw: Bool) -> Double {
        let (turn, state) = (bucket.turn, bucket.state)
        let short = need.amount - bucket.free
        switch turn.kind {
        case .tokens, .adaptive:
            if hasNoDebts, turn.take > bucket.full { return Self.hour }
            guard short > 1e-9 else { return 0 }
            return bucket.lock + min(short / bucket.speed * 1_000_000, Self.hour).rounded(.up)
        case .quota:
            return turn.take > bucket.full ? Self.hour : quotaShortage(&bucket, need, mayDraw: mayDraw)
        case .window:
            if turn.take > bucket.full { return Self.hour }
            guard short > 1e-9 else { return 0 }
            var (gained, at) = (0.0, now)
            for pair in state.tail {
                gained += pair.value
                at = (pair.key + Self.slicesKept) * turn.p3
                if gained >= short - 1e-9 { break }
            }
            return max(1000, (at - now).rounded(.up))
        case .slots:
            if turn.take > bucket.full { return Self.hour }
            return short > 0 ? max(10_000, (short / bucket.speed * 1_000_000).rounded(.up)) : 0
        }
    }

    private func quotaShortage(_ bucket: inout Bucket, _ need: Need, mayDraw: Bool) -> Double {
        let (turn, state) = (bucket.turn, bucket.state)
        func draw() -> Double {
            if state.e > now { return 20_000 }
            if mayDraw { bucket.needsDraw = true }
            return 0
        }
        if now >= state.a { return now < state.b ? state.b - now : draw() }
        if bucket.free < turn.take { return state.b - now }
        if need.amount > bucket.free {
            if need.kept > 0 { return 1_000_000 }
            let part = (bucket.free - turn.take) / (Self.reserve[header.band.rawValue] * bucket.full)
            return max(1000, (state.a - part * turn.p2 - now).rounded(.up))
        }
        return state.level < turn.take ? draw() : 0
    }
}
