package import Platforms
import Synchronization

/// The limiter in memory, with the semantics of `RedisLimiter`, on a clock of the caller's.
///
/// For tests and simulations of a whole fleet. Its one epoch begins when it is made.
///
/// Thread-safety: see ``LocalEngine``.
package final class LocalLimiter<C: Clock>: Limiter where C.Duration == Duration {
    private let engine: LocalEngine
    private let ledger: any LimitLedger
    private let appNames = Mutex(AppBucketNames())

    /// - Parameter ledger: nil for one in memory, on the same clock.
    package init(clock: C, bucketsMax: Int = 65_536, ledger: (any LimitLedger)? = nil) {
        let origin = clock.now
        let now: @Sendable () -> Double = { Double(origin.duration(to: clock.now).limiterMicroseconds) }
        engine = LocalEngine(bucketsMax: bucketsMax, now: now)
        self.ledger = ledger ?? MemoryLedger(now: now)
    }

    package func acquire(
        _ demands: [BucketDemand], band: LimitBand, buckets: [Bucket], connectionID: Int64, platform: String,
        firstUse: FirstUse
    ) async -> Admission {
        let maker = TurnMaker(
            platform: platform, connectionID: connectionID, buckets: buckets, firstUse: firstUse)
        let turns = maker.turns(for: demands)
        if turns.isEmpty { return .granted }
        appNames.withLock { $0.note(turns, platform) }
        let answer = await run(turns, TurnHeader(band: band), platform)
        return Admission(answer, turns, epoch: answer.born, isLocal: true)
    }

    package func settle(
        _ lessons: [LimitLesson], grant: Grant, buckets: [Bucket], connectionID: Int64, platform: String
    ) async {
        let maker = TurnMaker(platform: platform, connectionID: connectionID, buckets: buckets)
        let turns = maker.turns(teaching: lessons).adding(grant.slots.map(\.release))
        if turns.isEmpty { return }
        _ = await run(turns, TurnHeader(), platform)
    }

    package func peek(platform: String, buckets: [Bucket]) async -> LimitPeek {
        let names = appNames.withLock { $0.names(platform, buckets) }
        let maker = TurnMaker(platform: platform, connectionID: 0, buckets: buckets)
        let turns = maker.turns(naming: names).map(\.asking)
        if turns.isEmpty { return .none }
        let answer = engine.run(turns, TurnHeader(band: .urgent, isDry: true))
        return LimitPeek(zip(turns, answer.waits).map { ($0.name, $1) })
    }

    private func run(_ turns: [BucketTurn], _ header: TurnHeader, _ platform: String) async -> TurnAnswer {
        let flow = QuotaFlow(ledger: ledger, platform: platform, chunkShare: 0.01)
        return await flow.run(turns) { turns in engine.run(turns, header) }.0
    }
}

/// Which of the app's buckets there are: those declared, and those that were demanded of templates.
struct AppBucketNames {
    private var ofTemplates: [String: Set<String>] = [:]
    private static let namesMax = 100

    mutating func note(_ turns: [BucketTurn], _ platform: String) {
        for turn in turns where turn.owner == .app && turn.declared.isTemplate {
            if ofTemplates[platform, default: []].count < Self.namesMax {
                ofTemplates[platform, default: []].insert(turn.name)
            }
        }
    }

    func names(_ platform: String, _ buckets: [Bucket]) -> [String] {
        buckets.filter { $0.scope == .app && !$0.isTemplate }.map(\.name) + (ofTemplates[platform]?.sorted() ?? [])
    }
}

extension Admission {
    init(_ answer: TurnAnswer, _ turns: [BucketTurn], epoch: Int64, isLocal: Bool) {
        if answer.isGranted {
            let slots = turns.filter { $0.kind == .slots }.map { turn in
                HeldSlot(
                    key: turn.key, owner: turn.owner, name: turn.name, declared: turn.declared, id: turn.takerID,
                    isLocal: isLocal)
            }
            self = .granted(Grant(at: answer.now, epoch: epoch, slots: slots))
        } else {
            let index = answer.slowest.flatMap { turns.indices.contains($0) ? $0 : nil } ?? 0
            self = .wait(.microseconds(max(1, answer.wait)), bucket: turns[index].name)
        }
    }
}

extension BucketTurn {
    /// Asks for one token.
    var asking: BucketTurn {
        var turn = self
        turn.take = 1
        return turn
    }
}

extension [BucketTurn] {
    /// With further turns; those of one bucket become one.
    func adding(_ others: [BucketTurn]) -> [BucketTurn] {
        var turns = self
        for other in others {
            guard let index = turns.firstIndex(where: { $0.key == other.key }) else {
                turns.append(other)
                continue
            }
            turns[index].charge += other.charge
            if other.releaseID != 0 { turns[index].releaseID = other.releaseID }
            turns[index].lesson.blockMicroseconds = Swift.max(
                turns[index].lesson.blockMicroseconds, other.lesson.blockMicroseconds)
        }
        return turns
    }
}
