/// One request, as a value.
///
/// Nothing is judged at construction: what may not be sent is refused by `HTTPClient` with `.invalidRequest`, and the
/// message names the part at fault, never its value.
package struct HTTPRequest: Sendable, Hashable {
    /// The method; GET unless told.
    package var method: HTTPMethod
    /// The address: absolute, `http` or `https`, without user or password, already percent-encoded.
    package var url: String
    /// The fields to send. What the client itself decides (framing, connection, `Accept-Encoding`) is refused here.
    package var headers: HTTPHeaders
    /// The body, sent with its length; nil sends none.
    package var body: [UInt8]?
    /// How long each phase may take.
    package var limits: HTTPTimeLimits
    /// The most bytes of body, counted after decompression, that are accepted.
    package var responseBytesMax: Int
    /// What to do with a redirect.
    package var redirects: HTTPRedirectPolicy
    /// Whether the request must reach the wire at most once.
    ///
    /// A kept connection may have been closed by the server just as we write to it; then the request is sent again on
    /// a new one, which is right for reads. Set this where a second arrival does harm (rotating a refresh token): the
    /// request gets a new connection, on which nothing is ever repeated.
    package var sendsOnce: Bool

    /// Makes a request; the defaults suit a page of a platform's API.
    package init(
        method: HTTPMethod = .get,
        url: String,
        headers: HTTPHeaders = [],
        body: [UInt8]? = nil,
        limits: HTTPTimeLimits = HTTPTimeLimits(),
        responseBytesMax: Int = 64 << 20,
        redirects: HTTPRedirectPolicy = .none,
        sendsOnce: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.responseBytesMax = responseBytesMax
        self.redirects = redirects
        self.sendsOnce = sendsOnce
    }
}

/// How long each phase of a request may take; each limit ends the request with a code of its own.
package struct HTTPTimeLimits: Sendable, Hashable {
    /// From leaving the client's queue to a ready connection: name, TCP and TLS. Default 10 s.
    package var connect: Duration
    /// From a ready connection (or the last byte of body that left) to the first byte of the answer. Default 60 s.
    package var firstByte: Duration
    /// Between two arrivals of bytes, while we are willing to read. Default 30 s.
    package var stall: Duration
    /// From `execute` to the end, waiting for a free connection and redirects included. Default 5 minutes.
    package var total: Duration

    /// Makes limits; all must be positive.
    package init(
        connect: Duration = .seconds(10),
        firstByte: Duration = .seconds(60),
        stall: Duration = .seconds(30),
        total: Duration = .seconds(300)
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.stall = stall
        self.total = total
    }
}

/// What to do with an answer that points elsewhere.
package enum HTTPRedirectPolicy: Sendable, Hashable {
    /// Hand the redirect to the caller as the response it is.
    case none
    /// Follow at most this many, on the same host and port only; `http` to `https` is allowed, the reverse is not.
    ///
    /// Any other target is `.redirectRefused`, and one redirect too many is `.redirectLoop`: the headers of a request
    /// carry credentials, and they never leave the host they were meant for.
    case sameHost(max: Int)
    /// Follow at most this many, to any host; for downloads that a platform keeps elsewhere.
    ///
    /// From the first step to another host, port or scheme on, all headers are dropped but those that say what is
    /// wanted (`Accept` and its like), and they do not come back. `https` to `http` is refused, and so is a step that would
    /// take a body along. One redirect too many is `.redirectLoop`.
    case anyHost(max: Int)

    /// How many are followed.
    var max: Int {
        switch self {
        case .none: 0
        case .sameHost(let max), .anyHost(let max): max
        }
    }
}
