-- Customers with an account; one that was anonymized stays without all that it was.
-- feeds: unified.commerce_customers
create or replace view pretix.customers as
select r.connection_id, 'pretix'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_customers', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'date_joined')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'customers'::text as raw_resource, 1 as mapping_version,
  pretix.text(p->'email') as email, pretix.text(p->'phone') as phone,
  pretix.text(p #> '{name_parts,given_name}') as first_name, pretix.text(p #> '{name_parts,family_name}') as last_name,
  pretix.text(p->'name') as display_name, pretix.text(p->'notes') as note,
  case p->'is_active' when 'true' then 'enabled' when 'false' then 'disabled' end as status, p->>'is_active' as status_raw,
  pretix.text(p->'locale') as locale,
  case when not r.sanitised and unified.bool(p->'is_active') is not null and (p->'email' = 'null' or pretix.text(p->'email') is not null) then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('email', 'typecast_error', p->'email', (p->'email' = 'null' or pretix.text(p->'email') is not null) is not true),
         jsonb_build_array('status', 'typecast_error', p->'is_active', unified.bool(p->'is_active') is null))) end as issues,
  pretix.text(p->'external_identifier') as external_identifier
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'pretix' and r.resource = 'customers';
