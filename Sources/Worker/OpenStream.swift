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
    private let credentials: [String: Secret]
    var cursor: Cursor?

    /// Nil when the lease is lost.
    ///
    /// - Throws: ``PostgresError``, a ``UnifiedError`` that says what of the connection is not usable, or
    ///   ``ConnectionNotActive``.
    init?(_ job: LeasedJob, resource: String, in context: SliceContext) async throws {
        let rows = try await context.pool.query(
            """
            select connection_name, platform, base_url, settings, connection_state, key_id, sealed, has_stream, cursor
            from portolan.open_slice($1, $2, $3, $4)
            """, [job.lease.laneID, job.lease.token, job.jobID, resource])
        guard let row = rows.first else { return nil }
        let name: String = try row.decode("connection_name")
        let state: String = try row.decode("connection_state")
        guard state == "active" else {
            throw ConnectionNotActive(
                reason: UnifiedError(
                    .cancelled, "connection \(name) is \(state); switch it on with: portolan connections resume \(name)"
                ))
        }
        guard let platform = context.platforms[job.platform] else {
            throw UnifiedError(.configInvalid, "connection \(name) is on \(job.platform), which is unknown here")
        }
        guard try row.decode("has_stream") else {
            throw UnifiedError(.requestInvalid, "connection \(name) has no stream \(resource)")
        }
        guard let keyID = try row.decode("key_id", as: String?.self),
            let sealed = try row.decode("sealed", as: [UInt8]?.self)
        else {
            throw UnifiedError(.configInvalid, "connection \(name) has no credentials")
        }
        do {
            credentials = try context.vault.open(sealed, keyID: keyID, connectionID: job.connectionID)
        } catch {
            throw UnifiedError(.configInvalid, error.description)
        }
        self.platform = platform
        self.resource = resource
        baseURL = try row.decode("base_url")
        let settingsJSON: PostgresJSON = try row.decode("settings")
        guard let settings = try? JSONDecoder().decode([String: String].self, from: Data(settingsJSON.bytes)) else {
            throw UnifiedError(
                .configInvalid,
                "the settings of connection \(name) hold a value that is no string; write every value in quotes")
        }
        self.settings = settings
        cursor = try row.decode("cursor", as: PostgresJSON?.self).map { Cursor(json: $0.text) }
    }

    func read(at now: Date) -> StreamRead {
        StreamRead(resource: resource, cursor: cursor, settings: settings, now: now)
    }

    /// Sends one request and gives the whole answer.
    func send(_ request: PlatformRequest, in context: SliceContext) async throws -> Exchange {
        let outgoing = try OutgoingRequest(
            request, baseURL: baseURL, authentication: platform.authentication, credentials: credentials)
        let requestedAt = context.wallClock()
        do throws(HTTPError) {
            let exchange = try await context.transport.send(outgoing.http)
            let response = PlatformResponse(
                status: exchange.status, headers: exchange.headers.map { ($0.name, $0.value) },
                body: PaddedBytes(exchange.body), requestedAt: requestedAt)
            return Exchange(request: request, response: response)
        } catch {
            throw UnifiedError(error, route: request.route)
        }
    }
}

/// The connection was switched off, or blocked, after the job was enqueued. The job ends: going back to wait it would be
/// handed out again at once, and switching the connection on makes all of its streams due anyway.
struct ConnectionNotActive: Error {
    let reason: UnifiedError
}
