import FoundationEssentials
import Platforms
import Testing

@testable import Sandbox

@Suite("what faults do to bytes")
struct FaultBytesTests {
    /// Strings of all sorts; only the note and, without it, the state may be touched.
    private let body = Array(
        """
        {"id": "gid://shop/Order/17", "cursor": "eyJsYXN0IjoxfQ", "updated_at": "2026-01-01 10:00:00 UTC",
         "next": "https://shop.test/orders?page=2", "tags": ["very old text"], "total": "12.50",
         "note" : "She said \\"two: \\\\ boxes\\"", "state": "paid"}
        """.utf8)

    @Test("only a string of words that is a member's value is picked")
    func pick() throws {
        for seed in 0..<50 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let range = try #require(FaultBytes.textValue(in: body, &random))
            #expect(String(decoding: body[range], as: UTF8.self) == #"She said \"two: \\ boxes\""#, "seed \(seed)")
        }
    }

    @Test("a single word is picked where there are no several, and every one of equals has its turn")
    func pickSingle() throws {
        let body = Array(#"{"a":"paid","b":{"c":"EUR"},"d":["x",{"e":"open"}],"f":"17","g":""}"#.utf8)
        var seen: Set<String> = []
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let range = try #require(FaultBytes.textValue(in: body, &random))
            seen.insert(String(decoding: body[range], as: UTF8.self))
        }
        #expect(seen == ["paid", "EUR", "open"])
    }

    @Test("nothing is picked in what is not JSON, holds no words, or ends inside a string")
    func pickNone() {
        for text in ["", "a:\"b c\"", "<p title=\"x\">", #"{"id":"17"}"#, #"{"id":"#, #"{"note":"a b"#, #"["a b"]"#] {
            var random = SeededRandom(seed: 1)
            #expect(FaultBytes.textValue(in: Array(text.utf8), &random) == nil, "\(text)")
        }
    }

    @Test("a truncated body is never JSON any more, whatever the seed, space at the end or not")
    func truncate() {
        for text in ["[]", "{}\n", #"{"a":[1,2,{"b":null}]}"# + " \r\n", "[[[[]]]]"] {
            for seed in 0..<200 as Range<UInt64> {
                var random = SeededRandom(seed: seed)
                let cut = FaultBytes.truncated(Array(text.utf8), &random)
                #expect(!cut.isEmpty)
                #expect(throws: SandboxError.self, "\(text), seed \(seed)") {
                    try SandboxJSON.decode(JSONTree.self, from: cut)
                }
            }
        }
        var random = SeededRandom(seed: 1)
        #expect(FaultBytes.truncated([], &random).isEmpty)
    }

    @Test("a cut comes after some and before all of the bytes")
    func cut() {
        for count in 2...300 {
            var random = SeededRandom(seed: UInt64(count))
            #expect((1..<count).contains(FaultBytes.bytesBeforeCut(count, &random)))
        }
        var random = SeededRandom(seed: 1)
        #expect(FaultBytes.bytesBeforeCut(1, &random) == 0)
        #expect(FaultBytes.bytesBeforeCut(0, &random) == 0)
    }

    @Test("injected bytes are no UTF-8, and escapes leave the text JSON")
    func injections() throws {
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let invalid = try #require(FaultBytes.withInvalidUTF8(body, &random))
            #expect(String(validating: invalid, as: UTF8.self) == nil, "seed \(seed)")
            let nul = try #require(FaultBytes.withNULEscape(body, &random))
            guard case .object(let members) = try SandboxJSON.decode(JSONTree.self, from: nul),
                case .string(let note) = members["note"]
            else {
                Issue.record("a NUL escape is still JSON, seed \(seed)")
                continue
            }
            #expect(note.unicodeScalars.contains("\0"))
            let surrogate = String(decoding: try #require(FaultBytes.withLoneSurrogate(body, &random)), as: UTF8.self)
            #expect(surrogate.contains(#""\ude00She"#) || surrogate.contains(#"\"\ud83d""#), "seed \(seed)")
            let huge = try #require(FaultBytes.withHugeString(body, bytes: 1000, &random))
            #expect(huge.count == body.count + 1000)
        }
    }

    @Test("the dice are the same for the same seed, and jitter stays within its bounds")
    func dice() {
        let faults = [
            Fault(.latency(milliseconds: 10, jitterMilliseconds: 5), .share(0.5)), Fault(.drop, .share(0.2)),
            Fault(.cut, .share(0.5)),
        ]
        var one = FaultDice(faults: faults, seed: 5)
        var other = FaultDice(faults: faults, seed: 5)
        var struck: [String: Int] = [:]
        for _ in 1...1000 {
            let roll = one.roll()
            let twin = other.roll()
            #expect(roll.fault == twin.fault)
            #expect(roll.latency == twin.latency)
            #expect(roll.latency == .zero || (.milliseconds(10)...(.milliseconds(15))).contains(roll.latency))
            struck[roll.fault?.word ?? "none", default: 0] += 1
        }
        #expect((150...250).contains(struck["drop"] ?? 0))
        #expect((330...470).contains(struck["cut"] ?? 0))
    }

    @Test("a fault that struck in vain strikes again, unless the faults were replaced in between")
    func takeBack() {
        var dice = FaultDice(faults: [Fault(.truncate, .next(1))], seed: 1)
        let roll = dice.roll()
        #expect(dice.faults == [Fault(.truncate, .next(0))])
        dice.takeBack(roll)
        #expect(dice.faults == [Fault(.truncate, .next(1))])
        dice.replace(with: [Fault(.drop, .next(1))])
        dice.takeBack(roll)
        #expect(dice.faults == [Fault(.drop, .next(1))])
    }

    @Test("dates are written as HTTP wants them")
    func dates() {
        #expect(DateHeader.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(DateHeader.text(1_709_164_800) == "Thu, 29 Feb 2024 00:00:00 GMT")
    }
}
