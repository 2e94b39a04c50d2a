package import Platforms
package import Redis
import Synchronization

/// The limiter of the fleet: buckets in Redis, on Redis's clock; quotas in the ledger.
///
/// One script call decides about all buckets of a request. Without Redis each worker grants itself a small share of
/// every bucket from memory, and tells Redis what it spent once it is back; it returns by itself with the first
/// call that succeeds. What platforms said about waiting is remembered here and in the ledger, and told again when a
/// new epoch began.
///
/// Thread-safety: what is remembered is behind mutexes that are never held across a suspension.
package final class RedisLimiter: Limiter {
    /// What operators may want to know; each is told once for a change, not for a call.
    package enum Event: Sendable {
        /// Redis cannot be asked; the worker goes on with its local share.
        case fellBack(RedisError)
        case returned
        /// What Redis held of the platform's limits may have been lost: its buckets begin empty.
        case newEpoch(platform: String)
        /// Quotas give nothing until the ledger answers.
        case ledgerFailed(LedgerError)
        case ledgerReturned
    }

    /// The part of each limit one worker uses while Redis is away: a twentieth, so that twenty
    /// workers that lost Redis together stay within the limit.
    package static let outageShare = 0.05

    /// How long a new epoch gives nothing, for workers that have not noticed yet that Redis is back.
    package static let grace = Duration.seconds(2)

    /// A wait that is told to the ledger, in microseconds.
    private static let blockWorthKeeping: Int64 = 10_000_000
    private static let changesMax = 5

    private struct State {
        var sides: [String: LimiterSide] = [:]
        var appNames = AppBucketNames()
        var hasLedger = true
    }

    private let redis: any RedisScripting
    private let ledger: any LimitLedger
    private let local: Mutex<[String: LocalEngine]> = Mutex([:])
    private let state = Mutex(State())
    private let grace: Double
    private let observe: @Sendable (Event) -> Void
    /// Microseconds instead of the server's clock, for tests.
    private let time: (@Sendable () -> Double)?
    private let now: @Sendable () -> Double

    package convenience init(
        _ redis: any RedisScripting, ledger: any LimitLedger = NoLedger(), grace: Duration = grace,
        observe: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.init(redis, ledger: ledger, grace: grace, time: nil, observe: observe)
    }

    init(
        _ redis: any RedisScripting, ledger: any LimitLedger, grace: Duration, time: (@Sendable () -> Double)?,
        observe: @escaping @Sendable (Event) -> Void
    ) {
        self.redis = redis
        self.ledger = ledger
        self.grace = Double(grace.limiterMicroseconds)
        self.time = time
        self.observe = observe
        let origin = ContinuousClock.now
        now = time ?? { Double(origin.duration(to: .now).limiterMicroseconds) }
    }

    package func acquire(
        _ demands: [BucketDemand], band: LimitBand, buckets: [Bucket], connectionID: Int64, platform: String,
        firstUse: FirstUse
    ) async -> Admission {
        let maker = TurnMaker(
            platform: platform, connectionID: connectionID, buckets: buckets, firstUse: firstUse)
        let turns = maker.turns(for: demands)
        guard let first = turns.first else { return .granted }
        if turns.contains(where: { $0.owner == .app && $0.declared.isTemplate }) {
            state.withLock { $0.appNames.note(turns, platform) }
        }
        var header = TurnHeader(band: band)
        header.outageShare = Self.outageShare
        do throws(RedisError) {
            let answer = try await decide(turns, header, maker)
            return Admission(answer, turns, epoch: answer.born, isLocal: false)
        } catch {
            // Whoever was cancelled will not send; whether Redis took the tokens does not matter.
            if error.code == .cancelled { return .wait(.seconds(1), bucket: first.name) }
            return await acquireLocally(turns, header, platform)
        }
    }

    package func settle(
        _ lessons: [LimitLesson], grant: Grant, buckets: [Bucket], connectionID: Int64, platform: String
    ) async {
        let maker = TurnMaker(platform: platform, connectionID: connectionID, buckets: buckets)
        let taught = maker.turns(teaching: lessons)
        let here = grant.slots.filter(\.isLocal).map(\.release) + taught.compactMap(\.taughtLocally)
        if !here.isEmpty { _ = engine(platform).run(here.map(\.inOutage), TurnHeader()) }
        let turns = taught.adding(grant.slots.filter { !$0.isLocal }.map(\.release))
        if turns.isEmpty { return }
        // What must not be forgotten when it fails is carried over; the rest Redis does without.
        _ = try? await decide(turns, TurnHeader(), maker)
        for turn in taught where turn.lesson.blockMicroseconds >= Self.blockWorthKeeping {
            do throws(LedgerError) {
                try await ledger.block(turn.ledgerKey(platform), for: .microseconds(turn.lesson.blockMicroseconds))
            } catch {
                noted(error)
            }
        }
    }

    package func peek(platform: String, buckets: [Bucket]) async -> LimitPeek {
        let names = state.withLock { $0.appNames.names(platform, buckets) }
        let maker = TurnMaker(platform: platform, connectionID: 0, buckets: buckets)
        let turns = maker.turns(naming: names).map(\.asking)
        guard !turns.isEmpty,
            let answer = try? await call(turns, TurnHeader(band: .urgent, isDry: true), maker)
        else { return .none }
        return LimitPeek(zip(turns, answer.waits).map { ($0.name, $1) })
    }

    private func decide(
        _ turns: [BucketTurn], _ header: TurnHeader, _ maker: TurnMaker
    ) async throws(RedisError) -> TurnAnswer {
        guard turns.contains(where: { $0.kind == .quota }) else { return try await call(turns, header, maker) }
        let flow = QuotaFlow(ledger: ledger, platform: maker.platform, chunkShare: 0.01)
        let (answer, failure) = try await flow.run(turns) { turns throws(RedisError) in
            try await call(turns, header, maker)
        }
        if let failure { noted(failure) } else if answer.isGranted { noted(nil) }
        return answer
    }

    /// One script call, with what has been carried over for the platform.
    private func call(
        _ turns: [BucketTurn], _ header: TurnHeader, _ maker: TurnMaker
    ) async throws(RedisError) -> TurnAnswer {
        let platform = maker.platform
        var (all, header) = (turns, header)
        (header.graceMicroseconds, header.now) = (grace, time?())
        let epochKey = state.withLock { state in
            let side = state.sides[platform] ?? LimiterSide(platform)
            guard side.isTroubled else { return side.epochKey }
            let now = now()
            header.awayMicroseconds = side.away(at: now)
            // A dry call tells its waits by its own turns, and changes nothing.
            if !header.isDry { all = all.adding(state.sides[platform]?.takeCarried(at: now) ?? []) }
            return side.epochKey
        }
        do throws(RedisError) {
            let (answer, server) = try await send(all, header, platform, epochKey)
            if arrived(answer, server, platform) { await teachAgain(maker) }
            return answer
        } catch {
            lost(error, platform, all)
            throw error
        }
    }

    /// Runs the script where the platform's keys live, and only on a server whose identity it was told.
    private func send(
        _ turns: [BucketTurn], _ header: TurnHeader, _ platform: String, _ epochKey: RedisArgument
    ) async throws(RedisError) -> (TurnAnswer, RedisServer) {
        var keys = [epochKey]
        var arguments = [RedisArgument(PackedNumbers.pack(header.numbers)), epochKey, epochKey]
        for turn in turns {
            keys.append(RedisArgument(turn.key))
            arguments.append(RedisArgument(PackedNumbers.pack(turn.numbers)))
        }
        var changesLeft = Self.changesMax
        while true {
            let server = try await redis.server(forKey: epochKey)
            (arguments[1], arguments[2]) = state.withLock { state in
                (state.sides[platform] ?? LimiterSide(platform)).identities(server)
            }
            do throws(RedisError) {
                let reply = try await redis.script(LimitScript.script, keys: keys, arguments: arguments, on: server)
                var integers: [Int64] = []
                for number in try reply.array { integers.append(try number.integer) }
                guard let answer = TurnAnswer(integers) else {
                    throw RedisError(.protocolViolation, "the limiter's script answers with seven numbers or more")
                }
                return (answer, server)
            } catch {
                guard error.code == .serverChanged, changesLeft > 0 else { throw error }
                changesLeft -= 1
            }
        }
    }

    /// Notes that Redis answered. True when a new epoch began, in which blocks have to be told again.
    private func arrived(_ answer: TurnAnswer, _ server: RedisServer, _ platform: String) -> Bool {
        let (wasAway, isNew, isLost) = state.withLock { state in
            let side = state.sides[platform] ?? LimiterSide(platform)
            let (wasAway, isNew) = (side.awaySince != nil, side.born != answer.born)
            if wasAway || isNew || side.identities(server).now != side.identities(server).before {
                state.sides[platform] = side
                state.sides[platform]?.returned(answer.born, server)
            }
            return (wasAway, isNew, isNew && side.born != nil)
        }
        if wasAway { observe(.returned) }
        if isLost { observe(.newEpoch(platform: platform)) }
        return isNew
    }

    /// Tells blocks again: those that are known here, and those in the ledger.
    private func teachAgain(_ maker: TurnMaker) async {
        var turns = engine(maker.platform).blocks
        do throws(LedgerError) {
            for block in try await ledger.blocks(platform: maker.platform) {
                guard var turn = maker.turn(block.key) else { continue }
                turn.lesson.blockMicroseconds = block.left.limiterMicroseconds
                turns = turns.adding([turn])
            }
        } catch {
            noted(error)
        }
        let told = turns
        state.withLock { state in
            let now = now()
            for turn in told {
                state.sides[maker.platform, default: LimiterSide(maker.platform)].carry(turn, charge: 0, at: now)
            }
        }
        while state.withLock({ !($0.sides[maker.platform]?.carried.isEmpty ?? true) }) {
            guard (try? await call([], TurnHeader(), maker)) != nil else { return }
        }
    }

    /// Notes that Redis did not answer, with what it may not have heard.
    private func lost(_ error: RedisError, _ platform: String, _ turns: [BucketTurn]) {
        let now = now()
        let isNews = state.withLock { state in
            var side = state.sides[platform] ?? LimiterSide(platform)
            // Redis may have heard it, if the answer was lost: charging twice is the safe mistake.
            for turn in turns { side.carry(turn, charge: turn.charge, at: now) }
            let isNews = error.code != .cancelled && side.awaySince == nil
            if isNews { side.awaySince = now }
            state.sides[platform] = side
            return isNews
        }
        guard isNews else { return }
        // What it granted in an earlier outage was long ago, and what Redis granted a moment ago it does not know.
        engine(platform).restart()
        observe(.fellBack(error))
    }

    private func acquireLocally(
        _ turns: [BucketTurn], _ header: TurnHeader, _ platform: String
    ) async -> Admission {
        let engine = engine(platform)
        let flow = QuotaFlow(ledger: ledger, platform: platform, chunkShare: 0.01 * Self.outageShare)
        let (answer, failure) = await flow.run(turns) { turns in engine.run(turns.map(\.inOutage), header) }
        if let failure { noted(failure) }
        if answer.isGranted {
            let now = now()
            state.withLock { state in
                var side = state.sides[platform] ?? LimiterSide(platform)
                side.hasGranted = true
                // Slots end by themselves, and quotas were drawn from the ledger.
                for turn in turns where turn.kind != .slots && turn.kind != .quota {
                    side.carry(turn.idle, charge: turn.take, at: now)
                }
                state.sides[platform] = side
            }
        }
        return Admission(answer, turns, epoch: 0, isLocal: true)
    }

    private func engine(_ platform: String) -> LocalEngine {
        local.withLock { engines in
            if let engine = engines[platform] { return engine }
            let engine = LocalEngine(hasNoDebts: true, now: now)
            engines[platform] = engine
            return engine
        }
    }

    private func noted(_ failure: LedgerError?) {
        let isNews = state.withLock { state in
            defer { state.hasLedger = failure == nil }
            return state.hasLedger != (failure == nil)
        }
        guard isNews else { return }
        observe(failure.map { .ledgerFailed($0) } ?? .ledgerReturned)
    }
}

extension BucketTurn {
    /// The same turn on a bucket of which only the outage's share is used. Quotas are shared out by the ledger.
    fileprivate var inOutage: BucketTurn {
        if kind == .quota { return self }
        var turn = self
        turn.share = declared.share * RedisLimiter.outageShare
        // Others grant for it elsewhere.
        turn.firstUse = .unknown
        return turn
    }

    /// What the local share has to know before it is needed: blocks and rates. A refund belongs to whoever granted:
    /// what was granted here is charged to Redis in full, so it goes there.
    fileprivate var taughtLocally: BucketTurn? {
        var turn = self
        turn.lesson.refund = 0
        turn.lesson.available = nil
        turn.lesson.resetsInMicroseconds = nil
        return turn.isNeeded ? turn : nil
    }
}
