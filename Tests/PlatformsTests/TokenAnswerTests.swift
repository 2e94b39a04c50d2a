import Foundation
import Testing

@testable import Platforms

@Suite("What a token endpoint's answer means")
struct TokenAnswerTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private static func grant(
        _ kind: TokenGrant.Kind = .refreshToken(.always), answer: TokenGrant.AnswerShape = .init(),
        refusals: [TokenRefusal] = []
    ) -> TokenGrant {
        TokenGrant(kind, endpoint: .path("/token"), client: .none, answer: answer, refusals: refusals)
    }

    private static func read(
        _ grant: TokenGrant, _ status: Int, _ body: String, headers: [(name: String, value: String)] = [],
        clientIsOurs: Bool = true
    ) -> Result<IssuedTokens, TokenFailure> {
        do throws(TokenFailure) {
            let response = TokenResponse(status: status, headers: headers, body: Array(body.utf8))
            return .success(try grant.read(response, clientIsOurs: clientIsOurs, at: now))
        } catch {
            return .failure(error)
        }
    }

    // MARK: Success

    @Test(
        "lives are told in seconds, as text, or as an instant, for both tokens",
        arguments: [
            // Shopify
            (
                #"{"access_token":"a","scope":"x","expires_in":3600,"refresh_token":"r","refresh_token_expires_in":7776000}"#,
                3600, 7_776_000
            ),
            // QuickBooks
            (
                #"{"token_type":"bearer","expires_in":3600,"x_refresh_token_expires_in":8726400,"access_token":"a","refresh_token":"r"}"#,
                3600, 8_726_400
            ),
            // Square
            (
                #"{"access_token":"a","expires_at":"2027-01-16T08:00:00Z","refresh_token":"r","short_lived":false}"#,
                86_400, nil
            ),
            (#"{"Access_Token":"a","Expires_In":"1800","Refresh_Token":"r"}"#, 1800, nil),
            // What makes no sense is as if it were not said.
            (#"{"access_token":"a","refresh_token":"r","expires_in":-5}"#, 3600, nil),
            (#"{"access_token":"a","refresh_token":"r","expires_in":null}"#, 3600, nil),
        ] as [(String, Int, Int?)])
    func lives(_ body: String, _ life: Int, _ refreshLife: Int?) throws {
        let tokens = try Self.read(Self.grant(), 200, body).get()
        #expect(tokens.accessToken == "a" && tokens.refreshToken == "r")
        #expect(tokens.life == .seconds(life) && tokens.refreshLife == refreshLife.map { .seconds($0) })
        #expect(!"\(tokens)".contains("a,") && !String(reflecting: tokens).contains("\"a\""))
    }

    @Test("a bare JSON string is a token where the platform answers so, and nowhere else")
    func bareString() throws {
        let magento = Self.grant(.login, answer: .bareString)
        #expect(try Self.read(magento, 200, #""eyJraWQi.x.y""#).get().accessToken == "eyJraWQi.x.y")
        guard case .failure(let failure) = Self.read(Self.grant(), 200, #""eyJ""#) else {
            Issue.record("no token")
            return
        }
        #expect(failure.isInDoubt && failure.meaning == .trouble)
    }

    @Test("a token that could break out of its header is none")
    func poison() {
        for token in ["", #"a\r\nX: y"#, "a b", "ä"] {
            guard case .failure(let failure) = Self.read(Self.grant(), 200, #"{"access_token":"\#(token)"}"#) else {
                Issue.record("\(token) was taken")
                continue
            }
            #expect(failure.error.code == .authRefreshUnavailable)
        }
    }

    // MARK: Refusals

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var kind = TokenGrant.Kind.refreshToken(.always)
        var refusals: [TokenRefusal] = []
        let status: Int
        let body: String
        var headers: [(name: String, value: String)] = []
        var clientIsOurs = true
        let code: ErrorCode
        var isInDoubt = false

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "Mercado Libre: used", status: 400,
            body:
                #"{"message":"Error validating grant. Your authorization code or refresh token may be expired or it was already used","error":"invalid_grant","status":400,"cause":[]}"#,
            code: .authRefreshRejected),
        Case(
            name: "Mercado Libre: our secret, in Spanish with entities", status: 400,
            body: #"{"message":"credenciales inv&aacute;lidas","error":"invalid_client","status":400,"cause":[]}"#,
            code: .configInvalid),
        Case(
            name: "Mercado Libre: the edge's block page", status: 403, body: "<!DOCTYPE html><html>blocked</html>",
            code: .authRefreshUnavailable),
        Case(
            name: "Mercado Libre: no grant for this user, by its rule",
            refusals: [TokenRefusal(code: "unauthorized_client", means: .grant)], status: 400,
            body: #"{"error":"unauthorized_client","message":"x","status":400}"#, code: .authRefreshRejected),
        Case(
            name: "QuickBooks, one spelling", status: 400,
            body: #"{"error":"invalid_grant","error_description":"Incorrect or invalid refresh token"}"#,
            code: .authRefreshRejected),
        Case(
            name: "QuickBooks, the other", status: 400,
            body: #"{"error_description":"Token invalid","error":"invalid_grant"}"#, code: .authRefreshRejected),
        Case(name: "Xero", status: 400, body: #"{"error":"invalid_grant"}"#, code: .authRefreshRejected),
        Case(
            name: "Amazon: our secret", status: 401,
            body: #"{"error_description":"Client authentication failed","error":"invalid_client"}"#,
            code: .configInvalid),
        Case(
            name: "PayPal: the merchant's own secret", kind: .clientCredentials, status: 401,
            body: #"{"error":"invalid_client","error_description":"Client Authentication failed"}"#,
            clientIsOurs: false,
            code: .authCredentialsInvalid),
        Case(
            name: "eBay: more than was granted", status: 400,
            body: #"{"error":"invalid_scope","error_description":"The requested scope is invalid"}"#,
            code: .requestInvalid),
        Case(
            name: "Zoho: a refusal with status 200",
            refusals: [TokenRefusal(code: "invalid_code", means: .grant)], status: 200,
            body: #"{"error":"invalid_code"}"#, code: .authRefreshRejected),
        Case(
            name: "HubSpot: its own word",
            refusals: [TokenRefusal(code: "bad_refresh_token", means: .grant)], status: 400,
            body: #"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}"#,
            code: .authRefreshRejected),
        Case(
            name: "Magento: wrong password", kind: .login, status: 401,
            body:
                #"{"message":"The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later."}"#,
            code: .authCredentialsInvalid),
        Case(
            name: "Magento: a second factor is wanted", kind: .login,
            refusals: [TokenRefusal(statuses: [400], words: "2fa", means: .secondFactor)], status: 400,
            body:
                #"{"message":"Please use the 2fa provider-specific endpoints to obtain a token.","parameters":{"active_providers":["google"]}}"#,
            code: .authMFARequired),
        Case(
            name: "a limit with a time", status: 429, body: #"{"error":"local_rate_limited"}"#,
            headers: [("Retry-After", "77")], code: .rateLimited),
        Case(name: "a limit without one", status: 429, body: "", code: .rateLimitedNoHint),
        Case(name: "an outage", status: 502, body: "<html>", code: .authRefreshUnavailable, isInDoubt: true),
        Case(
            name: "an outage that calls itself a refusal", status: 500, body: #"{"error":"invalid_grant"}"#,
            code: .authRefreshUnavailable, isInDoubt: true),
        Case(
            name: "a page with status 200", status: 200, body: "<html>", code: .authRefreshUnavailable, isInDoubt: true),
        Case(
            name: "an answer cut off", status: 200, body: #"{"access_token":"abc"#, code: .authRefreshUnavailable,
            isInDoubt: true),
        Case(name: "nothing", status: 200, body: "", code: .authRefreshUnavailable, isInDoubt: true),
        Case(name: "a redirect", status: 302, body: "", code: .authRefreshUnavailable),
        Case(
            name: "an error that is an object", status: 400,
            body: #"{"error":{"code":"invalid_grant","message":"x"}}"#, code: .authRefreshRejected),
    ]

    @Test("a refusal is told from trouble, and ours from the merchant's", arguments: cases)
    func refusals(_ one: Case) {
        let grant = Self.grant(one.kind, refusals: one.refusals)
        guard
            case .failure(let failure) = Self.read(
                grant, one.status, one.body, headers: one.headers, clientIsOurs: one.clientIsOurs)
        else {
            Issue.record("taken for a success")
            return
        }
        #expect(failure.error.code == one.code)
        #expect(failure.isInDoubt == one.isInDoubt)
        #expect(failure.error.httpStatus == one.status && failure.error.evidence == nil)
        if one.code == .rateLimited { #expect(failure.error.retryAfter == .seconds(77)) }
    }

    @Test("a token is replaced at a tenth of its life or a quarter of an hour, and an idle one daily at the latest")
    func margins() {
        #expect(TokenGrant.margin(ofLife: .seconds(3600)) == .seconds(360))
        #expect(TokenGrant.margin(ofLife: .seconds(86_400)) == .seconds(900))
        #expect(Self.grant().idleInterval(refreshLife: .seconds(7_776_000)) == .seconds(86_400))
        #expect(Self.grant().idleInterval(refreshLife: .seconds(40_000)) == .seconds(10_000))
        #expect(Self.grant().idleInterval(refreshLife: nil) == nil)
        #expect(Self.grant(.clientCredentials).idleInterval(refreshLife: .seconds(40_000)) == nil)
    }
}
