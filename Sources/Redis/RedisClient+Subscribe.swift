import Synchronization

extension RedisClient {
    /// Listens to channels on a connection and a thread of their own.
    ///
    /// Yields `.connected` each time the subscription comes into force, then messages. Reconnects by
    /// itself for ever; what is published meanwhile is lost, so use it for hints, never for facts.
    /// Ends when the consuming task is cancelled, the stream is dropped, or the client is shut down.
    package func subscribe(_ channels: [String]) -> AsyncStream<RedisMessage> {
        precondition(!channels.isEmpty, "a subscription needs a channel")
        let (stream, continuation) = AsyncStream.makeStream(
            of: RedisMessage.self, bufferingPolicy: .bufferingNewest(configuration.subscriptionBufferMax))
        let control = SubscriptionControl()
        let isShutDown = subscriptions.withLock { state in
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
        OwnThread.start(name: "redis-listen") { [configuration, logger] in
            var loop = ConnectionLoop(
                configuration,
                traffic: SubscriptionTraffic(
                    channels: channels, configuration: configuration, control: control, continuation: continuation),
                wakeUp: control.wakeUp, logger: logger, randomness: SystemRandomNumberGenerator())
            loop.run()
        }
        return stream
    }
}
