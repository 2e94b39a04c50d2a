import FoundationEssentials
import Testing

@testable import Jobs

@Suite("Claiming", .serialized)
struct ClaimConformanceTests {
    @Test("a lane is leased once, whoever asks, until its job is finished", arguments: Twin.allCases)
    func oneLease(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let first = try await lab.enqueue(connection)
            let second = try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            #expect(lease.jobID == first && lease.attempt == 1)
            #expect(try await lab.claim(worker: UUID()).isEmpty)
            #expect(try await lab.state(first) == .running)
            #expect(try await lab.state(second) == .queued)
            #expect(try await lab.finish(lease, .done) == .done)
            #expect(try await lab.claimOne().jobID == second)
        }
    }

    @Test("a job is handed over with everything that it was enqueued with", arguments: Twin.allCases)
    func handedOver(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection(platform: "other")
            let job = try await lab.enqueue(
                connection, kind: "grown", arguments: #"{"from": 1, "to": 2}"#, band: .report)
            try await lab.setTime(seconds: 5)
            let lease = try #require(try await lab.claim(platforms: ["toy", "other"]).first)
            #expect(lease.jobID == job && lease.connectionID == connection && lease.platform == "other")
            #expect(lease.kind == "grown" && lease.argumentsVersion == 2 && lease.band == .report)
            let arguments = try JSONDecoder().decode([String: Int].self, from: Data(lease.arguments.utf8))
            #expect(arguments == ["from": 1, "to": 2])
            #expect(lease.ticket == QueueLab.start)
        }
    }

    @Test("the lanes of one connection are leased side by side", arguments: Twin.allCases)
    func families(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection)
            try await lab.enqueue(connection, family: "bulk")
            #expect(try await lab.claim().count == 2)
        }
    }

    @Test("every claim has a token of its own, and an old one proves and writes nothing", arguments: Twin.allCases)
    func tokens(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            try await lab.enqueue(try await lab.addConnection())
            var tokens: Set<UUID> = []
            var last: LeasedJob?
            for _ in 0..<5 {
                let lease = try await lab.claimOne()
                #expect(tokens.insert(lease.lease.token).inserted)
                if let last {
                    let before = try await lab.describe(lease.jobID)
                    #expect(try await lab.prove(last, records: 5) == nil)
                    #expect(try await lab.finish(last, .failed, code: "x.y") == .stale)
                    #expect(try await lab.describe(lease.jobID) == before)
                }
                #expect(try await lab.prove(lease) == Proof())
                #expect(try await lab.finish(lease, .yield) == .yield)
                last = lease
            }
        }
    }

    @Test("only platforms on the wish list are claimed", arguments: Twin.allCases)
    func platforms(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            try await lab.enqueue(try await lab.addConnection(platform: "other"))
            #expect(try await lab.claim().isEmpty)
            #expect(try await lab.claim(platforms: ["other"]).count == 1)
        }
    }

    @Test("bands are served in the order of the wish list, within a lane by urgency", arguments: Twin.allCases)
    func bands(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for band in Band.allCases.reversed() { try await lab.enqueue(connection, band: band) }
            let backfill = try await lab.addConnection()
            try await lab.enqueue(backfill, band: .backfill)
            #expect(try await lab.claim(bands: [.report]).isEmpty, "the lane's head is urgent")
            let preferred = try await lab.claim(lanes: 1, bands: [.backfill, .urgent])
            #expect(preferred.map(\.connectionID) == [backfill])
            var seen: [Band] = []
            for _ in Band.allCases {
                let lease = try await lab.claimOne()
                seen.append(lease.band)
                #expect(try await lab.finish(lease, .done) == .done)
            }
            #expect(seen == Band.allCases)
        }
    }

    @Test("a claim takes as many lanes as it was asked for, over all its wishes", arguments: Twin.allCases)
    func lanes(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for number in 0..<6 {
                try await lab.enqueue(
                    try await lab.addConnection(platform: number % 2 == 0 ? "toy" : "other"),
                    band: number < 3 ? .backfill : .urgent)
            }
            let taken = try await lab.claim(lanes: 4, platforms: ["other", "toy"])
            #expect(taken.map(\.band) == [.urgent, .urgent, .urgent, .backfill])
            #expect(taken.map(\.platform) == ["other", "other", "toy", "other"])
            #expect(try await lab.claim(lanes: 0, platforms: ["other", "toy"]).isEmpty)
            #expect(try await lab.claim(lanes: 4, platforms: ["other", "toy"]).count == 2)
        }
    }

    @Test("several jobs of a lane come under one lease, in order, and end one by one", arguments: Twin.allCases)
    func severalJobs(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            var ids: [Int64] = []
            for _ in 0..<3 { ids.append(try await lab.enqueue(connection)) }
            try await lab.enqueue(connection, band: .backfill)
            let handed = try await lab.claim(jobsPerLane: 5)
            #expect(handed.map(\.jobID) == ids, "of one band")
            #expect(Set(handed.map(\.lease.token)).count == 1)
            for (index, job) in handed.enumerated() {
                #expect(try await lab.state(ids[index]) == .running)
                for waiting in ids[(index + 1)...] { #expect(try await lab.state(waiting) == .handedOver) }
                #expect(try await lab.claim(worker: UUID()).isEmpty)
                #expect(try await lab.finish(job, .done) == .done)
            }
            #expect(try await lab.claimOne().band == .backfill)
        }
    }

    @Test("the jobs of one lane stand together in the answer", arguments: Twin.allCases)
    func together(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connections = [try await lab.addConnection(), try await lab.addConnection()]
            var ids: [Int64: [Int64]] = [:]
            for _ in 0..<3 {
                for connection in connections { ids[connection, default: []].append(try await lab.enqueue(connection)) }
            }
            let handed = try await lab.claim(jobsPerLane: 2)
            #expect(handed.map(\.jobID) == connections.flatMap { ids[$0, default: []].prefix(2) })
        }
    }

    @Test("a lane whose ticket is below the floor is not looked for", arguments: Twin.allCases)
    func floors(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let early = try await lab.addConnection()
            try await lab.enqueue(early)
            try await lab.setTime(seconds: 10)
            let late = try await lab.addConnection()
            try await lab.enqueue(late)
            var claim = lab.wanted()
            claim.floors[Claim.Wish(platform: "toy", band: .incremental)] = QueueLab.start.addingTimeInterval(10)
            #expect(try await lab.queue.claim(claim).map(\.connectionID) == [late])
            claim.floors = [:]
            #expect(try await lab.queue.claim(claim).map(\.connectionID) == [early])
        }
    }

    @Test("time is the queue's: no clock of a caller decides anything", arguments: Twin.allCases)
    func clocks(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            // This process' clock is years behind the lab's.
            let job = try await lab.enqueue(try await lab.addConnection(), delay: .seconds(1))
            #expect(try await lab.state(job) == .scheduled)
            try await lab.setTime(seconds: 1)
            let lease = try await lab.claimOne(worker: try await lab.mortal())
            #expect(lease.ticket == QueueLab.start.addingTimeInterval(1))
            try await lab.setTime(seconds: 21)
            #expect(try await lab.queue.reap() == 0)
            try await lab.setTime(seconds: 22)
            #expect(try await lab.queue.reap() == 1)
            #expect(try await lab.finish(try await lab.claimOne(), .retry(after: .seconds(8))) == .retry)
            try await lab.setTime(seconds: 29)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 30)
            #expect(try await lab.claim().count == 1)
        }
    }
}
