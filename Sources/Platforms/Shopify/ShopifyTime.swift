import FoundationEssentials

/// Shopify's time format: UTC to the second, `2026-06-04T08:49:57Z`.
///
/// Written by hand because every record of every page needs it: Foundation's parser takes some microseconds a
/// time, which is more than all the rest that happens to a record here.
enum ShopifyTime {
    /// The instant in a text of the form `2026-06-04T08:49:57Z`, fractions of a second allowed; nil for all else.
    static func parse(_ text: String) -> Date? {
        var text = text
        return text.withUTF8 { parse($0) }
    }

    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Date? {
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[4] == UInt8(ascii: "-"),
            bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), let year = number(bytes, 0, 4), let month = number(bytes, 5, 2),
            let day = number(bytes, 8, 2), let hour = number(bytes, 11, 2), let minute = number(bytes, 14, 2),
            let second = number(bytes, 17, 2), (1...12).contains(month), (1...31).contains(day), hour < 24,
            minute < 60, second < 61
        else { return nil }
        var fraction = 0.0
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: "."), bytes.count <= 30,
                let digits = number(bytes, 20, bytes.count - 21)
            else { return nil }
            var scale = 1.0
            for _ in 0..<(bytes.count - 21) { scale *= 10 }
            fraction = Double(digits) / scale
        }
        let seconds = days(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second
        return Date(timeIntervalSince1970: Double(seconds) + fraction)
    }

    /// The text for an instant; fractions of a second are cut off.
    static func format(_ date: Date) -> String {
        var bytes: [UInt8] = []
        append(Int(date.timeIntervalSince1970.rounded(.down)), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The second an instant lies in.
    static func floor(_ date: Date) -> Date {
        Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
    }

    /// Appends the text for a number of seconds since 1970.
    static func append(_ epoch: Int, to out: inout [UInt8], separator: UInt8 = UInt8(ascii: "T")) {
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

    private static func two(_ value: Int, _ out: inout [UInt8]) {
        out.append(UInt8(48 + value / 10 % 10))
        out.append(UInt8(48 + value % 10))
    }

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int? {
        guard count > 0 else { return nil }
        var value = 0
        for index in start..<(start + count) {
            let digit = bytes[index] &- 48
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
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
