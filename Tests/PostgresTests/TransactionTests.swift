import Testing

@testable import Postgres

@Suite("Transactions")
struct TransactionTests {
    @Test("what the closure does is kept when it returns, and undone when it throws")
    func commitAndRollback() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (a int4)")
            let value = try await connection.withTransaction { tx in
                try await tx.query("insert into t values (1)")
                return "kept"
            }
            #expect(value == "kept")
            do throws(PostgresTransactionError) {
                try await connection.withTransaction { tx in
                    try await tx.query("insert into t values (2)")
                    throw BodyError(number: 2)
                }
                Issue.record("the transaction must fail")
            } catch {
                #expect(error.body as? BodyError == BodyError(number: 2))
                #expect(error.begin == nil && error.rollback == nil && error.commit == nil)
                #expect("\(error)" == "transaction: body failed: BodyError")
            }
            #expect(try await connection.query("select from t").count == 1)
        }
    }

    @Test("a rollback that fails stands beside the closure's error and never replaces it")
    func rollbackFails() async throws {
        try await withPool { pool in
            do throws(PostgresTransactionError) {
                try await pool.withTransaction { tx in
                    let backend = try await tx.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self)
                    try await pool.query("select pg_terminate_backend($1, 5000)", [backend])
                    throw BodyError(number: 9)
                }
                Issue.record("the transaction must fail")
            } catch {
                #expect(error.body as? BodyError == BodyError(number: 9))
                #expect(error.rollback?.code == .connectionLost)
                #expect(error.commit == nil)
            }
            #expect(pool.status.leasedCount == 0 && pool.status.idleCount == 1)
        }
    }

    @Test("a closure that swallowed a failed statement's error is told that nothing was committed")
    func swallowedError() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (a int4)")
            let error = try await postgresError {
                try await connection.withTransaction { tx in
                    try await tx.query("insert into t values (1)")
                    _ = try? await tx.query("select 1 / 0")
                }
            }
            #expect(error.code == .transactionAborted)
            #expect(try await connection.query("select from t").isEmpty)
        }
    }

    @Test("isolation and access mode reach the server")
    func modes() async throws {
        try await withConnection { connection in
            let seen = try await connection.withTransaction(isolation: .serializable, readOnly: true) { tx in
                try await tx.query(
                    """
                    select current_setting('transaction_isolation') as i, current_setting('transaction_read_only') as r
                    """
                )
            }
            let (isolation, readOnly) = try seen[0].decode(String.self, String.self)
            #expect(isolation == "serializable" && readOnly == "on")
        }
    }

    @Test("concurrent serialisable transactions that conflict are recognised as worth repeating")
    func serialisation() async throws {
        try await withPool { pool in
            try await pool.query("create table serial (a int4)")
            let (first, second) = (Gate(), Gate())
            func transaction(announce: Gate, await other: Gate) async -> PostgresTransactionError? {
                do throws(PostgresTransactionError) {
                    try await pool.withTransaction(isolation: .serializable) { tx in
                        try await tx.query("select count(*) from serial")
                        announce.open()
                        await other.wait()
                        try await tx.query("insert into serial values (1)")
                    }
                    return nil
                } catch {
                    return error
                }
            }
            async let left = transaction(announce: first, await: second)
            async let right = transaction(announce: second, await: first)
            let errors = await [left, right].compactMap { $0 }
            #expect(errors.count == 1)
            #expect(errors.first?.isSerializationFailure == true)
            #expect(errors.first?.isTransient == true)
        }
    }

    @Test("a deferred constraint fails at COMMIT with the server's own reason")
    func deferredConstraint() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (a int4 unique deferrable initially deferred)")
            do throws(PostgresTransactionError) {
                try await connection.withTransaction { tx in
                    try await tx.query("insert into t values (1), (1)")
                }
                Issue.record("the commit must fail")
            } catch {
                #expect(error.commit?.sqlState == "23505" && error.body == nil && !error.isCommitOutcomeUnknown)
            }
            #expect(connection.signals.isReusable)
        }
    }

    @Test("a connection lost during COMMIT leaves its outcome unknown, and says so")
    func commitOutcomeUnknown() async throws {
        try await withPool { pool in
            try await pool.query("create table at_commit (a int4)")
            // The trigger runs inside COMMIT and ends the very session that commits.
            try await pool.withConnection { connection in
                try await connection.executeScript(
                    """
                    create function end_session() returns trigger language plpgsql as
                      $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
                    create constraint trigger at_commit after insert on at_commit deferrable initially deferred
                      for each row execute function end_session();
                    """)
            }
            do throws(PostgresTransactionError) {
                try await pool.withTransaction { tx in
                    try await tx.query("insert into at_commit values (1)")
                }
                Issue.record("the commit must fail")
            } catch {
                #expect(error.isCommitOutcomeUnknown)
                #expect(error.commit?.sqlState == "57P01")
                #expect(!error.isTransient && error.body == nil)
            }
            #expect(try await pool.query("select from at_commit").isEmpty)
        }
    }

    @Test("a session lost before COMMIT was sent leaves no doubt")
    func lostBeforeCommit() async throws {
        try await withPool { pool in
            do throws(PostgresTransactionError) {
                try await pool.withTransaction { tx in
                    let backend = try await tx.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self)
                    try await pool.query("select pg_terminate_backend($1, 5000)", [backend])
                    _ = try? await tx.query("select 1")
                }
                Issue.record("the commit must fail")
            } catch {
                #expect(error.commit?.code == .connectionLost && !error.isCommitOutcomeUnknown)
            }
        }
    }

    @Test("COMMIT is not cancelled with the task")
    func commitIsShielded() async throws {
        try await withPool { pool in
            try await pool.query("create table shielded (a int4)")
            let task = Task {
                try await pool.withTransaction { tx in
                    try await tx.query("insert into shielded values (1)")
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            try await task.value
            #expect(try await pool.query("select from shielded").count == 1)
        }
    }

    @Test("transactions do not nest on one connection")
    func nesting() async throws {
        try await withConnection { connection in
            let error = try await postgresError {
                try await connection.withTransaction { tx in
                    try await tx.withTransaction { _ in }
                }
            }
            #expect(error.code != .commitOutcomeUnknown)
            #expect(connection.signals.isReusable)
        }
    }
}
