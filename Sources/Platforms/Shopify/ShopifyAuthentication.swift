/// The ways in which an app of Shopify gets at a shop.
///
/// **Source**: shopify.dev, "Using client credentials", "Offline access tokens", and the changelog entries on expiring
/// offline tokens; NOTES.md has what they do not say.
enum ShopifyAuthentication {
    static var all: Authentication { Authentication(methods: [permanent, clientCredentials, expiring]) }

    static let tokenPath = "/admin/oauth/access_token"
    private static let placement = Authentication.Placement.header(
        name: "X-Shopify-Access-Token", field: TokenGrant.tokenField)

    private static var permanent: Authentication.Method {
        Authentication.Method(
            "permanent_token", "An access token that does not expire, of an app made in the shop.",
            fields: [
                .init(
                    name: TokenGrant.tokenField,
                    help: "The Admin API access token of the app, beginning with shpat_ for an app made in the shop.")
            ], placement: placement)
    }

    private static var clientCredentials: Authentication.Method {
        Authentication.Method(
            "client_credentials", "An app of the shop's own organisation, which gets a token for a day.",
            fields: [
                .init(name: "client_id", help: "Client ID of the app, in its settings.", isSecret: false),
                .init(name: "client_secret", help: "Client secret of the app, beside its ID."),
            ], placement: placement,
            grant: TokenGrant(
                .clientCredentials, endpoint: .path(tokenPath),
                client: .body(idField: "client_id", secretField: "client_secret"), lifeDefault: .seconds(86_399)))
    }

    private static var expiring: Authentication.Method {
        Authentication.Method(
            "expiring_token", "An installed app's access that lasts an hour and is refreshed.",
            fields: [
                .init(name: "client_id", help: "Client ID of our app.", isSecret: false, owner: .app),
                .init(name: "client_secret", help: "Client secret of our app.", owner: .app),
                .init(
                    name: TokenGrant.refreshField,
                    help: "The refresh token that came with the access token when the shop installed the app."),
            ], placement: placement,
            // A used refresh token may be used again until the one that replaced it is.
            grant: TokenGrant(
                .refreshToken(.withGrace(nil)), endpoint: .path(tokenPath),
                client: .body(idField: "client_id", secretField: "client_secret"),
                refusals: [
                    TokenRefusal(statuses: [400], code: "invalid_request", words: "already used", means: .grant)
                ],
                lifeDefault: .seconds(3600), idleLife: .seconds(7_776_000)))
    }
}
