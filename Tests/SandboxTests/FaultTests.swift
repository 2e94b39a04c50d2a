import FoundationEssentials
import Platforms
import Sandbox
import Testing

@Suite("faults, seen from outside")
struct FaultTests {
    private let orders =
        #"[{"id":"1","note":"For Zoë 1","changed":0},{"id":"2","note":"For Zoë 2","changed":0},"#
        + #"{"id":"3","note":"For Zoë 3","changed":0}]"#

    private func reply(_ kind: Fault.Kind, path: String = "/orders", seed: UInt64 = 1) async throws -> RawReply {
        try await withSandbox(toyPlan(Fault(kind), seed: seed)) { await RawClient.get("/toy/a\(path)", port: $0) }
    }

    @Test("without faults the answer is the store's")
    func none() async throws {
        let reply = try await withSandbox(toyPlan()) { await RawClient.get("/toy/a/orders", port: $0) }
        #expect(reply.text == orders)
        #expect(reply.headers["content-type"] == "application/json")
    }

    @Test("an error status comes as JSON, as HTML, or with nothing")
    func status() async throws {
        let json = try await reply(.status(502, body: .json, retryAfterSeconds: 7))
        #expect((json.status, json.headers["retry-after"], json.headers["content-type"]).0 == 502)
        #expect(json.headers["retry-after"] == "7")
        #expect(json.text.hasPrefix("{"))
        let html = try await reply(.status(500, body: .html, retryAfterSeconds: nil))
        #expect(html.text.hasPrefix("<!DOCTYPE html>"))
        #expect(html.headers["retry-after"] == nil)
        let empty = try await reply(.status(500, body: .empty, retryAfterSeconds: nil))
        #expect((empty.status, empty.promisedBytes, empty.body) == (500, 0, []))
    }

    @Test("throttling, maintenance, outage and a web page stand in for the store, which never sees the request")
    func inPlaceOfStore() async throws {
        let expected: [(Fault.Kind, Int, String)] = [
            (.throttle(retryAfterSeconds: 3), 429, "application/json; charset=utf-8"),
            (.maintenance(retryAfterSeconds: 600), 503, "text/html; charset=utf-8"),
            (.outage, 503, "text/html; charset=utf-8"), (.html, 200, "text/html; charset=utf-8"),
        ]
        for (kind, status, type) in expected {
            try await withSandbox(toyPlan(Fault(kind))) { port in
                let reply = await RawClient.get("/toy/a/orders", port: port)
                #expect(reply.status == status)
                #expect(reply.headers["content-type"] == type)
                let counters = await RawClient.get("/_sandbox/counters", port: port).text
                #expect(counters.contains(#""received":1"#))
                #expect(counters.contains(#""requests":0"#))
            }
        }
    }

    @Test("a dropped connection ends without a byte after the store has counted the request")
    func drop() async throws {
        for kind in [Fault.Kind.drop, .reset] {
            try await withSandbox(toyPlan(Fault(kind))) { port in
                let reply = await RawClient.get("/toy/a/orders", port: port)
                #expect(reply.bytes.isEmpty)
                #expect(reply.wasReset == (kind == .reset))
                #expect(await RawClient.get("/_sandbox/counters", port: port).text.contains(#""requests":1"#))
            }
        }
    }

    @Test("a cut connection delivers fewer bytes than promised", arguments: [100, 500_000, 20_000_000])
    func cut(bytes: Int) async throws {
        let reply = try await reply(.cut, path: "/big?bytes=\(bytes)")
        #expect(reply.status == 200)
        #expect(reply.promisedBytes == bytes)
        #expect(reply.body.count >= bytes / 4)
        #expect(reply.body.count < bytes)
    }

    @Test("a truncated body is complete HTTP around the beginning of the answer")
    func truncate() async throws {
        let reply = try await reply(.truncate)
        #expect(reply.promisedBytes == reply.body.count)
        #expect(reply.body.count < orders.utf8.count)
        #expect(Array(orders.utf8).starts(with: reply.body))
    }

    @Test("a byte order mark and a PHP warning come in front of the whole answer")
    func prefixes() async throws {
        let marked = try await reply(.byteOrderMark)
        #expect(marked.body == [0xEF, 0xBB, 0xBF] + Array(orders.utf8))
        let warned = try await reply(.phpWarning)
        #expect(warned.text.hasPrefix("<br />\n<b>Warning</b>"))
        #expect(warned.text.hasSuffix(orders))
    }

    @Test("bytes are injected into one note and nowhere else, wherever the seed puts them", arguments: 1...4)
    func injections(seed: UInt64) async throws {
        let kinds: [Fault.Kind] = [.invalidUTF8, .nulEscape, .loneSurrogate, .hugeString(bytes: 5_000_000)]
        for kind in kinds {
            let reply = try await reply(kind, seed: seed)
            #expect(reply.promisedBytes == reply.body.count)
            let added = reply.body.count - orders.utf8.count
            #expect(added > 0)
            // Taking the added bytes out of some place gives the answer back, and the place is an end of a note.
            let original = Array(orders.utf8)
            let start = zip(original, reply.body).prefix { $0 == $1 }.count
            let place = (max(0, start - added)...start).first { place in
                reply.body[(place + added)...].elementsEqual(original[place...])
                    && reply.body[..<place].elementsEqual(original[..<place])
            }
            let found = try #require(place)
            let before = String(decoding: original[..<found], as: UTF8.self)
            #expect(before.hasSuffix(#""note":""#) || before.suffix(12).contains("For Zoë"), "seed \(seed), \(kind)")
        }
    }

    @Test("an answer with nothing to spoil comes as it is, and the fault waits for one that has")
    func nothingToSpoil() async throws {
        try await withSandbox(toyPlan(Fault(.nulEscape, .next(1)))) { port in
            #expect(await RawClient.get("/toy/a/numbers", port: port).text == #"{"id":"17","total":3}"#)
            #expect(await RawClient.get("/_sandbox/counters", port: port).text.contains(#""faults":{}"#))
            #expect(await RawClient.get("/toy/a/orders", port: port).text.contains(#"\u0000"#))
            #expect(await RawClient.get("/toy/a/orders", port: port).text == orders)
        }
    }

    @Test("a dripping body comes in pieces, with pauses on the given clock, and is complete")
    func drip() async throws {
        let clock = ManualClock()
        try await withSandbox(toyPlan(Fault(.drip(bytesPerSecond: 500))), clock: clock) { port in
            async let dripped = RawClient.get("/toy/a/orders", port: port)
            // 132 bytes in pieces of 50.
            for _ in 1...2 {
                let pause = await clock.nextSleep()
                #expect(pause == .milliseconds(100))
                clock.advance(by: pause)
            }
            #expect(await dripped.text == orders)
        }
    }

    @Test("latency is waited on the given clock, jitter included, before another fault is played")
    func latency() async throws {
        let clock = ManualClock()
        let plan = toyPlan(
            Fault(.html), Fault(.latency(milliseconds: 200, jitterMilliseconds: 50)),
            Fault(.latency(milliseconds: 1000, jitterMilliseconds: 0)))
        try await withSandbox(plan, clock: clock) { port in
            async let late = RawClient.get("/toy/a/orders", port: port)
            let pause = await clock.nextSleep()
            #expect((.milliseconds(1200)...(.milliseconds(1250))).contains(pause))
            clock.advance(by: pause)
            #expect(await late.text.hasPrefix("<!DOCTYPE html>"))
        }
    }

    @Test("a hanging request is let go when the client gives up, whatever it sent", arguments: [0, 5_000_000])
    func hang(bodyBytes: Int) async throws {
        try await withSandbox(toyPlan(Fault(.hang, .next(1)))) { port in
            let body = String(repeating: "b", count: bodyBytes)
            let text = "POST /toy/a/orders HTTP/1.1\r\nHost: h\r\nContent-Length: \(bodyBytes)\r\n\r\n\(body)"
            let connection = await RawClient.open(text, port)
            while !(await RawClient.get("/_sandbox/counters", port: port).text.contains(#""hang":1"#)) {}
            connection.hangUp()
            #expect(await RawClient.readToEnd(connection).bytes.isEmpty)
            #expect(await RawClient.get("/toy/a/orders", port: port).text == orders)
        }
    }

    @Test("revoked credentials get the store's own refusal")
    func authRevoked() async throws {
        let reply = try await reply(.authRevoked)
        #expect(reply.status == 401)
        #expect(reply.text == #"{"error":"wrong token"}"#)
    }

    @Test("a fault set for the next requests strikes them and no others")
    func next() async throws {
        try await withSandbox(toyPlan(Fault(.outage, .next(2)))) { port in
            var statuses: [Int] = []
            for _ in 1...4 { statuses.append(await RawClient.get("/toy/a/orders", port: port).status) }
            #expect(statuses == [503, 503, 200, 200])
        }
    }

    @Test("a share strikes the same requests for the same seed, in about that share")
    func share() async throws {
        func statuses(seed: UInt64) async throws -> [Int] {
            try await withSandbox(toyPlan(Fault(.outage, .share(0.3)), seed: seed)) { port in
                var statuses: [Int] = []
                for _ in 1...100 { statuses.append(await RawClient.get("/toy/a/numbers", port: port).status) }
                return statuses
            }
        }
        let first = try await statuses(seed: 11)
        #expect(try await statuses(seed: 11) == first)
        #expect((15...45).contains(first.count { $0 == 503 }))
        #expect(try await statuses(seed: 12) != first)
    }
}
