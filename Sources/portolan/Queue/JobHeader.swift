internal import Foundation
internal import Jobs
internal import Postgres

/// Who a job is and how it stands.
struct JobHeader {
    let id: Int64
    let kind: String
    let connection: String?
    let platform: String?
    let band: String
    let state: String
    let attempt: Int32
    let attemptsMax: Int32?
    let snoozes: Int32
    let rescues: Int16
    let runs: Int32
    let pages: Int32
    let records: Int64
    let key: String?
    let parent: Int64?
    let arguments: String
    let argumentsVersion: Int16
    let isCancelAsked: Bool
    /// First digits of the id of who has it now.
    let worker: String?
    let error: String?
    let children: JobDescription.Children

    static let sql = """
        select j.*, c.name as connection, c.platform
        from (select j.job_id, j.connection_id, j.kind, j.band, j.state, nullif(j.run_at, 'infinity') as run_at,
                     j.created_at, j.claimed_at as started_at, null::timestamptz as finished_at, j.attempt,
                     j.max_attempts,
                     j.snoozes, j.rescues, j.runs, j.pages_count, j.records_count, j.parent_job_id, j.dedupe_key,
                     j.worker_id, j.cancel_at, j.args, j.args_version, j.last_error as error
              from portolan.jobs_now j where j.job_id = $1
              union all
              (select h.job_id, h.connection_id, h.kind, h.band, h.outcome, null, h.created_at, h.started_at,
                      h.finished_at, h.attempt, null, h.snoozes, h.rescues, h.runs, h.pages_count, h.records_count, h.parent_job_id,
                      h.dedupe_key, h.worker_id, null, h.args, h.args_version, h.error
               from portolan.job_history h where h.job_id = $1 order by h.finished_at desc limit 1)
              limit 1) j
        left join portolan.connections c using (connection_id)
        """

    static let childrenSQL = """
        select (select count(*) from portolan.jobs where parent_job_id = $1) as live,
               count(*) filter (where outcome = 'done') as done,
               count(*) filter (where outcome in ('failed', 'poison')) as failed,
               count(*) filter (where outcome = 'cancelled') as cancelled
        from portolan.job_history where parent_job_id = $1
        """

    /// Nil when there is no such job.
    static func read(_ job: Int64, in open: OpenQueue) async throws -> JobHeader? {
        guard let row = try await open.rows(SQL(unsafeText: sql), [job]).first else { return nil }
        let counts = try await open.rows(SQL(unsafeText: childrenSQL), [job]).first?.decode(
            Int64.self, Int64.self, Int64.self, Int64.self)
        let error = try row.decode("error", as: PostgresJSON?.self).flatMap {
            try? JSONSerialization.jsonObject(with: Data($0.bytes)) as? [String: Any]
        }
        let words = [error?["code"], error?["message"] ?? error?["why"]].compactMap { $0 as? String }
        return JobHeader(
            id: job, kind: try row.decode("kind"), connection: try row.decode("connection"),
            platform: try row.decode("platform"), band: try row.decode("band"), state: try row.decode("state"),
            attempt: try row.decode("attempt"), attemptsMax: try row.decode("max_attempts"),
            snoozes: try row.decode("snoozes"), rescues: try row.decode("rescues"), runs: try row.decode("runs"),
            pages: try row.decode("pages_count"), records: try row.decode("records_count"),
            key: try row.decode("dedupe_key"), parent: try row.decode("parent_job_id"),
            arguments: try row.decode("args", as: PostgresJSON.self).text,
            argumentsVersion: try row.decode("args_version"),
            isCancelAsked: try row.decode("cancel_at", as: Date?.self) != nil,
            worker: try row.decode("worker_id", as: UUID?.self).map { String($0.uuidString.lowercased().prefix(8)) },
            error: words.isEmpty ? nil : words.joined(separator: ": "),
            children: counts.map {
                JobDescription.Children(live: Int($0.0), done: Int($0.1), failed: Int($0.2), cancelled: Int($0.3))
            } ?? JobDescription.Children())
    }

    var isEnded: Bool { JobDescription.State(rawValue: state)?.isEnd == true }

    var text: String {
        var lines: [(String, String)] = []
        lines.append(("state", isCancelAsked ? "\(state); it is asked to stop" : state))
        lines.append(("band", band))
        let limit = attemptsMax.map { " of \($0)" } ?? ""
        lines.append(
            ("attempts", "\(attempt)\(limit), \(runs.of("run")), \(snoozes.of("snooze")), \(rescues.of("rescue"))"))
        lines.append(("progress", "\(pages.of("page")), \(records.of("record"))"))
        lines.append(("arguments", arguments.cell() + (argumentsVersion == 1 ? "" : " (version \(argumentsVersion))")))
        if let key { lines.append(("key", key.cell())) }
        if let worker, !isEnded { lines.append(("worker", worker)) }
        if let parent { lines.append(("part of", "job \(parent)")) }
        if children != JobDescription.Children() { lines.append(("children", children.words)) }
        if let error { lines.append((isEnded ? "error" : "last error", error.cell())) }
        let place =
            connection.map { name in "\(name)" + (platform.map { " (\($0))" } ?? "") }
            ?? "a connection that was removed"
        let rows = lines.map { name, value in
            "  " + name + String(repeating: " ", count: max(1, 12 - name.count)) + value
        }
        return (["job \(id): \(kind) for \(place)"] + rows).joined(separator: "\n")
    }

    /// What can be done about it: commands, the likeliest first.
    func advice(in open: OpenQueue) async throws -> [String] {
        var advice: [String] = []
        switch JobDescription.State(rawValue: state) {
        case .failed, .poison:
            if children.failed > 0 { advice.append("portolan jobs list --parent \(id) --failed") }
            advice.append("portolan jobs retry \(id)")
        case .cancelled: advice.append("portolan jobs retry \(id)")
        case .awaiting:
            advice.append("portolan jobs list --parent \(id)")
            if children.failed > 0 { advice.append("portolan jobs list --parent \(id) --failed") }
        case .queued, .scheduled:
            advice += try await open.rows(Self.obstacles, [id]).map { row in try row.decode(at: 0) }
            if state == "scheduled" { advice.append("portolan jobs retry \(id)") }
            advice.append("portolan jobs cancel \(id)")
        case .running, .handedOver: if !isCancelAsked { advice.append("portolan jobs cancel \(id)") }
        case .done, .merged, nil: break
        }
        return advice
    }

    private static let obstacles: SQL = """
        select case p.scope when 'connection' then 'portolan resume connection ' || c.name
                            else 'portolan resume ' || p.scope || ' ' || p.name end
        from portolan.jobs j join portolan.lanes l using (lane_id)
        left join portolan.connections c on c.connection_id = j.connection_id
        join portolan.pauses p on (p.scope, p.name) in
          (('connection', j.connection_id::text), ('platform', l.platform), ('kind', j.kind), ('band', j.band))
        where j.job_id = $1
        union all
        select 'portolan gates open ' || g.platform
        from portolan.jobs j join portolan.lanes l using (lane_id) join portolan.gates g using (platform)
        where j.job_id = $1
        """
}

extension JobDescription.Children {
    var words: String { "\(live) live, \(done) done, \(failed) failed, \(cancelled) cancelled" }
}
