internal import Connections
internal import FoundationEssentials
internal import HTTP
internal import Platforms

/// A platform's request made whole: host and credentials added.
struct OutgoingRequest {
    let http: HTTPRequest

    /// - Parameters:
    ///   - values: the credentials, and the access token where the method has one.
    ///   - nonce: for methods that sign; made anew for each attempt.
    /// - Throws: ``UnifiedError`` `config.invalid` when a credential the platform needs is not stored.
    init(
        _ request: PlatformRequest, baseURL: String, placement: Authentication.Placement, values: [String: Secret],
        nonce: String, now: Date
    ) throws(UnifiedError) {
        let method: HTTPMethod =
            switch request.method {
            case .get: .get
            case .post: .post
            }
        let url = baseURL + request.path
        let addition = try Authorizer(placement, values: values).authorize(
            Authorizer.Request(method: request.method.rawValue, url: url, query: request.query), nonce: nonce, now: now)
        let headers = request.headers + addition.headers
        http = HTTPRequest(
            method: method, url: url + Self.encode(request.query + addition.query),
            headers: HTTPHeaders(headers.map { ($0.name, $0.value) }), body: request.body,
            responseBytesMax: request.responseBytesMax)
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
