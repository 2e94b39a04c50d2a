/// What is remembered of one bucket: the bytes of its Redis key, and the entry in memory.
///
/// One layout for all kinds, little-endian doubles in the order of the properties, then pairs of `tail`. Packed
/// because a script that reads one string and writes one is twice as fast as one with fields. Times are microseconds of
/// the server's clock.
struct BucketState: Equatable, Sendable {
    static let bands = 5
    static let fixedCount = 22
    /// Of tokens, while nobody waits and nothing is blocked: `born` to `b`, `full` and `speed`.
    static let shortCount = 8

    /// The epoch it was written in; what was written in another one is not to be relied upon.
    var born = 0.0
    var at = 0.0
    /// ``BucketKind``'s raw value.
    var kind = 0.0
    /// Tokens and adaptive: tokens held, negative while in debt. Quota: drawn from the ledger and not spent. Window: in
    /// use. Slots: average time of holding.
    var level = 0.0
    /// Tokens: capacity as taught, or -1. Adaptive: rate. Quota: when it closes. Window: the time slice.
    var a = 0.0
    /// Tokens: rate as taught, or -1. Adaptive: when it was last cut. Quota: when it opens again. Window: a slice's
    /// length. Slots: the longest hold.
    var b = 0.0
    /// Quota: what the ledger has left, -1 where unknown. Window and slots: until when what may have been used before
    /// the epoch is waited for; 0 when it is not.
    var c = 0.0
    /// Quota: which period.
    var d = 0.0
    /// Quota: until when somebody is drawing.
    var e = 0.0
    var blockedUntil = 0.0
    var blockedFor = 0.0
    /// When the last who waits in each band is due: told waits are spread by it, and a band with somebody in it goes
    /// before lower ones.
    var due = [Double](repeating: 0, count: 5)
    /// What is kept for each band but the first while it waits behind others.
    var credit = [Double](repeating: 0, count: 4)
    /// Ours when full, and a second's gain; for people who look.
    var full = 0.0
    var speed = 0.0
    /// Window: pairs of time slice and count. Slots: pairs of holder and expiry.
    var tail: [Pair] = []

    struct Pair: Equatable, Sendable {
        var key: Double
        var value: Double
    }

    /// Nil when the bytes are no state.
    init?(bytes: [UInt8]) {
        let numbers = PackedNumbers.unpack(bytes)
        if let numbers, numbers.count == Self.shortCount {
            (born, at, kind, level) = (numbers[0], numbers[1], numbers[2], numbers[3])
            (a, b, full, speed) = (numbers[4], numbers[5], numbers[6], numbers[7])
            return
        }
        guard let numbers, numbers.count >= Self.fixedCount, (numbers.count - Self.fixedCount).isMultiple(of: 2) else {
            return nil
        }
        (born, at, kind, level) = (numbers[0], numbers[1], numbers[2], numbers[3])
        (a, b, c, d, e) = (numbers[4], numbers[5], numbers[6], numbers[7], numbers[8])
        (blockedUntil, blockedFor) = (numbers[9], numbers[10])
        due = Array(numbers[11..<16])
        credit = Array(numbers[16..<20])
        (full, speed) = (numbers[20], numbers[21])
        for index in stride(from: Self.fixedCount, to: numbers.count, by: 2) {
            tail.append(Pair(key: numbers[index], value: numbers[index + 1]))
        }
    }

    /// A bucket that nothing is known of, as of the epoch's beginning.
    init(_ turn: BucketTurn, born: Double) {
        self.born = born
        at = born
        kind = turn.kind.rawValue
        switch turn.kind {
        case .tokens: (a, b) = (-1, -1)
        case .adaptive: a = turn.p1
        case .quota: c = -1
        case .slots: level = Self.holdGuess
        case .window: break
        }
    }

    /// Half a second: what a request takes before any has been seen.
    static let holdGuess = 500_000.0
}

/// Doubles as bytes, little-endian.
enum PackedNumbers {
    static func pack(_ numbers: [Double]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: numbers.count * 8) { buffer, count in
            for (index, number) in numbers.enumerated() {
                UnsafeMutableRawBufferPointer(buffer).storeBytes(
                    of: number.bitPattern.littleEndian, toByteOffset: index * 8, as: UInt64.self)
            }
            count = numbers.count * 8
        }
    }

    /// Nil when it is no whole number of doubles.
    static func unpack(_ bytes: [UInt8]) -> [Double]? {
        guard bytes.count.isMultiple(of: 8) else { return nil }
        return bytes.withUnsafeBytes { buffer in
            stride(from: 0, to: buffer.count, by: 8).map { offset in
                Double(bitPattern: UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            }
        }
    }
}
