package import FoundationEssentials

/// What a token endpoint answered, complete and decompressed.
package struct TokenResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
}

/// What a token endpoint gave. Shows itself without the tokens.
package struct IssuedTokens: Sendable, CustomStringConvertible, CustomReflectable {
    package let accessToken: String
    /// Nil where the answer brought none: the one that was used goes on.
    package let refreshToken: String?
    /// How long the access token lives from the answer on.
    package let life: Duration
    /// How long the refresh token lives if it is not used; nil where nothing says so.
    package let refreshLife: Duration?

    package var description: String { "tokens for \(life)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a token endpoint gave nothing.
package struct TokenFailure: Error, Sendable {
    package let meaning: TokenRefusal.Meaning
    package var error: UnifiedError
    /// The endpoint may have done what it was asked for all the same: a refresh token that dies of use may be dead.
    package let isInDoubt: Bool

    package init(_ meaning: TokenRefusal.Meaning, _ error: UnifiedError, isInDoubt: Bool) {
        self.meaning = meaning
        self.error = error
        self.isInDoubt = isInDoubt
    }
}

extension TokenGrant {
    /// What an answer of the token endpoint means.
    ///
    /// - Parameters:
    ///   - clientIsOurs: the application's credentials are the operator's and not the merchant's.
    ///   - now: what instants in the answer are measured against.
    package func read(
        _ response: TokenResponse, clientIsOurs: Bool, at now: Date
    ) throws(TokenFailure) -> IssuedTokens {
        let body = TokenBody(response.body, isBareString: answer.isBareString)
        // Some refuse with status 200; nobody sends `error` with a token.
        if (200..<300).contains(response.status), !body.hasError, let tokens = issued(by: body, at: now) {
            return tokens
        }
        throw failure(response, body, clientIsOurs: clientIsOurs, at: now)
    }

    private func issued(by body: TokenBody, at now: Date) -> IssuedTokens? {
        guard let access = body.bareString ?? body.text(answer.accessToken), Self.isToken(access) else { return nil }
        var refresh = body.text(answer.refreshToken)
        if let given = refresh, !Self.isToken(given) { refresh = nil }
        let life = body.seconds(answer.life) ?? body.seconds(until: answer.expiresAt, from: now) ?? lifeDefault
        let refreshLife =
            answer.refreshLives.lazy.compactMap { body.seconds($0) }.first
            ?? body.seconds(until: answer.refreshExpiresAt, from: now) ?? idleLife
        return IssuedTokens(accessToken: access, refreshToken: refresh, life: life, refreshLife: refreshLife)
    }

    /// Printable ASCII without spaces: anything else would break out of the header it goes into.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 16 * 1024 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private func failure(
        _ response: TokenResponse, _ body: TokenBody, clientIsOurs: Bool, at now: Date
    ) -> TokenFailure {
        let status = response.status
        let meaning = meaning(of: status, body)
        let wait = response.header("retry-after").flatMap { RetryAfter.parse($0, now: now) }
        let code = code(for: meaning, clientIsOurs: clientIsOurs, waits: wait != nil)
        var error = UnifiedError(
            code, sentence(for: meaning, status, body), httpStatus: status, platformCode: body.code,
            platformMessage: body.message, route: "token endpoint")
        error.platformRequestID =
            ["x-request-id", "request-id", "intuit_tid", "x-amzn-requestid", "xero-correlation-id"].lazy
            .compactMap { response.header($0) }.first
        error.operation = "auth"
        error.retryAfter = wait
        // A clear refusal used nothing up. Anything else may have happened behind an answer that went wrong.
        let isInDoubt = meaning == .trouble && (status >= 500 || status < 300 || status == 408)
        return TokenFailure(meaning, error, isInDoubt: isInDoubt)
    }

    private func meaning(of status: Int, _ body: TokenBody) -> TokenRefusal.Meaning {
        let words = body.message?.lowercased() ?? ""
        let declared = refusals.first { rule in
            (rule.statuses.isEmpty ? body.code != nil || status >= 300 : rule.statuses.contains(status))
                && (rule.code == nil || rule.code == body.code?.lowercased())
                && (rule.words == nil || rule.words.map(words.contains) == true)
        }
        if let declared { return declared.meaning }
        switch status {
        case 429: return .tooMany
        case 408, 500...: return .trouble
        default: break
        }
        switch body.code?.lowercased() {
        case "invalid_grant": return .grant
        case "invalid_client", "unauthorized_client": return .client
        case "invalid_request", "unsupported_grant_type", "invalid_scope", "invalid_target": return .request
        default: break
        }
        // A bare 401 can only be about what was handed in: who asks, or the login.
        if status == 401, !body.isMarkup { return kind == .login ? .grant : .client }
        return .trouble
    }

    private func code(for meaning: TokenRefusal.Meaning, clientIsOurs: Bool, waits: Bool) -> ErrorCode {
        switch meaning {
        case .grant: usesRefreshToken ? .authRefreshRejected : .authCredentialsInvalid
        case .client: clientIsOurs ? .configInvalid : .authCredentialsInvalid
        case .secondFactor: .authMFARequired
        case .tooMany: waits ? .rateLimited : .rateLimitedNoHint
        case .trouble: .authRefreshUnavailable
        case .request: .requestInvalid
        }
    }

    private func sentence(for meaning: TokenRefusal.Meaning, _ status: Int, _ body: TokenBody) -> String {
        switch meaning {
        case .grant where usesRefreshToken: return "the platform no longer accepts the refresh token"
        case .grant: return "the platform refuses the login"
        case .client: return "the platform does not know the application's identifier and secret, or not together"
        case .secondFactor: return "the login wants a second factor that was not given"
        case .tooMany: return "the token endpoint wants to be asked less often"
        case .request: return "the token endpoint finds our request wrong"
        case .trouble where (200..<300).contains(status):
            return "the token endpoint answered \(status) with \(body.kind), which holds no token"
        case .trouble: return "the token endpoint answered \(status) with \(body.kind)"
        }
    }
}

/// An answer's body as far as it matters here: a flat object, a string, or something else.
private struct TokenBody {
    private var members: [String: Member] = [:]
    let bareString: String?
    let isMarkup: Bool
    let kind: String

    static let bytesMax = 1 << 20

    init(_ bytes: [UInt8], isBareString: Bool) {
        let start = bytes.first { !($0 == 0x20 || (0x09...0x0D).contains($0)) }
        isMarkup = start == UInt8(ascii: "<")
        let data = Data(bytes.prefix(Self.bytesMax))
        let object = try? JSONDecoder().decode([String: Member].self, from: data)
        for (name, value) in object ?? [:] { members[name.lowercased()] = value }
        bareString = isBareString && object == nil ? try? JSONDecoder().decode(String.self, from: data) : nil
        kind =
            switch start {
            case nil: "nothing"
            case UInt8(ascii: "<"): "a page instead of JSON"
            default: object == nil ? "something other than a JSON object" : "a JSON object"
            }
    }

    /// RFC 6749 says `error`; others say `code`, `status` or nothing.
    var code: String? {
        for name in ["error", "code", "status"] {
            switch members[name] {
            case .text(let text) where !text.isEmpty: return text
            case .object(let inner): if case .text(let text)? = inner["code"] ?? inner["type"] { return text }
            default: break
            }
        }
        return nil
    }

    var hasError: Bool {
        switch members["error"] {
        case .text(let text): !text.isEmpty
        case .object: true
        default: false
        }
    }

    var message: String? { text("error_description") ?? text("message") ?? text("error_message") }

    func text(_ name: String) -> String? {
        if case .text(let text)? = members[name.lowercased()] { text } else { nil }
    }

    /// A positive number, written as one or as text; at most ten years.
    func seconds(_ name: String) -> Duration? {
        let found: Double? =
            switch members[name.lowercased()] {
            case .number(let number): number
            case .text(let text): Double(text)
            default: nil
            }
        guard let found, found > 0, found.isFinite else { return nil }
        return .seconds(min(found, 315_360_000))
    }

    func seconds(until name: String, from now: Date) -> Duration? {
        guard let text = text(name),
            let date = (try? Date(text, strategy: .iso8601))
                ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        else { return nil }
        let seconds = date.timeIntervalSince(now)
        return seconds > 0 ? .seconds(min(seconds, 315_360_000)) : nil
    }

    enum Member: Decodable {
        case text(String)
        case number(Double)
        case object([String: Member])
        case other

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let number = try? value.decode(Double.self) {
                self = .number(number)
            } else if let object = try? value.decode([String: Member].self) {
                self = .object(object)
            } else {
                self = .other
            }
        }
    }
}
