/// Encodings that simulated reports are written in. What an encoding lacks is a question mark, as Amazon has it.
enum AmazonSandboxEncoding: String {
    case cp1252, shiftJIS = "shift_jis", utf8 = "utf-8"

    /// As the header of a download names it.
    var label: String {
        switch self {
        case .cp1252: "Cp1252"
        case .shiftJIS: "Shift_JIS"
        case .utf8: "UTF-8"
        }
    }

    /// The text as it is after it has been through the encoding.
    func lossy(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(bytes(of: scalar) == [0x3F] ? "?" : scalar) }
        return String(result)
    }

    func encode(_ text: String) -> [UInt8] {
        if self == .utf8 { return Array(text.utf8) }
        return text.unicodeScalars.flatMap(bytes(of:))
    }

    private func bytes(of scalar: Unicode.Scalar) -> [UInt8] {
        let value = scalar.value
        if value < 0x80 { return [UInt8(value)] }
        switch self {
        case .utf8: return Array(String(scalar).utf8)
        case .cp1252:
            switch value {
            case 0xA0...0xFF: return [UInt8(value)]
            case 0x20AC: return [0x80]
            case 0x2019: return [0x92]
            default: return [0x3F]
            }
        case .shiftJIS:
            switch value {
            // Katakana; their second bytes leave out 0x7F, and one of them is a backslash.
            case 0x30A1...0x30F6:
                let place = UInt8(value - 0x30A1)
                return [0x83, 0x40 + place + (place >= 0x3F ? 1 : 0)]
            case 0x30FC: return [0x81, 0x5B]
            default: return [0x3F]
            }
        }
    }
}
