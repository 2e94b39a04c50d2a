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
        case .httpDate: seconds = Self.until(PlatformTime.parseHTTP(trimmed), now)
        case .iso8601: seconds = Self.until(PlatformTime.parse(trimmed, zoneless: 0), now)
        case .retryAfter: seconds = nil
        }
        guard let seconds, seconds.isFinite else { return nil }
        let isTime = ![.seconds, .milliseconds].contains(unit)
        if seconds < 0, !isTime { return nil }
        let longest = Double(max.components.seconds)
        return .milliseconds(Int64((Swift.max(0, Swift.min(seconds, longest)) * 1000).rounded(.up)))
    }

    private static func until(_ time: Date?, _ now: Date) -> Double? { time?.timeIntervalSince(now) }
}
