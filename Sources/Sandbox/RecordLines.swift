internal import Platforms

/// Records as lines of JSON, a few at a time, so that a million of them need not be one text.
struct RecordLines {
    private let records: [SandboxRecord]
    private var index = 0
    private static let chunkBytes = 128 * 1024

    init(_ records: [SandboxRecord]) { self.records = records }

    /// The next lines; nil at the end.
    mutating func next() -> [UInt8]? {
        guard index < records.count else { return nil }
        var lines: [UInt8] = []
        lines.reserveCapacity(Self.chunkBytes + 8192)
        while index < records.count, lines.count < Self.chunkBytes {
            Self.append(records[index], to: &lines)
            index += 1
        }
        return lines
    }

    private static func append(_ record: SandboxRecord, to lines: inout [UInt8]) {
        lines += #"{"resource":"#.utf8
        appendString(record.resource, to: &lines)
        lines += #","id":"#.utf8
        appendString(record.id, to: &lines)
        lines += #","payload":"#.utf8
        let start = lines.count
        lines += record.payload
        // Outside of strings a line break is as good as a space, and inside of them there can be none.
        for position in start..<lines.count where lines[position] == 0x0A || lines[position] == 0x0D {
            lines[position] = 0x20
        }
        lines += "}\n".utf8
    }

    private static func appendString(_ text: String, to lines: inout [UInt8]) {
        lines.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                lines.append(UInt8(ascii: "\\"))
                lines.append(byte)
            case ..<0x20:
                let digits = String(byte, radix: 16)
                lines += (byte < 0x10 ? "\\u000" : "\\u00").utf8
                lines += digits.utf8
            default: lines.append(byte)
            }
        }
        lines.append(UInt8(ascii: "\""))
    }
}
