internal import Foundation
internal import HTTP
internal import Testing

/// Where Debian's `nghttp2-server` puts it.
private let nghttpd = "/usr/sbin/nghttpd"

@Suite("TLS and HTTP/2")
struct SecureTests {
    /// A TLS 1.2+ server that answers every GET with a page; HTTP/1 only.
    private func withOpenSSL(
        _ options: [String] = [], _ body: (UInt16, String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let (certificate, key) = try makeCertificate(in: directory)
            try await withServerProgram(
                "/usr/bin/openssl",
                {
                    ["s_server", "-accept", "127.0.0.1:\($0)", "-cert", certificate, "-key", key, "-www", "-quiet"]
                        + options
                },
                in: directory
            ) { try await body($0, certificate) }
        }
    }

    @Test("a self-signed certificate is refused")
    func selfSigned() async throws {
        try await withOpenSSL { port, _ in
            let client = try HTTPClient()
            let error = await failure { _ = try await client.execute(HTTPRequest(url: "https://127.0.0.1:\(port)/")) }
            #expect(error?.code == .tlsUntrusted)
            #expect(error?.curlCode == 60)
            await client.shutdown()
        }
    }

    @Test("a certificate of the configured authority is accepted, for its own names only")
    func configuredAuthority() async throws {
        try await withOpenSSL { port, certificate in
            var configuration = HTTPClientConfiguration()
            configuration.certificateAuthorityFile = certificate
            let client = try HTTPClient(configuration)
            let exchange = try await client.execute(HTTPRequest(url: "https://localhost:\(port)/"))
            #expect(exchange.status == 200)
            #expect(exchange.timings.tls > .zero)
            let error = await failure { _ = try await client.execute(HTTPRequest(url: "https://127.0.0.2:\(port)/")) }
            #expect(error?.code == .connect || error?.code == .tlsUntrusted)
            let other = await failure {
                _ = try await client.execute(HTTPRequest(url: "https://ip6-localhost:\(port)/"))
            }
            #expect(other != nil)
            await client.shutdown()
        }
    }

    @Test("TLS 1.1 is refused")
    func oldTLS() async throws {
        try await withOpenSSL(["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]) { port, certificate in
            var configuration = HTTPClientConfiguration()
            configuration.certificateAuthorityFile = certificate
            let client = try HTTPClient(configuration)
            let error = await failure { _ = try await client.execute(HTTPRequest(url: "https://localhost:\(port)/")) }
            #expect(error?.code == .tls)
            await client.shutdown()
        }
    }

    @Test("plain text on a TLS port is a TLS error")
    func plainText() async throws {
        // Anything that is no answer to a ClientHello.
        let talker = ScriptedServer { peer in
            _ = peer.receive()
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        defer { talker.close() }
        let client = try HTTPClient()
        let error = await failure {
            _ = try await client.execute(HTTPRequest(url: "https://127.0.0.1:\(talker.port)/"))
        }
        #expect(error?.code == .tls)
        await client.shutdown()
    }

    @Test(
        "HTTP/2 is negotiated, requests share one connection, and a stream whose reader waits holds up nobody",
        .enabled(if: FileManager.default.isExecutableFile(atPath: nghttpd)))
    func negotiated() async throws {
        try await withTemporaryDirectory { directory in
            let (certificate, key) = try makeCertificate(in: directory)
            try Data("page".utf8).write(to: directory.appendingPathComponent("page"))
            try await withServerProgram(
                nghttpd, { ["-a", "127.0.0.1", "-d", directory.path, "\($0)", key, certificate] }, in: directory
            ) { port in
                var configuration = HTTPClientConfiguration()
                configuration.certificateAuthorityFile = certificate
                configuration.addressPolicy = .any
                let client = try HTTPClient(configuration)
                // libcurl shares a connection for certain only once it is known to speak HTTP/2.
                _ = try await client.execute(HTTPRequest(url: "https://localhost:\(port)/page"))
                let exchanges = try await withThrowingTaskGroup(of: HTTPExchange.self) { group in
                    for _ in 0..<80 {
                        group.addTask { try await client.execute(HTTPRequest(url: "https://localhost:\(port)/page")) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(exchanges.allSatisfy { $0.version == .http2 && $0.status == 200 })
                #expect(exchanges.allSatisfy { $0.body == Array("page".utf8) })
                #expect(exchanges.allSatisfy { $0.timings.connectionReused })
                let large = [UInt8](repeating: 5, count: 40 << 20)
                try Data(large).write(to: directory.appendingPathComponent("large"))
                try await client.stream(HTTPRequest(url: "https://localhost:\(port)/large")) { response in
                    #expect(response.version == .http2)
                    for _ in 0..<20 {
                        let page = try await client.execute(HTTPRequest(url: "https://localhost:\(port)/page"))
                        #expect(page.body == Array("page".utf8))
                    }
                    let body = try await response.body.collect(upTo: large.count)
                    #expect(body == large)
                }
                await client.shutdown()
            }
        }
    }

    @Test(
        "HTTP/2 without TLS by prior knowledge",
        .enabled(if: FileManager.default.isExecutableFile(atPath: nghttpd)))
    func priorKnowledge() async throws {
        try await withTemporaryDirectory { directory in
            let large = [UInt8](repeating: 5, count: 40 << 20)
            try Data(large).write(to: directory.appendingPathComponent("large"))
            try Data("page".utf8).write(to: directory.appendingPathComponent("page"))
            try await withServerProgram(
                nghttpd, { ["-a", "127.0.0.1", "--no-tls", "-d", directory.path, "\($0)"] }, in: directory
            ) { port in
                var configuration = HTTPClientConfiguration()
                configuration.version = .http2PriorKnowledge
                let client = try HTTPClient(configuration)
                let exchange = try await client.execute(HTTPRequest(url: "http://127.0.0.1:\(port)/large"))
                #expect(exchange.version == .http2)
                #expect(exchange.body == large)
                for _ in 0..<5 {
                    let page = try await client.execute(HTTPRequest(url: "http://127.0.0.1:\(port)/page"))
                    #expect(page.version == .http2)
                    #expect(page.body == Array("page".utf8))
                }
                await client.shutdown()
            }
        }
    }
}
