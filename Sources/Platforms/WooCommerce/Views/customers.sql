-- Customers with an account; guests have none, and are in their orders only.
-- feeds: unified.commerce_customers
create or replace view woocommerce.customers as
select r.connection_id, 'woocommerce'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_customers', r.external_id) as id,
  coalesce(r.platform_created_at, woocommerce.ts(p->'date_created_gmt')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'customers'::text as raw_resource, 1 as mapping_version,
  woocommerce.text(p->'email') as email, woocommerce.text(p #> '{billing,phone}') as phone,
  woocommerce.plain(p->'first_name') as first_name, woocommerce.plain(p->'last_name') as last_name,
  woocommerce.plain(p #> '{billing,company}') as company_name,
  coalesce(nullif(concat_ws(' ', woocommerce.plain(p->'first_name'), woocommerce.plain(p->'last_name')), ''), woocommerce.text(p->'username')) as display_name,
  woocommerce.address(p->'billing', 'billing') as default_address,
  to_jsonb(array_remove(array[woocommerce.address(p->'billing', 'billing'), woocommerce.address(p->'shipping', 'shipping')], null)) as addresses,
  case when not r.sanitised and woocommerce.text(p->'email') is not null then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('email', 'typecast_error', p->'email', woocommerce.text(p->'email') is null))) end as issues,
  woocommerce.text(p->'role') as role, woocommerce.text(p->'username') as username
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'woocommerce' and r.resource = 'customers';
