import Logging
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
    _ body: (RedisServer, RedisClient) async throws -> Void
) async throws {
    let server = try await RedisServer(tcp: tcp)
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
            guard error.code == .unavailable || error.code == .connectionLost || error.code == .loading else {
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
