-- Positions and fees of orders, cancelled ones among them. Prices are with tax.
-- feeds: unified.commerce_order_line_items
-- follows: orders by order_platform_id, events by event_platform_id, items by product_platform_id
create or replace view pretix.order_line_items as
select r.connection_id, 'pretix'::text as platform, coalesce(pretix.ref(l->'id'), r.external_id || ':position:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(pretix.ref(l->'id'), r.external_id || ':position:' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(r.payload->'testmode') as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  (n - 1)::numeric as line_index, 'product'::text as type, null::text as type_raw, pretix.ref(l->'id') is null as platform_id_is_synthetic,
  unified.id(r.connection_id, 'commerce_products', pretix.path(pretix.text(r.payload->'event'), pretix.ref(l->'item'))) as product_id, pretix.path(pretix.text(r.payload->'event'), pretix.ref(l->'item')) as product_platform_id,
  pretix.path(pretix.text(r.payload->'event'), pretix.ref(l->'item')) || coalesce(':' || pretix.ref(l->'variation'), '') as variant_platform_id,
  pretix.name(i.payload->'name') as title, pretix.name(pretix.variation(i.payload->'variations', l->'variation')->'value') as variant_title,
  1::numeric as quantity, case l->'canceled' when 'true' then 0::numeric when 'false' then 1 end as current_quantity,
  unified.num(l->'price') as unit_amount, unified.num(l->'tax_value') as tax_amount, unified.num(l->'tax_rate') / 100 as tax_rate,
  unified.num(l->'price') as total_amount, pretix.currency(e.payload->>'currency') as currency,
  unified.bool(i.payload->'issue_giftcard') as is_gift_card,
  case when not r.sanitised and pretix.ref(l->'id') is not null and unified.num(l->'price') is not null and pretix.currency(e.payload->>'currency') is not null
       then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', pretix.ref(l->'id') is null),
         jsonb_build_array('total_amount', 'typecast_error', l->'price', unified.num(l->'price') is null),
         jsonb_build_array('currency', 'currency_invalid', e.payload->'currency', pretix.currency(e.payload->>'currency') is null))) end as issues,
  pretix.text(r.payload->'event') as event_platform_id
from portolan.raw_records r
cross join lateral jsonb_array_elements(unified.arr(r.payload->'positions')) with ordinality a(l, n)
left join portolan.raw_records e on e.connection_id = r.connection_id and e.resource = 'events' and e.external_id = pretix.text(r.payload->'event') and e.platform = 'pretix'
left join portolan.raw_records i on i.connection_id = r.connection_id and i.resource = 'items' and i.external_id = pretix.path(pretix.text(r.payload->'event'), pretix.ref(l->'item')) and i.platform = 'pretix'
where r.platform = 'pretix' and r.resource = 'orders'
union all
select r.connection_id, 'pretix'::text as platform, coalesce('fee:' || pretix.ref(l->'id'), r.external_id || ':fee:' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce('fee:' || pretix.ref(l->'id'), r.external_id || ':fee:' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(r.payload->'testmode') as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  (n - 1)::numeric as line_index, case l->>'fee_type' when 'shipping' then 'shipping' else 'fee' end as type, nullif(l->>'fee_type', '') as type_raw,
  pretix.ref(l->'id') is null as platform_id_is_synthetic,
  null::uuid as product_id, null::text as product_platform_id, null::text as variant_platform_id,
  coalesce(pretix.text(l->'description'), pretix.text(l->'fee_type')) as title, null::text as variant_title,
  1::numeric as quantity, case l->'canceled' when 'true' then 0::numeric when 'false' then 1 end as current_quantity,
  unified.num(l->'value') as unit_amount, unified.num(l->'tax_value') as tax_amount, unified.num(l->'tax_rate') / 100 as tax_rate,
  unified.num(l->'value') as total_amount, pretix.currency(e.payload->>'currency') as currency,
  false as is_gift_card,
  case when not r.sanitised and pretix.ref(l->'id') is not null and unified.num(l->'value') is not null and pretix.currency(e.payload->>'currency') is not null
       then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', pretix.ref(l->'id') is null),
         jsonb_build_array('total_amount', 'typecast_error', l->'value', unified.num(l->'value') is null),
         jsonb_build_array('currency', 'currency_invalid', e.payload->'currency', pretix.currency(e.payload->>'currency') is null))) end as issues,
  pretix.text(r.payload->'event') as event_platform_id
from portolan.raw_records r
cross join lateral jsonb_array_elements(unified.arr(r.payload->'fees')) with ordinality a(l, n)
left join portolan.raw_records e on e.connection_id = r.connection_id and e.resource = 'events' and e.external_id = pretix.text(r.payload->'event') and e.platform = 'pretix'
where r.platform = 'pretix' and r.resource = 'orders';
