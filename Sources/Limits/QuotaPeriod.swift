import Foundation
import Platforms

/// One period of a quota, in microseconds since 1970. The database computes the same in `portolan.draw_quota`.
struct QuotaPeriod: Equatable {
    var start: Double
    var end: Double

    /// How long before and after its end nothing is sent: clocks differ and requests take their time, and a request
    /// of one period that is counted in the other is one too many there.
    static func guardTime(_ length: Duration) -> Double {
        min(2_000_000, (Double(length.limiterMicroseconds) / 50).rounded(.down))
    }

    /// The period at an instant.
    ///
    /// - Parameter known: the last one that is known, which goes on until its end where nothing else says when that is.
    static func at(_ now: Double, resets: Bucket.Reset, known: QuotaPeriod?) -> QuotaPeriod? {
        let late = now - guardTime(resets.length)
        switch resets {
        case .every(let length):
            if let known, late < known.end { return known }
            return QuotaPeriod(start: now, end: now + Double(length.limiterMicroseconds))
        case .daily(let hour, let minute, let zone):
            guard let timeZone = TimeZone(identifier: zone) else { return nil }
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = timeZone
            let instant = Date(timeIntervalSince1970: late / 1_000_000)
            func reset(_ days: Int) -> Double? {
                guard let day = calendar.date(byAdding: .day, value: days, to: calendar.startOfDay(for: instant))
                else { return nil }
                var time = calendar.dateComponents([.year, .month, .day], from: day)
                (time.hour, time.minute) = (hour, minute)
                return calendar.date(from: time).map { ($0.timeIntervalSince1970 * 1_000_000).rounded() }
            }
            let resets = (-1...2).compactMap(reset)
            guard let start = resets.last(where: { $0 <= late }), let end = resets.first(where: { $0 > late })
            else { return nil }
            return QuotaPeriod(start: start, end: end)
        }
    }
}
