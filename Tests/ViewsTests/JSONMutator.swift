import Platforms

/// Spoils JSON texts: some of their values are replaced by what no view expects, or taken away.
///
/// It works on the text and not on decoded values, so that it can write what no encoder would.
struct JSONMutator {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// A value of a text, and the name it has in its object.
    private struct Place {
        var value: Range<Int>
        var name: Range<Int>?
    }

    /// The text with 1 to 10 places replaced or removed; once in a while the whole of it is replaced.
    mutating func mutate(_ json: [UInt8]) -> [UInt8] {
        let places = Self.places(in: json)
        guard places.count > 1, Int.random(in: 0..<50, using: &random) > 0 else { return nasty() }
        var chosen: [Place] = []
        for _ in 0..<Int.random(in: 1...10, using: &random) {
            guard let place = places.dropFirst().randomElement(using: &random) else { break }
            if !chosen.contains(where: { $0.value.overlaps(place.value) }) { chosen.append(place) }
        }
        var mutant = json
        for place in chosen.sorted(by: { $0.value.lowerBound > $1.value.lowerBound }) {
            mutant.replaceSubrange(place.value, with: nasty())
            // A member under another name is a member that is missing.
            if let name = place.name, Int.random(in: 0..<6, using: &random) == 0 {
                mutant.replaceSubrange(name, with: Array("\"~\"".utf8))
            }
        }
        return mutant
    }

    private mutating func nasty() -> [UInt8] {
        let text = Int.random(in: 0..<60, using: &random) == 0 ? Self.huge : Self.words
        return Array((text.randomElement(using: &random) ?? "null").utf8)
    }

    private static let words: [String] = [
        "null", "true", "false", "[]", "{}", "[[]]", "[null]", "[{}]", "[1,\"a\",null,{\"id\":{}}]", "{\"id\":[]}",
        "{\"a\":{\"b\":[{\"c\":null}]}}", "{\"nodes\":null}", "{\"nodes\":{}}", "{\"data\":{}}", "{\"data\":[[1],2]}",
        "{\"shopMoney\":{\"amount\":[],\"currencyCode\":{}}}", "{\"shopMoney\":\"1.00\"}",
        "{\"pageInfo\":{\"hasNextPage\":\"true\"},\"nodes\":[7]}", "{\"has_more\":true,\"data\":[{\"id\":7}]}",
        "\"\"", "\" \"", "\"12,50\"", "\"1.234,56\"", "\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "\"1e400\"",
        "\"+5\"", "\"--5\"", "\".\"", "\"5.\"", "\".5\"", "\"1e5\"", "\"0x1F\"", "\"٣٤\"", "\"１２\"", "\"5\\n\"",
        "0", "-0", "-1", "0.1", "1e400", "1e-400", "-1e400", "1e30", "1e29", "123456789012345678901234567890",
        "9223372036854775808", "-9223372036854775809", "1e15", "4102444800", "788918399.999",
        "\"2026-02-30T10:00:00Z\"", "\"2026-13-01T00:00:00Z\"", "\"2026-01-01T24:00:00Z\"", "\"2026-01-01T10:00:60Z\"",
        "\"0000-01-01T00:00:00Z\"", "\"99999-01-01\"", "\"99999-01-01T00:00:00Z\"", "\"294277-01-01T00:00:00Z\"",
        "\"2026-01-01T10:00:00+99:99\"", "\"2026-01-01T10:00:00 BC\"", "\"now\"", "\"infinity\"", "\"epoch\"",
        "\"2026-01-01T10:00:00.123456789+05:30\"", "\"2026-01-01\"", "\"1767225600\"", "\"1767225600000\"",
        "\"eur\"", "\"???\"", "\"EURO\"", "\"SOMETHING_NEW\"", "\"gid://shopify/\"", "\"a/b/c/d/e/f/g\"",
        "\"\\ud83e\\udd8a\"",
    ]

    private static let huge: [String] = [
        String(repeating: "7", count: 5000), String(repeating: "9", count: 131_001),
        "0." + String(repeating: "0", count: 16_000) + "1", "1." + String(repeating: "3", count: 4000),
        "\"" + String(repeating: "5", count: 5000) + "\"", "\"" + String(repeating: "x", count: 20_000) + "\"",
        String(repeating: "[", count: 500) + String(repeating: "]", count: 500),
    ]

    // MARK: - Where the values stand

    /// Every value of a well-formed text; the first is the whole.
    private static func places(in json: [UInt8]) -> [Place] {
        var places: [Place] = []
        var open: [(index: Int, isObject: Bool)] = []
        var name: Range<Int>?
        var at = 0
        func begin(_ end: Int?) {
            places.append(Place(value: at..<(end ?? at), name: name))
            name = nil
        }
        while at < json.count {
            switch json[at] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                begin(nil)
                open.append((places.count - 1, json[at] == UInt8(ascii: "{")))
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                at += 1
                guard let last = open.popLast() else { return [] }
                places[last.index].value = places[last.index].value.lowerBound..<at
            case UInt8(ascii: "\""):
                let end = endOfString(in: json, from: at)
                let isName = open.last?.isObject == true && name == nil
                if isName { name = at..<end } else { begin(end) }
                at = end
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x0A, 0x0D, 0x09:
                at += 1
            default:
                let end = json[at...].firstIndex { ",]} \n\r\t".utf8.contains($0) } ?? json.count
                begin(end)
                at = end
            }
        }
        return open.isEmpty ? places : []
    }

    private static func endOfString(in json: [UInt8], from start: Int) -> Int {
        var at = start + 1
        while at < json.count, json[at] != UInt8(ascii: "\"") { at += json[at] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(at + 1, json.count)
    }
}
