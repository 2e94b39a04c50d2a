/// The wire format of each kind of object.
extension StripeSandboxRecords {
    /// How an object is to be shown.
    struct Sight {
        var created: Int
        var revision: Int
        /// In the shape of interface versions before 2025-03-31.
        var isLegacy = false
        var hidesSecrets = false
    }

    func write(_ kind: Kind, _ index: Int, _ sight: Sight, to w: inout StripeSandboxWriter) {
        let start = w.bytes.count
        let defect = defect(kind, index)
        w.raw("{\"id\":")
        if defect == .noID { w.raw("null") } else { w.quoted(id(kind, index)) }
        w.raw(",\"object\":\"")
        w.plain(kind.object)
        w.raw("\",\"created\":")
        switch defect {
        case .noCreated: w.raw("null")
        case .createdIsText: w.quoted("yesterday")
        default: w.int(sight.created)
        }
        w.raw(",\"livemode\":")
        w.bool(livemode)
        switch kind {
        case .customer: writeCustomer(index, sight, defect, to: &w)
        case .product: writeProduct(index, sight, defect, to: &w)
        case .price: writePrice(index, sight, defect, to: &w)
        case .plan: writePlan(index, sight, defect, to: &w)
        case .subscription: writeSubscription(index, sight, defect, to: &w)
        case .invoice: writeInvoice(index, sight, defect, to: &w)
        case .charge: writeCharge(index, sight, defect, to: &w)
        case .paymentIntent: writePaymentIntent(index, sight, defect, to: &w)
        case .refund: writeRefund(index, sight, defect, to: &w)
        case .balanceTransaction: writeBalanceTransaction(index, sight, defect, to: &w)
        }
        w.raw(",\"metadata\":{\"sales channel\":\"web\",\"revision\":\"")
        w.int(sight.revision)
        w.raw("\"")
        // As much as where the secret is shown: what is left of the two must be equal.
        let hidden = sight.hidesSecrets && kind == .paymentIntent ? clientSecret(index).utf8.count : 0
        let missing = (recordBytes ?? 0) - (w.bytes.count - start) - 14 - hidden
        if missing > 0 {
            w.raw(",\"padding\":\"")
            w.bytes.append(contentsOf: repeatElement(UInt8(ascii: "x"), count: missing))
            w.raw("\"")
        }
        w.raw("}}")
    }

    // MARK: - Parts

    private func money(
        _ name: StaticString, _ amount: Int, _ defect: Defect?, to w: inout StripeSandboxWriter
    ) {
        w.raw(",\"")
        w.raw(name)
        w.raw("\":")
        switch defect {
        case .amountIsText: w.raw("\"12,50\"")
        case .amountIsHuge: w.raw("99999999999999999999999999999999999999999")
        default: w.int(amount)
        }
    }

    private func currency(_ code: String, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        w.raw(",\"currency\":")
        switch defect {
        case .noCurrency: w.raw("null")
        case .unknownCurrency: w.raw("\"zzq\"")
        default: w.quoted(code)
        }
    }

    private func status(_ word: String, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        w.raw(",\"status\":")
        w.quoted(defect == .unknownStatus ? "superposed" : word)
    }

    private func text(
        _ name: StaticString, _ value: String, _ defect: Defect?, to w: inout StripeSandboxWriter
    ) {
        w.raw(",\"")
        w.raw(name)
        w.raw("\":")
        switch defect {
        case .nulInText: w.raw("\"be\\u0000fore\"")
        case .loneSurrogate: w.raw("\"half \\ud83d\"")
        case .emptyText: w.raw("\"\"")
        default: w.quoted(value)
        }
    }

    private func reference(
        _ name: StaticString, _ kind: Kind, _ index: Int, to w: inout StripeSandboxWriter
    ) {
        w.raw(",\"")
        w.raw(name)
        w.raw("\":")
        if count(kind) > 0 { w.quoted(id(kind, index % count(kind))) } else { w.raw("null") }
    }

    // MARK: - Objects

    private func writeCustomer(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        let isBare = index % 9 == 4
        w.raw(",\"address\":")
        if isBare {
            w.raw("null")
        } else {
            w.raw("{\"city\":\"Köln\",\"country\":\"DE\",\"line1\":\"Domkloster 4\",\"line2\":null")
            w.raw(",\"postal_code\":\"50667\",\"state\":\"NW\"}")
        }
        w.raw(",\"balance\":")
        w.int(index % 7 == 0 ? -500 : 0)
        if isBare, defect == nil {
            w.raw(",\"currency\":null")
        } else {
            currency(currency(.customer, index), defect, to: &w)
        }
        w.raw(",\"customer_account\":null,\"default_source\":null,\"delinquent\":")
        w.bool(index % 31 == 0)
        w.raw(",\"description\":null,\"discount\":null,\"email\":")
        if isBare { w.raw("null") } else { w.plain("\"buyer\(index)+\(sight.revision)@example.com\"") }
        w.raw(",\"invoice_prefix\":\"KNM3Y4VZ\",\"invoice_settings\":{\"custom_fields\":null")
        w.raw(",\"default_payment_method\":null,\"footer\":null,\"rendering_options\":null}")
        text("name", Self.names[index % Self.names.count], defect, to: &w)
        w.raw(",\"next_invoice_sequence\":1,\"phone\":")
        w.quotedOrNull(isBare ? nil : "+4922117940555")
        w.raw(",\"preferred_locales\":[\"de-DE\"],\"shipping\":null,\"tax_exempt\":\"none\",\"test_clock\":null")
    }

    private func writeProduct(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        w.raw(",\"active\":")
        w.bool(sight.revision % 2 == 0 && index % 8 != 7)
        reference("default_price", .price, index, to: &w)
        text("description", "Coffee of the month ☕", defect, to: &w)
        w.raw(",\"images\":[\"https://images.example/p.png\"],\"marketing_features\":[],\"name\":\"Plan ")
        w.int(index)
        w.raw("\",\"package_dimensions\":null,\"shippable\":null,\"statement_descriptor\":null,\"tax_code\":null")
        w.raw(",\"type\":\"service\",\"unit_label\":null,\"updated\":")
        w.int(sight.created + sight.revision)
        w.raw(",\"url\":null")
    }

    /// A price's amount: every sixteenth is a fraction of the smallest unit and has no whole number.
    private func unitAmount(
        _ index: Int, _ defect: Defect?, amount: StaticString, decimal: StaticString,
        to w: inout StripeSandboxWriter
    ) {
        if index % 16 == 6, defect == nil {
            w.raw(",\"")
            w.raw(amount)
            w.raw("\":null,\"")
            w.raw(decimal)
            w.raw("\":\"0.000150000000\"")
        } else {
            money(amount, self.amount(.price, index), defect, to: &w)
            w.raw(",\"")
            w.raw(decimal)
            w.raw("\":\"")
            w.int(self.amount(.price, index))
            w.raw("\"")
        }
    }

    private func writePrice(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        w.raw(",\"active\":")
        w.bool(sight.revision % 2 == 0)
        w.raw(",\"billing_scheme\":\"per_unit\"")
        currency(currency(.price, index), defect, to: &w)
        w.raw(",\"custom_unit_amount\":null,\"lookup_key\":null")
        text("nickname", "monthly", defect, to: &w)
        reference("product", .product, index, to: &w)
        w.raw(",\"recurring\":")
        if index % 4 == 3 {
            w.raw("null")
        } else {
            w.raw("{\"interval\":\"")
            w.raw(index % 5 == 0 ? "year" : "month")
            w.raw("\",\"interval_count\":")
            w.int(index % 7 == 2 ? 3 : 1)
            w.raw(",\"meter\":null,\"trial_period_days\":null,\"usage_type\":\"licensed\"}")
        }
        w.raw(",\"tax_behavior\":\"unspecified\",\"tiers_mode\":null,\"transform_quantity\":null,\"type\":\"")
        w.raw(index % 4 == 3 ? "one_time\"" : "recurring\"")
        unitAmount(index, defect, amount: "unit_amount", decimal: "unit_amount_decimal", to: &w)
    }

    private func writePlan(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        let price = index + index / 3
        w.raw(",\"active\":")
        w.bool(sight.revision % 2 == 0)
        unitAmount(price, defect, amount: "amount", decimal: "amount_decimal", to: &w)
        w.raw(",\"billing_scheme\":\"per_unit\"")
        currency(currency(.price, price), defect, to: &w)
        w.raw(",\"interval\":\"")
        w.raw(price % 5 == 0 ? "year" : "month")
        w.raw("\",\"interval_count\":")
        w.int(price % 7 == 2 ? 3 : 1)
        w.raw(",\"meter\":null")
        text("nickname", "monthly", defect, to: &w)
        reference("product", .product, price, to: &w)
        w.raw(",\"tiers_mode\":null,\"transform_usage\":null,\"trial_period_days\":14,\"usage_type\":\"licensed\"")
    }

    private func writeSubscription(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        let word = subscriptionStatus(index, revision: sight.revision)
        let isCanceled = word == "canceled"
        w.raw(",\"application\":null,\"automatic_tax\":{\"disabled_reason\":null,\"enabled\":false")
        w.raw(",\"liability\":null},\"billing_cycle_anchor\":")
        w.int(sight.created)
        w.raw(",\"cancel_at\":null,\"cancel_at_period_end\":")
        w.bool(index % 13 == 6)
        w.raw(",\"canceled_at\":")
        w.intOrNull(isCanceled ? sight.created + 86_400 : nil)
        w.raw(",\"cancellation_details\":{\"comment\":null,\"feedback\":null,\"reason\":")
        w.quotedOrNull(isCanceled ? "cancellation_requested" : nil)
        w.raw("},\"collection_method\":\"charge_automatically\"")
        currency(currency(.price, index % max(1, count(.price))), defect, to: &w)
        if sight.isLegacy {
            w.raw(",\"current_period_end\":")
            w.int(sight.created + 2_592_000)
            w.raw(",\"current_period_start\":")
            w.int(sight.created)
            w.raw(",\"discount\":null")
        } else {
            w.raw(",\"discounts\":[]")
        }
        reference("customer", .customer, index, to: &w)
        w.raw(",\"days_until_due\":null,\"default_payment_method\":null,\"description\":null,\"ended_at\":")
        w.intOrNull(isCanceled ? sight.created + 172_800 : nil)
        w.raw(",\"items\":")
        if defect == .listIsNull {
            w.raw("null")
        } else {
            writeRows(.subscription, index, sight, from: 0, limit: 10, to: &w)
        }
        reference("latest_invoice", .invoice, index, to: &w)
        w.raw(",\"pause_collection\":")
        if index % 17 == 9 { w.raw("{\"behavior\":\"void\",\"resumes_at\":null}") } else { w.raw("null") }
        w.raw(",\"schedule\":null,\"start_date\":")
        w.int(sight.created)
        status(word, defect, to: &w)
        w.raw(",\"trial_end\":null,\"trial_start\":null")
    }

    private func writeInvoice(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        let isDraft = isDraft(index)
        let total = isDraft ? 0 : amount(.invoice, index)
        let isPaid = !isDraft && (sight.revision > 0 || index % 3 != 1)
        money("amount_due", total, defect, to: &w)
        money("amount_paid", isPaid ? total : 0, defect, to: &w)
        money("amount_remaining", isPaid ? 0 : total, defect, to: &w)
        w.raw(",\"attempt_count\":")
        w.int(isDraft ? 0 : 1)
        w.raw(",\"attempted\":true,\"billing_reason\":\"")
        w.raw(isDraft ? "manual\"" : index % 2 == 0 ? "subscription_cycle\"" : "subscription_create\"")
        w.raw(",\"collection_method\":\"charge_automatically\"")
        currency(currency(.invoice, index), defect, to: &w)
        reference("customer", .customer, index, to: &w)
        text("customer_name", Self.names[index % Self.names.count], defect, to: &w)
        w.raw(",\"customer_email\":null,\"due_date\":null,\"lines\":")
        if defect == .listIsNull {
            w.raw("null")
        } else {
            writeRows(.invoice, index, sight, from: 0, limit: 10, to: &w)
        }
        w.raw(",\"next_payment_attempt\":null,\"number\":")
        if isDraft { w.raw("null") } else { w.plain("\"KNM3Y4VZ-\(index)\"") }
        if sight.isLegacy {
            reference("subscription", .subscription, index, to: &w)
            reference("charge", .charge, index, to: &w)
            w.raw(",\"paid\":")
            w.bool(isPaid)
            w.raw(",\"tax\":null,\"total_tax_amounts\":[]")
        } else {
            w.raw(",\"parent\":{\"quote_details\":null,\"subscription_details\":{\"metadata\":{}")
            reference("subscription", .subscription, index, to: &w)
            w.raw("},\"type\":\"subscription_details\"},\"total_taxes\":[{\"amount\":")
            w.int(total / 10)
            w.raw(",\"tax_behavior\":\"inclusive\",\"taxable_amount\":null,\"type\":\"tax_rate_details\"}]")
        }
        w.raw(",\"period_end\":")
        w.int(sight.created)
        w.raw(",\"period_start\":")
        w.int(sight.created - 2_592_000)
        status(isDraft ? "draft" : isPaid ? "paid" : "open", defect, to: &w)
        w.raw(",\"status_transitions\":{\"finalized_at\":")
        w.intOrNull(isDraft ? nil : sight.created + 3_600)
        w.raw(",\"marked_uncollectible_at\":null,\"paid_at\":")
        w.intOrNull(isPaid ? sight.created + 3_600 : nil)
        w.raw(",\"voided_at\":null}")
        money("subtotal", total, defect, to: &w)
        money("total", total, defect, to: &w)
        w.raw(",\"total_discount_amounts\":[],\"webhooks_delivered_at\":")
        w.int(sight.created)
    }

    private func writeCharge(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        let isFailed = index % 14 == 11
        let value = amount(.charge, index)
        money("amount", value, defect, to: &w)
        money("amount_captured", isFailed ? 0 : value, defect, to: &w)
        money("amount_refunded", sight.revision > 0 ? value / 2 : 0, defect, to: &w)
        if isFailed {
            w.raw(",\"balance_transaction\":null")
        } else {
            reference("balance_transaction", .balanceTransaction, index, to: &w)
        }
        w.raw(",\"billing_details\":{\"address\":{\"city\":null,\"country\":\"DE\",\"line1\":null,\"line2\":null")
        w.raw(",\"postal_code\":\"50667\",\"state\":null},\"email\":null,\"phone\":null,\"tax_id\":null")
        text("name", Self.names[index % Self.names.count], defect, to: &w)
        w.raw("},\"captured\":")
        w.bool(!isFailed)
        currency(currency(.charge, index), defect, to: &w)
        if index % 6 == 2 { w.raw(",\"customer\":null") } else { reference("customer", .customer, index, to: &w) }
        w.raw(",\"description\":\"Order\",\"disputed\":false,\"failure_code\":")
        w.quotedOrNull(isFailed ? "card_declined" : nil)
        w.raw(",\"failure_message\":")
        w.quotedOrNull(isFailed ? "Your card was declined." : nil)
        if sight.isLegacy { reference("invoice", .invoice, index, to: &w) }
        w.raw(",\"paid\":")
        w.bool(!isFailed)
        if index % 10 == 0 {
            w.raw(",\"payment_intent\":null")
        } else {
            reference("payment_intent", .paymentIntent, index, to: &w)
        }
        w.raw(",\"payment_method\":\"pm_1TbSoaEZpD6kXraeiNPSsDV1\"")
        w.raw(",\"payment_method_details\":{\"card\":{\"brand\":\"visa\",\"checks\":{\"cvc_check\":\"pass\"}")
        w.raw(",\"country\":\"US\",\"exp_month\":8,\"exp_year\":2030,\"funding\":\"credit\",\"last4\":\"4242\"")
        w.raw(",\"network\":\"visa\",\"wallet\":null},\"type\":\"card\"},\"receipt_email\":null")
        w.raw(",\"refunded\":false,\"review\":null,\"shipping\":null")
        status(isFailed ? "failed" : "succeeded", defect, to: &w)
    }

    private func clientSecret(_ index: Int) -> String {
        ",\"client_secret\":\"\(id(.paymentIntent, index))_secret_\(code(UInt64(index), 5))\""
    }

    private func writePaymentIntent(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        let hasCharge = index < count(.charge) && index % 10 != 0
        let value = amount(.charge, index)
        money("amount", value, defect, to: &w)
        w.raw(",\"amount_capturable\":0")
        money("amount_received", hasCharge ? value : 0, defect, to: &w)
        w.raw(",\"automatic_payment_methods\":{\"enabled\":true},\"canceled_at\":null,\"cancellation_reason\":null")
        w.raw(",\"capture_method\":\"automatic\"")
        if !sight.hidesSecrets { w.plain(clientSecret(index)) }
        w.raw(",\"confirmation_method\":\"automatic\"")
        currency(currency(.charge, index), defect, to: &w)
        reference("customer", .customer, index, to: &w)
        w.raw(",\"description\":null,\"last_payment_error\":null,\"latest_charge\":")
        w.quotedOrNull(hasCharge ? id(.charge, index) : nil)
        w.raw(",\"next_action\":null,\"payment_method\":null,\"payment_method_types\":[\"card\",\"link\"]")
        w.raw(",\"processing\":null")
        status(
            hasCharge
                ? (index % 14 == 11 ? "requires_payment_method" : "succeeded")
                : sight.revision > 0 ? "canceled" : "requires_payment_method", defect, to: &w)
    }

    private func writeRefund(_ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter) {
        let charge = index &* 7 % max(1, count(.charge))
        money("amount", max(10, amount(.charge, charge) / 20 * 10), defect, to: &w)
        if index % 11 == 5 {
            w.raw(",\"balance_transaction\":null")
        } else {
            reference("balance_transaction", .balanceTransaction, count(.charge) + index, to: &w)
        }
        if index % 19 == 8 { w.raw(",\"charge\":null") } else { reference("charge", .charge, charge, to: &w) }
        currency(currency(.charge, charge), defect, to: &w)
        w.raw(",\"destination_details\":{\"card\":{\"type\":\"refund\"},\"type\":\"card\"},\"failure_reason\":")
        w.quotedOrNull(sight.revision % 2 == 1 ? "lost_or_stolen_card" : nil)
        reference("payment_intent", .paymentIntent, charge, to: &w)
        w.raw(",\"reason\":")
        w.quotedOrNull(index % 3 == 0 ? "requested_by_customer" : index % 3 == 1 ? "duplicate" : nil)
        w.raw(",\"receipt_number\":null,\"source_transfer_reversal\":null")
        status(sight.revision % 2 == 1 ? "failed" : index % 8 == 3 ? "pending" : "succeeded", defect, to: &w)
    }

    private func writeBalanceTransaction(
        _ index: Int, _ sight: Sight, _ defect: Defect?, to w: inout StripeSandboxWriter
    ) {
        let isCharge = index < count(.charge)
        let value = isCharge ? amount(.charge, index) : -amount(.refund, index)
        let fee = isCharge ? value / 40 : 0
        money("amount", value, defect, to: &w)
        w.raw(",\"available_on\":")
        w.int(sight.created + 172_800)
        // Settled in another currency now and then: the charge is in euros, the ledger in dollars.
        let own = currency(.charge, isCharge ? index : 0)
        currency(own == "eur" ? "usd" : own, defect, to: &w)
        w.raw(",\"balance_type\":\"payments\",\"description\":null,\"exchange_rate\":")
        if own == "eur" { w.raw("1.08412") } else { w.raw("null") }
        money("fee", fee, defect, to: &w)
        w.raw(",\"fee_details\":[{\"amount\":")
        w.int(fee)
        w.raw(",\"application\":null,\"currency\":\"usd\",\"description\":\"Stripe processing fees\"")
        w.raw(",\"type\":\"stripe_fee\"}]")
        money("net", value - fee, defect, to: &w)
        w.raw(",\"reporting_category\":\"")
        w.raw(isCharge ? "charge\"" : index % 9 == 0 ? "other_adjustment\"" : "refund\"")
        w.raw(",\"source\":")
        if isCharge {
            w.quoted(id(.charge, index))
        } else if index % 9 == 0 {
            w.raw("null")
        } else {
            w.quoted(id(.refund, (index - count(.charge)) % max(1, count(.refund))))
        }
        status(isPending(index, sight) ? "pending" : "available", defect, to: &w)
        w.raw(",\"type\":\"")
        w.raw(isCharge ? "charge\"" : index % 9 == 0 ? "adjustment\"" : "refund\"")
    }

    /// Each transaction is pending until a change makes it available; those that were old already at the start
    /// never were.
    func isPending(_ index: Int, _ sight: Sight) -> Bool {
        sight.revision == 0 && index >= count(.balanceTransaction) - count(.balanceTransaction) / 100 - 5
    }

    // MARK: - Lists inside objects

    func rowID(_ kind: Kind, _ index: Int, _ row: Int) -> String {
        (kind == .invoice ? "il_1Tb" : "si_Uae") + code(UInt64(index) << 12 | UInt64(row), kind == .invoice ? 101 : 102)
    }

    func row(_ kind: Kind, _ index: Int, of id: String) -> Int? {
        let prefix = kind == .invoice ? "il_1Tb" : "si_Uae"
        guard id.hasPrefix(prefix), let number = number(id.dropFirst(6), kind == .invoice ? 101 : 102),
            number >> 12 == UInt64(index)
        else { return nil }
        return Int(number & 0xfff)
    }

    func writeRows(
        _ kind: Kind, _ index: Int, _ sight: Sight, from: Int, limit: Int, to w: inout StripeSandboxWriter
    ) {
        let count = rowCount(kind, index, revision: sight.revision)
        let end = min(count, from + limit)
        w.raw("{\"object\":\"list\",\"data\":[")
        for row in from..<max(from, end) {
            if row > from { w.raw(",") }
            if kind == .invoice { writeLine(index, row, sight, to: &w) } else { writeItem(index, row, sight, to: &w) }
        }
        w.raw("],\"has_more\":")
        w.bool(end < count)
        w.raw(",\"total_count\":")
        w.int(count)
        w.raw(",\"url\":\"")
        if kind == .invoice {
            w.plain("/v1/invoices/\(id(kind, index))/lines\"}")
        } else {
            w.plain("/v1/subscription_items?subscription=\(id(kind, index))\"}")
        }
    }

    private func writeLine(_ index: Int, _ row: Int, _ sight: Sight, to w: inout StripeSandboxWriter) {
        w.raw("{\"id\":")
        w.quoted(rowID(.invoice, index, row))
        w.raw(",\"object\":\"line_item\",\"amount\":")
        w.int(amount(.invoice, index) / 10 * 10 + row * 10)
        w.raw(",\"currency\":")
        w.quoted(currency(.invoice, index))
        w.raw(",\"description\":\"1 × Coffee (at €5.00 / month)\",\"discount_amounts\":[],\"discountable\":true")
        reference("invoice", .invoice, index, to: &w)
        w.raw(",\"period\":{\"end\":")
        w.int(sight.created)
        w.raw(",\"start\":")
        w.int(sight.created - 2_592_000)
        w.raw("}")
        if sight.isLegacy {
            reference("subscription", .subscription, index, to: &w)
            w.raw(",\"price\":{\"object\":\"price\"")
            reference("id", .price, row, to: &w)
            reference("product", .product, row, to: &w)
            w.raw("},\"proration\":false,\"type\":\"subscription\"")
        } else {
            w.raw(",\"parent\":{\"invoice_item_details\":null,\"subscription_item_details\":{\"proration\":false")
            reference("subscription", .subscription, index, to: &w)
            w.raw("},\"type\":\"subscription_item_details\"},\"pricing\":{\"price_details\":{\"tier\":null")
            reference("price", .price, row, to: &w)
            reference("product", .product, row, to: &w)
            w.raw("},\"type\":\"price_details\",\"unit_amount_decimal\":\"500\"}")
        }
        w.raw(",\"quantity\":1,\"taxes\":[]}")
    }

    private func writeItem(_ index: Int, _ row: Int, _ sight: Sight, to w: inout StripeSandboxWriter) {
        let price = (index + row) % max(1, count(.price))
        w.raw("{\"id\":")
        w.quoted(rowID(.subscription, index, row))
        w.raw(",\"object\":\"subscription_item\",\"created\":")
        w.int(sight.created)
        if !sight.isLegacy {
            w.raw(",\"current_period_end\":")
            w.int(sight.created + 2_592_000)
            w.raw(",\"current_period_start\":")
            w.int(sight.created)
        }
        w.raw(",\"metadata\":{},\"price\":{\"object\":\"price\"")
        reference("id", .price, price, to: &w)
        reference("product", .product, price, to: &w)
        w.raw(",\"active\":true,\"billing_scheme\":\"per_unit\",\"currency\":")
        w.quoted(currency(.price, price))
        w.raw(",\"recurring\":{\"interval\":\"month\",\"interval_count\":1,\"usage_type\":\"licensed\"}")
        w.raw(",\"unit_amount\":")
        w.int(amount(.price, price))
        w.raw("},\"quantity\":")
        w.int(1 + sight.revision)
        w.raw(",\"subscription\":")
        w.quoted(id(.subscription, index))
        w.raw(",\"tax_rates\":[]}")
    }
}
