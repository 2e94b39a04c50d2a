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
  select case when jsonb_typeof(a) = 'object' and coalesce(nullif(a->>'street',''), nullif(a->>'city',''), nullif(a->>'zipcode',''), nullif(a->>'country',''), nullif(a->>'name',''), nullif(a->>'company','')) is not null
    then unified.address(pretix.text(a->'name'), pretix.text(a->'company'), split_part(pretix.text(a->'street'), E'\n', 1), nullif(split_part(pretix.text(a->'street'), E'\n', 2), ''),
      pretix.text(a->'city'), null, pretix.text(a->'state'), pretix.text(a->'zipcode'),
      case when a->>'country' ~ '^[A-Z]{2}$' then a->>'country' end, pretix.text(a->'country'), null, 'billing') end $$;

-- Not inlined, because of its sub-select; called only where the column is selected.
-- The element of a product's variations that has this id.
create or replace function pretix.variation(v jsonb, id jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' and jsonb_typeof(id) = 'number' then (select e from jsonb_array_elements(v) e where e->'id' = id limit 1) end $$;

-- Lists the problems of a row: what problems() finds, and that the payload had to be cleaned.
create or replace function pretix.issues(sanitised boolean, checks jsonb) returns jsonb language sql immutable parallel safe as $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;
