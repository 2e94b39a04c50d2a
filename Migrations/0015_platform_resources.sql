-- Why: what platforms offer, so that a resource that a new version brings becomes a stream of the connections that are there already; and in which
--      epoch of the limits the first request was sent to a host, so that with a fresh Redis nobody waits for requests that nobody can have sent.
-- Locks: none on existing tables but for reading; everything here is new.
-- Breaking: no.

create table portolan.platform_resources (
  platform    text not null check (platform ~ '^[a-z][a-z0-9_]*$'),
  resource    text collate "C" not null check (resource <> ''),
  family      text not null default 'main',
  kind        text not null default 'sync' check (kind in ('sync', 'report')),
  interval    interval not null check (interval >= interval '1 second'),
  declared_at timestamptz not null default portolan.now(),
  primary key (platform, resource)
);
comment on table portolan.platform_resources is 'What each platform offers, as the versions of this program that have run declared it. Nothing is ever taken away: older and newer versions run side by side.';
comment on column portolan.platform_resources.platform is 'Key of the platform.';
comment on column portolan.platform_resources.resource is 'The kind of record.';
comment on column portolan.platform_resources.family is 'In which of a connection''s lanes its streams run.';
comment on column portolan.platform_resources.kind is 'Which kind of job reads it.';
comment on column portolan.platform_resources.interval is 'The target of its streams, unless a connection has its own.';
comment on column portolan.platform_resources.declared_at is 'When it was first declared as it stands here.';

create table portolan.first_uses (
  platform text not null,
  host     text collate "C" not null,
  epoch    bigint not null,
  noted_at timestamptz not null default portolan.now(),
  primary key (platform, host)
);
comment on table portolan.first_uses is 'In which epoch of the limits the first request that any connection ever made to a host was granted. Written before the request is sent, and never changed or removed: a connection that is added again finds it.';
comment on column portolan.first_uses.platform is 'Key of the platform.';
comment on column portolan.first_uses.host is 'The host of the connections'' addresses, without www and port.';
comment on column portolan.first_uses.epoch is 'The epoch, as Redis knows it; 0: none that counts all requests, because it was before this table was, or Redis was away.';
comment on column portolan.first_uses.noted_at is 'When it was written.';

-- Whoever is there may have been asked already.
insert into portolan.first_uses (platform, host, epoch)
select distinct c.platform, coalesce(substring(lower(c.base_url) from '^https?://(?:www\.)?([^/:]+)'), ''), 0 from portolan.connections c;
