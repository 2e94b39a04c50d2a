/// Why a request failed.
///
/// Nothing here contains a header's value, a body, or an address beyond its host.
package struct HTTPError: Error, Sendable, Hashable {
    /// What happened.
    package let code: Code
    /// libcurl's own result code; 0 where libcurl was not the one who failed.
    package let curlCode: Int
    /// A sentence for people who operate the system.
    package let message: String
    /// The host the request was meant for; nil where the address could not be read.
    package let host: String?
    /// Where the time went; nil when the request never started or the caller did not wait for its end.
    package let timings: HTTPTimings?

    /// Makes an error; useful for tests of what handles one.
    package init(
        code: Code, curlCode: Int = 0, message: String, host: String? = nil, timings: HTTPTimings? = nil
    ) {
        self.code = code
        self.curlCode = curlCode
        self.message = message
        self.host = host
        self.timings = timings
    }
}

extension HTTPError {
    /// What happened; open to growth. The raw value is stable and bounded, fit for a metric's label.
    package struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The stable word.
        package let rawValue: String

        /// Makes a code from its word.
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The stable word.
        package var description: String { rawValue }

        /// The request may not be sent as it is; nothing was sent. Ours to fix.
        package static let invalidRequest = Code(rawValue: "invalidRequest")
        /// The client was configured with something impossible.
        package static let invalidConfiguration = Code(rawValue: "invalidConfiguration")
        /// The name has no address, or no name server answered.
        package static let dns = Code(rawValue: "dns")
        /// No address accepted a connection.
        package static let connect = Code(rawValue: "connect")
        /// The TLS handshake failed.
        package static let tls = Code(rawValue: "tls")
        /// The certificate is not to be trusted: issuer, dates or name.
        package static let tlsUntrusted = Code(rawValue: "tlsUntrusted")
        /// No connection was ready in time.
        package static let timeoutConnect = Code(rawValue: "timeoutConnect")
        /// No byte of an answer came in time.
        package static let timeoutFirstByte = Code(rawValue: "timeoutFirstByte")
        /// The answer stopped arriving.
        package static let timeoutStall = Code(rawValue: "timeoutStall")
        /// The whole took too long.
        package static let timeoutTotal = Code(rawValue: "timeoutTotal")
        /// The body, decoded, is larger than allowed.
        package static let responseTooLarge = Code(rawValue: "responseTooLarge")
        /// The head is larger, or has more fields, than allowed.
        package static let headersTooLarge = Code(rawValue: "headersTooLarge")
        /// The connection ended before the body did.
        package static let partialBody = Code(rawValue: "partialBody")
        /// The body is not encoded as its header says.
        package static let contentEncoding = Code(rawValue: "contentEncoding")
        /// The connection broke, or the peer broke the protocol.
        package static let reset = Code(rawValue: "reset")
        /// A redirect to another host or to `http`, where that is not allowed.
        package static let redirectRefused = Code(rawValue: "redirectRefused")
        /// One redirect more than allowed.
        package static let redirectLoop = Code(rawValue: "redirectLoop")
        /// The server broke off over HTTP/2 because it gets too many requests.
        package static let enhanceYourCalm = Code(rawValue: "enhanceYourCalm")
        /// The address policy forbids every address of the host that was tried.
        package static let addressRefused = Code(rawValue: "addressRefused")
        /// The calling task was cancelled.
        package static let cancelled = Code(rawValue: "cancelled")
        /// The client has as many requests as it may have; nothing was sent.
        package static let clientBusy = Code(rawValue: "clientBusy")
        /// The client has been, or was then, shut down.
        package static let clientClosed = Code(rawValue: "clientClosed")
        /// Anything else; `curlCode` says what.
        package static let other = Code(rawValue: "other")
    }

    /// Whether the same request may succeed later without anybody changing anything.
    package var isRetryable: Bool {
        switch code {
        case .dns, .connect, .tls, .timeoutConnect, .timeoutFirstByte, .timeoutStall, .timeoutTotal, .partialBody,
            .contentEncoding, .reset, .enhanceYourCalm, .clientBusy, .other:
            true
        default: false
        }
    }
}

extension HTTPError: CustomStringConvertible {
    /// Code, host and message in one line.
    package var description: String {
        "\(code.rawValue)\(host.map { " (\($0))" } ?? ""): \(message)\(curlCode == 0 ? "" : " [curl \(curlCode)]")"
    }
}
