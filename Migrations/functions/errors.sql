-- Errors: written with the work they come from, clustered beside it.

-- What a message says once numbers, ids, dates, addresses and names are left out; first line, at most 200 characters. The order matters:
-- what holds others comes first. No bounded repetitions: PostgreSQL's engine unrolls them, and becomes ten times slower.
create or replace function portolan.error_title(p_message text) returns text language sql immutable parallel safe as $$
  select left(btrim(
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
      left(split_part(btrim(left(coalesce(p_message, ''), 4096), E' \t\r\n'), E'\n', 1), 800),
      '[[:alnum:]._%+-]+@[[:alnum:]-]+(\.[[:alnum:]-]+)+', '<email>', 'g'),
      '\m(https?|ftp|wss?)://[^[:space:]"''<>]+', '<url>', 'gi'),
      'gid://[[:alnum:]/_-]+', '<gid>', 'g'),
      '\m[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\M', '<uuid>', 'g'),
      '\m\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?', '<date>', 'g'),
      '\m\d{1,3}(\.\d{1,3}){3}\M', '<ip>', 'g'),
      '\m([[:alnum:]-]+\.)+[[:alpha:]]{2,}\M', '<host>', 'g'),
      '\m0[xX][0-9a-fA-F]+\M', '<hex>', 'g'),
      '\m(?=[0-9a-zA-Z_]*[0-9])(?=[0-9a-zA-Z_]*[a-zA-Z])[0-9a-zA-Z_]{7,}\M', '<id>', 'g'),
      '(^|[^[:alnum:]])-?\d+([.,]\d+)*(ms|s|%)?(?![[:alnum:]])', '\1<n>', 'g'),
      '(^|[^[:alnum:]])("[^"]+"|''[^'']+''|`[^`]+`|«[^»]+»|„[^“]+“|“[^”]+”)(?![[:alnum:]])', '\1<str>', 'g'),
      '(?!^)\m[[:upper:]][[:lower:]]+( [[:upper:]][[:lower:]]+)+\M', '<name>', 'g'),
      '\s+', ' ', 'g')), 200) $$;
comment on function portolan.error_title(text) is 'A message without what varies from case to case: what the errors of one cause have in common.';

-- Families whose code says everything: their texts vary by host and language.
create or replace function portolan.error_fingerprint(p_code text, p_platform text, p_resource text, p_operation text, p_discriminator text)
returns bytea language sql immutable parallel safe as $$
  select sha256(convert_to(concat_ws(E'\x1f', '1', p_code, coalesce(p_platform, ''), coalesce(p_resource, ''), coalesce(p_operation, ''),
    case when split_part(p_code, '.', 1) in ('auth', 'rate', 'quota', 'network', 'tls', 'blocked', 'account', 'store') then '' else coalesce(p_discriminator, '') end), 'UTF8')) $$;
comment on function portolan.error_fingerprint is 'Which cluster an error belongs to: SHA-256 of code, platform, stream, operation and what tells causes apart.';

-- Errors come as JSON objects, one for each row; keys are the columns. What tells causes apart is the platform's code where it has one, else the
-- words. Only inserts: whoever has an error to write waits for nobody. A row is left out where its cluster had a hundred this hour and the
-- error is not about a record; it is counted all the same. Answers the last row it wrote; NULL when it left all out.
create or replace function portolan.record_errors(p_connection bigint, p_resource text, p_job bigint, p_worker uuid, p_errors jsonb[]) returns bigint language plpgsql as $$
declare v_last bigint;
begin
  with given as materialized (
    select e, c.platform, t.title, e->>'code' as code,
           portolan.error_fingerprint(e->>'code', c.platform, p_resource, e->>'operation', coalesce(e->>'platform_code', t.title)) as fingerprint
    from unnest(p_errors) e
    left join (select c.platform, c.name from portolan.connections c where c.connection_id = p_connection) c on true
    cross join lateral (select portolan.error_title(case when c.name is null then m.text else regexp_replace(m.text, '(^|[^[:alnum:]])(' || regexp_replace(c.name, '[^[:alnum:]_]', '\\\&', 'g') || ')(?![[:alnum:]])', '\1<name>', 'g') end) as title
                        from (select coalesce(e->>'platform_message', e->>'message') as text) m) t),
  kept as (
    insert into portolan.errors (connection_id, platform, resource, operation, job_id, worker_id, code, fault, policy, rule_id, customer_code, message, http_status, curl_code,
                                 platform_code, platform_message, platform_request_id, route, retry_after, external_id, evidence, evidence_headers, fingerprint)
    select p_connection, g.platform, p_resource, e->>'operation', p_job, p_worker, g.code, e->>'fault', e->>'policy', e->>'rule_id', e->>'customer_code', e->>'message',
           (e->>'http_status')::integer, (e->>'curl_code')::integer, e->>'platform_code', e->>'platform_message', e->>'platform_request_id', e->>'route',
           make_interval(secs => (e->>'retry_after_ms')::double precision / 1000), e->>'external_id', e->>'evidence', e->'evidence_headers', g.fingerprint
    from given g
    where e->>'external_id' is not null or not exists (
      select from portolan.error_clusters c where c.fingerprint = g.fingerprint and c.hour_count >= 100 and c.sample_hour = date_trunc('hour', portolan.now()))
    returning error_id, fingerprint),
  counted as (
  insert into portolan.error_inbox (fingerprint, code, fault, platform, resource, operation, title, connection_id, errors_count, error_id, occurred_at)
  select g.fingerprint, min(g.code), min(e->>'fault'), min(g.platform), p_resource, min(e->>'operation'), min(g.title), p_connection, count(*),
         (select max(k.error_id) from kept k where k.fingerprint = g.fingerprint), portolan.now()
  from given g group by g.fingerprint)
  select max(k.error_id) into v_last from kept k;
  return v_last;
end $$;
comment on function portolan.record_errors is 'Writes one row for each error object, and what their clusters are counted from.';
-- Planning takes several times as long as running it, and one plan is right for all.
alter function portolan.record_errors set plan_cache_mode = force_generic_plan;
alter function portolan.record_errors set enable_seqscan = off;

-- Counts what came in since. One process at a time: maintenance sees to it. Answers how many rows of the inbox it took.
create or replace function portolan.fold_errors(p_limit integer default 20000) returns integer language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_hour timestamptz := date_trunc('hour', v_now); v_batch portolan.error_inbox[]; v_cluster bigint[]; v_new integer[]; r record;
begin
  lock table portolan.error_clusters in share row exclusive mode;       -- two that count at once would write in two orders
  with taken as (
    delete from portolan.error_inbox i where i.ctid = any (array(select ctid from portolan.error_inbox limit p_limit for update skip locked)) returning i.*)
  select array_agg(t) into v_batch from taken t;
  if v_batch is null then return 0; end if;

  for r in
    with grouped as (
      select b.fingerprint, min(b.code) as code, min(b.fault) as fault, min(b.platform) as platform, min(b.resource) as resource, min(b.operation) as operation,
             min(b.title) as title, sum(b.errors_count) as n, min(b.occurred_at) as first_at, max(b.occurred_at) as last_at,
             (array_agg(b.error_id order by b.error_id desc) filter (where b.error_id is not null))[1:5] as samples,
             coalesce(sum(b.errors_count) filter (where b.occurred_at >= v_hour), 0)::integer as hour_n
      from unnest(v_batch) b group by b.fingerprint),
    before as (select c.cluster_id, c.state from portolan.error_clusters c join grouped g using (fingerprint)),
    written as (
      insert into portolan.error_clusters as c (fingerprint, code, fault, platform, resource, operation, title, first_seen_at, last_seen_at, errors_count, sample_ids, sample_hour, hour_count)
      select g.fingerprint, g.code, g.fault, g.platform, g.resource, g.operation, g.title, g.first_at, g.last_at, g.n, coalesce(g.samples, '{}'), v_hour, g.hour_n
      from grouped g
      on conflict (fingerprint) do update set
        last_seen_at = greatest(c.last_seen_at, excluded.last_seen_at), errors_count = c.errors_count + excluded.errors_count,
        sample_ids = (excluded.sample_ids || c.sample_ids)[1:5],
        hour_count = case when c.sample_hour = excluded.sample_hour then c.hour_count else 0 end + excluded.hour_count, sample_hour = excluded.sample_hour,
        state = case when c.state = 'resolved' and excluded.last_seen_at > c.state_since then 'regressed' else c.state end,
        state_since = case when c.state = 'resolved' and excluded.last_seen_at > c.state_since then v_now else c.state_since end,
        state_by = case when c.state = 'resolved' and excluded.last_seen_at > c.state_since then null else c.state_by end
      returning c.cluster_id, c.fingerprint, c.code, c.fault, c.platform, c.title, c.state, c.errors_count, (c.xmax = 0) as is_new)
    select w.*, b.state as state_before from written w left join before b using (cluster_id)
  loop
    if r.is_new and r.code = 'unknown.unclassified' then
      perform portolan.raise_alert('unclassified', 'cluster:' || r.cluster_id, 'warning',
        format('no rule knows what this means%s: %s', coalesce(' on ' || r.platform, ''), r.title), jsonb_build_object('cluster_id', r.cluster_id));
    elsif r.is_new and r.fault in ('ours', 'unknown') then
      perform portolan.raise_alert('new_cluster', 'cluster:' || r.cluster_id, 'warning',
        format('new: %s%s: %s', r.code, coalesce(' on ' || r.platform, ''), r.title), jsonb_build_object('cluster_id', r.cluster_id));
    elsif r.state = 'regressed' and r.state_before = 'resolved' then
      perform portolan.raise_alert('regression', 'cluster:' || r.cluster_id, 'error',
        format('came back after it was resolved: %s%s: %s', r.code, coalesce(' on ' || r.platform, ''), r.title), jsonb_build_object('cluster_id', r.cluster_id));
    end if;
  end loop;

  with counted as (
    insert into portolan.error_cluster_connections as t (cluster_id, connection_id, first_seen_at, last_seen_at, errors_count)
    select c.cluster_id, b.connection_id, min(b.occurred_at), max(b.occurred_at), sum(b.errors_count)
    from unnest(v_batch) b join portolan.error_clusters c using (fingerprint) where b.connection_id is not null group by 1, 2
    on conflict (cluster_id, connection_id) do update set last_seen_at = greatest(t.last_seen_at, excluded.last_seen_at), errors_count = t.errors_count + excluded.errors_count
    returning t.cluster_id, (t.xmax = 0) as is_new),
  sums as (select k.cluster_id, count(*) filter (where k.is_new)::integer as n from counted k group by 1)
  select array_agg(s.cluster_id), array_agg(s.n) into v_cluster, v_new from sums s where s.n > 0;
  update portolan.error_clusters c set connections_count = c.connections_count + u.n from unnest(v_cluster, v_new) u(cluster_id, n) where c.cluster_id = u.cluster_id;

  insert into portolan.error_minutes as m (cluster_id, minute, errors_count)
  select c.cluster_id, date_trunc('minute', b.occurred_at), sum(b.errors_count) from unnest(v_batch) b join portolan.error_clusters c using (fingerprint) group by 1, 2
  on conflict (cluster_id, minute) do update set errors_count = m.errors_count + excluded.errors_count;

  -- Whoever ignored a cluster said until when.
  update portolan.error_clusters c set state = 'open', state_since = v_now, state_by = null
  where c.state = 'ignored' and (c.ignored_until <= v_now or c.errors_count > c.ignored_errors or c.connections_count > c.ignored_connections)
    and c.fingerprint in (select b.fingerprint from unnest(v_batch) b);
  return cardinality(v_batch);
end $$;
comment on function portolan.fold_errors is 'Counts new errors into their clusters. Maintenance calls it every few seconds. Answers how many rows it took.';

-- One open alert for a rule and what it is about: said again while open it changes nothing.
create or replace function portolan.raise_alert(p_rule text, p_subject text, p_severity text, p_message text, p_detail jsonb default '{}') returns void language sql as $$
  insert into portolan.alerts (rule, subject, severity, message, detail) values (p_rule, p_subject, p_severity, p_message, p_detail)
  on conflict (rule, subject) where resolved_at is null do nothing $$;
comment on function portolan.raise_alert is 'Opens an alert, unless one for this rule and subject is open.';

create or replace function portolan.end_alert(p_rule text, p_subject text) returns boolean language sql as $$
  with ended as (update portolan.alerts a set resolved_at = portolan.now() where a.rule = p_rule and a.subject = p_subject and a.resolved_at is null returning 1)
  select exists (select from ended) $$;
comment on function portolan.end_alert is 'Ends an open alert: it is no longer so. Answers whether there was one.';

-- Each alert is handed to one caller only.
create or replace function portolan.take_alerts(p_limit integer default 100) returns table (alert_id bigint, rule text, subject text, severity text, message text, opened_at timestamptz, detail jsonb)
language sql as $$
  with mine as (select a.alert_id from portolan.alerts a where a.told_at is null order by a.alert_id limit p_limit for update skip locked)
  update portolan.alerts a set told_at = portolan.now() from mine where a.alert_id = mine.alert_id
  returning a.alert_id, a.rule, a.subject, a.severity, a.message, a.opened_at, a.detail $$;
comment on function portolan.take_alerts is 'Alerts nobody has been told of yet, for whoever tells them. Each is handed out once.';

-- What people say about a cluster.
create or replace function portolan.set_cluster_state(p_cluster bigint, p_state text, p_by text default null, p_note text default null,
    p_until timestamptz default null, p_errors bigint default null, p_connections integer default null) returns boolean language plpgsql as $$
begin
  if p_state is null or p_state not in ('open', 'resolved', 'ignored') then
    raise exception 'state: % is none that can be set; use open, resolved or ignored', quote_nullable(p_state) using errcode = 'invalid_parameter_value';
  end if;
  if p_state = 'ignored' and p_until is null and p_errors is null and p_connections is null then
    raise exception 'until: what is ignored needs an end: a time, a number of errors or a number of connections' using errcode = 'invalid_parameter_value';
  end if;
  update portolan.error_clusters c set state = p_state, state_since = portolan.now(), state_by = coalesce(p_by, session_user), note = coalesce(p_note, c.note),
    ignored_until = case when p_state = 'ignored' then p_until end, ignored_errors = case when p_state = 'ignored' then c.errors_count + p_errors end,
    ignored_connections = case when p_state = 'ignored' then c.connections_count + p_connections end
  where c.cluster_id = p_cluster;
  if not found then return false; end if;
  if p_state <> 'open' then
    update portolan.alerts a set resolved_at = portolan.now() where a.subject = 'cluster:' || p_cluster and a.resolved_at is null;
  end if;
  return true;
end $$;
comment on function portolan.set_cluster_state is 'Resolves, ignores (until a time, or so many more errors or connections) or reopens a cluster. False when there is none.';
