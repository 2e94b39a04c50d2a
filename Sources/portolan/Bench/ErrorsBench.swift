internal import Foundation
internal import LocalServers
internal import Logging
internal import Postgres
internal import Schema

/// What a storm of errors costs: how fast they are written, how much slower pages are committed meanwhile, and what
/// counting them into their clusters takes.
///
/// The load comes from pgbench, so that the benchmark's own client is no part of what is measured.
struct ErrorsBench {
    let folder: String
    let seconds: Int
    /// Errors a minute that are offered while pages are committed.
    let perMinute: Int
    let logger: Logger

    private static let errorClients = 8
    private static let pageClients = 2
    private static let connections = 200
    private static let foldInterval = Duration.seconds(2)

    func run() async throws -> BenchReport {
        let folder = folder + "-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let postgres = try await LocalPostgres.start(
            in: folder + "/postgres", database: "postgres", settings: ["max_connections": "100"], logger: logger)
        do {
            let report = try await measure(postgres)
            await postgres.stop(.fast)
            return report
        } catch {
            await postgres.stop(.fast)
            throw error
        }
    }

    private func measure(_ postgres: LocalPostgres) async throws -> BenchReport {
        let admin = PostgresPool(try .init(url: postgres.url(database: "postgres")), limits: .init(), logger: logger)
        try await admin.query("create database errors")
        await admin.shutdown(within: .seconds(2))
        var configuration = try PostgresConfiguration(url: postgres.url(database: "errors"))
        configuration.statementTimeLimit = .seconds(900)
        let pool = PostgresPool(configuration, limits: .init(), logger: logger)
        _ = try await Migrator(pool: pool, logger: logger).migrate()
        try await prepare(pool)

        // Nothing is folded meanwhile: every error leaves a row, which is the dearest case.
        let floor = try await pgbench(postgres, Self.bareInsert, clients: Self.errorClients)
        let errors = try await pgbench(postgres, Self.recordError, clients: Self.errorClients)
        let fold = try await Self.fold(pool)
        // Into a table that the planner knows: an empty one's statistics say nothing.
        _ = try await pgbench(postgres, Self.commitPage, clients: Self.pageClients, seconds: 2)
        try await pool.query("vacuum analyze portolan.raw_records")
        try await pool.query("checkpoint")
        // Before and after: pages cost more as the tables grow, and a machine is never quite its own.
        let before = try await pgbench(postgres, Self.commitPage, clients: Self.pageClients)
        try await pool.query("checkpoint")
        let storm = try await storm(postgres, pool)
        try await pool.query("checkpoint")
        let quiet = (before + (try await pgbench(postgres, Self.commitPage, clients: Self.pageClients))) / 2
        let conditions = try await readConditions(pool)
        await pool.shutdown(within: .seconds(2))
        return BenchReport(
            bench: "errors", conditions: conditions,
            figures: [
                .init("errors_per_s", errors, "errors/s", floor: floor, aim: "1,667: 100,000 a minute"),
                .init("fold_ms_per_1000", fold.milliseconds, "ms", floor: fold.floor),
                .init("pages_per_s", storm.pages, "pages/s", floor: quiet),
                .init("page_slowdown", quiet / storm.pages, "times", aim: "under 1.25"),
                .init("errors_per_s_meanwhile", storm.errors, "errors/s", floor: Double(perMinute) / 60),
                .init("fold_longest_ms", storm.longestFold, "ms"),
            ])
    }

    private func prepare(_ pool: PostgresPool) async throws {
        let worker = UUID().uuidString
        try await pool.query("select portolan.beat($1::text::uuid, 'bench', '1', '1 day')", [worker])
        try await pool.query(
            """
            select portolan.add_connection('bench', 'shop-' || n, 'https://shop.example', '{}', array['orders'], array['main'],
                                           array[interval '1 hour'])
            from generate_series(0, $1 - 1) n
            """, [Int32(Self.connections)])
        try await pool.query(
            "select portolan.enqueue_sync('shop-' || n, 'orders') from generate_series(0, $1 - 1) n",
            [Int32(Self.pageClients)])
        try await pool.withConnection { connection in
            try await connection.executeScript(
                """
                create schema bench;
                create table bench.errors (like portolan.errors including indexes);
                create table bench.leases (client bigint, lane_id bigint, token uuid, job_id bigint, connection_id bigint);
                create table bench.connections as select row_number() over () - 1 as n, connection_id from portolan.connections;
                create index on bench.connections (n);
                """)
        }
        let leased = try await pool.query(
            """
            insert into bench.leases
            select row_number() over () - 1, c.lane_id, c.token, c.job_id, c.connection_id
            from portolan.claim($1::text::uuid, array_fill('bench'::text, array[5]),
              array['urgent', 'incremental', 'report', 'backfill', 'housekeeping'], $2) c
            returning client
            """, [worker, Int32(Self.pageClients)])
        guard leased.count == Self.pageClients else {
            throw SettingsError("the queue gave \(leased.count) of \(Self.pageClients) leases")
        }
    }

    /// One error in each call, as workers write them; 20 causes, whose words vary.
    private static let recordError = """
        \\set c random(0, \(connections - 1))
        \\set cause random(1, 20)
        \\set n random(1, 1000000000)
        select portolan.record_errors(connection_id, 'orders', null, null, array[\(error)])
        from bench.connections where n = :c::bigint;
        """

    private static let error = """
        jsonb_build_object('code', 'request.invalid', 'fault', 'ours', 'policy', 'fail', 'message', 'the request was refused',
          'operation', 'list', 'http_status', 422, 'route', '/orders/{id}', 'rule_id', 'bench.refused', 'evidence', repeat('x', 500),
          'platform_message', 'Field ' || chr(96 + :cause::int) || ' of order ' || :n::text || ' is not known to jane@shop.example')
        """

    /// The same row, with the same indexes, and nothing else.
    private static let bareInsert = """
        \\set c random(0, \(connections - 1))
        \\set cause random(1, 20)
        \\set n random(1, 1000000000)
        insert into bench.errors (error_id, occurred_at, connection_id, platform, resource, operation, code, fault, policy, rule_id,
                                  message, http_status, platform_message, route, evidence, fingerprint)
        select :n::bigint, now(), connection_id, 'bench', 'orders', 'list', 'request.invalid', 'ours', 'fail', 'bench.refused',
               'the request was refused', 422, 'Field ' || :cause::text || ' of order ' || :n::text || ' is not known to jane@shop.example',
               '/orders/{id}', repeat('x', 500), sha256(:cause::text::bytea)
        from bench.connections where n = :c::bigint;
        """

    /// A hundred new records of 1 KB.
    private static let commitPage = """
        \\set n random(1, 1000000000000)
        select c.held from bench.leases l cross join lateral (
          select array_agg('orders'::text) as resources, array_agg(:n::text || '-' || i) as ids, array_agg(now()) as times,
                 array_agg(sha256((:n::text || i)::bytea)) as hashes, array_agg(false) as sanitised,
                 array_agg('{"id": ' || i || ', "total": "10.00", "note": "' || repeat(md5(:n::text || i), 30) || '"}') as payloads
          from generate_series(1, 100) i) p
        cross join lateral portolan.commit_page(l.lane_id, l.token, l.job_id, l.connection_id, 'orders', 'bench', '1', p.resources,
          p.ids, p.times, p.times, p.times, p.hashes, p.payloads, p.sanitised, '{}', '{}', '{}', '{}', '{}', '{"at": 1}', false, now(), null) c
        where l.client = :client_id::bigint;
        """

    /// Transactions a second over the run.
    ///
    /// - Parameter rate: how many a second are offered; nil for as many as there can be.
    private func pgbench(
        _ postgres: LocalPostgres, _ script: String, clients: Int, rate: Double? = nil, seconds: Int? = nil
    ) async throws -> Double {
        let seconds = seconds ?? self.seconds
        let file = postgres.socketFolder + "/errors-\(UUID().uuidString).sql"
        try script.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        var arguments = [
            "-n", "-M", "prepared", "-c", "\(clients)", "-j", "\(clients)", "-T", "\(seconds)", "-f", file,
        ]
        if let rate { arguments += ["-R", "\(rate)"] }
        let result = try await Command(
            postgres.programs.path("pgbench"), arguments + [postgres.url(database: "errors")]
        ).runSuccessfully(within: .seconds(seconds + 600))
        let rates = result.output.filter { $0.hasPrefix("tps = ") }.compactMap {
            $0.split(separator: " ").compactMap { Double($0) }.first
        }
        guard let rate = rates.first else {
            throw SettingsError("pgbench did not say how fast it was: \(result.output.joined(separator: " "))")
        }
        return rate
    }

    /// Pages and errors at once, and folding as maintenance does it.
    private func storm(
        _ postgres: LocalPostgres, _ pool: PostgresPool
    ) async throws -> (pages: Double, errors: Double, longestFold: Double) {
        async let errors = pgbench(
            postgres, Self.recordError, clients: Self.errorClients, rate: Double(perMinute) / 60)
        async let pages = pgbench(postgres, Self.commitPage, clients: Self.pageClients)
        let folding = Task {
            var longest = 0.0
            while !Task.isCancelled {
                let start = ContinuousClock.now
                try await pool.query("select portolan.fold_errors()")
                longest = max(longest, start.duration(to: .now).seconds)
                try? await Task.sleep(for: Self.foldInterval)
            }
            return longest
        }
        let rates: (Double, Double)
        do {
            rates = try await (pages, errors)
        } catch {
            folding.cancel()
            throw error
        }
        folding.cancel()
        return (rates.0, rates.1, 1000 * (try await folding.value))
    }

    /// Folds all that is there, and does the least that could be called counting to a copy of it.
    private static func fold(_ pool: PostgresPool) async throws -> (milliseconds: Double, floor: Double) {
        try await pool.query("create table bench.inbox as select * from portolan.error_inbox")
        try await pool.query("vacuum analyze portolan.error_inbox")
        var (rows, start) = (0, ContinuousClock.now)
        while case let taken = Int(
            try await pool.query("select portolan.fold_errors()")[0].decode(at: 0, as: Int32.self)), taken > 0
        { rows += taken }
        let folded = start.duration(to: .now).seconds
        start = .now
        try await pool.query(
            """
            with taken as (delete from bench.inbox returning *)
            select fingerprint, connection_id, count(*), min(occurred_at), max(occurred_at) from taken group by 1, 2
            """)
        let counted = start.duration(to: .now).seconds
        let thousands = Double(max(rows, 1)) / 1000
        return (1000 * folded / thousands, 1000 * counted / thousands)
    }

    private func readConditions(_ pool: PostgresPool) async throws -> [String: String] {
        let row = try await pool.query(
            """
            select current_setting('server_version') as version, current_setting('synchronous_commit') as sync,
                   (select sum(errors_count)::text from portolan.error_clusters) as errors,
                   (select count(*)::text from portolan.error_clusters) as clusters,
                   (select count(*)::text from portolan.raw_records) as records
            """)[0]
        return [
            "postgres": try row.decode("version"), "synchronous_commit": try row.decode("sync"),
            "errors": try row.decode("errors"), "clusters": try row.decode("clusters"),
            "records": try row.decode("records"), "seconds": "\(seconds)", "per_minute": "\(perMinute)",
            "error_clients": "\(Self.errorClients)", "page_clients": "\(Self.pageClients)",
            "connections": "\(Self.connections)", "cores": "\(ProcessInfo.processInfo.activeProcessorCount)",
            "build": Build.mode,
        ]
    }
}
