-- Transactions of orders. Suggested refunds are offers of Shopify's and no movement of money: left out.
-- feeds: unified.payment_transactions
-- rows: orders.transactions where kind is not SUGGESTED_REFUND
create or replace view shopify.transactions as
select r.connection_id, 'shopify'::text as platform, coalesce(shopify.gid(l->>'id'), r.external_id || ':transaction:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'payment_transactions', coalesce(shopify.gid(l->>'id'), r.external_id || ':transaction:' || (n - 1))) as id,
  r.external_id as platform_parent_id, unified.ts(l->'createdAt') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(l->'test') as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  unified.word('{"SALE":"sale","CAPTURE":"capture","AUTHORIZATION":"authorization","EMV_AUTHORIZATION":"authorization","VOID":"void","REFUND":"refund","CHANGE":"change"}', l->>'kind') as kind,
  l->>'kind' as kind_raw,
  unified.word('{"SUCCESS":"succeeded","FAILURE":"failed","ERROR":"failed","PENDING":"pending","AWAITING_RESPONSE":"awaiting_response","UNKNOWN":"unknown"}', l->>'status') as status,
  l->>'status' as status_raw,
  abs(shopify.amount(l->'amountSet')) as amount,
  '{"SALE":"in","CAPTURE":"in","REFUND":"out","CHANGE":"out","AUTHORIZATION":"none","EMV_AUTHORIZATION":"none","VOID":"none"}'::jsonb ->> (l->>'kind') as direction,
  shopify.currency(l #>> '{amountSet,shopMoney,currencyCode}') as currency,
  nullif(shopify.currency(l #>> '{amountSet,presentmentMoney,currencyCode}'), shopify.currency(l #>> '{amountSet,shopMoney,currencyCode}')) as presentment_currency,
  case when shopify.currency(l #>> '{amountSet,presentmentMoney,currencyCode}') <> shopify.currency(l #>> '{amountSet,shopMoney,currencyCode}')
       then abs(unified.num(l #> '{amountSet,presentmentMoney,amount}')) end as presentment_amount,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  shopify.gid(r.payload #>> '{customer,id}') as customer_platform_id,
  shopify.gid(l #>> '{parentTransaction,id}') as parent_platform_id,
  coalesce(unified.ts(l->'processedAt'), unified.ts(l->'createdAt')) as processed_at,
  nullif(l->>'gateway', '') as gateway,
  case when l #>> '{paymentDetails,wallet}' <> '' then 'wallet'
       when l #>> '{paymentDetails,__typename}' = 'CardPaymentDetails' then 'card'
       when l #>> '{paymentDetails,__typename}' = 'ShopPayInstallmentsPaymentDetails' then 'buy_now_pay_later'
       else coalesce('{"gift_card":"gift_card","cash":"cash","cash_on_delivery":"cash","Cash on Delivery (COD)":"cash","bank_deposit":"bank_transfer","Bank Deposit":"bank_transfer","money_order":"check","shopify_store_credit":"store_credit","paypal":"wallet","manual":"other"}'::jsonb ->> (l->>'gateway'),
                     case when l->>'gateway' <> '' then 'unknown' end) end as payment_method_type,
  coalesce(l #>> '{paymentDetails,wallet}', l #>> '{paymentDetails,paymentMethodName}', nullif(l->>'gateway', '')) as payment_method_type_raw,
  nullif(l #>> '{paymentDetails,company}', '') as card_brand,
  substring(l #>> '{paymentDetails,number}' from '([0-9]{4})$') as card_last4,
  case when l->'fees' <> '[]' then shopify.total(l->'fees', '{amount,amount}') end as fee_amount,
  case when l->'fees' <> '[]' then abs(shopify.amount(l->'amountSet')) - shopify.total(l->'fees', '{amount,amount}') end as net_amount,
  nullif(l->>'errorCode', '') as error_code,
  unified.num(l->'settlementCurrencyRate') as exchange_rate, shopify.currency(l->>'settlementCurrency') as settlement_currency,
  case when not r.sanitised and shopify.gid(l->>'id') is not null and shopify.amount(l->'amountSet') is not null
        and shopify.currency(l #>> '{amountSet,shopMoney,currencyCode}') is not null
        and '["SALE","CAPTURE","AUTHORIZATION","EMV_AUTHORIZATION","VOID","REFUND","CHANGE"]'::jsonb ? (l->>'kind')
        and '["SUCCESS","FAILURE","ERROR","PENDING","AWAITING_RESPONSE","UNKNOWN"]'::jsonb ? (l->>'status')
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', shopify.gid(l->>'id') is null),
         jsonb_build_array('amount', 'typecast_error', coalesce(l #> '{amountSet,shopMoney,amount}', l->'amountSet'), shopify.amount(l->'amountSet') is null),
         jsonb_build_array('currency', 'currency_invalid', l #> '{amountSet,shopMoney,currencyCode}', shopify.currency(l #>> '{amountSet,shopMoney,currencyCode}') is null),
         jsonb_build_array('kind', 'enum_unknown', l->'kind',
           not coalesce('["SALE","CAPTURE","AUTHORIZATION","EMV_AUTHORIZATION","VOID","REFUND","CHANGE"]'::jsonb ? (l->>'kind'), false)),
         jsonb_build_array('status', 'enum_unknown', l->'status',
           not coalesce('["SUCCESS","FAILURE","ERROR","PENDING","AWAITING_RESPONSE","UNKNOWN"]'::jsonb ? (l->>'status'), false)))) end as issues
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload->'transactions')) with ordinality a(l, n)
where r.platform = 'shopify' and r.resource = 'orders' and l->>'kind' is distinct from 'SUGGESTED_REFUND';
