internal import Glibc

/// Text of any encoding as UTF-8, a chunk at a time; characters may be cut in two by the chunks' borders.
///
/// Bytes that mean nothing in the encoding become U+FFFD and are counted; they never end the reading. A byte order mark
/// decides against what the header says, and is left out.
///
/// **Thread**: confined to whoever reads the document; it is handed on, never shared.
// Not Sendable by itself because of iconv's descriptor, which nobody else has.
package final class CharsetStream: @unchecked Sendable {
    /// How many places could not be read.
    package private(set) var invalidCount = 0
    /// The encoding in use; nil until the first bytes have come.
    package private(set) var charset: Charset?
    /// The declared encoding is one that this machine does not know.
    package private(set) var isUnknown = false

    private let declared: Charset?
    private var descriptor: iconv_t?
    /// The beginning of a character whose rest has not come.
    private var carried: [UInt8] = []

    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// - Parameter declared: nil where nothing is declared: then UTF-8 if the first chunk is that, else Windows-1252.
    package init(declared: Charset?) { self.declared = declared }

    deinit { if let descriptor { iconv_close(descriptor) } }

    /// Appends the text of the next bytes.
    package func decode(_ bytes: [UInt8], into text: inout [UInt8]) {
        var bytes = carried.isEmpty ? bytes : carried + bytes
        carried = []
        if charset == nil {
            // A byte order mark has at most three bytes.
            if bytes.count < 3 {
                carried = bytes
                return
            }
            bytes.removeFirst(open(bytes))
        }
        convert(bytes, isLast: false, into: &text)
    }

    /// Appends what is left. Half a character at the end counts as a place that could not be read.
    package func finish(into text: inout [UInt8]) {
        var bytes = carried
        carried = []
        if charset == nil { bytes.removeFirst(open(bytes)) }
        convert(bytes, isLast: true, into: &text)
    }

    /// Chooses the encoding; gives the length of the byte order mark.
    private func open(_ bytes: [UInt8]) -> Int {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            charset = .utf8
            return 3
        }
        var chosen = declared
        var mark = 0
        if bytes.starts(with: [0xFF, 0xFE]) { (chosen, mark) = (Charset(label: "UTF-16LE"), 2) }
        if bytes.starts(with: [0xFE, 0xFF]) { (chosen, mark) = (Charset(label: "UTF-16BE"), 2) }
        if let named = chosen, named != .utf8 {
            if connect(named) { return mark }
            isUnknown = true
            chosen = nil
        }
        charset = chosen ?? (Self.isUTF8(bytes) ? .utf8 : .windows1252)
        if charset != .utf8, !connect(.windows1252) { charset = .utf8 }
        return mark
    }

    private func connect(_ charset: Charset) -> Bool {
        let opened = iconv_open("UTF-8", charset.name)
        // iconv's way to say no is the descriptor -1.
        guard Int(bitPattern: opened) != -1 else { return false }
        descriptor = opened
        self.charset = charset
        return true
    }

    private func convert(_ bytes: [UInt8], isLast: Bool, into text: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        if let descriptor, charset?.keepsASCII == true, bytes.allSatisfy({ $0 < 0x80 }) {
            _ = descriptor
            text += bytes
        } else if descriptor != nil {
            translate(bytes, isLast: isLast, into: &text)
        } else {
            check(bytes, isLast: isLast, into: &text)
        }
    }

    // MARK: - UTF-8

    private func check(_ bytes: [UInt8], isLast: Bool, into text: inout [UInt8]) {
        bytes.withUnsafeBufferPointer { source in
            var start = 0
            var index = 0
            while index < source.count {
                if source[index] < 0x80 {
                    index += 1
                    continue
                }
                let length = Self.sequenceLength(source, index)
                if length > 0 {
                    index += length
                    continue
                }
                if !isLast, Self.mayGoOn(source, index) { break }
                text.append(contentsOf: source[start..<index])
                text += Self.replacement
                invalidCount += 1
                index += 1
                start = index
            }
            text.append(contentsOf: source[start..<index])
            if index < source.count { carried = Array(source[index...]) }
        }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { source in
            var index = 0
            while index < source.count {
                if source[index] < 0x80 {
                    index += 1
                    continue
                }
                let length = sequenceLength(source, index)
                if length == 0 { return mayGoOn(source, index) }
                index += length
            }
            return true
        }
    }

    /// Bytes of the well-formed sequence at `index` (RFC 3629), or 0.
    private static func sequenceLength(_ source: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        let first = source[index]
        guard let length = length(first), index + length <= source.count else { return 0 }
        for offset in 1..<length where !isContinuation(source[index + offset], offset, first) { return 0 }
        return length
    }

    /// Whether the bytes at `index` are the beginning of a sequence that the end of the chunk cuts in two.
    private static func mayGoOn(_ source: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
        let first = source[index]
        guard let length = length(first), index + length > source.count else { return false }
        for offset in 1..<max(1, source.count - index) where !isContinuation(source[index + offset], offset, first) {
            return false
        }
        return true
    }

    private static func length(_ first: UInt8) -> Int? {
        switch first {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: nil
        }
    }

    private static func isContinuation(_ byte: UInt8, _ offset: Int, _ first: UInt8) -> Bool {
        guard offset == 1 else { return (0x80...0xBF).contains(byte) }
        switch first {
        case 0xE0: return (0xA0...0xBF).contains(byte)
        case 0xED: return (0x80...0x9F).contains(byte)
        case 0xF0: return (0x90...0xBF).contains(byte)
        case 0xF4: return (0x80...0x8F).contains(byte)
        default: return (0x80...0xBF).contains(byte)
        }
    }

    // MARK: - Everything else

    private func translate(_ bytes: [UInt8], isLast: Bool, into text: inout [UInt8]) {
        guard let descriptor else { return }
        var bytes = bytes
        var used = 0
        let total = bytes.count
        bytes.withUnsafeMutableBytes { source in
            guard let base = source.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            while used < total {
                var status = 0
                var failure: Int32 = 0
                text += [UInt8](unsafeUninitializedCapacity: 3 * (total - used) + 16) { output, count in
                    var from: UnsafeMutablePointer<CChar>? = base + used
                    var left = total - used
                    var to = UnsafeMutableRawPointer(output.baseAddress)?.assumingMemoryBound(to: CChar.self)
                    var room = output.count
                    status = iconv(descriptor, &from, &left, &to, &room)
                    failure = errno
                    used = total - left
                    count = output.count - room
                }
                guard status == -1 else { return }
                if failure == E2BIG { continue }
                if failure == EINVAL, !isLast { break }
                if failure == EINVAL || failure == EILSEQ {
                    // The output has everything before the place; one byte is left out and reading goes on behind it.
                    text += Self.replacement
                    invalidCount += 1
                    used += 1
                    continue
                }
                return
            }
        }
        if used < total { carried = Array(bytes[used...]) }
    }
}
