-- Kinds of jobs and their arguments. Checked when jobs are enqueued, from wherever: a job that cannot be run never waits.

create or replace function portolan.define_kind(p_kind text, p_fields jsonb default '{}', p_required text[] default '{}',
    p_version integer default 1, p_max_attempts integer default 8) returns void language plpgsql as $$
declare v_bad text;
begin
  select e.key into v_bad from jsonb_each(p_fields) e
  where jsonb_typeof(e.value) <> 'string' or e.value #>> '{}' not in ('string', 'number', 'boolean', 'object', 'array') limit 1;
  if found then
    raise exception 'fields.%: a field''s type is one of string, number, boolean, object, array', v_bad using errcode = 'invalid_parameter_value';
  end if;
  -- Arguments are stored in the open and shown to whoever looks: credentials belong to the connection.
  select k into v_bad from jsonb_object_keys(p_fields) k where k ~* '(passw|secret|token|credential|api_?key|private_?key|authorization|cookie)' limit 1;
  if found then
    raise exception 'fields.%: a job''s arguments never hold secrets; keep it with the connection''s credentials', v_bad using errcode = 'invalid_parameter_value';
  end if;
  select r into v_bad from unnest(p_required) r where not p_fields ? r limit 1;
  if found then
    raise exception 'required: % is not among the fields', quote_literal(v_bad) using errcode = 'invalid_parameter_value';
  end if;
  insert into portolan.job_kinds (kind, args_version, fields, required, max_attempts, names, type_check)
  select p_kind, p_version, p_fields, p_required, p_max_attempts, coalesce(array_agg(e.key) filter (where e.key is not null), '{}'),
         coalesce(string_agg(case when e.key is null then null when e.key = any (p_required) then format('$.%1$s.type() == "%2$s"', to_json(e.key), e.value)
                                  else format('(!exists($.%1$s) || $.%1$s.type() == "%2$s" || $.%1$s.type() == "null")', to_json(e.key), e.value) end, ' && '), '1 == 1')::jsonpath
  from (select 1) one left join jsonb_each_text(p_fields) e on true
  on conflict (kind, args_version) do update set fields = excluded.fields, required = excluded.required, max_attempts = excluded.max_attempts,
    names = excluded.names, type_check = excluded.type_check;
end $$;
comment on function portolan.define_kind is 'Declares a kind of job, or a version of its arguments: the fields with their JSON types and which are required.';

select portolan.define_kind('sync', '{"resource": "string"}', '{resource}');
select portolan.define_kind('report', '{"resource": "string"}', '{resource}');
select portolan.define_kind('backfill', '{"backfill": "number", "resource": "string"}', '{backfill}');
select portolan.define_kind('probe');

-- Why a job cannot be enqueued, with the name of the field and never its value.
create or replace function portolan.job_problem(p_kind text, p_args jsonb, p_version smallint, p_band text, p_max_attempts integer, p_run_at timestamptz default null)
returns text language plpgsql stable as $$
declare v_kind portolan.job_kinds; v_field text; v_type text;
begin
  select * into v_kind from portolan.job_kinds k where k.kind = p_kind and k.args_version = coalesce(p_version, k.args_version) order by k.args_version desc limit 1;
  if not found then
    if exists (select from portolan.job_kinds k where k.kind = p_kind) then
      return format('args_version: kind %s has no version %s of its arguments', quote_literal(p_kind), p_version);
    end if;
    return format('kind: %s is not known; there are: %s', coalesce(quote_literal(p_kind), 'NULL'), (select string_agg(distinct k.kind, ', ') from portolan.job_kinds k));
  end if;
  if portolan.band_rank(p_band) is null then
    return format('band: %s is none; use urgent, incremental, report, backfill or housekeeping', quote_literal(p_band));
  end if;
  if p_max_attempts < 1 then return 'max_attempts: must be at least 1'; end if;
  if p_run_at = 'infinity' then return 'run_at: must be a time, is infinity; pause what is to wait for a word'; end if;
  if jsonb_typeof(p_args) <> 'object' then return format('args: must be an object, is %s', jsonb_typeof(p_args)); end if;
  select k into v_field from jsonb_object_keys(p_args) k where not v_kind.fields ? k limit 1;
  if found then
    return format('args.%s: kind %s has no such field; it has: %s', v_field, p_kind, coalesce(nullif(array_to_string(v_kind.names, ', '), ''), 'none'));
  end if;
  select r into v_field from unnest(v_kind.required) r where not p_args ? r limit 1;
  if found then return format('args.%s: kind %s needs it', v_field, p_kind); end if;
  select e.key, e.value into v_field, v_type from jsonb_each_text(v_kind.fields) e
  where p_args ? e.key and jsonb_typeof(p_args -> e.key) <> e.value and not (jsonb_typeof(p_args -> e.key) = 'null' and not e.key = any (v_kind.required)) limit 1;
  if found then return format('args.%s: must be of type %s, is %s', v_field, v_type, jsonb_typeof(p_args -> v_field)); end if;
  return null;
end $$;
comment on function portolan.job_problem is 'NULL when such a job can be enqueued, else why not: the field, its kind of value, the fix.';
