internal import Foundation
internal import LocalServers
internal import Logging
internal import Postgres

/// One real scheduler over a database: what it needs while nothing is due, and once ten thousand streams were.
struct SchedulerProcess {
    let pool: PostgresPool
    let url: String
    let folder: String
    let logger: Logger

    struct Figures {
        var megabytes = 0.0
        var queriesPerSecond = 0.0
        var cpuPercent = 0.0
        var serverPercent = 0.0
    }

    private static let idleSeconds = 60

    func measure() async throws -> Figures {
        // Nothing is due while it is watched.
        try await pool.query(
            """
            update portolan.streams set next_due_at = next_due_at + interval '2 hours'
            where urgency = 1 and next_due_at < now() + interval '1 hour'
            """)
        let redis = try await LocalRedis.start(in: folder + "/redis", logger: logger)
        var environment = ProcessInfo.processInfo.environment
        environment["PORTOLAN_DATABASE_URL"] = url
        environment["PORTOLAN_REDIS_URL"] = redis.url
        let process = try await ChildProcess.start(
            Command(
                Environment.executablePath, ["scheduler"], environment: environment,
                output: .file("\(folder)/scheduler.log")))
        do {
            let figures = try await watch(process)
            process.kill(SIGTERM)
            _ = await process.waitForExit(within: .seconds(10))
            await redis.stop()
            return figures
        } catch {
            process.kill(SIGKILL)
            await redis.stop()
            throw error
        }
    }

    private func watch(_ process: ChildProcess) async throws -> Figures {
        // Its first ticks and its first maintenance are over.
        try await Task.sleep(for: .seconds(15))
        var figures = Figures()
        let before = try await counters(process)
        try await Task.sleep(for: .seconds(Self.idleSeconds))
        let after = try await counters(process)
        let seconds = after.at - before.at
        // One of the queries was ours.
        figures.queriesPerSecond = max(0, after.queries - before.queries - 1) / seconds
        figures.cpuPercent = 100 * (after.cpu - before.cpu) / seconds
        figures.serverPercent = 100 * (after.serverCPU - before.serverCPU) / seconds
        try await pool.query(
            """
            update portolan.streams set next_due_at = now() where resource = 'orders'
              and connection_id % (select max(connection_id) / 10000 from portolan.connections) = 0
            """)
        while try await pool.query("select count(*) < 10000 from portolan.jobs")[0].decode(at: 0) {
            try await Task.sleep(for: .milliseconds(50))
        }
        figures.megabytes = Double(ProcessUsage.peakResidentBytes(of: process.processID)) / 1e6
        return figures
    }

    private func counters(
        _ process: ChildProcess
    ) async throws -> (at: Double, queries: Double, cpu: Double, serverCPU: Double) {
        let row = try await pool.query(
            """
            select extract(epoch from clock_timestamp())::float8,
                   (select xact_commit + xact_rollback from pg_stat_database where datname = current_database())::float8,
                   array(select pid from pg_stat_activity where application_name = 'portolan scheduler')
            """)[0]
        let (at, queries, servers) = try row.decode(Double.self, Double.self, [Int32].self)
        return (
            at, queries, ProcessUsage.cpuSeconds(of: process.processID),
            servers.map(ProcessUsage.cpuSeconds(of:)).reduce(0, +)
        )
    }
}
