/// What the names of a from clause stand for: `p` is the record, `l` an element of a list in it, `total` a field of it.
///
/// A path is that of a field in the record's payload; `events: currency` is one of another record.
struct DocumentBases {
    /// The empty path is the payload as a whole.
    private var paths: [String: [String]] = ["r.payload": [""], "o.payload": [""], "q.payload": [""]]
    /// Names that stand for a constant, one for each branch of a union.
    private var constants: [String: [String]] = [:]

    init(from clause: String) { read(clause) }

    // MARK: - Names

    private mutating func read(_ clause: String) {
        var rest = ""
        var tail = clause[...]
        while let group = Self.select(in: tail) {
            rest += tail[..<group.start] + " "
            readTable(group.text)
            let alias = tail[group.end...].prefixMatch(of: /\)\s*(?:as\s+)?(\w+)/).map { String($0.1) }
            if let alias, alias != "offset" { qualify(Self.names(of: group.text), with: alias) }
            tail = tail[group.end...]
        }
        readElements(rest + tail)
    }

    /// A table that is a select: its columns are names for whoever reads it, all branches of a union together.
    private mutating func readTable(_ text: String) {
        let names = Self.names(of: text)
        var found = [[String]](repeating: [], count: names.count)
        for name in names { constants[name] = nil }
        for branch in DocumentSelectList.split(text, at: "union all") {
            let (items, clause) = Self.parts(of: branch)
            var inner = self
            inner.read(clause)
            for (index, item) in items.enumerated() where index < names.count {
                if item.trimmed.hasSuffix(".*") {
                    paths.merge(inner.paths) { _, new in new }
                    constants.merge(inner.constants) { _, new in new }
                }
                let expression = DocumentSelectList.named(item).expression
                if let constant = Self.constant(expression) { constants[names[index], default: []].append(constant) }
                let sources = inner.rawPaths(in: expression)
                found[index] += sources.filter { !found[index].contains($0) }
            }
        }
        for (name, sources) in zip(names, found) where name != "*" { paths[name] = sources }
    }

    private mutating func qualify(_ names: [String], with alias: String) {
        for name in names { paths[alias + "." + name] = paths[name] }
    }

    private static func names(of text: String) -> [String] {
        let first = DocumentSelectList.split(text, at: "union all")[0]
        return parts(of: first).items.map { DocumentSelectList.named($0).name }
    }

    private static func parts(of branch: String) -> (items: [String], clause: String) {
        guard let select = branch.firstRange(of: "select") else { return ([], "") }
        let parts = DocumentSelectList.split(String(branch[select.upperBound...]), at: "from")
        return (DocumentSelectList.split(parts[0], at: ","), parts.dropFirst().joined(separator: " from "))
    }

    /// Names of what `jsonb_array_elements` walks over.
    private mutating func readElements(_ text: String) {
        for piece in text.ranges(of: "jsonb_array_elements(").map({ text[$0.upperBound...] }) {
            guard let end = Self.closing(of: piece) else { continue }
            let lists = rawPaths(in: String(piece[..<end]))
            let alias = piece[end...].dropFirst().prefixMatch(
                of: /\s*(?:with ordinality\s*)?(?:as\s+)?(\w+)(?:\((\w+))?/)
            guard let alias, let name = alias.2 ?? Optional(alias.1) else { continue }
            paths[String(name)] = lists.map { $0 + "[]" }
        }
    }

    /// The first bracket that begins with `select`.
    private static func select(in text: Substring) -> (start: Substring.Index, text: String, end: Substring.Index)? {
        guard let open = text.firstMatch(of: /\((?=\s*select\b)/) else { return nil }
        let inner = text[open.range.upperBound...]
        guard let end = closing(of: inner) else { return nil }
        let text = inner[..<end].replacing(/\s+offset 0\s*$/, with: "")
        return (open.range.lowerBound, String(text), end)
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

    // MARK: - Fields

    /// Fields an expression reads, as paths; where it reads none, columns of the raw record; else its constant.
    func sources(of expression: String) -> [String] {
        let paths = rawPaths(in: expression).filter { !$0.isEmpty }
        if !paths.isEmpty { return paths }
        var columns: [String] = []
        for match in expression.matches(of: /\b[roq]\.(\w+)/) {
            let column = "the record's " + match.1
            if !columns.contains(column) { columns.append(column) }
        }
        if !columns.isEmpty { return columns.filter { $0 != "the record's connection_id" || columns.count == 1 } }
        return constants[expression.trimmed] ?? Self.constant(expression).map { [$0] } ?? []
    }

    private static func constant(_ expression: String) -> String? {
        expression.wholeMatch(of: /'([^']*)'(?:::\w+)?/).map { "always " + $0.1 }
    }

    /// The same without the constants; a list is left out where fields of its elements are read.
    private func rawPaths(in expression: String) -> [String] {
        var text = ""
        var found: [String] = []
        var tail = expression[...]
        while let group = Self.select(in: tail) {
            text += tail[..<group.start]
            if let other = otherRecord(group.text) {
                found += other
            } else {
                var inner = self
                inner.readElements(group.text)
                inner.collect(group.text, into: &found)
            }
            tail = tail[group.end...]
        }
        collect(text + tail, into: &found)
        return found.filter { path in
            path.isEmpty
                || !found.contains { $0.hasPrefix(path + "[]") || path.hasSuffix("[]") && $0.hasPrefix(path + ".") }
        }
    }

    /// `select e.payload->'currency' from portolan.raw_records e where … e.resource = 'events'`
    private func otherRecord(_ text: String) -> [String]? {
        guard let match = text.firstMatch(of: /from portolan\.raw_records (\w+)/),
            let resource = text.firstMatch(of: /resource = '(\w+)'/)
        else { return nil }
        let items = Self.parts(of: text).items
        guard items.contains(where: { !$0.trimmed.isEmpty }) else { return nil }
        var inner = self
        inner.paths["\(match.1).payload"] = ["\(resource.1):"]
        return items.flatMap { inner.rawPaths(in: $0) }
    }

    private func collect(_ expression: String, into found: inout [String]) {
        var rest = expression[...]
        var last: Character?
        var function: Substring = ""
        while let character = rest.first {
            guard character.isLetter, last?.isWord != true, last != ".", last != "'" else {
                if character != "(" { function = "" }
                last = character
                rest = rest.dropFirst()
                continue
            }
            let name = rest.prefix { $0.isWord || $0 == "." }
            rest = rest.dropFirst(name.count)
            last = name.last
            guard let bases = paths[String(name)], rest.first != "(" else {
                function = name
                continue
            }
            let (steps, after) = Self.path(rest, isNumber: function == "unified.num")
            for base in bases {
                let joined = Self.join(base, steps)
                if !found.contains(joined) { found.append(joined) }
            }
            last = " "
            rest = after
        }
    }

    private static func join(_ base: String, _ steps: [String]) -> String {
        if steps.isEmpty { return base }
        if base.isEmpty { return steps.joined(separator: ".") }
        return base + (base.hasSuffix(":") ? " " : ".") + steps.joined(separator: ".")
    }

    /// `->'a'->>'b'`, `#>> '{a,b}'`, the path of `(p, '$.a.b')` and the member of `unified.num(p, 'a')`.
    private static func path(_ text: Substring, isNumber: Bool) -> (steps: [String], rest: Substring) {
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
        } else if steps.isEmpty, isNumber, let match = rest.prefixMatch(of: /\s*,\s*'(\w+)'/) {
            steps = [String(match.1)]
            rest = rest[match.range.upperBound...]
        }
        return (steps, rest)
    }
}
