import FoundationEssentials
import Testing

@testable import Jobs

/// The queue in the database against the one in memory, which is simple enough to be believed.
@Suite("The model", .serialized)
struct ModelTests {
    private static let schedules = 60
    private static let steps = 120

    /// PORTOLAN_SEED repeats the one schedule of that seed, and tells every step of it.
    @Test(
        "whatever is done to both, the queue in the database answers as the model does", .timeLimit(.minutes(3)))
    func lockstep() async throws {
        var seeds = (0..<Self.schedules).map { _ in UInt64.random(in: .min ... .max) }
        let given = ProcessInfo.processInfo.environment["PORTOLAN_SEED"].flatMap { UInt64($0) }
        if let given { seeds = [given] }
        try await QueueLab.with(.postgres) { database in
            for seed in seeds {
                try await database.clear()
                try await QueueLab.with(.memory) { memory in
                    var run = try await ModelRun(
                        seed: seed, isTold: given != nil, memory: memory, database: database)
                    do {
                        try await run.go(steps: Self.steps)
                    } catch let difference as ModelDifference {
                        Issue.record("\(difference)")
                    }
                }
            }
        }
    }
}

/// The two queues did not answer alike.
struct ModelDifference: Error, CustomStringConvertible {
    let description: String
}

/// One schedule on both queues.
private struct ModelRun {
    private let seed: UInt64
    private let isTold: Bool
    private var schedule: ModelSchedule
    private var memory: ModelSide
    private var database: ModelSide
    private var stepCount = 0
    /// Jobs that were seen to have ended, which only their children can change.
    private var ended: Set<Int> = []

    init(seed: UInt64, isTold: Bool, memory: QueueLab, database: QueueLab) async throws {
        self.seed = seed
        self.isTold = isTold
        schedule = ModelSchedule(seed: seed)
        self.memory = try await ModelSide(memory, platforms: ModelSchedule.platforms)
        self.database = try await ModelSide(database, platforms: ModelSchedule.platforms)
    }

    mutating func go(steps: Int) async throws {
        for step in schedule.opening() { try await take(step) }
        for step in 1...steps {
            try await take(schedule.next())
            if step % 25 == 0 { try await compareJobs(all: false) }
        }
        for step in schedule.settling() { try await take(step) }
        // Whatever was done to it, every job can be run to its end.
        for _ in 0..<100 where try await !compareJobs(all: false) {
            try await take(schedule.time(upTo: 60))
            let answer = try await take(schedule.drainClaim())
            if let reports = schedule.drainReports(answer) { try await take(reports) }
        }
        if try await !compareJobs(all: true) { throw difference("jobs are left at the end", "", "") }
    }

    @discardableResult
    private mutating func take(_ step: ModelStep) async throws -> ModelAnswer {
        stepCount += 1
        let expected = try await memory.perform(step)
        if isTold { print("step \(stepCount): \(step)\n  -> \(expected)") }
        let answer: ModelAnswer
        do {
            answer = try await database.perform(step)
        } catch {
            throw difference("\(step)", "\(expected)", "\(error)")
        }
        guard answer == expected else { throw difference("\(step)", "\(expected)", "\(answer)") }
        schedule.learn(step, answer)
        return answer
    }

    /// Compares what is known of the jobs; answers whether all have ended.
    @discardableResult
    private mutating func compareJobs(all: Bool) async throws -> Bool {
        var isOver = true
        for job in memory.jobs.indices where all || !ended.contains(job) {
            if case .described(let known) = try await take(.describe([job])), known.first??.state.isEnd == true {
                ended.insert(job)
            } else {
                isOver = false
            }
        }
        return isOver
    }

    private func difference(_ step: String, _ expected: String, _ answer: String) -> ModelDifference {
        ModelDifference(
            description: """
                seed \(seed), step \(stepCount): \(step)
                model:    \(expected)
                database: \(answer)
                """)
    }
}
