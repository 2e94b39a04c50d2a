package import FoundationEssentials
package import Postgres

/// The durable queue: each call is one SQL function and one round trip, and works through a pooler in transaction mode.
///
/// PostgreSQL is the only source of truth; this type keeps no state.
package struct PostgresQueue: Queue {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func enqueue(_ jobs: [NewJob]) async throws(QueueError) -> [Int64] {
        if jobs.count == 1 { return try await enqueueOne(jobs[0]) }
        return try await call(Self.enqueueJobs, Self.parameters(of: jobs)) { rows throws(PostgresError) in
            try rows.first?.decode(at: 0) ?? []
        }
    }

    /// The function for one job does with half of the statements.
    private func enqueueOne(_ job: NewJob) async throws(QueueError) -> [Int64] {
        try await call(
            """
            select portolan.enqueue($1, $2, $3, $4, case when $5 > interval '0' then portolan.now() + $5 end, $6, $7, $8, $9, $10)
            """,
            [
                job.connectionID, job.kind, PostgresJSON(job.arguments), job.band.rawValue, job.delay, job.dedupeKey,
                job.family, job.attemptsMax.map { Int32(clamping: $0) },
                job.argumentsVersion.map { Int16(clamping: $0) }, job.parentID,
            ]
        ) { rows throws(PostgresError) in
            guard let row = rows.first else { return [] }
            return [try row.decode(at: 0)]
        }
    }

    /// The same inside the caller's own transaction: the jobs are there when it commits, and never were when it does
    /// not.
    package static func enqueue(
        _ jobs: [NewJob], in connection: PostgresConnection
    ) async throws(PostgresError) -> [Int64] {
        try await connection.query(enqueueJobs, parameters(of: jobs)).first?.decode(at: 0) ?? []
    }

    private static let enqueueJobs: SQL = """
        select portolan.enqueue_many($1, $2, $3, $4,
          (select array_agg(portolan.now() + d order by o) from unnest($5::interval[]) with ordinality u(d, o)
           having bool_or(d > interval '0')), $6, $7, $8, $9, $10)
        """

    /// What nobody in the batch says is no array at all: the function then has less to look at.
    private static func parameters(of jobs: [NewJob]) -> [any PostgresEncodable] {
        func given<Value: PostgresEncodable>(_ values: [Value?]) -> (any PostgresEncodable) {
            values.contains { $0 != nil } ? values as any PostgresEncodable : [Value?]?.none as any PostgresEncodable
        }
        return [
            jobs.map(\.connectionID), jobs.map(\.kind), jobs.map { PostgresJSON($0.arguments) },
            jobs.map(\.band.rawValue), jobs.map(\.delay), given(jobs.map(\.dedupeKey)),
            given(jobs.map { $0.family == "main" ? nil : $0.family }),
            given(jobs.map { $0.attemptsMax.map { Int32(clamping: $0) } }),
            given(jobs.map { $0.argumentsVersion.map { Int16(clamping: $0) } }), given(jobs.map(\.parentID)),
        ]
    }

    package func claim(_ claim: Claim) async throws(QueueError) -> [LeasedJob] {
        let kinds = claim.kinds.sorted { $0.key < $1.key }
        let parameters: [any PostgresEncodable] = [
            claim.worker, claim.wishes.map(\.platform), claim.wishes.map(\.band.rawValue), Int32(clamping: claim.lanes),
            Int32(clamping: claim.jobsPerLane), claim.wishes.map { claim.floors[$0] }, kinds.map(\.key),
            kinds.map { Int32(clamping: $0.value) }, claim.leaseMax, claim.stallMax,
        ]
        do throws(PostgresError) {
            return try LeasedJob.all(in: try await pool.query(Self.claimLanes, parameters))
        } catch {
            // It gave way to somebody who waited for a lane it had looked at; nothing was taken.
            guard error.isLockNotAvailable else { throw QueueError(error) }
            return []
        }
    }

    private static let claimLanes: SQL = """
        select lane_id, token, connection_id, platform, band, next_at, job_ids, kinds, args_versions, attempts, args
        from portolan.claim_lanes($1, $2, $3, $4, $5,
          (select array_agg(coalesce(f, '-infinity') order by o) from unnest($6::timestamptz[]) with ordinality u(f, o)),
          $7, $8, $9, $10)
        """

    package func prove(_ job: LeasedJob, records: Int, checkpoint: String?) async throws(QueueError) -> Proof? {
        try await call(
            "select cancel, paused, draining, yield_wanted from portolan.prove($1, $2, $3, $4, $5)",
            [
                job.lease.laneID, job.lease.token, job.jobID, Int32(clamping: records),
                checkpoint.map { PostgresJSON($0) },
            ]
        ) { rows throws(PostgresError) in
            guard let row = rows.first else { return nil }
            return Proof(
                isCancelled: try row.decode(at: 0), isPaused: try row.decode(at: 1), isDraining: try row.decode(at: 2),
                isYieldWanted: try row.decode(at: 3))
        }
    }

    package func finish(_ reports: [Report], waits: Bool) async throws(QueueError) -> [Finish] {
        if reports.isEmpty { return [] }
        let isPlain = reports.allSatisfy { $0.detail == nil && $0.outcome.delay == .zero }
        return try await call(
            "select portolan.finish_many($1, $2, $3, $4, $5, $6, $7)",
            [
                reports.map(\.job.lease.laneID), reports.map(\.job.lease.token), reports.map(\.job.jobID),
                reports.map(\.outcome.word), isPlain ? [Duration]?.none : reports.map(\.outcome.delay),
                isPlain ? [PostgresJSON?]?.none : reports.map { $0.detail.map { PostgresJSON($0) } }, waits,
            ]
        ) { rows throws(PostgresError) in
            var results: [Finish] = []
            for word: String in try rows.first?.decode(at: 0) ?? [] { results.append(try Finish(word: word)) }
            return results
        }
    }

    /// Ends a run with an error: history or back-off, the error's row, and what it means for stream and connection,
    /// in one transaction.
    ///
    /// - Parameters:
    ///   - flags: errors that were met before and gone round; rows of their own.
    ///   - event: what the health of the connection is told, in the words of `portolan.health_transitions`.
    package func finish(
        _ job: LeasedJob, _ outcome: Outcome, error: PostgresJSON, flags: [PostgresJSON] = [], resource: String?,
        streamState: String?, event: String?
    ) async throws(QueueError) -> Finish {
        try await call(
            "select portolan.finish_with($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                job.lease.laneID, job.lease.token, job.jobID, outcome.word, outcome.delay, error, resource, streamState,
                event, flags,
            ]
        ) { rows throws(PostgresError) in try rows.first?.word(at: 0) ?? .stale }
    }

    /// Ends a probe with what it found out: `ok`, or what its failure means for the connection.
    package func finishProbe(
        _ job: LeasedJob, event: String?, error: PostgresJSON?
    ) async throws(QueueError) -> Finish {
        try await call(
            "select portolan.finish_probe($1, $2, $3, $4, $5)",
            [job.lease.laneID, job.lease.token, job.jobID, event, error]
        ) { rows throws(PostgresError) in try rows.first?.word(at: 0) ?? .stale }
    }

    /// Alerts that nobody has been told of; each is handed out once.
    package func takeAlerts() async throws(QueueError) -> [Alert] {
        try await call(
            "select rule, subject, severity, message from portolan.take_alerts() order by alert_id", []
        ) { rows throws(PostgresError) in
            var alerts: [Alert] = []
            for row in rows {
                let (rule, subject, severity, message) = try row.decode(
                    String.self, String.self, String.self, String.self)
                alerts.append(Alert(rule: rule, subject: subject, severity: severity, message: message))
            }
            return alerts
        }
    }

    package func beat(worker: UUID, host: String, version: String, ttl: Duration) async throws(QueueError) -> Bool {
        try await call("select portolan.beat($1, $2, $3, $4)", [worker, host, version, ttl]) {
            rows throws(PostgresError) in try rows.first?.decode(at: 0) ?? false
        }
    }

    package func leave(worker: UUID) async throws(QueueError) {
        try await call("select portolan.leave($1)", [worker]) { _ throws(PostgresError) in () }
    }

    package func releaseUnknown(worker: UUID, known: [UUID]) async throws(QueueError) -> Int {
        try await count("select portolan.release_unknown($1, $2)", [worker, known])
    }

    package func reap() async throws(QueueError) -> Int { try await count("select portolan.reap()", []) }

    package func cancel(_ jobs: [Int64]) async throws(QueueError) -> [Cancellation] {
        try await call("select result from portolan.cancel_many($1)", [jobs]) { rows throws(PostgresError) in
            var results: [Cancellation] = []
            for row in rows { results.append(try row.word(at: 0)) }
            return results
        }
    }

    package func pause(_ scope: PauseScope, reason: String?) async throws(QueueError) {
        try await call("select portolan.pause($1, $2, $3)", [scope.word, scope.name, reason]) {
            _ throws(PostgresError) in ()
        }
    }

    package func resume(_ scope: PauseScope) async throws(QueueError) -> Bool {
        try await call("select portolan.resume($1, $2)", [scope.word, scope.name]) { rows throws(PostgresError) in
            try rows.first?.decode(at: 0) ?? false
        }
    }

    package func closeGate(platform: String, reason: String, probeInterval: Duration) async throws(QueueError) {
        try await call("select portolan.close_gate($1, $2, $3)", [platform, reason, probeInterval]) {
            _ throws(PostgresError) in ()
        }
    }

    package func openGate(platform: String) async throws(QueueError) -> Bool {
        try await call("select portolan.open_gate($1)", [platform]) { rows throws(PostgresError) in
            try rows.first?.decode(at: 0) ?? false
        }
    }

    /// Runs the maintenance that is due and nobody has in hand, vacuuming included.
    ///
    /// - Returns: the tables that were vacuumed.
    package func maintain() async throws(QueueError) -> [String] {
        let tables = try await call("select portolan.maintain()", []) { rows throws(PostgresError) -> [String] in
            try rows.first?.decode(at: 0) ?? []
        }
        for table in tables {
            // The names are those of maintain's own short list. A table that somebody is at already is passed over.
            let statement = SQL(unsafeText: "vacuum (skip_locked, index_cleanup on) portolan.\(table)")
            _ = try await call(statement, []) { _ throws(PostgresError) in () }
        }
        return tables
    }

    /// One tick of the scheduler. Answers how many streams were due and how many jobs that made.
    package func enqueueDue(limit: Int) async throws(QueueError) -> (due: Int, enqueued: Int) {
        try await call("select due, enqueued from portolan.enqueue_due($1)", [Int32(limit)]) {
            rows throws(PostgresError) in
            guard let row = rows.first else { return (0, 0) }
            return (Int(try row.decode(at: 0, as: Int32.self)), Int(try row.decode(at: 1, as: Int32.self)))
        }
    }

    /// Enqueues a sync of one stream by the names people use. Answers the job, or the equal one that waits already.
    package func enqueueSync(connection: String, resource: String, band: Band) async throws(QueueError) -> Int64 {
        try await call("select portolan.enqueue_sync($1, $2, $3)", [connection, resource, band.rawValue]) {
            rows throws(PostgresError) in
            guard let row = rows.first else { throw PostgresError(.decode, "enqueue_sync answered nothing") }
            return try row.decode(at: 0)
        }
    }

    private func count(_ sql: SQL, _ parameters: [any PostgresEncodable]) async throws(QueueError) -> Int {
        try await call(sql, parameters) { rows throws(PostgresError) in
            Int(try rows.first?.decode(at: 0, as: Int32.self) ?? 0)
        }
    }

    /// One statement; what the database says against it becomes a ``QueueError``.
    func call<Value>(
        _ sql: SQL, _ parameters: [any PostgresEncodable],
        _ read: (PostgresRows) throws(PostgresError) -> Value
    ) async throws(QueueError) -> Value {
        do throws(PostgresError) {
            return try read(try await pool.query(sql, parameters))
        } catch {
            throw QueueError(error)
        }
    }
}

extension QueueError {
    /// Refusals keep the words of the function that refused: they name fields and fixes, never values.
    package init(_ error: PostgresError) {
        let refusals = ["22023", "23503", "P0002"]
        if refusals.contains(error.sqlState ?? "") {
            let hint = error.server?.hint.map { " (\($0))" } ?? ""
            self.init(.refused, (error.serverMessage ?? error.message) + hint)
        } else if error.sqlState == "23514", error.constraint == nil {
            // No check of ours, which all have names: a day of history was attached while a row was on its way to the
            // default partition.
            self.init(.unavailable, error.description)
        } else if error.isConnectionFailure || error.isTransient {
            // A statement that was given up may have taken effect, too.
            let isUncertain = error.isConnectionFailure || error.code == .timedOut
            self.init(.unavailable, error.description, isUncertain: isUncertain)
        } else if ["42883", "42P01", "42703"].contains(error.sqlState ?? "") {
            self.init(
                .broken, "\(error.description); the schema is not the one this program was built with: portolan migrate"
            )
        } else {
            self.init(.broken, error.description)
        }
    }
}

extension PauseScope {
    var word: String {
        switch self {
        case .connection: "connection"
        case .platform: "platform"
        case .kind: "kind"
        case .band: "band"
        }
    }

    var name: String {
        switch self {
        case .connection(let id): "\(id)"
        case .platform(let name), .kind(let name): name
        case .band(let band): band.rawValue
        }
    }
}

extension RawRepresentable<String> {
    /// A word of one of our own lists, as the database has it.
    init(word: String) throws(PostgresError) {
        guard let value = Self(rawValue: word) else {
            throw PostgresError(.decode, "\(word) is no \(Self.self) that this version knows")
        }
        self = value
    }
}

extension PostgresRow {
    func word<Word: RawRepresentable<String>>(at index: Int) throws(PostgresError) -> Word {
        try Word(word: try decode(at: index))
    }
}

extension LeasedJob {
    /// What `portolan.claim_lanes` answers: a row for each lane, its jobs as parallel arrays.
    static func all(in rows: PostgresRows) throws(PostgresError) -> [LeasedJob] {
        var jobs: [LeasedJob] = []
        for row in rows {
            let lease = Lease(laneID: try row.decode(at: 0), token: try row.decode(at: 1))
            let (connectionID, platform) = (
                try row.decode(at: 2, as: Int64.self), try row.decode(at: 3, as: String.self)
            )
            let (band, ticket) = (try row.word(at: 4) as Band, try row.decode(at: 5, as: Date.self))
            let ids = try row.decode(at: 6, as: [Int64].self)
            let kinds = try row.decode(at: 7, as: [String].self)
            let versions = try row.decode(at: 8, as: [Int16].self)
            let attempts = try row.decode(at: 9, as: [Int32].self)
            let arguments = try row.decode(at: 10, as: [PostgresJSON].self)
            for index in ids.indices {
                jobs.append(
                    LeasedJob(
                        lease: lease, jobID: ids[index], kind: kinds[index], attempt: Int(attempts[index]),
                        arguments: arguments[index].text, argumentsVersion: Int(versions[index]),
                        connectionID: connectionID, platform: platform, band: band, ticket: ticket))
            }
        }
        return jobs
    }
}
