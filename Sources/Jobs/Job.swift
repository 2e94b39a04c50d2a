package import FoundationEssentials

/// How urgent work is, in the words of the `band` column.
package enum Band: String, Sendable, CaseIterable {
    case urgent, incremental, report, backfill, housekeeping
}

/// What a job does. A worker claims only kinds it knows; others stay queued for a newer version.
package enum JobKind: String, Sendable, CaseIterable {
    /// Reads one stream of a connection to its present end.
    case sync
    /// The same for a stream that is read from documents: requested, waited for, downloaded.
    case report
    /// Reads windows of a connection's past: one job for the backfill, which waits for one a resource.
    case backfill
    /// Finds out with one request whether a connection that does not run answers again.
    case probe

    /// The newest form of the kind's arguments that this program reads; it reads all older ones, too.
    package var newestVersion: Int {
        switch self {
        case .sync, .report, .backfill, .probe: 1
        }
    }
}

/// Arguments of a `sync` or `report` job. Example in SQL: `{"resource": "orders"}`.
package struct SyncArguments: Sendable, Codable, Equatable {
    package let resource: String

    package init(resource: String) { self.resource = resource }
}

/// Arguments of a `backfill` job; without a resource it is the one that makes the others.
/// Example in SQL: `{"backfill": 7, "resource": "orders"}`.
package struct BackfillArguments: Sendable, Codable, Equatable {
    package let backfill: Int64
    package let resource: String?
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
    /// Which form of the arguments this is.
    package let argumentsVersion: Int
    package let connectionID: Int64
    package let platform: String
    package let band: Band
    /// The lane's ticket when it was claimed: what waits in this platform and band has this one or a later one.
    package let ticket: Date

    package init(
        lease: Lease, jobID: Int64, kind: String, attempt: Int, arguments: String, argumentsVersion: Int = 1,
        connectionID: Int64, platform: String, band: Band, ticket: Date = .distantPast
    ) {
        self.lease = lease
        self.jobID = jobID
        self.kind = kind
        self.attempt = attempt
        self.arguments = arguments
        self.argumentsVersion = argumentsVersion
        self.connectionID = connectionID
        self.platform = platform
        self.band = band
        self.ticket = ticket
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
    /// The job's part is done; it ends when its children have, as they did.
    case awaitChildren

    package var word: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .retry: "retry"
        case .snooze: "snooze"
        case .yield: "yield"
        case .release: "release"
        case .awaitChildren: "await"
        }
    }

    package var delay: Duration {
        switch self {
        case .retry(let delay), .snooze(let delay): delay
        case .done, .failed, .yield, .release, .awaitChildren: .zero
        }
    }
}
