-- The items of subscriptions: those in the subscription itself, or, where there are more than fit into it, those of the
-- pages fetched beside it.
-- feeds: unified.billing_subscription_items
-- rows: subscriptions.items.data in pages subscription_items.data where items.has_more
create or replace view stripe.subscription_items as
select r.connection_id, 'stripe'::text as platform, coalesce(stripe.text(l->'id'), r.external_id || ':item:' || (n - 1)::numeric) as platform_id,
  unified.id(r.connection_id, 'billing_subscription_items', coalesce(stripe.text(l->'id'), r.external_id || ':item:' || (n - 1)::numeric)) as id,
  r.external_id as platform_parent_id,
  unified.epoch(l->'created') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(coalesce(l#>'{price,livemode}', l#>'{plan,livemode}')) as is_test,
  r.external_id as subscription_platform_id,
  unified.id(r.connection_id, 'billing_subscriptions', r.external_id) as subscription_id,
  (n - 1)::numeric as item_index,
  coalesce(stripe.ref(l->'price'), stripe.ref(l->'plan')) as plan_platform_id,
  coalesce(stripe.ref(l#>'{price,product}'), stripe.ref(l#>'{plan,product}')) as product_platform_id,
  unified.num(l->'quantity') as quantity,
  stripe.money(coalesce(nullif(l#>'{price,unit_amount}', 'null'), l#>'{price,unit_amount_decimal}', l#>'{plan,amount}'), coalesce(l#>>'{price,currency}',
      l#>>'{plan,currency}')) as unit_amount,
  stripe.money(coalesce(nullif(l#>'{price,unit_amount}', 'null'), l#>'{price,unit_amount_decimal}', l#>'{plan,amount}'), coalesce(l#>>'{price,currency}',
      l#>>'{plan,currency}')) * coalesce(unified.num(l->'quantity'), 1) as amount,
  upper(coalesce(l#>>'{price,currency}', l#>>'{plan,currency}')) as currency,
  stripe.interval_word(coalesce(l#>>'{price,recurring,interval}', l#>>'{plan,interval}')) as interval,
  coalesce(l#>>'{price,recurring,interval}', l#>>'{plan,interval}') as interval_raw,
  coalesce(unified.num(l#>'{price,recurring,interval_count}'), unified.num(l#>'{plan,interval_count}')) as interval_count,
  unified.epoch(l->'current_period_start') as current_period_start,
  unified.epoch(l->'current_period_end') as current_period_end,
  'subscriptions'::text as raw_resource, 1 as mapping_version,
  case when stripe.text(l->'id') is not null and coalesce(stripe.ref(l->'price'), stripe.ref(l->'plan')) is not null
      and stripe.unit(coalesce(l#>>'{price,currency}', l#>>'{plan,currency}')) is not null and stripe.interval_word(coalesce(l#>>'{price,recurring,interval}',
      l#>>'{plan,interval}')) is distinct from 'unknown' and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           jsonb_build_array('platform_id', 'reference_missing', l->'id', stripe.text(l->'id') is null),
           jsonb_build_array('plan_platform_id', 'reference_missing', coalesce(l->'price', l->'plan'), coalesce(stripe.ref(l->'price'),
               stripe.ref(l->'plan')) is null),
           jsonb_build_array('currency', 'currency_invalid', to_jsonb(coalesce(l#>>'{price,currency}', l#>>'{plan,currency}')),
               stripe.unit(coalesce(l#>>'{price,currency}', l#>>'{plan,currency}')) is null),
           jsonb_build_array('interval', 'enum_unknown', to_jsonb(coalesce(l#>>'{price,recurring,interval}', l#>>'{plan,interval}')),
               coalesce(stripe.interval_word(coalesce(l#>>'{price,recurring,interval}', l#>>'{plan,interval}')) = 'unknown',
               false)))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(coalesce(r.payload#>'{items,data}', r.payload->'items'))) with ordinality a(l, n)
where r.platform = 'stripe' and r.resource = 'subscriptions'
  -- A scalar sub-select: NOT EXISTS behind OR may be planned as a hash of this resource's pages of all connections.
  and (r.payload#>'{items,has_more}' is distinct from 'true' or (
    select q.external_id from portolan.raw_records q where q.connection_id = r.connection_id and q.resource = 'subscription_items'
        and q.external_id = r.external_id || '/0001') is null)
union all
select r.connection_id, 'stripe'::text as platform, coalesce(stripe.text(l->'id'), split_part(r.external_id, '/',
    1) || ':item:' || ((case when split_part(r.external_id, '/', 2) ~ '^[0-9]{1,6}$' then split_part(r.external_id, '/',
    2)::int else 1 end - 1) * 100 + n - 1)::numeric) as platform_id,
  unified.id(r.connection_id, 'billing_subscription_items', coalesce(stripe.text(l->'id'), split_part(r.external_id, '/',
      1) || ':item:' || ((case when split_part(r.external_id, '/', 2) ~ '^[0-9]{1,6}$' then split_part(r.external_id, '/',
      2)::int else 1 end - 1) * 100 + n - 1)::numeric)) as id,
  split_part(r.external_id, '/', 1) as platform_parent_id,
  unified.epoch(l->'created') as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, coalesce(q.deleted_at, r.deleted_at) is not null as is_deleted, coalesce(q.deleted_at,
      r.deleted_at) as deleted_at, coalesce(q.deletion_source, r.deletion_source) as deletion_source,
  stripe.is_test(coalesce(l#>'{price,livemode}', l#>'{plan,livemode}')) as is_test,
  split_part(r.external_id, '/', 1) as subscription_platform_id,
  unified.id(r.connection_id, 'billing_subscriptions', split_part(r.external_id, '/', 1)) as subscription_id,
  ((case when split_part(r.external_id, '/', 2) ~ '^[0-9]{1,6}$' then split_part(r.external_id, '/',
      2)::int else 1 end - 1) * 100 + n - 1)::numeric as item_index,
  coalesce(stripe.ref(l->'price'), stripe.ref(l->'plan')) as plan_platform_id,
  coalesce(stripe.ref(l#>'{price,product}'), stripe.ref(l#>'{plan,product}')) as product_platform_id,
  unified.num(l->'quantity') as quantity,
  stripe.money(coalesce(nullif(l#>'{price,unit_amount}', 'null'), l#>'{price,unit_amount_decimal}', l#>'{plan,amount}'), coalesce(l#>>'{price,currency}',
      l#>>'{plan,currency}')) as unit_amount,
  stripe.money(coalesce(nullif(l#>'{price,unit_amount}', 'null'), l#>'{price,unit_amount_decimal}', l#>'{plan,amount}'), coalesce(l#>>'{price,currency}',
      l#>>'{plan,currency}')) * coalesce(unified.num(l->'quantity'), 1) as amount,
  upper(coalesce(l#>>'{price,currency}', l#>>'{plan,currency}')) as currency,
  stripe.interval_word(coalesce(l#>>'{price,recurring,interval}', l#>>'{plan,interval}')) as interval,
  coalesce(l#>>'{price,recurring,interval}', l#>>'{plan,interval}') as interval_raw,
  coalesce(unified.num(l#>'{price,recurring,interval_count}'), unified.num(l#>'{plan,interval_count}')) as interval_count,
  unified.epoch(l->'current_period_start') as current_period_start,
  unified.epoch(l->'current_period_end') as current_period_end,
  'subscription_items'::text as raw_resource, 1 as mapping_version,
  case when stripe.text(l->'id') is not null and coalesce(stripe.ref(l->'price'), stripe.ref(l->'plan')) is not null
      and stripe.unit(coalesce(l#>>'{price,currency}', l#>>'{plan,currency}')) is not null and stripe.interval_word(coalesce(l#>>'{price,recurring,interval}',
      l#>>'{plan,interval}')) is distinct from 'unknown' and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           jsonb_build_array('platform_id', 'reference_missing', l->'id', stripe.text(l->'id') is null),
           jsonb_build_array('plan_platform_id', 'reference_missing', coalesce(l->'price', l->'plan'), coalesce(stripe.ref(l->'price'),
               stripe.ref(l->'plan')) is null),
           jsonb_build_array('currency', 'currency_invalid', to_jsonb(coalesce(l#>>'{price,currency}', l#>>'{plan,currency}')),
               stripe.unit(coalesce(l#>>'{price,currency}', l#>>'{plan,currency}')) is null),
           jsonb_build_array('interval', 'enum_unknown', to_jsonb(coalesce(l#>>'{price,recurring,interval}', l#>>'{plan,interval}')),
               coalesce(stripe.interval_word(coalesce(l#>>'{price,recurring,interval}', l#>>'{plan,interval}')) = 'unknown',
               false)))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r
join portolan.raw_records q on q.connection_id = r.connection_id and q.resource = 'subscriptions' and q.external_id = split_part(r.external_id, '/', 1)
  and q.payload#>'{items,has_more}' = 'true',
lateral jsonb_array_elements(unified.arr(r.payload->'data')) with ordinality a(l, n)
where r.platform = 'stripe' and r.resource = 'subscription_items' and r.deleted_at is null
  -- A list that became shorter may leave pages behind its end.
  and not exists (
    select 1 from portolan.raw_records e where e.connection_id = r.connection_id and e.resource = 'subscription_items'
        and e.external_id > q.external_id || '/' and e.external_id < r.external_id and e.deleted_at is null
        and e.payload->'has_more' = 'false');
