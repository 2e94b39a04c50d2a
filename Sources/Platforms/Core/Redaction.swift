/// Text of an answer made fit to be kept: without what opens doors and without what is about a person.
///
/// Masked are keys and tokens (by their prefixes, by the names they stand behind, and whatever is long and looks
/// random), e-mail addresses, telephone and card numbers, and every long run of digits. It errs towards masking: what
/// is lost is a detail of a message, and the record itself is elsewhere. What is left is valid UTF-8 without NUL.
package enum Redaction {
    /// So much of a text is looked at; what is behind it is dropped before anything is masked.
    private static let inputBytesMax = 16 * 1024

    /// - Parameter bytesMax: the result's size.
    package static func sanitised(_ bytes: some Collection<UInt8>, bytesMax: Int = UnifiedError.evidenceBytesMax)
        -> String
    {
        var input = Array(bytes.prefix(inputBytesMax))
        if bytes.count > inputBytesMax {
            // A secret cut in two is shorter than what is recognised: the last word goes.
            while let last = input.last, isWord(last) { input.removeLast() }
        }
        var scanner = Scanner(bytes: input)
        let masked = scanner.run()
        return cut(String(decoding: masked, as: UTF8.self), bytesMax: bytesMax)
    }

    package static func sanitised(_ text: String, bytesMax: Int = UnifiedError.evidenceBytesMax) -> String {
        sanitised(text.utf8, bytesMax: bytesMax)
    }

    /// At most so many bytes, ending with a whole character.
    static func cut(_ text: String, bytesMax: Int) -> String {
        if text.utf8.count <= bytesMax { return text }
        var length = 0
        var end = text.startIndex
        for index in text.indices {
            length += text[index].utf8.count
            if length > bytesMax { break }
            end = text.index(after: index)
        }
        return String(text[..<end])
    }

    fileprivate static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF: true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "/"),
            UInt8(ascii: "="), UInt8(ascii: "~"), UInt8(ascii: "|"), UInt8(ascii: "%"):
            true
        default: false
        }
    }

    /// What keys of the platforms begin with; the beginning stays, so that one sees which kind it was.
    fileprivate static let prefixes = [
        "sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_", "pk_test_", "sk_", "rk_", "whsec_", "shpat_",
        "shpca_", "shpss_", "shppa_", "shprt_", "shpua_", "ck_", "cs_", "EAAA", "sq0atp-", "sq0csp-", "sq0idp-",
        "APP_USR-", "TG-", "Atza|", "Atzr|", "A21AA", "eyJ", "v^1.1#", "amzn1.oa2-cs.", "xoxb-", "AKIA", "ghp_",
    ].map { Array($0.utf8) }

    /// Names of members, parameters and headers whose values are nobody's business; a part of a name is enough.
    fileprivate static let secretNames = [
        "token", "secret", "password", "passwd", "passwort", "pwd", "authorization", "api_key", "apikey", "api-key",
        "cookie", "signature", "access_key", "private_key", "client_assertion", "nonce", "otp", "ws_key", "iban",
        "card_number", "cvc", "cvv", "ssn", "phone", "telephone", "email", "first_name", "last_name", "firstname",
        "lastname", "street", "address1", "address2", "birth",
    ].map { Array($0.utf8) }
}

/// One pass over the bytes, from left to right.
private struct Scanner {
    let bytes: [UInt8]
    var index = 0
    var output: [UInt8] = []

    static let mask = Array("***".utf8)

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() -> [UInt8] {
        output.reserveCapacity(bytes.count)
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0 {
                index += 1
            } else if startsWord, maskScheme() || maskPrefix() || maskWord() || maskNamedValue() {
                continue
            } else if byte == UInt8(ascii: "@"), maskAddress() {
                continue
            } else if maskNumber() {
                continue
            } else {
                output.append(byte)
                index += 1
            }
        }
        return output
    }

    private var startsWord: Bool {
        guard Redaction.isWord(bytes[index]) else { return false }
        return index == 0 || !isNameByte(bytes[index - 1])
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte >= 0x80
    }

    /// `Bearer …` and `Basic …`.
    private mutating func maskScheme() -> Bool {
        for scheme in ["bearer ", "basic "]
        where lowercased(from: index, count: scheme.utf8.count) == Array(scheme.utf8) {
            let start = index + scheme.utf8.count
            let end = wordEnd(from: start)
            guard end - start >= 8 else { return false }
            output += bytes[index..<start] + Self.mask
            index = end
            return true
        }
        return false
    }

    /// A key by its prefix: the prefix stays.
    private mutating func maskPrefix() -> Bool {
        for prefix in Redaction.prefixes where bytes[index...].starts(with: prefix) {
            let start = index + prefix.count
            var end = start
            while end < bytes.count, Redaction.isWord(bytes[end]) || bytes[end] == UInt8(ascii: "*") { end += 1 }
            // A full stop behind a key ends the sentence.
            while end > start, bytes[end - 1] == UInt8(ascii: ".") { end -= 1 }
            // Short words that merely begin like a key are left alone.
            guard end > start, prefix.count > 4 || end - start >= 8 else { continue }
            output += prefix + Self.mask
            index = end
            return true
        }
        return false
    }

    /// A long word of letters and digits mixed: a key, a hash, base64. What reads like a path or a name stays.
    private mutating func maskWord() -> Bool {
        var end = index
        var digits = 0
        var letters = 0
        // Long enough to tell; so that many words in a row are not each looked through to the end of all.
        while end < bytes.count, end - index < 512, isLongWord(bytes[end]) {
            if (0x30...0x39).contains(bytes[end]) { digits += 1 } else if bytes[end] >= 0x41 { letters += 1 }
            end += 1
        }
        guard end - index >= 24, digits >= 4, letters >= 4, !isReadable(bytes[index..<end]) else { return false }
        while end < bytes.count, isLongWord(bytes[end]) { end += 1 }
        output += Self.mask
        index = end
        return true
    }

    private func isLongWord(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == 0x2B || byte == 0x2F || byte == 0x3D || byte == 0x2E
    }

    /// Whether the parts between separators are short: routes, file names, class names, dates, UUIDs in pieces.
    private func isReadable(_ word: ArraySlice<UInt8>) -> Bool {
        let parts = word.split { [0x2F, 0x2E, 0x5F, 0x2D].contains($0) }
        return parts.count > 1 && parts.allSatisfy { $0.count < 16 }
    }

    /// A value behind a name: `"access_token":"…"`, `consumer_secret=…`, `X-Api-Key: …`.
    private mutating func maskNamedValue() -> Bool {
        var end = index
        while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
        guard end - index <= 48, end > index else { return false }
        let name = lowercased(from: index, count: end - index)
        guard Redaction.secretNames.contains(where: { contains($0, in: name) }) else { return false }
        var start = end
        var hasSeparator = false
        while start < bytes.count, start - end < 8 {
            let byte = bytes[start]
            if byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") {
                hasSeparator = true
            } else if byte != UInt8(ascii: "\""), byte != UInt8(ascii: " "), byte != UInt8(ascii: "\\"), byte != 0x27 {
                break
            }
            start += 1
        }
        guard hasSeparator, start < bytes.count, !isLiteral(bytes[start...]) else { return false }
        let isQuoted = bytes[end..<start].last == UInt8(ascii: "\"")
        var stop = isQuoted ? quotedEnd(from: start) : valueEnd(from: start)
        // `Authorization: Bearer …`: the scheme is not the secret.
        if !isQuoted, stop < bytes.count, bytes[stop] == 0x20, stop - start <= 8 { stop = valueEnd(from: stop + 1) }
        guard stop > start else { return false }
        output += bytes[index..<start] + Self.mask
        index = stop
        return true
    }

    private func isLiteral(_ value: ArraySlice<UInt8>) -> Bool {
        ["null", "true", "false", "[", "{"].contains { value.starts(with: $0.utf8) }
    }

    private func quotedEnd(from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(end, bytes.count)
    }

    private func valueEnd(from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] > 0x20, !"&\"'<>,;})]".utf8.contains(bytes[end]) { end += 1 }
        return end
    }

    /// An e-mail address: what stands before the sign has been written already and is taken back.
    private mutating func maskAddress() -> Bool {
        var end = index + 1
        while end < bytes.count, isNameByte(bytes[end]) || bytes[end] == UInt8(ascii: ".") { end += 1 }
        guard bytes[(index + 1)..<end].dropLast().contains(UInt8(ascii: ".")) else { return false }
        var start = output.count
        while start > 0, isNameByte(output[start - 1]) || "+.%*'".utf8.contains(output[start - 1]) { start -= 1 }
        guard start < output.count else { return false }
        output.removeSubrange(start...)
        output += Self.mask + [UInt8(ascii: "@")] + Self.mask
        index = end
        return true
    }

    /// Nine digits and more, alone or in groups as telephone and card numbers are written. Dates, times, addresses of
    /// machines and amounts stay.
    private mutating func maskNumber() -> Bool {
        let first = bytes[index]
        let isDigit = (0x30...0x39).contains(first)
        guard isDigit || first == UInt8(ascii: "+") || first == UInt8(ascii: "(") else { return false }
        // The rest of a word, or of a number that has been looked at.
        if isDigit, index > 0, isNameByte(bytes[index - 1]) { return false }
        var end = index
        var digits = 0
        var longest = 0
        var run = 0
        var last = index
        while end < bytes.count, run > 0 || end - index < 64 {
            let byte = bytes[end]
            if (0x30...0x39).contains(byte) {
                digits += 1
                run += 1
                longest = max(longest, run)
                last = end + 1
            } else if " -()/+".utf8.contains(byte), end - last < 2 {
                run = 0
            } else {
                break
            }
            end += 1
        }
        guard digits >= 9, longest >= 9 || !isDate(bytes[index..<last]) else { return false }
        output += Self.mask
        index = last
        return true
    }

    /// `2026-01-02 03`, and lists of small numbers.
    private func isDate(_ number: ArraySlice<UInt8>) -> Bool {
        let groups = number.split { !(0x30...0x39).contains($0) }
        return groups.count >= 3 && groups[0].count == 4 && groups[1].count == 2 && groups[2].count == 2
            || groups.allSatisfy { $0.count < 3 } && number.first != UInt8(ascii: "+")
                && number.first != UInt8(ascii: "0")
    }

    // MARK: Small helpers

    private func wordEnd(from start: Int) -> Int {
        var end = min(start, bytes.count)
        while end < bytes.count, Redaction.isWord(bytes[end]) { end += 1 }
        return end
    }

    private func lowercased(from start: Int, count: Int) -> [UInt8] {
        bytes[start..<min(bytes.count, start + count)].map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    }

    private func contains(_ part: [UInt8], in name: [UInt8]) -> Bool {
        guard name.count >= part.count else { return false }
        return (0...(name.count - part.count)).contains { name[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
