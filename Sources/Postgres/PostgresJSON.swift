/// A JSON document as text, bound and read as jsonb. The server validates it.
package struct PostgresJSON: Hashable, Sendable {
    /// The first byte of jsonb's binary form; the text follows.
    static let version: UInt8 = 1

    /// The document's UTF-8 text.
    package let bytes: [UInt8]

    package init(_ text: String) { bytes = [UInt8](text.utf8) }
    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// The document as a string; invalid UTF-8, which no server sends, is repaired.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension PostgresJSON: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .jsonb }
    package var encodedByteCount: Int { bytes.count + 1 }

    package func encode(into buffer: inout [UInt8]) throws(PostgresError) -> Bool {
        buffer.append(Self.version)
        buffer.append(contentsOf: bytes)
        return true
    }

    /// Reads jsonb and json.
    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> PostgresJSON {
        _ = try cell.present(as: PostgresJSON.self)
        guard cell.type == .jsonb || cell.type == .json else { throw cell.mismatch(PostgresJSON.self) }
        return PostgresJSON(bytes: [UInt8](try cell.textBytes(for: PostgresJSON.self)))
    }
}

/// A parameter in text form whose type the server infers from the statement: numeric, enums, dates, ranges.
package struct PostgresText: PostgresEncodable {
    package let text: String
    package let parameterType: PostgresType

    package init(_ text: String, type: PostgresType = .inferred) {
        self.text = text
        parameterType = type
    }

    package static var postgresType: PostgresType { .inferred }
    package var isBinary: Bool { false }
    package var encodedByteCount: Int { text.utf8.count }

    /// Throws `encode` for a NUL, at which libpq would silently end the value.
    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        guard !text.utf8.contains(0) else { throw PostgresError(.encode, "text form cannot hold a NUL byte") }
        bytes.append(contentsOf: text.utf8)
        return true
    }
}
