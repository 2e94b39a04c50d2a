-- Products of Shopify shops.
-- feeds: unified.commerce_products
create or replace view shopify.products as
select r.connection_id, 'shopify'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'createdAt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'products'::text as raw_resource, 1 as mapping_version,
  nullif(p->>'title', '') as title, nullif(p->>'descriptionHtml', '') as description, nullif(p->>'handle', '') as handle,
  nullif(p->>'productType', '') as product_type, nullif(p->>'vendor', '') as vendor,
  unified.word('{"ACTIVE":"active","UNLISTED":"active","DRAFT":"draft","ARCHIVED":"archived"}', p->>'status') as status, p->>'status' as status_raw,
  unified.bool(p->'isGiftCard') as is_gift_card, nullif(p->>'onlineStoreUrl', '') as url, shopify.urls(p) as image_urls,
  nullif(p #>> '{category,fullName}', '') as category_path, shopify.texts(p->'tags') as tags, unified.ts(p->'publishedAt') as published_at,
  unified.num(p #> '{variantsCount,count}') as variant_count,
  case when p #> '{variants,pageInfo,hasNextPage}' = 'false' then true
       when p #> '{variants,pageInfo,hasNextPage}' = 'true' then exists (
         select from portolan.raw_records q
         where q.connection_id = r.connection_id and q.resource = 'product_variants'
           and q.external_id > r.external_id || '/' and q.external_id < r.external_id || '0'
           and (q.platform_updated_at >= r.platform_updated_at) is true and q.payload #> '{variants,pageInfo,hasNextPage}' = 'false')
       else false end as variants_complete,
  case when not r.sanitised and p->>'title' <> '' and coalesce('["ACTIVE","UNLISTED","DRAFT","ARCHIVED"]'::jsonb ? (p->>'status'), false) then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('title', 'typecast_error', p->'title', coalesce(p->>'title', '') = ''),
         jsonb_build_array('status', 'enum_unknown', p->'status', not coalesce('["ACTIVE","UNLISTED","DRAFT","ARCHIVED"]'::jsonb ? (p->>'status'), false)))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'shopify' and r.resource = 'products';
