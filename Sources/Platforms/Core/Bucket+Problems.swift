extension Bucket {
    /// What is wrong with the declaration, a sentence each; empty when all is well.
    ///
    /// Why: a limit that cannot be kept, or never lets anything through, is to be found before it is used.
    package var problems: [String] {
        var problems = kindProblems.map { "bucket `\(name)`: \($0)" }
        if name.isEmpty { problems.append("a bucket has no name") }
        if name.dropLast().contains("*") { problems.append("bucket `\(name)`: `*` stands at the end only") }
        if name.utf8.count > Self.nameBytesMax {
            problems.append("bucket `\(name.prefix(40))…`: the name has more than \(Self.nameBytesMax) bytes")
        }
        return problems
    }

    private static let nameBytesMax = 200
    /// The time of which the bookkeeping of a limit can be trusted.
    static let lengthMax = Duration.seconds(366 * 86_400)
    /// Holders are kept one by one.
    static let slotsMax = 1000.0

    /// The same of its numbers only, in the words of their JSON names.
    var kindProblems: [String] {
        var problems: [String] = []
        func require(_ isMet: Bool, _ problem: String) { if !isMet { problems.append(problem) } }
        func isUsable(_ number: Double) -> Bool { number.isFinite && number > 0 && number <= 1e12 }
        func isUsable(_ length: Duration) -> Bool { length >= .milliseconds(1) && length <= Self.lengthMax }
        require(share.isFinite && share > 0 && share <= 1, "share is above 0 and at most 1")
        switch kind {
        case .tokens(let capacity, let refillPerSecond):
            require(isUsable(capacity), "capacity is above 0")
            require(isUsable(refillPerSecond), "refill_per_second is above 0")
        case .quota(let limit, let resets):
            require(isUsable(limit) && limit * share >= 1, "limit times share is at least 1")
            switch resets {
            case .daily(let hour, let minute, let zone):
                require((0...23).contains(hour) && (0...59).contains(minute), "it resets at no time of the day")
                require(!zone.isEmpty, "the time zone has no name")
            case .every(let length): require(isUsable(length), "its period is from a millisecond to a year")
            }
        case .window(let limit, let length):
            require(isUsable(limit) && limit * share >= 1, "limit times share is at least 1")
            require(isUsable(length), "length_seconds is from 0.001 to a year")
        case .slots(let limit, let holdMax):
            require(isUsable(limit) && limit * share >= 1, "limit times share is at least 1")
            require(limit <= Self.slotsMax, "limit is at most 1000")
            require(isUsable(holdMax), "hold_max_seconds is from a millisecond to a year")
        case .adaptive(let start, let low, let high, let increase):
            require([start, low, high, increase].allSatisfy(isUsable), "its rates are above 0")
            require(low <= start && start <= high, "min is at most the start, and max is at least that")
        }
        return problems
    }
}
