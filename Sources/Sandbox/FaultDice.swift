internal import Platforms
internal import Synchronization

/// Decides, request by request, which of a store's faults strike: a function of the seed, the faults and the
/// number of requests so far.
struct FaultDice {
    /// What happens to one request.
    struct Roll {
        var latency: Duration = .zero
        var fault: Fault.Kind?
        /// Where in ``FaultDice/faults`` the fault is.
        var index: Int?
        /// For whatever else is random about playing it.
        var random: SeededRandom
    }

    private(set) var faults: [Fault]
    private var random: SeededRandom

    init(faults: [Fault], seed: UInt64) {
        self.faults = faults
        random = SeededRandom(seed: seed)
    }

    mutating func roll() -> Roll {
        var roll = Roll(random: SeededRandom(seed: random.next()))
        for index in faults.indices {
            let kind = faults[index].kind
            let isLatency = if case .latency = kind { true } else { false }
            guard isLatency || roll.fault == nil, strikes(index) else { continue }
            if case .latency(let milliseconds, let jitter) = kind {
                roll.latency += .milliseconds(milliseconds + Int.random(in: 0...jitter, using: &random))
            } else {
                roll.fault = kind
                roll.index = index
            }
        }
        return roll
    }

    /// A fault that found nothing to spoil has not struck: if it was to strike a number of times, it still is.
    mutating func takeBack(_ roll: Roll) {
        guard let index = roll.index, faults.indices.contains(index), faults[index].kind == roll.fault,
            case .next(let count) = faults[index].trigger
        else { return }
        faults[index].trigger = .next(count + 1)
    }

    mutating func replace(with faults: [Fault]) { self.faults = faults }

    private mutating func strikes(_ index: Int) -> Bool {
        switch faults[index].trigger {
        case .share(let share): return Double.random(in: 0..<1, using: &random) < share
        case .next(let count):
            guard count > 0 else { return false }
            faults[index].trigger = .next(count - 1)
            return true
        }
    }
}

/// A store's faults and what the server saw of it, shared by the connections that reach the store.
///
/// **Thread**: any; the lock is held for a few comparisons only.
final class FaultDesk: Sendable {
    private struct State {
        var dice: FaultDice
        var requests = 0
        var played: [String: Int] = [:]
    }

    private let state: Mutex<State>

    init(faults: [Fault], seed: UInt64) {
        state = Mutex(State(dice: FaultDice(faults: faults, seed: seed)))
    }

    var faults: [Fault] {
        get { state.withLock { $0.dice.faults } }
        set { state.withLock { $0.dice.replace(with: newValue) } }
    }

    /// Counts a request and decides what happens to it.
    func roll() -> FaultDice.Roll {
        state.withLock { state in
            state.requests += 1
            let roll = state.dice.roll()
            if roll.latency > .zero { state.played["latency", default: 0] += 1 }
            if let fault = roll.fault { state.played[fault.word, default: 0] += 1 }
            return roll
        }
    }

    func takeBack(_ roll: FaultDice.Roll) {
        guard let word = roll.fault?.word else { return }
        state.withLock { state in
            state.dice.takeBack(roll)
            let count = (state.played[word] ?? 0) - 1
            state.played[word] = count > 0 ? count : nil
        }
    }

    /// Requests received, and how often each fault was played.
    var counters: (requests: Int, played: [String: Int]) {
        state.withLock { ($0.requests, $0.played) }
    }

    func resetCounters() {
        state.withLock { state in
            state.requests = 0
            state.played = [:]
        }
    }
}
