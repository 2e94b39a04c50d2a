import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// Answers that are JSON and yet no answers.
extension PlatformConformanceTests {
    @Test("values of another kind than documented do no harm", arguments: keys)
    func strangeValues(key: String) throws {
        let platform = try platform(key)
        print("strange values for \(key) with PLATFORMS_SEED=\(Self.seed)")
        var random = SeededRandom(seed: Self.seed)
        for step in try ConformanceTranscript.of(platform).distinctSteps {
            for _ in 0..<60 {
                let exchanges = step.exchanges.map { exchange in
                    exchange.answered(
                        exchange.response.status, Self.strange(exchange.response.body.bytes, &random))
                }
                try swallow(platform, exchanges, step.read)
            }
        }
    }

    private static let strangeValues = [
        "null", "true", "[]", "{}", "\"\"", "-1", "0", "0.5", "1e400", "-1e400", "1e30", "9223372036854775807",
        "-9223372036854775808", "99999999999999999999", "1e-400", "\"NaN\"", "\"99999-01-01T00:00:00Z\"",
        "\"0000-00-00T00:00:00Z\"", "\"\\ud800\"", "\"a\\u0000b\"", "[[[]]]", "{\"id\":{}}", "\"../..\"", "\"\\\"\"",
    ]

    /// The text with some of its numbers, texts and words replaced; what is a name stays.
    private static func strange(_ json: some Collection<UInt8>, _ random: inout SeededRandom) -> [UInt8] {
        let json = Array(json)
        let rarity = [4, 30, 300].randomElement(using: &random) ?? 30
        var result: [UInt8] = []
        var at = 0
        while at < json.count {
            switch json[at] {
            case UInt8(ascii: "\""):
                var end = at + 1
                while end < json.count, json[end] != UInt8(ascii: "\"") {
                    end += json[end] == UInt8(ascii: "\\") ? 2 : 1
                }
                end = min(end + 1, json.count)
                // A text behind a colon is a value; names stay, and so do texts in lists.
                append(json[at..<end], mayBeReplaced: result.last == UInt8(ascii: ":"), rarity, to: &result, &random)
                at = end
            case let byte where "{}[]:, \n\r\t".utf8.contains(byte):
                result.append(byte)
                at += 1
            default:
                let end = json[at...].firstIndex { ",]} \n\r\t".utf8.contains($0) } ?? json.count
                append(json[at..<end], mayBeReplaced: true, rarity, to: &result, &random)
                at = end
            }
        }
        return result
    }

    private static func append(
        _ token: ArraySlice<UInt8>, mayBeReplaced: Bool, _ rarity: Int, to result: inout [UInt8],
        _ random: inout SeededRandom
    ) {
        if mayBeReplaced, Int.random(in: 0..<rarity, using: &random) == 0 {
            result += Array((strangeValues.randomElement(using: &random) ?? "null").utf8)
        } else {
            result += token
        }
    }
}
