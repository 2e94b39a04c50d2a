internal import ArgumentParser
internal import Foundation
internal import Jobs
internal import Logging
internal import Postgres
internal import Redis
internal import Schema

/// Portolan's queue under any harness that drives queues by commands: each verb is configured by the environment only.
struct DriverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "driver", abstract: "The queue under a foreign harness, which compares it with others.",
        discussion: """
            Configured by the environment: PEER_DSN; N, BATCH (enqueue, trickle); WORKERS, COUNTER, LATFILE (work).
            Hints go over PORTOLAN_REDIS_URL; without it `work` starts a Redis of its own and the other verbs find it.
            """,
        subcommands: [Migrate.self, Enqueue.self, Work.self, Trickle.self])

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes the schema, the kind and 1,000 connections.")

        func run() async throws {
            let driver = try DriverSettings()
            let pool = try driver.pool(connectionsMax: 1)
            _ = try await Migrator(pool: pool, logger: driver.logger).migrate()
            try await BenchJobs.prepare(pool, connections: BenchJobs.connectionCount)
            await pool.shutdown(within: .seconds(2))
        }
    }

    struct Enqueue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Enqueues N trivial jobs, BATCH at a time.")

        func run() async throws {
            let driver = try DriverSettings()
            let (count, batch) = (try driver.number("N", default: 1000), try driver.number("BATCH", default: 1000))
            let pool = try driver.pool(connectionsMax: 1)
            let connections = try await BenchJobs.connections(pool)
            let start = ContinuousClock.now
            try await BenchJobs.enqueue(count, batch: batch, connections: connections, queue: PostgresQueue(pool: pool))
            let seconds = start.duration(to: .now).seconds
            await DriverRedis.publish(driver)
            print("{\"n\": \(count), \"s\": \(seconds)}")
            await pool.shutdown(within: .seconds(2))
        }
    }

    struct Work: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Runs jobs in WORKERS processes until SIGTERM.")

        func run() async throws {
            let driver = try DriverSettings()
            try await DriverWork(driver: driver, processes: try driver.number("WORKERS", default: 1)).run()
        }
    }

    struct Trickle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Enqueues N single jobs, 100 to 150 ms apart.")

        func run() async throws {
            let driver = try DriverSettings()
            let pool = try driver.pool(connectionsMax: 1)
            let connections = try await BenchJobs.connections(pool)
            try await BenchJobs.trickle(
                try driver.number("N", default: 100), connections: connections, queue: PostgresQueue(pool: pool),
                redis: await DriverRedis.existing(driver))
            await pool.shutdown(within: .seconds(2))
        }
    }
}

/// What the harness says in the environment.
struct DriverSettings: Sendable {
    let dsn: String
    let logger: Logger

    init() throws {
        guard let dsn = Environment.value("PEER_DSN") else {
            throw SettingsError("no database: set PEER_DSN, e.g. postgresql://me@127.0.0.1/bench")
        }
        self.dsn = dsn
        var options = LogOptions()
        options.level = nil
        logger = try options.logger("portolan.driver")
    }

    func number(_ name: String, default standard: Int) throws -> Int {
        guard let text = Environment.value(name) else { return standard }
        guard let number = Int(text), number > 0 else {
            throw SettingsError("\(name) is a number above 0, not `\(text)`")
        }
        return number
    }

    func pool(connectionsMax: Int) throws -> PostgresPool {
        var limits = PostgresPool.Limits()
        limits.connectionsMax = connectionsMax
        return PostgresPool(try PostgresConfiguration(url: dsn), limits: limits, logger: logger)
    }
}
