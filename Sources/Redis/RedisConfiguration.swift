/// Where the server is, who we are, and every bound the client keeps.
///
/// TLS is not supported: hiredis 0.14.1 has none. `rediss://` URLs are refused.
package struct RedisConfiguration: Sendable, Hashable {
    package enum Endpoint: Sendable, Hashable {
        case tcp(host: String, port: Int)
        /// An absolute path of at most 107 bytes.
        case unix(path: String)
    }

    package var endpoint: Endpoint
    /// The nodes of a cluster by which the others are found, `endpoint` among them; empty when nobody
    /// said that it is one.
    package var clusterSeeds: [Endpoint] = []
    /// The ACL user; nil for the default user.
    package var user: String?
    package var password: RedisPassword?
    package var database: Int

    /// Whether commands may go to a replica; if not, connections to one are not made.
    package var acceptsReplica = false
    /// What `CLIENT LIST` shows for our connections. No blanks.
    package var clientName = "portolan"
    /// From the first byte of name resolution to the last answer of the handshake.
    package var connectTimeLimit: Duration = .seconds(1)
    /// From submission to answer, unless a call says otherwise.
    package var commandTimeLimit: Duration = .seconds(1)
    /// How often a connection in use asks the server again whether it is still the same primary.
    package var identityCheckInterval: Duration = .seconds(10)
    /// Wait after the first failed attempt; doubles with each further one.
    package var reconnectDelayMin: Duration = .milliseconds(50)
    package var reconnectDelayMax: Duration = .seconds(5)
    /// Commands and pipelines submitted and not yet answered.
    package var inFlightMax = 16_384
    /// Bytes submitted and not yet handed to the socket.
    package var queuedBytesMax = 128 << 20
    /// Size of one command or pipeline on the wire.
    package var commandBytesMax = 64 << 20
    /// Size of one reply on the wire; a larger one ends the connection.
    package var replyBytesMax = 64 << 20
    /// A subscription that heard nothing for this long asks the server for a sign of life.
    package var subscriptionPingInterval: Duration = .seconds(10)
    /// Messages kept for a consumer that is behind; the oldest are dropped first.
    package var subscriptionBufferMax = 1_024

    package init(
        _ endpoint: Endpoint, user: String? = nil, password: RedisPassword? = nil, database: Int = 0
    ) {
        self.endpoint = endpoint
        self.user = user
        self.password = password
        self.database = database
    }
}

extension RedisConfiguration.Endpoint: CustomStringConvertible {
    /// `host:port`, or the path.
    package var description: String {
        switch self {
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): path
        }
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// Endpoint and database; the user and the password never.
    package var description: String {
        guard clusterSeeds.isEmpty else {
            return "redis+cluster://" + clusterSeeds.map(\.description).joined(separator: ",")
        }
        return switch endpoint {
        case .tcp: "redis://\(endpoint)/\(database)"
        case .unix: "unix://\(endpoint)?db=\(database)"
        }
    }

    package var debugDescription: String { description }
}

/// A password that does not show itself: not in descriptions, not in mirrors.
package struct RedisPassword: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { "<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
