import Foundation
import LocalServers
import Logging

@testable import Redis

/// One cluster for all tests of this process: it takes three seconds to form.
actor TestCluster {
    static let shared = TestCluster()

    private var starting: Task<LocalRedisCluster, any Error>?

    func cluster() async throws -> LocalRedisCluster {
        if let starting { return try await starting.value }
        Self.removeStaleFolders()
        let task = Task {
            try await LocalRedisCluster.start(
                in: Self.folderPrefix + "\(getpid())",
                settings: ["cluster-require-full-coverage": "no"], password: "hush", logger: .silent)
        }
        starting = task
        return try await task.value
    }

    private static let folderPrefix = "/tmp/portolan-redis-cluster-"

    /// A test process that ends takes its servers along, and leaves their folder to the next one.
    private static func removeStaleFolders() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] {
            let path = "/tmp/" + name
            guard path.hasPrefix(folderPrefix), let process = Int32(path.dropFirst(folderPrefix.count)),
                kill(process, 0) != 0
            else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}

/// A cluster, empty; a client of it, made as its URL says; clients of its nodes; and the end of all clients.
func withCluster(
    _ change: (inout RedisConfiguration) -> Void = { _ in },
    _ body: (LocalRedisCluster, RedisCluster, [RedisClient]) async throws -> Void
) async throws {
    let local = try await TestCluster.shared.cluster()
    let configuration = try clusterConfiguration(local.url, change)
    let nodes = try local.nodes.map { node in
        RedisClient(try clusterConfiguration(node.tcpURL ?? "", change), logger: .silent)
    }
    for node in nodes {
        _ = try await eventually(node, ["FLUSHALL"])
        _ = try await node.command(["CONFIG", "RESETSTAT"])
    }
    let cluster = RedisCluster(configuration, logger: .silent)
    let result: Result<Void, any Error>
    do {
        result = .success(try await body(local, cluster, nodes))
    } catch {
        result = .failure(error)
    }
    await cluster.shutdown()
    for node in nodes { await node.shutdown() }
    try result.get()
}

/// Short back-off, and time limits that hold on a loaded machine.
func clusterConfiguration(
    _ url: String, _ change: (inout RedisConfiguration) -> Void = { _ in }
) throws -> RedisConfiguration {
    var configuration = try RedisConfiguration(url: url)
    configuration.reconnectDelayMin = .milliseconds(5)
    configuration.reconnectDelayMax = .milliseconds(50)
    configuration.connectTimeLimit = .seconds(20)
    configuration.commandTimeLimit = .seconds(20)
    change(&configuration)
    return configuration
}

/// How often the nodes have answered with an error of this kind.
func errorCount(_ kind: String, _ nodes: [RedisClient]) async throws -> Int {
    var count = 0
    for node in nodes {
        let text = try await node.command(["INFO", "errorstats"]).string
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("errorstat_\(kind):count=") {
            count += Int(line.split(separator: "=")[1]) ?? 0
        }
    }
    return count
}

/// Repeats a command for as long as the node is away.
func eventually(
    _ service: some RedisService, _ arguments: [RedisArgument], key: RedisArgument
) async throws(RedisError) -> RedisReply {
    while true {
        do throws(RedisError) {
            return try await service.command(arguments, key: key)
        } catch {
            guard [.unavailable, .connectionLost, .clusterDown, .loading].contains(error.code) else { throw error }
            await Task.yield()
        }
    }
}
