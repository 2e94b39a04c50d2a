-- Variants of products, from the product and from the pages behind it.
-- feeds: unified.commerce_product_variants
-- rows: products.variants.nodes, product_variants.variants.nodes
create or replace view shopify.product_variants as
select r.connection_id, 'shopify'::text as platform, coalesce(shopify.gid(l->>'id'), r.external_id || ':variant:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_product_variants', coalesce(shopify.gid(l->>'id'), r.external_id || ':variant:' || (n - 1))) as id,
  r.external_id as platform_parent_id, unified.ts(l->'createdAt') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'products'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as product_id, r.external_id as product_platform_id,
  nullif(l->>'title', '') as title, nullif(l->>'sku', '') as sku, nullif(l->>'barcode', '') as barcode,
  unified.num(l->'price') as price_amount, unified.num(l->'compareAtPrice') as compare_at_amount,
  unified.num(l #> '{inventoryItem,unitCost,amount}') as cost_amount,
  shopify.currency(r.payload #>> '{priceRangeV2,minVariantPrice,currencyCode}') as currency, unified.arr(l->'selectedOptions') as options,
  unified.num(l #> '{inventoryItem,measurement,weight,value}') as weight,
  '{"KILOGRAMS":"kg","GRAMS":"g","POUNDS":"lb","OUNCES":"oz"}'::jsonb ->> (l #>> '{inventoryItem,measurement,weight,unit}') as weight_unit,
  case when l #> '{inventoryItem,tracked}' = 'false' then null else unified.num(l->'inventoryQuantity') end as inventory_quantity,
  shopify.gid(l #>> '{inventoryItem,id}') as inventory_item_platform_id,
  unified.bool(l->'taxable') as is_taxable, unified.bool(l #> '{inventoryItem,requiresShipping}') as requires_shipping,
  unified.word('{"ACTIVE":"active","UNLISTED":"active","DRAFT":"draft","ARCHIVED":"archived"}', r.payload->>'status') as status,
  r.payload->>'status' as status_raw,
  case when l->'availableForSale' = 'false' then 'out_of_stock'
       when l->'availableForSale' = 'true' then case when l->>'inventoryPolicy' = 'CONTINUE' and unified.num(l->'inventoryQuantity') <= 0 then 'back_order' else 'in_stock' end
       end as availability,
  l->>'title' = 'Default Title' as is_default, unified.num(l->'position') as position,
  case when not r.sanitised and unified.num(l->'price') is not null and shopify.gid(l->>'id') is not null then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', shopify.gid(l->>'id') is null),
         jsonb_build_array('price_amount', 'typecast_error', l->'price', unified.num(l->'price') is null))) end as issues
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload #> '{variants,nodes}')) with ordinality a(l, n)
where r.platform = 'shopify' and r.resource = 'products'
union all
-- A page counts when it is no older than the product, the product says that there is more, and no page before it was the last.
select r.connection_id, 'shopify'::text, coalesce(shopify.gid(l->>'id'), o.external_id || ':variant:' || (unified.num(split_part(r.external_id, '/', 2)) * 1000 + n)),
  unified.id(r.connection_id, 'commerce_product_variants', coalesce(shopify.gid(l->>'id'), o.external_id || ':variant:' || (unified.num(split_part(r.external_id, '/', 2)) * 1000 + n))),
  o.external_id, unified.ts(l->'createdAt'), r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, o.deleted_at is not null, o.deleted_at, o.deletion_source,
  'product_variants'::text, 1,
  unified.id(r.connection_id, 'commerce_products', o.external_id) as product_id, o.external_id as product_platform_id,
  nullif(l->>'title', '') as title, nullif(l->>'sku', '') as sku, nullif(l->>'barcode', '') as barcode,
  unified.num(l->'price') as price_amount, unified.num(l->'compareAtPrice') as compare_at_amount,
  unified.num(l #> '{inventoryItem,unitCost,amount}') as cost_amount,
  shopify.currency(o.payload #>> '{priceRangeV2,minVariantPrice,currencyCode}') as currency, unified.arr(l->'selectedOptions') as options,
  unified.num(l #> '{inventoryItem,measurement,weight,value}') as weight,
  '{"KILOGRAMS":"kg","GRAMS":"g","POUNDS":"lb","OUNCES":"oz"}'::jsonb ->> (l #>> '{inventoryItem,measurement,weight,unit}') as weight_unit,
  case when l #> '{inventoryItem,tracked}' = 'false' then null else unified.num(l->'inventoryQuantity') end as inventory_quantity,
  shopify.gid(l #>> '{inventoryItem,id}') as inventory_item_platform_id,
  unified.bool(l->'taxable') as is_taxable, unified.bool(l #> '{inventoryItem,requiresShipping}') as requires_shipping,
  unified.word('{"ACTIVE":"active","UNLISTED":"active","DRAFT":"draft","ARCHIVED":"archived"}', o.payload->>'status') as status,
  o.payload->>'status' as status_raw,
  case when l->'availableForSale' = 'false' then 'out_of_stock'
       when l->'availableForSale' = 'true' then case when l->>'inventoryPolicy' = 'CONTINUE' and unified.num(l->'inventoryQuantity') <= 0 then 'back_order' else 'in_stock' end
       end as availability,
  l->>'title' = 'Default Title' as is_default, unified.num(l->'position') as position,
  case when not r.sanitised and unified.num(l->'price') is not null and shopify.gid(l->>'id') is not null then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', shopify.gid(l->>'id') is null),
         jsonb_build_array('price_amount', 'typecast_error', l->'price', unified.num(l->'price') is null))) end as issues
from portolan.raw_records r
join portolan.raw_records o on o.connection_id = r.connection_id and o.resource = 'products' and o.external_id = split_part(r.external_id, '/', 1)
cross join lateral jsonb_array_elements(unified.arr(r.payload #> '{variants,nodes}')) with ordinality a(l, n)
where r.platform = 'shopify' and r.resource = 'product_variants' and o.platform = 'shopify'
  and r.platform_updated_at >= o.platform_updated_at and o.payload #> '{variants,pageInfo,hasNextPage}' = 'true'
  and not exists (
    select from portolan.raw_records q
    where q.connection_id = r.connection_id and q.resource = 'product_variants' and q.external_id > o.external_id || '/' and q.external_id < r.external_id
      and q.platform_updated_at >= o.platform_updated_at and q.payload #> '{variants,pageInfo,hasNextPage}' = 'false');
