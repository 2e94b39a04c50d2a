-- Customers of Shopify shops. Without approval for protected customer data names and addresses are missing.
-- feeds: unified.commerce_customers
create or replace view shopify.customers as
select r.connection_id, 'shopify'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_customers', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'createdAt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'customers'::text as raw_resource, 1 as mapping_version,
  nullif(p #>> '{defaultEmailAddress,emailAddress}', '') as email, nullif(p #>> '{defaultPhoneNumber,phoneNumber}', '') as phone,
  nullif(p->>'firstName', '') as first_name, nullif(p->>'lastName', '') as last_name,
  nullif(p #>> '{defaultAddress,company}', '') as company_name, nullif(p->>'displayName', '') as display_name,
  shopify.address(p->'defaultAddress', 'other') as default_address, shopify.addresses(p #> '{addressesV2,nodes}') as addresses,
  nullif(p->>'note', '') as note, shopify.texts(p->'tags') as tags,
  p #>> '{defaultEmailAddress,marketingState}' = 'SUBSCRIBED' as accepts_marketing,
  unified.word('{"ENABLED":"enabled","DISABLED":"disabled","INVITED":"invited","DECLINED":"declined"}', p->>'state') as status, p->>'state' as status_raw,
  unified.num(p->'numberOfOrders') as orders_count, unified.num(p #> '{amountSpent,amount}') as total_spent_amount,
  shopify.currency(p #>> '{amountSpent,currencyCode}') as currency, unified.bool(p->'taxExempt') as tax_exempt, nullif(p->>'locale', '') as locale,
  case when not r.sanitised and unified.num(p #> '{amountSpent,amount}') is not null and shopify.currency(p #>> '{amountSpent,currencyCode}') is not null
        and coalesce('["ENABLED","DISABLED","INVITED","DECLINED"]'::jsonb ? (p->>'state'), false)
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('total_spent_amount', 'typecast_error', coalesce(p #> '{amountSpent,amount}', p->'amountSpent'), unified.num(p #> '{amountSpent,amount}') is null),
         jsonb_build_array('currency', 'currency_invalid', p #> '{amountSpent,currencyCode}', shopify.currency(p #>> '{amountSpent,currencyCode}') is null),
         jsonb_build_array('status', 'enum_unknown', p->'state', not coalesce('["ENABLED","DISABLED","INVITED","DECLINED"]'::jsonb ? (p->>'state'), false)))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'shopify' and r.resource = 'customers';
