import CHiredis
import Glibc
import Logging

/// One connection's life on one thread: connect, handshake, move bytes, notice a loss, come back.
///
/// Why it exists: hiredis is a blocking library with a non-blocking corner; here it never waits
/// anywhere but in `poll(2)`, which an eventfd ends. If this thread stops, nothing is answered any
/// more, so it stops only when the traffic says so, and then fails what is left.
///
/// Thread-safety: built by and confined to its thread; other threads reach it through the traffic's
/// inbox and `wakeUp`.
struct ConnectionLoop<Traffic: ConnectionTraffic, Randomness: RandomNumberGenerator>: ~Copyable {
    private enum Phase {
        case backingOff(until: Instant, RedisError)
        case resolving(deadline: Instant)
        case connecting(deadline: Instant)
        case handshaking(Handshake, deadline: Instant)
        case ready
    }

    private static var outputBytesMax: Int { 64 << 10 }
    /// An output buffer that grew over this for one large command is given back.
    private static var outputBytesKept: Int { 1 << 20 }

    private let configuration: RedisConfiguration
    private let wakeUp: WakeUp
    private let logger: Logger
    private let resolver: AddressResolver
    /// Each attempt takes the next of them.
    private let endpoints: () -> [RedisConfiguration.Endpoint]
    private var endpoint: RedisConfiguration.Endpoint
    private var traffic: Traffic
    private var randomness: Randomness
    private var backoff: ReconnectBackoff

    private var phase: Phase
    private var socket: RedisSocket?
    private var output: [UInt8] = []
    private var outputSent = 0
    /// Counts attempts, so that each takes the next endpoint, or the next of a host's addresses.
    private var attempts = 0
    private var addressIndex = 0
    /// The first command after the loss of a working connection cuts the back-off short, once.
    private var mayCutBackoffShort = true
    /// Whether this connection has answered anything after its handshake.
    private var hasProved = false

    init(
        _ configuration: RedisConfiguration, traffic: Traffic, wakeUp: WakeUp, logger: Logger, randomness: Randomness,
        endpoints: @escaping () -> [RedisConfiguration.Endpoint]
    ) {
        self.endpoints = endpoints
        self.configuration = configuration
        self.traffic = traffic
        self.wakeUp = wakeUp
        self.logger = logger
        self.randomness = randomness
        endpoint = configuration.endpoint
        resolver = AddressResolver(wakeUp: wakeUp)
        backoff = ReconnectBackoff(
            delayMin: configuration.reconnectDelayMin, delayMax: configuration.reconnectDelayMax)
        phase = .backingOff(until: .now, RedisError(.unavailable, "not connected yet"))
    }

    /// Returns when the traffic is shut down.
    mutating func run() {
        while true {
            traffic.takeInbox()
            advance(at: .now)
            flush()
            // Last before the wait: whatever was done above may have ended what was left to do.
            if traffic.isFinished { break }
            wait()
        }
        socket = nil
        traffic.closed()
    }

    // MARK: Time

    /// Does what is due whether or not the socket has news.
    private mutating func advance(at now: Instant) {
        do throws(RedisError) {
            try traffic.checkDeadlines(at: now)
        } catch {
            lost(error)
        }
        switch phase {
        case .backingOff(let until, let error):
            if now >= until {
                startAttempt(at: now)
            } else if traffic.isWaiting {
                guard mayCutBackoffShort else { return traffic.refuse(error) }
                mayCutBackoffShort = false
                startAttempt(at: now)
            }
        case .resolving(let deadline):
            if let result = resolver.take() {
                openResolved(result, deadline: deadline)
            } else if now >= deadline {
                attemptFailed(RedisError(.unavailable, "resolving the host took over the time limit"))
            }
        case .connecting(let deadline):
            if now >= deadline { attemptFailed(RedisError(.unavailable, "connecting took over the time limit")) }
        case .handshaking(_, let deadline):
            if now >= deadline {
                attemptFailed(RedisError(.unavailable, "the server did not answer the handshake in time"))
            }
        case .ready: break
        }
    }

    private func nextDeadline() -> Instant? {
        let due: Instant? =
            switch phase {
            case .backingOff(let until, _): until
            case .resolving(let deadline), .connecting(let deadline), .handshaking(_, let deadline): deadline
            case .ready: nil
            }
        guard let due, let other = traffic.nextDeadline else { return due ?? traffic.nextDeadline }
        return min(due, other)
    }

    // MARK: Connecting

    private mutating func startAttempt(at now: Instant) {
        let deadline = now + configuration.connectTimeLimit
        let choice = endpoints()
        if !choice.isEmpty {
            endpoint = choice[attempts % choice.count]
            addressIndex = attempts / choice.count
        }
        attempts += 1
        guard case .tcp(let host, _) = endpoint, !AddressResolver.isNumeric(host) else {
            return open(endpoint, deadline: deadline)
        }
        phase = .resolving(deadline: deadline)
        resolver.start(host)
    }

    private mutating func openResolved(_ result: Result<[String], RedisError>, deadline: Instant) {
        guard case .tcp(_, let port) = endpoint else { return }
        switch result {
        case .failure(let error): attemptFailed(error)
        case .success(let addresses):
            open(.tcp(host: addresses[addressIndex % addresses.count], port: port), deadline: deadline)
        }
    }

    private mutating func open(_ endpoint: RedisConfiguration.Endpoint, deadline: Instant) {
        do throws(RedisError) {
            socket = try RedisSocket(to: endpoint, replyBytesMax: configuration.replyBytesMax)
            phase = .connecting(deadline: deadline)
        } catch {
            attemptFailed(error)
        }
    }

    private mutating func attemptFailed(_ error: RedisError) {
        // Whatever ended the attempt, commands have not been sent; a refused password stays one, and so
        // does a replica.
        let isKept = error.code == .authenticationFailed || error.code == .readOnly
        let code: RedisError.Code = isKept ? error.code : .unavailable
        let refusal = RedisError(code, error.message, serverMessage: error.serverMessage)
        let delay = backoff.failed(using: &randomness)
        logger.warning(
            "Redis connection attempt failed",
            metadata: [
                "error": "\(refusal)", "endpoint": "\(configuration)", "retry_after": "\(delay)",
                "failures": "\(backoff.failures)",
            ])
        disconnect()
        phase = .backingOff(until: .now + delay, refusal)
        traffic.refuse(refusal)
    }

    private mutating func disconnect() {
        socket = nil
        output = []
        outputSent = 0
    }

    private mutating func lost(_ error: RedisError) {
        logger.info(
            "Redis connection lost", metadata: ["error": "\(error)", "endpoint": "\(configuration)"])
        disconnect()
        traffic.connectionLost(error)
        // A connection that answered nothing counts as a failed attempt, or a server that accepts
        // and closes would be hammered.
        if hasProved { mayCutBackoffShort = true }
        let delay = hasProved ? .zero : backoff.failed(using: &randomness)
        hasProved = false
        let refusal = RedisError(.unavailable, "not connected: \(error.message)")
        phase = .backingOff(until: .now + delay, refusal)
    }

    // MARK: Bytes

    /// Sends until the socket takes no more or nothing is left.
    private mutating func flush() {
        do throws(RedisError) {
            while true {
                if outputSent == output.count { refill() }
                guard outputSent < output.count, socket != nil else { return }
                let sent = try socket!.send(output[outputSent...])
                guard sent > 0 else { return }
                outputSent += sent
            }
        } catch {
            failed(error)
        }
    }

    private mutating func refill() {
        if output.capacity > Self.outputBytesKept { output = [] } else { output.removeAll(keepingCapacity: true) }
        outputSent = 0
        if case .ready = phase { traffic.fill(&output, bytesMax: Self.outputBytesMax) }
    }

    /// Waits for the socket, a wake-up or the next deadline, then takes what has come.
    private mutating func wait() {
        var wants: Int16 = 0
        switch phase {
        case .backingOff, .resolving: break
        case .connecting: wants = Int16(POLLOUT)
        case .handshaking, .ready: wants = Int16(POLLIN) | (outputSent < output.count ? Int16(POLLOUT) : 0)
        }
        let descriptor = socket?.descriptor ?? -1
        var polled = (
            pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: wants, revents: 0)
        )
        let timeout = Self.milliseconds(until: nextDeadline())
        let count = withUnsafeMutableBytes(of: &polled) { both in
            poll(both.baseAddress?.assumingMemoryBound(to: pollfd.self), 2, timeout)
        }
        guard count > 0 else { return }
        if polled.0.revents != 0 { wakeUp.clear() }
        if polled.1.revents != 0 { socketHasNews(isReadable: polled.1.revents & ~Int16(POLLOUT) != 0) }
    }

    private mutating func socketHasNews(isReadable: Bool) {
        do throws(RedisError) {
            if case .connecting(let deadline) = phase {
                try socket?.finishConnecting()
                let handshake = Handshake(configuration, acceptsReplica: traffic.acceptsReplica)
                output = handshake.bytes
                outputSent = 0
                phase = .handshaking(handshake, deadline: deadline)
            } else if isReadable {
                try receive()
            }
        } catch {
            failed(error)
        }
    }

    private mutating func receive() throws(RedisError) {
        try socket?.receive()
        let now = Instant.now
        while let reply = try socket?.nextReply() {
            if case .handshaking(var handshake, let deadline) = phase {
                guard try handshake.answered(reply) else {
                    phase = .handshaking(handshake, deadline: deadline)
                    continue
                }
                phase = .ready
                logger.info("Redis connected", metadata: ["endpoint": "\(configuration)"])
                if !handshake.facts.isIdentityKnown {
                    logger.warning(
                        "Redis does not tell who it is; allow INFO",
                        metadata: ["endpoint": "\(configuration)"])
                }
                traffic.connected(to: handshake.facts, at: now)
            } else {
                try traffic.received(reply, at: now)
                // A replica answers too, but it is not what we came for.
                guard !reply.isReadOnlyRefusal else { continue }
                hasProved = true
                backoff.recovered()
            }
        }
    }

    private mutating func failed(_ error: RedisError) {
        if case .ready = phase { lost(error) } else { attemptFailed(error) }
    }

    /// Rounded up, so that the deadline has passed when the wait is over.
    private static func milliseconds(until deadline: Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = Instant.now.duration(to: deadline)
        guard left > .zero else { return 0 }
        return Int32(min(left / .milliseconds(1), 60_000).rounded(.up))
    }
}
