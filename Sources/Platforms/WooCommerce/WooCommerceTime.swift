import FoundationEssentials

/// WooCommerce's times: `2026-06-04T08:49:57`, of which the `_gmt` ones are UTC without saying so.
enum WooCommerceTime {
    /// The instant in the text of a `_gmt` member; nil for all else.
    static func parse(_ text: String) -> Date? { PlatformTime.parse(text, zoneless: 0) }

    /// The text for an instant, without zone; fractions of a second are cut off.
    static func format(_ date: Date) -> String { String(PlatformTime.format(date).dropLast()) }

    static func format(seconds: Int) -> String { format(Date(timeIntervalSince1970: Double(seconds))) }

    /// Seconds since 1970.
    static func seconds(in text: String) -> Int? { parse(text).map { Int($0.timeIntervalSince1970.rounded(.down)) } }
}
