import Foundation
import HTTP
import LocalFleet
import Platforms
import Postgres
import RawJSON
import TestKit
import Testing

/// The real fleet against a ticket shop that somebody else wrote.
@Suite("The fleet reads a pretix server", .serialized, .enabled(if: PretixServer.python != nil))
struct PretixTests {
    private static let seed =
        ProcessInfo.processInfo.environment["PRETIX_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)

    @Test("what is edited while it is read is here in the end, every record equal, and nothing else is")
    func everythingEndsEqual() async throws {
        print("pretix with PRETIX_SEED=\(Self.seed)")
        let server = try await PretixServer.start()
        do {
            try await server.fill(seed: Self.seed, customers: 15, orders: 60)
            try await FleetHarness.with("pretix", stores: []) { harness in
                try await harness.fleet.connect(
                    platform: "pretix", name: "theirs", baseURL: server.url,
                    settings: ["organizer": server.organizer], credentials: ["api_token": server.token])
                try await exercise(server, harness)
            }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func exercise(_ server: PretixServer, _ harness: FleetHarness) async throws {
        let fleet = harness.fleet
        let roles = [
            try await fleet.startScheduler(), try await fleet.startWorker(slots: 4),
            try await fleet.startWorker(slots: 4),
        ]
        try await harness.eventually("every stream has caught up") { try await harness.allCaughtUp() }
        try await compare(server, harness, "at first")

        try await editWhileReading(server, harness)
        let doomed = try await deleteOrder(server)
        try await readAgain(harness)
        // No order was listed as a whole since: what changed was asked for. What money did to an order, and that one is
        // gone, does not show that way.
        try await compare(server, harness, "after the edits", but: ["order_payments"], isSwept: false)

        try await fleet.pool.query("update portolan.streams set cursor = cursor - 'swept_at'")
        try await readAgain(harness)
        try await compare(server, harness, "after a sweep")
        try await compareMoney(server, harness)
        let gone = try await fleet.pool.query(
            "select deletion_source from portolan.raw_records where resource = 'orders' and external_id = $1", [doomed])
        #expect(try gone.first?.decode(at: 0, as: String?.self) == "missing_in_full_sync")
        #expect(try await harness.count("select count(*) from portolan.streams where state <> 'in_sync'") == 0)
        let openers = "select count(*) from portolan.raw_records where payload::text ~ '\"(secret|payment_url)\"'"
        #expect(try await harness.count(SQL(unsafeText: openers)) == 0, "what opens an order is not stored")
        await harness.stop(roles)
    }

    /// Edits, with one time of modification for more orders than a page holds, while every stream is read over and over.
    private func editWhileReading(_ server: PretixServer, _ harness: FleetHarness) async throws {
        let pages: SQL = "select count(*) from portolan.requests where route like '%/orders/'"
        let before = try await harness.count(pages)
        async let edits: [PretixServer.Edits] = {
            let first = try await server.edit(seed: Self.seed + 1, edits: 45)
            let tied = try await server.tie(orders: 55)
            #expect(tied.count >= 50)
            return [first, try await server.edit(seed: Self.seed + 2, edits: 35)]
        }()
        let reading = Task {
            while !Task.isCancelled {
                try await harness.fleet.pool.query("update portolan.streams set next_due_at = portolan.now()")
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        let done = try await edits
        reading.cancel()
        _ = await reading.result
        let read = try await harness.count(pages) - before
        print("edits: \(done); pages of orders meanwhile: \(read)")
        #expect(read >= 4, "it was read while it was edited")
    }

    /// Orders in test mode are the only ones that can be deleted.
    private func deleteOrder(_ server: PretixServer) async throws -> String {
        for (code, bytes) in try await server.list()["orders"] ?? [:] {
            guard let order = try JSONSerialization.jsonObject(with: bytes) as? [String: Any],
                order["testmode"] as? Bool == true, let event = order["event"] as? String
            else { continue }
            try await server.call(.delete, "events/\(event)/orders/\(code)/")
            return code
        }
        throw PretixServer.Failure(description: "no order is in test mode; seed \(Self.seed)")
    }

    private func readAgain(_ harness: FleetHarness) async throws {
        try await harness.eventually("nothing is under way") { try await harness.isIdle() }
        try await harness.fleet.pool.query(
            "update portolan.streams set caught_up_at = null, next_due_at = portolan.now()")
        try await harness.eventually("every stream has caught up again") { try await harness.allCaughtUp() }
    }

    // MARK: - Comparing

    private static let ofPayments = [
        "code", "event", "testmode", "customer", "datetime", "last_modified", "payments", "refunds",
    ]
    private static let notOfOrders = ["payments", "refunds", "customer", "secret", "url"]

    /// Every object that the server itself lists, as a correct sync holds it.
    private func truth(_ server: PretixServer) async throws -> [String: [String: String]] {
        let all = try await server.list()
        var truth = [
            "events": all["events"] ?? [:], "items": all["items"] ?? [:], "customers": all["customers"] ?? [:],
        ]
        truth["orders"] = try all["orders"]?.mapValues { try Self.members(of: $0) { !Self.notOfOrders.contains($0) } }
        truth["order_payments"] = try all["orders"]?.mapValues { try Self.members(of: $0, Self.ofPayments.contains) }
        return Dictionary(
            uniqueKeysWithValues: truth.map { resource, objects in
                (resource, objects.mapValues { Self.kept($0, resource) })
            })
    }

    private static func members(of object: Data, _ isWanted: (String) -> Bool) throws -> Data {
        let all = try JSONSerialization.jsonObject(with: object) as? [String: Any] ?? [:]
        return try JSONSerialization.data(withJSONObject: all.filter { isWanted($0.key) })
    }

    /// An object without what is never stored.
    private static func kept(_ payload: Data, _ resource: String) -> String {
        guard case .cut(let bytes)? = PretixPlatform().neverStored[resource]?.cut(Array(payload)) else {
            return String(decoding: payload, as: UTF8.self)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Parameter isSwept: all that is gone is known to be.
    private func compare(
        _ server: PretixServer, _ harness: FleetHarness, _ when: String, but left: Set<String> = [],
        isSwept: Bool = true
    ) async throws {
        for (resource, theirs) in try await truth(server).sorted(by: { $0.key < $1.key }) where !left.contains(resource)
        {
            let rows = try await harness.fleet.pool.query(
                """
                with theirs as (select * from unnest($1::text[], $2::text[]) t(id, payload)),
                ours as (
                  select case resource when 'items' then split_part(external_id, ':', 2) else external_id end as id, payload
                  from portolan.raw_records where resource = $3 and deleted_at is null)
                select count(*) filter (where o.id is null) as missing, count(*) filter (where t.id is null) as surplus,
                       count(*) filter (where o.payload <> t.payload::jsonb) as different, count(*) as both,
                       min(coalesce(t.id, o.id) || ' ' || coalesce(o.payload::text, '-') || ' ' || coalesce(t.payload, '-'))
                         filter (where o.id is null or t.id is null or o.payload <> t.payload::jsonb) as example
                from theirs t full join ours o on o.id = t.id collate "C"
                """,
                [Array(theirs.keys), Array(theirs.values), resource])
            let row = try #require(rows.first)
            let (missing, surplus, different, both) = try row.decode(Int64.self, Int64.self, Int64.self, Int64.self)
            let example = try row.decode("example", as: String?.self) ?? ""
            let expected = isSwept || resource != "orders" ? 0 : surplus
            #expect(
                (missing, surplus, different) == (0, expected, 0),
                """
                \(resource) \(when): \(missing) missing, \(surplus) surplus, \(different) different of \(both), e.g. \
                \(example); seed \(Self.seed)
                """)
            #expect(both > 0, "\(resource)")
        }
    }

    /// The views show every payment and refund that the server knows, in the event's currency.
    private func compareMoney(_ server: PretixServer, _ harness: FleetHarness) async throws {
        let orders = try await server.list()["orders"]?.values.compactMap {
            try JSONSerialization.jsonObject(with: $0) as? [String: Any]
        }
        for (member, view) in [("payments", "payment_transactions"), ("refunds", "payment_refunds")] {
            let all = (orders ?? []).flatMap { $0[member] as? [[String: Any]] ?? [] }
            let sum = all.reduce(Decimal(0)) { $0 + (Decimal(string: $1["amount"] as? String ?? "") ?? 0) }
            let shown = try await harness.text(
                SQL(
                    unsafeText: """
                        select count(*) || ' ' || coalesce(trim_scale(sum(amount)), 0) from unified.\(view)
                        where not is_deleted and currency in ('EUR', 'JPY') and issues = '[]'
                        """))
            #expect(shown == "\(all.count) \(sum)", "seed \(Self.seed)")
        }
        #expect(
            try await harness.count(
                """
                select count(*) from unified.commerce_orders
                where not is_deleted and (total_amount is null or currency is null or paid_amount is null or issues <> '[]')
                """) == 0)
    }
}
