/// A subscription to a fixed set of channels, made anew on each connection.
struct SubscriptionTraffic: ConnectionTraffic {
    private let channels: [String]
    private let pingInterval: Duration
    private let answerTimeLimit: Duration
    private let control: SubscriptionControl
    private let continuation: AsyncStream<RedisMessage>.Continuation

    private var waitingBytes: [UInt8] = []
    private var unconfirmed = 0
    /// Whether the server owes us an answer: then `nextDeadline` ends the connection, and otherwise
    /// it is when to ask. Without it a peer that vanished without a word would never be noticed.
    private var isAnswerOwed = false
    private(set) var nextDeadline: Instant?

    init(
        channels: [String], configuration: RedisConfiguration, control: SubscriptionControl,
        continuation: AsyncStream<RedisMessage>.Continuation
    ) {
        self.channels = channels
        self.control = control
        self.continuation = continuation
        pingInterval = configuration.subscriptionPingInterval
        answerTimeLimit = configuration.commandTimeLimit
    }

    var acceptsReplica: Bool { true }

    /// Hints are not worth hammering a server for: back-off alone decides about attempts.
    var isWaiting: Bool { false }

    var isFinished: Bool { control.isStopping }

    mutating func takeInbox() {}

    mutating func connected(to facts: ServerFacts, at now: Instant) {
        waitingBytes = []
        CommandEncoder.append(["SUBSCRIBE"] + channels.map { RedisArgument($0) }, to: &waitingBytes)
        unconfirmed = channels.count
        isAnswerOwed = true
        nextDeadline = now + answerTimeLimit
    }

    mutating func fill(_ output: inout [UInt8], bytesMax: Int) {
        output.append(contentsOf: waitingBytes)
        waitingBytes = []
    }

    mutating func received(_ reply: RedisReply, at now: Instant) throws(RedisError) {
        let parts = try reply.array
        guard parts.count >= 2 else { throw RedisError(.protocolViolation, "a pushed message is too short") }
        switch try parts[0].string {
        case "subscribe":
            unconfirmed -= 1
            if unconfirmed == 0 { continuation.yield(.connected) }
        case "message":
            guard parts.count == 3 else { throw RedisError(.protocolViolation, "a pushed message has no payload") }
            continuation.yield(.message(channel: try parts[1].string, payload: try parts[2].bytes))
        default: break
        }
        guard unconfirmed == 0 else { return }
        isAnswerOwed = false
        nextDeadline = now + pingInterval
    }

    mutating func checkDeadlines(at now: Instant) throws(RedisError) {
        guard let deadline = nextDeadline, deadline <= now else { return }
        if isAnswerOwed { throw RedisError(.connectionLost, "the server gives no sign of life") }
        CommandEncoder.append(["PING"], to: &waitingBytes)
        isAnswerOwed = true
        nextDeadline = now + answerTimeLimit
    }

    mutating func connectionLost(_ error: RedisError) {
        waitingBytes = []
        isAnswerOwed = false
        nextDeadline = nil
    }

    mutating func refuse(_ error: RedisError) {}

    mutating func closed() {
        continuation.finish()
        control.close()
    }
}
