-- Orders of Amazon sellers. Before its payment is authorised an order shows no amounts, and a cancelled one may never.
-- feeds: unified.commerce_orders
-- may be empty: status in ('pending', 'cancelled')
create or replace view amazon.orders as
select r.connection_id, 'amazon'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'PurchaseDate')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'orders'::text as raw_resource, 1 as mapping_version,
  coalesce(nullif(p->>'SellerOrderId', ''), r.external_id) as order_number,
  unified.word('{"Pending":"pending","PendingAvailability":"pending","Unshipped":"open","InvoiceUnconfirmed":"open","PartiallyShipped":"open","Shipped":"completed","Canceled":"cancelled","Unfulfillable":"failed"}', p->>'OrderStatus') as status,
  p->>'OrderStatus' as status_raw,
  unified.word('{"Pending":"pending","PendingAvailability":"pending","Unshipped":"paid","InvoiceUnconfirmed":"paid","PartiallyShipped":"paid","Shipped":"paid","Canceled":"voided","Unfulfillable":"unknown"}', p->>'OrderStatus') as payment_status,
  unified.word('{"Pending":"unfulfilled","PendingAvailability":"unfulfilled","Unshipped":"unfulfilled","InvoiceUnconfirmed":"unfulfilled","PartiallyShipped":"partially_fulfilled","Shipped":"fulfilled","Canceled":"not_required","Unfulfillable":"unfulfilled"}', p->>'OrderStatus') as fulfillment_status,
  p->>'OrderStatus' as fulfillment_status_raw,
  coalesce(unified.ts(p->'PurchaseDate'), r.platform_created_at) as placed_at,
  case when p #> '{OrderTotal,CurrencyCode}' is not null then amazon.currency(p #>> '{OrderTotal,CurrencyCode}') else amazon.marketplace_currency(p->>'MarketplaceId') end as currency,
  unified.num(p #> '{OrderTotal,Amount}') as total_amount,
  nullif(p #>> '{BuyerInfo,BuyerEmail}', '') as customer_email,
  case when jsonb_typeof(p->'ShippingAddress') = 'object' then jsonb_build_object(
    'name', nullif(p #>> '{ShippingAddress,Name}', ''), 'line1', nullif(p #>> '{ShippingAddress,AddressLine1}', ''), 'line2', nullif(p #>> '{ShippingAddress,AddressLine2}', ''),
    'city', nullif(p #>> '{ShippingAddress,City}', ''), 'region', nullif(p #>> '{ShippingAddress,StateOrRegion}', ''), 'postal_code', nullif(p #>> '{ShippingAddress,PostalCode}', ''),
    'country_code', case when p #>> '{ShippingAddress,CountryCode}' ~ '^[A-Z]{2}$' then p #>> '{ShippingAddress,CountryCode}' end, 'phone', nullif(p #>> '{ShippingAddress,Phone}', ''), 'type', 'shipping') end as shipping_address,
  'marketplace'::text as sales_channel, nullif(p->>'SalesChannel', '') as sales_channel_raw,
  amazon.flag(p->'IsBusinessOrder') as is_business_order,
  -- The items are asked for after the order: complete when they are no older.
  exists (select from portolan.raw_records q
          where q.connection_id = r.connection_id and q.resource = 'order_items' and q.external_id > r.external_id || '/' and q.external_id < r.external_id || '0'
            and (q.platform_updated_at >= r.platform_updated_at) is true) as line_items_complete,
  case when not r.sanitised and unified.ts(p->'PurchaseDate') is not null
        and (unified.num(p #> '{OrderTotal,Amount}') is not null and amazon.currency(p #>> '{OrderTotal,CurrencyCode}') is not null
             or p->'OrderTotal' is null and amazon.has_no_money(p->>'OrderStatus') and amazon.marketplace_currency(p->>'MarketplaceId') is not null)
        and '["Pending","PendingAvailability","Unshipped","InvoiceUnconfirmed","PartiallyShipped","Shipped","Canceled","Unfulfillable"]'::jsonb ? (p->>'OrderStatus')
       then '[]'::jsonb
       else amazon.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('placed_at', 'typecast_error', p->'PurchaseDate', unified.ts(p->'PurchaseDate') is null),
         jsonb_build_array('total_amount', 'typecast_error', coalesce(p #> '{OrderTotal,Amount}', p->'OrderTotal'),
           unified.num(p #> '{OrderTotal,Amount}') is null and not (p->'OrderTotal' is null and amazon.has_no_money(p->>'OrderStatus'))),
         jsonb_build_array('currency', 'currency_invalid', p #> '{OrderTotal,CurrencyCode}',
           case when p #> '{OrderTotal,CurrencyCode}' is not null then amazon.currency(p #>> '{OrderTotal,CurrencyCode}') else amazon.marketplace_currency(p->>'MarketplaceId') end is null),
         jsonb_build_array('status', 'enum_unknown', p->'OrderStatus',
           not coalesce('["Pending","PendingAvailability","Unshipped","InvoiceUnconfirmed","PartiallyShipped","Shipped","Canceled","Unfulfillable"]'::jsonb ? (p->>'OrderStatus'), false)))) end as issues,
  p->>'MarketplaceId' as marketplace_id, p->>'FulfillmentChannel' as fulfillment_channel, nullif(p->>'ReplacedOrderId', '') as replaced_order_platform_id
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'amazon' and r.resource = 'orders';
