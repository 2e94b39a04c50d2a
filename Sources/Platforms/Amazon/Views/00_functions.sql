-- Small casts for Amazon's shapes.

-- A currency code; NULL for what cannot be one.
create or replace function amazon.currency(x text) returns text language sql immutable parallel safe as $$
  select case when octet_length(x) = 3 and x ~ '^[A-Za-z]{3}$' then upper(x) end $$;

-- The currency a marketplace sells in: for orders that do not show their amounts yet, and for listings, which never say it.
create or replace function amazon.marketplace_currency(x text) returns text language sql immutable parallel safe as $$
  select '{"ATVPDKIKX0DER":"USD","A2EUQ1WTGCTBG2":"CAD","A1AM78C64UM0Y8":"MXN","A2Q3Y263D00KWC":"BRL","A1F83G8C2ARO7P":"GBP","A1PA6795UKMFR9":"EUR","A13V1IB3VIYZZH":"EUR","APJ6JRA9NG5V4":"EUR","A1RKKUPIHCS9HS":"EUR","A1805IZSGTT6HS":"EUR","A2NODRKZP88ZB9":"SEK","A1C3SOZRARQ6R3":"PLN","AMEN7PMS3EDWL":"EUR","A28R8C7NBKEWEA":"EUR","A33AVAJ2PDY3EV":"TRY","A2VIGQ35RCS4UG":"AED","A17E79C6D8DWNP":"SAR","ARBP9OOSHTCHU":"EGP","AE08WJ6YKNBMC":"ZAR","A21TJRUUN4KGV":"INR","A1VC38T7YXB528":"JPY","A39IBJ37TRP1C6":"AUD","A19VAU5U5O7RUS":"SGD"}'::jsonb ->> x $$;

-- Whether an order of this status may be without amounts: before its payment is authorised, and when it was cancelled.
create or replace function amazon.has_no_money(status text) returns boolean language sql immutable parallel safe as $$
  select coalesce(status in ('Pending', 'PendingAvailability', 'Canceled'), false) $$;

-- true and false, which Amazon writes as words or as texts.
create or replace function amazon.flag(v jsonb) returns boolean language sql immutable parallel safe as $$
  select case when v in ('true', '"true"') then true when v in ('false', '"false"') then false end $$;

-- A seller's SKU as part of a key: as the reader of reports writes it.
create or replace function amazon.key_part(x text) returns text language sql immutable parallel safe as $$
  select replace(replace(replace(x, '%', '%25'), '/', '%2F'), ':', '%3A') $$;

-- The listing of a SKU in a marketplace.
create or replace function amazon.listing(marketplace text, sku text) returns text language sql immutable parallel safe as $$
  select case when marketplace <> '' and sku <> '' then marketplace || ':' || amazon.key_part(sku) end $$;

-- A point in time that ends with UTC in place of a zone.
create or replace function amazon.ts(x text) returns timestamptz language sql stable parallel safe as $$
  select unified.ts(to_jsonb(replace(x, ' UTC', 'Z'))) $$;

-- The sum of the numbers at a path: 0 where there are none, NULL where one of them is no number.
create or replace function amazon.total(v jsonb, path jsonpath) returns numeric language sql immutable parallel safe as $$
  select case when count(*) = count(unified.num(x)) then coalesce(sum(unified.num(x)), 0) end from jsonb_path_query(v, path, '{}', true) x $$;

-- What buyers paid (positive) or got back (negative) in an event of shipments, refunds or claims.
create or replace function amazon.charges(p jsonb) returns numeric language sql immutable parallel safe as $$
  select amazon.total(p, '$.ShipmentItemList[*].ItemChargeList[*].ChargeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemAdjustmentList[*].ItemChargeAdjustmentList[*].ChargeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemList[*].PromotionList[*].PromotionAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemAdjustmentList[*].PromotionAdjustmentList[*].PromotionAmount.CurrencyAmount') $$;

-- Charges of one kind, e.g. Tax.
create or replace function amazon.charges_of(p jsonb, kind text) returns numeric language sql immutable parallel safe as $$
  select case when count(*) = count(unified.num(c #> '{ChargeAmount,CurrencyAmount}')) then coalesce(sum(unified.num(c #> '{ChargeAmount,CurrencyAmount}')), 0) end
  from jsonb_path_query(p, '$.ShipmentItemAdjustmentList[*].ItemChargeAdjustmentList[*]', '{}', true) c where c->>'ChargeType' = kind $$;

-- Amazon's fees, negative when charged; and tax that Amazon keeps back.
create or replace function amazon.fees(p jsonb) returns numeric language sql immutable parallel safe as $$
  select amazon.total(p, '$.ShipmentItemList[*].ItemFeeList[*].FeeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemAdjustmentList[*].ItemFeeAdjustmentList[*].FeeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentFeeList[*].FeeAmount.CurrencyAmount') + amazon.total(p, '$.OrderFeeList[*].FeeAmount.CurrencyAmount')
       + amazon.total(p, '$.FeeList[*].FeeAmount.CurrencyAmount')
       + amazon.total(p, '$.ShipmentItemList[*].ItemTaxWithheldList[*].TaxesWithheld[*].ChargeAmount.CurrencyAmount') $$;

-- The currency of an event: of the first amount in it.
create or replace function amazon.event_currency(p jsonb) returns text language sql immutable parallel safe as $$
  select amazon.currency(coalesce(
    jsonb_path_query_first(p, '$.ShipmentItemList[*].ItemChargeList[*].ChargeAmount.CurrencyCode', '{}', true),
    jsonb_path_query_first(p, '$.ShipmentItemAdjustmentList[*].ItemChargeAdjustmentList[*].ChargeAmount.CurrencyCode', '{}', true),
    jsonb_path_query_first(p, '$.FeeList[*].FeeAmount.CurrencyCode', '{}', true),
    jsonb_path_query_first(p, '$.AdjustmentAmount.CurrencyCode', '{}', true)) #>> '{}') $$;

-- What kind of movement an event is, by the list it came in.
create or replace function amazon.event_type(list text) returns text language sql immutable parallel safe as $$
  select coalesce('{"ShipmentEventList":"charge","ShipmentSettleEventList":"charge","RefundEventList":"refund","GuaranteeClaimEventList":"dispute","ChargebackEventList":"dispute","ServiceFeeEventList":"fee","AdjustmentEventList":"adjustment"}'::jsonb ->> list, 'unknown') $$;

-- How far the transfer of a settlement is. One that is still open has none yet.
create or replace function amazon.transfer_status(transfer text, processing text) returns text language sql immutable parallel safe as $$
  select coalesce('{"succeeded":"paid","transfered":"paid","transferred":"paid","failed":"failed","processing":"in_transit","initiated":"in_transit"}'::jsonb ->> lower(transfer),
                  case when coalesce(transfer, '') = '' and processing in ('Open', 'Closed') then 'scheduled' else 'unknown' end) $$;

-- Lists the problems of a row: what problems() finds, and that the payload had to be cleaned.
create or replace function amazon.issues(sanitised boolean, checks jsonb) returns jsonb language sql immutable parallel safe as $$
  select unified.problems(checks) || case when sanitised then '[{"field":"*","change":"nulled","reason":"sanitised_unicode"}]'::jsonb else '[]'::jsonb end $$;
