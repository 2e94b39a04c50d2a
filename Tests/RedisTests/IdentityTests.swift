import Logging
import TestKit
import Testing

@testable import Redis

@Suite struct IdentityTests {
    private static let count = RedisScript("return redis.call('INCR', KEYS[1])")

    @Test("the server is told as it tells itself; a new connection to it is another one", .timeLimit(.minutes(2)))
    func identity() async throws {
        try await withRedis { _, redis in
            let first = try await redis.server(forKey: "any")
            let info = try await redis.command(["INFO"]).string
            #expect(info.contains("run_id:\(first.runID)\r\n"))
            #expect(info.contains("master_replid:\(first.replicationID)\r\n"))
            #expect(try await redis.server(forKey: "other") == first)
            let second = try await reconnected(redis)
            #expect(second.runID == first.runID && second.replicationID == first.replicationID)
            #expect(second.connection != first.connection)
        }
    }

    @Test(
        "after a restart it is another server, and what was bound to the old one did not run", .timeLimit(.minutes(2)))
    func restarted() async throws {
        try await withRedis { server, redis in
            let old = try await redis.server()
            #expect(try await redis.script(Self.count, keys: ["n"], arguments: [], on: old).integer == 1)
            server.kill()
            try await server.start()
            _ = try await eventually(redis, ["PING"])
            let new = try await redis.server()
            #expect(new.runID != old.runID)
            let refused = try await failure {
                try await redis.script(Self.count, keys: ["n"], arguments: [], on: old)
            }
            #expect(refused.code == .serverChanged)
            #expect(!refused.outcomeUnknown)
            #expect(try await redis.command(["GET", "n"], key: "n").isNull)
            #expect(try await redis.script(Self.count, keys: ["n"], arguments: [], on: new).integer == 1)
        }
    }

    @Test("what is handed in while there is no connection is not sent to the next one", .timeLimit(.minutes(2)))
    func waitedForConnection() async throws {
        try await withRedis { server, redis in
            let old = try await redis.server()
            _ = try await redis.script(Self.count, keys: ["n"])
            server.pause()
            // Its answer never comes: the connection is torn down, and the next one's handshake waits.
            let late = try await failure { try await redis.command(["PING"], timeLimit: .milliseconds(50)) }
            #expect(late.code == .timedOut)
            let bound = Task.immediate {
                try await redis.script(Self.count, keys: ["n"], arguments: [], on: old)
            }
            let asked = Task.immediate { try await redis.server() }
            server.resume()
            #expect(try await failure { try await bound.value }.code == .serverChanged)
            let new = try await asked.value
            #expect(new.runID == old.runID && new.connection != old.connection)
            #expect(try await redis.command(["GET", "n"]).integer == 1)
        }
    }

    @Test("calls bound to a connection run once or not at all while connections break", .timeLimit(.minutes(2)))
    func boundCallsWhileConnectionsBreak() async throws {
        try await withRedis { server, redis in
            let other = RedisClient(server.configuration(), logger: .silent)
            let progress = Progress()
            let (done, unknown) = try await withThrowingTaskGroup { group in
                for _ in 0..<16 {
                    group.addTask { () async throws -> (Int, Int) in
                        var (done, unknown) = (0, 0)
                        while !Task.isCancelled {
                            do throws(RedisError) {
                                let server = try await redis.server()
                                _ = try await redis.script(Self.count, keys: ["n"], arguments: [], on: server)
                                done += 1
                                progress.advance()
                            } catch {
                                if error.outcomeUnknown { unknown += 1 }
                            }
                            await Task.yield()
                        }
                        return (done, unknown)
                    }
                }
                var killed = 0
                while killed < 50 {
                    // A connection that is ended before it did anything proves nothing.
                    try await progress.wait(1)
                    let kill: [RedisArgument] = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]
                    killed += Int(try await other.command(kill).integer)
                }
                group.cancelAll()
                return try await group.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
            }
            let ran = try await eventually(redis, ["GET", "n"]).integer
            #expect(ran >= done && ran <= done + unknown)
            await other.shutdown()
        }
    }

    @Test("a server that may not be asked is another one on each connection", .timeLimit(.minutes(2)))
    func hidden() async throws {
        let server = try await TestRedis(["--user", "worker", "on", ">secret", "~*", "&*", "+@all", "-info"])
        var configuration = server.configuration()
        configuration.user = "worker"
        configuration.password = RedisPassword("secret")
        let redis = RedisClient(configuration, logger: .silent)
        let first = try await redis.server()
        #expect(try await redis.script(Self.count, keys: ["n"], arguments: [], on: first).integer == 1)
        let second = try await reconnected(redis)
        #expect(first.runID != second.runID && first.replicationID != second.replicationID)
        await redis.shutdown()
    }

    @Test("a primary that has become a replica loses the connection until it is promoted", .timeLimit(.minutes(2)))
    func demoted() async throws {
        try await withRedis { server, redis in
            var configuration = server.configuration()
            configuration.acceptsReplica = true
            let operatorsClient = RedisClient(configuration, logger: .silent)
            let first = try await redis.server()
            _ = try await operatorsClient.command(["REPLICAOF", "127.0.0.1", "1"])
            #expect(try await redis.server() == first)
            let refused = try await failure { try await redis.script(Self.count, keys: ["n"]) }
            #expect(refused.code == .readOnly)
            // The loss may still be news to it.
            var error = refused
            while error == refused || error.code == .connectionLost {
                error = try await failure { try await redis.command(["SET", "n", "5"]) }
            }
            #expect(error.code == .readOnly && !error.outcomeUnknown)
            _ = try await operatorsClient.command(["REPLICAOF", "NO", "ONE"])
            #expect(try await eventually(redis, ["INCR", "n"]).integer == 1)
            let second = try await redis.server()
            #expect(second.runID == first.runID)
            #expect(second.connection != first.connection)
            #expect(second.replicationID != first.replicationID)
            await operatorsClient.shutdown()
        }
    }

    @Test(
        "a primary that was a replica meanwhile goes by its new name, also with those who slept",
        .timeLimit(.minutes(2)))
    func demotedUnnoticed() async throws {
        try await withRedis({ $0.identityCheckInterval = .zero }) { server, redis in
            var configuration = server.configuration()
            configuration.acceptsReplica = true
            let operatorsClient = RedisClient(configuration, logger: .silent)
            let first = try await redis.server()
            _ = try await operatorsClient.command(["REPLICAOF", "127.0.0.1", "1"])
            _ = try await operatorsClient.command(["REPLICAOF", "NO", "ONE"])
            #expect(try await redis.server() == first)
            var second = first
            while second == first {
                try Task.checkCancellation()
                _ = try await eventually(redis, ["PING"])
                if let server = try? await redis.server() { second = server }
            }
            #expect(second.runID == first.runID)
            #expect(second.replicationID != first.replicationID)
            // Nothing changes any more.
            for _ in 0..<100 { #expect(try await redis.command(["PING"]) == .status("PONG")) }
            #expect(try await redis.server() == second)
            await operatorsClient.shutdown()
        }
    }

    @Test("where nothing listens, asking for the server fails as a command would", .timeLimit(.minutes(1)))
    func nobodyThere() async throws {
        let redis = RedisClient(RedisConfiguration(.unix(path: "/tmp/portolan-no-such-socket")), logger: .silent)
        #expect(try await failure { try await redis.server() }.code == .unavailable)
        await redis.shutdown()
        #expect(try await failure { try await redis.server() }.code == .unavailable)
    }

    @Test("all keys of a pattern are found, however many there are")
    func scan() async throws {
        try await withRedis { _, redis in
            let wanted = Set((0..<5_000).map { "want:\($0)" })
            _ = await redis.pipeline((wanted + ["other"]).map { ["SET", RedisArgument($0), "1"] })
            let found = try await redis.scanKeys(matching: "want:*")
            #expect(found.count == wanted.count && Set(found) == wanted)
            #expect(try await redis.scanKeys(matching: "none:*").isEmpty)
        }
    }

    /// Ends the client's connection and gives the server as the next one tells it.
    private func reconnected(_ redis: RedisClient) async throws -> RedisServer {
        let first = try await redis.server()
        let id = try await redis.command(["CLIENT", "ID"])
        _ = try? await redis.command(["CLIENT", "KILL", "ID", RedisArgument(try id.integer), "SKIPME", "no"])
        while true {
            try Task.checkCancellation()
            if let server = try? await redis.server(), server.connection != first.connection { return server }
            await Task.yield()
        }
    }
}
