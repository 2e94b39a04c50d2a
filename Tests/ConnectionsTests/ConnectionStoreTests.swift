import FoundationEssentials
import Platforms
import Postgres
import TestKit
import Testing

@testable import Connections

private struct TwoKeyPlatform: Platform {
    let key = "toy"
    let name = "Toy"
    let apiVersion = "1"
    let hosting = Hosting.selfHosted
    let authentication = Authentication(
        fields: [.init(name: "key", help: "Under Settings, API."), .init(name: "secret", help: "Beside the key.")],
        placement: .basic(userField: "key", passwordField: "secret"))
    let resources = [
        Resource("orders", freshnessTarget: .seconds(60)),
        Resource("products", freshnessTarget: .seconds(3600), lane: "bulk"),
    ]
    let buckets: [Bucket] = []

    func nextStep(in read: StreamRead) throws(ReadFailure) -> Step { preconditionFailure("nothing is read here") }
    func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        preconditionFailure("nothing is read here")
    }
    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore { preconditionFailure("nothing is read here") }
}

@Suite("Connections", .serialized)
struct ConnectionStoreTests {
    private let platform = TwoKeyPlatform()
    private let good = ["key": Secret("k-123"), "secret": Secret("s-456")]

    private func with(_ body: (ConnectionStore, PostgresPool, Vault) async throws -> Void) async throws {
        try await withPool { pool in
            let vault = try Vault(masterKey: Vault.makeMasterKey())
            try await body(ConnectionStore(pool: pool, vault: vault), pool, vault)
        }
    }

    private func opened(_ pool: PostgresPool, _ vault: Vault) async throws -> [String: String] {
        let row = try await pool.query("select connection_id, key_id, sealed from portolan.connection_credentials")[0]
        let (id, keyID, sealed) = try row.decode(Int64.self, String.self, [UInt8].self)
        return try vault.open(sealed, keyID: keyID, connectionID: id).mapValues { $0.reveal() }
    }

    @Test("a connection is added with its streams, due at once, and its credentials sealed")
    func add() async throws {
        try await with { store, pool, vault in
            let id = try await store.add(
                platform: platform, name: "shop-1", baseURL: "https://shop.example/",
                settings: ["time_zone": "Europe/Berlin"], credentials: good)
            let row = try await pool.query(
                """
                select c.base_url, c.settings->>'time_zone', c.state,
                       (select array_agg(resource || ' ' || family || ' ' || extract(epoch from interval)::integer order by resource)
                        from portolan.streams s where s.connection_id = c.connection_id and next_due_at <= now())
                from portolan.connections c where connection_id = $1
                """, [id])[0]
            let (base, zone, state, streams) = try row.decode(String.self, String.self, String.self, [String].self)
            #expect(base == "https://shop.example" && zone == "Europe/Berlin" && state == "pending")
            #expect(streams == ["orders main 60", "products bulk 3600"])
            #expect(try await opened(pool, vault) == ["key": "k-123", "secret": "s-456"])
            #expect(try await store.platformKey(of: "shop-1") == "toy")
            #expect(try await store.platformKey(of: "nobody") == nil)
        }
    }

    @Test("a credential that is missing, unknown or no key is named, and nothing is stored")
    func fieldErrors() async throws {
        try await with { store, pool, _ in
            let cases: [([String: Secret], [String])] = [
                (["key": Secret("k")], ["secret", "Beside the key."]),
                (good.merging(["extra": Secret("x")]) { $1 }, ["extra", "key, secret"]),
                (good.merging(["secret": Secret("")]) { $1 }, ["secret"]),
                (good.merging(["secret": Secret("two words")]) { $1 }, ["secret"]),
                (good.merging(["secret": Secret("line\nbreak")]) { $1 }, ["secret"]),
            ]
            for (credentials, words) in cases {
                let error = await #expect(throws: ConnectionError.self) {
                    try await store.add(
                        platform: platform, name: "a", baseURL: "https://shop.example", credentials: credentials)
                }
                for word in words { #expect(error?.description.contains(word) == true, "\(error?.description ?? "")") }
                #expect(error?.description.contains("two words") != true)
            }
            let left = try await pool.query("select from portolan.connections")
            #expect(left.isEmpty)
        }
    }

    @Test(
        "a base URL with credentials, a query, another scheme or no host is refused",
        arguments: [
            "https://u:p@shop.example", "https://shop.example?a=1", "https://shop.example/#x", "ftp://shop.example",
            "shop.example",
            "https://", "https:///path", "https://shop example", "",
        ])
    func baseURLs(_ url: String) async throws {
        try await with { store, pool, _ in
            await #expect(throws: ConnectionError.self) {
                try await store.add(platform: platform, name: "a", baseURL: url, credentials: good)
            }
            let left = try await pool.query("select from portolan.connections")
            #expect(left.isEmpty)
        }
    }

    @Test("a name that is taken, and one that is none, are refused in words, and nothing is left behind")
    func names() async throws {
        try await with { store, pool, _ in
            try await store.add(platform: platform, name: "shop", baseURL: "https://shop.example", credentials: good)
            let taken = await #expect(throws: ConnectionError.self) {
                try await store.add(
                    platform: platform, name: "shop", baseURL: "https://shop.example", credentials: good)
            }
            #expect(taken?.description == "there is a connection named shop already")
            for name in ["", "-x", "a b", "a/b", String(repeating: "a", count: 101)] {
                let error = await #expect(throws: ConnectionError.self) {
                    try await store.add(
                        platform: platform, name: name, baseURL: "https://shop.example", credentials: good)
                }
                #expect(error?.description.hasPrefix("a name is 1 to 100") == true)
            }
            #expect(try await pool.query("select from portolan.connections").count == 1)
            #expect(try await pool.query("select from portolan.streams").count == 2)
        }
    }

    @Test("renewing replaces the credentials and switches the connection on again, with all its streams due")
    func renew() async throws {
        try await with { store, pool, vault in
            try await store.add(platform: platform, name: "shop", baseURL: "https://shop.example", credentials: good)
            try await pool.query(
                "update portolan.connections set state = 'needs_reauth', state_code = 'auth.x', state_message = 'm'")
            try await pool.query(
                """
                update portolan.streams set state = 'blocked', state_code = 'auth.x', next_due_at = null, cursor = '{"n": 1}',
                  first_caught_up_at = case resource when 'orders' then now() end
                """)
            #expect(
                try await store.renew(
                    name: "shop", platform: platform, credentials: ["key": Secret("k2"), "secret": Secret("s2")]))
            #expect(try await opened(pool, vault) == ["key": "k2", "secret": "s2"])
            let connection = try await pool.query("select state, state_code, state_message from portolan.connections")[
                0
            ]
            .decode(String.self, String?.self, String?.self)
            #expect(connection == ("pending", nil, nil))
            let streams = try await pool.query(
                """
                select resource || ' ' || state from portolan.streams where next_due_at <= now() and state_code is
                null and cursor->>'n' = '1' order by 1
                """
            )
            #expect(
                try streams.map { try $0.decode(at: 0, as: String.self) } == ["orders in_sync", "products reading"])
            #expect(try await !store.renew(name: "nobody", platform: platform, credentials: good))
            await #expect(throws: ConnectionError.self) {
                try await store.renew(name: "shop", platform: platform, credentials: ["key": Secret("k")])
            }
        }
    }

    @Test("connections are listed by name, with their streams counted and no credential")
    func list() async throws {
        try await with { store, pool, _ in
            #expect(try await store.list().isEmpty)
            for name in ["b", "a"] {
                try await store.add(
                    platform: platform, name: name, baseURL: "https://\(name).example", credentials: good)
            }
            try await pool.query("update portolan.streams set state = 'in_sync' where resource = 'orders'")
            let list = try await store.list()
            #expect(list.map(\.name) == ["a", "b"])
            #expect(list.map(\.streams) == [2, 2] && list.map(\.inSync) == [1, 1])
            let json = String(decoding: try JSONEncoder().encode(list), as: UTF8.self)
            #expect(json.contains(#""base_url""#) && !json.contains("k-123") && !json.contains("s-456"))
        }
    }

    @Test("resuming says whether there is such a connection, and leaves a stream that was never read as it was")
    func resume() async throws {
        try await with { store, pool, _ in
            try await store.add(platform: platform, name: "shop", baseURL: "https://shop.example", credentials: good)
            try await pool.query("update portolan.connections set state = 'disabled'")
            #expect(try await store.resume(name: "shop"))
            #expect(try await store.list()[0].state == "pending")
            #expect(try await pool.query("select from portolan.streams where state = 'new'").count == 2)
            #expect(try await !store.resume(name: "nobody"))
        }
    }
}
