import FoundationEssentials
import Synchronization

/// What the clients of a race know together.
final class RaceLedger: Sendable {
    struct Books {
        /// Every id that an enqueue answered.
        var enqueued: Set<Int64> = []
        /// The last of them, for whoever wants a job to do something to.
        var recent: [Int64] = []
        /// Ids of transactions that were rolled back: they never were.
        var undone: Set<Int64> = []
        /// What clients were told about how a job ended.
        var endings: [Int64: [String]] = [:]
        /// Jobs of which somebody was told that they were asked to stop.
        var asked: Set<Int64> = []
        /// Jobs that a lost call may have cancelled.
        var perhapsAsked: Set<Int64> = []
        var workers: [UUID] = []
        /// Workers that somebody declared dead: whatever they hold may be taken at any moment.
        var robbed: Set<UUID> = []
        var counts: [String: Int] = [:]
        var faults: [String] = []
        var isOver = false
    }

    private let books = Mutex(Books())

    func update<Value: Sendable>(_ change: (inout Books) -> Value) -> Value {
        books.withLock { books in
            var copy = Books()
            swap(&copy, &books)
            defer { swap(&copy, &books) }
            return change(&copy)
        }
    }

    func read<Value: Sendable>(_ value: (borrowing Books) -> Value) -> Value { books.withLock { value($0) } }

    /// The first are enough: one fault tends to bring others.
    func fault(_ text: String) {
        update { if $0.faults.count < 20, !$0.faults.contains(text) { $0.faults.append(text) } }
    }
    func count(_ what: String, _ number: Int = 1) { update { $0.counts[what, default: 0] += number } }

    func enqueued(_ ids: [Int64]) {
        update { books in
            books.enqueued.formUnion(ids)
            books.recent.append(contentsOf: ids)
            if books.recent.count > 400 { books.recent.removeFirst(books.recent.count - 200) }
            books.counts["enqueued", default: 0] += ids.count
        }
    }

    func ended(_ job: Int64, _ result: String) {
        guard ["done", "failed", "cancelled", "poison"].contains(result) else { return }
        update { $0.endings[job, default: []].append(result) }
    }
}
