import Foundation
import Platforms
import Postgres
import Schema
import TestKit
import Testing

/// Keeps typed copies and compares them with the views they are copies of.
struct CopyProbe: Sendable {
    let pool: PostgresPool
    var probe: ViewProbe { ViewProbe(pool: pool) }

    /// Every entity that some platform feeds.
    static let entities: [String] = Set(platformViewFiles.flatMap { PlatformView($0).feeds }).sorted()

    func enable(_ entities: [String] = Self.entities) async throws {
        for entity in entities { try await pool.query("select portolan.enable_copy($1)", [entity]) }
    }

    /// Keeps until there is nothing left to do.
    func keep() async throws {
        while try await keepOnce() {}
    }

    /// - Returns: whether there is more to do.
    @discardableResult
    func keepOnce(budget: Duration = .seconds(2)) async throws -> Bool {
        try await pool.query("select has_more from portolan.keep_copies($1)", [budget])[0].decode(at: 0)
    }

    /// Rows that only the view or only the copy has, each as often as it is there.
    func differences(_ entity: String) async throws -> Int64 {
        let list = try await pool.query(
            """
            select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
            where attrelid = to_regclass('unified.' || $1) and attnum > 0 and not attisdropped
            """, [entity])[0].decode(at: 0, as: String.self)
        return try await probe.count(
            """
            select count(*) from (
              (select \(list) from unified.\(entity) except all select \(list) from store.\(entity))
              union all
              (select \(list) from store.\(entity) except all select \(list) from unified.\(entity))) d
            """)
    }

    func expectEqual(_ entities: [String] = Self.entities, after step: String = "") async throws {
        for entity in entities {
            let found = try await differences(entity)
            #expect(found == 0, "\(entity) \(step)")
        }
    }
}

/// What simulated merchants of every platform hold, each record sound and spoilt: material for changes.
struct CopyMaterial: Sendable {
    struct Item: Sendable {
        let platform: String
        let variants: [StoredRecord]
    }

    let items: [Item]
    /// Indices of the items of each resource.
    private let groups: [[Int]]

    /// Small, because every change is followed by a comparison of everything.
    static let sizes = [
        "orders": 60, "products": 8, "customers": 10, "invoices": 24, "subscriptions": 16, "charges": 16,
        "payment_intents": 12, "refunds": 10, "balance_transactions": 12, "prices": 8, "plans": 6,
    ]

    init(seed: UInt64, platforms: [any Platform] = allPlatforms) throws {
        var items: [Item] = []
        for platform in platforms {
            var variants: [String: [StoredRecord]] = [:]
            for share in [0.0, 0.5] {
                let walk = SandboxWalk(platform, seed: seed, sizes: Self.sizes, spoiltShare: share)
                for record in try walk.records() {
                    variants["\(record.resource) \(record.id)", default: []].append(record)
                }
            }
            items += variants.sorted { $0.key < $1.key }.map { Item(platform: platform.key, variants: $0.value) }
        }
        self.items = items
        let keys = items.map { "\($0.platform) \($0.variants[0].resource)" }
        groups = Dictionary(grouping: items.indices) { keys[$0] }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Stores, alters, marks or removes some records of a connection in one statement.
    func change(
        _ pool: PostgresPool, connection: Int64, count: Int, _ random: inout some RandomNumberGenerator
    ) async throws {
        // By resource first: pages of long lists are few, and what hangs on them is what is easily missed.
        let chosen = Set(
            (0..<count).compactMap { _ in
                groups.randomElement(using: &random)?.randomElement(using: &random)
            }
        ).sorted().map { items[$0] }
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            try await touch(
                pool, connection, chosen, "delete from portolan.raw_records r using unnest($2, $3) u(resource, id)")
        case 1:
            try await touch(
                pool, connection, chosen,
                """
                update portolan.raw_records r set deleted_at = now(), deletion_source = 'webhook', changed_at = now()
                from unnest($2, $3) u(resource, id)
                """)
        default:
            try await store(pool, connection, chosen.map { ($0.platform, $0.variants.randomElement(using: &random)) })
        }
    }

    /// Stores everything, sound, for a connection.
    func storeAll(_ pool: PostgresPool, connection: Int64) async throws {
        try await store(pool, connection, items.map { ($0.platform, $0.variants.first) })
    }

    private func touch(
        _ pool: PostgresPool, _ connection: Int64, _ chosen: [Item], _ statement: String
    ) async throws {
        let records = chosen.compactMap(\.variants.first)
        try await pool.query(
            SQL(
                unsafeText: statement
                    + " where r.connection_id = $1 and r.resource = u.resource and r.external_id = u.id"),
            [connection, records.map(\.resource), records.map(\.id)])
    }

    private func store(
        _ pool: PostgresPool, _ connection: Int64, _ records: [(platform: String, record: StoredRecord?)]
    ) async throws {
        let rows = records.compactMap { item in
            item.record.flatMap { record in
                String(validating: record.payload, as: UTF8.self).map { (item.platform, record, $0) }
            }
        }.filter { !$0.2.utf8.contains(0) }
        try await pool.query(
            """
            insert into portolan.raw_records
              (connection_id, resource, external_id, platform, platform_updated_at, platform_created_at, payload,
               payload_hash, fetched_at)
            select $1, u.resource, u.id, u.platform, u.updated_at, u.created_at, u.payload::jsonb,
                   sha256(convert_to(u.payload, 'UTF8')), now()
            from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[])
              u(platform, resource, id, updated_at, created_at, payload)
            where portolan.json_problem(u.payload) is null
            order by u.resource collate "C", u.id collate "C"
            on conflict (connection_id, resource, external_id) do update set
              platform_updated_at = excluded.platform_updated_at, payload = excluded.payload,
              payload_hash = excluded.payload_hash, changed_at = now(), deleted_at = null, deletion_source = null
            """,
            [
                connection, rows.map(\.0), rows.map(\.1.resource), rows.map(\.1.id), rows.map(\.1.updatedAt),
                rows.map(\.1.createdAt), rows.map(\.2),
            ])
    }
}
