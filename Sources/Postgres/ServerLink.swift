internal import CLibPQ
internal import Glibc
internal import Logging

/// The one owner of a `PGconn`: every call of libpq that takes one is in this file, and none of them blocks.
///
/// Thread-safety notes: not `Sendable`; a connection's actor creates it, uses it, and lets it go, all on its own queue.
final class ServerLink {
    enum ConnectStep {
        case wantsRead, wantsWrite, connected, failed
    }
    enum FlushOutcome {
        case done, pending, failed
    }

    private let connection: OpaquePointer
    /// What libpq hands back to the notice callback; must live as long as the connection.
    private let notices: NoticeLog

    private final class NoticeLog {
        let logger: Logger
        init(_ logger: Logger) { self.logger = logger }
    }

    /// Begins to connect; nil only when out of memory. A refused or malformed start shows in `connectStep`.
    init?(parameters: [(keyword: String, value: String)], logger: Logger) {
        notices = NoticeLog(logger)
        let started = withCStrings(parameters.map(\.keyword)) { keywords in
            withCStrings(parameters.map(\.value)) { values in
                PQconnectStartParams(keywords, values, 0)
            }
        }
        guard let started else { return nil }
        connection = started
        // Verbose, because libpq shows the SQLSTATE of a refused connect nowhere but in that text.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        PQsetNoticeProcessor(
            connection,
            { context, message in
                guard let context, let message else { return }
                let log = Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue()
                log.logger.debug("server notice", metadata: ["notice": "\(String(cString: message))"])
            }, Unmanaged.passUnretained(notices).toOpaque())
    }

    deinit {
        PQfinish(connection)
    }

    // MARK: Connecting

    /// Advances the connect; call when the socket is ready in the direction last asked for.
    func connectStep() -> ConnectStep {
        guard PQstatus(connection) != CONNECTION_BAD else { return .failed }
        switch PQconnectPoll(connection) {
        case PGRES_POLLING_READING: return .wantsRead
        case PGRES_POLLING_WRITING: return .wantsWrite
        case PGRES_POLLING_OK: return PQsetnonblocking(connection, 1) == 0 ? .connected : .failed
        default: return .failed
        }
    }

    /// Why connecting failed. libpq never puts the password into it.
    var errorMessage: String { String(cString: PQerrorMessage(connection)) }

    // MARK: State

    /// Changes while connecting to several hosts; ask anew before each wait. -1 when there is none.
    var socket: Int32 { PQsocket(connection) }
    var isAlive: Bool { PQstatus(connection) == CONNECTION_OK && PQsocket(connection) >= 0 }
    var backendID: Int32 { PQbackendPID(connection) }
    /// libpq's number for it; only good for comparing.
    var transactionState: UInt32 { PQtransactionStatus(connection).rawValue }
    /// Whether no transaction is open and nothing is under way.
    var isIdle: Bool { PQtransactionStatus(connection) == PQTRANS_IDLE }
    /// Whether a transaction is open and has not failed.
    var isInTransaction: Bool { PQtransactionStatus(connection) == PQTRANS_INTRANS }
    /// Whether a transaction is open in which a statement failed.
    var isInFailedTransaction: Bool { PQtransactionStatus(connection) == PQTRANS_INERROR }
    /// Whether a statement's results have not been read to their end.
    var isActive: Bool { PQtransactionStatus(connection) == PQTRANS_ACTIVE }
    var isInPipeline: Bool { PQpipelineStatus(connection) != PQ_PIPELINE_OFF }

    func makeCancel() -> ServerCancel? {
        PQgetCancel(connection).map { ServerCancel(owning: $0) }
    }

    // MARK: Sending. Each returns false when libpq refused; the reason then is a lost connection or misuse.

    func sendScript(_ text: String) -> Bool {
        PQsendQuery(connection, text) == 1
    }

    func sendQuery(_ text: String, _ parameters: EncodedParameters) -> Bool {
        parameters.withLibPQArrays { types, values, lengths, formats, count in
            PQsendQueryParams(connection, text, count, types, values, lengths, formats, 1) == 1
        }
    }

    func sendPrepare(name: String, _ text: String, _ parameters: EncodedParameters) -> Bool {
        PQsendPrepare(connection, name, text, Int32(parameters.count), parameters.types) == 1
    }

    func sendPrepared(name: String, _ parameters: EncodedParameters) -> Bool {
        parameters.withLibPQArrays { _, values, lengths, formats, count in
            PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1
        }
    }

    func enterPipeline() -> Bool { PQenterPipelineMode(connection) == 1 }
    func exitPipeline() -> Bool { PQexitPipelineMode(connection) == 1 }
    func sendPipelineSync() -> Bool { PQpipelineSync(connection) == 1 }

    /// Hands COPY data to libpq, which keeps what the socket does not take; flush before handing over more.
    func putCopyData(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return true }
            return PQputCopyData(connection, base.assumingMemoryBound(to: CChar.self), Int32(buffer.count)) == 1
        }
    }

    /// Ends the COPY; with a reason, the server discards all of it and reports an error.
    func putCopyEnd(failing reason: String?) -> Bool {
        PQputCopyEnd(connection, reason) == 1
    }

    // MARK: Receiving

    func flush() -> FlushOutcome {
        switch PQflush(connection) {
        case 0: .done
        case 1: .pending
        default: .failed
        }
    }

    /// Reads what has arrived; false when the connection broke.
    func consumeInput() -> Bool { PQconsumeInput(connection) == 1 }
    /// Reads whatever an idle server has sent, to the last byte at hand, without waiting; false when it has hung up.
    ///
    /// One read may bring the farewell and the next the end of the stream, so one is not enough.
    func consumeAllInput() -> Bool {
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while isAlive, poll(&entry, 1, 0) > 0 {
            guard consumeInput() else { return false }
        }
        return isAlive
    }

    /// Whether `takeResult` would have to wait for the server.
    var isBusy: Bool { PQisBusy(connection) == 1 }

    /// The next result; nil at the end of a statement. Call only when not busy, or when the connection is dead.
    func takeResult() -> ServerResult? {
        guard let result = PQgetResult(connection) else { return nil }
        return ServerResult(owning: result)
    }
}

extension EncodedParameters {
    /// Lends the parameters in the shape of libpq's arrays; valid only during the call.
    fileprivate func withLibPQArrays(
        _ body: (
            _ types: UnsafePointer<Oid>?, _ values: UnsafePointer<UnsafePointer<CChar>?>?,
            _ lengths: UnsafePointer<Int32>?, _ formats: UnsafePointer<Int32>?, _ count: Int32
        ) -> Bool
    ) -> Bool {
        guard count > 0 else { return body(nil, nil, nil, nil, 0) }
        return bytes.withUnsafeBytes { buffer in
            // Never nil for a present value: each is followed by a NUL, so the buffer is not empty.
            let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values: [UnsafePointer<CChar>?] = starts.map { start in start.flatMap { base?.advanced(by: $0) } }
            return body(types, values, lengths, formats, Int32(count))
        }
    }
}

/// Lends strings as a NULL-ended array of C strings; valid only during the call.
private func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R
) -> R {
    var bytes: [CChar] = []
    var starts: [Int] = []
    for string in strings {
        starts.append(bytes.count)
        bytes += string.utf8.map { CChar(bitPattern: $0) } + [0]
    }
    return bytes.withUnsafeBufferPointer { buffer in
        let pointers: [UnsafePointer<CChar>?] = starts.map { buffer.baseAddress?.advanced(by: $0) } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
