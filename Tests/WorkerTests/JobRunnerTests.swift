import Jobs
import Testing

@testable import Worker

@Suite("Running jobs", .timeLimit(.minutes(1)))
struct JobRunnerTests {
    @Test("every job runs once, those of a lane in their order and never two at once")
    func everyJobOnce() async throws {
        let lab = RunnerLab()
        let lanes = try await lab.add(lanes: 10, jobsPerLane: 6)
        let worker = lab.worker(slots: 3) { _ in
            for _ in 0..<3 { await Task.yield() }
            return .ended(.done)
        }
        try await lab.run(worker) { try await lab.untilDone(lanes.flatMap(\.self)) }
        let begun = lab.journal.begun
        #expect(begun.sorted() == lanes.flatMap(\.self).sorted())
        for lane in lanes { #expect(begun.filter(lane.contains) == lane) }
        #expect(lab.journal.most <= 3)
        #expect(worker.reported.sorted() == begun.sorted())
    }

    @Test("lanes run side by side in all slots, and in no more")
    func sideBySide() async throws {
        let lab = RunnerLab()
        let jobs = try await lab.add(lanes: 12).flatMap(\.self)
        let worker = lab.worker(slots: 3) { [lab] _ in
            // Together or not at all: the first three wait for one another.
            try? await lab.happenings.until { lab.journal.most >= 3 }
            return .ended(.done)
        }
        try await lab.run(worker) { try await lab.untilDone(jobs) }
        #expect(lab.journal.most == 3)
        #expect(lab.journal.begun.count == 12)
    }

    @Test("jobs that take no time come to be claimed many lanes and several jobs a lane at a time")
    func trivialJobs() async throws {
        let lab = RunnerLab()
        let worker = lab.worker(slots: 2)
        try await lab.run(worker) {
            try await lab.warmUp(worker)
            let lanes = try await lab.add(lanes: 20, jobsPerLane: 30)
            worker.bell.ring()
            try await lab.untilDone(lanes.flatMap(\.self))
            for lane in lanes { #expect(lab.journal.begun.filter(lane.contains) == lane) }
        }
        let first = try #require(worker.queue.claims.first)
        #expect(first.claim.lanes == 2 && first.claim.jobsPerLane == 1)
        #expect(worker.queue.claims.contains { $0.claim.lanes > 100 && $0.jobs.count == 20 * Pace.jobsPerLaneMax })
        #expect(worker.queue.finishes.contains { $0.reports.count >= Pace.jobsPerLaneMax })
        #expect(lab.journal.begun.count == 601)
    }

    @Test("of jobs that take long, a worker takes one for each slot, and another worker gets the rest")
    func slowJobs() async throws {
        let lab = RunnerLab()
        let gate = Gate(lab.happenings)
        let jobs = try await lab.add(lanes: 10, jobsPerLane: 2).flatMap(\.self)
        let slow: TestHandler.Body = { _ in
            await gate.pass()
            return .ended(.done)
        }
        let (first, second) = (lab.worker(slots: 3, handler: slow), lab.worker(slots: 10, handler: slow))
        try await lab.run(first) {
            try await lab.happenings.until { lab.journal.running == 3 }
            try await lab.run(second) {
                try await lab.happenings.until { lab.journal.running == 10 }
                #expect(first.claimed.count == 3)
                #expect(second.claimed.count == 7)
                gate.open()
                try await lab.untilDone(jobs)
            }
        }
        #expect(lab.journal.begun.sorted() == jobs.sorted())
    }

    @Test("lanes claimed ahead of jobs that turn out slow go to another worker, and are not claimed again")
    func slowAfterTrivial() async throws {
        let lab = RunnerLab()
        let gate = Gate(lab.happenings, isOpen: true)
        let slow: TestHandler.Body = { _ in
            await gate.pass()
            return .ended(.done)
        }
        let (first, second) = (lab.worker(slots: 2, handler: slow), lab.worker(slots: 4, handler: slow))
        try await lab.run(first) {
            try await lab.warmUp(first)
            gate.close()
            let jobs = try await lab.add(lanes: 6, jobsPerLane: 2).flatMap(\.self)
            first.bell.ring()
            try await lab.happenings.until { Set(jobs).isSubset(of: first.claimed) && lab.journal.running == 2 }
            lab.pass(JobRunner.bufferTimeMax)
            first.bell.ring()
            try await lab.run(second) {
                try await lab.happenings.until { lab.journal.running == 6 }
                gate.open()
                try await lab.untilDone(jobs)
            }
            for job in jobs { #expect(lab.journal.runs(of: job) == 1) }
        }
    }

    @Test("outcomes are reported as the handler says them")
    func outcomes() async throws {
        let lab = RunnerLab()
        let jobs = try await lab.add(lanes: 4).flatMap(\.self)
        let answers: [Int64: Ran] = [
            jobs[0]: .ended(.failed, detail: #"{"code": "no_such_thing"}"#),
            jobs[1]: .ended(.retry(after: .seconds(60))),
            jobs[2]: .ended(.snooze(for: .seconds(60))), jobs[3]: .ended(.done),
        ]
        let worker = lab.worker { answers[$0.jobID] ?? .lost }
        try await lab.run(worker) {
            try await lab.happenings.until { worker.reported.count == 4 }
        }
        let ends = try await [
            lab.describe(jobs[0]), lab.describe(jobs[1]), lab.describe(jobs[2]), lab.describe(jobs[3]),
        ]
        #expect(ends.map(\.state) == [.failed, .scheduled, .scheduled, .done])
        #expect(ends[0].errorCode == "no_such_thing")
        #expect(ends[1].attempt == 1 && ends[2].attempt == 0 && ends[2].snoozes == 1)
    }

    @Test("a job of a kind that no handler is for stays queued, and holds up nobody")
    func unknownKind() async throws {
        let lab = RunnerLab()
        let strangers = [try await lab.add(kind: "other", lane: "one"), try await lab.add(kind: "other", lane: "two")]
        let known = [try await lab.add(lane: "one"), try await lab.add(lane: "three")]
        let worker = lab.worker()
        try await lab.run(worker) {
            try await lab.untilDone(known)
            lab.pass(.seconds(5))
            worker.bell.ring()
            let last = try await lab.add(lane: "three")
            try await lab.untilDone([last])
        }
        try await lab.expectUntouched(strangers)
        #expect(Set(worker.claimed).isDisjoint(with: strangers))
    }

    @Test("two versions of a program side by side: every job runs by a handler that knows its version")
    func rollingDeploy() async throws {
        let lab = RunnerLab()
        var (older, newer): ([Int64], [Int64]) = ([], [])
        for lane in 0..<8 {
            // Both orders: what only the new version reads stands before, between and behind.
            for index in 0..<4 {
                let version = (lane + index) % 2 + 1
                let job = try await lab.add(version: version, lane: "lane-\(lane)")
                if version == 1 { older.append(job) } else { newer.append(job) }
            }
        }
        let (old, new) = (lab.worker(slots: 2), lab.worker(slots: 2, version: 2))
        try await lab.run(old) {
            // Lanes whose head it cannot run it leaves alone for a while.
            try await lab.happenings.until {
                lab.pass(.milliseconds(50))
                return try await lab.areDone(older)
            }
            try await lab.expectUntouched(newer)
            try await lab.run(new) {
                let more = try await lab.add(lanes: 6).flatMap(\.self)
                try await lab.happenings.until {
                    lab.pass(.milliseconds(50))
                    return try await lab.areDone(newer + more)
                }
            }
        }
        #expect(Set(old.claimed).isDisjoint(with: newer))
        #expect(Set(newer).isSubset(of: new.claimed))
        for job in older + newer { #expect(lab.journal.runs(of: job) == 1) }
    }
}
