internal import Connections
internal import FoundationEssentials
internal import Health
internal import Logging
internal import Platforms
internal import Postgres

/// Refreshes tokens that would otherwise die of not being used: of connections with nothing to do, or switched off for a
/// while. Run by every worker; each token is refreshed by one of them.
struct IdleTokens: Sendable {
    let pool: PostgresPool
    let vault: Vault
    let platforms: [any Platform]
    let tokens: TokenKeeper
    let worker: UUID
    let logger: Logger

    private static let interval = Duration.seconds(60)

    /// Runs until cancelled.
    func run() async {
        while (try? await Task.sleep(for: Self.interval * Double.random(in: 0.8...1.2))) != nil { await look() }
    }

    private func look() async {
        let known = Dictionary(platforms.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        do {
            let looked = try await tokens.refreshIdle { id in
                try await Account.read(id, pool: pool, vault: vault, platforms: known)
            }
            for (id, error) in looked {
                guard let error = error as? UnifiedError else { continue }
                logger.notice(
                    "an idle token could not be refreshed",
                    metadata: ["connection": "\(id)", "code": "\(error.code.name)", "why": "\(error.message)"])
                // What a token endpoint says is none of a platform's records; the error keeps only sanitised words of it.
                try await pool.query(
                    "select portolan.record_errors($1, null, null, $2, $3)",
                    [id, worker, [PostgresJSON(error.rowJSON)]])
            }
        } catch {
            logger.debug("idle tokens could not be looked at", metadata: ["error": "\(error)"])
        }
    }
}
