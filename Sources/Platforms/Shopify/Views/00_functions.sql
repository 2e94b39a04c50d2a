-- Small casts for Shopify's shapes. One line each, so that the planner inlines them.

-- The number at the end of a global id: gid://shopify/Order/450789469.
create or replace function shopify.gid(x text) returns text language sql immutable parallel safe as $$
  select nullif(split_part(split_part(x, '/', 5), '?', 1), '') $$;

-- The shop's amount of a MoneyBag; as text, because an inlined argument is looked up once for each use.
create or replace function shopify.amount(bag jsonb) returns numeric language sql immutable parallel safe as $$
  select unified.num(bag #>> '{shopMoney,amount}') $$;

-- A currency code; NULL for what cannot be one.
create or replace function shopify.currency(x text) returns text language sql immutable parallel safe as $$
  select case when octet_length(x) = 3 and x ~ '^[A-Za-z]{3}$' then upper(x) end $$;

-- A MailingAddress as the unified address object.
create or replace function shopify.address(a jsonb, kind text) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(a) = 'object' then unified.address(
    nullif(a->>'name',''), nullif(a->>'company',''), nullif(a->>'address1',''), nullif(a->>'address2',''), nullif(a->>'city',''), nullif(a->>'province',''),
    nullif(a->>'provinceCode',''), nullif(a->>'zip',''), case when a->>'countryCodeV2' ~ '^[A-Z]{2}$' then a->>'countryCodeV2' end,
    nullif(a->>'country',''), nullif(a->>'phone',''), kind) end $$;

-- Not inlined, because of their sub-selects; called only where the column is selected.
create or replace function shopify.addresses(v jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(shopify.address(e, 'other')), '[]') from jsonb_array_elements(v) e where jsonb_typeof(e) = 'object') end $$;

create or replace function shopify.texts(v jsonb) returns text[] language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then array(
    select e #>> '{}' from jsonb_array_elements(v) with ordinality t(e, n) where jsonb_typeof(e) = 'string' order by n) end $$;

-- The sum of the shop's amounts at `path` of an array's elements: 0 for an empty array, NULL for what is none.
create or replace function shopify.total(v jsonb, path text[]) returns numeric language sql immutable parallel safe as $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (select sum(unified.num(e #> path)) from jsonb_array_elements(v) e) end $$;

create or replace function shopify.taxes(v jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(jsonb_build_object('title', e->>'title', 'rate', unified.num(e->'rate'), 'amount', shopify.amount(e->'priceSet'))), '[]')
    from jsonb_array_elements(v) e) end $$;

create or replace function shopify.discounts(v jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'array' then (
    select coalesce(jsonb_agg(jsonb_build_object('title', coalesce(e #>> '{discountApplication,code}', e #>> '{discountApplication,title}'),
                                                 'amount', shopify.amount(e->'allocatedAmountSet'))), '[]')
    from jsonb_array_elements(v) e) end $$;

create or replace function shopify.urls(p jsonb) returns text[] language sql immutable parallel safe as $$
  select shopify.texts(jsonb_path_query_array(p, '$.media.nodes[*].preview.image.url', '{}', true)) $$;

-- Lists the problems of a row: what problems() finds, and that the payload had to be cleaned.
create or replace function shopify.issues(sanitised boolean, checks jsonb) returns jsonb language sql immutable parallel safe as $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;

-- Most orders have no refund: readers of refunds skip them by this index, whose condition the views repeat.
create index if not exists raw_shopify_refunds on portolan.raw_records (connection_id)
  where platform = 'shopify' and resource = 'orders' and payload->'refunds' <> '[]'::jsonb;
