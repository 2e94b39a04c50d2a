/// Commands of many callers on one connection: written together, answered in order.
///
/// A call is *waiting* until its bytes go to the socket and *sent* from then on. The server answers
/// in the order of sending, so the head of the sent calls owns the next reply, cancelled or not.
struct CommandTraffic: ConnectionTraffic {
    private struct SentCall {
        let call: PendingCall
        var replies: CallResults = []
    }

    private let mailbox: CommandMailbox
    private var waiting = FIFO<PendingCall>()
    private var sent = FIFO<SentCall>()
    private var isStopping = false
    /// No deadline of a live call is earlier. It may be that of a call already answered: then the
    /// check finds nothing and looks for the true one, at most once per time limit.
    private(set) var nextDeadline: Instant?

    init(mailbox: CommandMailbox) { self.mailbox = mailbox }

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

    mutating func connected(at now: Instant) {}

    mutating func fill(_ output: inout [UInt8], bytesMax: Int) {
        var released = 0
        var dropped = 0
        while output.count < bytesMax, let call = waiting.popFirst() {
            released += call.bytes.count
            if call.isFinished {
                dropped += 1
            } else {
                output.append(contentsOf: call.bytes)
                sent.append(SentCall(call: call))
            }
        }
        if released > 0 { mailbox.release(calls: dropped, bytes: released) }
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
        guard isComplete, let done = sent.popFirst() else { return }
        mailbox.release(calls: 1)
        done.call.finish(done.replies)
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
            mailbox.release(calls: 1)
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
        let lost = RedisError(.connectionLost, error.message, outcomeUnknown: true)
        while let entry = sent.popFirst() {
            mailbox.release(calls: 1)
            entry.call.fail(lost, after: entry.replies)
        }
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
