import FoundationEssentials

extension MemoryQueue.Tables {
    private func liveChildren(of parent: Int64) -> [MemoryQueue.Job] {
        jobs.values.filter { $0.parentID == parent }.sorted { $0.id < $1.id }
    }

    /// In the order of their ends.
    private func endedChildren(of parent: Int64) -> [MemoryQueue.EndedJob] {
        history.values.filter { $0.job.parentID == parent }
            .sorted { ($0.endedAt, $0.job.id) < ($1.endedAt, $1.job.id) }
    }

    /// Looks, after what happened to these jobs, at the parents among and above them: one that waits for its children
    /// and has none left that lives ends as they did.
    mutating func settleParents(of touched: Set<Int64>, at now: Date) {
        let parents = Set(touched.compactMap { jobs[$0]?.parentID ?? history[$0]?.job.parentID })
        for parent in touched.sorted() + parents.sorted() {
            guard let job = jobs[parent], job.awaitsChildren, liveChildren(of: parent).isEmpty else { continue }
            let children = endedChildren(of: parent)
            let firstFailed = children.first { $0.state == .failed || $0.state == .poison }
            let state: JobDescription.State =
                if firstFailed != nil {
                    .failed
                } else if job.isCancelAsked || children.contains(where: { $0.state == .cancelled }) {
                    .cancelled
                } else {
                    .done
                }
            end(parent, as: state, at: now) { $0.errorCode = firstFailed?.job.errorCode }
            // Where it was the head, all others there wait for their children, too.
            if let lane = lanes[job.laneID], lane.state == .ready, lane.nextAt == Self.never {
                putBack(lane.id, at: now)
            }
        }
    }

    // MARK: Cancelling

    /// What runs, and what waits for its children, is asked; the rest goes. With a parent go its children.
    mutating func cancel(_ ids: [Int64], at now: Date) -> [Cancellation] {
        let live = ids.flatMap { [$0] + liveChildren(of: $0).map(\.id) }.compactMap { jobs[$0] }
        for job in live {
            if job.awaitsChildren || lease(of: job) != nil {
                jobs[job.id]?.isCancelAsked = true
            } else {
                end(job.id, as: .cancelled, at: now)
            }
        }
        settleParents(of: Set(live.map(\.id)), at: now)
        return ids.map { id in
            if jobs[id] != nil { return .asked }
            return live.contains { $0.id == id } ? .cancelled : .notWaiting
        }
    }

    // MARK: Describing

    func describe(_ id: Int64, at now: Date) -> JobDescription? {
        if let job = jobs[id] {
            let held = lease(of: job)
            let state: JobDescription.State =
                if job.awaitsChildren {
                    .awaiting
                } else if let held {
                    held.running == id ? .running : .handedOver
                } else {
                    job.runAt > now ? .scheduled : .queued
                }
            return describe(job, state)
        }
        return history[id].map { describe($0.job, $0.state) }
    }

    private func describe(_ job: MemoryQueue.Job, _ state: JobDescription.State) -> JobDescription {
        var children = JobDescription.Children(live: liveChildren(of: job.id).count)
        for child in endedChildren(of: job.id) {
            switch child.state {
            case .done: children.done += 1
            case .failed, .poison: children.failed += 1
            case .cancelled: children.cancelled += 1
            default: break
            }
        }
        return JobDescription(
            state: state, connectionID: job.connectionID, kind: job.kind, band: job.band, attempt: job.attempt,
            snoozes: job.snoozes, rescues: job.rescues, runs: job.runs, pages: job.pages, records: job.records,
            isCancelAsked: job.isCancelAsked && !state.isEnd, errorCode: job.errorCode, parentID: job.parentID,
            children: children,
            events: job.events)
    }
}
