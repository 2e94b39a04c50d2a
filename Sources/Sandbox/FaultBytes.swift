internal import Platforms

/// What each fault does to the bytes of an answer: pure functions of the bytes and a seed.
enum FaultBytes {
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    static let phpWarning = Array(
        """
        <br />
        <b>Warning</b>:  Undefined array key "tax_class" in \
        <b>/var/www/html/wp-content/plugins/checkout-fields/includes/class-order.php</b> on line <b>214</b><br />

        """.utf8)

    /// The first part of a JSON text, so cut that what is left is never a JSON text itself.
    static func truncated(_ body: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        let end = (body.lastIndex { !isSpace($0) } ?? 0)
        guard end > 0 else { return [] }
        return Array(body[..<Int.random(in: max(1, end / 4)...end, using: &random)])
    }

    /// How many bytes of a body of `count` come before the connection is cut: some, but not all.
    static func bytesBeforeCut(_ count: Int, _ random: inout SeededRandom) -> Int {
        count < 2 ? 0 : Int.random(in: max(1, count / 4)...max(1, count - 1 - count / 10), using: &random)
    }

    /// Bytes that no decoder of UTF-8 may accept, put at an end of a string.
    static func withInvalidUTF8(_ body: [UInt8], _ random: inout SeededRandom) -> [UInt8]? {
        // A lone high byte, an overlong form, a surrogate, and a sequence that the string's end cuts short.
        let wrong: [[UInt8]] = [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82]]
        let bytes = wrong[Int.random(in: 0..<wrong.count, using: &random)]
        return inserting(atStart: bytes, atEnd: bytes, into: body, &random)
    }

    static func withNULEscape(_ body: [UInt8], _ random: inout SeededRandom) -> [UInt8]? {
        let escape = Array(#"\u0000"#.utf8)
        return inserting(atStart: escape, atEnd: escape, into: body, &random)
    }

    /// A low surrogate before all else or a high one after it: there the other half can never follow.
    static func withLoneSurrogate(_ body: [UInt8], _ random: inout SeededRandom) -> [UInt8]? {
        inserting(atStart: Array(#"\ude00"#.utf8), atEnd: Array(#"\ud83d"#.utf8), into: body, &random)
    }

    static func withHugeString(_ body: [UInt8], bytes: Int, _ random: inout SeededRandom) -> [UInt8]? {
        let filler = [UInt8](repeating: UInt8(ascii: "x"), count: bytes)
        return inserting(atStart: filler, atEnd: filler, into: body, &random)
    }

    /// Puts bytes inside one string value picked by the seed; nil when the body has none that may be touched.
    private static func inserting(
        atStart: [UInt8], atEnd: [UInt8], into body: [UInt8], _ random: inout SeededRandom
    ) -> [UInt8]? {
        guard let value = textValue(in: body, &random) else { return nil }
        let goesFirst = Bool.random(using: &random)
        let position = goesFirst ? value.lowerBound : value.upperBound
        let bytes = goesFirst ? atStart : atEnd
        var spoilt: [UInt8] = []
        spoilt.reserveCapacity(body.count + bytes.count)
        spoilt += body[..<position]
        spoilt += bytes
        spoilt += body[position...]
        return spoilt
    }

    /// The inside of a string that is the value of a member and reads like words.
    ///
    /// Identifiers, times, links and cursors are left alone: with those spoilt the answer would speak of other
    /// records, or of other pages, than the store has, and no reader could be right. Strings of several words
    /// come first (names, notes, titles), single words (states, currencies) where there are none.
    static func textValue(in body: [UInt8], _ random: inout SeededRandom) -> Range<Int>? {
        guard let first = body.first(where: { !isSpace($0) }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        else { return nil }
        var picked: (several: Range<Int>?, single: Range<Int>?)
        var seen = (several: 0, single: 0)
        var index = 0
        var followsColon = false
        while index < body.count {
            let byte = body[index]
            guard byte == UInt8(ascii: "\"") else {
                if !isSpace(byte) { followsColon = byte == UInt8(ascii: ":") }
                index += 1
                continue
            }
            guard let end = closingQuote(of: index, in: body) else { break }
            let range = (index + 1)..<end
            switch followsColon ? wording(of: body[range]) : .other {
            case .severalWords:
                // Reservoir sampling: each has the same chance, and the body is walked once.
                seen.several += 1
                if Int.random(in: 0..<seen.several, using: &random) == 0 { picked.several = range }
            case .singleWord:
                seen.single += 1
                if Int.random(in: 0..<seen.single, using: &random) == 0 { picked.single = range }
            case .other: break
            }
            followsColon = false
            index = end + 1
        }
        return picked.several ?? picked.single
    }

    private static func closingQuote(of start: Int, in body: [UInt8]) -> Int? {
        var index = start + 1
        while index < body.count {
            if body[index] == UInt8(ascii: "\"") { return index }
            index += body[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    private enum Wording { case severalWords, singleWord, other }

    private static func wording(of text: ArraySlice<UInt8>) -> Wording {
        // A time with a zone's name has words in it, too.
        if let first = text.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) { return .other }
        var hasLetter = false
        var hasSpace = false
        var hasOther = false
        for byte in text {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...: hasLetter = true
            case UInt8(ascii: " "): hasSpace = true
            // A link is one even when its query was not encoded.
            case UInt8(ascii: "/"): return .other
            default: hasOther = true
            }
        }
        guard hasLetter else { return .other }
        return hasSpace ? .severalWords : (hasOther ? .other : .singleWord)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
