extension PostgresConnection {
    /// Runs one statement and returns its rows.
    ///
    /// The statement is prepared at its first use and kept for the session. If the server has dropped it (26000), or
    /// its result has changed shape since (0A000), it is retried once, provided no transaction is open; in a
    /// transaction the error is reported, and the next attempt works. After a 26000 the session names nothing more.
    ///
    /// - Parameter timeLimit: overrides the configuration's `statementTimeLimit`.
    ///
    /// **Errors**: `server` with its SQLSTATE, `encode`, `timedOut`, `cancelled`, `connectionLost`.
    @discardableResult
    package nonisolated func query(
        _ sql: SQL, _ parameters: [any PostgresEncodable] = [], timeLimit: Duration? = nil
    ) async throws(PostgresError) -> PostgresRows {
        let encoded = try EncodedParameters(parameters)
        return try await run(sql.text, encoded, timeLimit: timeLimit ?? configuration.statementTimeLimit)
    }

    /// Runs any number of statements separated by semicolons, without parameters and without results; for migrations.
    ///
    /// Unless it contains BEGIN or COMMIT itself, the script is one transaction. COPY from standard input is refused.
    package func executeScript(_ sql: SQL, timeLimit: Duration? = nil) async throws(PostgresError) {
        try await runScript(sql.text, timeLimit: timeLimit ?? configuration.statementTimeLimit)
    }

    @discardableResult
    func runScript(
        _ text: String, timeLimit: Duration?, isShielded: Bool = false
    ) async throws(PostgresError) -> PostgresRows {
        try checkText(text)
        // A shielded script ends a transaction, whose own server limit ends with it.
        if !isShielded { try await raiseServerLimit(for: timeLimit) }
        return try await perform(timeLimit: timeLimit, isShielded: isShielded) {
            (link, operation) throws(PostgresError) in
            guard link.sendScript(text) else { throw Self.sendFailed }
            return try operation.collect()
        }
    }

    private func run(
        _ text: String, _ parameters: EncodedParameters, timeLimit: Duration?
    ) async throws(PostgresError) -> PostgresRows {
        try checkText(text)
        try await raiseServerLimit(for: timeLimit)
        let wasIdle = link?.isIdle ?? false
        do throws(PostgresError) {
            return try await runOnce(text, parameters, timeLimit: timeLimit)
        } catch {
            guard forgetIfStale(error, text, parameters), wasIdle else { throw error }
            return try await runOnce(text, parameters, timeLimit: timeLimit)
        }
    }

    private func runOnce(
        _ text: String, _ parameters: EncodedParameters, timeLimit: Duration?
    ) async throws(PostgresError) -> PostgresRows {
        try await perform(timeLimit: timeLimit) { (link, operation) throws(PostgresError) in
            guard let name = try preparedName(text, parameters, link, &operation) else {
                guard link.sendQuery(text, parameters) else { throw Self.sendFailed }
                return try operation.collect()
            }
            guard link.sendPrepared(name: name, parameters) else { throw Self.sendFailed }
            return try operation.collect()
        }
    }

    /// Whether new statements may be given names in this session.
    var usesNamedStatements: Bool {
        configuration.preparedStatements && !traits.isBehindPooler && statements.isTrusted
    }

    /// The statement's name in this session, preparing it if it is new; nil if it is to be sent unnamed.
    private func preparedName(
        _ text: String, _ parameters: EncodedParameters, _ link: ServerLink, _ operation: inout Operation
    ) throws(PostgresError) -> String? {
        guard usesNamedStatements else { return nil }
        if let known = statements.name(of: text, parameters) { return known }
        guard !statements.isFull else { return nil }
        let name = statements.makeName()
        guard link.sendPrepare(name: name, text, parameters) else { throw Self.sendFailed }
        _ = try operation.collect()
        statements.insert(name, for: text, parameters)
        // A cancel that was sent meanwhile would find nothing to cancel, and the statement would run unhindered.
        if let reason = operation.stopReason { throw reason.error }
        return name
    }

    /// Drops the statement from the cache if the error says that the server no longer runs it as prepared.
    ///
    /// - Returns: whether it did, so that a retry makes sense. The failed attempt changed nothing on the server.
    @discardableResult
    func forgetIfStale(_ error: PostgresError, _ text: String, _ parameters: EncodedParameters) -> Bool {
        guard statements.name(of: text, parameters) != nil else { return false }
        if error.sqlState == "26000" {
            statements.distrust()
            return true
        }
        // 0A000 means "feature not supported" in general; the function tells "cached plan must not change result type".
        guard error.sqlState == "0A000", error.server?.function == "RevalidateCachedQuery" else { return false }
        statements.remove(text, parameters)
        return true
    }

    /// A statement ends for libpq at the first NUL; what follows would silently not be run.
    func checkText(_ text: String) throws(PostgresError) {
        guard !text.utf8.contains(0) else { throw PostgresError(.misuse, "a statement holds a NUL byte") }
        guard !isCopying else { throw PostgresError(.misuse, "a COPY is under way on this connection") }
    }

    /// Makes the server's own time limit follow a call that may take longer than the default.
    func raiseServerLimit(for timeLimit: Duration?) async throws(PostgresError) {
        guard let link, let change = serverLimit.change(for: timeLimit) else { return }
        let isLocal = link.isInTransaction
        // In a failed transaction nothing can be set, and nothing but ROLLBACK can run.
        guard isLocal || link.isIdle else { return }
        let parameters = try EncodedParameters(["\(change)", isLocal])
        _ = try await perform(timeLimit: configuration.statementTimeLimit) {
            (link, operation) throws(PostgresError) in
            let text = "select pg_catalog.set_config('statement_timeout', $1, $2)"
            guard link.sendQuery(text, parameters) else { throw Self.sendFailed }
            return try operation.collect()
        }
        serverLimit.didSet(change, isLocal: isLocal)
    }
}
