import FoundationEssentials
import Testing

@testable import Jobs

/// When a lane may be claimed, and by whom.
@Suite("Wake-ups", .serialized)
struct WakeUpConformanceTests {
    @Test("a job that is to come is not handed over before its time", arguments: Twin.allCases)
    func future(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection(), delay: .seconds(60))
            #expect(try await lab.state(job) == .scheduled)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 59)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 60)
            #expect(try await lab.claimOne().jobID == job)
        }
    }

    @Test("parked lanes are not touched before their time, and take nobody's place", arguments: Twin.allCases)
    func parked(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for number in 0..<5 {
                try await lab.enqueue(try await lab.addConnection(), delay: .seconds(10 + number))
            }
            let ready = try await lab.addConnection()
            try await lab.enqueue(ready)
            let lease = try await lab.claimOne()
            #expect(lease.connectionID == ready)
            #expect(try await lab.finish(lease, .snooze(for: .seconds(60))) == .snooze)
            for second in 0..<5 {
                try await lab.setTime(seconds: Double(10 + second))
                let woken = try await lab.claim()
                #expect(woken.count == 1, "each at its own time")
                #expect(woken.first?.ticket == QueueLab.start.addingTimeInterval(Double(10 + second)))
            }
        }
    }

    @Test("a job that is due is not held up by a more urgent one that is to come", arguments: Twin.allCases)
    func futureDoesNotBlock(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection, band: .urgent, delay: .seconds(600))
            let due = try await lab.enqueue(connection, band: .backfill)
            #expect(try await lab.claimOne().jobID == due)
        }
    }

    @Test("a parked lane is woken by a job that is due", arguments: Twin.allCases)
    func woken(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection, delay: .seconds(600))
            try await lab.enqueue(connection, delay: .seconds(300))
            #expect(try await lab.claim().isEmpty)
            let due = try await lab.enqueue(connection)
            #expect(try await lab.claimOne().jobID == due)
        }
    }

    @Test("jobs enqueued while the lane is leased are there when the lease ends", arguments: Twin.allCases)
    func whileLeased(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            try await lab.enqueue(connection, band: .backfill)
            let urgent = try await lab.enqueue(connection, band: .urgent)
            #expect(try await lab.finish(lease, .done) == .done)
            #expect(try await lab.claimOne().jobID == urgent)
        }
    }

    @Test("a job of a kind that a worker does not know stays queued for one that does", arguments: Twin.allCases)
    func unknownKind(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, kind: "twice")
            for second in 0..<3 {
                try await lab.setTime(seconds: Double(second) * 2)
                #expect(try await lab.claim(kinds: ["sync": 1]).isEmpty)
                #expect(try await lab.state(job) == .queued)
            }
            #expect(try await lab.claim().isEmpty, "nobody takes it again within a second")
            try await lab.setTime(seconds: 5)
            #expect(try await lab.claimOne().jobID == job)
        }
    }

    @Test(
        "arguments of a newer form wait for a worker that reads it; older ones are read by all",
        arguments: Twin.allCases)
    func unknownVersion(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let newer = try await lab.enqueue(try await lab.addConnection(), kind: "grown")
            let older = try await lab.enqueue(try await lab.addConnection(), kind: "grown", version: 1)
            let first = try await lab.claim(kinds: ["grown": 1])
            #expect(first.map(\.jobID) == [older] && first.map(\.argumentsVersion) == [1])
            try await lab.setTime(seconds: 1)
            let second = try await lab.claim(kinds: ["grown": 2])
            #expect(second.map(\.jobID) == [newer] && second.map(\.argumentsVersion) == [2])
        }
    }

    @Test("a job that nobody here knows does not hold up those of its lane that are known", arguments: Twin.allCases)
    func unknownDoesNotBlock(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let unknown = try await lab.enqueue(connection, kind: "twice", band: .urgent)
            let beside = try await lab.enqueue(connection, band: .urgent)
            let below = try await lab.enqueue(connection, band: .backfill)
            let first = try await lab.claim(kinds: ["sync": 1])
            #expect(first.map(\.jobID) == [beside], "of the same band")
            #expect(try await lab.finish(first[0], .done) == .done)
            #expect(try await lab.claim(kinds: ["sync": 1]).isEmpty, "the lane stands under the band of its head")
            let second = try await lab.claim(kinds: ["sync": 1])
            #expect(second.map(\.jobID) == [below], "of another band, found at once")
            #expect(try await lab.finish(second[0], .done) == .done)
            #expect(try await lab.claimOne().jobID == unknown)
        }
    }

    @Test("a lane whose head nobody here knows is woken by a job that is known", arguments: Twin.allCases)
    func unknownIsWoken(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection, kind: "twice")
            #expect(try await lab.claim(kinds: ["sync": 1]).isEmpty)
            let known = try await lab.enqueue(connection)
            #expect(try await lab.claim(kinds: ["sync": 1]).map(\.jobID) == [known])
        }
    }
}
