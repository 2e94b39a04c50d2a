import FoundationEssentials

extension MemoryQueue.Tables {
    mutating func enqueue(_ new: [NewJob], at now: Date) throws(QueueError) -> [Int64] {
        for job in new { try check(job) }
        makeLanes(for: new)
        var groups: [Group] = []
        var groupOf: [Int] = []
        for job in new {
            let lane = lane(job.connectionID, job.family)?.id ?? 0
            let runAt = now + max(job.delay, .zero)
            // Without a key every job is a group of its own.
            if let key = job.dedupeKey, let index = groups.firstIndex(where: { $0.isFor(lane, key, job.parentID) }) {
                groups[index].join(runAt, job.band)
                groupOf.append(index)
            } else {
                groupOf.append(groups.count)
                groups.append(Group(job: job, laneID: lane, runAt: runAt, band: job.band))
            }
        }
        for index in groups.indices { store(&groups[index]) }
        for lane in Set(groups.map(\.laneID)) { announce(groups.filter { $0.laneID == lane }, to: lane, at: now) }
        return groupOf.map { groups[$0].id }
    }

    /// Jobs of one call that are equal to one another, as the one job they come to.
    private struct Group {
        /// The first of them.
        let job: NewJob
        let laneID: Int64
        var runAt: Date
        var band: Band
        var id: Int64 = 0

        func isFor(_ lane: Int64, _ key: String, _ parent: Int64?) -> Bool {
            laneID == lane && job.dedupeKey == key && job.parentID == parent
        }

        /// The soonest and the most urgent of all that was asked for.
        mutating func join(_ otherRunAt: Date, _ otherBand: Band) {
            runAt = min(runAt, otherRunAt)
            if otherBand.rank < band.rank { band = otherBand }
        }
    }

    private func check(_ job: NewJob) throws(QueueError) {
        guard let kind = kinds[job.kind] else {
            throw QueueError(.refused, "kind: '\(job.kind)' is not known; there are: \(knownKinds)")
        }
        try kind.check(job)
        if let attemptsMax = job.attemptsMax, attemptsMax < 1 {
            throw QueueError(.refused, "max_attempts: must be at least 1")
        }
        guard connections[job.connectionID] != nil else {
            throw QueueError(.refused, "connection_id: there is no connection \(job.connectionID)")
        }
        guard let parentID = job.parentID else { return }
        guard let parent = jobs[parentID], !parent.isCancelAsked, parent.parentID == nil else {
            throw QueueError(
                .refused,
                "parent_job_id: job \(parentID) has ended, is being cancelled, or is a part of another job itself")
        }
    }

    private func lane(_ connection: Int64, _ family: String) -> MemoryQueue.Lane? {
        lanes.values.first { $0.connectionID == connection && $0.family == family }
    }

    /// Makes the lanes that do not exist yet, in an order that is always the same.
    private mutating func makeLanes(for new: [NewJob]) {
        for job in new.sorted(by: { ($0.connectionID, $0.family) < ($1.connectionID, $1.family) }) {
            guard lane(job.connectionID, job.family) == nil, let platform = connections[job.connectionID] else {
                continue
            }
            let id = newID()
            lanes[id] = MemoryQueue.Lane(
                id: id, connectionID: job.connectionID, family: job.family, platform: platform)
        }
    }

    /// Merges the group into the job that waits already, or inserts it.
    private mutating func store(_ group: inout Group) {
        if let twin = waitingTwin(lane: group.laneID, key: group.job.dedupeKey, parent: group.job.parentID) {
            group.join(twin.runAt, twin.band)
            group.id = twin.id
            jobs[twin.id]?.runAt = group.runAt
            jobs[twin.id]?.band = group.band
            jobs[twin.id]?.isFollowedUp = twin.pages > 0
        } else {
            let job = group.job
            group.id = newID()
            jobs[group.id] = MemoryQueue.Job(
                id: group.id, laneID: group.laneID, connectionID: job.connectionID, kind: job.kind,
                arguments: job.arguments, argumentsVersion: job.argumentsVersion ?? kinds[job.kind]?.newestVersion ?? 1,
                dedupeKey: job.dedupeKey, parentID: job.parentID,
                attemptsMax: job.attemptsMax ?? kinds[job.kind]?.attemptsMax ?? 8, band: group.band, runAt: group.runAt)
        }
    }

    /// Tells the lane of the best of its new jobs. A leased lane learns of them when its lease ends.
    private mutating func announce(_ new: [Group], to laneID: Int64, at now: Date) {
        // Due ones first, by urgency; the others as they come.
        func order(_ group: Group) -> (Int, Int, Date) {
            group.runAt <= now ? (0, group.band.rank, group.runAt) : (1, 0, group.runAt)
        }
        guard let best = new.min(by: { order($0) < order($1) }), var lane = lanes[laneID], lane.state != .leased else {
            return
        }
        let isBetter =
            if lane.state == .idle {
                true
            } else if lane.headAt <= now, best.runAt <= now {
                best.band.rank < lane.band.rank || (best.band == lane.band && best.runAt < lane.headAt)
            } else {
                best.runAt < lane.headAt
            }
        // Its head could not be run when the lane was looked at; this job perhaps can.
        let wakes = lane.isPutOff(at: now) && best.runAt <= now
        guard isBetter || wakes else { return }
        let ticket = max(best.runAt, now)
        if lane.state == .ready, lane.band == best.band {
            lane.headAt = min(lane.headAt, best.runAt)
            lane.nextAt = min(lane.nextAt, ticket)
        } else {
            if isBetter { (lane.band, lane.headAt) = (best.band, best.runAt) }
            lane.nextAt = ticket
        }
        lane.state = .ready
        lanes[laneID] = lane
    }
}
