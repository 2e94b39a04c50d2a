import FoundationEssentials

/// A refusal of a query as Shopify words it.
struct ShopifySandboxQueryError: Error {
    let message: String
    let code: String
    var line = 1
    var column = 1
    var path: [String] = []
    var details: [(String, String)] = []
}

/// An argument as written in the query.
enum ShopifySandboxArgument {
    case int(Int)
    case text(String)
    case word(String)
    case variable(String)
    case null
}

/// What a query selects from one type, compiled against the schema so that rendering needs no look-ups.
final class ShopifySandboxSelection {
    struct Item {
        enum Kind { case field, typeName, nodes, edges, node, pageInfo, cursor, hasNextPage, endCursor }

        let kind: Kind
        /// `"name":`, or the alias.
        let key: [UInt8]
        let name: String
        let index: Int
        let shape: ShopifySandboxType.Shape
        let selection: ShopifySandboxSelection?
        let arguments: [String: ShopifySandboxArgument]
        /// The type a surrounding inline fragment asks for.
        let condition: String?
    }

    /// The type it was compiled for.
    let type: ShopifySandboxType
    var items: [Item] = []

    init(_ type: ShopifySandboxType) { self.type = type }
}

/// A query text, compiled once.
final class ShopifySandboxQuery {
    let root: ShopifySandboxSelection
    let definedVariables: Set<String>

    init(_ text: String) throws(ShopifySandboxQueryError) {
        var parser = ShopifySandboxQueryParser(text)
        (root, definedVariables) = try parser.parse()
    }
}

/// A parser for the part of GraphQL that readers use: one query, variables, arguments, aliases, inline fragments.
private struct ShopifySandboxQueryParser {
    private let bytes: [UInt8]
    private var position = 0
    private var token = ""
    private var isString = false
    private var tokenStart = 0
    private var variables: Set<String> = []

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func parse() throws(ShopifySandboxQueryError) -> (ShopifySandboxSelection, Set<String>) {
        try advance()
        if token == "query" {
            try advance()
            if token != "(", token != "{" { try advance() }
            if token == "(" { try variableDefinitions() }
        }
        let selection = try self.selection(on: ShopifySandboxType.named("QueryRoot"), as: .object, path: ["query"])
        guard token.isEmpty else { throw unexpected() }
        return (selection, variables)
    }

    private mutating func variableDefinitions() throws(ShopifySandboxQueryError) {
        try advance()
        while token != ")" {
            guard token == "$" else { throw unexpected() }
            try advance()
            variables.insert(token)
            try advance()
            guard token == ":" else { throw unexpected() }
            try advance()
            while token == "[" || token == "]" || token == "!" || isName {
                try advance()
                if token == "$" || token == ")" { break }
            }
            if token == "=" {
                try advance()
                _ = try value()
            }
        }
        try advance()
    }

    private mutating func selection(
        on type: ShopifySandboxType, as shape: ShopifySandboxType.Shape, path: [String]
    ) throws(ShopifySandboxQueryError) -> ShopifySandboxSelection {
        guard token == "{" else { throw unexpected() }
        try advance()
        let selection = ShopifySandboxSelection(type)
        try items(into: selection, on: type, as: shape, condition: nil, path: path)
        return selection
    }

    private mutating func items(
        into selection: ShopifySandboxSelection, on type: ShopifySandboxType, as shape: ShopifySandboxType.Shape,
        condition: String?,
        path: [String]
    ) throws(ShopifySandboxQueryError) {
        while token != "}" {
            if token.isEmpty { throw unexpected() }
            if token == "..." {
                try advance()
                guard token == "on" else { throw unexpected() }
                try advance()
                guard let narrower = ShopifySandboxType.all[token] else {
                    throw error("No such type \(token), so it can't be a fragment condition", "undefinedType", path)
                }
                try advance()
                guard token == "{" else { throw unexpected() }
                try advance()
                try items(into: selection, on: narrower, as: .object, condition: narrower.name, path: path)
                continue
            }
            let start = tokenStart
            var name = token
            var key = token
            guard isName else { throw unexpected() }
            try advance()
            if token == ":" {
                try advance()
                name = token
                key = key.isEmpty ? name : key
                try advance()
            }
            let arguments = token == "(" ? try self.arguments() : [:]
            selection.items.append(
                try item(
                    name, key: key, arguments: arguments, on: type, as: shape, condition: condition,
                    path: path + [key], start: start))
        }
        try advance()
    }

    private mutating func item(
        _ name: String, key: String, arguments: [String: ShopifySandboxArgument], on type: ShopifySandboxType,
        as shape: ShopifySandboxType.Shape, condition: String?, path: [String], start: Int
    ) throws(ShopifySandboxQueryError) -> ShopifySandboxSelection.Item {
        let label = Array("\"\(key)\":".utf8)
        func make(
            _ kind: ShopifySandboxSelection.Item.Kind, _ field: ShopifySandboxType.Field? = nil,
            _ selection: ShopifySandboxSelection? = nil
        ) -> ShopifySandboxSelection.Item {
            ShopifySandboxSelection.Item(
                kind: kind, key: label, name: name, index: field?.index ?? 0, shape: field?.shape ?? .scalar,
                selection: selection, arguments: arguments, condition: condition)
        }
        if name == "__typename" { return make(.typeName) }
        if shape == .connection {
            switch name {
            case "nodes": return make(.nodes, nil, try selection(on: type, as: .object, path: path))
            case "edges": return make(.edges, nil, try selection(on: type, as: .list, path: path))
            case "pageInfo":
                return make(.pageInfo, nil, try selection(on: Self.pageInfo, as: .scalar, path: path))
            default: break
            }
        } else if shape == .list {
            // Within `edges`.
            switch name {
            case "cursor": return make(.cursor)
            case "node": return make(.node, nil, try selection(on: type, as: .object, path: path))
            default: break
            }
        } else if shape == .scalar, type === Self.pageInfo {
            switch name {
            case "hasNextPage": return make(.hasNextPage)
            case "endCursor": return make(.endCursor)
            default: break
            }
        } else if let field = type.fields[name] {
            guard field.shape != .scalar else { return make(.field, field) }
            guard token == "{" else {
                throw error(
                    "Field must have selections (field '\(name)' returns \(field.typeName) but has no selections. "
                        + "Did you mean '\(name) { ... }'?)", "selectionMismatch", path, at: start)
            }
            let below = field.shape == .connection ? ShopifySandboxType.Shape.connection : .object
            return make(
                .field, field, try selection(on: ShopifySandboxType.named(field.typeName), as: below, path: path))
        }
        let typeName =
            switch shape {
            case .connection: "\(type.name)Connection"
            case .list: "\(type.name)Edge"
            case .scalar, .object: type.name
            }
        var refusal = error("Field '\(name)' doesn't exist on type '\(typeName)'", "undefinedField", path, at: start)
        refusal.details = [("typeName", typeName), ("fieldName", name)]
        throw refusal
    }

    private static let pageInfo = ShopifySandboxType.named("PageInfo")

    private mutating func arguments() throws(ShopifySandboxQueryError) -> [String: ShopifySandboxArgument] {
        try advance()
        var arguments: [String: ShopifySandboxArgument] = [:]
        while token != ")" {
            let name = token
            guard isName else { throw unexpected() }
            try advance()
            guard token == ":" else { throw unexpected() }
            try advance()
            arguments[name] = try value()
        }
        try advance()
        return arguments
    }

    private mutating func value() throws(ShopifySandboxQueryError) -> ShopifySandboxArgument {
        defer { isString = false }
        if isString {
            let text = token
            try advance()
            return .text(text)
        }
        if token == "$" {
            try advance()
            let name = token
            try advance()
            return .variable(name)
        }
        let word = token
        guard !word.isEmpty, word != "{", word != "[" else { throw unexpected() }
        try advance()
        if let number = Int(word) { return .int(number) }
        return word == "null" ? .null : .word(word)
    }

    private var isName: Bool {
        guard !isString, let first = token.utf8.first else { return false }
        return first == UInt8(ascii: "_") || (65...90).contains(first) || (97...122).contains(first)
    }

    private mutating func advance() throws(ShopifySandboxQueryError) {
        isString = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "#") {
                while position < bytes.count, bytes[position] != 10 { position += 1 }
            } else if byte <= 32 || byte == UInt8(ascii: ",") {
                position += 1
            } else {
                break
            }
        }
        tokenStart = position
        guard position < bytes.count else {
            token = ""
            return
        }
        let byte = bytes[position]
        if byte == UInt8(ascii: "\"") { return try advanceString() }
        if byte == UInt8(ascii: "."), position + 3 <= bytes.count {
            position += 3
        } else if Self.isWord(byte) || byte == UInt8(ascii: "-") {
            repeat { position += 1 } while position < bytes.count && Self.isWord(bytes[position])
        } else {
            position += 1
        }
        token = String(decoding: bytes[tokenStart..<position], as: UTF8.self)
    }

    private mutating func advanceString() throws(ShopifySandboxQueryError) {
        var text: [UInt8] = []
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\\") { position += 1 }
            if position < bytes.count { text.append(bytes[position]) }
            position += 1
        }
        guard position < bytes.count else { throw unexpected() }
        position += 1
        token = String(decoding: text, as: UTF8.self)
        isString = true
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private func unexpected() -> ShopifySandboxQueryError {
        error(
            token.isEmpty ? "Expected one of DIRECTIVE, FIELD, got end of file" : "Parse error on \"\(token)\"",
            "parseError", [])
    }

    private func error(_ message: String, _ code: String, _ path: [String], at start: Int? = nil)
        -> ShopifySandboxQueryError
    {
        let start = start ?? tokenStart
        let before = bytes.prefix(start)
        let line = before.count { $0 == 10 } + 1
        let column = start - (before.lastIndex(of: 10).map { $0 + 1 } ?? 0) + 1
        return ShopifySandboxQueryError(message: message, code: code, line: line, column: column, path: path)
    }
}
