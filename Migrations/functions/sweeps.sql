-- Sweeps and coverage: what a page proves. Called by commit_page, under its lease.

-- One page of a sweep: {"started_at" (seconds since 1970), "resources", "complete"}, with the identifiers it has seen. Answers how many records were found to be gone.
create or replace function portolan.note_sweep(p_connection bigint, p_stream text, p_job bigint, p_sweep jsonb, p_resource text[], p_id text[]) returns integer language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_started timestamptz := to_timestamp((p_sweep->>'started_at')::float8); v_deleted integer := 0; r record; n integer;
begin
  for r in
    select w.resource, array_agg(u.id) filter (where u.id is not null) as ids
    from jsonb_array_elements_text(p_sweep->'resources') w(resource) left join unnest(p_resource, p_id) u(resource, id) on u.resource = w.resource
    group by w.resource order by w.resource collate "C"
  loop
    -- A page of another sweep than the one that is remembered begins anew: the earlier one was given up.
    delete from portolan.sweep_seen s using portolan.sweeps w
    where w.connection_id = p_connection and w.resource = r.resource and (w.started_at <> v_started or w.completed_at is not null)
      and s.connection_id = p_connection and s.resource = r.resource;
    insert into portolan.sweeps as w (connection_id, resource, started_at, stream, job_id, pages_count, seen_count)
    values (p_connection, r.resource, v_started, p_stream, p_job, 1, coalesce(cardinality(r.ids), 0))
    on conflict (connection_id, resource) do update set
      started_at = excluded.started_at, stream = excluded.stream, job_id = excluded.job_id, completed_at = null, deleted_count = null,
      pages_count = case when w.started_at = v_started and w.completed_at is null then w.pages_count else 0 end + 1,
      seen_count = case when w.started_at = v_started and w.completed_at is null then w.seen_count else 0 end + excluded.seen_count;
    if r.ids is not null then
      insert into portolan.sweep_seen (connection_id, resource, page, ids)
      select p_connection, r.resource, w.pages_count, r.ids from portolan.sweeps w where w.connection_id = p_connection and w.resource = r.resource;
    end if;
    continue when not (p_sweep->>'complete')::boolean;

    -- Locked in order, as the records of a page are. What was fetched since the sweep began was there when it began, or came after.
    with seen as materialized (
      select distinct u.id collate "C" as id from portolan.sweep_seen s cross join lateral unnest(s.ids) u(id)
      where s.connection_id = p_connection and s.resource = r.resource),
    gone as materialized (
      select x.ctid as row_at from portolan.raw_records x
      where x.connection_id = p_connection and x.resource = r.resource and x.deleted_at is null and x.fetched_at < v_started
        and not exists (select from seen s where s.id = x.external_id)
      order by x.external_id for update of x)
    update portolan.raw_records x set deleted_at = v_now, deletion_source = 'missing_in_full_sync', changed_at = v_now from gone g where x.ctid = g.row_at;
    get diagnostics n = row_count;
    v_deleted := v_deleted + n;
    delete from portolan.sweep_seen s where s.connection_id = p_connection and s.resource = r.resource;
    update portolan.sweeps w set completed_at = v_now, deleted_count = n where w.connection_id = p_connection and w.resource = r.resource;
  end loop;
  return v_deleted;
end $$;
comment on function portolan.note_sweep is 'One page of a walk over all there is; its last page marks what was not seen as deleted.';

-- Windows that a page proves: objects {"resource", "from", "to", "platform_count", "distinct_count"}, times in seconds since 1970. One whose counts differ, or that ends
-- before it begins because a server's clock went back, proves nothing.
create or replace function portolan.note_coverage(p_connection bigint, p_job bigint, p_windows jsonb[]) returns void language sql as $$
  with given as materialized (
    select w->>'resource' as resource, tstzrange(to_timestamp((w->>'from')::float8), to_timestamp((w->>'to')::float8)) as read,
           (w->>'platform_count')::bigint as counted, (w->>'distinct_count')::bigint as found
    from unnest(p_windows) w where w->>'from' is null or w->>'to' is null or (w->>'from')::float8 < (w->>'to')::float8),
  proofs as (
    insert into portolan.coverage_proofs (connection_id, resource, window_read, platform_count, distinct_count, job_id)
    select p_connection, g.resource, g.read, g.counted, g.found, p_job from given g where g.found > 0 or g.counted > 0)
  insert into portolan.coverage as c (connection_id, resource, covered, proven_at)
  select p_connection, g.resource, range_agg(g.read), portolan.now() from given g where g.counted is null or g.counted = g.found
  group by g.resource order by g.resource
  on conflict (connection_id, resource) do update set covered = c.covered + excluded.covered, proven_at = excluded.proven_at $$;
comment on function portolan.note_coverage is 'Adds the windows that a page proves to have been read.';
