import FoundationEssentials
import Glibc
import LocalServers
import Logging
import Testing

@Suite("A private Redis", .timeLimit(.minutes(2)))
struct LocalRedisTests {
    @Test("starts, answers on its socket, and stops")
    func startsAndStops() async throws {
        try await withRedis { redis in
            #expect(redis.url == "unix://" + redis.socketPath)
            #expect(redis.tcpURL == nil)
            try await redis.expectAnswer()
            #expect(try await redis.cli(["config", "get", "save"]).output == ["save", ""])
            #expect(try await redis.cli(["config", "get", "appendonly"]).output == ["appendonly", "no"])
            #expect(try await redis.cli(["config", "get", "port"]).output == ["port", "0"])
            let processID = try #require(await redis.processID)
            await redis.stop()
            #expect(kill(processID, 0) != 0)
        }
    }

    @Test("runs as an unprivileged user when we are root", .enabled(if: geteuid() == 0))
    func dropsPrivileges() async throws {
        try await withRedis { redis in
            let expected = userID("redis") ?? userID("nobody")
            let ids = try status(of: try #require(await redis.processID), "Uid")
            #expect(ids == Array(repeating: expected.map(String.init), count: 4))
        }
    }

    @Test("is empty after a restart, under the same URL")
    func restartsEmpty() async throws {
        try await withRedis { redis in
            let (url, processID) = (redis.url, await redis.processID)
            #expect(try await redis.cli(["set", "key", "value"]).output == ["OK"])
            try await redis.restart()
            #expect(redis.url == url)
            #expect(await redis.processID != processID)
            #expect(try await redis.cli(["dbsize"]).output == ["0"])
        }
    }

    @Test("starts again after a kill, in place and in a new run")
    func startsAfterKill() async throws {
        try await withRedis { redis in
            await redis.kill()
            #expect(await redis.processID == nil)
            try await redis.restart()
            try await redis.expectAnswer()
            await redis.kill()
            await redis.stop()
            let next = try await LocalRedis.start(in: redis.folder)
            try await next.expectAnswer()
            await next.stop()
        }
    }

    @Test("wants the password, whatever characters it has", arguments: ["secret", "p w\"'\\#ü%/@:"])
    func wantsPassword(password: String) async throws {
        try await withRedis(password: password, listensOnLoopback: true) { redis in
            #expect(try await redis.cli(["ping"]).output.first?.hasPrefix("NOAUTH") == true)
            #expect(try await redis.cli(["ping"], password: password).output == ["PONG"])
            #expect(redis.url.hasPrefix("unix://\(redis.socketPath)?password="))
            let url = try #require(redis.tcpURL)
            let overTCP = Command("/usr/bin/redis-cli", ["-u", url, "--no-auth-warning", "ping"])
            #expect(try await overTCP.run(within: .seconds(30)).output == ["PONG"])
        }
    }

    @Test("refuses a folder that is in use")
    func refusesFolderInUse() async throws {
        try await withRedis { redis in
            let error = await #expect(throws: LocalServerError.self) {
                _ = try await LocalRedis.start(in: redis.folder)
            }
            #expect(error?.code == .folderInUse)
            try await redis.expectAnswer()
        }
    }

    @Test("that ends early is an error with the last lines of its log")
    func earlyExitShowsLog() async throws {
        try await TemporaryFolder.with { folder in
            let error = await #expect(throws: LocalServerError.self) {
                _ = try await LocalRedis.start(in: folder.path, settings: ["no-such-setting": "1"])
            }
            #expect(error?.code == .exitedEarly)
            #expect(error?.description.contains("no-such-setting") == true)
        }
    }

    @Test("stands still while it is paused")
    func pauses() async throws {
        try await withRedis { redis in
            let processID = try #require(await redis.processID)
            await redis.pause()
            #expect(try status(of: processID, "State").first == "T")
            await redis.resume()
            try await redis.expectAnswer()
        }
    }
}
