package import FoundationEssentials

/// The durable queue: jobs wait in lanes, workers lease lanes, and a lease is proven by its token.
///
/// Two implementations pass one conformance suite: ``PostgresQueue``, the only one that keeps anything, and
/// ``MemoryQueue``, its twin for tests and simulations. Times and expiry are by the queue's own clock, never the
/// caller's: what the caller says is how long from now.
///
/// **Errors**: every call throws ``QueueError``: `refused` names the field and the fix, `unavailable` means try again.
package protocol Queue: Sendable {
    /// Enqueues all of them or, when one is refused, none.
    ///
    /// - Returns: their ids in the order given; where an equal job waits already, that one's.
    func enqueue(_ jobs: [NewJob]) async throws(QueueError) -> [Int64]

    /// Leases up to `lanes` lanes and hands over due jobs of each; jobs of one lane stand together, in the order in
    /// which they are to be run.
    func claim(_ claim: Claim) async throws(QueueError) -> [LeasedJob]

    /// Proves the lease and notes the progress of one page. Nil: the lease is lost, and nothing may be written.
    func prove(_ job: LeasedJob, records: Int, checkpoint: String?) async throws(QueueError) -> Proof?

    /// Ends the run of jobs, each with an outcome; answers what became of each, in the order given.
    ///
    /// A lease ends when all its jobs are reported, and goes on with the rest until then.
    ///
    /// - Parameter waits: false answers ``Finish/busy`` for jobs whose lane somebody's open transaction holds, instead
    ///   of waiting for it; they stay as they are, and are reported again.
    func finish(_ reports: [Report], waits: Bool) async throws(QueueError) -> [Finish]

    /// Says the worker is alive, registering it the first time. Answers whether it is asked to drain.
    func beat(worker: UUID, host: String, version: String, ttl: Duration) async throws(QueueError) -> Bool

    /// Takes the worker's row away when it holds nothing any more.
    func leave(worker: UUID) async throws(QueueError)

    /// Gives back the leases of a worker that are not among those it knows of. Answers how many.
    func releaseUnknown(worker: UUID, known: [UUID]) async throws(QueueError) -> Int

    /// Takes the leases of workers that stopped beating, of jobs that show no progress, and those past their hard
    /// limit. Anybody may call it, every couple of seconds. Answers how many.
    func reap() async throws(QueueError) -> Int

    /// Cancels jobs, and the children of those that are parents; answers for each what that meant.
    func cancel(_ jobs: [Int64]) async throws(QueueError) -> [Cancellation]

    /// Stops a part of the work from being claimed; what runs stops after its page. Survives everything but `resume`.
    func pause(_ scope: PauseScope, reason: String?) async throws(QueueError)

    /// Lets a part of the work go on. Answers whether it had been paused.
    func resume(_ scope: PauseScope) async throws(QueueError) -> Bool

    /// Closes a platform's gate: only one lane per probe interval is let through, failures do not count, and the first
    /// page that gets through opens it.
    func closeGate(platform: String, reason: String, probeInterval: Duration) async throws(QueueError)

    /// Opens a platform's gate. Answers whether it had been closed.
    func openGate(platform: String) async throws(QueueError) -> Bool

    /// What is known of a job, live or ended; nil when there is none of that id.
    func describe(_ job: Int64) async throws(QueueError) -> JobDescription?
}

extension Queue {
    /// Enqueues one job.
    package func enqueue(_ job: NewJob) async throws(QueueError) -> Int64 {
        guard let id = try await enqueue([job]).first else {
            throw QueueError(.unavailable, "enqueue answered nothing")
        }
        return id
    }

    /// Ends one run.
    package func finish(_ job: LeasedJob, _ outcome: Outcome) async throws(QueueError) -> Finish {
        try await finish([Report(job, outcome)], waits: true).first ?? .stale
    }
}

/// What a worker asks for.
package struct Claim: Sendable {
    /// One place to look: a platform's lanes of one band.
    package struct Wish: Sendable, Hashable {
        package let platform: String
        package let band: Band

        package init(platform: String, band: Band) {
            self.platform = platform
            self.band = band
        }
    }

    package var worker: UUID
    /// Tried in this order.
    package var wishes: [Wish]
    /// How many lanes at most.
    package var lanes: Int
    /// How many due jobs of each lane at most.
    package var jobsPerLane: Int = 1
    /// Kinds the worker knows, each with the newest version of its arguments that it reads (and all older ones). Jobs of
    /// other kinds, or newer arguments, stay queued.
    package var kinds: [String: Int]
    /// Hard limit of the leases, however alive the worker is.
    package var leaseMax: Duration = .seconds(900)
    /// How long a lease may go without progress.
    package var stallMax: Duration = .seconds(600)
    /// For each wish, the ticket below which nothing waits, as far as the worker knows; see ``TicketFloors``.
    package var floors: [Wish: Date] = [:]

    package init(worker: UUID, wishes: [Wish], lanes: Int, kinds: [String: Int]) {
        self.worker = worker
        self.wishes = wishes
        self.lanes = lanes
        self.kinds = kinds
    }
}

/// What a worker must know, answered with each page it proves.
package struct Proof: Sendable, Equatable {
    /// The job is to be cancelled: end it now.
    package var isCancelled = false
    /// The lane, or a part of the work it belongs to, was paused: yield.
    package var isPaused = false
    /// The worker is asked to finish what it holds and leave.
    package var isDraining = false
    /// A more urgent job of the lane waits: yield.
    package var isYieldWanted = false

    package init(
        isCancelled: Bool = false, isPaused: Bool = false, isDraining: Bool = false, isYieldWanted: Bool = false
    ) {
        self.isCancelled = isCancelled
        self.isPaused = isPaused
        self.isDraining = isDraining
        self.isYieldWanted = isYieldWanted
    }
}

/// How one run of one job ended.
package struct Report: Sendable {
    package let job: LeasedJob
    package let outcome: Outcome
    /// What the job's story is to tell: an error, or what it waited for, as a JSON object. An error has the key `code`.
    package let detail: String?

    package init(_ job: LeasedJob, _ outcome: Outcome, detail: String? = nil) {
        self.job = job
        self.outcome = outcome
        self.detail = detail
    }
}

/// What became of a job whose run was reported.
package enum Finish: String, Sendable, CaseIterable {
    case done, failed, poison, cancelled
    case retry, snooze, yield, release
    /// Done, but an equal job had been merged into it after it had got on: it runs once more.
    case again
    /// Waits for its children.
    case awaiting
    /// The lease had been lost: nothing was changed.
    case stale
    /// Somebody's open transaction holds the lane: nothing was changed, report again.
    case busy

    /// The job has left the queue.
    package var isEnd: Bool { [.done, .failed, .poison, .cancelled].contains(self) }
}

/// What cancelling a job meant.
package enum Cancellation: String, Sendable {
    /// It waited, and is gone to history.
    case cancelled
    /// It runs, and is told at its next page.
    case asked = "asked to stop"
    /// It has ended already, or never was.
    case notWaiting = "not waiting"
}

/// A part of the work that can be paused and resumed.
package enum PauseScope: Sendable, Hashable {
    case connection(Int64)
    case platform(String)
    case kind(String)
    case band(Band)
}

/// Why the queue could not do what it was asked to.
package struct QueueError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The queue cannot be reached, or is too busy: trying again may help.
        case unavailable
        /// What was asked for is wrong; the message names the field and the fix.
        case refused
        /// The schema is not the one this program was built with, or the program has a bug.
        case broken
    }

    package let code: Code
    /// For people; no payload, no credentials.
    package let message: String
    /// The connection was lost, so that nobody knows whether the call took effect.
    package let isUncertain: Bool

    package init(_ code: Code, _ message: String, isUncertain: Bool = false) {
        self.code = code
        self.message = message
        self.isUncertain = isUncertain
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
