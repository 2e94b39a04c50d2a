import Foundation
import Platforms
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Connections

@Suite("Access tokens are got, kept and replaced", .serialized)
struct TokenKeeperTests {
    @Test("the first use gets a token with the refresh token that was given, and stores the new pair")
    func first() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.pair(1))
            let keeper = try lab.keeper(endpoint)
            let (values, token) = try await keeper.values(for: lab.account)
            #expect(values["access_token"]?.reveal() == "a1" && values["client_id"]?.reveal() == "id-1")
            #expect(token?.generation == 2)
            #expect(await endpoint.requests.map(\.url) == ["https://shop.example/admin/oauth/access_token"])
            #expect(
                await endpoint.bodies == [
                    "grant_type=refresh_token&refresh_token=refresh-0&client_id=id-1&client_secret=secret-1"
                ])
            // The next ones come from memory, those of another process from the database.
            _ = try await keeper.token(for: lab.account)
            #expect(try await lab.keeper(endpoint).token(for: lab.account).value.reveal() == "a1")
            #expect(await endpoint.requests.count == 1)
            #expect(try await lab.now("state") == "idle")
            #expect(try await lab.connection("method") == "expiring_token")
        }
    }

    @Test("a token is replaced before it expires: at a tenth of its life, or a quarter of an hour")
    func early() async throws {
        for (life, early) in [(3600, 360), (86_400, 900)] {
            try await TokenLab.with { lab in
                let endpoint = ScriptedEndpoint(.pair(1, life: life), .pair(2, life: life))
                _ = try await lab.keeper(endpoint).token(for: lab.account)
                let margin = try await lab.now("extract(epoch from expires_at - refresh_at)::integer")
                #expect(margin == "\(early)")
                try await lab.letTokenAge(expiresIn: 2)
                #expect(try await lab.keeper(endpoint).token(for: lab.account).value.reveal() == "a2")
                #expect(await endpoint.bodies.last?.contains("refresh_token=r1&") == true)
            }
        }
    }

    @Test("while a refresh is under way, everybody else goes on with the old token")
    func others() async throws {
        try await TokenLab.with { lab in
            let first = ScriptedEndpoint(.pair(1))
            _ = try await lab.keeper(first).token(for: lab.account)
            try await lab.letTokenAge(expiresIn: 200)
            let gate = TokenGate()
            let slow = ScriptedEndpoint(.gated(gate, .pair(2)))
            let refresher = try lab.keeper(slow)
            async let refreshed = refresher.token(for: lab.account)
            await gate.waitForArrival()
            let other = try lab.keeper(ScriptedEndpoint(.answer(500, "")))
            #expect(try await other.token(for: lab.account).value.reveal() == "a1")
            #expect(try await lab.now("state") == "refreshing")
            gate.open()
            // Whoever refreshes has the new one; the others have it when they look again.
            #expect(try await refreshed.value.reveal() == "a2")
            #expect(try await lab.keeper(slow).token(for: lab.account).value.reveal() == "a2")
            #expect(await slow.requests.count == 1)
        }
    }

    @Test("a refused token is replaced once, whoever and how many say so")
    func refused() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.pair(1), .pair(2))
            let keepers = try (0..<5).map { _ in try lab.keeper(endpoint) }
            let old = try await keepers[0].token(for: lab.account)
            // A token of a moment ago is not replaced: the next one would be refused as well.
            let young = await failure { try await keepers[0].token(replacing: old, for: lab.account) }
            #expect(young?.code == .authCredentialsInvalid)
            try await lab.set("issued_at = portolan.now() - interval '10 min'")
            let values = try await withThrowingTaskGroup(of: String.self) { group in
                for keeper in keepers + keepers {
                    group.addTask { try await keeper.token(replacing: old, for: lab.account).value.reveal() }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(values == ["a2"])
            #expect(await endpoint.requests.count == 2)
        }
    }

    @Test("ten workers and four hundred tasks make one call")
    func manyAtOnce() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.pair(1))
            let keepers = try (0..<10).map { _ in try lab.keeper(endpoint) }
            let values = try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<400 {
                    group.addTask { try await keepers[index % 10].token(for: lab.account).value.reveal() }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(values == ["a1"])
            #expect(await endpoint.requests.count == 1)
        }
    }

    @Test("client credentials are handed in again, and have no refresh token")
    func clientCredentials() async throws {
        try await TokenLab.with(["client_id": "id-1", "client_secret": "s p"]) { lab in
            let endpoint = ScriptedEndpoint(.answer(200, #"{"access_token":"a1","scope":"x","expires_in":86399}"#))
            _ = try await lab.keeper(endpoint).token(for: lab.account)
            try await lab.letTokenAge(expiresIn: 0)
            _ = try await lab.keeper(endpoint).token(for: lab.account)
            let body = "grant_type=client_credentials&client_id=id-1&client_secret=s%20p"
            #expect(await endpoint.bodies == [body, body])
            #expect(try await lab.now("idle_at") == "")
        }
    }

    @Test("a refresh goes on to its end when nobody waits for it any more, and a stopping process waits for it")
    func abandoned() async throws {
        try await TokenLab.with { lab in
            let gate = TokenGate()
            let slow = ScriptedEndpoint(.gated(gate, .pair(1)))
            let keeper = try lab.keeper(slow)
            let caller = Task { try await keeper.token(for: lab.account) }
            await gate.waitForArrival()
            caller.cancel()
            await #expect(throws: CancellationError.self) { try await caller.value }
            #expect(await keeper.drain(within: .milliseconds(1)) == false)
            gate.open()
            #expect(await keeper.drain(within: .seconds(60)))
            #expect(try await lab.now("state") == "idle")
            #expect(try await keeper.token(for: lab.account).value.reveal() == "a1")
            #expect(await slow.requests.count == 1)
        }
    }

    @Test("tokens that nobody needs are refreshed before their refresh token dies of rest")
    func idle() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.pair(1), .pair(2))
            let keeper = try lab.keeper(endpoint)
            _ = try await keeper.token(for: lab.account)
            #expect(try await lab.now("round(extract(epoch from idle_at - portolan.now()) / 3600)") == "24")
            #expect(try await keeper.refreshIdle { _ in lab.account }.isEmpty)
            try await lab.set("idle_at = portolan.now()")
            let looked = try await keeper.refreshIdle { _ in lab.account }
            #expect(looked.map(\.connectionID) == [lab.account.connectionID] && looked.allSatisfy { $0.error == nil })
            #expect(try await keeper.token(for: lab.account).value.reveal() == "a2")
            #expect(try await keeper.refreshIdle { _ in lab.account }.isEmpty)
            #expect(await endpoint.requests.count == 2)
            // Who is parked is left alone.
            try await lab.set("idle_at = portolan.now(), state = 'rejected'")
            #expect(try await keeper.refreshIdle { _ in lab.account }.isEmpty)
        }
    }

    @Test(
        "what is got is stored before it is used, however long the database is away meanwhile",
        .timeLimit(.minutes(5)))
    func storedFirst() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.pair(1))
            let stages = Mutex<[TokenKeeper.Stage]>([])
            let (answered, answer) = AsyncStream<Void>.makeStream()
            let keeper = try lab.keeper(endpoint) { stage in
                stages.withLock { $0.append(stage) }
                if stage == .answered { answer.yield() }
            }
            try await lab.pool.withTransaction { connection in
                // The refresh can begin, and cannot be stored: its call waits for this transaction, and is then ended.
                let id = lab.account.connectionID
                try await connection.query(
                    "select 1 from portolan.connections where connection_id = $1 for update", [id])
                let task = Task { try await keeper.token(for: lab.account) }
                for await _ in answered { break }
                for _ in 0..<3 {
                    var waiting: Int32?
                    while waiting == nil {
                        waiting = try await lab.pool.query(
                            """
                            select pid from pg_stat_activity
                            where wait_event_type = 'Lock' and query like '%complete_refresh%' and datname = current_database()
                            """
                        ).first?.decode(at: 0)
                    }
                    try await connection.query("select pg_terminate_backend($1)", [waiting])
                }
                #expect(stages.withLock { $0 } == [.begun, .sending, .answered])
                _ = task
            }
            #expect(try await keeper.token(for: lab.account).value.reveal() == "a1")
            #expect(stages.withLock { $0.last } == .stored)
            #expect(await endpoint.requests.count == 1)
        }
    }

    @Test("new credentials begin anew, and a refresh still under way with the old ones stores nothing")
    func renewed() async throws {
        try await TokenLab.with { lab in
            let gate = TokenGate()
            let endpoint = ScriptedEndpoint(.gated(gate, .pair(1)), .pair(9))
            let keeper = try lab.keeper(endpoint)
            async let token = keeper.token(for: lab.account)
            await gate.waitForArrival()
            var new = TokenLab.expiring.mapValues { Secret($0) }
            new["refresh_token"] = Secret("r8")
            #expect(try await lab.store.renew(name: "shop", platform: ShopifyPlatform(), credentials: new))
            gate.open()
            #expect(try await token.value.reveal() == "a9")
            #expect(await endpoint.bodies.last?.contains("refresh_token=r8&") == true)
            // A key that is sent as it is leaves no token behind.
            let key = ["access_token": Secret("shpat_1")]
            #expect(try await lab.store.renew(name: "shop", platform: ShopifyPlatform(), credentials: key))
            #expect(try await lab.connection("method") == "permanent_token")
            #expect(try await lab.now("issued_at") == "")
        }
    }
}
