import FoundationEssentials
import Postgres

@testable import Jobs

/// How a client of the race ends runs, and how it gets in the way of others.
extension RaceClient {
    mutating func reportSome() async throws {
        if held.isEmpty { return }
        let share = held.shuffled(using: &random).prefix(Int.random(in: 1...held.count, using: &random))
        try await report(Array(share), waits: Bool.random(using: &random))
    }

    mutating func report(_ some: [Held], waits: Bool) async throws {
        if some.isEmpty { return }
        let reports = some.map { one in
            let outcome = outcome(for: one)
            let isError = [.failed, .retry(after: .zero)].contains(outcome)
            return Report(one.job, outcome, detail: isError ? #"{"code": "x.y", "message": "raced"}"# : nil)
        }
        doubt(some)
        let results = try await queue.finish(reports, waits: waits)
        restore(some)
        if results.count != some.count { ledger.fault("\(results.count) answers to \(some.count) reports") }
        var over: [Held] = []
        for (one, result) in zip(some, results) {
            // It stays with us, and is reported again.
            if result == .busy {
                if waits { ledger.fault("busy was answered to somebody who waits") }
                ledger.count("busy")
                continue
            }
            if result == .stale, !isDoubtful(one) {
                ledger.fault("a report in good standing was stale: job \(one.job.jobID)")
            }
            if result == .awaiting { ledger.count("awaiting") }
            ledger.ended(one.job.jobID, result.rawValue)
            over.append(one)
        }
        retire(over)
    }

    private mutating func outcome(for one: Held) -> Outcome {
        let delay = Duration.milliseconds(Int.random(in: 0...20, using: &random))
        if one.hasChildren, Int.random(in: 0..<5, using: &random) > 0 { return .awaitChildren }
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<22: return .done
        case 22..<26: return .retry(after: delay)
        case 26..<30: return .snooze(for: delay)
        case 30..<34: return .yield
        case 34..<37: return .release
        case 37..<39: return .failed
        default: return .awaitChildren
        }
    }

    mutating func reportError() async throws {
        guard let one = held.randomElement(using: &random) else { return }
        doubt([one])
        let result = try await queue.finish(
            one.job, Bool.random(using: &random) ? .failed : .retry(after: .milliseconds(5)),
            error: PostgresJSON(#"{"code": "x.y", "fault": "ours", "policy": "backoff", "message": "raced"}"#),
            resource: one.family == "main" ? "orders" : "products",
            streamState: Bool.random(using: &random) ? "failing" : nil,
            event: Bool.random(using: &random) ? "soft" : nil)
        restore([one])
        if result == .stale, !isDoubtful(one) { ledger.fault("an error in good standing was stale") }
        ledger.ended(one.job.jobID, result.rawValue)
        ledger.count("errors")
        retire([one])
    }

    mutating func reportAgain() async throws {
        let old = Array(spent.shuffled(using: &random).prefix(5))
        if old.isEmpty { return }
        let results = try await queue.finish(old.map { Report($0.job, .done) }, waits: Bool.random(using: &random))
        for (one, result) in zip(old, results) where result != .stale {
            ledger.fault("a second report of job \(one.job.jobID) was taken: \(result)")
        }
        ledger.count("stale", results.count)
    }

    // MARK: Interfering

    mutating func interfere() async throws {
        switch Int.random(in: 0..<200, using: &random) {
        case 0..<12: try await die()
        case 12..<24: try await rob()
        case 24..<54: try await cancel()
        case 54..<66: try await retryOne()
        case 66..<84: try await pause()
        case 84..<108: _ = try await queue.resume(scope())
        case 108..<112: try await closeGate()
        case 112..<124:
            _ = try await queue.openGate(platform: RaceField.platforms.randomElement(using: &random) ?? "toy")
        case 124..<140: try await schedule()
        case 140..<150: try await maintain()
        case 150..<156: try await lookUp()
        case 156..<164: _ = try await queue.releaseUnknown(worker: worker, known: held.map(\.job.lease.token))
        case 164..<168: try await leave()
        default: ledger.count("reaped", try await queue.reap())
        }
    }

    /// Presumed dead: its leases are taken, and it goes on writing as if nothing were.
    private mutating func die() async throws {
        if held.isEmpty { return }
        let dead = worker
        _ = ledger.update { $0.robbed.insert(dead) }
        try await bed.pool.query("update portolan.workers set beat_at = '-infinity' where worker_id = $1", [dead])
        while try await bed.count("select count(*) from portolan.leases where worker_id = $1", [dead]) > 0 {
            _ = try await queue.reap()
        }
        let mine = held.filter { $0.worker == dead }
        ledger.count("taken", mine.count)
        retire(mine)
        try await reportAgain()
        try await register()
    }

    /// Somebody else is presumed dead, and does not know.
    private mutating func rob() async throws {
        let me = worker
        let other = ledger.read { $0.workers.suffix(14).filter { $0 != me }.randomElement() }
        guard let other else { return }
        _ = ledger.update { $0.robbed.insert(other) }
        try await bed.pool.query("update portolan.workers set beat_at = '-infinity' where worker_id = $1", [other])
        ledger.count("robbed", try await queue.reap())
    }

    /// The worker leaves, or tries to: with leases its row stays. Another goes on, and reports what this one held.
    private mutating func leave() async throws {
        isRegistered = false
        try await queue.leave(worker: worker)
        try await register()
    }

    private mutating func cancel() async throws {
        let jobs = ledger.read { $0.recent.suffix(60) }.shuffled(using: &random)
            .prefix(Int.random(in: 1...4, using: &random))
        let ids = Array(Set(jobs))
        if ids.isEmpty { return }
        ledger.update { $0.perhapsAsked.formUnion(ids) }
        for (id, answer) in zip(ids, try await queue.cancel(ids)) {
            if answer == .cancelled { ledger.ended(id, "cancelled") }
            if answer == .asked { _ = ledger.update { $0.asked.insert(id) } }
            ledger.count("cancel: \(answer)")
        }
    }

    private mutating func retryOne() async throws {
        guard let id = ledger.read({ $0.recent }).randomElement(using: &random) else { return }
        ledger.enqueued([try await bed.value("select portolan.retry($1)", [id])])
        ledger.count("retried")
    }

    private mutating func scope() -> PauseScope {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<7: .connection(field.connections.randomElement(using: &random) ?? 0)
        case 7: .platform(RaceField.platforms.randomElement(using: &random) ?? "toy")
        case 8: .kind("toil")
        default: .band(Band.allCases.randomElement(using: &random) ?? .report)
        }
    }

    private mutating func pause() async throws {
        let scope = scope()
        try await queue.pause(scope, reason: "raced")
        ledger.count("pauses")
        // What stops everybody does not last.
        if case .connection = scope { return }
        _ = try await queue.resume(scope)
    }

    private mutating func closeGate() async throws {
        let platform = RaceField.platforms.randomElement(using: &random) ?? "toy"
        try await queue.closeGate(platform: platform, reason: "raced", probeInterval: .milliseconds(5))
        ledger.count("gates")
    }

    /// A scheduler beside all this, which locks streams first and then lanes.
    private mutating func schedule() async throws {
        try await bed.pool.query(
            """
            with due as materialized (
              select ctid as at from portolan.streams where connection_id = $1 and next_due_at is not null
              order by resource for update skip locked)
            update portolan.streams s set next_due_at = now() from due where s.ctid = due.at
            """, [field.connections.randomElement(using: &random)])
        ledger.count("due", try await queue.enqueueDue(limit: 20).due)
    }

    private func maintain() async throws {
        try await bed.pool.query("update portolan.maintenance set next_at = '-infinity'")
        ledger.count("vacuumed", try await queue.maintain().count)
    }

    /// What people look at while all this goes on.
    private mutating func lookUp() async throws {
        guard let id = ledger.read({ $0.recent }).randomElement(using: &random) else { return }
        _ = try await queue.describe(id)
        try await bed.pool.query("select portolan.why_waiting($1)", [id])
        try await bed.pool.query("select count(*) from portolan.job_story($1)", [id])
        try await bed.pool.query("select count(*) from portolan.parents_now")
        ledger.count("looked up")
    }
}
