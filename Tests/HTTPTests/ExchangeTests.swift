internal import HTTP
internal import Synchronization
internal import Testing

@Suite("exchanges")
struct ExchangeTests {
    @Test("a response arrives with status, ordered headers, version, body and timings")
    func wholeResponse() async throws {
        try await withServer(
            script: answering { _, peer in
                peer.respond("201 Made", headers: ["X-One: 1", "x-two:  2 ", "X-ONE: 3"], body: Array("hello".utf8))
            }
        ) { server, client in
            let exchange = try await client.execute(HTTPRequest(url: server.url()))
            #expect(exchange.status == 201)
            #expect(exchange.version == .http1_1)
            #expect(exchange.headers.map(\.name) == ["X-One", "x-two", "X-ONE", "Content-Length"])
            #expect(exchange.headers["X-TWO"] == "2")
            #expect(exchange.headers.values("x-one") == ["1", "3"])
            #expect(exchange.body == Array("hello".utf8))
            #expect(exchange.timings.bytesIn == 5)
            #expect(exchange.timings.firstByte != nil)
            #expect(exchange.timings.total > .zero)
            #expect(!exchange.timings.connectionReused)
        }
    }

    @Test("requests one after another share one connection")
    func reuse() async throws {
        try await withServer(script: answering { _, peer in peer.respond(body: [1]) }) { server, client in
            for index in 0..<20 {
                let exchange = try await client.execute(HTTPRequest(url: server.url("/\(index)")))
                #expect(exchange.timings.connectionReused == (index > 0))
            }
            #expect(server.connectionCount == 1)
        }
    }

    @Test("a request that must be sent once gets a connection of its own")
    func sendsOnce() async throws {
        try await withServer(script: answering { _, peer in peer.respond() }) { server, client in
            for _ in 0..<3 {
                let request = HTTPRequest(method: .post, url: server.url(), body: [1], sendsOnce: true)
                let exchange = try await client.execute(request)
                #expect(!exchange.timings.connectionReused)
            }
            #expect(server.connectionCount == 3)
        }
    }

    @Test("a kept connection that the server closed is replaced without the caller noticing")
    func staleConnection() async throws {
        try await withServer(script: { peer in
            while let request = peer.readRequest() {
                if request.path == "/again", peer.number == 1 { return peer.reset() }
                peer.respond(body: [UInt8(peer.number)])
            }
        }) { server, client in
            let first = try await client.execute(HTTPRequest(url: server.url()))
            #expect(first.body == [1])
            let second = try await client.execute(HTTPRequest(url: server.url("/again")))
            #expect(second.body == [2])
        }
    }

    @Test("a thousand requests run at once over a bounded number of connections")
    func thousand() async throws {
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHostMax = 50
        try await withServer(
            configuration, script: answering { request, peer in peer.respond(body: Array(request.path.utf8)) }
        ) { server, client in
            let good = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<1000 {
                    group.addTask {
                        let exchange = try await client.execute(HTTPRequest(url: server.url("/\(index)")))
                        return exchange.body == Array("/\(index)".utf8)
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(good == 1000)
            #expect(server.connectionCount <= 50)
        }
    }

    @Test("a thousand requests may wait for their answers at the same moment")
    func thousandOpen() async throws {
        let arrived = Mutex(0)
        let all = Signal<Void>()
        let gates = (0..<1000).map { _ in Gate() }
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHostMax = 1000
        try await withServer(
            configuration,
            script: answering { _, peer in
                if arrived.withLock({
                    $0 += 1
                    return $0 == 1000
                }) {
                    all.send(())
                }
                gates[peer.number - 1].waitBlocking()
                peer.respond(body: [7])
            }
        ) { server, client in
            try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<1000 { group.addTask { try await client.execute(HTTPRequest(url: server.url())).body } }
                await all.wait()
                for gate in gates { gate.open() }
                for try await body in group { #expect(body == [7]) }
            }
            #expect(server.connectionCount == 1000)
        }
    }

    @Test(
        "methods and bodies reach the server as they are",
        arguments: [
            ("POST", [1, 0, 255]), ("POST", nil), ("POST", []), ("PUT", [9]), ("PATCH", [8]), ("DELETE", nil),
            ("DELETE", [1]), ("OPTIONS", nil), ("GET", nil), ("REPORT", nil),
        ] as [(String, [UInt8]?)])
    func methods(method: String, body: [UInt8]?) async throws {
        let seen = Mutex<ScriptedServer.Request?>(nil)
        try await withServer(
            script: answering { request, peer in
                seen.withLock { $0 = request }
                peer.respond()
            }
        ) { server, client in
            _ = try await client.execute(
                HTTPRequest(
                    method: HTTPMethod(rawValue: method), url: server.url("/a?b=c"),
                    headers: [("X-Empty", ""), ("X-Q", "a\"b;c")], body: body))
            let request = try #require(seen.withLock { $0 })
            #expect(request.method == method)
            #expect(request.path == "/a?b=c")
            #expect(request.body == body ?? [])
            #expect(request.value("x-empty") == "")
            #expect(request.value("x-q") == "a\"b;c")
            #expect(request.value("user-agent") == "portolan")
            #expect(request.value("accept-encoding") == "gzip, deflate, br")
            #expect(request.value("content-type") == nil)
            #expect(request.value("expect") == nil)
            let hasLength = body != nil || ["POST", "PUT", "PATCH"].contains(method)
            #expect(request.value("content-length") == (hasLength ? "\(body?.count ?? 0)" : nil))
        }
    }

    @Test("a body of several megabytes is sent whole")
    func largeUpload() async throws {
        let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await withServer(
            script: answering { request, peer in peer.respond(body: request.body == body ? [1] : [0]) }
        ) { server, client in
            let exchange = try await client.execute(HTTPRequest(method: .post, url: server.url(), body: body))
            #expect(exchange.body == [1])
            #expect(exchange.timings.bytesOut == body.count)
        }
    }

    @Test("HEAD has a length but no body")
    func head() async throws {
        try await withServer(
            script: answering { _, peer in peer.send("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n") }
        ) { server, client in
            let exchange = try await client.execute(HTTPRequest(method: .head, url: server.url()))
            #expect(exchange.status == 200)
            #expect(exchange.body.isEmpty)
        }
    }

    @Test("interim responses, folded headers and trailers are read over")
    func interim() async throws {
        try await withServer(
            script: answering { _, peer in
                peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX-Long: a\r\n  b\r\n")
                peer.send(
                    "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n")
            }
        ) { server, client in
            let exchange = try await client.execute(HTTPRequest(url: server.url()))
            #expect(exchange.status == 200)
            #expect(exchange.headers["Link"] == nil)
            #expect(exchange.headers["X-Long"] == "a b")
            #expect(exchange.body == Array("abcde".utf8))
            let next = try await client.execute(HTTPRequest(url: server.url()))
            #expect(next.timings.connectionReused)
        }
    }

    @Test("environment proxies are ignored, a configured proxy is used")
    func proxy() async throws {
        let seen = Signal<String>()
        let proxy = ScriptedServer(
            answering { request, peer in
                seen.send(request.path)
                peer.respond(body: [5])
            })
        defer { proxy.close() }
        var configuration = HTTPClientConfiguration()
        configuration.proxy = proxy.url("")
        let client = try HTTPClient(configuration)
        let exchange = try await client.execute(HTTPRequest(url: "http://shop.invalid/x"))
        #expect(exchange.body == [5])
        #expect(await seen.wait() == "http://shop.invalid/x")
        await client.shutdown()
        configuration.addressPolicy = .publicOnly()
        let error = await failure { _ = try HTTPClient(configuration) }
        #expect(error?.code == .invalidConfiguration)
    }
}
