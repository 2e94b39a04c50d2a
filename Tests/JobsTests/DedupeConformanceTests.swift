import FoundationEssentials
import Testing

@testable import Jobs

/// Jobs with a key: at most one waiting job of a lane, and of one parent, has it.
@Suite("Deduplication", .serialized)
struct DedupeConformanceTests {
    @Test("an equal job that waits is the answer, and nothing is added", arguments: Twin.allCases)
    func whileQueued(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, key: "k")
            #expect(try await lab.enqueue(connection, key: "k") == job)
            #expect(try await lab.enqueue(connection, key: "other") != job)
            #expect(try await lab.enqueue(connection, key: "k", family: "bulk") != job, "another lane")
            #expect(try await lab.enqueue(connection) != job)
            #expect(try await lab.claim(jobsPerLane: 9).count == 4)
        }
    }

    @Test("twins within one call are one job, as soon and as urgent as any of them", arguments: Twin.allCases)
    func withinOneCall(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            func new(_ key: String?, _ band: Band, _ delay: Duration) -> NewJob {
                NewJob(connectionID: connection, kind: "twice", band: band, delay: delay, dedupeKey: key)
            }
            let ids = try await lab.queue.enqueue([
                new("k", .backfill, .seconds(60)), new(nil, .report, .zero), new("k", .urgent, .seconds(90)),
                new("k", .report, .seconds(30)), new("l", .report, .seconds(90)),
            ])
            #expect(ids[0] == ids[2] && ids[0] == ids[3] && Set(ids).count == 3)
            let job = try await lab.describe(ids[0])
            #expect(job.band == .urgent && job.state == .scheduled)
            #expect(try await lab.claim().map(\.jobID) == [ids[1]])
            try await lab.setTime(seconds: 30)
            #expect(try await lab.state(ids[0]) == .queued)
        }
    }

    @Test("an equal job enqueued more urgently and sooner lifts the one that waits", arguments: Twin.allCases)
    func lifts(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, band: .backfill, delay: .seconds(600), key: "k")
            #expect(try await lab.enqueue(connection, band: .urgent, key: "k") == job)
            #expect(try await lab.describe(job).band == .urgent)
            #expect(try await lab.claimOne().jobID == job)
        }
    }

    @Test("an equal job enqueued less urgently and later changes nothing", arguments: Twin.allCases)
    func neverDemotes(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, band: .urgent, key: "k")
            #expect(try await lab.enqueue(connection, band: .backfill, delay: .seconds(600), key: "k") == job)
            #expect(try await lab.describe(job).band == .urgent)
            #expect(try await lab.claimOne().jobID == job)
        }
    }

    @Test("a running job never swallows a follow-up", arguments: Twin.allCases)
    func running(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let running = try await lab.enqueue(connection, key: "k")
            let lease = try await lab.claimOne()
            let followUp = try await lab.enqueue(connection, key: "k")
            #expect(followUp != running)
            #expect(try await lab.enqueue(connection, key: "k") == followUp, "the follow-up swallows the next")
            #expect(try await lab.finish(lease, .done) == .done)
            #expect(try await lab.claimOne().jobID == followUp)
        }
    }

    @Test("a job that was handed over and has not begun swallows nothing either", arguments: Twin.allCases)
    func handedOver(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection)
            let second = try await lab.enqueue(connection, key: "k")
            #expect(try await lab.claim(jobsPerLane: 2).count == 2)
            #expect(try await lab.enqueue(connection, key: "k") != second)
        }
    }

    @Test(
        "a job that comes back to wait merges with its twin and keeps the more urgent band",
        arguments: Twin.allCases,
        [Outcome.retry(after: .seconds(30)), .snooze(for: .seconds(30)), .yield, .release])
    func mergeOnReturn(twin: Twin, outcome: Outcome) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, band: .backfill, key: "k")
            let lease = try await lab.claimOne()
            let follower = try await lab.enqueue(connection, band: .urgent, key: "k")
            #expect(try await lab.finish(lease, outcome).rawValue == outcome.word)
            #expect(try await lab.state(follower) == .merged)
            #expect(try await lab.describe(job).band == .urgent)
            try await lab.setTime(seconds: 31)
            let again = try await lab.claim(jobsPerLane: 9)
            #expect(again.map(\.jobID) == [job] && again.map(\.band) == [.urgent])
            #expect(try await lab.finish(again[0], .done) == .done)
        }
    }

    @Test("a follow-up merged into a job that had got on is run after its end", arguments: Twin.allCases)
    func afterProgress(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, key: "sync:orders")
            let first = try await lab.claimOne()
            #expect(try await lab.prove(first, records: 1) != nil)
            let follower = try await lab.enqueue(connection, key: "sync:orders")
            #expect(try await lab.finish(first, .yield) == .yield)
            #expect(try await lab.state(follower) == .merged)
            #expect(try await lab.runOne(.done) == .again)
            let again = try await lab.claimOne()
            #expect(again.jobID == job && again.attempt == 1)
            #expect(try await lab.finish(again, .done) == .done)
            #expect(try await lab.claim().isEmpty)
        }
    }

    @Test("a follow-up merged into a job that had not begun is done with it", arguments: Twin.allCases)
    func beforeProgress(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection, key: "sync:orders")
            let first = try await lab.claimOne()
            try await lab.enqueue(connection, key: "sync:orders")
            #expect(try await lab.finish(first, .snooze(for: .zero)) == .snooze)
            #expect(try await lab.runOne(.done) == .done)
            #expect(try await lab.claim().isEmpty)
        }
    }

    @Test(
        "an enqueue that joins a job waiting in the middle of its work makes it run once more", arguments: Twin.allCases
    )
    func joinedWhileWaiting(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, key: "sync:orders")
            let first = try await lab.claimOne()
            #expect(try await lab.prove(first, records: 1) != nil)
            #expect(try await lab.finish(first, .yield) == .yield)
            #expect(try await lab.enqueue(connection, key: "sync:orders") == job)
            #expect(try await lab.runOne(.failed) == .failed, "a failure is an end")
            let second = try await lab.enqueue(connection, key: "sync:orders")
            #expect(second != job, "nor is one that ended a twin")
            #expect(try await lab.runOne(.done) == .done)
        }
    }

    @Test("a job that is done and runs again takes the follow-up of its last run along", arguments: Twin.allCases)
    func againMerges(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, band: .backfill, key: "k")
            let first = try await lab.claimOne()
            #expect(try await lab.prove(first) != nil)
            #expect(try await lab.finish(first, .yield) == .yield)
            try await lab.enqueue(connection, key: "k")
            let second = try await lab.claimOne()
            #expect(second.jobID == job)
            let late = try await lab.enqueue(connection, band: .urgent, key: "k")
            #expect(try await lab.finish(second, .done) == .again)
            #expect(try await lab.state(late) == .merged)
            let third = try await lab.claimOne()
            #expect(third.jobID == job && third.band == .urgent)
            #expect(try await lab.finish(third, .done) == .done)
            #expect(try await lab.claim().isEmpty)
        }
    }

    @Test("the parts of two parents are never each other's twins", arguments: Twin.allCases)
    func parents(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let parents = [try await lab.enqueue(connection), try await lab.enqueue(connection)]
            let free = try await lab.enqueue(connection, key: "k", family: "parts")
            let one = try await lab.enqueue(connection, key: "k", family: "parts", parent: parents[0])
            let other = try await lab.enqueue(connection, key: "k", family: "parts", parent: parents[1])
            #expect(Set([free, one, other]).count == 3)
            #expect(try await lab.enqueue(connection, key: "k", family: "parts", parent: parents[0]) == one)
            let leases = try await lab.claim(jobsPerLane: 9).filter { [free, one, other].contains($0.jobID) }
            #expect(leases.map(\.jobID) == [free, one, other])
            let late = try await lab.enqueue(connection, key: "k", family: "parts", parent: parents[1])
            for lease in leases { #expect(try await lab.finish(lease, .yield) == .yield) }
            #expect(try await lab.state(late) == .merged)
            for job in [free, one, other] { #expect(try await lab.state(job) == .queued) }
        }
    }

    @Test("a job that waits for its children swallows nothing and is merged into nothing", arguments: Twin.allCases)
    func awaiting(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let parent = try await lab.enqueue(connection, key: "k")
            let lease = try await lab.claimOne()
            try await lab.enqueue(connection, delay: .seconds(60), family: "parts", parent: parent)
            let before = try await lab.enqueue(connection, key: "k")
            #expect(try await lab.finish(lease, .awaitChildren) == .awaiting)
            #expect(try await lab.state(before) == .queued)
            #expect(try await lab.enqueue(connection, key: "k") == before)
            let second = try await lab.claimOne()
            #expect(second.jobID == before)
            #expect(try await lab.finish(second, .yield) == .yield)
            #expect(try await lab.state(parent) == .awaiting)
            #expect(try await lab.state(before) == .queued)
        }
    }
}
