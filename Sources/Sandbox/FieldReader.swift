internal import FoundationEssentials

/// A JSON value of any kind, kept until it is known what it should have been.
enum JSONTree: Decodable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    /// An integer above `Int.max`: seeds may be.
    case large(UInt64)
    case number(Double)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let found = try? value.decode(Bool.self) {
            self = .bool(found)
        } else if let found = try? value.decode(Int.self) {
            self = .integer(found)
        } else if let found = try? value.decode(UInt64.self) {
            self = .large(found)
        } else if let found = try? value.decode(Double.self) {
            self = .number(found)
        } else if let found = try? value.decode(String.self) {
            self = .string(found)
        } else if let found = try? value.decode([JSONTree].self) {
            self = .array(found)
        } else {
            self = .object(try value.decode([String: JSONTree].self))
        }
    }

    /// The value's kind, as a person would say it.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .large, .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// Reads an object field by field, so that a mistake is told with the field's full path and its fix.
///
/// Synthesised decoding was not enough: it lets misspelt fields pass, and its errors quote values.
struct FieldReader {
    let path: String
    private let members: [String: JSONTree]

    init(_ tree: JSONTree, path: String) throws(SandboxError) {
        guard case .object(let members) = tree else {
            throw SandboxError(
                .badField, field: path, message: "expected an object, found \(tree.kind)", fix: "write { … }")
        }
        self.path = path
        self.members = members
    }

    init(_ decoder: any Decoder) throws {
        let path = decoder.codingPath.reduce(into: "") { path, key in
            path = key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? "" : "\(path).") + key.stringValue
        }
        try self.init(JSONTree(from: decoder), path: path)
    }

    /// Refuses fields that are not in the list, so that a misspelt one is found and not ignored.
    func allowOnly(_ known: [String]) throws(SandboxError) {
        guard let stranger = members.keys.sorted().first(where: { !known.contains($0) }) else { return }
        throw SandboxError(
            .badField, field: at(stranger), message: "there is no such field",
            fix: "the fields are " + known.joined(separator: ", "))
    }

    func at(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func has(_ name: String) -> Bool { value(name) != nil }

    func string(_ name: String) throws(SandboxError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let found) = value else { throw wrong(name, "a string", value) }
        return found
    }

    func requiredString(_ name: String) throws(SandboxError) -> String {
        guard let found = try string(name) else {
            throw SandboxError(.badField, field: at(name), message: "is missing", fix: "give it as a string")
        }
        return found
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(SandboxError) -> Int? {
        guard let value = value(name) else { return nil }
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .integer(let found) = value else { throw wrong(name, expected, value) }
        guard range.contains(found) else { throw outside(name, expected) }
        return found
    }

    func seed(_ name: String) throws(SandboxError) -> UInt64? {
        switch value(name) {
        case nil: return nil
        case .integer(let found) where found >= 0: return UInt64(found)
        case .large(let found): return found
        case .integer: throw outside(name, "a whole number, 0 or more")
        case .some(let other): throw wrong(name, "a whole number, 0 or more", other)
        }
    }

    func number(_ name: String, in range: ClosedRange<Double>) throws(SandboxError) -> Double? {
        guard let value = value(name) else { return nil }
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        let found: Double
        switch value {
        case .integer(let whole): found = Double(whole)
        case .number(let fraction): found = fraction
        default: throw wrong(name, expected, value)
        }
        guard range.contains(found) else { throw outside(name, expected) }
        return found
    }

    func counts(_ name: String, in range: ClosedRange<Int>) throws(SandboxError) -> [String: Int]? {
        guard let value = value(name) else { return nil }
        let inner = try FieldReader(value, path: at(name))
        var found: [String: Int] = [:]
        for key in inner.members.keys.sorted() { found[key] = try inner.integer(key, in: range) }
        return found
    }

    func strings(_ name: String) throws(SandboxError) -> [String: String]? {
        guard let value = value(name) else { return nil }
        let inner = try FieldReader(value, path: at(name))
        var found: [String: String] = [:]
        for key in inner.members.keys.sorted() { found[key] = try inner.string(key) }
        return found
    }

    func object(_ name: String) throws(SandboxError) -> FieldReader? {
        guard let value = value(name) else { return nil }
        return try FieldReader(value, path: at(name))
    }

    /// The objects of a list, each with its own path.
    func objects(_ name: String) throws(SandboxError) -> [FieldReader]? {
        guard let value = value(name) else { return nil }
        guard case .array(let elements) = value else { throw wrong(name, "a list of objects", value) }
        var readers: [FieldReader] = []
        for (index, element) in elements.enumerated() {
            readers.append(try FieldReader(element, path: "\(at(name))[\(index)]"))
        }
        return readers
    }

    private func value(_ name: String) -> JSONTree? {
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    private func wrong(_ name: String, _ expected: String, _ found: JSONTree) -> SandboxError {
        SandboxError(
            .badField, field: at(name), message: "expected \(expected), found \(found.kind)", fix: "write \(expected)")
    }

    private func outside(_ name: String, _ expected: String) -> SandboxError {
        SandboxError(.badField, field: at(name), message: "the number is out of bounds", fix: "write \(expected)")
    }
}

/// JSON in and out of the sandbox, with its own errors only.
enum SandboxJSON {
    /// - Throws: ``SandboxError``; what is no JSON at all is ``SandboxError/Code/notJSON``.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(SandboxError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as SandboxError {
            throw error
        } catch let DecodingError.typeMismatch(_, context) where context.codingPath.isEmpty {
            throw SandboxError(
                .badField, message: "the outermost value is of another kind than expected",
                fix: "see the description of this document")
        } catch {
            throw SandboxError(
                .notJSON, message: "the text is not JSON", fix: "check it with a JSON validator, and its encoding")
        }
    }

    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("what the sandbox tells about itself can always be encoded")
        }
        return [UInt8](data)
    }
}
