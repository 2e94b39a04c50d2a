import FoundationEssentials
import Jobs
import Logging
import Testing

@testable import Worker

@Suite("Reporting many ends at a time")
struct ReportBatcherTests {
    /// A queue that hands nothing over and takes every report, behind a script.
    private struct Lab {
        let happenings = Happenings()
        let queue: WatchedQueue
        let leases = HeldLeases()
        let isAlive = Shared(true)
        let batcher: ReportBatcher

        init(_ makeScript: (Happenings) -> WatchedQueue.Script = { _ in .init() }) {
            queue = WatchedQueue(Sink(), happenings, makeScript(happenings))
            batcher = ReportBatcher(
                queue: queue, leases: leases, isAlive: { [isAlive] in isAlive.value }, bell: Bell(),
                logger: Logger(label: "batcher") { _ in SwiftLogNoOpLogHandler() })
        }

        /// Takes a lane on.
        func begin(_ id: Int64, jobs: Int = 1) -> [Report] {
            let jobs = LaneBufferTests.jobs(lane: id, count: jobs)
            leases.begin(HandedLane.all(of: jobs, at: .now))
            return jobs.map { Report($0, .done) }
        }

        func running(_ body: () async throws -> Void) async throws {
            let run = Task { await batcher.run() }
            do { try await body() } catch { run.cancel() }
            batcher.close()
            await run.value
        }

        var calls: [[Int64]] { queue.finishes.map { $0.reports.map(\.job.jobID) } }
    }

    private final class Sink: Queue {
        func finish(_ reports: [Report], waits: Bool) async throws(QueueError) -> [Finish] {
            reports.map { _ in .done }
        }
        func enqueue(_ jobs: [NewJob]) async throws(QueueError) -> [Int64] { [] }
        func claim(_ claim: Claim) async throws(QueueError) -> [LeasedJob] { [] }
        func prove(_ job: LeasedJob, records: Int, checkpoint: String?) async throws(QueueError) -> Proof? { nil }
        func beat(worker: UUID, host: String, version: String, ttl: Duration) async throws(QueueError) -> Bool { false }
        func leave(worker: UUID) async throws(QueueError) {}
        func releaseUnknown(worker: UUID, known: [UUID]) async throws(QueueError) -> Int { 0 }
        func reap() async throws(QueueError) -> Int { 0 }
        func cancel(_ jobs: [Int64]) async throws(QueueError) -> [Cancellation] { [] }
        func pause(_ scope: PauseScope, reason: String?) async throws(QueueError) {}
        func resume(_ scope: PauseScope) async throws(QueueError) -> Bool { false }
        func closeGate(platform: String, reason: String, probeInterval: Duration) async throws(QueueError) {}
        func openGate(platform: String) async throws(QueueError) -> Bool { false }
        func describe(_ job: Int64) async throws(QueueError) -> JobDescription? { nil }
    }
}

extension ReportBatcherTests {
    @Test("what comes in while a report is under way goes together, in order, up to the limit", .timeLimit(.minutes(1)))
    func together() async throws {
        let gate = Shared<Gate?>(nil)
        let started = Shared(false)
        let lab = Lab { happenings in
            gate.update { $0 = Gate(happenings) }
            var script = WatchedQueue.Script()
            script.finish = { number, _, _ in
                guard number == 0 else { return .answered }
                started.update { $0 = true }
                happenings.note()
                await gate.value?.pass()
                return .answered
            }
            return script
        }
        let all = (0..<Int64(ReportBatcher.batchMax + 10)).map { lab.begin($0) }
        try await lab.running {
            lab.batcher.submit(all[0])
            try await lab.happenings.until { started.value }
            for reports in all.dropFirst() { lab.batcher.submit(reports) }
            gate.value?.open()
        }
        #expect(lab.calls.map(\.count) == [1, ReportBatcher.batchMax, 9])
        #expect(lab.calls.flatMap(\.self) == all.flatMap { $0.map(\.job.jobID) })
        #expect(lab.leases.count == 0)
    }

    @Test("when closed, what had come in is reported first", .timeLimit(.minutes(1)))
    func closing() async throws {
        let lab = Lab()
        lab.batcher.submit(lab.begin(1, jobs: 3))
        lab.batcher.close()
        await lab.batcher.run()
        #expect(lab.calls.map(\.count) == [3])
        #expect(lab.leases.count == 0)
        await lab.batcher.run()
    }

    @Test("one report that the queue will not have takes no other along", .timeLimit(.minutes(1)))
    func oneBad() async throws {
        let bad: Int64 = 7000
        let lab = Lab { _ in
            var script = WatchedQueue.Script()
            script.finish = { _, reports, _ in reports.contains { $0.job.jobID == bad } ? .broken : .answered }
            return script
        }
        let all = (0..<Int64(20)).map { lab.begin($0) }
        lab.batcher.submit(all.flatMap(\.self))
        lab.batcher.close()
        await lab.batcher.run()
        let heard = lab.queue.finishes.filter { $0.results != nil }.flatMap(\.reports).map(\.job.jobID)
        #expect(heard == all.flatMap { $0.map(\.job.jobID) }.filter { $0 != bad })
        #expect(lab.leases.count == 0)
        #expect(lab.leases.census != nil, "the lease of the bad one is in doubt")
    }

    @Test("an end that is refused because of its detail is reported without it", .timeLimit(.minutes(1)))
    func refusedDetail() async throws {
        let lab = Lab { _ in
            var script = WatchedQueue.Script()
            script.finish = { _, reports, _ in reports.contains { $0.detail != nil } ? .broken : .answered }
            return script
        }
        let all = (0..<Int64(4)).flatMap { lab.begin($0) }
        lab.batcher.submit(all.enumerated().map { Report($1.job, $1.outcome, detail: $0 == 2 ? "{}" : nil) })
        lab.batcher.close()
        await lab.batcher.run()
        let heard = lab.queue.finishes.filter { $0.results != nil }.flatMap(\.reports)
        #expect(heard.map(\.job.jobID).sorted() == all.map(\.job.jobID).sorted())
        #expect(heard.allSatisfy { $0.detail == nil })
        #expect(lab.leases.count == 0)
        #expect(lab.leases.census == nil, "nothing is in doubt")
    }

    @Test("a worker that is not alive gives up what it cannot report", .timeLimit(.minutes(1)))
    func notAlive() async throws {
        let lab = Lab { _ in
            var script = WatchedQueue.Script()
            script.finish = { _, _, _ in .unreachable }
            return script
        }
        lab.isAlive.update { $0 = false }
        lab.batcher.submit(lab.begin(1))
        lab.batcher.close()
        await lab.batcher.run()
        #expect(lab.calls.count == 1)
        #expect(lab.leases.count == 0 && lab.leases.census != nil)
    }

    @Test("a cancelled worker does not insist", .timeLimit(.minutes(1)))
    func cancelled() async throws {
        let lab = Lab { _ in
            var script = WatchedQueue.Script()
            script.finish = { _, _, _ in .unreachable }
            return script
        }
        let reports = lab.begin(1)
        let run = Task { await lab.batcher.run() }
        lab.batcher.submit(reports)
        try await lab.happenings.until { lab.calls.count == 1 }
        run.cancel()
        lab.batcher.close()
        await run.value
        #expect(lab.calls.count <= 3)
        #expect(lab.leases.census != nil)
    }

    @Test("a stale report ends the lease here", .timeLimit(.minutes(1)))
    func stale() async throws {
        let lab = Lab()
        let reports = lab.begin(1, jobs: 2)
        let queue = WatchedQueue(MemoryQueue(), lab.happenings)
        let batcher = ReportBatcher(
            queue: queue, leases: lab.leases, isAlive: { true }, bell: Bell(),
            logger: Logger(label: "batcher") { _ in SwiftLogNoOpLogHandler() })
        batcher.submit([reports[0]])
        batcher.close()
        await batcher.run()
        #expect(queue.finishes.first?.results == [.stale])
        #expect(lab.leases.count == 0)
    }
}
