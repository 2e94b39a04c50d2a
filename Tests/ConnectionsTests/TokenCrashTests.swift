import Foundation
import HTTP
import LocalServers
import Logging
import Platforms
import Postgres
import Sandbox
import TestKit
import Testing

@testable import Connections

/// Processes that refresh and are killed with SIGKILL, against a token endpoint that really lets used tokens die.
///
/// The processes are this program once more: each runs the body of an exit test.
@Suite("A refresh survives the death of its process", .serialized)
struct TokenCrashTests {
    private static let died = "was interrupted and its answer lost"

    // MARK: What is given to a process

    /// Where a process finds everything, and when it dies.
    struct Orders: Codable, Sendable {
        var database: String
        var masterKey: String
        var connection: Int64
        /// Whether the platform is declared as one whose used refresh tokens are dead.
        var isStrict: Bool
        /// Where it is killed; nil lets it live.
        var stage: TokenKeeper.Stage?
        /// Killed as soon as the endpoint counts more calls than these: the request is on its way.
        var callsMax: Int?
        /// Killed so many microseconds after the stage.
        var delay: Int = 0
        /// So many processes begin when all of them are there.
        var together = 0
        /// Keepers that know nothing of one another.
        var workers = 1
        /// Base URL of the sandbox's control interface for the store.
        var control: String
    }

    /// The life of one process: it asks for a token.
    static func live(_ orders: Orders) async throws {
        let logger = Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() })
        let pool = PostgresPool(try PostgresConfiguration(url: orders.database), limits: .init(), logger: logger)
        let vault = try Vault(masterKey: Secret(orders.masterKey))
        let account = try #require(
            try await Account.read(
                orders.connection, pool: pool, vault: vault,
                platforms: ["shopify": RotatingShop(isStrict: orders.isStrict)]))
        let client = try HTTPClient()
        var transport: any TokenTransport = HTTPTokenTransport(client: client)
        if let callsMax = orders.callsMax {
            transport = DeadlyTransport(next: transport, client: client, control: orders.control, callsMax: callsMax)
        }
        if orders.together > 0 { try await arrive(orders, pool) }
        // A busy machine is no reason to give up here.
        var limits = TokenKeeper.Limits()
        limits.waitTime = .seconds(300)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<orders.workers {
                let keeper = TokenKeeper(
                    pool: pool, vault: vault, transport: transport, workerID: UUID(), limits: limits, logger: logger,
                    onStage: { stage in
                        guard stage == orders.stage else { return }
                        if orders.delay == 0 { kill(getpid(), SIGKILL) }
                        Thread.detachNewThread {
                            usleep(UInt32(orders.delay))
                            kill(getpid(), SIGKILL)
                        }
                    })
                group.addTask { _ = try await keeper.token(for: account) }
            }
            try await group.waitForAll()
        }
        if orders.stage != nil { kill(getpid(), SIGKILL) }
    }

    /// Waits until all are there.
    private static func arrive(_ orders: Orders, _ pool: PostgresPool) async throws {
        try await pool.query("insert into arrivals values (1)")
        while try await pool.query("select from arrivals").count < orders.together { await Task.yield() }
    }

    /// Kills its process once the endpoint has its request.
    private struct DeadlyTransport: TokenTransport {
        let next: any TokenTransport
        let client: HTTPClient
        let control: String
        let callsMax: Int

        func send(_ request: TokenRequest) async throws(TokenTransportFailure) -> TokenResponse {
            let sent = Task { try? await next.send(request) }
            defer { sent.cancel() }
            while !Task.isCancelled {
                let exchange = try? await client.execute(HTTPRequest(url: control + "/tokens"))
                let report = exchange.flatMap {
                    try? JSONDecoder().decode(SandboxTokenReport.self, from: Data($0.body))
                }
                if let report, report.calls > callsMax { kill(getpid(), SIGKILL) }
            }
            throw TokenTransportFailure(UnifiedError(.cancelled, "cancelled"), isInDoubt: true)
        }
    }

    /// Shopify, or Shopify as it would be if a refresh token died of its use, as Mercado Libre's do.
    struct RotatingShop: Platform {
        let isStrict: Bool
        private var shop: ShopifyPlatform { ShopifyPlatform() }

        init(isStrict: Bool) { self.isStrict = isStrict }

        var key: String { shop.key }
        var name: String { shop.name }
        var apiVersion: String { shop.apiVersion }
        var hosting: Hosting { shop.hosting }
        var resources: [Resource] { shop.resources }
        var buckets: [Bucket] { shop.buckets }

        var authentication: Authentication {
            guard isStrict, let method = shop.authentication.method(named: "expiring_token"), let grant = method.grant
            else { return shop.authentication }
            return Authentication(methods: [
                Authentication.Method(
                    method.name, method.summary, fields: method.fields, placement: method.placement,
                    grant: TokenGrant(
                        .refreshToken(.always), endpoint: grant.endpoint, client: grant.client,
                        idleLife: grant.idleLife))
            ])
        }

        func nextStep(in read: StreamRead) throws(ReadFailure) -> Step { try shop.nextStep(in: read) }
        func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
            try shop.page(from: exchanges, in: read)
        }
        func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore { shop.makeSandboxStore(options) }
    }

    // MARK: The laboratory

    struct Lab {
        let tokens: TokenLab
        let client: HTTPClient
        let control: String
        let orders: Orders

        func report() async throws -> SandboxTokenReport {
            let exchange = try await client.execute(HTTPRequest(url: control + "/tokens"))
            return try JSONDecoder().decode(SandboxTokenReport.self, from: Data(exchange.body))
        }

        /// What happens when a worker needs a token now: nil for a token that the shop takes.
        func outcome() async throws -> UnifiedError? {
            let keeper = try tokens.keeper(HTTPTokenTransport(client: client))
            let token: AccessToken
            do {
                token = try await keeper.token(for: tokens.account)
            } catch let error as UnifiedError {
                return error
            }
            let exchange = try await client.execute(
                HTTPRequest(
                    method: .post, url: tokens.account.baseURL + "/admin/api/2026-01/graphql.json",
                    headers: ["X-Shopify-Access-Token": token.value.reveal(), "Content-Type": "application/json"],
                    body: Array(#"{"query":"{ shop { name } }"}"#.utf8)))
            #expect(exchange.status == 200, "a token that the shop does not take")
            return nil
        }

        /// The merchant signs in again.
        func signIn() async throws {
            struct Upshot: Decodable { let refresh_token: String }
            let exchange = try await client.execute(
                HTTPRequest(
                    method: .post, url: control + "/tokens", headers: ["Content-Type": "application/json"],
                    body: Array(#"{"action":"authorise"}"#.utf8)))
            let token = try JSONDecoder().decode(Upshot.self, from: Data(exchange.body)).refresh_token
            var credentials = tokens.account.credentials
            credentials["refresh_token"] = Secret(token)
            #expect(
                try await tokens.store.renew(name: "shop", platform: ShopifyPlatform(), credentials: credentials))
        }
    }

    private static func with(
        _ reuse: SandboxTokenRules.Reuse, latency: Int = 0, _ body: (Lab) async throws -> Void
    ) async throws {
        let plan = SandboxPlan(
            stores: [
                .init(
                    platform: "shopify", name: "shop", sizes: ["orders": 1], credentials: TokenLab.expiring,
                    method: "expiring_token", tokens: SandboxTokenRules(reuse: reuse),
                    faults: latency == 0 ? [] : [Fault(.latency(milliseconds: latency, jitterMilliseconds: latency))])
            ])
        let server = try SandboxServer(
            plan: plan, platforms: [ShopifyPlatform()],
            logger: Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() }))
        let running = Task { try await server.run() }
        let port = try await server.port
        let client = try HTTPClient()
        let platform = RotatingShop(isStrict: reuse == .strict)
        try await TokenLab.with(platform: platform, baseURL: "http://127.0.0.1:\(port)/shopify/shop") { tokens in
            let name: String = try await tokens.pool.query("select current_database()")[0].decode(at: 0)
            let url = try await TestPostgres.shared.server().url(database: name)
            let control = "http://127.0.0.1:\(port)/_sandbox/stores/shopify/shop"
            let orders = Orders(
                database: url, masterKey: tokens.masterKey.reveal(), connection: tokens.account.connectionID,
                isStrict: reuse == .strict, control: control)
            try await body(Lab(tokens: tokens, client: client, control: control, orders: orders))
        }
        running.cancel()
        _ = try? await running.value
        await client.shutdown()
    }

    // MARK: Tests

    /// Before the call, the token lives whatever the platform does with used ones. After it, the platform decides.
    @Test(
        "killed at a point of the protocol, the connection works or says clearly that the merchant has to sign in",
        arguments: [
            (SandboxTokenRules.Reuse.strict, TokenKeeper.Stage.begun, true, 0, 1),
            (.strict, .sending, true, 0, 1), (.strict, .answered, false, 1, 2), (.strict, .stored, true, 0, 1),
            (.untilReplaced, .begun, true, 0, 1), (.untilReplaced, .sending, true, 0, 1),
            (.untilReplaced, .answered, true, 0, 2), (.untilReplaced, .stored, true, 0, 1),
        ])
    func points(
        _ reuse: SandboxTokenRules.Reuse, _ stage: TokenKeeper.Stage, works: Bool, deadUses: Int, calls: Int
    ) async throws {
        try await Self.with(reuse) { lab in
            var orders = lab.orders
            orders.stage = stage
            await #expect(processExitsWith: .signal(SIGKILL)) { [orders = orders as Orders] in
                try await TokenCrashTests.live(orders)
            }
            try await Self.expectEnd(lab, works: works, deadUses: deadUses, calls: calls)
        }
    }

    @Test(
        "killed while the answer is on its way",
        arguments: [(SandboxTokenRules.Reuse.strict, false), (.untilReplaced, true)])
    func inFlight(_ reuse: SandboxTokenRules.Reuse, works: Bool) async throws {
        try await Self.with(reuse) { lab in
            var orders = lab.orders
            orders.callsMax = 0
            await #expect(processExitsWith: .signal(SIGKILL)) { [orders = orders as Orders] in
                try await TokenCrashTests.live(orders)
            }
            try await Self.expectEnd(lab, works: works, deadUses: works ? 0 : 1, calls: 2)
        }
    }

    /// What a dead process left behind is taken up once, by whoever comes first, and never becomes a loop.
    private static func expectEnd(_ lab: Lab, works: Bool, deadUses: Int, calls: Int) async throws {
        try await lab.tokens.letTimePass()
        for _ in 0..<5 {
            let error = try await lab.outcome()
            #expect((error == nil) == works, "\(String(describing: error))")
        }
        let report = try await lab.report()
        #expect(report.calls == calls && report.deadUses == deadUses && report.deadUsesMax <= 1, "\(report)")
        guard !works else { return }
        let state = try await lab.tokens.connection("state || ' ' || state_code || ' ' || state_message")
        #expect(state.hasPrefix("needs_reauth auth.refresh_rejected a refresh begun at 2"))
        #expect(state.contains(Self.died) && state.contains("sign in again"), "\(state)")
        try await lab.signIn()
        #expect(try await lab.outcome() == nil)
        #expect(try await lab.tokens.connection("portolan.runs(state)") == "true")
    }

    @Test("killed at random moments, many times over", arguments: SandboxTokenRules.Reuse.allCases)
    func random(_ reuse: SandboxTokenRules.Reuse) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("random kills, \(reuse.rawValue): seed \(seed)")
        var random = SeededRandom(seed: seed)
        var (lost, alive) = (0, 0)
        try await Self.with(reuse, latency: 3) { lab in
            for round in 0..<12 {
                let before = try await lab.report()
                try await lab.tokens.letTokenAge(expiresIn: 0)
                var orders = lab.orders
                orders.stage = .begun
                orders.delay = 1 + Int(random.next() % 25_000)
                await #expect(processExitsWith: .signal(SIGKILL)) { [orders = orders as Orders] in
                    try await TokenCrashTests.live(orders)
                }
                // What the dead process had sent is answered before its heir asks: the server takes calls as they come.
                for _ in 0..<5 { _ = try await lab.report() }
                try await lab.tokens.letTimePass()
                let where_ = "round \(round), \(orders.delay) µs"
                let error = try await lab.outcome()
                _ = try await lab.outcome()
                let after = try await lab.report()
                // One call of the dead process, one of its heir.
                #expect(after.calls - before.calls <= 2, "\(where_)")
                #expect(after.deadUses - before.deadUses == (error == nil ? 0 : 1), "\(where_)")
                if let error {
                    lost += 1
                    #expect(error.code == .authRefreshRejected && error.message.contains(Self.died), "\(where_)")
                    #expect(reuse == .strict, "\(where_): a token that lives on was given up")
                    try await lab.signIn()
                } else {
                    alive += 1
                }
                #expect(try await lab.outcome() == nil, "\(where_)")
            }
            #expect(try await lab.report().deadUsesMax <= 1)
        }
        print("random kills, \(reuse.rawValue): \(alive) went on, \(lost) had to sign in again")
    }

    @Test("ten workers in two processes that need a token at once make one call", .timeLimit(.minutes(10)))
    func tenAtOnce() async throws {
        try await Self.with(.strict) { lab in
            try await lab.tokens.pool.query("create table arrivals (process integer)")
            var orders = lab.orders
            orders.together = 2
            orders.workers = 5
            // One other process: each exit test that is waited for holds a thread of this one.
            try await withThrowingTaskGroup(of: Void.self) { [orders] group in
                group.addTask {
                    await #expect(processExitsWith: .success) { [orders = orders as Orders] in
                        try await TokenCrashTests.live(orders)
                    }
                }
                try await Self.arrive(orders, lab.tokens.pool)
                for _ in 0..<orders.workers {
                    let keeper = try lab.tokens.keeper(HTTPTokenTransport(client: lab.client))
                    group.addTask { _ = try await keeper.token(for: lab.tokens.account) }
                }
                try await group.waitForAll()
            }
            let report = try await lab.report()
            #expect(report.calls == 1 && report.issued == 1 && report.deadUses == 0, "\(report)")
            #expect(try await lab.outcome() == nil)
        }
    }
}
