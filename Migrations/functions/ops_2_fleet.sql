-- Schema ops, the fleet: workers, connections, streams, errors, limits, schedules, pauses, gates.

create or replace view ops.workers as
select w.worker_id, w.host, w.version,
       case when w.beat_at >= portolan.now() - w.ttl then case when w.draining then 'draining' else 'alive' end else 'silent' end as state,
       w.started_at, w.beat_at, w.ttl, coalesce(le.lanes_count, 0)::integer as lanes_count, coalesce(le.jobs_count, 0)::integer as jobs_count,
       le.oldest_claim_at, le.oldest_progress_at
from portolan.workers w
left join (
  select x.worker_id, count(*) as lanes_count, sum(cardinality(x.job_ids)) as jobs_count, min(x.claimed_at) as oldest_claim_at, min(x.progress_at) as oldest_progress_at
  from portolan.leases x group by 1) le on le.worker_id = w.worker_id;
comment on view ops.workers is 'Worker processes. One that stopped beating keeps its row until its lanes were taken and a minute has passed.';
comment on column ops.workers.worker_id is 'New for every process start.';
comment on column ops.workers.host is 'Where it runs.';
comment on column ops.workers.version is 'Version of the program.';
comment on column ops.workers.state is 'alive, draining (it takes no more work), silent (no beat for longer than ttl: its lanes are taken away).';
comment on column ops.workers.started_at is 'When the process began.';
comment on column ops.workers.beat_at is 'When it last said that it is alive.';
comment on column ops.workers.ttl is 'Without a beat for so long it counts as dead.';
comment on column ops.workers.lanes_count is 'Lanes it holds: what it works at.';
comment on column ops.workers.jobs_count is 'Jobs of those that were handed over and have not ended.';
comment on column ops.workers.oldest_claim_at is 'Since when it has held the one it has held longest.';
comment on column ops.workers.oldest_progress_at is 'When the one that is longest without a page last had one.';

create or replace view ops.connections as
select c.connection_id, c.name as connection, c.platform, c.state, c.state in ('pending', 'healthy', 'degraded', 'rate_limited') as is_running, c.state_since, c.state_code, c.state_message, c.state_until, c.state_by, c.next_probe_at,
       ops.connection_remedy(c.state, c.name, c.next_probe_at, c.state_until) as remedy,
       ops.merchant_message(
         case when c.state in ('healthy', 'pending', 'disabled') then null else coalesce(
           (select nullif(e.customer_code, 'none') from portolan.errors e where e.error_id = c.state_error_id limit 1),
           case c.state when 'needs_reauth' then 'reconnect' when 'unreachable' then 'shop_unreachable' when 'rate_limited' then 'slow_down' when 'blocked' then 'our_fault' else 'platform_trouble' end) end,
         c.state_since, c.state_until, n.troubled) as merchant_message,
       p.paused_at, p.reason as pause_reason, n.streams_count, n.failing_count, n.blocked_count, n.late_count, n.oldest_synced_through, c.base_url, c.created_at
from portolan.connections c
left join portolan.pauses p on p.scope = 'connection' and p.name = c.connection_id::text
cross join lateral (
  select count(*)::integer as streams_count, count(*) filter (where s.state = 'failing')::integer as failing_count, count(*) filter (where s.state = 'blocked')::integer as blocked_count,
         count(*) filter (where coalesce(s.synced_through, c.created_at) < portolan.now() - 3 * s.interval)::integer as late_count,
         min(s.synced_through) as oldest_synced_through, string_agg(s.resource, ', ' order by s.resource) filter (where s.state in ('failing', 'blocked')) as troubled
  from portolan.streams s where s.connection_id = c.connection_id) n;
comment on view ops.connections is 'How each connection is, what would heal it, and what its merchant is told.';
comment on column ops.connections.connection_id is 'Stands in every row that belongs to the merchant.';
comment on column ops.connections.connection is 'What people call it.';
comment on column ops.connections.platform is 'Its platform.';
comment on column ops.connections.state is 'pending, healthy, degraded, rate_limited, needs_reauth, blocked, unreachable or disabled; see docs/health.md.';
comment on column ops.connections.is_running is 'Whether its jobs are run in this state.';
comment on column ops.connections.state_since is 'Since when.';
comment on column ops.connections.state_code is 'Code of the error that led to it.';
comment on column ops.connections.state_message is 'One sentence for people on call.';
comment on column ops.connections.state_until is 'When it ends by itself, where that is known.';
comment on column ops.connections.state_by is 'Who switched it; NULL: it happened.';
comment on column ops.connections.next_probe_at is 'When it is tried again.';
comment on column ops.connections.remedy is 'What heals it; NULL when it is healthy.';
comment on column ops.connections.merchant_message is 'What its merchant is told, in English; NULL when there is nothing to tell.';
comment on column ops.connections.paused_at is 'Since when somebody has paused it.';
comment on column ops.connections.pause_reason is 'Why.';
comment on column ops.connections.streams_count is 'How many streams it has.';
comment on column ops.connections.failing_count is 'How many of them fail.';
comment on column ops.connections.blocked_count is 'How many of them are blocked.';
comment on column ops.connections.late_count is 'How many of them are late: see ops.freshness.';
comment on column ops.connections.oldest_synced_through is 'Platform time up to which all of them that were read are known.';
comment on column ops.connections.base_url is 'Where its interface lives.';
comment on column ops.connections.created_at is 'When it was added.';

create or replace view ops.freshness as
select s.connection_id, c.name as connection, s.platform, s.resource, s.state, s.state_code, s.state_message, s.state_since, s.synced_through, f.age, s.interval as target,
       extract(epoch from f.age)::double precision / extract(epoch from s.interval)::double precision as age_in_targets,
       f.age > 3 * s.interval and s.paused_at is null as is_late, c.state in ('pending', 'healthy', 'degraded', 'rate_limited') as is_running,
       s.caught_up_at, s.first_caught_up_at, s.last_page_at, s.next_due_at, s.pages_count, s.records_count, s.paused_at, s.cadence
from portolan.streams s
join portolan.connections c on c.connection_id = s.connection_id
cross join lateral (select portolan.now() - coalesce(s.synced_through, c.created_at) as age) f;
comment on view ops.freshness is 'How old the newest fact of each stream is, against its target.';
comment on column ops.freshness.connection_id is 'Whose stream it is.';
comment on column ops.freshness.connection is 'Name of the connection.';
comment on column ops.freshness.platform is 'Its platform.';
comment on column ops.freshness.resource is 'The stream.';
comment on column ops.freshness.state is 'new, reading (the first read is under way), in_sync, degraded, failing or blocked.';
comment on column ops.freshness.state_code is 'Code of the error behind the state.';
comment on column ops.freshness.state_message is 'Its sentence.';
comment on column ops.freshness.state_since is 'Since when.';
comment on column ops.freshness.synced_through is 'Platform time up to which everything is known; NULL before the first complete read.';
comment on column ops.freshness.age is 'How long ago that is; before the first complete read, since the connection was added.';
comment on column ops.freshness.target is 'How often it is to be read.';
comment on column ops.freshness.age_in_targets is 'The age, counted in targets.';
comment on column ops.freshness.is_late is 'Whether the age is more than three targets, and nobody paused it.';
comment on column ops.freshness.is_running is 'Whether jobs of its connection are run at all.';
comment on column ops.freshness.caught_up_at is 'When a read last reached the end.';
comment on column ops.freshness.first_caught_up_at is 'When the first complete read ended.';
comment on column ops.freshness.last_page_at is 'When a page was last committed.';
comment on column ops.freshness.next_due_at is 'When its next read is enqueued; NULL: never.';
comment on column ops.freshness.pages_count is 'Pages committed, ever.';
comment on column ops.freshness.records_count is 'Records seen, ever, changed or not.';
comment on column ops.freshness.paused_at is 'Since when it is paused; NULL: it is not.';
comment on column ops.freshness.cadence is 'How often it is read now; NULL: as often as its target says.';

create or replace view ops.error_clusters as
select k.cluster_id, k.state, k.code, k.fault, k.platform, k.resource, k.operation, k.title, k.errors_count, k.connections_count, m.last_hour_count, m.last_day_count,
       k.first_seen_at, k.last_seen_at, k.state_since, k.state_by, k.note, k.ignored_until, k.sample_ids
from portolan.error_clusters k
cross join lateral (
  select coalesce(sum(x.errors_count) filter (where x.minute > portolan.now() - interval '1 hour'), 0)::bigint as last_hour_count, coalesce(sum(x.errors_count), 0)::bigint as last_day_count
  from portolan.error_minutes x where x.cluster_id = k.cluster_id and x.minute > portolan.now() - interval '1 day') m;
comment on view ops.error_clusters is 'Errors with one cause, counted as they come in: order by last_seen_at desc.';
comment on column ops.error_clusters.cluster_id is 'What portolan errors takes.';
comment on column ops.error_clusters.state is 'open, resolved, regressed (it came back) or ignored.';
comment on column ops.error_clusters.code is 'Code of the taxonomy; see docs/errors.md.';
comment on column ops.error_clusters.fault is 'Whose fault it is.';
comment on column ops.error_clusters.platform is 'On which platform; NULL for errors of our own.';
comment on column ops.error_clusters.resource is 'In which stream.';
comment on column ops.error_clusters.operation is 'In which operation.';
comment on column ops.error_clusters.title is 'What was said, without what varies.';
comment on column ops.error_clusters.errors_count is 'How many errors, ever.';
comment on column ops.error_clusters.connections_count is 'How many connections, ever.';
comment on column ops.error_clusters.last_hour_count is 'How many errors in the last hour.';
comment on column ops.error_clusters.last_day_count is 'How many errors in the last 24 hours.';
comment on column ops.error_clusters.first_seen_at is 'When its first error happened.';
comment on column ops.error_clusters.last_seen_at is 'When its newest error happened.';
comment on column ops.error_clusters.state_since is 'Since when it has its state.';
comment on column ops.error_clusters.state_by is 'Who said so; NULL: it happened.';
comment on column ops.error_clusters.note is 'Why, for people.';
comment on column ops.error_clusters.ignored_until is 'Ignored until then.';
comment on column ops.error_clusters.sample_ids is 'Up to five of its errors in portolan.errors, newest first.';

create or replace view ops.alerts as
select a.alert_id, a.rule, a.subject, a.severity, a.message, a.opened_at, a.told_at, a.resolved_at, a.resolved_at is null as is_open, a.detail
from portolan.alerts a;
comment on view ops.alerts is 'What people should know of: open ones are where is_open, newest first order by alert_id desc.';
comment on column ops.alerts.alert_id is 'In order of opening.';
comment on column ops.alerts.rule is 'What kind of alert.';
comment on column ops.alerts.subject is 'What it is about: cluster:7, connection:12, platform:shopify.';
comment on column ops.alerts.severity is 'info, warning, error or critical.';
comment on column ops.alerts.message is 'One sentence for people.';
comment on column ops.alerts.opened_at is 'Since when.';
comment on column ops.alerts.told_at is 'When somebody was told; NULL: not yet.';
comment on column ops.alerts.resolved_at is 'When it stopped being so; NULL: it still is.';
comment on column ops.alerts.is_open is 'Whether it is still so.';
comment on column ops.alerts.detail is 'Figures.';

create or replace view ops.limits as
select q.platform, q.owner, c.connection_id, c.name as connection, q.bucket, q.period_start, q.period_end,
       d.drawn, q.allowed, q.allowed - least(d.drawn, q.allowed) as rest,
       nullif(q.blocked_until, '-infinity') as blocked_until, coalesce(q.blocked_until > portolan.now(), false) as is_blocked, c.limits -> q.bucket as override
from portolan.quotas q left join portolan.connections c on q.owner = 'connection:' || c.connection_id and c.connection_id = case when q.owner like 'connection:%' then substr(q.owner, 12)::bigint end
cross join lateral (select case when q.period_end > portolan.now() then q.drawn when q.period_end is not null then 0 end as drawn) d
union all
select c.platform, 'connection:' || c.connection_id, c.connection_id, c.name, o.key, null, null, null, null, null, null, false, o.value
from portolan.connections c cross join lateral jsonb_each(c.limits) o
where c.limits <> '{}' and not exists (select from portolan.quotas q where (q.platform, q.owner, q.bucket) = (c.platform, 'connection:' || c.connection_id, o.key));
comment on view ops.limits is 'What the database knows of limits: quotas and how much of them is drawn, waits that platforms asked for, limits of one connection that differ. Levels of other buckets are in Redis: portolan limits.';
comment on column ops.limits.platform is 'Whose limit it is.';
comment on column ops.limits.owner is 'app, or connection: and its id.';
comment on column ops.limits.connection_id is 'The connection; NULL where all share the bucket.';
comment on column ops.limits.connection is 'Its name.';
comment on column ops.limits.bucket is 'Name of the bucket.';
comment on column ops.limits.period_start is 'When the quota''s period began; NULL: no quota.';
comment on column ops.limits.period_end is 'When it begins anew.';
comment on column ops.limits.drawn is 'Requests of the period that workers may have sent.';
comment on column ops.limits.allowed is 'Requests of the period that are ours.';
comment on column ops.limits.rest is 'How many of them are left.';
comment on column ops.limits.blocked_until is 'The platform asked us to send nothing before this time.';
comment on column ops.limits.is_blocked is 'Whether that is still to come.';
comment on column ops.limits.override is 'What an operator has set for this connection instead of the platform''s declaration.';

create or replace view ops.schedules as
select s.schedule_id, s.name, s.connection_id, c.name as connection, c.platform, s.kind, s.band, s.family, s.cron, s.zone, s.next_at, s.slot_at as last_slot_at, s.next_at is null as is_paused, s.problem, s.args
from portolan.schedules s join portolan.connections c on c.connection_id = s.connection_id;
comment on view ops.schedules is 'Jobs that recur at wall-clock times.';
comment on column ops.schedules.schedule_id is 'In order of creation.';
comment on column ops.schedules.name is 'What people call it; its jobs have the dedupe key schedule:NAME.';
comment on column ops.schedules.connection_id is 'Whose jobs they are.';
comment on column ops.schedules.connection is 'Name of the connection.';
comment on column ops.schedules.platform is 'Its platform.';
comment on column ops.schedules.kind is 'Kind of the jobs.';
comment on column ops.schedules.band is 'Band of the jobs.';
comment on column ops.schedules.family is 'Which of the connection''s lanes they run in.';
comment on column ops.schedules.cron is 'Five fields, or a word such as @daily.';
comment on column ops.schedules.zone is 'Whose clocks it goes by.';
comment on column ops.schedules.next_at is 'Its next slot; NULL: paused.';
comment on column ops.schedules.last_slot_at is 'Its last slot.';
comment on column ops.schedules.is_paused is 'Whether it has no next slot.';
comment on column ops.schedules.problem is 'Why its last slot made no job, or there is no next one; NULL when all is well.';
comment on column ops.schedules.args is 'Arguments of the jobs.';

create or replace view ops.gates as
select g.platform, case when g.opening_at is null then 'closed' else 'opening' end as state, g.closed_at, g.reason, g.opening_at, g.probe_at, g.probe_interval, g.width,
       format('select portolan.open_gate(%L)', g.platform) as remedy
from portolan.gates g;
comment on view ops.gates is 'Platforms that are down, or are taken up again; one that is up has no row.';
comment on column ops.gates.platform is 'Whose gate it is.';
comment on column ops.gates.state is 'closed: one lane at each probe; opening: twice as many each time.';
comment on column ops.gates.closed_at is 'Since when.';
comment on column ops.gates.reason is 'Why.';
comment on column ops.gates.opening_at is 'When the first page got through.';
comment on column ops.gates.probe_at is 'When the next lanes are let through.';
comment on column ops.gates.probe_interval is 'How far apart those are.';
comment on column ops.gates.width is 'How many lanes are let through then.';
comment on column ops.gates.remedy is 'How to open it by hand.';

create or replace view ops.pauses as
select p.scope, p.name, c.name as connection, p.paused_at, p.reason, format('select portolan.resume(%L, %L)', p.scope, p.name) as remedy
from portolan.pauses p left join portolan.connections c on p.scope = 'connection' and c.connection_id::text = p.name;
comment on view ops.pauses is 'What is not claimed until somebody resumes it.';
comment on column ops.pauses.scope is 'connection, platform, kind or band.';
comment on column ops.pauses.name is 'Which one; of a connection, its id.';
comment on column ops.pauses.connection is 'Name of the connection, if it is one.';
comment on column ops.pauses.paused_at is 'Since when.';
comment on column ops.pauses.reason is 'Why.';
comment on column ops.pauses.remedy is 'How to let it go on.';

create or replace view ops.storage as
select n.nspname::text as schema_name, coalesce(p.relname, c.relname)::text as table_name, case when p.relname is not null then c.relname::text end as partition_name,
       pg_catalog.pg_total_relation_size(c.oid) as total_bytes, pg_catalog.pg_relation_size(c.oid) as rows_bytes, pg_catalog.pg_indexes_size(c.oid) as indexes_bytes,
       greatest(coalesce(s.n_live_tup, 0), greatest(c.reltuples, 0)::bigint) as rows_estimate, coalesce(s.n_dead_tup, 0) as dead_rows,
       greatest(s.last_vacuum, s.last_autovacuum) as vacuumed_at, greatest(s.last_analyze, s.last_autoanalyze) as analyzed_at, r.keep
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_inherits i on i.inhrelid = c.oid
left join pg_catalog.pg_class p on p.oid = i.inhparent
left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid
left join portolan.retention r on n.nspname = 'portolan' and r.table_name = coalesce(p.relname, c.relname)
where n.nspname in ('portolan', 'store') and c.relkind = 'r';
comment on view ops.storage is 'What each table takes, and each day of those that are kept by day. For whole tables: sum() and group by table_name.';
comment on column ops.storage.schema_name is 'portolan; store for typed copies.';
comment on column ops.storage.table_name is 'The table; of a partition, the table it belongs to.';
comment on column ops.storage.partition_name is 'The partition; NULL of a table that has none.';
comment on column ops.storage.total_bytes is 'All of it: rows, values kept apart, indexes.';
comment on column ops.storage.rows_bytes is 'The rows alone.';
comment on column ops.storage.indexes_bytes is 'Its indexes.';
comment on column ops.storage.rows_estimate is 'About how many rows; nobody counted them.';
comment on column ops.storage.dead_rows is 'About how many rows wait to be vacuumed.';
comment on column ops.storage.vacuumed_at is 'When it was last vacuumed.';
comment on column ops.storage.analyzed_at is 'When the planner''s statistics of it were last made.';
comment on column ops.storage.keep is 'How long its days are kept; NULL: for ever.';
