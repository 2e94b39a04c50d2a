/// What is said first on each new connection: who we are, which database, our name.
///
/// All is sent at once; the answers are judged one by one.
struct Handshake {
    private enum Step { case authenticate, selectDatabase, setName }

    private var steps: [Step] = []
    private(set) var bytes: [UInt8] = []

    init(_ configuration: RedisConfiguration) {
        if let password = configuration.password {
            let user = configuration.user.map { [RedisArgument($0)] } ?? []
            add(.authenticate, ["AUTH"] + user + [RedisArgument(password.value)])
        }
        if configuration.database != 0 { add(.selectDatabase, ["SELECT", RedisArgument(configuration.database)]) }
        add(.setName, ["CLIENT", "SETNAME", RedisArgument(configuration.clientName)])
    }

    private mutating func add(_ step: Step, _ arguments: [RedisArgument]) {
        steps.append(step)
        CommandEncoder.append(arguments, to: &bytes)
    }

    /// Judges one answer and tells whether it was the last.
    mutating func answered(_ reply: RedisReply) throws(RedisError) -> Bool {
        let step = steps.removeFirst()
        guard case .error(let text) = reply else { return steps.isEmpty }
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
        }
        return steps.isEmpty
    }
}
