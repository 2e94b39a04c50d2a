package import HTTP

/// What carries a request to a platform and the answer back.
package protocol Transport: Sendable {
    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPExchange

    /// Hands over the answer as soon as its head is there, the body still arriving; while nobody reads, the server is
    /// made to wait.
    func stream<Value>(
        _ request: HTTPRequest, _ read: (HTTPResponseHead, inout any BodyPieces) async throws -> Value
    ) async throws -> Value
}

/// A body that is still arriving.
package protocol BodyPieces {
    /// The next bytes, in order; nil at the end of a whole body.
    mutating func next() async throws(HTTPError) -> [UInt8]?
}

extension HTTPBody.Iterator: BodyPieces {}

extension HTTPClient: Transport {
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPExchange {
        try await execute(request)
    }

    package func stream<Value>(
        _ request: HTTPRequest, _ read: (HTTPResponseHead, inout any BodyPieces) async throws -> Value
    ) async throws -> Value {
        try await stream(request) { response in
            var pieces: any BodyPieces = response.body.makeAsyncIterator()
            return try await read(response.head, &pieces)
        }
    }
}
