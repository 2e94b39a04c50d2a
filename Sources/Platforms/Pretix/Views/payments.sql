-- Payments of orders. pretix calls them by the order and a number: ABCDE-P-1.
-- feeds: unified.payment_transactions
-- follows: order_payments by order_platform_id, events by event_platform_id
-- rows: order_payments.payments
create or replace view pretix.payments as
select r.connection_id, 'pretix'::text as platform, r.external_id || '-P-' || coalesce(pretix.ref(l->'local_id'), 'n' || n) as platform_id,
  unified.id(r.connection_id, 'payment_transactions', r.external_id || '-P-' || coalesce(pretix.ref(l->'local_id'), 'n' || n)) as id,
  r.external_id as platform_parent_id, unified.ts(l->'created') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  unified.bool(r.payload->'testmode') as is_test, 'order_payments'::text as raw_resource, 1 as mapping_version,
  unified.id(r.connection_id, 'commerce_orders', r.external_id) as order_id, r.external_id as order_platform_id,
  unified.num(l->'amount') as amount, pretix.currency(e.payload->>'currency') as currency, nullif(l->>'state', '') as status_raw,
  'sale'::text as kind, unified.word('{"created":"pending","pending":"pending","confirmed":"succeeded","refunded":"succeeded","failed":"failed","canceled":"cancelled"}', l->>'state') as status, 'in'::text as direction,
  pretix.text(r.payload->'customer') as customer_platform_id,
  coalesce(unified.ts(l->'payment_date'), unified.ts(l->'created')) as processed_at, pretix.text(l->'provider') as gateway,
  unified.word('{"banktransfer":"bank_transfer","giftcard":"gift_card","manual":"other","cash":"cash","free":"other","offsetting":"other","stripe_cc":"card","stripe":"card","paypal":"wallet","paypal_wallet":"wallet"}', l->>'provider') as payment_method_type, pretix.text(l->'provider') as payment_method_type_raw,
  case when not r.sanitised and pretix.ref(l->'local_id') is not null and unified.num(l->'amount') is not null and pretix.currency(e.payload->>'currency') is not null
        and coalesce('["created","pending","confirmed","refunded","failed","canceled"]'::jsonb ? (l->>'state'), false)
       then '[]'::jsonb
       else pretix.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('platform_id', 'typecast_error', l->'local_id', pretix.ref(l->'local_id') is null),
         jsonb_build_array('amount', 'typecast_error', l->'amount', unified.num(l->'amount') is null),
         jsonb_build_array('currency', 'currency_invalid', e.payload->'currency', pretix.currency(e.payload->>'currency') is null),
         jsonb_build_array('status', 'enum_unknown', l->'state', not coalesce('["created","pending","confirmed","refunded","failed","canceled"]'::jsonb ? (l->>'state'), false)))) end as issues,
  pretix.text(r.payload->'event') as event_platform_id
from portolan.raw_records r
cross join lateral jsonb_array_elements(unified.arr(r.payload->'payments')) with ordinality a(l, n)
left join portolan.raw_records e on e.connection_id = r.connection_id and e.resource = 'events' and e.external_id = pretix.text(r.payload->'event') and e.platform = 'pretix'
where r.platform = 'pretix' and r.resource = 'order_payments';
