internal import Foundation
internal import Platforms
internal import Postgres

/// Raw orders and invoices for a benchmark: records of the sandbox with other identifiers, days and cents.
///
/// Which platforms there are, and which of their records are orders or invoices, the unified views say.
struct ViewsBenchData {
    let pool: PostgresPool
    let rows: Int
    let connections: Int

    /// What a platform's rows are measured by.
    static let entities = ["commerce_orders", "billing_invoices"]

    /// Where the templates stand while they are looked at.
    private static let templateConnection: Int64 = -1

    func fill() async throws {
        for platform in allPlatforms { try await storeTemplates(of: platform) }
        try await pool.query("create schema bench")
        try await pool.withConnection { connection in
            try await connection.executeScript(Self.templates)
            _ = try await connection.query(
                """
                insert into bench.connections
                select n, p.platform, greatest(1, round(w.weight * $1 / sum(w.weight) over ()))::integer
                from generate_series(1, $2) n
                cross join lateral (select case when n <= 4 * $2 / 1000.0 then 22000 when n <= 12 * $2 / 1000.0 then 10000
                                                when n <= 198 * $2 / 1000.0 then 1000 + (n * 7919) % 4000
                                                else 10 + (n * 7919) % 180 end as weight) w
                cross join lateral (select t.platform from (select distinct platform from bench.templates) t
                                    order by t.platform offset n % $3 limit 1) p
                """, [Double(rows), Int32(connections), try await platformsCount()])
            // The older half as a backfill leaves it, connection after connection; the newer half by time.
            for (from, order) in [("i <= c.rows / 2", "c.connection_id, i"), ("i > c.rows / 2", "at, i")] {
                for table in ["templates", "twins"] {
                    _ = try await connection.query(
                        SQL(unsafeText: Self.generation(of: table, where: from, order: order)),
                        timeLimit: .seconds(3600))
                }
            }
            _ = try await connection.query(Self.shared, timeLimit: .seconds(3600))
            _ = try await connection.query(
                "delete from portolan.raw_records where connection_id = $1", [Self.templateConnection])
            _ = try await connection.query("vacuum analyze portolan.raw_records", timeLimit: .seconds(900))
        }
    }

    private func platformsCount() async throws -> Int32 {
        try await pool.query("select count(distinct platform)::int4 from bench.templates")[0].decode(at: 0)
    }

    private func storeTemplates(of platform: any Platform) async throws {
        let credentials = platform.authentication.methods[0].fields.map { ($0.name, "bench_" + $0.name) }
        let store = platform.makeSandboxStore(
            SandboxOptions(
                seed: 11, sizes: ["orders": 120, "invoices": 120, "products": 40, "customers": 40],
                credentials: Dictionary(uniqueKeysWithValues: credentials),
                startsAt: Date(timeIntervalSince1970: 1_790_000_000)))
        for resource in platform.resources {
            let records = store.truth(resource: resource.name)
            try await pool.query(
                """
                insert into portolan.raw_records
                  (connection_id, resource, external_id, platform, payload, payload_hash, fetched_at)
                select $1, u.resource, u.id, $2, u.payload::jsonb, '', now()
                from unnest($3::text[], $4::text[], $5::text[]) u(resource, id, payload)
                where portolan.json_problem(u.payload) is null
                on conflict do nothing
                """,
                [
                    Self.templateConnection, platform.key, records.map(\.resource), records.map(\.id),
                    records.map { String(decoding: $0.payload, as: UTF8.self) },
                ])
        }
    }

    /// Up to 60 clean orders or invoices of each platform, of the size that most have.
    private static let templates: SQL = """
        create table bench.connections (connection_id bigint primary key, platform text, rows integer);
        create table bench.templates as
        with found as (
          select platform, raw_resource, platform_id, coalesce(placed_at, platform_created_at) as at
          from unified.commerce_orders where connection_id = -1 and issues = '[]' and line_items_complete is not false
          union all
          select platform, raw_resource, platform_id, issued_at
          from unified.billing_invoices where connection_id = -1 and issues = '[]' and lines_complete is not false)
        select f.platform, r.resource, r.external_id, r.payload::text as body,
               row_number() over (partition by f.platform order by md5(r.external_id)) - 1 as n
        from found f join portolan.raw_records r
          on r.connection_id = -1 and r.platform = f.platform and r.resource = f.raw_resource and r.external_id = f.platform_id
        where f.at is not null and octet_length(r.payload::text) < 6000;
        delete from bench.templates where n >= 60;
        alter table bench.templates add all_templates bigint;
        update bench.templates t set all_templates = (select count(*) from bench.templates x where x.platform = t.platform);
        -- Records of other resources that the views look up beside an order or invoice: of the same identifier …
        create table bench.twins as
        select t.platform, r.resource, t.external_id, r.payload::text as body, t.n, t.all_templates
        from bench.templates t join portolan.raw_records r
          on r.connection_id = -1 and r.platform = t.platform and r.resource <> t.resource and r.external_id = t.external_id
        where exists (select from portolan.copy_sources s
                      where s.platform = t.platform and s.entity in ('commerce_orders', 'billing_invoices') and s.follows ? r.resource);
        -- … and such as many orders share.
        create table bench.shared as
        select distinct r.platform, r.resource, r.external_id, r.payload from portolan.raw_records r join portolan.copy_sources s
          on s.platform = r.platform and s.entity in ('commerce_orders', 'billing_invoices') and s.follows ? r.resource
        where r.connection_id = -1 and r.external_id not like '%/%'
          and not exists (select from bench.templates t where t.platform = r.platform and t.resource = r.resource)
          and not exists (select from bench.twins t where t.platform = r.platform and t.resource = r.resource);
        """

    private static let shared: SQL = """
        insert into portolan.raw_records (connection_id, resource, external_id, platform, payload, payload_hash, fetched_at)
        select c.connection_id, s.resource, s.external_id, c.platform, s.payload, sha256(s.external_id::bytea), now()
        from bench.connections c join bench.shared s using (platform)
        """

    /// A long identifier is replaced wherever it stands; a short one, which other numbers may contain, in `id` only.
    private static func generation(of table: String, where condition: String, order: String) -> String {
        """
        insert into portolan.raw_records
          (connection_id, resource, external_id, platform, platform_created_at, platform_updated_at, payload,
           payload_hash, first_seen_at, changed_at, fetched_at)
        select g.connection_id, g.resource, g.new_id, g.platform, g.at, g.at + interval '1 hour',
               case when length(g.external_id) >= 7 then replace(b.body, g.external_id, g.new_id)::jsonb
                    else b.body::jsonb || jsonb_build_object('id', g.new_id) end,
               sha256(g.new_id::bytea), g.at, g.at, g.at
        from (
          select c.connection_id, t.resource, t.external_id, c.platform, t.body,
                 coalesce(substring(t.external_id from '^[a-z]+_'), '') || (c.connection_id * 10000000 + i) as new_id,
                 timestamptz '2024-09-01' + interval '2 years' * i / c.rows as at, i
          from bench.connections c cross join lateral generate_series(1, c.rows) i
          join bench.\(table) t on t.platform = c.platform
            and t.n = (c.connection_id * 31 + i * 7919) % t.all_templates
          where \(condition)) g
        cross join lateral (
          select regexp_replace(regexp_replace(regexp_replace(g.body,
                   '20[0-9]{2}-[0-9]{2}-[0-9]{2}T', to_char(g.at, 'YYYY-MM-DD"T"'), 'g'),
                   ': 1[6-9][0-9]{8}(?=[,}])', ': ' || extract(epoch from g.at)::bigint, 'g'),
                   '([0-9])\\.[0-9]{2}"', '\\1.' || lpad((g.i % 100)::text, 2, '0') || '"', 'g') as body) b
        order by \(order.replacing("c.connection_id", with: "g.connection_id").replacing("at,", with: "g.at,").replacing(", i", with: ", g.i"))
        """
    }
}
