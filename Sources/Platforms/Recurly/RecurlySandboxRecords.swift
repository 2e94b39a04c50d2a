import FoundationEssentials

/// What a simulated site's records look like. Whatever is said of a record in another follows from its place, so that
/// both say the same.
///
/// **Source**: the OpenAPI file of version 2021-02-25; no recorded answers are published.
struct RecurlySandboxRecords: Sendable {
    typealias Facts = ListSandbox.Facts
    typealias Members = RecurlySandboxMembers

    let options: SandboxOptions

    var kinds: [ListSandbox.Kind] {
        [
            kind("accounts", usual: 420, Self.account),
            kind("plans", usual: 12, Self.plan),
            kind("items", usual: 8, Self.item), kind("coupons", usual: 10, Self.coupon),
            kind("subscriptions", usual: 380, Self.subscription),
            kind("invoices", usual: 430, Self.invoice),
            kind("line_items", usual: 880, isDeletable: true, Self.lineItem),
            kind("transactions", usual: 450, Self.transaction),
            kind("credit_payments", usual: 60, Self.creditPayment),
        ]
    }

    private func kind(
        _ resource: String, usual: Int, isDeletable: Bool = false,
        _ write: @escaping @Sendable (inout Facts) -> Members
    ) -> ListSandbox.Kind {
        let bytes = options.recordBytes
        return ListSandbox.Kind(
            resource, usual: usual, isDeletable: isDeletable, id: { Self.id(resource, $0) },
            json: { facts in
                var members = write(&facts)
                if resource == "invoices", let bytes {
                    let rest = bytes - members.json.utf8.count
                    members.put("customer_notes", text: String(repeating: "x", count: max(0, rest)))
                }
                return members.json
            })
    }

    // MARK: - Identifiers

    /// Thirteen characters, as Recurly's: the kind's first letter, something random, the place.
    static func id(_ resource: String, _ index: Int) -> String {
        let kind = resource.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
        var random = SeededRandom(seed: kind ^ UInt64(index))
        let place = String(index, radix: 36)
        let middle = String(random.next() % 78_364_164_096, radix: 36)
        return resource.prefix(1) + padded(middle, to: 7) + padded(place, to: 5)
    }

    /// The identifier of a record of another kind; there may be fewer of them.
    static func id(_ resource: String, _ index: Int, in facts: Facts) -> String {
        id(resource, index % max(1, facts.counts[resource] ?? 0))
    }

    static func uuid(_ resource: String, _ index: Int) -> String {
        var random = SeededRandom(seed: UInt64(index) &* 31 &+ UInt64(resource.utf8.count))
        return padded(String(random.next(), radix: 16), to: 16) + padded(String(random.next(), radix: 16), to: 16)
    }

    private static func padded(_ text: String, to length: Int) -> String {
        String(repeating: "0", count: max(0, length - text.utf8.count)) + text
    }

    /// Members that every record begins and ends with.
    static func members(_ object: String, _ resource: String, _ facts: Facts) -> Members {
        var members = Members()
        members.put("id", text: id(resource, facts.index))
        members.put("object", text: object)
        members.put("created_at", facts.createdAt)
        members.put("updated_at", facts.updatedAt)
        return members
    }

    // MARK: - Accounts

    static func code(ofAccount index: Int) -> String {
        switch index % 7 {
        case 1: "user\(index)@example.com"
        case 2: "acme/unit \(index)"
        default: "acct-\(index)"
        }
    }

    static func email(ofAccount index: Int) -> String? { index % 9 == 4 ? nil : "user\(index)@example.com" }

    /// An account as other records hold it.
    static func account(_ index: Int, in facts: Facts) -> Members {
        let index = index % max(1, facts.counts["accounts"] ?? 0)
        var members = Members()
        members.put("id", text: id("accounts", index))
        members.put("object", text: "account")
        members.put("code", text: code(ofAccount: index))
        members.put("email", text: email(ofAccount: index))
        members.put("first_name", text: index % 9 == 4 ? nil : "Verena")
        members.put("last_name", text: index % 9 == 4 ? nil : "Example \(index)")
        members.put("company", text: index % 5 == 0 ? "Company \(index)" : nil)
        return members
    }

    private static func account(_ facts: inout Facts) -> Members {
        let index = facts.index
        var members = members("account", "accounts", facts)
        for name in ["code", "email", "first_name", "last_name", "company"] {
            members[name] = account(index, in: facts)[name]
        }
        let isClosed = index % 13 == 6
        members.put("state", text: isClosed ? "inactive" : "active")
        // One that was opened again keeps the time at which it was closed.
        members.put("deleted_at", isClosed || index % 13 == 5 ? facts.createdAt + 3600 : nil)
        members.put("hosted_login_token", text: "tok" + uuid("login", index).prefix(20))
        members.put("preferred_locale", text: index % 3 == 0 ? "fr-CA" : nil)
        members.put("bill_to", text: "self")
        members.put("parent_account_id", text: nil)
        members.put("tax_exempt", index % 17 == 3)
        members.put("vat_number", text: nil)
        members.put("has_live_subscription", !isClosed)
        var address = Members()
        address.put("phone", text: index % 4 == 0 ? "555-0100" : nil)
        address.put("street1", text: index % 6 == 5 ? nil : "\(index) Main Street")
        address.put("street2", text: nil)
        address.put("city", text: index % 6 == 5 ? nil : "Montréal")
        address.put("region", text: index % 6 == 5 ? nil : "QC")
        address.put("postal_code", text: index % 6 == 5 ? nil : "H2X 1Y4")
        address.put("country", text: index % 6 == 5 ? nil : "CA")
        members.put("address", address)
        members.put("shipping_addresses", [])
        members["custom_fields"] = index % 8 == 0 ? #"[{"object":"custom_field","name":"tier","value":"gold"}]"# : "[]"
        return members
    }

    // MARK: - Catalogue

    /// What a plan costs for a period, in cents; a currency has its own price.
    static func price(ofPlan index: Int, _ currency: String) -> Int {
        let usual = 900 + index * 1000
        switch currency {
        case "JPY": return usual * 100
        case "EUR": return usual - 50
        default: return usual
        }
    }

    /// The plan of the subscription at a place.
    static func planIndex(ofSubscription index: Int, in facts: Facts) -> Int {
        index % max(1, facts.counts["plans"] ?? 0)
    }

    static func plan(mini index: Int) -> Members {
        var members = Members()
        members.put("id", text: id("plans", index))
        members.put("object", text: "plan")
        members.put("code", text: "plan-\(index)")
        members.put("name", text: "Plan \(index)")
        return members
    }

    static func isRamp(plan index: Int) -> Bool { index % 7 == 5 }

    private static func pricing(_ index: Int, _ currency: String) -> Members {
        var members = Members()
        members.put("currency", text: currency)
        members.put("unit_amount", cents: price(ofPlan: index, currency))
        return members
    }

    private static func plan(_ facts: inout Facts) -> Members {
        let index = facts.index
        var members = members("plan", "plans", facts)
        members.put("code", text: "plan-\(index)")
        members.put("name", text: "Plan \(index)")
        let isGone = index % 11 == 7
        members.put("state", text: isGone ? "inactive" : "active")
        members.put("deleted_at", isGone ? facts.updatedAt : nil)
        members.put("interval_unit", text: index % 6 == 1 ? "days" : "months")
        members.put("interval_length", index % 6 == 1 ? 28 : [1, 12, 3][index % 3])
        members.put("trial_unit", text: index % 4 == 2 ? "months" : "days")
        members.put("trial_length", index % 4 == 2 ? 1 : index % 2 == 0 ? 14 : 0)
        members.put("total_billing_cycles", index % 5 == 4 ? 12 : nil)
        members.put("auto_renew", index % 5 != 4)
        members.put("tax_exempt", false)
        members.put("pricing_model", text: isRamp(plan: index) ? "ramp" : "fixed")
        let pricings = ["USD", "EUR", "JPY"].map { pricing(index, $0) }
        if isRamp(plan: index) {
            var first = Members()
            first.put("starting_billing_cycle", 1)
            first.put("currencies", pricings)
            var second = Members()
            second.put("starting_billing_cycle", 4)
            second.put("currencies", pricings)
            members.put("currencies", [])
            members.put("ramp_intervals", [first, second])
        } else {
            var all = pricings
            if index % 5 == 3 {
                var segment = pricing(index + 3, "USD")
                segment.put("price_segment_id", text: "seg\(index)")
                all.append(segment)
            }
            // Where the old member is gone the fee stands in a list of its own.
            if index % 2 == 0 { all[0].put("setup_fee", cents: 500) }
            members.put("currencies", all)
            var fee = Members()
            fee.put("currency", text: "USD")
            fee.put("unit_amount", cents: 500)
            members.put("setup_fees", index % 2 == 1 ? [fee] : [])
        }
        return members
    }

    private static func item(_ facts: inout Facts) -> Members {
        var members = members("item", "items", facts)
        members.put("code", text: "item-\(facts.index)")
        members.put("name", text: "Item \(facts.index)")
        members.put("state", text: facts.index % 6 == 5 ? "inactive" : "active")
        members.put("currencies", [pricing(facts.index, "USD")])
        return members
    }

    private static func coupon(_ facts: inout Facts) -> Members {
        var members = members("coupon", "coupons", facts)
        members.put("code", text: "SAVE\(facts.index)")
        members.put("name", text: "Save \(facts.index)")
        members.put("state", text: ["redeemable", "expired", "maxed_out"][facts.index % 3])
        members["discount"] = #"{"type":"percent","percent":10}"#
        return members
    }
}
