/// The answer to a statement: its rows, copied out of libpq, and how many rows it touched.
package struct PostgresRows: Sendable, RandomAccessCollection {
    /// A result's column.
    package struct Column: Sendable {
        package let name: String
        package let type: PostgresType
    }

    /// Where a cell lies in `bytes`; a negative length is NULL.
    struct Cell: Sendable {
        let start: Int
        let length: Int
    }

    package let columns: [Column]
    /// Rows inserted, updated, deleted or selected; 0 for statements that count none.
    package let affectedRowCount: Int
    /// The command tag, such as `INSERT 0 1` or `COMMIT`.
    package let commandTag: String
    /// How many rows were returned.
    package let count: Int
    private let cells: [Cell]
    private let bytes: [UInt8]

    init(columns: [Column], count: Int, cells: [Cell], bytes: [UInt8], affectedRowCount: Int, commandTag: String) {
        self.columns = columns
        self.count = count
        self.cells = cells
        self.bytes = bytes
        self.affectedRowCount = affectedRowCount
        self.commandTag = commandTag
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }

    package subscript(index: Int) -> PostgresRow {
        precondition(index >= 0 && index < count, "row \(index) of \(count)")
        return PostgresRow(rows: self, index: index)
    }

    fileprivate func decode<T: PostgresDecodable>(
        row: Int, column index: Int, as type: T.Type
    ) throws(PostgresError) -> T {
        let column = columns[index]
        let cell = cells[row * columns.count + index]
        let result: Result<T, PostgresError> = bytes.withUnsafeBytes { buffer in
            let content =
                cell.length < 0 ? nil : UnsafeRawBufferPointer(rebasing: buffer[cell.start..<cell.start + cell.length])
            let cell = PostgresCell(bytes: content, type: column.type, column: column.name)
            do throws(PostgresError) { return .success(try T.decode(cell)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

/// One row of a result. Reading a cell throws, it never traps.
package struct PostgresRow: Sendable {
    fileprivate let rows: PostgresRows
    package let index: Int

    package var columns: [PostgresRows.Column] { rows.columns }

    /// Reads the column of that name; where several share it, the first.
    package func decode<T: PostgresDecodable>(_ name: String, as type: T.Type = T.self) throws(PostgresError) -> T {
        guard let index = rows.columns.firstIndex(where: { $0.name == name }) else {
            throw PostgresError(.decode, "the result has no column \(name); it was to be read as \(T.self)")
        }
        return try rows.decode(row: self.index, column: index, as: type)
    }

    /// Reads the column at a position, counted from 0.
    package func decode<T: PostgresDecodable>(at column: Int, as type: T.Type = T.self) throws(PostgresError) -> T {
        guard rows.columns.indices.contains(column) else {
            throw PostgresError(
                .decode, "the result has \(rows.columns.count) columns; number \(column) was to be read as \(T.self)")
        }
        return try rows.decode(row: index, column: column, as: type)
    }

    /// Reads the first columns in order: `let (id, name) = try row.decode(Int64.self, String.self)`.
    package func decode<First: PostgresDecodable, each Rest: PostgresDecodable>(
        _ first: First.Type, _ rest: repeat (each Rest).Type
    ) throws(PostgresError) -> (First, repeat each Rest) {
        var column = 0
        func next<T: PostgresDecodable>(_ type: T.Type) throws(PostgresError) -> T {
            defer { column += 1 }
            return try decode(at: column, as: type)
        }
        return (try next(first), repeat try next(each rest))
    }
}
