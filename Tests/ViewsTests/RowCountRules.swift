import Foundation
import Postgres

/// The payloads of one connection as a second JSON reader sees them: objects by resource and identifier.
struct RawPayloads {
    typealias Object = [String: Any]

    private var objects: [String: [String: Object]] = [:]

    init(_ probe: ViewProbe, platform: String, connection: Int64) async throws {
        let rows = try await probe.pool.query(
            """
            select resource, external_id, payload::text from portolan.raw_records
            where connection_id = $1 and platform = $2 and deleted_at is null
            """, [connection, platform])
        for row in rows {
            let (resource, id, text) = try row.decode(String.self, String.self, String.self)
            objects[resource, default: [:]][id] = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Object
        }
    }

    subscript(resource: String) -> [String: Object] { objects[resource] ?? [:] }

    /// Elements of the list at a path, summed over the records of a resource.
    func elements(of resource: String, at path: String...) -> Int {
        self[resource].values.reduce(0) { $0 + Self.list($1, path).count }
    }

    static func list(_ object: Object, _ path: [String]) -> [Any] {
        Self.value(object, path) as? [Any] ?? []
    }

    static func value(_ object: Object, _ path: [String]) -> Any? {
        path.reduce(Optional<Any>(object)) { ($0 as? Object)?[$1] }
    }
}

/// How many rows a view has that has not one for each record of the resource it is named after.
enum RowCountRules {
    static let special: [String: @Sendable (RawPayloads) -> Int] = [
        "shopify.order_line_items": { raw in
            raw.elements(of: "orders", at: "lineItems", "nodes")
                + raw.elements(of: "orders", at: "shippingLines", "nodes")
                + raw.elements(of: "order_line_items", at: "lineItems", "nodes")
        },
        "shopify.product_variants": { raw in
            raw.elements(of: "products", at: "variants", "nodes")
                + raw.elements(of: "product_variants", at: "variants", "nodes")
        },
        "shopify.refunds": { $0.elements(of: "orders", at: "refunds") },
        "shopify.refund_line_items": { raw in
            let refunds = raw["orders"].values.flatMap { RawPayloads.list($0, ["refunds"]) }
            let embedded = refunds.compactMap { $0 as? RawPayloads.Object }
                .map { RawPayloads.list($0, ["refundLineItems", "nodes"]).count }
            return embedded.reduce(0, +) + raw.elements(of: "refund_line_items", at: "refundLineItems", "nodes")
        },
        "shopify.transactions": { raw in
            raw["orders"].values.flatMap { RawPayloads.list($0, ["transactions"]) }
                .compactMap { $0 as? RawPayloads.Object }.count { $0["kind"] as? String != "SUGGESTED_REFUND" }
        },
        "amazon.listing_variants": { $0["listings"].count },
        "amazon.payouts": { $0["financial_event_groups"].count },
        "amazon.balance_transactions": { $0["financial_events"].count },
        "amazon.refunds": { raw in raw["financial_events"].keys.count { $0.hasPrefix("RefundEventList:") } },
        "amazon.transactions": { raw in
            let lists = ["ShipmentEventList", "RefundEventList", "GuaranteeClaimEventList", "ChargebackEventList"]
            return raw["financial_events"].keys.count { key in lists.contains { key.hasPrefix($0 + ":") } }
        },
        "pretix.order_line_items": { raw in ["positions", "fees"].reduce(0) { $0 + raw.elements(of: "orders", at: $1) }
        },
        "pretix.item_variants": { raw in
            raw["items"].values.reduce(0) { $0 + max(1, RawPayloads.list($1, ["variations"]).count) }
        },
        "pretix.payments": { $0.elements(of: "order_payments", at: "payments") },
        "pretix.refunds": { $0.elements(of: "order_payments", at: "refunds") },
        "stripe.invoice_lines": { nested(in: $0, "invoices", "lines", "invoice_lines") },
        "stripe.subscription_items": { nested(in: $0, "subscriptions", "items", "subscription_items") },
        "stripe.payment_intents": { raw in
            raw["payment_intents"].values.count { !($0["latest_charge"] is String) }
        },
        "woocommerce.order_line_items": { raw in
            ["line_items", "shipping_lines", "fee_lines"].reduce(0) { $0 + raw.elements(of: "orders", at: $1) }
        },
        "woocommerce.product_variants": { raw in
            raw["variations"].count + raw["products"].values.count { RawPayloads.list($0, ["variations"]).isEmpty }
        },
        "woocommerce.refund_line_items": { $0.elements(of: "refunds", at: "line_items") },
        "recurly.plans": { raw in
            raw["plans"].values.reduce(0) { sum, plan in
                let ramp = RawPayloads.list(plan, ["ramp_intervals"]).first as? RawPayloads.Object ?? [:]
                let own = RawPayloads.list(plan, ["currencies"]).count
                return sum + max(1, own > 0 ? own : RawPayloads.list(ramp, ["currencies"]).count)
            }
        },
        "recurly.refunds": { raw in raw["transactions"].values.count { $0["type"] as? String == "refund" } },
        "recurly.subscription_items": { raw in
            raw["subscriptions"].count + raw.elements(of: "subscriptions", at: "add_ons")
        },
        "stripe.plans": { raw in raw["plans"].keys.count { raw["prices"][$0] == nil } },
    ]

    /// Stripe's lists: those of the pages beside the object where there are any, else what the object holds.
    private static func nested(in raw: RawPayloads, _ resource: String, _ member: String, _ pages: String) -> Int {
        raw[resource].reduce(0) { sum, entry in
            let beside = raw[pages].filter { $0.key.hasPrefix(entry.key + "/") }.values
            let hasMore = RawPayloads.value(entry.value, [member, "has_more"]) as? Bool == true
            if hasMore, !beside.isEmpty {
                return sum + beside.reduce(0) { $0 + RawPayloads.list($1, ["data"]).count }
            }
            return sum + RawPayloads.list(entry.value, [member, "data"]).count
        }
    }
}
