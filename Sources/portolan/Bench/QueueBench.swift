internal import Foundation
internal import Jobs
internal import LocalServers
internal import Logging
internal import Postgres
internal import Redis
internal import Worker

/// The queue's speed: worker processes with their defaults, whose jobs do next to nothing, beside the floor of the same
/// run.
struct QueueBench {
    let folder: String
    let jobs: Int
    /// Jobs that wait behind the one that runs, of the hot connection.
    let waiting: Int
    /// Jobs that have ended before anything is measured.
    let history: Int
    let pinnedSeconds: Int
    /// Over how many connections the load comes meanwhile.
    let pinnedConnections: Int
    let parts: Set<Part>
    /// How many worker processes, one measurement each; nil: those of the figures that are published.
    let processes: [Int]?
    let logger: Logger

    enum Part: String, CaseIterable { case hotKey = "hot-key", drain, pickup, pinned, enqueue }

    func run() async throws -> BenchReport {
        let server = try await QueueBenchServer.start(in: folder, logger: logger)
        do {
            var figures: [BenchReport.Figure] = []
            if parts.contains(.hotKey) { figures += try await hotKey(server) }
            if parts.contains(.drain) { figures += try await drain(server) }
            if parts.contains(.pickup) { figures += try await pickUp(server) }
            if parts.contains(.pinned) { figures += try await pinned(server) }
            if parts.contains(.enqueue) { figures += try await enqueue(server) }
            let report = BenchReport(bench: "queue", conditions: try await conditions(server), figures: figures)
            await server.stop()
            return report
        } catch {
            await server.stop()
            throw error
        }
    }

    private func tell(_ text: String) { FileHandle.standardError.write(Data("queue: \(text)\n".utf8)) }

    // MARK: Our own work

    private func hotKey(_ server: QueueBenchServer) async throws -> [BenchReport.Figure] {
        var figures: [BenchReport.Figure] = []
        for processes in self.processes ?? [1, 2, 8] {
            tell("a hot key, \(processes) processes")
            let pool = try await server.freshQueue(connections: 1001)
            let queue = PostgresQueue(pool: pool)
            let connections = try await BenchJobs.connections(pool)
            let hot = connections[0]
            try await fillHistory(pool, connection: hot)
            try await fillHotLane(pool, connection: hot)
            try await BenchJobs.enqueue(jobs, batch: 1000, connections: Array(connections.dropFirst()), queue: queue)
            try await pool.query("vacuum analyze")
            try await pool.query("checkpoint")
            let (seconds, _) = try await server.work(processes: processes) {
                try await pool.query(
                    "select not exists (select from portolan.lanes where state <> 'idle' and connection_id <> $1)",
                    [hot])[
                        0
                    ].decode(at: 0)
            }
            let floor = try await QueueFloor(server: server, pool: pool).drainRate(jobs: jobs, clients: processes)
            await pool.shutdown(within: .seconds(2))
            figures.append(
                .init("hot_key_\(processes)", Double(jobs) / seconds, "jobs/s", floor: floor, aim: "15000"))
        }
        return figures
    }

    /// One job that runs, under a worker that lives, and all the others behind it. Written by the table: a million calls'
    /// worth in one statement.
    private func fillHotLane(_ pool: PostgresPool, connection: Int64) async throws {
        let worker = UUID()
        let queue = PostgresQueue(pool: pool)
        _ = try await queue.beat(worker: worker, host: "bench", version: "0", ttl: .seconds(36_000))
        _ = try await queue.enqueue(NewJob(connectionID: connection, kind: BenchJobs.kind))
        var claim = Claim(
            worker: worker, wishes: [.init(platform: BenchJobs.platform, band: .incremental)], lanes: 1,
            kinds: [BenchJobs.kind: 1])
        claim.leaseMax = .seconds(36_000)
        claim.stallMax = .seconds(36_000)
        guard try await queue.claim(claim).count == 1 else { throw SettingsError("the hot job could not be claimed") }
        try await pool.query(
            """
            insert into portolan.jobs (connection_id, lane_id, run_at, kind, args)
            select l.connection_id, l.lane_id, now() - make_interval(secs => 1), $1, jsonb_build_object('n', n, 't', 0)
            from portolan.lanes l, generate_series(1, $2) n where l.connection_id = $3
            """, [BenchJobs.kind, Int32(waiting), connection])
    }

    private func fillHistory(_ pool: PostgresPool, connection: Int64) async throws {
        guard history > 0 else { return }
        try await pool.query(
            """
            insert into portolan.job_history (job_id, connection_id, lane_id, created_at, started_at, finished_at, attempt,
              snoozes, rescues, outcome, band, kind, args)
            select nextval('portolan.jobs_job_id_seq'), $1, 0, now(), now(), now(), 1, 0, 0, 'done', 'incremental', $2,
                   jsonb_build_object('n', n) from generate_series(1, $3) n
            """, [connection, BenchJobs.kind, Int32(history)])
    }

    // MARK: Plain drain

    private func drain(_ server: QueueBenchServer) async throws -> [BenchReport.Figure] {
        var figures: [BenchReport.Figure] = []
        for processes in self.processes ?? [1, 2] {
            tell("drain, \(processes) processes")
            let pool = try await server.freshQueue(connections: BenchJobs.connectionCount)
            let connections = try await BenchJobs.connections(pool)
            try await BenchJobs.enqueue(
                jobs, batch: 1000, connections: connections, queue: PostgresQueue(pool: pool))
            try await pool.query("vacuum analyze")
            let before = try await hotTableMegabytes(pool)
            var seconds = 0.0
            var workerCPU = 0.0
            let usage = try await server.measure(pool) {
                (seconds, workerCPU) = try await server.work(processes: processes) {
                    try await pool.query("select not exists (select from portolan.jobs)")[0].decode(at: 0)
                }
            }
            let after = try await hotTableMegabytes(pool)
            let done: Int64 = try await pool.query(
                "select count(distinct job_id) from portolan.job_history where outcome = 'done'")[0].decode(at: 0)
            guard done == jobs else { throw SettingsError("\(done) of \(jobs) jobs are in history as done") }
            let floor = try await QueueFloor(server: server, pool: pool).drainRate(jobs: jobs, clients: processes)
            await pool.shutdown(within: .seconds(2))
            let (name, count) = ("drain_\(processes)", Double(jobs))
            figures += [
                .init(name, count / seconds, "jobs/s", floor: floor, aim: processes == 2 ? "50000" : nil),
                .init(name + "_server_cpu_us", 1e6 * usage.serverCPU / count, "us/job"),
                .init(name + "_worker_cpu_us", 1e6 * workerCPU / count, "us/job"),
                .init(name + "_wal_bytes", usage.walBytes / count, "B/job"),
                .init(name + "_commits", usage.commits / count, "commits/job"),
                .init(name + "_hot_tables_growth", after / before, "times", aim: "1.0"),
            ]
        }
        return figures
    }

    private func hotTableMegabytes(_ pool: PostgresPool) async throws -> Double {
        try await pool.query("select pg_total_relation_size('portolan.jobs')::float8 / 1048576")[0].decode(at: 0)
    }

    // MARK: Latency

    private func pickUp(_ server: QueueBenchServer) async throws -> [BenchReport.Figure] {
        tell("pick-up on an idle fleet")
        let pool = try await server.freshQueue(connections: BenchJobs.connectionCount)
        let floor = try await QueueFloor(server: server, pool: pool).pickUpLatency()
        let redis = RedisClient(try RedisConfiguration(url: server.redis.url), logger: logger)
        let idle = try await idleQueries(server, pool)
        let hinted = try await latencies(server, pool, redis: redis, count: 150)
        let polled = try await latencies(server, pool, redis: nil, count: 100)
        await redis.shutdown()
        await pool.shutdown(within: .seconds(2))
        return [
            .init("pickup_hint_p50_ms", hinted.percentile(50), "ms", floor: floor, aim: "under 2"),
            .init("pickup_hint_p99_ms", hinted.percentile(99), "ms"),
            .init("pickup_poll_p50_ms", polled.percentile(50), "ms", aim: "under 150"),
            .init("pickup_poll_p99_ms", polled.percentile(99), "ms"),
            .init("idle_queries_per_s", idle, "1/s", aim: "under 5"),
        ]
    }

    private func latencies(
        _ server: QueueBenchServer, _ pool: PostgresPool, redis: RedisClient?, count: Int
    ) async throws -> [Double] {
        let file = server.folder + "/latencies"
        try? FileManager.default.removeItem(atPath: file)
        let connections = try await BenchJobs.connections(pool)
        _ = try await server.work(processes: 1, latencies: file) {
            try await Self.untilWorkerBeats(pool)
            try await BenchJobs.trickle(
                count, connections: connections, queue: PostgresQueue(pool: pool), redis: redis)
            while try await pool.query("select exists (select from portolan.jobs)")[0].decode(at: 0, as: Bool.self) {
                try await Task.sleep(for: .milliseconds(20))
            }
            return true
        }
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        // The first ones open connections and prepare statements.
        return lines.dropFirst(5).compactMap { Double($0) }.map { $0 / 1e6 }.sorted()
    }

    private static func untilWorkerBeats(_ pool: PostgresPool) async throws {
        while try await pool.query("select not exists (select from portolan.workers)")[0].decode(at: 0, as: Bool.self) {
            try await Task.sleep(for: .milliseconds(20))
        }
        try await Task.sleep(for: .seconds(1))
    }

    /// Statements a second of one idle process, ours not counted.
    private func idleQueries(_ server: QueueBenchServer, _ pool: PostgresPool) async throws -> Double {
        var rate = 0.0
        _ = try await server.work(processes: 1, latencies: server.folder + "/latencies") {
            try await Self.untilWorkerBeats(pool)
            try await Task.sleep(for: .seconds(4))
            // The lower of two stretches: the server's own vacuuming commits, too, and comes once a minute.
            let stretches = [try await commits(pool, in: 12), try await commits(pool, in: 12)]
            rate = (stretches.min() ?? 0) / 12
            return true
        }
        return rate
    }

    /// Transactions of others within so many seconds.
    private func commits(_ pool: PostgresPool, in seconds: Int) async throws -> Double {
        let count: SQL = "select xact_commit::float8 from pg_stat_database where datname = current_database()"
        let before: Double = try await pool.query(count)[0].decode(at: 0)
        try await Task.sleep(for: .seconds(seconds))
        return try await pool.query(count)[0].decode(at: 0, as: Double.self) - before - 1
    }

    // MARK: Enqueue

    private func enqueue(_ server: QueueBenchServer) async throws -> [BenchReport.Figure] {
        tell("bulk enqueue")
        let pool = try await server.freshQueue(connections: BenchJobs.connectionCount)
        let connections = try await BenchJobs.connections(pool)
        let queue = PostgresQueue(pool: pool)
        // Lanes exist and are waiting, as they do where jobs come in by the hundred thousand.
        try await BenchJobs.enqueue(2000, batch: 1000, connections: connections, queue: queue)
        let usage = try await server.measure(pool) {
            try await BenchJobs.enqueue(jobs, batch: 1000, connections: connections, queue: queue)
        }
        let one = try await server.measure(pool) {
            try await BenchJobs.enqueue(100_000, batch: 100_000, connections: connections, queue: queue)
        }
        let floor = try await QueueFloor(server: server, pool: pool).copyRate(rows: jobs)
        await pool.shutdown(within: .seconds(2))
        return [
            .init("enqueue", Double(jobs) / usage.seconds, "jobs/s", floor: floor, aim: "0.5 of the floor"),
            .init("enqueue_100k_in_one_call", 100_000 / one.seconds, "jobs/s", floor: floor),
            .init("enqueue_server_cpu_us", 1e6 * usage.serverCPU / Double(jobs), "us/job"),
            .init("enqueue_wal_bytes", usage.walBytes / Double(jobs), "B/job"),
        ]
    }

    private func conditions(_ server: QueueBenchServer) async throws -> [String: String] {
        let pool = try await server.freshQueue(connections: 1)
        let row = try await pool.query(
            """
            select current_setting('server_version'), current_setting('synchronous_commit'), current_setting('fsync'),
                   current_setting('shared_buffers')
            """)[0]
        let (version, sync, fsync, buffers) = try row.decode(String.self, String.self, String.self, String.self)
        await pool.shutdown(within: .seconds(2))
        return [
            "postgres": version, "synchronous_commit": sync, "fsync": fsync, "shared_buffers": buffers,
            "jobs": "\(jobs)", "pinned_connections": "\(pinnedConnections)", "waiting": "\(waiting)",
            "history": "\(history)", "build": Build.mode,
            "cores": "\(ProcessInfo.processInfo.activeProcessorCount)",
        ]
    }
}

extension [Double] {
    /// Of sorted values.
    func percentile(_ percent: Int) -> Double { isEmpty ? 0 : self[Swift.min(count - 1, count * percent / 100)] }
}
