import Platforms
import Synchronization

/// Buckets in memory.
///
/// Thread-safety: the mutex protects all buckets; a call holds it for some arithmetic only.
final class LocalEngine: Sendable {
    private struct Entry {
        var state: BucketState
        var turn: BucketTurn
    }

    private struct Table {
        var epoch: LimitArithmetic.Epoch
        var entries: [String: Entry] = [:]
    }

    /// Microseconds.
    let now: @Sendable () -> Double
    private let hasNoDebts: Bool
    /// Buckets kept before those that nothing depends on are forgotten.
    private let bucketsMax: Int
    private let table: Mutex<Table>

    /// - Parameter hasNoDebts: refuse what is more than a bucket can hold.
    init(bucketsMax: Int = 65_536, hasNoDebts: Bool = false, now: @escaping @Sendable () -> Double) {
        self.now = now
        self.hasNoDebts = hasNoDebts
        self.bucketsMax = bucketsMax
        let born = now()
        table = Mutex(Table(epoch: LimitArithmetic.Epoch(born: born, calm: born)))
    }

    /// Begins a new epoch: whatever was counted is void, and every bucket begins empty.
    func restart() {
        let born = now()
        table.withLock { table in
            let isSame = table.epoch.born == born
            table.epoch = LimitArithmetic.Epoch(born: isSame ? born + 1 : born, calm: born)
        }
    }

    func run(_ turns: [BucketTurn], _ header: TurnHeader) -> TurnAnswer {
        table.withLock { table in
            // Read inside: two calls must not see times in another order than they change the table.
            let arithmetic = LimitArithmetic(
                now: now().rounded(.down), epoch: table.epoch, header: header, hasNoDebts: hasNoDebts)
            if table.entries.count > bucketsMax { Self.forget(&table, arithmetic) }
            let (answer, states) = arithmetic.run(turns.map { ($0, table.entries[$0.key]?.state) })
            for (turn, state) in zip(turns, states) { table.entries[turn.key] = Entry(state: state, turn: turn) }
            return answer
        }
    }

    /// Turns that teach the blocks that are known here.
    var blocks: [BucketTurn] {
        let now = now()
        return table.withLock { table in
            table.entries.values.compactMap { entry in
                let left = min(entry.state.blockedUntil - now, entry.state.blockedFor)
                guard left > 0 else { return nil }
                var turn = BucketTurn(
                    key: entry.turn.key, owner: entry.turn.owner, name: entry.turn.name,
                    declared: entry.turn.declared)
                turn.lesson.blockMicroseconds = Int64(left)
                return turn
            }
        }
    }

    /// Those that are as good as new, or all of an epoch that is over.
    private static func forget(_ table: inout Table, _ arithmetic: LimitArithmetic) {
        table.entries = table.entries.filter { _, entry in
            let (_, states) = arithmetic.run([(entry.turn.idle, entry.state)])
            guard let state = states.first else { return false }
            let isFull =
                switch entry.turn.kind {
                case .tokens, .adaptive: state.level >= state.full
                case .window, .slots: state.tail.isEmpty
                case .quota: state.a <= arithmetic.now
                }
            return !isFull || state.blockedUntil > arithmetic.now
        }
    }
}

extension BucketTurn {
    /// Of the same bucket, with nothing in it.
    var idle: BucketTurn {
        var turn = BucketTurn(key: key, owner: owner, name: name, declared: declared)
        turn.share = share
        return turn
    }
}
