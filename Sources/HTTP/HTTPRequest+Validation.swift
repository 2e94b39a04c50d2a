extension HTTPRequest {
    /// The longest URL that is sent, in bytes.
    static let urlBytesMax = 16 << 10
    /// The most header fields that are sent.
    static let headerCountMax = 256
    /// The most bytes of header names and values that are sent.
    static let headerBytesMax = 64 << 10

    /// What frames the message or belongs to the connection is the client's to say: a second opinion from outside is
    /// how requests get smuggled.
    private static let managedHeaders = [
        "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Expect", "TE", "Trailer",
        "Accept-Encoding", "Proxy-Connection", "Proxy-Authorization", "HTTP2-Settings",
    ]

    /// Judges the request; returns its origin, or throws `.invalidRequest`.
    func validated() throws(HTTPError) -> HTTPOrigin {
        let origin = try HTTPOrigin(url: url)
        guard method.rawValue.isToken, method.rawValue.utf8.count <= 32 else {
            throw .invalid("the method is not a token", host: origin.host)
        }
        guard !method.rawValue.equalsIgnoringCase("CONNECT"), !method.rawValue.equalsIgnoringCase("TRACE") else {
            throw .invalid("the method \(method.rawValue) is not supported", host: origin.host)
        }
        guard body == nil || (method != .get && method != .head) else {
            throw .invalid("a \(method.rawValue) request carries no body", host: origin.host)
        }
        guard responseBytesMax >= 0 else { throw .invalid("responseBytesMax is negative", host: origin.host) }
        guard [limits.connect, limits.firstByte, limits.stall, limits.total].allSatisfy({ $0 > .zero }) else {
            throw .invalid("a time limit is not positive", host: origin.host)
        }
        try validateHeaders(host: origin.host)
        return origin
    }

    private func validateHeaders(host: String) throws(HTTPError) {
        var bytes = 0
        for field in headers {
            guard field.name.isToken else {
                throw .invalid("the header name \(field.name.printable) is not a token", host: host)
            }
            guard field.value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
                throw .invalid("the header \(field.name.printable) has a control character in its value", host: host)
            }
            guard !Self.managedHeaders.contains(where: field.name.equalsIgnoringCase) else {
                throw .invalid("the header \(field.name) is set by the client itself", host: host)
            }
            bytes += field.name.utf8.count + field.value.utf8.count
        }
        guard headers.count <= Self.headerCountMax, bytes <= Self.headerBytesMax else {
            throw .invalid("the request has too many headers, or too long ones", host: host)
        }
    }
}

extension HTTPError {
    /// A request that may not be sent.
    static func invalid(_ message: String, host: String? = nil) -> HTTPError {
        HTTPError(code: .invalidRequest, message: message, host: host)
    }
}

extension String {
    /// Whether this is a token in the sense of HTTP's grammar, as names and methods must be.
    fileprivate var isToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
                    UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^")...UInt8(ascii: "`"), UInt8(ascii: "|"),
                    UInt8(ascii: "~"):
                    true
                default: false
                }
            }
    }

    /// The start of the text, fit for a message: control characters escaped.
    fileprivate var printable: String {
        "\"" + prefix(64).unicodeScalars.map { $0.escaped(asASCII: true) }.joined() + "\""
    }
}
