-- Why: what of limits must outlive Redis (quotas, waits that platforms asked for), and limits of one connection.
-- The functions are in functions/limits.sql.
-- Locks: connections, access exclusive for a moment (a column with a constant default and its check).
-- Breaking: no.

create table portolan.quotas (
  platform      text not null check (platform ~ '^[a-z][a-z0-9_]*$'),
  owner         text not null check (owner ~ '^(app|connection:[0-9]+)$'),
  bucket        text not null check (bucket <> ''),
  period_start  timestamptz,
  period_end    timestamptz,
  drawn         bigint not null default 0 check (drawn >= 0),
  allowed       bigint check (allowed >= 0),
  blocked_until timestamptz,
  primary key (platform, owner, bucket),
  check ((period_start is null) = (period_end is null))
) with (fillfactor = 50);
comment on table portolan.quotas is 'Ledger of limits: how much of each quota is used, and until when platforms asked us to wait. Redis holds what was drawn and is not spent yet; what it loses is not given twice. Written by draw_quota and block_bucket.';
comment on column portolan.quotas.platform is 'Key of the platform.';
comment on column portolan.quotas.owner is 'Whose bucket: app, or connection: and its id.';
comment on column portolan.quotas.bucket is 'The bucket''s name; of a template, the name that was demanded.';
comment on column portolan.quotas.period_start is 'When the current period began; NULL: no quota, a wait only.';
comment on column portolan.quotas.period_end is 'When the quota begins anew.';
comment on column portolan.quotas.drawn is 'Requests of the period that workers may have sent; more than they have, while some are not spent.';
comment on column portolan.quotas.allowed is 'Requests of the period that are ours, as last declared.';
comment on column portolan.quotas.blocked_until is 'The platform asked us to send nothing before this time.';

alter table portolan.connections add column limits jsonb not null default '{}' check (jsonb_typeof(limits) = 'object');
comment on column portolan.connections.limits is 'Limits of this connection that differ from the platform''s, by bucket: {"requests": {"capacity": 100, "refill_per_second": 100, "share": 0.9}, "daily": {"limit": 5000}}.';
