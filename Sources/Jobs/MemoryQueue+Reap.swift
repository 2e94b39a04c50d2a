import FoundationEssentials

extension MemoryQueue.Tables {
    mutating func releaseUnknown(_ worker: UUID, known: [UUID], at now: Date) -> Int {
        let forgotten = leases.filter { $0.value.worker == worker && !known.contains($0.value.token) }
        for held in forgotten.values {
            for job in held.jobIDs { takeBack(job, wasRunning: false, at: now) }
        }
        endLeases(forgotten.mapValues { Set($0.jobIDs) }, areRescues: false, at: now)
        settleParents(of: Set(forgotten.values.flatMap(\.jobIDs)), at: now)
        return forgotten.count
    }

    mutating func reap(at now: Date) -> Int {
        let dead = leases.filter { isDead($0.value, at: now) }
        for held in dead.values {
            for job in held.jobIDs { takeBack(job, wasRunning: job == held.running, at: now) }
        }
        endLeases(dead.mapValues { Set($0.jobIDs) }, areRescues: true, at: now)
        settleParents(of: Set(dead.values.flatMap(\.jobIDs)), at: now)
        return dead.count
    }

    private func isDead(_ held: MemoryQueue.HeldLane, at now: Date) -> Bool {
        guard let worker = workers[held.worker] else { return true }
        return worker.beatAt + worker.ttl < now || held.deadline < now || held.progressAt + held.stallMax < now
    }

    /// The job goes on elsewhere. The one that was being run may be what took its worker down; the fifth time it is
    /// poison. While the platform's gate is closed nothing is held against it.
    private mutating func takeBack(_ id: Int64, wasRunning: Bool, at now: Date) {
        guard let job = jobs[id] else { return }
        let counts = wasRunning && !isGateClosed(to: job)
        if job.isCancelAsked || (counts && job.rescues >= 4) {
            end(id, as: job.isCancelAsked ? .cancelled : .poison, at: now) {
                $0.rescues += wasRunning ? 1 : 0
                $0.runs += 1
            }
            return
        }
        absorbTwin(of: id, isAgain: false, at: now)
        guard wasRunning else { return }
        jobs[id]?.runAt = now
        jobs[id]?.rescues += counts ? 1 : 0
        jobs[id]?.runs += 1
        jobs[id]?.note("rescue", code: nil)
    }

    // MARK: Workers

    mutating func beat(_ worker: UUID, ttl: Duration, at now: Date) -> Bool {
        if workers[worker] == nil { workers[worker] = MemoryQueue.Worker(beatAt: now, ttl: ttl) }
        workers[worker]?.beatAt = now
        // Nothing here can ask a worker to drain.
        return false
    }

    mutating func leave(_ worker: UUID) {
        if !leases.values.contains(where: { $0.worker == worker }) { workers[worker] = nil }
    }
}
