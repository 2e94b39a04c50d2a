import Foundation
import RawJSON
import Testing

@testable import Platforms

@Suite struct StripeTests {
    static let resources = StripePlatform().resources.map(\.name)

    @Test("a first read brings every record of every stream exactly once and as it is", arguments: resources)
    func firstReadIsComplete(resource: String) throws {
        let driver = StripeDriver(sizes: ["customers": 1000])
        let held = try driver.sync(resource)
        #expect(driver.differences(resource).isEmpty)
        #expect(!held.payloads.isEmpty)
        #expect(held.flags.isEmpty)
        #expect(held.degradation == nil)
        #expect(held.syncedThrough != nil)
        #expect(held.cursorBytesMax < Cursor.bytesMax)
    }

    @Test("changes made during the first read are all there when it is through", arguments: resources)
    func changesDuringTheWalk(resource: String) throws {
        let driver = StripeDriver(seed: 11, sizes: ["customers": 900])
        driver.onRequest = { count in
            if count < 60 { driver.store.change(count: 9, now: driver.now) }
        }
        try driver.sync(resource)
        // The last changes may have come after the last look at the event log: the next read has them.
        driver.onRequest = nil
        try driver.sync(resource)
        #expect(driver.differences(resource).isEmpty)
    }

    @Test("an incremental read fetches what changed and little else", arguments: resources)
    func incremental(resource: String) throws {
        let driver = StripeDriver(seed: 3, sizes: ["customers": 3000])
        try driver.sync(resource)
        driver.now += 3600
        driver.store.change(count: 400, now: driver.now)
        driver.now += 30
        let held = try driver.sync(resource)
        #expect(driver.differences(resource).isEmpty)
        #expect(held.requests < 120, "took \(held.requests) requests")
        driver.now += 300
        let quiet = try driver.sync(resource)
        #expect(quiet.requests <= 2, "a quiet read took \(quiet.requests) requests")
        #expect(driver.differences(resource).isEmpty)
    }

    @Test("a crash after any page loses nothing: the page is asked again from the cursor", arguments: resources)
    func crashResume(resource: String) throws {
        let driver = StripeDriver(seed: 5, sizes: ["customers": 800])
        try driver.sync(resource, repeatingPages: true)
        #expect(driver.differences(resource).isEmpty)
        driver.now += 4000
        driver.store.change(count: 300, now: driver.now)
        try driver.sync(resource, repeatingPages: true)
        #expect(driver.differences(resource).isEmpty)
    }

    @Test("a cursor of another meaning starts the stream over")
    func foreignCursor() throws {
        let driver = StripeDriver()
        driver.cursors["customers"] = Cursor(json: #"{"page":4}"#)
        try driver.sync("customers")
        #expect(driver.differences("customers").isEmpty)
    }

    @Test("a read after more days than events are kept walks the whole list again and says so")
    func outdatedEvents() throws {
        let driver = StripeDriver(seed: 9)
        try driver.sync("customers")
        driver.now += 29 * 86_400
        let held = try driver.sync("customers")
        #expect(held.flags.map(\.code) == [.requestHistoryLimit])
        #expect(held.routes["/v1/customers"] ?? 0 > 1)
        #expect(try driver.sync("customers").flags.isEmpty)
    }

    @Test("a week after the last pass the list is walked again, and deletions before it are still seen")
    func weeklyPass() throws {
        let driver = StripeDriver(seed: 21)
        try driver.sync("customers")
        driver.now += 8 * 86_400
        driver.store.change(count: 300, now: driver.now - 86_400)
        let held = try driver.sync("customers")
        #expect(held.routes["/v1/customers"] ?? 0 > 1)
        #expect(driver.differences("customers").isEmpty)
        #expect(!held.deleted.isEmpty)
    }

    @Test(
        "spoilt records are kept as they are; one without an id is flagged and costs nobody else", arguments: resources)
    func spoilt(resource: String) throws {
        let driver = StripeDriver(seed: 2, sizes: ["customers": 2000], spoiltShare: 0.3)
        let held = try driver.sync(resource)
        #expect(driver.differences(resource).isEmpty)
        let rejected = held.flags.filter { $0.code == .dataRecordRejected }
        #expect(!rejected.isEmpty)
        #expect(rejected.allSatisfy { $0.evidence?.contains("\"id\":null") == true })
        driver.now += 100
        driver.store.change(count: 200, now: driver.now)
        try driver.sync(resource)
        #expect(driver.differences(resource).isEmpty)
    }

    @Test("a deleted id to go on after is stepped over")
    func deletedStartingAfter() throws {
        let driver = StripeDriver(seed: 4, sizes: ["customers": 900])
        var refused = 0
        driver.intercept = { request in
            // Every second walk step meets a deleted id.
            guard request.query.contains(where: { $0.name == "starting_after" }) else { return nil }
            refused += 1
            guard refused % 2 == 1 else { return nil }
            return SandboxResponse(
                status: 400, headers: [],
                body: Array(
                    #"{"error":{"code":"resource_missing","message":"No such customer: 'cus_x'","param":"starting_after","type":"invalid_request_error"}}"#
                        .utf8))
        }
        try driver.sync("customers")
        #expect(driver.differences("customers").isEmpty)
        #expect(refused > 2)
    }

    @Test("a server that refuses every id to go on after ends the read with a word about it")
    func refusesPaging() throws {
        let driver = StripeDriver(seed: 4, sizes: ["customers": 900])
        driver.intercept = { request in
            guard request.query.contains(where: { $0.name == "starting_after" }) else { return nil }
            return SandboxResponse(
                status: 404, headers: [], body: Array(#"{"error":{"message":"Not Found","type":"x"}}"#.utf8))
        }
        let held = try driver.sync("customers", pagesMax: 60)
        #expect(held.degradation?.code == .platformContractChanged)
    }

    @Test("a server that answers page one to every id to go on after ends the read with a word about it")
    func repeatsPageOne() throws {
        let driver = StripeDriver(seed: 4, sizes: ["customers": 900])
        driver.intercept = { request in
            guard request.route == "/v1/customers" else { return nil }
            var first = request
            first.query.removeAll { $0.name == "starting_after" }
            guard first.query.count < request.query.count else { return nil }
            let headers = request.headers + [("Authorization", "Bearer rk_test_driver")]
            return driver.store.respond(
                to: SandboxRequest(method: "GET", path: first.path, query: first.query, headers: headers),
                now: driver.now)
        }
        let held = try driver.sync("customers", pagesMax: 60)
        #expect(held.degradation?.code == .platformContractChanged)
        #expect(held.payloads.count == 100)
    }

    @Test("a list that the server does not have is caught up, degraded, and asked for again next time")
    func missingEndpoint() throws {
        let driver = StripeDriver()
        for body in [#"{"error":{"message":"Unrecognized request URL (GET: /v1/prices)."}}"#, "404: Not Found"] {
            driver.intercept = { _ in SandboxResponse(status: 404, headers: [], body: Array(body.utf8)) }
            let held = try driver.sync("prices", pagesMax: 1)
            #expect(held.degradation?.code == .platformEndpointGone)
            #expect(held.payloads.isEmpty)
        }
        driver.intercept = nil
        #expect(try driver.sync("prices").degradation == nil)
        #expect(driver.differences("prices").isEmpty)
    }

    /// A server that knows the event log only in part.
    private func weakEvents(_ driver: StripeDriver, refusing: Set<String>) {
        driver.intercept = { request in
            guard request.route == "/v1/events" || refusing.contains("all created") else { return nil }
            let bad = request.query.first { parameter in refusing.contains { parameter.name.hasPrefix($0) } }
            let isGone = refusing.contains("gone") && request.route == "/v1/events"
            if isGone { return SandboxResponse(status: 404, headers: [], body: Array("404: Not Found".utf8)) }
            if refusing.contains("all created"), request.query.contains(where: { $0.name == "created[gte]" }) {
                return SandboxResponse(
                    status: 400, headers: [],
                    body: Array(#"{"error":{"message":"Unexpected created","type":"invalid_request_error"}}"#.utf8))
            }
            guard let bad else { return nil }
            let name = String(bad.name.prefix { $0 != "[" })
            let body = #"{"error":{"message":"Unexpected \#(name)","type":"invalid_request_error"}}"#
            return SandboxResponse(status: 400, headers: [], body: Array(body.utf8))
        }
    }

    @Test("without types[] the whole event log is filtered here, and the list is walked as well", arguments: resources)
    func unfilteredEvents(resource: String) throws {
        let driver = StripeDriver(seed: 13)
        weakEvents(driver, refusing: ["types"])
        let first = try driver.sync(resource)
        if resource != "balance_transactions" { #expect(first.degradation?.code == .platformContractChanged) }
        driver.store.events.removeAll()
        driver.store.change(count: 100, now: driver.now + 1)
        // Events that were never logged: only deletions depend on the log.
        driver.store.events.removeAll { !$0.type.hasSuffix(".deleted") }
        driver.now += 5
        try driver.sync(resource)
        #expect(driver.differences(resource).isEmpty)
    }

    @Test("without an event log each read walks the list", arguments: [Set(["gone"]), ["types", "created"]])
    func noEvents(refusing: Set<String>) throws {
        let driver = StripeDriver(seed: 13)
        weakEvents(driver, refusing: refusing)
        let first = try driver.sync("subscriptions")
        #expect(first.degradation?.code == .platformEndpointGone)
        driver.store.change(count: 100, now: driver.now + 1)
        driver.now += 5
        let second = try driver.sync("subscriptions")
        #expect(second.routes["/v1/events"] == nil)
        #expect(driver.differences("subscriptions").isEmpty)
        // After a day it is asked again whether it has events now.
        driver.intercept = nil
        driver.now += 90_000
        let third = try driver.sync("subscriptions")
        #expect(third.degradation == nil)
        #expect(driver.differences("subscriptions").isEmpty)
    }

    @Test("a long list is walked less often where the event log cannot be relied on")
    func longPassesRest() throws {
        let driver = StripeDriver(seed: 13, sizes: ["customers": 3000])
        weakEvents(driver, refusing: ["gone"])
        try driver.sync("customers")
        driver.now += 300
        #expect(try driver.sync("customers").requests == 1)
        driver.now += 30 * 60
        #expect(try driver.sync("customers").requests == 30)
    }

    @Test("balance transactions of the last days are read again, and all of them where there is no time filter")
    func balanceWindow() throws {
        let driver = StripeDriver(seed: 1, sizes: ["balance_transactions": 5000])
        try driver.sync("balance_transactions")
        driver.now += 600
        driver.store.change(count: 500, now: driver.now)
        let held = try driver.sync("balance_transactions")
        #expect(driver.differences("balance_transactions").isEmpty)
        #expect(held.requests < 5, "took \(held.requests)")
        weakEvents(driver, refusing: ["all created"])
        let refused = try driver.sync("balance_transactions")
        #expect(refused.degradation?.code == .platformContractChanged)
        driver.now += 3600
        driver.store.change(count: 500, now: driver.now)
        #expect(try driver.sync("balance_transactions").requests > 40)
        #expect(driver.differences("balance_transactions").isEmpty)
    }

    @Test("a few failures among several fetches are asked again; the others are kept")
    func partialFetchFailure() throws {
        let driver = StripeDriver(seed: 3)
        try driver.sync("customers")
        driver.now += 60
        driver.store.change(count: 200, now: driver.now)
        var count = 0
        driver.intercept = { request in
            guard request.route == "/v1/customers/{id}" else { return nil }
            count += 1
            guard count % 3 == 0 else { return nil }
            return SandboxResponse(
                status: 429, headers: [("Stripe-Rate-Limited-Reason", "endpoint-rate")],
                body: Array(#"{"error":{"code":"rate_limit","type":"invalid_request_error"}}"#.utf8))
        }
        try driver.sync("customers")
        #expect(driver.differences("customers").isEmpty)
        #expect(count > 5)
    }

    @Test("a plan whose id comes back after a deletion is there")
    func recreatedID() throws {
        let driver = StripeDriver(seed: 3)
        try driver.sync("plans")
        let id = driver.store.records.id(.plan, 2)
        driver.now += 60
        let second = Int(driver.now.timeIntervalSince1970)
        driver.store.events.append(.init(created: second, type: "plan.deleted", kind: .plan, index: 2, revision: 0))
        driver.store.events.append(.init(created: second, type: "plan.created", kind: .plan, index: 2, revision: 0))
        let held = try driver.sync("plans")
        #expect(held.payloads[StripeHeld.key("plans", id)] != nil)
        #expect(driver.differences("plans").isEmpty)
    }

    @Test("an invoice that lost lines loses the pages it no longer fills")
    func shrunkInvoice() throws {
        let driver = StripeDriver(seed: 3, sizes: ["invoices": 400])
        try driver.sync("invoices")
        let id = driver.store.records.id(.invoice, 13)
        #expect(driver.held["invoices"]?.payloads[StripeHeld.key("invoice_lines", "\(id)/0003")] != nil)
        driver.now += 60
        driver.store.overlaysForTest(.invoice, 13, revision: 1)
        driver.store.events.append(
            .init(
                created: Int(driver.now.timeIntervalSince1970), type: "invoice.updated", kind: .invoice, index: 13,
                revision: 1))
        let held = try driver.sync("invoices")
        #expect(held.payloads[StripeHeld.key("invoice_lines", "\(id)/0003")] == nil)
        #expect(driver.differences("invoices").isEmpty)
    }

    @Test("requests name both buckets they cost, and every bucket demanded is declared")
    func demands() throws {
        let platform = StripePlatform()
        for resource in platform.resources {
            let step = try platform.nextStep(
                in: StreamRead(resource: resource.name, cursor: nil, now: StripeDriver.start))
            for request in step.requests {
                #expect(request.demands.count == 2)
                #expect(request.headers.contains { $0 == ("Stripe-Version", "2026-06-24.dahlia") })
                for demand in request.demands {
                    #expect(platform.buckets.contains { $0.serves(demand.bucket) })
                }
            }
        }
    }

    @Test("no cursor outgrows its bound, whatever ids a server makes up")
    func cursorBound() throws {
        let driver = StripeDriver(seed: 3)
        try driver.sync("plans")
        let rows = (0..<1000).map { place in
            let id = String(repeating: "é", count: 240) + String(place)
            return
                #"{"id":"evt_\#(place)\#(id)","object":"event","created":\#(1_780_000_000 + place),"type":"plan.updated","data":{"object":{"id":"\#(id)","object":"plan"}}}"#
        }
        var asked = 0
        driver.intercept = { request in
            asked += 1
            if request.route == "/v1/events" {
                let after = request.query.first { $0.name == "starting_after" }?.value
                let from = after.flatMap { id in rows.firstIndex { $0.contains("\"\(id)\"") } }.map { $0 + 1 } ?? 0
                let body = "{\"object\":\"list\",\"data\":[\(rows[from...].joined(separator: ","))],\"has_more\":false}"
                return SandboxResponse(status: 200, headers: [], body: Array(body.utf8))
            }
            return SandboxResponse(
                status: 404, headers: [],
                body: Array(#"{"error":{"code":"resource_missing","type":"invalid_request_error"}}"#.utf8))
        }
        let held = try driver.sync("plans")
        #expect(held.cursorBytesMax < Cursor.bytesMax)
        #expect(held.routes["/v1/plans/{id}"] == 1000)
    }
}

extension StripeSandboxStore {
    func overlaysForTest(_ kind: Kind, _ index: Int, revision: Int) {
        overlays[kind.rawValue].revisions[index] = revision
    }
}
