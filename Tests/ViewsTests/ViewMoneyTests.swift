import Foundation
import Platforms
import TestKit
import Testing

/// Amounts come out exactly as the platform means them, in major units.
@Suite("Money in views") struct ViewMoneyTests {
    private func shown(_ platform: String, _ resource: String, _ json: String, _ question: String) async throws
        -> String
    {
        try await withDatabase { pool, _ in
            let probe = ViewProbe(pool: pool)
            let record = StoredRecord(resource: resource, id: "1", payload: Array(json.utf8))
            #expect(try await probe.store([record], platform: platform, connection: 1) == 1)
            return try await probe.text(question)
        }
    }

    @Test(
        "an integer of Stripe's smallest unit is worth what Stripe says, not what ISO 4217 says",
        arguments: [
            // Two decimals, none, three; whole ariary although it has a fifth; two decimals although it has none.
            ("usd", "1999", "19.99", "USD"), ("jpy", "1999", "1999", "JPY"), ("kwd", "1999", "1.999", "KWD"),
            ("mga", "1999", "1999", "MGA"), ("isk", "199900", "1999.00", "ISK"), ("ugx", "500", "5.00", "UGX"),
            ("eur", "-1", "-0.01", "EUR"), ("eur", "99999999999999", "999999999999.99", "EUR"),
            ("usd", "0", "0.00", "USD"),
        ])
    func stripeUnits(currency: String, amount: String, expected: String, code: String) async throws {
        let json = #"{"id":"in_1","currency":"\#(currency)","total":\#(amount),"status":"paid","lines":{"data":[]}}"#
        let shown = try await shown(
            "stripe", "invoices", json,
            "select total_amount || ' ' || currency || ' ' || issues from unified.billing_invoices")
        #expect(shown == "\(expected) \(code) []")
    }

    @Test("an amount in a currency that Stripe does not have is not guessed at")
    func stripeUnknownCurrency() async throws {
        let json = #"{"id":"in_1","currency":"xyz","total":100,"status":"paid","lines":{"data":[]}}"#
        let shown = try await shown(
            "stripe", "invoices", json,
            """
            select coalesce(total_amount::text, 'none') || ' ' || (issues->0->>'field') || ' ' || (issues->0->>'reason')
            from unified.billing_invoices
            """)
        #expect(shown == "none total_amount currency_invalid")
    }

    @Test("a fraction of the smallest unit is kept")
    func stripeDecimalUnits() async throws {
        let json =
            #"{"id":"1","currency":"usd","unit_amount":null,"unit_amount_decimal":"0.5","type":"one_time"}"#
        let shown = try await shown("stripe", "prices", json, "select amount::text from unified.billing_plans")
        #expect(shown == "0.005")
    }

    @Test(
        "a decimal text of Shopify's keeps every digit",
        arguments: [
            ("59.0", "USD", "59.0"), ("19.99", "USD", "19.99"), ("0.10", "EUR", "0.10"), ("1500", "JPY", "1500"),
            ("18.125", "KWD", "18.125"), ("-3.00", "USD", "-3.00"), ("90071992547409.93", "USD", "90071992547409.93"),
        ])
    func shopifyDecimals(amount: String, currency: String, expected: String) async throws {
        let json =
            #"{"id":"gid://shopify/Order/1","currencyCode":"\#(currency)","processedAt":"2026-05-04T08:49:54Z","#
            + #""totalPriceSet":{"shopMoney":{"amount":"\#(amount)","currencyCode":"\#(currency)"}}}"#
        let shown = try await shown(
            "shopify", "orders", json,
            "select total_amount || ' ' || currency || ' ' || issues from unified.commerce_orders")
        #expect(shown == "\(expected) \(currency) []")
    }

    @Test(
        "what is no amount is NULL, and the issue keeps what was sent",
        arguments: ["12,50", "1.234,56", "NaN", "Infinity", "1e400", "", "5,0"])
    func shopifyNonsense(amount: String) async throws {
        let json =
            #"{"id":"gid://shopify/Order/1","currencyCode":"USD","processedAt":"2026-05-04T08:49:54Z","#
            + #""totalPriceSet":{"shopMoney":{"amount":"\#(amount)","currencyCode":"USD"}}}"#
        let shown = try await shown(
            "shopify", "orders", json,
            """
            select coalesce(total_amount::text, 'none') || ' ' || (issues->0->>'field') || ' ' || (issues->0->>'raw')
            from unified.commerce_orders
            """)
        #expect(shown == "none total_amount \(amount)")
    }
}
