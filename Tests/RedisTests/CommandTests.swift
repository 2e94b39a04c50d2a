import Logging
import TestKit
import Testing

@testable import Redis

@Suite struct CommandTests {
    @Test(
        "commands and replies of every type work over TCP by host name and over a Unix socket",
        arguments: [false, true])
    func types(tcp: Bool) async throws {
        try await withRedis(tcp: tcp) { _, redis in
            let bytes: [UInt8] = [0, 13, 10, 255, 36, 0]
            #expect(try await redis.command(["SET", "key", RedisArgument(bytes)]) == .status("OK"))
            #expect(try await redis.command(["GET", "key"]).bytes == bytes)
            #expect(try await redis.command(["GET", "missing"]) == .null)
            #expect(try await redis.command(["GET", "missing"]).optional?.string == nil)
            #expect(try await redis.command(["INCRBY", "number", RedisArgument(Int64.max)]).integer == .max)
            #expect(try await redis.command(["GET", "number"]).integer == .max)
            #expect(try await redis.command(["RPUSH", "list", "a", ""]).integer == 2)
            #expect(try await redis.command(["LRANGE", "list", 0, -1]).array == [.string([97]), .string([])])
            let nested = try await redis.command(["EVAL", "return {1, {2, {'three', false}}}", 0])
            #expect(
                nested == .array([.integer(1), .array([.integer(2), .array([.string(Array("three".utf8)), .null])])]))
            #expect(try await redis.command(["CLIENT", "GETNAME"]).string == "portolan")
        }
    }

    @Test("the answer of the wrong type is named, and its content is not")
    func mismatch() async throws {
        try await withRedis { _, redis in
            let reply = try await redis.command(["ECHO", "hush"])
            let error = try await failure { try reply.integer }
            #expect(error.code == .protocolViolation)
            #expect(!"\(error)".contains("hush"))
            #expect(try await failure { try reply.array }.message.contains("4 bytes"))
        }
    }

    @Test("a server error keeps the server's text and drops the arguments it quotes")
    func serverErrors() async throws {
        try await withRedis { _, redis in
            _ = try await redis.command(["SET", "key", "text"])
            let wrongType = try await failure { try await redis.command(["LPUSH", "key", "x"]) }
            #expect(wrongType.code == .server)
            #expect(wrongType.serverKind == "WRONGTYPE")
            #expect(!wrongType.outcomeUnknown)
            let unknown = try await failure { try await redis.command(["NOSUCH", "hush"]) }
            #expect(unknown.serverMessage?.contains("unknown command") == true)
            #expect(!"\(unknown)".contains("hush"))
        }
    }

    @Test("ten thousand concurrent tasks each get their own answer")
    func ordering() async throws {
        try await withRedis { _, redis in
            try await withThrowingTaskGroup { group in
                for number in 0..<10_000 {
                    group.addTask {
                        let text = String(number)
                        let reply = try await redis.command(["ECHO", RedisArgument(text)])
                        return try reply.string == text
                    }
                }
                var right = 0
                for try await isRight in group where isRight { right += 1 }
                #expect(right == 10_000)
            }
        }
    }

    @Test("a pipeline answers in order, and one failing command leaves the others alone")
    func pipeline() async throws {
        try await withRedis { _, redis in
            let results = await redis.pipeline([["SET", "n", "1"], ["LPUSH", "n", "x"], ["INCR", "n"]])
            #expect(try results[0].get() == .status("OK"))
            #expect(throws: RedisError.self) { try results[1].get() }
            #expect(try results[2].get().integer == 2)
            let transaction = await redis.pipeline([["MULTI"], ["INCR", "n"], ["LPUSH", "n", "x"], ["EXEC"]])
            let elements = try transaction[3].get().array
            #expect(elements[0] == .integer(3))
            #expect(throws: RedisError.self) { try elements[1].integer }
            #expect(await redis.pipeline([]).isEmpty)
        }
    }

    @Test("a value of many megabytes goes there and back")
    func large() async throws {
        try await withRedis { _, redis in
            let bytes = (0..<(24 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            _ = try await redis.command(["SET", "large", RedisArgument(bytes)])
            #expect(try await redis.command(["GET", "large"]).bytes == bytes)
            #expect(try await redis.command(["PING"]) == .status("PONG"))
        }
    }

    @Test("a reply over its bound ends the connection, and the next command works")
    func replyBound() async throws {
        try await withRedis({ $0.replyBytesMax = 100_000 }) { _, redis in
            _ = try await redis.command(["SET", "large", RedisArgument([UInt8](repeating: 1, count: 90_000))])
            #expect(try await redis.command(["STRLEN", "large"]).integer == 90_000)
            _ = try await redis.command(["APPEND", "large", RedisArgument([UInt8](repeating: 1, count: 90_000))])
            let error = try await failure { try await redis.command(["GET", "large"]) }
            #expect(error.code == .connectionLost)
            #expect(error.message.contains("100000 bytes"))
            #expect(try await eventually(redis, ["PING"]) == .status("PONG"))
        }
    }

    @Test(
        "commands that would upset the shared connection are refused before they are sent",
        arguments: [
            ["SUBSCRIBE", "c"], ["select", "1"], ["BLPOP", "l", "0"], ["XREAD", "block", "0", "STREAMS", "s", "0"],
            ["CLIENT", "reply", "off"], ["MULTI"], [], [""],
        ])
    func refused(words: [String]) async throws {
        try await withRedis { _, redis in
            let error = try await failure { try await redis.command(words.map { RedisArgument($0) }) }
            #expect(error.code == .misuse)
            #expect(try await redis.command(["PING"]) == .status("PONG"))
        }
    }

    @Test("a command over the size bound is refused and not sent")
    func commandBound() async throws {
        try await withRedis({ $0.commandBytesMax = 1_000 }) { _, redis in
            let error = try await failure {
                try await redis.command(["SET", "k", RedisArgument([UInt8](repeating: 0, count: 1_000))])
            }
            #expect(error.code == .misuse)
            #expect(try await redis.command(["GET", "k"]).isNull)
        }
    }

    @Test("shutdown does not wait for calls that were cancelled before they were sent", .timeLimit(.minutes(2)))
    func shutdownAfterCancellation() async throws {
        let server = try await TestRedis()
        var configuration = server.configuration()
        configuration.commandTimeLimit = .seconds(3600)
        for _ in 0..<200 {
            let redis = RedisClient(configuration, logger: .silent)
            _ = try await redis.command(["PING"])
            let cancelled = Task.immediate { try await redis.command(["PING"]) }
            cancelled.cancel()
            await redis.shutdown()
            _ = await cancelled.result
        }
    }

    @Test("after shutdown commands fail at once and subscriptions have ended")
    func shutdown() async throws {
        let server = try await TestRedis()
        let redis = RedisClient(server.configuration(), logger: .silent)
        let stream = redis.subscribe(["c"])
        async let inFlight = redis.command(["PING"])
        #expect(try await inFlight == .status("PONG"))
        await redis.shutdown()
        await redis.shutdown()
        for await _ in stream {}
        for await _ in redis.subscribe(["c"]) {}
        #expect(try await failure { try await redis.command(["PING"]) }.code == .unavailable)
    }
}

@Suite struct ScriptTests {
    @Test("a script is loaded once, and again after the server forgot it")
    func noScript() async throws {
        try await withRedis { server, redis in
            let script = RedisScript("return {KEYS[1], ARGV[1], redis.call('INCR', 'runs')}")
            for run in 1...2 {
                let reply = try await redis.script(script, keys: ["k"], arguments: ["a"]).array
                #expect(reply == [.string([107]), .string([97]), .integer(Int64(run))])
            }
            _ = try await redis.command(["SCRIPT", "FLUSH"])
            #expect(try await redis.script(script, keys: ["k"], arguments: ["a"]).array[2] == .integer(3))
            server.kill()
            try await server.start()
            _ = try await eventually(redis, ["PING"])
            #expect(try await redis.script(script, keys: ["k"], arguments: ["a"]).array[2] == .integer(1))
        }
    }

    @Test("many tasks that find the script flushed each run it exactly once")
    func flushed() async throws {
        try await withRedis { _, redis in
            let script = RedisScript("return redis.call('INCR', 'runs')")
            _ = try await redis.script(script)
            _ = try await redis.command(["SCRIPT", "FLUSH"])
            try await withThrowingTaskGroup { group in
                for _ in 0..<200 { group.addTask { _ = try await redis.script(script) } }
                try await group.waitForAll()
            }
            #expect(try await redis.command(["GET", "runs"]).integer == 201)
        }
    }

    @Test("a script that does not compile fails with the server's reason")
    func broken() async throws {
        try await withRedis { _, redis in
            let error = try await failure { try await redis.script(RedisScript("return {")) }
            #expect(error.code == .server)
            #expect(error.serverMessage?.contains("compiling") == true)
        }
    }
}
