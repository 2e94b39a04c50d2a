-- Why: access tokens that expire and refresh tokens that die of use: who refreshes, what was got, and what went wrong. The functions are in
--      functions/tokens.sql.
-- Locks: connections, for as long as adding a nullable column takes. Lock order: connections, connection_tokens, lanes, streams.
-- Breaking: no.

alter table portolan.connections add column method text;
comment on column portolan.connections.method is 'The way it signs in, one of its platform''s; NULL: the one its credentials fit.';

create table portolan.connection_tokens (
  connection_id      bigint primary key references portolan.connections on delete cascade,
  generation         bigint not null,
  key_id             text not null,
  sealed             bytea not null,
  issued_at          timestamptz,
  issued_by          uuid,
  refresh_at         timestamptz not null default portolan.now(),
  expires_at         timestamptz,
  refresh_expires_at timestamptz,
  idle_at            timestamptz,
  state              text not null default 'idle' check (state in ('idle', 'refreshing', 'rejected')),
  refresh_id         uuid,
  refreshing_by      uuid,
  refreshing_since   timestamptz,
  refreshing_until   timestamptz,
  interruptions      integer not null default 0,
  doubtful_since     timestamptz,
  failures           integer not null default 0,
  failing_since      timestamptz,
  not_before         timestamptz,
  error_code         text,
  error_message      text,
  check (state <> 'refreshing' or (refresh_id is not null and refreshing_since is not null and refreshing_until is not null))
) with (fillfactor = 70);
create index connection_tokens_idle on portolan.connection_tokens (idle_at) where idle_at is not null and state <> 'rejected';
comment on table portolan.connection_tokens is 'Tokens of connections that sign in through a token endpoint, and the intent to refresh them: at most one at a time in the whole fleet.';
comment on column portolan.connection_tokens.connection_id is 'Whose tokens these are.';
comment on column portolan.connection_tokens.generation is 'Grows with every pair that is stored. A refresh may store only what it got with the pair of the generation it began with.';
comment on column portolan.connection_tokens.key_id is 'Which key of the key ring sealed them.';
comment on column portolan.connection_tokens.sealed is 'Sealed as connection_credentials is: access_token, refresh_token and spare_refresh_token, those there are.';
comment on column portolan.connection_tokens.issued_at is 'When the access token was stored; NULL: there was none yet.';
comment on column portolan.connection_tokens.issued_by is 'The refresh that brought it: storing it twice is storing it once.';
comment on column portolan.connection_tokens.refresh_at is 'From when on the access token is replaced.';
comment on column portolan.connection_tokens.expires_at is 'When the access token dies.';
comment on column portolan.connection_tokens.refresh_expires_at is 'When the refresh token dies if it is not used; NULL: unknown or never.';
comment on column portolan.connection_tokens.idle_at is 'From when on it is refreshed even if nobody needs a token, so that the refresh token does not die of rest; NULL: not needed.';
comment on column portolan.connection_tokens.state is 'idle; refreshing: somebody is asking the token endpoint, or was until refreshing_until; rejected: not asked again until the merchant signs in again or a person says so.';
comment on column portolan.connection_tokens.refresh_id is 'The refresh under way, or the last there was.';
comment on column portolan.connection_tokens.refreshing_by is 'The worker that began it.';
comment on column portolan.connection_tokens.refreshing_since is 'When it began.';
comment on column portolan.connection_tokens.refreshing_until is 'When it has ended or been interrupted: longer than its requests may take.';
comment on column portolan.connection_tokens.interruptions is 'Refreshes in a row that nobody ended: their workers died.';
comment on column portolan.connection_tokens.doubtful_since is 'Begin of the first refresh since the last success whose answer is not known: the refresh token may have been used up by it.';
comment on column portolan.connection_tokens.failures is 'Refreshes in a row that brought nothing.';
comment on column portolan.connection_tokens.failing_since is 'Begin of that row.';
comment on column portolan.connection_tokens.not_before is 'The token endpoint is left alone until then, by everybody.';
comment on column portolan.connection_tokens.error_code is 'Code of the unified error of the last refresh that brought nothing.';
comment on column portolan.connection_tokens.error_message is 'Its sentence.';
