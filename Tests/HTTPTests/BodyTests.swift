internal import HTTP
internal import Testing

@Suite("bodies that are compressed, broken or too large")
struct BodyTests {
    private static let text = Array(String(repeating: "portolan ", count: 40).utf8)
    /// `text`, compressed with brotli 1.0.9.
    private static let brotli: [UInt8] = [
        27, 103, 1, 248, 197, 99, 108, 93, 251, 250, 66, 18, 188, 5, 3, 51, 154, 61, 162, 1,
    ]

    @Test("gzip, deflate (with and without its wrapper) and brotli are decoded", arguments: 0..<4)
    func encodings(index: Int) async throws {
        let gzip = try await gzipped(Self.text)
        let raw = Array(gzip[10..<(gzip.count - 8)])
        let (name, body) = [
            ("gzip", gzip), ("deflate", raw), ("deflate", [0x78, 0x9C] + raw + adler32(Self.text)),
            ("br", Self.brotli),
        ][index]
        try await withServer(
            script: answering { _, peer in peer.respond(headers: ["Content-Encoding: \(name)"], body: body) }
        ) { server, client in
            let exchange = try await client.execute(HTTPRequest(url: server.url()))
            #expect(exchange.body == Self.text)
            #expect(exchange.timings.bytesIn == body.count)
        }
    }

    @Test("a decompression bomb ends at the limit of decoded bytes")
    func bomb() async throws {
        let bomb = try await gzipped([UInt8](repeating: 0, count: 64 << 20))
        #expect(bomb.count < 100_000)
        try await expectFailure(
            .responseTooLarge, HTTPRequest(url: "", responseBytesMax: 1 << 20),
            script: answering { _, peer in peer.respond(headers: ["Content-Encoding: gzip"], body: bomb) })
    }

    @Test("a body exactly as large as allowed passes, one byte more does not")
    func exactLimit() async throws {
        try await withServer(
            script: answering { request, peer in
                let count = request.path == "/fits" ? 1000 : 1001
                peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                peer.send("\(String(count, radix: 16))\r\n" + String(repeating: "a", count: count) + "\r\n0\r\n\r\n")
            }
        ) { server, client in
            let exchange = try await client.execute(HTTPRequest(url: server.url("/fits"), responseBytesMax: 1000))
            #expect(exchange.body.count == 1000)
            let error = await failure {
                _ = try await client.execute(HTTPRequest(url: server.url("/more"), responseBytesMax: 1000))
            }
            #expect(error?.code == .responseTooLarge)
        }
    }

    @Test("an announced length beyond the limit is refused before the body comes")
    func announcedLength() async throws {
        let error = try await expectFailure(
            .responseTooLarge, HTTPRequest(url: "", responseBytesMax: 1000),
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
                peer.waitForClose()
            })
        #expect(error.timings?.bytesIn == 0)
    }

    @Test("an endless body ends at the limit")
    func endless() async throws {
        try await expectFailure(
            .responseTooLarge, HTTPRequest(url: "", responseBytesMax: 3 << 20),
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\n\r\n")
                let block = [UInt8](repeating: 1, count: 65536)
                while peer.send(block) {}
            })
    }

    @Test("a body that ends before its length is partial")
    func shortBody() async throws {
        let error = try await expectFailure(
            .partialBody,
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            })
        #expect(error.curlCode == 18)
        #expect(error.timings?.bytesIn == 3)
        #expect(error.isRetryable)
    }

    @Test("a chunked body without its last chunk is partial")
    func shortChunks() async throws {
        try await expectFailure(
            .partialBody,
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            })
    }

    @Test("a connection reset in the middle of a body is a reset")
    func resetMidBody() async throws {
        let received = Gate()
        try await withServer(
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
                received.waitBlocking()
                peer.reset()
            }
        ) { server, client in
            let error = await failure {
                try await client.stream(HTTPRequest(url: server.url())) { response in
                    var iterator = response.body.makeAsyncIterator()
                    #expect(try await iterator.next() == Array("abc".utf8))
                    received.open()
                    _ = try await iterator.next()
                }
            }
            #expect(error?.code == .reset)
            #expect(error?.timings?.bytesIn == 3)
        }
    }

    @Test("a server that closes without an answer is a reset")
    func noAnswer() async throws {
        try await expectFailure(.reset, script: { peer in _ = peer.readRequest() })
    }

    @Test("an answer that is no HTTP is a reset")
    func notHTTP() async throws {
        try await expectFailure(
            .reset,
            script: { peer in
                _ = peer.readRequest()
                peer.send("SSH-2.0-OpenSSH_9.2\r\n")
            })
    }

    @Test(
        "a body that is not encoded as its header says is an encoding error",
        arguments: ["gzip", "br", "deflate", "rot13"])
    func wrongEncoding(name: String) async throws {
        try await expectFailure(
            .contentEncoding,
            script: answering { _, peer in
                peer.respond(headers: ["Content-Encoding: \(name)"], body: Array("plain text, not encoded".utf8))
            })
    }

    @Test("too many headers are refused")
    func headerFlood() async throws {
        try await expectFailure(
            .headersTooLarge,
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\n")
                while peer.send("A: b\r\n") {}
            })
    }

    @Test("endless interim responses are refused")
    func interimFlood() async throws {
        try await expectFailure(
            .headersTooLarge,
            script: { peer in
                _ = peer.readRequest()
                while peer.send("HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n") {}
            })
    }

    @Test("a header that never ends is refused", arguments: [70_000, 200_000, 100_000_000])
    func hugeHeader(count: Int) async throws {
        try await expectFailure(
            .headersTooLarge,
            script: { peer in
                _ = peer.readRequest()
                peer.send("HTTP/1.1 200 OK\r\nX: ")
                let block = [UInt8](repeating: 0x61, count: 10_000)
                var left = count
                while left > 0, peer.send(block) { left -= block.count }
                peer.send("\r\n\r\n")
            })
    }

    @Test("nobody listening is a connect error, an unknown name a name error")
    func unreachable() async throws {
        let server = ScriptedServer { _ in }
        let url = server.url()
        server.close()
        let client = try HTTPClient()
        let refused = await failure { _ = try await client.execute(HTTPRequest(url: url)) }
        #expect(refused?.code == .connect)
        #expect(refused?.curlCode == 7)
        let unknown = await failure { _ = try await client.execute(HTTPRequest(url: "http://shop.invalid/?key=s")) }
        #expect(unknown?.code == .dns)
        #expect(unknown?.host == "shop.invalid")
        #expect(unknown?.description.contains("key") == false)
        await client.shutdown()
    }
}
