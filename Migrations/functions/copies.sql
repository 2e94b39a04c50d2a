-- Typed copies of unified views: store.<entity>, filled from the platforms' views and from nothing else.
--
-- Triggers on the raw records note what changes, in the transaction that changes it. A keeper takes what was noted and makes the rows anew that
-- the views show for it. One keeper at a time has a connection in hand, so what it reads is never older than what another wrote. Changes of
-- what is copied (switching on and off, new texts of views) exclude all keepers.

-- Excludes keepers while what they work by changes. The number is that of the program's migrations plus one.
create or replace function portolan.hold_copies() returns void language sql as $$ select pg_advisory_xact_lock(7067846579117011) $$;
comment on function portolan.hold_copies is 'Waits until no keeper of copies is at work, and lets none begin before the transaction ends.';

-- Noted whatever the resource is, and whether or not a copy follows it: the keeper knows, and what it asks may change while a writer is under way.
create or replace function portolan.note_copy_changes() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    update portolan.copy_connections k set is_stale = true where not k.is_stale;
  else
    insert into portolan.copy_changes (connection_id, platform, resource, roots)
    select c.connection_id, c.platform, c.resource, array_agg(distinct split_part(c.external_id, '/', 1)) from changed c group by 1, 2, 3;
  end if;
  return null;
end $$;
comment on function portolan.note_copy_changes is 'Notes which raw records a statement wrote, for the copies.';

-- What stands between select and from, so that a view's rows have the columns of its entity in their order, as its branch of the union has them.
create or replace function portolan.copy_columns(p_entity text, p_view text) returns text language sql stable as $$
  select string_agg(case when v.attname is null then format('null::%s', format_type(u.atttypid, u.atttypmod)) else quote_ident(u.attname) end, ', ' order by u.attnum)
  from pg_attribute u
  left join pg_attribute v on v.attrelid = to_regclass(p_view) and v.attname = u.attname and v.attnum > 0 and not v.attisdropped
  where u.attrelid = to_regclass('unified.' || quote_ident(p_entity)) and u.attnum > 0 and not u.attisdropped $$;
comment on function portolan.copy_columns is 'The select list that gives a platform''s view the columns of its unified entity.';

-- The table of a copy, empty. Derived data: whatever was there before goes.
create or replace function portolan.make_copy(p_entity text) returns void language plpgsql as $$
declare v_column record;
begin
  execute format('drop table if exists store.%I', p_entity);
  execute format('create table store.%I as select u.*, null::integer as copy_source, null::integer as copy_version from unified.%I u limit 0', p_entity, p_entity);
  execute format('alter table store.%I alter connection_id set not null, alter copy_source set not null, alter copy_version set not null,
                  set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)', p_entity);
  -- No unique index: a copy holds what the view shows, also where a platform gives one identifier twice.
  for v_column in
    select f.name from (
      select distinct e.value as name from portolan.copy_sources s, jsonb_each_text(s.follows) e where s.entity = p_entity
      union select 'platform_id' union select 'platform_updated_at') f
    where exists (select from pg_attribute a where a.attrelid = format('store.%I', p_entity)::regclass and a.attname = f.name)
    order by 1
  loop
    execute format('create index on store.%I (connection_id, %I)', p_entity, v_column.name);
  end loop;
  execute format('comment on table store.%I is %L', p_entity, 'Typed copy of unified.' || p_entity || '; how fresh it is: store.state.');
  for v_column in
    select a.attname as name, col_description(a.attrelid, a.attnum) as meaning from pg_attribute a
    where a.attrelid = format('unified.%I', p_entity)::regclass and a.attnum > 0 and col_description(a.attrelid, a.attnum) is not null
  loop
    execute format('comment on column store.%I.%I is %L', p_entity, v_column.name, v_column.meaning);
  end loop;
  execute format('comment on column store.%I.copy_source is %L', p_entity, 'The view the row came from: portolan.copy_sources.');
  execute format('comment on column store.%I.copy_version is %L', p_entity, 'Version of that view''s text that made the row.');
end $$;
comment on function portolan.make_copy is 'Makes the empty table of a copy, with the columns its unified view has now.';

-- Every connection that has records of the sources' platforms is to be made anew.
create or replace function portolan.seed_copies(p_sources integer[]) returns integer language plpgsql as $$
declare v_seeded integer;
begin
  with recursive c(id) as (
    select min(r.connection_id) from portolan.raw_records r
    union all
    select (select min(r.connection_id) from portolan.raw_records r where r.connection_id > c.id) from c where c.id is not null)
  insert into portolan.copy_connections as k (source_id, connection_id)
  select s.source_id, c.id from c cross join portolan.copy_sources s
  where s.source_id = any (p_sources) and c.id is not null
    and exists (select from portolan.raw_records r where r.connection_id = c.id and r.platform = s.platform)
  on conflict (source_id, connection_id) do update set is_stale = true, failures = 0, next_at = null, error = null;
  get diagnostics v_seeded = row_count;
  return v_seeded;
end $$;
comment on function portolan.seed_copies is 'Marks the copies of these views to be made anew, for every connection that has records. Answers how many connections.';

-- Called by migrate, in the transaction that makes the views, with all of them: what is another text now is made anew, what is gone goes.
create or replace function portolan.note_sources(p_entity text[], p_view text[], p_platform text[], p_follows jsonb[], p_checksum text[]) returns integer language plpgsql as $$
declare v_changed integer[]; v_source record; v_entity text;
begin
  if not exists (
      select from unnest(p_entity, p_view, p_platform, p_follows, p_checksum) u(entity, view_name, platform, follows, checksum)
      full join portolan.copy_sources s using (entity, view_name)
      where s.source_id is null or u.checksum is null or s.checksum <> u.checksum or s.follows <> u.follows) then
    return 0;
  end if;
  perform portolan.hold_copies();
  for v_source in select s.source_id, s.entity, e.entity is not null as is_copied from portolan.copy_sources s left join portolan.copies e using (entity)
                  where not exists (select from unnest(p_entity, p_view) u(entity, view_name) where (u.entity, u.view_name) = (s.entity, s.view_name)) loop
    if v_source.is_copied then execute format('delete from store.%I where copy_source = $1', v_source.entity) using v_source.source_id; end if;
    delete from portolan.copy_sources s where s.source_id = v_source.source_id;
  end loop;
  with done as (
    insert into portolan.copy_sources as s (entity, view_name, platform, follows, checksum)
    select u.entity, u.view_name, u.platform, u.follows, u.checksum from unnest(p_entity, p_view, p_platform, p_follows, p_checksum) u(entity, view_name, platform, follows, checksum)
    on conflict (entity, view_name) do update set platform = excluded.platform, follows = excluded.follows, checksum = excluded.checksum,
      version = s.version + 1, changed_at = portolan.now()
    where s.checksum <> excluded.checksum or s.follows <> excluded.follows
    returning s.source_id)
  select coalesce(array_agg(d.source_id), '{}') into v_changed from done d;
  -- Another shape: another table, and all of it made anew.
  for v_entity in
    select e.entity from portolan.copies e
    where (select array_agg(row(a.attname, a.atttypid)::text order by a.attnum) from pg_attribute a
           where a.attrelid = to_regclass(format('store.%I', e.entity)) and a.attnum > 0 and not a.attisdropped and a.attname not in ('copy_source', 'copy_version'))
      is distinct from
          (select array_agg(row(a.attname, a.atttypid)::text order by a.attnum) from pg_attribute a
           where a.attrelid = to_regclass(format('unified.%I', e.entity)) and a.attnum > 0 and not a.attisdropped)
  loop
    perform portolan.make_copy(v_entity);
    update portolan.copies e set remade_at = portolan.now() where e.entity = v_entity;
    v_changed := v_changed || array(select s.source_id from portolan.copy_sources s where s.entity = v_entity);
  end loop;
  perform portolan.seed_copies(array(select s.source_id from portolan.copy_sources s join portolan.copies e using (entity) where s.source_id = any (v_changed)));
  return cardinality(v_changed);
end $$;
comment on function portolan.note_sources is 'Tells the copies which views feed which entity and what they are made from now. Answers how many are new or have changed.';

create or replace function portolan.enable_copy(p_entity text) returns integer language plpgsql as $$
declare v_seeded integer; v_made boolean;
begin
  if not exists (select from portolan.copy_sources s where s.entity = p_entity) then
    raise exception 'entity: there is no %, or no platform feeds it', quote_nullable(p_entity) using errcode = 'invalid_parameter_value', hint = 'select distinct entity from portolan.copy_sources';
  end if;
  perform portolan.hold_copies();
  insert into portolan.copies (entity) values (p_entity) on conflict do nothing;
  get diagnostics v_seeded = row_count;
  if v_seeded = 0 then return 0; end if;
  perform portolan.make_copy(p_entity);
  -- Waits for the writers that are under way, who note nothing, and lets no new one begin: what is noted from here on and what the first
  -- filling sees leave nothing out between them.
  if not exists (select from pg_trigger t where t.tgrelid = 'portolan.raw_records'::regclass and t.tgname = 'copies_insert') then
    lock table portolan.raw_records in share row exclusive mode;
    create trigger copies_insert after insert on portolan.raw_records referencing new table as changed for each statement execute function portolan.note_copy_changes();
    create trigger copies_update after update on portolan.raw_records referencing new table as changed for each statement execute function portolan.note_copy_changes();
    create trigger copies_delete after delete on portolan.raw_records referencing old table as changed for each statement execute function portolan.note_copy_changes();
    create trigger copies_truncate after truncate on portolan.raw_records for each statement execute function portolan.note_copy_changes();
  end if;
  v_seeded := portolan.seed_copies(array(select s.source_id from portolan.copy_sources s where s.entity = p_entity));
  perform portolan.apply_grants();
  return v_seeded;
end $$;
comment on function portolan.enable_copy is 'Switches the copy of an entity on; maintenance fills it. Answers how many connections there are to do, 0 when it was on.';

create or replace function portolan.disable_copy(p_entity text) returns boolean language plpgsql as $$
begin
  perform portolan.hold_copies();
  delete from portolan.copies e where e.entity = p_entity;
  if not found then return false; end if;
  execute format('drop table if exists store.%I', p_entity);
  delete from portolan.copy_connections k using portolan.copy_sources s where s.entity = p_entity and k.source_id = s.source_id;
  if not exists (select from portolan.copies) then
    drop trigger if exists copies_insert on portolan.raw_records;
    drop trigger if exists copies_update on portolan.raw_records;
    drop trigger if exists copies_delete on portolan.raw_records;
    drop trigger if exists copies_truncate on portolan.raw_records;
    delete from portolan.copy_changes;
  end if;
  return true;
end $$;
comment on function portolan.disable_copy is 'Switches the copy of an entity off and drops it. False when it was not on.';

-- Everything is at hand: no platform is asked.
create or replace function portolan.rebuild_copy(p_entity text, p_connection bigint default null) returns integer language plpgsql as $$
declare v_marked integer;
begin
  if not exists (select from portolan.copies e where e.entity = p_entity) then
    raise exception 'entity: there is no copy of %', quote_nullable(p_entity) using errcode = 'invalid_parameter_value', hint = 'select portolan.enable_copy(entity)';
  end if;
  perform portolan.hold_copies();
  if p_connection is null then
    return portolan.seed_copies(array(select s.source_id from portolan.copy_sources s where s.entity = p_entity));
  end if;
  update portolan.copy_connections k set is_stale = true, failures = 0, next_at = null, error = null
  from portolan.copy_sources s where s.entity = p_entity and k.source_id = s.source_id and k.connection_id = p_connection;
  get diagnostics v_marked = row_count;
  return v_marked;
end $$;
comment on function portolan.rebuild_copy is 'Marks a copy to be made anew from the raw records, of all connections or one. Answers how many view and connection pairs that are.';

-- Brings one view's rows of one connection into the copy: all of them, or those that p_column finds.
create or replace function portolan.copy_rows(p_source portolan.copy_sources, p_connection bigint, p_column text default null, p_roots text[] default null) returns bigint language plpgsql as $$
declare v_rows bigint; v_view text := (p_source.view_name::regclass)::text; v_list text := portolan.copy_columns(p_source.entity, p_source.view_name);
begin
  -- By a column that the view has and the copy has not, its old rows cannot be found.
  if p_column is null or not exists (select from pg_attribute a where a.attrelid = format('store.%I', p_source.entity)::regclass and a.attname = p_column) then
    execute format('delete from store.%I where connection_id = $1 and copy_source = $2', p_source.entity) using p_connection, p_source.source_id;
    execute format('insert into store.%I select %s, $2, $3 from %s where connection_id = $1', p_source.entity, v_list, v_view)
      using p_connection, p_source.source_id, p_source.version;
  else
    execute format('delete from store.%I where connection_id = $1 and copy_source = $2 and %I collate "C" = any ($3)', p_source.entity, p_column)
      using p_connection, p_source.source_id, p_roots;
    execute format('insert into store.%I select %s, $2, $3 from %s where connection_id = $1 and %I collate "C" = any ($4)', p_source.entity, v_list, v_view, p_column)
      using p_connection, p_source.source_id, p_source.version, p_roots;
  end if;
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;
comment on function portolan.copy_rows is 'Makes rows of a copy anew from a view, as a set: what the view no longer shows goes. Answers how many there are now.';

-- One connection: what was noted, and what is to be made anew. Whoever calls it has the connection to itself. First it takes the notes, then it
-- looks at the records, so that it sees what was noted; what is committed later is noted still.
create or replace function portolan.keep_connection(p_connection bigint) returns bigint language plpgsql as $$
declare v_platform text[]; v_resource text[]; v_root text[]; v_source portolan.copy_sources; v_state portolan.copy_connections; v_column text; v_roots text[];
        v_rows bigint := 0; v_all bigint; v_start timestamptz; v_error text; v_due boolean;
begin
  with taken as (
    delete from portolan.copy_changes c where c.change_id = any (array(
      select x.change_id from portolan.copy_changes x where x.connection_id = p_connection order by x.change_id limit 500))
    returning c.platform, c.resource, c.roots)
  select array_agg(t.platform), array_agg(t.resource), array_agg(r.root) into v_platform, v_resource, v_root from taken t, unnest(t.roots) r(root);
  for v_source in
    select s.* from portolan.copies e join portolan.copy_sources s using (entity)
    where s.platform = any (v_platform) or exists (select from portolan.copy_connections k where k.source_id = s.source_id and k.connection_id = p_connection and k.is_stale)
    order by s.source_id
  loop
    select k.* into v_state from portolan.copy_connections k where k.source_id = v_source.source_id and k.connection_id = p_connection;
    v_due := exists (select from unnest(v_platform, v_resource) u(platform, resource) where u.platform = v_source.platform and v_source.follows ? u.resource);
    continue when v_state.source_id is null and not v_due or v_state.is_stale and v_state.next_at > portolan.now();
    v_start := clock_timestamp();
    begin
      if v_state.source_id is null or v_state.is_stale then
        v_all := portolan.copy_rows(v_source, p_connection);
        insert into portolan.copy_connections as k (source_id, connection_id, version, is_stale, rows_count, built_at, took)
        values (v_source.source_id, p_connection, v_source.version, false, v_all, portolan.now(), clock_timestamp() - v_start)
        on conflict (source_id, connection_id) do update set version = excluded.version, is_stale = false, rows_count = excluded.rows_count,
          built_at = excluded.built_at, took = excluded.took, failures = 0, next_at = null, error = null;
        v_rows := v_rows + v_all;
      elsif v_due then
        for v_column, v_roots in
          select v_source.follows ->> u.resource, array_agg(distinct u.root) from unnest(v_platform, v_resource, v_root) u(platform, resource, root)
          where u.platform = v_source.platform and v_source.follows ? u.resource group by 1 order by 1
        loop
          v_rows := v_rows + portolan.copy_rows(v_source, p_connection, v_column, v_roots);
        end loop;
      end if;
    exception when others then
      -- What was taken is not lost: all of the connection is made anew, later.
      v_error := sqlstate || ' ' || sqlerrm;
      insert into portolan.copy_connections as k (source_id, connection_id, failures, next_at, error)
      values (v_source.source_id, p_connection, 1, portolan.now() + interval '10 s', v_error)
      on conflict (source_id, connection_id) do update set is_stale = true, failures = k.failures + 1, error = excluded.error,
        next_at = portolan.now() + least(interval '10 s' * 2 ^ least(k.failures, 20), interval '1 hour');
    end;
  end loop;
  return v_rows;
end $$;
comment on function portolan.keep_connection is 'Brings the copies of one connection up to what is noted, and makes anew what is stale. Answers how many rows that wrote.';

-- A turn of a keeper. Half of its time goes to what was noted, oldest first; the rest to what is to be made anew, in no order, so that a
-- connection that cannot be done holds up no other. Any number of keepers may be at it.
create or replace function portolan.keep_copies(p_budget interval default '2 s') returns table (connections integer, rows_written bigint, has_more boolean) language plpgsql as $$
declare v_start timestamptz := clock_timestamp(); v_connection bigint; v_done integer;
begin
  connections := 0; rows_written := 0; has_more := false;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'copies are kept in READ COMMITTED only: a snapshot from before would be copied as if it were now' using errcode = 'invalid_transaction_state';
  end if;
  if not exists (select from portolan.copies) then return next; return; end if;
  if not pg_try_advisory_xact_lock_shared(7067846579117011) then return next; return; end if;
  loop
    v_done := 0;
    for v_connection in
      select x.connection_id from (select c.connection_id, c.change_id from portolan.copy_changes c order by c.change_id limit 1000) x group by 1 order by min(x.change_id)
    loop
      exit when clock_timestamp() > v_start + p_budget / 2 and connections > 0;
      continue when not pg_try_advisory_xact_lock(hashtextextended('portolan copies ' || v_connection, 0));
      rows_written := rows_written + portolan.keep_connection(v_connection);
      connections := connections + 1; v_done := v_done + 1;
    end loop;
    for v_connection in
      select x.connection_id from (
        select distinct k.connection_id from portolan.copy_connections k join portolan.copy_sources s using (source_id) join portolan.copies e using (entity)
        where k.is_stale and (k.next_at is null or k.next_at <= portolan.now())) x order by random() limit 1000
    loop
      exit when clock_timestamp() > v_start + p_budget and connections > 0;
      continue when not pg_try_advisory_xact_lock(hashtextextended('portolan copies ' || v_connection, 0));
      rows_written := rows_written + portolan.keep_connection(v_connection);
      connections := connections + 1; v_done := v_done + 1;
    end loop;
    exit when v_done = 0 or clock_timestamp() > v_start + p_budget / 2;
  end loop;
  has_more := exists (select from portolan.copy_changes)
    or exists (select from portolan.copy_connections k where k.is_stale and (k.next_at is null or k.next_at <= portolan.now()));
  return next;
end $$;
comment on function portolan.keep_copies is 'Brings copies up to date for about as long as it is given. Maintenance calls it. Answers how many connections it saw to, rows it wrote, and whether there is more to do.';

create or replace view store.state as
  select s.entity, s.platform, k.stale_count = 0 as is_whole, coalesce(least(n.noted_at, k.failing_since), portolan.now()) as as_of, n.changes_count,
         k.connections_count, k.stale_count, k.failing_count, s.version, s.changed_at as version_since
  from (select s.entity, s.platform, max(s.version) as version, max(s.changed_at) as changed_at from portolan.copies e join portolan.copy_sources s using (entity) group by 1, 2) s
  cross join lateral (
    select count(distinct k.connection_id) as connections_count, count(distinct k.connection_id) filter (where k.is_stale) as stale_count,
           count(distinct k.connection_id) filter (where k.failures > 0) as failing_count, min(k.built_at) filter (where k.failures > 0) as failing_since
    from portolan.copy_sources x join portolan.copy_connections k using (source_id) where x.entity = s.entity and x.platform = s.platform) k
  cross join lateral (
    select count(*) as changes_count, min(c.noted_at) as noted_at from portolan.copy_changes c
    where c.platform = s.platform and exists (select from portolan.copy_sources x where x.entity = s.entity and x.platform = s.platform and x.follows ? c.resource)) n;
comment on view store.state is 'How far each copy is, by platform. While it is not whole, some connections'' rows are missing or made by an older view.';
comment on column store.state.entity is 'The copy is store.<entity>.';
comment on column store.state.platform is 'Key of the platform.';
comment on column store.state.is_whole is 'Every connection''s rows are there, made by the present view.';
comment on column store.state.as_of is 'Whatever was stored before this is in the copy, for connections that are not stale.';
comment on column store.state.changes_count is 'Pages that were stored and are not in the copy yet.';
comment on column store.state.connections_count is 'Connections that have records.';
comment on column store.state.stale_count is 'Of them, those whose rows are to be made anew.';
comment on column store.state.failing_count is 'Of them, those where that failed: portolan.copy_connections says why.';
comment on column store.state.version is 'Version of the view''s text; rows carry theirs in copy_version.';
comment on column store.state.version_since is 'Since when.';

create or replace view store.readers as
  select s.entity, case when x.is_whole then 'store.' else 'unified.' end || s.entity as relation, e.entity is not null as is_enabled, coalesce(x.is_whole, false) as is_whole,
         case when x.is_whole then x.as_of else portolan.now() end as as_of
  from (select distinct s.entity from portolan.copy_sources s) s left join portolan.copies e using (entity)
  left join lateral (select bool_and(t.is_whole) as is_whole, min(t.as_of) as as_of from store.state t where t.entity = s.entity) x on true;
comment on view store.readers is 'What to read for sums over many connections: the copy where there is one and it is whole, else the view, which is always right and slower.';
comment on column store.readers.entity is 'The unified entity.';
comment on column store.readers.relation is 'The name to read from.';
comment on column store.readers.is_enabled is 'A copy of it is kept.';
comment on column store.readers.is_whole is 'The copy has all connections'' rows, made by the present views.';
comment on column store.readers.as_of is 'Whatever was stored before this is in the relation.';

-- A connection's rows are found by index, whatever the statistics say; they are few or all.
alter function portolan.copy_rows set enable_seqscan = off;
alter function portolan.copy_rows set jit = off;
alter function portolan.keep_connection set enable_seqscan = off;
-- Behind a long writer there is no waiting with everybody else queued up behind.
alter function portolan.enable_copy set lock_timeout = '10s';
alter function portolan.disable_copy set lock_timeout = '10s';
