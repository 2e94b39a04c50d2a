-- Refunds. They do not say in which currency they are: their order does.
-- feeds: unified.payment_refunds
-- follows: orders by order_platform_id, refunds by platform_id
create or replace view woocommerce.refunds as
select r.connection_id, 'woocommerce'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_refunds', r.external_id) as id,
  coalesce(r.platform_created_at, woocommerce.ts(p->'date_created_gmt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'refunds'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', woocommerce.parent(p)) as order_id, woocommerce.parent(p) as order_platform_id,
  abs(unified.num(p->'amount')) as amount, woocommerce.currency(o.payload->>'currency') as currency,
  'succeeded'::text as status, case when woocommerce.text(p->'reason') is not null then 'other' end as reason,
  woocommerce.text(p->'reason') as reason_raw,
  abs(woocommerce.total(p->'shipping_lines', 'total')) as shipping_amount,
  abs(woocommerce.total(p->'line_items', 'total_tax') + coalesce(woocommerce.total(p->'shipping_lines', 'total_tax'), 0) + coalesce(woocommerce.total(p->'fee_lines', 'total_tax'), 0)) as tax_amount,
  coalesce(woocommerce.ts(p->'date_created_gmt'), r.platform_created_at) as processed_at,
  jsonb_typeof(p->'line_items') is not distinct from 'array' as line_items_complete,
  case when not r.sanitised and unified.num(p->'amount') is not null and woocommerce.currency(o.payload->>'currency') is not null and woocommerce.parent(p) is not null
       then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('order_platform_id', 'typecast_error', p->'parent_id', woocommerce.parent(p) is null),
         jsonb_build_array('amount', 'typecast_error', p->'amount', unified.num(p->'amount') is null),
         jsonb_build_array('currency', 'currency_invalid', o.payload->'currency', woocommerce.currency(o.payload->>'currency') is null))) end as issues,
  unified.bool(p->'refunded_payment') as is_paid_back
from portolan.raw_records r
cross join lateral (select r.payload #> '{}' as p offset 0) d
left join portolan.raw_records o on o.connection_id = r.connection_id and o.resource = 'orders' and o.external_id = woocommerce.parent(r.payload) and o.platform = 'woocommerce'
where r.platform = 'woocommerce' and r.resource = 'refunds';
