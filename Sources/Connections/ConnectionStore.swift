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
    /// - Parameter recent: how far back the first reads go, where resources can be read by windows; what was before is
    ///   read by a backfill after them. Nil: all of it is read at once.
    /// - Throws: ``ConnectionError`` naming the field that is missing, unknown or malformed.
    @discardableResult
    package func add(
        platform: any Platform, name: String, baseURL: String, settings: [String: String] = [:],
        credentials: [String: Secret], recent: Duration? = nil
    ) async throws -> Int64 {
        let method = try Self.method(taking: credentials, of: platform)
        let base = try Self.checkedBaseURL(baseURL)
        do {
            return try await insert(platform, name, base, settings, method, credentials, recent)
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
        _ method: Authentication.Method, _ credentials: [String: Secret], _ recent: Duration?
    ) async throws -> Int64 {
        let resources = platform.resources
        return try await pool.withTransaction { connection in
            let rows = try await connection.query(
                "select portolan.add_connection($1, $2, $3, $4, $5, $6, $7, $8, $9) as id",
                [
                    platform.key, name, base, PostgresJSON(Self.json(settings)), resources.map(\.name),
                    resources.map(\.lane), resources.map(\.freshnessTarget), resources.map(\.kind.rawValue),
                    resources.map { $0.history == nil ? nil : recent },
                ])
            guard let id = try rows.first?.decode("id", as: Int64.self) else {
                throw ConnectionError("the database gave the connection no id")
            }
            try await keep(credentials, of: id, method, connection)
            return id
        }
    }

    /// Replaces the credentials and makes the connection active again. False when there is none of that name.
    package func renew(name: String, platform: any Platform, credentials: [String: Secret]) async throws -> Bool {
        let method = try Self.method(taking: credentials, of: platform)
        return try await pool.withTransaction { connection in
            let rows = try await connection.query(
                "select connection_id from portolan.connections where name = $1 and platform = $2",
                [name, platform.key])
            guard let id = try rows.first?.decode("connection_id", as: Int64.self) else { return false }
            try await connection.query("select portolan.resume_connection($1)", [name])
            try await keep(credentials, of: id, method, connection)
            return true
        }
    }

    /// Seals what was given: what stays as it is, and apart from it what tokens begin with.
    private func keep(
        _ credentials: [String: Secret], of id: Int64, _ method: Authentication.Method,
        _ connection: PostgresConnection
    ) async throws {
        var (lasting, changing) = (credentials, [String: Secret]())
        if method.grant?.usesRefreshToken == true {
            changing[TokenGrant.refreshField] = lasting.removeValue(forKey: TokenGrant.refreshField)
        }
        let tokens = try vault.seal(changing, for: id)
        let isWithTokens = method.grant != nil
        try await connection.query(
            "select portolan.reset_tokens($1, $2, $3, $4, $5)",
            [id, method.name, isWithTokens, tokens.keyID, tokens.bytes])
        let sealed = try vault.seal(lasting, for: id)
        try await connection.query("select portolan.set_credentials($1, $2, $3)", [id, sealed.keyID, sealed.bytes])
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

    /// Switches a connection on again: all streams due, and its tokens refreshed once more even where that was given
    /// up. False when there is none of that name.
    package func resume(name: String) async throws(PostgresError) -> Bool {
        let rows = try await pool.query(
            """
            select portolan.resume_connection($1) as found,
                   (select portolan.retry_tokens(c.connection_id) from portolan.connections c where c.name = $1)
            """, [name])
        return try rows.first?.decode("found") ?? false
    }

    /// The way to sign in that these credentials are for.
    private static func method(
        taking credentials: [String: Secret], of platform: any Platform
    ) throws(ConnectionError) -> Authentication.Method {
        let given = Set(credentials.keys)
        let methods = platform.authentication.methods
        let known = Set(methods.flatMap { $0.fields.map(\.name) })
        if let unknown = given.subtracting(known).min() {
            throw ConnectionError(
                "`\(unknown)` is not a credential of \(platform.name); it takes \(known.sorted().joined(separator: ", "))"
            )
        }
        guard let method = platform.authentication.method(taking: given) else {
            throw misfit(given, methods, platform.name)
        }
        let sent = method.placement.fieldNames
        for (field, secret) in credentials {
            let value = secret.reveal()
            // What goes into a header or an address has the characters keys have. A password may have others.
            let isFit = sent.contains(field) || field == TokenGrant.refreshField
            guard !value.isEmpty, value.utf8.allSatisfy({ isFit ? $0 > 0x20 && $0 < 0x7F : $0 >= 0x20 && $0 != 0x7F })
            else {
                throw ConnectionError(
                    "the credential `\(field)` is empty or holds spaces or other characters no key has")
            }
        }
        return method
    }

    /// What is missing for the way that these credentials come closest to.
    private static func misfit(
        _ given: Set<String>, _ methods: [Authentication.Method], _ platform: String
    ) -> ConnectionError {
        let possible = methods.filter { given.isSubset(of: $0.fields.map(\.name)) }
        // The one most of which is there; of equals the one that wants the least.
        let closest = possible.min {
            ($0.requiredNames.subtracting(given).count, $0.fields.count)
                < ($1.requiredNames.subtracting(given).count, $1.fields.count)
        }
        guard let closest, let missing = closest.requiredNames.subtracting(given).min() else {
            let ways = methods.map { "\($0.name): \($0.fields.map(\.name).joined(separator: ", "))" }
            return ConnectionError(
                "these credentials of \(platform) do not go together; give those of one way: "
                    + ways.joined(separator: "; "))
        }
        let help = closest.fields.first { $0.name == missing }?.help ?? ""
        return ConnectionError("\(platform) needs the credential `\(missing)`: \(help)")
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
