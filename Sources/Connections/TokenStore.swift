internal import FoundationEssentials
internal import Platforms
internal import Postgres

/// The sealed tokens of connections in Postgres, and the intent to refresh them: `Migrations/functions/tokens.sql` as
/// Swift calls.
struct TokenStore: Sendable {
    let pool: PostgresPool
    let vault: Vault
    let workerID: UUID

    /// A connection's tokens as they were stored.
    struct Stored: Sendable {
        let generation: Int64
        var pair: Pair
        /// Until the access token is to be replaced, and until it dies; nil where there is none.
        let refreshIn: Duration
        let expiresIn: Duration?
        let state: String
        let busyFor: Duration?
        let coolingFor: Duration?
        let errorCode: String?
        let errorMessage: String?
    }

    /// What is sealed.
    struct Pair: Sendable {
        var access: Secret?
        var refresh: Secret?
        /// A refresh token that may work where ``refresh`` does not.
        var spare: Secret?

        static let spareField = "spare_refresh_token"

        init(access: Secret? = nil, refresh: Secret? = nil, spare: Secret? = nil) {
            self.access = access
            self.refresh = refresh
            self.spare = spare
        }

        init(_ fields: [String: Secret]) {
            access = fields[TokenGrant.tokenField]
            refresh = fields[TokenGrant.refreshField]
            spare = fields[Self.spareField]
        }

        var fields: [String: Secret] {
            var fields: [String: Secret] = [:]
            fields[TokenGrant.tokenField] = access
            fields[TokenGrant.refreshField] = refresh
            fields[Self.spareField] = spare
            return fields
        }
    }

    enum Verdict: String { case go, newer, busy, cooling, young, rejected }
    struct Begun {
        let verdict: Verdict
        /// The refresh that is the caller's.
        let refreshID: UUID?
        /// Begin of a refresh whose answer is not known.
        let doubtfulSince: Date?
    }

    enum Completed: String { case stored, superseded, gone }
    enum Failed: String { case noted, rejected, superseded, gone }

    /// Nil where the connection has no tokens.
    func read(_ connectionID: Int64) async throws -> Stored? {
        let rows = try await pool.query("select * from portolan.read_tokens($1)", [connectionID])
        guard let row = rows.first else { return nil }
        let fields: [String: Secret]
        do {
            fields = try vault.open(
                try row.decode("sealed"), keyID: try row.decode("key_id"), connectionID: connectionID)
        } catch let error as VaultError {
            throw UnifiedError(.configInvalid, error.description)
        }
        return Stored(
            generation: try row.decode("generation"), pair: Pair(fields), refreshIn: try row.decode("refresh_in"),
            expiresIn: try row.decode("expires_in"), state: try row.decode("state"),
            busyFor: try row.decode("busy_for"), coolingFor: try row.decode("cooling_for"),
            errorCode: try row.decode("error_code"), errorMessage: try row.decode("error_message"))
    }

    /// - Parameter young: an access token stored less than so long ago is not replaced.
    func begin(
        _ connectionID: Int64, generation: Int64, limit: Duration, young: Duration?
    ) async throws -> Begun {
        let rows = try await pool.query(
            "select verdict, refresh_id, doubtful_since from portolan.begin_refresh($1, $2, $3, $4, $5)",
            [connectionID, generation, workerID, limit, young])
        guard let row = rows.first, let verdict = Verdict(rawValue: try row.decode("verdict")) else {
            return Begun(verdict: .newer, refreshID: nil, doubtfulSince: nil)
        }
        return Begun(
            verdict: verdict, refreshID: try row.decode("refresh_id"), doubtfulSince: try row.decode("doubtful_since"))
    }

    func complete(
        _ connectionID: Int64, refreshID: UUID, generation: Int64, pair: Pair, issued: IssuedTokens, idle: Duration?
    ) async throws -> Completed? {
        let sealed = try vault.seal(pair.fields, for: connectionID)
        let rows = try await pool.query(
            "select portolan.complete_refresh($1, $2, $3, $4, $5, $6, $7, $8, $9) as verdict",
            [
                connectionID, refreshID, generation, sealed.keyID, sealed.bytes,
                issued.life - TokenGrant.margin(ofLife: issued.life), issued.life, issued.refreshLife, idle,
            ])
        return try rows.first.flatMap { Completed(rawValue: try $0.decode("verdict")) }
    }

    func fail(
        _ connectionID: Int64, refreshID: UUID, generation: Int64, error: UnifiedError, isRejected: Bool,
        isInDoubt: Bool, counts: Bool
    ) async throws -> Failed? {
        let rows = try await pool.query(
            "select portolan.fail_refresh($1, $2, $3, $4, $5, $6, $7, $8, $9) as verdict",
            [
                connectionID, refreshID, generation, error.code.name, error.message, isRejected, isInDoubt,
                error.retryAfter.map { min($0, .seconds(86_400)) }, counts,
            ])
        return try rows.first.flatMap { Failed(rawValue: try $0.decode("verdict")) }
    }

    /// False when other tokens were stored meanwhile.
    func amend(_ connectionID: Int64, generation: Int64, pair: Pair) async throws -> Bool {
        let sealed = try vault.seal(pair.fields, for: connectionID)
        let rows = try await pool.query(
            "select portolan.amend_tokens($1, $2, $3, $4) as amended",
            [connectionID, generation, sealed.keyID, sealed.bytes])
        return try rows.first?.decode("amended") ?? false
    }

    func due(limit: Int) async throws -> [Int64] {
        var found: [Int64] = []
        for row in try await pool.query("select portolan.tokens_due($1) as id", [Int32(clamping: limit)]) {
            found.append(try row.decode("id"))
        }
        return found
    }
}
