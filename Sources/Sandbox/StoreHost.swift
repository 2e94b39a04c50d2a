internal import Dispatch
internal import FoundationEssentials
internal import Platforms

/// One simulated merchant with a thread of control of its own.
///
/// A store's work is plain computation that may take long, so it does not run on Swift's shared executor: there,
/// as many slow stores as there are cores would hold up every connection. The store itself is made when it is
/// first needed, so that a plan with thousands of them starts at once.
actor StoreHost {
    nonisolated let spec: SandboxStoreSpec
    nonisolated let platform: any Platform
    nonisolated let desk: FaultDesk
    private nonisolated let executor: QueueExecutor
    private let now: @Sendable () -> Date
    private lazy var store = platform.makeSandboxStore(spec.options)
    private var countedBefore = SandboxCounters()

    init(spec: SandboxStoreSpec, platform: any Platform, now: @escaping @Sendable () -> Date) {
        self.spec = spec
        self.platform = platform
        self.now = now
        desk = FaultDesk(faults: spec.faults, seed: spec.options.seed ^ 0xFA17)
        executor = QueueExecutor(label: "sandbox.\(spec.platform).\(spec.name)")
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func respond(to request: SandboxRequest) -> SandboxResponse { store.respond(to: request, now: now()) }

    func change(count: Int) { store.change(count: count, now: now()) }

    func truth(resource: String) -> [SandboxRecord] { store.truth(resource: resource) }

    /// What the store's token endpoint counted; nil where it has none.
    var tokenReport: SandboxTokenReport? { store.tokens?.report(now: now()) }

    /// Nil where the store has no tokens.
    func upsetTokens(_ upset: TokenUpset) -> TokenUpshot? {
        guard let tokens = store.tokens else { return nil }
        var refreshToken: String?
        switch upset {
        case .expire: tokens.expire()
        case .revoke: tokens.revoke()
        case .authorise: refreshToken = tokens.authorise(now: now()).refresh
        }
        return TokenUpshot(refreshToken: refreshToken, report: tokens.report(now: now()))
    }

    /// What the store counted since the last reset.
    var counters: SandboxCounters {
        let counted = store.counters
        return SandboxCounters(
            requests: counted.requests - countedBefore.requests,
            throttled: counted.throttled - countedBefore.throttled,
            refused: counted.refused - countedBefore.refused)
    }

    func resetCounters() {
        countedBefore = store.counters
        desk.resetCounters()
    }

    /// The raw resources the platform stores records under.
    nonisolated var resourceNames: [String] {
        var names: [String] = []
        for name in platform.resources.flatMap({ [$0.name] + $0.children }) where !names.contains(name) {
            names.append(name)
        }
        return names
    }
}

/// What can be done to a store's tokens from outside.
enum TokenUpset: String, CaseIterable {
    /// Every access token expires now.
    case expire
    /// The merchant takes back the authorisation.
    case revoke
    /// The merchant signs in again, which gives a new refresh token.
    case authorise
}

/// What came of it.
struct TokenUpshot: Encodable {
    /// What a connection has to be renewed with.
    let refreshToken: String?
    let report: SandboxTokenReport

    enum CodingKeys: String, CodingKey {
        case report
        case refreshToken = "refresh_token"
    }
}

/// Runs an actor on a dispatch queue of its own.
final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
