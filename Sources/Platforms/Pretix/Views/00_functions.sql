-- Small casts for pretix's shapes. One line each, so that the planner inlines them.

-- A text; empty and what is no text are NULL.
create or replace function pretix.text(v jsonb) returns text language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'string' then nullif(v #>> '{}', '') end $$;

-- A number that identifies something.
create or replace function pretix.ref(v jsonb) returns text language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'number' and octet_length(v #>> '{}') <= 19 and v #>> '{}' ~ '^[1-9][0-9]*$' then v #>> '{}' end $$;

-- A currency code; NULL for what cannot be one.
create or replace function pretix.currency(x text) returns text language sql immutable parallel safe as $$
  select case when octet_length(x) = 3 and x ~ '^[A-Za-z]{3}$' then upper(x) end $$;

-- A product, or one of its variations, below its event; NULL where one of the two is not known.
create or replace function pretix.path(event text, item text) returns text language sql immutable parallel safe as $$
  select event || ':' || item $$;

-- A text in several languages: English where there is some.
create or replace function pretix.name(v jsonb) returns text language sql immutable parallel safe as $$
  select coalesce(pretix.text(v), pretix.text(v->'en'), pretix.text(v->'de'),
                  case when jsonb_typeof(v) = 'object' then pretix.text(jsonb_path_query_first(v, '$.*')) end) $$;

-- An invoice address as the unified address object; NULL where all of it is empty.
create or replace function pretix.address(a jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(a) = 'object' and concat(a->>'street', a->>'city', a->>'zipcode', a->>'country', a->>'name', a->>'company') <> '' then jsonb_build_object(
    'name', pretix.text(a->'name'), 'company', pretix.text(a->'company'),
    'line1', split_part(pretix.text(a->'street'), E'\n', 1), 'line2', nullif(split_part(pretix.text(a->'street'), E'\n', 2), ''),
    'city', pretix.text(a->'city'), 'region', null, 'region_code', pretix.text(a->'state'), 'postal_code', pretix.text(a->'zipcode'),
    'country_code', case when a->>'country' ~ '^[A-Z]{2}$' then a->>'country' end, 'country_raw', pretix.text(a->'country'),
    'phone', null, 'type', 'billing') end $$;

-- Not inlined, because of their sub-selects; called only where the column is selected.
-- The sum of a member of an array's elements that are not cancelled: 0 for an empty array, NULL for what is none.
create or replace function pretix.total(v jsonb, member text) returns numeric language sql immutable parallel safe as $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (
    select coalesce(sum(unified.num(e->member)) filter (where e->'canceled' is distinct from 'true'), 0) from jsonb_array_elements(v) e) end $$;

-- The sum of the fees of a kind, or of all kinds but it.
create or replace function pretix.fees(v jsonb, kind text, is_it boolean) returns numeric language sql immutable parallel safe as $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (
    select coalesce(sum(unified.num(e->'value')) filter (where e->'canceled' is distinct from 'true' and (e->>'fee_type' is not distinct from kind) = is_it), 0)
    from jsonb_array_elements(v) e) end $$;

-- The sum of the payments or refunds that are in one of the states.
create or replace function pretix.money(v jsonb, states jsonb) returns numeric language sql immutable parallel safe as $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (
    select coalesce(sum(unified.num(e->'amount')) filter (where states ? (e->>'state')), 0) from jsonb_array_elements(v) e) end $$;

create or replace function pretix.texts(v jsonb, member text) returns text[] language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then array(
    select distinct pretix.text(e->member) from jsonb_array_elements(v) e where pretix.text(e->member) is not null order by 1) end $$;

-- The element of a product's variations that has this id.
create or replace function pretix.variation(v jsonb, id jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' and jsonb_typeof(id) = 'number' then (select e from jsonb_array_elements(v) e where e->'id' = id limit 1) end $$;

-- Lists the problems of a row: what problems() finds, and that the payload had to be cleaned.
create or replace function pretix.issues(sanitised boolean, checks jsonb) returns jsonb language sql immutable parallel safe as $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;
