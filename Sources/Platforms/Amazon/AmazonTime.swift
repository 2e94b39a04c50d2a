import FoundationEssentials

/// Points in time as Amazon writes and wants them: ISO 8601.
enum AmazonTime {
    static func format(_ date: Date) -> String {
        PlatformTime.format(min(max(date, Date(timeIntervalSince1970: 0)), latest))
    }

    /// Nil for what is no time, and for what lies outside the years anything was sold in.
    static func parse(_ text: String?) -> Date? { text.flatMap { checked(PlatformTime.parse($0)) } }

    static func parse(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Date? {
        checked(PlatformTime.parse(UnsafeBufferPointer(rebasing: bytes)))
    }

    static func floor(_ date: Date) -> Date { PlatformTime.floor(date) }

    private static func checked(_ date: Date?) -> Date? {
        guard let date, date >= Date(timeIntervalSince1970: 0), date < latest else { return nil }
        return date
    }

    private static let latest = Date(timeIntervalSince1970: 4_102_444_800)
}
