internal import HTTP
internal import Synchronization
internal import Testing

@Suite("redirects to other hosts")
struct RedirectAwayTests {
    @Test(
        "credentials are dropped with the first step to another host, and do not come back", arguments: [true, false])
    func credentials(comesBack: Bool) async throws {
        let seen = Mutex<[ScriptedServer.Request]>([])
        let home = Mutex("")
        let other = ScriptedServer(
            answering { request, peer in
                seen.withLock { $0.append(request) }
                if comesBack {
                    peer.respond("302 Found", headers: ["Location: \(home.withLock { $0 })"])
                } else {
                    peer.respond(body: [2])
                }
            })
        defer { other.close() }
        let location = other.url("/elsewhere?signed=1")
        try await withServer(
            script: answering { request, peer in
                seen.withLock { $0.append(request) }
                if request.path == "/back" {
                    peer.respond(body: [2])
                } else {
                    peer.respond("302 Found", headers: ["Location: \(location)"])
                }
            }
        ) { server, client in
            home.withLock { $0 = server.url("/back") }
            let exchange = try await client.execute(
                HTTPRequest(
                    url: server.url("/first"),
                    headers: [
                        ("Authorization", "Bearer t"), ("Cookie", "c=1"), ("X-Shopify-Access-Token", "t"),
                        ("accept", "text/csv"), ("Range", "bytes=0-"), ("Origin", "https://us.example"),
                    ],
                    redirects: .anyHost(max: 3)))
            #expect(exchange.body == [2])
            let requests = seen.withLock { $0 }
            #expect(requests.map(\.path) == ["/first", "/elsewhere?signed=1"] + (comesBack ? ["/back"] : []))
            #expect(requests[0].value("authorization") == "Bearer t")
            for request in requests.dropFirst() {
                for name in ["authorization", "cookie", "x-shopify-access-token", "origin", "referer"] {
                    #expect(request.value(name) == nil, "\(name) at \(request.path)")
                }
                #expect(request.value("accept") == "text/csv" && request.value("range") == "bytes=0-")
            }
        }
    }

    @Test(
        "a body goes to no other host, and a form that becomes a GET leaves it behind", arguments: [302, 303, 307, 308])
    func bodies(status: Int) async throws {
        let seen = Mutex<ScriptedServer.Request?>(nil)
        let other = ScriptedServer(
            answering { request, peer in
                seen.withLock { $0 = request }
                peer.respond(body: [2])
            })
        defer { other.close() }
        let location = other.url()
        try await withServer(
            script: answering { _, peer in peer.respond("\(status) Moved", headers: ["Location: \(location)"]) }
        ) { server, client in
            let request = HTTPRequest(
                method: .post, url: server.url(), headers: ["Content-Type": "text/plain"], body: Array("secret".utf8),
                redirects: .anyHost(max: 3))
            let error = await failure { _ = try await client.execute(request) }
            if status < 307 {
                #expect(error == nil)
                let arrived = try #require(seen.withLock { $0 })
                #expect(arrived.method == "GET" && arrived.body.isEmpty && arrived.value("content-type") == nil)
            } else {
                #expect(error?.code == .redirectRefused)
                #expect(seen.withLock { $0 } == nil)
            }
        }
    }

    @Test("two hosts that send a request to and fro end at the number allowed")
    func loop() async throws {
        let count = Mutex(0)
        let home = Mutex("")
        let other = ScriptedServer(
            answering { _, peer in
                count.withLock { $0 += 1 }
                peer.respond("302 Found", headers: ["Location: \(home.withLock { $0 })"])
            })
        defer { other.close() }
        let location = other.url()
        try await withServer(
            script: answering { _, peer in
                count.withLock { $0 += 1 }
                peer.respond("302 Found", headers: ["Location: \(location)"])
            }
        ) { server, client in
            home.withLock { $0 = server.url() }
            let error = await failure {
                _ = try await client.execute(HTTPRequest(url: server.url(), redirects: .anyHost(max: 6)))
            }
            #expect(error?.code == .redirectLoop)
            #expect(count.withLock { $0 } == 7)
        }
    }

    @Test(
        "no redirect leads to an address the policy forbids, however it is written",
        arguments: [
            "http://0x7f.1:%/", "http://2130706433:%/", "http://127.1:%/", "//0177.0.0.1:%/", "http://[::1]:%/",
            "http://[::ffff:7f00:1]:%/", "http://0:%/", "http://127.0.0.2:%/", "http://169.254.169.254/latest/",
        ])
    func forbidden(target: String) async throws {
        let inside = ScriptedServer(answering { _, peer in peer.respond() })
        defer { inside.close() }
        let (port, location) = (inside.port, target.replacing("%/", with: "\(inside.port)/"))
        var configuration = HTTPClientConfiguration()
        // What is ours to test with, and nothing else.
        configuration.addressPolicy = HTTPAddressPolicy { $0.bytes == [127, 0, 0, 1] && $0.port != port }
        try await withServer(
            configuration,
            script: answering { _, peer in peer.respond("302 Found", headers: ["Location: \(location)"]) }
        ) { server, client in
            let error = await failure {
                _ = try await client.execute(HTTPRequest(url: server.url(), redirects: .anyHost(max: 3)))
            }
            #expect(error?.code == .addressRefused, "\(location): \(String(describing: error))")
            #expect(inside.connectionCount == 0)
        }
    }

    @Test("the policy is asked for each new connection, so a second answer of a name server does not get past it")
    func askedAgain() async throws {
        let isOpen = Mutex(true)
        let asked = Mutex(0)
        var configuration = HTTPClientConfiguration()
        configuration.addressPolicy = HTTPAddressPolicy { _ in
            asked.withLock { $0 += 1 }
            return isOpen.withLock { $0 }
        }
        try await withServer(
            configuration,
            script: { peer in
                // One answer a connection.
                guard peer.readRequest() != nil else { return }
                peer.respond(headers: ["Connection: close"], body: [1])
            }
        ) { server, client in
            for _ in 0..<2 { _ = try await client.execute(HTTPRequest(url: server.url(host: "localhost"))) }
            isOpen.withLock { $0 = false }
            let before = asked.withLock { $0 }
            let error = await failure { _ = try await client.execute(HTTPRequest(url: server.url(host: "localhost"))) }
            #expect(error?.code == .addressRefused)
            #expect(asked.withLock { $0 } > before)
            #expect(server.connectionCount == 2)
        }
    }
}
