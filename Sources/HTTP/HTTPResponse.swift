/// The head of a response.
package struct HTTPResponseHead: Sendable, Hashable {
    /// The version of the protocol that carried a response.
    package enum Version: String, Sendable, Hashable {
        /// HTTP/1.0.
        case http1_0 = "1.0"
        /// HTTP/1.1.
        case http1_1 = "1.1"
        /// HTTP/2.
        case http2 = "2"
    }

    /// The status code, 200 to 999; interim responses are not shown.
    package var status: Int
    /// The fields as received; `Content-Encoding` and `Content-Length` describe the body before it was decoded.
    package var headers: HTTPHeaders
    /// The protocol version.
    package var version: Version

    /// Makes a head; useful for tests of what reads one.
    package init(status: Int, headers: HTTPHeaders = [], version: Version = .http1_1) {
        self.status = status
        self.headers = headers
        self.version = version
    }
}

/// A response that has arrived whole.
package struct HTTPExchange: Sendable {
    /// Status, headers and version.
    package var head: HTTPResponseHead
    /// The body, decoded.
    package var body: [UInt8]
    /// Where the time went.
    package var timings: HTTPTimings

    /// Makes an exchange; useful for tests of what reads one.
    package init(head: HTTPResponseHead, body: [UInt8], timings: HTTPTimings = HTTPTimings()) {
        self.head = head
        self.body = body
        self.timings = timings
    }

    /// The status code.
    package var status: Int { head.status }
    /// The header fields.
    package var headers: HTTPHeaders { head.headers }
    /// The protocol version.
    package var version: HTTPResponseHead.Version { head.version }
}

/// A response whose body is still arriving; lives inside `HTTPClient.stream`'s closure.
package struct HTTPResponse: Sendable {
    /// Status, headers and version.
    package let head: HTTPResponseHead
    /// The body, chunk by chunk; may be read once.
    package let body: HTTPBody

    /// The status code.
    package var status: Int { head.status }
    /// The header fields.
    package var headers: HTTPHeaders { head.headers }
    /// The protocol version.
    package var version: HTTPResponseHead.Version { head.version }
    /// Where the time went; nil until the body has ended, well or badly.
    package var timings: HTTPTimings? { body.channel.timings }
}
