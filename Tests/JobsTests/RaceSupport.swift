import FoundationEssentials
import LocalServers
import Postgres
import Schema
import Synchronization
import TestKit
import Testing

@testable import Jobs

/// Tests that do as much as they can for so long: they run one after the other, or they would do little.
@Suite("Storms", .serialized)
enum Storms {}

/// A queue on a database of its own, for tests in which many sessions meet.
struct Bed: Sendable {
    let pool: PostgresPool
    let queue: PostgresQueue
    let url: String

    /// Nobody may wait for a lock that long; claim, which gives way, has a shorter limit of its own.
    static let lockTimeout = "lock_timeout=2s"

    /// Runs `body` on a fresh database of the server that all tests share.
    static func with(
        connectionsMax: Int = 8, settings: [String] = [], _ body: (Bed) async throws -> Void
    ) async throws {
        let url = try await TestPostgres.shared.makeDatabase()
        do {
            try await open(url, connectionsMax: connectionsMax, settings: settings, body)
        } catch {
            try? await TestPostgres.shared.drop(url)
            throw error
        }
        try await TestPostgres.shared.drop(url)
    }

    /// Runs `body` on a server of its own, which it may stop, kill and start again.
    ///
    /// A commit there survives the death of the server, as in production; only a crash of the machine would undo it.
    static func withServer(
        connectionsMax: Int = 8, settings: [String] = [], _ body: (Bed, LocalPostgres) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with(prefix: "portolan-bed-") { folder in
            let server = try await LocalPostgres.start(
                in: folder.path + "/p", database: "bed",
                settings: ["max_connections": "100", "shared_buffers": "64MB"],
                durability: .fast, logger: TestPostgres.logger)
            do {
                try await open(server.url, connectionsMax: 2, settings: []) { bed in
                    _ = try await Migrator(pool: bed.pool, logger: TestPostgres.logger).migrate()
                }
                try await open(server.url, connectionsMax: connectionsMax, settings: settings) { bed in
                    try await body(bed, server)
                }
            } catch {
                await server.stop(.immediate)
                throw error
            }
            await server.stop(.immediate)
        }
    }

    /// Runs `body` with sessions of the database at `url` that begin with these settings.
    static func open(
        _ url: String, connectionsMax: Int, settings: [String], _ body: (Bed) async throws -> Void
    ) async throws {
        let options = settings.map { "-c%20" + $0.split(separator: "=").joined(separator: "%3D") }
        let full = options.isEmpty ? url : url + "&options=" + options.joined(separator: "%20")
        var limits = PostgresPool.Limits()
        limits.connectionsMax = connectionsMax
        limits.waitTimeLimit = .seconds(60)
        limits.backoffMax = .milliseconds(200)
        let pool = PostgresPool(try PostgresConfiguration(url: full), limits: limits, logger: TestPostgres.logger)
        do {
            try await body(Bed(pool: pool, queue: PostgresQueue(pool: pool), url: url))
            await pool.shutdown(within: .seconds(2))
        } catch {
            await pool.shutdown(within: .seconds(2))
            throw error
        }
    }

    /// The same database through one more session, whose clock can be set.
    func withOneSession(_ body: (Bed) async throws -> Void) async throws {
        try await Self.open(url, connectionsMax: 1, settings: [], body)
    }

    // MARK: Values

    /// One value of one row.
    func value<Value: PostgresDecodable>(
        _ sql: SQL, _ parameters: [any PostgresEncodable] = [], as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql, parameters).first).decode(at: 0)
    }

    func count(_ sql: SQL, _ parameters: [any PostgresEncodable] = []) async throws -> Int64 {
        try await value(sql, parameters)
    }

    /// The first column of all rows.
    func texts(_ sql: SQL, _ parameters: [any PostgresEncodable] = []) async throws -> [String] {
        try await pool.query(sql, parameters).map { try $0.decode(at: 0) }
    }

    // MARK: What there is

    /// A connection with one stream in each of the lanes `main` and `bulk`; not due before the end of time.
    @discardableResult
    func addConnection(_ name: String, platform: String = "toy", isScheduled: Bool = false) async throws -> Int64 {
        let id: Int64 = try await value(
            """
            select portolan.add_connection($1, $2, 'https://shop.example', '{}', array['orders', 'products'],
              array['main', 'bulk'], array[interval '1 s', interval '1 s'])
            """, [platform, name])
        if !isScheduled {
            try await pool.query("update portolan.streams set next_due_at = null where connection_id = $1", [id])
        }
        return id
    }

    /// A worker that is alive for as long as a test can last.
    func addWorker() async throws -> UUID {
        let worker = UUID()
        _ = try await queue.beat(worker: worker, host: "here", version: "1", ttl: .seconds(3600))
        return worker
    }

    static func sync(
        _ connection: Int64, band: Band = .incremental, key: String? = nil, family: String = "main",
        parent: Int64? = nil
    ) -> NewJob {
        NewJob(
            connectionID: connection, kind: "sync", arguments: #"{"resource": "orders"}"#, band: band, dedupeKey: key,
            family: family, attemptsMax: 1000, parentID: parent)
    }

    static func wanting(
        _ worker: UUID, platforms: [String] = ["toy"], bands: [Band] = Band.allCases, lanes: Int = 1,
        jobsPerLane: Int = 1
    ) -> Claim {
        var claim = Claim(
            worker: worker, wishes: bands.flatMap { band in platforms.map { Claim.Wish(platform: $0, band: band) } },
            lanes: lanes, kinds: ["sync": 1])
        claim.jobsPerLane = jobsPerLane
        return claim
    }

    /// Claims one job; somebody may hold its lane for a moment.
    func claimOne(_ worker: UUID, jobsPerLane: Int = 1) async throws -> LeasedJob {
        for _ in 0..<100 {
            if let job = try await queue.claim(Self.wanting(worker, jobsPerLane: jobsPerLane)).first { return job }
        }
        throw NothingToClaim()
    }

    struct NothingToClaim: Error {}

    /// Whether a session of this database waits for another's lock.
    func isAnybodyBlocked() async throws -> Bool {
        try await value(
            """
            select exists (select from pg_stat_activity
              where datname = current_database() and wait_event_type = 'Lock' and state = 'active')
            """)
    }

    /// Returns when a session of this database waits for another's lock.
    func untilBlocked() async throws {
        let patience = ContinuousClock.now + .seconds(30)
        while try await !isAnybodyBlocked() {
            try #require(ContinuousClock.now < patience, "nobody waits for a lock")
            await Task.yield()
        }
    }
}

/// Something that happens once.
final class Signal: Sendable {
    private let state = Mutex(false)
    var isSent: Bool { state.withLock { $0 } }
    func send() { state.withLock { $0 = true } }
}

extension TemporaryFolder {
    fileprivate static func with(prefix: String, _ body: (TemporaryFolder) async throws -> Void) async throws {
        let folder = try TemporaryFolder(prefix: prefix)
        do {
            try await body(folder)
        } catch {
            try? await folder.remove()
            throw error
        }
        try await folder.remove()
    }
}

extension Error {
    /// The SQLSTATE, however deep it lies; empty when there is none.
    var sqlState: String {
        switch self {
        case let error as PostgresError: error.sqlState ?? ""
        case let error as PostgresTransactionError: error.postgres?.sqlState ?? (error.body?.sqlState ?? "")
        case let error as QueueError: error.message.firstMatch(of: /\[SQLSTATE (.....)\]/).map { "\($0.1)" } ?? ""
        default: ""
        }
    }

    /// The session ended under the call: nobody knows whether it took effect.
    var isLoss: Bool {
        switch self {
        case let error as PostgresError:
            error.isConnectionFailure || [.connectFailed, .commitOutcomeUnknown, .poolTimedOut].contains(error.code)
        case let error as PostgresTransactionError:
            error.isCommitOutcomeUnknown || (error.postgres?.isLoss ?? false) || (error.body?.isLoss ?? false)
        case let error as QueueError: error.isUncertain || error.message.hasPrefix("connect_failed")
        default: false
        }
    }
}
