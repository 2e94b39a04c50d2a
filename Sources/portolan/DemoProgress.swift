internal import Foundation
internal import LocalServers
internal import Postgres

/// Shows the streams of the demonstration until all are in sync: a table that stays in place on a terminal, plain lines
/// elsewhere.
struct DemoProgress {
    let pool: PostgresPool
    let isLive: Bool

    enum Ending {
        case inSync
        case failed(String)
    }

    private struct Stream {
        let connection: String
        let resource: String
        let state: String
        let code: String?
        let records: Int64
        let hasCaughtUp: Bool

        /// A stream that is degraded has read all that its server allows: that counts.
        var isSettled: Bool { hasCaughtUp && ["in_sync", "degraded"].contains(state) }
    }

    func watch(within limit: Duration, roles: [(name: String, process: ChildProcess)]) async throws -> Ending {
        let start = ContinuousClock.now
        var printed = 0
        var last: (records: Int64, at: ContinuousClock.Instant) = (0, start)
        var lastLine = ContinuousClock.Instant.now - .seconds(60)
        while true {
            let streams = try await readStreams()
            let jobs = try await readJobs()
            let records = streams.reduce(0) { $0 + $1.records }
            let now = ContinuousClock.now
            let rate = Double(records - last.records) / max(last.at.duration(to: now).seconds, 0.001)
            last = (records, now)
            let settled = streams.count(where: \.isSettled)
            let line =
                "\(start.duration(to: now).clock)  \(settled)/\(streams.count) streams in sync  \(records) records"
                + "  \(Int(max(rate, 0)))/s  jobs: \(jobs.running) running, \(jobs.waiting) waiting, \(jobs.done) done"
            let isOver = settled == streams.count && !streams.isEmpty
            if isLive {
                printed = redraw(streams, line, over: printed)
            } else if isOver || lastLine.duration(to: now) >= .seconds(2) {
                Environment.print(line)
                lastLine = now
            }
            if isOver { return .inSync }
            if let blocked = streams.first(where: { $0.state == "blocked" }) {
                return .failed("\(blocked.connection) \(blocked.resource) is blocked: \(blocked.code ?? "no code")")
            }
            if let dead = roles.first(where: { $0.process.exitStatus != nil }) {
                return .failed("the \(dead.name) ended by itself; see its log")
            }
            if start.duration(to: now) > limit {
                let late = streams.filter { !$0.isSettled }.map { "\($0.connection) \($0.resource) (\($0.state))" }
                return .failed("after \(limit.seconds.rounded()) s: \(late.joined(separator: ", "))")
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func redraw(_ streams: [Stream], _ line: String, over printed: Int) -> Int {
        // A table that is taller than the screen cannot be drawn over.
        let isTall = streams.count + 4 > Environment.terminalHeight
        let text = (isTall ? byConnection(streams) : byStream(streams)).text + "\n\n" + line
        let up = printed > 0 ? "\u{1B}[\(printed)A\u{1B}[J" : ""
        Environment.print(up + text)
        return text.split(separator: "\n", omittingEmptySubsequences: false).count
    }

    private func byStream(_ streams: [Stream]) -> Table {
        var table = Table(["CONNECTION", "RESOURCE", "STATE", "RECORDS"])
        for stream in streams { table.add([stream.connection, stream.resource, stream.state, "\(stream.records)"]) }
        return table
    }

    private func byConnection(_ streams: [Stream]) -> Table {
        var table = Table(["CONNECTION", "IN SYNC", "RECORDS"])
        for (connection, own) in Dictionary(grouping: streams, by: \.connection).sorted(by: { $0.key < $1.key }) {
            let records = own.reduce(0) { $0 + $1.records }
            table.add([connection, "\(own.count(where: \.isSettled))/\(own.count)", "\(records)"])
        }
        return table
    }

    private func readStreams() async throws -> [Stream] {
        try await pool.query(
            """
            select c.name, s.resource, s.state, s.state_code, s.records_count, s.caught_up_at is not null as caught_up
            from portolan.streams s join portolan.connections c using (connection_id) order by 1, 2
            """
        ).map { row in
            Stream(
                connection: try row.decode("name"), resource: try row.decode("resource"),
                state: try row.decode("state"),
                code: try row.decode("state_code"), records: try row.decode("records_count"),
                hasCaughtUp: try row.decode("caught_up"))
        }
    }

    private func readJobs() async throws -> (running: Int64, waiting: Int64, done: Int64) {
        let rows = try await pool.query(
            """
            select (select count(*) from portolan.leases) as running,
                   (select count(*) from portolan.jobs_now where state <> 'running') as waiting,
                   (select count(*) from portolan.job_history where outcome = 'done') as done
            """)
        guard let row = rows.first else { return (0, 0, 0) }
        return try row.decode(Int64.self, Int64.self, Int64.self)
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// Minutes and seconds.
    var clock: String {
        let seconds = components.seconds
        return (seconds / 60 < 10 ? "0" : "") + "\(seconds / 60):" + (seconds % 60 < 10 ? "0" : "") + "\(seconds % 60)"
    }
}
