-- Listings of sellers, one row a SKU and marketplace: a product of its own with one variant.
-- feeds: unified.commerce_products
create or replace view amazon.listings as
select r.connection_id, 'amazon'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as id,
  amazon.ts(p->>'open-date') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'listings'::text as raw_resource, 1 as mapping_version,
  nullif(p->>'item-name', '') as title, nullif(p->>'item-description', '') as description,
  unified.word('{"Active":"active","Inactive":"draft","Incomplete":"draft"}', p->>'status') as status, nullif(p->>'status', '') as status_raw,
  amazon.ts(p->>'open-date') as published_at, 1::numeric as variant_count, true as variants_complete,
  case when not r.sanitised and coalesce(p->>'status', '') in ('', 'Active', 'Inactive', 'Incomplete') then '[]'::jsonb
       else amazon.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('status', 'enum_unknown', p->'status', not coalesce(p->>'status', '') in ('', 'Active', 'Inactive', 'Incomplete')))) end as issues,
  split_part(r.external_id, ':', 1) as marketplace_id, nullif(p->>'asin1', '') as asin
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'amazon' and r.resource = 'listings';
