import FoundationEssentials
import Testing

@testable import Jobs

@Suite("Dead workers", .serialized)
struct ReapConformanceTests {
    @Test(
        "the leases of a worker that stopped beating are taken, and its job goes on elsewhere", arguments: Twin.allCases
    )
    func silent(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection())
            let lost = try await lab.claimOne(worker: try await lab.mortal())
            try await lab.setTime(seconds: 20)
            #expect(try await lab.queue.reap() == 0)
            try await lab.setTime(seconds: 21)
            #expect(try await lab.queue.reap() == 1)
            #expect(try await lab.finish(lost, .done) == .stale)
            #expect(try await lab.prove(lost) == nil)
            let next = try await lab.claimOne()
            #expect(next.jobID == job && next.attempt == 1, "a death is no attempt")
            let rescued = try await lab.describe(job)
            #expect(rescued.rescues == 1 && rescued.runs == 1 && rescued.attempt == 0)
            #expect(rescued.events == [.init(run: 1, what: "rescue", pages: 0, code: nil)])
        }
    }

    @Test("a worker that goes on beating keeps its leases", arguments: Twin.allCases)
    func beating(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            try await lab.enqueue(try await lab.addConnection())
            let worker = try await lab.mortal()
            let lease = try await lab.claimOne(worker: worker)
            for second in [15.0, 30, 45, 60] {
                try await lab.setTime(seconds: second)
                #expect(try await lab.beat(worker) == false)
                #expect(try await lab.queue.reap() == 0)
            }
            #expect(try await lab.finish(lease, .done) == .done)
        }
    }

    @Test(
        "a lease past its deadline is taken, however alive its worker is and however well it gets on",
        arguments: Twin.allCases)
    func deadline(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            try await lab.enqueue(try await lab.addConnection())
            var claim = lab.wanted()
            claim.leaseMax = .seconds(60)
            let lease = try #require(try await lab.queue.claim(claim).first)
            try await lab.setTime(seconds: 60)
            #expect(try await lab.prove(lease) != nil)
            #expect(try await lab.queue.reap() == 0)
            try await lab.setTime(seconds: 61)
            #expect(try await lab.queue.reap() == 1)
        }
    }

    @Test(
        "a lease whose job shows no progress is taken; every page and every finished job is progress",
        arguments: Twin.allCases)
    func stalled(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for _ in 0..<2 { try await lab.enqueue(connection) }
            var claim = lab.wanted()
            claim.stallMax = .seconds(30)
            claim.jobsPerLane = 2
            let leases = try await lab.queue.claim(claim)
            try await lab.setTime(seconds: 30)
            #expect(try await lab.queue.reap() == 0)
            #expect(try await lab.prove(leases[0]) != nil)
            try await lab.setTime(seconds: 60)
            #expect(try await lab.queue.reap() == 0)
            #expect(try await lab.finish(leases[0], .done) == .done)
            try await lab.setTime(seconds: 90)
            #expect(try await lab.queue.reap() == 0)
            try await lab.setTime(seconds: 91)
            #expect(try await lab.queue.reap() == 1)
            #expect(try await lab.describe(leases[1].jobID).rescues == 1)
        }
    }

    @Test("a lease whose worker is not known is taken", arguments: Twin.allCases)
    func unknownWorker(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            try await lab.enqueue(try await lab.addConnection())
            _ = try await lab.claimOne(worker: UUID())
            #expect(try await lab.queue.reap() == 1)
            #expect(try await lab.claim().count == 1)
        }
    }

    @Test("a worker that leaves is not known any more, unless it still holds something", arguments: Twin.allCases)
    func leaving(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            try await lab.enqueue(try await lab.addConnection())
            let worker = try await lab.mortal()
            let lease = try await lab.claimOne(worker: worker)
            try await lab.queue.leave(worker: worker)
            #expect(try await lab.queue.reap() == 0)
            #expect(try await lab.finish(lease, .yield) == .yield)
            try await lab.queue.leave(worker: worker)
            _ = try await lab.claimOne(worker: worker)
            #expect(try await lab.queue.reap() == 1)
        }
    }

    @Test(
        "a lane whose worker died hands its jobs over one by one, until one of them ends well", arguments: Twin.allCases
    )
    func strikes(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for _ in 0..<3 { try await lab.enqueue(connection) }
            let all = try await lab.claim(jobsPerLane: 3, worker: UUID())
            #expect(all.count == 3)
            #expect(try await lab.queue.reap() == 1)
            var rescues: [Int] = []
            for lease in all { rescues.append(try await lab.describe(lease.jobID).rescues) }
            #expect(rescues == [1, 0, 0], "only the job that was being run is suspected")
            let alone = try await lab.claim(jobsPerLane: 3)
            #expect(alone.map(\.jobID) == [all[0].jobID])
            #expect(try await lab.finish(alone[0], .done) == .done)
            #expect(try await lab.claim(jobsPerLane: 3).count == 2)
        }
    }

    @Test("a job that takes five workers down is poison, and its lane goes on without it", arguments: Twin.allCases)
    func poison(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection)
            try await lab.setTime(seconds: 1)
            let next = try await lab.enqueue(connection)
            let elsewhere = try await lab.addConnection()
            for death in 1...5 {
                try await lab.enqueue(elsewhere)
                var leases = try await lab.claim(worker: UUID())
                for other in leases where other.connectionID == elsewhere {
                    #expect(try await lab.finish(other, .done) == .done, "others go on all the time")
                }
                leases.removeAll { $0.connectionID == elsewhere }
                if leases.first?.jobID == next {
                    #expect(try await lab.finish(leases[0], .yield) == .yield)
                    try await lab.setTime(seconds: Double(death) * 10)
                    leases = try await lab.claim(worker: UUID())
                }
                #expect(leases.map(\.jobID) == [job])
                #expect(try await lab.queue.reap() == 1)
                #expect(try await lab.state(job).isEnd == (death == 5))
            }
            let ended = try await lab.describe(job)
            #expect(ended.state == .poison && ended.rescues == 5 && ended.runs == 5)
            try await lab.setTime(seconds: 100)
            #expect(try await lab.claimOne().jobID == next)
        }
    }

    @Test("a job that gets on between the deaths of its workers is no poison", arguments: Twin.allCases)
    func progressClears(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection())
            for _ in 0..<7 {
                let lease = try await lab.claimOne(worker: UUID())
                #expect(try await lab.prove(lease) != nil)
                #expect(try await lab.queue.reap() == 1)
                #expect(try await lab.describe(job).rescues == 1)
            }
        }
    }

    @Test(
        "what a worker holds and does not know of is given back, and nothing is held against it",
        arguments: Twin.allCases)
    func releaseUnknown(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            var jobs: [Int64] = []
            for _ in 0..<3 {
                let connection = try await lab.addConnection()
                for _ in 0..<2 { jobs.append(try await lab.enqueue(connection)) }
            }
            let leases = try await lab.claim(jobsPerLane: 2)
            let foreign = UUID()
            #expect(try await lab.queue.releaseUnknown(worker: foreign, known: []) == 0)
            let known = leases[2]
            #expect(try await lab.queue.releaseUnknown(worker: lab.worker, known: [known.lease.token]) == 2)
            for job in jobs {
                let waiting = try await lab.describe(job)
                #expect(waiting.runs == 0 && waiting.rescues == 0 && waiting.events.isEmpty)
            }
            #expect(try await lab.finish(leases[0], .done) == .stale)
            #expect(try await lab.finish(known, .done) == .done)
            #expect(try await lab.claim(jobsPerLane: 2).map(\.jobID) == [jobs[0], jobs[1], jobs[4], jobs[5]])
        }
    }
}
