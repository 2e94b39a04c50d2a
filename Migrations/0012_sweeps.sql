-- Why: streams that are read from documents are a kind of their own; deletions on platforms that do not tell of them are found by walks over
--      all there is; windows that were read are proven. Functions whose form has changed go: the new ones are among the functions.
-- Locks: ACCESS EXCLUSIVE on streams for a moment (a column with a constant default rewrites nothing), and on raw_records, where it is smaller
--      than a gigabyte, for as long as its primary key takes to build: some seconds.
-- Breaking: commit_page, add_connection and record_errors. Workers of an older version cannot commit after this: drain them first.

drop function portolan.record_errors(bigint, text, bigint, uuid, jsonb[]);
drop function portolan.commit_page(bigint, uuid, bigint, bigint, text, text, text, text[], text[], timestamptz[], timestamptz[], timestamptz[], bytea[], text[],
  boolean[], text[], text[], timestamptz[], text[], jsonb[], jsonb, boolean, timestamptz, jsonb);
drop function portolan.add_connection(text, text, text, jsonb, text[], text[], interval[]);

alter table portolan.streams add kind text not null default 'sync' check (kind in ('sync', 'report'));
comment on column portolan.streams.kind is 'Which kind of job reads it: page by page, or from documents that are requested, waited for and downloaded.';

create table portolan.sweeps (
  connection_id bigint not null references portolan.connections on delete cascade,
  resource      text collate "C" not null,
  started_at    timestamptz not null,
  stream        text not null,
  job_id        bigint not null,
  pages_count   integer not null default 0,
  seen_count    bigint not null default 0,
  completed_at  timestamptz,
  deleted_count integer,
  primary key (connection_id, resource)
);
comment on table portolan.sweeps is 'The last walk over all there is of a resource. Only one that was completed finds deletions.';
comment on column portolan.sweeps.connection_id is 'The connection.';
comment on column portolan.sweeps.resource is 'The raw resource that is listed.';
comment on column portolan.sweeps.started_at is 'When it began: which sweep it is.';
comment on column portolan.sweeps.stream is 'The stream that walks.';
comment on column portolan.sweeps.job_id is 'The job of its last page.';
comment on column portolan.sweeps.pages_count is 'Pages so far.';
comment on column portolan.sweeps.seen_count is 'Identifiers seen so far; one that a shifting list showed twice is counted twice.';
comment on column portolan.sweeps.completed_at is 'When it had seen everything; NULL: under way, or given up.';
comment on column portolan.sweeps.deleted_count is 'How many stored records it found to be gone.';

create table portolan.sweep_seen (
  connection_id bigint not null,
  resource      text collate "C" not null,
  page          integer not null,
  ids           text[] compression lz4 collate "C" not null,
  primary key (connection_id, resource, page),
  foreign key (connection_id, resource) references portolan.sweeps on delete cascade
);
comment on table portolan.sweep_seen is 'What the sweep that is under way has seen, a row for each page; emptied when it is complete.';
comment on column portolan.sweep_seen.connection_id is 'The connection.';
comment on column portolan.sweep_seen.resource is 'The raw resource that is listed.';
comment on column portolan.sweep_seen.page is 'Which page of the sweep, counted from 1.';
comment on column portolan.sweep_seen.ids is 'The identifiers on it.';

create table portolan.coverage (
  connection_id bigint not null references portolan.connections on delete cascade,
  resource      text collate "C" not null,
  covered       tstzmultirange not null,
  proven_at     timestamptz not null,
  primary key (connection_id, resource)
);
comment on table portolan.coverage is 'Which windows of platform time are proven to have been read.';
comment on column portolan.coverage.connection_id is 'The connection.';
comment on column portolan.coverage.resource is 'The raw resource.';
comment on column portolan.coverage.covered is 'The union of all proven windows.';
comment on column portolan.coverage.proven_at is 'When the last of them was added.';

create table portolan.coverage_proofs (
  proof_id       bigint generated always as identity primary key,
  connection_id  bigint not null references portolan.connections on delete cascade,
  resource       text collate "C" not null,
  window_read    tstzrange not null,
  platform_count bigint,
  distinct_count bigint not null,
  job_id         bigint not null,
  proven_at      timestamptz not null default portolan.now()
);
create index coverage_proofs_by_resource on portolan.coverage_proofs (connection_id, resource, proven_at);
create index coverage_proofs_by_time on portolan.coverage_proofs using brin (proven_at);
comment on table portolan.coverage_proofs is 'The windows in which there was anything, one row for each time one was read to its end.';
comment on column portolan.coverage_proofs.proof_id is 'In order of writing.';
comment on column portolan.coverage_proofs.connection_id is 'The connection.';
comment on column portolan.coverage_proofs.resource is 'The raw resource.';
comment on column portolan.coverage_proofs.window_read is 'Half-open; an open end is since ever, or up to the read.';
comment on column portolan.coverage_proofs.platform_count is 'What the platform itself counted there; NULL where it counts nothing.';
comment on column portolan.coverage_proofs.distinct_count is 'How many different records were read there.';
comment on column portolan.coverage_proofs.job_id is 'The job that read it.';
comment on column portolan.coverage_proofs.proven_at is 'When its last page was stored.';

-- A table without statistics gives the planner no reason to prefer one index to another, and then it takes the newest. That has to be the one
-- that finds a single record: with the other, each record of a first sync would look through all that its stream has brought so far. A large
-- table has statistics, and no need.
do $$
begin
  if pg_table_size('portolan.raw_records') < 1000000000 then
    alter table portolan.raw_records drop constraint raw_records_pkey, add primary key (connection_id, resource, external_id);
  end if;
end $$;
