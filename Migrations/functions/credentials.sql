-- Sealed credentials. People set them and cannot read them back: not even their ciphertext.

create or replace function portolan.set_credentials(p_connection bigint, p_key_id text, p_sealed bytea) returns void language sql as $$
  insert into portolan.connection_credentials as c (connection_id, key_id, sealed) values (p_connection, p_key_id, p_sealed)
  on conflict (connection_id) do update set key_id = excluded.key_id, sealed = excluded.sealed, changed_at = portolan.now() $$;
comment on function portolan.set_credentials is 'Sets a connection''s sealed credentials, in place of those it has.';
