package import Platforms
package import Postgres
internal import Synchronization

/// The rule books in force: each platform's, with the rules an operator has put into `portolan.error_rules` before it.
///
/// They are read when their version has changed, and that is looked at now and then; between, everything comes from
/// memory. While the database is away the books stay as they were.
///
/// **Thread**: safe to share.
package final class ErrorRuleStore: Sendable {
    private struct State {
        var version: Int64?
        var books: [String: RuleBook]
        var problems: [String] = []
        var lookedAt: ContinuousClock.Instant?
        var isLooking = false
    }

    private let pool: PostgresPool
    private let platforms: [any Platform]
    private let interval: Duration
    private let state: Mutex<State>

    /// - Parameter interval: how long a change may go unnoticed.
    package init(pool: PostgresPool, platforms: [any Platform], interval: Duration = .seconds(5)) {
        self.pool = pool
        self.platforms = platforms
        self.interval = interval
        let books = platforms.map { ($0.key, $0.ownRules) }
        state = Mutex(State(books: Dictionary(books, uniquingKeysWith: { first, _ in first })))
    }

    /// The book of a platform, as of the last look.
    package func book(of platform: any Platform) -> RuleBook {
        state.withLock { $0.books[platform.key] } ?? platform.ownRules
    }

    /// Rules in the table that this version cannot read, each with the reason. They are left out.
    package var problems: [String] { state.withLock { $0.problems } }

    /// Looks whether the rules have changed, if nobody has within the interval, and reads them if so.
    ///
    /// - Returns: whether they were read.
    /// - Throws: ``PostgresError``; the books are as before.
    @discardableResult
    package func refresh(now: ContinuousClock.Instant = .now) async throws(PostgresError) -> Bool {
        let isDue = state.withLock { state in
            guard !state.isLooking, state.lookedAt.map({ now - $0 >= interval }) ?? true else { return false }
            state.isLooking = true
            return true
        }
        guard isDue else { return false }
        defer {
            state.withLock { state in
                state.isLooking = false
                state.lookedAt = now
            }
        }
        let version = try await pool.query("select version from portolan.error_rules_version").first?.decode(Int64.self)
        if let version, version == state.withLock({ $0.version }) { return false }
        try await read(version)
        return true
    }

    private func read(_ version: Int64?) async throws(PostgresError) {
        let stored = try await Self.stored(in: pool)
        let books = platforms.map { platform in
            let own = stored.rules.filter { $0.platform == nil || $0.platform == platform.key }.map(\.rule)
            return (platform.key, own.isEmpty ? platform.ownRules : RuleBook(of: platform, overrides: own))
        }
        state.withLock { state in
            state.version = version
            state.books = Dictionary(books, uniquingKeysWith: { first, _ in first })
            state.problems = stored.problems
        }
    }

    /// The rules that hold for a platform, in the order asked, and what could not be read.
    ///
    /// - Parameter platform: nil for those that hold for all.
    package static func rules(
        in pool: PostgresPool, platform: String?
    ) async throws(PostgresError) -> (rules: [ErrorRule], problems: [String]) {
        let stored = try await stored(in: pool)
        return (stored.rules.filter { $0.platform == nil || $0.platform == platform }.map(\.rule), stored.problems)
    }

    private typealias Stored = (rules: [(platform: String?, rule: ErrorRule)], problems: [String])

    private static func stored(in pool: PostgresPool) async throws(PostgresError) -> Stored {
        let rows = try await pool.query(
            """
            select rule_id, platform, definition::text from portolan.error_rules where enabled
            order by priority, rule_id
            """)
        var stored: Stored = ([], [])
        for row in rows {
            let (id, platform, definition) = try row.decode(String.self, String?.self, String.self)
            do throws(ErrorRule.Problem) {
                stored.rules.append((platform, try ErrorRule(id: id, definition: definition)))
            } catch {
                stored.problems.append("\(id): \(error)")
            }
        }
        return stored
    }
}
