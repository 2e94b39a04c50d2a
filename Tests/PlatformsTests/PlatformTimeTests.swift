import Foundation
import Testing

@testable import Platforms

@Suite("Times as platforms write them")
struct PlatformTimeTests {
    @Test("UTC to the second goes both ways")
    func bothWays() throws {
        let text = "2026-06-04T08:49:57Z"
        let time = try #require(PlatformTime.parse(text))
        #expect(time == (try Date(text, strategy: .iso8601)))
        #expect(PlatformTime.format(time) == text)
        for epoch in stride(from: -3_000_000_000.0, through: 8_000_000_000, by: 97_777_777) {
            let date = Date(timeIntervalSince1970: epoch)
            #expect(PlatformTime.format(date) == date.formatted(.iso8601))
            #expect(PlatformTime.parse(PlatformTime.format(date)) == date)
        }
    }

    @Test(
        "fractions, offsets and blanks are read",
        arguments: [
            ("2026-06-04T08:49:57.250Z", 0.25), ("2026-06-04 08:49:57,5Z", 0.5), ("2026-06-04T10:49:57+02:00", 0),
            ("2026-06-04T04:19:57-0430", 0), ("2026-06-04T08:49:57.000000+00:00", 0), ("2026-06-04t08:49:57z", 0),
            ("2026-06-04T08:49Z", -57),
        ])
    func forms(text: String, more: Double) throws {
        let time = try Date("2026-06-04T08:49:57Z", strategy: .iso8601)
        #expect(PlatformTime.parse(text) == time.addingTimeInterval(more))
    }

    @Test("a text without a zone is in the one that is said, or nothing")
    func zoneless() throws {
        let time = try Date("2026-06-04T08:49:57Z", strategy: .iso8601)
        #expect(PlatformTime.parse("2026-06-04T08:49:57") == nil)
        #expect(PlatformTime.parse("2026-06-04T08:49:57", zoneless: 0) == time)
        #expect(PlatformTime.parse("2026-06-04T10:49:57", zoneless: 7200) == time)
        #expect(PlatformTime.parse("2026-06-04T08:49:57Z", zoneless: 7200) == time, "its own zone holds")
    }

    @Test(
        "what is no time is none",
        arguments: [
            "", "2026-06-04", "2026-13-04T08:49:57Z", "2026-06-04T08:49:5xZ", "2026-02-30T00:00:00Z",
            "2026-06-04T24:00:00Z", "2026-06-04T08:49:57 UTC", "2026-06-04T08:49:57+2", "2026-06-04T08:49:57+25:00",
            "2026-06-04T08:49:57.Z", "99999-01-01T00:00:00Z", "2026-06-04T08:49:57Zjunk", "0000-00-00T00:00:00Z",
        ])
    func wrong(text: String) {
        #expect(PlatformTime.parse(text, zoneless: 0) == nil)
    }
}
