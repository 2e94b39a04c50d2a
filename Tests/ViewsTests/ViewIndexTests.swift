import Foundation
import Platforms
import Postgres
import TestKit
import Testing

/// Filters on connection and time reach the indexes of the raw table through the unions.
@Suite("Views use indexes") struct ViewIndexTests {
    /// A step of a plan that reads a table or an index.
    private struct Scan {
        let kind: String
        let table: String?
        let index: String?
        let condition: String
    }

    /// 50 connections with 400 orders each, and 50 with 400 invoices.
    private func withFleet<R>(_ body: (ViewProbe) async throws -> R) async throws -> R {
        try await withDatabase { pool, _ in
            let probe = ViewProbe(pool: pool)
            for (key, resource, first) in [("shopify", "orders", Int64(1)), ("stripe", "invoices", 101)] {
                let platform = try #require(allPlatforms.first { $0.key == key })
                let fixture = try #require(try fixtureRecords(of: platform).first { $0.resource == resource })
                try await pool.query(
                    """
                    insert into portolan.raw_records
                      (connection_id, resource, external_id, platform, platform_updated_at,
                       payload, payload_hash, fetched_at)
                    select c, $1, (c * 1000 + i)::text, $2,
                           case when $2 = 'shopify' then timestamptz '2026-01-01' + i * interval '1 hour' end,
                           $3, sha256((c * 1000 + i)::text::bytea), '2026-09-01'
                    from generate_series($4::bigint, $4 + 49) c, generate_series(1, 400) i
                    """,
                    [resource, key, PostgresJSON(bytes: fixture.payload), first])
            }
            // Some orders go on in pages of their own.
            try await probe.run(
                """
                insert into portolan.raw_records
                  (connection_id, resource, external_id, platform, platform_updated_at,
                   payload, payload_hash, fetched_at)
                select connection_id, 'order_line_items', external_id || '/0001', platform, platform_updated_at,
                       payload, payload_hash, fetched_at
                from portolan.raw_records where platform = 'shopify' and external_id::bigint % 10 = 0
                """)
            try await probe.run("analyze portolan.raw_records")
            return try await body(probe)
        }
    }

    private func scans(_ probe: ViewProbe, _ statement: String) async throws -> [Scan] {
        let rows = try await probe.pool.query(SQL(unsafeText: "explain (format json) " + statement))
        let text = try #require(rows.first).decode(at: 0, as: PostgresJSON.self).text
        var found: [Scan] = []
        func visit(_ value: Any) {
            if let list = value as? [Any] { list.forEach(visit) }
            guard let node = value as? [String: Any] else { return }
            if let kind = node["Node Type"] as? String, kind.hasSuffix("Scan") {
                found.append(
                    Scan(
                        kind: kind, table: node["Relation Name"] as? String, index: node["Index Name"] as? String,
                        condition: node["Index Cond"] as? String ?? ""))
            }
            node.values.forEach { if $0 is [Any] || $0 is [String: Any] { visit($0) } }
        }
        visit(try JSONSerialization.jsonObject(with: Data(text.utf8)))
        return found
    }

    /// Nothing reads the raw table but through an index, and always by connection.
    private func expectIndexed(_ scans: [Scan], _ statement: String) {
        #expect(!scans.contains { $0.kind == "Seq Scan" && $0.table == "raw_records" }, "\(statement)")
        for scan in scans where scan.index != nil {
            #expect(scan.condition.contains("connection_id"), "\(statement): \(scan.index ?? "") \(scan.condition)")
        }
        // By the key alone where there is so little of a resource that it makes no difference.
        #expect(
            scans.contains {
                ["raw_by_update", "raw_records_pkey"].contains($0.index ?? "") && $0.condition.contains("resource")
            }, "\(statement)")
    }

    @Test("orders of a connection changed since a time are found by connection, platform, resource and time")
    func ordersByTime() async throws {
        try await withFleet { probe in
            let statement =
                """
                select * from unified.commerce_orders
                where connection_id = 7 and platform_updated_at > '2026-01-16T00:00:00Z'
                """
            let scans = try await scans(probe, statement)
            expectIndexed(scans, statement)
            #expect(
                scans.contains { scan in
                    scan.index == "raw_by_update"
                        && ["connection_id", "platform", "resource", "platform_updated_at"].allSatisfy(
                            scan.condition.contains)
                })
            let rows = try await probe.count("select count(*) from (\(statement)) t")
            #expect(rows == 40)
        }
    }

    @Test("invoices of a connection, of one platform or of all, are found by connection")
    func invoicesByConnection() async throws {
        try await withFleet { probe in
            for condition in ["connection_id = 107 and platform = 'stripe'", "connection_id = 107"] {
                let statement = "select * from unified.billing_invoices where \(condition)"
                expectIndexed(try await scans(probe, statement), statement)
                let rows = try await probe.count("select count(*) from (\(statement)) t")
                #expect(rows == 400)
            }
        }
    }

    @Test("every unified view reads only the connection that is asked for")
    func everyEntity() async throws {
        try await withFleet { probe in
            for view in try await probe.views(in: "unified")
            where platformViewFiles.contains(where: { $0.text.contains("-- feeds: \(view.name)\n") }) {
                let statement = "select * from \(view.name) where connection_id = 7"
                expectIndexed(try await scans(probe, statement), statement)
            }
        }
    }
}
