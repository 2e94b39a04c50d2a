/// Text made comparable: lower case, one kind of space and of quotation mark, HTML's entities as what they stand for.
///
/// Platforms answer in the shop's language, through templates that escape as they like: `clé d&rsquo;API`,
/// `clé d’API` and `Clé d'API` are one text.
struct FoldedText {
    let bytes: [UInt8]

    init(_ text: String) {
        var folded: [UInt8] = []
        folded.reserveCapacity(text.utf8.count)
        var hasSpace = true
        var scalars = text.unicodeScalars[...]
        while let next = scalars.popFirst() {
            var scalar = next
            if next == "&", let (meant, rest) = Self.entity(after: scalars) {
                scalar = meant
                scalars = rest
            }
            switch scalar.value {
            case 0...0x20, 0xA0, 0x2000...0x200B, 0x202F, 0x3000:
                if !hasSpace { folded.append(0x20) }
                hasSpace = true
                continue
            case 0x60, 0xB4, 0x2018, 0x2019, 0x201A, 0x2032, 0x02BC: folded.append(UInt8(ascii: "'"))
            case 0x201C, 0x201D, 0x201E, 0xAB, 0xBB: folded.append(UInt8(ascii: "\""))
            case 0x41...0x5A: folded.append(UInt8(scalar.value) + 0x20)
            case 0x21...0x7E: folded.append(UInt8(scalar.value))
            default: folded.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
            hasSpace = false
        }
        if folded.last == 0x20 { folded.removeLast() }
        bytes = folded
    }

    /// What the entity behind an ampersand stands for, and the text behind it.
    private static func entity(
        after text: Substring.UnicodeScalarView
    ) -> (Unicode.Scalar, Substring.UnicodeScalarView)? {
        guard let end = text.prefix(10).firstIndex(of: ";") else { return nil }
        let name = String(text[..<end])
        let rest = text[text.index(after: end)...]
        if let named = entities[name] { return (named, rest) }
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let isHex = digits.first == "x" || digits.first == "X"
        let number = isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return number.flatMap(Unicode.Scalar.init).map { ($0, rest) }
    }

    /// The entities that messages in western languages are written with.
    private static let entities: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "rsquo": "'", "lsquo": "'",
        "ldquo": "\"", "rdquo": "\"", "laquo": "\"", "raquo": "\"",
        "aacute": "á", "agrave": "à", "acirc": "â", "atilde": "ã", "auml": "ä", "aring": "å", "ccedil": "ç",
        "eacute": "é", "egrave": "è", "ecirc": "ê", "euml": "ë", "iacute": "í", "icirc": "î", "iuml": "ï",
        "ntilde": "ñ", "oacute": "ó", "ocirc": "ô", "otilde": "õ", "ouml": "ö", "uacute": "ú", "ugrave": "ù",
        "ucirc": "û", "uuml": "ü", "szlig": "ß",
        "Aacute": "á", "Agrave": "à", "Acirc": "â", "Atilde": "ã", "Auml": "ä", "Ccedil": "ç", "Eacute": "é",
        "Egrave": "è", "Ecirc": "ê", "Iacute": "í", "Ntilde": "ñ", "Oacute": "ó", "Otilde": "õ", "Ouml": "ö",
        "Uacute": "ú", "Uuml": "ü",
    ]
}

/// A pattern of words with `*` for anything between them.
///
/// Not a regular expression: those are compiled slowly and can be made to run for ever by the text they look at, and
/// the text comes from anybody's server. This takes time in proportion to text and pattern.
struct TextPattern: Sendable {
    private let parts: [[UInt8]]
    private let beginsOpen: Bool
    private let endsOpen: Bool

    /// - Parameter isWhole: the pattern is all of the text; else it is anywhere in it.
    init(_ pattern: String, isWhole: Bool = false) {
        let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false).map {
            FoldedText(String($0)).bytes
        }
        beginsOpen = !isWhole || pieces.first?.isEmpty == true
        endsOpen = !isWhole || pieces.last?.isEmpty == true
        parts = pieces.filter { !$0.isEmpty }
    }

    /// A pattern of nothing but `*` fits any text; one of nothing fits only no text.
    func fits(_ text: FoldedText) -> Bool {
        var rest = text.bytes[...]
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            if index == 0, !beginsOpen {
                guard rest.starts(with: part) else { return false }
                rest = rest.dropFirst(part.count)
                if isLast, !endsOpen { return rest.isEmpty }
            } else if isLast, !endsOpen {
                return rest.count >= part.count && rest.suffix(part.count).elementsEqual(part)
            } else {
                guard let found = Self.find(part, in: rest) else { return false }
                rest = rest[(found + part.count)...]
            }
        }
        return !parts.isEmpty || beginsOpen || text.bytes.isEmpty
    }

    /// Where `part` begins in `text`. Only places that begin alike are compared; parts are short.
    private static func find(_ part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        guard let first = part.first, text.count >= part.count else { return nil }
        let last = text.endIndex - part.count
        var index = text.startIndex
        while index <= last {
            if text[index] == first, text[index..<(index + part.count)].elementsEqual(part) { return index }
            index += 1
        }
        return nil
    }
}
