package import Logging

extension LocalRedis {
    /// Starts a replica of `primary`, which must listen on loopback, and waits until it has all of its data.
    ///
    /// The primary's replication is set to begin without delay. A replica that is started again by `restart` is none
    /// any more; `replicate` makes it one.
    ///
    /// **Errors**: as `start`; `invalidSetting` when the primary does not listen on loopback.
    package static func startReplica(
        of primary: LocalRedis, in folder: String, settings: [String: String] = [:],
        logger: Logger = Logger(label: "portolan.local-servers")
    ) async throws(LocalServerError) -> LocalRedis {
        let replica = try await start(
            in: folder, settings: settings, password: primary.password, listensOnLoopback: true, logger: logger)
        do throws(LocalServerError) {
            try await replica.replicate(primary)
        } catch {
            await replica.stop()
            throw error
        }
        return replica
    }

    /// Becomes a replica of `primary` and waits until it has all of its data. Its own data is lost.
    ///
    /// **Errors**: `invalidSetting` when the primary does not listen on loopback; `commandFailed`; `notReady` when the
    /// data is not there within 20 seconds.
    package func replicate(_ primary: LocalRedis) async throws(LocalServerError) {
        guard let port = primary.port else {
            throw LocalServerError(.invalidSetting, "A primary has to listen on loopback to have replicas.")
        }
        // Diskless replication waits five seconds for further replicas unless told otherwise.
        try await primary.command(["config", "set", "repl-diskless-sync-delay", "0"])
        if let password = primary.password { try await command(["config", "set", "masterauth", password]) }
        try await command(["replicaof", LoopbackPort.host, String(port)])
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !command(["info", "replication"]).contains(where: { $0.hasPrefix("master_link_status:up") }) {
            guard ContinuousClock.now < deadline else {
                throw LocalServerError(.notReady, "The replica was not in step with its primary within 20 seconds.")
            }
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else {
                throw LocalServerError(.cancelled, "The replica was cancelled while it caught up.")
            }
        }
    }

    /// Cuts a replica off: it stays one and keeps what it has, but hears nothing of its primary any more.
    ///
    /// **Errors**: `commandFailed`.
    package func cutOff() async throws(LocalServerError) {
        // Nobody listens on port 1, and a replica drops its data only when a new primary sends some.
        try await command(["replicaof", LoopbackPort.host, "1"])
    }

    /// Makes a replica a primary, with the data it has.
    ///
    /// **Errors**: `commandFailed`.
    package func promote() async throws(LocalServerError) {
        try await command(["replicaof", "no", "one"])
    }
}
