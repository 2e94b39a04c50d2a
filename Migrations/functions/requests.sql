-- The log of requests.

-- One statement for whatever came together in a worker; the arrays are of one length, an element a request.
create or replace function portolan.record_requests(
    p_worker uuid, p_sent_at timestamptz[], p_platform text[], p_connection bigint[], p_resource text[], p_job bigint[], p_method text[], p_route text[],
    p_status integer[], p_error_code text[], p_request_id text[], p_bytes_sent bigint[], p_bytes_received bigint[], p_dns_ms double precision[], p_connect_ms double precision[],
    p_tls_ms double precision[], p_first_byte_ms double precision[], p_total_ms double precision[], p_token_wait_ms double precision[], p_http_version text[], p_reused boolean[])
returns void language sql as $$
  insert into portolan.requests (sent_at, platform, connection_id, resource, job_id, worker_id, method, route, status, error_code, request_id, bytes_sent,
                                 bytes_received, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, token_wait_ms, http_version, reused)
  select u.sent_at, u.platform, u.connection_id, u.resource, u.job_id, p_worker, u.method, u.route, u.status, u.error_code, u.request_id, u.bytes_sent,
         u.bytes_received, u.dns_ms, u.connect_ms, u.tls_ms, u.first_byte_ms, u.total_ms, u.token_wait_ms, u.http_version, u.reused
  from unnest(p_sent_at, p_platform, p_connection, p_resource, p_job, p_method, p_route, p_status, p_error_code, p_request_id, p_bytes_sent,
              p_bytes_received, p_dns_ms, p_connect_ms, p_tls_ms, p_first_byte_ms, p_total_ms, p_token_wait_ms, p_http_version, p_reused)
    u(sent_at, platform, connection_id, resource, job_id, method, route, status, error_code, request_id, bytes_sent, bytes_received, dns_ms, connect_ms,
      tls_ms, first_byte_ms, total_ms, token_wait_ms, http_version, reused) $$;
comment on function portolan.record_requests is 'Writes one row for each request. Workers call it about once a second.';

create or replace view portolan.request_stats as
select r.platform, r.route, r.status_class, count(*) as requests_count, percentile_cont(0.5) within group (order by r.total_ms) as p50_ms,
       percentile_cont(0.95) within group (order by r.total_ms) as p95_ms, sum(r.bytes_sent)::bigint as bytes_sent, sum(r.bytes_received)::bigint as bytes_received,
       max(r.sent_at) as last_at
from (select q.*, case when q.status is null then 'none' else q.status / 100 || 'xx' end as status_class from portolan.requests q
      where q.sent_at > portolan.now() - interval '1 hour') r
group by 1, 2, 3;
comment on view portolan.request_stats is 'Requests of the last hour by platform, route and class of status (none: no whole answer came): how many, how long half and 95 of 100 of them took at most, bytes.';
