-- Schema ops, the jobs: views whose columns are kept. `create or replace view` refuses to take a column away and to change its type, and that is
-- the promise: a new column goes to the end of its view, and what has to be another becomes another view. These files come before those of the
-- queue: they may use tables, functions of 0001 to 0016, and what stands in files with an earlier name.

-- All jobs in one list. Both halves read one table each and nothing beside it but by key, so that a page of the newest, of one connection, or of
-- one kind or state is a walk over an index and ends with its page.
create or replace view ops.jobs as
select u.job_id, u.connection_id, c.name as connection, c.platform, u.kind, u.band, u.state, u.ended, u.created_at, u.run_at, u.started_at, u.finished_at,
       u.attempt, u.max_attempts, u.runs, u.snoozes, u.rescues, u.pages_count, u.records_count, u.error_code, u.error_message, u.worker_id, u.lane_id,
       u.parent_job_id, u.dedupe_key, u.cancel_at, u.retried_as, u.args
from (
  select j.job_id, j.connection_id, j.kind, j.band,
         case when j.run_at = 'infinity' then 'awaiting' when j.job_id in (select le.running from portolan.leases le) then 'running'
              when j.job_id in (select unnest(le.job_ids) from portolan.leases le) then 'handed over' when j.run_at > portolan.now() then 'scheduled' else 'queued' end as state,
         false as ended, j.created_at, nullif(j.run_at, 'infinity') as run_at,
         (select le.claimed_at from portolan.leases le where le.lane_id = j.lane_id and j.job_id = any (le.job_ids)) as started_at, null::timestamptz as finished_at,
         j.attempt, j.max_attempts, j.runs, j.snoozes, j.rescues::integer as rescues, j.pages_count, j.records_count,
         j.last_error->>'code' as error_code, j.last_error->>'message' as error_message,
         (select le.worker_id from portolan.leases le where le.lane_id = j.lane_id and j.job_id = any (le.job_ids)) as worker_id, j.lane_id,
         j.parent_job_id, j.dedupe_key, j.cancel_at, null::bigint as retried_as, j.args
  from portolan.jobs j
  union all
  select h.job_id, h.connection_id, h.kind, h.band, h.outcome, true, h.created_at, null, h.started_at, h.finished_at,
         h.attempt, null, h.runs, h.snoozes, h.rescues::integer, h.pages_count, h.records_count, h.error->>'code', coalesce(h.error->>'message', h.error->>'why'), h.worker_id, h.lane_id,
         h.parent_job_id, h.dedupe_key, null, (select r.new_job_id from portolan.job_retries r where r.job_id = h.job_id), h.args
  from portolan.job_history h) u
left join portolan.connections c on c.connection_id = u.connection_id;
comment on view ops.jobs is 'Every job, live and ended. Newest first is order by job_id desc; with a limit it is fast whatever the history, also with a filter on connection_id, kind or state. For ended ones say so (and ended), for a time give finished_at: only the days it names are read.';
comment on column ops.jobs.job_id is 'Ascends with the time of enqueueing, but for some that were enqueued together.';
comment on column ops.jobs.connection_id is 'Whose work it is; filter by this rather than by the name.';
comment on column ops.jobs.connection is 'Name of the connection; NULL when it was removed.';
comment on column ops.jobs.platform is 'Platform of the connection; NULL when it was removed.';
comment on column ops.jobs.kind is 'What it does, e.g. sync.';
comment on column ops.jobs.band is 'How urgent it is: urgent, incremental, report, backfill, housekeeping.';
comment on column ops.jobs.state is 'Live: queued, scheduled (for later), handed over, running, awaiting (its children). Ended: done, failed, poison, cancelled, merged.';
comment on column ops.jobs.ended is 'Whether it has ended.';
comment on column ops.jobs.created_at is 'When it was enqueued.';
comment on column ops.jobs.run_at is 'From when on it may run; NULL when it has ended, or awaits its children.';
comment on column ops.jobs.started_at is 'When its lease, or the last it had, was claimed; NULL while it waits.';
comment on column ops.jobs.finished_at is 'When it ended; NULL while it lives.';
comment on column ops.jobs.attempt is 'Attempts that counted.';
comment on column ops.jobs.max_attempts is 'Attempts without progress after which it fails for good; NULL when it has ended.';
comment on column ops.jobs.runs is 'Runs that were reported or taken away.';
comment on column ops.jobs.snoozes is 'How often it was put off.';
comment on column ops.jobs.rescues is 'How often it was taken from a dead worker.';
comment on column ops.jobs.pages_count is 'Pages it committed.';
comment on column ops.jobs.records_count is 'Records it saw, changed or not.';
comment on column ops.jobs.error_code is 'Code of the error it ended or last failed with.';
comment on column ops.jobs.error_message is 'Its sentence.';
comment on column ops.jobs.worker_id is 'Who has it, or had it last.';
comment on column ops.jobs.lane_id is 'The lane it belongs to.';
comment on column ops.jobs.parent_job_id is 'The job it is a part of.';
comment on column ops.jobs.dedupe_key is 'Of jobs with one key at most one waits in a lane.';
comment on column ops.jobs.cancel_at is 'When somebody asked it to stop; NULL otherwise.';
comment on column ops.jobs.retried_as is 'The job it was run again as.';
comment on column ops.jobs.args is 'Its arguments; they never hold secrets.';

create or replace view ops.lanes as
select l.lane_id, l.connection_id, c.name as connection, l.platform, l.family,
       case when l.state = 'leased' then 'held' when l.paused_at is not null then 'parked' when l.state = 'idle' then 'idle'
            when l.next_at > portolan.now() then 'waiting' else 'ready' end as state,
       l.band, l.next_at, l.head_at, l.paused_at, l.strikes::integer as strikes, le.worker_id, w.host as worker, le.claimed_at, le.progress_at, least(le.deadline, le.progress_at + le.stall_limit) as taken_away_at,
       le.running as job_id, cardinality(le.job_ids) as jobs_count, le.pages as pages_count
from portolan.lanes l
left join portolan.leases le on le.lane_id = l.lane_id
left join portolan.workers w on w.worker_id = le.worker_id
left join portolan.connections c on c.connection_id = l.connection_id;
comment on view ops.lanes is 'What may not run at the same time, and who holds it.';
comment on column ops.lanes.lane_id is 'What workers claim.';
comment on column ops.lanes.connection_id is 'Whose lane it is.';
comment on column ops.lanes.connection is 'Its name.';
comment on column ops.lanes.platform is 'Its platform.';
comment on column ops.lanes.family is 'Which of the connection''s lanes.';
comment on column ops.lanes.state is 'held (by a worker), parked (paused, or its connection does not run), idle (nothing waits), waiting (for a time), ready.';
comment on column ops.lanes.band is 'Band of its head job; while held, of the job that was its head.';
comment on column ops.lanes.next_at is 'When, and in which order, it may next be claimed.';
comment on column ops.lanes.head_at is 'From when on its head job may run.';
comment on column ops.lanes.paused_at is 'Since when it is parked.';
comment on column ops.lanes.strikes is 'Runs in a row that were taken from a worker; from the first on its jobs are handed over one by one.';
comment on column ops.lanes.worker_id is 'Who holds it.';
comment on column ops.lanes.worker is 'Where that worker runs.';
comment on column ops.lanes.claimed_at is 'Since when it is held.';
comment on column ops.lanes.progress_at is 'When the holder last committed a page.';
comment on column ops.lanes.taken_away_at is 'When it is taken from its holder unless another page is committed; earlier if the holder stops beating.';
comment on column ops.lanes.job_id is 'The job that runs.';
comment on column ops.lanes.jobs_count is 'Jobs that were handed over and have not ended.';
comment on column ops.lanes.pages_count is 'Pages committed under this lease.';

-- Why a job does not run this moment. The first thing that holds it up, in the order in which they would have to be mended.
create or replace function ops.why_waiting(p_job bigint)
returns table (job_id bigint, code text, subject text, sentence text, since timestamptz, until timestamptz, worker_id uuid, by_job_id bigint, ahead_count integer, remedy text)
language plpgsql stable as $$
#variable_conflict use_column
declare
  v_now timestamptz := portolan.now(); v_second text := 'second';
  j portolan.jobs; l portolan.lanes; le portolan.leases; h portolan.job_history; e portolan.job_events; p portolan.pauses; c portolan.connections; g portolan.gates; w record;
  v_ahead integer; v_lanes integer; v_what text;
begin
  select * into j from portolan.jobs x where x.job_id = p_job;
  if not found then
    select * into h from portolan.job_history x where x.job_id = p_job order by x.finished_at desc limit 1;
    if not found then
      return query select p_job, 'not_found', null::text, format('there is no job %s; one that ended longer ago than the retention is forgotten', p_job), null::timestamptz, null::timestamptz, null::uuid, null::bigint, null::integer, null::text;
    else
      return query select p_job, 'ended', h.outcome, format('it does not wait: %s at %s', case h.outcome when 'done' then 'it was done' when 'merged' then 'it became one with an equal job' when 'cancelled' then 'it was cancelled'
                            when 'poison' then 'it killed its workers and was given up' else 'it failed' end, date_trunc(v_second, h.finished_at)) || coalesce(', ' || (h.error->>'code'), ''),
        h.finished_at, null::timestamptz, h.worker_id, null::bigint, null::integer,
        case when h.outcome in ('failed', 'poison', 'cancelled') then format('select portolan.retry(%s)', p_job) end;
    end if;
    return;
  end if;
  select * into l from portolan.lanes x where x.lane_id = j.lane_id;
  select * into le from portolan.leases x where x.lane_id = j.lane_id;
  -- It does not wait.
  if j.job_id = any (le.job_ids) then
    select x.host, x.beat_at into w from portolan.workers x where x.worker_id = le.worker_id;
    if j.job_id = le.running then
      return query select p_job, 'running', w.host, format('it runs, since %s', date_trunc(v_second, le.claimed_at)) || coalesce(' on ' || w.host, '')
          || case when j.cancel_at is not null then '; it is to stop at its next page' else '' end,
        le.claimed_at, least(le.deadline, le.progress_at + le.stall_limit), le.worker_id, j.job_id, 0, case when j.cancel_at is null then format('select portolan.cancel(%s)', p_job) end;
    else
      v_ahead := array_position(le.job_ids, p_job) - greatest(array_position(le.job_ids, le.running), 1);
      return query select p_job, 'handed_over', w.host, format('it was handed over%s and runs when the %s jobs before it in its lane have', coalesce(' to ' || w.host, ''), v_ahead),
        le.claimed_at, null::timestamptz, le.worker_id, le.running, v_ahead, null::text;
    end if;
    return;
  end if;
  -- It waits for something of its own.
  if j.run_at = 'infinity' then
    select count(*) into v_ahead from portolan.jobs x where x.parent_job_id = p_job;
    return query select p_job, 'children', null::text, format('it waits for its children; %s of them are not done', v_ahead), null::timestamptz, null::timestamptz, null::uuid, null::bigint, v_ahead,
      format('select * from ops.jobs where parent_job_id = %s', p_job);
    return;
  end if;
  if j.run_at > v_now then
    select * into e from portolan.job_events x where x.job_id = p_job order by x.run desc limit 1;
    -- Of many runs not each is kept.
    if e.run is distinct from j.runs then e.event := case when j.attempt > 0 then 'retry' when j.snoozes > 0 then 'snooze' end; e.detail := null; e.occurred_at := null; end if;
    v_what := coalesce(e.detail->>'why', e.detail->>'message');
    return query select p_job, case e.event when 'retry' then 'retry' when 'snooze' then 'snoozed' else 'scheduled' end,
      coalesce(e.detail->>'bucket', substring(e.detail->>'why' from 'in bucket (.+)$'), e.detail->>'code', case when e.event = 'retry' then j.last_error->>'code' end),
      format('it is due in %s, at %s', date_trunc(v_second, j.run_at - v_now), date_trunc(v_second, j.run_at))
        || case e.event when 'retry' then format('; attempt %s of %s failed', j.attempt, j.max_attempts) || coalesce(' with ' || coalesce(e.detail->>'code', j.last_error->>'code'), '') || coalesce(': ' || v_what, '')
                        when 'snooze' then '; it was put off' || coalesce(' with ' || (e.detail->>'code'), '') || coalesce(': ' || v_what, '')
                        else coalesce('; last time: ' || (j.last_error->>'code'), '') end,
      coalesce(e.occurred_at, j.created_at), j.run_at, null::uuid, null::bigint, null::integer,
      case when e.event = 'snooze' then format('nothing; it goes on by itself. At once: select portolan.retry(%s)', p_job) else format('select portolan.retry(%s)', p_job) end;
    return;
  end if;
  -- Somebody has said so.
  select * into p from portolan.pauses x where (x.scope, x.name) in (('connection', j.connection_id::text), ('platform', l.platform), ('kind', j.kind), ('band', j.band)) order by x.paused_at limit 1;
  if found then
    return query select p_job, 'paused', p.scope || ' ' || p.name,
      format('its %s%s is paused since %s', p.scope, case when p.scope = 'connection' then '' else ' ' || p.name end, date_trunc(v_second, p.paused_at)) || coalesce(': ' || p.reason, ''),
      p.paused_at, null::timestamptz, null::uuid, null::bigint, null::integer, format('select portolan.resume(%L, %L)', p.scope, p.name);
    return;
  end if;
  -- Its connection, its platform.
  select * into c from portolan.connections x where x.connection_id = j.connection_id;
  if l.family <> 'probe' and c.state in ('needs_reauth', 'blocked', 'unreachable', 'disabled') then
    return query select p_job, 'connection_stopped', c.name, format('its connection is %s since %s', c.state, date_trunc(v_second, c.state_since)) || coalesce(': ' || c.state_message, ''),
      c.state_since, c.next_probe_at, null::uuid, null::bigint, null::integer, ops.connection_remedy(c.state, c.name, c.next_probe_at, c.state_until);
    return;
  end if;
  if l.paused_at is not null then
    return query select p_job, 'lane_parked', l.family, format('its lane is parked since %s', date_trunc(v_second, l.paused_at)), l.paused_at, null::timestamptz, null::uuid, null::bigint, null::integer,
      format('select portolan.resume(%L, %L)', 'connection', j.connection_id::text);
    return;
  end if;
  select * into g from portolan.gates x where x.platform = l.platform;
  if found then
    return query select p_job, case when g.opening_at is null then 'gate_closed' else 'gate_opening' end, g.platform,
      case when g.opening_at is null then format('%s is down since %s: %s; one lane is tried at %s', g.platform, date_trunc(v_second, g.closed_at), g.reason, date_trunc(v_second, g.probe_at))
           else format('%s was down and is taken up again step by step: %s lanes at %s', g.platform, g.width, date_trunc(v_second, g.probe_at)) end,
      g.closed_at, g.probe_at, null::uuid, null::bigint, null::integer, format('nothing, once it is up; by hand: select portolan.open_gate(%L)', g.platform);
    return;
  end if;
  -- Its lane, the workers, and its turn.
  select count(*) into v_ahead from (
    select from generate_series(0, j.rank) r(rank) cross join lateral (
      select from portolan.jobs x where x.lane_id = j.lane_id and x.rank = r.rank and x.run_at <= v_now and (r.rank < j.rank or (x.run_at, x.job_id) < (j.run_at, j.job_id))
      order by x.run_at, x.job_id limit 10001) x limit 10001) x;
  if le.lane_id is not null then
    select x.host, x.beat_at into w from portolan.workers x where x.worker_id = le.worker_id;
    return query select p_job, 'lane_held', w.host,
      format('its lane is held%s since %s, by job %s', coalesce(' on ' || w.host, ''), date_trunc(v_second, le.claimed_at), le.running)
        || case when v_ahead > 1 then format('; %s jobs of the lane are before it', ops.bounded(v_ahead)) else '' end,
      le.claimed_at, least(le.deadline, le.progress_at + le.stall_limit), le.worker_id, le.running, v_ahead, format('nothing; the holder gives way after its slice. To end it: select portolan.cancel(%s)', le.running);
    return;
  end if;
  select count(*) as alive, count(*) filter (where not x.draining) as taking into w from portolan.workers x where x.beat_at >= v_now - x.ttl;
  if w.taking = 0 then
    return query select p_job, case when w.alive = 0 then 'no_worker' else 'workers_drain' end, null::text,
      case when w.alive = 0 then 'no worker is alive' else format('all %s workers that are alive were asked to drain', w.alive) end, null::timestamptz, null::timestamptz, null::uuid, null::bigint, v_ahead,
      'start one: portolan worker';
    return;
  end if;
  if v_ahead > 0 then
    return query select p_job, 'behind_in_lane', l.family, format('%s jobs of its lane are before it; they run one at a time', ops.bounded(v_ahead)), null::timestamptz, null::timestamptz, null::uuid, null::bigint, v_ahead,
      format('select * from ops.jobs where lane_id = %s and not ended order by job_id', j.lane_id);
    return;
  end if;
  if l.next_at > v_now then
    return query select p_job, 'lane_put_off', j.kind, format('its lane is looked at again at %s: no worker took its head, of kind %s, or its connection has just come back', date_trunc(v_second, l.next_at), j.kind),
      null::timestamptz, l.next_at, null::uuid, null::bigint, 0, format('start a worker that knows kind %s, version %s', j.kind, j.args_version);
    return;
  end if;
  select count(*) into v_lanes from (select from portolan.lanes o where o.platform = l.platform and o.band = l.band and o.state = 'ready' and o.paused_at is null and o.next_at < l.next_at limit 10001) o;
  return query select p_job, 'turn', l.platform || ' ' || l.band,
    format('its lane waits for its turn: %s lanes of %s, band %s, are before it', ops.bounded(v_lanes), l.platform, l.band), l.next_at, null::timestamptz, null::uuid, null::bigint, v_lanes,
    case when v_lanes > 0 then 'start more workers' else 'nothing; workers look several times a second' end;
end $$;
comment on function ops.why_waiting is 'Why a job does not run this moment, in one row: a code, what it is about, a sentence, since when, until when, who, behind how many, and what to do. docs/ops.md lists the codes.';

create or replace view ops.waiting as
select j.job_id, j.connection_id, c.name as connection, c.platform, j.kind, j.band, j.created_at, nullif(j.run_at, 'infinity') as run_at,
       y.code, y.subject, y.sentence, y.since, y.until, y.worker_id, y.by_job_id, y.ahead_count, y.remedy
from portolan.jobs j left join portolan.connections c on c.connection_id = j.connection_id
cross join lateral ops.why_waiting(j.job_id) y
where y.code <> 'running';
comment on view ops.waiting is 'Live jobs that do not run, each with the reason. About a fifth of a millisecond a row: give it a limit, or a filter on job_id.';
comment on column ops.waiting.job_id is 'Which job.';
comment on column ops.waiting.connection_id is 'Whose work it is.';
comment on column ops.waiting.connection is 'Name of the connection.';
comment on column ops.waiting.platform is 'Platform of the connection.';
comment on column ops.waiting.kind is 'What it does.';
comment on column ops.waiting.band is 'How urgent it is.';
comment on column ops.waiting.created_at is 'When it was enqueued.';
comment on column ops.waiting.run_at is 'From when on it may run; NULL while it awaits its children.';
comment on column ops.waiting.code is 'The reason; docs/ops.md lists them.';
comment on column ops.waiting.subject is 'What the reason is about: a bucket, an error''s code, a pause, a platform, a host.';
comment on column ops.waiting.sentence is 'The reason, for people.';
comment on column ops.waiting.since is 'Since when it is so, where that is known.';
comment on column ops.waiting.until is 'Until when at most, where that is known.';
comment on column ops.waiting.worker_id is 'The worker that holds its lane.';
comment on column ops.waiting.by_job_id is 'The job that runs in its lane.';
comment on column ops.waiting.ahead_count is 'Jobs of its lane, or lanes of its band, that are before it; 10001 stands for more than 10000.';
comment on column ops.waiting.remedy is 'What to do, if anything.';

create or replace view ops.backlog as
select s.platform, s.band, s.kind, s.state, s.jobs_count, nullif(s.oldest_at, 'infinity') as oldest_at,
       case when s.state = 'queued' then greatest(portolan.now() - s.oldest_at, interval '0') end as oldest_age,
       (select min(p.paused_at) from portolan.pauses p where (p.scope, p.name) in (('platform', s.platform), ('kind', s.kind), ('band', s.band))) as paused_at,
       (select g.closed_at from portolan.gates g where g.platform = s.platform) as gate_closed_at, s.refreshed_at as counted_at
from portolan.queue_stats s;
comment on view ops.backlog is 'How many live jobs there are, by platform, band, kind and state, as maintenance counted them seconds ago; reading it counts nothing.';
comment on column ops.backlog.platform is 'Platform of the lanes.';
comment on column ops.backlog.band is 'Band of the jobs.';
comment on column ops.backlog.kind is 'Kind of the jobs.';
comment on column ops.backlog.state is 'queued, scheduled, handed over, running or awaiting.';
comment on column ops.backlog.jobs_count is 'How many.';
comment on column ops.backlog.oldest_at is 'Since when the oldest of them may run; NULL of awaiting ones.';
comment on column ops.backlog.oldest_age is 'How long the oldest queued one has been waiting.';
comment on column ops.backlog.paused_at is 'Since when the platform, kind or band is paused.';
comment on column ops.backlog.gate_closed_at is 'Since when the platform is down.';
comment on column ops.backlog.counted_at is 'When they were counted.';
