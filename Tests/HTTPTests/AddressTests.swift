internal import HTTP
internal import Synchronization
internal import Testing

@Suite("address policy")
struct AddressTests {
    @Test(
        "a loopback server is out of reach under publicOnly, whatever the spelling",
        arguments: [
            "127.0.0.1", "localhost", "LOCALHOST", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "127.0.0.1.",
            "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]", "0.0.0.0", "0", "[::]", "0x7F000001", "017700000001",
            "0x7f.0.0.0x1", "127.0.1", "0177.1", "127.000.000.001", "0.0.0.0.", "[0:0:0:0:0:0:0:1]", "[::0001]",
            "[0::127.0.0.1]", "[::1%25lo]", "[::1%251]", "[fe80::1%25lo]", "[fe80::1%251]", "localhost.",
            "ⓛocalhost", "１２７.0.0.1", "127。0。0。1", "%31%32%37.0.0.1",
        ])
    func loopbackRefused(host: String) async throws {
        var configuration = HTTPClientConfiguration()
        configuration.addressPolicy = .publicOnly()
        try await withServer(configuration, script: answering { _, peer in peer.respond() }) { server, client in
            let error = await failure { _ = try await client.execute(HTTPRequest(url: server.url(host: host))) }
            // A spelling that resolves to nothing, or is no address at all, is as good as one that is refused.
            let code = try #require(error?.code)
            #expect(
                [.addressRefused, .dns, .invalidRequest].contains(code), "\(host): \(String(describing: error))")
            #expect(server.connectionCount == 0)
        }
    }

    @Test("an odd spelling that means an address is refused as that address")
    func loopbackByItsNames() async throws {
        var configuration = HTTPClientConfiguration()
        configuration.addressPolicy = .publicOnly()
        try await withServer(configuration, script: answering { _, peer in peer.respond() }) { server, client in
            for host in ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]", "[::1%25lo]"]
            {
                let error = await failure { _ = try await client.execute(HTTPRequest(url: server.url(host: host))) }
                #expect(error?.code == .addressRefused, "\(host): \(String(describing: error))")
            }
        }
    }

    @Test("an operator may allow a range")
    func allowed() async throws {
        var configuration = HTTPClientConfiguration()
        configuration.addressPolicy = .publicOnly(allow: [try #require(CIDR("127.0.0.0/8"))])
        try await withServer(configuration, script: answering { _, peer in peer.respond(body: [1]) }) {
            server, client in
            for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
                let exchange = try await client.execute(HTTPRequest(url: server.url(host: host)))
                #expect(exchange.body == [1])
            }
        }
    }

    @Test("a policy of one's own sees the address and the port that are connected to")
    func ownPolicy() async throws {
        let seen = Mutex<[HTTPAddress]>([])
        var configuration = HTTPClientConfiguration()
        configuration.addressPolicy = HTTPAddressPolicy { address in
            seen.withLock { $0.append(address) }
            return true
        }
        try await withServer(configuration, script: answering { _, peer in peer.respond() }) { server, client in
            _ = try await client.execute(HTTPRequest(url: server.url()))
            #expect(seen.withLock { $0 } == [HTTPAddress(bytes: [127, 0, 0, 1], port: server.port)])
        }
    }

    @Test(
        "publicOnly refuses what is not public",
        arguments: [
            "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.255.255.255", "169.254.169.254",
            "168.63.129.16", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.255.1", "198.18.0.1",
            "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1",
            "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
            "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1",
            "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "0.255.255.255", "100.127.255.255",
            "192.88.99.1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "2001:0:7f00:1::", "2001:1ff:ffff::1",
            "2002:c0a8:101::1", "2002:808:808::1", "5f00::1", "4000::1", "::2", "100:0:0:1::1", "2001:2::1",
        ])
    func notPublic(text: String) throws {
        let address = try #require(HTTPAddress(text))
        #expect(!HTTPAddressPolicy.publicOnly().permits(address))
        #expect(HTTPAddressPolicy.any.permits(address))
    }

    @Test(
        "publicOnly lets the public Internet through",
        arguments: [
            "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.0.1",
            "198.17.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860::8888",
            "64:ff9b::808:808",
        ])
    func isPublic(text: String) throws {
        #expect(HTTPAddressPolicy.publicOnly().permits(try #require(HTTPAddress(text))))
    }

    @Test(
        "a range that is not exactly one is no range",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.1.0.0/8", "10.0/8", "::/129", "a/8",
        ])
    func badRanges(text: String) {
        #expect(CIDR(text) == nil)
    }

    @Test("ranges contain their ends and nothing beyond")
    func ranges() throws {
        let range = try #require(CIDR("10.32.0.0/11"))
        for (text, isInside) in [
            ("10.31.255.255", false), ("10.32.0.0", true), ("10.63.255.255", true), ("10.64.0.0", false),
            ("::1", false),
        ] {
            #expect(range.contains(try #require(HTTPAddress(text))) == isInside, "\(text)")
        }
        #expect(try #require(CIDR("0.0.0.0/0")).contains(try #require(HTTPAddress("1.2.3.4"))))
        #expect(try #require(CIDR("fd00::1")).contains(try #require(HTTPAddress("fd00::1"))))
    }
}
