import Connections
import FoundationEssentials
import HTTP
import Jobs
import Limits
import Logging
import Platforms
import Postgres
import ServiceLifecycle
import Synchronization
import TestKit
import Testing

@testable import Worker

/// Answers requests as a test's script says, and remembers them.
final class ScriptedTransport: Transport {
    typealias Script = @Sendable (_ page: Int, _ request: HTTPRequest) async throws(HTTPError) -> HTTPExchange

    private let script: Script
    private let requests = Mutex<[HTTPRequest]>([])

    init(_ script: @escaping Script) { self.script = script }

    var sent: [HTTPRequest] { requests.withLock { $0 } }
    /// The page each request asked for, in the order sent.
    var pages: [Int] { sent.map(Self.page) }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPExchange {
        requests.withLock { $0.append(request) }
        return try await script(Self.page(request), request)
    }

    func stream<Value>(
        _ request: HTTPRequest, _ read: (HTTPResponseHead, inout any BodyPieces) async throws -> Value
    ) async throws -> Value {
        let exchange = try await send(request)
        var pieces: any BodyPieces = Pieces(bytes: exchange.body)
        return try await read(exchange.head, &pieces)
    }

    /// A body in small pieces. Where it says so, the connection breaks.
    private struct Pieces: BodyPieces {
        var bytes: [UInt8]

        mutating func next() async throws(HTTPError) -> [UInt8]? {
            if bytes.isEmpty { return nil }
            if bytes.first == UInt8(ascii: "!") { throw HTTPError(code: .partialBody, message: "cut") }
            defer { bytes.removeFirst(min(7, bytes.count)) }
            return Array(bytes.prefix(7))
        }
    }

    private static func page(_ request: HTTPRequest) -> Int {
        Int(request.url.drop { $0 != "=" }.dropFirst()) ?? 0
    }

    /// A page of three records.
    static func answer(_ page: Int, of pages: Int) -> HTTPExchange {
        let lines = (0..<3).map { #"{"id": "\#(page)-\#($0)"}"# }.joined(separator: "\n")
        return HTTPExchange(
            head: HTTPResponseHead(status: 200, headers: page < pages ? [("X-More", "yes")] : []),
            body: Array(lines.utf8))
    }

    static func refusal(_ status: Int, _ headers: HTTPHeaders = []) -> HTTPExchange {
        HTTPExchange(head: HTTPResponseHead(status: status, headers: headers), body: [])
    }
}

/// A clock that stands until a test moves it.
final class ManualClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var sinceStart: Duration
        func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }
        func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }
        static func < (one: Instant, other: Instant) -> Bool { one.sinceStart < other.sinceStart }
    }

    private let instant = Mutex(Instant(sinceStart: .zero))
    var now: Instant { instant.withLock { $0 } }
    var minimumResolution: Duration { .microseconds(1) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        instant.withLock { $0 = max($0, deadline) }
    }
}

/// Keeps every line that is logged, metadata included.
final class LogKeeper: Sendable {
    private let lines = Mutex<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    var logger: Logger {
        var logger = Logger(label: "kept") { _ in Handler(keeper: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let keeper: LogKeeper
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            keeper.lines.withLock { $0.append("\(event.message) \(all)") }
        }
    }
}

/// One connection `shop` on the lines platform, and workers for it.
struct Fleet {
    static let secret = "sekret-Zo3-1234567890"

    let pool: PostgresPool
    let configuration: PostgresConfiguration
    let vault: Vault
    let connectionID: Int64
    var platform = LinesPlatform()
    /// Takes the place of ``platform`` where there is one.
    var other: (any Platform)?
    var limiter: any Limiter = LocalLimiter(clock: ContinuousClock())
    let logs = LogKeeper()

    static func with(_ body: (Fleet) async throws -> Void) async throws {
        try await withDatabase(connectionsMax: 12) { pool, configuration in
            let vault = try Vault(masterKey: Vault.makeMasterKey())
            let store = ConnectionStore(pool: pool, vault: vault)
            let id = try await store.add(
                platform: LinesPlatform(), name: "shop", baseURL: "https://shop.example",
                credentials: ["token": Secret(secret)])
            try await body(Fleet(pool: pool, configuration: configuration, vault: vault, connectionID: id))
        }
    }

    @discardableResult
    func enqueue() async throws -> Int64 {
        try await PostgresQueue(pool: pool).enqueueSync(connection: "shop", resource: "orders", band: .urgent)
    }

    /// A worker that looks for work all the time.
    func worker(
        _ transport: any Transport, id: UUID = UUID(), vault: Vault? = nil,
        _ configure: (inout WorkerConfiguration) -> Void = { _ in }
    ) -> WorkerService {
        var workers = WorkerConfiguration()
        workers.pollInterval = .milliseconds(5)
        workers.reapInterval = .milliseconds(20)
        configure(&workers)
        return WorkerService(
            .init(
                ground: .init(postgres: configuration, pool: pool, redis: nil), limiter: limiter,
                transport: transport, vault: vault ?? self.vault, platforms: [other ?? platform]),
            configuration: workers, worker: id, host: "test", version: "1", logger: logs.logger)
    }

    /// Runs a worker while `body` runs, then drains it.
    func run(
        _ transport: any Transport, vault: Vault? = nil, _ configure: (inout WorkerConfiguration) -> Void = { _ in },
        _ body: (ServiceGroup) async throws -> Void
    ) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: worker(transport, vault: vault, configure))], logger: TestPostgres.logger))
        let running = Task { try await group.run() }
        do {
            try await body(group)
        } catch {
            running.cancel()
            _ = try? await running.value
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running.value
    }

    /// Runs a worker until the job has ended, and says how.
    func runToEnd(
        _ job: Int64, _ transport: any Transport, vault: Vault? = nil,
        _ configure: (inout WorkerConfiguration) -> Void = { _ in }
    ) async throws -> String {
        try await run(transport, vault: vault, configure) { _ in
            try await waitUntil("the job to end") { try await ending(job) != nil }
        }
        return try #require(try await ending(job))
    }

    /// Runs a worker until the job waits again after its first run.
    func runOnce(
        _ job: Int64, _ transport: any Transport, vault: Vault? = nil,
        _ configure: (inout WorkerConfiguration) -> Void = { _ in }
    ) async throws {
        try await run(transport, vault: vault, configure) { _ in
            try await waitUntil("the job to be put off") {
                try await value(
                    """
                    select exists (select from portolan.jobs where job_id = $1 and run_at > now()) and not exists
                    (select from portolan.leases)
                    """,
                    [job])
            }
        }
    }

    func ending(_ job: Int64) async throws -> String? {
        try await pool.query("select outcome from portolan.job_history where job_id = $1", [job]).first?.decode(at: 0)
    }

    func value<Value: PostgresDecodable>(
        _ sql: SQL, _ parameters: [any PostgresEncodable] = [], as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql, parameters).first).decode(at: 0)
    }

    func errorCodes() async throws -> [String] {
        try await value("select coalesce(array_agg(code order by error_id), '{}') from portolan.errors")
    }

    func streamState() async throws -> String { try await value("select state from portolan.streams") }
    func connectionState() async throws -> String { try await value("select state from portolan.connections") }
    func recordCount() async throws -> Int64 { try await value("select count(*) from portolan.raw_records") }
}

/// Asks until the answer is yes; fails loudly when it never is.
func waitUntil(_ what: String, _ condition: () async throws -> Bool) async throws {
    struct NeverHappened: Error { let what: String }
    for _ in 0..<4000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw NeverHappened(what: what)
}

/// A value that concurrent tasks share.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value { state.withLock { $0 } }

    func update(_ change: (inout Value) -> Void) {
        state.withLock { value in
            var copy = value
            change(&copy)
            value = copy
        }
    }
}
