internal import FoundationEssentials
internal import Glibc
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import Platforms

/// Thrown to have the connection closed without another byte.
struct ConnectionEnded: Error {}

/// Takes each request to its store or to the control API, and the answer back, faults included.
///
/// **Thread**: any; runs in the task of the connection. Whatever writes is `@concurrent`, as the writer's own
/// methods are.
struct SandboxResponder: Sendable {
    let hosts: [String: StoreHost]
    let control: ControlAPI
    let clock: any Clock<Duration>
    let dates: DateHeader

    /// A larger request is a mistake; the connection is closed.
    static let requestBytesMax = 64 * 1024 * 1024

    @concurrent
    func respond(
        to request: Request, _ writer: consuming ResponseWriter, on channel: any Channel
    ) async throws {
        let target = RequestTarget(request.head.path ?? "/")
        guard !ControlAPI.owns(target.path) else {
            let body = try await Self.body(of: request)
            let port = channel.localAddress?.port ?? 0
            return try await send(await control.answer(request.method.rawValue, target, body, port), writer, request)
        }
        guard let host = hosts[String(target.mount)] else {
            let error = SandboxError(
                .unknownStore, message: "no store is mounted there", fix: "GET /_sandbox/stores lists them all")
            return try await send(ControlAnswer(404, error), writer, request)
        }
        try await play(host, request, target, writer, on: channel)
    }

    // MARK: A store's answer, with what goes wrong around it

    @concurrent
    private func play(
        _ host: StoreHost, _ request: Request, _ target: RequestTarget, _ writer: consuming ResponseWriter,
        on channel: any Channel
    ) async throws {
        var roll = host.desk.roll()
        if roll.latency > .zero { try await clock.sleep(for: roll.latency) }
        if roll.fault == .hang { return try await hang(request) }
        if let answer = roll.fault?.answerInPlaceOfStore() { return try await send(answer, writer, request) }

        var asked = try await Self.storeRequest(request, target, host.spec)
        if roll.fault == .authRevoked { asked = asked.without(host.platform.authentication) }
        var answer = await host.respond(to: asked)
        guard let fault = roll.fault else { return try await send(answer, writer, request) }
        switch fault {
        case .drop: throw ConnectionEnded()
        case .reset:
            // A socket that may not linger is reset by closing it, unless one side was closed in good order before.
            try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            try await channel.close()
            throw ConnectionEnded()
        case .cut: try await cut(answer, writer, request, on: channel, &roll.random)
        case .drip(let bytesPerSecond): try await drip(answer, bytesPerSecond, writer, request)
        default:
            if let spoilt = fault.spoil(answer.body, &roll.random) {
                answer.body = spoilt
            } else {
                host.desk.takeBack(roll)
            }
            try await send(answer, writer, request)
        }
    }

    /// Waits until the client has gone, or the server is stopped.
    private func hang(_ request: Request) async throws {
        _ = try await request.body.consumeWithCancellationOnInboundClose { body in
            // What is not read would keep the end of the connection from being seen.
            for try await _ in body {}
            let (never, continuation) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            continuation.finish()
        }
        throw ConnectionEnded()
    }

    @concurrent
    private func cut(
        _ answer: SandboxResponse, _ writer: consuming ResponseWriter, _ request: Request, on channel: any Channel,
        _ random: inout SeededRandom
    ) async throws {
        let head = head(for: answer, request)
        let count = request.method == .head ? 0 : FaultBytes.bytesBeforeCut(answer.body.count, &random)
        var body = try await writer.writeHead(head)
        try await body.write(ByteBuffer(bytes: answer.body[..<count]))
        // Closing one side waits until what was written has left; closing both would throw it away.
        try await channel.close(mode: .output)
        throw ConnectionEnded()
    }

    @concurrent
    private func drip(
        _ answer: SandboxResponse, _ bytesPerSecond: Int, _ writer: consuming ResponseWriter, _ request: Request
    ) async throws {
        let head = head(for: answer, request)
        guard request.method != .head else { return try await writer.writeResponse(head) }
        var body = try await writer.writeHead(head)
        // Ten pieces a second, or single bytes where that would be less than one.
        let size = max(1, bytesPerSecond / 10)
        let pause = Duration.seconds(1) * size / bytesPerSecond
        var sent = 0
        while sent < answer.body.count {
            let end = min(sent + size, answer.body.count)
            try await body.write(ByteBuffer(bytes: answer.body[sent..<end]))
            sent = end
            if sent < answer.body.count { try await clock.sleep(for: pause) }
        }
        try await body.finish(nil)
    }

    // MARK: HTTP

    @concurrent
    private func send(
        _ answer: SandboxResponse, _ writer: consuming ResponseWriter, _ request: Request
    ) async throws {
        let head = head(for: answer, request)
        guard request.method != .head, !answer.body.isEmpty else { return try await writer.writeResponse(head) }
        // The one copy there is: from the store's array to the buffer that the socket is given.
        try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    @concurrent
    private func send(
        _ answer: ControlAnswer, _ writer: consuming ResponseWriter, _ request: Request
    ) async throws {
        switch answer {
        case .json(let status, let body):
            let headers = [(name: "Content-Type", value: "application/json; charset=utf-8")]
            try await send(SandboxResponse(status: status, headers: headers, body: body), writer, request)
        case .records(let records):
            var head = HTTPResponse(status: .ok)
            head.headerFields[.contentType] = "application/x-ndjson"
            var body = try await writer.writeHead(head)
            var lines = RecordLines(records)
            while let chunk = lines.next() { try await body.write(ByteBuffer(bytes: chunk)) }
            try await body.finish(nil)
        }
    }

    private func head(for answer: SandboxResponse, _ request: Request) -> HTTPResponse {
        var head = HTTPResponse(status: .init(code: answer.status))
        for (name, value) in answer.headers {
            // What the body's bytes say of themselves is up to this server: faults change them.
            guard let name = HTTPField.Name(name), name != .contentLength, name != .transferEncoding else { continue }
            head.headerFields.append(HTTPField(name: name, value: value))
        }
        if head.headerFields[.date] == nil { head.headerFields[.date] = dates.value }
        let mayHaveBody = answer.status >= 200 && answer.status != 204 && answer.status != 304
        if mayHaveBody { head.headerFields[.contentLength] = String(answer.body.count) }
        return head
    }

    private static func body(of request: Request) async throws -> [UInt8] {
        // Without one of the two there is no body: most requests need not be waited for.
        guard request.headers[.contentLength] != nil || request.headers[.transferEncoding] != nil else { return [] }
        let buffer = try await request.body.collect(upTo: requestBytesMax)
        return Array(buffer.readableBytesView)
    }

    private static func storeRequest(
        _ request: Request, _ target: RequestTarget, _ spec: SandboxStoreSpec
    ) async throws -> SandboxRequest {
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(request.headers.count + 2)
        if let authority = request.head.authority { headers.append(("Host", authority)) }
        // The usual way to tell a server behind a proxy what its links must begin with.
        headers.append(("X-Forwarded-Prefix", spec.mountPath))
        for field in request.headers { headers.append((field.name.rawName, field.value)) }
        return SandboxRequest(
            method: request.method.rawValue, path: String(target.rest), query: target.query, headers: headers,
            body: try await body(of: request))
    }
}

extension SandboxRequest {
    /// The same request from a client that has no credentials.
    func without(_ authentication: Authentication) -> SandboxRequest {
        var (headers, query) = (self.headers, self.query)
        for placement in authentication.methods.flatMap({ [$0.placement] + $0.alternatives.values }) {
            headers.removeAll { placement.headerNames.contains($0.name.lowercased()) }
            query.removeAll { placement.queryNames.contains($0.name) || $0.name.hasPrefix("oauth_") }
        }
        return SandboxRequest(method: method, path: path, query: query, headers: headers, body: body)
    }
}

extension Authentication.Placement {
    /// Headers it may go into, in lower case.
    fileprivate var headerNames: [String] {
        switch self {
        case .header(let name, _): [name.lowercased()]
        case .scheme, .bearer, .basic, .oauth1: ["authorization"]
        case .query: []
        case .byScheme(let https, let http): https.headerNames + http.headerNames
        }
    }

    fileprivate var queryNames: [String] {
        switch self {
        case .query(let keys): keys.map(\.name)
        case .byScheme(let https, let http): https.queryNames + http.queryNames
        case .header, .scheme, .bearer, .basic, .oauth1: []
        }
    }
}
