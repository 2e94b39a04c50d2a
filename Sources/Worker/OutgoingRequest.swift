internal import Connections
internal import FoundationEssentials
internal import HTTP
internal import Platforms

/// A platform's request made whole: host and credentials added.
struct OutgoingRequest {
    let http: HTTPRequest

    /// - Throws: ``UnifiedError`` `config.invalid` when a credential the platform needs is not stored.
    init(
        _ request: PlatformRequest, baseURL: String, authentication: Authentication, credentials: [String: Secret]
    ) throws(UnifiedError) {
        var headers = request.headers.map { ($0.name, $0.value) }
        headers.append(try Self.credentialHeader(authentication, credentials))
        let method: HTTPMethod =
            switch request.method {
            case .get: .get
            case .post: .post
            }
        http = HTTPRequest(
            method: method, url: baseURL + request.path + Self.encode(request.query), headers: HTTPHeaders(headers),
            body: request.body, responseBytesMax: request.responseBytesMax)
    }

    private static func credentialHeader(
        _ authentication: Authentication, _ credentials: [String: Secret]
    ) throws(UnifiedError) -> (String, String) {
        func value(_ field: String) throws(UnifiedError) -> String {
            guard let secret = credentials[field] else {
                throw UnifiedError(.configInvalid, "the connection has no credential `\(field)`; add it again")
            }
            return secret.reveal()
        }
        switch authentication.placement {
        case .header(let name, let field):
            return (name, try value(field))
        case .bearer(let field):
            return ("Authorization", "Bearer " + (try value(field)))
        case .basic(let userField, let passwordField):
            var pair = try value(userField) + ":"
            if let passwordField { pair += try value(passwordField) }
            return ("Authorization", "Basic " + Data(pair.utf8).base64EncodedString())
        }
    }

    private static func encode(_ query: [(name: String, value: String)]) -> String {
        if query.isEmpty { return "" }
        return "?" + query.map { percentEncode($0.name) + "=" + percentEncode($0.value) }.joined(separator: "&")
    }

    /// Everything but the unreserved characters of RFC 3986.
    static func percentEncode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
