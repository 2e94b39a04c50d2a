-- Money given back: the transactions that moved it. The credit invoice that belongs to a refund is an invoice and no second
-- refund; a refund as credit alone moves no money; a chargeback is nobody's decision here.
-- feeds: unified.payment_refunds
-- rows: transactions where type is refund
create or replace view recurly.refunds as
select r.connection_id, 'recurly'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_refunds', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  r.external_id as transaction_platform_id,
  abs(unified.num(p->'amount')) as amount,
  recurly.currency(p->'currency') as currency,
  recurly.transaction_status(p->>'status') as status,
  p->>'status' as status_raw,
  coalesce(unified.ts(p->'collected_at'), unified.ts(p->'created_at')) as processed_at,
  case when p->>'status' in ('declined', 'error') then coalesce(recurly.text(p->'status_code'), recurly.text(p->'gateway_response_code')) end as error_code,
  'transactions'::text as raw_resource, 1 as mapping_version,
  case when recurly.currency(p->'currency') is not null and unified.num(p->'amount') is not null and recurly.transaction_status(p->>'status') <> 'unknown'
      and not r.sanitised
       then '[]'::jsonb
       else recurly.issues(r.sanitised, jsonb_build_array(
           jsonb_build_array('amount', 'typecast_error', coalesce(p->'amount', 'null'), unified.num(p->'amount') is null),
           jsonb_build_array('currency', 'currency_invalid', coalesce(p->'currency', 'null'), recurly.currency(p->'currency') is null),
           jsonb_build_array('status', 'enum_unknown', coalesce(p->'status', 'null'),
               coalesce(recurly.transaction_status(p->>'status'), 'unknown') = 'unknown'))) end as issues,
  recurly.ref(p->'invoice') as invoice_platform_id,
  recurly.text(p->'original_transaction_id') as refunded_transaction_platform_id
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'recurly' and r.resource = 'transactions' and r.payload->>'type' = 'refund' and r.payload->>'origin' is distinct from 'chargeback';
