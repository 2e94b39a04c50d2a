internal import Foundation
internal import Glibc
internal import HTTP
internal import Testing

// A process of one's own is what these need: to change the environment, and to measure memory.
#if compiler(>=6.2)
    @Suite("in a process of its own")
    struct OwnProcessTests {
        @Test("proxies that the environment names are not used, nor are its exceptions")
        func environment() async {
            await #expect(processExitsWith: .success) {
                let proxy = ScriptedServer(answering { _, peer in peer.respond("502 Bad Gateway") })
                for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
                    setenv(name, proxy.url(""), 1)
                }
                setenv("no_proxy", "other.example", 1)
                try await withServer(script: answering { _, peer in peer.respond(body: [1]) }) { server, client in
                    for host in ["127.0.0.1", "localhost"] {
                        let exchange = try await client.execute(HTTPRequest(url: server.url(host: host)))
                        #expect(exchange.body == [1])
                    }
                }
                let client = try HTTPClient()
                let error = await failure { _ = try await client.execute(HTTPRequest(url: "https://127.0.0.1:1/")) }
                #expect(error?.code == .connect)
                await client.shutdown()
                #expect(proxy.connectionCount == 0)
                exit(proxy.connectionCount == 0 ? EXIT_SUCCESS : EXIT_FAILURE)
            }
        }

        /// The scenarios that send without end, and bombs of a quarter of a gigabyte: ten of each at a time.
        @Test("memory stays bounded, whatever servers send")
        func memory() async {
            await #expect(processExitsWith: .success) {
                let gzip = try runProgram("sh", ["-c", "head -c 256M /dev/zero | gzip -9"])
                let scenarios = HostileScenario.large + HostileScenario.bombs(gzip) + HostileScenario.http2
                // Made once, so that what a first time costs is not counted.
                for scenario in scenarios { try await Self.play(scenario) }
                try Self.resetPeak()
                let before = try Self.memory("VmRSS")
                for scenario in scenarios {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<10 { group.addTask { try await Self.play(scenario) } }
                        try await group.waitForAll()
                    }
                }
                let peak = try Self.memory("VmHWM")
                // Ten at a time, each with a limit of a megabyte of body, and what its connection needs.
                #expect(peak - before < 96 << 20, "\(before >> 20) MiB before, \(peak >> 20) MiB at the most")
                exit(peak - before < 96 << 20 ? EXIT_SUCCESS : EXIT_FAILURE)
            }
        }

        private static func play(_ scenario: HostileScenario) async throws {
            var configuration = HTTPClientConfiguration()
            if scenario.isHTTP2 { configuration.version = .http2PriorKnowledge }
            try await withServer(configuration, script: scenario.script) { server, client in
                let request = HTTPRequest(
                    url: server.url(), limits: scenario.limits, responseBytesMax: scenario.responseBytesMax)
                let error = await failure { _ = try await client.execute(request) }
                #expect(error != nil, "\(scenario.name)")
            }
        }

        private static func resetPeak() throws {
            try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        }

        private static func memory(_ field: String) throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(field) })
            return try #require(line.split(separator: " ").compactMap { Int($0) }.first) << 10
        }
    }
#endif
