import FoundationEssentials
import Testing

@testable import Jobs

@Suite("Cancelling", .serialized)
struct CancelConformanceTests {
    @Test("a job that is cancelled while it waits is gone at once", arguments: Twin.allCases)
    func queued(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection)
            let later = try await lab.enqueue(connection, delay: .seconds(60))
            let other = try await lab.enqueue(connection, band: .backfill)
            #expect(try await lab.cancel(job) == .cancelled)
            #expect(try await lab.state(job) == .cancelled)
            #expect(try await lab.cancel(job) == .notWaiting)
            #expect(try await lab.cancel(later) == .cancelled)
            // The lane still stands under the band of the head it lost; a claim finds out and corrects it.
            var claimed = try await lab.claim()
            if claimed.isEmpty { claimed = try await lab.claim() }
            #expect(claimed.map(\.jobID) == [other])
        }
    }

    @Test(
        "a running job is told to stop at its next page, and ends as cancelled unless it ended first",
        arguments: Twin.allCases)
    func running(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for outcome in [Outcome.yield, .snooze(for: .seconds(5)), .retry(after: .zero), .release, .awaitChildren] {
                let job = try await lab.enqueue(connection)
                let lease = try await lab.claimOne()
                #expect(try await lab.prove(lease)?.isCancelled == false)
                #expect(try await lab.cancel(job) == .asked)
                #expect(try await lab.describe(job).isCancelAsked)
                #expect(try await lab.cancel(job) == .asked)
                #expect(try await lab.prove(lease)?.isCancelled == true)
                #expect(try await lab.finish(lease, outcome) == .cancelled)
                #expect(try await lab.state(job) == .cancelled)
            }
            for (outcome, end) in [(Outcome.done, Finish.done), (.failed, .failed)] {
                let job = try await lab.enqueue(connection)
                let quick = try await lab.claimOne()
                #expect(try await lab.cancel(job) == .asked)
                #expect(try await lab.finish(quick, outcome) == end)
            }
        }
    }

    @Test("a job that was handed over and has not begun is asked, too", arguments: Twin.allCases)
    func handedOver(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for _ in 0..<2 { try await lab.enqueue(connection) }
            let leases = try await lab.claim(jobsPerLane: 2)
            #expect(try await lab.cancel(leases[1].jobID) == .asked)
            #expect(try await lab.finish(leases[0], .done) == .done)
            #expect(try await lab.finish(leases[1], .release) == .cancelled)
        }
    }

    @Test("a job that was asked to stop is cancelled when its worker dies", arguments: Twin.allCases)
    func dead(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection())
            _ = try await lab.claimOne(worker: UUID())
            #expect(try await lab.cancel(job) == .asked)
            #expect(try await lab.queue.reap() == 1)
            #expect(try await lab.state(job) == .cancelled)
            #expect(try await lab.claim().isEmpty)
        }
    }

    @Test("a job that was to run once more after its end does not when it is cancelled", arguments: Twin.allCases)
    func followedUp(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, key: "k")
            let first = try await lab.claimOne()
            #expect(try await lab.prove(first) != nil)
            #expect(try await lab.finish(first, .yield) == .yield)
            #expect(try await lab.enqueue(connection, key: "k") == job)
            let second = try await lab.claimOne()
            #expect(try await lab.cancel(job) == .asked)
            #expect(try await lab.finish(second, .done) == .done)
        }
    }

    @Test("many are cancelled at once, each answered for in the order given", arguments: Twin.allCases)
    func many(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let running = try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            let waiting = try await lab.enqueue(connection)
            let scheduled = try await lab.enqueue(connection, delay: .seconds(9), family: "bulk")
            #expect(
                try await lab.queue.cancel([scheduled, running, 999_999_999, waiting])
                    == [.cancelled, .asked, .notWaiting, .cancelled])
            #expect(try await lab.queue.cancel([]).isEmpty)
            #expect(try await lab.finish(lease, .yield) == .cancelled)
        }
    }

    @Test("what a cancelled job had come to stays known", arguments: Twin.allCases)
    func kept(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection())
            let lease = try await lab.claimOne()
            #expect(try await lab.prove(lease, records: 3) != nil)
            #expect(try await lab.finish(lease, .retry(after: .seconds(9)), code: "x.y") == .retry)
            let before = try await lab.describe(job)
            #expect(try await lab.cancel(job) == .cancelled)
            var expected = before
            expected.state = .cancelled
            #expect(try await lab.describe(job) == expected)
        }
    }
}
