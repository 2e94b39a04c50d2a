/// A request's target, taken apart: `/shopify/demo/admin/orders.json?limit=5`.
struct RequestTarget {
    /// The first two steps of the path, `shopify/demo`: which store is meant; empty when there are not two.
    let mount: Substring
    /// The path after that, still percent-encoded, beginning with a slash.
    let rest: Substring
    let path: Substring
    private let queryText: Substring

    init(_ target: String) {
        let question = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        path = target[..<(question ?? target.endIndex)]
        queryText = question.map { target[target.utf8.index(after: $0)...] } ?? ""
        let slash = UInt8(ascii: "/")
        guard path.utf8.first == slash else {
            (mount, rest) = ("", path)
            return
        }
        let start = path.utf8.index(after: path.startIndex)
        guard let second = path[start...].utf8.firstIndex(of: slash) else {
            (mount, rest) = ("", path)
            return
        }
        let end = path[path.utf8.index(after: second)...].utf8.firstIndex(of: slash) ?? path.endIndex
        mount = path[start..<end]
        rest = end == path.endIndex ? "/" : path[end...]
    }

    /// The query's parameters, decoded, in order. Bytes that are no UTF-8 come out as replacement characters.
    var query: [(name: String, value: String)] {
        queryText.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    private static func decoded(_ text: Substring.UTF8View) -> String {
        if !text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) { return String(text) ?? "" }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index = text.index(after: index)
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = text[index...].prefix(2).compactMap(hex)
                if digits.count == 2 {
                    bytes.append(digits[0] << 4 | digits[1])
                    index = text.index(index, offsetBy: 2)
                } else {
                    bytes.append(byte)
                }
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hex(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
