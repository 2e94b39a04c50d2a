internal import FoundationEssentials
package import Platforms
package import Postgres

/// Merchants' connections: adding them with their credentials, and telling how they are.
package struct ConnectionStore: Sendable {
    private let pool: PostgresPool
    private let vault: Vault

    package init(pool: PostgresPool, vault: Vault) {
        self.pool = pool
        self.vault = vault
    }

    /// A connection as people see it. Credentials are not part of it.
    package struct Summary: Sendable, Codable {
        package let connectionID: Int64
        package let platform: String
        package let name: String
        package let baseURL: String
        package let state: String
        package let stateMessage: String?
        package let streams: Int
        package let inSync: Int

        enum CodingKeys: String, CodingKey {
            case connectionID = "connection_id"
            case platform, name, state, streams
            case baseURL = "base_url"
            case stateMessage = "state_message"
            case inSync = "in_sync"
        }
    }

    /// Adds a connection, its sealed credentials and its streams, all due at once, in one transaction.
    ///
    /// - Throws: ``ConnectionError`` naming the field that is missing, unknown or malformed.
    @discardableResult
    package func add(
        platform: any Platform, name: String, baseURL: String, settings: [String: String] = [:],
        credentials: [String: Secret]
    ) async throws -> Int64 {
        try Self.check(credentials, for: platform)
        let base = try Self.checkedBaseURL(baseURL)
        do {
            return try await insert(platform, name, base, settings, credentials)
        } catch let error as PostgresTransactionError {
            switch error.postgres?.constraint {
            case "connections_name_key": throw ConnectionError("there is a connection named \(name) already")
            case "connections_name_check":
                throw ConnectionError(
                    "a name is 1 to 100 letters, digits, dots, hyphens and underscores, and begins with a letter or digit"
                )
            case "connections_base_url_check":
                throw ConnectionError(
                    "the base URL must look like https://shop.example.com, without credentials and query")
            default: throw error.body ?? error.postgres ?? error
            }
        }
    }

    private func insert(
        _ platform: any Platform, _ name: String, _ base: String, _ settings: [String: String],
        _ credentials: [String: Secret]
    ) async throws -> Int64 {
        let resources = platform.resources
        return try await pool.withTransaction { connection in
            let rows = try await connection.query(
                "select portolan.add_connection($1, $2, $3, $4, $5, $6, $7) as id",
                [
                    platform.key, name, base, PostgresJSON(Self.json(settings)), resources.map(\.name),
                    resources.map(\.lane), resources.map(\.freshnessTarget),
                ])
            guard let id = try rows.first?.decode("id", as: Int64.self) else {
                throw ConnectionError("the database gave the connection no id")
            }
            let sealed = try vault.seal(credentials, connectionID: id)
            try await connection.query(
                "insert into portolan.connection_credentials (connection_id, key_id, sealed) values ($1, $2, $3)",
                [id, vault.keyID, sealed])
            return id
        }
    }

    /// Replaces the credentials and makes the connection active again. False when there is none of that name.
    package func renew(name: String, platform: any Platform, credentials: [String: Secret]) async throws -> Bool {
        try Self.check(credentials, for: platform)
        return try await pool.withTransaction { connection in
            let rows = try await connection.query(
                "select connection_id from portolan.connections where name = $1 and platform = $2",
                [name, platform.key])
            guard let id = try rows.first?.decode("connection_id", as: Int64.self) else { return false }
            let sealed = try vault.seal(credentials, connectionID: id)
            try await connection.query(
                """
                insert into portolan.connection_credentials (connection_id, key_id, sealed) values ($1, $2, $3)
                on conflict (connection_id) do update
                  set key_id = excluded.key_id, sealed = excluded.sealed, changed_at = portolan.now()
                """, [id, vault.keyID, sealed])
            try await connection.query("select portolan.resume_connection($1)", [name])
            return true
        }
    }

    /// Every connection, by name.
    package func list() async throws(PostgresError) -> [Summary] {
        let rows = try await pool.query(
            """
            select c.connection_id, c.platform, c.name, c.base_url, c.state, c.state_message,
                   count(s.*)::integer as streams, count(*) filter (where s.state in ('in_sync', 'degraded'))::integer as in_sync
            from portolan.connections c left join portolan.streams s using (connection_id)
            group by c.connection_id order by c.name
            """)
        var summaries: [Summary] = []
        for row in rows {
            summaries.append(
                Summary(
                    connectionID: try row.decode("connection_id"), platform: try row.decode("platform"),
                    name: try row.decode("name"), baseURL: try row.decode("base_url"), state: try row.decode("state"),
                    stateMessage: try row.decode("state_message"),
                    streams: Int(try row.decode("streams", as: Int32.self)),
                    inSync: Int(try row.decode("in_sync", as: Int32.self))))
        }
        return summaries
    }

    /// The connection's platform's key; nil when there is none of that name.
    package func platformKey(of name: String) async throws(PostgresError) -> String? {
        try await pool.query("select platform from portolan.connections where name = $1", [name]).first?.decode(
            "platform")
    }

    /// Switches a connection on again: active, all streams due. False when there is none of that name.
    package func resume(name: String) async throws(PostgresError) -> Bool {
        try await pool.query("select portolan.resume_connection($1) as found", [name]).first?.decode("found") ?? false
    }

    private static func check(_ credentials: [String: Secret], for platform: any Platform) throws(ConnectionError) {
        let wanted = Set(platform.authentication.fields.map(\.name))
        let given = Set(credentials.keys)
        if let missing = wanted.subtracting(given).min() {
            let help = platform.authentication.fields.first { $0.name == missing }?.help ?? ""
            throw ConnectionError("\(platform.name) needs the credential `\(missing)`: \(help)")
        }
        if let unknown = given.subtracting(wanted).min() {
            throw ConnectionError(
                "`\(unknown)` is not a credential of \(platform.name); it takes \(wanted.sorted().joined(separator: ", "))"
            )
        }
        for (field, secret) in credentials {
            let value = secret.reveal()
            guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw ConnectionError(
                    "the credential `\(field)` is empty or holds spaces or other characters no key has")
            }
        }
    }

    /// The URL without a trailing slash, or why it cannot be one.
    private static func checkedBaseURL(_ text: String) throws(ConnectionError) -> String {
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        let hasScheme = trimmed.hasPrefix("https://") || trimmed.hasPrefix("http://")
        let rest = trimmed.drop { $0 != ":" }.dropFirst(3)
        guard hasScheme, !rest.isEmpty, !rest.hasPrefix("/"),
            !trimmed.contains(where: { "?#@".contains($0) || $0.isWhitespace })
        else {
            throw ConnectionError("the base URL must look like https://shop.example.com, without credentials and query")
        }
        return trimmed
    }

    private static func json(_ settings: [String: String]) throws -> String {
        String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
    }
}

/// What is wrong with a connection as it was given. Never holds a credential.
package struct ConnectionError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
