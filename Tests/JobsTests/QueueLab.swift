import FoundationEssentials
import Synchronization
import Testing

@testable import Jobs

/// Which of the two queues a conformance test runs on.
enum Twin: String, CaseIterable, Sendable {
    case memory, postgres
}

/// A queue of its own for one test, on a clock that only the test moves.
struct QueueLab: Sendable {
    /// What the two queues do not have in common, and a test needs.
    protocol Bench: Sendable {
        var queue: any Queue { get }
        func setTime(_ time: Date) async throws
        func addConnection(platform: String) async throws -> Int64
        /// Forgets all jobs, and whatever else was done to the queue.
        func clear() async throws
    }

    /// The kinds that every lab knows.
    static let kinds: [String: JobKindRule] = [
        "sync": .sync,
        "twice": JobKindRule(versions: [1: [:]], attemptsMax: 2),
        "shapes": JobKindRule(versions: [
            1: [
                "text": .init(.string), "count": .init(.number), "flag": .init(.boolean), "more": .init(.object),
                "list": .init(.array),
            ]
        ]),
        "grown": JobKindRule(versions: [
            1: ["from": .init(.number)], 2: ["from": .init(.number), "to": .init(.number)],
        ]),
    ]
    /// What a worker says that knows all of them.
    static let known = kinds.mapValues(\.newestVersion)

    let bench: any Bench
    /// Beats once at the start and is then as alive as the clock lets it be.
    let worker = UUID()

    var queue: any Queue { bench.queue }

    /// Midnight of 2030-01-01, which no clock of a test machine shows.
    static let start = Date(timeIntervalSince1970: 1_893_456_000)

    static func with(_ twin: Twin, _ body: (QueueLab) async throws -> Void) async throws {
        switch twin {
        case .memory: try await open(MemoryBench(), body)
        case .postgres: try await PostgresBench.with { bench in try await open(bench, body) }
        }
    }

    static func open(_ bench: any Bench, _ body: (QueueLab) async throws -> Void) async throws {
        let lab = QueueLab(bench: bench)
        try await lab.setTime(seconds: 0)
        _ = try await lab.beat(lab.worker, ttl: .seconds(3600 * 24 * 3650))
        try await body(lab)
    }

    /// Sets the queue's clock to so many seconds after the start.
    func setTime(seconds: Double) async throws { try await bench.setTime(Self.start.addingTimeInterval(seconds)) }

    func addConnection(platform: String = "toy") async throws -> Int64 {
        try await bench.addConnection(platform: platform)
    }

    /// Makes the queue as it was at the start, connections apart.
    func clear() async throws {
        try await bench.clear()
        try await setTime(seconds: 0)
    }

    @discardableResult
    func beat(_ worker: UUID, ttl: Duration = .seconds(20)) async throws -> Bool {
        try await queue.beat(worker: worker, host: "here", version: "1", ttl: ttl)
    }

    /// A worker that has beaten once, with twenty seconds to live.
    func mortal() async throws -> UUID {
        let worker = UUID()
        try await beat(worker)
        return worker
    }

    // MARK: Jobs

    /// A sync, unless the arguments say otherwise.
    @discardableResult
    func enqueue(
        _ connection: Int64, kind: String = "sync", arguments: String? = nil, version: Int? = nil,
        band: Band = .incremental, delay: Duration = .zero, key: String? = nil, family: String = "main",
        attemptsMax: Int? = nil, parent: Int64? = nil
    ) async throws -> Int64 {
        try await queue.enqueue(
            NewJob(
                connectionID: connection, kind: kind,
                arguments: arguments ?? (kind == "sync" ? #"{"resource": "orders"}"# : "{}"),
                argumentsVersion: version, band: band, delay: delay, dedupeKey: key, family: family,
                attemptsMax: attemptsMax, parentID: parent))
    }

    func claim(
        lanes: Int = 10, jobsPerLane: Int = 1, bands: [Band] = Band.allCases, platforms: [String] = ["toy"],
        kinds: [String: Int] = Self.known, worker: UUID? = nil
    ) async throws -> [LeasedJob] {
        var claim = wanted(bands: bands, platforms: platforms, worker: worker)
        claim.lanes = lanes
        claim.jobsPerLane = jobsPerLane
        claim.kinds = kinds
        return try await queue.claim(claim)
    }

    /// What a worker asks for that wants everything.
    func wanted(bands: [Band] = Band.allCases, platforms: [String] = ["toy"], worker: UUID? = nil) -> Claim {
        Claim(
            worker: worker ?? self.worker,
            wishes: bands.flatMap { band in platforms.map { Claim.Wish(platform: $0, band: band) } },
            lanes: 10, kinds: Self.known)
    }

    /// Claims exactly one lane, and of it one job.
    func claimOne(worker: UUID? = nil) async throws -> LeasedJob {
        try #require(try await claim(lanes: 1, worker: worker).first, "nothing to claim")
    }

    func finish(_ job: LeasedJob, _ outcome: Outcome, code: String? = nil) async throws -> Finish {
        let detail = code.map { #"{"code": "\#($0)"}"# }
        return try #require(try await queue.finish([Report(job, outcome, detail: detail)], waits: true).first)
    }

    /// Claims one job and ends its run.
    @discardableResult
    func runOne(_ outcome: Outcome, code: String? = nil) async throws -> Finish {
        try await finish(try await claimOne(), outcome, code: code)
    }

    @discardableResult
    func prove(_ job: LeasedJob, records: Int = 0) async throws -> Proof? {
        try await queue.prove(job, records: records, checkpoint: nil)
    }

    func cancel(_ job: Int64) async throws -> Cancellation { try #require(try await queue.cancel([job]).first) }

    func describe(_ job: Int64) async throws -> JobDescription { try #require(try await queue.describe(job)) }

    func state(_ job: Int64) async throws -> JobDescription.State { try await describe(job).state }

    /// The code of the refusal; a test fails where there is none.
    func refusal(_ body: () async throws -> Void) async throws -> String {
        let error = await #expect(throws: QueueError.self) { try await body() }
        #expect(error?.code == .refused)
        return error?.message ?? ""
    }
}

/// The queue in memory.
private struct MemoryBench: QueueLab.Bench {
    private final class Clock: Sendable {
        let time = Mutex(QueueLab.start)
    }

    private let clock: Clock
    private let memory: MemoryQueue

    var queue: any Queue { memory }

    init() {
        let clock = Clock()
        self.clock = clock
        memory = MemoryQueue(kinds: QueueLab.kinds, now: { clock.time.withLock { $0 } })
    }

    /// It is new for every lab, and never needs to be.
    func clear() {}

    func setTime(_ time: Date) { clock.time.withLock { $0 = time } }

    func addConnection(platform: String) -> Int64 { memory.addConnection(platform: platform) }
}
