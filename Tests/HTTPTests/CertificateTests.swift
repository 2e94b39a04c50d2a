internal import Foundation
internal import HTTP
internal import Health
internal import Platforms
internal import Testing

@Suite("certificates")
struct CertificateTests {
    @Test(
        "a certificate is trusted only while it is valid, for its own name, and from an authority that is known",
        arguments: Authority.Flaw.allCases)
    func certificates(flaw: Authority.Flaw) async throws {
        try await withTemporaryDirectory { directory in
            let authority = try Authority(in: directory)
            let (certificate, key) = try authority.issue(flaw)
            try await withServerProgram(
                "/usr/bin/openssl",
                { ["s_server", "-accept", "127.0.0.1:\($0)", "-cert", certificate, "-key", key, "-www", "-quiet"] },
                in: directory
            ) { port in
                var configuration = HTTPClientConfiguration()
                configuration.certificateAuthorityFile = authority.certificate
                configuration.addressPolicy = .publicOnly(allow: [try #require(CIDR("127.0.0.0/8"))])
                let innocent = ScriptedServer(answering { _, peer in peer.respond(body: [1]) })
                defer { innocent.close() }
                let client = try HTTPClient(configuration)
                async let beside = client.execute(HTTPRequest(url: innocent.url()))
                let request = HTTPRequest(
                    url: "https://localhost:\(port)/?secret=1", headers: ["Authorization": "Bearer secret"])
                let error = await failure { _ = try await client.execute(request) }
                if flaw == .none {
                    #expect(error == nil)
                } else {
                    let error = try #require(error)
                    #expect(error.code == .tlsUntrusted && error.curlCode == 60, "\(error)")
                    #expect(UnifiedError(error, route: "/").code == .tlsUntrusted)
                    #expect(!error.description.contains("secret"))
                    #expect(Self.says(flaw, error.message.lowercased()), "\(flaw): \(error.message)")
                }
                #expect(try await beside.body == [1])
                await client.shutdown()
            }
        }
    }

    /// Whether whoever has to mend it can read what is wrong.
    private static func says(_ flaw: Authority.Flaw, _ message: String) -> Bool {
        switch flaw {
        case .none: true
        case .expired: message.contains("expired")
        case .notYetValid: message.contains("not yet valid")
        case .otherName: message.contains("name")
        case .selfSigned: message.contains("self-signed") || message.contains("self signed")
        case .otherAuthority: message.contains("unable to get local issuer")
        }
    }

    @Test("a peer that does not speak TLS, or breaks it off, is a failed handshake", arguments: [true, false])
    func handshake(answers: Bool) async throws {
        let talker = ScriptedServer { peer in
            _ = peer.receive()
            if answers { peer.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
        }
        defer { talker.close() }
        let client = try HTTPClient()
        let error = await failure {
            _ = try await client.execute(HTTPRequest(url: "https://127.0.0.1:\(talker.port)/"))
        }
        let code = error.map { UnifiedError($0, route: "/").code }
        #expect(error?.code == .tls && code == .tlsHandshake, "\(String(describing: error))")
        await client.shutdown()
    }

    @Test("a handshake that never ends reaches the connect limit")
    func silent() async throws {
        let talker = ScriptedServer { $0.waitForClose() }
        defer { talker.close() }
        let client = try HTTPClient()
        let error = await failure {
            _ = try await client.execute(
                HTTPRequest(
                    url: "https://127.0.0.1:\(talker.port)/", limits: HTTPTimeLimits(connect: .milliseconds(200))))
        }
        #expect(error?.code == .timeoutConnect)
        await client.shutdown()
    }
}
