import Foundation
import HTTP
import Health
import Platforms
import Postgres
import RawJSON
import TestKit
import Testing

@Suite("An operator's rules", .serialized)
struct RuleStoreTests {
    private static let stripe = StripePlatform()

    private static func answer(_ status: Int, _ body: String) -> ErrorEvidence {
        let response = PlatformResponse(
            status: status, headers: [], body: PaddedBytes(body), requestedAt: AnswerCase.now)
        return ErrorEvidence(response, shape: stripe.errorShape, now: AnswerCase.now)
    }

    private static func set(
        _ pool: PostgresPool, _ id: String, _ definition: String, platform: String? = nil, priority: Int32 = 100,
        isEnabled: Bool = true
    ) async throws {
        try await pool.query(
            "select portolan.set_error_rule($1, $2, $3, $4, $5, 'a test')",
            [id, PostgresJSON(definition), platform, priority, isEnabled])
    }

    @Test("rules in the table decide before those of the platform, by priority, and again without them")
    func overrides() async throws {
        try await withPool(connectionsMax: 2) { pool in
            let store = ErrorRuleStore(pool: pool, platforms: allPlatforms)
            let start = ContinuousClock.now
            #expect(try await store.refresh(now: start))
            let evidence = Self.answer(429, #"{"error":{"code":"rate_limit","message":"Too many"}}"#)
            #expect(store.book(of: Self.stripe).classify(evidence).ruleID == "stripe.rate")

            try await Self.set(
                pool, "ops.later",
                #"{"code":"quota.exhausted","sentence":"the day is used up","statuses":[429],"fixed_wait_s":3600}"#,
                platform: "stripe", priority: 20)
            try await Self.set(
                pool, "ops.off", #"{"code":"internal.bug","sentence":"never","statuses":[429]}"#, priority: 1,
                isEnabled: false)
            try await Self.set(
                pool, "ops.other", #"{"code":"internal.bug","sentence":"never","statuses":[429]}"#,
                platform: "shopify", priority: 2)
            #expect(try await store.refresh(now: start + .seconds(1)) == false, "not looked at again so soon")
            #expect(try await store.refresh(now: start + .seconds(6)))
            let finding = store.book(of: Self.stripe).classify(evidence)
            #expect(finding.ruleID == "ops.later" && finding.code == .quotaExhausted && finding.part == .override)
            #expect(finding.wait == .seconds(3600))
            #expect(store.book(of: ShopifyPlatform()).classify(evidence).ruleID == "ops.other")

            try await Self.set(
                pool, "ops.first", #"{"code":"rate.concurrency","sentence":"busy","codes":["rate_limit"]}"#,
                priority: 10)
            #expect(try await store.refresh(now: start + .seconds(12)))
            #expect(store.book(of: Self.stripe).classify(evidence).ruleID == "ops.first")
            #expect(try await store.refresh(now: start + .seconds(18)) == false, "nothing has changed")

            for rule in ["ops.first", "ops.later"] {
                let rows = try await pool.query("select portolan.drop_error_rule($1)", [rule])
                #expect(try #require(rows.first).decode(Bool.self))
            }
            #expect(try await store.refresh(now: start + .seconds(24)))
            #expect(store.book(of: Self.stripe).classify(evidence).ruleID == "stripe.rate")
            let gone = try await pool.query("select portolan.drop_error_rule('ops.first')")
            #expect(try !#require(gone.first).decode(Bool.self))
        }
    }

    @Test("a rule written by a newer version is left out, and named")
    func unreadable() async throws {
        try await withPool(connectionsMax: 2) { pool in
            try await Self.set(pool, "new.code", #"{"code":"rate.invented","sentence":"s","statuses":[429]}"#)
            try await Self.set(pool, "good", #"{"code":"rate.concurrency","sentence":"s","statuses":[429]}"#)
            let store = ErrorRuleStore(pool: pool, platforms: allPlatforms)
            try await store.refresh()
            #expect(store.problems == ["new.code: code: there is no code `rate.invented`"])
            #expect(store.book(of: Self.stripe).classify(Self.answer(429, "")).ruleID == "good")
            let stored = try await ErrorRuleStore.rules(in: pool, platform: nil)
            #expect(stored.rules.map(\.id) == ["good"])
        }
    }

    @Test(
        "the database refuses what is no rule, with the field's name",
        arguments: RuleFormTests.badDefinitions.dropFirst())
    func refused(definition: String, field: String) async throws {
        // Which codes there are the database does not know.
        if definition.contains("rate.unheard") { return }
        try await withPool(connectionsMax: 1) { pool in
            let error = await #expect(throws: PostgresError.self) { try await Self.set(pool, "x", definition) }
            #expect(error?.server?.message.map { $0.hasPrefix("\(field):") } == true, "\(error?.server?.message ?? "")")
        }
    }

    @Test("the database takes every rule that is compiled in, and every word a rule may have")
    func accepted() async throws {
        var rules = allPlatforms.flatMap(\.errorRules) + CommonRules.all + RuleFormTests.cases.flatMap(\.rules)
        func vary(_ change: (inout ErrorRule) -> Void) {
            var rule = ErrorRule("varied.\(rules.count)", statuses: [400], .requestInvalid, "s")
            change(&rule)
            rules.append(rule)
        }
        for policy in ErrorCode.Policy.allCases { vary { $0.policy = policy } }
        for remedy in ErrorRule.Remedy.allCases { vary { $0.remedy = remedy } }
        for code in CustomerCode.allCases { vary { $0.customerCode = code } }
        for hosting in ErrorRule.HostingKind.allCases { vary { $0.hosting = hosting } }
        vary { $0.bodies = ErrorRule.BodyKind.allCases }
        vary { $0.waits = WaitSource.Unit.allCases.map { WaitSource(.header("x"), $0) } }
        for code in ErrorCode.all { rules.append(ErrorRule("code.\(rules.count)", statuses: [400], code, "s")) }
        let definitions = rules.map { PostgresJSON($0.definition) }
        try await withPool(connectionsMax: 1) { pool in
            let rows = try await pool.query(
                """
                select d::text, portolan.error_rule_problem(d) from unnest($1::jsonb[]) d
                where portolan.error_rule_problem(d) is not null
                """, [definitions])
            for row in rows {
                let (definition, problem) = try row.decode(String.self, String.self)
                Issue.record("\(problem) in \(definition)")
            }
        }
    }

    @Test("a failure of the transport can be given another meaning, and has its platform's fault otherwise")
    func transport() throws {
        let http = HTTPError(
            code: .tlsUntrusted, curlCode: 60, message: "certificate has expired", host: "shop.example")
        let own = UnifiedError(http, route: "/x", rules: Self.stripe.ownRules, operation: "list", now: AnswerCase.now)
        #expect(own.code == .tlsUntrusted && own.fault == .platform && own.customerCode == .platformTrouble)
        #expect(own.message == "certificate has expired" && own.curlCode == 60 && own.operation == "list")
        let rule = try ErrorRule(
            id: "ops.tls",
            definition:
                #"{"code":"network.reset","sentence":"their balancer again","transports":["tlsUntrusted"],"curl_codes":[60]}"#
        )
        let book = RuleBook(of: Self.stripe, overrides: [rule])
        let other = UnifiedError(http, route: "/x", rules: book, now: AnswerCase.now)
        #expect(other.code == .networkReset && other.ruleID == "ops.tls" && other.message == "their balancer again")
    }
}
