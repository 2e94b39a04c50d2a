-- How much was done in each minute: folded from the history by maintenance, so that a graph of a day reads a few thousand rows whatever the history.

-- Makes the rows of minutes from p_from up to p_until anew from the history.
create or replace function portolan.fold_minutes(p_from timestamptz, p_until timestamptz) returns void language plpgsql as $$
begin
  insert into portolan.job_minutes as m (minute, platform, kind, done_count, failed_count, poison_count, cancelled_count, merged_count, runs_count, pages_count, records_count, run_buckets, wait_buckets)
  with ended as materialized (
    select date_trunc('minute', h.finished_at) as minute, coalesce(l.platform, 'removed') as platform, h.kind, h.outcome,
           case when h.started_at is not null and h.outcome <> 'merged' then ops.duration_bucket(h.finished_at - h.started_at) end as run,
           case when h.started_at is not null and h.runs = 1 then ops.duration_bucket(h.started_at - h.created_at) end as wait,
           count(*) as jobs, sum(h.runs) as runs, sum(h.pages_count) as pages, sum(h.records_count) as records
    from portolan.job_history h left join portolan.lanes l on l.lane_id = h.lane_id
    where h.finished_at >= p_from and h.finished_at < p_until
    group by 1, 2, 3, 4, 5, 6),
  sums as (
    select e.minute, e.platform, e.kind,
           coalesce(sum(e.jobs) filter (where e.outcome = 'done'), 0) as done, coalesce(sum(e.jobs) filter (where e.outcome = 'failed'), 0) as failed,
           coalesce(sum(e.jobs) filter (where e.outcome = 'poison'), 0) as poison, coalesce(sum(e.jobs) filter (where e.outcome = 'cancelled'), 0) as cancelled,
           coalesce(sum(e.jobs) filter (where e.outcome = 'merged'), 0) as merged, sum(e.runs) as runs, sum(e.pages) as pages, sum(e.records) as records,
           coalesce(max(e.run), 0) as longest_run, coalesce(max(e.wait), 0) as longest_wait
    from ended e group by 1, 2, 3),
  runs as (select e.minute, e.platform, e.kind, e.run as i, sum(e.jobs) as n from ended e where e.run is not null group by 1, 2, 3, 4),
  waits as (select e.minute, e.platform, e.kind, e.wait as i, sum(e.jobs) as n from ended e where e.wait is not null group by 1, 2, 3, 4)
  select s.minute, s.platform, s.kind, s.done, s.failed, s.poison, s.cancelled, s.merged, s.runs, s.pages, s.records,
         array(select coalesce(r.n, 0)::integer from generate_series(1, s.longest_run) g(i) left join runs r on (r.minute, r.platform, r.kind, r.i) = (s.minute, s.platform, s.kind, g.i) order by g.i),
         array(select coalesce(w.n, 0)::integer from generate_series(1, s.longest_wait) g(i) left join waits w on (w.minute, w.platform, w.kind, w.i) = (s.minute, s.platform, s.kind, g.i) order by g.i)
  from sums s
  on conflict (minute, platform, kind) do update set done_count = excluded.done_count, failed_count = excluded.failed_count, poison_count = excluded.poison_count,
    cancelled_count = excluded.cancelled_count, merged_count = excluded.merged_count, runs_count = excluded.runs_count, pages_count = excluded.pages_count,
    records_count = excluded.records_count, run_buckets = excluded.run_buckets, wait_buckets = excluded.wait_buckets
  where (m.done_count, m.failed_count, m.poison_count, m.cancelled_count, m.merged_count, m.runs_count, m.pages_count, m.records_count)
     <> (excluded.done_count, excluded.failed_count, excluded.poison_count, excluded.cancelled_count, excluded.merged_count, excluded.runs_count, excluded.pages_count, excluded.records_count);
end $$;
comment on function portolan.fold_minutes is 'Makes rows of job_minutes from the history; made again they are the same.';
-- A range of minutes is a piece of one day's partition, and the block ranges say which.
alter function portolan.fold_minutes set enable_seqscan = off;
alter function portolan.fold_minutes set jit = off;

-- What ended is written with the time its transaction began, and seen when it commits. So the minute that runs and the one before are folded
-- at every call, and each once more ten minutes after its end; then it is final. At most an hour is made up for in one call: true when there
-- is more.
create or replace function portolan.fold_jobs() returns boolean language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_minute timestamptz := date_trunc('minute', v_now); v_state portolan.job_minutes_state; v_final timestamptz; v_index regclass; v_lock_timeout text := current_setting('lock_timeout');
begin
  select * into strict v_state from portolan.job_minutes_state for update;
  v_state.final_until := greatest(v_state.final_until, v_minute - interval '8 days');      -- what is older is not kept
  -- A block range that nobody has summed up yet is read whole.
  if v_state.folded_at < v_minute then
    select x.indexrelid::regclass into v_index from pg_catalog.pg_inherits i join pg_catalog.pg_index x on x.indexrelid = i.inhrelid
    where i.inhparent = to_regclass('portolan.job_history_time') and x.indrelid = to_regclass('portolan.job_history_' || to_char(v_now at time zone 'UTC', 'YYYYMMDD'));
    begin
      perform set_config('lock_timeout', '100ms', true);
      perform pg_catalog.brin_summarize_new_values(v_index) where v_index is not null;
    exception when lock_not_available then null;      -- it is being vacuumed, which does the same
    end;
    perform set_config('lock_timeout', v_lock_timeout, true);
  end if;
  v_final := least(v_minute - interval '10 min', v_state.final_until + interval '1 hour');
  if v_final > v_state.final_until then
    perform portolan.fold_minutes(v_state.final_until, v_final);
  else
    v_final := v_state.final_until;
  end if;
  perform portolan.fold_minutes(greatest(v_final, date_trunc('minute', least(v_state.folded_at, v_now)) - interval '1 min', v_minute - interval '15 min'), 'infinity');
  delete from portolan.job_minutes m where m.minute < v_now - interval '8 days';
  update portolan.job_minutes_state t set final_until = v_final, folded_at = v_now;
  return v_final < v_minute - interval '10 min';
end $$;
comment on function portolan.fold_jobs is 'Brings job_minutes up to date. Maintenance calls it every few seconds. True when there is more to make up for.';

create or replace view ops.throughput as
select m.minute, m.platform, m.kind, m.done_count, m.failed_count, m.poison_count, m.cancelled_count, m.merged_count, m.runs_count, m.pages_count, m.records_count,
       ops.percentile(m.run_buckets, 0.5) as run_p50_ms, ops.percentile(m.run_buckets, 0.95) as run_p95_ms,
       ops.percentile(m.wait_buckets, 0.5) as wait_p50_ms, ops.percentile(m.wait_buckets, 0.95) as wait_p95_ms
from portolan.job_minutes m;
comment on view ops.throughput is 'Jobs that ended in each minute of the last eight days, by platform and kind, a few seconds behind. Give it a range of minute.';
comment on column ops.throughput.minute is 'The minute''s beginning; the one that runs is not complete.';
comment on column ops.throughput.platform is 'Platform of the jobs; removed, where their lane is gone.';
comment on column ops.throughput.kind is 'Kind of the jobs.';
comment on column ops.throughput.done_count is 'Jobs that were done.';
comment on column ops.throughput.failed_count is 'Jobs that failed for good.';
comment on column ops.throughput.poison_count is 'Jobs that killed their workers.';
comment on column ops.throughput.cancelled_count is 'Jobs that were cancelled.';
comment on column ops.throughput.merged_count is 'Jobs that became one with an equal job.';
comment on column ops.throughput.runs_count is 'Runs of all of them; more than jobs where some were tried again.';
comment on column ops.throughput.pages_count is 'Pages they committed.';
comment on column ops.throughput.records_count is 'Records they saw.';
comment on column ops.throughput.run_p50_ms is 'Half of their last runs took at most this long.';
comment on column ops.throughput.run_p95_ms is 'Ninety-five in a hundred of their last runs took at most this long.';
comment on column ops.throughput.wait_p50_ms is 'From enqueueing to the run, of jobs that needed one run: half waited at most this long.';
comment on column ops.throughput.wait_p95_ms is 'The same for ninety-five in a hundred. Of jobs enqueued for later that time counts, too.';

create or replace view ops.latency as
with minutes as materialized (
  select m.*, m.minute >= portolan.now() - interval '5 min' as is_young from portolan.job_minutes m where m.minute >= portolan.now() - interval '1 hour'),
counted as (
  select s.span, s.seconds, m.platform, m.kind, sum(m.done_count) as done, sum(m.failed_count + m.poison_count) as failed, sum(m.records_count) as records
  from minutes m join (values ('5 minutes', 300::double precision, true), ('1 hour', 3600, false)) s(span, seconds, is_young) on m.is_young or not s.is_young group by 1, 2, 3, 4),
runs as (
  select r.platform, r.kind, array_agg(r.n order by r.i) as hour, array_agg(r.young order by r.i) as young from (
    select m.platform, m.kind, u.i, sum(u.n) as n, coalesce(sum(u.n) filter (where m.is_young), 0) as young from minutes m cross join lateral unnest(m.run_buckets) with ordinality u(n, i) group by 1, 2, 3) r
  group by 1, 2),
waits as (
  select r.platform, r.kind, array_agg(r.n order by r.i) as hour, array_agg(r.young order by r.i) as young from (
    select m.platform, m.kind, u.i, sum(u.n) as n, coalesce(sum(u.n) filter (where m.is_young), 0) as young from minutes m cross join lateral unnest(m.wait_buckets) with ordinality u(n, i) group by 1, 2, 3) r
  group by 1, 2)
select c.span, c.platform, c.kind, c.done::bigint as done_count, c.failed::bigint as failed_count, c.done::double precision / c.seconds as done_per_s, c.records::double precision / c.seconds as records_per_s,
       ops.percentile(b.runs, 0.5) as run_p50_ms, ops.percentile(b.runs, 0.95) as run_p95_ms, ops.percentile(b.runs, 0.99) as run_p99_ms,
       ops.percentile(b.waits, 0.5) as wait_p50_ms, ops.percentile(b.waits, 0.95) as wait_p95_ms, ops.percentile(b.waits, 0.99) as wait_p99_ms
from counted c left join runs r on (r.platform, r.kind) = (c.platform, c.kind) left join waits w on (w.platform, w.kind) = (c.platform, c.kind)
cross join lateral (select case c.span when '1 hour' then r.hour else r.young end as runs, case c.span when '1 hour' then w.hour else w.young end as waits) b;
comment on view ops.latency is 'How fast jobs ended in the last five minutes and the last hour, by platform and kind. Whole minutes are counted, so the youngest span is up to a minute short.';
comment on column ops.latency.span is '5 minutes or 1 hour.';
comment on column ops.latency.platform is 'Platform of the jobs.';
comment on column ops.latency.kind is 'Kind of the jobs.';
comment on column ops.latency.done_count is 'Jobs that were done.';
comment on column ops.latency.failed_count is 'Jobs that failed for good, or killed their workers.';
comment on column ops.latency.done_per_s is 'Jobs done a second.';
comment on column ops.latency.records_per_s is 'Records seen a second.';
comment on column ops.latency.run_p50_ms is 'Half of the last runs took at most this long.';
comment on column ops.latency.run_p95_ms is 'Ninety-five in a hundred of the last runs took at most this long.';
comment on column ops.latency.run_p99_ms is 'Ninety-nine in a hundred of the last runs took at most this long.';
comment on column ops.latency.wait_p50_ms is 'From enqueueing to the run, of jobs that needed one run: half waited at most this long.';
comment on column ops.latency.wait_p95_ms is 'The same for ninety-five in a hundred.';
comment on column ops.latency.wait_p99_ms is 'The same for ninety-nine in a hundred.';
