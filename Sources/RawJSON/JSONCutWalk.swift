/// One walk over a JSON text that notes which bytes are to go.
///
/// It judges structure only: brackets, strings, commas and colons must be where they belong, so that nobody who reads
/// the text can see a member where the walk saw none. Scalars are not judged.
struct JSONCutWalk {
    private enum Expectation { case value, elementOrEnd, keyOrEnd, key, colon, commaOrEnd, nothing }

    private struct Frame {
        let isObject: Bool
        /// Where in the paths the container stands: a range of `places`.
        let places: Range<Int>
        /// Whether a member before this one stays.
        var hasKept = false
        /// Where the last comma stands.
        var comma = 0
        /// Where the member under way begins, and whether it goes.
        var memberStart = 0
        var memberGoes = false
    }

    /// Far deeper than PostgreSQL stores, and no burden on memory.
    private static let depthMax = 100_000

    private let bytes: UnsafeRawBufferPointer
    private let cutter: JSONCutter
    private let mayBeCutShort: Bool
    private var index = 0
    private var frames: [Frame] = []
    private var places: [Int] = []
    private var expectation = Expectation.value
    /// What goes, in order and apart from one another.
    private(set) var removed: [Range<Int>] = []

    init(_ bytes: UnsafeRawBufferPointer, cutter: JSONCutter, mayBeCutShort: Bool) {
        self.bytes = bytes
        self.cutter = cutter
        self.mayBeCutShort = mayBeCutShort
    }

    /// Walks to the end; false when the text is not JSON.
    mutating func run() -> Bool {
        // A byte order mark.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        cutter.enter(into: &places)
        while true {
            skipSpace()
            guard index < bytes.count else { return expectation == .nothing || endsShort() }
            guard step(bytes[index]) else { return index >= bytes.count && endsShort() }
        }
    }

    /// The end came too early. What of a member that goes has been seen goes.
    private mutating func endsShort() -> Bool {
        guard mayBeCutShort else { return false }
        if let frame = frames.last, frame.memberGoes, expectation == .colon || expectation == .value {
            remove(upTo: bytes.count)
        }
        return true
    }

    private mutating func step(_ byte: UInt8) -> Bool {
        switch (expectation, byte) {
        case (.elementOrEnd, UInt8(ascii: "]")), (.commaOrEnd, UInt8(ascii: "]")):
            return close(isObject: false)
        case (.keyOrEnd, UInt8(ascii: "}")), (.commaOrEnd, UInt8(ascii: "}")):
            return close(isObject: true)
        case (.value, _), (.elementOrEnd, _):
            return value(byte)
        case (.key, UInt8(ascii: "\"")), (.keyOrEnd, UInt8(ascii: "\"")):
            return key()
        case (.colon, UInt8(ascii: ":")):
            index += 1
            expectation = .value
            return true
        case (.commaOrEnd, UInt8(ascii: ",")):
            comma()
            return true
        default:
            return false
        }
    }

    // MARK: - Members and commas

    private mutating func key() -> Bool {
        let start = index
        guard skipString() else { return false }
        let top = frames.count - 1
        let inside = UnsafeRawBufferPointer(rebasing: bytes[(start + 1)..<(index - 1)])
        let range = frames[top].places
        let goes: Bool
        if inside.contains(UInt8(ascii: "\\")) {
            goes = JSONName.unescaped(inside).withUnsafeBytes { cutter.advance(range, member: $0, in: &places) }
        } else {
            goes = cutter.advance(range, member: inside, in: &places)
        }
        frames[top].memberStart = start
        frames[top].memberGoes = goes
        expectation = .colon
        return true
    }

    private mutating func comma() {
        let top = frames.count - 1
        // A member that goes and has nobody before it takes the comma behind it along.
        if frames[top].memberGoes, !frames[top].hasKept, let last = removed.popLast() {
            removed.append(last.lowerBound..<(index + 1))
        }
        frames[top].comma = index
        index += 1
        expectation = frames[top].isObject ? .key : .value
    }

    private mutating func remove(upTo end: Int) {
        guard let frame = frames.last else { return }
        removed.append((frame.hasKept ? frame.comma : frame.memberStart)..<end)
    }

    // MARK: - Values

    private mutating func value(_ byte: UInt8) -> Bool {
        if let frame = frames.last {
            if frame.memberGoes {
                guard skipValue() else { return false }
                remove(upTo: index)
                valueEnded()
                return true
            }
            if !frame.isObject { cutter.advanceToElement(frame.places, in: &places) }
        }
        let isContainer = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
        let own = (frames.last?.places.upperBound ?? 0)..<places.count
        guard isContainer, !own.isEmpty else {
            // Nothing in there can match.
            guard skipValue() else { return false }
            valueEnded()
            return true
        }
        guard frames.count < Self.depthMax else { return false }
        index += 1
        frames.append(Frame(isObject: byte == UInt8(ascii: "{"), places: own))
        expectation = byte == UInt8(ascii: "{") ? .keyOrEnd : .elementOrEnd
        return true
    }

    private mutating func close(isObject: Bool) -> Bool {
        guard frames.last?.isObject == isObject else { return false }
        frames.removeLast()
        index += 1
        valueEnded()
        return true
    }

    private mutating func valueEnded() {
        guard let top = frames.indices.last else {
            expectation = .nothing
            return
        }
        places.removeLast(places.count - frames[top].places.upperBound)
        if !frames[top].memberGoes { frames[top].hasKept = true }
        expectation = .commaOrEnd
    }

    // MARK: - Skipping

    /// Passes over one value without looking for members; false when it is none, or does not end.
    private mutating func skipValue() -> Bool {
        var open: [Bool] = []
        repeat {
            skipSpace()
            guard index < bytes.count else { return false }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                guard skipString() else { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open.append(bytes[index] == UInt8(ascii: "{"))
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard open.popLast() == (bytes[index] == UInt8(ascii: "}")) else { return false }
                index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard !open.isEmpty else { return false }
                index += 1
            default: skipScalar()
            }
        } while !open.isEmpty
        return true
    }

    /// Passes over a string with its quotes; false when it does not end.
    private mutating func skipString() -> Bool {
        index += 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return true
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        index = bytes.count
        return false
    }

    private mutating func skipScalar() {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "}"),
                UInt8(ascii: "["), UInt8(ascii: "]"), 0x00...0x20:
                return
            default: index += 1
            }
        }
    }

    /// Control characters too: PostgreSQL is given spaces in their place.
    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
    }
}

/// A member's name without its escapes.
enum JSONName {
    /// The characters meant; half a surrogate pair becomes U+FFFD, as it does where a text is cleaned.
    static func unescaped(_ raw: UnsafeRawBufferPointer) -> [UInt8] {
        var name: [UInt8] = []
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\"), index + 1 < raw.count else {
                name.append(raw[index])
                index += 1
                continue
            }
            let kind = raw[index + 1]
            if kind == UInt8(ascii: "u"), let unit = codeUnit(raw, at: index) {
                index += 6
                var scalar = Unicode.Scalar(unit)
                if (0xD800...0xDBFF).contains(unit), let low = codeUnit(raw, at: index),
                    (0xDC00...0xDFFF).contains(low)
                {
                    index += 6
                    scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
                }
                name.append(contentsOf: String(Character(scalar ?? "\u{FFFD}")).utf8)
                continue
            }
            name.append(simple[kind] ?? kind)
            index += 2
        }
        return name
    }

    private static let simple: [UInt8: UInt8] = [
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D,
        UInt8(ascii: "t"): 0x09,
    ]

    private static func codeUnit(_ raw: UnsafeRawBufferPointer, at position: Int) -> UInt16? {
        guard position + 6 <= raw.count, raw[position] == UInt8(ascii: "\\"),
            raw[position + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt16 = 0
        for byte in raw[(position + 2)..<(position + 6)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
