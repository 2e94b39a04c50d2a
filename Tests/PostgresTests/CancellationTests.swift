import Testing

@testable import Postgres

@Suite("Cancellation and time limits")
struct CancellationTests {
    private func backendID(of connection: PostgresConnection) async throws -> Int32 {
        try await connection.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self)
    }

    /// Waits until the server shows that backend running a statement that sleeps.
    private func waitUntilSleeping(_ backend: Int32, seenBy observer: PostgresConnection) async throws {
        try await waitUntil("the statement to run") {
            let rows = try await observer.query(
                "select 1 from pg_stat_activity where pid = $1 and state = 'active' and wait_event = 'PgSleep'",
                [backend])
            return !rows.isEmpty
        }
    }

    @Test("cancelling a task cancels its statement on the server and leaves the connection usable")
    func cancelReachesServer() async throws {
        try await withConnection { observer in
            try await withConnection { connection in
                let backend = try await backendID(of: connection)
                let sleeper = Task { try await connection.query("select pg_sleep(600)") }
                try await waitUntilSleeping(backend, seenBy: observer)
                sleeper.cancel()
                let error = try await postgresError { _ = try await sleeper.value }
                #expect(error.code == .cancelled && error.sqlState == "57014")
                let state = try await observer.query("select state from pg_stat_activity where pid = $1", [backend])
                #expect(try state[0].decode("state", as: String.self) == "idle")
                #expect(try await backendID(of: connection) == backend)
            }
        }
    }

    @Test("a late cancel never hits the next statement, however the race ends")
    func lateCancel() async throws {
        try await withConnection {
            $0.cancelGrace = .seconds(300)
        } _: { connection in
            for round in 0..<300 {
                let task = Task { try await connection.query("select $1 as n", [round]) }
                for _ in 0..<(round % 7) { await Task.yield() }
                task.cancel()
                do {
                    _ = try await task.value
                } catch let error as PostgresError {
                    #expect(error.code == .cancelled)
                }
                let next = try await connection.query("select $1 as n, pg_sleep(0.0005)", [round])
                #expect(try next[0].decode("n", as: Int.self) == round)
            }
        }
    }

    @Test("a cancel that overtakes its statement is repeated until it tells")
    func overtakingCancel() async throws {
        try await withConnection {
            $0.cancelGrace = .seconds(300)
        } _: { connection in
            for round in 0..<40 {
                let task = Task { try await connection.query("select pg_sleep(600)") }
                for _ in 0..<round { await Task.yield() }
                task.cancel()
                #expect(try await postgresError { _ = try await task.value }.code == .cancelled)
            }
            try await connection.query("select 1")
        }
    }

    @Test("a cancel that names an operation which has ended changes nothing")
    func staleOperation() {
        let signals = ConnectionSignals()
        let first = signals.begin()
        signals.end(first)
        signals.requestCancel(of: first)
        let second = signals.begin()
        signals.requestCancel(of: first)
        #expect(!signals.isCancelRequested)
        signals.requestCancel(of: second)
        #expect(signals.isCancelRequested)
        signals.end(second)
    }

    @Test("a task that is cancelled already sends nothing")
    func cancelledBefore() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (a int)")
            let gate = Gate()
            let task = Task {
                await gate.wait()
                try await connection.query("insert into t values (1)")
            }
            task.cancel()
            gate.open()
            #expect(try await postgresError { _ = try await task.value }.code == .cancelled)
            #expect(try await connection.query("select from t").isEmpty)
        }
    }

    @Test("a statement that exceeds its time limit is cancelled and the connection stays usable")
    func timeLimit() async throws {
        try await withConnection { connection in
            let backend = try await backendID(of: connection)
            let error = try await postgresError {
                try await connection.query("select pg_sleep(600)", timeLimit: .milliseconds(50))
            }
            #expect(error.code == .timedOut && error.sqlState == "57014" && error.isTransient)
            #expect(try await backendID(of: connection) == backend)
            let script = try await postgresError {
                try await connection.executeScript("select 1; select pg_sleep(600)", timeLimit: .milliseconds(50))
            }
            #expect(script.code == .timedOut)
            let pipeline = try await postgresError {
                _ = try await connection.queryAll(
                    [PostgresStatement("select pg_sleep(600)"), PostgresStatement("select 1")],
                    timeLimit: .milliseconds(50))
            }
            #expect(pipeline.code == .timedOut)
            #expect(try await backendID(of: connection) == backend)
        }
    }

    @Test("a cancelled statement inside a transaction rolls it back")
    func cancelInTransaction() async throws {
        try await withPool { pool in
            try await pool.query("create table cancelled_in_transaction (a int)")
            let task = Task {
                try await pool.withTransaction { tx in
                    try await tx.query("insert into cancelled_in_transaction values (1)")
                    try await tx.query("select pg_sleep(600) /* cancelled in transaction */")
                }
            }
            try await waitUntil("the transaction to sleep") {
                try await !pool.query(
                    """
                    select 1 from pg_stat_activity
                    where query like '%/* cancelled in transaction */' and wait_event = 'PgSleep'
                    """
                ).isEmpty
            }
            task.cancel()
            await #expect(throws: PostgresTransactionError.self) { try await task.value }
            #expect(try await pool.query("select from cancelled_in_transaction").isEmpty)
            #expect(pool.status.idleCount == 2)
        }
    }

    @Test("a blocked connection never holds up Swift's own threads")
    func noBlocking() async throws {
        try await withPool { limits, _ in
            limits.connectionsMax = 16
        } _: { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let gate = Gate()
                for _ in 0..<16 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            try await connection.query("select pg_advisory_lock_shared(77), pg_sleep(0.2)")
                            await gate.wait()
                            try await connection.query("select pg_advisory_unlock_shared(77)")
                        }
                    }
                }
                // With two cores, sixteen blocked threads of the shared pool would let nothing else run.
                group.addTask {
                    for _ in 0..<100 { await Task.yield() }
                    gate.open()
                }
                try await group.waitForAll()
            }
        }
    }
}
