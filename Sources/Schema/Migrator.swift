internal import Crypto
package import Logging
package import Platforms
package import Postgres

/// Brings a database to the schema this program was built with: numbered migrations once each, then the functions and
/// the views, which are made anew whenever their text has changed, and last the rights of the roles.
///
/// Forward only. A file that was applied never changes: its checksum is kept and compared. Safe when twenty
/// start at once: each migration runs in a transaction of its own that first takes one advisory lock for the
/// whole database, and looks again under it.
package struct Migrator: Sendable {
    private let pool: PostgresPool
    private let migrations: [EmbeddedFile]
    private let functions: [EmbeddedFile]
    private let logger: Logger

    /// Any number will do as long as it never changes: two versions of the program must exclude each other.
    static let advisoryLock: Int64 = 7_067_846_579_117_010

    package init(
        pool: PostgresPool, migrations: [EmbeddedFile] = migrationFiles, functions: [EmbeddedFile] = functionFiles,
        logger: Logger
    ) {
        self.pool = pool
        self.migrations = migrations
        self.functions = functions
        self.logger = logger
    }

    /// Names of the migrations that were applied by this call, in order, and what was re-applied.
    package struct Report: Sendable {
        package var applied: [String] = []
        package var functionsChanged = false
        package var viewsChanged = false
        /// Owners and rights that were put right at the end.
        package var grantsChanged = 0
        /// Group roles that the cluster lacks and the migrating user may not make: without them nothing is granted.
        package var missingRoles: [String] = []
    }

    /// - Throws: ``SchemaError`` for what is wrong with a file or with what the database holds already;
    ///   ``PostgresError`` when the database refuses or is lost.
    package func migrate() async throws -> Report {
        do {
            return try await migrateAll()
        } catch let error as PostgresTransactionError {
            // What a person has to read is what happened inside the transaction.
            throw error.body ?? error.postgres ?? error
        }
    }

    private func migrateAll() async throws -> Report {
        var report = Report()
        try await prepare()
        for migration in migrations where try await apply(migration) {
            logger.debug("migration applied", metadata: ["name": "\(migration.name)"])
            report.applied.append(migration.name)
        }
        report.functionsChanged = try await applyFunctions()
        let views = ViewInstaller(pool: pool, logger: logger)
        report.viewsChanged = try await views.install()
        (report.grantsChanged, report.missingRoles) = try await pool.withTransaction { connection in
            _ = try await connection.query("select pg_advisory_xact_lock($1)", [Self.advisoryLock])
            return (
                try await Grants.apply(platforms: views.platforms, on: connection),
                try await Grants.missingRoles(on: connection)
            )
        }
        return report
    }

    private func prepare() async throws {
        try await pool.withTransaction { connection in
            _ = try await connection.query("select pg_advisory_xact_lock($1)", [Self.advisoryLock])
            try await connection.executeScript(SQL(Self.bookkeeping))
        }
    }

    private static let bookkeeping: StaticString = """
        create schema if not exists portolan;
        create table if not exists portolan.migrations (
          version    integer primary key,
          name       text not null,
          checksum   text not null,
          applied_at timestamptz not null default now()
        );
        comment on table portolan.migrations is 'Which numbered migrations this database has had.';
        comment on column portolan.migrations.version is 'The number its name begins with.';
        comment on column portolan.migrations.name is 'Name of the file.';
        comment on column portolan.migrations.checksum is 'SHA-256 of the text that was applied; an applied file never changes.';
        comment on column portolan.migrations.applied_at is 'When it was applied.';
        create table if not exists portolan.applied_views (
          name       text primary key,
          checksum   text not null,
          applied_at timestamptz not null default now()
        );
        comment on table portolan.applied_views is 'Which text the functions and the managed views were last made from.';
        comment on column portolan.applied_views.name is 'What was applied: functions, or all for the views.';
        comment on column portolan.applied_views.checksum is 'SHA-256 of the texts.';
        comment on column portolan.applied_views.applied_at is 'When they were last applied.';
        """

    /// True when it was applied now, false when it had been.
    private func apply(_ migration: EmbeddedFile) async throws -> Bool {
        guard let version = Int32(migration.name.prefix { $0.isNumber }) else {
            throw SchemaError("\(migration.path): a migration's name begins with its number, e.g. 0004_indexes.sql")
        }
        let checksum = Checksum.of(migration.text)
        return try await pool.withTransaction { connection in
            _ = try await connection.query("select pg_advisory_xact_lock($1)", [Self.advisoryLock])
            let known = try await connection.query(
                "select checksum from portolan.migrations where version = $1", [version])
            if let row = known.first {
                guard try row.decode("checksum", as: String.self) == checksum else {
                    throw SchemaError(
                        "\(migration.path) was changed after it was applied to this database; "
                            + "put it back as it was and write the change as a new migration")
                }
                return false
            }
            try await connection.executeScript(SQL(unsafeText: migration.text))
            _ = try await connection.query(
                "insert into portolan.migrations (version, name, checksum) values ($1, $2, $3)",
                [version, migration.name, checksum])
            return true
        }
    }
}

extension Migrator {
    /// Replaces all functions in one transaction when the text of one has changed: true then. Who is in the middle of a
    /// call finishes it with the old text.
    private func applyFunctions() async throws -> Bool {
        if functions.isEmpty { return false }
        let checksum = Checksum.of(functions.map(\.text).joined(separator: "\u{1}"))
        return try await pool.withTransaction { connection in
            _ = try await connection.query("select pg_advisory_xact_lock($1)", [Self.advisoryLock])
            let known = try await connection.query(
                "select 1 as known from portolan.applied_views where name = 'functions' and checksum = $1", [checksum])
            if !known.isEmpty { return false }
            for file in functions { try await connection.executeScript(SQL(unsafeText: file.text)) }
            _ = try await connection.query(
                """
                insert into portolan.applied_views (name, checksum) values ('functions', $1)
                on conflict (name) do update set checksum = excluded.checksum, applied_at = now()
                """, [checksum])
            return true
        }
    }
}

/// SHA-256 of a text, in hexadecimal.
enum Checksum {
    static func of(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
