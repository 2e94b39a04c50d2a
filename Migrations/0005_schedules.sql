-- Why: jobs that recur at wall-clock times of a zone. The functions are in functions/schedules.sql.
-- Locks: none on existing tables; everything here is new. Lock order: schedules, then connections, lanes, jobs.
-- Breaking: no.

create table portolan.schedules (
  schedule_id   bigint generated always as identity primary key,
  connection_id bigint not null references portolan.connections on delete cascade,
  next_at       timestamptz,
  slot_at       timestamptz,
  args_version  smallint not null,
  name          text not null unique check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'),
  kind          text not null,
  band          text not null check (band in ('urgent', 'incremental', 'report', 'backfill', 'housekeeping')),
  family        text not null default 'main',
  cron          text not null,
  zone          text not null,
  args          jsonb not null check (jsonb_typeof(args) = 'object'),
  problem       text
) with (fillfactor = 70);
create index schedules_due on portolan.schedules (next_at) where next_at is not null;
comment on table portolan.schedules is 'Jobs that recur at wall-clock times. Written by schedule and unschedule; next_at may be set by hand.';
comment on column portolan.schedules.schedule_id is 'In order of creation.';
comment on column portolan.schedules.connection_id is 'Whose jobs they are.';
comment on column portolan.schedules.next_at is 'Its next slot; NULL: paused.';
comment on column portolan.schedules.slot_at is 'Its last slot. Of several that passed unseen, the first: they made one job.';
comment on column portolan.schedules.args_version is 'Which form of the arguments.';
comment on column portolan.schedules.name is 'What people call it, unique. Its jobs have the dedupe key schedule:NAME.';
comment on column portolan.schedules.kind is 'Kind of the jobs.';
comment on column portolan.schedules.band is 'Band of the jobs.';
comment on column portolan.schedules.family is 'Which of the connection''s lanes they run in.';
comment on column portolan.schedules.cron is 'Five fields, or a word such as @daily: see cron_next.';
comment on column portolan.schedules.zone is 'Whose clocks it goes by, e.g. Europe/Berlin.';
comment on column portolan.schedules.args is 'Arguments of the jobs.';
comment on column portolan.schedules.problem is 'Why its last slot made no job, or there is no next one; NULL when all is well.';
