-- Casts that never raise, and the small helpers every platform's views are made of.
--
-- One-line SQL functions: the planner inlines them and drops those nobody selects. A bad value becomes NULL (and an
-- entry in `issues`), never an error that takes the view down for every reader.

-- Decimal text as numeric: the usual form first, then the rarer ones, clamped so that no later sum can overflow.
create or replace function unified.num(x text) returns numeric language sql immutable parallel safe as $$
  select case when octet_length(x) <= 30 and x ~ '^-?[0-9]+(\.[0-9]*)?$' then x::numeric
              when octet_length(x) <= 30 and x ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?$' then case when abs(x::numeric) < 1e18 then x::numeric end end $$;

-- A JSON number as it is, or the decimal text in a JSON string.
create or replace function unified.num(v jsonb) returns numeric language sql immutable parallel safe as $$
  select case jsonb_typeof(v) when 'number' then case when abs(v::numeric) < 1e30 then v::numeric end
                              when 'string' then unified.num(v #>> '{}') end $$;

-- The same of a member: `unified.num(p, 'total')` for `unified.num(p->'total')`, which costs twice as much.
create or replace function unified.num(v jsonb, member text) returns numeric language sql immutable parallel safe as $$
  select case when octet_length(v ->> member) <= 30 and v ->> member ~ '^-?[0-9]+(\.[0-9]*)?$' then (v ->> member)::numeric
              else unified.num(v -> member) end $$;

create or replace function unified.bool(v jsonb) returns boolean language sql immutable parallel safe as $$
  select case when v = 'true'::jsonb then true when v = 'false'::jsonb then false end $$;

-- Everything unusual: offsets, fractions, blanks, epochs as text. Reached only when the quick form below said no.
create or replace function unified.ts_slow(v jsonb) returns timestamptz language sql stable strict parallel safe as $$
  select case when t between '1995-01-01' and '2100-01-01' then t end from (
    select case
      when jsonb_typeof(v) not in ('string','number') then null
      when x ~ '^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?\s*(Z|[+-](0\d|1[0-4]):?[0-5]\d)?$' then
        case when substr(x,9,2)::int <= date_part('day', make_date(substr(x,1,4)::int, substr(x,6,2)::int, 1) + interval '1 month - 1 day')
             then case when x ~ '(Z|[+-]\d{2}:?\d{2})$' then x::timestamptz else x::timestamp at time zone 'UTC' end end
      when x ~ '^\d{10}$' then to_timestamp(x::bigint)
      when x ~ '^\d{13}$' then to_timestamp(x::bigint / 1000.0) end as t
    from (select v #>> '{}' as x) a) b $$;

-- jsonpath's datetime() in silent mode is the one built-in parser of PostgreSQL 15 that answers NULL instead of raising. Forms with a fraction
-- or an offset are let through by a pattern that no text passes that the cast would refuse (29 February is left to the slow form). What is null
-- is not worth a call of that: it is no one-line function, and most orders are never cancelled.
create or replace function unified.ts(v jsonb) returns timestamptz language sql stable parallel safe as $$
  select case jsonb_typeof(v)
    when 'string' then coalesce(
      (jsonb_path_query_first(v, '$.datetime("YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"")', '{}', true) #>> '{}')::timestamp at time zone 'UTC',
      case when v #>> '{}' ~ '^20[0-9][0-9]-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])$'
           then (v #>> '{}')::timestamptz
           else unified.ts_slow(v) end)
    when 'number' then unified.ts_slow(v) end $$;

-- Unix seconds as a JSON number, within 1995 to 2110.
create or replace function unified.epoch(v jsonb) returns timestamptz language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'number' and v > '788918400'::jsonb and v < '4102444800'::jsonb then to_timestamp(v::float8) end $$;

create or replace function unified.arr(v jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then v end $$;

-- An enumeration: `map` is a constant JSON object written into the view. What it does not know is 'unknown', what is empty is NULL.
create or replace function unified.word(map jsonb, x text) returns text language sql immutable parallel safe as $$
  select coalesce(map ->> x, case when x <> '' then 'unknown' end) $$;

-- The unified address object. Where the value is text anyhow, jsonb_object is twice as fast as jsonb_build_object.
create or replace function unified.address(name text, company text, line1 text, line2 text, city text, region text, region_code text,
  postal_code text, country_code text, country_raw text, phone text, kind text) returns jsonb language sql immutable parallel safe as $$
  select jsonb_object('{name,company,line1,line2,city,region,region_code,postal_code,country_code,country_raw,phone,type}',
    array[name, company, line1, line2, city, region, region_code, postal_code, country_code, country_raw, phone, kind]) $$;

-- The identity of a unified row: the same for the same record for ever.
create or replace function unified.id(connection_id bigint, entity text, platform_id text) returns uuid language sql immutable parallel safe as $$
  select md5(connection_id::text || ':' || entity || ':' || platform_id)::uuid $$;

-- Called only for rows that failed the quick test. Each check: [field, reason if a value is there, the raw value, is it bad].
create or replace function unified.problems(checks jsonb) returns jsonb language sql immutable parallel safe as $$
  select coalesce(jsonb_agg(jsonb_build_object('field', c->>0, 'change', case c->>1 when 'enum_unknown' then 'defaulted' else 'nulled' end,
           'reason', case when c->2 in ('null','""') then 'required_missing' else c->>1 end, 'raw', c->2)), '[]')
  from jsonb_array_elements(checks) c where c->3 = 'true' $$;
