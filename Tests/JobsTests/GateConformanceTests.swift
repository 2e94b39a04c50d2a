import FoundationEssentials
import Testing

@testable import Jobs

/// Platforms that are down.
@Suite("Gates", .serialized)
struct GateConformanceTests {
    private func close(_ lab: QueueLab, every seconds: Int = 10) async throws {
        try await lab.queue.closeGate(platform: "toy", reason: "500", probeInterval: .seconds(seconds))
    }

    @Test(
        "while a gate is closed one lane is let through each interval, of that platform only", arguments: Twin.allCases)
    func probes(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for _ in 0..<5 { try await lab.enqueue(try await lab.addConnection(), band: .backfill) }
            let urgent = try await lab.enqueue(try await lab.addConnection(), band: .urgent)
            for _ in 0..<2 { try await lab.enqueue(try await lab.addConnection(platform: "other")) }
            try await close(lab)
            let first = try await lab.claim(platforms: ["toy", "other"])
            #expect(first.map(\.platform) == ["other", "other", "toy"], "the probe comes last")
            #expect(first.last?.jobID == urgent)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 9)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 10)
            #expect(try await lab.claim(platforms: ["other"]).isEmpty, "nor does that use up the probe")
            #expect(try await lab.claim().count == 1)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 20)
            #expect(try await lab.claim(bands: [.urgent, .report]).isEmpty)
            #expect(try await lab.claim().isEmpty, "a probe that found nothing was one")
        }
    }

    @Test("a claim without room for the probe takes no more than it asked for", arguments: Twin.allCases)
    func room(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for platform in ["toy", "other", "other"] {
                try await lab.enqueue(try await lab.addConnection(platform: platform))
            }
            try await close(lab)
            #expect(
                try await lab.claim(lanes: 2, platforms: ["toy", "other"]).map(\.platform) == ["other", "other"])
        }
    }

    @Test("failures and deaths do not count while the gate is closed", arguments: Twin.allCases)
    func nothingCounts(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection(), attemptsMax: 1)
            try await close(lab)
            for round in 0..<12 {
                try await lab.setTime(seconds: Double(round) * 10)
                let lease = try await lab.claimOne(worker: UUID())
                #expect(lease.attempt == 1)
                if round % 2 == 0 {
                    #expect(try await lab.queue.reap() == 1)
                } else {
                    #expect(try await lab.finish(lease, .retry(after: .seconds(1)), code: "down") == .retry)
                }
            }
            let waiting = try await lab.describe(job)
            #expect(waiting.attempt == 0 && waiting.rescues == 0 && waiting.runs == 12)
            #expect(waiting.errorCode == "down")
            #expect(waiting.events.map(\.what) == (0..<12).map { $0 % 2 == 0 ? "rescue" : "retry" })
            #expect(try await lab.queue.openGate(platform: "toy"))
            try await lab.setTime(seconds: 200)
            #expect(try await lab.runOne(.retry(after: .zero)) == .failed)
        }
    }

    @Test("other outcomes are what they are, however closed the gate is", arguments: Twin.allCases)
    func othersCount(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection)
            try await close(lab, every: 1)
            for (second, outcome) in [Outcome.snooze(for: .seconds(1)), .yield, .failed].enumerated() {
                try await lab.setTime(seconds: Double(second))
                #expect(try await lab.runOne(outcome).rawValue == outcome.word)
            }
            let ended = try await lab.describe(job)
            #expect(ended.state == .failed && ended.snoozes == 1 && ended.attempt == 1)
        }
    }

    @Test(
        "after the first page that gets through, twice as many lanes are at each interval, until the gate is gone",
        arguments: Twin.allCases)
    func opens(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for _ in 0..<300 { try await lab.enqueue(try await lab.addConnection()) }
            let other = try await lab.addConnection(platform: "other")
            try await lab.enqueue(other)
            let elsewhere = try #require(try await lab.claim(platforms: ["other"]).first)
            try await close(lab)
            let probe = try await lab.claimOne()
            #expect(try await lab.prove(elsewhere) != nil, "a page of another platform")
            #expect(try await lab.claim().isEmpty)
            #expect(try await lab.finish(probe, .yield) == .yield, "nor does a run without a page")
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 10)
            #expect(try await lab.prove(try await lab.claimOne()) == Proof())
            // Of 299 lanes: 2, 4, 8 … 256, two seconds apart, and after that no gate is left.
            var widths: [Int] = []
            for step in 0..<8 {
                try await lab.setTime(seconds: 10 + 2 * Double(step))
                widths.append(try await lab.claim(lanes: 300).count)
                #expect(try await lab.claim(lanes: 300).isEmpty, "until the next interval")
            }
            #expect(widths == [2, 4, 8, 16, 32, 64, 128, 299 - 254])
            try await lab.setTime(seconds: 26)
            _ = try await lab.claim()
            #expect(try await lab.queue.openGate(platform: "toy") == false)
        }
    }

    @Test("a gate that is closed while it opens lets one lane through again", arguments: Twin.allCases)
    func closesAgain(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for _ in 0..<9 { try await lab.enqueue(try await lab.addConnection()) }
            try await close(lab)
            #expect(try await lab.prove(try await lab.claimOne()) == Proof())
            #expect(try await lab.claim(lanes: 9).count == 2)
            try await close(lab)
            try await lab.setTime(seconds: 2)
            #expect(try await lab.claim(lanes: 9).count == 1)
            try await lab.setTime(seconds: 11)
            #expect(try await lab.claim(lanes: 9).isEmpty)
        }
    }

    @Test("a gate is opened by hand, and closed again without its probes beginning anew", arguments: Twin.allCases)
    func byHand(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for _ in 0..<4 { try await lab.enqueue(try await lab.addConnection()) }
            #expect(try await lab.queue.openGate(platform: "toy") == false)
            try await close(lab)
            #expect(try await lab.claim().count == 1)
            try await close(lab, every: 20)
            #expect(try await lab.claim().isEmpty)
            try await lab.setTime(seconds: 10)
            #expect(try await lab.claim().count == 1)
            try await lab.setTime(seconds: 29)
            #expect(try await lab.claim().isEmpty)
            #expect(try await lab.queue.openGate(platform: "toy"))
            #expect(try await lab.claim().count == 2)
        }
    }

    @Test("pauses hold for probes as well", arguments: Twin.allCases)
    func paused(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection)
            try await close(lab)
            for (second, scope) in [
                PauseScope.platform("toy"), .connection(connection), .band(.incremental), .kind("sync"),
            ].enumerated() {
                try await lab.setTime(seconds: Double(second) * 10)
                try await lab.queue.pause(scope, reason: nil)
                #expect(try await lab.claim().isEmpty)
                #expect(try await lab.queue.resume(scope))
            }
            try await lab.setTime(seconds: 40)
            #expect(try await lab.claim().count == 1)
        }
    }
}
