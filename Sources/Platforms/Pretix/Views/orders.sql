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
  case when money[1] > 0 then
         case when money[1] >= money[2] then 'refunded' else 'partially_refunded' end
       when p->>'status' = 'p' then case when unified.num(p, 'total') = 0 then 'not_required' else 'paid' end
       when money[2] > 0 then
         case when money[2] >= unified.num(p, 'total') then 'paid' else 'partially_paid' end
       else unified.word('{"n":"pending","e":"expired","c":"voided"}', p->>'status') end as payment_status,
  nullif(p->>'status', '') as payment_status_raw,
  unified.ts(p->'cancellation_date') as cancelled_at,
  coalesce(r.platform_created_at, unified.ts(p->'datetime')) as placed_at,
  pretix.currency(event_currency #>> '{}') as currency,
  positions[1] - positions[2] as subtotal_amount,
  positions[2] + fees[2] as tax_amount,
  fees[1] as shipping_amount, fees[3] as fee_amount,
  unified.num(p, 'total') as total_amount, unified.num(p, 'total') as current_total_amount,
  money[1] as refunded_amount,
  money[2] as paid_amount,
  case when p->>'status' = 'c' then 0
       else greatest(unified.num(p, 'total') - money[2] + money[3], 0) end as outstanding_amount,
  true as tax_included,
  unified.id(r.connection_id, 'commerce_customers', pretix.text(q->'customer')) as customer_id,
  pretix.text(q->'customer') as customer_platform_id,
  pretix.text(p->'email') as customer_email, pretix.text(p->'phone') as customer_phone,
  pretix.address(address) as billing_address,
  unified.word('{"web":"online","pretixpos":"pos"}', p->>'sales_channel') as sales_channel, nullif(p->>'sales_channel', '') as sales_channel_raw,
  unified.bool(address->'is_business') as is_business_order,
  pretix.text(p->'comment') as note,
  case when jsonb_typeof(q->'payments') = 'array' then array(
    select distinct pretix.text(e->'provider') from jsonb_array_elements(q->'payments') e where pretix.text(e->'provider') is not null order by 1) end as payment_gateways,
  jsonb_typeof(p->'positions') is not distinct from 'array' as line_items_complete,
  case when not r.sanitised and pretix.currency(event_currency #>> '{}') is not null and unified.num(p, 'total') is not null
        and unified.ts(p->'datetime') is not null and jsonb_typeof(p->'positions') = 'array' and coalesce('["n","p","e","c"]'::jsonb ? (p->>'status'), false)
       then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('currency', 'currency_invalid', event_currency, pretix.currency(event_currency #>> '{}') is null),
         jsonb_build_array('total_amount', 'typecast_error', p->'total', unified.num(p, 'total') is null),
         jsonb_build_array('placed_at', 'typecast_error', p->'datetime', unified.ts(p->'datetime') is null),
         jsonb_build_array('line_items_complete', 'typecast_error', p->'positions', jsonb_typeof(p->'positions') is distinct from 'array'),
         jsonb_build_array('status', 'enum_unknown', p->'status', not coalesce('["n","p","e","c"]'::jsonb ? (p->>'status'), false)))) end as issues,
  pretix.text(p->'event') as event_platform_id, unified.ts(p->'expires') as expires_at
from portolan.raw_records r
-- Each sum once, however many columns want it; what none wants is neither summed nor looked up.
cross join lateral (
  select p, q, event_currency, p->'invoice_address' as address,
    -- Prices and taxes of what is not cancelled.
    case when jsonb_typeof(p->'positions') = 'array' then (
      select array[coalesce(sum(unified.num(e, 'price')), 0), coalesce(sum(unified.num(e, 'tax_value')), 0)]
      from jsonb_array_elements(p->'positions') e where e->'canceled' is distinct from 'true') end as positions,
    -- Of fees that are not cancelled: shipping, taxes, all but shipping.
    case when p->'fees' = '[]' then '{0,0,0}' when jsonb_typeof(p->'fees') = 'array' then (
      select array[coalesce(sum(unified.num(e, 'value')) filter (where e->>'fee_type' = 'shipping'), 0), coalesce(sum(unified.num(e, 'tax_value')), 0),
                   coalesce(sum(unified.num(e, 'value')) filter (where e->>'fee_type' is distinct from 'shipping'), 0)]
      from jsonb_array_elements(p->'fees') e where e->'canceled' is distinct from 'true') end as fees,
    -- Given back, paid, and given back or about to be.
    array[
      case when q->'refunds' = '[]' then 0 when jsonb_typeof(q->'refunds') = 'array' then (
        select coalesce(sum(unified.num(e, 'amount')), 0) from jsonb_array_elements(q->'refunds') e where e->>'state' = 'done') end,
      case when q->'payments' = '[]' then 0 when jsonb_typeof(q->'payments') = 'array' then (
        select coalesce(sum(unified.num(e, 'amount')), 0) from jsonb_array_elements(q->'payments') e where e->>'state' in ('confirmed', 'refunded')) end,
      case when q->'refunds' = '[]' then 0 when jsonb_typeof(q->'refunds') = 'array' then (
        select coalesce(sum(unified.num(e, 'amount')), 0) from jsonb_array_elements(q->'refunds') e where e->>'state' in ('done', 'transit', 'created')) end] as money
  from (
    select p,
      (select m.payload #> '{}' from portolan.raw_records m where m.connection_id = r.connection_id and m.resource = 'order_payments'
         and m.external_id = r.external_id and m.platform = 'pretix') as q,
      (select e.payload->'currency' from portolan.raw_records e where e.connection_id = r.connection_id and e.resource = 'events'
         and e.external_id = pretix.text(p->'event') and e.platform = 'pretix') as event_currency
    from (select r.payload #> '{}' as p offset 0) x offset 0) y offset 0) d
where r.platform = 'pretix' and r.resource = 'orders';
