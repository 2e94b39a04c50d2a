internal import Foundation

/// The forms in which a secret may stand in a text or in bytes without looking like itself.
struct SecretForms {
    /// Each form's bytes, by its name. Where two are the same, the plainer name has it.
    let all: [(name: String, bytes: [UInt8])]

    init(_ secret: String) {
        let bytes = Array(secret.utf8)
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        var forms = [("plain", bytes), ("hex", Array(hex.utf8)), ("hex", Array(hex.uppercased().utf8))]
        forms += Self.base64(bytes).map { ("base64", $0) }
        let percent = Self.percent(bytes, keeping: "-._~")
        let form = Self.percent(bytes, keeping: "-._*").replacing("%20", with: "+")
        for text in [percent, form, Self.lowercasedEscapes(percent), Self.lowercasedEscapes(form)] {
            forms.append(("percent-encoded", Array(text.utf8)))
            forms.append(("percent-encoded twice", Array(text.replacing("%", with: "%25").utf8)))
        }
        // A value in a URL is often encoded only where it must be.
        forms.append(("percent-encoded", Array(Self.percent(bytes, keeping: "-._~!$'()*,;:@/?").utf8)))
        forms.append(("percent-encoded", Array(Self.percent(bytes, keeping: "-._~/").utf8)))
        for (name, text) in Self.json(secret) { forms.append((name, Array(text.utf8))) }
        var seen: Set<[UInt8]> = []
        all = forms.filter { seen.insert($0.1).inserted }.map { (name: $0.0, bytes: $0.1) }
    }

    /// Base64 of a longer text shows one of three, whichever byte the secret begins at: without the digits that also
    /// hold bits of its neighbours.
    private static func base64(_ bytes: [UInt8]) -> [[UInt8]] {
        (0..<3).flatMap { offset in
            let text = Array(Data([UInt8](repeating: 0, count: offset) + bytes).base64EncodedString().utf8)
            let first = [0, 2, 3][offset]
            let whole = (offset + bytes.count) * 8 / 6
            let digits = Array(text[first..<whole])
            let urlSafe = digits.map {
                $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
            }
            // In JSON a slash may carry a backslash, in a query plus and slash are escaped.
            let text1 = String(decoding: digits, as: UTF8.self)
            return [
                digits, urlSafe, Array(text1.replacing("/", with: "\\/").utf8),
                Array(text1.replacing("+", with: "%2B").replacing("/", with: "%2F").utf8),
            ]
        }
    }

    private static func percent(_ bytes: [UInt8], keeping marks: String) -> String {
        bytes.map { byte in
            let character = Character(UnicodeScalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || marks.contains(character) {
                return String(character)
            }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    private static func lowercasedEscapes(_ text: String) -> String {
        var (result, left) = ("", 0)
        for character in text {
            result += left > 0 ? character.lowercased() : String(character)
            left = character == "%" ? 2 : max(0, left - 1)
        }
        return result
    }

    /// As JSON strings hold it: what must be escaped, slashes too, everything beyond ASCII too, every character; and
    /// once more, for JSON inside JSON.
    private static func json(_ secret: String) -> [(String, String)] {
        func escaped(_ mustEscape: (UInt16) -> Bool) -> String {
            secret.utf16.map { unit in
                switch unit {
                case 0x22: return "\\\""
                case 0x5C: return "\\\\"
                case 0x2F where mustEscape(unit): return "\\/"
                case _ where mustEscape(unit) || unit < 0x20:
                    let digits = String(unit, radix: 16)
                    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                default: return String(decoding: [unit], as: UTF16.self)
                }
            }.joined()
        }
        func twice(_ text: String) -> String {
            text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        }
        // Pairs of surrogates are no text of their own: those secrets are escaped as a whole.
        let hasPairs = secret.utf16.contains { (0xD800...0xDFFF).contains($0) }
        let texts =
            (hasPairs ? [] : [escaped { _ in false }, escaped { $0 == 0x2F }])
            + [escaped { $0 >= 0x7F }, escaped { $0 >= 0x7F || $0 == 0x2F }]
        let all =
            "\\u"
            + secret.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return String(repeating: "0", count: 4 - digits.count) + digits
            }.joined(separator: "\\u")
        let nested = texts.map(twice)
        return texts.map { ("JSON", $0) } + nested.map { ("JSON in JSON", $0) }
            + nested.map { ("JSON in JSON", $0.replacing("/", with: "\\/")) } + [("JSON", all)]
    }
}
