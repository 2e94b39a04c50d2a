import FoundationEssentials

extension MemoryQueue.Tables {
    mutating func pause(_ scope: PauseScope) throws(QueueError) {
        switch scope {
        case .connection(let id) where connections[id] == nil:
            throw QueueError(.refused, "connection: there is none with the id \(id)")
        case .kind(let name) where kinds[name] == nil:
            throw QueueError(.refused, "kind: '\(name)' is not known; there are: \(knownKinds)")
        default:
            paused.insert(scope)
        }
    }

    mutating func resume(_ scope: PauseScope, at now: Date) -> Bool {
        guard paused.remove(scope) != nil else { return false }
        // Lanes whose head was of this kind or band were put off; their jobs may run at once.
        for job in jobs.values where job.runAt <= now && (scope == .kind(job.kind) || scope == .band(job.band)) {
            guard let lane = lanes[job.laneID], lane.state == .ready, lane.nextAt > now else { continue }
            putBack(lane.id, at: now)
        }
        return true
    }

    /// Whether jobs of its kind or band are not to be run.
    func isPaused(_ job: MemoryQueue.Job) -> Bool {
        paused.contains(.kind(job.kind)) || paused.contains(.band(job.band))
    }

    var knownKinds: String { kinds.keys.sorted().joined(separator: ", ") }

    // MARK: Gates

    /// Closing a gate that is closed changes nothing but how often it is probed; one that opens is closed again.
    mutating func closeGate(_ platform: String, probeInterval: Duration, at now: Date) {
        gates[platform] = MemoryQueue.Gate(
            probeAt: gates[platform]?.probeAt ?? now, probeInterval: probeInterval)
    }

    mutating func openGate(_ platform: String) -> Bool { gates.removeValue(forKey: platform) != nil }
}
