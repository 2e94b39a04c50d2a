/// Commands of many callers on one connection: written together, answered in order.
///
/// A call is *waiting* until its bytes go to the socket and *sent* from then on. The server answers
/// in the order of sending, so the head of the sent calls owns the next reply, cancelled or not.
struct CommandTraffic: ConnectionTraffic {
    private struct SentCall {
        let call: PendingCall
        var replies: CallResults = []
        /// Whether it is our own question to the server, and no caller's.
        var isCheck = false
    }

    private let mailbox: CommandMailbox
    private let configuration: RedisConfiguration
    private var waiting = FIFO<PendingCall>()
    private var sent = FIFO<SentCall>()
    private var isStopping = false
    private var server: RedisServer?
    /// Whether the connection ends once what was sent is answered: the server has changed its role.
    private var isGivenUp = false
    /// When to ask the server again who it is; nil when it does not tell.
    private var checkDueAt: Instant?
    /// No deadline of a live call is earlier. It may be that of a call already answered: then the
    /// check finds nothing and looks for the true one, at most once per time limit.
    private(set) var nextDeadline: Instant?

    init(mailbox: CommandMailbox, configuration: RedisConfiguration) {
        self.mailbox = mailbox
        self.configuration = configuration
    }

    var acceptsReplica: Bool { configuration.acceptsReplica }

    var isWaiting: Bool { !waiting.isEmpty }

    var isFinished: Bool { isStopping && waiting.isEmpty && sent.isEmpty }

    mutating func takeInbox() {
        let (calls, isStopping) = mailbox.take()
        self.isStopping = isStopping
        for call in calls {
            waiting.append(call)
            nextDeadline = nextDeadline.map { min($0, call.deadline) } ?? call.deadline
        }
    }

    mutating func connected(to facts: ServerFacts, at now: Instant) {
        let server = RedisServer.connected(facts)
        self.server = server
        isGivenUp = false
        checkDueAt = facts.isIdentityKnown ? now + configuration.identityCheckInterval : nil
        mailbox.connected(to: server, isClusterNode: facts.isClusterNode)
    }

    mutating func fill(_ output: inout [UInt8], bytesMax: Int) {
        guard !isGivenUp else { return }
        askWhoIsThere(&output)
        var released = 0
        var dropped = 0
        var ended: [(PendingCall, Result<RedisReply, RedisError>)] = []
        while output.count < bytesMax, let call = waiting.popFirst() {
            released += call.bytes.count
            if call.isFinished {
                dropped += 1
            } else if let wanted = call.server, wanted != server {
                dropped += 1
                ended.append((call, .failure(RedisError(.serverChanged, "another server or connection answers now"))))
            } else if call.bytes.isEmpty {
                dropped += 1
                ended.append((call, .success(.null)))
            } else {
                output.append(contentsOf: call.bytes)
                sent.append(SentCall(call: call))
            }
        }
        if released > 0 || dropped > 0 { mailbox.release(calls: dropped, bytes: released) }
        for (call, result) in ended { call.finish(Array(repeating: result, count: call.replyCount)) }
    }

    mutating func received(_ reply: RedisReply, at now: Instant) throws(RedisError) {
        guard !sent.isEmpty else {
            throw RedisError(.protocolViolation, "the server sent a reply that nobody asked for")
        }
        let result: Result<RedisReply, RedisError> =
            if case .error(let text) = reply { .failure(.fromServer(text)) } else { .success(reply) }
        let isComplete = sent.withFirst { head in
            head.replies.append(result)
            return head.replies.count == head.call.replyCount
        }
        if isComplete, let done = sent.popFirst() {
            if done.isCheck {
                judge(reply)
            } else {
                mailbox.release(calls: 1)
                done.call.finish(done.replies)
            }
        }
        if reply.isReadOnlyRefusal { isGivenUp = true }
        if isGivenUp, sent.isEmpty {
            throw RedisError(.connectionLost, "given up because the server has changed its role")
        }
    }

    /// Now and then, before calls, asks the server again: it may have been made a replica and a primary
    /// again meanwhile, and then those who connect now know it by another name than we do.
    private mutating func askWhoIsThere(_ output: inout [UInt8]) {
        guard let due = checkDueAt, !waiting.isEmpty, due <= .now else { return }
        let now = Instant.now
        checkDueAt = now + configuration.identityCheckInterval
        var bytes: [UInt8] = []
        CommandEncoder.append(["INFO", "replication"], to: &bytes)
        output.append(contentsOf: bytes)
        let deadline = now + configuration.commandTimeLimit
        sent.append(
            SentCall(
                call: PendingCall(bytes: bytes, replyCount: 1, deadline: deadline, server: nil), isCheck: true))
        nextDeadline = nextDeadline.map { min($0, deadline) } ?? deadline
    }

    private mutating func judge(_ reply: RedisReply) {
        var facts = ServerFacts()
        facts.learn(reply)
        guard let replicationID = facts.replicationID else { return }
        if replicationID != server?.replicationID || facts.isReplica && !acceptsReplica { isGivenUp = true }
    }

    /// A sent call that is late ends the connection: its answer could be taken for the next one's.
    mutating func checkDeadlines(at now: Instant) throws(RedisError) {
        guard let deadline = nextDeadline, deadline <= now else { return }
        for call in waiting.extract(where: { $0.deadline <= now }) {
            mailbox.release(calls: 1, bytes: call.bytes.count)
            call.fail(RedisError(.unavailable, "the command could not be sent within its time limit"))
        }
        let late = sent.extract { $0.call.deadline <= now }
        for entry in late {
            release(entry)
            entry.call.fail(
                RedisError(.timedOut, "no answer within the time limit", outcomeUnknown: true), after: entry.replies)
        }
        var earliest: Instant?
        waiting.forEach { earliest = min(earliest ?? $0.deadline, $0.deadline) }
        sent.forEach { earliest = min(earliest ?? $0.call.deadline, $0.call.deadline) }
        nextDeadline = earliest
        guard late.isEmpty else {
            throw RedisError(.connectionLost, "torn down because a command got no answer in time")
        }
    }

    mutating func connectionLost(_ error: RedisError) {
        server = nil
        mailbox.disconnected()
        let lost = RedisError(.connectionLost, error.message, outcomeUnknown: true)
        while let entry = sent.popFirst() {
            release(entry)
            entry.call.fail(lost, after: entry.replies)
        }
    }

    /// Makes room; our own question took none.
    private func release(_ entry: SentCall) {
        if !entry.isCheck { mailbox.release(calls: 1) }
    }

    mutating func refuse(_ error: RedisError) {
        while let call = waiting.popFirst() {
            mailbox.release(calls: 1, bytes: call.bytes.count)
            call.fail(error)
        }
    }

    // Nothing can be left: once the stop has been seen, no call is taken in.
    mutating func closed() { mailbox.close() }
}
