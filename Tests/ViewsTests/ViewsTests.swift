import Foundation
import Platforms
import Postgres
import Schema
import TestKit
import Testing

/// The views over what the simulated merchants hold, sound and spoilt.
@Suite("Views") struct ViewsTests {
    /// Connection 1 holds sound records, 2 spoilt ones, 3 the fixtures.
    private func withMerchants<R>(_ body: (ViewProbe) async throws -> R) async throws -> R {
        try await withDatabase { pool, _ in
            let probe = ViewProbe(pool: pool)
            for platform in allPlatforms {
                for (connection, share) in [(Int64(1), 0.0), (2, 0.3)] {
                    let walk = SandboxWalk(platform, seed: 11, sizes: smallSizes, spoiltShare: share)
                    let records = try walk.records()
                    let stored = try await probe.store(records, platform: platform.key, connection: connection)
                    if share == 0 { #expect(stored == records.count, "\(platform.key)") }
                }
                let fixtures = try fixtureRecords(of: platform)
                #expect(!fixtures.isEmpty, "\(platform.key)")
                try await probe.store(fixtures, platform: platform.key, connection: 3)
            }
            try await probe.run("analyze portolan.raw_records")
            return try await body(probe)
        }
    }

    @Test("every column of every view can be read and summed, whatever the records hold")
    func everythingIsReadable() async throws {
        try await withMerchants { probe in
            for schema in allPlatforms.map(\.key) + ["unified"] {
                let views = try await probe.views(in: schema)
                #expect(!views.isEmpty)
                for view in views {
                    let rows = try await probe.evaluate(view, where: "connection_id < 3")
                    // What no platform feeds is an empty view.
                    let isFed =
                        schema != "unified"
                        || platformViewFiles.contains { $0.text.contains("-- feeds: \(view.name)\n") }
                    #expect(rows > 0 || !isFed, "\(view.name) shows nothing")
                    _ = try await probe.evaluate(view, where: "connection_id = 3")
                }
            }
        }
    }

    @Test("a required amount or currency is NULL only beside an entry in issues")
    func nullsAreExplained() async throws {
        try await withMerchants { probe in
            let found = try await probe.silentNulls()
            #expect(found.isEmpty, "\(found)")
        }
    }

    @Test("rows that come from sound records have no issues")
    func soundRowsAreClean() async throws {
        try await withMerchants { probe in
            for schema in allPlatforms.map(\.key) {
                for view in try await probe.views(in: schema) where view.has("issues") {
                    let found = try await probe.text(
                        """
                        select string_agg(distinct issues::text, '; ') from \(view.name)
                        where connection_id = 1 and issues <> '[]'
                        """
                    )
                    #expect(found == "NULL", "\(view.name)")
                }
            }
        }
    }

    @Test("spoilt records leave entries in issues, each with field, change and reason")
    func spoiltRowsSaySo() async throws {
        try await withMerchants { probe in
            for schema in allPlatforms.map(\.key) {
                var entries: Int64 = 0
                for view in try await probe.views(in: schema) where view.has("issues") {
                    entries += try await probe.count(
                        """
                        select coalesce(sum(jsonb_array_length(issues)), 0)::bigint from \(view.name)
                        where connection_id = 2
                        """
                    )
                    let odd = try await probe.count(
                        """
                        select count(*) from \(view.name), jsonb_array_elements(issues) i
                        where i->>'field' is null or i->>'reason' is null or not i->>'change' in ('nulled', 'defaulted')
                        """)
                    #expect(odd == 0, "\(view.name)")
                }
                #expect(entries > 0, "\(schema)")
            }
        }
    }

    @Test("every unified row has the identity the contract says, and no two have the same")
    func identities() async throws {
        try await withMerchants { probe in
            let found = try await probe.wrongIdentities()
            #expect(found.isEmpty, "\(found)")
        }
    }

    @Test("a view shows one row for each record, or one for each element of its lists")
    func rowCounts() async throws {
        try await withMerchants { probe in
            for platform in allPlatforms {
                let raw = try await RawPayloads(probe, platform: platform.key, connection: 1)
                for view in platformViewFiles.map(PlatformView.init) where view.isView && view.platform == platform.key
                {
                    let expected = try RowRule(view).count(in: raw)
                    let name = view.qualifiedName
                    let rows = try await probe.count("select count(*) from \(name) where connection_id = 1")
                    #expect(rows == Int64(expected), "\(name)")
                }
            }
        }
    }

    @Test("a record that is gone is shown as deleted, with its time and source")
    func deletions() async throws {
        try await withMerchants { probe in
            try await probe.run(
                """
                update portolan.raw_records set deleted_at = '2026-08-01T00:00:00Z', deletion_source = 'webhook'
                where connection_id = 1 and hashtext(external_id) % 2 = 0 and not external_id like '%/%'
                """)
            for platform in allPlatforms {
                for view in try await probe.views(in: platform.key) where view.has("is_deleted") {
                    let name = view.name
                    let wrong = try await probe.count(
                        """
                        select count(*) from \(name) where is_deleted is distinct from (deleted_at is not null)
                          or (deletion_source = 'webhook') is distinct from (case when is_deleted then true end)
                          or is_deleted and connection_id <> 1
                        """)
                    #expect(wrong == 0, "\(name)")
                    let gone = try await probe.count("select count(*) from \(name) where is_deleted")
                    let live = try await probe.count("select count(*) from \(name) where not is_deleted")
                    #expect(gone > 0 && live > 0 || gone + live < 10, "\(name): \(gone) gone, \(live) live")
                    guard view.has("platform_parent_id") else { continue }
                    // A row is as gone as the record it is part of, also one from a page behind that record.
                    let astray = try await probe.count(
                        """
                        select count(*) from \(name) v join portolan.raw_records r
                          on r.connection_id = v.connection_id and r.platform = v.platform
                            and r.external_id = v.platform_parent_id
                        where v.is_deleted is distinct from (r.deleted_at is not null)
                        """)
                    #expect(astray == 0, "\(name)")
                }
            }
        }
    }
}
