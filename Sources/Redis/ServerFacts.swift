/// What a server tells about itself in its `INFO`; empty where an ACL forbids the question.
struct ServerFacts {
    private var values: [String: String] = [:]

    var runID: String? { values["run_id"] }
    /// A replica has its primary's, and a new one of its own once it is promoted.
    var replicationID: String? { values["master_replid"] }
    var isReplica: Bool { values["role"] == "slave" }
    var isClusterNode: Bool { values["cluster_enabled"] == "1" }
    var isIdentityKnown: Bool { runID != nil && replicationID != nil }

    /// Takes in lines `name:value`; what is no such text is passed over.
    mutating func learn(_ reply: RedisReply) {
        guard let text = try? reply.string else { return }
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
    }
}
