-- Why: every request leaves a trace: what it asked of whom, what came back, and where its time went.
-- Locks: ACCESS EXCLUSIVE on retention, for a moment. Everything else here is new.
-- Breaking: no.

create table portolan.requests (
  sent_at        timestamptz not null,
  platform       text not null,
  connection_id  bigint,
  resource       text,
  job_id         bigint,
  worker_id      uuid,
  method         text not null,
  route          text not null,
  status         integer,
  error_code     text,
  request_id     text,
  bytes_sent     bigint not null default 0,
  bytes_received bigint not null default 0,
  dns_ms         real,
  connect_ms     real,
  tls_ms         real,
  first_byte_ms  real,
  total_ms       real not null,
  token_wait_ms  real not null default 0,
  http_version   text,
  reused         boolean not null default false
) partition by range (sent_at);
create table portolan.requests_default partition of portolan.requests default;
create index requests_by_time on portolan.requests (sent_at);
create index requests_by_connection on portolan.requests (connection_id, sent_at);
create index requests_failed on portolan.requests (sent_at) where status is null or status >= 400 or error_code is not null;
comment on table portolan.requests is 'The requests that were sent to platforms. Append-only, partitioned by day, kept as long as portolan.retention says. A log, not a ledger: a worker that is killed loses its last second, and one that cannot write drops what it has no room for.';
comment on column portolan.requests.sent_at is 'When it was sent, by the worker''s clock; the partition key.';
comment on column portolan.requests.platform is 'Whom it asked.';
comment on column portolan.requests.connection_id is 'In whose name.';
comment on column portolan.requests.resource is 'The stream it was for.';
comment on column portolan.requests.job_id is 'The job it was for.';
comment on column portolan.requests.worker_id is 'Who sent it.';
comment on column portolan.requests.method is 'GET, POST.';
comment on column portolan.requests.route is 'Route template, e.g. /v1/customers/{id}. Never an address with its query: those carry secrets.';
comment on column portolan.requests.status is 'HTTP status; NULL where no whole answer came.';
comment on column portolan.requests.error_code is 'Code of the unified error it ended in; NULL where it ended in none.';
comment on column portolan.requests.request_id is 'The platform''s name for it, which its support asks for.';
comment on column portolan.requests.bytes_sent is 'Bytes of its body.';
comment on column portolan.requests.bytes_received is 'Bytes of the answer''s body on the wire, before decompression.';
comment on column portolan.requests.dns_ms is 'Looking up the name; NULL on a kept connection.';
comment on column portolan.requests.connect_ms is 'Connecting once the name was known; NULL on a kept connection.';
comment on column portolan.requests.tls_ms is 'The TLS handshake; NULL on a kept connection and without TLS.';
comment on column portolan.requests.first_byte_ms is 'From its start to the first byte of the answer; NULL when none came.';
comment on column portolan.requests.total_ms is 'From its start to its end, waiting for a free connection included.';
comment on column portolan.requests.token_wait_ms is 'How long it had waited for tokens before.';
comment on column portolan.requests.http_version is '1.0, 1.1 or 2; NULL where no answer came.';
comment on column portolan.requests.reused is 'It ran on a connection that was open already.';

alter table portolan.retention drop constraint retention_table_name_check;
alter table portolan.retention add constraint retention_table_name_check check (table_name in ('job_history', 'job_events', 'requests'));
insert into portolan.retention values ('requests', '3 days');
