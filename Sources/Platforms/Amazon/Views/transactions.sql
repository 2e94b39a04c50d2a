-- Money asked of buyers and given back, from financial events: an event is written when the money has moved.
-- feeds: unified.payment_transactions
-- rows: financial_events where id begins ShipmentEventList: RefundEventList: GuaranteeClaimEventList: ChargebackEventList:
create or replace view amazon.transactions as
select r.connection_id, 'amazon'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_transactions', r.external_id) as id,
  r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'financial_events'::text as raw_resource, 1 as mapping_version,
  '{"ShipmentEventList":"sale","RefundEventList":"refund","GuaranteeClaimEventList":"chargeback","ChargebackEventList":"chargeback"}'::jsonb ->> split_part(r.external_id, ':', 1) as kind,
  split_part(r.external_id, ':', 1) as kind_raw, 'succeeded'::text as status,
  abs(amazon.charges(p)) as amount,
  case when split_part(r.external_id, ':', 1) = 'ShipmentEventList' then 'in' else 'out' end as direction,
  amazon.event_currency(p) as currency,
  unified.id(r.connection_id, 'commerce_orders', nullif(p->>'AmazonOrderId', '')) as order_id, nullif(p->>'AmazonOrderId', '') as order_platform_id,
  unified.ts(p->'PostedDate') as processed_at, 'amazon'::text as gateway,
  case when split_part(r.external_id, ':', 1) = 'ShipmentEventList' then -amazon.fees(p) end as fee_amount,
  case when split_part(r.external_id, ':', 1) = 'ShipmentEventList' then abs(amazon.charges(p)) + amazon.fees(p) end as net_amount,
  case when not r.sanitised and amazon.charges(p) is not null and amazon.event_currency(p) is not null and unified.ts(p->'PostedDate') is not null then '[]'::jsonb
       else amazon.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('amount', 'typecast_error', coalesce(p->'ShipmentItemList', p->'ShipmentItemAdjustmentList'), amazon.charges(p) is null),
         jsonb_build_array('currency', 'currency_invalid', coalesce(p->'ShipmentItemList', p->'ShipmentItemAdjustmentList'), amazon.event_currency(p) is null),
         jsonb_build_array('processed_at', 'typecast_error', p->'PostedDate', unified.ts(p->'PostedDate') is null))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'amazon' and r.resource = 'financial_events'
  and split_part(r.external_id, ':', 1) in ('ShipmentEventList', 'RefundEventList', 'GuaranteeClaimEventList', 'ChargebackEventList');
