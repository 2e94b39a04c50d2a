-- What people do to many jobs at once. Each is bounded, checks what it is given, and answers what it did: one row for each thing that became of
-- jobs, with their number and their ids; is_more says that others matched, too, so that it may be called again.

-- What is wrong with a filter: the field, what it is, the fix. NULL: nothing.
create or replace function portolan.filter_problem(p_connection text, p_platform text, p_kind text, p_band text, p_states text[], p_all_states text[], p_limit integer) returns text language plpgsql stable as $$
declare v_bad text;
begin
  if p_connection is not null and not exists (select from portolan.connections c where c.name = p_connection) then
    return format('connection: there is none with the name %s; names are in ops.connections', quote_literal(p_connection));
  end if;
  if p_platform is not null and not exists (select from portolan.lanes l where l.platform = p_platform) and not exists (select from portolan.connections c where c.platform = p_platform) then
    return format('platform: no connection is on %s; there are: %s', quote_literal(p_platform), coalesce((select string_agg(distinct c.platform, ', ') from portolan.connections c), 'none'));
  end if;
  if p_kind is not null and not exists (select from portolan.job_kinds k where k.kind = p_kind) then
    return format('kind: %s is not known; there are: %s', quote_literal(p_kind), (select string_agg(distinct k.kind, ', ') from portolan.job_kinds k));
  end if;
  if p_band is not null and portolan.band_rank(p_band) is null then
    return format('band: %s is none; use urgent, incremental, report, backfill or housekeeping', quote_literal(p_band));
  end if;
  if p_states is not null and (cardinality(p_states) = 0 or array_position(p_states, null) is not null) then
    return format('states: must be words, is an array that is empty or holds NULL; use some of %s', array_to_string(p_all_states, ', '));
  end if;
  select s into v_bad from unnest(p_states) s where s <> all (p_all_states) limit 1;
  if found then
    return format('states: %s is none of %s', quote_literal(v_bad), array_to_string(p_all_states, ', '));
  end if;
  if p_limit is null or p_limit not between 1 and 10000 then
    return format('limit: must be from 1 to 10000, is %s; call again while is_more', coalesce(p_limit::text, 'NULL'));
  end if;
  return null;
end $$;
comment on function portolan.filter_problem is 'What is wrong with a filter of jobs: the field, what it is, the fix; NULL when it is right.';

-- Jobs that ended badly are enqueued anew, oldest first, each once: see job_retries. Those of one deduplication key become one job.
create or replace function portolan.retry_where(p_connection text default null, p_platform text default null, p_kind text default null, p_code text default null,
    p_states text[] default '{failed,poison}', p_since timestamptz default null, p_until timestamptz default null, p_limit integer default 1000, p_dry_run boolean default false)
returns table (result text, jobs_count integer, job_ids bigint[], new_job_ids bigint[], is_more boolean) language plpgsql as $$
#variable_conflict use_column
declare
  v_bad text; v_since timestamptz := coalesce(p_since, portolan.now() - interval '7 days'); v_until timestamptz := coalesce(p_until, 'infinity');
  v_connection bigint; v_found bigint[]; v_more boolean; v_old portolan.job_history[]; v_refused bigint[]; v_why text[]; v_mine bigint[]; v_new bigint[];
begin
  v_bad := portolan.filter_problem(p_connection, p_platform, p_kind, null, p_states, array['failed', 'poison', 'cancelled'], p_limit);
  v_bad := coalesce(v_bad, case
    when p_states is null then 'states: must be given, is NULL; use some of failed, poison, cancelled'
    when p_code is not null and p_code !~ '^[a-z_]+\.[a-z_*]+$' then format('code: %s is no error code; use one like rate.limited, or a family: rate.*', quote_literal(p_code))
    when v_since >= v_until then format('until: must be after since, is %s', v_until) end);
  if v_bad is not null then raise exception '%', v_bad using errcode = 'invalid_parameter_value'; end if;
  select c.connection_id into v_connection from portolan.connections c where c.name = p_connection;

  select array_agg(f.job_id order by f.job_id) into v_found from (
    select h.job_id from portolan.job_history h
    where h.outcome = any (p_states) and h.outcome <> 'done' and h.finished_at >= v_since and h.finished_at < v_until
      and (v_connection is null or h.connection_id = v_connection)
      and (p_kind is null or h.kind = p_kind)
      and (p_code is null or h.error->>'code' like replace(replace(p_code, '_', '\_'), '*', '%'))
      and (p_platform is null or exists (select from portolan.lanes l where l.lane_id = h.lane_id and l.platform = p_platform))
      and not exists (select from portolan.job_retries r where r.job_id = h.job_id)
    order by h.job_id limit p_limit + 1) f;
  if v_found is null then return query select 'nothing matched', 0, '{}'::bigint[], '{}'::bigint[], false; return; end if;
  v_more := cardinality(v_found) > p_limit;
  v_found := v_found[1:p_limit];
  if p_dry_run then return query select 'would be retried', cardinality(v_found), v_found, '{}'::bigint[], v_more; return; end if;

  -- Lanes first, in order, as retry has them; then whoever notes a job first runs it.
  perform from (select distinct h.lane_id from portolan.job_history h where h.job_id = any (v_found) order by 1) x
  cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id limit 1 for update) locked;
  with noted as (
    insert into portolan.job_retries (job_id) select u from unnest(v_found) u order by 1 on conflict (job_id) do nothing returning job_id)
  select array_agg(n.job_id order by n.job_id) into v_mine from noted n;
  if v_mine is null then return query select 'retried by somebody else meanwhile', cardinality(v_found), v_found, '{}'::bigint[], v_more; return; end if;
  select array_agg(h order by h.job_id) into v_old from portolan.job_history h where h.job_id = any (v_mine) and h.finished_at >= v_since and h.finished_at < v_until and h.outcome = any (p_states);
  -- What can no longer be run is left where it is.
  select array_agg(o.job_id order by o.job_id), array_agg(o.why order by o.job_id) into v_refused, v_why from (
    select h.job_id, case when c.connection_id is null then 'its connection was removed' else portolan.job_problem(h.kind, h.args, h.args_version, h.band, null) end as why
    from unnest(v_old) h left join portolan.connections c on c.connection_id = h.connection_id) o where o.why is not null;
  if v_refused is not null then
    delete from portolan.job_retries r where r.job_id = any (v_refused);
    select array_agg(x order by x) into v_mine from unnest(v_mine) x where x <> all (v_refused);
    select array_agg(h order by h.job_id) into v_old from unnest(v_old) h where h.job_id <> all (v_refused);
  end if;
  if v_old is not null then
    select portolan.enqueue_many(array_agg(h.connection_id order by h.job_id), array_agg(h.kind order by h.job_id), array_agg(h.args order by h.job_id), array_agg(h.band order by h.job_id), null,
                                 array_agg(h.dedupe_key order by h.job_id), array_agg(coalesce(l.family, 'main') order by h.job_id), null, array_agg(h.args_version order by h.job_id))
    into v_new from unnest(v_old) h left join portolan.lanes l on l.lane_id = h.lane_id;
    update portolan.job_retries r set new_job_id = u.new_id from unnest(v_mine, v_new) u(id, new_id) where r.job_id = u.id;
    return query select 'enqueued', cardinality(v_mine), v_mine, array(select distinct x from unnest(v_new) x order by 1), v_more;
  end if;
  return query select 'not possible: ' || u.why, count(*)::integer, array_agg(u.id order by u.id), '{}'::bigint[], v_more from unnest(v_refused, v_why) u(id, why) group by u.why;
  return query select 'retried by somebody else meanwhile', count(*)::integer, array_agg(u order by u), '{}'::bigint[], v_more
               from unnest(v_found) u where u <> all (coalesce(v_mine, '{}')) and u <> all (coalesce(v_refused, '{}')) having count(*) > 0;
end $$;
comment on function portolan.retry_where is 'Enqueues ended jobs anew by connection, platform, kind, error code (or family: rate.*), state and time of the end (the last seven days unless said); each once. Answers what became of how many, with ids; is_more: call it again.';

-- Live jobs are cancelled, oldest first, parents with their children. At least one of the filters must be given.
create or replace function portolan.cancel_where(p_connection text default null, p_platform text default null, p_kind text default null, p_band text default null,
    p_states text[] default null, p_created_before timestamptz default null, p_limit integer default 1000, p_dry_run boolean default false)
returns table (result text, jobs_count integer, job_ids bigint[], is_more boolean) language plpgsql as $$
#variable_conflict use_column
declare v_now timestamptz := portolan.now(); v_bad text; v_connection bigint; v_lane bigint[]; v_found bigint[]; v_more boolean;
begin
  v_bad := portolan.filter_problem(p_connection, p_platform, p_kind, p_band, p_states, array['queued', 'scheduled', 'handed over', 'running', 'awaiting'], p_limit);
  if v_bad is null and p_connection is null and p_platform is null and p_kind is null and p_band is null and p_states is null and p_created_before is null then
    v_bad := 'filter: must be given, all of it is NULL; name a connection, platform, kind, band, states or created_before';
  end if;
  if v_bad is not null then raise exception '%', v_bad using errcode = 'invalid_parameter_value'; end if;
  if p_connection is not null then
    select c.connection_id into v_connection from portolan.connections c where c.name = p_connection;
    v_lane := array(select l.lane_id from portolan.lanes l where l.connection_id = v_connection);
  end if;
  select array_agg(f.job_id order by f.job_id) into v_found from (
    select j.job_id from portolan.jobs j left join portolan.leases le on le.lane_id = j.lane_id
    where j.cancel_at is null and (v_lane is null or j.lane_id = any (v_lane)) and (p_kind is null or j.kind = p_kind) and (p_band is null or j.band = p_band)
      and (p_created_before is null or j.created_at < p_created_before)
      and (p_platform is null or exists (select from portolan.lanes l where l.lane_id = j.lane_id and l.platform = p_platform))
      and (p_states is null or case when j.run_at = 'infinity' then 'awaiting' when j.job_id = le.running then 'running' when j.job_id = any (le.job_ids) then 'handed over'
                                    when j.run_at > v_now then 'scheduled' else 'queued' end = any (p_states))
    order by j.job_id limit p_limit + 1) f;
  if v_found is null then return query select 'nothing matched', 0, '{}'::bigint[], false; return; end if;
  v_more := cardinality(v_found) > p_limit;
  v_found := v_found[1:p_limit];
  if p_dry_run then return query select 'would be cancelled', cardinality(v_found), v_found, v_more; return; end if;
  return query select k.result, count(*)::integer, array_agg(k.job_id order by k.job_id), v_more from portolan.cancel_many(v_found) k group by k.result order by k.result;
end $$;
comment on function portolan.cancel_where is 'Cancels live jobs by connection, platform, kind, band, state and age: at once what waits, at its next page what runs. Answers what became of how many, with ids; is_more: call it again.';
