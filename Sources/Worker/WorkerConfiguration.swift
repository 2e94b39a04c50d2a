/// How one worker process behaves. Every field has a default that fits most fleets.
package struct WorkerConfiguration: Sendable {
    /// How many jobs run at once.
    package var slots: Int = 16
    /// How often an idle worker looks for work when nobody tells it that there is some.
    package var pollInterval: Duration = .milliseconds(250)
    /// A slice ends after so many pages …
    package var slicePagesMax: Int = 200
    /// … or after so long, whichever comes first; then the lane's other jobs have their turn.
    package var sliceTimeMax: Duration = .seconds(20)
    package var beatInterval: Duration = .seconds(5)
    /// How long after its last beat the worker counts as dead.
    package var beatTTL: Duration = .seconds(20)
    /// How often leases of dead workers are looked for.
    package var reapInterval: Duration = .seconds(2)
    /// Hard limit of one lease, however alive the worker is.
    package var leaseMax: Duration = .seconds(900)
    /// How long a lease may go without a page before it is taken.
    package var stallMax: Duration = .seconds(600)
    /// A wait for tokens up to this is slept through; a longer one puts the job off.
    package var tokenWaitMax: Duration = .seconds(2)
    /// How often in a row a platform may ask to go on with another cursor instead of a page.
    package var goOnsMax: Int = 8
    /// Attempts without progress before a job fails for good.
    package var attemptsMax: Int = 8

    package init() {}
}
