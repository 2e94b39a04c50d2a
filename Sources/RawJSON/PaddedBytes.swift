internal import CSimdJSON

/// An immutable run of bytes with enough room behind it for the JSON scanner to read past the end.
///
/// A response body is copied into one of these once; every record of the page is then a ``ByteSlice`` of it
/// until the bytes reach the database.
///
/// **Thread**: safe to share: nothing is written after `init`.
package final class PaddedBytes: @unchecked Sendable {
    // @unchecked: the pointer is written only in `init` and freed only in `deinit`.
    private let base: UnsafeMutableRawPointer
    package let count: Int

    package static let padding = Int(PORTOLAN_JSON_PADDING)

    package init(copying source: UnsafeRawBufferPointer) {
        count = source.count
        base = Self.paddedCopy(of: source)
    }

    package init(_ bytes: [UInt8]) {
        count = bytes.count
        base = bytes.withUnsafeBytes { Self.paddedCopy(of: $0) }
    }

    private static func paddedCopy(of source: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer {
        let base = UnsafeMutableRawPointer.allocate(byteCount: source.count + padding, alignment: 64)
        if let start = source.baseAddress { base.copyMemory(from: start, byteCount: source.count) }
        (base + source.count).initializeMemory(as: UInt8.self, repeating: 0x20, count: padding)
        return base
    }

    package convenience init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// Runs `body` as the one writer of fresh bytes, before anybody else can see them.
    private init(transforming source: PaddedBytes, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        count = source.count
        base = UnsafeMutableRawPointer.allocate(byteCount: source.count + Self.padding, alignment: 64)
        base.copyMemory(from: source.base, byteCount: source.count + Self.padding)
        body(UnsafeMutableRawBufferPointer(start: base, count: source.count))
    }

    deinit { base.deallocate() }

    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    package var whole: ByteSlice { ByteSlice(owner: self, range: 0..<count) }

    /// A copy of the same length in which every byte that is not valid UTF-8 is a question mark, so that
    /// offsets found in the copy hold in the original.
    package func withInvalidUTF8Masked() -> PaddedBytes {
        PaddedBytes(transforming: self) { copy in
            var index = 0
            while index < copy.count {
                let length = UTF8Validity.sequenceLength(in: UnsafeRawBufferPointer(copy), at: index)
                if length == 0 {
                    copy[index] = UInt8(ascii: "?")
                    index += 1
                } else {
                    index += length
                }
            }
        }
    }
}

/// A part of a ``PaddedBytes``: what a record is between the network and the database.
package struct ByteSlice: Sendable {
    package let owner: PaddedBytes
    package let range: Range<Int>

    package init(owner: PaddedBytes, range: Range<Int>) {
        precondition(range.upperBound <= owner.count, "a slice ends within its bytes")
        self.owner = owner
        self.range = range
    }

    /// The bytes of their own, for a value that was made and not received.
    package init(copying bytes: [UInt8]) {
        let owner = PaddedBytes(bytes)
        self.init(owner: owner, range: 0..<owner.count)
    }

    package var count: Int { range.count }

    /// Calls `body` with the bytes. They must not be used after it returns.
    package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(owner) { try body(UnsafeRawBufferPointer(rebasing: owner.bytes[range])) }
    }

    package var array: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The bytes as text; invalid sequences become replacement characters.
    package var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

/// Where one well-formed UTF-8 sequence ends (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
package enum UTF8Validity {
    /// The number of bytes of the valid sequence that starts at `index`, or 0.
    package static func sequenceLength(in bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let first = bytes[index]
        if first < 0x80 { return 1 }
        let length: Int
        let second: ClosedRange<UInt8>
        switch first {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
