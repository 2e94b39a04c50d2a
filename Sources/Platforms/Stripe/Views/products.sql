-- Products, which Stripe knows without variants; what they cost is in stripe.prices.
-- feeds: unified.commerce_products
create or replace view stripe.products as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  stripe.text(p->'name') as title,
  stripe.text(p->'description') as description,
  stripe.text(p->'type') as product_type,
  case when p->'active' = 'true' then 'active' when p->'active' = 'false' then 'archived' when p->>'active' <> '' then 'unknown' end as status,
  p->>'active' as status_raw,
  stripe.text(p->'url') as url,
  case when jsonb_typeof(p->'images') = 'array' then array(select i #>> '{}' from jsonb_array_elements(unified.arr(p->'images')) i) end as image_urls,
  stripe.ref(p->'default_price') as default_price_platform_id,
  'products'::text as raw_resource, 1 as mapping_version,
  case when stripe.text(p->'name') is not null and jsonb_typeof(p->'active') = 'boolean' and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           jsonb_build_array('title', 'typecast_error', p->'name', stripe.text(p->'name') is null),
           jsonb_build_array('status', 'enum_unknown', p->'active', coalesce(jsonb_typeof(p->'active') <> 'boolean',
               true)))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'products';
