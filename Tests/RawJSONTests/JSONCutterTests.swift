import Foundation
import RawJSON
import Testing

@Suite("Members that are cut out")
struct JSONCutterTests {
    private func cut(_ text: String, _ paths: String..., mayBeCutShort: Bool = false) -> String? {
        switch JSONCutter(paths).cut(Array(text.utf8), mayBeCutShort: mayBeCutShort) {
        case .untouched: text
        case .cut(let bytes): String(decoding: bytes, as: UTF8.self)
        case .unreadable: nil
        }
    }

    @Test(
        "a member goes with its comma, and every other byte stays",
        arguments: [
            (#"{"s":1}"#, #"{}"#), (#"{"a":1,"s":1}"#, #"{"a":1}"#), (#"{"s":1,"a":1}"#, #"{"a":1}"#),
            (#"{"a":1,"s":"x","b":2}"#, #"{"a":1,"b":2}"#), (#"{"s":1,"s":2,"s":3}"#, #"{}"#),
            (#"{"s":1,"s":2,"b":3}"#, #"{"b":3}"#), (#"{"a":1,"s":1,"s":2}"#, #"{"a":1}"#),
            (#"{"s":1,"a":1,"s":2,"b":3,"s":4}"#, #"{"a":1,"b":3}"#),
            (#" { "a" : 1 , "s" : { "s" : [ 1 , { } ] } , "b" : 2 } "#, #" { "a" : 1  , "b" : 2 } "#),
            ("{\r\n\t\"s\" : null ,\n\t\"a\" : 1\n}\n", "{\r\n\t\n\t\"a\" : 1\n}\n"),
            (#"{"a":"\"s\":1","s":"}],{","b":"\\"}"#, #"{"a":"\"s\":1","b":"\\"}"#),
            (#"{"t":{"s":1}}"#, #"{"t":{"s":1}}"#), (#"[{"s":1}]"#, #"[{"s":1}]"#), (#""s""#, #""s""#),
            (#"{"S":1,"s ":2,"ss":3}"#, #"{"S":1,"s ":2,"ss":3}"#),
        ])
    func atTheTop(text: String, expected: String) {
        #expect(cut(text, "s") == expected)
    }

    @Test(
        "paths lead through objects, arrays and any depth",
        arguments: [
            (#"{"a":{"s":1,"b":{"s":2}}}"#, "a.s", #"{"a":{"b":{"s":2}}}"#),
            (#"{"a":[{"s":1},{"s":2,"t":3},7,[{"s":4}]]}"#, "a.*.s", #"{"a":[{},{"t":3},7,[{"s":4}]]}"#),
            (#"{"a":{"x":{"s":1}}}"#, "a.*.s", #"{"a":{"x":{"s":1}}}"#),
            (#"[{"s":1},{"a":[[{"s":2}]]}]"#, "**.s", #"[{},{"a":[[{}]]}]"#),
            (#"{"s":{"s":1},"a":{"s":{"b":1}}}"#, "**.s", #"{"a":{}}"#),
            (#"{"a":{"x":[{"a":{"s":1}}]},"s":2}"#, "**.a.s", #"{"a":{"x":[{"a":{}}]},"s":2}"#),
            (#"{"a":{"q":{"r":[{"s":1}]}},"b":{"s":1}}"#, "a.**.s", #"{"a":{"q":{"r":[{}]}},"b":{"s":1}}"#),
            (#"{"a":{"a":{"b":{"s":1}}},"s":1}"#, "**.a.**.s", #"{"a":{"a":{"b":{}}},"s":1}"#),
            (#"{"charges":{"data":[{"x":1,"y":2}]}}"#, "charges.data.*.x", #"{"charges":{"data":[{"y":2}]}}"#),
        ])
    func paths(text: String, path: String, expected: String) {
        #expect(cut(text, path) == expected)
    }

    @Test("several paths are looked for at once")
    func several() {
        let text = #"{"a":{"s":1,"t":2},"t":3,"u":[{"t":4}]}"#
        #expect(cut(text, "a.s", "t", "u.*.t") == #"{"a":{"t":2},"u":[{}]}"#)
    }

    @Test(
        "a name is what its escapes mean",
        arguments: [
            #"client_secret"#, #"client\u005fsecret"#, #"client\u005Fsecret"#, #"\u0063lient_secret"#,
            #"\u0063\u006c\u0069\u0065\u006e\u0074\u005f\u0073\u0065\u0063\u0072\u0065\u0074"#,
        ])
    func escapes(name: String) {
        #expect(cut(#"{"a":1,"\#(name)":"x","b":2}"#, "**.client_secret") == #"{"a":1,"b":2}"#)
    }

    @Test("names beyond ASCII are found raw and escaped, and what only looks alike stays")
    func unicode() {
        #expect(cut(#"{"größe":1,"gr\u00f6\u00dfe":2,"a":"größe"}"#, "größe") == #"{"a":"größe"}"#)
        #expect(cut(#"{"🔑":1,"\ud83d\udd11":2,"\ud83d":3}"#, "🔑") == #"{"\ud83d":3}"#)
        // The same character in two pieces is another name.
        #expect(cut("{\"gro\u{308}ße\":1}", "größe") == "{\"gro\u{308}ße\":1}")
        #expect(cut(#"{"client\\u005fsecret":1}"#, "client_secret") == #"{"client\\u005fsecret":1}"#)
        #expect(cut(#"{"a\/b":1,"c":2}"#, "a/b") == #"{"c":2}"#)
    }

    @Test("bytes that are no UTF-8 stay as they are")
    func invalidBytes() {
        let text = Array(#"{"a":""#.utf8) + [0xFF, 0xC0, 0x00] + Array(#"","s":1}"#.utf8)
        let expected = Array(#"{"a":""#.utf8) + [0xFF, 0xC0, 0x00] + Array(#""}"#.utf8)
        #expect(JSONCutter(["s"]).cut(text) == .cut(expected))
    }

    @Test("a text without such a member is not copied")
    func untouched() {
        let cutter = JSONCutter(["**.client_secret", "a.passwd"])
        for text in [#"{"a":{"b":"\n"}}"#, "", "<html>", #"{"passwd":1"#, #"{"b":"\u00e4","client":"secret"}"#] {
            #expect(cutter.cut(Array(text.utf8)) == .untouched, "\(text)")
        }
        // The name occurs, but nowhere the path leads.
        #expect(cutter.cut(Array(#"{"b":"client_secret","passwd":1}"#.utf8)) == .untouched)
        #expect(JSONCutter([]).cut(Array(#"{"\u0041":"#.utf8)) == .untouched)
    }

    @Test(
        "what is not JSON and may hold the member is unreadable",
        arguments: [
            #"{"s":1"#, #"{"s":"#, #"{"s""#, #"{"s":1}}"#, #"{"s":1} x"#, #"<p "s">"#, #"{"a" "s":1}"#,
            #"{"a":1 "s":2}"#,
            #"{"a":[1,"s":2}]"#, #"{s:1,"s":2}"#, #"{,"s":1}"#, #"{"s":1,}"#, #"{"a":,"s":1}"#, #"["s",]"#, #"'s' "s""#,
            #"{"s":}"#, #"{"s":[}]}"#, #"{"a":"\u0073"#, #"s=1&"s"=2"#, #"{"a":1}{"s":1}"#,
        ])
    func unreadable(text: String) {
        #expect(cut(text, "s") == nil)
    }

    @Test(
        "the beginning of a text is read as far as it goes",
        arguments: [
            (#"{"a":1,"s":"geh"#, #"{"a":1"#), (#"{"a":1,"s":"#, #"{"a":1"#), (#"{"a":1,"s""#, #"{"a":1"#),
            (#"{"a":1,"s":[1,{"#, #"{"a":1"#), (#"{"s":1,"a":"s"#, #"{"a":"s"#), (#"{"a":"s"#, #"{"a":"s"#),
            (#"{"a":1,"s"#, #"{"a":1,"s"#), (#"{"s":1,"#, #"{"#), (#"{"s":1"#, #"{"#),
            (#"[1,{"b":"\u0041"#, #"[1,{"b":"\u0041"#),
        ])
    func beginnings(text: String, expected: String) {
        #expect(cut(text, "s", mayBeCutShort: true) == expected)
        // A name that is itself cut short is none yet.
        let holdsName = text.contains(#""s""#) || text.contains(#"\u"#)
        #expect((cut("x\(text)", "s", mayBeCutShort: true) == nil) == holdsName)
    }

    @Test("nesting of any depth is walked, and absurd depth is unreadable")
    func deep() {
        func nested(_ depth: Int) -> String {
            String(repeating: #"{"a":["#, count: depth) + #"{"s":1}"# + String(repeating: "]}", count: depth)
        }
        #expect(cut(nested(3000), "**.s") == nested(3000).replacing(#""s":1"#, with: ""))
        #expect(cut(nested(3000), "**.a.**.s") == nested(3000).replacing(#""s":1"#, with: ""))
        #expect(cut(nested(3000), "s") == nested(3000))
        #expect(cut(nested(60_000), "**.s") == nil)
    }

    @Test("a record of many megabytes is cut in one walk")
    func huge() {
        let row = #"{"id":"li_1","note":"\u00e4 \" , } ]","s":"secret"},"#
        let text = #"{"rows":["# + String(repeating: row, count: 60_000) + "{}]}"
        let expected = text.replacing(#","s":"secret""#, with: "")
        #expect(cut(text, "rows.*.s") == expected)
    }

    /// A reader of another make: what JSONSerialization finds in what is left, against what it finds in the original
    /// with the members taken out of its tree.
    @Test("random texts come out as their trees would")
    func random() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Generator(state: seed)
        for _ in 0..<2000 {
            let text = Self.value(depth: 0, using: &random)
            let paths =
                [["**.s"], ["s", "a.s"], ["a.*.s"], ["a.**.s", "b"], ["**.a.s"]].randomElement(using: &random) ?? []
            let left: [UInt8]
            switch JSONCutter(paths).cut(Array(text.utf8)) {
            case .untouched: left = Array(text.utf8)
            case .cut(let bytes): left = bytes
            case .unreadable:
                Issue.record("seed \(seed): unreadable: \(text)")
                return
            }
            let tree = try JSONSerialization.jsonObject(with: Data(left), options: .fragmentsAllowed)
            let whole = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            let expected = Self.without(paths.map { $0.split(separator: ".").map(String.init) }, whole)
            #expect(
                try JSONSerialization.data(withJSONObject: [tree], options: .sortedKeys)
                    == JSONSerialization.data(withJSONObject: [expected], options: .sortedKeys),
                "seed \(seed), \(paths): \(text) became \(String(decoding: left, as: UTF8.self))")
        }
    }

    /// Distinct names, because trees keep only one of two.
    private static func value(depth: Int, using random: inout Generator) -> String {
        let space = ["", "", " ", "\n "].randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<(depth > 5 ? 3 : 6), using: &random) {
        case 0: return "\(Int.random(in: -9...9, using: &random))" + space
        case 1: return ["true", "null", "1.5e3"].randomElement(using: &random) ?? ""
        case 2: return [#""s""#, #""\"s\":1""#, #""\\""#, #""ä\n,}""#].randomElement(using: &random) ?? ""
        case 3:
            let count = Int.random(in: 0...3, using: &random)
            return "[" + space
                + (0..<count).map { _ in value(depth: depth + 1, using: &random) }.joined(separator: "," + space) + "]"
        default:
            let names = [#"s"#, #"a"#, #"b"#, #"\u0061b"#].shuffled(using: &random).prefix(
                Int.random(in: 0...4, using: &random))
            return "{" + space
                + names.map { name in
                    let own = name == "s" && Bool.random(using: &random) ? #"\u0073"# : name
                    return "\"\(own)\"\(space):\(space)" + value(depth: depth + 1, using: &random)
                }.joined(separator: space + ",") + "}" + space
        }
    }

    private static func without(_ paths: [[String]], _ value: Any) -> Any {
        let open = paths.flatMap { path in path.first == "**" ? [path, Array(path.dropFirst())] : [path] }
        if let object = value as? [String: Any] {
            var kept: [String: Any] = [:]
            for (name, member) in object where !open.contains([name]) {
                let next = open.compactMap { path -> [String]? in
                    if path.first == "**" { return path }
                    return path.first == name ? Array(path.dropFirst()) : nil
                }
                kept[name] = without(next, member)
            }
            return kept
        }
        guard let array = value as? [Any] else { return value }
        let next = open.compactMap { path -> [String]? in
            if path.first == "**" { return path }
            return path.first == "*" ? Array(path.dropFirst()) : nil
        }
        return array.map { without(next, $0) }
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
