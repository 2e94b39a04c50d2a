-- Customers as Stripe keeps them: one name, one address, and one for shipping.
-- feeds: unified.commerce_customers
create or replace view stripe.customers as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_customers', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  stripe.text(p->'email') as email,
  stripe.text(p->'phone') as phone,
  coalesce(stripe.text(p->'name'), stripe.text(p->'business_name'), stripe.text(p->'individual_name')) as display_name,
  upper(stripe.text(p->'currency')) as default_currency,
  stripe.address(p->'address', p->'name', p->'phone', 'billing') as default_address,
  jsonb_path_query_array(jsonb_build_array(
    stripe.address(p->'address', p->'name', p->'phone', 'billing'),
    stripe.address(p#>'{shipping,address}', p#>'{shipping,name}', p#>'{shipping,phone}', 'shipping')), '$[*] ? (@ != null)') as addresses,
  stripe.text(p->'description') as note,
  stripe.money(coalesce(p->'balance', p->'account_balance'), p->>'currency') as balance_amount,
  upper(stripe.text(p->'currency')) as currency,
  case p->>'tax_exempt' when 'exempt' then true when 'none' then false when 'reverse' then false end as tax_exempt,
  p#>>'{preferred_locales,0}' as locale,
  'customers'::text as raw_resource, 1 as mapping_version,
  case when (coalesce(p->>'currency', '') = '' or stripe.unit(p->>'currency') is not null) and jsonb_typeof(coalesce(p->'balance', p->'account_balance',
      '0')) = 'number' and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           jsonb_build_array('currency', 'currency_invalid', p->'currency', coalesce(p->>'currency', '') <> '' and stripe.unit(p->>'currency') is null),
           jsonb_build_array('balance_amount', 'typecast_error', coalesce(p->'balance', p->'account_balance'), coalesce(unified.num(coalesce(p->'balance',
               p->'account_balance')) is null and coalesce(p->'balance', p->'account_balance', 'null') <> 'null',
               false)))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'customers';
