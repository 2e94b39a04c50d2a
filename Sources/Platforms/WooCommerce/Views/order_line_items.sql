-- Lines of orders: goods, shipping and fees, each with an identifier of its own. Amounts are without tax.
-- feeds: unified.commerce_order_line_items
-- rows: orders.line_items, orders.shipping_lines, orders.fee_lines
create or replace view woocommerce.order_line_items as
select r.connection_id, 'woocommerce'::text as platform, coalesce(woocommerce.ref(l->'id'), r.external_id || ':' || type || ':' || (n - 1)) as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', coalesce(woocommerce.ref(l->'id'), r.external_id || ':' || type || ':' || (n - 1))) as id,
  r.external_id as platform_parent_id, r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'orders'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  (n - 1)::numeric as line_index, type, woocommerce.ref(l->'id') is null as platform_id_is_synthetic,
  unified.id(r.connection_id, 'commerce_products', woocommerce.ref(product)) as product_id, woocommerce.ref(product) as product_platform_id,
  coalesce(woocommerce.ref(variant), woocommerce.ref(product)) as variant_platform_id,
  woocommerce.text(sku) as sku, woocommerce.plain(name) as title,
  unified.num(quantity) as quantity,
  case when type = 'product' then woocommerce.quotient(unified.num(subtotal), unified.num(quantity)) else unified.num(l, 'total') end as unit_amount,
  case when type = 'product' then unified.num(subtotal) - unified.num(l, 'total') else 0 end as discount_amount,
  unified.num(l, 'total_tax') as tax_amount, unified.num(l, 'total') as total_amount,
  woocommerce.currency(order_currency) as currency, woocommerce.taxes(l->'taxes') as taxes,
  case when not r.sanitised and woocommerce.ref(l->'id') is not null and unified.num(quantity) is not null and unified.num(l, 'total') is not null
        and woocommerce.currency(order_currency) is not null
       then '[]'::jsonb
       else woocommerce.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'id', woocommerce.ref(l->'id') is null),
         jsonb_build_array('quantity', 'typecast_error', l->'quantity', unified.num(quantity) is null),
         jsonb_build_array('total_amount', 'typecast_error', l->'total', unified.num(l, 'total') is null),
         jsonb_build_array('currency', 'currency_invalid', currency_field, woocommerce.currency(order_currency) is null))) end as issues
from portolan.raw_records r
-- One walk over the order: a branch for each kind of line would unpack it once more for each.
cross join lateral (
  select a.*, p->>'currency' as order_currency, p->'currency' as currency_field
  from (select r.payload #> '{}' as p offset 0) x
  cross join lateral (
    select 'product'::text as type, l, n, l->'product_id' as product, l->'variation_id' as variant, l->'sku' as sku, l->'name' as name,
      l->'quantity' as quantity, l->'subtotal' as subtotal
    from jsonb_array_elements(unified.arr(p->'line_items')) with ordinality a(l, n)
    union all
    select 'shipping', l, n, null, null, l->'method_id', l->'method_title', '1', null
    from jsonb_array_elements(unified.arr(p->'shipping_lines')) with ordinality a(l, n)
    union all
    select 'fee', l, n, null, null, null, l->'name', '1', null
    from jsonb_array_elements(unified.arr(p->'fee_lines')) with ordinality a(l, n)) a
  offset 0) d
where r.platform = 'woocommerce' and r.resource = 'orders';
