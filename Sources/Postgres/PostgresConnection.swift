internal import Dispatch
package import Logging

/// One session with a Postgres server.
///
/// A connection runs one operation at a time; callers that come meanwhile wait in turn. It is best leased from a
/// `PostgresPool`. It never reconnects by itself, as that would silently lose session state: after `connectionLost`,
/// `connect()` makes a new session, and statements are prepared anew as they are used.
///
/// Thread-safety notes: the actor runs on a dispatch queue of its own and its methods do not suspend between sending
/// and receiving, so exchanges cannot interleave and libpq never occupies Swift's default executor. Parameters are
/// encoded on the caller's side. Cancelling the calling task cancels the statement on the server.
package actor PostgresConnection {
    /// Shared by the connections of one pool: what one has learnt about the server, the others need not learn again.
    nonisolated let traits: ServerTraits
    nonisolated let configuration: PostgresConfiguration
    nonisolated let signals = ConnectionSignals()
    private nonisolated let executor = QueueExecutor(label: "portolan.postgres.connection")
    private let logger: Logger

    /// Nil before `connect()`, after a loss, and after `close()`.
    private(set) var link: ServerLink?
    private var isClosed = false
    var statements = StatementCache()
    var serverLimit = ServerTimeLimit()
    /// A COPY is between its start and its end: nothing else may be sent.
    var isCopying = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(_ configuration: PostgresConfiguration, logger: Logger) {
        self.init(configuration, traits: ServerTraits(), logger: logger)
    }

    init(_ configuration: PostgresConfiguration, traits: ServerTraits, logger: Logger) {
        self.configuration = configuration
        self.traits = traits
        self.logger = logger
    }

    /// Makes the session, or a new one after a loss; does nothing when connected.
    ///
    /// - Parameter timeLimit: overrides the configuration's `connectTimeLimit`.
    ///
    /// **Errors**: `connectFailed` (with the SQLSTATE when the server refused), `timedOut`, `cancelled`; `misuse` once
    /// closed.
    package func connect(timeLimit: Duration? = nil) async throws(PostgresError) {
        guard !isClosed else { throw PostgresError(.misuse, "the connection was closed") }
        guard link == nil else { return }
        let deadline = ContinuousClock.now + (timeLimit ?? configuration.connectTimeLimit)
        do throws(PostgresError) {
            try await open(until: deadline)
        } catch {
            guard !traits.refusesStartupOptions, error.isRefusalOfStartupOptions else { throw error }
            traits.learnPooler(refusesOptions: true)
            try await open(until: deadline)
        }
    }

    private func open(until deadline: ContinuousClock.Instant) async throws(PostgresError) {
        let withOptions = configuration.preparedStatements && !traits.refusesStartupOptions
        let parameters = configuration.connectionParameters(withStartupOptions: withOptions)
        guard let link = ServerLink(parameters: parameters, logger: logger) else {
            throw PostgresError(.connectFailed, "out of memory")
        }
        self.link = link
        let timeLimit = deadline - ContinuousClock.now
        do throws(PostgresError) {
            try await perform(timeLimit: timeLimit, canCancel: false) { (_, operation) throws(PostgresError) in
                try operation.connect()
            }
            statements = StatementCache()
            serverLimit = ServerTimeLimit(milliseconds: withOptions ? configuration.serverTimeLimitMilliseconds : nil)
            try await recognisePooler(until: deadline)
        } catch {
            self.link = nil
            throw error
        }
    }

    /// A pooler hands out backend ids of its own making: a session whose id is not the server's is not ours alone.
    private func recognisePooler(until deadline: ContinuousClock.Instant) async throws(PostgresError) {
        guard configuration.preparedStatements, !traits.isBehindPooler, let link else { return }
        let parameters = try EncodedParameters([])
        let rows = try await perform(timeLimit: deadline - ContinuousClock.now) {
            (link, operation) throws(PostgresError) in
            guard link.sendQuery("select pg_catalog.pg_backend_pid()", parameters) else { throw Self.sendFailed }
            return try operation.collect()
        }
        if try rows.first?.decode(at: 0, as: Int32.self) != link.backendID { traits.learnPooler() }
    }

    /// Ends the session. Further use is `misuse`.
    package func close() {
        isClosed = true
        dropLink()
    }

    /// Ends the session from any thread without waiting for it; whatever runs gives up at once.
    nonisolated func abandon() {
        signals.abort()
        executor.queue.async {
            self.assumeIsolated { $0.close() }
        }
    }

    /// Whether the session is there and the server has not ended it meanwhile; costs no round trip.
    func isQuietlyAlive() -> Bool {
        guard let link, !isClosed else { return false }
        // Whatever an idle server sends is either a farewell or harmless; consuming tells which.
        guard link.consumeAllInput(), link.isIdle else {
            dropLink()
            return false
        }
        return true
    }

    static var sendFailed: PostgresError { PostgresError(.connectionLost, "the statement could not be sent") }

    // MARK: Running operations

    /// Runs one exchange to its end, cancellable, and leaves the connection clean or drops it.
    ///
    /// - Parameters:
    ///   - timeLimit: nil for none.
    ///   - isShielded: not to be cancelled with the task (COMMIT, ROLLBACK).
    ///   - canCancel: whether the server can be asked to cancel; if not, stopping drops the connection.
    func perform<T>(
        timeLimit: Duration?, isShielded: Bool = false, canCancel: Bool = true,
        _ body: (ServerLink, inout Operation) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        guard let link, !signals.isAborted else {
            throw isClosed && !signals.isAborted
                ? PostgresError(.misuse, "the connection was closed")
                : PostgresError(.connectionLost, "the connection was lost earlier, or was never made")
        }
        if !isShielded && Task.isCancelled { throw Operation.StopReason.cancelled.error }
        let id = signals.begin()
        var operation = Operation(
            id: id, link: link, signals: signals, timeLimit: timeLimit, grace: configuration.cancelGrace,
            canCancel: canCancel)
        let result: Result<T, PostgresError>
        if isShielded {
            result = finish(&operation, id, Result { () throws(PostgresError) in try body(link, &operation) })
        } else {
            result = await withTaskCancellationHandler {
                finish(&operation, id, Result { () throws(PostgresError) in try body(link, &operation) })
            } onCancel: {
                signals.requestCancel(of: id)
            }
        }
        return try result.get()
    }

    /// Ends an operation: proves the connection clean after a cancel or drops it, and tells the pool what it is worth.
    private func finish<T>(
        _ operation: inout Operation, _ id: UInt64, _ result: Result<T, PostgresError>
    ) -> Result<T, PostgresError> {
        var result = result
        // A statement still active after its end is one whose results were not all read.
        var isUsable = !operation.hasGivenUp && link.map { $0.isAlive && (isCopying || !$0.isActive) } ?? false
        if case .failure(let error) = result, error.code == .connectionLost || error.code == .connectFailed {
            isUsable = false
        }
        if isUsable, let reason = operation.stopReason {
            isUsable = proveClean(&operation, after: result)
            if case .failure(let error) = result, error.sqlState == "57014" {
                result = .failure(error.recoded(reason.error.code, reason.error.message))
            }
        }
        signals.end(id)
        if !isUsable { dropLink() }
        serverLimit.settle(isIdle: link?.isIdle ?? false)
        signals.isReusable = !isCopying && link.map { $0.isIdle && !$0.isInPipeline } ?? false
        return result
    }

    /// After a cancel was sent: it must have arrived, and must have been spent.
    ///
    /// A statement that ended with 57014 has spent a single request. Otherwise it was faster, or more were sent; then
    /// an empty statement takes the blow if there is one still to come. Behind a pooler, whose forwarding cannot be
    /// seen, that proves nothing.
    private func proveClean<T>(_ operation: inout Operation, after result: Result<T, PostgresError>) -> Bool {
        guard operation.awaitCancelDelivery(), let link else { return false }
        if case .failure(let error) = result, error.sqlState == "57014", operation.cancelRequestCount == 1 {
            return true
        }
        guard !traits.isBehindPooler, !link.isInPipeline, !link.isActive else { return false }
        let before = link.transactionState
        guard link.sendScript("") else { return false }
        _ = try? operation.collect()
        return link.isAlive && link.transactionState == before
    }

    func dropLink() {
        link = nil
        isCopying = false
        signals.isReusable = false
    }
}

extension PostgresError {
    /// PgBouncer's words when it is not told to ignore the `options` of a start-up packet; it has one SQLSTATE for all.
    fileprivate var isRefusalOfStartupOptions: Bool {
        code == .connectFailed && serverMessage?.contains("unsupported startup parameter") == true
    }
}

extension Operation {
    /// Reads a statement's results to their end.
    ///
    /// - Returns: the rows of the last result.
    ///
    /// **Errors**: the first one reported; nothing is left unread unless the connection broke.
    mutating func collect() throws(PostgresError) -> PostgresRows {
        var rows: PostgresRows?
        var failure: PostgresError?
        do throws(PostgresError) {
            while let result = try nextResult() {
                switch result.status {
                case .rows, .command, .empty: rows = result.rows()
                case .failed: failure = failure ?? result.error()
                case .pipelineSync, .pipelineAborted: break
                case .copyIn, .copyOther:
                    // Only dropping the connection ends a COPY that nobody feeds or reads.
                    throw PostgresError(.misuse, "COPY is possible only through copyIn")
                }
            }
        } catch {
            throw failure?.sqlState == nil ? error : failure!
        }
        if let failure { throw failure }
        guard let rows else { throw PostgresError(.connectionLost, "the server sent no result") }
        return rows
    }
}
