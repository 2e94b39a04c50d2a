import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

@Suite("Claiming", .serialized)
struct ClaimTests {
    @Test("a lane is leased once, whoever asks, until its job is finished")
    func oneLease() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let first = try await test.enqueue(connection)
            let second = try await test.enqueue(connection)
            let lease = try await test.claimOne()
            #expect(lease.jobID == first && lease.attempt == 1)
            #expect(try await test.claim(worker: UUID()).isEmpty)
            #expect(try await test.stateNow(first) == "running")
            #expect(try await test.stateNow(second) == "queued")
            #expect(try await test.finish(lease, .done) == "done")
            #expect(try await test.claimOne().jobID == second)
        }
    }

    @Test("the lanes of one connection are leased side by side")
    func families() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            try await test.enqueue(connection)
            try await test.enqueue(connection, family: "bulk")
            #expect(try await test.claim().count == 2)
        }
    }

    @Test("every claim has a token of its own, and an old one proves nothing")
    func tokens() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a"))
            var tokens: Set<UUID> = []
            var last: LeasedJob?
            for _ in 0..<5 {
                let lease = try await test.claimOne()
                #expect(tokens.insert(lease.lease.token).inserted)
                if let last { #expect(try await test.prove(last) == nil) }
                #expect(try await test.prove(lease) == TestQueue.Proof())
                #expect(try await test.finish(lease, .yield) == "yield")
                last = lease
            }
        }
    }

    @Test("lanes take turns: who was served goes to the back")
    func turns() async throws {
        try await TestQueue.with { test in
            var names: [Int64: String] = [:]
            for name in ["a", "b", "c"] {
                let connection = try await test.addConnection(name)
                names[connection] = name
                for _ in 0..<(name == "a" ? 10 : 2) { try await test.enqueue(connection) }
            }
            var served = ""
            for second in 1...6 {
                try await test.setTime(seconds: Double(second))
                let lease = try await test.claimOne()
                served += names[lease.connectionID] ?? "?"
                #expect(try await test.finish(lease, .done) == "done")
            }
            #expect(served == "abcabc")
        }
    }

    @Test("bands are served in the order of the wish list, within a lane by urgency")
    func bands() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            for band in Band.allCases.reversed() { try await test.enqueue(connection, band: band) }
            let backfill = try await test.addConnection("b")
            try await test.enqueue(backfill, band: .backfill)
            #expect(try await test.claim(bands: [.report]).isEmpty, "the lane's head is urgent")
            let preferred = try await test.claim(lanes: 1, bands: [.backfill, .urgent])
            #expect(preferred.map(\.connectionID) == [backfill])
            var seen: [Band] = []
            for _ in Band.allCases {
                let lease = try await test.claimOne()
                seen.append(lease.band)
                #expect(try await test.finish(lease, .done) == "done")
            }
            #expect(seen == Band.allCases)
        }
    }

    @Test("a job that is to come is not handed over before its time")
    func future() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, delay: 60)
            #expect(try await test.stateNow(job) == "scheduled")
            #expect(try await test.claim().isEmpty)
            try await test.setTime(seconds: 59)
            #expect(try await test.claim().isEmpty)
            try await test.setTime(seconds: 60)
            #expect(try await test.claimOne().jobID == job)
        }
    }

    @Test("a job that is due is not held up by a more urgent one that is to come")
    func futureDoesNotBlock() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            try await test.enqueue(connection, band: .urgent, delay: 600)
            let due = try await test.enqueue(connection, band: .backfill)
            #expect(try await test.claimOne().jobID == due)
        }
    }

    @Test("a job of a kind this version does not know stays queued for one that does")
    func unknownKind() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            let job = try await test.enqueue(connection, kind: "from_the_future")
            for second in 0..<3 {
                try await test.setTime(seconds: Double(second) * 2)
                #expect(try await test.claim().isEmpty)
                #expect(try await test.stateNow(job) == "queued")
            }
            try await test.setTime(seconds: 10)
            let taken: Int64 = try await test.value(
                "select job_id from portolan.claim($1, array['toy'], array['incremental'], 1)", [test.worker])
            #expect(taken == job)
        }
    }

    @Test("only platforms on the wish list are claimed")
    func platforms() async throws {
        try await TestQueue.with { test in
            try await test.enqueue(try await test.addConnection("a", platform: "other"))
            #expect(try await test.claim().isEmpty)
        }
    }

    @Test("several jobs of a lane come under one lease, in order, and end one by one")
    func severalJobs() async throws {
        try await TestQueue.with { test in
            let connection = try await test.addConnection("a")
            var ids: [Int64] = []
            for _ in 0..<3 { ids.append(try await test.enqueue(connection)) }
            let rows = try await test.pool.query(
                "select lane_id, token, job_id from portolan.claim($1, array['toy'], array['incremental'], 1, 3)",
                [test.worker])
            let handed = try rows.map { try $0.decode(Int64.self, UUID.self, Int64.self) }
            #expect(handed.map(\.2) == ids && Set(handed.map(\.1)).count == 1)
            #expect(try await test.stateNow(ids[1]) == "handed over")
            for (index, one) in handed.enumerated() {
                let result: String = try await test.value(
                    """
                    select result from portolan.finish(array[$1::bigint], array[$2::uuid], array[$3::bigint],
                    array['done'])
                    """,
                    [one.0, one.1, one.2])
                #expect(result == "done")
                let held: Int64 = try await test.count("select count(*) from portolan.leases")
                #expect(held == (index < 2 ? 1 : 0))
            }
        }
    }
}
