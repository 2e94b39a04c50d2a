-- Subscriptions, in the shape before and after 2025-03-31 (period and plan at the top, or on the items). What is paid a
-- month is NULL for tiered prices, several currencies and lists that are cut short.
-- feeds: unified.billing_subscriptions
create or replace view stripe.subscriptions as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'billing_subscriptions', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created'), unified.epoch(p->'start')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  stripe.ref(p->'customer') as customer_platform_id,
  stripe.subscription_status(p->>'status') as status,
  p->>'status' as status_raw,
  upper(coalesce(stripe.text(p->'currency'), p#>>'{items,data,0,price,currency}', p#>>'{items,data,0,plan,currency}', p#>>'{plan,currency}')) as currency,
  coalesce(unified.epoch(p->'start_date'), unified.epoch(p->'start'), unified.epoch(p->'created')) as started_at,
  coalesce(unified.epoch(p->'current_period_start'),
    case when not coalesce(jsonb_path_exists(p, '$.items.data[*].current_period_start ? (@ != $first)', jsonb_build_object('first',
        p#>'{items,data,0,current_period_start}'), true), false)
         then unified.epoch(p#>'{items,data,0,current_period_start}') end) as current_period_start,
  coalesce(unified.epoch(p->'current_period_end'),
    case when not coalesce(jsonb_path_exists(p, '$.items.data[*].current_period_end ? (@ != $first)', jsonb_build_object('first',
        p#>'{items,data,0,current_period_end}'), true), false)
         then unified.epoch(p#>'{items,data,0,current_period_end}') end) as current_period_end,
  unified.epoch(p->'trial_start') as trial_start,
  unified.epoch(p->'trial_end') as trial_end,
  unified.bool(p->'cancel_at_period_end') as cancel_at_period_end,
  unified.epoch(p->'cancel_at') as cancel_at,
  unified.epoch(p->'canceled_at') as canceled_at,
  unified.epoch(p->'ended_at') as ended_at,
  jsonb_typeof(p->'pause_collection') = 'object' as is_collection_paused,
  unified.epoch(p#>'{pause_collection,resumes_at}') as pause_resumes_at,
  stripe.collection_method(coalesce(p->>'collection_method', p->>'billing')) as collection_method,
  coalesce(p->>'collection_method', p->>'billing') as collection_method_raw,
  case when p->>'status' in ('canceled', 'incomplete_expired') then false when p->'cancel_at_period_end' = 'true' then false
       when unified.epoch(p->'cancel_at') is not null then false when p->'cancel_at_period_end' = 'false' then true end as auto_renew,
  case when p#>'{items,has_more}' = 'false' then (select case when bool_and(m is not null) and count(distinct c) = 1 then round(sum(m), 4) end from (
      select lower(coalesce(i#>>'{price,currency}', i#>>'{plan,currency}')) as c,
        stripe.money(coalesce(nullif(i#>'{price,unit_amount}', 'null'), i#>'{price,unit_amount_decimal}', i#>'{plan,amount}'),
            coalesce(i#>>'{price,currency}', i#>>'{plan,currency}'))
          * coalesce(unified.num(i->'quantity'), 1) * case coalesce(i#>>'{price,recurring,interval}',
              i#>>'{plan,interval}') when 'month' then 1 when 'year' then 1/12::numeric when 'week' then 52/12::numeric when 'day' then 365/12::numeric end
          / nullif(coalesce(unified.num(coalesce(i#>'{price,recurring,interval_count}', i#>'{plan,interval_count}')), 1), 0) as m
      from jsonb_array_elements(unified.arr(p#>'{items,data}')) i) x) end as mrr_amount,
  p#>>'{cancellation_details,reason}' as cancel_reason,
  stripe.ref(p->'latest_invoice') as latest_invoice_platform_id,
  case when p#>'{items,has_more}' = 'true' then exists (
         select 1 from portolan.raw_records q where q.connection_id = r.connection_id and q.resource = 'subscription_items'
             and q.external_id > r.external_id || '/' and q.external_id < r.external_id || '0' and q.deleted_at is null
             and q.payload->'has_more' = 'false')
       else jsonb_typeof(p#>'{items,data}') = 'array' or jsonb_typeof(p->'items') = 'array' end as items_complete,
  'subscriptions'::text as raw_resource, 1 as mapping_version,
  case when p->>'status' <> '' and stripe.subscription_status(p->>'status') is distinct from 'unknown' and stripe.ref(p->'customer') is not null
      and (coalesce(p->>'currency', '') = '' or stripe.unit(p->>'currency') is not null) and jsonb_typeof(p->'items') = 'object' and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           jsonb_build_array('status', 'enum_unknown', p->'status', coalesce(stripe.subscription_status(p->>'status'), 'unknown') = 'unknown'),
           jsonb_build_array('customer_platform_id', 'reference_missing', p->'customer', stripe.ref(p->'customer') is null),
           jsonb_build_array('currency', 'currency_invalid', p->'currency', coalesce(p->>'currency', '') <> '' and stripe.unit(p->>'currency') is null),
           jsonb_build_array('items', 'typecast_error', p->'items', coalesce(jsonb_typeof(p->'items') <> 'object',
               true)))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'subscriptions';
