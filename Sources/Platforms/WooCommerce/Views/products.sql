-- Products of WooCommerce shops.
-- feeds: unified.commerce_products
create or replace view woocommerce.products as
select r.connection_id, 'woocommerce'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as id,
  coalesce(r.platform_created_at, woocommerce.ts(p->'date_created_gmt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'products'::text as raw_resource, 1 as mapping_version,
  woocommerce.plain(p->'name') as title, woocommerce.text(p->'description') as description, woocommerce.text(p->'slug') as handle,
  woocommerce.text(p->'type') as product_type, woocommerce.plain(p #> '{brands,0,name}') as vendor,
  unified.word('{"publish":"active","private":"active","draft":"draft","pending":"draft","future":"draft","auto-draft":"draft","trash":"archived"}', p->>'status') as status, nullif(p->>'status', '') as status_raw,
  case when jsonb_typeof(p->'permalink') = 'string' then nullif(p->>'permalink', '') end as url,
  woocommerce.texts(p->'images', 'src') as image_urls, woocommerce.plain(p #> '{categories,0,name}') as category_path,
  woocommerce.texts(p->'tags', 'name') as tags,
  case when p->>'status' = 'publish' then woocommerce.ts(p->'date_created_gmt') end as published_at,
  case when jsonb_typeof(p->'variations') = 'array' then greatest(jsonb_array_length(p->'variations'), 1)::numeric end as variant_count,
  case when p->'variations' = '[]' then true end as variants_complete,
  case when not r.sanitised and woocommerce.text(p->'name') is not null and coalesce('["publish","private","draft","pending","future","auto-draft","trash"]'::jsonb ? (p->>'status'), false) then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('title', 'typecast_error', p->'name', woocommerce.text(p->'name') is null),
         jsonb_build_array('status', 'enum_unknown', p->'status', not coalesce('["publish","private","draft","pending","future","auto-draft","trash"]'::jsonb ? (p->>'status'), false)))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'woocommerce' and r.resource = 'products';
