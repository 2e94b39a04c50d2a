internal import HTTP
internal import Testing

@Suite("time limits")
struct TimeLimitTests {
    private static let short = Duration.milliseconds(100)

    @Test("a server that accepts and never answers reaches the first-byte limit")
    func noFirstByte() async throws {
        let error = try await expectFailure(
            .timeoutFirstByte, HTTPRequest(url: "", limits: HTTPTimeLimits(firstByte: Self.short)),
            script: { $0.waitForClose() })
        #expect(error.timings?.firstByte == nil)
        #expect(error.timings.map { $0.total >= Self.short } == true)
    }

    @Test("a body that stops reaches the stall limit")
    func stall() async throws {
        let error = try await expectFailure(
            .timeoutStall, HTTPRequest(url: "", limits: HTTPTimeLimits(stall: Self.short)),
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
                peer.waitForClose()
            })
        #expect(error.timings?.bytesIn == 3)
        #expect(error.timings?.firstByte != nil)
    }

    @Test("a head that stops in the middle reaches the first-byte limit")
    func stalledHead() async throws {
        try await expectFailure(
            .timeoutFirstByte, HTTPRequest(url: "", limits: HTTPTimeLimits(firstByte: Self.short)),
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\nContent-Le")
                peer.waitForClose()
            })
    }

    @Test("a body that drips steadily passes the stall limit and reaches the total limit")
    func drip() async throws {
        try await expectFailure(
            .timeoutTotal, HTTPRequest(url: "", limits: HTTPTimeLimits(stall: .seconds(5), total: .milliseconds(300))),
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\n\r\n")
                while peer.send("a") { pauseThread(milliseconds: 5) }
            })
    }

    @Test("an address that does not answer reaches the connect limit")
    func connect() async throws {
        // A listener whose queue is full leaves further connections unanswered.
        let full = try FullListener()
        let client = try HTTPClient()
        let error = await failure {
            let limits = HTTPTimeLimits(connect: Self.short)
            _ = try await client.execute(HTTPRequest(url: "http://127.0.0.1:\(full.port)/", limits: limits))
        }
        #expect(error?.code == .timeoutConnect)
        #expect(error?.curlCode == 28)
        await client.shutdown()
    }

    @Test("waiting in line for a connection counts against the total limit only")
    func waitingInLine() async throws {
        let first = Signal<Void>()
        let gate = Gate()
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHostMax = 1
        try await withServer(
            configuration,
            script: answering { request, peer in
                if request.path == "/hold" {
                    first.send(())
                    gate.waitBlocking()
                }
                peer.respond(body: [1])
            }
        ) { server, client in
            async let held = client.execute(HTTPRequest(url: server.url("/hold")))
            await first.wait()
            let limits = HTTPTimeLimits(connect: .milliseconds(1), firstByte: .milliseconds(1), total: Self.short)
            let error = await failure {
                _ = try await client.execute(HTTPRequest(url: server.url("/wait"), limits: limits))
            }
            #expect(error?.code == .timeoutTotal)
            gate.open()
            let answer = try await held
            #expect(answer.body == [1])
        }
    }

    @Test("a slow upload is not silence")
    func slowUpload() async throws {
        let limits = HTTPTimeLimits(firstByte: .seconds(2))
        let body = [UInt8](repeating: 1, count: 40 << 20)
        try await withServer(
            script: { peer in
                // Takes a little at a time, for longer in all than the limit, then the rest at once.
                var taken = 0
                for turn in 1...25 {
                    pauseThread(milliseconds: 100)
                    while taken < turn << 20, let bytes = peer.receive() { taken += bytes.count }
                }
                while taken < body.count, let bytes = peer.receive() { taken += bytes.count }
                peer.respond(body: [1])
                peer.waitForClose()
            }
        ) { server, client in
            let exchange = try await client.execute(
                HTTPRequest(method: .put, url: server.url(), body: body, limits: limits))
            #expect(exchange.body == [1])
        }
    }
}
