import Logging
import Synchronization

/// One server, until it tells that it is a node of a cluster: then the cluster.
///
/// Why it exists: nobody has to say which of the two a URL leads to, and Redis need not be up when
/// a process starts.
///
/// Thread-safety: the choice is behind a mutex and is made once.
final class RedisClientOrCluster: RedisService {
    /// Held by the threads of subscriptions too, which must not keep the service itself alive.
    private final class Choice: Sendable {
        let client: RedisClient
        private let chosen = Mutex<RedisCluster?>(nil)

        init(_ client: RedisClient) { self.client = client }

        var cluster: RedisCluster? {
            chosen.withLock { cluster in
                if cluster == nil, client.isClusterNode { cluster = makeCluster() }
                return cluster
            }
        }

        /// For when a call was redirected, which no server outside of a cluster does.
        func switchToCluster() -> RedisCluster {
            chosen.withLock { cluster in
                let made = cluster ?? makeCluster()
                cluster = made
                return made
            }
        }

        private func makeCluster() -> RedisCluster {
            client.logger.notice("Redis is a cluster", metadata: ["endpoint": "\(client.configuration)"])
            return RedisCluster(client.configuration, logger: client.logger)
        }
    }

    private let choice: Choice
    private let subscriptions: RedisSubscriptions

    init(_ configuration: RedisConfiguration, logger: Logger) {
        let choice = Choice(RedisClient(configuration, logger: logger))
        self.choice = choice
        subscriptions = RedisSubscriptions(configuration, logger: logger) {
            choice.cluster?.endpoints ?? [configuration.endpoint]
        }
    }

    func server(forKey key: RedisArgument) async throws(RedisError) -> RedisServer {
        try await choose()
        return try await run { service throws(RedisError) in try await service.server(forKey: key) }
    }

    func script(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument], on server: RedisServer?
    ) async throws(RedisError) -> RedisReply {
        try await run { service throws(RedisError) in
            try await service.script(script, keys: keys, arguments: arguments, on: server)
        }
    }

    func command(_ arguments: [RedisArgument], key: RedisArgument?) async throws(RedisError) -> RedisReply {
        try await run { service throws(RedisError) in try await service.command(arguments, key: key) }
    }

    func scanKeys(matching pattern: String) async throws(RedisError) -> [String] {
        try await choose()
        return try await run { service throws(RedisError) in try await service.scanKeys(matching: pattern) }
    }

    func subscribe(_ channels: [String]) -> AsyncStream<RedisMessage> { subscriptions.subscribe(channels) }

    func shutdown() async {
        await subscriptions.shutdown()
        await choice.client.shutdown()
        await choice.cluster?.shutdown()
    }

    /// Waits until the server has told what it is. Only for calls that one node of a cluster would
    /// answer for itself alone; others it redirects.
    private func choose() async throws(RedisError) {
        if choice.cluster == nil { _ = try await choice.client.server() }
    }

    private func run<Value>(
        _ body: (any RedisService) async throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        if let cluster = choice.cluster { return try await body(cluster) }
        do throws(RedisError) {
            return try await body(choice.client)
        } catch {
            // Nothing was executed.
            guard error.code == .moved else { throw error }
            return try await body(choice.switchToCluster())
        }
    }
}
