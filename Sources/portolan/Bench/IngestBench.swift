internal import Foundation
internal import Limits
internal import LocalFleet
internal import LocalServers
internal import Logging
internal import Platforms
internal import Postgres
internal import Redis
internal import Sandbox

/// Records of one resource of simulated merchants, from the sandbox to `portolan.raw_records` by one worker, new and then
/// unchanged, beside the floor: the same
/// records copied into a staging table and upserted by one statement, with no worker, no sandbox and no checks.
struct IngestBench {
    let folder: String
    let records: Int
    let connections: Int
    let recordBytes: Int
    /// The first platform that has it is simulated.
    let resource: String
    let logger: Logger

    private struct Run {
        let records: Double
        let seconds: Double
        let workerCPU: Double
        let sandboxCPU: Double
    }

    func run() async throws -> BenchReport {
        guard let platform = allPlatforms.first(where: { $0.resource(resource) != nil }) else {
            throw SettingsError("no platform has a resource \(resource)")
        }
        var options = LocalFleet.Options(
            folder: folder, executable: Environment.executablePath,
            plan: SandboxPlan(
                seed: 7,
                stores: (0..<connections).map { number in
                    SandboxPlan.Store(
                        platform: platform.key, name: "bench-\(number)",
                        sizes: [resource: records / connections, "customers": 10],
                        limitFactor: 10_000, recordBytes: recordBytes)
                }))
        options.postgresSettings = ["shared_buffers": "512MB", "max_wal_size": "8GB"]
        let fleet = try await LocalFleet.start(options, logger: logger)
        try await fleet.connectStores()
        try await fleet.pool.query("update portolan.streams set next_due_at = null")
        try await beginLimits(platform, fleet)
        let worker = try await fleet.startWorker(slots: 16)
        try await until(fleet, "select count(*) > 0 as done from portolan.workers")

        let fresh = try await sync(fleet, worker)
        try await fleet.pool.query("update portolan.streams set cursor = null, caught_up_at = null")
        let unchanged = try await sync(fleet, worker)
        let memory = ProcessUsage.peakResidentBytes(of: worker.processID)
        worker.kill(SIGTERM)
        _ = await worker.waitForExit(within: .seconds(10))
        let conditions = try await readConditions(fleet)
        let floor = try await Floor(pool: fleet.pool, resource: resource).measure()
        await fleet.stop()
        return BenchReport(
            bench: "ingest", conditions: conditions,
            figures: [
                .init("fresh", fresh.records / fresh.seconds, "records/s", floor: floor.fresh, aim: "0.6 of the floor"),
                .init("unchanged", unchanged.records / unchanged.seconds, "records/s", floor: floor.unchanged),
                .init("cpu_ms_per_record", 1000 * fresh.workerCPU / fresh.records, "ms"),
                .init("cpu_ms_per_unchanged_record", 1000 * unchanged.workerCPU / unchanged.records, "ms"),
                .init("sandbox_cpu_ms_per_record", 1000 * fresh.sandboxCPU / fresh.records, "ms"),
                .init("worker_rss_mb", Double(memory) / 1_048_576, "MB", aim: "under 100"),
            ])
    }

    /// A Redis that is new grants nothing for a while, whoever asks first. That is waited for once in its life, and here
    /// before anything is measured.
    private func beginLimits(_ platform: any Platform, _ fleet: LocalFleet) async throws {
        let redis = RedisClient(try RedisConfiguration(url: fleet.redis.url), logger: logger)
        let first = Bucket("bench-first", scope: .app, capacity: 1, refillPerSecond: 1)
        _ = await RedisLimiter(redis).acquire(
            [BucketDemand(first.name)], buckets: [first], connectionID: 0, platform: platform.key)
        await redis.shutdown()
        try await Task.sleep(for: RedisLimiter.grace)
    }

    /// Makes every stream of the resource due, and waits until all are caught up.
    private func sync(_ fleet: LocalFleet, _ worker: ChildProcess) async throws -> Run {
        let sandbox = fleet.sandbox.process.processID
        let before = (ProcessUsage.cpuSeconds(of: worker.processID), ProcessUsage.cpuSeconds(of: sandbox))
        let seen = try await recordsSeen(fleet)
        let start = ContinuousClock.now
        try await fleet.pool.query(
            "update portolan.streams set next_due_at = portolan.now() where resource = $1", [resource])
        try await fleet.pool.query("select portolan.enqueue_due(1000)")
        try await fleet.pool.query("update portolan.streams set next_due_at = null")
        try await until(
            fleet, "select bool_and(caught_up_at is not null) as done from portolan.streams where resource = $1",
            [resource])
        return Run(
            records: Double(try await recordsSeen(fleet) - seen), seconds: start.duration(to: .now).seconds,
            workerCPU: ProcessUsage.cpuSeconds(of: worker.processID) - before.0,
            sandboxCPU: ProcessUsage.cpuSeconds(of: sandbox) - before.1)
    }

    private func recordsSeen(_ fleet: LocalFleet) async throws -> Int64 {
        let rows = try await fleet.pool.query("select sum(records_count)::int8 as count from portolan.streams")
        return try rows.first?.decode("count", as: Int64?.self) ?? 0
    }

    private func until(
        _ fleet: LocalFleet, _ condition: SQL, _ parameters: [any PostgresEncodable] = []
    ) async throws {
        while try await fleet.pool.query(condition, parameters).first?.decode("done", as: Bool?.self) != true {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func readConditions(_ fleet: LocalFleet) async throws -> [String: String] {
        let rows = try await fleet.pool.query(
            """
            select current_setting('server_version') as version, current_setting('synchronous_commit') as sync,
                   (select count(*)::text from portolan.raw_records where resource = $1) as records,
                   (select avg(octet_length(payload::text))::int4::text from portolan.raw_records where resource = $1) as bytes
            """, [resource])
        guard let row = rows.first else { return [:] }
        return [
            "postgres": try row.decode("version"), "synchronous_commit": try row.decode("sync"),
            "records": try row.decode("records"), "record_bytes": try row.decode("bytes"),
            "connections": "\(connections)",
            "cores": "\(ProcessInfo.processInfo.activeProcessorCount)", "build": Build.mode,
        ]
    }
}

/// The barest way to store the same records: COPY, then one upsert. Run over the records the worker stored.
private struct Floor {
    let pool: PostgresPool
    let resource: String

    func measure() async throws -> (fresh: Double, unchanged: Double) {
        let rows = try await pool.query(
            """
            select connection_id, external_id, platform_updated_at, payload::text as payload, payload_hash
            from portolan.raw_records where resource = $1
            """, [resource], timeLimit: .seconds(600))
        return try await pool.withConnection { connection in
            try await connection.executeScript(
                """
                create table floor_records (like portolan.raw_records including all);
                create temp table staging (connection_id bigint, external_id text, updated_at timestamptz, payload text, hash bytea);
                checkpoint;
                """)
            let fresh = try await store(rows, on: connection)
            let unchanged = try await store(rows, on: connection)
            return (Double(rows.count) / fresh, Double(rows.count) / unchanged)
        }
    }

    /// Seconds for all.
    private func store(_ rows: PostgresRows, on connection: PostgresConnection) async throws -> Double {
        try await connection.executeScript("truncate staging")
        let start = ContinuousClock.now
        _ = try await connection.copyIn("copy staging from stdin (format binary)", format: .binary) { writer in
            for row in rows {
                try await writer.write(row: [
                    try row.decode("connection_id", as: Int64.self), try row.decode("external_id", as: String.self),
                    try row.decode("platform_updated_at", as: Date?.self), try row.decode("payload", as: String.self),
                    try row.decode("payload_hash", as: [UInt8].self),
                ])
            }
        }
        try await connection.query(
            """
            insert into floor_records as t (connection_id, resource, external_id, platform, platform_updated_at, payload, payload_hash, fetched_at)
            select s.connection_id, 'records', s.external_id, 'floor', s.updated_at, s.payload::jsonb, s.hash, now()
            from staging s left join floor_records r on r.connection_id = s.connection_id and r.resource = 'records' and r.external_id = s.external_id
            where r.payload_hash is distinct from s.hash
            on conflict (connection_id, resource, external_id) do update
              set payload = excluded.payload, payload_hash = excluded.payload_hash, platform_updated_at = excluded.platform_updated_at
            """, timeLimit: .seconds(600))
        return start.duration(to: .now).seconds
    }
}
