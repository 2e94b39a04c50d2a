import FoundationEssentials
import Postgres
import Synchronization
import Testing

@testable import Jobs

extension Storms {
    /// Leases, then lanes in order, then jobs: whatever two callers call, neither waits for the other for ever.
    @Suite("The order of locks", .serialized)
    struct LockOrderTests {
        @Test(
            "any two functions hammer the same few lanes, and neither deadlocks nor waits long", .timeLimit(.minutes(3))
        )
        func pairs() async throws {
            let seed = UInt64.random(in: .min ... .max)
            print("lock order seed \(seed)")
            // A deadlock is looked for early, so that it is found and not overtaken by the limit on waiting.
            let settings = [Bed.lockTimeout, "deadlock_timeout=50ms"]
            try await Bed.with(connectionsMax: 4, settings: settings) { bed in
                let yard = try await LockYard.lay(on: bed)
                let each = Duration.seconds(14) / (LockAct.allCases.count * (LockAct.allCases.count + 1) / 2)
                var random = SeededRandom(seed: seed)
                for (index, first) in LockAct.allCases.enumerated() {
                    for second in LockAct.allCases[index...] {
                        let (one, other) = (random.next(), random.next())
                        let ends = ContinuousClock.now + each
                        await withTaskGroup(of: Void.self) { group in
                            for (act, seed) in [(first, one), (second, other)] {
                                group.addTask {
                                    var hand = LockHand(yard: yard, pair: "\(first) and \(second)", seed: seed)
                                    await hand.hammer(act, until: ends)
                                }
                            }
                        }
                        if !yard.faults.isEmpty { break }
                    }
                }
                #expect(yard.faults == [], "seed \(seed)")
                #expect(
                    try await bed.count("select deadlocks from pg_stat_database where datname = current_database()")
                        == 0)
                // Maintenance gives way to others, but not always.
                let daysAhead: SQL = """
                    select count(*) from pg_class where relname ~ '^job_history_[0-9]{8}$'
                      and to_date(right(relname, 8), 'YYYYMMDD') > current_date + 10
                    """
                #expect(try await bed.count(daysAhead) > 0, "no day was made")
                let counts = yard.counts
                let told = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                print("lock order: \(told.joined(separator: ", "))")
                let idle = LockAct.allCases.filter { counts["\($0)", default: 0] == 0 }
                #expect(idle == [], "nothing was done")
            }
        }
    }
}

/// What a caller does over and over. Each brings about itself what it needs, so that any two can be set on one another.
enum LockAct: String, CaseIterable, Sendable {
    case enqueueMany, enqueueChildren, claim, page, pageThatEnqueues, finish, finishWithoutWaiting, finishWithError
    case awaitChildren, cancelMany, retry, pauseConnection, pausePlatform, pauseKind, pauseBand, gate, reap
    case releaseUnknown, enqueueDue, resumeConnection, maintain, refreshStats, beatAndLeave, lookUp
}

/// The few lanes that are fought over.
final class LockYard: Sendable {
    let bed: Bed
    let connections: [Int64]
    private let notes = Mutex<(faults: [String], counts: [String: Int])>(([], [:]))

    private init(bed: Bed, connections: [Int64]) {
        self.bed = bed
        self.connections = connections
    }

    static func lay(on bed: Bed) async throws -> LockYard {
        var connections: [Int64] = []
        for name in ["a", "b", "c"] { connections.append(try await bed.addConnection(name, isScheduled: true)) }
        // A day is made and a day is dropped each time that maintenance runs.
        try await bed.pool.query("update portolan.retention set keep = '1 day'")
        try await bed.pool.query("create sequence days")
        return LockYard(bed: bed, connections: connections)
    }

    var faults: [String] { notes.withLock { $0.faults } }
    var counts: [String: Int] { notes.withLock { $0.counts } }
    func fault(_ text: String) { notes.withLock { $0.faults.append(text) } }
    func count(_ what: String) { notes.withLock { $0.counts[what, default: 0] += 1 } }
}
