/// One argument of a command: any bytes, NUL included.
///
/// `description` tells the length only, so an argument can be logged without leaking what it holds.
package struct RedisArgument: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package init(_ number: some BinaryInteger) { bytes = Array(String(number).utf8) }

    /// The shortest decimal text that reads back as the same number.
    package init(_ number: Double) { bytes = Array(String(number).utf8) }
}

extension RedisArgument: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    package init(stringLiteral text: String) { self.init(text) }
    package init(integerLiteral number: Int) { self.init(number) }
}

extension RedisArgument: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(bytes.count) bytes" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Writes commands in the form the server reads: an array of bulk strings.
enum CommandEncoder {
    static func append(_ arguments: [RedisArgument], to output: inout [UInt8]) {
        appendHeader(UInt8(ascii: "*"), arguments.count, to: &output)
        for argument in arguments {
            appendHeader(UInt8(ascii: "$"), argument.bytes.count, to: &output)
            output.append(contentsOf: argument.bytes)
            output.append(contentsOf: [13, 10])
        }
    }

    /// An upper bound for what `append` adds; checked before anything is copied.
    static func sizeBound(_ arguments: [RedisArgument]) -> Int {
        arguments.reduce(into: 24) { $0 += $1.bytes.count + 24 }
    }

    private static func appendHeader(_ mark: UInt8, _ count: Int, to output: inout [UInt8]) {
        output.append(mark)
        output.append(contentsOf: String(count).utf8)
        output.append(contentsOf: [13, 10])
    }
}
