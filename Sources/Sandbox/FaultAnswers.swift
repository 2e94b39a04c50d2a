internal import Platforms

extension Fault.Kind {
    /// What is answered in the store's place; nil for faults that need the store's own answer.
    func answerInPlaceOfStore() -> SandboxResponse? {
        switch self {
        case .status(let status, let style, let seconds): Self.error(status, style, retryAfter: seconds)
        case .throttle(let seconds): Self.error(429, .json, retryAfter: seconds)
        case .maintenance(let seconds):
            Self.page(
                503, title: "Maintenance",
                text: "Briefly unavailable for scheduled maintenance. Check back in a minute.", retryAfter: seconds)
        case .outage: Self.page(503, title: "503 Service Temporarily Unavailable", text: "nginx", retryAfter: nil)
        case .html:
            Self.page(200, title: "Welcome to our store", text: "Add to cart. My account. Checkout.", retryAfter: nil)
        case .latency, .drop, .reset, .cut, .truncate, .byteOrderMark, .phpWarning, .invalidUTF8, .nulEscape,
            .loneSurrogate, .hugeString, .drip, .hang, .authRevoked:
            nil
        }
    }

    /// The body after this fault; nil when the fault finds nothing in it that it could spoil.
    func spoil(_ body: [UInt8], _ random: inout SeededRandom) -> [UInt8]? {
        switch self {
        case .truncate: body.isEmpty ? nil : FaultBytes.truncated(body, &random)
        case .byteOrderMark: FaultBytes.byteOrderMark + body
        case .phpWarning: FaultBytes.phpWarning + body
        case .invalidUTF8: FaultBytes.withInvalidUTF8(body, &random)
        case .nulEscape: FaultBytes.withNULEscape(body, &random)
        case .loneSurrogate: FaultBytes.withLoneSurrogate(body, &random)
        case .hugeString(let bytes): FaultBytes.withHugeString(body, bytes: bytes, &random)
        case .latency, .status, .throttle, .maintenance, .outage, .drop, .reset, .cut, .html, .drip, .hang,
            .authRevoked:
            body
        }
    }

    private static func error(_ status: Int, _ style: Fault.BodyStyle, retryAfter: Int?) -> SandboxResponse {
        switch style {
        case .json:
            let code = status == 429 ? "too_many_requests" : "internal_error"
            let text = #"{"code":"\#(code)","message":"Please try again later.","data":{"status":\#(status)}}"#
            return response(status, type: "application/json; charset=utf-8", text, retryAfter: retryAfter)
        case .html: return page(status, title: "Error \(status)", text: "Something went wrong.", retryAfter: retryAfter)
        case .empty: return response(status, type: nil, "", retryAfter: retryAfter)
        }
    }

    private static func page(_ status: Int, title: String, text: String, retryAfter: Int?) -> SandboxResponse {
        let html = """
            <!DOCTYPE html>
            <html><head><title>\(title)</title></head>
            <body><h1>\(title)</h1><p>\(text)</p></body></html>

            """
        return response(status, type: "text/html; charset=utf-8", html, retryAfter: retryAfter)
    }

    private static func response(_ status: Int, type: String?, _ text: String, retryAfter: Int?) -> SandboxResponse {
        var headers: [(name: String, value: String)] = []
        if let type { headers.append(("Content-Type", type)) }
        if let retryAfter { headers.append(("Retry-After", String(retryAfter))) }
        return SandboxResponse(status: status, headers: headers, body: Array(text.utf8))
    }
}
