package import struct FoundationEssentials.Date
package import struct FoundationEssentials.UUID

extension Bool: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .bool }
    package var encodedByteCount: Int { 1 }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        bytes.append(self ? 1 : 0)
        return true
    }

    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> Bool {
        let bytes = try cell.present(as: Bool.self)
        guard cell.type == .bool else { throw cell.mismatch(Bool.self) }
        try cell.expect(1, for: Bool.self)
        return bytes[0] != 0
    }
}

/// What the integer types share: int2, int4, int8 and oid columns are read as any of them if the value fits.
package protocol PostgresInteger: PostgresEncodable, PostgresDecodable, FixedWidthInteger {}

extension PostgresInteger {
    package var encodedByteCount: Int { MemoryLayout<Self>.size }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        bytes.appendInteger(self)
        return true
    }

    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> Self {
        _ = try cell.present(as: Self.self)
        let wide: Int64
        switch cell.type {
        case .int8: wide = try cell.integer(Int64.self, for: Self.self)
        case .int4: wide = Int64(try cell.integer(Int32.self, for: Self.self))
        case .int2: wide = Int64(try cell.integer(Int16.self, for: Self.self))
        case .oid: wide = Int64(try cell.integer(UInt32.self, for: Self.self))
        default: throw cell.mismatch(Self.self)
        }
        guard let value = Self(exactly: wide) else { throw cell.malformed(Self.self, "the number does not fit") }
        return value
    }
}

extension Int16: PostgresInteger {
    package static var postgresType: PostgresType { .int2 }
}
extension Int32: PostgresInteger {
    package static var postgresType: PostgresType { .int4 }
}
extension Int64: PostgresInteger {
    package static var postgresType: PostgresType { .int8 }
}
extension Int: PostgresInteger {
    package static var postgresType: PostgresType { .int8 }
}

/// A single byte travels as int2; an array of bytes is `bytea`.
extension UInt8: PostgresInteger {
    package static var postgresType: PostgresType { .int2 }
    package static var postgresArrayType: PostgresType { .bytea }
    package var encodedByteCount: Int { 2 }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        bytes.appendInteger(Int16(self))
        return true
    }

    package static func encodeArray(_ array: [UInt8], into bytes: inout [UInt8]) throws(PostgresError) {
        bytes.append(contentsOf: array)
    }

    package static func encodedByteCount(ofArray array: [UInt8]) -> Int { array.count }

    /// Reads `bytea`, and the UTF-8 bytes of text, json and jsonb without making a `String` of them.
    package static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [UInt8] {
        let bytes = try cell.present(as: [UInt8].self)
        if cell.type == .bytea { return [UInt8](bytes) }
        return [UInt8](try cell.textBytes(for: [UInt8].self))
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .float8 }
    package var encodedByteCount: Int { 8 }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        bytes.appendInteger(bitPattern)
        return true
    }

    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> Double {
        _ = try cell.present(as: Double.self)
        switch cell.type {
        case .float8: return Double(bitPattern: try cell.integer(UInt64.self, for: Double.self))
        case .float4: return Double(Float(bitPattern: try cell.integer(UInt32.self, for: Double.self)))
        default: throw cell.mismatch(Double.self)
        }
    }
}

extension String: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .text }
    package var encodedByteCount: Int { utf8.count }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        bytes.append(contentsOf: utf8)
        return true
    }

    /// Reads text, varchar, char, name, json, jsonb, and numeric (every digit kept).
    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> String {
        let bytes = try cell.present(as: String.self)
        if cell.type == .numeric { return try NumericText.decode(cell, bytes) }
        let text = try cell.textBytes(for: String.self)
        guard let string = String(validating: text, as: UTF8.self) else {
            throw cell.malformed(String.self, "it is not UTF-8")
        }
        return string
    }
}

extension PostgresCell {
    /// The UTF-8 bytes of a textual cell; the version byte of jsonb is checked and dropped.
    package func textBytes(for wanted: Any.Type) throws(PostgresError) -> UnsafeRawBufferPointer {
        let bytes = try present(as: wanted)
        switch type {
        case .text, .varchar, .bpchar, .name, .json, .char, .unknown: return bytes
        case .jsonb:
            guard bytes.first == PostgresJSON.version else { throw malformed(wanted, "unknown version of jsonb") }
            return UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        default: throw mismatch(wanted)
        }
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .uuid }
    package var encodedByteCount: Int { 16 }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
        return true
    }

    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> UUID {
        let bytes = try cell.present(as: UUID.self)
        guard cell.type == .uuid else { throw cell.mismatch(UUID.self) }
        try cell.expect(16, for: UUID.self)
        return UUID(uuid: bytes.loadUnaligned(as: UUID.RawBytes.self))
    }
}

extension UUID {
    /// What `UUID.uuid` is.
    fileprivate typealias RawBytes = (
        UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
    )
}

/// timestamptz, in whole microseconds: a `Date` is rounded to the nearest one, never truncated.
///
/// A `Date` holds seconds as a `Double`, which keeps microseconds exactly from about 1860 to 2140; farther out it
/// is the `Date` that cannot tell neighbouring microseconds apart.
extension Date: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .timestamptz }
    package var encodedByteCount: Int { 8 }

    /// Postgres counts from 2000-01-01, Swift from 2001-01-01: 366 days of microseconds.
    private static let epochMicroseconds: Int64 = 366 * 86_400 * 1_000_000

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        let rounded = (timeIntervalSinceReferenceDate * 1_000_000).rounded()
        guard let microseconds = Int64(exactly: rounded) else {
            throw PostgresError(.encode, "a date is outside the range of timestamptz")
        }
        let (value, overflow) = microseconds.addingReportingOverflow(Self.epochMicroseconds)
        // The extremes mean ±infinity, which no Date means.
        guard !overflow, value != .max, value != .min else {
            throw PostgresError(.encode, "a date is outside the range of timestamptz")
        }
        bytes.appendInteger(value)
        return true
    }

    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> Date {
        _ = try cell.present(as: Date.self)
        guard cell.type == .timestamptz else { throw cell.mismatch(Date.self) }
        let value = try cell.integer(Int64.self, for: Date.self)
        guard value != .max, value != .min else { throw cell.malformed(Date.self, "it is infinite") }
        let (microseconds, overflow) = value.subtractingReportingOverflow(epochMicroseconds)
        guard !overflow else { throw cell.malformed(Date.self, "it is out of range") }
        return Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000)
    }
}

/// interval, in whole microseconds (rounded to the nearest), without days or months on the way out.
extension Duration: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .interval }
    package var encodedByteCount: Int { 16 }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let fraction = Int64((Double(attoseconds) / 1e12).rounded())
        let (microseconds, carried) = whole.addingReportingOverflow(fraction)
        guard !overflow, !carried else { throw PostgresError(.encode, "a duration is outside the range of interval") }
        bytes.appendInteger(microseconds)
        bytes.appendInteger(Int32(0))  // days
        bytes.appendInteger(Int32(0))  // months
        return true
    }

    /// A day counts 24 hours. A month has no fixed length and is refused.
    package static func decode(_ cell: PostgresCell) throws(PostgresError) -> Duration {
        _ = try cell.present(as: Duration.self)
        guard cell.type == .interval else { throw cell.mismatch(Duration.self) }
        let microseconds = try cell.integer(Int64.self, for: Duration.self)
        let days = try cell.integer(Int32.self, at: 8, for: Duration.self)
        guard try cell.integer(Int32.self, at: 12, for: Duration.self) == 0 else {
            throw cell.malformed(Duration.self, "it has months, whose length varies")
        }
        return .seconds(Int64(days) * 86_400) + .microseconds(microseconds)
    }
}
