-- Accounts: who is billed. One that was closed can be opened again and keeps the time at which it was closed, so only its
-- state says what it is.
-- feeds: unified.commerce_customers
create or replace view recurly.accounts as
select r.connection_id, 'recurly'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_customers', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  recurly.text(p->'email') as email,
  recurly.text(p#>'{address,phone}') as phone,
  recurly.text(p->'first_name') as first_name,
  recurly.text(p->'last_name') as last_name,
  recurly.text(p->'company') as company_name,
  coalesce(recurly.name(p), recurly.text(p->'company')) as display_name,
  recurly.address(p->'address', recurly.name(p), recurly.text(p->'company'), 'billing') as default_address,
  jsonb_path_query_array(jsonb_build_array(recurly.address(p->'address', recurly.name(p), recurly.text(p->'company'), 'billing'))
    || coalesce((select jsonb_agg(recurly.address(s, recurly.name(s), recurly.text(s->'company'), 'shipping') order by n)
                 from jsonb_array_elements(unified.arr(p->'shipping_addresses')) with ordinality a(s, n)), '[]'), '$[*] ? (@ != null)') as addresses,
  recurly.account_status(p->>'state') as status,
  p->>'state' as status_raw,
  unified.bool(p->'tax_exempt') as tax_exempt,
  recurly.text(p->'preferred_locale') as locale,
  'accounts'::text as raw_resource, 1 as mapping_version,
  case when recurly.account_status(p->>'state') <> 'unknown' and jsonb_typeof(coalesce(p->'email', 'null')) in ('string', 'null')
      and jsonb_typeof(coalesce(p->'address', 'null')) in ('object', 'null') and not r.sanitised
       then '[]'::jsonb
       else recurly.issues(r.sanitised, jsonb_build_array(
           jsonb_build_array('status', 'enum_unknown', p->'state', coalesce(recurly.account_status(p->>'state'), 'unknown') = 'unknown'),
           jsonb_build_array('email', 'typecast_error', p->'email', jsonb_typeof(coalesce(p->'email', 'null')) not in ('string', 'null')),
           jsonb_build_array('default_address', 'typecast_error', p->'address',
               jsonb_typeof(coalesce(p->'address', 'null')) not in ('object', 'null')))) end as issues,
  recurly.text(p->'code') as code,
  recurly.text(p->'parent_account_id') as parent_account_platform_id
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'recurly' and r.resource = 'accounts';
