import Foundation
import HTTP
import Logging
import Platforms
import Postgres
import Sandbox
import Synchronization
import TestKit
import Testing

@testable import Connections

/// Sends calls of a token endpoint over HTTP, as a worker does.
struct HTTPTokenTransport: TokenTransport {
    let client: HTTPClient

    func send(_ request: TokenRequest) async throws(TokenTransportFailure) -> TokenResponse {
        let http = HTTPRequest(
            method: .post, url: request.url, headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }),
            body: request.body, limits: HTTPTimeLimits(total: request.timeLimit), sendsOnce: true)
        do throws(HTTPError) {
            let exchange = try await client.execute(http)
            return TokenResponse(
                status: exchange.status, headers: exchange.headers.map { ($0.name, $0.value) }, body: exchange.body)
        } catch {
            throw TokenTransportFailure(
                UnifiedError(.networkReset, error.message), isInDoubt: ![.connect, .dns].contains(error.code))
        }
    }
}

/// Where an endpoint stands still until a test lets it go on.
final class TokenGate: Sendable {
    private let arrivals = AsyncStream<Void>.makeStream()
    private let opening = AsyncStream<Void>.makeStream()

    func pass() async {
        arrivals.continuation.yield()
        for await _ in opening.stream { return }
    }

    func waitForArrival() async { for await _ in arrivals.stream { return } }
    func open() { opening.continuation.yield() }
}

/// Answers in turn, and keeps what it was asked.
actor ScriptedEndpoint: TokenTransport {
    indirect enum Play: Sendable {
        case answer(Int, String, headers: [(name: String, value: String)] = [])
        /// A pair of that number: `a1` and `r1`.
        case pair(Int, life: Int = 3600)
        /// The answer does not arrive.
        case lost
        case gated(TokenGate, Play)
    }

    private var plays: [Play]
    private(set) var requests: [TokenRequest] = []

    /// The last is played again and again.
    init(_ plays: Play...) { self.plays = plays }

    func play(_ plays: Play...) { self.plays = plays }

    var bodies: [String] { requests.map { String(decoding: $0.body, as: UTF8.self) } }

    func send(_ request: TokenRequest) async throws(TokenTransportFailure) -> TokenResponse {
        requests.append(request)
        return try await perform(plays.count > 1 ? plays.removeFirst() : plays[0])
    }

    private func perform(_ play: Play) async throws(TokenTransportFailure) -> TokenResponse {
        switch play {
        case .answer(let status, let body, let headers):
            return TokenResponse(status: status, headers: headers, body: Array(body.utf8))
        case .pair(let number, let life):
            return TokenResponse(status: 200, headers: [], body: Array(Self.pair(number, life: life).utf8))
        case .lost: throw TokenTransportFailure(UnifiedError(.networkReset, "reset"), isInDoubt: true)
        case .gated(let gate, let next):
            await gate.pass()
            return try await perform(next)
        }
    }

    static func pair(_ number: Int, life: Int = 3600) -> String {
        #"{"access_token":"a\#(number)","refresh_token":"r\#(number)","expires_in":\#(life)}"#
    }
}

/// A database with one connection that signs in by tokens, and keepers as workers have them.
struct TokenLab {
    let pool: PostgresPool
    let masterKey: Secret
    let store: ConnectionStore
    let account: Account

    static let expiring = ["client_id": "id-1", "client_secret": "secret-1", "refresh_token": "refresh-0"]

    /// - Parameter credentials: which decide the way the connection signs in.
    static func with(
        _ credentials: [String: String] = expiring, platform: any Platform = ShopifyPlatform(),
        baseURL: String = "https://shop.example", _ body: (TokenLab) async throws -> Void
    ) async throws {
        try await withPool(connectionsMax: 24) { pool in
            let masterKey = Vault.makeMasterKey()
            let vault = try Vault(masterKey: masterKey)
            let store = ConnectionStore(pool: pool, vault: vault)
            let id = try await store.add(
                platform: platform, name: "shop", baseURL: baseURL, credentials: credentials.mapValues { Secret($0) })
            let account = try #require(
                try await Account.read(id, pool: pool, vault: vault, platforms: [platform.key: platform]))
            try await body(TokenLab(pool: pool, masterKey: masterKey, store: store, account: account))
        }
    }

    /// One that shares nothing with others but the database.
    func keeper(
        _ transport: any TokenTransport, limits: TokenKeeper.Limits = .init(), clock: TokenClock = .system,
        onStage: @escaping @Sendable (TokenKeeper.Stage) -> Void = { _ in }
    ) throws -> TokenKeeper {
        TokenKeeper(
            pool: pool, vault: try Vault(masterKey: masterKey), transport: transport, workerID: UUID(), limits: limits,
            clock: clock, logger: Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() }), onStage: onStage)
    }

    /// The connection's row of `portolan.tokens_now`, one column.
    func now(_ column: String) async throws -> String {
        let sql = "select \(column)::text from portolan.tokens_now where connection_id = \(account.connectionID)"
        return try await pool.query(SQL(unsafeText: sql)).first?.decode(at: 0, as: String?.self) ?? ""
    }

    func connection(_ column: String) async throws -> String {
        let sql = "select \(column)::text from portolan.connections where connection_id = \(account.connectionID)"
        return try await pool.query(SQL(unsafeText: sql)).first?.decode(at: 0, as: String?.self) ?? ""
    }

    func set(_ assignments: String) async throws {
        let id = account.connectionID
        try await pool.query(
            SQL(unsafeText: "update portolan.connection_tokens set \(assignments) where connection_id = \(id)"))
    }

    /// Ends the intent of whoever died in it, and every pause.
    func letTimePass() async throws {
        try await set(
            """
            refreshing_until = case when state = 'refreshing' then portolan.now() - interval '2 h' else refreshing_until end,
            not_before = null
            """)
    }

    /// The access token is due, and good for so many seconds more.
    func letTokenAge(expiresIn seconds: Int) async throws {
        try await set("refresh_at = portolan.now(), expires_at = portolan.now() + interval '\(seconds) s'")
    }
}

/// What an operation failed with, as a unified error.
func failure(of body: () async throws -> some Sendable) async -> UnifiedError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? UnifiedError
    }
}

/// Time that a test moves; sleeping moves it, too.
final class HandClock: Sendable {
    private let state = Mutex(Duration.zero)

    func advance(by duration: Duration) { state.withLock { $0 += duration } }

    var clock: TokenClock {
        TokenClock(
            uptime: { self.state.withLock { $0 } }, wall: { Date(timeIntervalSince1970: 1_800_000_000) },
            sleep: { self.advance(by: $0) })
    }
}
