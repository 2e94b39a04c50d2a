-- Backfills: windows of the past, chunk by chunk. Lock order: leases, connections, raw records, then backfills and their parts; a part is
-- never locked after a lane. What becomes of the jobs is the queue's.

-- Seconds of a multirange; infinite ends count from p_from and to p_to.
create or replace function portolan.span_seconds(p_ranges tstzmultirange, p_from timestamptz, p_to timestamptz) returns float8 language sql immutable as $$
  select coalesce(sum(extract(epoch from coalesce(upper(r), p_to) - coalesce(lower(r), p_from))), 0)::float8
  from unnest(p_ranges * tstzmultirange(tstzrange(p_from, p_to))) r $$;
comment on function portolan.span_seconds is 'How long ranges of time are together, within bounds, in seconds.';

-- Rows and the job of a backfill whose arguments are known to be good.
create or replace function portolan.plan_backfill(p_connection bigint, p_resources text[], p_from timestamptz, p_to timestamptz,
    p_newest_first boolean default true, p_band text default 'backfill', p_after_streams boolean default false) returns bigint language plpgsql as $$
declare v_backfill bigint; v_job bigint;
begin
  v_backfill := nextval(pg_get_serial_sequence('portolan.backfills', 'backfill_id'));
  v_job := portolan.enqueue(p_connection, 'backfill', jsonb_build_object('backfill', v_backfill), p_band, null, 'backfill:' || v_backfill, 'backfill');
  insert into portolan.backfills (backfill_id, connection_id, job_id, created_at, window_from, window_to, band, newest_first, after_streams)
  overriding system value values (v_backfill, p_connection, v_job, portolan.now(), p_from, p_to, p_band, p_newest_first, p_after_streams);
  insert into portolan.backfill_parts (backfill_id, connection_id, resource) select v_backfill, p_connection, u from unnest(p_resources) u;
  return v_backfill;
end $$;
comment on function portolan.plan_backfill is 'Writes a backfill down and enqueues its job. Answers its id.';

-- Reads a window of the past of some or all resources. Either end may be open. Answers the backfill.
create or replace function portolan.backfill(p_connection text, p_resources text[] default null, p_from timestamptz default null, p_to timestamptz default null,
    p_newest_first boolean default true, p_band text default 'backfill') returns bigint language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_connection bigint; v_all text[]; v_resources text[]; v_bad text; v_to timestamptz;
begin
  select c.connection_id into v_connection from portolan.connections c where c.name = p_connection;
  if not found then
    raise exception 'connection: there is none named %', quote_nullable(p_connection) using errcode = 'no_data_found', hint = 'select name from portolan.connections';
  end if;
  select array_agg(s.resource order by s.resource) into v_all from portolan.streams s where s.connection_id = v_connection;
  v_resources := array(select distinct u collate "C" from unnest(coalesce(p_resources, v_all)) u order by 1);
  if coalesce(cardinality(v_resources), 0) = 0 then
    raise exception 'resources: none are named; leave them out for all of: %', array_to_string(v_all, ', ') using errcode = 'invalid_parameter_value';
  end if;
  select u into v_bad from unnest(v_resources) u where u is null or u <> all (v_all) limit 1;
  if found then
    raise exception 'resources: % has no %; it has: %', p_connection, quote_nullable(v_bad), array_to_string(v_all, ', ') using errcode = 'invalid_parameter_value';
  end if;
  if portolan.band_rank(p_band) is null then
    raise exception 'band: % is none; use urgent, incremental, report, backfill or housekeeping', quote_nullable(p_band) using errcode = 'invalid_parameter_value';
  end if;
  if p_from = '-infinity' then p_from := null; end if;
  if p_from >= v_now then
    raise exception 'from: % is yet to come; a backfill reads the past', p_from using errcode = 'invalid_parameter_value';
  end if;
  v_to := least(p_to, v_now);
  if p_from >= v_to then
    raise exception 'from: the window is backwards or empty: it begins at % and ends at %; from is inclusive, to is not', p_from, p_to using errcode = 'invalid_parameter_value';
  end if;
  return portolan.plan_backfill(v_connection, v_resources, p_from, v_to, coalesce(p_newest_first, true), p_band);
end $$;
comment on function portolan.backfill is 'Reads a half-open window of the past again: p_from inclusive or NULL for the beginning, p_to exclusive or NULL for now. All resources unless some are named. Answers the backfill.';

-- Makes the jobs of a backfill, one for each resource that is not through. Run by the backfill's own job, which then waits for them.
create or replace function portolan.spread_backfill(p_lane bigint, p_token uuid, p_job bigint, p_backfill bigint) returns integer language plpgsql as $$
declare v_connection bigint; v_resource text[]; v_job bigint[]; v_band text;
begin
  select le.connection_id into v_connection from portolan.leases le where le.lane_id = p_lane and le.token = p_token and p_job = any (le.job_ids) for update;
  if not found then return -1; end if;
  select array_agg(p.resource order by p.resource), min(b.band) into v_resource, v_band
  from portolan.backfills b join portolan.backfill_parts p using (backfill_id)
  where b.backfill_id = p_backfill and b.connection_id = v_connection and p.state <> 'done'
    and not exists (select from portolan.jobs j where j.job_id = p.job_id);
  if v_resource is null then return 0; end if;
  -- The lanes first, as everywhere; nobody else writes parts that no job reads.
  v_job := portolan.enqueue_many(array_fill(v_connection, array[cardinality(v_resource)]), array_fill('backfill'::text, array[cardinality(v_resource)]),
    array(select jsonb_build_object('backfill', p_backfill, 'resource', u) from unnest(v_resource) with ordinality x(u, o) order by o), array_fill(v_band, array[cardinality(v_resource)]),
    null, array(select 'backfill:' || p_backfill || ':' || u from unnest(v_resource) with ordinality x(u, o) order by o),
    array(select 'backfill.' || u from unnest(v_resource) with ordinality x(u, o) order by o), null, null, array_fill(p_job, array[cardinality(v_resource)]));
  update portolan.backfills b set job_id = p_job where b.backfill_id = p_backfill;
  -- What failed is tried again.
  update portolan.backfill_parts p set job_id = u.job_id, ended_at = null, state = case when p.todo is null then 'waiting' else 'reading' end,
    todo = p.todo + p.failed, failed = '{}', failures = 0
  from unnest(v_resource, v_job) u(resource, job_id) where p.backfill_id = p_backfill and p.resource = u.resource;
  return cardinality(v_resource);
end $$;
comment on function portolan.spread_backfill is 'Makes the jobs that read a backfill''s resources, those that are not through. Answers how many; -1 when the lease is lost.';

-- What a backfill asks of one resource, before anything of it is read: clamped to what the platform answers, less what is being read already.
create or replace function portolan.begin_part(p_part portolan.backfill_parts, p_backfill portolan.backfills, p_history jsonb) returns portolan.backfill_parts language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_floor timestamptz; v_from timestamptz := p_backfill.window_from; v_others tstzmultirange; v_with bigint[];
begin
  p_part.started_at := v_now; p_part.state := 'reading';
  if p_history is null then
    if p_backfill.window_from is not null then
      p_part.notes := p_part.notes || format('%s cannot be read by windows: all there is was read', p_part.resource);
    end if;
    p_part.asked := tstzrange(null, null);
  else
    v_floor := v_now - make_interval(secs => (p_history->>'reach')::float8);
    if v_floor is not null and (v_from is null or v_from < v_floor) then
      p_part.notes := p_part.notes || format('the platform answers %s of the last %s days only: what was before %s cannot be had', p_part.resource,
        round((p_history->>'reach')::numeric / 86400), to_char(v_floor at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
      v_from := v_floor;
    end if;
    p_part.asked := case when v_from < p_backfill.window_to or v_from is null then tstzrange(v_from, p_backfill.window_to) else 'empty'::tstzrange end;
    p_part.width_max := make_interval(secs => (p_history->>'window_max')::float8);
    p_part.width := least(make_interval(secs => (p_history->>'first_window')::float8), p_part.width_max);
  end if;
  select range_agg(coalesce(o.asked, tstzrange(b.window_from, b.window_to))), array_agg(o.backfill_id) into v_others, v_with
  from portolan.backfill_parts o join portolan.backfills b using (backfill_id)
  where o.connection_id = p_part.connection_id and o.resource = p_part.resource and o.ended_at is null and o.backfill_id < p_part.backfill_id
    and coalesce(o.asked, tstzrange(b.window_from, b.window_to)) && p_part.asked and exists (select from portolan.jobs j where j.job_id = b.job_id and j.cancel_at is null)
    -- Only the whole stands in for what can only be read as a whole.
    and (p_history is not null or coalesce(o.asked = tstzrange(null, null), b.window_from is null));
  p_part.shared_with := coalesce(v_with, '{}');
  p_part.shared := coalesce(case when p_history is null and v_with is not null then tstzmultirange(p_part.asked) else v_others * tstzmultirange(p_part.asked) end, '{}');
  p_part.todo := tstzmultirange(p_part.asked) - p_part.shared;
  return p_part;
end $$;
comment on function portolan.begin_part is 'The window of one resource as it will be read.';

-- The next chunk of a part, or the one under way. States: chunk, done, failed, paused, wait (for another backfill, or the stream's first
-- read; long where that fails), unknown, lost.
create or replace function portolan.open_chunk(p_lane bigint, p_token uuid, p_job bigint, p_backfill bigint, p_resource text, p_history jsonb)
returns table (state text, chunk_from timestamptz, chunk_to timestamptz, cursor jsonb, code text) language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_connection bigint; b portolan.backfills; p portolan.backfill_parts; v_range tstzrange; v_take tstzmultirange; v_from timestamptz; v_to timestamptz;
begin
  select le.connection_id into v_connection from portolan.leases le where le.lane_id = p_lane and le.token = p_token and p_job = any (le.job_ids);
  if not found then state := 'lost'; return next; return; end if;
  select x.* into b from portolan.backfills x where x.backfill_id = p_backfill and x.connection_id = v_connection for key share;
  select x.* into p from portolan.backfill_parts x where x.backfill_id = b.backfill_id and x.resource = p_resource and x.job_id = p_job for no key update;
  state := case
    when p.backfill_id is null then 'unknown'
    when b.paused_at is not null then 'paused'
    -- A stream that cannot be read now may not be for long.
    when p.started_at is null and b.after_streams then (
      select case when s.state in ('blocked', 'failing') then 'wait long' else 'wait' end
      from portolan.streams s where s.connection_id = v_connection and s.resource = p_resource and s.first_caught_up_at is null) end;
  if state is not null then return next; return; end if;
  if p.todo is null then p := portolan.begin_part(p, b, p_history); end if;

  if p.chunk is null and p.todo = '{}' and p.shared <> '{}' then
    if exists (select from portolan.backfill_parts o join portolan.backfills ob using (backfill_id) where o.backfill_id = any (p.shared_with) and o.resource = p_resource
               and o.ended_at is null and exists (select from portolan.jobs j where j.job_id = ob.job_id and j.cancel_at is null)) then
      state := 'wait';
    else
      -- What the others were to read and did not is ours now.
      select p.shared - coalesce(range_agg(x), '{}') into v_take
      from portolan.backfill_parts o cross join lateral unnest(o.done) x where o.backfill_id = any (p.shared_with) and o.resource = p_resource;
      p.done := p.done + (p.shared - v_take); p.todo := v_take; p.shared := '{}';
    end if;
  end if;
  if state is null and p.chunk is null then
    if p.todo = '{}' then
      state := case when p.failed = '{}' then 'done' else 'failed' end;
      p.state := state; p.ended_at := v_now;
    else
      select r into v_range from unnest(p.todo) r order by case when b.newest_first then upper(r) end desc nulls last, lower(r) nulls first limit 1;
      v_from := lower(v_range); v_to := upper(v_range);
      if p.width is not null then
        if b.newest_first then
          -- Nothing was sold over the wire before 2000: one request asks for all of that.
          if v_from is null and v_to - p.width >= '2000-01-01' or v_from < v_to - p.width then v_from := date_trunc('second', v_to - p.width, 'UTC'); end if;
        elsif v_from is null then v_to := least(v_to, '2000-01-01');
        elsif v_to > v_from + p.width then v_to := date_trunc('second', v_from + p.width, 'UTC');
        end if;
      end if;
      p.chunk := tstzrange(v_from, v_to); p.chunk_at := v_now; p.chunk_pages := 0; p.chunk_records := 0; p.cursor := null;
    end if;
  end if;
  update portolan.backfill_parts x set started_at = p.started_at, ended_at = p.ended_at, chunk_at = p.chunk_at, width = p.width, width_max = p.width_max, chunk_pages = p.chunk_pages,
    chunk_records = p.chunk_records, state = p.state, asked = p.asked, todo = p.todo, done = p.done, shared = p.shared, shared_with = p.shared_with, chunk = p.chunk, cursor = p.cursor, notes = p.notes
  where x.backfill_id = p_backfill and x.resource = p_resource;
  if state = 'failed' then
    select k.code into code from portolan.backfill_chunks k where k.backfill_id = p_backfill and k.resource = p_resource and k.outcome = 'failed' order by k.chunk_no desc limit 1;
  end if;
  if state is null then state := 'chunk'; chunk_from := lower(p.chunk); chunk_to := upper(p.chunk); cursor := p.cursor; end if;
  return next;
end $$;
comment on function portolan.open_chunk is 'The chunk to read now, with its cursor, or why there is none.';

-- A chunk has ended: done, failed (left out), or halved (too large: begun again as two). The next one is as wide as this one's cost says:
-- a handful of pages is enough to be worth a request, and little enough to be read again after a crash.
create or replace function portolan.end_chunk(p_backfill bigint, p_resource text, p_outcome text, p_code text default null) returns void language plpgsql as $$
declare v_now timestamptz := portolan.now(); p portolan.backfill_parts; v_width interval;
begin
  select x.* into p from portolan.backfill_parts x where x.backfill_id = p_backfill and x.resource = p_resource for no key update;
  if p.chunk is null then return; end if;
  insert into portolan.backfill_chunks (backfill_id, resource, chunk_no, chunk, outcome, code, pages_count, records_count, began_at, ended_at)
  values (p_backfill, p_resource, p.chunks_count + 1, p.chunk, p_outcome, p_code, p.chunk_pages, p.chunk_records, p.chunk_at, v_now);
  -- A chunk with an open end says nothing of width.
  v_width := coalesce(upper(p.chunk) - lower(p.chunk), p.width);
  v_width := case
    when p.width is null then null
    when p_outcome = 'halved' then greatest(v_width / 2, interval '1 second')
    when p_outcome = 'failed' then p.width
    when p.chunk_pages >= 16 then greatest(v_width / 2, interval '1 minute')
    when p.chunk_records = 0 then least(p.width * 4, interval '100 years')
    when p.chunk_pages <= 4 then least(p.width * 2, interval '100 years')
    else p.width end;
  update portolan.backfill_parts x set chunks_count = x.chunks_count + 1, width = least(v_width, x.width_max), chunk = null, cursor = null, chunk_at = null,
    failures = case p_outcome when 'done' then 0 when 'failed' then x.failures + 1 else x.failures end,
    todo = case when p_outcome = 'halved' then x.todo else x.todo - tstzmultirange(x.chunk) end,
    done = case when p_outcome = 'done' then x.done + tstzmultirange(x.chunk) else x.done end,
    failed = case when p_outcome = 'failed' then x.failed + tstzmultirange(x.chunk) else x.failed end
  where x.backfill_id = p_backfill and x.resource = p_resource;
end $$;
comment on function portolan.end_chunk is 'Ends the chunk under way and says how wide the next one is.';

-- A chunk could not be read. p_how: halve it, or leave it out, or give up the whole part. Answers: again, failed (nothing more is to be tried), or lost.
create or replace function portolan.fail_chunk(p_lane bigint, p_token uuid, p_job bigint, p_backfill bigint, p_resource text, p_how text, p_error jsonb) returns text language plpgsql as $$
declare p portolan.backfill_parts; v_worker uuid; v_connection bigint;
begin
  select le.worker_id, le.connection_id into v_worker, v_connection from portolan.leases le where le.lane_id = p_lane and le.token = p_token and p_job = any (le.job_ids) for update;
  if not found then return 'lost'; end if;
  select x.* into p from portolan.backfill_parts x where x.backfill_id = p_backfill and x.resource = p_resource and x.job_id = p_job for no key update;
  if p.backfill_id is null then return 'lost'; end if;
  if p.chunk is null then return 'again'; end if;
  if p_how = 'halve' and p.width is not null and (lower(p.chunk) is null or upper(p.chunk) - lower(p.chunk) > interval '2 seconds') then
    if lower(p.chunk) is null then update portolan.backfill_parts x set width = least(x.width, x.width_max) / 2 where x.backfill_id = p_backfill and x.resource = p_resource; end if;
    perform portolan.end_chunk(p_backfill, p_resource, 'halved', p_error->>'code');
    perform portolan.record_errors(v_connection, p_resource, p_job, v_worker, array[p_error]);
    return 'again';
  end if;
  perform portolan.end_chunk(p_backfill, p_resource, 'failed', p_error->>'code');
  if p_how <> 'stop' and p.failures + 1 < 5 then
    perform portolan.record_errors(v_connection, p_resource, p_job, v_worker, array[p_error]);
    return 'again';
  end if;
  -- Whoever ends the job writes the error down.
  update portolan.backfill_parts x set state = 'failed', ended_at = portolan.now(), failed = x.failed + x.todo, todo = '{}' where x.backfill_id = p_backfill and x.resource = p_resource;
  return 'failed';
end $$;
comment on function portolan.fail_chunk is 'What becomes of a chunk that could not be read: halved, left out, or the end of the part.';

-- Commits one page of a chunk: as commit_page, with the chunk in the place of the stream.
create or replace function portolan.commit_chunk_page(
    p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text,
    p_resource text[], p_id text[], p_updated_at timestamptz[], p_created_at timestamptz[], p_fetched_at timestamptz[], p_hash bytea[], p_payload text[], p_sanitised boolean[],
    p_gone_resource text[], p_gone_id text[], p_gone_at timestamptz[], p_gone_source text[],
    p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_coverage jsonb[], p_discoveries jsonb, p_backfill bigint)
returns table (held boolean, inserted integer, changed integer, unchanged integer, stale integer, deleted integer, cancel boolean, paused boolean, draining boolean, yield_wanted boolean)
language plpgsql as $$
declare v_worker uuid;
begin
  inserted := 0; changed := 0; unchanged := 0; stale := 0; deleted := 0;
  select p.cancel, p.paused, p.draining, p.yield_wanted into cancel, paused, draining, yield_wanted
  from portolan.prove(p_lane, p_token, p_job, coalesce(cardinality(p_id), 0)) p;
  held := found;
  if not held then return next; return; end if;
  if p_discoveries is not null then
    update portolan.connections c set settings = c.settings || p_discoveries where c.connection_id = p_connection and not c.settings @> p_discoveries;
  end if;
  select r.* into inserted, changed, unchanged, stale, deleted
  from portolan.store_records(p_connection, p_job, p_platform, p_api_version, p_resource, p_id, p_updated_at, p_created_at, p_fetched_at, p_hash, p_payload, p_sanitised,
                              p_gone_resource, p_gone_id, p_gone_at, p_gone_source) r;
  if cardinality(p_coverage) > 0 then perform portolan.note_coverage(p_connection, p_job, p_coverage); end if;
  if cardinality(p_errors) > 0 then
    select le.worker_id into v_worker from portolan.leases le where le.lane_id = p_lane;
    perform portolan.record_errors(p_connection, p_stream, p_job, v_worker, p_errors);
  end if;
  update portolan.backfill_parts x set cursor = p_cursor, last_page_at = portolan.now(), pages_count = x.pages_count + 1, chunk_pages = x.chunk_pages + 1,
    records_count = x.records_count + coalesce(cardinality(p_id), 0), chunk_records = x.chunk_records + coalesce(cardinality(p_id), 0)
  where x.backfill_id = p_backfill and x.resource = p_stream and x.job_id = p_job and x.chunk is not null;
  if found and p_caught_up then perform portolan.end_chunk(p_backfill, p_stream, 'done'); end if;
  paused := paused or exists (select from portolan.backfills b where b.backfill_id = p_backfill and b.paused_at is not null);
  perform from portolan.connections c where c.connection_id = p_connection and (c.net_failures > 0 or c.limited_since is not null);
  if found then perform portolan.note_progress(p_connection, false); end if;
  return next;
end $$;
comment on function portolan.commit_chunk_page is 'One page of a backfill in one transaction: proof of the lease, records, deletions, flags, and where the chunk has got to.';
alter function portolan.commit_chunk_page set enable_seqscan = off;
alter function portolan.commit_chunk_page set jit = off;

-- Each backfill with how far it has come: what one asks for, and the row a progress bar needs.
create or replace view portolan.backfill_progress as
select b.backfill_id, c.name as connection, b.connection_id, b.job_id, b.created_at, b.window_from, b.window_to, b.newest_first,
  case when s.is_done then 'done'
       when j.job_id is null and s.is_failed then 'failed'
       when j.job_id is null or j.cancel_at is not null then coalesce(h.outcome, 'cancelled')
       when b.paused_at is not null then 'paused'
       when s.is_begun then 'reading' else 'waiting' end as state,
  s.parts as resources, s.chunks as chunks_count, s.failed_chunks as chunks_failed, s.pages as pages_count, s.records as records_count,
  case when s.is_done then 1.0 else least(s.done_seconds / nullif(s.all_seconds, 0), 0.999) end::numeric(6, 4) as share_done,
  case when j.job_id is not null and b.paused_at is null and not s.is_done then make_interval(secs => round(s.seconds_left)) end as time_left,
  s.last_page_at, case when j.job_id is null then s.ended_at end as ended_at, s.notes,
  s.failed_windows, s.last_code
from portolan.backfills b join portolan.connections c using (connection_id)
left join portolan.jobs j on j.job_id = b.job_id
left join lateral (select case h.outcome when 'done' then 'cancelled' else h.outcome end as outcome from portolan.job_history h where h.job_id = b.job_id and j.job_id is null order by h.finished_at desc limit 1) h on true
cross join lateral (
  select array_agg(p.resource order by p.resource) as parts, bool_and(p.state = 'done') as is_done, bool_or(p.state = 'failed') as is_failed, bool_or(p.started_at is not null) as is_begun,
    sum(p.chunks_count)::integer as chunks, sum(x.failed)::integer as failed_chunks, sum(p.pages_count)::bigint as pages, sum(p.records_count)::bigint as records,
    max(p.last_page_at) as last_page_at, max(p.ended_at) as ended_at,
    array_agg(n.note order by p.resource) filter (where n.note is not null) as notes,
    array_agg(p.resource || ' ' || p.failed order by p.resource) filter (where p.failed <> '{}') as failed_windows, max(x.code) as last_code,
    sum(case when p.state = 'done' then w.span else portolan.span_seconds(p.done, w.begin, b.window_to) end) as done_seconds, sum(w.span) as all_seconds,
    -- The parts are read side by side: the slowest says when all are through.
    max(case when p.ended_at is null and p.width is not null then x.seconds * portolan.span_seconds(p.todo, w.begin, b.window_to) / nullif(extract(epoch from p.width), 0) end) as seconds_left
  from portolan.backfill_parts p
  -- Nobody knows where an open beginning is: ten years back, or where the reading is already.
  cross join lateral (select x.begin, greatest(extract(epoch from b.window_to - x.begin), 1)::float8 as span
    from (select coalesce(lower(p.asked), b.window_from, least(b.window_to - interval '10 years', lower(range_merge(p.done)))) as begin) x) w
  left join lateral (select p.notes[1] as note) n on true
  cross join lateral (select (select count(*) from portolan.backfill_chunks f where f.backfill_id = p.backfill_id and f.resource = p.resource and f.outcome = 'failed') as failed, avg(extract(epoch from k.ended_at - k.began_at)) filter (where k.outcome = 'done')::float8 as seconds,
      (array_agg(k.code order by k.chunk_no desc) filter (where k.outcome = 'failed'))[1] as code
    from (select k.* from portolan.backfill_chunks k where k.backfill_id = p.backfill_id and k.resource = p.resource order by k.chunk_no desc limit 20) k) x
  where p.backfill_id = b.backfill_id) s;
comment on view portolan.backfill_progress is 'Backfills: state, chunks, records, the share of the window that is read, and how long the rest will take at the present pace.';
comment on column portolan.backfill_progress.state is 'waiting, reading, paused, done, failed (some of it could not be read: failed_windows), cancelled.';
comment on column portolan.backfill_progress.share_done is 'From 0 to 1, by time. An open beginning counts as ten years back.';
comment on column portolan.backfill_progress.time_left is 'At the pace and width of the last twenty chunks; NULL: nothing to go by yet.';
comment on column portolan.backfill_progress.notes is 'What was clamped, and why.';
comment on column portolan.backfill_progress.failed_windows is 'What could not be read; a retry of the job tries it again.';

-- Pause, resume, cancel, by the number of the backfill.
create or replace function portolan.pause_backfill(p_backfill bigint) returns text language plpgsql as $$
begin
  update portolan.backfills b set paused_at = coalesce(b.paused_at, portolan.now()) where b.backfill_id = p_backfill and exists (select from portolan.jobs j where j.job_id = b.job_id);
  if found then return 'paused'; end if;
  if exists (select from portolan.backfills b where b.backfill_id = p_backfill) then return 'has ended'; end if;
  raise exception 'backfill: there is none with the number %', p_backfill using errcode = 'no_data_found', hint = 'select * from portolan.backfill_progress';
end $$;
comment on function portolan.pause_backfill is 'Stops a backfill after its page. Answers what became of it.';

create or replace function portolan.resume_backfill(p_backfill bigint) returns text language plpgsql as $$
begin
  update portolan.backfills b set paused_at = null where b.backfill_id = p_backfill and b.paused_at is not null;
  if found then return 'resumed'; end if;
  if exists (select from portolan.backfills b where b.backfill_id = p_backfill) then return 'is not paused'; end if;
  raise exception 'backfill: there is none with the number %', p_backfill using errcode = 'no_data_found', hint = 'select * from portolan.backfill_progress';
end $$;
comment on function portolan.resume_backfill is 'Lets a paused backfill go on, within half a minute. Answers what became of it.';

create or replace function portolan.cancel_backfill(p_backfill bigint) returns text language plpgsql as $$
declare v_job bigint;
begin
  select b.job_id into v_job from portolan.backfills b where b.backfill_id = p_backfill;
  if not found then
    raise exception 'backfill: there is none with the number %', p_backfill using errcode = 'no_data_found', hint = 'select * from portolan.backfill_progress';
  end if;
  return portolan.cancel(v_job);
end $$;
comment on function portolan.cancel_backfill is 'Ends a backfill after its page; what was read stays. Answers what became of it.';

create or replace function portolan.retry_backfill(p_backfill bigint) returns text language plpgsql as $$
declare v_job bigint;
begin
  select b.job_id into v_job from portolan.backfills b where b.backfill_id = p_backfill;
  if not found then
    raise exception 'backfill: there is none with the number %', p_backfill using errcode = 'no_data_found', hint = 'select * from portolan.backfill_progress';
  end if;
  if exists (select from portolan.jobs j where j.job_id = v_job) then return 'is under way'; end if;
  if not exists (select from portolan.backfill_parts p where p.backfill_id = p_backfill and p.state <> 'done') then return 'is done'; end if;
  perform portolan.retry(v_job);
  return 'again';
end $$;
comment on function portolan.retry_backfill is 'Reads what of a backfill failed, or was not reached. Answers what became of it.';
