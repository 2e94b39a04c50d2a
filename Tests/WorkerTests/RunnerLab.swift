import FoundationEssentials
import Jobs
import Logging
import Synchronization
import Testing

@testable import Worker

/// A queue in memory, and runners on it, at a time that only the test moves: jobs take as long as it says.
final class RunnerLab: Sendable {
    static let platform = "toy"
    /// Midnight of 2030-01-01, which no clock of a test machine shows.
    private static let start = Date(timeIntervalSince1970: 1_893_456_000)
    private static let kinds: [String: JobKindRule] = [
        "work": JobKindRule(versions: [1: [:], 2: [:]]), "other": JobKindRule(versions: [1: [:]]),
    ]

    private final class Clock: Sendable {
        let origin = ContinuousClock.now
        let elapsed = Mutex(Duration.zero)
    }

    let memory: MemoryQueue
    let happenings = Happenings()
    /// What the handlers of all workers were given.
    let journal: Journal
    private let clock: Clock
    private let connection: Int64

    init() {
        let clock = Clock()
        self.clock = clock
        journal = Journal(happenings)
        memory = MemoryQueue(
            kinds: Self.kinds, now: { Self.start.addingTimeInterval(clock.elapsed.withLock { $0.seconds }) })
        connection = memory.addConnection(platform: Self.platform)
    }

    /// Lets time pass, for the queue and for the runners.
    func pass(_ time: Duration) { clock.elapsed.withLock { $0 += time } }

    // MARK: Jobs

    /// Enqueues one job; answers its id.
    func add(kind: String = "work", version: Int = 1, lane: String = "main") async throws -> Int64 {
        try await memory.enqueue(
            NewJob(connectionID: connection, kind: kind, argumentsVersion: version, family: lane))
    }

    /// Enqueues jobs in lanes of their own; answers the ids of each lane's jobs.
    func add(lanes: Int, jobsPerLane: Int = 1, named name: String = "lane") async throws -> [[Int64]] {
        let ids = try await memory.enqueue(
            (0..<lanes * jobsPerLane).map {
                NewJob(
                    connectionID: connection, kind: "work", argumentsVersion: 1, family: "\(name)-\($0 / jobsPerLane)")
            })
        return stride(from: 0, to: ids.count, by: jobsPerLane).map { Array(ids[$0..<$0 + jobsPerLane]) }
    }

    func describe(_ job: Int64) async throws -> JobDescription { try #require(try await memory.describe(job)) }
    func state(_ job: Int64) async throws -> JobDescription.State { try await describe(job).state }

    /// Whether all of them have ended well.
    func areDone(_ jobs: [Int64]) async throws -> Bool {
        for job in jobs where try await state(job) != .done { return false }
        return true
    }

    /// Whether nobody holds any of them.
    func areQueued(_ jobs: [Int64]) async throws -> Bool {
        for job in jobs where try await state(job) != .queued { return false }
        return true
    }

    func untilDone(_ jobs: [Int64]) async throws { try await happenings.until { try await areDone(jobs) } }

    /// Fails where a job is not as it was when it was enqueued: queued, with nothing counted.
    func expectUntouched(_ jobs: [Int64], _ location: SourceLocation = #_sourceLocation) async throws {
        for job in jobs {
            let now = try await describe(job)
            #expect(now.state == .queued, sourceLocation: location)
            #expect(
                [now.attempt, now.runs, now.rescues, now.snoozes, now.pages] == [0, 0, 0, 0, 0],
                sourceLocation: location)
            #expect(now.events.isEmpty, sourceLocation: location)
        }
    }

    // MARK: Workers

    /// A runner that knows jobs of the kind `work` up to a version.
    ///
    /// - Parameter isAlive: whether it can prove that it is alive.
    func worker(
        id: UUID = UUID(), slots: Int = 4, version: Int = 1, isAlive: Shared<Bool> = Shared(true),
        script: WatchedQueue.Script = .init(),
        handler: @escaping TestHandler.Body = { _ in .ended(.done) }
    ) -> TestWorker {
        let queue = WatchedQueue(memory, happenings, script)
        return TestWorker(
            id: id, queue: queue, isAlive: isAlive,
            handlers: ["work": TestHandler(newestVersion: version, journal: journal, body: handler)], slots: slots,
            now: { [clock] in clock.origin + clock.elapsed.withLock { $0 } })
    }

    /// Runs workers while `body` runs, then drains them.
    func run(_ workers: TestWorker..., body: () async throws -> Void) async throws {
        do {
            for worker in workers { worker.start() }
            try await body()
            for worker in workers { await worker.leave() }
            for worker in workers { #expect(worker.held == 0, "a worker has left and believes it holds something") }
            #expect(journal.faults.isEmpty)
        } catch {
            for worker in workers { await worker.kill() }
            throw error
        }
    }

    /// Lets the worker run one job that takes no time, so that it comes to expect the same of all others.
    func warmUp(_ worker: TestWorker) async throws {
        let job = try await add(lane: "warm-up")
        worker.bell.ring()
        try await untilDone([job])
    }
}

/// One runner, and all it hangs on.
final class TestWorker: Sendable {
    let id: UUID
    let queue: WatchedQueue
    let bell: Bell
    let drain: Drain
    private let runner: JobRunner
    private let running = Mutex<Task<Void, Never>?>(nil)

    init(
        id: UUID, queue: WatchedQueue, isAlive: Shared<Bool>, handlers: [String: any JobHandler], slots: Int,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.id = id
        self.queue = queue
        bell = Bell()
        drain = Drain(bell: bell)
        var configuration = WorkerConfiguration()
        configuration.slots = slots
        configuration.pollInterval = .milliseconds(2)
        runner = JobRunner(
            queue: queue, handlers: handlers, platforms: [RunnerLab.platform], worker: id,
            configuration: configuration, isAlive: { isAlive.value }, now: now, drain: drain, bell: bell,
            logger: Logger(label: "runner") { _ in SwiftLogNoOpLogHandler() })
    }

    func start() { running.withLock { $0 = Task { [runner] in await runner.run() } } }

    /// Returns when it is drained.
    func leave() async {
        drain.ask()
        await running.withLock { $0 }?.value
    }

    func kill() async {
        running.withLock { $0 }?.cancel()
        await leave()
    }

    /// How many leases it believes to hold.
    var held: Int { runner.leases.count }

    /// Returns when it believes to hold no lease.
    func untilNothingIsHeld() async throws {
        while held > 0 {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// Jobs it was handed, whether or not it knows.
    var claimed: [Int64] { queue.claims.flatMap(\.jobs).map(\.jobID) }
    /// Jobs whose end it reported, or tried to.
    var reported: [Int64] { queue.finishes.flatMap(\.reports).map(\.job.jobID) }
}

/// Runs jobs as a test says, and keeps a journal.
struct TestHandler: JobHandler {
    typealias Body = @Sendable (LeasedJob) async -> Ran

    let newestVersion: Int
    let journal: Journal
    let body: Body

    func run(_ job: LeasedJob) async -> Ran {
        journal.begin(job, newestVersion: newestVersion)
        let ran = await body(job)
        journal.end(job)
        return ran
    }
}

/// What handlers were given, in order.
final class Journal: Sendable {
    private struct State {
        var begun: [Int64] = []
        var running: [Int64: Int] = [:]
        var most = 0
        var faults: [String] = []
    }

    private let state = Mutex(State())
    private let happenings: Happenings

    init(_ happenings: Happenings) { self.happenings = happenings }

    /// Ids of the jobs, in the order in which their runs began.
    var begun: [Int64] { state.withLock { $0.begun } }
    /// How many run at this moment.
    var running: Int { state.withLock { $0.running.values.reduce(0, +) } }
    /// How many have run at once, at most.
    var most: Int { state.withLock { $0.most } }
    /// What must never be: a lane run twice at once, or a job by a handler that does not know its version.
    var faults: [String] { state.withLock { $0.faults } }

    func runs(of job: Int64) -> Int { begun.count { $0 == job } }

    func begin(_ job: LeasedJob, newestVersion: Int) {
        state.withLock { state in
            state.begun.append(job.jobID)
            if state.running[job.lease.laneID, default: 0] > 0 {
                state.faults.append("job \(job.jobID) began while its lane ran")
            }
            if job.argumentsVersion > newestVersion {
                state.faults.append("job \(job.jobID) is of version \(job.argumentsVersion)")
            }
            state.running[job.lease.laneID, default: 0] += 1
            state.most = max(state.most, state.running.values.reduce(0, +))
        }
        happenings.note()
    }

    func end(_ job: LeasedJob) {
        state.withLock { $0.running[job.lease.laneID, default: 0] -= 1 }
        happenings.note()
    }
}
