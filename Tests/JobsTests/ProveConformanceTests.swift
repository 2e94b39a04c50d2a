import FoundationEssentials
import Testing

@testable import Jobs

/// What a worker hears with each page that it commits.
@Suite("Proving", .serialized)
struct ProveConformanceTests {
    @Test("a page tells that something more urgent waits, once that is due", arguments: Twin.allCases)
    func yieldWanted(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection, band: .backfill)
            let lease = try await lab.claimOne()
            try await lab.enqueue(connection, band: .backfill)
            try await lab.enqueue(connection, band: .urgent, delay: .seconds(60))
            try await lab.enqueue(connection, band: .urgent, family: "bulk")
            #expect(try await lab.prove(lease) == Proof())
            try await lab.setTime(seconds: 60)
            #expect(try await lab.prove(lease) == Proof(isYieldWanted: true))
        }
    }

    @Test("a worker that nobody knows is told to drain", arguments: Twin.allCases)
    func unknownWorker(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            try await lab.enqueue(try await lab.addConnection())
            let worker = UUID()
            let lease = try await lab.claimOne(worker: worker)
            #expect(try await lab.prove(lease) == Proof(isDraining: true))
            #expect(try await lab.beat(worker) == false)
            #expect(try await lab.prove(lease) == Proof())
        }
    }

    @Test("pages and records are counted over all runs of a job", arguments: Twin.allCases)
    func counts(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let job = try await lab.enqueue(try await lab.addConnection())
            for _ in 0..<2 {
                let lease = try await lab.claimOne()
                for records in [5, 0, 7] { #expect(try await lab.prove(lease, records: records) != nil) }
                #expect(try await lab.finish(lease, .yield) == .yield)
            }
            let waiting = try await lab.describe(job)
            #expect(waiting.pages == 6 && waiting.records == 24 && waiting.runs == 2)
        }
    }

    @Test("the job that a page is proven for is the one that runs", arguments: Twin.allCases)
    func running(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for _ in 0..<3 { try await lab.enqueue(connection) }
            let leases = try await lab.claim(jobsPerLane: 3)
            #expect(try await lab.prove(leases[1]) != nil)
            #expect(try await lab.state(leases[0].jobID) == .handedOver)
            #expect(try await lab.state(leases[1].jobID) == .running)
            #expect(try await lab.finish(leases[1], .done) == .done)
            #expect(try await lab.state(leases[0].jobID) == .running)
            #expect(try await lab.prove(leases[1]) == nil, "it is out of the lease")
        }
    }
}
