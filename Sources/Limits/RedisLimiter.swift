package import Platforms
package import Redis
import Synchronization

/// The limiter of the fleet: buckets in Redis, on Redis's clock.
///
/// One script call decides about all buckets of a request. Without Redis each worker grants itself
/// `outageShare` of every bucket, and tells Redis what it spent once it is back; it returns by itself
/// with the first call that succeeds. A block that could not be told is carried over likewise.
///
/// Thread-safety: what is carried over is behind a mutex that is never held across a suspension.
package final class RedisLimiter: Limiter {
    /// What operators may want to know; each is told once for a change, not for a call.
    package enum Event: Sendable {
        /// Redis cannot be asked; the worker goes on with its local share.
        case fellBack(RedisError)
        case returned
    }

    /// The part of each limit one worker uses while Redis is away: a twentieth, so that twenty
    /// workers that lost Redis together stay within the limit.
    package static let outageShare = 0.05

    /// Kept for Redis while it is away; the oldest carry-overs matter least, but none may pile up.
    private static let carriedMax = 65_536

    private struct Carried {
        var charge = 0.0
        var blockedUntil: ContinuousClock.Instant?
    }

    private struct State {
        var isAway = false
        var carried: [String: Carried] = [:]
    }

    private let redis: RedisClient
    private let local = LocalLimiter(clock: .continuous)
    private let state = Mutex(State())
    private let observe: @Sendable (Event) -> Void
    /// Microseconds instead of the server's clock, for tests.
    private let time: (@Sendable () -> Int64)?

    package convenience init(_ redis: RedisClient, observe: @escaping @Sendable (Event) -> Void = { _ in }) {
        self.init(redis, observe: observe, time: nil)
    }

    init(_ redis: RedisClient, observe: @escaping @Sendable (Event) -> Void, time: (@Sendable () -> Int64)?) {
        self.redis = redis
        self.observe = observe
        self.time = time
    }

    package func acquire(
        _ demands: [BucketDemand], buckets: [Bucket], connectionID: Int64, platform: String
    ) async -> Admission {
        let turns = BucketTurn.turns(
            for: demands, buckets: buckets, connectionID: connectionID, platform: platform)
        guard let first = turns.first else { return .granted }
        do throws(RedisError) {
            return try await run(turns)
        } catch {
            // Whoever was cancelled will not send; whether Redis took the tokens does not matter.
            if error.code == .cancelled { return .wait(.seconds(1), bucket: first.name) }
            return acquireLocally(turns)
        }
    }

    package func settle(
        _ lessons: [LimitLesson], buckets: [Bucket], connectionID: Int64, platform: String
    ) async {
        let turns = BucketTurn.turns(
            teaching: lessons, buckets: buckets, connectionID: connectionID, platform: platform)
        guard !turns.isEmpty else { return }
        // The local share has to know about blocks and rates before it is needed. A refund belongs
        // to whoever granted: what was granted here is charged to Redis in full, so it goes there.
        _ = local.run(turns.map { $0.duringOutage(lesson: $0.lesson.withoutRefund) })
        // What must not be forgotten when it fails is carried over; the rest Redis does without.
        _ = try? await run(turns)
    }

    /// One script call, with what has been carried over for these buckets.
    private func run(_ turns: [BucketTurn]) async throws(RedisError) -> Admission {
        let carrying = takeCarried(turns)
        let time: RedisArgument = time.map { RedisArgument($0()) } ?? ""
        do throws(RedisError) {
            let reply = try await redis.script(
                LimiterScript.script, keys: carrying.map { RedisArgument($0.key) },
                arguments: [time] + carrying.flatMap(LimiterScript.arguments))
            let numbers = try reply.array
            guard numbers.count == 2 else {
                throw RedisError(.protocolViolation, "the limiter's script answers with two numbers")
            }
            let wait = try numbers[0].integer
            let index = Int(try numbers[1].integer) - 1
            changed(isAway: false, nil)
            guard wait > 0, carrying.indices.contains(index) else { return .granted }
            return .wait(.microseconds(wait), bucket: carrying[index].name)
        } catch {
            // Redis may have heard it, if the answer was lost: charging twice is the safe mistake.
            for turn in carrying {
                carry(turn.key, charge: turn.charge, blockMicroseconds: turn.lesson.blockMicroseconds)
            }
            if error.code != .cancelled { changed(isAway: true, error) }
            throw error
        }
    }

    private func acquireLocally(_ turns: [BucketTurn]) -> Admission {
        let admission = local.run(turns.map { $0.duringOutage(lesson: $0.lesson) })
        if admission == .granted {
            for turn in turns { carry(turn.key, charge: turn.take, blockMicroseconds: 0) }
        }
        return admission
    }

    private func changed(isAway: Bool, _ error: RedisError?) {
        let isNews = state.withLock { state in
            defer { state.isAway = isAway }
            return state.isAway != isAway
        }
        guard isNews else { return }
        observe(error.map { .fellBack($0) } ?? .returned)
    }

    private func takeCarried(_ turns: [BucketTurn]) -> [BucketTurn] {
        state.withLock { state in
            guard !state.carried.isEmpty else { return turns }
            let now = ContinuousClock.now
            return turns.map { turn in
                guard let carried = state.carried.removeValue(forKey: turn.key) else { return turn }
                var turn = turn
                turn.charge += carried.charge
                if let until = carried.blockedUntil {
                    turn.lesson.blockMicroseconds = max(
                        turn.lesson.blockMicroseconds, now.duration(to: until).limiterMicroseconds)
                }
                return turn
            }
        }
    }

    private func carry(_ key: String, charge: Double, blockMicroseconds: Int64) {
        guard charge > 0 || blockMicroseconds > 0 else { return }
        state.withLock { state in
            guard state.carried.count < Self.carriedMax || state.carried[key] != nil else { return }
            var carried = state.carried[key] ?? Carried()
            carried.charge += charge
            if blockMicroseconds > 0 {
                let until = ContinuousClock.now + .microseconds(blockMicroseconds)
                carried.blockedUntil = max(carried.blockedUntil ?? until, until)
            }
            state.carried[key] = carried
        }
    }
}

extension BucketTurn {
    /// The same turn on a bucket of which only the outage's share is used.
    fileprivate func duringOutage(lesson: Lesson) -> BucketTurn {
        let bucket = Bucket(
            declared.name, scope: declared.scope, capacity: declared.capacity,
            refillPerSecond: declared.refillPerSecond, share: declared.share * RedisLimiter.outageShare)
        var turn = BucketTurn(key: key, name: name, declared: bucket)
        turn.lesson = lesson
        turn.take = take
        return turn
    }
}

extension BucketTurn.Lesson {
    fileprivate var withoutRefund: Self {
        var lesson = self
        lesson.refund = 0
        return lesson
    }
}
