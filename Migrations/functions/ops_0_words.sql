-- Small functions the views of schema ops use. They read nothing; a view calls them with the rights of whoever reads it.

create or replace function ops.bounded(p_count integer) returns text language sql immutable parallel safe as
$$ select case when p_count > 10000 then 'more than 10000' else p_count::text end $$;
comment on function ops.bounded(integer) is 'A number that was counted no further than 10001.';

create or replace function ops.connection_remedy(p_state text, p_name text, p_probe_at timestamptz, p_until timestamptz) returns text language sql stable parallel safe as $$
  select case p_state
    when 'needs_reauth' then format('new credentials: portolan connections renew %s', p_name)
    when 'blocked' then format('it is tried again at %s; once mended: portolan connections resume %s', date_trunc('second', p_probe_at), p_name)
    when 'unreachable' then format('it is tried again at %s', date_trunc('second', p_probe_at))
    when 'disabled' then format('portolan connections resume %s', p_name)
    when 'rate_limited' then 'time' || coalesce(': until ' || date_trunc('second', p_until), '')
    when 'degraded' then 'two complete reads of every stream'
    when 'pending' then 'a first complete read of every stream' end $$;
comment on function ops.connection_remedy(text, text, timestamptz, timestamptz) is 'What heals a connection that is in this state; NULL when it is healthy.';

create or replace function ops.duration_bucket(p_duration interval) returns integer language sql immutable parallel safe as
$$ select least(52, 1 + floor(2 * ln(greatest(1, extract(epoch from p_duration)::double precision * 1000)) / ln(2::double precision)))::integer $$;
comment on function ops.duration_bucket(interval) is 'Which bucket a duration is counted in: i holds those from 2^((i-1)/2) to 2^(i/2) milliseconds; the last, of 18 hours, what is longer.';

-- The value below which a share of what was counted lies, from counts in buckets that grow by half an octave.
create or replace function ops.percentile(p_buckets bigint[], p_share double precision) returns double precision language plpgsql immutable parallel safe as $$
declare n bigint; v_total double precision := 0; v_upto double precision := 0; v_bucket integer := 0;
begin
  foreach n in array p_buckets loop v_total := v_total + n; end loop;
  foreach n in array p_buckets loop
    v_bucket := v_bucket + 1;
    if n > 0 and v_upto + n >= p_share * v_total then return power(2, (v_bucket - 1 + (p_share * v_total - v_upto) / n) / 2); end if;
    v_upto := v_upto + n;
  end loop;
  return null;
end $$;
comment on function ops.percentile(bigint[], double precision) is 'Milliseconds below which a share of the counted durations lies, off by a fifth at most; NULL when none were counted.';
