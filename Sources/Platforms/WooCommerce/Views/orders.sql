-- Orders of WooCommerce shops. Totals of lines are without tax, whatever the shop's prices are.
-- feeds: unified.commerce_orders
create or replace view woocommerce.orders as
select r.connection_id, 'woocommerce'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as id,
  coalesce(r.platform_created_at, woocommerce.ts(p->'date_created_gmt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'orders'::text as raw_resource, 1 as mapping_version,
  coalesce(woocommerce.text(p->'number'), r.external_id) as order_number,
  unified.word('{"pending":"pending","on-hold":"pending","processing":"open","completed":"completed","refunded":"completed","cancelled":"cancelled","trash":"cancelled","failed":"failed","checkout-draft":"draft","auto-draft":"draft","draft":"draft","new":"draft"}', p->>'status') as status,
  nullif(p->>'status', '') as status_raw,
  case when p->>'status' = 'refunded' then 'refunded'
       when -refunds > 0 then
         case when -refunds >= total then 'refunded' else 'partially_refunded' end
       when p->>'date_paid_gmt' <> '' then 'paid'
       when total = 0 then 'not_required'
       else unified.word('{"pending":"pending","on-hold":"pending","processing":"pending","completed":"paid","cancelled":"voided","failed":"failed","checkout-draft":"pending","auto-draft":"pending","draft":"pending","new":"pending"}', p->>'status') end as payment_status,
  nullif(p->>'status', '') as payment_status_raw,
  '{"pending":"unfulfilled","on-hold":"on_hold","processing":"unfulfilled","completed":"fulfilled"}'::jsonb ->> (p->>'status') as fulfillment_status,
  nullif(p->>'status', '') as fulfillment_status_raw,
  woocommerce.ts(p->'date_completed_gmt') as closed_at,
  coalesce(r.platform_created_at, woocommerce.ts(p->'date_created_gmt')) as placed_at,
  d.currency,
  case when p->'line_items' = '[]' then 0 when jsonb_typeof(p->'line_items') = 'array' then (select sum(unified.num(e, 'total')) from jsonb_array_elements(p->'line_items') e) end as subtotal_amount,
  unified.num(p, 'discount_total') as discount_amount,
  unified.num(p, 'total_tax') as tax_amount, unified.num(p, 'shipping_total') as shipping_amount,
  case when p->'fee_lines' = '[]' then 0 when jsonb_typeof(p->'fee_lines') = 'array' then (select sum(unified.num(e, 'total')) from jsonb_array_elements(p->'fee_lines') e) end as fee_amount,
  d.total as total_amount,
  total + coalesce(refunds, 0) as current_total_amount,
  -refunds as refunded_amount,
  case when p->>'date_paid_gmt' <> '' then total else 0 end as paid_amount,
  case when p->>'date_paid_gmt' <> '' then 0 when p->>'status' in ('pending', 'on-hold', 'processing') then total end as outstanding_amount,
  false as tax_included,
  unified.id(r.connection_id, 'commerce_customers', woocommerce.ref(p->'customer_id')) as customer_id,
  woocommerce.ref(p->'customer_id') as customer_platform_id,
  woocommerce.text(billing->'email') as customer_email, woocommerce.text(billing->'phone') as customer_phone,
  woocommerce.address(billing, 'billing') as billing_address, woocommerce.address(shipping, 'shipping') as shipping_address,
  unified.word('{"checkout":"online","store-api":"online","rest-api":"online","admin":"manual","subscription":"subscription","pos-rest-api":"pos"}', p->>'created_via') as sales_channel,
  nullif(p->>'created_via', '') as sales_channel_raw,
  woocommerce.text(p->'customer_note') as note,
  case when woocommerce.text(p->'payment_method') is not null then array[woocommerce.text(p->'payment_method')] end as payment_gateways,
  jsonb_typeof(p->'line_items') is not distinct from 'array' as line_items_complete,
  case when not r.sanitised and currency is not null and total is not null
        and woocommerce.ts(p->'date_created_gmt') is not null and jsonb_typeof(p->'line_items') = 'array'
        and coalesce('["pending","on-hold","processing","completed","refunded","cancelled","trash","failed","checkout-draft","auto-draft","draft","new"]'::jsonb ? (p->>'status'), false)
       then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('currency', 'currency_invalid', p->'currency', currency is null),
         jsonb_build_array('total_amount', 'typecast_error', p->'total', total is null),
         jsonb_build_array('placed_at', 'typecast_error', p->'date_created_gmt', woocommerce.ts(p->'date_created_gmt') is null),
         jsonb_build_array('line_items_complete', 'typecast_error', p->'line_items', jsonb_typeof(p->'line_items') is distinct from 'array'),
         jsonb_build_array('status', 'enum_unknown', p->'status',
           not coalesce('["pending","on-hold","processing","completed","refunded","cancelled","trash","failed","checkout-draft","auto-draft","draft","new"]'::jsonb ? (p->>'status'), false)))) end as issues,
  unified.bool(p->'prices_include_tax') as prices_include_tax, woocommerce.text(p->'transaction_id') as transaction_platform_id,
  woocommerce.ts(p->'date_paid_gmt') as paid_at
from portolan.raw_records r
-- What several columns want is made once a row; what none wants is not made.
cross join lateral (
  select p, unified.num(p, 'total') as total, woocommerce.currency(p->>'currency') as currency,
    case when p->'refunds' = '[]' then 0 when jsonb_typeof(p->'refunds') = 'array' then (select sum(unified.num(e, 'total')) from jsonb_array_elements(p->'refunds') e) end as refunds,
    p->'billing' as billing, p->'shipping' as shipping
  from (select r.payload #> '{}' as p offset 0) x offset 0) d
where r.platform = 'woocommerce' and r.resource = 'orders';
