package import Logging

/// A Redis Cluster of our own on loopback: primaries without replicas, which share the slots evenly.
///
/// A node that was killed and is started again keeps its slots and loses its data.
///
/// **Thread**: callable from anywhere, one call after the other; nothing blocks an executor.
package final class LocalRedisCluster: Sendable {
    /// The primaries, in the order of their slots.
    package let nodes: [LocalRedis]
    /// The password clients have to give; nil when there is none.
    package let password: String?

    private static let slotCount = 16_384

    private init(nodes: [LocalRedis], password: String?) {
        self.nodes = nodes
        self.password = password
    }

    /// `redis+cluster://127.0.0.1:port,127.0.0.1:port…`, with a password `redis+cluster://default:password@…`.
    package var url: String {
        let credentials = password.map { "default:\(URLText.encoded($0))@" } ?? ""
        let addresses = nodes.compactMap { $0.port.map { "\(LoopbackPort.host):\($0)" } }
        return "redis+cluster://\(credentials)\(addresses.joined(separator: ","))"
    }

    /// Starts the nodes in folders below `folder`, joins them, and waits until all of them serve.
    ///
    /// That takes about three seconds: a node waits two before it trusts the others.
    ///
    /// **Errors**: as `LocalRedis.start`; `notReady` when they do not serve within 30 seconds.
    package static func start(
        in folder: String, nodeCount: Int = 3, settings: [String: String] = [:], password: String? = nil,
        logger: Logger = Logger(label: "portolan.local-servers")
    ) async throws(LocalServerError) -> LocalRedisCluster {
        var nodes: [LocalRedis] = []
        do throws(LocalServerError) {
            for index in 0..<nodeCount {
                nodes.append(
                    try await startNode(
                        in: "\(folder)/node-\(index + 1)", settings: settings, password: password, logger: logger))
            }
            let cluster = LocalRedisCluster(nodes: nodes, password: password)
            try await cluster.join()
            return cluster
        } catch {
            for node in nodes { await node.stop() }
            throw error
        }
    }

    /// Shuts all nodes down and gives their folders free.
    package func stop() async {
        for node in nodes { await node.stop() }
    }

    /// Waits until every node knows all the others and says that all slots are served.
    ///
    /// **Errors**: `notReady` after 30 seconds.
    package func waitUntilServing() async throws(LocalServerError) {
        let deadline = ContinuousClock.now + .seconds(30)
        for node in nodes {
            while true {
                let facts = try await node.command(["cluster", "info"])
                if facts.contains("cluster_state:ok"), facts.contains("cluster_known_nodes:\(nodes.count)") { break }
                guard ContinuousClock.now < deadline else {
                    throw LocalServerError(.notReady, "The cluster did not serve within 30 seconds.", log: facts)
                }
                guard (try? await Task.sleep(for: .milliseconds(50))) != nil else {
                    throw LocalServerError(.cancelled, "The cluster was cancelled while it formed.")
                }
            }
        }
    }

    private static func startNode(
        in folder: String, settings: [String: String], password: String?, logger: Logger
    ) async throws(LocalServerError) -> LocalRedis {
        // Both ports may be lost to somebody faster.
        let node = try await LoopbackPort.retrying(when: true) { busPort throws(LocalServerError) in
            var all = [
                "cluster-enabled": "yes", "cluster-node-timeout": "2000", "cluster-announce-ip": LoopbackPort.host,
                // Not the client's port and 10,000, which would be too high a number for many a free port.
                "cluster-port": String(busPort ?? 0),
            ]
            all.merge(settings) { $1 }
            return try await LocalRedis.start(
                in: folder, settings: all, password: password, listensOnLoopback: true, logger: logger)
        }
        do throws(LocalServerError) {
            // What an earlier run has left in the folder.
            try await node.command(["cluster", "reset", "hard"])
        } catch {
            await node.stop()
            throw error
        }
        return node
    }

    private func join() async throws(LocalServerError) {
        for (index, node) in nodes.enumerated() {
            let first = Self.slotCount * index / nodes.count
            let last = Self.slotCount * (index + 1) / nodes.count - 1
            try await node.command(["cluster", "addslotsrange", String(first), String(last)])
            try await node.command(["cluster", "set-config-epoch", String(index + 1)])
        }
        for node in nodes.dropFirst() {
            guard let port = node.port else { continue }
            let busPort = try await node.command(["config", "get", "cluster-port"]).last ?? ""
            try await nodes[0].command(["cluster", "meet", LoopbackPort.host, String(port), busPort])
        }
        try await waitUntilServing()
    }
}
