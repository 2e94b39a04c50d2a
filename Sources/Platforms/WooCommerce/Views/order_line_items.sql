-- Lines of orders: goods, shipping and fees, each with an identifier of its own. Amounts are without tax.
-- feeds: unified.commerce_order_line_items
create or replace view woocommerce.order_line_items as
select r.connection_id, 'woocommerce'::text as platform, coalesce(woocommerce.ref(l->'id'), r.external_id || ':product:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(woocommerce.ref(l->'id'), r.external_id || ':product:' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  (n - 1)::numeric as line_index, 'product'::text as type, woocommerce.ref(l->'id') is null as platform_id_is_synthetic,
  unified.id(r.connection_id, 'commerce_products', woocommerce.ref(l->'product_id')) as product_id, woocommerce.ref(l->'product_id') as product_platform_id,
  coalesce(woocommerce.ref(l->'variation_id'), woocommerce.ref(l->'product_id')) as variant_platform_id,
  woocommerce.text(l->'sku') as sku, woocommerce.plain(l->'name') as title,
  unified.num(l->'quantity') as quantity,
  woocommerce.quotient(unified.num(l->'subtotal'), unified.num(l->'quantity')) as unit_amount, unified.num(l->'subtotal') - unified.num(l->'total') as discount_amount,
  unified.num(l->'total_tax') as tax_amount, unified.num(l->'total') as total_amount,
  woocommerce.currency(r.payload->>'currency') as currency, woocommerce.taxes(l->'taxes') as taxes,
  case when not r.sanitised and woocommerce.ref(l->'id') is not null and unified.num(l->'quantity') is not null and unified.num(l->'total') is not null
        and woocommerce.currency(r.payload->>'currency') is not null
       then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', woocommerce.ref(l->'id') is null),
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', unified.num(l->'quantity') is null),
         jsonb_build_array('total_amount', 'typecast_error', l->'total', unified.num(l->'total') is null),
         jsonb_build_array('currency', 'currency_invalid', r.payload->'currency', woocommerce.currency(r.payload->>'currency') is null))) end as issues
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload->'line_items')) with ordinality a(l, n)
where r.platform = 'woocommerce' and r.resource = 'orders'
union all
select r.connection_id, 'woocommerce'::text as platform, coalesce(woocommerce.ref(l->'id'), r.external_id || ':shipping:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(woocommerce.ref(l->'id'), r.external_id || ':shipping:' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  (n - 1)::numeric as line_index, 'shipping'::text as type, woocommerce.ref(l->'id') is null as platform_id_is_synthetic,
  null::uuid as product_id, null::text as product_platform_id, null::text as variant_platform_id,
  woocommerce.text(l->'method_id') as sku, woocommerce.plain(l->'method_title') as title,
  1::numeric as quantity,
  unified.num(l->'total') as unit_amount, 0::numeric as discount_amount,
  unified.num(l->'total_tax') as tax_amount, unified.num(l->'total') as total_amount,
  woocommerce.currency(r.payload->>'currency') as currency, woocommerce.taxes(l->'taxes') as taxes,
  case when not r.sanitised and woocommerce.ref(l->'id') is not null and 1::numeric is not null and unified.num(l->'total') is not null
        and woocommerce.currency(r.payload->>'currency') is not null
       then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', woocommerce.ref(l->'id') is null),
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', 1::numeric is null),
         jsonb_build_array('total_amount', 'typecast_error', l->'total', unified.num(l->'total') is null),
         jsonb_build_array('currency', 'currency_invalid', r.payload->'currency', woocommerce.currency(r.payload->>'currency') is null))) end as issues
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload->'shipping_lines')) with ordinality a(l, n)
where r.platform = 'woocommerce' and r.resource = 'orders'
union all
select r.connection_id, 'woocommerce'::text as platform, coalesce(woocommerce.ref(l->'id'), r.external_id || ':fee:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(woocommerce.ref(l->'id'), r.external_id || ':fee:' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  (n - 1)::numeric as line_index, 'fee'::text as type, woocommerce.ref(l->'id') is null as platform_id_is_synthetic,
  null::uuid as product_id, null::text as product_platform_id, null::text as variant_platform_id,
  null::text as sku, woocommerce.plain(l->'name') as title,
  1::numeric as quantity,
  unified.num(l->'total') as unit_amount, 0::numeric as discount_amount,
  unified.num(l->'total_tax') as tax_amount, unified.num(l->'total') as total_amount,
  woocommerce.currency(r.payload->>'currency') as currency, woocommerce.taxes(l->'taxes') as taxes,
  case when not r.sanitised and woocommerce.ref(l->'id') is not null and 1::numeric is not null and unified.num(l->'total') is not null
        and woocommerce.currency(r.payload->>'currency') is not null
       then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', woocommerce.ref(l->'id') is null),
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', 1::numeric is null),
         jsonb_build_array('total_amount', 'typecast_error', l->'total', unified.num(l->'total') is null),
         jsonb_build_array('currency', 'currency_invalid', r.payload->'currency', woocommerce.currency(r.payload->>'currency') is null))) end as issues
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload->'fee_lines')) with ordinality a(l, n)
where r.platform = 'woocommerce' and r.resource = 'orders';
