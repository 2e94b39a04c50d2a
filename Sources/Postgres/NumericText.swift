/// Writes numeric's binary form as decimal text, every digit kept.
///
/// The form is: count of base-10000 digits, weight of the first (how many base-10000 places before the point, less
/// one), sign, and how many decimal places to show; then the digits.
enum NumericText {
    private static let negative: UInt16 = 0x4000
    private static let notANumber: UInt16 = 0xC000
    private static let positiveInfinity: UInt16 = 0xD000
    private static let negativeInfinity: UInt16 = 0xF000
    private static let headerByteCount = 8

    static func decode(_ cell: PostgresCell, _ bytes: UnsafeRawBufferPointer) throws(PostgresError) -> String {
        let digitCount = Int(try cell.integer(UInt16.self, for: String.self))
        let weight = Int(try cell.integer(Int16.self, at: 2, for: String.self))
        let sign = try cell.integer(UInt16.self, at: 4, for: String.self)
        let places = Int(try cell.integer(UInt16.self, at: 6, for: String.self))
        switch sign {
        case notANumber: return "NaN"
        case positiveInfinity: return "Infinity"
        case negativeInfinity: return "-Infinity"
        default: break
        }
        guard bytes.count == headerByteCount + 2 * digitCount else {
            throw cell.malformed(String.self, "unexpected length")
        }
        func group(_ index: Int) -> String {
            guard index >= 0, index < digitCount else { return "0000" }
            let offset = headerByteCount + 2 * index
            let digits = String(UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]))
            return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        }
        var whole = ""
        if weight >= 0 {
            for index in 0...weight { whole += group(index) }
            whole = String(whole.drop { $0 == "0" })
        }
        var text = (sign == negative ? "-" : "") + (whole.isEmpty ? "0" : whole)
        guard places > 0 else { return text }
        var fraction = ""
        var index = weight + 1
        while fraction.utf8.count < places {
            fraction += group(index)
            index += 1
        }
        text += "." + fraction.prefix(places)
        return text
    }
}
