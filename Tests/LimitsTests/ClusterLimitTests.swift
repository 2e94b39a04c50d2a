import Foundation
import LocalServers
import Logging
import Platforms
import Redis
import TestKit
import Testing

@testable import Limits

@Suite("Limits on a Redis Cluster", .serialized)
struct ClusterLimitTests {
    /// A cluster of three primaries, and a fleet for a platform of each.
    private struct Lab {
        let cluster: LocalRedisCluster
        /// By the primary that keeps the platform's buckets at first.
        let platforms: [String]
        let fleets: [FleetSimulation]
        let configuration: RedisConfiguration

        static func with(_ name: String, _ body: (Lab) async throws -> Void) async throws {
            let folder = "/tmp/portolan-limits-cluster-\(UInt64.random(in: 0...UInt64.max))"
            let cluster = try await LocalRedisCluster.start(in: folder, logger: .silent)
            do {
                try await run(name, cluster, body)
            } catch {
                await cluster.stop()
                try? FileManager.default.removeItem(atPath: folder)
                throw error
            }
            await cluster.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        private static func run(
            _ name: String, _ cluster: LocalRedisCluster, _ body: (Lab) async throws -> Void
        ) async throws {
            var configuration = try RedisConfiguration(url: cluster.url)
            // A call that cannot be served waits so long in earnest, while the fleets' clocks stand.
            configuration.commandTimeLimit = .milliseconds(150)
            configuration.connectTimeLimit = .seconds(20)
            (configuration.reconnectDelayMin, configuration.reconnectDelayMax) = (.milliseconds(5), .milliseconds(50))
            let platforms = try await platforms(of: cluster)
            var random = SplitMix.seeded(name)
            let fleets = platforms.map { platform in
                FleetSimulation(
                    configuration, workers: 4, random: SplitMix(state: random.next()), platform: platform)
            }
            let lab = Lab(cluster: cluster, platforms: platforms, fleets: fleets, configuration: configuration)
            let result: Result<Void, any Error>
            do {
                for fleet in fleets { await fleet.awaitRedis() }
                result = .success(try await body(lab))
            } catch {
                result = .failure(error)
            }
            for (platform, fleet) in zip(platforms, fleets) {
                print("\(name), \(platform): \(fleet.usage)")
                #expect(fleet.judge.violations == [])
                #expect(fleet.judge.requests > 10)
                #expect(fleet.tags == [[platform]], "the keys of a call have one server")
                await fleet.shutdown()
            }
            try result.get()
        }

        /// One for each primary.
        private static func platforms(of cluster: LocalRedisCluster) async throws -> [String] {
            var found: [Int: String] = [:]
            var number = 0
            while found.count < cluster.nodes.count {
                number += 1
                let name = "shop-\(number)"
                let slot = try await ClusterLimitTests.slot(of: name, in: cluster)
                let node = slot * cluster.nodes.count / 16_384
                found[node] = found[node] ?? name
            }
            return found.sorted { $0.key < $1.key }.map(\.value)
        }

        /// All fleets, a few moves each in turn.
        func run(moves: Int) async {
            for _ in 0..<moves / 50 { for fleet in fleets { await fleet.run(moves: 50) } }
        }

        /// How often the primaries answered with an error of that kind.
        func errorCount(_ kind: String) async throws -> Int {
            var count = 0
            for node in cluster.nodes {
                let prefix = "errorstat_\(kind):count="
                for line in try await node.command(["info", "errorstats"]) where line.hasPrefix(prefix) {
                    count += Int(line.dropFirst(prefix.count)) ?? 0
                }
            }
            return count
        }
    }

    private static func slot(of platform: String, in cluster: LocalRedisCluster) async throws -> Int {
        let key = BucketTurn.epochKey(platform: platform)
        return try #require(Int(try await cluster.nodes[0].command(["cluster", "keyslot", key]).first ?? ""))
    }

    /// Moves a slot's keys while calls come for them.
    private static func migrate(
        slot: Int, _ cluster: LocalRedisCluster, from: Int, to: Int, atHalf: () async -> Void,
        beforeItIsKnown: () async -> Void
    ) async throws {
        let (source, target) = (cluster.nodes[from], cluster.nodes[to])
        func node(_ index: Int, _ words: String...) async throws {
            try await cluster.nodes[index].command(["cluster", "setslot", String(slot)] + words)
        }
        let ids = [
            try await source.command(["cluster", "myid"])[0], try await target.command(["cluster", "myid"])[0],
        ]
        func move(_ keys: some Collection<String>) async throws {
            guard !keys.isEmpty else { return }
            try await source.command(
                ["migrate", "127.0.0.1", String(target.port ?? 0), "", "0", "20000", "replace", "keys"] + keys)
        }
        func keysLeft() async throws -> [String] {
            try await source.command(["cluster", "getkeysinslot", String(slot), "1000"]).filter { !$0.isEmpty }
        }
        try await node(to, "importing", ids[0])
        try await node(from, "migrating", ids[1])
        let keys = try await keysLeft()
        #expect(keys.count > 2)
        try await move(keys.prefix(keys.count / 2))
        await atHalf()
        try await move(keysLeft())
        await beforeItIsKnown()
        while case let rest = try await keysLeft(), !rest.isEmpty { try await move(rest) }
        for index in [to, from] { try await node(index, "node", ids[1]) }
        for index in cluster.nodes.indices where index != to && index != from { try await node(index, "node", ids[1]) }
    }

    @Test("fleets on three primaries break no limit while a platform's slot moves", .timeLimit(.minutes(2)))
    func migration() async throws {
        try await Lab.with("slot migration") { lab in
            await lab.run(moves: 2_500)
            let moving = lab.fleets[0]
            let slot = try await Self.slot(of: lab.platforms[0], in: lab.cluster)
            // Nobody asks while it moves, and everybody is sent on afterwards.
            try await Self.migrate(slot: slot, lab.cluster, from: 0, to: 1) {
            } beforeItIsKnown: {
            }
            await lab.run(moves: 2_500)
            for (from, to) in [(1, 2), (2, 0)] {
                try await Self.migrate(slot: slot, lab.cluster, from: from, to: to) {
                    // Its keys are on two servers: no script can run, and each worker keeps to its own share.
                    await moving.run(moves: 60)
                    await lab.fleets[1].run(moves: 200)
                } beforeItIsKnown: {
                    await moving.run(moves: 200)
                }
                await lab.run(moves: 2_500)
            }
            #expect(try await lab.errorCount("TRYAGAIN") > 0)
            #expect(try await lab.errorCount("ASK") > 0)
            #expect(try await lab.errorCount("MOVED") > 0)
        }
    }

    @Test("nor while primaries are killed and come back empty", .timeLimit(.minutes(2)))
    func restart() async throws {
        try await Lab.with("primary restart") { lab in
            await lab.run(moves: 2_000)
            for index in [2, 0] {
                await lab.cluster.nodes[index].kill()
                await lab.run(moves: 500)
                try await lab.cluster.nodes[index].restart()
                try await lab.cluster.waitUntilServing()
                for fleet in lab.fleets { await fleet.awaitRedis() }
                await lab.run(moves: 2_000)
            }
        }
    }

    @Test("what is looked at is of all primaries", .timeLimit(.minutes(2)))
    func reading() async throws {
        try await Lab.with("reading a cluster") { lab in
            await lab.run(moves: 2_000)
            let redis = lab.configuration.connect(logger: .silent)
            let all = try await BucketReading.all(in: redis)
            let one = try await BucketReading.all(in: redis, platform: lab.platforms[2])
            await redis.shutdown()
            #expect(Set(all.map(\.platform)) == Set(lab.platforms))
            #expect(all.filter { $0.platform == lab.platforms[2] }.map(\.bucket) == one.map(\.bucket))
            for platform in lab.platforms {
                let names = Set(all.filter { $0.platform == platform }.map(\.bucket))
                #expect(names == Set(FleetSimulation.buckets.map(\.name)))
            }
        }
    }
}
