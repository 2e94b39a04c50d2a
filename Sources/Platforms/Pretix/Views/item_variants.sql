-- What can be put into a basket: variations, and products that have none. Prices are with tax, in the event's currency.
-- feeds: unified.commerce_product_variants
-- follows: items by product_platform_id, events by event_platform_id
-- rows: items.variations or one
create or replace view pretix.item_variants as
select r.connection_id, 'pretix'::text as platform,
  case when v.v is null then r.external_id else r.external_id || ':' || coalesce(pretix.ref(v.v->'id'), 'variation-' || (v.n - 1)) end as platform_id,
  unified.id(r.connection_id, 'commerce_product_variants',
    case when v.v is null then r.external_id else r.external_id || ':' || coalesce(pretix.ref(v.v->'id'), 'variation-' || (v.n - 1)) end) as id,
  r.external_id as platform_parent_id, null::timestamptz as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'items'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_products', r.external_id) as product_id, r.external_id as product_platform_id,
  case when v.v is null then pretix.name(r.payload->'name') else pretix.name(v.v->'value') end as title,
  case when v.v is null then unified.num(r.payload->'default_price') else unified.num(v.v->'price') end as price_amount,
  case when v.v is null then unified.num(r.payload->'original_price') else unified.num(v.v->'original_price') end as compare_at_amount,
  pretix.currency(e.payload->>'currency') as currency,
  case r.payload->'tax_rule' when 'null' then false else jsonb_typeof(r.payload->'tax_rule') = 'number' end as is_taxable,
  case coalesce(v.v->'active', r.payload->'active') when 'true' then 'active' when 'false' then 'archived' end as status,
  coalesce(v.v->>'active', r.payload->>'active') as status_raw,
  v.v is null as is_default, coalesce(v.n, 1)::numeric as position,
  case when not r.sanitised and (case when v.v is null then unified.num(r.payload->'default_price') else unified.num(v.v->'price') end) is not null
        and pretix.currency(e.payload->>'currency') is not null and (v.v is null or pretix.ref(v.v->'id') is not null)
       then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', v.v->'id', v.v is not null and pretix.ref(v.v->'id') is null),
         jsonb_build_array('price_amount', 'typecast_error', coalesce(v.v->'price', r.payload->'default_price'),
           (case when v.v is null then unified.num(r.payload->'default_price') else unified.num(v.v->'price') end) is null),
         jsonb_build_array('currency', 'currency_invalid', e.payload->'currency', pretix.currency(e.payload->>'currency') is null))) end as issues,
  split_part(r.external_id, ':', 1) as event_platform_id
from portolan.raw_records r
left join lateral jsonb_array_elements(unified.arr(r.payload->'variations')) with ordinality v(v, n) on true
left join portolan.raw_records e on e.connection_id = r.connection_id and e.resource = 'events' and e.external_id = split_part(r.external_id, ':', 1) and e.platform = 'pretix'
where r.platform = 'pretix' and r.resource = 'items';
