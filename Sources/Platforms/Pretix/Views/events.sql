-- Events: what is sold is sold below one, and an order has its currency from it.
create or replace view pretix.events as
select r.connection_id, 'pretix'::text as platform, r.external_id as platform_id,
  null::timestamptz as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(p->'testmode') as is_test, 'events'::text as raw_resource, 1 as mapping_version,
  pretix.name(p->'name') as title, pretix.currency(p->>'currency') as currency, unified.ts(p->'date_from') as starts_at,
  unified.ts(p->'date_to') as ends_at, pretix.text(p->'timezone') as timezone, unified.bool(p->'live') as is_live,
  pretix.text(p->'public_url') as url,
  case when not r.sanitised and pretix.currency(p->>'currency') is not null then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('currency', 'currency_invalid', p->'currency', pretix.currency(p->>'currency') is null))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'pretix' and r.resource = 'events';
