/// Which fields of a raw record each column of a view is made from, read from the view's own text.
///
/// A reader, not a parser of SQL: it knows the ways in which views take fields out of a payload, and leaves out what it
/// does not know.
struct DocumentSelectList {
    /// Columns in the view's order, each with what all branches of the view make it from.
    private(set) var columns: [(name: String, sources: [String])] = []

    init(view text: String) {
        let bare = Self.withoutComments(text)
        guard let start = bare.firstRange(of: " as\nselect") ?? bare.firstRange(of: " as\n  select") else { return }
        let body = bare[start.lowerBound...].dropFirst(4)
        var names: [String] = []
        for branch in Self.split(body.split(separator: ";").first.map(String.init) ?? "", at: "union all") {
            guard let select = branch.firstRange(of: "select") else { continue }
            let parts = Self.split(String(branch[select.upperBound...]), at: "from")
            guard parts.count > 1 else { continue }
            let bases = DocumentBases(from: parts.dropFirst().joined(separator: " from "))
            for (index, item) in Self.split(parts[0], at: ",").enumerated() {
                let (expression, name) = Self.named(item)
                if names.count == index { names.append(name) }
                add(bases.sources(of: expression), to: names[index])
            }
        }
    }

    func sources(of column: String) -> [String] { columns.first { $0.name == column }?.sources ?? [] }

    private mutating func add(_ sources: [String], to name: String) {
        if let index = columns.firstIndex(where: { $0.name == name }) {
            columns[index].sources += sources.filter { !columns[index].sources.contains($0) }
        } else {
            columns.append((name, sources))
        }
    }

    // MARK: - Text

    private static func withoutComments(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            !line.drop { $0 == " " }.hasPrefix("--")
        }.joined(separator: "\n")
    }

    /// Splits where `word` stands outside of brackets and quotes; a word of letters stands alone.
    static func split(_ text: String, at word: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        var isQuoted = false
        var rest = text[...]
        while let character = rest.first {
            let isFree = depth == 0 && !isQuoted
            if isFree, rest.hasPrefix(word), word == "," || stands(alone: word, after: part.last, in: rest) {
                parts.append(part)
                part = ""
                rest = rest.dropFirst(word.count)
                continue
            }
            if character == "'" { isQuoted.toggle() }
            if !isQuoted, character == "(" || character == "[" { depth += 1 }
            if !isQuoted, character == ")" || character == "]" { depth -= 1 }
            part.append(character)
            rest = rest.dropFirst()
        }
        return parts + [part]
    }

    private static func stands(alone word: String, after last: Character?, in rest: Substring) -> Bool {
        let next = rest.dropFirst(word.count).first
        return last?.isWord != true && next?.isWord != true
    }

    /// `expression as name`, `alias.name` or `name`.
    static func named(_ item: String) -> (expression: String, name: String) {
        let parts = split(item, at: "as")
        if parts.count > 1, let name = parts.last?.trimmed, name.allSatisfy(\.isWord) {
            return (parts.dropLast().joined(separator: "as").trimmed, name)
        }
        let bare = item.trimmed
        return (bare, bare.split(separator: ".").last.map(String.init) ?? bare)
    }
}

extension Character {
    var isWord: Bool { isASCII && (isLetter || isNumber || self == "_") }
}

extension String {
    var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
