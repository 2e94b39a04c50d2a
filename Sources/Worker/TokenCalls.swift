internal import Connections
internal import HTTP
internal import Health
internal import Platforms

/// Carries calls of token endpoints over the worker's transport: once each, no redirects, under the same policy of
/// addresses as everything else.
struct TokenCalls: TokenTransport {
    let transport: any Transport

    private static let answerBytesMax = 1 << 20
    /// Failures after which the endpoint surely has not heard the call.
    private static let neverSent: Set<HTTPError.Code> = [
        .dns, .connect, .tls, .tlsUntrusted, .timeoutConnect, .invalidRequest, .addressRefused, .clientBusy,
    ]

    func send(_ request: TokenRequest) async throws(TokenTransportFailure) -> TokenResponse {
        let http = HTTPRequest(
            method: .post, url: request.url, headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }),
            body: request.body, limits: HTTPTimeLimits(total: request.timeLimit),
            responseBytesMax: Self.answerBytesMax, sendsOnce: true)
        do throws(HTTPError) {
            let exchange = try await transport.send(http)
            return TokenResponse(
                status: exchange.status, headers: exchange.headers.map { ($0.name, $0.value) }, body: exchange.body)
        } catch {
            throw TokenTransportFailure(
                UnifiedError(error, route: "token endpoint"), isInDoubt: !Self.neverSent.contains(error.code))
        }
    }
}
