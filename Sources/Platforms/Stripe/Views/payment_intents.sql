-- Payment intents that have no charge yet: wishes to pay. One with a charge is that charge, in stripe.charges.
-- feeds: unified.payment_transactions
create or replace view stripe.payment_intents as
select r.connection_id, 'stripe'::text as platform, r.external_id as platform_id,
  unified.id(r.connection_id, 'payment_transactions', r.external_id) as id,
  coalesce(r.platform_created_at, unified.epoch(p->'created')) as platform_created_at, r.platform_updated_at,
  r.first_seen_at, r.changed_at, r.fetched_at, r.deleted_at is not null as is_deleted, r.deleted_at as deleted_at, r.deletion_source as deletion_source,
  stripe.is_test(p->'livemode') as is_test,
  case when p->>'capture_method' = 'manual' then 'authorization' else 'sale' end as kind,
  'payment_intent'::text as kind_raw,
  unified.word('{"requires_payment_method":"pending","requires_confirmation":"pending","requires_source":"pending","requires_action":"awaiting_response","requires_source_action":"awaiting_response","processing":"pending","requires_capture":"succeeded","succeeded":"succeeded","canceled":"cancelled"}', p->>'status') as status,
  p->>'status' as status_raw,
  stripe.magnitude(p->'amount', p->>'currency') as amount,
  case when p->>'capture_method' = 'manual' then 'none' else 'in' end as direction,
  upper(stripe.text(p->'currency')) as currency,
  stripe.ref(p->'customer') as customer_platform_id,
  stripe.ref(p->'invoice') as invoice_platform_id,
  unified.epoch(p->'created') as processed_at,
  'stripe'::text as gateway,
  case when jsonb_typeof(p->'payment_method_types') = 'array' and p#>'{payment_method_types,1}' is null then unified.word('{"card":"card","card_present":"card","interac_present":"card","us_bank_account":"bank_transfer","ach_debit":"bank_transfer","ach_credit_transfer":"bank_transfer","sepa_debit":"bank_transfer","sepa_credit_transfer":"bank_transfer","bacs_debit":"bank_transfer","acss_debit":"bank_transfer","au_becs_debit":"bank_transfer","nz_bank_account":"bank_transfer","bancontact":"bank_transfer","ideal":"bank_transfer","sofort":"bank_transfer","giropay":"bank_transfer","eps":"bank_transfer","p24":"bank_transfer","fpx":"bank_transfer","multibanco":"bank_transfer","customer_balance":"bank_transfer","pix":"bank_transfer","paynow":"bank_transfer","promptpay":"bank_transfer","pay_by_bank":"bank_transfer","twint":"wallet","blik":"bank_transfer","boleto":"cash","konbini":"cash","oxxo":"cash","klarna":"buy_now_pay_later","afterpay_clearpay":"buy_now_pay_later","affirm":"buy_now_pay_later","zip":"buy_now_pay_later","billie":"buy_now_pay_later","alma":"buy_now_pay_later","alipay":"wallet","wechat":"wallet","wechat_pay":"wallet","paypal":"wallet","link":"wallet","cashapp":"wallet","grabpay":"wallet","amazon_pay":"wallet","revolut_pay":"wallet","mobilepay":"wallet","swish":"wallet","samsung_pay":"wallet","kakao_pay":"wallet","naver_pay":"wallet","crypto":"crypto"}', p#>>'{payment_method_types,0}') end as payment_method_type,
  case when p#>'{payment_method_types,1}' is null then p#>>'{payment_method_types,0}' end as payment_method_type_raw,
  p#>>'{last_payment_error,code}' as error_code,
  p#>>'{last_payment_error,message}' as error_message,
  'payment_intents'::text as raw_resource, 1 as mapping_version,
  case when stripe.unit(p->>'currency') is not null and unified.num(p->'amount') is not null and p->>'status' <> '' and unified.word('{"requires_payment_method":"pending","requires_confirmation":"pending","requires_source":"pending","requires_action":"awaiting_response","requires_source_action":"awaiting_response","processing":"pending","requires_capture":"succeeded","succeeded":"succeeded","canceled":"cancelled"}', p->>'status') is distinct from 'unknown' and unified.epoch(p->'created') is not null and not r.sanitised
       then '[]'::jsonb
       else unified.problems(jsonb_build_array(
           stripe.amount_problem('amount', p->'amount', p->'currency'),
           jsonb_build_array('status', 'enum_unknown', p->'status', coalesce(unified.word('{"requires_payment_method":"pending","requires_confirmation":"pending","requires_source":"pending","requires_action":"awaiting_response","requires_source_action":"awaiting_response","processing":"pending","requires_capture":"succeeded","succeeded":"succeeded","canceled":"cancelled"}', p->>'status'), 'unknown') = 'unknown'),
           jsonb_build_array('processed_at', 'typecast_error', p->'created', unified.epoch(p->'created') is null))) || stripe.sanitised(r.sanitised) end as issues
from portolan.raw_records r, lateral (select r.payload #> '{}' as p offset 0) d
where r.platform = 'stripe' and r.resource = 'payment_intents'
  and stripe.ref(p->'latest_charge') is null and stripe.ref(p#>'{charges,data,0}') is null;
