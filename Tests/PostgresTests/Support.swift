import Logging
import Synchronization

@testable import Postgres

let quietLogger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

/// A connected connection to the shared server, closed afterwards.
@discardableResult
func withConnection<T>(
    to server: PrivateServer = .shared, _ change: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: (PostgresConnection) async throws -> T
) async throws -> T {
    let connection = PostgresConnection(server.configuration(change), logger: quietLogger)
    try await connection.connect()
    do {
        let value = try await body(connection)
        await connection.close()
        return value
    } catch {
        await connection.close()
        throw error
    }
}

/// A pool on the shared server, shut down afterwards.
@discardableResult
func withPool<T>(
    to server: PrivateServer = .shared,
    _ configure: (inout PostgresPool.Limits, inout PostgresConfiguration) -> Void = { _, _ in },
    _ body: (PostgresPool) async throws -> T
) async throws -> T {
    var limits = PostgresPool.Limits()
    var configuration = server.configuration()
    configure(&limits, &configuration)
    let pool = PostgresPool(configuration, limits: limits, logger: quietLogger)
    do {
        let value = try await body(pool)
        await pool.shutdown(within: .zero)
        return value
    } catch {
        await pool.shutdown(within: .zero)
        throw error
    }
}

/// Asks until the answer is yes; fails loudly when it never is.
func waitUntil(_ what: String, _ condition: () async throws -> Bool) async throws {
    for _ in 0..<2000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw NeverHappened(what: what)
}

struct NeverHappened: Error {
    let what: String
}

/// Something the code under test does not know.
struct BodyError: Error, Equatable {
    var number = 0
}

/// A value that concurrent tasks change under a lock.
final class Recorded<Value: Sendable>: Sendable {
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

/// A gate that tasks wait at until it is opened.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiting = state.withLock { state in
            defer { state = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Runs a body that must fail with a `PostgresError`, and returns it.
func postgresError(_ body: () async throws -> Void) async throws -> PostgresError {
    do {
        try await body()
    } catch let error as PostgresError {
        return error
    } catch let error as PostgresTransactionError {
        if let inner = error.postgres { return inner }
        throw error
    }
    throw NeverHappened(what: "a PostgresError")
}
