-- Who may do what. One place, made so at every migrate: functions and views that were made anew, and tables that came since, are covered alike.
-- The last of the functions, because it looks at all the others.

-- The functions people and programs call, and who. What is not here nobody but the owner calls directly: the functions here call it, with the
-- owner's rights (security definer), so that nobody needs rights to the tables of the queue. `as_caller`: reads only what its callers may read
-- anyway, or nothing at all.
create or replace function portolan.function_rights() returns table (name text, roles text[], as_caller boolean) language sql immutable as $$
  select f.name, string_to_array(f.roles, ' '), f.as_caller from (values
    -- the queue, as workers and schedulers use it
    ('claim', 'portolan_worker', false), ('claim_lanes', 'portolan_worker', false), ('prove', 'portolan_worker', false),
    ('finish', 'portolan_worker', false), ('finish_many', 'portolan_worker', false), ('finish_with', 'portolan_worker', false),
    ('beat', 'portolan_worker', false), ('leave', 'portolan_worker', false), ('reap', 'portolan_worker', false), ('release_unknown', 'portolan_worker', false),
    ('enqueue_due', 'portolan_worker', false), ('enqueue_schedules', 'portolan_worker', false), ('maintain', 'portolan_worker', false),
    -- pages
    ('open_slice', 'portolan_worker', false), ('commit_page', 'portolan_worker', false), ('keep_exact', 'portolan_worker', false),
    ('json_problem', 'portolan_worker', true), ('record_errors', 'portolan_worker', false),
    ('spread_backfill', 'portolan_worker', false), ('open_chunk', 'portolan_worker', false), ('fail_chunk', 'portolan_worker', false),
    ('commit_chunk_page', 'portolan_worker', false),
    -- health, requests, limits, tokens
    ('enqueue_probes', 'portolan_worker', false), ('finish_probe', 'portolan_worker', false), ('take_alerts', 'portolan_worker', false),
    ('record_requests', 'portolan_worker', false), ('draw_quota', 'portolan_worker', false), ('block_bucket', 'portolan_worker', false),
    ('first_use', 'portolan_worker', false), ('note_first_use', 'portolan_worker', false), ('declare_resources', 'portolan_worker', false),
    ('read_tokens', 'portolan_worker', false), ('begin_refresh', 'portolan_worker', false), ('complete_refresh', 'portolan_worker', false),
    ('fail_refresh', 'portolan_worker', false), ('amend_tokens', 'portolan_worker', false), ('tokens_due', 'portolan_worker', false),
    -- both: programs react, people decide
    ('enqueue', 'portolan_worker portolan_operator', false), ('enqueue_many', 'portolan_worker portolan_operator', false),
    ('enqueue_sync', 'portolan_worker portolan_operator', false), ('close_gate', 'portolan_worker portolan_operator', false),
    ('open_gate', 'portolan_worker portolan_operator', false),
    -- people
    ('cancel', 'portolan_operator', false), ('cancel_many', 'portolan_operator', false), ('retry', 'portolan_operator', false),
    ('retry_where', 'portolan_operator', false), ('cancel_where', 'portolan_operator', false),
    ('pause', 'portolan_operator', false), ('resume', 'portolan_operator', false), ('schedule', 'portolan_operator', false),
    ('unschedule', 'portolan_operator', false), ('define_kind', 'portolan_operator', false), ('add_connection', 'portolan_operator', false),
    ('resume_connection', 'portolan_operator', false), ('set_credentials', 'portolan_worker portolan_operator', false),
    ('reset_tokens', 'portolan_operator', false), ('retry_tokens', 'portolan_operator', false),
    ('switch_connection', 'portolan_operator', false), ('set_cluster_state', 'portolan_operator', false),
    ('set_error_rule', 'portolan_operator', false), ('drop_error_rule', 'portolan_operator', false),
    ('enable_copy', 'portolan_operator', false), ('disable_copy', 'portolan_operator', false), ('rebuild_copy', 'portolan_operator', false),
    ('keep_copies', 'portolan_worker portolan_operator', false),
    ('backfill', 'portolan_operator', false), ('pause_backfill', 'portolan_operator', false), ('resume_backfill', 'portolan_operator', false),
    ('cancel_backfill', 'portolan_operator', false), ('retry_backfill', 'portolan_operator', false),
    ('pause_stream', 'portolan_operator', false), ('resume_stream', 'portolan_operator', false), ('pause_connection', 'portolan_operator', false),
    ('unpause_connection', 'portolan_operator', false), ('run_streams', 'portolan_operator', false), ('set_target', 'portolan_operator', false),
    ('pause_schedule', 'portolan_operator', false), ('resume_schedule', 'portolan_operator', false),
    -- looking
    ('why_waiting', 'portolan_worker portolan_console portolan_operator', true), ('job_story', 'portolan_worker portolan_console portolan_operator', true),
    ('next_slots', 'portolan_worker portolan_console portolan_operator', true), ('why_interval', 'portolan_worker portolan_console portolan_operator', false),
    ('runs', 'portolan_worker portolan_console portolan_operator', true), ('cron_next', 'portolan_worker portolan_console portolan_operator', true), ('cron_field', 'portolan_worker portolan_console portolan_operator', true),
    ('cron_minute', 'portolan_worker portolan_console portolan_operator', true),
    -- views call these with the rights of whoever reads them, and defaults with those of whoever writes
    ('span_seconds', 'portolan_worker portolan_console portolan_operator', true),
    ('now', 'public', true), ('band_rank', 'public', true)) f(name, roles, as_caller) $$;
comment on function portolan.function_rights is 'Which roles may call which function; functions that are not listed are called by others of ours only.';

-- What the roles may do with tables beyond reading them. Everybody reads every table and view of the schema, but for the columns that hold
-- merchants' secrets or their customers' data: those of type bytea that are no hash or fingerprint, and payloads. No column list: the whole table.
create or replace function portolan.table_rights() returns table (name text, role text, privilege text, columns text[]) language sql immutable as $$
  select t.name, t.role, t.privilege, string_to_array(t.columns, ' ') from (values
    -- Not where a connection's requests go: its credentials would go along.
    ('connections', 'portolan_operator', 'UPDATE', 'limits'),
    ('streams', 'portolan_operator', 'UPDATE', 'interval next_due_at cursor'), ('schedules', 'portolan_operator', 'UPDATE', 'next_at'),
    ('scheduler_pace', 'portolan_operator', 'UPDATE', 'factor least_per_s'),
    ('retention', 'portolan_operator', 'UPDATE', 'keep'), ('workers', 'portolan_operator', 'UPDATE', 'draining'),
    -- What may be vacuumed by others than its owner, from PostgreSQL 17 on.
    ('jobs', 'portolan_worker', 'MAINTAIN', null), ('lanes', 'portolan_worker', 'MAINTAIN', null), ('leases', 'portolan_worker', 'MAINTAIN', null),
    ('workers', 'portolan_worker', 'MAINTAIN', null)) t(name, role, privilege, columns) $$;
comment on function portolan.table_rights is 'What the roles may do with tables beyond reading them.';

-- What the roles may do with every object of our schemas, as one list: schema, relation, column or function, who, and what.
create or replace function portolan.wanted_rights(p_schemas text[]) returns table (class text, object oid, target text, columns text[], grantee text, privilege text)
language sql stable as $$
  with readers as (select unnest(string_to_array('portolan_worker portolan_console portolan_operator', ' ')) as role),
  relations as (
    select c.oid, n.nspname, c.relname, c.relkind,
           array_agg(a.attname::text order by a.attnum) filter (where (a.atttypid <> 'bytea'::regtype or a.attname ~ '(hash|fingerprint)$') and a.attname <> 'payload' and a.attname !~ '^sealed') as readable,
           array_agg(a.attname::text) filter (where a.atttypid = 'bytea'::regtype and a.attname ~ '^sealed') as sealed, array_agg(a.attname::text) as columns, count(*) as columns_count
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname = any (p_schemas || 'portolan'::text) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and pg_has_role(c.relowner, 'USAGE')
    group by 1, 2, 3, 4)
  select 'schema', n.oid, format('schema %I', n.nspname), null::text[], r.role, 'USAGE'
  from pg_namespace n cross join readers r
  where pg_has_role(n.nspowner, 'USAGE') and (n.nspname = 'portolan' or n.nspname = any (p_schemas) and (r.role <> 'portolan_worker' or n.nspname = 'ops'))
  union all
  select 'relation', c.oid, format('table %I.%I', c.nspname, c.relname), case when cardinality(c.readable) < c.columns_count then c.readable end, r.role, 'SELECT'
  from relations c cross join readers r
  where c.nspname = 'portolan' and c.readable is not null or c.nspname <> 'portolan' and (r.role <> 'portolan_worker' or c.nspname = 'ops')
  union all
  -- Rotation opens what is sealed and seals it anew.
  select 'relation', c.oid, format('table portolan.%I', c.relname), case p.privilege when 'UPDATE' then c.sealed || 'key_id'::text end, 'portolan_worker', p.privilege
  from relations c cross join (values ('SELECT'), ('UPDATE')) p(privilege)
  where c.nspname = 'portolan' and c.relkind in ('r', 'p') and c.sealed is not null and c.columns @> '{connection_id,key_id}'
  union all
  -- Columns of a later migration may not be there yet.
  select 'relation', c.oid, format('table portolan.%I', c.relname),
         case when t.columns is not null then array(select u from unnest(t.columns) u where u = any (c.columns)) end, t.role, t.privilege
  from portolan.table_rights() t join relations c on c.nspname = 'portolan' and c.relname = t.name
  where t.privilege <> 'MAINTAIN' or current_setting('server_version_num')::integer >= 170000
  union all
  select 'function', p.oid, 'routine ' || p.oid::regprocedure, null, x, 'EXECUTE'
  from portolan.function_rights() f cross join unnest(f.roles) x join pg_proc p on p.proname = f.name and p.pronamespace = 'portolan'::regnamespace
  where pg_has_role(p.proowner, 'USAGE') $$;
comment on function portolan.wanted_rights is 'What each role may do with each object of our schemas.';

-- What they may do as it is, in the same form; of the rights of others, what everybody has.
create or replace function portolan.given_rights(p_schemas text[]) returns table (class text, object oid, target text, columns text[], grantee text, privilege text)
language sql stable as $$
  with given as (
    select 'schema' as class, n.oid, format('schema %I', n.nspname) as target, null::text as column, n.nspacl as acl
    from pg_namespace n where n.nspname = any (p_schemas || 'portolan'::text) and pg_has_role(n.nspowner, 'USAGE')
    union all
    select 'relation', c.oid, format('table %I.%I', n.nspname, c.relname), null, c.relacl
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any (p_schemas || 'portolan'::text) and c.relkind in ('r', 'p', 'v', 'm') and pg_has_role(c.relowner, 'USAGE')
    union all
    select 'relation', c.oid, format('table %I.%I', n.nspname, c.relname), a.attname, a.attacl
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attacl is not null
    where n.nspname = any (p_schemas || 'portolan'::text) and c.relkind in ('r', 'p', 'v', 'm') and pg_has_role(c.relowner, 'USAGE')
    union all
    -- The helpers of the views are anybody's: they read nothing.
    select 'function', p.oid, 'routine ' || p.oid::regprocedure, null, coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_proc p where p.pronamespace = 'portolan'::regnamespace and pg_has_role(p.proowner, 'USAGE'))
  select g.class, g.oid, g.target, array_agg(g.column order by g.column) filter (where g.column is not null), coalesce(r.rolname::text, 'public'), a.privilege_type
  from given g cross join lateral aclexplode(g.acl) a left join pg_roles r on r.oid = a.grantee
  where a.grantee = 0 or r.rolname in ('portolan_worker', 'portolan_console', 'portolan_operator')
  group by g.class, g.oid, g.target, g.column is null, 5, 6 $$;
comment on function portolan.given_rights is 'What each role, and everybody, may do with each object of our schemas as it is.';

-- Makes owners and rights what they are to be, touching only what is not so yet. Without the roles it does nothing: then one user owns and does
-- all. Answers how many changes that took.
create or replace function portolan.apply_grants(p_platforms text[] default '{}') returns integer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare v_done integer := 0; v_schemas text[]; v_ours oid[]; v_sql text; v_turn integer;
begin
  if (select count(*) from pg_roles where rolname in ('portolan_migrator', 'portolan_worker', 'portolan_console', 'portolan_operator')) < 4 then return 0; end if;
  -- Platforms' schemas: those we are told of, and those that were granted before.
  select array_agg(n.nspname::text), array_agg(n.oid) into v_schemas, v_ours from pg_namespace n
  where n.nspname in ('unified', 'store', 'ops') or n.nspname = any (p_platforms)
    or n.nspname <> 'portolan' and exists (select from aclexplode(n.nspacl) a where a.grantee = 'portolan_console'::regrole and a.privilege_type = 'USAGE');
  v_ours := v_ours || 'portolan'::regnamespace::oid;

  -- 1. The owner: of what the migrating user made, and of what the schema's owner did. What others own (somebody's views beside ours) stays theirs.
  if pg_has_role(current_user, 'portolan_migrator', 'MEMBER') then
    for v_sql in
      select format('grant create on database %I to portolan_migrator', d.datname) from pg_database d
      where d.datname = current_database() and pg_has_role(d.datdba, 'USAGE') and not has_database_privilege('portolan_migrator', d.oid, 'CREATE')
      union all
      select format('alter schema %I owner to portolan_migrator', n.nspname) from pg_namespace n
      where n.oid = any (v_ours) and n.nspowner <> 'portolan_migrator'::regrole and pg_has_role(n.nspowner, 'USAGE')
      union all
      select format('alter %s %s owner to portolan_migrator', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, c.oid::regclass)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.oid = any (v_ours) and c.relkind in ('r', 'p', 'v', 'm') and c.relowner <> 'portolan_migrator'::regrole
        and c.relowner in (current_user::regrole, n.nspowner) and pg_has_role(c.relowner, 'USAGE')
      union all
      select format('alter routine %s owner to portolan_migrator', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.oid = any (v_ours) and p.proowner <> 'portolan_migrator'::regrole
        and p.proowner in (current_user::regrole, n.nspowner) and pg_has_role(p.proowner, 'USAGE')
    loop
      execute v_sql;
      v_done := v_done + 1;
    end loop;
  end if;

  -- 2. Functions that run with their owner's rights, whatever schemas their caller has made names in.
  for v_sql in
    select format('alter routine %s security definer set search_path = pg_catalog, pg_temp', p.oid::regprocedure)
    from portolan.function_rights() f join pg_proc p on p.proname = f.name and p.pronamespace = 'portolan'::regnamespace
    where not f.as_caller and not p.prosecdef and pg_has_role(p.proowner, 'USAGE')
    union all
    select format('alter routine %s security invoker', p.oid::regprocedure) from pg_proc p
    where p.pronamespace = 'portolan'::regnamespace and p.prosecdef and pg_has_role(p.proowner, 'USAGE')
      and not exists (select from portolan.function_rights() f where f.name = p.proname and not f.as_caller)
  loop
    execute v_sql;
    v_done := v_done + 1;
  end loop;

  -- 3. Rights: what is too much goes, what is missing comes. Once more if need be: taking a right to a table takes those to its columns along.
  for i in 1..3 loop
    v_turn := 0;
    for v_sql in
      with wanted as (select w.class, w.object, w.target, w.grantee, w.privilege, c.name from portolan.wanted_rights(v_schemas) w left join lateral unnest(w.columns) c(name) on true
                      where w.columns is null or c.name is not null),
      given as (select g.class, g.object, g.target, g.grantee, g.privilege, c.name from portolan.given_rights(v_schemas) g left join lateral unnest(g.columns) c(name) on true),
      surplus as (select * from given except select * from wanted),
      missing as (select * from wanted except select * from given),
      statements as (
        select 0 as turn, format('revoke %s%s on %s from %s', s.privilege, ' (' || string_agg(quote_ident(s.name), ', ' order by s.name) || ')', s.target, s.grantee) as sql
        from surplus s group by s.target, s.grantee, s.privilege, s.name is null
        union all
        select 1, format('grant %s%s on %s to %s', m.privilege, ' (' || string_agg(quote_ident(m.name), ', ' order by m.name) || ')', m.target, m.grantee)
        from missing m group by m.target, m.grantee, m.privilege, m.name is null)
      select s.sql from statements s order by s.turn, s.sql
    loop
      execute v_sql;
      v_turn := v_turn + 1;
    end loop;
    exit when v_turn = 0;
    v_done := v_done + v_turn;
  end loop;
  return v_done;
end $$;
comment on function portolan.apply_grants is 'Makes owners and rights what they are to be; without the roles nothing. Migrate calls it. Answers how many changes that took.';

-- In the transaction that made the functions anew: there is no moment at which a worker may not call them.
select portolan.apply_grants();
