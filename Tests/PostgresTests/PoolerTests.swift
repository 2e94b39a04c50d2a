import Foundation
import Testing

@testable import Postgres

/// PgBouncer in transaction mode in front of the shared server.
private final class PrivatePooler: Sendable {
    let directory: String
    private let process = Process()
    private let lifeline = Pipe()

    init(extraSettings: String = "") throws {
        directory = PrivateServer.shared.directory + "/pooler-" + String(UInt32.random(in: .min ... .max), radix: 36)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let settings = """
            [databases]
            * = host=\(PrivateServer.shared.directory) user=postgres
            [pgbouncer]
            listen_addr =
            unix_socket_dir = \(directory)
            listen_port = 6432
            auth_type = any
            pool_mode = transaction
            default_pool_size = 3
            max_client_conn = 500
            log_connections = 0
            log_disconnections = 0
            \(extraSettings)
            """
        try settings.write(toFile: directory + "/pooler.ini", atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c",
            """
            \(getuid() == 0 ? "chown -R postgres:postgres \(directory)" : "")
            \(PrivateServer.asPostgres) /usr/sbin/pgbouncer -q \(directory)/pooler.ini </dev/null 2>/dev/null &
            pooler=$!; read line; kill -9 $pooler
            """,
        ]
        process.standardInput = lifeline
        try process.run()
    }

    deinit {
        try? lifeline.fileHandleForWriting.close()
    }

    func configuration() throws -> PostgresConfiguration {
        try PostgresConfiguration(url: "postgresql://postgres@/postgres?host=\(directory)&port=6432")
    }

    func waitUntilReady() async throws {
        try await waitUntil("the pooler to listen") {
            FileManager.default.fileExists(atPath: directory + "/.s.PGSQL.6432")
        }
    }
}

@Suite("Behind a pooler in transaction mode")
struct PoolerTests {
    /// Many clients over few server sessions: statements, transactions and pipelines must all stay their own.
    private func hammer(_ configuration: PostgresConfiguration) async throws {
        var limits = PostgresPool.Limits()
        limits.connectionsMax = 20
        limits.waitTimeLimit = .seconds(30)
        let pool = PostgresPool(configuration, limits: limits, logger: quietLogger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    switch number % 3 {
                    case 0:
                        let rows = try await pool.query("select $1::int8 * 2 as n", [number])
                        #expect(try rows[0].decode("n", as: Int.self) == number * 2)
                    case 1:
                        let rows = try await pool.withTransaction { tx in
                            try await tx.query("select set_config('portolan.number', $1, true)", ["\(number)"])
                            return try await tx.query("select current_setting('portolan.number') as n")
                        }
                        #expect(try rows[0].decode("n", as: String.self) == "\(number)")
                    default:
                        let results = try await pool.queryAll([
                            PostgresStatement("select $1::text as n", ["\(number)"]), PostgresStatement("select 1 / 0"),
                        ])
                        #expect(try results[0].get()[0].decode("n", as: String.self) == "\(number)")
                        #expect(results[1].failure?.sqlState == "22012")
                    }
                }
            }
            try await group.waitForAll()
        }
        await pool.shutdown()
    }

    @Test("many clients are served when told that there is a pooler")
    func declared() async throws {
        let pooler = try PrivatePooler()
        try await pooler.waitUntilReady()
        var configuration = try pooler.configuration()
        configuration.preparedStatements = false
        try await hammer(configuration)
    }

    @Test("a pooler that refuses start-up options is recognised by that")
    func recognisedByRefusal() async throws {
        let pooler = try PrivatePooler()
        try await pooler.waitUntilReady()
        try await hammer(try pooler.configuration())
        let connection = PostgresConnection(try pooler.configuration(), logger: quietLogger)
        try await connection.connect()
        #expect(connection.traits.isBehindPooler && connection.traits.refusesStartupOptions)
        await connection.close()
    }

    @Test("a pooler that ignores start-up options is recognised by its foreign backend ids")
    func recognisedByBackend() async throws {
        let pooler = try PrivatePooler(extraSettings: "ignore_startup_parameters = options,extra_float_digits")
        try await pooler.waitUntilReady()
        let connection = PostgresConnection(try pooler.configuration(), logger: quietLogger)
        try await connection.connect()
        #expect(connection.traits.isBehindPooler && !connection.traits.refusesStartupOptions)
        await connection.close()
        try await hammer(try pooler.configuration())
    }

    @Test("a direct connection is not taken for a pooler")
    func direct() async throws {
        try await withConnection { connection in
            #expect(!connection.traits.isBehindPooler)
            #expect(await connection.usesNamedStatements)
        }
    }

    @Test("cancelling and time limits reach the server through the pooler")
    func cancel() async throws {
        let pooler = try PrivatePooler()
        try await pooler.waitUntilReady()
        let pool = PostgresPool(try pooler.configuration(), logger: quietLogger)
        let error = try await postgresError {
            try await pool.query("select pg_sleep(600)", timeLimit: .milliseconds(50))
        }
        #expect(error.code == .timedOut && error.sqlState == "57014")
        for round in 0..<50 {
            let task = Task { try await pool.query("select $1 as n", [round]) }
            for _ in 0..<(round % 7) { await Task.yield() }
            task.cancel()
            _ = try? await task.value
            #expect(
                try await pool.query("select $1 as n, pg_sleep(0.001)", [round])[0].decode("n", as: Int.self) == round)
        }
        await pool.shutdown()
    }
}
