/// Where the time of a request went; kept for failed requests too.
package struct HTTPTimings: Sendable, Hashable {
    /// Looking up the name; zero on a kept connection.
    package var dns: Duration = .zero
    /// Connecting, once the name was known; zero on a kept connection.
    package var connect: Duration = .zero
    /// The TLS handshake; zero on a kept connection and without TLS.
    package var tls: Duration = .zero
    /// From `execute` to the first byte of the final answer; nil when none came.
    package var firstByte: Duration?
    /// From `execute` to the end, waiting for a free connection included.
    package var total: Duration = .zero
    /// Bytes of body received, before decompression, of the last answer.
    package var bytesIn = 0
    /// Bytes of body sent with the last request.
    package var bytesOut = 0
    /// Whether the (last) request ran on a connection that was open already.
    package var connectionReused = false

    /// Makes timings of nothing; useful for tests of what reads some.
    package init() {}
}
