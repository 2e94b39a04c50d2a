import FoundationEssentials

/// Base64 without Foundation, for page cursors.
enum ShopifySandboxBase64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                out.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func decode(_ text: String) -> String? {
        var bits = 0
        var count = 0
        var out: [UInt8] = []
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(bits >> count & 255))
                bits &= (1 << count) - 1
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}

/// What a page cursor of a root connection says.
enum ShopifySandboxCursor {
    /// `{"last_id":8651795988617,"last_value":"2026-06-04 08:49:57.000000"}` in base64.
    static func encode(id: Int, epoch: Int) -> String {
        var time: [UInt8] = []
        PlatformTime.append(epoch, to: &time, separator: UInt8(ascii: " "))
        return ShopifySandboxBase64.encode(
            "{\"last_id\":\(id),\"last_value\":\"\(String(decoding: time, as: UTF8.self)).000000\"}")
    }

    /// Identifier and time; nil when the cursor is not one of ours.
    static func decode(_ cursor: String) -> (id: Int, epoch: Int)? {
        guard let text = ShopifySandboxBase64.decode(cursor), let id = lastID(text),
            let start = text.firstRange(of: "\"last_value\":\"")?.upperBound
        else { return nil }
        let value = text[start...].prefix { $0 != "." }.replacing(" ", with: "T")
        guard let time = PlatformTime.parse(value + "Z") else { return nil }
        return (id, Int(time.timeIntervalSince1970))
    }

    static func lastID(_ text: String) -> Int? {
        guard let start = text.firstRange(of: "\"last_id\":")?.upperBound else { return nil }
        return Int(text[start...].prefix { $0.isNumber })
    }
}
