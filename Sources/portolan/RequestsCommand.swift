internal import ArgumentParser
internal import Foundation
internal import Postgres

struct RequestsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requests", abstract: "Which requests were sent to platforms, and how they went.",
        discussion: """
            The newest come first. They are written about a second after their end and kept as long as \
            portolan.retention says. The same in SQL: select * from portolan.requests order by sent_at desc limit 50; \
            and summed up: select * from portolan.request_stats;
            """)

    @Option(help: "Only of this connection.")
    var connection: String?

    @Option(help: "Only to this platform.")
    var platform: String?

    @Flag(help: "Only those that failed, or were answered with 400 or more.")
    var failed = false

    @Option(help: "How far back, e.g. 90s, 15m, 1h, 2d.")
    var since: TimeSpan = TimeSpan(seconds: 3600)

    @Option(help: "How many at most.")
    var limit: Int = 50

    @Flag(help: "One JSON array instead of a table; with --watch, one JSON object a line.")
    var json = false

    @Flag(help: "Goes on showing new ones as they come, the newest last, until Ctrl-C.")
    var watch = false

    @Option(help: "With --watch: ends after so many looks.")
    var times: Int?

    @OptionGroup var queue: QueueOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 10000") }
        if let times, times < 1 { throw ValidationError("--times is a number from 1 on") }
        if times != nil, !watch { throw ValidationError("--times goes with --watch only") }
    }

    func run() async throws {
        try await queue.withQueue("requests") { open in
            var connectionID: Int64?
            if let connection { connectionID = try await open.connectionID(named: connection) }
            if let platform { try await PlatformName.check(platform, in: open) }
            let search = RequestSearch(
                connectionID: connectionID, platform: platform, isFailures: failed)
            let parameters = search.parameters(within: since.seconds, endedWithin: since.seconds, limit: limit)
            if watch {
                try await follow(search, in: open)
            } else if json {
                print(try await open.array(search.sql, parameters))
            } else {
                let lines = try await open.rows(SQL(unsafeText: search.sql), parameters).map { try RequestLine($0) }
                print(lines.isEmpty ? "no such requests" : RequestLine.table(lines).text)
            }
        }
    }

    /// Looks again and again at what ended in the last seconds: it is written within a second or two.
    private func follow(_ search: RequestSearch, in open: OpenQueue) async throws {
        var shown: Set<String> = []
        var parameters = search.parameters(within: since.seconds, endedWithin: since.seconds, limit: limit)
        var looks = 0
        while true {
            let start = ContinuousClock.now
            let rows = try await open.rows(
                SQL(
                    unsafeText: "select row_to_json(q)::text as json, k.* from (\(search.keyedSQL)) k, "
                        + "lateral (select \(RequestSearch.names(of: "k"))) q"), parameters)
            var seen: Set<String> = []
            for row in rows.reversed() {
                let key: String = try row.decode("key")
                seen.insert(key)
                guard !shown.contains(key) else { continue }
                Environment.print(json ? try row.decode("json") : try RequestLine(row).text)
            }
            // What is not found any more will not be found again.
            shown = seen
            parameters = search.parameters(
                within: Self.longestSeconds, endedWithin: Self.lookBackSeconds, limit: Self.lookLimit)
            looks += 1
            if looks == times { return }
            // Looking never takes more than a tenth of the time.
            try await Task.sleep(for: max(.seconds(1), start.duration(to: .now) * 10))
        }
    }

    private static let lookBackSeconds = 20.0
    private static let lookLimit = 10_000
    /// Longer than any request takes.
    private static let longestSeconds = 900.0
}

/// A span of time as people write it: a number and `s`, `m`, `h` or `d`.
struct TimeSpan: ExpressibleByArgument, CustomStringConvertible {
    let seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
        guard let unit = argument.last, let factor = ["s": 1.0, "m": 60, "h": 3600, "d": 86_400][unit],
            let number = Int(argument.dropLast()), (1...100_000).contains(number)
        else { return nil }
        seconds = Double(number) * factor
    }

    var description: String { Duration.seconds(seconds).inWords.replacing(" ", with: "") }
    var defaultValueDescription: String { "1h" }
}

/// The statement that finds requests.
struct RequestSearch {
    let connectionID: Int64?
    let platform: String?
    let isFailures: Bool

    private static let columns = [
        "sent_at", "connection", "platform", "resource", "job_id", "worker_id", "method", "route", "status",
        "error_code", "request_id", "bytes_sent", "bytes_received", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms",
        "total_ms", "token_wait_ms", "http_version", "reused",
    ]

    static func names(of table: String) -> String { columns.map { "\(table).\($0)" }.joined(separator: ", ") }

    var sql: String { "select \(Self.names(of: "r"))" + rest }

    /// With a name for each row, which it keeps.
    var keyedSQL: String { "select \(Self.names(of: "r")), r.key" + rest }

    /// Parameters: seconds since it was sent, and since it ended; connection, platform, limit.
    private var rest: String {
        """
         from (select q.*, c.name as connection, q.tableoid::text || q.ctid::text as key
               from portolan.requests q left join portolan.connections c using (connection_id)
               where q.sent_at > portolan.now() - make_interval(secs => $1)
                 and q.sent_at + q.total_ms * interval '1 ms' > portolan.now() - make_interval(secs => $2)
                 and ($3::bigint is null or q.connection_id = $3) and ($4::text is null or q.platform = $4)
                 \(isFailures ? "and (q.status is null or q.status >= 400 or q.error_code is not null)" : "")
               order by q.sent_at desc limit $5) r
        """
    }

    func parameters(within seconds: Double, endedWithin ended: Double, limit: Int) -> [any PostgresEncodable] {
        [seconds, ended, connectionID, platform, Int32(limit)]
    }
}

/// One request as a line for people.
struct RequestLine {
    private let cells: [String]

    private static let header = [
        "SENT", "CONNECTION", "REQUEST", "STATUS", "TOOK", "FIRST BYTE", "WAITED", "SENT B", "RECEIVED B", "REQUEST ID",
    ]

    init(_ row: PostgresRow) throws {
        let sentAt: Date = try row.decode("sent_at")
        let status = try row.decode("status", as: Int32?.self).map { "\($0)" }
        let error: String? = try row.decode("error_code")
        let (method, route): (String, String) = (try row.decode("method"), try row.decode("route"))
        let firstByte: Double? = try row.decode("first_byte_ms")
        let (total, waited): (Double, Double) = (try row.decode("total_ms"), try row.decode("token_wait_ms"))
        let (sent, received): (Int64, Int64) = (try row.decode("bytes_sent"), try row.decode("bytes_received"))
        cells = [
            Self.clock(sentAt), try row.decode("connection") ?? "-", "\(method) \(route)".cell(60),
            [status, error].compactMap { $0 }.joined(separator: " "), Self.milliseconds(total),
            firstByte.map(Self.milliseconds) ?? "-", waited > 0 ? Self.milliseconds(waited) : "-", "\(sent)",
            "\(received)", (try row.decode("request_id", as: String?.self) ?? "").cell(40),
        ]
    }

    /// On a line of its own.
    var text: String { cells.filter { $0 != "-" && !$0.isEmpty }.joined(separator: "  ") }

    static func table(_ lines: [RequestLine]) -> Table {
        var table = Table(header)
        for line in lines { table.add(line.cells) }
        return table
    }

    private static func milliseconds(_ value: Double) -> String {
        value < 10_000 ? "\(Int(value.rounded())) ms" : Duration.milliseconds(Int64(value)).inWords
    }

    /// UTC, to the millisecond.
    private static func clock(_ date: Date) -> String {
        date.formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true).time(includingFractionalSeconds: true)
                .timeZone(separator: .omitted))
    }
}
