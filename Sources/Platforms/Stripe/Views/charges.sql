-- Charges: each attempt to take money, the failed ones as well. One not captured yet is an authorization.
-- feeds: unified.payment_transactions
create or replace view stripe.charges as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_transactions', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  case when p->'captured' = 'false' and coalesce(p->>'status', '') <> 'failed' then 'authorization' else 'sale' end as kind,
  'charge'::text as kind_raw,
  stripe.charge_status(p->>'status') as status,
  p->>'status' as status_raw,
  stripe.magnitude(case when p->>'status' = 'succeeded' and p->'captured' = 'true' then coalesce(nullif(p->'amount_captured', 'null'),
      p->'amount') else p->'amount' end, p->>'currency') as amount,
  case when p->'captured' = 'false' and coalesce(p->>'status', '') <> 'failed' then 'none' else 'in' end as direction,
  upper(stripe.text(p->'currency')) as currency,
  stripe.ref(p->'customer') as customer_platform_id,
  stripe.ref(p->'invoice') as invoice_platform_id,
  unified.epoch(p->'created') as processed_at,
  'stripe'::text as gateway,
  stripe.payment_method(coalesce(p#>>'{payment_method_details,type}',
      case when p#>>'{source,object}' = 'card' then 'card' else p#>>'{source,type}' end)) as payment_method_type,
  coalesce(p#>>'{payment_method_details,type}', case when p#>>'{source,object}' = 'card' then 'card' else p#>>'{source,type}' end) as payment_method_type_raw,
  coalesce(p#>>'{payment_method_details,card,brand}', p#>>'{payment_method_details,card_present,brand}', p#>>'{source,brand}') as card_brand,
  right(coalesce(p#>>'{payment_method_details,card,last4}', p#>>'{payment_method_details,card_present,last4}', p#>>'{source,last4}'), 4) as card_last4,
  stripe.magnitude(p->'amount_refunded', p->>'currency') as refunded_amount,
  stripe.text(p->'failure_code') as error_code,
  stripe.text(p->'failure_message') as error_message,
  'charges'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(p->>'currency') is not null and unified.num(case when p->>'status' = 'succeeded'
      and p->'captured' = 'true' then coalesce(nullif(p->'amount_captured', 'null'), p->'amount') else p->'amount' end) is not null and p->>'status' <> ''
      and stripe.charge_status(p->>'status') is distinct from 'unknown' and stripe.payment_method(coalesce(p#>>'{payment_method_details,type}',
      case when p#>>'{source,object}' = 'card' then 'card' else p#>>'{source,type}' end)) is distinct from 'unknown'
      and unified.epoch(p->'created') is not null and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           stripe.amount_problem('amount', case when p->>'status' = 'succeeded' and p->'captured' = 'true' then coalesce(nullif(p->'amount_captured', 'null'),
               p->'amount') else p->'amount' end, p->'currency'),
           jsonb_build_array('status', 'enum_unknown', p->'status', coalesce(stripe.charge_status(p->>'status'), 'unknown') = 'unknown'),
           jsonb_build_array('payment_method_type', 'enum_unknown', to_jsonb(coalesce(p#>>'{payment_method_details,type}',
               case when p#>>'{source,object}' = 'card' then 'card' else p#>>'{source,type}' end)),
               coalesce(stripe.payment_method(coalesce(p#>>'{payment_method_details,type}',
               case when p#>>'{source,object}' = 'card' then 'card' else p#>>'{source,type}' end)) = 'unknown', false)),
           jsonb_build_array('processed_at', 'typecast_error', p->'created',
               unified.epoch(p->'created') is null))) || stripe.sanitised(r.sanitised) end as issues,
  stripe.ref(p->'payment_intent') as payment_intent_platform_id,
  stripe.ref(p->'balance_transaction') as balance_transaction_platform_id
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'charges';
