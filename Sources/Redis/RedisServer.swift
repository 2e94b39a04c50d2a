import Synchronization

/// Who answers on a connection, as it said itself when the connection was made.
///
/// Why it exists: whoever keeps state in Redis has to know when another server answers, or the same
/// one after it lost its memory. Equal values mean the same connection to the same process; whoever
/// stores an identity stores `runID` and `replicationID`.
package struct RedisServer: Sendable, Hashable {
    /// Made anew by each start of the server.
    package let runID: String
    /// Made anew when a server becomes a primary.
    package let replicationID: String
    /// The connection's ordinal in this process: reconnecting to the same server gives another one.
    package let connection: Int

    package init(runID: String, replicationID: String, connection: Int) {
        self.runID = runID
        self.replicationID = replicationID
        self.connection = connection
    }
}

extension RedisServer {
    private static let connections = Atomic(0)

    /// The identity on a new connection; what the server did not tell is unique to the connection.
    ///
    /// A server that hides itself could be another one behind each connection, so no two are equal.
    static func connected(_ facts: ServerFacts) -> RedisServer {
        let connection = connections.wrappingAdd(1, ordering: .relaxed).newValue
        let unknown = "unknown-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        return RedisServer(
            runID: facts.runID ?? unknown, replicationID: facts.replicationID ?? unknown, connection: connection)
    }
}
