import Foundation
import Logging
import Platforms
import Redis
import Synchronization
import TestKit

@testable import Limits

/// A Redis that a test cuts off, and that sees which keys are called together.
final class CuttableRedis: RedisScripting {
    private let redis: any RedisScripting
    private let isCut = Mutex(false)
    private let tagsOfCalls = Mutex<Set<[String]>>([])

    init(_ redis: any RedisScripting) { self.redis = redis }

    /// The hash tags of every script call's keys, each combination once.
    var tags: Set<[String]> { tagsOfCalls.withLock { $0 } }

    /// What a cluster finds a key's server by.
    private static func tag(_ key: RedisArgument) -> String {
        let text = String(decoding: key.bytes, as: UTF8.self)
        guard let open = text.firstIndex(of: "{"), let close = text[open...].firstIndex(of: "}") else { return text }
        return String(text[text.index(after: open)..<close])
    }

    func cut(_ isCut: Bool) { self.isCut.withLock { $0 = isCut } }

    private func check() throws(RedisError) {
        if isCut.withLock({ $0 }) { throw RedisError(.unavailable, "cut off") }
    }

    func server(forKey key: RedisArgument) async throws(RedisError) -> Redis.RedisServer {
        try check()
        return try await redis.server(forKey: key)
    }

    func script(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument], on server: Redis.RedisServer?
    ) async throws(RedisError) -> RedisReply {
        try check()
        let tags = Set(keys.map(Self.tag)).sorted()
        _ = tagsOfCalls.withLock { $0.insert(tags) }
        return try await redis.script(script, keys: keys, arguments: arguments, on: server)
    }

    func command(_ arguments: [RedisArgument], key: RedisArgument?) async throws(RedisError) -> RedisReply {
        try check()
        return try await redis.command(arguments, key: key)
    }

    func scanKeys(matching pattern: String) async throws(RedisError) -> [String] {
        try check()
        return try await redis.scanKeys(matching: pattern)
    }
}

/// Workers that take whatever they get of one platform, on a clock that stands between their moves, with a judge.
///
/// Redis is real; time is not. So every move is at a known instant, and the judge is exact.
final class FleetSimulation {
    /// Of every kind, none with a share: the judge allows exactly what the limiter may use.
    static let buckets = [
        Bucket("tokens", scope: .app, capacity: 60, refillPerSecond: 20),
        Bucket("own", scope: .connection, capacity: 200, refillPerSecond: 40),
        Bucket("window", scope: .app, .window(limit: 100, length: .seconds(6))),
        Bucket("minute", scope: .connection, .window(limit: 12, length: .seconds(5))),
        Bucket("lines", scope: .connection, .slots(limit: 3, holdMax: .seconds(4))),
        Bucket("slots", scope: .app, .slots(limit: 40, holdMax: .seconds(4))),
        Bucket("quota", scope: .app, .quota(limit: 300, resets: .daily(hour: 0, minute: 0, timeZone: "GMT"))),
    ]

    private struct Pending {
        let due: Double
        let worker: Int
        let demands: [BucketDemand]
        let connectionID: Int64
        let grant: Grant
    }

    private struct Worker {
        let client: any RedisService
        let redis: CuttableRedis
        let limiter: RedisLimiter
        /// When it may ask for each bucket again.
        var asksAt: [String: Double] = [:]
        /// What it last read of each connection's first use; that may be long ago.
        var firstUses: [Int64: Int64?] = [:]

        func isServed(_ platform: String) async {
            let key = RedisArgument(BucketTurn.epochKey(platform: platform))
            while (try? await client.command(["EXISTS", key], key: key)) == nil { await Task.yield() }
        }
    }

    private(set) var judge: Judge
    private var random: SplitMix
    private var workers: [Worker] = []
    private var pending: [Pending] = []
    /// What the fleet has noted of each connection's first use.
    private var firstUses: [Int64: Int64] = [:]
    private var moves = 0
    /// Grants that were given back because somebody had been first.
    private(set) var beaten = 0
    let ledger: MemoryLedger
    private let platform: String

    init(_ configuration: RedisConfiguration, workers count: Int, random: SplitMix, platform: String = "shop") {
        self.random = random
        self.platform = platform
        judge = Judge(start: 1_750_032_000_000_000)
        let time = ClockBox(value: 1_750_032_000_000_000)
        clock = time
        ledger = MemoryLedger(now: { time.now })
        for _ in 0..<count {
            let client = configuration.connect(logger: .silent)
            let redis = CuttableRedis(client)
            let limiter = RedisLimiter(
                redis, ledger: ledger, grace: .seconds(2), time: { time.now }, observe: { _ in })
            workers.append(Worker(client: client, redis: redis, limiter: limiter))
        }
    }

    private let clock: ClockBox

    /// Time that the closures of many limiters read.
    final class ClockBox: Sendable {
        private let value: Mutex<Double>
        init(value: Double) { self.value = Mutex(value) }
        var now: Double { value.withLock { $0 } }
        func advance(by microseconds: Double) { value.withLock { $0 += microseconds } }
    }

    /// Cuts all workers off; each one that comes later comes back by itself.
    func cutAll() { for worker in workers { worker.redis.cut(true) } }

    /// Lets the workers back, one after the other, over so many moves.
    func restore(over moves: Int) async {
        for index in workers.indices {
            workers[index].redis.cut(false)
            await workers[index].isServed(platform)
            await run(moves: moves / workers.count)
        }
    }

    /// Waits until Redis answers every worker about the platform's keys.
    func awaitRedis() async { for worker in workers { await worker.isServed(platform) } }

    /// The hash tags that were in one call together.
    var tags: Set<[String]> { workers.reduce(into: []) { $0.formUnion($1.redis.tags) } }

    func shutdown() async { for worker in workers { await worker.client.shutdown() } }

    /// Moves of random workers; each takes 2 ms of the clock on average.
    func run(moves: Int) async {
        for _ in 0..<moves {
            clock.advance(by: Double(Int.random(in: 0...4000, using: &random)))
            await finishDue()
            await move(Int.random(in: workers.indices, using: &random))
        }
    }

    private func finishDue() async {
        let now = clock.now
        for request in pending where request.due <= now {
            // The platform is done with it before we hear of it.
            judge.leave(request.demands, Self.buckets, connectionID: request.connectionID)
            await workers[request.worker].limiter.settle(
                [], grant: request.grant, buckets: Self.buckets, connectionID: request.connectionID, platform: platform)
        }
        pending.removeAll { $0.due <= now }
    }

    private func move(_ index: Int) async {
        let now = clock.now
        let names = Self.buckets.map(\.name).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
        if names.isEmpty { return }
        // As workers do, it comes when it was told to, or a little later; some come too early.
        let isEager = Int.random(in: 0..<10, using: &random) == 0
        if !isEager, names.contains(where: { (workers[index].asksAt[$0] ?? 0) > now }) { return }
        let demands = names.map { name in
            let most = ["tokens": 5, "own": 30][name] ?? 1
            return BucketDemand(name, tokens: Double(Int.random(in: 1...most, using: &random)))
        }
        // New connections come all the time, and each is asked for a while.
        moves += 1
        let newest = Int64(moves / 400)
        let connectionID = Int64.random(in: max(1, newest - 2)...max(3, newest), using: &random)
        let band = LimitBand.allCases.randomElement(using: &random) ?? .urgent
        if workers[index].firstUses[connectionID] == nil || Int.random(in: 0..<4, using: &random) == 0 {
            workers[index].firstUses[connectionID] = .some(firstUses[connectionID])
        }
        var admission = Admission.granted(.nothing)
        while true {
            let known = workers[index].firstUses[connectionID] ?? nil
            admission = await workers[index].limiter.acquire(
                demands, band: band, buckets: Self.buckets, connectionID: connectionID, platform: platform,
                firstUse: FirstUse(noted: known))
            guard known == nil, case .granted(let grant) = admission, let epoch = grant.epoch else { break }
            let first = firstUses[connectionID, default: epoch]
            firstUses[connectionID] = first
            workers[index].firstUses[connectionID] = .some(first)
            if first == epoch { break }
            beaten += 1
            await workers[index].limiter.release(grant, platform: platform)
        }
        switch admission {
        case .granted(let grant):
            judge.arrive(demands, Self.buckets, connectionID: connectionID, at: now)
            pending.append(
                Pending(
                    due: now + Double(Int.random(in: 10_000...2_000_000, using: &random)), worker: index,
                    demands: demands, connectionID: connectionID, grant: grant))
        case .wait(let wait, let bucket):
            workers[index].asksAt[bucket] = now + min(5e5, Double(wait.limiterMicroseconds))
        }
    }

    /// What was used of each of the app's buckets, in words.
    var usage: String {
        ["tokens", "window", "quota"].map { name in
            "\(name) \(Int((judge.used(name, until: clock.now) * 100).rounded())) %"
        }.joined(separator: ", ")
            + "; \(judge.requests) requests in \(Int((clock.now - 1_750_032_000_000_000) / 1e6)) s"
    }
}
