-- Invoices: those that ask for money, those that give credit (negative), and the ones from before credit invoices.
-- feeds: unified.billing_invoices
create or replace view recurly.invoices as
select r.connection_id, 'recurly'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'billing_invoices', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  case when jsonb_array_length(unified.arr(p->'subscription_ids')) = 1 then recurly.text(p#>'{subscription_ids,0}') end as subscription_platform_id,
  recurly.ref(p->'account') as customer_platform_id,
  recurly.text(p#>'{account,email}') as customer_email,
  recurly.text(p->'number') as number,
  recurly.invoice_status(p->>'state') as status,
  p->>'state' as status_raw,
  recurly.invoice_reason(p->>'origin') as reason,
  p->>'origin' as reason_raw,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as issued_at,
  unified.ts(p->'due_at') as due_at,
  case when p->>'state' = 'paid' then unified.ts(p->'closed_at') end as paid_at,
  unified.num(p->'subtotal') as subtotal_amount,
  abs(unified.num(p->'discount')) as discount_amount,
  unified.num(p->'tax') as tax_amount,
  unified.num(p->'total') as total_amount,
  unified.num(p->'paid') as amount_paid,
  unified.num(p->'balance') as amount_due,
  recurly.currency(p->'currency') as currency,
  'invoices'::text as raw_resource, 1 as mapping_version,
  case when recurly.currency(p->'currency') is not null and unified.num(p->'total') is not null and recurly.invoice_status(p->>'state') <> 'unknown'
      and recurly.invoice_reason(p->>'origin') is distinct from 'unknown' and recurly.ref(p->'account') is not null and not r.sanitised
       then '[]'::jsonb
       else recurly.issues(r.sanitised, jsonb_build_array(
           jsonb_build_array('total_amount', 'typecast_error', coalesce(p->'total', 'null'), unified.num(p->'total') is null),
           jsonb_build_array('currency', 'currency_invalid', coalesce(p->'currency', 'null'), recurly.currency(p->'currency') is null),
           jsonb_build_array('status', 'enum_unknown', coalesce(p->'state', 'null'), coalesce(recurly.invoice_status(p->>'state'), 'unknown') = 'unknown'),
           jsonb_build_array('reason', 'enum_unknown', p->'origin', coalesce(recurly.invoice_reason(p->>'origin') = 'unknown', false)),
           jsonb_build_array('customer_platform_id', 'reference_missing', coalesce(p->'account', 'null'), recurly.ref(p->'account') is null))) end as issues,
  p->>'type' as type_raw,
  recurly.text(p->'previous_invoice_id') as credited_invoice_platform_id
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'recurly' and r.resource = 'invoices';
