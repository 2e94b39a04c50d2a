package import Platforms
package import Redis

/// One bucket as people look at it: what Redis holds, brought up to now.
package struct BucketReading: Sendable, Hashable {
    package let platform: String
    package let owner: BucketOwner
    package let bucket: String
    /// `tokens`, `quota`, `window`, `slots` or `adaptive`.
    package let kind: String
    /// What could be taken now: tokens, requests or slots. Negative while in debt. Of a quota what was drawn from the
    /// ledger and what the ledger had left. Of a window and of slots nothing, while those that were taken before the
    /// epoch may still count.
    package let free: Double
    /// What it allows when nothing is used.
    package let full: Double
    /// What it regains a second; nil where it does not regain steadily.
    package let perSecond: Double?
    /// How long nothing is granted because the platform said to wait, or because what is known is too new.
    package let blockedFor: Duration?
    /// Of a quota: how long until it begins anew; nil when nothing was drawn lately.
    package let resetsIn: Duration?
    /// The bands somebody waits in, and when the last of them is due.
    package let waiting: [LimitBand: Duration]
}

extension BucketReading {
    /// All buckets that Redis knows, of one platform or of all, in the order of their names.
    ///
    /// **Errors**: Redis cannot be asked, or forbids it.
    package static func all(
        in redis: any RedisScripting, platform: String? = nil
    ) async throws(RedisError) -> [BucketReading] {
        let prefix = "portolan:limit:{"
        let keys = try await redis.scanKeys(matching: prefix + (platform.map { "\($0)}" } ?? "") + "*")
        var readings: [BucketReading] = []
        for (platform, keys) in Dictionary(grouping: keys, by: { $0.dropFirst(prefix.count).prefix { $0 != "}" } }) {
            let platform = String(platform)
            let epochKey = RedisArgument(BucketTurn.epochKey(platform: platform))
            let time = try await redis.command(["TIME"], key: epochKey).array
            guard time.count == 2 else { throw RedisError(.protocolViolation, "TIME answers with two numbers") }
            let now = Double(try time[0].integer) * 1_000_000 + Double(try time[1].integer)
            let known = try await redis.command(["HMGET", epochKey, "born", "calm", "away"], key: epochKey).array
            var facts: [Double] = []
            for fact in known { facts.append(Double((try fact.optional?.string) ?? "") ?? now) }
            guard facts.count == 3 else { continue }
            let epoch = LimitArithmetic.Epoch(born: facts[0], calm: facts[1], away: facts[2])
            for key in keys {
                let rest = key.dropFirst(prefix.count + platform.count + 2)
                guard let bytes = try await redis.command(["GET", RedisArgument(key)], key: epochKey, orNil: rest),
                    let state = BucketState(bytes: bytes),
                    let reading = BucketReading(state, platform, name: rest, epoch, now)
                else { continue }
                readings.append(reading)
            }
        }
        return readings.sorted {
            ($0.platform, $0.owner.description, $0.bucket) < ($1.platform, $1.owner.description, $1.bucket)
        }
    }

    /// Nil for what is no bucket's key.
    private init?(
        _ state: BucketState, _ platform: String, name: Substring, _ epoch: LimitArithmetic.Epoch, _ now: Double
    ) {
        guard let kind = BucketKind(rawValue: state.kind) else { return nil }
        let parts = name.split(separator: ":", maxSplits: name.hasPrefix("connection:") ? 2 : 1)
        guard let last = parts.last, let owner = BucketOwner(parts.dropLast().joined(separator: ":")) else {
            return nil
        }
        self.platform = platform
        self.owner = owner
        bucket = String(last)
        self.kind = "\(kind)"
        full = state.full
        let isValid = state.born == epoch.born
        var resetsIn: Duration?
        var tooYoung = 0.0
        func young(_ length: Double, more: Double) -> Double {
            if epoch.away >= length, length > 0 { return epoch.calm + length + more - now }
            return (isValid ? state.c : epoch.born + length + more) - now
        }
        switch kind {
        case .tokens, .adaptive:
            let level = isValid ? state.level : 0
            let at = max(isValid ? state.at : epoch.born, epoch.calm)
            free = min(full, (state.at < epoch.calm ? min(level, 0) : level) + max(0, now - at) * state.speed / 1e6)
            perSecond = state.speed
        case .quota:
            let isOpen = isValid && now < state.a
            free = isOpen ? state.level + max(0, state.c) : 0
            perSecond = nil
            if isOpen { resetsIn = .microseconds(Int64((state.a + state.b) / 2 - now)) }
        case .window:
            // What was sent before the epoch may count for a whole window still.
            let length = BucketTurn.windowSlices * state.b
            tooYoung = young(length, more: 2 * state.b)
            let used = state.tail.filter { ($0.key + BucketTurn.windowSlices + 2) * state.b > now }.reduce(0) {
                $0 + $1.value
            }
            free = tooYoung > 0 ? 0 : full - (isValid ? used : 0)
            perSecond = nil
        case .slots:
            // Whoever held one before the epoch may hold it still.
            tooYoung = young(state.b, more: 0)
            free = tooYoung > 0 ? 0 : full - Double(isValid ? state.tail.count { $0.value > now } : 0)
            perSecond = nil
        }
        self.resetsIn = resetsIn
        let blocked = max(min(state.blockedUntil - now, state.blockedFor), epoch.calm - now, tooYoung)
        blockedFor = blocked > 0 ? .microseconds(Int64(blocked)) : nil
        var waiting: [LimitBand: Duration] = [:]
        for band in LimitBand.allCases where isValid && state.due[band.rawValue] > now {
            waiting[band] = .microseconds(Int64(state.due[band.rawValue] - now))
        }
        self.waiting = waiting
    }
}

extension RedisScripting {
    /// The string of a bucket's key; nil for the epoch's own, and when it is gone.
    fileprivate func command(
        _ arguments: [RedisArgument], key: RedisArgument, orNil name: Substring
    ) async throws(RedisError) -> [UInt8]? {
        if name == "epoch" { return nil }
        return try await command(arguments, key: key).optional?.bytes
    }
}
