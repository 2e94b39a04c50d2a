-- Payment intents that have no charge yet: wishes to pay. One with a charge is that charge, in stripe.charges.
-- feeds: unified.payment_transactions
-- rows: payment_intents where latest_charge is not text
create or replace view stripe.payment_intents as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_transactions', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  case when p->>'capture_method' = 'manual' then 'authorization' else 'sale' end as kind,
  'payment_intent'::text as kind_raw,
  stripe.intent_status(p->>'status') as status,
  p->>'status' as status_raw,
  stripe.magnitude(p->'amount', p->>'currency') as amount,
  case when p->>'capture_method' = 'manual' then 'none' else 'in' end as direction,
  upper(stripe.text(p->'currency')) as currency,
  stripe.ref(p->'customer') as customer_platform_id,
  stripe.ref(p->'invoice') as invoice_platform_id,
  unified.epoch(p->'created') as processed_at,
  'stripe'::text as gateway,
  case when jsonb_typeof(p->'payment_method_types') = 'array'
      and p#>'{payment_method_types,1}' is null then stripe.payment_method(p#>>'{payment_method_types,0}') end as payment_method_type,
  case when p#>'{payment_method_types,1}' is null then p#>>'{payment_method_types,0}' end as payment_method_type_raw,
  p#>>'{last_payment_error,code}' as error_code,
  p#>>'{last_payment_error,message}' as error_message,
  'payment_intents'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(p->>'currency') is not null and unified.num(p->'amount') is not null and p->>'status' <> ''
      and stripe.intent_status(p->>'status') is distinct from 'unknown' and unified.epoch(p->'created') is not null and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           stripe.amount_problem('amount', p->'amount', p->'currency'),
           jsonb_build_array('status', 'enum_unknown', p->'status', coalesce(stripe.intent_status(p->>'status'), 'unknown') = 'unknown'),
           jsonb_build_array('processed_at', 'typecast_error', p->'created',
               unified.epoch(p->'created') is null))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'payment_intents'
  and stripe.ref(p->'latest_charge') is null and stripe.ref(p#>'{charges,data,0}') is null;
