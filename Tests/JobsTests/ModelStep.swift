import FoundationEssentials

@testable import Jobs

/// One thing that a schedule does to a queue. Jobs, connections, workers, hand-overs and leases are named by number, in
/// the order in which they came to be: ids and tokens are each queue's own.
enum ModelStep: Sendable {
    case time(seconds: Int)
    case enqueue([ModelJob])
    case claim(ModelClaim)
    case prove(handed: Int, records: Int)
    case finish([ModelReport], waits: Bool)
    case cancel([Int])
    case pause(ModelScope)
    case resume(ModelScope)
    case closeGate(platform: String, interval: Int)
    case openGate(platform: String)
    case beat(worker: Int, ttl: Int)
    case leave(worker: Int)
    case releaseUnknown(worker: Int, knownLeases: [Int])
    case reap
    case describe([Int])
}

struct ModelJob: Sendable {
    var connection: Int
    var kind = "sync"
    var arguments = #"{"resource": "orders"}"#
    var version: Int?
    var band: Band
    var delay: Int
    var key: String?
    var family: String
    var attemptsMax: Int?
    var parent: Int?
}

struct ModelClaim: Sendable {
    var worker: Int
    var wishes: [Claim.Wish]
    var lanes: Int
    var jobsPerLane: Int
    var kinds: [String: Int]
    var leaseMax: Int
    var stallMax: Int
    /// Seconds after the start, for some of the wishes.
    var floors: [Claim.Wish: Int]
}

struct ModelReport: Sendable {
    var handed: Int
    var outcome: Outcome
    var detail: String?
}

enum ModelScope: Sendable {
    case connection(Int)
    case platform(String)
    case kind(String)
    case band(Band)
}

/// What a queue said to a step, in the schedule's own numbers.
enum ModelAnswer: Sendable, Equatable {
    struct Handed: Sendable, Equatable {
        let lease: Int
        let job: Int
        let attempt: Int
        let kind: String
        let version: Int
        let arguments: String
        let connection: Int
        let platform: String
        let band: Band
        let ticketSeconds: Int
    }

    case nothing
    case refused
    case jobs([Int])
    case handed([Handed])
    case proof(Proof?)
    case finished([Finish])
    case cancelled([Cancellation])
    case count(Int)
    case flag(Bool)
    /// With numbers in place of ids.
    case described([JobDescription?])
}

/// One of the two queues, and the schedule's numbers for what it made.
struct ModelSide: Sendable {
    static let workers = (0..<4).map { _ in UUID() }
    /// Number of an id that no queue has.
    static let nobody = -1

    let lab: QueueLab
    private let connections: [Int64]
    private(set) var jobs: [Int64] = []
    private var numbers: [Int64: Int] = [:]
    private var handed: [LeasedJob] = []
    private var tokens: [UUID] = []

    /// Platforms of the connections, in order.
    init(_ lab: QueueLab, platforms: [String]) async throws {
        self.lab = lab
        var connections: [Int64] = []
        for platform in platforms { connections.append(try await lab.addConnection(platform: platform)) }
        self.connections = connections
    }

    /// What the queue answers; errors other than refusals are thrown on.
    mutating func perform(_ step: ModelStep) async throws -> ModelAnswer {
        do {
            return try await take(step)
        } catch let error as QueueError {
            guard error.code == .refused else { throw error }
            return .refused
        }
    }

    private mutating func take(_ step: ModelStep) async throws -> ModelAnswer {
        let queue = lab.queue
        switch step {
        case .time(let seconds):
            try await lab.setTime(seconds: Double(seconds))
            return .nothing
        case .enqueue(let new): return .jobs(number(try await queue.enqueue(new.map(job))))
        case .claim(let wanted): return .handed(number(try await queue.claim(claim(wanted))))
        case .prove(let number, let records):
            return .proof(try await queue.prove(handed[number], records: records, checkpoint: nil))
        case .finish(let reports, let waits):
            return .finished(
                try await queue.finish(
                    reports.map { Report(handed[$0.handed], $0.outcome, detail: $0.detail) }, waits: waits))
        case .cancel(let numbers): return .cancelled(try await queue.cancel(numbers.map(id)))
        case .pause(let scope):
            try await queue.pause(self.scope(scope), reason: "model")
            return .nothing
        case .resume(let scope): return .flag(try await queue.resume(self.scope(scope)))
        case .closeGate(let platform, let interval):
            try await queue.closeGate(platform: platform, reason: "model", probeInterval: .seconds(interval))
            return .nothing
        case .openGate(let platform): return .flag(try await queue.openGate(platform: platform))
        case .beat(let worker, let ttl):
            return .flag(try await lab.beat(Self.workers[worker], ttl: .seconds(ttl)))
        case .leave(let worker):
            try await queue.leave(worker: Self.workers[worker])
            return .nothing
        case .releaseUnknown(let worker, let known):
            return .count(
                try await queue.releaseUnknown(worker: Self.workers[worker], known: known.map { tokens[$0] }))
        case .reap: return .count(try await queue.reap())
        case .describe(let numbers):
            var descriptions: [JobDescription?] = []
            for number in numbers { descriptions.append(numbered(try await queue.describe(id(number)))) }
            return .described(descriptions)
        }
    }

    // MARK: From numbers

    private func id(_ number: Int) -> Int64 { number == Self.nobody ? 999_999_999 : jobs[number] }

    private func job(_ job: ModelJob) -> NewJob {
        NewJob(
            connectionID: job.connection == Self.nobody ? 999_999_999 : connections[job.connection], kind: job.kind,
            arguments: job.arguments, argumentsVersion: job.version, band: job.band, delay: .seconds(job.delay),
            dedupeKey: job.key, family: job.family, attemptsMax: job.attemptsMax, parentID: job.parent.map(id))
    }

    private func claim(_ wanted: ModelClaim) -> Claim {
        var claim = Claim(
            worker: Self.workers[wanted.worker], wishes: wanted.wishes, lanes: wanted.lanes, kinds: wanted.kinds)
        claim.jobsPerLane = wanted.jobsPerLane
        claim.leaseMax = .seconds(wanted.leaseMax)
        claim.stallMax = .seconds(wanted.stallMax)
        claim.floors = wanted.floors.mapValues { QueueLab.start.addingTimeInterval(Double($0)) }
        return claim
    }

    private func scope(_ scope: ModelScope) -> PauseScope {
        switch scope {
        case .connection(let number): .connection(number == Self.nobody ? 999_999_999 : connections[number])
        case .platform(let name): .platform(name)
        case .kind(let name): .kind(name)
        case .band(let band): .band(band)
        }
    }

    // MARK: To numbers

    private mutating func number(_ ids: [Int64]) -> [Int] {
        ids.map { id in
            if let number = numbers[id] { return number }
            jobs.append(id)
            numbers[id] = jobs.count - 1
            return jobs.count - 1
        }
    }

    private mutating func number(_ leased: [LeasedJob]) -> [ModelAnswer.Handed] {
        leased.map { job in
            handed.append(job)
            if !tokens.contains(job.lease.token) { tokens.append(job.lease.token) }
            return ModelAnswer.Handed(
                lease: tokens.firstIndex(of: job.lease.token) ?? Self.nobody, job: numbers[job.jobID] ?? Self.nobody,
                attempt: job.attempt, kind: job.kind, version: job.argumentsVersion,
                arguments: String(job.arguments.filter { $0 != " " }),
                connection: connections.firstIndex(of: job.connectionID) ?? Self.nobody, platform: job.platform,
                band: job.band, ticketSeconds: Int(job.ticket.timeIntervalSince(QueueLab.start).rounded()))
        }
    }

    private func numbered(_ description: JobDescription?) -> JobDescription? {
        guard var description else { return nil }
        description.connectionID = Int64(connections.firstIndex(of: description.connectionID) ?? Self.nobody)
        description.parentID = description.parentID.map { Int64(numbers[$0] ?? Self.nobody) }
        return description
    }
}
