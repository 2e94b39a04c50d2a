-- Finish, and what takes leases away. Locks: leases in order of lane_id, then lanes in that order (those of parents with them), then jobs.

-- Any number of jobs of any number of leases, mixed outcomes. Parallel arrays, one entry a job.
-- Outcomes: done, failed, retry (counts an attempt), snooze, yield (do not), release (not begun: nothing of it changes), await (its children),
-- rescue (the reaper's word). p_delay: when it may run again, from now. p_detail: an error (it has a code), or what the job waits for.
-- A lease ends when all its jobs are reported; until then it goes on with the rest. Answer per job, in the order given: what became of it
-- (its outcome; cancelled, poison; again: done, but a follow-up had been merged into it; awaiting), 'stale', or 'busy': somebody's open
-- transaction holds the lane, p_wait is false, and nothing was changed.
-- Every join below is a walk over one array with an index probe per entry, and the "limit 1" sees to it that it stays so: without it the planner,
-- told by ANALYZE that a queue table is nearly empty, turns the join round and reads the whole table, dead rows and all, for each entry.
create or replace function portolan.finish_many(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[] default null, p_detail jsonb[] default null, p_wait boolean default true)
returns text[] language plpgsql as $$
declare
  v_now timestamptz := portolan.now();
  v_lane bigint[]; v_busy bigint[]; v_end bigint[]; v_going_on integer; v_result text[]; v_worker uuid[]; v_since timestamptz[]; v_at tid[]; v_key boolean; v_into bigint[]; v_band text[];
  v_strike integer := ('rescue' = any (p_outcome))::integer;
  v_down text[] := array(select g.platform from portolan.gates g);
  v_parent bigint[]; v_parent_lane bigint[]; v_lease_at tid[]; v_end_at tid[]; v_is_end boolean[]; v_locked bigint[]; v_lane_at tid[];
begin
  if not p_outcome <@ array['done', 'failed', 'retry', 'snooze', 'yield', 'release', 'await', 'rescue'] or array_position(p_outcome, null) is not null then
    raise exception 'outcome: one of % is none; use done, failed, retry, snooze, yield, release or await', p_outcome using errcode = 'invalid_parameter_value';
  end if;
  -- 1. leases first, all of them, in order. The token decides; whoever lost it locks nothing. What is locked is remembered by its place (ctid):
  --    behind somebody's old transaction every look by lane_id walks over all that the lane has left behind since.
  select array_agg(le.lane_id order by le.lane_id) filter (where le.lane_id is not null), array_agg(le.lane_id) filter (where le.job_ids <@ le.reported),
         count(*) filter (where not le.job_ids <@ le.reported), array_agg(le.at), array_agg(le.at) filter (where le.job_ids <@ le.reported),
         array_agg(le.job_ids <@ le.reported order by le.lane_id) filter (where le.lane_id is not null)
  into v_lane, v_end, v_going_on, v_lease_at, v_end_at, v_is_end from (
    select le.lane_id, le.job_ids, f.reported, le.at
    from (select u.lane_id, u.token, array_agg(u.job_id) as reported from unnest(p_lane, p_token, p_job) u(lane_id, token, job_id) group by 1, 2 order by 1, 2) f
    left join lateral (select le.lane_id, le.job_ids, le.ctid as at from portolan.leases le where le.lane_id = f.lane_id and le.token = f.token limit 1 for update) le on true) le;
  if v_lane is null then return array_fill('stale'::text, array[coalesce(cardinality(p_job), 0)]); end if;
  -- 2. then lanes, in order: pairs with enqueue, so that no wake-up is lost. The lane of a parent guards the look at its children.
  if exists (select from portolan.jobs j where j.parent_job_id is not null) then
    select array_agg(j.parent_job_id), array_agg(p.lane_id) into v_parent, v_parent_lane from unnest(p_job) u(job_id)
    cross join lateral (select j.parent_job_id from portolan.jobs j where j.job_id = u.job_id and j.parent_job_id is not null limit 1) j
    cross join lateral (select p.lane_id from portolan.jobs p where p.job_id = j.parent_job_id limit 1) p;
  end if;
  if p_wait then
    select array_agg(x.lane_id), array_agg(x.is_end), array_agg(l.at) into v_locked, v_is_end, v_lane_at
    from (select x.lane_id, bool_or(x.is_end) as is_end from (select * from unnest(v_lane, v_is_end) union all select p, false from unnest(v_parent_lane) p) x(lane_id, is_end) group by 1 order by 1) x
    cross join lateral (select l.ctid as at from portolan.lanes l where l.lane_id = x.lane_id limit 1 for update) l;
  else
    select array_agg(x.lane_id) filter (where l.at is null), array_agg(x.lane_id), array_agg(x.is_end), array_agg(l.at) into v_busy, v_locked, v_is_end, v_lane_at
    from (select x.lane_id, bool_or(x.is_end) as is_end from (select * from unnest(v_lane, v_is_end) union all select p, false from unnest(v_parent_lane) p) x(lane_id, is_end) group by 1 order by 1) x
    left join lateral (select l.ctid as at from portolan.lanes l where l.lane_id = x.lane_id limit 1 for update skip locked) l on true;
    if v_busy && v_parent_lane then v_busy := v_lane; end if;       -- a rare meeting of siblings: the caller comes back, and waits
    if v_busy is not null then
      select array_agg(x order by x) into v_lane from unnest(v_lane) x where x <> all (v_busy);
      if v_lane is null then
        return array(select case when exists (select from portolan.leases le where le.lane_id = u.lane_id and le.token = u.token and u.job_id = any (le.job_ids)) then 'busy' else 'stale' end
                     from unnest(p_lane, p_token, p_job) with ordinality u(lane_id, token, job_id, o) order by u.o);
      end if;
      select array_agg(x.lane_id), array_agg(x.at) into v_end, v_end_at from unnest(v_end, v_end_at) x(lane_id, at) where x.lane_id <> all (v_busy);
      select array_agg(x.is_end and x.lane_id <> all (v_busy) order by x.o) into v_is_end from unnest(v_locked, v_is_end) with ordinality x(lane_id, is_end, o);
      select count(*) into v_going_on from unnest(v_lane) x where x <> all (coalesce(v_end, '{}'));
    end if;
  end if;
  -- 3. what becomes of each job. Nothing about these jobs can change while we hold their lanes.
  select array_agg(d.result), array_agg(d.worker_id), array_agg(d.claimed_at), array_agg(d.at), bool_or(d.dedupe_key is not null)
  into v_result, v_worker, v_since, v_at, v_key from (
    select case when u.held is null then 'stale'
                when u.held = any (v_busy) then 'busy'
                when u.outcome = 'done' and j.follow_up and j.cancel_at is null then 'again'
                when u.outcome in ('done', 'failed') then u.outcome
                when j.cancel_at is not null then 'cancelled'
                when u.outcome = 'await' then 'awaiting'
                when cardinality(v_down) > 0 and u.outcome in ('retry', 'rescue')
                     and exists (select from portolan.lanes l where l.lane_id = u.held and l.platform = any (v_down)) then 'down'
                when u.outcome = 'retry' and j.attempt + 1 >= j.max_attempts then 'failed'
                when u.outcome = 'rescue' and j.rescues >= 4 then 'poison' else u.outcome end as result,
           u.worker_id, u.claimed_at, j.at, j.dedupe_key
    from (select le.worker_id, le.claimed_at, x.job_id, x.outcome, x.o, case when x.job_id = any (le.job_ids) then g.lane_id end as held
          from (select r.lane_id, r.token, array_agg(r.job_id) as job_ids, array_agg(r.outcome) as outcomes, array_agg(r.o) as os, row_number() over (order by r.lane_id, r.token) as n
                from unnest(p_lane, p_token, p_job, p_outcome) with ordinality r(lane_id, token, job_id, outcome, o) group by 1, 2) g
          left join lateral (select le.worker_id, le.claimed_at, le.job_ids from portolan.leases le where le.ctid = v_lease_at[g.n] limit 1) le on true
          cross join lateral unnest(g.job_ids, g.outcomes, g.os) x(job_id, outcome, o)) u
    left join lateral (select j.ctid as at, j.follow_up, j.cancel_at, j.attempt, j.max_attempts, j.rescues, j.dedupe_key from portolan.jobs j where j.job_id = u.job_id limit 1) j on true
    order by u.o) d;
  -- 4. those that end here move to history.
  with gone as (
    delete from portolan.jobs j using (
      select * from unnest(v_at, p_outcome, v_result, v_worker, v_since, p_detail) f(at, outcome, result, worker_id, claimed_at, error)
      where f.result in ('done', 'failed', 'cancelled', 'poison')) f
    where j.ctid = f.at
    returning j.*, f.outcome, f.result, f.worker_id, f.claimed_at, f.error)
  insert into portolan.job_history (job_id, connection_id, lane_id, created_at, started_at, finished_at, worker_id, attempt, snoozes, rescues, outcome,
                                    pages_count, args_version, records_count, parent_job_id, band, kind, dedupe_key, args, error, runs)
  select g.job_id, g.connection_id, g.lane_id, g.created_at, g.claimed_at, v_now, g.worker_id, g.attempt + (g.outcome in ('done', 'failed', 'retry'))::integer,
         g.snoozes, g.rescues + (g.outcome = 'rescue')::integer, g.result,
         g.pages_count, g.args_version, g.records_count, g.parent_job_id, g.band, g.kind, g.dedupe_key, g.args,
         case when g.result <> 'done' then coalesce(case when g.error ? 'code' then g.error end, g.last_error, g.error) end, g.runs + 1
  from gone g;
  -- 5. those that come back. A twin enqueued meanwhile is recorded as merged; the job that comes back takes its band if that is more urgent,
  --    and runs once more after its end if it had got on already: what it reads may end before the time the twin was enqueued for.
  if v_result && array['again', 'retry', 'snooze', 'yield', 'release', 'awaiting', 'rescue', 'down'] then
    if v_key then
      with twin as (
        delete from portolan.jobs t using unnest(p_lane, p_job, v_result) f(lane_id, job_id, result), portolan.jobs j, portolan.leases le
        where f.result in ('again', 'retry', 'snooze', 'yield', 'release', 'rescue', 'down') and j.job_id = f.job_id and le.lane_id = f.lane_id
          and t.lane_id = f.lane_id and t.dedupe_key = j.dedupe_key and t.parent_job_id is not distinct from j.parent_job_id and t.run_at < 'infinity' and t.job_id <> all (le.job_ids)
        returning t.*, f.job_id as into_job),
      kept as (
        insert into portolan.job_history (job_id, connection_id, lane_id, created_at, finished_at, attempt, snoozes, rescues, outcome,
                                          pages_count, args_version, records_count, parent_job_id, band, kind, dedupe_key, args, runs)
        select t.job_id, t.connection_id, t.lane_id, t.created_at, v_now, t.attempt, t.snoozes, t.rescues, 'merged',
               t.pages_count, t.args_version, t.records_count, t.parent_job_id, t.band, t.kind, t.dedupe_key, t.args, t.runs from twin t)
      select array_agg(t.into_job), array_agg(t.band) into v_into, v_band from twin t;
    end if;
    with back as (
      update portolan.jobs j set
        run_at = case f.result when 'again' then v_now when 'awaiting' then 'infinity' else v_now + coalesce(f.delay, interval '0') end,
        follow_up = j.follow_up and f.result <> 'again', attempt = case when f.result = 'again' then 0 else j.attempt + (f.result = 'retry')::integer end,
        snoozes = j.snoozes + (f.result = 'snooze')::integer, rescues = j.rescues + (f.result = 'rescue')::integer, runs = j.runs + 1,
        last_error = coalesce(case when f.detail ? 'code' then f.detail end, j.last_error)
      from unnest(v_at, v_result, p_outcome, p_delay, p_detail, v_worker, v_since) f(at, result, outcome, delay, detail, worker_id, claimed_at)
      where j.ctid = f.at and f.result in ('again', 'retry', 'snooze', 'yield', 'awaiting', 'rescue', 'down')
      returning j.job_id, j.runs, j.run_at, j.pages_count, j.records_count, f.result, f.outcome, f.detail, f.worker_id, f.claimed_at)
    insert into portolan.job_events (job_id, run, occurred_at, started_at, run_at, worker_id, pages_count, records_count, event, detail)
    select b.job_id, b.runs, v_now, b.claimed_at, b.run_at, b.worker_id, b.pages_count, b.records_count, case b.result when 'down' then b.outcome else b.result end, case when jsonb_typeof(b.detail) = 'object' then b.detail - 'evidence' else b.detail end
    from back b where b.runs <= 200 or (b.runs & (b.runs - 1)) = 0;
    if v_into is not null then
      update portolan.jobs j set band = case when portolan.band_rank(m.band) < j.rank then m.band else j.band end,
        follow_up = j.follow_up or (j.pages_count > 0 and not exists (select from unnest(p_job, v_result) f(job_id, result) where f.job_id = j.job_id and f.result = 'again'))
      from unnest(v_into, v_band) m(job_id, band) where j.job_id = m.job_id;
    end if;
  end if;
  -- 6. leases that go on keep the rest of their jobs; the others end, and their lanes get their next head and go to the back of its band.
  if v_going_on > 0 then
    update portolan.leases le set job_ids = r.rest, running = r.rest[1], progress_at = v_now
    from (select le.lane_id, array_agg(x.job_id order by x.o) as rest
          from portolan.leases le cross join unnest(le.job_ids) with ordinality x(job_id, o)
          where le.lane_id = any (v_lane) and le.lane_id <> all (coalesce(v_end, '{}')) and not exists (select from unnest(p_lane, p_token, p_job) f(lane_id, token, job_id)   -- another token's report of the same job says nothing
                            where f.lane_id = le.lane_id and f.token = le.token and f.job_id = x.job_id) group by 1) r
    where le.lane_id = r.lane_id;
  end if;
  if v_end is not null then
    with ended as (delete from portolan.leases le using unnest(v_end_at) x(at) where le.ctid = x.at)
    update portolan.lanes l set
      state = case when h.run_at is null then 'idle' else 'ready' end, band = coalesce(h.band, l.band), head_at = h.run_at,
      next_at = case when h.run_at is not null then greatest(h.run_at, v_now) end, strikes = case v_strike when 1 then l.strikes + 1 else 0 end
    from unnest(v_locked, v_is_end, v_lane_at) x(lane_id, is_end, at) left join lateral portolan.lane_head(x.lane_id, v_now) h on true
    where x.is_end and l.ctid = x.at;
  end if;
  -- 7. parents whose last child has ended.
  if 'awaiting' = any (v_result) then
    perform portolan.end_parents(array(select f.job_id from unnest(p_job, v_result) f(job_id, result) where f.result = 'awaiting'));
  end if;
  if v_parent is not null then perform portolan.end_parents(v_parent); end if;
  if 'down' = any (v_result) then
    select array_agg(case f.result when 'down' then case f.outcome when 'rescue' then 'rescue' else 'retry' end else f.result end order by f.o) into v_result
    from unnest(v_result, p_outcome) with ordinality f(result, outcome, o);
  end if;
  return v_result;
end $$;
comment on function portolan.finish_many is 'Ends the run of jobs, each with an outcome. Answers what became of each, in the order given; stale where the lease had been lost and nothing was changed.';

create or replace function portolan.finish(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[] default null, p_detail jsonb[] default null, p_wait boolean default true)
returns table (job_id bigint, result text) language sql as $$
  select * from unnest(p_job, portolan.finish_many(p_lane, p_token, p_job, p_outcome, p_delay, p_detail, p_wait)) $$;
comment on function portolan.finish is 'Ends the run of jobs, each with an outcome. Answers what became of each; stale where the lease had been lost and nothing was changed.';

-- Ends parents that wait and have no live child any more, as their children did: nothing is counted along the way, so nothing can drift.
-- The caller holds the parents' lanes.
create or replace function portolan.end_parents(p_parents bigint[]) returns void language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_lane bigint[];
begin
  with ended as (
    delete from portolan.jobs p using (select distinct x from unnest(p_parents) x) x(job_id)
    where p.job_id = x.job_id and p.run_at = 'infinity' and not exists (select from portolan.jobs c where c.parent_job_id = p.job_id)
    returning p.*),
  kept as (
    insert into portolan.job_history (job_id, connection_id, lane_id, created_at, finished_at, attempt, snoozes, rescues, outcome,
                                      pages_count, args_version, records_count, parent_job_id, band, kind, dedupe_key, args, error, runs)
    select p.job_id, p.connection_id, p.lane_id, p.created_at, v_now, p.attempt, p.snoozes, p.rescues,
           case when c.failed > 0 then 'failed' when c.cancelled > 0 or p.cancel_at is not null then 'cancelled' else 'done' end,
           p.pages_count, p.args_version, p.records_count, p.parent_job_id, p.band, p.kind, p.dedupe_key, p.args,
           case when c.failed > 0 then coalesce(c.error, '{}') || jsonb_build_object('failed_children', c.failed) end, p.runs
    from ended p cross join lateral (
      select count(*) filter (where h.outcome in ('failed', 'poison')) as failed, count(*) filter (where h.outcome = 'cancelled') as cancelled,
             (array_agg(h.error order by h.finished_at, h.job_id) filter (where h.outcome in ('failed', 'poison')))[1] as error
      from portolan.job_history h where h.parent_job_id = p.job_id) c
    returning lane_id)
  select array_agg(distinct k.lane_id) into v_lane from kept k;
  if v_lane is not null then
    update portolan.lanes l set
      state = case when h.run_at is null then 'idle' else 'ready' end, band = coalesce(h.band, l.band), head_at = h.run_at,
      next_at = case when h.run_at is not null then greatest(h.run_at, l.next_at) end
    from unnest(v_lane) x(lane_id) left join lateral portolan.lane_head(x.lane_id, v_now) h on true
    where l.lane_id = x.lane_id and l.state = 'ready' and l.next_at = 'infinity';
  end if;
end $$;
comment on function portolan.end_parents is 'Ends parents that have no live child any more: failed if a child failed, else cancelled if one was, else done. The caller holds their lanes.';

-- Reap: leases whose worker stopped beating, whose job shows no progress, or whose deadline passed. Any worker calls it every two seconds.
create or replace function portolan.reap(p_limit integer default 100) returns integer language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_lane bigint[]; v_token uuid[]; v_job bigint[]; v_outcome text[]; v_detail jsonb[];
begin
  with dead as materialized (
    select le.lane_id, le.token, le.running, le.job_ids,
           case when w.worker_id is null or w.beat_at < v_now - w.ttl then 'its worker stopped beating'
                when le.deadline < v_now then 'the lease reached its hard limit' else 'no progress for ' || le.stall_limit end as why
    from portolan.leases le left join portolan.workers w using (worker_id)
    where w.worker_id is null or w.beat_at < v_now - w.ttl or le.deadline < v_now or le.progress_at < v_now - le.stall_limit
    order by le.lane_id limit p_limit for update of le skip locked)
  select array_agg(d.lane_id), array_agg(d.token), array_agg(x), array_agg(case when x = d.running then 'rescue' else 'release' end), array_agg(jsonb_build_object('why', d.why))
  into v_lane, v_token, v_job, v_outcome, v_detail from dead d cross join unnest(d.job_ids) x;
  if v_lane is null then return 0; end if;
  perform portolan.finish_many(v_lane, v_token, v_job, v_outcome, null, v_detail);
  return (select count(distinct u) from unnest(v_lane) u);
end $$;
comment on function portolan.reap is 'Takes the leases of workers that stopped beating, of jobs without progress, and those past their deadline. Answers how many leases.';

-- Release what a worker holds and does not know of: the answer to its claim was lost, or it had to fall silent about a job. Only the worker
-- itself calls this, and not while a claim of its own is under way. The jobs go back as they are; nothing is counted against them.
create or replace function portolan.release_unknown(p_worker uuid, p_known uuid[]) returns integer language plpgsql as $$
declare v_lane bigint[]; v_token uuid[]; v_job bigint[];
begin
  with forgotten as materialized (
    select le.lane_id, le.token, le.job_ids from portolan.leases le where le.worker_id = p_worker and le.token <> all (p_known)
    order by le.lane_id for update of le skip locked)
  select array_agg(f.lane_id), array_agg(f.token), array_agg(x) into v_lane, v_token, v_job from forgotten f cross join unnest(f.job_ids) x;
  if v_lane is null then return 0; end if;
  perform portolan.finish_many(v_lane, v_token, v_job, array_fill('release'::text, array[cardinality(v_job)]));
  return (select count(distinct u) from unnest(v_lane) u);
end $$;
comment on function portolan.release_unknown is 'Gives back what a worker holds and does not know of. Answers how many leases.';
