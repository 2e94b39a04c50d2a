-- Subscriptions. How often one is paid for stands in its plan, so the plan is looked up. What is paid a month is NULL
-- for ramps, add-ons with tiers, and plans that are not here.
-- feeds: unified.billing_subscriptions
-- follows: subscriptions by platform_id, plans by plan_platform_id
create or replace view recurly.subscriptions as
select r.connection_id, 'recurly'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'billing_subscriptions', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  recurly.ref(p->'account') as customer_platform_id,
  recurly.subscription_status(p->>'state', unified.ts(p->'expires_at'), unified.ts(p->'trial_ends_at'), r.fetched_at) as status,
  p->>'state' as status_raw,
  recurly.currency(p->'currency') as currency,
  coalesce(unified.ts(p->'activated_at'), case when p->>'state' <> 'future' then unified.ts(p->'created_at') end) as started_at,
  unified.ts(p->'current_period_started_at') as current_period_start,
  unified.ts(p->'current_period_ends_at') as current_period_end,
  unified.ts(p->'trial_started_at') as trial_start,
  unified.ts(p->'trial_ends_at') as trial_end,
  case p->>'state' when 'canceled' then coalesce(unified.ts(p->'expires_at') <= unified.ts(p->'current_period_ends_at'), true)
       when 'active' then p->'auto_renew' = 'false' and p->'remaining_billing_cycles' = '0' else false end as cancel_at_period_end,
  case when p->>'state' = 'canceled' then unified.ts(p->'expires_at') end as cancel_at,
  unified.ts(p->'canceled_at') as canceled_at,
  case when p->>'state' in ('expired', 'failed') then unified.ts(p->'expires_at') end as ended_at,
  unified.ts(p->'paused_at') as paused_at,
  unified.ts(p->'resume_at') as pause_resumes_at,
  recurly.collection_method(p->>'collection_method') as collection_method,
  p->>'collection_method' as collection_method_raw,
  case when p->>'state' in ('canceled', 'expired', 'failed') then false else unified.bool(p->'auto_renew') end as auto_renew,
  unified.num(p->'total_billing_cycles') as billing_cycles_total,
  unified.num(p->'remaining_billing_cycles') as billing_cycles_remaining,
  case when coalesce(unified.arr(p->'ramp_intervals'), '[]') = '[]' then round((
      recurly.price(p) * coalesce(unified.num(p->'quantity'), 1) + recurly.add_ons_total(p->'add_ons'))
      * case q.payload->>'interval_unit' when 'months' then 1 when 'days' then 365/12::numeric end
      / nullif(coalesce(unified.num(q.payload->'interval_length'), 1), 0), 4) end as mrr_amount,
  recurly.text(p->'expiration_reason') as cancel_reason,
  recurly.text(p->'active_invoice_id') as latest_invoice_platform_id,
  jsonb_typeof(p->'add_ons') = 'array' as items_complete,
  'subscriptions'::text as raw_resource, 1 as mapping_version,
  case when recurly.subscription_status(p->>'state', null, null, null) <> 'unknown' and recurly.ref(p->'account') is not null
      and recurly.currency(p->'currency') is not null and recurly.price(p) is not null and recurly.collection_method(p->>'collection_method') is distinct from 'unknown'
      and jsonb_typeof(p->'add_ons') = 'array' and not r.sanitised
       then '[]'::jsonb
       else recurly.issues(r.sanitised, jsonb_build_array(
           jsonb_build_array('status', 'enum_unknown', coalesce(p->'state', 'null'),
               coalesce(recurly.subscription_status(p->>'state', null, null, null), 'unknown') = 'unknown'),
           jsonb_build_array('customer_platform_id', 'reference_missing', coalesce(p->'account', 'null'), recurly.ref(p->'account') is null),
           jsonb_build_array('currency', 'currency_invalid', coalesce(p->'currency', 'null'), recurly.currency(p->'currency') is null),
           jsonb_build_array('mrr_amount', 'typecast_error', coalesce(p->'unit_amount', 'null'), recurly.price(p) is null),
           jsonb_build_array('collection_method', 'enum_unknown', p->'collection_method',
               coalesce(recurly.collection_method(p->>'collection_method') = 'unknown', false)),
           jsonb_build_array('items', 'typecast_error', coalesce(p->'add_ons', 'null'), jsonb_typeof(p->'add_ons') is distinct from 'array'))) end as issues,
  recurly.ref(p->'plan') as plan_platform_id
from portolan.raw_records r
left join portolan.raw_records q on q.connection_id = r.connection_id and q.resource = 'plans' and q.platform = 'recurly'
  and q.external_id = r.payload#>>'{plan,id}',
lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'recurly' and r.resource = 'subscriptions';
