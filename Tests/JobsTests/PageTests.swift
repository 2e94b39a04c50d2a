import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

/// A page is one transaction: the proof of the lease, what is written, and the cursor, together or not at all.
@Suite("Pages and leases", .serialized)
struct PageTests {
    /// Killed sessions leave it open whether a COMMIT took effect; the cursor, read again, tells.
    @Test(
        "pages are written once each, and counted with it, though sessions are killed at any point",
        .timeLimit(.minutes(2)))
    func killedSessions() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("page seed \(seed)")
        try await Bed.with(connectionsMax: 8) { bed in
            try await Self.makeTables(bed)
            let worker = try await bed.addWorker()
            for name in ["a", "b", "c", "d"] {
                _ = try await bed.queue.enqueue(Bed.sync(try await bed.addConnection(name)))
            }
            let jobs = try await bed.queue.claim(Bed.wanting(worker, lanes: 4))
            #expect(jobs.count == 4)
            let isOver = Signal()
            let kills = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await Self.kill(through: bed, until: isOver, seed: seed) }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for job in jobs { writers.addTask { try await Self.write(60, job, bed) } }
                    try await writers.waitForAll()
                }
                isOver.send()
                return try await group.next() ?? 0
            }
            #expect(kills > 10, "hardly anything was killed")
            // A session that was killed last may not know it yet.
            try await bed.withOneSession { try await Self.expectPages(1...60, of: jobs, $0, seed: seed) }
        }
    }

    @Test("a worker that slept through the loss of its lease changes nothing when it wakes")
    func suspendedWorker() async throws {
        try await Bed.with { bed in
            try await Self.makeTables(bed)
            let (connection, sleeper, other) = (
                try await bed.addConnection("a"), try await bed.addWorker(), try await bed.addWorker()
            )
            let job = try await bed.queue.enqueue(Bed.sync(connection, key: "k"))
            let old = try await bed.claimOne(sleeper)
            // A transaction that was open before the loss is no better than one after it.
            try await bed.pool.withTransaction { session in
                try await session.query("select 1")
                try await bed.pool.query(
                    "update portolan.workers set beat_at = '-infinity' where worker_id = $1", [sleeper])
                #expect(try await bed.queue.reap() == 1)
                let new = try await bed.claimOne(other)
                #expect(new.jobID == job && new.lease.token != old.lease.token)
                #expect(try await bed.queue.prove(new, records: 7, checkpoint: #"{"at": 1}"#) != nil)
                let before = try await Self.everything(bed)

                #expect(try await Self.commitPage(1, old, in: session) == false)
                _ = try await bed.queue.beat(worker: sleeper, host: "here", version: "1", ttl: .seconds(3600))
                #expect(try await bed.queue.prove(old, records: 1, checkpoint: #"{"at": 0}"#) == nil)
                for outcome in [Outcome.done, .failed, .retry(after: .seconds(9)), .release, .awaitChildren] {
                    #expect(try await bed.queue.finish(old, outcome) == .stale)
                    #expect(try await bed.queue.finish([Report(old, outcome)], waits: false) == [.stale])
                }
                let error = PostgresJSON(#"{"code": "x.y", "fault": "ours", "policy": "stop", "message": "late"}"#)
                let late = try await bed.queue.finish(
                    old, .failed, error: error, resource: "orders", streamState: "blocked", event: "block")
                #expect(late == .stale)
                #expect(try await bed.queue.releaseUnknown(worker: sleeper, known: []) == 0)
                try await bed.queue.leave(worker: sleeper)
                #expect(try await Self.everything(bed) == before)
                #expect(try await bed.queue.finish(new, .done) == .done)
            }
            #expect(try await bed.count("select count(*) from written") == 0)
        }
    }

    @Test(
        "the reaper does not take a lease whose page is being committed, and takes it after",
        arguments: ["dead", "stalled", "past its limit"])
    func pageInFlight(how: String) async throws {
        try await Bed.with { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            _ = try await bed.queue.enqueue(Bed.sync(connection))
            let job = try await bed.claimOne(worker)
            try await bed.pool.withTransaction { session in
                let proof = try await session.query(
                    "select * from portolan.prove($1, $2, $3, 1)", [job.lease.laneID, job.lease.token, job.jobID])
                #expect(proof.count == 1)
                // Whoever reaps sees the lease as it was before the page: dead, stalled, or too old.
                let ahead = how == "past its limit" ? 1000 : how == "stalled" ? 700 : 0
                if how == "dead" {
                    try await bed.pool.query("update portolan.workers set beat_at = '-infinity'")
                }
                #expect(try await Self.reap(bed, ahead: ahead) == 0)
                #expect(try await bed.count("select count(*) from portolan.leases") == 1)
            }
            // A page that got through is progress, but neither a beat nor more time.
            #expect(try await Self.reap(bed, ahead: how == "dead" ? 0 : 1000) == 1)
            #expect(try await bed.queue.finish(job, .done) == .stale)
        }
    }

    // MARK: Tools

    private static func makeTables(_ bed: Bed) async throws {
        // No constraint here keeps a page from being written twice: the proof has to.
        try await bed.pool.query("create table written (job_id bigint not null, page integer not null)")
        try await bed.pool.query("create table cursors (job_id bigint primary key, page integer not null)")
    }

    private static func expectPages(
        _ numbers: ClosedRange<Int64>, of jobs: [LeasedJob], _ bed: Bed, seed: UInt64
    ) async throws {
        for job in jobs {
            let pages = try await bed.pool.query(
                "select page::bigint from written where job_id = $1 order by 1", [job.jobID])
            #expect(try pages.map { try $0.decode(at: 0, as: Int64.self) } == Array(numbers), "seed \(seed)")
            let counted = try await bed.pool.query(
                "select pages_count::bigint, records_count from portolan.jobs where job_id = $1", [job.jobID])
            let (pagesCount, recordsCount) = try counted[0].decode(Int64.self, Int64.self)
            #expect(pagesCount == numbers.upperBound && recordsCount == 3 * pagesCount, "seed \(seed)")
        }
        // The leases stood all the while: nobody but their holder ends them.
        let results = try await bed.queue.finish(jobs.map { Report($0, .done) }, waits: true)
        #expect(results.allSatisfy { $0 == .done } && results.count == jobs.count)
    }

    /// False when the lease is lost; nothing was written then.
    private static func commitPage(_ page: Int32, _ job: LeasedJob, in session: PostgresConnection) async throws -> Bool
    {
        let proof = try await session.query(
            "select * from portolan.prove($1, $2, $3, 3)", [job.lease.laneID, job.lease.token, job.jobID])
        if proof.isEmpty { return false }
        try await session.query("insert into written values ($1, $2)", [job.jobID, page])
        try await session.query(
            "insert into cursors values ($1, $2) on conflict (job_id) do update set page = excluded.page",
            [job.jobID, page])
        return true
    }

    private static func write(_ count: Int32, _ job: LeasedJob, _ bed: Bed) async throws {
        var page: Int32 = 1
        while page <= count {
            do {
                let number = page
                let isHeld = try await bed.pool.withTransaction { try await commitPage(number, job, in: $0) }
                try #require(isHeld)
                page += 1
            } catch  where error.isLoss {
                page = try await nextPage(job, bed)
            }
        }
    }

    private static func nextPage(_ job: LeasedJob, _ bed: Bed) async throws -> Int32 {
        while true {
            do throws(PostgresError) {
                let rows = try await bed.pool.query("select page from cursors where job_id = $1", [job.jobID])
                return try (rows.first?.decode(at: 0) ?? 0) + 1
            } catch {
                guard error.isLoss else { throw error }
            }
        }
    }

    /// Kills one session whenever a few more pages are there. Answers how many.
    private static func kill(through bed: Bed, until isOver: Signal, seed: UInt64) async throws -> Int {
        var (random, kills, next) = (SeededRandom(seed: seed), 0, Int64(2))
        try await bed.withOneSession { killer in
            while !isOver.isSent {
                guard try await killer.count("select count(*) from written") >= next else {
                    await Task.yield()
                    continue
                }
                let victims = try await killer.pool.query(
                    """
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
                    order by state <> 'active', random() limit 1
                    """)
                kills += victims.count
                next = try await killer.count("select count(*) from written") + Int64.random(in: 1...6, using: &random)
            }
        }
        return kills
    }

    private static func reap(_ bed: Bed, ahead seconds: Int) async throws -> Int32 {
        try await bed.pool.withTransaction { session in
            try await session.query(
                "select set_config('portolan.now', (now() + make_interval(secs => $1))::text, true)", [Double(seconds)])
            return try await session.query("select portolan.reap()")[0].decode(at: 0)
        }
    }

    /// All that a worker could have changed, but for its own row.
    private static func everything(_ bed: Bed) async throws -> [String] {
        try await bed.texts(
            """
            select row_to_json(x)::text from portolan.jobs x union all select row_to_json(x)::text from
              portolan.leases x
            union all select row_to_json(x)::text from portolan.lanes x union all select row_to_json(x)::text from
              portolan.job_history x
            union all select row_to_json(x)::text from portolan.job_events x union all select row_to_json(x)::text
              from portolan.streams x
            union all select row_to_json(x)::text from portolan.connections x union all select row_to_json(x)::text
              from portolan.errors x
            order by 1
            """)
    }
}
