-- What people do to the queue: cancel, retry, pause, resume, gates. Lock order as everywhere: leases, lanes, jobs.

-- Cancel: a waiting job at once; one that is handed over is told at its next page and ends as cancelled unless it was done first. With a
-- parent its children are cancelled; it ends when the last of them has.
create or replace function portolan.cancel_many(p_jobs bigint[]) returns table (job_id bigint, result text) language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_all bigint[]; v_lane bigint[]; v_parent bigint[]; v_live bigint[];
begin
  for i in 1..100 loop
    select array_agg(distinct j.job_id), array_agg(distinct j.lane_id), array_agg(distinct p.job_id) filter (where p.job_id is not null)
    into v_all, v_lane, v_parent from (
      select j.job_id, j.lane_id, j.parent_job_id from unnest(p_jobs) u(job_id) join portolan.jobs j using (job_id)
      union all select c.job_id, c.lane_id, c.parent_job_id from unnest(p_jobs) u(job_id) join portolan.jobs c on c.parent_job_id = u.job_id) j
    left join portolan.jobs p on p.job_id = j.parent_job_id;
    if v_all is null then return query select u, 'not waiting' from unnest(p_jobs) u; return; end if;
    begin
      perform from (select distinct x from unnest(v_lane) x order by 1) x(lane_id) cross join lateral (select from portolan.leases le where le.lane_id = x.lane_id for update) le;
      perform from (select distinct x.lane_id from (select unnest(v_lane) union all select p.lane_id from portolan.jobs p where p.job_id = any (v_parent)) x(lane_id) order by 1) x
      cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id for update) l;
      -- Until we had its lane, a lane may have been leased, and a page committed there holds its job: never wait for that with lanes in hand.
      -- And until we had the parent's lane there may have been more children. Then give everything back, and look again.
      exit when (select count(*) from portolan.leases le where le.lane_id = any (v_lane))
              = (select count(*) from (select from portolan.leases le where le.lane_id = any (v_lane) for update skip locked) le)
        and not exists (select from portolan.jobs c where c.parent_job_id = any (p_jobs) and c.job_id <> all (v_all));
      raise exception 'once more' using errcode = 'PQ001';
    exception when sqlstate 'PQ001' then
      if i = 100 then raise exception 'cancel: the lanes of these jobs are too busy; try again' using errcode = 'lock_not_available'; end if;
    end;
  end loop;
  select array_agg(j.job_id) into v_live from portolan.jobs j where j.job_id = any (v_all);
  -- What runs, and what waits for its children, is asked; the rest goes.
  update portolan.jobs j set cancel_at = coalesce(j.cancel_at, v_now)
  where j.job_id = any (v_live) and (j.run_at = 'infinity' or exists (select from portolan.leases le where le.lane_id = j.lane_id and j.job_id = any (le.job_ids)));
  with gone as (delete from portolan.jobs j where j.job_id = any (v_live) and j.cancel_at is null returning j.*)
  insert into portolan.job_history (job_id, connection_id, lane_id, created_at, finished_at, attempt, snoozes, rescues, outcome,
                                    pages_count, args_version, records_count, parent_job_id, band, kind, dedupe_key, args, error, runs)
  select g.job_id, g.connection_id, g.lane_id, g.created_at, v_now, g.attempt, g.snoozes, g.rescues, 'cancelled',
         g.pages_count, g.args_version, g.records_count, g.parent_job_id, g.band, g.kind, g.dedupe_key, g.args, g.last_error, g.runs from gone g;
  perform portolan.end_parents(v_parent || v_live);
  -- If it was its lane's head, the next claim of the lane finds out and corrects it.
  return query select u, case when exists (select from portolan.jobs j where j.job_id = u) then 'asked to stop' when u = any (v_live) then 'cancelled' else 'not waiting' end from unnest(p_jobs) u;
end $$;
comment on function portolan.cancel_many is 'Cancels jobs, with parents their children: at once what waits, at its next page what runs. Answers which of the two for each, or that it was neither.';

create or replace function portolan.cancel(p_job bigint) returns text language sql as $$ select c.result from portolan.cancel_many(array[p_job]) c $$;
comment on function portolan.cancel is 'Cancels a job: at once when it waits, at its next page when it runs. Answers which of the two, or that it was neither.';

-- Retry: a job that ended is enqueued anew, with nothing counted against it; one that waits to be tried again is brought forward.
create or replace function portolan.retry(p_job bigint) returns bigint language plpgsql as $$
declare v_old portolan.job_history; v_now timestamptz := portolan.now(); v_lane bigint; v_family text; v_new bigint;
begin
  select j.lane_id into v_lane from portolan.jobs j where j.job_id = p_job;
  if found then
    perform from portolan.leases le where le.lane_id = v_lane for update;
    perform from portolan.lanes l where l.lane_id = v_lane for update;
    if exists (select from portolan.jobs j where j.job_id = p_job) then      -- it may have ended while we waited
      update portolan.jobs j set run_at = v_now, attempt = 0, rescues = 0 where j.job_id = p_job and j.run_at > v_now and j.run_at < 'infinity'
        and not exists (select from portolan.leases le where le.lane_id = v_lane and p_job = any (le.job_ids));
      update portolan.lanes l set band = h.band, head_at = h.run_at, next_at = v_now from portolan.lane_head(v_lane, v_now) h
      where found and l.lane_id = v_lane and l.state = 'ready' and h.run_at <= v_now;
      return p_job;
    end if;
  end if;
  select * into v_old from portolan.job_history h where h.job_id = p_job order by h.finished_at desc limit 1;
  if not found then
    raise exception 'job_id: there is no job %', p_job using errcode = 'no_data_found', hint = 'jobs that ended longer ago than the retention are forgotten';
  end if;
  select l.family into v_family from portolan.lanes l where l.lane_id = v_old.lane_id;
  v_new := portolan.enqueue(v_old.connection_id, v_old.kind, v_old.args, v_old.band, null, v_old.dedupe_key, v_family, null, v_old.args_version);
  insert into portolan.job_retries (job_id, new_job_id) values (p_job, v_new)
  on conflict (job_id) do update set new_job_id = excluded.new_job_id, retried_at = portolan.now(), retried_by = session_user;
  return v_new;
end $$;
comment on function portolan.retry is 'Runs a job again: one that ended is enqueued anew, one that waits is brought forward. Answers the job.';

create or replace function portolan.pause(p_scope text, p_name text, p_reason text default null) returns void language plpgsql as $$
begin
  if p_scope = 'connection' and not exists (select from portolan.connections c where c.connection_id::text = p_name) then
    raise exception 'connection: there is none with the id %', quote_literal(p_name) using errcode = 'no_data_found';
  elsif p_scope = 'band' and portolan.band_rank(p_name) is null then
    raise exception 'band: % is none; use urgent, incremental, report, backfill or housekeeping', quote_literal(p_name) using errcode = 'invalid_parameter_value';
  elsif p_scope = 'kind' and not exists (select from portolan.job_kinds k where k.kind = p_name) then
    raise exception 'kind: % is not known; there are: %', quote_literal(p_name), (select string_agg(distinct k.kind, ', ') from portolan.job_kinds k) using errcode = 'invalid_parameter_value';
  elsif p_scope is null or p_scope not in ('connection', 'platform', 'kind', 'band') then
    raise exception 'scope: % cannot be paused; use connection, platform, kind or band', quote_nullable(p_scope) using errcode = 'invalid_parameter_value';
  end if;
  if p_scope = 'connection' then      -- pairs with enqueue_many, which makes lanes
    perform from portolan.connections c where c.connection_id = p_name::bigint for update;
  end if;
  insert into portolan.pauses (scope, name, reason) values (p_scope, p_name, p_reason) on conflict do nothing;
  if p_scope = 'connection' then
    update portolan.lanes l set paused_at = coalesce(l.paused_at, portolan.now()) from (
      select x.lane_id from portolan.lanes x where x.connection_id = p_name::bigint order by x.lane_id for update) x where l.lane_id = x.lane_id;
  end if;
end $$;
comment on function portolan.pause is 'Stops a connection, platform, kind or band from being claimed until it is resumed. What runs stops after its page.';

create or replace function portolan.resume(p_scope text, p_name text) returns boolean language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_was boolean; v_lane bigint[];
begin
  if p_scope = 'connection' then      -- pairs with enqueue_many, which makes lanes
    perform from portolan.connections c where c.connection_id::text = p_name for update;
  end if;
  delete from portolan.pauses p where p.scope = p_scope and p.name = p_name;
  v_was := found;
  if p_scope = 'connection' then
    -- Lanes of a connection that does not run stay parked.
    update portolan.lanes l set paused_at = null from (
      select x.lane_id from portolan.lanes x where x.connection_id::text = p_name and x.paused_at is not null
        and (x.family = 'probe' or exists (select from portolan.connections c where c.connection_id = x.connection_id and portolan.runs(c.state)))
      order by x.lane_id for update) x where l.lane_id = x.lane_id;
    v_was := v_was or found;
  elsif p_scope in ('kind', 'band') and v_was then
    -- Lanes whose head was of this kind or band were put off; their jobs may run at once.
    select array_agg(x.lane_id) into v_lane from (
      select x.lane_id from portolan.lanes x where x.state = 'ready' and x.next_at > v_now
        and exists (select from portolan.jobs j where j.lane_id = x.lane_id and case p_scope when 'kind' then j.kind else j.band end = p_name and j.run_at <= v_now)
      order by x.lane_id for update) x;
    update portolan.lanes l set band = h.band, head_at = h.run_at, next_at = greatest(h.run_at, v_now)
    from unnest(v_lane) x(lane_id) cross join lateral portolan.lane_head(x.lane_id, v_now) h where l.lane_id = x.lane_id and l.state = 'ready';
  end if;
  return v_was;
end $$;
comment on function portolan.resume is 'Lets a connection, platform, kind or band go on. Answers whether it had been paused.';

create or replace function portolan.close_gate(p_platform text, p_reason text, p_probe_interval interval default '30 s') returns void language plpgsql as $$
begin
  if p_probe_interval is null or p_probe_interval <= interval '0' then
    raise exception 'probe_interval: must be more than 0' using errcode = 'invalid_parameter_value';
  end if;
  insert into portolan.gates (platform, reason, probe_interval) values (p_platform, p_reason, p_probe_interval)
  on conflict (platform) do update set reason = excluded.reason, probe_interval = excluded.probe_interval, opening_at = null, width = 1;
end $$;
comment on function portolan.close_gate is 'A platform is down: one lane per interval is let through, failures do not count, and after the first page that gets through the gate opens step by step.';

create or replace function portolan.open_gate(p_platform text) returns boolean language sql as $$
  with opened as (delete from portolan.gates g where g.platform = p_platform returning 1) select exists (select from opened) $$;
comment on function portolan.open_gate is 'Opens a platform''s gate. Answers whether it had been closed.';
