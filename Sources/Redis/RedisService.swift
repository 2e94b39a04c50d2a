package import Logging

/// All of Redis that Portolan uses, whether one server answers or a cluster.
package protocol RedisService: RedisScripting {
    /// Listens to channels on a connection and a thread of their own.
    ///
    /// Yields `.connected` each time the subscription comes into force, then messages. Reconnects by
    /// itself for ever; what is published meanwhile is lost, so use it for hints, never for facts.
    /// Ends when the consuming task is cancelled, the stream is dropped, or the service is shut down.
    func subscribe(_ channels: [String]) -> AsyncStream<RedisMessage>

    /// Refuses new commands, lets those in flight end (their time limits bound that), ends all
    /// subscriptions and closes the connections.
    func shutdown() async
}

extension RedisScripting {
    /// Publishes `payload` on `channel`, to the subscribers on every node.
    ///
    /// Errors: any code of `RedisError`.
    package func publish(_ payload: RedisArgument, on channel: String) async throws(RedisError) {
        _ = try await command(["PUBLISH", RedisArgument(channel), payload], key: nil)
    }
}

extension RedisConfiguration {
    /// Starts to connect in the background; never fails and never waits.
    ///
    /// Gives a cluster when the URL said so, and otherwise a client that turns into one when the server
    /// tells that it is a node of a cluster.
    package func connect(logger: Logger) -> any RedisService {
        clusterSeeds.isEmpty
            ? RedisClientOrCluster(self, logger: logger) : RedisCluster(self, logger: logger)
    }
}
