-- When streams are read: how often each, what is due, and at what pace. docs/scheduling.md tells the rules.
-- Locks: scheduler_permits and then streams, neither with a wait, then what enqueue_many locks. A page writes its stream's row and nothing else
-- of this.

-- What a read that has caught up teaches about its stream, and how often to read it from now on. No table is read: pages, and the
-- simulation that measures the rule, call the same.
--
-- Changes are remembered with the time over which they were seen: at most 64 of them and 14 days, both scaled down alike, so that busy streams
-- follow quickly and quiet ones are remembered long. Of one read no more than 8 count (with as much less time): a bulk change is one event. When
-- in the day they come is remembered as their first harmonic. A read that finds nothing costs the share of its pages that brought nothing new.
--
-- The interval comes from the rate r at which changes come in the time ahead, the cost c, and the target T. Of all intervals with the same cost
-- in total those give the least average age of what was not read yet where what one more page would bring is the same everywhere. With changes
-- that come at random, I² (1/2 - (1 - (1 + rI) e^-rI) / (rI)²) = m c T². For few changes a read that is I = (3mc T²/r)^(1/3), for many
-- I = T (2mc)^(1/2); the sum of the two, as cubes, is within 6 % of it. m = 1/128 lets the busiest come 8 times as often as the target asks.
create or replace function portolan.next_cadence(
    p_target interval, p_at timestamptz, p_changes integer, p_records integer, p_pages integer, p_seconds double precision, p_least double precision,
    inout change_count real, inout change_span real, inout change_cos real, inout change_sin real, inout read_cost real, out seconds double precision)
language plpgsql immutable parallel safe as $$
declare
  c_share constant double precision := 1 / 128.0; c_memory constant double precision := 64; c_span constant double precision := 14 * 86400;
  c_prior constant double precision := 0.1; c_radians constant double precision := 2 * pi() / 86400;
  v_target double precision := extract(epoch from p_target); v_at double precision := extract(epoch from p_at); v_count double precision; v_span double precision;
  v_scale double precision; v_angle double precision; v_rate double precision; v_half double precision; v_cost double precision;
begin
  v_cost := greatest(1, p_pages * (1 - least(1, p_changes / greatest(p_records, 1)::double precision)));
  read_cost := coalesce(read_cost + (v_cost - read_cost) / 4, v_cost);
  if p_seconds > 0 then
    v_count := least(p_changes, 8);
    v_span := p_seconds * case when p_changes > 8 then 8.0 / p_changes else 1 end;
    v_scale := least(1, c_memory / greatest(change_count + v_count, 1), c_span / greatest(change_span + v_span, 1));
    -- The middle of the time in which they came, and less the longer that was.
    v_angle := c_radians * (v_at - p_seconds / 2);
    v_half := c_radians * p_seconds / 2;
    change_cos := (change_cos + v_count * cos(v_angle) * sin(v_half) / v_half) * v_scale;
    change_sin := (change_sin + v_count * sin(v_angle) * sin(v_half) / v_half) * v_scale;
    change_count := (change_count + v_count) * v_scale;
    change_span := (change_span + v_span) * v_scale;
  end if;
  -- Of a stream that nothing is known of it is assumed that its target is right.
  v_rate := (change_count + c_prior) / (change_span + c_prior * v_target / (3 * c_share));
  seconds := v_target * least(1, cbrt(3 * c_share * read_cost / (v_rate * v_target) + power(2 * c_share * read_cost, 1.5)));
  v_half := c_radians * seconds / 2;
  v_angle := c_radians * v_at + v_half;
  v_rate := v_rate * greatest(0.1, 1 + 2 * (change_cos * cos(v_angle) + change_sin * sin(v_angle)) / (change_count + 4) * sin(v_half) / v_half);
  seconds := v_target * least(1, cbrt(3 * c_share * read_cost / (v_rate * v_target) + power(2 * c_share * read_cost, 1.5)));
  seconds := least(v_target, greatest(seconds, p_least, 1));
end $$;
comment on function portolan.next_cadence is 'What a read teaches about its stream, and how many seconds to wait for the next. The one rule of adaptive cadence.';

-- Where between two reads the next falls: a function of the stream and its slot, so that it spreads the load, can be told beforehand, and is
-- never later than asked. A stream's first interval may be any part of the whole: connections that were added together part ways.
create or replace function portolan.jitter(p_connection bigint, p_resource text, p_slot timestamptz, p_is_first boolean default false) returns double precision
language sql immutable parallel safe as $$
  select case when p_is_first then 0.1 + 0.9 * h else 0.8 + 0.2 * h end
  from (select (hashtextextended(p_resource || p_connection || extract(epoch from p_slot), 0) & 1048575) / 1048576.0 as h) x $$;
comment on function portolan.jitter is 'Which part of its interval a stream waits after a slot: 0.8 to 1, for its first interval 0.1 to 1.';

-- Permits of the parts that nobody has in hand, up to what is wanted. Nothing is written: enqueue_due writes what is left.
create or replace function portolan.hold_permits(p_wanted integer, out part smallint[], out tokens real[], out permits integer) language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_rate double precision; r record; v_sum double precision := 0; v_seconds double precision;
begin
  part := '{}'; tokens := '{}';
  select greatest(p.factor * p.steady_per_s, p.least_per_s) into v_rate from portolan.scheduler_pace p;
  for r in select x.* from portolan.scheduler_permits x order by x.tokens desc, x.part for update skip locked loop
    -- A fifth of a minute's is held at most and four fifths of the rate come after: in no minute more than the rate. A clock that went back
    -- refills nothing.
    v_seconds := greatest(0, extract(epoch from v_now - r.refilled_at));
    part := part || r.part;
    tokens := tokens || least(r.tokens + 0.8 * v_rate / 8 * v_seconds, 12 * v_rate / 8)::real;
    v_sum := v_sum + tokens[cardinality(tokens)];
    exit when v_sum >= p_wanted;
  end loop;
  permits := least(floor(v_sum + 1e-4), p_wanted);
end $$;
comment on function portolan.hold_permits is 'Locks as many parts of the permits as it takes, and tells what they hold. Inner: part of a tick.';

-- One tick of the scheduler: finds up to p_limit due streams, enqueues one job each, and sets when they are due next. Streams that another
-- scheduler has in hand are passed over; a stream whose job still waits or runs is only moved on.
--
-- Streams never read go first and at once. The others need permits, and of what is due the earliest deadlines go first (when it was due, and its
-- target after that): one index probe for each class of urgency, however many streams there are.
create or replace function portolan.enqueue_due(p_limit integer default 1000) returns table (due integer, enqueued integer) language plpgsql as $$
declare
  v_now timestamptz := portolan.now(); v_permits record; v_new integer := 0; v_class smallint[] := '{}'; v_count integer[] := '{}'; v_spent integer;
  v_at tid[]; v_connection bigint[]; v_resource text[]; v_family text[]; v_kind text[]; v_busy boolean[]; v_paced boolean[];
begin
  -- How many of each class. Nothing is locked yet: another scheduler may have some of them, which are then passed over below.
  select count(*) into v_new from (
    select from portolan.streams s where s.urgency = 0 and s.next_due_at <= v_now and s.paused_at is null order by s.next_due_at limit p_limit) x;
  if v_new < p_limit and exists (
      select from generate_series(1, 4) u(urgency) cross join lateral (
        select from portolan.streams s where s.urgency = u.urgency and s.next_due_at <= v_now and s.paused_at is null order by s.next_due_at limit 1) x) then
    v_permits := portolan.hold_permits(p_limit - v_new);
    if v_permits.permits > 0 then
      select array_agg(c.urgency), array_agg(c.n) into v_class, v_count from (
        select d.urgency, count(*)::integer as n from (
          select u.urgency::smallint from generate_series(1, 4) u(urgency) cross join lateral (
            select s.next_due_at + s.interval as deadline from portolan.streams s
            where s.urgency = u.urgency and s.next_due_at <= v_now and s.paused_at is null order by s.next_due_at limit v_permits.permits) x
          order by x.deadline limit v_permits.permits) d group by 1) c;
    end if;
  end if;
  select array_agg(d.at), array_agg(d.connection_id), array_agg(d.resource), array_agg(d.family), array_agg(d.kind), array_agg(d.busy), array_agg(d.urgency > 0)
  into v_at, v_connection, v_resource, v_family, v_kind, v_busy, v_paced from (
    select s.ctid as at, s.connection_id, s.resource, s.family, s.kind, s.urgency,
           exists (select from portolan.lanes l join portolan.jobs j on j.lane_id = l.lane_id and j.dedupe_key = 'sync:' || s.resource
                   where l.connection_id = s.connection_id and l.family = s.family)
           or not exists (select from portolan.connections c where c.connection_id = s.connection_id and portolan.runs(c.state)) as busy
    from unnest(0::smallint || v_class, v_new || v_count) k(urgency, n) cross join lateral (
      select s.ctid, s.connection_id, s.resource, s.family, s.kind, s.urgency from portolan.streams s
      where s.urgency = k.urgency and s.next_due_at <= v_now and s.paused_at is null order by s.next_due_at limit k.n for update skip locked) s) d;
  if v_at is null then return query select 0, 0; return; end if;
  perform portolan.enqueue_many(array_agg(u.connection_id), array_agg(u.kind), array_agg(jsonb_build_object('resource', u.resource)),
                                array_agg(case u.kind when 'report' then 'report' else 'incremental' end), null, array_agg('sync:' || u.resource), array_agg(u.family))
  from unnest(v_connection, v_resource, v_family, v_kind, v_busy) u(connection_id, resource, family, kind, busy) where not u.busy having count(*) > 0;
  update portolan.streams s set
    enqueued_at = case when u.busy then s.enqueued_at else v_now end,
    next_due_at = v_now + least(s.cadence, s.interval) * portolan.jitter(s.connection_id, s.resource, s.next_due_at, s.enqueued_at is null)
  from unnest(v_at, v_busy) u(at, busy) where s.ctid = u.at;
  if v_class <> '{}' then
    select count(*) into v_spent from unnest(v_busy, v_paced) u(busy, paced) where u.paced and not u.busy;
    update portolan.scheduler_permits p set refilled_at = v_now, tokens = greatest(0, h.tokens - greatest(0, v_spent - h.before))
    from (select u.part, u.tokens, coalesce(sum(u.tokens) over (order by u.o rows between unbounded preceding and 1 preceding), 0) as before
          from unnest(v_permits.part, v_permits.tokens) with ordinality u(part, tokens, o)) h
    where p.part = h.part;
  end if;
  return query select cardinality(v_at), (select count(*)::integer from unnest(v_busy) b where not b);
end $$;
comment on function portolan.enqueue_due is 'One tick of the scheduler. Run by any number of schedulers at once; each due stream is enqueued once, after an outage at a stated pace.';
-- Index probes, whatever the statistics say.
alter function portolan.enqueue_due set enable_seqscan = off;
alter function portolan.enqueue_due set enable_bitmapscan = off;
alter function portolan.enqueue_due set enable_hashjoin = off;
alter function portolan.enqueue_due set enable_mergejoin = off;
alter function portolan.enqueue_due set plan_cache_mode = force_generic_plan;
alter function portolan.enqueue_due set jit = off;

-- The steady rate, from all streams or, where there are many, from some of their pages. And streams whose due time no interval of theirs can have
-- set: the clock was ahead then. They are due within their interval again.
create or replace function portolan.refresh_pace() returns void language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_streams double precision; v_share double precision; v_rate double precision; v_count double precision;
begin
  select c.reltuples into v_streams from pg_class c where c.oid = 'portolan.streams'::regclass;
  v_share := least(1, 100000 / greatest(v_streams, 1));
  if v_share = 1 then
    select sum(1 / (0.9 * extract(epoch from least(s.cadence, s.interval)))), count(*) into v_rate, v_count
    from portolan.streams s join portolan.connections c using (connection_id) where s.next_due_at is not null and s.paused_at is null and s.state <> 'blocked' and portolan.runs(c.state);
  else
    -- As system takes whole pages, streams of one connection are in or out together: a hundred thousand of them are sample enough.
    execute format($sql$
      select sum(1 / (0.9 * extract(epoch from least(s.cadence, s.interval)))) / %1$s, count(*) / %1$s
      from portolan.streams s tablesample system (%2$s) join portolan.connections c using (connection_id)
      where s.next_due_at is not null and s.paused_at is null and s.state <> 'blocked' and portolan.runs(c.state) $sql$, v_share, 100 * v_share) into v_rate, v_count;
  end if;
  update portolan.scheduler_pace p set steady_per_s = coalesce(v_rate, 0), streams_count = coalesce(v_count, 0), refreshed_at = v_now;
  update portolan.streams s set next_due_at = v_now + s.interval * portolan.jitter(s.connection_id, s.resource, s.next_due_at, true)
  where s.ctid = any (array(
    select x.ctid from (values (0, interval '31 days'), (1, interval '15 min'), (2, interval '2 hours'), (3, interval '12 hours'), (4, interval '31 days')) k(urgency, longest)
    cross join lateral (select s.ctid from portolan.streams s
                        where s.urgency = k.urgency and s.next_due_at > v_now + k.longest and s.paused_at is null and s.state <> 'blocked' and s.next_due_at < 'infinity'
                        order by s.next_due_at desc limit 10000 for update skip locked) x));
end $$;
comment on function portolan.refresh_pace is 'Estimates the steady rate of reads, and draws in what a clock that was ahead has put off. Maintenance calls it.';

-- A stream by the names people use.
create or replace function portolan.stream_named(p_connection text, p_resource text) returns portolan.streams language plpgsql stable as $$
declare v_stream portolan.streams; v_connection bigint; v_there text;
begin
  select c.connection_id into v_connection from portolan.connections c where c.name = p_connection;
  if not found then
    raise exception 'connection: there is none named %; see: select name from portolan.connections', quote_nullable(p_connection) using errcode = 'no_data_found';
  end if;
  select s.* into v_stream from portolan.streams s where s.connection_id = v_connection and s.resource = p_resource;
  if not found then
    select string_agg(s.resource, ', ' order by s.resource) into v_there from portolan.streams s where s.connection_id = v_connection;
    raise exception 'resource: connection % has no stream %; it has: %', p_connection, quote_nullable(p_resource), coalesce(v_there, 'none') using errcode = 'no_data_found';
  end if;
  return v_stream;
end $$;
comment on function portolan.stream_named is 'A stream by the names of its connection and resource. Says what there is where there is none.';

-- Pause: nothing of it is enqueued any more, what waits is cancelled, what runs stops after its page. The cursor stays.
create or replace function portolan.pause_stream(p_connection text, p_resource text, p_reason text default null) returns boolean language plpgsql as $$
declare v_stream portolan.streams := portolan.stream_named(p_connection, p_resource); v_now timestamptz := portolan.now(); v_lane bigint; v_was boolean; v_jobs bigint[];
begin
  select l.lane_id into v_lane from portolan.lanes l where l.connection_id = v_stream.connection_id and l.family = v_stream.family;
  for i in 1..100 loop
    begin
      perform from portolan.leases le where le.lane_id = v_lane for update;
      update portolan.streams s set paused_at = coalesce(s.paused_at, v_now), paused_by = coalesce(s.paused_by, session_user), paused_reason = coalesce(p_reason, s.paused_reason)
      where s.connection_id = v_stream.connection_id and s.resource = p_resource returning s.paused_at < v_now or s.paused_at <> v_now into v_was;
      perform from portolan.lanes l where l.lane_id = v_lane for update;
      -- Until we had its lane it may have been leased, and a page committed there waits for our stream: give everything back, and look again.
      exit when (select count(*) from portolan.leases le where le.lane_id = v_lane) = (select count(*) from (select from portolan.leases le where le.lane_id = v_lane for update skip locked) le);
      raise exception 'once more' using errcode = 'PQ001';
    exception when sqlstate 'PQ001' then
      if i = 100 then raise exception 'resource: stream % is too busy; try again', quote_literal(p_resource) using errcode = 'lock_not_available'; end if;
    end;
  end loop;
  select array_agg(j.job_id) into v_jobs from portolan.jobs j where j.lane_id = v_lane and j.dedupe_key = 'sync:' || p_resource;
  if v_jobs is not null then perform portolan.cancel_many(v_jobs); end if;
  return not v_was;
end $$;
comment on function portolan.pause_stream is 'Pauses a stream: nothing of it is enqueued, what waits is cancelled, what runs stops after its page. False when it was paused already.';

create or replace function portolan.resume_stream(p_connection text, p_resource text) returns boolean language plpgsql as $$
declare v_stream portolan.streams := portolan.stream_named(p_connection, p_resource);
begin
  -- What it missed is due at once, and what was not due yet stays so.
  update portolan.streams s set paused_at = null, paused_by = null, paused_reason = null, next_due_at = coalesce(s.next_due_at, portolan.now())
  where s.connection_id = v_stream.connection_id and s.resource = p_resource and s.paused_at is not null;
  return found;
end $$;
comment on function portolan.resume_stream is 'Lets a paused stream go on from its cursor. False when it was not paused.';

-- Whole connections and platforms are paused in the queue; these take the names people use.
create or replace function portolan.pause_connection(p_connection text, p_reason text default null) returns boolean language plpgsql as $$
declare v_connection text; v_was boolean;
begin
  select c.connection_id::text into v_connection from portolan.connections c where c.name = p_connection;
  if not found then
    raise exception 'connection: there is none named %; see: select name from portolan.connections', quote_nullable(p_connection) using errcode = 'no_data_found';
  end if;
  v_was := exists (select from portolan.pauses p where p.scope = 'connection' and p.name = v_connection);
  perform portolan.pause('connection', v_connection, p_reason);
  return not v_was;
end $$;
comment on function portolan.pause_connection is 'pause of a whole connection, by its name. False when it was paused already.';

create or replace function portolan.unpause_connection(p_connection text) returns boolean language plpgsql as $$
declare v_connection text;
begin
  select c.connection_id::text into v_connection from portolan.connections c where c.name = p_connection;
  if not found then
    raise exception 'connection: there is none named %; see: select name from portolan.connections', quote_nullable(p_connection) using errcode = 'no_data_found';
  end if;
  return portolan.resume('connection', v_connection);
end $$;
comment on function portolan.unpause_connection is 'resume of a whole connection, by its name; resume_connection is for one that was switched off. False when it was not paused.';

-- Run now: past cadence and pace. Answers the jobs.
create or replace function portolan.run_streams(p_connection text, p_resources text[] default null, p_band text default 'urgent') returns table (resource text, job_id bigint) language plpgsql as $$
#variable_conflict use_column
declare v_resource text; v_resources text[] := p_resources; v_stream portolan.streams;
begin
  if v_resources is null then
    select array_agg(s.resource order by s.resource) into v_resources from portolan.streams s join portolan.connections c using (connection_id)
    where c.name = p_connection and s.paused_at is null;
    if v_resources is null then
      if exists (select from portolan.streams s join portolan.connections c using (connection_id) where c.name = p_connection) then
        raise exception 'connection: every stream of % is paused; first: select portolan.resume_stream(%, ...)', p_connection, quote_literal(p_connection)
          using errcode = 'object_not_in_prerequisite_state';
      end if;
      perform portolan.stream_named(p_connection, null);
    end if;
  end if;
  -- All of them before the first is enqueued: in the order in which others lock streams and lanes.
  foreach v_resource in array v_resources loop
    v_stream := portolan.stream_named(p_connection, v_resource);
    if v_stream.paused_at is not null then
      raise exception 'resource: stream % of % is paused; first: select portolan.resume_stream(%, %)', quote_literal(v_resource), p_connection, quote_literal(p_connection), quote_literal(v_resource)
        using errcode = 'object_not_in_prerequisite_state';
    end if;
  end loop;
  return query
    with wanted as (select array_agg(s.connection_id order by s.resource) as connections, array_agg(s.kind order by s.resource) as kinds, array_agg(s.family order by s.resource) as families,
                           array_agg(s.resource order by s.resource) as resources
                    from portolan.streams s join portolan.connections c using (connection_id) where c.name = p_connection and s.resource = any (v_resources))
    select u.resource, u.job_id from wanted w cross join lateral unnest(w.resources, portolan.enqueue_many(w.connections, w.kinds,
      array(select jsonb_build_object('resource', r) from unnest(w.resources) with ordinality x(r, o) order by o), array_fill(p_band, array[cardinality(w.resources)]), null,
      array(select 'sync:' || r from unnest(w.resources) with ordinality x(r, o) order by o), w.families)) u(resource, job_id);
end $$;
comment on function portolan.run_streams is 'Reads streams of a connection now, whatever their cadence: those that are named, or all that are not paused. Answers their jobs.';

-- Another target for one stream; NULL: the platform's again. What follows from it is learned anew with the next read; until then the target holds.
create or replace function portolan.set_target(p_connection text, p_resource text, p_target interval) returns interval language plpgsql as $$
declare v_stream portolan.streams := portolan.stream_named(p_connection, p_resource); v_now timestamptz := portolan.now(); v_target interval;
begin
  if p_target < interval '1 second' or p_target > interval '30 days' then
    raise exception 'target: % is not from 1 second to 30 days; write an interval such as ''10 min'', or NULL for what the platform declares', quote_literal(p_target::text)
      using errcode = 'invalid_parameter_value';
  end if;
  update portolan.streams s set
    interval = coalesce(p_target, s.interval_default, s.interval),
    interval_default = case when p_target is not null then coalesce(s.interval_default, s.interval) end,
    cadence = least(s.cadence, coalesce(p_target, s.interval_default, s.interval)),
    -- Sooner, where it is to come sooner; what is later finds its way.
    next_due_at = case when s.state <> 'blocked' then least(s.next_due_at, v_now + coalesce(p_target, s.interval_default, s.interval) * portolan.jitter(s.connection_id, s.resource, v_now, true)) else s.next_due_at end
  where s.connection_id = v_stream.connection_id and s.resource = p_resource
  returning s.interval into v_target;
  return v_target;
end $$;
comment on function portolan.set_target is 'Sets how old a stream''s newest fact may get, 1 second to 30 days; NULL: as its platform declares. Answers the target that holds.';

create or replace view portolan.stream_cadence as
  select s.connection_id, c.name as connection, s.platform, s.resource, s.kind, s.state, s.caught_up_at, s.synced_through, s.enqueued_at,
    s.interval as target, case when s.interval_default is null then 'platform' else 'connection' end as target_source, coalesce(s.interval_default, s.interval) as target_default,
    coalesce(least(s.cadence, s.interval), s.interval) as cadence, s.next_due_at, s.urgency,
    coalesce(s.paused_at, cp.paused_at, pp.paused_at) as paused_at, case when s.paused_at is not null then 'stream' when cp.scope is not null then 'connection' when pp.scope is not null then 'platform' end as paused_scope,
    s.paused_by, coalesce(s.paused_reason, cp.reason, pp.reason) as paused_reason,
    case when s.change_span > 0 then s.change_count / s.change_span * 86400 end as changes_per_day, s.read_cost, s.least_interval,
    case
      when s.paused_at is not null then 'paused' || coalesce(' by ' || s.paused_by, '') || coalesce(': ' || s.paused_reason, '') || '; nothing is enqueued until it is resumed'
      when cp.scope is not null then 'its connection is paused' || coalesce(': ' || cp.reason, '')
      when pp.scope is not null then 'its platform is paused' || coalesce(': ' || pp.reason, '')
      when not portolan.runs(c.state) then 'its connection is ' || c.state || ': it is only moved on'
      when s.state = 'blocked' then 'it is blocked' || coalesce(': ' || s.state_message, '') || '; it is tried again at its next due time'
      when s.first_caught_up_at is null then 'its target: it has not been read to the end yet'
      when s.kind = 'report' then 'its target: reports are asked for as often as that'
      when s.change_span = 0 then 'its target: nothing is known of its changes yet'
      else format('%s changes a day lately, %s a read that finds nothing',
                  case when r.per_day >= 10 then round(r.per_day)::text when r.per_day >= 0.1 then round(r.per_day, 1)::text else 'hardly any' end,
                  case when s.read_cost > 1.05 then round(s.read_cost::numeric, 1) || ' pages' else '1 page' end)
        || case when coalesce(s.cadence, s.interval) >= s.interval then ': not more often than its target'
                when s.least_interval >= s.cadence then ': as often as half of the connection''s quota allows'
                when 2 * sqrt(s.change_cos::numeric ^ 2 + s.change_sin::numeric ^ 2) / (s.change_count::numeric + 4) > 0.4 then
                  format(', most around %s UTC: that makes %s of its target at this time of the day',
                         to_char(timestamp 'epoch' + make_interval(secs => 1800 * round(mod((atan2(s.change_sin, s.change_cos) / (2 * pi()) * 48 + 48)::numeric, 48))::double precision), 'HH24:MI'), r.part)
                else format(': that makes %s of its target', r.part) end
    end as why
  from portolan.streams s join portolan.connections c using (connection_id)
  left join portolan.pauses cp on cp.scope = 'connection' and cp.name = s.connection_id::text
  left join portolan.pauses pp on pp.scope = 'platform' and pp.name = s.platform
  cross join lateral (select (case when s.change_span > 0 then s.change_count / s.change_span * 86400 else 0 end)::numeric as per_day,
                             round((100 * extract(epoch from coalesce(s.cadence, s.interval)) / extract(epoch from s.interval))::numeric) || ' %' as part) r;
comment on view portolan.stream_cadence is 'How often each stream is read, and why: target, cadence, what is known of its changes, and a sentence.';

create or replace function portolan.why_interval(p_connection text, p_resource text) returns text language plpgsql stable as $$
declare v_stream portolan.streams := portolan.stream_named(p_connection, p_resource);
begin
  return (select format('every %s (target %s): %s', date_trunc('second', v.cadence), v.target, v.why) from portolan.stream_cadence v
          where v.connection_id = v_stream.connection_id and v.resource = p_resource);
end $$;
comment on function portolan.why_interval is 'Why a stream is read as often as it is, in a sentence.';
