internal import FoundationEssentials
package import Platforms
package import Postgres

/// A connection as far as signing in goes: who, where, by which method, with what.
package struct Account: Sendable {
    package let connectionID: Int64
    package let baseURL: String
    /// The connection's settings: some platforms have a token endpoint for each region.
    package let settings: [String: String]
    package let method: Authentication.Method
    /// What the merchant gave and is kept as given. Tokens that change are not among it.
    package let credentials: [String: Secret]

    package init(
        connectionID: Int64, baseURL: String, settings: [String: String], method: Authentication.Method,
        credentials: [String: Secret]
    ) {
        self.connectionID = connectionID
        self.baseURL = baseURL
        self.settings = settings
        self.method = method
        self.credentials = credentials
    }

    /// The account behind a connection, for work that is not a job's; nil when there is no such connection.
    ///
    /// - Throws: ``PostgresError``, or a ``UnifiedError`` `config.invalid` that says what of the connection is not
    ///   usable.
    package static func read(
        _ connectionID: Int64, pool: PostgresPool, vault: Vault, platforms: [String: any Platform]
    ) async throws -> Account? {
        let rows = try await pool.query(
            """
            select c.name, c.platform, c.base_url, c.settings, c.method, k.key_id, k.sealed
            from portolan.connections c left join portolan.connection_credentials k using (connection_id)
            where c.connection_id = $1
            """, [connectionID])
        guard let row = rows.first else { return nil }
        let name: String = try row.decode("name")
        let key: String = try row.decode("platform")
        guard let platform = platforms[key] else {
            throw UnifiedError(.configInvalid, "connection \(name) is on \(key), which is unknown here")
        }
        guard let keyID = try row.decode("key_id", as: String?.self),
            let sealed = try row.decode("sealed", as: [UInt8]?.self)
        else { throw UnifiedError(.configInvalid, "connection \(name) has no credentials") }
        let credentials: [String: Secret]
        do {
            credentials = try vault.open(sealed, keyID: keyID, connectionID: connectionID)
        } catch {
            throw UnifiedError(.configInvalid, "\(error)")
        }
        let stored = try row.decode("method", as: String?.self)
        guard let method = platform.authentication.method(named: stored, credentials: Set(credentials.keys)) else {
            throw UnifiedError(
                .configInvalid,
                "connection \(name) signs in by \(stored ?? "credentials that fit no way"), which \(platform.name) "
                    + "does not have here; give its credentials again: portolan connections renew \(name)")
        }
        let settings: PostgresJSON = try row.decode("settings")
        let known = try? JSONDecoder().decode([String: String].self, from: Data(settings.bytes))
        return Account(
            connectionID: connectionID, baseURL: try row.decode("base_url"), settings: known ?? [:], method: method,
            credentials: credentials)
    }
}
