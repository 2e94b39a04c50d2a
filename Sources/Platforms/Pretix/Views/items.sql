-- Products of events.
-- feeds: unified.commerce_products
create or replace view pretix.items as
select r.connection_id, 'pretix'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as id,
  null::timestamptz as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'items'::text as raw_resource, 1 as mapping_version,
  pretix.name(p->'name') as title, pretix.name(p->'description') as description,
  case p->'admission' when 'true' then 'admission' when 'false' then 'other' end as product_type,
  case p->'active' when 'true' then 'active' when 'false' then 'archived' end as status, p->>'active' as status_raw,
  unified.bool(p->'issue_giftcard') as is_gift_card,
  case when pretix.text(p->'picture') is not null then array[pretix.text(p->'picture')] end as image_urls,
  case when jsonb_typeof(p->'variations') = 'array' then greatest(jsonb_array_length(p->'variations'), 1)::numeric end as variant_count,
  jsonb_typeof(p->'variations') is not distinct from 'array' as variants_complete,
  case when not r.sanitised and pretix.name(p->'name') is not null and unified.bool(p->'active') is not null then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('title', 'typecast_error', p->'name', pretix.name(p->'name') is null),
         jsonb_build_array('status', 'typecast_error', p->'active', unified.bool(p->'active') is null))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'pretix' and r.resource = 'items';
