/// What went wrong between this process and Postgres.
///
/// `description` is safe for logs: it never holds parameter values, the DETAIL line, or a password.
/// `debugDescription` adds DETAIL, HINT and CONTEXT, which may quote data.
package struct PostgresError: Error, Sendable {
    /// The kind of failure; open to growth, with a stable name for metrics.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The connection could not be made: network, TLS, or refused by the server. Retryable unless the server said
        /// why not.
        package static let connectFailed = Code(rawValue: "connect_failed")
        /// The connection was lost while in use or was lost earlier. The statement may or may not have taken effect.
        package static let connectionLost = Code(rawValue: "connection_lost")
        /// The server answered with an error; see `sqlState`.
        package static let server = Code(rawValue: "server")
        /// The statement's or the connect's time limit passed; the statement was cancelled or its connection dropped.
        package static let timedOut = Code(rawValue: "timed_out")
        /// The calling task was cancelled.
        package static let cancelled = Code(rawValue: "cancelled")
        /// No pooled connection became free within the wait limit.
        package static let poolTimedOut = Code(rawValue: "pool_timed_out")
        /// More callers wait for a pooled connection than the pool admits.
        package static let poolOverloaded = Code(rawValue: "pool_overloaded")
        /// The pool is shutting down or has been shut down.
        package static let poolClosed = Code(rawValue: "pool_closed")
        /// A result cell could not be read as the Swift type asked for.
        package static let decode = Code(rawValue: "decode")
        /// A parameter cannot be expressed in Postgres's form.
        package static let encode = Code(rawValue: "encode")
        /// The connection was lost during COMMIT: the transaction may or may not have been committed.
        package static let commitOutcomeUnknown = Code(rawValue: "commit_outcome_unknown")
        /// COMMIT was answered by ROLLBACK, because a statement had failed and its error was swallowed.
        package static let transactionAborted = Code(rawValue: "transaction_aborted")
        /// A pipelined statement that was not run, because an earlier one of its group failed.
        package static let pipelineAborted = Code(rawValue: "pipeline_aborted")
        /// The connection string or a setting is malformed.
        package static let configuration = Code(rawValue: "configuration")
        /// The caller broke a rule of this module, for instance by using a closed connection.
        package static let misuse = Code(rawValue: "misuse")
    }

    /// The fields of a server's error report. Strings as the server sent them.
    package struct ServerFields: Sendable {
        package var severity: String?
        package var message: String?
        /// May quote the row's values; never log it outside debugging.
        package var detail: String?
        package var hint: String?
        package var context: String?
        package var position: Int?
        package var schema: String?
        package var table: String?
        package var column: String?
        package var constraint: String?
        /// The server's own function that reported the error; tells apart errors that share a SQLSTATE.
        package var function: String?
    }

    /// Boxed so that an error stays two words in `Result`s and typed throws.
    private final class Storage: Sendable {
        let message: String
        let sqlState: String?
        let server: ServerFields?
        init(message: String, sqlState: String?, server: ServerFields?) {
            self.message = message
            self.sqlState = sqlState
            self.server = server
        }
    }

    package let code: Code
    private let storage: Storage

    package init(
        _ code: Code, _ message: String, sqlState: String? = nil, server: ServerFields? = nil
    ) {
        self.code = code
        storage = Storage(message: message, sqlState: sqlState, server: server)
    }

    /// What this module has to say about it; constant text and names, never values.
    package var message: String { storage.message }
    /// The five-character SQLSTATE, when a server answered.
    package var sqlState: String? { storage.sqlState }
    /// The server's fields, when a server answered.
    package var server: ServerFields? { storage.server }
    /// The server's primary message. For data exceptions (class 22) it may quote a value.
    package var serverMessage: String? { storage.server?.message }
    /// The constraint that was violated, when the server named one.
    package var constraint: String? { storage.server?.constraint }

    /// The same error under another code, for instance a cancelled statement that was cancelled by its time limit.
    func recoded(_ code: Code, _ message: String) -> PostgresError {
        PostgresError(code, message, sqlState: sqlState, server: server)
    }
}

extension PostgresError {
    private func hasState(_ states: String...) -> Bool {
        guard let sqlState else { return false }
        return states.contains { sqlState.hasPrefix($0) }
    }

    /// A unique constraint was violated (23505).
    package var isUniqueViolation: Bool { hasState("23505") }
    /// Serialisation failure (40001) or deadlock (40P01): run the whole transaction again.
    package var isSerializationFailure: Bool { hasState("40001", "40P01") }
    /// A lock was not available at once (55P03).
    package var isLockNotAvailable: Bool { hasState("55P03") }
    /// The server is shutting down, starting, crashed, or out of connection slots (57P01–57P03, 53300).
    package var isServerUnavailable: Bool { hasState("57P01", "57P02", "57P03", "53300") }
    /// The connection is gone: this module saw it break, or the server reported class 08 or 57P0x.
    package var isConnectionFailure: Bool {
        code == .connectionLost || hasState("08", "57P01", "57P02", "57P03", "57P05")
    }

    /// Trying again later may well succeed without anybody changing anything.
    ///
    /// Never true for `commitOutcomeUnknown`: only the caller knows whether repeating is harmless.
    package var isTransient: Bool {
        switch code {
        case .commitOutcomeUnknown: false
        case .connectionLost, .timedOut, .poolTimedOut, .poolOverloaded: true
        case .connectFailed: sqlState == nil || isServerUnavailable || hasState("08")
        default: isSerializationFailure || isLockNotAvailable || isServerUnavailable || hasState("08", "53")
        }
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        var text = "\(code.rawValue): \(message)"
        if let sqlState { text += " [SQLSTATE \(sqlState)]" }
        guard let server else { return text }
        // Class 22 messages quote the offending value ("invalid input syntax for type uuid: …").
        if let primary = server.message, !hasState("22") { text += " \(primary)" }
        if let constraint = server.constraint { text += " (constraint \(constraint))" }
        if let table = server.table { text += " (table \(table))" }
        if let column = server.column { text += " (column \(column))" }
        return text
    }

    /// Everything known, data included; for debug logs and tests only.
    package var debugDescription: String {
        guard let server else { return description }
        let parts: [(String, String?)] = [
            ("MESSAGE", server.message), ("DETAIL", server.detail), ("HINT", server.hint),
            ("CONTEXT", server.context), ("SCHEMA", server.schema),
        ]
        return parts.reduce(description) { text, part in
            part.1.map { "\(text)\n\(part.0): \($0)" } ?? text
        }
    }
}

/// Why a transaction did not happen, with the error of each stage kept apart.
///
/// **Shape**: at most one of `begin`, `body`, `commit` is set; `rollback` only beside `body`, when undoing failed
/// as well. A failed rollback is harmless to the data (its connection was discarded, so the server rolls back) and
/// never hides the cause.
package struct PostgresTransactionError: Error, Sendable {
    /// No connection could be leased, or BEGIN failed. Nothing was run.
    package internal(set) var begin: PostgresError?
    /// What the closure threw. The transaction was rolled back.
    package internal(set) var body: (any Error)?
    /// Rolling back after `body` failed too.
    package internal(set) var rollback: PostgresError?
    /// COMMIT failed; `commitOutcomeUnknown` when nobody can tell whether it took effect.
    package internal(set) var commit: PostgresError?

    /// The stage's error where that is a `PostgresError`: begin, body or commit.
    package var postgres: PostgresError? {
        begin ?? commit ?? body as? PostgresError ?? (body as? PostgresTransactionError)?.postgres
    }
    /// The transaction may or may not have been committed.
    package var isCommitOutcomeUnknown: Bool { commit?.code == .commitOutcomeUnknown }
    /// The server refused the transaction in favour of a concurrent one: run it again from the start.
    package var isSerializationFailure: Bool { postgres?.isSerializationFailure ?? false }
    /// Running the transaction again later may well succeed; false when its outcome is unknown.
    package var isTransient: Bool { postgres?.isTransient ?? false }
}

extension PostgresTransactionError: CustomStringConvertible {
    package var description: String {
        let stages: [(String, (any Error)?)] = [
            ("begin", begin), ("body", body), ("rollback", rollback), ("commit", commit),
        ]
        let failed = stages.compactMap { name, error in
            error.map { "\(name) failed: \($0 is PostgresError ? "\($0)" : "\(type(of: $0))")" }
        }
        return "transaction: " + failed.joined(separator: "; ")
    }
}
