-- Why: schema ops, what people and dashboards read; how much was done in each minute, so that nobody counts a history of millions; which
--      ended jobs were run again. The views are in functions/ops_*.sql.
-- Locks: job_history, SHARE while four indexes are built: about three seconds for a million rows. Jobs cannot end meanwhile; on a history
--      of many millions, migrate in a quiet hour.
-- Breaking: no.

create schema if not exists ops;
comment on schema ops is 'What people and dashboards read: views whose names, columns and types are kept. docs/ops.md tells them all.';

-- A connection's jobs, newest first, whatever day they ended. What is not done, and kinds other than the commonest, are a few of many: the
-- usual ending pays nothing for these two. And from when to when a piece of a day's partition is.
create index job_history_connection on portolan.job_history (connection_id, job_id);
create index job_history_not_done on portolan.job_history (outcome, job_id) where outcome <> 'done';
create index job_history_kind on portolan.job_history (kind, job_id) where kind <> 'sync';
create index job_history_time on portolan.job_history using brin (finished_at) with (pages_per_range = 32, autosummarize = on);

create table portolan.job_minutes (
  minute          timestamptz not null,
  platform        text not null,
  kind            text not null,
  done_count      bigint not null,
  failed_count    bigint not null,
  poison_count    bigint not null,
  cancelled_count bigint not null,
  merged_count    bigint not null,
  runs_count      bigint not null,
  pages_count     bigint not null,
  records_count   bigint not null,
  run_buckets     integer[] not null,
  wait_buckets    integer[] not null,
  primary key (minute, platform, kind)
) with (fillfactor = 80);
comment on table portolan.job_minutes is 'Jobs that ended in each minute of the last eight days, by platform and kind. Folded from job_history by maintenance.';
comment on column portolan.job_minutes.minute is 'The minute''s beginning.';
comment on column portolan.job_minutes.platform is 'Platform of the lane; removed, where the lane is gone.';
comment on column portolan.job_minutes.kind is 'Kind of the jobs.';
comment on column portolan.job_minutes.done_count is 'Jobs that were done.';
comment on column portolan.job_minutes.failed_count is 'Jobs that failed for good.';
comment on column portolan.job_minutes.poison_count is 'Jobs that killed their workers.';
comment on column portolan.job_minutes.cancelled_count is 'Jobs that were cancelled.';
comment on column portolan.job_minutes.merged_count is 'Jobs that became one with an equal job.';
comment on column portolan.job_minutes.runs_count is 'Runs of all of them.';
comment on column portolan.job_minutes.pages_count is 'Pages of all of them.';
comment on column portolan.job_minutes.records_count is 'Records of all of them.';
comment on column portolan.job_minutes.run_buckets is 'How long their last runs took: element i counts those from 2^((i-1)/2) to 2^(i/2) milliseconds.';
comment on column portolan.job_minutes.wait_buckets is 'How long those of one run had waited for it, in the same form.';

create table portolan.job_minutes_state (
  single      boolean primary key default true check (single),
  final_until timestamptz not null,
  folded_at   timestamptz not null
);
insert into portolan.job_minutes_state (final_until, folded_at) values (date_trunc('minute', portolan.now() - interval '1 hour'), portolan.now() - interval '1 hour');
comment on table portolan.job_minutes_state is 'How far job_minutes is.';
comment on column portolan.job_minutes_state.single is 'There is one row.';
comment on column portolan.job_minutes_state.final_until is 'Minutes before this one were folded long enough after their end, and are not looked at again.';
comment on column portolan.job_minutes_state.folded_at is 'When it was last folded.';
insert into portolan.maintenance (task, interval) values ('throughput', '15 s');

create table portolan.job_retries (
  job_id     bigint primary key,
  new_job_id bigint,
  retried_at timestamptz not null default portolan.now(),
  retried_by text not null default session_user
);
create index job_retries_by_time on portolan.job_retries (retried_at);
comment on table portolan.job_retries is 'Ended jobs that were run again. What stands here is not run again by a filter; a new job that fails is another job.';
comment on column portolan.job_retries.job_id is 'The job that had ended.';
comment on column portolan.job_retries.new_job_id is 'The job it was enqueued as, or the equal one that waited already.';
comment on column portolan.job_retries.retried_at is 'When.';
comment on column portolan.job_retries.retried_by is 'Which login asked for it.';
