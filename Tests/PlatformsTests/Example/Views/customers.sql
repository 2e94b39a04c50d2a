-- Customers.
-- feeds: unified.commerce_customers
-- rows: customers
create or replace view example.customers as
select r.connection_id, 'example'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_customers', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  null::boolean as is_test,
  case when jsonb_typeof(p->'email') = 'string' then nullif(p->>'email', '') end as email,
  nullif(p->>'name', '') as display_name,
  'customers'::text as raw_resource, 1 as mapping_version,
  case when not r.sanitised and coalesce(jsonb_typeof(p->'email'), 'null') in ('string', 'null') then '[]'::jsonb
       else unified.problems(jsonb_build_array(
         jsonb_build_array('email', 'typecast_error', p->'email', coalesce(jsonb_typeof(p->'email'), 'null') not in ('string', 'null')),
         jsonb_build_array('*', 'sanitised_unicode', 'true'::jsonb, r.sanitised))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'example' and r.resource = 'customers';
