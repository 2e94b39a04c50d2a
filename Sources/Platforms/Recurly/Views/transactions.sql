-- Each attempt to move money, the failed ones as well. One that verifies a card moves none.
-- feeds: unified.payment_transactions
create or replace view recurly.transactions as
select r.connection_id, 'recurly'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_transactions', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  recurly.transaction_kind(p->>'type', p->>'origin') as kind,
  p->>'type' as kind_raw,
  recurly.transaction_status(p->>'status') as status,
  p->>'status' as status_raw,
  abs(unified.num(p->'amount')) as amount,
  case p->>'type' when 'purchase' then 'in' when 'capture' then 'in' when 'refund' then 'out' when 'authorization' then 'none' when 'verify' then 'none' end as direction,
  recurly.currency(p->'currency') as currency,
  recurly.ref(p->'account') as customer_platform_id,
  recurly.ref(p->'invoice') as invoice_platform_id,
  recurly.text(p->'original_transaction_id') as parent_platform_id,
  coalesce(unified.ts(p->'collected_at'), unified.ts(p->'created_at')) as processed_at,
  coalesce(recurly.text(p#>'{payment_gateway,name}'), recurly.text(p#>'{payment_gateway,type}')) as gateway,
  recurly.payment_method(p#>>'{payment_method,object}') as payment_method_type,
  p#>>'{payment_method,object}' as payment_method_type_raw,
  recurly.text(p#>'{payment_method,card_type}') as card_brand,
  right(recurly.text(p#>'{payment_method,last_four}'), 4) as card_last4,
  case when p->'refunded' = 'false' then 0::numeric end as refunded_amount,
  case when p->>'status' in ('declined', 'error') then coalesce(recurly.text(p->'status_code'), recurly.text(p->'gateway_response_code')) end as error_code,
  case when p->>'status' in ('declined', 'error') then coalesce(recurly.text(p->'status_message'), recurly.text(p->'gateway_message')) end as error_message,
  'transactions'::text as raw_resource, 1 as mapping_version,
  case when recurly.currency(p->'currency') is not null and unified.num(p->'amount') is not null and recurly.transaction_status(p->>'status') <> 'unknown'
      and recurly.transaction_kind(p->>'type', null) <> 'unknown' and recurly.payment_method(p#>>'{payment_method,object}') is distinct from 'unknown'
      and jsonb_typeof(coalesce(p->'account', 'null')) in ('object', 'null') and not r.sanitised
       then '[]'::jsonb
       else recurly.issues(r.sanitised, jsonb_build_array(
           jsonb_build_array('amount', 'typecast_error', coalesce(p->'amount', 'null'), unified.num(p->'amount') is null),
           jsonb_build_array('currency', 'currency_invalid', coalesce(p->'currency', 'null'), recurly.currency(p->'currency') is null),
           jsonb_build_array('status', 'enum_unknown', coalesce(p->'status', 'null'), coalesce(recurly.transaction_status(p->>'status'), 'unknown') = 'unknown'),
           jsonb_build_array('kind', 'enum_unknown', coalesce(p->'type', 'null'), coalesce(recurly.transaction_kind(p->>'type', null), 'unknown') = 'unknown'),
           jsonb_build_array('payment_method_type', 'enum_unknown', p#>'{payment_method,object}',
               coalesce(recurly.payment_method(p#>>'{payment_method,object}') = 'unknown', false)),
           jsonb_build_array('customer_platform_id', 'reference_missing', p->'account',
               jsonb_typeof(coalesce(p->'account', 'null')) not in ('object', 'null')))) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'recurly' and r.resource = 'transactions';
