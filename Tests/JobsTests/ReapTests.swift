import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

@Suite("Dead workers", .serialized)
struct ReapTests {
    /// A worker that has beaten once, with twenty seconds to live.
    private func mortal(_ test: TestQueue) async throws -> UUID {
        let worker = UUID()
        _ = try await test.queue.beat(worker: worker, host: "there", version: "1", ttl: .seconds(20))
        return worker
    }

    @Test("the leases of a worker that stopped beating are taken, and its job goes on elsewhere")
    func reap() async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"))
            let lost = try await test.claimOne(worker: try await mortal(test))
            try await test.setTime(seconds: 20)
            #expect(try await test.queue.reap() == 0)
            try await test.setTime(seconds: 21)
            #expect(try await test.queue.reap() == 1)
            #expect(try await test.finish(lost, .done) == "stale")
            #expect(try await test.prove(lost) == nil)
            let next = try await test.claimOne()
            #expect(next.jobID == job && next.attempt == 1, "a death is no attempt")
            #expect(try await test.job(job, "rescues::integer", as: Int32.self) == 1)
        }
    }

    @Test("a worker that goes on beating keeps its leases")
    func beating() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a"))
            let worker = try await mortal(test)
            let lease = try await test.claimOne(worker: worker)
            for second in [15.0, 30, 45, 60] {
                try await test.setTime(seconds: second)
                #expect(
                    try await test.queue.beat(worker: worker, host: "there", version: "1", ttl: .seconds(20)) == false)
                #expect(try await test.queue.reap() == 0)
            }
            #expect(try await test.finish(lease, .done) == "done")
        }
    }

    @Test("a lease past its deadline is taken, however alive its worker is")
    func deadline() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a"))
            _ = try await test.claim(leaseMax: .seconds(60))
            try await test.setTime(seconds: 60)
            #expect(try await test.queue.reap() == 0)
            try await test.setTime(seconds: 61)
            #expect(try await test.queue.reap() == 1)
        }
    }

    @Test("a lease whose worker is not known is taken")
    func unknownWorker() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a"))
            _ = try await test.claimOne(worker: UUID())
            #expect(try await test.queue.reap() == 1)
            #expect(try await test.claim().count == 1)
        }
    }

    @Test("a lane whose worker died hands its jobs over one by one, until one of them ends well")
    func strikes() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            for _ in 0..<3 { try await test.enqueue(connection) }
            func handed() async throws -> PostgresRows {
                try await test.pool.query(
                    "select lane_id, token, job_id from portolan.claim($1, array['toy'], array['incremental'], 1, 3)",
                    [UUID()])
            }
            #expect(try await handed().count == 3)
            #expect(try await test.queue.reap() == 1)
            #expect(
                try await test.count("select sum(rescues) from portolan.jobs") == 1,
                "only the job that was being run is suspected")
            let alone = try await handed()
            #expect(alone.count == 1)
            let (lane, token, job) = try alone[0].decode(Int64.self, UUID.self, Int64.self)
            try await test.pool.query(
                "select portolan.finish(array[$1::bigint], array[$2::uuid], array[$3::bigint], array['done'])",
                [lane, token, job])
            #expect(try await handed().count == 2)
        }
    }

    @Test("a job that takes five workers down is poison, and its lane goes on without it")
    func poison() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection)
            try await test.setTime(seconds: 1)
            let next = try await test.enqueue(connection)
            for death in 1...5 {
                var lease = try await test.claimOne(worker: UUID())
                if lease.jobID != job {
                    #expect(try await test.finish(lease, .yield) == "yield")
                    try await test.setTime(seconds: Double(death) * 10)
                    lease = try await test.claimOne(worker: UUID())
                }
                #expect(lease.jobID == job)
                #expect(try await test.queue.reap() == 1)
                #expect(try await test.isLive(job) == (death < 5))
            }
            #expect(try await test.ending(of: job) == "poison")
            #expect(try await test.count("select rescues::bigint from portolan.job_history") == 5)
            try await test.setTime(seconds: 100)
            #expect(try await test.claimOne().jobID == next)
        }
    }

    @Test("a job that gets on between the deaths of its workers is no poison")
    func progressClears() async throws {
        try await TestQueue.with { test in
            let job = try await test.enqueue(try await test.addConnection("a"))
            for _ in 0..<7 {
                let lease = try await test.claimOne(worker: UUID())
                #expect(try await test.prove(lease) != nil)
                #expect(try await test.queue.reap() == 1)
                #expect(try await test.job(job, "rescues::integer", as: Int32.self) == 1)
            }
        }
    }

    @Test("the row of a worker that died goes once nothing is leased to it; one that leaves takes its own along")
    func workerRows() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a"))
            let dead = try await mortal(test)
            _ = try await test.claimOne(worker: dead)
            let leaving = try await mortal(test)
            try await test.queue.leave(worker: dead)
            try await test.queue.leave(worker: leaving)
            let left: [UUID] = try await test.value(
                "select array_agg(worker_id) from portolan.workers where worker_id <> $1", [test.worker])
            #expect(left == [dead], "who still holds something stays")
            try await test.setTime(seconds: 70)
            #expect(try await test.queue.reap() == 1)
            #expect(try await test.queue.reap() == 0)
            #expect(
                try await test.count("select count(*) from portolan.workers") == 2, "not within its grace of a minute")
            try await test.setTime(seconds: 81)
            #expect(try await test.queue.reap() == 0)
            #expect(try await test.count("select count(*) from portolan.workers") == 1)
        }
    }

    @Test("a worker is asked to drain through its row, and hears it at its next beat")
    func drain() async throws {
        try await TestQueue.with { test in
            let worker = try await mortal(test)
            try await test.pool.query("update portolan.workers set draining = true where worker_id = $1", [worker])
            #expect(try await test.queue.beat(worker: worker, host: "there", version: "1", ttl: .seconds(20)))
        }
    }
}
