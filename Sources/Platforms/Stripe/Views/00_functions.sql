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
  select case when jsonb_typeof(v) = 'object' and v - '{}'::text[] <> '{}' then jsonb_build_object(
    'name', stripe.text(name), 'company', null, 'line1', stripe.text(v->'line1'), 'line2', stripe.text(v->'line2'),
    'city', stripe.text(v->'city'), 'region', stripe.text(v->'state'), 'region_code', null,
    'postal_code', stripe.text(v->'postal_code'), 'country_code', case when v->>'country' ~ '^[A-Za-z]{2}$' then upper(v->>'country') end,
    'country_raw', v->'country', 'phone', stripe.text(phone), 'type', kind) end $$;

-- The word for a currency problem: a code that is there but unknown is another matter than none at all.
create or replace function stripe.amount_problem(field text, amount jsonb, currency jsonb) returns jsonb language sql immutable parallel safe as $$
  select case when unified.num(amount) is not null and stripe.unit(currency #>> '{}') is null
              then jsonb_build_array(field, case when coalesce(currency #>> '{}', '') = '' then 'currency_missing' else 'currency_invalid' end,
                                     coalesce(nullif(nullif(currency, 'null'), '""'), amount), true)
              else jsonb_build_array(field, 'typecast_error', amount, unified.num(amount) is null) end $$;

-- What is said of a row whose payload had to be made storable.
create or replace function stripe.sanitised(sanitised boolean) returns jsonb language sql immutable parallel safe as $$
  select case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;
