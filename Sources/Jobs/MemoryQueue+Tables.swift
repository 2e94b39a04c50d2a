import FoundationEssentials

extension MemoryQueue {
    /// All there is, as the tables of the schema have it; nothing is ever forgotten. Every call of the queue is one
    /// function of this value.
    struct Tables: Sendable {
        /// The earliest time that never comes: of a job that awaits its children.
        static let never = Date.distantFuture

        let kinds: [String: JobKindRule]
        /// Platform of each connection.
        var connections: [Int64: String] = [:]
        var lanes: [Int64: Lane] = [:]
        /// Jobs from their enqueue to their end.
        var jobs: [Int64: Job] = [:]
        var history: [Int64: EndedJob] = [:]
        /// By lane: at most one lease a lane.
        var leases: [Int64: HeldLane] = [:]
        var workers: [UUID: Worker] = [:]
        var paused: Set<PauseScope> = []
        /// Closed gates, by platform.
        var gates: [String: Gate] = [:]
        private var newestID: Int64 = 0

        init(kinds: [String: JobKindRule]) { self.kinds = kinds }

        /// Ids of everything ascend.
        mutating func newID() -> Int64 {
            newestID += 1
            return newestID
        }

        mutating func addConnection(platform: String) -> Int64 {
            let id = newID()
            connections[id] = platform
            return id
        }
    }

    /// What may not run concurrently. Workers lease lanes.
    struct Lane: Sendable {
        enum State: Sendable { case idle, ready, leased }

        let id: Int64
        let connectionID: Int64
        let family: String
        let platform: String
        var state = State.idle
        /// Of its head job; while leased, of the job that was its head.
        var band = Band.incremental
        /// When its head job is due; nothing due in its band is older.
        var headAt = Tables.never
        /// Its ticket: when, and in which order, it may next be claimed.
        var nextAt = Tables.never
        /// Rescues in a row; from the first on, jobs are handed over one by one.
        var strikes = 0

        /// A claim found a due head that could not be run.
        func isPutOff(at now: Date) -> Bool { state == .ready && headAt <= now && nextAt > now }
    }

    /// A job that waits or runs.
    struct Job: Sendable {
        let id: Int64
        let laneID: Int64
        let connectionID: Int64
        let kind: String
        let arguments: String
        let argumentsVersion: Int
        let dedupeKey: String?
        let parentID: Int64?
        let attemptsMax: Int
        var band: Band
        var runAt: Date
        /// Failed attempts since the last progress.
        var attempt = 0
        var snoozes = 0
        var rescues = 0
        var runs = 0
        var pages = 0
        var records = 0
        /// An equal job was merged into it when it had got on already: after its end it runs once more.
        var isFollowedUp = false
        var isCancelAsked = false
        var errorCode: String?
        var events: [JobDescription.Event] = []

        var awaitsChildren: Bool { runAt == Tables.never }

        /// Notes a run that did not end the job: the first 200, and then those whose number is a power of two.
        mutating func note(_ what: String, code: String?) {
            guard runs <= 200 || runs & (runs - 1) == 0 else { return }
            events.append(JobDescription.Event(run: runs, what: what, pages: pages, code: code))
        }
    }

    /// How a job ended.
    struct EndedJob: Sendable {
        let job: Job
        let state: JobDescription.State
        let endedAt: Date
    }

    /// A lane in a worker's hands.
    struct HeldLane: Sendable {
        let token: UUID
        let worker: UUID
        let deadline: Date
        let stallMax: Duration
        var progressAt: Date
        /// The job being run: the first of them until the worker says otherwise.
        var running: Int64
        /// Handed over and not yet reported, in the order in which they are to be run.
        var jobIDs: [Int64]
    }

    /// A worker as its beats tell of it.
    struct Worker: Sendable {
        var beatAt: Date
        let ttl: Duration
    }

    /// A platform's gate that is closed, or opens step by step.
    struct Gate: Sendable {
        var probeAt: Date
        let probeInterval: Duration
        /// A page got through.
        var isOpening = false
        /// How many lanes are let through at the next interval while it opens.
        var width = 1

        /// Let through by the hundred: it is up.
        static let widthMax = 256
    }
}

extension Date {
    static func + (date: Date, duration: Duration) -> Date {
        let (seconds, attoseconds) = duration.components
        return date.addingTimeInterval(Double(seconds) + Double(attoseconds) / 1e18)
    }
}

extension Band {
    /// 0 is the most urgent.
    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
