import Foundation
import Platforms
import Postgres
import TestKit
import Testing

@testable import Connections

@Suite("A refresh that fails, or is interrupted, ends clearly", .serialized)
struct TokenTroubleTests {
    private static let rejected = #"{"error":"invalid_grant","error_description":"token refresh-0 was already used"}"#

    @Test("a refused refresh token parks the connection at once, and nobody asks again until the merchant signs in")
    func refusedGrant() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.answer(400, Self.rejected))
            let keeper = try lab.keeper(endpoint)
            let error = await failure { try await keeper.token(for: lab.account) }
            #expect(error?.code == .authRefreshRejected && error?.httpStatus == 400)
            #expect(error?.platformCode == "invalid_grant")
            // Some endpoints repeat what they were sent.
            #expect(error?.platformMessage == "token ••• was already used")
            #expect(try await lab.connection("state || ' ' || state_code") == "needs_reauth auth.refresh_rejected")
            for _ in 0..<20 {
                let other = try lab.keeper(endpoint)
                #expect(await failure { try await other.token(for: lab.account) }?.code == .authRefreshRejected)
            }
            #expect(await endpoint.requests.count == 1)
            // A person who resumes the connection has it tried once more.
            #expect(try await lab.store.resume(name: "shop"))
            #expect(await failure { try await keeper.token(for: lab.account) }?.code == .authRefreshRejected)
            #expect(await failure { try await keeper.token(for: lab.account) }?.code == .authRefreshRejected)
            #expect(await endpoint.requests.count == 2)
        }
    }

    @Test("trouble of the endpoint is a pause for everybody, growing, and longer where it says so")
    func pauses() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.answer(503, "<html>busy</html>"))
            for pause in [30, 60, 120, 240] {
                let error = await failure { try await lab.keeper(endpoint).token(for: lab.account) }
                #expect(error?.code == .authRefreshUnavailable)
                let told = try await lab.now("round(extract(epoch from not_before - portolan.now()))::integer")
                #expect(abs((Int(told) ?? 0) - pause) <= 2, "\(told) instead of \(pause)")
                let other = await failure { try await lab.keeper(endpoint).token(for: lab.account) }
                #expect(other?.code == .authRefreshUnavailable && (other?.retryAfter ?? .zero) > .seconds(pause - 5))
                try await lab.letTimePass()
            }
            #expect(await endpoint.requests.count == 4)
            let slow = ScriptedEndpoint(.answer(429, "{}", headers: [("Retry-After", "1234")]))
            let limited = await failure { try await lab.keeper(slow).token(for: lab.account) }
            #expect(limited?.code == .rateLimited && limited?.retryAfter == .seconds(1234))
            #expect(try await lab.now("failures") == "4", "a limit is no failure")
            #expect(try await lab.now("round(extract(epoch from not_before - portolan.now()) / 10)::integer") == "123")
            #expect(try await lab.connection("portolan.runs(state)") == "true")
        }
    }

    @Test("an access token that is still good outlives a failing endpoint")
    func oldTokenServes() async throws {
        try await TokenLab.with { lab in
            _ = try await lab.keeper(ScriptedEndpoint(.pair(1))).token(for: lab.account)
            try await lab.letTokenAge(expiresIn: 100)
            let endpoint = ScriptedEndpoint(.answer(500, ""))
            let keeper = try lab.keeper(endpoint)
            for _ in 0..<50 { #expect(try await keeper.token(for: lab.account).value.reveal() == "a1") }
            #expect(await keeper.drain(within: .seconds(60)))
            #expect(await endpoint.requests.count == 1)
        }
    }

    @Test("after four days of nothing but failures the connection is given up")
    func fourDays() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.answer(500, ""))
            _ = await failure { try await lab.keeper(endpoint).token(for: lab.account) }
            try await lab.letTimePass()
            try await lab.set("failing_since = portolan.now() - interval '3 days 23 h'")
            #expect(
                await failure { try await lab.keeper(endpoint).token(for: lab.account) }?.code
                    == .authRefreshUnavailable)
            try await lab.letTimePass()
            try await lab.set("failing_since = portolan.now() - interval '4 days 1 min'")
            let error = await failure { try await lab.keeper(endpoint).token(for: lab.account) }
            #expect(error?.code == .authRefreshRejected && error?.message.contains("given up") == true)
            #expect(try await lab.connection("state") == "needs_reauth")
            #expect(try await lab.connection("state_message").contains("in 3 attempts"))
        }
    }

    @Test("an application's secret that the platform does not know is ours to mend, a merchant's is theirs")
    func clients() async throws {
        let answer = #"{"error":"invalid_client","error_description":"credenciales inv&aacute;lidas"}"#
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.answer(401, answer))
            let error = await failure { try await lab.keeper(endpoint).token(for: lab.account) }
            #expect(error?.code == .configInvalid, "\(String(describing: error))")
            let state = try await lab.now("state")
            #expect(state == "failing")
            // Told as what it is while it is not asked again.
            #expect(await failure { try await lab.keeper(endpoint).token(for: lab.account) }?.code == .configInvalid)
            #expect(await endpoint.requests.count == 1)
        }
        try await TokenLab.with(["client_id": "id-1", "client_secret": "s"]) { lab in
            let endpoint = ScriptedEndpoint(.answer(401, answer))
            for _ in 0..<3 {
                let error = await failure { try await lab.keeper(endpoint).token(for: lab.account) }
                #expect(error?.code == .authCredentialsInvalid)
            }
            let state = try await lab.now("state")
            #expect(state == "rejected")
            #expect(await endpoint.requests.count == 1)
        }
    }

    @Test("an interrupted refresh is tried once more; refused then, it says what happened and when")
    func interrupted() async throws {
        try await TokenLab.with { lab in
            let id = lab.account.connectionID
            let dead = TokenStore(pool: lab.pool, vault: try Vault(masterKey: lab.masterKey), workerID: UUID())
            let begun = try await dead.begin(id, generation: 1, limit: .seconds(110), young: nil)
            #expect(begun.verdict == .go)
            let endpoint = ScriptedEndpoint(.answer(400, Self.rejected))
            let hand = HandClock()
            // While the dead one's time runs, others wait a little and come back later.
            let waiting = await failure { try await lab.keeper(endpoint, clock: hand.clock).token(for: lab.account) }
            #expect(waiting?.code == .authRefreshRaced && waiting?.retryAfter != nil && waiting?.policy == .snooze)
            #expect(await endpoint.requests.isEmpty)
            #expect(try await lab.now("state") == "refreshing")
            try await lab.letTimePass()
            #expect(try await lab.now("state") == "interrupted")
            let since = try await lab.now("to_char(refreshing_since at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI')")
            let error = await failure { try await lab.keeper(endpoint).token(for: lab.account) }
            #expect(error?.code == .authRefreshRejected)
            let message = try await lab.connection("state_message")
            for part in ["begun at \(since)", "interrupted", "answer lost", "sign in again"] {
                #expect(message.contains(part), "\(message)")
            }
            for _ in 0..<10 { _ = await failure { try await lab.keeper(endpoint).token(for: lab.account) } }
            #expect(await endpoint.requests.count == 1)
        }
    }

    @Test("workers that die of refreshing do not hammer the endpoint")
    func interruptionsPause() async throws {
        try await TokenLab.with { lab in
            let store = TokenStore(pool: lab.pool, vault: try Vault(masterKey: lab.masterKey), workerID: UUID())
            func begin() async throws -> TokenStore.Verdict {
                try await store.begin(lab.account.connectionID, generation: 1, limit: .seconds(60), young: nil).verdict
            }
            #expect(try await begin() == .go)
            for (death, pause) in [(1, 0), (2, 30), (3, 60), (4, 120)] {
                try await lab.set(
                    "refreshing_until = portolan.now() - interval '\(max(0, pause - 2)) s', not_before = null")
                if pause > 0 { #expect(try await begin() == .cooling, "death \(death)") }
                try await lab.set("refreshing_until = portolan.now() - interval '\(pause + 1) s', not_before = null")
                #expect(try await begin() == .go, "death \(death)")
            }
        }
    }

    @Test("an answer that got lost on the way leaves the token in doubt, and the next one mends it")
    func lostAnswer() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.lost, .answer(200, "<html>"), .pair(1))
            for _ in 0..<2 {
                let error = await failure { try await lab.keeper(endpoint).token(for: lab.account) }
                #expect(error?.code == .authRefreshUnavailable)
                #expect(try await lab.now("doubtful_since") != "")
                try await lab.letTimePass()
            }
            #expect(try await lab.keeper(endpoint).token(for: lab.account).value.reveal() == "a1")
            #expect(try await lab.now("doubtful_since") == "")
            #expect(await endpoint.bodies.allSatisfy { $0.contains("refresh_token=refresh-0&") })
        }
    }
}

@Suite("Two refreshes with one token", .serialized)
struct TokenRaceTests {
    /// A refresh by hand, so that a test decides what comes when.
    private struct Hand {
        let store: TokenStore
        let id: Int64
        let refreshID: UUID

        static func begin(_ lab: TokenLab, generation: Int64 = 1) async throws -> Hand {
            let store = TokenStore(pool: lab.pool, vault: try Vault(masterKey: lab.masterKey), workerID: UUID())
            let id = lab.account.connectionID
            let begun = try await store.begin(id, generation: generation, limit: .seconds(60), young: nil)
            #expect(begun.verdict == .go)
            return Hand(store: store, id: id, refreshID: try #require(begun.refreshID))
        }

        func complete(_ number: Int, generation: Int64 = 1) async throws -> TokenStore.Completed? {
            let grant = try #require(ShopifyPlatform().authentication.method(named: "expiring_token")?.grant)
            let issued = try grant.read(
                TokenResponse(status: 200, headers: [], body: Array(ScriptedEndpoint.pair(number).utf8)),
                clientIsOurs: true, at: Date())
            return try await store.complete(
                id, refreshID: refreshID, generation: generation,
                pair: .init(access: Secret("a\(number)"), refresh: Secret("r\(number)")), issued: issued, idle: nil)
        }

        func fail() async throws -> TokenStore.Failed? {
            try await store.fail(
                id, refreshID: refreshID, generation: 1, error: UnifiedError(.authRefreshRejected, "used"),
                isRejected: true, isInDoubt: false, counts: true)
        }
    }

    private let nothing = ScriptedEndpoint(.answer(500, ""))

    @Test("a pair that comes late is stored as long as nothing newer is, and once")
    func late() async throws {
        try await TokenLab.with { lab in
            let slow = try await Hand.begin(lab)
            try await lab.letTimePass()
            let heir = try await Hand.begin(lab)
            #expect(try await slow.complete(1) == .stored)
            #expect(try await slow.complete(1) == .stored, "said twice is done once")
            #expect(try await lab.keeper(nothing).token(for: lab.account).value.reveal() == "a1")
            // The heir still has the endpoint: nobody begins a third one.
            #expect(try await lab.now("state") == "refreshing")
            #expect(try await heir.fail() == .superseded)
            #expect(try await lab.now("state") == "idle")
            #expect(try await lab.connection("portolan.runs(state)") == "true")
        }
    }

    @Test("what a refresh met that another has taken over from is of no account")
    func overtaken() async throws {
        try await TokenLab.with { lab in
            let slow = try await Hand.begin(lab)
            try await lab.letTimePass()
            let heir = try await Hand.begin(lab)
            #expect(try await slow.fail() == .superseded)
            #expect(try await lab.now("state") == "refreshing")
            #expect(try await lab.connection("portolan.runs(state)") == "true")
            #expect(try await heir.complete(1) == .stored)
            #expect(try await slow.fail() == .superseded)
            #expect(try await lab.now("state") == "idle")
        }
    }

    @Test("nobody begins a refresh of tokens that were refused for good, or while another is at it")
    func noBeginning() async throws {
        try await TokenLab.with { lab in
            let first = try await Hand.begin(lab)
            func verdict() async throws -> TokenStore.Verdict {
                try await first.store.begin(first.id, generation: 1, limit: .seconds(60), young: nil).verdict
            }
            #expect(try await verdict() == .busy)
            #expect(try await first.fail() == .rejected)
            #expect(try await verdict() == .rejected)
        }
    }

    @Test("a refusal caused by a refresh that comes to its end later is taken back")
    func healed() async throws {
        try await TokenLab.with { lab in
            let slow = try await Hand.begin(lab)
            try await lab.letTimePass()
            let heir = try await Hand.begin(lab)
            #expect(try await heir.fail() == .rejected)
            #expect(try await lab.connection("state") == "needs_reauth")
            #expect(try await slow.complete(1) == .stored)
            #expect(try await lab.connection("portolan.runs(state)") == "true")
            #expect(try await lab.keeper(nothing).token(for: lab.account).value.reveal() == "a1")
        }
    }

    @Test("the pair that is second becomes a spare, and is used when the first does not work")
    func spare() async throws {
        try await TokenLab.with { lab in
            let gate = TokenGate()
            let endpoint = ScriptedEndpoint(.gated(gate, .pair(1)))
            let slow = try lab.keeper(endpoint)
            async let token = slow.token(for: lab.account)
            await gate.waitForArrival()
            try await lab.letTimePass()
            let heir = try await Hand.begin(lab)
            #expect(try await heir.complete(2) == .stored)
            gate.open()
            #expect(try await token.value.reveal() == "a2")
            // The platform held the other pair for the last one.
            try await lab.letTokenAge(expiresIn: 0)
            await endpoint.play(.answer(400, #"{"error":"invalid_grant"}"#), .pair(3))
            #expect(try await lab.keeper(endpoint).token(for: lab.account).value.reveal() == "a3")
            let used = await endpoint.bodies.dropFirst().map { body in body.split(separator: "&")[1] }
            #expect(used == ["refresh_token=r2", "refresh_token=r1"])
        }
    }

    @Test("a process that was stopped between its intent and its call does not send")
    func stopped() async throws {
        try await TokenLab.with { lab in
            let endpoint = ScriptedEndpoint(.pair(1))
            let hand = HandClock()
            let keeper = try lab.keeper(endpoint, clock: hand.clock) { stage in
                if stage == .begun { hand.advance(by: .seconds(300)) }
            }
            let error = await failure { try await keeper.token(for: lab.account) }
            #expect(error?.code == .authRefreshRaced)
            #expect(await endpoint.requests.isEmpty)
            #expect(try await lab.now("failures") == "0")
            #expect(try await lab.keeper(endpoint).token(for: lab.account).value.reveal() == "a1")
        }
    }
}
