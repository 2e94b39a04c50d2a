import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

@Suite("Wake-ups", .serialized)
struct WakeUpTests {
    @Test("however enqueues and the end of a run meet, what is due is claimed next", .timeLimit(.minutes(2)))
    func noneLost() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("wake-up seed \(seed)")
        try await Bed.with(connectionsMax: 4) { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            var random = SeededRandom(seed: seed)
            var held: [LeasedJob] = []
            for round in 0..<1500 {
                let reports = held.map { job in
                    Report(job, [.done, .done, .yield, .release, .failed].randomElement(using: &random) ?? .done)
                }
                let (first, second) = (Self.job(connection, &random), Self.job(connection, &random))
                let waits = Bool.random(using: &random)
                // One of the two is open a little longer than its own call.
                async let one = bed.pool.withTransaction { session in
                    _ = try await PostgresQueue.enqueue([first], in: session)
                    try await session.query("select 1")
                }
                async let other = bed.queue.enqueue([second])
                async let ended = bed.queue.finish(reports, waits: waits)
                _ = try await (one, other)
                let busy = zip(reports, try await ended).filter { $1 == .busy }.map { $0.0 }
                _ = try await bed.queue.finish(busy, waits: true)
                // Nobody is about: one job at least was enqueued that moment, so one at least is due.
                held = try await bed.queue.claim(
                    Bed.wanting(worker, jobsPerLane: Int.random(in: 1...3, using: &random)))
                guard !held.isEmpty else {
                    let lanes = try await bed.texts("select row_to_json(l)::text from portolan.lanes l")
                    Issue.record("round \(round): nothing to claim; \(lanes); seed \(seed)")
                    return
                }
            }
            #expect(try await RaceChecker(pool: bed.pool).look() == [])
        }
    }

    private static func job(_ connection: Int64, _ random: inout SeededRandom) -> NewJob {
        Bed.sync(
            connection, band: Band.allCases.randomElement(using: &random) ?? .urgent,
            key: ["x", "y", nil].randomElement(using: &random) ?? nil)
    }

    @Test("an enqueue that is rolled back leaves nothing: no job, no lane, no merge, no ticket")
    func rolledBack() async throws {
        struct Undone: Error {}
        try await Bed.with { bed in
            let (known, new) = (try await bed.addConnection("a"), try await bed.addConnection("b"))
            _ = try await bed.queue.enqueue(Bed.sync(known, band: .backfill, key: "k"))
            let before = try await Self.everything(bed)
            for isKilled in [false, true] {
                await #expect(throws: PostgresTransactionError.self) {
                    try await bed.pool.withTransaction { session in
                        let jobs = [
                            Bed.sync(known, band: .urgent, key: "k"), Bed.sync(known, band: .urgent), Bed.sync(new),
                        ]
                        #expect(try await PostgresQueue.enqueue(jobs, in: session).count == 3)
                        if isKilled { try await session.query("select pg_terminate_backend(pg_backend_pid())") }
                        throw Undone()
                    }
                }
            }
            #expect(try await Self.everything(bed) == before)
            #expect(
                try await bed.queue.claim(Bed.wanting(try await bed.addWorker(), bands: [.urgent, .incremental]))
                    .isEmpty)
        }
    }

    private static func everything(_ bed: Bed) async throws -> [String] {
        try await bed.texts(
            """
            select row_to_json(x)::text from portolan.jobs x
            union all select row_to_json(x)::text from portolan.lanes x order by 1
            """
        )
    }
}
