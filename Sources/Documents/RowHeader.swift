/// The names of a table's columns as keys, and its rows as JSON objects.
///
/// Platforms write one column in several ways over the years and in several languages; the keys do not show it:
/// lower case, blanks and underscores as hyphens, a number behind a name that comes twice, `column-7` for none.
package struct RowHeader: Sendable {
    package let keys: [String]
    /// Each key as it stands in an object: `"order-id":`.
    private let members: [[UInt8]]

    /// - Parameter aliases: other names of a key, normalised, e.g. in another language.
    package init(_ names: [String], aliases: [String: String] = [:]) {
        var seen: [String: Int] = [:]
        var keys: [String] = []
        for (index, name) in names.enumerated() {
            let plain = Self.key(name)
            let key = plain.isEmpty ? "column-\(index + 1)" : aliases[plain] ?? plain
            let count = seen[key, default: 0] + 1
            seen[key] = count
            keys.append(count == 1 ? key : "\(key)-\(count)")
        }
        self.keys = keys
        members = keys.map { key in
            var member: [UInt8] = []
            Self.append(Array(key.utf8)[...], to: &member)
            member.append(UInt8(ascii: ":"))
            return member
        }
    }

    package static func key(_ name: String) -> String {
        let words = name.lowercased().split { $0 == " " || $0 == "_" || $0 == "\u{A0}" || $0 == "\t" }
        return words.joined(separator: "-")
    }

    /// Appends a row as an object. Values are texts as they came; what a short row lacks is left out, what a long one
    /// has more gets a name of its own.
    package func append(
        _ text: UnsafeBufferPointer<UInt8>, _ fields: [Range<Int>], to json: inout [UInt8]
    ) {
        json.append(UInt8(ascii: "{"))
        for (index, field) in fields.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            if index < members.count {
                json += members[index]
            } else {
                Self.append(Array("column-\(index + 1)".utf8)[...], to: &json)
                json.append(UInt8(ascii: ":"))
            }
            Self.append(text[field], to: &json)
        }
        json.append(UInt8(ascii: "}"))
    }

    /// A JSON string of UTF-8 text.
    private static func append(_ text: some RandomAccessCollection<UInt8>, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        if !text.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
            json += text
        } else {
            for byte in text {
                switch byte {
                case 0x22, 0x5C: json += [0x5C, byte]
                case 0..<0x20:
                    json += Array("\\u00".utf8)
                    json += [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
                default: json.append(byte)
                }
            }
        }
        json.append(UInt8(ascii: "\""))
    }

    private static let hex = Array("0123456789abcdef".utf8)
}
