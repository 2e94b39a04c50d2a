-- Why: typed copies of unified views, for sums over the whole fleet: a view row costs 5 to 11 us, a typed row 0.5. What there is to copy,
--      what is switched on, how far each connection is, and what changed since.
-- Locks: none on existing tables; everything here is new. The triggers that note changes are made by portolan.enable_copy, not here.
-- Breaking: no.

create schema if not exists store;
comment on schema store is 'Typed copies of unified views, where they are switched on. Derived data: may be dropped and made again from the raw records.';

create table portolan.copy_sources (
  source_id  integer generated always as identity primary key,
  entity     text collate "C" not null,
  view_name  text collate "C" not null,
  platform   text collate "C" not null,
  follows    jsonb not null check (jsonb_typeof(follows) = 'object'),
  checksum   text not null,
  version    integer not null default 1,
  changed_at timestamptz not null default portolan.now(),
  unique (entity, view_name)
);
comment on table portolan.copy_sources is 'The platforms'' views that feed each unified entity, as migrate found them.';
comment on column portolan.copy_sources.source_id is 'Stands in every row of a copy that came from this view.';
comment on column portolan.copy_sources.entity is 'The unified entity, e.g. commerce_orders.';
comment on column portolan.copy_sources.view_name is 'The platform''s view, with its schema.';
comment on column portolan.copy_sources.platform is 'Key of the platform.';
comment on column portolan.copy_sources.follows is 'Resource to column: when raw records of the resource change, which column of the view finds the rows that may have changed, by the record''s id up to the first slash.';
comment on column portolan.copy_sources.checksum is 'SHA-256 of the texts the view is made from: view, functions, contract.';
comment on column portolan.copy_sources.version is 'Counts the texts: one more whenever the checksum is another. Rows of an older version are made anew.';
comment on column portolan.copy_sources.changed_at is 'When the text last changed.';

create table portolan.copies (
  entity     text collate "C" primary key,
  enabled_at timestamptz not null default portolan.now(),
  enabled_by text not null default session_user,
  remade_at  timestamptz not null default portolan.now()
);
comment on table portolan.copies is 'The entities of which a typed copy is kept in schema store.';
comment on column portolan.copies.entity is 'The unified entity; its copy is store.<entity>.';
comment on column portolan.copies.enabled_at is 'When it was switched on.';
comment on column portolan.copies.enabled_by is 'Who did.';
comment on column portolan.copies.remade_at is 'When its table was last made: when it was switched on, or when its contract changed.';

create table portolan.copy_connections (
  source_id     integer not null references portolan.copy_sources on delete cascade,
  connection_id bigint not null,
  version       integer,
  is_stale      boolean not null default true,
  rows_count    bigint,
  built_at      timestamptz,
  took          interval,
  failures      integer not null default 0,
  next_at       timestamptz,
  error         text,
  primary key (source_id, connection_id)
);
create index copy_connections_stale on portolan.copy_connections (connection_id) where is_stale;
comment on table portolan.copy_connections is 'How far the copy of one view is for one connection. Written in the transaction that writes the copy''s rows.';
comment on column portolan.copy_connections.source_id is 'Which view.';
comment on column portolan.copy_connections.connection_id is 'Whose rows.';
comment on column portolan.copy_connections.version is 'Version of the view its rows were made by; NULL: none are made yet.';
comment on column portolan.copy_connections.is_stale is 'They are to be made anew, all of them.';
comment on column portolan.copy_connections.rows_count is 'How many there were when they were last made anew.';
comment on column portolan.copy_connections.built_at is 'When that was.';
comment on column portolan.copy_connections.took is 'How long that took.';
comment on column portolan.copy_connections.failures is 'Attempts that failed in a row.';
comment on column portolan.copy_connections.next_at is 'Not before; NULL: at once.';
comment on column portolan.copy_connections.error is 'What went wrong; NULL when nothing did.';

create table portolan.copy_changes (
  change_id     bigint generated always as identity primary key,
  connection_id bigint not null,
  platform      text collate "C" not null,
  resource      text collate "C" not null,
  roots         text[] compression lz4 collate "C" not null,
  noted_at      timestamptz not null default portolan.now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000);
create index copy_changes_by_connection on portolan.copy_changes (connection_id, change_id);
comment on table portolan.copy_changes is 'Raw records that changed and are not in the copies yet. Noted by triggers, in the transaction that changed them, so none is ever missed.';
comment on column portolan.copy_changes.change_id is 'In the order in which they were noted, which is not that in which they were committed.';
comment on column portolan.copy_changes.connection_id is 'Whose records.';
comment on column portolan.copy_changes.platform is 'Its platform.';
comment on column portolan.copy_changes.resource is 'Which resource.';
comment on column portolan.copy_changes.roots is 'The records'' ids up to the first slash: a page of a list inside a record changes the record''s rows.';
comment on column portolan.copy_changes.noted_at is 'When the transaction began that changed them.';

insert into portolan.maintenance (task, interval) values ('copies', '1 s');

-- A plan of unions over many views is long: compiling it made a sum of 0.2 s take 1 s. Whoever migrates without owning the database is told.
do $$ begin
  execute format('alter database %I set jit = off', current_database());
exception when insufficient_privilege then
  raise notice 'views are faster without JIT; the database''s owner can say: alter database % set jit = off', quote_ident(current_database());
end $$;
