--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: amazon; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA amazon;


--
-- Name: portolan; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA portolan;


--
-- Name: SCHEMA portolan; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA portolan IS 'The fleet: connections, streams, queue, raw records. Written only through its functions.';


--
-- Name: pretix; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA pretix;


--
-- Name: recurly; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA recurly;


--
-- Name: shopify; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA shopify;


--
-- Name: stripe; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA stripe;


--
-- Name: unified; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA unified;


--
-- Name: SCHEMA unified; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA unified IS 'One row a record, whatever the platform: views over raw records, one contract for all.';


--
-- Name: woocommerce; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA woocommerce;


--
-- Name: charges(jsonb); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.charges(p jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select amazon.total(p, '$.ShipmentItemList[*].ItemChargeList[*].ChargeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemAdjustmentList[*].ItemChargeAdjustmentList[*].ChargeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemList[*].PromotionList[*].PromotionAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemAdjustmentList[*].PromotionAdjustmentList[*].PromotionAmount.CurrencyAmount') $_$;


--
-- Name: charges_of(jsonb, text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.charges_of(p jsonb, kind text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when count(*) = count(unified.num(c #> '{ChargeAmount,CurrencyAmount}')) then coalesce(sum(unified.num(c #> '{ChargeAmount,CurrencyAmount}')), 0) end
  from jsonb_path_query(p, '$.ShipmentItemAdjustmentList[*].ItemChargeAdjustmentList[*]', '{}', true) c where c->>'ChargeType' = kind $_$;


--
-- Name: currency(text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.currency(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when octet_length(x) = 3 and x ~ '^[A-Za-z]{3}$' then upper(x) end $_$;


--
-- Name: event_currency(jsonb); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.event_currency(p jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select amazon.currency(coalesce(
    jsonb_path_query_first(p, '$.ShipmentItemList[*].ItemChargeList[*].ChargeAmount.CurrencyCode', '{}', true),
    jsonb_path_query_first(p, '$.ShipmentItemAdjustmentList[*].ItemChargeAdjustmentList[*].ChargeAmount.CurrencyCode', '{}', true),
    jsonb_path_query_first(p, '$.FeeList[*].FeeAmount.CurrencyCode', '{}', true),
    jsonb_path_query_first(p, '$.AdjustmentAmount.CurrencyCode', '{}', true)) #>> '{}') $_$;


--
-- Name: event_type(text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.event_type(list text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce('{"ShipmentEventList":"charge","ShipmentSettleEventList":"charge","RefundEventList":"refund","GuaranteeClaimEventList":"dispute","ChargebackEventList":"dispute","ServiceFeeEventList":"fee","AdjustmentEventList":"adjustment"}'::jsonb ->> list, 'unknown') $$;


--
-- Name: fees(jsonb); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.fees(p jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select amazon.total(p, '$.ShipmentItemList[*].ItemFeeList[*].FeeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemAdjustmentList[*].ItemFeeAdjustmentList[*].FeeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentFeeList[*].FeeAmount.CurrencyAmount') + amazon.total(p, '$.OrderFeeList[*].FeeAmount.CurrencyAmount')
       + amazon.total(p, '$.FeeList[*].FeeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemList[*].ItemTaxWithheldList[*].TaxesWithheld[*].ChargeAmount.CurrencyAmount') $_$;


--
-- Name: flag(jsonb); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.flag(v jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when v in ('true', '"true"') then true when v in ('false', '"false"') then false end $$;


--
-- Name: has_no_money(text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.has_no_money(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce(status in ('Pending', 'PendingAvailability', 'Canceled'), false) $$;


--
-- Name: issues(boolean, jsonb); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.issues(sanitised boolean, checks jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;


--
-- Name: key_part(text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.key_part(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select replace(replace(replace(x, '%', '%25'), '/', '%2F'), ':', '%3A') $$;


--
-- Name: listing(text, text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.listing(marketplace text, sku text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when marketplace <> '' and sku <> '' then marketplace || ':' || amazon.key_part(sku) end $$;


--
-- Name: marketplace_currency(text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.marketplace_currency(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select '{"ATVPDKIKX0DER":"USD","A2EUQ1WTGCTBG2":"CAD","A1AM78C64UM0Y8":"MXN","A2Q3Y263D00KWC":"BRL","A1F83G8C2ARO7P":"GBP","A1PA6795UKMFR9":"EUR","A13V1IB3VIYZZH":"EUR","APJ6JRA9NG5V4":"EUR","A1RKKUPIHCS9HS":"EUR","A1805IZSGTT6HS":"EUR","A2NODRKZP88ZB9":"SEK","A1C3SOZRARQ6R3":"PLN","AMEN7PMS3EDWL":"EUR","A28R8C7NBKEWEA":"EUR","A33AVAJ2PDY3EV":"TRY","A2VIGQ35RCS4UG":"AED","A17E79C6D8DWNP":"SAR","ARBP9OOSHTCHU":"EGP","AE08WJ6YKNBMC":"ZAR","A21TJRUUN4KGV":"INR","A1VC38T7YXB528":"JPY","A39IBJ37TRP1C6":"AUD","A19VAU5U5O7RUS":"SGD"}'::jsonb ->> x $$;


--
-- Name: total(jsonb, jsonpath); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.total(v jsonb, path jsonpath) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when count(*) = count(unified.num(x)) then coalesce(sum(unified.num(x)), 0) end from jsonb_path_query(v, path, '{}', true) x $$;


--
-- Name: transfer_status(text, text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.transfer_status(transfer text, processing text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce('{"succeeded":"paid","transfered":"paid","transferred":"paid","failed":"failed","processing":"in_transit","initiated":"in_transit"}'::jsonb ->> lower(transfer),
                  case when coalesce(transfer, '') = '' and processing in ('Open', 'Closed') then 'scheduled' else 'unknown' end) $$;


--
-- Name: ts(text); Type: FUNCTION; Schema: amazon; Owner: -
--

CREATE FUNCTION amazon.ts(x text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select unified.ts(to_jsonb(replace(x, ' UTC', 'Z'))) $$;


--
-- Name: add_connection(text, text, text, jsonb, text[], text[], interval[], text[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.add_connection(p_platform text, p_name text, p_base_url text, p_settings jsonb, p_resources text[], p_families text[], p_intervals interval[], p_kinds text[] DEFAULT NULL::text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_connection bigint;
begin
  insert into portolan.connections (platform, name, base_url, settings) values (p_platform, p_name, p_base_url, coalesce(p_settings, '{}')) returning connection_id into v_connection;
  insert into portolan.streams (connection_id, resource, platform, family, interval, next_due_at, kind)
  select v_connection, u.resource, p_platform, u.family, u.interval, portolan.now(), coalesce(u.kind, 'sync')
  from unnest(p_resources, p_families, p_intervals, p_kinds) u(resource, family, interval, kind);
  return v_connection;
end $$;


--
-- Name: FUNCTION add_connection(p_platform text, p_name text, p_base_url text, p_settings jsonb, p_resources text[], p_families text[], p_intervals interval[], p_kinds text[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.add_connection(p_platform text, p_name text, p_base_url text, p_settings jsonb, p_resources text[], p_families text[], p_intervals interval[], p_kinds text[]) IS 'A new connection and its streams, due at once. Credentials are set apart, in the same transaction.';


--
-- Name: amend_tokens(bigint, bigint, text, bytea); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.amend_tokens(p_connection bigint, p_generation bigint, p_key text, p_sealed bytea) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with amended as (update portolan.connection_tokens c set key_id = p_key, sealed = p_sealed where c.connection_id = p_connection and c.generation = p_generation returning 1)
  select exists (select from amended) $$;


--
-- Name: FUNCTION amend_tokens(p_connection bigint, p_generation bigint, p_key text, p_sealed bytea); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.amend_tokens(p_connection bigint, p_generation bigint, p_key text, p_sealed bytea) IS 'Puts a spare beside the tokens of that generation. False when there are others by now.';


--
-- Name: apply_grants(text[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.apply_grants(p_platforms text[] DEFAULT '{}'::text[]) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_done integer := 0; v_schemas text[]; v_ours oid[]; v_sql text; v_turn integer;
begin
  if (select count(*) from pg_roles where rolname in ('portolan_migrator', 'portolan_worker', 'portolan_console', 'portolan_operator')) < 4 then return 0; end if;
  -- Platforms' schemas: those we are told of, and those that were granted before.
  select array_agg(n.nspname::text), array_agg(n.oid) into v_schemas, v_ours from pg_namespace n
  where n.nspname in ('unified', 'store') or n.nspname = any (p_platforms)
    or n.nspname <> 'portolan' and exists (select from aclexplode(n.nspacl) a where a.grantee = 'portolan_console'::regrole and a.privilege_type = 'USAGE');
  v_ours := v_ours || 'portolan'::regnamespace::oid;

  -- 1. The owner: of what the migrating user made, and of what the schema's owner did. What others own (somebody's views beside ours) stays theirs.
  if pg_has_role(current_user, 'portolan_migrator', 'MEMBER') then
    for v_sql in
      select format('grant create on database %I to portolan_migrator', d.datname) from pg_database d
      where d.datname = current_database() and pg_has_role(d.datdba, 'USAGE') and not has_database_privilege('portolan_migrator', d.oid, 'CREATE')
      union all
      select format('alter schema %I owner to portolan_migrator', n.nspname) from pg_namespace n
      where n.oid = any (v_ours) and n.nspowner <> 'portolan_migrator'::regrole and pg_has_role(n.nspowner, 'USAGE')
      union all
      select format('alter %s %s owner to portolan_migrator', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, c.oid::regclass)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.oid = any (v_ours) and c.relkind in ('r', 'p', 'v', 'm') and c.relowner <> 'portolan_migrator'::regrole
        and c.relowner in (current_user::regrole, n.nspowner) and pg_has_role(c.relowner, 'USAGE')
      union all
      select format('alter routine %s owner to portolan_migrator', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.oid = any (v_ours) and p.proowner <> 'portolan_migrator'::regrole
        and p.proowner in (current_user::regrole, n.nspowner) and pg_has_role(p.proowner, 'USAGE')
    loop
      execute v_sql;
      v_done := v_done + 1;
    end loop;
  end if;

  -- 2. Functions that run with their owner's rights, whatever schemas their caller has made names in.
  for v_sql in
    select format('alter routine %s security definer set search_path = pg_catalog, pg_temp', p.oid::regprocedure)
    from portolan.function_rights() f join pg_proc p on p.proname = f.name and p.pronamespace = 'portolan'::regnamespace
    where not f.as_caller and not p.prosecdef and pg_has_role(p.proowner, 'USAGE')
    union all
    select format('alter routine %s security invoker', p.oid::regprocedure) from pg_proc p
    where p.pronamespace = 'portolan'::regnamespace and p.prosecdef and pg_has_role(p.proowner, 'USAGE')
      and not exists (select from portolan.function_rights() f where f.name = p.proname and not f.as_caller)
  loop
    execute v_sql;
    v_done := v_done + 1;
  end loop;

  -- 3. Rights: what is too much goes, what is missing comes. Once more if need be: taking a right to a table takes those to its columns along.
  for i in 1..3 loop
    v_turn := 0;
    for v_sql in
      with wanted as (select w.class, w.object, w.target, w.grantee, w.privilege, c.name from portolan.wanted_rights(v_schemas) w left join lateral unnest(w.columns) c(name) on true
                      where w.columns is null or c.name is not null),
      given as (select g.class, g.object, g.target, g.grantee, g.privilege, c.name from portolan.given_rights(v_schemas) g left join lateral unnest(g.columns) c(name) on true),
      surplus as (select * from given except select * from wanted),
      missing as (select * from wanted except select * from given),
      statements as (
        select 0 as turn, format('revoke %s%s on %s from %s', s.privilege, ' (' || string_agg(quote_ident(s.name), ', ' order by s.name) || ')', s.target, s.grantee) as sql
        from surplus s group by s.target, s.grantee, s.privilege, s.name is null
        union all
        select 1, format('grant %s%s on %s to %s', m.privilege, ' (' || string_agg(quote_ident(m.name), ', ' order by m.name) || ')', m.target, m.grantee)
        from missing m group by m.target, m.grantee, m.privilege, m.name is null)
      select s.sql from statements s order by s.turn, s.sql
    loop
      execute v_sql;
      v_turn := v_turn + 1;
    end loop;
    exit when v_turn = 0;
    v_done := v_done + v_turn;
  end loop;
  return v_done;
end $$;


--
-- Name: FUNCTION apply_grants(p_platforms text[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.apply_grants(p_platforms text[]) IS 'Makes owners and rights what they are to be; without the roles nothing. Migrate calls it. Answers how many changes that took.';


--
-- Name: band_rank(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.band_rank(band text) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select case band when 'urgent' then 0 when 'incremental' then 1 when 'report' then 2 when 'backfill' then 3 when 'housekeeping' then 4 end::smallint $$;


--
-- Name: FUNCTION band_rank(band text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.band_rank(band text) IS 'Bands in order of urgency, 0 first. NULL for a word that is no band.';


--
-- Name: beat(uuid, text, text, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.beat(p_worker uuid, p_host text, p_version text, p_ttl interval DEFAULT '00:00:20'::interval) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into portolan.workers as w (worker_id, host, version, ttl, beat_at) values (p_worker, p_host, p_version, p_ttl, portolan.now())
  on conflict (worker_id) do update set beat_at = portolan.now()
  returning w.draining $$;


--
-- Name: FUNCTION beat(p_worker uuid, p_host text, p_version text, p_ttl interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.beat(p_worker uuid, p_host text, p_version text, p_ttl interval) IS 'Registers a worker or says that it is alive. Answers whether it is asked to drain.';


--
-- Name: begin_refresh(bigint, bigint, uuid, interval, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.begin_refresh(p_connection bigint, p_generation bigint, p_worker uuid, p_limit interval, p_young interval DEFAULT NULL::interval) RETURNS TABLE(verdict text, refresh_id uuid, doubtful_since timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare t portolan.connection_tokens; v_now timestamptz := portolan.now(); v_id uuid := gen_random_uuid();
begin
  select * into t from portolan.connection_tokens c where c.connection_id = p_connection for update;
  if not found then return; end if;
  verdict := case
    when t.generation <> p_generation then 'newer'
    when t.state = 'rejected' then 'rejected'
    when t.state = 'refreshing' and t.refreshing_until > v_now then 'busy'
    when t.issued_at > v_now - p_young then 'young'
    when t.not_before > v_now then 'cooling'
    else 'go' end;
  if verdict = 'go' and t.state = 'refreshing' then
    t.doubtful_since := coalesce(t.doubtful_since, t.refreshing_since);
    -- The pause counts from the end of the interrupted one; while it lasts, it shows.
    if t.refreshing_until + portolan.refresh_pause(t.interruptions) > v_now then
      verdict := 'cooling';
      update portolan.connection_tokens c set not_before = t.refreshing_until + portolan.refresh_pause(t.interruptions), doubtful_since = t.doubtful_since
      where c.connection_id = p_connection;
    else
      t.interruptions := t.interruptions + 1;
    end if;
  end if;
  if verdict = 'go' then
    refresh_id := v_id;
    update portolan.connection_tokens c set state = 'refreshing', refresh_id = v_id, refreshing_by = p_worker, refreshing_since = v_now,
      refreshing_until = v_now + p_limit, interruptions = t.interruptions, doubtful_since = t.doubtful_since where c.connection_id = p_connection;
  end if;
  doubtful_since := t.doubtful_since;
  return next;
end $$;


--
-- Name: FUNCTION begin_refresh(p_connection bigint, p_generation bigint, p_worker uuid, p_limit interval, p_young interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.begin_refresh(p_connection bigint, p_generation bigint, p_worker uuid, p_limit interval, p_young interval) IS 'Writes down the intent to refresh a connection''s tokens, unless somebody else is at it or it makes no sense. The first column says which.';


--
-- Name: block_bucket(text, text, text, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.block_bucket(p_platform text, p_owner text, p_bucket text, p_for interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into portolan.quotas as q (platform, owner, bucket, blocked_until) values (p_platform, p_owner, p_bucket, portolan.now() + p_for)
  on conflict (platform, owner, bucket) do update set blocked_until = greatest(q.blocked_until, excluded.blocked_until)
$$;


--
-- Name: FUNCTION block_bucket(p_platform text, p_owner text, p_bucket text, p_for interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.block_bucket(p_platform text, p_owner text, p_bucket text, p_for interval) IS 'Notes that a platform asked us to wait before anything more is sent that needs the bucket; the longer of two waits holds.';


--
-- Name: cancel(bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.cancel(p_job bigint) RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select c.result from portolan.cancel_many(array[p_job]) c $$;


--
-- Name: FUNCTION cancel(p_job bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.cancel(p_job bigint) IS 'Cancels a job: at once when it waits, at its next page when it runs. Answers which of the two, or that it was neither.';


--
-- Name: cancel_many(bigint[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.cancel_many(p_jobs bigint[]) RETURNS TABLE(job_id bigint, result text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_now timestamptz := portolan.now(); v_all bigint[]; v_lane bigint[]; v_parent bigint[]; v_live bigint[];
begin
  for i in 1..100 loop
    select array_agg(distinct j.job_id), array_agg(distinct j.lane_id), array_agg(distinct p.job_id) filter (where p.job_id is not null)
    into v_all, v_lane, v_parent from (
      select j.job_id, j.lane_id, j.parent_job_id from unnest(p_jobs) u(job_id) join portolan.jobs j using (job_id)
      union all select c.job_id, c.lane_id, c.parent_job_id from unnest(p_jobs) u(job_id) join portolan.jobs c on c.parent_job_id = u.job_id) j
    left join portolan.jobs p on p.job_id = j.parent_job_id;
    if v_all is null then return query select u, 'not waiting' from unnest(p_jobs) u; return; end if;
    begin
      perform from (select distinct x from unnest(v_lane) x order by 1) x(lane_id) cross join lateral (select from portolan.leases le where le.lane_id = x.lane_id for update) le;
      perform from (select distinct x.lane_id from (select unnest(v_lane) union all select p.lane_id from portolan.jobs p where p.job_id = any (v_parent)) x(lane_id) order by 1) x
      cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id for update) l;
      -- Until we had its lane, a lane may have been leased, and a page committed there holds its job: never wait for that with lanes in hand.
      -- And until we had the parent's lane there may have been more children. Then give everything back, and look again.
      exit when (select count(*) from portolan.leases le where le.lane_id = any (v_lane))
              = (select count(*) from (select from portolan.leases le where le.lane_id = any (v_lane) for update skip locked) le)
        and not exists (select from portolan.jobs c where c.parent_job_id = any (p_jobs) and c.job_id <> all (v_all));
      raise exception 'once more' using errcode = 'PQ001';
    exception when sqlstate 'PQ001' then
      if i = 100 then raise exception 'cancel: the lanes of these jobs are too busy; try again' using errcode = 'lock_not_available'; end if;
    end;
  end loop;
  select array_agg(j.job_id) into v_live from portolan.jobs j where j.job_id = any (v_all);
  -- What runs, and what waits for its children, is asked; the rest goes.
  update portolan.jobs j set cancel_at = coalesce(j.cancel_at, v_now)
  where j.job_id = any (v_live) and (j.run_at = 'infinity' or exists (select from portolan.leases le where le.lane_id = j.lane_id and j.job_id = any (le.job_ids)));
  with gone as (delete from portolan.jobs j where j.job_id = any (v_live) and j.cancel_at is null returning j.*)
  insert into portolan.job_history (job_id, connection_id, lane_id, created_at, finished_at, attempt, snoozes, rescues, outcome,
                                    pages_count, args_version, records_count, parent_job_id, band, kind, dedupe_key, args, error, runs)
  select g.job_id, g.connection_id, g.lane_id, g.created_at, v_now, g.attempt, g.snoozes, g.rescues, 'cancelled',
         g.pages_count, g.args_version, g.records_count, g.parent_job_id, g.band, g.kind, g.dedupe_key, g.args, g.last_error, g.runs from gone g;
  perform portolan.end_parents(v_parent || v_live);
  -- If it was its lane's head, the next claim of the lane finds out and corrects it.
  return query select u, case when exists (select from portolan.jobs j where j.job_id = u) then 'asked to stop' when u = any (v_live) then 'cancelled' else 'not waiting' end from unnest(p_jobs) u;
end $$;


--
-- Name: FUNCTION cancel_many(p_jobs bigint[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.cancel_many(p_jobs bigint[]) IS 'Cancels jobs, with parents their children: at once what waits, at its next page what runs. Answers which of the two for each, or that it was neither.';


--
-- Name: claim(uuid, text[], text[], integer, integer, timestamp with time zone[], text[], integer[], interval, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.claim(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer DEFAULT 1, p_floors timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], p_kinds text[] DEFAULT NULL::text[], p_versions integer[] DEFAULT NULL::integer[], p_max interval DEFAULT '00:15:00'::interval, p_stall interval DEFAULT '00:10:00'::interval) RETURNS TABLE(lane_id bigint, token uuid, job_id bigint, kind text, args_version smallint, attempt integer, args jsonb, connection_id bigint, platform text, band text, next_at timestamp with time zone)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select c.lane_id, c.token, j.job_id, j.kind, j.args_version, j.attempt, j.args, c.connection_id, c.platform, c.band, c.next_at
  from portolan.claim_lanes(p_worker, p_platforms, p_bands, p_n, p_k, p_floors, p_kinds, p_versions, p_max, p_stall) c
  cross join lateral unnest(c.job_ids, c.kinds, c.args_versions, c.attempts, c.args) j(job_id, kind, args_version, attempt, args) $$;


--
-- Name: FUNCTION claim(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.claim(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval) IS 'Leases up to p_n lanes of the wish list to a worker and hands over up to p_k due jobs of each; a row for each job.';


--
-- Name: claim_lanes(uuid, text[], text[], integer, integer, timestamp with time zone[], text[], integer[], interval, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.claim_lanes(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer DEFAULT 1, p_floors timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], p_kinds text[] DEFAULT NULL::text[], p_versions integer[] DEFAULT NULL::integer[], p_max interval DEFAULT '00:15:00'::interval, p_stall interval DEFAULT '00:10:00'::interval) RETURNS TABLE(lane_id bigint, token uuid, connection_id bigint, platform text, band text, next_at timestamp with time zone, job_ids bigint[], kinds text[], args_versions smallint[], attempts integer[], args jsonb[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET lock_timeout TO '100ms'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := portolan.now();
  v_lane bigint[]; v_connection bigint[]; v_rank smallint[]; v_head timestamptz[]; v_strikes smallint[]; v_next timestamptz[]; v_platform text[]; v_token uuid[]; v_leased integer;
  v_kinds text[] := p_kinds; v_versions integer[] := p_versions;
  v_shut text[]; v_probe text[]; v_width integer[]; v_paused_bands text[] := '{}'; v_paused_kinds text[] := '{}'; v_still_paused boolean; v_gated boolean;
begin
  -- 0. what is paused, and platforms that are down. Both tables are empty most of the time.
  select array_agg(p.name) filter (where p.scope = 'platform'), coalesce(array_agg(p.name) filter (where p.scope = 'band'), '{}'), coalesce(array_agg(p.name) filter (where p.scope = 'kind'), '{}'),
         exists (select from portolan.gates)
  into v_shut, v_paused_bands, v_paused_kinds, v_gated from portolan.pauses p where p.scope in ('platform', 'band', 'kind');
  if cardinality(v_paused_kinds) > 0 then
    select array_agg(k.kind), array_agg(k.version) into v_kinds, v_versions
    from (select u.kind, u.version from unnest(p_kinds, p_versions) u(kind, version) where p_kinds is not null
          union all select distinct k.kind, null::integer from portolan.job_kinds k where p_kinds is null) k where k.kind <> all (v_paused_kinds);
    v_kinds := coalesce(v_kinds, '{}');
  end if;
  if v_gated then
    -- Let through by the hundred: it is up.
    delete from portolan.gates g where g.platform = any (array(select d.platform from portolan.gates d where d.opening_at is not null and d.width > 256 and d.probe_at <= v_now for update skip locked));
    with due as (
      update portolan.gates g set probe_at = v_now + case when g.opening_at is null then g.probe_interval else least(g.probe_interval, interval '2 s') end,
        width = case when g.opening_at is null then 1 else least(g.width, 100000) * 2 end
      where g.platform = any (array(select d.platform from portolan.gates d where d.platform = any (p_platforms) and d.platform <> all (coalesce(v_shut, '{}')) and d.probe_at <= v_now for update skip locked))
      returning g.platform, case when g.opening_at is null then 1 else g.width / 2 end as width)
    select coalesce(array_agg(d.platform), '{}'), coalesce(array_agg(d.width), '{}') into v_probe, v_width from due d;
    v_shut := coalesce(v_shut, '{}') || array(select g.platform from portolan.gates g);
  end if;

  -- 1. take lanes. Nothing waits here: a lane somebody holds is passed over. Each range stops as soon as p_n are found.
  with picked as materialized (
    select l.at
    from (
      select l.ctid as at
      from unnest(p_platforms, p_bands, coalesce(p_floors, array_fill('-infinity'::timestamptz, array[cardinality(p_bands)]))) w(platform, band, floor)
      cross join lateral (
        select l.ctid from portolan.lanes l
        where l.platform = w.platform and l.band = w.band and l.state = 'ready' and l.paused_at is null and l.next_at >= w.floor and l.next_at <= v_now
        order by l.next_at, l.lane_id limit p_n for update skip locked) l
      where v_shut is null or w.platform <> all (v_shut)
      union all
      select l.ctid from unnest(v_probe, v_width) g(platform, width)
      cross join lateral (
        select l.ctid from unnest(p_platforms, p_bands) with ordinality w(platform, band, o)
        cross join lateral (
          select l.ctid from portolan.lanes l
          where l.platform = w.platform and l.band = w.band and l.state = 'ready' and l.paused_at is null and l.next_at <= v_now
          order by l.next_at, l.lane_id limit g.width for update skip locked) l
        where w.platform = g.platform limit g.width) l) l
    limit p_n),
  taken as (
    update portolan.lanes l set state = 'leased' from picked p where l.ctid = p.at
    returning l.lane_id, l.connection_id, portolan.band_rank(l.band) as rank, l.head_at, l.strikes, l.next_at, l.platform, gen_random_uuid() as token)
  select array_agg(t.lane_id), array_agg(t.connection_id), array_agg(t.rank), array_agg(t.head_at), array_agg(t.strikes), array_agg(t.next_at), array_agg(t.platform), array_agg(t.token)
  into v_lane, v_connection, v_rank, v_head, v_strikes, v_next, v_platform, v_token from taken t;
  if v_lane is null then return; end if;

  -- 2. their jobs. A statement of its own, because it must see what whoever had the lane before us committed: a job row is not written
  --    when it is handed over, so nothing else would notice that it was finished a moment ago.
  return query
  with handed as materialized (
    select l.lane_id, l.token, l.connection_id, l.platform, l.next_at, j.*
    from unnest(v_lane, v_connection, v_rank, v_head, v_strikes, v_next, v_platform, v_token) l(lane_id, connection_id, rank, head_at, strikes, next_at, platform, token)
    cross join lateral (
      select array_agg(j.job_id) as job_ids, array_agg(j.kind) as kinds, array_agg(j.args_version) as args_versions, array_agg(j.attempt + 1) as attempts, array_agg(j.args) as args, min(j.band) as band from (
        select j.job_id, j.kind, j.args_version, j.attempt, j.args, j.band from portolan.jobs j
        where j.lane_id = l.lane_id and j.rank = l.rank and j.run_at >= l.head_at and j.run_at <= v_now and j.band <> all (v_paused_bands)
          and (v_kinds is null or j.kind = any (v_kinds) and (v_versions is null or j.args_version <= coalesce(v_versions[array_position(v_kinds, j.kind)], 32767)))
        order by j.run_at, j.job_id limit case when l.strikes > 0 then 1 else p_k end) j
      having count(*) > 0) j),
  leased as (
    insert into portolan.leases (lane_id, connection_id, token, worker_id, claimed_at, progress_at, deadline, stall_limit, running, job_ids)
    select h.lane_id, h.connection_id, h.token, p_worker, v_now, v_now, v_now + p_max, p_stall, h.job_ids[1], h.job_ids from handed h)
  select h.lane_id, h.token, h.connection_id, h.platform, h.band, h.next_at, h.job_ids, h.kinds, h.args_versions, h.attempts, h.args from handed h;
  get diagnostics v_leased = row_count;

  -- 3. lanes that turned out to have nothing for us (head cancelled, or of a kind or band that is paused, or of a kind that we do not know) go
  --    back: at once for a job that we can run, else later. What is paused can wait long: resume brings its lanes back, and so does an enqueue.
  if v_leased < cardinality(v_lane) then
    -- What was paused when we looked may be resumed by now: whoever resumes waits for us and then finds what we put off, or we find out here.
    if cardinality(v_paused_kinds || v_paused_bands) > 0 then
      select count(*) = cardinality(v_paused_kinds || v_paused_bands) into v_still_paused
      from (select from portolan.pauses p where (p.scope = 'kind' and p.name = any (v_paused_kinds)) or (p.scope = 'band' and p.name = any (v_paused_bands)) for key share skip locked) p;
    end if;
    update portolan.lanes l set
      state = case when coalesce(m.run_at, h.run_at) is null then 'idle' else 'ready' end, band = coalesce(m.band, h.band, l.band), head_at = coalesce(m.run_at, h.run_at),
      next_at = case when m.run_at is not null then v_now
                     when h.run_at <= v_now then v_now + case when v_still_paused then interval '1 min' when not v_still_paused then interval '0' else interval '1 s' end else h.run_at end
    from unnest(v_lane) x(lane_id)
    left join lateral portolan.lane_head(x.lane_id, v_now) h on true
    left join lateral (
      select j.band, j.run_at from generate_series(0, 4) r(rank) cross join lateral (
        select j.band, j.run_at from portolan.jobs j where j.lane_id = x.lane_id and j.rank = r.rank and j.run_at <= v_now and j.band <> all (v_paused_bands)
          and (v_kinds is null or j.kind = any (v_kinds) and (v_versions is null or j.args_version <= coalesce(v_versions[array_position(v_kinds, j.kind)], 32767)))
        order by j.run_at, j.job_id limit 1) j limit 1) m on true
    where l.lane_id = x.lane_id and not exists (select 1 from portolan.leases le where le.lane_id = x.lane_id);
  end if;
end $$;


--
-- Name: FUNCTION claim_lanes(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.claim_lanes(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval) IS 'Leases up to p_n lanes of the wish list to a worker and hands over up to p_k due jobs of each; a row for each lane.';


--
-- Name: close_gate(text, text, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.close_gate(p_platform text, p_reason text, p_probe_interval interval DEFAULT '00:00:30'::interval) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_probe_interval is null or p_probe_interval <= interval '0' then
    raise exception 'probe_interval: must be more than 0' using errcode = 'invalid_parameter_value';
  end if;
  insert into portolan.gates (platform, reason, probe_interval) values (p_platform, p_reason, p_probe_interval)
  on conflict (platform) do update set reason = excluded.reason, probe_interval = excluded.probe_interval, opening_at = null, width = 1;
end $$;


--
-- Name: FUNCTION close_gate(p_platform text, p_reason text, p_probe_interval interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.close_gate(p_platform text, p_reason text, p_probe_interval interval) IS 'A platform is down: one lane per interval is let through, failures do not count, and after the first page that gets through the gate opens step by step.';


--
-- Name: close_gates(); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.close_gates() RETURNS text[]
    LANGUAGE plpgsql
    AS $$
declare v_now timestamptz := portolan.now(); r record; v_closed text[] := '{}';
begin
  for r in
    select f.platform, f.failing, p.running, f.code from (
      select c.platform, count(distinct e.connection_id) as failing, mode() within group (order by k.code) as code
      from portolan.error_cluster_connections e join portolan.error_clusters k using (cluster_id) join portolan.connections c on c.connection_id = e.connection_id
      where e.last_seen_at > v_now - interval '3 min' and k.fault = 'platform' and split_part(k.code, '.', 1) in ('platform', 'network', 'tls') and portolan.runs(c.state)
        and not exists (select from portolan.streams s where s.connection_id = c.connection_id and s.last_page_at >= e.last_seen_at)
      group by c.platform) f
    join (select c.platform, count(*) as running from portolan.connections c where portolan.runs(c.state) group by 1) p using (platform)
    where f.failing >= 3 and f.failing >= 0.3 * p.running and not exists (select from portolan.gates g where g.platform = f.platform)
  loop
    perform portolan.close_gate(r.platform, format('%s of %s connections fail with %s', r.failing, r.running, r.code));
    perform portolan.raise_alert('outage', 'platform:' || r.platform, 'warning', format('%s seems to be down: %s of %s connections fail with %s', r.platform, r.failing, r.running, r.code),
                                 jsonb_build_object('failing', r.failing, 'running', r.running, 'code', r.code));
    update portolan.jobs j set attempt = 0 where j.job_id = any (array(
      select j.job_id from portolan.lanes l join portolan.jobs j using (lane_id)
      where l.platform = r.platform and j.attempt > 0 and j.run_at > v_now and j.last_error->>'fault' = 'platform' for update of j skip locked));
    v_closed := v_closed || r.platform;
  end loop;
  update portolan.alerts a set resolved_at = v_now where a.rule = 'outage' and a.resolved_at is null
    and not exists (select from portolan.gates g where 'platform:' || g.platform = a.subject);
  return v_closed;
end $$;


--
-- Name: FUNCTION close_gates(); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.close_gates() IS 'Closes the gates of platforms that are down for many connections at once. Maintenance calls it. Answers which.';


--
-- Name: commit_page(bigint, uuid, bigint, bigint, text, text, text, text[], text[], timestamp with time zone[], timestamp with time zone[], timestamp with time zone[], bytea[], text[], boolean[], text[], text[], timestamp with time zone[], text[], jsonb[], jsonb, boolean, timestamp with time zone, jsonb, jsonb, text[], text[], jsonb[], jsonb); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.commit_page(p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text, p_resource text[], p_id text[], p_updated_at timestamp with time zone[], p_created_at timestamp with time zone[], p_fetched_at timestamp with time zone[], p_hash bytea[], p_payload text[], p_sanitised boolean[], p_gone_resource text[], p_gone_id text[], p_gone_at timestamp with time zone[], p_gone_source text[], p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_synced_through timestamp with time zone, p_degradation jsonb, p_sweep jsonb DEFAULT NULL::jsonb, p_seen_resource text[] DEFAULT '{}'::text[], p_seen_id text[] DEFAULT '{}'::text[], p_coverage jsonb[] DEFAULT '{}'::jsonb[], p_discoveries jsonb DEFAULT NULL::jsonb) RETURNS TABLE(held boolean, inserted integer, changed integer, unchanged integer, stale integer, deleted integer, cancel boolean, paused boolean, draining boolean, yield_wanted boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := portolan.now(); v_asked integer := 0; v_worker uuid; v_state text;
begin
  inserted := 0; changed := 0; unchanged := 0; stale := 0; deleted := 0;
  select p.cancel, p.paused, p.draining, p.yield_wanted into cancel, paused, draining, yield_wanted
  from portolan.prove(p_lane, p_token, p_job, coalesce(cardinality(p_id), 0)) p;
  held := found;
  if not held then return next; return; end if;

  if p_discoveries is not null then
    -- Before the stream, as whoever ends a job locks them.
    update portolan.connections c set settings = c.settings || p_discoveries where c.connection_id = p_connection and not c.settings @> p_discoveries;
  end if;

  if cardinality(p_id) > 0 then
    with input as materialized (
      select u.*, r.payload_hash as old_hash, r.deleted_at as old_deleted_at
      from unnest(p_resource, p_id, p_updated_at, p_created_at, p_fetched_at, p_hash, p_payload, p_sanitised)
        with ordinality u(resource, id, updated_at, created_at, fetched_at, hash, payload, sanitised, o)
      left join lateral (select r.payload_hash, r.deleted_at from portolan.raw_records r
                         where r.connection_id = p_connection and r.resource = u.resource and r.external_id = u.id limit 1) r on true),
    done as (
      insert into portolan.raw_records as t (connection_id, resource, external_id, platform, platform_created_at, platform_updated_at, payload, payload_hash,
                                             first_seen_at, changed_at, fetched_at, job_id, api_version, sanitised)
      select p_connection, i.resource, i.id, p_platform, i.created_at, i.updated_at, i.payload::jsonb, i.hash, v_now, v_now, i.fetched_at, p_job, p_api_version, i.sanitised
      from input i where i.old_hash is null or i.old_hash <> i.hash or i.old_deleted_at is not null
      order by i.o
      on conflict (connection_id, resource, external_id) do update set
        platform_created_at = excluded.platform_created_at, platform_updated_at = excluded.platform_updated_at, payload = excluded.payload,
        payload_hash = excluded.payload_hash, changed_at = excluded.changed_at, fetched_at = excluded.fetched_at, job_id = excluded.job_id,
        api_version = excluded.api_version, sanitised = excluded.sanitised, deleted_at = null, deletion_source = null
      where (coalesce(excluded.platform_updated_at, '-infinity'), excluded.fetched_at) >= (coalesce(t.platform_updated_at, '-infinity'), t.fetched_at)
        and (t.deleted_at is null or excluded.fetched_at >= t.deleted_at)
      returning (xmax = 0) as is_new)
    select count(*) filter (where i.old_hash is null or i.old_hash <> i.hash or i.old_deleted_at is not null),
           (select count(*) filter (where d.is_new) from done d), (select count(*) filter (where not d.is_new) from done d)
    into v_asked, inserted, changed from input i;
    unchanged := cardinality(p_id) - v_asked;
    stale := v_asked - inserted - changed;
  end if;

  if cardinality(p_gone_id) > 0 then
    -- Locked in order, as the records are.
    with gone as materialized (
      select r.ctid as row_at, g.at, g.source
      from (select distinct on (u.resource collate "C", u.id collate "C") u.* from unnest(p_gone_resource, p_gone_id, p_gone_at, p_gone_source) u(resource, id, at, source)
            order by u.resource collate "C", u.id collate "C") g
      cross join lateral (select r.ctid from portolan.raw_records r where r.connection_id = p_connection and r.resource = g.resource
                          and r.external_id = g.id and r.deleted_at is null limit 1 for update) r)
    update portolan.raw_records r set deleted_at = g.at, deletion_source = g.source, changed_at = v_now from gone g where r.ctid = g.row_at;
    get diagnostics deleted = row_count;
  end if;

  if p_sweep is not null then
    deleted := deleted + portolan.note_sweep(p_connection, p_stream, p_job, p_sweep, p_resource || p_seen_resource, p_id || p_seen_id);
  end if;
  if cardinality(p_coverage) > 0 then perform portolan.note_coverage(p_connection, p_job, p_coverage); end if;

  if cardinality(p_errors) > 0 then
    select le.worker_id into v_worker from portolan.leases le where le.lane_id = p_lane;
    perform portolan.record_errors(p_connection, p_stream, p_job, v_worker, p_errors);
  end if;

  update portolan.streams s set
    cursor = p_cursor, last_page_at = v_now, pages_count = s.pages_count + 1, records_count = s.records_count + coalesce(cardinality(p_id), 0),
    caught_up_at = case when p_caught_up then v_now else s.caught_up_at end,
    first_caught_up_at = case when p_caught_up then coalesce(s.first_caught_up_at, v_now) else s.first_caught_up_at end,
    synced_through = greatest(s.synced_through, p_synced_through),
    next_due_at = case when s.state = 'blocked' then coalesce(s.next_due_at, v_now + s.interval) else s.next_due_at end,
    successes = case when p_caught_up then least(s.successes + 1, 2)::smallint else s.successes end,
    state = n.state, state_code = p_degradation->>'code', state_message = p_degradation->>'message',
    state_since = case when s.state is distinct from n.state then v_now else s.state_since end
  from (select case when p_degradation is not null and (p_caught_up or o.first_caught_up_at is not null) then 'degraded'
                    when p_caught_up or o.first_caught_up_at is not null then 'in_sync' else 'reading' end as state
        from portolan.streams o where o.connection_id = p_connection and o.resource = p_stream) n
  where s.connection_id = p_connection and s.resource = p_stream;

  -- It answers: what was counted against its health no longer is. A connection that somebody else holds is looked at with the next page.
  select c.state into v_state from portolan.connections c
  where c.connection_id = p_connection and (c.net_failures > 0 or c.limited_since is not null or c.state in ('pending', 'degraded', 'rate_limited') and p_caught_up);
  if found then perform portolan.note_progress(p_connection, p_caught_up); end if;
  return next;
end $$;


--
-- Name: FUNCTION commit_page(p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text, p_resource text[], p_id text[], p_updated_at timestamp with time zone[], p_created_at timestamp with time zone[], p_fetched_at timestamp with time zone[], p_hash bytea[], p_payload text[], p_sanitised boolean[], p_gone_resource text[], p_gone_id text[], p_gone_at timestamp with time zone[], p_gone_source text[], p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_synced_through timestamp with time zone, p_degradation jsonb, p_sweep jsonb, p_seen_resource text[], p_seen_id text[], p_coverage jsonb[], p_discoveries jsonb); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.commit_page(p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text, p_resource text[], p_id text[], p_updated_at timestamp with time zone[], p_created_at timestamp with time zone[], p_fetched_at timestamp with time zone[], p_hash bytea[], p_payload text[], p_sanitised boolean[], p_gone_resource text[], p_gone_id text[], p_gone_at timestamp with time zone[], p_gone_source text[], p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_synced_through timestamp with time zone, p_degradation jsonb, p_sweep jsonb, p_seen_resource text[], p_seen_id text[], p_coverage jsonb[], p_discoveries jsonb) IS 'One page in one transaction: proof of the lease, records, deletions, flags, cursor, progress.';


--
-- Name: complete_refresh(bigint, uuid, bigint, text, bytea, interval, interval, interval, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.complete_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_key text, p_sealed bytea, p_refresh_in interval, p_expires_in interval, p_refresh_expires_in interval, p_idle_in interval) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare t portolan.connection_tokens; v_now timestamptz := portolan.now(); v_name text; v_is_other boolean;
begin
  select c.name into v_name from portolan.connections c where c.connection_id = p_connection for no key update;
  select * into t from portolan.connection_tokens c where c.connection_id = p_connection for update;
  if not found then return 'gone'; end if;
  if t.issued_by = p_refresh then return 'stored'; end if;
  if t.generation <> p_generation then
    update portolan.connection_tokens c set state = 'idle' where c.connection_id = p_connection and c.state = 'refreshing' and c.refresh_id = p_refresh;
    return 'superseded';
  end if;
  v_is_other := t.state = 'refreshing' and t.refresh_id <> p_refresh and t.refreshing_until > v_now;
  update portolan.connection_tokens c set generation = t.generation + 1, key_id = p_key, sealed = p_sealed, issued_at = v_now, issued_by = p_refresh,
    refresh_at = v_now + p_refresh_in, expires_at = v_now + p_expires_in, refresh_expires_at = v_now + p_refresh_expires_in, idle_at = v_now + p_idle_in,
    state = case when v_is_other then 'refreshing' else 'idle' end,
    interruptions = 0, doubtful_since = null, failures = 0, failing_since = null, not_before = null, error_code = null, error_message = null
  where c.connection_id = p_connection;
  -- Another refresh was refused because this one had used the token up: the connection is well.
  if t.state = 'rejected' and exists (select from portolan.connections c where c.connection_id = p_connection and c.state = 'needs_reauth' and c.state_code = t.error_code) then
    perform portolan.resume_connection(v_name);
  end if;
  return 'stored';
end $$;


--
-- Name: FUNCTION complete_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_key text, p_sealed bytea, p_refresh_in interval, p_expires_in interval, p_refresh_expires_in interval, p_idle_in interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.complete_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_key text, p_sealed bytea, p_refresh_in interval, p_expires_in interval, p_refresh_expires_in interval, p_idle_in interval) IS 'Ends a refresh with the tokens it brought. Called before anybody uses them.';


--
-- Name: connection_event(bigint, text, text, text, bigint, text, timestamp with time zone); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.connection_event(p_connection bigint, p_event text, p_code text DEFAULT NULL::text, p_message text DEFAULT NULL::text, p_error_id bigint DEFAULT NULL::bigint, p_by text DEFAULT NULL::text, p_until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS text
    LANGUAGE plpgsql
    AS $$
declare v_now timestamptz := portolan.now(); c portolan.connections; t portolan.health_transitions; v_ran boolean; v_runs boolean;
begin
  select * into c from portolan.connections x where x.connection_id = p_connection for no key update;
  if not found then return null; end if;
  select * into t from portolan.health_transitions x where x.from_state = c.state and x.event = p_event;
  if not found then
    raise exception 'event: there is no event %', quote_nullable(p_event) using errcode = 'invalid_parameter_value';
  end if;
  if t.condition is not null and exists (select from portolan.streams s where s.connection_id = p_connection
      and (s.state in ('failing', 'blocked') or s.first_caught_up_at is null or t.condition = 'every_stream_twice' and s.successes < 2)) then
    return c.state;
  end if;
  v_ran := portolan.runs(c.state);
  v_runs := portolan.runs(t.to_state);
  if t.to_state = c.state then
    -- The newest reason, and how the probes go on.
    if p_event in ('auth', 'block', 'net', 'limit') and c.state <> 'disabled' then
      update portolan.connections x set state_code = coalesce(p_code, x.state_code), state_message = coalesce(p_message, x.state_message), state_error_id = coalesce(p_error_id, x.state_error_id),
        state_until = case when x.state = 'rate_limited' then p_until else x.state_until end where x.connection_id = p_connection;
    end if;
    return c.state;
  end if;
  update portolan.connections x set state = t.to_state, state_since = v_now, state_by = p_by, probes_count = 0,
    state_code = case when p_event in ('ok', 'on', 'relink') then null else p_code end, state_message = case when p_event in ('ok', 'on', 'relink') then null else p_message end,
    state_error_id = case when p_event in ('ok', 'on', 'relink') then null else p_error_id end,
    state_until = case when t.to_state = 'rate_limited' then p_until end,
    limited_since = case when p_event in ('ok', 'on', 'relink') then null else x.limited_since end,
    net_failures = case when p_event in ('ok', 'on', 'relink') then 0 else x.net_failures end, net_since = case when p_event in ('ok', 'on', 'relink') then null else x.net_since end,
    next_probe_at = v_now + portolan.probe_pause(t.to_state, 0)
  where x.connection_id = p_connection;
  insert into portolan.connection_events (connection_id, occurred_at, event, from_state, to_state, code, message, error_id, changed_by)
  values (p_connection, v_now, p_event, c.state, t.to_state, p_code, p_message, p_error_id, p_by);
  if t.to_state in ('needs_reauth', 'blocked') then
    perform portolan.raise_alert('connection_action', 'connection:' || p_connection, 'warning', format('connection %s is %s: %s', c.name, t.to_state, coalesce(p_message, p_code, 'no reason given')),
                                 jsonb_build_object('connection_id', p_connection, 'code', p_code));
  elsif c.state in ('needs_reauth', 'blocked') then
    perform portolan.end_alert('connection_action', 'connection:' || p_connection);
  end if;
  if v_ran and not v_runs then
    -- Its jobs wait where they are; nothing of it is claimed but a probe.
    update portolan.lanes l set paused_at = coalesce(l.paused_at, v_now) from (
      select x.lane_id from portolan.lanes x where x.connection_id = p_connection and x.family <> 'probe' order by x.lane_id for update) x where l.lane_id = x.lane_id;
  elsif v_runs and not v_ran then
    -- Back to work a lane at a time, over half a minute; what is due over the next minutes, so that many that heal at once do not come as one.
    update portolan.lanes l set paused_at = null, next_at = case when l.state = 'ready' and p_event = 'ok' then greatest(l.next_at, v_now + random() * interval '30 s') else l.next_at end
    from (select x.lane_id from portolan.lanes x where x.connection_id = p_connection and x.family <> 'probe' and x.paused_at is not null order by x.lane_id for update) x
    where l.lane_id = x.lane_id and not exists (select from portolan.pauses p where p.scope = 'connection' and p.name = p_connection::text);
    update portolan.streams s set
      next_due_at = v_now + case when p_event = 'ok' then random() * least(s.interval, interval '5 min') else interval '0' end,
      state = case when s.state in ('blocked', 'failing') then case when s.first_caught_up_at is null then 'reading' else 'in_sync' end else s.state end,
      state_code = null, state_message = null, successes = 0
    where s.connection_id = p_connection;
  end if;
  return t.to_state;
end $$;


--
-- Name: FUNCTION connection_event(p_connection bigint, p_event text, p_code text, p_message text, p_error_id bigint, p_by text, p_until timestamp with time zone); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.connection_event(p_connection bigint, p_event text, p_code text, p_message text, p_error_id bigint, p_by text, p_until timestamp with time zone) IS 'Something happened to a connection: moves its health as health_transitions says, with history, alert, and what follows for its lanes and streams. Answers the state.';


--
-- Name: copy_columns(text, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.copy_columns(p_entity text, p_view text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select string_agg(case when v.attname is null then format('null::%s', format_type(u.atttypid, u.atttypmod)) else quote_ident(u.attname) end, ', ' order by u.attnum)
  from pg_attribute u
  left join pg_attribute v on v.attrelid = to_regclass(p_view) and v.attname = u.attname and v.attnum > 0 and not v.attisdropped
  where u.attrelid = to_regclass('unified.' || quote_ident(p_entity)) and u.attnum > 0 and not u.attisdropped $$;


--
-- Name: FUNCTION copy_columns(p_entity text, p_view text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.copy_columns(p_entity text, p_view text) IS 'The select list that gives a platform''s view the columns of its unified entity.';


--
-- Name: now(); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.now() RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(nullif(pg_catalog.current_setting('portolan.now', true), '')::timestamptz, pg_catalog.now()) $$;


--
-- Name: FUNCTION now(); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.now() IS 'The one clock: the database''s, or the session setting portolan.now in tests. Start of the transaction.';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: copy_sources; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.copy_sources (
    source_id integer NOT NULL,
    entity text NOT NULL COLLATE pg_catalog."C",
    view_name text NOT NULL COLLATE pg_catalog."C",
    platform text NOT NULL COLLATE pg_catalog."C",
    follows jsonb NOT NULL,
    checksum text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    CONSTRAINT copy_sources_follows_check CHECK ((jsonb_typeof(follows) = 'object'::text))
);


--
-- Name: TABLE copy_sources; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.copy_sources IS 'The platforms'' views that feed each unified entity, as migrate found them.';


--
-- Name: COLUMN copy_sources.source_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_sources.source_id IS 'Stands in every row of a copy that came from this view.';


--
-- Name: COLUMN copy_sources.entity; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_sources.entity IS 'The unified entity, e.g. commerce_orders.';


--
-- Name: COLUMN copy_sources.view_name; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_sources.view_name IS 'The platform''s view, with its schema.';


--
-- Name: COLUMN copy_sources.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_sources.platform IS 'Key of the platform.';


--
-- Name: COLUMN copy_sources.follows; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_sources.follows IS 'Resource to column: when raw records of the resource change, which column of the view finds the rows that may have changed, by the record''s id up to the first slash.';


--
-- Name: COLUMN copy_sources.checksum; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_sources.checksum IS 'SHA-256 of the texts the view is made from: view, functions, contract.';


--
-- Name: COLUMN copy_sources.version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_sources.version IS 'Counts the texts: one more whenever the checksum is another. Rows of an older version are made anew.';


--
-- Name: COLUMN copy_sources.changed_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_sources.changed_at IS 'When the text last changed.';


--
-- Name: copy_rows(portolan.copy_sources, bigint, text, text[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.copy_rows(p_source portolan.copy_sources, p_connection bigint, p_column text DEFAULT NULL::text, p_roots text[] DEFAULT NULL::text[]) RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $_$
declare v_rows bigint; v_view text := (p_source.view_name::regclass)::text; v_list text := portolan.copy_columns(p_source.entity, p_source.view_name);
begin
  -- By a column that the view has and the copy has not, its old rows cannot be found.
  if p_column is null or not exists (select from pg_attribute a where a.attrelid = format('store.%I', p_source.entity)::regclass and a.attname = p_column) then
    execute format('delete from store.%I where connection_id = $1 and copy_source = $2', p_source.entity) using p_connection, p_source.source_id;
    execute format('insert into store.%I select %s, $2, $3 from %s where connection_id = $1', p_source.entity, v_list, v_view)
      using p_connection, p_source.source_id, p_source.version;
  else
    execute format('delete from store.%I where connection_id = $1 and copy_source = $2 and %I collate "C" = any ($3)', p_source.entity, p_column)
      using p_connection, p_source.source_id, p_roots;
    execute format('insert into store.%I select %s, $2, $3 from %s where connection_id = $1 and %I collate "C" = any ($4)', p_source.entity, v_list, v_view, p_column)
      using p_connection, p_source.source_id, p_source.version, p_roots;
  end if;
  get diagnostics v_rows = row_count;
  return v_rows;
end $_$;


--
-- Name: FUNCTION copy_rows(p_source portolan.copy_sources, p_connection bigint, p_column text, p_roots text[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.copy_rows(p_source portolan.copy_sources, p_connection bigint, p_column text, p_roots text[]) IS 'Makes rows of a copy anew from a view, as a set: what the view no longer shows goes. Answers how many there are now.';


--
-- Name: cron_field(text, text, integer, integer, text[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[] DEFAULT '{}'::text[]) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
declare v_values integer[] := '{}'; v_item text; v_part text; v_parts text[]; v_value integer; v_low integer; v_high integer; v_step integer; v_bad text;
begin
  foreach v_item in array string_to_array(upper(p_text), ',') loop
    v_parts := regexp_match(v_item, '^(?:\*|([0-9]{1,2}|[A-Z]{3})(?:-([0-9]{1,2}|[A-Z]{3}))?)(?:/([0-9]{1,2}))?$');
    v_low := p_min; v_high := p_max; v_step := coalesce(v_parts[3]::integer, 1); v_bad := null;
    if v_parts is null then
      v_bad := format('%s is none of *, a value, a range as in 1-5, a step as in */2, or a list of these with commas', quote_literal(v_item));
    else
      for v_i in 1..2 loop
        v_part := v_parts[v_i];
        continue when v_part is null;
        v_value := case when v_part ~ '^[0-9]' then v_part::integer else array_position(p_names, v_part) + p_min - 1 end;
        if v_value is null or v_value not between p_min and p_max then
          v_bad := format('%s is not one of %s to %s', quote_literal(v_part), p_min, p_max) || coalesce(' or ' || nullif(array_to_string(p_names, ', '), ''), '');
          exit;
        end if;
        -- A week's range may end on Sunday by name.
        if v_i = 1 then v_low := v_value; v_high := v_value;
        else v_high := case when v_part = 'SUN' and v_low > 0 then 7 else v_value end; end if;
      end loop;
      v_bad := coalesce(v_bad, case
        when v_low > v_high then format('%s runs backwards; write %s-%s,%s-%s', quote_literal(v_item), v_low, p_max, p_min, v_high)
        when v_parts[3] is not null and v_parts[1] is not null and v_parts[2] is null then format('%s has a step and no range; write %s-%s/%s', quote_literal(v_item), v_low, p_max, v_step)
        when v_step not between 1 and p_max - p_min then format('%s has a step that is not one of 1 to %s', quote_literal(v_item), p_max - p_min) end);
    end if;
    if v_bad is not null then
      raise exception 'cron.%: %', p_field, v_bad using errcode = 'invalid_parameter_value';
    end if;
    v_values := v_values || array(select generate_series(v_low, v_high, v_step));
  end loop;
  return array(select distinct case when p_field = 'day_of_week' then v % 7 else v end from unnest(v_values) v order by 1);
end $_$;


--
-- Name: FUNCTION cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[]) IS 'The values one field of a cron expression stands for. Refuses what it does not understand, with the fix.';


--
-- Name: cron_minute(integer[], integer[], integer[], integer[], integer[], boolean, timestamp without time zone, timestamp without time zone); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[], p_either boolean, p_from timestamp without time zone, p_until timestamp without time zone) RETURNS timestamp without time zone
    LANGUAGE plpgsql IMMUTABLE
    AS $$
declare v_day timestamp := date_trunc('day', p_from); v_hour integer := extract(hour from p_from); v_minute integer := extract(minute from p_from); h integer; m integer; v_in_month boolean; v_in_week boolean;
begin
  while v_day <= p_until loop
    if extract(month from v_day)::integer = any (p_months) then
      v_in_month := extract(day from v_day)::integer = any (p_days);
      v_in_week := extract(dow from v_day)::integer = any (p_weekdays);
      if (v_in_month and v_in_week) or (p_either and (v_in_month or v_in_week)) then
        foreach h in array p_hours loop
          continue when h < v_hour;
          foreach m in array p_minutes loop
            continue when h = v_hour and m < v_minute;
            v_day := v_day + make_interval(hours => h, mins => m);
            return case when v_day <= p_until then v_day end;
          end loop;
        end loop;
      end if;
      v_day := v_day + interval '1 day';
    else
      v_day := date_trunc('month', v_day) + interval '1 month';
    end if;
    v_hour := 0; v_minute := 0;
  end loop;
  return null;
end $$;


--
-- Name: FUNCTION cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[], p_either boolean, p_from timestamp without time zone, p_until timestamp without time zone); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[], p_either boolean, p_from timestamp without time zone, p_until timestamp without time zone) IS 'The first minute on the calendar that the values of a cron expression allow; NULL when there is none until then.';


--
-- Name: cron_next(text, text, timestamp with time zone); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.cron_next(p_cron text, p_zone text, p_after timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE STRICT
    AS $$
declare
  v_cron text[] := regexp_split_to_array(btrim(case lower(btrim(p_cron)) when '@hourly' then '0 * * * *' when '@daily' then '0 0 * * *'
                                               when '@weekly' then '0 0 * * 0' when '@monthly' then '0 0 1 * *' else p_cron end, E' \t'), E'[ \t]+');
  v_minutes integer[]; v_hours integer[]; v_days integer[]; v_months integer[]; v_weekdays integer[]; v_either boolean; v_is_real boolean;
  v_after timestamp := p_after at time zone 'UTC'; v_local timestamp; v_until timestamp; v_back interval; v_slot timestamp; v_at timestamp; v_first timestamp;
  v_low timestamp; v_high timestamp; v_again timestamp;
begin
  if cardinality(v_cron) <> 5 then
    raise exception 'cron: % has % fields; write five (minute, hour, day of month, month, day of week) or @hourly, @daily, @weekly, @monthly', quote_literal(p_cron), cardinality(v_cron)
      using errcode = 'invalid_parameter_value';
  end if;
  v_minutes := portolan.cron_field('minute', v_cron[1], 0, 59);
  v_hours := portolan.cron_field('hour', v_cron[2], 0, 23);
  v_days := portolan.cron_field('day_of_month', v_cron[3], 1, 31);
  v_months := portolan.cron_field('month', v_cron[4], 1, 12, '{JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC}');
  v_weekdays := portolan.cron_field('day_of_week', v_cron[5], 0, 7, '{SUN,MON,TUE,WED,THU,FRI,SAT}');
  v_either := left(v_cron[3], 1) <> '*' and left(v_cron[5], 1) <> '*';
  v_is_real := v_cron[2] ~ '[*/]';
  if not isfinite(p_after) then return null; end if;
  v_local := p_after at time zone p_zone;
  v_until := v_local + interval '8 years';

  -- In real time, minutes the clock has shown already may come again. How far the clock goes back within a day:
  v_back := v_local - ((v_after + interval '24 hours') at time zone 'UTC' at time zone p_zone - interval '24 hours');
  if v_is_real and v_back > interval '0' then
    v_slot := date_trunc('minute', v_local - v_back);
    loop
      v_slot := portolan.cron_minute(v_minutes, v_hours, v_days, v_months, v_weekdays, v_either, v_slot + interval '1 minute', v_local);
      exit when v_slot is null;
      v_again := v_after + (v_slot - v_local) + v_back;
      exit when v_again > v_after and v_again at time zone 'UTC' at time zone p_zone = v_slot;
    end loop;
    if v_slot is null then v_again := null; end if;
  end if;

  v_slot := date_trunc('minute', v_local);
  loop
    v_slot := portolan.cron_minute(v_minutes, v_hours, v_days, v_months, v_weekdays, v_either, v_slot + interval '1 minute', v_until);
    exit when v_slot is null;
    -- Of a time that comes twice PostgreSQL gives the second; one that is skipped it takes for the clock of before the gap.
    v_at := v_slot at time zone p_zone at time zone 'UTC';
    v_local := v_at at time zone 'UTC' at time zone p_zone;
    if v_local = v_slot then
      v_first := (v_at - interval '24 hours') at time zone 'UTC' at time zone p_zone + interval '24 hours';      -- what a clock that was not changed since yesterday shows
      v_first := v_at - (v_first - v_slot);
      if v_first < v_at and v_first at time zone 'UTC' at time zone p_zone = v_slot and (v_first > v_after or not v_is_real) then v_at := v_first; end if;
    else
      continue when v_is_real;
      -- The end of the gap: the first second whose local time is not before the slot.
      v_low := v_at - (v_local - v_slot); v_high := v_at;
      while v_high - v_low > interval '1 second' loop
        v_at := v_low + date_trunc('second', (v_high - v_low) / 2);
        if v_at at time zone 'UTC' at time zone p_zone >= v_slot then v_high := v_at; else v_low := v_at; end if;
      end loop;
      v_at := v_high;
    end if;
    exit when v_at > v_after;
  end loop;
  return least(v_again, case when v_slot is not null then v_at end) at time zone 'UTC';
end $$;


--
-- Name: FUNCTION cron_next(p_cron text, p_zone text, p_after timestamp with time zone); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.cron_next(p_cron text, p_zone text, p_after timestamp with time zone) IS 'The next time after an instant at which a cron expression fires by the clocks of a zone; NULL when it does not within 8 years.';


--
-- Name: define_kind(text, jsonb, text[], integer, integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.define_kind(p_kind text, p_fields jsonb DEFAULT '{}'::jsonb, p_required text[] DEFAULT '{}'::text[], p_version integer DEFAULT 1, p_max_attempts integer DEFAULT 8) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare v_bad text;
begin
  select e.key into v_bad from jsonb_each(p_fields) e
  where jsonb_typeof(e.value) <> 'string' or e.value #>> '{}' not in ('string', 'number', 'boolean', 'object', 'array') limit 1;
  if found then
    raise exception 'fields.%: a field''s type is one of string, number, boolean, object, array', v_bad using errcode = 'invalid_parameter_value';
  end if;
  -- Arguments are stored in the open and shown to whoever looks: credentials belong to the connection.
  select k into v_bad from jsonb_object_keys(p_fields) k where k ~* '(passw|secret|token|credential|api_?key|private_?key|authorization|cookie)' limit 1;
  if found then
    raise exception 'fields.%: a job''s arguments never hold secrets; keep it with the connection''s credentials', v_bad using errcode = 'invalid_parameter_value';
  end if;
  select r into v_bad from unnest(p_required) r where not p_fields ? r limit 1;
  if found then
    raise exception 'required: % is not among the fields', quote_literal(v_bad) using errcode = 'invalid_parameter_value';
  end if;
  insert into portolan.job_kinds (kind, args_version, fields, required, max_attempts, names, type_check)
  select p_kind, p_version, p_fields, p_required, p_max_attempts, coalesce(array_agg(e.key) filter (where e.key is not null), '{}'),
         coalesce(string_agg(case when e.key is null then null when e.key = any (p_required) then format('$.%1$s.type() == "%2$s"', to_json(e.key), e.value)
                                  else format('(!exists($.%1$s) || $.%1$s.type() == "%2$s" || $.%1$s.type() == "null")', to_json(e.key), e.value) end, ' && '), '1 == 1')::jsonpath
  from (select 1) one left join jsonb_each_text(p_fields) e on true
  on conflict (kind, args_version) do update set fields = excluded.fields, required = excluded.required, max_attempts = excluded.max_attempts,
    names = excluded.names, type_check = excluded.type_check;
end $_$;


--
-- Name: FUNCTION define_kind(p_kind text, p_fields jsonb, p_required text[], p_version integer, p_max_attempts integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.define_kind(p_kind text, p_fields jsonb, p_required text[], p_version integer, p_max_attempts integer) IS 'Declares a kind of job, or a version of its arguments: the fields with their JSON types and which are required.';


--
-- Name: disable_copy(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.disable_copy(p_entity text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET lock_timeout TO '10s'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform portolan.hold_copies();
  delete from portolan.copies e where e.entity = p_entity;
  if not found then return false; end if;
  execute format('drop table if exists store.%I', p_entity);
  delete from portolan.copy_connections k using portolan.copy_sources s where s.entity = p_entity and k.source_id = s.source_id;
  if not exists (select from portolan.copies) then
    drop trigger if exists copies_insert on portolan.raw_records;
    drop trigger if exists copies_update on portolan.raw_records;
    drop trigger if exists copies_delete on portolan.raw_records;
    drop trigger if exists copies_truncate on portolan.raw_records;
    delete from portolan.copy_changes;
  end if;
  return true;
end $$;


--
-- Name: FUNCTION disable_copy(p_entity text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.disable_copy(p_entity text) IS 'Switches the copy of an entity off and drops it. False when it was not on.';


--
-- Name: draw_quota(text, text, text, time without time zone, text, interval, bigint, bigint, bigint, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.draw_quota(p_platform text, p_owner text, p_bucket text, p_time time without time zone, p_zone text, p_every interval, p_allowed bigint, p_chunk bigint, p_rest bigint DEFAULT NULL::bigint, p_ends_in interval DEFAULT NULL::interval, OUT drawn bigint, OUT period double precision, OUT closes_us double precision, OUT opens_us double precision, OUT rest bigint, OUT blocked_us double precision) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := portolan.now();
  v_edge interval := least(interval '2 s', coalesce(p_every, interval '1 day') / 50);
  v_row portolan.quotas;
  v_start timestamptz; v_end timestamptz;
begin
  if (p_every is null) = (p_time is null or p_zone is null) then
    raise exception 'draw_quota: give a time and a zone, or a length' using errcode = 'invalid_parameter_value';
  end if;
  -- A draw that a crash of the database takes back would be given twice.
  perform pg_catalog.set_config('synchronous_commit', 'on', true);
  insert into portolan.quotas (platform, owner, bucket) values (p_platform, p_owner, p_bucket) on conflict do nothing;
  select * into strict v_row from portolan.quotas q
  where q.platform = p_platform and q.owner = p_owner and q.bucket = p_bucket for update;
  select p.period_start, p.period_end into v_start, v_end
  from portolan.quota_period(v_now, v_edge, p_time, p_zone, p_every, v_row.period_start, v_row.period_end) p;
  if v_row.period_start is distinct from v_start then v_row.drawn := 0; end if;
  if p_rest is not null then v_row.drawn := greatest(v_row.drawn, p_allowed - p_rest); end if;
  if p_ends_in is not null and p_every is not null then v_end := v_now + p_ends_in; end if;
  drawn := 0;
  if v_now < v_end - v_edge and coalesce(v_row.blocked_until <= v_now, true) then
    drawn := greatest(0, least(p_chunk, p_allowed - v_row.drawn));
  end if;
  v_row.drawn := v_row.drawn + drawn;
  update portolan.quotas q set period_start = v_start, period_end = v_end, drawn = v_row.drawn, allowed = p_allowed
  where q.platform = p_platform and q.owner = p_owner and q.bucket = p_bucket
    and (q.period_start, q.period_end, q.drawn, q.allowed) is distinct from (v_start, v_end, v_row.drawn, p_allowed);
  period := trunc(extract(epoch from v_start) * 1000000);
  closes_us := trunc(extract(epoch from v_end - v_edge - v_now) * 1000000);
  opens_us := trunc(extract(epoch from v_end + v_edge - v_now) * 1000000);
  rest := greatest(0, p_allowed - v_row.drawn);
  blocked_us := coalesce(greatest(0, trunc(extract(epoch from v_row.blocked_until - v_now) * 1000000)), 0);
end $$;


--
-- Name: FUNCTION draw_quota(p_platform text, p_owner text, p_bucket text, p_time time without time zone, p_zone text, p_every interval, p_allowed bigint, p_chunk bigint, p_rest bigint, p_ends_in interval, OUT drawn bigint, OUT period double precision, OUT closes_us double precision, OUT opens_us double precision, OUT rest bigint, OUT blocked_us double precision); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.draw_quota(p_platform text, p_owner text, p_bucket text, p_time time without time zone, p_zone text, p_every interval, p_allowed bigint, p_chunk bigint, p_rest bigint, p_ends_in interval, OUT drawn bigint, OUT period double precision, OUT closes_us double precision, OUT opens_us double precision, OUT rest bigint, OUT blocked_us double precision) IS 'Draws requests of a quota''s current period from the ledger, and says what is left and when it ends.';


--
-- Name: drop_days(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.drop_days(p_table text) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
declare v_name text; v_until timestamptz; v_dropped integer := 0; v_needed boolean;
begin
  select portolan.now() - r.keep into v_until from portolan.retention r where r.table_name = p_table;
  for v_name in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = ('portolan.' || quote_ident(p_table))::regclass and c.relname ~ ('^' || p_table || '_[0-9]{8}$') order by 1 loop
    exit when (to_date(right(v_name, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' > v_until;
    -- Somebody else may be at it.
    execute format('lock table portolan.%I in share update exclusive mode', p_table);
    continue when to_regclass('portolan.' || v_name) is null;
    v_needed := false;
    if p_table = 'job_history' then
      execute format('select exists (select from portolan.%I h join portolan.jobs p on p.job_id = h.parent_job_id)', v_name) into v_needed;
    end if;
    continue when v_needed;
    execute format('lock table portolan.%I in access exclusive mode', p_table);
    execute format('drop table portolan.%I', v_name);
    v_dropped := v_dropped + 1;
  end loop;
  return v_dropped;
end $_$;


--
-- Name: FUNCTION drop_days(p_table text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.drop_days(p_table text) IS 'Drops the days of a table that are older than its retention. Answers how many.';


--
-- Name: drop_error_rule(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.drop_error_rule(p_rule text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from portolan.error_rules where rule_id = p_rule;
  if not found then return false; end if;
  update portolan.error_rules_version set version = version + 1;
  return true;
end $$;


--
-- Name: FUNCTION drop_error_rule(p_rule text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.drop_error_rule(p_rule text) IS 'Removes an error rule. Answers whether there was one.';


--
-- Name: enable_copy(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.enable_copy(p_entity text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET lock_timeout TO '10s'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_seeded integer; v_made boolean;
begin
  if not exists (select from portolan.copy_sources s where s.entity = p_entity) then
    raise exception 'entity: there is no %, or no platform feeds it', quote_nullable(p_entity) using errcode = 'invalid_parameter_value', hint = 'select distinct entity from portolan.copy_sources';
  end if;
  perform portolan.hold_copies();
  insert into portolan.copies (entity) values (p_entity) on conflict do nothing;
  get diagnostics v_seeded = row_count;
  if v_seeded = 0 then return 0; end if;
  perform portolan.make_copy(p_entity);
  -- Waits for the writers that are under way, who note nothing, and lets no new one begin: what is noted from here on and what the first
  -- filling sees leave nothing out between them.
  if not exists (select from pg_trigger t where t.tgrelid = 'portolan.raw_records'::regclass and t.tgname = 'copies_insert') then
    lock table portolan.raw_records in share row exclusive mode;
    create trigger copies_insert after insert on portolan.raw_records referencing new table as changed for each statement execute function portolan.note_copy_changes();
    create trigger copies_update after update on portolan.raw_records referencing new table as changed for each statement execute function portolan.note_copy_changes();
    create trigger copies_delete after delete on portolan.raw_records referencing old table as changed for each statement execute function portolan.note_copy_changes();
    create trigger copies_truncate after truncate on portolan.raw_records for each statement execute function portolan.note_copy_changes();
  end if;
  v_seeded := portolan.seed_copies(array(select s.source_id from portolan.copy_sources s where s.entity = p_entity));
  perform portolan.apply_grants();
  return v_seeded;
end $$;


--
-- Name: FUNCTION enable_copy(p_entity text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.enable_copy(p_entity text) IS 'Switches the copy of an entity on; maintenance fills it. Answers how many connections there are to do, 0 when it was on.';


--
-- Name: end_alert(text, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.end_alert(p_rule text, p_subject text) RETURNS boolean
    LANGUAGE sql
    AS $$
  with ended as (update portolan.alerts a set resolved_at = portolan.now() where a.rule = p_rule and a.subject = p_subject and a.resolved_at is null returning 1)
  select exists (select from ended) $$;


--
-- Name: FUNCTION end_alert(p_rule text, p_subject text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.end_alert(p_rule text, p_subject text) IS 'Ends an open alert: it is no longer so. Answers whether there was one.';


--
-- Name: end_parents(bigint[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.end_parents(p_parents bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare v_now timestamptz := portolan.now(); v_lane bigint[];
begin
  with ended as (
    delete from portolan.jobs p using (select distinct x from unnest(p_parents) x) x(job_id)
    where p.job_id = x.job_id and p.run_at = 'infinity' and not exists (select from portolan.jobs c where c.parent_job_id = p.job_id)
    returning p.*),
  kept as (
    insert into portolan.job_history (job_id, connection_id, lane_id, created_at, finished_at, attempt, snoozes, rescues, outcome,
                                      pages_count, args_version, records_count, parent_job_id, band, kind, dedupe_key, args, error, runs)
    select p.job_id, p.connection_id, p.lane_id, p.created_at, v_now, p.attempt, p.snoozes, p.rescues,
           case when c.failed > 0 then 'failed' when c.cancelled > 0 or p.cancel_at is not null then 'cancelled' else 'done' end,
           p.pages_count, p.args_version, p.records_count, p.parent_job_id, p.band, p.kind, p.dedupe_key, p.args,
           case when c.failed > 0 then coalesce(c.error, '{}') || jsonb_build_object('failed_children', c.failed) end, p.runs
    from ended p cross join lateral (
      select count(*) filter (where h.outcome in ('failed', 'poison')) as failed, count(*) filter (where h.outcome = 'cancelled') as cancelled,
             (array_agg(h.error order by h.finished_at, h.job_id) filter (where h.outcome in ('failed', 'poison')))[1] as error
      from portolan.job_history h where h.parent_job_id = p.job_id) c
    returning lane_id)
  select array_agg(distinct k.lane_id) into v_lane from kept k;
  if v_lane is not null then
    update portolan.lanes l set
      state = case when h.run_at is null then 'idle' else 'ready' end, band = coalesce(h.band, l.band), head_at = h.run_at,
      next_at = case when h.run_at is not null then greatest(h.run_at, l.next_at) end
    from unnest(v_lane) x(lane_id) left join lateral portolan.lane_head(x.lane_id, v_now) h on true
    where l.lane_id = x.lane_id and l.state = 'ready' and l.next_at = 'infinity';
  end if;
end $$;


--
-- Name: FUNCTION end_parents(p_parents bigint[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.end_parents(p_parents bigint[]) IS 'Ends parents that have no live child any more: failed if a child failed, else cancelled if one was, else done. The caller holds their lanes.';


--
-- Name: enqueue(bigint, text, jsonb, text, timestamp with time zone, text, text, integer, smallint, bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.enqueue(p_connection bigint, p_kind text, p_args jsonb DEFAULT '{}'::jsonb, p_band text DEFAULT 'incremental'::text, p_run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_dedupe text DEFAULT NULL::text, p_family text DEFAULT NULL::text, p_max_attempts integer DEFAULT NULL::integer, p_version smallint DEFAULT NULL::smallint, p_parent bigint DEFAULT NULL::bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := portolan.now(); v_run_at timestamptz := greatest(p_run_at, v_now); v_band text := coalesce(p_band, 'incremental'); v_args jsonb := coalesce(p_args, '{}');
  v_kind portolan.job_kinds; l portolan.lanes; v_job bigint;
begin
  select k.* into v_kind from portolan.job_kinds k where k.kind = p_kind and k.args_version = coalesce(p_version, k.args_version) order by k.args_version desc limit 1;
  if found and p_parent is null and coalesce(p_max_attempts, 1) >= 1 and v_run_at < 'infinity' and portolan.band_rank(v_band) is not null and jsonb_typeof(v_args) = 'object' then
    if v_args - v_kind.names = '{}' and v_args @@ v_kind.type_check then
      select x.* into l from portolan.lanes x where x.connection_id = p_connection and x.family = coalesce(p_family, 'main') for update;
      if found and (p_dedupe is null or not exists (select from portolan.jobs j where j.lane_id = l.lane_id and j.dedupe_key = p_dedupe)) then
        insert into portolan.jobs (connection_id, lane_id, run_at, created_at, max_attempts, band, kind, dedupe_key, args, args_version)
        values (p_connection, l.lane_id, v_run_at, v_now, coalesce(p_max_attempts, v_kind.max_attempts), v_band, p_kind, p_dedupe, v_args, v_kind.args_version) returning job_id into v_job;
        if l.state <> 'leased' and (portolan.is_better_head(l, v_band, v_run_at, v_now) or (l.head_at <= v_now and l.next_at > v_now and v_run_at <= v_now)) then
          update portolan.lanes x set state = 'ready',
            band = case when portolan.is_better_head(l, v_band, v_run_at, v_now) then v_band else l.band end,
            head_at = case when l.state = 'ready' and l.band = v_band then least(l.head_at, v_run_at) when portolan.is_better_head(l, v_band, v_run_at, v_now) then v_run_at else l.head_at end,
            next_at = case when l.state = 'ready' and l.band = v_band then least(l.next_at, v_run_at) else v_run_at end
          where x.lane_id = l.lane_id;
        end if;
        return v_job;
      end if;
    end if;
  end if;
  return (portolan.enqueue_many(array[p_connection], array[p_kind], array[p_args], array[p_band], array[p_run_at], array[p_dedupe], array[p_family], array[p_max_attempts],
                                array[p_version], case when p_parent is not null then array[p_parent] end))[1];
end $$;


--
-- Name: FUNCTION enqueue(p_connection bigint, p_kind text, p_args jsonb, p_band text, p_run_at timestamp with time zone, p_dedupe text, p_family text, p_max_attempts integer, p_version smallint, p_parent bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.enqueue(p_connection bigint, p_kind text, p_args jsonb, p_band text, p_run_at timestamp with time zone, p_dedupe text, p_family text, p_max_attempts integer, p_version smallint, p_parent bigint) IS 'Enqueues one job, in the caller''s transaction. Answers its id, or that of the equal job that waits already.';


--
-- Name: enqueue_due(integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.enqueue_due(p_limit integer DEFAULT 1000) RETURNS TABLE(due integer, enqueued integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_now timestamptz := portolan.now(); v_at tid[]; v_connection bigint[]; v_resource text[]; v_family text[]; v_kind text[]; v_busy boolean[];
begin
  select array_agg(d.at), array_agg(d.connection_id), array_agg(d.resource), array_agg(d.family), array_agg(d.kind), array_agg(d.busy)
  into v_at, v_connection, v_resource, v_family, v_kind, v_busy from (
    select s.ctid as at, s.connection_id, s.resource, s.family, s.kind,
           exists (select from portolan.lanes l join portolan.jobs j on j.lane_id = l.lane_id and j.dedupe_key = 'sync:' || s.resource
                   where l.connection_id = s.connection_id and l.family = s.family) or not portolan.runs(c.state) as busy
    from portolan.streams s join portolan.connections c using (connection_id)
    where s.next_due_at <= v_now order by s.next_due_at limit p_limit for update of s skip locked) d;
  if v_at is null then return query select 0, 0; return; end if;
  perform portolan.enqueue_many(array_agg(u.connection_id), array_agg(u.kind), array_agg(jsonb_build_object('resource', u.resource)),
                                array_agg(case u.kind when 'report' then 'report' else 'incremental' end), null, array_agg('sync:' || u.resource), array_agg(u.family))
  from unnest(v_connection, v_resource, v_family, v_kind, v_busy) u(connection_id, resource, family, kind, busy) where not u.busy having count(*) > 0;
  update portolan.streams s set
    enqueued_at = case when u.busy then s.enqueued_at else v_now end,
    next_due_at = v_now + s.interval * (0.9 + 0.2 * abs(hashtextextended(s.resource || s.connection_id || s.next_due_at, 0) % 1000) / 1000.0)
  from unnest(v_at, v_busy) u(at, busy) where s.ctid = u.at;
  return query select cardinality(v_at), (select count(*)::integer from unnest(v_busy) b where not b);
end $$;


--
-- Name: FUNCTION enqueue_due(p_limit integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.enqueue_due(p_limit integer) IS 'One tick of the scheduler. Run by any number of schedulers at once; each due stream is enqueued once.';


--
-- Name: enqueue_many(bigint[], text[], jsonb[], text[], timestamp with time zone[], text[], text[], integer[], smallint[], bigint[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.enqueue_many(p_connection bigint[], p_kind text[], p_args jsonb[], p_band text[] DEFAULT NULL::text[], p_run_at timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], p_dedupe text[] DEFAULT NULL::text[], p_family text[] DEFAULT NULL::text[], p_max_attempts integer[] DEFAULT NULL::integer[], p_version smallint[] DEFAULT NULL::smallint[], p_parent bigint[] DEFAULT NULL::bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'on'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := portolan.now();
  v_lane bigint[]; v_job bigint[]; v_new boolean[]; v_band text[] := p_band; v_run_at timestamptz[] := p_run_at;
  v_version smallint[]; v_attempts integer[]; v_valid boolean; v_bad text;
  v_parent bigint[];
  v_keyed boolean := exists (select from unnest(p_dedupe) d where d is not null);
begin
  -- 0. Nothing that cannot be run is ever stored. Three cheap looks at each job; only a refusal looks for the reason.
  with k as materialized (select k.*, k.args_version = max(k.args_version) over (partition by k.kind) as newest from portolan.job_kinds k)
  select array_agg(c.args_version), array_agg(c.max_attempts), coalesce(bool_and(c.valid), true) into v_version, v_attempts, v_valid from (
    select k.args_version, coalesce(u.max_attempts, k.max_attempts) as max_attempts,
           coalesce(case when jsonb_typeof(u.args) = 'object' then u.args - k.names = '{}' and u.args @@ k.type_check end
                    and portolan.band_rank(coalesce(u.band, 'incremental')) is not null and coalesce(u.max_attempts, 1) >= 1 and coalesce(u.run_at < 'infinity', true), false) as valid
    from (select u.o, u.kind, coalesce(u.args, '{}') as args, u.band, u.max_attempts, u.version, u.run_at
          from unnest(p_kind, p_args, p_band, p_max_attempts, p_version, p_run_at) with ordinality u(kind, args, band, max_attempts, version, run_at, o)) u
    left join k on k.kind = u.kind and case when u.version is null then k.newest else k.args_version = u.version end
    order by u.o) c;
  if not v_valid then
    select p.problem into v_bad
    from unnest(p_kind, p_args, p_band, p_max_attempts, p_version, p_run_at) with ordinality u(kind, args, band, max_attempts, version, run_at, o)
    cross join lateral portolan.job_problem(u.kind, coalesce(u.args, '{}'), u.version, coalesce(u.band, 'incremental'), u.max_attempts, u.run_at) p(problem)
    where p.problem is not null order by u.o limit 1;
    raise exception '%', v_bad using errcode = 'invalid_parameter_value';
  end if;
  -- 1. the lanes; those that do not exist yet (usually none) are always made in the same order.
  for v_pass in 1..2 loop
    select array_agg(l.lane_id order by u.o) into v_lane from unnest(p_connection, p_family) with ordinality u(connection_id, family, o)
    left join lateral (select l.lane_id from portolan.lanes l where l.connection_id = u.connection_id and l.family = coalesce(u.family, 'main') limit 1) l on true;
    exit when v_pass = 2 or array_position(v_lane, null) is null;
    -- A pause or resume of the connection under way waits for us, or we for it: it has to see the new lane, or we what it said.
    perform from (select distinct x from unnest(p_connection) x order by 1) x(connection_id)
    cross join lateral (select from portolan.connections c where c.connection_id = x.connection_id for key share) c;
    insert into portolan.lanes (connection_id, family, platform, paused_at)
    select c.connection_id, w.family, c.platform, coalesce((select p.paused_at from portolan.pauses p where p.scope = 'connection' and p.name = c.connection_id::text),
                                                               case when w.family <> 'probe' and not portolan.runs(c.state) then c.state_since end)
    from (select distinct u.connection_id, coalesce(u.family, 'main') as family from unnest(p_connection, p_family) u(connection_id, family)) w
    cross join lateral (select * from portolan.connections c where c.connection_id = w.connection_id limit 1) c
    where not exists (select from portolan.lanes l where l.connection_id = w.connection_id and l.family = w.family)
    order by 1, 2 on conflict (connection_id, family) do nothing;
  end loop;
  if array_position(v_lane, null) is not null then
    raise exception 'connection_id: there is no connection %', coalesce(p_connection[array_position(v_lane, null)]::text, 'NULL') using errcode = 'foreign_key_violation';
  end if;
  -- 2. lock them in order of lane_id, those of parents with them. From here no finish, claim or other enqueue of these lanes can pass us.
  if p_parent is not null then
    select array_agg(j.lane_id) into v_parent from (select distinct x from unnest(p_parent) x where x is not null) x(job_id)
    cross join lateral (select j.lane_id from portolan.jobs j where j.job_id = x.job_id limit 1) j;
  end if;
  perform from (select distinct x.lane_id from unnest(v_lane || v_parent) x(lane_id) order by 1) x
  cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id limit 1 for update) locked;
  if p_parent is not null then
    select x.job_id::text into v_bad from (select distinct x from unnest(p_parent) x where x is not null) x(job_id)
    where not exists (select from portolan.jobs j where j.job_id = x.job_id and j.parent_job_id is null and j.cancel_at is null) limit 1;
    if found then
      raise exception 'parent_job_id: job % has ended, is being cancelled, or is a part of another job itself', v_bad using errcode = 'invalid_parameter_value';
    end if;
  end if;
  -- 3. deduplication. Under the lane lock a look is as good as a unique index, and it can do what an index cannot:
  --    overlook the job that is running right now, which must never swallow a follow-up.
  if v_keyed then
    with u as (select * from unnest(v_lane, p_dedupe, p_run_at, p_band, p_parent) with ordinality u(lane_id, key, run_at, band, parent, o)),
    k as (select u.lane_id, u.key, u.parent, min(u.o) as first, min(greatest(coalesce(u.run_at, v_now), v_now)) as run_at,
                 (array_agg(coalesce(u.band, 'incremental') order by portolan.band_rank(coalesce(u.band, 'incremental'))))[1] as band
          from u where u.key is not null group by 1, 2, 3),
    twin as materialized (
      select k.*, t.* from k left join lateral (
        select j.ctid as at, j.job_id, j.band as old_band, j.run_at as old_run_at from portolan.jobs j where j.lane_id = k.lane_id and j.dedupe_key = k.key
          and j.parent_job_id is not distinct from k.parent and j.run_at < 'infinity'
          and not exists (select from portolan.leases le where le.lane_id = k.lane_id and j.job_id = any (le.job_ids)) limit 1) t on true),
    best as materialized (
      select t.at, t.lane_id, t.key, t.parent, t.first, t.job_id, least(t.run_at, t.old_run_at) as run_at,
             case when portolan.band_rank(t.old_band) <= portolan.band_rank(t.band) then t.old_band else t.band end as band from twin t),
    merged as (
      update portolan.jobs j set run_at = b.run_at, band = b.band, follow_up = j.pages_count > 0
      from best b where j.ctid = b.at and (j.run_at, j.band, j.follow_up) is distinct from (b.run_at, b.band, j.pages_count > 0)),
    made as materialized (                                            -- ids in the order given
      select x.o, nextval('portolan.jobs_job_id_seq') as id
      from (select u.o from u left join best b on b.lane_id = u.lane_id and b.key = u.key and b.parent is not distinct from u.parent
            where b.first is null or (b.job_id is null and b.first = u.o) order by u.o) x)
    select array_agg(coalesce(b.job_id, m.id) order by u.o), array_agg(m.o is not distinct from u.o order by u.o),
           array_agg(coalesce(b.band, u.band) order by u.o), array_agg(coalesce(b.run_at, greatest(u.run_at, v_now)) order by u.o)
    into v_job, v_new, v_band, v_run_at
    from u left join best b on b.lane_id = u.lane_id and b.key = u.key and b.parent is not distinct from u.parent left join made m on m.o = coalesce(b.first, u.o);
  else
    select array_agg(nextval('portolan.jobs_job_id_seq')) into v_job from unnest(v_lane);
  end if;
  -- 4. the rows
  insert into portolan.jobs (job_id, connection_id, lane_id, run_at, created_at, max_attempts, band, kind, dedupe_key, args, args_version, parent_job_id)
  select u.job_id, u.connection_id, u.lane_id, greatest(u.run_at, v_now), v_now, u.max_attempts, coalesce(u.band, 'incremental'), u.kind, u.dedupe, coalesce(u.args, '{}'), u.version, u.parent
  from unnest(v_job, p_connection, v_lane, v_run_at, v_attempts, v_band, p_kind, p_dedupe, p_args, v_version, p_parent, v_new)
    u(job_id, connection_id, lane_id, run_at, max_attempts, band, kind, dedupe, args, version, parent, new)
  where u.new is not false;
  -- 5. the lanes' heads: the first due job, a due one of a more urgent band, or an earlier one; else the lane is left alone. Leased lanes learn at finish.
  with u as (
    select distinct on (u.lane_id) u.lane_id, u.band, u.rank, u.run_at from (
      select u.lane_id, coalesce(u.band, 'incremental') as band, portolan.band_rank(coalesce(u.band, 'incremental')) as rank,
             case when v_keyed then u.run_at else greatest(u.run_at, v_now) end as run_at
      from unnest(v_lane, v_band, v_run_at) u(lane_id, band, run_at)) u
    order by u.lane_id, u.run_at > v_now, case when u.run_at <= v_now then u.rank end, u.run_at)
  update portolan.lanes l set state = 'ready',
    band = case when portolan.is_better_head(l, u.band, u.run_at, v_now) then u.band else l.band end,
    head_at = case when l.state = 'ready' and l.band = u.band then least(l.head_at, u.run_at) when portolan.is_better_head(l, u.band, u.run_at, v_now) then u.run_at else l.head_at end,
    next_at = case when l.state = 'ready' and l.band = u.band then least(l.next_at, greatest(u.run_at, v_now)) else greatest(u.run_at, v_now) end
  from u where l.lane_id = u.lane_id and l.state <> 'leased'
    and (portolan.is_better_head(l, u.band, u.run_at, v_now) or (l.head_at <= v_now and l.next_at > v_now and u.run_at <= v_now));   -- the latter was put off: its head cannot run now, this job may
  return v_job;
end $$;


--
-- Name: FUNCTION enqueue_many(p_connection bigint[], p_kind text[], p_args jsonb[], p_band text[], p_run_at timestamp with time zone[], p_dedupe text[], p_family text[], p_max_attempts integer[], p_version smallint[], p_parent bigint[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.enqueue_many(p_connection bigint[], p_kind text[], p_args jsonb[], p_band text[], p_run_at timestamp with time zone[], p_dedupe text[], p_family text[], p_max_attempts integer[], p_version smallint[], p_parent bigint[]) IS 'Enqueues any number of jobs, given as parallel arrays: all of them or, when one is refused, none. Answers their ids in order; where an equal job waits already, that one''s.';


--
-- Name: enqueue_probes(integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.enqueue_probes(p_limit integer DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_now timestamptz := portolan.now(); v_connection bigint[];
begin
  with due as (
    select c.connection_id from portolan.connections c where c.next_probe_at <= v_now order by c.next_probe_at limit p_limit for no key update skip locked),
  moved as (
    update portolan.connections c set probes_count = c.probes_count + 1, next_probe_at = v_now + portolan.probe_pause(c.state, c.probes_count + 1)
    from due d where c.connection_id = d.connection_id returning c.connection_id, c.state)
  select array_agg(m.connection_id order by m.connection_id) into v_connection from moved m where m.state in ('unreachable', 'blocked');
  if v_connection is null then return 0; end if;
  perform portolan.enqueue_many(v_connection, array_fill('probe'::text, array[cardinality(v_connection)]), array_fill('{}'::jsonb, array[cardinality(v_connection)]),
    array_fill('incremental'::text, array[cardinality(v_connection)]), null, array_fill('probe'::text, array[cardinality(v_connection)]), array_fill('probe'::text, array[cardinality(v_connection)]));
  return cardinality(v_connection);
end $$;


--
-- Name: FUNCTION enqueue_probes(p_limit integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.enqueue_probes(p_limit integer) IS 'One tick of the scheduler for connections that do not run: one cheap request each, at a slow growing pace. Answers how many.';


--
-- Name: enqueue_schedules(integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.enqueue_schedules(p_limit integer DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_now timestamptz := portolan.now(); s record; v_next timestamptz; v_problem text; v_stop text;
  v_connection bigint[] := '{}'; v_kind text[] := '{}'; v_args jsonb[] := '{}'; v_band text[] := '{}'; v_key text[] := '{}'; v_family text[] := '{}'; v_version smallint[] := '{}';
begin
  for s in
    select d.*, c.state from portolan.schedules d join portolan.connections c using (connection_id)
    where d.next_at <= v_now order by d.next_at, d.schedule_id limit p_limit for update of d skip locked for key share of c skip locked
  loop
    v_stop := null;
    begin
      v_next := portolan.cron_next(s.cron, s.zone, v_now);
      if v_next is null then v_stop := 'cron: does not fire within 8 years'; end if;
    exception when invalid_parameter_value then      -- a zone that the server's data no longer have
      v_next := null; v_stop := sqlerrm;
    end;
    v_problem := case when not portolan.runs(s.state) then 'connection: is ' || s.state else portolan.job_problem(s.kind, s.args, s.args_version, s.band, null) end;
    update portolan.schedules d set next_at = v_next, slot_at = s.next_at, problem = coalesce(v_problem, v_stop) where d.schedule_id = s.schedule_id;
    continue when v_problem is not null;
    v_connection := v_connection || s.connection_id; v_kind := v_kind || s.kind; v_args := v_args || s.args; v_band := v_band || s.band;
    v_key := v_key || ('schedule:' || s.name); v_family := v_family || s.family; v_version := v_version || s.args_version;
  end loop;
  if cardinality(v_connection) > 0 then
    perform portolan.enqueue_many(v_connection, v_kind, v_args, v_band, null, v_key, v_family, null, v_version);
  end if;
  return cardinality(v_connection);
end $$;


--
-- Name: FUNCTION enqueue_schedules(p_limit integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.enqueue_schedules(p_limit integer) IS 'One tick of the scheduler for the schedules. Run by any number of schedulers at once; each slot is enqueued once. Answers how many.';


--
-- Name: enqueue_sync(text, text, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.enqueue_sync(p_connection text, p_resource text, p_band text DEFAULT 'urgent'::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_stream record;
begin
  select s.connection_id, s.family, s.kind into v_stream from portolan.streams s join portolan.connections c using (connection_id) where c.name = p_connection and s.resource = p_resource;
  if not found then
    raise exception 'there is no stream % of a connection named %', quote_literal(p_resource), quote_literal(p_connection)
      using errcode = 'no_data_found', hint = 'select c.name, s.resource from portolan.streams s join portolan.connections c using (connection_id)';
  end if;
  return portolan.enqueue(v_stream.connection_id, v_stream.kind, jsonb_build_object('resource', p_resource), p_band, null, 'sync:' || p_resource, v_stream.family);
end $$;


--
-- Name: FUNCTION enqueue_sync(p_connection text, p_resource text, p_band text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.enqueue_sync(p_connection text, p_resource text, p_band text) IS 'Enqueues a sync of one stream, by the names people use. Answers the job id.';


--
-- Name: error_fingerprint(text, text, text, text, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.error_fingerprint(p_code text, p_platform text, p_resource text, p_operation text, p_discriminator text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select sha256(convert_to(concat_ws(E'\x1f', '1', p_code, coalesce(p_platform, ''), coalesce(p_resource, ''), coalesce(p_operation, ''),
    case when split_part(p_code, '.', 1) in ('auth', 'rate', 'quota', 'network', 'tls', 'blocked', 'account', 'store') then '' else coalesce(p_discriminator, '') end), 'UTF8')) $$;


--
-- Name: FUNCTION error_fingerprint(p_code text, p_platform text, p_resource text, p_operation text, p_discriminator text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.error_fingerprint(p_code text, p_platform text, p_resource text, p_operation text, p_discriminator text) IS 'Which cluster an error belongs to: SHA-256 of code, platform, stream, operation and what tells causes apart.';


--
-- Name: error_rule_problem(jsonb); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.error_rule_problem(p_definition jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
declare
  v_field text; v_value jsonb; v_item jsonb;
  v_words constant jsonb := '{
    "hosting": ["merchant", "platform"],
    "bodies": ["json", "broken_json", "xml", "html", "text", "empty"],
    "units": ["seconds", "milliseconds", "epoch", "epoch_ms", "http_date", "iso8601", "retry_after"],
    "remedy": ["none", "smaller_page", "restart_window", "clamp_window", "refresh_token", "reload", "skip_object"],
    "policy": ["retry_now", "backoff", "wait_until", "snooze", "refresh_then_retry", "reload_then_retry", "split", "clamp_window", "restart_window",
      "skip_object", "discard_record", "tombstone", "store_raw_and_flag", "sanitise", "block_stream", "needs_reauth", "block_connection",
      "continue_in_new_job", "stop_leasing", "fall_back_local", "fail", "abandon", "release", "succeed"],
    "customer_code": ["reconnect", "reconnect_2fa", "grant_permission", "upgrade_plan", "shop_inactive", "shop_unreachable", "address_refused",
      "certificate", "firewall", "plugin_missing", "slow_down", "history_limited", "platform_trouble", "our_fault", "none"]}';
begin
  if p_definition is null or jsonb_typeof(p_definition) <> 'object' then return 'definition: it is not an object'; end if;
  if jsonb_typeof(p_definition->'code') is distinct from 'string' or p_definition->>'code' !~ '^[a-z]+\.[a-z_0-9]+$' then
    return 'code: it is not the name of a code, as in rate.limited';
  end if;
  if jsonb_typeof(p_definition->'sentence') is distinct from 'string' or length(btrim(p_definition->>'sentence')) not between 1 and 500 then
    return 'sentence: it is not a text of 1 to 500 characters';
  end if;

  for v_field, v_value in select * from jsonb_each(p_definition) loop
    case v_field
      when 'code', 'sentence' then null;
      when 'operations', 'resources', 'codes', 'transports' then
        if not portolan.is_text_list(v_value) then return v_field || ': it is not a list of texts'; end if;
      when 'hosting', 'remedy', 'policy', 'customer_code' then
        if not coalesce(v_words->v_field ? (v_value #>> '{}'), false) or jsonb_typeof(v_value) <> 'string' then
          return format('%s: it is none of %s', v_field, (select string_agg(w, ', ') from jsonb_array_elements_text(v_words->v_field) w));
        end if;
      when 'bodies' then
        if not portolan.is_text_list(v_value) or not (v_words->'bodies') @> v_value then
          return 'bodies: it is not a list of ' || (select string_agg(w, ', ') from jsonb_array_elements_text(v_words->'bodies') w);
        end if;
      when 'has_reason' then
        if jsonb_typeof(v_value) <> 'boolean' then return 'has_reason: it is neither true nor false'; end if;
      when 'statuses' then
        if jsonb_typeof(v_value) <> 'array' then return 'statuses: it is not a list'; end if;
        for v_item in select jsonb_array_elements(v_value) loop
          if (v_item #>> '{}') !~ '^[1-9][0-9]{2}(-[1-9][0-9]{2})?$' or left(v_item #>> '{}', 3) > right(v_item #>> '{}', 3) or jsonb_typeof(v_item) not in ('number', 'string') then
            return format('statuses: %s is no status and no range as in "500-599"', v_item);
          end if;
        end loop;
      when 'curl_codes' then
        if jsonb_typeof(v_value) <> 'array' or exists (select from jsonb_array_elements(v_value) e where e::text !~ '^[0-9]{1,3}$') then
          return 'curl_codes: it is not a list of libcurl''s numbers';
        end if;
      when 'headers' then
        if jsonb_typeof(v_value) <> 'array' then return 'headers: it is not a list'; end if;
        for v_item in select jsonb_array_elements(v_value) loop
          if jsonb_typeof(v_item) <> 'object' or not portolan.is_text_list(jsonb_build_array(v_item->'name', v_item->'is')) or v_item - 'name' - 'is' <> '{}' then
            return 'headers: each needs a name and what it is';
          end if;
        end loop;
      when 'paths' then
        if jsonb_typeof(v_value) <> 'array' then return 'paths: it is not a list'; end if;
        for v_item in select jsonb_array_elements(v_value) loop
          if jsonb_typeof(v_item) <> 'object' or not portolan.is_text_list(jsonb_build_array(v_item->'path')) or v_item - 'path' - 'any_of' - 'contains' - 'present' <> '{}'
             or (v_item ? 'any_of')::integer + (v_item ? 'contains')::integer + (v_item ? 'present')::integer <> 1
             or v_item ? 'any_of' and not portolan.is_text_list(v_item->'any_of') or v_item ? 'contains' and not portolan.is_text_list(v_item->'contains')
             or v_item ? 'present' and jsonb_typeof(v_item->'present') <> 'boolean' then
            return 'paths: each needs a path and one of any_of, contains and present';
          end if;
        end loop;
      when 'texts' then
        if jsonb_typeof(v_value) <> 'object' or exists (select from jsonb_each(v_value) t where t.key !~ '^[a-z]{2}$' or not portolan.is_text_list(t.value)) then
          return 'texts: it is not lists of patterns by language, as in {"en": ["too many requests"]}';
        end if;
      when 'waits' then
        if jsonb_typeof(v_value) <> 'array' then return 'waits: it is not a list'; end if;
        for v_item in select jsonb_array_elements(v_value) loop
          if jsonb_typeof(v_item) <> 'object' or v_item - 'header' - 'path' - 'unit' - 'max_s' <> '{}'
             or (v_item ? 'header')::integer + (v_item ? 'path')::integer <> 1 or not portolan.is_text_list(jsonb_build_array(coalesce(v_item->'header', v_item->'path')))
             or not coalesce(v_words->'units' ? (v_item->>'unit'), false) or v_item ? 'max_s' and jsonb_typeof(v_item->'max_s') <> 'number' then
            return 'waits: each needs one of header and path, and a unit: ' || (select string_agg(w, ', ') from jsonb_array_elements_text(v_words->'units') w);
          end if;
        end loop;
      when 'fixed_wait_s' then
        if jsonb_typeof(v_value) <> 'number' or not v_value::numeric between 0 and 604800 then return 'fixed_wait_s: it is not a number of seconds from 0 to a week'; end if;
      else
        return format('%s: there is no such field', v_field);
    end case;
  end loop;

  if not exists (select from jsonb_each(p_definition) f
                 where f.key in ('operations', 'resources', 'statuses', 'curl_codes', 'transports', 'headers', 'bodies', 'codes', 'paths', 'texts') and f.value not in ('[]', '{}')) then
    return 'definition: a rule without conditions would decide everything';
  end if;
  return null;
end $_$;


--
-- Name: FUNCTION error_rule_problem(p_definition jsonb); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.error_rule_problem(p_definition jsonb) IS 'What is wrong with the definition of an error rule, with the field''s name; NULL when nothing is.';


--
-- Name: error_title(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.error_title(p_message text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
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


--
-- Name: FUNCTION error_title(p_message text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.error_title(p_message text) IS 'A message without what varies from case to case: what the errors of one cause have in common.';


--
-- Name: fail_refresh(bigint, uuid, bigint, text, text, boolean, boolean, interval, boolean); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.fail_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_code text, p_message text, p_rejected boolean, p_in_doubt boolean DEFAULT false, p_wait interval DEFAULT NULL::interval, p_counts boolean DEFAULT true) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare t portolan.connection_tokens; v_now timestamptz := portolan.now(); v_failures integer; v_is_over boolean; v_message text := p_message; v_code text := p_code;
begin
  perform from portolan.connections c where c.connection_id = p_connection for no key update;
  select * into t from portolan.connection_tokens c where c.connection_id = p_connection for update;
  if not found then return 'gone'; end if;
  if t.refresh_id is distinct from p_refresh or t.state <> 'refreshing' then return 'superseded'; end if;
  if t.generation <> p_generation then
    update portolan.connection_tokens c set state = 'idle' where c.connection_id = p_connection;
    return 'superseded';
  end if;
  v_failures := t.failures + p_counts::integer;
  v_is_over := p_rejected or (p_counts and coalesce(t.failing_since < v_now - interval '4 days', false));
  if v_is_over and not p_rejected then
    v_code := 'auth.refresh_rejected';
    v_message := format('no token could be got since %s UTC, in %s attempts; the last one: %s', to_char(t.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), v_failures, p_message);
  end if;
  update portolan.connection_tokens c set state = case when v_is_over then 'rejected' else 'idle' end, interruptions = 0,
    doubtful_since = case when p_in_doubt then coalesce(t.doubtful_since, t.refreshing_since) else t.doubtful_since end,
    failures = v_failures, failing_since = case when p_counts then coalesce(t.failing_since, v_now) else t.failing_since end,
    not_before = v_now + greatest(p_wait, portolan.refresh_pause(v_failures)), error_code = v_code, error_message = v_message
  where c.connection_id = p_connection;
  if not v_is_over then return 'noted'; end if;
  perform portolan.connection_event(p_connection, 'auth', v_code, v_message);
  return 'rejected';
end $$;


--
-- Name: FUNCTION fail_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_code text, p_message text, p_rejected boolean, p_in_doubt boolean, p_wait interval, p_counts boolean); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.fail_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_code text, p_message text, p_rejected boolean, p_in_doubt boolean, p_wait interval, p_counts boolean) IS 'Ends a refresh that brought nothing: a pause for everybody, or the end until the merchant signs in again.';


--
-- Name: finish(bigint[], uuid[], bigint[], text[], interval[], jsonb[], boolean); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.finish(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[] DEFAULT NULL::interval[], p_detail jsonb[] DEFAULT NULL::jsonb[], p_wait boolean DEFAULT true) RETURNS TABLE(job_id bigint, result text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select * from unnest(p_job, portolan.finish_many(p_lane, p_token, p_job, p_outcome, p_delay, p_detail, p_wait)) $$;


--
-- Name: FUNCTION finish(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.finish(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean) IS 'Ends the run of jobs, each with an outcome. Answers what became of each; stale where the lease had been lost and nothing was changed.';


--
-- Name: finish_many(bigint[], uuid[], bigint[], text[], interval[], jsonb[], boolean); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.finish_many(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[] DEFAULT NULL::interval[], p_detail jsonb[] DEFAULT NULL::jsonb[], p_wait boolean DEFAULT true) RETURNS text[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := portolan.now();
  v_lane bigint[]; v_busy bigint[]; v_end bigint[]; v_going_on integer; v_result text[]; v_worker uuid[]; v_since timestamptz[]; v_at tid[]; v_key boolean; v_into bigint[]; v_band text[];
  v_strike integer := ('rescue' = any (p_outcome))::integer;
  v_down text[] := array(select g.platform from portolan.gates g);
  v_parent bigint[]; v_parent_lane bigint[]; v_lease_at tid[]; v_end_at tid[]; v_is_end boolean[]; v_locked bigint[]; v_lane_at tid[];
begin
  if not p_outcome <@ array['done', 'failed', 'retry', 'snooze', 'yield', 'release', 'await', 'rescue'] or array_position(p_outcome, null) is not null then
    raise exception 'outcome: one of % is none; use done, failed, retry, snooze, yield, release or await', p_outcome using errcode = 'invalid_parameter_value';
  end if;
  -- 1. leases first, all of them, in order. The token decides; whoever lost it locks nothing. What is locked is remembered by its place (ctid):
  --    behind somebody's old transaction every look by lane_id walks over all that the lane has left behind since.
  select array_agg(le.lane_id order by le.lane_id) filter (where le.lane_id is not null), array_agg(le.lane_id) filter (where le.job_ids <@ le.reported),
         count(*) filter (where not le.job_ids <@ le.reported), array_agg(le.at), array_agg(le.at) filter (where le.job_ids <@ le.reported),
         array_agg(le.job_ids <@ le.reported order by le.lane_id) filter (where le.lane_id is not null)
  into v_lane, v_end, v_going_on, v_lease_at, v_end_at, v_is_end from (
    select le.lane_id, le.job_ids, f.reported, le.at
    from (select u.lane_id, u.token, array_agg(u.job_id) as reported from unnest(p_lane, p_token, p_job) u(lane_id, token, job_id) group by 1, 2 order by 1, 2) f
    left join lateral (select le.lane_id, le.job_ids, le.ctid as at from portolan.leases le where le.lane_id = f.lane_id and le.token = f.token limit 1 for update) le on true) le;
  if v_lane is null then return array_fill('stale'::text, array[coalesce(cardinality(p_job), 0)]); end if;
  -- 2. then lanes, in order: pairs with enqueue, so that no wake-up is lost. The lane of a parent guards the look at its children.
  if exists (select from portolan.jobs j where j.parent_job_id is not null) then
    select array_agg(j.parent_job_id), array_agg(p.lane_id) into v_parent, v_parent_lane from unnest(p_job) u(job_id)
    cross join lateral (select j.parent_job_id from portolan.jobs j where j.job_id = u.job_id and j.parent_job_id is not null limit 1) j
    cross join lateral (select p.lane_id from portolan.jobs p where p.job_id = j.parent_job_id limit 1) p;
  end if;
  if p_wait then
    select array_agg(x.lane_id), array_agg(x.is_end), array_agg(l.at) into v_locked, v_is_end, v_lane_at
    from (select x.lane_id, bool_or(x.is_end) as is_end from (select * from unnest(v_lane, v_is_end) union all select p, false from unnest(v_parent_lane) p) x(lane_id, is_end) group by 1 order by 1) x
    cross join lateral (select l.ctid as at from portolan.lanes l where l.lane_id = x.lane_id limit 1 for update) l;
  else
    select array_agg(x.lane_id) filter (where l.at is null), array_agg(x.lane_id), array_agg(x.is_end), array_agg(l.at) into v_busy, v_locked, v_is_end, v_lane_at
    from (select x.lane_id, bool_or(x.is_end) as is_end from (select * from unnest(v_lane, v_is_end) union all select p, false from unnest(v_parent_lane) p) x(lane_id, is_end) group by 1 order by 1) x
    left join lateral (select l.ctid as at from portolan.lanes l where l.lane_id = x.lane_id limit 1 for update skip locked) l on true;
    if v_busy && v_parent_lane then v_busy := v_lane; end if;       -- a rare meeting of siblings: the caller comes back, and waits
    if v_busy is not null then
      select array_agg(x order by x) into v_lane from unnest(v_lane) x where x <> all (v_busy);
      if v_lane is null then
        return array(select case when exists (select from portolan.leases le where le.lane_id = u.lane_id and le.token = u.token and u.job_id = any (le.job_ids)) then 'busy' else 'stale' end
                     from unnest(p_lane, p_token, p_job) with ordinality u(lane_id, token, job_id, o) order by u.o);
      end if;
      select array_agg(x.lane_id), array_agg(x.at) into v_end, v_end_at from unnest(v_end, v_end_at) x(lane_id, at) where x.lane_id <> all (v_busy);
      select array_agg(x.is_end and x.lane_id <> all (v_busy) order by x.o) into v_is_end from unnest(v_locked, v_is_end) with ordinality x(lane_id, is_end, o);
      select count(*) into v_going_on from unnest(v_lane) x where x <> all (coalesce(v_end, '{}'));
    end if;
  end if;
  -- 3. what becomes of each job. Nothing about these jobs can change while we hold their lanes.
  select array_agg(d.result), array_agg(d.worker_id), array_agg(d.claimed_at), array_agg(d.at), bool_or(d.dedupe_key is not null)
  into v_result, v_worker, v_since, v_at, v_key from (
    select case when u.held is null then 'stale'
                when u.held = any (v_busy) then 'busy'
                when u.outcome = 'done' and j.follow_up and j.cancel_at is null then 'again'
                when u.outcome in ('done', 'failed') then u.outcome
                when j.cancel_at is not null then 'cancelled'
                when u.outcome = 'await' then 'awaiting'
                when cardinality(v_down) > 0 and u.outcome in ('retry', 'rescue')
                     and exists (select from portolan.lanes l where l.lane_id = u.held and l.platform = any (v_down)) then 'down'
                when u.outcome = 'retry' and j.attempt + 1 >= j.max_attempts then 'failed'
                when u.outcome = 'rescue' and j.rescues >= 4 then 'poison' else u.outcome end as result,
           u.worker_id, u.claimed_at, j.at, j.dedupe_key
    from (select le.worker_id, le.claimed_at, x.job_id, x.outcome, x.o, case when x.job_id = any (le.job_ids) then g.lane_id end as held
          from (select r.lane_id, r.token, array_agg(r.job_id) as job_ids, array_agg(r.outcome) as outcomes, array_agg(r.o) as os, row_number() over (order by r.lane_id, r.token) as n
                from unnest(p_lane, p_token, p_job, p_outcome) with ordinality r(lane_id, token, job_id, outcome, o) group by 1, 2) g
          left join lateral (select le.worker_id, le.claimed_at, le.job_ids from portolan.leases le where le.ctid = v_lease_at[g.n] limit 1) le on true
          cross join lateral unnest(g.job_ids, g.outcomes, g.os) x(job_id, outcome, o)) u
    left join lateral (select j.ctid as at, j.follow_up, j.cancel_at, j.attempt, j.max_attempts, j.rescues, j.dedupe_key from portolan.jobs j where j.job_id = u.job_id limit 1) j on true
    order by u.o) d;
  -- 4. those that end here move to history.
  with gone as (
    delete from portolan.jobs j using (
      select * from unnest(v_at, p_outcome, v_result, v_worker, v_since, p_detail) f(at, outcome, result, worker_id, claimed_at, error)
      where f.result in ('done', 'failed', 'cancelled', 'poison')) f
    where j.ctid = f.at
    returning j.*, f.outcome, f.result, f.worker_id, f.claimed_at, f.error)
  insert into portolan.job_history (job_id, connection_id, lane_id, created_at, started_at, finished_at, worker_id, attempt, snoozes, rescues, outcome,
                                    pages_count, args_version, records_count, parent_job_id, band, kind, dedupe_key, args, error, runs)
  select g.job_id, g.connection_id, g.lane_id, g.created_at, g.claimed_at, v_now, g.worker_id, g.attempt + (g.outcome in ('done', 'failed', 'retry'))::integer,
         g.snoozes, g.rescues + (g.outcome = 'rescue')::integer, g.result,
         g.pages_count, g.args_version, g.records_count, g.parent_job_id, g.band, g.kind, g.dedupe_key, g.args,
         case when g.result <> 'done' then coalesce(case when g.error ? 'code' then g.error end, g.last_error, g.error) end, g.runs + 1
  from gone g;
  -- 5. those that come back. A twin enqueued meanwhile is recorded as merged; the job that comes back takes its band if that is more urgent,
  --    and runs once more after its end if it had got on already: what it reads may end before the time the twin was enqueued for.
  if v_result && array['again', 'retry', 'snooze', 'yield', 'release', 'awaiting', 'rescue', 'down'] then
    if v_key then
      with twin as (
        delete from portolan.jobs t using unnest(p_lane, p_job, v_result) f(lane_id, job_id, result), portolan.jobs j, portolan.leases le
        where f.result in ('again', 'retry', 'snooze', 'yield', 'release', 'rescue', 'down') and j.job_id = f.job_id and le.lane_id = f.lane_id
          and t.lane_id = f.lane_id and t.dedupe_key = j.dedupe_key and t.parent_job_id is not distinct from j.parent_job_id and t.run_at < 'infinity' and t.job_id <> all (le.job_ids)
        returning t.*, f.job_id as into_job),
      kept as (
        insert into portolan.job_history (job_id, connection_id, lane_id, created_at, finished_at, attempt, snoozes, rescues, outcome,
                                          pages_count, args_version, records_count, parent_job_id, band, kind, dedupe_key, args, runs)
        select t.job_id, t.connection_id, t.lane_id, t.created_at, v_now, t.attempt, t.snoozes, t.rescues, 'merged',
               t.pages_count, t.args_version, t.records_count, t.parent_job_id, t.band, t.kind, t.dedupe_key, t.args, t.runs from twin t)
      select array_agg(t.into_job), array_agg(t.band) into v_into, v_band from twin t;
    end if;
    with back as (
      update portolan.jobs j set
        run_at = case f.result when 'again' then v_now when 'awaiting' then 'infinity' else v_now + coalesce(f.delay, interval '0') end,
        follow_up = j.follow_up and f.result <> 'again', attempt = case when f.result = 'again' then 0 else j.attempt + (f.result = 'retry')::integer end,
        snoozes = j.snoozes + (f.result = 'snooze')::integer, rescues = j.rescues + (f.result = 'rescue')::integer, runs = j.runs + 1,
        last_error = coalesce(case when f.detail ? 'code' then f.detail end, j.last_error)
      from unnest(v_at, v_result, p_outcome, p_delay, p_detail, v_worker, v_since) f(at, result, outcome, delay, detail, worker_id, claimed_at)
      where j.ctid = f.at and f.result in ('again', 'retry', 'snooze', 'yield', 'awaiting', 'rescue', 'down')
      returning j.job_id, j.runs, j.run_at, j.pages_count, j.records_count, f.result, f.outcome, f.detail, f.worker_id, f.claimed_at)
    insert into portolan.job_events (job_id, run, occurred_at, started_at, run_at, worker_id, pages_count, records_count, event, detail)
    select b.job_id, b.runs, v_now, b.claimed_at, b.run_at, b.worker_id, b.pages_count, b.records_count, case b.result when 'down' then b.outcome else b.result end, case when jsonb_typeof(b.detail) = 'object' then b.detail - 'evidence' else b.detail end
    from back b where b.runs <= 200 or (b.runs & (b.runs - 1)) = 0;
    if v_into is not null then
      update portolan.jobs j set band = case when portolan.band_rank(m.band) < j.rank then m.band else j.band end,
        follow_up = j.follow_up or (j.pages_count > 0 and not exists (select from unnest(p_job, v_result) f(job_id, result) where f.job_id = j.job_id and f.result = 'again'))
      from unnest(v_into, v_band) m(job_id, band) where j.job_id = m.job_id;
    end if;
  end if;
  -- 6. leases that go on keep the rest of their jobs; the others end, and their lanes get their next head and go to the back of its band.
  if v_going_on > 0 then
    update portolan.leases le set job_ids = r.rest, running = r.rest[1], progress_at = v_now
    from (select le.lane_id, array_agg(x.job_id order by x.o) as rest
          from portolan.leases le cross join unnest(le.job_ids) with ordinality x(job_id, o)
          where le.lane_id = any (v_lane) and le.lane_id <> all (coalesce(v_end, '{}')) and not exists (select from unnest(p_lane, p_token, p_job) f(lane_id, token, job_id)   -- another token's report of the same job says nothing
                            where f.lane_id = le.lane_id and f.token = le.token and f.job_id = x.job_id) group by 1) r
    where le.lane_id = r.lane_id;
  end if;
  if v_end is not null then
    with ended as (delete from portolan.leases le using unnest(v_end_at) x(at) where le.ctid = x.at)
    update portolan.lanes l set
      state = case when h.run_at is null then 'idle' else 'ready' end, band = coalesce(h.band, l.band), head_at = h.run_at,
      next_at = case when h.run_at is not null then greatest(h.run_at, v_now) end, strikes = case v_strike when 1 then l.strikes + 1 else 0 end
    from unnest(v_locked, v_is_end, v_lane_at) x(lane_id, is_end, at) left join lateral portolan.lane_head(x.lane_id, v_now) h on true
    where x.is_end and l.ctid = x.at;
  end if;
  -- 7. parents whose last child has ended.
  if 'awaiting' = any (v_result) then
    perform portolan.end_parents(array(select f.job_id from unnest(p_job, v_result) f(job_id, result) where f.result = 'awaiting'));
  end if;
  if v_parent is not null then perform portolan.end_parents(v_parent); end if;
  if 'down' = any (v_result) then
    select array_agg(case f.result when 'down' then case f.outcome when 'rescue' then 'rescue' else 'retry' end else f.result end order by f.o) into v_result
    from unnest(v_result, p_outcome) with ordinality f(result, outcome, o);
  end if;
  return v_result;
end $$;


--
-- Name: FUNCTION finish_many(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.finish_many(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean) IS 'Ends the run of jobs, each with an outcome. Answers what became of each, in the order given; stale where the lease had been lost and nothing was changed.';


--
-- Name: finish_probe(bigint, uuid, bigint, text, jsonb); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.finish_probe(p_lane bigint, p_token uuid, p_job bigint, p_event text, p_error jsonb DEFAULT NULL::jsonb) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_connection bigint; v_worker uuid; v_result text; v_error_id bigint; v_state text;
begin
  select le.connection_id, le.worker_id into v_connection, v_worker from portolan.leases le where le.lane_id = p_lane and le.token = p_token for update;
  if v_connection is null then return 'stale'; end if;
  perform from portolan.connections c where c.connection_id = v_connection for no key update;
  perform from portolan.streams s where s.connection_id = v_connection order by s.resource for no key update;
  perform from (select l.lane_id from portolan.lanes l where l.connection_id = v_connection
                union select o.lane_id from portolan.jobs j join portolan.jobs o on o.job_id = j.parent_job_id where j.job_id = p_job order by 1) x
  cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id for update) l;
  v_result := (portolan.finish_many(array[p_lane], array[p_token], array[p_job], array['done'], array[interval '0'], array[null::jsonb]))[1];
  if v_result = 'stale' then return v_result; end if;
  if p_error is not null then
    v_error_id := portolan.record_errors(v_connection, null, p_job, v_worker, array[p_error]);
  end if;
  if p_event is not null then
    v_state := portolan.connection_event(v_connection, p_event, p_error->>'code', p_error->>'message', v_error_id);
  end if;
  return v_result;
end $$;


--
-- Name: FUNCTION finish_probe(p_lane bigint, p_token uuid, p_job bigint, p_event text, p_error jsonb); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.finish_probe(p_lane bigint, p_token uuid, p_job bigint, p_event text, p_error jsonb) IS 'Ends a probe with what it found out about the connection. Answers what became of the job, or stale.';


--
-- Name: finish_with(bigint, uuid, bigint, text, interval, jsonb, text, text, text, jsonb[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.finish_with(p_lane bigint, p_token uuid, p_job bigint, p_outcome text, p_delay interval, p_error jsonb, p_resource text, p_stream_state text DEFAULT NULL::text, p_event text DEFAULT NULL::text, p_flags jsonb[] DEFAULT '{}'::jsonb[]) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_now timestamptz := portolan.now(); v_connection bigint; v_worker uuid; v_result text; v_event text; v_error_id bigint;
begin
  -- Connection and stream are locked before finish locks the lane: the scheduler locks streams first and then their lanes. Where lanes will be
  -- parked all of them are, in order, with the lane of the job's parent, which finish may need.
  select le.connection_id, le.worker_id into v_connection, v_worker from portolan.leases le where le.lane_id = p_lane and le.token = p_token for update;
  if v_connection is not null and p_error is not null then
    v_event := portolan.health_event_due(v_connection, p_event, p_delay);
  end if;
  if p_error is not null and p_stream_state is not null then
    perform from portolan.streams s where s.connection_id = v_connection and s.resource = p_resource for no key update;
  end if;
  if v_event in ('auth', 'block', 'net') then
    perform from (select l.lane_id from portolan.lanes l where l.connection_id = v_connection
                  union select o.lane_id from portolan.jobs j join portolan.jobs o on o.job_id = j.parent_job_id where j.job_id = p_job order by 1) x
    cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id for update) l;
  end if;
  v_result := (portolan.finish_many(array[p_lane], array[p_token], array[p_job], array[p_outcome], array[p_delay], array[p_error]))[1];
  if v_result = 'stale' or p_error is null then return v_result; end if;
  v_error_id := portolan.record_errors(v_connection, p_resource, p_job, v_worker, p_flags || p_error);
  update portolan.streams s set state = p_stream_state, state_code = p_error->>'code', state_message = p_error->>'message', successes = 0,
    state_since = case when s.state <> p_stream_state then v_now else s.state_since end,
    -- A blocked stream is tried again by an ordinary sync: after six hours, then once a day.
    next_due_at = case when p_stream_state = 'blocked' then v_now + case when s.state = 'blocked' then interval '24 hours' else interval '6 hours' end * (0.9 + 0.2 * random()) else s.next_due_at end
  where s.connection_id = v_connection and s.resource = p_resource and p_stream_state is not null;
  -- A stream that will be tried again by itself says nothing about the connection yet.
  if v_event is not null and (v_event <> 'soft' or v_result in ('failed', 'poison')) then
    perform portolan.connection_event(v_connection, v_event, p_error->>'code', p_error->>'message', v_error_id, null, v_now + p_delay);
  end if;
  if v_event is not null or p_event = 'net' then
    -- While a gate opens step by step, a failure of this kind says that the platform is down still.
    update portolan.gates g set opening_at = null, width = 1 from portolan.connections c
    where c.connection_id = v_connection and g.platform = c.platform and g.opening_at is not null and p_event in ('net', 'soft') and p_error->>'fault' = 'platform';
  end if;
  return v_result;
end $$;


--
-- Name: FUNCTION finish_with(p_lane bigint, p_token uuid, p_job bigint, p_outcome text, p_delay interval, p_error jsonb, p_resource text, p_stream_state text, p_event text, p_flags jsonb[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.finish_with(p_lane bigint, p_token uuid, p_job bigint, p_outcome text, p_delay interval, p_error jsonb, p_resource text, p_stream_state text, p_event text, p_flags jsonb[]) IS 'finish for one job with its error: history or back-off, error row, state of the stream, health of the connection. Answers what became of the job, or stale.';


--
-- Name: fold_errors(integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.fold_errors(p_limit integer DEFAULT 20000) RETURNS integer
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: FUNCTION fold_errors(p_limit integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.fold_errors(p_limit integer) IS 'Counts new errors into their clusters. Maintenance calls it every few seconds. Answers how many rows it took.';


--
-- Name: function_rights(); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.function_rights() RETURNS TABLE(name text, roles text[], as_caller boolean)
    LANGUAGE sql IMMUTABLE
    AS $$
  select f.name, string_to_array(f.roles, ' '), f.as_caller from (values
    -- the queue, as workers and schedulers use it
    ('claim', 'portolan_worker', false), ('claim_lanes', 'portolan_worker', false), ('prove', 'portolan_worker', false),
    ('finish', 'portolan_worker', false), ('finish_many', 'portolan_worker', false), ('finish_with', 'portolan_worker', false),
    ('beat', 'portolan_worker', false), ('leave', 'portolan_worker', false), ('reap', 'portolan_worker', false), ('release_unknown', 'portolan_worker', false),
    ('enqueue_due', 'portolan_worker', false), ('enqueue_schedules', 'portolan_worker', false), ('maintain', 'portolan_worker', false),
    -- pages
    ('open_slice', 'portolan_worker', false), ('commit_page', 'portolan_worker', false), ('keep_exact', 'portolan_worker', false),
    ('json_problem', 'portolan_worker', true), ('record_errors', 'portolan_worker', false),
    -- health, requests, limits, tokens
    ('enqueue_probes', 'portolan_worker', false), ('finish_probe', 'portolan_worker', false), ('take_alerts', 'portolan_worker', false),
    ('record_requests', 'portolan_worker', false), ('draw_quota', 'portolan_worker', false), ('block_bucket', 'portolan_worker', false),
    ('read_tokens', 'portolan_worker', false), ('begin_refresh', 'portolan_worker', false), ('complete_refresh', 'portolan_worker', false),
    ('fail_refresh', 'portolan_worker', false), ('amend_tokens', 'portolan_worker', false), ('tokens_due', 'portolan_worker', false),
    -- both: programs react, people decide
    ('enqueue', 'portolan_worker portolan_operator', false), ('enqueue_many', 'portolan_worker portolan_operator', false),
    ('enqueue_sync', 'portolan_worker portolan_operator', false), ('close_gate', 'portolan_worker portolan_operator', false),
    ('open_gate', 'portolan_worker portolan_operator', false),
    -- people
    ('cancel', 'portolan_operator', false), ('cancel_many', 'portolan_operator', false), ('retry', 'portolan_operator', false),
    ('pause', 'portolan_operator', false), ('resume', 'portolan_operator', false), ('schedule', 'portolan_operator', false),
    ('unschedule', 'portolan_operator', false), ('define_kind', 'portolan_operator', false), ('add_connection', 'portolan_operator', false),
    ('resume_connection', 'portolan_operator', false), ('set_credentials', 'portolan_worker portolan_operator', false),
    ('reset_tokens', 'portolan_operator', false), ('retry_tokens', 'portolan_operator', false),
    ('switch_connection', 'portolan_operator', false), ('set_cluster_state', 'portolan_operator', false),
    ('set_error_rule', 'portolan_operator', false), ('drop_error_rule', 'portolan_operator', false),
    ('enable_copy', 'portolan_operator', false), ('disable_copy', 'portolan_operator', false), ('rebuild_copy', 'portolan_operator', false),
    ('keep_copies', 'portolan_worker portolan_operator', false),
    -- looking
    ('why_waiting', 'portolan_worker portolan_console portolan_operator', true), ('job_story', 'portolan_worker portolan_console portolan_operator', true),
    ('cron_next', 'portolan_worker portolan_console portolan_operator', true), ('cron_field', 'portolan_worker portolan_console portolan_operator', true),
    ('cron_minute', 'portolan_worker portolan_console portolan_operator', true),
    -- views call these with the rights of whoever reads them, and defaults with those of whoever writes
    ('now', 'public', true), ('band_rank', 'public', true)) f(name, roles, as_caller) $$;


--
-- Name: FUNCTION function_rights(); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.function_rights() IS 'Which roles may call which function; functions that are not listed are called by others of ours only.';


--
-- Name: given_rights(text[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.given_rights(p_schemas text[]) RETURNS TABLE(class text, object oid, target text, columns text[], grantee text, privilege text)
    LANGUAGE sql STABLE
    AS $$
  with given as (
    select 'schema' as class, n.oid, format('schema %I', n.nspname) as target, null::text as column, n.nspacl as acl
    from pg_namespace n where n.nspname = any (p_schemas || 'portolan'::text) and pg_has_role(n.nspowner, 'USAGE')
    union all
    select 'relation', c.oid, format('table %I.%I', n.nspname, c.relname), null, c.relacl
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any (p_schemas || 'portolan'::text) and c.relkind in ('r', 'p', 'v', 'm') and pg_has_role(c.relowner, 'USAGE')
    union all
    select 'relation', c.oid, format('table %I.%I', n.nspname, c.relname), a.attname, a.attacl
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attacl is not null
    where n.nspname = any (p_schemas || 'portolan'::text) and c.relkind in ('r', 'p', 'v', 'm') and pg_has_role(c.relowner, 'USAGE')
    union all
    -- The helpers of the views are anybody's: they read nothing.
    select 'function', p.oid, 'routine ' || p.oid::regprocedure, null, coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_proc p where p.pronamespace = 'portolan'::regnamespace and pg_has_role(p.proowner, 'USAGE'))
  select g.class, g.oid, g.target, array_agg(g.column order by g.column) filter (where g.column is not null), coalesce(r.rolname::text, 'public'), a.privilege_type
  from given g cross join lateral aclexplode(g.acl) a left join pg_roles r on r.oid = a.grantee
  where a.grantee = 0 or r.rolname in ('portolan_worker', 'portolan_console', 'portolan_operator')
  group by g.class, g.oid, g.target, g.column is null, 5, 6 $$;


--
-- Name: FUNCTION given_rights(p_schemas text[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.given_rights(p_schemas text[]) IS 'What each role, and everybody, may do with each object of our schemas as it is.';


--
-- Name: health_event_due(bigint, text, interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.health_event_due(p_connection bigint, p_event text, p_delay interval) RETURNS text
    LANGUAGE plpgsql
    AS $$
declare v_now timestamptz := portolan.now(); c portolan.connections;
begin
  select * into c from portolan.connections x where x.connection_id = p_connection for no key update;
  if not found or p_event is null then return null; end if;
  case p_event
    when 'net' then
      -- While its platform is down it is not the connection's.
      if exists (select from portolan.gates g where g.platform = c.platform) then return null; end if;
      update portolan.connections x set net_failures = x.net_failures + 1, net_since = coalesce(x.net_since, v_now) where x.connection_id = p_connection;
      return case when c.net_failures + 1 >= 3 and coalesce(c.net_since, v_now) <= v_now - interval '5 min' then 'net' end;
    when 'limit' then
      if c.limited_since is null then update portolan.connections x set limited_since = v_now where x.connection_id = p_connection; end if;
      if c.limited_since < v_now - interval '24 hours' then
        perform portolan.raise_alert('limit_stall', 'connection:' || p_connection, 'warning', format('connection %s has been held up by limits alone for a day', c.name), jsonb_build_object('connection_id', p_connection));
      end if;
      return case when coalesce(c.limited_since, v_now) <= v_now - interval '15 min' or p_delay > interval '15 min' then 'limit' end;
    else return p_event;
  end case;
end $$;


--
-- Name: FUNCTION health_event_due(p_connection bigint, p_event text, p_delay interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.health_event_due(p_connection bigint, p_event text, p_delay interval) IS 'Notes a failure against a connection''s health and answers the event that is due now, if one is.';


--
-- Name: hold_copies(); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.hold_copies() RETURNS void
    LANGUAGE sql
    AS $$ select pg_advisory_xact_lock(7067846579117011) $$;


--
-- Name: FUNCTION hold_copies(); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.hold_copies() IS 'Waits until no keeper of copies is at work, and lets none begin before the transaction ends.';


--
-- Name: lanes; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.lanes (
    lane_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    next_at timestamp with time zone,
    head_at timestamp with time zone,
    paused_at timestamp with time zone,
    strikes smallint DEFAULT 0 NOT NULL,
    state text DEFAULT 'idle'::text NOT NULL,
    band text DEFAULT 'incremental'::text NOT NULL,
    platform text NOT NULL,
    family text DEFAULT 'main'::text NOT NULL,
    CONSTRAINT lanes_band_check CHECK ((band = ANY (ARRAY['urgent'::text, 'incremental'::text, 'report'::text, 'backfill'::text, 'housekeeping'::text]))),
    CONSTRAINT lanes_check CHECK (((state <> 'ready'::text) OR ((next_at IS NOT NULL) AND (head_at IS NOT NULL)))),
    CONSTRAINT lanes_state_check CHECK ((state = ANY (ARRAY['idle'::text, 'ready'::text, 'leased'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_cost_delay='0');


--
-- Name: TABLE lanes; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.lanes IS 'What may not run concurrently: by default one lane a connection. Workers claim lanes.';


--
-- Name: COLUMN lanes.lane_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.lane_id IS 'What workers claim.';


--
-- Name: COLUMN lanes.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.connection_id IS 'Whose work it is.';


--
-- Name: COLUMN lanes.next_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.next_at IS 'The lane''s ticket: when, and in which order, it may next be claimed.';


--
-- Name: COLUMN lanes.head_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.head_at IS 'run_at of its head job; a scan inside the lane may start here.';


--
-- Name: COLUMN lanes.paused_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.paused_at IS 'Set: never claimed. Only pause_lane writes it, so it survives finish, reap and restart.';


--
-- Name: COLUMN lanes.strikes; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.strikes IS 'Rescues in a row; from the first on, jobs of the lane are handed over one by one.';


--
-- Name: COLUMN lanes.state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.state IS 'idle: nothing waits; ready: may be claimed at next_at; leased: a worker holds it.';


--
-- Name: COLUMN lanes.band; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.band IS 'Band of its head job; while leased, of the job that was its head.';


--
-- Name: COLUMN lanes.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.platform IS 'Platform of the connection, so that a claim needs no join.';


--
-- Name: COLUMN lanes.family; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.lanes.family IS 'Which of the connection''s lanes.';


--
-- Name: is_better_head(portolan.lanes, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.is_better_head(l portolan.lanes, p_band text, p_run_at timestamp with time zone, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select (l).state = 'idle' or case
    when (l).head_at <= p_now and p_run_at <= p_now then portolan.band_rank(p_band) < portolan.band_rank((l).band) or ((l).band = p_band and p_run_at < (l).head_at)
    else p_run_at < (l).head_at end $$;


--
-- Name: FUNCTION is_better_head(l portolan.lanes, p_band text, p_run_at timestamp with time zone, p_now timestamp with time zone); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.is_better_head(l portolan.lanes, p_band text, p_run_at timestamp with time zone, p_now timestamp with time zone) IS 'Whether a job of that band and time is to be the head of a lane, in place of the one it has.';


--
-- Name: is_text_list(jsonb); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.is_text_list(p_value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when jsonb_typeof(p_value) = 'array' then
    not exists (select from jsonb_array_elements(p_value) e where jsonb_typeof(e) <> 'string' or btrim(e #>> '{}') = '') end is true $$;


--
-- Name: FUNCTION is_text_list(p_value jsonb); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.is_text_list(p_value jsonb) IS 'Whether a JSON value is a list of texts that are not empty.';


--
-- Name: job_problem(text, jsonb, smallint, text, integer, timestamp with time zone); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.job_problem(p_kind text, p_args jsonb, p_version smallint, p_band text, p_max_attempts integer, p_run_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
declare v_kind portolan.job_kinds; v_field text; v_type text;
begin
  select * into v_kind from portolan.job_kinds k where k.kind = p_kind and k.args_version = coalesce(p_version, k.args_version) order by k.args_version desc limit 1;
  if not found then
    if exists (select from portolan.job_kinds k where k.kind = p_kind) then
      return format('args_version: kind %s has no version %s of its arguments', quote_literal(p_kind), p_version);
    end if;
    return format('kind: %s is not known; there are: %s', coalesce(quote_literal(p_kind), 'NULL'), (select string_agg(distinct k.kind, ', ') from portolan.job_kinds k));
  end if;
  if portolan.band_rank(p_band) is null then
    return format('band: %s is none; use urgent, incremental, report, backfill or housekeeping', quote_literal(p_band));
  end if;
  if p_max_attempts < 1 then return 'max_attempts: must be at least 1'; end if;
  if p_run_at = 'infinity' then return 'run_at: must be a time, is infinity; pause what is to wait for a word'; end if;
  if jsonb_typeof(p_args) <> 'object' then return format('args: must be an object, is %s', jsonb_typeof(p_args)); end if;
  select k into v_field from jsonb_object_keys(p_args) k where not v_kind.fields ? k limit 1;
  if found then
    return format('args.%s: kind %s has no such field; it has: %s', v_field, p_kind, coalesce(nullif(array_to_string(v_kind.names, ', '), ''), 'none'));
  end if;
  select r into v_field from unnest(v_kind.required) r where not p_args ? r limit 1;
  if found then return format('args.%s: kind %s needs it', v_field, p_kind); end if;
  select e.key, e.value into v_field, v_type from jsonb_each_text(v_kind.fields) e
  where p_args ? e.key and jsonb_typeof(p_args -> e.key) <> e.value and not (jsonb_typeof(p_args -> e.key) = 'null' and not e.key = any (v_kind.required)) limit 1;
  if found then return format('args.%s: must be of type %s, is %s', v_field, v_type, jsonb_typeof(p_args -> v_field)); end if;
  return null;
end $$;


--
-- Name: FUNCTION job_problem(p_kind text, p_args jsonb, p_version smallint, p_band text, p_max_attempts integer, p_run_at timestamp with time zone); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.job_problem(p_kind text, p_args jsonb, p_version smallint, p_band text, p_max_attempts integer, p_run_at timestamp with time zone) IS 'NULL when such a job can be enqueued, else why not: the field, its kind of value, the fix.';


--
-- Name: job_story(bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.job_story(p_job bigint) RETURNS TABLE(occurred_at timestamp with time zone, event text, worker_id uuid, what text)
    LANGUAGE sql STABLE
    AS $$
  with job as (
    select j.job_id, j.created_at, j.kind, j.band, j.connection_id, j.parent_job_id, j.cancel_at from portolan.jobs j where j.job_id = p_job
    union all
    select h.job_id, h.created_at, h.kind, h.band, h.connection_id, h.parent_job_id, null from portolan.job_history h where h.job_id = p_job),
  runs as (
    select e.*, e.pages_count - coalesce(lag(e.pages_count) over w, 0) as pages, e.records_count - coalesce(lag(e.records_count) over w, 0) as records
    from portolan.job_events e where e.job_id = p_job window w as (order by e.run))
  select s.occurred_at, s.event, s.worker_id, s.what from (
    select j.created_at as occurred_at, 'enqueued' as event, null::uuid as worker_id, 0 as o,
           format('%s for connection %s (%s), band %s', j.kind, j.connection_id, coalesce((select c.name from portolan.connections c where c.connection_id = j.connection_id), 'removed'), j.band)
             || coalesce(', a part of job ' || j.parent_job_id, '') as what from job j
    union all
    select e.occurred_at, e.event, e.worker_id, e.run,
           format('run %s took %s, %s pages, %s records', e.run, justify_interval(date_trunc('milliseconds', e.occurred_at - e.started_at)), e.pages, e.records)
             || case e.event when 'retry' then '; failed' || coalesce(' with ' || (e.detail ->> 'code') || ': ' || (e.detail ->> 'message'), '') || ', again at ' || date_trunc('second', e.run_at)
                             when 'snooze' then '; put off until ' || date_trunc('second', e.run_at) || coalesce(': ' || coalesce(e.detail ->> 'why', e.detail ->> 'message'), '')
                             when 'yield' then '; gave its lane to others' when 'again' then '; done, and once more for a follow-up that came meanwhile'
                             when 'awaiting' then '; its part is done, it waits for its children' when 'rescue' then '; taken from its worker: ' || coalesce(e.detail ->> 'why', 'no reason kept') end
    from runs e
    union all
    select j.cancel_at, 'cancel', null, 2147483646, 'somebody asked it to stop' from job j where j.cancel_at is not null
    union all
    select h.finished_at, h.outcome, h.worker_id, 2147483647,
           format('%s after %s runs, %s pages, %s records', h.outcome, h.runs, h.pages_count, h.records_count)
             || coalesce('; the last run took ' || justify_interval(date_trunc('milliseconds', h.finished_at - h.started_at)), '')
             || coalesce(': ' || coalesce((h.error ->> 'code') || ', ' || (h.error ->> 'message'), h.error ->> 'why'), '')
    from portolan.job_history h where h.job_id = p_job
    union all
    select portolan.now(), 'now', null, 2147483647, portolan.why_waiting(p_job) where exists (select from portolan.jobs j where j.job_id = p_job)) s
  order by s.o, s.occurred_at $$;


--
-- Name: FUNCTION job_story(p_job bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.job_story(p_job bigint) IS 'Everything that happened to a job, oldest first: each run, wait and error, how it ended, or why it waits.';


--
-- Name: json_problem(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.json_problem(p_text text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  perform p_text::jsonb;
  return null;
exception when others then
  return sqlstate || ' ' || sqlerrm;
end $$;


--
-- Name: FUNCTION json_problem(p_text text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.json_problem(p_text text) IS 'NULL when jsonb can hold the text, else why not.';


--
-- Name: keep_connection(bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.keep_connection(p_connection bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
declare v_platform text[]; v_resource text[]; v_root text[]; v_source portolan.copy_sources; v_state portolan.copy_connections; v_column text; v_roots text[];
        v_rows bigint := 0; v_all bigint; v_start timestamptz; v_error text; v_due boolean;
begin
  with taken as (
    delete from portolan.copy_changes c where c.change_id = any (array(
      select x.change_id from portolan.copy_changes x where x.connection_id = p_connection order by x.change_id limit 500))
    returning c.platform, c.resource, c.roots)
  select array_agg(t.platform), array_agg(t.resource), array_agg(r.root) into v_platform, v_resource, v_root from taken t, unnest(t.roots) r(root);
  for v_source in
    select s.* from portolan.copies e join portolan.copy_sources s using (entity)
    where s.platform = any (v_platform) or exists (select from portolan.copy_connections k where k.source_id = s.source_id and k.connection_id = p_connection and k.is_stale)
    order by s.source_id
  loop
    select k.* into v_state from portolan.copy_connections k where k.source_id = v_source.source_id and k.connection_id = p_connection;
    v_due := exists (select from unnest(v_platform, v_resource) u(platform, resource) where u.platform = v_source.platform and v_source.follows ? u.resource);
    continue when v_state.source_id is null and not v_due or v_state.is_stale and v_state.next_at > portolan.now();
    v_start := clock_timestamp();
    begin
      if v_state.source_id is null or v_state.is_stale then
        v_all := portolan.copy_rows(v_source, p_connection);
        insert into portolan.copy_connections as k (source_id, connection_id, version, is_stale, rows_count, built_at, took)
        values (v_source.source_id, p_connection, v_source.version, false, v_all, portolan.now(), clock_timestamp() - v_start)
        on conflict (source_id, connection_id) do update set version = excluded.version, is_stale = false, rows_count = excluded.rows_count,
          built_at = excluded.built_at, took = excluded.took, failures = 0, next_at = null, error = null;
        v_rows := v_rows + v_all;
      elsif v_due then
        for v_column, v_roots in
          select v_source.follows ->> u.resource, array_agg(distinct u.root) from unnest(v_platform, v_resource, v_root) u(platform, resource, root)
          where u.platform = v_source.platform and v_source.follows ? u.resource group by 1 order by 1
        loop
          v_rows := v_rows + portolan.copy_rows(v_source, p_connection, v_column, v_roots);
        end loop;
      end if;
    exception when others then
      -- What was taken is not lost: all of the connection is made anew, later.
      v_error := sqlstate || ' ' || sqlerrm;
      insert into portolan.copy_connections as k (source_id, connection_id, failures, next_at, error)
      values (v_source.source_id, p_connection, 1, portolan.now() + interval '10 s', v_error)
      on conflict (source_id, connection_id) do update set is_stale = true, failures = k.failures + 1, error = excluded.error,
        next_at = portolan.now() + least(interval '10 s' * 2 ^ least(k.failures, 20), interval '1 hour');
    end;
  end loop;
  return v_rows;
end $$;


--
-- Name: FUNCTION keep_connection(p_connection bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.keep_connection(p_connection bigint) IS 'Brings the copies of one connection up to what is noted, and makes anew what is stale. Answers how many rows that wrote.';


--
-- Name: keep_copies(interval); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.keep_copies(p_budget interval DEFAULT '00:00:02'::interval) RETURNS TABLE(connections integer, rows_written bigint, has_more boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_start timestamptz := clock_timestamp(); v_connection bigint; v_done integer;
begin
  connections := 0; rows_written := 0; has_more := false;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'copies are kept in READ COMMITTED only: a snapshot from before would be copied as if it were now' using errcode = 'invalid_transaction_state';
  end if;
  if not exists (select from portolan.copies) then return next; return; end if;
  if not pg_try_advisory_xact_lock_shared(7067846579117011) then return next; return; end if;
  loop
    v_done := 0;
    for v_connection in
      select x.connection_id from (select c.connection_id, c.change_id from portolan.copy_changes c order by c.change_id limit 1000) x group by 1 order by min(x.change_id)
    loop
      exit when clock_timestamp() > v_start + p_budget / 2 and connections > 0;
      continue when not pg_try_advisory_xact_lock(hashtextextended('portolan copies ' || v_connection, 0));
      rows_written := rows_written + portolan.keep_connection(v_connection);
      connections := connections + 1; v_done := v_done + 1;
    end loop;
    for v_connection in
      select x.connection_id from (
        select distinct k.connection_id from portolan.copy_connections k join portolan.copy_sources s using (source_id) join portolan.copies e using (entity)
        where k.is_stale and (k.next_at is null or k.next_at <= portolan.now())) x order by random() limit 1000
    loop
      exit when clock_timestamp() > v_start + p_budget and connections > 0;
      continue when not pg_try_advisory_xact_lock(hashtextextended('portolan copies ' || v_connection, 0));
      rows_written := rows_written + portolan.keep_connection(v_connection);
      connections := connections + 1; v_done := v_done + 1;
    end loop;
    exit when v_done = 0 or clock_timestamp() > v_start + p_budget / 2;
  end loop;
  has_more := exists (select from portolan.copy_changes)
    or exists (select from portolan.copy_connections k where k.is_stale and (k.next_at is null or k.next_at <= portolan.now()));
  return next;
end $$;


--
-- Name: FUNCTION keep_copies(p_budget interval); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.keep_copies(p_budget interval) IS 'Brings copies up to date for about as long as it is given. Maintenance calls it. Answers how many connections it saw to, rows it wrote, and whether there is more to do.';


--
-- Name: keep_exact(bigint, bigint, text[], text[], bytea[], text[], timestamp with time zone[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.keep_exact(p_connection bigint, p_job bigint, p_resource text[], p_id text[], p_bytes bytea[], p_reason text[], p_fetched_at timestamp with time zone[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into portolan.raw_exact as t (connection_id, resource, external_id, bytes, reason, fetched_at, job_id)
  select p_connection, u.resource, u.id, u.bytes, u.reason, u.fetched_at, p_job
  from unnest(p_resource, p_id, p_bytes, p_reason, p_fetched_at) u(resource, id, bytes, reason, fetched_at)
  order by u.resource, u.id
  on conflict (connection_id, resource, external_id) do update set bytes = excluded.bytes, reason = excluded.reason, fetched_at = excluded.fetched_at, job_id = excluded.job_id
  where excluded.fetched_at >= t.fetched_at $$;


--
-- Name: FUNCTION keep_exact(p_connection bigint, p_job bigint, p_resource text[], p_id text[], p_bytes bytea[], p_reason text[], p_fetched_at timestamp with time zone[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.keep_exact(p_connection bigint, p_job bigint, p_resource text[], p_id text[], p_bytes bytea[], p_reason text[], p_fetched_at timestamp with time zone[]) IS 'Keeps, byte for byte, what a page held and jsonb cannot.';


--
-- Name: lane_head(bigint, timestamp with time zone); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.lane_head(p_lane bigint, p_now timestamp with time zone) RETURNS TABLE(band text, run_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
  select h.band, h.run_at from (select j.rank, j.band, j.run_at from portolan.jobs j where j.lane_id = p_lane order by j.rank, j.run_at, j.job_id limit 1) top
  cross join lateral (
    select top.band, top.run_at, 0 as o where top.run_at <= p_now
    union all
    (select s.band, s.run_at, 1 from generate_series(0, 4) r(rank) cross join lateral (
       select j.rank, j.band, j.run_at from portolan.jobs j where j.lane_id = p_lane and j.rank = r.rank order by j.run_at, j.job_id limit 1) s
     where top.run_at > p_now
     order by s.run_at > p_now, case when s.run_at <= p_now then s.rank end, s.run_at limit 1)) h
$$;


--
-- Name: FUNCTION lane_head(p_lane bigint, p_now timestamp with time zone); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.lane_head(p_lane bigint, p_now timestamp with time zone) IS 'Band and time of the job a lane is to be claimed for next. No row: nothing waits.';


--
-- Name: leave(uuid); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.leave(p_worker uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  delete from portolan.workers w where w.worker_id = p_worker and not exists (select from portolan.leases le where le.worker_id = p_worker) $$;


--
-- Name: FUNCTION leave(p_worker uuid); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.leave(p_worker uuid) IS 'Takes away the row of a worker that holds nothing any more.';


--
-- Name: maintain(); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.maintain() RETURNS text[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_now timestamptz := portolan.now(); v_start timestamptz; v_task text; v_error text; v_tables text[] := '{}'; v_lock_timeout text := current_setting('lock_timeout'); v_more boolean;
begin
  for v_task in
    select m.task from portolan.maintenance m where m.next_at <= v_now
      -- A vacuum is left to those who may: the tables' owner, from PostgreSQL 17 on whoever was granted it.
      and (m.task <> 'vacuum' or case when current_setting('server_version_num')::integer >= 170000 then has_table_privilege(session_user, 'portolan.jobs', 'MAINTAIN')
                                      else pg_has_role(session_user, (select c.relowner from pg_class c where c.oid = 'portolan.jobs'::regclass), 'USAGE') end)
    -- Copies may take seconds: first, so that no lock of another task is held meanwhile.
    order by m.task <> 'copies', m.next_at for update skip locked loop
    v_start := clock_timestamp();
    v_error := null; v_more := false;
    begin
      case v_task
        when 'partitions' then
          -- Behind a long transaction there is no waiting with everybody else queued up behind: the next minute will do. Like claim it gives way
          -- before a deadlock would be looked for.
          perform set_config('lock_timeout', '500ms', true);
          perform portolan.make_days(t), portolan.drop_days(t) from unnest(array['job_history', 'job_events', 'requests', 'errors']) t;
        when 'stats' then perform portolan.refresh_stats();
        when 'errors' then
          perform portolan.fold_errors();
        when 'health' then
          perform portolan.close_gates();
          delete from portolan.error_minutes m where m.minute < v_now - interval '8 days';
        when 'copies' then
          select k.has_more into v_more from portolan.keep_copies() k;
        when 'workers' then
          delete from portolan.workers w where w.worker_id = any (array(
            select d.worker_id from portolan.workers d where d.beat_at < v_now - d.ttl - interval '1 minute'
              and not exists (select from portolan.leases le where le.worker_id = d.worker_id) for update skip locked));
        when 'vacuum' then
          -- The hot tables fill and empty by the minute: autovacuum, busy with large tables, comes too late for them.
          select coalesce(array_agg(s.relname::text order by s.relname), '{}') into v_tables from pg_stat_user_tables s
          where s.schemaname = 'portolan' and s.relname in ('jobs', 'lanes', 'leases', 'workers') and s.n_dead_tup > 1000 + s.n_live_tup / 10
            and (s.last_vacuum is null or s.last_vacuum < clock_timestamp() - interval '30 s') and (s.last_autovacuum is null or s.last_autovacuum < clock_timestamp() - interval '30 s');
        else v_error := 'no such task';
      end case;
    exception when others then v_error := sqlstate || ' ' || sqlerrm;
    end;
    perform set_config('lock_timeout', v_lock_timeout, true);
    update portolan.maintenance m set ran_at = v_now, took = clock_timestamp() - v_start, error = v_error,
      next_at = v_now + case when v_more then interval '0' when v_error is null then greatest(m.interval, 20 * (clock_timestamp() - v_start)) else least(m.interval, interval '1 min') end
    where m.task = v_task;
  end loop;
  return v_tables;
end $$;


--
-- Name: FUNCTION maintain(); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.maintain() IS 'Runs the maintenance that is due and nobody has in hand. Every process calls it every few seconds. Answers the tables to be vacuumed.';


--
-- Name: make_copy(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.make_copy(p_entity text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare v_column record;
begin
  execute format('drop table if exists store.%I', p_entity);
  execute format('create table store.%I as select u.*, null::integer as copy_source, null::integer as copy_version from unified.%I u limit 0', p_entity, p_entity);
  execute format('alter table store.%I alter connection_id set not null, alter copy_source set not null, alter copy_version set not null,
                  set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)', p_entity);
  -- No unique index: a copy holds what the view shows, also where a platform gives one identifier twice.
  for v_column in
    select f.name from (
      select distinct e.value as name from portolan.copy_sources s, jsonb_each_text(s.follows) e where s.entity = p_entity
      union select 'platform_id' union select 'platform_updated_at') f
    where exists (select from pg_attribute a where a.attrelid = format('store.%I', p_entity)::regclass and a.attname = f.name)
    order by 1
  loop
    execute format('create index on store.%I (connection_id, %I)', p_entity, v_column.name);
  end loop;
  execute format('comment on table store.%I is %L', p_entity, 'Typed copy of unified.' || p_entity || '; how fresh it is: store.state.');
  for v_column in
    select a.attname as name, col_description(a.attrelid, a.attnum) as meaning from pg_attribute a
    where a.attrelid = format('unified.%I', p_entity)::regclass and a.attnum > 0 and col_description(a.attrelid, a.attnum) is not null
  loop
    execute format('comment on column store.%I.%I is %L', p_entity, v_column.name, v_column.meaning);
  end loop;
  execute format('comment on column store.%I.copy_source is %L', p_entity, 'The view the row came from: portolan.copy_sources.');
  execute format('comment on column store.%I.copy_version is %L', p_entity, 'Version of that view''s text that made the row.');
end $$;


--
-- Name: FUNCTION make_copy(p_entity text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.make_copy(p_entity text) IS 'Makes the empty table of a copy, with the columns its unified view has now.';


--
-- Name: make_days(text, integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.make_days(p_table text, p_days integer DEFAULT 7) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare v_day date; v_name text; v_made integer := 0; v_key text;
begin
  if p_table not in ('job_history', 'job_events', 'requests', 'errors') then
    raise exception 'table: % is not kept by day', quote_literal(p_table) using errcode = 'invalid_parameter_value';
  end if;
  v_key := case p_table when 'job_history' then 'finished_at' when 'requests' then 'sent_at' else 'occurred_at' end;
  for v_day in select (portolan.now() at time zone 'UTC')::date + i from generate_series(0, p_days) i loop
    v_name := p_table || '_' || to_char(v_day, 'YYYYMMDD');
    continue when to_regclass('portolan.' || v_name) is not null;
    -- All of the table, from the top, before anything else of it: a finish begins at the top, too, and later reads what is below. Then another
    -- look: somebody else may have been at it.
    execute format('lock table portolan.%I in access exclusive mode', p_table);
    continue when to_regclass('portolan.' || v_name) is not null;
    execute format('create table portolan.%I (like portolan.%I including all)', v_name, p_table);
    execute format('with strays as (delete from portolan.%I where %I >= %L and %I < %L returning *) insert into portolan.%I select * from strays',
                   p_table || '_default', v_key, v_day::timestamp at time zone 'UTC', v_key, (v_day + 1)::timestamp at time zone 'UTC', v_name);
    execute format('alter table portolan.%I attach partition portolan.%I for values from (%L) to (%L)',
                   p_table, v_name, v_day::timestamp at time zone 'UTC', (v_day + 1)::timestamp at time zone 'UTC');
    v_made := v_made + 1;
  end loop;
  return v_made;
end $$;


--
-- Name: FUNCTION make_days(p_table text, p_days integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.make_days(p_table text, p_days integer) IS 'Makes the partitions of today and the days to come. Answers how many were missing.';


--
-- Name: note_copy_changes(); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.note_copy_changes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if tg_op = 'TRUNCATE' then
    update portolan.copy_connections k set is_stale = true where not k.is_stale;
  else
    insert into portolan.copy_changes (connection_id, platform, resource, roots)
    select c.connection_id, c.platform, c.resource, array_agg(distinct split_part(c.external_id, '/', 1)) from changed c group by 1, 2, 3;
  end if;
  return null;
end $$;


--
-- Name: FUNCTION note_copy_changes(); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.note_copy_changes() IS 'Notes which raw records a statement wrote, for the copies.';


--
-- Name: note_coverage(bigint, bigint, jsonb[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.note_coverage(p_connection bigint, p_job bigint, p_windows jsonb[]) RETURNS void
    LANGUAGE sql
    AS $$
  with given as materialized (
    select w->>'resource' as resource, tstzrange(to_timestamp((w->>'from')::float8), to_timestamp((w->>'to')::float8)) as read,
           (w->>'platform_count')::bigint as counted, (w->>'distinct_count')::bigint as found
    from unnest(p_windows) w),
  proofs as (
    insert into portolan.coverage_proofs (connection_id, resource, window_read, platform_count, distinct_count, job_id)
    select p_connection, g.resource, g.read, g.counted, g.found, p_job from given g where g.found > 0 or g.counted > 0)
  insert into portolan.coverage as c (connection_id, resource, covered, proven_at)
  select p_connection, g.resource, range_agg(g.read), portolan.now() from given g where g.counted is null or g.counted = g.found
  group by g.resource order by g.resource
  on conflict (connection_id, resource) do update set covered = c.covered + excluded.covered, proven_at = excluded.proven_at $$;


--
-- Name: FUNCTION note_coverage(p_connection bigint, p_job bigint, p_windows jsonb[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.note_coverage(p_connection bigint, p_job bigint, p_windows jsonb[]) IS 'Adds the windows that a page proves to have been read.';


--
-- Name: note_progress(bigint, boolean); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.note_progress(p_connection bigint, p_caught_up boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare c portolan.connections;
begin
  select * into c from portolan.connections x where x.connection_id = p_connection for no key update skip locked;
  if not found or not portolan.runs(c.state) then return; end if;
  if c.net_failures > 0 or c.limited_since is not null then
    update portolan.connections x set net_failures = 0, net_since = null, limited_since = null where x.connection_id = p_connection;
  end if;
  if p_caught_up then perform portolan.connection_event(p_connection, 'ok'); end if;
end $$;


--
-- Name: FUNCTION note_progress(p_connection bigint, p_caught_up boolean); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.note_progress(p_connection bigint, p_caught_up boolean) IS 'What a committed page means for the health of its connection.';


--
-- Name: note_sources(text[], text[], text[], jsonb[], text[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.note_sources(p_entity text[], p_view text[], p_platform text[], p_follows jsonb[], p_checksum text[]) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
declare v_changed integer[]; v_source record; v_entity text;
begin
  if not exists (
      select from unnest(p_entity, p_view, p_platform, p_follows, p_checksum) u(entity, view_name, platform, follows, checksum)
      full join portolan.copy_sources s using (entity, view_name)
      where s.source_id is null or u.checksum is null or s.checksum <> u.checksum or s.follows <> u.follows) then
    return 0;
  end if;
  perform portolan.hold_copies();
  for v_source in select s.source_id, s.entity, e.entity is not null as is_copied from portolan.copy_sources s left join portolan.copies e using (entity)
                  where not exists (select from unnest(p_entity, p_view) u(entity, view_name) where (u.entity, u.view_name) = (s.entity, s.view_name)) loop
    if v_source.is_copied then execute format('delete from store.%I where copy_source = $1', v_source.entity) using v_source.source_id; end if;
    delete from portolan.copy_sources s where s.source_id = v_source.source_id;
  end loop;
  with done as (
    insert into portolan.copy_sources as s (entity, view_name, platform, follows, checksum)
    select u.entity, u.view_name, u.platform, u.follows, u.checksum from unnest(p_entity, p_view, p_platform, p_follows, p_checksum) u(entity, view_name, platform, follows, checksum)
    on conflict (entity, view_name) do update set platform = excluded.platform, follows = excluded.follows, checksum = excluded.checksum,
      version = s.version + 1, changed_at = portolan.now()
    where s.checksum <> excluded.checksum or s.follows <> excluded.follows
    returning s.source_id)
  select coalesce(array_agg(d.source_id), '{}') into v_changed from done d;
  -- Another shape: another table, and all of it made anew.
  for v_entity in
    select e.entity from portolan.copies e
    where (select array_agg(row(a.attname, a.atttypid)::text order by a.attnum) from pg_attribute a
           where a.attrelid = to_regclass(format('store.%I', e.entity)) and a.attnum > 0 and not a.attisdropped and a.attname not in ('copy_source', 'copy_version'))
      is distinct from
          (select array_agg(row(a.attname, a.atttypid)::text order by a.attnum) from pg_attribute a
           where a.attrelid = to_regclass(format('unified.%I', e.entity)) and a.attnum > 0 and not a.attisdropped)
  loop
    perform portolan.make_copy(v_entity);
    update portolan.copies e set remade_at = portolan.now() where e.entity = v_entity;
    v_changed := v_changed || array(select s.source_id from portolan.copy_sources s where s.entity = v_entity);
  end loop;
  perform portolan.seed_copies(array(select s.source_id from portolan.copy_sources s join portolan.copies e using (entity) where s.source_id = any (v_changed)));
  return cardinality(v_changed);
end $_$;


--
-- Name: FUNCTION note_sources(p_entity text[], p_view text[], p_platform text[], p_follows jsonb[], p_checksum text[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.note_sources(p_entity text[], p_view text[], p_platform text[], p_follows jsonb[], p_checksum text[]) IS 'Tells the copies which views feed which entity and what they are made from now. Answers how many are new or have changed.';


--
-- Name: note_sweep(bigint, text, bigint, jsonb, text[], text[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.note_sweep(p_connection bigint, p_stream text, p_job bigint, p_sweep jsonb, p_resource text[], p_id text[]) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare v_now timestamptz := portolan.now(); v_started timestamptz := to_timestamp((p_sweep->>'started_at')::float8); v_deleted integer := 0; r record; n integer;
begin
  for r in
    select w.resource, array_agg(u.id) filter (where u.id is not null) as ids
    from jsonb_array_elements_text(p_sweep->'resources') w(resource) left join unnest(p_resource, p_id) u(resource, id) on u.resource = w.resource
    group by w.resource order by w.resource collate "C"
  loop
    -- A page of another sweep than the one that is remembered begins anew: the earlier one was given up.
    delete from portolan.sweep_seen s using portolan.sweeps w
    where w.connection_id = p_connection and w.resource = r.resource and (w.started_at <> v_started or w.completed_at is not null)
      and s.connection_id = p_connection and s.resource = r.resource;
    insert into portolan.sweeps as w (connection_id, resource, started_at, stream, job_id, pages_count, seen_count)
    values (p_connection, r.resource, v_started, p_stream, p_job, 1, coalesce(cardinality(r.ids), 0))
    on conflict (connection_id, resource) do update set
      started_at = excluded.started_at, stream = excluded.stream, job_id = excluded.job_id, completed_at = null, deleted_count = null,
      pages_count = case when w.started_at = v_started and w.completed_at is null then w.pages_count else 0 end + 1,
      seen_count = case when w.started_at = v_started and w.completed_at is null then w.seen_count else 0 end + excluded.seen_count;
    if r.ids is not null then
      insert into portolan.sweep_seen (connection_id, resource, page, ids)
      select p_connection, r.resource, w.pages_count, r.ids from portolan.sweeps w where w.connection_id = p_connection and w.resource = r.resource;
    end if;
    continue when not (p_sweep->>'complete')::boolean;

    -- Locked in order, as the records of a page are. What was fetched since the sweep began was there when it began, or came after.
    with seen as materialized (
      select distinct u.id collate "C" as id from portolan.sweep_seen s cross join lateral unnest(s.ids) u(id)
      where s.connection_id = p_connection and s.resource = r.resource),
    gone as materialized (
      select x.ctid as row_at from portolan.raw_records x
      where x.connection_id = p_connection and x.resource = r.resource and x.deleted_at is null and x.fetched_at < v_started
        and not exists (select from seen s where s.id = x.external_id)
      order by x.external_id for update of x)
    update portolan.raw_records x set deleted_at = v_now, deletion_source = 'missing_in_full_sync', changed_at = v_now from gone g where x.ctid = g.row_at;
    get diagnostics n = row_count;
    v_deleted := v_deleted + n;
    delete from portolan.sweep_seen s where s.connection_id = p_connection and s.resource = r.resource;
    update portolan.sweeps w set completed_at = v_now, deleted_count = n where w.connection_id = p_connection and w.resource = r.resource;
  end loop;
  return v_deleted;
end $$;


--
-- Name: FUNCTION note_sweep(p_connection bigint, p_stream text, p_job bigint, p_sweep jsonb, p_resource text[], p_id text[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.note_sweep(p_connection bigint, p_stream text, p_job bigint, p_sweep jsonb, p_resource text[], p_id text[]) IS 'One page of a walk over all there is; its last page marks what was not seen as deleted.';


--
-- Name: open_gate(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.open_gate(p_platform text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with opened as (delete from portolan.gates g where g.platform = p_platform returning 1) select exists (select from opened) $$;


--
-- Name: FUNCTION open_gate(p_platform text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.open_gate(p_platform text) IS 'Opens a platform''s gate. Answers whether it had been closed.';


--
-- Name: open_slice(bigint, uuid, bigint, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.open_slice(p_lane bigint, p_token uuid, p_job bigint, p_resource text) RETURNS TABLE(connection_name text, platform text, base_url text, settings jsonb, limits jsonb, method text, connection_state text, runs boolean, key_id text, sealed bytea, has_stream boolean, cursor jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select c.name, c.platform, c.base_url, c.settings, c.limits, c.method, c.state, portolan.runs(c.state), k.key_id, k.sealed, s.resource is not null, s.cursor
  from portolan.leases le join portolan.connections c using (connection_id)
  left join portolan.connection_credentials k using (connection_id)
  left join portolan.streams s on s.connection_id = c.connection_id and s.resource = p_resource
  where le.lane_id = p_lane and le.token = p_token and p_job = any (le.job_ids) $$;


--
-- Name: FUNCTION open_slice(p_lane bigint, p_token uuid, p_job bigint, p_resource text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.open_slice(p_lane bigint, p_token uuid, p_job bigint, p_resource text) IS 'Connection, sealed credentials and cursor for a slice; nothing when the lease is lost.';


--
-- Name: pause(text, text, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.pause(p_scope text, p_name text, p_reason text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_scope = 'connection' and not exists (select from portolan.connections c where c.connection_id::text = p_name) then
    raise exception 'connection: there is none with the id %', quote_literal(p_name) using errcode = 'no_data_found';
  elsif p_scope = 'band' and portolan.band_rank(p_name) is null then
    raise exception 'band: % is none; use urgent, incremental, report, backfill or housekeeping', quote_literal(p_name) using errcode = 'invalid_parameter_value';
  elsif p_scope = 'kind' and not exists (select from portolan.job_kinds k where k.kind = p_name) then
    raise exception 'kind: % is not known; there are: %', quote_literal(p_name), (select string_agg(distinct k.kind, ', ') from portolan.job_kinds k) using errcode = 'invalid_parameter_value';
  elsif p_scope is null or p_scope not in ('connection', 'platform', 'kind', 'band') then
    raise exception 'scope: % cannot be paused; use connection, platform, kind or band', quote_nullable(p_scope) using errcode = 'invalid_parameter_value';
  end if;
  if p_scope = 'connection' then      -- pairs with enqueue_many, which makes lanes
    perform from portolan.connections c where c.connection_id = p_name::bigint for update;
  end if;
  insert into portolan.pauses (scope, name, reason) values (p_scope, p_name, p_reason) on conflict do nothing;
  if p_scope = 'connection' then
    update portolan.lanes l set paused_at = coalesce(l.paused_at, portolan.now()) from (
      select x.lane_id from portolan.lanes x where x.connection_id = p_name::bigint order by x.lane_id for update) x where l.lane_id = x.lane_id;
  end if;
end $$;


--
-- Name: FUNCTION pause(p_scope text, p_name text, p_reason text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.pause(p_scope text, p_name text, p_reason text) IS 'Stops a connection, platform, kind or band from being claimed until it is resumed. What runs stops after its page.';


--
-- Name: probe_pause(text, integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.probe_pause(p_state text, p_probes integer) RETURNS interval
    LANGUAGE sql
    AS $$
  select case p_state
    when 'unreachable' then (array[interval '5 min', '15 min', '30 min', '1 hour'])[least(p_probes, 3) + 1] * case when p_probes > 3 then 6 else 1 end
    when 'blocked' then (array[interval '1 hour', '6 hours', '24 hours'])[least(p_probes, 2) + 1] end * (0.9 + 0.2 * random()) $$;


--
-- Name: FUNCTION probe_pause(p_state text, p_probes integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.probe_pause(p_state text, p_probes integer) IS 'How long until the next probe: unreachable after 5, 15, 30, 60 minutes, then every 6 hours; blocked after 1, 6, then every 24 hours; others never.';


--
-- Name: prove(bigint, uuid, bigint, integer, jsonb); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.prove(p_lane bigint, p_token uuid, p_job bigint, p_records integer DEFAULT 0, p_checkpoint jsonb DEFAULT NULL::jsonb) RETURNS TABLE(cancel boolean, paused boolean, draining boolean, yield_wanted boolean)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with mine as (
    update portolan.leases set progress_at = portolan.now(), pages = pages + 1, running = p_job
    where lane_id = p_lane and token = p_token and p_job = any (job_ids) returning lane_id, worker_id),
  job as (
    update portolan.jobs j set pages_count = j.pages_count + 1, records_count = j.records_count + p_records, attempt = 0, rescues = 0,
      checkpoint = coalesce(p_checkpoint, j.checkpoint)
    from mine where j.job_id = p_job returning j.cancel_at, j.rank, j.kind, j.band),
  gate as (
    -- Not all at once: from now on twice as many lanes at each interval.
    update portolan.gates g set opening_at = portolan.now(), width = 2, probe_at = least(g.probe_at, portolan.now()) from mine, portolan.lanes l
    where l.lane_id = p_lane and g.platform = l.platform and g.opening_at is null)
  select job.cancel_at is not null,
         l.paused_at is not null or exists (select from portolan.pauses p where (p.scope = 'platform' and p.name = l.platform) or (p.scope = 'kind' and p.name = job.kind) or (p.scope = 'band' and p.name = job.band)),
         coalesce(w.draining, true),
         exists (select from portolan.jobs o where o.lane_id = p_lane and o.rank < job.rank and o.run_at <= portolan.now()
                 and not exists (select from portolan.pauses p where (p.scope = 'kind' and p.name = o.kind) or (p.scope = 'band' and p.name = o.band)))
  from mine cross join job join portolan.lanes l on l.lane_id = p_lane left join portolan.workers w on w.worker_id = mine.worker_id $$;


--
-- Name: FUNCTION prove(p_lane bigint, p_token uuid, p_job bigint, p_records integer, p_checkpoint jsonb); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.prove(p_lane bigint, p_token uuid, p_job bigint, p_records integer, p_checkpoint jsonb) IS 'Proves the lease within a page''s transaction, notes the progress, and tells what the worker must know. No row: the lease is lost.';


--
-- Name: quota_period(timestamp with time zone, interval, time without time zone, text, interval, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.quota_period(p_now timestamp with time zone, p_late interval, p_time time without time zone, p_zone text, p_every interval, p_start timestamp with time zone, p_end timestamp with time zone, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
declare v_at timestamptz := p_now - p_late; v_reset timestamp;
begin
  if p_every is not null then
    if v_at < p_end then
      period_start := p_start; period_end := p_end;
    else
      period_start := p_now; period_end := p_now + p_every;
    end if;
    return;
  end if;
  v_reset := date_trunc('day', v_at at time zone p_zone) + p_time;
  if v_reset at time zone p_zone > v_at then v_reset := v_reset - interval '1 day'; end if;
  period_start := v_reset at time zone p_zone;
  period_end := (v_reset + interval '1 day') at time zone p_zone;
end $$;


--
-- Name: FUNCTION quota_period(p_now timestamp with time zone, p_late interval, p_time time without time zone, p_zone text, p_every interval, p_start timestamp with time zone, p_end timestamp with time zone, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.quota_period(p_now timestamp with time zone, p_late interval, p_time time without time zone, p_zone text, p_every interval, p_start timestamp with time zone, p_end timestamp with time zone, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone) IS 'The period of a quota at an instant, a moment late.';


--
-- Name: raise_alert(text, text, text, text, jsonb); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.raise_alert(p_rule text, p_subject text, p_severity text, p_message text, p_detail jsonb DEFAULT '{}'::jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  insert into portolan.alerts (rule, subject, severity, message, detail) values (p_rule, p_subject, p_severity, p_message, p_detail)
  on conflict (rule, subject) where resolved_at is null do nothing $$;


--
-- Name: FUNCTION raise_alert(p_rule text, p_subject text, p_severity text, p_message text, p_detail jsonb); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.raise_alert(p_rule text, p_subject text, p_severity text, p_message text, p_detail jsonb) IS 'Opens an alert, unless one for this rule and subject is open.';


--
-- Name: read_tokens(bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.read_tokens(p_connection bigint) RETURNS TABLE(generation bigint, key_id text, sealed bytea, issued_by uuid, refresh_in interval, expires_in interval, state text, busy_for interval, cooling_for interval, doubtful_since timestamp with time zone, failures integer, error_code text, error_message text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select t.generation, t.key_id, t.sealed, t.issued_by, t.refresh_at - portolan.now(), t.expires_at - portolan.now(), t.state,
         case when t.state = 'refreshing' and t.refreshing_until > portolan.now() then t.refreshing_until - portolan.now() end,
         case when t.not_before > portolan.now() then t.not_before - portolan.now() end,
         t.doubtful_since, t.failures, t.error_code, t.error_message
  from portolan.connection_tokens t where t.connection_id = p_connection $$;


--
-- Name: FUNCTION read_tokens(p_connection bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.read_tokens(p_connection bigint) IS 'A connection''s sealed tokens and how refreshing them stands; nothing where it has none.';


--
-- Name: reap(integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.reap(p_limit integer DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_now timestamptz := portolan.now(); v_lane bigint[]; v_token uuid[]; v_job bigint[]; v_outcome text[]; v_detail jsonb[];
begin
  with dead as materialized (
    select le.lane_id, le.token, le.running, le.job_ids,
           case when w.worker_id is null or w.beat_at < v_now - w.ttl then 'its worker stopped beating'
                when le.deadline < v_now then 'the lease reached its hard limit' else 'no progress for ' || le.stall_limit end as why
    from portolan.leases le left join portolan.workers w using (worker_id)
    where w.worker_id is null or w.beat_at < v_now - w.ttl or le.deadline < v_now or le.progress_at < v_now - le.stall_limit
    order by le.lane_id limit p_limit for update of le skip locked)
  select array_agg(d.lane_id), array_agg(d.token), array_agg(x), array_agg(case when x = d.running then 'rescue' else 'release' end), array_agg(jsonb_build_object('why', d.why))
  into v_lane, v_token, v_job, v_outcome, v_detail from dead d cross join unnest(d.job_ids) x;
  if v_lane is null then return 0; end if;
  perform portolan.finish_many(v_lane, v_token, v_job, v_outcome, null, v_detail);
  return (select count(distinct u) from unnest(v_lane) u);
end $$;


--
-- Name: FUNCTION reap(p_limit integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.reap(p_limit integer) IS 'Takes the leases of workers that stopped beating, of jobs without progress, and those past their deadline. Answers how many leases.';


--
-- Name: rebuild_copy(text, bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.rebuild_copy(p_entity text, p_connection bigint DEFAULT NULL::bigint) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_marked integer;
begin
  if not exists (select from portolan.copies e where e.entity = p_entity) then
    raise exception 'entity: there is no copy of %', quote_nullable(p_entity) using errcode = 'invalid_parameter_value', hint = 'select portolan.enable_copy(entity)';
  end if;
  perform portolan.hold_copies();
  if p_connection is null then
    return portolan.seed_copies(array(select s.source_id from portolan.copy_sources s where s.entity = p_entity));
  end if;
  update portolan.copy_connections k set is_stale = true, failures = 0, next_at = null, error = null
  from portolan.copy_sources s where s.entity = p_entity and k.source_id = s.source_id and k.connection_id = p_connection;
  get diagnostics v_marked = row_count;
  return v_marked;
end $$;


--
-- Name: FUNCTION rebuild_copy(p_entity text, p_connection bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.rebuild_copy(p_entity text, p_connection bigint) IS 'Marks a copy to be made anew from the raw records, of all connections or one. Answers how many view and connection pairs that are.';


--
-- Name: record_errors(bigint, text, bigint, uuid, jsonb[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.record_errors(p_connection bigint, p_resource text, p_job bigint, p_worker uuid, p_errors jsonb[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


--
-- Name: FUNCTION record_errors(p_connection bigint, p_resource text, p_job bigint, p_worker uuid, p_errors jsonb[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.record_errors(p_connection bigint, p_resource text, p_job bigint, p_worker uuid, p_errors jsonb[]) IS 'Writes one row for each error object, and what their clusters are counted from.';


--
-- Name: record_requests(uuid, timestamp with time zone[], text[], bigint[], text[], bigint[], text[], text[], integer[], text[], text[], bigint[], bigint[], double precision[], double precision[], double precision[], double precision[], double precision[], double precision[], text[], boolean[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.record_requests(p_worker uuid, p_sent_at timestamp with time zone[], p_platform text[], p_connection bigint[], p_resource text[], p_job bigint[], p_method text[], p_route text[], p_status integer[], p_error_code text[], p_request_id text[], p_bytes_sent bigint[], p_bytes_received bigint[], p_dns_ms double precision[], p_connect_ms double precision[], p_tls_ms double precision[], p_first_byte_ms double precision[], p_total_ms double precision[], p_token_wait_ms double precision[], p_http_version text[], p_reused boolean[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into portolan.requests (sent_at, platform, connection_id, resource, job_id, worker_id, method, route, status, error_code, request_id, bytes_sent,
                                 bytes_received, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, token_wait_ms, http_version, reused)
  select u.sent_at, u.platform, u.connection_id, u.resource, u.job_id, p_worker, u.method, u.route, u.status, u.error_code, u.request_id, u.bytes_sent,
         u.bytes_received, u.dns_ms, u.connect_ms, u.tls_ms, u.first_byte_ms, u.total_ms, u.token_wait_ms, u.http_version, u.reused
  from unnest(p_sent_at, p_platform, p_connection, p_resource, p_job, p_method, p_route, p_status, p_error_code, p_request_id, p_bytes_sent,
              p_bytes_received, p_dns_ms, p_connect_ms, p_tls_ms, p_first_byte_ms, p_total_ms, p_token_wait_ms, p_http_version, p_reused)
    u(sent_at, platform, connection_id, resource, job_id, method, route, status, error_code, request_id, bytes_sent, bytes_received, dns_ms, connect_ms,
      tls_ms, first_byte_ms, total_ms, token_wait_ms, http_version, reused) $$;


--
-- Name: FUNCTION record_requests(p_worker uuid, p_sent_at timestamp with time zone[], p_platform text[], p_connection bigint[], p_resource text[], p_job bigint[], p_method text[], p_route text[], p_status integer[], p_error_code text[], p_request_id text[], p_bytes_sent bigint[], p_bytes_received bigint[], p_dns_ms double precision[], p_connect_ms double precision[], p_tls_ms double precision[], p_first_byte_ms double precision[], p_total_ms double precision[], p_token_wait_ms double precision[], p_http_version text[], p_reused boolean[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.record_requests(p_worker uuid, p_sent_at timestamp with time zone[], p_platform text[], p_connection bigint[], p_resource text[], p_job bigint[], p_method text[], p_route text[], p_status integer[], p_error_code text[], p_request_id text[], p_bytes_sent bigint[], p_bytes_received bigint[], p_dns_ms double precision[], p_connect_ms double precision[], p_tls_ms double precision[], p_first_byte_ms double precision[], p_total_ms double precision[], p_token_wait_ms double precision[], p_http_version text[], p_reused boolean[]) IS 'Writes one row for each request. Workers call it about once a second.';


--
-- Name: refresh_pause(integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.refresh_pause(p_failures integer) RETURNS interval
    LANGUAGE sql IMMUTABLE
    AS $$ select case when p_failures <= 0 then interval '0' else least(interval '30 s' * 2 ^ least(p_failures - 1, 10), interval '1 h') end $$;


--
-- Name: FUNCTION refresh_pause(p_failures integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.refresh_pause(p_failures integer) IS '30 s, doubled with each failure in a row, at most an hour.';


--
-- Name: refresh_stats(); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.refresh_stats() RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  lock table portolan.queue_stats in share row exclusive mode;      -- two that count at once would write the groups in two orders
  with counted as (
    select l.platform, j.band, j.kind, j.state, count(*) as jobs_count, min(j.run_at) as oldest_at
    from portolan.jobs_now j join portolan.lanes l using (lane_id) group by 1, 2, 3, 4),
  gone as (
    delete from portolan.queue_stats s where not exists (select from counted c where (c.platform, c.band, c.kind, c.state) = (s.platform, s.band, s.kind, s.state)))
  insert into portolan.queue_stats as s select c.*, portolan.now() from counted c
  on conflict (platform, band, kind, state) do update set jobs_count = excluded.jobs_count, oldest_at = excluded.oldest_at, refreshed_at = excluded.refreshed_at;
end $$;


--
-- Name: FUNCTION refresh_stats(); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.refresh_stats() IS 'Counts the jobs by state. Maintenance calls it; it takes as long as a look at every live job.';


--
-- Name: release_unknown(uuid, uuid[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.release_unknown(p_worker uuid, p_known uuid[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_lane bigint[]; v_token uuid[]; v_job bigint[];
begin
  with forgotten as materialized (
    select le.lane_id, le.token, le.job_ids from portolan.leases le where le.worker_id = p_worker and le.token <> all (p_known)
    order by le.lane_id for update of le skip locked)
  select array_agg(f.lane_id), array_agg(f.token), array_agg(x) into v_lane, v_token, v_job from forgotten f cross join unnest(f.job_ids) x;
  if v_lane is null then return 0; end if;
  perform portolan.finish_many(v_lane, v_token, v_job, array_fill('release'::text, array[cardinality(v_job)]));
  return (select count(distinct u) from unnest(v_lane) u);
end $$;


--
-- Name: FUNCTION release_unknown(p_worker uuid, p_known uuid[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.release_unknown(p_worker uuid, p_known uuid[]) IS 'Gives back what a worker holds and does not know of. Answers how many leases.';


--
-- Name: reset_tokens(bigint, text, boolean, text, bytea); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.reset_tokens(p_connection bigint, p_method text, p_needs_tokens boolean, p_key text, p_sealed bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update portolan.connections c set method = p_method where c.connection_id = p_connection;
  if p_needs_tokens then
    insert into portolan.connection_tokens (connection_id, generation, key_id, sealed) values (p_connection, 0, p_key, p_sealed) on conflict do nothing;
  end if;
  update portolan.connection_tokens t set generation = t.generation + 1, key_id = p_key, sealed = p_sealed, issued_at = null, issued_by = null,
    refresh_at = portolan.now(), expires_at = null, refresh_expires_at = null, idle_at = null, state = 'idle', refresh_id = null, refreshing_by = null,
    refreshing_since = null, refreshing_until = null, interruptions = 0, doubtful_since = null, failures = 0, failing_since = null, not_before = null,
    error_code = null, error_message = null
  where t.connection_id = p_connection;
end $$;


--
-- Name: FUNCTION reset_tokens(p_connection bigint, p_method text, p_needs_tokens boolean, p_key text, p_sealed bytea); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.reset_tokens(p_connection bigint, p_method text, p_needs_tokens boolean, p_key text, p_sealed bytea) IS 'Begins anew with what the merchant gave: another way to sign in, and a refresh token or nothing.';


--
-- Name: resume(text, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.resume(p_scope text, p_name text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_now timestamptz := portolan.now(); v_was boolean; v_lane bigint[];
begin
  if p_scope = 'connection' then      -- pairs with enqueue_many, which makes lanes
    perform from portolan.connections c where c.connection_id::text = p_name for update;
  end if;
  delete from portolan.pauses p where p.scope = p_scope and p.name = p_name;
  v_was := found;
  if p_scope = 'connection' then
    -- Lanes of a connection that does not run stay parked.
    update portolan.lanes l set paused_at = null from (
      select x.lane_id from portolan.lanes x where x.connection_id::text = p_name and x.paused_at is not null
        and (x.family = 'probe' or exists (select from portolan.connections c where c.connection_id = x.connection_id and portolan.runs(c.state)))
      order by x.lane_id for update) x where l.lane_id = x.lane_id;
    v_was := v_was or found;
  elsif p_scope in ('kind', 'band') and v_was then
    -- Lanes whose head was of this kind or band were put off; their jobs may run at once.
    select array_agg(x.lane_id) into v_lane from (
      select x.lane_id from portolan.lanes x where x.state = 'ready' and x.next_at > v_now
        and exists (select from portolan.jobs j where j.lane_id = x.lane_id and case p_scope when 'kind' then j.kind else j.band end = p_name and j.run_at <= v_now)
      order by x.lane_id for update) x;
    update portolan.lanes l set band = h.band, head_at = h.run_at, next_at = greatest(h.run_at, v_now)
    from unnest(v_lane) x(lane_id) cross join lateral portolan.lane_head(x.lane_id, v_now) h where l.lane_id = x.lane_id and l.state = 'ready';
  end if;
  return v_was;
end $$;


--
-- Name: FUNCTION resume(p_scope text, p_name text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.resume(p_scope text, p_name text) IS 'Lets a connection, platform, kind or band go on. Answers whether it had been paused.';


--
-- Name: resume_connection(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.resume_connection(p_name text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_state text;
begin
  select c.state into v_state from portolan.connections c where c.name = p_name;
  if not found then return false; end if;
  perform portolan.switch_connection(p_name, case v_state when 'disabled' then 'on' else 'relink' end);
  update portolan.streams s set next_due_at = portolan.now(), state = case when s.state in ('blocked', 'failing') then case when s.first_caught_up_at is null then 'reading' else 'in_sync' end else s.state end,
    state_code = null, state_message = null, successes = 0
  from portolan.connections c where c.name = p_name and s.connection_id = c.connection_id;
  return true;
end $$;


--
-- Name: FUNCTION resume_connection(p_name text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.resume_connection(p_name text) IS 'Switches a connection on again, or says that it is mended, and makes all its streams due. False when there is none of that name.';


--
-- Name: retry(bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.retry(p_job bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_old portolan.job_history; v_now timestamptz := portolan.now(); v_lane bigint; v_family text;
begin
  select j.lane_id into v_lane from portolan.jobs j where j.job_id = p_job;
  if found then
    perform from portolan.leases le where le.lane_id = v_lane for update;
    perform from portolan.lanes l where l.lane_id = v_lane for update;
    if exists (select from portolan.jobs j where j.job_id = p_job) then      -- it may have ended while we waited
      update portolan.jobs j set run_at = v_now, attempt = 0, rescues = 0 where j.job_id = p_job and j.run_at > v_now and j.run_at < 'infinity'
        and not exists (select from portolan.leases le where le.lane_id = v_lane and p_job = any (le.job_ids));
      update portolan.lanes l set band = h.band, head_at = h.run_at, next_at = v_now from portolan.lane_head(v_lane, v_now) h
      where found and l.lane_id = v_lane and l.state = 'ready' and h.run_at <= v_now;
      return p_job;
    end if;
  end if;
  select * into v_old from portolan.job_history h where h.job_id = p_job order by h.finished_at desc limit 1;
  if not found then
    raise exception 'job_id: there is no job %', p_job using errcode = 'no_data_found', hint = 'jobs that ended longer ago than the retention are forgotten';
  end if;
  select l.family into v_family from portolan.lanes l where l.lane_id = v_old.lane_id;
  return portolan.enqueue(v_old.connection_id, v_old.kind, v_old.args, v_old.band, null, v_old.dedupe_key, v_family, null, v_old.args_version);
end $$;


--
-- Name: FUNCTION retry(p_job bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.retry(p_job bigint) IS 'Runs a job again: one that ended is enqueued anew, one that waits is brought forward. Answers the job.';


--
-- Name: retry_tokens(bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.retry_tokens(p_connection bigint) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with retried as (update portolan.connection_tokens c set state = 'idle', not_before = null, failing_since = null, failures = 0
                   where c.connection_id = p_connection and (c.state = 'rejected' or c.not_before > portolan.now()) returning 1)
  select exists (select from retried) $$;


--
-- Name: FUNCTION retry_tokens(p_connection bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.retry_tokens(p_connection bigint) IS 'Lets a refresh be tried again that was given up or is pausing. False when there was nothing of the kind.';


--
-- Name: runs(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.runs(state text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select state in ('pending', 'healthy', 'degraded', 'rate_limited') $$;


--
-- Name: FUNCTION runs(state text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.runs(state text) IS 'Whether jobs of a connection in this state are run; the others are probed at most.';


--
-- Name: schedule(text, bigint, text, jsonb, text, text, text, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.schedule(p_name text, p_connection bigint, p_kind text, p_args jsonb, p_cron text, p_zone text DEFAULT 'UTC'::text, p_band text DEFAULT 'report'::text, p_family text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare v_now timestamptz := portolan.now(); v_args jsonb := coalesce(p_args, '{}'); v_zone text := coalesce(p_zone, 'UTC'); v_band text := coalesce(p_band, 'report');
  v_version smallint; v_next timestamptz; v_bad text; v_schedule bigint;
begin
  select max(k.args_version) into v_version from portolan.job_kinds k where k.kind = p_kind;
  v_bad := case
    when coalesce(p_name, '') !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' then
      format('name: %s is none; use up to 100 letters, digits, dots, dashes and underscores, a letter or digit first', quote_nullable(p_name))
    when not exists (select from portolan.connections c where c.connection_id = p_connection) then
      format('connection_id: there is no connection %s; use one of portolan.connections', coalesce(p_connection::text, 'NULL'))
    else portolan.job_problem(p_kind, v_args, v_version, v_band, null) end;
  v_bad := coalesce(v_bad, case
    when p_cron is null then 'cron: must be given, e.g. ''0 3 * * *'''
    -- The list of names is made by reading every file there is; what is said again has been looked up.
    when v_zone <> 'UTC' and not exists (select from portolan.schedules s where s.name = p_name and s.zone = v_zone)
         and not exists (select from pg_timezone_names z where z.name = v_zone) then
      format('zone: %s is not known; use a name of pg_timezone_names, e.g. ''Europe/Berlin''', quote_literal(v_zone)) end);
  if v_bad is null then
    v_next := portolan.cron_next(p_cron, v_zone, v_now);
    if v_next is null then
      v_bad := format('cron: %s does not fire within 8 years; give days that the months have', quote_literal(p_cron));
    end if;
  end if;
  if v_bad is not null then
    raise exception '%', v_bad using errcode = 'invalid_parameter_value';
  end if;
  insert into portolan.schedules as s (connection_id, next_at, args_version, name, kind, band, family, cron, zone, args)
  values (p_connection, v_next, v_version, p_name, p_kind, v_band, coalesce(p_family, 'main'), p_cron, v_zone, v_args)
  on conflict (name) do update set connection_id = excluded.connection_id, args_version = excluded.args_version, kind = excluded.kind, band = excluded.band,
    family = excluded.family, cron = excluded.cron, zone = excluded.zone, args = excluded.args, problem = null,
    -- A tick that was in the middle of it may have had the slot already.
    next_at = case when s.next_at is null or (s.cron, s.zone) = (excluded.cron, excluded.zone) then s.next_at
                   else portolan.cron_next(excluded.cron, excluded.zone, greatest(v_now, s.slot_at)) end
  returning s.schedule_id into v_schedule;
  return v_schedule;
end $_$;


--
-- Name: FUNCTION schedule(p_name text, p_connection bigint, p_kind text, p_args jsonb, p_cron text, p_zone text, p_band text, p_family text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.schedule(p_name text, p_connection bigint, p_kind text, p_args jsonb, p_cron text, p_zone text, p_band text, p_family text) IS 'Declares a recurring job, or replaces the one of that name. Answers its id.';


--
-- Name: seed_copies(integer[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.seed_copies(p_sources integer[]) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare v_seeded integer;
begin
  with recursive c(id) as (
    select min(r.connection_id) from portolan.raw_records r
    union all
    select (select min(r.connection_id) from portolan.raw_records r where r.connection_id > c.id) from c where c.id is not null)
  insert into portolan.copy_connections as k (source_id, connection_id)
  select s.source_id, c.id from c cross join portolan.copy_sources s
  where s.source_id = any (p_sources) and c.id is not null
    and exists (select from portolan.raw_records r where r.connection_id = c.id and r.platform = s.platform)
  on conflict (source_id, connection_id) do update set is_stale = true, failures = 0, next_at = null, error = null;
  get diagnostics v_seeded = row_count;
  return v_seeded;
end $$;


--
-- Name: FUNCTION seed_copies(p_sources integer[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.seed_copies(p_sources integer[]) IS 'Marks the copies of these views to be made anew, for every connection that has records. Answers how many connections.';


--
-- Name: set_cluster_state(bigint, text, text, text, timestamp with time zone, bigint, integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.set_cluster_state(p_cluster bigint, p_state text, p_by text DEFAULT NULL::text, p_note text DEFAULT NULL::text, p_until timestamp with time zone DEFAULT NULL::timestamp with time zone, p_errors bigint DEFAULT NULL::bigint, p_connections integer DEFAULT NULL::integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


--
-- Name: FUNCTION set_cluster_state(p_cluster bigint, p_state text, p_by text, p_note text, p_until timestamp with time zone, p_errors bigint, p_connections integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.set_cluster_state(p_cluster bigint, p_state text, p_by text, p_note text, p_until timestamp with time zone, p_errors bigint, p_connections integer) IS 'Resolves, ignores (until a time, or so many more errors or connections) or reopens a cluster. False when there is none.';


--
-- Name: set_credentials(bigint, text, bytea); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.set_credentials(p_connection bigint, p_key_id text, p_sealed bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into portolan.connection_credentials as c (connection_id, key_id, sealed) values (p_connection, p_key_id, p_sealed)
  on conflict (connection_id) do update set key_id = excluded.key_id, sealed = excluded.sealed, changed_at = portolan.now() $$;


--
-- Name: FUNCTION set_credentials(p_connection bigint, p_key_id text, p_sealed bytea); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.set_credentials(p_connection bigint, p_key_id text, p_sealed bytea) IS 'Sets a connection''s sealed credentials, in place of those it has.';


--
-- Name: set_error_rule(text, jsonb, text, integer, boolean, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.set_error_rule(p_rule text, p_definition jsonb, p_platform text DEFAULT NULL::text, p_priority integer DEFAULT 100, p_enabled boolean DEFAULT true, p_note text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare v_problem text := portolan.error_rule_problem(p_definition);
begin
  if p_rule is null or p_rule !~ '^[a-z0-9][a-z0-9._-]{0,99}$' then
    v_problem := 'rule: it is not a name of lower-case letters, digits, dots, dashes and underscores';
  end if;
  if v_problem is not null then raise exception '%', v_problem using errcode = 'invalid_parameter_value'; end if;
  insert into portolan.error_rules as r (rule_id, platform, priority, enabled, definition, note)
  values (p_rule, p_platform, p_priority, p_enabled, p_definition, p_note)
  on conflict (rule_id) do update
    set platform = excluded.platform, priority = excluded.priority, enabled = excluded.enabled, definition = excluded.definition, note = excluded.note, changed_at = portolan.now();
  update portolan.error_rules_version set version = version + 1;
end $_$;


--
-- Name: FUNCTION set_error_rule(p_rule text, p_definition jsonb, p_platform text, p_priority integer, p_enabled boolean, p_note text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.set_error_rule(p_rule text, p_definition jsonb, p_platform text, p_priority integer, p_enabled boolean, p_note text) IS 'Adds an error rule, or puts another in the place of the one of that name. A bad one is refused with the field''s name.';


--
-- Name: switch_connection(text, text, text, text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.switch_connection(p_name text, p_event text, p_by text DEFAULT NULL::text, p_reason text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare v_connection bigint;
begin
  if p_event not in ('on', 'off', 'relink') then
    raise exception 'event: % is nothing a person does; use on, off or relink', quote_nullable(p_event) using errcode = 'invalid_parameter_value';
  end if;
  select c.connection_id into v_connection from portolan.connections c where c.name = p_name for no key update;
  if not found then return null; end if;
  perform from portolan.streams s where s.connection_id = v_connection order by s.resource for no key update;
  perform from portolan.lanes l where l.connection_id = v_connection order by l.lane_id for update;
  return portolan.connection_event(v_connection, p_event, null, p_reason, null, coalesce(p_by, session_user));
end $$;


--
-- Name: FUNCTION switch_connection(p_name text, p_event text, p_by text, p_reason text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.switch_connection(p_name text, p_event text, p_by text, p_reason text) IS 'Switches a connection off or on, or says that it has new credentials or is mended (relink). Answers the state; NULL when there is none of that name.';


--
-- Name: table_rights(); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.table_rights() RETURNS TABLE(name text, role text, privilege text, columns text[])
    LANGUAGE sql IMMUTABLE
    AS $$
  select t.name, t.role, t.privilege, string_to_array(t.columns, ' ') from (values
    -- Not where a connection's requests go: its credentials would go along.
    ('connections', 'portolan_operator', 'UPDATE', 'limits'),
    ('streams', 'portolan_operator', 'UPDATE', 'interval next_due_at cursor'), ('schedules', 'portolan_operator', 'UPDATE', 'next_at'),
    ('retention', 'portolan_operator', 'UPDATE', 'keep'), ('workers', 'portolan_operator', 'UPDATE', 'draining'),
    -- What may be vacuumed by others than its owner, from PostgreSQL 17 on.
    ('jobs', 'portolan_worker', 'MAINTAIN', null), ('lanes', 'portolan_worker', 'MAINTAIN', null), ('leases', 'portolan_worker', 'MAINTAIN', null),
    ('workers', 'portolan_worker', 'MAINTAIN', null)) t(name, role, privilege, columns) $$;


--
-- Name: FUNCTION table_rights(); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.table_rights() IS 'What the roles may do with tables beyond reading them.';


--
-- Name: take_alerts(integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.take_alerts(p_limit integer DEFAULT 100) RETURNS TABLE(alert_id bigint, rule text, subject text, severity text, message text, opened_at timestamp with time zone, detail jsonb)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with mine as (select a.alert_id from portolan.alerts a where a.told_at is null order by a.alert_id limit p_limit for update skip locked)
  update portolan.alerts a set told_at = portolan.now() from mine where a.alert_id = mine.alert_id
  returning a.alert_id, a.rule, a.subject, a.severity, a.message, a.opened_at, a.detail $$;


--
-- Name: FUNCTION take_alerts(p_limit integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.take_alerts(p_limit integer) IS 'Alerts nobody has been told of yet, for whoever tells them. Each is handed out once.';


--
-- Name: tokens_due(integer); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.tokens_due(p_limit integer DEFAULT 100) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select t.connection_id from portolan.connection_tokens t join portolan.connections c using (connection_id)
  where t.idle_at <= portolan.now() and t.state <> 'rejected' and c.state not in ('needs_reauth', 'disabled')
    and (t.state <> 'refreshing' or t.refreshing_until <= portolan.now()) and (t.not_before is null or t.not_before <= portolan.now())
  order by t.idle_at limit p_limit $$;


--
-- Name: FUNCTION tokens_due(p_limit integer); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.tokens_due(p_limit integer) IS 'Connections whose refresh token would die of rest. Any number may ask at once: begin_refresh lets one through.';


--
-- Name: unschedule(text); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.unschedule(p_name text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from portolan.schedules s where s.name = p_name;
  return found;
end $$;


--
-- Name: FUNCTION unschedule(p_name text); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.unschedule(p_name text) IS 'Ends a schedule; a job of it that waits stays. False when there is none of that name.';


--
-- Name: wanted_rights(text[]); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.wanted_rights(p_schemas text[]) RETURNS TABLE(class text, object oid, target text, columns text[], grantee text, privilege text)
    LANGUAGE sql STABLE
    AS $_$
  with readers as (select unnest(string_to_array('portolan_worker portolan_console portolan_operator', ' ')) as role),
  relations as (
    select c.oid, n.nspname, c.relname, c.relkind,
           array_agg(a.attname::text order by a.attnum) filter (where (a.atttypid <> 'bytea'::regtype or a.attname ~ '(hash|fingerprint)$') and a.attname <> 'payload' and a.attname !~ '^sealed') as readable,
           array_agg(a.attname::text) filter (where a.atttypid = 'bytea'::regtype and a.attname ~ '^sealed') as sealed, array_agg(a.attname::text) as columns, count(*) as columns_count
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname = any (p_schemas || 'portolan'::text) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and pg_has_role(c.relowner, 'USAGE')
    group by 1, 2, 3, 4)
  select 'schema', n.oid, format('schema %I', n.nspname), null::text[], r.role, 'USAGE'
  from pg_namespace n cross join readers r
  where pg_has_role(n.nspowner, 'USAGE') and (n.nspname = 'portolan' or n.nspname = any (p_schemas) and r.role <> 'portolan_worker')
  union all
  select 'relation', c.oid, format('table %I.%I', c.nspname, c.relname), case when cardinality(c.readable) < c.columns_count then c.readable end, r.role, 'SELECT'
  from relations c cross join readers r
  where c.nspname = 'portolan' and c.readable is not null or c.nspname <> 'portolan' and r.role <> 'portolan_worker'
  union all
  -- Rotation opens what is sealed and seals it anew.
  select 'relation', c.oid, format('table portolan.%I', c.relname), case p.privilege when 'UPDATE' then c.sealed || 'key_id'::text end, 'portolan_worker', p.privilege
  from relations c cross join (values ('SELECT'), ('UPDATE')) p(privilege)
  where c.nspname = 'portolan' and c.relkind in ('r', 'p') and c.sealed is not null and c.columns @> '{connection_id,key_id}'
  union all
  -- Columns of a later migration may not be there yet.
  select 'relation', c.oid, format('table portolan.%I', c.relname),
         case when t.columns is not null then array(select u from unnest(t.columns) u where u = any (c.columns)) end, t.role, t.privilege
  from portolan.table_rights() t join relations c on c.nspname = 'portolan' and c.relname = t.name
  where t.privilege <> 'MAINTAIN' or current_setting('server_version_num')::integer >= 170000
  union all
  select 'function', p.oid, 'routine ' || p.oid::regprocedure, null, x, 'EXECUTE'
  from portolan.function_rights() f cross join unnest(f.roles) x join pg_proc p on p.proname = f.name and p.pronamespace = 'portolan'::regnamespace
  where pg_has_role(p.proowner, 'USAGE') $_$;


--
-- Name: FUNCTION wanted_rights(p_schemas text[]); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.wanted_rights(p_schemas text[]) IS 'What each role may do with each object of our schemas.';


--
-- Name: why_waiting(bigint); Type: FUNCTION; Schema: portolan; Owner: -
--

CREATE FUNCTION portolan.why_waiting(p_job bigint) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
declare j portolan.jobs; l portolan.lanes; le portolan.leases; v_now timestamptz := portolan.now(); v_pause portolan.pauses; v_gate portolan.gates; v_health text; v_ahead bigint;
begin
  select * into j from portolan.jobs x where x.job_id = p_job;
  if not found then return null; end if;
  select * into l from portolan.lanes x where x.lane_id = j.lane_id;
  select * into le from portolan.leases x where x.lane_id = j.lane_id;
  if j.job_id = le.running then return format('it runs, since %s', date_trunc('second', le.claimed_at)); end if;
  if j.job_id = any (le.job_ids) then return 'it was handed over and runs when the jobs before it in its lane have'; end if;
  if j.run_at = 'infinity' then return format('it waits for its children; %s of them are not done', (select count(*) from portolan.jobs c where c.parent_job_id = p_job)); end if;
  if j.run_at > v_now then
    return format('it is due in %s, at %s', date_trunc('second', j.run_at - v_now), date_trunc('second', j.run_at)) || coalesce('; last time: ' || (j.last_error ->> 'code'), '');
  end if;
  select * into v_pause from portolan.pauses p
  where (p.scope, p.name) in (('connection', j.connection_id::text), ('platform', l.platform), ('kind', j.kind), ('band', j.band)) order by p.paused_at limit 1;
  if found then
    return format('its %s %s is paused since %s', v_pause.scope, case when v_pause.scope = 'connection' then '' else v_pause.name end, date_trunc('second', v_pause.paused_at))
      || coalesce(': ' || v_pause.reason, '') || format('; go on with: select portolan.resume(%L, %L)', v_pause.scope, v_pause.name);
  end if;
  if l.family <> 'probe' then
    select format('its connection is %s since %s', h.state, date_trunc('second', h.state_since)) || coalesce(': ' || h.state_message, '') || '; what heals it: ' || h.heals into v_health
    from portolan.connection_health h where h.connection_id = j.connection_id and not portolan.runs(h.state);
    if found then return v_health; end if;
  end if;
  select * into v_gate from portolan.gates g where g.platform = l.platform;
  if found and v_gate.opening_at is not null then
    return format('%s was down and is taken up again step by step: %s lanes at %s', l.platform, v_gate.width, date_trunc('second', v_gate.probe_at));
  end if;
  if found then return format('%s is down since %s: %s; one lane is tried at %s', l.platform, date_trunc('second', v_gate.closed_at), v_gate.reason, date_trunc('second', v_gate.probe_at)); end if;
  if le.lane_id is not null then
    return format('another job of its lane (%s) runs, since %s', le.running, date_trunc('second', le.claimed_at));
  end if;
  if not exists (select from portolan.workers w where w.beat_at >= v_now - w.ttl) then return 'no worker is alive; start one with: portolan worker'; end if;
  if l.next_at > v_now then return format('its lane is looked at again at %s; its head is of a kind or version no worker knew', date_trunc('second', l.next_at)); end if;
  select count(*) into v_ahead from (select from portolan.lanes o where o.platform = l.platform and o.band = l.band and o.state = 'ready' and o.paused_at is null and o.next_at < l.next_at limit 10001) o;
  return format('its lane waits for its turn: %s lanes of %s, band %s, are before it', case when v_ahead > 10000 then 'more than 10000' else v_ahead::text end, l.platform, l.band);
end $$;


--
-- Name: FUNCTION why_waiting(p_job bigint); Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON FUNCTION portolan.why_waiting(p_job bigint) IS 'Why a live job does not run this moment, in a sentence; NULL when there is no such job.';


--
-- Name: address(jsonb); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.address(a jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when jsonb_typeof(a) = 'object' and concat(a->>'street', a->>'city', a->>'zipcode', a->>'country', a->>'name', a->>'company') <> '' then jsonb_build_object(
    'name', pretix.text(a->'name'), 'company', pretix.text(a->'company'),
    'line1', split_part(pretix.text(a->'street'), E'\n', 1), 'line2', nullif(split_part(pretix.text(a->'street'), E'\n', 2), ''),
    'city', pretix.text(a->'city'), 'region', null, 'region_code', pretix.text(a->'state'), 'postal_code', pretix.text(a->'zipcode'),
    'country_code', case when a->>'country' ~ '^[A-Z]{2}$' then a->>'country' end, 'country_raw', pretix.text(a->'country'),
    'phone', null, 'type', 'billing') end $_$;


--
-- Name: currency(text); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.currency(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when octet_length(x) = 3 and x ~ '^[A-Za-z]{3}$' then upper(x) end $_$;


--
-- Name: fees(jsonb, text, boolean); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.fees(v jsonb, kind text, is_it boolean) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (
    select coalesce(sum(unified.num(e->'value')) filter (where e->'canceled' is distinct from 'true' and (e->>'fee_type' is not distinct from kind) = is_it), 0)
    from jsonb_array_elements(v) e) end $$;


--
-- Name: issues(boolean, jsonb); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.issues(sanitised boolean, checks jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;


--
-- Name: money(jsonb, jsonb); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.money(v jsonb, states jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (
    select coalesce(sum(unified.num(e->'amount')) filter (where states ? (e->>'state')), 0) from jsonb_array_elements(v) e) end $$;


--
-- Name: name(jsonb); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.name(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select coalesce(pretix.text(v), pretix.text(v->'en'), pretix.text(v->'de'),
                  case when jsonb_typeof(v) = 'object' then pretix.text(jsonb_path_query_first(v, '$.*')) end) $_$;


--
-- Name: path(text, text); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.path(event text, item text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select event || ':' || item $$;


--
-- Name: ref(jsonb); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.ref(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when jsonb_typeof(v) = 'number' and octet_length(v #>> '{}') <= 19 and v #>> '{}' ~ '^[1-9][0-9]*$' then v #>> '{}' end $_$;


--
-- Name: text(jsonb); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.text(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'string' then nullif(v #>> '{}', '') end $$;


--
-- Name: texts(jsonb, text); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.texts(v jsonb, member text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then array(
    select distinct pretix.text(e->member) from jsonb_array_elements(v) e where pretix.text(e->member) is not null order by 1) end $$;


--
-- Name: total(jsonb, text); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.total(v jsonb, member text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (
    select coalesce(sum(unified.num(e->member)) filter (where e->'canceled' is distinct from 'true'), 0) from jsonb_array_elements(v) e) end $$;


--
-- Name: variation(jsonb, jsonb); Type: FUNCTION; Schema: pretix; Owner: -
--

CREATE FUNCTION pretix.variation(v jsonb, id jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' and jsonb_typeof(id) = 'number' then (select e from jsonb_array_elements(v) e where e->'id' = id limit 1) end $$;


--
-- Name: account_status(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.account_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{"active":"enabled","inactive":"disabled"}'::jsonb, x) $$;


--
-- Name: add_on_amount(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.add_on_amount(v jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when coalesce(v->>'tier_type', 'flat') = 'flat' and v#>>'{add_on,add_on_type}' is distinct from 'usage'
              then recurly.price(v) * coalesce(unified.num(v->'quantity'), 1) end $$;


--
-- Name: add_ons_total(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.add_ons_total(v jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (
    select case when bool_and(recurly.add_on_amount(a) is not null) then sum(recurly.add_on_amount(a)) end
    from jsonb_array_elements(v) a where coalesce(a->'expired_at', 'null') = 'null') end $$;


--
-- Name: address(jsonb, text, text, text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.address(v jsonb, name text, company text, kind text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when jsonb_typeof(v) = 'object' and concat(v->>'street1', v->>'street2', v->>'city', v->>'region', v->>'postal_code', v->>'country') <> ''
    then jsonb_build_object(
    'name', name, 'company', company, 'line1', recurly.text(v->'street1'), 'line2', recurly.text(v->'street2'), 'city', recurly.text(v->'city'),
    'region', recurly.text(v->'region'), 'region_code', null, 'postal_code', recurly.text(v->'postal_code'),
    'country_code', case when v->>'country' ~ '^[A-Za-z]{2}$' then upper(v->>'country') end, 'country_raw', recurly.text(v->'country'),
    'phone', recurly.text(v->'phone'), 'type', kind) end $_$;


--
-- Name: collection_method(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.collection_method(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{"automatic":"automatic","manual":"manual"}'::jsonb, x) $$;


--
-- Name: currency(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.currency(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when jsonb_typeof(v) = 'string' and octet_length(v #>> '{}') = 3 and v #>> '{}' ~ '^[A-Za-z]{3}$' then upper(v #>> '{}') end $_$;


--
-- Name: interval_word(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.interval_word(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{"days":"day","months":"month"}'::jsonb, x) $$;


--
-- Name: invoice_reason(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.invoice_reason(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "purchase":"creation","renewal":"renewal","immediate_change":"update","termination":"update","usage_correction":"update",
    "credit":"manual","gift_card":"manual","import":"manual","line_item_refund":"manual","open_amount_refund":"manual","refund":"manual",
    "external_refund":"manual","prepayment":"manual","write_off":"manual","carryforward_credit":"manual","carryforward_gift_credit":"manual"}'::jsonb, x) $$;


--
-- Name: invoice_status(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.invoice_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "open":"open","pending":"open","processing":"open","past_due":"past_due","paid":"paid","closed":"paid","failed":"uncollectible","voided":"void"}'::jsonb, x) $$;


--
-- Name: issues(boolean, jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.issues(sanitised boolean, checks jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;


--
-- Name: line_type(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.line_type(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "plan":"subscription","plan_trial":"subscription","add_on":"subscription","add_on_trial":"subscription","setup_fee":"fee",
    "one_time":"invoice_item","debit":"invoice_item","prepayment":"invoice_item","credit":"adjustment","carryforward":"adjustment",
    "external_gift_card":"adjustment","coupon":"discount"}'::jsonb, x) $$;


--
-- Name: name(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.name(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select nullif(concat_ws(' ', recurly.text(v->'first_name'), recurly.text(v->'last_name')), '') $$;


--
-- Name: payment_method(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.payment_method(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "credit_card":"card","bank_account_info":"bank_transfer","iban_bank_account":"bank_transfer","sepadirectdebit":"bank_transfer",
    "eft":"bank_transfer","wire_transfer":"bank_transfer","ach":"bank_transfer","bacs":"bank_transfer","becs":"bank_transfer",
    "amazon":"wallet","amazon_billing_agreement":"wallet","apple_pay":"wallet","google_pay":"wallet","paypal":"wallet",
    "paypal_billing_agreement":"wallet","venmo":"wallet","cash_app":"wallet","roku":"wallet","check":"check","money_order":"check",
    "boleto":"cash","gateway_token":"other","braintree_apple_pay":"wallet","braintree_google_pay":"wallet","braintree_v_zero":"wallet","other":"other"}'::jsonb, x) $$;


--
-- Name: plan_price(text, text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.plan_price(plan text, currency text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select plan || ':' || currency $$;


--
-- Name: plan_status(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.plan_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{"active":"active","inactive":"inactive"}'::jsonb, x) $$;


--
-- Name: price(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.price(v jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce(unified.num(v->'unit_amount'), unified.num(v->'unit_amount_decimal')) $$;


--
-- Name: price_key(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.price_key(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select recurly.currency(v->'currency') || coalesce(':' || recurly.text(v->'price_segment_id'), '') $$;


--
-- Name: pricings(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.pricings(p jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce(nullif(unified.arr(p->'currencies'), '[]'), nullif(unified.arr(p#>'{ramp_intervals,0,currencies}'), '[]'), '[null]') $$;


--
-- Name: quantity(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.quantity(v jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce(unified.num(v->'quantity_decimal'), unified.num(v->'quantity')) $$;


--
-- Name: ref(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.ref(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select recurly.text(v->'id') $$;


--
-- Name: setup_fee(jsonb, text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.setup_fee(p jsonb, currency text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.num(f->'unit_amount') from jsonb_array_elements(unified.arr(p->'setup_fees')) f where upper(f->>'currency') = currency limit 1 $$;


--
-- Name: subscription_status(text, timestamp with time zone, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.subscription_status(state text, expires_at timestamp with time zone, trial_ends_at timestamp with time zone, at timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when state = 'canceled' and expires_at <= at then 'expired'
              when state in ('active', 'canceled') and trial_ends_at > at then 'trialing'
              else unified.word('{"active":"active","canceled":"active","expired":"expired","future":"pending","paused":"paused","failed":"expired"}'::jsonb, state) end $$;


--
-- Name: text(jsonb); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.text(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case jsonb_typeof(v) when 'string' then nullif(v #>> '{}', '') end $$;


--
-- Name: transaction_kind(text, text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.transaction_kind(type text, origin text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when type = 'refund' and origin = 'chargeback' then 'chargeback'
              else unified.word('{"authorization":"authorization","verify":"authorization","capture":"capture","purchase":"sale","refund":"refund"}'::jsonb, type) end $$;


--
-- Name: transaction_status(text); Type: FUNCTION; Schema: recurly; Owner: -
--

CREATE FUNCTION recurly.transaction_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "success":"succeeded","chargeback":"succeeded","declined":"failed","error":"failed","pending":"pending","processing":"pending",
    "scheduled":"pending","void":"cancelled"}'::jsonb, x) $$;


--
-- Name: address(jsonb, text); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.address(a jsonb, kind text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when jsonb_typeof(a) = 'object' then jsonb_build_object(
    'name', nullif(a->>'name',''), 'company', nullif(a->>'company',''), 'line1', nullif(a->>'address1',''), 'line2', nullif(a->>'address2',''),
    'city', nullif(a->>'city',''), 'region', nullif(a->>'province',''), 'region_code', nullif(a->>'provinceCode',''), 'postal_code', nullif(a->>'zip',''),
    'country_code', case when a->>'countryCodeV2' ~ '^[A-Z]{2}$' then a->>'countryCodeV2' end, 'country_raw', nullif(a->>'country',''),
    'phone', nullif(a->>'phone',''), 'type', kind) end $_$;


--
-- Name: addresses(jsonb); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.addresses(v jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(shopify.address(e, 'other')), '[]') from jsonb_array_elements(v) e where jsonb_typeof(e) = 'object') end $$;


--
-- Name: amount(jsonb); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.amount(bag jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.num(bag #>> '{shopMoney,amount}') $$;


--
-- Name: currency(text); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.currency(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when octet_length(x) = 3 and x ~ '^[A-Za-z]{3}$' then upper(x) end $_$;


--
-- Name: discounts(jsonb); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.discounts(v jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(jsonb_build_object('title', coalesce(e #>> '{discountApplication,code}', e #>> '{discountApplication,title}'),
                                                 'amount', shopify.amount(e->'allocatedAmountSet'))), '[]')
    from jsonb_array_elements(v) e) end $$;


--
-- Name: gid(text); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.gid(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select nullif(split_part(split_part(x, '/', 5), '?', 1), '') $$;


--
-- Name: issues(boolean, jsonb); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.issues(sanitised boolean, checks jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;


--
-- Name: taxes(jsonb); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.taxes(v jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(jsonb_build_object('title', e->>'title', 'rate', unified.num(e->'rate'), 'amount', shopify.amount(e->'priceSet'))), '[]')
    from jsonb_array_elements(v) e) end $$;


--
-- Name: texts(jsonb); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.texts(v jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then array(
    select e #>> '{}' from jsonb_array_elements(v) with ordinality t(e, n) where jsonb_typeof(e) = 'string' order by n) end $$;


--
-- Name: total(jsonb, text[]); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.total(v jsonb, path text[]) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (select sum(unified.num(e #> path)) from jsonb_array_elements(v) e) end $$;


--
-- Name: urls(jsonb); Type: FUNCTION; Schema: shopify; Owner: -
--

CREATE FUNCTION shopify.urls(p jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select shopify.texts(jsonb_path_query_array(p, '$.media.nodes[*].preview.image.url', '{}', true)) $_$;


--
-- Name: address(jsonb, jsonb, jsonb, text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.address(v jsonb, name jsonb, phone jsonb, kind text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when jsonb_typeof(v) = 'object' and jsonb_strip_nulls(v) <> '{}' then jsonb_build_object(
    'name', stripe.text(name), 'company', null, 'line1', stripe.text(v->'line1'), 'line2', stripe.text(v->'line2'),
    'city', stripe.text(v->'city'), 'region', stripe.text(v->'state'), 'region_code', null,
    'postal_code', stripe.text(v->'postal_code'), 'country_code', case when v->>'country' ~ '^[A-Za-z]{2}$' then upper(v->>'country') end,
    'country_raw', stripe.text(v->'country'), 'phone', stripe.text(phone), 'type', kind) end $_$;


--
-- Name: amount_problem(text, jsonb, jsonb); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.amount_problem(field text, amount jsonb, currency jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when unified.num(amount) is not null and stripe.unit(currency #>> '{}') is null
              then jsonb_build_array(field, case when coalesce(currency #>> '{}', '') = '' then 'currency_missing' else 'currency_invalid' end,
                                     coalesce(nullif(nullif(currency, 'null'), '""'), amount), true)
              else jsonb_build_array(field, 'typecast_error', amount, unified.num(amount) is null) end $$;


--
-- Name: balance_status(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.balance_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "available":"available","pending":"pending"}'::jsonb, x) $$;


--
-- Name: balance_type(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.balance_type(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "charge":"charge","payment":"charge","payment_unreconciled":"charge","refund":"refund",
    "payment_refund":"refund","refund_failure":"refund","payment_failure_refund":"refund",
    "payment_reversal":"refund","adjustment":"adjustment","payout":"payout","payout_cancel":"payout_failure",
    "payout_failure":"payout_failure","stripe_fee":"fee","stripe_fx_fee":"fee",
    "payment_network_reserve_hold":"reserve","payment_network_reserve_release":"reserve_release",
    "reserve_transaction":"reserve","reserved_funds":"reserve","reserve_hold":"reserve",
    "reserve_release":"reserve_release","tax_fee":"tax","transfer":"transfer","transfer_cancel":"transfer",
    "transfer_failure":"transfer","transfer_refund":"transfer","connect_collection_transfer":"transfer",
    "advance":"loan","advance_funding":"loan","anticipation_repayment":"loan","application_fee":"other",
    "application_fee_refund":"other","contribution":"other","topup":"other","topup_reversal":"other",
    "climate_order_purchase":"other","climate_order_refund":"other","issuing_authorization_hold":"other",
    "issuing_authorization_release":"other","issuing_dispute":"other","issuing_transaction":"other",
    "issuing_disbursement":"other","obligation_outbound":"other","obligation_reversal_inbound":"other",
    "inbound_transfer":"other","inbound_transfer_reversal":"other","fee_credit_funding":"other",
    "stripe_balance_payment_debit":"other","stripe_balance_payment_debit_reversal":"other"}'::jsonb, x) $$;


--
-- Name: billing_reason(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.billing_reason(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "subscription_create":"creation","subscription_cycle":"renewal","subscription":"renewal",
    "subscription_threshold":"renewal","subscription_update":"update","manual":"manual",
    "automatic_pending_invoice_item_invoice":"manual","quote_accept":"creation"}'::jsonb, x) $$;


--
-- Name: charge_status(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.charge_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "succeeded":"succeeded","paid":"succeeded","pending":"pending","failed":"failed"}'::jsonb, x) $$;


--
-- Name: collection_method(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.collection_method(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "charge_automatically":"automatic","send_invoice":"manual"}'::jsonb, x) $$;


--
-- Name: intent_status(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.intent_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "requires_payment_method":"pending","requires_confirmation":"pending","requires_source":"pending",
    "requires_action":"awaiting_response","requires_source_action":"awaiting_response","processing":"pending",
    "requires_capture":"succeeded","succeeded":"succeeded","canceled":"cancelled"}'::jsonb, x) $$;


--
-- Name: interval_word(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.interval_word(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "day":"day","week":"week","month":"month","year":"year"}'::jsonb, x) $$;


--
-- Name: invoice_status(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.invoice_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "draft":"draft","open":"open","paid":"paid","uncollectible":"uncollectible","void":"void"}'::jsonb, x) $$;


--
-- Name: is_test(jsonb); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.is_test(livemode jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when livemode = 'false'::jsonb then true when livemode = 'true'::jsonb then false end $$;


--
-- Name: line_type(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.line_type(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "subscription_item_details":"subscription","invoice_item_details":"invoice_item","subscription":"subscription",
    "invoiceitem":"invoice_item"}'::jsonb, x) $$;


--
-- Name: magnitude(jsonb, text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.magnitude(amount jsonb, currency text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select abs(unified.num(amount)) * stripe.unit(currency) $$;


--
-- Name: money(jsonb, text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.money(amount jsonb, currency text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.num(amount) * stripe.unit(currency) $$;


--
-- Name: payment_method(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.payment_method(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "card":"card","card_present":"card","interac_present":"card","us_bank_account":"bank_transfer",
    "ach_debit":"bank_transfer","ach_credit_transfer":"bank_transfer","sepa_debit":"bank_transfer",
    "sepa_credit_transfer":"bank_transfer","bacs_debit":"bank_transfer","acss_debit":"bank_transfer",
    "au_becs_debit":"bank_transfer","nz_bank_account":"bank_transfer","bancontact":"bank_transfer",
    "ideal":"bank_transfer","sofort":"bank_transfer","giropay":"bank_transfer","eps":"bank_transfer",
    "p24":"bank_transfer","fpx":"bank_transfer","multibanco":"bank_transfer","customer_balance":"bank_transfer",
    "pix":"bank_transfer","paynow":"bank_transfer","promptpay":"bank_transfer","pay_by_bank":"bank_transfer",
    "twint":"wallet","blik":"bank_transfer","boleto":"cash","konbini":"cash","oxxo":"cash",
    "klarna":"buy_now_pay_later","afterpay_clearpay":"buy_now_pay_later","affirm":"buy_now_pay_later",
    "zip":"buy_now_pay_later","billie":"buy_now_pay_later","alma":"buy_now_pay_later","alipay":"wallet",
    "wechat":"wallet","wechat_pay":"wallet","paypal":"wallet","link":"wallet","cashapp":"wallet","grabpay":"wallet",
    "amazon_pay":"wallet","revolut_pay":"wallet","mobilepay":"wallet","swish":"wallet","samsung_pay":"wallet",
    "kakao_pay":"wallet","naver_pay":"wallet","crypto":"crypto"}'::jsonb, x) $$;


--
-- Name: ref(jsonb); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.ref(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select nullif(case jsonb_typeof(v) when 'string' then v #>> '{}' when 'object' then v ->> 'id' end, '') $$;


--
-- Name: refund_reason(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.refund_reason(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "requested_by_customer":"requested_by_customer","duplicate":"duplicate","fraudulent":"fraudulent",
    "expired_uncaptured_charge":"other"}'::jsonb, x) $$;


--
-- Name: refund_status(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.refund_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "succeeded":"succeeded","pending":"pending","requires_action":"pending","failed":"failed",
    "canceled":"cancelled"}'::jsonb, x) $$;


--
-- Name: sanitised(boolean); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.sanitised(sanitised boolean) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;


--
-- Name: source_object(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.source_object(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "ch":"charge","py":"charge","re":"refund","pyr":"refund","po":"payout","tr":"transfer",
    "trr":"transfer_reversal","dp":"dispute","du":"dispute","fee":"application_fee","fr":"application_fee_refund",
    "tu":"topup","txn":"balance_transaction","ipi":"issuing_transaction","iauth":"issuing_authorization"}'::jsonb, x) $$;


--
-- Name: subscription_status(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.subscription_status(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.word('{
    "trialing":"trialing","active":"active","past_due":"past_due","unpaid":"past_due","incomplete":"pending",
    "incomplete_expired":"expired","canceled":"canceled","paused":"paused"}'::jsonb, x) $$;


--
-- Name: text(jsonb); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.text(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case jsonb_typeof(v) when 'string' then nullif(v #>> '{}', '') end $$;


--
-- Name: unit(text); Type: FUNCTION; Schema: stripe; Owner: -
--

CREATE FUNCTION stripe.unit(currency text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select ('{
    "bif":"1","clp":"1","djf":"1","gnf":"1","jpy":"1","kmf":"1","krw":"1","mga":"1","pyg":"1","rwf":"1","vnd":"1",
    "vuv":"1","xaf":"1","xof":"1","xpf":"1","bhd":"0.001","jod":"0.001","kwd":"0.001","omr":"0.001","tnd":"0.001",
    "aed":"0.01","afn":"0.01","all":"0.01","amd":"0.01","ang":"0.01","aoa":"0.01","ars":"0.01","aud":"0.01",
    "awg":"0.01","azn":"0.01","bam":"0.01","bbd":"0.01","bdt":"0.01","bgn":"0.01","bmd":"0.01","bnd":"0.01",
    "bob":"0.01","brl":"0.01","bsd":"0.01","bwp":"0.01","byn":"0.01","bzd":"0.01","cad":"0.01","cdf":"0.01",
    "chf":"0.01","cny":"0.01","cop":"0.01","crc":"0.01","cup":"0.01","cve":"0.01","czk":"0.01","dkk":"0.01",
    "dop":"0.01","dzd":"0.01","egp":"0.01","ern":"0.01","etb":"0.01","eur":"0.01","fjd":"0.01","fkp":"0.01",
    "gbp":"0.01","gel":"0.01","ghs":"0.01","gip":"0.01","gmd":"0.01","gtq":"0.01","gyd":"0.01","hkd":"0.01",
    "hnl":"0.01","hrk":"0.01","htg":"0.01","huf":"0.01","idr":"0.01","ils":"0.01","inr":"0.01","irr":"0.01",
    "isk":"0.01","jmd":"0.01","kes":"0.01","kgs":"0.01","khr":"0.01","kyd":"0.01","kzt":"0.01","lak":"0.01",
    "lbp":"0.01","lkr":"0.01","lrd":"0.01","lsl":"0.01","ltl":"0.01","lvl":"0.01","mad":"0.01","mdl":"0.01",
    "mkd":"0.01","mmk":"0.01","mnt":"0.01","mop":"0.01","mro":"0.01","mru":"0.01","mur":"0.01","mvr":"0.01",
    "mwk":"0.01","mxn":"0.01","myr":"0.01","mzn":"0.01","nad":"0.01","ngn":"0.01","nio":"0.01","nok":"0.01",
    "npr":"0.01","nzd":"0.01","pab":"0.01","pen":"0.01","pgk":"0.01","php":"0.01","pkr":"0.01","pln":"0.01",
    "qar":"0.01","ron":"0.01","rsd":"0.01","rub":"0.01","sar":"0.01","sbd":"0.01","scr":"0.01","sdg":"0.01",
    "sek":"0.01","sgd":"0.01","shp":"0.01","sle":"0.01","sll":"0.01","sos":"0.01","srd":"0.01","ssp":"0.01",
    "std":"0.01","stn":"0.01","svc":"0.01","syp":"0.01","szl":"0.01","thb":"0.01","tjs":"0.01","tmt":"0.01",
    "top":"0.01","try":"0.01","ttd":"0.01","twd":"0.01","tzs":"0.01","uah":"0.01","ugx":"0.01","usd":"0.01",
    "uyu":"0.01","uzs":"0.01","ves":"0.01","wst":"0.01","xcd":"0.01","xcg":"0.01","yer":"0.01","zar":"0.01",
    "zmw":"0.01"
    }'::jsonb ->> lower(currency))::numeric $$;


--
-- Name: arr(jsonb); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.arr(v jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then v end $$;


--
-- Name: bool(jsonb); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.bool(v jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when v = 'true'::jsonb then true when v = 'false'::jsonb then false end $$;


--
-- Name: epoch(jsonb); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.epoch(v jsonb) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'number' and v > '788918400'::jsonb and v < '4102444800'::jsonb then to_timestamp(v::float8) end $$;


--
-- Name: id(bigint, text, text); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.id(connection_id bigint, entity text, platform_id text) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select md5(connection_id::text || ':' || entity || ':' || platform_id)::uuid $$;


--
-- Name: num(jsonb); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.num(v jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case jsonb_typeof(v) when 'number' then case when v > '-1e30'::jsonb and v < '1e30'::jsonb then v::numeric end
                              when 'string' then unified.num(v #>> '{}') end $$;


--
-- Name: num(text); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.num(x text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when octet_length(x) <= 30 and x ~ '^-?[0-9]+(\.[0-9]*)?$' then x::numeric
              when octet_length(x) <= 30 and x ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?$' then case when abs(x::numeric) < 1e18 then x::numeric end end $_$;


--
-- Name: problems(jsonb); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.problems(checks jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce(jsonb_agg(jsonb_build_object('field', c->>0, 'change', case c->>1 when 'enum_unknown' then 'defaulted' else 'nulled' end,
           'reason', case when c->2 in ('null','""') then 'required_missing' else c->>1 end, 'raw', c->2)), '[]')
  from jsonb_array_elements(checks) c where c->3 = 'true' $$;


--
-- Name: ts(jsonb); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.ts(v jsonb) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $_$
  select coalesce((jsonb_path_query_first(v, '$.datetime("YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"")', '{}', true) #>> '{}')::timestamp at time zone 'UTC',
                  case when jsonb_typeof(v) in ('string', 'number') then unified.ts_slow(v) end) $_$;


--
-- Name: ts_slow(jsonb); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.ts_slow(v jsonb) RETURNS timestamp with time zone
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $_$
  select case when t between '1995-01-01' and '2100-01-01' then t end from (
    select case
      when jsonb_typeof(v) not in ('string','number') then null
      when x ~ '^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?\s*(Z|[+-](0\d|1[0-4]):?[0-5]\d)?$' then
        case when substr(x,9,2)::int <= date_part('day', make_date(substr(x,1,4)::int, substr(x,6,2)::int, 1) + interval '1 month - 1 day')
             then case when x ~ '(Z|[+-]\d{2}:?\d{2})$' then x::timestamptz else x::timestamp at time zone 'UTC' end end
      when x ~ '^\d{10}$' then to_timestamp(x::bigint)
      when x ~ '^\d{13}$' then to_timestamp(x::bigint / 1000.0) end as t
    from (select v #>> '{}' as x) a) b $_$;


--
-- Name: word(jsonb, text); Type: FUNCTION; Schema: unified; Owner: -
--

CREATE FUNCTION unified.word(map jsonb, x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce(map ->> x, case when x <> '' then 'unknown' end) $$;


--
-- Name: address(jsonb, text); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.address(a jsonb, kind text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when jsonb_typeof(a) = 'object' and concat(a->>'address_1', a->>'city', a->>'postcode', a->>'country', a->>'last_name', a->>'company') <> '' then jsonb_build_object(
    'name', nullif(trim(concat_ws(' ', nullif(a->>'first_name',''), nullif(a->>'last_name',''))), ''), 'company', nullif(a->>'company',''),
    'line1', nullif(a->>'address_1',''), 'line2', nullif(a->>'address_2',''), 'city', nullif(a->>'city',''), 'region', null,
    'region_code', nullif(a->>'state',''), 'postal_code', nullif(a->>'postcode',''),
    'country_code', case when a->>'country' ~ '^[A-Z]{2}$' then a->>'country' end, 'country_raw', nullif(a->>'country',''),
    'phone', nullif(a->>'phone',''), 'type', kind) end $_$;


--
-- Name: currency(text); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.currency(x text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when octet_length(x) = 3 and x ~ '^[A-Za-z]{3}$' then upper(x) end $_$;


--
-- Name: issues(boolean, jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.issues(sanitised boolean, checks jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;


--
-- Name: linked(jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.linked(payload jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select substring(payload #>> '{_links,up,0,href}' from '/([1-9][0-9]{0,18})/?$') $_$;


--
-- Name: meta(jsonb, text); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.meta(v jsonb, key text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then (select e->'value' from jsonb_array_elements(v) e where e->>'key' = key limit 1) end $$;


--
-- Name: options(jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.options(v jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(jsonb_build_object('name', e->>'name', 'value', e->>'option') order by n), '[]')
    from jsonb_array_elements(v) with ordinality t(e, n) where jsonb_typeof(e) = 'object' and e ? 'option') end $$;


--
-- Name: parent(jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.parent(payload jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce(woocommerce.ref(payload->'parent_id'), woocommerce.linked(payload)) $$;


--
-- Name: plain(jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.plain(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select replace(replace(replace(replace(replace(replace(woocommerce.text(v), '&#039;', ''''), '&#8217;', '’'), '&ndash;', '–'), '&quot;', '"'), '&nbsp;', ' '), '&amp;', '&') $$;


--
-- Name: quotient(numeric, numeric); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.quotient(a numeric, b numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when b <> 0 then round(a / b, 6) end $$;


--
-- Name: ref(jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.ref(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when jsonb_typeof(v) in ('number','string') and octet_length(v #>> '{}') <= 19 and v #>> '{}' ~ '^[1-9][0-9]*$' then v #>> '{}' end $_$;


--
-- Name: taxes(jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.taxes(v jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(jsonb_build_object('title', null, 'rate', null, 'amount', unified.num(e->'total'))), '[]') from jsonb_array_elements(v) e) end $$;


--
-- Name: text(jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.text(v jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) in ('string','number') then nullif(v #>> '{}', '') end $$;


--
-- Name: texts(jsonb, text); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.texts(v jsonb, member text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(v) = 'array' then array(
    select woocommerce.plain(e->member) from jsonb_array_elements(v) with ordinality t(e, n) where woocommerce.plain(e->member) is not null order by n) end $$;


--
-- Name: total(jsonb, text); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.total(v jsonb, member text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (select sum(unified.num(e->member)) from jsonb_array_elements(v) e) end $$;


--
-- Name: ts(jsonb); Type: FUNCTION; Schema: woocommerce; Owner: -
--

CREATE FUNCTION woocommerce.ts(v jsonb) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $_$
  select coalesce((jsonb_path_query_first(v, '$.datetime("YYYY-MM-DD\"T\"HH24:MI:SS")', '{}', true) #>> '{}')::timestamp at time zone 'UTC',
                  unified.ts_slow(v)) $_$;


--
-- Name: raw_records; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.raw_records (
    connection_id bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    external_id text NOT NULL COLLATE pg_catalog."C",
    platform text NOT NULL,
    platform_created_at timestamp with time zone,
    platform_updated_at timestamp with time zone,
    payload jsonb NOT NULL,
    payload_hash bytea NOT NULL,
    first_seen_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    changed_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    deletion_source text,
    job_id bigint,
    api_version text,
    sanitised boolean DEFAULT false NOT NULL,
    CONSTRAINT raw_records_deletion_source_check CHECK ((deletion_source = ANY (ARRAY['platform_flag'::text, 'tombstone_endpoint'::text, 'webhook'::text, 'missing_in_full_sync'::text, 'not_found_on_fetch'::text, 'merged'::text])))
);
ALTER TABLE ONLY portolan.raw_records ALTER COLUMN resource SET STORAGE MAIN;
ALTER TABLE ONLY portolan.raw_records ALTER COLUMN external_id SET STORAGE MAIN;
ALTER TABLE ONLY portolan.raw_records ALTER COLUMN platform SET STORAGE MAIN;
ALTER TABLE ONLY portolan.raw_records ALTER COLUMN payload SET STORAGE MAIN;
ALTER TABLE ONLY portolan.raw_records ALTER COLUMN payload SET COMPRESSION lz4;
ALTER TABLE ONLY portolan.raw_records ALTER COLUMN payload_hash SET STORAGE PLAIN;
ALTER TABLE ONLY portolan.raw_records ALTER COLUMN deletion_source SET STORAGE MAIN;
ALTER TABLE ONLY portolan.raw_records ALTER COLUMN api_version SET STORAGE MAIN;


--
-- Name: TABLE raw_records; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.raw_records IS 'The platforms'' own JSON, one row a record, as received.';


--
-- Name: COLUMN raw_records.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.connection_id IS 'Whose record it is.';


--
-- Name: COLUMN raw_records.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.resource IS 'The stream''s resource, or a child of it that is served separately.';


--
-- Name: COLUMN raw_records.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.external_id IS 'The platform''s identifier, as text.';


--
-- Name: COLUMN raw_records.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.platform IS 'Platform of the connection.';


--
-- Name: COLUMN raw_records.platform_created_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.platform_created_at IS 'The platform''s created-at, lifted.';


--
-- Name: COLUMN raw_records.platform_updated_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.platform_updated_at IS 'The platform''s updated-at, lifted; NULL where it has none.';


--
-- Name: COLUMN raw_records.payload; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.payload IS 'The record. Where jsonb cannot hold what was received, a cleaned copy; the bytes are then in raw_exact.';


--
-- Name: COLUMN raw_records.payload_hash; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.payload_hash IS 'SHA-256 of the bytes as received.';


--
-- Name: COLUMN raw_records.first_seen_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.first_seen_at IS 'When it was first stored.';


--
-- Name: COLUMN raw_records.changed_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.changed_at IS 'When the payload''s content last changed here.';


--
-- Name: COLUMN raw_records.fetched_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.fetched_at IS 'When the stored payload was asked for. An unchanged record is not rewritten.';


--
-- Name: COLUMN raw_records.deleted_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.deleted_at IS 'When it was deleted, or found to be gone. A record that comes back loses the mark.';


--
-- Name: COLUMN raw_records.deletion_source; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.deletion_source IS 'How the deletion was learned; NULL while it exists.';


--
-- Name: COLUMN raw_records.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.job_id IS 'The job that brought the stored payload.';


--
-- Name: COLUMN raw_records.api_version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.api_version IS 'The platform''s version the payload was asked for in.';


--
-- Name: COLUMN raw_records.sanitised; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_records.sanitised IS 'The payload is a cleaned copy.';


--
-- Name: balance_transactions; Type: VIEW; Schema: amazon; Owner: -
--

CREATE VIEW amazon.balance_transactions AS
 SELECT r.connection_id,
    'amazon'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_balance_transactions'::text, r.external_id) AS id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'financial_events'::text AS raw_resource,
    1 AS mapping_version,
    amazon.event_type(d.list) AS type,
    d.list AS type_raw,
    'available'::text AS status,
    m.gross AS gross_amount,
    m.fee AS fee_amount,
    (m.gross - m.fee) AS net_amount,
    amazon.event_currency(d.p) AS currency,
    r.platform_created_at AS occurred_at,
    NULLIF((d.p ->> 'AmazonOrderId'::text), ''::text) AS source_platform_id,
        CASE
            WHEN ((d.p ->> 'AmazonOrderId'::text) <> ''::text) THEN 'order'::text
            ELSE NULL::text
        END AS source_object,
    NULLIF((d.p ->> 'AmazonOrderId'::text), ''::text) AS order_platform_id,
    COALESCE(NULLIF((d.p ->> 'AdjustmentType'::text), ''::text), NULLIF((d.p ->> 'FeeReason'::text), ''::text)) AS description,
        CASE
            WHEN ((NOT r.sanitised) AND (m.gross IS NOT NULL) AND (m.fee IS NOT NULL) AND (amazon.event_currency(d.p) IS NOT NULL) AND (amazon.event_type(d.list) <> 'unknown'::text)) THEN '[]'::jsonb
            ELSE amazon.issues(r.sanitised, jsonb_build_array(jsonb_build_array('gross_amount', 'typecast_error', COALESCE((d.p -> 'AdjustmentAmount'::text), (d.p -> 'ShipmentItemList'::text), (d.p -> 'ShipmentItemAdjustmentList'::text)), (m.gross IS NULL)), jsonb_build_array('fee_amount', 'typecast_error', COALESCE((d.p -> 'FeeList'::text), (d.p -> 'ShipmentItemList'::text), (d.p -> 'ShipmentItemAdjustmentList'::text)), (m.fee IS NULL)), jsonb_build_array('net_amount', 'typecast_error', COALESCE((d.p -> 'FeeList'::text), (d.p -> 'AdjustmentAmount'::text), (d.p -> 'ShipmentItemList'::text), (d.p -> 'ShipmentItemAdjustmentList'::text)), ((m.gross - m.fee) IS NULL)), jsonb_build_array('currency', 'currency_invalid', COALESCE((d.p -> 'FeeList'::text), (d.p -> 'AdjustmentAmount'::text), (d.p -> 'ShipmentItemList'::text), (d.p -> 'ShipmentItemAdjustmentList'::text)), (amazon.event_currency(d.p) IS NULL)), jsonb_build_array('type', 'enum_unknown', to_jsonb(d.list), (amazon.event_type(d.list) = 'unknown'::text))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p,
            split_part(r.external_id, ':'::text, 1) AS list
         OFFSET 0) d,
    LATERAL ( SELECT
                CASE
                    WHEN (amazon.event_type(d.list) = 'unknown'::text) THEN NULL::numeric
                    WHEN (d.list = 'AdjustmentEventList'::text) THEN unified.num((d.p #> '{AdjustmentAmount,CurrencyAmount}'::text[]))
                    ELSE amazon.charges(d.p)
                END AS gross,
                CASE
                    WHEN (amazon.event_type(d.list) = 'unknown'::text) THEN NULL::numeric
                    ELSE (- amazon.fees(d.p))
                END AS fee
         OFFSET 0) m
  WHERE ((r.platform = 'amazon'::text) AND (r.resource = 'financial_events'::text));


--
-- Name: listing_variants; Type: VIEW; Schema: amazon; Owner: -
--

CREATE VIEW amazon.listing_variants AS
 SELECT r.connection_id,
    'amazon'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_product_variants'::text, r.external_id) AS id,
    amazon.ts((d.p ->> 'open-date'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'listings'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS product_id,
    r.external_id AS product_platform_id,
    NULLIF((d.p ->> 'item-name'::text), ''::text) AS title,
    NULLIF((d.p ->> 'seller-sku'::text), ''::text) AS sku,
    unified.num((d.p -> 'price'::text)) AS price_amount,
    amazon.marketplace_currency(split_part(r.external_id, ':'::text, 1)) AS currency,
        CASE
            WHEN ((d.p ->> 'fulfillment-channel'::text) = 'DEFAULT'::text) THEN unified.num((d.p -> 'quantity'::text))
            ELSE NULL::numeric
        END AS inventory_quantity,
    unified.word('{"Active": "active", "Inactive": "draft", "Incomplete": "draft"}'::jsonb, (d.p ->> 'status'::text)) AS status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS status_raw,
    true AS is_default,
    (1)::numeric AS "position",
        CASE
            WHEN ((d.p ->> 'asin1'::text) <> ''::text) THEN jsonb_build_object('asin', (d.p ->> 'asin1'::text), 'listing_id', NULLIF((d.p ->> 'listing-id'::text), ''::text))
            ELSE NULL::jsonb
        END AS external_ids,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((d.p -> 'price'::text)) IS NOT NULL) AND (((d.p ->> 'fulfillment-channel'::text) IS DISTINCT FROM 'DEFAULT'::text) OR (unified.num((d.p -> 'quantity'::text)) IS NOT NULL)) AND (COALESCE((d.p ->> 'status'::text), ''::text) = ANY (ARRAY[''::text, 'Active'::text, 'Inactive'::text, 'Incomplete'::text]))) THEN '[]'::jsonb
            ELSE amazon.issues(r.sanitised, jsonb_build_array(jsonb_build_array('price_amount', 'typecast_error', (d.p -> 'price'::text), (unified.num((d.p -> 'price'::text)) IS NULL)), jsonb_build_array('inventory_quantity', 'typecast_error', (d.p -> 'quantity'::text), (COALESCE(((d.p ->> 'fulfillment-channel'::text) = 'DEFAULT'::text), false) AND (unified.num((d.p -> 'quantity'::text)) IS NULL))), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (NOT (COALESCE((d.p ->> 'status'::text), ''::text) = ANY (ARRAY[''::text, 'Active'::text, 'Inactive'::text, 'Incomplete'::text]))))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'amazon'::text) AND (r.resource = 'listings'::text));


--
-- Name: listings; Type: VIEW; Schema: amazon; Owner: -
--

CREATE VIEW amazon.listings AS
 SELECT r.connection_id,
    'amazon'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS id,
    amazon.ts((d.p ->> 'open-date'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'listings'::text AS raw_resource,
    1 AS mapping_version,
    NULLIF((d.p ->> 'item-name'::text), ''::text) AS title,
    NULLIF((d.p ->> 'item-description'::text), ''::text) AS description,
    unified.word('{"Active": "active", "Inactive": "draft", "Incomplete": "draft"}'::jsonb, (d.p ->> 'status'::text)) AS status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS status_raw,
    amazon.ts((d.p ->> 'open-date'::text)) AS published_at,
    (1)::numeric AS variant_count,
    true AS variants_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (COALESCE((d.p ->> 'status'::text), ''::text) = ANY (ARRAY[''::text, 'Active'::text, 'Inactive'::text, 'Incomplete'::text]))) THEN '[]'::jsonb
            ELSE amazon.issues(r.sanitised, jsonb_build_array(jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (NOT (COALESCE((d.p ->> 'status'::text), ''::text) = ANY (ARRAY[''::text, 'Active'::text, 'Inactive'::text, 'Incomplete'::text]))))))
        END AS issues,
    split_part(r.external_id, ':'::text, 1) AS marketplace_id,
    NULLIF((d.p ->> 'asin1'::text), ''::text) AS asin
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'amazon'::text) AND (r.resource = 'listings'::text));


--
-- Name: order_items; Type: VIEW; Schema: amazon; Owner: -
--

CREATE VIEW amazon.order_items AS
 SELECT r.connection_id,
    'amazon'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, r.external_id) AS id,
    split_part(r.external_id, '/'::text, 1) AS platform_parent_id,
    o.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (o.deleted_at IS NOT NULL) AS is_deleted,
    o.deleted_at,
    o.deletion_source,
    'order_items'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, split_part(r.external_id, '/'::text, 1)) AS order_id,
    split_part(r.external_id, '/'::text, 1) AS order_platform_id,
    'product'::text AS type,
    false AS platform_id_is_synthetic,
    unified.id(r.connection_id, 'commerce_products'::text, amazon.listing((o.payload ->> 'MarketplaceId'::text), (d.p ->> 'SellerSKU'::text))) AS product_id,
    amazon.listing((o.payload ->> 'MarketplaceId'::text), (d.p ->> 'SellerSKU'::text)) AS product_platform_id,
    amazon.listing((o.payload ->> 'MarketplaceId'::text), (d.p ->> 'SellerSKU'::text)) AS variant_platform_id,
    NULLIF((d.p ->> 'SellerSKU'::text), ''::text) AS sku,
    NULLIF((d.p ->> 'Title'::text), ''::text) AS title,
    unified.num((d.p -> 'QuantityOrdered'::text)) AS quantity,
    unified.num((d.p -> 'QuantityShipped'::text)) AS fulfilled_quantity,
        CASE
            WHEN (unified.num((d.p -> 'QuantityOrdered'::text)) > (0)::numeric) THEN round((unified.num((d.p #> '{ItemPrice,Amount}'::text[])) / unified.num((d.p -> 'QuantityOrdered'::text))), 4)
            ELSE NULL::numeric
        END AS unit_amount,
    unified.num((d.p #> '{PromotionDiscount,Amount}'::text[])) AS discount_amount,
    unified.num((d.p #> '{ItemTax,Amount}'::text[])) AS tax_amount,
    (unified.num((d.p #> '{ItemPrice,Amount}'::text[])) - COALESCE(unified.num((d.p #> '{PromotionDiscount,Amount}'::text[])), (0)::numeric)) AS total_amount,
        CASE
            WHEN ((d.p #> '{ItemPrice,CurrencyCode}'::text[]) IS NOT NULL) THEN amazon.currency((d.p #>> '{ItemPrice,CurrencyCode}'::text[]))
            ELSE amazon.marketplace_currency((o.payload ->> 'MarketplaceId'::text))
        END AS currency,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((d.p -> 'QuantityOrdered'::text)) IS NOT NULL) AND (((unified.num((d.p #> '{ItemPrice,Amount}'::text[])) IS NOT NULL) AND (amazon.currency((d.p #>> '{ItemPrice,CurrencyCode}'::text[])) IS NOT NULL)) OR (((d.p -> 'ItemPrice'::text) IS NULL) AND amazon.has_no_money((o.payload ->> 'OrderStatus'::text)) AND (amazon.marketplace_currency((o.payload ->> 'MarketplaceId'::text)) IS NOT NULL)))) THEN '[]'::jsonb
            ELSE amazon.issues(r.sanitised, jsonb_build_array(jsonb_build_array('quantity', 'typecast_error', (d.p -> 'QuantityOrdered'::text), (unified.num((d.p -> 'QuantityOrdered'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', COALESCE((d.p #> '{ItemPrice,Amount}'::text[]), (d.p -> 'ItemPrice'::text)), ((unified.num((d.p #> '{ItemPrice,Amount}'::text[])) IS NULL) AND (NOT (((d.p -> 'ItemPrice'::text) IS NULL) AND amazon.has_no_money((o.payload ->> 'OrderStatus'::text)))))), jsonb_build_array('currency', 'currency_invalid', (d.p #> '{ItemPrice,CurrencyCode}'::text[]), (
            CASE
                WHEN ((d.p #> '{ItemPrice,CurrencyCode}'::text[]) IS NOT NULL) THEN amazon.currency((d.p #>> '{ItemPrice,CurrencyCode}'::text[]))
                ELSE amazon.marketplace_currency((o.payload ->> 'MarketplaceId'::text))
            END IS NULL))))
        END AS issues,
    NULLIF((d.p ->> 'ASIN'::text), ''::text) AS asin
   FROM ((portolan.raw_records r
     LEFT JOIN portolan.raw_records o ON (((o.connection_id = r.connection_id) AND (o.resource = 'orders'::text) AND (o.external_id = split_part(r.external_id, '/'::text, 1)))))
     CROSS JOIN LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d)
  WHERE ((r.platform = 'amazon'::text) AND (r.resource = 'order_items'::text));


--
-- Name: orders; Type: VIEW; Schema: amazon; Owner: -
--

CREATE VIEW amazon.orders AS
 SELECT r.connection_id,
    'amazon'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'PurchaseDate'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    COALESCE(NULLIF((d.p ->> 'SellerOrderId'::text), ''::text), r.external_id) AS order_number,
    unified.word('{"Pending": "pending", "Shipped": "completed", "Canceled": "cancelled", "Unshipped": "open", "Unfulfillable": "failed", "PartiallyShipped": "open", "InvoiceUnconfirmed": "open", "PendingAvailability": "pending"}'::jsonb, (d.p ->> 'OrderStatus'::text)) AS status,
    (d.p ->> 'OrderStatus'::text) AS status_raw,
    unified.word('{"Pending": "pending", "Shipped": "paid", "Canceled": "voided", "Unshipped": "paid", "Unfulfillable": "unknown", "PartiallyShipped": "paid", "InvoiceUnconfirmed": "paid", "PendingAvailability": "pending"}'::jsonb, (d.p ->> 'OrderStatus'::text)) AS payment_status,
    unified.word('{"Pending": "unfulfilled", "Shipped": "fulfilled", "Canceled": "not_required", "Unshipped": "unfulfilled", "Unfulfillable": "unfulfilled", "PartiallyShipped": "partially_fulfilled", "InvoiceUnconfirmed": "unfulfilled", "PendingAvailability": "unfulfilled"}'::jsonb, (d.p ->> 'OrderStatus'::text)) AS fulfillment_status,
    (d.p ->> 'OrderStatus'::text) AS fulfillment_status_raw,
    COALESCE(unified.ts((d.p -> 'PurchaseDate'::text)), r.platform_created_at) AS placed_at,
        CASE
            WHEN ((d.p #> '{OrderTotal,CurrencyCode}'::text[]) IS NOT NULL) THEN amazon.currency((d.p #>> '{OrderTotal,CurrencyCode}'::text[]))
            ELSE amazon.marketplace_currency((d.p ->> 'MarketplaceId'::text))
        END AS currency,
    unified.num((d.p #> '{OrderTotal,Amount}'::text[])) AS total_amount,
    NULLIF((d.p #>> '{BuyerInfo,BuyerEmail}'::text[]), ''::text) AS customer_email,
        CASE
            WHEN (jsonb_typeof((d.p -> 'ShippingAddress'::text)) = 'object'::text) THEN jsonb_build_object('name', NULLIF((d.p #>> '{ShippingAddress,Name}'::text[]), ''::text), 'line1', NULLIF((d.p #>> '{ShippingAddress,AddressLine1}'::text[]), ''::text), 'line2', NULLIF((d.p #>> '{ShippingAddress,AddressLine2}'::text[]), ''::text), 'city', NULLIF((d.p #>> '{ShippingAddress,City}'::text[]), ''::text), 'region', NULLIF((d.p #>> '{ShippingAddress,StateOrRegion}'::text[]), ''::text), 'postal_code', NULLIF((d.p #>> '{ShippingAddress,PostalCode}'::text[]), ''::text), 'country_code',
            CASE
                WHEN ((d.p #>> '{ShippingAddress,CountryCode}'::text[]) ~ '^[A-Z]{2}$'::text) THEN (d.p #>> '{ShippingAddress,CountryCode}'::text[])
                ELSE NULL::text
            END, 'phone', NULLIF((d.p #>> '{ShippingAddress,Phone}'::text[]), ''::text), 'type', 'shipping')
            ELSE NULL::jsonb
        END AS shipping_address,
    'marketplace'::text AS sales_channel,
    NULLIF((d.p ->> 'SalesChannel'::text), ''::text) AS sales_channel_raw,
    amazon.flag((d.p -> 'IsBusinessOrder'::text)) AS is_business_order,
    (EXISTS ( SELECT
           FROM portolan.raw_records q
          WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'order_items'::text) AND (q.external_id > (r.external_id || '/'::text)) AND (q.external_id < (r.external_id || '0'::text)) AND ((q.platform_updated_at >= r.platform_updated_at) IS TRUE)))) AS line_items_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.ts((d.p -> 'PurchaseDate'::text)) IS NOT NULL) AND (((unified.num((d.p #> '{OrderTotal,Amount}'::text[])) IS NOT NULL) AND (amazon.currency((d.p #>> '{OrderTotal,CurrencyCode}'::text[])) IS NOT NULL)) OR (((d.p -> 'OrderTotal'::text) IS NULL) AND amazon.has_no_money((d.p ->> 'OrderStatus'::text)) AND (amazon.marketplace_currency((d.p ->> 'MarketplaceId'::text)) IS NOT NULL))) AND ('["Pending", "PendingAvailability", "Unshipped", "InvoiceUnconfirmed", "PartiallyShipped", "Shipped", "Canceled", "Unfulfillable"]'::jsonb ? (d.p ->> 'OrderStatus'::text))) THEN '[]'::jsonb
            ELSE amazon.issues(r.sanitised, jsonb_build_array(jsonb_build_array('placed_at', 'typecast_error', (d.p -> 'PurchaseDate'::text), (unified.ts((d.p -> 'PurchaseDate'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', COALESCE((d.p #> '{OrderTotal,Amount}'::text[]), (d.p -> 'OrderTotal'::text)), ((unified.num((d.p #> '{OrderTotal,Amount}'::text[])) IS NULL) AND (NOT (((d.p -> 'OrderTotal'::text) IS NULL) AND amazon.has_no_money((d.p ->> 'OrderStatus'::text)))))), jsonb_build_array('currency', 'currency_invalid', (d.p #> '{OrderTotal,CurrencyCode}'::text[]), (
            CASE
                WHEN ((d.p #> '{OrderTotal,CurrencyCode}'::text[]) IS NOT NULL) THEN amazon.currency((d.p #>> '{OrderTotal,CurrencyCode}'::text[]))
                ELSE amazon.marketplace_currency((d.p ->> 'MarketplaceId'::text))
            END IS NULL)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'OrderStatus'::text), (NOT COALESCE(('["Pending", "PendingAvailability", "Unshipped", "InvoiceUnconfirmed", "PartiallyShipped", "Shipped", "Canceled", "Unfulfillable"]'::jsonb ? (d.p ->> 'OrderStatus'::text)), false)))))
        END AS issues,
    (d.p ->> 'MarketplaceId'::text) AS marketplace_id,
    (d.p ->> 'FulfillmentChannel'::text) AS fulfillment_channel,
    NULLIF((d.p ->> 'ReplacedOrderId'::text), ''::text) AS replaced_order_platform_id
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'amazon'::text) AND (r.resource = 'orders'::text));


--
-- Name: payouts; Type: VIEW; Schema: amazon; Owner: -
--

CREATE VIEW amazon.payouts AS
 SELECT r.connection_id,
    'amazon'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_payouts'::text, r.external_id) AS id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'financial_event_groups'::text AS raw_resource,
    1 AS mapping_version,
    abs(unified.num((d.total -> 'CurrencyAmount'::text))) AS amount,
        CASE
            WHEN (unified.num((d.total -> 'CurrencyAmount'::text)) < (0)::numeric) THEN 'debit'::text
            WHEN (unified.num((d.total -> 'CurrencyAmount'::text)) >= (0)::numeric) THEN 'credit'::text
            ELSE NULL::text
        END AS direction,
    amazon.currency((d.total ->> 'CurrencyCode'::text)) AS currency,
    amazon.transfer_status((d.p ->> 'FundTransferStatus'::text), (d.p ->> 'ProcessingStatus'::text)) AS status,
    (d.p ->> 'FundTransferStatus'::text) AS status_raw,
    'bank_account'::text AS type,
    'automatic'::text AS schedule,
    unified.ts((d.p -> 'FinancialEventGroupEnd'::text)) AS initiated_at,
    unified.ts((d.p -> 'FundTransferDate'::text)) AS arrival_at,
    NULLIF((d.p ->> 'AccountTail'::text), ''::text) AS destination_last4,
    NULLIF((d.p ->> 'TraceId'::text), ''::text) AS trace_id,
    ((d.p ->> 'ProcessingStatus'::text) = 'Closed'::text) AS transactions_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((d.total -> 'CurrencyAmount'::text)) IS NOT NULL) AND (amazon.currency((d.total ->> 'CurrencyCode'::text)) IS NOT NULL) AND (amazon.transfer_status((d.p ->> 'FundTransferStatus'::text), (d.p ->> 'ProcessingStatus'::text)) <> 'unknown'::text)) THEN '[]'::jsonb
            ELSE amazon.issues(r.sanitised, jsonb_build_array(jsonb_build_array('amount', 'typecast_error', COALESCE((d.total -> 'CurrencyAmount'::text), (d.p -> 'OriginalTotal'::text)), (unified.num((d.total -> 'CurrencyAmount'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', COALESCE((d.total -> 'CurrencyCode'::text), (d.p -> 'OriginalTotal'::text)), (amazon.currency((d.total ->> 'CurrencyCode'::text)) IS NULL)), jsonb_build_array('status', 'enum_unknown', COALESCE(NULLIF((d.p -> 'FundTransferStatus'::text), 'null'::jsonb), (d.p -> 'ProcessingStatus'::text)), (amazon.transfer_status((d.p ->> 'FundTransferStatus'::text), (d.p ->> 'ProcessingStatus'::text)) = 'unknown'::text))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT u.q AS p,
                CASE
                    WHEN (jsonb_typeof((u.q -> 'ConvertedTotal'::text)) = 'object'::text) THEN (u.q -> 'ConvertedTotal'::text)
                    ELSE (u.q -> 'OriginalTotal'::text)
                END AS total
           FROM ( SELECT (r.payload #> '{}'::text[]) AS q
                 OFFSET 0) u
         OFFSET 0) d
  WHERE ((r.platform = 'amazon'::text) AND (r.resource = 'financial_event_groups'::text));


--
-- Name: refunds; Type: VIEW; Schema: amazon; Owner: -
--

CREATE VIEW amazon.refunds AS
 SELECT r.connection_id,
    'amazon'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_refunds'::text, r.external_id) AS id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'financial_events'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, NULLIF((d.p ->> 'AmazonOrderId'::text), ''::text)) AS order_id,
    NULLIF((d.p ->> 'AmazonOrderId'::text), ''::text) AS order_platform_id,
    r.external_id AS transaction_platform_id,
    abs(amazon.charges(d.p)) AS amount,
    amazon.event_currency(d.p) AS currency,
    'succeeded'::text AS status,
    abs(amazon.charges_of(d.p, 'ShippingCharge'::text)) AS shipping_amount,
    abs(amazon.charges_of(d.p, 'Tax'::text)) AS tax_amount,
    unified.ts((d.p -> 'PostedDate'::text)) AS processed_at,
    true AS line_items_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (amazon.charges(d.p) IS NOT NULL) AND (amazon.event_currency(d.p) IS NOT NULL) AND (unified.ts((d.p -> 'PostedDate'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE amazon.issues(r.sanitised, jsonb_build_array(jsonb_build_array('amount', 'typecast_error', (d.p -> 'ShipmentItemAdjustmentList'::text), (amazon.charges(d.p) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (d.p -> 'ShipmentItemAdjustmentList'::text), (amazon.event_currency(d.p) IS NULL)), jsonb_build_array('processed_at', 'typecast_error', (d.p -> 'PostedDate'::text), (unified.ts((d.p -> 'PostedDate'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'amazon'::text) AND (r.resource = 'financial_events'::text) AND (r.external_id >= 'RefundEventList:'::text) AND (r.external_id < 'RefundEventList;'::text));


--
-- Name: transactions; Type: VIEW; Schema: amazon; Owner: -
--

CREATE VIEW amazon.transactions AS
 SELECT r.connection_id,
    'amazon'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_transactions'::text, r.external_id) AS id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'financial_events'::text AS raw_resource,
    1 AS mapping_version,
    ('{"RefundEventList": "refund", "ShipmentEventList": "sale", "ChargebackEventList": "chargeback", "GuaranteeClaimEventList": "chargeback"}'::jsonb ->> split_part(r.external_id, ':'::text, 1)) AS kind,
    split_part(r.external_id, ':'::text, 1) AS kind_raw,
    'succeeded'::text AS status,
    abs(amazon.charges(d.p)) AS amount,
        CASE
            WHEN (split_part(r.external_id, ':'::text, 1) = 'ShipmentEventList'::text) THEN 'in'::text
            ELSE 'out'::text
        END AS direction,
    amazon.event_currency(d.p) AS currency,
    unified.id(r.connection_id, 'commerce_orders'::text, NULLIF((d.p ->> 'AmazonOrderId'::text), ''::text)) AS order_id,
    NULLIF((d.p ->> 'AmazonOrderId'::text), ''::text) AS order_platform_id,
    unified.ts((d.p -> 'PostedDate'::text)) AS processed_at,
    'amazon'::text AS gateway,
        CASE
            WHEN (split_part(r.external_id, ':'::text, 1) = 'ShipmentEventList'::text) THEN (- amazon.fees(d.p))
            ELSE NULL::numeric
        END AS fee_amount,
        CASE
            WHEN (split_part(r.external_id, ':'::text, 1) = 'ShipmentEventList'::text) THEN (abs(amazon.charges(d.p)) + amazon.fees(d.p))
            ELSE NULL::numeric
        END AS net_amount,
        CASE
            WHEN ((NOT r.sanitised) AND (amazon.charges(d.p) IS NOT NULL) AND (amazon.event_currency(d.p) IS NOT NULL) AND (unified.ts((d.p -> 'PostedDate'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE amazon.issues(r.sanitised, jsonb_build_array(jsonb_build_array('amount', 'typecast_error', COALESCE((d.p -> 'ShipmentItemList'::text), (d.p -> 'ShipmentItemAdjustmentList'::text)), (amazon.charges(d.p) IS NULL)), jsonb_build_array('currency', 'currency_invalid', COALESCE((d.p -> 'ShipmentItemList'::text), (d.p -> 'ShipmentItemAdjustmentList'::text)), (amazon.event_currency(d.p) IS NULL)), jsonb_build_array('processed_at', 'typecast_error', (d.p -> 'PostedDate'::text), (unified.ts((d.p -> 'PostedDate'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'amazon'::text) AND (r.resource = 'financial_events'::text) AND (split_part(r.external_id, ':'::text, 1) = ANY (ARRAY['ShipmentEventList'::text, 'RefundEventList'::text, 'GuaranteeClaimEventList'::text, 'ChargebackEventList'::text])));


--
-- Name: alerts; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.alerts (
    alert_id bigint NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL,
    message text NOT NULL,
    opened_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    told_at timestamp with time zone,
    resolved_at timestamp with time zone,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT alerts_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'error'::text, 'critical'::text])))
);


--
-- Name: TABLE alerts; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.alerts IS 'What people should know of. One open alert for a rule and what it is about.';


--
-- Name: COLUMN alerts.alert_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.alert_id IS 'In order of opening.';


--
-- Name: COLUMN alerts.rule; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.rule IS 'What kind: unclassified, new_cluster, regression, connection_action, outage, limit_stall.';


--
-- Name: COLUMN alerts.subject; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.subject IS 'What it is about: cluster:7, connection:12, platform:shopify.';


--
-- Name: COLUMN alerts.severity; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.severity IS 'info, warning, error or critical.';


--
-- Name: COLUMN alerts.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.message IS 'One sentence for people.';


--
-- Name: COLUMN alerts.opened_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.opened_at IS 'Since when.';


--
-- Name: COLUMN alerts.told_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.told_at IS 'When a process took it to tell somebody; NULL: not yet.';


--
-- Name: COLUMN alerts.resolved_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.resolved_at IS 'When it stopped being so; NULL: it still is.';


--
-- Name: COLUMN alerts.detail; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.alerts.detail IS 'Figures.';


--
-- Name: alerts_alert_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.alerts ALTER COLUMN alert_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.alerts_alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: applied_views; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.applied_views (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE applied_views; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.applied_views IS 'Which text the functions and the managed views were last made from.';


--
-- Name: COLUMN applied_views.name; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.applied_views.name IS 'What was applied: functions, or all for the views.';


--
-- Name: COLUMN applied_views.checksum; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.applied_views.checksum IS 'SHA-256 of the texts.';


--
-- Name: COLUMN applied_views.applied_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.applied_views.applied_at IS 'When they were last applied.';


--
-- Name: connection_credentials; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.connection_credentials (
    connection_id bigint NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    changed_at timestamp with time zone DEFAULT portolan.now() NOT NULL
);


--
-- Name: TABLE connection_credentials; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.connection_credentials IS 'Credentials, sealed with AES-GCM; apart from connections so that readers of those need no right to these.';


--
-- Name: COLUMN connection_credentials.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_credentials.connection_id IS 'Whose credentials these are.';


--
-- Name: COLUMN connection_credentials.key_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_credentials.key_id IS 'Which key of the key ring sealed it.';


--
-- Name: COLUMN connection_credentials.sealed; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_credentials.sealed IS 'Nonce, ciphertext and tag of a JSON object of strings; the connection id is the authenticated data.';


--
-- Name: COLUMN connection_credentials.changed_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_credentials.changed_at IS 'When they were last set.';


--
-- Name: connection_events; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.connection_events (
    event_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    event text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    code text,
    message text,
    error_id bigint,
    changed_by text
);


--
-- Name: TABLE connection_events; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.connection_events IS 'History of health: one row for each change of a connection''s state. Append-only.';


--
-- Name: COLUMN connection_events.event_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.event_id IS 'In order of writing.';


--
-- Name: COLUMN connection_events.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.connection_id IS 'Whose.';


--
-- Name: COLUMN connection_events.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.occurred_at IS 'When.';


--
-- Name: COLUMN connection_events.event; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.event IS 'As in health_transitions.';


--
-- Name: COLUMN connection_events.from_state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.from_state IS 'State before.';


--
-- Name: COLUMN connection_events.to_state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.to_state IS 'State after.';


--
-- Name: COLUMN connection_events.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.code IS 'Code of the error that led to it.';


--
-- Name: COLUMN connection_events.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.message IS 'One sentence for people.';


--
-- Name: COLUMN connection_events.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.error_id IS 'The error that led to it.';


--
-- Name: COLUMN connection_events.changed_by; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_events.changed_by IS 'Who; NULL: it happened.';


--
-- Name: connection_events_event_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.connection_events ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.connection_events_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: connections; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.connections (
    connection_id bigint NOT NULL,
    platform text NOT NULL,
    name text NOT NULL,
    base_url text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    state_code text,
    state_message text,
    state_since timestamp with time zone DEFAULT portolan.now() NOT NULL,
    created_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    method text,
    state_until timestamp with time zone,
    state_error_id bigint,
    state_by text,
    next_probe_at timestamp with time zone,
    probes_count integer DEFAULT 0 NOT NULL,
    net_failures integer DEFAULT 0 NOT NULL,
    net_since timestamp with time zone,
    limited_since timestamp with time zone,
    CONSTRAINT connections_base_url_check CHECK ((base_url ~ '^https?://[^/?#@\s]+(/[^?#\s]*)?$'::text)),
    CONSTRAINT connections_limits_check CHECK ((jsonb_typeof(limits) = 'object'::text)),
    CONSTRAINT connections_name_check CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'::text)),
    CONSTRAINT connections_platform_check CHECK ((platform ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT connections_settings_check CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT connections_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'healthy'::text, 'degraded'::text, 'rate_limited'::text, 'needs_reauth'::text, 'blocked'::text, 'unreachable'::text, 'disabled'::text])))
);


--
-- Name: TABLE connections; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.connections IS 'One merchant''s authorised account on one platform.';


--
-- Name: COLUMN connections.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.connection_id IS 'Stands in every row that belongs to the merchant.';


--
-- Name: COLUMN connections.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.platform IS 'Key of the platform, e.g. shopify.';


--
-- Name: COLUMN connections.name; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.name IS 'What people call it, unique; what the CLI takes.';


--
-- Name: COLUMN connections.base_url; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.base_url IS 'Where its interface lives: scheme, host and, for self-hosted stores, the path. No credentials, no query.';


--
-- Name: COLUMN connections.settings; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.settings IS 'Facts requests depend on, as an object of strings. Never credentials.';


--
-- Name: COLUMN connections.state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.state IS 'Its health: pending (linked, first sync not finished), healthy, degraded (a stream fails or is blocked), rate_limited, needs_reauth (the merchant has to sign in again), blocked (something outside has to be mended), unreachable, disabled (a person switched it off). Jobs run in the first four; see health_transitions.';


--
-- Name: COLUMN connections.state_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.state_code IS 'Code of the unified error that led to the state.';


--
-- Name: COLUMN connections.state_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.state_message IS 'One sentence for people.';


--
-- Name: COLUMN connections.state_since; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.state_since IS 'When it came into this state.';


--
-- Name: COLUMN connections.created_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.created_at IS 'When it was added.';


--
-- Name: COLUMN connections.limits; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.limits IS 'Limits of this connection that differ from the platform''s, by bucket: {"requests": {"capacity": 100, "refill_per_second": 100, "share": 0.9}, "daily": {"limit": 5000}}.';


--
-- Name: COLUMN connections.method; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.method IS 'The way it signs in, one of its platform''s; NULL: the one its credentials fit.';


--
-- Name: COLUMN connections.state_until; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.state_until IS 'When it ends by itself, where that is known: of rate_limited.';


--
-- Name: COLUMN connections.state_error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.state_error_id IS 'The error that led to the state.';


--
-- Name: COLUMN connections.state_by; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.state_by IS 'Who switched it; NULL: it happened.';


--
-- Name: COLUMN connections.next_probe_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.next_probe_at IS 'When it is tried again with one cheap request; NULL where it is not.';


--
-- Name: COLUMN connections.probes_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.probes_count IS 'Probes since it came into this state; the pace follows them.';


--
-- Name: COLUMN connections.net_failures; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.net_failures IS 'Failures to reach it since it last answered.';


--
-- Name: COLUMN connections.net_since; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.net_since IS 'When the first of those was.';


--
-- Name: COLUMN connections.limited_since; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connections.limited_since IS 'Since when only limits have held it up.';


--
-- Name: streams; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.streams (
    connection_id bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    platform text NOT NULL,
    family text DEFAULT 'main'::text NOT NULL,
    state text DEFAULT 'new'::text NOT NULL,
    state_code text,
    state_message text,
    state_since timestamp with time zone DEFAULT portolan.now() NOT NULL,
    "interval" interval NOT NULL,
    next_due_at timestamp with time zone,
    enqueued_at timestamp with time zone,
    caught_up_at timestamp with time zone,
    first_caught_up_at timestamp with time zone,
    synced_through timestamp with time zone,
    last_page_at timestamp with time zone,
    pages_count bigint DEFAULT 0 NOT NULL,
    records_count bigint DEFAULT 0 NOT NULL,
    cursor jsonb,
    successes smallint DEFAULT 0 NOT NULL,
    kind text DEFAULT 'sync'::text NOT NULL,
    CONSTRAINT streams_interval_check CHECK (("interval" >= '00:00:01'::interval)),
    CONSTRAINT streams_kind_check CHECK ((kind = ANY (ARRAY['sync'::text, 'report'::text]))),
    CONSTRAINT streams_state_check CHECK ((state = ANY (ARRAY['new'::text, 'reading'::text, 'in_sync'::text, 'degraded'::text, 'failing'::text, 'blocked'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.05');


--
-- Name: TABLE streams; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.streams IS 'One resource of one connection: the unit that has a cursor and a freshness.';


--
-- Name: COLUMN streams.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.connection_id IS 'Whose stream it is.';


--
-- Name: COLUMN streams.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.resource IS 'Name of the resource, e.g. orders.';


--
-- Name: COLUMN streams.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.platform IS 'Platform of the connection.';


--
-- Name: COLUMN streams.family; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.family IS 'Which of the connection''s lanes its jobs run in.';


--
-- Name: COLUMN streams.state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.state IS 'new: never read; reading: first read under way; in_sync: caught up; degraded: caught up as far as this server allows; failing: last job failed, tried again; blocked: stopped until something outside changes.';


--
-- Name: COLUMN streams.state_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.state_code IS 'Code of the unified error behind the state.';


--
-- Name: COLUMN streams.state_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.state_message IS 'One sentence for people.';


--
-- Name: COLUMN streams.state_since; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.state_since IS 'When it came into this state.';


--
-- Name: COLUMN streams."interval"; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams."interval" IS 'How often it is due: its freshness target.';


--
-- Name: COLUMN streams.next_due_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.next_due_at IS 'When the scheduler enqueues its next sync; NULL: never.';


--
-- Name: COLUMN streams.enqueued_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.enqueued_at IS 'When its last sync was enqueued.';


--
-- Name: COLUMN streams.caught_up_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.caught_up_at IS 'When a read last reached the end.';


--
-- Name: COLUMN streams.first_caught_up_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.first_caught_up_at IS 'When the first complete read ended.';


--
-- Name: COLUMN streams.synced_through; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.synced_through IS 'Platform time up to which everything is known: the measure of freshness.';


--
-- Name: COLUMN streams.last_page_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.last_page_at IS 'When a page was last committed.';


--
-- Name: COLUMN streams.pages_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.pages_count IS 'Pages committed, ever.';


--
-- Name: COLUMN streams.records_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.records_count IS 'Records seen, ever, changed or not.';


--
-- Name: COLUMN streams.cursor; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.cursor IS 'Where it has got to on the platform; only the platform''s code reads it.';


--
-- Name: COLUMN streams.successes; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.successes IS 'Complete reads since it last failed, up to 2.';


--
-- Name: COLUMN streams.kind; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.streams.kind IS 'Which kind of job reads it: page by page, or from documents that are requested, waited for and downloaded.';


--
-- Name: connection_health; Type: VIEW; Schema: portolan; Owner: -
--

CREATE VIEW portolan.connection_health AS
 SELECT c.connection_id,
    c.name,
    c.platform,
    c.state,
    c.state_since,
    c.state_code,
    c.state_message,
    c.state_until,
    c.next_probe_at,
    c.state_by,
        CASE c.state
            WHEN 'needs_reauth'::text THEN format('new credentials: portolan connections renew %s'::text, c.name)
            WHEN 'blocked'::text THEN format('it is tried again at %s; once mended: portolan connections resume %s'::text, date_trunc('second'::text, c.next_probe_at), c.name)
            WHEN 'unreachable'::text THEN format('it is tried again at %s'::text, date_trunc('second'::text, c.next_probe_at))
            WHEN 'disabled'::text THEN format('portolan connections resume %s'::text, c.name)
            WHEN 'rate_limited'::text THEN ('time'::text || COALESCE((': until '::text || date_trunc('second'::text, c.state_until)), ''::text))
            WHEN 'degraded'::text THEN 'two complete reads of every stream'::text
            WHEN 'pending'::text THEN 'a first complete read of every stream'::text
            ELSE NULL::text
        END AS heals,
    n.streams_count,
    n.failing_count,
    n.blocked_count,
    n.oldest_synced_through
   FROM (portolan.connections c
     CROSS JOIN LATERAL ( SELECT (count(*))::integer AS streams_count,
            (count(*) FILTER (WHERE (s.state = 'failing'::text)))::integer AS failing_count,
            (count(*) FILTER (WHERE (s.state = 'blocked'::text)))::integer AS blocked_count,
            min(s.synced_through) AS oldest_synced_through
           FROM portolan.streams s
          WHERE (s.connection_id = c.connection_id)) n);


--
-- Name: VIEW connection_health; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON VIEW portolan.connection_health IS 'How each connection is, since when, why, and what would heal it.';


--
-- Name: connection_tokens; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.connection_tokens (
    connection_id bigint NOT NULL,
    generation bigint NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    issued_at timestamp with time zone,
    issued_by uuid,
    refresh_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    expires_at timestamp with time zone,
    refresh_expires_at timestamp with time zone,
    idle_at timestamp with time zone,
    state text DEFAULT 'idle'::text NOT NULL,
    refresh_id uuid,
    refreshing_by uuid,
    refreshing_since timestamp with time zone,
    refreshing_until timestamp with time zone,
    interruptions integer DEFAULT 0 NOT NULL,
    doubtful_since timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    not_before timestamp with time zone,
    error_code text,
    error_message text,
    CONSTRAINT connection_tokens_check CHECK (((state <> 'refreshing'::text) OR ((refresh_id IS NOT NULL) AND (refreshing_since IS NOT NULL) AND (refreshing_until IS NOT NULL)))),
    CONSTRAINT connection_tokens_state_check CHECK ((state = ANY (ARRAY['idle'::text, 'refreshing'::text, 'rejected'::text])))
)
WITH (fillfactor='70');


--
-- Name: TABLE connection_tokens; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.connection_tokens IS 'Tokens of connections that sign in through a token endpoint, and the intent to refresh them: at most one at a time in the whole fleet.';


--
-- Name: COLUMN connection_tokens.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.connection_id IS 'Whose tokens these are.';


--
-- Name: COLUMN connection_tokens.generation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.generation IS 'Grows with every pair that is stored. A refresh may store only what it got with the pair of the generation it began with.';


--
-- Name: COLUMN connection_tokens.key_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.key_id IS 'Which key of the key ring sealed them.';


--
-- Name: COLUMN connection_tokens.sealed; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.sealed IS 'Sealed as connection_credentials is: access_token, refresh_token and spare_refresh_token, those there are.';


--
-- Name: COLUMN connection_tokens.issued_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.issued_at IS 'When the access token was stored; NULL: there was none yet.';


--
-- Name: COLUMN connection_tokens.issued_by; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.issued_by IS 'The refresh that brought it: storing it twice is storing it once.';


--
-- Name: COLUMN connection_tokens.refresh_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.refresh_at IS 'From when on the access token is replaced.';


--
-- Name: COLUMN connection_tokens.expires_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.expires_at IS 'When the access token dies.';


--
-- Name: COLUMN connection_tokens.refresh_expires_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.refresh_expires_at IS 'When the refresh token dies if it is not used; NULL: unknown or never.';


--
-- Name: COLUMN connection_tokens.idle_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.idle_at IS 'From when on it is refreshed even if nobody needs a token, so that the refresh token does not die of rest; NULL: not needed.';


--
-- Name: COLUMN connection_tokens.state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.state IS 'idle; refreshing: somebody is asking the token endpoint, or was until refreshing_until; rejected: not asked again until the merchant signs in again or a person says so.';


--
-- Name: COLUMN connection_tokens.refresh_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.refresh_id IS 'The refresh under way, or the last there was.';


--
-- Name: COLUMN connection_tokens.refreshing_by; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.refreshing_by IS 'The worker that began it.';


--
-- Name: COLUMN connection_tokens.refreshing_since; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.refreshing_since IS 'When it began.';


--
-- Name: COLUMN connection_tokens.refreshing_until; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.refreshing_until IS 'When it has ended or been interrupted: longer than its requests may take.';


--
-- Name: COLUMN connection_tokens.interruptions; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.interruptions IS 'Refreshes in a row that nobody ended: their workers died.';


--
-- Name: COLUMN connection_tokens.doubtful_since; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.doubtful_since IS 'Begin of the first refresh since the last success whose answer is not known: the refresh token may have been used up by it.';


--
-- Name: COLUMN connection_tokens.failures; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.failures IS 'Refreshes in a row that brought nothing.';


--
-- Name: COLUMN connection_tokens.failing_since; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.failing_since IS 'Begin of that row.';


--
-- Name: COLUMN connection_tokens.not_before; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.not_before IS 'The token endpoint is left alone until then, by everybody.';


--
-- Name: COLUMN connection_tokens.error_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.error_code IS 'Code of the unified error of the last refresh that brought nothing.';


--
-- Name: COLUMN connection_tokens.error_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.connection_tokens.error_message IS 'Its sentence.';


--
-- Name: connections_connection_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.connections ALTER COLUMN connection_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.connections_connection_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: copies; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.copies (
    entity text NOT NULL COLLATE pg_catalog."C",
    enabled_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    enabled_by text DEFAULT SESSION_USER NOT NULL,
    remade_at timestamp with time zone DEFAULT portolan.now() NOT NULL
);


--
-- Name: TABLE copies; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.copies IS 'The entities of which a typed copy is kept in schema store.';


--
-- Name: COLUMN copies.entity; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copies.entity IS 'The unified entity; its copy is store.<entity>.';


--
-- Name: COLUMN copies.enabled_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copies.enabled_at IS 'When it was switched on.';


--
-- Name: COLUMN copies.enabled_by; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copies.enabled_by IS 'Who did.';


--
-- Name: COLUMN copies.remade_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copies.remade_at IS 'When its table was last made: when it was switched on, or when its contract changed.';


--
-- Name: copy_changes; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.copy_changes (
    change_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    platform text NOT NULL COLLATE pg_catalog."C",
    resource text NOT NULL COLLATE pg_catalog."C",
    roots text[] NOT NULL COLLATE pg_catalog."C",
    noted_at timestamp with time zone DEFAULT portolan.now() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='2000', autovacuum_analyze_scale_factor='0', autovacuum_analyze_threshold='100000');
ALTER TABLE ONLY portolan.copy_changes ALTER COLUMN roots SET COMPRESSION lz4;


--
-- Name: TABLE copy_changes; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.copy_changes IS 'Raw records that changed and are not in the copies yet. Noted by triggers, in the transaction that changed them, so none is ever missed.';


--
-- Name: COLUMN copy_changes.change_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_changes.change_id IS 'In the order in which they were noted, which is not that in which they were committed.';


--
-- Name: COLUMN copy_changes.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_changes.connection_id IS 'Whose records.';


--
-- Name: COLUMN copy_changes.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_changes.platform IS 'Its platform.';


--
-- Name: COLUMN copy_changes.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_changes.resource IS 'Which resource.';


--
-- Name: COLUMN copy_changes.roots; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_changes.roots IS 'The records'' ids up to the first slash: a page of a list inside a record changes the record''s rows.';


--
-- Name: COLUMN copy_changes.noted_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_changes.noted_at IS 'When the transaction began that changed them.';


--
-- Name: copy_changes_change_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.copy_changes ALTER COLUMN change_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.copy_changes_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: copy_connections; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.copy_connections (
    source_id integer NOT NULL,
    connection_id bigint NOT NULL,
    version integer,
    is_stale boolean DEFAULT true NOT NULL,
    rows_count bigint,
    built_at timestamp with time zone,
    took interval,
    failures integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone,
    error text
);


--
-- Name: TABLE copy_connections; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.copy_connections IS 'How far the copy of one view is for one connection. Written in the transaction that writes the copy''s rows.';


--
-- Name: COLUMN copy_connections.source_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.source_id IS 'Which view.';


--
-- Name: COLUMN copy_connections.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.connection_id IS 'Whose rows.';


--
-- Name: COLUMN copy_connections.version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.version IS 'Version of the view its rows were made by; NULL: none are made yet.';


--
-- Name: COLUMN copy_connections.is_stale; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.is_stale IS 'They are to be made anew, all of them.';


--
-- Name: COLUMN copy_connections.rows_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.rows_count IS 'How many there were when they were last made anew.';


--
-- Name: COLUMN copy_connections.built_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.built_at IS 'When that was.';


--
-- Name: COLUMN copy_connections.took; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.took IS 'How long that took.';


--
-- Name: COLUMN copy_connections.failures; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.failures IS 'Attempts that failed in a row.';


--
-- Name: COLUMN copy_connections.next_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.next_at IS 'Not before; NULL: at once.';


--
-- Name: COLUMN copy_connections.error; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.copy_connections.error IS 'What went wrong; NULL when nothing did.';


--
-- Name: copy_sources_source_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.copy_sources ALTER COLUMN source_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.copy_sources_source_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: coverage; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.coverage (
    connection_id bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    covered tstzmultirange NOT NULL,
    proven_at timestamp with time zone NOT NULL
);


--
-- Name: TABLE coverage; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.coverage IS 'Which windows of platform time are proven to have been read.';


--
-- Name: COLUMN coverage.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage.connection_id IS 'The connection.';


--
-- Name: COLUMN coverage.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage.resource IS 'The raw resource.';


--
-- Name: COLUMN coverage.covered; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage.covered IS 'The union of all proven windows.';


--
-- Name: COLUMN coverage.proven_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage.proven_at IS 'When the last of them was added.';


--
-- Name: coverage_proofs; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.coverage_proofs (
    proof_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    window_read tstzrange NOT NULL,
    platform_count bigint,
    distinct_count bigint NOT NULL,
    job_id bigint NOT NULL,
    proven_at timestamp with time zone DEFAULT portolan.now() NOT NULL
);


--
-- Name: TABLE coverage_proofs; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.coverage_proofs IS 'The windows in which there was anything, one row for each time one was read to its end.';


--
-- Name: COLUMN coverage_proofs.proof_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage_proofs.proof_id IS 'In order of writing.';


--
-- Name: COLUMN coverage_proofs.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage_proofs.connection_id IS 'The connection.';


--
-- Name: COLUMN coverage_proofs.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage_proofs.resource IS 'The raw resource.';


--
-- Name: COLUMN coverage_proofs.window_read; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage_proofs.window_read IS 'Half-open; an open end is since ever, or up to the read.';


--
-- Name: COLUMN coverage_proofs.platform_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage_proofs.platform_count IS 'What the platform itself counted there; NULL where it counts nothing.';


--
-- Name: COLUMN coverage_proofs.distinct_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage_proofs.distinct_count IS 'How many different records were read there.';


--
-- Name: COLUMN coverage_proofs.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage_proofs.job_id IS 'The job that read it.';


--
-- Name: COLUMN coverage_proofs.proven_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.coverage_proofs.proven_at IS 'When its last page was stored.';


--
-- Name: coverage_proofs_proof_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.coverage_proofs ALTER COLUMN proof_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.coverage_proofs_proof_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: error_cluster_connections; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.error_cluster_connections (
    cluster_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    errors_count bigint NOT NULL
)
WITH (fillfactor='80');


--
-- Name: TABLE error_cluster_connections; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.error_cluster_connections IS 'Whom a cluster concerns, and how often.';


--
-- Name: COLUMN error_cluster_connections.cluster_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_cluster_connections.cluster_id IS 'Which cluster.';


--
-- Name: COLUMN error_cluster_connections.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_cluster_connections.connection_id IS 'Whom.';


--
-- Name: COLUMN error_cluster_connections.first_seen_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_cluster_connections.first_seen_at IS 'Since when.';


--
-- Name: COLUMN error_cluster_connections.last_seen_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_cluster_connections.last_seen_at IS 'When last.';


--
-- Name: COLUMN error_cluster_connections.errors_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_cluster_connections.errors_count IS 'How often.';


--
-- Name: error_clusters; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.error_clusters (
    cluster_id bigint NOT NULL,
    fingerprint bytea NOT NULL,
    code text NOT NULL,
    fault text NOT NULL,
    platform text,
    resource text,
    operation text,
    title text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    errors_count bigint NOT NULL,
    connections_count integer DEFAULT 0 NOT NULL,
    sample_ids bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    sample_hour timestamp with time zone NOT NULL,
    hour_count integer NOT NULL,
    state_since timestamp with time zone DEFAULT portolan.now() NOT NULL,
    state_by text,
    note text,
    ignored_until timestamp with time zone,
    ignored_errors bigint,
    ignored_connections integer,
    CONSTRAINT error_clusters_state_check CHECK ((state = ANY (ARRAY['open'::text, 'resolved'::text, 'ignored'::text, 'regressed'::text])))
);


--
-- Name: TABLE error_clusters; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.error_clusters IS 'Errors with one cause: same code, platform, stream and operation, and the same words or platform code once numbers, ids, dates, addresses and names are left out.';


--
-- Name: COLUMN error_clusters.cluster_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.cluster_id IS 'What the CLI takes.';


--
-- Name: COLUMN error_clusters.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.fingerprint IS 'SHA-256 over what makes the cluster.';


--
-- Name: COLUMN error_clusters.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.code IS 'Code of the taxonomy.';


--
-- Name: COLUMN error_clusters.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.fault IS 'Whose fault it is.';


--
-- Name: COLUMN error_clusters.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.platform IS 'On which platform; NULL for errors of our own.';


--
-- Name: COLUMN error_clusters.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.resource IS 'In which stream.';


--
-- Name: COLUMN error_clusters.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.operation IS 'In which operation.';


--
-- Name: COLUMN error_clusters.title; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.title IS 'What the platform or we said, without what varies.';


--
-- Name: COLUMN error_clusters.state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.state IS 'open; resolved: somebody says it is mended; regressed: it came back after that; ignored: nobody wants to hear of it until its condition is met.';


--
-- Name: COLUMN error_clusters.first_seen_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.first_seen_at IS 'When its first error happened.';


--
-- Name: COLUMN error_clusters.last_seen_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.last_seen_at IS 'When its newest error happened.';


--
-- Name: COLUMN error_clusters.errors_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.errors_count IS 'How many errors, ever.';


--
-- Name: COLUMN error_clusters.connections_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.connections_count IS 'How many connections, ever.';


--
-- Name: COLUMN error_clusters.sample_ids; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.sample_ids IS 'Up to five of its errors, newest first.';


--
-- Name: COLUMN error_clusters.sample_hour; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.sample_hour IS 'The hour that hour_count is about.';


--
-- Name: COLUMN error_clusters.hour_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.hour_count IS 'Errors in that hour.';


--
-- Name: COLUMN error_clusters.state_since; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.state_since IS 'Since when.';


--
-- Name: COLUMN error_clusters.state_by; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.state_by IS 'Who said so; NULL: nobody, it happened.';


--
-- Name: COLUMN error_clusters.note; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.note IS 'Why, for people.';


--
-- Name: COLUMN error_clusters.ignored_until; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.ignored_until IS 'Ignored until then.';


--
-- Name: COLUMN error_clusters.ignored_errors; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.ignored_errors IS 'Ignored until it has more errors than this.';


--
-- Name: COLUMN error_clusters.ignored_connections; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_clusters.ignored_connections IS 'Ignored until it has more connections than this.';


--
-- Name: error_clusters_cluster_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.error_clusters ALTER COLUMN cluster_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.error_clusters_cluster_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: errors; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors (
    error_id bigint NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
)
PARTITION BY RANGE (occurred_at);


--
-- Name: TABLE errors; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.errors IS 'Every failure and every flagged record, in the one vocabulary that holds for all platforms. Kept by day; of one cluster and hour only the first hundred that are not about a record.';


--
-- Name: COLUMN errors.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.policy IS 'What is done about it.';


--
-- Name: COLUMN errors.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.route IS 'Route template of the request.';


--
-- Name: COLUMN errors.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: error_ids; Type: SEQUENCE; Schema: portolan; Owner: -
--

CREATE SEQUENCE portolan.error_ids
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: error_ids; Type: SEQUENCE OWNED BY; Schema: portolan; Owner: -
--

ALTER SEQUENCE portolan.error_ids OWNED BY portolan.errors.error_id;


--
-- Name: error_inbox; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.error_inbox (
    fingerprint bytea NOT NULL,
    code text NOT NULL,
    fault text NOT NULL,
    platform text,
    resource text,
    operation text,
    title text NOT NULL,
    connection_id bigint,
    errors_count integer NOT NULL,
    error_id bigint,
    occurred_at timestamp with time zone NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000');


--
-- Name: TABLE error_inbox; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.error_inbox IS 'Errors that are not counted into their clusters yet: one row for each call that wrote some, and cluster.';


--
-- Name: COLUMN error_inbox.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.fingerprint IS 'Which cluster.';


--
-- Name: COLUMN error_inbox.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.code IS 'As in errors.';


--
-- Name: COLUMN error_inbox.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.fault IS 'As in errors.';


--
-- Name: COLUMN error_inbox.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.platform IS 'As in errors.';


--
-- Name: COLUMN error_inbox.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.resource IS 'As in errors.';


--
-- Name: COLUMN error_inbox.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.operation IS 'As in errors.';


--
-- Name: COLUMN error_inbox.title; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.title IS 'What the cluster is called if it is new.';


--
-- Name: COLUMN error_inbox.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.connection_id IS 'Whom they concerned.';


--
-- Name: COLUMN error_inbox.errors_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.errors_count IS 'How many.';


--
-- Name: COLUMN error_inbox.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.error_id IS 'One of them that was kept as a row.';


--
-- Name: COLUMN error_inbox.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_inbox.occurred_at IS 'When they were written down.';


--
-- Name: error_minutes; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.error_minutes (
    cluster_id bigint NOT NULL,
    minute timestamp with time zone NOT NULL,
    errors_count integer NOT NULL
);


--
-- Name: TABLE error_minutes; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.error_minutes IS 'Errors of a cluster in each minute of the last eight days: what a spike is told by.';


--
-- Name: COLUMN error_minutes.cluster_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_minutes.cluster_id IS 'Which cluster.';


--
-- Name: COLUMN error_minutes.minute; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_minutes.minute IS 'The minute''s beginning.';


--
-- Name: COLUMN error_minutes.errors_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_minutes.errors_count IS 'How many.';


--
-- Name: error_rules; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.error_rules (
    rule_id text NOT NULL,
    platform text,
    priority integer DEFAULT 100 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    definition jsonb NOT NULL,
    note text,
    created_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    created_by text DEFAULT SESSION_USER NOT NULL,
    changed_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    CONSTRAINT error_rules_definition_check CHECK ((jsonb_typeof(definition) = 'object'::text)),
    CONSTRAINT error_rules_rule_id_check CHECK ((rule_id ~ '^[a-z0-9][a-z0-9._-]{0,99}$'::text))
);


--
-- Name: TABLE error_rules; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.error_rules IS 'Rules that decide what a failure means before any compiled rule is asked. Written by set_error_rule and drop_error_rule, which check them.';


--
-- Name: COLUMN error_rules.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.rule_id IS 'What errors that it decides carry as their rule.';


--
-- Name: COLUMN error_rules.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.platform IS 'The platform it holds for; NULL: all.';


--
-- Name: COLUMN error_rules.priority; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.priority IS 'Lower is asked first.';


--
-- Name: COLUMN error_rules.enabled; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.enabled IS 'Whether it is asked at all.';


--
-- Name: COLUMN error_rules.definition; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.definition IS 'Conditions and meaning; the fields are in docs/errors.md.';


--
-- Name: COLUMN error_rules.note; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.note IS 'Why it is there, for people.';


--
-- Name: COLUMN error_rules.created_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.created_at IS 'When it was first written.';


--
-- Name: COLUMN error_rules.created_by; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.created_by IS 'The database role that first wrote it.';


--
-- Name: COLUMN error_rules.changed_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules.changed_at IS 'When it was last written.';


--
-- Name: error_rules_version; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.error_rules_version (
    single boolean DEFAULT true NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    CONSTRAINT error_rules_version_single_check CHECK (single)
);


--
-- Name: TABLE error_rules_version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.error_rules_version IS 'How often the rules have changed: a worker that knows this number knows the rules.';


--
-- Name: COLUMN error_rules_version.single; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules_version.single IS 'There is one row.';


--
-- Name: COLUMN error_rules_version.version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.error_rules_version.version IS 'Grows with every change.';


--
-- Name: errors_20261123; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_20261123 (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: COLUMN errors_20261123.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors_20261123.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors_20261123.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors_20261123.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors_20261123.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors_20261123.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors_20261123.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors_20261123.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors_20261123.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors_20261123.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors_20261123.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.policy IS 'What is done about it.';


--
-- Name: COLUMN errors_20261123.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors_20261123.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors_20261123.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors_20261123.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors_20261123.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors_20261123.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors_20261123.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors_20261123.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors_20261123.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.route IS 'Route template of the request.';


--
-- Name: COLUMN errors_20261123.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors_20261123.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors_20261123.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors_20261123.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors_20261123.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261123.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: errors_20261124; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_20261124 (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: COLUMN errors_20261124.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors_20261124.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors_20261124.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors_20261124.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors_20261124.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors_20261124.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors_20261124.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors_20261124.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors_20261124.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors_20261124.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors_20261124.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.policy IS 'What is done about it.';


--
-- Name: COLUMN errors_20261124.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors_20261124.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors_20261124.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors_20261124.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors_20261124.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors_20261124.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors_20261124.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors_20261124.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors_20261124.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.route IS 'Route template of the request.';


--
-- Name: COLUMN errors_20261124.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors_20261124.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors_20261124.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors_20261124.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors_20261124.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261124.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: errors_20261125; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_20261125 (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: COLUMN errors_20261125.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors_20261125.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors_20261125.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors_20261125.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors_20261125.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors_20261125.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors_20261125.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors_20261125.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors_20261125.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors_20261125.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors_20261125.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.policy IS 'What is done about it.';


--
-- Name: COLUMN errors_20261125.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors_20261125.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors_20261125.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors_20261125.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors_20261125.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors_20261125.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors_20261125.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors_20261125.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors_20261125.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.route IS 'Route template of the request.';


--
-- Name: COLUMN errors_20261125.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors_20261125.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors_20261125.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors_20261125.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors_20261125.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261125.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: errors_20261126; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_20261126 (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: COLUMN errors_20261126.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors_20261126.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors_20261126.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors_20261126.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors_20261126.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors_20261126.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors_20261126.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors_20261126.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors_20261126.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors_20261126.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors_20261126.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.policy IS 'What is done about it.';


--
-- Name: COLUMN errors_20261126.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors_20261126.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors_20261126.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors_20261126.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors_20261126.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors_20261126.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors_20261126.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors_20261126.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors_20261126.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.route IS 'Route template of the request.';


--
-- Name: COLUMN errors_20261126.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors_20261126.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors_20261126.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors_20261126.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors_20261126.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261126.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: errors_20261127; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_20261127 (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: COLUMN errors_20261127.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors_20261127.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors_20261127.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors_20261127.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors_20261127.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors_20261127.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors_20261127.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors_20261127.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors_20261127.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors_20261127.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors_20261127.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.policy IS 'What is done about it.';


--
-- Name: COLUMN errors_20261127.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors_20261127.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors_20261127.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors_20261127.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors_20261127.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors_20261127.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors_20261127.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors_20261127.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors_20261127.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.route IS 'Route template of the request.';


--
-- Name: COLUMN errors_20261127.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors_20261127.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors_20261127.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors_20261127.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors_20261127.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261127.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: errors_20261128; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_20261128 (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: COLUMN errors_20261128.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors_20261128.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors_20261128.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors_20261128.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors_20261128.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors_20261128.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors_20261128.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors_20261128.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors_20261128.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors_20261128.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors_20261128.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.policy IS 'What is done about it.';


--
-- Name: COLUMN errors_20261128.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors_20261128.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors_20261128.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors_20261128.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors_20261128.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors_20261128.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors_20261128.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors_20261128.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors_20261128.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.route IS 'Route template of the request.';


--
-- Name: COLUMN errors_20261128.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors_20261128.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors_20261128.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors_20261128.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors_20261128.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261128.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: errors_20261129; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_20261129 (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: COLUMN errors_20261129.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors_20261129.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors_20261129.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors_20261129.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors_20261129.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors_20261129.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors_20261129.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors_20261129.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors_20261129.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors_20261129.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors_20261129.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.policy IS 'What is done about it.';


--
-- Name: COLUMN errors_20261129.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors_20261129.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors_20261129.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors_20261129.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors_20261129.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors_20261129.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors_20261129.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors_20261129.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors_20261129.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.route IS 'Route template of the request.';


--
-- Name: COLUMN errors_20261129.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors_20261129.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors_20261129.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors_20261129.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors_20261129.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261129.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: errors_20261130; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_20261130 (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: COLUMN errors_20261130.error_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.error_id IS 'In order of writing.';


--
-- Name: COLUMN errors_20261130.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.occurred_at IS 'When it was written down; the partition key.';


--
-- Name: COLUMN errors_20261130.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.connection_id IS 'Whom it concerned.';


--
-- Name: COLUMN errors_20261130.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.platform IS 'Platform of the connection.';


--
-- Name: COLUMN errors_20261130.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.resource IS 'The stream it concerned.';


--
-- Name: COLUMN errors_20261130.operation; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.operation IS 'What was being done: list, get, auth, probe, store ...';


--
-- Name: COLUMN errors_20261130.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.job_id IS 'The job that met it.';


--
-- Name: COLUMN errors_20261130.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.worker_id IS 'Who met it.';


--
-- Name: COLUMN errors_20261130.code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.code IS 'Code of the taxonomy, e.g. rate.limited.';


--
-- Name: COLUMN errors_20261130.fault; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.fault IS 'Whose fault it is.';


--
-- Name: COLUMN errors_20261130.policy; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.policy IS 'What is done about it.';


--
-- Name: COLUMN errors_20261130.rule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.rule_id IS 'The rule that decided; see: portolan errors explain.';


--
-- Name: COLUMN errors_20261130.customer_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.customer_code IS 'Key of the text for the merchant.';


--
-- Name: COLUMN errors_20261130.message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.message IS 'One sentence for engineers; never a payload or a credential.';


--
-- Name: COLUMN errors_20261130.http_status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.http_status IS 'Status of the answer, where there was one.';


--
-- Name: COLUMN errors_20261130.curl_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.curl_code IS 'libcurl''s code where no answer came.';


--
-- Name: COLUMN errors_20261130.platform_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.platform_code IS 'The platform''s own code.';


--
-- Name: COLUMN errors_20261130.platform_message; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.platform_message IS 'The platform''s own words, cut short.';


--
-- Name: COLUMN errors_20261130.platform_request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.platform_request_id IS 'The platform''s name for the request, for its support.';


--
-- Name: COLUMN errors_20261130.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.route IS 'Route template of the request.';


--
-- Name: COLUMN errors_20261130.retry_after; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.retry_after IS 'How long the platform asked to be left alone.';


--
-- Name: COLUMN errors_20261130.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.external_id IS 'The record it concerned.';


--
-- Name: COLUMN errors_20261130.evidence; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.evidence IS 'First bytes of an answer that could not be understood, with secrets and personal data masked.';


--
-- Name: COLUMN errors_20261130.evidence_headers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.evidence_headers IS 'Headers of that answer that help to write a rule.';


--
-- Name: COLUMN errors_20261130.fingerprint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.errors_20261130.fingerprint IS 'Which cluster it belongs to.';


--
-- Name: errors_default; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.errors_default (
    error_id bigint DEFAULT nextval('portolan.error_ids'::regclass) NOT NULL,
    occurred_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    connection_id bigint,
    platform text,
    resource text,
    operation text,
    job_id bigint,
    worker_id uuid,
    code text NOT NULL,
    fault text NOT NULL,
    policy text NOT NULL,
    rule_id text,
    customer_code text,
    message text NOT NULL,
    http_status integer,
    curl_code integer,
    platform_code text,
    platform_message text,
    platform_request_id text,
    route text,
    retry_after interval,
    external_id text,
    evidence text,
    evidence_headers jsonb,
    fingerprint bytea,
    CONSTRAINT errors_fault_check1 CHECK ((fault = ANY (ARRAY['ours'::text, 'platform'::text, 'merchant'::text, 'network'::text, 'quota'::text, 'none'::text, 'unknown'::text])))
);


--
-- Name: gates; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.gates (
    platform text NOT NULL,
    closed_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    probe_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    probe_interval interval NOT NULL,
    reason text NOT NULL,
    opening_at timestamp with time zone,
    width integer DEFAULT 1 NOT NULL,
    CONSTRAINT gates_probe_interval_check CHECK ((probe_interval > '00:00:00'::interval)),
    CONSTRAINT gates_width_check CHECK ((width >= 1))
);


--
-- Name: TABLE gates; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.gates IS 'Platforms that are down. While a gate is closed one lane per interval is let through; after the first page that gets through twice as many at each interval, until the gate is gone.';


--
-- Name: COLUMN gates.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.gates.platform IS 'Whose gate is closed; an open one has no row.';


--
-- Name: COLUMN gates.closed_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.gates.closed_at IS 'Since when.';


--
-- Name: COLUMN gates.probe_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.gates.probe_at IS 'When the next lane is let through.';


--
-- Name: COLUMN gates.probe_interval; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.gates.probe_interval IS 'How far apart those are.';


--
-- Name: COLUMN gates.reason; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.gates.reason IS 'Why, for people.';


--
-- Name: COLUMN gates.opening_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.gates.opening_at IS 'When the first page got through; NULL while the platform is down.';


--
-- Name: COLUMN gates.width; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.gates.width IS 'How many lanes are let through at the next interval; doubles at each while opening.';


--
-- Name: health_transitions; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.health_transitions (
    from_state text NOT NULL,
    event text NOT NULL,
    to_state text NOT NULL,
    condition text,
    CONSTRAINT health_transitions_condition_check CHECK ((condition = ANY (ARRAY['every_stream_once'::text, 'every_stream_twice'::text]))),
    CONSTRAINT health_transitions_event_check CHECK ((event = ANY (ARRAY['ok'::text, 'soft'::text, 'limit'::text, 'auth'::text, 'block'::text, 'net'::text, 'off'::text, 'on'::text, 'relink'::text])))
);


--
-- Name: TABLE health_transitions; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.health_transitions IS 'The state machine of connections, all of it: every state and every event.';


--
-- Name: COLUMN health_transitions.from_state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.health_transitions.from_state IS 'State before.';


--
-- Name: COLUMN health_transitions.event; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.health_transitions.event IS 'ok: a sync or a probe succeeded; soft: a stream failed for good; limit: limits have held everything up for 15 minutes; auth: credentials refused; block: permission, plan, firewall, account or version; net: three failures to reach it in a row, over five minutes; off, on: switched by a person; relink: new credentials, or a person says it is mended.';


--
-- Name: COLUMN health_transitions.to_state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.health_transitions.to_state IS 'State after.';


--
-- Name: COLUMN health_transitions.condition; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.health_transitions.condition IS 'The state changes only when every stream has caught up: once ever, or twice since it last failed.';


--
-- Name: job_events; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.job_events (
    job_id bigint NOT NULL,
    run integer NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    run_at timestamp with time zone,
    worker_id uuid,
    pages_count integer NOT NULL,
    records_count bigint NOT NULL,
    event text NOT NULL,
    detail jsonb,
    CONSTRAINT job_events_event_check CHECK ((event = ANY (ARRAY['retry'::text, 'snooze'::text, 'yield'::text, 'again'::text, 'awaiting'::text, 'rescue'::text])))
)
PARTITION BY RANGE (occurred_at);


--
-- Name: TABLE job_events; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.job_events IS 'The runs of jobs that did not end them. Append-only, partitioned by day; the first 200 runs of a job, after that every doubling.';


--
-- Name: COLUMN job_events.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.job_id IS 'Whose run it was.';


--
-- Name: COLUMN job_events.run; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.run IS 'Its number, from 1.';


--
-- Name: COLUMN job_events.occurred_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.occurred_at IS 'When the run ended; the partition key.';


--
-- Name: COLUMN job_events.started_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.started_at IS 'When its lease was claimed.';


--
-- Name: COLUMN job_events.run_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.run_at IS 'When the job may run again; infinity while it waits for its children.';


--
-- Name: COLUMN job_events.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.worker_id IS 'Who ran it.';


--
-- Name: COLUMN job_events.pages_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.pages_count IS 'Pages of the job by then, in all its runs.';


--
-- Name: COLUMN job_events.records_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.records_count IS 'Records of the job by then, in all its runs.';


--
-- Name: COLUMN job_events.event; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.event IS 'How the run ended: retry, snooze, yield, again (a follow-up was merged into it), awaiting (its children), rescue (taken from its worker).';


--
-- Name: COLUMN job_events.detail; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_events.detail IS 'The error, or what it waited for.';


--
-- Name: job_events_default; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.job_events_default (
    job_id bigint NOT NULL,
    run integer NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    run_at timestamp with time zone,
    worker_id uuid,
    pages_count integer NOT NULL,
    records_count bigint NOT NULL,
    event text NOT NULL,
    detail jsonb,
    CONSTRAINT job_events_event_check CHECK ((event = ANY (ARRAY['retry'::text, 'snooze'::text, 'yield'::text, 'again'::text, 'awaiting'::text, 'rescue'::text])))
);


--
-- Name: job_history; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.job_history (
    job_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    lane_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone NOT NULL,
    worker_id uuid,
    attempt integer NOT NULL,
    snoozes integer NOT NULL,
    rescues smallint NOT NULL,
    outcome text NOT NULL,
    pages_count integer DEFAULT 0 NOT NULL,
    args_version smallint DEFAULT 1 NOT NULL,
    records_count bigint DEFAULT 0 NOT NULL,
    parent_job_id bigint,
    band text NOT NULL,
    kind text NOT NULL,
    dedupe_key text,
    args jsonb NOT NULL,
    error jsonb,
    runs integer DEFAULT 0 NOT NULL,
    CONSTRAINT job_history_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'failed'::text, 'poison'::text, 'cancelled'::text, 'merged'::text])))
)
PARTITION BY RANGE (finished_at);


--
-- Name: TABLE job_history; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.job_history IS 'How jobs ended. Append-only, partitioned by day of the end.';


--
-- Name: COLUMN job_history.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.job_id IS 'Its id while it lived.';


--
-- Name: COLUMN job_history.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.connection_id IS 'Whose work it was.';


--
-- Name: COLUMN job_history.lane_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.lane_id IS 'The lane it ran in.';


--
-- Name: COLUMN job_history.created_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.created_at IS 'When it was enqueued.';


--
-- Name: COLUMN job_history.started_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.started_at IS 'When its last lease was claimed; NULL when it never ran.';


--
-- Name: COLUMN job_history.finished_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.finished_at IS 'When it ended; the partition key.';


--
-- Name: COLUMN job_history.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.worker_id IS 'Who ran it last.';


--
-- Name: COLUMN job_history.attempt; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.attempt IS 'Attempts that counted, the last one included.';


--
-- Name: COLUMN job_history.snoozes; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.snoozes IS 'How often it was put off.';


--
-- Name: COLUMN job_history.rescues; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.rescues IS 'How often it was taken from a dead worker.';


--
-- Name: COLUMN job_history.outcome; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.outcome IS 'done, failed (for good), poison (killed its workers), cancelled, merged (into an equal job that came back to wait).';


--
-- Name: COLUMN job_history.pages_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.pages_count IS 'Pages it committed.';


--
-- Name: COLUMN job_history.args_version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.args_version IS 'Which form of the arguments this is.';


--
-- Name: COLUMN job_history.records_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.records_count IS 'Records it saw, changed or not.';


--
-- Name: COLUMN job_history.parent_job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.parent_job_id IS 'The job it was a part of.';


--
-- Name: COLUMN job_history.band; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.band IS 'Its band at the end.';


--
-- Name: COLUMN job_history.kind; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.kind IS 'What it did.';


--
-- Name: COLUMN job_history.dedupe_key; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.dedupe_key IS 'Its deduplication key.';


--
-- Name: COLUMN job_history.args; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.args IS 'Its arguments.';


--
-- Name: COLUMN job_history.error; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.error IS 'The unified error it ended with.';


--
-- Name: COLUMN job_history.runs; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_history.runs IS 'Runs it took, the last one included.';


--
-- Name: job_history_default; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.job_history_default (
    job_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    lane_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone NOT NULL,
    worker_id uuid,
    attempt integer NOT NULL,
    snoozes integer NOT NULL,
    rescues smallint NOT NULL,
    outcome text NOT NULL,
    pages_count integer DEFAULT 0 NOT NULL,
    args_version smallint DEFAULT 1 NOT NULL,
    records_count bigint DEFAULT 0 NOT NULL,
    parent_job_id bigint,
    band text NOT NULL,
    kind text NOT NULL,
    dedupe_key text,
    args jsonb NOT NULL,
    error jsonb,
    runs integer DEFAULT 0 NOT NULL,
    CONSTRAINT job_history_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'failed'::text, 'poison'::text, 'cancelled'::text, 'merged'::text])))
);


--
-- Name: job_kinds; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.job_kinds (
    kind text NOT NULL,
    args_version smallint DEFAULT 1 NOT NULL,
    fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    required text[] DEFAULT '{}'::text[] NOT NULL,
    max_attempts integer DEFAULT 8 NOT NULL,
    names text[] NOT NULL,
    type_check jsonpath NOT NULL,
    CONSTRAINT job_kinds_args_version_check CHECK ((args_version >= 1)),
    CONSTRAINT job_kinds_fields_check CHECK ((jsonb_typeof(fields) = 'object'::text)),
    CONSTRAINT job_kinds_kind_check CHECK ((kind ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT job_kinds_max_attempts_check CHECK ((max_attempts >= 1))
);


--
-- Name: TABLE job_kinds; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.job_kinds IS 'Kinds of jobs, and for each version of their arguments which fields there are. Written by define_kind.';


--
-- Name: COLUMN job_kinds.kind; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_kinds.kind IS 'What jobs of this kind do.';


--
-- Name: COLUMN job_kinds.args_version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_kinds.args_version IS 'Which form of the arguments; an enqueue that does not say gets the highest.';


--
-- Name: COLUMN job_kinds.fields; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_kinds.fields IS 'Each field with its JSON type: string, number, boolean, object or array.';


--
-- Name: COLUMN job_kinds.required; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_kinds.required IS 'Fields that must be there and not null.';


--
-- Name: COLUMN job_kinds.max_attempts; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_kinds.max_attempts IS 'Failed attempts without progress after which a job of this kind fails for good, unless its enqueue says otherwise.';


--
-- Name: COLUMN job_kinds.names; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_kinds.names IS 'Names of the fields.';


--
-- Name: COLUMN job_kinds.type_check; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.job_kinds.type_check IS 'True for arguments whose fields are present and of their types.';


--
-- Name: jobs; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.jobs (
    job_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    lane_id bigint NOT NULL,
    run_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    cancel_at timestamp with time zone,
    attempt integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 8 NOT NULL,
    snoozes integer DEFAULT 0 NOT NULL,
    rescues smallint DEFAULT 0 NOT NULL,
    rank smallint GENERATED ALWAYS AS (portolan.band_rank(band)) STORED,
    band text DEFAULT 'incremental'::text NOT NULL,
    pages_count integer DEFAULT 0 NOT NULL,
    args_version smallint DEFAULT 1 NOT NULL,
    records_count bigint DEFAULT 0 NOT NULL,
    parent_job_id bigint,
    follow_up boolean DEFAULT false NOT NULL,
    kind text NOT NULL,
    dedupe_key text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    checkpoint jsonb,
    last_error jsonb,
    runs integer DEFAULT 0 NOT NULL,
    CONSTRAINT jobs_band_check CHECK ((band = ANY (ARRAY['urgent'::text, 'incremental'::text, 'report'::text, 'backfill'::text, 'housekeeping'::text])))
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_cost_delay='0');


--
-- Name: TABLE jobs; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.jobs IS 'Work that is waiting or running. A finished job moves to job_history.';


--
-- Name: COLUMN jobs.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.job_id IS 'Stays the same in job_history.';


--
-- Name: COLUMN jobs.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.connection_id IS 'Whose work it is.';


--
-- Name: COLUMN jobs.lane_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.lane_id IS 'The lane it waits in.';


--
-- Name: COLUMN jobs.run_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.run_at IS 'Not before this time.';


--
-- Name: COLUMN jobs.created_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.created_at IS 'When it was enqueued.';


--
-- Name: COLUMN jobs.cancel_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.cancel_at IS 'Asked to stop; the worker is told at its next page.';


--
-- Name: COLUMN jobs.attempt; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.attempt IS 'Attempts that failed since the last progress; the running one is attempt + 1.';


--
-- Name: COLUMN jobs.max_attempts; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.max_attempts IS 'Failed attempts without progress after which it fails for good.';


--
-- Name: COLUMN jobs.snoozes; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.snoozes IS 'How often it was put off without counting an attempt: no token, report not ready, platform said wait.';


--
-- Name: COLUMN jobs.rescues; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.rescues IS 'How often it was taken from a dead worker since the last progress; the fifth time it is poison.';


--
-- Name: COLUMN jobs.rank; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.rank IS 'The band as a number, 0 most urgent; for the index only.';


--
-- Name: COLUMN jobs.band; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.band IS 'How urgent it is: urgent, incremental, report, backfill, housekeeping.';


--
-- Name: COLUMN jobs.pages_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.pages_count IS 'Pages committed by this job.';


--
-- Name: COLUMN jobs.args_version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.args_version IS 'Which form of the kind''s arguments this is.';


--
-- Name: COLUMN jobs.records_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.records_count IS 'Records seen by this job, changed or not.';


--
-- Name: COLUMN jobs.parent_job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.parent_job_id IS 'The job this one is a part of.';


--
-- Name: COLUMN jobs.follow_up; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.follow_up IS 'An equal job was merged into it when it had got on already: after its end it runs once more, so that what was asked for last is done, too.';


--
-- Name: COLUMN jobs.kind; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.kind IS 'What it does, e.g. sync. Workers leave kinds they do not know.';


--
-- Name: COLUMN jobs.dedupe_key; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.dedupe_key IS 'At most one waiting job of a lane has it; a running one never swallows a follow-up.';


--
-- Name: COLUMN jobs.args; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.args IS 'Arguments of the kind, never secrets.';


--
-- Name: COLUMN jobs.checkpoint; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.checkpoint IS 'Where a running job has got to, where that is not the stream''s cursor.';


--
-- Name: COLUMN jobs.last_error; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.last_error IS 'The unified error that sent it back last.';


--
-- Name: COLUMN jobs.runs; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.jobs.runs IS 'Runs that were reported or taken away; the number of its newest event.';


--
-- Name: jobs_job_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.jobs ALTER COLUMN job_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME portolan.jobs_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 32
);


--
-- Name: leases; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.leases (
    lane_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    token uuid DEFAULT gen_random_uuid() NOT NULL,
    worker_id uuid NOT NULL,
    claimed_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    progress_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    deadline timestamp with time zone NOT NULL,
    pages integer DEFAULT 0 NOT NULL,
    running bigint NOT NULL,
    job_ids bigint[] NOT NULL,
    stall_limit interval DEFAULT '00:10:00'::interval NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_cost_delay='0');


--
-- Name: TABLE leases; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.leases IS 'The exclusive, expiring right to run a lane''s jobs. At most one a lane, by primary key.';


--
-- Name: COLUMN leases.lane_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.lane_id IS 'The leased lane.';


--
-- Name: COLUMN leases.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.connection_id IS 'Whose work it is.';


--
-- Name: COLUMN leases.token; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.token IS 'Made anew for each claim; every write of the holder proves it.';


--
-- Name: COLUMN leases.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.worker_id IS 'Who holds it.';


--
-- Name: COLUMN leases.claimed_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.claimed_at IS 'When it was claimed.';


--
-- Name: COLUMN leases.progress_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.progress_at IS 'Last committed page.';


--
-- Name: COLUMN leases.deadline; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.deadline IS 'Hard limit of the lease, whatever the beats say.';


--
-- Name: COLUMN leases.pages; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.pages IS 'Pages committed under it.';


--
-- Name: COLUMN leases.running; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.running IS 'The job being run.';


--
-- Name: COLUMN leases.job_ids; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.job_ids IS 'Handed over and not yet finished, in the order they are to be run.';


--
-- Name: COLUMN leases.stall_limit; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.leases.stall_limit IS 'How long it may go without progress before it is taken.';


--
-- Name: jobs_now; Type: VIEW; Schema: portolan; Owner: -
--

CREATE VIEW portolan.jobs_now AS
 SELECT j.job_id,
    j.connection_id,
    j.lane_id,
    j.kind,
    j.band,
        CASE
            WHEN (j.run_at = 'infinity'::timestamp with time zone) THEN 'awaiting'::text
            WHEN (j.job_id = le.running) THEN 'running'::text
            WHEN (j.job_id = ANY (le.job_ids)) THEN 'handed over'::text
            WHEN (j.run_at > portolan.now()) THEN 'scheduled'::text
            ELSE 'queued'::text
        END AS state,
    j.run_at,
    j.attempt,
    j.max_attempts,
    j.snoozes,
    j.rescues,
    j.runs,
    j.pages_count,
    j.records_count,
    j.last_error,
    j.dedupe_key,
    j.cancel_at,
    j.created_at,
    le.worker_id,
    le.claimed_at,
    le.progress_at,
    j.parent_job_id,
    j.args_version,
    j.args
   FROM (portolan.jobs j
     LEFT JOIN portolan.leases le USING (lane_id));


--
-- Name: VIEW jobs_now; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON VIEW portolan.jobs_now IS 'Every live job with its state in words: queued, scheduled, handed over, running, awaiting (its children).';


--
-- Name: lanes_lane_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.lanes ALTER COLUMN lane_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.lanes_lane_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: maintenance; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.maintenance (
    task text NOT NULL,
    "interval" interval NOT NULL,
    next_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    ran_at timestamp with time zone,
    took interval,
    error text
);


--
-- Name: TABLE maintenance; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.maintenance IS 'What keeps the queue in shape. Not jobs: every process calls maintain, which runs what is due and nobody else has in hand.';


--
-- Name: COLUMN maintenance.task; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.maintenance.task IS 'Name of the task.';


--
-- Name: COLUMN maintenance."interval"; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.maintenance."interval" IS 'How often it runs; less often where it takes longer than a twentieth of that.';


--
-- Name: COLUMN maintenance.next_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.maintenance.next_at IS 'When it is due.';


--
-- Name: COLUMN maintenance.ran_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.maintenance.ran_at IS 'When it last ran.';


--
-- Name: COLUMN maintenance.took; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.maintenance.took IS 'How long that took.';


--
-- Name: COLUMN maintenance.error; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.maintenance.error IS 'What went wrong then; NULL when nothing did.';


--
-- Name: migrations; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE migrations; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.migrations IS 'Which numbered migrations this database has had.';


--
-- Name: COLUMN migrations.version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.migrations.version IS 'The number its name begins with.';


--
-- Name: COLUMN migrations.name; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.migrations.name IS 'Name of the file.';


--
-- Name: COLUMN migrations.checksum; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.migrations.checksum IS 'SHA-256 of the text that was applied; an applied file never changes.';


--
-- Name: COLUMN migrations.applied_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.migrations.applied_at IS 'When it was applied.';


--
-- Name: parents_now; Type: VIEW; Schema: portolan; Owner: -
--

CREATE VIEW portolan.parents_now AS
 SELECT p.job_id,
    p.connection_id,
    p.kind,
    p.created_at,
    c.live_count,
    h.done_count,
    h.failed_count,
    h.cancelled_count,
    (((c.live_count + h.done_count) + h.failed_count) + h.cancelled_count) AS children_count,
    (c.records_count + h.records_count) AS records_count
   FROM (((( SELECT DISTINCT c_1.parent_job_id
           FROM portolan.jobs c_1
          WHERE (c_1.parent_job_id IS NOT NULL)) x
     JOIN portolan.jobs p ON ((p.job_id = x.parent_job_id)))
     CROSS JOIN LATERAL ( SELECT count(*) AS live_count,
            (COALESCE(sum(c_1.records_count), (0)::numeric))::bigint AS records_count
           FROM portolan.jobs c_1
          WHERE (c_1.parent_job_id = p.job_id)) c)
     CROSS JOIN LATERAL ( SELECT count(*) FILTER (WHERE (h_1.outcome = 'done'::text)) AS done_count,
            count(*) FILTER (WHERE (h_1.outcome = ANY (ARRAY['failed'::text, 'poison'::text]))) AS failed_count,
            count(*) FILTER (WHERE (h_1.outcome = 'cancelled'::text)) AS cancelled_count,
            (COALESCE(sum(h_1.records_count), (0)::numeric))::bigint AS records_count
           FROM portolan.job_history h_1
          WHERE (h_1.parent_job_id = p.job_id)) h);


--
-- Name: VIEW parents_now; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON VIEW portolan.parents_now IS 'Live parents with the state of their children.';


--
-- Name: pauses; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.pauses (
    scope text NOT NULL,
    name text NOT NULL,
    paused_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    reason text,
    CONSTRAINT pauses_scope_check CHECK ((scope = ANY (ARRAY['connection'::text, 'platform'::text, 'kind'::text, 'band'::text])))
);


--
-- Name: TABLE pauses; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.pauses IS 'What is not claimed until somebody resumes it. Written by pause and resume only.';


--
-- Name: COLUMN pauses.scope; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.pauses.scope IS 'connection, platform, kind or band.';


--
-- Name: COLUMN pauses.name; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.pauses.name IS 'Which one; of a connection, its id.';


--
-- Name: COLUMN pauses.paused_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.pauses.paused_at IS 'Since when.';


--
-- Name: COLUMN pauses.reason; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.pauses.reason IS 'Why, for people.';


--
-- Name: queue_stats; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.queue_stats (
    platform text NOT NULL,
    band text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    jobs_count bigint NOT NULL,
    oldest_at timestamp with time zone,
    refreshed_at timestamp with time zone NOT NULL
);


--
-- Name: TABLE queue_stats; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.queue_stats IS 'How many jobs are in which state, counted every few seconds: what dashboards read instead of counting.';


--
-- Name: COLUMN queue_stats.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.queue_stats.platform IS 'Platform of the lane.';


--
-- Name: COLUMN queue_stats.band; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.queue_stats.band IS 'Band of the jobs.';


--
-- Name: COLUMN queue_stats.kind; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.queue_stats.kind IS 'Kind of the jobs.';


--
-- Name: COLUMN queue_stats.state; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.queue_stats.state IS 'As in jobs_now.';


--
-- Name: COLUMN queue_stats.jobs_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.queue_stats.jobs_count IS 'How many.';


--
-- Name: COLUMN queue_stats.oldest_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.queue_stats.oldest_at IS 'The least run_at among them.';


--
-- Name: COLUMN queue_stats.refreshed_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.queue_stats.refreshed_at IS 'When they were counted.';


--
-- Name: quotas; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.quotas (
    platform text NOT NULL,
    owner text NOT NULL,
    bucket text NOT NULL,
    period_start timestamp with time zone,
    period_end timestamp with time zone,
    drawn bigint DEFAULT 0 NOT NULL,
    allowed bigint,
    blocked_until timestamp with time zone,
    CONSTRAINT quotas_allowed_check CHECK ((allowed >= 0)),
    CONSTRAINT quotas_bucket_check CHECK ((bucket <> ''::text)),
    CONSTRAINT quotas_check CHECK (((period_start IS NULL) = (period_end IS NULL))),
    CONSTRAINT quotas_drawn_check CHECK ((drawn >= 0)),
    CONSTRAINT quotas_owner_check CHECK ((owner ~ '^(app|connection:[0-9]+)$'::text)),
    CONSTRAINT quotas_platform_check CHECK ((platform ~ '^[a-z][a-z0-9_]*$'::text))
)
WITH (fillfactor='50');


--
-- Name: TABLE quotas; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.quotas IS 'Ledger of limits: how much of each quota is used, and until when platforms asked us to wait. Redis holds what was drawn and is not spent yet; what it loses is not given twice. Written by draw_quota and block_bucket.';


--
-- Name: COLUMN quotas.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.quotas.platform IS 'Key of the platform.';


--
-- Name: COLUMN quotas.owner; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.quotas.owner IS 'Whose bucket: app, or connection: and its id.';


--
-- Name: COLUMN quotas.bucket; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.quotas.bucket IS 'The bucket''s name; of a template, the name that was demanded.';


--
-- Name: COLUMN quotas.period_start; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.quotas.period_start IS 'When the current period began; NULL: no quota, a wait only.';


--
-- Name: COLUMN quotas.period_end; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.quotas.period_end IS 'When the quota begins anew.';


--
-- Name: COLUMN quotas.drawn; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.quotas.drawn IS 'Requests of the period that workers may have sent; more than they have, while some are not spent.';


--
-- Name: COLUMN quotas.allowed; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.quotas.allowed IS 'Requests of the period that are ours, as last declared.';


--
-- Name: COLUMN quotas.blocked_until; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.quotas.blocked_until IS 'The platform asked us to send nothing before this time.';


--
-- Name: raw_exact; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.raw_exact (
    connection_id bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    external_id text NOT NULL COLLATE pg_catalog."C",
    bytes bytea NOT NULL,
    reason text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    job_id bigint
);
ALTER TABLE ONLY portolan.raw_exact ALTER COLUMN bytes SET COMPRESSION lz4;


--
-- Name: TABLE raw_exact; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.raw_exact IS 'Bytes that jsonb cannot hold (NUL, lone surrogates, invalid UTF-8, no JSON at all), kept exactly as received.';


--
-- Name: COLUMN raw_exact.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_exact.connection_id IS 'Whose record it is.';


--
-- Name: COLUMN raw_exact.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_exact.resource IS 'As in raw_records.';


--
-- Name: COLUMN raw_exact.external_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_exact.external_id IS 'As in raw_records.';


--
-- Name: COLUMN raw_exact.bytes; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_exact.bytes IS 'The record as received.';


--
-- Name: COLUMN raw_exact.reason; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_exact.reason IS 'What was wrong with them, and whether a cleaned copy is in raw_records.';


--
-- Name: COLUMN raw_exact.fetched_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_exact.fetched_at IS 'When it was asked for.';


--
-- Name: COLUMN raw_exact.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.raw_exact.job_id IS 'The job that brought it.';


--
-- Name: requests; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.requests (
    sent_at timestamp with time zone NOT NULL,
    platform text NOT NULL,
    connection_id bigint,
    resource text,
    job_id bigint,
    worker_id uuid,
    method text NOT NULL,
    route text NOT NULL,
    status integer,
    error_code text,
    request_id text,
    bytes_sent bigint DEFAULT 0 NOT NULL,
    bytes_received bigint DEFAULT 0 NOT NULL,
    dns_ms real,
    connect_ms real,
    tls_ms real,
    first_byte_ms real,
    total_ms real NOT NULL,
    token_wait_ms real DEFAULT 0 NOT NULL,
    http_version text,
    reused boolean DEFAULT false NOT NULL
)
PARTITION BY RANGE (sent_at);


--
-- Name: TABLE requests; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.requests IS 'The requests that were sent to platforms. Append-only, partitioned by day, kept as long as portolan.retention says. A log, not a ledger: a worker that is killed loses its last second, and one that cannot write drops what it has no room for.';


--
-- Name: COLUMN requests.sent_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.sent_at IS 'When it was sent, by the worker''s clock; the partition key.';


--
-- Name: COLUMN requests.platform; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.platform IS 'Whom it asked.';


--
-- Name: COLUMN requests.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.connection_id IS 'In whose name.';


--
-- Name: COLUMN requests.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.resource IS 'The stream it was for.';


--
-- Name: COLUMN requests.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.job_id IS 'The job it was for.';


--
-- Name: COLUMN requests.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.worker_id IS 'Who sent it.';


--
-- Name: COLUMN requests.method; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.method IS 'GET, POST.';


--
-- Name: COLUMN requests.route; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.route IS 'Route template, e.g. /v1/customers/{id}. Never an address with its query: those carry secrets.';


--
-- Name: COLUMN requests.status; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.status IS 'HTTP status; NULL where no whole answer came.';


--
-- Name: COLUMN requests.error_code; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.error_code IS 'Code of the unified error it ended in; NULL where it ended in none.';


--
-- Name: COLUMN requests.request_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.request_id IS 'The platform''s name for it, which its support asks for.';


--
-- Name: COLUMN requests.bytes_sent; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.bytes_sent IS 'Bytes of its body.';


--
-- Name: COLUMN requests.bytes_received; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.bytes_received IS 'Bytes of the answer''s body on the wire, before decompression.';


--
-- Name: COLUMN requests.dns_ms; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.dns_ms IS 'Looking up the name; NULL on a kept connection.';


--
-- Name: COLUMN requests.connect_ms; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.connect_ms IS 'Connecting once the name was known; NULL on a kept connection.';


--
-- Name: COLUMN requests.tls_ms; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.tls_ms IS 'The TLS handshake; NULL on a kept connection and without TLS.';


--
-- Name: COLUMN requests.first_byte_ms; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.first_byte_ms IS 'From its start to the first byte of the answer; NULL when none came.';


--
-- Name: COLUMN requests.total_ms; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.total_ms IS 'From its start to its end, waiting for a free connection included.';


--
-- Name: COLUMN requests.token_wait_ms; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.token_wait_ms IS 'How long it had waited for tokens before.';


--
-- Name: COLUMN requests.http_version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.http_version IS '1.0, 1.1 or 2; NULL where no answer came.';


--
-- Name: COLUMN requests.reused; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.requests.reused IS 'It ran on a connection that was open already.';


--
-- Name: request_stats; Type: VIEW; Schema: portolan; Owner: -
--

CREATE VIEW portolan.request_stats AS
 SELECT r.platform,
    r.route,
    r.status_class,
    count(*) AS requests_count,
    percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((r.total_ms)::double precision)) AS p50_ms,
    percentile_cont((0.95)::double precision) WITHIN GROUP (ORDER BY ((r.total_ms)::double precision)) AS p95_ms,
    (sum(r.bytes_sent))::bigint AS bytes_sent,
    (sum(r.bytes_received))::bigint AS bytes_received,
    max(r.sent_at) AS last_at
   FROM ( SELECT q.sent_at,
            q.platform,
            q.connection_id,
            q.resource,
            q.job_id,
            q.worker_id,
            q.method,
            q.route,
            q.status,
            q.error_code,
            q.request_id,
            q.bytes_sent,
            q.bytes_received,
            q.dns_ms,
            q.connect_ms,
            q.tls_ms,
            q.first_byte_ms,
            q.total_ms,
            q.token_wait_ms,
            q.http_version,
            q.reused,
                CASE
                    WHEN (q.status IS NULL) THEN 'none'::text
                    ELSE ((q.status / 100) || 'xx'::text)
                END AS status_class
           FROM portolan.requests q
          WHERE (q.sent_at > (portolan.now() - '01:00:00'::interval))) r
  GROUP BY r.platform, r.route, r.status_class;


--
-- Name: VIEW request_stats; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON VIEW portolan.request_stats IS 'Requests of the last hour by platform, route and class of status (none: no whole answer came): how many, how long half and 95 of 100 of them took at most, bytes.';


--
-- Name: requests_default; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.requests_default (
    sent_at timestamp with time zone NOT NULL,
    platform text NOT NULL,
    connection_id bigint,
    resource text,
    job_id bigint,
    worker_id uuid,
    method text NOT NULL,
    route text NOT NULL,
    status integer,
    error_code text,
    request_id text,
    bytes_sent bigint DEFAULT 0 NOT NULL,
    bytes_received bigint DEFAULT 0 NOT NULL,
    dns_ms real,
    connect_ms real,
    tls_ms real,
    first_byte_ms real,
    total_ms real NOT NULL,
    token_wait_ms real DEFAULT 0 NOT NULL,
    http_version text,
    reused boolean DEFAULT false NOT NULL
);


--
-- Name: retention; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.retention (
    table_name text NOT NULL,
    keep interval NOT NULL,
    CONSTRAINT retention_keep_check CHECK ((keep >= '1 day'::interval)),
    CONSTRAINT retention_table_name_check CHECK ((table_name = ANY (ARRAY['job_history'::text, 'job_events'::text, 'requests'::text, 'errors'::text])))
);


--
-- Name: TABLE retention; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.retention IS 'How long the partitioned tables keep their days. Change it with an update; the next maintenance follows it.';


--
-- Name: COLUMN retention.table_name; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.retention.table_name IS 'Which table.';


--
-- Name: COLUMN retention.keep; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.retention.keep IS 'A day is dropped when all of it is older than this.';


--
-- Name: schedules; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.schedules (
    schedule_id bigint NOT NULL,
    connection_id bigint NOT NULL,
    next_at timestamp with time zone,
    slot_at timestamp with time zone,
    args_version smallint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    band text NOT NULL,
    family text DEFAULT 'main'::text NOT NULL,
    cron text NOT NULL,
    zone text NOT NULL,
    args jsonb NOT NULL,
    problem text,
    CONSTRAINT schedules_args_check CHECK ((jsonb_typeof(args) = 'object'::text)),
    CONSTRAINT schedules_band_check CHECK ((band = ANY (ARRAY['urgent'::text, 'incremental'::text, 'report'::text, 'backfill'::text, 'housekeeping'::text]))),
    CONSTRAINT schedules_name_check CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'::text))
)
WITH (fillfactor='70');


--
-- Name: TABLE schedules; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.schedules IS 'Jobs that recur at wall-clock times. Written by schedule and unschedule; next_at may be set by hand.';


--
-- Name: COLUMN schedules.schedule_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.schedule_id IS 'In order of creation.';


--
-- Name: COLUMN schedules.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.connection_id IS 'Whose jobs they are.';


--
-- Name: COLUMN schedules.next_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.next_at IS 'Its next slot; NULL: paused.';


--
-- Name: COLUMN schedules.slot_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.slot_at IS 'Its last slot. Of several that passed unseen, the first: they made one job.';


--
-- Name: COLUMN schedules.args_version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.args_version IS 'Which form of the arguments.';


--
-- Name: COLUMN schedules.name; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.name IS 'What people call it, unique. Its jobs have the dedupe key schedule:NAME.';


--
-- Name: COLUMN schedules.kind; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.kind IS 'Kind of the jobs.';


--
-- Name: COLUMN schedules.band; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.band IS 'Band of the jobs.';


--
-- Name: COLUMN schedules.family; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.family IS 'Which of the connection''s lanes they run in.';


--
-- Name: COLUMN schedules.cron; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.cron IS 'Five fields, or a word such as @daily: see cron_next.';


--
-- Name: COLUMN schedules.zone; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.zone IS 'Whose clocks it goes by, e.g. Europe/Berlin.';


--
-- Name: COLUMN schedules.args; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.args IS 'Arguments of the jobs.';


--
-- Name: COLUMN schedules.problem; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.schedules.problem IS 'Why its last slot made no job, or there is no next one; NULL when all is well.';


--
-- Name: schedules_schedule_id_seq; Type: SEQUENCE; Schema: portolan; Owner: -
--

ALTER TABLE portolan.schedules ALTER COLUMN schedule_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME portolan.schedules_schedule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: sweep_seen; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.sweep_seen (
    connection_id bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    page integer NOT NULL,
    ids text[] NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY portolan.sweep_seen ALTER COLUMN ids SET COMPRESSION lz4;


--
-- Name: TABLE sweep_seen; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.sweep_seen IS 'What the sweep that is under way has seen, a row for each page; emptied when it is complete.';


--
-- Name: COLUMN sweep_seen.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweep_seen.connection_id IS 'The connection.';


--
-- Name: COLUMN sweep_seen.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweep_seen.resource IS 'The raw resource that is listed.';


--
-- Name: COLUMN sweep_seen.page; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweep_seen.page IS 'Which page of the sweep, counted from 1.';


--
-- Name: COLUMN sweep_seen.ids; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweep_seen.ids IS 'The identifiers on it.';


--
-- Name: sweeps; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.sweeps (
    connection_id bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    started_at timestamp with time zone NOT NULL,
    stream text NOT NULL,
    job_id bigint NOT NULL,
    pages_count integer DEFAULT 0 NOT NULL,
    seen_count bigint DEFAULT 0 NOT NULL,
    completed_at timestamp with time zone,
    deleted_count integer
);


--
-- Name: TABLE sweeps; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.sweeps IS 'The last walk over all there is of a resource. Only one that was completed finds deletions.';


--
-- Name: COLUMN sweeps.connection_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.connection_id IS 'The connection.';


--
-- Name: COLUMN sweeps.resource; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.resource IS 'The raw resource that is listed.';


--
-- Name: COLUMN sweeps.started_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.started_at IS 'When it began: which sweep it is.';


--
-- Name: COLUMN sweeps.stream; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.stream IS 'The stream that walks.';


--
-- Name: COLUMN sweeps.job_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.job_id IS 'The job of its last page.';


--
-- Name: COLUMN sweeps.pages_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.pages_count IS 'Pages so far.';


--
-- Name: COLUMN sweeps.seen_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.seen_count IS 'Identifiers seen so far; one that a shifting list showed twice is counted twice.';


--
-- Name: COLUMN sweeps.completed_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.completed_at IS 'When it had seen everything; NULL: under way, or given up.';


--
-- Name: COLUMN sweeps.deleted_count; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.sweeps.deleted_count IS 'How many stored records it found to be gone.';


--
-- Name: tokens_now; Type: VIEW; Schema: portolan; Owner: -
--

CREATE VIEW portolan.tokens_now AS
 SELECT t.connection_id,
    c.name,
    c.platform,
    c.method,
        CASE
            WHEN ((t.state = 'refreshing'::text) AND (t.refreshing_until <= portolan.now())) THEN 'interrupted'::text
            WHEN ((t.state = 'idle'::text) AND (t.failures > 0)) THEN 'failing'::text
            ELSE t.state
        END AS state,
    t.issued_at,
    t.expires_at,
    t.refresh_at,
    t.refresh_expires_at,
    t.idle_at,
    t.refreshing_by,
    t.refreshing_since,
    t.doubtful_since,
    t.failures,
    t.failing_since,
    t.not_before,
    t.error_code,
    t.error_message
   FROM (portolan.connection_tokens t
     JOIN portolan.connections c USING (connection_id));


--
-- Name: VIEW tokens_now; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON VIEW portolan.tokens_now IS 'How signing in stands for every connection with tokens: idle, refreshing, interrupted, failing or rejected. No token is in it.';


--
-- Name: workers; Type: TABLE; Schema: portolan; Owner: -
--

CREATE TABLE portolan.workers (
    worker_id uuid NOT NULL,
    host text,
    version text,
    started_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    beat_at timestamp with time zone DEFAULT portolan.now() NOT NULL,
    ttl interval DEFAULT '00:00:20'::interval NOT NULL,
    draining boolean DEFAULT false NOT NULL
)
WITH (fillfactor='50');


--
-- Name: TABLE workers; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON TABLE portolan.workers IS 'One narrow row per worker process: its beat.';


--
-- Name: COLUMN workers.worker_id; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.workers.worker_id IS 'New for every start of a process.';


--
-- Name: COLUMN workers.host; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.workers.host IS 'Where it runs, for people.';


--
-- Name: COLUMN workers.version; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.workers.version IS 'Version of the program.';


--
-- Name: COLUMN workers.started_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.workers.started_at IS 'When the process registered.';


--
-- Name: COLUMN workers.beat_at; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.workers.beat_at IS 'Last sign of life, by the database''s clock; written by a thread of its own.';


--
-- Name: COLUMN workers.ttl; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.workers.ttl IS 'How long after its last beat the worker counts as dead and its leases are taken.';


--
-- Name: COLUMN workers.draining; Type: COMMENT; Schema: portolan; Owner: -
--

COMMENT ON COLUMN portolan.workers.draining IS 'Set to ask the worker to finish what it holds and leave.';


--
-- Name: customers; Type: VIEW; Schema: pretix; Owner: -
--

CREATE VIEW pretix.customers AS
 SELECT r.connection_id,
    'pretix'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_customers'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'date_joined'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'customers'::text AS raw_resource,
    1 AS mapping_version,
    pretix.text((d.p -> 'email'::text)) AS email,
    pretix.text((d.p -> 'phone'::text)) AS phone,
    pretix.text((d.p #> '{name_parts,given_name}'::text[])) AS first_name,
    pretix.text((d.p #> '{name_parts,family_name}'::text[])) AS last_name,
    pretix.text((d.p -> 'name'::text)) AS display_name,
    pretix.text((d.p -> 'notes'::text)) AS note,
        CASE (d.p -> 'is_active'::text)
            WHEN 'true'::jsonb THEN 'enabled'::text
            WHEN 'false'::jsonb THEN 'disabled'::text
            ELSE NULL::text
        END AS status,
    (d.p ->> 'is_active'::text) AS status_raw,
    pretix.text((d.p -> 'locale'::text)) AS locale,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.bool((d.p -> 'is_active'::text)) IS NOT NULL) AND (((d.p -> 'email'::text) = 'null'::jsonb) OR (pretix.text((d.p -> 'email'::text)) IS NOT NULL))) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('email', 'typecast_error', (d.p -> 'email'::text), ((((d.p -> 'email'::text) = 'null'::jsonb) OR (pretix.text((d.p -> 'email'::text)) IS NOT NULL)) IS NOT TRUE)), jsonb_build_array('status', 'typecast_error', (d.p -> 'is_active'::text), (unified.bool((d.p -> 'is_active'::text)) IS NULL))))
        END AS issues,
    pretix.text((d.p -> 'external_identifier'::text)) AS external_identifier
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'customers'::text));


--
-- Name: events; Type: VIEW; Schema: pretix; Owner: -
--

CREATE VIEW pretix.events AS
 SELECT r.connection_id,
    'pretix'::text AS platform,
    r.external_id AS platform_id,
    NULL::timestamp with time zone AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((d.p -> 'testmode'::text)) AS is_test,
    'events'::text AS raw_resource,
    1 AS mapping_version,
    pretix.name((d.p -> 'name'::text)) AS title,
    pretix.currency((d.p ->> 'currency'::text)) AS currency,
    unified.ts((d.p -> 'date_from'::text)) AS starts_at,
    unified.ts((d.p -> 'date_to'::text)) AS ends_at,
    pretix.text((d.p -> 'timezone'::text)) AS timezone,
    unified.bool((d.p -> 'live'::text)) AS is_live,
    pretix.text((d.p -> 'public_url'::text)) AS url,
        CASE
            WHEN ((NOT r.sanitised) AND (pretix.currency((d.p ->> 'currency'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('currency', 'currency_invalid', (d.p -> 'currency'::text), (pretix.currency((d.p ->> 'currency'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'events'::text));


--
-- Name: item_variants; Type: VIEW; Schema: pretix; Owner: -
--

CREATE VIEW pretix.item_variants AS
 SELECT r.connection_id,
    'pretix'::text AS platform,
        CASE
            WHEN (v.v IS NULL) THEN r.external_id
            ELSE ((r.external_id || ':'::text) || COALESCE(pretix.ref((v.v -> 'id'::text)), ('variation-'::text || (v.n - 1))))
        END AS platform_id,
    unified.id(r.connection_id, 'commerce_product_variants'::text,
        CASE
            WHEN (v.v IS NULL) THEN r.external_id
            ELSE ((r.external_id || ':'::text) || COALESCE(pretix.ref((v.v -> 'id'::text)), ('variation-'::text || (v.n - 1))))
        END) AS id,
    r.external_id AS platform_parent_id,
    NULL::timestamp with time zone AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'items'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS product_id,
    r.external_id AS product_platform_id,
        CASE
            WHEN (v.v IS NULL) THEN pretix.name((r.payload -> 'name'::text))
            ELSE pretix.name((v.v -> 'value'::text))
        END AS title,
        CASE
            WHEN (v.v IS NULL) THEN unified.num((r.payload -> 'default_price'::text))
            ELSE unified.num((v.v -> 'price'::text))
        END AS price_amount,
        CASE
            WHEN (v.v IS NULL) THEN unified.num((r.payload -> 'original_price'::text))
            ELSE unified.num((v.v -> 'original_price'::text))
        END AS compare_at_amount,
    pretix.currency((e.payload ->> 'currency'::text)) AS currency,
        CASE (r.payload -> 'tax_rule'::text)
            WHEN 'null'::jsonb THEN false
            ELSE (jsonb_typeof((r.payload -> 'tax_rule'::text)) = 'number'::text)
        END AS is_taxable,
        CASE COALESCE((v.v -> 'active'::text), (r.payload -> 'active'::text))
            WHEN 'true'::jsonb THEN 'active'::text
            WHEN 'false'::jsonb THEN 'archived'::text
            ELSE NULL::text
        END AS status,
    COALESCE((v.v ->> 'active'::text), (r.payload ->> 'active'::text)) AS status_raw,
    (v.v IS NULL) AS is_default,
    (COALESCE(v.n, (1)::bigint))::numeric AS "position",
        CASE
            WHEN ((NOT r.sanitised) AND (
            CASE
                WHEN (v.v IS NULL) THEN unified.num((r.payload -> 'default_price'::text))
                ELSE unified.num((v.v -> 'price'::text))
            END IS NOT NULL) AND (pretix.currency((e.payload ->> 'currency'::text)) IS NOT NULL) AND ((v.v IS NULL) OR (pretix.ref((v.v -> 'id'::text)) IS NOT NULL))) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (v.v -> 'id'::text), ((v.v IS NOT NULL) AND (pretix.ref((v.v -> 'id'::text)) IS NULL))), jsonb_build_array('price_amount', 'typecast_error', COALESCE((v.v -> 'price'::text), (r.payload -> 'default_price'::text)), (
            CASE
                WHEN (v.v IS NULL) THEN unified.num((r.payload -> 'default_price'::text))
                ELSE unified.num((v.v -> 'price'::text))
            END IS NULL)), jsonb_build_array('currency', 'currency_invalid', (e.payload -> 'currency'::text), (pretix.currency((e.payload ->> 'currency'::text)) IS NULL))))
        END AS issues,
    split_part(r.external_id, ':'::text, 1) AS event_platform_id
   FROM ((portolan.raw_records r
     LEFT JOIN LATERAL jsonb_array_elements(unified.arr((r.payload -> 'variations'::text))) WITH ORDINALITY v(v, n) ON (true))
     LEFT JOIN portolan.raw_records e ON (((e.connection_id = r.connection_id) AND (e.resource = 'events'::text) AND (e.external_id = split_part(r.external_id, ':'::text, 1)) AND (e.platform = 'pretix'::text))))
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'items'::text));


--
-- Name: items; Type: VIEW; Schema: pretix; Owner: -
--

CREATE VIEW pretix.items AS
 SELECT r.connection_id,
    'pretix'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS id,
    NULL::timestamp with time zone AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'items'::text AS raw_resource,
    1 AS mapping_version,
    pretix.name((d.p -> 'name'::text)) AS title,
    pretix.name((d.p -> 'description'::text)) AS description,
        CASE (d.p -> 'admission'::text)
            WHEN 'true'::jsonb THEN 'admission'::text
            WHEN 'false'::jsonb THEN 'other'::text
            ELSE NULL::text
        END AS product_type,
        CASE (d.p -> 'active'::text)
            WHEN 'true'::jsonb THEN 'active'::text
            WHEN 'false'::jsonb THEN 'archived'::text
            ELSE NULL::text
        END AS status,
    (d.p ->> 'active'::text) AS status_raw,
    unified.bool((d.p -> 'issue_giftcard'::text)) AS is_gift_card,
        CASE
            WHEN (pretix.text((d.p -> 'picture'::text)) IS NOT NULL) THEN ARRAY[pretix.text((d.p -> 'picture'::text))]
            ELSE NULL::text[]
        END AS image_urls,
        CASE
            WHEN (jsonb_typeof((d.p -> 'variations'::text)) = 'array'::text) THEN (GREATEST(jsonb_array_length((d.p -> 'variations'::text)), 1))::numeric
            ELSE NULL::numeric
        END AS variant_count,
    (NOT (jsonb_typeof((d.p -> 'variations'::text)) IS DISTINCT FROM 'array'::text)) AS variants_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (pretix.name((d.p -> 'name'::text)) IS NOT NULL) AND (unified.bool((d.p -> 'active'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('title', 'typecast_error', (d.p -> 'name'::text), (pretix.name((d.p -> 'name'::text)) IS NULL)), jsonb_build_array('status', 'typecast_error', (d.p -> 'active'::text), (unified.bool((d.p -> 'active'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'items'::text));


--
-- Name: order_line_items; Type: VIEW; Schema: pretix; Owner: -
--

CREATE VIEW pretix.order_line_items AS
 SELECT r.connection_id,
    'pretix'::text AS platform,
    COALESCE(pretix.ref((a.l -> 'id'::text)), ((r.external_id || ':position:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, COALESCE(pretix.ref((a.l -> 'id'::text)), ((r.external_id || ':position:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((r.payload -> 'testmode'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    ((a.n - 1))::numeric AS line_index,
    'product'::text AS type,
    NULL::text AS type_raw,
    (pretix.ref((a.l -> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    unified.id(r.connection_id, 'commerce_products'::text, pretix.path(pretix.text((r.payload -> 'event'::text)), pretix.ref((a.l -> 'item'::text)))) AS product_id,
    pretix.path(pretix.text((r.payload -> 'event'::text)), pretix.ref((a.l -> 'item'::text))) AS product_platform_id,
    (pretix.path(pretix.text((r.payload -> 'event'::text)), pretix.ref((a.l -> 'item'::text))) || COALESCE((':'::text || pretix.ref((a.l -> 'variation'::text))), ''::text)) AS variant_platform_id,
    pretix.name((i.payload -> 'name'::text)) AS title,
    pretix.name((pretix.variation((i.payload -> 'variations'::text), (a.l -> 'variation'::text)) -> 'value'::text)) AS variant_title,
    (1)::numeric AS quantity,
        CASE (a.l -> 'canceled'::text)
            WHEN 'true'::jsonb THEN (0)::numeric
            WHEN 'false'::jsonb THEN (1)::numeric
            ELSE NULL::numeric
        END AS current_quantity,
    unified.num((a.l -> 'price'::text)) AS unit_amount,
    unified.num((a.l -> 'tax_value'::text)) AS tax_amount,
    (unified.num((a.l -> 'tax_rate'::text)) / (100)::numeric) AS tax_rate,
    unified.num((a.l -> 'price'::text)) AS total_amount,
    pretix.currency((e.payload ->> 'currency'::text)) AS currency,
    unified.bool((i.payload -> 'issue_giftcard'::text)) AS is_gift_card,
        CASE
            WHEN ((NOT r.sanitised) AND (pretix.ref((a.l -> 'id'::text)) IS NOT NULL) AND (unified.num((a.l -> 'price'::text)) IS NOT NULL) AND (pretix.currency((e.payload ->> 'currency'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (pretix.ref((a.l -> 'id'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', (a.l -> 'price'::text), (unified.num((a.l -> 'price'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (e.payload -> 'currency'::text), (pretix.currency((e.payload ->> 'currency'::text)) IS NULL))))
        END AS issues,
    pretix.text((r.payload -> 'event'::text)) AS event_platform_id
   FROM (((portolan.raw_records r
     CROSS JOIN LATERAL jsonb_array_elements(unified.arr((r.payload -> 'positions'::text))) WITH ORDINALITY a(l, n))
     LEFT JOIN portolan.raw_records e ON (((e.connection_id = r.connection_id) AND (e.resource = 'events'::text) AND (e.external_id = pretix.text((r.payload -> 'event'::text))) AND (e.platform = 'pretix'::text))))
     LEFT JOIN portolan.raw_records i ON (((i.connection_id = r.connection_id) AND (i.resource = 'items'::text) AND (i.external_id = pretix.path(pretix.text((r.payload -> 'event'::text)), pretix.ref((a.l -> 'item'::text)))) AND (i.platform = 'pretix'::text))))
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'orders'::text))
UNION ALL
 SELECT r.connection_id,
    'pretix'::text AS platform,
    COALESCE(('fee:'::text || pretix.ref((a.l -> 'id'::text))), ((r.external_id || ':fee:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, COALESCE(('fee:'::text || pretix.ref((a.l -> 'id'::text))), ((r.external_id || ':fee:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((r.payload -> 'testmode'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    ((a.n - 1))::numeric AS line_index,
        CASE (a.l ->> 'fee_type'::text)
            WHEN 'shipping'::text THEN 'shipping'::text
            ELSE 'fee'::text
        END AS type,
    NULLIF((a.l ->> 'fee_type'::text), ''::text) AS type_raw,
    (pretix.ref((a.l -> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    NULL::uuid AS product_id,
    NULL::text AS product_platform_id,
    NULL::text AS variant_platform_id,
    COALESCE(pretix.text((a.l -> 'description'::text)), pretix.text((a.l -> 'fee_type'::text))) AS title,
    NULL::text AS variant_title,
    (1)::numeric AS quantity,
        CASE (a.l -> 'canceled'::text)
            WHEN 'true'::jsonb THEN (0)::numeric
            WHEN 'false'::jsonb THEN (1)::numeric
            ELSE NULL::numeric
        END AS current_quantity,
    unified.num((a.l -> 'value'::text)) AS unit_amount,
    unified.num((a.l -> 'tax_value'::text)) AS tax_amount,
    (unified.num((a.l -> 'tax_rate'::text)) / (100)::numeric) AS tax_rate,
    unified.num((a.l -> 'value'::text)) AS total_amount,
    pretix.currency((e.payload ->> 'currency'::text)) AS currency,
    false AS is_gift_card,
        CASE
            WHEN ((NOT r.sanitised) AND (pretix.ref((a.l -> 'id'::text)) IS NOT NULL) AND (unified.num((a.l -> 'value'::text)) IS NOT NULL) AND (pretix.currency((e.payload ->> 'currency'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (pretix.ref((a.l -> 'id'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', (a.l -> 'value'::text), (unified.num((a.l -> 'value'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (e.payload -> 'currency'::text), (pretix.currency((e.payload ->> 'currency'::text)) IS NULL))))
        END AS issues,
    pretix.text((r.payload -> 'event'::text)) AS event_platform_id
   FROM ((portolan.raw_records r
     CROSS JOIN LATERAL jsonb_array_elements(unified.arr((r.payload -> 'fees'::text))) WITH ORDINALITY a(l, n))
     LEFT JOIN portolan.raw_records e ON (((e.connection_id = r.connection_id) AND (e.resource = 'events'::text) AND (e.external_id = pretix.text((r.payload -> 'event'::text))) AND (e.platform = 'pretix'::text))))
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'orders'::text));


--
-- Name: orders; Type: VIEW; Schema: pretix; Owner: -
--

CREATE VIEW pretix.orders AS
 SELECT r.connection_id,
    'pretix'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'datetime'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((d.p -> 'testmode'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    r.external_id AS order_number,
    unified.word('{"c": "cancelled", "e": "cancelled", "n": "pending", "p": "completed"}'::jsonb, (d.p ->> 'status'::text)) AS status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS status_raw,
        CASE
            WHEN (s.refunded > (0)::numeric) THEN
            CASE
                WHEN (s.refunded >= s.paid) THEN 'refunded'::text
                ELSE 'partially_refunded'::text
            END
            WHEN ((d.p ->> 'status'::text) = 'p'::text) THEN
            CASE
                WHEN (unified.num((d.p -> 'total'::text)) = (0)::numeric) THEN 'not_required'::text
                ELSE 'paid'::text
            END
            WHEN (s.paid > (0)::numeric) THEN
            CASE
                WHEN (s.paid >= unified.num((d.p -> 'total'::text))) THEN 'paid'::text
                ELSE 'partially_paid'::text
            END
            ELSE unified.word('{"c": "voided", "e": "expired", "n": "pending"}'::jsonb, (d.p ->> 'status'::text))
        END AS payment_status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS payment_status_raw,
    unified.ts((d.p -> 'cancellation_date'::text)) AS cancelled_at,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'datetime'::text))) AS placed_at,
    pretix.currency((e.payload ->> 'currency'::text)) AS currency,
    (pretix.total((d.p -> 'positions'::text), 'price'::text) - pretix.total((d.p -> 'positions'::text), 'tax_value'::text)) AS subtotal_amount,
    (pretix.total((d.p -> 'positions'::text), 'tax_value'::text) + pretix.total((d.p -> 'fees'::text), 'tax_value'::text)) AS tax_amount,
    pretix.fees((d.p -> 'fees'::text), 'shipping'::text, true) AS shipping_amount,
    pretix.fees((d.p -> 'fees'::text), 'shipping'::text, false) AS fee_amount,
    unified.num((d.p -> 'total'::text)) AS total_amount,
    unified.num((d.p -> 'total'::text)) AS current_total_amount,
    s.refunded AS refunded_amount,
    s.paid AS paid_amount,
        CASE
            WHEN ((d.p ->> 'status'::text) = 'c'::text) THEN (0)::numeric
            ELSE GREATEST(((unified.num((d.p -> 'total'::text)) - s.paid) + pretix.money((m.payload -> 'refunds'::text), '["done", "transit", "created"]'::jsonb)), (0)::numeric)
        END AS outstanding_amount,
    true AS tax_included,
    unified.id(r.connection_id, 'commerce_customers'::text, pretix.text((m.payload -> 'customer'::text))) AS customer_id,
    pretix.text((m.payload -> 'customer'::text)) AS customer_platform_id,
    pretix.text((d.p -> 'email'::text)) AS customer_email,
    pretix.text((d.p -> 'phone'::text)) AS customer_phone,
    pretix.address((d.p -> 'invoice_address'::text)) AS billing_address,
    unified.word('{"web": "online", "pretixpos": "pos"}'::jsonb, (d.p ->> 'sales_channel'::text)) AS sales_channel,
    NULLIF((d.p ->> 'sales_channel'::text), ''::text) AS sales_channel_raw,
    unified.bool((d.p #> '{invoice_address,is_business}'::text[])) AS is_business_order,
    pretix.text((d.p -> 'comment'::text)) AS note,
    pretix.texts((m.payload -> 'payments'::text), 'provider'::text) AS payment_gateways,
    (NOT (jsonb_typeof((d.p -> 'positions'::text)) IS DISTINCT FROM 'array'::text)) AS line_items_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (pretix.currency((e.payload ->> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'total'::text)) IS NOT NULL) AND (unified.ts((d.p -> 'datetime'::text)) IS NOT NULL) AND (jsonb_typeof((d.p -> 'positions'::text)) = 'array'::text) AND COALESCE(('["n", "p", "e", "c"]'::jsonb ? (d.p ->> 'status'::text)), false)) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('currency', 'currency_invalid', (e.payload -> 'currency'::text), (pretix.currency((e.payload ->> 'currency'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', (d.p -> 'total'::text), (unified.num((d.p -> 'total'::text)) IS NULL)), jsonb_build_array('placed_at', 'typecast_error', (d.p -> 'datetime'::text), (unified.ts((d.p -> 'datetime'::text)) IS NULL)), jsonb_build_array('line_items_complete', 'typecast_error', (d.p -> 'positions'::text), (jsonb_typeof((d.p -> 'positions'::text)) IS DISTINCT FROM 'array'::text)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (NOT COALESCE(('["n", "p", "e", "c"]'::jsonb ? (d.p ->> 'status'::text)), false)))))
        END AS issues,
    pretix.text((d.p -> 'event'::text)) AS event_platform_id,
    unified.ts((d.p -> 'expires'::text)) AS expires_at
   FROM ((((portolan.raw_records r
     CROSS JOIN LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d)
     LEFT JOIN portolan.raw_records e ON (((e.connection_id = r.connection_id) AND (e.resource = 'events'::text) AND (e.external_id = pretix.text((d.p -> 'event'::text))) AND (e.platform = 'pretix'::text))))
     LEFT JOIN portolan.raw_records m ON (((m.connection_id = r.connection_id) AND (m.resource = 'order_payments'::text) AND (m.external_id = r.external_id) AND (m.platform = 'pretix'::text))))
     CROSS JOIN LATERAL ( SELECT pretix.money((m.payload -> 'refunds'::text), '["done"]'::jsonb) AS refunded,
            pretix.money((m.payload -> 'payments'::text), '["confirmed", "refunded"]'::jsonb) AS paid
         OFFSET 0) s)
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'orders'::text));


--
-- Name: payments; Type: VIEW; Schema: pretix; Owner: -
--

CREATE VIEW pretix.payments AS
 SELECT r.connection_id,
    'pretix'::text AS platform,
    ((r.external_id || '-P-'::text) || COALESCE(pretix.ref((a.l -> 'local_id'::text)), ('n'::text || a.n))) AS platform_id,
    unified.id(r.connection_id, 'payment_transactions'::text, ((r.external_id || '-P-'::text) || COALESCE(pretix.ref((a.l -> 'local_id'::text)), ('n'::text || a.n)))) AS id,
    r.external_id AS platform_parent_id,
    unified.ts((a.l -> 'created'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((r.payload -> 'testmode'::text)) AS is_test,
    'order_payments'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    unified.num((a.l -> 'amount'::text)) AS amount,
    pretix.currency((e.payload ->> 'currency'::text)) AS currency,
    NULLIF((a.l ->> 'state'::text), ''::text) AS status_raw,
    'sale'::text AS kind,
    unified.word('{"failed": "failed", "created": "pending", "pending": "pending", "canceled": "cancelled", "refunded": "succeeded", "confirmed": "succeeded"}'::jsonb, (a.l ->> 'state'::text)) AS status,
    'in'::text AS direction,
    pretix.text((r.payload -> 'customer'::text)) AS customer_platform_id,
    COALESCE(unified.ts((a.l -> 'payment_date'::text)), unified.ts((a.l -> 'created'::text))) AS processed_at,
    pretix.text((a.l -> 'provider'::text)) AS gateway,
    unified.word('{"cash": "cash", "free": "other", "manual": "other", "paypal": "wallet", "stripe": "card", "giftcard": "gift_card", "stripe_cc": "card", "offsetting": "other", "banktransfer": "bank_transfer", "paypal_wallet": "wallet"}'::jsonb, (a.l ->> 'provider'::text)) AS payment_method_type,
    pretix.text((a.l -> 'provider'::text)) AS payment_method_type_raw,
        CASE
            WHEN ((NOT r.sanitised) AND (pretix.ref((a.l -> 'local_id'::text)) IS NOT NULL) AND (unified.num((a.l -> 'amount'::text)) IS NOT NULL) AND (pretix.currency((e.payload ->> 'currency'::text)) IS NOT NULL) AND COALESCE(('["created", "pending", "confirmed", "refunded", "failed", "canceled"]'::jsonb ? (a.l ->> 'state'::text)), false)) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'local_id'::text), (pretix.ref((a.l -> 'local_id'::text)) IS NULL)), jsonb_build_array('amount', 'typecast_error', (a.l -> 'amount'::text), (unified.num((a.l -> 'amount'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (e.payload -> 'currency'::text), (pretix.currency((e.payload ->> 'currency'::text)) IS NULL)), jsonb_build_array('status', 'enum_unknown', (a.l -> 'state'::text), (NOT COALESCE(('["created", "pending", "confirmed", "refunded", "failed", "canceled"]'::jsonb ? (a.l ->> 'state'::text)), false)))))
        END AS issues,
    pretix.text((r.payload -> 'event'::text)) AS event_platform_id
   FROM ((portolan.raw_records r
     CROSS JOIN LATERAL jsonb_array_elements(unified.arr((r.payload -> 'payments'::text))) WITH ORDINALITY a(l, n))
     LEFT JOIN portolan.raw_records e ON (((e.connection_id = r.connection_id) AND (e.resource = 'events'::text) AND (e.external_id = pretix.text((r.payload -> 'event'::text))) AND (e.platform = 'pretix'::text))))
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'order_payments'::text));


--
-- Name: refunds; Type: VIEW; Schema: pretix; Owner: -
--

CREATE VIEW pretix.refunds AS
 SELECT r.connection_id,
    'pretix'::text AS platform,
    ((r.external_id || '-R-'::text) || COALESCE(pretix.ref((a.l -> 'local_id'::text)), ('n'::text || a.n))) AS platform_id,
    unified.id(r.connection_id, 'payment_refunds'::text, ((r.external_id || '-R-'::text) || COALESCE(pretix.ref((a.l -> 'local_id'::text)), ('n'::text || a.n)))) AS id,
    r.external_id AS platform_parent_id,
    unified.ts((a.l -> 'created'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((r.payload -> 'testmode'::text)) AS is_test,
    'order_payments'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    unified.num((a.l -> 'amount'::text)) AS amount,
    pretix.currency((e.payload ->> 'currency'::text)) AS currency,
    NULLIF((a.l ->> 'state'::text), ''::text) AS status_raw,
    unified.word('{"done": "succeeded", "failed": "failed", "created": "pending", "transit": "pending", "canceled": "cancelled", "external": "pending"}'::jsonb, (a.l ->> 'state'::text)) AS status,
    ((r.external_id || '-P-'::text) || pretix.ref((a.l -> 'payment'::text))) AS transaction_platform_id,
        CASE (a.l ->> 'source'::text)
            WHEN 'buyer'::text THEN 'requested_by_customer'::text
            WHEN 'admin'::text THEN 'other'::text
            WHEN 'external'::text THEN 'other'::text
            ELSE
            CASE
                WHEN ((a.l ->> 'source'::text) <> ''::text) THEN 'unknown'::text
                ELSE NULL::text
            END
        END AS reason,
    NULLIF((a.l ->> 'source'::text), ''::text) AS reason_raw,
    pretix.text((a.l -> 'comment'::text)) AS note,
    COALESCE(unified.ts((a.l -> 'execution_date'::text)), unified.ts((a.l -> 'created'::text))) AS processed_at,
        CASE
            WHEN ((NOT r.sanitised) AND (pretix.ref((a.l -> 'local_id'::text)) IS NOT NULL) AND (unified.num((a.l -> 'amount'::text)) IS NOT NULL) AND (pretix.currency((e.payload ->> 'currency'::text)) IS NOT NULL) AND COALESCE(('["created", "transit", "external", "done", "failed", "canceled"]'::jsonb ? (a.l ->> 'state'::text)), false)) THEN '[]'::jsonb
            ELSE pretix.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'local_id'::text), (pretix.ref((a.l -> 'local_id'::text)) IS NULL)), jsonb_build_array('amount', 'typecast_error', (a.l -> 'amount'::text), (unified.num((a.l -> 'amount'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (e.payload -> 'currency'::text), (pretix.currency((e.payload ->> 'currency'::text)) IS NULL)), jsonb_build_array('status', 'enum_unknown', (a.l -> 'state'::text), (NOT COALESCE(('["created", "transit", "external", "done", "failed", "canceled"]'::jsonb ? (a.l ->> 'state'::text)), false)))))
        END AS issues,
    pretix.text((r.payload -> 'event'::text)) AS event_platform_id
   FROM ((portolan.raw_records r
     CROSS JOIN LATERAL jsonb_array_elements(unified.arr((r.payload -> 'refunds'::text))) WITH ORDINALITY a(l, n))
     LEFT JOIN portolan.raw_records e ON (((e.connection_id = r.connection_id) AND (e.resource = 'events'::text) AND (e.external_id = pretix.text((r.payload -> 'event'::text))) AND (e.platform = 'pretix'::text))))
  WHERE ((r.platform = 'pretix'::text) AND (r.resource = 'order_payments'::text));


--
-- Name: accounts; Type: VIEW; Schema: recurly; Owner: -
--

CREATE VIEW recurly.accounts AS
 SELECT r.connection_id,
    'recurly'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_customers'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'created_at'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    recurly.text((d.p -> 'email'::text)) AS email,
    recurly.text((d.p #> '{address,phone}'::text[])) AS phone,
    recurly.text((d.p -> 'first_name'::text)) AS first_name,
    recurly.text((d.p -> 'last_name'::text)) AS last_name,
    recurly.text((d.p -> 'company'::text)) AS company_name,
    COALESCE(recurly.name(d.p), recurly.text((d.p -> 'company'::text))) AS display_name,
    recurly.address((d.p -> 'address'::text), recurly.name(d.p), recurly.text((d.p -> 'company'::text)), 'billing'::text) AS default_address,
    jsonb_path_query_array((jsonb_build_array(recurly.address((d.p -> 'address'::text), recurly.name(d.p), recurly.text((d.p -> 'company'::text)), 'billing'::text)) || COALESCE(( SELECT jsonb_agg(recurly.address(a.s, recurly.name(a.s), recurly.text((a.s -> 'company'::text)), 'shipping'::text) ORDER BY a.n) AS jsonb_agg
           FROM jsonb_array_elements(unified.arr((d.p -> 'shipping_addresses'::text))) WITH ORDINALITY a(s, n)), '[]'::jsonb)), '$[*]?(@ != null)'::jsonpath) AS addresses,
    recurly.account_status((d.p ->> 'state'::text)) AS status,
    (d.p ->> 'state'::text) AS status_raw,
    unified.bool((d.p -> 'tax_exempt'::text)) AS tax_exempt,
    recurly.text((d.p -> 'preferred_locale'::text)) AS locale,
    'accounts'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((recurly.account_status((d.p ->> 'state'::text)) <> 'unknown'::text) AND (jsonb_typeof(COALESCE((d.p -> 'email'::text), 'null'::jsonb)) = ANY (ARRAY['string'::text, 'null'::text])) AND (jsonb_typeof(COALESCE((d.p -> 'address'::text), 'null'::jsonb)) = ANY (ARRAY['object'::text, 'null'::text])) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE recurly.issues(r.sanitised, jsonb_build_array(jsonb_build_array('status', 'enum_unknown', (d.p -> 'state'::text), (COALESCE(recurly.account_status((d.p ->> 'state'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('email', 'typecast_error', (d.p -> 'email'::text), (jsonb_typeof(COALESCE((d.p -> 'email'::text), 'null'::jsonb)) <> ALL (ARRAY['string'::text, 'null'::text]))), jsonb_build_array('default_address', 'typecast_error', (d.p -> 'address'::text), (jsonb_typeof(COALESCE((d.p -> 'address'::text), 'null'::jsonb)) <> ALL (ARRAY['object'::text, 'null'::text])))))
        END AS issues,
    recurly.text((d.p -> 'code'::text)) AS code,
    recurly.text((d.p -> 'parent_account_id'::text)) AS parent_account_platform_id
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'recurly'::text) AND (r.resource = 'accounts'::text));


--
-- Name: invoices; Type: VIEW; Schema: recurly; Owner: -
--

CREATE VIEW recurly.invoices AS
 SELECT r.connection_id,
    'recurly'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'billing_invoices'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'created_at'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
        CASE
            WHEN (jsonb_array_length(unified.arr((d.p -> 'subscription_ids'::text))) = 1) THEN recurly.text((d.p #> '{subscription_ids,0}'::text[]))
            ELSE NULL::text
        END AS subscription_platform_id,
    recurly.ref((d.p -> 'account'::text)) AS customer_platform_id,
    recurly.text((d.p #> '{account,email}'::text[])) AS customer_email,
    recurly.text((d.p -> 'number'::text)) AS number,
    recurly.invoice_status((d.p ->> 'state'::text)) AS status,
    (d.p ->> 'state'::text) AS status_raw,
    recurly.invoice_reason((d.p ->> 'origin'::text)) AS reason,
    (d.p ->> 'origin'::text) AS reason_raw,
    unified.ts((d.p -> 'created_at'::text)) AS issued_at,
    unified.ts((d.p -> 'due_at'::text)) AS due_at,
        CASE
            WHEN ((d.p ->> 'state'::text) = 'paid'::text) THEN unified.ts((d.p -> 'closed_at'::text))
            ELSE NULL::timestamp with time zone
        END AS paid_at,
    unified.num((d.p -> 'subtotal'::text)) AS subtotal_amount,
    abs(unified.num((d.p -> 'discount'::text))) AS discount_amount,
    unified.num((d.p -> 'tax'::text)) AS tax_amount,
    unified.num((d.p -> 'total'::text)) AS total_amount,
    unified.num((d.p -> 'paid'::text)) AS amount_paid,
    unified.num((d.p -> 'balance'::text)) AS amount_due,
    recurly.currency((d.p -> 'currency'::text)) AS currency,
    'invoices'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((recurly.currency((d.p -> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'total'::text)) IS NOT NULL) AND (recurly.invoice_status((d.p ->> 'state'::text)) <> 'unknown'::text) AND (recurly.invoice_reason((d.p ->> 'origin'::text)) IS DISTINCT FROM 'unknown'::text) AND (recurly.ref((d.p -> 'account'::text)) IS NOT NULL) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE recurly.issues(r.sanitised, jsonb_build_array(jsonb_build_array('total_amount', 'typecast_error', COALESCE((d.p -> 'total'::text), 'null'::jsonb), (unified.num((d.p -> 'total'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', COALESCE((d.p -> 'currency'::text), 'null'::jsonb), (recurly.currency((d.p -> 'currency'::text)) IS NULL)), jsonb_build_array('status', 'enum_unknown', COALESCE((d.p -> 'state'::text), 'null'::jsonb), (COALESCE(recurly.invoice_status((d.p ->> 'state'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('reason', 'enum_unknown', (d.p -> 'origin'::text), COALESCE((recurly.invoice_reason((d.p ->> 'origin'::text)) = 'unknown'::text), false)), jsonb_build_array('customer_platform_id', 'reference_missing', COALESCE((d.p -> 'account'::text), 'null'::jsonb), (recurly.ref((d.p -> 'account'::text)) IS NULL))))
        END AS issues,
    (d.p ->> 'type'::text) AS type_raw,
    recurly.text((d.p -> 'previous_invoice_id'::text)) AS credited_invoice_platform_id
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'recurly'::text) AND (r.resource = 'invoices'::text));


--
-- Name: line_items; Type: VIEW; Schema: recurly; Owner: -
--

CREATE VIEW recurly.line_items AS
 SELECT r.connection_id,
    'recurly'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'billing_invoice_lines'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'created_at'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.id(r.connection_id, 'billing_invoices'::text, recurly.text((d.p -> 'invoice_id'::text))) AS invoice_id,
    recurly.text((d.p -> 'invoice_id'::text)) AS invoice_platform_id,
    recurly.plan_price(recurly.text((d.p -> 'plan_id'::text)), recurly.currency((d.p -> 'currency'::text))) AS plan_platform_id,
    recurly.text((d.p -> 'item_id'::text)) AS product_platform_id,
    recurly.text((d.p -> 'subscription_id'::text)) AS subscription_platform_id,
    recurly.text((d.p -> 'description'::text)) AS description,
    recurly.quantity(d.p) AS quantity,
    recurly.price(d.p) AS unit_amount,
    unified.num((d.p -> 'subtotal'::text)) AS amount,
    recurly.currency((d.p -> 'currency'::text)) AS currency,
    (unified.num((d.p -> 'proration_rate'::text)) <> (1)::numeric) AS proration,
    unified.ts((d.p -> 'start_date'::text)) AS period_start,
    unified.ts((d.p -> 'end_date'::text)) AS period_end,
    recurly.line_type((d.p ->> 'origin'::text)) AS type,
    (d.p ->> 'origin'::text) AS type_raw,
    'line_items'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((recurly.currency((d.p -> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'subtotal'::text)) IS NOT NULL) AND (recurly.line_type((d.p ->> 'origin'::text)) <> 'unknown'::text) AND (recurly.quantity(d.p) IS NOT NULL) AND ((recurly.text((d.p -> 'invoice_id'::text)) IS NOT NULL) OR ((d.p ->> 'state'::text) = 'pending'::text)) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE recurly.issues(r.sanitised, jsonb_build_array(jsonb_build_array('amount', 'typecast_error', COALESCE((d.p -> 'subtotal'::text), 'null'::jsonb), (unified.num((d.p -> 'subtotal'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', COALESCE((d.p -> 'currency'::text), 'null'::jsonb), (recurly.currency((d.p -> 'currency'::text)) IS NULL)), jsonb_build_array('quantity', 'typecast_error', COALESCE((d.p -> 'quantity'::text), 'null'::jsonb), (recurly.quantity(d.p) IS NULL)), jsonb_build_array('type', 'enum_unknown', COALESCE((d.p -> 'origin'::text), 'null'::jsonb), (COALESCE(recurly.line_type((d.p ->> 'origin'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('invoice_platform_id', 'reference_missing', COALESCE((d.p -> 'invoice_id'::text), 'null'::jsonb), ((recurly.text((d.p -> 'invoice_id'::text)) IS NULL) AND ((d.p ->> 'state'::text) IS DISTINCT FROM 'pending'::text)))))
        END AS issues,
    recurly.text((d.p -> 'state'::text)) AS state_raw
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'recurly'::text) AND (r.resource = 'line_items'::text));


--
-- Name: plans; Type: VIEW; Schema: recurly; Owner: -
--

CREATE VIEW recurly.plans AS
 SELECT r.connection_id,
    'recurly'::text AS platform,
    x.platform_id,
    unified.id(r.connection_id, 'billing_plans'::text, x.platform_id) AS id,
    r.external_id AS platform_parent_id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'created_at'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    recurly.text((d.p -> 'name'::text)) AS name,
    recurly.text((d.p -> 'code'::text)) AS code,
    recurly.plan_status((d.p ->> 'state'::text)) AS status,
    (d.p ->> 'state'::text) AS status_raw,
    true AS is_recurring,
    recurly.interval_word((d.p ->> 'interval_unit'::text)) AS "interval",
    (d.p ->> 'interval_unit'::text) AS interval_raw,
    unified.num((d.p -> 'interval_length'::text)) AS interval_count,
        CASE
            WHEN ((d.p ->> 'pricing_model'::text) IS DISTINCT FROM 'ramp'::text) THEN recurly.price(a.l)
            ELSE NULL::numeric
        END AS amount,
    recurly.currency((a.l -> 'currency'::text)) AS currency,
        CASE
            WHEN (COALESCE((d.p ->> 'pricing_model'::text), 'fixed'::text) = 'fixed'::text) THEN 'per_unit'::text
            ELSE 'unknown'::text
        END AS pricing_model,
    (d.p ->> 'pricing_model'::text) AS pricing_model_raw,
    NULLIF(unified.arr((d.p -> 'ramp_intervals'::text)), '[]'::jsonb) AS tiers,
    COALESCE(unified.num((a.l -> 'setup_fee'::text)), recurly.setup_fee(d.p, recurly.currency((a.l -> 'currency'::text)))) AS setup_fee_amount,
        CASE (d.p ->> 'trial_unit'::text)
            WHEN 'days'::text THEN unified.num((d.p -> 'trial_length'::text))
            ELSE NULL::numeric
        END AS trial_days,
    unified.num((d.p -> 'total_billing_cycles'::text)) AS total_cycles,
    unified.bool((a.l -> 'tax_inclusive'::text)) AS tax_inclusive,
    'plans'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((recurly.currency((a.l -> 'currency'::text)) IS NOT NULL) AND ((recurly.price(a.l) IS NOT NULL) OR ((d.p ->> 'pricing_model'::text) = 'ramp'::text)) AND (recurly.plan_status((d.p ->> 'state'::text)) <> 'unknown'::text) AND (recurly.interval_word((d.p ->> 'interval_unit'::text)) <> 'unknown'::text) AND (COALESCE((d.p ->> 'pricing_model'::text), 'fixed'::text) = ANY (ARRAY['fixed'::text, 'ramp'::text])) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE recurly.issues(r.sanitised, jsonb_build_array(jsonb_build_array('currency', 'currency_invalid', COALESCE((a.l -> 'currency'::text), 'null'::jsonb), (recurly.currency((a.l -> 'currency'::text)) IS NULL)), jsonb_build_array('amount', 'typecast_error', COALESCE((a.l -> 'unit_amount'::text), 'null'::jsonb), ((recurly.price(a.l) IS NULL) AND ((d.p ->> 'pricing_model'::text) IS DISTINCT FROM 'ramp'::text))), jsonb_build_array('status', 'enum_unknown', COALESCE((d.p -> 'state'::text), 'null'::jsonb), (COALESCE(recurly.plan_status((d.p ->> 'state'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('interval', 'enum_unknown', COALESCE((d.p -> 'interval_unit'::text), 'null'::jsonb), (COALESCE(recurly.interval_word((d.p ->> 'interval_unit'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('pricing_model', 'enum_unknown', (d.p -> 'pricing_model'::text), (COALESCE((d.p ->> 'pricing_model'::text), 'fixed'::text) <> ALL (ARRAY['fixed'::text, 'ramp'::text])))))
        END AS issues,
    recurly.text((a.l -> 'price_segment_id'::text)) AS price_segment_platform_id
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d,
    LATERAL jsonb_array_elements(recurly.pricings(d.p)) WITH ORDINALITY a(l, n),
    LATERAL ( SELECT (((r.external_id || ':'::text) || COALESCE(recurly.price_key(a.l), 'none'::text)) ||
                CASE
                    WHEN ((recurly.price_key(a.l) IS NULL) OR (EXISTS ( SELECT
                       FROM jsonb_array_elements(recurly.pricings(d.p)) WITH ORDINALITY b(e, m)
                      WHERE ((b.m < a.n) AND (recurly.price_key(b.e) = recurly.price_key(a.l)))))) THEN (':'::text || (a.n - 1))
                    ELSE ''::text
                END) AS platform_id
         OFFSET 0) x
  WHERE ((r.platform = 'recurly'::text) AND (r.resource = 'plans'::text));


--
-- Name: refunds; Type: VIEW; Schema: recurly; Owner: -
--

CREATE VIEW recurly.refunds AS
 SELECT r.connection_id,
    'recurly'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_refunds'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'created_at'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    r.external_id AS transaction_platform_id,
    abs(unified.num((d.p -> 'amount'::text))) AS amount,
    recurly.currency((d.p -> 'currency'::text)) AS currency,
    recurly.transaction_status((d.p ->> 'status'::text)) AS status,
    (d.p ->> 'status'::text) AS status_raw,
    COALESCE(unified.ts((d.p -> 'collected_at'::text)), unified.ts((d.p -> 'created_at'::text))) AS processed_at,
        CASE
            WHEN ((d.p ->> 'status'::text) = ANY (ARRAY['declined'::text, 'error'::text])) THEN COALESCE(recurly.text((d.p -> 'status_code'::text)), recurly.text((d.p -> 'gateway_response_code'::text)))
            ELSE NULL::text
        END AS error_code,
    'transactions'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((recurly.currency((d.p -> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'amount'::text)) IS NOT NULL) AND (recurly.transaction_status((d.p ->> 'status'::text)) <> 'unknown'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE recurly.issues(r.sanitised, jsonb_build_array(jsonb_build_array('amount', 'typecast_error', COALESCE((d.p -> 'amount'::text), 'null'::jsonb), (unified.num((d.p -> 'amount'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', COALESCE((d.p -> 'currency'::text), 'null'::jsonb), (recurly.currency((d.p -> 'currency'::text)) IS NULL)), jsonb_build_array('status', 'enum_unknown', COALESCE((d.p -> 'status'::text), 'null'::jsonb), (COALESCE(recurly.transaction_status((d.p ->> 'status'::text)), 'unknown'::text) = 'unknown'::text))))
        END AS issues,
    recurly.ref((d.p -> 'invoice'::text)) AS invoice_platform_id,
    recurly.text((d.p -> 'original_transaction_id'::text)) AS refunded_transaction_platform_id
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'recurly'::text) AND (r.resource = 'transactions'::text) AND ((r.payload ->> 'type'::text) = 'refund'::text) AND ((r.payload ->> 'origin'::text) IS DISTINCT FROM 'chargeback'::text));


--
-- Name: subscription_items; Type: VIEW; Schema: recurly; Owner: -
--

CREATE VIEW recurly.subscription_items AS
 SELECT r.connection_id,
    'recurly'::text AS platform,
    x.platform_id,
    unified.id(r.connection_id, 'billing_subscription_items'::text, x.platform_id) AS id,
    r.external_id AS platform_parent_id,
    COALESCE(unified.ts((a.l -> 'created_at'::text)), r.platform_created_at) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.id(r.connection_id, 'billing_subscriptions'::text, r.external_id) AS subscription_id,
    r.external_id AS subscription_platform_id,
    (o.n)::numeric AS item_index,
        CASE
            WHEN (o.n = 0) THEN recurly.plan_price(recurly.ref((d.p -> 'plan'::text)), recurly.currency((d.p -> 'currency'::text)))
            ELSE NULL::text
        END AS plan_platform_id,
        CASE
            WHEN (o.n > 0) THEN recurly.text((a.l #> '{add_on,item_id}'::text[]))
            ELSE NULL::text
        END AS product_platform_id,
        CASE
            WHEN ((a.l #>> '{add_on,add_on_type}'::text[]) IS DISTINCT FROM 'usage'::text) THEN unified.num((a.l -> 'quantity'::text))
            ELSE NULL::numeric
        END AS quantity,
        CASE
            WHEN (COALESCE((a.l ->> 'tier_type'::text), 'flat'::text) = 'flat'::text) THEN recurly.price(a.l)
            ELSE NULL::numeric
        END AS unit_amount,
    recurly.add_on_amount(a.l) AS amount,
    recurly.currency((d.p -> 'currency'::text)) AS currency,
    recurly.interval_word((q.payload ->> 'interval_unit'::text)) AS "interval",
    (q.payload ->> 'interval_unit'::text) AS interval_raw,
    unified.num((q.payload -> 'interval_length'::text)) AS interval_count,
    unified.ts((d.p -> 'current_period_started_at'::text)) AS current_period_start,
    unified.ts((d.p -> 'current_period_ends_at'::text)) AS current_period_end,
    'subscriptions'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((recurly.currency((d.p -> 'currency'::text)) IS NOT NULL) AND ((o.n > 0) OR (recurly.ref((d.p -> 'plan'::text)) IS NOT NULL)) AND ((o.n = 0) OR (recurly.text((a.l -> 'id'::text)) IS NOT NULL)) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE recurly.issues(r.sanitised, jsonb_build_array(jsonb_build_array('currency', 'currency_invalid', COALESCE((d.p -> 'currency'::text), 'null'::jsonb), (recurly.currency((d.p -> 'currency'::text)) IS NULL)), jsonb_build_array('plan_platform_id', 'reference_missing', COALESCE((d.p -> 'plan'::text), 'null'::jsonb), ((o.n = 0) AND (recurly.ref((d.p -> 'plan'::text)) IS NULL))), jsonb_build_array('platform_id', 'reference_missing', COALESCE((a.l -> 'id'::text), 'null'::jsonb), ((o.n > 0) AND (recurly.text((a.l -> 'id'::text)) IS NULL)))))
        END AS issues,
    recurly.ref((d.p -> 'plan'::text)) AS plan_record_platform_id
   FROM (portolan.raw_records r
     LEFT JOIN portolan.raw_records q ON (((q.connection_id = r.connection_id) AND (q.resource = 'plans'::text) AND (q.platform = 'recurly'::text) AND (q.external_id = (r.payload #>> '{plan,id}'::text[]))))),
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d,
    LATERAL jsonb_array_elements((jsonb_build_array(jsonb_build_object('unit_amount', (d.p -> 'unit_amount'::text), 'quantity', (d.p -> 'quantity'::text))) || COALESCE(unified.arr((d.p -> 'add_ons'::text)), '[]'::jsonb))) WITH ORDINALITY a(l, place),
    LATERAL ( SELECT (a.place - 1) AS n
         OFFSET 0) o,
    LATERAL ( SELECT
                CASE
                    WHEN (o.n = 0) THEN (r.external_id || ':plan'::text)
                    ELSE COALESCE(recurly.text((a.l -> 'id'::text)), ((r.external_id || ':'::text) || o.n))
                END AS platform_id
         OFFSET 0) x
  WHERE ((r.platform = 'recurly'::text) AND (r.resource = 'subscriptions'::text));


--
-- Name: subscriptions; Type: VIEW; Schema: recurly; Owner: -
--

CREATE VIEW recurly.subscriptions AS
 SELECT r.connection_id,
    'recurly'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'billing_subscriptions'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'created_at'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    recurly.ref((d.p -> 'account'::text)) AS customer_platform_id,
    recurly.subscription_status((d.p ->> 'state'::text), unified.ts((d.p -> 'expires_at'::text)), unified.ts((d.p -> 'trial_ends_at'::text)), r.fetched_at) AS status,
    (d.p ->> 'state'::text) AS status_raw,
    recurly.currency((d.p -> 'currency'::text)) AS currency,
    COALESCE(unified.ts((d.p -> 'activated_at'::text)),
        CASE
            WHEN ((d.p ->> 'state'::text) <> 'future'::text) THEN unified.ts((d.p -> 'created_at'::text))
            ELSE NULL::timestamp with time zone
        END) AS started_at,
    unified.ts((d.p -> 'current_period_started_at'::text)) AS current_period_start,
    unified.ts((d.p -> 'current_period_ends_at'::text)) AS current_period_end,
    unified.ts((d.p -> 'trial_started_at'::text)) AS trial_start,
    unified.ts((d.p -> 'trial_ends_at'::text)) AS trial_end,
        CASE (d.p ->> 'state'::text)
            WHEN 'canceled'::text THEN COALESCE((unified.ts((d.p -> 'expires_at'::text)) <= unified.ts((d.p -> 'current_period_ends_at'::text))), true)
            WHEN 'active'::text THEN (((d.p -> 'auto_renew'::text) = 'false'::jsonb) AND ((d.p -> 'remaining_billing_cycles'::text) = '0'::jsonb))
            ELSE false
        END AS cancel_at_period_end,
        CASE
            WHEN ((d.p ->> 'state'::text) = 'canceled'::text) THEN unified.ts((d.p -> 'expires_at'::text))
            ELSE NULL::timestamp with time zone
        END AS cancel_at,
    unified.ts((d.p -> 'canceled_at'::text)) AS canceled_at,
        CASE
            WHEN ((d.p ->> 'state'::text) = ANY (ARRAY['expired'::text, 'failed'::text])) THEN unified.ts((d.p -> 'expires_at'::text))
            ELSE NULL::timestamp with time zone
        END AS ended_at,
    unified.ts((d.p -> 'paused_at'::text)) AS paused_at,
    unified.ts((d.p -> 'resume_at'::text)) AS pause_resumes_at,
    recurly.collection_method((d.p ->> 'collection_method'::text)) AS collection_method,
    (d.p ->> 'collection_method'::text) AS collection_method_raw,
        CASE
            WHEN ((d.p ->> 'state'::text) = ANY (ARRAY['canceled'::text, 'expired'::text, 'failed'::text])) THEN false
            ELSE unified.bool((d.p -> 'auto_renew'::text))
        END AS auto_renew,
    unified.num((d.p -> 'total_billing_cycles'::text)) AS billing_cycles_total,
    unified.num((d.p -> 'remaining_billing_cycles'::text)) AS billing_cycles_remaining,
        CASE
            WHEN (COALESCE(unified.arr((d.p -> 'ramp_intervals'::text)), '[]'::jsonb) = '[]'::jsonb) THEN round(((((recurly.price(d.p) * COALESCE(unified.num((d.p -> 'quantity'::text)), (1)::numeric)) + recurly.add_ons_total((d.p -> 'add_ons'::text))) *
            CASE (q.payload ->> 'interval_unit'::text)
                WHEN 'months'::text THEN (1)::numeric
                WHEN 'days'::text THEN ((365)::numeric / (12)::numeric)
                ELSE NULL::numeric
            END) / NULLIF(COALESCE(unified.num((q.payload -> 'interval_length'::text)), (1)::numeric), (0)::numeric)), 4)
            ELSE NULL::numeric
        END AS mrr_amount,
    recurly.text((d.p -> 'expiration_reason'::text)) AS cancel_reason,
    recurly.text((d.p -> 'active_invoice_id'::text)) AS latest_invoice_platform_id,
    (jsonb_typeof((d.p -> 'add_ons'::text)) = 'array'::text) AS items_complete,
    'subscriptions'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((recurly.subscription_status((d.p ->> 'state'::text), NULL::timestamp with time zone, NULL::timestamp with time zone, NULL::timestamp with time zone) <> 'unknown'::text) AND (recurly.ref((d.p -> 'account'::text)) IS NOT NULL) AND (recurly.currency((d.p -> 'currency'::text)) IS NOT NULL) AND (recurly.price(d.p) IS NOT NULL) AND (recurly.collection_method((d.p ->> 'collection_method'::text)) IS DISTINCT FROM 'unknown'::text) AND (jsonb_typeof((d.p -> 'add_ons'::text)) = 'array'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE recurly.issues(r.sanitised, jsonb_build_array(jsonb_build_array('status', 'enum_unknown', COALESCE((d.p -> 'state'::text), 'null'::jsonb), (COALESCE(recurly.subscription_status((d.p ->> 'state'::text), NULL::timestamp with time zone, NULL::timestamp with time zone, NULL::timestamp with time zone), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('customer_platform_id', 'reference_missing', COALESCE((d.p -> 'account'::text), 'null'::jsonb), (recurly.ref((d.p -> 'account'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', COALESCE((d.p -> 'currency'::text), 'null'::jsonb), (recurly.currency((d.p -> 'currency'::text)) IS NULL)), jsonb_build_array('mrr_amount', 'typecast_error', COALESCE((d.p -> 'unit_amount'::text), 'null'::jsonb), (recurly.price(d.p) IS NULL)), jsonb_build_array('collection_method', 'enum_unknown', (d.p -> 'collection_method'::text), COALESCE((recurly.collection_method((d.p ->> 'collection_method'::text)) = 'unknown'::text), false)), jsonb_build_array('items', 'typecast_error', COALESCE((d.p -> 'add_ons'::text), 'null'::jsonb), (jsonb_typeof((d.p -> 'add_ons'::text)) IS DISTINCT FROM 'array'::text))))
        END AS issues,
    recurly.ref((d.p -> 'plan'::text)) AS plan_platform_id
   FROM (portolan.raw_records r
     LEFT JOIN portolan.raw_records q ON (((q.connection_id = r.connection_id) AND (q.resource = 'plans'::text) AND (q.platform = 'recurly'::text) AND (q.external_id = (r.payload #>> '{plan,id}'::text[]))))),
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'recurly'::text) AND (r.resource = 'subscriptions'::text));


--
-- Name: transactions; Type: VIEW; Schema: recurly; Owner: -
--

CREATE VIEW recurly.transactions AS
 SELECT r.connection_id,
    'recurly'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_transactions'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'created_at'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    recurly.transaction_kind((d.p ->> 'type'::text), (d.p ->> 'origin'::text)) AS kind,
    (d.p ->> 'type'::text) AS kind_raw,
    recurly.transaction_status((d.p ->> 'status'::text)) AS status,
    (d.p ->> 'status'::text) AS status_raw,
    abs(unified.num((d.p -> 'amount'::text))) AS amount,
        CASE (d.p ->> 'type'::text)
            WHEN 'purchase'::text THEN 'in'::text
            WHEN 'capture'::text THEN 'in'::text
            WHEN 'refund'::text THEN 'out'::text
            WHEN 'authorization'::text THEN 'none'::text
            WHEN 'verify'::text THEN 'none'::text
            ELSE NULL::text
        END AS direction,
    recurly.currency((d.p -> 'currency'::text)) AS currency,
    recurly.ref((d.p -> 'account'::text)) AS customer_platform_id,
    recurly.ref((d.p -> 'invoice'::text)) AS invoice_platform_id,
    recurly.text((d.p -> 'original_transaction_id'::text)) AS parent_platform_id,
    COALESCE(unified.ts((d.p -> 'collected_at'::text)), unified.ts((d.p -> 'created_at'::text))) AS processed_at,
    COALESCE(recurly.text((d.p #> '{payment_gateway,name}'::text[])), recurly.text((d.p #> '{payment_gateway,type}'::text[]))) AS gateway,
    recurly.payment_method((d.p #>> '{payment_method,object}'::text[])) AS payment_method_type,
    (d.p #>> '{payment_method,object}'::text[]) AS payment_method_type_raw,
    recurly.text((d.p #> '{payment_method,card_type}'::text[])) AS card_brand,
    "right"(recurly.text((d.p #> '{payment_method,last_four}'::text[])), 4) AS card_last4,
        CASE
            WHEN ((d.p -> 'refunded'::text) = 'false'::jsonb) THEN (0)::numeric
            ELSE NULL::numeric
        END AS refunded_amount,
        CASE
            WHEN ((d.p ->> 'status'::text) = ANY (ARRAY['declined'::text, 'error'::text])) THEN COALESCE(recurly.text((d.p -> 'status_code'::text)), recurly.text((d.p -> 'gateway_response_code'::text)))
            ELSE NULL::text
        END AS error_code,
        CASE
            WHEN ((d.p ->> 'status'::text) = ANY (ARRAY['declined'::text, 'error'::text])) THEN COALESCE(recurly.text((d.p -> 'status_message'::text)), recurly.text((d.p -> 'gateway_message'::text)))
            ELSE NULL::text
        END AS error_message,
    'transactions'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((recurly.currency((d.p -> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'amount'::text)) IS NOT NULL) AND (recurly.transaction_status((d.p ->> 'status'::text)) <> 'unknown'::text) AND (recurly.transaction_kind((d.p ->> 'type'::text), NULL::text) <> 'unknown'::text) AND (recurly.payment_method((d.p #>> '{payment_method,object}'::text[])) IS DISTINCT FROM 'unknown'::text) AND (jsonb_typeof(COALESCE((d.p -> 'account'::text), 'null'::jsonb)) = ANY (ARRAY['object'::text, 'null'::text])) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE recurly.issues(r.sanitised, jsonb_build_array(jsonb_build_array('amount', 'typecast_error', COALESCE((d.p -> 'amount'::text), 'null'::jsonb), (unified.num((d.p -> 'amount'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', COALESCE((d.p -> 'currency'::text), 'null'::jsonb), (recurly.currency((d.p -> 'currency'::text)) IS NULL)), jsonb_build_array('status', 'enum_unknown', COALESCE((d.p -> 'status'::text), 'null'::jsonb), (COALESCE(recurly.transaction_status((d.p ->> 'status'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('kind', 'enum_unknown', COALESCE((d.p -> 'type'::text), 'null'::jsonb), (COALESCE(recurly.transaction_kind((d.p ->> 'type'::text), NULL::text), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('payment_method_type', 'enum_unknown', (d.p #> '{payment_method,object}'::text[]), COALESCE((recurly.payment_method((d.p #>> '{payment_method,object}'::text[])) = 'unknown'::text), false)), jsonb_build_array('customer_platform_id', 'reference_missing', (d.p -> 'account'::text), (jsonb_typeof(COALESCE((d.p -> 'account'::text), 'null'::jsonb)) <> ALL (ARRAY['object'::text, 'null'::text])))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'recurly'::text) AND (r.resource = 'transactions'::text));


--
-- Name: customers; Type: VIEW; Schema: shopify; Owner: -
--

CREATE VIEW shopify.customers AS
 SELECT r.connection_id,
    'shopify'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_customers'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'createdAt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'customers'::text AS raw_resource,
    1 AS mapping_version,
    NULLIF((d.p #>> '{defaultEmailAddress,emailAddress}'::text[]), ''::text) AS email,
    NULLIF((d.p #>> '{defaultPhoneNumber,phoneNumber}'::text[]), ''::text) AS phone,
    NULLIF((d.p ->> 'firstName'::text), ''::text) AS first_name,
    NULLIF((d.p ->> 'lastName'::text), ''::text) AS last_name,
    NULLIF((d.p #>> '{defaultAddress,company}'::text[]), ''::text) AS company_name,
    NULLIF((d.p ->> 'displayName'::text), ''::text) AS display_name,
    shopify.address((d.p -> 'defaultAddress'::text), 'other'::text) AS default_address,
    shopify.addresses((d.p #> '{addressesV2,nodes}'::text[])) AS addresses,
    NULLIF((d.p ->> 'note'::text), ''::text) AS note,
    shopify.texts((d.p -> 'tags'::text)) AS tags,
    ((d.p #>> '{defaultEmailAddress,marketingState}'::text[]) = 'SUBSCRIBED'::text) AS accepts_marketing,
    unified.word('{"ENABLED": "enabled", "INVITED": "invited", "DECLINED": "declined", "DISABLED": "disabled"}'::jsonb, (d.p ->> 'state'::text)) AS status,
    (d.p ->> 'state'::text) AS status_raw,
    unified.num((d.p -> 'numberOfOrders'::text)) AS orders_count,
    unified.num((d.p #> '{amountSpent,amount}'::text[])) AS total_spent_amount,
    shopify.currency((d.p #>> '{amountSpent,currencyCode}'::text[])) AS currency,
    unified.bool((d.p -> 'taxExempt'::text)) AS tax_exempt,
    NULLIF((d.p ->> 'locale'::text), ''::text) AS locale,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((d.p #> '{amountSpent,amount}'::text[])) IS NOT NULL) AND (shopify.currency((d.p #>> '{amountSpent,currencyCode}'::text[])) IS NOT NULL) AND COALESCE(('["ENABLED", "DISABLED", "INVITED", "DECLINED"]'::jsonb ? (d.p ->> 'state'::text)), false)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('total_spent_amount', 'typecast_error', COALESCE((d.p #> '{amountSpent,amount}'::text[]), (d.p -> 'amountSpent'::text)), (unified.num((d.p #> '{amountSpent,amount}'::text[])) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (d.p #> '{amountSpent,currencyCode}'::text[]), (shopify.currency((d.p #>> '{amountSpent,currencyCode}'::text[])) IS NULL)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'state'::text), (NOT COALESCE(('["ENABLED", "DISABLED", "INVITED", "DECLINED"]'::jsonb ? (d.p ->> 'state'::text)), false)))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'customers'::text));


--
-- Name: order_line_items; Type: VIEW; Schema: shopify; Owner: -
--

CREATE VIEW shopify.order_line_items AS
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':product:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':product:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((r.payload -> 'test'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    ((a.n - 1))::numeric AS line_index,
        CASE
            WHEN ((a.l -> 'isGiftCard'::text) = 'true'::jsonb) THEN 'gift_card'::text
            ELSE 'product'::text
        END AS type,
    (shopify.gid((a.l ->> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    unified.id(r.connection_id, 'commerce_products'::text, shopify.gid((a.l #>> '{product,id}'::text[]))) AS product_id,
    shopify.gid((a.l #>> '{product,id}'::text[])) AS product_platform_id,
    shopify.gid((a.l #>> '{variant,id}'::text[])) AS variant_platform_id,
    NULLIF((a.l ->> 'sku'::text), ''::text) AS sku,
    (a.l ->> 'title'::text) AS title,
    NULLIF((a.l ->> 'variantTitle'::text), ''::text) AS variant_title,
    NULLIF((a.l ->> 'vendor'::text), ''::text) AS vendor,
    unified.num((a.l -> 'quantity'::text)) AS quantity,
    unified.num((a.l -> 'currentQuantity'::text)) AS current_quantity,
    shopify.amount((a.l -> 'originalUnitPriceSet'::text)) AS unit_amount,
    ((shopify.amount((a.l -> 'originalUnitPriceSet'::text)) * unified.num((a.l -> 'quantity'::text))) - shopify.amount((a.l -> 'discountedTotalSet'::text))) AS discount_amount,
    shopify.total((a.l -> 'taxLines'::text), '{priceSet,shopMoney,amount}'::text[]) AS tax_amount,
    shopify.total((a.l -> 'taxLines'::text), '{rate}'::text[]) AS tax_rate,
    shopify.amount((a.l -> 'discountedTotalSet'::text)) AS total_amount,
    shopify.currency((a.l #>> '{originalUnitPriceSet,shopMoney,currencyCode}'::text[])) AS currency,
    shopify.taxes((a.l -> 'taxLines'::text)) AS taxes,
    shopify.discounts((a.l -> 'discountAllocations'::text)) AS discounts,
    unified.bool((a.l -> 'taxable'::text)) AS is_taxable,
    unified.bool((a.l -> 'requiresShipping'::text)) AS requires_shipping,
    unified.bool((a.l -> 'isGiftCard'::text)) AS is_gift_card,
        CASE
            WHEN ((NOT r.sanitised) AND (shopify.gid((a.l ->> 'id'::text)) IS NOT NULL) AND (unified.num((a.l -> 'quantity'::text)) IS NOT NULL) AND (shopify.amount((a.l -> 'discountedTotalSet'::text)) IS NOT NULL) AND (shopify.currency((a.l #>> '{originalUnitPriceSet,shopMoney,currencyCode}'::text[])) IS NOT NULL)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (shopify.gid((a.l ->> 'id'::text)) IS NULL)), jsonb_build_array('quantity', 'typecast_error', (a.l -> 'quantity'::text), (unified.num((a.l -> 'quantity'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', COALESCE((a.l #> '{discountedTotalSet,shopMoney,amount}'::text[]), (a.l -> 'discountedTotalSet'::text)), (shopify.amount((a.l -> 'discountedTotalSet'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (a.l #> '{originalUnitPriceSet,shopMoney,currencyCode}'::text[]), (shopify.currency((a.l #>> '{originalUnitPriceSet,shopMoney,currencyCode}'::text[])) IS NULL))))
        END AS issues,
    unified.num((a.l -> 'unfulfilledQuantity'::text)) AS unfulfilled_quantity
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload #> '{lineItems,nodes}'::text[]))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'orders'::text))
UNION ALL
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((a.l ->> 'id'::text)), ((o.external_id || ':product:'::text) || ((((jsonb_array_length(COALESCE(unified.arr((o.payload #> '{lineItems,nodes}'::text[])), '[]'::jsonb)))::numeric + ((unified.num(split_part(r.external_id, '/'::text, 2)) - (1)::numeric) * (90)::numeric)) + (a.n)::numeric) - (1)::numeric))) AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, COALESCE(shopify.gid((a.l ->> 'id'::text)), ((o.external_id || ':product:'::text) || ((((jsonb_array_length(COALESCE(unified.arr((o.payload #> '{lineItems,nodes}'::text[])), '[]'::jsonb)))::numeric + ((unified.num(split_part(r.external_id, '/'::text, 2)) - (1)::numeric) * (90)::numeric)) + (a.n)::numeric) - (1)::numeric)))) AS id,
    o.external_id AS platform_parent_id,
    o.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (o.deleted_at IS NOT NULL) AS is_deleted,
    o.deleted_at,
    o.deletion_source,
    unified.bool((o.payload -> 'test'::text)) AS is_test,
    'order_line_items'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, o.external_id) AS order_id,
    o.external_id AS order_platform_id,
    ((((jsonb_array_length(COALESCE(unified.arr((o.payload #> '{lineItems,nodes}'::text[])), '[]'::jsonb)))::numeric + ((unified.num(split_part(r.external_id, '/'::text, 2)) - (1)::numeric) * (90)::numeric)) + (a.n)::numeric) - (1)::numeric) AS line_index,
        CASE
            WHEN ((a.l -> 'isGiftCard'::text) = 'true'::jsonb) THEN 'gift_card'::text
            ELSE 'product'::text
        END AS type,
    (shopify.gid((a.l ->> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    unified.id(r.connection_id, 'commerce_products'::text, shopify.gid((a.l #>> '{product,id}'::text[]))) AS product_id,
    shopify.gid((a.l #>> '{product,id}'::text[])) AS product_platform_id,
    shopify.gid((a.l #>> '{variant,id}'::text[])) AS variant_platform_id,
    NULLIF((a.l ->> 'sku'::text), ''::text) AS sku,
    (a.l ->> 'title'::text) AS title,
    NULLIF((a.l ->> 'variantTitle'::text), ''::text) AS variant_title,
    NULLIF((a.l ->> 'vendor'::text), ''::text) AS vendor,
    unified.num((a.l -> 'quantity'::text)) AS quantity,
    unified.num((a.l -> 'currentQuantity'::text)) AS current_quantity,
    shopify.amount((a.l -> 'originalUnitPriceSet'::text)) AS unit_amount,
    ((shopify.amount((a.l -> 'originalUnitPriceSet'::text)) * unified.num((a.l -> 'quantity'::text))) - shopify.amount((a.l -> 'discountedTotalSet'::text))) AS discount_amount,
    shopify.total((a.l -> 'taxLines'::text), '{priceSet,shopMoney,amount}'::text[]) AS tax_amount,
    shopify.total((a.l -> 'taxLines'::text), '{rate}'::text[]) AS tax_rate,
    shopify.amount((a.l -> 'discountedTotalSet'::text)) AS total_amount,
    shopify.currency((a.l #>> '{originalUnitPriceSet,shopMoney,currencyCode}'::text[])) AS currency,
    shopify.taxes((a.l -> 'taxLines'::text)) AS taxes,
    shopify.discounts((a.l -> 'discountAllocations'::text)) AS discounts,
    unified.bool((a.l -> 'taxable'::text)) AS is_taxable,
    unified.bool((a.l -> 'requiresShipping'::text)) AS requires_shipping,
    unified.bool((a.l -> 'isGiftCard'::text)) AS is_gift_card,
        CASE
            WHEN ((NOT r.sanitised) AND (shopify.gid((a.l ->> 'id'::text)) IS NOT NULL) AND (unified.num((a.l -> 'quantity'::text)) IS NOT NULL) AND (shopify.amount((a.l -> 'discountedTotalSet'::text)) IS NOT NULL) AND (shopify.currency((a.l #>> '{originalUnitPriceSet,shopMoney,currencyCode}'::text[])) IS NOT NULL)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (shopify.gid((a.l ->> 'id'::text)) IS NULL)), jsonb_build_array('quantity', 'typecast_error', (a.l -> 'quantity'::text), (unified.num((a.l -> 'quantity'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', COALESCE((a.l #> '{discountedTotalSet,shopMoney,amount}'::text[]), (a.l -> 'discountedTotalSet'::text)), (shopify.amount((a.l -> 'discountedTotalSet'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (a.l #> '{originalUnitPriceSet,shopMoney,currencyCode}'::text[]), (shopify.currency((a.l #>> '{originalUnitPriceSet,shopMoney,currencyCode}'::text[])) IS NULL))))
        END AS issues,
    unified.num((a.l -> 'unfulfilledQuantity'::text)) AS unfulfilled_quantity
   FROM ((portolan.raw_records r
     JOIN portolan.raw_records o ON (((o.connection_id = r.connection_id) AND (o.resource = 'orders'::text) AND (o.external_id = split_part(r.external_id, '/'::text, 1)))))
     CROSS JOIN LATERAL jsonb_array_elements(unified.arr((r.payload #> '{lineItems,nodes}'::text[]))) WITH ORDINALITY a(l, n))
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'order_line_items'::text) AND (o.platform = 'shopify'::text) AND (r.platform_updated_at >= o.platform_updated_at) AND ((o.payload #> '{lineItems,pageInfo,hasNextPage}'::text[]) = 'true'::jsonb) AND (NOT (EXISTS ( SELECT
           FROM portolan.raw_records q
          WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'order_line_items'::text) AND (q.external_id > (o.external_id || '/'::text)) AND (q.external_id < r.external_id) AND (q.platform_updated_at >= o.platform_updated_at) AND ((q.payload #> '{lineItems,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb))))))
UNION ALL
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':shipping:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':shipping:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((r.payload -> 'test'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    ((a.n - 1))::numeric AS line_index,
    'shipping'::text AS type,
    (shopify.gid((a.l ->> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    NULL::uuid AS product_id,
    NULL::text AS product_platform_id,
    NULL::text AS variant_platform_id,
    NULLIF((a.l ->> 'code'::text), ''::text) AS sku,
    (a.l ->> 'title'::text) AS title,
    NULL::text AS variant_title,
    NULL::text AS vendor,
    (1)::numeric AS quantity,
    (1)::numeric AS current_quantity,
    shopify.amount((a.l -> 'originalPriceSet'::text)) AS unit_amount,
    (shopify.amount((a.l -> 'originalPriceSet'::text)) - shopify.amount((a.l -> 'discountedPriceSet'::text))) AS discount_amount,
    shopify.total((a.l -> 'taxLines'::text), '{priceSet,shopMoney,amount}'::text[]) AS tax_amount,
    shopify.total((a.l -> 'taxLines'::text), '{rate}'::text[]) AS tax_rate,
    shopify.amount((a.l -> 'discountedPriceSet'::text)) AS total_amount,
    shopify.currency((a.l #>> '{originalPriceSet,shopMoney,currencyCode}'::text[])) AS currency,
    shopify.taxes((a.l -> 'taxLines'::text)) AS taxes,
    NULL::jsonb AS discounts,
    NULL::boolean AS is_taxable,
    NULL::boolean AS requires_shipping,
    false AS is_gift_card,
        CASE
            WHEN ((NOT r.sanitised) AND (shopify.amount((a.l -> 'discountedPriceSet'::text)) IS NOT NULL) AND (shopify.currency((a.l #>> '{originalPriceSet,shopMoney,currencyCode}'::text[])) IS NOT NULL)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('total_amount', 'typecast_error', COALESCE((a.l #> '{discountedPriceSet,shopMoney,amount}'::text[]), (a.l -> 'discountedPriceSet'::text)), (shopify.amount((a.l -> 'discountedPriceSet'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (a.l #> '{originalPriceSet,shopMoney,currencyCode}'::text[]), (shopify.currency((a.l #>> '{originalPriceSet,shopMoney,currencyCode}'::text[])) IS NULL))))
        END AS issues,
    NULL::numeric AS unfulfilled_quantity
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload #> '{shippingLines,nodes}'::text[]))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'orders'::text));


--
-- Name: orders; Type: VIEW; Schema: shopify; Owner: -
--

CREATE VIEW shopify.orders AS
 SELECT r.connection_id,
    'shopify'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'createdAt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((d.p -> 'test'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    NULLIF((d.p ->> 'name'::text), ''::text) AS order_number,
        CASE
            WHEN ((d.p ->> 'cancelledAt'::text) <> ''::text) THEN 'cancelled'::text
            WHEN ((d.p ->> 'closedAt'::text) <> ''::text) THEN 'completed'::text
            ELSE 'open'::text
        END AS status,
    COALESCE(unified.word('{"PAID": "paid", "VOIDED": "voided", "EXPIRED": "expired", "PENDING": "pending", "REFUNDED": "refunded", "AUTHORIZED": "authorized", "PARTIALLY_PAID": "partially_paid", "PARTIALLY_REFUNDED": "partially_refunded"}'::jsonb, (d.p ->> 'displayFinancialStatus'::text)),
        CASE
            WHEN (shopify.amount((d.p -> 'totalPriceSet'::text)) = (0)::numeric) THEN 'not_required'::text
            ELSE 'unknown'::text
        END) AS payment_status,
    (d.p ->> 'displayFinancialStatus'::text) AS payment_status_raw,
    unified.word('{"OPEN": "unfulfilled", "ON_HOLD": "on_hold", "FULFILLED": "fulfilled", "RESTOCKED": "restocked", "SCHEDULED": "scheduled", "IN_PROGRESS": "in_progress", "UNFULFILLED": "unfulfilled", "REQUEST_DECLINED": "unfulfilled", "PARTIALLY_FULFILLED": "partially_fulfilled", "PENDING_FULFILLMENT": "in_progress"}'::jsonb, (d.p ->> 'displayFulfillmentStatus'::text)) AS fulfillment_status,
    (d.p ->> 'displayFulfillmentStatus'::text) AS fulfillment_status_raw,
    unified.word('{"RETURNED": "returned", "NO_RETURN": "none", "IN_PROGRESS": "in_progress", "RETURN_FAILED": "in_progress", "RETURN_REQUESTED": "requested", "INSPECTION_COMPLETE": "in_progress"}'::jsonb, (d.p ->> 'returnStatus'::text)) AS return_status,
    (d.p ->> 'returnStatus'::text) AS return_status_raw,
    unified.ts((d.p -> 'cancelledAt'::text)) AS cancelled_at,
    unified.ts((d.p -> 'closedAt'::text)) AS closed_at,
    NULLIF((d.p ->> 'cancelReason'::text), ''::text) AS cancel_reason,
    COALESCE(unified.ts((d.p -> 'processedAt'::text)), unified.ts((d.p -> 'createdAt'::text)), r.platform_created_at) AS placed_at,
    shopify.currency((d.p ->> 'currencyCode'::text)) AS currency,
    shopify.amount((d.p -> 'subtotalPriceSet'::text)) AS subtotal_amount,
    shopify.amount((d.p -> 'totalDiscountsSet'::text)) AS discount_amount,
    shopify.amount((d.p -> 'totalTaxSet'::text)) AS tax_amount,
    shopify.amount((d.p -> 'totalShippingPriceSet'::text)) AS shipping_amount,
    shopify.amount((d.p -> 'originalTotalDutiesSet'::text)) AS duties_amount,
    shopify.amount((d.p -> 'totalTipReceivedSet'::text)) AS tip_amount,
    shopify.amount((d.p -> 'totalPriceSet'::text)) AS total_amount,
    shopify.amount((d.p -> 'currentTotalPriceSet'::text)) AS current_total_amount,
    shopify.amount((d.p -> 'totalRefundedSet'::text)) AS refunded_amount,
    shopify.amount((d.p -> 'totalReceivedSet'::text)) AS paid_amount,
        CASE
            WHEN (shopify.amount((d.p -> 'totalOutstandingSet'::text)) < (0)::numeric) THEN (0)::numeric
            ELSE shopify.amount((d.p -> 'totalOutstandingSet'::text))
        END AS outstanding_amount,
    unified.bool((d.p -> 'taxesIncluded'::text)) AS tax_included,
    NULLIF(shopify.currency((d.p ->> 'presentmentCurrencyCode'::text)), shopify.currency((d.p ->> 'currencyCode'::text))) AS presentment_currency,
        CASE
            WHEN (shopify.currency((d.p ->> 'presentmentCurrencyCode'::text)) <> shopify.currency((d.p ->> 'currencyCode'::text))) THEN unified.num((d.p #> '{totalPriceSet,presentmentMoney,amount}'::text[]))
            ELSE NULL::numeric
        END AS presentment_total_amount,
    unified.id(r.connection_id, 'commerce_customers'::text, shopify.gid((d.p #>> '{customer,id}'::text[]))) AS customer_id,
    shopify.gid((d.p #>> '{customer,id}'::text[])) AS customer_platform_id,
    NULLIF((d.p ->> 'email'::text), ''::text) AS customer_email,
    NULLIF((d.p ->> 'phone'::text), ''::text) AS customer_phone,
    shopify.address((d.p -> 'billingAddress'::text), 'billing'::text) AS billing_address,
    shopify.address((d.p -> 'shippingAddress'::text), 'shipping'::text) AS shipping_address,
        CASE
            WHEN ((d.p #>> '{purchasingEntity,__typename}'::text[]) = 'PurchasingCompany'::text) THEN 'b2b'::text
            ELSE unified.word('{"pos": "pos", "web": "online", "iphone": "online", "android": "online", "mobile_app": "online", "checkout_next": "online", "shopify_draft_order": "manual", "subscription_contract": "subscription", "subscription_contract_checkout_one": "subscription"}'::jsonb, (d.p ->> 'sourceName'::text))
        END AS sales_channel,
    (d.p ->> 'sourceName'::text) AS sales_channel_raw,
    shopify.gid((d.p #>> '{retailLocation,id}'::text[])) AS location_platform_id,
    ((d.p #>> '{purchasingEntity,__typename}'::text[]) = 'PurchasingCompany'::text) AS is_business_order,
    shopify.texts((d.p -> 'tags'::text)) AS tags,
    NULLIF((d.p ->> 'note'::text), ''::text) AS note,
    shopify.texts((d.p -> 'paymentGatewayNames'::text)) AS payment_gateways,
        CASE
            WHEN ((d.p #> '{shippingLines,pageInfo,hasNextPage}'::text[]) = 'true'::jsonb) THEN false
            WHEN ((d.p #> '{lineItems,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb) THEN true
            WHEN ((d.p #> '{lineItems,pageInfo,hasNextPage}'::text[]) = 'true'::jsonb) THEN (EXISTS ( SELECT
               FROM portolan.raw_records q
              WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'order_line_items'::text) AND (q.external_id > (r.external_id || '/'::text)) AND (q.external_id < (r.external_id || '0'::text)) AND ((q.platform_updated_at >= r.platform_updated_at) IS TRUE) AND ((q.payload #> '{lineItems,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb))))
            ELSE false
        END AS line_items_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (shopify.currency((d.p ->> 'currencyCode'::text)) IS NOT NULL) AND (shopify.amount((d.p -> 'totalPriceSet'::text)) IS NOT NULL) AND (unified.ts((d.p -> 'processedAt'::text)) IS NOT NULL) AND COALESCE(('["PENDING", "AUTHORIZED", "PARTIALLY_PAID", "PAID", "PARTIALLY_REFUNDED", "REFUNDED", "VOIDED", "EXPIRED"]'::jsonb ? (d.p ->> 'displayFinancialStatus'::text)), true) AND COALESCE(('["UNFULFILLED", "OPEN", "REQUEST_DECLINED", "PENDING_FULFILLMENT", "IN_PROGRESS", "PARTIALLY_FULFILLED", "FULFILLED", "ON_HOLD", "SCHEDULED", "RESTOCKED"]'::jsonb ? (d.p ->> 'displayFulfillmentStatus'::text)), true)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('currency', 'currency_invalid', (d.p -> 'currencyCode'::text), (shopify.currency((d.p ->> 'currencyCode'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', COALESCE((d.p #> '{totalPriceSet,shopMoney,amount}'::text[]), (d.p -> 'totalPriceSet'::text)), (shopify.amount((d.p -> 'totalPriceSet'::text)) IS NULL)), jsonb_build_array('placed_at', 'typecast_error', (d.p -> 'processedAt'::text), (unified.ts((d.p -> 'processedAt'::text)) IS NULL)), jsonb_build_array('payment_status', 'enum_unknown', (d.p -> 'displayFinancialStatus'::text), (NOT COALESCE(('["PENDING", "AUTHORIZED", "PARTIALLY_PAID", "PAID", "PARTIALLY_REFUNDED", "REFUNDED", "VOIDED", "EXPIRED"]'::jsonb ? (d.p ->> 'displayFinancialStatus'::text)), true))), jsonb_build_array('fulfillment_status', 'enum_unknown', (d.p -> 'displayFulfillmentStatus'::text), (NOT COALESCE(('["UNFULFILLED", "OPEN", "REQUEST_DECLINED", "PENDING_FULFILLMENT", "IN_PROGRESS", "PARTIALLY_FULFILLED", "FULFILLED", "ON_HOLD", "SCHEDULED", "RESTOCKED"]'::jsonb ? (d.p ->> 'displayFulfillmentStatus'::text)), true)))))
        END AS issues,
    NULLIF((d.p ->> 'poNumber'::text), ''::text) AS purchase_order_number,
    shopify.texts((d.p -> 'discountCodes'::text)) AS discount_codes
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'orders'::text));


--
-- Name: product_variants; Type: VIEW; Schema: shopify; Owner: -
--

CREATE VIEW shopify.product_variants AS
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':variant:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'commerce_product_variants'::text, COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':variant:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    unified.ts((a.l -> 'createdAt'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'products'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS product_id,
    r.external_id AS product_platform_id,
    NULLIF((a.l ->> 'title'::text), ''::text) AS title,
    NULLIF((a.l ->> 'sku'::text), ''::text) AS sku,
    NULLIF((a.l ->> 'barcode'::text), ''::text) AS barcode,
    unified.num((a.l -> 'price'::text)) AS price_amount,
    unified.num((a.l -> 'compareAtPrice'::text)) AS compare_at_amount,
    unified.num((a.l #> '{inventoryItem,unitCost,amount}'::text[])) AS cost_amount,
    shopify.currency((r.payload #>> '{priceRangeV2,minVariantPrice,currencyCode}'::text[])) AS currency,
    unified.arr((a.l -> 'selectedOptions'::text)) AS options,
    unified.num((a.l #> '{inventoryItem,measurement,weight,value}'::text[])) AS weight,
    ('{"GRAMS": "g", "OUNCES": "oz", "POUNDS": "lb", "KILOGRAMS": "kg"}'::jsonb ->> (a.l #>> '{inventoryItem,measurement,weight,unit}'::text[])) AS weight_unit,
        CASE
            WHEN ((a.l #> '{inventoryItem,tracked}'::text[]) = 'false'::jsonb) THEN NULL::numeric
            ELSE unified.num((a.l -> 'inventoryQuantity'::text))
        END AS inventory_quantity,
    shopify.gid((a.l #>> '{inventoryItem,id}'::text[])) AS inventory_item_platform_id,
    unified.bool((a.l -> 'taxable'::text)) AS is_taxable,
    unified.bool((a.l #> '{inventoryItem,requiresShipping}'::text[])) AS requires_shipping,
    unified.word('{"DRAFT": "draft", "ACTIVE": "active", "ARCHIVED": "archived", "UNLISTED": "active"}'::jsonb, (r.payload ->> 'status'::text)) AS status,
    (r.payload ->> 'status'::text) AS status_raw,
        CASE
            WHEN ((a.l -> 'availableForSale'::text) = 'false'::jsonb) THEN 'out_of_stock'::text
            WHEN ((a.l -> 'availableForSale'::text) = 'true'::jsonb) THEN
            CASE
                WHEN (((a.l ->> 'inventoryPolicy'::text) = 'CONTINUE'::text) AND (unified.num((a.l -> 'inventoryQuantity'::text)) <= (0)::numeric)) THEN 'back_order'::text
                ELSE 'in_stock'::text
            END
            ELSE NULL::text
        END AS availability,
    ((a.l ->> 'title'::text) = 'Default Title'::text) AS is_default,
    unified.num((a.l -> 'position'::text)) AS "position",
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((a.l -> 'price'::text)) IS NOT NULL) AND (shopify.gid((a.l ->> 'id'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (shopify.gid((a.l ->> 'id'::text)) IS NULL)), jsonb_build_array('price_amount', 'typecast_error', (a.l -> 'price'::text), (unified.num((a.l -> 'price'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload #> '{variants,nodes}'::text[]))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'products'::text))
UNION ALL
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((a.l ->> 'id'::text)), ((o.external_id || ':variant:'::text) || ((unified.num(split_part(r.external_id, '/'::text, 2)) * (1000)::numeric) + (a.n)::numeric))) AS platform_id,
    unified.id(r.connection_id, 'commerce_product_variants'::text, COALESCE(shopify.gid((a.l ->> 'id'::text)), ((o.external_id || ':variant:'::text) || ((unified.num(split_part(r.external_id, '/'::text, 2)) * (1000)::numeric) + (a.n)::numeric)))) AS id,
    o.external_id AS platform_parent_id,
    unified.ts((a.l -> 'createdAt'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (o.deleted_at IS NOT NULL) AS is_deleted,
    o.deleted_at,
    o.deletion_source,
    'product_variants'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_products'::text, o.external_id) AS product_id,
    o.external_id AS product_platform_id,
    NULLIF((a.l ->> 'title'::text), ''::text) AS title,
    NULLIF((a.l ->> 'sku'::text), ''::text) AS sku,
    NULLIF((a.l ->> 'barcode'::text), ''::text) AS barcode,
    unified.num((a.l -> 'price'::text)) AS price_amount,
    unified.num((a.l -> 'compareAtPrice'::text)) AS compare_at_amount,
    unified.num((a.l #> '{inventoryItem,unitCost,amount}'::text[])) AS cost_amount,
    shopify.currency((o.payload #>> '{priceRangeV2,minVariantPrice,currencyCode}'::text[])) AS currency,
    unified.arr((a.l -> 'selectedOptions'::text)) AS options,
    unified.num((a.l #> '{inventoryItem,measurement,weight,value}'::text[])) AS weight,
    ('{"GRAMS": "g", "OUNCES": "oz", "POUNDS": "lb", "KILOGRAMS": "kg"}'::jsonb ->> (a.l #>> '{inventoryItem,measurement,weight,unit}'::text[])) AS weight_unit,
        CASE
            WHEN ((a.l #> '{inventoryItem,tracked}'::text[]) = 'false'::jsonb) THEN NULL::numeric
            ELSE unified.num((a.l -> 'inventoryQuantity'::text))
        END AS inventory_quantity,
    shopify.gid((a.l #>> '{inventoryItem,id}'::text[])) AS inventory_item_platform_id,
    unified.bool((a.l -> 'taxable'::text)) AS is_taxable,
    unified.bool((a.l #> '{inventoryItem,requiresShipping}'::text[])) AS requires_shipping,
    unified.word('{"DRAFT": "draft", "ACTIVE": "active", "ARCHIVED": "archived", "UNLISTED": "active"}'::jsonb, (o.payload ->> 'status'::text)) AS status,
    (o.payload ->> 'status'::text) AS status_raw,
        CASE
            WHEN ((a.l -> 'availableForSale'::text) = 'false'::jsonb) THEN 'out_of_stock'::text
            WHEN ((a.l -> 'availableForSale'::text) = 'true'::jsonb) THEN
            CASE
                WHEN (((a.l ->> 'inventoryPolicy'::text) = 'CONTINUE'::text) AND (unified.num((a.l -> 'inventoryQuantity'::text)) <= (0)::numeric)) THEN 'back_order'::text
                ELSE 'in_stock'::text
            END
            ELSE NULL::text
        END AS availability,
    ((a.l ->> 'title'::text) = 'Default Title'::text) AS is_default,
    unified.num((a.l -> 'position'::text)) AS "position",
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((a.l -> 'price'::text)) IS NOT NULL) AND (shopify.gid((a.l ->> 'id'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (shopify.gid((a.l ->> 'id'::text)) IS NULL)), jsonb_build_array('price_amount', 'typecast_error', (a.l -> 'price'::text), (unified.num((a.l -> 'price'::text)) IS NULL))))
        END AS issues
   FROM ((portolan.raw_records r
     JOIN portolan.raw_records o ON (((o.connection_id = r.connection_id) AND (o.resource = 'products'::text) AND (o.external_id = split_part(r.external_id, '/'::text, 1)))))
     CROSS JOIN LATERAL jsonb_array_elements(unified.arr((r.payload #> '{variants,nodes}'::text[]))) WITH ORDINALITY a(l, n))
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'product_variants'::text) AND (o.platform = 'shopify'::text) AND (r.platform_updated_at >= o.platform_updated_at) AND ((o.payload #> '{variants,pageInfo,hasNextPage}'::text[]) = 'true'::jsonb) AND (NOT (EXISTS ( SELECT
           FROM portolan.raw_records q
          WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'product_variants'::text) AND (q.external_id > (o.external_id || '/'::text)) AND (q.external_id < r.external_id) AND (q.platform_updated_at >= o.platform_updated_at) AND ((q.payload #> '{variants,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb))))));


--
-- Name: products; Type: VIEW; Schema: shopify; Owner: -
--

CREATE VIEW shopify.products AS
 SELECT r.connection_id,
    'shopify'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.ts((d.p -> 'createdAt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'products'::text AS raw_resource,
    1 AS mapping_version,
    NULLIF((d.p ->> 'title'::text), ''::text) AS title,
    NULLIF((d.p ->> 'descriptionHtml'::text), ''::text) AS description,
    NULLIF((d.p ->> 'handle'::text), ''::text) AS handle,
    NULLIF((d.p ->> 'productType'::text), ''::text) AS product_type,
    NULLIF((d.p ->> 'vendor'::text), ''::text) AS vendor,
    unified.word('{"DRAFT": "draft", "ACTIVE": "active", "ARCHIVED": "archived", "UNLISTED": "active"}'::jsonb, (d.p ->> 'status'::text)) AS status,
    (d.p ->> 'status'::text) AS status_raw,
    unified.bool((d.p -> 'isGiftCard'::text)) AS is_gift_card,
    NULLIF((d.p ->> 'onlineStoreUrl'::text), ''::text) AS url,
    shopify.urls(d.p) AS image_urls,
    NULLIF((d.p #>> '{category,fullName}'::text[]), ''::text) AS category_path,
    shopify.texts((d.p -> 'tags'::text)) AS tags,
    unified.ts((d.p -> 'publishedAt'::text)) AS published_at,
    unified.num((d.p #> '{variantsCount,count}'::text[])) AS variant_count,
        CASE
            WHEN ((d.p #> '{variants,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb) THEN true
            WHEN ((d.p #> '{variants,pageInfo,hasNextPage}'::text[]) = 'true'::jsonb) THEN (EXISTS ( SELECT
               FROM portolan.raw_records q
              WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'product_variants'::text) AND (q.external_id > (r.external_id || '/'::text)) AND (q.external_id < (r.external_id || '0'::text)) AND ((q.platform_updated_at >= r.platform_updated_at) IS TRUE) AND ((q.payload #> '{variants,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb))))
            ELSE false
        END AS variants_complete,
        CASE
            WHEN ((NOT r.sanitised) AND ((d.p ->> 'title'::text) <> ''::text) AND COALESCE(('["ACTIVE", "UNLISTED", "DRAFT", "ARCHIVED"]'::jsonb ? (d.p ->> 'status'::text)), false)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('title', 'typecast_error', (d.p -> 'title'::text), (COALESCE((d.p ->> 'title'::text), ''::text) = ''::text)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (NOT COALESCE(('["ACTIVE", "UNLISTED", "DRAFT", "ARCHIVED"]'::jsonb ? (d.p ->> 'status'::text)), false)))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'products'::text));


--
-- Name: refund_line_items; Type: VIEW; Schema: shopify; Owner: -
--

CREATE VIEW shopify.refund_line_items AS
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((x.l ->> 'id'::text)), ((COALESCE(shopify.gid((x.f ->> 'id'::text)), r.external_id) || ':line:'::text) || ((x.n - 1))::numeric)) AS platform_id,
    unified.id(r.connection_id, 'payment_refund_line_items'::text, COALESCE(shopify.gid((x.l ->> 'id'::text)), ((COALESCE(shopify.gid((x.f ->> 'id'::text)), r.external_id) || ':line:'::text) || ((x.n - 1))::numeric))) AS id,
    shopify.gid((x.f ->> 'id'::text)) AS platform_parent_id,
    unified.ts((x.f -> 'createdAt'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((r.payload -> 'test'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'payment_refunds'::text, shopify.gid((x.f ->> 'id'::text))) AS refund_id,
    shopify.gid((x.f ->> 'id'::text)) AS refund_platform_id,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    shopify.gid((x.l #>> '{lineItem,id}'::text[])) AS order_line_item_platform_id,
    ((x.n - 1))::numeric AS line_index,
    (shopify.gid((x.l ->> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    NULLIF((x.l #>> '{lineItem,sku}'::text[]), ''::text) AS sku,
    unified.num((x.l -> 'quantity'::text)) AS quantity,
    shopify.amount((x.l -> 'subtotalSet'::text)) AS subtotal_amount,
    shopify.amount((x.l -> 'totalTaxSet'::text)) AS tax_amount,
    shopify.currency((x.l #>> '{subtotalSet,shopMoney,currencyCode}'::text[])) AS currency,
    unified.word('{"CANCEL": "cancel", "RETURN": "return", "NO_RESTOCK": "no_restock", "LEGACY_RESTOCK": "return"}'::jsonb, (x.l ->> 'restockType'::text)) AS restock_type,
    (x.l ->> 'restockType'::text) AS restock_type_raw,
    unified.bool((x.l -> 'restocked'::text)) AS restocked,
    shopify.gid((x.l #>> '{location,id}'::text[])) AS location_platform_id,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((x.l -> 'quantity'::text)) IS NOT NULL) AND (shopify.amount((x.l -> 'subtotalSet'::text)) IS NOT NULL) AND (shopify.currency((x.l #>> '{subtotalSet,shopMoney,currencyCode}'::text[])) IS NOT NULL)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('quantity', 'typecast_error', (x.l -> 'quantity'::text), (unified.num((x.l -> 'quantity'::text)) IS NULL)), jsonb_build_array('subtotal_amount', 'typecast_error', COALESCE((x.l #> '{subtotalSet,shopMoney,amount}'::text[]), (x.l -> 'subtotalSet'::text)), (shopify.amount((x.l -> 'subtotalSet'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (x.l #> '{subtotalSet,shopMoney,currencyCode}'::text[]), (shopify.currency((x.l #>> '{subtotalSet,shopMoney,currencyCode}'::text[])) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT f.value AS f,
            a.l,
            a.n
           FROM jsonb_array_elements(unified.arr((r.payload -> 'refunds'::text))) f(value),
            LATERAL jsonb_array_elements(unified.arr((f.value #> '{refundLineItems,nodes}'::text[]))) WITH ORDINALITY a(l, n)
         OFFSET 0) x
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'orders'::text) AND ((r.payload -> 'refunds'::text) <> '[]'::jsonb))
UNION ALL
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((a.l ->> 'id'::text)), ((split_part(r.external_id, '/'::text, 1) || ':line:'::text) || ((((4)::numeric + ((unified.num(split_part(r.external_id, '/'::text, 2)) - (1)::numeric) * (90)::numeric)) + (a.n)::numeric) - (1)::numeric))) AS platform_id,
    unified.id(r.connection_id, 'payment_refund_line_items'::text, COALESCE(shopify.gid((a.l ->> 'id'::text)), ((split_part(r.external_id, '/'::text, 1) || ':line:'::text) || ((((4)::numeric + ((unified.num(split_part(r.external_id, '/'::text, 2)) - (1)::numeric) * (90)::numeric)) + (a.n)::numeric) - (1)::numeric)))) AS id,
    split_part(r.external_id, '/'::text, 1) AS platform_parent_id,
    NULL::timestamp with time zone AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (o.deleted_at IS NOT NULL) AS is_deleted,
    o.deleted_at,
    o.deletion_source,
    unified.bool((o.payload -> 'test'::text)) AS is_test,
    'refund_line_items'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'payment_refunds'::text, split_part(r.external_id, '/'::text, 1)) AS refund_id,
    split_part(r.external_id, '/'::text, 1) AS refund_platform_id,
    unified.id(r.connection_id, 'commerce_orders'::text, o.external_id) AS order_id,
    o.external_id AS order_platform_id,
    shopify.gid((a.l #>> '{lineItem,id}'::text[])) AS order_line_item_platform_id,
    ((((4)::numeric + ((unified.num(split_part(r.external_id, '/'::text, 2)) - (1)::numeric) * (90)::numeric)) + (a.n)::numeric) - (1)::numeric) AS line_index,
    (shopify.gid((a.l ->> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    NULLIF((a.l #>> '{lineItem,sku}'::text[]), ''::text) AS sku,
    unified.num((a.l -> 'quantity'::text)) AS quantity,
    shopify.amount((a.l -> 'subtotalSet'::text)) AS subtotal_amount,
    shopify.amount((a.l -> 'totalTaxSet'::text)) AS tax_amount,
    shopify.currency((a.l #>> '{subtotalSet,shopMoney,currencyCode}'::text[])) AS currency,
    unified.word('{"CANCEL": "cancel", "RETURN": "return", "NO_RESTOCK": "no_restock", "LEGACY_RESTOCK": "return"}'::jsonb, (a.l ->> 'restockType'::text)) AS restock_type,
    (a.l ->> 'restockType'::text) AS restock_type_raw,
    unified.bool((a.l -> 'restocked'::text)) AS restocked,
    shopify.gid((a.l #>> '{location,id}'::text[])) AS location_platform_id,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((a.l -> 'quantity'::text)) IS NOT NULL) AND (shopify.amount((a.l -> 'subtotalSet'::text)) IS NOT NULL) AND (shopify.currency((a.l #>> '{subtotalSet,shopMoney,currencyCode}'::text[])) IS NOT NULL)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('quantity', 'typecast_error', (a.l -> 'quantity'::text), (unified.num((a.l -> 'quantity'::text)) IS NULL)), jsonb_build_array('subtotal_amount', 'typecast_error', COALESCE((a.l #> '{subtotalSet,shopMoney,amount}'::text[]), (a.l -> 'subtotalSet'::text)), (shopify.amount((a.l -> 'subtotalSet'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (a.l #> '{subtotalSet,shopMoney,currencyCode}'::text[]), (shopify.currency((a.l #>> '{subtotalSet,shopMoney,currencyCode}'::text[])) IS NULL))))
        END AS issues
   FROM ((portolan.raw_records r
     JOIN portolan.raw_records o ON (((o.connection_id = r.connection_id) AND (o.resource = 'orders'::text) AND (o.external_id = shopify.gid((r.payload #>> '{order,id}'::text[]))))))
     CROSS JOIN LATERAL jsonb_array_elements(unified.arr((r.payload #> '{refundLineItems,nodes}'::text[]))) WITH ORDINALITY a(l, n))
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'refund_line_items'::text) AND (o.platform = 'shopify'::text) AND (r.platform_updated_at >= o.platform_updated_at) AND jsonb_path_exists(o.payload, '$."refunds"[*]?(@."id" == $"id" && @."refundLineItems"."pageInfo"."hasNextPage" == true)'::jsonpath, jsonb_build_object('id', ('gid://shopify/Refund/'::text || split_part(r.external_id, '/'::text, 1))), true) AND (NOT (EXISTS ( SELECT
           FROM portolan.raw_records q
          WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'refund_line_items'::text) AND (q.external_id > (split_part(r.external_id, '/'::text, 1) || '/'::text)) AND (q.external_id < r.external_id) AND (q.platform_updated_at >= o.platform_updated_at) AND ((q.payload #> '{refundLineItems,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb))))));


--
-- Name: refunds; Type: VIEW; Schema: shopify; Owner: -
--

CREATE VIEW shopify.refunds AS
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':refund:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'payment_refunds'::text, COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':refund:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    unified.ts((a.l -> 'createdAt'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((r.payload -> 'test'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    shopify.gid((a.l #>> '{transactions,nodes,0,id}'::text[])) AS transaction_platform_id,
    shopify.amount((a.l -> 'totalRefundedSet'::text)) AS amount,
    shopify.currency((a.l #>> '{totalRefundedSet,shopMoney,currencyCode}'::text[])) AS currency,
    NULLIF(shopify.currency((a.l #>> '{totalRefundedSet,presentmentMoney,currencyCode}'::text[])), shopify.currency((a.l #>> '{totalRefundedSet,shopMoney,currencyCode}'::text[]))) AS presentment_currency,
        CASE
            WHEN (shopify.currency((a.l #>> '{totalRefundedSet,presentmentMoney,currencyCode}'::text[])) <> shopify.currency((a.l #>> '{totalRefundedSet,shopMoney,currencyCode}'::text[]))) THEN unified.num((a.l #> '{totalRefundedSet,presentmentMoney,amount}'::text[]))
            ELSE NULL::numeric
        END AS presentment_amount,
    COALESCE(unified.word('{"ERROR": "failed", "FAILURE": "failed", "PENDING": "pending", "SUCCESS": "succeeded", "AWAITING_RESPONSE": "pending"}'::jsonb, (a.l #>> '{transactions,nodes,0,status}'::text[])), 'succeeded'::text) AS status,
    (a.l #>> '{transactions,nodes,0,status}'::text[]) AS status_raw,
    NULLIF((a.l ->> 'note'::text), ''::text) AS note,
    shopify.total((a.l #> '{refundShippingLines,nodes}'::text[]), '{subtotalAmountSet,shopMoney,amount}'::text[]) AS shipping_amount,
        CASE
            WHEN ((a.l #> '{refundLineItems,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb) THEN (shopify.total((a.l #> '{refundLineItems,nodes}'::text[]), '{totalTaxSet,shopMoney,amount}'::text[]) + shopify.total((a.l #> '{refundShippingLines,nodes}'::text[]), '{taxAmountSet,shopMoney,amount}'::text[]))
            ELSE NULL::numeric
        END AS tax_amount,
    jsonb_path_exists(a.l, '$."refundLineItems"."nodes"[*]?(@."restocked" == true)'::jsonpath, '{}'::jsonb, true) AS restocked,
    COALESCE(unified.ts((a.l -> 'createdAt'::text)), unified.ts((a.l -> 'updatedAt'::text))) AS processed_at,
        CASE
            WHEN ((a.l #> '{refundLineItems,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb) THEN true
            WHEN ((a.l #> '{refundLineItems,pageInfo,hasNextPage}'::text[]) = 'true'::jsonb) THEN (EXISTS ( SELECT
               FROM portolan.raw_records q
              WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'refund_line_items'::text) AND (q.external_id > (shopify.gid((a.l ->> 'id'::text)) || '/'::text)) AND (q.external_id < (shopify.gid((a.l ->> 'id'::text)) || '0'::text)) AND ((q.platform_updated_at >= r.platform_updated_at) IS TRUE) AND ((q.payload #> '{refundLineItems,pageInfo,hasNextPage}'::text[]) = 'false'::jsonb))))
            ELSE false
        END AS line_items_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (shopify.gid((a.l ->> 'id'::text)) IS NOT NULL) AND (shopify.amount((a.l -> 'totalRefundedSet'::text)) IS NOT NULL) AND (shopify.currency((a.l #>> '{totalRefundedSet,shopMoney,currencyCode}'::text[])) IS NOT NULL) AND COALESCE(('["SUCCESS", "PENDING", "AWAITING_RESPONSE", "FAILURE", "ERROR"]'::jsonb ? (a.l #>> '{transactions,nodes,0,status}'::text[])), true)) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (shopify.gid((a.l ->> 'id'::text)) IS NULL)), jsonb_build_array('amount', 'typecast_error', COALESCE((a.l #> '{totalRefundedSet,shopMoney,amount}'::text[]), (a.l -> 'totalRefundedSet'::text)), (shopify.amount((a.l -> 'totalRefundedSet'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (a.l #> '{totalRefundedSet,shopMoney,currencyCode}'::text[]), (shopify.currency((a.l #>> '{totalRefundedSet,shopMoney,currencyCode}'::text[])) IS NULL)), jsonb_build_array('status', 'enum_unknown', (a.l #> '{transactions,nodes,0,status}'::text[]), (NOT COALESCE(('["SUCCESS", "PENDING", "AWAITING_RESPONSE", "FAILURE", "ERROR"]'::jsonb ? (a.l #>> '{transactions,nodes,0,status}'::text[])), true)))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload -> 'refunds'::text))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'orders'::text) AND ((r.payload -> 'refunds'::text) <> '[]'::jsonb));


--
-- Name: transactions; Type: VIEW; Schema: shopify; Owner: -
--

CREATE VIEW shopify.transactions AS
 SELECT r.connection_id,
    'shopify'::text AS platform,
    COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':transaction:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'payment_transactions'::text, COALESCE(shopify.gid((a.l ->> 'id'::text)), ((r.external_id || ':transaction:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    unified.ts((a.l -> 'createdAt'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    unified.bool((a.l -> 'test'::text)) AS is_test,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.word('{"SALE": "sale", "VOID": "void", "CHANGE": "change", "REFUND": "refund", "CAPTURE": "capture", "AUTHORIZATION": "authorization", "EMV_AUTHORIZATION": "authorization"}'::jsonb, (a.l ->> 'kind'::text)) AS kind,
    (a.l ->> 'kind'::text) AS kind_raw,
    unified.word('{"ERROR": "failed", "FAILURE": "failed", "PENDING": "pending", "SUCCESS": "succeeded", "UNKNOWN": "unknown", "AWAITING_RESPONSE": "awaiting_response"}'::jsonb, (a.l ->> 'status'::text)) AS status,
    (a.l ->> 'status'::text) AS status_raw,
    abs(shopify.amount((a.l -> 'amountSet'::text))) AS amount,
    ('{"SALE": "in", "VOID": "none", "CHANGE": "out", "REFUND": "out", "CAPTURE": "in", "AUTHORIZATION": "none", "EMV_AUTHORIZATION": "none"}'::jsonb ->> (a.l ->> 'kind'::text)) AS direction,
    shopify.currency((a.l #>> '{amountSet,shopMoney,currencyCode}'::text[])) AS currency,
    NULLIF(shopify.currency((a.l #>> '{amountSet,presentmentMoney,currencyCode}'::text[])), shopify.currency((a.l #>> '{amountSet,shopMoney,currencyCode}'::text[]))) AS presentment_currency,
        CASE
            WHEN (shopify.currency((a.l #>> '{amountSet,presentmentMoney,currencyCode}'::text[])) <> shopify.currency((a.l #>> '{amountSet,shopMoney,currencyCode}'::text[]))) THEN abs(unified.num((a.l #> '{amountSet,presentmentMoney,amount}'::text[])))
            ELSE NULL::numeric
        END AS presentment_amount,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    shopify.gid((r.payload #>> '{customer,id}'::text[])) AS customer_platform_id,
    shopify.gid((a.l #>> '{parentTransaction,id}'::text[])) AS parent_platform_id,
    COALESCE(unified.ts((a.l -> 'processedAt'::text)), unified.ts((a.l -> 'createdAt'::text))) AS processed_at,
    NULLIF((a.l ->> 'gateway'::text), ''::text) AS gateway,
        CASE
            WHEN ((a.l #>> '{paymentDetails,wallet}'::text[]) <> ''::text) THEN 'wallet'::text
            WHEN ((a.l #>> '{paymentDetails,__typename}'::text[]) = 'CardPaymentDetails'::text) THEN 'card'::text
            WHEN ((a.l #>> '{paymentDetails,__typename}'::text[]) = 'ShopPayInstallmentsPaymentDetails'::text) THEN 'buy_now_pay_later'::text
            ELSE COALESCE(('{"cash": "cash", "manual": "other", "paypal": "wallet", "gift_card": "gift_card", "money_order": "check", "Bank Deposit": "bank_transfer", "bank_deposit": "bank_transfer", "cash_on_delivery": "cash", "shopify_store_credit": "store_credit", "Cash on Delivery (COD)": "cash"}'::jsonb ->> (a.l ->> 'gateway'::text)),
            CASE
                WHEN ((a.l ->> 'gateway'::text) <> ''::text) THEN 'unknown'::text
                ELSE NULL::text
            END)
        END AS payment_method_type,
    COALESCE((a.l #>> '{paymentDetails,wallet}'::text[]), (a.l #>> '{paymentDetails,paymentMethodName}'::text[]), NULLIF((a.l ->> 'gateway'::text), ''::text)) AS payment_method_type_raw,
    NULLIF((a.l #>> '{paymentDetails,company}'::text[]), ''::text) AS card_brand,
    "substring"((a.l #>> '{paymentDetails,number}'::text[]), '([0-9]{4})$'::text) AS card_last4,
        CASE
            WHEN ((a.l -> 'fees'::text) <> '[]'::jsonb) THEN shopify.total((a.l -> 'fees'::text), '{amount,amount}'::text[])
            ELSE NULL::numeric
        END AS fee_amount,
        CASE
            WHEN ((a.l -> 'fees'::text) <> '[]'::jsonb) THEN (abs(shopify.amount((a.l -> 'amountSet'::text))) - shopify.total((a.l -> 'fees'::text), '{amount,amount}'::text[]))
            ELSE NULL::numeric
        END AS net_amount,
    NULLIF((a.l ->> 'errorCode'::text), ''::text) AS error_code,
    unified.num((a.l -> 'settlementCurrencyRate'::text)) AS exchange_rate,
    shopify.currency((a.l ->> 'settlementCurrency'::text)) AS settlement_currency,
        CASE
            WHEN ((NOT r.sanitised) AND (shopify.gid((a.l ->> 'id'::text)) IS NOT NULL) AND (shopify.amount((a.l -> 'amountSet'::text)) IS NOT NULL) AND (shopify.currency((a.l #>> '{amountSet,shopMoney,currencyCode}'::text[])) IS NOT NULL) AND ('["SALE", "CAPTURE", "AUTHORIZATION", "EMV_AUTHORIZATION", "VOID", "REFUND", "CHANGE"]'::jsonb ? (a.l ->> 'kind'::text)) AND ('["SUCCESS", "FAILURE", "ERROR", "PENDING", "AWAITING_RESPONSE", "UNKNOWN"]'::jsonb ? (a.l ->> 'status'::text))) THEN '[]'::jsonb
            ELSE shopify.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (shopify.gid((a.l ->> 'id'::text)) IS NULL)), jsonb_build_array('amount', 'typecast_error', COALESCE((a.l #> '{amountSet,shopMoney,amount}'::text[]), (a.l -> 'amountSet'::text)), (shopify.amount((a.l -> 'amountSet'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (a.l #> '{amountSet,shopMoney,currencyCode}'::text[]), (shopify.currency((a.l #>> '{amountSet,shopMoney,currencyCode}'::text[])) IS NULL)), jsonb_build_array('kind', 'enum_unknown', (a.l -> 'kind'::text), (NOT COALESCE(('["SALE", "CAPTURE", "AUTHORIZATION", "EMV_AUTHORIZATION", "VOID", "REFUND", "CHANGE"]'::jsonb ? (a.l ->> 'kind'::text)), false))), jsonb_build_array('status', 'enum_unknown', (a.l -> 'status'::text), (NOT COALESCE(('["SUCCESS", "FAILURE", "ERROR", "PENDING", "AWAITING_RESPONSE", "UNKNOWN"]'::jsonb ? (a.l ->> 'status'::text)), false)))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload -> 'transactions'::text))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'shopify'::text) AND (r.resource = 'orders'::text) AND ((a.l ->> 'kind'::text) IS DISTINCT FROM 'SUGGESTED_REFUND'::text));


--
-- Name: balance_transactions; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.balance_transactions AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_balance_transactions'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
        CASE
            WHEN ((d.p ->> 'reporting_category'::text) = ANY (ARRAY['dispute'::text, 'dispute_reversal'::text])) THEN (d.p ->> 'reporting_category'::text)
            ELSE stripe.balance_type((d.p ->> 'type'::text))
        END AS type,
    (d.p ->> 'type'::text) AS type_raw,
    stripe.balance_status((d.p ->> 'status'::text)) AS status,
    (d.p ->> 'status'::text) AS status_raw,
    stripe.text((d.p -> 'reporting_category'::text)) AS reporting_category,
    stripe.money((d.p -> 'amount'::text), (d.p ->> 'currency'::text)) AS gross_amount,
    stripe.money((d.p -> 'fee'::text), (d.p ->> 'currency'::text)) AS fee_amount,
    stripe.money((d.p -> 'net'::text), (d.p ->> 'currency'::text)) AS net_amount,
    upper(stripe.text((d.p -> 'currency'::text))) AS currency,
    unified.num((d.p -> 'exchange_rate'::text)) AS exchange_rate,
    unified.epoch((d.p -> 'available_on'::text)) AS available_at,
    unified.epoch((d.p -> 'created'::text)) AS occurred_at,
        CASE
            WHEN ((d.p ->> 'type'::text) = ANY (ARRAY['payout'::text, 'payout_cancel'::text, 'payout_failure'::text])) THEN stripe.ref((d.p -> 'source'::text))
            ELSE NULL::text
        END AS payout_platform_id,
    stripe.ref((d.p -> 'source'::text)) AS source_platform_id,
    COALESCE((d.p #>> '{source,object}'::text[]), stripe.source_object(split_part(stripe.ref((d.p -> 'source'::text)), '_'::text, 1))) AS source_object,
    stripe.text((d.p -> 'description'::text)) AS description,
    'balance_transactions'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL) AND ((unified.num((d.p -> 'amount'::text)) - unified.num((d.p -> 'fee'::text))) = unified.num((d.p -> 'net'::text))) AND (COALESCE(
            CASE
                WHEN ((d.p ->> 'reporting_category'::text) = ANY (ARRAY['dispute'::text, 'dispute_reversal'::text])) THEN (d.p ->> 'reporting_category'::text)
                ELSE stripe.balance_type((d.p ->> 'type'::text))
            END, 'unknown'::text) <> 'unknown'::text) AND (stripe.balance_status((d.p ->> 'status'::text)) IS DISTINCT FROM 'unknown'::text) AND (unified.epoch((d.p -> 'created'::text)) IS NOT NULL) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(stripe.amount_problem('gross_amount'::text, (d.p -> 'amount'::text), (d.p -> 'currency'::text)), jsonb_build_array('fee_amount', 'typecast_error', (d.p -> 'fee'::text), (unified.num((d.p -> 'fee'::text)) IS NULL)), jsonb_build_array('net_amount', 'typecast_error', (d.p -> 'net'::text), (unified.num((d.p -> 'net'::text)) IS NULL)), jsonb_build_array('net_amount', 'total_mismatch', (d.p -> 'net'::text), COALESCE(((unified.num((d.p -> 'amount'::text)) - unified.num((d.p -> 'fee'::text))) <> unified.num((d.p -> 'net'::text))), false)), jsonb_build_array('type', 'enum_unknown', (d.p -> 'type'::text), (COALESCE(
            CASE
                WHEN ((d.p ->> 'reporting_category'::text) = ANY (ARRAY['dispute'::text, 'dispute_reversal'::text])) THEN (d.p ->> 'reporting_category'::text)
                ELSE stripe.balance_type((d.p ->> 'type'::text))
            END, 'unknown'::text) = 'unknown'::text)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), COALESCE((stripe.balance_status((d.p ->> 'status'::text)) = 'unknown'::text), false)), jsonb_build_array('occurred_at', 'typecast_error', (d.p -> 'created'::text), (unified.epoch((d.p -> 'created'::text)) IS NULL)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'balance_transactions'::text));


--
-- Name: charges; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.charges AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_transactions'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
        CASE
            WHEN (((d.p -> 'captured'::text) = 'false'::jsonb) AND (COALESCE((d.p ->> 'status'::text), ''::text) <> 'failed'::text)) THEN 'authorization'::text
            ELSE 'sale'::text
        END AS kind,
    'charge'::text AS kind_raw,
    stripe.charge_status((d.p ->> 'status'::text)) AS status,
    (d.p ->> 'status'::text) AS status_raw,
    stripe.magnitude(
        CASE
            WHEN (((d.p ->> 'status'::text) = 'succeeded'::text) AND ((d.p -> 'captured'::text) = 'true'::jsonb)) THEN COALESCE(NULLIF((d.p -> 'amount_captured'::text), 'null'::jsonb), (d.p -> 'amount'::text))
            ELSE (d.p -> 'amount'::text)
        END, (d.p ->> 'currency'::text)) AS amount,
        CASE
            WHEN (((d.p -> 'captured'::text) = 'false'::jsonb) AND (COALESCE((d.p ->> 'status'::text), ''::text) <> 'failed'::text)) THEN 'none'::text
            ELSE 'in'::text
        END AS direction,
    upper(stripe.text((d.p -> 'currency'::text))) AS currency,
    stripe.ref((d.p -> 'customer'::text)) AS customer_platform_id,
    stripe.ref((d.p -> 'invoice'::text)) AS invoice_platform_id,
    unified.epoch((d.p -> 'created'::text)) AS processed_at,
    'stripe'::text AS gateway,
    stripe.payment_method(COALESCE((d.p #>> '{payment_method_details,type}'::text[]),
        CASE
            WHEN ((d.p #>> '{source,object}'::text[]) = 'card'::text) THEN 'card'::text
            ELSE (d.p #>> '{source,type}'::text[])
        END)) AS payment_method_type,
    COALESCE((d.p #>> '{payment_method_details,type}'::text[]),
        CASE
            WHEN ((d.p #>> '{source,object}'::text[]) = 'card'::text) THEN 'card'::text
            ELSE (d.p #>> '{source,type}'::text[])
        END) AS payment_method_type_raw,
    COALESCE((d.p #>> '{payment_method_details,card,brand}'::text[]), (d.p #>> '{payment_method_details,card_present,brand}'::text[]), (d.p #>> '{source,brand}'::text[])) AS card_brand,
    "right"(COALESCE((d.p #>> '{payment_method_details,card,last4}'::text[]), (d.p #>> '{payment_method_details,card_present,last4}'::text[]), (d.p #>> '{source,last4}'::text[])), 4) AS card_last4,
    stripe.magnitude((d.p -> 'amount_refunded'::text), (d.p ->> 'currency'::text)) AS refunded_amount,
    stripe.text((d.p -> 'failure_code'::text)) AS error_code,
    stripe.text((d.p -> 'failure_message'::text)) AS error_message,
    'charges'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL) AND (unified.num(
            CASE
                WHEN (((d.p ->> 'status'::text) = 'succeeded'::text) AND ((d.p -> 'captured'::text) = 'true'::jsonb)) THEN COALESCE(NULLIF((d.p -> 'amount_captured'::text), 'null'::jsonb), (d.p -> 'amount'::text))
                ELSE (d.p -> 'amount'::text)
            END) IS NOT NULL) AND ((d.p ->> 'status'::text) <> ''::text) AND (stripe.charge_status((d.p ->> 'status'::text)) IS DISTINCT FROM 'unknown'::text) AND (stripe.payment_method(COALESCE((d.p #>> '{payment_method_details,type}'::text[]),
            CASE
                WHEN ((d.p #>> '{source,object}'::text[]) = 'card'::text) THEN 'card'::text
                ELSE (d.p #>> '{source,type}'::text[])
            END)) IS DISTINCT FROM 'unknown'::text) AND (unified.epoch((d.p -> 'created'::text)) IS NOT NULL) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(stripe.amount_problem('amount'::text,
            CASE
                WHEN (((d.p ->> 'status'::text) = 'succeeded'::text) AND ((d.p -> 'captured'::text) = 'true'::jsonb)) THEN COALESCE(NULLIF((d.p -> 'amount_captured'::text), 'null'::jsonb), (d.p -> 'amount'::text))
                ELSE (d.p -> 'amount'::text)
            END, (d.p -> 'currency'::text)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (COALESCE(stripe.charge_status((d.p ->> 'status'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('payment_method_type', 'enum_unknown', to_jsonb(COALESCE((d.p #>> '{payment_method_details,type}'::text[]),
            CASE
                WHEN ((d.p #>> '{source,object}'::text[]) = 'card'::text) THEN 'card'::text
                ELSE (d.p #>> '{source,type}'::text[])
            END)), COALESCE((stripe.payment_method(COALESCE((d.p #>> '{payment_method_details,type}'::text[]),
            CASE
                WHEN ((d.p #>> '{source,object}'::text[]) = 'card'::text) THEN 'card'::text
                ELSE (d.p #>> '{source,type}'::text[])
            END)) = 'unknown'::text), false)), jsonb_build_array('processed_at', 'typecast_error', (d.p -> 'created'::text), (unified.epoch((d.p -> 'created'::text)) IS NULL)))) || stripe.sanitised(r.sanitised))
        END AS issues,
    stripe.ref((d.p -> 'payment_intent'::text)) AS payment_intent_platform_id,
    stripe.ref((d.p -> 'balance_transaction'::text)) AS balance_transaction_platform_id
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'charges'::text));


--
-- Name: customers; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.customers AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_customers'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
    stripe.text((d.p -> 'email'::text)) AS email,
    stripe.text((d.p -> 'phone'::text)) AS phone,
    COALESCE(stripe.text((d.p -> 'name'::text)), stripe.text((d.p -> 'business_name'::text)), stripe.text((d.p -> 'individual_name'::text))) AS display_name,
    upper(stripe.text((d.p -> 'currency'::text))) AS default_currency,
    stripe.address((d.p -> 'address'::text), (d.p -> 'name'::text), (d.p -> 'phone'::text), 'billing'::text) AS default_address,
    jsonb_path_query_array(jsonb_build_array(stripe.address((d.p -> 'address'::text), (d.p -> 'name'::text), (d.p -> 'phone'::text), 'billing'::text), stripe.address((d.p #> '{shipping,address}'::text[]), (d.p #> '{shipping,name}'::text[]), (d.p #> '{shipping,phone}'::text[]), 'shipping'::text)), '$[*]?(@ != null)'::jsonpath) AS addresses,
    stripe.text((d.p -> 'description'::text)) AS note,
    stripe.money(COALESCE((d.p -> 'balance'::text), (d.p -> 'account_balance'::text)), (d.p ->> 'currency'::text)) AS balance_amount,
    upper(stripe.text((d.p -> 'currency'::text))) AS currency,
        CASE (d.p ->> 'tax_exempt'::text)
            WHEN 'exempt'::text THEN true
            WHEN 'none'::text THEN false
            WHEN 'reverse'::text THEN false
            ELSE NULL::boolean
        END AS tax_exempt,
    (d.p #>> '{preferred_locales,0}'::text[]) AS locale,
    'customers'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN (((COALESCE((d.p ->> 'currency'::text), ''::text) = ''::text) OR (stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL)) AND (jsonb_typeof(COALESCE((d.p -> 'balance'::text), (d.p -> 'account_balance'::text), '0'::jsonb)) = 'number'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(jsonb_build_array('currency', 'currency_invalid', (d.p -> 'currency'::text), ((COALESCE((d.p ->> 'currency'::text), ''::text) <> ''::text) AND (stripe.unit((d.p ->> 'currency'::text)) IS NULL))), jsonb_build_array('balance_amount', 'typecast_error', COALESCE((d.p -> 'balance'::text), (d.p -> 'account_balance'::text)), COALESCE(((unified.num(COALESCE((d.p -> 'balance'::text), (d.p -> 'account_balance'::text))) IS NULL) AND (COALESCE((d.p -> 'balance'::text), (d.p -> 'account_balance'::text), 'null'::jsonb) <> 'null'::jsonb)), false)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'customers'::text));


--
-- Name: invoice_lines; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.invoice_lines AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
        CASE
            WHEN (COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))) ~~ 'il\_%'::text) THEN COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text)))
            ELSE ((((r.external_id || ':'::text) || COALESCE(COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))), 'line'::text)) || ':'::text) || ((a.n - 1))::numeric)
        END AS platform_id,
    unified.id(r.connection_id, 'billing_invoice_lines'::text,
        CASE
            WHEN (COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))) ~~ 'il\_%'::text) THEN COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text)))
            ELSE ((((r.external_id || ':'::text) || COALESCE(COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))), 'line'::text)) || ':'::text) || ((a.n - 1))::numeric)
        END) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((a.l -> 'livemode'::text)) AS is_test,
    r.external_id AS invoice_platform_id,
    unified.id(r.connection_id, 'billing_invoices'::text, r.external_id) AS invoice_id,
    ((a.n - 1))::numeric AS line_index,
    COALESCE(stripe.ref((a.l #> '{pricing,price_details,price}'::text[])), stripe.ref((a.l -> 'price'::text)), stripe.ref((a.l -> 'plan'::text))) AS plan_platform_id,
    COALESCE(stripe.ref((a.l #> '{pricing,price_details,product}'::text[])), stripe.ref((a.l #> '{price,product}'::text[])), stripe.ref((a.l #> '{plan,product}'::text[]))) AS product_platform_id,
    COALESCE(stripe.ref((a.l #> '{parent,subscription_item_details,subscription}'::text[])), stripe.ref((a.l #> '{parent,invoice_item_details,subscription}'::text[])), stripe.ref((a.l -> 'subscription'::text))) AS subscription_platform_id,
    stripe.text((a.l -> 'description'::text)) AS description,
    COALESCE(unified.num((a.l -> 'quantity_decimal'::text)), unified.num((a.l -> 'quantity'::text))) AS quantity,
    stripe.money(COALESCE(NULLIF((a.l #> '{pricing,unit_amount_decimal}'::text[]), 'null'::jsonb), NULLIF((a.l #> '{price,unit_amount_decimal}'::text[]), 'null'::jsonb), NULLIF((a.l #> '{price,unit_amount}'::text[]), 'null'::jsonb), (a.l #> '{plan,amount}'::text[])), (a.l ->> 'currency'::text)) AS unit_amount,
    stripe.money((a.l -> 'amount'::text), (a.l ->> 'currency'::text)) AS amount,
    upper((a.l ->> 'currency'::text)) AS currency,
    COALESCE(unified.bool((a.l #> '{parent,subscription_item_details,proration}'::text[])), unified.bool((a.l #> '{parent,invoice_item_details,proration}'::text[])), unified.bool((a.l -> 'proration'::text))) AS proration,
    unified.epoch((a.l #> '{period,start}'::text[])) AS period_start,
    unified.epoch((a.l #> '{period,end}'::text[])) AS period_end,
    stripe.line_type(COALESCE((a.l #>> '{parent,type}'::text[]), (a.l ->> 'type'::text))) AS type,
    COALESCE((a.l #>> '{parent,type}'::text[]), (a.l ->> 'type'::text)) AS type_raw,
    'invoices'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((a.l ->> 'currency'::text)) IS NOT NULL) AND (unified.num((a.l -> 'amount'::text)) IS NOT NULL) AND (COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))) IS NOT NULL) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(stripe.amount_problem('amount'::text, (a.l -> 'amount'::text), (a.l -> 'currency'::text)), jsonb_build_array('platform_id', 'reference_missing', (a.l -> 'id'::text), (COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))) IS NULL)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload #> '{lines,data}'::text[]))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'invoices'::text) AND (((r.payload #> '{lines,has_more}'::text[]) IS DISTINCT FROM 'true'::jsonb) OR (( SELECT q.external_id
           FROM portolan.raw_records q
          WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'invoice_lines'::text) AND (q.external_id = (r.external_id || '/0001'::text)))) IS NULL)))
UNION ALL
 SELECT r.connection_id,
    'stripe'::text AS platform,
        CASE
            WHEN (COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))) ~~ 'il\_%'::text) THEN COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text)))
            ELSE ((((split_part(r.external_id, '/'::text, 1) || ':'::text) || COALESCE(COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))), 'line'::text)) || ':'::text) || (((((
            CASE
                WHEN (split_part(r.external_id, '/'::text, 2) ~ '^[0-9]{1,6}$'::text) THEN (split_part(r.external_id, '/'::text, 2))::integer
                ELSE 1
            END - 1) * 100) + a.n) - 1))::numeric)
        END AS platform_id,
    unified.id(r.connection_id, 'billing_invoice_lines'::text,
        CASE
            WHEN (COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))) ~~ 'il\_%'::text) THEN COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text)))
            ELSE ((((split_part(r.external_id, '/'::text, 1) || ':'::text) || COALESCE(COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))), 'line'::text)) || ':'::text) || (((((
            CASE
                WHEN (split_part(r.external_id, '/'::text, 2) ~ '^[0-9]{1,6}$'::text) THEN (split_part(r.external_id, '/'::text, 2))::integer
                ELSE 1
            END - 1) * 100) + a.n) - 1))::numeric)
        END) AS id,
    split_part(r.external_id, '/'::text, 1) AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (COALESCE(q.deleted_at, r.deleted_at) IS NOT NULL) AS is_deleted,
    COALESCE(q.deleted_at, r.deleted_at) AS deleted_at,
    COALESCE(q.deletion_source, r.deletion_source) AS deletion_source,
    stripe.is_test((a.l -> 'livemode'::text)) AS is_test,
    split_part(r.external_id, '/'::text, 1) AS invoice_platform_id,
    unified.id(r.connection_id, 'billing_invoices'::text, split_part(r.external_id, '/'::text, 1)) AS invoice_id,
    (((((
        CASE
            WHEN (split_part(r.external_id, '/'::text, 2) ~ '^[0-9]{1,6}$'::text) THEN (split_part(r.external_id, '/'::text, 2))::integer
            ELSE 1
        END - 1) * 100) + a.n) - 1))::numeric AS line_index,
    COALESCE(stripe.ref((a.l #> '{pricing,price_details,price}'::text[])), stripe.ref((a.l -> 'price'::text)), stripe.ref((a.l -> 'plan'::text))) AS plan_platform_id,
    COALESCE(stripe.ref((a.l #> '{pricing,price_details,product}'::text[])), stripe.ref((a.l #> '{price,product}'::text[])), stripe.ref((a.l #> '{plan,product}'::text[]))) AS product_platform_id,
    COALESCE(stripe.ref((a.l #> '{parent,subscription_item_details,subscription}'::text[])), stripe.ref((a.l #> '{parent,invoice_item_details,subscription}'::text[])), stripe.ref((a.l -> 'subscription'::text))) AS subscription_platform_id,
    stripe.text((a.l -> 'description'::text)) AS description,
    COALESCE(unified.num((a.l -> 'quantity_decimal'::text)), unified.num((a.l -> 'quantity'::text))) AS quantity,
    stripe.money(COALESCE(NULLIF((a.l #> '{pricing,unit_amount_decimal}'::text[]), 'null'::jsonb), NULLIF((a.l #> '{price,unit_amount_decimal}'::text[]), 'null'::jsonb), NULLIF((a.l #> '{price,unit_amount}'::text[]), 'null'::jsonb), (a.l #> '{plan,amount}'::text[])), (a.l ->> 'currency'::text)) AS unit_amount,
    stripe.money((a.l -> 'amount'::text), (a.l ->> 'currency'::text)) AS amount,
    upper((a.l ->> 'currency'::text)) AS currency,
    COALESCE(unified.bool((a.l #> '{parent,subscription_item_details,proration}'::text[])), unified.bool((a.l #> '{parent,invoice_item_details,proration}'::text[])), unified.bool((a.l -> 'proration'::text))) AS proration,
    unified.epoch((a.l #> '{period,start}'::text[])) AS period_start,
    unified.epoch((a.l #> '{period,end}'::text[])) AS period_end,
    stripe.line_type(COALESCE((a.l #>> '{parent,type}'::text[]), (a.l ->> 'type'::text))) AS type,
    COALESCE((a.l #>> '{parent,type}'::text[]), (a.l ->> 'type'::text)) AS type_raw,
    'invoice_lines'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((a.l ->> 'currency'::text)) IS NOT NULL) AND (unified.num((a.l -> 'amount'::text)) IS NOT NULL) AND (COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))) IS NOT NULL) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(stripe.amount_problem('amount'::text, (a.l -> 'amount'::text), (a.l -> 'currency'::text)), jsonb_build_array('platform_id', 'reference_missing', (a.l -> 'id'::text), (COALESCE(stripe.text((a.l -> 'unique_id'::text)), stripe.text((a.l -> 'unique_line_item_id'::text)), stripe.text((a.l -> 'id'::text))) IS NULL)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM (portolan.raw_records r
     JOIN portolan.raw_records q ON (((q.connection_id = r.connection_id) AND (q.resource = 'invoices'::text) AND (q.external_id = split_part(r.external_id, '/'::text, 1)) AND ((q.payload #> '{lines,has_more}'::text[]) = 'true'::jsonb)))),
    LATERAL jsonb_array_elements(unified.arr((r.payload -> 'data'::text))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'invoice_lines'::text) AND (r.deleted_at IS NULL) AND (NOT (EXISTS ( SELECT 1
           FROM portolan.raw_records e
          WHERE ((e.connection_id = r.connection_id) AND (e.resource = 'invoice_lines'::text) AND (e.external_id > (q.external_id || '/'::text)) AND (e.external_id < r.external_id) AND (e.deleted_at IS NULL) AND ((e.payload -> 'has_more'::text) = 'false'::jsonb))))));


--
-- Name: invoices; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.invoices AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'billing_invoices'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text)), unified.epoch((d.p -> 'date'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
    COALESCE(stripe.ref((d.p #> '{parent,subscription_details,subscription}'::text[])), stripe.ref((d.p -> 'subscription'::text))) AS subscription_platform_id,
    stripe.ref((d.p -> 'customer'::text)) AS customer_platform_id,
    stripe.text((d.p -> 'customer_email'::text)) AS customer_email,
    stripe.text((d.p -> 'number'::text)) AS number,
    stripe.invoice_status(COALESCE(stripe.text((d.p -> 'status'::text)),
        CASE
            WHEN ((d.p -> 'paid'::text) = 'true'::jsonb) THEN 'paid'::text
            WHEN ((d.p -> 'forgiven'::text) = 'true'::jsonb) THEN 'uncollectible'::text
            WHEN ((d.p -> 'closed'::text) = 'true'::jsonb) THEN 'void'::text
            WHEN ((d.p -> 'paid'::text) = 'false'::jsonb) THEN 'open'::text
            ELSE NULL::text
        END)) AS status,
    COALESCE(stripe.text((d.p -> 'status'::text)),
        CASE
            WHEN ((d.p -> 'paid'::text) = 'true'::jsonb) THEN 'paid'::text
            WHEN ((d.p -> 'forgiven'::text) = 'true'::jsonb) THEN 'uncollectible'::text
            WHEN ((d.p -> 'closed'::text) = 'true'::jsonb) THEN 'void'::text
            WHEN ((d.p -> 'paid'::text) = 'false'::jsonb) THEN 'open'::text
            ELSE NULL::text
        END) AS status_raw,
    stripe.billing_reason((d.p ->> 'billing_reason'::text)) AS reason,
    (d.p ->> 'billing_reason'::text) AS reason_raw,
        CASE
            WHEN (COALESCE(stripe.text((d.p -> 'status'::text)),
            CASE
                WHEN ((d.p -> 'paid'::text) = 'true'::jsonb) THEN 'paid'::text
                WHEN ((d.p -> 'forgiven'::text) = 'true'::jsonb) THEN 'uncollectible'::text
                WHEN ((d.p -> 'closed'::text) = 'true'::jsonb) THEN 'void'::text
                WHEN ((d.p -> 'paid'::text) = 'false'::jsonb) THEN 'open'::text
                ELSE NULL::text
            END) <> 'draft'::text) THEN COALESCE(unified.epoch((d.p #> '{status_transitions,finalized_at}'::text[])), unified.epoch((d.p -> 'finalized_at'::text)), unified.epoch((d.p -> 'created'::text)), unified.epoch((d.p -> 'date'::text)))
            ELSE NULL::timestamp with time zone
        END AS issued_at,
    unified.epoch((d.p -> 'due_date'::text)) AS due_at,
    unified.epoch((d.p #> '{status_transitions,paid_at}'::text[])) AS paid_at,
    unified.epoch((d.p -> 'period_start'::text)) AS period_start,
    unified.epoch((d.p -> 'period_end'::text)) AS period_end,
    stripe.money((d.p -> 'subtotal'::text), (d.p ->> 'currency'::text)) AS subtotal_amount,
        CASE
            WHEN (jsonb_typeof((d.p -> 'total_discount_amounts'::text)) = 'array'::text) THEN ( SELECT COALESCE(sum(stripe.money((t.value -> 'amount'::text), (d.p ->> 'currency'::text))), (0)::numeric) AS "coalesce"
               FROM jsonb_array_elements(unified.arr((d.p -> 'total_discount_amounts'::text))) t(value))
            ELSE NULL::numeric
        END AS discount_amount,
        CASE
            WHEN (jsonb_typeof(COALESCE((d.p -> 'total_taxes'::text), (d.p -> 'total_tax_amounts'::text))) = 'array'::text) THEN ( SELECT COALESCE(sum(stripe.money((t.value -> 'amount'::text), (d.p ->> 'currency'::text))), (0)::numeric) AS "coalesce"
               FROM jsonb_array_elements(unified.arr(COALESCE((d.p -> 'total_taxes'::text), (d.p -> 'total_tax_amounts'::text)))) t(value))
            ELSE stripe.money((d.p -> 'tax'::text), (d.p ->> 'currency'::text))
        END AS tax_amount,
    stripe.money((d.p -> 'total'::text), (d.p ->> 'currency'::text)) AS total_amount,
    stripe.money(COALESCE((d.p -> 'amount_paid'::text),
        CASE
            WHEN ((d.p -> 'paid'::text) = 'true'::jsonb) THEN (d.p -> 'amount_due'::text)
            ELSE NULL::jsonb
        END), (d.p ->> 'currency'::text)) AS amount_paid,
    COALESCE(stripe.money((d.p -> 'amount_remaining'::text), (d.p ->> 'currency'::text)), (stripe.money((d.p -> 'amount_due'::text), (d.p ->> 'currency'::text)) - stripe.money(COALESCE((d.p -> 'amount_paid'::text),
        CASE
            WHEN ((d.p -> 'paid'::text) = 'true'::jsonb) THEN (d.p -> 'amount_due'::text)
            ELSE '0'::jsonb
        END), (d.p ->> 'currency'::text)))) AS amount_due,
    upper(stripe.text((d.p -> 'currency'::text))) AS currency,
    unified.num((d.p -> 'attempt_count'::text)) AS attempt_count,
    unified.epoch((d.p -> 'next_payment_attempt'::text)) AS next_attempt_at,
        CASE
            WHEN ((d.p #> '{lines,has_more}'::text[]) = 'true'::jsonb) THEN (EXISTS ( SELECT 1
               FROM portolan.raw_records q
              WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'invoice_lines'::text) AND (q.external_id > (r.external_id || '/'::text)) AND (q.external_id < (r.external_id || '0'::text)) AND (q.deleted_at IS NULL) AND ((q.payload -> 'has_more'::text) = 'false'::jsonb))))
            ELSE (jsonb_typeof((d.p #> '{lines,data}'::text[])) = 'array'::text)
        END AS lines_complete,
    'invoices'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'total'::text)) IS NOT NULL) AND (stripe.invoice_status(COALESCE(stripe.text((d.p -> 'status'::text)),
            CASE
                WHEN ((d.p -> 'paid'::text) = 'true'::jsonb) THEN 'paid'::text
                WHEN ((d.p -> 'forgiven'::text) = 'true'::jsonb) THEN 'uncollectible'::text
                WHEN ((d.p -> 'closed'::text) = 'true'::jsonb) THEN 'void'::text
                WHEN ((d.p -> 'paid'::text) = 'false'::jsonb) THEN 'open'::text
                ELSE NULL::text
            END)) IS DISTINCT FROM 'unknown'::text) AND (COALESCE(stripe.text((d.p -> 'status'::text)),
            CASE
                WHEN ((d.p -> 'paid'::text) = 'true'::jsonb) THEN 'paid'::text
                WHEN ((d.p -> 'forgiven'::text) = 'true'::jsonb) THEN 'uncollectible'::text
                WHEN ((d.p -> 'closed'::text) = 'true'::jsonb) THEN 'void'::text
                WHEN ((d.p -> 'paid'::text) = 'false'::jsonb) THEN 'open'::text
                ELSE NULL::text
            END) <> ''::text) AND (stripe.billing_reason((d.p ->> 'billing_reason'::text)) IS DISTINCT FROM 'unknown'::text) AND (jsonb_typeof((d.p -> 'lines'::text)) = 'object'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(stripe.amount_problem('total_amount'::text, (d.p -> 'total'::text), (d.p -> 'currency'::text)), jsonb_build_array('status', 'enum_unknown', COALESCE((d.p -> 'status'::text), (d.p -> 'paid'::text)), (COALESCE(stripe.invoice_status(COALESCE(stripe.text((d.p -> 'status'::text)),
            CASE
                WHEN ((d.p -> 'paid'::text) = 'true'::jsonb) THEN 'paid'::text
                WHEN ((d.p -> 'forgiven'::text) = 'true'::jsonb) THEN 'uncollectible'::text
                WHEN ((d.p -> 'closed'::text) = 'true'::jsonb) THEN 'void'::text
                WHEN ((d.p -> 'paid'::text) = 'false'::jsonb) THEN 'open'::text
                ELSE NULL::text
            END)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('reason', 'enum_unknown', (d.p -> 'billing_reason'::text), COALESCE((stripe.billing_reason((d.p ->> 'billing_reason'::text)) = 'unknown'::text), false)), jsonb_build_array('lines', 'typecast_error', (d.p -> 'lines'::text), COALESCE((jsonb_typeof((d.p -> 'lines'::text)) <> 'object'::text), true)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'invoices'::text));


--
-- Name: payment_intents; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.payment_intents AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_transactions'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
        CASE
            WHEN ((d.p ->> 'capture_method'::text) = 'manual'::text) THEN 'authorization'::text
            ELSE 'sale'::text
        END AS kind,
    'payment_intent'::text AS kind_raw,
    stripe.intent_status((d.p ->> 'status'::text)) AS status,
    (d.p ->> 'status'::text) AS status_raw,
    stripe.magnitude((d.p -> 'amount'::text), (d.p ->> 'currency'::text)) AS amount,
        CASE
            WHEN ((d.p ->> 'capture_method'::text) = 'manual'::text) THEN 'none'::text
            ELSE 'in'::text
        END AS direction,
    upper(stripe.text((d.p -> 'currency'::text))) AS currency,
    stripe.ref((d.p -> 'customer'::text)) AS customer_platform_id,
    stripe.ref((d.p -> 'invoice'::text)) AS invoice_platform_id,
    unified.epoch((d.p -> 'created'::text)) AS processed_at,
    'stripe'::text AS gateway,
        CASE
            WHEN ((jsonb_typeof((d.p -> 'payment_method_types'::text)) = 'array'::text) AND ((d.p #> '{payment_method_types,1}'::text[]) IS NULL)) THEN stripe.payment_method((d.p #>> '{payment_method_types,0}'::text[]))
            ELSE NULL::text
        END AS payment_method_type,
        CASE
            WHEN ((d.p #> '{payment_method_types,1}'::text[]) IS NULL) THEN (d.p #>> '{payment_method_types,0}'::text[])
            ELSE NULL::text
        END AS payment_method_type_raw,
    (d.p #>> '{last_payment_error,code}'::text[]) AS error_code,
    (d.p #>> '{last_payment_error,message}'::text[]) AS error_message,
    'payment_intents'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'amount'::text)) IS NOT NULL) AND ((d.p ->> 'status'::text) <> ''::text) AND (stripe.intent_status((d.p ->> 'status'::text)) IS DISTINCT FROM 'unknown'::text) AND (unified.epoch((d.p -> 'created'::text)) IS NOT NULL) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(stripe.amount_problem('amount'::text, (d.p -> 'amount'::text), (d.p -> 'currency'::text)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (COALESCE(stripe.intent_status((d.p ->> 'status'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('processed_at', 'typecast_error', (d.p -> 'created'::text), (unified.epoch((d.p -> 'created'::text)) IS NULL)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'payment_intents'::text) AND (stripe.ref((d.p -> 'latest_charge'::text)) IS NULL) AND (stripe.ref((d.p #> '{charges,data,0}'::text[])) IS NULL));


--
-- Name: plans; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.plans AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'billing_plans'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
    COALESCE(stripe.text((d.p -> 'nickname'::text)), stripe.text((d.p -> 'name'::text))) AS name,
    r.external_id AS code,
    stripe.ref((d.p -> 'product'::text)) AS product_platform_id,
        CASE
            WHEN ((d.p -> 'active'::text) = 'true'::jsonb) THEN 'active'::text
            WHEN ((d.p -> 'active'::text) = 'false'::jsonb) THEN 'inactive'::text
            WHEN ((d.p ->> 'active'::text) <> ''::text) THEN 'unknown'::text
            ELSE NULL::text
        END AS status,
    (d.p ->> 'active'::text) AS status_raw,
    true AS is_recurring,
    stripe.interval_word((d.p ->> 'interval'::text)) AS "interval",
    (d.p ->> 'interval'::text) AS interval_raw,
    unified.num((d.p -> 'interval_count'::text)) AS interval_count,
    stripe.money(COALESCE(NULLIF((d.p -> 'amount'::text), 'null'::jsonb), (d.p -> 'amount_decimal'::text)), (d.p ->> 'currency'::text)) AS amount,
    upper(stripe.text((d.p -> 'currency'::text))) AS currency,
        CASE
            WHEN ((d.p ->> 'usage_type'::text) = 'metered'::text) THEN 'metered'::text
            WHEN ((d.p ->> 'tiers_mode'::text) = 'volume'::text) THEN 'volume'::text
            WHEN ((d.p ->> 'billing_scheme'::text) = 'tiered'::text) THEN 'tiered'::text
            WHEN (COALESCE((d.p ->> 'billing_scheme'::text), 'per_unit'::text) = 'per_unit'::text) THEN 'per_unit'::text
            ELSE 'unknown'::text
        END AS pricing_model,
    (d.p ->> 'billing_scheme'::text) AS pricing_model_raw,
    unified.arr((d.p -> 'tiers'::text)) AS tiers,
    unified.num((d.p -> 'trial_period_days'::text)) AS trial_days,
    NULL::boolean AS tax_inclusive,
    'plans'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL) AND ((unified.num(COALESCE(NULLIF((d.p -> 'amount'::text), 'null'::jsonb), (d.p -> 'amount_decimal'::text))) IS NOT NULL) OR ((COALESCE(COALESCE(NULLIF((d.p -> 'amount'::text), 'null'::jsonb), (d.p -> 'amount_decimal'::text)), 'null'::jsonb) = 'null'::jsonb) AND (NOT ((COALESCE((d.p ->> 'billing_scheme'::text), 'per_unit'::text) = 'per_unit'::text) AND (COALESCE((d.p -> 'custom_unit_amount'::text), 'null'::jsonb) = 'null'::jsonb))))) AND (stripe.interval_word((d.p ->> 'interval'::text)) IS DISTINCT FROM 'unknown'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(
            CASE
                WHEN (((COALESCE((d.p ->> 'billing_scheme'::text), 'per_unit'::text) = 'per_unit'::text) AND (COALESCE((d.p -> 'custom_unit_amount'::text), 'null'::jsonb) = 'null'::jsonb)) OR (COALESCE(NULLIF((d.p -> 'amount'::text), 'null'::jsonb), (d.p -> 'amount_decimal'::text)) <> 'null'::jsonb)) THEN stripe.amount_problem('amount'::text, COALESCE(NULLIF((d.p -> 'amount'::text), 'null'::jsonb), (d.p -> 'amount_decimal'::text)), (d.p -> 'currency'::text))
                ELSE jsonb_build_array('currency', 'currency_invalid', (d.p -> 'currency'::text), (stripe.unit((d.p ->> 'currency'::text)) IS NULL))
            END, jsonb_build_array('interval', 'enum_unknown', (d.p -> 'interval'::text), COALESCE((stripe.interval_word((d.p ->> 'interval'::text)) = 'unknown'::text), false)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'plans'::text) AND (NOT (EXISTS ( SELECT 1
           FROM portolan.raw_records q
          WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'prices'::text) AND (q.external_id = r.external_id))))));


--
-- Name: prices; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.prices AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'billing_plans'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
    COALESCE(stripe.text((d.p -> 'nickname'::text)), stripe.text((d.p -> 'name'::text))) AS name,
    stripe.text((d.p -> 'lookup_key'::text)) AS code,
    stripe.ref((d.p -> 'product'::text)) AS product_platform_id,
        CASE
            WHEN ((d.p -> 'active'::text) = 'true'::jsonb) THEN 'active'::text
            WHEN ((d.p -> 'active'::text) = 'false'::jsonb) THEN 'inactive'::text
            WHEN ((d.p ->> 'active'::text) <> ''::text) THEN 'unknown'::text
            ELSE NULL::text
        END AS status,
    (d.p ->> 'active'::text) AS status_raw,
    COALESCE(((d.p ->> 'type'::text) = 'recurring'::text), (jsonb_typeof((d.p -> 'recurring'::text)) = 'object'::text)) AS is_recurring,
    stripe.interval_word((d.p #>> '{recurring,interval}'::text[])) AS "interval",
    (d.p #>> '{recurring,interval}'::text[]) AS interval_raw,
    unified.num((d.p #> '{recurring,interval_count}'::text[])) AS interval_count,
    stripe.money(COALESCE(NULLIF((d.p -> 'unit_amount'::text), 'null'::jsonb), (d.p -> 'unit_amount_decimal'::text)), (d.p ->> 'currency'::text)) AS amount,
    upper(stripe.text((d.p -> 'currency'::text))) AS currency,
        CASE
            WHEN ((d.p #>> '{recurring,usage_type}'::text[]) = 'metered'::text) THEN 'metered'::text
            WHEN ((d.p ->> 'tiers_mode'::text) = 'volume'::text) THEN 'volume'::text
            WHEN ((d.p ->> 'billing_scheme'::text) = 'tiered'::text) THEN 'tiered'::text
            WHEN (COALESCE((d.p ->> 'billing_scheme'::text), 'per_unit'::text) = 'per_unit'::text) THEN 'per_unit'::text
            ELSE 'unknown'::text
        END AS pricing_model,
    (d.p ->> 'billing_scheme'::text) AS pricing_model_raw,
    unified.arr((d.p -> 'tiers'::text)) AS tiers,
    unified.num((d.p #> '{recurring,trial_period_days}'::text[])) AS trial_days,
        CASE (d.p ->> 'tax_behavior'::text)
            WHEN 'inclusive'::text THEN true
            WHEN 'exclusive'::text THEN false
            ELSE NULL::boolean
        END AS tax_inclusive,
    'prices'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL) AND ((unified.num(COALESCE(NULLIF((d.p -> 'unit_amount'::text), 'null'::jsonb), (d.p -> 'unit_amount_decimal'::text))) IS NOT NULL) OR ((COALESCE(COALESCE(NULLIF((d.p -> 'unit_amount'::text), 'null'::jsonb), (d.p -> 'unit_amount_decimal'::text)), 'null'::jsonb) = 'null'::jsonb) AND (NOT ((COALESCE((d.p ->> 'billing_scheme'::text), 'per_unit'::text) = 'per_unit'::text) AND (COALESCE((d.p -> 'custom_unit_amount'::text), 'null'::jsonb) = 'null'::jsonb))))) AND (stripe.interval_word((d.p #>> '{recurring,interval}'::text[])) IS DISTINCT FROM 'unknown'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(
            CASE
                WHEN (((COALESCE((d.p ->> 'billing_scheme'::text), 'per_unit'::text) = 'per_unit'::text) AND (COALESCE((d.p -> 'custom_unit_amount'::text), 'null'::jsonb) = 'null'::jsonb)) OR (COALESCE(NULLIF((d.p -> 'unit_amount'::text), 'null'::jsonb), (d.p -> 'unit_amount_decimal'::text)) <> 'null'::jsonb)) THEN stripe.amount_problem('amount'::text, COALESCE(NULLIF((d.p -> 'unit_amount'::text), 'null'::jsonb), (d.p -> 'unit_amount_decimal'::text)), (d.p -> 'currency'::text))
                ELSE jsonb_build_array('currency', 'currency_invalid', (d.p -> 'currency'::text), (stripe.unit((d.p ->> 'currency'::text)) IS NULL))
            END, jsonb_build_array('interval', 'enum_unknown', (d.p #> '{recurring,interval}'::text[]), COALESCE((stripe.interval_word((d.p #>> '{recurring,interval}'::text[])) = 'unknown'::text), false)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'prices'::text));


--
-- Name: products; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.products AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
    stripe.text((d.p -> 'name'::text)) AS title,
    stripe.text((d.p -> 'description'::text)) AS description,
    stripe.text((d.p -> 'type'::text)) AS product_type,
        CASE
            WHEN ((d.p -> 'active'::text) = 'true'::jsonb) THEN 'active'::text
            WHEN ((d.p -> 'active'::text) = 'false'::jsonb) THEN 'archived'::text
            WHEN ((d.p ->> 'active'::text) <> ''::text) THEN 'unknown'::text
            ELSE NULL::text
        END AS status,
    (d.p ->> 'active'::text) AS status_raw,
    stripe.text((d.p -> 'url'::text)) AS url,
        CASE
            WHEN (jsonb_typeof((d.p -> 'images'::text)) = 'array'::text) THEN ARRAY( SELECT (i.value #>> '{}'::text[])
               FROM jsonb_array_elements(unified.arr((d.p -> 'images'::text))) i(value))
            ELSE NULL::text[]
        END AS image_urls,
    stripe.ref((d.p -> 'default_price'::text)) AS default_price_platform_id,
    'products'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.text((d.p -> 'name'::text)) IS NOT NULL) AND (jsonb_typeof((d.p -> 'active'::text)) = 'boolean'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(jsonb_build_array('title', 'typecast_error', (d.p -> 'name'::text), (stripe.text((d.p -> 'name'::text)) IS NULL)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'active'::text), COALESCE((jsonb_typeof((d.p -> 'active'::text)) <> 'boolean'::text), true)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'products'::text));


--
-- Name: refunds; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.refunds AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_refunds'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
    COALESCE(stripe.ref((d.p -> 'charge'::text)), stripe.ref((d.p -> 'payment_intent'::text))) AS transaction_platform_id,
    stripe.magnitude((d.p -> 'amount'::text), (d.p ->> 'currency'::text)) AS amount,
    upper(stripe.text((d.p -> 'currency'::text))) AS currency,
    stripe.refund_status((d.p ->> 'status'::text)) AS status,
    (d.p ->> 'status'::text) AS status_raw,
    stripe.refund_reason((d.p ->> 'reason'::text)) AS reason,
    (d.p ->> 'reason'::text) AS reason_raw,
    stripe.text((d.p -> 'description'::text)) AS note,
    unified.epoch((d.p -> 'created'::text)) AS processed_at,
    stripe.text((d.p -> 'failure_reason'::text)) AS error_code,
    'refunds'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'amount'::text)) IS NOT NULL) AND (stripe.refund_status((d.p ->> 'status'::text)) IS DISTINCT FROM 'unknown'::text) AND (stripe.refund_reason((d.p ->> 'reason'::text)) IS DISTINCT FROM 'unknown'::text) AND (unified.epoch((d.p -> 'created'::text)) IS NOT NULL) AND (COALESCE(stripe.ref((d.p -> 'charge'::text)), stripe.ref((d.p -> 'payment_intent'::text))) IS NOT NULL) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(stripe.amount_problem('amount'::text, (d.p -> 'amount'::text), (d.p -> 'currency'::text)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), COALESCE((stripe.refund_status((d.p ->> 'status'::text)) = 'unknown'::text), false)), jsonb_build_array('reason', 'enum_unknown', (d.p -> 'reason'::text), COALESCE((stripe.refund_reason((d.p ->> 'reason'::text)) = 'unknown'::text), false)), jsonb_build_array('processed_at', 'typecast_error', (d.p -> 'created'::text), (unified.epoch((d.p -> 'created'::text)) IS NULL)), jsonb_build_array('transaction_platform_id', 'reference_missing', (d.p -> 'charge'::text), (COALESCE(stripe.ref((d.p -> 'charge'::text)), stripe.ref((d.p -> 'payment_intent'::text))) IS NULL)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'refunds'::text));


--
-- Name: subscription_items; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.subscription_items AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    COALESCE(stripe.text((a.l -> 'id'::text)), ((r.external_id || ':item:'::text) || ((a.n - 1))::numeric)) AS platform_id,
    unified.id(r.connection_id, 'billing_subscription_items'::text, COALESCE(stripe.text((a.l -> 'id'::text)), ((r.external_id || ':item:'::text) || ((a.n - 1))::numeric))) AS id,
    r.external_id AS platform_parent_id,
    unified.epoch((a.l -> 'created'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test(COALESCE((a.l #> '{price,livemode}'::text[]), (a.l #> '{plan,livemode}'::text[]))) AS is_test,
    r.external_id AS subscription_platform_id,
    unified.id(r.connection_id, 'billing_subscriptions'::text, r.external_id) AS subscription_id,
    ((a.n - 1))::numeric AS item_index,
    COALESCE(stripe.ref((a.l -> 'price'::text)), stripe.ref((a.l -> 'plan'::text))) AS plan_platform_id,
    COALESCE(stripe.ref((a.l #> '{price,product}'::text[])), stripe.ref((a.l #> '{plan,product}'::text[]))) AS product_platform_id,
    unified.num((a.l -> 'quantity'::text)) AS quantity,
    stripe.money(COALESCE(NULLIF((a.l #> '{price,unit_amount}'::text[]), 'null'::jsonb), (a.l #> '{price,unit_amount_decimal}'::text[]), (a.l #> '{plan,amount}'::text[])), COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) AS unit_amount,
    (stripe.money(COALESCE(NULLIF((a.l #> '{price,unit_amount}'::text[]), 'null'::jsonb), (a.l #> '{price,unit_amount_decimal}'::text[]), (a.l #> '{plan,amount}'::text[])), COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) * COALESCE(unified.num((a.l -> 'quantity'::text)), (1)::numeric)) AS amount,
    upper(COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) AS currency,
    stripe.interval_word(COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[]))) AS "interval",
    COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[])) AS interval_raw,
    COALESCE(unified.num((a.l #> '{price,recurring,interval_count}'::text[])), unified.num((a.l #> '{plan,interval_count}'::text[]))) AS interval_count,
    unified.epoch((a.l -> 'current_period_start'::text)) AS current_period_start,
    unified.epoch((a.l -> 'current_period_end'::text)) AS current_period_end,
    'subscriptions'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.text((a.l -> 'id'::text)) IS NOT NULL) AND (COALESCE(stripe.ref((a.l -> 'price'::text)), stripe.ref((a.l -> 'plan'::text))) IS NOT NULL) AND (stripe.unit(COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) IS NOT NULL) AND (stripe.interval_word(COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[]))) IS DISTINCT FROM 'unknown'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(jsonb_build_array('platform_id', 'reference_missing', (a.l -> 'id'::text), (stripe.text((a.l -> 'id'::text)) IS NULL)), jsonb_build_array('plan_platform_id', 'reference_missing', COALESCE((a.l -> 'price'::text), (a.l -> 'plan'::text)), (COALESCE(stripe.ref((a.l -> 'price'::text)), stripe.ref((a.l -> 'plan'::text))) IS NULL)), jsonb_build_array('currency', 'currency_invalid', to_jsonb(COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))), (stripe.unit(COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) IS NULL)), jsonb_build_array('interval', 'enum_unknown', to_jsonb(COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[]))), COALESCE((stripe.interval_word(COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[]))) = 'unknown'::text), false)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr(COALESCE((r.payload #> '{items,data}'::text[]), (r.payload -> 'items'::text)))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'subscriptions'::text) AND (((r.payload #> '{items,has_more}'::text[]) IS DISTINCT FROM 'true'::jsonb) OR (( SELECT q.external_id
           FROM portolan.raw_records q
          WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'subscription_items'::text) AND (q.external_id = (r.external_id || '/0001'::text)))) IS NULL)))
UNION ALL
 SELECT r.connection_id,
    'stripe'::text AS platform,
    COALESCE(stripe.text((a.l -> 'id'::text)), ((split_part(r.external_id, '/'::text, 1) || ':item:'::text) || (((((
        CASE
            WHEN (split_part(r.external_id, '/'::text, 2) ~ '^[0-9]{1,6}$'::text) THEN (split_part(r.external_id, '/'::text, 2))::integer
            ELSE 1
        END - 1) * 100) + a.n) - 1))::numeric)) AS platform_id,
    unified.id(r.connection_id, 'billing_subscription_items'::text, COALESCE(stripe.text((a.l -> 'id'::text)), ((split_part(r.external_id, '/'::text, 1) || ':item:'::text) || (((((
        CASE
            WHEN (split_part(r.external_id, '/'::text, 2) ~ '^[0-9]{1,6}$'::text) THEN (split_part(r.external_id, '/'::text, 2))::integer
            ELSE 1
        END - 1) * 100) + a.n) - 1))::numeric))) AS id,
    split_part(r.external_id, '/'::text, 1) AS platform_parent_id,
    unified.epoch((a.l -> 'created'::text)) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (COALESCE(q.deleted_at, r.deleted_at) IS NOT NULL) AS is_deleted,
    COALESCE(q.deleted_at, r.deleted_at) AS deleted_at,
    COALESCE(q.deletion_source, r.deletion_source) AS deletion_source,
    stripe.is_test(COALESCE((a.l #> '{price,livemode}'::text[]), (a.l #> '{plan,livemode}'::text[]))) AS is_test,
    split_part(r.external_id, '/'::text, 1) AS subscription_platform_id,
    unified.id(r.connection_id, 'billing_subscriptions'::text, split_part(r.external_id, '/'::text, 1)) AS subscription_id,
    (((((
        CASE
            WHEN (split_part(r.external_id, '/'::text, 2) ~ '^[0-9]{1,6}$'::text) THEN (split_part(r.external_id, '/'::text, 2))::integer
            ELSE 1
        END - 1) * 100) + a.n) - 1))::numeric AS item_index,
    COALESCE(stripe.ref((a.l -> 'price'::text)), stripe.ref((a.l -> 'plan'::text))) AS plan_platform_id,
    COALESCE(stripe.ref((a.l #> '{price,product}'::text[])), stripe.ref((a.l #> '{plan,product}'::text[]))) AS product_platform_id,
    unified.num((a.l -> 'quantity'::text)) AS quantity,
    stripe.money(COALESCE(NULLIF((a.l #> '{price,unit_amount}'::text[]), 'null'::jsonb), (a.l #> '{price,unit_amount_decimal}'::text[]), (a.l #> '{plan,amount}'::text[])), COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) AS unit_amount,
    (stripe.money(COALESCE(NULLIF((a.l #> '{price,unit_amount}'::text[]), 'null'::jsonb), (a.l #> '{price,unit_amount_decimal}'::text[]), (a.l #> '{plan,amount}'::text[])), COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) * COALESCE(unified.num((a.l -> 'quantity'::text)), (1)::numeric)) AS amount,
    upper(COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) AS currency,
    stripe.interval_word(COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[]))) AS "interval",
    COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[])) AS interval_raw,
    COALESCE(unified.num((a.l #> '{price,recurring,interval_count}'::text[])), unified.num((a.l #> '{plan,interval_count}'::text[]))) AS interval_count,
    unified.epoch((a.l -> 'current_period_start'::text)) AS current_period_start,
    unified.epoch((a.l -> 'current_period_end'::text)) AS current_period_end,
    'subscription_items'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN ((stripe.text((a.l -> 'id'::text)) IS NOT NULL) AND (COALESCE(stripe.ref((a.l -> 'price'::text)), stripe.ref((a.l -> 'plan'::text))) IS NOT NULL) AND (stripe.unit(COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) IS NOT NULL) AND (stripe.interval_word(COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[]))) IS DISTINCT FROM 'unknown'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(jsonb_build_array('platform_id', 'reference_missing', (a.l -> 'id'::text), (stripe.text((a.l -> 'id'::text)) IS NULL)), jsonb_build_array('plan_platform_id', 'reference_missing', COALESCE((a.l -> 'price'::text), (a.l -> 'plan'::text)), (COALESCE(stripe.ref((a.l -> 'price'::text)), stripe.ref((a.l -> 'plan'::text))) IS NULL)), jsonb_build_array('currency', 'currency_invalid', to_jsonb(COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))), (stripe.unit(COALESCE((a.l #>> '{price,currency}'::text[]), (a.l #>> '{plan,currency}'::text[]))) IS NULL)), jsonb_build_array('interval', 'enum_unknown', to_jsonb(COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[]))), COALESCE((stripe.interval_word(COALESCE((a.l #>> '{price,recurring,interval}'::text[]), (a.l #>> '{plan,interval}'::text[]))) = 'unknown'::text), false)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM (portolan.raw_records r
     JOIN portolan.raw_records q ON (((q.connection_id = r.connection_id) AND (q.resource = 'subscriptions'::text) AND (q.external_id = split_part(r.external_id, '/'::text, 1)) AND ((q.payload #> '{items,has_more}'::text[]) = 'true'::jsonb)))),
    LATERAL jsonb_array_elements(unified.arr((r.payload -> 'data'::text))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'subscription_items'::text) AND (r.deleted_at IS NULL) AND (NOT (EXISTS ( SELECT 1
           FROM portolan.raw_records e
          WHERE ((e.connection_id = r.connection_id) AND (e.resource = 'subscription_items'::text) AND (e.external_id > (q.external_id || '/'::text)) AND (e.external_id < r.external_id) AND (e.deleted_at IS NULL) AND ((e.payload -> 'has_more'::text) = 'false'::jsonb))))));


--
-- Name: subscriptions; Type: VIEW; Schema: stripe; Owner: -
--

CREATE VIEW stripe.subscriptions AS
 SELECT r.connection_id,
    'stripe'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'billing_subscriptions'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, unified.epoch((d.p -> 'created'::text)), unified.epoch((d.p -> 'start'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    stripe.is_test((d.p -> 'livemode'::text)) AS is_test,
    stripe.ref((d.p -> 'customer'::text)) AS customer_platform_id,
    stripe.subscription_status((d.p ->> 'status'::text)) AS status,
    (d.p ->> 'status'::text) AS status_raw,
    upper(COALESCE(stripe.text((d.p -> 'currency'::text)), (d.p #>> '{items,data,0,price,currency}'::text[]), (d.p #>> '{items,data,0,plan,currency}'::text[]), (d.p #>> '{plan,currency}'::text[]))) AS currency,
    COALESCE(unified.epoch((d.p -> 'start_date'::text)), unified.epoch((d.p -> 'start'::text)), unified.epoch((d.p -> 'created'::text))) AS started_at,
    COALESCE(unified.epoch((d.p -> 'current_period_start'::text)),
        CASE
            WHEN (NOT COALESCE(jsonb_path_exists(d.p, '$."items"."data"[*]."current_period_start"?(@ != $"first")'::jsonpath, jsonb_build_object('first', (d.p #> '{items,data,0,current_period_start}'::text[])), true), false)) THEN unified.epoch((d.p #> '{items,data,0,current_period_start}'::text[]))
            ELSE NULL::timestamp with time zone
        END) AS current_period_start,
    COALESCE(unified.epoch((d.p -> 'current_period_end'::text)),
        CASE
            WHEN (NOT COALESCE(jsonb_path_exists(d.p, '$."items"."data"[*]."current_period_end"?(@ != $"first")'::jsonpath, jsonb_build_object('first', (d.p #> '{items,data,0,current_period_end}'::text[])), true), false)) THEN unified.epoch((d.p #> '{items,data,0,current_period_end}'::text[]))
            ELSE NULL::timestamp with time zone
        END) AS current_period_end,
    unified.epoch((d.p -> 'trial_start'::text)) AS trial_start,
    unified.epoch((d.p -> 'trial_end'::text)) AS trial_end,
    unified.bool((d.p -> 'cancel_at_period_end'::text)) AS cancel_at_period_end,
    unified.epoch((d.p -> 'cancel_at'::text)) AS cancel_at,
    unified.epoch((d.p -> 'canceled_at'::text)) AS canceled_at,
    unified.epoch((d.p -> 'ended_at'::text)) AS ended_at,
    (jsonb_typeof((d.p -> 'pause_collection'::text)) = 'object'::text) AS is_collection_paused,
    unified.epoch((d.p #> '{pause_collection,resumes_at}'::text[])) AS pause_resumes_at,
    stripe.collection_method(COALESCE((d.p ->> 'collection_method'::text), (d.p ->> 'billing'::text))) AS collection_method,
    COALESCE((d.p ->> 'collection_method'::text), (d.p ->> 'billing'::text)) AS collection_method_raw,
        CASE
            WHEN ((d.p ->> 'status'::text) = ANY (ARRAY['canceled'::text, 'incomplete_expired'::text])) THEN false
            WHEN ((d.p -> 'cancel_at_period_end'::text) = 'true'::jsonb) THEN false
            WHEN (unified.epoch((d.p -> 'cancel_at'::text)) IS NOT NULL) THEN false
            WHEN ((d.p -> 'cancel_at_period_end'::text) = 'false'::jsonb) THEN true
            ELSE NULL::boolean
        END AS auto_renew,
        CASE
            WHEN ((d.p #> '{items,has_more}'::text[]) = 'false'::jsonb) THEN ( SELECT
                    CASE
                        WHEN (bool_and((x.m IS NOT NULL)) AND (count(DISTINCT x.c) = 1)) THEN round(sum(x.m), 4)
                        ELSE NULL::numeric
                    END AS "case"
               FROM ( SELECT lower(COALESCE((i.value #>> '{price,currency}'::text[]), (i.value #>> '{plan,currency}'::text[]))) AS c,
                        (((stripe.money(COALESCE(NULLIF((i.value #> '{price,unit_amount}'::text[]), 'null'::jsonb), (i.value #> '{price,unit_amount_decimal}'::text[]), (i.value #> '{plan,amount}'::text[])), COALESCE((i.value #>> '{price,currency}'::text[]), (i.value #>> '{plan,currency}'::text[]))) * COALESCE(unified.num((i.value -> 'quantity'::text)), (1)::numeric)) *
                            CASE COALESCE((i.value #>> '{price,recurring,interval}'::text[]), (i.value #>> '{plan,interval}'::text[]))
                                WHEN 'month'::text THEN (1)::numeric
                                WHEN 'year'::text THEN ((1)::numeric / (12)::numeric)
                                WHEN 'week'::text THEN ((52)::numeric / (12)::numeric)
                                WHEN 'day'::text THEN ((365)::numeric / (12)::numeric)
                                ELSE NULL::numeric
                            END) / NULLIF(COALESCE(unified.num(COALESCE((i.value #> '{price,recurring,interval_count}'::text[]), (i.value #> '{plan,interval_count}'::text[]))), (1)::numeric), (0)::numeric)) AS m
                       FROM jsonb_array_elements(unified.arr((d.p #> '{items,data}'::text[]))) i(value)) x)
            ELSE NULL::numeric
        END AS mrr_amount,
    (d.p #>> '{cancellation_details,reason}'::text[]) AS cancel_reason,
    stripe.ref((d.p -> 'latest_invoice'::text)) AS latest_invoice_platform_id,
        CASE
            WHEN ((d.p #> '{items,has_more}'::text[]) = 'true'::jsonb) THEN (EXISTS ( SELECT 1
               FROM portolan.raw_records q
              WHERE ((q.connection_id = r.connection_id) AND (q.resource = 'subscription_items'::text) AND (q.external_id > (r.external_id || '/'::text)) AND (q.external_id < (r.external_id || '0'::text)) AND (q.deleted_at IS NULL) AND ((q.payload -> 'has_more'::text) = 'false'::jsonb))))
            ELSE ((jsonb_typeof((d.p #> '{items,data}'::text[])) = 'array'::text) OR (jsonb_typeof((d.p -> 'items'::text)) = 'array'::text))
        END AS items_complete,
    'subscriptions'::text AS raw_resource,
    1 AS mapping_version,
        CASE
            WHEN (((d.p ->> 'status'::text) <> ''::text) AND (stripe.subscription_status((d.p ->> 'status'::text)) IS DISTINCT FROM 'unknown'::text) AND (stripe.ref((d.p -> 'customer'::text)) IS NOT NULL) AND ((COALESCE((d.p ->> 'currency'::text), ''::text) = ''::text) OR (stripe.unit((d.p ->> 'currency'::text)) IS NOT NULL)) AND (jsonb_typeof((d.p -> 'items'::text)) = 'object'::text) AND (NOT r.sanitised)) THEN '[]'::jsonb
            ELSE (unified.problems(jsonb_build_array(jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (COALESCE(stripe.subscription_status((d.p ->> 'status'::text)), 'unknown'::text) = 'unknown'::text)), jsonb_build_array('customer_platform_id', 'reference_missing', (d.p -> 'customer'::text), (stripe.ref((d.p -> 'customer'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (d.p -> 'currency'::text), ((COALESCE((d.p ->> 'currency'::text), ''::text) <> ''::text) AND (stripe.unit((d.p ->> 'currency'::text)) IS NULL))), jsonb_build_array('items', 'typecast_error', (d.p -> 'items'::text), COALESCE((jsonb_typeof((d.p -> 'items'::text)) <> 'object'::text), true)))) || stripe.sanitised(r.sanitised))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'stripe'::text) AND (r.resource = 'subscriptions'::text));


--
-- Name: billing_invoice_lines; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.billing_invoice_lines AS
 SELECT line_items.connection_id,
    line_items.platform,
    line_items.platform_id,
    line_items.id,
    NULL::text AS platform_parent_id,
    line_items.platform_created_at,
    line_items.platform_updated_at,
    line_items.first_seen_at,
    line_items.changed_at,
    line_items.fetched_at,
    line_items.is_deleted,
    line_items.deleted_at,
    line_items.deletion_source,
    NULL::boolean AS is_test,
    line_items.raw_resource,
    line_items.mapping_version,
    line_items.issues,
    line_items.invoice_id,
    line_items.invoice_platform_id,
    NULL::numeric AS line_index,
    line_items.plan_platform_id,
    line_items.product_platform_id,
    line_items.subscription_platform_id,
    line_items.description,
    line_items.quantity,
    line_items.unit_amount,
    line_items.amount,
    line_items.currency,
    line_items.proration,
    line_items.period_start,
    line_items.period_end,
    line_items.type,
    line_items.type_raw
   FROM recurly.line_items
UNION ALL
 SELECT invoice_lines.connection_id,
    invoice_lines.platform,
    invoice_lines.platform_id,
    invoice_lines.id,
    invoice_lines.platform_parent_id,
    invoice_lines.platform_created_at,
    invoice_lines.platform_updated_at,
    invoice_lines.first_seen_at,
    invoice_lines.changed_at,
    invoice_lines.fetched_at,
    invoice_lines.is_deleted,
    invoice_lines.deleted_at,
    invoice_lines.deletion_source,
    invoice_lines.is_test,
    invoice_lines.raw_resource,
    invoice_lines.mapping_version,
    invoice_lines.issues,
    invoice_lines.invoice_id,
    invoice_lines.invoice_platform_id,
    invoice_lines.line_index,
    invoice_lines.plan_platform_id,
    invoice_lines.product_platform_id,
    invoice_lines.subscription_platform_id,
    invoice_lines.description,
    invoice_lines.quantity,
    invoice_lines.unit_amount,
    invoice_lines.amount,
    invoice_lines.currency,
    invoice_lines.proration,
    invoice_lines.period_start,
    invoice_lines.period_end,
    invoice_lines.type,
    invoice_lines.type_raw
   FROM stripe.invoice_lines;


--
-- Name: VIEW billing_invoice_lines; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.billing_invoice_lines IS 'What an invoice asks money for.';


--
-- Name: COLUMN billing_invoice_lines.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN billing_invoice_lines.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN billing_invoice_lines.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN billing_invoice_lines.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN billing_invoice_lines.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN billing_invoice_lines.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN billing_invoice_lines.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN billing_invoice_lines.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.first_seen_at IS 'first stored here';


--
-- Name: COLUMN billing_invoice_lines.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN billing_invoice_lines.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN billing_invoice_lines.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN billing_invoice_lines.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN billing_invoice_lines.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN billing_invoice_lines.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN billing_invoice_lines.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN billing_invoice_lines.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN billing_invoice_lines.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN billing_invoice_lines.invoice_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.invoice_id IS 'the billing_invoices row it belongs to';


--
-- Name: COLUMN billing_invoice_lines.invoice_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.invoice_platform_id IS 'the invoice''s own identifier';


--
-- Name: COLUMN billing_invoice_lines.line_index; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.line_index IS 'place in the platform''s list, from 0';


--
-- Name: COLUMN billing_invoice_lines.plan_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.plan_platform_id IS 'the billing_plans row';


--
-- Name: COLUMN billing_invoice_lines.product_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.product_platform_id IS 'the commerce_products row';


--
-- Name: COLUMN billing_invoice_lines.subscription_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.subscription_platform_id IS 'the billing_subscriptions row';


--
-- Name: COLUMN billing_invoice_lines.unit_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.unit_amount IS 'major units';


--
-- Name: COLUMN billing_invoice_lines.amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.amount IS 'signed: a credit, as for unused time, is negative';


--
-- Name: COLUMN billing_invoice_lines.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN billing_invoice_lines.proration; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.proration IS 'for a part of a period, because something changed in it';


--
-- Name: COLUMN billing_invoice_lines.type; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.type IS 'subscription, invoice_item, adjustment, tax, discount, fee, unknown';


--
-- Name: COLUMN billing_invoice_lines.type_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoice_lines.type_raw IS 'the platform''s own word';


--
-- Name: billing_invoices; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.billing_invoices AS
 SELECT invoices.connection_id,
    invoices.platform,
    invoices.platform_id,
    invoices.id,
    NULL::text AS platform_parent_id,
    invoices.platform_created_at,
    invoices.platform_updated_at,
    invoices.first_seen_at,
    invoices.changed_at,
    invoices.fetched_at,
    invoices.is_deleted,
    invoices.deleted_at,
    invoices.deletion_source,
    NULL::boolean AS is_test,
    invoices.raw_resource,
    invoices.mapping_version,
    invoices.issues,
    invoices.subscription_platform_id,
    invoices.customer_platform_id,
    invoices.customer_email,
    invoices.number,
    invoices.status,
    invoices.status_raw,
    invoices.reason,
    invoices.reason_raw,
    invoices.issued_at,
    invoices.due_at,
    invoices.paid_at,
    NULL::timestamp with time zone AS period_start,
    NULL::timestamp with time zone AS period_end,
    invoices.subtotal_amount,
    invoices.discount_amount,
    invoices.tax_amount,
    invoices.total_amount,
    invoices.amount_paid,
    invoices.amount_due,
    invoices.currency,
    NULL::numeric AS attempt_count,
    NULL::timestamp with time zone AS next_attempt_at,
    NULL::boolean AS lines_complete
   FROM recurly.invoices
UNION ALL
 SELECT invoices.connection_id,
    invoices.platform,
    invoices.platform_id,
    invoices.id,
    NULL::text AS platform_parent_id,
    invoices.platform_created_at,
    invoices.platform_updated_at,
    invoices.first_seen_at,
    invoices.changed_at,
    invoices.fetched_at,
    invoices.is_deleted,
    invoices.deleted_at,
    invoices.deletion_source,
    invoices.is_test,
    invoices.raw_resource,
    invoices.mapping_version,
    invoices.issues,
    invoices.subscription_platform_id,
    invoices.customer_platform_id,
    invoices.customer_email,
    invoices.number,
    invoices.status,
    invoices.status_raw,
    invoices.reason,
    invoices.reason_raw,
    invoices.issued_at,
    invoices.due_at,
    invoices.paid_at,
    invoices.period_start,
    invoices.period_end,
    invoices.subtotal_amount,
    invoices.discount_amount,
    invoices.tax_amount,
    invoices.total_amount,
    invoices.amount_paid,
    invoices.amount_due,
    invoices.currency,
    invoices.attempt_count,
    invoices.next_attempt_at,
    invoices.lines_complete
   FROM stripe.invoices;


--
-- Name: VIEW billing_invoices; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.billing_invoices IS 'What a customer of a subscription business is asked to pay. Amounts in major units.';


--
-- Name: COLUMN billing_invoices.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN billing_invoices.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN billing_invoices.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN billing_invoices.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN billing_invoices.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN billing_invoices.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN billing_invoices.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN billing_invoices.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.first_seen_at IS 'first stored here';


--
-- Name: COLUMN billing_invoices.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN billing_invoices.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN billing_invoices.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN billing_invoices.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN billing_invoices.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN billing_invoices.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN billing_invoices.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN billing_invoices.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN billing_invoices.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN billing_invoices.subscription_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.subscription_platform_id IS 'the billing_subscriptions row it is for';


--
-- Name: COLUMN billing_invoices.customer_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.customer_platform_id IS 'the commerce_customers row that pays';


--
-- Name: COLUMN billing_invoices.customer_email; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.customer_email IS 'pii';


--
-- Name: COLUMN billing_invoices.number; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.number IS 'what people see; NULL while a draft';


--
-- Name: COLUMN billing_invoices.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.status IS 'draft, open, paid, past_due, failed, uncollectible, void, refunded, unknown';


--
-- Name: COLUMN billing_invoices.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN billing_invoices.reason; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.reason IS 'creation, renewal, update, manual, unknown';


--
-- Name: COLUMN billing_invoices.reason_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.reason_raw IS 'the platform''s own word';


--
-- Name: COLUMN billing_invoices.issued_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.issued_at IS 'NULL while a draft';


--
-- Name: COLUMN billing_invoices.subtotal_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.subtotal_amount IS 'lines before discounts and tax';


--
-- Name: COLUMN billing_invoices.discount_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.discount_amount IS 'positive';


--
-- Name: COLUMN billing_invoices.total_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.total_amount IS 'may be negative: then it becomes the customer''s credit';


--
-- Name: COLUMN billing_invoices.amount_due; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.amount_due IS 'still owed';


--
-- Name: COLUMN billing_invoices.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN billing_invoices.attempt_count; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.attempt_count IS 'attempts to collect so far';


--
-- Name: COLUMN billing_invoices.lines_complete; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_invoices.lines_complete IS 'false when only part of the lines is here';


--
-- Name: billing_plans; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.billing_plans AS
 SELECT plans.connection_id,
    plans.platform,
    plans.platform_id,
    plans.id,
    plans.platform_parent_id,
    plans.platform_created_at,
    plans.platform_updated_at,
    plans.first_seen_at,
    plans.changed_at,
    plans.fetched_at,
    plans.is_deleted,
    plans.deleted_at,
    plans.deletion_source,
    NULL::boolean AS is_test,
    plans.raw_resource,
    plans.mapping_version,
    plans.issues,
    plans.name,
    plans.code,
    NULL::text AS product_platform_id,
    plans.status,
    plans.status_raw,
    plans.is_recurring,
    plans."interval",
    plans.interval_raw,
    plans.interval_count,
    plans.amount,
    plans.currency,
    plans.pricing_model,
    plans.pricing_model_raw,
    plans.tiers,
    plans.setup_fee_amount,
    plans.trial_days,
    plans.total_cycles,
    plans.tax_inclusive
   FROM recurly.plans
UNION ALL
 SELECT plans.connection_id,
    plans.platform,
    plans.platform_id,
    plans.id,
    NULL::text AS platform_parent_id,
    plans.platform_created_at,
    plans.platform_updated_at,
    plans.first_seen_at,
    plans.changed_at,
    plans.fetched_at,
    plans.is_deleted,
    plans.deleted_at,
    plans.deletion_source,
    plans.is_test,
    plans.raw_resource,
    plans.mapping_version,
    plans.issues,
    plans.name,
    plans.code,
    plans.product_platform_id,
    plans.status,
    plans.status_raw,
    plans.is_recurring,
    plans."interval",
    plans.interval_raw,
    plans.interval_count,
    plans.amount,
    plans.currency,
    plans.pricing_model,
    plans.pricing_model_raw,
    plans.tiers,
    NULL::numeric AS setup_fee_amount,
    plans.trial_days,
    NULL::numeric AS total_cycles,
    plans.tax_inclusive
   FROM stripe.plans
UNION ALL
 SELECT prices.connection_id,
    prices.platform,
    prices.platform_id,
    prices.id,
    NULL::text AS platform_parent_id,
    prices.platform_created_at,
    prices.platform_updated_at,
    prices.first_seen_at,
    prices.changed_at,
    prices.fetched_at,
    prices.is_deleted,
    prices.deleted_at,
    prices.deletion_source,
    prices.is_test,
    prices.raw_resource,
    prices.mapping_version,
    prices.issues,
    prices.name,
    prices.code,
    prices.product_platform_id,
    prices.status,
    prices.status_raw,
    prices.is_recurring,
    prices."interval",
    prices.interval_raw,
    prices.interval_count,
    prices.amount,
    prices.currency,
    prices.pricing_model,
    prices.pricing_model_raw,
    prices.tiers,
    NULL::numeric AS setup_fee_amount,
    prices.trial_days,
    NULL::numeric AS total_cycles,
    prices.tax_inclusive
   FROM stripe.prices;


--
-- Name: VIEW billing_plans; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.billing_plans IS 'What is sold again and again, or once, and for how much: one row a currency. Stripe''s price, Recurly''s plan.';


--
-- Name: COLUMN billing_plans.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN billing_plans.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN billing_plans.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN billing_plans.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN billing_plans.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN billing_plans.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN billing_plans.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN billing_plans.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.first_seen_at IS 'first stored here';


--
-- Name: COLUMN billing_plans.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN billing_plans.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN billing_plans.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN billing_plans.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN billing_plans.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN billing_plans.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN billing_plans.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN billing_plans.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN billing_plans.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN billing_plans.name; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.name IS 'what people see';


--
-- Name: COLUMN billing_plans.code; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.code IS 'the merchant''s own key for it';


--
-- Name: COLUMN billing_plans.product_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.product_platform_id IS 'the commerce_products row it is a price of';


--
-- Name: COLUMN billing_plans.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.status IS 'active, inactive, draft, unknown';


--
-- Name: COLUMN billing_plans.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN billing_plans.is_recurring; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.is_recurring IS 'false for what is paid once';


--
-- Name: COLUMN billing_plans."interval"; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans."interval" IS 'day, week, month, year, unknown; NULL for what is paid once';


--
-- Name: COLUMN billing_plans.interval_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.interval_raw IS 'the platform''s own word';


--
-- Name: COLUMN billing_plans.interval_count; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.interval_count IS 'intervals from one payment to the next: a quarter is 3 months';


--
-- Name: COLUMN billing_plans.amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.amount IS 'for one unit and one period, in major units; NULL for tiered prices';


--
-- Name: COLUMN billing_plans.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN billing_plans.pricing_model; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.pricing_model IS 'flat, per_unit, tiered, volume, stairstep, metered, unknown';


--
-- Name: COLUMN billing_plans.pricing_model_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.pricing_model_raw IS 'the platform''s own word';


--
-- Name: COLUMN billing_plans.tiers; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.tiers IS 'as the platform has them; NULL where they were not fetched';


--
-- Name: COLUMN billing_plans.setup_fee_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.setup_fee_amount IS 'once, at the beginning';


--
-- Name: COLUMN billing_plans.total_cycles; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.total_cycles IS 'payments until it ends by itself; NULL for no end';


--
-- Name: COLUMN billing_plans.tax_inclusive; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_plans.tax_inclusive IS 'amount includes tax; NULL where it is left open';


--
-- Name: billing_subscription_items; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.billing_subscription_items AS
 SELECT subscription_items.connection_id,
    subscription_items.platform,
    subscription_items.platform_id,
    subscription_items.id,
    subscription_items.platform_parent_id,
    subscription_items.platform_created_at,
    subscription_items.platform_updated_at,
    subscription_items.first_seen_at,
    subscription_items.changed_at,
    subscription_items.fetched_at,
    subscription_items.is_deleted,
    subscription_items.deleted_at,
    subscription_items.deletion_source,
    NULL::boolean AS is_test,
    subscription_items.raw_resource,
    subscription_items.mapping_version,
    subscription_items.issues,
    subscription_items.subscription_id,
    subscription_items.subscription_platform_id,
    subscription_items.item_index,
    subscription_items.plan_platform_id,
    subscription_items.product_platform_id,
    subscription_items.quantity,
    subscription_items.unit_amount,
    subscription_items.amount,
    subscription_items.currency,
    subscription_items."interval",
    subscription_items.interval_raw,
    subscription_items.interval_count,
    subscription_items.current_period_start,
    subscription_items.current_period_end
   FROM recurly.subscription_items
UNION ALL
 SELECT subscription_items.connection_id,
    subscription_items.platform,
    subscription_items.platform_id,
    subscription_items.id,
    subscription_items.platform_parent_id,
    subscription_items.platform_created_at,
    subscription_items.platform_updated_at,
    subscription_items.first_seen_at,
    subscription_items.changed_at,
    subscription_items.fetched_at,
    subscription_items.is_deleted,
    subscription_items.deleted_at,
    subscription_items.deletion_source,
    subscription_items.is_test,
    subscription_items.raw_resource,
    subscription_items.mapping_version,
    subscription_items.issues,
    subscription_items.subscription_id,
    subscription_items.subscription_platform_id,
    subscription_items.item_index,
    subscription_items.plan_platform_id,
    subscription_items.product_platform_id,
    subscription_items.quantity,
    subscription_items.unit_amount,
    subscription_items.amount,
    subscription_items.currency,
    subscription_items."interval",
    subscription_items.interval_raw,
    subscription_items.interval_count,
    subscription_items.current_period_start,
    subscription_items.current_period_end
   FROM stripe.subscription_items;


--
-- Name: VIEW billing_subscription_items; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.billing_subscription_items IS 'What a subscription consists of.';


--
-- Name: COLUMN billing_subscription_items.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN billing_subscription_items.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN billing_subscription_items.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN billing_subscription_items.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN billing_subscription_items.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN billing_subscription_items.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN billing_subscription_items.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN billing_subscription_items.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.first_seen_at IS 'first stored here';


--
-- Name: COLUMN billing_subscription_items.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN billing_subscription_items.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN billing_subscription_items.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN billing_subscription_items.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN billing_subscription_items.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN billing_subscription_items.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN billing_subscription_items.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN billing_subscription_items.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN billing_subscription_items.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN billing_subscription_items.subscription_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.subscription_id IS 'the billing_subscriptions row it belongs to';


--
-- Name: COLUMN billing_subscription_items.subscription_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.subscription_platform_id IS 'the subscription''s own identifier';


--
-- Name: COLUMN billing_subscription_items.item_index; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.item_index IS 'place in the platform''s list, from 0';


--
-- Name: COLUMN billing_subscription_items.plan_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.plan_platform_id IS 'the billing_plans row';


--
-- Name: COLUMN billing_subscription_items.product_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.product_platform_id IS 'the commerce_products row';


--
-- Name: COLUMN billing_subscription_items.quantity; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.quantity IS 'NULL where usage is metered';


--
-- Name: COLUMN billing_subscription_items.unit_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.unit_amount IS 'major units; NULL where the platform does not show it, as for tiers';


--
-- Name: COLUMN billing_subscription_items.amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.amount IS 'quantity times unit_amount';


--
-- Name: COLUMN billing_subscription_items.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN billing_subscription_items."interval"; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items."interval" IS 'day, week, month, year, unknown';


--
-- Name: COLUMN billing_subscription_items.interval_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscription_items.interval_raw IS 'the platform''s own word';


--
-- Name: billing_subscriptions; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.billing_subscriptions AS
 SELECT subscriptions.connection_id,
    subscriptions.platform,
    subscriptions.platform_id,
    subscriptions.id,
    NULL::text AS platform_parent_id,
    subscriptions.platform_created_at,
    subscriptions.platform_updated_at,
    subscriptions.first_seen_at,
    subscriptions.changed_at,
    subscriptions.fetched_at,
    subscriptions.is_deleted,
    subscriptions.deleted_at,
    subscriptions.deletion_source,
    NULL::boolean AS is_test,
    subscriptions.raw_resource,
    subscriptions.mapping_version,
    subscriptions.issues,
    subscriptions.customer_platform_id,
    subscriptions.status,
    subscriptions.status_raw,
    subscriptions.currency,
    subscriptions.started_at,
    subscriptions.current_period_start,
    subscriptions.current_period_end,
    subscriptions.trial_start,
    subscriptions.trial_end,
    subscriptions.cancel_at_period_end,
    subscriptions.cancel_at,
    subscriptions.canceled_at,
    subscriptions.ended_at,
    NULL::boolean AS is_collection_paused,
    subscriptions.paused_at,
    subscriptions.pause_resumes_at,
    subscriptions.collection_method,
    subscriptions.collection_method_raw,
    subscriptions.auto_renew,
    subscriptions.billing_cycles_total,
    subscriptions.billing_cycles_remaining,
    subscriptions.mrr_amount,
    subscriptions.cancel_reason,
    subscriptions.latest_invoice_platform_id,
    subscriptions.items_complete
   FROM recurly.subscriptions
UNION ALL
 SELECT subscriptions.connection_id,
    subscriptions.platform,
    subscriptions.platform_id,
    subscriptions.id,
    NULL::text AS platform_parent_id,
    subscriptions.platform_created_at,
    subscriptions.platform_updated_at,
    subscriptions.first_seen_at,
    subscriptions.changed_at,
    subscriptions.fetched_at,
    subscriptions.is_deleted,
    subscriptions.deleted_at,
    subscriptions.deletion_source,
    subscriptions.is_test,
    subscriptions.raw_resource,
    subscriptions.mapping_version,
    subscriptions.issues,
    subscriptions.customer_platform_id,
    subscriptions.status,
    subscriptions.status_raw,
    subscriptions.currency,
    subscriptions.started_at,
    subscriptions.current_period_start,
    subscriptions.current_period_end,
    subscriptions.trial_start,
    subscriptions.trial_end,
    subscriptions.cancel_at_period_end,
    subscriptions.cancel_at,
    subscriptions.canceled_at,
    subscriptions.ended_at,
    subscriptions.is_collection_paused,
    NULL::timestamp with time zone AS paused_at,
    subscriptions.pause_resumes_at,
    subscriptions.collection_method,
    subscriptions.collection_method_raw,
    subscriptions.auto_renew,
    NULL::numeric AS billing_cycles_total,
    NULL::numeric AS billing_cycles_remaining,
    subscriptions.mrr_amount,
    subscriptions.cancel_reason,
    subscriptions.latest_invoice_platform_id,
    subscriptions.items_complete
   FROM stripe.subscriptions;


--
-- Name: VIEW billing_subscriptions; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.billing_subscriptions IS 'An agreement to pay again and again.';


--
-- Name: COLUMN billing_subscriptions.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN billing_subscriptions.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN billing_subscriptions.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN billing_subscriptions.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN billing_subscriptions.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN billing_subscriptions.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN billing_subscriptions.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN billing_subscriptions.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.first_seen_at IS 'first stored here';


--
-- Name: COLUMN billing_subscriptions.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN billing_subscriptions.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN billing_subscriptions.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN billing_subscriptions.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN billing_subscriptions.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN billing_subscriptions.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN billing_subscriptions.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN billing_subscriptions.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN billing_subscriptions.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN billing_subscriptions.customer_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.customer_platform_id IS 'the commerce_customers row that pays';


--
-- Name: COLUMN billing_subscriptions.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.status IS 'pending, trialing, active, past_due, paused, canceled, expired, unknown';


--
-- Name: COLUMN billing_subscriptions.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN billing_subscriptions.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN billing_subscriptions.current_period_start; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.current_period_start IS 'NULL where the items have periods of their own that differ';


--
-- Name: COLUMN billing_subscriptions.current_period_end; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.current_period_end IS 'likewise';


--
-- Name: COLUMN billing_subscriptions.cancel_at_period_end; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.cancel_at_period_end IS 'ends with the period under way';


--
-- Name: COLUMN billing_subscriptions.cancel_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.cancel_at IS 'when it will end';


--
-- Name: COLUMN billing_subscriptions.canceled_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.canceled_at IS 'when the wish to end it was stated';


--
-- Name: COLUMN billing_subscriptions.ended_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.ended_at IS 'when it really ended';


--
-- Name: COLUMN billing_subscriptions.is_collection_paused; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.is_collection_paused IS 'goes on, but no money is collected for now';


--
-- Name: COLUMN billing_subscriptions.pause_resumes_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.pause_resumes_at IS 'when the pause ends by itself';


--
-- Name: COLUMN billing_subscriptions.collection_method; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.collection_method IS 'automatic, manual, unknown';


--
-- Name: COLUMN billing_subscriptions.collection_method_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.collection_method_raw IS 'the platform''s own word';


--
-- Name: COLUMN billing_subscriptions.auto_renew; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.auto_renew IS 'false once it is to end';


--
-- Name: COLUMN billing_subscriptions.mrr_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.mrr_amount IS 'what one month brings at today''s prices, before discounts and tax; NULL for tiered prices';


--
-- Name: COLUMN billing_subscriptions.cancel_reason; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.cancel_reason IS 'the platform''s own word';


--
-- Name: COLUMN billing_subscriptions.latest_invoice_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.latest_invoice_platform_id IS 'the billing_invoices row made last';


--
-- Name: COLUMN billing_subscriptions.items_complete; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.billing_subscriptions.items_complete IS 'false when only part of the items is here';


--
-- Name: customers; Type: VIEW; Schema: woocommerce; Owner: -
--

CREATE VIEW woocommerce.customers AS
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_customers'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, woocommerce.ts((d.p -> 'date_created_gmt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'customers'::text AS raw_resource,
    1 AS mapping_version,
    woocommerce.text((d.p -> 'email'::text)) AS email,
    woocommerce.text((d.p #> '{billing,phone}'::text[])) AS phone,
    woocommerce.plain((d.p -> 'first_name'::text)) AS first_name,
    woocommerce.plain((d.p -> 'last_name'::text)) AS last_name,
    woocommerce.plain((d.p #> '{billing,company}'::text[])) AS company_name,
    COALESCE(NULLIF(concat_ws(' '::text, woocommerce.plain((d.p -> 'first_name'::text)), woocommerce.plain((d.p -> 'last_name'::text))), ''::text), woocommerce.text((d.p -> 'username'::text))) AS display_name,
    woocommerce.address((d.p -> 'billing'::text), 'billing'::text) AS default_address,
    to_jsonb(array_remove(ARRAY[woocommerce.address((d.p -> 'billing'::text), 'billing'::text), woocommerce.address((d.p -> 'shipping'::text), 'shipping'::text)], NULL::jsonb)) AS addresses,
        CASE
            WHEN ((NOT r.sanitised) AND (woocommerce.text((d.p -> 'email'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('email', 'typecast_error', (d.p -> 'email'::text), (woocommerce.text((d.p -> 'email'::text)) IS NULL))))
        END AS issues,
    woocommerce.text((d.p -> 'role'::text)) AS role,
    woocommerce.text((d.p -> 'username'::text)) AS username
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'customers'::text));


--
-- Name: commerce_customers; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.commerce_customers AS
 SELECT customers.connection_id,
    customers.platform,
    customers.platform_id,
    customers.id,
    NULL::text AS platform_parent_id,
    customers.platform_created_at,
    customers.platform_updated_at,
    customers.first_seen_at,
    customers.changed_at,
    customers.fetched_at,
    customers.is_deleted,
    customers.deleted_at,
    customers.deletion_source,
    NULL::boolean AS is_test,
    customers.raw_resource,
    customers.mapping_version,
    customers.issues,
    customers.email,
    customers.phone,
    customers.first_name,
    customers.last_name,
    NULL::text AS company_name,
    customers.display_name,
    NULL::text AS default_currency,
    NULL::jsonb AS default_address,
    NULL::jsonb AS addresses,
    customers.note,
    NULL::text[] AS tags,
    NULL::boolean AS accepts_marketing,
    customers.status,
    customers.status_raw,
    NULL::numeric AS orders_count,
    NULL::numeric AS total_spent_amount,
    NULL::text AS currency,
    NULL::numeric AS balance_amount,
    NULL::boolean AS tax_exempt,
    customers.locale,
    NULL::text AS merged_into_platform_id
   FROM pretix.customers
UNION ALL
 SELECT accounts.connection_id,
    accounts.platform,
    accounts.platform_id,
    accounts.id,
    NULL::text AS platform_parent_id,
    accounts.platform_created_at,
    accounts.platform_updated_at,
    accounts.first_seen_at,
    accounts.changed_at,
    accounts.fetched_at,
    accounts.is_deleted,
    accounts.deleted_at,
    accounts.deletion_source,
    NULL::boolean AS is_test,
    accounts.raw_resource,
    accounts.mapping_version,
    accounts.issues,
    accounts.email,
    accounts.phone,
    accounts.first_name,
    accounts.last_name,
    accounts.company_name,
    accounts.display_name,
    NULL::text AS default_currency,
    accounts.default_address,
    accounts.addresses,
    NULL::text AS note,
    NULL::text[] AS tags,
    NULL::boolean AS accepts_marketing,
    accounts.status,
    accounts.status_raw,
    NULL::numeric AS orders_count,
    NULL::numeric AS total_spent_amount,
    NULL::text AS currency,
    NULL::numeric AS balance_amount,
    accounts.tax_exempt,
    accounts.locale,
    NULL::text AS merged_into_platform_id
   FROM recurly.accounts
UNION ALL
 SELECT customers.connection_id,
    customers.platform,
    customers.platform_id,
    customers.id,
    NULL::text AS platform_parent_id,
    customers.platform_created_at,
    customers.platform_updated_at,
    customers.first_seen_at,
    customers.changed_at,
    customers.fetched_at,
    customers.is_deleted,
    customers.deleted_at,
    customers.deletion_source,
    NULL::boolean AS is_test,
    customers.raw_resource,
    customers.mapping_version,
    customers.issues,
    customers.email,
    customers.phone,
    customers.first_name,
    customers.last_name,
    customers.company_name,
    customers.display_name,
    NULL::text AS default_currency,
    customers.default_address,
    customers.addresses,
    customers.note,
    customers.tags,
    customers.accepts_marketing,
    customers.status,
    customers.status_raw,
    customers.orders_count,
    customers.total_spent_amount,
    customers.currency,
    NULL::numeric AS balance_amount,
    customers.tax_exempt,
    customers.locale,
    NULL::text AS merged_into_platform_id
   FROM shopify.customers
UNION ALL
 SELECT customers.connection_id,
    customers.platform,
    customers.platform_id,
    customers.id,
    NULL::text AS platform_parent_id,
    customers.platform_created_at,
    customers.platform_updated_at,
    customers.first_seen_at,
    customers.changed_at,
    customers.fetched_at,
    customers.is_deleted,
    customers.deleted_at,
    customers.deletion_source,
    customers.is_test,
    customers.raw_resource,
    customers.mapping_version,
    customers.issues,
    customers.email,
    customers.phone,
    NULL::text AS first_name,
    NULL::text AS last_name,
    NULL::text AS company_name,
    customers.display_name,
    customers.default_currency,
    customers.default_address,
    customers.addresses,
    customers.note,
    NULL::text[] AS tags,
    NULL::boolean AS accepts_marketing,
    NULL::text AS status,
    NULL::text AS status_raw,
    NULL::numeric AS orders_count,
    NULL::numeric AS total_spent_amount,
    customers.currency,
    customers.balance_amount,
    customers.tax_exempt,
    customers.locale,
    NULL::text AS merged_into_platform_id
   FROM stripe.customers
UNION ALL
 SELECT customers.connection_id,
    customers.platform,
    customers.platform_id,
    customers.id,
    NULL::text AS platform_parent_id,
    customers.platform_created_at,
    customers.platform_updated_at,
    customers.first_seen_at,
    customers.changed_at,
    customers.fetched_at,
    customers.is_deleted,
    customers.deleted_at,
    customers.deletion_source,
    NULL::boolean AS is_test,
    customers.raw_resource,
    customers.mapping_version,
    customers.issues,
    customers.email,
    customers.phone,
    customers.first_name,
    customers.last_name,
    customers.company_name,
    customers.display_name,
    NULL::text AS default_currency,
    customers.default_address,
    customers.addresses,
    NULL::text AS note,
    NULL::text[] AS tags,
    NULL::boolean AS accepts_marketing,
    NULL::text AS status,
    NULL::text AS status_raw,
    NULL::numeric AS orders_count,
    NULL::numeric AS total_spent_amount,
    NULL::text AS currency,
    NULL::numeric AS balance_amount,
    NULL::boolean AS tax_exempt,
    NULL::text AS locale,
    NULL::text AS merged_into_platform_id
   FROM woocommerce.customers;


--
-- Name: VIEW commerce_customers; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.commerce_customers IS 'Who buys: accounts and, where the platform keeps them, guests with a record of their own.';


--
-- Name: COLUMN commerce_customers.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN commerce_customers.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN commerce_customers.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN commerce_customers.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN commerce_customers.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN commerce_customers.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN commerce_customers.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN commerce_customers.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.first_seen_at IS 'first stored here';


--
-- Name: COLUMN commerce_customers.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN commerce_customers.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN commerce_customers.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN commerce_customers.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN commerce_customers.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN commerce_customers.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN commerce_customers.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN commerce_customers.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN commerce_customers.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN commerce_customers.email; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.email IS 'pii';


--
-- Name: COLUMN commerce_customers.phone; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.phone IS 'pii';


--
-- Name: COLUMN commerce_customers.first_name; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.first_name IS 'pii';


--
-- Name: COLUMN commerce_customers.last_name; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.last_name IS 'pii';


--
-- Name: COLUMN commerce_customers.display_name; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.display_name IS 'the name the platform shows; pii';


--
-- Name: COLUMN commerce_customers.default_currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.default_currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN commerce_customers.default_address; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.default_address IS 'address object; pii';


--
-- Name: COLUMN commerce_customers.addresses; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.addresses IS 'array of {name, company, line1, line2, city, region, region_code, postal_code, country_code, country_raw, phone, type}; pii';


--
-- Name: COLUMN commerce_customers.note; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.note IS 'what the merchant wrote to it';


--
-- Name: COLUMN commerce_customers.accepts_marketing; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.accepts_marketing IS 'by e-mail';


--
-- Name: COLUMN commerce_customers.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.status IS 'enabled, disabled, invited, declined, unknown';


--
-- Name: COLUMN commerce_customers.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN commerce_customers.total_spent_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.total_spent_amount IS 'in currency';


--
-- Name: COLUMN commerce_customers.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.currency IS 'ISO 4217, upper case; the currency of total_spent_amount';


--
-- Name: COLUMN commerce_customers.balance_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.balance_amount IS 'signed: what the customer owes (positive) or has as credit (negative), in currency';


--
-- Name: COLUMN commerce_customers.locale; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.locale IS 'e.g. fr-CA';


--
-- Name: COLUMN commerce_customers.merged_into_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_customers.merged_into_platform_id IS 'the customer this one was merged into';


--
-- Name: order_line_items; Type: VIEW; Schema: woocommerce; Owner: -
--

CREATE VIEW woocommerce.order_line_items AS
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    COALESCE(woocommerce.ref((a.l -> 'id'::text)), ((r.external_id || ':product:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, COALESCE(woocommerce.ref((a.l -> 'id'::text)), ((r.external_id || ':product:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    ((a.n - 1))::numeric AS line_index,
    'product'::text AS type,
    (woocommerce.ref((a.l -> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    unified.id(r.connection_id, 'commerce_products'::text, woocommerce.ref((a.l -> 'product_id'::text))) AS product_id,
    woocommerce.ref((a.l -> 'product_id'::text)) AS product_platform_id,
    COALESCE(woocommerce.ref((a.l -> 'variation_id'::text)), woocommerce.ref((a.l -> 'product_id'::text))) AS variant_platform_id,
    woocommerce.text((a.l -> 'sku'::text)) AS sku,
    woocommerce.plain((a.l -> 'name'::text)) AS title,
    unified.num((a.l -> 'quantity'::text)) AS quantity,
    woocommerce.quotient(unified.num((a.l -> 'subtotal'::text)), unified.num((a.l -> 'quantity'::text))) AS unit_amount,
    (unified.num((a.l -> 'subtotal'::text)) - unified.num((a.l -> 'total'::text))) AS discount_amount,
    unified.num((a.l -> 'total_tax'::text)) AS tax_amount,
    unified.num((a.l -> 'total'::text)) AS total_amount,
    woocommerce.currency((r.payload ->> 'currency'::text)) AS currency,
    woocommerce.taxes((a.l -> 'taxes'::text)) AS taxes,
        CASE
            WHEN ((NOT r.sanitised) AND (woocommerce.ref((a.l -> 'id'::text)) IS NOT NULL) AND (unified.num((a.l -> 'quantity'::text)) IS NOT NULL) AND (unified.num((a.l -> 'total'::text)) IS NOT NULL) AND (woocommerce.currency((r.payload ->> 'currency'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (woocommerce.ref((a.l -> 'id'::text)) IS NULL)), jsonb_build_array('quantity', 'typecast_error', (a.l -> 'quantity'::text), (unified.num((a.l -> 'quantity'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', (a.l -> 'total'::text), (unified.num((a.l -> 'total'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (r.payload -> 'currency'::text), (woocommerce.currency((r.payload ->> 'currency'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload -> 'line_items'::text))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'orders'::text))
UNION ALL
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    COALESCE(woocommerce.ref((a.l -> 'id'::text)), ((r.external_id || ':shipping:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, COALESCE(woocommerce.ref((a.l -> 'id'::text)), ((r.external_id || ':shipping:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    ((a.n - 1))::numeric AS line_index,
    'shipping'::text AS type,
    (woocommerce.ref((a.l -> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    NULL::uuid AS product_id,
    NULL::text AS product_platform_id,
    NULL::text AS variant_platform_id,
    woocommerce.text((a.l -> 'method_id'::text)) AS sku,
    woocommerce.plain((a.l -> 'method_title'::text)) AS title,
    (1)::numeric AS quantity,
    unified.num((a.l -> 'total'::text)) AS unit_amount,
    (0)::numeric AS discount_amount,
    unified.num((a.l -> 'total_tax'::text)) AS tax_amount,
    unified.num((a.l -> 'total'::text)) AS total_amount,
    woocommerce.currency((r.payload ->> 'currency'::text)) AS currency,
    woocommerce.taxes((a.l -> 'taxes'::text)) AS taxes,
        CASE
            WHEN ((NOT r.sanitised) AND (woocommerce.ref((a.l -> 'id'::text)) IS NOT NULL) AND ((1)::numeric IS NOT NULL) AND (unified.num((a.l -> 'total'::text)) IS NOT NULL) AND (woocommerce.currency((r.payload ->> 'currency'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (woocommerce.ref((a.l -> 'id'::text)) IS NULL)), jsonb_build_array('quantity', 'typecast_error', (a.l -> 'quantity'::text), ((1)::numeric IS NULL)), jsonb_build_array('total_amount', 'typecast_error', (a.l -> 'total'::text), (unified.num((a.l -> 'total'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (r.payload -> 'currency'::text), (woocommerce.currency((r.payload ->> 'currency'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload -> 'shipping_lines'::text))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'orders'::text))
UNION ALL
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    COALESCE(woocommerce.ref((a.l -> 'id'::text)), ((r.external_id || ':fee:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'commerce_order_line_items'::text, COALESCE(woocommerce.ref((a.l -> 'id'::text)), ((r.external_id || ':fee:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS order_id,
    r.external_id AS order_platform_id,
    ((a.n - 1))::numeric AS line_index,
    'fee'::text AS type,
    (woocommerce.ref((a.l -> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    NULL::uuid AS product_id,
    NULL::text AS product_platform_id,
    NULL::text AS variant_platform_id,
    NULL::text AS sku,
    woocommerce.plain((a.l -> 'name'::text)) AS title,
    (1)::numeric AS quantity,
    unified.num((a.l -> 'total'::text)) AS unit_amount,
    (0)::numeric AS discount_amount,
    unified.num((a.l -> 'total_tax'::text)) AS tax_amount,
    unified.num((a.l -> 'total'::text)) AS total_amount,
    woocommerce.currency((r.payload ->> 'currency'::text)) AS currency,
    woocommerce.taxes((a.l -> 'taxes'::text)) AS taxes,
        CASE
            WHEN ((NOT r.sanitised) AND (woocommerce.ref((a.l -> 'id'::text)) IS NOT NULL) AND ((1)::numeric IS NOT NULL) AND (unified.num((a.l -> 'total'::text)) IS NOT NULL) AND (woocommerce.currency((r.payload ->> 'currency'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('platform_id', 'typecast_error', (a.l -> 'id'::text), (woocommerce.ref((a.l -> 'id'::text)) IS NULL)), jsonb_build_array('quantity', 'typecast_error', (a.l -> 'quantity'::text), ((1)::numeric IS NULL)), jsonb_build_array('total_amount', 'typecast_error', (a.l -> 'total'::text), (unified.num((a.l -> 'total'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (r.payload -> 'currency'::text), (woocommerce.currency((r.payload ->> 'currency'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL jsonb_array_elements(unified.arr((r.payload -> 'fee_lines'::text))) WITH ORDINALITY a(l, n)
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'orders'::text));


--
-- Name: commerce_order_line_items; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.commerce_order_line_items AS
 SELECT order_items.connection_id,
    order_items.platform,
    order_items.platform_id,
    order_items.id,
    order_items.platform_parent_id,
    order_items.platform_created_at,
    order_items.platform_updated_at,
    order_items.first_seen_at,
    order_items.changed_at,
    order_items.fetched_at,
    order_items.is_deleted,
    order_items.deleted_at,
    order_items.deletion_source,
    NULL::boolean AS is_test,
    order_items.raw_resource,
    order_items.mapping_version,
    order_items.issues,
    order_items.order_id,
    order_items.order_platform_id,
    NULL::numeric AS line_index,
    order_items.type,
    NULL::text AS type_raw,
    order_items.platform_id_is_synthetic,
    order_items.product_id,
    order_items.product_platform_id,
    order_items.variant_platform_id,
    order_items.sku,
    order_items.title,
    NULL::text AS variant_title,
    NULL::text AS vendor,
    order_items.quantity,
    NULL::numeric AS current_quantity,
    order_items.fulfilled_quantity,
    NULL::numeric AS refunded_quantity,
    order_items.unit_amount,
    order_items.discount_amount,
    order_items.tax_amount,
    NULL::numeric AS tax_rate,
    order_items.total_amount,
    order_items.currency,
    NULL::jsonb AS taxes,
    NULL::jsonb AS discounts,
    NULL::boolean AS is_taxable,
    NULL::boolean AS requires_shipping,
    NULL::boolean AS is_gift_card,
    NULL::text AS subscription_platform_id
   FROM amazon.order_items
UNION ALL
 SELECT order_line_items.connection_id,
    order_line_items.platform,
    order_line_items.platform_id,
    order_line_items.id,
    order_line_items.platform_parent_id,
    order_line_items.platform_created_at,
    order_line_items.platform_updated_at,
    order_line_items.first_seen_at,
    order_line_items.changed_at,
    order_line_items.fetched_at,
    order_line_items.is_deleted,
    order_line_items.deleted_at,
    order_line_items.deletion_source,
    order_line_items.is_test,
    order_line_items.raw_resource,
    order_line_items.mapping_version,
    order_line_items.issues,
    order_line_items.order_id,
    order_line_items.order_platform_id,
    order_line_items.line_index,
    order_line_items.type,
    order_line_items.type_raw,
    order_line_items.platform_id_is_synthetic,
    order_line_items.product_id,
    order_line_items.product_platform_id,
    order_line_items.variant_platform_id,
    NULL::text AS sku,
    order_line_items.title,
    order_line_items.variant_title,
    NULL::text AS vendor,
    order_line_items.quantity,
    order_line_items.current_quantity,
    NULL::numeric AS fulfilled_quantity,
    NULL::numeric AS refunded_quantity,
    order_line_items.unit_amount,
    NULL::numeric AS discount_amount,
    order_line_items.tax_amount,
    order_line_items.tax_rate,
    order_line_items.total_amount,
    order_line_items.currency,
    NULL::jsonb AS taxes,
    NULL::jsonb AS discounts,
    NULL::boolean AS is_taxable,
    NULL::boolean AS requires_shipping,
    order_line_items.is_gift_card,
    NULL::text AS subscription_platform_id
   FROM pretix.order_line_items
UNION ALL
 SELECT order_line_items.connection_id,
    order_line_items.platform,
    order_line_items.platform_id,
    order_line_items.id,
    order_line_items.platform_parent_id,
    order_line_items.platform_created_at,
    order_line_items.platform_updated_at,
    order_line_items.first_seen_at,
    order_line_items.changed_at,
    order_line_items.fetched_at,
    order_line_items.is_deleted,
    order_line_items.deleted_at,
    order_line_items.deletion_source,
    order_line_items.is_test,
    order_line_items.raw_resource,
    order_line_items.mapping_version,
    order_line_items.issues,
    order_line_items.order_id,
    order_line_items.order_platform_id,
    order_line_items.line_index,
    order_line_items.type,
    NULL::text AS type_raw,
    order_line_items.platform_id_is_synthetic,
    order_line_items.product_id,
    order_line_items.product_platform_id,
    order_line_items.variant_platform_id,
    order_line_items.sku,
    order_line_items.title,
    order_line_items.variant_title,
    order_line_items.vendor,
    order_line_items.quantity,
    order_line_items.current_quantity,
    NULL::numeric AS fulfilled_quantity,
    NULL::numeric AS refunded_quantity,
    order_line_items.unit_amount,
    order_line_items.discount_amount,
    order_line_items.tax_amount,
    order_line_items.tax_rate,
    order_line_items.total_amount,
    order_line_items.currency,
    order_line_items.taxes,
    order_line_items.discounts,
    order_line_items.is_taxable,
    order_line_items.requires_shipping,
    order_line_items.is_gift_card,
    NULL::text AS subscription_platform_id
   FROM shopify.order_line_items
UNION ALL
 SELECT order_line_items.connection_id,
    order_line_items.platform,
    order_line_items.platform_id,
    order_line_items.id,
    order_line_items.platform_parent_id,
    order_line_items.platform_created_at,
    order_line_items.platform_updated_at,
    order_line_items.first_seen_at,
    order_line_items.changed_at,
    order_line_items.fetched_at,
    order_line_items.is_deleted,
    order_line_items.deleted_at,
    order_line_items.deletion_source,
    NULL::boolean AS is_test,
    order_line_items.raw_resource,
    order_line_items.mapping_version,
    order_line_items.issues,
    order_line_items.order_id,
    order_line_items.order_platform_id,
    order_line_items.line_index,
    order_line_items.type,
    NULL::text AS type_raw,
    order_line_items.platform_id_is_synthetic,
    order_line_items.product_id,
    order_line_items.product_platform_id,
    order_line_items.variant_platform_id,
    order_line_items.sku,
    order_line_items.title,
    NULL::text AS variant_title,
    NULL::text AS vendor,
    order_line_items.quantity,
    NULL::numeric AS current_quantity,
    NULL::numeric AS fulfilled_quantity,
    NULL::numeric AS refunded_quantity,
    order_line_items.unit_amount,
    order_line_items.discount_amount,
    order_line_items.tax_amount,
    NULL::numeric AS tax_rate,
    order_line_items.total_amount,
    order_line_items.currency,
    order_line_items.taxes,
    NULL::jsonb AS discounts,
    NULL::boolean AS is_taxable,
    NULL::boolean AS requires_shipping,
    NULL::boolean AS is_gift_card,
    NULL::text AS subscription_platform_id
   FROM woocommerce.order_line_items;


--
-- Name: VIEW commerce_order_line_items; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.commerce_order_line_items IS 'The lines of an order: goods, and shipping, fees and tips as lines of their own type.';


--
-- Name: COLUMN commerce_order_line_items.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN commerce_order_line_items.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN commerce_order_line_items.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN commerce_order_line_items.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN commerce_order_line_items.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN commerce_order_line_items.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN commerce_order_line_items.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN commerce_order_line_items.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.first_seen_at IS 'first stored here';


--
-- Name: COLUMN commerce_order_line_items.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN commerce_order_line_items.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN commerce_order_line_items.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN commerce_order_line_items.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN commerce_order_line_items.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN commerce_order_line_items.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN commerce_order_line_items.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN commerce_order_line_items.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN commerce_order_line_items.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN commerce_order_line_items.order_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.order_id IS 'the commerce_orders row';


--
-- Name: COLUMN commerce_order_line_items.line_index; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.line_index IS 'position within the order and type, from 0';


--
-- Name: COLUMN commerce_order_line_items.type; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.type IS 'product, shipping, fee, gift_card, tip, discount, tax, unknown';


--
-- Name: COLUMN commerce_order_line_items.type_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.type_raw IS 'the platform''s own word, where it has one';


--
-- Name: COLUMN commerce_order_line_items.platform_id_is_synthetic; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.platform_id_is_synthetic IS 'the platform gives the line no identifier: it is <order>:<type>:<index>';


--
-- Name: COLUMN commerce_order_line_items.product_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.product_id IS 'the commerce_products row';


--
-- Name: COLUMN commerce_order_line_items.product_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.product_platform_id IS 'NULL for custom lines and products that are gone';


--
-- Name: COLUMN commerce_order_line_items.variant_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.variant_platform_id IS 'NULL for custom lines and variants that are gone';


--
-- Name: COLUMN commerce_order_line_items.quantity; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.quantity IS 'as ordered';


--
-- Name: COLUMN commerce_order_line_items.current_quantity; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.current_quantity IS 'after edits and removals';


--
-- Name: COLUMN commerce_order_line_items.unit_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.unit_amount IS 'before discounts';


--
-- Name: COLUMN commerce_order_line_items.discount_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.discount_amount IS 'positive';


--
-- Name: COLUMN commerce_order_line_items.tax_rate; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.tax_rate IS 'fraction, 0.2 = 20 %; the sum where there are several';


--
-- Name: COLUMN commerce_order_line_items.total_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.total_amount IS 'unit x quantity - discount; tax excluded unless the order says tax_included';


--
-- Name: COLUMN commerce_order_line_items.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN commerce_order_line_items.taxes; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.taxes IS '[{title, rate, amount}]';


--
-- Name: COLUMN commerce_order_line_items.discounts; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.discounts IS '[{title, amount}]';


--
-- Name: COLUMN commerce_order_line_items.subscription_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_order_line_items.subscription_platform_id IS 'the billing_subscriptions row it comes from';


--
-- Name: orders; Type: VIEW; Schema: woocommerce; Owner: -
--

CREATE VIEW woocommerce.orders AS
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_orders'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, woocommerce.ts((d.p -> 'date_created_gmt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'orders'::text AS raw_resource,
    1 AS mapping_version,
    COALESCE(woocommerce.text((d.p -> 'number'::text)), r.external_id) AS order_number,
    unified.word('{"new": "draft", "draft": "draft", "trash": "cancelled", "failed": "failed", "on-hold": "pending", "pending": "pending", "refunded": "completed", "cancelled": "cancelled", "completed": "completed", "auto-draft": "draft", "processing": "open", "checkout-draft": "draft"}'::jsonb, (d.p ->> 'status'::text)) AS status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS status_raw,
        CASE
            WHEN ((d.p ->> 'status'::text) = 'refunded'::text) THEN 'refunded'::text
            WHEN ((- woocommerce.total((d.p -> 'refunds'::text), 'total'::text)) > (0)::numeric) THEN
            CASE
                WHEN ((- woocommerce.total((d.p -> 'refunds'::text), 'total'::text)) >= unified.num((d.p -> 'total'::text))) THEN 'refunded'::text
                ELSE 'partially_refunded'::text
            END
            WHEN ((d.p ->> 'date_paid_gmt'::text) <> ''::text) THEN 'paid'::text
            WHEN (unified.num((d.p -> 'total'::text)) = (0)::numeric) THEN 'not_required'::text
            ELSE unified.word('{"new": "pending", "draft": "pending", "failed": "failed", "on-hold": "pending", "pending": "pending", "cancelled": "voided", "completed": "paid", "auto-draft": "pending", "processing": "pending", "checkout-draft": "pending"}'::jsonb, (d.p ->> 'status'::text))
        END AS payment_status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS payment_status_raw,
    ('{"on-hold": "on_hold", "pending": "unfulfilled", "completed": "fulfilled", "processing": "unfulfilled"}'::jsonb ->> (d.p ->> 'status'::text)) AS fulfillment_status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS fulfillment_status_raw,
    woocommerce.ts((d.p -> 'date_completed_gmt'::text)) AS closed_at,
    COALESCE(woocommerce.ts((d.p -> 'date_created_gmt'::text)), r.platform_created_at) AS placed_at,
    woocommerce.currency((d.p ->> 'currency'::text)) AS currency,
    woocommerce.total((d.p -> 'line_items'::text), 'total'::text) AS subtotal_amount,
    unified.num((d.p -> 'discount_total'::text)) AS discount_amount,
    unified.num((d.p -> 'total_tax'::text)) AS tax_amount,
    unified.num((d.p -> 'shipping_total'::text)) AS shipping_amount,
    woocommerce.total((d.p -> 'fee_lines'::text), 'total'::text) AS fee_amount,
    unified.num((d.p -> 'total'::text)) AS total_amount,
    (unified.num((d.p -> 'total'::text)) + COALESCE(woocommerce.total((d.p -> 'refunds'::text), 'total'::text), (0)::numeric)) AS current_total_amount,
    (- woocommerce.total((d.p -> 'refunds'::text), 'total'::text)) AS refunded_amount,
        CASE
            WHEN ((d.p ->> 'date_paid_gmt'::text) <> ''::text) THEN unified.num((d.p -> 'total'::text))
            ELSE (0)::numeric
        END AS paid_amount,
        CASE
            WHEN ((d.p ->> 'date_paid_gmt'::text) <> ''::text) THEN (0)::numeric
            WHEN ((d.p ->> 'status'::text) = ANY (ARRAY['pending'::text, 'on-hold'::text, 'processing'::text])) THEN unified.num((d.p -> 'total'::text))
            ELSE NULL::numeric
        END AS outstanding_amount,
    false AS tax_included,
    unified.id(r.connection_id, 'commerce_customers'::text, woocommerce.ref((d.p -> 'customer_id'::text))) AS customer_id,
    woocommerce.ref((d.p -> 'customer_id'::text)) AS customer_platform_id,
    woocommerce.text((d.p #> '{billing,email}'::text[])) AS customer_email,
    woocommerce.text((d.p #> '{billing,phone}'::text[])) AS customer_phone,
    woocommerce.address((d.p -> 'billing'::text), 'billing'::text) AS billing_address,
    woocommerce.address((d.p -> 'shipping'::text), 'shipping'::text) AS shipping_address,
    unified.word('{"admin": "manual", "checkout": "online", "rest-api": "online", "store-api": "online", "pos-rest-api": "pos", "subscription": "subscription"}'::jsonb, (d.p ->> 'created_via'::text)) AS sales_channel,
    NULLIF((d.p ->> 'created_via'::text), ''::text) AS sales_channel_raw,
    woocommerce.text((d.p -> 'customer_note'::text)) AS note,
        CASE
            WHEN (woocommerce.text((d.p -> 'payment_method'::text)) IS NOT NULL) THEN ARRAY[woocommerce.text((d.p -> 'payment_method'::text))]
            ELSE NULL::text[]
        END AS payment_gateways,
    (NOT (jsonb_typeof((d.p -> 'line_items'::text)) IS DISTINCT FROM 'array'::text)) AS line_items_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (woocommerce.currency((d.p ->> 'currency'::text)) IS NOT NULL) AND (unified.num((d.p -> 'total'::text)) IS NOT NULL) AND (woocommerce.ts((d.p -> 'date_created_gmt'::text)) IS NOT NULL) AND (jsonb_typeof((d.p -> 'line_items'::text)) = 'array'::text) AND COALESCE(('["pending", "on-hold", "processing", "completed", "refunded", "cancelled", "trash", "failed", "checkout-draft", "auto-draft", "draft", "new"]'::jsonb ? (d.p ->> 'status'::text)), false)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('currency', 'currency_invalid', (d.p -> 'currency'::text), (woocommerce.currency((d.p ->> 'currency'::text)) IS NULL)), jsonb_build_array('total_amount', 'typecast_error', (d.p -> 'total'::text), (unified.num((d.p -> 'total'::text)) IS NULL)), jsonb_build_array('placed_at', 'typecast_error', (d.p -> 'date_created_gmt'::text), (woocommerce.ts((d.p -> 'date_created_gmt'::text)) IS NULL)), jsonb_build_array('line_items_complete', 'typecast_error', (d.p -> 'line_items'::text), (jsonb_typeof((d.p -> 'line_items'::text)) IS DISTINCT FROM 'array'::text)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (NOT COALESCE(('["pending", "on-hold", "processing", "completed", "refunded", "cancelled", "trash", "failed", "checkout-draft", "auto-draft", "draft", "new"]'::jsonb ? (d.p ->> 'status'::text)), false)))))
        END AS issues,
    unified.bool((d.p -> 'prices_include_tax'::text)) AS prices_include_tax,
    woocommerce.text((d.p -> 'transaction_id'::text)) AS transaction_platform_id,
    woocommerce.ts((d.p -> 'date_paid_gmt'::text)) AS paid_at
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'orders'::text));


--
-- Name: commerce_orders; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.commerce_orders AS
 SELECT orders.connection_id,
    orders.platform,
    orders.platform_id,
    orders.id,
    NULL::text AS platform_parent_id,
    orders.platform_created_at,
    orders.platform_updated_at,
    orders.first_seen_at,
    orders.changed_at,
    orders.fetched_at,
    orders.is_deleted,
    orders.deleted_at,
    orders.deletion_source,
    NULL::boolean AS is_test,
    orders.raw_resource,
    orders.mapping_version,
    orders.issues,
    orders.order_number,
    orders.status,
    orders.status_raw,
    orders.payment_status,
    NULL::text AS payment_status_raw,
    orders.fulfillment_status,
    orders.fulfillment_status_raw,
    NULL::text AS return_status,
    NULL::text AS return_status_raw,
    NULL::timestamp with time zone AS cancelled_at,
    NULL::timestamp with time zone AS closed_at,
    NULL::text AS cancel_reason,
    orders.placed_at,
    orders.currency,
    NULL::numeric AS subtotal_amount,
    NULL::numeric AS discount_amount,
    NULL::numeric AS tax_amount,
    NULL::numeric AS shipping_amount,
    NULL::numeric AS duties_amount,
    NULL::numeric AS tip_amount,
    NULL::numeric AS fee_amount,
    orders.total_amount,
    NULL::numeric AS current_total_amount,
    NULL::numeric AS refunded_amount,
    NULL::numeric AS paid_amount,
    NULL::numeric AS outstanding_amount,
    NULL::boolean AS tax_included,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_total_amount,
    NULL::uuid AS customer_id,
    NULL::text AS customer_platform_id,
    orders.customer_email,
    NULL::text AS customer_phone,
    NULL::jsonb AS billing_address,
    orders.shipping_address,
    orders.sales_channel,
    orders.sales_channel_raw,
    NULL::text AS location_platform_id,
    orders.is_business_order,
    NULL::text[] AS tags,
    NULL::text AS note,
    NULL::text[] AS payment_gateways,
    orders.line_items_complete
   FROM amazon.orders
UNION ALL
 SELECT orders.connection_id,
    orders.platform,
    orders.platform_id,
    orders.id,
    NULL::text AS platform_parent_id,
    orders.platform_created_at,
    orders.platform_updated_at,
    orders.first_seen_at,
    orders.changed_at,
    orders.fetched_at,
    orders.is_deleted,
    orders.deleted_at,
    orders.deletion_source,
    orders.is_test,
    orders.raw_resource,
    orders.mapping_version,
    orders.issues,
    orders.order_number,
    orders.status,
    orders.status_raw,
    orders.payment_status,
    orders.payment_status_raw,
    NULL::text AS fulfillment_status,
    NULL::text AS fulfillment_status_raw,
    NULL::text AS return_status,
    NULL::text AS return_status_raw,
    orders.cancelled_at,
    NULL::timestamp with time zone AS closed_at,
    NULL::text AS cancel_reason,
    orders.placed_at,
    orders.currency,
    orders.subtotal_amount,
    NULL::numeric AS discount_amount,
    orders.tax_amount,
    orders.shipping_amount,
    NULL::numeric AS duties_amount,
    NULL::numeric AS tip_amount,
    orders.fee_amount,
    orders.total_amount,
    orders.current_total_amount,
    orders.refunded_amount,
    orders.paid_amount,
    orders.outstanding_amount,
    orders.tax_included,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_total_amount,
    orders.customer_id,
    orders.customer_platform_id,
    orders.customer_email,
    orders.customer_phone,
    orders.billing_address,
    NULL::jsonb AS shipping_address,
    orders.sales_channel,
    orders.sales_channel_raw,
    NULL::text AS location_platform_id,
    orders.is_business_order,
    NULL::text[] AS tags,
    orders.note,
    orders.payment_gateways,
    orders.line_items_complete
   FROM pretix.orders
UNION ALL
 SELECT orders.connection_id,
    orders.platform,
    orders.platform_id,
    orders.id,
    NULL::text AS platform_parent_id,
    orders.platform_created_at,
    orders.platform_updated_at,
    orders.first_seen_at,
    orders.changed_at,
    orders.fetched_at,
    orders.is_deleted,
    orders.deleted_at,
    orders.deletion_source,
    orders.is_test,
    orders.raw_resource,
    orders.mapping_version,
    orders.issues,
    orders.order_number,
    orders.status,
    NULL::text AS status_raw,
    orders.payment_status,
    orders.payment_status_raw,
    orders.fulfillment_status,
    orders.fulfillment_status_raw,
    orders.return_status,
    orders.return_status_raw,
    orders.cancelled_at,
    orders.closed_at,
    orders.cancel_reason,
    orders.placed_at,
    orders.currency,
    orders.subtotal_amount,
    orders.discount_amount,
    orders.tax_amount,
    orders.shipping_amount,
    orders.duties_amount,
    orders.tip_amount,
    NULL::numeric AS fee_amount,
    orders.total_amount,
    orders.current_total_amount,
    orders.refunded_amount,
    orders.paid_amount,
    orders.outstanding_amount,
    orders.tax_included,
    orders.presentment_currency,
    orders.presentment_total_amount,
    orders.customer_id,
    orders.customer_platform_id,
    orders.customer_email,
    orders.customer_phone,
    orders.billing_address,
    orders.shipping_address,
    orders.sales_channel,
    orders.sales_channel_raw,
    orders.location_platform_id,
    orders.is_business_order,
    orders.tags,
    orders.note,
    orders.payment_gateways,
    orders.line_items_complete
   FROM shopify.orders
UNION ALL
 SELECT orders.connection_id,
    orders.platform,
    orders.platform_id,
    orders.id,
    NULL::text AS platform_parent_id,
    orders.platform_created_at,
    orders.platform_updated_at,
    orders.first_seen_at,
    orders.changed_at,
    orders.fetched_at,
    orders.is_deleted,
    orders.deleted_at,
    orders.deletion_source,
    NULL::boolean AS is_test,
    orders.raw_resource,
    orders.mapping_version,
    orders.issues,
    orders.order_number,
    orders.status,
    orders.status_raw,
    orders.payment_status,
    orders.payment_status_raw,
    orders.fulfillment_status,
    orders.fulfillment_status_raw,
    NULL::text AS return_status,
    NULL::text AS return_status_raw,
    NULL::timestamp with time zone AS cancelled_at,
    orders.closed_at,
    NULL::text AS cancel_reason,
    orders.placed_at,
    orders.currency,
    orders.subtotal_amount,
    orders.discount_amount,
    orders.tax_amount,
    orders.shipping_amount,
    NULL::numeric AS duties_amount,
    NULL::numeric AS tip_amount,
    orders.fee_amount,
    orders.total_amount,
    orders.current_total_amount,
    orders.refunded_amount,
    orders.paid_amount,
    orders.outstanding_amount,
    orders.tax_included,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_total_amount,
    orders.customer_id,
    orders.customer_platform_id,
    orders.customer_email,
    orders.customer_phone,
    orders.billing_address,
    orders.shipping_address,
    orders.sales_channel,
    orders.sales_channel_raw,
    NULL::text AS location_platform_id,
    NULL::boolean AS is_business_order,
    NULL::text[] AS tags,
    orders.note,
    orders.payment_gateways,
    orders.line_items_complete
   FROM woocommerce.orders;


--
-- Name: VIEW commerce_orders; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.commerce_orders IS 'What a buyer committed to buy. Amounts are in `currency`, the currency of the merchant''s books, in major units.';


--
-- Name: COLUMN commerce_orders.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN commerce_orders.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN commerce_orders.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN commerce_orders.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN commerce_orders.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN commerce_orders.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN commerce_orders.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN commerce_orders.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.first_seen_at IS 'first stored here';


--
-- Name: COLUMN commerce_orders.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN commerce_orders.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN commerce_orders.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN commerce_orders.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN commerce_orders.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN commerce_orders.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN commerce_orders.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN commerce_orders.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN commerce_orders.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN commerce_orders.order_number; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.order_number IS 'what the merchant sees; not unique';


--
-- Name: COLUMN commerce_orders.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.status IS 'draft, pending, open, completed, cancelled, failed, unknown';


--
-- Name: COLUMN commerce_orders.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.status_raw IS 'the platform''s own word, where it has one';


--
-- Name: COLUMN commerce_orders.payment_status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.payment_status IS 'pending, authorized, partially_paid, paid, partially_refunded, refunded, voided, expired, failed, not_required, unknown';


--
-- Name: COLUMN commerce_orders.payment_status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.payment_status_raw IS 'the platform''s own word';


--
-- Name: COLUMN commerce_orders.fulfillment_status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.fulfillment_status IS 'unfulfilled, in_progress, partially_fulfilled, fulfilled, on_hold, scheduled, restocked, not_required, unknown';


--
-- Name: COLUMN commerce_orders.fulfillment_status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.fulfillment_status_raw IS 'the platform''s own word';


--
-- Name: COLUMN commerce_orders.return_status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.return_status IS 'none, requested, in_progress, returned, unknown';


--
-- Name: COLUMN commerce_orders.return_status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.return_status_raw IS 'the platform''s own word';


--
-- Name: COLUMN commerce_orders.cancel_reason; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.cancel_reason IS 'the platform''s own word';


--
-- Name: COLUMN commerce_orders.placed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.placed_at IS 'when the buyer committed; falls back to platform_created_at';


--
-- Name: COLUMN commerce_orders.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.currency IS 'ISO 4217, upper case; NULL only with an entry in issues';


--
-- Name: COLUMN commerce_orders.subtotal_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.subtotal_amount IS 'lines after discounts, before tax and shipping';


--
-- Name: COLUMN commerce_orders.discount_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.discount_amount IS 'all discounts, positive';


--
-- Name: COLUMN commerce_orders.duties_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.duties_amount IS 'NULL where the platform has no such notion';


--
-- Name: COLUMN commerce_orders.tip_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.tip_amount IS 'NULL where the platform has no such notion';


--
-- Name: COLUMN commerce_orders.fee_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.fee_amount IS 'NULL where the platform has no such notion';


--
-- Name: COLUMN commerce_orders.total_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.total_amount IS 'what the buyer owed at order time';


--
-- Name: COLUMN commerce_orders.current_total_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.current_total_amount IS 'after edits and returns; the total where it was never edited';


--
-- Name: COLUMN commerce_orders.paid_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.paid_amount IS 'received so far, refunds not taken off';


--
-- Name: COLUMN commerce_orders.outstanding_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.outstanding_amount IS 'still to be paid';


--
-- Name: COLUMN commerce_orders.tax_included; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.tax_included IS 'prices include tax';


--
-- Name: COLUMN commerce_orders.presentment_currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.presentment_currency IS 'what the buyer paid in; NULL when the same as currency';


--
-- Name: COLUMN commerce_orders.presentment_total_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.presentment_total_amount IS 'total in presentment_currency; NULL when the same as currency';


--
-- Name: COLUMN commerce_orders.customer_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.customer_id IS 'the commerce_customers row; NULL for guests';


--
-- Name: COLUMN commerce_orders.customer_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.customer_platform_id IS 'NULL for guests';


--
-- Name: COLUMN commerce_orders.customer_email; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.customer_email IS 'pii';


--
-- Name: COLUMN commerce_orders.customer_phone; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.customer_phone IS 'pii';


--
-- Name: COLUMN commerce_orders.billing_address; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.billing_address IS 'address object; pii';


--
-- Name: COLUMN commerce_orders.shipping_address; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.shipping_address IS 'address object; pii';


--
-- Name: COLUMN commerce_orders.sales_channel; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.sales_channel IS 'online, pos, marketplace, subscription, b2b, manual, unknown';


--
-- Name: COLUMN commerce_orders.sales_channel_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.sales_channel_raw IS 'the platform''s own word';


--
-- Name: COLUMN commerce_orders.location_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.location_platform_id IS 'the shop or warehouse it was sold at';


--
-- Name: COLUMN commerce_orders.payment_gateways; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.payment_gateways IS 'the platform''s names of the payment providers used';


--
-- Name: COLUMN commerce_orders.line_items_complete; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_orders.line_items_complete IS 'false when only part of the lines is here';


--
-- Name: product_variants; Type: VIEW; Schema: woocommerce; Owner: -
--

CREATE VIEW woocommerce.product_variants AS
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_product_variants'::text, r.external_id) AS id,
    r.external_id AS platform_parent_id,
    COALESCE(r.platform_created_at, woocommerce.ts((d.p -> 'date_created_gmt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'products'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS product_id,
    r.external_id AS product_platform_id,
    woocommerce.plain((d.p -> 'name'::text)) AS title,
    woocommerce.text((d.p -> 'sku'::text)) AS sku,
    woocommerce.text((d.p -> 'global_unique_id'::text)) AS barcode,
    unified.num((d.p -> 'price'::text)) AS price_amount,
        CASE
            WHEN ((d.p -> 'on_sale'::text) = 'true'::jsonb) THEN unified.num((d.p -> 'regular_price'::text))
            ELSE NULL::numeric
        END AS compare_at_amount,
    woocommerce.options((d.p -> 'attributes'::text)) AS options,
    unified.num((d.p -> 'weight'::text)) AS weight,
        CASE
            WHEN ((d.p -> 'manage_stock'::text) = 'true'::jsonb) THEN unified.num((d.p -> 'stock_quantity'::text))
            ELSE NULL::numeric
        END AS inventory_quantity,
        CASE (d.p ->> 'tax_status'::text)
            WHEN 'taxable'::text THEN true
            WHEN 'none'::text THEN false
            WHEN 'shipping'::text THEN false
            ELSE NULL::boolean
        END AS is_taxable,
        CASE
            WHEN ((d.p -> 'virtual'::text) = 'true'::jsonb) THEN false
            WHEN ((d.p -> 'virtual'::text) = 'false'::jsonb) THEN true
            ELSE NULL::boolean
        END AS requires_shipping,
    unified.word('{"draft": "draft", "trash": "archived", "future": "draft", "pending": "draft", "private": "active", "publish": "active", "auto-draft": "draft"}'::jsonb, (d.p ->> 'status'::text)) AS status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS status_raw,
    unified.word('{"instock": "in_stock", "outofstock": "out_of_stock", "onbackorder": "back_order"}'::jsonb, (d.p ->> 'stock_status'::text)) AS availability,
    NULLIF((d.p ->> 'stock_status'::text), ''::text) AS availability_raw,
    true AS is_default,
    (1)::numeric AS "position",
    woocommerce.text((d.p #> '{images,0,src}'::text[])) AS image_url,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((d.p -> 'price'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('price_amount', 'typecast_error', (d.p -> 'price'::text), (unified.num((d.p -> 'price'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'products'::text) AND ((jsonb_typeof((d.p -> 'variations'::text)) IS DISTINCT FROM 'array'::text) OR ((d.p -> 'variations'::text) = '[]'::jsonb)))
UNION ALL
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_product_variants'::text, r.external_id) AS id,
    NULL::text AS platform_parent_id,
    COALESCE(r.platform_created_at, woocommerce.ts((d.p -> 'date_created_gmt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'variations'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_products'::text, woocommerce.parent(d.p)) AS product_id,
    woocommerce.parent(d.p) AS product_platform_id,
    woocommerce.plain((d.p -> 'name'::text)) AS title,
    woocommerce.text((d.p -> 'sku'::text)) AS sku,
    woocommerce.text((d.p -> 'global_unique_id'::text)) AS barcode,
    unified.num((d.p -> 'price'::text)) AS price_amount,
        CASE
            WHEN ((d.p -> 'on_sale'::text) = 'true'::jsonb) THEN unified.num((d.p -> 'regular_price'::text))
            ELSE NULL::numeric
        END AS compare_at_amount,
    woocommerce.options((d.p -> 'attributes'::text)) AS options,
    unified.num((d.p -> 'weight'::text)) AS weight,
        CASE
            WHEN ((d.p -> 'manage_stock'::text) = 'true'::jsonb) THEN unified.num((d.p -> 'stock_quantity'::text))
            ELSE NULL::numeric
        END AS inventory_quantity,
        CASE (d.p ->> 'tax_status'::text)
            WHEN 'taxable'::text THEN true
            WHEN 'none'::text THEN false
            WHEN 'shipping'::text THEN false
            ELSE NULL::boolean
        END AS is_taxable,
        CASE
            WHEN ((d.p -> 'virtual'::text) = 'true'::jsonb) THEN false
            WHEN ((d.p -> 'virtual'::text) = 'false'::jsonb) THEN true
            ELSE NULL::boolean
        END AS requires_shipping,
    unified.word('{"draft": "draft", "trash": "archived", "future": "draft", "pending": "draft", "private": "active", "publish": "active", "auto-draft": "draft"}'::jsonb, (d.p ->> 'status'::text)) AS status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS status_raw,
    unified.word('{"instock": "in_stock", "outofstock": "out_of_stock", "onbackorder": "back_order"}'::jsonb, (d.p ->> 'stock_status'::text)) AS availability,
    NULLIF((d.p ->> 'stock_status'::text), ''::text) AS availability_raw,
    false AS is_default,
    unified.num((d.p -> 'menu_order'::text)) AS "position",
    woocommerce.text((d.p #> '{image,src}'::text[])) AS image_url,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((d.p -> 'price'::text)) IS NOT NULL) AND (woocommerce.parent(d.p) IS NOT NULL)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('product_platform_id', 'typecast_error', (d.p -> 'parent_id'::text), (woocommerce.parent(d.p) IS NULL)), jsonb_build_array('price_amount', 'typecast_error', (d.p -> 'price'::text), (unified.num((d.p -> 'price'::text)) IS NULL))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'variations'::text));


--
-- Name: commerce_product_variants; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.commerce_product_variants AS
 SELECT listing_variants.connection_id,
    listing_variants.platform,
    listing_variants.platform_id,
    listing_variants.id,
    NULL::text AS platform_parent_id,
    listing_variants.platform_created_at,
    listing_variants.platform_updated_at,
    listing_variants.first_seen_at,
    listing_variants.changed_at,
    listing_variants.fetched_at,
    listing_variants.is_deleted,
    listing_variants.deleted_at,
    listing_variants.deletion_source,
    NULL::boolean AS is_test,
    listing_variants.raw_resource,
    listing_variants.mapping_version,
    listing_variants.issues,
    listing_variants.product_id,
    listing_variants.product_platform_id,
    listing_variants.title,
    listing_variants.sku,
    NULL::text AS barcode,
    NULL::text AS mpn,
    listing_variants.price_amount,
    NULL::numeric AS compare_at_amount,
    NULL::numeric AS cost_amount,
    listing_variants.currency,
    NULL::jsonb AS options,
    NULL::numeric AS weight,
    NULL::text AS weight_unit,
    listing_variants.inventory_quantity,
    NULL::jsonb AS inventory_by_location,
    NULL::text AS inventory_item_platform_id,
    NULL::boolean AS is_taxable,
    NULL::boolean AS requires_shipping,
    listing_variants.status,
    listing_variants.status_raw,
    NULL::text AS availability,
    NULL::text AS availability_raw,
    NULL::text AS unit_of_measure,
    listing_variants.is_default,
    listing_variants."position",
    NULL::text AS image_url,
    listing_variants.external_ids
   FROM amazon.listing_variants
UNION ALL
 SELECT item_variants.connection_id,
    item_variants.platform,
    item_variants.platform_id,
    item_variants.id,
    item_variants.platform_parent_id,
    item_variants.platform_created_at,
    item_variants.platform_updated_at,
    item_variants.first_seen_at,
    item_variants.changed_at,
    item_variants.fetched_at,
    item_variants.is_deleted,
    item_variants.deleted_at,
    item_variants.deletion_source,
    NULL::boolean AS is_test,
    item_variants.raw_resource,
    item_variants.mapping_version,
    item_variants.issues,
    item_variants.product_id,
    item_variants.product_platform_id,
    item_variants.title,
    NULL::text AS sku,
    NULL::text AS barcode,
    NULL::text AS mpn,
    item_variants.price_amount,
    item_variants.compare_at_amount,
    NULL::numeric AS cost_amount,
    item_variants.currency,
    NULL::jsonb AS options,
    NULL::numeric AS weight,
    NULL::text AS weight_unit,
    NULL::numeric AS inventory_quantity,
    NULL::jsonb AS inventory_by_location,
    NULL::text AS inventory_item_platform_id,
    item_variants.is_taxable,
    NULL::boolean AS requires_shipping,
    item_variants.status,
    item_variants.status_raw,
    NULL::text AS availability,
    NULL::text AS availability_raw,
    NULL::text AS unit_of_measure,
    item_variants.is_default,
    item_variants."position",
    NULL::text AS image_url,
    NULL::jsonb AS external_ids
   FROM pretix.item_variants
UNION ALL
 SELECT product_variants.connection_id,
    product_variants.platform,
    product_variants.platform_id,
    product_variants.id,
    product_variants.platform_parent_id,
    product_variants.platform_created_at,
    product_variants.platform_updated_at,
    product_variants.first_seen_at,
    product_variants.changed_at,
    product_variants.fetched_at,
    product_variants.is_deleted,
    product_variants.deleted_at,
    product_variants.deletion_source,
    NULL::boolean AS is_test,
    product_variants.raw_resource,
    product_variants.mapping_version,
    product_variants.issues,
    product_variants.product_id,
    product_variants.product_platform_id,
    product_variants.title,
    product_variants.sku,
    product_variants.barcode,
    NULL::text AS mpn,
    product_variants.price_amount,
    product_variants.compare_at_amount,
    product_variants.cost_amount,
    product_variants.currency,
    product_variants.options,
    product_variants.weight,
    product_variants.weight_unit,
    product_variants.inventory_quantity,
    NULL::jsonb AS inventory_by_location,
    product_variants.inventory_item_platform_id,
    product_variants.is_taxable,
    product_variants.requires_shipping,
    product_variants.status,
    product_variants.status_raw,
    product_variants.availability,
    NULL::text AS availability_raw,
    NULL::text AS unit_of_measure,
    product_variants.is_default,
    product_variants."position",
    NULL::text AS image_url,
    NULL::jsonb AS external_ids
   FROM shopify.product_variants
UNION ALL
 SELECT product_variants.connection_id,
    product_variants.platform,
    product_variants.platform_id,
    product_variants.id,
    product_variants.platform_parent_id,
    product_variants.platform_created_at,
    product_variants.platform_updated_at,
    product_variants.first_seen_at,
    product_variants.changed_at,
    product_variants.fetched_at,
    product_variants.is_deleted,
    product_variants.deleted_at,
    product_variants.deletion_source,
    NULL::boolean AS is_test,
    product_variants.raw_resource,
    product_variants.mapping_version,
    product_variants.issues,
    product_variants.product_id,
    product_variants.product_platform_id,
    product_variants.title,
    product_variants.sku,
    product_variants.barcode,
    NULL::text AS mpn,
    product_variants.price_amount,
    product_variants.compare_at_amount,
    NULL::numeric AS cost_amount,
    NULL::text AS currency,
    product_variants.options,
    product_variants.weight,
    NULL::text AS weight_unit,
    product_variants.inventory_quantity,
    NULL::jsonb AS inventory_by_location,
    NULL::text AS inventory_item_platform_id,
    product_variants.is_taxable,
    product_variants.requires_shipping,
    product_variants.status,
    product_variants.status_raw,
    product_variants.availability,
    product_variants.availability_raw,
    NULL::text AS unit_of_measure,
    product_variants.is_default,
    product_variants."position",
    product_variants.image_url,
    NULL::jsonb AS external_ids
   FROM woocommerce.product_variants;


--
-- Name: VIEW commerce_product_variants; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.commerce_product_variants IS 'What can be put into a basket: a product without variants has exactly one default variant.';


--
-- Name: COLUMN commerce_product_variants.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN commerce_product_variants.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN commerce_product_variants.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN commerce_product_variants.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN commerce_product_variants.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN commerce_product_variants.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN commerce_product_variants.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN commerce_product_variants.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.first_seen_at IS 'first stored here';


--
-- Name: COLUMN commerce_product_variants.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN commerce_product_variants.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN commerce_product_variants.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN commerce_product_variants.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN commerce_product_variants.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN commerce_product_variants.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN commerce_product_variants.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN commerce_product_variants.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN commerce_product_variants.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN commerce_product_variants.product_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.product_id IS 'the commerce_products row';


--
-- Name: COLUMN commerce_product_variants.sku; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.sku IS 'not unique, often NULL';


--
-- Name: COLUMN commerce_product_variants.compare_at_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.compare_at_amount IS 'the price that is struck through';


--
-- Name: COLUMN commerce_product_variants.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.currency IS 'ISO 4217, upper case; NULL where a product does not say it and the shop does';


--
-- Name: COLUMN commerce_product_variants.options; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.options IS '[{name, value}]';


--
-- Name: COLUMN commerce_product_variants.weight; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.weight IS 'in weight_unit';


--
-- Name: COLUMN commerce_product_variants.weight_unit; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.weight_unit IS 'g, kg, oz, lb';


--
-- Name: COLUMN commerce_product_variants.inventory_quantity; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.inventory_quantity IS 'NULL = not tracked, 0 = none';


--
-- Name: COLUMN commerce_product_variants.inventory_by_location; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.inventory_by_location IS '[{location_platform_id, quantity}]';


--
-- Name: COLUMN commerce_product_variants.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.status IS 'active, draft, archived, unknown';


--
-- Name: COLUMN commerce_product_variants.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN commerce_product_variants.availability; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.availability IS 'in_stock, out_of_stock, pre_order, back_order, discontinued, unknown';


--
-- Name: COLUMN commerce_product_variants.availability_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.availability_raw IS 'the platform''s own word';


--
-- Name: COLUMN commerce_product_variants."position"; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants."position" IS 'among the product''s variants, from 1';


--
-- Name: COLUMN commerce_product_variants.external_ids; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_product_variants.external_ids IS 'identifiers of other registers, e.g. {"asin": "..."}';


--
-- Name: products; Type: VIEW; Schema: woocommerce; Owner: -
--

CREATE VIEW woocommerce.products AS
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'commerce_products'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, woocommerce.ts((d.p -> 'date_created_gmt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'products'::text AS raw_resource,
    1 AS mapping_version,
    woocommerce.plain((d.p -> 'name'::text)) AS title,
    woocommerce.text((d.p -> 'description'::text)) AS description,
    woocommerce.text((d.p -> 'slug'::text)) AS handle,
    woocommerce.text((d.p -> 'type'::text)) AS product_type,
    woocommerce.plain((d.p #> '{brands,0,name}'::text[])) AS vendor,
    unified.word('{"draft": "draft", "trash": "archived", "future": "draft", "pending": "draft", "private": "active", "publish": "active", "auto-draft": "draft"}'::jsonb, (d.p ->> 'status'::text)) AS status,
    NULLIF((d.p ->> 'status'::text), ''::text) AS status_raw,
        CASE
            WHEN (jsonb_typeof((d.p -> 'permalink'::text)) = 'string'::text) THEN NULLIF((d.p ->> 'permalink'::text), ''::text)
            ELSE NULL::text
        END AS url,
    woocommerce.texts((d.p -> 'images'::text), 'src'::text) AS image_urls,
    woocommerce.plain((d.p #> '{categories,0,name}'::text[])) AS category_path,
    woocommerce.texts((d.p -> 'tags'::text), 'name'::text) AS tags,
        CASE
            WHEN ((d.p ->> 'status'::text) = 'publish'::text) THEN woocommerce.ts((d.p -> 'date_created_gmt'::text))
            ELSE NULL::timestamp with time zone
        END AS published_at,
        CASE
            WHEN (jsonb_typeof((d.p -> 'variations'::text)) = 'array'::text) THEN (GREATEST(jsonb_array_length((d.p -> 'variations'::text)), 1))::numeric
            ELSE NULL::numeric
        END AS variant_count,
        CASE
            WHEN ((d.p -> 'variations'::text) = '[]'::jsonb) THEN true
            ELSE NULL::boolean
        END AS variants_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (woocommerce.text((d.p -> 'name'::text)) IS NOT NULL) AND COALESCE(('["publish", "private", "draft", "pending", "future", "auto-draft", "trash"]'::jsonb ? (d.p ->> 'status'::text)), false)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('title', 'typecast_error', (d.p -> 'name'::text), (woocommerce.text((d.p -> 'name'::text)) IS NULL)), jsonb_build_array('status', 'enum_unknown', (d.p -> 'status'::text), (NOT COALESCE(('["publish", "private", "draft", "pending", "future", "auto-draft", "trash"]'::jsonb ? (d.p ->> 'status'::text)), false)))))
        END AS issues
   FROM portolan.raw_records r,
    LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'products'::text));


--
-- Name: commerce_products; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.commerce_products AS
 SELECT listings.connection_id,
    listings.platform,
    listings.platform_id,
    listings.id,
    NULL::text AS platform_parent_id,
    listings.platform_created_at,
    listings.platform_updated_at,
    listings.first_seen_at,
    listings.changed_at,
    listings.fetched_at,
    listings.is_deleted,
    listings.deleted_at,
    listings.deletion_source,
    NULL::boolean AS is_test,
    listings.raw_resource,
    listings.mapping_version,
    listings.issues,
    listings.title,
    listings.description,
    NULL::text AS handle,
    NULL::text AS product_type,
    NULL::text AS vendor,
    listings.status,
    listings.status_raw,
    NULL::boolean AS is_gift_card,
    NULL::text AS url,
    NULL::text[] AS image_urls,
    NULL::text AS category_path,
    NULL::text[] AS tags,
    listings.published_at,
    listings.variant_count,
    listings.variants_complete,
    NULL::text AS default_price_platform_id
   FROM amazon.listings
UNION ALL
 SELECT items.connection_id,
    items.platform,
    items.platform_id,
    items.id,
    NULL::text AS platform_parent_id,
    items.platform_created_at,
    items.platform_updated_at,
    items.first_seen_at,
    items.changed_at,
    items.fetched_at,
    items.is_deleted,
    items.deleted_at,
    items.deletion_source,
    NULL::boolean AS is_test,
    items.raw_resource,
    items.mapping_version,
    items.issues,
    items.title,
    items.description,
    NULL::text AS handle,
    items.product_type,
    NULL::text AS vendor,
    items.status,
    items.status_raw,
    items.is_gift_card,
    NULL::text AS url,
    items.image_urls,
    NULL::text AS category_path,
    NULL::text[] AS tags,
    NULL::timestamp with time zone AS published_at,
    items.variant_count,
    items.variants_complete,
    NULL::text AS default_price_platform_id
   FROM pretix.items
UNION ALL
 SELECT products.connection_id,
    products.platform,
    products.platform_id,
    products.id,
    NULL::text AS platform_parent_id,
    products.platform_created_at,
    products.platform_updated_at,
    products.first_seen_at,
    products.changed_at,
    products.fetched_at,
    products.is_deleted,
    products.deleted_at,
    products.deletion_source,
    NULL::boolean AS is_test,
    products.raw_resource,
    products.mapping_version,
    products.issues,
    products.title,
    products.description,
    products.handle,
    products.product_type,
    products.vendor,
    products.status,
    products.status_raw,
    products.is_gift_card,
    products.url,
    products.image_urls,
    products.category_path,
    products.tags,
    products.published_at,
    products.variant_count,
    products.variants_complete,
    NULL::text AS default_price_platform_id
   FROM shopify.products
UNION ALL
 SELECT products.connection_id,
    products.platform,
    products.platform_id,
    products.id,
    NULL::text AS platform_parent_id,
    products.platform_created_at,
    products.platform_updated_at,
    products.first_seen_at,
    products.changed_at,
    products.fetched_at,
    products.is_deleted,
    products.deleted_at,
    products.deletion_source,
    products.is_test,
    products.raw_resource,
    products.mapping_version,
    products.issues,
    products.title,
    products.description,
    NULL::text AS handle,
    products.product_type,
    NULL::text AS vendor,
    products.status,
    products.status_raw,
    NULL::boolean AS is_gift_card,
    products.url,
    products.image_urls,
    NULL::text AS category_path,
    NULL::text[] AS tags,
    NULL::timestamp with time zone AS published_at,
    NULL::numeric AS variant_count,
    NULL::boolean AS variants_complete,
    products.default_price_platform_id
   FROM stripe.products
UNION ALL
 SELECT products.connection_id,
    products.platform,
    products.platform_id,
    products.id,
    NULL::text AS platform_parent_id,
    products.platform_created_at,
    products.platform_updated_at,
    products.first_seen_at,
    products.changed_at,
    products.fetched_at,
    products.is_deleted,
    products.deleted_at,
    products.deletion_source,
    NULL::boolean AS is_test,
    products.raw_resource,
    products.mapping_version,
    products.issues,
    products.title,
    products.description,
    products.handle,
    products.product_type,
    products.vendor,
    products.status,
    products.status_raw,
    NULL::boolean AS is_gift_card,
    products.url,
    products.image_urls,
    products.category_path,
    products.tags,
    products.published_at,
    products.variant_count,
    products.variants_complete,
    NULL::text AS default_price_platform_id
   FROM woocommerce.products;


--
-- Name: VIEW commerce_products; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.commerce_products IS 'What is sold. A product has at least one row in commerce_product_variants where the platform knows variants.';


--
-- Name: COLUMN commerce_products.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN commerce_products.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN commerce_products.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN commerce_products.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN commerce_products.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN commerce_products.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN commerce_products.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN commerce_products.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.first_seen_at IS 'first stored here';


--
-- Name: COLUMN commerce_products.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN commerce_products.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN commerce_products.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN commerce_products.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN commerce_products.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN commerce_products.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN commerce_products.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN commerce_products.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN commerce_products.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN commerce_products.description; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.description IS 'as the platform has it, HTML included';


--
-- Name: COLUMN commerce_products.handle; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.handle IS 'the platform''s name for it in addresses';


--
-- Name: COLUMN commerce_products.product_type; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.product_type IS 'the merchant''s own word';


--
-- Name: COLUMN commerce_products.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.status IS 'active, draft, archived, unknown';


--
-- Name: COLUMN commerce_products.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN commerce_products.url; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.url IS 'where buyers see it';


--
-- Name: COLUMN commerce_products.category_path; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.category_path IS 'e.g. Apparel > Shirts';


--
-- Name: COLUMN commerce_products.variants_complete; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.variants_complete IS 'false when only part of the variants is here';


--
-- Name: COLUMN commerce_products.default_price_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.commerce_products.default_price_platform_id IS 'the billing_plans row sold by default, where the platform has prices of their own';


--
-- Name: payment_balance_transactions; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.payment_balance_transactions AS
 SELECT balance_transactions.connection_id,
    balance_transactions.platform,
    balance_transactions.platform_id,
    balance_transactions.id,
    NULL::text AS platform_parent_id,
    balance_transactions.platform_created_at,
    balance_transactions.platform_updated_at,
    balance_transactions.first_seen_at,
    balance_transactions.changed_at,
    balance_transactions.fetched_at,
    balance_transactions.is_deleted,
    balance_transactions.deleted_at,
    balance_transactions.deletion_source,
    NULL::boolean AS is_test,
    balance_transactions.raw_resource,
    balance_transactions.mapping_version,
    balance_transactions.issues,
    balance_transactions.type,
    balance_transactions.type_raw,
    balance_transactions.status,
    NULL::text AS status_raw,
    NULL::text AS reporting_category,
    balance_transactions.gross_amount,
    balance_transactions.fee_amount,
    balance_transactions.net_amount,
    balance_transactions.currency,
    NULL::numeric AS exchange_rate,
    NULL::timestamp with time zone AS available_at,
    balance_transactions.occurred_at,
    NULL::text AS payout_platform_id,
    balance_transactions.source_platform_id,
    balance_transactions.source_object,
    balance_transactions.order_platform_id,
    balance_transactions.description
   FROM amazon.balance_transactions
UNION ALL
 SELECT balance_transactions.connection_id,
    balance_transactions.platform,
    balance_transactions.platform_id,
    balance_transactions.id,
    NULL::text AS platform_parent_id,
    balance_transactions.platform_created_at,
    balance_transactions.platform_updated_at,
    balance_transactions.first_seen_at,
    balance_transactions.changed_at,
    balance_transactions.fetched_at,
    balance_transactions.is_deleted,
    balance_transactions.deleted_at,
    balance_transactions.deletion_source,
    balance_transactions.is_test,
    balance_transactions.raw_resource,
    balance_transactions.mapping_version,
    balance_transactions.issues,
    balance_transactions.type,
    balance_transactions.type_raw,
    balance_transactions.status,
    balance_transactions.status_raw,
    balance_transactions.reporting_category,
    balance_transactions.gross_amount,
    balance_transactions.fee_amount,
    balance_transactions.net_amount,
    balance_transactions.currency,
    balance_transactions.exchange_rate,
    balance_transactions.available_at,
    balance_transactions.occurred_at,
    balance_transactions.payout_platform_id,
    balance_transactions.source_platform_id,
    balance_transactions.source_object,
    NULL::text AS order_platform_id,
    balance_transactions.description
   FROM stripe.balance_transactions;


--
-- Name: VIEW payment_balance_transactions; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.payment_balance_transactions IS 'The merchant''s ledger at a payment provider. Signed: positive when the balance grows. net = gross - fee.';


--
-- Name: COLUMN payment_balance_transactions.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN payment_balance_transactions.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN payment_balance_transactions.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN payment_balance_transactions.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN payment_balance_transactions.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN payment_balance_transactions.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN payment_balance_transactions.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN payment_balance_transactions.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.first_seen_at IS 'first stored here';


--
-- Name: COLUMN payment_balance_transactions.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN payment_balance_transactions.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN payment_balance_transactions.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN payment_balance_transactions.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN payment_balance_transactions.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN payment_balance_transactions.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN payment_balance_transactions.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN payment_balance_transactions.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN payment_balance_transactions.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN payment_balance_transactions.type; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.type IS 'charge, refund, dispute, dispute_reversal, payout, payout_failure, fee, fee_refund, adjustment, reserve, reserve_release, transfer, loan, tax, other, unknown';


--
-- Name: COLUMN payment_balance_transactions.type_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.type_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_balance_transactions.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.status IS 'pending, available, unknown';


--
-- Name: COLUMN payment_balance_transactions.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_balance_transactions.reporting_category; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.reporting_category IS 'the platform''s own grouping';


--
-- Name: COLUMN payment_balance_transactions.gross_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.gross_amount IS 'signed';


--
-- Name: COLUMN payment_balance_transactions.fee_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.fee_amount IS 'positive when charged to the merchant';


--
-- Name: COLUMN payment_balance_transactions.net_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.net_amount IS 'signed';


--
-- Name: COLUMN payment_balance_transactions.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.currency IS 'ISO 4217, upper case; the currency of settlement';


--
-- Name: COLUMN payment_balance_transactions.exchange_rate; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.exchange_rate IS 'units of currency for one unit of what the buyer paid in; NULL when the same';


--
-- Name: COLUMN payment_balance_transactions.available_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.available_at IS 'when it may be paid out';


--
-- Name: COLUMN payment_balance_transactions.payout_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.payout_platform_id IS 'the payout it is, or is part of';


--
-- Name: COLUMN payment_balance_transactions.source_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.source_platform_id IS 'what caused it';


--
-- Name: COLUMN payment_balance_transactions.source_object; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.source_object IS 'what kind of thing that is: charge, refund, payout, dispute and the like';


--
-- Name: COLUMN payment_balance_transactions.order_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_balance_transactions.order_platform_id IS 'the commerce_orders row it comes from';


--
-- Name: payment_payouts; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.payment_payouts AS
 SELECT payouts.connection_id,
    payouts.platform,
    payouts.platform_id,
    payouts.id,
    NULL::text AS platform_parent_id,
    payouts.platform_created_at,
    payouts.platform_updated_at,
    payouts.first_seen_at,
    payouts.changed_at,
    payouts.fetched_at,
    payouts.is_deleted,
    payouts.deleted_at,
    payouts.deletion_source,
    NULL::boolean AS is_test,
    payouts.raw_resource,
    payouts.mapping_version,
    payouts.issues,
    payouts.amount,
    payouts.direction,
    payouts.currency,
    payouts.status,
    payouts.status_raw,
    payouts.type,
    NULL::text AS method,
    payouts.schedule,
    payouts.initiated_at,
    payouts.arrival_at,
    payouts.destination_last4,
    NULL::text AS gateway,
    NULL::text AS gateway_account_id,
    NULL::numeric AS fee_amount,
    NULL::text AS statement_descriptor,
    payouts.trace_id,
    payouts.transactions_complete
   FROM amazon.payouts;


--
-- Name: VIEW payment_payouts; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.payment_payouts IS 'Money a provider sends to the merchant''s bank account, or takes from it.';


--
-- Name: COLUMN payment_payouts.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN payment_payouts.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN payment_payouts.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN payment_payouts.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN payment_payouts.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN payment_payouts.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN payment_payouts.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN payment_payouts.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.first_seen_at IS 'first stored here';


--
-- Name: COLUMN payment_payouts.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN payment_payouts.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN payment_payouts.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN payment_payouts.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN payment_payouts.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN payment_payouts.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN payment_payouts.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN payment_payouts.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN payment_payouts.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN payment_payouts.amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.amount IS 'magnitude';


--
-- Name: COLUMN payment_payouts.direction; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.direction IS 'credit (to the merchant), debit';


--
-- Name: COLUMN payment_payouts.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN payment_payouts.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.status IS 'scheduled, in_transit, paid, failed, cancelled, unknown';


--
-- Name: COLUMN payment_payouts.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_payouts.type; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.type IS 'bank_account, card, other, unknown';


--
-- Name: COLUMN payment_payouts.method; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.method IS 'standard, instant';


--
-- Name: COLUMN payment_payouts.schedule; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.schedule IS 'automatic, manual, unknown';


--
-- Name: COLUMN payment_payouts.arrival_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.arrival_at IS 'when it is, or was, in the account';


--
-- Name: COLUMN payment_payouts.destination_last4; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.destination_last4 IS 'the last digits of the account';


--
-- Name: COLUMN payment_payouts.fee_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.fee_amount IS 'positive when charged to the merchant';


--
-- Name: COLUMN payment_payouts.trace_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.trace_id IS 'the bank''s reference';


--
-- Name: COLUMN payment_payouts.transactions_complete; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_payouts.transactions_complete IS 'everything it is made of is known';


--
-- Name: refund_line_items; Type: VIEW; Schema: woocommerce; Owner: -
--

CREATE VIEW woocommerce.refund_line_items AS
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    COALESCE(woocommerce.ref((a.l -> 'id'::text)), ((r.external_id || ':line:'::text) || (a.n - 1))) AS platform_id,
    unified.id(r.connection_id, 'payment_refund_line_items'::text, COALESCE(woocommerce.ref((a.l -> 'id'::text)), ((r.external_id || ':line:'::text) || (a.n - 1)))) AS id,
    r.external_id AS platform_parent_id,
    r.platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'refunds'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'payment_refunds'::text, r.external_id) AS refund_id,
    r.external_id AS refund_platform_id,
    unified.id(r.connection_id, 'commerce_orders'::text, woocommerce.parent(r.payload)) AS order_id,
    woocommerce.parent(r.payload) AS order_platform_id,
    woocommerce.ref(woocommerce.meta((a.l -> 'meta_data'::text), '_refunded_item_id'::text)) AS order_line_item_platform_id,
    ((a.n - 1))::numeric AS line_index,
    (woocommerce.ref((a.l -> 'id'::text)) IS NULL) AS platform_id_is_synthetic,
    woocommerce.ref((a.l -> 'product_id'::text)) AS product_platform_id,
    COALESCE(woocommerce.ref((a.l -> 'variation_id'::text)), woocommerce.ref((a.l -> 'product_id'::text))) AS variant_platform_id,
    woocommerce.text((a.l -> 'sku'::text)) AS sku,
    abs(unified.num((a.l -> 'quantity'::text))) AS quantity,
    abs(woocommerce.quotient(unified.num((a.l -> 'subtotal'::text)), unified.num((a.l -> 'quantity'::text)))) AS unit_amount,
    abs(unified.num((a.l -> 'total'::text))) AS subtotal_amount,
    abs(unified.num((a.l -> 'total_tax'::text))) AS tax_amount,
    woocommerce.currency((o.payload ->> 'currency'::text)) AS currency,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((a.l -> 'quantity'::text)) IS NOT NULL) AND (unified.num((a.l -> 'total'::text)) IS NOT NULL) AND (woocommerce.currency((o.payload ->> 'currency'::text)) IS NOT NULL)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('quantity', 'typecast_error', (a.l -> 'quantity'::text), (unified.num((a.l -> 'quantity'::text)) IS NULL)), jsonb_build_array('subtotal_amount', 'typecast_error', (a.l -> 'total'::text), (unified.num((a.l -> 'total'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (o.payload -> 'currency'::text), (woocommerce.currency((o.payload ->> 'currency'::text)) IS NULL))))
        END AS issues
   FROM ((portolan.raw_records r
     CROSS JOIN LATERAL jsonb_array_elements(unified.arr((r.payload -> 'line_items'::text))) WITH ORDINALITY a(l, n))
     LEFT JOIN portolan.raw_records o ON (((o.connection_id = r.connection_id) AND (o.resource = 'orders'::text) AND (o.external_id = woocommerce.parent(r.payload)) AND (o.platform = 'woocommerce'::text))))
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'refunds'::text));


--
-- Name: payment_refund_line_items; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.payment_refund_line_items AS
 SELECT refund_line_items.connection_id,
    refund_line_items.platform,
    refund_line_items.platform_id,
    refund_line_items.id,
    refund_line_items.platform_parent_id,
    refund_line_items.platform_created_at,
    refund_line_items.platform_updated_at,
    refund_line_items.first_seen_at,
    refund_line_items.changed_at,
    refund_line_items.fetched_at,
    refund_line_items.is_deleted,
    refund_line_items.deleted_at,
    refund_line_items.deletion_source,
    refund_line_items.is_test,
    refund_line_items.raw_resource,
    refund_line_items.mapping_version,
    refund_line_items.issues,
    refund_line_items.refund_id,
    refund_line_items.refund_platform_id,
    refund_line_items.order_id,
    refund_line_items.order_platform_id,
    refund_line_items.order_line_item_platform_id,
    refund_line_items.line_index,
    refund_line_items.platform_id_is_synthetic,
    NULL::text AS product_platform_id,
    NULL::text AS variant_platform_id,
    refund_line_items.sku,
    refund_line_items.quantity,
    NULL::numeric AS unit_amount,
    refund_line_items.subtotal_amount,
    refund_line_items.tax_amount,
    refund_line_items.currency,
    refund_line_items.restock_type,
    refund_line_items.restock_type_raw,
    refund_line_items.restocked,
    refund_line_items.location_platform_id
   FROM shopify.refund_line_items
UNION ALL
 SELECT refund_line_items.connection_id,
    refund_line_items.platform,
    refund_line_items.platform_id,
    refund_line_items.id,
    refund_line_items.platform_parent_id,
    refund_line_items.platform_created_at,
    refund_line_items.platform_updated_at,
    refund_line_items.first_seen_at,
    refund_line_items.changed_at,
    refund_line_items.fetched_at,
    refund_line_items.is_deleted,
    refund_line_items.deleted_at,
    refund_line_items.deletion_source,
    NULL::boolean AS is_test,
    refund_line_items.raw_resource,
    refund_line_items.mapping_version,
    refund_line_items.issues,
    refund_line_items.refund_id,
    refund_line_items.refund_platform_id,
    refund_line_items.order_id,
    refund_line_items.order_platform_id,
    refund_line_items.order_line_item_platform_id,
    refund_line_items.line_index,
    refund_line_items.platform_id_is_synthetic,
    refund_line_items.product_platform_id,
    refund_line_items.variant_platform_id,
    refund_line_items.sku,
    refund_line_items.quantity,
    refund_line_items.unit_amount,
    refund_line_items.subtotal_amount,
    refund_line_items.tax_amount,
    refund_line_items.currency,
    NULL::text AS restock_type,
    NULL::text AS restock_type_raw,
    NULL::boolean AS restocked,
    NULL::text AS location_platform_id
   FROM woocommerce.refund_line_items;


--
-- Name: VIEW payment_refund_line_items; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.payment_refund_line_items IS 'The order lines that a refund is for.';


--
-- Name: COLUMN payment_refund_line_items.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN payment_refund_line_items.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN payment_refund_line_items.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN payment_refund_line_items.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN payment_refund_line_items.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN payment_refund_line_items.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN payment_refund_line_items.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN payment_refund_line_items.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.first_seen_at IS 'first stored here';


--
-- Name: COLUMN payment_refund_line_items.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN payment_refund_line_items.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN payment_refund_line_items.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN payment_refund_line_items.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN payment_refund_line_items.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN payment_refund_line_items.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN payment_refund_line_items.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN payment_refund_line_items.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN payment_refund_line_items.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN payment_refund_line_items.refund_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.refund_id IS 'the payment_refunds row';


--
-- Name: COLUMN payment_refund_line_items.order_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.order_id IS 'the commerce_orders row';


--
-- Name: COLUMN payment_refund_line_items.order_line_item_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.order_line_item_platform_id IS 'the commerce_order_line_items row';


--
-- Name: COLUMN payment_refund_line_items.line_index; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.line_index IS 'position within the refund, from 0';


--
-- Name: COLUMN payment_refund_line_items.platform_id_is_synthetic; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.platform_id_is_synthetic IS 'the platform gives the line no identifier: it is <refund>:line:<index>';


--
-- Name: COLUMN payment_refund_line_items.subtotal_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.subtotal_amount IS 'tax excluded unless the order says tax_included';


--
-- Name: COLUMN payment_refund_line_items.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN payment_refund_line_items.restock_type; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.restock_type IS 'return, cancel, no_restock, unknown';


--
-- Name: COLUMN payment_refund_line_items.restock_type_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.restock_type_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_refund_line_items.restocked; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.restocked IS 'whether the goods went back to stock';


--
-- Name: COLUMN payment_refund_line_items.location_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refund_line_items.location_platform_id IS 'where they went back to';


--
-- Name: refunds; Type: VIEW; Schema: woocommerce; Owner: -
--

CREATE VIEW woocommerce.refunds AS
 SELECT r.connection_id,
    'woocommerce'::text AS platform,
    r.external_id AS platform_id,
    unified.id(r.connection_id, 'payment_refunds'::text, r.external_id) AS id,
    COALESCE(r.platform_created_at, woocommerce.ts((d.p -> 'date_created_gmt'::text))) AS platform_created_at,
    r.platform_updated_at,
    r.first_seen_at,
    r.changed_at,
    r.fetched_at,
    (r.deleted_at IS NOT NULL) AS is_deleted,
    r.deleted_at,
    r.deletion_source,
    'refunds'::text AS raw_resource,
    1 AS mapping_version,
    unified.id(r.connection_id, 'commerce_orders'::text, woocommerce.parent(d.p)) AS order_id,
    woocommerce.parent(d.p) AS order_platform_id,
    abs(unified.num((d.p -> 'amount'::text))) AS amount,
    woocommerce.currency((o.payload ->> 'currency'::text)) AS currency,
    'succeeded'::text AS status,
        CASE
            WHEN (woocommerce.text((d.p -> 'reason'::text)) IS NOT NULL) THEN 'other'::text
            ELSE NULL::text
        END AS reason,
    woocommerce.text((d.p -> 'reason'::text)) AS reason_raw,
    abs(woocommerce.total((d.p -> 'shipping_lines'::text), 'total'::text)) AS shipping_amount,
    abs(((woocommerce.total((d.p -> 'line_items'::text), 'total_tax'::text) + COALESCE(woocommerce.total((d.p -> 'shipping_lines'::text), 'total_tax'::text), (0)::numeric)) + COALESCE(woocommerce.total((d.p -> 'fee_lines'::text), 'total_tax'::text), (0)::numeric))) AS tax_amount,
    COALESCE(woocommerce.ts((d.p -> 'date_created_gmt'::text)), r.platform_created_at) AS processed_at,
    (NOT (jsonb_typeof((d.p -> 'line_items'::text)) IS DISTINCT FROM 'array'::text)) AS line_items_complete,
        CASE
            WHEN ((NOT r.sanitised) AND (unified.num((d.p -> 'amount'::text)) IS NOT NULL) AND (woocommerce.currency((o.payload ->> 'currency'::text)) IS NOT NULL) AND (woocommerce.parent(d.p) IS NOT NULL)) THEN '[]'::jsonb
            ELSE woocommerce.issues(r.sanitised, jsonb_build_array(jsonb_build_array('order_platform_id', 'typecast_error', (d.p -> 'parent_id'::text), (woocommerce.parent(d.p) IS NULL)), jsonb_build_array('amount', 'typecast_error', (d.p -> 'amount'::text), (unified.num((d.p -> 'amount'::text)) IS NULL)), jsonb_build_array('currency', 'currency_invalid', (o.payload -> 'currency'::text), (woocommerce.currency((o.payload ->> 'currency'::text)) IS NULL))))
        END AS issues,
    unified.bool((d.p -> 'refunded_payment'::text)) AS is_paid_back
   FROM ((portolan.raw_records r
     CROSS JOIN LATERAL ( SELECT (r.payload #> '{}'::text[]) AS p
         OFFSET 0) d)
     LEFT JOIN portolan.raw_records o ON (((o.connection_id = r.connection_id) AND (o.resource = 'orders'::text) AND (o.external_id = woocommerce.parent(r.payload)) AND (o.platform = 'woocommerce'::text))))
  WHERE ((r.platform = 'woocommerce'::text) AND (r.resource = 'refunds'::text));


--
-- Name: payment_refunds; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.payment_refunds AS
 SELECT refunds.connection_id,
    refunds.platform,
    refunds.platform_id,
    refunds.id,
    NULL::text AS platform_parent_id,
    refunds.platform_created_at,
    refunds.platform_updated_at,
    refunds.first_seen_at,
    refunds.changed_at,
    refunds.fetched_at,
    refunds.is_deleted,
    refunds.deleted_at,
    refunds.deletion_source,
    NULL::boolean AS is_test,
    refunds.raw_resource,
    refunds.mapping_version,
    refunds.issues,
    refunds.order_id,
    refunds.order_platform_id,
    refunds.transaction_platform_id,
    refunds.amount,
    refunds.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    refunds.status,
    NULL::text AS status_raw,
    NULL::text AS reason,
    NULL::text AS reason_raw,
    NULL::text AS note,
    refunds.shipping_amount,
    refunds.tax_amount,
    NULL::boolean AS restocked,
    refunds.processed_at,
    refunds.line_items_complete,
    NULL::text AS error_code
   FROM amazon.refunds
UNION ALL
 SELECT refunds.connection_id,
    refunds.platform,
    refunds.platform_id,
    refunds.id,
    refunds.platform_parent_id,
    refunds.platform_created_at,
    refunds.platform_updated_at,
    refunds.first_seen_at,
    refunds.changed_at,
    refunds.fetched_at,
    refunds.is_deleted,
    refunds.deleted_at,
    refunds.deletion_source,
    refunds.is_test,
    refunds.raw_resource,
    refunds.mapping_version,
    refunds.issues,
    refunds.order_id,
    refunds.order_platform_id,
    refunds.transaction_platform_id,
    refunds.amount,
    refunds.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    refunds.status,
    refunds.status_raw,
    refunds.reason,
    refunds.reason_raw,
    refunds.note,
    NULL::numeric AS shipping_amount,
    NULL::numeric AS tax_amount,
    NULL::boolean AS restocked,
    refunds.processed_at,
    NULL::boolean AS line_items_complete,
    NULL::text AS error_code
   FROM pretix.refunds
UNION ALL
 SELECT refunds.connection_id,
    refunds.platform,
    refunds.platform_id,
    refunds.id,
    NULL::text AS platform_parent_id,
    refunds.platform_created_at,
    refunds.platform_updated_at,
    refunds.first_seen_at,
    refunds.changed_at,
    refunds.fetched_at,
    refunds.is_deleted,
    refunds.deleted_at,
    refunds.deletion_source,
    NULL::boolean AS is_test,
    refunds.raw_resource,
    refunds.mapping_version,
    refunds.issues,
    NULL::uuid AS order_id,
    NULL::text AS order_platform_id,
    refunds.transaction_platform_id,
    refunds.amount,
    refunds.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    refunds.status,
    refunds.status_raw,
    NULL::text AS reason,
    NULL::text AS reason_raw,
    NULL::text AS note,
    NULL::numeric AS shipping_amount,
    NULL::numeric AS tax_amount,
    NULL::boolean AS restocked,
    refunds.processed_at,
    NULL::boolean AS line_items_complete,
    refunds.error_code
   FROM recurly.refunds
UNION ALL
 SELECT refunds.connection_id,
    refunds.platform,
    refunds.platform_id,
    refunds.id,
    refunds.platform_parent_id,
    refunds.platform_created_at,
    refunds.platform_updated_at,
    refunds.first_seen_at,
    refunds.changed_at,
    refunds.fetched_at,
    refunds.is_deleted,
    refunds.deleted_at,
    refunds.deletion_source,
    refunds.is_test,
    refunds.raw_resource,
    refunds.mapping_version,
    refunds.issues,
    refunds.order_id,
    refunds.order_platform_id,
    refunds.transaction_platform_id,
    refunds.amount,
    refunds.currency,
    refunds.presentment_currency,
    refunds.presentment_amount,
    refunds.status,
    refunds.status_raw,
    NULL::text AS reason,
    NULL::text AS reason_raw,
    refunds.note,
    refunds.shipping_amount,
    refunds.tax_amount,
    refunds.restocked,
    refunds.processed_at,
    refunds.line_items_complete,
    NULL::text AS error_code
   FROM shopify.refunds
UNION ALL
 SELECT refunds.connection_id,
    refunds.platform,
    refunds.platform_id,
    refunds.id,
    NULL::text AS platform_parent_id,
    refunds.platform_created_at,
    refunds.platform_updated_at,
    refunds.first_seen_at,
    refunds.changed_at,
    refunds.fetched_at,
    refunds.is_deleted,
    refunds.deleted_at,
    refunds.deletion_source,
    refunds.is_test,
    refunds.raw_resource,
    refunds.mapping_version,
    refunds.issues,
    NULL::uuid AS order_id,
    NULL::text AS order_platform_id,
    refunds.transaction_platform_id,
    refunds.amount,
    refunds.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    refunds.status,
    refunds.status_raw,
    refunds.reason,
    refunds.reason_raw,
    refunds.note,
    NULL::numeric AS shipping_amount,
    NULL::numeric AS tax_amount,
    NULL::boolean AS restocked,
    refunds.processed_at,
    NULL::boolean AS line_items_complete,
    refunds.error_code
   FROM stripe.refunds
UNION ALL
 SELECT refunds.connection_id,
    refunds.platform,
    refunds.platform_id,
    refunds.id,
    NULL::text AS platform_parent_id,
    refunds.platform_created_at,
    refunds.platform_updated_at,
    refunds.first_seen_at,
    refunds.changed_at,
    refunds.fetched_at,
    refunds.is_deleted,
    refunds.deleted_at,
    refunds.deletion_source,
    NULL::boolean AS is_test,
    refunds.raw_resource,
    refunds.mapping_version,
    refunds.issues,
    refunds.order_id,
    refunds.order_platform_id,
    NULL::text AS transaction_platform_id,
    refunds.amount,
    refunds.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    refunds.status,
    NULL::text AS status_raw,
    refunds.reason,
    refunds.reason_raw,
    NULL::text AS note,
    refunds.shipping_amount,
    refunds.tax_amount,
    NULL::boolean AS restocked,
    refunds.processed_at,
    refunds.line_items_complete,
    NULL::text AS error_code
   FROM woocommerce.refunds;


--
-- Name: VIEW payment_refunds; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.payment_refunds IS 'Money given back to a buyer as one decision, however many transactions and lines it took. Amounts are magnitudes in major units.';


--
-- Name: COLUMN payment_refunds.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN payment_refunds.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN payment_refunds.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN payment_refunds.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN payment_refunds.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN payment_refunds.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN payment_refunds.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN payment_refunds.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.first_seen_at IS 'first stored here';


--
-- Name: COLUMN payment_refunds.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN payment_refunds.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN payment_refunds.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN payment_refunds.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN payment_refunds.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN payment_refunds.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN payment_refunds.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN payment_refunds.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN payment_refunds.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN payment_refunds.order_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.order_id IS 'the commerce_orders row it belongs to';


--
-- Name: COLUMN payment_refunds.order_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.order_platform_id IS 'the order''s own identifier';


--
-- Name: COLUMN payment_refunds.transaction_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.transaction_platform_id IS 'the payment_transactions row that moved the money, or the one that is refunded where there is no other';


--
-- Name: COLUMN payment_refunds.amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.amount IS 'what was given back; 0 for a refund that only restocks';


--
-- Name: COLUMN payment_refunds.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.currency IS 'ISO 4217, upper case';


--
-- Name: COLUMN payment_refunds.presentment_currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.presentment_currency IS 'what the buyer got back in; NULL when the same as currency';


--
-- Name: COLUMN payment_refunds.presentment_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.presentment_amount IS 'amount in presentment_currency; NULL when the same as currency';


--
-- Name: COLUMN payment_refunds.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.status IS 'pending, succeeded, failed, cancelled, unknown';


--
-- Name: COLUMN payment_refunds.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_refunds.reason; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.reason IS 'requested_by_customer, duplicate, fraudulent, damaged, other, unknown';


--
-- Name: COLUMN payment_refunds.reason_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.reason_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_refunds.note; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.note IS 'what the merchant wrote to it';


--
-- Name: COLUMN payment_refunds.shipping_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.shipping_amount IS 'the part that is shipping, tax excluded';


--
-- Name: COLUMN payment_refunds.tax_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.tax_amount IS 'the part that is tax';


--
-- Name: COLUMN payment_refunds.restocked; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.restocked IS 'whether goods went back to stock';


--
-- Name: COLUMN payment_refunds.processed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.processed_at IS 'when it took place';


--
-- Name: COLUMN payment_refunds.line_items_complete; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.line_items_complete IS 'false when only part of the refunded lines is here';


--
-- Name: COLUMN payment_refunds.error_code; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_refunds.error_code IS 'the platform''s own code for a refund that failed';


--
-- Name: payment_transactions; Type: VIEW; Schema: unified; Owner: -
--

CREATE VIEW unified.payment_transactions AS
 SELECT transactions.connection_id,
    transactions.platform,
    transactions.platform_id,
    transactions.id,
    NULL::text AS platform_parent_id,
    transactions.platform_created_at,
    transactions.platform_updated_at,
    transactions.first_seen_at,
    transactions.changed_at,
    transactions.fetched_at,
    transactions.is_deleted,
    transactions.deleted_at,
    transactions.deletion_source,
    NULL::boolean AS is_test,
    transactions.raw_resource,
    transactions.mapping_version,
    transactions.issues,
    transactions.kind,
    transactions.kind_raw,
    transactions.status,
    NULL::text AS status_raw,
    transactions.amount,
    transactions.direction,
    transactions.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    transactions.order_id,
    transactions.order_platform_id,
    NULL::text AS customer_platform_id,
    NULL::text AS invoice_platform_id,
    NULL::text AS parent_platform_id,
    transactions.processed_at,
    transactions.gateway,
    NULL::text AS payment_method_type,
    NULL::text AS payment_method_type_raw,
    NULL::text AS card_brand,
    NULL::text AS card_last4,
    transactions.fee_amount,
    transactions.net_amount,
    NULL::numeric AS refunded_amount,
    NULL::text AS error_code,
    NULL::text AS error_message,
    NULL::numeric AS exchange_rate,
    NULL::text AS settlement_currency
   FROM amazon.transactions
UNION ALL
 SELECT payments.connection_id,
    payments.platform,
    payments.platform_id,
    payments.id,
    payments.platform_parent_id,
    payments.platform_created_at,
    payments.platform_updated_at,
    payments.first_seen_at,
    payments.changed_at,
    payments.fetched_at,
    payments.is_deleted,
    payments.deleted_at,
    payments.deletion_source,
    payments.is_test,
    payments.raw_resource,
    payments.mapping_version,
    payments.issues,
    payments.kind,
    NULL::text AS kind_raw,
    payments.status,
    payments.status_raw,
    payments.amount,
    payments.direction,
    payments.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    payments.order_id,
    payments.order_platform_id,
    payments.customer_platform_id,
    NULL::text AS invoice_platform_id,
    NULL::text AS parent_platform_id,
    payments.processed_at,
    payments.gateway,
    payments.payment_method_type,
    payments.payment_method_type_raw,
    NULL::text AS card_brand,
    NULL::text AS card_last4,
    NULL::numeric AS fee_amount,
    NULL::numeric AS net_amount,
    NULL::numeric AS refunded_amount,
    NULL::text AS error_code,
    NULL::text AS error_message,
    NULL::numeric AS exchange_rate,
    NULL::text AS settlement_currency
   FROM pretix.payments
UNION ALL
 SELECT transactions.connection_id,
    transactions.platform,
    transactions.platform_id,
    transactions.id,
    NULL::text AS platform_parent_id,
    transactions.platform_created_at,
    transactions.platform_updated_at,
    transactions.first_seen_at,
    transactions.changed_at,
    transactions.fetched_at,
    transactions.is_deleted,
    transactions.deleted_at,
    transactions.deletion_source,
    NULL::boolean AS is_test,
    transactions.raw_resource,
    transactions.mapping_version,
    transactions.issues,
    transactions.kind,
    transactions.kind_raw,
    transactions.status,
    transactions.status_raw,
    transactions.amount,
    transactions.direction,
    transactions.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    NULL::uuid AS order_id,
    NULL::text AS order_platform_id,
    transactions.customer_platform_id,
    transactions.invoice_platform_id,
    transactions.parent_platform_id,
    transactions.processed_at,
    transactions.gateway,
    transactions.payment_method_type,
    transactions.payment_method_type_raw,
    transactions.card_brand,
    transactions.card_last4,
    NULL::numeric AS fee_amount,
    NULL::numeric AS net_amount,
    transactions.refunded_amount,
    transactions.error_code,
    transactions.error_message,
    NULL::numeric AS exchange_rate,
    NULL::text AS settlement_currency
   FROM recurly.transactions
UNION ALL
 SELECT transactions.connection_id,
    transactions.platform,
    transactions.platform_id,
    transactions.id,
    transactions.platform_parent_id,
    transactions.platform_created_at,
    transactions.platform_updated_at,
    transactions.first_seen_at,
    transactions.changed_at,
    transactions.fetched_at,
    transactions.is_deleted,
    transactions.deleted_at,
    transactions.deletion_source,
    transactions.is_test,
    transactions.raw_resource,
    transactions.mapping_version,
    transactions.issues,
    transactions.kind,
    transactions.kind_raw,
    transactions.status,
    transactions.status_raw,
    transactions.amount,
    transactions.direction,
    transactions.currency,
    transactions.presentment_currency,
    transactions.presentment_amount,
    transactions.order_id,
    transactions.order_platform_id,
    transactions.customer_platform_id,
    NULL::text AS invoice_platform_id,
    transactions.parent_platform_id,
    transactions.processed_at,
    transactions.gateway,
    transactions.payment_method_type,
    transactions.payment_method_type_raw,
    transactions.card_brand,
    transactions.card_last4,
    transactions.fee_amount,
    transactions.net_amount,
    NULL::numeric AS refunded_amount,
    transactions.error_code,
    NULL::text AS error_message,
    transactions.exchange_rate,
    transactions.settlement_currency
   FROM shopify.transactions
UNION ALL
 SELECT charges.connection_id,
    charges.platform,
    charges.platform_id,
    charges.id,
    NULL::text AS platform_parent_id,
    charges.platform_created_at,
    charges.platform_updated_at,
    charges.first_seen_at,
    charges.changed_at,
    charges.fetched_at,
    charges.is_deleted,
    charges.deleted_at,
    charges.deletion_source,
    charges.is_test,
    charges.raw_resource,
    charges.mapping_version,
    charges.issues,
    charges.kind,
    charges.kind_raw,
    charges.status,
    charges.status_raw,
    charges.amount,
    charges.direction,
    charges.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    NULL::uuid AS order_id,
    NULL::text AS order_platform_id,
    charges.customer_platform_id,
    charges.invoice_platform_id,
    NULL::text AS parent_platform_id,
    charges.processed_at,
    charges.gateway,
    charges.payment_method_type,
    charges.payment_method_type_raw,
    charges.card_brand,
    charges.card_last4,
    NULL::numeric AS fee_amount,
    NULL::numeric AS net_amount,
    charges.refunded_amount,
    charges.error_code,
    charges.error_message,
    NULL::numeric AS exchange_rate,
    NULL::text AS settlement_currency
   FROM stripe.charges
UNION ALL
 SELECT payment_intents.connection_id,
    payment_intents.platform,
    payment_intents.platform_id,
    payment_intents.id,
    NULL::text AS platform_parent_id,
    payment_intents.platform_created_at,
    payment_intents.platform_updated_at,
    payment_intents.first_seen_at,
    payment_intents.changed_at,
    payment_intents.fetched_at,
    payment_intents.is_deleted,
    payment_intents.deleted_at,
    payment_intents.deletion_source,
    payment_intents.is_test,
    payment_intents.raw_resource,
    payment_intents.mapping_version,
    payment_intents.issues,
    payment_intents.kind,
    payment_intents.kind_raw,
    payment_intents.status,
    payment_intents.status_raw,
    payment_intents.amount,
    payment_intents.direction,
    payment_intents.currency,
    NULL::text AS presentment_currency,
    NULL::numeric AS presentment_amount,
    NULL::uuid AS order_id,
    NULL::text AS order_platform_id,
    payment_intents.customer_platform_id,
    payment_intents.invoice_platform_id,
    NULL::text AS parent_platform_id,
    payment_intents.processed_at,
    payment_intents.gateway,
    payment_intents.payment_method_type,
    payment_intents.payment_method_type_raw,
    NULL::text AS card_brand,
    NULL::text AS card_last4,
    NULL::numeric AS fee_amount,
    NULL::numeric AS net_amount,
    NULL::numeric AS refunded_amount,
    payment_intents.error_code,
    payment_intents.error_message,
    NULL::numeric AS exchange_rate,
    NULL::text AS settlement_currency
   FROM stripe.payment_intents;


--
-- Name: VIEW payment_transactions; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON VIEW unified.payment_transactions IS 'Money asked of a buyer or returned to one: one row an attempt, whatever came of it. Amounts are magnitudes in major units; `direction` says which way the money goes. Ids of other rows are unified.id(connection_id, ''<entity>'', platform_id) with the entity''s name as in the view, e.g. commerce_orders.';


--
-- Name: COLUMN payment_transactions.connection_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.connection_id IS 'the merchant''s connection';


--
-- Name: COLUMN payment_transactions.platform; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.platform IS 'the platform''s key, e.g. shopify';


--
-- Name: COLUMN payment_transactions.platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.platform_id IS 'the platform''s identifier, always as text';


--
-- Name: COLUMN payment_transactions.id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.id IS 'the same for the same record after any re-sync: MD5 of connection_id:entity:platform_id';


--
-- Name: COLUMN payment_transactions.platform_parent_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.platform_parent_id IS 'identifier of the owning record, for child rows';


--
-- Name: COLUMN payment_transactions.platform_created_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.platform_created_at IS 'when the platform says it was created';


--
-- Name: COLUMN payment_transactions.platform_updated_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.platform_updated_at IS 'when the platform says it last changed; NULL where it has no such field';


--
-- Name: COLUMN payment_transactions.first_seen_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.first_seen_at IS 'first stored here';


--
-- Name: COLUMN payment_transactions.changed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.changed_at IS 'last time the payload''s content changed here';


--
-- Name: COLUMN payment_transactions.fetched_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.fetched_at IS 'when the stored payload was fetched; not a measure of freshness';


--
-- Name: COLUMN payment_transactions.is_deleted; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.is_deleted IS 'the platform no longer has it';


--
-- Name: COLUMN payment_transactions.deleted_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.deleted_at IS 'when it was deleted, or found to be gone';


--
-- Name: COLUMN payment_transactions.deletion_source; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.deletion_source IS 'how the deletion was learned';


--
-- Name: COLUMN payment_transactions.is_test; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.is_test IS 'made in the platform''s test mode';


--
-- Name: COLUMN payment_transactions.raw_resource; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.raw_resource IS 'resource of the raw record the row came from';


--
-- Name: COLUMN payment_transactions.mapping_version; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.mapping_version IS 'version of the view that made this row';


--
-- Name: COLUMN payment_transactions.issues; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.issues IS '[] when clean; else one object a problem: field, change, reason, raw';


--
-- Name: COLUMN payment_transactions.kind; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.kind IS 'authorization, capture, sale, void, refund, change, chargeback, chargeback_reversal, fee, adjustment, unknown';


--
-- Name: COLUMN payment_transactions.kind_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.kind_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_transactions.status; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.status IS 'pending, succeeded, failed, cancelled, awaiting_response, unknown';


--
-- Name: COLUMN payment_transactions.status_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.status_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_transactions.amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.amount IS 'magnitude';


--
-- Name: COLUMN payment_transactions.direction; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.direction IS 'in (buyer to merchant), out, none (authorization, void)';


--
-- Name: COLUMN payment_transactions.currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.currency IS 'ISO 4217, upper case; the currency of amount, fee_amount and net_amount';


--
-- Name: COLUMN payment_transactions.presentment_currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.presentment_currency IS 'what the buyer paid in; NULL when the same as currency';


--
-- Name: COLUMN payment_transactions.presentment_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.presentment_amount IS 'magnitude in presentment_currency; NULL when the same as currency';


--
-- Name: COLUMN payment_transactions.order_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.order_id IS 'the commerce_orders row it belongs to';


--
-- Name: COLUMN payment_transactions.order_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.order_platform_id IS 'the order''s own identifier';


--
-- Name: COLUMN payment_transactions.customer_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.customer_platform_id IS 'the paying customer''s own identifier';


--
-- Name: COLUMN payment_transactions.invoice_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.invoice_platform_id IS 'the billing_invoices row it pays, where it pays one';


--
-- Name: COLUMN payment_transactions.parent_platform_id; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.parent_platform_id IS 'the authorization of a capture, the capture of a refund';


--
-- Name: COLUMN payment_transactions.processed_at; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.processed_at IS 'when it took place';


--
-- Name: COLUMN payment_transactions.gateway; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.gateway IS 'the platform''s name of the payment provider';


--
-- Name: COLUMN payment_transactions.payment_method_type; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.payment_method_type IS 'card, bank_transfer, wallet, cash, check, gift_card, store_credit, buy_now_pay_later, crypto, other, unknown';


--
-- Name: COLUMN payment_transactions.payment_method_type_raw; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.payment_method_type_raw IS 'the platform''s own word';


--
-- Name: COLUMN payment_transactions.card_brand; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.card_brand IS 'e.g. visa, as the platform writes it';


--
-- Name: COLUMN payment_transactions.card_last4; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.card_last4 IS 'never more of the number than that';


--
-- Name: COLUMN payment_transactions.fee_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.fee_amount IS 'positive when charged to the merchant; NULL when only known at settlement';


--
-- Name: COLUMN payment_transactions.net_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.net_amount IS 'amount less fee; NULL when the fee is not known';


--
-- Name: COLUMN payment_transactions.refunded_amount; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.refunded_amount IS 'how much of it was given back so far';


--
-- Name: COLUMN payment_transactions.error_code; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.error_code IS 'the platform''s own code';


--
-- Name: COLUMN payment_transactions.error_message; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.error_message IS 'the platform''s own text';


--
-- Name: COLUMN payment_transactions.exchange_rate; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.exchange_rate IS 'units of settlement_currency for one unit of currency';


--
-- Name: COLUMN payment_transactions.settlement_currency; Type: COMMENT; Schema: unified; Owner: -
--

COMMENT ON COLUMN unified.payment_transactions.settlement_currency IS 'what reaches the merchant''s bank';


--
-- Name: errors_20261123; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_20261123 FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-11-24 00:00:00+00');


--
-- Name: errors_20261124; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_20261124 FOR VALUES FROM ('2026-11-24 00:00:00+00') TO ('2026-11-25 00:00:00+00');


--
-- Name: errors_20261125; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_20261125 FOR VALUES FROM ('2026-11-25 00:00:00+00') TO ('2026-11-26 00:00:00+00');


--
-- Name: errors_20261126; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_20261126 FOR VALUES FROM ('2026-11-26 00:00:00+00') TO ('2026-11-27 00:00:00+00');


--
-- Name: errors_20261127; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_20261127 FOR VALUES FROM ('2026-11-27 00:00:00+00') TO ('2026-11-28 00:00:00+00');


--
-- Name: errors_20261128; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_20261128 FOR VALUES FROM ('2026-11-28 00:00:00+00') TO ('2026-11-29 00:00:00+00');


--
-- Name: errors_20261129; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_20261129 FOR VALUES FROM ('2026-11-29 00:00:00+00') TO ('2026-11-30 00:00:00+00');


--
-- Name: errors_20261130; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_20261130 FOR VALUES FROM ('2026-11-30 00:00:00+00') TO ('2026-12-01 00:00:00+00');


--
-- Name: errors_default; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ATTACH PARTITION portolan.errors_default DEFAULT;


--
-- Name: job_events_default; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.job_events ATTACH PARTITION portolan.job_events_default DEFAULT;


--
-- Name: job_history_default; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.job_history ATTACH PARTITION portolan.job_history_default DEFAULT;


--
-- Name: requests_default; Type: TABLE ATTACH; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.requests ATTACH PARTITION portolan.requests_default DEFAULT;


--
-- Name: errors error_id; Type: DEFAULT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.errors ALTER COLUMN error_id SET DEFAULT nextval('portolan.error_ids'::regclass);


--
-- Name: alerts alerts_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (alert_id);


--
-- Name: applied_views applied_views_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.applied_views
    ADD CONSTRAINT applied_views_pkey PRIMARY KEY (name);


--
-- Name: connection_credentials connection_credentials_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.connection_credentials
    ADD CONSTRAINT connection_credentials_pkey PRIMARY KEY (connection_id);


--
-- Name: connection_events connection_events_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.connection_events
    ADD CONSTRAINT connection_events_pkey PRIMARY KEY (event_id);


--
-- Name: connection_tokens connection_tokens_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.connection_tokens
    ADD CONSTRAINT connection_tokens_pkey PRIMARY KEY (connection_id);


--
-- Name: connections connections_name_key; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.connections
    ADD CONSTRAINT connections_name_key UNIQUE (name);


--
-- Name: connections connections_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.connections
    ADD CONSTRAINT connections_pkey PRIMARY KEY (connection_id);


--
-- Name: copies copies_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.copies
    ADD CONSTRAINT copies_pkey PRIMARY KEY (entity);


--
-- Name: copy_changes copy_changes_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.copy_changes
    ADD CONSTRAINT copy_changes_pkey PRIMARY KEY (change_id);


--
-- Name: copy_connections copy_connections_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.copy_connections
    ADD CONSTRAINT copy_connections_pkey PRIMARY KEY (source_id, connection_id);


--
-- Name: copy_sources copy_sources_entity_view_name_key; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.copy_sources
    ADD CONSTRAINT copy_sources_entity_view_name_key UNIQUE (entity, view_name);


--
-- Name: copy_sources copy_sources_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.copy_sources
    ADD CONSTRAINT copy_sources_pkey PRIMARY KEY (source_id);


--
-- Name: coverage coverage_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.coverage
    ADD CONSTRAINT coverage_pkey PRIMARY KEY (connection_id, resource);


--
-- Name: coverage_proofs coverage_proofs_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.coverage_proofs
    ADD CONSTRAINT coverage_proofs_pkey PRIMARY KEY (proof_id);


--
-- Name: error_cluster_connections error_cluster_connections_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.error_cluster_connections
    ADD CONSTRAINT error_cluster_connections_pkey PRIMARY KEY (cluster_id, connection_id);


--
-- Name: error_clusters error_clusters_fingerprint_key; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.error_clusters
    ADD CONSTRAINT error_clusters_fingerprint_key UNIQUE (fingerprint);


--
-- Name: error_clusters error_clusters_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.error_clusters
    ADD CONSTRAINT error_clusters_pkey PRIMARY KEY (cluster_id);


--
-- Name: error_minutes error_minutes_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.error_minutes
    ADD CONSTRAINT error_minutes_pkey PRIMARY KEY (cluster_id, minute);


--
-- Name: error_rules error_rules_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.error_rules
    ADD CONSTRAINT error_rules_pkey PRIMARY KEY (rule_id);


--
-- Name: error_rules_version error_rules_version_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.error_rules_version
    ADD CONSTRAINT error_rules_version_pkey PRIMARY KEY (single);


--
-- Name: gates gates_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.gates
    ADD CONSTRAINT gates_pkey PRIMARY KEY (platform);


--
-- Name: health_transitions health_transitions_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.health_transitions
    ADD CONSTRAINT health_transitions_pkey PRIMARY KEY (from_state, event);


--
-- Name: job_kinds job_kinds_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.job_kinds
    ADD CONSTRAINT job_kinds_pkey PRIMARY KEY (kind, args_version);


--
-- Name: jobs jobs_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (job_id);


--
-- Name: lanes lanes_connection_id_family_key; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.lanes
    ADD CONSTRAINT lanes_connection_id_family_key UNIQUE (connection_id, family);


--
-- Name: lanes lanes_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.lanes
    ADD CONSTRAINT lanes_pkey PRIMARY KEY (lane_id);


--
-- Name: leases leases_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (lane_id);


--
-- Name: maintenance maintenance_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.maintenance
    ADD CONSTRAINT maintenance_pkey PRIMARY KEY (task);


--
-- Name: migrations migrations_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);


--
-- Name: pauses pauses_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.pauses
    ADD CONSTRAINT pauses_pkey PRIMARY KEY (scope, name);


--
-- Name: queue_stats queue_stats_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.queue_stats
    ADD CONSTRAINT queue_stats_pkey PRIMARY KEY (platform, band, kind, state);


--
-- Name: quotas quotas_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.quotas
    ADD CONSTRAINT quotas_pkey PRIMARY KEY (platform, owner, bucket);


--
-- Name: raw_exact raw_exact_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.raw_exact
    ADD CONSTRAINT raw_exact_pkey PRIMARY KEY (connection_id, resource, external_id);


--
-- Name: raw_records raw_records_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.raw_records
    ADD CONSTRAINT raw_records_pkey PRIMARY KEY (connection_id, resource, external_id);


--
-- Name: retention retention_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.retention
    ADD CONSTRAINT retention_pkey PRIMARY KEY (table_name);


--
-- Name: schedules schedules_name_key; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.schedules
    ADD CONSTRAINT schedules_name_key UNIQUE (name);


--
-- Name: schedules schedules_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (schedule_id);


--
-- Name: streams streams_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (connection_id, resource);


--
-- Name: sweep_seen sweep_seen_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.sweep_seen
    ADD CONSTRAINT sweep_seen_pkey PRIMARY KEY (connection_id, resource, page);


--
-- Name: sweeps sweeps_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.sweeps
    ADD CONSTRAINT sweeps_pkey PRIMARY KEY (connection_id, resource);


--
-- Name: workers workers_pkey; Type: CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (worker_id);


--
-- Name: alerts_open; Type: INDEX; Schema: portolan; Owner: -
--

CREATE UNIQUE INDEX alerts_open ON portolan.alerts USING btree (rule, subject) WHERE (resolved_at IS NULL);


--
-- Name: alerts_untold; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX alerts_untold ON portolan.alerts USING btree (alert_id) WHERE (told_at IS NULL);


--
-- Name: connection_events_by_connection; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX connection_events_by_connection ON portolan.connection_events USING btree (connection_id, occurred_at);


--
-- Name: connection_tokens_idle; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX connection_tokens_idle ON portolan.connection_tokens USING btree (idle_at) WHERE ((idle_at IS NOT NULL) AND (state <> 'rejected'::text));


--
-- Name: connections_probe; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX connections_probe ON portolan.connections USING btree (next_probe_at) WHERE (next_probe_at IS NOT NULL);


--
-- Name: copy_changes_by_connection; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX copy_changes_by_connection ON portolan.copy_changes USING btree (connection_id, change_id);


--
-- Name: copy_connections_stale; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX copy_connections_stale ON portolan.copy_connections USING btree (connection_id) WHERE is_stale;


--
-- Name: coverage_proofs_by_resource; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX coverage_proofs_by_resource ON portolan.coverage_proofs USING btree (connection_id, resource, proven_at);


--
-- Name: coverage_proofs_by_time; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX coverage_proofs_by_time ON portolan.coverage_proofs USING brin (proven_at);


--
-- Name: error_cluster_connections_seen; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX error_cluster_connections_seen ON portolan.error_cluster_connections USING btree (last_seen_at);


--
-- Name: error_clusters_seen; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX error_clusters_seen ON portolan.error_clusters USING btree (last_seen_at);


--
-- Name: error_minutes_by_time; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX error_minutes_by_time ON portolan.error_minutes USING btree (minute);


--
-- Name: errors_by_connection; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_by_connection ON ONLY portolan.errors USING btree (connection_id, occurred_at);


--
-- Name: errors_20261123_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261123_connection_id_occurred_at_idx ON portolan.errors_20261123 USING btree (connection_id, occurred_at);


--
-- Name: errors_by_id; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_by_id ON ONLY portolan.errors USING btree (error_id);


--
-- Name: errors_20261123_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261123_error_id_idx ON portolan.errors_20261123 USING btree (error_id);


--
-- Name: errors_by_cluster; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_by_cluster ON ONLY portolan.errors USING btree (fingerprint, occurred_at);


--
-- Name: errors_20261123_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261123_fingerprint_occurred_at_idx ON portolan.errors_20261123 USING btree (fingerprint, occurred_at);


--
-- Name: errors_20261124_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261124_connection_id_occurred_at_idx ON portolan.errors_20261124 USING btree (connection_id, occurred_at);


--
-- Name: errors_20261124_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261124_error_id_idx ON portolan.errors_20261124 USING btree (error_id);


--
-- Name: errors_20261124_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261124_fingerprint_occurred_at_idx ON portolan.errors_20261124 USING btree (fingerprint, occurred_at);


--
-- Name: errors_20261125_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261125_connection_id_occurred_at_idx ON portolan.errors_20261125 USING btree (connection_id, occurred_at);


--
-- Name: errors_20261125_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261125_error_id_idx ON portolan.errors_20261125 USING btree (error_id);


--
-- Name: errors_20261125_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261125_fingerprint_occurred_at_idx ON portolan.errors_20261125 USING btree (fingerprint, occurred_at);


--
-- Name: errors_20261126_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261126_connection_id_occurred_at_idx ON portolan.errors_20261126 USING btree (connection_id, occurred_at);


--
-- Name: errors_20261126_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261126_error_id_idx ON portolan.errors_20261126 USING btree (error_id);


--
-- Name: errors_20261126_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261126_fingerprint_occurred_at_idx ON portolan.errors_20261126 USING btree (fingerprint, occurred_at);


--
-- Name: errors_20261127_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261127_connection_id_occurred_at_idx ON portolan.errors_20261127 USING btree (connection_id, occurred_at);


--
-- Name: errors_20261127_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261127_error_id_idx ON portolan.errors_20261127 USING btree (error_id);


--
-- Name: errors_20261127_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261127_fingerprint_occurred_at_idx ON portolan.errors_20261127 USING btree (fingerprint, occurred_at);


--
-- Name: errors_20261128_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261128_connection_id_occurred_at_idx ON portolan.errors_20261128 USING btree (connection_id, occurred_at);


--
-- Name: errors_20261128_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261128_error_id_idx ON portolan.errors_20261128 USING btree (error_id);


--
-- Name: errors_20261128_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261128_fingerprint_occurred_at_idx ON portolan.errors_20261128 USING btree (fingerprint, occurred_at);


--
-- Name: errors_20261129_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261129_connection_id_occurred_at_idx ON portolan.errors_20261129 USING btree (connection_id, occurred_at);


--
-- Name: errors_20261129_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261129_error_id_idx ON portolan.errors_20261129 USING btree (error_id);


--
-- Name: errors_20261129_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261129_fingerprint_occurred_at_idx ON portolan.errors_20261129 USING btree (fingerprint, occurred_at);


--
-- Name: errors_20261130_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261130_connection_id_occurred_at_idx ON portolan.errors_20261130 USING btree (connection_id, occurred_at);


--
-- Name: errors_20261130_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261130_error_id_idx ON portolan.errors_20261130 USING btree (error_id);


--
-- Name: errors_20261130_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_20261130_fingerprint_occurred_at_idx ON portolan.errors_20261130 USING btree (fingerprint, occurred_at);


--
-- Name: errors_default_connection_id_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_default_connection_id_occurred_at_idx ON portolan.errors_default USING btree (connection_id, occurred_at);


--
-- Name: errors_default_error_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_default_error_id_idx ON portolan.errors_default USING btree (error_id);


--
-- Name: errors_default_fingerprint_occurred_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX errors_default_fingerprint_occurred_at_idx ON portolan.errors_default USING btree (fingerprint, occurred_at);


--
-- Name: job_events_job; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX job_events_job ON ONLY portolan.job_events USING btree (job_id);


--
-- Name: job_events_default_job_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX job_events_default_job_id_idx ON portolan.job_events_default USING btree (job_id);


--
-- Name: job_history_failures; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX job_history_failures ON ONLY portolan.job_history USING btree (connection_id, finished_at) WHERE (outcome = ANY (ARRAY['failed'::text, 'poison'::text]));


--
-- Name: job_history_default_connection_id_finished_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX job_history_default_connection_id_finished_at_idx ON portolan.job_history_default USING btree (connection_id, finished_at) WHERE (outcome = ANY (ARRAY['failed'::text, 'poison'::text]));


--
-- Name: job_history_job; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX job_history_job ON ONLY portolan.job_history USING btree (job_id);


--
-- Name: job_history_default_job_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX job_history_default_job_id_idx ON portolan.job_history_default USING btree (job_id);


--
-- Name: job_history_parent; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX job_history_parent ON ONLY portolan.job_history USING btree (parent_job_id) WHERE (parent_job_id IS NOT NULL);


--
-- Name: job_history_default_parent_job_id_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX job_history_default_parent_job_id_idx ON portolan.job_history_default USING btree (parent_job_id) WHERE (parent_job_id IS NOT NULL);


--
-- Name: jobs_dedupe; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX jobs_dedupe ON portolan.jobs USING btree (lane_id, dedupe_key) WHERE (dedupe_key IS NOT NULL);


--
-- Name: jobs_head; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX jobs_head ON portolan.jobs USING btree (lane_id, rank, run_at, job_id);


--
-- Name: jobs_parent; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX jobs_parent ON portolan.jobs USING btree (parent_job_id) WHERE (parent_job_id IS NOT NULL);


--
-- Name: lanes_ready; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX lanes_ready ON portolan.lanes USING btree (platform, band, next_at, lane_id) WHERE ((state = 'ready'::text) AND (paused_at IS NULL));


--
-- Name: raw_by_change; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX raw_by_change ON portolan.raw_records USING brin (changed_at) WITH (pages_per_range='32');


--
-- Name: raw_by_update; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX raw_by_update ON portolan.raw_records USING btree (connection_id, platform, resource, platform_updated_at);


--
-- Name: raw_shopify_refunds; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX raw_shopify_refunds ON portolan.raw_records USING btree (connection_id) WHERE ((platform = 'shopify'::text) AND (resource = 'orders'::text) AND ((payload -> 'refunds'::text) <> '[]'::jsonb));


--
-- Name: requests_by_connection; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX requests_by_connection ON ONLY portolan.requests USING btree (connection_id, sent_at);


--
-- Name: requests_by_time; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX requests_by_time ON ONLY portolan.requests USING btree (sent_at);


--
-- Name: requests_default_connection_id_sent_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX requests_default_connection_id_sent_at_idx ON portolan.requests_default USING btree (connection_id, sent_at);


--
-- Name: requests_default_sent_at_idx; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX requests_default_sent_at_idx ON portolan.requests_default USING btree (sent_at);


--
-- Name: requests_failed; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX requests_failed ON ONLY portolan.requests USING btree (sent_at) WHERE ((status IS NULL) OR (status >= 400) OR (error_code IS NOT NULL));


--
-- Name: requests_default_sent_at_idx1; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX requests_default_sent_at_idx1 ON portolan.requests_default USING btree (sent_at) WHERE ((status IS NULL) OR (status >= 400) OR (error_code IS NOT NULL));


--
-- Name: schedules_due; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX schedules_due ON portolan.schedules USING btree (next_at) WHERE (next_at IS NOT NULL);


--
-- Name: streams_due; Type: INDEX; Schema: portolan; Owner: -
--

CREATE INDEX streams_due ON portolan.streams USING btree (next_due_at) WHERE (next_due_at IS NOT NULL);


--
-- Name: errors_20261123_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_20261123_connection_id_occurred_at_idx;


--
-- Name: errors_20261123_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_20261123_error_id_idx;


--
-- Name: errors_20261123_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_20261123_fingerprint_occurred_at_idx;


--
-- Name: errors_20261124_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_20261124_connection_id_occurred_at_idx;


--
-- Name: errors_20261124_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_20261124_error_id_idx;


--
-- Name: errors_20261124_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_20261124_fingerprint_occurred_at_idx;


--
-- Name: errors_20261125_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_20261125_connection_id_occurred_at_idx;


--
-- Name: errors_20261125_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_20261125_error_id_idx;


--
-- Name: errors_20261125_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_20261125_fingerprint_occurred_at_idx;


--
-- Name: errors_20261126_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_20261126_connection_id_occurred_at_idx;


--
-- Name: errors_20261126_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_20261126_error_id_idx;


--
-- Name: errors_20261126_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_20261126_fingerprint_occurred_at_idx;


--
-- Name: errors_20261127_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_20261127_connection_id_occurred_at_idx;


--
-- Name: errors_20261127_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_20261127_error_id_idx;


--
-- Name: errors_20261127_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_20261127_fingerprint_occurred_at_idx;


--
-- Name: errors_20261128_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_20261128_connection_id_occurred_at_idx;


--
-- Name: errors_20261128_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_20261128_error_id_idx;


--
-- Name: errors_20261128_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_20261128_fingerprint_occurred_at_idx;


--
-- Name: errors_20261129_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_20261129_connection_id_occurred_at_idx;


--
-- Name: errors_20261129_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_20261129_error_id_idx;


--
-- Name: errors_20261129_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_20261129_fingerprint_occurred_at_idx;


--
-- Name: errors_20261130_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_20261130_connection_id_occurred_at_idx;


--
-- Name: errors_20261130_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_20261130_error_id_idx;


--
-- Name: errors_20261130_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_20261130_fingerprint_occurred_at_idx;


--
-- Name: errors_default_connection_id_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_connection ATTACH PARTITION portolan.errors_default_connection_id_occurred_at_idx;


--
-- Name: errors_default_error_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_id ATTACH PARTITION portolan.errors_default_error_id_idx;


--
-- Name: errors_default_fingerprint_occurred_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.errors_by_cluster ATTACH PARTITION portolan.errors_default_fingerprint_occurred_at_idx;


--
-- Name: job_events_default_job_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.job_events_job ATTACH PARTITION portolan.job_events_default_job_id_idx;


--
-- Name: job_history_default_connection_id_finished_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.job_history_failures ATTACH PARTITION portolan.job_history_default_connection_id_finished_at_idx;


--
-- Name: job_history_default_job_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.job_history_job ATTACH PARTITION portolan.job_history_default_job_id_idx;


--
-- Name: job_history_default_parent_job_id_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.job_history_parent ATTACH PARTITION portolan.job_history_default_parent_job_id_idx;


--
-- Name: requests_default_connection_id_sent_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.requests_by_connection ATTACH PARTITION portolan.requests_default_connection_id_sent_at_idx;


--
-- Name: requests_default_sent_at_idx; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.requests_by_time ATTACH PARTITION portolan.requests_default_sent_at_idx;


--
-- Name: requests_default_sent_at_idx1; Type: INDEX ATTACH; Schema: portolan; Owner: -
--

ALTER INDEX portolan.requests_failed ATTACH PARTITION portolan.requests_default_sent_at_idx1;


--
-- Name: connection_credentials connection_credentials_connection_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.connection_credentials
    ADD CONSTRAINT connection_credentials_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES portolan.connections(connection_id) ON DELETE CASCADE;


--
-- Name: connection_events connection_events_connection_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.connection_events
    ADD CONSTRAINT connection_events_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES portolan.connections(connection_id) ON DELETE CASCADE;


--
-- Name: connection_tokens connection_tokens_connection_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.connection_tokens
    ADD CONSTRAINT connection_tokens_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES portolan.connections(connection_id) ON DELETE CASCADE;


--
-- Name: copy_connections copy_connections_source_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.copy_connections
    ADD CONSTRAINT copy_connections_source_id_fkey FOREIGN KEY (source_id) REFERENCES portolan.copy_sources(source_id) ON DELETE CASCADE;


--
-- Name: coverage coverage_connection_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.coverage
    ADD CONSTRAINT coverage_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES portolan.connections(connection_id) ON DELETE CASCADE;


--
-- Name: coverage_proofs coverage_proofs_connection_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.coverage_proofs
    ADD CONSTRAINT coverage_proofs_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES portolan.connections(connection_id) ON DELETE CASCADE;


--
-- Name: error_cluster_connections error_cluster_connections_cluster_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.error_cluster_connections
    ADD CONSTRAINT error_cluster_connections_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES portolan.error_clusters(cluster_id) ON DELETE CASCADE;


--
-- Name: error_minutes error_minutes_cluster_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.error_minutes
    ADD CONSTRAINT error_minutes_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES portolan.error_clusters(cluster_id) ON DELETE CASCADE;


--
-- Name: schedules schedules_connection_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.schedules
    ADD CONSTRAINT schedules_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES portolan.connections(connection_id) ON DELETE CASCADE;


--
-- Name: streams streams_connection_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.streams
    ADD CONSTRAINT streams_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES portolan.connections(connection_id) ON DELETE CASCADE;


--
-- Name: sweep_seen sweep_seen_connection_id_resource_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.sweep_seen
    ADD CONSTRAINT sweep_seen_connection_id_resource_fkey FOREIGN KEY (connection_id, resource) REFERENCES portolan.sweeps(connection_id, resource) ON DELETE CASCADE;


--
-- Name: sweeps sweeps_connection_id_fkey; Type: FK CONSTRAINT; Schema: portolan; Owner: -
--

ALTER TABLE ONLY portolan.sweeps
    ADD CONSTRAINT sweeps_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES portolan.connections(connection_id) ON DELETE CASCADE;


--
-- Name: SCHEMA amazon; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA amazon TO portolan_console;
GRANT USAGE ON SCHEMA amazon TO portolan_operator;


--
-- Name: SCHEMA portolan; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA portolan TO portolan_console;
GRANT USAGE ON SCHEMA portolan TO portolan_operator;
GRANT USAGE ON SCHEMA portolan TO portolan_worker;


--
-- Name: SCHEMA pretix; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA pretix TO portolan_console;
GRANT USAGE ON SCHEMA pretix TO portolan_operator;


--
-- Name: SCHEMA recurly; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA recurly TO portolan_console;
GRANT USAGE ON SCHEMA recurly TO portolan_operator;


--
-- Name: SCHEMA shopify; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA shopify TO portolan_console;
GRANT USAGE ON SCHEMA shopify TO portolan_operator;


--
-- Name: SCHEMA stripe; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA stripe TO portolan_console;
GRANT USAGE ON SCHEMA stripe TO portolan_operator;


--
-- Name: SCHEMA unified; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA unified TO portolan_console;
GRANT USAGE ON SCHEMA unified TO portolan_operator;


--
-- Name: SCHEMA woocommerce; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA woocommerce TO portolan_console;
GRANT USAGE ON SCHEMA woocommerce TO portolan_operator;


--
-- Name: FUNCTION add_connection(p_platform text, p_name text, p_base_url text, p_settings jsonb, p_resources text[], p_families text[], p_intervals interval[], p_kinds text[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.add_connection(p_platform text, p_name text, p_base_url text, p_settings jsonb, p_resources text[], p_families text[], p_intervals interval[], p_kinds text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.add_connection(p_platform text, p_name text, p_base_url text, p_settings jsonb, p_resources text[], p_families text[], p_intervals interval[], p_kinds text[]) TO portolan_operator;


--
-- Name: FUNCTION amend_tokens(p_connection bigint, p_generation bigint, p_key text, p_sealed bytea); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.amend_tokens(p_connection bigint, p_generation bigint, p_key text, p_sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.amend_tokens(p_connection bigint, p_generation bigint, p_key text, p_sealed bytea) TO portolan_worker;


--
-- Name: FUNCTION apply_grants(p_platforms text[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.apply_grants(p_platforms text[]) FROM PUBLIC;


--
-- Name: FUNCTION beat(p_worker uuid, p_host text, p_version text, p_ttl interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.beat(p_worker uuid, p_host text, p_version text, p_ttl interval) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.beat(p_worker uuid, p_host text, p_version text, p_ttl interval) TO portolan_worker;


--
-- Name: FUNCTION begin_refresh(p_connection bigint, p_generation bigint, p_worker uuid, p_limit interval, p_young interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.begin_refresh(p_connection bigint, p_generation bigint, p_worker uuid, p_limit interval, p_young interval) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.begin_refresh(p_connection bigint, p_generation bigint, p_worker uuid, p_limit interval, p_young interval) TO portolan_worker;


--
-- Name: FUNCTION block_bucket(p_platform text, p_owner text, p_bucket text, p_for interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.block_bucket(p_platform text, p_owner text, p_bucket text, p_for interval) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.block_bucket(p_platform text, p_owner text, p_bucket text, p_for interval) TO portolan_worker;


--
-- Name: FUNCTION cancel(p_job bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.cancel(p_job bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.cancel(p_job bigint) TO portolan_operator;


--
-- Name: FUNCTION cancel_many(p_jobs bigint[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.cancel_many(p_jobs bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.cancel_many(p_jobs bigint[]) TO portolan_operator;


--
-- Name: FUNCTION claim(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.claim(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.claim(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval) TO portolan_worker;


--
-- Name: FUNCTION claim_lanes(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.claim_lanes(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.claim_lanes(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer, p_floors timestamp with time zone[], p_kinds text[], p_versions integer[], p_max interval, p_stall interval) TO portolan_worker;


--
-- Name: FUNCTION close_gate(p_platform text, p_reason text, p_probe_interval interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.close_gate(p_platform text, p_reason text, p_probe_interval interval) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.close_gate(p_platform text, p_reason text, p_probe_interval interval) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.close_gate(p_platform text, p_reason text, p_probe_interval interval) TO portolan_worker;


--
-- Name: FUNCTION close_gates(); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.close_gates() FROM PUBLIC;


--
-- Name: FUNCTION commit_page(p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text, p_resource text[], p_id text[], p_updated_at timestamp with time zone[], p_created_at timestamp with time zone[], p_fetched_at timestamp with time zone[], p_hash bytea[], p_payload text[], p_sanitised boolean[], p_gone_resource text[], p_gone_id text[], p_gone_at timestamp with time zone[], p_gone_source text[], p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_synced_through timestamp with time zone, p_degradation jsonb, p_sweep jsonb, p_seen_resource text[], p_seen_id text[], p_coverage jsonb[], p_discoveries jsonb); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.commit_page(p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text, p_resource text[], p_id text[], p_updated_at timestamp with time zone[], p_created_at timestamp with time zone[], p_fetched_at timestamp with time zone[], p_hash bytea[], p_payload text[], p_sanitised boolean[], p_gone_resource text[], p_gone_id text[], p_gone_at timestamp with time zone[], p_gone_source text[], p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_synced_through timestamp with time zone, p_degradation jsonb, p_sweep jsonb, p_seen_resource text[], p_seen_id text[], p_coverage jsonb[], p_discoveries jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.commit_page(p_lane bigint, p_token uuid, p_job bigint, p_connection bigint, p_stream text, p_platform text, p_api_version text, p_resource text[], p_id text[], p_updated_at timestamp with time zone[], p_created_at timestamp with time zone[], p_fetched_at timestamp with time zone[], p_hash bytea[], p_payload text[], p_sanitised boolean[], p_gone_resource text[], p_gone_id text[], p_gone_at timestamp with time zone[], p_gone_source text[], p_errors jsonb[], p_cursor jsonb, p_caught_up boolean, p_synced_through timestamp with time zone, p_degradation jsonb, p_sweep jsonb, p_seen_resource text[], p_seen_id text[], p_coverage jsonb[], p_discoveries jsonb) TO portolan_worker;


--
-- Name: FUNCTION complete_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_key text, p_sealed bytea, p_refresh_in interval, p_expires_in interval, p_refresh_expires_in interval, p_idle_in interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.complete_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_key text, p_sealed bytea, p_refresh_in interval, p_expires_in interval, p_refresh_expires_in interval, p_idle_in interval) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.complete_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_key text, p_sealed bytea, p_refresh_in interval, p_expires_in interval, p_refresh_expires_in interval, p_idle_in interval) TO portolan_worker;


--
-- Name: FUNCTION connection_event(p_connection bigint, p_event text, p_code text, p_message text, p_error_id bigint, p_by text, p_until timestamp with time zone); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.connection_event(p_connection bigint, p_event text, p_code text, p_message text, p_error_id bigint, p_by text, p_until timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION copy_columns(p_entity text, p_view text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.copy_columns(p_entity text, p_view text) FROM PUBLIC;


--
-- Name: TABLE copy_sources; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.copy_sources TO portolan_console;
GRANT SELECT ON TABLE portolan.copy_sources TO portolan_operator;
GRANT SELECT ON TABLE portolan.copy_sources TO portolan_worker;


--
-- Name: FUNCTION copy_rows(p_source portolan.copy_sources, p_connection bigint, p_column text, p_roots text[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.copy_rows(p_source portolan.copy_sources, p_connection bigint, p_column text, p_roots text[]) FROM PUBLIC;


--
-- Name: FUNCTION cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[]) TO portolan_console;
GRANT ALL ON FUNCTION portolan.cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[]) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[]) TO portolan_worker;


--
-- Name: FUNCTION cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[], p_either boolean, p_from timestamp without time zone, p_until timestamp without time zone); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[], p_either boolean, p_from timestamp without time zone, p_until timestamp without time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[], p_either boolean, p_from timestamp without time zone, p_until timestamp without time zone) TO portolan_console;
GRANT ALL ON FUNCTION portolan.cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[], p_either boolean, p_from timestamp without time zone, p_until timestamp without time zone) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[], p_either boolean, p_from timestamp without time zone, p_until timestamp without time zone) TO portolan_worker;


--
-- Name: FUNCTION cron_next(p_cron text, p_zone text, p_after timestamp with time zone); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.cron_next(p_cron text, p_zone text, p_after timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.cron_next(p_cron text, p_zone text, p_after timestamp with time zone) TO portolan_console;
GRANT ALL ON FUNCTION portolan.cron_next(p_cron text, p_zone text, p_after timestamp with time zone) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.cron_next(p_cron text, p_zone text, p_after timestamp with time zone) TO portolan_worker;


--
-- Name: FUNCTION define_kind(p_kind text, p_fields jsonb, p_required text[], p_version integer, p_max_attempts integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.define_kind(p_kind text, p_fields jsonb, p_required text[], p_version integer, p_max_attempts integer) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.define_kind(p_kind text, p_fields jsonb, p_required text[], p_version integer, p_max_attempts integer) TO portolan_operator;


--
-- Name: FUNCTION disable_copy(p_entity text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.disable_copy(p_entity text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.disable_copy(p_entity text) TO portolan_operator;


--
-- Name: FUNCTION draw_quota(p_platform text, p_owner text, p_bucket text, p_time time without time zone, p_zone text, p_every interval, p_allowed bigint, p_chunk bigint, p_rest bigint, p_ends_in interval, OUT drawn bigint, OUT period double precision, OUT closes_us double precision, OUT opens_us double precision, OUT rest bigint, OUT blocked_us double precision); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.draw_quota(p_platform text, p_owner text, p_bucket text, p_time time without time zone, p_zone text, p_every interval, p_allowed bigint, p_chunk bigint, p_rest bigint, p_ends_in interval, OUT drawn bigint, OUT period double precision, OUT closes_us double precision, OUT opens_us double precision, OUT rest bigint, OUT blocked_us double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.draw_quota(p_platform text, p_owner text, p_bucket text, p_time time without time zone, p_zone text, p_every interval, p_allowed bigint, p_chunk bigint, p_rest bigint, p_ends_in interval, OUT drawn bigint, OUT period double precision, OUT closes_us double precision, OUT opens_us double precision, OUT rest bigint, OUT blocked_us double precision) TO portolan_worker;


--
-- Name: FUNCTION drop_days(p_table text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.drop_days(p_table text) FROM PUBLIC;


--
-- Name: FUNCTION drop_error_rule(p_rule text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.drop_error_rule(p_rule text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.drop_error_rule(p_rule text) TO portolan_operator;


--
-- Name: FUNCTION enable_copy(p_entity text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.enable_copy(p_entity text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.enable_copy(p_entity text) TO portolan_operator;


--
-- Name: FUNCTION end_alert(p_rule text, p_subject text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.end_alert(p_rule text, p_subject text) FROM PUBLIC;


--
-- Name: FUNCTION end_parents(p_parents bigint[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.end_parents(p_parents bigint[]) FROM PUBLIC;


--
-- Name: FUNCTION enqueue(p_connection bigint, p_kind text, p_args jsonb, p_band text, p_run_at timestamp with time zone, p_dedupe text, p_family text, p_max_attempts integer, p_version smallint, p_parent bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.enqueue(p_connection bigint, p_kind text, p_args jsonb, p_band text, p_run_at timestamp with time zone, p_dedupe text, p_family text, p_max_attempts integer, p_version smallint, p_parent bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.enqueue(p_connection bigint, p_kind text, p_args jsonb, p_band text, p_run_at timestamp with time zone, p_dedupe text, p_family text, p_max_attempts integer, p_version smallint, p_parent bigint) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.enqueue(p_connection bigint, p_kind text, p_args jsonb, p_band text, p_run_at timestamp with time zone, p_dedupe text, p_family text, p_max_attempts integer, p_version smallint, p_parent bigint) TO portolan_worker;


--
-- Name: FUNCTION enqueue_due(p_limit integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.enqueue_due(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.enqueue_due(p_limit integer) TO portolan_worker;


--
-- Name: FUNCTION enqueue_many(p_connection bigint[], p_kind text[], p_args jsonb[], p_band text[], p_run_at timestamp with time zone[], p_dedupe text[], p_family text[], p_max_attempts integer[], p_version smallint[], p_parent bigint[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.enqueue_many(p_connection bigint[], p_kind text[], p_args jsonb[], p_band text[], p_run_at timestamp with time zone[], p_dedupe text[], p_family text[], p_max_attempts integer[], p_version smallint[], p_parent bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.enqueue_many(p_connection bigint[], p_kind text[], p_args jsonb[], p_band text[], p_run_at timestamp with time zone[], p_dedupe text[], p_family text[], p_max_attempts integer[], p_version smallint[], p_parent bigint[]) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.enqueue_many(p_connection bigint[], p_kind text[], p_args jsonb[], p_band text[], p_run_at timestamp with time zone[], p_dedupe text[], p_family text[], p_max_attempts integer[], p_version smallint[], p_parent bigint[]) TO portolan_worker;


--
-- Name: FUNCTION enqueue_probes(p_limit integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.enqueue_probes(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.enqueue_probes(p_limit integer) TO portolan_worker;


--
-- Name: FUNCTION enqueue_schedules(p_limit integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.enqueue_schedules(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.enqueue_schedules(p_limit integer) TO portolan_worker;


--
-- Name: FUNCTION enqueue_sync(p_connection text, p_resource text, p_band text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.enqueue_sync(p_connection text, p_resource text, p_band text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.enqueue_sync(p_connection text, p_resource text, p_band text) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.enqueue_sync(p_connection text, p_resource text, p_band text) TO portolan_worker;


--
-- Name: FUNCTION error_fingerprint(p_code text, p_platform text, p_resource text, p_operation text, p_discriminator text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.error_fingerprint(p_code text, p_platform text, p_resource text, p_operation text, p_discriminator text) FROM PUBLIC;


--
-- Name: FUNCTION error_rule_problem(p_definition jsonb); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.error_rule_problem(p_definition jsonb) FROM PUBLIC;


--
-- Name: FUNCTION error_title(p_message text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.error_title(p_message text) FROM PUBLIC;


--
-- Name: FUNCTION fail_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_code text, p_message text, p_rejected boolean, p_in_doubt boolean, p_wait interval, p_counts boolean); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.fail_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_code text, p_message text, p_rejected boolean, p_in_doubt boolean, p_wait interval, p_counts boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.fail_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_code text, p_message text, p_rejected boolean, p_in_doubt boolean, p_wait interval, p_counts boolean) TO portolan_worker;


--
-- Name: FUNCTION finish(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.finish(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.finish(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean) TO portolan_worker;


--
-- Name: FUNCTION finish_many(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.finish_many(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.finish_many(p_lane bigint[], p_token uuid[], p_job bigint[], p_outcome text[], p_delay interval[], p_detail jsonb[], p_wait boolean) TO portolan_worker;


--
-- Name: FUNCTION finish_probe(p_lane bigint, p_token uuid, p_job bigint, p_event text, p_error jsonb); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.finish_probe(p_lane bigint, p_token uuid, p_job bigint, p_event text, p_error jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.finish_probe(p_lane bigint, p_token uuid, p_job bigint, p_event text, p_error jsonb) TO portolan_worker;


--
-- Name: FUNCTION finish_with(p_lane bigint, p_token uuid, p_job bigint, p_outcome text, p_delay interval, p_error jsonb, p_resource text, p_stream_state text, p_event text, p_flags jsonb[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.finish_with(p_lane bigint, p_token uuid, p_job bigint, p_outcome text, p_delay interval, p_error jsonb, p_resource text, p_stream_state text, p_event text, p_flags jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.finish_with(p_lane bigint, p_token uuid, p_job bigint, p_outcome text, p_delay interval, p_error jsonb, p_resource text, p_stream_state text, p_event text, p_flags jsonb[]) TO portolan_worker;


--
-- Name: FUNCTION fold_errors(p_limit integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.fold_errors(p_limit integer) FROM PUBLIC;


--
-- Name: FUNCTION function_rights(); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.function_rights() FROM PUBLIC;


--
-- Name: FUNCTION given_rights(p_schemas text[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.given_rights(p_schemas text[]) FROM PUBLIC;


--
-- Name: FUNCTION health_event_due(p_connection bigint, p_event text, p_delay interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.health_event_due(p_connection bigint, p_event text, p_delay interval) FROM PUBLIC;


--
-- Name: FUNCTION hold_copies(); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.hold_copies() FROM PUBLIC;


--
-- Name: TABLE lanes; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.lanes TO portolan_console;
GRANT SELECT ON TABLE portolan.lanes TO portolan_operator;
GRANT SELECT ON TABLE portolan.lanes TO portolan_worker;


--
-- Name: FUNCTION is_better_head(l portolan.lanes, p_band text, p_run_at timestamp with time zone, p_now timestamp with time zone); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.is_better_head(l portolan.lanes, p_band text, p_run_at timestamp with time zone, p_now timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION is_text_list(p_value jsonb); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.is_text_list(p_value jsonb) FROM PUBLIC;


--
-- Name: FUNCTION job_problem(p_kind text, p_args jsonb, p_version smallint, p_band text, p_max_attempts integer, p_run_at timestamp with time zone); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.job_problem(p_kind text, p_args jsonb, p_version smallint, p_band text, p_max_attempts integer, p_run_at timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION job_story(p_job bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.job_story(p_job bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.job_story(p_job bigint) TO portolan_console;
GRANT ALL ON FUNCTION portolan.job_story(p_job bigint) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.job_story(p_job bigint) TO portolan_worker;


--
-- Name: FUNCTION json_problem(p_text text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.json_problem(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.json_problem(p_text text) TO portolan_worker;


--
-- Name: FUNCTION keep_connection(p_connection bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.keep_connection(p_connection bigint) FROM PUBLIC;


--
-- Name: FUNCTION keep_copies(p_budget interval); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.keep_copies(p_budget interval) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.keep_copies(p_budget interval) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.keep_copies(p_budget interval) TO portolan_worker;


--
-- Name: FUNCTION keep_exact(p_connection bigint, p_job bigint, p_resource text[], p_id text[], p_bytes bytea[], p_reason text[], p_fetched_at timestamp with time zone[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.keep_exact(p_connection bigint, p_job bigint, p_resource text[], p_id text[], p_bytes bytea[], p_reason text[], p_fetched_at timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.keep_exact(p_connection bigint, p_job bigint, p_resource text[], p_id text[], p_bytes bytea[], p_reason text[], p_fetched_at timestamp with time zone[]) TO portolan_worker;


--
-- Name: FUNCTION lane_head(p_lane bigint, p_now timestamp with time zone); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.lane_head(p_lane bigint, p_now timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION leave(p_worker uuid); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.leave(p_worker uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.leave(p_worker uuid) TO portolan_worker;


--
-- Name: FUNCTION maintain(); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.maintain() FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.maintain() TO portolan_worker;


--
-- Name: FUNCTION make_copy(p_entity text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.make_copy(p_entity text) FROM PUBLIC;


--
-- Name: FUNCTION make_days(p_table text, p_days integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.make_days(p_table text, p_days integer) FROM PUBLIC;


--
-- Name: FUNCTION note_copy_changes(); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.note_copy_changes() FROM PUBLIC;


--
-- Name: FUNCTION note_coverage(p_connection bigint, p_job bigint, p_windows jsonb[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.note_coverage(p_connection bigint, p_job bigint, p_windows jsonb[]) FROM PUBLIC;


--
-- Name: FUNCTION note_progress(p_connection bigint, p_caught_up boolean); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.note_progress(p_connection bigint, p_caught_up boolean) FROM PUBLIC;


--
-- Name: FUNCTION note_sources(p_entity text[], p_view text[], p_platform text[], p_follows jsonb[], p_checksum text[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.note_sources(p_entity text[], p_view text[], p_platform text[], p_follows jsonb[], p_checksum text[]) FROM PUBLIC;


--
-- Name: FUNCTION note_sweep(p_connection bigint, p_stream text, p_job bigint, p_sweep jsonb, p_resource text[], p_id text[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.note_sweep(p_connection bigint, p_stream text, p_job bigint, p_sweep jsonb, p_resource text[], p_id text[]) FROM PUBLIC;


--
-- Name: FUNCTION open_gate(p_platform text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.open_gate(p_platform text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.open_gate(p_platform text) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.open_gate(p_platform text) TO portolan_worker;


--
-- Name: FUNCTION open_slice(p_lane bigint, p_token uuid, p_job bigint, p_resource text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.open_slice(p_lane bigint, p_token uuid, p_job bigint, p_resource text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.open_slice(p_lane bigint, p_token uuid, p_job bigint, p_resource text) TO portolan_worker;


--
-- Name: FUNCTION pause(p_scope text, p_name text, p_reason text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.pause(p_scope text, p_name text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.pause(p_scope text, p_name text, p_reason text) TO portolan_operator;


--
-- Name: FUNCTION probe_pause(p_state text, p_probes integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.probe_pause(p_state text, p_probes integer) FROM PUBLIC;


--
-- Name: FUNCTION prove(p_lane bigint, p_token uuid, p_job bigint, p_records integer, p_checkpoint jsonb); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.prove(p_lane bigint, p_token uuid, p_job bigint, p_records integer, p_checkpoint jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.prove(p_lane bigint, p_token uuid, p_job bigint, p_records integer, p_checkpoint jsonb) TO portolan_worker;


--
-- Name: FUNCTION quota_period(p_now timestamp with time zone, p_late interval, p_time time without time zone, p_zone text, p_every interval, p_start timestamp with time zone, p_end timestamp with time zone, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.quota_period(p_now timestamp with time zone, p_late interval, p_time time without time zone, p_zone text, p_every interval, p_start timestamp with time zone, p_end timestamp with time zone, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION raise_alert(p_rule text, p_subject text, p_severity text, p_message text, p_detail jsonb); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.raise_alert(p_rule text, p_subject text, p_severity text, p_message text, p_detail jsonb) FROM PUBLIC;


--
-- Name: FUNCTION read_tokens(p_connection bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.read_tokens(p_connection bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.read_tokens(p_connection bigint) TO portolan_worker;


--
-- Name: FUNCTION reap(p_limit integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.reap(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.reap(p_limit integer) TO portolan_worker;


--
-- Name: FUNCTION rebuild_copy(p_entity text, p_connection bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.rebuild_copy(p_entity text, p_connection bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.rebuild_copy(p_entity text, p_connection bigint) TO portolan_operator;


--
-- Name: FUNCTION record_errors(p_connection bigint, p_resource text, p_job bigint, p_worker uuid, p_errors jsonb[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.record_errors(p_connection bigint, p_resource text, p_job bigint, p_worker uuid, p_errors jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.record_errors(p_connection bigint, p_resource text, p_job bigint, p_worker uuid, p_errors jsonb[]) TO portolan_worker;


--
-- Name: FUNCTION record_requests(p_worker uuid, p_sent_at timestamp with time zone[], p_platform text[], p_connection bigint[], p_resource text[], p_job bigint[], p_method text[], p_route text[], p_status integer[], p_error_code text[], p_request_id text[], p_bytes_sent bigint[], p_bytes_received bigint[], p_dns_ms double precision[], p_connect_ms double precision[], p_tls_ms double precision[], p_first_byte_ms double precision[], p_total_ms double precision[], p_token_wait_ms double precision[], p_http_version text[], p_reused boolean[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.record_requests(p_worker uuid, p_sent_at timestamp with time zone[], p_platform text[], p_connection bigint[], p_resource text[], p_job bigint[], p_method text[], p_route text[], p_status integer[], p_error_code text[], p_request_id text[], p_bytes_sent bigint[], p_bytes_received bigint[], p_dns_ms double precision[], p_connect_ms double precision[], p_tls_ms double precision[], p_first_byte_ms double precision[], p_total_ms double precision[], p_token_wait_ms double precision[], p_http_version text[], p_reused boolean[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.record_requests(p_worker uuid, p_sent_at timestamp with time zone[], p_platform text[], p_connection bigint[], p_resource text[], p_job bigint[], p_method text[], p_route text[], p_status integer[], p_error_code text[], p_request_id text[], p_bytes_sent bigint[], p_bytes_received bigint[], p_dns_ms double precision[], p_connect_ms double precision[], p_tls_ms double precision[], p_first_byte_ms double precision[], p_total_ms double precision[], p_token_wait_ms double precision[], p_http_version text[], p_reused boolean[]) TO portolan_worker;


--
-- Name: FUNCTION refresh_pause(p_failures integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.refresh_pause(p_failures integer) FROM PUBLIC;


--
-- Name: FUNCTION refresh_stats(); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.refresh_stats() FROM PUBLIC;


--
-- Name: FUNCTION release_unknown(p_worker uuid, p_known uuid[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.release_unknown(p_worker uuid, p_known uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.release_unknown(p_worker uuid, p_known uuid[]) TO portolan_worker;


--
-- Name: FUNCTION reset_tokens(p_connection bigint, p_method text, p_needs_tokens boolean, p_key text, p_sealed bytea); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.reset_tokens(p_connection bigint, p_method text, p_needs_tokens boolean, p_key text, p_sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.reset_tokens(p_connection bigint, p_method text, p_needs_tokens boolean, p_key text, p_sealed bytea) TO portolan_operator;


--
-- Name: FUNCTION resume(p_scope text, p_name text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.resume(p_scope text, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.resume(p_scope text, p_name text) TO portolan_operator;


--
-- Name: FUNCTION resume_connection(p_name text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.resume_connection(p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.resume_connection(p_name text) TO portolan_operator;


--
-- Name: FUNCTION retry(p_job bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.retry(p_job bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.retry(p_job bigint) TO portolan_operator;


--
-- Name: FUNCTION retry_tokens(p_connection bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.retry_tokens(p_connection bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.retry_tokens(p_connection bigint) TO portolan_operator;


--
-- Name: FUNCTION runs(state text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.runs(state text) FROM PUBLIC;


--
-- Name: FUNCTION schedule(p_name text, p_connection bigint, p_kind text, p_args jsonb, p_cron text, p_zone text, p_band text, p_family text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.schedule(p_name text, p_connection bigint, p_kind text, p_args jsonb, p_cron text, p_zone text, p_band text, p_family text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.schedule(p_name text, p_connection bigint, p_kind text, p_args jsonb, p_cron text, p_zone text, p_band text, p_family text) TO portolan_operator;


--
-- Name: FUNCTION seed_copies(p_sources integer[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.seed_copies(p_sources integer[]) FROM PUBLIC;


--
-- Name: FUNCTION set_cluster_state(p_cluster bigint, p_state text, p_by text, p_note text, p_until timestamp with time zone, p_errors bigint, p_connections integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.set_cluster_state(p_cluster bigint, p_state text, p_by text, p_note text, p_until timestamp with time zone, p_errors bigint, p_connections integer) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.set_cluster_state(p_cluster bigint, p_state text, p_by text, p_note text, p_until timestamp with time zone, p_errors bigint, p_connections integer) TO portolan_operator;


--
-- Name: FUNCTION set_credentials(p_connection bigint, p_key_id text, p_sealed bytea); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.set_credentials(p_connection bigint, p_key_id text, p_sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.set_credentials(p_connection bigint, p_key_id text, p_sealed bytea) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.set_credentials(p_connection bigint, p_key_id text, p_sealed bytea) TO portolan_worker;


--
-- Name: FUNCTION set_error_rule(p_rule text, p_definition jsonb, p_platform text, p_priority integer, p_enabled boolean, p_note text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.set_error_rule(p_rule text, p_definition jsonb, p_platform text, p_priority integer, p_enabled boolean, p_note text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.set_error_rule(p_rule text, p_definition jsonb, p_platform text, p_priority integer, p_enabled boolean, p_note text) TO portolan_operator;


--
-- Name: FUNCTION switch_connection(p_name text, p_event text, p_by text, p_reason text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.switch_connection(p_name text, p_event text, p_by text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.switch_connection(p_name text, p_event text, p_by text, p_reason text) TO portolan_operator;


--
-- Name: FUNCTION table_rights(); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.table_rights() FROM PUBLIC;


--
-- Name: FUNCTION take_alerts(p_limit integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.take_alerts(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.take_alerts(p_limit integer) TO portolan_worker;


--
-- Name: FUNCTION tokens_due(p_limit integer); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.tokens_due(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.tokens_due(p_limit integer) TO portolan_worker;


--
-- Name: FUNCTION unschedule(p_name text); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.unschedule(p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.unschedule(p_name text) TO portolan_operator;


--
-- Name: FUNCTION wanted_rights(p_schemas text[]); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.wanted_rights(p_schemas text[]) FROM PUBLIC;


--
-- Name: FUNCTION why_waiting(p_job bigint); Type: ACL; Schema: portolan; Owner: -
--

REVOKE ALL ON FUNCTION portolan.why_waiting(p_job bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION portolan.why_waiting(p_job bigint) TO portolan_console;
GRANT ALL ON FUNCTION portolan.why_waiting(p_job bigint) TO portolan_operator;
GRANT ALL ON FUNCTION portolan.why_waiting(p_job bigint) TO portolan_worker;


--
-- Name: COLUMN raw_records.connection_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(connection_id) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(connection_id) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(connection_id) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.resource; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(resource) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(resource) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(resource) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.external_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(external_id) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(external_id) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(external_id) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.platform; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(platform) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(platform) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(platform) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.platform_created_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(platform_created_at) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(platform_created_at) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(platform_created_at) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.platform_updated_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(platform_updated_at) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(platform_updated_at) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(platform_updated_at) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.payload_hash; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(payload_hash) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(payload_hash) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(payload_hash) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.first_seen_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(first_seen_at) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(first_seen_at) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(first_seen_at) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.changed_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(changed_at) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(changed_at) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(changed_at) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.fetched_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(fetched_at) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(fetched_at) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(fetched_at) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.deleted_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(deleted_at) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(deleted_at) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(deleted_at) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.deletion_source; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(deletion_source) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(deletion_source) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(deletion_source) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.job_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(job_id) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(job_id) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(job_id) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.api_version; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(api_version) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(api_version) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(api_version) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: COLUMN raw_records.sanitised; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(sanitised) ON TABLE portolan.raw_records TO portolan_console;
GRANT SELECT(sanitised) ON TABLE portolan.raw_records TO portolan_operator;
GRANT SELECT(sanitised) ON TABLE portolan.raw_records TO portolan_worker;


--
-- Name: TABLE balance_transactions; Type: ACL; Schema: amazon; Owner: -
--

GRANT SELECT ON TABLE amazon.balance_transactions TO portolan_console;
GRANT SELECT ON TABLE amazon.balance_transactions TO portolan_operator;


--
-- Name: TABLE listing_variants; Type: ACL; Schema: amazon; Owner: -
--

GRANT SELECT ON TABLE amazon.listing_variants TO portolan_console;
GRANT SELECT ON TABLE amazon.listing_variants TO portolan_operator;


--
-- Name: TABLE listings; Type: ACL; Schema: amazon; Owner: -
--

GRANT SELECT ON TABLE amazon.listings TO portolan_console;
GRANT SELECT ON TABLE amazon.listings TO portolan_operator;


--
-- Name: TABLE order_items; Type: ACL; Schema: amazon; Owner: -
--

GRANT SELECT ON TABLE amazon.order_items TO portolan_console;
GRANT SELECT ON TABLE amazon.order_items TO portolan_operator;


--
-- Name: TABLE orders; Type: ACL; Schema: amazon; Owner: -
--

GRANT SELECT ON TABLE amazon.orders TO portolan_console;
GRANT SELECT ON TABLE amazon.orders TO portolan_operator;


--
-- Name: TABLE payouts; Type: ACL; Schema: amazon; Owner: -
--

GRANT SELECT ON TABLE amazon.payouts TO portolan_console;
GRANT SELECT ON TABLE amazon.payouts TO portolan_operator;


--
-- Name: TABLE refunds; Type: ACL; Schema: amazon; Owner: -
--

GRANT SELECT ON TABLE amazon.refunds TO portolan_console;
GRANT SELECT ON TABLE amazon.refunds TO portolan_operator;


--
-- Name: TABLE transactions; Type: ACL; Schema: amazon; Owner: -
--

GRANT SELECT ON TABLE amazon.transactions TO portolan_console;
GRANT SELECT ON TABLE amazon.transactions TO portolan_operator;


--
-- Name: TABLE alerts; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.alerts TO portolan_console;
GRANT SELECT ON TABLE portolan.alerts TO portolan_operator;
GRANT SELECT ON TABLE portolan.alerts TO portolan_worker;


--
-- Name: TABLE applied_views; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.applied_views TO portolan_console;
GRANT SELECT ON TABLE portolan.applied_views TO portolan_operator;
GRANT SELECT ON TABLE portolan.applied_views TO portolan_worker;


--
-- Name: TABLE connection_credentials; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.connection_credentials TO portolan_worker;


--
-- Name: COLUMN connection_credentials.connection_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(connection_id) ON TABLE portolan.connection_credentials TO portolan_console;
GRANT SELECT(connection_id) ON TABLE portolan.connection_credentials TO portolan_operator;
GRANT SELECT(connection_id) ON TABLE portolan.connection_credentials TO portolan_worker;


--
-- Name: COLUMN connection_credentials.key_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(key_id) ON TABLE portolan.connection_credentials TO portolan_console;
GRANT SELECT(key_id) ON TABLE portolan.connection_credentials TO portolan_operator;
GRANT SELECT(key_id),UPDATE(key_id) ON TABLE portolan.connection_credentials TO portolan_worker;


--
-- Name: COLUMN connection_credentials.sealed; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE(sealed) ON TABLE portolan.connection_credentials TO portolan_worker;


--
-- Name: COLUMN connection_credentials.changed_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(changed_at) ON TABLE portolan.connection_credentials TO portolan_console;
GRANT SELECT(changed_at) ON TABLE portolan.connection_credentials TO portolan_operator;
GRANT SELECT(changed_at) ON TABLE portolan.connection_credentials TO portolan_worker;


--
-- Name: TABLE connection_events; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.connection_events TO portolan_console;
GRANT SELECT ON TABLE portolan.connection_events TO portolan_operator;
GRANT SELECT ON TABLE portolan.connection_events TO portolan_worker;


--
-- Name: TABLE connections; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.connections TO portolan_console;
GRANT SELECT ON TABLE portolan.connections TO portolan_operator;
GRANT SELECT ON TABLE portolan.connections TO portolan_worker;


--
-- Name: COLUMN connections.limits; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE(limits) ON TABLE portolan.connections TO portolan_operator;


--
-- Name: TABLE streams; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.streams TO portolan_console;
GRANT SELECT ON TABLE portolan.streams TO portolan_operator;
GRANT SELECT ON TABLE portolan.streams TO portolan_worker;


--
-- Name: COLUMN streams."interval"; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE("interval") ON TABLE portolan.streams TO portolan_operator;


--
-- Name: COLUMN streams.next_due_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE(next_due_at) ON TABLE portolan.streams TO portolan_operator;


--
-- Name: COLUMN streams.cursor; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE(cursor) ON TABLE portolan.streams TO portolan_operator;


--
-- Name: TABLE connection_health; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.connection_health TO portolan_console;
GRANT SELECT ON TABLE portolan.connection_health TO portolan_operator;
GRANT SELECT ON TABLE portolan.connection_health TO portolan_worker;


--
-- Name: TABLE connection_tokens; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.connection_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(connection_id) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(connection_id) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(connection_id) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.generation; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(generation) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(generation) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(generation) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.key_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(key_id) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(key_id) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(key_id),UPDATE(key_id) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.sealed; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE(sealed) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.issued_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(issued_at) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(issued_at) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(issued_at) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.issued_by; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(issued_by) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(issued_by) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(issued_by) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.refresh_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(refresh_at) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(refresh_at) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(refresh_at) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.expires_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(expires_at) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(expires_at) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(expires_at) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.refresh_expires_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(refresh_expires_at) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(refresh_expires_at) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(refresh_expires_at) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.idle_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(idle_at) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(idle_at) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(idle_at) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.state; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(state) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(state) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(state) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.refresh_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(refresh_id) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(refresh_id) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(refresh_id) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.refreshing_by; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(refreshing_by) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(refreshing_by) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(refreshing_by) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.refreshing_since; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(refreshing_since) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(refreshing_since) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(refreshing_since) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.refreshing_until; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(refreshing_until) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(refreshing_until) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(refreshing_until) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.interruptions; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(interruptions) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(interruptions) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(interruptions) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.doubtful_since; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(doubtful_since) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(doubtful_since) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(doubtful_since) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.failures; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(failures) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(failures) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(failures) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.failing_since; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(failing_since) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(failing_since) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(failing_since) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.not_before; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(not_before) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(not_before) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(not_before) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.error_code; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(error_code) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(error_code) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(error_code) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: COLUMN connection_tokens.error_message; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(error_message) ON TABLE portolan.connection_tokens TO portolan_console;
GRANT SELECT(error_message) ON TABLE portolan.connection_tokens TO portolan_operator;
GRANT SELECT(error_message) ON TABLE portolan.connection_tokens TO portolan_worker;


--
-- Name: TABLE copies; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.copies TO portolan_console;
GRANT SELECT ON TABLE portolan.copies TO portolan_operator;
GRANT SELECT ON TABLE portolan.copies TO portolan_worker;


--
-- Name: TABLE copy_changes; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.copy_changes TO portolan_console;
GRANT SELECT ON TABLE portolan.copy_changes TO portolan_operator;
GRANT SELECT ON TABLE portolan.copy_changes TO portolan_worker;


--
-- Name: TABLE copy_connections; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.copy_connections TO portolan_console;
GRANT SELECT ON TABLE portolan.copy_connections TO portolan_operator;
GRANT SELECT ON TABLE portolan.copy_connections TO portolan_worker;


--
-- Name: TABLE coverage; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.coverage TO portolan_console;
GRANT SELECT ON TABLE portolan.coverage TO portolan_operator;
GRANT SELECT ON TABLE portolan.coverage TO portolan_worker;


--
-- Name: TABLE coverage_proofs; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.coverage_proofs TO portolan_console;
GRANT SELECT ON TABLE portolan.coverage_proofs TO portolan_operator;
GRANT SELECT ON TABLE portolan.coverage_proofs TO portolan_worker;


--
-- Name: TABLE error_cluster_connections; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.error_cluster_connections TO portolan_console;
GRANT SELECT ON TABLE portolan.error_cluster_connections TO portolan_operator;
GRANT SELECT ON TABLE portolan.error_cluster_connections TO portolan_worker;


--
-- Name: TABLE error_clusters; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.error_clusters TO portolan_console;
GRANT SELECT ON TABLE portolan.error_clusters TO portolan_operator;
GRANT SELECT ON TABLE portolan.error_clusters TO portolan_worker;


--
-- Name: TABLE errors; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.errors TO portolan_console;
GRANT SELECT ON TABLE portolan.errors TO portolan_operator;
GRANT SELECT ON TABLE portolan.errors TO portolan_worker;


--
-- Name: TABLE error_inbox; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.error_inbox TO portolan_console;
GRANT SELECT ON TABLE portolan.error_inbox TO portolan_operator;
GRANT SELECT ON TABLE portolan.error_inbox TO portolan_worker;


--
-- Name: TABLE error_minutes; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.error_minutes TO portolan_console;
GRANT SELECT ON TABLE portolan.error_minutes TO portolan_operator;
GRANT SELECT ON TABLE portolan.error_minutes TO portolan_worker;


--
-- Name: TABLE error_rules; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.error_rules TO portolan_console;
GRANT SELECT ON TABLE portolan.error_rules TO portolan_operator;
GRANT SELECT ON TABLE portolan.error_rules TO portolan_worker;


--
-- Name: TABLE error_rules_version; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.error_rules_version TO portolan_console;
GRANT SELECT ON TABLE portolan.error_rules_version TO portolan_operator;
GRANT SELECT ON TABLE portolan.error_rules_version TO portolan_worker;


--
-- Name: TABLE gates; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.gates TO portolan_console;
GRANT SELECT ON TABLE portolan.gates TO portolan_operator;
GRANT SELECT ON TABLE portolan.gates TO portolan_worker;


--
-- Name: TABLE health_transitions; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.health_transitions TO portolan_console;
GRANT SELECT ON TABLE portolan.health_transitions TO portolan_operator;
GRANT SELECT ON TABLE portolan.health_transitions TO portolan_worker;


--
-- Name: TABLE job_events; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.job_events TO portolan_console;
GRANT SELECT ON TABLE portolan.job_events TO portolan_operator;
GRANT SELECT ON TABLE portolan.job_events TO portolan_worker;


--
-- Name: TABLE job_history; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.job_history TO portolan_console;
GRANT SELECT ON TABLE portolan.job_history TO portolan_operator;
GRANT SELECT ON TABLE portolan.job_history TO portolan_worker;


--
-- Name: TABLE job_kinds; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.job_kinds TO portolan_console;
GRANT SELECT ON TABLE portolan.job_kinds TO portolan_operator;
GRANT SELECT ON TABLE portolan.job_kinds TO portolan_worker;


--
-- Name: TABLE jobs; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.jobs TO portolan_console;
GRANT SELECT ON TABLE portolan.jobs TO portolan_operator;
GRANT SELECT ON TABLE portolan.jobs TO portolan_worker;


--
-- Name: TABLE leases; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.leases TO portolan_console;
GRANT SELECT ON TABLE portolan.leases TO portolan_operator;
GRANT SELECT ON TABLE portolan.leases TO portolan_worker;


--
-- Name: TABLE jobs_now; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.jobs_now TO portolan_console;
GRANT SELECT ON TABLE portolan.jobs_now TO portolan_operator;
GRANT SELECT ON TABLE portolan.jobs_now TO portolan_worker;


--
-- Name: TABLE maintenance; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.maintenance TO portolan_console;
GRANT SELECT ON TABLE portolan.maintenance TO portolan_operator;
GRANT SELECT ON TABLE portolan.maintenance TO portolan_worker;


--
-- Name: TABLE migrations; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.migrations TO portolan_console;
GRANT SELECT ON TABLE portolan.migrations TO portolan_operator;
GRANT SELECT ON TABLE portolan.migrations TO portolan_worker;


--
-- Name: TABLE parents_now; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.parents_now TO portolan_console;
GRANT SELECT ON TABLE portolan.parents_now TO portolan_operator;
GRANT SELECT ON TABLE portolan.parents_now TO portolan_worker;


--
-- Name: TABLE pauses; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.pauses TO portolan_console;
GRANT SELECT ON TABLE portolan.pauses TO portolan_operator;
GRANT SELECT ON TABLE portolan.pauses TO portolan_worker;


--
-- Name: TABLE queue_stats; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.queue_stats TO portolan_console;
GRANT SELECT ON TABLE portolan.queue_stats TO portolan_operator;
GRANT SELECT ON TABLE portolan.queue_stats TO portolan_worker;


--
-- Name: TABLE quotas; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.quotas TO portolan_console;
GRANT SELECT ON TABLE portolan.quotas TO portolan_operator;
GRANT SELECT ON TABLE portolan.quotas TO portolan_worker;


--
-- Name: COLUMN raw_exact.connection_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(connection_id) ON TABLE portolan.raw_exact TO portolan_console;
GRANT SELECT(connection_id) ON TABLE portolan.raw_exact TO portolan_operator;
GRANT SELECT(connection_id) ON TABLE portolan.raw_exact TO portolan_worker;


--
-- Name: COLUMN raw_exact.resource; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(resource) ON TABLE portolan.raw_exact TO portolan_console;
GRANT SELECT(resource) ON TABLE portolan.raw_exact TO portolan_operator;
GRANT SELECT(resource) ON TABLE portolan.raw_exact TO portolan_worker;


--
-- Name: COLUMN raw_exact.external_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(external_id) ON TABLE portolan.raw_exact TO portolan_console;
GRANT SELECT(external_id) ON TABLE portolan.raw_exact TO portolan_operator;
GRANT SELECT(external_id) ON TABLE portolan.raw_exact TO portolan_worker;


--
-- Name: COLUMN raw_exact.reason; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(reason) ON TABLE portolan.raw_exact TO portolan_console;
GRANT SELECT(reason) ON TABLE portolan.raw_exact TO portolan_operator;
GRANT SELECT(reason) ON TABLE portolan.raw_exact TO portolan_worker;


--
-- Name: COLUMN raw_exact.fetched_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(fetched_at) ON TABLE portolan.raw_exact TO portolan_console;
GRANT SELECT(fetched_at) ON TABLE portolan.raw_exact TO portolan_operator;
GRANT SELECT(fetched_at) ON TABLE portolan.raw_exact TO portolan_worker;


--
-- Name: COLUMN raw_exact.job_id; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT(job_id) ON TABLE portolan.raw_exact TO portolan_console;
GRANT SELECT(job_id) ON TABLE portolan.raw_exact TO portolan_operator;
GRANT SELECT(job_id) ON TABLE portolan.raw_exact TO portolan_worker;


--
-- Name: TABLE requests; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.requests TO portolan_console;
GRANT SELECT ON TABLE portolan.requests TO portolan_operator;
GRANT SELECT ON TABLE portolan.requests TO portolan_worker;


--
-- Name: TABLE request_stats; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.request_stats TO portolan_console;
GRANT SELECT ON TABLE portolan.request_stats TO portolan_operator;
GRANT SELECT ON TABLE portolan.request_stats TO portolan_worker;


--
-- Name: TABLE retention; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.retention TO portolan_console;
GRANT SELECT ON TABLE portolan.retention TO portolan_operator;
GRANT SELECT ON TABLE portolan.retention TO portolan_worker;


--
-- Name: COLUMN retention.keep; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE(keep) ON TABLE portolan.retention TO portolan_operator;


--
-- Name: TABLE schedules; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.schedules TO portolan_console;
GRANT SELECT ON TABLE portolan.schedules TO portolan_operator;
GRANT SELECT ON TABLE portolan.schedules TO portolan_worker;


--
-- Name: COLUMN schedules.next_at; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE(next_at) ON TABLE portolan.schedules TO portolan_operator;


--
-- Name: TABLE sweep_seen; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.sweep_seen TO portolan_console;
GRANT SELECT ON TABLE portolan.sweep_seen TO portolan_operator;
GRANT SELECT ON TABLE portolan.sweep_seen TO portolan_worker;


--
-- Name: TABLE sweeps; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.sweeps TO portolan_console;
GRANT SELECT ON TABLE portolan.sweeps TO portolan_operator;
GRANT SELECT ON TABLE portolan.sweeps TO portolan_worker;


--
-- Name: TABLE tokens_now; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.tokens_now TO portolan_console;
GRANT SELECT ON TABLE portolan.tokens_now TO portolan_operator;
GRANT SELECT ON TABLE portolan.tokens_now TO portolan_worker;


--
-- Name: TABLE workers; Type: ACL; Schema: portolan; Owner: -
--

GRANT SELECT ON TABLE portolan.workers TO portolan_console;
GRANT SELECT ON TABLE portolan.workers TO portolan_operator;
GRANT SELECT ON TABLE portolan.workers TO portolan_worker;


--
-- Name: COLUMN workers.draining; Type: ACL; Schema: portolan; Owner: -
--

GRANT UPDATE(draining) ON TABLE portolan.workers TO portolan_operator;


--
-- Name: TABLE customers; Type: ACL; Schema: pretix; Owner: -
--

GRANT SELECT ON TABLE pretix.customers TO portolan_console;
GRANT SELECT ON TABLE pretix.customers TO portolan_operator;


--
-- Name: TABLE events; Type: ACL; Schema: pretix; Owner: -
--

GRANT SELECT ON TABLE pretix.events TO portolan_console;
GRANT SELECT ON TABLE pretix.events TO portolan_operator;


--
-- Name: TABLE item_variants; Type: ACL; Schema: pretix; Owner: -
--

GRANT SELECT ON TABLE pretix.item_variants TO portolan_console;
GRANT SELECT ON TABLE pretix.item_variants TO portolan_operator;


--
-- Name: TABLE items; Type: ACL; Schema: pretix; Owner: -
--

GRANT SELECT ON TABLE pretix.items TO portolan_console;
GRANT SELECT ON TABLE pretix.items TO portolan_operator;


--
-- Name: TABLE order_line_items; Type: ACL; Schema: pretix; Owner: -
--

GRANT SELECT ON TABLE pretix.order_line_items TO portolan_console;
GRANT SELECT ON TABLE pretix.order_line_items TO portolan_operator;


--
-- Name: TABLE orders; Type: ACL; Schema: pretix; Owner: -
--

GRANT SELECT ON TABLE pretix.orders TO portolan_console;
GRANT SELECT ON TABLE pretix.orders TO portolan_operator;


--
-- Name: TABLE payments; Type: ACL; Schema: pretix; Owner: -
--

GRANT SELECT ON TABLE pretix.payments TO portolan_console;
GRANT SELECT ON TABLE pretix.payments TO portolan_operator;


--
-- Name: TABLE refunds; Type: ACL; Schema: pretix; Owner: -
--

GRANT SELECT ON TABLE pretix.refunds TO portolan_console;
GRANT SELECT ON TABLE pretix.refunds TO portolan_operator;


--
-- Name: TABLE accounts; Type: ACL; Schema: recurly; Owner: -
--

GRANT SELECT ON TABLE recurly.accounts TO portolan_console;
GRANT SELECT ON TABLE recurly.accounts TO portolan_operator;


--
-- Name: TABLE invoices; Type: ACL; Schema: recurly; Owner: -
--

GRANT SELECT ON TABLE recurly.invoices TO portolan_console;
GRANT SELECT ON TABLE recurly.invoices TO portolan_operator;


--
-- Name: TABLE line_items; Type: ACL; Schema: recurly; Owner: -
--

GRANT SELECT ON TABLE recurly.line_items TO portolan_console;
GRANT SELECT ON TABLE recurly.line_items TO portolan_operator;


--
-- Name: TABLE plans; Type: ACL; Schema: recurly; Owner: -
--

GRANT SELECT ON TABLE recurly.plans TO portolan_console;
GRANT SELECT ON TABLE recurly.plans TO portolan_operator;


--
-- Name: TABLE refunds; Type: ACL; Schema: recurly; Owner: -
--

GRANT SELECT ON TABLE recurly.refunds TO portolan_console;
GRANT SELECT ON TABLE recurly.refunds TO portolan_operator;


--
-- Name: TABLE subscription_items; Type: ACL; Schema: recurly; Owner: -
--

GRANT SELECT ON TABLE recurly.subscription_items TO portolan_console;
GRANT SELECT ON TABLE recurly.subscription_items TO portolan_operator;


--
-- Name: TABLE subscriptions; Type: ACL; Schema: recurly; Owner: -
--

GRANT SELECT ON TABLE recurly.subscriptions TO portolan_console;
GRANT SELECT ON TABLE recurly.subscriptions TO portolan_operator;


--
-- Name: TABLE transactions; Type: ACL; Schema: recurly; Owner: -
--

GRANT SELECT ON TABLE recurly.transactions TO portolan_console;
GRANT SELECT ON TABLE recurly.transactions TO portolan_operator;


--
-- Name: TABLE customers; Type: ACL; Schema: shopify; Owner: -
--

GRANT SELECT ON TABLE shopify.customers TO portolan_console;
GRANT SELECT ON TABLE shopify.customers TO portolan_operator;


--
-- Name: TABLE order_line_items; Type: ACL; Schema: shopify; Owner: -
--

GRANT SELECT ON TABLE shopify.order_line_items TO portolan_console;
GRANT SELECT ON TABLE shopify.order_line_items TO portolan_operator;


--
-- Name: TABLE orders; Type: ACL; Schema: shopify; Owner: -
--

GRANT SELECT ON TABLE shopify.orders TO portolan_console;
GRANT SELECT ON TABLE shopify.orders TO portolan_operator;


--
-- Name: TABLE product_variants; Type: ACL; Schema: shopify; Owner: -
--

GRANT SELECT ON TABLE shopify.product_variants TO portolan_console;
GRANT SELECT ON TABLE shopify.product_variants TO portolan_operator;


--
-- Name: TABLE products; Type: ACL; Schema: shopify; Owner: -
--

GRANT SELECT ON TABLE shopify.products TO portolan_console;
GRANT SELECT ON TABLE shopify.products TO portolan_operator;


--
-- Name: TABLE refund_line_items; Type: ACL; Schema: shopify; Owner: -
--

GRANT SELECT ON TABLE shopify.refund_line_items TO portolan_console;
GRANT SELECT ON TABLE shopify.refund_line_items TO portolan_operator;


--
-- Name: TABLE refunds; Type: ACL; Schema: shopify; Owner: -
--

GRANT SELECT ON TABLE shopify.refunds TO portolan_console;
GRANT SELECT ON TABLE shopify.refunds TO portolan_operator;


--
-- Name: TABLE transactions; Type: ACL; Schema: shopify; Owner: -
--

GRANT SELECT ON TABLE shopify.transactions TO portolan_console;
GRANT SELECT ON TABLE shopify.transactions TO portolan_operator;


--
-- Name: TABLE balance_transactions; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.balance_transactions TO portolan_console;
GRANT SELECT ON TABLE stripe.balance_transactions TO portolan_operator;


--
-- Name: TABLE charges; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.charges TO portolan_console;
GRANT SELECT ON TABLE stripe.charges TO portolan_operator;


--
-- Name: TABLE customers; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.customers TO portolan_console;
GRANT SELECT ON TABLE stripe.customers TO portolan_operator;


--
-- Name: TABLE invoice_lines; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.invoice_lines TO portolan_console;
GRANT SELECT ON TABLE stripe.invoice_lines TO portolan_operator;


--
-- Name: TABLE invoices; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.invoices TO portolan_console;
GRANT SELECT ON TABLE stripe.invoices TO portolan_operator;


--
-- Name: TABLE payment_intents; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.payment_intents TO portolan_console;
GRANT SELECT ON TABLE stripe.payment_intents TO portolan_operator;


--
-- Name: TABLE plans; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.plans TO portolan_console;
GRANT SELECT ON TABLE stripe.plans TO portolan_operator;


--
-- Name: TABLE prices; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.prices TO portolan_console;
GRANT SELECT ON TABLE stripe.prices TO portolan_operator;


--
-- Name: TABLE products; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.products TO portolan_console;
GRANT SELECT ON TABLE stripe.products TO portolan_operator;


--
-- Name: TABLE refunds; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.refunds TO portolan_console;
GRANT SELECT ON TABLE stripe.refunds TO portolan_operator;


--
-- Name: TABLE subscription_items; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.subscription_items TO portolan_console;
GRANT SELECT ON TABLE stripe.subscription_items TO portolan_operator;


--
-- Name: TABLE subscriptions; Type: ACL; Schema: stripe; Owner: -
--

GRANT SELECT ON TABLE stripe.subscriptions TO portolan_console;
GRANT SELECT ON TABLE stripe.subscriptions TO portolan_operator;


--
-- Name: TABLE billing_invoice_lines; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.billing_invoice_lines TO portolan_console;
GRANT SELECT ON TABLE unified.billing_invoice_lines TO portolan_operator;


--
-- Name: TABLE billing_invoices; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.billing_invoices TO portolan_console;
GRANT SELECT ON TABLE unified.billing_invoices TO portolan_operator;


--
-- Name: TABLE billing_plans; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.billing_plans TO portolan_console;
GRANT SELECT ON TABLE unified.billing_plans TO portolan_operator;


--
-- Name: TABLE billing_subscription_items; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.billing_subscription_items TO portolan_console;
GRANT SELECT ON TABLE unified.billing_subscription_items TO portolan_operator;


--
-- Name: TABLE billing_subscriptions; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.billing_subscriptions TO portolan_console;
GRANT SELECT ON TABLE unified.billing_subscriptions TO portolan_operator;


--
-- Name: TABLE customers; Type: ACL; Schema: woocommerce; Owner: -
--

GRANT SELECT ON TABLE woocommerce.customers TO portolan_console;
GRANT SELECT ON TABLE woocommerce.customers TO portolan_operator;


--
-- Name: TABLE commerce_customers; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.commerce_customers TO portolan_console;
GRANT SELECT ON TABLE unified.commerce_customers TO portolan_operator;


--
-- Name: TABLE order_line_items; Type: ACL; Schema: woocommerce; Owner: -
--

GRANT SELECT ON TABLE woocommerce.order_line_items TO portolan_console;
GRANT SELECT ON TABLE woocommerce.order_line_items TO portolan_operator;


--
-- Name: TABLE commerce_order_line_items; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.commerce_order_line_items TO portolan_console;
GRANT SELECT ON TABLE unified.commerce_order_line_items TO portolan_operator;


--
-- Name: TABLE orders; Type: ACL; Schema: woocommerce; Owner: -
--

GRANT SELECT ON TABLE woocommerce.orders TO portolan_console;
GRANT SELECT ON TABLE woocommerce.orders TO portolan_operator;


--
-- Name: TABLE commerce_orders; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.commerce_orders TO portolan_console;
GRANT SELECT ON TABLE unified.commerce_orders TO portolan_operator;


--
-- Name: TABLE product_variants; Type: ACL; Schema: woocommerce; Owner: -
--

GRANT SELECT ON TABLE woocommerce.product_variants TO portolan_console;
GRANT SELECT ON TABLE woocommerce.product_variants TO portolan_operator;


--
-- Name: TABLE commerce_product_variants; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.commerce_product_variants TO portolan_console;
GRANT SELECT ON TABLE unified.commerce_product_variants TO portolan_operator;


--
-- Name: TABLE products; Type: ACL; Schema: woocommerce; Owner: -
--

GRANT SELECT ON TABLE woocommerce.products TO portolan_console;
GRANT SELECT ON TABLE woocommerce.products TO portolan_operator;


--
-- Name: TABLE commerce_products; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.commerce_products TO portolan_console;
GRANT SELECT ON TABLE unified.commerce_products TO portolan_operator;


--
-- Name: TABLE payment_balance_transactions; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.payment_balance_transactions TO portolan_console;
GRANT SELECT ON TABLE unified.payment_balance_transactions TO portolan_operator;


--
-- Name: TABLE payment_payouts; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.payment_payouts TO portolan_console;
GRANT SELECT ON TABLE unified.payment_payouts TO portolan_operator;


--
-- Name: TABLE refund_line_items; Type: ACL; Schema: woocommerce; Owner: -
--

GRANT SELECT ON TABLE woocommerce.refund_line_items TO portolan_console;
GRANT SELECT ON TABLE woocommerce.refund_line_items TO portolan_operator;


--
-- Name: TABLE payment_refund_line_items; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.payment_refund_line_items TO portolan_console;
GRANT SELECT ON TABLE unified.payment_refund_line_items TO portolan_operator;


--
-- Name: TABLE refunds; Type: ACL; Schema: woocommerce; Owner: -
--

GRANT SELECT ON TABLE woocommerce.refunds TO portolan_console;
GRANT SELECT ON TABLE woocommerce.refunds TO portolan_operator;


--
-- Name: TABLE payment_refunds; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.payment_refunds TO portolan_console;
GRANT SELECT ON TABLE unified.payment_refunds TO portolan_operator;


--
-- Name: TABLE payment_transactions; Type: ACL; Schema: unified; Owner: -
--

GRANT SELECT ON TABLE unified.payment_transactions TO portolan_console;
GRANT SELECT ON TABLE unified.payment_transactions TO portolan_operator;


--
-- PostgreSQL database dump complete
--


