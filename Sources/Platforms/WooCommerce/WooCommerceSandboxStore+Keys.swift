import FoundationEssentials

/// Who asks: the keys in their three places.
extension WooCommerceSandboxStore {
    /// Nil where the keys are good; else what a request without or with wrong ones is answered.
    func refusalOfKeys(_ request: SandboxRequest, now: Date, takesKeys: Bool) -> SandboxResponse? {
        let anonymous = error(401, "woocommerce_rest_cannot_view", .cannotList)
        guard takesKeys else { return anonymous }
        if let parameters = signature(request) { return refusal(ofSigned: parameters, request, now: now) }
        // Without TLS keys are not looked at.
        guard !quirks.isHTTPOnly else { return anonymous }
        var pair: (key: String, secret: String)?
        if let key = request.query.first(where: { $0.name == "consumer_key" })?.value {
            pair = (key, request.query.first { $0.name == "consumer_secret" }?.value ?? "")
        } else if let header = request.header("Authorization"), header.hasPrefix("Basic "), !quirks.stripsAuthorization,
            let data = Data(base64Encoded: String(header.dropFirst(6)))
        {
            let parts = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1)
            pair = parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        guard let pair, pair.key == options.credentials["consumer_key"] else { return anonymous }
        guard pair.secret == options.credentials["consumer_secret"] else {
            return error(401, "woocommerce_rest_authentication_error", .secretInvalid)
        }
        return refusalOfRight
    }

    private var refusalOfRight: SandboxResponse? {
        switch quirks.right {
        case "write": error(401, "woocommerce_rest_authentication_error", .noReadRight)
        case "role": error(403, "woocommerce_rest_cannot_view", .cannotList)
        default: nil
        }
    }

    // MARK: - Signed requests

    /// OAuth's parameters, from the query or the header; nil where there are none.
    private func signature(_ request: SandboxRequest) -> [String: String]? {
        var found: [String: String] = [:]
        for (name, value) in request.query where name.hasPrefix("oauth_") { found[name] = value }
        if let header = request.header("Authorization"), header.hasPrefix("OAuth "), !quirks.stripsAuthorization {
            for part in header.dropFirst(6).split(separator: ",") {
                let pair = part.split(separator: "=", maxSplits: 1)
                guard pair.count == 2 else { continue }
                let name = pair[0].filter { $0 != " " }
                let value = pair[1].filter { $0 != "\"" && $0 != " " }
                if name.hasPrefix("oauth_") { found[name] = PercentEncoding.decodeForm(value) }
            }
        }
        return found.isEmpty ? nil : found
    }

    private func refusal(
        ofSigned parameters: [String: String], _ request: SandboxRequest, now: Date
    ) -> SandboxResponse? {
        let names = [
            "oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method",
        ]
        let missing = names.filter { parameters[$0] == nil }
        guard missing.isEmpty else {
            return error(
                401, "woocommerce_rest_authentication_missing_parameter",
                "Missing OAuth parameters " + missing.joined(separator: ", "))
        }
        func refused(_ key: WooCommerceSandboxTexts.Key) -> SandboxResponse {
            error(401, "woocommerce_rest_authentication_error", key)
        }
        guard parameters["oauth_consumer_key"] == options.credentials["consumer_key"] else {
            return refused(.keyInvalid)
        }
        guard parameters["oauth_signature"] == expectedSignature(parameters, request) else {
            return refused(.signature)
        }
        let time = Int(now.timeIntervalSince1970) + quirks.clockAhead
        guard let stamp = parameters["oauth_timestamp"].flatMap({ Int($0) }), abs(stamp - time) <= 900 else {
            return refused(.timestamp)
        }
        guard nonces.insert(parameters["oauth_nonce"] ?? "").inserted else { return refused(.nonce) }
        return refusalOfRight
    }

    /// **Source**: RFC 5849, section 3.4; WooCommerce signs with the secret alone, and takes HMAC-SHA1 as well.
    private func expectedSignature(_ parameters: [String: String], _ request: SandboxRequest) -> String {
        var pairs = request.query.filter { $0.name != "oauth_signature" }
        for (name, value) in parameters where name != "oauth_signature" && !pairs.contains(where: { $0.name == name }) {
            pairs.append((name, value))
        }
        let normalised = pairs.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }.sorted {
            $0 < $1
        }
        .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let address = request.baseURL + request.path
        let base = [request.method.uppercased(), PercentEncoding.encode(address), PercentEncoding.encode(normalised)]
            .joined(separator: "&")
        let key = (options.credentials["consumer_secret"] ?? "") + "&"
        return Data(WooCommerceSandboxHash.hmac(Array(base.utf8), key: Array(key.utf8))).base64EncodedString()
    }
}
