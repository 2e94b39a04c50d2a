import Jobs
import Testing

@testable import Worker

@Suite("Draining", .timeLimit(.minutes(1)))
struct JobRunnerDrainTests {
    @Test("what runs is finished and reported, what had not begun is given back as it was")
    func drain() async throws {
        let lab = RunnerLab()
        let gate = Gate(lab.happenings, isOpen: true)
        let worker = lab.worker(slots: 2) { _ in
            await gate.pass()
            return .ended(.done)
        }
        try await lab.run(worker) {
            try await lab.warmUp(worker)
            gate.close()
            let lanes = try await lab.add(lanes: 6, jobsPerLane: 3)
            let jobs = lanes.flatMap(\.self)
            worker.bell.ring()
            try await lab.happenings.until { Set(jobs).isSubset(of: worker.claimed) && lab.journal.running == 2 }
            worker.drain.ask()
            let begun = Array(lab.journal.begun.dropFirst())
            let buffered = lanes.filter { Set($0).isDisjoint(with: begun) }.flatMap(\.self)
            // While the slots are busy still.
            try await lab.happenings.until { try await lab.areQueued(buffered) }
            gate.open()
            await worker.leave()
            #expect(begun.count == 2)
            for job in begun { #expect(try await lab.state(job) == .done) }
            try await lab.expectUntouched(jobs.filter { !begun.contains($0) })
        }
    }

    @Test("a busy worker that is asked to drain claims nothing more, not even what it gives back")
    func noRefetch() async throws {
        let lab = RunnerLab()
        let gate = Gate(lab.happenings)
        let jobs = try await lab.add(lanes: 5).flatMap(\.self)
        let worker = lab.worker(slots: 2) { _ in
            await gate.pass()
            return .ended(.yield)
        }
        try await lab.run(worker) {
            try await lab.happenings.until { lab.journal.running == 2 }
            #expect(worker.queue.claims.count == 1)
            worker.drain.ask()
            gate.open()
            await worker.leave()
            #expect(worker.queue.claims.count == 1)
        }
        let begun = lab.journal.begun
        #expect(begun.count == 2)
        for job in begun {
            let now = try await lab.describe(job)
            #expect(now.state == .queued && now.runs == 1 && now.attempt == 0)
        }
        try await lab.expectUntouched(jobs.filter { !begun.contains($0) })
    }

    @Test("lanes whose claim was under way when the worker was asked are given back untouched")
    func claimUnderWay() async throws {
        let lab = RunnerLab()
        let (claiming, gate) = (Gate(lab.happenings), Gate(lab.happenings))
        let jobs = try await lab.add(lanes: 3).flatMap(\.self)
        var script = WatchedQueue.Script()
        script.claim = { _, _ in
            claiming.open()
            await gate.pass()
            return .answered
        }
        let worker = lab.worker(script: script)
        try await lab.run(worker) {
            await claiming.pass()
            worker.drain.ask()
            gate.open()
            await worker.leave()
        }
        #expect(worker.claimed.sorted() == jobs.sorted())
        #expect(lab.journal.begun.isEmpty)
        try await lab.expectUntouched(jobs)
    }

    @Test("a drained worker leaves its lanes to the next one")
    func handOver() async throws {
        let lab = RunnerLab()
        let lanes = try await lab.add(lanes: 20, jobsPerLane: 5)
        let jobs = lanes.flatMap(\.self)
        for round in 1...3 {
            let gate = Gate(lab.happenings)
            let worker = lab.worker(slots: 2) { [lab] _ in
                if lab.journal.begun.count > round * 10 { await gate.pass() }
                return .ended(.done)
            }
            try await lab.run(worker) {
                try await lab.happenings.until { lab.journal.begun.count > round * 10 }
                worker.drain.ask()
                gate.open()
            }
        }
        #expect(lab.journal.begun.count < jobs.count)
        try await lab.run(lab.worker()) { try await lab.untilDone(jobs) }
        #expect(lab.journal.begun.sorted() == jobs.sorted())
        for lane in lanes { #expect(lab.journal.begun.filter(lane.contains) == lane) }
    }

    @Test("an idle worker leaves at once, and so does one that is cancelled while the queue is away")
    func idle() async throws {
        let lab = RunnerLab()
        try await lab.run(lab.worker()) {}
        let trying = Gate(lab.happenings)
        var script = WatchedQueue.Script()
        script.claim = { _, _ in
            trying.open()
            return .unreachable
        }
        let worker = lab.worker(script: script)
        worker.start()
        await trying.pass()
        await worker.kill()
    }
}
