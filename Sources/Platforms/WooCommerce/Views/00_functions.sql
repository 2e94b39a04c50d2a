-- Small casts for WooCommerce's shapes. One line each, so that the planner inlines them.

-- An identifier that stands for something: 0 is how WooCommerce says none.
create or replace function woocommerce.ref(v jsonb) returns text language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) in ('number','string') and octet_length(v #>> '{}') <= 19 and v #>> '{}' ~ '^[1-9][0-9]*$' then v #>> '{}' end $$;

-- A text; empty and what is no text are NULL.
create or replace function woocommerce.text(v jsonb) returns text language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) in ('string','number') then nullif(v #>> '{}', '') end $$;

-- The same with the entities that WordPress puts into names.
create or replace function woocommerce.plain(v jsonb) returns text language sql immutable parallel safe as $$
  select replace(replace(replace(replace(replace(replace(woocommerce.text(v), '&#039;', ''''), '&#8217;', '’'), '&ndash;', '–'), '&quot;', '"'), '&nbsp;', ' '), '&amp;', '&') $$;

-- UTC without saying so: 2017-03-22T19:28:02.
create or replace function woocommerce.ts(v jsonb) returns timestamptz language sql stable parallel safe as $$
  select case when jsonb_typeof(v) in ('string', 'number') then coalesce(
    (jsonb_path_query_first(v, '$.datetime("YYYY-MM-DD\"T\"HH24:MI:SS")', '{}', true) #>> '{}')::timestamp at time zone 'UTC', unified.ts_slow(v)) end $$;

-- A currency code; NULL for what cannot be one.
create or replace function woocommerce.currency(x text) returns text language sql immutable parallel safe as $$
  select case when octet_length(x) = 3 and x ~ '^[A-Za-z]{3}$' then upper(x) end $$;

create or replace function woocommerce.quotient(a numeric, b numeric) returns numeric language sql immutable parallel safe as $$
  select case when b <> 0 then round(a / b, 6) end $$;

-- The number at the end of a link: https://shop.example/wp-json/wc/v3/orders/723.
create or replace function woocommerce.linked(payload jsonb) returns text language sql immutable parallel safe as $$
  select substring(payload #>> '{_links,up,0,href}' from '/([1-9][0-9]{0,18})/?$') $$;

-- Who a refund or a variation belongs to: older versions say it in a link only.
create or replace function woocommerce.parent(payload jsonb) returns text language sql immutable parallel safe as $$
  select coalesce(woocommerce.ref(payload->'parent_id'), woocommerce.linked(payload)) $$;

-- An address as the unified address object; NULL where all of it is empty.
create or replace function woocommerce.address(a jsonb, kind text) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(a) = 'object' and coalesce(nullif(a->>'address_1',''), nullif(a->>'city',''), nullif(a->>'postcode',''), nullif(a->>'country',''), nullif(a->>'last_name',''), nullif(a->>'company','')) is not null
    then unified.address(nullif(trim(concat_ws(' ', nullif(a->>'first_name',''), nullif(a->>'last_name',''))), ''), nullif(a->>'company',''),
      nullif(a->>'address_1',''), nullif(a->>'address_2',''), nullif(a->>'city',''), null, nullif(a->>'state',''), nullif(a->>'postcode',''),
      case when a->>'country' ~ '^[A-Z]{2}$' then a->>'country' end, nullif(a->>'country',''), nullif(a->>'phone',''), kind) end $$;

-- Not inlined, because of their sub-selects; called only where the column is selected.
-- The sum of a member of an array's elements: 0 for an empty array, NULL for what is none.
create or replace function woocommerce.sum(v jsonb, member text) returns numeric language sql immutable parallel safe as $$
  select sum(unified.num(e, member)) from jsonb_array_elements(v) e $$;
create or replace function woocommerce.total(v jsonb, member text) returns numeric language sql immutable parallel safe as $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then woocommerce.sum(v, member) end $$;

create or replace function woocommerce.taxes(v jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(jsonb_build_object('title', null, 'rate', null, 'amount', unified.num(e->'total'))), '[]') from jsonb_array_elements(v) e) end $$;

create or replace function woocommerce.texts(v jsonb, member text) returns text[] language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then array(
    select woocommerce.plain(e->member) from jsonb_array_elements(v) with ordinality t(e, n) where woocommerce.plain(e->member) is not null order by n) end $$;

create or replace function woocommerce.options(v jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(jsonb_build_object('name', e->>'name', 'value', e->>'option') order by n), '[]')
    from jsonb_array_elements(v) with ordinality t(e, n) where jsonb_typeof(e) = 'object' and e ? 'option') end $$;

-- The value of a member of meta_data.
create or replace function woocommerce.meta(v jsonb, key text) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then (select e->'value' from jsonb_array_elements(v) e where e->>'key' = key limit 1) end $$;

-- Lists the problems of a row: what problems() finds, and that the payload had to be cleaned.
create or replace function woocommerce.issues(sanitised boolean, checks jsonb) returns jsonb language sql immutable parallel safe as $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;
