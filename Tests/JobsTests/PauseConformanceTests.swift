import FoundationEssentials
import Testing

@testable import Jobs

@Suite("Pausing", .serialized)
struct PauseConformanceTests {
    /// What is paused, of which the job under test is a part; other work is not.
    enum Part: CaseIterable, Sendable {
        case connection, platform, kind, band

        func scope(_ connection: Int64) -> PauseScope {
            switch self {
            case .connection: .connection(connection)
            case .platform: .platform("toy")
            case .kind: .kind("sync")
            case .band: .band(.report)
            }
        }
    }

    @Test(
        "what is paused is not claimed until it is resumed, and nothing else is held up",
        arguments: Twin.allCases, Part.allCases)
    func paused(twin: Twin, part: Part) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let other = try await lab.addConnection(platform: "other")
            let job = try await lab.enqueue(connection, band: .report)
            let free = try await lab.enqueue(other, kind: "twice", band: .urgent)
            let scope = part.scope(connection)
            #expect(try await lab.queue.resume(scope) == false)
            try await lab.queue.pause(scope, reason: "a test")
            try await lab.queue.pause(scope, reason: nil)
            #expect(try await lab.claim(platforms: ["toy", "other"]).map(\.jobID) == [free])
            #expect(try await lab.state(job) == .queued)
            #expect(try await lab.queue.resume(scope))
            #expect(try await lab.queue.resume(scope) == false)
            #expect(try await lab.claim(platforms: ["toy", "other"]).map(\.jobID) == [job])
        }
    }

    @Test(
        "what runs is told at its next page, and stays paused through finish, reap and enqueue",
        arguments: Twin.allCases, Part.allCases)
    func survives(twin: Twin, part: Part) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let scope = part.scope(connection)
            let job = try await lab.enqueue(connection, band: .report)
            let lease = try await lab.claimOne()
            #expect(try await lab.prove(lease) == Proof())
            try await lab.queue.pause(scope, reason: nil)
            #expect(try await lab.prove(lease) == Proof(isPaused: true))
            #expect(try await lab.finish(lease, .yield) == .yield)
            #expect(try await lab.claim().isEmpty)

            #expect(try await lab.queue.resume(scope))
            _ = try await lab.claimOne(worker: UUID())
            try await lab.queue.pause(scope, reason: nil)
            #expect(try await lab.queue.reap() == 1)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 3600)
            try await lab.enqueue(connection, band: .report)
            #expect(try await lab.claim().isEmpty)
            #expect(try await lab.queue.resume(scope))
            #expect(try await lab.claimOne().jobID == job)
        }
    }

    @Test("lanes that a paused connection gets are paused, too", arguments: Twin.allCases)
    func newLanes(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.queue.pause(.connection(connection), reason: nil)
            try await lab.enqueue(connection)
            try await lab.enqueue(connection, family: "bulk")
            #expect(try await lab.claim().isEmpty)
            #expect(try await lab.queue.resume(.connection(connection)))
            #expect(try await lab.claim().count == 2)
        }
    }

    @Test(
        "the other jobs of a lane go on while its most urgent ones are paused, by kind or by band",
        arguments: Twin.allCases, [PauseScope.kind("sync"), .band(.urgent)])
    func others(twin: Twin, scope: PauseScope) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let paused = try await lab.enqueue(connection, band: .urgent)
            let below = try await lab.enqueue(connection, kind: "twice", band: .backfill)
            let last = try await lab.enqueue(connection, kind: "twice", band: .housekeeping)
            try await lab.queue.pause(scope, reason: nil)
            #expect(try await lab.claim().isEmpty, "the lane stands under the band of its head")
            let first = try await lab.claimOne()
            #expect(first.jobID == below)
            #expect(try await lab.prove(first) == Proof(), "what is paused does not want its turn")
            #expect(try await lab.finish(first, .done) == .done)
            #expect(try await lab.claim().isEmpty)
            let second = try await lab.claimOne()
            #expect(second.jobID == last)
            #expect(try await lab.queue.resume(scope))
            #expect(try await lab.prove(second) == Proof(isYieldWanted: true))
            #expect(try await lab.finish(second, .done) == .done)
            #expect(try await lab.claimOne().jobID == paused)
        }
    }

    @Test(
        "a lane with nothing but paused jobs is looked at again when they are resumed, or another job comes",
        arguments: Twin.allCases, [PauseScope.kind("sync"), .band(.urgent)])
    func putOff(twin: Twin, scope: PauseScope) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let paused = try await lab.enqueue(connection, band: .urgent)
            try await lab.queue.pause(scope, reason: nil)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 59)
            let other = try await lab.enqueue(connection, kind: "twice", band: .backfill)
            #expect(try await lab.claim().isEmpty, "the lane stands under the band of its head")
            #expect(try await lab.runOne(.done) == .done)
            #expect(try await lab.state(other) == .done)
            #expect(try await lab.claim().isEmpty)
            #expect(try await lab.queue.resume(scope))
            #expect(try await lab.claimOne().jobID == paused)
        }
    }

    @Test("several pauses hold together: the last of them to be resumed lets the work go on", arguments: Twin.allCases)
    func several(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection, band: .report)
            for part in Part.allCases { try await lab.queue.pause(part.scope(connection), reason: nil) }
            for part in Part.allCases {
                #expect(try await lab.claim().isEmpty)
                #expect(try await lab.queue.resume(part.scope(connection)))
            }
            #expect(try await lab.claim().count == 1)
        }
    }

    @Test("what does not exist cannot be paused, except a platform that may be to come", arguments: Twin.allCases)
    func unknown(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            #expect(
                try await lab.refusal { try await lab.queue.pause(.connection(999_999), reason: nil) }
                    .hasPrefix("connection:"))
            #expect(
                try await lab.refusal { try await lab.queue.pause(.kind("unheard"), reason: nil) }.hasPrefix("kind:"))
            try await lab.queue.pause(.platform("unheard"), reason: nil)
            #expect(try await lab.queue.resume(.platform("unheard")))
            #expect(try await lab.queue.resume(.kind("unheard")) == false)
            #expect(try await lab.queue.resume(.connection(999_999)) == false)
        }
    }
}
