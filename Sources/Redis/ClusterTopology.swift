import Logging
import Synchronization

/// The nodes of a cluster: who serves which slot, and a client for each primary in use.
///
/// Reading the map anew is single-flight and spaced: at most once in `refreshInterval`, and after
/// failures with back-off. A client is made when it is first needed, and dropped when its node is no
/// primary any more and nobody has asked for it for a while.
///
/// Thread-safety: the mutex protects everything and is never held across a suspension.
final class ClusterTopology: Sendable {
    typealias Endpoint = RedisConfiguration.Endpoint

    private static let refreshInterval = Duration.milliseconds(250)
    private static let unusedMax = Duration.seconds(60)
    /// Nodes asked for the map at once; the first answer wins.
    private static let askedMax = 5
    private static let hintLife = Duration.seconds(1)
    private static let hintsMax = 10_000

    private struct Node {
        let client: RedisClient
        var usedAt: Instant
    }

    /// Where a key has gone whose slot is on its way, as the slot's owner told.
    private struct Hint {
        let endpoint: Endpoint
        /// Whether the key was the call's only one: only then is it known of this very key.
        let isAlone: Bool
        let until: Instant
    }

    private struct State {
        var map: ClusterMap?
        var nodes: [Endpoint: Node] = [:]
        var hints: [RedisArgument: Hint] = [:]
        var isRefreshing = false
        var waiters: [PendingCall] = []
        var refreshAllowedAt = Instant.now
        var backoff: ReconnectBackoff
        var lastFailure = RedisError(.unavailable, "the cluster's slots are not known yet")
        var isShutDown = false
    }

    let configuration: RedisConfiguration
    private let seeds: [Endpoint]
    private let logger: Logger
    private let state: Mutex<State>

    init(_ configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        seeds = configuration.clusterSeeds.isEmpty ? [configuration.endpoint] : configuration.clusterSeeds
        let backoff = ReconnectBackoff(
            delayMin: configuration.reconnectDelayMin, delayMax: configuration.reconnectDelayMax)
        state = Mutex(State(backoff: backoff))
    }

    /// All addresses known: primaries and replicas in random order, then the seeds.
    var endpoints: [Endpoint] {
        let map = state.withLock { $0.map }
        let known = ((map?.primaries ?? []) + (map?.replicas ?? [])).shuffled()
        return known + seeds.filter { !known.contains($0) }
    }

    // MARK: Nodes

    func owner(ofSlot slot: Int) -> Endpoint? { state.withLock { $0.map?.owner(ofSlot: slot) } }

    var primaries: [Endpoint] { state.withLock { $0.map?.primaries ?? [] } }

    var isMapKnown: Bool { state.withLock { $0.map != nil } }

    var lastFailure: RedisError { state.withLock { $0.lastFailure } }

    /// The client of one node. Errors: `unavailable` after the shutdown.
    func client(_ endpoint: Endpoint) throws(RedisError) -> RedisClient {
        let client: RedisClient? = state.withLock { state in
            guard !state.isShutDown else { return nil }
            if let node = state.nodes[endpoint] {
                state.nodes[endpoint]?.usedAt = .now
                return node.client
            }
            let client = RedisClient(nodeConfiguration(endpoint, acceptsReplica: false), logger: logger)
            state.nodes[endpoint] = Node(client: client, usedAt: .now)
            return client
        }
        guard let client else { throw CommandMailbox.shutDownError }
        return client
    }

    /// Where this very server is connected, by this very connection.
    func endpoint(of server: RedisServer) -> Endpoint? {
        state.withLock { state in state.nodes.first { $0.value.client.connectedServer == server }?.key }
    }

    func moved(slot: Int, to endpoint: Endpoint) {
        state.withLock { state in
            state.map?.move(slot: slot, to: endpoint)
            state.hints = state.hints.filter { KeySlot.of($0.key.bytes) != slot }
        }
    }

    private func nodeConfiguration(_ endpoint: Endpoint, acceptsReplica: Bool) -> RedisConfiguration {
        var node = configuration
        node.endpoint = endpoint
        node.clusterSeeds = []
        node.database = 0
        node.acceptsReplica = acceptsReplica
        return node
    }

    // MARK: Hints

    /// Remembers where the keys of a redirected call are. Errors of it are harmless: the node there
    /// refuses a call for which it lacks one of several keys, or for a slot that is not on its way to it.
    func remember(_ keys: [RedisArgument], at endpoint: Endpoint) {
        guard let key = keys.first else { return }
        let now = Instant.now
        state.withLock { state in
            if state.hints.count >= Self.hintsMax { state.hints = state.hints.filter { $0.value.until > now } }
            guard state.hints.count < Self.hintsMax else { return }
            let isAlone = Set(keys).count == 1
            state.hints[key] = Hint(endpoint: endpoint, isAlone: isAlone, until: now + Self.hintLife)
        }
    }

    /// Where the first of these keys has gone.
    func hint(for keys: [RedisArgument]) -> Endpoint? {
        guard let key = keys.first else { return nil }
        return state.withLock { state in
            guard let hint = state.hints[key] else { return nil }
            guard hint.until > .now else {
                state.hints[key] = nil
                return nil
            }
            return hint.isAlone || Set(keys).count > 1 ? hint.endpoint : nil
        }
    }

    func forgetHint(for keys: [RedisArgument]) {
        guard let key = keys.first else { return }
        state.withLock { $0.hints[key] = nil }
    }

    // MARK: Refreshing

    /// Has the map read anew, in the background, soon.
    func requestRefresh() {
        let start: Instant? = state.withLock { state in
            guard !state.isRefreshing, !state.isShutDown else { return nil }
            state.isRefreshing = true
            return state.refreshAllowedAt
        }
        guard let start else { return }
        Task { [self] in
            // Only cancellation ends it early, and nobody cancels it.
            try? await Task.sleep(until: start, clock: .continuous)
            await refresh()
        }
    }

    /// Has the map read anew and waits for it. Gives false at once when it was read just now.
    ///
    /// Errors: what kept every node from telling the map; `cancelled`.
    func refreshNow() async throws(RedisError) -> Bool {
        let isAllowed = state.withLock { $0.refreshAllowedAt <= .now }
        guard isAllowed else {
            requestRefresh()
            return false
        }
        let waiter = PendingCall(bytes: [], replyCount: 1, deadline: .now, server: nil)
        let results = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiter.wait(continuation)
                let isShutDown = state.withLock { state in
                    if !state.isShutDown { state.waiters.append(waiter) }
                    return state.isShutDown
                }
                if isShutDown { waiter.fail(CommandMailbox.shutDownError) } else { requestRefresh() }
            }
        } onCancel: {
            waiter.fail(RedisError(.cancelled, "the waiting task was cancelled"))
        }
        _ = try results[0].get()
        return true
    }

    private func refresh() async {
        let result = await readMap()
        let waiters = state.withLock { state in
            let now = Instant.now
            state.isRefreshing = false
            switch result {
            case .success(let map):
                if map != state.map {
                    logger.info("Redis Cluster map read", metadata: ["primaries": "\(map.primaries.count)"])
                }
                state.map = map
                state.backoff.recovered()
                state.refreshAllowedAt = now + Self.refreshInterval
            case .failure(let error):
                logger.warning("Redis Cluster map could not be read", metadata: ["error": "\(error)"])
                state.lastFailure = error
                var randomness = SystemRandomNumberGenerator()
                state.refreshAllowedAt = now + state.backoff.failed(using: &randomness)
            }
            // Whoever uses one of them holds it; it ends with the last of those.
            state.nodes = state.nodes.filter { endpoint, node in
                state.map?.primaries.contains(endpoint) != false || node.usedAt + Self.unusedMax > now
            }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.finish([result.map { _ in .null }])
        }
    }

    /// Asks several nodes at once; an answer without slots counts only if there is no other.
    private func readMap() async -> Result<ClusterMap, RedisError> {
        let asked = endpointsToAsk()
        return await withTaskGroup(of: Result<ClusterMap, RedisError>.self) { group in
            for endpoint in asked {
                group.addTask { [self] in await readMap(from: endpoint) }
            }
            var last = Result<ClusterMap, RedisError>.failure(
                RedisError(.unavailable, "no node of the cluster is known"))
            for await result in group {
                switch result {
                case .success(let map):
                    guard map.primaries.isEmpty else {
                        group.cancelAll()
                        return .success(map)
                    }
                    last = .failure(RedisError(.clusterDown, "the cluster's node serves no slots"))
                case .failure(let error): last = .failure(error)
                }
            }
            return last
        }
    }

    /// Nodes that answer by a connection there is, some others, and some seeds.
    private func endpointsToAsk() -> [Endpoint] {
        let connected = state.withLock { state in
            state.nodes.filter { $0.value.client.connectedServer != nil }.map(\.key)
        }
        let some = Array(connected.shuffled().prefix(2))
        let others = endpoints.filter { !some.contains($0) }
        // The seeds stand last, and one of them may be the only address that still leads anywhere.
        let rest =
            others.count <= Self.askedMax - some.count
            ? others : Array(others.prefix(1)) + seeds.filter { !some.contains($0) }.shuffled()
        var asked = some
        for endpoint in rest where asked.count < Self.askedMax && !asked.contains(endpoint) { asked.append(endpoint) }
        return asked
    }

    /// Asks by the connection there is, else by one made for it, which a replica may answer too.
    private func readMap(from endpoint: Endpoint) async -> Result<ClusterMap, RedisError> {
        let known = state.withLock { $0.nodes[endpoint]?.client }
        let connected = known.flatMap { $0.connectedServer == nil ? nil : $0 }
        let client =
            connected ?? RedisClient(nodeConfiguration(endpoint, acceptsReplica: true), logger: logger)
        do throws(RedisError) {
            return .success(try ClusterMap(try await client.command(["CLUSTER", "SLOTS"]), asked: endpoint))
        } catch {
            return .failure(error)
        }
    }

    // MARK: End

    func shutdown() async {
        let (nodes, waiters) = state.withLock { state in
            state.isShutDown = true
            defer {
                state.nodes = [:]
                state.waiters = []
            }
            return (state.nodes, state.waiters)
        }
        for waiter in waiters { waiter.fail(CommandMailbox.shutDownError) }
        for node in nodes.values { await node.client.shutdown() }
    }
}
