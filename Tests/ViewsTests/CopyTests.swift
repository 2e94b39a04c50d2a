import Foundation
import Platforms
import Postgres
import Schema
import TestKit
import Testing

/// A copy equals its view once it is kept, whatever was done to the raw records meanwhile.
@Suite("Copies") struct CopyTests {
    private static let seed: UInt64 =
        ProcessInfo.processInfo.environment["COPIES_SEED"].flatMap(UInt64.init) ?? .random(in: 0...UInt64(Int64.max))

    @Test("after any change of some records, every row that may have changed is found")
    func randomChanges() async throws {
        print("copies with COPIES_SEED=\(Self.seed)")
        try await withDatabase { pool, _ in
            let copies = CopyProbe(pool: pool)
            let material = try CopyMaterial(seed: Self.seed % 1000)
            var random = SeededRandom(seed: Self.seed)
            try await material.storeAll(pool, connection: 1)
            try await copies.enable()
            try await copies.keep()
            try await copies.expectEqual(after: "filled")
            for step in 0..<40 {
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    try await material.change(
                        pool, connection: Int64.random(in: 1...2, using: &random),
                        count: Int.random(in: 1...6, using: &random), &random)
                }
                try await copies.keep()
                try await copies.expectEqual(after: "step \(step)")
            }
            let stale: Bool = try await pool.query(
                "select bool_and(is_whole) and sum(changes_count) = 0 from store.state")[0]
                .decode(at: 0)
            #expect(stale)
            try await pool.query("truncate portolan.raw_records")
            try await copies.keep()
            try await copies.expectEqual(after: "emptied")
        }
    }

    @Test("lines of a changed order are replaced as a set; a deletion is a mark, and its taking back too")
    func replaced() async throws {
        try await withDatabase { pool, _ in
            let copies = CopyProbe(pool: pool)
            let platform = try #require(allPlatforms.first { $0.key == "shopify" })
            let fixture = try #require(try fixtureRecords(of: platform).first { $0.resource == "orders" })
            try await copies.probe.store([fixture], platform: "shopify", connection: 4)
            try await copies.enable(["commerce_orders", "commerce_order_line_items"])
            try await copies.keep()
            let lines = try await copies.probe.count("select count(*) from store.commerce_order_line_items")
            #expect(lines > 1)
            try await pool.query(
                "update portolan.raw_records set payload = payload #- '{lineItems,nodes,0}' where connection_id = 4")
            #expect(try await copies.probe.count("select count(*) from portolan.copy_changes") == 1)
            try await copies.keep()
            #expect(
                try await copies.probe.count("select count(*) from store.commerce_order_line_items") == lines - 1)
            for mark in ["now()", "null"] {
                try await copies.probe.run("update portolan.raw_records set deleted_at = \(mark)")
                try await copies.keep()
                #expect(
                    try await copies.probe.text("select bool_and(is_deleted)::text from store.commerce_orders")
                        == (mark == "null" ? "false" : "true"))
            }
            try await copies.expectEqual(["commerce_orders", "commerce_order_line_items"])
        }
    }

    @Test("what is committed late is not lost, however long its transaction was open")
    func lateCommit() async throws {
        try await withDatabase { pool, _ in
            let copies = CopyProbe(pool: pool)
            let material = try CopyMaterial(seed: 3)
            try await material.storeAll(pool, connection: 1)
            try await copies.enable()
            try await copies.keep()
            try await pool.withConnection { late in
                _ = try await late.query("begin")
                _ = try await late.query(
                    "update portolan.raw_records set deleted_at = now(), changed_at = now() where external_id > '5'")
                try await material.storeAll(pool, connection: 2)
                try await copies.keep()
                try await copies.expectEqual(after: "before the late commit")
                _ = try await late.query("commit")
            }
            #expect(try await copies.differences("commerce_orders") > 0)
            try await copies.keep()
            try await copies.expectEqual(after: "after the late commit")
        }
    }

    @Test("maintenance keeps copies; a connection that cannot be copied is told and holds up no other")
    func maintenance() async throws {
        try await withDatabase { pool, _ in
            let copies = CopyProbe(pool: pool)
            let material = try CopyMaterial(seed: 4)
            try await copies.enable(["commerce_orders"])
            try await pool.query("alter table store.commerce_orders add constraint nine check (connection_id <> 9)")
            for connection in [Int64(8), 9, 10] { try await material.storeAll(pool, connection: connection) }
            try await pool.query("select portolan.maintain()")
            #expect(
                try await copies.probe.text("select error from portolan.maintenance where task = 'copies'") == "NULL")
            #expect(
                try await copies.probe.text(
                    "select string_agg(distinct connection_id::text, ' ') from store.commerce_orders")
                    == "10 8")
            let state = try await pool.query(
                """
                select (select bool_or(not is_whole) from store.state), (select max(failing_count) from store.state),
                       (select relation from store.readers where entity = 'commerce_orders'),
                       (select min(error) from portolan.copy_connections)
                """)[0]
            #expect(try state.decode(at: 0, as: Bool.self))
            #expect(try state.decode(at: 1, as: Int64.self) == 1)
            #expect(try state.decode(at: 2, as: String.self) == "unified.commerce_orders")
            #expect(try state.decode(at: 3, as: String.self).hasPrefix("23514"))
            try await pool.query("alter table store.commerce_orders drop constraint nine")
            try await pool.query("select portolan.rebuild_copy('commerce_orders', 9)")
            try await copies.keep()
            try await copies.expectEqual(["commerce_orders"])
            #expect(
                try await copies.probe.text("select relation from store.readers where entity = 'commerce_orders'")
                    == "store.commerce_orders")
        }
    }

    @Test("a snapshot from before is refused")
    func isolation() async throws {
        try await withDatabase { pool, _ in
            try await CopyProbe(pool: pool).enable(["commerce_orders"])
            try await pool.withConnection { connection in
                _ = try await connection.query("begin isolation level repeatable read")
                await #expect(throws: PostgresError.self) {
                    try await connection.query("select portolan.keep_copies()")
                }
                _ = try await connection.query("rollback")
            }
        }
    }

    @Test("the console reads copies and how far they are, operators switch them, workers only keep them")
    func rights() async throws {
        try await withDatabase { pool, _ in
            try await CopyProbe(pool: pool).enable(["commerce_orders"])
            let rights = try await pool.query(
                """
                select r || ' ' || t from unnest(array['portolan_worker', 'portolan_console', 'portolan_operator']) r,
                  unnest(array['commerce_orders', 'state', 'readers']) t
                where has_schema_privilege(r, 'store', 'usage') and has_table_privilege(r, 'store.' || t, 'select')
                union all
                select r || ' ' || p.proname from unnest(array['portolan_worker', 'portolan_console', 'portolan_operator']) r, pg_proc p
                where p.proname in ('enable_copy', 'disable_copy', 'rebuild_copy', 'keep_copies', 'keep_connection', 'make_copy')
                  and has_function_privilege(r, p.oid, 'execute')
                union all
                select r || ' writes' from unnest(array['portolan_worker', 'portolan_console', 'portolan_operator']) r
                where has_table_privilege(r, 'store.commerce_orders', 'insert, update, delete, truncate')
                order by 1
                """
            ).map { try $0.decode(at: 0, as: String.self) }
            #expect(
                rights == [
                    "portolan_console commerce_orders", "portolan_console readers", "portolan_console state",
                    "portolan_operator commerce_orders", "portolan_operator disable_copy",
                    "portolan_operator enable_copy",
                    "portolan_operator keep_copies", "portolan_operator readers", "portolan_operator rebuild_copy",
                    "portolan_operator state", "portolan_worker keep_copies",
                ])
        }
    }
}
