internal import Foundation
internal import Postgres

/// The readers' questions, each of the view and of the floor, for one connection of every platform; the worst counts.
struct ViewsBenchQueries {
    let connection: PostgresConnection

    /// A connection to ask about.
    private struct Subject {
        let connectionID: Int64
        let platform: String
        let rows: Int32
        /// Whether its rows are orders; else invoices.
        let sellsOrders: Bool
    }

    private static let orderColumns = """
        connection_id, platform, platform_id, id, platform_created_at, platform_updated_at, is_deleted, order_number, \
        status, payment_status, placed_at, currency, subtotal_amount, discount_amount, tax_amount, total_amount, customer_email
        """
    private static let invoiceColumns = """
        connection_id, platform, platform_id, id, platform_created_at, platform_updated_at, is_deleted, number, \
        status, issued_at, currency, subtotal_amount, discount_amount, tax_amount, total_amount, customer_email
        """

    func measure() async throws -> [BenchReport.Figure] {
        _ = try await connection.query("set plan_cache_mode = force_generic_plan")
        var figures: [BenchReport.Figure] = []
        let large = try await subjects(near: 20_000)
        let middle = try await subjects(near: 1000)
        let sides = [true, false]
        func worst(
            _ name: String, aim: String? = nil, _ subjects: [Subject], runs: Int = 5,
            _ sql: (Subject, Bool) -> String
        ) async throws {
            var found: [(view: Double, floor: Double)] = []
            for subject in subjects {
                let times = try await sides.asyncMap { try await best(sql(subject, $0), runs: runs) }
                found.append((times[0], times[1]))
            }
            guard let most = found.max(by: { $0.view < $1.view }) else { return }
            figures.append(.init(name, most.view, "ms", floor: most.floor, aim: aim))
        }
        try await worst("lookup_ms", aim: "0.3 ms", large, runs: 30) { subject, isView in
            "select \(Self.columns(subject, isView)) from \(Self.sales(subject, isView)) "
                + "where connection_id = \(subject.connectionID) and platform_id = "
                + "(select max(platform_id) from bench.sales where connection_id = \(subject.connectionID))"
        }
        for count in [100, 5000] {
            try await worst("since_\(count)_ms", large) { subject, isView in
                let since = """
                    coalesce((select platform_updated_at from bench.sales where connection_id = \(subject.connectionID)
                              order by platform_updated_at desc offset \(count) limit 1), '-infinity')
                    """
                return "select \(Self.columns(subject, isView)) from \(Self.sales(subject, isView)) "
                    + "where connection_id = \(subject.connectionID) and platform_updated_at > \(since)"
            }
        }
        for (count, subjects) in [(1000, middle), (20_000, large)] {
            try await worst("revenue_\(count)_ms", subjects) { subject, isView in Self.revenue(subject, isView) }
        }
        try await worst("lines_by_sku_ms", large) { subject, isView in Self.lines(subject, isView) }
        let fleet = try await [Self.fleet("unified"), Self.fleet("store"), Self.fleet(nil)]
            .asyncMap { try await best($0, runs: 2) }
        figures.append(.init("fleet_day_ms", fleet[1], "ms", floor: fleet[2]))
        figures.append(.init("fleet_day_through_views_ms", fleet[0], "ms", floor: fleet[2]))
        return figures
    }

    /// For each platform the connection whose size is nearest to what is asked for.
    private func subjects(near rows: Int) async throws -> [Subject] {
        try await connection.query(
            """
            select distinct on (c.platform) c.connection_id, c.platform, c.rows,
                   exists (select from store.commerce_orders o where o.connection_id = c.connection_id) as orders
            from bench.connections c order by c.platform, abs(c.rows - $1), c.connection_id
            """, [Int32(rows)]
        ).map { row in
            Subject(
                connectionID: try row.decode("connection_id"), platform: try row.decode("platform"),
                rows: try row.decode("rows"), sellsOrders: try row.decode("orders"))
        }
    }

    private static func columns(_ subject: Subject, _ isView: Bool) -> String {
        guard isView else { return "*" }
        return subject.sellsOrders ? orderColumns : invoiceColumns
    }

    private static func sales(_ subject: Subject, _ isView: Bool) -> String {
        guard isView else { return "bench.sales" }
        return subject.sellsOrders ? "unified.commerce_orders" : "unified.billing_invoices"
    }

    /// By month, net of refunds.
    private static func revenue(_ subject: Subject, _ isView: Bool) -> String {
        let time = isView ? (subject.sellsOrders ? "placed_at" : "issued_at") : "at"
        return """
            select month, sum(amount) from (
              select date_trunc('month', \(time)) as month, total_amount as amount from \(sales(subject, isView))
              where connection_id = \(subject.connectionID) and not is_deleted
              union all
              select date_trunc('month', \(isView ? "processed_at" : "at")), -amount
              from \(isView ? "unified.payment_refunds" : "bench.refunds") where connection_id = \(subject.connectionID)) s
            group by month
            """
    }

    private static func lines(_ subject: Subject, _ isView: Bool) -> String {
        let (key, amount, table) =
            !isView
            ? ("sku", "amount", "bench.lines")
            : subject.sellsOrders
                ? ("sku", "total_amount", "unified.commerce_order_line_items")
                : ("product_platform_id", "amount", "unified.billing_invoice_lines")
        return """
            select \(key), sum(quantity), sum(\(amount)) from \(table)
            where connection_id = \(subject.connectionID) and platform = '\(subject.platform)' group by \(key)
            """
    }

    /// Everything by day and platform; of the floor's one table without a schema.
    private static func fleet(_ schema: String?) -> String {
        guard let schema else {
            return "select platform, date_trunc('day', at), count(*), sum(total_amount) from bench.sales group by 1, 2"
        }
        return """
            select platform, date_trunc('day', at), count(*), sum(total_amount) from (
              select platform, placed_at as at, total_amount from \(schema).commerce_orders
              union all select platform, issued_at, total_amount from \(schema).billing_invoices) s group by 1, 2
            """
    }

    /// Milliseconds on the server, of a prepared statement. Our own text, never data.
    private func best(_ sql: String, runs: Int) async throws -> Double {
        _ = try await connection.query(SQL(unsafeText: "prepare bench_query as " + sql))
        var least = Double.infinity
        for _ in 0...runs {
            let rows = try await connection.query(
                "explain (analyze, timing off, format json) execute bench_query", timeLimit: .seconds(900))
            guard let text = try rows.first?.decode(at: 0, as: PostgresJSON.self).bytes,
                let plan = try JSONSerialization.jsonObject(with: Data(text)) as? [[String: Any]],
                let planning = plan.first?["Planning Time"] as? Double,
                let execution = plan.first?["Execution Time"] as? Double
            else { continue }
            least = min(least, planning + execution)
        }
        _ = try await connection.query("deallocate bench_query")
        return least
    }
}

extension Array {
    /// One after the other.
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async throws -> [T] {
        var results: [T] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
