-- Why: streams (what is read, how far, how fresh), raw records (what was read, as received), and the one function that
--      commits a page: proof of the lease, records, deletions, flags, cursor and progress, all or nothing.
-- Locks: none on existing tables; everything here is new. Lock order: leases, connections, raw records (by resource and id), streams, lanes, jobs.
-- Breaking: no.

create table portolan.streams (
  connection_id   bigint not null references portolan.connections on delete cascade,
  resource        text collate "C" not null,
  platform        text not null,
  family          text not null default 'main',
  state           text not null default 'new' check (state in ('new', 'reading', 'in_sync', 'degraded', 'failing', 'blocked')),
  state_code      text,
  state_message   text,
  state_since     timestamptz not null default portolan.now(),
  interval        interval not null check (interval >= interval '1 second'),
  next_due_at     timestamptz,
  enqueued_at     timestamptz,
  caught_up_at    timestamptz,
  first_caught_up_at timestamptz,
  synced_through  timestamptz,
  last_page_at    timestamptz,
  pages_count     bigint not null default 0,
  records_count   bigint not null default 0,
  cursor          jsonb,
  primary key (connection_id, resource)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create index streams_due on portolan.streams (next_due_at) where next_due_at is not null;
comment on table portolan.streams is 'One resource of one connection: the unit that has a cursor and a freshness.';
comment on column portolan.streams.family is 'Which of the connection''s lanes its jobs run in.';
comment on column portolan.streams.state is 'new: never read; reading: first read under way; in_sync: caught up; degraded: caught up as far as this server allows; failing: last job failed, tried again; blocked: stopped until something outside changes.';
comment on column portolan.streams.state_code is 'Code of the unified error behind the state.';
comment on column portolan.streams.state_message is 'One sentence for people.';
comment on column portolan.streams.interval is 'How often it is due: its freshness target.';
comment on column portolan.streams.next_due_at is 'When the scheduler enqueues its next sync; NULL: never.';
comment on column portolan.streams.enqueued_at is 'When its last sync was enqueued.';
comment on column portolan.streams.caught_up_at is 'When a read last reached the end.';
comment on column portolan.streams.first_caught_up_at is 'When the first complete read ended.';
comment on column portolan.streams.synced_through is 'Platform time up to which everything is known: the measure of freshness.';
comment on column portolan.streams.pages_count is 'Pages committed, ever.';
comment on column portolan.streams.records_count is 'Records seen, ever, changed or not.';
comment on column portolan.streams.cursor is 'Where it has got to on the platform; only the platform''s code reads it.';

create table portolan.raw_records (
  connection_id       bigint not null,
  resource            text collate "C" not null,
  external_id         text collate "C" not null,
  platform            text not null,
  platform_created_at timestamptz,
  platform_updated_at timestamptz,
  payload             jsonb compression lz4 not null,
  payload_hash        bytea not null,
  first_seen_at       timestamptz not null default portolan.now(),
  changed_at          timestamptz not null default portolan.now(),
  fetched_at          timestamptz not null,
  deleted_at          timestamptz,
  deletion_source     text check (deletion_source in ('platform_flag', 'tombstone_endpoint', 'webhook', 'missing_in_full_sync', 'not_found_on_fetch', 'merged')),
  job_id              bigint,
  api_version         text,
  sanitised           boolean not null default false,
  primary key (connection_id, resource, external_id)
);
-- Compressed, but in the row: no look-ups in TOAST. And nothing else may leave the row, or PostgreSQL would move the hash out first.
alter table portolan.raw_records alter payload set storage main, alter payload_hash set storage plain, alter external_id set storage main,
  alter resource set storage main, alter platform set storage main, alter deletion_source set storage main, alter api_version set storage main;
-- Platform is in the key so that a branch of a union never reads the rows of another platform's branch.
create index raw_by_update on portolan.raw_records (connection_id, platform, resource, platform_updated_at);
create index raw_by_change on portolan.raw_records using brin (changed_at) with (pages_per_range = 32);
comment on table portolan.raw_records is 'The platforms'' own JSON, one row a record, as received.';
comment on column portolan.raw_records.resource is 'The stream''s resource, or a child of it that is served separately.';
comment on column portolan.raw_records.external_id is 'The platform''s identifier, as text.';
comment on column portolan.raw_records.platform_created_at is 'The platform''s created-at, lifted.';
comment on column portolan.raw_records.platform_updated_at is 'The platform''s updated-at, lifted; NULL where it has none.';
comment on column portolan.raw_records.payload is 'The record. Where jsonb cannot hold what was received, a cleaned copy; the bytes are then in raw_exact.';
comment on column portolan.raw_records.payload_hash is 'SHA-256 of the bytes as received.';
comment on column portolan.raw_records.changed_at is 'When the payload''s content last changed here.';
comment on column portolan.raw_records.fetched_at is 'When the stored payload was asked for. An unchanged record is not rewritten.';
comment on column portolan.raw_records.deleted_at is 'When it was deleted, or found to be gone. A record that comes back loses the mark.';
comment on column portolan.raw_records.job_id is 'The job that brought the stored payload.';
comment on column portolan.raw_records.api_version is 'The platform''s version the payload was asked for in.';
comment on column portolan.raw_records.sanitised is 'The payload is a cleaned copy.';

create table portolan.raw_exact (
  connection_id bigint not null,
  resource      text collate "C" not null,
  external_id   text collate "C" not null,
  bytes         bytea compression lz4 not null,
  reason        text not null,
  fetched_at    timestamptz not null,
  job_id        bigint,
  primary key (connection_id, resource, external_id)
);
comment on table portolan.raw_exact is 'Bytes that jsonb cannot hold (NUL, lone surrogates, invalid UTF-8, no JSON at all), kept exactly as received.';
comment on column portolan.raw_exact.reason is 'What was wrong with them, and whether a cleaned copy is in raw_records.';
comment on column portolan.raw_exact.bytes is 'The record as received.';

create table portolan.errors (
  error_id            bigint generated always as identity primary key,
  occurred_at         timestamptz not null default portolan.now(),
  connection_id       bigint,
  resource            text,
  job_id              bigint,
  worker_id           uuid,
  code                text not null,
  fault               text not null check (fault in ('ours', 'platform', 'merchant', 'network', 'quota', 'none', 'unknown')),
  policy              text not null,
  message             text not null,
  http_status         integer,
  platform_code       text,
  platform_message    text,
  platform_request_id text,
  route               text,
  retry_after         interval,
  external_id         text,
  evidence            text
);
create index errors_by_time on portolan.errors using brin (occurred_at);
create index errors_by_connection on portolan.errors (connection_id, occurred_at);
comment on table portolan.errors is 'Every failure and every flagged record, in the one vocabulary that holds for all platforms.';
comment on column portolan.errors.code is 'Code of the taxonomy, e.g. rate.limited.';
comment on column portolan.errors.fault is 'Whose fault it is.';
comment on column portolan.errors.policy is 'What was done about it.';
comment on column portolan.errors.message is 'One sentence for engineers; never a payload or a credential.';
comment on column portolan.errors.route is 'Route template of the request.';
comment on column portolan.errors.platform_request_id is 'The platform''s name for the request, for its support.';
comment on column portolan.errors.evidence is 'First bytes of an answer that could not be understood.';

-- Errors come as JSON objects, one for each row; keys are the columns.
create function portolan.record_errors(p_connection bigint, p_resource text, p_job bigint, p_worker uuid, p_errors jsonb[]) returns void language sql as $$
  insert into portolan.errors (connection_id, resource, job_id, worker_id, code, fault, policy, message, http_status, platform_code, platform_message,
                               platform_request_id, route, retry_after, external_id, evidence)
  select p_connection, p_resource, p_job, p_worker, e->>'code', e->>'fault', e->>'policy', e->>'message', (e->>'http_status')::integer, e->>'platform_code',
         e->>'platform_message', e->>'platform_request_id', e->>'route', make_interval(secs => (e->>'retry_after_ms')::double precision / 1000), e->>'external_id', e->>'evidence'
  from unnest(p_errors) e $$;
comment on function portolan.record_errors is 'Writes one row for each error object.';

-- Whether a text is JSON that jsonb can hold; NULL when it is, else SQLSTATE and reason. Used only for pages that were refused.
create function portolan.json_problem(p_text text) returns text language plpgsql immutable as $$
begin
  perform p_text::jsonb;
  return null;
exception when others then
  return sqlstate || ' ' || sqlerrm;
end $$;
comment on function portolan.json_problem is 'NULL when jsonb can hold the text, else why not.';

-- Commits one page. Records come sorted by (resource, id) and unique, so that two writers lock in one order.
-- An unchanged record is not written; an older version never replaces a newer one; on a tie of updated-at the later fetch wins.
-- Answers `held` = false, having changed nothing, when the lease is lost.
create function portolan.commit_page(
    p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text,
    p_resource text[], p_id text[], p_updated_at timestamptz[], p_created_at timestamptz[], p_fetched_at timestamptz[], p_hash bytea[], p_payload text[],
    p_sanitised boolean[],
    p_gone_resource text[], p_gone_id text[], p_gone_at timestamptz[], p_gone_source text[],
    p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_synced_through timestamptz, p_degradation jsonb)
returns table (held boolean, inserted integer, changed integer, unchanged integer, stale integer, deleted integer,
               cancel boolean, paused boolean, draining boolean, yield_wanted boolean)
language plpgsql as $$
declare
  v_now timestamptz := portolan.now(); v_asked integer := 0; v_worker uuid;
begin
  inserted := 0; changed := 0; unchanged := 0; stale := 0; deleted := 0;
  select p.cancel, p.paused, p.draining, p.yield_wanted into cancel, paused, draining, yield_wanted
  from portolan.prove(p_lane, p_token, p_job, coalesce(cardinality(p_id), 0)) p;
  held := found;
  if not held then return next; return; end if;

  if cardinality(p_id) > 0 then
    with input as materialized (
      select u.*, r.payload_hash as old_hash, r.deleted_at as old_deleted_at
      from unnest(p_resource, p_id, p_updated_at, p_created_at, p_fetched_at, p_hash, p_payload, p_sanitised)
        with ordinality u(resource, id, updated_at, created_at, fetched_at, hash, payload, sanitised, o)
      left join lateral (select r.payload_hash, r.deleted_at from portolan.raw_records r
                         where r.connection_id = p_connection and r.resource = u.resource and r.external_id = u.id limit 1) r on true),
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
                          and r.external_id = g.id and r.deleted_at is null limit 1 for update) r)
    update portolan.raw_records r set deleted_at = g.at, deletion_source = g.source, changed_at = v_now from gone g where r.ctid = g.row_at;
    get diagnostics deleted = row_count;
  end if;

  if cardinality(p_errors) > 0 then
    select le.worker_id into v_worker from portolan.leases le where le.lane_id = p_lane;
    perform portolan.record_errors(p_connection, p_stream, p_job, v_worker, p_errors);
  end if;

  update portolan.streams s set
    cursor = p_cursor, last_page_at = v_now, pages_count = s.pages_count + 1, records_count = s.records_count + coalesce(cardinality(p_id), 0),
    caught_up_at = case when p_caught_up then v_now else s.caught_up_at end,
    first_caught_up_at = case when p_caught_up then coalesce(s.first_caught_up_at, v_now) else s.first_caught_up_at end,
    synced_through = greatest(s.synced_through, p_synced_through),
    next_due_at = case when s.state = 'blocked' then coalesce(s.next_due_at, v_now + s.interval) else s.next_due_at end,
    state = n.state, state_code = p_degradation->>'code', state_message = p_degradation->>'message',
    state_since = case when s.state is distinct from n.state then v_now else s.state_since end
  from (select case when p_degradation is not null and (p_caught_up or o.first_caught_up_at is not null) then 'degraded'
                    when p_caught_up or o.first_caught_up_at is not null then 'in_sync' else 'reading' end as state
        from portolan.streams o where o.connection_id = p_connection and o.resource = p_stream) n
  where s.connection_id = p_connection and s.resource = p_stream;
  return next;
end $$;
comment on function portolan.commit_page is 'One page in one transaction: proof of the lease, records, deletions, flags, cursor, progress.';

-- Keeps bytes that jsonb cannot hold. Called in the transaction that committed the page they came with.
create function portolan.keep_exact(p_connection bigint, p_job bigint, p_resource text[], p_id text[], p_bytes bytea[], p_reason text[], p_fetched_at timestamptz[])
returns void language sql as $$
  insert into portolan.raw_exact as t (connection_id, resource, external_id, bytes, reason, fetched_at, job_id)
  select p_connection, u.resource, u.id, u.bytes, u.reason, u.fetched_at, p_job
  from unnest(p_resource, p_id, p_bytes, p_reason, p_fetched_at) u(resource, id, bytes, reason, fetched_at)
  order by u.resource, u.id
  on conflict (connection_id, resource, external_id) do update set bytes = excluded.bytes, reason = excluded.reason, fetched_at = excluded.fetched_at, job_id = excluded.job_id
  where excluded.fetched_at >= t.fetched_at $$;
comment on function portolan.keep_exact is 'Keeps, byte for byte, what a page held and jsonb cannot.';

-- What a worker needs to run a slice of a job on a stream, if it still holds the lease. No row: it does not.
create function portolan.open_slice(p_lane bigint, p_token uuid, p_job bigint, p_resource text)
returns table (connection_name text, platform text, base_url text, settings jsonb, connection_state text, key_id text, sealed bytea, has_stream boolean, cursor jsonb)
language sql stable as $$
  select c.name, c.platform, c.base_url, c.settings, c.state, k.key_id, k.sealed, s.resource is not null, s.cursor
  from portolan.leases le join portolan.connections c using (connection_id)
  left join portolan.connection_credentials k using (connection_id)
  left join portolan.streams s on s.connection_id = c.connection_id and s.resource = p_resource
  where le.lane_id = p_lane and le.token = p_token and p_job = any (le.job_ids) $$;
comment on function portolan.open_slice is 'Connection, sealed credentials and cursor for a slice; nothing when the lease is lost.';

-- Ends the run of one job that failed or was put off: finish, the error's row, and what it means for stream and connection, together.
create function portolan.finish_with(p_lane bigint, p_token uuid, p_job bigint, p_outcome text, p_delay interval, p_error jsonb,
    p_resource text, p_stream_state text default null, p_connection_state text default null, p_flags jsonb[] default '{}')
returns text language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_connection bigint; v_worker uuid; v_result text;
begin
  -- Stream and connection are locked before finish locks the lane: the scheduler locks streams first and then their lanes.
  select le.connection_id, le.worker_id into v_connection, v_worker from portolan.leases le where le.lane_id = p_lane and le.token = p_token for update;
  if p_error is not null and p_connection_state is not null then
    perform from portolan.connections c where c.connection_id = v_connection for no key update;
  end if;
  if p_error is not null and p_stream_state is not null then
    perform from portolan.streams s where s.connection_id = v_connection and s.resource = p_resource for no key update;
  end if;
  select f.result into v_result from portolan.finish(array[p_lane], array[p_token], array[p_job], array[p_outcome], array[v_now + p_delay], array[p_error]) f;
  if v_result = 'stale' or p_error is null then return v_result; end if;
  perform portolan.record_errors(v_connection, p_resource, p_job, v_worker, p_flags || p_error);
  update portolan.streams s set state = p_stream_state, state_code = p_error->>'code', state_message = p_error->>'message',
    state_since = case when s.state <> p_stream_state then v_now else s.state_since end,
    next_due_at = case when p_stream_state = 'blocked' then null else s.next_due_at end
  where s.connection_id = v_connection and s.resource = p_resource and p_stream_state is not null;
  update portolan.connections c set state = p_connection_state, state_code = p_error->>'code', state_message = p_error->>'message',
    state_since = case when c.state <> p_connection_state then v_now else c.state_since end
  where c.connection_id = v_connection and p_connection_state is not null and c.state <> 'disabled';
  return v_result;
end $$;
comment on function portolan.finish_with is 'finish for one job with its error: history or back-off, error row, state of stream and connection. Answers what became of the job, or stale.';

-- Adds a connection with its streams. Every stream is due at once.
create function portolan.add_connection(p_platform text, p_name text, p_base_url text, p_settings jsonb, p_resources text[], p_families text[], p_intervals interval[])
returns bigint language plpgsql as $$
declare v_connection bigint;
begin
  insert into portolan.connections (platform, name, base_url, settings) values (p_platform, p_name, p_base_url, coalesce(p_settings, '{}')) returning connection_id into v_connection;
  insert into portolan.streams (connection_id, resource, platform, family, interval, next_due_at)
  select v_connection, u.resource, p_platform, u.family, u.interval, portolan.now() from unnest(p_resources, p_families, p_intervals) u(resource, family, interval);
  return v_connection;
end $$;
comment on function portolan.add_connection is 'A new connection and its streams, due at once. Credentials are set apart, in the same transaction.';

-- Mended: the connection is active again and every stream of it due at once. Cursors stay, so nothing is read twice.
create function portolan.resume_connection(p_name text) returns boolean language plpgsql as $$
declare v_connection bigint; v_now timestamptz := portolan.now();
begin
  update portolan.connections set state = 'active', state_code = null, state_message = null, state_since = v_now where name = p_name returning connection_id into v_connection;
  if v_connection is null then return false; end if;
  update portolan.streams s set next_due_at = v_now, state = case when s.state in ('blocked', 'failing') then case when s.first_caught_up_at is null then 'reading' else 'in_sync' end else s.state end,
    state_code = null, state_message = null where s.connection_id = v_connection;
  return true;
end $$;
comment on function portolan.resume_connection is 'Switches a connection on again and makes all its streams due. False when there is none of that name.';

-- Enqueues one sync of one stream now, whatever its schedule. Answers the job; an equal one that waits already is the answer, brought forward.
create function portolan.enqueue_sync(p_connection text, p_resource text, p_band text default 'urgent') returns bigint language plpgsql as $$
declare v_stream record;
begin
  select s.connection_id, s.family into v_stream from portolan.streams s join portolan.connections c using (connection_id) where c.name = p_connection and s.resource = p_resource;
  if not found then
    raise exception 'there is no stream % of a connection named %', quote_literal(p_resource), quote_literal(p_connection)
      using errcode = 'no_data_found', hint = 'select c.name, s.resource from portolan.streams s join portolan.connections c using (connection_id)';
  end if;
  return portolan.enqueue(v_stream.connection_id, 'sync', jsonb_build_object('resource', p_resource), p_band, null, 'sync:' || p_resource, v_stream.family);
end $$;
comment on function portolan.enqueue_sync is 'Enqueues a sync of one stream, by the names people use. Answers the job id.';

-- One tick of the scheduler: finds up to p_limit due streams, enqueues one sync each, and sets when they are due next. Streams that another
-- scheduler has in hand are passed over; a stream whose sync still waits or runs is only moved on. The jitter is a function of the stream and
-- its slot, so that it spreads the load and can be told beforehand.
create function portolan.enqueue_due(p_limit integer default 1000) returns table (due integer, enqueued integer) language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_at tid[]; v_connection bigint[]; v_resource text[]; v_family text[]; v_busy boolean[];
begin
  select array_agg(d.at), array_agg(d.connection_id), array_agg(d.resource), array_agg(d.family), array_agg(d.busy)
  into v_at, v_connection, v_resource, v_family, v_busy from (
    select s.ctid as at, s.connection_id, s.resource, s.family,
           exists (select from portolan.lanes l join portolan.jobs j on j.lane_id = l.lane_id and j.dedupe_key = 'sync:' || s.resource
                   where l.connection_id = s.connection_id and l.family = s.family) or c.state <> 'active' as busy
    from portolan.streams s join portolan.connections c using (connection_id)
    where s.next_due_at <= v_now order by s.next_due_at limit p_limit for update of s skip locked) d;
  if v_at is null then return query select 0, 0; return; end if;
  perform portolan.enqueue_many(array_agg(u.connection_id), array_agg('sync'::text), array_agg(jsonb_build_object('resource', u.resource)),
                                array_agg('incremental'::text), null, array_agg('sync:' || u.resource), array_agg(u.family))
  from unnest(v_connection, v_resource, v_family, v_busy) u(connection_id, resource, family, busy) where not u.busy having count(*) > 0;
  update portolan.streams s set
    enqueued_at = case when u.busy then s.enqueued_at else v_now end,
    next_due_at = v_now + s.interval * (0.9 + 0.2 * abs(hashtextextended(s.resource || s.connection_id || s.next_due_at, 0) % 1000) / 1000.0)
  from unnest(v_at, v_busy) u(at, busy) where s.ctid = u.at;
  return query select cardinality(v_at), (select count(*)::integer from unnest(v_busy) b where not b);
end $$;
comment on function portolan.enqueue_due is 'One tick of the scheduler. Run by any number of schedulers at once; each due stream is enqueued once.';
alter function portolan.enqueue_due set enable_seqscan = off;
alter function portolan.enqueue_due set jit = off;
alter function portolan.commit_page set enable_seqscan = off;
alter function portolan.commit_page set jit = off;

comment on column portolan.streams.connection_id is 'Whose stream it is.';
comment on column portolan.streams.resource is 'Name of the resource, e.g. orders.';
comment on column portolan.streams.platform is 'Platform of the connection.';
comment on column portolan.streams.state_since is 'When it came into this state.';
comment on column portolan.streams.last_page_at is 'When a page was last committed.';
comment on column portolan.raw_records.connection_id is 'Whose record it is.';
comment on column portolan.raw_records.platform is 'Platform of the connection.';
comment on column portolan.raw_records.first_seen_at is 'When it was first stored.';
comment on column portolan.raw_records.deletion_source is 'How the deletion was learned; NULL while it exists.';
comment on column portolan.raw_exact.connection_id is 'Whose record it is.';
comment on column portolan.raw_exact.resource is 'As in raw_records.';
comment on column portolan.raw_exact.external_id is 'As in raw_records.';
comment on column portolan.raw_exact.fetched_at is 'When it was asked for.';
comment on column portolan.raw_exact.job_id is 'The job that brought it.';
comment on column portolan.errors.error_id is 'In order of writing.';
comment on column portolan.errors.occurred_at is 'When it was written down.';
comment on column portolan.errors.connection_id is 'Whom it concerned.';
comment on column portolan.errors.resource is 'The stream it concerned.';
comment on column portolan.errors.job_id is 'The job that met it.';
comment on column portolan.errors.worker_id is 'Who met it.';
comment on column portolan.errors.http_status is 'Status of the answer, where there was one.';
comment on column portolan.errors.platform_code is 'The platform''s own code.';
comment on column portolan.errors.platform_message is 'The platform''s own words, cut short.';
comment on column portolan.errors.retry_after is 'How long the platform asked to be left alone.';
comment on column portolan.errors.external_id is 'The record it concerned.';
