/// What the server answered.
///
/// The accessors either give the value asked for or throw `protocolViolation` naming what came
/// instead; an error reply throws the error it carries.
package enum RedisReply: Sendable, Hashable {
    /// A bulk string: any bytes.
    case string([UInt8])
    case integer(Int64)
    /// May hold error replies (in the answer of `EXEC`), and is nested at most seven deep.
    case array([RedisReply])
    /// A missing value (nil bulk string or nil array).
    case null
    /// A simple string such as `OK`.
    case status(String)
    /// The server's error text.
    case error(String)
}

extension RedisReply {
    package var isNull: Bool { self == .null }

    /// The bytes of a string or status reply.
    package var bytes: [UInt8] {
        get throws(RedisError) {
            switch self {
            case .string(let bytes): bytes
            case .status(let text): Array(text.utf8)
            default: throw mismatch("a string")
            }
        }
    }

    /// The text of a string or status reply; `protocolViolation` when it is not UTF-8.
    package var string: String {
        get throws(RedisError) {
            guard let text = String(validating: try bytes, as: UTF8.self) else {
                throw RedisError(.protocolViolation, "the reply is a string but not UTF-8")
            }
            return text
        }
    }

    /// An integer reply, or a string reply that reads as one.
    package var integer: Int64 {
        get throws(RedisError) {
            switch self {
            case .integer(let number): return number
            case .string, .status:
                guard let number = Int64(try string) else {
                    throw RedisError(.protocolViolation, "the reply is a string but not an integer")
                }
                return number
            default: throw mismatch("an integer")
            }
        }
    }

    /// The elements of an array reply.
    package var array: [RedisReply] {
        get throws(RedisError) {
            guard case .array(let elements) = self else { throw mismatch("an array") }
            return elements
        }
    }

    /// Whether the server refused a write because it is a replica.
    var isReadOnlyRefusal: Bool {
        guard case .error(let text) = self else { return false }
        return RedisError.fromServer(text).code == .readOnly
    }

    /// This reply, or nil when the server has no value: `try reply.optional?.string`.
    package var optional: RedisReply? { isNull ? nil : self }

    private func mismatch(_ wanted: String) -> RedisError {
        if case .error(let text) = self { return .fromServer(text) }
        return RedisError(.protocolViolation, "the reply is \(self), not \(wanted)")
    }
}

extension RedisReply: CustomStringConvertible, CustomDebugStringConvertible {
    /// The kind and size; never the content.
    package var description: String {
        switch self {
        case .string(let bytes): "a string of \(bytes.count) bytes"
        case .integer: "an integer"
        case .array(let elements): "an array of \(elements.count)"
        case .null: "nil"
        case .status: "a status"
        case .error: "an error"
        }
    }

    package var debugDescription: String { description }
}
