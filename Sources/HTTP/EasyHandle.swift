internal import CLibCurl

/// Owns one easy handle and what libcurl borrows from us while it runs.
///
/// A class and not a noncopyable struct, because idle handles are kept in an array for reuse.
///
/// *Thread-safety notes*: made, used and freed on the loop thread only; not `Sendable`, and the pointer is private to
/// this file but for what `MultiHandle` needs.
final class EasyHandle {
    /// The handle; for `MultiHandle` alone.
    let pointer: OpaquePointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?

    init() {
        guard let pointer = curl_easy_init() else { preconditionFailure("out of memory for a curl handle") }
        self.pointer = pointer
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// Forgets the last request; connections live in the multi handle and are kept.
    func reset() {
        curl_easy_reset(pointer)
        curl_slist_free_all(headerList)
        headerList = nil
        errorText.pointee = 0
    }

    /// Prepares the handle, fresh or reset, for a transfer; the transfer must outlive its stay in the multi handle.
    func prepare(for transfer: Transfer, _ configuration: HTTPClientConfiguration) {
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        set(CURLOPT_PRIVATE, context)
        setCallbacks(context)
        setTransport(configuration)
        setRequest(transfer.request, userAgent: configuration.userAgent)
    }

    private func setCallbacks(_ context: UnsafeMutableRawPointer) {
        set(CURLOPT_ERRORBUFFER, errorText)
        check(portolan_easy_set_data_callback(pointer, CURLOPT_WRITEFUNCTION, bodyCallback))
        set(CURLOPT_WRITEDATA, context)
        check(portolan_easy_set_data_callback(pointer, CURLOPT_HEADERFUNCTION, headerCallback))
        set(CURLOPT_HEADERDATA, context)
        check(portolan_easy_set_ready_callback(pointer, readyCallback))
        set(CURLOPT_PREREQDATA, context)
        check(portolan_easy_set_socket_callback(pointer, openSocketCallback))
        set(CURLOPT_OPENSOCKETDATA, context)
    }

    private func setTransport(_ configuration: HTTPClientConfiguration) {
        set(CURLOPT_NOSIGNAL, 1)
        // Without this, removing a transfer whose name is still being looked up waits for the name server, and with
        // it the loop and everybody else's transfers. The resolver's thread is left to end by itself.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_MAXAGE_CONN, configuration.connectionIdleSeconds)
        // Unchecked: a reused handle may still hold its buffer, and then libcurl refuses and reads less at once.
        _ = portolan_easy_set_long(
            pointer, CURLOPT_BUFFERSIZE, min(max(configuration.receiveBufferBytes, 1024), 512 << 10))
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // An empty string is "no proxy, and do not look at the environment"; the same holds for the exceptions.
        set(CURLOPT_PROXY, configuration.proxy ?? "")
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_SSLVERSION, portolan_sslversion_tls12)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = configuration.certificateAuthorityFile {
            set(CURLOPT_CAINFO, file)
            check(portolan_easy_set_string(pointer, CURLOPT_CAPATH, nil))
        }
        set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate, br")
    }

    private func setRequest(_ request: HTTPRequest, userAgent: String) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_USERAGENT, userAgent)
        set(CURLOPT_CONNECTTIMEOUT_MS, request.limits.connect.wholeMilliseconds)
        switch (request.method, request.body) {
        case (.head, _): set(CURLOPT_NOBODY, 1)
        case (.get, _): set(CURLOPT_HTTPGET, 1)
        case (.post, nil), (.put, nil), (.patch, nil): setBody([])
        case (_, let body?): setBody(body)
        default: break
        }
        // Only where libcurl would not choose that method by itself, or would choose another.
        if ![.head, .get, .post].contains(request.method) { set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
        setHeaders(request)
    }

    private func setBody(_ body: [UInt8]) {
        set(CURLOPT_POST, 1)
        check(portolan_easy_set_offset(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        body.withUnsafeBytes { bytes in
            // Copied by libcurl. An empty array has no address, and none would mean "ask the read callback".
            if let address = bytes.baseAddress, !bytes.isEmpty {
                set(CURLOPT_COPYPOSTFIELDS, address)
            } else {
                set(CURLOPT_COPYPOSTFIELDS, "")
            }
        }
    }

    private func setHeaders(_ request: HTTPRequest) {
        for field in request.headers {
            // "Name;" is libcurl's way to send a header without a value; "Name:" would remove it.
            append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        // A second round trip before each larger body, and a type nobody stated: libcurl's habits, not ours.
        append("Expect:")
        if request.headers["Content-Type"] == nil { append("Content-Type:") }
        check(portolan_easy_set_list(pointer, CURLOPT_HTTPHEADER, headerList))
    }

    private func append(_ line: String) {
        guard let list = curl_slist_append(headerList, line) else {
            preconditionFailure("out of memory for request headers")
        }
        headerList = list
    }

    /// Sets the protocol version, and whether the request waits for a connection being made if that one may be shared,
    /// or gets one of its own: libcurl repeats a request on kept connections only.
    func setVersion(_ version: Int, waitsToShare: Bool, needsFresh: Bool) {
        set(CURLOPT_HTTP_VERSION, version)
        set(CURLOPT_PIPEWAIT, waitsToShare ? 1 : 0)
        set(CURLOPT_FRESH_CONNECT, needsFresh ? 1 : 0)
    }

    // MARK: While and after running

    /// Stops reading from the socket; libcurl refuses where the transfer has just ended, and nothing is to stop then.
    func pause() { curl_easy_pause(pointer, CURLPAUSE_RECV) }

    /// Goes on reading; returns false if libcurl could not.
    func resume() -> Bool { curl_easy_pause(pointer, CURLPAUSE_CONT) == CURLE_OK }

    /// What libcurl wrote about a failure, fit for a message; nil if nothing.
    var failureText: String? {
        let text = String(cString: errorText)
        return text.isEmpty ? nil : HTTPError.sanitised(text)
    }

    /// Bytes of the request's body sent so far.
    var bodyBytesSent: Int { offset(CURLINFO_SIZE_UPLOAD_T) }

    /// Where a redirect points, as an absolute URL; nil if the answer was none.
    var redirectURL: String? {
        var text: UnsafePointer<CChar>?
        guard portolan_easy_get_string(pointer, CURLINFO_REDIRECT_URL, &text) == CURLE_OK else { return nil }
        return text.map { String(cString: $0) }
    }

    /// libcurl's part of the timings; what the caller saw is for `Transfer` to add.
    var timings: HTTPTimings {
        var timings = HTTPTimings()
        var connections = 0
        check(portolan_easy_get_long(pointer, CURLINFO_NUM_CONNECTS, &connections))
        timings.connectionReused = connections == 0 && offset(CURLINFO_PRETRANSFER_TIME_T) > 0
        if !timings.connectionReused {
            let connected = offset(CURLINFO_CONNECT_TIME_T)
            // Each is counted from the start, and is zero if that point was never reached.
            let name = offset(CURLINFO_NAMELOOKUP_TIME_T)
            timings.dns = .microseconds(name)
            timings.connect = .microseconds(max(0, connected - name))
            timings.tls = .microseconds(max(0, offset(CURLINFO_APPCONNECT_TIME_T) - connected))
        }
        timings.bytesIn = offset(CURLINFO_SIZE_DOWNLOAD_T)
        timings.bytesOut = bodyBytesSent
        return timings
    }

    // MARK: Options

    private func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        check(portolan_easy_get_offset(pointer, info, &value))
        return Int(value)
    }

    private func set(_ option: CURLoption, _ value: Int) { check(portolan_easy_set_long(pointer, option, value)) }

    private func set(_ option: CURLoption, _ value: String) { check(portolan_easy_set_string(pointer, option, value)) }

    private func set(_ option: CURLoption, _ value: UnsafeRawPointer) {
        check(portolan_easy_set_pointer(pointer, option, value))
    }

    /// Options are ours and constant; one that is refused is a fault of this file or a libcurl we cannot work with.
    private func check(_ code: CURLcode) {
        precondition(code == CURLE_OK, "libcurl refused an option: \(String(cString: curl_easy_strerror(code)))")
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, between 1 and the longest wait a C `int` can name.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < Int64(Int32.max) / 1000 else { return Int(Int32.max) }
        return max(1, Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
