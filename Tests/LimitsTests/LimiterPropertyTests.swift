import Foundation
import Platforms
import Testing

@testable import Limits

@Suite struct LimiterPropertyTests {
    /// What was granted, when, of one bucket.
    private struct Grant {
        let at: Duration
        let tokens: Double
    }

    @Test("in no window is more granted than burst plus rate times time", arguments: Implementation.allCases)
    func bound(implementation: Implementation) async throws {
        var randomness = SplitMix.seeded(
            "bound \(implementation)", environment: ProcessInfo.processInfo.environment["SEED"])
        for _ in 0..<(implementation == .local ? 40 : 6) {
            let buckets = (0..<3).map { index in
                Bucket(
                    "b\(index)", scope: index == 0 ? .app : .connection,
                    capacity: .random(in: 1...50, using: &randomness),
                    refillPerSecond: .random(in: 0.1...20, using: &randomness),
                    share: .random(in: 0.3...1, using: &randomness))
            }
            var grants: [String: [Grant]] = [:]
            var trace: [Step] = []
            for _ in 0..<300 { trace.append(Step.random(buckets, using: &randomness)) }
            try await withLimiter(implementation) { limiter, clock in
                for step in trace {
                    clock.advance(by: step.pause)
                    let admission = await limiter.acquire(
                        step.demands, buckets: buckets, connectionID: step.connectionID, platform: "shop")
                    guard admission == .granted else { continue }
                    for demand in step.demands {
                        let key = demand.bucket == "b0" ? "b0" : "\(demand.bucket)/\(step.connectionID)"
                        grants[key, default: []].append(
                            Grant(at: clock.now.sinceStart, tokens: demand.tokens))
                    }
                }
            }
            #expect(grants.values.contains { $0.count > 10 })
            for (key, grants) in grants {
                let bucket = try #require(buckets.first { key.hasPrefix($0.name) })
                expectBound(grants, bucket)
            }
        }
    }

    private func expectBound(_ grants: [Grant], _ bucket: Bucket) {
        for first in grants.indices {
            var sum = 0.0
            for last in first..<grants.count {
                sum += grants[last].tokens
                let seconds = (grants[last].at - grants[first].at) / .seconds(1)
                let allowed = (bucket.capacity + bucket.refillPerSecond * seconds) * bucket.share
                #expect(sum <= allowed + 1e-6)
            }
        }
    }

    @Test("the limiter in memory and the one in Redis decide alike")
    func alike() async throws {
        var randomness = SplitMix.seeded("alike", environment: ProcessInfo.processInfo.environment["SEED"])
        let buckets = [
            Bucket("b0", scope: .app, capacity: 50, refillPerSecond: 10, share: 0.7),
            Bucket("b1", scope: .connection, capacity: 10, refillPerSecond: 0.3),
            Bucket("b2", scope: .connection, capacity: 1000, refillPerSecond: 100, share: 0.9),
        ]
        var trace: [Step] = []
        for _ in 0..<3_000 { trace.append(Step.random(buckets, using: &randomness)) }
        let steps = trace
        var decisions: [Implementation: [Admission]] = [:]
        for implementation in Implementation.allCases {
            var admissions: [Admission] = []
            try await withLimiter(implementation) { limiter, clock in
                for step in steps {
                    clock.advance(by: step.pause)
                    admissions.append(
                        await limiter.acquire(
                            step.demands, buckets: buckets, connectionID: step.connectionID, platform: "shop"))
                    await limiter.settle(
                        step.lessons, buckets: buckets, connectionID: step.connectionID, platform: "shop")
                }
            }
            decisions[implementation] = admissions
        }
        let local = try #require(decisions[.local])
        let redis = try #require(decisions[.redis])
        let differing = zip(local, redis).enumerated().first { !$0.element.0.isAlike($0.element.1) }
        #expect(differing == nil, "at step \(differing?.offset ?? -1): \(String(describing: differing?.element))")
        #expect(local.contains(.granted) && local.contains { $0 != .granted })
    }
}

/// One move of a random trace.
private struct Step: Sendable {
    let pause: Duration
    let connectionID: Int64
    let demands: [BucketDemand]
    let lessons: [LimitLesson]

    /// Demands stay within what the bucket can hold, so that none leaves a debt.
    static func random(_ buckets: [Bucket], using randomness: inout SplitMix) -> Step {
        let wanted = buckets.filter { _ in Bool.random(using: &randomness) }
        let demands = wanted.map { bucket in
            BucketDemand(
                bucket.name, tokens: .random(in: 0.1...(bucket.capacity * bucket.share), using: &randomness))
        }
        let isLong = Int.random(in: 0..<20, using: &randomness) == 0
        var lessons: [LimitLesson] = []
        for bucket in wanted {
            let amount = Double.random(in: 0...bucket.capacity, using: &randomness)
            switch Int.random(in: 0..<12, using: &randomness) {
            case 0: lessons.append(.refund(bucket: bucket.name, tokens: amount))
            case 1:
                lessons.append(.level(bucket: bucket.name, available: amount, capacity: nil, refillPerSecond: nil))
            case 2:
                lessons.append(
                    .level(
                        bucket: bucket.name, available: amount, capacity: bucket.capacity * 2,
                        refillPerSecond: bucket.refillPerSecond * 1.5))
            case 3:
                lessons.append(
                    .blocked(bucket: bucket.name, for: .milliseconds(Int.random(in: 1...5_000, using: &randomness))))
            default: break
            }
        }
        return Step(
            pause: .microseconds(Int.random(in: 0...(isLong ? 60_000_000 : 800_000), using: &randomness)),
            connectionID: .random(in: 1...2, using: &randomness), demands: demands, lessons: lessons)
    }
}

extension Admission {
    /// Equal but for the last digits of a wait, where C and Lua may round a sum differently.
    fileprivate func isAlike(_ other: Admission) -> Bool {
        switch (self, other) {
        case (.granted, .granted): true
        case (.wait(let one, let bucket), .wait(let two, let otherBucket)):
            max(one, two) - min(one, two) <= .microseconds(2) && bucket == otherBucket
        default: false
        }
    }
}
