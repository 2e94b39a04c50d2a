-- Jobs that recur at wall-clock times. Lock order: schedules, connections, then what enqueue_many locks.

-- The values a field stands for, ascending. Names are those of the values from p_min on; p_field is for the message of a refusal.
create or replace function portolan.cron_field(p_field text, p_text text, p_min integer, p_max integer, p_names text[] default '{}') returns integer[]
language plpgsql immutable as $$
declare v_values integer[] := '{}'; v_item text; v_part text; v_parts text[]; v_value integer; v_low integer; v_high integer; v_step integer; v_bad text;
begin
  foreach v_item in array string_to_array(upper(p_text), ',') loop
    v_parts := regexp_match(v_item, '^(?:\*|([0-9]{1,2}|[A-Z]{3})(?:-([0-9]{1,2}|[A-Z]{3}))?)(?:/([0-9]{1,2}))?$');
    v_low := p_min; v_high := p_max; v_step := coalesce(v_parts[3]::integer, 1); v_bad := null;
    if v_parts is null then
      v_bad := format('%s is none of *, a value, a range as in 1-5, a step as in */2, or a list of these with commas', quote_literal(v_item));
    else
      for v_i in 1..2 loop
        v_part := v_parts[v_i];
        continue when v_part is null;
        v_value := case when v_part ~ '^[0-9]' then v_part::integer else array_position(p_names, v_part) + p_min - 1 end;
        if v_value is null or v_value not between p_min and p_max then
          v_bad := format('%s is not one of %s to %s', quote_literal(v_part), p_min, p_max) || coalesce(' or ' || nullif(array_to_string(p_names, ', '), ''), '');
          exit;
        end if;
        -- A week's range may end on Sunday by name.
        if v_i = 1 then v_low := v_value; v_high := v_value;
        else v_high := case when v_part = 'SUN' and v_low > 0 then 7 else v_value end; end if;
      end loop;
      v_bad := coalesce(v_bad, case
        when v_low > v_high then format('%s runs backwards; write %s-%s,%s-%s', quote_literal(v_item), v_low, p_max, p_min, v_high)
        when v_parts[3] is not null and v_parts[1] is not null and v_parts[2] is null then format('%s has a step and no range; write %s-%s/%s', quote_literal(v_item), v_low, p_max, v_step)
        when v_step not between 1 and p_max - p_min then format('%s has a step that is not one of 1 to %s', quote_literal(v_item), p_max - p_min) end);
    end if;
    if v_bad is not null then
      raise exception 'cron.%: %', p_field, v_bad using errcode = 'invalid_parameter_value';
    end if;
    v_values := v_values || array(select generate_series(v_low, v_high, v_step));
  end loop;
  return array(select distinct case when p_field = 'day_of_week' then v % 7 else v end from unnest(v_values) v order by 1);
end $$;
comment on function portolan.cron_field is 'The values one field of a cron expression stands for. Refuses what it does not understand, with the fix.';

-- The first minute of the calendar, from p_from to p_until, that the values allow; the clock's changes are not looked at. Walks days, and in a
-- day that matches its hours and minutes.
create or replace function portolan.cron_minute(p_minutes integer[], p_hours integer[], p_days integer[], p_months integer[], p_weekdays integer[],
    p_either boolean, p_from timestamp, p_until timestamp) returns timestamp language plpgsql immutable as $$
declare v_day timestamp := date_trunc('day', p_from); v_hour integer := extract(hour from p_from); v_minute integer := extract(minute from p_from); h integer; m integer; v_in_month boolean; v_in_week boolean;
begin
  while v_day <= p_until loop
    if extract(month from v_day)::integer = any (p_months) then
      v_in_month := extract(day from v_day)::integer = any (p_days);
      v_in_week := extract(dow from v_day)::integer = any (p_weekdays);
      if (v_in_month and v_in_week) or (p_either and (v_in_month or v_in_week)) then
        foreach h in array p_hours loop
          continue when h < v_hour;
          foreach m in array p_minutes loop
            continue when h = v_hour and m < v_minute;
            v_day := v_day + make_interval(hours => h, mins => m);
            return case when v_day <= p_until then v_day end;
          end loop;
        end loop;
      end if;
      v_day := v_day + interval '1 day';
    else
      v_day := date_trunc('month', v_day) + interval '1 month';
    end if;
    v_hour := 0; v_minute := 0;
  end loop;
  return null;
end $$;
comment on function portolan.cron_minute is 'The first minute on the calendar that the values of a cron expression allow; NULL when there is none until then.';

-- The next slot after an instant. Five fields as cron has them; where day of month and day of week are both restricted (begin with no *), either
-- will do. What the zone's clock does to it:
--   * an hour field with * or / follows real time: it fires whenever the clock shows such a minute, in both of two doubled hours and in no
--     skipped one.
--   * any other names times of the day, and each comes once a day: one the clock skips fires at the first instant after the gap (several
--     skipped ones together, once), one that comes twice fires the first time.
-- So a named time fires at the first instant at which the clock shows it or a later one, and the slots stay in order.
-- Instants are timestamps in UTC here: to those days and hours are added alike, whatever the session's zone.
create or replace function portolan.cron_next(p_cron text, p_zone text, p_after timestamptz) returns timestamptz language plpgsql stable strict as $$
declare
  v_cron text[] := regexp_split_to_array(btrim(case lower(btrim(p_cron)) when '@hourly' then '0 * * * *' when '@daily' then '0 0 * * *'
                                               when '@weekly' then '0 0 * * 0' when '@monthly' then '0 0 1 * *' else p_cron end, E' \t'), E'[ \t]+');
  v_minutes integer[]; v_hours integer[]; v_days integer[]; v_months integer[]; v_weekdays integer[]; v_either boolean; v_is_real boolean;
  v_after timestamp := p_after at time zone 'UTC'; v_local timestamp; v_until timestamp; v_back interval; v_slot timestamp; v_at timestamp; v_first timestamp;
  v_low timestamp; v_high timestamp; v_again timestamp;
begin
  if cardinality(v_cron) <> 5 then
    raise exception 'cron: % has % fields; write five (minute, hour, day of month, month, day of week) or @hourly, @daily, @weekly, @monthly', quote_literal(p_cron), cardinality(v_cron)
      using errcode = 'invalid_parameter_value';
  end if;
  v_minutes := portolan.cron_field('minute', v_cron[1], 0, 59);
  v_hours := portolan.cron_field('hour', v_cron[2], 0, 23);
  v_days := portolan.cron_field('day_of_month', v_cron[3], 1, 31);
  v_months := portolan.cron_field('month', v_cron[4], 1, 12, '{JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC}');
  v_weekdays := portolan.cron_field('day_of_week', v_cron[5], 0, 7, '{SUN,MON,TUE,WED,THU,FRI,SAT}');
  v_either := left(v_cron[3], 1) <> '*' and left(v_cron[5], 1) <> '*';
  v_is_real := v_cron[2] ~ '[*/]';
  if not isfinite(p_after) then return null; end if;
  v_local := p_after at time zone p_zone;
  v_until := v_local + interval '8 years';

  -- In real time, minutes the clock has shown already may come again. How far the clock goes back within a day:
  v_back := v_local - ((v_after + interval '24 hours') at time zone 'UTC' at time zone p_zone - interval '24 hours');
  if v_is_real and v_back > interval '0' then
    v_slot := date_trunc('minute', v_local - v_back);
    loop
      v_slot := portolan.cron_minute(v_minutes, v_hours, v_days, v_months, v_weekdays, v_either, v_slot + interval '1 minute', v_local);
      exit when v_slot is null;
      v_again := v_after + (v_slot - v_local) + v_back;
      exit when v_again > v_after and v_again at time zone 'UTC' at time zone p_zone = v_slot;
    end loop;
    if v_slot is null then v_again := null; end if;
  end if;

  v_slot := date_trunc('minute', v_local);
  loop
    v_slot := portolan.cron_minute(v_minutes, v_hours, v_days, v_months, v_weekdays, v_either, v_slot + interval '1 minute', v_until);
    exit when v_slot is null;
    -- Of a time that comes twice PostgreSQL gives the second; one that is skipped it takes for the clock of before the gap.
    v_at := v_slot at time zone p_zone at time zone 'UTC';
    v_local := v_at at time zone 'UTC' at time zone p_zone;
    if v_local = v_slot then
      v_first := (v_at - interval '24 hours') at time zone 'UTC' at time zone p_zone + interval '24 hours';      -- what a clock that was not changed since yesterday shows
      v_first := v_at - (v_first - v_slot);
      if v_first < v_at and v_first at time zone 'UTC' at time zone p_zone = v_slot and (v_first > v_after or not v_is_real) then v_at := v_first; end if;
    else
      continue when v_is_real;
      -- The end of the gap: the first second whose local time is not before the slot.
      v_low := v_at - (v_local - v_slot); v_high := v_at;
      while v_high - v_low > interval '1 second' loop
        v_at := v_low + date_trunc('second', (v_high - v_low) / 2);
        if v_at at time zone 'UTC' at time zone p_zone >= v_slot then v_high := v_at; else v_low := v_at; end if;
      end loop;
      v_at := v_high;
    end if;
    exit when v_at > v_after;
  end loop;
  return least(v_again, case when v_slot is not null then v_at end) at time zone 'UTC';
end $$;
comment on function portolan.cron_next is 'The next time after an instant at which a cron expression fires by the clocks of a zone; NULL when it does not within 8 years.';

-- Declares a schedule. Said again, it is replaced: the slot to come stays unless expression or zone have changed, and a paused one stays paused,
-- so that programs may say it at every start.
create or replace function portolan.schedule(p_name text, p_connection bigint, p_kind text, p_args jsonb, p_cron text, p_zone text default 'UTC',
    p_band text default 'report', p_family text default null) returns bigint language plpgsql as $$
declare v_now timestamptz := portolan.now(); v_args jsonb := coalesce(p_args, '{}'); v_zone text := coalesce(p_zone, 'UTC'); v_band text := coalesce(p_band, 'report');
  v_version smallint; v_next timestamptz; v_bad text; v_schedule bigint;
begin
  select max(k.args_version) into v_version from portolan.job_kinds k where k.kind = p_kind;
  v_bad := case
    when coalesce(p_name, '') !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' then
      format('name: %s is none; use up to 100 letters, digits, dots, dashes and underscores, a letter or digit first', quote_nullable(p_name))
    when not exists (select from portolan.connections c where c.connection_id = p_connection) then
      format('connection_id: there is no connection %s; use one of portolan.connections', coalesce(p_connection::text, 'NULL'))
    else portolan.job_problem(p_kind, v_args, v_version, v_band, null) end;
  v_bad := coalesce(v_bad, case
    when p_cron is null then 'cron: must be given, e.g. ''0 3 * * *'''
    -- The list of names is made by reading every file there is; what is said again has been looked up.
    when v_zone <> 'UTC' and not exists (select from portolan.schedules s where s.name = p_name and s.zone = v_zone)
         and not exists (select from pg_timezone_names z where z.name = v_zone) then
      format('zone: %s is not known; use a name of pg_timezone_names, e.g. ''Europe/Berlin''', quote_literal(v_zone)) end);
  if v_bad is null then
    v_next := portolan.cron_next(p_cron, v_zone, v_now);
    if v_next is null then
      v_bad := format('cron: %s does not fire within 8 years; give days that the months have', quote_literal(p_cron));
    end if;
  end if;
  if v_bad is not null then
    raise exception '%', v_bad using errcode = 'invalid_parameter_value';
  end if;
  insert into portolan.schedules as s (connection_id, next_at, args_version, name, kind, band, family, cron, zone, args)
  values (p_connection, v_next, v_version, p_name, p_kind, v_band, coalesce(p_family, 'main'), p_cron, v_zone, v_args)
  on conflict (name) do update set connection_id = excluded.connection_id, args_version = excluded.args_version, kind = excluded.kind, band = excluded.band,
    family = excluded.family, cron = excluded.cron, zone = excluded.zone, args = excluded.args, problem = null,
    -- A tick that was in the middle of it may have had the slot already.
    next_at = case when s.next_at is null or (s.cron, s.zone) = (excluded.cron, excluded.zone) then s.next_at
                   else portolan.cron_next(excluded.cron, excluded.zone, greatest(v_now, s.slot_at)) end
  returning s.schedule_id into v_schedule;
  return v_schedule;
end $$;
comment on function portolan.schedule is 'Declares a recurring job, or replaces the one of that name. Answers its id.';

create or replace function portolan.unschedule(p_name text) returns boolean language plpgsql as $$
begin
  delete from portolan.schedules s where s.name = p_name;
  return found;
end $$;
comment on function portolan.unschedule is 'Ends a schedule; a job of it that waits stays. False when there is none of that name.';

-- One tick: each due slot becomes a job, and the schedule moves on to its first slot after now, so that those missed meanwhile make one job
-- together. Schedules that another scheduler has in hand are passed over, and so are those of a connection that is being changed. A slot whose
-- job cannot be had passes, and the schedule says why: one that is broken holds up no other.
create or replace function portolan.enqueue_schedules(p_limit integer default 100) returns integer language plpgsql as $$
declare v_now timestamptz := portolan.now(); s record; v_next timestamptz; v_problem text; v_stop text;
  v_connection bigint[] := '{}'; v_kind text[] := '{}'; v_args jsonb[] := '{}'; v_band text[] := '{}'; v_key text[] := '{}'; v_family text[] := '{}'; v_version smallint[] := '{}';
begin
  for s in
    select d.*, c.state from portolan.schedules d join portolan.connections c using (connection_id)
    where d.next_at <= v_now order by d.next_at, d.schedule_id limit p_limit for update of d skip locked for key share of c skip locked
  loop
    v_stop := null;
    begin
      v_next := portolan.cron_next(s.cron, s.zone, v_now);
      if v_next is null then v_stop := 'cron: does not fire within 8 years'; end if;
    exception when invalid_parameter_value then      -- a zone that the server's data no longer have
      v_next := null; v_stop := sqlerrm;
    end;
    v_problem := case when not portolan.runs(s.state) then 'connection: is ' || s.state else portolan.job_problem(s.kind, s.args, s.args_version, s.band, null) end;
    update portolan.schedules d set next_at = v_next, slot_at = s.next_at, problem = coalesce(v_problem, v_stop) where d.schedule_id = s.schedule_id;
    continue when v_problem is not null;
    v_connection := v_connection || s.connection_id; v_kind := v_kind || s.kind; v_args := v_args || s.args; v_band := v_band || s.band;
    v_key := v_key || ('schedule:' || s.name); v_family := v_family || s.family; v_version := v_version || s.args_version;
  end loop;
  if cardinality(v_connection) > 0 then
    perform portolan.enqueue_many(v_connection, v_kind, v_args, v_band, null, v_key, v_family, null, v_version);
  end if;
  return cardinality(v_connection);
end $$;
comment on function portolan.enqueue_schedules is 'One tick of the scheduler for the schedules. Run by any number of schedulers at once; each slot is enqueued once. Answers how many.';

create or replace function portolan.schedule_named(p_name text) returns portolan.schedules language plpgsql stable as $$
declare v_schedule portolan.schedules; v_there text;
begin
  select s.* into v_schedule from portolan.schedules s where s.name = p_name;
  if not found then
    select string_agg(x.name, ', ' order by x.name) into v_there from (select s.name from portolan.schedules s order by s.name limit 20) x;
    raise exception 'name: there is no schedule %; there are: %', quote_nullable(p_name), coalesce(v_there, 'none') using errcode = 'no_data_found';
  end if;
  return v_schedule;
end $$;
comment on function portolan.schedule_named is 'A schedule by its name. Says what there is where there is none.';

create or replace function portolan.pause_schedule(p_name text) returns boolean language plpgsql as $$
declare v_schedule portolan.schedules := portolan.schedule_named(p_name);
begin
  update portolan.schedules s set next_at = null, problem = null where s.schedule_id = v_schedule.schedule_id and s.next_at is not null;
  return found;
end $$;
comment on function portolan.pause_schedule is 'Pauses a schedule: slots that come meanwhile pass. A job of it that waits stays. False when it was paused already.';

-- Goes on with the first slot after now, and after its last one: what passed meanwhile is not made up for.
create or replace function portolan.resume_schedule(p_name text) returns timestamptz language plpgsql as $$
declare v_schedule portolan.schedules := portolan.schedule_named(p_name); v_next timestamptz;
begin
  v_next := portolan.cron_next(v_schedule.cron, v_schedule.zone, greatest(portolan.now(), v_schedule.slot_at));
  if v_next is null then
    raise exception 'cron: % does not fire within 8 years; give days that the months have', quote_literal(v_schedule.cron) using errcode = 'invalid_parameter_value';
  end if;
  update portolan.schedules s set next_at = coalesce(s.next_at, v_next), problem = null where s.schedule_id = v_schedule.schedule_id returning s.next_at into v_next;
  return v_next;
end $$;
comment on function portolan.resume_schedule is 'Lets a paused schedule go on with its next slot. Answers that.';

create or replace function portolan.next_slots(p_cron text, p_zone text default 'UTC', p_count integer default 10, p_after timestamptz default null) returns setof timestamptz language plpgsql stable as $$
declare v_slot timestamptz := coalesce(p_after, portolan.now());
begin
  if p_count is null or p_count not between 1 and 1000 then
    raise exception 'count: % is not from 1 to 1000', coalesce(p_count::text, 'NULL') using errcode = 'invalid_parameter_value';
  end if;
  if p_cron is null then
    raise exception 'cron: must be given, e.g. ''0 3 * * *''' using errcode = 'invalid_parameter_value';
  end if;
  if coalesce(p_zone, 'UTC') <> 'UTC' and not exists (select from pg_timezone_names z where z.name = p_zone) then
    raise exception 'zone: % is not known; use a name of pg_timezone_names, e.g. ''Europe/Berlin''', quote_literal(p_zone) using errcode = 'invalid_parameter_value';
  end if;
  for i in 1..p_count loop
    v_slot := portolan.cron_next(p_cron, coalesce(p_zone, 'UTC'), v_slot);
    if v_slot is null and i = 1 then
      raise exception 'cron: % does not fire within 8 years; give days that the months have', quote_literal(p_cron) using errcode = 'invalid_parameter_value';
    end if;
    exit when v_slot is null;
    return next v_slot;
  end loop;
end $$;
comment on function portolan.next_slots is 'The next slots of a cron expression by the clocks of a zone: to be looked at before it is used.';
