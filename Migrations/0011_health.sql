-- Why: errors cluster by cause and are kept by day; a connection has a health that is driven by them, with its history; what
--      people should know of is an alert.
-- Locks: ACCESS EXCLUSIVE on errors while its rows are copied into a table kept by day (seconds for a million rows), and for a
--      moment on connections, streams and gates: new columns with constant defaults rewrite nothing.
-- Breaking: connections.state has other words: `active` is now pending, healthy, degraded or rate_limited (portolan.runs(state)
--      is true for those four). finish_with takes an event instead of a connection's state; workers of an older version drain first.

drop function if exists portolan.finish_with(bigint, uuid, bigint, text, interval, jsonb, text, text, text, jsonb[]);
drop function if exists portolan.open_slice(bigint, uuid, bigint, text);

-- Errors by day.

alter table portolan.errors rename to errors_before;
alter index portolan.errors_pkey rename to errors_before_pkey;
drop index portolan.errors_by_time, portolan.errors_by_connection;
create sequence portolan.error_ids as bigint;
create table portolan.errors (
  error_id            bigint not null default nextval('portolan.error_ids'),
  occurred_at         timestamptz not null default portolan.now(),
  connection_id       bigint,
  platform            text,
  resource            text,
  operation           text,
  job_id              bigint,
  worker_id           uuid,
  code                text not null,
  fault               text not null check (fault in ('ours', 'platform', 'merchant', 'network', 'quota', 'none', 'unknown')),
  policy              text not null,
  rule_id             text,
  customer_code       text,
  message             text not null,
  http_status         integer,
  curl_code           integer,
  platform_code       text,
  platform_message    text,
  platform_request_id text,
  route               text,
  retry_after         interval,
  external_id         text,
  evidence            text,
  evidence_headers    jsonb,
  fingerprint         bytea
) partition by range (occurred_at);
create table portolan.errors_default partition of portolan.errors default;
create index errors_by_id on portolan.errors (error_id);
create index errors_by_connection on portolan.errors (connection_id, occurred_at);
create index errors_by_cluster on portolan.errors (fingerprint, occurred_at);
insert into portolan.errors (error_id, occurred_at, connection_id, platform, resource, job_id, worker_id, code, fault, policy, message, http_status,
                             platform_code, platform_message, platform_request_id, route, retry_after, external_id, evidence)
select e.error_id, e.occurred_at, e.connection_id, c.platform, e.resource, e.job_id, e.worker_id, e.code, e.fault, e.policy, e.message, e.http_status,
       e.platform_code, e.platform_message, e.platform_request_id, e.route, e.retry_after, e.external_id, e.evidence
from portolan.errors_before e left join portolan.connections c using (connection_id);
select setval('portolan.error_ids', coalesce((select max(error_id) from portolan.errors_before), 0) + 1, false);
drop table portolan.errors_before;
alter sequence portolan.error_ids owned by portolan.errors.error_id;

comment on table portolan.errors is 'Every failure and every flagged record, in the one vocabulary that holds for all platforms. Kept by day; of one cluster and hour only the first hundred that are not about a record.';
comment on column portolan.errors.error_id is 'In order of writing.';
comment on column portolan.errors.occurred_at is 'When it was written down; the partition key.';
comment on column portolan.errors.connection_id is 'Whom it concerned.';
comment on column portolan.errors.platform is 'Platform of the connection.';
comment on column portolan.errors.resource is 'The stream it concerned.';
comment on column portolan.errors.operation is 'What was being done: list, get, auth, probe, store ...';
comment on column portolan.errors.job_id is 'The job that met it.';
comment on column portolan.errors.worker_id is 'Who met it.';
comment on column portolan.errors.code is 'Code of the taxonomy, e.g. rate.limited.';
comment on column portolan.errors.fault is 'Whose fault it is.';
comment on column portolan.errors.policy is 'What is done about it.';
comment on column portolan.errors.rule_id is 'The rule that decided; see: portolan errors explain.';
comment on column portolan.errors.customer_code is 'Key of the text for the merchant.';
comment on column portolan.errors.message is 'One sentence for engineers; never a payload or a credential.';
comment on column portolan.errors.http_status is 'Status of the answer, where there was one.';
comment on column portolan.errors.curl_code is 'libcurl''s code where no answer came.';
comment on column portolan.errors.platform_code is 'The platform''s own code.';
comment on column portolan.errors.platform_message is 'The platform''s own words, cut short.';
comment on column portolan.errors.platform_request_id is 'The platform''s name for the request, for its support.';
comment on column portolan.errors.route is 'Route template of the request.';
comment on column portolan.errors.retry_after is 'How long the platform asked to be left alone.';
comment on column portolan.errors.external_id is 'The record it concerned.';
comment on column portolan.errors.evidence is 'First bytes of an answer that could not be understood, with secrets and personal data masked.';
comment on column portolan.errors.evidence_headers is 'Headers of that answer that help to write a rule.';
comment on column portolan.errors.fingerprint is 'Which cluster it belongs to.';

-- What clusters are counted from. Written with the error, read and emptied by maintenance, so that counting never holds up the work.
create table portolan.error_inbox (
  fingerprint   bytea not null,
  code          text not null,
  fault         text not null,
  platform      text,
  resource      text,
  operation     text,
  title         text not null,
  connection_id bigint,
  errors_count  integer not null,
  error_id      bigint,
  occurred_at   timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
comment on table portolan.error_inbox is 'Errors that are not counted into their clusters yet: one row for each call that wrote some, and cluster.';
comment on column portolan.error_inbox.fingerprint is 'Which cluster.';
comment on column portolan.error_inbox.code is 'As in errors.';
comment on column portolan.error_inbox.fault is 'As in errors.';
comment on column portolan.error_inbox.platform is 'As in errors.';
comment on column portolan.error_inbox.resource is 'As in errors.';
comment on column portolan.error_inbox.operation is 'As in errors.';
comment on column portolan.error_inbox.title is 'What the cluster is called if it is new.';
comment on column portolan.error_inbox.connection_id is 'Whom they concerned.';
comment on column portolan.error_inbox.errors_count is 'How many.';
comment on column portolan.error_inbox.error_id is 'One of them that was kept as a row.';
comment on column portolan.error_inbox.occurred_at is 'When they were written down.';

create table portolan.error_clusters (
  cluster_id        bigint generated always as identity primary key,
  fingerprint       bytea not null unique,
  code              text not null,
  fault             text not null,
  platform          text,
  resource          text,
  operation         text,
  title             text not null,
  state             text not null default 'open' check (state in ('open', 'resolved', 'ignored', 'regressed')),
  first_seen_at     timestamptz not null,
  last_seen_at      timestamptz not null,
  errors_count      bigint not null,
  connections_count integer not null default 0,
  sample_ids        bigint[] not null default '{}',
  sample_hour       timestamptz not null,
  hour_count        integer not null,
  state_since       timestamptz not null default portolan.now(),
  state_by          text,
  note              text,
  ignored_until     timestamptz,
  ignored_errors    bigint,
  ignored_connections integer
);
create index error_clusters_seen on portolan.error_clusters (last_seen_at);
comment on table portolan.error_clusters is 'Errors with one cause: same code, platform, stream and operation, and the same words or platform code once numbers, ids, dates, addresses and names are left out.';
comment on column portolan.error_clusters.cluster_id is 'What the CLI takes.';
comment on column portolan.error_clusters.fingerprint is 'SHA-256 over what makes the cluster.';
comment on column portolan.error_clusters.code is 'Code of the taxonomy.';
comment on column portolan.error_clusters.fault is 'Whose fault it is.';
comment on column portolan.error_clusters.platform is 'On which platform; NULL for errors of our own.';
comment on column portolan.error_clusters.resource is 'In which stream.';
comment on column portolan.error_clusters.operation is 'In which operation.';
comment on column portolan.error_clusters.title is 'What the platform or we said, without what varies.';
comment on column portolan.error_clusters.state is 'open; resolved: somebody says it is mended; regressed: it came back after that; ignored: nobody wants to hear of it until its condition is met.';
comment on column portolan.error_clusters.first_seen_at is 'When its first error happened.';
comment on column portolan.error_clusters.last_seen_at is 'When its newest error happened.';
comment on column portolan.error_clusters.errors_count is 'How many errors, ever.';
comment on column portolan.error_clusters.connections_count is 'How many connections, ever.';
comment on column portolan.error_clusters.sample_ids is 'Up to five of its errors, newest first.';
comment on column portolan.error_clusters.sample_hour is 'The hour that hour_count is about.';
comment on column portolan.error_clusters.hour_count is 'Errors in that hour.';
comment on column portolan.error_clusters.state_since is 'Since when.';
comment on column portolan.error_clusters.state_by is 'Who said so; NULL: nobody, it happened.';
comment on column portolan.error_clusters.note is 'Why, for people.';
comment on column portolan.error_clusters.ignored_until is 'Ignored until then.';
comment on column portolan.error_clusters.ignored_errors is 'Ignored until it has more errors than this.';
comment on column portolan.error_clusters.ignored_connections is 'Ignored until it has more connections than this.';

create table portolan.error_cluster_connections (
  cluster_id    bigint not null references portolan.error_clusters on delete cascade,
  connection_id bigint not null,
  first_seen_at timestamptz not null,
  last_seen_at  timestamptz not null,
  errors_count  bigint not null,
  primary key (cluster_id, connection_id)
) with (fillfactor = 80);
create index error_cluster_connections_seen on portolan.error_cluster_connections (last_seen_at);
comment on table portolan.error_cluster_connections is 'Whom a cluster concerns, and how often.';
comment on column portolan.error_cluster_connections.cluster_id is 'Which cluster.';
comment on column portolan.error_cluster_connections.connection_id is 'Whom.';
comment on column portolan.error_cluster_connections.first_seen_at is 'Since when.';
comment on column portolan.error_cluster_connections.last_seen_at is 'When last.';
comment on column portolan.error_cluster_connections.errors_count is 'How often.';

create table portolan.error_minutes (
  cluster_id   bigint not null references portolan.error_clusters on delete cascade,
  minute       timestamptz not null,
  errors_count integer not null,
  primary key (cluster_id, minute)
);
create index error_minutes_by_time on portolan.error_minutes (minute);
comment on table portolan.error_minutes is 'Errors of a cluster in each minute of the last eight days: what a spike is told by.';
comment on column portolan.error_minutes.cluster_id is 'Which cluster.';
comment on column portolan.error_minutes.minute is 'The minute''s beginning.';
comment on column portolan.error_minutes.errors_count is 'How many.';

create table portolan.alerts (
  alert_id    bigint generated always as identity primary key,
  rule        text not null,
  subject     text not null,
  severity    text not null check (severity in ('info', 'warning', 'error', 'critical')),
  message     text not null,
  opened_at   timestamptz not null default portolan.now(),
  told_at     timestamptz,
  resolved_at timestamptz,
  detail      jsonb not null default '{}'
);
create unique index alerts_open on portolan.alerts (rule, subject) where resolved_at is null;
create index alerts_untold on portolan.alerts (alert_id) where told_at is null;
comment on table portolan.alerts is 'What people should know of. One open alert for a rule and what it is about.';
comment on column portolan.alerts.alert_id is 'In order of opening.';
comment on column portolan.alerts.rule is 'What kind: unclassified, new_cluster, regression, connection_action, outage, limit_stall.';
comment on column portolan.alerts.subject is 'What it is about: cluster:7, connection:12, platform:shopify.';
comment on column portolan.alerts.severity is 'info, warning, error or critical.';
comment on column portolan.alerts.message is 'One sentence for people.';
comment on column portolan.alerts.opened_at is 'Since when.';
comment on column portolan.alerts.told_at is 'When a process took it to tell somebody; NULL: not yet.';
comment on column portolan.alerts.resolved_at is 'When it stopped being so; NULL: it still is.';
comment on column portolan.alerts.detail is 'Figures.';

-- Health.

create function portolan.runs(state text) returns boolean language sql immutable parallel safe as
$$ select state in ('pending', 'healthy', 'degraded', 'rate_limited') $$;
comment on function portolan.runs(text) is 'Whether jobs of a connection in this state are run; the others are probed at most.';

alter table portolan.connections drop constraint connections_state_check;
alter table portolan.connections alter state set default 'pending';
update portolan.connections c set state = case
    when exists (select from portolan.streams s where s.connection_id = c.connection_id and s.first_caught_up_at is null) then 'pending'
    when exists (select from portolan.streams s where s.connection_id = c.connection_id and s.state in ('failing', 'blocked')) then 'degraded' else 'healthy' end
where c.state = 'active';
alter table portolan.connections add constraint connections_state_check
  check (state in ('pending', 'healthy', 'degraded', 'rate_limited', 'needs_reauth', 'blocked', 'unreachable', 'disabled'));
alter table portolan.connections
  add column state_until timestamptz, add column state_error_id bigint, add column state_by text,
  add column next_probe_at timestamptz, add column probes_count integer not null default 0,
  add column net_failures integer not null default 0, add column net_since timestamptz, add column limited_since timestamptz;
create index connections_probe on portolan.connections (next_probe_at) where next_probe_at is not null;
comment on column portolan.connections.state is 'Its health: pending (linked, first sync not finished), healthy, degraded (a stream fails or is blocked), rate_limited, needs_reauth (the merchant has to sign in again), blocked (something outside has to be mended), unreachable, disabled (a person switched it off). Jobs run in the first four; see health_transitions.';
comment on column portolan.connections.state_until is 'When it ends by itself, where that is known: of rate_limited.';
comment on column portolan.connections.state_error_id is 'The error that led to the state.';
comment on column portolan.connections.state_by is 'Who switched it; NULL: it happened.';
comment on column portolan.connections.next_probe_at is 'When it is tried again with one cheap request; NULL where it is not.';
comment on column portolan.connections.probes_count is 'Probes since it came into this state; the pace follows them.';
comment on column portolan.connections.net_failures is 'Failures to reach it since it last answered.';
comment on column portolan.connections.net_since is 'When the first of those was.';
comment on column portolan.connections.limited_since is 'Since when only limits have held it up.';

alter table portolan.streams add column successes smallint not null default 0;
comment on column portolan.streams.successes is 'Complete reads since it last failed, up to 2.';

create table portolan.health_transitions (
  from_state text not null,
  event      text not null check (event in ('ok', 'soft', 'limit', 'auth', 'block', 'net', 'off', 'on', 'relink')),
  to_state   text not null,
  condition  text check (condition in ('every_stream_once', 'every_stream_twice')),
  primary key (from_state, event)
);
comment on table portolan.health_transitions is 'The state machine of connections, all of it: every state and every event.';
comment on column portolan.health_transitions.from_state is 'State before.';
comment on column portolan.health_transitions.event is 'ok: a sync or a probe succeeded; soft: a stream failed for good; limit: limits have held everything up for 15 minutes; auth: credentials refused; block: permission, plan, firewall, account or version; net: three failures to reach it in a row, over five minutes; off, on: switched by a person; relink: new credentials, or a person says it is mended.';
comment on column portolan.health_transitions.to_state is 'State after.';
comment on column portolan.health_transitions.condition is 'The state changes only when every stream has caught up: once ever, or twice since it last failed.';
insert into portolan.health_transitions (from_state, event, to_state, condition)
select f.state, e.event, f.next[e.o], case when e.event = 'ok' then f.condition end
from (values
  ('pending',      'every_stream_once',  array['healthy',      'degraded',     'rate_limited', 'needs_reauth', 'blocked',      'unreachable',  'disabled', 'pending',      'pending']),
  ('healthy',      null,                 array['healthy',      'degraded',     'rate_limited', 'needs_reauth', 'blocked',      'unreachable',  'disabled', 'healthy',      'healthy']),
  ('degraded',     'every_stream_twice', array['healthy',      'degraded',     'degraded',     'needs_reauth', 'blocked',      'unreachable',  'disabled', 'degraded',     'degraded']),
  ('rate_limited', 'every_stream_once',  array['healthy',      'degraded',     'rate_limited', 'needs_reauth', 'blocked',      'unreachable',  'disabled', 'rate_limited', 'rate_limited']),
  ('needs_reauth', null,                 array['needs_reauth', 'needs_reauth', 'needs_reauth', 'needs_reauth', 'needs_reauth', 'needs_reauth', 'disabled', 'needs_reauth', 'pending']),
  ('blocked',      null,                 array['degraded',     'blocked',      'blocked',      'needs_reauth', 'blocked',      'blocked',      'disabled', 'blocked',      'pending']),
  ('unreachable',  null,                 array['degraded',     'unreachable',  'rate_limited', 'needs_reauth', 'blocked',      'unreachable',  'disabled', 'unreachable',  'pending']),
  ('disabled',     null,                 array['disabled',     'disabled',     'disabled',     'disabled',     'disabled',     'disabled',     'disabled', 'pending',      'disabled'])
) f(state, condition, next)
cross join unnest(array['ok', 'soft', 'limit', 'auth', 'block', 'net', 'off', 'on', 'relink']) with ordinality e(event, o);

create table portolan.connection_events (
  event_id      bigint generated always as identity primary key,
  connection_id bigint not null references portolan.connections on delete cascade,
  occurred_at   timestamptz not null default portolan.now(),
  event         text not null,
  from_state    text not null,
  to_state      text not null,
  code          text,
  message       text,
  error_id      bigint,
  changed_by    text
);
create index connection_events_by_connection on portolan.connection_events (connection_id, occurred_at);
comment on table portolan.connection_events is 'History of health: one row for each change of a connection''s state. Append-only.';
comment on column portolan.connection_events.event_id is 'In order of writing.';
comment on column portolan.connection_events.connection_id is 'Whose.';
comment on column portolan.connection_events.occurred_at is 'When.';
comment on column portolan.connection_events.event is 'As in health_transitions.';
comment on column portolan.connection_events.from_state is 'State before.';
comment on column portolan.connection_events.to_state is 'State after.';
comment on column portolan.connection_events.code is 'Code of the error that led to it.';
comment on column portolan.connection_events.message is 'One sentence for people.';
comment on column portolan.connection_events.error_id is 'The error that led to it.';
comment on column portolan.connection_events.changed_by is 'Who; NULL: it happened.';

-- Gates open step by step.
alter table portolan.gates add column opening_at timestamptz, add column width integer not null default 1 check (width >= 1);
comment on column portolan.gates.opening_at is 'When the first page got through; NULL while the platform is down.';
comment on column portolan.gates.width is 'How many lanes are let through at the next interval; doubles at each while opening.';
comment on table portolan.gates is 'Platforms that are down. While a gate is closed one lane per interval is let through; after the first page that gets through twice as many at each interval, until the gate is gone.';

insert into portolan.maintenance (task, interval) values ('errors', '2 s'), ('health', '10 s');
alter table portolan.retention drop constraint retention_table_name_check;
alter table portolan.retention add constraint retention_table_name_check check (table_name in ('job_history', 'job_events', 'requests', 'errors'));
insert into portolan.retention values ('errors', '90 days');
