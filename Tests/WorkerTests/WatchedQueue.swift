import FoundationEssentials
import Jobs
import Synchronization

/// A queue that remembers what was asked of it, and goes wrong where a test says so.
final class WatchedQueue: Queue {
    /// What becomes of one call.
    enum Fate: Sendable {
        case answered
        /// Nothing is done.
        case refused(QueueError)
        /// It is done, and the answer is lost.
        case lost(QueueError)
        /// Reports of these jobs are answered as busy, and nothing is done about them.
        case busy(Set<Int64>)

        static let unreachable = Fate.refused(QueueError(.unavailable, "no way to it"))
        static let broken = Fate.refused(QueueError(.broken, "not of this schema"))
        static let answerLost = Fate.lost(QueueError(.unavailable, "connection lost", isUncertain: true))
    }

    struct ClaimCall: Sendable {
        let claim: Claim
        /// What the queue handed over, whether or not the answer got through.
        let jobs: [LeasedJob]
    }

    struct FinishCall: Sendable {
        let reports: [Report]
        let waits: Bool
        /// Nil: the answer did not get through.
        let results: [Finish]?
    }

    struct ReleaseCall: Sendable {
        let worker: UUID
        let known: [UUID]
        let count: Int
    }

    /// What is to become of each call, by its number from 0; asked before it is done, so that it can be held up, too.
    struct Script: Sendable {
        var claim: @Sendable (_ number: Int, Claim) async -> Fate = { _, _ in .answered }
        var finish: @Sendable (_ number: Int, _ reports: [Report], _ waits: Bool) async -> Fate = { _, _, _ in .answered
        }
        var release: @Sendable (_ number: Int) async -> Fate = { _ in .answered }
    }

    private struct Log {
        var begun = (claims: 0, finishes: 0, releases: 0)
        var claims: [ClaimCall] = []
        var finishes: [FinishCall] = []
        var releases: [ReleaseCall] = []
    }

    private let base: any Queue
    private let happenings: Happenings
    private let script: Script
    private let log = Mutex(Log())

    init(_ base: any Queue, _ happenings: Happenings, _ script: Script = Script()) {
        self.base = base
        self.happenings = happenings
        self.script = script
    }

    /// In the order in which they were answered.
    var claims: [ClaimCall] { log.withLock { $0.claims } }
    var finishes: [FinishCall] { log.withLock { $0.finishes } }
    var releases: [ReleaseCall] { log.withLock { $0.releases } }

    private func note(_ change: (inout Log) -> Void) {
        log.withLock { change(&$0) }
        happenings.note()
    }

    // MARK: What can go wrong

    func claim(_ claim: Claim) async throws(QueueError) -> [LeasedJob] {
        let number = log.withLock { log in
            log.begun.claims += 1
            return log.begun.claims - 1
        }
        let fate = await script.claim(number, claim)
        if case .refused(let error) = fate { throw error }
        let jobs = try await base.claim(claim)
        note { $0.claims.append(ClaimCall(claim: claim, jobs: jobs)) }
        if case .lost(let error) = fate { throw error }
        return jobs
    }

    func finish(_ reports: [Report], waits: Bool) async throws(QueueError) -> [Finish] {
        let number = log.withLock { log in
            log.begun.finishes += 1
            return log.begun.finishes - 1
        }
        var busy: Set<Int64> = []
        var failure: QueueError?
        switch await script.finish(number, reports, waits) {
        case .answered: break
        case .busy(let jobs): busy = jobs
        case .lost(let error): failure = error
        case .refused(let error):
            note { $0.finishes.append(FinishCall(reports: reports, waits: waits, results: nil)) }
            throw error
        }
        let done = try await base.finish(reports.filter { !busy.contains($0.job.jobID) }, waits: waits)
        if let failure {
            note { $0.finishes.append(FinishCall(reports: reports, waits: waits, results: nil)) }
            throw failure
        }
        var rest = done[...]
        let results = reports.map { busy.contains($0.job.jobID) ? .busy : rest.popFirst() ?? .stale }
        note { $0.finishes.append(FinishCall(reports: reports, waits: waits, results: results)) }
        return results
    }

    func releaseUnknown(worker: UUID, known: [UUID]) async throws(QueueError) -> Int {
        let number = log.withLock { log in
            log.begun.releases += 1
            return log.begun.releases - 1
        }
        let fate = await script.release(number)
        if case .refused(let error) = fate { throw error }
        let count = try await base.releaseUnknown(worker: worker, known: known)
        note { $0.releases.append(ReleaseCall(worker: worker, known: known, count: count)) }
        if case .lost(let error) = fate { throw error }
        return count
    }

    // MARK: What is passed on

    func enqueue(_ jobs: [NewJob]) async throws(QueueError) -> [Int64] { try await base.enqueue(jobs) }

    func prove(_ job: LeasedJob, records: Int, checkpoint: String?) async throws(QueueError) -> Proof? {
        try await base.prove(job, records: records, checkpoint: checkpoint)
    }

    func beat(worker: UUID, host: String, version: String, ttl: Duration) async throws(QueueError) -> Bool {
        try await base.beat(worker: worker, host: host, version: version, ttl: ttl)
    }

    func leave(worker: UUID) async throws(QueueError) { try await base.leave(worker: worker) }
    func reap() async throws(QueueError) -> Int { try await base.reap() }
    func cancel(_ jobs: [Int64]) async throws(QueueError) -> [Cancellation] { try await base.cancel(jobs) }
    func resume(_ scope: PauseScope) async throws(QueueError) -> Bool { try await base.resume(scope) }
    func openGate(platform: String) async throws(QueueError) -> Bool { try await base.openGate(platform: platform) }
    func describe(_ job: Int64) async throws(QueueError) -> JobDescription? { try await base.describe(job) }

    func pause(_ scope: PauseScope, reason: String?) async throws(QueueError) {
        try await base.pause(scope, reason: reason)
    }

    func closeGate(platform: String, reason: String, probeInterval: Duration) async throws(QueueError) {
        try await base.closeGate(platform: platform, reason: reason, probeInterval: probeInterval)
    }
}
