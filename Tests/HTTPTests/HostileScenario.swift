internal import HTTP
internal import Platforms
internal import Testing

/// A server that means harm or does it, and how a request to it must end.
struct HostileScenario: Sendable, CustomTestStringConvertible {
    let name: String
    let code: HTTPError.Code
    let unified: ErrorCode
    var isHTTP2 = false
    var limits = HTTPTimeLimits()
    var responseBytesMax = 1 << 20
    var redirects = HTTPRedirectPolicy.none
    let script: @Sendable (ScriptedServer.Peer) -> Void

    var testDescription: String { name }

    private static let short = Duration.milliseconds(200)

    /// Answers every request of a connection with these bytes, then waits until the client closes.
    private static func saying(_ text: String) -> @Sendable (ScriptedServer.Peer) -> Void {
        { peer in
            while peer.readRequest() != nil { peer.send(text) }
        }
    }

    /// Answers one request with a beginning, and then with a block again and again until the client closes.
    private static func flooding(
        _ beginning: String, _ block: String, pause: UInt32 = 0
    ) -> @Sendable (ScriptedServer.Peer) -> Void {
        { peer in
            guard peer.readRequest() != nil else { return }
            peer.send(beginning)
            while peer.send(block) { if pause > 0 { pauseThread(milliseconds: pause) } }
        }
    }

    /// Plays HTTP/2 until a request has come, then does its worst.
    private static func http2(
        _ answer: @escaping @Sendable (inout HTTP2Peer, UInt32) -> Void
    ) -> @Sendable (ScriptedServer.Peer) -> Void {
        { peer in
            guard var http2 = HTTP2Peer(peer), let stream = http2.readRequest() else { return }
            answer(&http2, stream)
            peer.waitForClose()
        }
    }

    private static let ok = "HTTP/1.1 200 OK\r\n"
    private static let block = String(repeating: "x", count: 60_000)

    // MARK: - Time

    static let slow: [HostileScenario] = [
        HostileScenario(
            name: "a body that drips", code: .timeoutTotal, unified: .platformTimeout,
            limits: HTTPTimeLimits(stall: .seconds(20), total: short), script: flooding(ok + "\r\n", "x", pause: 5)),
        HostileScenario(
            name: "a head that drips, a field at a time", code: .timeoutTotal, unified: .platformTimeout,
            limits: HTTPTimeLimits(total: short), script: flooding(ok, "A: b\r\n", pause: 5)),
        HostileScenario(
            name: "a field that drips and never ends", code: .timeoutFirstByte, unified: .platformTimeout,
            limits: HTTPTimeLimits(firstByte: short), script: flooding("HTTP/1.1 200 O", "K", pause: 5)),
        HostileScenario(
            name: "no answer at all", code: .timeoutFirstByte, unified: .platformTimeout,
            limits: HTTPTimeLimits(firstByte: short), script: { $0.waitForClose() }),
        HostileScenario(
            name: "interim answers without end, slowly", code: .timeoutTotal, unified: .platformTimeout,
            limits: HTTPTimeLimits(total: short), script: flooding("", "HTTP/1.1 103 Early Hints\r\n\r\n", pause: 5)),
        HostileScenario(
            name: "a length that is never reached, the connection left open", code: .timeoutStall,
            unified: .networkPartial, limits: HTTPTimeLimits(stall: short),
            script: saying(ok + "Content-Length: 100\r\n\r\nabc")),
        HostileScenario(
            name: "a chunk's extension without end", code: .timeoutStall, unified: .networkPartial,
            limits: HTTPTimeLimits(stall: short),
            script: flooding(ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3;a=", block)),
    ]

    // MARK: - Size

    static let large: [HostileScenario] = [
        HostileScenario(
            name: "a body without end", code: .responseTooLarge, unified: .dataTooLarge,
            script: flooding(ok + "\r\n", block)),
        HostileScenario(
            name: "chunks without end", code: .responseTooLarge, unified: .dataTooLarge,
            script: flooding(ok + "Transfer-Encoding: chunked\r\n\r\n", "ea60\r\n\(block)\r\n")),
        HostileScenario(
            name: "a length of eight exabytes", code: .responseTooLarge, unified: .dataTooLarge,
            script: flooding(ok + "Content-Length: 9223372036854775807\r\n\r\n", block)),
        HostileScenario(
            name: "fields without end", code: .headersTooLarge, unified: .dataTooLarge, script: flooding(ok, "A: b\r\n")
        ),
        HostileScenario(
            name: "a few fields, each huge", code: .headersTooLarge, unified: .dataTooLarge,
            script: flooding(ok, "A: \(block)\r\n")),
        HostileScenario(
            name: "a field without end", code: .headersTooLarge, unified: .dataTooLarge,
            script: flooding(ok + "A: ", block)),
        HostileScenario(
            name: "folded lines without end", code: .headersTooLarge, unified: .dataTooLarge,
            script: flooding(ok + "A: b\r\n", " \(String(repeating: "x", count: 1000))\r\n")),
        HostileScenario(
            name: "interim answers without end", code: .headersTooLarge, unified: .dataTooLarge,
            script: flooding("", "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n")),
        HostileScenario(
            name: "trailers without end", code: .headersTooLarge, unified: .dataTooLarge,
            script: flooding(ok + "Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n3\r\nabc\r\n0\r\n", "A: b\r\n")),
    ]

    /// A body of many zeros that fits a packet, in layers of gzip.
    static func bombs(_ gzip: [UInt8]) -> [HostileScenario] {
        let head = ok + "Content-Length: \(gzip.count)\r\n"
        func bomb(_ name: String, _ encoding: String, _ code: HTTPError.Code, _ unified: ErrorCode) -> Self {
            HostileScenario(
                name: name, code: code, unified: unified,
                script: { peer in
                    guard peer.readRequest() != nil else { return }
                    peer.send(Array((head + "Content-Encoding: \(encoding)\r\n\r\n").utf8) + gzip)
                    peer.waitForClose()
                })
        }
        return [
            bomb("a body that grows a thousandfold", "gzip", .responseTooLarge, .dataTooLarge),
            bomb(
                "a body in a hundred layers", Array(repeating: "gzip", count: 100).joined(separator: ", "),
                .contentEncoding, .dataMalformed),
            bomb("a body of another encoding than it says", "br", .contentEncoding, .dataMalformed),
        ]
    }

    // MARK: - Broken promises

    static let broken: [HostileScenario] = [
        HostileScenario(
            name: "a length that is never reached", code: .partialBody, unified: .networkPartial,
            script: { peer in
                _ = peer.readRequest()
                peer.send(ok + "Content-Length: 100\r\n\r\nabc")
            }),
        HostileScenario(
            name: "chunks that stop", code: .partialBody, unified: .networkPartial,
            script: { peer in
                _ = peer.readRequest()
                peer.send(ok + "Transfer-Encoding: chunked\r\n\r\n64\r\nabc")
            }),
        HostileScenario(
            name: "a length that is no number", code: .reset, unified: .networkReset,
            script: saying(ok + "Content-Length: -5\r\n\r\nabc")),
        HostileScenario(
            name: "two lengths", code: .timeoutStall, unified: .networkPartial, limits: HTTPTimeLimits(stall: short),
            script: saying(ok + "Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc")),
        HostileScenario(
            name: "a chunk whose size is no number", code: .reset, unified: .networkReset,
            script: saying(ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\nabc")),
        HostileScenario(
            name: "an answer that is no HTTP", code: .reset, unified: .networkReset,
            script: saying("SSH-2.0-OpenSSH_9.2\r\n")),
        HostileScenario(
            name: "a connection closed without an answer", code: .reset, unified: .networkReset,
            script: { _ = $0.readRequest() }),
        HostileScenario(
            name: "a connection reset in the middle", code: .reset, unified: .networkReset,
            script: { peer in
                _ = peer.readRequest()
                peer.send(ok + "Content-Length: 100\r\n\r\nabc")
                pauseThread(milliseconds: 50)
                peer.reset()
            }),
        HostileScenario(
            name: "redirects in a circle", code: .redirectLoop, unified: .redirectLoop, redirects: .sameHost(max: 5),
            script: saying("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")),
        HostileScenario(
            name: "a redirect to another host", code: .redirectRefused, unified: .redirectRefused,
            redirects: .sameHost(max: 5),
            script: saying("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/\r\nContent-Length: 0\r\n\r\n")),
        HostileScenario(
            name: "a redirect to an address inside", code: .addressRefused, unified: .networkEgressDenied,
            redirects: .anyHost(max: 5),
            script: saying("HTTP/1.1 302 Found\r\nLocation: http://[::1]/\r\nContent-Length: 0\r\n\r\n")),
        HostileScenario(
            name: "a redirect to a file", code: .redirectRefused, unified: .redirectRefused,
            redirects: .anyHost(max: 5),
            script: saying("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")),
        HostileScenario(
            name: "a redirect whose body has no end", code: .responseTooLarge, unified: .dataTooLarge,
            redirects: .sameHost(max: 5), script: flooding("HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n", block)),
    ]

    // MARK: - HTTP/2

    static let http2: [HostileScenario] = [
        HostileScenario(
            name: "GOAWAY with an error", code: .reset, unified: .networkReset, isHTTP2: true,
            script: http2 { http2, _ in
                http2.send(.goAway(HTTP2Peer.ErrorCode.internalError, last: 0))
                http2.peer.reset()
            }),
        HostileScenario(
            name: "GOAWAY without one, every time", code: .reset, unified: .networkReset, isHTTP2: true,
            script: { peer in
                guard var http2 = HTTP2Peer(peer), http2.readRequest() != nil else { return }
                http2.send(.goAway(HTTP2Peer.ErrorCode.none, last: 0))
                peer.finish()
            }),
        HostileScenario(
            name: "GOAWAY and a close", code: .partialBody, unified: .networkPartial, isHTTP2: true,
            script: { peer in
                guard var http2 = HTTP2Peer(peer), http2.readRequest() != nil else { return }
                http2.send(.goAway(HTTP2Peer.ErrorCode.enhanceYourCalm, last: 1))
                peer.finish()
            }),
        HostileScenario(
            name: "RST_STREAM", code: .reset, unified: .networkReset, isHTTP2: true,
            script: http2 { http2, stream in http2.send(.reset(HTTP2Peer.ErrorCode.internalError, stream: stream)) }),
        HostileScenario(
            name: "RST_STREAM, refused every time", code: .reset, unified: .networkReset, isHTTP2: true,
            script: http2 { http2, stream in http2.send(.reset(HTTP2Peer.ErrorCode.refusedStream, stream: stream)) }),
        HostileScenario(
            name: "RST_STREAM and calm", code: .enhanceYourCalm, unified: .rateLimitedNoHint, isHTTP2: true,
            script: http2 { http2, stream in http2.send(.reset(HTTP2Peer.ErrorCode.enhanceYourCalm, stream: stream)) }),
        HostileScenario(
            name: "RST_STREAM in the middle of a body", code: .reset, unified: .networkReset, isHTTP2: true,
            script: http2 { http2, stream in
                http2.send(.head(stream: stream))
                http2.send(.data([1, 2, 3], stream: stream, isLast: false))
                http2.send(.reset(HTTP2Peer.ErrorCode.internalError, stream: stream))
            }),
        HostileScenario(
            name: "a stream that never ends", code: .timeoutStall, unified: .networkPartial, isHTTP2: true,
            limits: HTTPTimeLimits(stall: short),
            script: http2 { http2, stream in
                http2.send(.head(stream: stream))
                http2.send(.data([1, 2, 3], stream: stream, isLast: false))
            }),
        HostileScenario(
            name: "empty frames of data without end", code: .timeoutStall, unified: .networkPartial, isHTTP2: true,
            limits: HTTPTimeLimits(stall: short),
            script: http2 { http2, stream in
                http2.send(.head(stream: stream))
                while http2.send(.data([], stream: stream, isLast: false)) {}
            }),
        HostileScenario(
            name: "pings without end", code: .reset, unified: .networkReset, isHTTP2: true,
            script: http2 { http2, _ in while http2.peer.sendUntilBlocked(HTTP2Peer.Frame.ping.bytes) > 0 {} }),
        HostileScenario(
            name: "a head of many fields", code: .headersTooLarge, unified: .dataTooLarge, isHTTP2: true,
            script: http2 { http2, stream in
                http2.send(.head((0..<400).map { ("a\($0)", "b") }, stream: stream))
            }),
        HostileScenario(
            name: "a head continued without end", code: .reset, unified: .networkReset, isHTTP2: true,
            script: http2 { http2, stream in
                http2.send(.head(stream: stream, ends: false))
                let fields = (0..<100).map { ("a\($0)", String(repeating: "b", count: 100)) }
                while http2.send(.continuation(fields, stream: stream)) {}
            }),
        HostileScenario(
            name: "a body without end over HTTP/2", code: .responseTooLarge, unified: .dataTooLarge, isHTTP2: true,
            script: http2 { http2, stream in
                http2.send(.head(stream: stream))
                let bytes = [UInt8](repeating: 1, count: 16_000)
                while http2.send(.data(bytes, stream: stream, isLast: false)) {}
            }),
        HostileScenario(
            name: "a body longer than its length", code: .reset, unified: .networkReset, isHTTP2: true,
            script: http2 { http2, stream in
                http2.send(.head([("content-length", "3")], stream: stream))
                http2.send(.data([1, 2, 3, 4, 5], stream: stream, isLast: true))
            }),
        HostileScenario(
            name: "frames of no meaning", code: .reset, unified: .networkReset, isHTTP2: true,
            script: http2 { http2, stream in http2.send(.head([("", "")], stream: stream)) }),
        HostileScenario(
            name: "no HTTP/2 at all", code: .reset, unified: .networkReset, isHTTP2: true,
            script: { peer in
                _ = peer.receive()
                peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
            }),
    ]
}
