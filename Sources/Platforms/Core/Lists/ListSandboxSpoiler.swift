/// Puts into a record what its platform should never send: nulls, wrong types, empty texts.
enum ListSandboxSpoiler {
    private static let replacements = ["null", "\"\"", "\"garbage\"", "{\"a\":[1]}", "[]", "true", "-7", "1e40"]

    /// The record with up to three of its plain values replaced, but for members of these names.
    static func spoilt(_ json: String, keeping names: Set<String>, using random: inout SeededRandom) -> String {
        var bytes = Array(json.utf8)
        let places = values(in: bytes, keeping: names)
        guard !places.isEmpty else { return json }
        let count = Int.random(in: 1...3, using: &random)
        let chosen = Set((0..<count).map { _ in Int.random(in: 0..<places.count, using: &random) })
        for place in chosen.sorted(by: >) {
            let text = replacements[Int.random(in: 0..<replacements.count, using: &random)]
            bytes.replaceSubrange(places[place], with: Array(text.utf8))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where members have texts, numbers and words for values.
    private static func values(in bytes: [UInt8], keeping names: Set<String>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\"") else {
                index += 1
                continue
            }
            let end = endOfText(bytes, from: index)
            let name = String(decoding: bytes[(index + 1)..<max(index + 1, end - 1)], as: UTF8.self)
            index = end
            guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { continue }
            let start = index + 1
            guard start < bytes.count else { break }
            switch bytes[start] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): index = start
            case UInt8(ascii: "\""): index = endOfText(bytes, from: start)
            default:
                index =
                    bytes[start...].firstIndex { [UInt8(ascii: ","), UInt8(ascii: "}")].contains($0) } ?? bytes.count
            }
            if index > start, !names.contains(name) { found.append(start..<index) }
        }
        return found
    }

    /// Behind the closing quotation mark.
    private static func endOfText(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, bytes.count)
    }
}
