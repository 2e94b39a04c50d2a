internal import CLibPQ

/// The one owner of a `PGresult`; its content is copied into Swift values, and it is freed at the end of its scope.
struct ServerResult: ~Copyable {
    enum Status {
        case rows, command, empty, copyIn, copyOther, pipelineSync, pipelineAborted, failed
    }

    private let result: OpaquePointer

    init(owning result: OpaquePointer) {
        self.result = result
    }

    deinit {
        PQclear(result)
    }

    var status: Status {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: .rows
        case PGRES_COMMAND_OK: .command
        case PGRES_EMPTY_QUERY: .empty
        case PGRES_COPY_IN: .copyIn
        case PGRES_COPY_OUT, PGRES_COPY_BOTH: .copyOther
        case PGRES_PIPELINE_SYNC: .pipelineSync
        case PGRES_PIPELINE_ABORTED: .pipelineAborted
        default: .failed
        }
    }

    private func field(_ field: portolan_diag_field) -> String? {
        portolan_result_field(result, field).map { String(cString: $0) }
    }

    /// The error this result reports. A FATAL or stateless one means that the connection is gone.
    func error() -> PostgresError {
        let fields = PostgresError.ServerFields(
            severity: field(PORTOLAN_DIAG_SEVERITY), message: field(PORTOLAN_DIAG_MESSAGE),
            detail: field(PORTOLAN_DIAG_DETAIL), hint: field(PORTOLAN_DIAG_HINT),
            context: field(PORTOLAN_DIAG_CONTEXT), position: field(PORTOLAN_DIAG_POSITION).flatMap { Int($0) },
            schema: field(PORTOLAN_DIAG_SCHEMA), table: field(PORTOLAN_DIAG_TABLE),
            column: field(PORTOLAN_DIAG_COLUMN), constraint: field(PORTOLAN_DIAG_CONSTRAINT),
            function: field(PORTOLAN_DIAG_FUNCTION))
        guard let sqlState = field(PORTOLAN_DIAG_SQLSTATE) else {
            return PostgresError(.connectionLost, "the connection to the server was lost")
        }
        if fields.severity == "FATAL" || fields.severity == "PANIC" {
            return PostgresError(.connectionLost, "the server ended the connection", sqlState: sqlState, server: fields)
        }
        return PostgresError(.server, "the server refused the statement", sqlState: sqlState, server: fields)
    }

    /// Copies everything out: two allocations for all cells, however many there are.
    func rows() -> PostgresRows {
        let rowCount = Int(PQntuples(result))
        let columnCount = Int(PQnfields(result))
        let columns = (0..<columnCount).map { index in
            PostgresRows.Column(
                name: String(cString: PQfname(result, Int32(index))),
                type: PostgresType(rawValue: PQftype(result, Int32(index))))
        }
        var cells: [PostgresRows.Cell] = []
        cells.reserveCapacity(rowCount * columnCount)
        var total = 0
        for row in 0..<Int32(rowCount) {
            for column in 0..<Int32(columnCount) {
                if PQgetisnull(result, row, column) != 0 {
                    cells.append(PostgresRows.Cell(start: 0, length: -1))
                } else {
                    let length = Int(PQgetlength(result, row, column))
                    cells.append(PostgresRows.Cell(start: total, length: length))
                    total += length
                }
            }
        }
        // Asked for no capacity at all, the initialiser would write to the empty array that all threads share.
        let bytes =
            total == 0
            ? []
            : [UInt8](unsafeUninitializedCapacity: total) { buffer, count in
                for (index, cell) in cells.enumerated() where cell.length > 0 {
                    let source = PQgetvalue(result, Int32(index / columnCount), Int32(index % columnCount))!
                    UnsafeMutableRawPointer(buffer.baseAddress! + cell.start).copyMemory(
                        from: source, byteCount: cell.length)
                }
                count = total
            }
        return PostgresRows(
            columns: columns, count: rowCount, cells: cells, bytes: bytes,
            affectedRowCount: PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0,
            commandTag: PQcmdStatus(result).map { String(cString: $0) } ?? "")
    }
}
