/// A Swift value that can be a statement's parameter.
///
/// Conforming types append Postgres's binary form to the parameter buffer, so that a value is copied once on its way
/// from the caller to libpq. `Optional` conforms (nil is NULL), and so does `Array`, also of optionals.
package protocol PostgresEncodable: Sendable {
    /// The type under which values of this Swift type are sent.
    static var postgresType: PostgresType { get }
    /// The type of `[Self]`; derived from `postgresType` by default.
    static var postgresArrayType: PostgresType { get }

    /// The type of this very parameter; `Self.postgresType` by default.
    var parameterType: PostgresType { get }
    /// False when `encode` appends text form instead of binary; true by default.
    var isBinary: Bool { get }
    /// About how many bytes `encode` appends, so that the buffer grows once.
    var encodedByteCount: Int { get }

    /// Appends the value; returns false, having appended nothing, for NULL.
    func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool
    /// Appends an array of such values. Only `UInt8` differs: its arrays are `bytea`.
    static func encodeArray(_ array: [Self], into bytes: inout [UInt8]) throws(PostgresError)
    /// About how many bytes `encodeArray` appends.
    static func encodedByteCount(ofArray array: [Self]) -> Int
}

extension PostgresEncodable {
    package static var postgresArrayType: PostgresType { postgresType.arrayType ?? .inferred }
    package var parameterType: PostgresType { Self.postgresType }
    package var isBinary: Bool { true }

    package static func encodeArray(_ array: [Self], into bytes: inout [UInt8]) throws(PostgresError) {
        guard postgresArrayType != .inferred else {
            throw PostgresError(.encode, "there is no array form of \(postgresType)")
        }
        BinaryArray.appendHeader(element: postgresType, count: array.count, into: &bytes)
        for element in array {
            try BinaryArray.appendElement(element, into: &bytes)
        }
    }

    package static func encodedByteCount(ofArray array: [Self]) -> Int {
        array.reduce(BinaryArray.headerByteCount) { $0 + 4 + $1.encodedByteCount }
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }
    package var parameterType: PostgresType { self?.parameterType ?? Wrapped.postgresType }
    package var isBinary: Bool { self?.isBinary ?? true }
    package var encodedByteCount: Int { self?.encodedByteCount ?? 0 }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        guard let value = self else { return false }
        return try value.encode(into: &bytes)
    }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    package static var postgresType: PostgresType { Element.postgresArrayType }
    package var encodedByteCount: Int { Element.encodedByteCount(ofArray: self) }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        try Element.encodeArray(self, into: &bytes)
        return true
    }
}

/// The layout of a one-dimensional array in binary form: a header, then each element's length and bytes.
enum BinaryArray {
    static let headerByteCount = 20
    /// The length that stands for NULL.
    static let nullLength: Int32 = -1

    static func appendHeader(element: PostgresType, count: Int, into bytes: inout [UInt8]) {
        guard count > 0 else {
            // An empty array has no dimension at all; a dimension of length 0 would be refused.
            bytes.appendInteger(Int32(0))
            bytes.appendInteger(Int32(0))
            bytes.appendInteger(element.rawValue)
            return
        }
        bytes.appendInteger(Int32(1))
        bytes.appendInteger(Int32(1))  // "may contain NULL": the server looks at the lengths anyway
        bytes.appendInteger(element.rawValue)
        bytes.appendInteger(Int32(truncatingIfNeeded: count))
        bytes.appendInteger(Int32(1))  // lower bound
    }

    static func appendElement(_ element: some PostgresEncodable, into bytes: inout [UInt8]) throws(PostgresError) {
        guard element.isBinary else {
            throw PostgresError(.encode, "a value in text form cannot be an array's element")
        }
        let lengthAt = bytes.count
        bytes.appendInteger(nullLength)
        guard try element.encode(into: &bytes) else { return }
        guard let length = Int32(exactly: bytes.count - lengthAt - 4) else {
            throw PostgresError(.encode, "an array's element exceeds 2 GB")
        }
        bytes.storeInteger(length, at: lengthAt)
    }
}

extension [UInt8] {
    /// Appends an integer in network order.
    mutating func appendInteger(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// Overwrites four bytes with an integer in network order.
    mutating func storeInteger(_ value: Int32, at index: Int) {
        let unsigned = UInt32(bitPattern: value)
        for byte in 0..<4 {
            self[index + byte] = UInt8(truncatingIfNeeded: unsigned >> (24 - 8 * byte))
        }
    }
}

/// A statement's parameters in Postgres's form: one buffer, and where in it each value lies.
///
/// Built on the caller's side, so that encoding never occupies a connection's thread.
struct EncodedParameters: Sendable {
    /// The protocol counts parameters in 16 bits.
    static let countMax = 65_535

    private(set) var bytes: [UInt8] = []
    private(set) var types: [UInt32] = []
    private(set) var formats: [Int32] = []
    private(set) var lengths: [Int32] = []
    /// Where each value starts; nil for NULL.
    private(set) var starts: [Int?] = []

    init(_ values: [any PostgresEncodable]) throws(PostgresError) {
        guard values.count <= Self.countMax else {
            throw PostgresError(.encode, "a statement takes at most \(Self.countMax) parameters")
        }
        bytes.reserveCapacity(values.reduce(0) { $0 + $1.encodedByteCount + 1 })
        for value in values {
            let start = bytes.count
            let isPresent = try value.encode(into: &bytes)
            guard let length = Int32(exactly: bytes.count - start) else {
                throw PostgresError(.encode, "parameter $\(types.count + 1) exceeds 2 GB")
            }
            types.append(value.parameterType.rawValue)
            formats.append(value.isBinary ? 1 : 0)
            lengths.append(isPresent ? length : 0)
            starts.append(isPresent ? start : nil)
            // libpq reads text parameters up to a NUL and ignores their length.
            bytes.append(0)
        }
    }

    var count: Int { types.count }
}
