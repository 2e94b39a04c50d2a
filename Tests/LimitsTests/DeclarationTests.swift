import FoundationEssentials
import Platforms
import Testing

@Suite("Limits as data")
struct DeclarationTests {
    /// What nine platforms publish, or do not.
    private static let platforms: [String: [Bucket]] = [
        "shopify": [
            Bucket("graphql", scope: .connection, capacity: 2000, refillPerSecond: 100),
            Bucket("rest", scope: .connection, capacity: 40, refillPerSecond: 2),
        ],
        "stripe": [
            Bucket("account", scope: .connection, capacity: 100, refillPerSecond: 100, share: 0.7),
            Bucket("GET /v1/*", scope: .connection, capacity: 25, refillPerSecond: 25, share: 0.7),
            Bucket("concurrency", scope: .connection, .slots(limit: 20, holdMax: .seconds(90))),
        ],
        "amazon": [
            Bucket("getOrders", scope: .connection, capacity: 20, refillPerSecond: 0.0167),
            Bucket("createReport", scope: .connection, capacity: 15, refillPerSecond: 0.0167),
        ],
        "ebay": [
            Bucket(
                "sell.fulfillment", scope: .app,
                .quota(limit: 100_000, resets: .daily(hour: 0, minute: 0, timeZone: "America/Los_Angeles")), share: 0.95
            ),
            Bucket("GetSellerTransactions", scope: .connection, .window(limit: 1000, length: .seconds(15))),
        ],
        "recurly": [Bucket("reads", scope: .connection, .window(limit: 5000, length: .seconds(300)), share: 0.9)],
        "xero": [
            Bucket("concurrent", scope: .connection, .slots(limit: 5, holdMax: .seconds(120))),
            Bucket("minute", scope: .connection, .window(limit: 60, length: .seconds(60))),
            Bucket("day", scope: .connection, .quota(limit: 5000, resets: .every(.seconds(86_400))), share: 0.9),
            Bucket("app", scope: .app, .window(limit: 10_000, length: .seconds(60))),
        ],
        "quickbooks": [
            Bucket("requests", scope: .connection, .window(limit: 500, length: .seconds(60))),
            Bucket("concurrent", scope: .connection, .slots(limit: 10, holdMax: .seconds(120))),
        ],
        "square": [
            Bucket(
                "merchant", scope: .connection,
                .adaptive(startPerSecond: 5, min: 0.5, max: 20, increasePerSecond: 0.1))
        ],
        "mercadolibre": [
            Bucket(
                "GET /*", scope: .app, .adaptive(startPerSecond: 5, min: 0.2, max: 50, increasePerSecond: 0.1)),
            Bucket("hour", scope: .app, .quota(limit: 18_000, resets: .every(.seconds(3600)))),
        ],
    ]

    @Test("the limits of nine platforms can be declared", arguments: platforms.keys.sorted())
    func declared(name: String) {
        for bucket in Self.platforms[name] ?? [] { #expect(bucket.problems == []) }
    }

    @Test("every platform's own declaration is sound")
    func sound() {
        for platform in allPlatforms { #expect(platform.buckets.flatMap(\.problems) == []) }
    }

    @Test("what cannot be is told")
    func problems() {
        let wrong: [Bucket] = [
            Bucket("", scope: .app, capacity: 1, refillPerSecond: 1),
            Bucket("a*b*", scope: .app, capacity: 1, refillPerSecond: 1),
            Bucket("b", scope: .app, capacity: 0, refillPerSecond: 1),
            Bucket("b", scope: .app, capacity: 1, refillPerSecond: .nan),
            Bucket("b", scope: .app, capacity: 1, refillPerSecond: 1, share: 1.1),
            Bucket("b", scope: .app, .quota(limit: 1, resets: .every(.seconds(60))), share: 0.9),
            Bucket("b", scope: .app, .quota(limit: 1, resets: .daily(hour: 24, minute: 0, timeZone: "UTC"))),
            Bucket("b", scope: .app, .window(limit: 5, length: .zero)),
            Bucket("b", scope: .app, .slots(limit: 2000, holdMax: .seconds(60))),
            Bucket("b", scope: .app, .adaptive(startPerSecond: 1, min: 2, max: 3, increasePerSecond: 1)),
        ]
        for bucket in wrong { #expect(bucket.problems.count == 1, "\(bucket)") }
    }

    @Test("a connection's own limits")
    func overrides() throws {
        let buckets = Self.platforms["xero", default: []] + Self.platforms["amazon", default: []]
        let overrides = try LimitOverrides(
            json:
                #"{"day": {"limit": 1000, "share": 0.5}, "minute": {"length_seconds": 30}, "#
                + #""getOrders": {"capacity": 40, "refill_per_second": 1}}"#
        )
        let changed = try overrides.applied(to: buckets)
        #expect(
            changed.first { $0.name == "day" }
                == Bucket("day", scope: .connection, .quota(limit: 1000, resets: .every(.seconds(86_400))), share: 0.5))
        #expect(changed.first { $0.name == "getOrders" }?.kind == .tokens(capacity: 40, refillPerSecond: 1))
        #expect(changed.first { $0.name == "minute" }?.kind == .window(limit: 60, length: .seconds(30)))
        #expect(try LimitOverrides.none.applied(to: buckets) == buckets)
    }

    @Test(
        "a bad limit is an error that names the field",
        arguments: [
            ("[]", "limits is not"), (#"{"day": 5}"#, "limits.day is not"),
            (#"{"day": {"limit": "5"}}"#, "limits.day.limit is not a number"),
            (#"{"days": {"limit": 5}}"#, "limits.days: the platform has no such bucket"),
            (#"{"day": {"capacity": 5}}"#, "limits.day.capacity: there is no such number; there are share, limit"),
            (#"{"day": {"limit": 0}}"#, "limits.day: limit times share"),
            (#"{"day": {"share": 2}}"#, "limits.day: share is above 0"),
            (#"{"concurrent": {"hold_max_seconds": -1}}"#, "limits.concurrent: hold_max_seconds"),
            (#"{"app": {"limit": 5}}"#, "limits.app: the bucket is shared"),
        ])
    func badOverrides(json: String, message: String) {
        let error = #expect(throws: LimitOverrideError.self) {
            try LimitOverrides(json: json).applied(to: Self.platforms["xero", default: []])
        }
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test(
        "when to come back, in any form",
        arguments: [
            ("120", 120.0), ("2.0", 2), ("0", 0), (" 7 ", 7), ("\"5\"", 5), ("1500ms", 1.5), ("30s", 30), ("0.2", 0.2),
            ("Wed, 21 Oct 2026 07:28:00 GMT", 60), ("Wednesday, 21-Oct-26 07:28:00 GMT", 60),
            ("Wed Oct 21 07:28:00 2026", 60), ("2026-10-21T07:28:00Z", 60), ("2026-10-21T09:28:00.5+02:00", 60.5),
            ("1792567680", 60), ("1792567680500", 60.5), ("1792567000", 0), ("Tue, 20 Oct 2026 07:28:00 GMT", 0),
            ("99999999", 172_800), ("9999-01-01T00:00:00Z", 172_800), ("-1", nil), ("soon", nil), ("", nil),
            ("1e9", nil), ("inf", nil), ("nan", nil), ("2026-13-40T00:00:00Z", nil),
        ] as [(String, Double?)])
    func retryAfter(text: String, seconds: Double?) {
        let now = Date(timeIntervalSince1970: 1_792_567_620)
        #expect(RetryAfter.parse(text, now: now).map { $0 / .seconds(1) } == seconds)
    }

    @Test("bands have the queue's names")
    func bands() {
        #expect(LimitBand(named: "backfill") == .backfill && LimitBand(named: "lowest") == nil)
    }
}
