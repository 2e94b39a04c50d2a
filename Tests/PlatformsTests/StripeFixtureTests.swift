import Foundation
import RawJSON
import Testing

@testable import Platforms

/// Real events, as an event log would list them: which objects they make the connector fetch or give up.
@Suite struct StripeFixtureTests {
    struct Case: Sendable {
        var fixture: String
        var resource: String
        var fetched: [String] = []
        var deleted: [String] = []
    }

    @Test(
        "an event names the object to fetch, whatever object it shows",
        arguments: [
            Case(fixture: "webhook_customer_updated", resource: "customers", fetched: ["cus_J7Mkgr8mvbl1eK"]),
            Case(fixture: "webhook_customer_deleted", resource: "customers", deleted: ["cus_IhGfebO16cMIGN"]),
            Case(fixture: "webhook_charge_refunded", resource: "charges", fetched: ["ch_3Kl36gJDPojXS6LN0DCM4A8l"]),
            Case(fixture: "webhook_charge_refunded", resource: "refunds", fetched: ["re_3Kl36gJDPojXS6LN0eP4yPDz"]),
            Case(fixture: "webhook_invoice_paid", resource: "invoices", fetched: ["in_1KJqKBJDPojXS6LNJbvLUgEy"]),
            Case(fixture: "webhook_subscription_updated", resource: "subscriptions", fetched: ["sub_JLEPMp81LApOJl"]),
            Case(fixture: "webhook_invoice_paid", resource: "customers"),
            Case(fixture: "event", resource: "plans", fetched: ["price_1PgafmB7WZ01zgkW6dKueIc5"]),
        ])
    func events(one: Case) throws {
        var one = one
        let event = try StripeFixtures.text(one.fixture)
        if one.fixture == "webhook_customer_updated" {
            one.fetched = [try #require(try JSONDocument(PaddedBytes(event)).root.at("data", "object", "id")?.string)]
        }
        let platform = StripePlatform()
        var state = StripeCursor()
        state.phase = .idle
        state.eventsSince = 1_779_999_000
        state.passStarted = 1_779_999_000
        let read = StreamRead(resource: one.resource, cursor: try Cursor(encoding: state), now: StripeDriver.start)
        let request = try platform.nextStep(in: read).requests[0]
        #expect(request.path == "/v1/events")
        let body = #"{"object":"list","data":[\#(event)],"has_more":false,"url":"/v1/events"}"#
        let response = PlatformResponse(
            status: 200, headers: [], body: PaddedBytes(body), requestedAt: StripeDriver.start)
        let page = try platform.page(from: [Exchange(request: request, response: response)], in: read)
        #expect(page.deletions.map(\.id) == one.deleted)
        #expect(page.deletions.allSatisfy { $0.source == .platformFlag && $0.resource == one.resource })
        #expect(page.isCaughtUp == one.fetched.isEmpty)
        guard !one.fetched.isEmpty else { return }
        let next = StreamRead(resource: one.resource, cursor: page.cursor, now: StripeDriver.start)
        #expect(try platform.nextStep(in: next).requests.map(\.path) == one.fetched.map { "/v1/\(one.resource)/\($0)" })
    }

    @Test("a published object is one record: its bytes, its id and when it was created")
    func objects() throws {
        for name in [
            "customer", "product", "price", "plan", "subscription", "invoice", "charge", "payment_intent", "refund",
        ] {
            let text = try StripeFixtures.text(name)
            let platform = StripePlatform()
            let resource = name + "s"
            let read = StreamRead(resource: resource, cursor: nil, now: StripeDriver.start)
            let request = try platform.nextStep(in: read).requests[0]
            let body = PaddedBytes(#"{"object":"list","data":[\#(text)],"has_more":false}"#)
            let response = PlatformResponse(status: 200, headers: [], body: body, requestedAt: StripeDriver.start)
            let page = try platform.page(from: [Exchange(request: request, response: response)], in: read)
            let record = try #require(page.records.first)
            #expect(page.records.count == 1)
            #expect(record.payload.text == text.trimmingCharacters(in: .whitespacesAndNewlines))
            #expect(record.resource == resource)
            #expect(record.updatedAt == nil)
            #expect(record.createdAt != nil)
            #expect(record.fetchedAt == StripeDriver.start)
        }
    }
}
