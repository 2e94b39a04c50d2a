internal import HTTP
internal import Synchronization
internal import Testing

@Suite("streams, back-pressure and cancellation")
struct StreamTests {
    private static let megabytes = (0..<(48 << 20)).map { UInt8(truncatingIfNeeded: $0 / 251) }

    @Test("while the consumer waits the server's send stops, and afterwards every byte arrives")
    func backPressure() async throws {
        let blocked = Signal<Int>()
        let body = Self.megabytes
        try await withServer(
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                let sent = peer.sendUntilBlocked(body)
                blocked.send(sent)
                peer.send(Array(body[sent...]))
                peer.waitForClose()
            }
        ) { server, client in
            try await client.stream(HTTPRequest(url: server.url())) { response in
                #expect(response.timings == nil)
                let sent = try #require(await blocked.wait())
                #expect(sent < body.count / 2)
                let received = try await response.body.collect(upTo: body.count)
                #expect(received == body)
                #expect(response.timings?.bytesIn == body.count)
            }
        }
    }

    @Test("a paused stream does not run into the stall limit, nor hold up other requests")
    func pausedIsNotStalled() async throws {
        let body = Self.megabytes
        let blocked = Signal<Int>()
        try await withServer(
            script: answering { request, peer in
                guard request.path == "/large" else {
                    // Answers later than the other's stall limit.
                    pauseThread(milliseconds: 300)
                    peer.respond(body: [1])
                    return
                }
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                let sent = peer.sendUntilBlocked(body)
                blocked.send(sent)
                peer.send(Array(body[sent...]))
            }
        ) { server, client in
            let limits = HTTPTimeLimits(stall: .milliseconds(200))
            try await client.stream(HTTPRequest(url: server.url("/large"), limits: limits)) { response in
                _ = await blocked.wait()
                let other = try await client.execute(HTTPRequest(url: server.url("/other")))
                #expect(other.body == [1])
                let received = try await response.body.collect(upTo: body.count)
                #expect(received.count == body.count)
            }
        }
    }

    @Test("collecting more than asked for fails, and ends the transfer")
    func collectLimit() async throws {
        let closed = Signal<Void>()
        try await withServer(script: { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\n\r\n")
            while peer.send([UInt8](repeating: 1, count: 10_000)) {}
            closed.send(())
        }) { server, client in
            let error = await failure {
                try await client.stream(HTTPRequest(url: server.url())) { response in
                    _ = try await response.body.collect(upTo: 1_000_000)
                }
            }
            #expect(error?.code == .responseTooLarge)
            await closed.wait()
        }
    }

    @Test("a closure that returns early ends the transfer")
    func leaving() async throws {
        let closed = Signal<Void>()
        try await withServer(script: { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            peer.waitForClose()
            closed.send(())
        }) { server, client in
            let status = try await client.stream(HTTPRequest(url: server.url())) { $0.status }
            #expect(status == 200)
            await closed.wait()
        }
    }

    @Test("what arrived before a failure is delivered before it")
    func dataBeforeFailure() async throws {
        try await withServer(script: { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        }) { server, client in
            try await client.stream(HTTPRequest(url: server.url())) { response in
                var received: [UInt8] = []
                let error = await failure { for try await chunk in response.body { received += chunk } }
                #expect(error?.code == .partialBody)
                #expect(received == Array("abc".utf8))
                #expect(response.timings?.bytesIn == 3)
            }
        }
    }

    @Test("an empty streamed body ends at once")
    func emptyStream() async throws {
        try await withServer(script: answering { _, peer in peer.respond("204 No Content") }) { server, client in
            try await client.stream(HTTPRequest(url: server.url())) { response in
                #expect(response.status == 204)
                let body = try await response.body.collect(upTo: 0)
                #expect(body.isEmpty)
            }
        }
    }

    @Test("an error before the head is thrown by stream itself")
    func failureBeforeHead() async throws {
        try await withServer(script: { _ in }) { server, client in
            let error = await failure {
                _ = try await client.stream(HTTPRequest(url: server.url())) { $0.status }
            }
            #expect(error?.code == .reset)
        }
    }

    @Test("cancelling in the middle of a body resumes the caller and frees the connection's slot")
    func cancelMidBody() async throws {
        let sending = Signal<Void>()
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHostMax = 1
        configuration.requestsMax = 1
        try await withServer(
            configuration,
            script: answering { request, peer in
                guard request.path == "/endless" else {
                    peer.respond(body: [1])
                    return
                }
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc")
                sending.send(())
            }
        ) { server, client in
            for _ in 0..<5 {
                let task = Task { try await client.execute(HTTPRequest(url: server.url("/endless"))) }
                await sending.wait()
                task.cancel()
                let error = await failure { _ = try await task.value }
                #expect(error?.code == .cancelled)
                // One slot only, and one connection: this waits for the loop to have let go of both.
                while true {
                    do throws(HTTPError) {
                        let exchange = try await client.execute(HTTPRequest(url: server.url("/next")))
                        #expect(exchange.body == [1])
                        break
                    } catch {
                        guard error.code == .clientBusy else { throw error }
                        await Task.yield()
                    }
                }
            }
        }
    }

    @Test("cancelling a reader that waits for the body wakes it and closes the connection")
    func cancelReader() async throws {
        let waiting = Signal<Void>()
        let closed = Signal<Void>()
        try await withServer(script: { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            peer.waitForClose()
            closed.send(())
        }) { server, client in
            let task = Task {
                try await client.stream(HTTPRequest(url: server.url())) { response in
                    for try await _ in response.body { waiting.send(()) }
                }
            }
            await waiting.wait()
            task.cancel()
            let error = await failure { try await task.value }
            #expect(error?.code == .cancelled)
            await closed.wait()
        }
    }

    @Test("a task cancelled before it begins sends nothing")
    func cancelledBefore() async throws {
        try await withServer(script: answering { _, peer in peer.respond() }) { server, client in
            let gate = Signal<Void>()
            let task = Task {
                await gate.wait()
                return try await client.execute(HTTPRequest(url: server.url()))
            }
            task.cancel()
            gate.send(())
            let error = await failure { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(server.connectionCount == 0)
        }
    }

    @Test("requests cancelled at random moments all end once, and the client stays whole")
    func cancelStorm() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        try await withServer(
            script: answering { request, peer in peer.respond(body: Array(request.path.utf8)) }
        ) { server, client in
            let tasks = (0..<600).map { index in
                Task {
                    if index % 2 == 0 {
                        return try await client.execute(HTTPRequest(url: server.url("/\(index)"))).body
                    }
                    return try await client.stream(HTTPRequest(url: server.url("/\(index)"))) {
                        try await $0.body.collect(upTo: 100)
                    }
                }
            }
            for task in tasks where Int.random(in: 0..<2, using: &random) == 0 {
                for _ in 0..<Int.random(in: 0..<20, using: &random) { await Task.yield() }
                task.cancel()
            }
            for (index, task) in tasks.enumerated() {
                do {
                    let body = try await task.value
                    #expect(body == Array("/\(index)".utf8), "seed \(seed)")
                } catch {
                    #expect((error as? HTTPError)?.code == .cancelled, "seed \(seed)")
                }
            }
            let after = try await client.execute(HTTPRequest(url: server.url("/after")))
            #expect(after.body == Array("/after".utf8))
        }
    }
}
