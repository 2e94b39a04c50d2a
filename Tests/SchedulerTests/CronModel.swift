/// A cron expression as the sets of values it was made from, and the slow way to its slots: minute by minute.
struct CronModel: Sendable {
    var text = ""
    private var minutes: Set<Int> = []
    private var hours: Set<Int> = []
    private var days: Set<Int> = []
    private var months: Set<Int> = []
    private var weekdays: Set<Int> = []
    private var isEither = false
    private var isRealTime = false

    /// A random expression that tends to fire in the small hours, where clocks are changed.
    init(random: inout SeededRandom) {
        func field(_ range: ClosedRange<Int>, anyShare: Double, _ names: [String] = []) -> (String, Set<Int>) {
            if Double.random(in: 0..<1, using: &random) < anyShare { return ("*", Set(range)) }
            let items = (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.item(range, names, &random) }
            return (items.map(\.0).joined(separator: ","), items.reduce(into: []) { $0.formUnion($1.1) })
        }
        let minute = field(0...59, anyShare: 0.1)
        let hour = field(Bool.random(using: &random) ? 0...23 : 0...4, anyShare: 0.2)
        let day = field(1...31, anyShare: 0.6)
        let month = field(
            1...12, anyShare: 0.7, ["jan", "FEB", "Mar", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"])
        let weekday = field(0...7, anyShare: 0.6, ["SUN", "mon", "Tue", "WED", "THU", "FRI", "SAT"])
        // What was drawn from fewer hours is not all of them.
        (minutes, hours) = (minute.1, hour.0 == "*" ? Set(0...23) : hour.1)
        (days, months, weekdays) = (day.1, month.1, Set(weekday.1.map { $0 % 7 }))
        isEither = !day.0.hasPrefix("*") && !weekday.0.hasPrefix("*")
        isRealTime = hour.0.contains { $0 == "*" || $0 == "/" }
        text = [minute.0, hour.0, day.0, month.0, weekday.0].joined(separator: " ")
    }

    private static func item(
        _ range: ClosedRange<Int>, _ names: [String], _ random: inout SeededRandom
    ) -> (String, Set<Int>) {
        func name(_ value: Int) -> String {
            let index = value - range.lowerBound
            return names.indices.contains(index) && Bool.random(using: &random) ? names[index] : "\(value)"
        }
        let (one, other) = (Int.random(in: range, using: &random), Int.random(in: range, using: &random))
        let (low, high) = (min(one, other), max(one, other))
        let step = Int.random(in: 1...(range.upperBound - range.lowerBound), using: &random)
        // A star stands for all that the field can hold, which a narrowed range is not.
        let isWhole = range != 0...4
        switch Int.random(in: 0..<5, using: &random) {
        case 0 where isWhole:
            return ("*/\(step)", Set(stride(from: range.lowerBound, through: range.upperBound, by: step)))
        case 1: return ("\(name(low))-\(name(high))", Set(low...high))
        case 2: return ("\(low)-\(high)/\(step)", Set(stride(from: low, through: high, by: step)))
        default: return (name(one), [one])
        }
    }

    /// The slots among minutes that follow one another.
    ///
    /// - Parameter clock: each minute's instant, and what the zone's clock shows then, in seconds.
    func slots(walking clock: [(instant: Int64, local: Int64)]) -> [Int64] {
        guard var shown = clock.first.map({ $0.local - 60 }) else { return [] }
        var slots: [Int64] = []
        for (instant, local) in clock {
            if isRealTime {
                if matches(local) { slots.append(instant) }
            } else if local > shown {
                // All that the clock shows or jumps over for the first time.
                if stride(from: shown + 60, through: local, by: 60).contains(where: matches) { slots.append(instant) }
            }
            shown = max(shown, local)
        }
        return slots
    }

    private func matches(_ local: Int64) -> Bool {
        let minute = Int(local / 60)
        guard minutes.contains(minute % 60), hours.contains(minute / 60 % 24) else { return false }
        let date = Self.date(day: minute / 1440)
        let (inMonth, inWeek) = (days.contains(date.day), weekdays.contains((minute / 1440 + 4) % 7))
        return months.contains(date.month) && (isEither ? inMonth || inWeek : inMonth && inWeek)
    }

    /// Month and day of a day after 1 January 1970, a Thursday.
    private static func date(day: Int) -> (month: Int, day: Int) {
        var (year, rest) = (1970, day)
        func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
        while rest >= (isLeap(year) ? 366 : 365) {
            rest -= isLeap(year) ? 366 : 365
            year += 1
        }
        var month = 1
        for length in [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if rest < length { break }
            rest -= length
            month += 1
        }
        return (month, rest + 1)
    }
}

/// Random numbers that a seed repeats (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
