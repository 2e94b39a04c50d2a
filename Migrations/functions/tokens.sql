-- Tokens and their refreshing. Lock order: connections, connection_tokens, and then what connection_event locks (lanes, streams).
--
-- No transaction is open while the token endpoint is asked: begin_refresh writes down the intent and commits, complete_refresh or fail_refresh
-- ends it. An intent that nobody ends is over at refreshing_until. docs/decisions/0020-tokens-are-refreshed-under-an-intent.md has the reasons.

-- The tokens as they are, with times as seen from now: whoever reads this has a clock of its own.
create or replace function portolan.read_tokens(p_connection bigint)
returns table (generation bigint, key_id text, sealed bytea, issued_by uuid, refresh_in interval, expires_in interval, state text, busy_for interval, cooling_for interval,
               doubtful_since timestamptz, failures integer, error_code text, error_message text) language sql stable as $$
  select t.generation, t.key_id, t.sealed, t.issued_by, t.refresh_at - portolan.now(), t.expires_at - portolan.now(), t.state,
         case when t.state = 'refreshing' and t.refreshing_until > portolan.now() then t.refreshing_until - portolan.now() end,
         case when t.not_before > portolan.now() then t.not_before - portolan.now() end,
         t.doubtful_since, t.failures, t.error_code, t.error_message
  from portolan.connection_tokens t where t.connection_id = p_connection $$;
comment on function portolan.read_tokens is 'A connection''s sealed tokens and how refreshing them stands; nothing where it has none.';

-- How long the endpoint is left alone after so many refreshes in a row that brought nothing.
create or replace function portolan.refresh_pause(p_failures integer) returns interval language sql immutable as
$$ select case when p_failures <= 0 then interval '0' else least(interval '30 s' * 2 ^ least(p_failures - 1, 10), interval '1 h') end $$;
comment on function portolan.refresh_pause is '30 s, doubled with each failure in a row, at most an hour.';

-- Answers one of
--   go        the refresh is the caller's, for p_limit: nobody else begins one until then
--   newer     there are other tokens than those of p_generation: take them
--   busy      somebody else is at it
--   cooling   the endpoint is left alone for a while after a failure
--   young     the access token that is called refused was stored less than p_young ago: another one would be refused as well
--   rejected  the merchant has to sign in again
-- and no row where the connection has no tokens.
--
-- An intent that is past its time was interrupted: its request may have been answered, and the answer lost. The same refresh token is tried
-- once more at once; after that with growing pauses, so that what kills its workers does not hammer the endpoint.
create or replace function portolan.begin_refresh(p_connection bigint, p_generation bigint, p_worker uuid, p_limit interval, p_young interval default null)
returns table (verdict text, refresh_id uuid, doubtful_since timestamptz) language plpgsql as $$
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
comment on function portolan.begin_refresh is 'Writes down the intent to refresh a connection''s tokens, unless somebody else is at it or it makes no sense. The first column says which.';

-- Stores what a refresh brought. Answers
--   stored      it is the newest pair now (also when told twice)
--   superseded  another pair was stored since p_generation: nothing is changed but that this refresh has ended
--   gone        the connection has no tokens any more
-- A pair that was got with the newest stored one is newer than that, whatever became of the intent it was got under: also one that comes after
-- another refresh with the same token has begun, or has been refused because this one had used the token up.
create or replace function portolan.complete_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_key text, p_sealed bytea,
    p_refresh_in interval, p_expires_in interval, p_refresh_expires_in interval, p_idle_in interval) returns text language plpgsql as $$
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
comment on function portolan.complete_refresh is 'Ends a refresh with the tokens it brought. Called before anybody uses them.';

-- Ends a refresh that brought nothing. Answers
--   noted       the endpoint is left alone for a while
--   rejected    no refresh will be tried any more, and the connection needs the merchant: because p_rejected says so, or because nothing else has
--               happened for four days
--   superseded  other tokens were stored since p_generation, or another refresh has begun: what this one met is of no account
--   gone        the connection has no tokens any more
create or replace function portolan.fail_refresh(p_connection bigint, p_refresh uuid, p_generation bigint, p_code text, p_message text, p_rejected boolean,
    p_in_doubt boolean default false, p_wait interval default null, p_counts boolean default true) returns text language plpgsql as $$
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
comment on function portolan.fail_refresh is 'Ends a refresh that brought nothing: a pause for everybody, or the end until the merchant signs in again.';

-- Replaces the sealed tokens by ones that say more (a spare refresh token), unless others were stored meanwhile.
create or replace function portolan.amend_tokens(p_connection bigint, p_generation bigint, p_key text, p_sealed bytea) returns boolean language sql as $$
  with amended as (update portolan.connection_tokens c set key_id = p_key, sealed = p_sealed where c.connection_id = p_connection and c.generation = p_generation returning 1)
  select exists (select from amended) $$;
comment on function portolan.amend_tokens is 'Puts a spare beside the tokens of that generation. False when there are others by now.';

-- New credentials, and with them maybe another way to sign in: what was known of the old tokens is of no account, and a refresh that is still
-- under way with them stores nothing. Where the way needs no tokens those there are go, and their row stays, for its generation.
create or replace function portolan.reset_tokens(p_connection bigint, p_method text, p_needs_tokens boolean, p_key text, p_sealed bytea) returns void language plpgsql as $$
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
comment on function portolan.reset_tokens is 'Begins anew with what the merchant gave: another way to sign in, and a refresh token or nothing.';

-- One more try, because a person says so: at most one call a time this is asked for.
create or replace function portolan.retry_tokens(p_connection bigint) returns boolean language sql as $$
  with retried as (update portolan.connection_tokens c set state = 'idle', not_before = null, failing_since = null, failures = 0
                   where c.connection_id = p_connection and (c.state = 'rejected' or c.not_before > portolan.now()) returning 1)
  select exists (select from retried) $$;
comment on function portolan.retry_tokens is 'Lets a refresh be tried again that was given up or is pausing. False when there was nothing of the kind.';

-- Connections whose tokens have to be refreshed although nobody needs them, longest due first.
create or replace function portolan.tokens_due(p_limit integer default 100) returns setof bigint language sql stable as $$
  select t.connection_id from portolan.connection_tokens t join portolan.connections c using (connection_id)
  where t.idle_at <= portolan.now() and t.state <> 'rejected' and c.state not in ('needs_reauth', 'disabled')
    and (t.state <> 'refreshing' or t.refreshing_until <= portolan.now()) and (t.not_before is null or t.not_before <= portolan.now())
  order by t.idle_at limit p_limit $$;
comment on function portolan.tokens_due is 'Connections whose refresh token would die of rest. Any number may ask at once: begin_refresh lets one through.';

create or replace view portolan.tokens_now as
select t.connection_id, c.name, c.platform, c.method,
       case when t.state = 'refreshing' and t.refreshing_until <= portolan.now() then 'interrupted' when t.state = 'idle' and t.failures > 0 then 'failing' else t.state end as state,
       t.issued_at, t.expires_at, t.refresh_at, t.refresh_expires_at, t.idle_at, t.refreshing_by, t.refreshing_since, t.doubtful_since, t.failures, t.failing_since, t.not_before,
       t.error_code, t.error_message
from portolan.connection_tokens t join portolan.connections c using (connection_id);
comment on view portolan.tokens_now is 'How signing in stands for every connection with tokens: idle, refreshing, interrupted, failing or rejected. No token is in it.';
