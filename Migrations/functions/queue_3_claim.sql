-- Claim and prove. Locks: claim takes lanes without waiting; prove its lease, then its job.

-- Up to p_n lanes from the wish list (platform, band, floor: tried in that order), up to p_k due jobs of each, in order, under one lease a lane.
-- p_kinds and p_versions: what the worker knows, and for each the newest form of the arguments it reads; NULL: all.
-- One row a lane; its jobs are parallel arrays. That is what a claim of thousands of jobs needs: claim, below, has a row for each job.
create or replace function portolan.claim_lanes(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer default 1,
    p_floors timestamptz[] default null, p_kinds text[] default null, p_versions integer[] default null, p_max interval default '15 min', p_stall interval default '10 min')
returns table (lane_id bigint, token uuid, connection_id bigint, platform text, band text, next_at timestamptz,
               job_ids bigint[], kinds text[], args_versions smallint[], attempts integer[], args jsonb[])
language plpgsql as $$
declare
  v_now timestamptz := portolan.now();
  v_lane bigint[]; v_connection bigint[]; v_rank smallint[]; v_head timestamptz[]; v_strikes smallint[]; v_next timestamptz[]; v_platform text[]; v_token uuid[]; v_leased integer;
  v_kinds text[] := p_kinds; v_versions integer[] := p_versions;
  v_shut text[]; v_probe text[]; v_width integer[]; v_paused_bands text[] := '{}'; v_paused_kinds text[] := '{}'; v_still_paused boolean; v_gated boolean;
begin
  -- 0. what is paused, and platforms that are down. Both tables are empty most of the time.
  select array_agg(p.name) filter (where p.scope = 'platform'), coalesce(array_agg(p.name) filter (where p.scope = 'band'), '{}'), coalesce(array_agg(p.name) filter (where p.scope = 'kind'), '{}'),
         exists (select from portolan.gates)
  into v_shut, v_paused_bands, v_paused_kinds, v_gated from portolan.pauses p where p.scope in ('platform', 'band', 'kind');
  if cardinality(v_paused_kinds) > 0 then
    select array_agg(k.kind), array_agg(k.version) into v_kinds, v_versions
    from (select u.kind, u.version from unnest(p_kinds, p_versions) u(kind, version) where p_kinds is not null
          union all select distinct k.kind, null::integer from portolan.job_kinds k where p_kinds is null) k where k.kind <> all (v_paused_kinds);
    v_kinds := coalesce(v_kinds, '{}');
  end if;
  if v_gated then
    -- Let through by the hundred: it is up.
    delete from portolan.gates g where g.platform = any (array(select d.platform from portolan.gates d where d.opening_at is not null and d.width > 256 and d.probe_at <= v_now for update skip locked));
    with due as (
      update portolan.gates g set probe_at = v_now + case when g.opening_at is null then g.probe_interval else least(g.probe_interval, interval '2 s') end,
        width = case when g.opening_at is null then 1 else least(g.width, 100000) * 2 end
      where g.platform = any (array(select d.platform from portolan.gates d where d.platform = any (p_platforms) and d.platform <> all (coalesce(v_shut, '{}')) and d.probe_at <= v_now for update skip locked))
      returning g.platform, case when g.opening_at is null then 1 else g.width / 2 end as width)
    select coalesce(array_agg(d.platform), '{}'), coalesce(array_agg(d.width), '{}') into v_probe, v_width from due d;
    v_shut := coalesce(v_shut, '{}') || array(select g.platform from portolan.gates g);
  end if;

  -- 1. take lanes. Nothing waits here: a lane somebody holds is passed over. Each range stops as soon as p_n are found.
  with picked as materialized (
    select l.at
    from (
      select l.ctid as at
      from unnest(p_platforms, p_bands, coalesce(p_floors, array_fill('-infinity'::timestamptz, array[cardinality(p_bands)]))) w(platform, band, floor)
      cross join lateral (
        select l.ctid from portolan.lanes l
        where l.platform = w.platform and l.band = w.band and l.state = 'ready' and l.paused_at is null and l.next_at >= w.floor and l.next_at <= v_now
        order by l.next_at, l.lane_id limit p_n for update skip locked) l
      where v_shut is null or w.platform <> all (v_shut)
      union all
      select l.ctid from unnest(v_probe, v_width) g(platform, width)
      cross join lateral (
        select l.ctid from unnest(p_platforms, p_bands) with ordinality w(platform, band, o)
        cross join lateral (
          select l.ctid from portolan.lanes l
          where l.platform = w.platform and l.band = w.band and l.state = 'ready' and l.paused_at is null and l.next_at <= v_now
          order by l.next_at, l.lane_id limit g.width for update skip locked) l
        where w.platform = g.platform limit g.width) l) l
    limit p_n),
  taken as (
    update portolan.lanes l set state = 'leased' from picked p where l.ctid = p.at
    returning l.lane_id, l.connection_id, portolan.band_rank(l.band) as rank, l.head_at, l.strikes, l.next_at, l.platform, gen_random_uuid() as token)
  select array_agg(t.lane_id), array_agg(t.connection_id), array_agg(t.rank), array_agg(t.head_at), array_agg(t.strikes), array_agg(t.next_at), array_agg(t.platform), array_agg(t.token)
  into v_lane, v_connection, v_rank, v_head, v_strikes, v_next, v_platform, v_token from taken t;
  if v_lane is null then return; end if;

  -- 2. their jobs. A statement of its own, because it must see what whoever had the lane before us committed: a job row is not written
  --    when it is handed over, so nothing else would notice that it was finished a moment ago.
  return query
  with handed as materialized (
    select l.lane_id, l.token, l.connection_id, l.platform, l.next_at, j.*
    from unnest(v_lane, v_connection, v_rank, v_head, v_strikes, v_next, v_platform, v_token) l(lane_id, connection_id, rank, head_at, strikes, next_at, platform, token)
    cross join lateral (
      select array_agg(j.job_id) as job_ids, array_agg(j.kind) as kinds, array_agg(j.args_version) as args_versions, array_agg(j.attempt + 1) as attempts, array_agg(j.args) as args, min(j.band) as band from (
        select j.job_id, j.kind, j.args_version, j.attempt, j.args, j.band from portolan.jobs j
        where j.lane_id = l.lane_id and j.rank = l.rank and j.run_at >= l.head_at and j.run_at <= v_now and j.band <> all (v_paused_bands)
          and (v_kinds is null or j.kind = any (v_kinds) and (v_versions is null or j.args_version <= coalesce(v_versions[array_position(v_kinds, j.kind)], 32767)))
        order by j.run_at, j.job_id limit case when l.strikes > 0 then 1 else p_k end) j
      having count(*) > 0) j),
  leased as (
    insert into portolan.leases (lane_id, connection_id, token, worker_id, claimed_at, progress_at, deadline, stall_limit, running, job_ids)
    select h.lane_id, h.connection_id, h.token, p_worker, v_now, v_now, v_now + p_max, p_stall, h.job_ids[1], h.job_ids from handed h)
  select h.lane_id, h.token, h.connection_id, h.platform, h.band, h.next_at, h.job_ids, h.kinds, h.args_versions, h.attempts, h.args from handed h;
  get diagnostics v_leased = row_count;

  -- 3. lanes that turned out to have nothing for us (head cancelled, or of a kind or band that is paused, or of a kind that we do not know) go
  --    back: at once for a job that we can run, else later. What is paused can wait long: resume brings its lanes back, and so does an enqueue.
  if v_leased < cardinality(v_lane) then
    -- What was paused when we looked may be resumed by now: whoever resumes waits for us and then finds what we put off, or we find out here.
    if cardinality(v_paused_kinds || v_paused_bands) > 0 then
      select count(*) = cardinality(v_paused_kinds || v_paused_bands) into v_still_paused
      from (select from portolan.pauses p where (p.scope = 'kind' and p.name = any (v_paused_kinds)) or (p.scope = 'band' and p.name = any (v_paused_bands)) for key share skip locked) p;
    end if;
    update portolan.lanes l set
      state = case when coalesce(m.run_at, h.run_at) is null then 'idle' else 'ready' end, band = coalesce(m.band, h.band, l.band), head_at = coalesce(m.run_at, h.run_at),
      next_at = case when m.run_at is not null then v_now
                     when h.run_at <= v_now then v_now + case when v_still_paused then interval '1 min' when not v_still_paused then interval '0' else interval '1 s' end else h.run_at end
    from unnest(v_lane) x(lane_id)
    left join lateral portolan.lane_head(x.lane_id, v_now) h on true
    left join lateral (
      select j.band, j.run_at from generate_series(0, 4) r(rank) cross join lateral (
        select j.band, j.run_at from portolan.jobs j where j.lane_id = x.lane_id and j.rank = r.rank and j.run_at <= v_now and j.band <> all (v_paused_bands)
          and (v_kinds is null or j.kind = any (v_kinds) and (v_versions is null or j.args_version <= coalesce(v_versions[array_position(v_kinds, j.kind)], 32767)))
        order by j.run_at, j.job_id limit 1) j limit 1) m on true
    where l.lane_id = x.lane_id and not exists (select 1 from portolan.leases le where le.lane_id = x.lane_id);
  end if;
end $$;
comment on function portolan.claim_lanes is 'Leases up to p_n lanes of the wish list to a worker and hands over up to p_k due jobs of each; a row for each lane.';

create or replace function portolan.claim(p_worker uuid, p_platforms text[], p_bands text[], p_n integer, p_k integer default 1,
    p_floors timestamptz[] default null, p_kinds text[] default null, p_versions integer[] default null, p_max interval default '15 min', p_stall interval default '10 min')
returns table (lane_id bigint, token uuid, job_id bigint, kind text, args_version smallint, attempt integer, args jsonb, connection_id bigint, platform text, band text, next_at timestamptz)
language sql as $$
  select c.lane_id, c.token, j.job_id, j.kind, j.args_version, j.attempt, j.args, c.connection_id, c.platform, c.band, c.next_at
  from portolan.claim_lanes(p_worker, p_platforms, p_bands, p_n, p_k, p_floors, p_kinds, p_versions, p_max, p_stall) c
  cross join lateral unnest(c.job_ids, c.kinds, c.args_versions, c.attempts, c.args) j(job_id, kind, args_version, attempt, args) $$;
comment on function portolan.claim is 'Leases up to p_n lanes of the wish list to a worker and hands over up to p_k due jobs of each; a row for each job.';

-- Proof of the lease inside the page transaction, with the job's progress; the answer carries what the worker must know. No row: the lease
-- is lost, and the transaction must change nothing. A page that got through is progress: failed attempts and dead workers before it no longer
-- count, and a platform whose gate was closed is up again.
create or replace function portolan.prove(p_lane bigint, p_token uuid, p_job bigint, p_records integer default 0, p_checkpoint jsonb default null)
returns table (cancel boolean, paused boolean, draining boolean, yield_wanted boolean) language sql as $$
  with mine as (
    update portolan.leases set progress_at = portolan.now(), pages = pages + 1, running = p_job
    where lane_id = p_lane and token = p_token and p_job = any (job_ids) returning lane_id, worker_id),
  job as (
    update portolan.jobs j set pages_count = j.pages_count + 1, records_count = j.records_count + p_records, attempt = 0, rescues = 0,
      checkpoint = coalesce(p_checkpoint, j.checkpoint)
    from mine where j.job_id = p_job returning j.cancel_at, j.rank, j.kind, j.band),
  gate as (
    -- Not all at once: from now on twice as many lanes at each interval.
    update portolan.gates g set opening_at = portolan.now(), width = 2, probe_at = least(g.probe_at, portolan.now()) from mine, portolan.lanes l
    where l.lane_id = p_lane and g.platform = l.platform and g.opening_at is null)
  select job.cancel_at is not null,
         l.paused_at is not null or exists (select from portolan.pauses p where (p.scope = 'platform' and p.name = l.platform) or (p.scope = 'kind' and p.name = job.kind) or (p.scope = 'band' and p.name = job.band)),
         coalesce(w.draining, true),
         exists (select from portolan.jobs o where o.lane_id = p_lane and o.rank < job.rank and o.run_at <= portolan.now()
                 and not exists (select from portolan.pauses p where (p.scope = 'kind' and p.name = o.kind) or (p.scope = 'band' and p.name = o.band)))
  from mine cross join job join portolan.lanes l on l.lane_id = p_lane left join portolan.workers w on w.worker_id = mine.worker_id $$;
comment on function portolan.prove is 'Proves the lease within a page''s transaction, notes the progress, and tells what the worker must know. No row: the lease is lost.';

-- Beat: registers the worker, or says it is still alive. Answers whether it is asked to drain.
create or replace function portolan.beat(p_worker uuid, p_host text, p_version text, p_ttl interval default '20 s') returns boolean language sql as $$
  insert into portolan.workers as w (worker_id, host, version, ttl, beat_at) values (p_worker, p_host, p_version, p_ttl, portolan.now())
  on conflict (worker_id) do update set beat_at = portolan.now()
  returning w.draining $$;
comment on function portolan.beat is 'Registers a worker or says that it is alive. Answers whether it is asked to drain.';

-- A worker that leaves in order takes its row along; one that died leaves it, and the reaper removes it once nothing is leased to it.
create or replace function portolan.leave(p_worker uuid) returns void language sql as $$
  delete from portolan.workers w where w.worker_id = p_worker and not exists (select from portolan.leases le where le.worker_id = p_worker) $$;
comment on function portolan.leave is 'Takes away the row of a worker that holds nothing any more.';
