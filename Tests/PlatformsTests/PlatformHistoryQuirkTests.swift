import Foundation
import PlatformKit
import Testing

@testable import Platforms

/// The past of merchants whose servers do not filter by time as they should.
@Suite struct PlatformHistoryQuirkTests {
    struct Quirk: Sendable, CustomTestStringConvertible {
        let platform: any Platform
        let words: [String: String]
        var testDescription: String { "\(platform.key) \(words)" }

        init(_ platform: any Platform, _ words: [String: String]) {
            self.platform = platform
            self.words = words
        }
    }

    static let quirks = [
        Quirk(StripePlatform(), ["created": "refused"]), Quirk(StripePlatform(), ["created": "ignored"]),
        Quirk(RecurlyPlatform(), ["ignores": "end_time"]), Quirk(PretixPlatform(), ["ignores": "created_before"]),
        Quirk(PretixPlatform(), ["ignores": "created_since,created_before"]),
        // No list of refunds; then times of change that are ignored as well; then a list of variations.
        Quirk(WooCommercePlatform(), ["version": "8.0.0"]), Quirk(WooCommercePlatform(), ["version": "5.0.0"]),
        Quirk(WooCommercePlatform(), ["version": "10.4.0", "ties": "20"]),
        Quirk(WooCommercePlatform(), ["time_zone": "America/New_York", "dates": "zoned"]),
        Quirk(WooCommercePlatform(), ["time_zone": "Asia/Kolkata", "version": "5.0.0"]),
        Quirk(WooCommercePlatform(), ["time_zone": "Europe/Paris", "clock_ahead": "4000", "totals": "none"]),
        Quirk(AmazonPlatform(), ["marketplaces": "several", "reports": "cancelled"]),
        Quirk(AmazonPlatform(), ["reports": "fatal"]),
    ]

    @Test("windows and the stream beside them have all there is", arguments: quirks)
    func everything(quirk: Quirk) throws {
        for var one in ConformanceHistory.all(of: quirk.platform, "quirks", quirks: quirk.words) {
            let walk = try one.readEverything(daysBack: 20)
            try one.expectEverything(walk, "begun 20 days back")
        }
    }
}
