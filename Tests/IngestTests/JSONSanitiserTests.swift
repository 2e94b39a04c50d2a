import FoundationEssentials
import Postgres
import TestKit
import Testing

@testable import Ingest

@Suite("Cleaning JSON", .serialized)
struct JSONSanitiserTests {
    private func clean(_ bytes: [UInt8]) -> [UInt8]? { bytes.withUnsafeBytes { JSONSanitiser.clean($0) } }

    @Test("whatever the faults, what comes out is JSON that jsonb takes; what has none is left alone")
    func property() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("sanitiser seed \(seed)")
        try await withPool { pool in
            var random = SeededRandom(seed: seed)
            for _ in 0..<10 {
                var texts: [String] = []
                for _ in 0..<400 {
                    let faultless = RandomJSON.document(faultShare: 0, &random)
                    #expect(clean(faultless) == nil, "seed \(seed): \(String(decoding: faultless, as: UTF8.self))")
                    let faulty = RandomJSON.document(faultShare: 0.3, &random)
                    let text = String(validating: clean(faulty) ?? faulty, as: UTF8.self)
                    texts.append(try #require(text, "not UTF-8 after cleaning; seed \(seed): \(faulty)"))
                    if let text, let again = clean(Array(text.utf8)) {
                        Issue.record("cleaning is not final; seed \(seed): \(again)")
                    }
                }
                let problems = try await pool.query(
                    """
                    select portolan.json_problem(t) || ': ' || t from unnest($1::text[]) t where
                    portolan.json_problem(t) is not null
                    """,
                    [texts])
                #expect(try problems.map { try $0.decode(at: 0, as: String.self) } == [], "seed \(seed)")
            }
        }
    }

    @Test("only the faults are changed")
    func minimal() {
        #expect(
            clean(Array(#"{"a": "\u0000\u00e9\ud83d\ude00\ud83d"}"#.utf8))
                == Array(#"{"a": "\ufffd\u00e9\ud83d\ude00\ufffd"}"#.utf8))
        #expect(clean([]) == nil)
        #expect(clean(Array("\t\r\n {} ".utf8)) == nil)
        #expect(clean(Array(#""\u+123 \u-000 \uZZZZ \u12""#.utf8)) == nil, "what is no JSON is not made into some")
    }
}

/// JSON made at random, with or without the faults that can be cleaned.
enum RandomJSON {
    static func document(faultShare: Double, _ random: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        value(depth: 0, faultShare, &random, into: &bytes)
        return bytes
    }

    private static func value(depth: Int, _ faultShare: Double, _ random: inout SeededRandom, into bytes: inout [UInt8])
    {
        space(faultShare, &random, into: &bytes)
        switch Int.random(in: 0..<(depth > 3 ? 4 : 6), using: &random) {
        case 0: bytes += Array(["true", "false", "null"].randomElement(using: &random)!.utf8)
        case 1: bytes += Array(["0", "-1.5e10", "9007199254740993", "0.10"].randomElement(using: &random)!.utf8)
        case 2, 3: string(faultShare, &random, into: &bytes)
        case 4: list(("[", "]"), depth: depth, faultShare, &random, into: &bytes) { _, _ in }
        default:
            list(("{", "}"), depth: depth, faultShare, &random, into: &bytes) { random, bytes in
                string(faultShare, &random, into: &bytes)
                bytes.append(UInt8(ascii: ":"))
            }
        }
        space(faultShare, &random, into: &bytes)
    }

    private static func list(
        _ brackets: (String, String), depth: Int, _ faultShare: Double, _ random: inout SeededRandom,
        into bytes: inout [UInt8],
        before: (inout SeededRandom, inout [UInt8]) -> Void
    ) {
        bytes += Array(brackets.0.utf8)
        let count = Int.random(in: 0...3, using: &random)
        for index in 0..<count {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            before(&random, &bytes)
            value(depth: depth + 1, faultShare, &random, into: &bytes)
        }
        bytes += Array(brackets.1.utf8)
    }

    private static func space(_ faultShare: Double, _ random: inout SeededRandom, into bytes: inout [UInt8]) {
        if Double.random(in: 0..<1, using: &random) < faultShare / 4 {
            bytes.append([0x00, 0x01, 0x08, 0x0B, 0x0C, 0x1F].randomElement(using: &random)!)
        }
        if Bool.random(using: &random) { bytes.append([0x20, 0x09, 0x0A, 0x0D].randomElement(using: &random)!) }
    }

    private static func string(_ faultShare: Double, _ random: inout SeededRandom, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let isFault = Double.random(in: 0..<1, using: &random) < faultShare
            bytes += (isFault ? faults : pieces).randomElement(using: &random)!
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let pieces: [[UInt8]] = [
        #"abc"#, #"\n"#, #"\""#, #"\\"#, #"\/"#, #"\u0041"#, #"\ud83d\ude00"#, #"\\u0000"#, "Zoë", "日本", "😀",
        "\u{FFFF}", "\u{7F}", "}]",
    ].map { Array($0.utf8) }

    private static let faults: [[UInt8]] =
        [#"\u0000"#, #"\ud800"#, #"\uDBFF"#, #"\udc00"#, #"\uDFFF"#, #"\ud83dx"#].map { Array($0.utf8) }
        + [
            [0x80], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x98], [0xF5, 0x80], [0xFF],
            [0xFE],
        ]
        + (0..<0x20).map { [$0] } + [[0x5C, 0x00], [0x5C, 0x1F], [0x5C, 0xFF]]
}
