import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// How a window becomes a request, and where streams begin that leave their past to others.
@Suite struct PlatformHistoryRequestTests {
    /// From a quarter past a second to three quarters past another, a day later.
    static let window = Window(
        from: Date(timeIntervalSince1970: 1_700_000_000.25), to: Date(timeIntervalSince1970: 1_700_086_400.75))

    private func read(
        _ resource: String, _ cursor: Cursor? = nil, _ settings: [String: String] = [:],
        now: Date = Date(timeIntervalSince1970: 1_700_200_000)
    ) -> StreamRead {
        StreamRead(resource: resource, cursor: cursor, settings: settings, now: now)
    }

    private func firstRequest(
        of platform: some Platform, _ resource: String, _ window: Window = window, _ settings: [String: String] = [:],
        now: Date = Date(timeIntervalSince1970: 1_700_200_000)
    ) throws -> PlatformRequest {
        let cursor = try platform.cursor(reading: window, in: read(resource, nil, settings, now: now))
        return try #require(
            try platform.nextStep(in: read(resource, cursor, settings, now: now)).requests.first)
    }

    private func words(_ request: PlatformRequest) -> Set<String> {
        Set(request.query.map { "\($0.name)=\($0.value)" })
    }

    @Test("bounds are widened to whole seconds, in the zone and the order that each platform takes")
    func bounds() throws {
        let shopify = try firstRequest(of: ShopifyPlatform(), "orders")
        let body = String(decoding: shopify.body ?? [], as: UTF8.self)
        #expect(body.contains("updated_at:>='2023-11-14T22:13:20Z' updated_at:<='2023-11-15T22:13:20Z'"))

        let stripe = words(try firstRequest(of: StripePlatform(), "charges"))
        #expect(stripe == ["created[gte]=1700000000", "created[lt]=1700086401", "limit=100"])

        let recurly = words(try firstRequest(of: RecurlyPlatform(), "invoices"))
        #expect(
            recurly == [
                "limit=200", "sort=created_at", "order=asc", "begin_time=2023-11-14T22:13:20Z",
                "end_time=2023-11-15T22:13:21Z",
            ])

        let pretix = words(
            try firstRequest(of: PretixPlatform(), "orders", Self.window, ["organizer": "harbour"]))
        #expect(
            pretix.isSuperset(of: [
                "ordering=-datetime", "created_since=2023-11-14T22:13:20Z", "created_before=2023-11-15T22:13:21Z",
            ]))

        // Fifteen hours on both sides, and exclusive.
        let shop = ["api_root": "/wp-json", "api_namespace": "wc/v3"]
        let woo = words(try firstRequest(of: WooCommercePlatform(), "products", Self.window, shop))
        #expect(
            woo.isSuperset(of: [
                "after=2023-11-14T07:13:19", "before=2023-11-16T13:13:21", "dates_are_gmt=true", "status=any",
            ]))

        let amazon = words(
            try firstRequest(of: AmazonPlatform(), "orders", Self.window, ["marketplaces": "ATVPDKIKX0DER"]))
        #expect(
            amazon.isSuperset(of: ["LastUpdatedAfter=2023-11-14T22:13:20Z", "LastUpdatedBefore=2023-11-15T22:13:21Z"]))
    }

    @Test("what has no beginning is asked for without one, or from where the platform's reach begins")
    func openBeginnings() throws {
        let window = Window(from: nil, to: Self.window.to)
        #expect(
            words(try firstRequest(of: StripePlatform(), "plans", window)) == ["created[lt]=1700086401", "limit=100"])
        let recurly = try firstRequest(of: RecurlyPlatform(), "plans", window)
        #expect(!recurly.query.contains { $0.name == "begin_time" })
        let amazon = words(try firstRequest(of: AmazonPlatform(), "financial_events", window))
        // 729 days before the request; and from there no further than one window reaches.
        #expect(amazon.contains("PostedAfter=2021-11-18T05:46:40Z"), "\(amazon)")
        #expect(amazon.contains("PostedBefore=2022-05-16T05:46:40Z"), "\(amazon)")
    }

    @Test("no window is asked for beyond what Amazon answers, nor one that is none")
    func clampedBounds() throws {
        let now = Date(timeIntervalSince1970: 1_700_200_000)
        let day = 86_400.0
        let windows = [
            Window(from: now - 2000 * day, to: now - 1000 * day), Window(from: now - 10, to: now + day),
            Window(from: now + day, to: now + 2 * day), Window(from: nil, to: now), Window(from: now, to: now),
        ]
        let names = [
            "orders": ("LastUpdatedAfter", "LastUpdatedBefore"), "financial_events": ("PostedAfter", "PostedBefore"),
            "financial_event_groups": ("FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore"),
        ]
        for window in windows {
            for (resource, (after, before)) in names {
                let request = try firstRequest(
                    of: AmazonPlatform(), resource, window, ["marketplaces": "ATVPDKIKX0DER"], now: now)
                func time(_ name: String) throws -> Date {
                    try #require(AmazonTime.parse(request.query.first { $0.name == name }?.value))
                }
                let (from, to) = (try time(after), try time(before))
                #expect(from < to && to <= now - 120 && from >= now - 730 * day, "\(resource): \(from) to \(to)")
            }
        }
    }

    @Test("a page of a window says nothing of its stream", arguments: PlatformConformanceTests.keys)
    func silence(key: String) throws {
        let platform = try #require(PlatformConformanceTests.platforms.first { $0.key == key })
        for resource in platform.resources where resource.history != nil {
            let walk = MerchantWalk(platform)
            let to = walk.now - 86_400
            try walk.run(Window(from: to - 20 * 86_400, to: to), of: resource.name)
            #expect(walk.syncedThrough == nil && !walk.pastSwept, "\(resource.name)")
        }
    }

    // MARK: - Beginnings

    @Test("of a stream that begins in the past, events of what its list has shown bring no request")
    func eventsOfWhatWasListed() throws {
        let walk = MerchantWalk(StripePlatform(), sizes: ["customers": 400])
        let start = walk.now - 20 * 86_400
        walk.change(count: 600)
        walk.pass(3600)
        try walk.start("customers", at: start)
        try walk.run("customers")
        let fetched = walk.steps.flatMap(\.exchanges).filter { $0.request.purpose == "fetch" }
        let ids = fetched.compactMap { $0.request.path.split(separator: "/").last.map(String.init) }
        #expect(!ids.isEmpty)
        for id in ids {
            guard let created = walk.records["customers \(id)"]?.createdAt else { continue }
            #expect(created < start, "\(id)")
        }
    }

    @Test("where events do not reach as far back as a stream begins, all there is is read")
    func eventsThatAreGone() throws {
        let walk = MerchantWalk(StripePlatform(), sizes: ["customers": 150])
        try walk.start("customers", at: walk.now - 40 * 86_400)
        try walk.run("customers")
        #expect(walk.held == walk.truth("customers"))
    }

    @Test("a shop's stream begins with its newest records and a trial of how times are written")
    func shopsBeginning() throws {
        let walk = MerchantWalk(WooCommercePlatform(), sizes: ["orders": 500])
        try walk.start("orders", at: walk.now - 5 * 86_400)
        try walk.run("orders")
        let purposes = walk.steps.compactMap { $0.exchanges.first?.request.purpose }
        #expect(purposes == ["index", "settings", "newest", "try_dates", "window", "trash"])
        #expect(walk.records.count < 500 && walk.syncedThrough != nil)
    }

    @Test("a report that cannot be made is no end of a window that was asked for")
    func reportThatFails() throws {
        let seller = AmazonSeller()
        seller.spoil = { request, answer in
            guard request.purpose == "poll" else { return answer }
            let body = Array(#"{"reportId":"1","processingStatus":"FATAL"}"#.utf8)
            return PlatformResponse(
                status: 200, headers: [("Content-Type", "application/json")], body: PaddedBytes(body),
                requestedAt: answer.requestedAt)
        }
        let window = Window(from: seller.now - 20 * 86_400, to: seller.now - 86_400)
        seller.cursors["returns"] = try AmazonPlatform().cursor(
            reading: window, in: read("returns", nil, now: seller.now))
        let end = Result { try seller.run("returns", stepsMax: 60) }
        #expect(end.code == "report.failed" || seller.failures.contains { $0.code == .reportFailed })
    }

    @Test("a list's stream begins as though everything before had been listed")
    func listsBeginning() throws {
        let start = Self.window.to
        let cursor = try RecurlyPlatform().cursor(startingAt: start, in: read("accounts"))
        let request = try #require(try RecurlyPlatform().nextStep(in: read("accounts", cursor)).requests.first)
        // Ten minutes before.
        #expect(words(request).contains("begin_time=2023-11-15T22:03:20Z"))
    }
}
