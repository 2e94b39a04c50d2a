internal import Foundation
internal import Limits
internal import LocalServers
internal import Logging
internal import Platforms
internal import Redis

/// How fast tokens are taken, how much of a limit is used, and whether it is ever exceeded.
struct LimitsBench {
    let folder: String
    let seconds: Int
    let tasks: Int
    let logger: Logger

    func run() async throws -> BenchReport {
        let server = try await LocalRedis.start(in: folder + "/redis", logger: logger)
        do {
            let speed = try await measureSpeed(server)
            let use = try await measureUse(server)
            await server.stop()
            return report(speed, use)
        } catch {
            await server.stop()
            throw error
        }
    }

    private func report(_ speed: (ours: Run, floor: Run), _ use: Use) -> BenchReport {
        BenchReport(
            bench: "limits",
            conditions: [
                "cores": "\(ProcessInfo.processInfo.activeProcessorCount)", "build": Build.mode, "tasks": "\(tasks)",
                "seconds": "\(seconds)", "buckets_a_request": "2", "workers": "\(Self.workers)",
            ],
            figures: [
                .init("acquire", speed.ours.rate, "1/s", floor: speed.floor.rate, aim: "0.8 of the floor"),
                .init("acquire_p99_ms", speed.ours.p99, "ms", floor: speed.floor.p99),
                .init("utilisation", use.share * 100, "%", aim: "at least 98"),
                .init("violations", Double(use.violations), "", aim: "0"),
            ])
    }

    // MARK: - Speed

    private struct Run {
        var count = 0
        var time = 0.0
        var latencies: [Double] = []

        var rate: Double { Double(count) / time }
        /// In milliseconds.
        var p99: Double {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100] * 1000
        }
    }

    private static let connections: Int64 = 1000
    private static let rounds = 4

    /// The limiter and the plain script in turn, so that what disturbs the machine disturbs both.
    private func measureSpeed(_ server: LocalRedis) async throws -> (ours: Run, floor: Run) {
        let redis = RedisClient(try RedisConfiguration(url: server.url), logger: logger)
        let limiter = RedisLimiter(redis, grace: .milliseconds(1))
        let buckets = [
            Bucket("app", scope: .app, capacity: 1e9, refillPerSecond: 1e9),
            Bucket("requests", scope: .connection, capacity: 1e9, refillPerSecond: 1e9),
        ]
        let demands = buckets.map { BucketDemand($0.name) }
        let floor = LimitsFloor(redis)
        var (ours, plain) = (Run(), Run())
        let slice = Duration.seconds(Double(seconds) / Double(Self.rounds))
        for _ in 0..<Self.rounds {
            await measure(slice, &ours) { number in
                _ = await limiter.acquire(
                    demands, buckets: buckets, connectionID: number % Self.connections, platform: "bench")
            }
            try await floor.prepare()
            await measure(slice, &plain) { number in _ = try? await floor.call(number % Self.connections) }
        }
        await redis.shutdown()
        return (ours, plain)
    }

    private func measure(
        _ time: Duration, _ run: inout Run, _ body: @escaping @Sendable (Int64) async -> Void
    ) async {
        let start = ContinuousClock.now
        let latencies = await withTaskGroup(of: [Double].self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var latencies: [Double] = []
                    var number = Int64(task)
                    while start.duration(to: .now) < time {
                        let before = ContinuousClock.now
                        await body(number)
                        latencies.append(before.duration(to: .now).seconds)
                        number += Int64(tasks)
                    }
                    return latencies
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        run.time += start.duration(to: .now).seconds
        run.count += latencies.count
        run.latencies += latencies
    }

    // MARK: - Use

    private struct Use {
        var share = 0.0
        var violations = 0
    }

    private static let workers = 8
    private static let bucket = Bucket("shared", scope: .app, capacity: 50, refillPerSecond: 500)

    /// Workers, each with a client and a limiter of its own, take all they get of one bucket; a judge that counts as
    /// the platform would looks at every grant.
    private func measureUse(_ server: LocalRedis) async throws -> Use {
        let configuration = try RedisConfiguration(url: server.url)
        let clients = (0..<Self.workers).map { _ in RedisClient(configuration, logger: logger) }
        let limiters = clients.map { RedisLimiter($0, grace: .milliseconds(100)) }
        // Until the bucket is full.
        _ = await limiters[0].acquire(
            [BucketDemand(Self.bucket.name)], buckets: [Self.bucket], connectionID: 0, platform: "bench-use")
        try await Task.sleep(for: .seconds(1))
        let grants = await withTaskGroup(of: [Int64].self) { group in
            let end = ContinuousClock.now + .seconds(seconds)
            for limiter in limiters {
                group.addTask {
                    var grants: [Int64] = []
                    while ContinuousClock.now < end {
                        let admission = await limiter.acquire(
                            [BucketDemand(Self.bucket.name)], buckets: [Self.bucket], connectionID: 0,
                            platform: "bench-use")
                        switch admission {
                        case .granted(let grant): grants.append(grant.at)
                        case .wait(let wait, _): try? await Task.sleep(for: wait)
                        }
                    }
                    return grants
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }.sorted()
        for client in clients { await client.shutdown() }
        return judged(grants)
    }

    /// The platform's bucket, full at the first request.
    private func judged(_ grants: [Int64]) -> Use {
        guard let first = grants.first, let last = grants.last,
            case .tokens(let capacity, let rate) = Self.bucket.kind
        else { return Use() }
        var (level, at, violations) = (capacity, first, 0)
        for time in grants {
            level = min(capacity, level + Double(time - at) * rate / 1e6) - 1
            at = time
            if level < -1e-6 { violations += 1 }
        }
        let allowed = capacity + Double(last - first) * rate / 1e6
        return Use(share: Double(grants.count) / allowed, violations: violations)
    }
}

/// The barest script of the limiter's shape: as many keys and arguments, the same reads and writes, no decision.
private struct LimitsFloor: Sendable {
    let redis: RedisClient
    private static let epoch: RedisArgument = "portolan:floor:{bench}:epoch"
    private static let header = RedisArgument([UInt8](repeating: 1, count: 48))
    private static let turn = RedisArgument([UInt8](repeating: 1, count: 176))
    private static let identity = RedisArgument([UInt8](repeating: 97, count: 81))

    private static let script = RedisScript(
        """
        local time = redis.call('TIME')
        local known = redis.call('HMGET', KEYS[1], 'born', 'calm', 'away', ARGV[2], ARGV[3])
        for i = 2, #KEYS do
          redis.call('GET', KEYS[i])
          redis.call('SET', KEYS[i], ARGV[i + 2], 'PX', '86400000')
        end
        return {0, 0, 0, 0, 0, 0, 0}
        """)

    init(_ redis: RedisClient) { self.redis = redis }

    func prepare() async throws {
        _ = try await redis.command(["HSET", Self.epoch, "born", "1", "calm", "1", "away", "0", Self.identity, "1"])
    }

    func call(_ connection: Int64) async throws -> RedisReply {
        let keys: [RedisArgument] = [
            Self.epoch, "portolan:floor:{bench}:app:app",
            RedisArgument("portolan:floor:{bench}:connection:\(connection):requests"),
        ]
        return try await redis.script(
            Self.script, keys: keys,
            arguments: [Self.header, Self.identity, Self.identity, Self.turn, Self.turn], on: nil)
    }
}
