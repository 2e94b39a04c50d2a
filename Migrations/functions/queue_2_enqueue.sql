-- Enqueue. Locks: connections whose lanes are yet to be made, lanes in order of lane_id, then jobs.

-- The head of a lane: the oldest due job of the most urgent band, else the earliest job to come. No row = nothing waiting.
-- One index probe in the usual case; the five-band look only when the most urgent band holds nothing but future jobs.
create or replace function portolan.lane_head(p_lane bigint, p_now timestamptz) returns table (band text, run_at timestamptz) language sql stable as $$
  select h.band, h.run_at from (select j.rank, j.band, j.run_at from portolan.jobs j where j.lane_id = p_lane order by j.rank, j.run_at, j.job_id limit 1) top
  cross join lateral (
    select top.band, top.run_at, 0 as o where top.run_at <= p_now
    union all
    (select s.band, s.run_at, 1 from generate_series(0, 4) r(rank) cross join lateral (
       select j.rank, j.band, j.run_at from portolan.jobs j where j.lane_id = p_lane and j.rank = r.rank order by j.run_at, j.job_id limit 1) s
     where top.run_at > p_now
     order by s.run_at > p_now, case when s.run_at <= p_now then s.rank end, s.run_at limit 1)) h
$$;
comment on function portolan.lane_head is 'Band and time of the job a lane is to be claimed for next. No row: nothing waits.';

-- Whether a new job is to be its lane's head: more urgent than one that is due already, or earlier.
create or replace function portolan.is_better_head(l portolan.lanes, p_band text, p_run_at timestamptz, p_now timestamptz) returns boolean language sql immutable as $$
  select (l).state = 'idle' or case
    when (l).head_at <= p_now and p_run_at <= p_now then portolan.band_rank(p_band) < portolan.band_rank((l).band) or ((l).band = p_band and p_run_at < (l).head_at)
    else p_run_at < (l).head_at end $$;
comment on function portolan.is_better_head is 'Whether a job of that band and time is to be the head of a lane, in place of the one it has.';

-- Enqueue many. Parallel arrays, one entry a job. Returns the job ids in the order given (a merged one answers with the job it joined).
create or replace function portolan.enqueue_many(p_connection bigint[], p_kind text[], p_args jsonb[], p_band text[] default null, p_run_at timestamptz[] default null,
    p_dedupe text[] default null, p_family text[] default null, p_max_attempts integer[] default null, p_version smallint[] default null, p_parent bigint[] default null)
returns bigint[] language plpgsql as $$
declare
  v_now timestamptz := portolan.now();
  v_lane bigint[]; v_job bigint[]; v_new boolean[]; v_band text[] := p_band; v_run_at timestamptz[] := p_run_at;
  v_version smallint[]; v_attempts integer[]; v_valid boolean; v_bad text;
  v_parent bigint[];
  v_keyed boolean := exists (select from unnest(p_dedupe) d where d is not null);
begin
  -- 0. Nothing that cannot be run is ever stored. Three cheap looks at each job; only a refusal looks for the reason.
  with k as materialized (select k.*, k.args_version = max(k.args_version) over (partition by k.kind) as newest from portolan.job_kinds k)
  select array_agg(c.args_version), array_agg(c.max_attempts), coalesce(bool_and(c.valid), true) into v_version, v_attempts, v_valid from (
    select k.args_version, coalesce(u.max_attempts, k.max_attempts) as max_attempts,
           coalesce(case when jsonb_typeof(u.args) = 'object' then u.args - k.names = '{}' and u.args @@ k.type_check end
                    and portolan.band_rank(coalesce(u.band, 'incremental')) is not null and coalesce(u.max_attempts, 1) >= 1 and coalesce(u.run_at < 'infinity', true), false) as valid
    from (select u.o, u.kind, coalesce(u.args, '{}') as args, u.band, u.max_attempts, u.version, u.run_at
          from unnest(p_kind, p_args, p_band, p_max_attempts, p_version, p_run_at) with ordinality u(kind, args, band, max_attempts, version, run_at, o)) u
    left join k on k.kind = u.kind and case when u.version is null then k.newest else k.args_version = u.version end
    order by u.o) c;
  if not v_valid then
    select p.problem into v_bad
    from unnest(p_kind, p_args, p_band, p_max_attempts, p_version, p_run_at) with ordinality u(kind, args, band, max_attempts, version, run_at, o)
    cross join lateral portolan.job_problem(u.kind, coalesce(u.args, '{}'), u.version, coalesce(u.band, 'incremental'), u.max_attempts, u.run_at) p(problem)
    where p.problem is not null order by u.o limit 1;
    raise exception '%', v_bad using errcode = 'invalid_parameter_value';
  end if;
  -- 1. the lanes; those that do not exist yet (usually none) are always made in the same order.
  for v_pass in 1..2 loop
    select array_agg(l.lane_id order by u.o) into v_lane from unnest(p_connection, p_family) with ordinality u(connection_id, family, o)
    left join lateral (select l.lane_id from portolan.lanes l where l.connection_id = u.connection_id and l.family = coalesce(u.family, 'main') limit 1) l on true;
    exit when v_pass = 2 or array_position(v_lane, null) is null;
    -- A pause or resume of the connection under way waits for us, or we for it: it has to see the new lane, or we what it said.
    perform from (select distinct x from unnest(p_connection) x order by 1) x(connection_id)
    cross join lateral (select from portolan.connections c where c.connection_id = x.connection_id for key share) c;
    insert into portolan.lanes (connection_id, family, platform, paused_at)
    select c.connection_id, w.family, c.platform, coalesce((select p.paused_at from portolan.pauses p where p.scope = 'connection' and p.name = c.connection_id::text),
                                                               case when w.family <> 'probe' and not portolan.runs(c.state) then c.state_since end)
    from (select distinct u.connection_id, coalesce(u.family, 'main') as family from unnest(p_connection, p_family) u(connection_id, family)) w
    cross join lateral (select * from portolan.connections c where c.connection_id = w.connection_id limit 1) c
    where not exists (select from portolan.lanes l where l.connection_id = w.connection_id and l.family = w.family)
    order by 1, 2 on conflict (connection_id, family) do nothing;
  end loop;
  if array_position(v_lane, null) is not null then
    raise exception 'connection_id: there is no connection %', coalesce(p_connection[array_position(v_lane, null)]::text, 'NULL') using errcode = 'foreign_key_violation';
  end if;
  -- 2. lock them in order of lane_id, those of parents with them. From here no finish, claim or other enqueue of these lanes can pass us.
  if p_parent is not null then
    select array_agg(j.lane_id) into v_parent from (select distinct x from unnest(p_parent) x where x is not null) x(job_id)
    cross join lateral (select j.lane_id from portolan.jobs j where j.job_id = x.job_id limit 1) j;
  end if;
  perform from (select distinct x.lane_id from unnest(v_lane || v_parent) x(lane_id) order by 1) x
  cross join lateral (select from portolan.lanes l where l.lane_id = x.lane_id limit 1 for update) locked;
  if p_parent is not null then
    select x.job_id::text into v_bad from (select distinct x from unnest(p_parent) x where x is not null) x(job_id)
    where not exists (select from portolan.jobs j where j.job_id = x.job_id and j.parent_job_id is null and j.cancel_at is null) limit 1;
    if found then
      raise exception 'parent_job_id: job % has ended, is being cancelled, or is a part of another job itself', v_bad using errcode = 'invalid_parameter_value';
    end if;
  end if;
  -- 3. deduplication. Under the lane lock a look is as good as a unique index, and it can do what an index cannot:
  --    overlook the job that is running right now, which must never swallow a follow-up.
  if v_keyed then
    with u as (select * from unnest(v_lane, p_dedupe, p_run_at, p_band, p_parent) with ordinality u(lane_id, key, run_at, band, parent, o)),
    k as (select u.lane_id, u.key, u.parent, min(u.o) as first, min(greatest(coalesce(u.run_at, v_now), v_now)) as run_at,
                 (array_agg(coalesce(u.band, 'incremental') order by portolan.band_rank(coalesce(u.band, 'incremental'))))[1] as band
          from u where u.key is not null group by 1, 2, 3),
    twin as materialized (
      select k.*, t.* from k left join lateral (
        select j.ctid as at, j.job_id, j.band as old_band, j.run_at as old_run_at from portolan.jobs j where j.lane_id = k.lane_id and j.dedupe_key = k.key
          and j.parent_job_id is not distinct from k.parent and j.run_at < 'infinity'
          and not exists (select from portolan.leases le where le.lane_id = k.lane_id and j.job_id = any (le.job_ids)) limit 1) t on true),
    best as materialized (
      select t.at, t.lane_id, t.key, t.parent, t.first, t.job_id, least(t.run_at, t.old_run_at) as run_at,
             case when portolan.band_rank(t.old_band) <= portolan.band_rank(t.band) then t.old_band else t.band end as band from twin t),
    merged as (
      update portolan.jobs j set run_at = b.run_at, band = b.band, follow_up = j.pages_count > 0
      from best b where j.ctid = b.at and (j.run_at, j.band, j.follow_up) is distinct from (b.run_at, b.band, j.pages_count > 0)),
    made as materialized (                                            -- ids in the order given
      select x.o, nextval('portolan.jobs_job_id_seq') as id
      from (select u.o from u left join best b on b.lane_id = u.lane_id and b.key = u.key and b.parent is not distinct from u.parent
            where b.first is null or (b.job_id is null and b.first = u.o) order by u.o) x)
    select array_agg(coalesce(b.job_id, m.id) order by u.o), array_agg(m.o is not distinct from u.o order by u.o),
           array_agg(coalesce(b.band, u.band) order by u.o), array_agg(coalesce(b.run_at, greatest(u.run_at, v_now)) order by u.o)
    into v_job, v_new, v_band, v_run_at
    from u left join best b on b.lane_id = u.lane_id and b.key = u.key and b.parent is not distinct from u.parent left join made m on m.o = coalesce(b.first, u.o);
  else
    select array_agg(nextval('portolan.jobs_job_id_seq')) into v_job from unnest(v_lane);
  end if;
  -- 4. the rows
  insert into portolan.jobs (job_id, connection_id, lane_id, run_at, created_at, max_attempts, band, kind, dedupe_key, args, args_version, parent_job_id)
  select u.job_id, u.connection_id, u.lane_id, greatest(u.run_at, v_now), v_now, u.max_attempts, coalesce(u.band, 'incremental'), u.kind, u.dedupe, coalesce(u.args, '{}'), u.version, u.parent
  from unnest(v_job, p_connection, v_lane, v_run_at, v_attempts, v_band, p_kind, p_dedupe, p_args, v_version, p_parent, v_new)
    u(job_id, connection_id, lane_id, run_at, max_attempts, band, kind, dedupe, args, version, parent, new)
  where u.new is not false;
  -- 5. the lanes' heads: the first due job, a due one of a more urgent band, or an earlier one; else the lane is left alone. Leased lanes learn at finish.
  with u as (
    select distinct on (u.lane_id) u.lane_id, u.band, u.rank, u.run_at from (
      select u.lane_id, coalesce(u.band, 'incremental') as band, portolan.band_rank(coalesce(u.band, 'incremental')) as rank,
             case when v_keyed then u.run_at else greatest(u.run_at, v_now) end as run_at
      from unnest(v_lane, v_band, v_run_at) u(lane_id, band, run_at)) u
    order by u.lane_id, u.run_at > v_now, case when u.run_at <= v_now then u.rank end, u.run_at)
  update portolan.lanes l set state = 'ready',
    band = case when portolan.is_better_head(l, u.band, u.run_at, v_now) then u.band else l.band end,
    head_at = case when l.state = 'ready' and l.band = u.band then least(l.head_at, u.run_at) when portolan.is_better_head(l, u.band, u.run_at, v_now) then u.run_at else l.head_at end,
    next_at = case when l.state = 'ready' and l.band = u.band then least(l.next_at, greatest(u.run_at, v_now)) else greatest(u.run_at, v_now) end
  from u where l.lane_id = u.lane_id and l.state <> 'leased'
    and (portolan.is_better_head(l, u.band, u.run_at, v_now) or (l.head_at <= v_now and l.next_at > v_now and u.run_at <= v_now));   -- the latter was put off: its head cannot run now, this job may
  return v_job;
end $$;
comment on function portolan.enqueue_many is 'Enqueues any number of jobs, given as parallel arrays: all of them or, when one is refused, none. Answers their ids in order; where an equal job waits already, that one''s.';

-- One job: the same, in three statements where there is nothing special about it (its lane exists, no equal job waits, it is no part of
-- another). Everything special, refusals included, is enqueue_many's. On an idle server the statements saved are half of the time.
create or replace function portolan.enqueue(p_connection bigint, p_kind text, p_args jsonb default '{}', p_band text default 'incremental', p_run_at timestamptz default null,
    p_dedupe text default null, p_family text default null, p_max_attempts integer default null, p_version smallint default null, p_parent bigint default null)
returns bigint language plpgsql as $$
declare
  v_now timestamptz := portolan.now(); v_run_at timestamptz := greatest(p_run_at, v_now); v_band text := coalesce(p_band, 'incremental'); v_args jsonb := coalesce(p_args, '{}');
  v_kind portolan.job_kinds; l portolan.lanes; v_job bigint;
begin
  select k.* into v_kind from portolan.job_kinds k where k.kind = p_kind and k.args_version = coalesce(p_version, k.args_version) order by k.args_version desc limit 1;
  if found and p_parent is null and coalesce(p_max_attempts, 1) >= 1 and v_run_at < 'infinity' and portolan.band_rank(v_band) is not null and jsonb_typeof(v_args) = 'object' then
    if v_args - v_kind.names = '{}' and v_args @@ v_kind.type_check then
      select x.* into l from portolan.lanes x where x.connection_id = p_connection and x.family = coalesce(p_family, 'main') for update;
      if found and (p_dedupe is null or not exists (select from portolan.jobs j where j.lane_id = l.lane_id and j.dedupe_key = p_dedupe)) then
        insert into portolan.jobs (connection_id, lane_id, run_at, created_at, max_attempts, band, kind, dedupe_key, args, args_version)
        values (p_connection, l.lane_id, v_run_at, v_now, coalesce(p_max_attempts, v_kind.max_attempts), v_band, p_kind, p_dedupe, v_args, v_kind.args_version) returning job_id into v_job;
        if l.state <> 'leased' and (portolan.is_better_head(l, v_band, v_run_at, v_now) or (l.head_at <= v_now and l.next_at > v_now and v_run_at <= v_now)) then
          update portolan.lanes x set state = 'ready',
            band = case when portolan.is_better_head(l, v_band, v_run_at, v_now) then v_band else l.band end,
            head_at = case when l.state = 'ready' and l.band = v_band then least(l.head_at, v_run_at) when portolan.is_better_head(l, v_band, v_run_at, v_now) then v_run_at else l.head_at end,
            next_at = case when l.state = 'ready' and l.band = v_band then least(l.next_at, v_run_at) else v_run_at end
          where x.lane_id = l.lane_id;
        end if;
        return v_job;
      end if;
    end if;
  end if;
  return (portolan.enqueue_many(array[p_connection], array[p_kind], array[p_args], array[p_band], array[p_run_at], array[p_dedupe], array[p_family], array[p_max_attempts],
                                array[p_version], case when p_parent is not null then array[p_parent] end))[1];
end $$;
comment on function portolan.enqueue is 'Enqueues one job, in the caller''s transaction. Answers its id, or that of the equal job that waits already.';
