internal import HTTP
internal import Synchronization
internal import Testing

@Suite("requests that are refused, and redirects")
struct RequestTests {
    @Test(
        "a header that could smuggle another is refused by name, and nothing is sent",
        arguments: [
            ("X-A", "a\r\nX-Injected: 1"), ("X-A", "a\n"), ("X-A", "a\rb"), ("X-A", "a\0b"), ("X-A", "a\u{7F}"),
            ("X-A", "\u{1B}[0m"), ("X-A\r\nX-B", "1"), ("X-A:", "1"), ("X A", "1"), ("", "1"), ("X-Ä", "1"),
            ("content-length", "3"), ("Transfer-Encoding", "chunked"), ("Connection", "close"),
        ])
    func headerInjection(name: String, value: String) async throws {
        try await withServer(script: answering { _, peer in peer.respond() }) { server, client in
            let request = HTTPRequest(url: server.url(), headers: [("Fine", "yes"), (name, value)])
            let error = await failure { _ = try await client.execute(request) }
            #expect(error?.code == .invalidRequest)
            let shown = name.prefix { $0.isLetter && $0.isASCII || $0 == "-" }
            #expect(error?.message.contains(shown) == true)
            #expect(error?.message.contains("Injected") == false)
            #expect(error?.message.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
            #expect(server.connectionCount == 0)
        }
    }

    @Test(
        "a URL that is not a plain absolute http or https URL is refused",
        arguments: [
            "", "/path", "shop.example/path", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/",
            "http://user:secret@127.0.0.1/", "http://user@127.0.0.1/", "http://127.0.0.1/a b",
            "http://127.0.0.1/a\r\nHost: b", "http://127.0.0.1/\0", "http://", "http://127.0.0.1:99999/",
            "http://[::1/", "http://a\u{7F}b/", "javascript:alert(1)", "http://a%00b/",
        ])
    func urls(url: String) async throws {
        let client = try HTTPClient()
        let error = await failure { _ = try await client.execute(HTTPRequest(url: url)) }
        #expect(error?.code == .invalidRequest, "\(url)")
        #expect(error?.description.contains("secret") == false)
        await client.shutdown()
    }

    @Test("methods, bodies, limits and sizes that make no sense are refused")
    func senseless() async throws {
        let client = try HTTPClient()
        let good = HTTPRequest(url: "http://127.0.0.1:1/")
        var requests = [HTTPRequest](repeating: good, count: 8)
        requests[0].method = "GET /other HTTP/1.1\r\nX:"
        requests[1].method = "connect"
        requests[2].body = [1]
        requests[3].limits.total = .zero
        requests[4].responseBytesMax = -1
        requests[5].headers = HTTPHeaders((0..<1000).map { ("X-\($0)", "1") })
        requests[6].headers = ["X": String(repeating: "a", count: 100_000)]
        requests[7].url += String(repeating: "a", count: 20_000)
        for request in requests {
            let error = await failure { _ = try await client.execute(request) }
            #expect(error?.code == .invalidRequest)
        }
        await client.shutdown()
    }

    @Test("a redirect is a response like any other unless asked for")
    func redirectNotFollowed() async throws {
        try await withServer(
            script: answering { _, peer in peer.respond("302 Found", headers: ["Location: /b"], body: [1]) }
        ) { server, client in
            let exchange = try await client.execute(HTTPRequest(url: server.url("/a")))
            #expect(exchange.status == 302)
            #expect(exchange.headers["location"] == "/b")
            #expect(exchange.body == [1])
        }
    }

    @Test(
        "redirects on the same host are followed, with headers and without the redirects' bodies",
        arguments: [true, false])
    func redirectFollowed(streams: Bool) async throws {
        try await withServer(
            script: answering { request, peer in
                switch request.path {
                case "/a": peer.respond("302 Found", headers: ["Location: b?x=1"], body: Array("not this".utf8))
                case "/b?x=1":
                    peer.respond("307 Again", headers: ["Location: http://127.0.0.1:\(peer.port)/c"], body: [0])
                default: peer.respond(body: Array((request.value("authorization") ?? "none").utf8))
                }
            }
        ) { server, client in
            let request = HTTPRequest(
                url: server.url("/a"), headers: ["Authorization": "Bearer t"], redirects: .sameHost(max: 2))
            if streams {
                try await client.stream(request) { response in
                    #expect(response.status == 200)
                    let body = try await response.body.collect(upTo: 100)
                    #expect(body == Array("Bearer t".utf8))
                }
            } else {
                let exchange = try await client.execute(request)
                #expect(exchange.status == 200)
                #expect(exchange.body == Array("Bearer t".utf8))
            }
            #expect(server.connectionCount == 1)
        }
    }

    @Test("a redirect to another host is refused and that host hears nothing")
    func crossHost() async throws {
        let other = ScriptedServer(answering { _, peer in peer.respond() })
        defer { other.close() }
        let targets = [
            other.url(), "//localhost:\(other.port)/", "http://localhost:\(other.port)/", "https://127.0.0.1/",
            "http://user:pw@127.0.0.1:\(other.port)/", "file:///etc/passwd", "ftp://127.0.0.1/", "http://127.0.0.2/",
        ]
        for target in targets {
            let error = try await expectFailure(
                .redirectRefused, HTTPRequest(url: "", headers: ["Authorization": "t"], redirects: .sameHost(max: 5)),
                script: answering { _, peer in peer.respond("301 Moved", headers: ["Location: \(target)"]) })
            #expect(!error.isRetryable)
        }
        #expect(other.connectionCount == 0)
    }

    @Test("a loop of redirects ends at the number allowed")
    func redirectLoop() async throws {
        let count = Mutex(0)
        try await expectFailure(
            .redirectLoop, HTTPRequest(url: "", redirects: .sameHost(max: 3)),
            script: answering { request, peer in
                count.withLock { $0 += 1 }
                peer.respond("302 Found", headers: ["Location: \(request.path)"])
            })
        #expect(count.withLock { $0 } == 4)
    }

    @Test(
        "after a redirect a POST is repeated only where the status says so",
        arguments: [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
    func redirectedPost(status: Int, method: String) async throws {
        try await withServer(
            script: answering { request, peer in
                if request.path == "/a" {
                    peer.respond("\(status) Moved", headers: ["Location: /b"])
                } else {
                    peer.respond(body: Array("\(request.method) ".utf8) + request.body)
                }
            }
        ) { server, client in
            let exchange = try await client.execute(
                HTTPRequest(
                    method: .post, url: server.url("/a"), headers: ["Content-Type": "text/plain"],
                    body: Array("data".utf8), redirects: .sameHost(max: 1)))
            #expect(exchange.body == Array("\(method) \(method == "POST" ? "data" : "")".utf8))
        }
    }
}
