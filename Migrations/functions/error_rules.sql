-- Rules for what failures mean, which an operator adds at run time. Lock order: error_rules, then error_rules_version.

-- Whether a value is a list of texts, none of them empty.
create or replace function portolan.is_text_list(p_value jsonb) returns boolean language sql immutable as $$
  select case when jsonb_typeof(p_value) = 'array' then
    not exists (select from jsonb_array_elements(p_value) e where jsonb_typeof(e) <> 'string' or btrim(e #>> '{}') = '') end is true $$;
comment on function portolan.is_text_list is 'Whether a JSON value is a list of texts that are not empty.';

-- What is wrong with the definition of a rule, with the field's name; NULL when nothing is.
create or replace function portolan.error_rule_problem(p_definition jsonb) returns text language plpgsql immutable as $$
declare
  v_field text; v_value jsonb; v_item jsonb;
  v_words constant jsonb := '{
    "hosting": ["merchant", "platform"],
    "bodies": ["json", "broken_json", "xml", "html", "text", "empty"],
    "units": ["seconds", "milliseconds", "epoch", "epoch_ms", "http_date", "iso8601", "retry_after"],
    "remedy": ["none", "smaller_page", "restart_window", "clamp_window", "refresh_token", "reload", "skip_object"],
    "policy": ["retry_now", "backoff", "wait_until", "snooze", "refresh_then_retry", "reload_then_retry", "split", "clamp_window", "restart_window",
      "skip_object", "discard_record", "tombstone", "store_raw_and_flag", "sanitise", "block_stream", "needs_reauth", "block_connection",
      "continue_in_new_job", "stop_leasing", "fall_back_local", "fail", "abandon", "release", "succeed"],
    "customer_code": ["reconnect", "reconnect_2fa", "grant_permission", "upgrade_plan", "shop_inactive", "shop_unreachable", "address_refused",
      "certificate", "firewall", "plugin_missing", "slow_down", "history_limited", "platform_trouble", "our_fault", "none"]}';
begin
  if p_definition is null or jsonb_typeof(p_definition) <> 'object' then return 'definition: it is not an object'; end if;
  if jsonb_typeof(p_definition->'code') is distinct from 'string' or p_definition->>'code' !~ '^[a-z]+\.[a-z_0-9]+$' then
    return 'code: it is not the name of a code, as in rate.limited';
  end if;
  if jsonb_typeof(p_definition->'sentence') is distinct from 'string' or length(btrim(p_definition->>'sentence')) not between 1 and 500 then
    return 'sentence: it is not a text of 1 to 500 characters';
  end if;

  for v_field, v_value in select * from jsonb_each(p_definition) loop
    case v_field
      when 'code', 'sentence' then null;
      when 'operations', 'resources', 'codes', 'transports' then
        if not portolan.is_text_list(v_value) then return v_field || ': it is not a list of texts'; end if;
      when 'hosting', 'remedy', 'policy', 'customer_code' then
        if not coalesce(v_words->v_field ? (v_value #>> '{}'), false) or jsonb_typeof(v_value) <> 'string' then
          return format('%s: it is none of %s', v_field, (select string_agg(w, ', ') from jsonb_array_elements_text(v_words->v_field) w));
        end if;
      when 'bodies' then
        if not portolan.is_text_list(v_value) or not (v_words->'bodies') @> v_value then
          return 'bodies: it is not a list of ' || (select string_agg(w, ', ') from jsonb_array_elements_text(v_words->'bodies') w);
        end if;
      when 'has_reason' then
        if jsonb_typeof(v_value) <> 'boolean' then return 'has_reason: it is neither true nor false'; end if;
      when 'statuses' then
        if jsonb_typeof(v_value) <> 'array' then return 'statuses: it is not a list'; end if;
        for v_item in select jsonb_array_elements(v_value) loop
          if (v_item #>> '{}') !~ '^[1-9][0-9]{2}(-[1-9][0-9]{2})?$' or left(v_item #>> '{}', 3) > right(v_item #>> '{}', 3) or jsonb_typeof(v_item) not in ('number', 'string') then
            return format('statuses: %s is no status and no range as in "500-599"', v_item);
          end if;
        end loop;
      when 'curl_codes' then
        if jsonb_typeof(v_value) <> 'array' or exists (select from jsonb_array_elements(v_value) e where e::text !~ '^[0-9]{1,3}$') then
          return 'curl_codes: it is not a list of libcurl''s numbers';
        end if;
      when 'headers' then
        if jsonb_typeof(v_value) <> 'array' then return 'headers: it is not a list'; end if;
        for v_item in select jsonb_array_elements(v_value) loop
          if jsonb_typeof(v_item) <> 'object' or not portolan.is_text_list(jsonb_build_array(v_item->'name', v_item->'is')) or v_item - 'name' - 'is' <> '{}' then
            return 'headers: each needs a name and what it is';
          end if;
        end loop;
      when 'paths' then
        if jsonb_typeof(v_value) <> 'array' then return 'paths: it is not a list'; end if;
        for v_item in select jsonb_array_elements(v_value) loop
          if jsonb_typeof(v_item) <> 'object' or not portolan.is_text_list(jsonb_build_array(v_item->'path')) or v_item - 'path' - 'any_of' - 'contains' - 'present' <> '{}'
             or (v_item ? 'any_of')::integer + (v_item ? 'contains')::integer + (v_item ? 'present')::integer <> 1
             or v_item ? 'any_of' and not portolan.is_text_list(v_item->'any_of') or v_item ? 'contains' and not portolan.is_text_list(v_item->'contains')
             or v_item ? 'present' and jsonb_typeof(v_item->'present') <> 'boolean' then
            return 'paths: each needs a path and one of any_of, contains and present';
          end if;
        end loop;
      when 'texts' then
        if jsonb_typeof(v_value) <> 'object' or exists (select from jsonb_each(v_value) t where t.key !~ '^[a-z]{2}$' or not portolan.is_text_list(t.value)) then
          return 'texts: it is not lists of patterns by language, as in {"en": ["too many requests"]}';
        end if;
      when 'waits' then
        if jsonb_typeof(v_value) <> 'array' then return 'waits: it is not a list'; end if;
        for v_item in select jsonb_array_elements(v_value) loop
          if jsonb_typeof(v_item) <> 'object' or v_item - 'header' - 'path' - 'unit' - 'max_s' <> '{}'
             or (v_item ? 'header')::integer + (v_item ? 'path')::integer <> 1 or not portolan.is_text_list(jsonb_build_array(coalesce(v_item->'header', v_item->'path')))
             or not coalesce(v_words->'units' ? (v_item->>'unit'), false) or v_item ? 'max_s' and jsonb_typeof(v_item->'max_s') <> 'number' then
            return 'waits: each needs one of header and path, and a unit: ' || (select string_agg(w, ', ') from jsonb_array_elements_text(v_words->'units') w);
          end if;
        end loop;
      when 'fixed_wait_s' then
        if jsonb_typeof(v_value) <> 'number' or not v_value::numeric between 0 and 604800 then return 'fixed_wait_s: it is not a number of seconds from 0 to a week'; end if;
      else
        return format('%s: there is no such field', v_field);
    end case;
  end loop;

  if not exists (select from jsonb_each(p_definition) f
                 where f.key in ('operations', 'resources', 'statuses', 'curl_codes', 'transports', 'headers', 'bodies', 'codes', 'paths', 'texts') and f.value not in ('[]', '{}')) then
    return 'definition: a rule without conditions would decide everything';
  end if;
  return null;
end $$;
comment on function portolan.error_rule_problem is 'What is wrong with the definition of an error rule, with the field''s name; NULL when nothing is.';

create or replace function portolan.set_error_rule(
    p_rule text, p_definition jsonb, p_platform text default null, p_priority integer default 100, p_enabled boolean default true, p_note text default null) returns void
language plpgsql as $$
declare v_problem text := portolan.error_rule_problem(p_definition);
begin
  if p_rule is null or p_rule !~ '^[a-z0-9][a-z0-9._-]{0,99}$' then
    v_problem := 'rule: it is not a name of lower-case letters, digits, dots, dashes and underscores';
  end if;
  if v_problem is not null then raise exception '%', v_problem using errcode = 'invalid_parameter_value'; end if;
  insert into portolan.error_rules as r (rule_id, platform, priority, enabled, definition, note)
  values (p_rule, p_platform, p_priority, p_enabled, p_definition, p_note)
  on conflict (rule_id) do update
    set platform = excluded.platform, priority = excluded.priority, enabled = excluded.enabled, definition = excluded.definition, note = excluded.note, changed_at = portolan.now();
  update portolan.error_rules_version set version = version + 1;
end $$;
comment on function portolan.set_error_rule is 'Adds an error rule, or puts another in the place of the one of that name. A bad one is refused with the field''s name.';

create or replace function portolan.drop_error_rule(p_rule text) returns boolean language plpgsql as $$
begin
  delete from portolan.error_rules where rule_id = p_rule;
  if not found then return false; end if;
  update portolan.error_rules_version set version = version + 1;
  return true;
end $$;
comment on function portolan.drop_error_rule is 'Removes an error rule. Answers whether there was one.';
