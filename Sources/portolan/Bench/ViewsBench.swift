internal import Foundation
internal import LocalServers
internal import Logging
internal import Platforms
internal import Postgres
internal import Schema

/// What unified views and their typed copies cost beside typed tables that hold the same rows.
///
/// Times are the server's own, planning of a prepared statement included, the best of several runs.
struct ViewsBench {
    let folder: String
    let rows: Int
    let connections: Int
    let logger: Logger

    func run() async throws -> BenchReport {
        let folder = folder + "-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let postgres = try await LocalPostgres.start(
            in: folder + "/postgres", database: "postgres",
            settings: [
                "shared_buffers": "2GB", "effective_cache_size": "6GB", "max_wal_size": "8GB",
                "max_parallel_workers_per_gather": "0",
            ], logger: logger)
        do {
            let report = try await measure(postgres)
            await postgres.stop(.fast)
            return report
        } catch {
            await postgres.stop(.fast)
            throw error
        }
    }

    private func measure(_ postgres: LocalPostgres) async throws -> BenchReport {
        var configuration = try PostgresConfiguration(url: postgres.url(database: "views"))
        let admin = PostgresPool(try .init(url: postgres.url(database: "postgres")), limits: .init(), logger: logger)
        try await admin.query("create database views")
        await admin.shutdown(within: .seconds(2))
        configuration.statementTimeLimit = .seconds(900)
        let pool = PostgresPool(configuration, limits: .init(), logger: logger)
        _ = try await Migrator(pool: pool, logger: logger).migrate()
        try await ViewsBenchData(pool: pool, rows: rows, connections: connections).fill()
        var figures: [BenchReport.Figure] = []
        let rebuild = try await Self.rebuild(pool)
        try await pool.withConnection { connection in
            try await connection.executeScript(Self.floorTables)
            for table in ["sales", "lines", "refunds"] {
                _ = try await connection.query(SQL(unsafeText: "vacuum analyze bench.\(table)"))
            }
            figures = try await ViewsBenchQueries(connection: connection).measure()
        }
        let floor = try await Self.refill(pool)
        figures.append(.init("rebuild_rows_per_s", rebuild, "rows/s", floor: floor))
        let conditions = try await readConditions(pool)
        figures += try await ViewsBenchWrites(pool: pool).measure()
        await pool.shutdown(within: .seconds(2))
        return BenchReport(bench: "views", conditions: conditions, figures: figures)
    }

    static let entities =
        ViewsBenchData.entities + ["commerce_order_line_items", "billing_invoice_lines", "payment_refunds"]

    /// How many keepers fill the copies.
    private static let keepers = 2

    /// Fills the copies from the raw records. Answers orders and invoices per second.
    private static func rebuild(_ pool: PostgresPool) async throws -> Double {
        var speed = 0.0
        for (index, entities) in [ViewsBenchData.entities, Array(Self.entities.dropFirst(2))].enumerated() {
            for entity in entities { try await pool.query("select portolan.enable_copy($1)", [entity]) }
            let start = ContinuousClock.now
            let rows = try await withThrowingTaskGroup { group in
                for _ in 0..<keepers { group.addTask { try await keep(pool) } }
                return try await group.reduce(0, +)
            }
            if index == 0 { speed = Double(rows) / start.duration(to: .now).seconds }
        }
        try await pool.withConnection { connection in
            for entity in Self.entities {
                _ = try await connection.query(SQL(unsafeText: "vacuum analyze store.\(entity)"))
            }
        }
        return speed
    }

    /// One keeper, until there is nothing left to do. Answers how many rows it wrote.
    private static func keep(_ pool: PostgresPool) async throws -> Int64 {
        var rows: Int64 = 0
        while true {
            let turn = try await pool.query("select rows_written, has_more from portolan.keep_copies()")[0]
            rows += try turn.decode(at: 0, as: Int64.self)
            if try !turn.decode(at: 1, as: Bool.self) { return rows }
        }
    }

    /// Typed rows from one typed table into another with the same indexes, per second.
    private static func refill(_ pool: PostgresPool) async throws -> Double {
        let start = ContinuousClock.now
        var rows = 0
        for entity in ViewsBenchData.entities {
            try await pool.query(
                SQL(unsafeText: "create table bench.refill_\(entity) (like store.\(entity) including indexes)"))
            rows += try await pool.query(
                SQL(unsafeText: "insert into bench.refill_\(entity) select * from store.\(entity)")
            ).affectedRowCount
        }
        return Double(rows) / start.duration(to: .now).seconds
    }

    /// The facts as somebody would model them who had only these readers in mind.
    private static let floorTables: SQL = """
        create table bench.sales as
          select connection_id, platform, platform_id, id, platform_created_at, platform_updated_at, is_deleted,
                 order_number as number, status, payment_status, placed_at as at, currency, subtotal_amount,
                 discount_amount, tax_amount, total_amount, customer_email from store.commerce_orders
          union all
          select connection_id, platform, platform_id, id, platform_created_at, platform_updated_at, is_deleted,
                 number, status, null, issued_at, currency, subtotal_amount,
                 discount_amount, tax_amount, total_amount, customer_email from store.billing_invoices;
        create table bench.lines as
          select connection_id, platform, platform_updated_at, coalesce(sku, product_platform_id) as sku, quantity,
                 total_amount as amount from store.commerce_order_line_items
          union all
          select connection_id, platform, platform_updated_at, product_platform_id, quantity, amount
          from store.billing_invoice_lines;
        create table bench.refunds as
          select connection_id, platform, platform_id, processed_at as at, amount from store.payment_refunds;
        alter table bench.sales add primary key (connection_id, platform_id);
        create index on bench.sales (connection_id, platform_updated_at);
        create index on bench.lines (connection_id);
        create index on bench.refunds (connection_id);
        """

    private func readConditions(_ pool: PostgresPool) async throws -> [String: String] {
        let row = try await pool.query(
            """
            select current_setting('server_version') as version, current_setting('synchronous_commit') as sync,
                   current_setting('jit') as jit,
                   (select count(*)::text from bench.sales) as rows, (select count(*)::text from bench.lines) as lines,
                   (select string_agg(p, ' ') from (select platform || ':' || count(*) as p from bench.sales group by platform order by 1) x) as platforms,
                   (select pg_size_pretty(pg_total_relation_size('portolan.raw_records'))) as raw,
                   (select pg_size_pretty(sum(pg_total_relation_size(c.oid))) from pg_class c
                    where c.relnamespace = 'store'::regnamespace and c.relkind = 'r') as copies
            """)[0]
        return [
            "postgres": try row.decode("version"), "synchronous_commit": try row.decode("sync"),
            "jit": try row.decode("jit"), "rows": try row.decode("rows"), "lines": try row.decode("lines"),
            "platforms": try row.decode("platforms"), "raw_size": try row.decode("raw"),
            "copies_size": try row.decode("copies"), "connections": "\(connections)",
            "cores": "\(ProcessInfo.processInfo.activeProcessorCount)", "build": Build.mode,
        ]
    }
}
