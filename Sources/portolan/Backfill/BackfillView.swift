internal import Foundation
internal import Postgres

/// One backfill as people and programs see it: a row of `portolan.backfill_progress`.
struct BackfillView {
    let open: OpenQueue
    let number: Int64

    private static let sql = "select * from portolan.backfill_progress where backfill_id = $1"

    /// The row as a JSON object.
    ///
    /// - Throws: ``SettingsError`` when there is none of that number.
    func object() async throws -> String {
        guard let object = try await open.objects(Self.sql, [number]).first else { throw missing }
        return object
    }

    private var missing: SettingsError {
        SettingsError("there is no backfill \(number); see: portolan backfills list")
    }

    /// Where it has come to.
    struct Progress {
        let connection: String
        let state: String
        let share: Double
        let chunks: Int32
        let failedChunks: Int32
        let records: Int64
        let secondsLeft: Double?
        let notes: [String]
        let failedWindows: [String]
        let code: String?

        var isOver: Bool { ["done", "failed", "cancelled", "poison"].contains(state) }

        /// `[########------------]  40.0 %  12 chunks, 4213 records, 2 min left`
        func line(width: Int = 30) -> String {
            let full = Int((share * Double(width)).rounded(.down))
            let bar = String(repeating: "#", count: full) + String(repeating: "-", count: width - full)
            let percent = String(format: "%5.1f %%", share * 100)
            var parts = [chunks.of("chunk"), records.of("record")]
            if failedChunks > 0 { parts.append("\(failedChunks) failed") }
            if let secondsLeft, !isOver { parts.append("\(Duration.seconds(secondsLeft).inWords) left") }
            return "\(state)  [\(bar)] \(percent)  \(parts.joined(separator: ", "))"
        }
    }

    func progress() async throws -> Progress {
        let rows = try await open.rows(
            """
            select connection, state, coalesce(share_done, 0)::float8 as share, chunks_count, chunks_failed,
                   records_count, extract(epoch from time_left)::float8 as seconds_left, notes, failed_windows, last_code
            from portolan.backfill_progress where backfill_id = $1
            """, [number])
        guard let row = rows.first else { throw missing }
        return Progress(
            connection: try row.decode("connection"), state: try row.decode("state"), share: try row.decode("share"),
            chunks: try row.decode("chunks_count"), failedChunks: try row.decode("chunks_failed"),
            records: try row.decode("records_count"), secondsLeft: try row.decode("seconds_left"),
            notes: try row.decode("notes", as: [String]?.self) ?? [],
            failedWindows: try row.decode("failed_windows", as: [String]?.self) ?? [],
            code: try row.decode("last_code"))
    }

    /// Shows it until it has ended: in place on a terminal, a line for each change elsewhere.
    ///
    /// - Throws: ``SettingsError`` when it did not end well.
    func watch(json: Bool) async throws {
        var last = ""
        let isLive = Environment.isOutputATerminal && !json
        while true {
            let progress = try await progress()
            let line = json ? try await object() : "backfill \(number)  \(progress.connection)  \(progress.line())"
            if line != last {
                Environment.print(isLive ? "\r\u{1B}[K\(line)" : line, terminator: isLive ? "" : "\n")
                last = line
            }
            if progress.isOver {
                if isLive { Environment.print("") }
                if !json { progress.notes.forEach { Environment.print("note: \($0)") } }
                if progress.state == "done" { return }
                throw SettingsError(Self.ending(progress, number))
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private static func ending(_ progress: Progress, _ number: Int64) -> String {
        let windows = progress.failedWindows.isEmpty ? "" : ": " + progress.failedWindows.joined(separator: "; ")
        let code = progress.code.map { " (\($0))" } ?? ""
        return "backfill \(number) is \(progress.state)\(code)\(windows); see: portolan backfills show \(number)"
    }
}
