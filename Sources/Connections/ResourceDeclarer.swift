package import Logging
package import Platforms
package import Postgres

/// Tells the database what this program's platforms offer, so that a resource that is new in this version becomes a
/// stream of the connections that are there already.
///
/// Any number of processes do so at once, of whatever version: what is known stays, and nothing is taken away.
package struct ResourceDeclarer: Sendable {
    private let pool: PostgresPool
    private let platforms: [any Platform]
    private let logger: Logger

    package init(pool: PostgresPool, platforms: [any Platform], logger: Logger) {
        self.pool = pool
        self.platforms = platforms
        self.logger = logger
    }

    /// Tries until it is done, or the task is cancelled: a database that is away or not migrated yet is only waited for.
    package func run() async {
        var delay = Duration.seconds(1)
        while !Task.isCancelled {
            do throws(PostgresError) {
                let added = try await declare()
                if added > 0 { logger.info("streams added for new resources", metadata: ["streams": "\(added)"]) }
                return
            } catch {
                logger.warning("resources not declared yet", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: delay * Double.random(in: 0.8...1.2))
            delay = min(delay * 2, .seconds(60))
        }
    }

    /// Gives how many streams that added. Where nothing is new it is one read for each platform.
    package func declare() async throws(PostgresError) -> Int {
        var added = 0
        for platform in platforms {
            let resources = platform.resources
            let rows = try await pool.query(
                "select portolan.declare_resources($1, $2, $3, $4, $5) as added",
                [
                    platform.key, resources.map(\.name), resources.map(\.lane), resources.map(\.freshnessTarget),
                    resources.map(\.kind.rawValue),
                ])
            added += Int(try rows.first?.decode("added", as: Int32.self) ?? 0)
        }
        return added
    }
}
