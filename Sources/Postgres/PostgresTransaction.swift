/// How far a transaction is shielded from concurrent ones.
package enum PostgresIsolation: Sendable {
    case readCommitted, repeatableRead, serializable

    fileprivate func begin(readOnly: Bool) -> String {
        let mode = readOnly ? " read only" : " read write"
        return switch self {
        case .readCommitted: "begin isolation level read committed" + mode
        case .repeatableRead: "begin isolation level repeatable read" + mode
        case .serializable: "begin isolation level serializable" + mode
        }
    }
}

extension PostgresPool {
    /// Runs the closure inside a transaction on a connection of the pool: commits when it returns, rolls back when it
    /// throws. Serialisation failures are not retried here; see `isSerializationFailure`.
    ///
    /// COMMIT and ROLLBACK are not cancelled with the task, but obey the time limit. The connection must not be used
    /// after the closure's end, nor should the closure talk to another server while the transaction is open.
    ///
    /// **Errors**: `PostgresTransactionError`, which keeps the stages apart.
    @discardableResult
    package func withTransaction<T>(
        isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false, waitTimeLimit: Duration? = nil,
        _ body: (PostgresConnection) async throws -> T
    ) async throws(PostgresTransactionError) -> T {
        let connection: PostgresConnection
        do throws(PostgresError) {
            connection = try await lease(waitTimeLimit: waitTimeLimit)
        } catch {
            throw PostgresTransactionError(begin: error)
        }
        defer { giveBack(connection) }
        return try await connection.withTransaction(isolation: isolation, readOnly: readOnly, body)
    }
}

extension PostgresConnection {
    /// Like the pool's `withTransaction`, on this connection.
    @discardableResult
    package nonisolated func withTransaction<T>(
        isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false,
        _ body: (PostgresConnection) async throws -> T
    ) async throws(PostgresTransactionError) -> T {
        do throws(PostgresError) {
            try await begin(isolation.begin(readOnly: readOnly))
        } catch {
            throw PostgresTransactionError(begin: error)
        }
        let value: T
        do {
            value = try await body(self)
        } catch {
            throw PostgresTransactionError(body: error, rollback: await rollback())
        }
        do throws(PostgresError) {
            try await commit()
        } catch {
            throw PostgresTransactionError(commit: error)
        }
        return value
    }

    private func begin(_ text: String) async throws(PostgresError) {
        if let link, !link.isIdle { throw PostgresError(.misuse, "a transaction is open on this connection already") }
        try await runScript(text, timeLimit: configuration.statementTimeLimit)
    }

    /// Returns the error instead of throwing it: it stands beside the one that made rolling back necessary.
    private func rollback() async -> PostgresError? {
        // Without a session there is nothing to roll back: the server does so when it notices.
        guard link != nil else { return nil }
        do throws(PostgresError) {
            try await runScript("rollback", timeLimit: configuration.statementTimeLimit, isShielded: true)
            return nil
        } catch {
            dropLink()
            return error
        }
    }

    private func commit() async throws(PostgresError) {
        // A session lost before COMMIT was sent leaves no doubt: nothing was committed.
        guard let link, link.isAlive, !signals.isAborted else {
            throw PostgresError(.connectionLost, "the connection was lost before COMMIT was sent")
        }
        guard link.isInTransaction || link.isInFailedTransaction else {
            throw PostgresError(.misuse, "the closure ended the transaction by itself")
        }
        let rows: PostgresRows
        do throws(PostgresError) {
            rows = try await runScript("commit", timeLimit: configuration.statementTimeLimit, isShielded: true)
        } catch {
            // An answer that is neither success nor a plain refusal: it may have been committed before the loss.
            guard error.code == .connectionLost || error.code == .timedOut else { throw error }
            throw error.recoded(.commitOutcomeUnknown, "no answer to COMMIT: \(error.code.rawValue)")
        }
        guard rows.commandTag == "COMMIT" else {
            throw PostgresError(
                .transactionAborted, "COMMIT rolled back: a statement had failed and its error was swallowed")
        }
    }
}
