import Foundation
import Platforms
import TestKit
import Testing

/// Lists inside a record that go on in raw records of their own.
@Suite("Views of long lists") struct ViewOverflowTests {
    private static let old = Date(timeIntervalSince1970: 1_780_000_000)
    private static let new = Date(timeIntervalSince1970: 1_780_000_600)

    // MARK: - Shopify

    private static func money(_ amount: String) -> String {
        #"{"shopMoney":{"amount":"\#(amount)","currencyCode":"USD"}}"#
    }

    private static func lineItems(_ ids: ClosedRange<Int>, hasMore: Bool) -> String {
        let nodes = ids.map { id in
            #"{"id":"gid://shopify/LineItem/\#(id)","quantity":1,"originalUnitPriceSet":\#(money("2.50")),"#
                + #""discountedTotalSet":\#(money("2.50"))}"#
        }
        return #"{"pageInfo":{"hasNextPage":\#(hasMore)},"nodes":[\#(nodes.joined(separator: ","))]}"#
    }

    private static func order(_ ids: ClosedRange<Int>, hasMore: Bool, at date: Date) -> StoredRecord {
        let json =
            #"{"id":"gid://shopify/Order/900","currencyCode":"USD","processedAt":"2026-05-04T08:49:54Z","#
            + #""totalPriceSet":\#(money("25.00")),"displayFinancialStatus":"PAID","#
            + #""refunds":[],"lineItems":\#(lineItems(ids, hasMore: hasMore))}"#
        return StoredRecord(resource: "orders", id: "900", updatedAt: date, payload: Array(json.utf8))
    }

    private static func orderPage(_ page: Int, _ ids: ClosedRange<Int>, hasMore: Bool, at date: Date) -> StoredRecord {
        StoredRecord(
            resource: "order_line_items", id: "900/000\(page)", updatedAt: date,
            payload: Array(#"{"lineItems":\#(lineItems(ids, hasMore: hasMore))}"#.utf8))
    }

    /// Lines shown, as `id@index`, and whether the order says that they are all.
    private func shownLines(_ records: [StoredRecord]) async throws -> (lines: String, isComplete: String) {
        try await withDatabase { pool, _ in
            let probe = ViewProbe(pool: pool)
            try await probe.store(records, platform: "shopify", connection: 1)
            let lines = try await probe.text(
                """
                select string_agg(platform_id || '@' || line_index, ' ' order by line_index)
                from unified.commerce_order_line_items
                """
            )
            let isComplete = try await probe.text("select line_items_complete::text from unified.commerce_orders")
            return (lines, isComplete)
        }
    }

    @Test("an order's lines on three pages behind it are all shown, in their order")
    func shopifyThreePages() async throws {
        let shown = try await shownLines([
            Self.order(1...2, hasMore: true, at: Self.old), Self.orderPage(1, 3...4, hasMore: true, at: Self.old),
            Self.orderPage(2, 5...6, hasMore: true, at: Self.new),
            Self.orderPage(3, 7...7, hasMore: false, at: Self.new),
        ])
        #expect(shown.lines == "1@0 2@1 3@2 4@3 5@92 6@93 7@182")
        #expect(shown.isComplete == "true")
    }

    @Test("an order is not complete until the last page behind it is there")
    func shopifyLastPageMissing() async throws {
        let shown = try await shownLines([
            Self.order(1...2, hasMore: true, at: Self.old), Self.orderPage(1, 3...4, hasMore: true, at: Self.old),
        ])
        #expect(shown.lines == "1@0 2@1 3@2 4@3")
        #expect(shown.isComplete == "false")
    }

    @Test("pages older than their order are not shown and do not make it complete")
    func shopifyStalePages() async throws {
        let shown = try await shownLines([
            Self.order(1...2, hasMore: true, at: Self.new), Self.orderPage(1, 3...4, hasMore: true, at: Self.new),
            Self.orderPage(2, 5...6, hasMore: false, at: Self.old),
        ])
        #expect(shown.lines == "1@0 2@1 3@2 4@3")
        #expect(shown.isComplete == "false")
    }

    @Test("a page behind the last one is a leftover and not shown")
    func shopifyPageBehindTheLast() async throws {
        let shown = try await shownLines([
            Self.order(1...2, hasMore: true, at: Self.old), Self.orderPage(1, 3...4, hasMore: false, at: Self.new),
            Self.orderPage(2, 5...6, hasMore: false, at: Self.old),
        ])
        #expect(shown.lines == "1@0 2@1 3@2 4@3")
        #expect(shown.isComplete == "true")
    }

    @Test("pages left over from when the order was longer are not shown")
    func shopifyShortAgain() async throws {
        let shown = try await shownLines([
            Self.order(1...2, hasMore: false, at: Self.new), Self.orderPage(1, 3...4, hasMore: false, at: Self.new),
        ])
        #expect(shown.lines == "1@0 2@1")
        #expect(shown.isComplete == "true")
    }

    // MARK: - Stripe

    private static func list(_ ids: ClosedRange<Int>, hasMore: Bool) -> String {
        let rows = ids.map { #"{"id":"il_\#($0)","amount":250,"currency":"usd"}"# }
        return #"{"object":"list","has_more":\#(hasMore),"data":[\#(rows.joined(separator: ","))]}"#
    }

    private static func invoice(_ ids: ClosedRange<Int>, hasMore: Bool) -> StoredRecord {
        let json =
            #"{"id":"in_1","object":"invoice","currency":"usd","total":2500,"status":"paid","#
            + #""lines":\#(list(ids, hasMore: hasMore))}"#
        return StoredRecord(resource: "invoices", id: "in_1", payload: Array(json.utf8))
    }

    private static func invoicePage(_ page: Int, _ ids: ClosedRange<Int>, hasMore: Bool) -> StoredRecord {
        StoredRecord(
            resource: "invoice_lines", id: "in_1/000\(page)", payload: Array(list(ids, hasMore: hasMore).utf8))
    }

    private func shownInvoiceLines(
        _ records: [StoredRecord], gone: String = ""
    ) async throws -> (lines: String, isComplete: String) {
        try await withDatabase { pool, _ in
            let probe = ViewProbe(pool: pool)
            try await probe.store(records, platform: "stripe", connection: 1)
            try await probe.run(
                """
                update portolan.raw_records set deleted_at = '2026-08-01', deletion_source = 'missing_in_full_sync'
                where external_id = '\(gone)'
                """
            )
            let lines = try await probe.text(
                """
                select string_agg(platform_id || '@' || line_index, ' ' order by line_index)
                from unified.billing_invoice_lines
                """
            )
            let isComplete = try await probe.text("select lines_complete::text from unified.billing_invoices")
            return (lines, isComplete)
        }
    }

    @Test("an invoice's lines on three pages are shown instead of those in the invoice")
    func stripeThreePages() async throws {
        let shown = try await shownInvoiceLines([
            Self.invoice(1...2, hasMore: true), Self.invoicePage(1, 1...3, hasMore: true),
            Self.invoicePage(2, 4...5, hasMore: true), Self.invoicePage(3, 6...6, hasMore: false),
        ])
        #expect(shown.lines == "il_1@0 il_2@1 il_3@2 il_4@100 il_5@101 il_6@200")
        #expect(shown.isComplete == "true")
    }

    @Test("an invoice is not complete while the last of its pages is missing")
    func stripeLastPageMissing() async throws {
        let none = try await shownInvoiceLines([Self.invoice(1...2, hasMore: true)])
        #expect(none.lines == "il_1@0 il_2@1")
        #expect(none.isComplete == "false")
        let some = try await shownInvoiceLines([
            Self.invoice(1...2, hasMore: true), Self.invoicePage(1, 1...3, hasMore: true),
        ])
        #expect(some.lines == "il_1@0 il_2@1 il_3@2")
        #expect(some.isComplete == "false")
    }

    @Test("pages marked as gone, and pages behind the last one, are not shown")
    func stripeStalePages() async throws {
        let shown = try await shownInvoiceLines(
            [
                Self.invoice(1...2, hasMore: true), Self.invoicePage(1, 1...3, hasMore: false),
                Self.invoicePage(2, 4...5, hasMore: true), Self.invoicePage(7, 8...9, hasMore: false),
            ], gone: "in_1/0002")
        #expect(shown.lines == "il_1@0 il_2@1 il_3@2")
        #expect(shown.isComplete == "true")
    }

    @Test("pages left over from when the invoice was longer are not shown")
    func stripeShortAgain() async throws {
        let shown = try await shownInvoiceLines([
            Self.invoice(1...2, hasMore: false), Self.invoicePage(1, 1...3, hasMore: false),
        ])
        #expect(shown.lines == "il_1@0 il_2@1")
        #expect(shown.isComplete == "true")
    }
}
