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
            let bases = Self.bases(in: parts.dropFirst().joined(separator: " from "))
            for (index, item) in Self.split(parts[0], at: ",").enumerated() {
                let (expression, name) = Self.named(item)
                if names.count == index { names.append(name) }
                add(Self.sources(of: expression, bases), to: names[index])
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
    private static func named(_ item: String) -> (expression: String, name: String) {
        let parts = split(item, at: "as")
        if parts.count > 1, let name = parts.last?.trimmed, name.allSatisfy(\.isWord) {
            return (parts.dropLast().joined(separator: "as").trimmed, name)
        }
        let bare = item.trimmed
        return (bare, bare.split(separator: ".").last.map(String.init) ?? bare)
    }

    // MARK: - Fields

    /// What names of the from clause stand for: `p` is the record, `l` an element of a list in it.
    private static func bases(in from: String) -> [String: String] {
        var bases = ["r.payload": "", "o.payload": "", "q.payload": ""]
        for match in from.matches(of: /select\s+r\.payload\s*(?:#>\s*'\{\}')?\s+as\s+(\w+)/) {
            bases[String(match.1)] = ""
        }
        for piece in from.ranges(of: "jsonb_array_elements(").map({ from[$0.upperBound...] }) {
            guard let end = closing(of: piece) else { continue }
            let path = sources(of: String(piece[..<end]), bases).first { !$0.hasPrefix("the record's") } ?? ""
            let alias = piece[end...].dropFirst().prefixMatch(
                of: /\s*(?:with ordinality\s*)?(?:as\s+)?(\w+)(?:\((\w+))?/)
            guard let alias, let name = alias.2 ?? Optional(alias.1) else { continue }
            bases[String(name)] = path + "[]"
        }
        return bases
    }

    private static func closing(of text: Substring) -> Substring.Index? {
        var depth = 0
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" {
                if depth == 0 { return index }
                depth -= 1
            }
        }
        return nil
    }

    /// Fields an expression reads, as paths; where it reads none, columns of the raw record; else its constant.
    static func sources(of expression: String, _ bases: [String: String]) -> [String] {
        var paths: [String] = []
        var columns: [String] = []
        var rest = expression[...]
        var last: Character?
        while let character = rest.first {
            if character.isLetter, last?.isWord != true, last != ".", last != "'" {
                let name = rest.prefix { $0.isWord || $0 == "." }
                if let base = bases[String(name)] {
                    let (steps, after) = path(rest.dropFirst(name.count))
                    let joined = (base.isEmpty ? steps : [base] + steps).joined(separator: ".")
                    if !joined.isEmpty, !paths.contains(joined) { paths.append(joined) }
                    last = " "
                    rest = after
                    continue
                }
                if name.firstMatch(of: /^[roq]\.(\w+)$/) != nil {
                    let column = "the record's " + name.dropFirst(2)
                    if !columns.contains(column) { columns.append(column) }
                }
                last = name.last
                rest = rest.dropFirst(name.count)
                continue
            }
            last = character
            rest = rest.dropFirst()
        }
        if !paths.isEmpty { return paths }
        if !columns.isEmpty { return columns.filter { $0 != "the record's connection_id" || columns.count == 1 } }
        if let constant = expression.wholeMatch(of: /'([^']*)'(?:::\w+)?/) { return ["always " + constant.1] }
        return []
    }

    /// `->'a'->>'b'`, `#>> '{a,b}'`, and the path of `(p, '$.a.b')`.
    private static func path(_ text: Substring) -> (steps: [String], rest: Substring) {
        var steps: [String] = []
        var rest = text
        while let match = rest.prefixMatch(of: /\s*(?:->>?|#>>?)\s*'([^']*)'/) {
            let word = match.1.drop { $0 == "{" }.prefix { $0 != "}" }
            steps += word.split(separator: ",").map(String.init)
            rest = rest[match.range.upperBound...]
        }
        if steps.isEmpty, let match = rest.prefixMatch(of: /\s*,\s*'\$\.([\w.\[\]*]+)/) {
            steps = match.1.replacing("[*]", with: "[]").split(separator: ".").map(String.init)
            rest = rest[match.range.upperBound...]
        }
        return (steps, rest)
    }
}

extension Character {
    fileprivate var isWord: Bool { isASCII && (isLetter || isNumber || self == "_") }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
