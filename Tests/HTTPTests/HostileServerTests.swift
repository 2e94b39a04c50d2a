internal import HTTP
internal import Health
internal import Platforms
internal import Testing

@Suite("hostile servers")
struct HostileServerTests {
    /// Plays a scenario. Beside it, over the same client, one request is under way all the time and others come and go:
    /// none of them notices anything.
    private func play(_ scenario: HostileScenario) async throws {
        var configuration = HTTPClientConfiguration()
        if scenario.isHTTP2 { configuration.version = .http2PriorKnowledge }
        configuration.addressPolicy = .publicOnly(allow: [try #require(CIDR("127.0.0.0/8"))])
        let arrived = Signal<Void>()
        let gate = Gate()
        let innocent = ScriptedServer { peer in
            Self.serve(peer, isHTTP2: scenario.isHTTP2) {
                arrived.send(())
                gate.waitBlocking()
            }
        }
        defer { innocent.close() }
        try await withServer(configuration, script: scenario.script) { server, client in
            async let held = client.execute(HTTPRequest(url: innocent.url("/hold")))
            await arrived.wait()
            let request = HTTPRequest(
                url: server.url("/path?secret=1"), headers: ["Authorization": "Bearer secret"], limits: scenario.limits,
                responseBytesMax: scenario.responseBytesMax, redirects: scenario.redirects)
            let outcome = await failure { _ = try await client.execute(request) }
            gate.open()
            let error = try #require(outcome, "\(scenario.name): there was an answer")
            #expect(error.code == scenario.code, "\(scenario.name): \(error)")
            let unified = UnifiedError(error, route: "/path")
            #expect(unified.code == scenario.unified, "\(scenario.name): \(unified)")
            #expect(!"\(error) \(unified.message) \(unified.evidence ?? "")".contains("secret"))
            #expect((error.timings?.bytesIn ?? 0) <= scenario.responseBytesMax + (1 << 20), "\(scenario.name)")
            let first = try await held
            #expect(first.body == [1])
            let second = try await client.execute(HTTPRequest(url: innocent.url("/next")))
            #expect(second.body == [1])
        }
    }

    /// Answers every request with one byte; `/hold` waits. Over HTTP/2 the first connection is the one that waits.
    private static func serve(_ peer: ScriptedServer.Peer, isHTTP2: Bool, hold: () -> Void) {
        if isHTTP2 {
            guard var http2 = HTTP2Peer(peer) else { return }
            while let stream = http2.readRequest() {
                if peer.number == 1 { hold() }
                http2.send(.head(stream: stream))
                http2.send(.data([1], stream: stream, isLast: true))
            }
        } else {
            while let request = peer.readRequest() {
                if request.path == "/hold" { hold() }
                peer.respond(body: [1])
            }
        }
    }

    @Test("what is slow ends at a time limit", arguments: HostileScenario.slow)
    func slow(scenario: HostileScenario) async throws { try await play(scenario) }

    @Test("what is large ends at a size limit", arguments: HostileScenario.large)
    func large(scenario: HostileScenario) async throws { try await play(scenario) }

    @Test("what is packed to explode is not unpacked beyond the limit", arguments: 0..<3)
    func bombs(index: Int) async throws {
        let gzip = try await gzipped([UInt8](repeating: 0, count: 64 << 20))
        try await play(HostileScenario.bombs(gzip)[index])
    }

    @Test("what is not what it says ends as that", arguments: HostileScenario.broken)
    func broken(scenario: HostileScenario) async throws { try await play(scenario) }

    @Test("HTTP/2 that breaks off, floods or lies ends as that", arguments: HostileScenario.http2)
    func http2(scenario: HostileScenario) async throws { try await play(scenario) }

    @Test("a body longer than its length is cut there, and what follows is nobody's answer", arguments: [false, true])
    func excess(isLate: Bool) async throws {
        let first = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        let uncalled = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        let (go, gone) = (Gate(), Signal<Void>())
        try await withServer(
            script: { peer in
                while peer.readRequest() != nil {
                    guard peer.number == 1 else {
                        peer.respond(body: [1])
                        continue
                    }
                    peer.send(isLate ? first : first + uncalled)
                    guard isLate else { continue }
                    go.waitBlocking()
                    // On loopback, what is sent is there.
                    peer.send(uncalled)
                    gone.send(())
                }
            }
        ) { server, client in
            let answer = try await client.execute(HTTPRequest(url: server.url()))
            #expect(answer.body == Array("{}".utf8))
            if isLate {
                go.open()
                await gone.wait()
            }
            let next = try await client.execute(HTTPRequest(url: server.url()))
            #expect(next.body == [1])
            #expect(!next.timings.connectionReused)
        }
    }
}
