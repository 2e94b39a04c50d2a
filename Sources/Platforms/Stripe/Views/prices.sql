-- Prices: what a product costs, once or again and again.
-- feeds: unified.billing_plans
create or replace view stripe.prices as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'billing_plans', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  coalesce(stripe.text(p->'nickname'), stripe.text(p->'name')) as name,
  stripe.text(p->'lookup_key') as code,
  stripe.ref(p->'product') as product_platform_id,
  case when p->'active' = 'true' then 'active' when p->'active' = 'false' then 'inactive' when p->>'active' <> '' then 'unknown' end as status,
  p->>'active' as status_raw,
  coalesce(p->>'type' = 'recurring', jsonb_typeof(p->'recurring') = 'object') as is_recurring,
  stripe.interval_word(p#>>'{recurring,interval}') as interval,
  p#>>'{recurring,interval}' as interval_raw,
  unified.num(p#>'{recurring,interval_count}') as interval_count,
  stripe.money(coalesce(nullif(p->'unit_amount', 'null'), p->'unit_amount_decimal'), p->>'currency') as amount,
  upper(stripe.text(p->'currency')) as currency,
  case when p#>>'{recurring,usage_type}' = 'metered' then 'metered' when p->>'tiers_mode' = 'volume' then 'volume' when p->>'billing_scheme' = 'tiered' then 'tiered'
       when coalesce(p->>'billing_scheme', 'per_unit') = 'per_unit' then 'per_unit' else 'unknown' end as pricing_model,
  p->>'billing_scheme' as pricing_model_raw,
  unified.arr(p->'tiers') as tiers,
  unified.num(p#>'{recurring,trial_period_days}') as trial_days,
  case p->>'tax_behavior' when 'inclusive' then true when 'exclusive' then false end as tax_inclusive,
  'prices'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(p->>'currency') is not null and (unified.num(coalesce(nullif(p->'unit_amount', 'null'), p->'unit_amount_decimal')) is not null
      or (coalesce(coalesce(nullif(p->'unit_amount', 'null'), p->'unit_amount_decimal'), 'null') = 'null' and not (coalesce(p->>'billing_scheme',
      'per_unit') = 'per_unit' and coalesce(p->'custom_unit_amount', 'null') = 'null')))
      and stripe.interval_word(p#>>'{recurring,interval}') is distinct from 'unknown' and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           case when (coalesce(p->>'billing_scheme', 'per_unit') = 'per_unit' and coalesce(p->'custom_unit_amount', 'null') = 'null')
               or coalesce(nullif(p->'unit_amount', 'null'), p->'unit_amount_decimal') <> 'null' then stripe.amount_problem('amount',
               coalesce(nullif(p->'unit_amount', 'null'), p->'unit_amount_decimal'), p->'currency') else jsonb_build_array('currency', 'currency_invalid',
               p->'currency', stripe.unit(p->>'currency') is null) end,
           jsonb_build_array('interval', 'enum_unknown', p#>'{recurring,interval}', coalesce(stripe.interval_word(p#>>'{recurring,interval}') = 'unknown',
               false)))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'prices';
