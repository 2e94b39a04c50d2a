/// How a seller's authorisation becomes an access token: Login with Amazon.
///
/// **Source**: developer-docs.amazon.com/sp-api, "Connecting to the Selling Partner API"; NOTES.md.
enum AmazonAuthentication {
    static let tokenURL = "https://api.amazon.com/auth/o2/token"
    /// A connection's setting that names another token endpoint: for sandboxes.
    static let tokenURLSetting = "token_url"
    static let header = "x-amz-access-token"

    static var all: Authentication {
        Authentication(methods: [
            Authentication.Method(
                "refresh_token", "A seller's authorisation of our application, for one region.",
                fields: [
                    .init(
                        name: "client_id", help: "LWA client identifier of our application, in Developer Central.",
                        isSecret: false, owner: .app),
                    .init(
                        name: "client_secret",
                        help: "LWA client secret beside it. Amazon wants it rotated twice a year.", owner: .app),
                    .init(
                        name: TokenGrant.refreshField,
                        help:
                            "The refresh token (Atzr|…) that the seller's authorisation gave. It does not change, and "
                            + "lapses after a year unless the seller renews it."),
                ], placement: .header(name: header, field: TokenGrant.tokenField),
                grant: TokenGrant(
                    .refreshToken(.never), endpoint: .overridable(tokenURL, setting: tokenURLSetting),
                    client: .body(idField: "client_id", secretField: "client_secret"),
                    refusals: [
                        // Seen with status 400 as well as 401.
                        TokenRefusal(code: "invalid_client", means: .client),
                        TokenRefusal(code: "unauthorized_client", means: .client),
                        TokenRefusal(code: "unsupported_grant_type", means: .request),
                    ],
                    lifeDefault: .seconds(3600)))
        ])
    }
}
