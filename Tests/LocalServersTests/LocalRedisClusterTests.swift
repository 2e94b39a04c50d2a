import Glibc
import LocalServers
import Testing

@Suite("Private Redis servers that belong together", .timeLimit(.minutes(2)))
struct LocalRedisClusterTests {
    @Test("a replica has its primary's data, keeps it when cut off, and takes writes when promoted")
    func replica() async throws {
        try await TemporaryFolder.with { folder in
            let primary = try await LocalRedis.start(
                in: folder.path + "/primary", password: "hush", listensOnLoopback: true)
            try await primary.command(["set", "key", "old"])
            let replica = try await LocalRedis.startReplica(of: primary, in: folder.path + "/replica")
            #expect(try await replica.command(["get", "key"]) == ["old"])
            let refused = await #expect(throws: LocalServerError.self) {
                try await replica.command(["set", "key", "new"])
            }
            #expect(refused?.log.contains { $0.contains("READONLY") } == true)
            try await replica.cutOff()
            try await primary.command(["set", "key", "new"])
            #expect(try await replica.command(["get", "key"]) == ["old"])
            try await replica.promote()
            #expect(try await replica.command(["append", "key", "er"]) == ["5"])
            #expect(try await primary.command(["get", "key"]) == ["new"])
            try await primary.replicate(replica)
            #expect(try await primary.command(["get", "key"]) == ["older"])
            await replica.stop()
            await primary.stop()
        }
    }

    @Test("a primary that does not listen on loopback can have no replica")
    func primaryWithoutPort() async throws {
        try await withRedis { primary in
            let error = await #expect(throws: LocalServerError.self) {
                _ = try await LocalRedis.startReplica(of: primary, in: primary.folder + "/replica")
            }
            #expect(error?.code == .invalidSetting)
        }
    }

    @Test("a cluster serves all slots, takes a killed node back, and ends; its folder can be used again")
    func cluster() async throws {
        try await TemporaryFolder.with { folder in
            for _ in 0..<2 {
                let cluster = try await LocalRedisCluster.start(in: folder.path, password: "p @")
                #expect(cluster.nodes.count == 3)
                #expect(cluster.url.hasPrefix("redis+cluster://default:p%20%40@127.0.0.1:"))
                for node in cluster.nodes {
                    let facts = try await node.command(["cluster", "info"])
                    #expect(facts.contains("cluster_slots_ok:16384"))
                    #expect(facts.contains("cluster_size:3"))
                }
                await cluster.nodes[1].kill()
                try await cluster.nodes[1].restart()
                try await cluster.waitUntilServing()
                var processes: [Int32] = []
                for node in cluster.nodes { processes.append(try #require(await node.processID)) }
                await cluster.stop()
                for process in processes { #expect(kill(process, 0) != 0) }
            }
        }
    }
}
