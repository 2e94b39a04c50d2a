internal import LocalServers
package import Postgres

/// Logins of the least-privilege roles, for tests that run something with no more rights than it needs.
package enum TestLogin {
    /// Makes a login that is a member of a group role, unless the tests' server has it already.
    ///
    /// - Parameters:
    ///   - role: `portolan_worker`, `portolan_console`, `portolan_operator` or `portolan_migrator`.
    ///   - pool: of the database it is to use, as its owner.
    ///   - isMember: false: `role` is a login already.
    /// - Returns: a URL for that database and login.
    package static func url(_ role: String, to pool: PostgresPool, isMember: Bool = true) async throws -> String {
        let login = isMember ? "test_\(role)" : role
        // Tests that run at the same time share the server, and with it its logins.
        if isMember {
            try await pool.query(
                SQL(
                    unsafeText: """
                        do $$ begin
                          if not exists (select from pg_roles where rolname = '\(login)') then create role \(login) login in role \(role); end if;
                        exception when duplicate_object or unique_violation then null; end $$
                        """))
        }
        let database: String = try await pool.query("select current_database()::text")[0].decode(at: 0)
        let url = try await TestPostgres.shared.server().url(database: database)
        guard let mark = url.firstRange(of: "&user=") else { return url }
        return url[..<mark.upperBound] + login + url[mark.upperBound...].drop { $0 != "&" }
    }

    /// A pool of that login.
    package static func pool(_ role: String, to owner: PostgresPool, connectionsMax: Int = 4) async throws
        -> PostgresPool
    {
        var limits = PostgresPool.Limits()
        limits.connectionsMax = connectionsMax
        return PostgresPool(
            try PostgresConfiguration(url: try await url(role, to: owner)), limits: limits, logger: TestPostgres.logger)
    }
}
