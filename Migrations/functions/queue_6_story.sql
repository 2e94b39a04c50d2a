-- What people and dashboards read.

create or replace view portolan.jobs_now as
select j.job_id, j.connection_id, j.lane_id, j.kind, j.band,
       case when j.run_at = 'infinity' then 'awaiting' when j.job_id = le.running then 'running' when j.job_id = any (le.job_ids) then 'handed over'
            when j.run_at > portolan.now() then 'scheduled' else 'queued' end as state,
       j.run_at, j.attempt, j.max_attempts, j.snoozes, j.rescues, j.runs, j.pages_count, j.records_count, j.last_error, j.dedupe_key, j.cancel_at, j.created_at,
       le.worker_id, le.claimed_at, le.progress_at, j.parent_job_id, j.args_version, j.args
from portolan.jobs j left join portolan.leases le using (lane_id);
comment on view portolan.jobs_now is 'Every live job with its state in words: queued, scheduled, handed over, running, awaiting (its children).';

-- Parents that are live, with what has become of their children. Nothing is counted along the way: the children are looked at.
create or replace view portolan.parents_now as
select p.job_id, p.connection_id, p.kind, p.created_at, c.live_count, h.done_count, h.failed_count, h.cancelled_count,
       c.live_count + h.done_count + h.failed_count + h.cancelled_count as children_count, c.records_count + h.records_count as records_count
from (select distinct c.parent_job_id from portolan.jobs c where c.parent_job_id is not null) x
join portolan.jobs p on p.job_id = x.parent_job_id
cross join lateral (select count(*) as live_count, coalesce(sum(c.records_count), 0)::bigint as records_count from portolan.jobs c where c.parent_job_id = p.job_id) c
cross join lateral (select count(*) filter (where h.outcome = 'done') as done_count, count(*) filter (where h.outcome in ('failed', 'poison')) as failed_count,
                           count(*) filter (where h.outcome = 'cancelled') as cancelled_count, coalesce(sum(h.records_count), 0)::bigint as records_count
                    from portolan.job_history h where h.parent_job_id = p.job_id) h;
comment on view portolan.parents_now is 'Live parents with the state of their children.';

-- Why a job does not run this moment, in a sentence and what to do; ops.why_waiting has more columns.
create or replace function portolan.why_waiting(p_job bigint) returns text language sql stable as $$
  select w.sentence || case when w.code in ('paused', 'connection_stopped', 'no_worker', 'workers_drain') then coalesce('; what helps: ' || w.remedy, '') else '' end
  from ops.why_waiting(p_job) w where w.code not in ('ended', 'not_found') $$;
comment on function portolan.why_waiting is 'Why a live job does not run this moment, in a sentence; NULL when there is no such job.';

-- Everything that happened to a job, oldest first.
create or replace function portolan.job_story(p_job bigint) returns table (occurred_at timestamptz, event text, worker_id uuid, what text) language sql stable as $$
  with job as (
    select j.job_id, j.created_at, j.kind, j.band, j.connection_id, j.parent_job_id, j.cancel_at from portolan.jobs j where j.job_id = p_job
    union all
    select h.job_id, h.created_at, h.kind, h.band, h.connection_id, h.parent_job_id, null from portolan.job_history h where h.job_id = p_job),
  runs as (
    select e.*, e.pages_count - coalesce(lag(e.pages_count) over w, 0) as pages, e.records_count - coalesce(lag(e.records_count) over w, 0) as records
    from portolan.job_events e where e.job_id = p_job window w as (order by e.run))
  select s.occurred_at, s.event, s.worker_id, s.what from (
    select j.created_at as occurred_at, 'enqueued' as event, null::uuid as worker_id, 0 as o,
           format('%s for connection %s (%s), band %s', j.kind, j.connection_id, coalesce((select c.name from portolan.connections c where c.connection_id = j.connection_id), 'removed'), j.band)
             || coalesce(', a part of job ' || j.parent_job_id, '') as what from job j
    union all
    select e.occurred_at, e.event, e.worker_id, e.run,
           format('run %s took %s, %s pages, %s records', e.run, justify_interval(date_trunc('milliseconds', e.occurred_at - e.started_at)), e.pages, e.records)
             || case e.event when 'retry' then '; failed' || coalesce(' with ' || (e.detail ->> 'code') || ': ' || (e.detail ->> 'message'), '') || ', again at ' || date_trunc('second', e.run_at)
                             when 'snooze' then '; put off until ' || date_trunc('second', e.run_at) || coalesce(': ' || coalesce(e.detail ->> 'why', e.detail ->> 'message'), '')
                             when 'yield' then '; gave its lane to others' when 'again' then '; done, and once more for a follow-up that came meanwhile'
                             when 'awaiting' then '; its part is done, it waits for its children' when 'rescue' then '; taken from its worker: ' || coalesce(e.detail ->> 'why', 'no reason kept') end
    from runs e
    union all
    select j.cancel_at, 'cancel', null, 2147483646, 'somebody asked it to stop' from job j where j.cancel_at is not null
    union all
    select h.finished_at, h.outcome, h.worker_id, 2147483647,
           format('%s after %s runs, %s pages, %s records', h.outcome, h.runs, h.pages_count, h.records_count)
             || coalesce('; the last run took ' || justify_interval(date_trunc('milliseconds', h.finished_at - h.started_at)), '')
             || coalesce(': ' || coalesce((h.error ->> 'code') || ', ' || (h.error ->> 'message'), h.error ->> 'why'), '')
    from portolan.job_history h where h.job_id = p_job
    union all
    select portolan.now(), 'now', null, 2147483647, portolan.why_waiting(p_job) where exists (select from portolan.jobs j where j.job_id = p_job)) s
  order by s.o, s.occurred_at $$;
comment on function portolan.job_story is 'Everything that happened to a job, oldest first: each run, wait and error, how it ended, or why it waits.';
