-- Refunds. A succeeded one may fail later. Before 2018 they had no status; then it stays NULL.
-- feeds: unified.payment_refunds
create or replace view stripe.refunds as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_refunds', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  coalesce(stripe.ref(p->'charge'), stripe.ref(p->'payment_intent')) as transaction_platform_id,
  stripe.magnitude(p->'amount', p->>'currency') as amount,
  upper(stripe.text(p->'currency')) as currency,
  stripe.refund_status(p->>'status') as status,
  p->>'status' as status_raw,
  stripe.refund_reason(p->>'reason') as reason,
  p->>'reason' as reason_raw,
  stripe.text(p->'description') as note,
  unified.epoch(p->'created') as processed_at,
  stripe.text(p->'failure_reason') as error_code,
  'refunds'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(p->>'currency') is not null and unified.num(p->'amount') is not null
      and stripe.refund_status(p->>'status') is distinct from 'unknown' and stripe.refund_reason(p->>'reason') is distinct from 'unknown'
      and unified.epoch(p->'created') is not null and coalesce(stripe.ref(p->'charge'), stripe.ref(p->'payment_intent')) is not null and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           stripe.amount_problem('amount', p->'amount', p->'currency'),
           jsonb_build_array('status', 'enum_unknown', p->'status', coalesce(stripe.refund_status(p->>'status') = 'unknown', false)),
           jsonb_build_array('reason', 'enum_unknown', p->'reason', coalesce(stripe.refund_reason(p->>'reason') = 'unknown', false)),
           jsonb_build_array('processed_at', 'typecast_error', p->'created', unified.epoch(p->'created') is null),
           jsonb_build_array('transaction_platform_id', 'reference_missing', p->'charge', coalesce(stripe.ref(p->'charge'),
               stripe.ref(p->'payment_intent')) is null))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'refunds';
