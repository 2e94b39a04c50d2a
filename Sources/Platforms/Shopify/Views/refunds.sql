-- Refunds, which Shopify keeps inside their order.
-- feeds: unified.payment_refunds
-- follows: orders by order_platform_id, refund_line_items by platform_id
-- rows: orders.refunds
create or replace view shopify.refunds as
select r.connection_id, 'shopify'::text as platform, coalesce(shopify.gid(l->>'id'), r.external_id || ':refund:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'payment_refunds', coalesce(shopify.gid(l->>'id'), r.external_id || ':refund:' || (n - 1))) as id,
  r.external_id as platform_parent_id, unified.ts(l->'createdAt') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(r.payload->'test') as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  shopify.gid(l #>> '{transactions,nodes,0,id}') as transaction_platform_id,
  shopify.amount(l->'totalRefundedSet') as amount, shopify.currency(l #>> '{totalRefundedSet,shopMoney,currencyCode}') as currency,
  nullif(shopify.currency(l #>> '{totalRefundedSet,presentmentMoney,currencyCode}'), shopify.currency(l #>> '{totalRefundedSet,shopMoney,currencyCode}')) as presentment_currency,
  case when shopify.currency(l #>> '{totalRefundedSet,presentmentMoney,currencyCode}') <> shopify.currency(l #>> '{totalRefundedSet,shopMoney,currencyCode}')
       then unified.num(l #> '{totalRefundedSet,presentmentMoney,amount}') end as presentment_amount,
  -- A refund without a transaction only puts goods back: nothing of it can be pending.
  coalesce(unified.word('{"SUCCESS":"succeeded","PENDING":"pending","AWAITING_RESPONSE":"pending","FAILURE":"failed","ERROR":"failed"}', l #>> '{transactions,nodes,0,status}'), 'succeeded') as status,
  l #>> '{transactions,nodes,0,status}' as status_raw,
  nullif(l->>'note', '') as note,
  shopify.total(l #> '{refundShippingLines,nodes}', '{subtotalAmountSet,shopMoney,amount}') as shipping_amount,
  -- Only where all lines are here; a sum of some would pass for the whole.
  case when l #> '{refundLineItems,pageInfo,hasNextPage}' = 'false'
       then shopify.total(l #> '{refundLineItems,nodes}', '{totalTaxSet,shopMoney,amount}')
          + shopify.total(l #> '{refundShippingLines,nodes}', '{taxAmountSet,shopMoney,amount}') end as tax_amount,
  jsonb_path_exists(l, '$.refundLineItems.nodes[*] ? (@.restocked == true)', '{}', true) as restocked,
  coalesce(unified.ts(l->'createdAt'), unified.ts(l->'updatedAt')) as processed_at,
  case when l #> '{refundLineItems,pageInfo,hasNextPage}' = 'false' then true
       when l #> '{refundLineItems,pageInfo,hasNextPage}' = 'true' then exists (
         select from portolan.raw_records q
         where q.connection_id = r.connection_id and q.resource = 'refund_line_items'
           and q.external_id > shopify.gid(l->>'id') || '/' and q.external_id < shopify.gid(l->>'id') || '0'
           and (q.platform_updated_at >= r.platform_updated_at) is true and q.payload #> '{refundLineItems,pageInfo,hasNextPage}' = 'false')
       else false end as line_items_complete,
  case when not r.sanitised and shopify.gid(l->>'id') is not null and shopify.amount(l->'totalRefundedSet') is not null
        and shopify.currency(l #>> '{totalRefundedSet,shopMoney,currencyCode}') is not null
        and coalesce('["SUCCESS","PENDING","AWAITING_RESPONSE","FAILURE","ERROR"]'::jsonb ? (l #>> '{transactions,nodes,0,status}'), true)
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', shopify.gid(l->>'id') is null),
         jsonb_build_array('amount', 'typecast_error', coalesce(l #> '{totalRefundedSet,shopMoney,amount}', l->'totalRefundedSet'), shopify.amount(l->'totalRefundedSet') is null),
         jsonb_build_array('currency', 'currency_invalid', l #> '{totalRefundedSet,shopMoney,currencyCode}', shopify.currency(l #>> '{totalRefundedSet,shopMoney,currencyCode}') is null),
         jsonb_build_array('status', 'enum_unknown', l #> '{transactions,nodes,0,status}',
           not coalesce('["SUCCESS","PENDING","AWAITING_RESPONSE","FAILURE","ERROR"]'::jsonb ? (l #>> '{transactions,nodes,0,status}'), true)))) end as issues
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload->'refunds')) with ordinality a(l, n)
where r.platform = 'shopify' and r.resource = 'orders' and r.payload->'refunds' <> '[]'::jsonb;
