-- Why: the queue at full strength: kinds with declared arguments, parents and children, pauses, gates, a story for every job,
--      history by day with retention, maintenance without a leader. From here on the functions stand in functions/, which are
--      re-applied when they change; those whose form changes are dropped here.
-- Locks: ACCESS EXCLUSIVE on jobs, leases and job_history, for a moment: new columns with constant defaults rewrite nothing. The two
--      indexes on job_history are built under it; on a history of millions, migrate in a quiet hour.
-- Breaking: workers of an older version cannot claim afterwards. Drain them first; jobs wait.

drop function portolan.claim(uuid, text[], text[], integer, integer, timestamptz[], text[], interval);
drop function portolan.finish(bigint[], uuid[], bigint[], text[], timestamptz[], jsonb[]);
drop function portolan.finish_with(bigint, uuid, bigint, text, interval, jsonb, text, text, text, jsonb[]);
drop function portolan.enqueue_many(bigint[], text[], jsonb[], text[], timestamptz[], text[], text[], integer[]);
drop function portolan.enqueue(bigint, text, jsonb, text, timestamptz, text, text, integer);
drop function portolan.prove(bigint, uuid, bigint, integer, jsonb);
drop function portolan.pause_lane(bigint, boolean);
drop view portolan.jobs_now;

create table portolan.job_kinds (
  kind          text not null check (kind ~ '^[a-z][a-z0-9_]*$'),
  args_version  smallint not null default 1 check (args_version >= 1),
  fields        jsonb not null default '{}' check (jsonb_typeof(fields) = 'object'),
  required      text[] not null default '{}',
  max_attempts  integer not null default 8 check (max_attempts >= 1),
  -- What the checks of an enqueue of thousands need, made once by define_kind.
  names         text[] not null,
  type_check    jsonpath not null,
  primary key (kind, args_version)
);
comment on table portolan.job_kinds is 'Kinds of jobs, and for each version of their arguments which fields there are. Written by define_kind.';
comment on column portolan.job_kinds.kind is 'What jobs of this kind do.';
comment on column portolan.job_kinds.args_version is 'Which form of the arguments; an enqueue that does not say gets the highest.';
comment on column portolan.job_kinds.fields is 'Each field with its JSON type: string, number, boolean, object or array.';
comment on column portolan.job_kinds.required is 'Fields that must be there and not null.';
comment on column portolan.job_kinds.max_attempts is 'Failed attempts without progress after which a job of this kind fails for good, unless its enqueue says otherwise.';
comment on column portolan.job_kinds.names is 'Names of the fields.';
comment on column portolan.job_kinds.type_check is 'True for arguments whose fields are present and of their types.';

alter table portolan.jobs add column runs integer not null default 0;
comment on column portolan.jobs.runs is 'Runs that were reported or taken away; the number of its newest event.';
create index jobs_parent on portolan.jobs (parent_job_id) where parent_job_id is not null;

alter table portolan.leases add column stall_limit interval not null default '10 min';
comment on column portolan.leases.stall_limit is 'How long it may go without progress before it is taken.';

alter table portolan.job_history add column runs integer not null default 0;
comment on column portolan.job_history.runs is 'Runs it took, the last one included.';
create index job_history_parent on portolan.job_history (parent_job_id) where parent_job_id is not null;
create index job_history_failures on portolan.job_history (connection_id, finished_at) where outcome in ('failed', 'poison');

create table portolan.job_events (
  job_id        bigint not null,
  run           integer not null,
  occurred_at   timestamptz not null,
  started_at    timestamptz,
  run_at        timestamptz,
  worker_id     uuid,
  pages_count   integer not null,
  records_count bigint not null,
  event         text not null check (event in ('retry', 'snooze', 'yield', 'again', 'awaiting', 'rescue')),
  detail        jsonb
) partition by range (occurred_at);
create table portolan.job_events_default partition of portolan.job_events default;
create index job_events_job on portolan.job_events (job_id);
comment on table portolan.job_events is 'The runs of jobs that did not end them. Append-only, partitioned by day; the first 200 runs of a job, after that every doubling.';
comment on column portolan.job_events.job_id is 'Whose run it was.';
comment on column portolan.job_events.run is 'Its number, from 1.';
comment on column portolan.job_events.occurred_at is 'When the run ended; the partition key.';
comment on column portolan.job_events.started_at is 'When its lease was claimed.';
comment on column portolan.job_events.run_at is 'When the job may run again; infinity while it waits for its children.';
comment on column portolan.job_events.worker_id is 'Who ran it.';
comment on column portolan.job_events.pages_count is 'Pages of the job by then, in all its runs.';
comment on column portolan.job_events.records_count is 'Records of the job by then, in all its runs.';
comment on column portolan.job_events.event is 'How the run ended: retry, snooze, yield, again (a follow-up was merged into it), awaiting (its children), rescue (taken from its worker).';
comment on column portolan.job_events.detail is 'The error, or what it waited for.';

create table portolan.pauses (
  scope     text not null check (scope in ('connection', 'platform', 'kind', 'band')),
  name      text not null,
  paused_at timestamptz not null default portolan.now(),
  reason    text,
  primary key (scope, name)
);
comment on table portolan.pauses is 'What is not claimed until somebody resumes it. Written by pause and resume only.';
comment on column portolan.pauses.scope is 'connection, platform, kind or band.';
comment on column portolan.pauses.name is 'Which one; of a connection, its id.';
comment on column portolan.pauses.paused_at is 'Since when.';
comment on column portolan.pauses.reason is 'Why, for people.';

create table portolan.gates (
  platform       text primary key,
  closed_at      timestamptz not null default portolan.now(),
  probe_at       timestamptz not null default portolan.now(),
  probe_interval interval not null check (probe_interval > interval '0'),
  reason         text not null
);
comment on table portolan.gates is 'Platforms that are down. While a gate is closed one lane per interval is let through; the first page that gets through opens it.';
comment on column portolan.gates.platform is 'Whose gate is closed; an open one has no row.';
comment on column portolan.gates.closed_at is 'Since when.';
comment on column portolan.gates.probe_at is 'When the next lane is let through.';
comment on column portolan.gates.probe_interval is 'How far apart those are.';
comment on column portolan.gates.reason is 'Why, for people.';

create table portolan.maintenance (
  task       text primary key,
  interval   interval not null,
  next_at    timestamptz not null default '-infinity',
  ran_at     timestamptz,
  took       interval,
  error      text
);
comment on table portolan.maintenance is 'What keeps the queue in shape. Not jobs: every process calls maintain, which runs what is due and nobody else has in hand.';
comment on column portolan.maintenance.task is 'Name of the task.';
comment on column portolan.maintenance.interval is 'How often it runs; less often where it takes longer than a twentieth of that.';
comment on column portolan.maintenance.next_at is 'When it is due.';
comment on column portolan.maintenance.ran_at is 'When it last ran.';
comment on column portolan.maintenance.took is 'How long that took.';
comment on column portolan.maintenance.error is 'What went wrong then; NULL when nothing did.';
insert into portolan.maintenance (task, interval) values ('partitions', '1 hour'), ('stats', '5 s'), ('workers', '1 min'), ('vacuum', '1 min');

create table portolan.retention (
  table_name text primary key check (table_name in ('job_history', 'job_events')),
  keep       interval not null check (keep >= interval '1 day')
);
comment on table portolan.retention is 'How long the partitioned tables keep their days. Change it with an update; the next maintenance follows it.';
comment on column portolan.retention.table_name is 'Which table.';
comment on column portolan.retention.keep is 'A day is dropped when all of it is older than this.';
insert into portolan.retention values ('job_history', '30 days'), ('job_events', '30 days');

create table portolan.queue_stats (
  platform     text not null,
  band         text not null,
  kind         text not null,
  state        text not null,
  jobs_count   bigint not null,
  oldest_at    timestamptz,
  refreshed_at timestamptz not null,
  primary key (platform, band, kind, state)
);
comment on table portolan.queue_stats is 'How many jobs are in which state, counted every few seconds: what dashboards read instead of counting.';
comment on column portolan.queue_stats.platform is 'Platform of the lane.';
comment on column portolan.queue_stats.band is 'Band of the jobs.';
comment on column portolan.queue_stats.kind is 'Kind of the jobs.';
comment on column portolan.queue_stats.state is 'As in jobs_now.';
comment on column portolan.queue_stats.jobs_count is 'How many.';
comment on column portolan.queue_stats.oldest_at is 'The least run_at among them.';
comment on column portolan.queue_stats.refreshed_at is 'When they were counted.';
