internal import CLibCurl

extension HTTPError.Code {
    /// The code for libcurl's verdict. What our own callbacks refused is told by the transfer, not here.
    init(curl code: CURLcode, headReceived: Bool) {
        self =
            switch code {
            case CURLE_URL_MALFORMAT: .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dns
            case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY: .connect
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR: .tlsUntrusted
            case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
                CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED,
                CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED:
                .tls
            // Only the connect limit is libcurl's to watch.
            case CURLE_OPERATION_TIMEDOUT: .timeoutConnect
            case CURLE_PARTIAL_FILE: .partialBody
            // A decoder that gives up over a broken body ends as a failed write.
            case CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR: .contentEncoding
            case CURLE_FILESIZE_EXCEEDED: .responseTooLarge
            // libcurl keeps an unfinished header line in a buffer of its own, and this is how that one overflows.
            case CURLE_OUT_OF_MEMORY where !headReceived: .headersTooLarge
            // The URL was judged before, so a protocol that is not supported is what the peer speaks.
            case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM,
                CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_SEND_FAIL_REWIND:
                .reset
            default: .other
            }
    }
}

extension HTTPError {
    /// The longest text of libcurl's that is kept, in characters.
    private static let textLengthMax = 256

    /// libcurl's words without control characters and without anything that may be the query of a URL.
    static func sanitised(_ text: String) -> String {
        let words = text.split(separator: " ").map { word in
            word.firstIndex(of: "?").map { String(word[..<$0]) + "?…" } ?? String(word)
        }
        let scalars = words.joined(separator: " ").unicodeScalars.prefix(textLengthMax)
        return scalars.reduce(into: "") { line, scalar in
            line.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
    }

    /// The sentence for a code that one of our own limits or rules produced.
    static func sentence(for code: Code, _ request: HTTPRequest) -> String {
        switch code {
        case .timeoutFirstByte: "no answer within \(request.limits.firstByte)"
        case .timeoutStall: "the answer stopped arriving for \(request.limits.stall)"
        case .timeoutTotal: "not finished within \(request.limits.total)"
        case .responseTooLarge: "the body exceeds \(request.responseBytesMax) bytes"
        case .headersTooLarge: "the response's head is too large or has too many fields"
        case .addressRefused: "the address policy forbids the host's address"
        case .clientClosed: "the client has been shut down"
        case .clientBusy: "the client has as many requests as it may have"
        case .cancelled: "the task was cancelled"
        default: "the request failed"
        }
    }
}
