internal import Postgres

extension PostgresQueue {
    /// One tick of the schedules: enqueues a job for each that is due and moves it on, in one transaction. Safe from
    /// any number of schedulers at once; each slot is enqueued once.
    ///
    /// - Returns: how many slots were enqueued; one whose last job still waits is merged into it.
    package func enqueueSchedules(limit: Int) async throws(QueueError) -> Int {
        try await call("select portolan.enqueue_schedules($1)", [Int32(clamping: limit)]) {
            rows throws(PostgresError) in Int(try rows.first?.decode(at: 0, as: Int32.self) ?? 0)
        }
    }

    /// One tick of the probes: enqueues a `probe` for each connection that does not run and is due to be tried again.
    /// Safe from any number of schedulers at once.
    ///
    /// - Returns: how many were enqueued.
    package func enqueueProbes(limit: Int) async throws(QueueError) -> Int {
        try await call("select portolan.enqueue_probes($1)", [Int32(clamping: limit)]) {
            rows throws(PostgresError) in Int(try rows.first?.decode(at: 0, as: Int32.self) ?? 0)
        }
    }
}
