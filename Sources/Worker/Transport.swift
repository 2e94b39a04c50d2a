package import HTTP

/// What carries a request to a platform and the answer back.
package protocol Transport: Sendable {
    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPExchange
}

extension HTTPClient: Transport {
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPExchange {
        try await execute(request)
    }
}
