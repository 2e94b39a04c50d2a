internal import CLibCurl

/// One request in progress: what libcurl's callbacks leave behind, for the loop to act on after each round.
///
/// *Thread-safety notes*: touched by the loop thread only; not `Sendable`.
final class Transfer {
    let ticket: Ticket
    let easy: EasyHandle
    /// The request as it is sent now: a redirect changes it.
    private(set) var request: HTTPRequest
    private(set) var origin: HTTPOrigin
    var state: TransferState
    /// Set by callbacks, cleared by the loop: what this round brought.
    private var wasConnected = false
    private var hasNews = false

    private unowned let loop: LoopCore
    private let headLimits: (count: Int, bytes: Int)
    private var headReader: HeadReader
    private(set) var head: HTTPResponseHead?
    private var headIsDelivered = false
    private var body: [UInt8] = []
    private var bodyBytes = 0
    private var redirectsFollowed = 0
    /// The answer is a redirect we shall follow: its body is of no interest.
    private(set) var isRedirecting = false
    /// Why a callback stopped the transfer; tells more than libcurl's code for it.
    private(set) var refusal: HTTPError.Code?
    private var addressWasRefused = false
    /// Sockets opened for this transfer; empty on a kept connection.
    private var openedSockets: [Int32] = []
    private var ends: KeptSockets.Ends?
    /// The kept connection was not to be trusted: nothing was sent, and it is tried again on a new one.
    private(set) var needsFresh = false
    private var firstByteAt: ContinuousClock.Instant?
    private var bodyBytesSentSeen = 0

    init(_ ticket: Ticket, easy: EasyHandle, loop: LoopCore) {
        self.ticket = ticket
        self.easy = easy
        self.loop = loop
        request = ticket.request
        origin = ticket.origin
        headLimits = (loop.configuration.responseHeaderCountMax, loop.configuration.responseHeaderBytesMax)
        headReader = HeadReader(countMax: headLimits.count, bytesMax: headLimits.bytes)
        state = TransferState(limits: ticket.request.limits, started: ticket.started)
    }

    // MARK: From callbacks

    /// Takes bytes of body; false stops the transfer.
    func bodyArrived(_ bytes: UnsafeRawBufferPointer) -> Bool {
        noteNews()
        guard bytes.count <= request.responseBytesMax - bodyBytes else {
            refusal = .responseTooLarge
            return false
        }
        bodyBytes += bytes.count
        if !isRedirecting { body.append(contentsOf: bytes) }
        return true
    }

    /// Takes one line of the head; false stops the transfer.
    func headerArrived(_ line: UnsafeRawBufferPointer) -> Bool {
        noteNews()
        switch headReader.lineArrived(line) {
        case .more: return true
        case .tooLarge:
            refusal = .headersTooLarge
            return false
        case .complete(let head): return headCompleted(head)
        }
    }

    /// Notes that the request is about to be written; false stops it.
    func connectionReady(_ ends: KeptSockets.Ends) -> Bool {
        self.ends = ends
        if !openedSockets.isEmpty {
            loop.keptSockets.opened(ends, on: openedSockets)
        } else if loop.keptSockets.hasUncalledBytes(ends) {
            needsFresh = true
            return false
        }
        wasConnected = true
        noteNews()
        return true
    }

    /// Notes a socket that libcurl is about to connect.
    func socketOpened(_ descriptor: Int32) { openedSockets.append(descriptor) }

    /// Asks the policy about an address.
    func mayConnect(to address: HTTPAddress) -> Bool {
        if loop.configuration.addressPolicy?.permits(address) ?? true { return true }
        addressWasRefused = true
        return false
    }

    private func headCompleted(_ head: HTTPResponseHead) -> Bool {
        self.head = head
        if let ends, head.version != .http2 { loop.keptSockets.answeredOverHTTP1(ends) }
        if request.redirects != .none, [301, 302, 303, 307, 308].contains(head.status),
            head.headers["Location"] != nil
        {
            isRedirecting = true
            return true
        }
        guard request.method != .head, let length = head.headers["Content-Length"].flatMap({ Int($0) }) else {
            return true
        }
        // The length on the wire is that of the encoded body: as a size it is a lower bound at best.
        guard head.headers["Content-Encoding"] != nil || length <= request.responseBytesMax else {
            refusal = .responseTooLarge
            return false
        }
        if case .exchange = ticket.recipient {
            // Reserving is an optimisation; a length that lies must not cost more than this.
            body.reserveCapacity(min(max(length, 0), request.responseBytesMax, 4 << 20))
        }
        return true
    }

    private func noteNews() {
        guard !hasNews else { return }
        hasNews = true
        loop.hasNews(self)
    }

    // MARK: From the loop

    /// Turns what the callbacks noted into events and deliveries; returns whether reading must pause.
    func takeNews(at now: ContinuousClock.Instant) -> Bool {
        hasNews = false
        if wasConnected {
            wasConnected = false
            state.connectionReady(at: now)
        }
        guard head != nil || bodyBytes > 0 else { return false }
        state.bytesArrived(at: now)
        if firstByteAt == nil { firstByteAt = now }
        return deliverStream()
    }

    /// Hands a streamed head and what there is of the body to their reader; returns whether reading must pause.
    private func deliverStream() -> Bool {
        guard case .stream(let headResult, let channel) = ticket.recipient, let head, !isRedirecting,
            refusal == nil || headIsDelivered
        else { return false }
        if !headIsDelivered {
            headIsDelivered = true
            headResult.resolve(.success(head))
        }
        guard !body.isEmpty else { return false }
        let chunk = body
        body = []
        return channel.push(chunk)
    }

    /// Whether the request's body has moved on since the last look; an upload in progress is not silence.
    func bodyHasProgressed() -> Bool {
        let sent = easy.bodyBytesSent
        defer { bodyBytesSentSeen = sent }
        // A body that was gone before the first look went at once: waiting began with the request.
        let wentAtOnce = bodyBytesSentSeen == 0 && sent >= (request.body?.count ?? 0)
        return sent > bodyBytesSentSeen && !wentAtOnce
    }

    /// Where the time went, up to now.
    func timings(at now: ContinuousClock.Instant) -> HTTPTimings {
        var timings = easy.timings
        timings.firstByte = firstByteAt.map { $0 - ticket.started }
        timings.total = now - ticket.started
        return timings
    }

    /// Points the transfer at a redirect's target; throws `.redirectRefused` where it must not go.
    func redirect(to url: String?) throws(HTTPError) {
        guard redirectsFollowed < request.redirects.max else {
            throw HTTPError(
                code: .redirectLoop, message: "more than \(request.redirects.max) redirects", host: origin.host)
        }
        guard let url, let target = try? HTTPOrigin(url: url) else { throw redirectRefused("its target is no URL") }
        let becomesGet = head?.status == 303 || (request.method == .post && [301, 302].contains(head?.status))
        if becomesGet, request.method != .head {
            request.method = .get
            request.body = nil
            request.headers["Content-Type"] = nil
        }
        if !origin.mayRedirect(to: target) { try leave(for: target) }
        redirectsFollowed += 1
        origin = target
        request.url = url
        headReader = HeadReader(countMax: headLimits.count, bytesMax: headLimits.bytes)
        head = nil
        bodyBytes = 0
        bodyBytesSentSeen = 0
        isRedirecting = false
        firstByteAt = nil
        openedSockets = []
        needsFresh = false
        state.redirected()
    }

    /// Makes the request one that another host may see.
    private func leave(for target: HTTPOrigin) throws(HTTPError) {
        guard case .anyHost = request.redirects else {
            throw redirectRefused("it leads to another host, port or scheme")
        }
        guard origin.scheme == "http" || target.scheme == "https" else { throw redirectRefused("it leads to http") }
        guard request.body == nil else { throw redirectRefused("another host would get the request's body") }
        // Which header is a credential nobody can know: those stay that cannot be one.
        request.headers = HTTPHeaders(
            request.headers.filter { field in Self.harmlessHeaders.contains { field.name.equalsIgnoringCase($0) } }
                .map { ($0.name, $0.value) })
    }

    private static let harmlessHeaders = ["Accept", "Accept-Language", "User-Agent", "Range"]

    private func redirectRefused(_ why: String) -> HTTPError {
        HTTPError(code: .redirectRefused, message: "a redirect was not followed: \(why)", host: origin.host)
    }

    /// Gives the complete answer to whoever waits for it.
    func succeed(at now: ContinuousClock.Instant) {
        guard state.ended() else { return }
        let timings = timings(at: now)
        switch ticket.recipient {
        case .exchange(let result):
            guard let head else { preconditionFailure("libcurl ended a transfer without a response") }
            result.resolve(.success(HTTPExchange(head: head, body: body, timings: timings)))
        case .stream(_, let channel):
            _ = deliverStream()
            channel.finish(timings)
        }
    }

    /// Gives an error to whoever waits; what a stream had received goes first.
    func fail(_ code: HTTPError.Code, curlCode: CURLcode = CURLE_OK, message: String, at now: ContinuousClock.Instant) {
        guard state.ended() else { return }
        _ = deliverStream()
        ticket.fail(
            HTTPError(
                code: code, curlCode: Int(curlCode.rawValue), message: message, host: origin.host,
                timings: timings(at: now)))
    }

    /// Gives the error for libcurl's verdict.
    func fail(_ result: CURLcode, at now: ContinuousClock.Instant) {
        if let refusal {
            return fail(refusal, curlCode: result, message: HTTPError.sentence(for: refusal, request), at: now)
        }
        var code = HTTPError.Code(curl: result, headReceived: head != nil)
        // libcurl says it in words only.
        if code == .reset, easy.failureText?.contains("ENHANCE_YOUR_CALM") == true { code = .enhanceYourCalm }
        if addressWasRefused, code == .connect {
            let message = HTTPError.sentence(for: .addressRefused, request)
            return fail(.addressRefused, curlCode: result, message: message, at: now)
        }
        let message = easy.failureText ?? HTTPError.sanitised(String(cString: curl_easy_strerror(result)))
        fail(code, curlCode: result, message: message, at: now)
    }
}
