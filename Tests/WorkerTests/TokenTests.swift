import FoundationEssentials
import HTTP
import Jobs
import Limits
import Platforms
import Postgres
import TestKit
import Testing

@testable import Worker

@Suite("Waiting for tokens", .serialized, .timeLimit(.minutes(2)))
struct TokenTests {
    @Test("a long wait puts the job off without a request and without an attempt, and says that the limit is used up")
    func long() async throws {
        try await Fleet.with { original in
            var fleet = original
            // Empty at first, a token in a thousand seconds, on a clock that stands.
            fleet.platform.buckets = [Bucket("calls", scope: .connection, capacity: 1, refillPerSecond: 0.001)]
            fleet.limiter = LocalLimiter(clock: ManualClock())
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 1) }
            try await fleet.runOnce(job, transport)
            #expect(transport.sent.isEmpty)
            let row = try await fleet.pool.query(
                "select attempt, snoozes, run_at > now() + interval '900 s' from portolan.jobs")[0]
            let read = try row.decode(Int32.self, Int32.self, Bool.self)
            #expect(read == (0, 1, true))
            #expect(try await fleet.errorCodes() == ["quota.exhausted"])
            #expect(try await fleet.connectionState() == "rate_limited")
        }
    }

    @Test("a wait of minutes puts the job off, and is no error")
    func minutes() async throws {
        try await Fleet.with { original in
            var fleet = original
            fleet.platform.buckets = [Bucket("calls", scope: .connection, capacity: 1, refillPerSecond: 0.01)]
            fleet.limiter = LocalLimiter(clock: ManualClock())
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 1) }
            try await fleet.runOnce(job, transport)
            #expect(transport.sent.isEmpty)
            #expect(try await fleet.errorCodes().isEmpty)
        }
    }

    @Test("a short wait is slept through under the same lease")
    func short() async throws {
        try await Fleet.with { original in
            var fleet = original
            fleet.platform.buckets = [Bucket("calls", scope: .connection, capacity: 1, refillPerSecond: 50)]
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 5) }
            #expect(try await fleet.runToEnd(job, transport) == "done")
            #expect(transport.pages == [1, 2, 3, 4, 5])
            #expect(try await fleet.value("select snoozes from portolan.job_history", as: Int32.self) == 0)
        }
    }
}
