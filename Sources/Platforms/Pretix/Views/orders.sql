-- Orders. Prices are with tax; the currency is the event's; payments, refunds and the customer are in a record of their own.
-- feeds: unified.commerce_orders
-- follows: orders by platform_id, order_payments by platform_id, events by event_platform_id
create or replace view pretix.orders as
select r.connection_id, 'pretix'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'datetime')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(p->'testmode') as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  r.external_id as order_number,
  unified.word('{"n":"pending","p":"completed","e":"cancelled","c":"cancelled"}', p->>'status') as status, nullif(p->>'status', '') as status_raw,
  case when refunded > 0 then
         case when refunded >= paid then 'refunded' else 'partially_refunded' end
       when p->>'status' = 'p' then case when unified.num(p->'total') = 0 then 'not_required' else 'paid' end
       when paid > 0 then
         case when paid >= unified.num(p->'total') then 'paid' else 'partially_paid' end
       else unified.word('{"n":"pending","e":"expired","c":"voided"}', p->>'status') end as payment_status,
  nullif(p->>'status', '') as payment_status_raw,
  unified.ts(p->'cancellation_date') as cancelled_at,
  coalesce(r.platform_created_at, unified.ts(p->'datetime')) as placed_at,
  pretix.currency(e.payload->>'currency') as currency,
  pretix.total(p->'positions', 'price') - pretix.total(p->'positions', 'tax_value') as subtotal_amount,
  pretix.total(p->'positions', 'tax_value') + pretix.total(p->'fees', 'tax_value') as tax_amount,
  pretix.fees(p->'fees', 'shipping', true) as shipping_amount, pretix.fees(p->'fees', 'shipping', false) as fee_amount,
  unified.num(p->'total') as total_amount, unified.num(p->'total') as current_total_amount,
  refunded as refunded_amount,
  paid as paid_amount,
  case when p->>'status' = 'c' then 0
       else greatest(unified.num(p->'total') - paid
                     + pretix.money(m.payload->'refunds', '["done","transit","created"]'), 0) end as outstanding_amount,
  true as tax_included,
  unified.id(r.connection_id, 'commerce_customers', pretix.text(m.payload->'customer')) as customer_id,
  pretix.text(m.payload->'customer') as customer_platform_id,
  pretix.text(p->'email') as customer_email, pretix.text(p->'phone') as customer_phone,
  pretix.address(p->'invoice_address') as billing_address,
  unified.word('{"web":"online","pretixpos":"pos"}', p->>'sales_channel') as sales_channel, nullif(p->>'sales_channel', '') as sales_channel_raw,
  unified.bool(p #> '{invoice_address,is_business}') as is_business_order,
  pretix.text(p->'comment') as note, pretix.texts(m.payload->'payments', 'provider') as payment_gateways,
  jsonb_typeof(p->'positions') is not distinct from 'array' as line_items_complete,
  case when not r.sanitised and pretix.currency(e.payload->>'currency') is not null and unified.num(p->'total') is not null
        and unified.ts(p->'datetime') is not null and jsonb_typeof(p->'positions') = 'array' and coalesce('["n","p","e","c"]'::jsonb ? (p->>'status'), false)
       then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('currency', 'currency_invalid', e.payload->'currency', pretix.currency(e.payload->>'currency') is null),
         jsonb_build_array('total_amount', 'typecast_error', p->'total', unified.num(p->'total') is null),
         jsonb_build_array('placed_at', 'typecast_error', p->'datetime', unified.ts(p->'datetime') is null),
         jsonb_build_array('line_items_complete', 'typecast_error', p->'positions', jsonb_typeof(p->'positions') is distinct from 'array'),
         jsonb_build_array('status', 'enum_unknown', p->'status', not coalesce('["n","p","e","c"]'::jsonb ? (p->>'status'), false)))) end as issues,
  pretix.text(p->'event') as event_platform_id, unified.ts(p->'expires') as expires_at
from portolan.raw_records r
cross join lateral (select r.payload #> '{}' as p offset 0) d
left join portolan.raw_records e on e.connection_id = r.connection_id and e.resource = 'events' and e.external_id = pretix.text(p->'event') and e.platform = 'pretix'
left join portolan.raw_records m on m.connection_id = r.connection_id and m.resource = 'order_payments' and m.external_id = r.external_id and m.platform = 'pretix'
-- Each sum once, however many columns want it; one that none wants is not made.
cross join lateral (select pretix.money(m.payload->'refunds', '["done"]') as refunded, pretix.money(m.payload->'payments', '["confirmed","refunded"]') as paid offset 0) s
where r.platform = 'pretix' and r.resource = 'orders';
