package import Platforms
import Synchronization

/// The limiter in memory, with the semantics of `RedisLimiter`, on a clock of the caller's.
///
/// For tests and simulations of a whole fleet, and the share a worker falls back to without Redis.
///
/// Thread-safety: the mutex protects all buckets; a call holds it for some arithmetic only.
package final class LocalLimiter<C: Clock>: Limiter where C.Duration == Duration {
    private struct Entry {
        var state: BucketLevel
        var declared: Bucket
    }

    private let clock: C
    private let origin: C.Instant
    private let entries = Mutex<[String: Entry]>([:])
    /// Buckets kept before those that are full are forgotten.
    private let bucketsMax: Int

    package init(clock: C, bucketsMax: Int = 65_536) {
        self.clock = clock
        self.bucketsMax = bucketsMax
        origin = clock.now
    }

    package func acquire(
        _ demands: [BucketDemand], buckets: [Bucket], connectionID: Int64, platform: String
    ) async -> Admission {
        run(BucketTurn.turns(for: demands, buckets: buckets, connectionID: connectionID, platform: platform))
    }

    package func settle(
        _ lessons: [LimitLesson], buckets: [Bucket], connectionID: Int64, platform: String
    ) async {
        _ = run(BucketTurn.turns(teaching: lessons, buckets: buckets, connectionID: connectionID, platform: platform))
    }

    func run(_ turns: [BucketTurn]) -> Admission {
        entries.withLock { entries in
            let now = origin.duration(to: clock.now).limiterMicroseconds
            if entries.count > bucketsMax {
                entries = entries.filter { !$0.value.state.isIdle($0.value.declared, at: now) }
            }
            var longest: (wait: Int64, name: String) = (0, "")
            for turn in turns {
                let known = entries[turn.key]?.state
                var state = known ?? BucketLevel(at: now)
                state.apply(turn, at: now, isNew: known == nil)
                entries[turn.key] = Entry(state: state, declared: turn.declared)
                let wait = state.wait(turn, at: now)
                if wait > longest.wait { longest = (wait, turn.name) }
            }
            guard longest.wait == 0 else { return .wait(.microseconds(longest.wait), bucket: longest.name) }
            for turn in turns { entries[turn.key]?.state.level -= turn.take }
            return .granted
        }
    }
}
