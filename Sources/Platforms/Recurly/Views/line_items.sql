-- Charges and credits. They are a list of their own, because an invoice holds only some of its lines; those that no
-- invoice asks for yet have none.
-- feeds: unified.billing_invoice_lines
create or replace view recurly.line_items as
select r.connection_id, 'recurly'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'billing_invoice_lines', r.external_id) as id,
  coalesce(r.platform_created_at, unified.ts(p->'created_at')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  unified.id(r.connection_id, 'billing_invoices', recurly.text(p->'invoice_id')) as invoice_id,
  recurly.text(p->'invoice_id') as invoice_platform_id,
  recurly.plan_price(recurly.text(p->'plan_id'), recurly.currency(p->'currency')) as plan_platform_id,
  recurly.text(p->'item_id') as product_platform_id,
  recurly.text(p->'subscription_id') as subscription_platform_id,
  recurly.text(p->'description') as description,
  recurly.quantity(p) as quantity,
  recurly.price(p) as unit_amount,
  unified.num(p->'subtotal') as amount,
  recurly.currency(p->'currency') as currency,
  unified.num(p->'proration_rate') <> 1 as proration,
  unified.ts(p->'start_date') as period_start,
  unified.ts(p->'end_date') as period_end,
  recurly.line_type(p->>'origin') as type,
  p->>'origin' as type_raw,
  'line_items'::text as raw_resource, 1 as mapping_version,
  case when recurly.currency(p->'currency') is not null and unified.num(p->'subtotal') is not null and recurly.line_type(p->>'origin') <> 'unknown'
      and recurly.quantity(p) is not null and (recurly.text(p->'invoice_id') is not null or p->>'state' = 'pending') and not r.sanitised
       then '[]'::jsonb
       else recurly.issues(r.sanitised, jsonb_build_array(
           jsonb_build_array('amount', 'typecast_error', coalesce(p->'subtotal', 'null'), unified.num(p->'subtotal') is null),
           jsonb_build_array('currency', 'currency_invalid', coalesce(p->'currency', 'null'), recurly.currency(p->'currency') is null),
           jsonb_build_array('quantity', 'typecast_error', coalesce(p->'quantity', 'null'), recurly.quantity(p) is null),
           jsonb_build_array('type', 'enum_unknown', coalesce(p->'origin', 'null'), coalesce(recurly.line_type(p->>'origin'), 'unknown') = 'unknown'),
           jsonb_build_array('invoice_platform_id', 'reference_missing', coalesce(p->'invoice_id', 'null'),
               recurly.text(p->'invoice_id') is null and p->>'state' is distinct from 'pending'))) end as issues,
  recurly.text(p->'state') as state_raw
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'recurly' and r.resource = 'line_items';
