import Jobs
import Synchronization
import Testing

@testable import Worker

@Suite("Running jobs while everything goes wrong", .timeLimit(.minutes(2)))
struct JobRunnerChaosTests {
    /// Dice that many tasks throw.
    private final class Dice: Sendable {
        private let random: Mutex<SeededRandom>

        init(seed: UInt64) { random = Mutex(SeededRandom(seed: seed)) }

        /// 0 to 99.
        func roll() -> Int { random.withLock { Int.random(in: 0..<100, using: &$0) } }
    }

    private static func script(_ dice: Dice) -> WatchedQueue.Script {
        var script = WatchedQueue.Script()
        script.claim = { _, _ in
            switch dice.roll() {
            case 0..<10: .answerLost
            case 10..<15: .unreachable
            default: .answered
            }
        }
        script.finish = { _, reports, waits in
            switch dice.roll() {
            case 0..<3: .answerLost
            case 3..<5: .unreachable
            case 5..<12: .broken
            case 12..<30: waits ? .answered : .busy(Set(reports.map(\.job.jobID).filter { $0 % 2 == 0 }))
            default: .answered
            }
        }
        script.release = { _ in dice.roll() < 20 ? .unreachable : .answered }
        return script
    }

    private static func handler(_ lab: RunnerLab, _ dice: Dice) -> TestHandler.Body {
        { job in
            if dice.roll() < 30 { await Task.yield() }
            switch dice.roll() {
            case 0..<4: return .unknown
            case 4..<8: return .ended(.yield)
            case 8..<12: return .ended(.release)
            case 12..<16: return .ended(.snooze(for: .zero))
            case 16..<20: return job.attempt < 4 ? .ended(.retry(after: .zero)) : .ended(.done)
            case 20..<30:
                let result = try? await lab.memory.finish(job, .done)
                return result == .stale ? .lost : .reported
            default: return .ended(.done)
            }
        }
    }

    @Test("every job ends, no lane is run twice at once, and nothing stays behind")
    func chaos() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let dice = Dice(seed: seed)
        let lab = RunnerLab()
        let jobs = try await lab.add(lanes: 30, jobsPerLane: 6).flatMap(\.self)
        let workers = (0..<2).map { _ in
            lab.worker(slots: 3, script: Self.script(dice), handler: Self.handler(lab, dice))
        }
        try await lab.run(workers[0], workers[1]) { try await lab.untilDone(jobs) }
        #expect(lab.journal.faults.isEmpty, "seed \(seed)")
        #expect(Set(lab.journal.begun) == Set(jobs), "seed \(seed)")
        for job in jobs { #expect(try await lab.describe(job).rescues == 0, "seed \(seed)") }
    }
}
