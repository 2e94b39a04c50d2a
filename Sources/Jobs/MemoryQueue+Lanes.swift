import FoundationEssentials

extension MemoryQueue.Tables {
    /// The job that its lane is to be claimed for next, among those that `isWanted`: the oldest due one of the most
    /// urgent band; when none is due, the first to come.
    func head(of lane: Int64, at now: Date, where isWanted: (MemoryQueue.Job) -> Bool = { _ in true })
        -> MemoryQueue.Job?
    {
        let waiting = jobs.values.filter { $0.laneID == lane && isWanted($0) }
        let due = waiting.filter { $0.runAt <= now }
        return due.min { ($0.band.rank, $0.runAt, $0.id) < ($1.band.rank, $1.runAt, $1.id) }
            ?? waiting.min { ($0.runAt, $0.band.rank, $0.id) < ($1.runAt, $1.band.rank, $1.id) }
    }

    /// Puts the lane where its head belongs, behind all others of that band that are due.
    mutating func putBack(_ lane: Int64, at now: Date) {
        let head = head(of: lane, at: now)
        lanes[lane]?.state = head == nil ? .idle : .ready
        guard let head else { return }
        lanes[lane]?.band = head.band
        lanes[lane]?.headAt = head.runAt
        lanes[lane]?.nextAt = max(head.runAt, now)
    }

    /// The lease that the job is held under, if it is.
    func lease(of job: MemoryQueue.Job) -> MemoryQueue.HeldLane? {
        leases[job.laneID].flatMap { $0.jobIDs.contains(job.id) ? $0 : nil }
    }

    /// The lease, if it is still what the worker believes it to be.
    func lease(under job: LeasedJob) -> MemoryQueue.HeldLane? {
        leases[job.lease.laneID].flatMap { held in
            held.token == job.lease.token && held.jobIDs.contains(job.jobID) ? held : nil
        }
    }

    /// The equal job that waits: of the same lane, key and parent, in nobody's hands, and with its part yet to do.
    func waitingTwin(lane: Int64, key: String?, parent: Int64?, except job: Int64? = nil) -> MemoryQueue.Job? {
        guard let key else { return nil }
        return jobs.values.filter {
            $0.laneID == lane && $0.dedupeKey == key && $0.parentID == parent && $0.id != job
                && lease(of: $0) == nil && !$0.awaitsChildren
        }.min { $0.id < $1.id }
    }

    /// Moves a job to history. What it is a part of is looked at by ``settleParents(of:at:)``.
    mutating func end(
        _ job: Int64, as state: JobDescription.State, at now: Date, _ change: (inout MemoryQueue.Job) -> Void = { _ in }
    ) {
        guard var ended = jobs.removeValue(forKey: job) else { return }
        change(&ended)
        history[job] = MemoryQueue.EndedJob(job: ended, state: state, endedAt: now)
    }
}
