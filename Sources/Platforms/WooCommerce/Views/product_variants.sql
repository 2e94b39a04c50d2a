-- What can be put into a basket: variations, and products that have none. The shop's currency is not in them.
-- feeds: unified.commerce_product_variants
-- follows: products by platform_id, variations by platform_id
-- rows: variations, products where variations is empty
create or replace view woocommerce.product_variants as
select r.connection_id, 'woocommerce'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_product_variants', r.external_id) as id,
  r.external_id as platform_parent_id, coalesce(r.platform_created_at, woocommerce.ts(p->'date_created_gmt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'products'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as product_id, r.external_id as product_platform_id,
  woocommerce.plain(p->'name') as title, woocommerce.text(p->'sku') as sku, woocommerce.text(p->'global_unique_id') as barcode,
  unified.num(p->'price') as price_amount,
  case when p->'on_sale' = 'true' then unified.num(p->'regular_price') end as compare_at_amount,
  woocommerce.options(p->'attributes') as options,
  unified.num(p->'weight') as weight,
  case when p->'manage_stock' = 'true' then unified.num(p->'stock_quantity') end as inventory_quantity,
  case p->>'tax_status' when 'taxable' then true when 'none' then false when 'shipping' then false end as is_taxable,
  case when p->'virtual' = 'true' then false when p->'virtual' = 'false' then true end as requires_shipping,
  unified.word('{"publish":"active","private":"active","draft":"draft","pending":"draft","future":"draft","auto-draft":"draft","trash":"archived"}', p->>'status') as status, nullif(p->>'status', '') as status_raw,
  unified.word('{"instock":"in_stock","outofstock":"out_of_stock","onbackorder":"back_order"}', p->>'stock_status') as availability,
  nullif(p->>'stock_status', '') as availability_raw, true as is_default,
  1::numeric as position,
  woocommerce.text(p #> '{images,0,src}') as image_url,
  case when not r.sanitised and unified.num(p->'price') is not null then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('price_amount', 'typecast_error', p->'price', unified.num(p->'price') is null))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'woocommerce' and r.resource = 'products'
  and (jsonb_typeof(p->'variations') is distinct from 'array' or p->'variations' = '[]')
union all
select r.connection_id, 'woocommerce'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_product_variants', r.external_id) as id,
  null::text as platform_parent_id, coalesce(r.platform_created_at, woocommerce.ts(p->'date_created_gmt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'variations'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_products', woocommerce.parent(p)) as product_id, woocommerce.parent(p) as product_platform_id,
  woocommerce.plain(p->'name') as title, woocommerce.text(p->'sku') as sku, woocommerce.text(p->'global_unique_id') as barcode,
  unified.num(p->'price') as price_amount,
  case when p->'on_sale' = 'true' then unified.num(p->'regular_price') end as compare_at_amount,
  woocommerce.options(p->'attributes') as options,
  unified.num(p->'weight') as weight,
  case when p->'manage_stock' = 'true' then unified.num(p->'stock_quantity') end as inventory_quantity,
  case p->>'tax_status' when 'taxable' then true when 'none' then false when 'shipping' then false end as is_taxable,
  case when p->'virtual' = 'true' then false when p->'virtual' = 'false' then true end as requires_shipping,
  unified.word('{"publish":"active","private":"active","draft":"draft","pending":"draft","future":"draft","auto-draft":"draft","trash":"archived"}', p->>'status') as status, nullif(p->>'status', '') as status_raw,
  unified.word('{"instock":"in_stock","outofstock":"out_of_stock","onbackorder":"back_order"}', p->>'stock_status') as availability,
  nullif(p->>'stock_status', '') as availability_raw, false as is_default,
  unified.num(p->'menu_order') as position,
  woocommerce.text(p #> '{image,src}') as image_url,
  case when not r.sanitised and unified.num(p->'price') is not null and woocommerce.parent(p) is not null then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('product_platform_id', 'typecast_error', p->'parent_id', woocommerce.parent(p) is null),
         jsonb_build_array('price_amount', 'typecast_error', p->'price', unified.num(p->'price') is null))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'woocommerce' and r.resource = 'variations';
