-- Plans of the time before prices. A recurring price is listed as a plan of the same id, too: that one is left to
-- stripe.prices.
-- feeds: unified.billing_plans
-- rows: plans where id is not in prices
create or replace view stripe.plans as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'billing_plans', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  coalesce(stripe.text(p->'nickname'), stripe.text(p->'name')) as name,
  r.external_id as code,
  stripe.ref(p->'product') as product_platform_id,
  case when p->'active' = 'true' then 'active' when p->'active' = 'false' then 'inactive' when p->>'active' <> '' then 'unknown' end as status,
  p->>'active' as status_raw,
  true as is_recurring,
  stripe.interval_word(p->>'interval') as interval,
  p->>'interval' as interval_raw,
  unified.num(p->'interval_count') as interval_count,
  stripe.money(coalesce(nullif(p->'amount', 'null'), p->'amount_decimal'), p->>'currency') as amount,
  upper(stripe.text(p->'currency')) as currency,
  case when p->>'usage_type' = 'metered' then 'metered' when p->>'tiers_mode' = 'volume' then 'volume' when p->>'billing_scheme' = 'tiered' then 'tiered'
       when coalesce(p->>'billing_scheme', 'per_unit') = 'per_unit' then 'per_unit' else 'unknown' end as pricing_model,
  p->>'billing_scheme' as pricing_model_raw,
  unified.arr(p->'tiers') as tiers,
  unified.num(p->'trial_period_days') as trial_days,
  null::boolean as tax_inclusive,
  'plans'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(p->>'currency') is not null and (unified.num(coalesce(nullif(p->'amount', 'null'), p->'amount_decimal')) is not null
      or (coalesce(coalesce(nullif(p->'amount', 'null'), p->'amount_decimal'), 'null') = 'null' and not (coalesce(p->>'billing_scheme',
      'per_unit') = 'per_unit' and coalesce(p->'custom_unit_amount', 'null') = 'null'))) and stripe.interval_word(p->>'interval') is distinct from 'unknown'
      and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           case when (coalesce(p->>'billing_scheme', 'per_unit') = 'per_unit' and coalesce(p->'custom_unit_amount', 'null') = 'null')
               or coalesce(nullif(p->'amount', 'null'), p->'amount_decimal') <> 'null' then stripe.amount_problem('amount', coalesce(nullif(p->'amount',
               'null'), p->'amount_decimal'), p->'currency') else jsonb_build_array('currency', 'currency_invalid', p->'currency',
               stripe.unit(p->>'currency') is null) end,
           jsonb_build_array('interval', 'enum_unknown', p->'interval', coalesce(stripe.interval_word(p->>'interval') = 'unknown',
               false)))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'plans'
  and not exists (select 1 from portolan.raw_records q where q.connection_id = r.connection_id and q.resource = 'prices' and q.external_id = r.external_id);
