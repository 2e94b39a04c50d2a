internal import Synchronization

/// What has been learnt about the other end, shared by all connections to it.
final class ServerTraits: Sendable {
    private struct State {
        var isBehindPooler = false
        var refusesStartupOptions = false
    }

    private let state = Mutex(State())

    /// There is a pooler between: named statements and session settings are not ours to keep.
    var isBehindPooler: Bool { state.withLock { $0.isBehindPooler } }
    /// The start-up packet must not carry `options`.
    var refusesStartupOptions: Bool { state.withLock { $0.refusesStartupOptions } }

    func learnPooler(refusesOptions: Bool = false) {
        state.withLock { state in
            state.isBehindPooler = true
            if refusesOptions { state.refusesStartupOptions = true }
        }
    }
}

/// Which `statement_timeout` the session has, so that a call with a longer limit can raise it.
struct ServerTimeLimit {
    /// The session's default in milliseconds; nil when it is not ours to set.
    private let standard: Int?
    private var session: Int?
    /// Set inside the open transaction only; gone with it.
    private var local: Int?

    init(milliseconds: Int? = nil) {
        standard = milliseconds
        session = milliseconds
    }

    /// What must be set before a statement with this limit; nil if nothing.
    func change(for timeLimit: Duration?) -> Int? {
        guard let standard, let current = local ?? session else { return nil }
        // In statement_timeout, 0 means no limit.
        let wanted = timeLimit.map { max(standard, PostgresConfiguration.serverMilliseconds(for: $0)) } ?? 0
        return wanted == current ? nil : wanted
    }

    mutating func didSet(_ milliseconds: Int, isLocal: Bool) {
        if isLocal { local = milliseconds } else { session = milliseconds }
    }

    /// Forgets what ended with the transaction.
    mutating func settle(isIdle: Bool) {
        if isIdle { local = nil }
    }
}
