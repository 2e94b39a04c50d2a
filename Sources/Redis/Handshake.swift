/// What is said first on each new connection: who we are, which database, our name; and who is there.
///
/// All is sent at once; the answers are judged one by one.
struct Handshake {
    private enum Step { case authenticate, selectDatabase, setName, askServer }

    private var steps: [Step] = []
    private(set) var bytes: [UInt8] = []
    private(set) var facts = ServerFacts()
    private let acceptsReplica: Bool

    init(_ configuration: RedisConfiguration, acceptsReplica: Bool) {
        self.acceptsReplica = acceptsReplica
        if let password = configuration.password {
            let user = configuration.user.map { [RedisArgument($0)] } ?? []
            add(.authenticate, ["AUTH"] + user + [RedisArgument(password.value)])
        }
        if configuration.database != 0 { add(.selectDatabase, ["SELECT", RedisArgument(configuration.database)]) }
        add(.setName, ["CLIENT", "SETNAME", RedisArgument(configuration.clientName)])
        for section: RedisArgument in ["server", "replication", "cluster"] { add(.askServer, ["INFO", section]) }
    }

    private mutating func add(_ step: Step, _ arguments: [RedisArgument]) {
        steps.append(step)
        CommandEncoder.append(arguments, to: &bytes)
    }

    /// Judges one answer and tells whether it was the last.
    mutating func answered(_ reply: RedisReply) throws(RedisError) -> Bool {
        let step = steps.removeFirst()
        guard case .error(let text) = reply else {
            if step == .askServer { facts.learn(reply) }
            // Not only because writes will fail: once promoted it would go by another replication ID.
            guard acceptsReplica || !facts.isReplica else {
                throw RedisError(.readOnly, "the server is a replica")
            }
            return steps.isEmpty
        }
        let error = RedisError.fromServer(text)
        if error.code == .authenticationFailed { throw error }
        switch step {
        case .authenticate:
            throw RedisError(.authenticationFailed, "the server refused the credentials", serverMessage: text)
        case .selectDatabase:
            throw RedisError(.unavailable, "the server refused the database", serverMessage: error.serverMessage)
        case .setName:
            // The name is a convenience that an ACL may forbid; any other refusal is about us.
            guard error.serverKind == "NOPERM" || text.hasPrefix("ERR Client names") else {
                throw RedisError(
                    .unavailable, "the server refused the connection", serverMessage: error.serverMessage)
            }
        // An ACL may forbid it, and a renamed command is unknown: then nobody knows who answers.
        case .askServer: break
        }
        return steps.isEmpty
    }
}
