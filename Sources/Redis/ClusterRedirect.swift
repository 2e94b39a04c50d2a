/// Where a cluster's node sends a call instead of executing it.
enum ClusterRedirect: Equatable {
    /// The slot lives there from now on.
    case moved(slot: Int, RedisConfiguration.Endpoint)
    /// This one call only, because the slot is on its way there.
    case ask(slot: Int, RedisConfiguration.Endpoint)

    /// Reads `MOVED 3999 127.0.0.1:6381`; nil when the error is no redirection, or an unreadable one.
    ///
    /// A node that does not know its own host leaves it out: then it is that of `asked`.
    init?(_ error: RedisError, asked: RedisConfiguration.Endpoint) {
        guard error.code == .moved, let words = error.serverMessage?.split(separator: " "), words.count >= 3,
            let slot = Int(words[1]), (0..<KeySlot.count).contains(slot), let colon = words[2].lastIndex(of: ":"),
            let port = Int(words[2][words[2].index(after: colon)...]), (1...65_535).contains(port),
            let endpoint = asked.sibling(host: String(words[2][..<colon]), port: port)
        else { return nil }
        self = words[0] == "ASK" ? .ask(slot: slot, endpoint) : .moved(slot: slot, endpoint)
    }
}

extension RedisConfiguration.Endpoint {
    /// Another node as this one names it; nil when it does not know that node's address.
    func sibling(host: String, port: Int) -> RedisConfiguration.Endpoint? {
        if host == "?" { return nil }
        guard host.isEmpty else { return .tcp(host: host, port: port) }
        guard case .tcp(let own, _) = self else { return .tcp(host: "127.0.0.1", port: port) }
        return .tcp(host: own, port: port)
    }
}
