internal import Foundation
internal import Jobs
internal import LocalServers
internal import Logging
internal import Postgres
internal import Redis
internal import Worker

/// The verb `work`: a worker like any other, with its defaults, whose jobs do next to nothing.
struct DriverWork {
    let driver: DriverSettings
    let processes: Int

    func run() async throws {
        let (url, server) = try await DriverRedis.urlForWork(driver)
        if processes == 1 {
            try await work(redisURL: url)
        } else {
            try await startProcesses(redisURL: url)
        }
        await server?.stop()
        if server != nil { DriverRedis.forget(driver) }
    }

    private func work(redisURL: String) async throws {
        let pool = try driver.pool(connectionsMax: 4)
        let redis = RedisClient(try RedisConfiguration(url: redisURL), logger: driver.logger)
        let counter = try Environment.value("COUNTER").map(SharedCounter.init)
        let latencies = try Environment.value("LATFILE").map(LatencyFile.init)
        let worker = WorkerService(
            on: WorkerService.Ground(postgres: try PostgresConfiguration(url: driver.dsn), pool: pool, redis: redis),
            platforms: [BenchJobs.platform], host: Environment.hostName, version: Build.version, logger: driver.logger
        ) { _ in [BenchJobs.kind: TrivialHandler(counter: counter, latencies: latencies)] }
        try await RoleRunner.run(worker, logger: driver.logger)
        await redis.shutdown()
        await pool.shutdown(within: .seconds(2))
    }

    /// As many processes as asked for, each with the one Redis; SIGTERM is passed on.
    private func startProcesses(redisURL: String) async throws {
        var environment = ProcessInfo.processInfo.environment
        environment["WORKERS"] = "1"
        environment["PORTOLAN_REDIS_URL"] = redisURL
        var children: [ChildProcess] = []
        for _ in 0..<processes {
            let command = Command(Environment.executablePath, ["bench", "driver", "work"], environment: environment)
            children.append(try await ChildProcess.start(command))
        }
        try await RoleRunner.run(ProcessGroup(children: children), logger: driver.logger)
    }
}

/// Counts, and notes how long the job took from its enqueue to here.
private struct TrivialHandler: JobHandler {
    let counter: SharedCounter?
    let latencies: LatencyFile?

    var newestVersion: Int { 1 }

    func run(_ job: LeasedJob) async -> Ran {
        if let latencies, let time = Self.time(in: job.arguments), time != 0 {
            latencies.append(WallClock.nanoseconds - time)
        }
        counter?.increment()
        return .ended(.done)
    }

    /// The number behind `"t":`, without a parser: the arguments are the driver's own.
    private static func time(in arguments: String) -> Int64? {
        guard let key = arguments.range(of: "\"t\":") else { return nil }
        return Int64(arguments[key.upperBound...].drop { $0 == " " }.prefix { $0.isNumber })
    }
}

/// A file that many processes append numbers to, a line each.
private struct LatencyFile: Sendable {
    private let file: Int32

    init(path: String) throws {
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SettingsError("LATFILE names \(path), which cannot be opened for writing") }
    }

    func append(_ nanoseconds: Int64) {
        let line = Array("\(nanoseconds)\n".utf8)
        _ = write(file, line, line.count)
    }
}
