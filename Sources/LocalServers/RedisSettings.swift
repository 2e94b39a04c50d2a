/// The text of a `redis.conf`.
struct RedisSettings {
    let values: [String: String]

    /// One setting a line, sorted, the value quoted with every unusual byte in hexadecimal.
    ///
    /// **Errors**: `invalidSetting` for a name that is not a setting's name.
    func text() throws(LocalServerError) -> String {
        var lines: [String] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Self.isAlphanumeric($0) }) else {
                throw LocalServerError(.invalidSetting, "\"\(name)\" is not the name of a Redis setting.")
            }
            lines.append("\(name) \(Self.quoted(value))\n")
        }
        return lines.joined()
    }

    private static func quoted(_ value: String) -> String {
        let text = value.utf8.map { byte in
            isAlphanumeric(byte) || " -_./:".utf8.contains(byte)
                ? String(UnicodeScalar(byte))
                : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return "\"" + text.joined() + "\""
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
