-- Streams: what a slice needs, and the commit of a page. What is due: cadence.sql.
-- Locks: leases, then streams, then lanes, then jobs; a page never locks a lane. Where a page looks at its connection it does not wait.

-- Writes the records of a page. They come sorted by (resource, id) and unique, so that two writers lock in one order.
-- An unchanged record is not written; an older version never replaces a newer one; on a tie of updated-at the later fetch wins.
create or replace function portolan.store_records(p_connection bigint, p_job bigint, p_platform text, p_api_version text,
    p_resource text[], p_id text[], p_updated_at timestamptz[], p_created_at timestamptz[], p_fetched_at timestamptz[], p_hash bytea[], p_payload text[], p_sanitised boolean[],
    p_gone_resource text[], p_gone_id text[], p_gone_at timestamptz[], p_gone_source text[],
    out inserted integer, out changed integer, out unchanged integer, out stale integer, out deleted integer)
language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_asked integer := 0;
begin
  inserted := 0; changed := 0; unchanged := 0; stale := 0; deleted := 0;
  if cardinality(p_id) > 0 then
    -- The order is for the planner, which may not sort here: in a table that has not been analysed yet, any index that begins with the connection
    -- looks as good as the key, and takes a look at all of the connection's records for each.
    with input as materialized (
      select u.*, r.payload_hash as old_hash, r.deleted_at as old_deleted_at
      from unnest(p_resource, p_id, p_updated_at, p_created_at, p_fetched_at, p_hash, p_payload, p_sanitised)
        with ordinality u(resource, id, updated_at, created_at, fetched_at, hash, payload, sanitised, o)
      left join lateral (select r.payload_hash, r.deleted_at from portolan.raw_records r
                         where r.connection_id = p_connection and r.resource = u.resource and r.external_id >= u.id and r.external_id <= u.id
                         order by r.external_id limit 1) r on true),
    done as (
      insert into portolan.raw_records as t (connection_id, resource, external_id, platform, platform_created_at, platform_updated_at, payload, payload_hash,
                                             first_seen_at, changed_at, fetched_at, job_id, api_version, sanitised)
      select p_connection, i.resource, i.id, p_platform, i.created_at, i.updated_at, i.payload::jsonb, i.hash, v_now, v_now, i.fetched_at, p_job, p_api_version, i.sanitised
      from input i where i.old_hash is null or i.old_hash <> i.hash or i.old_deleted_at is not null
      order by i.o
      on conflict (connection_id, resource, external_id) do update set
        platform_created_at = excluded.platform_created_at, platform_updated_at = excluded.platform_updated_at, payload = excluded.payload,
        payload_hash = excluded.payload_hash, changed_at = excluded.changed_at, fetched_at = excluded.fetched_at, job_id = excluded.job_id,
        api_version = excluded.api_version, sanitised = excluded.sanitised, deleted_at = null, deletion_source = null
      where (coalesce(excluded.platform_updated_at, '-infinity'), excluded.fetched_at) >= (coalesce(t.platform_updated_at, '-infinity'), t.fetched_at)
        and (t.deleted_at is null or excluded.fetched_at >= t.deleted_at)
      returning (xmax = 0) as is_new)
    select count(*) filter (where i.old_hash is null or i.old_hash <> i.hash or i.old_deleted_at is not null),
           (select count(*) filter (where d.is_new) from done d), (select count(*) filter (where not d.is_new) from done d)
    into v_asked, inserted, changed from input i;
    unchanged := cardinality(p_id) - v_asked;
    stale := v_asked - inserted - changed;
  end if;

  if cardinality(p_gone_id) > 0 then
    -- Locked in order, as the records are.
    with gone as materialized (
      select r.ctid as row_at, g.at, g.source
      from (select distinct on (u.resource collate "C", u.id collate "C") u.* from unnest(p_gone_resource, p_gone_id, p_gone_at, p_gone_source) u(resource, id, at, source)
            order by u.resource collate "C", u.id collate "C") g
      cross join lateral (select r.ctid from portolan.raw_records r where r.connection_id = p_connection and r.resource = g.resource
                          and r.external_id >= g.id and r.external_id <= g.id and r.deleted_at is null order by r.external_id limit 1 for update) r)
    update portolan.raw_records r set deleted_at = g.at, deletion_source = g.source, changed_at = v_now from gone g where r.ctid = g.row_at;
    get diagnostics deleted = row_count;
  end if;
end $$;
comment on function portolan.store_records is 'Writes the records and deletions of a page: what is new or has changed. Called under a lease.';

-- Commits one page.
-- Answers `held` = false, having changed nothing, when the lease is lost.
create or replace function portolan.commit_page(
    p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text,
    p_resource text[], p_id text[], p_updated_at timestamptz[], p_created_at timestamptz[], p_fetched_at timestamptz[], p_hash bytea[], p_payload text[],
    p_sanitised boolean[],
    p_gone_resource text[], p_gone_id text[], p_gone_at timestamptz[], p_gone_source text[],
    p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_synced_through timestamptz, p_degradation jsonb,
  p_sweep jsonb default null, p_seen_resource text[] default '{}', p_seen_id text[] default '{}', p_coverage jsonb[] default '{}', p_discoveries jsonb default null,
  p_interval_min interval default null)
returns table (held boolean, inserted integer, changed integer, unchanged integer, stale integer, deleted integer,
               cancel boolean, paused boolean, draining boolean, yield_wanted boolean)
language plpgsql as $$
declare
  v_now timestamptz := portolan.now(); v_worker uuid; v_state text;
begin
  inserted := 0; changed := 0; unchanged := 0; stale := 0; deleted := 0;
  select p.cancel, p.paused, p.draining, p.yield_wanted into cancel, paused, draining, yield_wanted
  from portolan.prove(p_lane, p_token, p_job, coalesce(cardinality(p_id), 0)) p;
  held := found;
  if not held then return next; return; end if;

  if p_discoveries is not null then
    -- Before the stream, as whoever ends a job locks them.
    update portolan.connections c set settings = c.settings || p_discoveries where c.connection_id = p_connection and not c.settings @> p_discoveries;
  end if;

  select r.* into inserted, changed, unchanged, stale, deleted
  from portolan.store_records(p_connection, p_job, p_platform, p_api_version, p_resource, p_id, p_updated_at, p_created_at, p_fetched_at, p_hash, p_payload, p_sanitised,
                              p_gone_resource, p_gone_id, p_gone_at, p_gone_source) r;

  if p_sweep is not null then
    deleted := deleted + portolan.note_sweep(p_connection, p_stream, p_job, p_sweep, p_resource || p_seen_resource, p_id || p_seen_id);
  end if;
  if cardinality(p_coverage) > 0 then perform portolan.note_coverage(p_connection, p_job, p_coverage); end if;

  if cardinality(p_errors) > 0 then
    select le.worker_id into v_worker from portolan.leases le where le.lane_id = p_lane;
    perform portolan.record_errors(p_connection, p_stream, p_job, v_worker, p_errors);
  end if;

  update portolan.streams s set
    cursor = p_cursor, last_page_at = v_now, pages_count = s.pages_count + 1, records_count = s.records_count + coalesce(cardinality(p_id), 0),
    caught_up_at = case when p_caught_up then v_now else s.caught_up_at end,
    first_caught_up_at = case when p_caught_up then coalesce(s.first_caught_up_at, v_now) else s.first_caught_up_at end,
    synced_through = greatest(s.synced_through, p_synced_through),
    next_due_at = case when s.state = 'blocked' then coalesce(s.next_due_at, v_now + s.interval)
                       -- Sooner than was thought when it was enqueued. What is later than was thought shows after the next read.
                       when n.cadence < 0.8 * (s.next_due_at - v_now) then v_now + n.cadence * portolan.jitter(p_connection, p_stream, s.next_due_at) else s.next_due_at end,
    read_pages = case when p_caught_up then 0 else n.pages end, read_records = case when p_caught_up then 0 else n.records end, read_changes = case when p_caught_up then 0 else n.changes end,
    cadence = case when p_caught_up then n.cadence else s.cadence end, least_interval = case when p_caught_up then n.least else s.least_interval end,
    change_count = case when p_caught_up then n.change_count else s.change_count end, change_span = case when p_caught_up then n.change_span else s.change_span end,
    change_cos = case when p_caught_up then n.change_cos else s.change_cos end, change_sin = case when p_caught_up then n.change_sin else s.change_sin end,
    read_cost = case when p_caught_up then n.read_cost else s.read_cost end,
    successes = case when p_caught_up then least(s.successes + 1, 2)::smallint else s.successes end,
    state = n.state, state_code = p_degradation->>'code', state_message = p_degradation->>'message',
    state_since = case when s.state is distinct from n.state then v_now else s.state_since end
  from (select case when p_degradation is not null and (p_caught_up or o.first_caught_up_at is not null) then 'degraded'
                    when p_caught_up or o.first_caught_up_at is not null then 'in_sync' else 'reading' end as state,
               x.pages, x.records, x.changes, x.least, case when o.kind = 'sync' and o.first_caught_up_at is not null and p_interval_min is not null then make_interval(secs => r.seconds) end as cadence,
               r.change_count, r.change_span, r.change_cos, r.change_sin, r.read_cost
        from portolan.streams o
        cross join lateral (select least(o.read_pages + 1, 1000000) as pages, least(o.read_records + coalesce(cardinality(p_id), 0), 1000000000) as records,
                                   least(o.read_changes + inserted + changed + deleted, 1000000000) as changes, p_interval_min * least(o.read_pages + 1, 1000000) as least) x
        -- The first read brings all there is: it says nothing about changes.
        left join lateral portolan.next_cadence(o.interval, v_now, x.changes, x.records, x.pages,
          case when o.first_caught_up_at is not null then extract(epoch from v_now - o.caught_up_at)::double precision end, extract(epoch from x.least)::double precision,
          o.change_count, o.change_span, o.change_cos, o.change_sin, o.read_cost) r on p_caught_up
        where o.connection_id = p_connection and o.resource = p_stream) n
  where s.connection_id = p_connection and s.resource = p_stream;

  -- It answers: what was counted against its health no longer is. A connection that somebody else holds is looked at with the next page.
  select c.state into v_state from portolan.connections c
  where c.connection_id = p_connection and (c.net_failures > 0 or c.limited_since is not null or c.state in ('pending', 'degraded', 'rate_limited') and p_caught_up);
  if found then perform portolan.note_progress(p_connection, p_caught_up); end if;
  return next;
end $$;
comment on function portolan.commit_page is 'One page in one transaction: proof of the lease, records, deletions, flags, cursor, progress.';

-- Keeps bytes that jsonb cannot hold. Called in the transaction that committed the page they came with.
create or replace function portolan.keep_exact(p_connection bigint, p_job bigint, p_resource text[], p_id text[], p_bytes bytea[], p_reason text[], p_fetched_at timestamptz[])
returns void language sql as $$
  insert into portolan.raw_exact as t (connection_id, resource, external_id, bytes, reason, fetched_at, job_id)
  select p_connection, u.resource, u.id, u.bytes, u.reason, u.fetched_at, p_job
  from unnest(p_resource, p_id, p_bytes, p_reason, p_fetched_at) u(resource, id, bytes, reason, fetched_at)
  order by u.resource, u.id
  on conflict (connection_id, resource, external_id) do update set bytes = excluded.bytes, reason = excluded.reason, fetched_at = excluded.fetched_at, job_id = excluded.job_id
  where excluded.fetched_at >= t.fetched_at $$;
comment on function portolan.keep_exact is 'Keeps, byte for byte, what a page held and jsonb cannot.';

-- What a worker needs to run a slice of a job on a stream, if it still holds the lease. No row: it does not.
create or replace function portolan.open_slice(p_lane bigint, p_token uuid, p_job bigint, p_resource text)
returns table (connection_name text, platform text, base_url text, settings jsonb, limits jsonb, method text, connection_state text, runs boolean, key_id text, sealed bytea, has_stream boolean, cursor jsonb)
language sql stable as $$
  select c.name, c.platform, c.base_url, c.settings, c.limits, c.method, c.state, portolan.runs(c.state), k.key_id, k.sealed, s.resource is not null, s.cursor
  from portolan.leases le join portolan.connections c using (connection_id)
  left join portolan.connection_credentials k using (connection_id)
  left join portolan.streams s on s.connection_id = c.connection_id and s.resource = p_resource
  where le.lane_id = p_lane and le.token = p_token and p_job = any (le.job_ids) $$;
comment on function portolan.open_slice is 'Connection, sealed credentials and cursor for a slice; nothing when the lease is lost.';

-- Adds a connection with its streams. Every stream is due at once. Of resources with a recent part that part is read first, and the past by a
-- backfill after it.
create or replace function portolan.add_connection(p_platform text, p_name text, p_base_url text, p_settings jsonb, p_resources text[], p_families text[], p_intervals interval[],
    p_kinds text[] default null, p_recent interval[] default null)
returns bigint language plpgsql as $$
declare v_connection bigint; v_now timestamptz := portolan.now(); v_recent interval; v_resources text[];
begin
  insert into portolan.connections (platform, name, base_url, settings) values (p_platform, p_name, p_base_url, coalesce(p_settings, '{}')) returning connection_id into v_connection;
  insert into portolan.streams (connection_id, resource, platform, family, interval, next_due_at, kind, start_at)
  select v_connection, u.resource, p_platform, u.family, u.interval, v_now, coalesce(u.kind, 'sync'), v_now - u.recent
  from unnest(p_resources, p_families, p_intervals, p_kinds, p_recent) u(resource, family, interval, kind, recent);
  for v_recent, v_resources in
    select u.recent, array_agg(u.resource) from unnest(p_resources, p_recent) u(resource, recent) where u.recent is not null group by u.recent
  loop
    perform portolan.plan_backfill(v_connection, v_resources, null, v_now - v_recent, p_after_streams => true);
  end loop;
  return v_connection;
end $$;
comment on function portolan.add_connection is 'A new connection and its streams, due at once. p_recent: how far back each stream begins, the past before is left to a backfill; NULL: at the beginning. Credentials are set apart, in the same transaction.';

-- Enqueues one sync of one stream now, whatever its schedule. Answers the job; an equal one that waits already is the answer, brought forward.
create or replace function portolan.enqueue_sync(p_connection text, p_resource text, p_band text default 'urgent') returns bigint language plpgsql as $$
declare v_stream record;
begin
  select s.connection_id, s.family, s.kind into v_stream from portolan.streams s join portolan.connections c using (connection_id) where c.name = p_connection and s.resource = p_resource;
  if not found then
    raise exception 'there is no stream % of a connection named %', quote_literal(p_resource), quote_literal(p_connection)
      using errcode = 'no_data_found', hint = 'select c.name, s.resource from portolan.streams s join portolan.connections c using (connection_id)';
  end if;
  return portolan.enqueue(v_stream.connection_id, v_stream.kind, jsonb_build_object('resource', p_resource), p_band, null, 'sync:' || p_resource, v_stream.family);
end $$;
comment on function portolan.enqueue_sync is 'Enqueues a sync of one stream, by the names people use. Answers the job id.';

-- Index probes, whatever the statistics say.
alter function portolan.commit_page set enable_seqscan = off;
alter function portolan.commit_page set jit = off;
alter function portolan.store_records set enable_seqscan = off;
alter function portolan.store_records set enable_sort = off;
alter function portolan.store_records set jit = off;
