/// The two forms in which COPY reads rows.
package enum PostgresCopyFormat: Sendable {
    /// The statement must say `(format binary)`. Rows are written with `write(row:)`; columns must match exactly.
    case binary
    /// The default form of COPY: tab-separated lines. Rows are written with `write(line:)` or as ready bytes.
    case text
}

extension PostgresConnection {
    /// Streams rows to `COPY … FROM STDIN`, holding at most a chunk of them in memory.
    ///
    /// The closure runs in the caller's isolation. If it throws, the COPY is aborted on the server, which keeps none of
    /// its rows, and the error is passed on; the connection stays usable.
    ///
    /// - Parameters:
    ///   - format: must agree with the statement.
    ///   - timeLimit: for each chunk sent and for the end, not for the whole.
    /// - Returns: the number of rows copied.
    ///
    /// **Errors**: what the closure throws; else `PostgresError`.
    @discardableResult
    package nonisolated func copyIn(
        _ sql: SQL, format: PostgresCopyFormat, timeLimit: Duration? = nil,
        _ body: (PostgresCopyWriter) async throws -> Void
    ) async throws -> Int {
        let limit = timeLimit ?? configuration.statementTimeLimit
        try await startCopy(sql.text, timeLimit: limit)
        let writer = PostgresCopyWriter(connection: self, format: format, timeLimit: limit)
        do {
            try await body(writer)
            try await writer.finish()
        } catch {
            _ = try? await endCopy(failing: "abandoned by the client", timeLimit: limit)
            // When the server gave up first, its reason explains the writer's error.
            throw writer.serverFailure ?? error
        }
        return try await endCopy(failing: nil, timeLimit: limit)
    }

    private func startCopy(_ text: String, timeLimit: Duration?) async throws(PostgresError) {
        try checkText(text)
        try await raiseServerLimit(for: timeLimit)
        let none = try EncodedParameters([])
        try await perform(timeLimit: timeLimit) { (link, operation) throws(PostgresError) in
            guard link.sendQuery(text, none) else { throw Self.sendFailed }
            guard let result = try operation.nextResult() else { throw Self.sendFailed }
            switch result.status {
            case .copyIn: isCopying = true
            case .failed:
                let error = result.error()
                while try operation.nextResult() != nil {}
                throw error
            default: throw PostgresError(.misuse, "the statement is not COPY FROM STDIN")
            }
        }
    }

    /// Sends a chunk and waits until the socket has taken it.
    ///
    /// - Returns: the server's error if it ended the COPY meanwhile.
    func sendCopyData(_ bytes: [UInt8], timeLimit: Duration?) async throws(PostgresError) -> PostgresError? {
        guard isCopying else { throw PostgresError(.misuse, "no COPY is under way") }
        let isTaken = try await perform(timeLimit: timeLimit, canCancel: false) {
            (link, operation) throws(PostgresError) in
            guard link.putCopyData(bytes) else { return false }
            try operation.flushAll()
            return true
        }
        guard !isTaken else { return nil }
        do throws(PostgresError) {
            try await endCopy(failing: nil, timeLimit: timeLimit)
            return PostgresError(.connectionLost, "the COPY ended before its time")
        } catch {
            return error
        }
    }

    /// Ends the COPY, once: later calls do nothing. Not cancelled with the task, as it is what cleans up.
    @discardableResult
    func endCopy(failing reason: String?, timeLimit: Duration?) async throws(PostgresError) -> Int {
        guard isCopying else { return 0 }
        return try await perform(timeLimit: timeLimit, isShielded: true) { (link, operation) throws(PostgresError) in
            // Refused when the server has ended the COPY already; its reason is among the results.
            _ = link.putCopyEnd(failing: reason)
            isCopying = false
            return try operation.collect().affectedRowCount
        }
    }
}

/// Takes the rows of one COPY; valid only inside the closure it was given to.
package final class PostgresCopyWriter {
    /// Chunks are sent when they reach this size.
    package static let chunkBytes = 64 * 1024

    private let connection: PostgresConnection
    private let format: PostgresCopyFormat
    private let timeLimit: Duration?
    private var buffer: [UInt8] = []
    /// Why the server ended the COPY, if it did.
    fileprivate private(set) var serverFailure: PostgresError?

    fileprivate init(connection: PostgresConnection, format: PostgresCopyFormat, timeLimit: Duration?) {
        self.connection = connection
        self.format = format
        self.timeLimit = timeLimit
        buffer.reserveCapacity(Self.chunkBytes * 2)
        if format == .binary {
            buffer += [UInt8]("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00]
            buffer.appendInteger(Int32(0))  // flags
            buffer.appendInteger(Int32(0))  // length of the header's extension
        }
    }

    /// Writes bytes that are in the COPY's format already.
    package func write(_ bytes: [UInt8]) async throws(PostgresError) {
        if bytes.count >= Self.chunkBytes {
            try await flush()
            var start = 0
            while start < bytes.count {
                let end = min(start + Self.chunkBytes, bytes.count)
                try await send([UInt8](bytes[start..<end]))
                start = end
            }
        } else {
            buffer += bytes
            try await flushIfFull()
        }
    }

    /// Writes one row in binary form; each value's type must be exactly its column's.
    package func write(row: [any PostgresEncodable]) async throws(PostgresError) {
        guard format == .binary else { throw PostgresError(.misuse, "rows of values need the binary format") }
        guard let count = Int16(exactly: row.count) else { throw PostgresError(.encode, "too many columns") }
        let rowStart = buffer.count
        do throws(PostgresError) {
            buffer.appendInteger(count)
            for value in row { try BinaryArray.appendElement(value, into: &buffer) }
        } catch {
            buffer.removeLast(buffer.count - rowStart)
            throw error
        }
        try await flushIfFull()
    }

    /// Writes one row in text form, escaped; nil is NULL. Values are read as the column's type reads text.
    package func write(line: [String?]) async throws(PostgresError) {
        guard format == .text else { throw PostgresError(.misuse, "lines of text need the text format") }
        for (index, field) in line.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: "\t")) }
            guard let field else {
                buffer += [UInt8(ascii: "\\"), UInt8(ascii: "N")]
                continue
            }
            for byte in field.utf8 {
                switch byte {
                case UInt8(ascii: "\\"): buffer += [UInt8(ascii: "\\"), byte]
                case UInt8(ascii: "\n"): buffer += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
                case UInt8(ascii: "\r"): buffer += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
                case UInt8(ascii: "\t"): buffer += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
                default: buffer.append(byte)
                }
            }
        }
        buffer.append(UInt8(ascii: "\n"))
        try await flushIfFull()
    }

    private func flushIfFull() async throws(PostgresError) {
        if buffer.count >= Self.chunkBytes { try await flush() }
    }

    private func flush() async throws(PostgresError) {
        guard !buffer.isEmpty else { return }
        try await send(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private func send(_ bytes: [UInt8]) async throws(PostgresError) {
        if let failure = try await connection.sendCopyData(bytes, timeLimit: timeLimit) {
            serverFailure = failure
            throw failure
        }
    }

    fileprivate func finish() async throws(PostgresError) {
        if format == .binary { buffer.appendInteger(Int16(-1)) }
        try await flush()
    }
}
