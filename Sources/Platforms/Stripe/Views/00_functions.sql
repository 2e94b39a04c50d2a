-- What only Stripe's views need. One-line SQL functions without sub-selects, so that the planner inlines them.

-- What one unit of Stripe's integer amounts is worth: 1 where a currency has no smaller unit, 0.001 where it has
-- thousandths, 0.01 otherwise. Stripe's own table, not ISO 4217's: MGA counts whole ariary, ISK and UGX are sent with
-- two decimals although they have none. A code that is not in it is not guessed at: NULL.
create or replace function stripe.unit(currency text) returns numeric language sql immutable parallel safe as $$
  select ('{
    "bif":"1","clp":"1","djf":"1","gnf":"1","jpy":"1","kmf":"1","krw":"1","mga":"1","pyg":"1","rwf":"1","vnd":"1",
    "vuv":"1","xaf":"1","xof":"1","xpf":"1","bhd":"0.001","jod":"0.001","kwd":"0.001","omr":"0.001","tnd":"0.001",
    "aed":"0.01","afn":"0.01","all":"0.01","amd":"0.01","ang":"0.01","aoa":"0.01","ars":"0.01","aud":"0.01",
    "awg":"0.01","azn":"0.01","bam":"0.01","bbd":"0.01","bdt":"0.01","bgn":"0.01","bmd":"0.01","bnd":"0.01",
    "bob":"0.01","brl":"0.01","bsd":"0.01","bwp":"0.01","byn":"0.01","bzd":"0.01","cad":"0.01","cdf":"0.01",
    "chf":"0.01","cny":"0.01","cop":"0.01","crc":"0.01","cup":"0.01","cve":"0.01","czk":"0.01","dkk":"0.01",
    "dop":"0.01","dzd":"0.01","egp":"0.01","ern":"0.01","etb":"0.01","eur":"0.01","fjd":"0.01","fkp":"0.01",
    "gbp":"0.01","gel":"0.01","ghs":"0.01","gip":"0.01","gmd":"0.01","gtq":"0.01","gyd":"0.01","hkd":"0.01",
    "hnl":"0.01","hrk":"0.01","htg":"0.01","huf":"0.01","idr":"0.01","ils":"0.01","inr":"0.01","irr":"0.01",
    "isk":"0.01","jmd":"0.01","kes":"0.01","kgs":"0.01","khr":"0.01","kyd":"0.01","kzt":"0.01","lak":"0.01",
    "lbp":"0.01","lkr":"0.01","lrd":"0.01","lsl":"0.01","ltl":"0.01","lvl":"0.01","mad":"0.01","mdl":"0.01",
    "mkd":"0.01","mmk":"0.01","mnt":"0.01","mop":"0.01","mro":"0.01","mru":"0.01","mur":"0.01","mvr":"0.01",
    "mwk":"0.01","mxn":"0.01","myr":"0.01","mzn":"0.01","nad":"0.01","ngn":"0.01","nio":"0.01","nok":"0.01",
    "npr":"0.01","nzd":"0.01","pab":"0.01","pen":"0.01","pgk":"0.01","php":"0.01","pkr":"0.01","pln":"0.01",
    "qar":"0.01","ron":"0.01","rsd":"0.01","rub":"0.01","sar":"0.01","sbd":"0.01","scr":"0.01","sdg":"0.01",
    "sek":"0.01","sgd":"0.01","shp":"0.01","sle":"0.01","sll":"0.01","sos":"0.01","srd":"0.01","ssp":"0.01",
    "std":"0.01","stn":"0.01","svc":"0.01","syp":"0.01","szl":"0.01","thb":"0.01","tjs":"0.01","tmt":"0.01",
    "top":"0.01","try":"0.01","ttd":"0.01","twd":"0.01","tzs":"0.01","uah":"0.01","ugx":"0.01","usd":"0.01",
    "uyu":"0.01","uzs":"0.01","ves":"0.01","wst":"0.01","xcd":"0.01","xcg":"0.01","yer":"0.01","zar":"0.01",
    "zmw":"0.01"
    }'::jsonb ->> lower(currency))::numeric $$;

-- An amount in major units. Takes integers, and the decimal text of `unit_amount_decimal`.
create or replace function stripe.money(amount jsonb, currency text) returns numeric language sql immutable parallel safe as $$
  select unified.num(amount) * stripe.unit(currency) $$;

-- The same as a magnitude, for columns whose name or direction says the sign.
create or replace function stripe.magnitude(amount jsonb, currency text) returns numeric language sql immutable parallel safe as $$
  select abs(unified.num(amount)) * stripe.unit(currency) $$;

-- A reference: an id, or the object in its place (expanded, or the stub of a deleted one).
create or replace function stripe.ref(v jsonb) returns text language sql immutable parallel safe as $$
  select nullif(case jsonb_typeof(v) when 'string' then v #>> '{}' when 'object' then v ->> 'id' end, '') $$;

-- Text, without the empty one.
create or replace function stripe.text(v jsonb) returns text language sql immutable parallel safe as $$
  select case jsonb_typeof(v) when 'string' then nullif(v #>> '{}', '') end $$;

-- Test mode is said by every object that has `livemode`.
create or replace function stripe.is_test(livemode jsonb) returns boolean language sql immutable parallel safe as $$
  select case when livemode = 'false'::jsonb then true when livemode = 'true'::jsonb then false end $$;

-- An address in the common shape; NULL where there is none.
create or replace function stripe.address(v jsonb, name jsonb, phone jsonb, kind text) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'object' and jsonb_strip_nulls(v) <> '{}' then unified.address(
    stripe.text(name), null, stripe.text(v->'line1'), stripe.text(v->'line2'), stripe.text(v->'city'), stripe.text(v->'state'), null,
    stripe.text(v->'postal_code'), case when v->>'country' ~ '^[A-Za-z]{2}$' then upper(v->>'country') end, stripe.text(v->'country'), stripe.text(phone), kind) end $$;

-- The word for a currency problem: a code that is there but unknown is another matter than none at all.
create or replace function stripe.amount_problem(field text, amount jsonb, currency jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when unified.num(amount) is not null and stripe.unit(currency #>> '{}') is null
              then jsonb_build_array(field, case when coalesce(currency #>> '{}', '') = '' then 'currency_missing' else 'currency_invalid' end,
                                     coalesce(nullif(nullif(currency, 'null'), '""'), amount), true)
              else jsonb_build_array(field, 'typecast_error', amount, unified.num(amount) is null) end $$;

-- What is said of a row whose payload had to be made storable.
create or replace function stripe.sanitised(sanitised boolean) returns jsonb language sql immutable parallel safe as $$
  select case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;

-- Stripe's words in the words of the unified model; what is not here is 'unknown'.
create or replace function stripe.balance_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "available":"available","pending":"pending"}'::jsonb, x) $$;

create or replace function stripe.balance_type(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "charge":"charge","payment":"charge","payment_unreconciled":"charge","refund":"refund",
    "payment_refund":"refund","refund_failure":"refund","payment_failure_refund":"refund",
    "payment_reversal":"refund","adjustment":"adjustment","payout":"payout","payout_cancel":"payout_failure",
    "payout_failure":"payout_failure","stripe_fee":"fee","stripe_fx_fee":"fee",
    "payment_network_reserve_hold":"reserve","payment_network_reserve_release":"reserve_release",
    "reserve_transaction":"reserve","reserved_funds":"reserve","reserve_hold":"reserve",
    "reserve_release":"reserve_release","tax_fee":"tax","transfer":"transfer","transfer_cancel":"transfer",
    "transfer_failure":"transfer","transfer_refund":"transfer","connect_collection_transfer":"transfer",
    "advance":"loan","advance_funding":"loan","anticipation_repayment":"loan","application_fee":"other",
    "application_fee_refund":"other","contribution":"other","topup":"other","topup_reversal":"other",
    "climate_order_purchase":"other","climate_order_refund":"other","issuing_authorization_hold":"other",
    "issuing_authorization_release":"other","issuing_dispute":"other","issuing_transaction":"other",
    "issuing_disbursement":"other","obligation_outbound":"other","obligation_reversal_inbound":"other",
    "inbound_transfer":"other","inbound_transfer_reversal":"other","fee_credit_funding":"other",
    "stripe_balance_payment_debit":"other","stripe_balance_payment_debit_reversal":"other"}'::jsonb, x) $$;

create or replace function stripe.billing_reason(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "subscription_create":"creation","subscription_cycle":"renewal","subscription":"renewal",
    "subscription_threshold":"renewal","subscription_update":"update","manual":"manual",
    "automatic_pending_invoice_item_invoice":"manual","quote_accept":"creation"}'::jsonb, x) $$;

create or replace function stripe.charge_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "succeeded":"succeeded","paid":"succeeded","pending":"pending","failed":"failed"}'::jsonb, x) $$;

create or replace function stripe.collection_method(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "charge_automatically":"automatic","send_invoice":"manual"}'::jsonb, x) $$;

create or replace function stripe.intent_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "requires_payment_method":"pending","requires_confirmation":"pending","requires_source":"pending",
    "requires_action":"awaiting_response","requires_source_action":"awaiting_response","processing":"pending",
    "requires_capture":"succeeded","succeeded":"succeeded","canceled":"cancelled"}'::jsonb, x) $$;

create or replace function stripe.interval_word(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "day":"day","week":"week","month":"month","year":"year"}'::jsonb, x) $$;

create or replace function stripe.invoice_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "draft":"draft","open":"open","paid":"paid","uncollectible":"uncollectible","void":"void"}'::jsonb, x) $$;

create or replace function stripe.line_type(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "subscription_item_details":"subscription","invoice_item_details":"invoice_item","subscription":"subscription",
    "invoiceitem":"invoice_item"}'::jsonb, x) $$;

create or replace function stripe.payment_method(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "card":"card","card_present":"card","interac_present":"card","us_bank_account":"bank_transfer",
    "ach_debit":"bank_transfer","ach_credit_transfer":"bank_transfer","sepa_debit":"bank_transfer",
    "sepa_credit_transfer":"bank_transfer","bacs_debit":"bank_transfer","acss_debit":"bank_transfer",
    "au_becs_debit":"bank_transfer","nz_bank_account":"bank_transfer","bancontact":"bank_transfer",
    "ideal":"bank_transfer","sofort":"bank_transfer","giropay":"bank_transfer","eps":"bank_transfer",
    "p24":"bank_transfer","fpx":"bank_transfer","multibanco":"bank_transfer","customer_balance":"bank_transfer",
    "pix":"bank_transfer","paynow":"bank_transfer","promptpay":"bank_transfer","pay_by_bank":"bank_transfer",
    "twint":"wallet","blik":"bank_transfer","boleto":"cash","konbini":"cash","oxxo":"cash",
    "klarna":"buy_now_pay_later","afterpay_clearpay":"buy_now_pay_later","affirm":"buy_now_pay_later",
    "zip":"buy_now_pay_later","billie":"buy_now_pay_later","alma":"buy_now_pay_later","alipay":"wallet",
    "wechat":"wallet","wechat_pay":"wallet","paypal":"wallet","link":"wallet","cashapp":"wallet","grabpay":"wallet",
    "amazon_pay":"wallet","revolut_pay":"wallet","mobilepay":"wallet","swish":"wallet","samsung_pay":"wallet",
    "kakao_pay":"wallet","naver_pay":"wallet","crypto":"crypto"}'::jsonb, x) $$;

create or replace function stripe.refund_reason(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "requested_by_customer":"requested_by_customer","duplicate":"duplicate","fraudulent":"fraudulent",
    "expired_uncaptured_charge":"other"}'::jsonb, x) $$;

create or replace function stripe.refund_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "succeeded":"succeeded","pending":"pending","requires_action":"pending","failed":"failed",
    "canceled":"cancelled"}'::jsonb, x) $$;

create or replace function stripe.source_object(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "ch":"charge","py":"charge","re":"refund","pyr":"refund","po":"payout","tr":"transfer",
    "trr":"transfer_reversal","dp":"dispute","du":"dispute","fee":"application_fee","fr":"application_fee_refund",
    "tu":"topup","txn":"balance_transaction","ipi":"issuing_transaction","iauth":"issuing_authorization"}'::jsonb, x) $$;

create or replace function stripe.subscription_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "trialing":"trialing","active":"active","past_due":"past_due","unpaid":"past_due","incomplete":"pending",
    "incomplete_expired":"expired","canceled":"canceled","paused":"paused"}'::jsonb, x) $$;
