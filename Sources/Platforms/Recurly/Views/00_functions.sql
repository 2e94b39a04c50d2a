-- What only Recurly's views need. One-line SQL functions without sub-selects, so that the planner inlines them; those
-- with one say so.

-- Text, without the empty one.
create or replace function recurly.text(v jsonb) returns text language sql immutable parallel safe as $$
  select case jsonb_typeof(v) when 'string' then nullif(v #>> '{}', '') end $$;

-- The identifier of a record that stands in another.
create or replace function recurly.ref(v jsonb) returns text language sql immutable parallel safe as $$
  select recurly.text(v->'id') $$;

-- A currency code; NULL for what cannot be one.
create or replace function recurly.currency(v jsonb) returns text language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'string' and octet_length(v #>> '{}') = 3 and v #>> '{}' ~ '^[A-Za-z]{3}$' then upper(v #>> '{}') end $$;

-- A price. The member for two decimals is null where the one for nine is used.
create or replace function recurly.price(v jsonb) returns numeric language sql immutable parallel safe as $$
  select coalesce(unified.num(v->'unit_amount'), unified.num(v->'unit_amount_decimal')) $$;

-- A quantity. The whole number is the rounded one where the decimal is there.
create or replace function recurly.quantity(v jsonb) returns numeric language sql immutable parallel safe as $$
  select coalesce(unified.num(v->'quantity_decimal'), unified.num(v->'quantity')) $$;

-- What tells a plan's prices apart: the currency, and the segment of customers where a price is for one.
create or replace function recurly.price_key(v jsonb) returns text language sql immutable parallel safe as $$
  select recurly.currency(v->'currency') || coalesce(':' || recurly.text(v->'price_segment_id'), '') $$;

-- The row of billing_plans for a plan in a currency: one plan has several prices.
create or replace function recurly.plan_price(plan text, currency text) returns text language sql immutable parallel safe as $$
  select plan || ':' || currency $$;

-- An address in the common shape; NULL where there is none.
create or replace function recurly.address(v jsonb, name text, company text, kind text) returns jsonb language sql immutable parallel safe as $$
  select case when jsonb_typeof(v) = 'object' and coalesce(nullif(v->>'street1',''), nullif(v->>'street2',''), nullif(v->>'city',''), nullif(v->>'region',''), nullif(v->>'postal_code',''), nullif(v->>'country','')) is not null
    then unified.address(name, company, recurly.text(v->'street1'), recurly.text(v->'street2'), recurly.text(v->'city'), recurly.text(v->'region'), null,
      recurly.text(v->'postal_code'), case when v->>'country' ~ '^[A-Za-z]{2}$' then upper(v->>'country') end, recurly.text(v->'country'), recurly.text(v->'phone'), kind) end $$;

-- First and last name with a space between.
create or replace function recurly.name(v jsonb) returns text language sql immutable parallel safe as $$
  select nullif(concat_ws(' ', recurly.text(v->'first_name'), recurly.text(v->'last_name')), '') $$;

-- Prices of a plan: of a fixed one its own, of a ramp those it begins with; one null where it has none, so that it is shown.
create or replace function recurly.pricings(p jsonb) returns jsonb language sql immutable parallel safe as $$
  select coalesce(nullif(unified.arr(p->'currencies'), '[]'), nullif(unified.arr(p#>'{ramp_intervals,0,currencies}'), '[]'), '[null]') $$;

-- The fee in the list beside the prices, where the price itself has none. Has a sub-select.
create or replace function recurly.setup_fee(p jsonb, currency text) returns numeric language sql immutable parallel safe as $$
  select unified.num(f->'unit_amount') from jsonb_array_elements(unified.arr(p->'setup_fees')) f where upper(f->>'currency') = currency limit 1 $$;

-- Recurly counts in days or months.
create or replace function recurly.interval_word(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{"days":"day","months":"month"}'::jsonb, x) $$;

-- What is said of a row whose payload had to be made storable.
create or replace function recurly.issues(sanitised boolean, checks jsonb) returns jsonb language sql immutable parallel safe as $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;

-- Recurly's words in the words of the unified model; what is not here is 'unknown'.
create or replace function recurly.account_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{"active":"enabled","inactive":"disabled"}'::jsonb, x) $$;

create or replace function recurly.plan_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{"active":"active","inactive":"inactive"}'::jsonb, x) $$;

create or replace function recurly.collection_method(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{"automatic":"automatic","manual":"manual"}'::jsonb, x) $$;

-- Canceled means that it will not renew: it runs on until it expires. A trial is no state of its own. Both are judged at the time
-- at which the record was fetched: its end changes the record, so it is fetched again then.
create or replace function recurly.subscription_status(state text, expires_at timestamptz, trial_ends_at timestamptz, at timestamptz)
returns text language sql immutable parallel safe as $$
  select case when state = 'canceled' and expires_at <= at then 'expired'
              when state in ('active', 'canceled') and trial_ends_at > at then 'trialing'
              else unified.word('{"active":"active","canceled":"active","expired":"expired","future":"pending","paused":"paused","failed":"expired"}'::jsonb, state) end $$;

create or replace function recurly.invoice_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "open":"open","pending":"open","processing":"open","past_due":"past_due","paid":"paid","closed":"paid","failed":"uncollectible","voided":"void"}'::jsonb, x) $$;

create or replace function recurly.invoice_reason(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "purchase":"creation","renewal":"renewal","immediate_change":"update","termination":"update","usage_correction":"update",
    "credit":"manual","gift_card":"manual","import":"manual","line_item_refund":"manual","open_amount_refund":"manual","refund":"manual",
    "external_refund":"manual","prepayment":"manual","write_off":"manual","carryforward_credit":"manual","carryforward_gift_credit":"manual"}'::jsonb, x) $$;

create or replace function recurly.line_type(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "plan":"subscription","plan_trial":"subscription","add_on":"subscription","add_on_trial":"subscription","setup_fee":"fee",
    "one_time":"invoice_item","debit":"invoice_item","prepayment":"invoice_item","credit":"adjustment","carryforward":"adjustment",
    "external_gift_card":"adjustment","coupon":"discount"}'::jsonb, x) $$;

-- A chargeback is a state of what was paid: the money had come in.
create or replace function recurly.transaction_status(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "success":"succeeded","chargeback":"succeeded","declined":"failed","error":"failed","pending":"pending","processing":"pending",
    "scheduled":"pending","void":"cancelled"}'::jsonb, x) $$;

create or replace function recurly.transaction_kind(type text, origin text) returns text language sql immutable parallel safe as $$
  select case when type = 'refund' and origin = 'chargeback' then 'chargeback'
              else unified.word('{"authorization":"authorization","verify":"authorization","capture":"capture","purchase":"sale","refund":"refund"}'::jsonb, type) end $$;

create or replace function recurly.payment_method(x text) returns text language sql immutable parallel safe as $$
  select unified.word('{
    "credit_card":"card","bank_account_info":"bank_transfer","iban_bank_account":"bank_transfer","sepadirectdebit":"bank_transfer",
    "eft":"bank_transfer","wire_transfer":"bank_transfer","ach":"bank_transfer","bacs":"bank_transfer","becs":"bank_transfer",
    "amazon":"wallet","amazon_billing_agreement":"wallet","apple_pay":"wallet","google_pay":"wallet","paypal":"wallet",
    "paypal_billing_agreement":"wallet","venmo":"wallet","cash_app":"wallet","roku":"wallet","check":"check","money_order":"check",
    "boleto":"cash","gateway_token":"other","braintree_apple_pay":"wallet","braintree_google_pay":"wallet","braintree_v_zero":"wallet","other":"other"}'::jsonb, x) $$;

-- What an add-on costs a period; NULL for tiers and for what is metered.
create or replace function recurly.add_on_amount(v jsonb) returns numeric language sql immutable parallel safe as $$
  select case when coalesce(v->>'tier_type', 'flat') = 'flat' and v#>>'{add_on,add_on_type}' is distinct from 'usage'
              then recurly.price(v) * coalesce(unified.num(v->'quantity'), 1) end $$;

-- What a subscription's add-ons cost a period: NULL where one has tiers, is metered or has no price. Has a sub-select.
create or replace function recurly.add_ons_total(v jsonb) returns numeric language sql immutable parallel safe as $$
  select case when v = '[]' then 0 when jsonb_typeof(v) = 'array' then (
    select case when bool_and(recurly.add_on_amount(a) is not null) then sum(recurly.add_on_amount(a)) end
    from jsonb_array_elements(v) a where coalesce(a->'expired_at', 'null') = 'null') end $$;
