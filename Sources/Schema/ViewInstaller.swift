internal import Logging
internal import Platforms
internal import Postgres

/// Applies the views: shared functions, every platform's views, and the unions that are made from them.
///
/// Nothing happens while no text has changed. When one has, all are replaced in place in one transaction, which
/// keeps whatever people built on them. Where a view cannot be replaced (a column went away or changed its
/// type) the managed views are dropped and made anew, still in that transaction; if somebody's own view stands
/// on one of them, PostgreSQL refuses, and the error names it.
struct ViewInstaller: Sendable {
    private let pool: PostgresPool
    private let shared: [EmbeddedFile]
    private let views: [PlatformView]
    private let contractFiles: [EmbeddedFile]
    private let logger: Logger

    init(
        pool: PostgresPool, shared: [EmbeddedFile] = sharedViewFiles, views: [EmbeddedFile] = platformViewFiles,
        contracts: [EmbeddedFile] = Schema.contractFiles, logger: Logger
    ) {
        self.pool = pool
        self.shared = shared
        self.views = views.map(PlatformView.init)
        contractFiles = contracts
        self.logger = logger
    }

    /// Keys of the platforms that have views, which are their schemas.
    var platforms: [String] { Set(views.map(\.platform)).sorted() }

    /// True when something had changed.
    func install() async throws -> Bool {
        let contracts = try Contract.all(in: contractFiles)
        try check(contracts)
        let text = (shared.map(\.text) + views.map(\.text) + contractFiles.map(\.text)).joined(separator: "\u{1}")
        let checksum = Checksum.of(text)
        do {
            return try await installOnce(contracts, checksum: checksum, afresh: false)
        } catch let error as PostgresTransactionError
            where Self.cannotBeReplaced.contains(error.postgres?.sqlState ?? "")
        {
            logger.info("views changed shape and are made afresh")
        }
        do {
            return try await installOnce(contracts, checksum: checksum, afresh: true)
        } catch let error as PostgresTransactionError where error.postgres?.sqlState == "2BP01" {
            // The detail names what stands in the way; it quotes no data.
            let dependents = error.postgres?.server?.detail ?? "the database does not say which"
            throw SchemaError(
                "a view that has to be made afresh is built upon: \(dependents). "
                    + "Drop what is built upon it, migrate, and create it again; until then nothing is changed")
        }
    }

    /// invalid_table_definition, dependent_objects_still_exist, invalid_function_definition
    private static let cannotBeReplaced: Set<String> = ["42P16", "2BP01", "42P13"]

    private func installOnce(_ contracts: [Contract], checksum: String, afresh: Bool) async throws -> Bool {
        try await pool.withTransaction { connection in
            _ = try await connection.query("select pg_advisory_xact_lock($1)", [Migrator.advisoryLock])
            try await CopySources.hold(on: connection)
            let known = try await connection.query(
                "select 1 as known from portolan.applied_views where name = 'all' and checksum = $1", [checksum])
            if !known.isEmpty {
                try await noteSources(contracts, on: connection)
                return false
            }
            if afresh { try await drop(contracts, on: connection) }
            for file in shared { try await connection.executeScript(SQL(unsafeText: file.text)) }
            for platform in platforms {
                try await connection.executeScript(SQL(unsafeText: "create schema if not exists \(platform)"))
            }
            for view in views { try await connection.executeScript(SQL(unsafeText: view.text)) }
            for contract in contracts {
                let union = UnifiedView(contract: contract, branches: try await branches(of: contract, on: connection))
                try await connection.executeScript(SQL(unsafeText: union.sql))
            }
            try await noteSources(contracts, on: connection)
            // In this transaction: what was dropped and made anew may be read by the same roles at once.
            _ = try await Grants.apply(platforms: platforms, on: connection)
            _ = try await connection.query(
                """
                insert into portolan.applied_views (name, checksum) values ('all', $1)
                on conflict (name) do update set checksum = excluded.checksum, applied_at = now()
                """, [checksum])
            return true
        }
    }

    private func noteSources(_ contracts: [Contract], on connection: PostgresConnection) async throws {
        let rows = try await connection.query(
            """
            select n.nspname || '.' || c.relname as name, a.attname::text as column
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
            where n.nspname = any ($1) and c.relkind = 'v' and a.attnum > 0 and not a.attisdropped
            """, [platforms])
        var columns: [String: Set<String>] = [:]
        for row in rows { columns[try row.decode("name"), default: []].insert(try row.decode("column")) }
        let common = shared.map(\.text).joined(separator: "\u{1}")
        try await CopySources(contracts: contracts, views: views, columns: columns, commonText: common)
            .note(on: connection)
    }

    private func branches(
        of contract: Contract, on connection: PostgresConnection
    ) async throws -> [(view: PlatformView, columns: Set<String>)] {
        var branches: [(view: PlatformView, columns: Set<String>)] = []
        for view in views where view.feeds.contains(contract.entity) {
            let rows = try await connection.query(
                """
                select a.attname::text as name, format_type(a.atttypid, null) as type
                from pg_attribute a where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
                """, [view.qualifiedName])
            var columns: Set<String> = []
            for row in rows {
                let (name, type) = try row.decode(String.self, String.self)
                guard let promised = contract.columns.first(where: { $0.name == name }) else { continue }
                guard Self.canonical(promised.type) == type else {
                    throw SchemaError(
                        "\(view.qualifiedName).\(name) is \(type); the contract of unified.\(contract.entity) says \(promised.type)"
                    )
                }
                columns.insert(name)
            }
            branches.append((view, columns))
        }
        return branches
    }

    private static func canonical(_ type: String) -> String {
        type == "timestamptz" ? "timestamp with time zone" : type
    }

    private func drop(_ contracts: [Contract], on connection: PostgresConnection) async throws {
        let names =
            contracts.map { "unified.\($0.entity)" } + views.filter(\.isView).reversed().map(\.qualifiedName)
        for name in names {
            try await connection.executeScript(SQL(unsafeText: "drop view if exists \(name)"))
        }
    }

    /// Names become identifiers in SQL text, so they are checked before anything else.
    private func check(_ contracts: [Contract]) throws(SchemaError) {
        let entities = Set(contracts.map(\.entity))
        for view in views {
            guard (view.platform + view.name).allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
            else {
                throw SchemaError("\(view.qualifiedName): names of folders and views are ASCII letters, digits and _")
            }
            for entity in view.feeds where !entities.contains(entity) {
                throw SchemaError("\(view.qualifiedName) feeds unified.\(entity), which has no contract")
            }
        }
    }
}
