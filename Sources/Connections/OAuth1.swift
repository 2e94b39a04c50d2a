internal import Crypto
internal import FoundationEssentials
internal import Platforms

/// Signs requests with OAuth 1.0a (RFC 5849), for stores that take nothing else.
///
/// Nothing here reads a clock or makes a random number: nonce and timestamp are passed in. A signature is good for one
/// request: servers remember nonces, so every retry is signed anew.
package enum OAuth1 {
    package enum Algorithm: String, Sendable, CaseIterable {
        case hmacSHA1 = "HMAC-SHA1"
        case hmacSHA256 = "HMAC-SHA256"
    }

    /// Who signs. Without a token it is the one-legged form: the consumer speaks for itself.
    package struct Credentials: Sendable {
        package let consumerKey: Secret
        package let consumerSecret: Secret
        package let token: Secret?
        package let tokenSecret: Secret?

        package init(consumerKey: Secret, consumerSecret: Secret, token: Secret? = nil, tokenSecret: Secret? = nil) {
            self.consumerKey = consumerKey
            self.consumerSecret = consumerSecret
            self.token = token
            self.tokenSecret = tokenSecret
        }
    }

    /// A request as it is signed.
    package struct Request: Sendable {
        /// In capitals as sent, e.g. `GET`.
        package var method: String
        /// Scheme, host and path as sent (percent-encoded already). Its query, if it has one, is signed, too.
        package var url: String
        /// What else goes into the query, not encoded. Lists are written with their brackets: `include[0]`.
        package var query: [(name: String, value: String)]
        /// Fields of an `application/x-www-form-urlencoded` body, not encoded. Other bodies are not signed.
        package var form: [(name: String, value: String)]

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

    /// What goes with the request: as a header or as query parameters, one of the two.
    package struct Signature: Sendable {
        /// Names begin with `oauth_`; values are not encoded.
        package let parameters: [(name: String, value: String)]

        /// Value of the header `Authorization`.
        ///
        /// - Parameter realm: stands first and is not signed; most servers want none.
        package func header(realm: String? = nil) -> String {
            var parts = parameters.map { "\(PercentEncoding.encode($0.name))=\"\(PercentEncoding.encode($0.value))\"" }
            if let realm {
                // A quoted string: only these two characters need a backslash.
                let quoted = realm.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
                parts.insert("realm=\"\(String(quoted))\"", at: 0)
            }
            return "OAuth " + parts.joined(separator: ", ")
        }

        /// The parameters as a query, encoded, without a leading `?` or `&`: for hosts that take headers away.
        package var query: String {
            parameters.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
                .joined(separator: "&")
        }
    }

    /// Signs one request.
    ///
    /// - Parameters:
    ///   - nonce: never used before with this timestamp; letters and digits.
    ///   - timestamp: seconds since 1970 as the store's clock has it: stores refuse what is too far off.
    ///   - extra: further protocol parameters, e.g. `oauth_callback` or `oauth_verifier`.
    ///   - isVersionSent: whether `oauth_version` is among the parameters.
    /// - Throws: ``OAuth1Error`` when the URL cannot be signed, or a parameter would stand there twice.
    package static func sign(
        _ request: Request, credentials: Credentials, nonce: String, timestamp: Int64, algorithm: Algorithm,
        extra: [(name: String, value: String)] = [], isVersionSent: Bool = true
    ) throws(OAuth1Error) -> Signature {
        var parameters = [
            ("oauth_consumer_key", credentials.consumerKey.reveal()), ("oauth_nonce", nonce),
            ("oauth_signature_method", algorithm.rawValue), ("oauth_timestamp", String(timestamp)),
        ]
        if let token = credentials.token { parameters.append(("oauth_token", token.reveal())) }
        if isVersionSent { parameters.append(("oauth_version", "1.0")) }
        parameters += extra.map { ($0.name, $0.value) }
        let base = try baseString(request, parameters)
        parameters.append(("oauth_signature", signature(of: base, credentials, algorithm)))
        return Signature(parameters: parameters.map { (name: $0.0, value: $0.1) })
    }

    /// The signature base string of section 3.4.1.
    static func baseString(_ request: Request, _ protocolParameters: [(String, String)]) throws(OAuth1Error) -> String {
        let url = try SignedURL(request.url)
        var all = url.query + protocolParameters
        all += request.query.map { ($0.name, $0.value) } + request.form.map { ($0.name, $0.value) }
        let names = protocolParameters.map(\.0)
        for name in names + ["oauth_signature"]
        where all.count(where: { $0.0 == name }) > (name == "oauth_signature" ? 0 : 1) {
            throw OAuth1Error("the parameter \(name) is in the request already")
        }
        // Sorted by their encoded bytes, name first: `a.b` and `a[0]` change places when they are encoded.
        let pairs = all.map { (PercentEncoding.encode($0.0), PercentEncoding.encode($0.1)) }
            .sorted {
                $0.0 == $1.0
                    ? $0.1.utf8.lexicographicallyPrecedes($1.1.utf8) : $0.0.utf8.lexicographicallyPrecedes($1.0.utf8)
            }
        let normalised = pairs.map { $0.0 + "=" + $0.1 }.joined(separator: "&")
        return [request.method.uppercased(), url.base, normalised].map(PercentEncoding.encode).joined(separator: "&")
    }

    private static func signature(of base: String, _ credentials: Credentials, _ algorithm: Algorithm) -> String {
        // The ampersand stays when there is no token.
        let text =
            PercentEncoding.encode(credentials.consumerSecret.reveal()) + "&"
            + PercentEncoding.encode(credentials.tokenSecret?.reveal() ?? "")
        let key = SymmetricKey(data: Array(text.utf8))
        let message = Array(base.utf8)
        return switch algorithm {
        case .hmacSHA1:
            Data(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: key)).base64EncodedString()
        case .hmacSHA256: Data(HMAC<SHA256>.authenticationCode(for: message, using: key)).base64EncodedString()
        }
    }
}

/// A URL as section 3.4.1.2 wants it.
private struct SignedURL {
    /// Scheme and host in small letters, no default port, the path as it is, no query and no fragment.
    let base: String
    /// The query's parameters, decoded.
    let query: [(String, String)]

    init(_ text: String) throws(OAuth1Error) {
        guard let mark = text.firstRange(of: "://") else {
            throw OAuth1Error("a URL without a scheme cannot be signed")
        }
        let scheme = text[..<mark.lowerBound].lowercased()
        let rest = text[mark.upperBound...].prefix { $0 != "#" }
        var authority = rest.prefix { !"/?".contains($0) }.lowercased()
        let tail = rest.drop { !"/?".contains($0) }
        for suffix in [("http", ":80"), ("https", ":443")] where scheme == suffix.0 && authority.hasSuffix(suffix.1) {
            authority.removeLast(suffix.1.count)
        }
        if authority.hasSuffix(":") { authority.removeLast() }
        guard scheme == "http" || scheme == "https", !authority.isEmpty, !authority.contains("@") else {
            throw OAuth1Error("only http and https URLs with a host and without credentials can be signed")
        }
        let path = tail.prefix { $0 != "?" }
        base = scheme + "://" + authority + (path.isEmpty ? "/" : path)
        var query: [(String, String)] = []
        for pair in tail.drop(while: { $0 != "?" }).dropFirst().split(separator: "&") {
            let name = pair.prefix { $0 != "=" }
            guard let decoded = PercentEncoding.decodeForm(name),
                let value = PercentEncoding.decodeForm(pair.dropFirst(name.count + 1))
            else { throw OAuth1Error("the URL's query is not percent-encoded as it must be") }
            query.append((decoded, value))
        }
        self.query = query
    }
}

/// Why a request could not be signed. Never holds a credential.
package struct OAuth1Error: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
