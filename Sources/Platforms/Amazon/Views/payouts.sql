-- Settlements: what Amazon sends to the seller's bank every two weeks, or takes.
-- feeds: unified.payment_payouts
-- rows: financial_event_groups
create or replace view amazon.payouts as
select r.connection_id, 'amazon'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_payouts', r.external_id) as id,
  r.platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at, r.deletion_source,
  'financial_event_groups'::text as raw_resource, 1 as mapping_version,
  abs(unified.num(total->'CurrencyAmount')) as amount,
  case when unified.num(total->'CurrencyAmount') < 0 then 'debit' when unified.num(total->'CurrencyAmount') >= 0 then 'credit' end as direction,
  amazon.currency(total->>'CurrencyCode') as currency,
  amazon.transfer_status(p->>'FundTransferStatus', p->>'ProcessingStatus') as status, p->>'FundTransferStatus' as status_raw,
  'bank_account'::text as type, 'automatic'::text as schedule,
  unified.ts(p->'FinancialEventGroupEnd') as initiated_at, unified.ts(p->'FundTransferDate') as arrival_at,
  nullif(p->>'AccountTail', '') as destination_last4, nullif(p->>'TraceId', '') as trace_id,
  p->>'ProcessingStatus' = 'Closed' as transactions_complete,
  case when not r.sanitised and unified.num(total->'CurrencyAmount') is not null and amazon.currency(total->>'CurrencyCode') is not null
        and amazon.transfer_status(p->>'FundTransferStatus', p->>'ProcessingStatus') <> 'unknown' then '[]'::jsonb
       else amazon.issues(r.sanitised, jsonb_build_array(
         jsonb_build_array('amount', 'typecast_error', coalesce(total->'CurrencyAmount', p->'OriginalTotal'), unified.num(total->'CurrencyAmount') is null),
         jsonb_build_array('currency', 'currency_invalid', coalesce(total->'CurrencyCode', p->'OriginalTotal'), amazon.currency(total->>'CurrencyCode') is null),
         jsonb_build_array('status', 'enum_unknown', coalesce(nullif(p->'FundTransferStatus', 'null'), p->'ProcessingStatus'),
           amazon.transfer_status(p->>'FundTransferStatus', p->>'ProcessingStatus') = 'unknown'))) end as issues
from portolan.raw_records r, lateral (select q as p, case when jsonb_typeof(q->'ConvertedTotal') = 'object' then q->'ConvertedTotal' else q->'OriginalTotal' end as total
  from (select r.payload #> '{}' as q offset 0) u offset 0) d
where r.platform = 'amazon' and r.resource = 'financial_event_groups';
