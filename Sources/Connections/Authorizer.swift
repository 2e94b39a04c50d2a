package import FoundationEssentials
package import Platforms

/// Puts a connection's credentials where its platform wants them in a request.
///
/// Pure: what of a request is signed, the time and the nonce are passed in.
package struct Authorizer: Sendable {
    /// What a signature covers.
    package struct Request: Sendable {
        package let method: String
        /// Scheme, host and path; no query.
        package let url: String
        /// Query parameters, not encoded.
        package let query: [(name: String, value: String)]
        /// Fields of a form in the body; empty for other bodies, which no signature here covers.
        package let form: [(name: String, value: String)]

        package init(
            method: String, url: String, query: [(name: String, value: String)] = [],
            form: [(name: String, value: String)] = []
        ) {
            self.method = method
            self.url = url
            self.query = query
            self.form = form
        }
    }

    /// What a request is given besides its own. Shows itself without values.
    package struct Addition: Sendable, CustomStringConvertible, CustomReflectable {
        package var headers: [(name: String, value: String)] = []
        /// Not encoded.
        package var query: [(name: String, value: String)] = []

        package var description: String { (headers + query).map { "\($0.name): •••" }.joined(separator: ", ") }
        package var customMirror: Mirror { Mirror(self, children: []) }
    }

    private let placement: Authentication.Placement
    private let values: [String: Secret]

    /// - Parameter values: the credentials, and the access token as ``TokenGrant/tokenField`` where there is one.
    package init(_ placement: Authentication.Placement, values: [String: Secret]) {
        self.placement = placement
        self.values = values
    }

    /// - Parameters:
    ///   - nonce: made anew for each attempt: servers refuse one they have seen.
    /// - Throws: `config.invalid` when a credential is not stored, or holds what no header may.
    package func authorize(_ request: Request, nonce: String, now: Date) throws(UnifiedError) -> Addition {
        try add(placement, request, nonce, now)
    }

    private func add(
        _ placement: Authentication.Placement, _ request: Request, _ nonce: String, _ now: Date
    ) throws(UnifiedError) -> Addition {
        switch placement {
        case .header(let name, let field): return Addition(headers: [(name, try value(field))])
        case .bearer(let field): return Addition(headers: [("Authorization", "Bearer " + (try value(field)))])
        case .scheme(let scheme, let field):
            return Addition(headers: [("Authorization", scheme + " " + (try value(field)))])
        case .basic(let user, let password):
            let pair =
                try value(user) + ":" + (try password.map { field throws(UnifiedError) in try value(field) } ?? "")
            return Addition(headers: [("Authorization", Self.basic(pair))])
        case .query(let keys):
            var addition = Addition()
            for key in keys { addition.query.append((key.name, try value(key.field))) }
            return addition
        case .oauth1(let signing): return try sign(signing, request, nonce, now)
        case .byScheme(let https, let http):
            return try add(request.url.hasPrefix("https://") ? https : http, request, nonce, now)
        }
    }

    private func sign(
        _ signing: Authentication.OAuth1Placement, _ request: Request, _ nonce: String, _ now: Date
    ) throws(UnifiedError) -> Addition {
        let credentials = OAuth1.Credentials(
            consumerKey: Secret(try value(signing.consumerKeyField)),
            consumerSecret: Secret(try value(signing.consumerSecretField)),
            token: try signing.tokenField.map { field throws(UnifiedError) in Secret(try value(field)) },
            tokenSecret: try signing.tokenSecretField.map { field throws(UnifiedError) in Secret(try value(field)) })
        let algorithm: OAuth1.Algorithm =
            switch signing.algorithm {
            case .hmacSHA1: .hmacSHA1
            case .hmacSHA256: .hmacSHA256
            }
        let signature: OAuth1.Signature
        do throws(OAuth1Error) {
            signature = try OAuth1.sign(
                OAuth1.Request(method: request.method, url: request.url, query: request.query, form: request.form),
                credentials: credentials, nonce: nonce, timestamp: Int64(now.timeIntervalSince1970),
                algorithm: algorithm)
        } catch {
            throw UnifiedError(.configInvalid, error.description)
        }
        switch signing.carrier {
        case .header: return Addition(headers: [("Authorization", signature.header(realm: signing.realm))])
        case .query: return Addition(query: signature.parameters)
        }
    }

    private func value(_ field: String) throws(UnifiedError) -> String {
        guard let secret = values[field] else {
            throw UnifiedError(.configInvalid, "the connection has no credential `\(field)`; add it again")
        }
        let value = secret.reveal()
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw UnifiedError(.configInvalid, "the credential `\(field)` holds characters that no request may")
        }
        return value
    }

    static func basic(_ pair: String) -> String { "Basic " + Data(pair.utf8).base64EncodedString() }
}
