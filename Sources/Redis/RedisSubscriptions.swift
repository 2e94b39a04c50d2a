import Logging
import Synchronization

/// The subscriptions of one client, each on a connection and a thread of its own.
///
/// Thread-safety: the mutex protects the list; a subscription ends through its control.
final class RedisSubscriptions: Sendable {
    private struct State {
        var controls: [SubscriptionControl] = []
        var isShutDown = false
    }

    private let configuration: RedisConfiguration
    private let logger: Logger
    /// Any of them will do; asked before each attempt to connect.
    private let endpoints: @Sendable () -> [RedisConfiguration.Endpoint]
    private let state = Mutex(State())

    init(
        _ configuration: RedisConfiguration, logger: Logger,
        endpoints: @escaping @Sendable () -> [RedisConfiguration.Endpoint]
    ) {
        self.configuration = configuration
        self.logger = logger
        self.endpoints = endpoints
    }

    deinit { state.withLock { $0.controls.forEach { $0.stop() } } }

    /// As `RedisService.subscribe`.
    func subscribe(_ channels: [String]) -> AsyncStream<RedisMessage> {
        precondition(!channels.isEmpty, "a subscription needs a channel")
        let (stream, continuation) = AsyncStream.makeStream(
            of: RedisMessage.self, bufferingPolicy: .bufferingNewest(configuration.subscriptionBufferMax))
        let control = SubscriptionControl()
        let isShutDown = state.withLock { state in
            state.controls.removeAll(where: \.isStopping)
            state.controls.append(control)
            return state.isShutDown
        }
        guard !isShutDown else {
            control.close()
            continuation.finish()
            return stream
        }
        continuation.onTermination = { _ in control.stop() }
        OwnThread.start(name: "redis-listen") { [configuration, logger, endpoints] in
            var loop = ConnectionLoop(
                configuration,
                traffic: SubscriptionTraffic(
                    channels: channels, configuration: configuration, control: control, continuation: continuation),
                wakeUp: control.wakeUp, logger: logger, randomness: SystemRandomNumberGenerator(),
                endpoints: endpoints)
            loop.run()
        }
        return stream
    }

    /// Ends all, and refuses new ones; returns when their connections are closed.
    func shutdown() async {
        let controls = state.withLock { state in
            state.isShutDown = true
            return state.controls
        }
        for control in controls { control.stop() }
        for control in controls { await control.waitUntilClosed() }
    }
}
