internal import Foundation
internal import Jobs
internal import Postgres
internal import Worker

/// Claims while somebody's transaction keeps an old snapshot: nothing that lanes, leases and jobs have left behind since
/// can be cleaned away, and every claim has to find its way past it.
extension QueueBench {
    /// Jobs a second that come in, in every phase alike.
    private static let offered = 5000

    func pinned(_ server: QueueBenchServer) async throws -> [BenchReport.Figure] {
        FileHandle.standardError.write(Data("queue: an old transaction held open for \(pinnedSeconds) s\n".utf8))
        let pool = try await server.freshQueue(connections: pinnedConnections)
        let connections = try await BenchJobs.connections(pool)
        // A warm-up that is not measured; then as long without the old transaction as with it.
        _ = try await load(pool, connections, for: .seconds(3))
        let free = try await load(pool, connections, for: .seconds(pinnedSeconds / 3))
        let held = try await pool.withConnection { connection in
            try await connection.query("begin isolation level repeatable read")
            try await connection.query("select count(*) from portolan.lanes")
            let held = try await load(pool, connections, for: .seconds(pinnedSeconds))
            try await connection.query("rollback")
            return held
        }
        await pool.shutdown(within: .seconds(2))
        return [
            .init(
                "pinned_claim_p99_ratio", held.claims.percentile(99) / free.claims.percentile(99), "times",
                aim: "under 4"),
            .init("free_claim_p99_ms", free.claims.percentile(99), "ms"),
            .init("pinned_claim_p99_ms", held.claims.percentile(99), "ms"),
            .init("free_jobs_per_s", free.rate, "jobs/s"),
            .init("pinned_jobs_per_s", held.rate, "jobs/s", floor: free.rate),
        ]
    }

    private struct Load {
        /// Milliseconds of each claim that found something, sorted.
        var claims: [Double] = []
        var rate = 0.0
    }

    private func load(_ pool: PostgresPool, _ connections: [Int64], for duration: Duration) async throws -> Load {
        let start = ContinuousClock.now
        let end = start + duration
        return try await withThrowingTaskGroup(of: Load.self) { group in
            group.addTask {
                try await Self.offer(pool, connections, until: end)
                return Load()
            }
            for _ in 0..<2 { group.addTask { try await Self.serve(pool, until: end) } }
            var all = Load()
            for try await one in group {
                all.claims += one.claims
                all.rate += one.rate
            }
            all.claims.sort()
            all.rate /= start.duration(to: .now).seconds
            return all
        }
    }

    private static func offer(_ pool: PostgresPool, _ connections: [Int64], until end: ContinuousClock.Instant)
        async throws
    {
        let queue = PostgresQueue(pool: pool)
        let batch = 100
        var next = ContinuousClock.now
        while next < end {
            try await Task.sleep(until: next, clock: .continuous)
            let chosen = (0..<batch).compactMap { _ in connections.randomElement() }
            try await BenchJobs.enqueue(batch, batch: batch, connections: chosen, queue: queue)
            next += .seconds(1) * batch / offered
        }
    }

    /// Claims as a worker with its defaults does, and finishes at once.
    private static func serve(_ pool: PostgresPool, until end: ContinuousClock.Instant) async throws -> Load {
        let queue = PostgresQueue(pool: pool)
        let worker = UUID()
        _ = try await queue.beat(worker: worker, host: "bench", version: "0", ttl: .seconds(3600))
        var claim = Claim(
            worker: worker, wishes: Band.allCases.map { .init(platform: BenchJobs.platform, band: $0) }, lanes: 16,
            kinds: [BenchJobs.kind: 1])
        var floors = TicketFloors()
        var load = Load()
        while ContinuousClock.now < end {
            claim.floors = floors.current(now: .now)
            let start = ContinuousClock.now
            let jobs = try await queue.claim(claim)
            if jobs.isEmpty {
                floors.learn(from: jobs)
                try await Task.sleep(for: .milliseconds(1))
                continue
            }
            load.claims.append(1000 * start.duration(to: .now).seconds)
            floors.learn(from: jobs)
            load.rate += Double(try await queue.finish(jobs.map { Report($0, .done) }, waits: true).count)
        }
        return load
    }
}
