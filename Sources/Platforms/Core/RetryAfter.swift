package import FoundationEssentials

/// When a platform says to come back, in any of the forms they use.
package enum RetryAfter {
    /// Longer waits are taken for this one.
    package static let max = Duration.seconds(2 * 86_400)

    /// The wait that the text stands for; nil for what says nothing. What has passed is no wait left: zero.
    ///
    /// Reads seconds (`120`, `2.0`, `30s`), milliseconds (`1500ms`), the instant in seconds or milliseconds since 1970,
    /// an HTTP date in its three forms, and an ISO 8601 date. A bare number is an instant when it is one of after 2001,
    /// which as a wait would be thirty years.
    package static func parse(_ text: String, now: Date, max: Duration = max) -> Duration? {
        var text = text.filter { $0 != "\"" }.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        guard (1...64).contains(text.utf8.count) else { return nil }
        let epoch = now.timeIntervalSince1970
        if text.hasSuffix("ms"), let number = number(text.dropLast(2)) { return bounded(number / 1000, max) }
        if text.hasSuffix("s"), let number = number(text.dropLast(1)) { return bounded(number, max) }
        if let number = number(text) {
            if number >= firstInstant * 1000 { return bounded(number / 1000 - epoch, max) }
            return bounded(number >= firstInstant ? number - epoch : number, max)
        }
        let words = String(text)
        guard let instant = PlatformTime.parseHTTP(words) ?? PlatformTime.parse(words, zoneless: 0) else { return nil }
        return bounded(instant.timeIntervalSince(now), max)
    }

    /// 2001-09-09.
    private static let firstInstant = 1e9

    /// Rounded up: coming a millisecond early is coming in vain.
    private static func bounded(_ seconds: Double, _ max: Duration) -> Duration {
        let most = Double(max.components.seconds)
        return .milliseconds(Int64((Swift.max(0, Swift.min(seconds, most)) * 1000).rounded(.up)))
    }

    /// Digits with at most one point; no signs, exponents, `inf` or `nan`.
    static func number(_ text: some StringProtocol) -> Double? {
        guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 })
        else { return nil }
        return Double(text)
    }
}
