import Foundation
import LocalFleet
import Platforms
import Postgres
import RawJSON
import TestKit
import Testing

/// The real fleet against a Stripe server that somebody else wrote.
@Suite("The fleet reads a Stripe server that is not ours", .serialized, .enabled(if: LocalstripeServer.python != nil))
struct LocalstripeTests {
    @Test("everything made, changed and deleted there is here, equal, after each sync")
    func everythingEndsEqual() async throws {
        let server = try await LocalstripeServer.start()
        do {
            try await FleetHarness.with("localstripe", stores: []) { harness in
                let shop = try await Shop.fill(server)
                let fleet = harness.fleet
                try await fleet.connect(
                    platform: "stripe", name: "theirs", baseURL: server.url,
                    credentials: ["api_key": LocalstripeServer.apiKey])
                let roles = [
                    try await fleet.startScheduler(), try await fleet.startWorker(slots: 4),
                    try await fleet.startWorker(slots: 4),
                ]
                try await harness.eventually("every stream has caught up") { try await harness.allCaughtUp() }
                try await compare(server, harness)

                try await shop.change(server)
                try await fleet.pool.query(
                    "update portolan.streams set caught_up_at = null, next_due_at = portolan.now()")
                try await harness.eventually("every stream has caught up again") { try await harness.allCaughtUp() }
                try await compare(server, harness)

                let deleted = try await fleet.pool.query(
                    "select deletion_source from portolan.raw_records where external_id = $1", [shop.doomed])
                #expect(
                    try deleted.first?.decode("deletion_source", as: String?.self) != nil,
                    "the deleted customer is marked")
                let prices = try await fleet.pool.query(
                    "select state, state_code from portolan.streams where resource = 'prices'")
                let (state, code) = try #require(prices.first).decode(String.self, String?.self)
                #expect(state == "degraded", "an endpoint that is missing shows in the stream's state")
                #expect(code == "platform.endpoint_gone")
                #expect(
                    try await harness.count(
                        "select count(*) from portolan.streams where state not in ('in_sync', 'degraded')") == 0)
                #expect(
                    try await harness.count("select count(*) from unified.billing_invoices where total_amount is null")
                        == 0)
                #expect(
                    try await harness.count("select count(*) from unified.payment_transactions where amount is null")
                        == 0)
                await harness.stop(roles)
            }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    /// An object without what is never stored.
    private static func kept(_ payload: Data, _ resource: String) -> String {
        guard case .cut(let bytes)? = StripePlatform().neverStored[resource]?.cut(Array(payload)) else {
            return String(decoding: payload, as: UTF8.self)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Every object of every list of theirs is stored, equal but for what their server makes anew for each answer, and
    /// nothing else is.
    private func compare(_ server: LocalstripeServer, _ harness: FleetHarness) async throws {
        let lists = [
            "customers": "/v1/customers", "products": "/v1/products", "plans": "/v1/plans",
            "subscriptions": "/v1/subscriptions?status=all", "invoices": "/v1/invoices", "charges": "/v1/charges",
            "payment_intents": "/v1/payment_intents", "refunds": "/v1/refunds",
            "balance_transactions": "/v1/balance_transactions",
        ]
        for (resource, path) in lists.sorted(by: { $0.key < $1.key }) {
            let theirs = try await server.list(path)
            let rows = try await harness.fleet.pool.query(
                """
                with theirs as (select * from unnest($1::text[], $2::text[]) t(id, payload)),
                ours as (select external_id as id, payload from portolan.raw_records where resource = $3 and deleted_at is null)
                select count(*) filter (where o.id is null) as missing, count(*) filter (where t.id is null) as surplus,
                       count(*) filter (where o.payload <> t.payload::jsonb) as different, count(*) as both,
                       string_agg(coalesce(t.id, o.id), ', ') filter (where o.id is null or t.id is null or o.payload <> t.payload::jsonb) as which
                from theirs t full join ours o on o.id = t.id collate "C"
                """,
                [Array(theirs.keys), theirs.values.map { Self.kept($0, resource) }, resource])
            let row = try #require(rows.first)
            let (missing, surplus, different, _) = try row.decode(Int64.self, Int64.self, Int64.self, Int64.self)
            let which = try row.decode("which", as: String?.self) ?? ""
            #expect(
                (missing, surplus, different) == (0, 0, 0),
                "\(resource): \(missing) missing, \(surplus) surplus, \(different) different: \(which)")
        }
    }

    /// What is made at the server, through its own interface.
    private struct Shop {
        var customers: [String] = []
        var plans: [String] = []
        var subscriptions: [String] = []
        var charges: [String] = []
        var doomed: String { customers[3] }

        static func fill(_ server: LocalstripeServer) async throws -> Shop {
            var shop = Shop()
            for number in 0..<250 {
                shop.customers.append(
                    try await shop.make(
                        server, "/v1/customers", [("email", "buyer\(number)@example.com"), ("name", "Zoë 🦊 \(number)")])
                )
            }
            for number in 0..<3 {
                let form = [
                    ("amount", "\(1000 + number)"), ("currency", number == 2 ? "jpy" : "eur"), ("interval", "month"),
                    ("product[name]", "Coffee \(number)"),
                ]
                shop.plans.append(try await shop.make(server, "/v1/plans", form))
            }
            for customer in shop.customers[10..<16] { try await shop.fill(server, customer) }
            _ = try await shop.make(server, "/v1/refunds", [("charge", shop.charges[0]), ("amount", "100")])
            return shop
        }

        private mutating func fill(_ server: LocalstripeServer, _ customer: String) async throws {
            let card = [
                ("type", "card"), ("card[number]", "4242424242424242"), ("card[exp_month]", "12"),
                ("card[exp_year]", "2035"), ("card[cvc]", "123"),
            ]
            let method = try await make(server, "/v1/payment_methods", card)
            try await server.post("/v1/payment_methods/\(method)/attach", [("customer", customer)])
            try await server.post("/v1/customers/\(customer)", [("invoice_settings[default_payment_method]", method)])
            if customer == customers[10] {
                // More lines than one page of a nested list holds.
                for number in 1...14 {
                    try await server.post(
                        "/v1/invoiceitems", [("customer", customer), ("amount", "\(number * 10)"), ("currency", "eur")])
                }
            }
            subscriptions.append(
                try await make(server, "/v1/subscriptions", [("customer", customer), ("items[0][plan]", plans[0])]))
            charges.append(
                try await make(server, "/v1/charges", [("customer", customer), ("amount", "500"), ("currency", "eur")]))
        }

        func change(_ server: LocalstripeServer) async throws {
            try await server.post("/v1/customers/\(customers[1])", [("email", "new@example.com")])
            try await server.delete("/v1/customers/\(doomed)")
            try await server.post("/v1/plans/\(plans[1])", [("nickname", "renamed")])
            try await server.post("/v1/subscriptions/\(subscriptions[1])", [("cancel_at_period_end", "true")])
            try await server.delete("/v1/subscriptions/\(subscriptions[2])")
            try await server.post("/v1/charges/\(charges[2])", [("metadata[a]", "b")])
            try await server.post("/v1/refunds", [("charge", charges[1]), ("amount", "250")])
            try await server.post("/v1/customers", [("email", "late@example.com")])
            try await server.post("/v1/subscriptions/\(subscriptions[3])", [("items[0][plan]", plans[1])])
        }

        private func make(_ server: LocalstripeServer, _ path: String, _ form: [(String, String)]) async throws
            -> String
        {
            guard let id = try await server.post(path, form)["id"] as? String else {
                throw LocalstripeServer.Failure(description: "POST \(path) gave no id")
            }
            return id
        }
    }
}
