-- Why: streams that change often are read more often than their target asks, within the connection's quota; what is due is found by urgency; a
--      fleet that comes back after an outage catches up at a stated pace. Functions are in functions/cadence.sql.
-- Locks: ACCESS EXCLUSIVE on streams while it is rewritten for its generated column: some 10 s for four million streams. Lock order: as before;
--      scheduler_permits after streams and before lanes.
-- Breaking: commit_page has one more parameter, with a default. Workers of an older version go on; only their streams keep to their targets.

drop function if exists portolan.commit_page(bigint, uuid, bigint, bigint, text, text, text, text[], text[], timestamptz[], timestamptz[], timestamptz[], bytea[], text[],
  boolean[], text[], text[], timestamptz[], text[], jsonb[], jsonb, boolean, timestamptz, jsonb, jsonb, text[], text[], jsonb[], jsonb);

alter table portolan.streams
  add cadence          interval,
  add interval_default interval,
  add least_interval   interval,
  add paused_at        timestamptz,
  add paused_by        text,
  add paused_reason    text,
  add change_count     real not null default 0,
  add change_span      real not null default 0,
  add change_cos       real not null default 0,
  add change_sin       real not null default 0,
  add read_cost        real,
  add read_pages       integer not null default 0,
  add read_records     integer not null default 0,
  add read_changes     integer not null default 0,
  add urgency          smallint not null generated always as (
    case when state = 'new' then 0 when interval < interval '15 min' then 1 when interval < interval '2 h' then 2 when interval < interval '12 h' then 3 else 4 end) stored;
comment on column portolan.streams.interval is 'Its freshness target: the longest time between two reads.';
comment on column portolan.streams.cadence is 'How often it is read now, never less often than its target; NULL: as its target says. portolan.stream_cadence says why.';
comment on column portolan.streams.interval_default is 'The target its platform declares, where a person has set another; NULL: interval is that.';
comment on column portolan.streams.least_interval is 'How close reads like its last one may follow one another within the connection''s quota; NULL: nothing limits it.';
comment on column portolan.streams.paused_at is 'Since when nothing of it is enqueued; NULL: it is not paused.';
comment on column portolan.streams.paused_by is 'Who paused it.';
comment on column portolan.streams.paused_reason is 'Why, for people.';
comment on column portolan.streams.change_count is 'Changes found, older ones counting less: with change_span the rate.';
comment on column portolan.streams.change_span is 'Seconds watched for change_count, at most 14 days.';
comment on column portolan.streams.change_cos is 'Sum over change_count of the cosine of the time of day, UTC: when in the day it changes.';
comment on column portolan.streams.change_sin is 'The same of the sine.';
comment on column portolan.streams.read_cost is 'Pages of a read that finds nothing new, smoothed; NULL: not known yet.';
comment on column portolan.streams.read_pages is 'Pages of the read under way.';
comment on column portolan.streams.read_records is 'Records seen by the read under way.';
comment on column portolan.streams.read_changes is 'Of those the new, changed and deleted ones.';
comment on column portolan.streams.urgency is 'Class of urgency, from the target: 0 never read, 1 under 15 minutes, 2 under 2 hours, 3 under 12 hours, 4 the rest.';

drop index portolan.streams_due;
create index streams_due on portolan.streams (urgency, next_due_at) where next_due_at is not null and paused_at is null;

create table portolan.scheduler_pace (
  one            boolean primary key default true check (one),
  factor         real not null default 2 check (factor > 1),
  least_per_s    real not null default 50 check (least_per_s >= 0),
  steady_per_s   real not null default 0,
  streams_count  bigint not null default 0,
  refreshed_at   timestamptz
);
insert into portolan.scheduler_pace default values;
comment on table portolan.scheduler_pace is 'How fast due streams may be enqueued: one row. After an outage no faster than factor times the steady rate.';
comment on column portolan.scheduler_pace.one is 'There is one row.';
comment on column portolan.scheduler_pace.factor is 'How many times the steady rate at most; change it with an update.';
comment on column portolan.scheduler_pace.least_per_s is 'So many streams a second may always be enqueued: a small fleet is nobody''s stampede. Change it with an update.';
comment on column portolan.scheduler_pace.steady_per_s is 'Reads a second that the cadences of all running streams add up to; estimated by maintenance.';
comment on column portolan.scheduler_pace.streams_count is 'How many streams that estimate counts.';
comment on column portolan.scheduler_pace.refreshed_at is 'When it was made; NULL: not yet.';

create table portolan.scheduler_permits (
  part        smallint primary key,
  tokens      real not null default 0,
  refilled_at timestamptz not null default portolan.now()
) with (fillfactor = 50);
insert into portolan.scheduler_permits (part) select generate_series(1, 8);
comment on table portolan.scheduler_permits is 'Permits to enqueue, refilled at the pace. In parts, so that several schedulers can take some at once.';
comment on column portolan.scheduler_permits.part is 'Which part.';
comment on column portolan.scheduler_permits.tokens is 'Permits it held when it was last refilled.';
comment on column portolan.scheduler_permits.refilled_at is 'When that was.';

insert into portolan.maintenance (task, interval) values ('pace', '1 min');
