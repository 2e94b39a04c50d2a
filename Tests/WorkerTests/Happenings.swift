import Synchronization

/// Lets a test wait for a condition: it is looked at after everything that happens, and at no other time.
final class Happenings: Sendable {
    private struct State {
        var count = 0
        var newestWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Something has happened: whoever waits looks again.
    func note() {
        let waiters = state.withLock { state in
            state.count += 1
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns when the condition holds; throws when the task is cancelled.
    func until(_ condition: () async throws -> Bool) async throws {
        while true {
            let seen = state.withLock { $0.count }
            if try await condition() { return }
            try Task.checkCancellation()
            await next(after: seen)
        }
    }

    private func next(after seen: Int) async {
        let waiter = state.withLock { state in
            state.newestWaiter += 1
            return state.newestWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.count > seen || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}

/// Holds up whoever passes while it is closed.
final class Gate: Sendable {
    private let happenings: Happenings
    private let isOpen: Atomic<Bool>

    init(_ happenings: Happenings, isOpen: Bool = false) {
        self.happenings = happenings
        self.isOpen = Atomic(isOpen)
    }

    func open() {
        isOpen.store(true, ordering: .releasing)
        happenings.note()
    }

    func close() { isOpen.store(false, ordering: .releasing) }

    /// Returns also when the task is cancelled.
    func pass() async { try? await happenings.until { isOpen.load(ordering: .acquiring) } }
}

/// Random numbers that a seed repeats (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
