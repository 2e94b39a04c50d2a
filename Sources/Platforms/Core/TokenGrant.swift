/// How a connection gets access tokens: an OAuth 2.0 token endpoint (RFC 6749) or a login that answers with a token,
/// and how this platform's differs from the book.
package struct TokenGrant: Sendable {
    /// What is handed in for a token.
    package enum Kind: Sendable, Equatable {
        /// The client's own credentials; asked again whenever a token is needed.
        case clientCredentials
        /// A refresh token.
        case refreshToken(Rotation)
        /// A person's login, as in ``TokenGrant/parameters``. Never repeated blindly: accounts get locked.
        case login
    }

    /// What becomes of a refresh token when it is used.
    package enum Rotation: Sendable, Equatable {
        /// It stays as it is.
        case never
        /// Now and then the answer brings another one; whatever it brings is stored.
        case sometimes
        /// Each use brings a new one, and the used one is dead at once.
        case always
        /// Each use brings a new one, and the used one may be used again for so long, or, where nil, until the new one
        /// is used: a lost answer can be asked for again.
        case withGrace(Duration?)
    }

    package enum Endpoint: Sendable {
        case absolute(String)
        /// The same, unless the connection's setting of that name has another address: for sandboxes.
        case overridable(String, setting: String)
        /// Below the connection's base URL.
        case path(String)
        /// Below an address in the connection's settings, for platforms with one a region.
        case setting(String, path: String)
    }

    /// How the endpoint is told which application asks.
    package enum Client: Sendable {
        case none
        /// `client_id` and, unless nil, `client_secret` in the body.
        case body(idField: String, secretField: String?)
        /// `Authorization: Basic base64(id:secret)`
        case basic(idField: String, secretField: String)
    }

    package enum Format: Sendable { case form, json }

    /// What stands in a parameter.
    package enum Value: Sendable {
        case text(String)
        /// A credential.
        case field(String)
        /// The present one-time code of a TOTP secret (RFC 6238: SHA-1, 6 digits, 30 seconds).
        case oneTimeCode(secretField: String)
    }

    package struct Parameter: Sendable {
        package let name: String
        package let value: Value

        package init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// Where the answer has what. Names are looked up without regard to case.
    package struct AnswerShape: Sendable {
        package var accessToken = "access_token"
        package var refreshToken = "refresh_token"
        /// Seconds the access token lives.
        package var life = "expires_in"
        /// The instant it dies, as ISO 8601, for those who say that instead.
        package var expiresAt = "expires_at"
        package var refreshLives = ["refresh_token_expires_in", "x_refresh_token_expires_in"]
        package var refreshExpiresAt = "refresh_token_expires_at"
        /// The whole answer is one JSON string: the token.
        package var isBareString = false

        package init() {}

        /// An answer that is nothing but the token.
        package static var bareString: AnswerShape {
            var shape = AnswerShape()
            shape.isBareString = true
            return shape
        }
    }

    package let kind: Kind
    package let endpoint: Endpoint
    package let client: Client
    package let format: Format
    /// Sent besides `grant_type` and what the kind needs. A login has nothing but these.
    package let parameters: [Parameter]
    package let headers: [(name: String, value: String)]
    /// Sent as `scope`, separated by spaces, where not empty.
    package let scopes: [String]
    package let answer: AnswerShape
    /// How refusals are told, before the rules of RFC 6749; the first that fits decides.
    package let refusals: [TokenRefusal]
    /// Life of an access token when the answer does not say.
    package let lifeDefault: Duration
    /// Life of a refresh token that nobody uses, when the answer does not say; nil for ever.
    package let idleLife: Duration?

    /// The access token's name among the values a ``Authentication/Placement`` may use, and the credential it may be
    /// given as.
    package static let tokenField = "access_token"
    /// The name under which a refresh token is given.
    package static let refreshField = "refresh_token"

    package init(
        _ kind: Kind, endpoint: Endpoint, client: Client, format: Format = .form, parameters: [Parameter] = [],
        headers: [(name: String, value: String)] = [], scopes: [String] = [], answer: AnswerShape = AnswerShape(),
        refusals: [TokenRefusal] = [], lifeDefault: Duration = .seconds(3600), idleLife: Duration? = nil
    ) {
        self.kind = kind
        self.endpoint = endpoint
        self.client = client
        self.format = format
        self.parameters = parameters
        self.headers = headers
        self.scopes = scopes
        self.answer = answer
        self.refusals = refusals
        self.lifeDefault = lifeDefault
        self.idleLife = idleLife
    }

    package var usesRefreshToken: Bool {
        if case .refreshToken = kind { true } else { false }
    }

    /// How long before its end an access token is replaced: a quarter of an hour, or a tenth of a shorter life.
    package static func margin(ofLife life: Duration) -> Duration { min(.seconds(900), life / 10) }

    /// How long after a refresh an idle connection is refreshed all the same: daily, or four times in the life of a
    /// refresh token that would die sooner. Nil where nothing dies of rest.
    package func idleInterval(refreshLife: Duration?) -> Duration? {
        guard usesRefreshToken, let life = refreshLife ?? idleLife else { return nil }
        return min(.seconds(86_400), life / 4)
    }
}

/// A way in which a token endpoint says no.
package struct TokenRefusal: Sendable {
    /// What it means for the connection.
    package enum Meaning: Sendable, Equatable {
        /// The refresh token, the login or the grant is no longer good: the merchant has to sign in again.
        case grant
        /// The application's identifier or secret is not known, or it may not do this.
        case client
        /// A second factor is wanted that was not given.
        case secondFactor
        /// The endpoint wants fewer calls.
        case tooMany
        /// Nothing that the merchant or we have done: try again.
        case trouble
        /// Our request is wrong.
        case request
    }

    /// Statuses it holds for; empty for all, success included.
    package let statuses: [Int]
    /// The error code in the answer, in lower case; nil for any.
    package let code: String?
    /// Words in the answer's text, in lower case; nil for any.
    package let words: String?
    package let meaning: Meaning

    package init(statuses: [Int] = [], code: String? = nil, words: String? = nil, means meaning: Meaning) {
        self.statuses = statuses
        self.code = code
        self.words = words
        self.meaning = meaning
    }
}
