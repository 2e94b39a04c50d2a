-- The lines of invoices: those in the invoice itself, or, where there are more than fit into it, those of the pages
-- fetched beside it. Before 2019 a line's id was its subscription's, so it is not unique: the invoice is added to it.
-- feeds: unified.billing_invoice_lines
-- rows: invoices.lines.data in pages invoice_lines.data where lines.has_more
create or replace view stripe.invoice_lines as
select r.connection_id, 'stripe'::text as platform, case when coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
    stripe.text(l->'id')) like 'il\_%' then coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
    stripe.text(l->'id')) else r.external_id || ':' || coalesce(coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
    stripe.text(l->'id')), 'line') || ':' || (n - 1)::numeric end as platform_id,
  unified.id(r.connection_id, 'billing_invoice_lines', case when coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
      stripe.text(l->'id')) like 'il\_%' then coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
      stripe.text(l->'id')) else r.external_id || ':' || coalesce(coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
      stripe.text(l->'id')), 'line') || ':' || (n - 1)::numeric end) as id,
  r.external_id as platform_parent_id,
  r.platform_created_at as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(l->'livemode') as is_test,
  r.external_id as invoice_platform_id,
  unified.id(r.connection_id, 'billing_invoices', r.external_id) as invoice_id,
  (n - 1)::numeric as line_index,
  coalesce(stripe.ref(l#>'{pricing,price_details,price}'), stripe.ref(l->'price'), stripe.ref(l->'plan')) as plan_platform_id,
  coalesce(stripe.ref(l#>'{pricing,price_details,product}'), stripe.ref(l#>'{price,product}'), stripe.ref(l#>'{plan,product}')) as product_platform_id,
  coalesce(stripe.ref(l#>'{parent,subscription_item_details,subscription}'), stripe.ref(l#>'{parent,invoice_item_details,subscription}'),
      stripe.ref(l->'subscription')) as subscription_platform_id,
  stripe.text(l->'description') as description,
  coalesce(unified.num(l->'quantity_decimal'), unified.num(l->'quantity')) as quantity,
  stripe.money(coalesce(nullif(l#>'{pricing,unit_amount_decimal}', 'null'), nullif(l#>'{price,unit_amount_decimal}', 'null'), nullif(l#>'{price,unit_amount}',
      'null'), l#>'{plan,amount}'), l->>'currency') as unit_amount,
  stripe.money(l->'amount', l->>'currency') as amount,
  upper(l->>'currency') as currency,
  coalesce(unified.bool(l#>'{parent,subscription_item_details,proration}'), unified.bool(l#>'{parent,invoice_item_details,proration}'),
      unified.bool(l->'proration')) as proration,
  unified.epoch(l#>'{period,start}') as period_start,
  unified.epoch(l#>'{period,end}') as period_end,
  stripe.line_type(coalesce(l#>>'{parent,type}', l->>'type')) as type,
  coalesce(l#>>'{parent,type}', l->>'type') as type_raw,
  'invoices'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(l->>'currency') is not null and unified.num(l->'amount') is not null and coalesce(stripe.text(l->'unique_id'),
      stripe.text(l->'unique_line_item_id'), stripe.text(l->'id')) is not null and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           stripe.amount_problem('amount', l->'amount', l->'currency'),
           jsonb_build_array('platform_id', 'reference_missing', l->'id', coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
               stripe.text(l->'id')) is null))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral jsonb_array_elements(unified.arr(r.payload#>'{lines,data}')) with ordinality a(l, n)
where r.platform = 'stripe' and r.resource = 'invoices'
  -- A scalar sub-select: NOT EXISTS behind OR may be planned as a hash of this resource's pages of all connections.
  and (r.payload#>'{lines,has_more}' is distinct from 'true' or (
    select q.external_id from portolan.raw_records q where q.connection_id = r.connection_id and q.resource = 'invoice_lines'
        and q.external_id = r.external_id || '/0001') is null)
union all
select r.connection_id, 'stripe'::text as platform, case when coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
    stripe.text(l->'id')) like 'il\_%' then coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
    stripe.text(l->'id')) else split_part(r.external_id, '/', 1) || ':' || coalesce(coalesce(stripe.text(l->'unique_id'),
    stripe.text(l->'unique_line_item_id'), stripe.text(l->'id')), 'line') || ':' || ((case when split_part(r.external_id, '/',
    2) ~ '^[0-9]{1,6}$' then split_part(r.external_id, '/', 2)::int else 1 end - 1) * 100 + n - 1)::numeric end as platform_id,
  unified.id(r.connection_id, 'billing_invoice_lines', case when coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
      stripe.text(l->'id')) like 'il\_%' then coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
      stripe.text(l->'id')) else split_part(r.external_id, '/', 1) || ':' || coalesce(coalesce(stripe.text(l->'unique_id'),
      stripe.text(l->'unique_line_item_id'), stripe.text(l->'id')), 'line') || ':' || ((case when split_part(r.external_id, '/',
      2) ~ '^[0-9]{1,6}$' then split_part(r.external_id, '/', 2)::int else 1 end - 1) * 100 + n - 1)::numeric end) as id,
  split_part(r.external_id, '/', 1) as platform_parent_id,
  r.platform_created_at as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, coalesce(q.deleted_at, r.deleted_at) is not null as is_deleted, coalesce(q.deleted_at,
      r.deleted_at) as deleted_at, coalesce(q.deletion_source, r.deletion_source) as deletion_source,
  stripe.is_test(l->'livemode') as is_test,
  split_part(r.external_id, '/', 1) as invoice_platform_id,
  unified.id(r.connection_id, 'billing_invoices', split_part(r.external_id, '/', 1)) as invoice_id,
  ((case when split_part(r.external_id, '/', 2) ~ '^[0-9]{1,6}$' then split_part(r.external_id, '/',
      2)::int else 1 end - 1) * 100 + n - 1)::numeric as line_index,
  coalesce(stripe.ref(l#>'{pricing,price_details,price}'), stripe.ref(l->'price'), stripe.ref(l->'plan')) as plan_platform_id,
  coalesce(stripe.ref(l#>'{pricing,price_details,product}'), stripe.ref(l#>'{price,product}'), stripe.ref(l#>'{plan,product}')) as product_platform_id,
  coalesce(stripe.ref(l#>'{parent,subscription_item_details,subscription}'), stripe.ref(l#>'{parent,invoice_item_details,subscription}'),
      stripe.ref(l->'subscription')) as subscription_platform_id,
  stripe.text(l->'description') as description,
  coalesce(unified.num(l->'quantity_decimal'), unified.num(l->'quantity')) as quantity,
  stripe.money(coalesce(nullif(l#>'{pricing,unit_amount_decimal}', 'null'), nullif(l#>'{price,unit_amount_decimal}', 'null'), nullif(l#>'{price,unit_amount}',
      'null'), l#>'{plan,amount}'), l->>'currency') as unit_amount,
  stripe.money(l->'amount', l->>'currency') as amount,
  upper(l->>'currency') as currency,
  coalesce(unified.bool(l#>'{parent,subscription_item_details,proration}'), unified.bool(l#>'{parent,invoice_item_details,proration}'),
      unified.bool(l->'proration')) as proration,
  unified.epoch(l#>'{period,start}') as period_start,
  unified.epoch(l#>'{period,end}') as period_end,
  stripe.line_type(coalesce(l#>>'{parent,type}', l->>'type')) as type,
  coalesce(l#>>'{parent,type}', l->>'type') as type_raw,
  'invoice_lines'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(l->>'currency') is not null and unified.num(l->'amount') is not null and coalesce(stripe.text(l->'unique_id'),
      stripe.text(l->'unique_line_item_id'), stripe.text(l->'id')) is not null and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           stripe.amount_problem('amount', l->'amount', l->'currency'),
           jsonb_build_array('platform_id', 'reference_missing', l->'id', coalesce(stripe.text(l->'unique_id'), stripe.text(l->'unique_line_item_id'),
               stripe.text(l->'id')) is null))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r
join portolan.raw_records q on q.connection_id = r.connection_id and q.resource = 'invoices' and q.external_id = split_part(r.external_id, '/', 1)
  and q.payload#>'{lines,has_more}' = 'true',
lateral jsonb_array_elements(unified.arr(r.payload->'data')) with ordinality a(l, n)
where r.platform = 'stripe' and r.resource = 'invoice_lines' and r.deleted_at is null
  -- A list that became shorter may leave pages behind its end.
  and not exists (
    select 1 from portolan.raw_records e where e.connection_id = r.connection_id and e.resource = 'invoice_lines'
        and e.external_id > q.external_id || '/' and e.external_id < r.external_id and e.deleted_at is null
        and e.payload->'has_more' = 'false');
