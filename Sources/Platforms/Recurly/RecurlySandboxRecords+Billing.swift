import FoundationEssentials

/// Subscriptions, and what is asked and paid for them.
extension RecurlySandboxRecords {
    /// One in nine pays in a currency that its plan has no price in any more.
    static func currency(ofSubscription index: Int) -> String {
        index % 9 == 8 ? "GBP" : ["USD", "USD", "EUR", "USD", "JPY"][index % 5]
    }

    static func subscription(_ facts: inout Facts) -> Members {
        let index = facts.index
        var members = members("subscription", "subscriptions", facts)
        let plan = planIndex(ofSubscription: index, in: facts)
        let (day, now) = (86_400.0, facts.updatedAt)
        members.put("uuid", text: uuid("subscription", index))
        members.put("account", account(index * 7, in: facts))
        members.put("plan", self.plan(mini: plan))
        let currency = currency(ofSubscription: index)
        members.put("currency", text: currency)
        members.put("unit_amount", cents: price(ofPlan: plan, currency))
        members.put("quantity", index % 10 == 3 ? 5 : 1)
        members.put("add_ons", addOns(of: index, facts))
        members.put("collection_method", text: index % 8 == 1 ? "manual" : "automatic")
        members.put("auto_renew", true)
        members.put("activated_at", facts.createdAt)
        members.put("current_period_started_at", now - 5 * day)
        members.put("current_period_ends_at", now + 25 * day)
        members.put("trial_started_at", nil as Date?)
        members.put("trial_ends_at", nil as Date?)
        members.put("canceled_at", nil as Date?)
        members.put("expires_at", nil as Date?)
        members.put("converted_at", nil as Date?)
        members.put("pending_change", nil as Members?)
        members.put("total_billing_cycles", index % 4 == 3 ? 12 : nil)
        members.put("remaining_billing_cycles", index % 4 == 3 ? 4 : nil)
        members.put("active_invoice_id", text: id("invoices", index, in: facts))
        setState(of: &members, facts, day: day)
        return members
    }

    private static func setState(of members: inout Members, _ facts: Facts, day: Double) {
        let now = facts.updatedAt
        var state = "active"
        switch (facts.index + facts.revision) % 20 {
        case 10:
            members.put("trial_started_at", now - 5 * day)
            members.put("trial_ends_at", now + 3650 * day)
        case 11, 12:
            state = "canceled"
            members.put("canceled_at", now)
            members.put("expires_at", now + 25 * day)
        case 13:
            // The job that ends it has not run yet.
            state = "canceled"
            members.put("canceled_at", now - 30 * day)
            members.put("current_period_ends_at", now - 1 * day)
            members.put("expires_at", now - 1 * day)
        case 14, 15:
            state = "expired"
            members.put("expires_at", now)
            members.put("expiration_reason", text: "canceled")
        case 16:
            state = "future"
            members.put("activated_at", nil as Date?)
            members.put("current_period_started_at", nil as Date?)
            members.put("current_period_ends_at", nil as Date?)
        case 17:
            state = "paused"
            members.put("paused_at", now)
            members.put("remaining_pause_cycles", 2)
            members.put("resume_at", now + 60 * day)
        case 18: state = "failed"
        case 19:
            var change = Members()
            change.put("object", text: "subscription_change")
            change.put("plan", plan(mini: planIndex(ofSubscription: facts.index + 1, in: facts)))
            change.put("activate_at", now + 25 * day)
            members.put("pending_change", change)
            members.put("total_billing_cycles", nil as Int?)
            members.put("remaining_billing_cycles", 0)
        default: break
        }
        members.put("state", text: state)
    }

    private static func addOns(of index: Int, _ facts: Facts) -> [Members] {
        (0..<(index % 12 == 0 ? 3 : index % 4 == 0 ? 1 : 0)).map { place in
            var addOn = Members()
            addOn.put("id", text: id("add_ons", index * 4 + place))
            addOn.put("object", text: "subscription_add_on")
            addOn.put("subscription_id", text: id("subscriptions", index))
            addOn.put("quantity", place == 0 ? 10 : 1)
            addOn.put("tier_type", text: place == 2 ? "tiered" : "flat")
            // A price with more than two decimals leaves the usual member empty.
            addOn.put("unit_amount", cents: place == 0 ? 250 : nil)
            addOn.put("unit_amount_decimal", text: place == 1 ? "0.000150000" : nil)
            addOn["tiers"] = place == 2 ? #"[{"ending_quantity":10,"unit_amount":1.0},{"unit_amount":0.5}]"# : "[]"
            var mini = Members()
            mini.put("id", text: id("plan_add_ons", place))
            mini.put("object", text: "add_on")
            mini.put("code", text: "seats-\(place)")
            mini.put("add_on_type", text: place == 2 ? "usage" : "fixed")
            mini.put("item_id", text: place == 1 ? id("items", index, in: facts) : nil)
            addOn.put("add_on", mini)
            return addOn
        }
    }

    // MARK: - Invoices

    private static func isCredit(invoice index: Int) -> Bool { index % 10 == 7 }

    /// A line's sum in cents: two lines make an invoice. The second may be a credit.
    private static func subtotal(line index: Int) -> Int {
        let amount = 500 + (index * 37) % 4500
        return isCredit(invoice: index / 2) || index % 20 == 7 ? -amount : amount
    }

    private static func amounts(invoice index: Int) -> (subtotal: Int, discount: Int, tax: Int, total: Int) {
        let subtotal = subtotal(line: index * 2) + subtotal(line: index * 2 + 1)
        let discount = index % 6 == 0 && subtotal > 0 ? subtotal / 10 : 0
        let tax = index % 3 == 0 ? (subtotal - discount) / 5 : 0
        return (subtotal, discount, tax, subtotal - discount + tax)
    }

    private static func invoice(mini index: Int) -> Members {
        var members = Members()
        members.put("id", text: id("invoices", index))
        members.put("object", text: "invoice")
        members.put("number", text: index % 5 == 0 ? "US-\(1000 + index)" : "\(1000 + index)")
        members.put("type", text: isCredit(invoice: index) ? "credit" : index % 50 == 49 ? "legacy" : "charge")
        return members
    }

    static func invoice(_ facts: inout Facts) -> Members {
        let index = facts.index
        let isCredit = isCredit(invoice: index)
        var members = members("invoice", "invoices", facts)
        for name in ["number", "type"] { members[name] = invoice(mini: index)[name] }
        let subscription = index % max(1, facts.counts["subscriptions"] ?? 0)
        members.put("uuid", text: uuid("invoice", index))
        members.put("account", account(subscription * 7, in: facts))
        members["subscription_ids"] = index % 15 == 14 ? "[]" : "[\"\(id("subscriptions", subscription))\"]"
        members.put(
            "origin", text: isCredit ? "line_item_refund" : ["purchase", "renewal", "immediate_change"][index % 3])
        let states = ["paid", "paid", "paid", "open", "past_due", "processing", "failed", "voided", "pending"]
        let state = isCredit ? "closed" : states[(index + facts.revision) % states.count]
        members.put("state", text: state)
        members.put("collection_method", text: "automatic")
        members.put("currency", text: currency(ofSubscription: subscription))
        let sums = amounts(invoice: index)
        let isPaid = state == "paid"
        members.put("subtotal", cents: sums.subtotal)
        members.put("discount", cents: sums.discount)
        members.put("tax", cents: sums.tax)
        members.put("total", cents: sums.total)
        members.put("paid", cents: isPaid ? sums.total : 0)
        members.put("balance", cents: isPaid || state == "voided" || index % 20 == 7 ? 0 : sums.total)
        members.put("refundable_amount", cents: isCredit ? nil : isPaid ? sums.total : 0)
        members.put("due_at", isCredit ? nil : facts.createdAt)
        members.put("closed_at", isPaid || state == "failed" || isCredit ? facts.updatedAt : nil)
        members.put("previous_invoice_id", text: isCredit ? id("invoices", max(0, index - 1)) : nil)
        let isCut = index % 40 == 3
        let lines = (isCut ? [index * 2] : [index * 2, index * 2 + 1]).map { line in
            var members = Members()
            members.put("id", text: id("line_items", line))
            members.put("object", text: "line_item")
            return members
        }
        members.put("line_items", lines)
        members.put("has_more_line_items", isCut)
        members.put("transactions", [])
        members.put("credit_payments", [])
        return members
    }

    // MARK: - Lines

    static func lineItem(_ facts: inout Facts) -> Members {
        let index = facts.index
        // Those behind the last invoice wait for the next one.
        let isPending = index / 2 >= facts.counts["invoices"] ?? 0
        let subscription = index / 2 % max(1, facts.counts["subscriptions"] ?? 0)
        var members = members("line_item", "line_items", facts)
        members.put("uuid", text: uuid("line", index))
        members.put("state", text: isPending ? "pending" : "invoiced")
        let subtotal = subtotal(line: index)
        members.put("type", text: subtotal < 0 ? "credit" : "charge")
        members.put("origin", text: subtotal < 0 ? "credit" : ["plan", "add_on", "setup_fee", "one_time"][index % 4])
        members.put("account", account(subscription * 7, in: facts))
        members.put("subscription_id", text: index % 4 == 3 ? nil : id("subscriptions", subscription))
        members.put("plan_id", text: id("plans", planIndex(ofSubscription: subscription, in: facts)))
        members.put("item_id", text: index % 4 == 3 ? id("items", index, in: facts) : nil)
        members.put("invoice_id", text: isPending ? nil : id("invoices", index / 2))
        members.put("invoice_number", text: nil)
        members.put("description", text: "Line \(index)")
        members.put("currency", text: currency(ofSubscription: subscription))
        // The whole number is the rounded one where the decimal is there.
        let isDecimal = index % 25 == 11
        members.put("quantity", 1)
        members.put("quantity_decimal", text: isDecimal ? "1.5" : nil)
        members.put("unit_amount", cents: isDecimal ? nil : subtotal)
        members.put("unit_amount_decimal", text: isDecimal ? "0.000150000" : nil)
        members.put("subtotal", cents: subtotal)
        members.put("discount", cents: 0)
        members.put("tax", cents: 0)
        members.put("amount", cents: subtotal)
        members["proration_rate"] = index % 16 == 5 ? "0.5" : nil
        members.put("start_date", facts.createdAt)
        members.put("end_date", index % 4 == 2 ? nil : facts.createdAt + 30 * 86_400)
        return members
    }

    // MARK: - Payments

    static func transaction(_ facts: inout Facts) -> Members {
        let index = facts.index
        let invoice = index % max(1, facts.counts["invoices"] ?? 0)
        let subscription = invoice % max(1, facts.counts["subscriptions"] ?? 0)
        var type = "purchase"
        if index % 11 == 4 { type = "refund" }
        if index % 13 == 5 { type = "verify" }
        if index % 17 == 6 { type = "authorization" }
        if index % 17 == 7 { type = "capture" }
        let states = ["success", "success", "success", "declined", "pending", "success", "void", "error", "chargeback"]
        let isRefund = type == "refund"
        let status = isRefund ? ["success", "pending"][index % 2] : states[(index + facts.revision) % states.count]
        var members = members("transaction", "transactions", facts)
        members.put("uuid", text: uuid("transaction", index))
        members.put("type", text: type)
        members.put("origin", text: isRefund && index % 3 == 0 ? "refunded_externally" : "api")
        members.put("status", text: status)
        members.put("success", status == "success")
        members.put("amount", cents: type == "verify" ? 0 : abs(amounts(invoice: invoice).total))
        members.put("currency", text: currency(ofSubscription: subscription))
        members.put("refunded", type == "purchase" && index % 11 == 3)
        members.put("original_transaction_id", text: isRefund ? id("transactions", max(0, index - 1)) : nil)
        members.put("account", account(subscription * 7, in: facts))
        members.put("invoice", type == "verify" ? nil : self.invoice(mini: invoice))
        members["payment_method"] =
            #"{"object":"credit_card","card_type":"Visa","first_six":"411111","last_four":"1111","#
            + #""gateway_token":"\#(uuid("gateway", index))"}"#
        if index % 6 == 2 { members["payment_method"] = #"{"object":"paypal_billing_agreement"}"# }
        members["payment_gateway"] = #"{"id":"gw1","object":"payment_gateway","type":"test","name":"Test Gateway"}"#
        members.put("collected_at", facts.createdAt)
        let isRefused = status == "declined"
        members.put("status_code", text: isRefused ? "insufficient_funds" : nil)
        members.put("status_message", text: isRefused ? "The card has insufficient funds." : nil)
        return members
    }

    static func creditPayment(_ facts: inout Facts) -> Members {
        let index = facts.index
        var members = members("credit_payment", "credit_payments", facts)
        members.put("uuid", text: uuid("credit", index))
        members.put("action", text: ["payment", "reduction", "refund", "write_off"][index % 4])
        members.put("account", account(index * 7, in: facts))
        members.put("applied_to_invoice", invoice(mini: index % max(1, facts.counts["invoices"] ?? 0)))
        members.put("currency", text: "USD")
        members.put("amount", cents: 500 + index)
        members.put("voided_at", nil as Date?)
        return members
    }
}
