import FoundationEssentials
import Platforms
import Testing

@testable import Connections

@Suite("Credentials go where the platform wants them")
struct AuthorizerTests {
    private let values = ["user": Secret("u"), "pass": Secret("p"), "token": Secret("t-1")]
    private let request = Authorizer.Request(
        method: "GET", url: "https://shop.example/api/orders", query: [("page", "1")])

    private func add(
        _ placement: Authentication.Placement, to request: Authorizer.Request? = nil
    ) throws -> Authorizer.Addition {
        try Authorizer(placement, values: values).authorize(
            request ?? self.request, nonce: "n0nce", now: Date(timeIntervalSince1970: 1_800_000_000))
    }

    private func words(_ addition: Authorizer.Addition) -> [String] {
        addition.headers.map { "\($0.name): \($0.value)" } + addition.query.map { "?\($0.name)=\($0.value)" }
    }

    @Test("headers, basic and query keys")
    func plain() throws {
        #expect(words(try add(.header(name: "X-Key", field: "token"))) == ["X-Key: t-1"])
        #expect(words(try add(.bearer(field: "token"))) == ["Authorization: Bearer t-1"])
        #expect(words(try add(.scheme("Zoho-oauthtoken", field: "token"))) == ["Authorization: Zoho-oauthtoken t-1"])
        #expect(words(try add(.basic(userField: "user", passwordField: "pass"))) == ["Authorization: Basic dTpw"])
        #expect(words(try add(.basic(userField: "user", passwordField: nil))) == ["Authorization: Basic dTo="])
        let keys = Authentication.Placement.query([
            .init("consumer_key", field: "user"), .init("consumer_secret", field: "pass"),
        ])
        #expect(words(try add(keys)) == ["?consumer_key=u", "?consumer_secret=p"])
    }

    @Test("OAuth 1.0a signs with the time and the nonce it is given, and one-legged without a token")
    func signed() throws {
        let signing = Authentication.OAuth1Placement(
            .hmacSHA256, consumerKeyField: "user", consumerSecretField: "pass", tokenField: "token",
            tokenSecretField: "token", realm: "shop")
        let header = try #require(try add(.oauth1(signing)).headers.first)
        #expect(
            header.name == "Authorization" && header.value.hasPrefix("OAuth realm=\"shop\", oauth_consumer_key=\"u\""))
        for part in [
            "oauth_nonce=\"n0nce\"", "oauth_timestamp=\"1800000000\"", "oauth_token=\"t-1\"", "HMAC-SHA256",
            "oauth_signature=",
        ] { #expect(header.value.contains(part), "\(part)") }
        // WooCommerce: Basic over TLS, a signature in the query without it.
        let either = Authentication.Placement.byScheme(
            https: .basic(userField: "user", passwordField: "pass"),
            http: .oauth1(.init(.hmacSHA1, in: .query, consumerKeyField: "user", consumerSecretField: "pass")))
        #expect(words(try add(either)) == ["Authorization: Basic dTpw"])
        let open = try add(either, to: .init(method: "GET", url: "http://shop.example/wp-json/wc/v3/orders"))
        #expect(open.headers.isEmpty)
        #expect(open.query.map(\.name).contains("oauth_signature") && !open.query.map(\.name).contains("oauth_token"))
    }

    @Test("a credential that is missing, or could end a header, is refused by name; nothing shows a value")
    func refused() throws {
        let missing = #expect(throws: UnifiedError.self) { try add(.bearer(field: "absent")) }
        #expect(missing?.code == .configInvalid && missing?.message.contains("`absent`") == true)
        let split = Authorizer(.bearer(field: "k"), values: ["k": Secret("a\r\nX: b")])
        #expect(throws: UnifiedError.self) { try split.authorize(request, nonce: "", now: Date()) }
        let addition = try add(.bearer(field: "token"))
        for text in ["\(addition)", String(reflecting: addition)] { #expect(!text.contains("t-1"), "\(text)") }
    }
}

@Suite("What is sent to a token endpoint")
struct TokenRequestTests {
    private func request(
        _ grant: TokenGrant, _ credentials: [String: String], settings: [String: String] = [:], refresh: String? = nil
    ) throws -> TokenRequest {
        let method = Authentication.Method(
            "m", "m", fields: [], placement: .bearer(field: "access_token"), grant: grant)
        let account = Account(
            connectionID: 1, baseURL: "https://shop.example/rest", settings: settings, method: method,
            credentials: credentials.mapValues { Secret($0) })
        return try TokenRequest(
            grant, for: account, refreshToken: refresh.map { Secret($0) }, timeLimit: .seconds(30),
            now: Date(timeIntervalSince1970: 59))
    }

    @Test("the client in a Basic header, scopes and extra headers, as QuickBooks, Xero and PayPal want them")
    func basicClient() throws {
        let grant = TokenGrant(
            .refreshToken(.sometimes), endpoint: .absolute("https://oauth.example/tokens"),
            client: .basic(idField: "client_id", secretField: "client_secret"),
            headers: [("x-include-refresh-token-hard-expires-in", "true")], scopes: ["a.read", "b.read"])
        let made = try request(grant, ["client_id": "i", "client_secret": "s"], refresh: "r+/=1")
        #expect(made.url == "https://oauth.example/tokens")
        #expect(
            String(decoding: made.body, as: UTF8.self)
                == "grant_type=refresh_token&refresh_token=r%2B%2F%3D1&scope=a.read%20b.read")
        let headers = Dictionary(made.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        #expect(headers["Authorization"] == "Basic aTpz")
        #expect(headers["x-include-refresh-token-hard-expires-in"] == "true")
        #expect(!"\(made)".contains("r+") && !String(reflecting: made).contains("r%2B"))
    }

    @Test("JSON bodies, as Square wants them, and regional addresses from the settings, as Zoho's")
    func jsonAndRegions() throws {
        let square = TokenGrant(
            .refreshToken(.never), endpoint: .path("/oauth2/token"),
            client: .body(idField: "client_id", secretField: nil), format: .json,
            parameters: [.init("short_lived", .text("false"))])
        let made = try request(square, ["client_id": "i"], refresh: "r")
        #expect(made.url == "https://shop.example/rest/oauth2/token")
        #expect(
            String(decoding: made.body, as: UTF8.self)
                == #"{"client_id":"i","grant_type":"refresh_token","refresh_token":"r","short_lived":"false"}"#)
        let zoho = TokenGrant(
            .refreshToken(.never), endpoint: .setting("accounts_server", path: "/oauth/v2/token"), client: .none)
        #expect(
            try request(zoho, [:], settings: ["accounts_server": "https://accounts.zoho.eu/"], refresh: "r").url
                == "https://accounts.zoho.eu/oauth/v2/token")
        #expect(throws: UnifiedError.self) { try request(zoho, [:], refresh: "r") }
    }

    @Test(
        "a login with a second factor carries the code of the moment, and waits for the next when it is about to turn")
    func login() throws {
        let grant = TokenGrant(
            .login, endpoint: .path("/V1/tfa/provider/google/authenticate"), client: .none, format: .json,
            parameters: [
                .init("username", .field("user")), .init("password", .field("password")),
                .init("otp", .oneTimeCode(secretField: "totp_secret")),
            ], answer: .bareString, lifeDefault: .seconds(14_400))
        // RFC 6238's key; at 59 s its step ends, so the code of the next one is sent, a second later.
        let credentials = [
            "user": "u", "password": "p w", "totp_secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        ]
        let made = try request(grant, credentials)
        let body = String(decoding: made.body, as: UTF8.self)
        #expect(body.contains(#""password":"p w""#) && !body.contains("grant_type"), "\(body)")
        #expect(made.wait == .seconds(1) && body.contains(#""otp":"359152""#), "\(body)")
        let error = #expect(throws: UnifiedError.self) {
            try request(grant, ["user": "u", "password": "p", "totp_secret": "1"])
        }
        #expect(error?.code == .configInvalid && error?.message.contains("`totp_secret`") == true)
    }
}
