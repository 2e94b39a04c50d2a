import FoundationEssentials
import Jobs
import Testing

@testable import Worker

/// Answers get lost, the queue goes away, leases are taken: no job is lost by it, and none runs twice that need not.
@Suite("Running jobs in trouble", .timeLimit(.minutes(1)))
struct JobRunnerTroubleTests {
    // MARK: What handlers answer

    @Test("of a lost lease nothing more is run or reported, and nothing is in doubt")
    func lost() async throws {
        let lab = RunnerLab()
        let id = UUID()
        let isLost = Shared(true)
        let worker = lab.worker(id: id, slots: 1) { [lab] job in
            guard job.kind == "work", lab.journal.begun.count == 2, isLost.value else { return .ended(.done) }
            isLost.update { $0 = false }
            // As if it had been taken from a dead worker.
            _ = try? await lab.memory.releaseUnknown(worker: id, known: [])
            return .lost
        }
        try await lab.run(worker) {
            try await lab.warmUp(worker)
            let jobs = try await lab.add(lanes: 1, jobsPerLane: 2).flatMap(\.self)
            worker.bell.ring()
            try await lab.untilDone(jobs)
            #expect(lab.journal.begun.dropFirst() == [jobs[0], jobs[0], jobs[1]])
            #expect(worker.reported.dropFirst() == jobs[...])
        }
        #expect(worker.queue.releases.isEmpty)
    }

    @Test("where nobody knows of the end, the lease is given back and its jobs run", arguments: [false, true])
    func unknown(isHeard: Bool) async throws {
        let lab = RunnerLab()
        let worker = lab.worker(slots: 1) { [lab] job in
            guard lab.journal.begun.count == 2 else { return .ended(.done) }
            if isHeard { _ = try? await lab.memory.finish(job, .done) }
            return .unknown
        }
        try await lab.run(worker) {
            try await lab.warmUp(worker)
            let jobs = try await lab.add(lanes: 1, jobsPerLane: 2).flatMap(\.self)
            worker.bell.ring()
            try await lab.untilDone(jobs)
            #expect(lab.journal.begun.dropFirst() == (isHeard ? jobs[...] : [jobs[0], jobs[0], jobs[1]]))
            #expect(try await lab.describe(jobs[0]).rescues == 0)
        }
        #expect(worker.queue.releases.map(\.count) == [1])
        #expect(worker.queue.releases.map(\.known) == [[]])
    }

    @Test("what a handler has reported itself, the runner does not report, and the slot is free again")
    func reported() async throws {
        let lab = RunnerLab()
        let worker = lab.worker(slots: 2) { [lab] job in
            _ = try? await lab.memory.finish(job, .done)
            return .reported
        }
        try await lab.run(worker) {
            try await lab.warmUp(worker)
            let jobs = try await lab.add(lanes: 5, jobsPerLane: 4).flatMap(\.self)
            worker.bell.ring()
            try await lab.untilDone(jobs)
            try await worker.untilNothingIsHeld()
            #expect(lab.journal.begun.count == 21)
        }
        #expect(worker.reported.isEmpty && worker.queue.releases.isEmpty)
    }

    // MARK: Reports

    @Test("ends are reported when the queue is back, and no job runs twice")
    func unavailable() async throws {
        let lab = RunnerLab()
        let jobs = try await lab.add(lanes: 3).flatMap(\.self)
        var script = WatchedQueue.Script()
        script.finish = { number, _, _ in number < 2 ? .unreachable : .answered }
        let worker = lab.worker(script: script)
        try await lab.run(worker) { try await lab.untilDone(jobs) }
        #expect(lab.journal.begun.sorted() == jobs.sorted())
        #expect(worker.queue.releases.isEmpty)
        let heard = worker.queue.finishes.filter { $0.results != nil }.flatMap(\.reports).map(\.job.jobID)
        #expect(heard.sorted() == jobs.sorted())
    }

    @Test("an end that was noted, with the answer lost, is reported again and changes nothing")
    func answerLost() async throws {
        let lab = RunnerLab()
        let job = try await lab.add()
        var script = WatchedQueue.Script()
        script.finish = { number, _, _ in number == 0 ? .answerLost : .answered }
        let worker = lab.worker(slots: 1, script: script)
        try await lab.run(worker) {
            try await lab.happenings.until { worker.queue.finishes.last?.results == [.stale] }
            let next = try await lab.add()
            try await lab.untilDone([job, next])
            #expect(lab.journal.begun == [job, next])
        }
    }

    @Test("where that befell the first jobs of a lane, the others do not stay with a worker that does nothing")
    func answerLostWithinLane() async throws {
        let lab = RunnerLab()
        let gate = Gate(lab.happenings, isOpen: true)
        let isLost = Shared(false)
        var script = WatchedQueue.Script()
        script.finish = { _, _, _ in
            defer { isLost.update { $0 = false } }
            return isLost.value ? .answerLost : .answered
        }
        let worker = lab.worker(slots: 1, script: script) { [lab] job in
            switch lab.journal.begun.count {
            // Long enough for its end to be reported before the lane's other jobs have run.
            case 2: lab.pass(JobRunner.reportInterval)
            case 3: await gate.pass()
            default: break
            }
            return .ended(.done)
        }
        try await lab.run(worker) {
            try await lab.warmUp(worker)
            gate.close()
            isLost.update { $0 = true }
            let jobs = try await lab.add(lanes: 1, jobsPerLane: 4).flatMap(\.self)
            worker.bell.ring()
            try await lab.happenings.until { worker.reported.contains(jobs[0]) }
            try await worker.untilNothingIsHeld()
            gate.open()
            try await lab.untilDone(jobs)
            #expect(lab.journal.runs(of: jobs[0]) == 1)
        }
        #expect(worker.queue.releases.contains { $0.count == 1 })
    }

    @Test("an end that the queue will not have is given up, and the job runs again")
    func broken() async throws {
        let lab = RunnerLab()
        let job = try await lab.add()
        var script = WatchedQueue.Script()
        script.finish = { number, _, _ in number == 0 ? .broken : .answered }
        let worker = lab.worker(script: script)
        try await lab.run(worker) { try await lab.untilDone([job]) }
        #expect(lab.journal.begun == [job, job])
        #expect(worker.queue.releases.map(\.count) == [1])
        #expect(try await lab.describe(job).rescues == 0)
    }

    @Test("a lane that somebody's transaction holds is waited for, and no other lane with it")
    func busy() async throws {
        let lab = RunnerLab()
        let gate = Gate(lab.happenings)
        let jobs = try await lab.add(lanes: 3).flatMap(\.self)
        let held = jobs[1]
        var script = WatchedQueue.Script()
        script.finish = { _, reports, waits in
            guard reports.contains(where: { $0.job.jobID == held }) else { return .answered }
            if !waits { return .busy([held]) }
            await gate.pass()
            return .answered
        }
        let worker = lab.worker(slots: 3, script: script)
        try await lab.run(worker) {
            try await lab.untilDone([jobs[0], jobs[2]])
            let later = try await lab.add(lanes: 4, named: "later").flatMap(\.self)
            try await lab.untilDone(later)
            #expect(try await lab.state(held) == .running)
            gate.open()
            try await lab.untilDone([held])
        }
        let calls = worker.queue.finishes.filter { $0.reports.contains { $0.job.jobID == held } }
        #expect(calls.map(\.waits) == [false, true])
        #expect(calls.last?.results == [.done])
        #expect(lab.journal.runs(of: held) == 1)
    }

    // MARK: Claims

    @Test("lanes whose claim was answered into the void are given back and run once")
    func claimLost() async throws {
        let lab = RunnerLab()
        let jobs = try await lab.add(lanes: 3, jobsPerLane: 2).flatMap(\.self)
        var script = WatchedQueue.Script()
        script.claim = { number, _ in number == 0 ? .answerLost : .answered }
        script.release = { number in number == 0 ? .unreachable : .answered }
        let worker = lab.worker(script: script)
        try await lab.run(worker) { try await lab.untilDone(jobs) }
        #expect(worker.queue.releases.map(\.count) == [3])
        #expect(lab.journal.begun.sorted() == jobs.sorted())
        for job in jobs { #expect(try await lab.describe(job).rescues == 0) }
    }

    @Test("while lanes are in doubt, what runs is not taken from its handler")
    func claimLostWhileRunning() async throws {
        let lab = RunnerLab()
        let gate = Gate(lab.happenings)
        let isLosing = Shared(false)
        let slow = try await lab.add(lane: "slow")
        var script = WatchedQueue.Script()
        script.claim = { _, _ in isLosing.value ? .answerLost : .answered }
        let worker = lab.worker(slots: 3, script: script) { job in
            if job.jobID == slow { await gate.pass() }
            return .ended(.done)
        }
        try await lab.run(worker) {
            try await lab.happenings.until { lab.journal.running == 1 }
            isLosing.update { $0 = true }
            let job = try await lab.add(lane: "quick")
            try await lab.happenings.until { worker.claimed.contains(job) }
            isLosing.update { $0 = false }
            try await lab.untilDone([job])
            gate.open()
            try await lab.untilDone([slow])
            #expect(lab.journal.begun == [slow, job])
        }
        #expect(worker.queue.releases.allSatisfy { $0.known.count == 1 })
        #expect(worker.queue.releases.reduce(0) { $0 + $1.count } >= 1)
    }

    @Test("while a worker cannot prove that it is alive it begins nothing; then it goes on with all of it")
    func notAlive() async throws {
        let lab = RunnerLab()
        let isAlive = Shared(true)
        let worker = lab.worker(slots: 1, isAlive: isAlive) { [lab] _ in
            if lab.journal.begun.count == 2 { isAlive.update { $0 = false } }
            return .ended(.done)
        }
        try await lab.run(worker) {
            try await lab.warmUp(worker)
            let jobs = try await lab.add(lanes: 2, jobsPerLane: 3).flatMap(\.self)
            worker.bell.ring()
            try await lab.happenings.until { !isAlive.value }
            try await worker.untilNothingIsHeld()
            #expect(lab.journal.begun.count == 2)
            #expect(worker.reported.count == 1 && worker.queue.releases.isEmpty)
            isAlive.update { $0 = true }
            worker.bell.ring()
            try await lab.untilDone(jobs)
            #expect(lab.journal.begun.count == 8, "the one that had ended runs again: its end was not reported")
        }
        #expect(worker.queue.releases.map(\.known) == [[]])
    }
}
