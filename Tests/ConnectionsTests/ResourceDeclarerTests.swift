import Connections
import Platforms
import Postgres
import TestKit
import Testing

@Suite("What platforms offer becomes streams")
struct ResourceDeclarerTests {
    /// A version of a platform: its key and what it offers.
    private struct Version: Platform {
        var key = "shop"
        var resources: [Resource]
        let name = "Shop"
        let apiVersion = "1"
        let hosting = Hosting.selfHosted
        let authentication = Authentication(fields: [], placement: .bearer(field: "token"))
        let buckets: [Bucket] = []

        func nextStep(in read: StreamRead) throws(ReadFailure) -> Step { Step([]) }
        func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
            Page(cursor: Cursor(json: "{}"), isCaughtUp: true)
        }
        func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore { preconditionFailure("there is none") }
    }

    private static let orders = Resource("orders", freshnessTarget: .seconds(300))
    private static let payouts = Resource("payouts", kind: .report, freshnessTarget: .seconds(7200), lane: "money")

    private func declare(_ pool: PostgresPool, _ platforms: [any Platform]) async throws -> Int {
        try await ResourceDeclarer(pool: pool, platforms: platforms, logger: TestPostgres.logger).declare()
    }

    private func add(_ pool: PostgresPool, _ count: Int, _ prefix: String = "c", platform: String = "shop") async throws
    {
        try await pool.query(
            """
            select portolan.add_connection($1, $2 || n, 'https://s.example', '{}', '{orders}', '{main}', '{5m}')
            from generate_series(1, $3::integer) n
            """, [platform, prefix, Int32(count)])
    }

    private func streams(_ pool: PostgresPool, _ condition: String = "true") async throws -> Int64 {
        try await pool.query(
            SQL(
                unsafeText:
                    "select count(*) from portolan.streams s join portolan.connections c using (connection_id) where \(condition)"
            ))[0].decode(at: 0)
    }

    @Test("a new resource becomes a stream of every connection of its platform, spread over its interval")
    func new() async throws {
        try await withPool { pool in
            try await add(pool, 40)
            try await add(pool, 2, "other", platform: "bazaar")
            #expect(try await declare(pool, [Version(resources: [Self.orders])]) == 0, "they have it")
            #expect(try await declare(pool, [Version(resources: [Self.orders, Self.payouts])]) == 40)
            #expect(
                try await streams(
                    pool,
                    """
                    s.resource = 'payouts' and s.platform = 'shop' and s.kind = 'report' and s.family = 'money' and s.state = 'new'
                    and s.interval = '2h' and s.next_due_at between portolan.now() - interval '1 minute' and portolan.now() + interval '2h'
                    """) == 40)
            let spread: Bool = try await pool.query(
                """
                select count(distinct next_due_at) > 30 and max(next_due_at) - min(next_due_at) > interval '1h'
                from portolan.streams where resource = 'payouts'
                """)[0].decode(at: 0)
            #expect(spread)
            #expect(try await streams(pool, "c.platform = 'bazaar'") == 2)
        }
    }

    @Test("what is known changes nothing and takes nothing away, whichever version says it; a deleted stream stays so")
    func known() async throws {
        try await withPool { pool in
            try await add(pool, 3)
            let (old, new) = (Version(resources: [Self.orders]), Version(resources: [Self.orders, Self.payouts]))
            #expect(try await declare(pool, [old, new]) == 3)
            try await pool.query(
                """
                delete from portolan.streams where resource = 'payouts' and connection_id = (select min(connection_id) from portolan.connections)
                """)
            let before: String = try await pool.query(
                "select string_agg(r::text, ' ' order by resource) from portolan.platform_resources r")[0].decode(at: 0)
            for version in [old, new, old, new] { #expect(try await declare(pool, [version]) == 0) }
            let after: String = try await pool.query(
                "select string_agg(r::text, ' ' order by resource) from portolan.platform_resources r")[0].decode(at: 0)
            #expect(before == after, "nothing was written")
            #expect(try await streams(pool) == 5)
            // Another target is what new streams will have; those that are there keep theirs.
            let slower = Resource("orders", freshnessTarget: .seconds(900))
            #expect(try await declare(pool, [Version(resources: [slower])]) == 0)
            #expect(try await streams(pool, "s.interval = '5m'") == 3)
            let target: Bool = try await pool.query(
                "select interval = '15m' from portolan.platform_resources where resource = 'orders'")[0].decode(at: 0)
            #expect(target)
        }
    }

    @Test("many at once, while connections come and go: every stream once, no failure")
    func race() async throws {
        try await withPool(connectionsMax: 8) { pool in
            try await add(pool, 200)
            let versions = (0..<8).map { number in
                let resources = (0..<6).map { Resource("r\((number + $0) % 8)", freshnessTarget: .seconds(60)) }
                return Version(resources: resources.shuffled())
            }
            let added = try await withThrowingTaskGroup(of: Int.self) { group in
                for version in versions { group.addTask { try await declare(pool, [version]) } }
                group.addTask {
                    for number in 1...20 {
                        try await pool.query(
                            "delete from portolan.connections where name = $1", ["c\(number * 7)"])
                    }
                    return 0
                }
                return try await group.reduce(0, +)
            }
            #expect(added >= 180 * 8)
            #expect(try await streams(pool, "s.resource like 'r%'") == 180 * 8)
        }
    }

    @Test("bad input names the field and the fix")
    func bad() async throws {
        let cases: [(String, String)] = [
            ("null, '{a}', '{m}', '{1h}', '{sync}'", "platform is null"),
            ("'My Shop', '{a}', '{m}', '{1h}', '{sync}'", "platform is 'My Shop'"),
            ("'shop', null, '{m}', '{1h}', '{sync}'", "resources of shop is null"),
            ("'shop', '{a,null}', '{m,m}', '{1h,1h}', '{sync,sync}'", "resources of shop is null or holds null"),
            ("'shop', '{a}', '{m,n}', '{1h}', '{sync}'", "have 1, 2, 1 and 1 elements"),
            ("'shop', '{a}', '{m}', null, '{sync}'", "have 1, 1, 0 and 1 elements"),
            ("'shop', '{a}', '{m}', '{0s}', '{sync}'", "an interval a second or more"),
            ("'shop', '{a}', '{m}', '{1h}', '{x}'", "a kind sync or report"),
        ]
        try await withPool { pool in
            for (arguments, sentence) in cases {
                do {
                    try await pool.query(SQL(unsafeText: "select portolan.declare_resources(\(arguments))"))
                    Issue.record("\(arguments) was taken")
                } catch {
                    #expect(String(reflecting: error).contains(sentence), "\(String(reflecting: error))")
                    #expect((error as? PostgresError)?.sqlState == "22023")
                }
            }
        }
    }

    @Test("all of ours, and again: it stops by itself")
    func ours() async throws {
        try await withPool { pool in
            await ResourceDeclarer(pool: pool, platforms: allPlatforms, logger: TestPostgres.logger).run()
            let count: Int64 = try await pool.query("select count(*) from portolan.platform_resources")[0].decode(at: 0)
            #expect(Int(count) == allPlatforms.map(\.resources.count).reduce(0, +))
        }
    }

    @Test("a database that does not know it yet is waited for, until somebody says to stop")
    func notMigrated() async throws {
        try await withPool(isMigrated: false) { pool in
            let waiting = Task {
                await ResourceDeclarer(
                    pool: pool, platforms: [Version(resources: [Self.orders])], logger: TestPostgres.logger
                ).run()
            }
            waiting.cancel()
            await waiting.value
        }
    }
}
