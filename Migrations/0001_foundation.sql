-- Why: the ground everything stands on: schemas, the clock, the bands, and the merchants' connections.
-- Locks: none on existing tables; everything here is new.
-- Breaking: no.

create schema if not exists portolan;
comment on schema portolan is 'The fleet: connections, streams, queue, raw records. Written only through its functions.';
create schema if not exists unified;
comment on schema unified is 'One row a record, whatever the platform: views over raw records, one contract for all.';

-- Tests say: set portolan.now = '2030-01-01 00:00+00'. Functions read it once at the top, never per row.
create function portolan.now() returns timestamptz language sql stable parallel safe as
$$ select coalesce(nullif(pg_catalog.current_setting('portolan.now', true), '')::timestamptz, pg_catalog.now()) $$;
comment on function portolan.now() is 'The one clock: the database''s, or the session setting portolan.now in tests. Start of the transaction.';

-- The word is stored and shown; the rank exists only so that an index can sort by it.
create function portolan.band_rank(band text) returns smallint language sql immutable parallel safe as
$$ select case band when 'urgent' then 0 when 'incremental' then 1 when 'report' then 2 when 'backfill' then 3 when 'housekeeping' then 4 end::smallint $$;
comment on function portolan.band_rank(text) is 'Bands in order of urgency, 0 first. NULL for a word that is no band.';

create table portolan.connections (
  connection_id bigint generated always as identity primary key,
  platform      text not null check (platform ~ '^[a-z][a-z0-9_]*$'),
  name          text not null unique check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'),
  base_url      text not null check (base_url ~ '^https?://[^/?#@\s]+(/[^?#\s]*)?$'),
  settings      jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  state         text not null default 'active' check (state in ('active', 'needs_reauth', 'blocked', 'disabled')),
  state_code    text,
  state_message text,
  state_since   timestamptz not null default portolan.now(),
  created_at    timestamptz not null default portolan.now()
);
comment on table portolan.connections is 'One merchant''s authorised account on one platform.';
comment on column portolan.connections.platform is 'Key of the platform, e.g. shopify.';
comment on column portolan.connections.name is 'What people call it, unique; what the CLI takes.';
comment on column portolan.connections.base_url is 'Where its interface lives: scheme, host and, for self-hosted stores, the path. No credentials, no query.';
comment on column portolan.connections.settings is 'Facts requests depend on, as an object of strings. Never credentials.';
comment on column portolan.connections.state is 'active; needs_reauth: the merchant has to sign in again; blocked: something outside has to be mended; disabled: a person switched it off. Only active ones are scheduled.';
comment on column portolan.connections.state_code is 'Code of the unified error that led to the state.';
comment on column portolan.connections.state_message is 'One sentence for people.';
comment on column portolan.connections.state_since is 'When it came into this state.';

create table portolan.connection_credentials (
  connection_id bigint primary key references portolan.connections on delete cascade,
  key_id        text not null,
  sealed        bytea not null,
  changed_at    timestamptz not null default portolan.now()
);
comment on table portolan.connection_credentials is 'Credentials, sealed with AES-GCM; apart from connections so that readers of those need no right to these.';
comment on column portolan.connection_credentials.key_id is 'Which key of the key ring sealed it.';
comment on column portolan.connection_credentials.sealed is 'Nonce, ciphertext and tag of a JSON object of strings; the connection id is the authenticated data.';

comment on column portolan.connections.connection_id is 'Stands in every row that belongs to the merchant.';
comment on column portolan.connections.created_at is 'When it was added.';
comment on column portolan.connection_credentials.connection_id is 'Whose credentials these are.';
comment on column portolan.connection_credentials.changed_at is 'When they were last set.';
