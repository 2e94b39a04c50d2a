-- Refunds, from financial events: Amazon writes what a buyer gets back as negative charges.
-- feeds: unified.payment_refunds
-- rows: financial_events where id begins RefundEventList:
create or replace view amazon.refunds as
select r.connection_id, 'amazon'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_refunds', r.external_id) as id,
  r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'financial_events'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', nullif(p->>'AmazonOrderId', '')) as order_id, nullif(p->>'AmazonOrderId', '') as order_platform_id,
  r.external_id as transaction_platform_id,
  abs(amazon.charges(p)) as amount, amazon.event_currency(p) as currency, 'succeeded'::text as status,
  abs(amazon.charges_of(p, 'ShippingCharge')) as shipping_amount, abs(amazon.charges_of(p, 'Tax')) as tax_amount,
  unified.ts(p->'PostedDate') as processed_at, true as line_items_complete,
  case when not r.sanitised and amazon.charges(p) is not null and amazon.event_currency(p) is not null and unified.ts(p->'PostedDate') is not null then '[]'::jsonb
       else amazon.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('amount', 'typecast_error', p->'ShipmentItemAdjustmentList', amazon.charges(p) is null),
         jsonb_build_array('currency', 'currency_invalid', p->'ShipmentItemAdjustmentList', amazon.event_currency(p) is null),
         jsonb_build_array('processed_at', 'typecast_error', p->'PostedDate', unified.ts(p->'PostedDate') is null))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'amazon' and r.resource = 'financial_events' and r.external_id >= 'RefundEventList:' and r.external_id < 'RefundEventList;';
