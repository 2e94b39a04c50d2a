package import FoundationEssentials

/// Where an answer says how long to wait, and in which of the many ways.
package struct WaitSource: Sendable, Hashable {
    package enum Place: Sendable, Hashable {
        case header(String)
        /// As in ``ErrorRule/Path``.
        case path(String)
    }

    package enum Unit: String, Sendable, CaseIterable {
        case seconds
        case milliseconds
        /// Seconds since 1970 at which the wait ends.
        case epoch
        /// Milliseconds since 1970.
        case epochMilliseconds = "epoch_ms"
        /// `Wed, 21 Oct 2015 07:28:00 GMT` and its two older forms.
        case httpDate = "http_date"
        /// `2026-01-02T03:04:05Z`.
        case iso8601
        /// As HTTP's own header: seconds or a date.
        case retryAfter = "retry_after"
    }

    package var place: Place
    package var unit: Unit
    /// Longer waits are taken for this one.
    package var max: Duration

    package static let usualMax = Duration.seconds(86_400)

    package init(_ place: Place, _ unit: Unit, max: Duration = usualMax) {
        self.place = place
        self.unit = unit
        self.max = max
    }

    /// The wait that `text` stands for; nil for what is no wait. A time that has passed is no wait left: zero.
    package func wait(in text: String, now: Date) -> Duration? {
        if unit == .retryAfter { return RetryAfter.parse(text, now: now, max: max) }
        let text = text.filter { $0 != "\"" }.drop { $0 == " " }
        let trimmed = String(text.reversed().drop { $0 == " " }.reversed())
        let seconds: Double?
        switch unit {
        case .seconds: seconds = RetryAfter.number(trimmed)
        case .milliseconds: seconds = RetryAfter.number(trimmed).map { $0 / 1000 }
        case .epoch: seconds = RetryAfter.number(trimmed).map { $0 - now.timeIntervalSince1970 }
        case .epochMilliseconds: seconds = RetryAfter.number(trimmed).map { $0 / 1000 - now.timeIntervalSince1970 }
        case .httpDate: seconds = Self.until(ErrorTime.http(trimmed), now)
        case .iso8601: seconds = Self.until(ErrorTime.iso(trimmed), now)
        case .retryAfter: seconds = nil
        }
        guard let seconds, seconds.isFinite else { return nil }
        let isTime = ![.seconds, .milliseconds].contains(unit)
        if seconds < 0, !isTime { return nil }
        let longest = Double(max.components.seconds)
        return .milliseconds(Int64((Swift.max(0, Swift.min(seconds, longest)) * 1000).rounded(.up)))
    }

    private static func until(_ time: Double?, _ now: Date) -> Double? { time.map { $0 - now.timeIntervalSince1970 } }
}

/// Points in time as servers write them, in seconds since 1970.
enum ErrorTime {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// The three forms of RFC 9110, section 5.6.7; the zone is always GMT.
    static func http(_ text: String) -> Double? {
        let words = text.lowercased().split { " ,-".contains($0) }.map(String.init)
        guard words.count >= 5, let month = words.firstIndex(where: { months.contains($0) }),
            let clock = words.first(where: { $0.contains(":") }), let time = seconds(ofClock: clock)
        else { return nil }
        // "21 Oct 2015 07:28:00 GMT", "21-Oct-15 07:28:00 GMT", "Oct 21 07:28:00 2015"
        let isAscTime = month == 1 && words[2].allSatisfy(\.isNumber)
        guard let day = Int(isAscTime ? words[2] : words[month - 1]),
            var year = Int(isAscTime ? words[words.count - 1] : words[month + 1]),
            let monthNumber = months.firstIndex(of: words[month])
        else { return nil }
        if year < 100 { year += year < 70 ? 2000 : 1900 }
        return seconds(year: year, month: monthNumber + 1, day: day).map { $0 + time }
    }

    /// A date and a time with zone; without one, UTC.
    static func iso(_ text: String) -> Double? {
        let halves = text.split { $0 == "T" || $0 == "t" || $0 == " " }
        guard halves.count == 2 else { return nil }
        let date = halves[0].split(separator: "-").map { Int($0) }
        guard date.count == 3, let year = date[0], let month = date[1], let day = date[2],
            let start = seconds(year: year, month: month, day: day)
        else { return nil }
        var clock = halves[1]
        var offset = 0.0
        if clock.last == "Z" || clock.last == "z" {
            clock.removeLast()
        } else if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
            let zone = clock[clock.index(after: sign)...].filter(\.isNumber)
            guard zone.count == 4, let hours = Int(zone.prefix(2)), let minutes = Int(zone.suffix(2)) else {
                return nil
            }
            offset = Double(hours * 3600 + minutes * 60) * (clock[sign] == "-" ? -1 : 1)
            clock = clock[..<sign]
        }
        return seconds(ofClock: String(clock)).map { start + $0 - offset }
    }

    private static func seconds(ofClock text: String) -> Double? {
        let parts = text.split(separator: ":").map { Double($0) }
        guard (2...3).contains(parts.count), let hours = parts[0], let minutes = parts[1],
            (0...24).contains(hours), (0..<60).contains(minutes)
        else { return nil }
        let seconds = parts.count == 3 ? parts[2] : 0
        guard let seconds, (0...60).contains(seconds) else { return nil }
        return hours * 3600 + minutes * 60 + seconds
    }

    /// Source: Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    private static func seconds(year: Int, month: Int, day: Int) -> Double? {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Double((era * 146_097 + dayOfEra - 719_468) * 86_400)
    }
}
