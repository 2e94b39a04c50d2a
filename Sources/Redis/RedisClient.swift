package import Logging

/// A Redis server, reached over one multiplexed connection that repairs itself.
///
/// The commands of all tasks are written together and answered in order, so throughput grows with
/// the number of callers and nobody waits for a connection of a pool. The connection lives on a
/// thread of its own; no method blocks the caller's executor.
///
/// **Loss.** Commands that were sent fail with `connectionLost` (the server may have executed them);
/// commands not yet sent wait for the attempt to reconnect and fail with `unavailable` if it fails.
/// Between attempts, which are spaced by back-off with jitter, commands fail at once. Nothing is
/// sent twice.
///
/// **Time.** A command without an answer in its time limit fails with `timedOut`, and the connection
/// is torn down with all that is in flight, because later answers could no longer be told apart.
///
/// **Cancellation.** The caller returns at once with `cancelled`; the answer is dropped when it comes.
///
/// **Identity.** Each connection begins by asking who answers; a call may be bound to that server and
/// that connection. Replicas are not connected to, and a server that refuses a write because it has become
/// one loses its connection; the next attempt resolves the name anew.
///
/// **Not supported** by hiredis 0.14.1 or by design: TLS, RESP3, redirections of a cluster (see `RedisCluster`), and commands
/// that change or block the shared connection (`SUBSCRIBE`, `BLPOP`, `SELECT`, `WATCH` …), which fail
/// with `misuse`. `MULTI` … `EXEC` works inside one pipeline.
package final class RedisClient: Sendable {
    package let configuration: RedisConfiguration
    let logger: Logger
    private let mailbox: CommandMailbox
    let subscriptions: RedisSubscriptions

    /// Starts to connect in the background; never fails and never waits.
    ///
    /// `randomness` decides the jitter of reconnection only.
    package init(
        _ configuration: RedisConfiguration, logger: Logger,
        randomness: some RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        let mailbox = CommandMailbox(
            inFlightMax: configuration.inFlightMax, queuedBytesMax: configuration.queuedBytesMax)
        self.configuration = configuration
        self.logger = logger
        self.mailbox = mailbox
        subscriptions = RedisSubscriptions(configuration, logger: logger) { [configuration.endpoint] }
        OwnThread.start(name: "redis") {
            var loop = ConnectionLoop(
                configuration, traffic: CommandTraffic(mailbox: mailbox, configuration: configuration),
                wakeUp: mailbox.wakeUp, logger: logger,
                randomness: randomness, endpoints: { [configuration.endpoint] })
            loop.run()
        }
    }

    deinit {
        // Nobody can be waiting: a waiting caller holds the client.
        mailbox.stop()
    }

    /// Runs one command and gives its reply; an error reply is thrown.
    ///
    /// `timeLimit` replaces the configured one, for commands known to be slow.
    ///
    /// Errors: any code of `RedisError`.
    package func command(
        _ arguments: [RedisArgument], timeLimit: Duration? = nil
    ) async throws(RedisError) -> RedisReply {
        try SharedConnectionRules.check([arguments])
        return try await perform([arguments], on: nil, timeLimit: timeLimit)[0].get()
    }

    /// Runs commands in order in one round trip and gives a result for each.
    ///
    /// They are adjacent on the connection but not a transaction: one may fail and the next succeed.
    /// After a loss in the middle the replies that came are kept.
    package func pipeline(
        _ commands: [[RedisArgument]], timeLimit: Duration? = nil
    ) async -> [Result<RedisReply, RedisError>] {
        do throws(RedisError) {
            try SharedConnectionRules.check(commands)
            return try await perform(commands, on: nil, timeLimit: timeLimit)
        } catch {
            return Array(repeating: .failure(error), count: commands.count)
        }
    }

    /// Refuses new commands, lets those in flight end (their time limits bound that), ends all
    /// subscriptions and closes the connections.
    package func shutdown() async {
        mailbox.stop()
        await subscriptions.shutdown()
        await mailbox.waitUntilClosed()
    }

    /// Who answers on the live connection; nil while there is none.
    var connectedServer: RedisServer? { mailbox.server }

    /// Whether the server that answered last is a node of a cluster.
    var isClusterNode: Bool { mailbox.isClusterNode }

    /// Who answers on the live connection; waits, as a command does, for the one being made.
    ///
    /// Errors: those of a command that could not be sent.
    package func server() async throws(RedisError) -> RedisServer {
        let deadline = Instant.now + configuration.commandTimeLimit
        while true {
            if let server = mailbox.server { return server }
            _ = try await send(PendingCall(bytes: [], replyCount: 1, deadline: deadline, server: nil))[0].get()
        }
    }

    /// Sends commands in order; with `server`, only on that connection to it. They must keep the
    /// rules of the shared connection.
    func perform(
        _ commands: [[RedisArgument]], on server: RedisServer?, timeLimit: Duration?
    ) async throws(RedisError) -> CallResults {
        guard !commands.isEmpty else { return [] }
        let size = commands.reduce(0) { $0 + CommandEncoder.sizeBound($1) }
        guard size <= configuration.commandBytesMax else {
            throw RedisError(.misuse, "the command is over \(configuration.commandBytesMax) bytes")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        for command in commands { CommandEncoder.append(command, to: &bytes) }
        return await send(
            PendingCall(
                bytes: bytes, replyCount: commands.count,
                deadline: .now + (timeLimit ?? configuration.commandTimeLimit), server: server))
    }

    private func send(_ call: PendingCall) async -> CallResults {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                call.wait(continuation)
                if !call.isFinished { mailbox.submit(call) }
            }
        } onCancel: {
            call.fail(RedisError(.cancelled, "the waiting task was cancelled", outcomeUnknown: true))
        }
    }
}
