-- Positions and fees of orders, cancelled ones among them. Prices are with tax.
-- feeds: unified.commerce_order_line_items
-- follows: orders by order_platform_id, events by event_platform_id, items by product_platform_id
-- rows: orders.positions, orders.fees
create or replace view pretix.order_line_items as
select r.connection_id, 'pretix'::text as platform, coalesce(prefix || pretix.ref(l->'id'), r.external_id || ':' || kind || ':' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(prefix || pretix.ref(l->'id'), r.external_id || ':' || kind || ':' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(testmode) as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  (n - 1)::numeric as line_index, case kind when 'position' then 'product' else case fee_type when 'shipping' then 'shipping' else 'fee' end end as type,
  nullif(fee_type, '') as type_raw, pretix.ref(l->'id') is null as platform_id_is_synthetic,
  unified.id(r.connection_id, 'commerce_products', pretix.path(event, pretix.ref(item))) as product_id,
  pretix.path(event, pretix.ref(item)) as product_platform_id,
  pretix.path(event, pretix.ref(item)) || coalesce(':' || pretix.ref(variation), '') as variant_platform_id,
  case kind when 'position' then pretix.name(i.payload->'name') else coalesce(pretix.text(l->'description'), pretix.text(l->'fee_type')) end as title,
  pretix.name(pretix.variation(i.payload->'variations', variation)->'value') as variant_title,
  1::numeric as quantity, case l->'canceled' when 'true' then 0::numeric when 'false' then 1 end as current_quantity,
  unified.num(amount) as unit_amount, unified.num(l, 'tax_value') as tax_amount, unified.num(l, 'tax_rate') / 100 as tax_rate,
  unified.num(amount) as total_amount, pretix.currency(event_currency #>> '{}') as currency,
  case kind when 'position' then unified.bool(i.payload->'issue_giftcard') else false end as is_gift_card,
  case when not r.sanitised and pretix.ref(l->'id') is not null and unified.num(amount) is not null and pretix.currency(event_currency #>> '{}') is not null
       then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', pretix.ref(l->'id') is null),
         jsonb_build_array('total_amount', 'typecast_error', amount, unified.num(amount) is null),
         jsonb_build_array('currency', 'currency_invalid', event_currency, pretix.currency(event_currency #>> '{}') is null))) end as issues,
  event as event_platform_id
from portolan.raw_records r
-- One walk over the order: a branch for each kind of line would unpack it once more for each.
cross join lateral (
  select a.*, event, event_currency, p->'testmode' as testmode
  from (
    select p, event, (select e.payload->'currency' from portolan.raw_records e where e.connection_id = r.connection_id and e.resource = 'events'
                        and e.external_id = event and e.platform = 'pretix') as event_currency
    from (select p, pretix.text(p->'event') as event from (select r.payload #> '{}' as p offset 0) x offset 0) x offset 0) y
  cross join lateral (
    select 'position'::text as kind, '' as prefix, l, n, l->'item' as item, l->'variation' as variation, l->'price' as amount, null::text as fee_type
    from jsonb_array_elements(unified.arr(p->'positions')) with ordinality a(l, n)
    union all
    select 'fee', 'fee:', l, n, null, null, l->'value', l->>'fee_type'
    from jsonb_array_elements(unified.arr(p->'fees')) with ordinality a(l, n)) a
  offset 0) d
left join portolan.raw_records i on i.connection_id = r.connection_id and i.resource = 'items' and i.external_id = pretix.path(event, pretix.ref(item)) and i.platform = 'pretix'
where r.platform = 'pretix' and r.resource = 'orders';
