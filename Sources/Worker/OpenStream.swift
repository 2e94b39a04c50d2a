internal import Connections
internal import FoundationEssentials
internal import HTTP
internal import Health
internal import Jobs
internal import Platforms
internal import Postgres
internal import RawJSON

/// A stream as one slice reads it: its platform, its connection's facts and opened credentials, and its cursor.
struct OpenStream: Sendable {
    let platform: any Platform
    let resource: String
    let baseURL: String
    let settings: [String: String]
    /// What failures mean here, an operator's rules before the platform's.
    let rules: RuleBook
    /// The platform's buckets as they hold for this connection.
    let buckets: [Bucket]
    private let account: Account
    var cursor: Cursor?

    /// Nil when the lease is lost.
    ///
    /// - Parameter isProbe: it is only to find out whether the connection answers: it need not run, nor have the stream.
    /// - Throws: ``PostgresError``, a ``UnifiedError`` that says what of the connection is not usable, or
    ///   ``ConnectionParked``.
    init?(_ job: LeasedJob, resource: String, isProbe: Bool = false, in context: SliceContext) async throws {
        let rows = try await context.pool.query(
            """
            select connection_name, platform, base_url, settings, limits, method, connection_state, runs, key_id,
                   sealed, has_stream, cursor
            from portolan.open_slice($1, $2, $3, $4)
            """, [job.lease.laneID, job.lease.token, job.jobID, resource])
        guard let row = rows.first else { return nil }
        let name: String = try row.decode("connection_name")
        guard try row.decode("runs", as: Bool.self) || isProbe else {
            throw ConnectionParked(state: try row.decode("connection_state"))
        }
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
        baseURL = try row.decode("base_url")
        let settingsJSON: PostgresJSON = try row.decode("settings")
        guard let settings = try? JSONDecoder().decode([String: String].self, from: Data(settingsJSON.bytes)) else {
            throw UnifiedError(
                .configInvalid,
                "the settings of connection \(name) hold a value that is no string; write every value in quotes")
        }
        self.settings = settings
        let limits: PostgresJSON = try row.decode("limits")
        do throws(LimitOverrideError) {
            buckets = try LimitOverrides(json: limits.text).applied(to: platform.buckets)
        } catch {
            throw UnifiedError(.configInvalid, "the limits of connection \(name) cannot be: \(error)")
        }
        account = Account(
            connectionID: job.connectionID, baseURL: baseURL, settings: settings, method: method,
            credentials: credentials)
        cursor = try row.decode("cursor", as: PostgresJSON?.self).map { Cursor(json: $0.text) }
    }

    func read(at now: Date) -> StreamRead {
        StreamRead(resource: resource, cursor: cursor, settings: settings, now: now, rules: rules)
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
        let (values, token) = try await context.tokens.values(for: account)
        let outgoing = try OutgoingRequest(
            request, baseURL: baseURL, placement: account.method.placement, values: values, nonce: Self.nonce(),
            now: context.wallClock())
        let requestedAt = context.wallClock()
        do throws(HTTPError) {
            let exchange = try await context.transport.send(outgoing.http)
            let response = PlatformResponse(
                status: exchange.status, headers: exchange.headers.map { ($0.name, $0.value) },
                body: PaddedBytes(exchange.body), requestedAt: requestedAt)
            return SentRequest(
                exchange: Exchange(request: request, response: response), token: token,
                trace: RequestTrace(
                    request, answered: exchange, for: subject, sentAt: requestedAt, tokenWait: tokenWait))
        } catch {
            let failure = UnifiedError(
                error, route: request.route, rules: rules, operation: request.purpose, resource: resource,
                now: context.wallClock())
            context.requests.record(
                RequestTrace(
                    request, failed: error, as: failure.code, for: subject, sentAt: requestedAt, tokenWait: tokenWait))
            throw failure
        }
    }

    /// 128 random bits.
    private static func nonce() -> String {
        UUID().uuidString.replacing("-", with: "").lowercased()
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
