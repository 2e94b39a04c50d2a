package import Logging

/// A Redis Cluster: a `RedisClient` for each primary, and each call sent to where its keys live.
///
/// **Routing.** The keys of one call must share a slot (use a hash tag), else it fails with `misuse`
/// and is not sent. What a node did not execute (`MOVED`, `ASK`, `TRYAGAIN`, `CLUSTERDOWN`, or no
/// connection) is tried again elsewhere or later, within the configured time limit of a command. What a
/// node may have executed is never sent again.
///
/// **Loss.** While a primary is away, calls for its keys fail at once, until the cluster says that
/// another node has taken its place. The other nodes' keys are not concerned.
///
/// **Bound calls** (`on:`) follow no redirection: the keys have another server, so they fail with
/// `serverChanged`, and `server(forKey:)` gives the right one from then on, also while the slot is on
/// its way.
///
/// **Subscriptions** listen at any node, also a replica, and go to another when it is lost.
///
/// Thread-safety: all state is the topology's, behind its mutex.
package final class RedisCluster: RedisService {
    private static let redirectionsMax = 8
    private static let pauseMin = Duration.milliseconds(5)
    private static let pauseMax = Duration.milliseconds(100)

    /// What a call wants of the cluster.
    private struct Call {
        var keys: [RedisArgument] = []
        /// Nil for a call without a key: any primary will do.
        var slot: Int?
        /// The only server it may run on; nil for any.
        var server: RedisServer?
        /// Whether it goes straight to where its keys were redirected before.
        var usesHints = false
    }

    /// Where one attempt goes.
    private struct Attempt {
        let client: RedisClient
        /// Whether the node has to be told that it was asked although the slot is another's.
        let isAsking: Bool
        let timeLimit: Duration
    }

    private let topology: ClusterTopology
    private let subscriptions: RedisSubscriptions
    /// Which primary gets the calls without a key.
    private let preferred = Int.random(in: 0..<1_024)

    /// Starts in the background; never fails and never waits.
    package init(_ configuration: RedisConfiguration, logger: Logger) {
        let topology = ClusterTopology(configuration, logger: logger)
        self.topology = topology
        subscriptions = RedisSubscriptions(configuration, logger: logger) { topology.endpoints }
        topology.requestRefresh()
    }

    package var configuration: RedisConfiguration { topology.configuration }

    /// All addresses known, in random order.
    var endpoints: [RedisConfiguration.Endpoint] { topology.endpoints }

    package func server(forKey key: RedisArgument) async throws(RedisError) -> RedisServer {
        let call = Call(keys: [key], slot: KeySlot.of(key.bytes), usesHints: true)
        return try await route(call) { attempt throws(RedisError) in try await attempt.client.server() }
    }

    package func script(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument], on server: RedisServer?
    ) async throws(RedisError) -> RedisReply {
        let call = Call(keys: keys, slot: try KeySlot.shared(keys), server: server, usesHints: server != nil)
        return try await route(call) { attempt throws(RedisError) in
            try await attempt.client.script(
                script, keys: keys, arguments: arguments, on: server, isAsking: attempt.isAsking,
                timeLimit: attempt.timeLimit)
        }
    }

    package func command(_ arguments: [RedisArgument], key: RedisArgument?) async throws(RedisError) -> RedisReply {
        try SharedConnectionRules.check([arguments])
        let call = Call(keys: key.map { [$0] } ?? [], slot: key.map { KeySlot.of($0.bytes) })
        return try await route(call) { attempt throws(RedisError) in
            let commands = attempt.isAsking ? [["ASKING"], arguments] : [arguments]
            let results = try await attempt.client.perform(commands, on: nil, timeLimit: attempt.timeLimit)
            return try results[commands.count - 1].get()
        }
    }

    package func scanKeys(matching pattern: String) async throws(RedisError) -> [String] {
        // A node redirects no SCAN: an old map would leave keys out in silence.
        let isNew = try await topology.refreshNow()
        guard isNew || topology.isMapKnown else { throw topology.lastFailure }
        var found: Set<String> = []
        for endpoint in topology.primaries {
            found.formUnion(try await topology.client(endpoint).scanKeys(matching: pattern))
        }
        return Array(found)
    }

    package func subscribe(_ channels: [String]) -> AsyncStream<RedisMessage> { subscriptions.subscribe(channels) }

    package func shutdown() async {
        await subscriptions.shutdown()
        await topology.shutdown()
    }

    // MARK: Routing

    /// Sends a call where it belongs until it was executed, may have been, or cannot be in time.
    private func route<Value>(
        _ call: Call, _ body: (Attempt) async throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        let deadline = Instant.now + configuration.commandTimeLimit
        var redirections = 0
        var pause = Self.pauseMin
        var next: (endpoint: RedisConfiguration.Endpoint, isAsking: Bool)?
        while true {
            var endpoint: RedisConfiguration.Endpoint?
            do throws(RedisError) {
                let target = try await target(call, redirected: next, failures: redirections)
                next = nil
                endpoint = target.endpoint
                let timeLimit = max(Instant.now.duration(to: deadline), .milliseconds(1))
                return try await body(
                    Attempt(
                        client: try topology.client(target.endpoint), isAsking: target.isAsking,
                        timeLimit: timeLimit))
            } catch {
                switch error.code {
                case .clusterDown:
                    topology.requestRefresh()
                    guard .now + pause < deadline else { throw error }
                    try await Self.wait(pause)
                    pause = min(pause * 2, Self.pauseMax)
                    next = nil
                case .moved, .unavailable, .readOnly:
                    redirections += 1
                    guard let endpoint, redirections <= Self.redirectionsMax, .now < deadline else { throw error }
                    next = try await redirected(call, from: endpoint, error)
                    guard call.server == nil else { throw Self.serverChanged }
                case .connectionLost, .timedOut, .serverChanged:
                    topology.requestRefresh()
                    throw error
                default: throw error
                }
            }
        }
    }

    /// Where the next attempt goes.
    private func target(
        _ call: Call, redirected: (endpoint: RedisConfiguration.Endpoint, isAsking: Bool)?, failures: Int
    ) async throws(RedisError) -> (endpoint: RedisConfiguration.Endpoint, isAsking: Bool) {
        if let redirected { return redirected }
        if call.slot == nil, let server = call.server {
            guard let endpoint = topology.endpoint(of: server) else { throw Self.serverChanged }
            return (endpoint, false)
        }
        if call.usesHints, let hint = topology.hint(for: call.keys) { return (hint, true) }
        if !topology.isMapKnown {
            guard try await topology.refreshNow() else { throw topology.lastFailure }
        }
        guard let slot = call.slot else {
            let primaries = topology.primaries
            guard !primaries.isEmpty else { throw Self.nobodyServes }
            return (primaries[(preferred + failures) % primaries.count], false)
        }
        guard let owner = topology.owner(ofSlot: slot) else { throw Self.nobodyServes }
        return (owner, false)
    }

    /// Takes in why `endpoint` did not execute the call, and gives where to send it instead; nil for
    /// where the map says by now. Throws the error when there is nowhere else.
    private func redirected(
        _ call: Call, from endpoint: RedisConfiguration.Endpoint, _ error: RedisError
    ) async throws(RedisError) -> (endpoint: RedisConfiguration.Endpoint, isAsking: Bool)? {
        guard error.code == .moved else {
            if call.usesHints { topology.forgetHint(for: call.keys) }
            let isNew = try await topology.refreshNow()
            guard let slot = call.slot else { return nil }
            guard isNew, topology.owner(ofSlot: slot) != endpoint else { throw error }
            return nil
        }
        switch ClusterRedirect(error, asked: endpoint) {
        case .moved(let slot, let owner):
            topology.moved(slot: slot, to: owner)
            topology.requestRefresh()
            return (owner, false)
        case .ask(_, let endpoint):
            if call.usesHints { topology.remember(call.keys, at: endpoint) }
            return (endpoint, true)
        case nil:
            topology.requestRefresh()
            throw error
        }
    }

    private static func wait(_ pause: Duration) async throws(RedisError) {
        do {
            try await Task.sleep(for: pause)
        } catch {
            throw RedisError(.cancelled, "the waiting task was cancelled")
        }
    }

    private static var nobodyServes: RedisError {
        RedisError(.clusterDown, "no node of the cluster serves the key")
    }

    private static var serverChanged: RedisError {
        RedisError(.serverChanged, "the cluster has the keys elsewhere now")
    }
}
