/// What the text of a view's file says about itself.
enum ViewReading {
    /// From lines `-- follows: orders by platform_id, order_line_items by platform_parent_id`.
    static func declaredFollows(in text: String) -> [String: String] {
        var follows: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let mark = line.firstRange(of: "-- follows: ") else { continue }
            for part in line[mark.upperBound...].split(separator: ",") {
                let words = part.split(separator: " ")
                guard words.count == 3, words[1] == "by", (words[0] + words[2]).allSatisfy(\.isWordCharacter) else {
                    continue
                }
                follows[String(words[0])] = String(words[2])
            }
        }
        return follows
    }

    /// Resources whose raw records the view reads: what stands in `resource = '…'` and `resource in ('…', '…')`.
    static func resources(in text: String) -> [String] {
        var found: [String] = []
        for rest in text.ranges(of: "resource").map({ text[$0.upperBound...] }) {
            var tail = rest.drop { $0.isWhitespace }
            if tail.hasPrefix("=") {
                tail = tail.dropFirst().drop { $0.isWhitespace }
            } else if tail.hasPrefix("in") {
                tail = tail.dropFirst(2).drop { $0.isWhitespace || $0 == "(" }
            } else {
                continue
            }
            while tail.hasPrefix("'") {
                let word = tail.dropFirst().prefix(while: \.isWordCharacter)
                if !word.isEmpty, !found.contains(String(word)) { found.append(String(word)) }
                tail = tail.dropFirst(word.count + 2).drop { $0.isWhitespace }
                guard tail.hasPrefix(",") else { break }
                tail = tail.dropFirst().drop { $0.isWhitespace }
            }
        }
        return found
    }
}

extension Character {
    fileprivate var isWordCharacter: Bool { isASCII && (isLetter || isNumber || self == "_") }
}
