import FoundationEssentials

extension MemoryQueue.Tables {
    mutating func prove(_ job: LeasedJob, records: Int, at now: Date) -> Proof? {
        guard let held = lease(under: job), let lane = lanes[job.lease.laneID], var proven = jobs[job.jobID] else {
            return nil
        }
        leases[lane.id]?.progressAt = now
        leases[lane.id]?.running = proven.id
        proven.pages += 1
        proven.records += records
        proven.attempt = 0
        proven.rescues = 0
        jobs[proven.id] = proven
        if var gate = gates[lane.platform], !gate.isOpening {
            gate.isOpening = true
            gate.width = 2
            gate.probeAt = min(gate.probeAt, now)
            gates[lane.platform] = gate
        }
        let isPaused =
            isPaused(proven) || paused.contains(.connection(lane.connectionID))
            || paused.contains(.platform(lane.platform))
        let isYieldWanted = jobs.values.contains {
            $0.laneID == lane.id && $0.band.rank < proven.band.rank && $0.runAt <= now && !self.isPaused($0)
        }
        return Proof(
            isCancelled: proven.isCancelAsked, isPaused: isPaused, isDraining: workers[held.worker] == nil,
            isYieldWanted: isYieldWanted)
    }

    mutating func finish(_ reports: [Report], at now: Date) -> [Finish] {
        var results: [Finish] = []
        var reported: [Int64: Set<Int64>] = [:]
        for report in reports {
            let job = report.job
            let isNew = lease(under: job) != nil && reported[job.lease.laneID, default: []].insert(job.jobID).inserted
            results.append(isNew ? apply(report, at: now) : .stale)
        }
        endLeases(reported, areRescues: false, at: now)
        settleParents(of: Set(reported.values.joined()), at: now)
        return results
    }

    // MARK: One run

    private mutating func apply(_ report: Report, at now: Date) -> Finish {
        let job = report.job.jobID
        let code = report.detail.flatMap(Self.errorCode)
        let result = result(of: report)
        switch result {
        case .done, .failed, .cancelled, .poison:
            let isAttempt =
                switch report.outcome {
                case .done, .failed, .retry: true
                case .snooze, .yield, .release, .awaitChildren: false
                }
            let state: JobDescription.State =
                switch result {
                case .done: .done
                case .failed: .failed
                default: .cancelled
                }
            end(job, as: state, at: now) {
                $0.attempt += isAttempt ? 1 : 0
                $0.runs += 1
                $0.errorCode = result == .done ? nil : code ?? $0.errorCode
            }
        default:
            if result != .awaiting { absorbTwin(of: job, isAgain: result == .again, at: now) }
            comeBack(job, result, delay: report.outcome.delay, code: code, at: now)
        }
        return result
    }

    /// What becomes of the job.
    private func result(of report: Report) -> Finish {
        guard let job = jobs[report.job.jobID] else { return .stale }
        switch report.outcome {
        case .done: return job.isFollowedUp && !job.isCancelAsked ? .again : .done
        case .failed: return .failed
        case _ where job.isCancelAsked: return .cancelled
        case .retry: return job.attempt + 1 >= job.attemptsMax && !isGateClosed(to: job) ? .failed : .retry
        case .snooze: return .snooze
        case .yield: return .yield
        case .release: return .release
        case .awaitChildren: return .awaiting
        }
    }

    private mutating func comeBack(_ id: Int64, _ result: Finish, delay: Duration, code: String?, at now: Date) {
        guard result != .release, var job = jobs[id] else { return }
        switch result {
        case .again:
            job.runAt = now
            job.attempt = 0
            job.isFollowedUp = false
        case .awaiting:
            job.runAt = Self.never
        default:
            job.runAt = now + delay
            if result == .retry, !isGateClosed(to: job) { job.attempt += 1 }
            if result == .snooze { job.snoozes += 1 }
        }
        if let code { job.errorCode = code }
        job.runs += 1
        job.note(result.rawValue, code: code)
        jobs[id] = job
    }

    /// A twin that was enqueued while the job ran is merged into it, now that it waits again. If the job had got on
    /// already, it runs once more after its end: what it reads may end before the time the twin was enqueued for.
    mutating func absorbTwin(of id: Int64, isAgain: Bool, at now: Date) {
        guard let job = jobs[id],
            let twin = waitingTwin(lane: job.laneID, key: job.dedupeKey, parent: job.parentID, except: id)
        else { return }
        end(twin.id, as: .merged, at: now)
        if twin.band.rank < job.band.rank { jobs[id]?.band = twin.band }
        if job.pages > 0, !isAgain { jobs[id]?.isFollowedUp = true }
    }

    func isGateClosed(to job: MemoryQueue.Job) -> Bool {
        lanes[job.laneID].map { gates[$0.platform] != nil } ?? false
    }

    /// The key `code` of a JSON object.
    private static func errorCode(_ detail: String) -> String? {
        struct Detail: Decodable { let code: String? }
        return (try? JSONDecoder().decode(Detail.self, from: Data(detail.utf8)))?.code
    }

    // MARK: Leases

    /// Takes the jobs out of their leases. A lease without jobs ends, and its lane gets its next head.
    mutating func endLeases(_ reported: [Int64: Set<Int64>], areRescues: Bool, at now: Date) {
        for (lane, jobs) in reported {
            leases[lane]?.jobIDs.removeAll { jobs.contains($0) }
            if let next = leases[lane]?.jobIDs.first {
                leases[lane]?.running = next
                leases[lane]?.progressAt = now
            } else {
                leases[lane] = nil
                if areRescues { lanes[lane]?.strikes += 1 } else { lanes[lane]?.strikes = 0 }
                putBack(lane, at: now)
            }
        }
    }
}
