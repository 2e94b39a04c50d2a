package import FoundationEssentials
package import HTTP
package import Platforms

/// What one request was and where its time went: a row of `portolan.requests`.
///
/// It holds a route's template and never an address: queries and paths carry ids and secrets.
package struct RequestTrace: Sendable, Equatable {
    /// In whose name and for what a request was sent.
    package struct Subject: Sendable, Equatable {
        package let platform: String
        package let connectionID: Int64?
        package let resource: String?
        package let jobID: Int64?

        package init(platform: String, connectionID: Int64? = nil, resource: String? = nil, jobID: Int64? = nil) {
            self.platform = platform
            self.connectionID = connectionID
            self.resource = resource
            self.jobID = jobID
        }
    }

    package let subject: Subject
    package let sentAt: Date
    package let method: String
    package let route: String
    /// Nil where no whole answer came.
    package let status: Int?
    /// Code of the unified error it ended in. To be set, too, where the platform found one in the answer.
    package var errorCode: String?
    /// The platform's name for the request.
    package let requestID: String?
    package let bytesSent: Int
    package let bytesReceived: Int
    /// Nil where that did not happen: on a kept connection, without TLS, or because it failed before.
    package let dns: Duration?
    package let connect: Duration?
    package let tls: Duration?
    package let firstByte: Duration?
    package let total: Duration
    /// How long it had waited for tokens before it was sent.
    package let tokenWait: Duration
    package let version: String?
    package let isReused: Bool

    /// Of a request that was answered.
    package init(
        _ request: PlatformRequest, answered exchange: HTTPExchange, for subject: Subject, sentAt: Date,
        tokenWait: Duration = .zero
    ) {
        self.init(
            request, subject, sentAt, tokenWait, status: exchange.status, errorCode: nil,
            requestID: Self.requestID(in: exchange.headers), timings: exchange.timings,
            version: exchange.version.rawValue)
    }

    /// Of a request that was not, or not wholly.
    ///
    /// - Parameter code: what the failure means.
    package init(
        _ request: PlatformRequest, failed error: HTTPError, as code: ErrorCode, for subject: Subject, sentAt: Date,
        tokenWait: Duration = .zero
    ) {
        self.init(
            request, subject, sentAt, tokenWait, status: nil, errorCode: code.name, requestID: nil,
            timings: error.timings ?? HTTPTimings(), version: nil)
    }

    private init(
        _ request: PlatformRequest, _ subject: Subject, _ sentAt: Date, _ tokenWait: Duration, status: Int?,
        errorCode: String?, requestID: String?, timings: HTTPTimings, version: String?
    ) {
        func happened(_ duration: Duration) -> Duration? { duration > .zero ? duration : nil }
        self.subject = subject
        self.sentAt = sentAt
        self.tokenWait = tokenWait
        method = request.method.rawValue
        route = request.route
        self.status = status
        self.errorCode = errorCode
        self.requestID = requestID
        self.version = version
        bytesSent = timings.bytesOut
        bytesReceived = timings.bytesIn
        dns = happened(timings.dns)
        connect = happened(timings.connect)
        tls = happened(timings.tls)
        firstByte = timings.firstByte
        total = timings.total
        isReused = timings.connectionReused
    }

    // MARK: - The platform's name for a request

    private static let requestIDMax = 200

    /// How platforms call the header, most of them the first.
    private static let requestIDHeaders = [
        "X-Request-Id", "Request-Id", "X-Amzn-RequestId", "X-Amzn-Request-Id", "Intuit_Tid", "Xero-Correlation-Id",
        "X-Correlation-Id", "PayPal-Debug-Id", "X-EBAY-C-REQUEST-ID", "CF-Ray",
    ]

    /// Printable ASCII only: it comes from a server and is shown to people.
    private static func requestID(in headers: HTTPHeaders) -> String? {
        for name in requestIDHeaders {
            guard let value = headers[name] else { continue }
            let plain = value.utf8.filter { $0 > 0x20 && $0 < 0x7F }.prefix(requestIDMax)
            if !plain.isEmpty { return String(decoding: plain, as: UTF8.self) }
        }
        return nil
    }
}
