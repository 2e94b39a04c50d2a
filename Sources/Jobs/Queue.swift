package import FoundationEssentials
package import Postgres

/// The durable queue, as workers and schedulers use it: each call is one SQL function and one round trip.
///
/// PostgreSQL is the only source of truth; this type keeps no state. Times and expiry are by the database's clock.
/// **Errors**: every call throws ``PostgresError`` when the database cannot be reached or refuses.
package struct Queue: Sendable {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Takes up to `lanes` lanes from a wish list and hands over one due job of each.
    ///
    /// - Parameters:
    ///   - worker: the id the worker beats under.
    ///   - wishes: platform and band, tried in that order.
    ///   - leaseMax: hard limit of the lease, however alive the worker is.
    package func claim(
        worker: UUID, wishes: [(platform: String, band: Band)], lanes: Int, leaseMax: Duration
    ) async throws(PostgresError) -> [LeasedJob] {
        let rows: PostgresRows
        do throws(PostgresError) {
            rows = try await pool.query(
                """
                select lane_id, token, job_id, kind, attempt, args, connection_id, platform, band
                from portolan.claim($1, $2, $3, $4, 1, null, $5, $6)
                """,
                [
                    worker, wishes.map(\.platform), wishes.map(\.band.rawValue), Int32(lanes),
                    JobKind.allCases.map(\.rawValue), leaseMax,
                ])
        } catch {
            // It gave way to somebody who waited for a lane it had looked at; nothing was taken.
            guard error.isLockNotAvailable else { throw error }
            return []
        }
        var jobs: [LeasedJob] = []
        jobs.reserveCapacity(rows.count)
        for row in rows {
            jobs.append(try LeasedJob(row))
        }
        return jobs
    }

    /// Ends runs that need no more than an outcome. Answers what became of each: the outcome's word, `cancelled`,
    /// `poison`, or `stale` where the lease had been lost and nothing was changed.
    package func finish(_ finished: [(job: LeasedJob, outcome: Outcome)]) async throws(PostgresError) -> [String] {
        let rows = try await pool.query(
            """
            select f.result from portolan.finish($1, $2, $3, $4,
              (select array_agg(portolan.now() + d order by o) from unnest($5::interval[]) with ordinality u(d, o))) f
            """,
            [
                finished.map(\.job.lease.laneID), finished.map(\.job.lease.token), finished.map(\.job.jobID),
                finished.map(\.outcome.word), finished.map(\.outcome.delay),
            ])
        var results: [String] = []
        for row in rows { results.append(try row.decode(at: 0)) }
        return results
    }

    /// Ends a run with an error: history or back-off, the error's row, and what it means for stream and connection,
    /// in one transaction. Answers as ``finish(_:)`` does.
    ///
    /// - Parameter flags: errors that were met before and gone round; rows of their own.
    package func finish(
        _ job: LeasedJob, _ outcome: Outcome, error: PostgresJSON, flags: [PostgresJSON] = [], resource: String?,
        streamState: String?, connectionState: String?
    ) async throws(PostgresError) -> String {
        let rows = try await pool.query(
            "select portolan.finish_with($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as result",
            [
                job.lease.laneID, job.lease.token, job.jobID, outcome.word, outcome.delay, error, resource, streamState,
                connectionState, flags,
            ])
        return try rows.first?.decode("result") ?? "stale"
    }

    /// Says the worker is alive, registering it the first time. Answers whether it is asked to drain.
    package func beat(worker: UUID, host: String, version: String, ttl: Duration) async throws(PostgresError) -> Bool {
        let rows = try await pool.query(
            "select portolan.beat($1, $2, $3, $4) as draining", [worker, host, version, ttl])
        return try rows.first?.decode("draining") ?? false
    }

    /// Takes the worker's row away when it holds nothing any more.
    package func leave(worker: UUID) async throws(PostgresError) {
        try await pool.query("select portolan.leave($1)", [worker])
    }

    /// Gives back the leases of a worker that are not among those it knows of. Answers how many.
    package func releaseUnknown(worker: UUID, known: [UUID]) async throws(PostgresError) -> Int {
        let rows = try await pool.query("select portolan.release_unknown($1, $2) as count", [worker, known])
        return Int(try rows.first?.decode("count", as: Int32.self) ?? 0)
    }

    /// Takes the leases of workers that stopped beating; anybody may, every couple of seconds.
    package func reap() async throws(PostgresError) -> Int {
        let rows = try await pool.query("select portolan.reap() as count")
        return Int(try rows.first?.decode("count", as: Int32.self) ?? 0)
    }

    /// One tick of the scheduler. Answers how many streams were due and how many jobs that made.
    package func enqueueDue(limit: Int) async throws(PostgresError) -> (due: Int, enqueued: Int) {
        let rows = try await pool.query("select due, enqueued from portolan.enqueue_due($1)", [Int32(limit)])
        guard let row = rows.first else { return (0, 0) }
        return (Int(try row.decode("due", as: Int32.self)), Int(try row.decode("enqueued", as: Int32.self)))
    }

    /// Enqueues a sync of one stream by the names people use. Answers the job, or the equal one that waits already.
    package func enqueueSync(
        connection: String, resource: String, band: Band
    ) async throws(PostgresError) -> Int64 {
        let rows = try await pool.query(
            "select portolan.enqueue_sync($1, $2, $3) as job_id", [connection, resource, band.rawValue])
        guard let row = rows.first else { throw PostgresError(.decode, "enqueue_sync answered nothing") }
        return try row.decode("job_id")
    }
}

extension LeasedJob {
    init(_ row: PostgresRow) throws(PostgresError) {
        self.init(
            lease: Lease(laneID: try row.decode("lane_id"), token: try row.decode("token")),
            jobID: try row.decode("job_id"), kind: try row.decode("kind"),
            attempt: Int(try row.decode("attempt", as: Int32.self)),
            arguments: try row.decode("args", as: PostgresJSON.self).text,
            connectionID: try row.decode("connection_id"), platform: try row.decode("platform"),
            band: Band(rawValue: try row.decode("band")) ?? .incremental)
    }
}
