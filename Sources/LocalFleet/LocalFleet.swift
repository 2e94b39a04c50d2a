internal import Connections
internal import Foundation
package import HTTP
package import LocalServers
package import Logging
internal import Platforms
package import Postgres
package import Sandbox
internal import Schema
internal import Synchronization

/// A whole fleet on one machine: a private Postgres and Redis, a sandbox, and the real program in its roles, each a
/// process of its own. What the demonstration, the benchmarks and the tests of whole processes stand on.
///
/// Everything it starts ends with it, also when it is killed.
package final class LocalFleet: Sendable {
    package let folder: String
    package let postgres: LocalPostgres
    package let redis: LocalRedis
    package let pool: PostgresPool
    package let http: HTTPClient
    package let sandbox: SandboxProcess
    private let masterKey: Secret
    private let executable: String
    private let logger: Logger
    private let roleCount = Mutex(0)

    /// What is started, and where.
    package struct Options: Sendable {
        /// Folder for the servers' data and everybody's logs.
        package var folder: String
        /// The `portolan` program.
        package var executable: String
        package var plan: SandboxPlan
        package var durability: LocalPostgres.Durability = .safe
        package var postgresSettings: [String: String] = [:]

        package init(folder: String, executable: String, plan: SandboxPlan) {
            self.folder = folder
            self.executable = executable
            self.plan = plan
        }
    }

    private init(
        options: Options, postgres: LocalPostgres, redis: LocalRedis, pool: PostgresPool, http: HTTPClient,
        sandbox: SandboxProcess, logger: Logger
    ) {
        folder = options.folder
        executable = options.executable
        self.postgres = postgres
        self.redis = redis
        self.pool = pool
        self.http = http
        self.sandbox = sandbox
        self.logger = logger
        masterKey = Vault.makeMasterKey()
    }

    /// Starts the servers and the sandbox and migrates a fresh database. No scheduler and no worker yet.
    ///
    /// - Throws: ``LocalServerError`` and others that say what is missing on this machine.
    package static func start(_ options: Options, logger: Logger) async throws -> LocalFleet {
        try FileManager.default.createDirectory(atPath: options.folder, withIntermediateDirectories: true)
        let postgres = try await LocalPostgres.start(
            in: options.folder + "/postgres", database: "portolan",
            settings: options.postgresSettings.merging(["max_connections": "200"]) { given, _ in given },
            durability: options.durability, logger: logger)
        let redis = try await LocalRedis.start(in: options.folder + "/redis", logger: logger)
        try await recreateDatabase(postgres, logger: logger)
        var limits = PostgresPool.Limits()
        limits.connectionsMax = 4
        let pool = PostgresPool(try PostgresConfiguration(url: postgres.url), limits: limits, logger: logger)
        _ = try await Migrator(pool: pool, logger: logger).migrate()
        let http = try HTTPClient(HTTPClientConfiguration())
        let sandbox = try await SandboxProcess.start(
            executable: options.executable, plan: options.plan, folder: options.folder, http: http)
        return LocalFleet(
            options: options, postgres: postgres, redis: redis, pool: pool, http: http, sandbox: sandbox, logger: logger
        )
    }

    /// A folder that was used before holds yesterday's data: every start begins empty.
    private static func recreateDatabase(_ postgres: LocalPostgres, logger: Logger) async throws {
        let pool = PostgresPool(
            try PostgresConfiguration(url: postgres.url(database: "postgres")), limits: .init(), logger: logger)
        try await pool.query("drop database if exists portolan with (force)")
        try await pool.query("create database portolan")
        try await pool.query("alter database portolan set jit = off")
        await pool.shutdown(within: .seconds(2))
    }

    /// Adds a connection for every store of the sandbox, named after platform and store.
    ///
    /// - Parameter limitFactor: how many times what the platform declares each connection is allowed, where the stores
    ///   allow it, too: nobody waits in a demonstration for what a platform gives in hours.
    /// - Parameter recent: how far back the first reads go; a backfill reads what was before. Nil: all of it at once.
    package func connectStores(
        limitFactor: Double? = nil, recent: Duration? = nil, _ isWanted: (SandboxProcess.Store) -> Bool = { _ in true }
    ) async throws {
        let connections = ConnectionStore(pool: pool, vault: try Vault(masterKey: masterKey))
        for store in try await sandbox.stores() where isWanted(store) {
            guard let platform = allPlatforms.first(where: { $0.key == store.platform }) else { continue }
            try await connections.add(
                platform: platform, name: "\(store.platform)-\(store.name)", baseURL: store.baseURL,
                settings: Self.endpointSettings(platform, at: store.baseURL),
                credentials: store.credentials.mapValues(Secret.init), recent: recent)
            guard let limitFactor else { continue }
            try await pool.query(
                "update portolan.connections set limits = $1 where name = $2",
                [
                    PostgresJSON(LimitOverrides(scaling: platform.buckets, by: limitFactor).json),
                    "\(store.platform)-\(store.name)",
                ])
        }
    }

    /// A simulated merchant answers to the examples of its platform's settings, and has its token endpoint below its own
    /// address.
    private static func endpointSettings(_ platform: any Platform, at baseURL: String) -> [String: String] {
        let said = platform.settings.filter { $0.standard == nil }.map { ($0.name, $0.example) }
        var settings = Dictionary(said) { first, _ in first }
        for method in platform.authentication.methods {
            guard case .overridable(let url, let name)? = method.grant?.endpoint, let path = URL(string: url)?.path
            else { continue }
            settings[name] = baseURL + path
        }
        return settings
    }

    /// Adds a connection to any server, e.g. one that is not ours.
    package func connect(
        platform key: String, name: String, baseURL: String, settings: [String: String] = [:],
        credentials: [String: String]
    ) async throws {
        guard let platform = allPlatforms.first(where: { $0.key == key }) else { return }
        let connections = ConnectionStore(pool: pool, vault: try Vault(masterKey: masterKey))
        try await connections.add(
            platform: platform, name: name, baseURL: baseURL, settings: settings,
            credentials: credentials.mapValues(Secret.init))
    }

    package func startScheduler() async throws -> ChildProcess {
        try await startRole("scheduler", [])
    }

    package func startWorker(slots: Int = 8, beatTTL: Int = 20) async throws -> ChildProcess {
        try await startRole(
            "worker", ["--slots", "\(slots)", "--beat-ttl", "\(beatTTL)", "--allow-address", "127.0.0.0/8"])
    }

    private func startRole(_ role: String, _ arguments: [String]) async throws -> ChildProcess {
        let number = roleCount.withLock { count in
            count += 1
            return count
        }
        return try await ChildProcess.start(
            Command(
                executable, [role] + arguments, environment: environment,
                output: .file("\(folder)/\(role)-\(number).log")))
    }

    /// What a process of the fleet needs to know, and what to type next is run with.
    package var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PORTOLAN_") }
        environment["PORTOLAN_LOG_LEVEL"] = ProcessInfo.processInfo.environment["PORTOLAN_LOG_LEVEL"]
        environment["PORTOLAN_DATABASE_URL"] = postgres.url
        environment["PORTOLAN_REDIS_URL"] = redis.url
        environment["PORTOLAN_MASTER_KEY"] = masterKey.reveal()
        return environment
    }

    /// Stops the servers and the sandbox. Roles started by this fleet are the caller's to stop before.
    package func stop() async {
        await pool.shutdown(within: .seconds(1))
        sandbox.process.kill(SIGTERM)
        _ = await sandbox.process.waitForExit(within: .seconds(3))
        await http.shutdown(within: .seconds(1))
        await redis.stop()
        await postgres.stop(.fast)
    }
}
