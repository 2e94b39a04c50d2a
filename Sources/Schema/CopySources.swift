internal import Platforms
internal import Postgres

/// Tells the database which views feed which entity and what they are made from, so that typed copies follow
/// (`Migrations/functions/copies.sql`).
struct CopySources {
    private var entities: [String] = []
    private var views: [String] = []
    private var platforms: [String] = []
    private var follows: [PostgresJSON] = []
    private var checksums: [String] = []

    /// - Parameters:
    ///   - columns: what each view offers, by its qualified name.
    ///   - commonText: what every view is made from: the shared functions.
    init(contracts: [Contract], views all: [PlatformView], columns: [String: Set<String>], commonText: String) {
        for contract in contracts {
            for view in all where view.isView && view.feeds.contains(contract.entity) {
                let helpers = all.filter { $0.platform == view.platform && !$0.isView }.map(\.text)
                let promise = contract.columns.map { "\($0.name) \($0.type)" }
                entities.append(contract.entity)
                views.append(view.qualifiedName)
                platforms.append(view.platform)
                follows.append(PostgresJSON(Self.json(view.follows(offering: columns[view.qualifiedName] ?? []))))
                checksums.append(
                    Checksum.of(([commonText] + helpers + [view.text] + promise).joined(separator: "\u{1}")))
            }
        }
    }

    func note(on connection: PostgresConnection) async throws {
        guard try await Self.isKnown(on: connection) else { return }
        _ = try await connection.query(
            "select portolan.note_sources($1, $2, $3, $4, $5)", [entities, views, platforms, follows, checksums])
    }

    /// Lets no keeper of copies be at work while views are replaced, before any view is locked: each would wait for the
    /// other.
    static func hold(on connection: PostgresConnection) async throws {
        guard try await isKnown(on: connection) else { return }
        _ = try await connection.query("select portolan.hold_copies()")
    }

    /// False on a database whose functions are older.
    private static func isKnown(on connection: PostgresConnection) async throws -> Bool {
        try await !connection.query(
            "select 1 as known from pg_proc where oid = to_regprocedure('portolan.hold_copies()')"
        ).isEmpty
    }

    /// Names of resources and columns are words without quotes or backslashes.
    private static func json(_ follows: [String: String]) -> String {
        "{" + follows.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
    }
}

extension PlatformView {
    /// Resource to column: by which column the rows are found that a changed raw record may concern.
    ///
    /// Where the file does not say, all resources it reads count, and rows are found by the owning record where the
    /// view has one, else by themselves.
    package func follows(offering columns: Set<String>) -> [String: String] {
        if !declaredFollows.isEmpty { return declaredFollows }
        let column = columns.contains("platform_parent_id") ? "platform_parent_id" : "platform_id"
        return Dictionary(ViewReading.resources(in: text).map { ($0, column) }, uniquingKeysWith: { first, _ in first })
    }
}
