-- The seller's account at Amazon, from financial events. Lists that nobody has told us how to add up have no amounts, and say so.
-- feeds: unified.payment_balance_transactions
-- rows: financial_events
create or replace view amazon.balance_transactions as
select r.connection_id, 'amazon'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_balance_transactions', r.external_id) as id,
  r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'financial_events'::text as raw_resource, 1 as mapping_version,
  amazon.event_type(list) as type, list as type_raw, 'available'::text as status,
  gross as gross_amount, fee as fee_amount, gross - fee as net_amount, amazon.event_currency(p) as currency,
  r.platform_created_at as occurred_at,
  nullif(p->>'AmazonOrderId', '') as source_platform_id, case when p->>'AmazonOrderId' <> '' then 'order' end as source_object,
  nullif(p->>'AmazonOrderId', '') as order_platform_id,
  coalesce(nullif(p->>'AdjustmentType', ''), nullif(p->>'FeeReason', '')) as description,
  case when not r.sanitised and gross is not null and fee is not null and amazon.event_currency(p) is not null and amazon.event_type(list) <> 'unknown' then '[]'::jsonb
       else amazon.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('gross_amount', 'typecast_error', coalesce(p->'AdjustmentAmount', p->'ShipmentItemList', p->'ShipmentItemAdjustmentList'), gross is null),
         jsonb_build_array('fee_amount', 'typecast_error', coalesce(p->'FeeList', p->'ShipmentItemList', p->'ShipmentItemAdjustmentList'), fee is null),
         jsonb_build_array('net_amount', 'typecast_error', coalesce(p->'FeeList', p->'AdjustmentAmount', p->'ShipmentItemList', p->'ShipmentItemAdjustmentList'), gross - fee is null),
         jsonb_build_array('currency', 'currency_invalid', coalesce(p->'FeeList', p->'AdjustmentAmount', p->'ShipmentItemList', p->'ShipmentItemAdjustmentList'), amazon.event_currency(p) is null),
         jsonb_build_array('type', 'enum_unknown', to_jsonb(list), amazon.event_type(list) = 'unknown'))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p, split_part(r.external_id, ':', 1) as list offset 0) d,
  lateral (select case when amazon.event_type(list) = 'unknown' then null when list = 'AdjustmentEventList' then unified.num(p #> '{AdjustmentAmount,CurrencyAmount}') else amazon.charges(p) end as gross,
                  case when amazon.event_type(list) = 'unknown' then null else -amazon.fees(p) end as fee offset 0) m
where r.platform = 'amazon' and r.resource = 'financial_events';
