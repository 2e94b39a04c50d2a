-- Maintenance. Not jobs, so that jobs can neither starve nor stall it; shared by all processes, with no leader.

-- Makes the days to come of a partitioned table, and takes over what went to its default partition meanwhile.
create or replace function portolan.make_days(p_table text, p_days integer default 7) returns integer language plpgsql as $$
declare v_day date; v_name text; v_made integer := 0; v_key text;
begin
  if p_table not in ('job_history', 'job_events', 'requests', 'errors') then
    raise exception 'table: % is not kept by day', quote_literal(p_table) using errcode = 'invalid_parameter_value';
  end if;
  v_key := case p_table when 'job_history' then 'finished_at' when 'requests' then 'sent_at' else 'occurred_at' end;
  for v_day in select (portolan.now() at time zone 'UTC')::date + i from generate_series(0, p_days) i loop
    v_name := p_table || '_' || to_char(v_day, 'YYYYMMDD');
    continue when to_regclass('portolan.' || v_name) is not null;
    -- All of the table, from the top, before anything else of it: a finish begins at the top, too, and later reads what is below. Then another
    -- look: somebody else may have been at it.
    execute format('lock table portolan.%I in access exclusive mode', p_table);
    continue when to_regclass('portolan.' || v_name) is not null;
    execute format('create table portolan.%I (like portolan.%I including all)', v_name, p_table);
    execute format('with strays as (delete from portolan.%I where %I >= %L and %I < %L returning *) insert into portolan.%I select * from strays',
                   p_table || '_default', v_key, v_day::timestamp at time zone 'UTC', v_key, (v_day + 1)::timestamp at time zone 'UTC', v_name);
    execute format('alter table portolan.%I attach partition portolan.%I for values from (%L) to (%L)',
                   p_table, v_name, v_day::timestamp at time zone 'UTC', (v_day + 1)::timestamp at time zone 'UTC');
    v_made := v_made + 1;
  end loop;
  return v_made;
end $$;
comment on function portolan.make_days is 'Makes the partitions of today and the days to come. Answers how many were missing.';

-- Drops the days that are older than the retention. A day stays while a live parent has a child in it: its end follows from them.
create or replace function portolan.drop_days(p_table text) returns integer language plpgsql as $$
declare v_name text; v_until timestamptz; v_dropped integer := 0; v_needed boolean;
begin
  select portolan.now() - r.keep into v_until from portolan.retention r where r.table_name = p_table;
  for v_name in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = ('portolan.' || quote_ident(p_table))::regclass and c.relname ~ ('^' || p_table || '_[0-9]{8}$') order by 1 loop
    exit when (to_date(right(v_name, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' > v_until;
    -- Somebody else may be at it.
    execute format('lock table portolan.%I in share update exclusive mode', p_table);
    continue when to_regclass('portolan.' || v_name) is null;
    v_needed := false;
    if p_table = 'job_history' then
      execute format('select exists (select from portolan.%I h join portolan.jobs p on p.job_id = h.parent_job_id)', v_name) into v_needed;
    end if;
    continue when v_needed;
    execute format('lock table portolan.%I in access exclusive mode', p_table);
    execute format('drop table portolan.%I', v_name);
    v_dropped := v_dropped + 1;
  end loop;
  return v_dropped;
end $$;
comment on function portolan.drop_days is 'Drops the days of a table that are older than its retention. Answers how many.';

create or replace function portolan.refresh_stats() returns void language plpgsql as $$
begin
  lock table portolan.queue_stats in share row exclusive mode;      -- two that count at once would write the groups in two orders
  with counted as (
    select l.platform, j.band, j.kind, j.state, count(*) as jobs_count, min(j.run_at) as oldest_at
    from portolan.jobs_now j join portolan.lanes l using (lane_id) group by 1, 2, 3, 4),
  gone as (
    delete from portolan.queue_stats s where not exists (select from counted c where (c.platform, c.band, c.kind, c.state) = (s.platform, s.band, s.kind, s.state)))
  insert into portolan.queue_stats as s select c.*, portolan.now() from counted c
  on conflict (platform, band, kind, state) do update set jobs_count = excluded.jobs_count, oldest_at = excluded.oldest_at, refreshed_at = excluded.refreshed_at;
end $$;
comment on function portolan.refresh_stats is 'Counts the jobs by state. Maintenance calls it; it takes as long as a look at every live job.';

-- Runs what is due and nobody else has in hand. A task that fails says so in its row and holds up no other. Answers the tables that should be
-- vacuumed: that is the one thing a function cannot do.
create or replace function portolan.maintain() returns text[] language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_start timestamptz; v_task text; v_error text; v_tables text[] := '{}'; v_lock_timeout text := current_setting('lock_timeout'); v_more boolean;
begin
  for v_task in
    select m.task from portolan.maintenance m where m.next_at <= v_now
      -- A vacuum is left to those who may: the tables' owner, from PostgreSQL 17 on whoever was granted it.
      and (m.task <> 'vacuum' or case when current_setting('server_version_num')::integer >= 170000 then has_table_privilege(session_user, 'portolan.jobs', 'MAINTAIN')
                                      else pg_has_role(session_user, (select c.relowner from pg_class c where c.oid = 'portolan.jobs'::regclass), 'USAGE') end)
    -- Copies may take seconds, and the history may have to be waited for: first, so that no lock of another task is held meanwhile.
    -- Counts last: others count, too, and wait for the lock.
    order by case when m.task in ('copies', 'throughput') then 0 when m.task = 'stats' then 2 else 1 end, m.next_at for update skip locked loop
    v_start := clock_timestamp();
    v_error := null; v_more := false;
    begin
      case v_task
        when 'partitions' then
          -- Behind a long transaction there is no waiting with everybody else queued up behind: the next minute will do. Like claim it gives way
          -- before a deadlock would be looked for.
          perform set_config('lock_timeout', '500ms', true);
          perform portolan.make_days(t), portolan.drop_days(t) from unnest(array['job_history', 'job_events', 'requests', 'errors']) t;
          -- After the history, in which retry looks before it notes what it did.
          delete from portolan.job_retries r where r.retried_at < v_now - (select t.keep from portolan.retention t where t.table_name = 'job_history') - interval '1 day';
        when 'stats' then perform portolan.refresh_stats();
        when 'errors' then
          perform portolan.fold_errors();
        when 'health' then
          perform portolan.close_gates();
          delete from portolan.error_minutes m where m.minute < v_now - interval '8 days';
        when 'pace' then perform portolan.refresh_pace();
        when 'throughput' then v_more := portolan.fold_jobs();
        when 'copies' then
          select k.has_more into v_more from portolan.keep_copies() k;
        when 'workers' then
          delete from portolan.workers w where w.worker_id = any (array(
            select d.worker_id from portolan.workers d where d.beat_at < v_now - d.ttl - interval '1 minute'
              and not exists (select from portolan.leases le where le.worker_id = d.worker_id) for update skip locked));
        when 'vacuum' then
          -- The hot tables fill and empty by the minute: autovacuum, busy with large tables, comes too late for them.
          select coalesce(array_agg(s.relname::text order by s.relname), '{}') into v_tables from pg_stat_user_tables s
          where s.schemaname = 'portolan' and s.relname in ('jobs', 'lanes', 'leases', 'workers') and s.n_dead_tup > 1000 + s.n_live_tup / 10
            and (s.last_vacuum is null or s.last_vacuum < clock_timestamp() - interval '30 s') and (s.last_autovacuum is null or s.last_autovacuum < clock_timestamp() - interval '30 s');
        else v_error := 'no such task';
      end case;
    exception when others then v_error := sqlstate || ' ' || sqlerrm;
    end;
    perform set_config('lock_timeout', v_lock_timeout, true);
    update portolan.maintenance m set ran_at = v_now, took = clock_timestamp() - v_start, error = v_error,
      next_at = v_now + case when v_more then interval '0' when v_error is null then greatest(m.interval, 20 * (clock_timestamp() - v_start)) else least(m.interval, interval '1 min') end
    where m.task = v_task;
  end loop;
  return v_tables;
end $$;
comment on function portolan.maintain is 'Runs the maintenance that is due and nobody has in hand. Every process calls it every few seconds. Answers the tables to be vacuumed.';

-- These functions know their access paths: index probes in nested loops, whatever the statistics say. Statistics of tables that fill and
-- empty by the minute are always wrong, and one sequential scan over dead rows costs more than a whole batch.
do $$ declare f regprocedure; begin
  for f in select p.oid from pg_proc p where p.pronamespace = 'portolan'::regnamespace and p.proname in ('claim_lanes', 'finish_many', 'end_parents', 'reap', 'release_unknown', 'enqueue', 'enqueue_many', 'cancel_many') loop
    execute format('alter function %s set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off', f);
  end loop;
  alter function portolan.enqueue_many set enable_hashjoin = on;   -- joins its own arrays, never a table
end $$;

-- Claim passes over lanes that are locked, but PostgreSQL waits all the same for one that was updated and locked again while it looked. It
-- holds other lanes then, in no order, and could meet an enqueue or a finish that waits for those. Claim is the one that can give way at no
-- cost: it gives up (55P03) long before a deadlock would be looked for, and the worker asks again.
alter function portolan.claim_lanes set lock_timeout = '100ms';

-- The first days, so that nothing ever has to be taken over from the default partitions unless no process ran for a week.
select portolan.make_days(t) from unnest(array['job_history', 'job_events', 'requests', 'errors']) t;
