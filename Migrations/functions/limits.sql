-- The ledger of limits. Every function locks one row of quotas and nothing else.

-- The period of a quota at an instant. With p_time and p_zone: from one such time of the zone's clocks to the next. With p_every: the known one
-- until its end, then a new one from now. For a moment after the end it is still the old one: p_late says how long.
create or replace function portolan.quota_period(p_now timestamptz, p_late interval, p_time time, p_zone text, p_every interval,
    p_start timestamptz, p_end timestamptz, out period_start timestamptz, out period_end timestamptz) language plpgsql stable as $$
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
comment on function portolan.quota_period is 'The period of a quota at an instant, a moment late.';

-- Draws up to p_chunk requests of the current period. Where p_rest is given, what is left is lowered to it first; where p_ends_in is, the
-- period ends then. Around the end nothing is given: clocks differ, requests take their time, and one that is counted in the wrong period is one
-- too many there.
create or replace function portolan.draw_quota(p_platform text, p_owner text, p_bucket text, p_time time, p_zone text, p_every interval, p_allowed bigint,
    p_chunk bigint, p_rest bigint default null, p_ends_in interval default null,
    out drawn bigint, out period float8, out closes_us float8, out opens_us float8, out rest bigint, out blocked_us float8)
language plpgsql as $$
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
comment on function portolan.draw_quota is 'Draws requests of a quota''s current period from the ledger, and says what is left and when it ends.';

create or replace function portolan.block_bucket(p_platform text, p_owner text, p_bucket text, p_for interval) returns void language sql as $$
  insert into portolan.quotas as q (platform, owner, bucket, blocked_until) values (p_platform, p_owner, p_bucket, portolan.now() + p_for)
  on conflict (platform, owner, bucket) do update set blocked_until = greatest(q.blocked_until, excluded.blocked_until)
$$;
comment on function portolan.block_bucket is 'Notes that a platform asked us to wait before anything more is sent that needs the bucket; the longer of two waits holds.';

-- In which epoch of the limits the first request went to a connection's host; NULL: none ever did.
create or replace function portolan.first_use(p_connection bigint) returns bigint language sql stable as $$
  select f.epoch from portolan.connections c
  join portolan.first_uses f on f.platform = c.platform and f.host = coalesce(substring(lower(c.base_url) from '^https?://(?:www\.)?([^/:]+)'), '')
  where c.connection_id = p_connection
$$;
comment on function portolan.first_use is 'The epoch of the first request to a connection''s host, by whichever connection; NULL: there was none.';

-- Notes the epoch, once and for all, and answers the one that holds. Called between the grant and the sending of a request to a host that seems
-- never to have been asked.
create or replace function portolan.note_first_use(p_connection bigint, p_epoch bigint) returns bigint language plpgsql as $$
begin
  -- What a crash of the database takes back would be believed to be unused.
  perform pg_catalog.set_config('synchronous_commit', 'on', true);
  insert into portolan.first_uses (platform, host, epoch)
  select c.platform, coalesce(substring(lower(c.base_url) from '^https?://(?:www\.)?([^/:]+)'), ''), p_epoch from portolan.connections c where c.connection_id = p_connection
  on conflict (platform, host) do nothing;
  return portolan.first_use(p_connection);
end $$;
comment on function portolan.note_first_use is 'Notes in which epoch the first request to a connection''s host was granted; the first note holds, and is the answer.';
