package import Jobs

/// What runs the jobs of one kind.
///
/// It runs jobs of all versions of the kind's arguments up to its newest. A worker claims only kinds that it has a
/// handler for, so that two versions of the program can run side by side.
package protocol JobHandler: Sendable {
    /// The newest form of the arguments that it reads.
    var newestVersion: Int { get }

    /// Runs one job under its lease. It may be stopped anywhere, by a crash or by cancellation, and is then run again:
    /// what it writes it writes in a transaction that proves the lease.
    func run(_ job: LeasedJob) async -> Ran
}

/// How the run of one job came out.
package enum Ran: Sendable {
    /// The runner is to report this.
    case ended(Outcome, detail: String? = nil)
    /// The handler has reported the end itself.
    case reported
    /// The lease is another's: there is nothing to report.
    case lost
    /// Nobody knows whether the queue has heard of the end, so that the lease may still be held.
    case unknown
}
