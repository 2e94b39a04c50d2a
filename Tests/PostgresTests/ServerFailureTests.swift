import Glibc
import Testing

@testable import Postgres

@Suite("Failing servers")
struct ServerFailureTests {
    @Test("a pool outlives a server that is killed and started again")
    func killedAndRestarted() async throws {
        let server = PrivateServer()
        try await withPool(to: server) { limits, _ in
            limits.waitTimeLimit = .seconds(30)
            limits.connectionsMax = 1
        } _: { pool in
            try await pool.query("create table t (a int4)")
            let sleeper = Task { _ = try await pool.query("select pg_sleep(600) /* killed */") }
            try await withConnection(to: server) { observer in
                try await waitUntil("the statement to run") {
                    try await !observer.query(
                        "select from pg_stat_activity where query like '%/* killed */' and wait_event = 'PgSleep'"
                    ).isEmpty
                }
            }
            server.killHard()
            let lost = try await postgresError { _ = try await sleeper.value }
            #expect(lost.code == .connectionLost && lost.isTransient)
            let none = try await postgresError {
                _ = try await pool.withConnection(waitTimeLimit: .seconds(1)) { try await $0.query("select 1") }
            }
            #expect(none.code == .connectFailed && none.isTransient)
            // These keep trying, with growing pauses, until the server is back.
            let patient = (0..<20).map { _ in Task { _ = try await pool.query("insert into t values (1)") } }
            server.start()
            for task in patient { try await task.value }
            #expect(try await pool.query("select from t").count == 20)
        }
    }

    @Test("a session that stopped answering is given up after the time limit and the grace")
    func stoppedBackend() async throws {
        let server = PrivateServer()
        try await withPool(to: server) { limits, configuration in
            limits.connectionsMax = 2
            configuration.cancelGrace = .milliseconds(100)
        } _: { pool in
            try await pool.withConnection { connection in
                let backend = try await connection.query("select pg_backend_pid() as pid")[0].decode(
                    "pid", as: Int32.self)
                kill(backend, SIGSTOP)
                defer { kill(backend, SIGCONT) }
                let error = try await postgresError {
                    try await connection.query("select 1", timeLimit: .milliseconds(100))
                }
                #expect(error.code == .timedOut)
                #expect(!connection.signals.isReusable)
            }
            #expect(pool.status.idleCount == 0)
            try await pool.query("select 1")
        }
    }

    @Test("a server stopped as a whole hangs nobody: statements, cancels and connects all end")
    func stoppedServer() async throws {
        let server = PrivateServer()
        let postmaster = server.postmasterID
        try await withConnection(to: server) {
            $0.cancelGrace = .milliseconds(100)
        } _: { connection in
            let backend = try await connection.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self)
            kill(postmaster, SIGSTOP)
            kill(backend, SIGSTOP)
            defer {
                kill(postmaster, SIGCONT)
                kill(backend, SIGCONT)
            }
            let cancelled = Task { try await connection.query("select 1") }
            cancelled.cancel()
            #expect(try await postgresError { _ = try await cancelled.value }.code == .cancelled)
            let other = PostgresConnection(server.configuration(), logger: quietLogger)
            let slow = try await postgresError { try await other.connect(timeLimit: .milliseconds(100)) }
            #expect(slow.code == .timedOut)
            let connecting = Task { try await other.connect() }
            connecting.cancel()
            #expect(try await postgresError { _ = try await connecting.value }.code == .cancelled)
        }
    }

    @Test("a large parameter to a server that does not read ends with the time limit")
    func unreadParameter() async throws {
        let server = PrivateServer()
        try await withConnection(to: server) {
            $0.cancelGrace = .milliseconds(100)
        } _: { connection in
            let backend = try await connection.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self)
            kill(backend, SIGSTOP)
            defer { kill(backend, SIGCONT) }
            let error = try await postgresError {
                try await connection.query(
                    "select length($1)", [[UInt8](repeating: 1, count: 30_000_000)], timeLimit: .milliseconds(200))
            }
            #expect(error.code == .timedOut)
            #expect(try await postgresError { try await connection.query("select 1") }.code == .connectionLost)
        }
    }

    @Test("a server out of connection slots is worth trying again")
    func outOfSlots() async throws {
        let server = PrivateServer()
        try await withConnection(to: server) { connection in
            try await connection.executeScript(
                "create role guest login connection limit 0; create role few login connection limit 1")
        }
        let configuration = try PostgresConfiguration(url: server.url.replacing("postgres@", with: "guest@"))
        let connection = PostgresConnection(configuration, logger: quietLogger)
        let error = try await postgresError { try await connection.connect() }
        #expect(error.sqlState == "53300" && error.isServerUnavailable && error.isTransient)
    }
}
