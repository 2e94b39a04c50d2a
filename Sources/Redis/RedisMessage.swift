/// What a subscription yields.
package enum RedisMessage: Sendable, Hashable {
    /// The subscription is in force, for the first time or again. What was published before is
    /// lost, so a consumer that needs to know looks for itself once now.
    case connected
    /// Somebody published `payload` on `channel`.
    case message(channel: String, payload: [UInt8])
}
