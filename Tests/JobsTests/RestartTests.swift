import FoundationEssentials
import LocalServers
import Postgres
import Testing

@testable import Jobs

@Suite("The death of the server", .serialized)
struct RestartTests {
    /// What a caller was told, and was true therefore.
    private struct Told: Sendable {
        var enqueued: [Int64] = []
        var ended: [Int64] = []
        var held: [LeasedJob] = []
    }

    @Test("what was answered before the server was killed stands after it", .timeLimit(.minutes(2)))
    func killed() async throws {
        try await Bed.withServer(connectionsMax: 8) { bed, server in
            var connections: [Int64] = []
            for name in ["a", "b", "c", "d"] { connections.append(try await bed.addConnection(name)) }
            let stopped = try await bed.addConnection("stopped")
            _ = try await bed.queue.enqueue(Bed.sync(stopped))
            try await bed.queue.pause(.connection(stopped), reason: "by hand")
            try await bed.queue.closeGate(platform: "tin", reason: "down", probeInterval: .seconds(30))

            let started = connections.map { _ in Signal() }
            let isKilled = Signal()
            let told = try await withThrowingTaskGroup(of: Told.self) { group in
                for (connection, signal) in zip(connections, started) {
                    group.addTask { await Self.work(bed, connection, telling: signal, until: isKilled) }
                }
                // When all are in the middle of it.
                while !started.allSatisfy(\.isSent) { await Task.yield() }
                await server.kill()
                isKilled.send()
                try await server.restart(.immediate)
                return try await group.reduce(into: Told()) { all, one in
                    all.enqueued += one.enqueued
                    all.ended += one.ended
                    all.held += one.held
                }
            }
            let known = try await bed.pool.query(
                "select job_id from portolan.jobs union all select job_id from portolan.job_history")
            let there = try Set(known.map { try $0.decode(at: 0, as: Int64.self) })
            #expect(there.count == known.count, "live and ended, or ended twice")
            #expect(told.enqueued.allSatisfy(there.contains), "an enqueue that was answered is lost")
            for id in told.ended { #expect(try await bed.queue.describe(id)?.state == .done) }
            for job in told.held { #expect(try await bed.queue.prove(job, records: 1, checkpoint: nil) != nil) }
            #expect(told.enqueued.count > 40 && told.ended.count > 40)
            // What people did stands, too.
            #expect(try await bed.count("select count(*) from portolan.gates where platform = 'tin'") == 1)
            #expect(try await bed.queue.resume(.connection(stopped)))
            #expect(try await RaceChecker(pool: bed.pool).look() == [])
        }
    }

    /// Enqueues, claims and finishes until the server is gone; what was not answered is not noted down.
    private static func work(
        _ bed: Bed, _ connection: Int64, telling started: Signal, until isKilled: Signal
    ) async -> Told {
        var told = Told()
        var round = 0
        do {
            let worker = try await bed.addWorker()
            while !isKilled.isSent {
                round += 1
                told.enqueued.append(try await bed.queue.enqueue(Bed.sync(connection)))
                let jobs = try await bed.queue.claim(Bed.wanting(worker))
                told.held += jobs
                if round == 30 { started.send() }
                guard let job = told.held.first else { continue }
                // In doubt from here until the answer.
                told.held.removeFirst()
                if try await bed.queue.finish(job, .done) == .done { told.ended.append(job.jobID) }
            }
        } catch {
            guard error.isLoss else {
                Issue.record("\(error)")
                return told
            }
        }
        return told
    }
}
