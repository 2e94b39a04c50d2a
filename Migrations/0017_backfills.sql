-- Why: windows of the past that are read again, or for the first time, beside what the streams read. The functions are in functions/backfills.sql.
-- Locks: ACCESS EXCLUSIVE on streams for a moment; everything else is new. Lock order: leases, connections, raw records, streams, then backfills and
--        their parts.
-- Breaking: add_connection has one more parameter, with a default.

drop function if exists portolan.add_connection(text, text, text, jsonb, text[], text[], interval[], text[]);

alter table portolan.streams add start_at timestamptz;
comment on column portolan.streams.start_at is 'Where its first read begins when the past is left to a backfill; NULL: at the beginning.';

create table portolan.backfills (
  backfill_id   bigint generated always as identity primary key,
  connection_id bigint not null references portolan.connections on delete cascade,
  job_id        bigint not null,
  created_at    timestamptz not null,
  window_from   timestamptz,
  window_to     timestamptz not null,
  paused_at     timestamptz,
  band          text not null,
  newest_first  boolean not null default true,
  after_streams boolean not null default false,
  check (window_from < window_to)
);
create index backfills_by_connection on portolan.backfills (connection_id, backfill_id);
comment on table portolan.backfills is 'Windows of the past that somebody wants read. What became of one: portolan.backfill_progress.';
comment on column portolan.backfills.backfill_id is 'In order of creation.';
comment on column portolan.backfills.connection_id is 'Whose past.';
comment on column portolan.backfills.job_id is 'The job whose children read it; another after a retry.';
comment on column portolan.backfills.created_at is 'When it was asked for.';
comment on column portolan.backfills.window_from is 'Inclusive, as asked for; NULL: from the beginning.';
comment on column portolan.backfills.window_to is 'Exclusive, as asked for; where nobody said, when it was asked for.';
comment on column portolan.backfills.paused_at is 'Since when it is paused; NULL: it is not.';
comment on column portolan.backfills.band is 'Band of its jobs.';
comment on column portolan.backfills.newest_first is 'Whether the newest chunk is read first.';
comment on column portolan.backfills.after_streams is 'Whether each resource waits until its stream has caught up for the first time.';

create table portolan.backfill_parts (
  backfill_id   bigint not null references portolan.backfills on delete cascade,
  connection_id bigint not null,
  job_id        bigint,
  started_at    timestamptz,
  ended_at      timestamptz,
  chunk_at      timestamptz,
  last_page_at  timestamptz,
  width         interval,
  width_max     interval,
  pages_count   bigint not null default 0,
  records_count bigint not null default 0,
  chunk_pages   integer not null default 0,
  chunk_records bigint not null default 0,
  chunks_count  integer not null default 0,
  failures      integer not null default 0,
  resource      text collate "C" not null,
  state         text not null default 'waiting' check (state in ('waiting', 'reading', 'done', 'failed')),
  asked         tstzrange,
  todo          tstzmultirange,
  done          tstzmultirange not null default '{}',
  failed        tstzmultirange not null default '{}',
  shared        tstzmultirange not null default '{}',
  shared_with   bigint[] not null default '{}',
  chunk         tstzrange,
  cursor        jsonb,
  notes         text[] not null default '{}',
  primary key (backfill_id, resource)
) with (fillfactor = 70);
create index backfill_parts_open on portolan.backfill_parts (connection_id, resource) where ended_at is null;
comment on table portolan.backfill_parts is 'One resource of a backfill: what of its window is read, and the chunk that is being read.';
comment on column portolan.backfill_parts.backfill_id is 'Of which backfill.';
comment on column portolan.backfill_parts.connection_id is 'That of the backfill.';
comment on column portolan.backfill_parts.job_id is 'The job that reads it.';
comment on column portolan.backfill_parts.started_at is 'When its first chunk was begun.';
comment on column portolan.backfill_parts.ended_at is 'When it was read, or given up; NULL: it is not through.';
comment on column portolan.backfill_parts.chunk_at is 'When the chunk under way was begun.';
comment on column portolan.backfill_parts.last_page_at is 'When a page was last committed.';
comment on column portolan.backfill_parts.width is 'How wide the next chunk is: as the last ones turned out to cost.';
comment on column portolan.backfill_parts.width_max is 'The widest the platform answers; NULL: any.';
comment on column portolan.backfill_parts.pages_count is 'Pages committed.';
comment on column portolan.backfill_parts.records_count is 'Records on them, changed or not.';
comment on column portolan.backfill_parts.chunk_pages is 'Pages of the chunk under way.';
comment on column portolan.backfill_parts.chunk_records is 'Records of the chunk under way.';
comment on column portolan.backfill_parts.chunks_count is 'Chunks that have ended, however.';
comment on column portolan.backfill_parts.failures is 'Chunks that failed one after another: five end the part.';
comment on column portolan.backfill_parts.resource is 'The resource.';
comment on column portolan.backfill_parts.state is 'waiting: not begun; reading; done; failed: some of it could not be read.';
comment on column portolan.backfill_parts.asked is 'The window, clamped to what the platform answers; NULL: not begun. From the beginning to the end of time: the resource can only be read as a whole.';
comment on column portolan.backfill_parts.todo is 'What of it is still to be read, the chunk under way among it; NULL: not begun.';
comment on column portolan.backfill_parts.done is 'What of it was read.';
comment on column portolan.backfill_parts.failed is 'What of it could not be read.';
comment on column portolan.backfill_parts.shared is 'What of it a backfill reads that was there before.';
comment on column portolan.backfill_parts.shared_with is 'Those backfills.';
comment on column portolan.backfill_parts.chunk is 'The window being read; NULL: between two.';
comment on column portolan.backfill_parts.cursor is 'Where the chunk has got to; only the platform''s code reads it.';
comment on column portolan.backfill_parts.notes is 'What was clamped and why, in sentences.';

create table portolan.backfill_chunks (
  backfill_id   bigint not null,
  began_at      timestamptz,
  ended_at      timestamptz not null,
  chunk_no      integer not null,
  pages_count   integer not null,
  records_count bigint not null,
  resource      text collate "C" not null,
  outcome       text not null check (outcome in ('done', 'failed', 'halved')),
  code          text,
  chunk         tstzrange not null,
  primary key (backfill_id, resource, chunk_no),
  foreign key (backfill_id, resource) references portolan.backfill_parts on delete cascade
);
comment on table portolan.backfill_chunks is 'Chunks of backfills that have ended.';
comment on column portolan.backfill_chunks.backfill_id is 'Of which backfill.';
comment on column portolan.backfill_chunks.began_at is 'When it was begun.';
comment on column portolan.backfill_chunks.ended_at is 'When it ended.';
comment on column portolan.backfill_chunks.chunk_no is 'In order of ending, from 1.';
comment on column portolan.backfill_chunks.pages_count is 'Its pages.';
comment on column portolan.backfill_chunks.records_count is 'Records on them.';
comment on column portolan.backfill_chunks.resource is 'Of which resource.';
comment on column portolan.backfill_chunks.outcome is 'done; failed: left out; halved: too large, begun again as two.';
comment on column portolan.backfill_chunks.code is 'Code of the unified error, where it failed or was halved for one.';
comment on column portolan.backfill_chunks.chunk is 'Its window.';
