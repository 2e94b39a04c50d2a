-- The one variant of each listing.
-- feeds: unified.commerce_product_variants
-- rows: listings
create or replace view amazon.listing_variants as
select r.connection_id, 'amazon'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_product_variants', r.external_id) as id,
  amazon.ts(p->>'open-date') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'listings'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as product_id, r.external_id as product_platform_id,
  nullif(p->>'item-name', '') as title, nullif(p->>'seller-sku', '') as sku,
  unified.num(p->'price') as price_amount, amazon.marketplace_currency(split_part(r.external_id, ':', 1)) as currency,
  -- Stock that Amazon keeps is not in this report.
  case when p->>'fulfillment-channel' = 'DEFAULT' then unified.num(p->'quantity') end as inventory_quantity,
  unified.word('{"Active":"active","Inactive":"draft","Incomplete":"draft"}', p->>'status') as status, nullif(p->>'status', '') as status_raw,
  true as is_default, 1::numeric as position,
  case when p->>'asin1' <> '' then jsonb_build_object('asin', p->>'asin1', 'listing_id', nullif(p->>'listing-id', '')) end as external_ids,
  case when not r.sanitised and unified.num(p->'price') is not null
        and (p->>'fulfillment-channel' is distinct from 'DEFAULT' or unified.num(p->'quantity') is not null)
        and coalesce(p->>'status', '') in ('', 'Active', 'Inactive', 'Incomplete') then '[]'::jsonb
       else amazon.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('price_amount', 'typecast_error', p->'price', unified.num(p->'price') is null),
         jsonb_build_array('inventory_quantity', 'typecast_error', p->'quantity',
           coalesce(p->>'fulfillment-channel' = 'DEFAULT', false) and unified.num(p->'quantity') is null),
         jsonb_build_array('status', 'enum_unknown', p->'status', not coalesce(p->>'status', '') in ('', 'Active', 'Inactive', 'Incomplete')))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'amazon' and r.resource = 'listings';
