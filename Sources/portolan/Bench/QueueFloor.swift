internal import Foundation
internal import LocalServers
internal import Postgres

/// The barest SQL that does the same to the same rows, driven by pgbench: lease 500 jobs, then move them to history. No
/// lanes, no order within a connection, no tokens that anybody checks, no retry.
struct QueueFloor {
    let server: QueueBenchServer
    let pool: PostgresPool

    static let batch = 500

    func prepare(jobs: Int) async throws {
        try await pool.query("drop table if exists floor_jobs, floor_history")
        try await pool.withConnection { connection in
            try await connection.executeScript(
                """
                create table floor_jobs (
                  job_id bigint generated always as identity primary key, connection_id bigint not null, kind text not null,
                  run_at timestamptz not null default now(), created_at timestamptz not null default now(),
                  attempt integer not null default 0, token bigint, leased_until timestamptz, args jsonb not null);
                create index on floor_jobs (run_at, job_id) where token is null;
                create index on floor_jobs (token) where token is not null;
                create table floor_history (
                  job_id bigint not null, connection_id bigint not null, kind text not null, created_at timestamptz not null,
                  finished_at timestamptz not null, attempt integer not null, outcome text not null, args jsonb not null);
                """)
        }
        try await pool.query(
            """
            insert into floor_jobs (connection_id, kind, args)
            select n % 1000, 'bench', jsonb_build_object('n', n, 't', 0, 'connection_id', 'conn-' || n % 1000, 'resource', 'orders')
            from generate_series(1, $1) n
            """, [Int32(jobs)])
        try await pool.query("vacuum analyze floor_jobs")
        try await pool.query("checkpoint")
    }

    private static let drain = """
        \\set token random(1, 1000000000000)
        update floor_jobs set token = :token, leased_until = now() + interval '20 s', attempt = attempt + 1
          where job_id in (select job_id from floor_jobs where token is null order by run_at, job_id limit 500
                           for update skip locked)
          returning job_id, args;
        with gone as (delete from floor_jobs where token = :token returning *)
          insert into floor_history
          select job_id, connection_id, kind, created_at, now(), attempt, 'done', args from gone;
        """

    /// Jobs per second of so many clients.
    func drainRate(jobs: Int, clients: Int) async throws -> Double {
        try await prepare(jobs: jobs)
        let start = ContinuousClock.now
        try await pgbench(Self.drain, clients: clients, transactions: jobs / Self.batch / clients + 1)
        return Double(jobs) / start.duration(to: .now).seconds
    }

    private static let pickUp = """
        insert into floor_jobs (connection_id, kind, args) values (1, 'bench', '{}');
        \\set token random(1, 1000000000000)
        update floor_jobs set token = :token
          where job_id in (select job_id from floor_jobs where token is null order by run_at, job_id limit 1
                           for update skip locked)
          returning job_id, args;
        """

    /// Milliseconds for one insert and one lease, one after the other.
    func pickUpLatency() async throws -> Double {
        try await prepare(jobs: 1)
        let count = 500
        let start = ContinuousClock.now
        try await pgbench(Self.pickUp, clients: 1, transactions: count)
        return 1000 * start.duration(to: .now).seconds / Double(count)
    }

    private func pgbench(_ script: String, clients: Int, transactions: Int) async throws {
        let file = server.postgres.socketFolder + "/floor.sql"
        try script.write(toFile: file, atomically: true, encoding: .utf8)
        _ = try await Command(
            server.postgres.programs.path("pgbench"),
            [
                "-n", "-M", "prepared", "-c", "\(clients)", "-j", "\(clients)", "-t", "\(transactions)", "-f", file,
                server.databaseURL,
            ]
        ).runSuccessfully(within: .seconds(600))
    }

    /// Rows per second of COPY, 1,000 a transaction, into the very table that jobs are in.
    func copyRate(rows: Int) async throws -> Double {
        try await pool.query("drop table if exists floor_copy")
        try await pool.query("create table floor_copy (like portolan.jobs including all)")
        try await pool.query("checkpoint")
        let now = Date()
        return try await pool.withConnection { connection in
            let start = ContinuousClock.now
            for first in stride(from: 0, to: rows, by: 1000) {
                _ = try await connection.copyIn(
                    """
                    copy floor_copy (job_id, connection_id, lane_id, run_at, created_at, max_attempts, band, kind, args)
                    from stdin (format binary)
                    """, format: .binary
                ) { writer in
                    for number in first..<min(first + 1000, rows) {
                        let connection = Int64(number % 1000)
                        try await writer.write(row: [
                            Int64(number), connection, connection, now, now, Int32(8), "incremental", "bench",
                            PostgresJSON(
                                "{\"n\":\(number),\"t\":0,\"connection_id\":\"conn-\(connection)\",\"resource\":\"orders\"}"
                            ),
                        ])
                    }
                }
            }
            return Double(rows) / start.duration(to: .now).seconds
        }
    }
}
