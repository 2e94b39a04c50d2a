package import Logging

/// How a client behaves; one value for all of its requests.
package struct HTTPClientConfiguration: Sendable {
    /// Which protocol versions are offered.
    package enum Version: Sendable, Hashable {
        /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
        case automatic
        /// HTTP/1.1 only.
        case http1
        /// HTTP/2 without negotiation, also without TLS; one request a connection, for tests.
        case http2PriorKnowledge
    }

    /// Protocol versions offered. Default `.automatic`.
    package var version: Version = .automatic
    /// Connections open at once; further requests wait in line. Default 1024.
    package var connectionsMax = 1024
    /// Connections open at once to one host and port. Default 64.
    package var connectionsPerHostMax = 64
    /// Connections kept open without a request. Default 256.
    package var connectionsIdleMax = 256
    /// Seconds a connection may lie idle before it is no longer used. Default 60.
    package var connectionIdleSeconds = 60
    /// Requests at once on one HTTP/2 connection. Default 100.
    package var streamsPerConnectionMax = 100
    /// Requests accepted and not yet ended; one more is refused with `.clientBusy`. Default 16,384.
    package var requestsMax = 16_384
    /// Bytes read from a socket at once; each busy connection has a buffer of this size. Default 64 KiB.
    package var receiveBufferBytes = 64 << 10
    /// Bytes of a streamed body that may wait for their consumer before the transfer is paused. Default 256 KiB.
    package var streamBufferBytes = 256 << 10
    /// Fields in a response's head. Default 256.
    package var responseHeaderCountMax = 256
    /// Bytes in a response's head, interim responses and trailers included. Default 64 KiB.
    package var responseHeaderBytesMax = 64 << 10
    /// The `User-Agent` of requests that name none. Default `portolan`.
    package var userAgent = "portolan"
    /// A file of PEM certificates to trust instead of the system's. Default nil.
    package var certificateAuthorityFile: String?
    /// The proxy's URL; the environment's proxy variables are never read. Default nil.
    ///
    /// With a proxy only the proxy sees the target's address, so a proxy goes with `addressPolicy` `nil` alone.
    package var proxy: String?
    /// Which addresses may be connected to; nil allows all. Default nil.
    package var addressPolicy: HTTPAddressPolicy?
    /// Where the client reports its own life (start, stop, failed requests), at debug level. Default: nowhere.
    package var logger = Logger(label: "portolan.http") { _ in SwiftLogNoOpLogHandler() }

    /// Makes the default configuration.
    package init() {}
}
