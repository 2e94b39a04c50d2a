-- Plans, one row a price: a plan has one in each currency, and more for segments of customers. A ramp, whose price changes
-- with time, has no amount.
-- feeds: unified.billing_plans
-- rows: plans.currencies or ramp_intervals.0.currencies or one
create or replace view recurly.plans as
select r.connection_id, 'recurly'::text as platform, x.platform_id,
  unified.id(r.connection_id, 'billing_plans', x.platform_id) as id,
  r.external_id as platform_parent_id,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  recurly.text(p->'name') as name,
  recurly.text(p->'code') as code,
  recurly.plan_status(p->>'state') as status,
  p->>'state' as status_raw,
  true as is_recurring,
  recurly.interval_word(p->>'interval_unit') as interval,
  p->>'interval_unit' as interval_raw,
  unified.num(p->'interval_length') as interval_count,
  case when p->>'pricing_model' is distinct from 'ramp' then recurly.price(l) end as amount,
  recurly.currency(l->'currency') as currency,
  case when coalesce(p->>'pricing_model', 'fixed') = 'fixed' then 'per_unit' else 'unknown' end as pricing_model,
  p->>'pricing_model' as pricing_model_raw,
  nullif(unified.arr(p->'ramp_intervals'), '[]') as tiers,
  coalesce(unified.num(l->'setup_fee'), recurly.setup_fee(p, recurly.currency(l->'currency'))) as setup_fee_amount,
  case p->>'trial_unit' when 'days' then unified.num(p->'trial_length') end as trial_days,
  unified.num(p->'total_billing_cycles') as total_cycles,
  unified.bool(l->'tax_inclusive') as tax_inclusive,
  'plans'::text as raw_resource, 1 as mapping_version,
  case when recurly.currency(l->'currency') is not null and (recurly.price(l) is not null or p->>'pricing_model' = 'ramp')
      and recurly.plan_status(p->>'state') <> 'unknown' and recurly.interval_word(p->>'interval_unit') <> 'unknown'
      and coalesce(p->>'pricing_model', 'fixed') in ('fixed', 'ramp') and not r.sanitised
       then '[]'::jsonb
       else recurly.issues(r.sanitised, jsonb_build_array(
           jsonb_build_array('currency', 'currency_invalid', coalesce(l->'currency', 'null'), recurly.currency(l->'currency') is null),
           jsonb_build_array('amount', 'typecast_error', coalesce(l->'unit_amount', 'null'),
               recurly.price(l) is null and p->>'pricing_model' is distinct from 'ramp'),
           jsonb_build_array('status', 'enum_unknown', coalesce(p->'state', 'null'), coalesce(recurly.plan_status(p->>'state'), 'unknown') = 'unknown'),
           jsonb_build_array('interval', 'enum_unknown', coalesce(p->'interval_unit', 'null'),
               coalesce(recurly.interval_word(p->>'interval_unit'), 'unknown') = 'unknown'),
           jsonb_build_array('pricing_model', 'enum_unknown', p->'pricing_model', coalesce(p->>'pricing_model', 'fixed') not in ('fixed', 'ramp')))) end as issues,
  recurly.text(l->'price_segment_id') as price_segment_platform_id
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d,
lateral jsonb_array_elements(recurly.pricings(p)) with ordinality a(l, n),
-- What has no currency, or one that stands before it already, has its place in the list.
lateral (select r.external_id || ':' || coalesce(recurly.price_key(l), 'none') || case when recurly.price_key(l) is null or exists (
    select from jsonb_array_elements(recurly.pricings(p)) with ordinality b(e, m) where m < n and recurly.price_key(e) = recurly.price_key(l))
    then ':' || (n - 1) else '' end as platform_id offset 0) x
where r.platform = 'recurly' and r.resource = 'plans';
