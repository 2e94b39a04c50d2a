/// The encoding of a text, as headers name it.
package struct Charset: Sendable, Equatable {
    /// The name iconv knows it by.
    let name: String

    package static let utf8 = Charset(name: "UTF-8")
    /// Western European Windows.
    package static let windows1252 = Charset(name: "CP1252")
    /// Japanese Windows: Shift_JIS with the characters that Windows added.
    package static let windows932 = Charset(name: "CP932")

    /// ASCII bytes mean the same in it, wherever no character is under way.
    var keepsASCII: Bool { !name.hasPrefix("UTF-16") && !name.hasPrefix("UTF-32") && !name.hasPrefix("ISO-2022") }

    private init(name: String) { self.name = name }

    /// - Parameter label: e.g. `Cp1252`, `UTF-8`, `Shift_JIS`; nil is answered for what cannot be a name.
    package init?(label: String) {
        let label = label.filter { $0 != "\"" && $0 != "'" && $0 != " " }.uppercased()
        guard (2...40).contains(label.utf8.count),
            label.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) || [45, 46, 58, 95].contains($0) })
        else { return nil }
        switch label {
        case "UTF8", "UTF-8": self = .utf8
        // What is labelled as one of these is written on Windows and holds its characters.
        case "CP1252", "WINDOWS-1252", "ISO-8859-1", "LATIN1", "US-ASCII", "ASCII": self = .windows1252
        case "SHIFT_JIS", "SHIFT-JIS", "SJIS", "CP932", "WINDOWS-31J", "MS932", "MS_KANJI": self = .windows932
        default: name = label
        }
    }

    /// The `charset` parameter of a content type.
    package init?(contentType: String) {
        for part in contentType.split(separator: ";").dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].lowercased().filter({ $0 != " " }) == "charset" else { continue }
            self.init(label: String(pair[1]))
            return
        }
        return nil
    }
}
