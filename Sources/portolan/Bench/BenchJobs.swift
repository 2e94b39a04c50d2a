internal import Foundation
internal import Jobs
internal import Postgres
internal import Redis

/// Trivial jobs over many connections: what the queue's benchmarks and the driver run.
enum BenchJobs {
    static let kind = "bench"
    static let platform = "bench"
    static let connectionCount = 1000

    /// Declares the kind and adds the connections that are missing.
    static func prepare(_ pool: PostgresPool, connections: Int) async throws {
        try await pool.query(
            """
            select portolan.define_kind($1, '{"n": "number", "t": "number", "connection_id": "string", "resource": "string"}')
            """, [kind])
        try await pool.query(
            """
            insert into portolan.connections (platform, name, base_url)
            select $1, 'bench-' || n, 'https://shop.example' from generate_series(1, $2) n on conflict (name) do nothing
            """, [platform, Int32(connections)])
    }

    static func connections(_ pool: PostgresPool) async throws -> [Int64] {
        let rows = try await pool.query(
            "select connection_id from portolan.connections where platform = $1 order by connection_id", [platform])
        guard !rows.isEmpty else { throw SettingsError("there are no connections; run the verb migrate first") }
        return try rows.map { try $0.decode(at: 0) }
    }

    /// The first `count` jobs, in turn over the connections.
    static func enqueue(_ count: Int, batch: Int, connections: [Int64], queue: some Queue) async throws {
        var next = 0
        while next < count {
            let numbers = next..<min(next + batch, count)
            let jobs = numbers.map { number in job(number, time: 0, connection: connections[number % connections.count])
            }
            _ = try await queue.enqueue(jobs)
            next = numbers.upperBound
        }
    }

    /// Single jobs at uneven intervals, each with the wall clock's time in it, and a hint after each commit.
    static func trickle(
        _ count: Int, connections: [Int64], queue: some Queue, redis: RedisClient?
    ) async throws {
        for number in 0..<count {
            try await Task.sleep(for: .milliseconds(Double.random(in: 100...150)))
            let connection = connections[number % connections.count]
            _ = try await queue.enqueue(job(number, time: WallClock.nanoseconds, connection: connection))
            _ = try? await redis?.command(["PUBLISH", RedisArgument(Wake.channel), "1"])
        }
    }

    private static func job(_ number: Int, time: Int64, connection: Int64) -> NewJob {
        NewJob(
            connectionID: connection, kind: kind,
            arguments:
                "{\"n\":\(number),\"t\":\(time),\"connection_id\":\"conn-\(connection)\",\"resource\":\"orders\"}")
    }
}

/// Nanoseconds since 1970, for times that pass from one process to another.
enum WallClock {
    static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
