extension RedisClient: RedisService {
    package func subscribe(_ channels: [String]) -> AsyncStream<RedisMessage> { subscriptions.subscribe(channels) }
}
