package import HTTP
package import Platforms

extension UnifiedError {
    /// What a failure of the transport means: no answer came, or not a whole one.
    ///
    /// - Parameter route: the request's route template.
    package init(_ error: HTTPError, route: String) {
        let code: ErrorCode
        switch error.code {
        case .dns: code = .networkDNS
        case .connect: code = .networkRefused
        case .tls: code = .tlsHandshake
        case .tlsUntrusted: code = .tlsUntrusted
        case .timeoutConnect: code = .networkTimeout
        case .timeoutFirstByte, .timeoutTotal: code = .platformTimeout
        case .timeoutStall, .partialBody: code = .networkPartial
        case .responseTooLarge, .headersTooLarge: code = .dataTooLarge
        case .contentEncoding: code = .dataMalformed
        case .reset: code = .networkReset
        case .redirectRefused: code = .redirectRefused
        case .redirectLoop: code = .redirectLoop
        case .enhanceYourCalm: code = .rateLimitedNoHint
        case .addressRefused: code = .networkEgressDenied
        case .invalidRequest: code = .configInvalid
        case .cancelled, .clientClosed: code = .cancelled
        case .clientBusy, .invalidConfiguration: code = .internalBug
        default: code = .unclassified
        }
        self.init(code, error.message, route: route)
    }
}
