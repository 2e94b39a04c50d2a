import Platforms
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("Migrating", .serialized)
struct MigratorTests {
    private func migrator(_ pool: PostgresPool, _ migrations: [EmbeddedFile] = migrationFiles) -> Migrator {
        // Functions stand on the tables of all migrations.
        let functions = migrations.map(\.name) == migrationFiles.map(\.name) ? functionFiles : []
        return Migrator(pool: pool, migrations: migrations, functions: functions, logger: TestPostgres.logger)
    }

    @Test("an empty database gets every migration, in order, and the views; a second run does nothing")
    func emptyDatabase() async throws {
        try await withPool(isMigrated: false) { pool in
            let first = try await migrator(pool).migrate()
            #expect(first.applied == migrationFiles.map(\.name) && first.functionsChanged && first.viewsChanged)
            #expect(first.applied == first.applied.sorted() && first.applied.count >= 3)
            let second = try await migrator(pool).migrate()
            #expect(second.applied.isEmpty && !second.functionsChanged && !second.viewsChanged)
        }
    }

    @Test("twenty that start at once apply each migration once, and all come through", .timeLimit(.minutes(2)))
    func twentyAtOnce() async throws {
        try await withPool(isMigrated: false, connectionsMax: 20) { pool in
            let reports = try await withThrowingTaskGroup(of: Migrator.Report.self) { group in
                for _ in 0..<20 { group.addTask { try await migrator(pool).migrate() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reports.flatMap(\.applied).sorted() == migrationFiles.map(\.name))
            #expect(reports.filter(\.functionsChanged).count == 1 && reports.filter(\.viewsChanged).count == 1)
        }
    }

    @Test("a migration that was altered after it was applied is refused, by name, and nothing is done")
    func altered() async throws {
        try await withPool(isMigrated: false) { pool in
            let made = EmbeddedFile(path: "9001_toys.sql", text: "create table public.toys (toy integer);")
            _ = try await migrator(pool, migrationFiles + [made]).migrate()
            let altered = EmbeddedFile(path: "9001_toys.sql", text: "create table public.toys (toy bigint);")
            let later = EmbeddedFile(path: "9002_more.sql", text: "create table public.more (more integer);")
            let error = await #expect(throws: SchemaError.self) {
                try await migrator(pool, migrationFiles + [altered, later]).migrate()
            }
            #expect(error?.description.contains("9001_toys.sql") == true)
            #expect(error?.description.contains("changed after it was applied") == true)
            let isMade: Bool = try await pool.query("select to_regclass('public.more') is not null")[0].decode(at: 0)
            #expect(!isMade)
        }
    }

    @Test("a migration that fails leaves nothing of itself, and can be tried again")
    func failing() async throws {
        try await withPool(isMigrated: false) { pool in
            let bad = EmbeddedFile(
                path: "9001_toys.sql",
                text: "create table public.toys (toy integer); insert into public.toys values (1 / 0);")
            let error = await #expect(throws: PostgresError.self) {
                try await migrator(pool, migrationFiles + [bad]).migrate()
            }
            #expect(error?.sqlState == "22012")
            let mended = EmbeddedFile(path: "9001_toys.sql", text: "create table public.toys (toy integer);")
            let report = try await migrator(pool, migrationFiles + [mended]).migrate()
            #expect(report.applied == ["9001_toys"])
        }
    }

    @Test("a migration without a number is refused, by name")
    func unnumbered() async throws {
        try await withPool { pool in
            let error = await #expect(throws: SchemaError.self) {
                try await migrator(pool, migrationFiles + [EmbeddedFile(path: "toys.sql", text: "select 1")]).migrate()
            }
            #expect(error?.description.contains("toys.sql") == true)
        }
    }
}
