internal import Postgres

extension PostgresQueue {
    package func describe(_ job: Int64) async throws(QueueError) -> JobDescription? {
        guard var description = try await standing(of: job) else { return nil }
        description.children = try await call(Self.countChildren, [job]) { rows throws(PostgresError) in
            guard let row = rows.first else { return JobDescription.Children() }
            let (live, done, failed, cancelled) = try row.decode(Int64.self, Int64.self, Int64.self, Int64.self)
            return JobDescription.Children(
                live: Int(live), done: Int(done), failed: Int(failed), cancelled: Int(cancelled))
        }
        description.events = try await call(Self.listEvents, [job]) { rows throws(PostgresError) in
            var events: [JobDescription.Event] = []
            for row in rows {
                let (run, what, pages) = (
                    try row.decode(at: 0, as: Int32.self), try row.decode(at: 1, as: String.self),
                    try row.decode(at: 2, as: Int32.self)
                )
                events.append(
                    JobDescription.Event(run: Int(run), what: what, pages: Int(pages), code: try row.decode(at: 3)))
            }
            return events
        }
        return description
    }

    private func standing(of job: Int64) async throws(QueueError) -> JobDescription? {
        try await call(Self.findJob, [job]) { rows throws(PostgresError) in
            guard let row = rows.first else { return nil }
            func number(_ index: Int) throws(PostgresError) -> Int { Int(try row.decode(at: index, as: Int64.self)) }
            return JobDescription(
                state: try row.word(at: 0), connectionID: try row.decode(at: 1), kind: try row.decode(at: 2),
                band: try row.word(at: 3), attempt: try number(4), snoozes: try number(5), rescues: try number(6),
                runs: try number(7), pages: try number(8), records: try number(9),
                isCancelAsked: try row.decode(at: 10),
                errorCode: try row.decode(at: 11), parentID: try row.decode(at: 12))
        }
    }

    private static let findJob: SQL = """
        select state, connection_id, kind, band, attempt::bigint, snoozes::bigint, rescues::bigint, runs::bigint,
               pages_count::bigint, records_count, cancel_at is not null, last_error->>'code', parent_job_id
        from portolan.jobs_now where job_id = $1
        union all
        select outcome, connection_id, kind, band, attempt, snoozes, rescues, runs, pages_count, records_count, false,
               error->>'code', parent_job_id
        from portolan.job_history where job_id = $1
        limit 1
        """

    private static let countChildren: SQL = """
        select (select count(*) from portolan.jobs where parent_job_id = $1),
               count(*) filter (where outcome = 'done'), count(*) filter (where outcome in ('failed', 'poison')),
               count(*) filter (where outcome = 'cancelled')
        from portolan.job_history where parent_job_id = $1
        """

    private static let listEvents: SQL = """
        select run, event, pages_count, detail->>'code' from portolan.job_events where job_id = $1 order by run
        """
}
