internal import RawJSON

/// Makes a JSON text that jsonb can hold out of one it cannot, changing nothing else.
///
/// Replaced by U+FFFD: the escape for NUL, escapes for half a surrogate pair, bytes that are not UTF-8, and a backslash
/// together with a byte that is none of its business. Control characters that stand raw in a string become their
/// escapes; outside strings they become spaces.
enum JSONSanitiser {
    /// The cleaned text, or nil when there was nothing to clean.
    static func clean(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var cleaner = Cleaner(bytes)
        return cleaner.run()
    }

    private struct Cleaner {
        private let bytes: UnsafeRawBufferPointer
        private var output: [UInt8] = []
        private var copiedUpTo = 0
        private var index = 0
        private var isInString = false

        private static let replacementEscape = Array("\\ufffd".utf8)
        private static let replacementBytes: [UInt8] = [0xEF, 0xBF, 0xBD]

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        mutating func run() -> [UInt8]? {
            while index < bytes.count { step() }
            if copiedUpTo == 0 { return nil }
            output.append(contentsOf: bytes[copiedUpTo...])
            return output
        }

        private mutating func step() {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                isInString.toggle()
                index += 1
            case UInt8(ascii: "\\") where isInString:
                escape()
            case 0..<0x20:
                control(byte)
            case 0x80...:
                let length = UTF8Validity.sequenceLength(in: bytes, at: index)
                length == 0 ? replace(1, with: Self.replacementBytes) : (index += length)
            default:
                index += 1
            }
        }

        private mutating func control(_ byte: UInt8) {
            if isInString {
                let digits = String(byte, radix: 16)
                replace(
                    1, with: byte == 0 ? Self.replacementEscape : Array("\\u00\(byte < 16 ? "0" : "")\(digits)".utf8))
            } else if [0x09, 0x0A, 0x0D].contains(byte) {
                index += 1
            } else {
                replace(1, with: [0x20])
            }
        }

        private mutating func escape() {
            guard let unit = codeUnit(at: index) else {
                escapeOfByte()
                return
            }
            switch unit {
            case 0:
                replace(6, with: Self.replacementEscape)
            case 0xD800...0xDBFF:
                if let low = codeUnit(at: index + 6), (0xDC00...0xDFFF).contains(low) {
                    index += 12
                } else {
                    replace(6, with: Self.replacementEscape)
                }
            case 0xDC00...0xDFFF:
                replace(6, with: Self.replacementEscape)
            default:
                index += 6
            }
        }

        /// A backslash with one byte behind it; both go when nothing can be made of that byte.
        private mutating func escapeOfByte() {
            guard index + 1 < bytes.count else {
                index += 1
                return
            }
            switch bytes[index + 1] {
            case 0x20..<0x80: index += 2
            case 0x80... where UTF8Validity.sequenceLength(in: bytes, at: index + 1) > 0: index += 1
            default: replace(2, with: Self.replacementEscape)
            }
        }

        /// The code unit of a `\uXXXX` that begins at `position`.
        private func codeUnit(at position: Int) -> UInt16? {
            guard position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { return nil }
            // The initialiser takes a sign as well, which no escape has.
            let digits = bytes[(position + 2)..<(position + 6)]
            guard digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-") else { return nil }
            return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        }

        private mutating func replace(_ count: Int, with replacement: [UInt8]) {
            output.append(contentsOf: bytes[copiedUpTo..<index])
            output.append(contentsOf: replacement)
            index += count
            copiedUpTo = index
        }
    }
}
