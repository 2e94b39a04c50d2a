internal import Connections
internal import FoundationEssentials
internal import HTTP
internal import Platforms

/// A platform's request made whole: host and credentials added.
struct OutgoingRequest {
    let http: HTTPRequest

    /// - Parameters:
    ///   - values: the credentials, and the access token where the method has one.
    ///   - nonce: for methods that sign; made anew for each attempt.
    /// - Throws: ``UnifiedError`` `config.invalid` when a credential the platform needs is not stored.
    init(
        _ request: PlatformRequest, baseURL: String, placement: Authentication.Placement, values: [String: Secret],
        nonce: String, now: Date
    ) throws(UnifiedError) {
        let method: HTTPMethod =
            switch request.method {
            case .get: .get
            case .post: .post
            }
        if let url = request.url {
            // What is in such an address is all the right there is to it.
            http = HTTPRequest(
                method: method, url: url, headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }),
                body: request.body, responseBytesMax: request.responseBytesMax)
            return
        }
        let url = baseURL + request.path
        let addition = try Authorizer(placement, values: values).authorize(
            Authorizer.Request(method: request.method.rawValue, url: url, query: request.query), nonce: nonce, now: now)
        let headers = request.headers + addition.headers
        http = HTTPRequest(
            method: method, url: url + Self.encode(request.query + addition.query),
            headers: HTTPHeaders(headers.map { ($0.name, $0.value) }), body: request.body,
            responseBytesMax: request.responseBytesMax)
    }

    private static func encode(_ query: [(name: String, value: String)]) -> String {
        if query.isEmpty { return "" }
        return "?"
            + query.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }.joined(
                separator: "&")
    }
}
