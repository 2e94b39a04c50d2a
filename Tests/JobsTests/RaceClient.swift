import FoundationEssentials
import Postgres

@testable import Jobs

/// Where a race is run.
struct RaceField: Sendable {
    let bed: Bed
    let connections: [Int64]
    var ledger = RaceLedger()
    /// The server may go away under a call.
    var mayBeLost = false

    /// The same race through other sessions.
    func moved(to bed: Bed) -> RaceField {
        RaceField(bed: bed, connections: connections, ledger: ledger, mayBeLost: mayBeLost)
    }

    static let platforms = ["toy", "tin"]

    /// A connection of every name, kinds with two forms of arguments, and a table for what pages write.
    static func lay(on bed: Bed, connections count: Int, mayBeLost: Bool = false) async throws -> RaceField {
        var connections: [Int64] = []
        for number in 0..<count {
            connections.append(
                try await bed.addConnection(
                    "c\(number)", platform: platforms[number % platforms.count], isScheduled: true))
        }
        for version in [1, 2] as [Int32] {
            try await bed.pool.query(
                "select portolan.define_kind('toil', '{\"depth\": \"number\"}', '{}', $1)", [version])
        }
        try await bed.pool.query("create table race_pages (job_id bigint not null, token uuid not null)")
        return RaceField(bed: bed, connections: connections, mayBeLost: mayBeLost)
    }
}

/// One client of a race: enqueues, claims, commits pages, finishes in every way, dies and goes on writing, cancels,
/// pauses, schedules and reaps, as its random numbers say. Every answer that must not be given is a fault.
struct RaceClient {
    let field: RaceField
    var random: SeededRandom
    var worker = UUID()
    var held: [Held] = []
    /// Reported already, or lost: every further word about them must be answered `stale`.
    var spent: [Held] = []
    private var tickets: [Claim.Wish: Date] = [:]
    /// Known to be there; a worker that is not is taken for dead.
    var isRegistered = false
    /// The answer to a claim was lost, and with it what this worker holds.
    private var hasForgotten = false

    struct Held: Sendable {
        let job: LeasedJob
        let worker: UUID
        let family: String
        let key: String?
        let parent: Int64?
        /// May have been taken, or reported, without this client knowing.
        var isDoubtful: Bool
        var hasChildren = false
    }

    var bed: Bed { field.bed }
    var queue: PostgresQueue { field.bed.queue }
    var ledger: RaceLedger { field.ledger }

    init(field: RaceField, seed: UInt64) {
        self.field = field
        random = SeededRandom(seed: seed)
    }

    mutating func run(until end: ContinuousClock.Instant) async {
        while ContinuousClock.now < end {
            await trying { try await $0.operate() }
        }
        await trying { try await $0.report($0.held, waits: true) }
    }

    /// Sees to it that nothing but the loss of the server ends an operation early.
    private mutating func trying(_ body: (inout RaceClient) async throws -> Void) async {
        do {
            try await body(&self)
        } catch  where error.isLoss && field.mayBeLost {
            ledger.count("lost")
        } catch  where error.sqlState == "40P01" {
            ledger.count("deadlocks")
            ledger.fault("a deadlock: \(error)")
        } catch {
            ledger.fault("\(error)")
        }
    }

    private mutating func operate() async throws {
        if !isRegistered { try await register() }
        if hasForgotten { try await rememberNothing() }
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<110: try await enqueue(1)
        case 110..<170: try await enqueue(Int.random(in: 2...12, using: &random))
        case 170..<190: try await enqueueSlowly()
        case 190..<430: try await claim()
        case 430..<520: try await commitPage()
        case 520..<560: try await split()
        case 560..<740: try await reportSome()
        case 740..<770: try await reportError()
        case 770..<800: try await reportAgain()
        default: try await interfere()
        }
    }

    mutating func register() async throws {
        isRegistered = false
        worker = UUID()
        let name = worker
        ledger.update { $0.workers.append(name) }
        _ = try await queue.beat(worker: worker, host: "race", version: "1", ttl: .seconds(3600))
        isRegistered = true
    }

    func isDoubtful(_ one: Held) -> Bool { one.isDoubtful || ledger.read { $0.robbed.contains(one.worker) } }

    /// From before a call about them until its answer is there.
    mutating func doubt(_ some: [Held]) {
        for index in held.indices where some.contains(where: { $0.job.isSame(as: held[index].job) }) {
            held[index].isDoubtful = true
        }
    }

    /// The call was answered: what was certain before is certain still.
    mutating func restore(_ some: [Held]) {
        for index in held.indices {
            if let old = some.first(where: { $0.job.isSame(as: held[index].job) }) {
                held[index].isDoubtful = old.isDoubtful
            }
        }
    }

    mutating func retire(_ some: [Held]) {
        held.removeAll { one in some.contains { $0.job.isSame(as: one.job) } }
        spent.append(contentsOf: some)
        if spent.count > 100 { spent.removeFirst(spent.count - 100) }
    }

    // MARK: Enqueueing

    mutating func newJob(parent: Int64? = nil) -> NewJob {
        var job = Bed.sync(
            field.connections.randomElement(using: &random) ?? 0,
            band: Band.allCases.randomElement(using: &random) ?? .urgent,
            key: ["x", "y", "z", nil][Int.random(in: 0..<4, using: &random)],
            family: ["main", "bulk"].randomElement(using: &random) ?? "main", parent: parent)
        if Bool.random(using: &random) { job.delay = .milliseconds(Int.random(in: 0...20, using: &random)) }
        if Int.random(in: 0..<5, using: &random) == 0 {
            job.kind = "toil"
            job.arguments = #"{"depth": 1}"#
            job.argumentsVersion = [nil, 1, 2].randomElement(using: &random) ?? nil
        }
        // Lanes come to be while their connection is paused, resumed, and leased elsewhere.
        if Int.random(in: 0..<60, using: &random) == 0 {
            job.family = "f\(Int.random(in: 0..<40, using: &random))"
        }
        return job
    }

    private mutating func enqueue(_ count: Int) async throws {
        var jobs = (0..<count).map { _ in newJob() }
        // Now and then for a lane that this client is running a job in.
        if let mine = held.randomElement(using: &random) {
            jobs[0].connectionID = mine.job.connectionID
            (jobs[0].dedupeKey, jobs[0].family, jobs[0].parentID) = (mine.key, mine.family, mine.parent)
        }
        do throws(QueueError) {
            let ids = try await queue.enqueue(jobs)
            let running = Set(held.filter { !isDoubtful($0) }.map(\.job.jobID))
            for id in ids where running.contains(id) { ledger.fault("job \(id) runs and swallowed a follow-up") }
            ledger.enqueued(ids)
        } catch {
            try allowRefusal(of: error, hasParent: jobs[0].parentID != nil)
        }
    }

    /// A parent may end, or be cancelled, while its children are being made.
    private func allowRefusal(of error: any Error, hasParent: Bool) throws {
        let isRefusal = (error as? QueueError)?.code == .refused || error.sqlState == "22023"
        guard hasParent, isRefusal else { throw error }
        ledger.count("refused")
    }

    /// In a transaction of its own that stays open for a while, and is rolled back now and then.
    private mutating func enqueueSlowly() async throws {
        struct Undone: Error {}
        let isUndone = Int.random(in: 0..<3, using: &random) == 0
        let jobs = (0..<Int.random(in: 1...6, using: &random)).map { _ in
            var job = newJob()
            if isUndone { job.dedupeKey = nil }
            return job
        }
        var ids: [Int64] = []
        do throws(PostgresTransactionError) {
            try await bed.pool.withTransaction { connection in
                ids = try await PostgresQueue.enqueue(jobs, in: connection)
                try await connection.query("select pg_sleep(0.03)")
                if isUndone { throw Undone() }
            }
        } catch {
            guard error.body is Undone else { throw error }
            let undone = ids
            ledger.update { $0.undone.formUnion(undone) }
            return ledger.count("rolled back")
        }
        ledger.enqueued(ids)
        ledger.count("slow")
    }

    // MARK: Holding

    private mutating func claim() async throws {
        guard held.count < 12 else { return try await report(held, waits: true) }
        var claim = Bed.wanting(
            worker, platforms: RaceField.platforms.shuffled(using: &random),
            bands: Band.allCases.shuffled(using: &random), lanes: Int.random(in: 1...6, using: &random),
            jobsPerLane: Int.random(in: 1...4, using: &random))
        if Int.random(in: 0..<4, using: &random) > 0 {
            claim.kinds["toil"] = Int.random(in: 1...2, using: &random)
        }
        if Int.random(in: 0..<3, using: &random) == 0 { claim.floors = tickets.mapValues { $0 - 1 } }
        // A lease that somebody may take while its holder is at work: stalled, or past its limit.
        let isShort = Int.random(in: 0..<8, using: &random) == 0
        if isShort {
            if Bool.random(using: &random) {
                claim.stallMax = .milliseconds(5)
            } else {
                claim.leaseMax = .milliseconds(5)
            }
        }
        hasForgotten = true
        let jobs = try await queue.claim(claim)
        hasForgotten = false
        if jobs.isEmpty { tickets = [:] }
        ledger.count("handed", jobs.count)
        for job in jobs {
            tickets[Claim.Wish(platform: job.platform, band: job.band)] = job.ticket
            held.append(
                Held(job: job, worker: worker, family: "main", key: nil, parent: nil, isDoubtful: isShort))
        }
        try await learn(jobs.map(\.jobID))
    }

    /// What an enqueue for the same lane needs.
    private mutating func learn(_ ids: [Int64]) async throws {
        if ids.isEmpty { return }
        let rows = try await bed.pool.query(
            """
            select j.job_id, l.family, j.dedupe_key, j.parent_job_id, exists (select from portolan.jobs c where
              c.parent_job_id = j.job_id)
            from portolan.jobs j join portolan.lanes l using (lane_id) where j.job_id = any ($1)
            """, [ids])
        for row in rows {
            let (id, family, key, parent, hasChildren) = try row.decode(
                Int64.self, String.self, String?.self, Int64?.self, Bool.self)
            guard let index = held.lastIndex(where: { $0.job.jobID == id }) else { continue }
            held[index] = Held(
                job: held[index].job, worker: held[index].worker, family: family, key: key, parent: parent,
                isDoubtful: held[index].isDoubtful, hasChildren: hasChildren)
        }
    }

    /// After a lost answer: whatever this worker does not know of goes back.
    private mutating func rememberNothing() async throws {
        let known = held.map(\.job.lease.token)
        ledger.count("forgotten", try await queue.releaseUnknown(worker: worker, known: known))
        hasForgotten = false
    }

    private mutating func commitPage() async throws {
        if let mine = held.randomElement(using: &random) {
            if try await page(mine, children: []) == nil, !isDoubtful(mine) {
                ledger.fault("a lease in good standing was not proven: job \(mine.job.jobID)")
            }
        }
        if let old = spent.randomElement(using: &random), !isStillLeased(old) {
            if try await page(old, children: []) != nil {
                ledger.fault("a lease that had ended was proven: job \(old.job.jobID)")
            }
        }
    }

    /// A lease goes on after a partial report; only the reported jobs are out of it.
    private func isStillLeased(_ old: Held) -> Bool { held.contains { $0.job.isSame(as: old.job) } }

    /// What a worker does for a page: the proof, what it writes, and what it enqueues, in one transaction.
    private func page(_ one: Held, children: [NewJob]) async throws -> PostgresRow? {
        var ids: [Int64] = []
        let row = try await bed.pool.withTransaction { connection -> PostgresRow? in
            let rows = try await connection.query(
                "select * from portolan.prove($1, $2, $3, 1)",
                [one.job.lease.laneID, one.job.lease.token, one.job.jobID])
            guard let row = rows.first else { return nil }
            try await connection.query(
                "insert into race_pages (job_id, token) values ($1, $2)", [one.job.jobID, one.job.lease.token])
            if !children.isEmpty {
                ids = try await PostgresQueue.enqueue(children, in: connection)
            }
            return row
        }
        ledger.enqueued(ids)
        if row != nil { ledger.count("pages") }
        return row
    }

    /// Makes children of a job that is being run, with a page of it or apart from one.
    private mutating func split() async throws {
        guard let index = held.indices.randomElement(using: &random), held[index].parent == nil else { return }
        let mine = held[index]
        let children = (0..<Int.random(in: 1...4, using: &random)).map { _ in newJob(parent: mine.job.jobID) }
        held[index].hasChildren = true
        do {
            if Bool.random(using: &random) {
                _ = try await page(mine, children: children)
            } else {
                ledger.enqueued(try await queue.enqueue(children))
            }
            ledger.count("split")
        } catch {
            try allowRefusal(of: error, hasParent: true)
        }
    }
}

extension LeasedJob {
    /// The same job under the same lease.
    func isSame(as other: LeasedJob) -> Bool { lease.token == other.lease.token && jobID == other.jobID }
}
