-- The merchant's ledger at Stripe. Signed, in the currency of settlement.
-- feeds: unified.payment_balance_transactions
create or replace view stripe.balance_transactions as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_balance_transactions', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  case when p->>'reporting_category' in ('dispute', 'dispute_reversal') then p->>'reporting_category' else stripe.balance_type(p->>'type') end as type,
  p->>'type' as type_raw,
  stripe.balance_status(p->>'status') as status,
  p->>'status' as status_raw,
  stripe.text(p->'reporting_category') as reporting_category,
  stripe.money(p->'amount', p->>'currency') as gross_amount,
  stripe.money(p->'fee', p->>'currency') as fee_amount,
  stripe.money(p->'net', p->>'currency') as net_amount,
  upper(stripe.text(p->'currency')) as currency,
  unified.num(p->'exchange_rate') as exchange_rate,
  unified.epoch(p->'available_on') as available_at,
  unified.epoch(p->'created') as occurred_at,
  case when p->>'type' in ('payout', 'payout_cancel', 'payout_failure') then stripe.ref(p->'source') end as payout_platform_id,
  stripe.ref(p->'source') as source_platform_id,
  coalesce(p#>>'{source,object}', stripe.source_object(split_part(stripe.ref(p->'source'), '_', 1))) as source_object,
  stripe.text(p->'description') as description,
  'balance_transactions'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(p->>'currency') is not null and unified.num(p->'amount') - unified.num(p->'fee') = unified.num(p->'net')
      and coalesce(case when p->>'reporting_category' in ('dispute',
      'dispute_reversal') then p->>'reporting_category' else stripe.balance_type(p->>'type') end, 'unknown') <> 'unknown'
      and stripe.balance_status(p->>'status') is distinct from 'unknown' and unified.epoch(p->'created') is not null and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           stripe.amount_problem('gross_amount', p->'amount', p->'currency'),
           jsonb_build_array('fee_amount', 'typecast_error', p->'fee', unified.num(p->'fee') is null),
           jsonb_build_array('net_amount', 'typecast_error', p->'net', unified.num(p->'net') is null),
           jsonb_build_array('net_amount', 'total_mismatch', p->'net', coalesce(unified.num(p->'amount') - unified.num(p->'fee') <> unified.num(p->'net'),
               false)),
           jsonb_build_array('type', 'enum_unknown', p->'type', coalesce(case when p->>'reporting_category' in ('dispute',
               'dispute_reversal') then p->>'reporting_category' else stripe.balance_type(p->>'type') end, 'unknown') = 'unknown'),
           jsonb_build_array('status', 'enum_unknown', p->'status', coalesce(stripe.balance_status(p->>'status') = 'unknown', false)),
           jsonb_build_array('occurred_at', 'typecast_error', p->'created',
               unified.epoch(p->'created') is null))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'balance_transactions';
