import Platforms
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("Installing views", .serialized)
struct ViewInstallerTests {
    @Test("views are made, the union has the contract's columns in order, and what no platform offers is NULL")
    func made() async throws {
        try await withPool { pool in
            #expect(try await ToySchema().installer(pool).install())
            #expect(
                try await columns(of: "unified.toy_orders", pool) == [
                    "connection_id bigint", "platform_id text", "amount numeric", "note text",
                ])
            let story: String = try await pool.query(
                "select obj_description('unified.toy_orders'::regclass, 'pg_class')")[0].decode(at: 0)
            #expect(story == "Orders of toys.")
            try await pool.query(
                """
                insert into portolan.raw_records (connection_id, resource, external_id, platform, payload, payload_hash, fetched_at)
                values (7, 'orders', 'o1', 'toy', '{}', '', now())
                """)
            let row = try #require(
                try await pool.query("select platform_id, amount::integer, note from unified.toy_orders").first)
            let read = try row.decode(String.self, Int32.self, String?.self)
            #expect(read == ("o1", 1, nil))
        }
    }

    @Test("unchanged views are left alone; a changed one is replaced in place, under what people built on it")
    func changed() async throws {
        try await withPool { pool in
            _ = try await ToySchema().installer(pool).install()
            #expect(try await !ToySchema().installer(pool).install())
            try await pool.query("create view public.mine as select amount from unified.toy_orders")
            var changed = ToySchema()
            changed.columns = "connection_id, external_id as platform_id, 2::numeric as amount, 'x'::text as note"
            #expect(try await changed.installer(pool).install())
            try await pool.query(
                """
                insert into portolan.raw_records (connection_id, resource, external_id, platform, payload, payload_hash, fetched_at)
                values (7, 'orders', 'o1', 'toy', '{}', '', now())
                """)
            #expect(
                try await pool.query("select amount::integer from public.mine")[0].decode(at: 0, as: Int32.self) == 2)
        }
    }

    @Test("a view that lost a column is made afresh")
    func afresh() async throws {
        try await withPool { pool in
            _ = try await ToySchema().installer(pool).install()
            var narrower = ToySchema()
            narrower.contract = "note text"
            narrower.columns = "external_id as platform_id, 'x'::text as note"
            #expect(try await narrower.installer(pool).install())
            #expect(
                try await columns(of: "unified.toy_orders", pool) == [
                    "connection_id bigint", "platform_id text", "note text",
                ])
            #expect(try await columns(of: "toy.orders", pool) == ["platform_id text", "note text"])
        }
    }

    @Test("somebody's own view in the way of making afresh is named, and nothing is changed")
    func inTheWay() async throws {
        try await withPool { pool in
            _ = try await ToySchema().installer(pool).install()
            try await pool.query("create view public.mine as select amount from unified.toy_orders")
            let before = try await columns(of: "unified.toy_orders", pool)
            var narrower = ToySchema()
            narrower.contract = "note text"
            let error = await #expect(throws: SchemaError.self) { try await narrower.installer(pool).install() }
            #expect(error?.description.contains("view mine") == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("unified.toy_orders") == true)
            #expect(try await columns(of: "unified.toy_orders", pool) == before)
            #expect(try await pool.query("select amount from public.mine").isEmpty)
            try await pool.query("drop view public.mine")
            #expect(try await narrower.installer(pool).install())
        }
    }

    @Test("a view whose column has another type than the contract says is refused, naming it")
    func wrongType() async throws {
        try await withPool { pool in
            var wrong = ToySchema()
            wrong.columns = "connection_id, external_id as platform_id, '1'::text as amount"
            let error = await #expect(throws: PostgresTransactionError.self) {
                try await wrong.installer(pool).install()
            }
            let reason = try #require(error?.body as? SchemaError)
            #expect(reason.description == "toy.orders.amount is text; the contract of unified.toy_orders says numeric")
            let isMade: Bool = try await pool.query("select to_regclass('toy.orders') is not null")[0].decode(at: 0)
            #expect(!isMade)
        }
    }

    @Test("a view that feeds an entity without a contract is refused, naming both")
    func unknownEntity() async throws {
        try await withPool { pool in
            let installer = ViewInstaller(
                pool: pool, shared: [],
                views: [EmbeddedFile(path: "Toy/Views/orders.sql", text: "-- feeds: unified.moons\nselect 1;")],
                contracts: [EmbeddedFile(path: "unified/common.contract", text: "connection_id bigint")],
                logger: TestPostgres.logger)
            let error = await #expect(throws: SchemaError.self) { try await installer.install() }
            #expect(error?.description == "toy.orders feeds unified.moons, which has no contract")
        }
    }

    @Test("an entity that no platform feeds is a view without rows")
    func unfed() async throws {
        try await withPool { pool in
            let installer = ViewInstaller(
                pool: pool, shared: [], views: [],
                contracts: [
                    EmbeddedFile(path: "unified/common.contract", text: "connection_id bigint"),
                    EmbeddedFile(path: "unified/moons.contract", text: "# It's the moons.\nphase text[] how 'tis lit"),
                ], logger: TestPostgres.logger)
            let isChanged = try await installer.install()
            #expect(isChanged)
            #expect(try await columns(of: "unified.moons", pool) == ["connection_id bigint", "phase text[]"])
            #expect(try await pool.query("select * from unified.moons").isEmpty)
        }
    }

    @Test("a name that is no identifier never becomes SQL")
    func identifiers() async throws {
        try await withPool { pool in
            let installer = ViewInstaller(
                pool: pool, shared: [], views: [EmbeddedFile(path: "Toy; drop/Views/orders.sql", text: "select 1;")],
                contracts: [EmbeddedFile(path: "unified/common.contract", text: "")], logger: TestPostgres.logger)
            await #expect(throws: SchemaError.self) { try await installer.install() }
        }
    }

    @Test("every view of every platform and every unified view can be read on an empty database")
    func allReadable() async throws {
        try await withPool { pool in
            let schemas = Set(platformViewFiles.map { PlatformView($0).platform }).sorted() + ["unified"]
            let rows = try await pool.query(
                "select format('%I.%I', schemaname, viewname) from pg_views where schemaname = any ($1) order by 1",
                [schemas])
            let names = try rows.map { try $0.decode(at: 0, as: String.self) }
            let expected =
                try Contract.all().map { "unified.\($0.entity)" }
                + platformViewFiles.map { PlatformView($0) }.filter(\.isView).map(\.qualifiedName)
            #expect(Set(names) == Set(expected))
            for name in names {
                #expect(try await pool.query(SQL(unsafeText: "select * from \(name)")).isEmpty, "\(name)")
            }
        }
    }
}
