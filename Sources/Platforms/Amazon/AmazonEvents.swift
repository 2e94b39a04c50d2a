import RawJSON

/// The financial events of a page, each with a key of its own.
///
/// Amazon gives events no identifier. What is the same in every answer is their content, so the key is the list's name,
/// the order and a hash of the content; of events that are alike in everything, the second and further ones have a
/// number behind it. NOTES.md says what that can and cannot tell apart.
struct AmazonEvents {
    struct Event {
        let key: String
        let value: JSONValue
    }

    /// Members that hold when an event took place, in the spellings there are.
    static let dateNames = ["PostedDate", "postedDate", "TransactionPostedDate", "TransactionCreationDate"]

    private(set) var events: [Event] = []
    private(set) var rejected = 0
    /// How often each key without its number has been seen, for the next page.
    private(set) var counts: [String: Int] = [:]

    /// - Parameter before: keys of the page before, of which this one may hold further copies.
    init(_ lists: JSONValue, before: [String: Int]) {
        for member in AmazonJSON.members(of: lists.slice) {
            guard let values = try? lists[member]?.elements() else { continue }
            for value in values {
                guard value.kind == .object, let hash = AmazonJSON.hash(of: value.slice) else {
                    rejected += 1
                    continue
                }
                var order = AmazonAnswer.identifier(value["AmazonOrderId"] ?? value["SellerOrderId"]) ?? ""
                if order.utf8.count > 60 || order.contains(":") { order = "" }
                let base = "\(member):\(order):\(Self.hex(hash))"
                let number = (counts[base] ?? before[base] ?? 0) + 1
                counts[base] = number
                events.append(Event(key: number == 1 ? base : "\(base):\(number)", value: value))
            }
        }
    }

    private static func hex(_ hash: UInt64) -> String {
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}

/// Looks into JSON texts for what a document does not tell: the names of an object's members, and a hash that does not
/// depend on their order.
enum AmazonJSON {
    /// Names of an object's members, in order; those written with escapes are left out.
    static func members(of object: ByteSlice) -> [String] {
        var names: [String] = []
        object.withUnsafeBytes { bytes in
            var scanner = Scanner(bytes: bytes)
            _ = scanner.object { name, scanner in
                if !name.contains(92) { names.append(String(decoding: name, as: UTF8.self)) }
                return scanner.hash() != nil
            }
        }
        return names
    }

    /// Nil for a text that is not JSON.
    static func hash(of value: ByteSlice) -> UInt64? {
        value.withUnsafeBytes { bytes in
            var scanner = Scanner(bytes: bytes)
            return scanner.hash()
        }
    }

    private struct Scanner {
        let bytes: UnsafeRawBufferPointer
        var at = 0
        var depth = 0

        private static let depthMax = 64

        init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        private mutating func skipBlanks() {
            while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            skipBlanks()
            guard at < bytes.count, bytes[at] == byte else { return false }
            at += 1
            return true
        }

        /// Calls `body` with each member's name, standing before its value. False when it is no object.
        mutating func object(_ body: (UnsafeRawBufferPointer.SubSequence, inout Scanner) -> Bool) -> Bool {
            guard take(UInt8(ascii: "{")) else { return false }
            if take(UInt8(ascii: "}")) { return true }
            repeat {
                guard let name = string(), take(UInt8(ascii: ":")), body(name, &self) else { return false }
            } while take(UInt8(ascii: ","))
            return take(UInt8(ascii: "}"))
        }

        /// Passes over a string; gives what is between its quotes.
        private mutating func string() -> UnsafeRawBufferPointer.SubSequence? {
            guard take(0x22) else { return nil }
            let start = at
            while at < bytes.count, bytes[at] != 0x22 { at += bytes[at] == 0x5C ? 2 : 1 }
            guard at < bytes.count else { return nil }
            defer { at += 1 }
            return bytes[start..<at]
        }

        /// Passes over a value and hashes it: members in any order, elements in theirs.
        mutating func hash() -> UInt64? {
            skipBlanks()
            guard at < bytes.count, depth < Self.depthMax else { return nil }
            depth += 1
            defer { depth -= 1 }
            switch bytes[at] {
            case UInt8(ascii: "{"):
                var sum: UInt64 = 0x0B1E
                let isObject = object { name, scanner in
                    guard let value = scanner.hash() else { return false }
                    sum &+= Self.mix(Self.fnv(name) ^ value &* 0x9E37_79B9_7F4A_7C15)
                    return true
                }
                return isObject ? Self.mix(sum) : nil
            case UInt8(ascii: "["):
                at += 1
                var sum: UInt64 = 0xA88A
                if take(UInt8(ascii: "]")) { return sum }
                repeat {
                    guard let value = hash() else { return nil }
                    sum = Self.mix(sum &* 31 &+ value)
                } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "]")) ? sum : nil
            case 0x22: return string().map { Self.mix(Self.fnv($0) ^ 0x57) }
            default:
                let start = at
                while at < bytes.count, !",]} \t\r\n".utf8.contains(bytes[at]) { at += 1 }
                return at > start ? Self.mix(Self.fnv(bytes[start..<at]) ^ 0x4E) : nil
            }
        }

        /// FNV-1a.
        private static func fnv(_ bytes: UnsafeRawBufferPointer.SubSequence) -> UInt64 {
            bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }

        private static func mix(_ value: UInt64) -> UInt64 {
            var mixed = value
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
