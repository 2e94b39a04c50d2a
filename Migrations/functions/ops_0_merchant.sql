-- What merchants are told, in English: the texts of Sources/Health/Texts/en.json, so that a view can say them. A test compares the two.
-- In braces stands what only the moment knows; what is in brackets is left out where that is not known.

create or replace function ops.merchant_texts() returns table (code text, happened text, affected text, action text) language sql immutable parallel safe as $$
  values
    ('reconnect', 'We can no longer sign in to {shop} on {platform}.', 'No new data has come in[ since {since}]. What we have is safe and stays available.', 'Open {link} and sign in again.'),
    ('reconnect_2fa', '{shop} now asks for a second sign-in step that an integration cannot complete.', 'No new data has come in[ since {since}]. What we have is safe and stays available.', 'Create an integration token for us in {platform} and enter it at {link}.'),
    ('grant_permission', '{shop} does not allow us to read {streams}.', 'They have not been updated[ since {since}]. Everything else keeps updating.', 'Reconnect at {link} and accept the permission.'),
    ('upgrade_plan', '{platform} only gives {streams} on a higher plan of the shop.', 'They have not been updated[ since {since}]. Everything else keeps updating.', 'Change the plan, or leave {streams} out.'),
    ('shop_inactive', '{platform} reports that {shop} is frozen, closed or unpaid.', 'No new data has come in[ since {since}]. What we have is safe and stays available.', 'Reactivate the shop; we check again every day.'),
    ('shop_unreachable', 'The server of {shop} does not answer.', 'No new data has come in[ since {since}]. We keep trying.', 'Check that the shop opens in a browser; tell your host if it does not.'),
    ('address_refused', 'The address given for {shop} is not one that can be reached from the public internet.', 'Nothing can be read until it is changed.', 'Enter the shop''s public address at {link}.'),
    ('certificate', 'The security certificate of {shop} is expired or incomplete, so we must not send your keys.', 'No new data has come in[ since {since}].', 'Renew it, including the intermediate certificate; your host can do that.'),
    ('firewall', 'A firewall or a password page in front of {shop} rejects our calls.', 'No new data has come in[ since {since}]. What we have is safe and stays available.', 'Allow the addresses listed at {link}.'),
    ('plugin_missing', 'The {platform} interface is switched off, moved or too old at {shop}.', 'No new data has come in[ since {since}]. What we have is safe and stays available.', 'Enable it as described at {link}.'),
    ('slow_down', '{platform} limits how fast we may read {shop}.', 'Updates are delayed[ until {until}].', 'Nothing to do.'),
    ('history_limited', '{platform} keeps only part of its history.', '{streams} begin on {from}.', 'Nothing to do.'),
    ('platform_trouble', '{platform} has problems at the moment.', 'Updates are delayed[ since {since}].', 'Nothing to do.'),
    ('our_fault', 'We have a problem on our side and are on it.', 'Updates are delayed[ since {since}]. No data is lost.', 'Nothing to do.') $$;
comment on function ops.merchant_texts() is 'The texts for merchants by their code: what happened, what it affects, what to do.';

create or replace function ops.merchant_message(p_code text, p_since timestamptz, p_until timestamptz, p_streams text) returns text language sql stable as $$
  with given as (
    select t.o, t.part from ops.merchant_texts() m cross join lateral unnest(array[m.happened, m.affected, m.action]) with ordinality t(part, o) where m.code = p_code),
  known as (
    select o, regexp_replace(
        case when p_until is not null then regexp_replace(s.part, '\[([^]]*\{until\}[^]]*)\]', '\1', 'g') else s.part end, '\[[^]]*\]', '', 'g') as part
    from (select g.o, case when p_since is not null then regexp_replace(g.part, '\[([^]]*\{since\}[^]]*)\]', '\1', 'g') else g.part end as part from given g) s),
  filled as (
    select k.o, replace(replace(replace(replace(replace(replace(replace(k.part, '{platform}', 'the platform'), '{shop}', 'your shop'), '{link}', 'the connection''s page'), '{from}', 'a later date'),
      '{since}', coalesce(to_char(p_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), '')), '{until}', coalesce(to_char(p_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), '')),
      '{streams}', coalesce(p_streams, 'some of the data')) as part from known k)
  select string_agg(upper(left(f.part, 1)) || substr(f.part, 2), ' ' order by f.o) from filled f $$;
comment on function ops.merchant_message(text, timestamptz, timestamptz, text) is 'What a merchant is told, in one paragraph; NULL for a code without a text.';
