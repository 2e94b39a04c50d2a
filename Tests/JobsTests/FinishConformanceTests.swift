import FoundationEssentials
import Testing

@testable import Jobs

@Suite("Finishing", .serialized)
struct FinishConformanceTests {
    @Test(
        "what ends here is known as ended, with everything that it came to",
        arguments: Twin.allCases, [Finish.done, .failed])
    func ends(twin: Twin, end: Finish) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, key: "k")
            let lease = try await lab.claimOne()
            #expect(try await lab.prove(lease, records: 7) != nil)
            #expect(try await lab.finish(lease, end == .done ? .done : .failed, code: "x.y") == end)
            #expect(
                try await lab.describe(job)
                    == JobDescription(
                        state: end == .done ? .done : .failed, connectionID: connection, kind: "sync",
                        band: .incremental, attempt: 1, runs: 1, pages: 1, records: 7,
                        errorCode: end == .done ? nil : "x.y"))
            #expect(try await lab.claim().isEmpty)
        }
    }

    @Test("a retry counts an attempt and waits for its time", arguments: Twin.allCases)
    func retry(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection())
            #expect(try await lab.runOne(.retry(after: .seconds(30)), code: "net.down") == .retry)
            let waiting = try await lab.describe(job)
            #expect(waiting.attempt == 1 && waiting.state == .scheduled && waiting.errorCode == "net.down")
            try await lab.setTime(seconds: 29)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 30)
            #expect(try await lab.claimOne().attempt == 2)
        }
    }

    @Test("attempts are counted by retries alone", arguments: Twin.allCases)
    func onlyRetriesCount(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, attemptsMax: 1)
            // A worker that drains yields what it holds, or gives back what it has not begun.
            for outcome in [Outcome.snooze(for: .zero), .yield, .release, .snooze(for: .zero)] {
                let lease = try await lab.claimOne()
                #expect(lease.attempt == 1)
                #expect(try await lab.finish(lease, outcome).rawValue == outcome.word)
            }
            let waiting = try await lab.describe(job)
            #expect(waiting.attempt == 0 && waiting.snoozes == 2 && waiting.runs == 3, "a release is no run")
        }
    }

    @Test("a page that got through resets the attempts", arguments: Twin.allCases)
    func progressResets(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection(), attemptsMax: 3)
            for round in 1...4 {
                #expect(try await lab.runOne(.retry(after: .zero)) == .retry)
                #expect(try await lab.runOne(.retry(after: .zero)) == .retry, "round \(round)")
                let lease = try await lab.claimOne()
                #expect(lease.attempt == 3)
                #expect(try await lab.queue.prove(lease, records: 10, checkpoint: #"{"page": 2}"#) == Proof())
                #expect(try await lab.finish(lease, .yield) == .yield)
                #expect(try await lab.describe(job).attempt == 0)
            }
            let waiting = try await lab.describe(job)
            #expect(waiting.pages == 4 && waiting.records == 40 && waiting.runs == 12)
        }
    }

    @Test("the last attempt fails for good; how many there are the job says, else its kind", arguments: Twin.allCases)
    func attemptsMax(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for (kind, given, attempts) in [("sync", 3, 3), ("sync", nil, 8), ("twice", nil, 2), ("twice", 1, 1)] {
                let job = try await lab.enqueue(connection, kind: kind, attemptsMax: given)
                for attempt in 1..<attempts {
                    let lease = try await lab.claimOne()
                    #expect(lease.attempt == attempt)
                    #expect(try await lab.finish(lease, .retry(after: .zero), code: "early") == .retry)
                }
                #expect(try await lab.runOne(.retry(after: .zero), code: "last") == .failed)
                let ended = try await lab.describe(job)
                #expect(ended.state == .failed && ended.attempt == attempts && ended.errorCode == "last")
            }
        }
    }

    @Test("a snooze waits for its time however often, and never runs out of attempts", arguments: Twin.allCases)
    func snooze(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection(), attemptsMax: 1)
            for round in 1...20 {
                #expect(try await lab.runOne(.snooze(for: .seconds(10))) == .snooze)
                try await lab.setTime(seconds: Double(round) * 10 - 1)
                #expect(try await lab.claim().isEmpty)
                try await lab.setTime(seconds: Double(round) * 10)
            }
            let waiting = try await lab.describe(job)
            #expect(waiting.snoozes == 20 && waiting.attempt == 0)
        }
    }

    @Test(
        "a job that yields goes behind its lane's other jobs; one that is released stays before them",
        arguments: Twin.allCases)
    func yieldAndRelease(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let first = try await lab.enqueue(connection)
            try await lab.setTime(seconds: 1)
            let second = try await lab.enqueue(connection)
            try await lab.setTime(seconds: 2)
            #expect(try await lab.runOne(.release) == .release)
            let again = try await lab.claimOne()
            #expect(again.jobID == first)
            #expect(try await lab.finish(again, .yield) == .yield)
            #expect(try await lab.claimOne().jobID == second)
        }
    }

    @Test("whoever lost the lease changes nothing, whatever they report", arguments: Twin.allCases)
    func stale(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection())
            let lost = try await lab.claimOne()
            #expect(try await lab.finish(lost, .yield) == .yield)
            let held = try await lab.claimOne()
            let before = try await lab.describe(job)
            for outcome in [
                Outcome.done, .failed, .retry(after: .zero), .snooze(for: .zero), .yield, .release, .awaitChildren,
            ] {
                #expect(try await lab.finish(lost, outcome, code: "x.y") == .stale)
            }
            let forged = LeasedJob(
                lease: Lease(laneID: held.lease.laneID, token: UUID()), jobID: job, kind: "sync", attempt: 1,
                arguments: "{}", connectionID: held.connectionID, platform: "toy", band: .incremental)
            #expect(try await lab.finish(forged, .done) == .stale)
            #expect(try await lab.prove(lost, records: 9) == nil)
            #expect(try await lab.describe(job) == before)
            #expect(try await lab.finish(held, .done) == .done)
            #expect(try await lab.finish(held, .done) == .stale, "a second report")
            #expect(try await lab.queue.finish([], waits: true).isEmpty)
        }
    }

    @Test(
        "many leases end in one call, each with its own outcome, answered in the order given", arguments: Twin.allCases)
    func batch(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for _ in 0..<4 { try await lab.enqueue(try await lab.addConnection()) }
            let jobs = try await lab.claim()
            #expect(try await lab.finish(jobs[2], .yield) == .yield)
            let reports = zip(jobs.reversed(), [.done, .retry(after: .seconds(5)), .failed, .snooze(for: .seconds(6))])
                .map { Report($0, $1) }
            #expect(try await lab.queue.finish(reports, waits: false) == [.done, .stale, .failed, .snooze])
        }
    }

    @Test(
        "a report under a lost token does not take the job out of the lease that holds it now", arguments: Twin.allCases
    )
    func mixedTokens(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for _ in 0..<3 { try await lab.enqueue(connection) }
            let lost = try await lab.claim(jobsPerLane: 3)
            #expect(try await lab.queue.releaseUnknown(worker: lab.worker, known: []) == 1)
            let held = try await lab.claim(jobsPerLane: 3)
            #expect(held.map(\.jobID) == lost.map(\.jobID))
            let results = try await lab.queue.finish([Report(held[0], .done), Report(lost[1], .done)], waits: true)
            #expect(results == [.done, .stale])
            #expect(try await lab.state(held[1].jobID) == .running)
            #expect(try await lab.state(held[2].jobID) == .handedOver)
        }
    }

    @Test(
        "every run that did not end the job is told of, the first 200 and then every doubling", arguments: Twin.allCases
    )
    func events(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection())
            #expect(try await lab.runOne(.retry(after: .zero), code: "net.down") == .retry)
            let second = try await lab.claimOne()
            #expect(try await lab.prove(second) != nil)
            #expect(
                try await lab.queue.finish(
                    [Report(second, .snooze(for: .zero), detail: #"{"why": "no token"}"#)], waits: true) == [.snooze])
            #expect(try await lab.runOne(.release) == .release)
            #expect(try await lab.runOne(.yield) == .yield)
            let told = try await lab.describe(job)
            #expect(
                told.events == [
                    .init(run: 1, what: "retry", pages: 0, code: "net.down"),
                    .init(run: 2, what: "snooze", pages: 1, code: nil),
                    .init(run: 3, what: "yield", pages: 1, code: nil),
                ])
            #expect(told.errorCode == "net.down", "of the last that there was")
            for _ in 4...520 { #expect(try await lab.runOne(.yield) == .yield) }
            let runs = try await lab.describe(job).events.map(\.run)
            #expect(runs == Array(1...200) + [256, 512])
            #expect(try await lab.runOne(.done) == .done)
            #expect(try await lab.describe(job).events.count == 202)
            #expect(try await lab.describe(job).runs == 521)
        }
    }

    @Test("every job reaches exactly one end, however the runs before it went", arguments: Twin.allCases)
    func oneEnd(twin: Twin) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("ends: seed \(seed)")
        var random = SeededRandom(seed: seed)
        try await QueueLab.with(twin) { lab in
            var ids: [Int64] = []
            for _ in 0..<4 {
                let connection = try await lab.addConnection()
                for _ in 0..<10 { ids.append(try await lab.enqueue(connection, kind: "twice")) }
            }
            var ends: [Int64: [Finish]] = [:]
            for second in 1...2000 where ends.count < ids.count {
                try await lab.setTime(seconds: Double(second))
                let leases = try await lab.claim(lanes: 2, jobsPerLane: 3)
                let reports = leases.map { lease in
                    Report(
                        lease,
                        [.done, .failed, .retry(after: .seconds(2)), .yield, .snooze(for: .seconds(1)), .release]
                            .randomElement(using: &random) ?? .done)
                }
                for (lease, result) in zip(leases, try await lab.queue.finish(reports, waits: true)) where result.isEnd
                {
                    ends[lease.jobID, default: []].append(result)
                }
                let unlucky = ids.randomElement(using: &random) ?? 0
                if second % 20 == 0, try await lab.cancel(unlucky) == .cancelled { ends[unlucky] = [.cancelled] }
            }
            #expect(Set(ends.keys) == Set(ids), "seed \(seed)")
            for id in ids {
                #expect(ends[id]?.count == 1, "seed \(seed)")
                #expect(try await lab.state(id).rawValue == ends[id]?.first?.rawValue, "seed \(seed)")
                #expect(try await lab.cancel(id) == .notWaiting)
            }
            #expect(try await lab.claim().isEmpty)
        }
    }
}
