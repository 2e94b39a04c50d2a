internal import Postgres

/// Owners and rights, as `Migrations/functions/zz_grants.sql` declares them.
enum Grants {
    static let roles = ["portolan_migrator", "portolan_worker", "portolan_console", "portolan_operator"]

    /// Puts right what is not so: views that were dropped and made anew have lost theirs, new tables have none yet.
    ///
    /// - Parameter platforms: schemas of the platforms' views.
    /// - Returns: how many changes that took; 0 where the database has no such function.
    static func apply(platforms: [String], on connection: PostgresConnection) async throws -> Int {
        let known = try await connection.query(
            "select 1 as known from pg_proc where oid = to_regprocedure('portolan.apply_grants(text[])')")
        if known.isEmpty { return 0 }
        let rows = try await connection.query("select portolan.apply_grants($1) as changes", [platforms])
        return Int(try rows.first?.decode("changes", as: Int32.self) ?? 0)
    }

    /// Roles that the cluster lacks: while one does, nothing is granted.
    static func missingRoles(on connection: PostgresConnection) async throws -> [String] {
        let rows = try await connection.query(
            "select r from unnest($1::text[]) r where not exists (select from pg_roles x where x.rolname = r)", [roles])
        return try rows.map { try $0.decode(at: 0) }
    }
}
