import FoundationEssentials
import HTTP
import Jobs
import Platforms
import Postgres
import TestKit
import Testing

@testable import Worker

/// What the worker believes it holds and what the database says can come apart. Then no lane may stay with a worker that
/// lives and does nothing for it: the hard limit of a lease is a quarter of an hour.
@Suite("Doubt about leases")
struct DoubtTests {
    private static let answering = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 2) }

    @Test("a lease whose claim was answered into the void is given back and run", .timeLimit(.minutes(1)))
    func lostAnswer() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            try await fleet.pool.query("alter function portolan.claim_lanes rename to claim_aside")
            try await fleet.run(Self.answering) { _ in
                try await waitUntil("a claim to fail") { fleet.logs.text.contains("claim failed") }
                // What the server does when it commits a claim and the connection breaks before the answer.
                try await fleet.pool.query(
                    """
                    select portolan.claim_aside(worker_id, array[(select platform from portolan.connections)], array['urgent'], 1)
                    from portolan.workers
                    """)
                try await waitUntil("the lease to be given back") { fleet.logs.text.contains("leases given back") }
                try await fleet.pool.query("alter function portolan.claim_aside rename to claim_lanes")
                try await waitUntil("the job to end") { try await fleet.ending(job) != nil }
            }
            #expect(try await fleet.ending(job) == "done")
            let rescues: Int16 = try await fleet.value("select rescues from portolan.job_history")
            #expect(rescues == 0, "it was given back, not taken from a dead worker")
        }
    }

    @Test("giving back takes nothing that is being run, and nothing of another worker's")
    func releaseUnknown() async throws {
        try await Fleet.with { fleet in
            let queue = PostgresQueue(pool: fleet.pool)
            let (mine, others) = (UUID(), UUID())
            for worker in [mine, others] {
                _ = try await queue.beat(worker: worker, host: "here", version: "1", ttl: .seconds(20))
            }
            try await fleet.pool.query(
                """
                select portolan.enqueue_many(array_agg($1::bigint), array_agg('sync'::text), array_agg('{"resource": "orders"}'::jsonb),
                  p_family => array_agg('lane' || n)) from generate_series(1, 3) n
                """, [fleet.connectionID])
            func claim(_ worker: UUID) async throws -> LeasedJob {
                let jobs = try await queue.claim(
                    Claim(
                        worker: worker, wishes: [.init(platform: fleet.platform.key, band: .incremental)], lanes: 1,
                        kinds: ["sync": 1]))
                return try #require(jobs.first)
            }
            let (known, forgotten, foreign) = (try await claim(mine), try await claim(mine), try await claim(others))

            let released = try await queue.releaseUnknown(worker: mine, known: [known.lease.token])
            #expect(released == 1)
            let left: [Int64] = try await fleet.value("select array_agg(lane_id order by lane_id) from portolan.leases")
            #expect(left == [known.lease.laneID, foreign.lease.laneID].sorted())
            let again = try await claim(mine)
            #expect(again.jobID == forgotten.jobID && again.attempt == 1)
        }
    }

    @Test("a failure that cannot be written down still ends the job's run", .timeLimit(.minutes(1)))
    func refusedError() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            try await fleet.pool.query("alter table portolan.errors add check (code <> 'platform.internal')")
            try await fleet.runOnce(job, ScriptedTransport { _, _ in ScriptedTransport.refusal(500) })
            let attempt: Int32 = try await fleet.value("select attempt from portolan.jobs")
            #expect(attempt == 1)
            #expect(fleet.logs.text.contains("finish interrupted"))
        }
    }

    @Test("settings that are no strings are named, not ignored", .timeLimit(.minutes(1)))
    func settings() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            try await fleet.pool.query(#"update portolan.connections set settings = '{"livemode": true}'"#)
            #expect(try await fleet.runToEnd(job, Self.answering) == "failed")
            #expect(try await fleet.connectionState() == "blocked")
            let message: String = try await fleet.value("select state_message from portolan.connections")
            #expect(message.contains("settings") && message.contains("shop") && message.contains("quotes"))
        }
    }
}
