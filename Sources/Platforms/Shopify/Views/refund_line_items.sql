-- Lines of refunds, from the order and from the pages behind it.
-- feeds: unified.payment_refund_line_items
-- follows: orders by order_platform_id, refund_line_items by platform_parent_id
-- rows: orders.refunds.refundLineItems.nodes, refund_line_items.refundLineItems.nodes
create or replace view shopify.refund_line_items as
select r.connection_id, 'shopify'::text as platform, coalesce(shopify.gid(l->>'id'), coalesce(shopify.gid(f->>'id'), r.external_id) || ':line:' || (n - 1)::numeric) as platform_id,
  unified.id(r.connection_id, 'payment_refund_line_items', coalesce(shopify.gid(l->>'id'), coalesce(shopify.gid(f->>'id'), r.external_id) || ':line:' || (n - 1)::numeric)) as id,
  shopify.gid(f->>'id') as platform_parent_id, unified.ts(f->'createdAt') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(r.payload->'test') as is_test, 'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'payment_refunds', shopify.gid(f->>'id')) as refund_id, shopify.gid(f->>'id') as refund_platform_id,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  shopify.gid(l #>> '{lineItem,id}') as order_line_item_platform_id, (n - 1)::numeric as line_index,
  shopify.gid(l->>'id') is null as platform_id_is_synthetic, nullif(l #>> '{lineItem,sku}', '') as sku,
  unified.num(l->'quantity') as quantity, shopify.amount(l->'subtotalSet') as subtotal_amount, shopify.amount(l->'totalTaxSet') as tax_amount,
  shopify.currency(l #>> '{subtotalSet,shopMoney,currencyCode}') as currency,
  unified.word('{"RETURN":"return","CANCEL":"cancel","LEGACY_RESTOCK":"return","NO_RESTOCK":"no_restock"}', l->>'restockType') as restock_type,
  l->>'restockType' as restock_type_raw, unified.bool(l->'restocked') as restocked, shopify.gid(l #>> '{location,id}') as location_platform_id,
  case when not r.sanitised and unified.num(l->'quantity') is not null and shopify.amount(l->'subtotalSet') is not null
        and shopify.currency(l #>> '{subtotalSet,shopMoney,currencyCode}') is not null
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', unified.num(l->'quantity') is null),
         jsonb_build_array('subtotal_amount', 'typecast_error', coalesce(l #> '{subtotalSet,shopMoney,amount}', l->'subtotalSet'), shopify.amount(l->'subtotalSet') is null),
         jsonb_build_array('currency', 'currency_invalid', l #> '{subtotalSet,shopMoney,currencyCode}',
                           shopify.currency(l #>> '{subtotalSet,shopMoney,currencyCode}') is null))) end as issues
from portolan.raw_records r,
  lateral (select f, l, n from jsonb_array_elements(unified.arr(r.payload->'refunds')) f,
             jsonb_array_elements(unified.arr(f #> '{refundLineItems,nodes}')) with ordinality a(l, n) offset 0) x
where r.platform = 'shopify' and r.resource = 'orders' and r.payload->'refunds' <> '[]'::jsonb
union all
-- As with lines of orders: no older than the order, asked for by it, and not behind the last page.
select r.connection_id, 'shopify'::text, coalesce(shopify.gid(l->>'id'), split_part(r.external_id, '/', 1) || ':line:' || (4 + (unified.num(split_part(r.external_id, '/', 2)) - 1) * 90 + n - 1)::numeric),
  unified.id(r.connection_id, 'payment_refund_line_items', coalesce(shopify.gid(l->>'id'), split_part(r.external_id, '/', 1) || ':line:' || (4 + (unified.num(split_part(r.external_id, '/', 2)) - 1) * 90 + n - 1)::numeric)),
  split_part(r.external_id, '/', 1), null::timestamptz, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, o.deleted_at is not null, o.deleted_at, o.deletion_source,
  unified.bool(o.payload->'test'), 'refund_line_items'::text, 1,
  unified.id(r.connection_id, 'payment_refunds', split_part(r.external_id, '/', 1)) as refund_id, split_part(r.external_id, '/', 1) as refund_platform_id,
  unified.id(r.connection_id, 'commerce_orders', o.external_id) as order_id, o.external_id as order_platform_id,
  shopify.gid(l #>> '{lineItem,id}') as order_line_item_platform_id, (4 + (unified.num(split_part(r.external_id, '/', 2)) - 1) * 90 + n - 1)::numeric as line_index,
  shopify.gid(l->>'id') is null as platform_id_is_synthetic, nullif(l #>> '{lineItem,sku}', '') as sku,
  unified.num(l->'quantity') as quantity, shopify.amount(l->'subtotalSet') as subtotal_amount, shopify.amount(l->'totalTaxSet') as tax_amount,
  shopify.currency(l #>> '{subtotalSet,shopMoney,currencyCode}') as currency,
  unified.word('{"RETURN":"return","CANCEL":"cancel","LEGACY_RESTOCK":"return","NO_RESTOCK":"no_restock"}', l->>'restockType') as restock_type,
  l->>'restockType' as restock_type_raw, unified.bool(l->'restocked') as restocked, shopify.gid(l #>> '{location,id}') as location_platform_id,
  case when not r.sanitised and unified.num(l->'quantity') is not null and shopify.amount(l->'subtotalSet') is not null
        and shopify.currency(l #>> '{subtotalSet,shopMoney,currencyCode}') is not null
       then '[]'::jsonb
       else shopify.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', unified.num(l->'quantity') is null),
         jsonb_build_array('subtotal_amount', 'typecast_error', coalesce(l #> '{subtotalSet,shopMoney,amount}', l->'subtotalSet'), shopify.amount(l->'subtotalSet') is null),
         jsonb_build_array('currency', 'currency_invalid', l #> '{subtotalSet,shopMoney,currencyCode}',
                           shopify.currency(l #>> '{subtotalSet,shopMoney,currencyCode}') is null))) end as issues
from portolan.raw_records r
join portolan.raw_records o on o.connection_id = r.connection_id and o.resource = 'orders' and o.external_id = shopify.gid(r.payload #>> '{order,id}')
cross join lateral jsonb_array_elements(unified.arr(r.payload #> '{refundLineItems,nodes}')) with ordinality a(l, n)
where r.platform = 'shopify' and r.resource = 'refund_line_items' and o.platform = 'shopify' and r.platform_updated_at >= o.platform_updated_at
  and jsonb_path_exists(o.payload, '$.refunds[*] ? (@.id == $id && @.refundLineItems.pageInfo.hasNextPage == true)',
                        jsonb_build_object('id', 'gid://shopify/Refund/' || split_part(r.external_id, '/', 1)), true)
  and not exists (
    select from portolan.raw_records q
    where q.connection_id = r.connection_id and q.resource = 'refund_line_items' and q.external_id > split_part(r.external_id, '/', 1) || '/' and q.external_id < r.external_id
      and q.platform_updated_at >= o.platform_updated_at and q.payload #> '{refundLineItems,pageInfo,hasNextPage}' = 'false');
