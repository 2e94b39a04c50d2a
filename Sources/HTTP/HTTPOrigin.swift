internal import CLibCurl

/// Scheme, host and port of a URL, as libcurl itself reads them.
///
/// libcurl's parser judges the URL because libcurl's parser decides where the bytes go: a second parser with another
/// opinion is how checks of hosts get bypassed.
struct HTTPOrigin: Sendable, Hashable {
    /// `http` or `https`.
    let scheme: String
    /// In lower case; IPv4 addresses in dotted form whatever spelling they came in, IPv6 in brackets.
    let host: String
    /// The port, the scheme's own where none is named.
    let port: String

    /// Reads a URL's origin; throws `.invalidRequest` for anything but a plain absolute http(s) URL.
    init(url: String) throws(HTTPError) {
        guard url.utf8.count <= HTTPRequest.urlBytesMax else {
            throw .invalid("the URL is longer than \(HTTPRequest.urlBytesMax) bytes")
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .invalid("the URL contains a space or a control character")
        }
        guard let parsed = curl_url() else { preconditionFailure("out of memory for a URL") }
        defer { curl_url_cleanup(parsed) }
        switch curl_url_set(parsed, CURLUPART_URL, url, UInt32(CURLU_DISALLOW_USER)) {
        case CURLUE_OK: break
        case CURLUE_USER_NOT_ALLOWED: throw .invalid("the URL contains a user name or password")
        default: throw .invalid("the URL cannot be read as an absolute http or https URL")
        }
        func part(_ name: CURLUPart, _ flags: Int32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(parsed, name, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard let scheme = part(CURLUPART_SCHEME)?.lowercased(), scheme == "http" || scheme == "https" else {
            throw .invalid("the URL's scheme is neither http nor https")
        }
        guard let host = part(CURLUPART_HOST), !host.isEmpty, let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT)
        else { throw .invalid("the URL names no host") }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
    }

    /// Whether a redirect from here may carry the request's credentials there: the same host and port, or the move
    /// from `http` to `https` on the standard ports.
    func mayRedirect(to target: HTTPOrigin) -> Bool {
        if self == target { return true }
        return host == target.host && scheme == "http" && target.scheme == "https" && port == "80"
            && target.port == "443"
    }
}
