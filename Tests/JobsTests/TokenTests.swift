import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

@Suite("Tokens", .serialized)
struct TokenTests {
    @Test(
        "no token comes twice in 50,000 claims, though the sequences are set back in between", .timeLimit(.minutes(2)))
    func unique() async throws {
        try await Bed.with(connectionsMax: 1) { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            _ = try await bed.queue.enqueue((0..<1000).map { Bed.sync(connection, family: "f\($0)") })
            var tokens: Set<UUID> = []
            for round in 1...50 {
                let jobs = try await bed.queue.claim(Bed.wanting(worker, bands: [.incremental], lanes: 1000))
                for job in jobs { tokens.insert(job.lease.token) }
                try #require(jobs.count == 1000 && tokens.count == 1000 * round)
                #expect(try await bed.queue.releaseUnknown(worker: worker, known: []) == 1000)
                if round % 10 == 0 { try await Self.setSequencesBack(bed, to: 1) }
            }
        }
    }

    @Test("a job that got the number of an ended one is safe from the reports of its predecessor's worker")
    func sameNumber() async throws {
        try await Bed.with(connectionsMax: 1) { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            let first = try await bed.queue.enqueue(Bed.sync(connection))
            let old = try await bed.claimOne(worker)
            #expect(try await bed.queue.finish(old, .done) == .done)
            // As after a restore from a backup that was a little older.
            try await Self.setSequencesBack(bed, to: first)
            #expect(try await bed.queue.enqueue(Bed.sync(connection)) == first)
            let new = try await bed.claimOne(worker)
            #expect(new.jobID == old.jobID && new.lease.laneID == old.lease.laneID)
            #expect(try await bed.queue.prove(old, records: 1, checkpoint: nil) == nil)
            #expect(try await bed.queue.finish(old, .failed) == .stale)
            #expect(try await bed.queue.finish(new, .done) == .done)
        }
    }

    private static func setSequencesBack(_ bed: Bed, to number: Int64) async throws {
        try await bed.pool.query(
            """
            select setval(pg_get_serial_sequence('portolan.jobs', 'job_id'), $1, false),
                   setval(pg_get_serial_sequence('portolan.lanes', 'lane_id'), $1, false)
            """, [number])
    }
}
