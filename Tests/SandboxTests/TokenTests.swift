import FoundationEssentials
import Platforms
import Sandbox
import Testing

@Suite("simulated token endpoints")
struct TokenTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func desk(_ reuse: SandboxTokenRules.Reuse) -> SandboxTokenDesk {
        SandboxTokenDesk(
            rules: SandboxTokenRules(life: 60, refreshLife: 600, reuse: reuse), seed: 1, refreshToken: "r0")
    }

    @Test("a used refresh token is dead at once, and its uses are counted")
    func strict() throws {
        let desk = desk(.strict)
        let first = try desk.refresh(with: "r0", now: Self.start)
        #expect(desk.isValid(first.access, now: Self.start))
        for _ in 0..<2 {
            #expect(throws: SandboxTokenDesk.Refusal.used) { try desk.refresh(with: "r0", now: Self.start) }
        }
        #expect(throws: SandboxTokenDesk.Refusal.unknown) { try desk.refresh(with: "r9", now: Self.start) }
        let second = try desk.refresh(with: try #require(first.refresh), now: Self.start)
        #expect(second.refresh != first.refresh && second.access != first.access)
        let report = desk.report(now: Self.start)
        #expect(report.issued == 2 && report.deadUses == 2 && report.deadUsesMax == 2 && report.live == 2)
    }

    @Test("with grace a used one works until one that replaced it is used")
    func grace() throws {
        let desk = desk(.untilReplaced)
        let lost = try desk.refresh(with: "r0", now: Self.start)
        let again = try desk.refresh(with: "r0", now: Self.start)
        #expect(lost.refresh != again.refresh && desk.report(now: Self.start).reused == 1)
        _ = try desk.refresh(with: try #require(again.refresh), now: Self.start)
        #expect(throws: SandboxTokenDesk.Refusal.used) { try desk.refresh(with: "r0", now: Self.start) }
    }

    @Test("tokens die by the store's clock, of rest, and when the merchant takes them back")
    func lives() throws {
        let desk = desk(.strict)
        let pair = try desk.refresh(with: "r0", now: Self.start)
        #expect(desk.isValid(pair.access, now: Self.start + 59) && !desk.isValid(pair.access, now: Self.start + 60))
        let refresh = try #require(pair.refresh)
        #expect(throws: SandboxTokenDesk.Refusal.expired) { try desk.refresh(with: refresh, now: Self.start + 600) }
        let signedIn = desk.authorise(now: Self.start)
        #expect(desk.isValid(signedIn.access, now: Self.start))
        desk.expire()
        #expect(!desk.isValid(signedIn.access, now: Self.start))
        let next = try desk.refresh(with: try #require(signedIn.refresh), now: Self.start)
        desk.revoke()
        #expect(!desk.isValid(next.access, now: Self.start))
        #expect(throws: SandboxTokenDesk.Refusal.used) {
            try desk.refresh(with: next.refresh ?? "", now: Self.start)
        }
    }

    // MARK: Over HTTP

    private struct Answer: Decodable {
        let access_token: String?
        let refresh_token: String?
        let expires_in: Int?
        let error: String?
    }

    private func ask(_ port: Int, _ body: String) async throws -> (status: Int, answer: Answer) {
        let reply = await RawClient.send("POST", "/shopify/s/admin/oauth/access_token", port: port, body: body)
        return (reply.status, try JSONDecoder().decode(Answer.self, from: Data(reply.body)))
    }

    private func query(_ port: Int, _ token: String) async -> Int {
        let body = #"{"query":"{ shop { name } }"}"#
        return await RawClient.send(
            "POST /shopify/s/admin/api/2026-01/graphql.json HTTP/1.1\r\nHost: h:1\r\nX-Shopify-Access-Token: \(token)\r\n"
                + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)", port
        ).status
    }

    private func plan(_ store: String) throws -> SandboxPlan {
        try SandboxPlan(
            json: Array(#"{"stores":[{"platform":"shopify","name":"s","sizes":{"orders":1},\#(store)}]}"#.utf8))
    }

    @Test("a shop with an installed app: refresh, use, expire, revoke, sign in again")
    func installed() async throws {
        let plan = try plan(
            #""method":"expiring_token","tokens":{"life_seconds":60},"credentials":{"client_id":"i","client_secret":"s","refresh_token":"r0"}"#
        )
        try await withSandbox(plan, platforms: [ShopifyPlatform()]) { port in
            let control = "/_sandbox/stores/shopify/s/tokens"
            let form = "grant_type=refresh_token&client_id=i&client_secret=s&refresh_token="
            let first = try await ask(port, form + "r0")
            #expect(first.status == 200 && first.answer.expires_in == 60)
            let token = try #require(first.answer.access_token)
            #expect(await query(port, token) == 200)
            #expect(await query(port, "shpat_other") == 401)
            let used = try await ask(port, form + "r0")
            #expect(used.status == 400 && used.answer.error == "invalid_grant")
            #expect(try await ask(port, form.replacing("=s&", with: "=x&") + "r0").answer.error == "invalid_client")
            #expect(try await ask(port, "grant_type=magic&client_id=i&client_secret=s").status == 400)
            _ = await RawClient.send("POST", control, port: port, body: #"{"action":"expire"}"#)
            #expect(await query(port, token) == 401)
            let second = try await ask(port, form + (first.answer.refresh_token ?? ""))
            #expect(await query(port, second.answer.access_token ?? "") == 200)
            _ = await RawClient.send("POST", control, port: port, body: #"{"action":"revoke"}"#)
            #expect(try await ask(port, form + (second.answer.refresh_token ?? "")).answer.error == "invalid_grant")
            let again = await RawClient.send("POST", control, port: port, body: #"{"action":"authorise"}"#)
            let fresh = try #require(try JSONDecoder().decode(Answer.self, from: Data(again.body)).refresh_token)
            #expect(try await ask(port, form + fresh).status == 200)
            let report = try JSONDecoder().decode(
                SandboxTokenReport.self, from: Data(await RawClient.get(control, port: port).body))
            #expect(report.calls == 7 && report.deadUses == 2 && report.deadUsesMax == 1 && report.refusedTokens == 2)
            let wrong = await RawClient.send("POST", control, port: port, body: #"{"action":"burn"}"#)
            #expect(wrong.status == 400 && wrong.text.contains("expire, revoke, authorise"))
        }
    }

    @Test("a shop with an app of its own organisation gives a token for its credentials, without a refresh token")
    func ownApp() async throws {
        let plan = try plan(#""method":"client_credentials","credentials":{"client_id":"i","client_secret":"s"}"#)
        try await withSandbox(plan, platforms: [ShopifyPlatform()]) { port in
            let got = try await ask(port, "grant_type=client_credentials&client_id=i&client_secret=s")
            #expect(got.status == 200 && got.answer.refresh_token == nil)
            #expect(await query(port, got.answer.access_token ?? "") == 200)
            #expect(
                try await ask(port, "grant_type=refresh_token&client_id=i&client_secret=s&refresh_token=x").status
                    == 400)
        }
    }

    @Test("a plan names the way to sign in and its rules; mistakes are told with the fix")
    func plans() async throws {
        let plan = try plan(#""method":"expiring_token","tokens":{"reuse":"until_replaced"}"#)
        let specs = try plan.specs(for: [ShopifyPlatform()], startsAt: Self.start)
        #expect(specs[0].options.credentials.keys.sorted() == ["client_id", "client_secret", "refresh_token"])
        #expect(specs[0].options.tokens.reuse == .untilReplaced)
        #expect(try SandboxPlan(json: Array(JSONEncoder().encode(plan))) == plan)
        for (store, field, words) in [
            (#""method":"magic""#, "stores[0].method", "client_credentials"),
            (#""tokens":{"reuse":"never"}"#, "stores[0].tokens.reuse", "until_replaced"),
            (#""tokens":{"life":1}"#, "stores[0].tokens.life", "life_seconds"),
            (#""credentials":{"client_id":"i","access_token":"t"}"#, "stores[0].credentials.client_id", "access_token"),
        ] {
            let error = #expect(throws: SandboxError.self, "\(store)") {
                try self.plan(store).specs(for: [ShopifyPlatform()], startsAt: Self.start)
            }
            #expect(error?.field == field && error?.description.contains(words) == true, "\(store): \(error as Any)")
        }
        let permanent = try self.plan(#""credentials":{"access_token":"t"}"#)
        try await withSandbox(permanent, platforms: [ShopifyPlatform()]) { port in
            #expect(await query(port, "t") == 200)
            #expect(await RawClient.get("/_sandbox/stores/shopify/s/tokens", port: port).status == 404)
        }
    }
}
