internal import Connections
internal import FoundationEssentials
internal import HTTP
internal import Health
internal import Jobs
internal import Limits
internal import Platforms
internal import Postgres
internal import RawJSON

/// A stream as one slice reads it: its platform, its connection's facts and opened credentials, and its cursor.
struct OpenStream: Sendable {
    let platform: any Platform
    let resource: String
    /// As it was given, or where the site says it has moved.
    var baseURL: String { settings["base_url"].flatMap { MovedSite.address($0, of: givenURL) } ?? givenURL }
    private let givenURL: String
    private(set) var settings: [String: String]
    /// What failures mean here, an operator's rules before the platform's.
    let rules: RuleBook
    /// The platform's buckets as they hold for this connection.
    let buckets: [Bucket]
    /// Whether anything was ever sent to the connection's host, and since when.
    private var firstUse: FirstUse
    private let account: Account
    var cursor: Cursor?
    /// That of the stream as it was opened; a backfill's chunk has another.
    let streamCursor: Cursor?

    /// After a page was stored.
    mutating func advance(to page: Page) {
        cursor = page.cursor
        settings.merge(page.discoveries) { $1 }
    }

    /// Nil when the lease is lost.
    ///
    /// - Parameter isProbe: it is only to find out whether the connection answers: it need not run, nor have the stream.
    /// - Throws: ``PostgresError``, a ``UnifiedError`` that says what of the connection is not usable, or
    ///   ``ConnectionParked``.
    init?(_ job: LeasedJob, resource: String, isProbe: Bool = false, in context: SliceContext) async throws {
        let rows = try await context.pool.query(
            """
            select connection_name, platform, base_url, settings, limits, method, connection_state, runs, key_id,
                   sealed, has_stream, cursor, portolan.first_use($5) as first_use
            from portolan.open_slice($1, $2, $3, $4)
            """, [job.lease.laneID, job.lease.token, job.jobID, resource, job.connectionID])
        guard let row = rows.first else { return nil }
        let name: String = try row.decode("connection_name")
        let state: String = try row.decode("connection_state")
        // Since a probe was enqueued somebody may have switched the connection off, or it may want a new authorisation.
        let isToBeProbed = isProbe && ["unreachable", "blocked"].contains(state)
        guard try row.decode("runs", as: Bool.self) || isToBeProbed else { throw ConnectionParked(state: state) }
        guard let platform = context.platforms[job.platform] else {
            throw UnifiedError(.configInvalid, "connection \(name) is on \(job.platform), which is unknown here")
        }
        guard try row.decode("has_stream", as: Bool.self) || isProbe else {
            throw UnifiedError(.requestInvalid, "connection \(name) has no stream \(resource)")
        }
        guard let keyID = try row.decode("key_id", as: String?.self),
            let sealed = try row.decode("sealed", as: [UInt8]?.self)
        else {
            throw UnifiedError(.configInvalid, "connection \(name) has no credentials")
        }
        let credentials: [String: Secret]
        do throws(VaultError) {
            credentials = try context.vault.open(sealed, keyID: keyID, connectionID: job.connectionID)
        } catch {
            // A key that is missing here says nothing about the connection: other workers may have it.
            throw UnifiedError(error.isKeyMissing ? .internalBug : .configInvalid, error.description)
        }
        guard
            let method = platform.authentication.method(
                named: try row.decode("method", as: String?.self), credentials: Set(credentials.keys))
        else {
            throw UnifiedError(
                .configInvalid,
                "connection \(name) signs in by a way that \(platform.name) does not have here; give its credentials "
                    + "again: portolan connections renew \(name)")
        }
        self.platform = platform
        rules = context.rules.book(of: platform)
        self.resource = resource
        let settingsJSON: PostgresJSON = try row.decode("settings")
        guard let settings = try? JSONDecoder().decode([String: String].self, from: Data(settingsJSON.bytes)) else {
            throw UnifiedError(
                .configInvalid,
                "the settings of connection \(name) hold a value that is no string; write every value in quotes")
        }
        self.settings = settings
        givenURL = try row.decode("base_url")
        let limits: PostgresJSON = try row.decode("limits")
        do throws(LimitOverrideError) {
            buckets = try LimitOverrides(json: limits.text).applied(to: platform.buckets)
        } catch {
            throw UnifiedError(.configInvalid, "the limits of connection \(name) cannot be: \(error)")
        }
        firstUse = FirstUse(noted: try row.decode("first_use", as: Int64?.self))
        account = Account(
            connectionID: job.connectionID, baseURL: givenURL, settings: settings, method: method,
            credentials: credentials)
        streamCursor = try row.decode("cursor", as: PostgresJSON?.self).map { Cursor(json: $0.text) }
        cursor = streamCursor
    }

    func read(at now: Date) -> StreamRead {
        StreamRead(resource: resource, cursor: cursor, settings: settings, now: now, rules: rules)
    }

    /// Takes the tokens of all demands or of none. Before the first request that is ever sent to the host, the epoch of
    /// its tokens is noted: from then on a fresh Redis has to assume that there were requests.
    ///
    /// - Throws: ``PostgresError`` when it cannot be noted; nothing is held then.
    mutating func acquire(
        _ demands: [BucketDemand], band: LimitBand, of job: LeasedJob, in context: SliceContext
    ) async throws -> Admission {
        while true {
            let admission = await context.limiter.acquire(
                demands, band: band, buckets: buckets, connectionID: job.connectionID, platform: job.platform,
                firstUse: firstUse)
            guard firstUse == .never, case .granted(let grant) = admission, let epoch = grant.epoch else {
                return admission
            }
            do {
                let noted = try await context.pool.query(
                    "select coalesce(portolan.note_first_use($1, $2), 0) as epoch", [job.connectionID, epoch])
                let first: Int64 = try noted.first?.decode("epoch") ?? 0
                firstUse = FirstUse(noted: first)
                if first == epoch { return admission }
            } catch {
                await context.limiter.release(grant, platform: job.platform)
                throw error
            }
            // Somebody was first, and may have been granted it by another Redis: this grant assumed that nobody was.
            await context.limiter.release(grant, platform: job.platform)
        }
    }

    /// Sends one request and gives the whole answer, with its trace.
    ///
    /// - Parameters:
    ///   - tokenWait: how long the request had waited for tokens.
    ///   - refused: an access token that the platform has just refused; another is asked for.
    /// - Throws: a ``UnifiedError`` when no whole answer came. Its trace is in the log then.
    func send(
        _ request: PlatformRequest, for subject: RequestTrace.Subject, tokenWait: Duration,
        replacing refused: AccessToken? = nil, in context: SliceContext
    ) async throws -> SentRequest {
        if let refused { _ = try await context.tokens.token(replacing: refused, for: account) }
        let (outgoing, token) = try await outgoing(request, in: context)
        let requestedAt = context.wallClock()
        do throws(HTTPError) {
            let exchange = try await context.transport.send(outgoing)
            let response = PlatformResponse(
                status: exchange.status, headers: exchange.headers.map { ($0.name, $0.value) },
                body: PaddedBytes(exchange.body), requestedAt: requestedAt)
            return SentRequest(
                exchange: Exchange(request: request, response: response), token: token,
                trace: RequestTrace(
                    request, answered: exchange, for: subject, sentAt: requestedAt, tokenWait: tokenWait))
        } catch {
            throw fail(request, error, for: subject, sentAt: requestedAt, tokenWait: tokenWait, in: context)
        }
    }

    /// Sends one request and hands over its answer while it arrives. Its trace is in the log when this returns.
    ///
    /// - Parameters:
    ///   - timeMax: how long it may take in all.
    ///   - read: is given the answer's head, without a body, and what of the body arrives.
    /// - Throws: a ``UnifiedError`` when no whole answer came, or what `read` throws.
    func download<Value>(
        _ request: PlatformRequest, for subject: RequestTrace.Subject, tokenWait: Duration, timeMax: Duration,
        in context: SliceContext, _ read: (PlatformResponse, inout any BodyPieces) async throws -> Value
    ) async throws -> Value {
        var (outgoing, _) = try await outgoing(request, in: context)
        outgoing.limits.total = timeMax
        let requestedAt = context.wallClock()
        let begun = ContinuousClock.now
        do {
            return try await context.transport.stream(outgoing) { head, pieces in
                var timings = HTTPTimings()
                timings.firstByte = begun.duration(to: .now)
                var counted: any BodyPieces = CountedPieces(pieces)
                let answer = PlatformResponse(
                    status: head.status, headers: head.headers.map { ($0.name, $0.value) }, body: PaddedBytes([]),
                    requestedAt: requestedAt)
                let read = await Result { try await read(answer, &counted) }
                if case .failure(let error) = read, error is HTTPError { throw error }
                timings.total = begun.duration(to: .now)
                timings.bytesIn = (counted as? CountedPieces)?.bytes ?? 0
                context.requests.record(
                    RequestTrace(
                        request, answered: HTTPExchange(head: head, body: [], timings: timings), for: subject,
                        sentAt: requestedAt, tokenWait: tokenWait))
                return try read.get()
            }
        } catch let error as HTTPError {
            throw fail(request, error, for: subject, sentAt: requestedAt, tokenWait: tokenWait, in: context)
        }
    }

    /// The request with host and credentials, and the access token among those.
    private func outgoing(
        _ request: PlatformRequest, in context: SliceContext
    ) async throws -> (HTTPRequest, AccessToken?) {
        let isElsewhere = request.url != nil
        let (values, token) = isElsewhere ? ([:], nil) : try await context.tokens.values(for: account)
        let placement = request.placement.flatMap { account.method.alternatives[$0] } ?? account.method.placement
        let whole = try OutgoingRequest(
            request, baseURL: baseURL, placement: placement, values: values, nonce: Self.nonce(),
            now: context.wallClock())
        return (whole.http, token)
    }

    /// What it means that no whole answer came. Its trace is put into the log.
    private func fail(
        _ request: PlatformRequest, _ error: HTTPError, for subject: RequestTrace.Subject, sentAt: Date,
        tokenWait: Duration, in context: SliceContext
    ) -> UnifiedError {
        let failure = UnifiedError(
            error, route: request.route, rules: rules, operation: request.purpose, resource: resource,
            now: context.wallClock())
        context.requests.record(
            RequestTrace(request, failed: error, as: failure.code, for: subject, sentAt: sentAt, tokenWait: tokenWait))
        return failure
    }

    /// 128 random bits.
    private static func nonce() -> String {
        UUID().uuidString.replacing("-", with: "").lowercased()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// Pieces of a body, and how many bytes they were in all.
private struct CountedPieces: BodyPieces {
    private var pieces: any BodyPieces
    private(set) var bytes = 0

    init(_ pieces: any BodyPieces) { self.pieces = pieces }

    mutating func next() async throws(HTTPError) -> [UInt8]? {
        guard let piece = try await pieces.next() else { return nil }
        bytes += piece.count
        return piece
    }
}

/// A request that was answered.
struct SentRequest: Sendable {
    let exchange: Exchange
    /// The access token it was sent with, where the method has one.
    let token: AccessToken?
    /// To be put into the log once the platform has said what the answer means.
    var trace: RequestTrace
}

/// The connection was switched off, or stopped by its health, after the job was handed over. The job goes back: its lane
/// is parked, and it runs once the connection does again.
struct ConnectionParked: Error {
    let state: String
}
