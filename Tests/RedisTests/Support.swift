import Logging
import Synchronization
import TestKit

@testable import Redis

extension Logger {
    /// Tests judge results, not log lines.
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// A logger, and every line of it as text with its metadata.
    static func recording() -> (lines: AsyncStream<String>, logger: Logger) {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        return (lines, Logger(label: "test") { _ in RecordingLogHandler(lines: continuation) })
    }
}

private struct RecordingLogHandler: LogHandler {
    let lines: AsyncStream<String>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.yield("\(event.message) \(event.metadata ?? [:])")
    }
}

/// A server, a client of it, and their end.
func withRedis(
    tcp: Bool = false, _ change: (inout RedisConfiguration) -> Void = { _ in },
    _ body: (TestRedis, RedisClient) async throws -> Void
) async throws {
    let server = try await TestRedis(tcp: tcp)
    var configuration = server.configuration(tcp: tcp)
    change(&configuration)
    let client = RedisClient(configuration, logger: .silent)
    do {
        try await body(server, client)
    } catch {
        await client.shutdown()
        throw error
    }
    await client.shutdown()
}

/// Repeats a command for as long as there is no connection.
func eventually(
    _ client: RedisClient, _ arguments: [RedisArgument]
) async throws(RedisError) -> RedisReply {
    while true {
        do throws(RedisError) {
            return try await client.command(arguments)
        } catch {
            guard [.unavailable, .connectionLost, .loading, .readOnly].contains(error.code) else {
                throw error
            }
            await Task.yield()
        }
    }
}

/// The error of something that must fail.
func failure(_ body: () async throws -> some Any) async throws -> RedisError {
    do {
        _ = try await body()
    } catch let error as RedisError {
        return error
    }
    throw MustFail()
}

struct MustFail: Error {}

/// How far some workers have got, together.
final class Progress: Sendable {
    private let count = Atomic(0)

    private let over = Atomic(false)

    /// Whether the workers may stop: cancelling them would leave open what their last calls did.
    var isOver: Bool { over.load(ordering: .relaxed) || Task.isCancelled }

    func end() { over.store(true, ordering: .relaxed) }

    func advance() { count.add(1, ordering: .relaxed) }

    /// Returns when they have got on by so much.
    func wait(_ more: Int) async throws {
        let wanted = count.load(ordering: .relaxed) + more
        while count.load(ordering: .relaxed) < wanted {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
