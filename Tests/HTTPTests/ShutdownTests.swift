internal import HTTP
internal import Testing

@Suite("shutdown")
struct ShutdownTests {
    /// Answers `/slow` when a gate opens.
    private static func script(_ arrived: Signal<Void>, _ gate: Gate) -> @Sendable (ScriptedServer.Peer) -> Void {
        answering { _, peer in
            arrived.send(())
            gate.waitBlocking()
            peer.respond(body: [1])
        }
    }

    @Test("shutdown ends what is in flight with clientClosed, and takes no more")
    func atOnce() async throws {
        let (arrived, gate) = (Signal<Void>(), Gate())
        try await withServer(script: Self.script(arrived, gate)) { server, client in
            let task = Task { try await client.execute(HTTPRequest(url: server.url())) }
            await arrived.wait()
            await client.shutdown()
            let error = await failure { _ = try await task.value }
            #expect(error?.code == .clientClosed)
            let late = await failure { _ = try await client.execute(HTTPRequest(url: server.url())) }
            #expect(late?.code == .clientClosed)
            await client.shutdown()
            gate.open()
        }
    }

    @Test("shutdown with time lets requests end")
    func patiently() async throws {
        let (arrived, gate) = (Signal<Void>(), Gate())
        try await withServer(script: Self.script(arrived, gate)) { server, client in
            let task = Task { try await client.execute(HTTPRequest(url: server.url())) }
            await arrived.wait()
            async let stopped: Void = client.shutdown(within: .seconds(60))
            gate.open()
            let exchange = try await task.value
            #expect(exchange.body == [1])
            await stopped
        }
    }

    @Test("a cancelled shutdown waits no longer")
    func impatiently() async throws {
        let (arrived, gate) = (Signal<Void>(), Gate())
        try await withServer(script: Self.script(arrived, gate)) { server, client in
            let request = Task { try await client.execute(HTTPRequest(url: server.url())) }
            await arrived.wait()
            let stop = Task { await client.shutdown(within: .seconds(600)) }
            stop.cancel()
            await stop.value
            let error = await failure { _ = try await request.value }
            #expect(error?.code == .clientClosed)
            gate.open()
        }
    }

    @Test("a stream's reader learns of the shutdown")
    func streams() async throws {
        try await withServer(script: { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            peer.waitForClose()
        }) { server, client in
            let error = await failure {
                try await client.stream(HTTPRequest(url: server.url())) { response in
                    await client.shutdown()
                    _ = try await response.body.collect(upTo: 100)
                }
            }
            #expect(error?.code == .clientClosed)
        }
    }

    @Test("a client that is dropped closes its connections")
    func dropped() async throws {
        let closed = Signal<Void>()
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil { peer.respond() }
            closed.send(())
        }
        do {
            let client = try HTTPClient()
            _ = try await client.execute(HTTPRequest(url: server.url()))
        }
        await closed.wait()
        server.close()
    }
}
