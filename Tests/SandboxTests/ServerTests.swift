import FoundationEssentials
import Logging
import Platforms
import Sandbox
import ServiceLifecycle
import Testing

@Suite("the sandbox server")
struct ServerTests {
    @Test("a store gets the rest of the path, the query, the headers and the body")
    func routing() async throws {
        try await withSandbox(toyPlan()) { port in
            let reply = await RawClient.send("POST", "/toy/a/x%2Fy/z?a=1&b=%C3%A9+%&c", port: port, body: "hello")
            #expect(reply.status == 200)
            let lines = reply.text.split(separator: "\n").map(String.init)
            #expect(lines.contains("method=POST"))
            #expect(lines.contains("path=/x%2Fy/z"))
            #expect(lines.filter { $0.hasPrefix("query") } == ["query a=1", "query b=é %", "query c="])
            #expect(lines.contains("header Host=h:1"))
            #expect(lines.contains("header X-Token=t"))
            #expect(lines.contains("header X-Forwarded-Prefix=/toy/a"))
            #expect(lines.contains("body=hello"))
            #expect(lines.contains("now=1800000000.0"))
            #expect(reply.headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT")
        }
    }

    @Test("a store's own root is a slash, and an address without a store is told so")
    func edges() async throws {
        try await withSandbox(toyPlan()) { port in
            #expect(await RawClient.get("/toy/a", port: port).text.contains("path=/\n"))
            #expect(await RawClient.get("/toy/a/", port: port).text.contains("path=/\n"))
            for path in ["/", "/toy", "/toy/b/orders", "/sandbox/health", "/toy/A/orders"] {
                let reply = await RawClient.get(path, port: port)
                #expect(reply.status == 404)
                #expect(reply.text.contains("sandbox.unknown_store"))
            }
        }
    }

    @Test("one connection serves several requests")
    func keepAlive() async throws {
        try await withSandbox(toyPlan()) { port in
            let first = "GET /toy/a/numbers HTTP/1.1\r\nHost: h\r\nX-Token: t\r\n\r\n"
            let last = first.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")
            let reply = await RawClient.send(first + first + last, port)
            let text = String(decoding: reply.bytes, as: UTF8.self)
            #expect(text.ranges(of: #"{"id":"17","total":3}"#).count == 3)
        }
    }

    @Test("HEAD gives the length and no body")
    func head() async throws {
        try await withSandbox(toyPlan()) { port in
            let reply = await RawClient.send(
                "HEAD /toy/a/numbers HTTP/1.1\r\nHost: h\r\nX-Token: t\r\nConnection: close\r\n\r\n", port)
            #expect(reply.promisedBytes == 21)
            #expect(reply.body.isEmpty)
        }
    }

    @Test("a large body arrives whole")
    func largeBody() async throws {
        try await withSandbox(toyPlan()) { port in
            let reply = await RawClient.get("/toy/a/big?bytes=8000000", port: port)
            #expect(reply.body.count == 8_000_000)
            #expect(reply.body.allSatisfy { $0 == UInt8(ascii: "b") })
        }
    }

    @Test("stores are independent, and more of them than there are cores being slow hold up no other")
    func isolation() async throws {
        let gate = Gate()
        let plan = SandboxPlan(stores: [
            .init(platform: "toy", name: "slow", count: 12, credentials: ["api_token": "t"]),
            .init(platform: "toy", name: "quick", sizes: ["orders": 1], credentials: ["api_token": "t"]),
        ])
        try await withSandbox(plan, platforms: [ToyPlatform(gate: gate)]) { port in
            await withTaskGroup(of: RawReply.self) { group in
                for number in 1...12 {
                    group.addTask { await RawClient.get("/toy/slow-\(number)/slow", port: port) }
                }
                for _ in 1...12 { await gate.waitForArrival() }
                let quick = await RawClient.get("/toy/quick/orders", port: port)
                #expect(quick.text == #"[{"id":"1","note":"For Zoë 1","changed":0}]"#)
                gate.unlock()
                for await reply in group { #expect(reply.status == 200) }
            }
        }
    }

    @Test("stores change by themselves at their rate on the given clock")
    func backgroundChanges() async throws {
        let clock = ManualClock()
        try await withSandbox(toyPlan(changesPerSecond: 2.5), clock: clock) { port in
            var pause = await clock.nextSleep()
            #expect(pause == .seconds(1))
            clock.advance(by: pause)
            pause = await clock.nextSleep()
            #expect(await RawClient.get("/toy/a/orders", port: port).text.contains(#""changed":2}"#))
            clock.advance(by: pause)
            _ = await clock.nextSleep()
            #expect(await RawClient.get("/toy/a/orders", port: port).text.contains(#""changed":5}"#))
        }
    }

    @Test("two servers get free ports of their own, and a taken port is an error for whoever waits")
    func ports() async throws {
        try await withSandbox(toyPlan()) { first in
            try await withSandbox(toyPlan()) { second in
                #expect(first != second)
                #expect(first > 0)
            }
            let server = try SandboxServer(
                plan: toyPlan(), platforms: [ToyPlatform()], port: first, logger: Logger(label: "test"))
            let running = Task { try await server.run() }
            await #expect(throws: SandboxError.self) { try await server.port }
            await #expect(throws: (any Error).self) { try await running.value }
        }
    }

    @Test("a graceful stop ends although a request hangs, one sleeps and one body is not read")
    func shutdown() async throws {
        let clock = ManualClock()
        let plan = SandboxPlan(stores: [
            .init(platform: "toy", name: "hangs", credentials: ["api_token": "t"], faults: [Fault(.hang)]),
            .init(
                platform: "toy", name: "sleeps", credentials: ["api_token": "t"],
                faults: [Fault(.latency(milliseconds: 60_000, jitterMilliseconds: 0))]),
            .init(platform: "toy", name: "a", credentials: ["api_token": "t"]),
        ])
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let server = try SandboxServer(plan: plan, platforms: [ToyPlatform()], clock: clock, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
        let running = Task { try await group.run() }
        let port = try await server.port
        func request(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: h\r\nX-Token: t\r\n\r\n" }
        let hanging = await RawClient.open(request("/toy/hangs/orders"), port)
        let sleeping = await RawClient.open(request("/toy/sleeps/orders"), port)
        let unread = await RawClient.open(request("/toy/a/big?bytes=50000000"), port)
        _ = await clock.nextSleep()
        await untilReceived(3, port)
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(await RawClient.readToEnd(hanging).bytes.isEmpty)
        #expect(await RawClient.readToEnd(sleeping).bytes.isEmpty)
        #expect(await RawClient.readToEnd(unread).body.count < 50_000_000)
    }

    /// Asks for the counters until the server has seen that many requests.
    private func untilReceived(_ count: Int, _ port: Int) async {
        while true {
            let text = await RawClient.get("/_sandbox/counters", port: port).text
            let counts = text.split(separator: #""received":"#).dropFirst()
            let received = counts.compactMap { Int($0.prefix { $0.isNumber }) }
            if received.reduce(0, +) >= count { return }
        }
    }
}
