/// One cell of a result, valid only while it is being decoded.
package struct PostgresCell {
    /// The cell's bytes in binary form; nil for NULL.
    package let bytes: UnsafeRawBufferPointer?
    package let type: PostgresType
    /// The column's name, for errors.
    package let column: String

    package init(bytes: UnsafeRawBufferPointer?, type: PostgresType, column: String) {
        self.bytes = bytes
        self.type = type
        self.column = column
    }

    /// The bytes, or an error if the cell is NULL.
    func present(as wanted: Any.Type) throws(PostgresError) -> UnsafeRawBufferPointer {
        guard let bytes else {
            throw PostgresError(.decode, "column \(column) (\(type)) is NULL, but \(wanted) was asked for")
        }
        return bytes
    }

    /// The error for a type that cannot be read as `wanted`.
    package func mismatch(_ wanted: Any.Type) -> PostgresError {
        PostgresError(.decode, "column \(column) is of type \(type), which cannot be read as \(wanted)")
    }

    /// The error for bytes that are not what the type promises.
    package func malformed(_ wanted: Any.Type, _ why: String) -> PostgresError {
        PostgresError(.decode, "column \(column) (\(type)) cannot be read as \(wanted): \(why)")
    }

    /// A big-endian integer at an offset; throws when the cell is too short.
    func integer<T: FixedWidthInteger>(
        _ type: T.Type, at offset: Int = 0, for wanted: Any.Type
    ) throws(PostgresError) -> T {
        let bytes = try present(as: wanted)
        guard offset >= 0, bytes.count - offset >= MemoryLayout<T>.size else {
            throw malformed(wanted, "too few bytes")
        }
        return T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Checks the exact length of a fixed-size type.
    func expect(_ count: Int, for wanted: Any.Type) throws(PostgresError) {
        guard try present(as: wanted).count == count else { throw malformed(wanted, "unexpected length") }
    }
}

/// A Swift type that a result's cell can be read as.
///
/// `Optional` conforms (NULL is nil), and so does `Array`, also of optionals.
package protocol PostgresDecodable: Sendable {
    static func decode(_ cell: PostgresCell) throws(PostgresError) -> Self
    /// Reads an array of such values. Only `UInt8` differs: its arrays are `bytea`.
    static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self]
}

extension PostgresDecodable {
    package static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self] {
        let wanted = [Self].self
        let bytes = try cell.present(as: wanted)
        guard cell.type.arrayElement != nil else { throw cell.mismatch(wanted) }
        let dimensions = try cell.integer(Int32.self, for: wanted)
        let element = PostgresType(rawValue: try cell.integer(UInt32.self, at: 8, for: wanted))
        if dimensions == 0 { return [] }
        guard dimensions == 1 else { throw cell.malformed(wanted, "it has \(dimensions) dimensions") }
        let count = Int(try cell.integer(Int32.self, at: 12, for: wanted))
        var offset = BinaryArray.headerByteCount
        guard count >= 0, count <= (bytes.count - offset) / 4 else { throw cell.malformed(wanted, "too few bytes") }
        var values: [Self] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try cell.integer(Int32.self, at: offset, for: wanted))
            offset += 4
            guard length <= bytes.count - offset else { throw cell.malformed(wanted, "too few bytes") }
            let content = length < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            values.append(try decode(PostgresCell(bytes: content, type: element, column: cell.column)))
            offset += max(0, length)
        }
        return values
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> Self {
        cell.bytes == nil ? nil : try Wrapped.decode(cell)
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> Self {
        try Element.decodeArray(cell)
    }
}
