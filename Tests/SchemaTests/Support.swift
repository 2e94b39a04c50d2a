import Platforms
import Postgres
import TestKit
import Testing

@testable import Schema

/// A view, its union and their contracts, small enough to see through.
struct ToySchema {
    var contract = "amount numeric what was paid\nnote text"
    var columns = "connection_id, external_id as platform_id, 1::numeric as amount"
    var shared = ""

    func installer(_ pool: PostgresPool) -> ViewInstaller {
        let view = """
            -- feeds: unified.toy_orders
            create or replace view toy.orders as select \(columns) from portolan.raw_records where platform = 'toy';
            """
        return ViewInstaller(
            pool: pool, shared: [EmbeddedFile(path: "views/functions.sql", text: shared)],
            views: [EmbeddedFile(path: "Toy/Views/orders.sql", text: view)],
            contracts: [
                EmbeddedFile(path: "unified/common.contract", text: "connection_id bigint whose\nplatform_id text id"),
                EmbeddedFile(path: "unified/toy_orders.contract", text: "# Orders of toys.\n" + contract),
            ],
            logger: TestPostgres.logger)
    }
}

/// Names of a view's columns with their types.
func columns(of view: String, _ pool: PostgresPool) async throws -> [String] {
    try await pool.query(
        """
        select attname || ' ' || format_type(atttypid, null) from pg_attribute
        where attrelid = $1::text::regclass and attnum > 0 order by attnum
        """, [view]
    ).map { try $0.decode(at: 0, as: String.self) }
}

/// Runs `body` with a pool on a fresh database.
func withPool(
    isMigrated: Bool = true, connectionsMax: Int = 8, _ body: (PostgresPool) async throws -> Void
) async throws {
    try await withDatabase(isMigrated: isMigrated, connectionsMax: connectionsMax) { pool, _ in try await body(pool) }
}
