import Postgres

/// Looks, as long as a race runs, for what must never be seen, each look at one snapshot.
struct RaceChecker {
    let pool: PostgresPool

    private static let violations: SQL = """
        select 'an idle lane has a job: ' || l.lane_id from portolan.lanes l where l.state = 'idle'
          and exists (select from portolan.jobs j where j.lane_id = l.lane_id)
        union all
        select 'lane ' || l.lane_id || ' is ' || l.state || ', its lease says otherwise' from portolan.lanes l
          left join portolan.leases le using (lane_id) where (l.state = 'leased') <> (le.lane_id is not null)
        union all
        select 'waiting twins in lane ' || j.lane_id || ' of ' || j.dedupe_key || ', parent ' ||
          coalesce(j.parent_job_id, 0)
          from portolan.jobs j left join portolan.leases le using (lane_id)
          where j.dedupe_key is not null and j.run_at < 'infinity' and (le.lane_id is null or j.job_id <> all
            (le.job_ids))
          group by j.lane_id, j.dedupe_key, j.parent_job_id having count(*) > 1
        union all
        select 'job ' || x || ' is leased and does not exist' from portolan.leases le cross join unnest(le.job_ids) x
          where not exists (select from portolan.jobs j where j.job_id = x)
        union all
        select 'job ' || x || ' is leased in a lane that is not its own' from portolan.leases le
          cross join unnest(le.job_ids) x join portolan.jobs j on j.job_id = x where j.lane_id <> le.lane_id
        union all
        select 'job ' || le.running || ' runs and is not handed over' from portolan.leases le
          where le.running <> all (le.job_ids)
        union all
        select 'job ' || j.job_id || ' is live and has ended' from portolan.jobs j join portolan.job_history h using
          (job_id)
        union all
        select 'job ' || p.job_id || ' waits for children that are not' from portolan.jobs p
          where p.run_at = 'infinity' and not exists (select from portolan.jobs c where c.parent_job_id = p.job_id)
        union all
        select 'job ' || x || ' is leased while it waits for its children' from portolan.leases le
          cross join unnest(le.job_ids) x join portolan.jobs j on j.job_id = x where j.run_at = 'infinity'
        union all
        select 'job ' || c.job_id || ' is a part of a part' from portolan.jobs c
          join portolan.jobs p on p.job_id = c.parent_job_id where p.parent_job_id is not null
        union all
        -- Nothing in a race is put off for longer than a kind or band that is paused.
        select 'lane ' || l.lane_id || ' sleeps until ' || l.next_at || ' with work to do' from portolan.lanes l
          where l.state = 'ready' and l.next_at > now() + interval '65 s'
          and exists (select from portolan.jobs j where j.lane_id = l.lane_id and j.run_at < 'infinity')
        union all
        select 'lane ' || l.lane_id || ' is ' || case when l.paused_at is null then 'not ' else '' end
          || 'paused, its connection says otherwise' from portolan.lanes l
          where (l.paused_at is not null) <> exists (
            select from portolan.pauses p where p.scope = 'connection' and p.name = l.connection_id::text)
        """

    /// Looks once.
    func look() async throws -> [String] { try await pool.query(Self.violations).map { try $0.decode(at: 0) } }

    func run(until ledger: RaceLedger) async {
        var looks = 0
        while !ledger.read({ $0.isOver }) {
            do {
                for fault in try await look() { ledger.fault(fault) }
                looks += 1
            } catch  where error.isLoss {
                ledger.count("looks lost")
            } catch {
                ledger.fault("the checker: \(error)")
            }
            await Task.yield()
        }
        ledger.count("looks", looks)
    }
}
