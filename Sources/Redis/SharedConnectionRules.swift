/// Commands that a connection shared by many callers cannot carry.
enum SharedConnectionRules {
    /// Change what the connection is or what its replies mean, for everybody.
    private static let stateful: Set<String> = [
        "AUTH", "HELLO", "QUIT", "RESET", "SELECT", "MONITOR", "SYNC", "PSYNC", "WATCH", "ASKING",
        "READONLY", "READWRITE",
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE",
    ]

    /// Hold back everybody's replies.
    private static let blocking: Set<String> = [
        "BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT", "WAITAOF",
    ]

    static func check(_ commands: [[RedisArgument]]) throws(RedisError) {
        var isInTransaction = false
        for command in commands {
            guard let name = word(command, 0), !name.isEmpty else {
                throw RedisError(.misuse, "a command has no name")
            }
            let changesReplies = name == "CLIENT" && word(command, 1) == "REPLY"
            guard !stateful.contains(name), !changesReplies else {
                throw RedisError(.misuse, "\(name) would change the connection that all callers share")
            }
            let isStreamRead = name == "XREAD" || name == "XREADGROUP"
            guard !blocking.contains(name), !(isStreamRead && command.indices.contains { word(command, $0) == "BLOCK" })
            else { throw RedisError(.misuse, "\(name) would hold back the replies of all callers") }
            switch name {
            case "MULTI": isInTransaction = true
            case "EXEC", "DISCARD": isInTransaction = false
            default: break
            }
        }
        guard !isInTransaction else {
            throw RedisError(.misuse, "MULTI without EXEC in the same pipeline")
        }
    }

    /// An argument in capitals; nil when there is none or it is too long to be a keyword.
    private static func word(_ command: [RedisArgument], _ index: Int) -> String? {
        guard index < command.count, command[index].bytes.count <= 32 else { return nil }
        return String(decoding: command[index].bytes, as: UTF8.self).uppercased()
    }
}
