-- The health of connections: events move it through portolan.health_transitions, and nothing else writes it.
-- Locks: the connection, then its lanes in order of lane_id. A caller that holds a lane must hold all lanes of the connection (see park_locks).

-- Where the table leads. NULL: there is no such connection. The caller holds nothing of the connection's but, where lanes change, all of its lanes.
create or replace function portolan.connection_event(p_connection bigint, p_event text, p_code text default null, p_message text default null,
    p_error_id bigint default null, p_by text default null, p_until timestamptz default null) returns text language plpgsql as $$
declare v_now timestamptz := portolan.now(); c portolan.connections; t portolan.health_transitions; v_ran boolean; v_runs boolean;
begin
  select * into c from portolan.connections x where x.connection_id = p_connection for no key update;
  if not found then return null; end if;
  select * into t from portolan.health_transitions x where x.from_state = c.state and x.event = p_event;
  if not found then
    raise exception 'event: there is no event %', quote_nullable(p_event) using errcode = 'invalid_parameter_value';
  end if;
  if t.condition is not null and exists (select from portolan.streams s where s.connection_id = p_connection
      and (s.state in ('failing', 'blocked') or s.first_caught_up_at is null or t.condition = 'every_stream_twice' and s.successes < 2)) then
    return c.state;
  end if;
  v_ran := portolan.runs(c.state);
  v_runs := portolan.runs(t.to_state);
  if t.to_state = c.state then
    -- The newest reason, and how the probes go on.
    if p_event in ('auth', 'block', 'net', 'limit') and c.state <> 'disabled' then
      update portolan.connections x set state_code = coalesce(p_code, x.state_code), state_message = coalesce(p_message, x.state_message), state_error_id = coalesce(p_error_id, x.state_error_id),
        state_until = case when x.state = 'rate_limited' then p_until else x.state_until end where x.connection_id = p_connection;
    end if;
    return c.state;
  end if;
  update portolan.connections x set state = t.to_state, state_since = v_now, state_by = p_by, probes_count = 0,
    state_code = case when p_event in ('ok', 'on', 'relink') then null else p_code end, state_message = case when p_event in ('ok', 'on', 'relink') then null else p_message end,
    state_error_id = case when p_event in ('ok', 'on', 'relink') then null else p_error_id end,
    state_until = case when t.to_state = 'rate_limited' then p_until end,
    limited_since = case when p_event in ('ok', 'on', 'relink') then null else x.limited_since end,
    net_failures = case when p_event in ('ok', 'on', 'relink') then 0 else x.net_failures end, net_since = case when p_event in ('ok', 'on', 'relink') then null else x.net_since end,
    next_probe_at = v_now + portolan.probe_pause(t.to_state, 0)
  where x.connection_id = p_connection;
  insert into portolan.connection_events (connection_id, occurred_at, event, from_state, to_state, code, message, error_id, changed_by)
  values (p_connection, v_now, p_event, c.state, t.to_state, p_code, p_message, p_error_id, p_by);
  if t.to_state in ('needs_reauth', 'blocked') then
    perform portolan.raise_alert('connection_action', 'connection:' || p_connection, 'warning', format('connection %s is %s: %s', c.name, t.to_state, coalesce(p_message, p_code, 'no reason given')),
                                 jsonb_build_object('connection_id', p_connection, 'code', p_code));
  elsif c.state in ('needs_reauth', 'blocked') then
    perform portolan.end_alert('connection_action', 'connection:' || p_connection);
  end if;
  if v_ran and not v_runs then
    -- Its jobs wait where they are; nothing of it is claimed but a probe.
    update portolan.lanes l set paused_at = coalesce(l.paused_at, v_now) from (
      select x.lane_id from portolan.lanes x where x.connection_id = p_connection and x.family <> 'probe' order by x.lane_id for update) x where l.lane_id = x.lane_id;
  elsif v_runs and not v_ran then
    -- Back to work a lane at a time, over half a minute; what is due over the next minutes, so that many that heal at once do not come as one.
    update portolan.lanes l set paused_at = null, next_at = case when l.state = 'ready' and p_event = 'ok' then greatest(l.next_at, v_now + random() * interval '30 s') else l.next_at end
    from (select x.lane_id from portolan.lanes x where x.connection_id = p_connection and x.family <> 'probe' and x.paused_at is not null order by x.lane_id for update) x
    where l.lane_id = x.lane_id and not exists (select from portolan.pauses p where p.scope = 'connection' and p.name = p_connection::text);
    update portolan.streams s set
      next_due_at = v_now + case when p_event = 'ok' then random() * least(s.interval, interval '5 min') else interval '0' end,
      state = case when s.state in ('blocked', 'failing') then case when s.first_caught_up_at is null then 'reading' else 'in_sync' end else s.state end,
      state_code = null, state_message = null, successes = 0
    where s.connection_id = p_connection;
  end if;
  return t.to_state;
end $$;
comment on function portolan.connection_event is 'Something happened to a connection: moves its health as health_transitions says, with history, alert, and what follows for its lanes and streams. Answers the state.';

-- How long until a connection in this state is tried again, after so many probes; NULL: never by itself. A fifth of jitter.
create or replace function portolan.probe_pause(p_state text, p_probes integer) returns interval language sql volatile as $$
  select case p_state
    when 'unreachable' then (array[interval '5 min', '15 min', '30 min', '1 hour'])[least(p_probes, 3) + 1] * case when p_probes > 3 then 6 else 1 end
    when 'blocked' then (array[interval '1 hour', '6 hours', '24 hours'])[least(p_probes, 2) + 1] end * (0.9 + 0.2 * random()) $$;
comment on function portolan.probe_pause is 'How long until the next probe: unreachable after 5, 15, 30, 60 minutes, then every 6 hours; blocked after 1, 6, then every 24 hours; others never.';

-- A page got through: failures to reach it and waits for limits are over; with a complete read it may be healthy again. Called under a page's
-- locks, so it waits for nobody and touches no lane.
create or replace function portolan.note_progress(p_connection bigint, p_caught_up boolean) returns void language plpgsql as $$
declare c portolan.connections;
begin
  select * into c from portolan.connections x where x.connection_id = p_connection for no key update skip locked;
  if not found or not portolan.runs(c.state) then return; end if;
  if c.net_failures > 0 or c.limited_since is not null then
    update portolan.connections x set net_failures = 0, net_since = null, limited_since = null where x.connection_id = p_connection;
  end if;
  if p_caught_up then perform portolan.connection_event(p_connection, 'ok'); end if;
end $$;
comment on function portolan.note_progress is 'What a committed page means for the health of its connection.';

-- What a failed run means for the health of its connection: how often before it counts. Answers the event that is due, or NULL.
create or replace function portolan.health_event_due(p_connection bigint, p_event text, p_delay interval) returns text language plpgsql as $$
declare v_now timestamptz := portolan.now(); c portolan.connections;
begin
  select * into c from portolan.connections x where x.connection_id = p_connection for no key update;
  if not found or p_event is null then return null; end if;
  case p_event
    when 'net' then
      -- While its platform is down it is not the connection's.
      if exists (select from portolan.gates g where g.platform = c.platform) then return null; end if;
      update portolan.connections x set net_failures = x.net_failures + 1, net_since = coalesce(x.net_since, v_now) where x.connection_id = p_connection;
      return case when c.net_failures + 1 >= 3 and coalesce(c.net_since, v_now) <= v_now - interval '5 min' then 'net' end;
    when 'limit' then
      if c.limited_since is null then update portolan.connections x set limited_since = v_now where x.connection_id = p_connection; end if;
      if c.limited_since < v_now - interval '24 hours' then
        perform portolan.raise_alert('limit_stall', 'connection:' || p_connection, 'warning', format('connection %s has been held up by limits alone for a day', c.name), jsonb_build_object('connection_id', p_connection));
      end if;
      return case when coalesce(c.limited_since, v_now) <= v_now - interval '15 min' or p_delay > interval '15 min' then 'limit' end;
    else return p_event;
  end case;
end $$;
comment on function portolan.health_event_due is 'Notes a failure against a connection''s health and answers the event that is due now, if one is.';

-- Ends the run of one job that failed or was put off: finish, the error's row, and what it means for stream and connection, together.
create or replace function portolan.finish_with(p_lane bigint, p_token uuid, p_job bigint, p_outcome text, p_delay interval, p_error jsonb,
    p_resource text, p_stream_state text default null, p_event text default null, p_flags jsonb[] default '{}')
returns text language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_connection bigint; v_worker uuid; v_result text; v_event text; v_error_id bigint;
begin
  -- Connection and stream are locked before finish locks the lane: the scheduler locks streams first and then their lanes. Where lanes will be
  -- parked all of them are, in order, with the lane of the job's parent, which finish may need.
  select le.connection_id, le.worker_id into v_connection, v_worker from portolan.leases le where le.lane_id = p_lane and le.token = p_token for update;
  if v_connection is not null and p_error is not null then
    v_event := portolan.health_event_due(v_connection, p_event, p_delay);
  end if;
  if p_error is not null and p_stream_state is not null then
    perform from portolan.streams s where s.connection_id = v_connection and s.resource = p_resource for no key update;
  end if;
  if v_event in ('auth', 'block', 'net') then
    perform from (select l.lane_id from portolan.lanes l where l.connection_id = v_connection
                  union select o.lane_id from portolan.jobs j join portolan.jobs o on o.job_id = j.parent_job_id where j.job_id = p_job order by 1) x
    cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id for update) l;
  end if;
  v_result := (portolan.finish_many(array[p_lane], array[p_token], array[p_job], array[p_outcome], array[p_delay], array[p_error]))[1];
  if v_result = 'stale' or p_error is null then return v_result; end if;
  v_error_id := portolan.record_errors(v_connection, p_resource, p_job, v_worker, p_flags || p_error);
  update portolan.streams s set state = p_stream_state, state_code = p_error->>'code', state_message = p_error->>'message', successes = 0,
    state_since = case when s.state <> p_stream_state then v_now else s.state_since end,
    -- A blocked stream is tried again by an ordinary sync: after six hours, then once a day.
    next_due_at = case when p_stream_state = 'blocked' then v_now + case when s.state = 'blocked' then interval '24 hours' else interval '6 hours' end * (0.9 + 0.2 * random()) else s.next_due_at end
  where s.connection_id = v_connection and s.resource = p_resource and p_stream_state is not null;
  -- A stream that will be tried again by itself says nothing about the connection yet.
  if v_event is not null and (v_event <> 'soft' or v_result in ('failed', 'poison')) then
    perform portolan.connection_event(v_connection, v_event, p_error->>'code', p_error->>'message', v_error_id, null, v_now + p_delay);
  end if;
  if v_event is not null or p_event = 'net' then
    -- While a gate opens step by step, a failure of this kind says that the platform is down still.
    update portolan.gates g set opening_at = null, width = 1 from portolan.connections c
    where c.connection_id = v_connection and g.platform = c.platform and g.opening_at is not null and p_event in ('net', 'soft') and p_error->>'fault' = 'platform';
  end if;
  return v_result;
end $$;
comment on function portolan.finish_with is 'finish for one job with its error: history or back-off, error row, state of the stream, health of the connection. Answers what became of the job, or stale.';

-- Ends a probe: whatever it found out, the job is done. p_event: ok, or what the failure means.
create or replace function portolan.finish_probe(p_lane bigint, p_token uuid, p_job bigint, p_event text, p_error jsonb default null) returns text language plpgsql as $$
declare v_connection bigint; v_worker uuid; v_result text; v_error_id bigint; v_state text;
begin
  select le.connection_id, le.worker_id into v_connection, v_worker from portolan.leases le where le.lane_id = p_lane and le.token = p_token for update;
  if v_connection is null then return 'stale'; end if;
  perform from portolan.connections c where c.connection_id = v_connection for no key update;
  perform from portolan.streams s where s.connection_id = v_connection order by s.resource for no key update;
  perform from (select l.lane_id from portolan.lanes l where l.connection_id = v_connection
                union select o.lane_id from portolan.jobs j join portolan.jobs o on o.job_id = j.parent_job_id where j.job_id = p_job order by 1) x
  cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id for update) l;
  v_result := (portolan.finish_many(array[p_lane], array[p_token], array[p_job], array['done'], array[interval '0'], array[null::jsonb]))[1];
  if v_result = 'stale' then return v_result; end if;
  if p_error is not null then
    v_error_id := portolan.record_errors(v_connection, null, p_job, v_worker, array[p_error]);
  end if;
  if p_event is not null then
    v_state := portolan.connection_event(v_connection, p_event, p_error->>'code', p_error->>'message', v_error_id);
  end if;
  return v_result;
end $$;
comment on function portolan.finish_probe is 'Ends a probe with what it found out about the connection. Answers what became of the job, or stale.';

-- Enqueues a probe for each connection that is due for one. Run by any number of schedulers at once. Answers how many.
create or replace function portolan.enqueue_probes(p_limit integer default 100) returns integer language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_connection bigint[];
begin
  with due as (
    select c.connection_id from portolan.connections c where c.next_probe_at <= v_now order by c.next_probe_at limit p_limit for no key update skip locked),
  moved as (
    update portolan.connections c set probes_count = c.probes_count + 1, next_probe_at = v_now + portolan.probe_pause(c.state, c.probes_count + 1)
    from due d where c.connection_id = d.connection_id returning c.connection_id, c.state)
  select array_agg(m.connection_id order by m.connection_id) into v_connection from moved m where m.state in ('unreachable', 'blocked');
  if v_connection is null then return 0; end if;
  perform portolan.enqueue_many(v_connection, array_fill('probe'::text, array[cardinality(v_connection)]), array_fill('{}'::jsonb, array[cardinality(v_connection)]),
    array_fill('incremental'::text, array[cardinality(v_connection)]), null, array_fill('probe'::text, array[cardinality(v_connection)]), array_fill('probe'::text, array[cardinality(v_connection)]));
  return cardinality(v_connection);
end $$;
comment on function portolan.enqueue_probes is 'One tick of the scheduler for connections that do not run: one cheap request each, at a slow growing pace. Answers how many.';

-- What a person says of a connection, by name.
create or replace function portolan.switch_connection(p_name text, p_event text, p_by text default null, p_reason text default null) returns text language plpgsql as $$
declare v_connection bigint;
begin
  if p_event not in ('on', 'off', 'relink') then
    raise exception 'event: % is nothing a person does; use on, off or relink', quote_nullable(p_event) using errcode = 'invalid_parameter_value';
  end if;
  select c.connection_id into v_connection from portolan.connections c where c.name = p_name for no key update;
  if not found then return null; end if;
  perform from portolan.streams s where s.connection_id = v_connection order by s.resource for no key update;
  perform from portolan.lanes l where l.connection_id = v_connection order by l.lane_id for update;
  return portolan.connection_event(v_connection, p_event, null, p_reason, null, coalesce(p_by, session_user));
end $$;
comment on function portolan.switch_connection is 'Switches a connection off or on, or says that it has new credentials or is mended (relink). Answers the state; NULL when there is none of that name.';

-- Mended, or switched on: all its streams are due at once. Cursors stay, so nothing is read twice.
create or replace function portolan.resume_connection(p_name text) returns boolean language plpgsql as $$
declare v_state text;
begin
  select c.state into v_state from portolan.connections c where c.name = p_name;
  if not found then return false; end if;
  perform portolan.switch_connection(p_name, case v_state when 'disabled' then 'on' else 'relink' end);
  update portolan.streams s set next_due_at = portolan.now(), state = case when s.state in ('blocked', 'failing') then case when s.first_caught_up_at is null then 'reading' else 'in_sync' end else s.state end,
    state_code = null, state_message = null, successes = 0
  from portolan.connections c where c.name = p_name and s.connection_id = c.connection_id;
  return true;
end $$;
comment on function portolan.resume_connection is 'Switches a connection on again, or says that it is mended, and makes all its streams due. False when there is none of that name.';

-- A platform is down when three of its running connections, and three in ten, failed by its fault in the last three minutes and have not
-- answered since. Attempts that were spent on it are given back. Answers the platforms whose gates were closed.
create or replace function portolan.close_gates() returns text[] language plpgsql as $$
declare v_now timestamptz := portolan.now(); r record; v_closed text[] := '{}';
begin
  for r in
    select f.platform, f.failing, p.running, f.code from (
      select c.platform, count(distinct e.connection_id) as failing, mode() within group (order by k.code) as code
      from portolan.error_cluster_connections e join portolan.error_clusters k using (cluster_id) join portolan.connections c on c.connection_id = e.connection_id
      where e.last_seen_at > v_now - interval '3 min' and k.fault = 'platform' and split_part(k.code, '.', 1) in ('platform', 'network', 'tls') and portolan.runs(c.state)
        and not exists (select from portolan.streams s where s.connection_id = c.connection_id and s.last_page_at >= e.last_seen_at)
      group by c.platform) f
    join (select c.platform, count(*) as running from portolan.connections c where portolan.runs(c.state) group by 1) p using (platform)
    where f.failing >= 3 and f.failing >= 0.3 * p.running and not exists (select from portolan.gates g where g.platform = f.platform)
  loop
    perform portolan.close_gate(r.platform, format('%s of %s connections fail with %s', r.failing, r.running, r.code));
    perform portolan.raise_alert('outage', 'platform:' || r.platform, 'warning', format('%s seems to be down: %s of %s connections fail with %s', r.platform, r.failing, r.running, r.code),
                                 jsonb_build_object('failing', r.failing, 'running', r.running, 'code', r.code));
    update portolan.jobs j set attempt = 0 where j.job_id = any (array(
      select j.job_id from portolan.lanes l join portolan.jobs j using (lane_id)
      where l.platform = r.platform and j.attempt > 0 and j.run_at > v_now and j.last_error->>'fault' = 'platform' for update of j skip locked));
    v_closed := v_closed || r.platform;
  end loop;
  update portolan.alerts a set resolved_at = v_now where a.rule = 'outage' and a.resolved_at is null
    and not exists (select from portolan.gates g where 'platform:' || g.platform = a.subject);
  return v_closed;
end $$;
comment on function portolan.close_gates is 'Closes the gates of platforms that are down for many connections at once. Maintenance calls it. Answers which.';

create or replace view portolan.connection_health as
  select c.connection_id, c.name, c.platform, c.state, c.state_since, c.state_code, c.state_message, c.state_until, c.next_probe_at, c.state_by,
    case c.state
      when 'needs_reauth' then format('new credentials: portolan connections renew %s', c.name)
      when 'blocked' then format('it is tried again at %s; once mended: portolan connections resume %s', date_trunc('second', c.next_probe_at), c.name)
      when 'unreachable' then format('it is tried again at %s', date_trunc('second', c.next_probe_at))
      when 'disabled' then format('portolan connections resume %s', c.name)
      when 'rate_limited' then 'time' || coalesce(': until ' || date_trunc('second', c.state_until), '')
      when 'degraded' then 'two complete reads of every stream'
      when 'pending' then 'a first complete read of every stream' end as heals,
    n.streams_count, n.failing_count, n.blocked_count, n.oldest_synced_through
  from portolan.connections c
  cross join lateral (
    select count(*)::integer as streams_count, count(*) filter (where s.state = 'failing')::integer as failing_count, count(*) filter (where s.state = 'blocked')::integer as blocked_count,
           min(s.synced_through) as oldest_synced_through
    from portolan.streams s where s.connection_id = c.connection_id) n;
comment on view portolan.connection_health is 'How each connection is, since when, why, and what would heal it.';
