import LocalServers
import Logging
import TestKit
import Testing

@testable import Redis

@Suite(.serialized, .timeLimit(.minutes(2))) struct ClusterTests {
    private static let count = RedisScript(
        "for i = 1, #KEYS do redis.call('INCR', KEYS[i]) end return redis.call('GET', KEYS[1])")

    @Test("calls go straight to where their keys live, and every node has its share")
    func routing() async throws {
        try await withCluster { _, cluster, nodes in
            for round in 1...2 {
                try await withThrowingTaskGroup { group in
                    for tag in 0..<500 {
                        group.addTask {
                            let keys: [RedisArgument] = ["{\(tag)}:a".argument, "{\(tag)}:b".argument]
                            let server = round == 1 ? nil : try await cluster.server(forKey: keys[0])
                            let reply = try await cluster.script(Self.count, keys: keys, arguments: [], on: server)
                            guard try reply.integer == round else { throw MustFail() }
                            let value = try await cluster.command(["GET", keys[1]], key: keys[1])
                            guard try value.integer == round else { throw MustFail() }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            var servers: Set<RedisServer> = []
            for tag in 0..<50 { servers.insert(try await cluster.server(forKey: "{\(tag)}:a".argument)) }
            #expect(servers.count == 3)
            var total: Int64 = 0
            for node in nodes {
                let size = try await node.command(["DBSIZE"]).integer
                #expect(size > 200)
                total += size
            }
            #expect(total == 1_000)
            #expect(try await errorCount("MOVED", nodes) == 0)
            let keys = try await cluster.scanKeys(matching: "{1*")
            #expect(Set(keys).count == 222 && keys.count == 222)
        }
    }

    @Test("the slot of any key is the one the server computes")
    func slots() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var randomness = SplitMix(state: seed)
        var keys: [[UInt8]] = []
        for _ in 0..<2_000 {
            let length = Int.random(in: 0...12, using: &randomness)
            let alphabet: [UInt8] = [UInt8(ascii: "{"), UInt8(ascii: "}"), 0, 97, 98, 255]
            keys.append((0..<length).map { _ in alphabet.randomElement(using: &randomness) ?? 0 })
        }
        try await withCluster { _, _, nodes in
            let replies = await nodes[0].pipeline(keys.map { ["CLUSTER", "KEYSLOT", RedisArgument($0)] })
            for (key, reply) in zip(keys, replies) {
                let slot = try reply.get().integer
                #expect(slot == Int64(KeySlot.of(key)))
            }
        }
    }

    @Test("keys of several slots in one call, and commands that upset a connection, are refused and not sent")
    func misuse() async throws {
        try await withCluster { _, cluster, nodes in
            let script = try await failure {
                try await cluster.script(Self.count, keys: ["{a}", "{b}"], arguments: [], on: nil)
            }
            #expect(script.code == .misuse)
            for words in [["SUBSCRIBE", "c"], ["ASKING"], ["READONLY"], ["MULTI"]] {
                let error = try await failure {
                    try await cluster.command(words.map { RedisArgument($0) }, key: nil)
                }
                #expect(error.code == .misuse)
            }
            #expect(try await cluster.scanKeys(matching: "*").isEmpty)
        }
    }

    @Test("a keyed command without its key named finds its way too; an error of the server is thrown")
    func unnamedKey() async throws {
        try await withCluster { _, cluster, nodes in
            for tag in 0..<30 { _ = try await cluster.command(["SET", "\(tag)".argument, "x"], key: nil) }
            #expect(try await cluster.scanKeys(matching: "*").count == 30)
            #expect(try await errorCount("MOVED", nodes) > 0)
            let error = try await failure { try await cluster.command(["LPUSH", "1", "x"], key: "1") }
            #expect(error.serverKind == "WRONGTYPE")
        }
    }

    @Test("a slot that moves while scripts run: each runs exactly once", arguments: [false, true])
    func migration(isBound: Bool) async throws {
        try await withCluster { local, cluster, nodes in
            let migration = try await SlotMigration(local, nodes, key: "{moving}")
            let keys = (0..<40).map { "{moving}:\($0)".argument }
            // All there are: a slot on its way refuses calls that name several keys, some of them new.
            for key in keys { _ = try await cluster.command(["SET", key, "0"], key: key) }
            let progress = Progress()
            try await withThrowingTaskGroup { group in
                for worker in 0..<8 {
                    group.addTask {
                        var random = SplitMix(state: UInt64(worker))
                        var sent = [Int](repeating: 0, count: keys.count)
                        while !progress.isOver {
                            let first = Int.random(in: 0..<keys.count, using: &random)
                            let second = Int.random(in: 0..<keys.count, using: &random)
                            let pair = worker % 2 == 0 || first == second ? [first] : [first, second]
                            try await Self.run(cluster, pair.map { keys[$0] }, isBound: isBound)
                            for index in pair { sent[index] += 1 }
                            progress.advance()
                        }
                        return sent
                    }
                }
                try await progress.wait(50)
                for _ in 0..<2 {
                    try await migration.begin()
                    try await progress.wait(50)
                    for key in keys {
                        try await migration.move([key])
                        try await progress.wait(2)
                    }
                    try await progress.wait(50)
                    try await migration.finish()
                    try await progress.wait(50)
                    migration.turnAround()
                }
                progress.end()
                var sent = [Int](repeating: 0, count: keys.count)
                while let counts = try await group.next() { sent = zip(sent, counts).map(+) }
                for (key, count) in zip(keys, sent) {
                    #expect(try await cluster.command(["GET", key], key: key).integer == Int64(count))
                }
            }
            #expect(try await errorCount("ASK", nodes) > 0)
            #expect(try await errorCount("MOVED", nodes) > 0)
            #expect(try await errorCount("TRYAGAIN", nodes) > 0)
        }
    }

    @Test("a primary that is killed: its keys fail fast, the others' do not; back again it is another server")
    func killed() async throws {
        try await withCluster { local, cluster, nodes in
            let owned = try Self.tags(of: 0, nodes.count)
            let others = try Self.tags(of: 1, nodes.count)
            let old = try await cluster.server(forKey: owned[0])
            _ = try await cluster.script(Self.count, keys: [others[0]], arguments: [], on: nil)
            _ = try await cluster.script(Self.count, keys: [owned[0]], arguments: [], on: old)
            await local.nodes[0].kill()
            var error = try await failure {
                while true { _ = try await cluster.command(["GET", owned[0]], key: owned[0]) }
            }
            for _ in 0..<5 {
                error = try await failure { try await cluster.command(["INCR", owned[0]], key: owned[0]) }
                #expect(error.code == .unavailable && !error.outcomeUnknown)
            }
            #expect(try await failure { try await cluster.server(forKey: owned[0]) }.code == .unavailable)
            #expect(try await cluster.script(Self.count, keys: [others[0]], arguments: [], on: nil).integer == 2)
            try await cluster.publish("x", on: "c")
            try await local.nodes[0].restart()
            try await local.waitUntilServing()
            #expect(try await eventually(cluster, ["INCR", owned[0]], key: owned[0]).integer == 1)
            let new = try await cluster.server(forKey: owned[0])
            #expect(new.runID != old.runID)
            let refused = try await failure {
                try await cluster.script(Self.count, keys: [owned[0]], arguments: [], on: old)
            }
            #expect(refused.code == .serverChanged)
            #expect(try await cluster.script(Self.count, keys: [owned[0]], arguments: [], on: new).integer == 2)
        }
    }

    @Test("when another node takes over a lost one's slot, calls go there without being told by the lost one")
    func takenOver() async throws {
        try await withCluster { local, cluster, nodes in
            let migration = try await SlotMigration(local, nodes, key: "{taken}")
            let old = try await cluster.server(forKey: "{taken}")
            await local.nodes[migration.from].kill()
            try await migration.takeOver()
            #expect(try await eventually(cluster, ["INCR", "{taken}"], key: "{taken}").integer == 1)
            let refused = try await failure {
                try await cluster.script(Self.count, keys: ["{taken}"], arguments: [], on: old)
            }
            #expect(refused.code == .serverChanged)
            let new = try await cluster.server(forKey: "{taken}")
            #expect(try await cluster.script(Self.count, keys: ["{taken}"], arguments: [], on: new).integer == 2)
            try await local.nodes[migration.from].restart()
            try await local.waitUntilServing()
            #expect(try await eventually(cluster, ["INCR", "{taken}"], key: "{taken}").integer == 3)
        }
    }

    @Test("a subscription hears what is published on any node, and moves on when its node is killed")
    func subscription() async throws {
        try await withCluster { local, cluster, nodes in
            var messages = cluster.subscribe(["c"]).makeAsyncIterator()
            #expect(await messages.next() == .connected)
            for (index, node) in nodes.enumerated() {
                try await node.publish("\(index)".argument, on: "c")
                #expect(await messages.next() == .message(channel: "c", payload: Array("\(index)".utf8)))
            }
            var listening: Int?
            for (index, node) in nodes.enumerated() {
                let reply = try await node.command(["PUBSUB", "NUMSUB", "c"]).array
                if try reply[1].integer == 1 { listening = index }
            }
            let lost = try #require(listening)
            await local.nodes[lost].kill()
            #expect(await messages.next() == .connected)
            try await cluster.publish("x", on: "c")
            #expect(await messages.next() == .message(channel: "c", payload: [UInt8(ascii: "x")]))
            try await local.nodes[lost].restart()
            try await local.waitUntilServing()
        }
    }

    @Test("a URL of one node gives the cluster, because the node says what it is")
    func detected() async throws {
        try await withCluster { local, _, nodes in
            let configuration = try clusterConfiguration(local.nodes[1].tcpURL ?? "")
            for asksFirst in [false, true] {
                let redis = configuration.connect(logger: .silent)
                var messages = redis.subscribe(["c"]).makeAsyncIterator()
                #expect(await messages.next() == .connected)
                if asksFirst { _ = try await redis.server(forKey: "x") }
                try await withThrowingTaskGroup { group in
                    for tag in 0..<100 {
                        group.addTask {
                            _ = try await redis.script(Self.count, keys: ["{\(tag)}".argument], arguments: [], on: nil)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await redis.scanKeys(matching: "*").count == 100)
                try await redis.publish("x", on: "c")
                #expect(await messages.next() == .message(channel: "c", payload: [UInt8(ascii: "x")]))
                await redis.shutdown()
                #expect(await messages.next() == nil)
            }
        }
    }

    @Test("a server that is no node of a cluster stays a single one")
    func single() async throws {
        try await withRedis { server, _ in
            let redis = server.configuration().connect(logger: .silent)
            for key in ["a", "b", "c"] as [RedisArgument] {
                let server = try await redis.server(forKey: key)
                #expect(try await redis.script(Self.count, keys: [key], arguments: [], on: server).integer == 1)
            }
            // What a cluster refuses.
            _ = try await redis.script(Self.count, keys: ["a", "b"], arguments: [], on: nil)
            #expect(try await redis.scanKeys(matching: "*").count == 3)
            await redis.shutdown()
            #expect(try await failure { try await redis.command(["PING"], key: nil) }.code == .unavailable)
        }
    }

    @Test("where no node answers, calls fail at once and never wait for ever; after the shutdown too")
    func nobodyThere() async throws {
        // A port that is reserved and not served.
        let cluster = RedisCluster(try RedisConfiguration(url: "redis+cluster://127.0.0.1:1"), logger: .silent)
        for _ in 0..<20 {
            let error = try await failure { try await cluster.command(["GET", "x"], key: "x") }
            #expect(error.code == .unavailable && !error.outcomeUnknown)
        }
        #expect(try await failure { try await cluster.scanKeys(matching: "*") }.code == .unavailable)
        await cluster.shutdown()
        #expect(try await failure { try await cluster.server(forKey: "x") }.code == .unavailable)
    }

    @Test("a server that is no cluster is reported as such when the URL says that it is one")
    func notACluster() async throws {
        let server = try await TestRedis(tcp: true)
        let url = "redis+cluster://127.0.0.1:\(server.port)"
        let cluster = RedisCluster(try clusterConfiguration(url), logger: .silent)
        let error = try await failure { try await cluster.command(["GET", "x"], key: "x") }
        #expect(error.serverMessage?.contains("cluster support disabled") == true)
        await cluster.shutdown()
    }

    /// Runs the counting script, bound to the keys' server when asked to, until it has run.
    private static func run(_ cluster: RedisCluster, _ keys: [RedisArgument], isBound: Bool) async throws {
        guard isBound else {
            _ = try await cluster.script(count, keys: keys, arguments: [], on: nil)
            return
        }
        while true {
            let server = try await cluster.server(forKey: keys[0])
            do throws(RedisError) {
                _ = try await cluster.script(count, keys: keys, arguments: [], on: server)
                return
            } catch {
                guard error.code == .serverChanged else { throw error }
            }
        }
    }

    /// Keys that live on one node, by the even share each node began with.
    private static func tags(of node: Int, _ nodeCount: Int) throws -> [RedisArgument] {
        (0..<100).map { "{\($0)}".argument }.filter { KeySlot.of($0.bytes) * nodeCount / KeySlot.count == node }
    }
}

/// One slot on its way from its node to the next one.
private final class SlotMigration {
    private let local: LocalRedisCluster
    private let nodes: [RedisClient]
    private let slot: RedisArgument
    private var ids: [RedisArgument] = []
    private(set) var from: Int
    private var to: Int

    init(_ local: LocalRedisCluster, _ nodes: [RedisClient], key: RedisArgument) async throws {
        self.local = local
        self.nodes = nodes
        slot = RedisArgument(KeySlot.of(key.bytes))
        from = 0
        to = 1
        for node in nodes { ids.append(RedisArgument(try await node.command(["CLUSTER", "MYID"]).bytes)) }
        for (index, node) in nodes.enumerated() {
            let reply = try? await node.command(["EXISTS", key])
            if reply != nil { from = index }
        }
        to = (from + 1) % nodes.count
    }

    func begin() async throws {
        _ = try await nodes[to].command(["CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from]])
        _ = try await nodes[from].command(["CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to]])
    }

    func move(_ keys: [RedisArgument]) async throws {
        let address: [RedisArgument] = ["127.0.0.1", RedisArgument(local.nodes[to].port ?? 0)]
        let options: [RedisArgument] = ["", 0, 20_000, "AUTH", RedisArgument(local.password ?? ""), "KEYS"]
        let reply = try await nodes[from].command(["MIGRATE"] + address + options + keys)
        #expect(reply == .status("OK"))
    }

    func finish() async throws {
        for index in [to, from] + nodes.indices.filter({ $0 != to && $0 != from }) {
            _ = try await nodes[index].command(["CLUSTER", "SETSLOT", slot, "NODE", ids[to]])
        }
    }

    func turnAround() { swap(&from, &to) }

    /// Gives the slot to the next node while its own is down.
    func takeOver() async throws {
        _ = try await nodes[to].command(["CLUSTER", "BUMPEPOCH"])
        for index in nodes.indices where index != from {
            _ = try await nodes[index].command(["CLUSTER", "SETSLOT", slot, "NODE", ids[to]])
        }
    }
}

extension String {
    /// As an argument of a command.
    fileprivate var argument: RedisArgument { RedisArgument(self) }
}
