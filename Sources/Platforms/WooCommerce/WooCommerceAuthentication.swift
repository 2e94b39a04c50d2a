/// How a connection signs in: a pair of keys that never expires.
enum WooCommerceAuthentication {
    static let keyField = "consumer_key"
    static let secretField = "consumer_secret"

    /// In the query: where something on the way drops the header.
    static let queryPlacement = "query"
    /// Not at all. WordPress itself takes the header for a password of its own and refuses the keys with it, so what
    /// needs no key is asked without one.
    static let noPlacement = "none"

    static let all = Authentication(methods: [
        Authentication.Method(
            "keys", "A pair of keys of the shop.",
            fields: [
                .init(
                    name: keyField,
                    help: """
                        The key (ck_…) with the right to read, made in the shop's administration under WooCommerce, \
                        Settings, Advanced, REST API, for a user who is a shop manager or an administrator.
                        """),
                .init(name: secretField, help: "The secret (cs_…) that is shown once beside the key."),
            ],
            // Without TLS the keys are not taken as they are: requests are signed.
            placement: .byScheme(https: .basic(userField: keyField, passwordField: secretField), http: signed(.query)),
            alternatives: [
                queryPlacement: .byScheme(
                    https: .query([.init(keyField, field: keyField), .init(secretField, field: secretField)]),
                    http: signed(.header)),
                noPlacement: .query([]),
            ])
    ])

    private static func signed(_ carrier: Authentication.OAuth1Placement.Carrier) -> Authentication.Placement {
        .oauth1(
            .init(.hmacSHA256, in: carrier, consumerKeyField: keyField, consumerSecretField: secretField))
    }
}
