internal import Foundation
package import LocalServers
package import Logging
package import Postgres
internal import Schema
internal import Synchronization

/// A private Postgres for one test process: started at first use, gone with the process.
///
/// Every test gets a database of its own, made in milliseconds from a migrated template.
package actor TestPostgres {
    package static let shared = TestPostgres()

    private var starting: Task<LocalPostgres, any Error>?
    private var isTemplateMade: Task<Void, any Error>?
    private var databaseCount = 0

    package static let logger: Logger = {
        var logger = Logger(label: "tests") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return logger
    }()

    /// The running server.
    package func server() async throws -> LocalPostgres {
        if let starting { return try await starting.value }
        Self.removeStaleFolders()
        let task = Task {
            try await LocalPostgres.start(
                in: Self.folderPrefix + "\(getpid())", database: "postgres",
                settings: ["max_connections": "300", "shared_buffers": "64MB"], durability: .fast,
                logger: Self.logger)
        }
        starting = task
        return try await task.value
    }

    private static let folderPrefix = "/tmp/portolan-tests-"

    /// A test process that ends takes its server along, and leaves its folder to the next one.
    private static func removeStaleFolders() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] {
            let path = "/tmp/" + name
            guard path.hasPrefix(folderPrefix), let process = Int32(path.dropFirst(folderPrefix.count)),
                kill(process, 0) != 0
            else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// Databases are dropped when their test is over: what a run leaves behind stays small.
    package func drop(_ url: String) async throws {
        guard let name = url.firstRange(of: "test_").map({ url[$0.lowerBound...].prefix { $0 != "?" } }) else { return }
        let server = try await server()
        let pool = PostgresPool(
            try PostgresConfiguration(url: server.url(database: "postgres")), limits: .init(), logger: Self.logger)
        try await pool.query(SQL(unsafeText: "drop database if exists \(name) with (force)"))
        await pool.shutdown(within: .seconds(2))
    }

    /// A fresh database with the whole schema; empty when `isMigrated` is false.
    package func makeDatabase(isMigrated: Bool = true) async throws -> String {
        let server = try await server()
        if isMigrated { try await makeTemplate(on: server) }
        databaseCount += 1
        let name = "test_\(databaseCount)"
        let pool = PostgresPool(
            try PostgresConfiguration(url: server.url(database: "postgres")), limits: .init(), logger: Self.logger)
        try await pool.query(
            SQL(unsafeText: "create database \(name)" + (isMigrated ? " template portolan_template" : "")))
        await pool.shutdown(within: .seconds(2))
        return server.url(database: name)
    }

    private func makeTemplate(on server: LocalPostgres) async throws {
        if let isTemplateMade { return try await isTemplateMade.value }
        let task = Task {
            let admin = PostgresPool(
                try PostgresConfiguration(url: server.url(database: "postgres")), limits: .init(), logger: Self.logger)
            try await admin.query("create database portolan_template")
            await admin.shutdown(within: .seconds(2))
            let pool = PostgresPool(
                try PostgresConfiguration(url: server.url(database: "portolan_template")), limits: .init(),
                logger: Self.logger)
            _ = try await Migrator(pool: pool, logger: Self.logger).migrate()
            await pool.shutdown(within: .seconds(2))
        }
        isTemplateMade = task
        try await task.value
    }
}

/// Runs `body` with a pool on a fresh database.
package func withDatabase<R>(
    isMigrated: Bool = true, connectionsMax: Int = 8, _ body: (PostgresPool, PostgresConfiguration) async throws -> R
) async throws -> R {
    let url = try await TestPostgres.shared.makeDatabase(isMigrated: isMigrated)
    let configuration = try PostgresConfiguration(url: url)
    var limits = PostgresPool.Limits()
    limits.connectionsMax = connectionsMax
    let pool = PostgresPool(configuration, limits: limits, logger: TestPostgres.logger)
    do {
        let result = try await body(pool, configuration)
        await pool.shutdown(within: .seconds(2))
        try await TestPostgres.shared.drop(url)
        return result
    } catch {
        await pool.shutdown(within: .seconds(2))
        try? await TestPostgres.shared.drop(url)
        throw error
    }
}

/// Where things stand on this machine.
package enum Places {
    /// The package's own folder.
    package static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The `portolan` program that was built together with these tests.
    package static var executable: String {
        var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        // Run by the test runner, this process is a helper in the toolchain: the bundle's folder is then in the arguments.
        if !FileManager.default.fileExists(atPath: folder.appending(path: "portolan").path),
            let bundle = CommandLine.arguments.first(where: { $0.hasSuffix(".xctest") })
        {
            folder = URL(filePath: bundle).deletingLastPathComponent()
        }
        return folder.appending(path: "portolan").path
    }
}
