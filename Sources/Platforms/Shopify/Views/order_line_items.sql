-- Lines of orders: goods from the order itself and from the pages behind it, and shipping.
-- feeds: unified.commerce_order_line_items
-- rows: orders.lineItems.nodes, orders.shippingLines.nodes, order_line_items.lineItems.nodes
create or replace view shopify.order_line_items as
select r.connection_id, 'shopify'::text as platform, coalesce(shopify.gid(l->>'id'), r.external_id || ':product:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(shopify.gid(l->>'id'), r.external_id || ':product:' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(r.payload->'test') as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  (n - 1)::numeric as line_index,
  case when l->'isGiftCard' = 'true' then 'gift_card' else 'product' end as type,
  shopify.gid(l->>'id') is null as platform_id_is_synthetic,
  unified.id(r.connection_id, 'commerce_products', shopify.gid(l #>> '{product,id}')) as product_id,
  shopify.gid(l #>> '{product,id}') as product_platform_id, shopify.gid(l #>> '{variant,id}') as variant_platform_id,
  nullif(l->>'sku', '') as sku, l->>'title' as title, nullif(l->>'variantTitle', '') as variant_title, nullif(l->>'vendor', '') as vendor,
  unified.num(l->'quantity') as quantity, unified.num(l->'currentQuantity') as current_quantity,
  shopify.amount(l->'originalUnitPriceSet') as unit_amount,
  shopify.amount(l->'originalUnitPriceSet') * unified.num(l->'quantity') - shopify.amount(l->'discountedTotalSet') as discount_amount,
  shopify.total(l->'taxLines', '{priceSet,shopMoney,amount}') as tax_amount, shopify.total(l->'taxLines', '{rate}') as tax_rate,
  shopify.amount(l->'discountedTotalSet') as total_amount,
  shopify.currency(l #>> '{originalUnitPriceSet,shopMoney,currencyCode}') as currency,
  shopify.taxes(l->'taxLines') as taxes, shopify.discounts(l->'discountAllocations') as discounts,
  unified.bool(l->'taxable') as is_taxable, unified.bool(l->'requiresShipping') as requires_shipping, unified.bool(l->'isGiftCard') as is_gift_card,
  case when not r.sanitised and shopify.gid(l->>'id') is not null and unified.num(l->'quantity') is not null and shopify.amount(l->'discountedTotalSet') is not null
        and shopify.currency(l #>> '{originalUnitPriceSet,shopMoney,currencyCode}') is not null
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', shopify.gid(l->>'id') is null),
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', unified.num(l->'quantity') is null),
         jsonb_build_array('total_amount', 'typecast_error', coalesce(l #> '{discountedTotalSet,shopMoney,amount}', l->'discountedTotalSet'), shopify.amount(l->'discountedTotalSet') is null),
         jsonb_build_array('currency', 'currency_invalid', l #> '{originalUnitPriceSet,shopMoney,currencyCode}',
                           shopify.currency(l #>> '{originalUnitPriceSet,shopMoney,currencyCode}') is null))) end as issues,
  unified.num(l->'unfulfilledQuantity') as unfulfilled_quantity
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload #> '{lineItems,nodes}')) with ordinality a(l, n)
where r.platform = 'shopify' and r.resource = 'orders'
union all
-- A page behind the order counts when it is no older than the order, the order says that there is more, and no page before it was the last.
select r.connection_id, 'shopify'::text, coalesce(shopify.gid(l->>'id'), o.external_id || ':product:' || (jsonb_array_length(coalesce(unified.arr(o.payload #> '{lineItems,nodes}'), '[]')) + (unified.num(split_part(r.external_id, '/', 2)) - 1) * 90 + n - 1)::numeric),
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(shopify.gid(l->>'id'), o.external_id || ':product:' || (jsonb_array_length(coalesce(unified.arr(o.payload #> '{lineItems,nodes}'), '[]')) + (unified.num(split_part(r.external_id, '/', 2)) - 1) * 90 + n - 1)::numeric)),
  o.external_id, o.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, o.deleted_at is not null, o.deleted_at, o.deletion_source,
  unified.bool(o.payload->'test'), 'order_line_items'::text, 1,
  unified.id(r.connection_id, 'commerce_orders', o.external_id), o.external_id,
  (jsonb_array_length(coalesce(unified.arr(o.payload #> '{lineItems,nodes}'), '[]')) + (unified.num(split_part(r.external_id, '/', 2)) - 1) * 90 + n - 1)::numeric,
  case when l->'isGiftCard' = 'true' then 'gift_card' else 'product' end as type,
  shopify.gid(l->>'id') is null as platform_id_is_synthetic,
  unified.id(r.connection_id, 'commerce_products', shopify.gid(l #>> '{product,id}')) as product_id,
  shopify.gid(l #>> '{product,id}') as product_platform_id, shopify.gid(l #>> '{variant,id}') as variant_platform_id,
  nullif(l->>'sku', '') as sku, l->>'title' as title, nullif(l->>'variantTitle', '') as variant_title, nullif(l->>'vendor', '') as vendor,
  unified.num(l->'quantity') as quantity, unified.num(l->'currentQuantity') as current_quantity,
  shopify.amount(l->'originalUnitPriceSet') as unit_amount,
  shopify.amount(l->'originalUnitPriceSet') * unified.num(l->'quantity') - shopify.amount(l->'discountedTotalSet') as discount_amount,
  shopify.total(l->'taxLines', '{priceSet,shopMoney,amount}') as tax_amount, shopify.total(l->'taxLines', '{rate}') as tax_rate,
  shopify.amount(l->'discountedTotalSet') as total_amount,
  shopify.currency(l #>> '{originalUnitPriceSet,shopMoney,currencyCode}') as currency,
  shopify.taxes(l->'taxLines') as taxes, shopify.discounts(l->'discountAllocations') as discounts,
  unified.bool(l->'taxable') as is_taxable, unified.bool(l->'requiresShipping') as requires_shipping, unified.bool(l->'isGiftCard') as is_gift_card,
  case when not r.sanitised and shopify.gid(l->>'id') is not null and unified.num(l->'quantity') is not null and shopify.amount(l->'discountedTotalSet') is not null
        and shopify.currency(l #>> '{originalUnitPriceSet,shopMoney,currencyCode}') is not null
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', shopify.gid(l->>'id') is null),
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', unified.num(l->'quantity') is null),
         jsonb_build_array('total_amount', 'typecast_error', coalesce(l #> '{discountedTotalSet,shopMoney,amount}', l->'discountedTotalSet'), shopify.amount(l->'discountedTotalSet') is null),
         jsonb_build_array('currency', 'currency_invalid', l #> '{originalUnitPriceSet,shopMoney,currencyCode}',
                           shopify.currency(l #>> '{originalUnitPriceSet,shopMoney,currencyCode}') is null))) end as issues,
  unified.num(l->'unfulfilledQuantity') as unfulfilled_quantity
from portolan.raw_records r
join portolan.raw_records o on o.connection_id = r.connection_id and o.resource = 'orders' and o.external_id = split_part(r.external_id, '/', 1)
cross join lateral jsonb_array_elements(unified.arr(r.payload #> '{lineItems,nodes}')) with ordinality a(l, n)
where r.platform = 'shopify' and r.resource = 'order_line_items' and o.platform = 'shopify'
  and r.platform_updated_at >= o.platform_updated_at and o.payload #> '{lineItems,pageInfo,hasNextPage}' = 'true'
  and not exists (
    select from portolan.raw_records q
    where q.connection_id = r.connection_id and q.resource = 'order_line_items' and q.external_id > o.external_id || '/' and q.external_id < r.external_id
      and q.platform_updated_at >= o.platform_updated_at and q.payload #> '{lineItems,pageInfo,hasNextPage}' = 'false')
union all
select r.connection_id, 'shopify'::text, coalesce(shopify.gid(l->>'id'), r.external_id || ':shipping:' || (n - 1)),
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(shopify.gid(l->>'id'), r.external_id || ':shipping:' || (n - 1))),
  r.external_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null, r.deleted_at, r.deletion_source,
  unified.bool(r.payload->'test'), 'orders'::text, 1,
  unified.id(r.connection_id, 'commerce_orders', r.external_id), r.external_id,
  (n - 1)::numeric,
  'shipping', shopify.gid(l->>'id') is null, null::uuid, null::text, null::text, nullif(l->>'code', ''), l->>'title', null::text, null::text,
  1::numeric, 1::numeric, shopify.amount(l->'originalPriceSet'), shopify.amount(l->'originalPriceSet') - shopify.amount(l->'discountedPriceSet'),
  shopify.total(l->'taxLines', '{priceSet,shopMoney,amount}'), shopify.total(l->'taxLines', '{rate}'), shopify.amount(l->'discountedPriceSet'),
  shopify.currency(l #>> '{originalPriceSet,shopMoney,currencyCode}'), shopify.taxes(l->'taxLines'), null::jsonb,
  null::boolean, null::boolean, false,
  case when not r.sanitised and shopify.amount(l->'discountedPriceSet') is not null
        and shopify.currency(l #>> '{originalPriceSet,shopMoney,currencyCode}') is not null
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('total_amount', 'typecast_error', coalesce(l #> '{discountedPriceSet,shopMoney,amount}', l->'discountedPriceSet'), shopify.amount(l->'discountedPriceSet') is null),
         jsonb_build_array('currency', 'currency_invalid', l #> '{originalPriceSet,shopMoney,currencyCode}',
                           shopify.currency(l #>> '{originalPriceSet,shopMoney,currencyCode}') is null))) end,
  null::numeric
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload #> '{shippingLines,nodes}')) with ordinality a(l, n)
where r.platform = 'shopify' and r.resource = 'orders';
