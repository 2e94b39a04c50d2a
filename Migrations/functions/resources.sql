-- What platforms offer, and the streams that come of it.

-- Declares what a platform offers. A resource that nobody has declared before becomes a stream of every connection of the platform, spread over
-- its interval; one that was declared before does not, so a stream that somebody deleted stays so. Nothing is removed: what this caller does not
-- know another version may. Any number call it at once; where nothing is new it reads once. Answers how many streams were added.
create or replace function portolan.declare_resources(p_platform text, p_resources text[], p_families text[], p_intervals interval[], p_kinds text[])
returns integer language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_new text[]; v_added integer;
begin
  if coalesce(p_platform, '') !~ '^[a-z][a-z0-9_]*$' then
    raise exception 'platform is %; it is a key such as myshop: small letters, digits and underscores', coalesce(quote_literal(p_platform), 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  if p_resources is null or array_position(p_resources, null) is not null or array_position(p_resources, '') is not null then
    raise exception 'resources of % is null or holds null or nothing; give an array of names such as {orders}', p_platform using errcode = 'invalid_parameter_value';
  end if;
  if (cardinality(p_families), cardinality(p_intervals), cardinality(p_kinds)) is distinct from (cardinality(p_resources), cardinality(p_resources), cardinality(p_resources)) then
    raise exception 'resources, families, intervals and kinds of % have %, %, % and % elements; give one of each for every resource', p_platform,
      cardinality(p_resources), coalesce(cardinality(p_families), 0), coalesce(cardinality(p_intervals), 0), coalesce(cardinality(p_kinds), 0)
      using errcode = 'invalid_parameter_value';
  end if;
  if exists (select from unnest(p_families, p_intervals, p_kinds) u(family, interval, kind)
             where u.family is null or u.family = '' or u.interval is null or u.interval < interval '1 second' or u.kind is null or u.kind not in ('sync', 'report')) then
    raise exception 'families, intervals or kinds of % hold what cannot be; a family is a name such as main, an interval a second or more, a kind sync or report', p_platform
      using errcode = 'invalid_parameter_value';
  end if;
  perform from unnest(p_resources, p_families, p_intervals, p_kinds) u(resource, family, interval, kind)
  left join portolan.platform_resources r on r.platform = p_platform and r.resource = u.resource
  where (r.family, r.interval, r.kind) is distinct from (u.family, u.interval, u.kind);
  if not found then return 0; end if;

  with declared as (
    insert into portolan.platform_resources as r (platform, resource, family, interval, kind, declared_at)
    select p_platform, u.resource, u.family, u.interval, u.kind, v_now
    from unnest(p_resources, p_families, p_intervals, p_kinds) u(resource, family, interval, kind) order by u.resource collate "C"
    on conflict (platform, resource) do update set family = excluded.family, interval = excluded.interval, kind = excluded.kind, declared_at = excluded.declared_at
    where (r.family, r.interval, r.kind) is distinct from (excluded.family, excluded.interval, excluded.kind)
    returning r.resource, xmax = 0 as is_new)
  select array_agg(d.resource) filter (where d.is_new) into v_new from declared d;

  -- A connection that is removed meanwhile is passed over.
  insert into portolan.streams (connection_id, resource, platform, family, interval, next_due_at, kind)
  select c.connection_id, r.resource, p_platform, r.family, r.interval,
         v_now + r.interval * (abs(hashtextextended(r.resource || ':' || c.connection_id, 0) % 1000) / 1000.0), r.kind
  from portolan.connections c cross join portolan.platform_resources r
  where c.platform = p_platform and r.platform = p_platform and r.resource = any (v_new)
  for key share of c
  on conflict (connection_id, resource) do nothing;
  get diagnostics v_added = row_count;
  return v_added;
end $$;
comment on function portolan.declare_resources is 'Declares what a platform offers; what is new becomes a stream of its connections. Answers how many streams were added.';
