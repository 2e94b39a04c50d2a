internal import CLibPQ

/// How to reach a database, and the limits of a connection to it.
///
/// Every option of libpq passes through, TLS options included (`sslmode`, `sslrootcert`, `channel_binding` …), as do
/// its environment variables, service file and password file. No form of printing shows the password.
package struct PostgresConfiguration: Sendable {
    /// TCP keepalives, so that a peer that vanished is noticed while a statement runs. libpq's own options, when the
    /// URL sets them, win.
    package struct Keepalives: Sendable {
        /// Seconds of silence before the first probe.
        package var idleSeconds = 30
        package var intervalSeconds = 10
        package var probeCount = 3
        /// Milliseconds that sent data may stay unacknowledged (Linux `TCP_USER_TIMEOUT`).
        package var unacknowledgedMilliseconds = 60_000

        package init() {}
    }

    /// Shown in `pg_stat_activity`; an `application_name` in the URL wins.
    package var applicationName = "portolan"
    /// From the first packet to a usable session. Resolving a host name blocks in libpq before that; the resolver's
    /// own time limit applies there.
    package var connectTimeLimit: Duration = .seconds(10)
    /// The default time limit of a statement, seen from here; nil for none. When it passes, the statement is cancelled
    /// on the server. The server gets it as `statement_timeout` too, a second later, in case this process dies.
    package var statementTimeLimit: Duration? = .seconds(60)
    /// How long a cancelled statement may take to end before its connection is dropped.
    package var cancelGrace: Duration = .seconds(5)
    package var keepalives = Keepalives()
    /// False behind a pooler in transaction mode (PgBouncer before 1.21), where a prepared statement stays behind on
    /// one of many server sessions: statements are then sent unnamed, and no start-up options are sent. With true,
    /// a pooler is recognised by its foreign backend id or by its refusal of options, and treated the same.
    package var preparedStatements = true

    private let options: [Option]

    private struct Option: Sendable {
        let keyword: String
        let value: String
    }

    /// Reads a URL (`postgresql://…`) or a `key=value` string.
    ///
    /// **Errors**: `configuration` if libpq cannot read it. The reason is not repeated: it may quote the password.
    package init(url: String) throws(PostgresError) {
        guard let parsed = Self.parse(url) else {
            throw PostgresError(.configuration, "the connection string is malformed")
        }
        options = parsed
        if let text = self["connect_timeout"], let seconds = Int(text), seconds > 0 {
            connectTimeLimit = .seconds(seconds)
        }
    }

    private subscript(keyword: String) -> String? {
        options.last { $0.keyword == keyword }?.value
    }

    private static func parse(_ url: String) -> [Option]? {
        guard let parsed = PQconninfoParse(url, nil) else { return nil }
        defer { PQconninfoFree(parsed) }
        var options: [Option] = []
        var entry = parsed
        while let keyword = entry.pointee.keyword {
            if let value = entry.pointee.val {
                options.append(Option(keyword: String(cString: keyword), value: String(cString: value)))
            }
            entry += 1
        }
        return options
    }

    /// The keywords and values to connect with. Holds the password.
    func connectionParameters(withStartupOptions: Bool) -> [(keyword: String, value: String)] {
        var parameters = [
            ("application_name", applicationName),
            ("keepalives", "1"),
            ("keepalives_idle", "\(keepalives.idleSeconds)"),
            ("keepalives_interval", "\(keepalives.intervalSeconds)"),
            ("keepalives_count", "\(keepalives.probeCount)"),
            ("tcp_user_timeout", "\(keepalives.unacknowledgedMilliseconds)"),
        ]
        parameters += options.map { ($0.keyword, $0.value) }
        // Text is exchanged as Swift's String is: UTF-8, whatever the environment says.
        parameters.append(("client_encoding", "UTF8"))
        if withStartupOptions, let milliseconds = serverTimeLimitMilliseconds {
            let given = self["options"].map { $0 + " " } ?? ""
            parameters.append(("options", given + "-c statement_timeout=\(milliseconds)"))
        }
        // libpq takes the last of equal keywords, but warns of none: keep one of each.
        var merged: [(keyword: String, value: String)] = []
        for (keyword, value) in parameters {
            merged.removeAll { $0.keyword == keyword }
            merged.append((keyword, value))
        }
        return merged
    }

    /// The server's own limit: a second after ours, so that ours is the one that speaks.
    var serverTimeLimitMilliseconds: Int? {
        statementTimeLimit.map { Self.serverMilliseconds(for: $0) }
    }

    static func serverMilliseconds(for limit: Duration) -> Int {
        let milliseconds = (limit + .seconds(1)).components
        let total = Double(milliseconds.seconds) * 1000 + Double(milliseconds.attoseconds) / 1e15
        return Int(min(max(total.rounded(.up), 1), Double(Int32.max)))
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Where it leads, never with which password.
    package var description: String {
        let shown = ["host", "hostaddr", "port", "dbname", "user", "sslmode", "service"]
        let parts = shown.compactMap { keyword in self[keyword].map { "\(keyword)=\($0)" } }
        return "PostgresConfiguration(" + parts.joined(separator: " ") + ")"
    }

    package var debugDescription: String { description }
    /// Keeps `dump` and string interpolation of containers from reaching the stored options.
    package var customMirror: Mirror { Mirror(self, children: ["target": description]) }
}
