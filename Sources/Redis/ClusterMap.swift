/// Which primary serves which slot, as one node of the cluster tells it.
struct ClusterMap: Sendable, Equatable {
    typealias Endpoint = RedisConfiguration.Endpoint

    /// Each once.
    private(set) var primaries: [Endpoint] = []
    /// May serve subscriptions.
    private(set) var replicas: [Endpoint] = []
    /// For each slot, where its primary stands in `primaries`; -1 for nobody.
    private var owners = [Int32](repeating: -1, count: KeySlot.count)

    /// Reads the answer of `CLUSTER SLOTS`; slots whose node has no known address have no owner.
    ///
    /// Errors: `protocolViolation`.
    init(_ reply: RedisReply, asked: Endpoint) throws(RedisError) {
        for range in try reply.array {
            let parts = try range.array
            guard parts.count >= 3 else { throw Self.unreadable }
            let (first, last) = (try parts[0].integer, try parts[1].integer)
            guard first >= 0, last < KeySlot.count, first <= last else { throw Self.unreadable }
            for replica in parts[3...] {
                guard let endpoint = try Self.endpoint(replica, asked: asked), !replicas.contains(endpoint) else {
                    continue
                }
                replicas.append(endpoint)
            }
            guard let primary = try Self.endpoint(parts[2], asked: asked) else { continue }
            let index = indexOf(primary)
            for slot in Int(first)...Int(last) { owners[slot] = index }
        }
    }

    func owner(ofSlot slot: Int) -> Endpoint? {
        owners[slot] < 0 ? nil : primaries[Int(owners[slot])]
    }

    /// Takes over what a redirection has told.
    mutating func move(slot: Int, to endpoint: Endpoint) {
        owners[slot] = indexOf(endpoint)
    }

    private mutating func indexOf(_ primary: Endpoint) -> Int32 {
        if let index = primaries.firstIndex(of: primary) { return Int32(index) }
        primaries.append(primary)
        return Int32(primaries.count - 1)
    }

    private static func endpoint(_ node: RedisReply, asked: Endpoint) throws(RedisError) -> Endpoint? {
        let parts = try node.array
        guard parts.count >= 2 else { throw unreadable }
        let port = try parts[1].integer
        guard (1...65_535).contains(port) else { return nil }
        return asked.sibling(host: try parts[0].optional?.string ?? "", port: Int(port))
    }

    private static var unreadable: RedisError {
        RedisError(.protocolViolation, "the answer of CLUSTER SLOTS is not a list of slots")
    }
}
