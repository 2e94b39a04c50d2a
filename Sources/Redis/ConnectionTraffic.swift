typealias Instant = ContinuousClock.Instant

/// What a connection is used for: commands with answers, or a subscription.
///
/// `ConnectionLoop` owns the traffic and calls it on the connection's thread only. No method blocks.
protocol ConnectionTraffic {
    /// Whether a replica serves as well as a primary.
    var acceptsReplica: Bool { get }
    /// Whether something is waiting to be sent.
    var isWaiting: Bool { get }
    /// Whether the connection is to be shut down and nothing is left that would wait for it.
    var isFinished: Bool { get }
    /// When `checkDeadlines` wants to be called at the latest.
    var nextDeadline: Instant? { get }

    /// Takes over what other threads have handed in.
    mutating func takeInbox()
    /// The handshake is done, and told this about who answers.
    mutating func connected(to facts: ServerFacts, at now: Instant)
    /// Moves what is waiting into `output`, whole, until it holds about `bytesMax`.
    mutating func fill(_ output: inout [UInt8], bytesMax: Int)
    /// A reply came. Throws when it fits nothing that was asked.
    mutating func received(_ reply: RedisReply, at now: Instant) throws(RedisError)
    /// Throws when the connection must be torn down because something took too long.
    mutating func checkDeadlines(at now: Instant) throws(RedisError)
    /// The connection ended; what was sent will not be answered.
    mutating func connectionLost(_ error: RedisError)
    /// There is no connection at present; what is waiting is not to wait longer.
    mutating func refuse(_ error: RedisError)
    /// The loop has ended; nothing may be left waiting.
    mutating func closed()
}
