-- Lines of refunds; many a refund has none. Quantities and amounts are negative in the payload, and magnitudes here.
-- feeds: unified.payment_refund_line_items
-- follows: orders by order_platform_id, refunds by platform_parent_id
-- rows: refunds.line_items
create or replace view woocommerce.refund_line_items as
select r.connection_id, 'woocommerce'::text as platform, coalesce(woocommerce.ref(l->'id'), r.external_id || ':line:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'payment_refund_line_items', coalesce(woocommerce.ref(l->'id'), r.external_id || ':line:' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'refunds'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'payment_refunds', r.external_id) as refund_id, r.external_id as refund_platform_id,
  unified.id(r.connection_id, 'commerce_orders', woocommerce.parent(r.payload)) as order_id, woocommerce.parent(r.payload) as order_platform_id,
  woocommerce.ref(woocommerce.meta(l->'meta_data', '_refunded_item_id')) as order_line_item_platform_id,
  (n - 1)::numeric as line_index, woocommerce.ref(l->'id') is null as platform_id_is_synthetic,
  woocommerce.ref(l->'product_id') as product_platform_id,
  coalesce(woocommerce.ref(l->'variation_id'), woocommerce.ref(l->'product_id')) as variant_platform_id, woocommerce.text(l->'sku') as sku,
  abs(unified.num(l->'quantity')) as quantity,
  abs(woocommerce.quotient(unified.num(l->'subtotal'), unified.num(l->'quantity'))) as unit_amount,
  abs(unified.num(l->'total')) as subtotal_amount, abs(unified.num(l->'total_tax')) as tax_amount,
  woocommerce.currency(o.payload->>'currency') as currency,
  case when not r.sanitised and unified.num(l->'quantity') is not null and unified.num(l->'total') is not null and woocommerce.currency(o.payload->>'currency') is not null
       then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', unified.num(l->'quantity') is null),
         jsonb_build_array('subtotal_amount', 'typecast_error', l->'total', unified.num(l->'total') is null),
         jsonb_build_array('currency', 'currency_invalid', o.payload->'currency', woocommerce.currency(o.payload->>'currency') is null))) end as issues
from portolan.raw_records r
cross join lateral jsonb_array_elements(unified.arr(r.payload->'line_items')) with ordinality a(l, n)
left join portolan.raw_records o on o.connection_id = r.connection_id and o.resource = 'orders' and o.external_id = woocommerce.parent(r.payload) and o.platform = 'woocommerce'
where r.platform = 'woocommerce' and r.resource = 'refunds';
