import Platforms
import Postgres
import TestKit
import Testing

@testable import Schema

/// When the texts of views or contracts change, copies are made anew from the raw records and say so meanwhile.
@Suite("Copies follow the mapping") struct CopyMappingTests {
    private func withCopy(_ body: (CopyProbe) async throws -> Void) async throws {
        try await withDatabase { pool, _ in
            let copies = CopyProbe(pool: pool)
            let material = try CopyMaterial(seed: 6)
            for connection in Int64(1)...5 { try await material.storeAll(pool, connection: connection) }
            try await copies.enable(["commerce_orders", "commerce_order_line_items"])
            try await copies.keep()
            try await body(copies)
        }
    }

    private func install(
        _ pool: PostgresPool, replacing old: String = "", with new: String = "",
        in path: String = "Shopify/Views/orders.sql",
        contract: String = ""
    ) async throws {
        let views = platformViewFiles.map { file in
            file.path == path ? EmbeddedFile(path: file.path, text: file.text.replacing(old, with: new)) : file
        }
        let contracts = contractFiles.map { file in
            file.name == "commerce_orders" ? EmbeddedFile(path: file.path, text: file.text + contract) : file
        }
        _ = try await ViewInstaller(pool: pool, views: views, contracts: contracts, logger: TestPostgres.logger)
            .install()
    }

    @Test("a changed view makes its platform's copies stale, each connection changes at once, and readers are told")
    func changedView() async throws {
        try await withCopy { copies in
            try await install(copies.pool, replacing: "1 as mapping_version", with: "2 as mapping_version")
            let states = try await copies.pool.query(
                "select entity || ' ' || platform || ' ' || stale_count from store.state where not is_whole order by 1"
            ).map { try $0.decode(at: 0, as: String.self) }
            #expect(states == ["commerce_orders shopify 5"])
            let versions: SQL =
                """
                select count(distinct connection_id), count(distinct (connection_id, copy_version, mapping_version))
                from store.commerce_orders where platform = 'shopify'
                """
            // As little as a turn can do: one connection, all of it.
            while try await copies.keepOnce(budget: .zero) {
                let (all, kinds) = try await copies.pool.query(versions)[0].decode(Int64.self, Int64.self)
                #expect(all == 5 && kinds == 5)
            }
            try await copies.expectEqual(["commerce_orders", "commerce_order_line_items"])
            #expect(
                try await copies.probe.text(
                    "select min(mapping_version) || ' ' || min(copy_version) from store.commerce_orders where platform = 'shopify'"
                )
                    == "2 2")
            // Back again is a change, too; nothing to do is none.
            try await install(copies.pool)
            try await copies.keep()
            try await copies.expectEqual(["commerce_orders"])
            let before = try await copies.probe.text("select max(version)::text from portolan.copy_sources")
            try await install(copies.pool)
            #expect(try await copies.probe.text("select max(version)::text from portolan.copy_sources") == before)
            #expect(before == "3")
        }
    }

    @Test("a contract that gains a column gives it to the copy")
    func changedContract() async throws {
        try await withCopy { copies in
            try await install(copies.pool, contract: "\nshade text what colour it is\n")
            #expect(try await copies.probe.count("select count(*) from store.commerce_orders") == 0)
            #expect(
                try await copies.probe.text("select relation from store.readers where entity = 'commerce_orders'")
                    == "unified.commerce_orders")
            try await copies.keep()
            #expect(
                try await copies.probe.text("select max(coalesce(shade, 'none')) from store.commerce_orders") == "none")
            try await copies.expectEqual(["commerce_orders", "commerce_order_line_items"])
            let rights: Bool = try await copies.pool.query(
                "select has_table_privilege('portolan_console', 'store.commerce_orders', 'select')")[0].decode(at: 0)
            #expect(rights)
        }
    }

    @Test("a rebuild that is cut off leaves every connection as it was or as it is to be, and goes on")
    func cutOff() async throws {
        try await withCopy { copies in
            try await install(copies.pool, replacing: "1 as mapping_version", with: "2 as mapping_version")
            try await copies.pool.withConnection { connection in
                let process = try await connection.query("select pg_backend_pid()")[0].decode(at: 0, as: Int32.self)
                _ = try await connection.query("begin")
                let done = try await connection.query("select connections from portolan.keep_copies()")[0]
                    .decode(at: 0, as: Int32.self)
                #expect(done > 0)
                try await copies.pool.query("select pg_terminate_backend($1, 5000)", [process])
                await #expect(throws: PostgresError.self) { _ = try await connection.query("commit") }
            }
            #expect(
                try await copies.probe.text("select max(mapping_version)::text from store.commerce_orders") == "1")
            #expect(try await copies.probe.count("select max(stale_count) from store.state") == 5)
            try await copies.keep()
            try await copies.expectEqual(["commerce_orders", "commerce_order_line_items"])
        }
    }

    @Test("the resources a view reads, and what it says it follows, are read from its text")
    func reading() {
        #expect(
            ViewReading.resources(
                in: "where r.resource = 'a' and q.resource in ('b', 'c_1') and raw_resource as resource")
                == ["a", "b", "c_1"])
        #expect(
            ViewReading.declaredFollows(in: "-- follows: orders by order_id, pages by platform_id\nselect")
                == ["orders": "order_id", "pages": "platform_id"])
        for view in platformViewFiles.map(PlatformView.init) where view.isView && !view.feeds.isEmpty {
            #expect(!view.follows(offering: []).isEmpty, "\(view.qualifiedName) follows no resource")
        }
    }
}
