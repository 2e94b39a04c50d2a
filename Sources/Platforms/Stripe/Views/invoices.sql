-- Invoices of billing, in the shapes of 2017 (no status, `date`), before and after 2025-03-31.
-- feeds: unified.billing_invoices
create or replace view stripe.invoices as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'billing_invoices', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created'), unified.epoch(p->'date')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  coalesce(stripe.ref(p#>'{parent,subscription_details,subscription}'), stripe.ref(p->'subscription')) as subscription_platform_id,
  stripe.ref(p->'customer') as customer_platform_id,
  stripe.text(p->'customer_email') as customer_email,
  stripe.text(p->'number') as number,
  stripe.invoice_status(state) as status,
  d.state as status_raw,
  stripe.billing_reason(p->>'billing_reason') as reason,
  p->>'billing_reason' as reason_raw,
  case when state <> 'draft' then coalesce(unified.epoch(p#>'{status_transitions,finalized_at}'), unified.epoch(p->'finalized_at'), unified.epoch(p->'created'), unified.epoch(p->'date')) end as issued_at,
  unified.epoch(p->'due_date') as due_at,
  unified.epoch(p#>'{status_transitions,paid_at}') as paid_at,
  unified.epoch(p->'period_start') as period_start,
  unified.epoch(p->'period_end') as period_end,
  unified.num(p->'subtotal') * unit as subtotal_amount,
  case when p->'total_discount_amounts' = '[]' then 0 when jsonb_typeof(p->'total_discount_amounts') = 'array'
       then (select coalesce(sum(unified.num(t->'amount') * unit), 0) from jsonb_array_elements(p->'total_discount_amounts') t) end as discount_amount,
  case when jsonb_typeof(coalesce(p->'total_taxes', p->'total_tax_amounts')) = 'array'
       then (select coalesce(sum(unified.num(t->'amount') * unit), 0) from jsonb_array_elements(coalesce(p->'total_taxes', p->'total_tax_amounts')) t)
       else unified.num(p->'tax') * unit end as tax_amount,
  total * unit as total_amount,
  unified.num(coalesce(p->'amount_paid', case when p->'paid' = 'true' then p->'amount_due' end)) * unit as amount_paid,
  coalesce(unified.num(p->'amount_remaining') * unit,
    unified.num(p->'amount_due') * unit - unified.num(coalesce(p->'amount_paid', case when p->'paid' = 'true' then p->'amount_due' else '0' end)) * unit) as amount_due,
  upper(stripe.text(p->'currency')) as currency,
  unified.num(p->'attempt_count') as attempt_count,
  unified.epoch(p->'next_payment_attempt') as next_attempt_at,
  case when p#>'{lines,has_more}' = 'true' then exists (
         select 1 from portolan.raw_records q where q.connection_id = r.connection_id and q.resource = 'invoice_lines'
             and q.external_id > r.external_id || '/' and q.external_id < r.external_id || '0' and q.deleted_at is null
             and q.payload->'has_more' = 'false')
       else jsonb_typeof(p#>'{lines,data}') = 'array' end as lines_complete,
  'invoices'::text as raw_resource, 1 as mapping_version,
  case when unit is not null and total is not null and stripe.invoice_status(state) is distinct from 'unknown' and state <> ''
        and stripe.billing_reason(p->>'billing_reason') is distinct from 'unknown' and jsonb_typeof(p->'lines') = 'object' and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           stripe.amount_problem('total_amount', p->'total', p->'currency'),
           jsonb_build_array('status', 'enum_unknown', coalesce(p->'status', p->'paid'), coalesce(stripe.invoice_status(state), 'unknown') = 'unknown'),
           jsonb_build_array('reason', 'enum_unknown', p->'billing_reason', coalesce(stripe.billing_reason(p->>'billing_reason') = 'unknown', false)),
           jsonb_build_array('lines', 'typecast_error', p->'lines', coalesce(jsonb_typeof(p->'lines') <> 'object', true)))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r
-- What several columns want is made once a row; what none wants is not made.
cross join lateral (
  select p, stripe.unit(p->>'currency') as unit, unified.num(p->'total') as total,
    coalesce(stripe.text(p->'status'), case when p->'paid' = 'true' then 'paid' when p->'forgiven' = 'true' then 'uncollectible'
    when p->'closed' = 'true' then 'void' when p->'paid' = 'false' then 'open' end) as state
  from (select r.payload #> '{}' as p offset 0) x offset 0) d
where r.platform = 'stripe' and r.resource = 'invoices';
