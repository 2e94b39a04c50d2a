import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

@Suite("Follow-ups and mixed reports", .serialized)
struct FollowUpTests {
    @Test("a follow-up merged into a job that had got on is run after its end")
    func followUpAfterProgress() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, key: "sync:orders")
            let first = try await test.claimOne()
            #expect(try await test.prove(first, records: 1) != nil)
            let twin = try await test.enqueue(connection, key: "sync:orders")
            #expect(twin != job, "a running job does not swallow a follow-up")
            #expect(try await test.finish(first, .yield) == "yield")
            #expect(try await test.ending(of: twin) == "merged")

            #expect(try await test.finish(try await test.claimOne(), .done) == "again")
            let again = try await test.claimOne()
            #expect(again.jobID == job)
            #expect(try await test.finish(again, .done) == "done")
            #expect(try await test.claim().isEmpty)
        }
    }

    @Test("a follow-up merged into a job that had not begun is done with it")
    func followUpBeforeProgress() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            try await test.enqueue(connection, key: "sync:orders")
            let first = try await test.claimOne()
            try await test.enqueue(connection, key: "sync:orders")
            #expect(try await test.finish(first, .snooze(for: .zero)) == "snooze")
            #expect(try await test.finish(try await test.claimOne(), .done) == "done")
            #expect(try await test.claim().isEmpty)
        }
    }

    @Test("an enqueue that joins a job waiting in the middle of its work makes it run once more")
    func joinedWhileWaiting() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, key: "sync:orders")
            let first = try await test.claimOne()
            #expect(try await test.prove(first, records: 1) != nil)
            #expect(try await test.finish(first, .yield) == "yield")
            #expect(try await test.enqueue(connection, key: "sync:orders") == job)
            #expect(try await test.finish(try await test.claimOne(), .done) == "again")
            #expect(try await test.finish(try await test.claimOne(), .done) == "done")
        }
    }

    @Test("a report under a lost token does not take the job out of the lease that holds it now")
    func mixedTokens() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            var jobs: [Int64] = []
            for _ in 0..<3 { jobs.append(try await test.enqueue(connection)) }
            let lane: Int64 = try await test.value("select lane_id from portolan.lanes")
            func claimThree() async throws -> UUID {
                let rows = try await test.pool.query(
                    "select token from portolan.claim($1, array['toy'], array['incremental'], 1, 3)", [test.worker])
                try #require(rows.count == 3)
                return try rows[0].decode(at: 0)
            }
            let lost = try await claimThree()
            try await test.pool.query("update portolan.leases set deadline = '-infinity'")
            try await test.pool.query("select portolan.reap()")
            // The rescue counts a strike, and a struck lane hands over one job at a time.
            try await test.pool.query("update portolan.lanes set strikes = 0")
            let held = try await claimThree()

            let results = try await test.pool.query(
                "select result from portolan.finish($1, $2, $3, array['done', 'done'])",
                [[lane, lane], [held, lost], [jobs[0], jobs[1]]])
            #expect(try results.map { try $0.decode(at: 0, as: String.self) } == ["done", "stale"])
            let left: [Int64] = try await test.value("select job_ids from portolan.leases")
            #expect(left == [jobs[1], jobs[2]])
        }
    }
}
