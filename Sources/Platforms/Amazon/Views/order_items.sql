-- Items of orders. Amazon gives the price of the whole line; without amounts as long as the order has none.
-- feeds: unified.commerce_order_line_items
-- may be empty: order_id in (select id from amazon.orders where status in ('pending', 'cancelled'))
create or replace view amazon.order_items as
select r.connection_id, 'amazon'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_order_line_items', r.external_id) as id,
  split_part(r.external_id, '/', 1) as platform_parent_id, o.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, o.deleted_at is not null as is_deleted, o.deleted_at, o.deletion_source,
  'order_items'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', split_part(r.external_id, '/', 1)) as order_id, split_part(r.external_id, '/', 1) as order_platform_id,
  'product'::text as type, false as platform_id_is_synthetic,
  unified.id(r.connection_id, 'commerce_products', amazon.listing(o.payload->>'MarketplaceId', p->>'SellerSKU')) as product_id,
  amazon.listing(o.payload->>'MarketplaceId', p->>'SellerSKU') as product_platform_id,
  amazon.listing(o.payload->>'MarketplaceId', p->>'SellerSKU') as variant_platform_id,
  nullif(p->>'SellerSKU', '') as sku, nullif(p->>'Title', '') as title,
  unified.num(p->'QuantityOrdered') as quantity, unified.num(p->'QuantityShipped') as fulfilled_quantity,
  case when unified.num(p->'QuantityOrdered') > 0 then round(unified.num(p #> '{ItemPrice,Amount}') / unified.num(p->'QuantityOrdered'), 4) end as unit_amount,
  unified.num(p #> '{PromotionDiscount,Amount}') as discount_amount, unified.num(p #> '{ItemTax,Amount}') as tax_amount,
  unified.num(p #> '{ItemPrice,Amount}') - coalesce(unified.num(p #> '{PromotionDiscount,Amount}'), 0) as total_amount,
  case when p #> '{ItemPrice,CurrencyCode}' is not null then amazon.currency(p #>> '{ItemPrice,CurrencyCode}') else amazon.marketplace_currency(o.payload->>'MarketplaceId') end as currency,
  case when not r.sanitised and unified.num(p->'QuantityOrdered') is not null
        and (unified.num(p #> '{ItemPrice,Amount}') is not null and amazon.currency(p #>> '{ItemPrice,CurrencyCode}') is not null
             or p->'ItemPrice' is null and amazon.has_no_money(o.payload->>'OrderStatus') and amazon.marketplace_currency(o.payload->>'MarketplaceId') is not null)
       then '[]'::jsonb
       else amazon.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('quantity', 'typecast_error', p->'QuantityOrdered', unified.num(p->'QuantityOrdered') is null),
         jsonb_build_array('total_amount', 'typecast_error', coalesce(p #> '{ItemPrice,Amount}', p->'ItemPrice'),
           unified.num(p #> '{ItemPrice,Amount}') is null and not (p->'ItemPrice' is null and amazon.has_no_money(o.payload->>'OrderStatus'))),
         jsonb_build_array('currency', 'currency_invalid', p #> '{ItemPrice,CurrencyCode}',
           case when p #> '{ItemPrice,CurrencyCode}' is not null then amazon.currency(p #>> '{ItemPrice,CurrencyCode}') else amazon.marketplace_currency(o.payload->>'MarketplaceId') end is null))) end as issues,
  nullif(p->>'ASIN', '') as asin
from portolan.raw_records r
left join portolan.raw_records o on o.connection_id = r.connection_id and o.resource = 'orders' and o.external_id = split_part(r.external_id, '/', 1)
cross join lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'amazon' and r.resource = 'order_items';
