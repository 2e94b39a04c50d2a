import Postgres
import TestKit

/// Runs `body` with a pool on a fresh database.
func withPool(
    isMigrated: Bool = true, connectionsMax: Int = 8, _ body: (PostgresPool) async throws -> Void
) async throws {
    try await withDatabase(isMigrated: isMigrated, connectionsMax: connectionsMax) { pool, _ in try await body(pool) }
}
