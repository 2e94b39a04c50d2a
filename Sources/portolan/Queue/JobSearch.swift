internal import Foundation
internal import Postgres

/// The statement that finds jobs: each form has an index to go by, or looks at the newest jobs only.
struct JobSearch {
    let isHistory: Bool
    let states: [String]?
    let hasConnection: Bool
    let hasParent: Bool

    private var isFailures: Bool { isHistory && states.map { Set($0).isSubset(of: ["failed", "poison"]) } == true }

    /// Parameters: connection, platform, kind, band, states, parent, limit; NULL where nothing is asked for.
    var sql: String {
        """
        select j.job_id, c.name as connection, \(isHistory ? "c" : "l").platform, j.kind, j.band, j.state, j.run_at,
               j.created_at, j.started_at, j.finished_at, j.attempt, j.max_attempts, j.snoozes, j.rescues, j.runs,
               j.pages_count, j.records_count, j.parent_job_id, j.dedupe_key, j.worker_id, j.cancel_at, j.args,
               j.error
        from (\(isHistory ? Self.history : Self.live)
              where \(way) order by j.\(order) desc limit \(JobsCommand.List.lookLimit)) j
        \(isHistory ? "" : "join portolan.lanes l on l.lane_id = j.lane_id")
        left join portolan.connections c on c.connection_id = j.connection_id
        where ($1::bigint is null or j.connection_id = $1)
          and ($2::text is null or \(isHistory ? "c" : "l").platform = $2)
          and ($3::text is null or j.kind = $3) and ($4::text is null or j.band = $4)
          and ($5::text[] is null or j.state = any ($5)) and ($6::bigint is null or j.parent_job_id = $6)
        order by j.\(order) desc limit $7
        """
    }

    private var order: String { isFailures ? "finished_at" : "job_id" }

    /// What leads to the jobs by an index.
    private var way: String {
        if hasParent { return "j.parent_job_id = $6" }
        if isFailures {
            return "j.outcome in ('failed', 'poison')" + (hasConnection ? " and j.connection_id = $1" : "")
        }
        if isHistory { return "true" }
        if hasConnection {
            return "j.lane_id = any (array(select x.lane_id from portolan.lanes x where x.connection_id = $1))"
        }
        if let states, Set(states).isSubset(of: ["running", "handed over"]) {
            return "j.job_id = any (array(select unnest(le.job_ids) from portolan.leases le))"
        }
        return "true"
    }

    /// Asks whether there are jobs that were not looked at; nil where all were.
    var restSQL: SQL? {
        guard way == "true" else { return nil }
        return SQL(
            unsafeText: """
                select exists (select from portolan.\(isHistory ? "job_history" : "jobs")
                               offset \(JobsCommand.List.lookLimit))
                """)
    }

    static let live = """
        select j.job_id, j.connection_id, j.lane_id, j.kind, j.band, j.state, nullif(j.run_at, 'infinity') as run_at,
               j.created_at, j.claimed_at as started_at, null::timestamptz as finished_at, j.attempt, j.max_attempts,
               j.snoozes, j.rescues, j.runs, j.pages_count, j.records_count, j.parent_job_id, j.dedupe_key, j.worker_id,
               j.cancel_at, j.args, j.last_error as error
        from portolan.jobs_now j
        """

    static let history = """
        select j.job_id, j.connection_id, j.lane_id, j.kind, j.band, j.outcome as state, null::timestamptz as run_at,
               j.created_at, j.started_at, j.finished_at, j.attempt, null::integer as max_attempts,
               j.snoozes, j.rescues, j.runs, j.pages_count, j.records_count, j.parent_job_id, j.dedupe_key, j.worker_id,
               null::timestamptz as cancel_at, j.args, j.error
        from portolan.job_history j
        """
}

/// One job as a line for people.
struct JobLine {
    let id: Int64
    let connection: String
    let kind: String
    let band: String
    let state: String
    let when: String
    let runs: Int32
    let records: Int64
    let arguments: String
    let why: String

    init(_ row: PostgresRow) throws {
        id = try row.decode("job_id")
        connection = try row.decode("connection") ?? "(removed)"
        kind = try row.decode("kind")
        band = try row.decode("band")
        let word: String = try row.decode("state")
        let isCancelAsked = try row.decode("cancel_at", as: Date?.self) != nil
        state = isCancelAsked ? "\(word), to stop" : word
        runs = try row.decode("runs")
        records = try row.decode("records_count")
        arguments = (try row.decode("args", as: PostgresJSON.self)).text.cell(48)
        let error = try row.decode("error", as: PostgresJSON?.self).flatMap { Self.code(in: $0) }
        why = error ?? ""
        let now: Date = try row.decode("now")
        let (due, started, ended) = (
            try row.decode("run_at", as: Date?.self), try row.decode("started_at", as: Date?.self),
            try row.decode("finished_at", as: Date?.self)
        )
        when = Self.when(word, due: due, started: started, ended: ended, now: now)
    }

    private static func when(_ state: String, due: Date?, started: Date?, ended: Date?, now: Date) -> String {
        func since(_ date: Date) -> String { Duration.seconds(max(0, now.timeIntervalSince(date))).inWords }
        if let ended { return since(ended) + " ago" }
        if ["running", "handed over"].contains(state), let started { return "for " + since(started) }
        guard let due else { return "-" }
        return due > now ? "in " + Duration.seconds(due.timeIntervalSince(now)).inWords : "due for " + since(due)
    }

    private static func code(in error: PostgresJSON) -> String? {
        let object = try? JSONSerialization.jsonObject(with: Data(error.bytes)) as? [String: Any]
        return (object?["code"] ?? object?["why"]) as? String
    }

    static func table(_ jobs: [JobLine]) -> Table {
        var table = Table(["JOB", "CONNECTION", "KIND", "BAND", "STATE", "WHEN", "RUNS", "RECORDS", "ARGUMENTS", ""])
        for job in jobs {
            table.add([
                "\(job.id)", job.connection, job.kind, job.band, job.state, job.when, "\(job.runs)", "\(job.records)",
                job.arguments, job.why.cell(),
            ])
        }
        return table
    }
}
