internal import Foundation
internal import LocalServers
internal import Logging
internal import Postgres
internal import Schema

/// What scheduling costs and what it is worth: finding what is due among many streams, one real scheduler over them,
/// adaptive cadence against fixed intervals, and the hours after an outage.
struct ScheduleBench {
    let folder: String
    let connections: Int
    let streams: Int
    let seed: Int
    let parts: Set<Part>
    let logger: Logger

    enum Part: String, CaseIterable { case due, adaptive, outage }

    func run() async throws -> BenchReport {
        let folder = folder + "-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let postgres = try await LocalPostgres.start(in: folder + "/postgres", database: "postgres", logger: logger)
        do {
            let report = try await measure(postgres, folder)
            await postgres.stop(.fast)
            return report
        } catch {
            await postgres.stop(.fast)
            throw error
        }
    }

    private func measure(_ postgres: LocalPostgres, _ folder: String) async throws -> BenchReport {
        var figures: [BenchReport.Figure] = []
        if parts.contains(.due) {
            let few = try await withDatabase("few", on: postgres) { pool in
                tell("10,000 streams, all due")
                let due = DueBench(pool: pool)
                try await due.fill(connections: DueBench.dueCount, resources: ["orders"])
                return try await due.measure()
            }
            let (many, scheduler) = try await withDatabase("many", on: postgres) {
                pool -> (DueBench.Figures, SchedulerProcess.Figures) in
                tell("\(4 * connections) streams")
                let due = DueBench(pool: pool)
                try await due.fill(
                    connections: connections, resources: ["orders", "products", "customers", "refunds"])
                let many = try await due.measure()
                tell("a scheduler")
                let process = SchedulerProcess(
                    pool: pool, url: postgres.url(database: "many"), folder: folder, logger: logger)
                return (many, try await process.measure())
            }
            figures += [
                .init("due_10k_of_1m_ms", many.milliseconds, "ms", floor: many.floor, aim: "as due_10k_of_10k_ms"),
                .init("due_10k_of_10k_ms", few.milliseconds, "ms", floor: few.floor),
                .init(
                    "due_1m_to_10k", many.milliseconds / few.milliseconds, "times", floor: many.floor / few.floor,
                    aim: "as its floor"),
                .init("rss_mb", scheduler.megabytes, "MB"),
                .init("idle_queries_per_s", scheduler.queriesPerSecond, "queries/s"),
                .init("idle_cpu_percent", scheduler.cpuPercent, "%"),
                .init("idle_server_cpu_percent", scheduler.serverPercent, "%"),
            ]
        }
        if parts.contains(.adaptive) {
            figures += try await withDatabase("adaptive", on: postgres) { pool in
                tell("adaptive and fixed cadence, \(streams) streams")
                return try await CadenceSimulation(pool: pool, streams: streams, seed: seed).run()
            }
        }
        if parts.contains(.outage) {
            figures += try await withDatabase("outage", on: postgres) { pool in
                tell("three hours without a scheduler")
                return try await OutageSimulation(pool: pool).run()
            }
        }
        return BenchReport(
            bench: "schedule",
            conditions: [
                "postgres": await version(postgres), "connections": "\(connections)", "simulated": "\(streams) streams",
                "seed": "\(seed)", "cores": "\(ProcessInfo.processInfo.activeProcessorCount)", "build": Build.mode,
            ], figures: figures)
    }

    private func tell(_ text: String) { FileHandle.standardError.write(Data("schedule: \(text)\n".utf8)) }

    private func version(_ postgres: LocalPostgres) async -> String {
        guard let configuration = try? PostgresConfiguration(url: postgres.url(database: "postgres")) else { return "" }
        let pool = PostgresPool(configuration, limits: .init(), logger: logger)
        let version: String? = try? await pool.query("select current_setting('server_version')")[0].decode(at: 0)
        await pool.shutdown(within: .seconds(2))
        return version ?? ""
    }

    /// A migrated database of its own, through one connection: simulated clocks are the session's.
    private func withDatabase<R>(
        _ name: String, on postgres: LocalPostgres, _ body: (PostgresPool) async throws -> R
    ) async throws -> R {
        let admin = PostgresPool(
            try PostgresConfiguration(url: postgres.url(database: "postgres")), limits: .init(), logger: logger)
        try await admin.query(SQL(unsafeText: "create database \(name)"))
        await admin.shutdown(within: .seconds(2))
        var configuration = try PostgresConfiguration(url: postgres.url(database: name))
        configuration.statementTimeLimit = .seconds(3600)
        var limits = PostgresPool.Limits()
        limits.connectionsMax = 1
        let pool = PostgresPool(configuration, limits: limits, logger: logger)
        do {
            _ = try await Migrator(pool: pool, logger: logger).migrate()
            let result = try await body(pool)
            await pool.shutdown(within: .seconds(2))
            return result
        } catch {
            await pool.shutdown(within: .seconds(2))
            throw error
        }
    }
}
