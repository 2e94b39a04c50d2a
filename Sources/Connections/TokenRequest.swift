internal import FoundationEssentials
package import Platforms

/// A call of a token endpoint, ready to be sent. It holds secrets, and shows itself without them.
package struct TokenRequest: Sendable, CustomStringConvertible, CustomReflectable {
    /// Absolute.
    package let url: String
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// For connect, answer and all.
    package let timeLimit: Duration
    /// How long to wait before it is sent: a one-time code that is about to turn is left to.
    package let wait: Duration

    package var description: String { "POST of \(body.count) bytes to a token endpoint" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Sends calls of token endpoints: the one thing of refreshing that is not done here.
///
/// An implementation sends each request at most once, follows no redirect, and keeps the time limit.
package protocol TokenTransport: Sendable {
    func send(_ request: TokenRequest) async throws(TokenTransportFailure) -> TokenResponse
}

/// Why no whole answer came.
package struct TokenTransportFailure: Error, Sendable {
    package let error: UnifiedError
    /// The request may have reached the endpoint. False only where it surely has not: no connection, nothing sent.
    package let isInDoubt: Bool

    package init(_ error: UnifiedError, isInDoubt: Bool) {
        self.error = error
        self.isInDoubt = isInDoubt
    }
}

extension TokenRequest {
    /// The call that asks for a token.
    ///
    /// - Parameters:
    ///   - refreshToken: what is handed in; nil for grants that need none.
    ///   - now: what one-time codes are made for.
    /// - Throws: `config.invalid` naming what the connection lacks.
    init(
        _ grant: TokenGrant, for account: Account, refreshToken: Secret?, timeLimit: Duration, now: Date
    ) throws(UnifiedError) {
        var fields: [(String, String)] = []
        var wait = Duration.zero
        var headers = grant.headers + [("Accept", "application/json")]
        switch grant.kind {
        case .clientCredentials: fields.append(("grant_type", "client_credentials"))
        case .refreshToken:
            guard let refreshToken else {
                throw UnifiedError(.configInvalid, "the connection has no refresh token; the merchant has to sign in")
            }
            fields += [("grant_type", "refresh_token"), ("refresh_token", refreshToken.reveal())]
        case .login: break
        }
        switch grant.client {
        case .none: break
        case .body(let id, let secret):
            fields.append(("client_id", try account.value(id)))
            if let secret { fields.append(("client_secret", try account.value(secret))) }
        case .basic(let id, let secret):
            headers.append(
                ("Authorization", Authorizer.basic(try account.value(id) + ":" + (try account.value(secret)))))
        }
        if !grant.scopes.isEmpty { fields.append(("scope", grant.scopes.joined(separator: " "))) }
        for parameter in grant.parameters {
            switch parameter.value {
            case .text(let text): fields.append((parameter.name, text))
            case .field(let field): fields.append((parameter.name, try account.value(field)))
            case .oneTimeCode(let field):
                let secret = Secret(try account.value(field))
                do throws(OneTimePasswordError) {
                    let turn = try TOTP(secret).turn(at: now)
                    fields.append((parameter.name, turn.code.value.reveal()))
                    wait = max(wait, turn.wait)
                } catch {
                    throw UnifiedError(.configInvalid, "the credential `\(field)`: \(error.description)")
                }
            }
        }
        switch grant.format {
        case .form:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            body = Array(
                fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
                    .utf8)
        case .json:
            headers.append(("Content-Type", "application/json"))
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(Dictionary(fields, uniquingKeysWith: { _, last in last })) else {
                throw UnifiedError(.configInvalid, "a credential is not text")
            }
            body = Array(data)
        }
        url = try Self.url(of: grant.endpoint, account)
        self.headers = headers
        self.timeLimit = timeLimit
        self.wait = wait
    }

    private static func url(of endpoint: TokenGrant.Endpoint, _ account: Account) throws(UnifiedError) -> String {
        switch endpoint {
        case .absolute(let url): return url
        case .overridable(let url, let name): return account.settings[name] ?? url
        case .path(let path): return account.baseURL + path
        case .setting(let name, let path):
            guard let base = account.settings[name], base.hasPrefix("https://") || base.hasPrefix("http://") else {
                throw UnifiedError(.configInvalid, "the connection has no address in its setting `\(name)`")
            }
            return (base.hasSuffix("/") ? String(base.dropLast()) : base) + path
        }
    }
}

extension Account {
    fileprivate func value(_ field: String) throws(UnifiedError) -> String {
        guard let secret = credentials[field] else {
            throw UnifiedError(.configInvalid, "the connection has no credential `\(field)`; add it again")
        }
        return secret.reveal()
    }
}
