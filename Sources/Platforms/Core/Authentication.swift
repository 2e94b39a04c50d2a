/// The ways in which a connection to a platform can sign in.
///
/// Data only: what is done with it (sealing, signing, refreshing) is the business of `Connections`.
package struct Authentication: Sendable {
    /// At least one; the first is what is shown first. Which of them a connection uses follows from the credentials it
    /// was given.
    package let methods: [Method]

    package init(methods: [Method]) {
        precondition(!methods.isEmpty, "a platform has a way to sign in")
        self.methods = methods
    }

    /// A platform with one way: credentials that are sent as they are.
    package init(fields: [Field], placement: Placement) {
        self.init(methods: [Method("key", "A key of the account.", fields: fields, placement: placement)])
    }

    /// The method of that name; nil where the platform has none such (any more).
    package func method(named name: String) -> Method? { methods.first { $0.name == name } }

    /// The method that takes exactly these credentials: all that it needs, and none that it does not know. Of several
    /// the one that makes most of them.
    package func method(taking names: Set<String>) -> Method? {
        methods.filter { $0.takes(names) }.max { $0.requiredNames.count < $1.requiredNames.count }
    }

    /// The method of a stored connection: the one it was added with, or, where that was not written down, the one its
    /// credentials fit.
    package func method(named name: String?, credentials names: Set<String>) -> Method? {
        if let name { return method(named: name) }
        return method(taking: names) ?? methods.first { $0.requiredNames.isSubset(of: names) }
    }
}

extension Authentication {
    /// One way to sign in: what a person gives, what is got for it, and where it goes in a request.
    package struct Method: Sendable {
        /// Stored with the connection, so never changed. Example: `client_credentials`.
        package let name: String
        /// One sentence for the person who chooses.
        package let summary: String
        package let fields: [Field]
        /// Where the credentials go. It may name the fields people give and ``TokenGrant/tokenField``.
        package let placement: Placement
        /// Other places, by name, for servers that do not get what is sent in the first: a request asks for one with
        /// ``PlatformRequest/placement``.
        package let alternatives: [String: Placement]
        /// How an access token is got; nil where the credentials are sent as they are.
        package let grant: TokenGrant?

        package init(
            _ name: String, _ summary: String, fields: [Field], placement: Placement,
            alternatives: [String: Placement] = [:], grant: TokenGrant? = nil
        ) {
            self.alternatives = alternatives
            self.name = name
            self.summary = summary
            self.fields = fields
            self.placement = placement
            self.grant = grant
        }

        package var requiredNames: Set<String> { Set(fields.filter { !$0.isOptional }.map(\.name)) }

        package func takes(_ names: Set<String>) -> Bool {
            requiredNames.isSubset(of: names) && names.isSubset(of: fields.map(\.name))
        }
    }

    /// A credential a person has to give.
    package struct Field: Sendable {
        /// Whose it is, and so whose fault it is when the platform does not know it.
        package enum Owner: Sendable {
            /// Of the merchant's account.
            case merchant
            /// Of the application that we registered with the platform: one for all merchants.
            case app
        }

        /// Key in the stored credentials. Example: `access_token`.
        package let name: String
        /// One sentence for the person who has to find it.
        package let help: String
        /// False for what may be shown, such as a user name. All are sealed alike.
        package let isSecret: Bool
        package let isOptional: Bool
        package let owner: Owner

        package init(
            name: String, help: String, isSecret: Bool = true, isOptional: Bool = false, owner: Owner = .merchant
        ) {
            self.name = name
            self.help = help
            self.isSecret = isSecret
            self.isOptional = isOptional
            self.owner = owner
        }
    }

    /// Where credentials go in a request.
    package indirect enum Placement: Sendable {
        /// `Header: value`
        case header(name: String, field: String)
        /// `Authorization: Scheme value`, for those who do not call it Bearer.
        case scheme(String, field: String)
        /// `Authorization: Bearer value`
        case bearer(field: String)
        /// `Authorization: Basic base64(user:password)`
        case basic(userField: String, passwordField: String?)
        /// Query parameters, `name=value`. They end up in the logs of servers: only where nothing else works.
        case query([QueryKey])
        /// A signature over the request, RFC 5849.
        case oauth1(OAuth1Placement)
        /// One way over TLS, another without it, as WooCommerce wants.
        case byScheme(https: Placement, http: Placement)

        /// The fields it needs.
        package var fieldNames: Set<String> {
            switch self {
            case .header(_, let field), .scheme(_, let field), .bearer(let field): [field]
            case .basic(let user, let password): Set([user] + (password.map { [$0] } ?? []))
            case .query(let keys): Set(keys.map(\.field))
            case .oauth1(let signing): signing.fieldNames
            case .byScheme(let https, let http): https.fieldNames.union(http.fieldNames)
            }
        }
    }

    /// A query parameter that holds a credential.
    package struct QueryKey: Sendable {
        package let name: String
        package let field: String

        package init(_ name: String, field: String) {
            self.name = name
            self.field = field
        }
    }

    /// How requests are signed with OAuth 1.0a: which fields hold the two keys, and what the server expects.
    package struct OAuth1Placement: Sendable {
        package enum Algorithm: String, Sendable { case hmacSHA1 = "HMAC-SHA1", hmacSHA256 = "HMAC-SHA256" }
        package enum Carrier: Sendable { case header, query }

        package let algorithm: Algorithm
        package let carrier: Carrier
        package let consumerKeyField: String
        package let consumerSecretField: String
        /// Nil for signatures with the consumer's key alone ("one-legged").
        package let tokenField: String?
        package let tokenSecretField: String?
        package let realm: String?

        package init(
            _ algorithm: Algorithm, in carrier: Carrier = .header, consumerKeyField: String,
            consumerSecretField: String, tokenField: String? = nil, tokenSecretField: String? = nil,
            realm: String? = nil
        ) {
            self.algorithm = algorithm
            self.carrier = carrier
            self.consumerKeyField = consumerKeyField
            self.consumerSecretField = consumerSecretField
            self.tokenField = tokenField
            self.tokenSecretField = tokenSecretField
            self.realm = realm
        }

        var fieldNames: Set<String> {
            Set([consumerKeyField, consumerSecretField, tokenField, tokenSecretField].compactMap { $0 })
        }
    }
}
