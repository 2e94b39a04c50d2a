import Logging
import TestKit
import Testing

@testable import Redis

@Suite struct LossTests {
    @Test("a command over its time limit fails as timed out, and the next one works", .timeLimit(.minutes(2)))
    func timeLimit() async throws {
        try await withRedis { _, redis in
            _ = try await redis.command(["PING"])
            let late = try await failure {
                try await redis.command(["DEBUG", "SLEEP", "1"], timeLimit: .milliseconds(100))
            }
            #expect(late.code == .timedOut)
            #expect(try await redis.command(["ECHO", "next"]).string == "next")
        }
    }

    @Test("a paused server makes commands time out, and new ones fail fast as unavailable", .timeLimit(.minutes(2)))
    func paused() async throws {
        try await withRedis({
            $0.connectTimeLimit = .milliseconds(300)
        }) { server, redis in
            _ = try await redis.command(["PING"])
            server.pause()
            let patient = Task.immediate { try await redis.command(["PING"], timeLimit: .seconds(600)) }
            let late = try await failure {
                try await redis.command(["PING"], timeLimit: .milliseconds(300))
            }
            #expect(late.code == .timedOut)
            #expect(late.outcomeUnknown)
            let lost = try await failure { try await patient.value }
            #expect(lost.code == .connectionLost)
            #expect(lost.outcomeUnknown)
            // The kernel accepts for the stopped server; only the handshake's time limit tells.
            let unavailable = try await failure {
                try await redis.command(["PING"], timeLimit: .seconds(600))
            }
            #expect(unavailable.code == .unavailable)
            #expect(!unavailable.outcomeUnknown)
            server.resume()
            #expect(try await eventually(redis, ["PING"]) == .status("PONG"))
        }
    }

    @Test(
        "a killed server loses what was in flight; after its restart the same client goes on", .timeLimit(.minutes(2)))
    func killed() async throws {
        try await withRedis { server, redis in
            _ = try await redis.command(["PING"])
            server.pause()
            let sent = (0..<100).map { _ in
                Task { () async -> RedisError? in
                    do throws(RedisError) {
                        _ = try await redis.command(["INCR", "n"])
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            // Stopped and then killed: no task can have been answered.
            server.kill()
            for task in sent {
                let code = await task.value?.code
                #expect(code == .connectionLost || code == .unavailable)
            }
            let down = try await failure {
                try await redis.command(["PING"], timeLimit: .seconds(600))
            }
            #expect(down.code == .unavailable)
            #expect(!down.outcomeUnknown)
            try await server.start()
            #expect(try await eventually(redis, ["PING"]) == .status("PONG"))
        }
    }

    @Test("the first command after a loss tries at once, however long the back-off", .timeLimit(.minutes(2)))
    func firstCommandAfterLoss() async throws {
        try await withRedis({
            $0.reconnectDelayMin = .seconds(3600)
            $0.reconnectDelayMax = .seconds(3600)
        }) { server, redis in
            _ = try await redis.command(["PING"])
            for _ in 0..<3 {
                server.kill()
                try await server.start()
                // The loss may still be news to this one; the next one tries.
                _ = try? await redis.command(["PING"])
                #expect(try await redis.command(["PING"]) == .status("PONG"))
            }
        }
    }

    @Test("tasks hammering through kills and restarts never get another's answer", .timeLimit(.minutes(2)))
    func hammered() async throws {
        try await withRedis { server, redis in
            let answered = try await withThrowingTaskGroup { group in
                for worker in 0..<32 {
                    group.addTask { () async throws -> Int in
                        var count = 0
                        while !Task.isCancelled {
                            let text = "\(worker):\(count)"
                            if let reply = try? await redis.command(["ECHO", RedisArgument(text)]) {
                                guard try reply.string == text else { throw MustFail() }
                                count += 1
                            }
                            await Task.yield()
                        }
                        return count
                    }
                }
                for _ in 0..<5 {
                    _ = try await eventually(redis, ["PING"])
                    server.kill()
                    try await server.start()
                }
                _ = try await eventually(redis, ["PING"])
                group.cancelAll()
                return try await group.reduce(0, +)
            }
            #expect(answered > 0)
        }
    }

    @Test("where nothing listens, commands fail as unavailable and never wait for ever", .timeLimit(.minutes(1)))
    func nobodyThere() async throws {
        let redis = RedisClient(RedisConfiguration(.unix(path: "/tmp/portolan-no-such-socket")), logger: .silent)
        for _ in 0..<10 {
            let error = try await failure {
                try await redis.command(["PING"], timeLimit: .seconds(600))
            }
            #expect(error.code == .unavailable)
        }
        await redis.shutdown()
    }

    @Test("a host that does not resolve is reported as such", .timeLimit(.minutes(1)))
    func unresolvable() async throws {
        let redis = RedisClient(RedisConfiguration(.tcp(host: "no such host", port: 1)), logger: .silent)
        let error = try await failure { try await redis.command(["PING"]) }
        #expect(error.code == .unavailable)
        await redis.shutdown()
    }

    @Test("a cancelled caller returns at once, and the others still get their own answers", .timeLimit(.minutes(2)))
    func cancelled() async throws {
        try await withRedis { server, redis in
            _ = try await redis.command(["PING"])
            server.pause()
            async let first = redis.command(["ECHO", "first"])
            let middle = Task.immediate { try await redis.command(["ECHO", "middle"]) }
            async let last = redis.command(["ECHO", "last"])
            middle.cancel()
            // The server is stopped: only the cancellation can end this wait.
            let error = try await failure { try await middle.value }
            #expect(error.code == .cancelled)
            server.resume()
            #expect(try await first.string == "first")
            #expect(try await last.string == "last")
        }
    }

    @Test("what is cancelled before it was sent is never executed", .timeLimit(.minutes(2)))
    func cancelledBeforeSent() async throws {
        let server = try await TestRedis()
        server.pause()
        // The handshake cannot end while the server is stopped, so nothing can be sent.
        let redis = RedisClient(server.configuration(), logger: .silent)
        let call = Task.immediate { try await redis.command(["INCR", "n"]) }
        call.cancel()
        #expect(try await failure { try await call.value }.code == .cancelled)
        server.resume()
        #expect(try await redis.command(["GET", "n"]).isNull)
        await redis.shutdown()
    }

    @Test("over the in-flight bound a command is refused at once; room comes back", .timeLimit(.minutes(2)))
    func inFlight() async throws {
        try await withRedis({ $0.inFlightMax = 10 }) { server, redis in
            _ = try await redis.command(["PING"])
            server.pause()
            let refusals = await withTaskGroup { group in
                for _ in 0..<25 {
                    group.addTask { () async -> RedisError.Code? in
                        do throws(RedisError) {
                            _ = try await redis.command(["PING"])
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                // The server is stopped, so the first fifteen to end are those refused.
                var codes: [RedisError.Code?] = []
                for await code in group {
                    codes.append(code)
                    if codes.count == 15 { server.resume() }
                }
                return codes
            }
            #expect(refusals.filter { $0 == .overloaded }.count == 15)
            #expect(refusals.filter { $0 == nil }.count == 10)
            for _ in 0..<30 { #expect(try await redis.command(["PING"]) == .status("PONG")) }
        }
    }

    @Test("a subscription survives a restart of the server and says so", .timeLimit(.minutes(2)))
    func subscription() async throws {
        try await withRedis { server, redis in
            var messages = redis.subscribe(["one", "two"]).makeAsyncIterator()
            for round in 0..<3 {
                #expect(await messages.next() == .connected)
                for channel in ["one", "two"] {
                    let receivers = try await eventually(
                        redis, ["PUBLISH", RedisArgument(channel), RedisArgument([0, UInt8(round)])])
                    #expect(try receivers.integer == 1)
                    #expect(await messages.next() == .message(channel: channel, payload: [0, UInt8(round)]))
                }
                server.kill()
                try await server.start()
            }
        }
    }

    @Test("a silent subscription notices that the server is gone without a word", .timeLimit(.minutes(2)))
    func silentLoss() async throws {
        let server = try await TestRedis()
        var configuration = server.configuration()
        configuration.subscriptionPingInterval = .milliseconds(50)
        configuration.commandTimeLimit = .milliseconds(500)
        let (log, logger) = Logger.recording()
        let redis = RedisClient(configuration, logger: logger)
        var messages = redis.subscribe(["c"]).makeAsyncIterator()
        while await messages.next() != .connected {}
        server.pause()
        for await line in log where line.contains("no sign of life") { break }
        server.resume()
        #expect(await messages.next() == .connected)
        await redis.shutdown()
    }

    @Test("a cancelled consumer ends its subscription on the server too", .timeLimit(.minutes(2)))
    func cancelledSubscription() async throws {
        try await withRedis { _, redis in
            let (started, startedContinuation) = AsyncStream.makeStream(of: Void.self)
            let consumer = Task {
                for await _ in redis.subscribe(["c"]) { startedContinuation.finish() }
            }
            for await _ in started {}
            #expect(try await redis.command(["PUBLISH", "c", "x"]).integer == 1)
            consumer.cancel()
            await consumer.value
            while try await redis.command(["PUBLISH", "c", "x"]).integer != 0 {}
        }
    }
}
