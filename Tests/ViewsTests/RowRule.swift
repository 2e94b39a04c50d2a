import Schema

/// How many rows a view has of the records there are: what the line `-- rows: …` of its file says.
///
/// Without such a line a view has a row for each record of the resource it is named after. Else it is a sum of terms
/// with commas between, each of them one of
///
/// ```
/// listings                                      one for each record of the resource
/// orders.refunds                                one for each element of the list in each record
/// orders.refunds.refundLineItems.nodes          … of the lists in each element of a list
/// items.variations or one                       the same, but one for a record whose list is empty
/// plans.currencies or ramp.0.currencies or one  the first of these that is not empty
/// invoices.lines.data in pages invoice_lines.data where lines.has_more
///                                               those of the pages beside the record instead, where it says so
/// ```
///
/// and behind a term but the last kind, which of them count:
///
/// ```
/// where kind is refund        where kind is not refund        where charge is text        where charge is not text
/// where list is empty         where id begins A: B:           where id is not in prices
/// ```
struct RowRule {
    /// What of a term counts.
    private enum Filter {
        case isWord(String, String, Bool)
        case isText(String, Bool)
        case isEmpty(String)
        case idBegins([String])
        case idIsNotIn(String)
    }

    private struct Term {
        let resource: String
        /// The first that is not empty counts; an empty path is the record itself.
        var paths: [[String]]
        var orOne = false
        var filter: Filter?
        /// The pages' resource, the list in a page, and what says in the record that it has pages.
        var pages: (resource: String, list: [String], where: [String])?
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private let terms: [Term]

    init(_ view: PlatformView) throws(Problem) {
        guard let line = ViewHeader.line("rows", in: view.text) else {
            terms = [Term(resource: view.name, paths: [[]])]
            return
        }
        var terms: [Term] = []
        for text in line.split(separator: ",") {
            guard let term = Self.term(text.split(separator: " ").map(String.init)) else {
                throw Problem(
                    description: "\(view.qualifiedName): `-- rows:\(text)` is not of the kinds RowRule.swift tells")
            }
            terms.append(term)
        }
        self.terms = terms
    }

    private static func term(_ words: [String]) -> Term? {
        guard let first = words.first else { return nil }
        let steps = first.split(separator: ".").map(String.init)
        var term = Term(resource: steps[0], paths: [Array(steps.dropFirst())])
        var rest = words.dropFirst()
        while rest.first == "or", let path = rest.dropFirst().first {
            if path == "one" {
                term.orOne = true
            } else {
                term.paths.append(path.split(separator: ".").map(String.init))
            }
            rest = rest.dropFirst(2)
        }
        if rest.first == "in" {
            let words = Array(rest)
            guard words.count == 5, words[1] == "pages", words[3] == "where" else { return nil }
            let pages = words[2].split(separator: ".").map(String.init)
            term.pages = (pages[0], Array(pages.dropFirst()), words[4].split(separator: ".").map(String.init))
            return term
        }
        guard let word = rest.first else { return term }
        guard word == "where", let filter = filter(Array(rest.dropFirst())) else { return nil }
        term.filter = filter
        return term
    }

    private static func filter(_ words: [String]) -> Filter? {
        guard words.count >= 3 else { return nil }
        let (member, rest) = (words[0], Array(words.dropFirst(2)))
        switch (words[1], rest.count, rest[0]) {
        case ("begins", _, _) where member == "id": return .idBegins(rest)
        case ("is", 3, "not") where member == "id" && rest[1] == "in": return .idIsNotIn(rest[2])
        case ("is", 1, "empty"): return .isEmpty(member)
        case ("is", 1, "text"): return .isText(member, true)
        case ("is", 2, "not") where rest[1] == "text": return .isText(member, false)
        case ("is", 1, let word): return .isWord(member, word, true)
        case ("is", 2, "not"): return .isWord(member, rest[1], false)
        default: return nil
        }
    }

    // MARK: - Counting

    func count(in raw: RawPayloads) -> Int { terms.reduce(0) { $0 + count($1, in: raw) } }

    private func count(_ term: Term, in raw: RawPayloads) -> Int {
        raw[term.resource].reduce(0) { sum, record in
            if let pages = term.pages, RawPayloads.value(record.value, pages.where) as? Bool == true {
                let beside = raw[pages.resource].filter { $0.key.hasPrefix(record.key + "/") }.values
                if !beside.isEmpty {
                    return sum + beside.reduce(0) { $0 + Self.elements(of: $1, at: pages.list).count }
                }
            }
            return sum + count(term, of: record.value, id: record.key, in: raw)
        }
    }

    private func count(_ term: Term, of record: RawPayloads.Object, id: String, in raw: RawPayloads) -> Int {
        let lists = term.paths.map { $0.isEmpty ? [record] : Self.elements(of: record, at: $0) }
        let found = lists.first { !$0.isEmpty } ?? []
        if found.isEmpty, term.orOne { return 1 }
        return found.count { element in
            switch term.filter {
            case nil: return true
            case .idBegins(let words): return words.contains { id.hasPrefix($0) }
            case .idIsNotIn(let resource): return raw[resource][id] == nil
            case .isEmpty(let member): return Self.elements(of: element, at: [member]).isEmpty
            case .isText(let member, let wanted):
                return ((element as? RawPayloads.Object)?[member] is String) == wanted
            case .isWord(let member, let word, let wanted):
                return ((element as? RawPayloads.Object)?[member] as? String == word) == wanted
            }
        }
    }

    /// What is at the end of a path; lists on the way are walked over, and a number names one of their elements.
    private static func elements(of value: Any, at path: [String]) -> [Any] {
        guard let step = path.first else { return value as? [Any] ?? [] }
        if let list = value as? [Any] {
            if let index = Int(step) {
                return index < list.count ? elements(of: list[index], at: Array(path.dropFirst())) : []
            }
            return list.flatMap { elements(of: $0, at: path) }
        }
        guard let next = (value as? RawPayloads.Object)?[step] else { return [] }
        return elements(of: next, at: Array(path.dropFirst()))
    }
}

/// The lines `-- <word>: …` above a view.
enum ViewHeader {
    static func line(_ word: String, in text: String) -> Substring? {
        text.split(separator: "\n").first { $0.hasPrefix("-- \(word): ") }?.dropFirst(word.count + 5)
    }
}
