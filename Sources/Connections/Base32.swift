/// Base32 (RFC 4648) as people paste it: in small letters, in groups, with or without padding.
enum Base32 {
    /// Nil where a character is none of A-Z and 2-7, or the end cannot be that of whole bytes.
    ///
    /// 0, 1 and 8 are not guessed to be O, I and B: a wrong key would only show in codes that are never right.
    static func decode(_ text: String) -> [UInt8]? {
        let digits = text.filter { !$0.isWhitespace && $0 != "-" }
        let padding = digits.reversed().prefix { $0 == "=" }.count
        var (bytes, buffer, bits): ([UInt8], UInt32, UInt32) = ([], 0, 0)
        for character in digits.dropLast(padding) {
            guard let value = value(character) else { return nil }
            buffer = buffer << 5 | value
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
                buffer &= (1 << bits) - 1
            }
        }
        // What is left over are less than five bits, all zero; anything else is a key that was cut off.
        return bits < 5 && buffer == 0 && padding < 8 ? bytes : nil
    }

    private static func value(_ character: Character) -> UInt32? {
        guard let ascii = character.asciiValue else { return nil }
        switch ascii {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return UInt32(ascii - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return UInt32(ascii - UInt8(ascii: "a"))
        case UInt8(ascii: "2")...UInt8(ascii: "7"): return UInt32(ascii - UInt8(ascii: "2")) + 26
        default: return nil
        }
    }
}
