-- Orders of Shopify shops.
-- feeds: unified.commerce_orders
create or replace view shopify.orders as
select r.connection_id, 'shopify'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'createdAt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(p->'test') as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  nullif(p->>'name', '') as order_number,
  case when p->>'cancelledAt' <> '' then 'cancelled' when p->>'closedAt' <> '' then 'completed' else 'open' end as status,
  coalesce(unified.word('{"PENDING":"pending","AUTHORIZED":"authorized","PARTIALLY_PAID":"partially_paid","PAID":"paid","PARTIALLY_REFUNDED":"partially_refunded","REFUNDED":"refunded","VOIDED":"voided","EXPIRED":"expired"}', p->>'displayFinancialStatus'),
           case when total = 0 then 'not_required' else 'unknown' end) as payment_status,
  p->>'displayFinancialStatus' as payment_status_raw,
  unified.word('{"UNFULFILLED":"unfulfilled","OPEN":"unfulfilled","REQUEST_DECLINED":"unfulfilled","PENDING_FULFILLMENT":"in_progress","IN_PROGRESS":"in_progress","PARTIALLY_FULFILLED":"partially_fulfilled","FULFILLED":"fulfilled","ON_HOLD":"on_hold","SCHEDULED":"scheduled","RESTOCKED":"restocked"}', p->>'displayFulfillmentStatus') as fulfillment_status,
  p->>'displayFulfillmentStatus' as fulfillment_status_raw,
  unified.word('{"NO_RETURN":"none","RETURN_REQUESTED":"requested","IN_PROGRESS":"in_progress","INSPECTION_COMPLETE":"in_progress","RETURN_FAILED":"in_progress","RETURNED":"returned"}', p->>'returnStatus') as return_status,
  p->>'returnStatus' as return_status_raw,
  unified.ts(p->'cancelledAt') as cancelled_at, unified.ts(p->'closedAt') as closed_at, nullif(p->>'cancelReason', '') as cancel_reason,
  coalesce(unified.ts(p->'processedAt'), unified.ts(p->'createdAt'), r.platform_created_at) as placed_at,
  d.currency,
  shopify.amount(p->'subtotalPriceSet') as subtotal_amount, shopify.amount(p->'totalDiscountsSet') as discount_amount,
  shopify.amount(p->'totalTaxSet') as tax_amount, shopify.amount(p->'totalShippingPriceSet') as shipping_amount,
  shopify.amount(p->'originalTotalDutiesSet') as duties_amount, shopify.amount(p->'totalTipReceivedSet') as tip_amount,
  d.total as total_amount, shopify.amount(p->'currentTotalPriceSet') as current_total_amount,
  shopify.amount(p->'totalRefundedSet') as refunded_amount, shopify.amount(p->'totalReceivedSet') as paid_amount,
  case when shopify.amount(p->'totalOutstandingSet') < 0 then 0 else shopify.amount(p->'totalOutstandingSet') end as outstanding_amount,
  unified.bool(p->'taxesIncluded') as tax_included,
  nullif(shopify.currency(p->>'presentmentCurrencyCode'), currency) as presentment_currency,
  case when shopify.currency(p->>'presentmentCurrencyCode') <> currency
       then unified.num(p #> '{totalPriceSet,presentmentMoney,amount}') end as presentment_total_amount,
  unified.id(r.connection_id, 'commerce_customers', shopify.gid(p #>> '{customer,id}')) as customer_id,
  shopify.gid(p #>> '{customer,id}') as customer_platform_id,
  nullif(p->>'email', '') as customer_email, nullif(p->>'phone', '') as customer_phone,
  shopify.address(billing, 'billing') as billing_address, shopify.address(shipping, 'shipping') as shipping_address,
  case when p #>> '{purchasingEntity,__typename}' = 'PurchasingCompany' then 'b2b'
       else unified.word('{"web":"online","mobile_app":"online","iphone":"online","android":"online","checkout_next":"online","pos":"pos","shopify_draft_order":"manual","subscription_contract":"subscription","subscription_contract_checkout_one":"subscription"}', p->>'sourceName') end as sales_channel,
  p->>'sourceName' as sales_channel_raw,
  shopify.gid(p #>> '{retailLocation,id}') as location_platform_id,
  p #>> '{purchasingEntity,__typename}' = 'PurchasingCompany' as is_business_order,
  case when p->'tags' = '[]' then '{}' when jsonb_typeof(p->'tags') = 'array' then array(
    select e #>> '{}' from jsonb_array_elements(p->'tags') e where jsonb_typeof(e) = 'string') end as tags, nullif(p->>'note', '') as note, case when p->'paymentGatewayNames' = '[]' then '{}' when jsonb_typeof(p->'paymentGatewayNames') = 'array' then array(
    select e #>> '{}' from jsonb_array_elements(p->'paymentGatewayNames') e where jsonb_typeof(e) = 'string') end as payment_gateways,
  -- Complete when nothing is behind the embedded page, or the last page behind it is here and no older than the order.
  case when p #> '{shippingLines,pageInfo,hasNextPage}' = 'true' then false
       when p #> '{lineItems,pageInfo,hasNextPage}' = 'false' then true
       when p #> '{lineItems,pageInfo,hasNextPage}' = 'true' then exists (
         select from portolan.raw_records q
         where q.connection_id = r.connection_id and q.resource = 'order_line_items'
           and q.external_id > r.external_id || '/' and q.external_id < r.external_id || '0'
           and (q.platform_updated_at >= r.platform_updated_at) is true and q.payload #> '{lineItems,pageInfo,hasNextPage}' = 'false')
       else false end as line_items_complete,
  case when not r.sanitised and currency is not null and total is not null
        and unified.ts(p->'processedAt') is not null
        and coalesce('["PENDING","AUTHORIZED","PARTIALLY_PAID","PAID","PARTIALLY_REFUNDED","REFUNDED","VOIDED","EXPIRED"]'::jsonb ? (p->>'displayFinancialStatus'), true)
        and coalesce('["UNFULFILLED","OPEN","REQUEST_DECLINED","PENDING_FULFILLMENT","IN_PROGRESS","PARTIALLY_FULFILLED","FULFILLED","ON_HOLD","SCHEDULED","RESTOCKED"]'::jsonb ? (p->>'displayFulfillmentStatus'), true)
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('currency', 'currency_invalid', p->'currencyCode', currency is null),
         jsonb_build_array('total_amount', 'typecast_error', coalesce(p #> '{totalPriceSet,shopMoney,amount}', p->'totalPriceSet'), total is null),
         jsonb_build_array('placed_at', 'typecast_error', p->'processedAt', unified.ts(p->'processedAt') is null),
         jsonb_build_array('payment_status', 'enum_unknown', p->'displayFinancialStatus',
           not coalesce('["PENDING","AUTHORIZED","PARTIALLY_PAID","PAID","PARTIALLY_REFUNDED","REFUNDED","VOIDED","EXPIRED"]'::jsonb ? (p->>'displayFinancialStatus'), true)),
         jsonb_build_array('fulfillment_status', 'enum_unknown', p->'displayFulfillmentStatus',
           not coalesce('["UNFULFILLED","OPEN","REQUEST_DECLINED","PENDING_FULFILLMENT","IN_PROGRESS","PARTIALLY_FULFILLED","FULFILLED","ON_HOLD","SCHEDULED","RESTOCKED"]'::jsonb ? (p->>'displayFulfillmentStatus'), true)))) end as issues,
  nullif(p->>'poNumber', '') as purchase_order_number, case when p->'discountCodes' = '[]' then '{}' when jsonb_typeof(p->'discountCodes') = 'array' then array(
    select e #>> '{}' from jsonb_array_elements(p->'discountCodes') e where jsonb_typeof(e) = 'string') end as discount_codes
from portolan.raw_records r
-- What several columns want is made once a row; what none wants is not made.
cross join lateral (
  select p, shopify.amount(p->'totalPriceSet') as total, shopify.currency(p->>'currencyCode') as currency, p->'billingAddress' as billing, p->'shippingAddress' as shipping
  from (select r.payload #> '{}' as p offset 0) x offset 0) d
where r.platform = 'shopify' and r.resource = 'orders';
