package import FoundationEssentials

/// Instants as platforms write them: ISO 8601, and the three forms of HTTP.
///
/// Written by hand because every record of every page needs it: Foundation's parser takes some microseconds a time,
/// which is more than all the rest that happens to a record.
package enum PlatformTime {
    /// The instant in a text like `2026-06-04T08:49:57Z`: seconds may be missing or have a fraction, a space may stand
    /// for the `T`, and the zone is `Z` or an offset like `+02:00`, `+0200`.
    ///
    /// - Parameter zoneless: seconds east of UTC that a text without a zone is in; nil refuses such a text.
    /// - Returns: nil for all else, a date alone among it.
    package static func parse(_ text: String, zoneless: Int? = nil) -> Date? {
        var text = text
        return text.withUTF8 { parse($0, zoneless: zoneless) }
    }

    package static func parse(_ bytes: UnsafeBufferPointer<UInt8>, zoneless: Int? = nil) -> Date? {
        guard bytes.count >= 16, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10]),
            let year = number(bytes, 0..<4), let month = number(bytes, 5..<7), let day = number(bytes, 8..<10),
            let start = seconds(year: year, month: month, day: day)
        else { return nil }
        var end = 11
        while end < bytes.count, isOfClock(bytes[end]) { end += 1 }
        guard let clock = clock(bytes, 11..<end), let offset = offset(bytes, end..<bytes.count) ?? zoneless else {
            return nil
        }
        // What has a zone of its own needs no other; what stands behind the clock and is no zone spoils it all.
        if end < bytes.count, Self.offset(bytes, end..<bytes.count) == nil { return nil }
        return Date(timeIntervalSince1970: start + clock - Double(offset))
    }

    /// `2026-06-04T08:49:57Z`; fractions of a second are cut off.
    package static func format(_ date: Date) -> String {
        var bytes: [UInt8] = []
        append(Int(date.timeIntervalSince1970.rounded(.down)), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The second an instant lies in.
    package static func floor(_ date: Date) -> Date {
        Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
    }

    /// Appends the text for a number of seconds since 1970.
    package static func append(_ epoch: Int, to out: inout [UInt8], separator: UInt8 = UInt8(ascii: "T")) {
        var day = epoch / 86400
        var rest = epoch % 86400
        if rest < 0 {
            rest += 86400
            day -= 1
        }
        let (year, month, dayOfMonth) = civil(day)
        two(year / 100, &out)
        two(year % 100, &out)
        out.append(UInt8(ascii: "-"))
        two(month, &out)
        out.append(UInt8(ascii: "-"))
        two(dayOfMonth, &out)
        out.append(separator)
        two(rest / 3600, &out)
        out.append(UInt8(ascii: ":"))
        two(rest / 60 % 60, &out)
        out.append(UInt8(ascii: ":"))
        two(rest % 60, &out)
        if separator == UInt8(ascii: "T") { out.append(UInt8(ascii: "Z")) }
    }

    /// The three forms of RFC 9110, section 5.6.7; the zone is always GMT.
    package static func parseHTTP(_ text: String) -> Date? {
        let words = text.lowercased().split { " ,-".contains($0) }.map(String.init)
        guard words.count >= 5, let month = words.firstIndex(where: { months.contains($0) }),
            let clockWord = words.first(where: { $0.contains(":") }), let time = clock(clockWord)
        else { return nil }
        // "21 Oct 2015 07:28:00 GMT", "21-Oct-15 07:28:00 GMT", "Oct 21 07:28:00 2015"
        let isAscTime = month == 1 && words[2].allSatisfy(\.isNumber)
        guard let day = Int(isAscTime ? words[2] : words[month - 1]),
            var year = Int(isAscTime ? words[words.count - 1] : words[month + 1]),
            let monthNumber = months.firstIndex(of: words[month])
        else { return nil }
        if year < 100 { year += year < 70 ? 2000 : 1900 }
        return seconds(year: year, month: monthNumber + 1, day: day).map { Date(timeIntervalSince1970: $0 + time) }
    }

    // MARK: - Parts

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    private static func isOfClock(_ byte: UInt8) -> Bool {
        (48...58).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",")
    }

    private static func clock(_ text: String) -> Double? {
        var text = text
        return text.withUTF8 { clock($0, 0..<$0.count) }
    }

    /// `08:49`, `08:49:57`, `08:49:57.25`, in seconds.
    private static func clock(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Double? {
        let start = range.lowerBound
        guard range.count >= 5, bytes[start + 2] == UInt8(ascii: ":"), let hour = number(bytes, start..<start + 2),
            let minute = number(bytes, start + 3..<start + 5), hour < 24, minute < 60
        else { return nil }
        var seconds = Double(hour * 3600 + minute * 60)
        if range.count == 5 { return seconds }
        guard range.count >= 8, bytes[start + 5] == UInt8(ascii: ":"),
            let second = number(bytes, start + 6..<start + 8), second < 61
        else { return nil }
        seconds += Double(second)
        if range.count == 8 { return seconds }
        let digits = range.count - 9
        guard (1...9).contains(digits), !(48...58).contains(bytes[start + 8]),
            let fraction = number(bytes, start + 9..<range.upperBound)
        else { return nil }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return seconds + Double(fraction) / scale
    }

    /// Seconds east of UTC; nil for what is no zone, nothing among it.
    private static func offset(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int? {
        guard let first = range.first else { return nil }
        if range.count == 1 { return bytes[first] == UInt8(ascii: "Z") || bytes[first] == UInt8(ascii: "z") ? 0 : nil }
        let isWest = bytes[first] == UInt8(ascii: "-")
        guard isWest || bytes[first] == UInt8(ascii: "+"), range.count == 5 || range.count == 6,
            range.count == 5 || bytes[first + 3] == UInt8(ascii: ":"), let hours = number(bytes, first + 1..<first + 3),
            let minutes = number(bytes, range.upperBound - 2..<range.upperBound), hours < 24, minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
    }

    private static func two(_ value: Int, _ out: inout [UInt8]) {
        out.append(UInt8(48 + value / 10 % 10))
        out.append(UInt8(48 + value % 10))
    }

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.upperBound <= bytes.count else { return nil }
        var value = 0
        for index in range {
            let digit = bytes[index] &- 48
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    /// Seconds from 1970 to the beginning of a day; nil for a day that no calendar has.
    private static func seconds(year: Int, month: Int, day: Int) -> Double? {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        let days = days(year: year, month: month, day: day)
        return civil(days) == (year, month, day) ? Double(days * 86_400) : nil
    }

    // Days since 1970 and back in the proleptic Gregorian calendar.
    // Source: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil and civil_from_days.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
