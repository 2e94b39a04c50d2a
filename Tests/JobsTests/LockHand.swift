import FoundationEssentials
import Postgres

@testable import Jobs

/// One of the two that meet in a lock-order test.
struct LockHand {
    let yard: LockYard
    let pair: String
    private var random: SeededRandom
    private var worker = UUID()

    private var bed: Bed { yard.bed }
    private var queue: PostgresQueue { yard.bed.queue }

    init(yard: LockYard, pair: String, seed: UInt64) {
        self.yard = yard
        self.pair = pair
        random = SeededRandom(seed: seed)
    }

    mutating func hammer(_ act: LockAct, until end: ContinuousClock.Instant) async {
        do {
            try await beat()
            repeat {
                try await perform(act)
                yard.count("\(act)")
            } while ContinuousClock.now < end
            // What it holds goes back, so that the next pair finds the lanes free.
            _ = try await queue.releaseUnknown(worker: worker, known: [])
        } catch {
            yard.fault("\(act) of \(pair): \(error)")
        }
    }

    private func beat() async throws {
        _ = try await queue.beat(worker: worker, host: "h", version: "1", ttl: .seconds(3600))
    }

    private mutating func perform(_ act: LockAct) async throws {
        switch act {
        case .enqueueMany: try await feed(6)
        case .enqueueChildren: try await split()
        case .claim: _ = try await hold()
        case .page: for job in try await hold() { try await page(job, children: []) }
        case .pageThatEnqueues: try await splitInPage()
        case .finish: try await report(try await hold(), waits: true)
        case .finishWithoutWaiting: try await report(try await hold(), waits: false)
        case .finishWithError: try await reportErrors(try await hold())
        case .awaitChildren: try await awaitChildren()
        case .cancelMany: _ = try await queue.cancel(try await someJobs())
        case .retry: try await retry()
        case .pauseConnection: try await pause(.connection(connection()))
        case .pausePlatform: try await pause(.platform("toy"))
        case .pauseKind: try await pause(.kind("sync"))
        case .pauseBand: try await pause(.band(Band.allCases.randomElement(using: &random) ?? .report))
        case .gate: try await gate()
        case .reap: try await reap()
        case .releaseUnknown:
            _ = try await hold()
            _ = try await queue.releaseUnknown(worker: worker, known: [])
        case .enqueueDue: try await schedule()
        case .resumeConnection:
            _ = try await bed.pool.query(
                "select portolan.resume_connection($1)", [["a", "b", "c"].randomElement(using: &random)])
        case .maintain: try await maintain()
        case .refreshStats: _ = try await bed.pool.query("select portolan.refresh_stats()")
        case .beatAndLeave:
            try await queue.leave(worker: worker)
            try await beat()
        case .lookUp: try await lookUp()
        }
    }

    // MARK: What acts are made of

    private mutating func connection() -> Int64 { yard.connections.randomElement(using: &random) ?? 0 }

    private mutating func job(parent: Int64? = nil) -> NewJob {
        Bed.sync(
            connection(), band: Band.allCases.randomElement(using: &random) ?? .urgent,
            key: ["x", "y", nil].randomElement(using: &random) ?? nil,
            family: ["main", "bulk"].randomElement(using: &random) ?? "main", parent: parent)
    }

    /// Lanes are named in any order; locking them in theirs is the function's task.
    private mutating func feed(_ count: Int) async throws {
        _ = try await queue.enqueue((0..<count).map { _ in job() })
    }

    private mutating func hold() async throws -> [LeasedJob] {
        if Bool.random(using: &random) { try await feed(3) }
        let claim = Bed.wanting(
            worker, bands: Band.allCases.shuffled(using: &random), lanes: Int.random(in: 1...4, using: &random),
            jobsPerLane: Int.random(in: 1...3, using: &random))
        return try await queue.claim(claim).shuffled(using: &random)
    }

    private mutating func report(_ jobs: [LeasedJob], waits: Bool) async throws {
        let reports = jobs.map { job in
            let outcome: Outcome =
                [.done, .done, .failed, .retry(after: .zero), .yield, .release, .awaitChildren].randomElement(
                    using: &random) ?? .done
            return Report(job, outcome)
        }
        let results = try await queue.finish(reports, waits: waits)
        let busy = zip(reports, results).filter { $1 == .busy }.map { $0.0 }
        _ = try await queue.finish(busy, waits: true)
    }

    private mutating func reportErrors(_ jobs: [LeasedJob]) async throws {
        for job in jobs {
            _ = try await queue.finish(
                job, Bool.random(using: &random) ? .failed : .retry(after: .zero),
                error: PostgresJSON(#"{"code": "x.y", "fault": "ours", "policy": "backoff", "message": "hammered"}"#),
                resource: ["orders", "products"].randomElement(using: &random), streamState: "failing",
                event: ["soft", "net", "block", "auth"].randomElement(using: &random))
        }
    }

    /// The proof, and what is enqueued with it, in one transaction.
    private func page(_ job: LeasedJob, children: [NewJob]) async throws {
        do throws(PostgresTransactionError) {
            try await bed.pool.withTransaction { session in
                let rows = try await session.query(
                    "select * from portolan.prove($1, $2, $3, 1)", [job.lease.laneID, job.lease.token, job.jobID])
                try await session.query(
                    """
                    update portolan.streams set pages_count = pages_count + 1
                    where connection_id = $1 and resource = 'orders'
                    """,
                    [job.connectionID])
                if !rows.isEmpty, !children.isEmpty { _ = try await PostgresQueue.enqueue(children, in: session) }
            }
        } catch {
            // Its parent was cancelled meanwhile, or is a part itself.
            guard error.sqlState == "22023" else { throw error }
        }
    }

    private mutating func splitInPage() async throws {
        for parent in try await hold() {
            try await page(parent, children: [job(parent: parent.jobID), job(parent: parent.jobID), job()])
        }
    }

    private mutating func split() async throws {
        for parent in try await someJobs() {
            do throws(QueueError) {
                _ = try await queue.enqueue([job(parent: parent), job(), job(parent: parent)])
            } catch {
                guard error.code == .refused else { throw error }
            }
        }
    }

    private mutating func awaitChildren() async throws {
        let jobs = try await hold()
        for parent in jobs { try await page(parent, children: [job(parent: parent.jobID), job(parent: parent.jobID)]) }
        _ = try await queue.finish(jobs.map { Report($0, .awaitChildren) }, waits: Bool.random(using: &random))
        let children = try await hold()
        _ = try await queue.finish(children.map { Report($0, .done) }, waits: true)
    }

    private mutating func someJobs() async throws -> [Int64] {
        try await feed(2)
        let rows = try await bed.pool.query(
            "select job_id from portolan.jobs order by random() limit $1", [Int64.random(in: 1...6, using: &random)])
        return try rows.map { try $0.decode(at: 0) }
    }

    private mutating func retry() async throws {
        try await feed(1)
        let oneOfThem: SQL =
            Bool.random(using: &random)
            ? "select job_id from portolan.jobs order by random() limit 1"
            : "select job_id from portolan.job_history order by finished_at desc limit 1"
        guard let row = try await bed.pool.query(oneOfThem).first else { return }
        let job: Int64 = try row.decode(at: 0)
        try await bed.pool.query("select portolan.retry($1)", [job])
    }

    private mutating func pause(_ scope: PauseScope) async throws {
        try await feed(1)
        try await queue.pause(scope, reason: nil)
        _ = try await queue.resume(scope)
    }

    private mutating func gate() async throws {
        try await queue.closeGate(platform: "toy", reason: "hammered", probeInterval: .milliseconds(1))
        try await report(try await hold(), waits: true)
        _ = try await queue.openGate(platform: "toy")
    }

    private mutating func reap() async throws {
        if !(try await hold()).isEmpty {
            try await bed.pool.query(
                "update portolan.workers set beat_at = '-infinity' where worker_id = $1", [worker])
        }
        _ = try await queue.reap()
        try await beat()
    }

    private mutating func schedule() async throws {
        try await bed.pool.query(
            """
            update portolan.streams s set next_due_at = now() from (
              select ctid as at from portolan.streams order by connection_id, resource for update skip locked) d
                where s.ctid = d.at
            """)
        _ = try await queue.enqueueDue(limit: 10)
    }

    /// Maintenance whose clock is a day further each time, so that there is a day to make and one to drop.
    private func maintain() async throws {
        try await bed.pool.query(
            """
            update portolan.maintenance m set next_at = '-infinity'
            where m.task in (select x.task from portolan.maintenance x order by 1 for update skip locked)
            """
        )
        try await bed.pool.withTransaction { session in
            try await session.query(
                """
                select set_config('portolan.now', (date_trunc('day', now()) + interval '12 hours' + nextval('days') *
                  interval '1 day')::text, true)
                """)
            try await session.query("select portolan.maintain()")
        }
    }

    private mutating func lookUp() async throws {
        for job in try await someJobs() {
            _ = try await queue.describe(job)
            try await bed.pool.query("select count(*) from portolan.job_story($1)", [job])
        }
        try await bed.pool.query("select count(*) from portolan.parents_now")
    }
}
