import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

/// The end of a race: what is left is run, and what was told is held against what history says.
extension Race {
    /// Runs what is left, some hours later by the clock of one session.
    static func drain(_ field: RaceField, through bed: Bed) async throws {
        try await bed.pool.query("select set_config('portolan.now', (now() + interval '2 hours')::text, false)")
        for connection in field.connections { _ = try await bed.queue.resume(.connection(connection)) }
        for platform in RaceField.platforms {
            _ = try await bed.queue.resume(.platform(platform))
            _ = try await bed.queue.openGate(platform: platform)
        }
        _ = try await bed.queue.resume(.kind("toil"))
        for band in Band.allCases { _ = try await bed.queue.resume(.band(band)) }
        while try await bed.queue.reap() > 0 {}
        let worker = try await bed.addWorker()
        var wish = Bed.wanting(worker, platforms: RaceField.platforms, lanes: 100, jobsPerLane: 20)
        wish.kinds["toil"] = 2
        var steps = 0
        while steps < 300, try await bed.count("select count(*) from portolan.jobs") > 0 {
            let jobs = try await bed.queue.claim(wish)
            if jobs.isEmpty {
                steps += 1
                try await bed.pool.query(
                    "select set_config('portolan.now', (portolan.now() + interval '10 s')::text, false)")
            }
            let results = try await bed.queue.finish(jobs.map { Report($0, .done) }, waits: true)
            for (job, result) in zip(jobs, results) { field.ledger.ended(job.jobID, result.rawValue) }
        }
        // A lane whose last job was cancelled learns of it at its next claim.
        try await bed.pool.query("select set_config('portolan.now', (portolan.now() + interval '1 hour')::text, false)")
        #expect(try await bed.queue.claim(wish).isEmpty)
    }

    static func expectNothingLeft(_ bed: Bed, seed: UInt64) async throws {
        let left = try await bed.texts(
            """
            select 'job ' || job_id || ', ' || state || ', ' || coalesce(portolan.why_waiting(job_id), '') from
              portolan.jobs_now
            union all select 'a lease of lane ' || lane_id from portolan.leases
            union all select 'lane ' || lane_id || ' is ' || state from portolan.lanes where state <> 'idle'
            union all select 'lane ' || lane_id || ' is paused' from portolan.lanes where paused_at is not null
            limit 10
            """)
        #expect(left == [], "seed \(seed)")
    }

    /// Each job ended once, and as whoever was told was told.
    static func expectEndings(_ field: RaceField, seed: UInt64) async throws {
        var (endings, twice): ([Int64: String], [Int64]) = ([:], [])
        for row in try await field.bed.pool.query("select job_id, outcome from portolan.job_history") {
            let (id, outcome) = try row.decode(Int64.self, String.self)
            if endings.updateValue(outcome, forKey: id) != nil { twice.append(id) }
        }
        #expect(twice == [], "ended twice; seed \(seed)")
        let (enqueued, undone, told) = field.ledger.read { ($0.enqueued, $0.undone, $0.endings) }
        #expect(enqueued.filter { endings[$0] == nil }.isEmpty, "lost; seed \(seed)")
        #expect(undone.filter { endings[$0] != nil }.isEmpty, "rolled back and there; seed \(seed)")
        // Cancelled means that it waited and is gone; a parent of which a part had failed has failed all the same.
        let parents = try await field.bed.pool.query(
            """
            select distinct parent_job_id from portolan.job_history
            where outcome in ('failed', 'poison') and parent_job_id is not null
            """)
        let failedParents = try Set(parents.map { try $0.decode(at: 0, as: Int64.self) })
        for (id, outcomes) in told where outcomes.count != 1 || outcomes[0] != endings[id] {
            if outcomes == ["cancelled"], endings[id] == "failed", failedParents.contains(id) { continue }
            Issue.record("job \(id): told \(outcomes), is \(endings[id] ?? "none"); seed \(seed)")
        }
        #expect(enqueued.count > 200 && told.count > 100, "the race was none: \(enqueued.count) jobs; seed \(seed)")
    }

    /// A parent that awaited its children ended with the last of them, or at once when there was none, and as they did.
    static func expectParentsEndedAsTheirChildren(_ field: RaceField, seed: UInt64) async throws {
        let (asked, perhapsAsked) = field.ledger.read { (Array($0.asked), Array($0.perhapsAsked)) }
        let wrong = try await field.bed.texts(
            """
            with awaited as (
              select e.job_id, max(e.occurred_at) as since from portolan.job_events e where e.event = 'awaiting'
                group by 1),
            parents as (
              select h.job_id, h.outcome, h.finished_at, a.since, c.* from awaited a join portolan.job_history h
                using (job_id)
              cross join lateral (
                select count(*) filter (where c.outcome in ('failed', 'poison')) as failed, count(*) filter (where
                  c.outcome = 'cancelled') as cancelled,
                       coalesce(bool_or(c.finished_at = h.finished_at), false) as with_child
                from portolan.job_history c where c.parent_job_id = h.job_id) c)
            select 'parent ' || row_to_json(p) from parents p
            where not (with_child or finished_at = since)
               or outcome <> case when failed > 0 then 'failed' when cancelled > 0 then 'cancelled'
                                  when job_id = any ($1) then 'cancelled'
                                  when job_id = any ($2) and outcome = 'cancelled' then 'cancelled' else 'done' end
            limit 10
            """, [asked, perhapsAsked])
        #expect(wrong == [], "seed \(seed)")
        let parents = try await field.bed.count(
            "select count(distinct parent_job_id) from portolan.job_history where parent_job_id is not null")
        #expect(parents > 3, "hardly any parents; seed \(seed)")
    }

    /// The story of each job: runs are numbered as they came, none twice, none beyond its end, not without bound.
    static func expectStories(_ bed: Bed, seed: UInt64) async throws {
        let wrong = try await bed.texts(
            """
            select 'run ' || run || ' of job ' || job_id || ' is told twice' from portolan.job_events group by
              job_id, run having count(*) > 1
            union all
            select 'run ' || e.run || ' of job ' || e.job_id || ' comes before the one before it' from (
              select e.*, lag(e.occurred_at) over w as before, lag(e.event) over w as event_before
              from portolan.job_events e window w as (partition by e.job_id order by e.run)) e
            where e.before > e.occurred_at and 'rescue' not in (e.event, e.event_before)
            union all
            select 'job ' || job_id || ' has a run after its end' from portolan.job_history h
            where h.outcome <> 'merged' and exists (select from portolan.job_events e where e.job_id = h.job_id and
              e.run > h.runs)
            union all
            select 'the story of job ' || job_id || ' has ' || count(*) || ' runs' from portolan.job_events group by
              job_id having count(*) > 220
            limit 10
            """)
        #expect(wrong == [], "seed \(seed)")
    }

    /// Each page that was written was counted, and the other way round: the two are one transaction.
    static func expectPages(_ bed: Bed, seed: UInt64) async throws {
        let wrong = try await bed.texts(
            """
            select 'job ' || h.job_id || ' counts ' || h.pages_count || ' pages and wrote ' || count(p.job_id)
            from portolan.job_history h left join race_pages p using (job_id)
            group by h.job_id, h.pages_count having h.pages_count <> count(p.job_id)
            limit 10
            """)
        #expect(wrong == [], "seed \(seed)")
    }
}
