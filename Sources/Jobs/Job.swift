package import FoundationEssentials

/// How urgent work is, in the words of the `band` column.
package enum Band: String, Sendable, CaseIterable {
    case urgent, incremental, report, backfill, housekeeping
}

/// What a job does. A worker claims only kinds it knows; others stay queued for a newer version.
package enum JobKind: String, Sendable, CaseIterable {
    /// Reads one stream of a connection to its present end.
    case sync
}

/// Arguments of a `sync` job. Example in SQL: `{"resource": "orders"}`.
package struct SyncArguments: Sendable, Codable, Equatable {
    package let resource: String

    package init(resource: String) { self.resource = resource }
}

/// The exclusive, expiring right to run one lane's job.
///
/// The token is made anew for each claim; every write of the holder proves it, so a worker that lost its lease
/// changes nothing.
package struct Lease: Sendable {
    package let laneID: Int64
    package let token: UUID

    package init(laneID: Int64, token: UUID) {
        self.laneID = laneID
        self.token = token
    }
}

/// A job as it was handed to a worker, with the lease to run it under.
package struct LeasedJob: Sendable {
    package let lease: Lease
    package let jobID: Int64
    package let kind: String
    /// The attempt that is beginning, counted from 1; attempts before the last progress do not count.
    package let attempt: Int
    /// The kind's arguments as JSON text.
    package let arguments: String
    package let connectionID: Int64
    package let platform: String
    package let band: Band

    package init(
        lease: Lease, jobID: Int64, kind: String, attempt: Int, arguments: String, connectionID: Int64,
        platform: String, band: Band
    ) {
        self.lease = lease
        self.jobID = jobID
        self.kind = kind
        self.attempt = attempt
        self.arguments = arguments
        self.connectionID = connectionID
        self.platform = platform
        self.band = band
    }
}

/// How the run of a job ended, in the words of `portolan.finish`.
package enum Outcome: Sendable, Equatable {
    case done
    /// Failed for good.
    case failed
    /// Failed; again after the delay. Counts an attempt.
    case retry(after: Duration)
    /// Put off without counting an attempt: no token was free, the platform said wait.
    case snooze(for: Duration)
    /// The slice is used up; the rest follows when the lane's turn comes again.
    case yield
    /// Not begun; nothing of the job changes.
    case release

    package var word: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .retry: "retry"
        case .snooze: "snooze"
        case .yield: "yield"
        case .release: "release"
        }
    }

    package var delay: Duration {
        switch self {
        case .retry(let delay), .snooze(let delay): delay
        case .done, .failed, .yield, .release: .zero
        }
    }
}
