import FoundationEssentials

extension MemoryQueue.Tables {
    mutating func claim(_ claim: Claim, at now: Date, newToken: () -> UUID) -> [LeasedJob] {
        gates = gates.filter {
            !($0.value.isOpening && $0.value.width > MemoryQueue.Gate.widthMax && $0.value.probeAt <= now)
        }
        let taken = openLanes(for: claim, at: now) + probeLanes(for: claim, at: now)
        return taken.prefix(max(0, claim.lanes)).flatMap { lane in
            let handed = hand(lane, claim, at: now, newToken())
            if handed.isEmpty { putBackUnclaimed(lane.id, claim, at: now) }
            return handed
        }
    }

    // MARK: Lanes

    /// Lanes of the wishes whose platform's gate is open, in the order of the wishes and then of the tickets.
    private func openLanes(for claim: Claim, at now: Date) -> [MemoryQueue.Lane] {
        var found: [MemoryQueue.Lane] = []
        for wish in claim.wishes where gates[wish.platform] == nil {
            let floor = claim.floors[wish] ?? .distantPast
            found += waitingLanes(wish, from: floor, at: now).prefix(max(0, claim.lanes - found.count))
        }
        return found
    }

    /// Where a gate is closed, one lane each probe interval; where it opens, twice as many each time.
    private mutating func probeLanes(for claim: Claim, at now: Date) -> [MemoryQueue.Lane] {
        var found: [MemoryQueue.Lane] = []
        for (platform, gate) in gates.sorted(by: { $0.key < $1.key }) where gate.probeAt <= now {
            let wishes = claim.wishes.filter { $0.platform == platform }
            guard !wishes.isEmpty, !paused.contains(.platform(platform)) else { continue }
            let pause = gate.isOpening ? min(gate.probeInterval, .seconds(2)) : gate.probeInterval
            gates[platform]?.probeAt = now + pause
            gates[platform]?.width = gate.isOpening ? gate.width * 2 : 1
            let width = gate.isOpening ? gate.width : 1
            found += wishes.flatMap { waitingLanes($0, from: .distantPast, at: now) }.prefix(width)
        }
        return found
    }

    /// Lanes that may be claimed for the wish, by ticket.
    private func waitingLanes(_ wish: Claim.Wish, from floor: Date, at now: Date) -> [MemoryQueue.Lane] {
        guard !paused.contains(.platform(wish.platform)) else { return [] }
        return lanes.values.filter {
            $0.platform == wish.platform && $0.band == wish.band && $0.state == .ready && $0.nextAt >= floor
                && $0.nextAt <= now && !paused.contains(.connection($0.connectionID))
        }.sorted { ($0.nextAt, $0.id) < ($1.nextAt, $1.id) }
    }

    // MARK: Jobs

    /// Whether a worker that knows these kinds may be given the job.
    private func isClaimable(_ job: MemoryQueue.Job, _ claim: Claim) -> Bool {
        guard let newest = claim.kinds[job.kind] else { return false }
        return job.argumentsVersion <= newest && !isPaused(job)
    }

    /// Leases the lane with its due jobs; nothing when there is none for this worker.
    private mutating func hand(
        _ lane: MemoryQueue.Lane, _ claim: Claim, at now: Date, _ token: UUID
    ) -> [LeasedJob] {
        let due = jobs.values.filter {
            $0.laneID == lane.id && $0.band == lane.band && $0.runAt >= lane.headAt && $0.runAt <= now
                && isClaimable($0, claim)
        }.sorted { ($0.runAt, $0.id) < ($1.runAt, $1.id) }
            .prefix(lane.strikes > 0 ? 1 : claim.jobsPerLane)
        guard let first = due.first else { return [] }
        lanes[lane.id]?.state = .leased
        leases[lane.id] = MemoryQueue.HeldLane(
            token: token, worker: claim.worker, deadline: now + claim.leaseMax, stallMax: claim.stallMax,
            progressAt: now, running: first.id, jobIDs: due.map(\.id))
        return due.map { job in
            LeasedJob(
                lease: Lease(laneID: lane.id, token: token), jobID: job.id, kind: job.kind, attempt: job.attempt + 1,
                arguments: job.arguments, argumentsVersion: job.argumentsVersion, connectionID: job.connectionID,
                platform: lane.platform, band: job.band, ticket: lane.nextAt)
        }
    }

    /// A lane that had nothing for the worker goes back: under a job that there is for it, if another band has one;
    /// else it is left alone for a while, so that nobody takes it again and again in vain.
    private mutating func putBackUnclaimed(_ lane: Int64, _ claim: Claim, at now: Date) {
        if let head = head(of: lane, at: now, where: { isClaimable($0, claim) }), head.runAt <= now {
            lanes[lane]?.band = head.band
            lanes[lane]?.headAt = head.runAt
            lanes[lane]?.nextAt = now
            return
        }
        putBack(lane, at: now)
        if let head = head(of: lane, at: now), head.runAt <= now {
            // What is paused can wait long: resume brings its lanes back, and so does an enqueue.
            let isPaused = paused.contains {
                switch $0 {
                case .kind, .band: true
                case .connection, .platform: false
                }
            }
            lanes[lane]?.nextAt = now + .seconds(isPaused ? 60 : 1)
        }
    }
}
