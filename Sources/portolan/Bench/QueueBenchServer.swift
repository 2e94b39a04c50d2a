internal import Foundation
internal import LocalServers
internal import Logging
internal import Postgres
internal import Schema

/// The private servers of a queue benchmark, with PostgreSQL's own defaults, and what work costs them.
struct QueueBenchServer: Sendable {
    let folder: String
    let postgres: LocalPostgres
    let redis: LocalRedis
    let logger: Logger

    static func start(in folder: String, logger: Logger) async throws -> QueueBenchServer {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let postgres = try await LocalPostgres.start(
            in: folder + "/postgres", database: "postgres", settings: ["max_connections": "200"], logger: logger)
        let redis = try await LocalRedis.start(in: folder + "/redis", logger: logger)
        return QueueBenchServer(folder: folder, postgres: postgres, redis: redis, logger: logger)
    }

    func stop() async {
        await redis.stop()
        await postgres.stop(.fast)
    }

    var databaseURL: String { postgres.url(database: "queue") }

    /// An empty queue with its connections.
    func freshQueue(connections: Int) async throws -> PostgresPool {
        let admin = try pool("postgres", connectionsMax: 1)
        try await admin.query("drop database if exists queue with (force)")
        try await admin.query("create database queue")
        await admin.shutdown(within: .seconds(2))
        let pool = try pool("queue", connectionsMax: 8)
        _ = try await Migrator(pool: pool, logger: logger).migrate()
        try await BenchJobs.prepare(pool, connections: connections)
        return pool
    }

    private func pool(_ database: String, connectionsMax: Int) throws -> PostgresPool {
        var limits = PostgresPool.Limits()
        limits.connectionsMax = connectionsMax
        var configuration = try PostgresConfiguration(url: postgres.url(database: database))
        configuration.statementTimeLimit = .seconds(900)
        return PostgresPool(configuration, limits: limits, logger: logger)
    }

    /// What a stretch of work took.
    struct Usage {
        var seconds = 0.0
        var serverCPU = 0.0
        var walBytes = 0.0
        var commits = 0.0
    }

    /// Measures `body` from a fresh checkpoint on.
    func measure(_ pool: PostgresPool, _ body: () async throws -> Void) async throws -> Usage {
        try await pool.query("checkpoint")
        let before = try await counters(pool)
        let start = ContinuousClock.now
        try await body()
        let seconds = start.duration(to: .now).seconds
        // Sessions that have just ended hand their CPU time over to the server's when it notices.
        try await Task.sleep(for: .milliseconds(500))
        let after = try await counters(pool)
        return Usage(
            seconds: seconds, serverCPU: after.cpu - before.cpu, walBytes: after.wal - before.wal,
            commits: after.commits - before.commits)
    }

    private func counters(_ pool: PostgresPool) async throws -> (cpu: Double, wal: Double, commits: Double) {
        let row = try await pool.query(
            """
            select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8,
                   (select sum(xact_commit)::float8 from pg_stat_database)
            """)[0]
        let server = await postgres.processID ?? 0
        return (
            ProcessUsage.cpuSeconds(ofChildrenOf: server), try row.decode(at: 0, as: Double.self),
            try row.decode(at: 1, as: Double.self)
        )
    }

    /// Starts processes that work as the driver's do, and waits until `isOver`.
    ///
    /// - Returns: seconds from the first job run until it is over, and the workers' CPU seconds.
    func work(
        processes: Int, hints: Bool = true, latencies: String? = nil, until isOver: () async throws -> Bool
    ) async throws -> (seconds: Double, workerCPU: Double) {
        let counterPath = folder + "/counter"
        try Data(count: 8).write(to: URL(filePath: counterPath))
        let counter = try SharedCounter(path: counterPath)
        var environment = ProcessInfo.processInfo.environment
        environment["PEER_DSN"] = databaseURL
        environment["COUNTER"] = counterPath
        environment["LATFILE"] = latencies
        environment["WORKERS"] = "1"
        environment["PORTOLAN_REDIS_URL"] = redis.url
        var children: [ChildProcess] = []
        for number in 0..<processes {
            children.append(
                try await ChildProcess.start(
                    Command(
                        Environment.executablePath, ["bench", "driver", "work"], environment: environment,
                        output: .file("\(folder)/worker-\(number).log"))))
        }
        while counter.value == 0, latencies == nil { try await Task.sleep(for: .milliseconds(1)) }
        let start = ContinuousClock.now
        while try await !isOver() { try await Task.sleep(for: .milliseconds(5)) }
        let seconds = start.duration(to: .now).seconds
        let cpu = children.map { ProcessUsage.cpuSeconds(of: $0.processID) }.reduce(0, +)
        for child in children { child.kill(SIGTERM) }
        for child in children { _ = await child.waitForExit(within: .seconds(10)) }
        return (seconds, cpu)
    }
}

extension ProcessUsage {
    /// CPU seconds of a process's children, those that have ended included.
    static func cpuSeconds(ofChildrenOf parent: Int32) -> Double {
        var ticks = (fields(of: parent).map { ($0[safe: 13] ?? 0) + ($0[safe: 14] ?? 0) }) ?? 0
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let child = Int32(name), let fields = fields(of: child), fields[safe: 1] == Double(parent) else {
                continue
            }
            ticks += (fields[safe: 11] ?? 0) + (fields[safe: 12] ?? 0)
        }
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The fields of `/proc/PID/stat` behind the name, as numbers: 1 is the parent, 11 and 12 the CPU ticks of user and
    /// system, 13 and 14 those of ended children.
    private static func fields(of process: Int32) -> [Double]? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].split(separator: " ").map { Double($0) ?? 0 }
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
