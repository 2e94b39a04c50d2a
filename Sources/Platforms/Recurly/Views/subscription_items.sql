-- What a subscription consists of: its plan, then its add-ons.
-- feeds: unified.billing_subscription_items
-- follows: subscriptions by platform_parent_id, plans by plan_record_platform_id
-- rows: subscriptions, subscriptions.add_ons
create or replace view recurly.subscription_items as
select r.connection_id, 'recurly'::text as platform, x.platform_id,
  unified.id(r.connection_id, 'billing_subscription_items', x.platform_id) as id,
  r.external_id as platform_parent_id,
  coalesce(unified.ts(l->'created_at'), r.platform_created_at) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  unified.id(r.connection_id, 'billing_subscriptions', r.external_id) as subscription_id,
  r.external_id as subscription_platform_id,
  n::numeric as item_index,
  case when n = 0 then recurly.plan_price(recurly.ref(p->'plan'), recurly.currency(p->'currency')) end as plan_platform_id,
  case when n > 0 then recurly.text(l#>'{add_on,item_id}') end as product_platform_id,
  case when l#>>'{add_on,add_on_type}' is distinct from 'usage' then unified.num(l->'quantity') end as quantity,
  case when coalesce(l->>'tier_type', 'flat') = 'flat' then recurly.price(l) end as unit_amount,
  recurly.add_on_amount(l) as amount,
  recurly.currency(p->'currency') as currency,
  recurly.interval_word(q.payload->>'interval_unit') as interval,
  q.payload->>'interval_unit' as interval_raw,
  unified.num(q.payload->'interval_length') as interval_count,
  unified.ts(p->'current_period_started_at') as current_period_start,
  unified.ts(p->'current_period_ends_at') as current_period_end,
  'subscriptions'::text as raw_resource, 1 as mapping_version,
  case when recurly.currency(p->'currency') is not null and (n > 0 or recurly.ref(p->'plan') is not null) and (n = 0 or recurly.text(l->'id') is not null)
      and not r.sanitised
       then '[]'::jsonb
       else recurly.issues(r.sanitised, jsonb_build_array(
           jsonb_build_array('currency', 'currency_invalid', coalesce(p->'currency', 'null'), recurly.currency(p->'currency') is null),
           jsonb_build_array('plan_platform_id', 'reference_missing', coalesce(p->'plan', 'null'), n = 0 and recurly.ref(p->'plan') is null),
           jsonb_build_array('platform_id', 'reference_missing', coalesce(l->'id', 'null'), n > 0 and recurly.text(l->'id') is null))) end as issues,
  recurly.ref(p->'plan') as plan_record_platform_id
from portolan.raw_records r
left join portolan.raw_records q on q.connection_id = r.connection_id and q.resource = 'plans' and q.platform = 'recurly'
  and q.external_id = r.payload#>>'{plan,id}',
lateral (select r.payload #> '{}' as p offset 0) d,
-- The subscription's own members come first, as the item that its plan is.
lateral jsonb_array_elements(jsonb_build_array(jsonb_build_object('unit_amount', p->'unit_amount', 'quantity', p->'quantity'))
  || coalesce(unified.arr(p->'add_ons'), '[]')) with ordinality a(l, place),
lateral (select place - 1 as n offset 0) o,
lateral (select case when n = 0 then r.external_id || ':plan' else coalesce(recurly.text(l->'id'), r.external_id || ':' || n) end as platform_id offset 0) x
where r.platform = 'recurly' and r.resource = 'subscriptions';
