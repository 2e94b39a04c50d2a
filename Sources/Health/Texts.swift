internal import FoundationEssentials
package import Platforms

/// What people are told about failures, in one language.
///
/// A text has names in braces for what only the moment knows, `{shop}`, and square brackets around what is left out
/// when a name in it has no value. The files are in `Texts/`, one a language; a language is added by adding a file.
package struct Texts: Sendable {
    /// What a merchant reads, in three parts; each is a sentence or two.
    package struct Merchant: Sendable, Equatable {
        package let happened: String
        /// Since when, and what is affected.
        package let affected: String
        /// The one thing to do.
        package let action: String
    }

    /// What the names in braces stand for.
    package enum Variable: String, Sendable, CaseIterable {
        case platform, shop, since, streams, until, link, from
    }

    /// Two letters (ISO 639-1).
    package let language: String
    private let words: [String: String]
    private let merchant: [String: Part]
    private let engineer: [String: String]

    /// The texts of a language, or the English ones where there are none of it.
    package static func inLanguage(_ language: String) -> Texts { all[language] ?? english }

    package static var languages: [String] { all.keys.sorted() }

    package static let english = all["en"] ?? Texts(File(language: "en", words: [:], merchant: [:], engineer: [:]))

    private static let all: [String: Texts] = {
        let files = textFiles.compactMap { try? JSONDecoder().decode(File.self, from: Data($0.text.utf8)) }
        return Dictionary(files.map { ($0.language, Texts($0)) }, uniquingKeysWith: { first, _ in first })
    }()

    /// - Parameter values: of the variables that are known.
    /// - Returns: nil where nothing is said.
    package func merchant(_ code: CustomerCode, _ values: [Variable: String] = [:]) -> Merchant? {
        guard code != .none, let part = merchant[code.rawValue] else { return nil }
        return Merchant(
            happened: fill(part.happened, values), affected: fill(part.affected, values),
            action: fill(part.action, values))
    }

    /// The sentence for engineers; the code's name where there is none.
    package func engineer(_ code: ErrorCode) -> String { engineer[code.name] ?? code.name }

    /// What is wrong with the texts, for a test: codes without text, texts without code, names nobody knows.
    package var problems: [String] {
        let customers = Set(CustomerCode.allCases.map(\.rawValue))
        let codes = Set(ErrorCode.all.map(\.name))
        let names = Set(Variable.allCases.map(\.rawValue))
        let unknown = merchant.flatMap { key, part in
            [part.happened, part.affected, part.action].flatMap(Self.variables).filter { !names.contains($0) }
                .map { "\(key): {\($0)}" }
        }
        let empty = merchant.filter { key, part in
            key != CustomerCode.none.rawValue && (part.happened.isEmpty || part.affected.isEmpty || part.action.isEmpty)
        }
        return customers.symmetricDifference(merchant.keys).sorted() + codes.symmetricDifference(engineer.keys).sorted()
            + names.subtracting(words.keys).sorted() + unknown.sorted() + empty.keys.sorted()
            + engineer.filter { $0.value.isEmpty }.keys.sorted()
    }

    private init(_ file: File) {
        language = file.language
        words = file.words
        merchant = file.merchant
        engineer = file.engineer
    }

    private func fill(_ text: String, _ values: [Variable: String]) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") {
            result += named(rest[..<open], values)
            let inside = rest[rest.index(after: open)..<close]
            let isKnown = Self.variables(in: String(inside)).allSatisfy { name in
                Variable(rawValue: name).flatMap { values[$0] } != nil
            }
            if isKnown { result += named(inside, values) }
            rest = rest[rest.index(after: close)...]
        }
        let filled = result + named(rest, values)
        return filled.prefix(1).uppercased() + filled.dropFirst()
    }

    /// Names are looked for once: what stands in a value, such as a shop's name, is never taken for one.
    private func named(_ text: Substring, _ values: [Variable: String]) -> String {
        var result = ""
        var rest = text
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let name = String(rest[rest.index(after: open)..<close])
            result += rest[..<open]
            result += Variable(rawValue: name).flatMap { values[$0] } ?? words[name] ?? name
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private static func variables(in text: String) -> [String] {
        text.split(separator: "{", omittingEmptySubsequences: false).dropFirst().map { piece in
            String(piece.prefix { $0 != "}" })
        }
    }

    private struct Part: Decodable {
        let happened: String
        let affected: String
        let action: String
    }

    private struct File: Decodable {
        let language: String
        let words: [String: String]
        let merchant: [String: Part]
        let engineer: [String: String]
    }
}
