internal import CSimdJSON

/// A JSON text that can be looked into without being decoded.
///
/// Values are slices of the received bytes: asking for a member finds where it begins and ends, and copies
/// nothing. Numbers stay text, so that no identifier and no amount ever goes through floating point.
///
/// The scanner does not validate what it skips; PostgreSQL does when it stores the slice. What is checked up
/// front is that strings and brackets close, so a truncated body is found at once. Bytes that are not UTF-8 do
/// not fail the document: they are masked while scanning, slices still hold the bytes as received, and
/// ``hadInvalidUTF8`` says so.
///
/// **Thread**: confined to the task that made it; the slices it gives are Sendable.
package final class JSONDocument {
    package let bytes: PaddedBytes
    package let hadInvalidUTF8: Bool
    private let scanned: PaddedBytes
    private let parser: OpaquePointer
    private var rootSlice = portolan_json_slice()

    /// - Throws: ``JSONError`` when the text is empty, truncated, nested too deeply or not JSON.
    package init(_ bytes: PaddedBytes) throws(JSONError) {
        guard let parser = portolan_json_parser_make() else { throw JSONError(.outOfMemory) }
        self.bytes = bytes
        self.parser = parser
        var root = portolan_json_slice()
        var scanned = bytes
        var status = portolan_json_root(parser, scanned.start, scanned.count, &root)
        hadInvalidUTF8 = status == PORTOLAN_JSON_INVALID_UTF8
        if hadInvalidUTF8 {
            scanned = bytes.withInvalidUTF8Masked()
            status = portolan_json_root(parser, scanned.start, scanned.count, &root)
        }
        self.scanned = scanned
        rootSlice = root
        if let error = JSONError(status) { throw error }
    }

    deinit { portolan_json_parser_free(parser) }

    package var root: JSONValue { JSONValue(document: self, slice: rootSlice) }

    fileprivate func members(_ keys: [StaticString], of object: portolan_json_slice) throws(JSONError)
        -> [portolan_json_slice]
    {
        var found = [portolan_json_slice](repeating: portolan_json_slice(), count: keys.count)
        let names: [UnsafePointer<CChar>?] = keys.map {
            UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self)
        }
        let lengths = keys.map(\.utf8CodeUnitCount)
        let status = portolan_json_members(parser, scanned.start, object, names, lengths, keys.count, &found)
        if let error = JSONError(status) { throw error }
        return found
    }

    fileprivate func member(_ key: String, of object: portolan_json_slice) throws(JSONError) -> portolan_json_slice {
        var found = portolan_json_slice()
        let status = key.withCString { name in
            var name: UnsafePointer<CChar>? = name
            var length = key.utf8.count
            return portolan_json_members(parser, scanned.start, object, &name, &length, 1, &found)
        }
        if let error = JSONError(status) { throw error }
        return found
    }

    fileprivate func elements(of array: portolan_json_slice) throws(JSONError) -> [portolan_json_slice] {
        var capacity = 256
        while true {
            var count = 0
            var status = PORTOLAN_JSON_OK
            let found = [portolan_json_slice](unsafeUninitializedCapacity: capacity) { buffer, initialised in
                status = portolan_json_elements(parser, scanned.start, array, buffer.baseAddress, capacity, &count)
                initialised = min(count, capacity)
            }
            if let error = JSONError(status) { throw error }
            if count <= capacity { return found }
            capacity = count
        }
    }

    fileprivate func unescape(_ string: portolan_json_slice) throws(JSONError) -> String {
        // The usual string has no escape: its characters are its bytes.
        let inside = UnsafeRawBufferPointer(
            start: UnsafeRawPointer(scanned.start) + string.offset + 1, count: max(0, string.length - 2))
        if !inside.contains(UInt8(ascii: "\\")) { return String(decoding: inside, as: UTF8.self) }
        var status = PORTOLAN_JSON_OK
        let text = String(unsafeUninitializedCapacity: string.length) { buffer in
            var length = 0
            status = buffer.withMemoryRebound(to: CChar.self) { out in
                portolan_json_unescape(parser, scanned.start, string, out.baseAddress, &length)
            }
            return length
        }
        if let error = JSONError(status) { throw error }
        return text
    }
}

/// One value of a ``JSONDocument``: its kind and where it stands in the received bytes.
///
/// **Thread**: as its document. Use ``slice`` for what has to travel.
package struct JSONValue {
    package enum Kind: Sendable { case null, bool, number, string, array, object }

    fileprivate let document: JSONDocument
    private let raw: portolan_json_slice
    package let kind: Kind

    fileprivate init(document: JSONDocument, slice: portolan_json_slice) {
        self.document = document
        raw = slice
        kind =
            switch slice.kind {
            case PORTOLAN_JSON_BOOL: .bool
            case PORTOLAN_JSON_NUMBER: .number
            case PORTOLAN_JSON_STRING: .string
            case PORTOLAN_JSON_ARRAY: .array
            case PORTOLAN_JSON_OBJECT: .object
            default: .null
            }
    }

    /// The value's bytes exactly as received.
    package var slice: ByteSlice {
        ByteSlice(owner: document.bytes, range: raw.offset..<(raw.offset + raw.length))
    }

    package var isNull: Bool { kind == .null }

    /// The member of that name; nil where the value is no object or has no such member, and where the
    /// object's text is malformed before it. A member that is JSON null is a value of kind `null`.
    package subscript(_ key: String) -> JSONValue? {
        guard kind == .object, let found = try? document.member(key, of: raw), found.kind != PORTOLAN_JSON_MISSING
        else { return nil }
        return JSONValue(document: document, slice: found)
    }

    /// The value at a path of member names, e.g. `value.at("data", "orders", "pageInfo")`.
    package func at(_ path: String...) -> JSONValue? {
        path.reduce(Optional(self)) { value, key in value?[key] }
    }

    /// Several members in one walk over the object, in the order asked; nil where there is none.
    package func members(_ keys: StaticString...) throws(JSONError) -> [JSONValue?] {
        guard kind == .object else { throw JSONError(.wrongKind) }
        let found = try document.members(keys, of: raw)
        return found.map { $0.kind == PORTOLAN_JSON_MISSING ? nil : JSONValue(document: document, slice: $0) }
    }

    /// The elements of an array, in order.
    package func elements() throws(JSONError) -> [JSONValue] {
        guard kind == .array else { throw JSONError(.wrongKind) }
        return try document.elements(of: raw).map { JSONValue(document: document, slice: $0) }
    }

    /// The text of a string, without escapes; nil for other kinds and for escapes that mean no character.
    package var string: String? {
        kind == .string ? try? document.unescape(raw) : nil
    }

    /// The text of a string, or the digits of a number exactly as received: what identifiers are read with.
    package var identifier: String? {
        switch kind {
        case .string: string
        case .number: slice.text
        default: nil
        }
    }

    /// A whole number that fits; nil for everything else, fractions included.
    package var int64: Int64? { kind == .number ? Int64(slice.text) : nil }

    package var bool: Bool? {
        guard kind == .bool else { return nil }
        return slice.withUnsafeBytes { $0.first == UInt8(ascii: "t") }
    }

    /// A number as a Double: for limits and rates only, never for money or identifiers.
    package var approximate: Double? { kind == .number ? Double(slice.text) : nil }
}

/// Why a text could not be looked into. Carries no part of the text.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package enum Reason: String, Sendable {
        case malformed = "the text is not JSON, or ends too early"
        case tooDeep = "the text is nested too deeply"
        case tooLarge = "the text is too large to scan"
        case wrongKind = "the value is not of the kind asked for"
        case outOfMemory = "no memory for the scanner"
    }

    package let reason: Reason
    package var description: String { reason.rawValue }

    init(_ reason: Reason) { self.reason = reason }

    init?(_ status: portolan_json_status) {
        switch status {
        case PORTOLAN_JSON_OK: return nil
        case PORTOLAN_JSON_WRONG_KIND: reason = .wrongKind
        case PORTOLAN_JSON_TOO_DEEP: reason = .tooDeep
        case PORTOLAN_JSON_TOO_LARGE: reason = .tooLarge
        default: reason = .malformed
        }
    }
}

extension PaddedBytes {
    fileprivate var start: UnsafePointer<CChar> { bytes.assumingMemoryBound(to: CChar.self).baseAddress! }
}
